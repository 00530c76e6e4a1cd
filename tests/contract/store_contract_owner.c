/*
 * store_contract_owner - what every store must do when two routers share it: nobody gets what
 * another has, a dead router's leases come home early, a slow one stays correct. See
 * store_contract.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

#define LONG_LEASE_MS (20 * CONTRACT_DEAD_MS) /* nothing here comes home by running out */
#define TICK_MS       (CONTRACT_DEAD_MS / 4)

static int before(void **state)
{
    int failed = contract_before(state); /* once, to know the harness */
    struct sah_store_harness *h = *state;

    h->destroy(h);
    h->lease_ms = LONG_LEASE_MS;
    h->make(h);
    return failed;
}

static int after(void **state)
{
    struct sah_store_harness *h = *state;

    h->lease_ms = 0;
    return contract_after(state);
}

/* This router ticks for so long, the other one does not; returns how many came home. */
static unsigned ticks_alone(struct sah_store_harness *h, unsigned router, uint32_t ms)
{
    unsigned moved = 0;

    h->as(h, router);
    for (uint32_t passed = 0; passed < ms; passed += TICK_MS) {
        h->advance_ms(h, TICK_MS);
        moved += do_tick(h, 100).moved;
    }
    return moved;
}

static void a_dead_routers_leases_come_home_at_their_old_place(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased taken[3], again[4];

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    accept_request(h, 2, SAH_PRIORITY_P4, "108");
    accept_request(h, 3, SAH_PRIORITY_P1, "108");
    assert_int_equal(do_lease(h, "108-state", 4, 3, taken), 3); /* 1, 3, 2 */
    accept_request(h, 4, SAH_PRIORITY_P1, "108");
    if (h->exact_time) {
        assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS), 0);
        assert_int_equal(ticks_alone(h, 1, TICK_MS), 3);
    } else {
        assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS + TICK_MS), 3);
    }
    assert_int_equal(do_stats(h, "108-state", NULL).leased, 0);
    assert_int_equal(do_lease(h, "108-state", 4, 4, again), 4);
    assert_string_equal(again[0].key, taken[0].key);
    assert_string_equal(again[1].key, taken[1].key);
    assert_string_equal(again[3].key,
                        taken[2].key); /* its class, behind the one that came later */
    for (unsigned i = 0; i < 4; i++) {
        bool was_taken = i != 2;

        assert_int_equal(again[i].possible_duplicate, was_taken);
        assert_int_equal(again[i].epoch, was_taken ? 3 : 1);
        assert_int_equal(again[i].attempts, was_taken ? 2 : 1);
    }
}

static void a_living_routers_leases_stay_until_they_run_out(void **state)
{
    struct sah_store_harness *h = *state;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    lease_one(h, "108");
    for (unsigned i = 0; i < 8; i++) {
        h->as(h, 0);
        assert_int_equal(do_tick(h, 100).moved, 0);
        assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS / 2), 0);
    }
    lease_none(h, "108");
    assert_int_equal(do_stats(h, "108-state", NULL).leased, 1);
    if (h->exact_time) {
        h->as(h, 0);
        do_tick(h, 100);
        h->advance_ms(h, LONG_LEASE_MS);
        assert_int_equal(do_tick(h, 100).moved, 1);
    }
}

static void a_slow_router_is_believed_when_it_says_yes_and_not_when_it_says_no(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased both[2], yes, no, live;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    accept_request(h, 2, SAH_PRIORITY_P1, "108");
    assert_int_equal(do_lease(h, "108-state", 4, 2, both), 2);
    yes = both[0];
    no = both[1];
    assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS + TICK_MS), 2);
    h->as(h, 0); /* it is back */
    assert_int_equal(do_tick(h, 100).moved, 0);
    assert_int_equal(do_delay(h, &no, 10, "108-state", SAH_ANSWER_TROUBLE), SAH_ENOENT);
    settle_done(h, 1, &yes);
    h->as(h, 1);
    live = lease_one(h, "108"); /* the other one is over */
    assert_string_equal(live.key, no.key);
    lease_none(h, "108");
    h->as(h, 0);
    assert_int_equal(do_delay(h, &no, 10, "108-state", SAH_ANSWER_TROUBLE), SAH_ENOENT);
    settle_done(h, 2, &no); /* late, while the other has it */
    assert_int_equal(do_stats(h, "108-state", NULL).leased, 0);
}

