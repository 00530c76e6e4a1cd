/*
 * escalation - how long a person may take, and what happens when nobody did. See escalation.h.
 */
#include <string.h>

#include "policy/escalation.h"

#define SECOND        1000u
#define MINUTE        (60 * SECOND)
/* After a jump of the clock, or a router that was away, the missed steps follow one after the
 * other with at least so much between them: each gives somebody the time to answer. */
#define STEP_APART_MS (5 * SECOND)

static const struct sah_ladder defaults = {
    .human_ack_ms = {{15 * SECOND, 30 * SECOND, 60 * SECOND},
                     {30 * SECOND, 60 * SECOND, 120 * SECOND},
                     {2 * MINUTE, 5 * MINUTE, 10 * MINUTE},
                     {15 * MINUTE, 0, 0},
                     {15 * MINUTE, 0, 0}},
    .repeat_ms = {MINUTE, MINUTE, 5 * MINUTE},
    .waiting_ms = {MINUTE, 2 * MINUTE, 15 * MINUTE},
    .en_route_ms = {2 * MINUTE, 3 * MINUTE, 10 * MINUTE},
};

void sah_ladder_defaults(struct sah_ladder *ret_ladder)
{
    *ret_ladder = defaults;
}

static const char *const kind_names[] = {"none", "ack", "waiting", "en_route"};

const char *sah_timer_kind_name(enum sah_timer_kind kind)
{
    return (unsigned)kind < SAH_LEN(kind_names) ? kind_names[kind] : "none";
}

/* What a state means to the ladder. A cancel that is asked stops the climb: whoever has the
 * request reads it in the cancel, and to call others in for it would be wrong. */
static const struct {
    bool unanswered, with_person, has_unit;
} states[SAH_N_STATES] = {
    [SAH_STATE_RECEIVED] = {.unanswered = true},
    [SAH_STATE_QUEUED] = {.unanswered = true},
    [SAH_STATE_FORWARDED] = {.unanswered = true},
    [SAH_STATE_DELIVERED] = {.unanswered = true},
    [SAH_STATE_NEEDS_PERSON] = {.unanswered = true},
    [SAH_STATE_REOPENED] = {.unanswered = true},
    [SAH_STATE_ACKNOWLEDGED] = {.with_person = true},
    [SAH_STATE_WAITING_UNIT] = {.with_person = true},
    [SAH_STATE_UNIT_LOST] = {.with_person = true},
    [SAH_STATE_UNIT_ASSIGNED] = {.with_person = true, .has_unit = true},
    [SAH_STATE_EN_ROUTE] = {.with_person = true, .has_unit = true},
    [SAH_STATE_ON_SCENE] = {.with_person = true, .has_unit = true},
    [SAH_STATE_TRANSPORTING] = {.with_person = true, .has_unit = true},
    [SAH_STATE_CLOSED] = {.with_person = true, .has_unit = true},
    [SAH_STATE_CANCELLED] = {.with_person = true, .has_unit = true},
};

bool sah_state_is_with_person(enum sah_state state)
{
    return state < SAH_N_STATES && states[state].with_person;
}

bool sah_state_has_unit(enum sah_state state)
{
    return state < SAH_N_STATES && states[state].has_unit;
}

/* The time of a kind at a level; the levels past the last step repeat. */
static uint32_t time_of(const struct sah_ladder *ladder, enum sah_timer_kind kind,
                        unsigned level, unsigned class)
{
    if (kind == SAH_TIMER_ACK && level <= SAH_LADDER_STEPS)
        return ladder->human_ack_ms[class][level > 0 ? level - 1 : 0];
    if (class >= SAH_LADDER_CLASSES)
        return 0;
    switch (kind) {
    case SAH_TIMER_NONE:
        break;
    case SAH_TIMER_ACK:
        return ladder->repeat_ms[class];
    case SAH_TIMER_WAITING:
        return ladder->waiting_ms[class];
    case SAH_TIMER_EN_ROUTE:
        return ladder->en_route_ms[class];
    }
    return 0;
}

enum sah_timer_kind sah_ladder_kind(const struct sah_ladder *ladder, enum sah_state state,
                                    enum sah_priority priority, bool booking)
{
    bool emergency = sah_priority_is_emergency(priority);
    enum sah_timer_kind kind = SAH_TIMER_NONE;

    if (state >= SAH_N_STATES)
        return SAH_TIMER_NONE;
    if (states[state].unanswered || (booking && !emergency && state == SAH_STATE_ACKNOWLEDGED))
        kind = SAH_TIMER_ACK; /* "we have your booking" is no booking number */
    else if (emergency && state == SAH_STATE_WAITING_UNIT)
        kind = SAH_TIMER_WAITING;
    else if (emergency && state == SAH_STATE_UNIT_ASSIGNED)
        kind = SAH_TIMER_EN_ROUTE;
    return time_of(ladder, kind, 1, sah_priority_class(priority)) > 0 ? kind : SAH_TIMER_NONE;
}

uint32_t sah_ladder_ms(const struct sah_ladder *ladder, enum sah_timer_kind kind,
                       unsigned level, enum sah_priority priority)
{
    return time_of(ladder, kind, level, sah_priority_class(priority));
}

static unsigned level_after(unsigned level, enum sah_timer_kind kind)
{
    if (kind != SAH_TIMER_ACK && level < SAH_LADDER_REPEAT)
        return SAH_LADDER_REPEAT;
    return level < SAH_LADDER_REPEAT_LAST ? level + 1 : SAH_LADDER_REPEAT;
}

static uint32_t wait_until(const struct sah_ladder *ladder, enum sah_timer_kind kind,
                           unsigned level, unsigned next, enum sah_priority priority,
                           uint32_t late_ms)
{
    uint32_t wait_ms = sah_ladder_ms(ladder, kind, next, priority);

    if (kind != SAH_TIMER_ACK || next > SAH_LADDER_STEPS)
        return wait_ms; /* a repeat counts from now */
    wait_ms -= sah_ladder_ms(ladder, kind, level, priority);
    return wait_ms > (uint64_t)late_ms + STEP_APART_MS ? wait_ms - late_ms : STEP_APART_MS;
}

struct sah_ladder_step sah_ladder_step(const struct sah_ladder *ladder,
                                       enum sah_timer_kind kind, unsigned level,
                                       enum sah_priority priority, unsigned n_endpoints,
                                       uint32_t late_ms)
{
    struct sah_ladder_step step = {.alert = true, .alarm = true};

    SAH_ASSERT(n_endpoints >= 1);
    step.endpoint = level % n_endpoints; /* the first alert goes to the second endpoint */
    step.next_level = level_after(level, kind);
    if (!sah_priority_is_emergency(priority)) {
        step.next_level = SAH_LADDER_SPENT;
        step.alarm = priority == SAH_PRIORITY_P3; /* a booking is counted */
        return step;
    }
    if (kind == SAH_TIMER_ACK) {
        step.alert = level == 1 || level >= SAH_LADDER_REPEAT;
        step.alarm = level > 1;
        step.ask_catch_all = level == 2;
        step.ask_officer = level == 3;
    } else if (kind == SAH_TIMER_WAITING) {
        step.ask_next = level == 1;
        step.alarm = false; /* a person has it: no operator is woken */
    }
    step.wait_ms = wait_until(ladder, kind, level, step.next_level, priority, late_ms);
    return step;
}
