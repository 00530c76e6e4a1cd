/*
 * poster - POSTs that must arrive: in flight within a bound, again after trouble, then given
 * up.
 *
 * Owns:    the jobs that are not done, in the order they were given.
 * Used by: play.c (statuses of a case), receipts.c (status webhooks).
 * Never:   has more than SAH_POSTER_FLIGHTS under way, or SAH_POSTER_JOBS in all.
 *
 * Trouble is no connection, no whole answer, 408, 425, 429 and 5xx: 1 s, doubling to 15 s, 20
 * tries. So a router may restart and loses none. Any other answer is final.
 */
#ifndef SAH_STANDIN_POSTER_H
#define SAH_STANDIN_POSTER_H

#include <sahaya/http_client.h>

#define SAH_POSTER_FLIGHTS 64
#define SAH_POSTER_JOBS    200000

struct sah_poster;
struct sah_poster_job;

/* `status` of the last answer; 0 when it was given up without one. Never from inside a call. */
typedef void sah_poster_fn(void *data, int status);

SAH_MUST_USE int sah_poster_create(struct sah_loop *loop, struct sah_poster **ret_poster);
/* Forgets what is not done: no completion is called. NULL is fine. */
void sah_poster_destroy(struct sah_poster *poster);

/* JSON `body` and one more header, all copied. fn may be NULL. ret_job may be NULL; it is valid
 * until the completion. SAH_ELIMIT when there are too many. */
SAH_MUST_USE int sah_poster_post(struct sah_poster *poster, const char *url,
                                 struct sah_http_header header, struct sah_slice body,
                                 sah_poster_fn *fn, void *data,
                                 struct sah_poster_job **ret_job);
void sah_poster_cancel(struct sah_poster_job *job); /* no completion */
unsigned sah_poster_open(const struct sah_poster *poster);

#endif
