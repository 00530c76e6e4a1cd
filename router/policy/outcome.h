/*
 * outcome - what one attempt's answer means, and what is next for the delivery. Pure.
 *
 * Owns:    the settled values of the design: attempts of P0 (2 s, resend at once, next endpoint or
 *          fallback at 4 s, then every 15 s without end), P1 3/6 s, P2 5/15 s, P3 and P4 5 s .. 1 h.
 * Used by: core/dispatch.c after each attempt.
 * Never:   gives up on P0-P2; reads a timeout as a no, or a machine's 200 as a person.
 */
#ifndef SAHAYA_POLICY_OUTCOME_H
#define SAHAYA_POLICY_OUTCOME_H

#include <sahaya/status.h>

enum sah_answer_kind {
    SAH_ANSWER_MACHINE_ACK,  /* 2xx */
    SAH_ANSWER_REFUSED,      /* 4xx, but for those below: this message, here, never */
    SAH_ANSWER_BUSY,         /* 429, 503 with Retry-After */
    SAH_ANSWER_TROUBLE,      /* 5xx, 408, 425; and 3xx, 401, 403-405, 407, 421: the road is wrong */
    SAH_ANSWER_UNREACHABLE,  /* nothing was sent */
    SAH_ANSWER_UNKNOWN,      /* deadline or a cut reply after sending: it may have it */
    /* No answers to an attempt, but what a copy is told of the agency before it: */
    SAH_ANSWER_SILENT,       /* it has it, and no person has answered */
    SAH_ANSWER_WAITING,      /* a person there has it, and no unit */
    /* Of a delivery that was leased again and again and of which no router ever told the result: it may
     * be what ends them. */
    SAH_ANSWER_POISON,
};
const char *sah_answer_kind_name(enum sah_answer_kind kind);

struct sah_answer {
    enum sah_answer_kind kind;
    int64_t retry_after_ms; /* -1 = not said */
};
/* status 0 with sent=false: UNREACHABLE; with sent=true: UNKNOWN. */
struct sah_answer sah_answer_from_http(int status, bool sent, int64_t retry_after_ms);

struct sah_attempt {
    enum sah_priority priority;
    unsigned attempts;      /* made so far, this one included; >= 1 */
    uint64_t age_ms;        /* since accept */
    unsigned n_endpoints;   /* of the agency */
    unsigned endpoint;      /* index of the one just tried */
    bool fell_back;         /* another delivery was already made for this one */
    uint32_t chance;        /* 0..UINT32_MAX: jitter, from a port */
};

enum sah_next { SAH_NEXT_SETTLED, SAH_NEXT_RETRY, SAH_NEXT_REFUSED, SAH_NEXT_EXPIRED };
struct sah_verdict {
    enum sah_next next;
    uint32_t wait_ms;      /* RETRY: until the next attempt */
    unsigned endpoint;     /* RETRY: which endpoint of the agency */
    bool fall_back;        /* make a delivery to the next agency now (once); also with REFUSED */
    bool destination_fault; /* counts against the endpoint, not against the message */
};
struct sah_verdict sah_outcome_judge(const struct sah_attempt *attempt, const struct sah_answer *answer);

/* How long one attempt may take, all in: 2, 3, 5, 30, 60 s by class. */
uint32_t sah_attempt_deadline_ms(enum sah_priority priority);
/* A lease outlives its attempt: deadline + 1 s. */
uint32_t sah_lease_ms(enum sah_priority priority);

#endif
