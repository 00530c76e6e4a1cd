/*
 * status - classes, states and what an agency says about a request. Plain values.
 *
 * Names are those of the design: the enum's text is what stands in JSON, YAML, metrics and Redis.
 * Zero is always UNSPECIFIED and counts as urgent, never as bulk.
 */
#ifndef SAHAYA_STATUS_H
#define SAHAYA_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include <sahaya/id.h>

#define SAH_PRIORITIES(X) X(UNSPECIFIED) X(P0) X(P1) X(P2) X(P3) X(P4)
enum sah_priority {
#define X(name) SAH_PRIORITY_##name,
    SAH_PRIORITIES(X)
#undef X
};
#define SAH_N_CLASSES 5 /* P0..P4 */
/* 0..4 for P0..P4; UNSPECIFIED counts as P1: when in doubt, up. */
static inline unsigned sah_priority_class(enum sah_priority p)
{
    return p == SAH_PRIORITY_UNSPECIFIED ? 1 : (unsigned)p - 1;
}
/* P0..P2, and what has no class, belong to the emergency lane. */
static inline bool sah_priority_is_emergency(enum sah_priority p)
{
    return p <= SAH_PRIORITY_P2;
}

#define SAH_URGENCIES(X) X(UNSPECIFIED) X(URGENT) X(BULK)
enum sah_urgency { /* what an adapter may say; the router alone decides P0..P4 */
#define X(name) SAH_URGENCY_##name,
    SAH_URGENCIES(X)
#undef X
};

/* States of a request at one agency (design: States of a request). */
#define SAH_STATES(X)                                                                          \
    X(UNSPECIFIED) X(RECEIVED) X(QUEUED) X(FORWARDED) X(DELIVERED) X(ACKNOWLEDGED)             \
    X(WAITING_UNIT) X(UNIT_ASSIGNED) X(EN_ROUTE) X(ON_SCENE) X(TRANSPORTING) X(UNIT_LOST)      \
    X(BOOKED) X(OUT_FOR_DELIVERY) X(HANDED_OVER) X(CANCEL_ASKED) X(CANCELLED) X(REJECTED)      \
    X(NEEDS_PERSON) X(EXPIRED) X(CLOSED) X(REOPENED)
enum sah_state {
#define X(name) SAH_STATE_##name,
    SAH_STATES(X)
#undef X
    SAH_N_STATES
};

/* Who vouches for a status: the socket, the agency's program, or a person by position (I9). */
#define SAH_LEVELS(X) X(UNSPECIFIED) X(TRANSPORT) X(MACHINE) X(PERSON)
enum sah_level {
#define X(name) SAH_LEVEL_##name,
    SAH_LEVELS(X)
#undef X
};

#define SAH_REASONS(X)                                                                         \
    X(UNSPECIFIED) X(WRONG_AREA) X(WRONG_SERVICE) X(NO_RESOURCE) X(NOT_EMERGENCY)              \
    X(DUPLICATE_OF) X(UNPARSEABLE) X(ENDPOINT_CLOSED) X(UNAUTHORISED) X(TOO_EARLY) X(QUOTA)    \
    X(KYC) X(NOT_REGISTERED) X(PIPED_GAS) X(DISTRIBUTOR_CLOSED) X(CANCEL_DECLINED) X(OTHER)
enum sah_reason {
#define X(name) SAH_REASON_##name,
    SAH_REASONS(X)
#undef X
};

/* "P0", "EN_ROUTE"...; "UNSPECIFIED" for anything out of range. Never NULL. */
const char *sah_priority_name(enum sah_priority p);
const char *sah_urgency_name(enum sah_urgency u);
const char *sah_state_name(enum sah_state s);
const char *sah_level_name(enum sah_level l);
const char *sah_reason_name(enum sah_reason r);
/* Exact names only; UNSPECIFIED for anything else. */
enum sah_priority sah_priority_from(struct sah_slice name);
enum sah_state sah_state_from(struct sah_slice name);
enum sah_reason sah_reason_from(struct sah_slice name);

#define SAH_AGENCY_SIZE 32   /* agency and endpoint ids: [a-z0-9-], with NUL */
#define SAH_CASE_SIZE 65     /* an agency's own case or booking number */
#define SAH_BY_SIZE 65       /* agent or position that answered */
#define SAH_UNITS_MAX 4
#define SAH_UNIT_SIZE 33
#define SAH_REASON_TEXT_SIZE 257
#define SAH_URL_SIZE 513

/* What an agency says about a request (domain 7.7). Bounded text, UTF-8 checked at the edge. */
struct sah_agency_status {
    char agency[SAH_AGENCY_SIZE];
    char endpoint[SAH_AGENCY_SIZE];
    char request_id[SAH_REQUEST_ID_SIZE];
    uint32_t sequence_seen; /* the newest message of the request the agency had seen; 0 = not said */
    enum sah_level level;
    enum sah_state state;
    enum sah_reason reason;
    char reason_text[SAH_REASON_TEXT_SIZE];
    char by[SAH_BY_SIZE]; /* a PERSON level without it is refused */
    char case_no[SAH_CASE_SIZE];
    unsigned n_units;
    char units[SAH_UNITS_MAX][SAH_UNIT_SIZE];
    uint32_t eta_s;            /* 0 = not said; at most 24 h (LPG: see due_ms) */
    int64_t due_ms;            /* LPG: when the cylinder should come; 0 = not said */
    uint32_t price_paise;      /* LPG; 0 = not said */
    char payment_url[SAH_URL_SIZE]; /* https only */
    char disposition[SAH_CASE_SIZE];
    int64_t sent_ms;
};

#endif
