/*
 * test_fallback - the settled values over simulated time: attempts, the next endpoint, the next
 * agency, a person, the end of a booking. Invariants: I4, I5, I6, I9.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

static const struct sah_fake_manner silent = {.silent = true};
static const struct sah_fake_manner acks = {.kind = SAH_ANSWER_MACHINE_ACK};
static const struct sah_fake_manner refuses = {.kind = SAH_ANSWER_REFUSED,
                                               .reason = SAH_REASON_WRONG_AREA};

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

static uint64_t after(const struct sah_fake_received *r, uint64_t start_ms)
{
    assert_non_null(r);
    return r->at_ms - start_ms;
}

/* (I6, I9) P0 at an agency with one endpoint that says nothing: 0, 2 s, at 4 s the next agency,
 * then every 15 s from start to start without end. */
static void a_silent_agency_in_a_p0(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const struct sah_fake_received *r;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 10 * 60 * 1000);
    assert_true(after(rig_attempt(rig, "amb-108", id, 0), start_ms) == 0);
    assert_in_range(after(rig_attempt(rig, "amb-108", id, 1), start_ms), 2000, 2100);
    assert_in_range(after(rig_attempt(rig, "amb-108", id, 2), start_ms), 2000 + 14900,
                    2000 + 15200);
    for (unsigned i = 3; i < 30; i++)
        assert_in_range(rig_attempt(rig, "amb-108", id, i)->at_ms -
                            rig_attempt(rig, "amb-108", id, i - 1)->at_ms,
                        14900, 15200);
    for (unsigned i = 0; i < 30; i++)
        assert_string_equal(rig_attempt(rig, "amb-108", id, i)->key,
                            rig_attempt(rig, "amb-108", id, 0)->key);
    /* The fallback: once, under its own key, told what went before. */
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    r = rig_attempt(rig, "erss-112", id, 0);
    assert_in_range(after(r, start_ms), 4000, 4200);
    assert_string_not_equal(r->key, rig_attempt(rig, "amb-108", id, 0)->key);
    assert_int_equal(r->n_previous, 1);
    assert_string_equal(r->previous[0].agency, "amb-108");
    assert_int_equal(r->previous[0].outcome, SAH_ANSWER_UNKNOWN);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED");
    assert_string_equal(rig_last_event(rig, id)->dial, "112");
}

/* The next endpoint of the same agency comes first, under the same key, and at once. */
static void a_second_endpoint_takes_over_at_4_s(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const struct sah_fake_received *r;
    const char *id;

    rig_manner(rig, "fire-101-a", silent);
    id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");
    rig_pass(rig, 60000);
    r = rig_attempt(rig, "fire-101", id, 2);
    assert_string_equal(r->endpoint, "fire-101-b");
    assert_in_range(after(r, start_ms), 4000, 4200);
    assert_string_equal(r->key, rig_attempt(rig, "fire-101", id, 0)->key);
    assert_true(r->possible_duplicate);
    assert_int_equal(rig_received(rig, "fire-101", id, SAH_KIND_REQUEST), 3);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_DELIVERED);
}

/* An endpoint that cannot be reached at all: the other one is tried in the same moment, not at
 * the next sweep. */
static void an_unreachable_endpoint_costs_no_time(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id;

    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE});
    id = rig_accept(rig, 1, 1, "FIRE_101", "not_breathing");
    rig_pass(rig, 100);
    assert_string_equal(rig_attempt(rig, "fire-101", id, 1)->endpoint, "fire-101-b");
    assert_true(after(rig_attempt(rig, "fire-101", id, 1), start_ms) <= 100);
}

/* (I9) Everybody is silent: a person is told once, attempts go on, and the first that wakes up
 * gets it. */
static void the_end_of_the_chain_is_a_person_told_once(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    rig_manner(rig, "erss-112", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 10 * 60 * 1000);
    assert_string_equal(rig_heard(rig, id), "RECEIVED NEEDS_PERSON");
    assert_string_equal(rig_last_event(rig, id)->dial, "112");
    assert_true(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST) > 20);
    assert_true(rig_view(rig, id)->closed_ms == 0);
    rig_manner(rig, "amb-108", acks);
    rig_pass(rig, 20000);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
}

/* (I4) */
static void a_refused_emergency_goes_to_the_next_agency(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", refuses);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 1000);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_DEAD);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_REJECTED);
    assert_int_equal(rig_line(rig, id, "erss-112")->state, SAH_STATE_DELIVERED);
    assert_int_equal(rig_attempt(rig, "erss-112", id, 0)->previous[0].outcome,
                     SAH_ANSWER_REFUSED);
    assert_string_equal(rig_heard(rig, id),
                        "RECEIVED DELIVERED"); /* REJECTED only when nothing else takes it */
}

/* (I9) Machines alone never end an emergency: it stays open, and people know. */
static void an_emergency_refused_by_all_stays_open(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", refuses);
    rig_manner(rig, "erss-112", refuses);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 5000);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
    assert_true(rig_view(rig, id)->closed_ms == 0);
}

/* It fell back for silence, then woke up and refused: who has it has it, and the citizen hears
 * no refusal. */
static void a_late_refusal_after_the_fallback_is_not_told(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 5000);
    rig_manner(rig, "amb-108", refuses);
    rig_pass(rig, 30000);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_REJECTED);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED");
}

