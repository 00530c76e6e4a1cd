/*
 * receipts - the signed webhooks that tell how a sent message fared: sent, delivered, read.
 *
 * Owns:    nothing that waits: the poster does. Used by: graph.c. Never: keeps the app secret.
 */
#ifndef SAH_STANDIN_RECEIPTS_H
#define SAH_STANDIN_RECEIPTS_H

#include <jansson.h>

#include <sahaya/log.h>

#include "poster.h"

struct sah_receipts {
    struct sah_poster *poster;
    const char *webhook_url, *app_secret_file;
    struct sah_log *log;
    uint64_t posted, lost;
};

/* The three of them, in order, for the message `wamid`. */
void sah_receipts_post(struct sah_receipts *receipts, const char *account, const char *wamid,
                       const json_t *message);

#endif
