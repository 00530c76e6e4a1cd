/*
 * test_escalate - the ladder over simulated time: nobody answers, a person answers late, no
 * unit, a unit that stays, restarts and jumps of the clock in between. Invariants: I4, I6, I9.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/internal.h"
#include "lib/core_rig.h"

#define SECOND  UINT64_C(1000)
#define MINUTE  (60 * SECOND)
#define OFFICER "duty-officer"

static const struct sah_fake_manner silent = {.silent = true};
static const struct sah_fake_manner refuses = {.kind = SAH_ANSWER_REFUSED,
                                               .reason = SAH_REASON_NO_RESOURCE};

/* The rig's small world, with the ladder on and an officer behind the catch-all. */
static void with_ladder(struct rig *rig)
{
    struct sah_roster *roster = rig->roster;
    struct sah_agency *last = &roster->agencies[roster->n_agencies++], *catch_all;

    sah_ladder_defaults(&rig->policy->ladder);
    assert_int_equal(sah_format(last->id, sizeof last->id, OFFICER), SAH_OK);
    assert_int_equal(sah_format(last->endpoints[0].id, SAH_AGENCY_SIZE, OFFICER), SAH_OK);
    last->endpoints[0].concurrency = 4;
    last->n_endpoints = 1;
    for (unsigned i = 0; i < roster->n_agencies; i++) {
        catch_all = &roster->agencies[i];
        if (strcmp(catch_all->id, roster->catch_all) == 0)
            assert_int_equal(sah_format(catch_all->fallbacks[catch_all->n_fallbacks++],
                                        SAH_AGENCY_SIZE, OFFICER),
                             SAH_OK);
    }
    rig_crash(rig); /* a core that knows of it */
}

static int make(void **state)
{
    *state = rig_new(NULL);
    with_ladder(*state);
    return 0;
}

static int make_bulk(void **state)
{
    *state = rig_new(&(struct rig_options){.lane = SAH_LANE_BULK});
    with_ladder(*state);
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* The i-th attempt at an agency came so many seconds after the start, within one. */
static void came_at(const struct rig *rig, const char *agency, const char *id, unsigned i,
                    uint64_t start_ms, unsigned seconds)
{
    const struct sah_fake_received *r = rig_attempt(rig, agency, id, i);

    if (r == NULL)
        fail_msg("%s was never asked a %u. time", agency, i + 1);
    if (r->at_ms - start_ms < seconds * SECOND || r->at_ms - start_ms > seconds * SECOND + 1000)
        fail_msg("%s, %u. time: after %lu ms, wanted %u s", agency, i + 1,
                 (unsigned long)(r->at_ms - start_ms), seconds);
}

static unsigned asked(const struct rig *rig, const char *agency, const char *id)
{
    return rig_received(rig, agency, id, SAH_KIND_REQUEST);
}

/* (I9) A machine that says 200 to everything, and no person. */
static void nobody_answers_a_p0(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const struct sah_fake_received *r;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 59 * SECOND);
    assert_int_equal(asked(rig, OFFICER, id), 0);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED DELIVERED");
    rig_pass(rig, 4 * MINUTE - 57 * SECOND); /* to 4:02 */

    r = rig_attempt(rig, "fire-101", id,
                    1); /* step 1: the second endpoint, the same delivery */
    came_at(rig, "fire-101", id, 1, start_ms, 15);
    assert_string_equal(r->endpoint, "fire-101-b");
    assert_string_equal(r->key, rig_attempt(rig, "fire-101", id, 0)->key); /* (I6) */
    assert_true(r->possible_duplicate);
    assert_true(r->epoch > rig_attempt(rig, "fire-101", id, 0)->epoch);

    r = rig_attempt(rig, "erss-112", id, 0); /* step 2: a copy */
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    assert_int_equal(r->n_previous, 1);
    assert_string_equal(r->previous[0].agency, "fire-101");
    assert_int_equal(r->previous[0].outcome, SAH_ANSWER_SILENT);
    assert_string_equal(sah_answer_kind_name(r->previous[0].outcome), "silent");

    came_at(rig, OFFICER, id, 0, start_ms, 60); /* step 3: the officer, and the citizen calls */
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
    for (unsigned i = 1; i < 4; i++) { /* and again until somebody answers */
        came_at(rig, OFFICER, id, i, start_ms, 60 + 60 * i);
        came_at(rig, "fire-101", id, 1 + i, start_ms, 60 + 60 * i);
        came_at(rig, "erss-112", id, i, start_ms, 60 + 60 * i);
    }
    assert_int_equal(asked(rig, "fire-101", id), 5);
    assert_string_equal(rig_attempt(rig, "fire-101", id, 2)->endpoint, "fire-101-a");
    assert_string_equal(rig_attempt(rig, "fire-101", id, 3)->endpoint, "fire-101-b");
    assert_int_equal(asked(rig, OFFICER, id), 4);
    assert_int_equal(sah_core_counters(rig->core)->escalations_l1, 1);
    assert_int_equal(sah_core_counters(rig->core)->escalations_l2, 1);
    assert_true(sah_core_counters(rig->core)->escalations_l3 >= 7);
    assert_string_equal(rig_line(rig, id, OFFICER)->stands_for, "fire-101");
}

