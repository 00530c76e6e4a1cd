/*
 * store_contract_clock - what every store must do when its wall clock jumps: nothing waits longer
 * for it, nothing comes early, and it says that it happened (F17). See store_contract.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define FAR_MS  60000 /* longer than any test runs */
#define TICK_MS (CONTRACT_DEAD_MS / 4)

/* Message n at "108" with a timer of its line, leased and delayed. */
static void delayed_request(struct sah_store_harness *h, unsigned n, uint32_t delay_ms, uint32_t timer_ms)
{
    struct sah_change *c = new_request(n, SAH_PRIORITY_P1);
    struct sah_leased leased;

    add_plan(c, n, "108");
    add_line(c, "108", SAH_STATE_QUEUED);
    c->timers[c->n_timers++] =
        (struct sah_timer_set){.agency = "108", .kind = SAH_TIMER_ACK, .level = 1, .after_now_ms = timer_ms};
    must_commit(h, c);
    leased = lease_one(h, "108");
    assert_int_equal(do_delay(h, &leased, delay_ms, "108-state", SAH_ANSWER_TROUBLE), SAH_OK);
}

static void when_it_goes_back_nothing_waits_for_it(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_ticked ticked = do_tick(h, 100);
    uint64_t jumps = ticked.clock_jumps;

    delayed_request(h, 1, 20, 20);
    h->jump_ms(h, -HOUR_MS);
    accept_request(h, 2, SAH_PRIORITY_P1, "101"); /* whatever comes first sees it */
    lease_one(h, "101");
    h->advance_ms(h, 30);
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.clock_jumps, jumps + 1);
    if (h->exact_time) /* a real one plays the jump with its offset */
        assert_int_equal(ticked.clock_offset_ms, HOUR_MS);
    assert_int_equal(ticked.n_timers, 1);
    assert_int_equal(lease_one(h, "108").attempts, 2);
    h->advance_ms(h, CONTRACT_LEASE_MS);
    do_tick(h, 100);
    assert_int_equal(lease_one(h, "101").epoch, 3); /* its lease ran out as if nothing had been */
}

/* Owners are judged by the same clock. */
static void when_it_goes_back_a_dead_router_is_still_found(void **state)
{
    struct sah_store_harness *h = *state;
    unsigned moved = 0;

    h->destroy(h);
    h->lease_ms = FAR_MS;
    h->make(h);
    do_tick(h, 100);
    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    lease_one(h, "108");
    h->as(h, 1);
    h->jump_ms(h, -HOUR_MS);
    for (unsigned i = 0; i <= 2 * CONTRACT_DEAD_MS / TICK_MS; i++) {
        h->advance_ms(h, TICK_MS);
        moved += do_tick(h, 100).moved;
    }
    h->lease_ms = 0;
    assert_int_equal(moved, 1);
}

static void when_it_goes_ahead_nothing_comes_early(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_ticked ticked = do_tick(h, 100);
    uint64_t jumps = ticked.clock_jumps;
    struct sah_leased leased;

    delayed_request(h, 1, FAR_MS, FAR_MS);
    do_tick(h, 100);
    h->jump_ms(h, 9 * 24 * HOUR_MS);
    accept_request(h, 2, SAH_PRIORITY_P1, "101");
    leased = lease_one(h, "101");
    assert_in_range(leased.age_ms, 0, FAR_MS);
    for (unsigned i = 0; i < 3; i++) {
        h->advance_ms(h, 5);
        ticked = do_tick(h, 100);
        assert_int_equal(ticked.n_timers, 0);
        lease_none(h, "108");
    }
    assert_int_equal(ticked.clock_jumps, jumps + 1);
    if (h->exact_time)
        assert_int_equal(ticked.clock_offset_ms, -9 * 24 * HOUR_MS);
    h->advance_ms(h, CONTRACT_LEASE_MS); /* and the clock goes on */
    do_tick(h, 100);
    assert_int_equal(lease_one(h, "101").key[0], leased.key[0]);
}

/* Nobody asked for an hour, and the routers lived through it: that is no jump. */
static void an_hour_that_passed_is_believed(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_ticked ticked = do_tick(h, 100);
    uint64_t jumps = ticked.clock_jumps;

    if (!h->exact_time)
        return;
    delayed_request(h, 1, (uint32_t)HOUR_MS / 2, (uint32_t)HOUR_MS / 2);
    h->advance_ms(h, (uint32_t)HOUR_MS);
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.clock_jumps, jumps);
    assert_int_equal(ticked.moved, 1);
    assert_int_equal(ticked.n_timers, 1);
}

int contract_run_clock_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(when_it_goes_back_nothing_waits_for_it),
        CONTRACT_CASE(when_it_goes_back_a_dead_router_is_still_found),
        CONTRACT_CASE(when_it_goes_ahead_nothing_comes_early),
        CONTRACT_CASE(an_hour_that_passed_is_believed),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
