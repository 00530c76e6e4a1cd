/*
 * store_contract_queue - what every store must do: queues, leases, settling, order. See
 * store_contract.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

/* ---- queues */

static void leases_come_worst_first_then_oldest_first(void **state)
{
    static const enum sah_priority in[] = {
        SAH_PRIORITY_P2, SAH_PRIORITY_P4, SAH_PRIORITY_P1, SAH_PRIORITY_P0,
        SAH_PRIORITY_P1, SAH_PRIORITY_P3, SAH_PRIORITY_P0, SAH_PRIORITY_UNSPECIFIED};
    static const unsigned out[] = {4, 7, 3, 5, 8, 1, 6, 2}; /* numbers of the requests */
    struct sah_store_harness *h = *state;
    struct sah_leased leased[8];
    char id[SAH_REQUEST_ID_SIZE];

    for (unsigned i = 0; i < SAH_LEN(in); i++)
        accept_request(h, i + 1, in[i], "108");
    assert_int_equal(do_lease(h, "101-state", 4, 8, leased), 0);
    assert_int_equal(do_lease(h, "108-state", 0, 8, leased), 2); /* class 0 only */
    assert_int_equal(do_lease(h, "108-state", 4, 3, leased + 2), 3);
    assert_int_equal(do_lease(h, "108-state", 4, 8, leased + 5), 3);
    for (unsigned i = 0; i < SAH_LEN(out); i++) {
        request_id_of(out[i], id);
        assert_string_equal(leased[i].request_id, id);
    }
}

static void a_retry_keeps_its_class_and_its_place(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased first, leased[4];

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    first = lease_one(h, "108");
    accept_request(h, 2, SAH_PRIORITY_P1, "108");
    accept_request(h, 3, SAH_PRIORITY_P2, "108");
    assert_int_equal(do_delay(h, &first, 1, "108-state", SAH_ANSWER_TROUBLE), SAH_OK);
    h->advance_ms(h, 5);
    assert_int_equal(do_tick(h, 100).moved, 1);
    assert_int_equal(do_lease(h, "108-state", 4, 4, leased), 3);
    assert_string_equal(leased[0].key, first.key);
    assert_int_equal(leased[0].attempts, 2);
    assert_int_equal(leased[0].epoch, 2);
    assert_false(leased[0].possible_duplicate);
}

static void a_delay_may_go_on_at_another_endpoint(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    leased = lease_one(h, "108");
    assert_int_equal(do_delay(h, &leased, 0, "108b-state", SAH_ANSWER_UNKNOWN), SAH_OK);
    lease_none(h, "108");
    leased = lease_one(h, "108b"); /* at once: no tick was needed */
    assert_string_equal(leased.agency, "108");
    assert_true(leased.possible_duplicate); /* the earlier outcome is unknown */
}

static void a_delay_is_not_ready_before_it_is_due(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    leased = lease_one(h, "108");
    assert_int_equal(do_delay(h, &leased, 60000, "108-state", SAH_ANSWER_BUSY), SAH_OK);
    assert_int_equal(do_tick(h, 100).moved, 0);
    assert_int_equal(do_tick(h, 100).waiting, 1);
    lease_none(h, "108");
}

static void a_lease_that_ran_out_is_ready_again_as_a_possible_duplicate(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    lease_one(h, "108");
    h->advance_ms(h, CONTRACT_LEASE_MS + 10);
    assert_int_equal(do_tick(h, 100).moved, 1);
    leased = lease_one(h, "108");
    assert_int_equal(leased.epoch, 3); /* one for running out, one for the new lease */
    assert_int_equal(leased.attempts, 2);
    assert_true(leased.possible_duplicate);
}

