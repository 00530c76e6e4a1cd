/*
 * lifecycle - which move of a request's state at one agency is allowed. See lifecycle.h.
 *
 * Two paths lie in one table of ranks: the unit path (ACKNOWLEDGED .. TRANSPORTING) and the booking
 * path (BOOKED .. HANDED_OVER). Forward along one's path is allowed, gaps are filled in; backward
 * is history. What is beside the paths stands in `side`.
 */
#include "policy/lifecycle.h"

enum path { BOTH, UNIT, BOOKING, BESIDE };

static const struct {
    enum path path;
    uint8_t rank;      /* along the path; 0 = beside it */
    bool person;       /* only a person may say so (I9) */
    bool optional;     /* not filled in when passed over */
    bool over, silent; /* ends the request here; the citizen is not told */
} states[SAH_N_STATES] = {
    [SAH_STATE_UNSPECIFIED] = {BESIDE, 0, false, true, false, true},
    [SAH_STATE_RECEIVED] = {BOTH, 1, false, true, false, false},
    [SAH_STATE_QUEUED] = {BOTH, 2, false, true, false, true},
    [SAH_STATE_FORWARDED] = {BOTH, 3, false, true, false, true},
    [SAH_STATE_DELIVERED] = {BOTH, 4, false, true, false, false},
    [SAH_STATE_ACKNOWLEDGED] = {BOTH, 5, true, false, false, false},
    [SAH_STATE_WAITING_UNIT] = {UNIT, 6, true, true, false, false},
    [SAH_STATE_UNIT_ASSIGNED] = {UNIT, 7, true, false, false, false},
    [SAH_STATE_EN_ROUTE] = {UNIT, 8, true, false, false, false},
    [SAH_STATE_ON_SCENE] = {UNIT, 9, true, false, false, false},
    [SAH_STATE_TRANSPORTING] = {UNIT, 10, true, true, false, false},
    [SAH_STATE_BOOKED] = {BOOKING, 6, false, false, false, false},
    [SAH_STATE_OUT_FOR_DELIVERY] = {BOOKING, 7, false, false, false, false},
    [SAH_STATE_HANDED_OVER] = {BOOKING, 8, false, false, true, false},
    [SAH_STATE_UNIT_LOST] = {BESIDE, 0, true, true, false, false},
    [SAH_STATE_CANCEL_ASKED] = {BESIDE, 0, false, true, false, false},
    [SAH_STATE_CANCELLED] = {BESIDE, 0, true, true, true, false},
    [SAH_STATE_REJECTED] = {BESIDE, 0, false, true, true, false},
    [SAH_STATE_NEEDS_PERSON] = {BESIDE, 0, false, true, false, false},
    [SAH_STATE_EXPIRED] = {BESIDE, 0, false, true, true, false},
    [SAH_STATE_CLOSED] = {BESIDE, 0, true, true, true, false},
    [SAH_STATE_REOPENED] = {BESIDE, 0, true, true, false, false},
};

#define BIT(state) (UINT32_C(1) << SAH_STATE_##state)
#define EARLY (BIT(RECEIVED) | BIT(QUEUED) | BIT(FORWARDED) | BIT(DELIVERED) | BIT(NEEDS_PERSON) | BIT(REOPENED))
#define TAKEN                                                                                     \
    (BIT(ACKNOWLEDGED) | BIT(WAITING_UNIT) | BIT(UNIT_ASSIGNED) | BIT(EN_ROUTE) | BIT(ON_SCENE) | \
     BIT(TRANSPORTING) | BIT(UNIT_LOST) | BIT(BOOKED) | BIT(OUT_FOR_DELIVERY) | BIT(HANDED_OVER))
#define LIVE (EARLY | TAKEN | BIT(CANCEL_ASKED))

/* From where a state beside the paths may be reached. */
static const uint32_t side[SAH_N_STATES] = {
    [SAH_STATE_UNIT_LOST] = BIT(UNIT_ASSIGNED) | BIT(EN_ROUTE) | BIT(CANCEL_ASKED),
    [SAH_STATE_CANCELLED] = LIVE,
    [SAH_STATE_REJECTED] = EARLY | BIT(ACKNOWLEDGED) | BIT(WAITING_UNIT) | BIT(CANCEL_ASKED) | BIT(BOOKED),
    [SAH_STATE_EXPIRED] = EARLY,
    [SAH_STATE_CLOSED] = LIVE,
    [SAH_STATE_REOPENED] = BIT(CLOSED) | BIT(CANCELLED),
};
/* From where the path may be entered again, at any of its places from ACKNOWLEDGED on. */
#define ENTERS (BIT(NEEDS_PERSON) | BIT(REOPENED) | BIT(CANCEL_ASKED) | BIT(REJECTED))