static void the_times_of_each_class(void **state)
{
    static const struct {
        const char *service, *cue, *agency;
        unsigned first, second, third, repeat; /* seconds */
    } cases[] = {
        {"AMBULANCE_108", "not_breathing", "amb-108", 15, 30, 60, 60},
        {"AMBULANCE_108", NULL, "amb-108", 30, 60, 120, 60},
        {"HELPLINE_181", NULL, "women-181", 120, 300, 600, 300},
    };
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        uint64_t start_ms = rig->now_ms;
        const char *id = rig_accept(rig, i + 1, i + 1, cases[i].service, cases[i].cue);

        rig_pass(rig, (cases[i].third + cases[i].repeat + 1) * SECOND);
        came_at(rig, cases[i].agency, id, 1, start_ms,
                cases[i].first); /* its only endpoint again */
        came_at(rig, "erss-112", id, 0, start_ms, cases[i].second);
        came_at(rig, OFFICER, id, 0, start_ms, cases[i].third);
        came_at(rig, OFFICER, id, 1, start_ms, cases[i].third + cases[i].repeat);
    }
}

static void a_person_who_answers_ends_it(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 20 * SECOND);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_APPLIED);
    assert_int_equal(rig_line(rig, id, "fire-101")->timer, SAH_TIMER_NONE);
    rig_pass(rig, 10 * MINUTE);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    assert_int_equal(asked(rig, "erss-112", id) + asked(rig, OFFICER, id), 0);
}

/* Whoever answers first has it: the copies and the agency that was silent are left in peace. */
static void a_person_at_a_copy_ends_it_for_all_that_stand_for_the_same(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 70 * SECOND);
    assert_int_equal(rig_person(rig, id, "erss-112", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_APPLIED);
    rig_pass(rig, 10 * MINUTE);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    assert_int_equal(asked(rig, "erss-112", id), 1);
    assert_int_equal(asked(rig, OFFICER, id), 1);
}

/* ... and when they give it back, the climb goes on: it ends at a person, not at a no (I9). */
static void a_refusal_after_an_answer_starts_it_again(void **state)
{
    struct rig *rig = *state;
    struct sah_agency_status no;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 70 * SECOND);
    rig_person(rig, id, "erss-112", SAH_STATE_ACKNOWLEDGED);
    rig_pass(rig, MINUTE);
    no = rig_says(id, "erss-112", SAH_STATE_REJECTED, "desk 4");
    no.reason = SAH_REASON_WRONG_AREA;
    assert_int_equal(rig_status(rig, &no)->code, SAH_STATUS_APPLIED);
    assert_int_equal(rig_line(rig, id, "fire-101")->timer, SAH_TIMER_ACK);
    assert_int_equal(rig_line(rig, id, OFFICER)->timer, SAH_TIMER_ACK);
    rig_pass(rig, 2 * MINUTE);
    assert_true(asked(rig, "fire-101", id) > 2);
    assert_true(asked(rig, OFFICER, id) > 1);
}