static void a_stale_no_changes_nothing_and_a_late_yes_counts(void **state) /* (I5) */
{
    struct sah_store_harness *h = *state;
    struct sah_committed committed;
    struct sah_leased old, live;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    old = lease_one(h, "108");
    h->advance_ms(h, CONTRACT_LEASE_MS + 10);
    do_tick(h, 100);
    assert_int_equal(do_delay(h, &old, 10, "108-state", SAH_ANSWER_TROUBLE), SAH_ENOENT);
    live = lease_one(h, "108");
    assert_int_equal(do_delay(h, &old, 10, "108-state", SAH_ANSWER_TROUBLE), SAH_ENOENT);
    c = change_of(h, 1);
    set_settle(c, SAH_SETTLE_DEAD, &old);
    add_event(c, true, "108");
    add_line(c, "108", SAH_STATE_REJECTED);
    assert_int_equal(do_commit(h, c, &committed), SAH_OK);
    assert_true(committed.stale);
    assert_int_equal(committed.revision, 1);
    assert_int_equal(do_stats(h, "108-state", NULL).outbox, 0);

    settle_done(h, 1, &old); /* with the old epoch, while another holds the lease */
    assert_int_equal(do_stats(h, "108-state", NULL).leased, 0);
    assert_int_equal(do_delay(h, &live, 10, "108-state", SAH_ANSWER_TROUBLE), SAH_ENOENT);
    settle_done(h, 1, &old); /* said twice: fine */
    h->advance_ms(h, CONTRACT_LEASE_MS + 10);
    assert_int_equal(do_tick(h, 100).moved, 0);
    lease_none(h, "108");
}

static void a_settle_of_another_request_or_of_none_is_stale(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_committed committed;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    accept_request(h, 2, SAH_PRIORITY_P1, "101");
    leased = lease_one(h, "108");
    c = change_of(h, 2);
    set_settle(c, SAH_SETTLE_DONE, &leased);
    assert_int_equal(do_commit(h, c, &committed), SAH_OK);
    assert_true(committed.stale);
    c->settle.key[0] = c->settle.key[0] == 'f' ? 'e' : 'f';
    assert_int_equal(do_commit(h, c, &committed), SAH_OK);
    assert_true(committed.stale);
    assert_int_equal(do_stats(h, "108-state", NULL).leased, 1);
}

static void a_refusal_falls_back_in_one_step_and_leaves_a_dead_letter(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_queue_stat queue;
    struct sah_leased leased, next;
    struct sah_change *c;
    struct sah_plan *plan;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    leased = lease_one(h, "108");
    c = change_of(h, 1);
    set_settle(c, SAH_SETTLE_DEAD, &leased);
    c->settle.fell_back = true;
    plan = add_plan(c, 1, "112");
    plan->n_previous = 1;
    sah_format(plan->previous[0].agency, SAH_AGENCY_SIZE, "108");
    plan->previous[0].outcome = SAH_ANSWER_REFUSED;
    must_commit(h, c);
    assert_int_equal(do_stats(h, "108-state", &queue).dead, 1);
    assert_int_equal(queue.dead, 1);
    next = lease_one(h, "112");
    assert_string_not_equal(next.key, leased.key);
    assert_int_equal(next.n_previous, 1);
    assert_string_equal(next.previous[0].agency, "108");
    assert_int_equal(next.previous[0].outcome, SAH_ANSWER_REFUSED);

    settle_done(h, 1, &leased); /* it had it after all */
    assert_int_equal(do_stats(h, "108-state", &queue).dead, 0);
    assert_int_equal(queue.dead, 0);
}

static void falling_back_while_still_trying_is_remembered(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    leased = lease_one(h, "108");
    c = change_of(h, 1);
    set_settle(c, SAH_SETTLE_DELAY, &leased);
    c->settle.fell_back = true;
    add_plan(c, 1, "112");
    must_commit(h, c);
    lease_one(h, "112");
    leased = lease_one(h, "108");
    assert_true(leased.fell_back);
}

static void a_raise_moves_what_is_queued_up(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_queue_stat queue;
    struct sah_leased leased[3];
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    accept_request(h, 2, SAH_PRIORITY_P3, "108");
    accept_request(h, 3, SAH_PRIORITY_P1, "108");
    c = amendment(h, 2, 4, 2);
    c->priority = SAH_PRIORITY_P1;
    must_commit(h, c);
    do_stats(h, "108-state", &queue);
    assert_int_equal(queue.ready[1], 3);
    assert_int_equal(queue.ready[3], 0);
    assert_int_equal(do_lease(h, "108-state", 4, 3, leased), 3);
    assert_string_equal(leased[1].request_id, c->request_id); /* at its own place */
    assert_int_equal(leased[1].priority, SAH_PRIORITY_P1);
}

