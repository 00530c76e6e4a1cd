/*
 * escalation - the ladder: how long a person may take, and what happens when nobody did. Pure.
 *
 * Owns:    the meaning of the ladder (domain 8.3), whose times are data: `ladder:` of
 *          deploy/etc/policy.yaml, parsed elsewhere.
 * Used by: core/escalate.c for each change of a request and each timer that is due.
 * Never:   ends before a person: after its last step an emergency's ladder repeats that step
 * until somebody answers. A machine's 200 stops nothing (I9).
 *
 * A line (a request at one agency) has at most one timer, and its kind follows from the line's
 * state. ACK: nobody there has answered; steps 1, 2 and 3 count from the accept, then it
 * repeats. WAITING: a person has it and has no unit; it is looked at again and again. EN_ROUTE:
 * a unit is assigned and not on its way. P3 and P4 have one step of ACK; a booking's ends with
 * its number.
 */
#ifndef SAHAYA_POLICY_ESCALATION_H
#define SAHAYA_POLICY_ESCALATION_H

#include <sahaya/status.h>

enum sah_timer_kind {
    SAH_TIMER_NONE = 0,
    SAH_TIMER_ACK,
    SAH_TIMER_WAITING,
    SAH_TIMER_EN_ROUTE
};
const char *sah_timer_kind_name(enum sah_timer_kind kind);

#define SAH_LADDER_CLASSES     3 /* P0, P1, P2 climb */
#define SAH_LADDER_STEPS       3
#define SAH_LADDER_REPEAT      4 /* levels 4..9 repeat: they only say which endpoint is next */
#define SAH_LADDER_REPEAT_LAST 9
#define SAH_LADDER_SPENT       15 /* P3, P4: done, and remembered so that it is not done again */

struct sah_ladder { /* a time of 0 = no such timer */
    /* since the accept; P3 and P4 have the first alone */
    uint32_t human_ack_ms[SAH_N_CLASSES][SAH_LADDER_STEPS];
    uint32_t repeat_ms[SAH_LADDER_CLASSES]; /* after the last step */
    uint32_t waiting_ms[SAH_LADDER_CLASSES];
    uint32_t en_route_ms[SAH_LADDER_CLASSES];
};
/* The settled values of the design. */
void sah_ladder_defaults(struct sah_ladder *ret_ladder);

/* Has a person at the agency taken it? (Over without a person is no.) */
bool sah_state_is_with_person(enum sah_state state);
/* Does the state mean that a unit was found, or that none is needed any more? */
bool sah_state_has_unit(enum sah_state state);
/* The kind of timer a line in this state wants; NONE when the ladder has no time for it. */
enum sah_timer_kind sah_ladder_kind(const struct sah_ladder *ladder, enum sah_state state,
                                    enum sah_priority priority, bool booking);

/* How long until `level`: a step of ACK counts from the accept, anything else from its
 * beginning. */
uint32_t sah_ladder_ms(const struct sah_ladder *ladder, enum sah_timer_kind kind,
                       unsigned level, enum sah_priority priority);

struct sah_ladder_step { /* what a timer that is due brings about */
    bool alert;          /* the agency again, same key, at... */
    unsigned endpoint;   /* ...this one of its endpoints */
    bool ask_next;       /* the next agency of its chain */
    bool ask_catch_all;  /* a copy to the catch-all */
    bool ask_officer;    /* a copy to the end of every chain, and the citizen is told to call */
    bool alarm;          /* operators are told */
    unsigned next_level; /* SPENT: it does not fire again */
    uint32_t wait_ms;    /* until then */
};
/* `late_ms`: how long ago it was due. A late step does not make the next one late as well. */
struct sah_ladder_step sah_ladder_step(const struct sah_ladder *ladder,
                                       enum sah_timer_kind kind, unsigned level,
                                       enum sah_priority priority, unsigned n_endpoints,
                                       uint32_t late_ms);

#endif
