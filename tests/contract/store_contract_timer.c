/*
 * store_contract_timer - what every store must do: timers of lines, and deliveries made once
 * more. See store_contract.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

#define FAR_MS   60000
#define AWAIT_MS 30

static struct sah_request_view view; /* large: not on a stack */

static struct sah_timer_set *add_timer(struct sah_change *to, const char *agency,
                                       enum sah_timer_kind kind, unsigned level,
                                       uint32_t after_now_ms)
{
    struct sah_timer_set *timer = &to->timers[to->n_timers++];

    sah_format(timer->agency, sizeof timer->agency, "%s", agency);
    timer->kind = kind;
    timer->level = level;
    timer->after_now_ms = after_now_ms;
    return timer;
}

static void accept_with_timer(struct sah_store_harness *h, unsigned n, uint32_t after_now_ms)
{
    struct sah_change *c = new_request(n, SAH_PRIORITY_P0);

    add_plan(c, n, "108");
    add_line(c, "108", SAH_STATE_QUEUED);
    add_timer(c, "108", SAH_TIMER_ACK, 1, after_now_ms);
    must_commit(h, c);
}

static const struct sah_line *line_of(struct sah_store_harness *h, unsigned of)
{
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(of, id);
    assert_int_equal(do_load(h, id, &view), SAH_OK);
    return &view.lines[0];
}

static void a_timer_that_is_due_is_handed_out_once_in_five_seconds(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_ticked ticked;
    char id[SAH_REQUEST_ID_SIZE];

    accept_with_timer(h, 1, AWAIT_MS);
    request_id_of(1, id);
    assert_int_equal(line_of(h, 1)->timer, SAH_TIMER_ACK);
    assert_int_equal(line_of(h, 1)->timer_level, 1);
    if (h->exact_time) {
        h->advance_ms(h, AWAIT_MS - 1);
        assert_int_equal(do_tick(h, 100).n_timers, 0);
        h->advance_ms(h, 1);
    } else {
        h->advance_ms(h, AWAIT_MS);
    }
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.n_timers, 1);
    assert_string_equal(ticked.timers[0].request_id, id);
    assert_string_equal(ticked.timers[0].agency, "108");
    assert_int_equal(ticked.timers[0].kind, SAH_TIMER_ACK);
    assert_int_equal(ticked.timers[0].level, 1);
    assert_true(ticked.timers[0].late_ms < 2000);
    assert_int_equal(do_tick(h, 100).n_timers, 0);
    if (!h->exact_time)
        return;
    h->advance_ms(h, 4999);
    assert_int_equal(do_tick(h, 100).n_timers, 0);
    h->advance_ms(h, 1); /* nobody acted on it: again, and it knows how late it is */
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.n_timers, 1);
    assert_int_equal(ticked.timers[0].late_ms, 5000);
}

static void a_change_replaces_or_clears_a_timer(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    accept_with_timer(h, 1, 1);
    accept_with_timer(h, 2, 1);
    accept_with_timer(h, 3, 1);
    c = change_of(h, 1);
    add_timer(c, "108", SAH_TIMER_NONE, 0, 0);
    must_commit(h, c);
    c = change_of(h, 2);
    add_timer(c, "108", SAH_TIMER_WAITING, 4, FAR_MS);
    must_commit(h, c);
    c = change_of(h, 3);
    add_timer(c, "108", SAH_TIMER_ACK, 15, 0)->still = true;
    must_commit(h, c);
    h->advance_ms(h, 20);
    assert_int_equal(do_tick(h, 100).n_timers, 0);
    assert_int_equal(line_of(h, 1)->timer, SAH_TIMER_NONE);
    assert_int_equal(line_of(h, 2)->timer, SAH_TIMER_WAITING);
    assert_int_equal(line_of(h, 2)->timer_level, 4);
    assert_int_equal(line_of(h, 3)->timer, SAH_TIMER_ACK);
    assert_int_equal(line_of(h, 3)->timer_level, 15);
}

/* A change that writes the line leaves its timer alone, and a change that is not taken sets
 * none. */
static void a_timer_goes_with_its_change_and_with_nothing_else(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_committed committed;
    struct sah_change *c;

    accept_with_timer(h, 1, AWAIT_MS);
    c = change_of(h, 1);
    add_line(c, "108", SAH_STATE_DELIVERED);
    must_commit(h, c);
    assert_int_equal(line_of(h, 1)->timer, SAH_TIMER_ACK);
    c = change_of(h, 1);
    add_timer(c, "108", SAH_TIMER_NONE, 0, 0);
    c->expected_revision = 1;
    assert_int_equal(do_commit(h, c, &committed), SAH_ECONFLICT);
    c = change_of(h, 1);
    add_timer(c, "101", SAH_TIMER_ACK, 1, 1); /* no such line */
    assert_int_equal(do_commit(h, c, &committed), SAH_EINVAL);
    h->advance_ms(h, AWAIT_MS);
    assert_int_equal(do_tick(h, 100).n_timers, 1);
}

