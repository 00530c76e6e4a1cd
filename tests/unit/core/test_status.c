/*
 * test_status - what an agency says, and what the citizen hears of it.
 * Invariants: I5, I8, I9; moves that are not listed are refused with those that are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

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

static const char *delivered(struct rig *rig, const char *service)
{
    const char *id = rig_accept(rig, 1, 1, service, NULL);

    rig_pass(rig, 1000);
    return id;
}

static void the_whole_life_of_a_108_case(void **state)
{
    static const enum sah_state life[] = {SAH_STATE_ACKNOWLEDGED,  SAH_STATE_WAITING_UNIT,
                                          SAH_STATE_UNIT_ASSIGNED, SAH_STATE_EN_ROUTE,
                                          SAH_STATE_ON_SCENE,      SAH_STATE_TRANSPORTING,
                                          SAH_STATE_CLOSED};
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    for (unsigned i = 0; i < SAH_LEN(life); i++) {
        assert_true(rig_view(rig, id)->closed_ms == 0);
        assert_int_equal(rig_person(rig, id, "amb-108", life[i]), SAH_STATUS_APPLIED);
    }
    rig_pass(rig, 3000);
    assert_string_equal(rig_heard(rig, id),
                        "RECEIVED DELIVERED ACKNOWLEDGED WAITING_UNIT UNIT_ASSIGNED EN_ROUTE "
                        "ON_SCENE TRANSPORTING CLOSED");
    assert_true(rig_view(rig, id)->closed_ms > 0);
    assert_int_equal(sah_core_counters(rig->core)->statuses_applied, SAH_LEN(life));
}

/* ON_SCENE straight after DELIVERED: what lies between is nobody's word, so nobody hears it. */
static void gaps_are_filled_but_not_told(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ON_SCENE), SAH_STATUS_APPLIED);
    rig_pass(rig, 500);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED ON_SCENE");
}

static void the_same_again_says_nothing_and_a_new_eta_does(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");
    struct sah_agency_status s = rig_says(id, "amb-108", SAH_STATE_EN_ROUTE, "desk 4");
    struct sah_agency_status bare = s;

    s.eta_s = 300;
    s.n_units = 1;
    (void)sah_format(s.units[0], sizeof s.units[0], "TS-01");
    (void)sah_format(s.case_no, sizeof s.case_no, "A-5");
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_REPEATED);
    assert_int_equal(rig_status(rig, &bare)->code,
                     SAH_STATUS_REPEATED); /* not said again still holds */
    rig_pass(rig, 500);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_EN_ROUTE), 1);
    bare.eta_s = 120;
    assert_int_equal(rig_status(rig, &bare)->code, SAH_STATUS_REPEATED);
    rig_pass(rig, 500);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_EN_ROUTE), 2);
    assert_int_equal(rig_last_event(rig, id)->status.eta_s, 120);
    assert_string_equal(rig_last_event(rig, id)->status.units[0], "TS-01");
    assert_string_equal(rig_last_event(rig, id)->status.case_no, "A-5");
}

static void a_late_lower_state_is_history(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");
    uint64_t revision;

    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ON_SCENE), SAH_STATUS_APPLIED);
    revision = rig_view(rig, id)->revision;
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_HISTORY);
    rig_pass(rig, 500);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_ON_SCENE);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_EN_ROUTE), 0);
    assert_true(rig_view(rig, id)->revision > revision); /* the record has it */
}

static bool allows(const struct sah_status_result *result, enum sah_state state)
{
    for (unsigned i = 0; i < result->n_allowed; i++)
        if (result->allowed[i] == state)
            return true;
    return false;
}

static void a_move_not_listed_names_those_that_are(void **state)
{
    static const enum sah_state wrong[] = {SAH_STATE_BOOKED, SAH_STATE_REOPENED,
                                           SAH_STATE_UNIT_LOST, SAH_STATE_EXPIRED,
                                           SAH_STATE_UNSPECIFIED};
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    for (unsigned i = 0; i < SAH_LEN(wrong); i++) {
        struct sah_agency_status s = rig_says(id, "amb-108", wrong[i], "desk 4");
        const struct sah_status_result *result = rig_status(rig, &s);

        assert_int_equal(result->code, SAH_STATUS_ILLEGAL);
        assert_int_equal(result->from, SAH_STATE_DELIVERED);
        assert_true(allows(result, SAH_STATE_ACKNOWLEDGED));
        assert_false(allows(result, wrong[i]));
    }
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED");
}

static void nobody_speaks_for_another_agency(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_NOT_FOUND);
    assert_int_equal(rig_person(rig, id, "nobody", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_NOT_FOUND);
    assert_int_equal(
        rig_person(rig, "E0000000000000000000000000000", "amb-108", SAH_STATE_CLOSED),
        SAH_STATUS_NOT_FOUND);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
}

/* (I9) */
static void no_machine_says_that_a_person_is_on_it(void **state)
{
    static const enum sah_state persons[] = {SAH_STATE_ACKNOWLEDGED, SAH_STATE_EN_ROUTE,
                                             SAH_STATE_ON_SCENE, SAH_STATE_CLOSED,
                                             SAH_STATE_CANCELLED};
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    for (unsigned i = 0; i < SAH_LEN(persons); i++) {
        struct sah_agency_status s = rig_says(id, "amb-108", persons[i], NULL);

        assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_NEEDS_NAME);
    }
    rig_pass(rig, 1000);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED");
}