/* The second endpoint is dead: what is tried there ends when a person has answered. */
static void an_alert_under_way_ends_with_the_answer(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "fire-101-b", silent);
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");
    rig_pass(rig, 15500);
    assert_string_equal(rig_attempt(rig, "fire-101", id, 1)->endpoint, "fire-101-b");
    rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED);
    rig_pass(rig, 5 * MINUTE);
    assert_true(asked(rig, "fire-101", id) <= 3);
    assert_int_equal(asked(rig, "erss-112", id), 0);
    assert_int_equal(rig_delivery(rig, id, "fire-101", SAH_KIND_REQUEST)->state, SAH_MEMORY_DONE);
}

/* It fell back long ago, so nothing but the answer itself ends the attempts of a later alert.
 */
static void an_alert_after_a_fallback_ends_with_the_answer(void **state)
{
    struct rig *rig = *state;
    const char *id;
    unsigned n;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 10 * SECOND);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_pass(rig, 90 * SECOND);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
    rig_manner(rig, "amb-108", silent);
    n = asked(rig, "amb-108", id);
    rig_pass(rig, 45 * SECOND); /* the alert at 120 s, and once more after it */
    assert_true(asked(rig, "amb-108", id) > n);
    n = asked(rig, "amb-108", id);
    rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED);
    rig_pass(rig, 5 * MINUTE);
    assert_int_equal(asked(rig, "amb-108", id), n);
}

/* A machine that answers the alert with a no, after the person has answered, takes nothing
 * back. */
static void a_refused_alert_does_not_undo_a_person(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "fire-101-b",
               (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED,
                                        .after_ms = 1500,
                                        .reason = SAH_REASON_DUPLICATE_OF});
    id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");
    rig_pass(rig, 16 * SECOND);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED);
    rig_pass(rig, MINUTE);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(asked(rig, "erss-112", id), 0);
}

/* The process dies between any two steps: the next one is on time all the same. */
static void timers_survive_restarts(void **state)
{
    static const unsigned deaths_s[] = {3, 10, 11, 14, 3, 7, 10, 30};
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    for (unsigned i = 0; i < SAH_LEN(deaths_s); i++) {
        rig_pass(rig, deaths_s[i] * SECOND);
        rig_crash(rig);
    }
    rig_pass(rig, MINUTE);
    came_at(rig, "fire-101", id, 1, start_ms, 15);
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    came_at(rig, OFFICER, id, 0, start_ms, 60);
    came_at(rig, OFFICER, id, 1, start_ms, 120);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
}

/* Nobody was there when the first step was due: it is late, and the second is not. */
static void a_late_step_does_not_make_the_next_one_late(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 14 * SECOND);
    rig->now_ms += 6 * SECOND; /* no turn in between */
    sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms);
    rig_pass(rig, 42 * SECOND);
    came_at(rig, "fire-101", id, 1, start_ms, 20);
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    came_at(rig, OFFICER, id, 0, start_ms, 60);
}

/* Two routers on one store hold the same timer in hand: one acts. */
static void a_timer_seen_twice_acts_once(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");
    struct sah_due_timer timer = {.agency = "fire-101", .kind = SAH_TIMER_ACK, .level = 1};

    assert_int_equal(sah_format(timer.request_id, sizeof timer.request_id, "%s", id), SAH_OK);
    rig_pass(rig, 2 * SECOND);
    escalate_due(rig->core, &timer);
    escalate_due(rig->core, &timer);
    rig_pass(rig, 5 * SECOND);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    assert_int_equal(asked(rig, "erss-112", id), 0);
    assert_int_equal(rig_line(rig, id, "fire-101")->timer_level, 2);
    assert_int_equal(sah_core_counters(rig->core)->escalations_l1, 1);
}

