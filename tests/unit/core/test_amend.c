/*
 * test_amend - corrections, cancels and questions of a citizen.
 * Invariants: I3, I4, I9, I10; automatic changes of the class only go up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

static const struct sah_fake_manner silent = {.silent = true};
static const struct sah_fake_manner refuses = {.kind = SAH_ANSWER_REFUSED};

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

/* (I10) */
static void amendments_arrive_after_the_request_in_order(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    for (unsigned i = 0; i < 5; i++) {
        rig_amendment(rig, 10 + i, 1, id);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    }
    rig_pass(rig, 1000);
    for (unsigned i = 0; i < 6; i++) {
        const struct sah_fake_received *r = rig_attempt(rig, "amb-108", id, i);

        assert_int_equal(r->sequence, 1 + i);
        assert_int_equal(r->kind, i == 0 ? SAH_KIND_REQUEST : SAH_KIND_AMENDMENT);
    }
    assert_int_equal(rig_view(rig, id)->last_sequence, 6);
    assert_int_equal(rig_line(rig, id, "amb-108")->sequence, 6);
}

/* (I10) While the request hangs, a P1 amendment waits 2 s for it and no longer. */
static void a_hanging_request_holds_its_amendment_2_s_at_most(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_amendment(rig, 2, 1, id);
    (void)rig_ask(rig);
    rig_pass(rig, 1500);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_AMENDMENT), 0);
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_AMENDMENT), 1);
}

/* Two at once: the second finds the revision moved and is made again. */
static void two_amendments_at_once_get_two_sequences(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    size_t a, b;

    rig_amendment(rig, 2, 1, id);
    a = rig_take(rig);
    rig_amendment(rig, 3, 1, id);
    b = rig_take(rig);
    rig_settle(rig);
    assert_int_equal(rig->results[a]->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(rig->results[b]->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(rig_view(rig, id)->last_sequence, 3);
    assert_true(sah_core_counters(rig->core)->conflicts > 0);
}

static void the_same_amendment_again_is_a_duplicate(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig_amendment(rig, 2, 1, id);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_TIMEOUT_AFTER,
                             2); /* the load, then the commit */
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_RETRY);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    assert_int_not_equal(rig_ask(rig)->code, SAH_RESULT_RETRY);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(rig_view(rig, id)->last_sequence, 2);
}

static void the_class_only_goes_up(void **state)
{
    static const struct {
        const char *service, *cue, *more;
        enum sah_priority before, after;
    } cases[] = {
        {"HELPLINE_181", NULL, "not_breathing", SAH_PRIORITY_P2, SAH_PRIORITY_P0},
        {"AMBULANCE_108", "not_breathing", "people_hurt", SAH_PRIORITY_P0, SAH_PRIORITY_P0},
        {"HELPLINE_181", NULL, "unheard_of", SAH_PRIORITY_P2, SAH_PRIORITY_P2},
        {"AMBULANCE_102", NULL, "unheard_of", SAH_PRIORITY_P3, SAH_PRIORITY_P3},
    };
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        const char *id = rig_accept(rig, 10 + i, 1, cases[i].service, cases[i].cue);

        assert_int_equal(rig_view(rig, id)->priority, cases[i].before);
        rig_cue(&rig_amendment(rig, 20 + i, 1, id)->part, cases[i].more);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        assert_int_equal(rig_view(rig, id)->priority, cases[i].after);
    }
}

/* (domain 8.2) "Still waiting" raises after T4, while nobody has answered; never "how long will it take". */
static void still_waiting_raises_only_past_its_time_and_unanswered(void **state)
{
    static const struct {
        uint64_t wait_ms;
        bool answered;
        enum sah_priority after;
    } cases[] = {
        {1000, false, SAH_PRIORITY_P1},
        {31000, false, SAH_PRIORITY_P0},
        {40000, true, SAH_PRIORITY_P1},
    };
    struct rig *rig = *state;

    sah_ladder_defaults(&rig->policy->ladder);
    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        const char *id = rig_accept(rig, 10 + i, 1 + i, "AMBULANCE_108", NULL);

        assert_int_equal(rig_view(rig, id)->priority, SAH_PRIORITY_P1);
        if (cases[i].answered)
            assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_UNIT_ASSIGNED), SAH_STATUS_APPLIED);
        rig_pass(rig, cases[i].wait_ms);
        rig_cue(&rig_amendment(rig, 20 + i, 1 + i, id)->part, "still_waiting");
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        assert_int_equal(rig_view(rig, id)->priority, cases[i].after);
    }
}