static void a_person_s_no_goes_to_the_next_agency(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_REJECTED), SAH_STATUS_APPLIED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    assert_string_equal(rig_attempt(rig, "erss-112", id, 0)->previous[0].agency, "amb-108");
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_REJECTED), 0);
    assert_int_equal(rig_person(rig, id, "erss-112", SAH_STATE_REJECTED), SAH_STATUS_APPLIED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
}

/* (I9) A program that refuses for its agency ends no emergency; a person does. */
static void a_machine_s_no_leaves_an_emergency_open(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "HELPLINE_112");
    struct sah_agency_status s = rig_says(id, "erss-112", SAH_STATE_REJECTED, NULL);

    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, 500);
    assert_true(rig_view(rig, id)->closed_ms == 0);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
}

static void a_lost_unit_is_waiting_again(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_UNIT_LOST), SAH_STATUS_APPLIED);
    rig_pass(rig, 500);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_WAITING_UNIT);
    assert_int_equal(rig_last_event(rig, id)->status.state, SAH_STATE_UNIT_LOST);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_UNIT_ASSIGNED),
                     SAH_STATUS_APPLIED);
}

static void the_life_of_a_booking(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "LPG_BOOKING");
    struct sah_agency_status s = rig_says(id, "indane", SAH_STATE_BOOKED, NULL);

    s.price_paise = 90550;
    (void)sah_format(s.case_no, sizeof s.case_no, "B-1");
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    s = rig_says(id, "indane", SAH_STATE_OUT_FOR_DELIVERY, NULL);
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, 500);
    assert_int_equal(rig_last_event(rig, id)->status.price_paise, 90550);
    s.state = SAH_STATE_EN_ROUTE;
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_ILLEGAL);
    s.state = SAH_STATE_HANDED_OVER;
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    rig_pass(rig, 500);
    assert_string_equal(rig_heard(rig, id),
                        "RECEIVED DELIVERED BOOKED OUT_FOR_DELIVERY HANDED_OVER");
}

static void ignore_status(void *data, const struct sah_status_result *result)
{
    enum sah_status_code *code = data;

    *code = result->code;
}

/* Two agencies speak at once: the second's change is made again on what the first left. */
static void two_statuses_at_once_both_stand(void **state)
{
    struct rig *rig = *state;
    const char *id = delivered(rig, "LPG_LEAK");
    struct sah_agency_status a = rig_says(id, "fire-101", SAH_STATE_ACKNOWLEDGED, "desk 1");
    struct sah_agency_status b = rig_says(id, "gas-1906", SAH_STATE_EN_ROUTE, "desk 2");
    enum sah_status_code code_a = SAH_STATUS_UNAVAILABLE, code_b = SAH_STATUS_UNAVAILABLE;
    uint64_t before = sah_core_counters(rig->core)->conflicts;

    sah_core_status(rig->core, &a, rig_now(rig), ignore_status, &code_a);
    sah_core_status(rig->core, &b, rig_now(rig), ignore_status, &code_b);
    rig_settle(rig);
    assert_int_equal(code_a, SAH_STATUS_APPLIED);
    assert_int_equal(code_b, SAH_STATUS_APPLIED);
    assert_int_equal(sah_core_counters(rig->core)->conflicts, before + 1);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(rig_line(rig, id, "gas-1906")->state, SAH_STATE_EN_ROUTE);
}

/* (I8) The agency is told to ask again; when it does, the citizen hears it once. */
static void a_status_while_the_store_is_away_is_unavailable(void **state)
{
    static const enum sah_memory_fault faults[] = {SAH_MEMORY_DOWN, SAH_MEMORY_TIMEOUT_BEFORE};
    struct rig *rig = *state;
    const char *id = delivered(rig, "AMBULANCE_108");

    for (unsigned i = 0; i < SAH_LEN(faults); i++) {
        sah_memory_store_fail_next(rig->store, faults[i], 1);
        assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED),
                         SAH_STATUS_UNAVAILABLE);
    }
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_REPEATED);
    rig_pass(rig, 500);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_ACKNOWLEDGED), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_life_of_a_108_case, make, unmake),
        cmocka_unit_test_setup_teardown(gaps_are_filled_but_not_told, make, unmake),
        cmocka_unit_test_setup_teardown(the_same_again_says_nothing_and_a_new_eta_does, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_late_lower_state_is_history, make, unmake),
        cmocka_unit_test_setup_teardown(a_move_not_listed_names_those_that_are, make, unmake),
        cmocka_unit_test_setup_teardown(nobody_speaks_for_another_agency, make, unmake),
        cmocka_unit_test_setup_teardown(no_machine_says_that_a_person_is_on_it, make, unmake),
        cmocka_unit_test_setup_teardown(a_person_s_no_goes_to_the_next_agency, make, unmake),
        cmocka_unit_test_setup_teardown(a_machine_s_no_leaves_an_emergency_open, make, unmake),
        cmocka_unit_test_setup_teardown(a_lost_unit_is_waiting_again, make, unmake),
        cmocka_unit_test_setup_teardown(the_life_of_a_booking, make_bulk, unmake),
        cmocka_unit_test_setup_teardown(two_statuses_at_once_both_stand, make, unmake),
        cmocka_unit_test_setup_teardown(a_status_while_the_store_is_away_is_unavailable, make,
                                        unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
