/*
 * cases - what agencies hold: one case a request and agency, found by key and by request.
 *
 * Owns:    the newest SAH_STANDIN_KEPT cases; each case's memory.
 * Used by: delivery.c (is this a copy? which case does it concern?), play.c.
 * Never:   plays a case: what a case holds for the play is let go through `let_go`.
 */
#ifndef SAH_STANDIN_CASES_H
#define SAH_STANDIN_CASES_H

#include <sahaya/loop.h>

#include "agencies.h"

struct sah_play;
struct sah_poster_job;

/* One idempotency key at one agency. A request's entry is the case; an amendment's only
 * remembers that it was here; a cancel's is a case of its own when the request is not known. */
struct sah_case {
    uint32_t magic;
    struct sah_case *next_by_key, *next_by_request;
    struct sah_agency *agency;
    char *key, *request_id, *status_url;
    char case_no[40];
    uint64_t number;
    uint64_t copies;
    bool is_request;
    /* the play */
    struct sah_play *play;
    struct sah_timer *timer;
    struct sah_poster_job *job;
    int state;          /* last one that arrived; -1 = only the machine's word */
    int64_t sending_us; /* since when */
    int sending;        /* under way */
    unsigned at;        /* the next of `steps` */
    struct sah_steps steps;
    uint32_t step_ms;
    bool booking, held, over;
    bool cancel_asked, cancel_declines;
    uint64_t cancel_due_ms;
    int64_t sequence_seen;
};

struct sah_cases;
SAH_MUST_USE int sah_cases_create(unsigned max, void (*let_go)(struct sah_case *c),
                                  struct sah_cases **ret_cases);
void sah_cases_destroy(struct sah_cases *cases); /* NULL is fine */

struct sah_case *sah_cases_by_key(struct sah_cases *cases, const struct sah_agency *agency,
                                  const char *key);
struct sah_case *sah_cases_by_request(struct sah_cases *cases, const struct sah_agency *agency,
                                      const char *request_id);
/* A new entry; the oldest goes when there are too many. NULL without memory. */
struct sah_case *sah_cases_add(struct sah_cases *cases, struct sah_agency *agency,
                               const char *key, const char *request_id, const char *status_url,
                               bool is_request);

#endif