/* What it takes after it was forgotten comes home like the first time. */
static void a_router_that_was_forgotten_is_known_again(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    lease_one(h, "108");
    assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS + TICK_MS), 1);
    h->as(h, 0);
    leased = lease_one(h, "108"); /* before its first tick */
    assert_int_equal(leased.epoch, 3);
    assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS / 2), 0);
    assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS), 1);
}

static void no_delivery_is_with_two_routers(void **state)
{
    struct sah_store_harness *h = *state;
    char seen[20][SAH_KEY_SIZE];
    struct sah_leased leased[2];

    for (unsigned i = 1; i <= 20; i++)
        accept_request(h, i, i % 2 == 0 ? SAH_PRIORITY_P0 : SAH_PRIORITY_P3, "108");
    for (unsigned i = 0; i < 20; i += 2) {
        h->as(h, i / 2 % 2);
        assert_int_equal(do_lease(h, "108-state", 4, 2, leased), 2);
        for (unsigned j = 0; j < 2; j++) {
            for (unsigned k = 0; k < i + j; k++)
                assert_string_not_equal(seen[k], leased[j].key);
            memcpy(seen[i + j], leased[j].key, SAH_KEY_SIZE);
        }
    }
    for (unsigned router = 0; router < 2; router++) {
        h->as(h, router);
        lease_none(h, "108");
    }
}

/* The store itself was away: nobody could beat, so nobody is dead for that. */
static void when_nobody_ticked_nobody_is_dead(void **state)
{
    struct sah_store_harness *h = *state;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    lease_one(h, "108");
    h->as(h, 1);
    do_tick(h, 100);
    h->advance_ms(h, 2 * CONTRACT_DEAD_MS);
    assert_int_equal(do_tick(h, 100).moved, 0);
    h->as(h, 0);
    assert_int_equal(do_tick(h, 100).moved, 0);
    assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS / 2), 0);
    assert_int_equal(ticks_alone(h, 1, CONTRACT_DEAD_MS), 1); /* gone after all */
}

static void taking_home_is_bounded_like_the_rest_of_a_tick(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased[5];
    struct sah_ticked ticked = {0};

    for (unsigned i = 1; i <= 5; i++)
        accept_request(h, i, SAH_PRIORITY_P3, "108");
    assert_int_equal(do_lease(h, "108-state", 4, 5, leased), 5);
    h->as(h, 1);
    for (unsigned i = 0; i <= 4 * CONTRACT_DEAD_MS / TICK_MS && ticked.moved == 0; i++) {
        h->advance_ms(h, TICK_MS);
        ticked = do_tick(h, 2);
    }
    assert_int_equal(ticked.moved, 2);
    assert_int_equal(ticked.more, 1);
    assert_int_equal(ticked.waiting, 3);
    ticked = do_tick(h, 100);
    assert_int_equal(ticked.moved, 3);
    assert_int_equal(ticked.more, 0);
}

#define OWNER_CASE(f) cmocka_unit_test_setup_teardown(f, before, after)

int contract_run_owner_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        OWNER_CASE(a_dead_routers_leases_come_home_at_their_old_place),
        OWNER_CASE(a_living_routers_leases_stay_until_they_run_out),
        OWNER_CASE(a_slow_router_is_believed_when_it_says_yes_and_not_when_it_says_no),
        OWNER_CASE(a_router_that_was_forgotten_is_known_again),
        OWNER_CASE(no_delivery_is_with_two_routers),
        OWNER_CASE(when_nobody_ticked_nobody_is_dead),
        OWNER_CASE(taking_home_is_bounded_like_the_rest_of_a_tick),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
