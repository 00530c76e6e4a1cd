/*
 * destination - how much an endpoint is trusted with now, whatever its messages' own retries.
 * Pure.
 *
 * Owns:    the window of attempts in flight (grows on acks, halves on faults), the breaker, and
 * what a Retry-After holds back. A message's schedule is policy/outcome's and is not changed.
 * Used by: core/dispatch.c, one for each endpoint.
 * Never:   holds back P0 or P1: a breaker that is wrong must not hide an emergency. Reads no
 * clock.
 *
 * A dead endpoint with a thousand bookings is asked a few times a minute, not a thousand times;
 * one that comes back begins with one at a time.
 */
#ifndef SAHAYA_POLICY_DESTINATION_H
#define SAHAYA_POLICY_DESTINATION_H

#include "policy/outcome.h"

enum sah_breaker {
    SAH_BREAKER_CLOSED,    /* it works: the window decides */
    SAH_BREAKER_OPEN,      /* it does not: P2-P4 wait */
    SAH_BREAKER_HALF_OPEN, /* one is asking whether it does again */
};
const char *sah_breaker_name(enum sah_breaker breaker);

struct sah_destination {
    unsigned max;       /* the endpoint's concurrency */
    unsigned window;    /* 1..max */
    unsigned successes; /* acks since the window last changed */
    unsigned faults;    /* in a row */
    unsigned opened;    /* how often in a row the breaker opened: its wait doubles with each */
    enum sah_breaker breaker;
    /* A cohort is one window of answers: at most one halving in each. */
    unsigned cohort, cohort_answers, cohort_faults;
    bool cohort_halved;
    unsigned bad_cohorts;  /* in a row, of faults alone */
    uint64_t retry_at_ms;  /* OPEN: P3 and P4 wait until then */
    uint64_t urgent_at_ms; /* OPEN, HALF_OPEN: P2 waits until then, never for longer than 5 s */
    uint64_t busy_until_ms[SAH_N_CLASSES]; /* Retry-After, as far as each class can bear */
};

void sah_destination_init(struct sah_destination *destination, unsigned max);

/* An attempt goes out: past its wait, an open breaker is half open with it. */
void sah_destination_sent(struct sah_destination *destination, uint64_t now_ms);
/* What came of an attempt of this class. */
void sah_destination_answered(struct sah_destination *destination, unsigned class,
                              const struct sah_answer *answer, uint64_t now_ms);

/*
 * How many attempts may be under way for this class to lease one more: 0 = it waits. P0 and P1:
 * max, always. P2 counts against its own attempts alone, so no booking takes its place, and has
 * at least a quarter of max, so that a backlog at a dead endpoint still falls back in time. P3
 * and P4 count against everything there.
 */
unsigned sah_destination_limit(const struct sah_destination *destination, unsigned class,
                               uint64_t now_ms);

#endif