static void tick_does_no_more_than_it_was_told(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased[5];
    struct sah_ticked ticked;

    for (unsigned i = 1; i <= 5; i++)
        accept_request(h, i, SAH_PRIORITY_P3, "108");
    assert_int_equal(do_lease(h, "108-state", 4, 5, leased), 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(do_delay(h, &leased[i], 1, "108-state", SAH_ANSWER_BUSY), SAH_OK);
    h->advance_ms(h, 5);
    ticked = do_tick(h, 2);
    assert_int_equal(ticked.moved, 2);
    assert_int_equal(ticked.more, 1);
    assert_int_equal(ticked.waiting, 3);
    ticked = do_tick(h, 10);
    assert_int_equal(ticked.moved, 3);
    assert_int_equal(ticked.more, 0);
}

/* ---- order (I10) */

static void messages_of_a_request_reach_an_agency_in_order(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P2, "108");
    for (unsigned n = 2; n <= 4; n++) {
        struct sah_change *c = amendment(h, 1, n, n);

        add_plan(c, n, "108");
        add_plan(c, n, "101"); /* where nothing is before it but the ones before */
        must_commit(h, c);
    }
    for (uint32_t sequence = 1; sequence <= 4; sequence++) {
        leased = lease_one(h, "108");
        assert_int_equal(leased.sequence, sequence);
        assert_int_equal(leased.kind, sequence == 1 ? SAH_KIND_REQUEST : SAH_KIND_AMENDMENT);
        settle_done(h, 1, &leased);
    }
    lease_none(h, "108");
    leased = lease_one(h, "101");
    assert_int_equal(leased.sequence, 2);
}

static void a_dead_letter_holds_back_nothing(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P2, "108");
    c = amendment(h, 1, 2, 2);
    add_plan(c, 2, "108");
    must_commit(h, c);
    leased = lease_one(h, "108");
    c = change_of(h, 1);
    set_settle(c, SAH_SETTLE_DEAD, &leased);
    must_commit(h, c);
    assert_int_equal(lease_one(h, "108").sequence, 2);
}

static void order_holds_an_emergency_no_longer_than_the_bound(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased, next[4];
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    for (unsigned n = 2; n <= 3; n++) {
        c = amendment(h, 1, n, n);
        add_plan(c, n, "108");
        must_commit(h, c);
    }
    leased = lease_one(h, "108");
    assert_int_equal(do_delay(h, &leased, 60000, "108-state", SAH_ANSWER_UNREACHABLE), SAH_OK);
    lease_none(h, "108");
    if (h->exact_time) {
        h->advance_ms(h, CONTRACT_BOUND_MS - 1);
        assert_int_equal(do_tick(h, 100).moved, 0);
        h->advance_ms(h, 1);
    } else {
        h->advance_ms(h, CONTRACT_BOUND_MS);
    }
    assert_int_equal(do_tick(h, 100).moved, 2); /* the third has waited as long as the second */

    c = amendment(h, 1, 4, 4); /* comes now, behind the two that go now */
    add_plan(c, 4, "108");
    must_commit(h, c);
    assert_int_equal(do_lease(h, "108-state", 4, 4, next), 2);
    assert_int_equal(next[0].sequence, 2);
    assert_int_equal(next[1].sequence, 3);
    settle_done(h, 1, &next[0]);
    if (h->exact_time)
        lease_none(h, "108");
    settle_done(h, 1, &next[1]); /* behind the first alone, which had its time */
    assert_int_equal(lease_one(h, "108").sequence, 4);
}

/* tests/e2e/faults.py F9: each that went before began the time anew, and a P1 waited 3.2 s. */
static void order_holds_an_emergency_once_however_many_go_before(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    for (unsigned n = 2; n <= 4; n++) {
        c = amendment(h, 1, n, n);
        add_plan(c, n, "108");
        must_commit(h, c);
    }
    leased = lease_one(h, "108"); /* from now on the others are held */
    h->advance_ms(h, CONTRACT_BOUND_MS * 6 / 10);
    settle_done(h, 1, &leased);
    leased = lease_one(h, "108");
    assert_int_equal(leased.sequence, 2);
    h->advance_ms(h, CONTRACT_BOUND_MS * 6 / 10);
    assert_in_range(do_tick(h, 100).moved, 2, 3); /* and the lease of the second may have run out */
}

/* sim_random seed 4104: the request was asked once more while its amendment was under way, and a P1 that came
 * then waited for a lease of the request, without end when its endpoint takes nothing. */