static bool on_path(enum sah_state state, bool booking)
{
    enum path path = states[state].path;

    return path == BOTH || path == (booking ? BOOKING : UNIT);
}

/* Is `to` reachable from `from`, whoever says it? */
static enum sah_move_kind reach(enum sah_state from, enum sah_state to, bool booking)
{
    if (from == to)
        return SAH_MOVE_REPEAT;
    if (states[to].path == BESIDE)
        return side[to] & (UINT32_C(1) << from) ? SAH_MOVE_APPLY : SAH_MOVE_REFUSE;
    if (!on_path(to, booking))
        return SAH_MOVE_REFUSE;
    if (ENTERS & (UINT32_C(1) << from))
        return states[to].rank >= states[SAH_STATE_DELIVERED].rank ? SAH_MOVE_APPLY : SAH_MOVE_HISTORY;
    if (from == SAH_STATE_UNIT_LOST) /* accepted, and nothing on its way: waiting again */
        return states[to].rank >= states[SAH_STATE_WAITING_UNIT].rank ? SAH_MOVE_APPLY : SAH_MOVE_HISTORY;
    if (states[from].path == BESIDE)
        return SAH_MOVE_REFUSE;
    return states[to].rank > states[from].rank ? SAH_MOVE_APPLY : SAH_MOVE_HISTORY;
}

static void infer(enum sah_state from, enum sah_state to, bool booking, struct sah_move *move)
{
    if (states[to].path == BESIDE || states[from].path == BESIDE || booking)
        return; /* a booking number needs nobody to have said "acknowledged" before */
    for (unsigned s = 1; s < SAH_N_STATES; s++)
        if (on_path((enum sah_state)s, booking) && !states[s].optional && states[s].rank > states[from].rank &&
            states[s].rank < states[to].rank && move->n_inferred < SAH_INFERRED_MAX)
            move->inferred[move->n_inferred++] = (enum sah_state)s;
}

/* A company's program may book, and hand over; it ends no emergency, which is what a booking may have been
 * raised to. A program's no ends nothing: somebody else gets it. (I9) */
static bool needs_person(enum sah_state to, bool booking, bool emergency)
{
    if (booking && !emergency)
        return false;
    return states[to].person || (emergency && to == SAH_STATE_HANDED_OVER);
}

struct sah_move sah_lifecycle_move(enum sah_state from, enum sah_state to, enum sah_level level,
                                   enum sah_priority priority, bool booking)
{
    struct sah_move move = {.kind = SAH_MOVE_REFUSE};

    if (from <= SAH_STATE_UNSPECIFIED || from >= SAH_N_STATES || to <= SAH_STATE_UNSPECIFIED || to >= SAH_N_STATES)
        return move;
    move.kind = reach(from, to, booking);
    if (to == SAH_STATE_EXPIRED && sah_priority_is_emergency(priority))
        move.kind = SAH_MOVE_REFUSE; /* P0-P2 never expire */
    if (move.kind == SAH_MOVE_APPLY && level != SAH_LEVEL_PERSON &&
        needs_person(to, booking, sah_priority_is_emergency(priority))) {
        move.kind = SAH_MOVE_REFUSE;
        move.needs_person = true;
    }
    if (move.kind == SAH_MOVE_APPLY)
        infer(from, to, booking, &move);
    return move;
}

unsigned sah_lifecycle_allowed(enum sah_state from, bool booking, enum sah_state ret_allowed[SAH_N_STATES])
{
    unsigned n = 0;

    for (unsigned s = 1; s < SAH_N_STATES; s++)
        if (s != SAH_STATE_EXPIRED && from > SAH_STATE_UNSPECIFIED && from < SAH_N_STATES &&
            reach(from, (enum sah_state)s, booking) == SAH_MOVE_APPLY)
            ret_allowed[n++] = (enum sah_state)s;
    return n;
}

bool sah_state_is_over(enum sah_state state)
{
    return state < SAH_N_STATES && states[state].over;
}

bool sah_state_is_told(enum sah_state state)
{
    return state < SAH_N_STATES && !states[state].silent;
}