/* The store hands a timer out and the answer is lost, or the change cannot be written. */
static void a_timer_that_was_handed_out_in_vain_fires_again(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 14900);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 100);
    rig_pass(rig, SECOND);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    rig_pass(rig, 6 * SECOND);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_TIMEOUT_AFTER, 12);
    rig_pass(rig, 60 * SECOND);
    assert_int_equal(asked(rig, "erss-112", id), 1);
    assert_true(asked(rig, OFFICER, id) >= 1);
}

/* Time passes while the store's clock is an hour ahead of everybody's. */
static void pass_ahead(struct rig *rig, uint64_t ms)
{
    for (uint64_t end_ms = rig->now_ms + ms; rig->now_ms < end_ms;
         rig->now_ms += rig->step_ms) {
        sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms + 60 * 60 * 1000);
        (void)sah_core_tick(rig->core, rig_now(rig));
        rig_settle(rig);
    }
}

/* Each step once, with time to answer in between. */
static void a_jump_of_the_clock_makes_no_storm(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 5 * SECOND);
    start_ms = rig->now_ms;
    pass_ahead(rig, 59 * SECOND);
    came_at(rig, "fire-101", id, 1, start_ms, 0);
    came_at(rig, "erss-112", id, 0, start_ms, 5);
    came_at(rig, OFFICER, id, 0, start_ms, 35);
    assert_int_equal(asked(rig, "fire-101", id), 2);
    assert_int_equal(asked(rig, "erss-112", id), 1);
    assert_int_equal(asked(rig, OFFICER, id), 1);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
    pass_ahead(rig, 60 * SECOND);
    assert_int_equal(asked(rig, OFFICER, id), 2);
}

/* ---- with a person */

static void no_unit_is_looked_at_again_and_the_neighbour_is_asked(void **state)
{
    struct rig *rig = *state;
    const struct sah_fake_received *r;
    uint64_t start_ms;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");

    rig_pass(rig, 2 * SECOND);
    start_ms = rig->now_ms;
    rig_person(rig, id, "amb-108", SAH_STATE_WAITING_UNIT);
    rig_pass(rig, 3 * MINUTE + SECOND);
    r = rig_attempt(rig, "erss-112", id, 0);
    came_at(rig, "erss-112", id, 0, start_ms, 60);
    assert_string_equal(r->previous[0].agency, "amb-108");
    assert_int_equal(r->previous[0].outcome, SAH_ANSWER_WAITING);
    for (unsigned i = 1; i <= 3; i++)
        came_at(rig, "amb-108", id, i, start_ms, 60 * i);
    assert_int_equal(asked(rig, "erss-112", id), 1);
    assert_int_equal(sah_core_counters(rig->core)->alarms_waiting, 3);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 0);

    rig_person(rig, id, "erss-112", SAH_STATE_EN_ROUTE); /* the neighbour sends one */
    rig_pass(rig, 5 * MINUTE);
    assert_int_equal(asked(rig, "amb-108", id), 4);
}

static void a_unit_that_stays_is_an_alarm(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");

    rig_pass(rig, 2 * SECOND);
    start_ms = rig->now_ms;
    rig_person(rig, id, "amb-108", SAH_STATE_UNIT_ASSIGNED);
    rig_pass(rig, 4 * MINUTE + SECOND);
    came_at(rig, "amb-108", id, 1, start_ms, 120);
    came_at(rig, "amb-108", id, 2, start_ms, 240);
    assert_int_equal(sah_core_counters(rig->core)->alarms_en_route, 2);
    rig_person(rig, id, "amb-108",
               SAH_STATE_UNIT_LOST); /* back to waiting: another kind, another time */
    assert_int_equal(rig_line(rig, id, "amb-108")->timer, SAH_TIMER_WAITING);
    rig_person(rig, id, "amb-108", SAH_STATE_EN_ROUTE);
    rig_pass(rig, 10 * MINUTE);
    assert_int_equal(asked(rig, "amb-108", id), 3);
    assert_int_equal(asked(rig, "erss-112", id), 0);
}

