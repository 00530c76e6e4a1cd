/*
 * store_contract_known - what every store must do with deliveries that were tried elsewhere while
 * it was away: they come in as they are, in one step with their message. See store_contract.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

static void what_is_done_elsewhere_is_never_leased(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *change = new_request(1, SAH_PRIORITY_P1);
    struct sah_leased leased;

    add_line(change, "108", SAH_STATE_DELIVERED);
    add_plan(change, 1, "108")->known = SAH_KNOWN_DONE;
    add_line(change, "101", SAH_STATE_QUEUED);
    add_plan(change, 1, "101");
    must_commit(h, change);
    lease_none(h, "108");
    leased = lease_one(h, "101");
    assert_int_equal(leased.attempts, 1);
    assert_false(leased.possible_duplicate);
}

static void what_was_given_up_elsewhere_is_a_dead_letter(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *change = new_request(1, SAH_PRIORITY_P1);

    add_line(change, "108", SAH_STATE_REJECTED);
    add_plan(change, 1, "108")->known = SAH_KNOWN_DEAD;
    must_commit(h, change);
    lease_none(h, "108");
    assert_int_equal(do_stats(h, "108-state", NULL).dead, 1);
}

static void what_was_tried_elsewhere_goes_on_on_its_schedule(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *change = new_request(1, SAH_PRIORITY_P1);
    struct sah_plan *plan;
    struct sah_leased leased;

    add_line(change, "108", SAH_STATE_QUEUED);
    plan = add_plan(change, 1, "108");
    plan->hold_ms = 300;
    plan->attempts = 3;
    plan->possible_duplicate = plan->fell_back = true;
    must_commit(h, change);
    assert_int_equal(do_tick(h, 100).moved, 0);
    lease_none(h, "108");
    assert_int_equal(do_stats(h, "108-state", NULL).delayed, 1);
    h->advance_ms(h, 350);
    assert_int_equal(do_tick(h, 100).moved, 1);
    leased = lease_one(h, "108");
    assert_int_equal(leased.attempts, 4);
    assert_int_equal(leased.unanswered, 1); /* those had a result: no router died with it */
    assert_true(leased.possible_duplicate);
    assert_true(leased.fell_back);
}

static void evidence_settles_what_is_there_whatever_its_epoch(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *change;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    accept_request(h, 2, SAH_PRIORITY_P1, "101");
    leased = lease_one(h, "101");
    change = change_of(h, 1);
    add_plan(change, 1, "108")->known = SAH_KNOWN_DONE;
    must_commit(h, change);
    lease_none(h, "108");
    change = change_of(h, 2);
    add_plan(change, 2, "101")->known = SAH_KNOWN_DONE;
    must_commit(h, change);
    assert_int_equal(do_stats(h, "101-state", NULL).leased, 0);
    assert_int_equal(do_delay(h, &leased, 0, "101-state", SAH_ANSWER_UNKNOWN), SAH_ENOENT);
    lease_none(h, "101");
}

static void the_next_message_goes_when_the_one_before_is_done_elsewhere(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *change;

    accept_request(h, 1, SAH_PRIORITY_P2, "108");
    change = amendment(h, 1, 2, 2);
    add_plan(change, 2, "108")->sequence = 2;
    must_commit(h, change);
    (void)lease_one(h, "108"); /* the request; the amendment waits for it */
    lease_none(h, "108");
    change = change_of(h, 1);
    add_plan(change, 1, "108")->known = SAH_KNOWN_DONE;
    must_commit(h, change);
    assert_int_equal(lease_one(h, "108").sequence, 2);
}

int contract_run_known_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(what_is_done_elsewhere_is_never_leased),
        CONTRACT_CASE(what_was_given_up_elsewhere_is_a_dead_letter),
        CONTRACT_CASE(what_was_tried_elsewhere_goes_on_on_its_schedule),
        CONTRACT_CASE(evidence_settles_what_is_there_whatever_its_epoch),
        CONTRACT_CASE(the_next_message_goes_when_the_one_before_is_done_elsewhere),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