/* "" in an amendment is the service it has: a new cue calls in nobody else by itself. */
static void a_cue_without_a_service_keeps_the_service(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig_cue(&rig_amendment(rig, 2, 1, id)->part, "not_breathing");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_view(rig, id)->n_lines, 1);
    assert_int_equal(rig_received(rig, "erss-112", NULL, SAH_KIND_REQUEST), 0);
}

/* (I10) A fire with hurt people: 108 gets the request itself first, then what was said now. */
static void new_services_get_the_request_first(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", NULL);

    rig_cue(&rig_amendment(rig, 2, 1, id)->part, "people_hurt");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_attempt(rig, "amb-108", id, 0)->kind, SAH_KIND_REQUEST);
    assert_int_equal(rig_attempt(rig, "amb-108", id, 0)->sequence, 1);
    assert_int_equal(rig_attempt(rig, "amb-108", id, 1)->kind, SAH_KIND_AMENDMENT);
    assert_int_equal(rig_attempt(rig, "amb-108", id, 1)->sequence, 2);
    assert_int_equal(rig_received(rig, "fire-101", id, SAH_KIND_AMENDMENT), 1);
    assert_int_equal(rig_view(rig, id)->n_lines, 2);
}

/* A booking keeps its company when an amendment says the service once more. */
static void an_amended_booking_stays_with_its_company(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    struct sah_amendment *a = rig_amendment(rig, 2, 1, id);

    a->part.urgency = SAH_URGENCY_BULK;
    a->kind = SAH_AMENDMENT_TRIAGE;
    (void)sah_format(a->part.triage.service, sizeof a->part.triage.service, "LPG_BOOKING");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_view(rig, id)->n_lines, 1);
    assert_int_equal(rig_received(rig, "indane", id, SAH_KIND_AMENDMENT), 1);
}

static void gas_smelt_in_a_booking_goes_to_the_other_lane(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);

    rig_cue(&rig_amendment(rig, 2, 1, id)->part, "not_breathing");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_WRONG_LANE);
    assert_int_equal(rig_view(rig, id)->last_sequence, 1);
}

static void nobody_speaks_for_another_citizen(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig_amendment(rig, 2, 2, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_NOT_FOUND);
    rig_cancel(rig, 3, 2, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_NOT_FOUND);
    rig_query(rig, 4, 2, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_NOT_FOUND);
    rig_cancel(rig, 5, 1, "E0000000000000000000000000000");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_NOT_FOUND);
    assert_int_equal(rig_view(rig, id)->last_sequence, 1);
}

static void a_closed_request_is_opened_again(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    assert_true(rig_view(rig, id)->closed_ms > 0);
    /* A note of the adapter's own opens nothing. */
    rig_amendment(rig, 2, 1, id)->kind = SAH_AMENDMENT_CITIZEN_SILENT;
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    assert_true(rig_view(rig, id)->closed_ms > 0);
    rig_amendment(rig, 3, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_true(rig_view(rig, id)->closed_ms == 0);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_REOPENED);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED CLOSED REOPENED");
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_AMENDMENT), 2);
}

/* (I4, I9) Everybody refused the request; what the citizen says now must not go to nobody. */
static void an_amendment_never_goes_to_nobody(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", refuses);
    rig_manner(rig, "erss-112", refuses);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 2000);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
    rig_amendment(rig, 2, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 2);
}

static void a_refused_booking_in_which_more_is_said(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "indane", refuses);
    id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    rig_pass(rig, 1000);
    rig_amendment(rig, 2, 1, id)->part.urgency = SAH_URGENCY_BULK;
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "erss-112", NULL, SAH_KIND_REQUEST), 0);
    assert_string_equal(rig_heard(rig, id), "RECEIVED REJECTED NEEDS_PERSON");
}

static void a_cancel_is_asked_of_every_agency(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "LPG_LEAK", NULL);

    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, id, "gas-1906", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_cancel(rig, 2, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_CANCEL_ASKED);
    assert_int_equal(rig_line(rig, id, "gas-1906")->state, SAH_STATE_CLOSED);
    assert_int_equal(rig_received(rig, "fire-101", id, SAH_KIND_CANCEL), 1);
    assert_int_equal(rig_received(rig, "gas-1906", id, SAH_KIND_CANCEL), 0);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_CANCELLED), SAH_STATUS_APPLIED);
    assert_true(rig_view(rig, id)->closed_ms > 0);
    assert_int_equal(rig_last_event(rig, id)->status.state, SAH_STATE_CANCELLED);
}