/* ---- several lines, several classes */

static void two_agencies_of_one_request_have_their_own(void **state)
{
    struct rig *rig = *state;
    struct sah_request *r = rig_request(rig, 1, 1, "FIRE_101");
    uint64_t start_ms = rig->now_ms;
    const char *id;

    rig_cue(r, "not_breathing");
    rig_also(r, "AMBULANCE_108");
    id = rig_ask(rig)->request_id;
    rig_pass(rig, 5 * SECOND);
    rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED); /* nobody at the fire service */
    rig_pass(rig, 2 * MINUTE - 4 * SECOND);
    assert_int_equal(asked(rig, "amb-108", id), 1);
    came_at(rig, "fire-101", id, 1, start_ms, 15);
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    came_at(rig, OFFICER, id, 0, start_ms, 60);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
}

/* A refused request is with the next agency, and watched there from then on. */
static void a_fallback_is_watched_as_well(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id;

    rig_manner(rig, "amb-108", refuses);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 121 * SECOND);
    assert_int_equal(asked(rig, "amb-108", id), 1);
    came_at(rig, "erss-112", id, 0, start_ms, 0);
    came_at(rig, "erss-112", id, 1, start_ms, 15);
    came_at(rig, OFFICER, id, 0, start_ms, 60);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
}

static void a_raise_brings_the_steps_nearer(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms, raised_ms;
    char id[SAH_REQUEST_ID_SIZE];

    assert_int_equal(
        sah_format(id, sizeof id, "%s", rig_accept(rig, 1, 1, "HELPLINE_181", NULL)), SAH_OK);
    rig_pass(rig, 10 * SECOND);
    rig_cue(&rig_amendment(rig, 2, 1, id)->part, "not_breathing");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    raised_ms = rig->now_ms;
    rig_pass(rig, 51 * SECOND);
    came_at(rig, "women-181", id, 0, start_ms, 0);
    assert_int_equal(raised_ms - start_ms, 10 * SECOND);
    assert_int_equal(asked(rig, "women-181", id), 2);
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    came_at(rig, OFFICER, id, 0, start_ms, 60);
}

static void a_booking_is_asked_for_once_more(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    struct sah_agency_status booked;

    rig_pass(rig, 60 * MINUTE);
    assert_int_equal(asked(rig, "indane", id), 2);
    came_at(rig, "indane", id, 1, start_ms, 15 * 60);
    assert_int_equal(sah_core_counters(rig->core)->escalations_l1, 1);
    assert_int_equal(asked(rig, "erss-112", id) + asked(rig, OFFICER, id), 0);

    id = rig_accept(rig, 2, 2, "LPG_BOOKING", NULL); /* a number in time: nothing more */
    rig_pass(rig, MINUTE);
    booked = rig_says(id, "indane", SAH_STATE_ACKNOWLEDGED, NULL);
    assert_int_equal(rig_status(rig, &booked)->code, SAH_STATUS_APPLIED);
    assert_int_equal(rig_line(rig, id, "indane")->timer, SAH_TIMER_ACK); /* no number yet */
    booked = rig_says(id, "indane", SAH_STATE_BOOKED, NULL);
    assert_int_equal(rig_status(rig, &booked)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, 60 * MINUTE);
    assert_int_equal(asked(rig, "indane", id), 1);

    id = rig_accept(rig, 3, 3, "LPG_BOOKING",
                    NULL); /* booked while it is asked: a no to that is nothing */
    rig_pass(rig, SECOND);
    rig_manner(rig, "indane",
               (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED,
                                        .after_ms = 5000,
                                        .reason = SAH_REASON_DUPLICATE_OF});
    rig_pass(rig, 15 * MINUTE + SECOND);
    assert_int_equal(asked(rig, "indane", id), 2);
    booked = rig_says(id, "indane", SAH_STATE_BOOKED, NULL);
    assert_int_equal(rig_status(rig, &booked)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, MINUTE);
    assert_int_equal(rig_line(rig, id, "indane")->state, SAH_STATE_BOOKED);
}