static void order_holds_an_emergency_no_longer_when_the_request_goes_once_more(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased, next[5];
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    leased = lease_one(h, "108");
    settle_done(h, 1, &leased);
    c = amendment(h, 1, 2, 2);
    add_plan(c, 2, "108");
    must_commit(h, c);
    leased = lease_one(h, "108");
    assert_int_equal(leased.sequence, 2);
    assert_int_equal(do_delay(h, &leased, 60000, "108-state", SAH_ANSWER_UNREACHABLE), SAH_OK);
    c = amendment(h, 1, 3, 3);
    add_plan(c, 3, "108");
    must_commit(h, c);
    h->advance_ms(h, CONTRACT_BOUND_MS);
    assert_int_equal(do_tick(h, 100).moved, 1); /* the third, not tried yet */
    c = change_of(h, 1);
    add_plan(c, 1, "108")->again = true;
    must_commit(h, c);
    c = amendment(h, 1, 4, 4);
    add_plan(c, 4, "108");
    must_commit(h, c);
    h->advance_ms(h, CONTRACT_BOUND_MS);
    assert_int_equal(do_tick(h, 100).moved, 1);
    assert_int_equal(do_lease(h, "108-state", 4, 5, next), 3);
    assert_int_equal(next[0].sequence, 1); /* and still behind it in the queue */
    assert_int_equal(next[1].sequence, 3);
    assert_int_equal(next[2].sequence, 4);
}

static void order_looks_again_when_one_waits_that_came_late(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    c = amendment(h, 1, 2, 2); /* waits while nothing was sent: no clock runs */
    add_plan(c, 2, "108");
    must_commit(h, c);
    h->advance_ms(h, CONTRACT_BOUND_MS);
    assert_int_equal(do_tick(h, 100).moved, 0);
    leased = lease_one(h, "108");
    assert_int_equal(leased.sequence, 1);
    assert_int_equal(do_delay(h, &leased, 60000, "108-state", SAH_ANSWER_UNKNOWN), SAH_OK);
    h->advance_ms(h, CONTRACT_BOUND_MS);
    assert_int_equal(do_tick(h, 100).moved, 1);
    c = amendment(h, 1, 3, 3); /* the second is still there: behind it for a while */
    add_plan(c, 3, "108");
    must_commit(h, c);
    assert_int_equal(lease_one(h, "108").sequence, 2);
    h->advance_ms(h, CONTRACT_BOUND_MS);
    assert_in_range(do_tick(h, 100).moved, 1, 2); /* and the lease of the second ran out */
    {
        struct sah_leased both[2];

        assert_int_equal(do_lease(h, "108-state", 4, 2, both), 2);
        assert_int_equal(both[1].sequence, 3);
    }
}

static void order_holds_what_is_not_an_emergency_until_the_earlier_is_over(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased, next[4];
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P3, "108");
    c = amendment(h, 1, 2, 2);
    add_plan(c, 2, "108");
    must_commit(h, c);
    leased = lease_one(h, "108");
    assert_int_equal(do_delay(h, &leased, 60000, "108-state", SAH_ANSWER_UNREACHABLE), SAH_OK);
    h->advance_ms(h, CONTRACT_BOUND_MS + 10);
    assert_int_equal(do_tick(h, 100).moved, 0);
    c = amendment(h, 1, 3, 3); /* one that comes late waits as well */
    add_plan(c, 3, "108");
    must_commit(h, c);
    h->advance_ms(h, CONTRACT_BOUND_MS);
    assert_int_equal(do_tick(h, 100).moved, 0);
    lease_none(h, "108");

    c = change_of(h, 1); /* raised: from now on the bound holds, and it has passed */
    c->priority = SAH_PRIORITY_P1;
    must_commit(h, c);
    assert_int_equal(do_lease(h, "108-state", 4, 4, next), 2);
    assert_int_equal(next[0].sequence, 2);
}

