/*
 * book - a list that only grows at its end and forgets at its start: what came, as JSON rows.
 *
 * Owns:    the newest rows, each numbered from 1 on without gaps.
 * Used by: delivery.c and graph.c to write, standin.c and page.c to read.
 * Never:   holds more rows or bytes than its bounds; the oldest go first.
 */
#ifndef SAH_STANDIN_BOOK_H
#define SAH_STANDIN_BOOK_H

#include <jansson.h>

#include <sahaya/http_server.h>

struct sah_book; /* opaque */

SAH_MUST_USE int sah_book_create(size_t max_rows, size_t max_bytes, struct sah_book **ret_book);
void sah_book_destroy(struct sah_book *book); /* NULL is fine */

/* Writes {"n":…, then the members of `row`}. Takes `row`. Without memory the row is lost and
 * counted; nothing else is harmed. */
void sah_book_add(struct sah_book *book, json_t *row);
uint64_t sah_book_last(const struct sah_book *book); /* 0 = nothing yet */
uint64_t sah_book_lost(const struct sah_book *book);
/* The row as JSON text, borrowed until the next add; NULL when it is forgotten or not yet. */
const char *sah_book_row(const struct sah_book *book, uint64_t n);

/* Answers GET …?after=N&limit=M: an array of the rows behind N. At most SAH_BOOK_ANSWER_BYTES
 * an answer: ask again behind the last n. */
#define SAH_BOOK_ANSWER_BYTES ((size_t)64 * 1024 * 1024)
void sah_book_tell(const struct sah_book *book, struct sah_http_exchange *x);

#endif