/* One closed it for both, and the other opens it again: that it was closed answers nothing. */
static void one_that_is_reopened_is_watched_whatever_the_others_did(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 35 * SECOND);
    assert_int_equal(rig_person(rig, id, "erss-112", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_line(rig, id, "fire-101")->timer, SAH_TIMER_NONE);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_CLOSED), SAH_STATUS_REPEATED);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_REOPENED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_line(rig, id, "fire-101")->timer, SAH_TIMER_ACK);
    assert_int_equal(rig_line(rig, id, "erss-112")->timer, SAH_TIMER_NONE);
}

static void a_closed_request_wants_nothing_and_a_reopened_one_all_again(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms;
    char id[SAH_REQUEST_ID_SIZE];

    assert_int_equal(sah_format(id, sizeof id, "%s",
                                rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing")),
                     SAH_OK);
    rig_pass(rig, 2 * SECOND);
    rig_person(rig, id, "amb-108", SAH_STATE_CLOSED);
    rig_pass(rig, 5 * MINUTE);
    assert_int_equal(asked(rig, "amb-108", id), 1);
    rig_amendment(rig, 2, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    start_ms = rig->now_ms;
    rig_pass(rig, 61 * SECOND);
    assert_int_equal(asked(rig, "amb-108", id), 2);
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    came_at(rig, OFFICER, id, 0, start_ms, 60);
}

/* (I9) A cancel that nobody has confirmed does not end the watch over an unanswered emergency. */
static void a_cancel_asked_of_nobody_still_reaches_a_person(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");

    rig_pass(rig, 5 * SECOND);
    rig_cancel(rig, 2, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_CANCEL_ASKED);
    rig_pass(rig, 60 * SECOND);
    came_at(rig, "erss-112", id, 0, start_ms, 30);
    assert_true(asked(rig, OFFICER, id) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_answers_a_p0),
        TEST(the_times_of_each_class),
        TEST(a_person_who_answers_ends_it),
        TEST(a_person_at_a_copy_ends_it_for_all_that_stand_for_the_same),
        TEST(a_refusal_after_an_answer_starts_it_again),
        TEST(an_alert_under_way_ends_with_the_answer),
        TEST(a_refused_alert_does_not_undo_a_person),
        TEST(timers_survive_restarts),
        TEST(a_late_step_does_not_make_the_next_one_late),
        TEST(a_timer_seen_twice_acts_once),
        TEST(one_that_is_reopened_is_watched_whatever_the_others_did),
        TEST(an_alert_after_a_fallback_ends_with_the_answer),
        TEST(a_timer_that_was_handed_out_in_vain_fires_again),
        TEST(a_jump_of_the_clock_makes_no_storm),
        TEST(no_unit_is_looked_at_again_and_the_neighbour_is_asked),
        TEST(a_unit_that_stays_is_an_alarm),
        TEST(two_agencies_of_one_request_have_their_own),
        TEST(a_fallback_is_watched_as_well),
        TEST(a_raise_brings_the_steps_nearer),
        TEST(a_cancel_asked_of_nobody_still_reaches_a_person),
        cmocka_unit_test_setup_teardown(a_booking_is_asked_for_once_more, make_bulk, unmake),
        TEST(a_closed_request_wants_nothing_and_a_reopened_one_all_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