/* (I7) A new request goes out with the step that writes it, unless something worse or older waits. */
static void a_commit_leases_what_it_wants_worst_first(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_committed committed;
    struct sah_leased leased[8];
    struct sah_queue_stat queue;
    struct sah_change *c;

    c = new_request(1, SAH_PRIORITY_P2);
    add_plan(c, 1, "108");
    add_plan(c, 1, "101");
    add_want(c, "108", 4, 1);
    add_want(c, "101", 1, 1); /* only P0 and P1 there */
    assert_int_equal(do_commit_and_lease(h, c, &committed, leased), SAH_OK);
    assert_true(committed.looked);
    assert_int_equal(committed.n_leased, 1);
    assert_string_equal(leased[0].endpoint, "108-state");
    assert_string_equal(leased[0].request_id, c->request_id);
    assert_int_equal(leased[0].epoch, 1);
    assert_int_equal(leased[0].attempts, 1);
    lease_none(h, "108");
    accept_request(h, 2, SAH_PRIORITY_P0, "101");
    accept_request(h, 3, SAH_PRIORITY_P1, "108");

    c = change_of(h, 1); /* settled, and the next at both, with what it now may go down to */
    set_settle(c, SAH_SETTLE_DONE, &leased[0]);
    add_want(c, "101", 4, 5);
    add_want(c, "108", 4, 1);
    assert_int_equal(do_commit_and_lease(h, c, &committed, leased), SAH_OK);
    assert_int_equal(committed.n_leased, 3);
    assert_int_equal(leased[0].priority, SAH_PRIORITY_P0);
    assert_int_equal(leased[1].priority, SAH_PRIORITY_P2);
    assert_string_equal(leased[2].endpoint, "108-state");
    assert_int_equal(leased[2].priority, SAH_PRIORITY_P1);
    assert_int_equal(do_stats(h, "101-state", &queue).leased, 3);
    assert_int_equal(queue.leased, 2);
    settle_done(h, 2, &leased[0]);
}

static void a_commit_that_writes_nothing_leases_nothing(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_committed committed;
    struct sah_leased leased, got[2];
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    leased = lease_one(h, "108");
    accept_request(h, 2, SAH_PRIORITY_P1, "108");
    c = new_request(1, SAH_PRIORITY_P1);
    add_want(c, "108", 4, 2);
    assert_int_equal(do_commit_and_lease(h, c, &committed, got), SAH_OK);
    assert_true(committed.duplicate && !committed.looked);
    assert_int_equal(committed.n_leased, 0);
    c = change_of(h, 1);
    c->expected_revision = 7;
    add_want(c, "108", 4, 2);
    assert_int_equal(do_commit_and_lease(h, c, &committed, got), SAH_ECONFLICT);
    leased.epoch--;
    c = change_of(h, 1);
    set_settle(c, SAH_SETTLE_DEAD, &leased);
    add_want(c, "108", 4, 2);
    assert_int_equal(do_commit_and_lease(h, c, &committed, got), SAH_OK);
    assert_true(committed.stale && !committed.looked);
    lease_one(h, "108");
}

int contract_run_queue_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(a_commit_leases_what_it_wants_worst_first),
        CONTRACT_CASE(a_commit_that_writes_nothing_leases_nothing),
        CONTRACT_CASE(leases_come_worst_first_then_oldest_first),
        CONTRACT_CASE(a_retry_keeps_its_class_and_its_place),
        CONTRACT_CASE(a_delay_may_go_on_at_another_endpoint),
        CONTRACT_CASE(a_delay_is_not_ready_before_it_is_due),
        CONTRACT_CASE(a_lease_that_ran_out_is_ready_again_as_a_possible_duplicate),
        CONTRACT_CASE(a_stale_no_changes_nothing_and_a_late_yes_counts),
        CONTRACT_CASE(a_settle_of_another_request_or_of_none_is_stale),
        CONTRACT_CASE(a_refusal_falls_back_in_one_step_and_leaves_a_dead_letter),
        CONTRACT_CASE(falling_back_while_still_trying_is_remembered),
        CONTRACT_CASE(a_raise_moves_what_is_queued_up),
        CONTRACT_CASE(tick_does_no_more_than_it_was_told),
        CONTRACT_CASE(messages_of_a_request_reach_an_agency_in_order),
        CONTRACT_CASE(a_dead_letter_holds_back_nothing),
        CONTRACT_CASE(order_holds_an_emergency_no_longer_than_the_bound),
        CONTRACT_CASE(order_holds_an_emergency_once_however_many_go_before),
        CONTRACT_CASE(order_holds_an_emergency_no_longer_when_the_request_goes_once_more),
        CONTRACT_CASE(order_looks_again_when_one_waits_that_came_late),
        CONTRACT_CASE(order_holds_what_is_not_an_emergency_until_the_earlier_is_over),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
