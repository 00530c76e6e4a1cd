/*
 * test_replay - what a person decides (a dead letter goes out again, another class), what may end a
 * router, and endpoints that the roster forgot. Invariants: I3, I4, I5, I6, I7, I9.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

static const struct sah_fake_manner silent = {.silent = true};
static const struct sah_fake_manner acks = {.kind = SAH_ANSWER_MACHINE_ACK};
static const struct sah_fake_manner refuses = {.kind = SAH_ANSWER_REFUSED, .reason = SAH_REASON_WRONG_AREA};

static int make(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int make_bulk(void **state)
{
    *state = rig_new(&(struct rig_options){.lane = SAH_LANE_BULK});
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* ---- dead letters */

static struct sah_dead_letter letters[SAH_DEAD_MAX];

static void on_dead(void *data, int err, const struct sah_dead_letter *list, unsigned n, uint64_t total)
{
    assert_int_equal(err, SAH_OK);
    assert_true(n <= total);
    if (n > 0)
        memcpy(letters, list, n * sizeof *list);
    *(unsigned *)data = n;
}

static unsigned dead(struct rig *rig, const char *endpoint)
{
    unsigned n = 0;

    rig->settings.store->dead(rig->settings.store->data, endpoint, 0, SAH_DEAD_MAX, on_dead, &n);
    rig_settle(rig);
    return n;
}

static void on_decided(void *data, enum sah_decided decided)
{
    *(int *)data = (int)decided;
}

static int replay(struct rig *rig, unsigned i)
{
    int decided = -1;

    sah_core_replay(rig->core, &letters[i], "night desk", rig_now(rig), on_decided, &decided);
    rig_settle(rig);
    return decided;
}

static int reclassify(struct rig *rig, const char *id, enum sah_priority priority, const char *by)
{
    int decided = -1;

    sah_core_reclassify(rig->core, id, priority, by, rig_now(rig), on_decided, &decided);
    rig_settle(rig);
    return decided;
}

static void a_refused_booking_is_open_again(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "indane", refuses);
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, 1000);
    assert_int_equal(rig_line(rig, id, "indane")->state, SAH_STATE_REJECTED);
    assert_true(rig_view(rig, id)->closed_ms > 0);
    assert_int_equal(dead(rig, "indane"), 1);
    assert_int_equal(letters[0].why, SAH_ANSWER_REFUSED);
    rig_manner(rig, "indane", acks);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_DONE);
    rig_pass(rig, 100);
    assert_int_equal(rig_received(rig, "indane", id, SAH_KIND_REQUEST), 2);
    assert_string_equal(rig_attempt(rig, "indane", id, 1)->key, rig_attempt(rig, "indane", id, 0)->key); /* I6 */
    assert_true(rig_attempt(rig, "indane", id, 1)->possible_duplicate);
    assert_int_equal(rig_line(rig, id, "indane")->state, SAH_STATE_DELIVERED);
    assert_int_equal(rig_view(rig, id)->closed_ms, 0);
    assert_string_equal(rig_heard(rig, id), "RECEIVED REJECTED DELIVERED");
    assert_int_equal(dead(rig, "indane"), 0);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_DONE); /* said twice: nothing happens */
    rig_pass(rig, 100);
    assert_int_equal(rig_received(rig, "indane", id, SAH_KIND_REQUEST), 2);
}

/* (I3, I10) What was said since comes along, behind it. */
static void its_amendments_come_along(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "indane", (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED, .after_ms = 500});
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, 50);
    rig_amendment(rig, 2, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 5000);
    assert_int_equal(dead(rig, "indane"), 2);
    assert_int_equal(letters[1].kind, SAH_KIND_AMENDMENT);
    assert_int_equal(replay(rig, 1), SAH_DECIDED_WITH_REQUEST); /* it would stand alone there */
    rig_manner(rig, "indane", acks);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_DONE);
    rig_pass(rig, 1000);
    assert_int_equal(dead(rig, "indane"), 0);
    assert_int_equal(rig_received(rig, "indane", id, SAH_KIND_REQUEST), 2);
    assert_int_equal(rig_received(rig, "indane", id, SAH_KIND_AMENDMENT), 2);
}

/* Somebody at 112 answered: no second ambulance by replay. It is put away. */
static void what_somebody_else_has_is_not_sent_again(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", refuses);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 100);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    assert_int_equal(dead(rig, "amb-108"), 1);
    assert_int_equal(rig_person(rig, id, "erss-112", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_OVER);
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), 1);
    assert_int_equal(dead(rig, "amb-108"), 0);
}