static void a_declined_cancel_goes_back_and_is_said(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    struct sah_agency_status s;

    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    rig_cancel(rig, 2, 1, id);
    (void)rig_ask(rig);
    rig_cancel(rig, 3, 1, id); /* asked twice: what it goes back to stays */
    (void)rig_ask(rig);
    s = rig_says(id, "amb-108", SAH_STATE_EN_ROUTE, "desk 4");
    s.reason = SAH_REASON_CANCEL_DECLINED;
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, 500);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_EN_ROUTE);
    assert_int_equal(rig_last_event(rig, id)->status.reason, SAH_REASON_CANCEL_DECLINED);
}

static void no_no_please_come(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_UNIT_ASSIGNED),
                     SAH_STATUS_APPLIED);
    rig_cancel(rig, 2, 1, id);
    (void)rig_ask(rig);
    rig_amendment(rig, 3, 1, id)->kind = SAH_AMENDMENT_RESUME;
    (void)rig_ask(rig);
    rig_pass(rig, 500);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_UNIT_ASSIGNED);
    assert_int_equal(rig_attempt(rig, "amb-108", id, 2)->kind, SAH_KIND_AMENDMENT);
}

/* A machine's 200 of the request does not undo that a cancel is asked. */
static void a_late_200_leaves_the_cancel_asked(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.after_ms = 1000});
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_cancel(rig, 2, 1, id);
    (void)rig_ask(rig);
    rig_pass(rig, 5000);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_CANCEL_ASKED);
    assert_int_equal(rig_line(rig, id, "amb-108")->before_cancel, SAH_STATE_DELIVERED);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_CANCEL), 1);
    assert_string_equal(rig_heard(rig, id), "RECEIVED");
}

static void a_question_is_answered_from_every_line(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "LPG_LEAK", NULL);
    struct sah_agency_status s = rig_says(id, "fire-101", SAH_STATE_EN_ROUTE, "desk 4");
    const struct rig_result *result;

    rig_pass(rig, 1000);
    s.eta_s = 240;
    (void)sah_format(s.case_no, sizeof s.case_no, "F-9");
    (void)rig_status(rig, &s);
    rig_query(rig, 2, 1, id);
    result = rig_ask(rig);
    assert_int_equal(result->code, SAH_RESULT_ACCEPTED);
    assert_string_equal(result->request_id, id);
    assert_int_equal(result->n_agencies, 2);
    assert_string_equal(result->agencies[0].agency, "fire-101");
    assert_int_equal(result->agencies[0].state, SAH_STATE_EN_ROUTE);
    assert_int_equal(result->agencies[0].eta_s, 240);
    assert_string_equal(result->agencies[0].case_no, "F-9");
    assert_string_equal(result->agencies[0].dial, "101");
    assert_int_equal(result->agencies[1].state, SAH_STATE_DELIVERED);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_RETRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(amendments_arrive_after_the_request_in_order, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_hanging_request_holds_its_amendment_2_s_at_most, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(two_amendments_at_once_get_two_sequences, make, unmake),
        cmocka_unit_test_setup_teardown(the_same_amendment_again_is_a_duplicate, make, unmake),
        cmocka_unit_test_setup_teardown(the_class_only_goes_up, make, unmake),
        cmocka_unit_test_setup_teardown(still_waiting_raises_only_past_its_time_and_unanswered, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_cue_without_a_service_keeps_the_service, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(new_services_get_the_request_first, make, unmake),
        cmocka_unit_test_setup_teardown(an_amended_booking_stays_with_its_company, make_bulk,
                                        unmake),
        cmocka_unit_test_setup_teardown(gas_smelt_in_a_booking_goes_to_the_other_lane,
                                        make_bulk, unmake),
        cmocka_unit_test_setup_teardown(nobody_speaks_for_another_citizen, make, unmake),
        cmocka_unit_test_setup_teardown(a_closed_request_is_opened_again, make, unmake),
        cmocka_unit_test_setup_teardown(an_amendment_never_goes_to_nobody, make, unmake),
        cmocka_unit_test_setup_teardown(a_refused_booking_in_which_more_is_said, make_bulk,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_cancel_is_asked_of_every_agency, make, unmake),
        cmocka_unit_test_setup_teardown(a_declined_cancel_goes_back_and_is_said, make, unmake),
        cmocka_unit_test_setup_teardown(no_no_please_come, make, unmake),
        cmocka_unit_test_setup_teardown(a_late_200_leaves_the_cancel_asked, make, unmake),
        cmocka_unit_test_setup_teardown(a_question_is_answered_from_every_line, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
