/*
 * test_copies - the first person who answers has the request; whoever holds a copy of it is told,
 * and its line ends with it. Invariants: I4, I6, I9, I10.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

#define SECOND UINT64_C(1000)

static int make(void **state)
{
    struct rig *rig = rig_new(NULL);

    sah_ladder_defaults(&rig->policy->ladder);
    rig_crash(rig); /* a core that knows of it */
    *state = rig;
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* A fire that nobody answers for half a minute: 112 holds a copy then. */
static const char *with_copy(struct rig *rig, unsigned n)
{
    const char *id = rig_accept(rig, n, n, "FIRE_101", "not_breathing");

    rig_pass(rig, 31 * SECOND);
    assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
    assert_string_equal(rig_line(rig, id, "erss-112")->stands_for, "fire-101");
    return id;
}

static void the_first_person_has_it_and_the_other_is_told(void **state)
{
    static const struct {
        const char *answers, *told;
    } cases[] = {{"erss-112", "fire-101"}, {"fire-101", "erss-112"}};
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        const char *id = with_copy(rig, i + 1);
        uint32_t before = rig_view(rig, id)->last_sequence;

        assert_int_equal(rig_person(rig, id, cases[i].answers, SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
        rig_pass(rig, 3 * SECOND);
        assert_int_equal(rig_received(rig, cases[i].told, id, SAH_KIND_AMENDMENT), 1);
        assert_int_equal(rig_received(rig, cases[i].answers, id, SAH_KIND_AMENDMENT), 0);
        assert_int_equal(rig_delivery(rig, id, cases[i].told, SAH_KIND_AMENDMENT)->sequence, before + 1);
        assert_int_equal(rig_view(rig, id)->last_sequence, before + 1);
        assert_int_equal(rig_heard_n(rig, id, SAH_STATE_ACKNOWLEDGED), 1);

        /* Further states are between the owner and the citizen. */
        assert_int_equal(rig_person(rig, id, cases[i].answers, SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
        rig_pass(rig, 3 * SECOND);
        assert_int_equal(rig_received(rig, cases[i].told, id, SAH_KIND_AMENDMENT), 1);
    }
    assert_int_equal(sah_core_counters(rig->core)->copies_told, 2);
}

static void count_applied(void *data, const struct sah_status_result *result)
{
    *(unsigned *)data += result->code == SAH_STATUS_APPLIED;
}

/* (I5) Both are told under one number: the second is decided again, and is not taken for the first. */
static void two_persons_who_answer_at_once_are_both_believed(void **state)
{
    struct rig *rig = *state;
    const char *id = with_copy(rig, 1);
    struct sah_agency_status fire = rig_says(id, "fire-101", SAH_STATE_ACKNOWLEDGED, "desk 4");
    struct sah_agency_status erss = rig_says(id, "erss-112", SAH_STATE_ACKNOWLEDGED, "desk 7");
    unsigned applied = 0;

    rig->front.status(rig->front.data, &fire, rig_now(rig), count_applied, &applied);
    rig->front.status(rig->front.data, &erss, rig_now(rig), count_applied, &applied);
    rig_settle(rig);
    assert_int_equal(applied, 2);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(rig_line(rig, id, "erss-112")->state, SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_ACKNOWLEDGED), 2);
}

static void closing_ends_the_copies_and_the_request(void **state)
{
    static const enum sah_state ends[] = {SAH_STATE_CLOSED, SAH_STATE_CANCELLED};
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(ends); i++) {
        const char *id = with_copy(rig, i + 1);
        unsigned said = 2; /* that it was answered, that it is over */

        assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
        if (ends[i] == SAH_STATE_CANCELLED) {
            rig_cancel(rig, 50 + i, i + 1, id);
            assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        }
        assert_int_equal(rig_person(rig, id, "fire-101", ends[i]), SAH_STATUS_APPLIED);
        rig_pass(rig, 3 * SECOND);
        assert_int_equal(rig_line(rig, id, "erss-112")->state, ends[i]);
        assert_int_equal(rig_line(rig, id, "erss-112")->timer, SAH_TIMER_NONE);
        assert_true(rig_view(rig, id)->closed_ms > 0);
        assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_AMENDMENT), said);
        assert_int_equal(rig_heard_n(rig, id, ends[i]), 1); /* once, from whoever had it */
    }
}

static void what_a_person_has_is_not_ended_by_another(void **state)
{
    struct rig *rig = *state;
    const char *id = with_copy(rig, 1);

    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, id, "erss-112", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_pass(rig, 3 * SECOND);
    assert_int_equal(rig_line(rig, id, "erss-112")->state, SAH_STATE_EN_ROUTE);
    assert_int_equal(rig_view(rig, id)->closed_ms, 0);
}

static void another_service_of_the_request_is_no_copy(void **state)
{
    struct rig *rig = *state;
    struct sah_request *r = rig_request(rig, 1, 1, "FIRE_101");
    const char *id;

    rig_cue(r, "not_breathing");
    rig_also(r, "AMBULANCE_108");
    id = rig_ask(rig)->request_id;
    rig_pass(rig, 3 * SECOND);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, id, "fire-101", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_pass(rig, 3 * SECOND);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_AMENDMENT), 0);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
    assert_int_equal(rig_view(rig, id)->closed_ms, 0);
    assert_int_equal(sah_core_counters(rig->core)->copies_told, 0);
}

static void the_telling_survives_a_crash_and_keeps_its_key(void **state)
{
    static const struct sah_fake_manner silent = {.silent = true}, good = {.kind = SAH_ANSWER_MACHINE_ACK};
    struct rig *rig = *state;
    const char *id = with_copy(rig, 1);
    char key[SAH_KEY_SIZE];

    rig_manner(rig, "fire-101-a", silent);
    rig_manner(rig, "fire-101-b", silent);
    assert_int_equal(rig_person(rig, id, "erss-112", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    rig_pass(rig, SECOND);
    memcpy(key, rig_delivery(rig, id, "fire-101", SAH_KIND_AMENDMENT)->key, sizeof key);
    rig_crash(rig);
    rig_manner(rig, "fire-101-a", good);
    rig_manner(rig, "fire-101-b", good);
    rig_pass(rig, 60 * SECOND);
    assert_string_equal(rig_delivery(rig, id, "fire-101", SAH_KIND_AMENDMENT)->key, key);
    assert_int_equal(rig_delivery(rig, id, "fire-101", SAH_KIND_AMENDMENT)->state, SAH_MEMORY_DONE);
}

static void no_adapter_may_say_it(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "FIRE_101", NULL);

    rig_amendment(rig, 2, 1, id)->kind = SAH_AMENDMENT_ANSWERED;
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_REFUSED);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_received(rig, "fire-101", id, SAH_KIND_AMENDMENT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_person_has_it_and_the_other_is_told, make, unmake),
        cmocka_unit_test_setup_teardown(two_persons_who_answer_at_once_are_both_believed, make, unmake),
        cmocka_unit_test_setup_teardown(closing_ends_the_copies_and_the_request, make, unmake),
        cmocka_unit_test_setup_teardown(what_a_person_has_is_not_ended_by_another, make, unmake),
        cmocka_unit_test_setup_teardown(another_service_of_the_request_is_no_copy, make, unmake),
        cmocka_unit_test_setup_teardown(the_telling_survives_a_crash_and_keeps_its_key, make, unmake),
        cmocka_unit_test_setup_teardown(no_adapter_may_say_it, make, unmake),
    };

    return cmocka_run_group_tests_name("copies", tests, NULL, NULL);
}