/* While nobody has answered it goes out again, and its ladder runs again (I9). */
static void an_emergency_that_nobody_answered_goes_out_again(void **state)
{
    struct rig *rig = *state;
    const char *id;

    sah_ladder_defaults(&rig->policy->ladder);
    rig_manner(rig, "amb-108", refuses);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 100);
    assert_int_equal(dead(rig, "amb-108"), 1);
    rig_manner(rig, "amb-108", acks);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_DONE);
    rig_pass(rig, 100);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
    assert_int_equal(rig_line(rig, id, "amb-108")->timer, SAH_TIMER_ACK);
}

static void what_is_unknown_is_said_so(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "indane", refuses);
    rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, 100);
    assert_int_equal(dead(rig, "indane"), 1);
    memcpy(letters[0].agency, "gone", 5);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_NO_AGENCY);
    memcpy(letters[0].agency, "indane", 7);
    letters[0].request_id[5] ^= 1;
    assert_int_equal(replay(rig, 0), SAH_DECIDED_NOT_FOUND);
    letters[0].request_id[5] ^= 1;
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_UNAVAILABLE);
}

/* ---- another class */

static void up_by_anybody_and_down_by_a_name_only(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    assert_int_equal(rig_view(rig, id)->priority, SAH_PRIORITY_P1);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P0, NULL), SAH_DECIDED_DONE);
    assert_int_equal(rig_view(rig, id)->priority, SAH_PRIORITY_P0);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P0, NULL), SAH_DECIDED_NOTHING);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P2, ""), SAH_DECIDED_NEEDS_NAME);
    assert_int_equal(rig_view(rig, id)->priority, SAH_PRIORITY_P0);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P2, "desk 4"), SAH_DECIDED_DONE);
    assert_int_equal(rig_view(rig, id)->priority, SAH_PRIORITY_P2);
    assert_int_equal(reclassify(rig, "E000000000000000000000000000", SAH_PRIORITY_P0, NULL), SAH_DECIDED_NOT_FOUND);
}

/* (I7) What is queued moves with it, up and down. */
static void what_is_queued_moves_with_its_request(void **state)
{
    struct rig *rig = *state;
    const char *id;

    for (unsigned i = 0; i < 4; i++) { /* all slots are busy */
        rig_manner(rig, "amb-108", silent);
        rig_accept(rig, 1 + i, 1 + i, "AMBULANCE_108", "not_breathing");
    }
    id = rig_accept(rig, 9, 9, "AMBULANCE_108", NULL);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_READY);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P3, "desk 4"), SAH_DECIDED_DONE);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->class, 3);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P0, NULL), SAH_DECIDED_DONE);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->class, 0);
}

static void the_bulk_lane_makes_no_emergency(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);

    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P1, "desk 4"), SAH_DECIDED_WRONG_LANE);
    assert_int_equal(reclassify(rig, id, SAH_PRIORITY_P3, NULL), SAH_DECIDED_DONE);
}

/* ---- what may end a router */

/* The router died; time passes until the next one turns. */
static void nobody_is_there(struct rig *rig, uint64_t ms)
{
    rig_crash(rig);
    rig->now_ms += ms;
    sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms);
    rig_settle(rig);
}

static void a_booking_that_ends_routers_is_a_dead_letter(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "indane", silent);
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    for (unsigned i = 0; i < 5; i++) {
        rig_pass(rig, 50);
        nobody_is_there(rig, 70000);
    }
    rig_pass(rig, 2000);
    assert_int_equal(rig_received(rig, "indane", id, SAH_KIND_REQUEST), 5);
    assert_int_equal(dead(rig, "indane"), 1);
    assert_int_equal(letters[0].why, SAH_ANSWER_POISON);
    assert_string_equal(rig_heard(rig, id), "RECEIVED REJECTED"); /* I9 */
    assert_int_equal(sah_core_counters(rig->core)->poisoned, 1);
}

/* P0-P2 are never given up: the next agency has it, a person is told, and it is tried every minute. */
static void an_emergency_that_ends_routers_goes_on_slower(void **state)
{
    struct rig *rig = *state;
    unsigned n;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    for (unsigned i = 0; i < 5; i++) {
        rig_pass(rig, 50);
        nobody_is_there(rig, 5000);
    }
    n = rig_received(rig, "amb-108", id, SAH_KIND_REQUEST);
    assert_int_equal(n, 5);
    rig_pass(rig, 500);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    for (unsigned i = 0; i < 3; i++) { /* and the next ones die too */
        assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_DELAYED);
        rig_pass(rig, 58000);
        assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), n);
        rig_pass(rig, 2500);
        assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), ++n);
        nobody_is_there(rig, 5000);
        rig_pass(rig, 500);
    }
    rig_manner(rig, "amb-108", acks);
    rig_pass(rig, 70000);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
}