/* A raise: the later of two moments, and never later than what it replaces. */
static void a_timer_counts_from_the_accept_or_from_now_and_may_only_come_sooner(void **state)
{
    static const struct {
        uint32_t before_ms, after_accept_ms, after_now_ms;
        bool sooner, due;
    } cases[] = {
        {FAR_MS, 1, 0, true, true},   {FAR_MS, 0, 1, false, true},
        {1, FAR_MS, 0, true, true},   {1, FAR_MS, 0, false, false},
        {1, 1, FAR_MS, false, false}, {FAR_MS, FAR_MS, 0, true, false},
    };
    struct sah_store_harness *h = *state;
    struct sah_timer_set *timer;
    struct sah_change *c;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        accept_with_timer(h, i + 1, cases[i].before_ms);
        c = change_of(h, i + 1);
        timer = add_timer(c, "108", SAH_TIMER_ACK, 2, cases[i].after_now_ms);
        timer->after_accept_ms = cases[i].after_accept_ms;
        timer->sooner = cases[i].sooner;
        must_commit(h, c);
        h->advance_ms(h, 20);
        if (do_tick(h, 100).n_timers != (unsigned)cases[i].due)
            fail_msg("case %u", i);
    }
}

static void no_more_than_sixteen_at_once_and_the_rest_right_after(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_ticked ticked;

    for (unsigned n = 1; n <= SAH_DUE_MAX + 3; n++)
        accept_with_timer(h, n, 1);
    h->advance_ms(h, 20);
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.n_timers, SAH_DUE_MAX);
    assert_int_equal(ticked.more, 1);
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.n_timers, 3);
    assert_int_equal(ticked.more, 0);
}

/* ---- once more */

static struct sah_plan *plan_again(struct sah_change *c, const char *endpoint)
{
    struct sah_plan *plan = add_plan(c, 1, "108");

    plan->again = true;
    sah_format(plan->endpoint, sizeof plan->endpoint, "%s-state", endpoint);
    return plan;
}

static void what_is_done_goes_out_once_more_under_the_same_key(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased first, again;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    first = lease_one(h, "108");
    settle_done(h, 1, &first);
    c = change_of(h, 1);
    add_plan(c, 1, "108"); /* without `again` it is left as it is */
    must_commit(h, c);
    lease_none(h, "108");
    c = change_of(h, 1);
    plan_again(c, "108b");
    must_commit(h, c);
    accept_request(h, 2, SAH_PRIORITY_P0, "108b");
    {
        struct sah_leased two[2];

        assert_int_equal(do_lease(h, "108b-state", 4, 2, two), 2);
        again = two[0]; /* at its old place: before the newer one */
    }
    assert_string_equal(again.key, first.key); /* (I6) */
    assert_string_equal(again.agency, "108");
    assert_int_equal(again.attempts, 2);
    assert_true(again.epoch > first.epoch);
    assert_true(again.possible_duplicate);
    settle_done(h, 1, &again);
    assert_int_equal(do_stats(h, "108b-state", NULL).leased, 1); /* the newer one */
}

static void what_is_delayed_goes_now_and_what_is_under_way_is_left_alone(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_queue_stat queue;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    c = change_of(h, 1);
    plan_again(c, "108b"); /* ready already */
    must_commit(h, c);
    leased = lease_one(h, "108");
    c = change_of(h, 1);
    plan_again(c, "108b"); /* leased */
    must_commit(h, c);
    lease_none(h, "108b");
    assert_int_equal(do_delay(h, &leased, FAR_MS, "108-state", SAH_ANSWER_BUSY), SAH_OK);
    c = change_of(h, 1);
    plan_again(c, "108b");
    must_commit(h, c);
    leased = lease_one(h, "108b");
    assert_int_equal(leased.attempts, 2);
    assert_int_equal(do_stats(h, "108-state", &queue).delayed, 0);
    assert_int_equal(queue.delayed, 0);
    c = change_of(h, 1);
    set_settle(c, SAH_SETTLE_DEAD, &leased);
    must_commit(h, c);
    c = change_of(h, 1);
    plan_again(c, "108b"); /* refused for good */
    must_commit(h, c);
    lease_none(h, "108b");
    c = change_of(h, 1);
    sah_format(plan_again(c, "101")->agency, SAH_AGENCY_SIZE, "101");
    sah_delivery_key(&c->plans[0].message_id, "101", c->plans[0].key);
    must_commit(h, c); /* nothing to repeat: an ordinary plan */
    assert_int_equal(lease_one(h, "101").attempts, 1);
}

int contract_run_timer_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(a_timer_that_is_due_is_handed_out_once_in_five_seconds),
        CONTRACT_CASE(a_change_replaces_or_clears_a_timer),
        CONTRACT_CASE(a_timer_goes_with_its_change_and_with_nothing_else),
        CONTRACT_CASE(a_timer_counts_from_the_accept_or_from_now_and_may_only_come_sooner),
        CONTRACT_CASE(no_more_than_sixteen_at_once_and_the_rest_right_after),
        CONTRACT_CASE(what_is_done_goes_out_once_more_under_the_same_key),
        CONTRACT_CASE(what_is_delayed_goes_now_and_what_is_under_way_is_left_alone),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
