/*
 * lifecycle - which move of a request's state at one agency is allowed. Pure.
 *
 * Owns:    the table of moves (design: States of a request; domain 7.10).
 * Used by: core/status.c for each agency status, core/intake.c for cancels, agency/callback.c for 409.
 * Never:   lets a request of P0-P2 expire, or close without a person.
 */
#ifndef SAHAYA_POLICY_LIFECYCLE_H
#define SAHAYA_POLICY_LIFECYCLE_H

#include <sahaya/status.h>

#define SAH_INFERRED_MAX 6

enum sah_move_kind {
    SAH_MOVE_APPLY,   /* set it; `inferred` states were passed over and are filled in, marked */
    SAH_MOVE_REPEAT,  /* the state that holds: details may differ */
    SAH_MOVE_HISTORY, /* a late lower state: kept, not applied */
    SAH_MOVE_REFUSE,  /* not listed: 409 */
};
struct sah_move {
    enum sah_move_kind kind;
    unsigned n_inferred;
    enum sah_state inferred[SAH_INFERRED_MAX];
    bool needs_person; /* refused only because no person is named */
};
/* `booking`: the LPG path is open (BOOKED...), the unit path is not. `level` PERSON means `by` is given. */
struct sah_move sah_lifecycle_move(enum sah_state from, enum sah_state to, enum sah_level level,
                                   enum sah_priority priority, bool booking);
/* The states that may follow, for the 409 answer. Returns how many. */
unsigned sah_lifecycle_allowed(enum sah_state from, bool booking, enum sah_state ret_allowed[SAH_N_STATES]);
/* CLOSED, CANCELLED, REJECTED, EXPIRED, HANDED_OVER count as over (REOPENED may follow some). */
bool sah_state_is_over(enum sah_state state);
/* Is a citizen told of this state at all? QUEUED and FORWARDED are not. */
bool sah_state_is_told(enum sah_state state);

#endif
