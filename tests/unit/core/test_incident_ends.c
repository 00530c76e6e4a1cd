/*
 * test_incident_ends - how several reporters of one incident come to its end: states, cancels, who left, what a
 * program ends. Domain 9's invariants are cited as 9.n.
 */
#include "unit/core/incident_test.h"

static void every_state_reaches_every_reporter(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);
    struct sah_agency_status s;

    for (unsigned n = 2; n <= 5; n++)
        reports(rig, n, 10, NULL);
    rig_pass(rig, 12 * SECOND);
    rig_person(rig, first, FIRE, SAH_STATE_ACKNOWLEDGED);
    rig_pass(rig, SECOND);
    s = rig_says(first, FIRE, SAH_STATE_EN_ROUTE, "desk 4");
    s.eta_s = 300;
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, SECOND);
    for (unsigned n = 2; n <= 5; n++) {
        assert_string_equal(rig_heard(rig, ids[n]), "RECEIVED DELIVERED ACKNOWLEDGED EN_ROUTE");
        assert_int_equal(rig_last_event(rig, ids[n])->status.eta_s, 300);
    }
    rig_person(rig, first, FIRE, SAH_STATE_CLOSED);
    rig_pass(rig, SECOND);
    for (unsigned n = 2; n <= 5; n++) { /* (9.6) */
        assert_int_equal(rig_heard_n(rig, ids[n], SAH_STATE_CLOSED), 1);
        assert_true(rig_view(rig, ids[n])->closed_ms > 0);
    }
}

static void one_reporter_s_cancel_takes_out_that_reporter(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second = reports(rig, 2, 0, NULL);

    rig_pass(rig, 11 * SECOND);
    rig_cancel(rig, 20, 2, second);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, SECOND); /* (9.7) */
    assert_int_equal(rig_received(rig, FIRE, NULL, SAH_KIND_CANCEL), 0);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT), 2);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_CANCELLED), 1);
    assert_int_equal(rig_view(rig, first)->n_members, 0);
    assert_int_equal(rig_line(rig, first, FIRE)->state, SAH_STATE_DELIVERED);
    rig_person(rig, first, FIRE, SAH_STATE_ACKNOWLEDGED);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_ACKNOWLEDGED), 0);
}

static void one_who_left_does_not_go_where_the_incident_goes(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second = reports(rig, 2, 0, NULL);

    rig_pass(rig, 11 * SECOND);
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 500});
    rig_cancel(rig, 20, 2, second);
    (void)rig_ask(rig);
    while (rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT) < 2)
        rig_pass(rig, 1);
    rig->now_ms += 500; /* both come before the next round of the incident */
    assert_int_equal(rig_person(rig, first, FIRE, SAH_STATE_REJECTED), SAH_STATUS_APPLIED);
    rig_pass(rig, 3 * SECOND);
    assert_string_equal(rig_heard(rig, second), "RECEIVED DELIVERED CANCELLED"); /* (I8, 9.7) of nobody else */
}

static void only_the_last_reporter_s_cancel_cancels(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second = reports(rig, 2, 0, NULL);

    rig_pass(rig, 11 * SECOND);
    rig_cancel(rig, 20, 1, first); /* whose request carries the incident */
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_CANCEL), 0);
    assert_int_equal(rig_line(rig, first, FIRE)->state, SAH_STATE_DELIVERED);
    rig_cancel(rig, 21, 2, second);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 11 * SECOND);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_CANCEL), 1);
    assert_int_equal(rig_line(rig, first, FIRE)->state, SAH_STATE_CANCEL_ASKED);
    rig_person(rig, first, FIRE, SAH_STATE_CANCELLED);
    assert_int_equal(rig_heard_n(rig, first, SAH_STATE_CANCELLED), 1);
}

/* sim_random seed 5756: both came in before the first was let go; the cancel then waited for a round of an
 * incident that was over, without end, and so did its work. */
static void one_who_writes_and_cancels_after_the_end_is_not_left_open(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second = reports(rig, 2, 0, NULL);
    struct sah_amendment *a;

    rig_pass(rig, 11 * SECOND);
    rig_person(rig, first, FIRE, SAH_STATE_CLOSED);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_CLOSED), 1);
    a = rig_amendment(rig, 20, 2, second);
    rig_words(&a->part, "it burns again");
    (void)rig_take(rig);
    rig_cancel(rig, 21, 2, second);
    (void)rig_take(rig);
    rig_pass(rig, 20 * SECOND);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_REOPENED), 1);
    assert_int_equal(rig_line(rig, second, FIRE)->state, SAH_STATE_CLOSED); /* (9.6) */
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_CLOSED), 2);
    assert_true(rig_view(rig, second)->closed_ms > 0);
    assert_int_equal(rig_read(rig, FIRE, "it burns again"), 1); /* (I3) */
}

static void on_decided(void *data, enum sah_decided decided)
{
    *(enum sah_decided *)data = decided;
}

/* (I9) A dispatcher makes an emergency of a booking that was appended: the company's program ends the one
 * it knows, and not that one, which goes out by itself until a person there has spoken. */
static void a_program_that_ends_a_booking_ends_no_emergency_that_is_linked(void **state)
{
    struct rig *rig = *state;
    char first[SAH_REQUEST_ID_SIZE], second[SAH_REQUEST_ID_SIZE], third[SAH_REQUEST_ID_SIZE];
    enum sah_decided decided = SAH_DECIDED_UNAVAILABLE;
    struct sah_agency_status s;

    memcpy(first, rig_accept(rig, 1, 1, "LPG_BOOKING", NULL), sizeof first);
    memcpy(second, rig_accept(rig, 2, 1, "LPG_BOOKING", NULL), sizeof second);
    memcpy(third, rig_accept(rig, 3, 1, "LPG_BOOKING", NULL), sizeof third);
    rig_pass(rig, 5 * SECOND);
    assert_string_equal(rig_view(rig, second)->main_id, first);
    assert_string_equal(rig_view(rig, third)->main_id, first);
    sah_core_reclassify(rig->core, second, SAH_PRIORITY_P1, "desk 4", rig_now(rig), on_decided, &decided);
    rig_settle(rig);
    assert_int_equal(decided, SAH_DECIDED_DONE);
    s = rig_says(first, "indane", SAH_STATE_HANDED_OVER, NULL);
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, 5 * SECOND);
    assert_true(rig_view(rig, first)->closed_ms > 0);
    assert_true(rig_view(rig, third)->closed_ms > 0); /* a booking like the first */
    assert_int_equal(rig_view(rig, second)->closed_ms, 0);
    assert_int_equal(rig_received(rig, "indane", second, SAH_KIND_REQUEST), 1);
    s = rig_says(second, "indane", SAH_STATE_HANDED_OVER, NULL);
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_NEEDS_NAME);
    s = rig_says(second, "indane", SAH_STATE_HANDED_OVER, "officer 2");
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    assert_true(rig_view(rig, second)->closed_ms > 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        CASE(every_state_reaches_every_reporter),
        CASE(one_reporter_s_cancel_takes_out_that_reporter),
        CASE(one_who_left_does_not_go_where_the_incident_goes),
        CASE(only_the_last_reporter_s_cancel_cancels),
        CASE(one_who_writes_and_cancels_after_the_end_is_not_left_open),
        CASE(a_program_that_ends_a_booking_ends_no_emergency_that_is_linked),
    };
    return cmocka_run_group_tests_name("incident_ends", tests, NULL, NULL);
}
