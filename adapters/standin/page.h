/*
 * page - GET /: the newest deliveries and replies for a person to look at.
 *
 * Owns:    nothing. Used by: standin.c. Never: shows a byte unescaped.
 */
#ifndef SAH_STANDIN_PAGE_H
#define SAH_STANDIN_PAGE_H

#include "book.h"

void sah_page_tell(const struct sah_book *received, const struct sah_book *sent,
                   const struct sah_book *refused, struct sah_http_exchange *x);

#endif