/* ---- endpoints that the roster forgot */

static struct sah_agency *agency_of(struct rig *rig, const char *id)
{
    for (unsigned i = 0; i < rig->roster->n_agencies; i++)
        if (strcmp(rig->roster->agencies[i].id, id) == 0)
            return &rig->roster->agencies[i];
    fail_msg("%s", id);
    return NULL;
}

static void another_endpoint_of_the_agency_takes_over(void **state)
{
    struct rig *rig = *state;
    const struct sah_queue_stat *forgotten;
    const char *id;
    char key[SAH_KEY_SIZE];

    rig_manner(rig, "fire-101-a", silent);
    id = rig_accept(rig, 1, 1, "FIRE_101", NULL);
    rig_pass(rig, 100);
    memcpy(key, rig_attempt(rig, "fire-101", id, 0)->key, sizeof key);
    agency_of(rig, "fire-101")->endpoints[0] = agency_of(rig, "fire-101")->endpoints[1];
    agency_of(rig, "fire-101")->n_endpoints = 1;
    rig_crash(rig);
    rig_pass(rig, 15000);
    assert_string_equal(rig_delivery(rig, id, "fire-101", SAH_KIND_REQUEST)->key, key);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_DELIVERED);
    rig_pass(rig, 10000);
    assert_int_equal(sah_core_forgotten(rig->core, &forgotten), 0);
    assert_true(sah_core_counters(rig->core)->moved >= 1);
}

static void an_emergency_of_a_forgotten_agency_falls_back(void **state)
{
    struct rig *rig = *state;
    const struct sah_queue_stat *forgotten;
    const char *id;

    rig_manner(rig, "police-100", silent);
    id = rig_accept(rig, 1, 1, "HELPLINE_100", NULL);
    rig_pass(rig, 100);
    memcpy(agency_of(rig, "police-100")->endpoints[0].id, "cops-100\0\0", 11);
    memcpy(agency_of(rig, "police-100")->id, "cops-100\0\0", 11);
    rig_crash(rig);
    rig_pass(rig, 20000);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    assert_int_equal(rig_line(rig, id, "police-100")->state, SAH_STATE_REJECTED);
    rig_pass(rig, 11000);
    assert_int_equal(sah_core_forgotten(rig->core, &forgotten), 1); /* its dead letter is seen */
    assert_string_equal(forgotten[0].endpoint, "police-100");
    assert_int_equal(forgotten[0].dead, 1);
}

static void the_citizen_of_a_forgotten_company_is_told(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "indane", silent);
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, 100);
    memcpy(agency_of(rig, "indane")->endpoints[0].id, "i-gas\0", 7);
    memcpy(agency_of(rig, "indane")->id, "i-gas\0", 7);
    rig_crash(rig);
    rig_pass(rig, 80000);
    assert_string_equal(rig_heard(rig, id), "RECEIVED REJECTED");
    assert_int_equal(dead(rig, "indane"), 1);
    assert_int_equal(replay(rig, 0), SAH_DECIDED_NO_AGENCY);
}

/* ---- clocks (F17) */

static void a_clock_that_jumps_is_counted(void **state)
{
    struct rig *rig = *state;

    rig_pass(rig, 1000);
    assert_int_equal(sah_core_counters(rig->core)->clock_jumps, 0);
    sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms - 3600000);
    rig_pass(rig, 1000);
    assert_true(sah_core_counters(rig->core)->clock_jumps >= 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, unmake)
#define BULK(f) cmocka_unit_test_setup_teardown(f, make_bulk, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BULK(a_refused_booking_is_open_again),
        BULK(its_amendments_come_along),
        CASE(what_somebody_else_has_is_not_sent_again),
        CASE(an_emergency_that_nobody_answered_goes_out_again),
        BULK(what_is_unknown_is_said_so),
        CASE(up_by_anybody_and_down_by_a_name_only),
        CASE(what_is_queued_moves_with_its_request),
        BULK(the_bulk_lane_makes_no_emergency),
        BULK(a_booking_that_ends_routers_is_a_dead_letter),
        CASE(an_emergency_that_ends_routers_goes_on_slower),
        CASE(another_endpoint_of_the_agency_takes_over),
        CASE(an_emergency_of_a_forgotten_agency_falls_back),
        BULK(the_citizen_of_a_forgotten_company_is_told),
        CASE(a_clock_that_jumps_is_counted),
    };

    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