static void a_refused_booking_is_told_with_the_reason(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(
        rig, "indane",
        (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED, .reason = SAH_REASON_TOO_EARLY});
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, 2000);
    assert_string_equal(rig_heard(rig, id), "RECEIVED REJECTED");
    assert_int_equal(rig_last_event(rig, id)->status.reason, SAH_REASON_TOO_EARLY);
    assert_string_equal(rig_last_event(rig, id)->agency_says, "Indane");
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 0);
    assert_true(rig_view(rig, id)->closed_ms > 0);
}

/* (I4, I6, I9) */
static void a_booking_ends_after_a_day_and_the_citizen_is_told(void **state)
{
    struct rig *rig = *state;
    unsigned n;
    const char *id;

    rig->step_ms = 500;
    rig_manner(rig, "indane", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE});
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, UINT64_C(23) * 60 * 60 * 1000 + 50 * 60 * 1000);
    assert_string_equal(rig_heard(rig, id), "RECEIVED");
    n = rig_received(rig, "indane", id, SAH_KIND_REQUEST);
    assert_in_range(n, 20, 50);
    for (unsigned i = 1; i < n; i++)
        assert_string_equal(rig_attempt(rig, "indane", id, i)->key,
                            rig_attempt(rig, "indane", id, 0)->key);
    rig_pass(rig, UINT64_C(2) * 60 * 60 * 1000);
    assert_string_equal(rig_heard(rig, id), "RECEIVED EXPIRED");
    assert_int_equal(rig_delivery(rig, id, "indane", SAH_KIND_REQUEST)->state, SAH_MEMORY_DEAD);
    assert_true(rig_view(rig, id)->closed_ms > 0);
}

/* (I9) A correction that an agency will not take is not lost in silence. */
static void a_refused_amendment_is_told_and_the_request_stands(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig_pass(rig, 1000);
    rig_manner(rig, "amb-108", refuses);
    rig_amendment(rig, 2, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_AMENDMENT)->state,
                     SAH_MEMORY_DEAD);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED NEEDS_PERSON");
    assert_string_equal(rig_last_event(rig, id)->dial, "108");
}

/* (I5) A person answers while no 200 ever came: that is evidence. Nothing goes out again,
 * nobody else is called in. */
static void a_person_s_answer_ends_the_attempts(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_APPLIED);
    rig_pass(rig, 60000);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), 1);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 0);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_DONE);
    assert_string_equal(rig_heard(rig, id), "RECEIVED ACKNOWLEDGED");
}

/* A busy agency names its time; a P0 bears no more than its own deadline of it. */
static void retry_after_is_honoured_as_far_as_the_class_bears(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms = rig->now_ms;
    const char *id;

    rig_manner(rig, "amb-108",
               (struct sah_fake_manner){.kind = SAH_ANSWER_BUSY, .retry_after_ms = 60000});
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 5000);
    assert_in_range(after(rig_attempt(rig, "amb-108", id, 1), start_ms), 200, 2200);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
}

/* (I3, I10) Who comes in later gets what was said since, in order, also the cancel. */
static void the_fallback_gets_what_was_said_since(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    for (unsigned i = 0; i < 3; i++) {
        rig_amendment(rig, 10 + i, 1, id);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    }
    rig_pass(rig, 60000);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    for (unsigned i = 0; i < 4; i++) {
        const struct sah_fake_received *r = rig_attempt(rig, "erss-112", id, i);

        assert_non_null(r);
        assert_int_equal(r->sequence, 1 + i);
        assert_int_equal(r->kind, i == 0 ? SAH_KIND_REQUEST : SAH_KIND_AMENDMENT);
    }
}

/* (I3, I10) More was said than a change or a view can carry: all of it goes along, in order, once. */
static void a_talkative_citizen_loses_no_word_to_the_fallback(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    for (unsigned i = 0; i < 60; i++) {
        rig_amendment(rig, 10 + i, 1, id);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    }
    rig_pass(rig, 120000);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    for (unsigned i = 0; i < 61; i++) {
        const struct sah_fake_received *r = rig_attempt(rig, "erss-112", id, i);

        assert_non_null(r);
        assert_int_equal(r->sequence, 1 + i);
    }
    assert_null(rig_attempt(rig, "erss-112", id, 61));
    assert_int_equal(rig_view(rig, id)->n_messages, SAH_VIEW_MESSAGES_MAX);
    assert_int_equal(rig_view(rig, id)->messages[SAH_VIEW_MESSAGES_MAX - 1].sequence, 61);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_silent_agency_in_a_p0, make, unmake),
        cmocka_unit_test_setup_teardown(a_second_endpoint_takes_over_at_4_s, make, unmake),
        cmocka_unit_test_setup_teardown(an_unreachable_endpoint_costs_no_time, make, unmake),
        cmocka_unit_test_setup_teardown(the_end_of_the_chain_is_a_person_told_once, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_refused_emergency_goes_to_the_next_agency, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(an_emergency_refused_by_all_stays_open, make, unmake),
        cmocka_unit_test_setup_teardown(a_late_refusal_after_the_fallback_is_not_told, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_refused_booking_is_told_with_the_reason, make_bulk,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_booking_ends_after_a_day_and_the_citizen_is_told,
                                        make_bulk, unmake),
        cmocka_unit_test_setup_teardown(a_refused_amendment_is_told_and_the_request_stands,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(a_person_s_answer_ends_the_attempts, make, unmake),
        cmocka_unit_test_setup_teardown(retry_after_is_honoured_as_far_as_the_class_bears, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(the_fallback_gets_what_was_said_since, make, unmake),
        cmocka_unit_test_setup_teardown(a_talkative_citizen_loses_no_word_to_the_fallback, make,
                                        unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
