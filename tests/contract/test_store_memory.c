/* test_store_fake - the fake store passes the contract, and fails on request as the simulator
 * needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"
#include "store/memory_store.h"

static struct sah_memory_store *fake;
static int64_t now_ms, jumped_ms; /* the wall clock is now_ms + jumped_ms */

static void make(struct sah_store_harness *h)
{
    struct sah_memory_store_settings settings = {.lane = SAH_LANE_EMERGENCY,
                                               .order_bound_ms = CONTRACT_BOUND_MS,
                                               .owner_dead_ms = CONTRACT_DEAD_MS};

    for (int i = 0; i < SAH_N_CLASSES; i++)
        settings.lease_ms[i] = h->lease_ms > 0 ? h->lease_ms : CONTRACT_LEASE_MS;
    settings.now_ms = now_ms = 1700000000000;
    jumped_ms = 0;
    assert_int_equal(sah_memory_store_create(&settings, &fake), SAH_OK);
    sah_memory_store_set_clocks(fake, now_ms, (uint64_t)now_ms);
    h->store = sah_memory_store_port(fake);
}

static void drive(struct sah_store_harness *h, const bool *done)
{
    (void)h;
    while (!*done && sah_memory_store_step(fake))
        ;
}

static void advance_ms(struct sah_store_harness *h, uint32_t ms)
{
    (void)h;
    now_ms += ms;
    sah_memory_store_set_clocks(fake, now_ms + jumped_ms, (uint64_t)now_ms);
}

static void jump_ms(struct sah_store_harness *h, int64_t ms)
{
    jumped_ms += ms;
    advance_ms(h, 0);
}

static void as(struct sah_store_harness *h, unsigned router)
{
    (void)h;
    sah_memory_store_as(fake, router);
}

static void destroy(struct sah_store_harness *h)
{
    (void)h;
    sah_memory_store_destroy(fake);
}

static struct sah_store_harness harness = {
    .name = "store contract, fake",
    .exact_time = true,
    .make = make,
    .drive = drive,
    .advance_ms = advance_ms,
    .jump_ms = jump_ms,
    .as = as,
    .destroy = destroy,
};

static void a_fault_happens_before_or_after_the_write(void **state)
{
    static const struct {
        enum sah_memory_fault fault;
        int err;
        bool applied;
    } cases[] = {{SAH_MEMORY_DOWN, SAH_EDOWN, false},
                 {SAH_MEMORY_TIMEOUT_BEFORE, SAH_ETIMEOUT, false},
                 {SAH_MEMORY_TIMEOUT_AFTER, SAH_ETIMEOUT, true}};
    struct sah_committed committed;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        make(&harness);
        sah_memory_store_fail_next(fake, cases[i].fault, 1);
        assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P1), NULL),
                         cases[i].err);
        assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P1), &committed),
                         SAH_OK);
        assert_int_equal(committed.duplicate, cases[i].applied);
        destroy(&harness);
    }
}

static void never(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    (void)data, (void)err, (void)leased, (void)n;
    fail();
}

static void after_a_crash_nobody_hears_and_the_lease_stands(void **state)
{
    (void)state;
    make(&harness);
    accept_request(&harness, 1, SAH_PRIORITY_P0, "108");
    harness.store->lease(harness.store->data, "108-state", 0, 1, never, NULL);
    assert_int_equal(sah_memory_store_forget(fake), 1);
    assert_int_equal(sah_memory_store_run(fake), 0);
    assert_int_equal(sah_memory_store_delivery(fake, 0)->state, SAH_MEMORY_LEASED);
    assert_null(sah_memory_store_delivery(fake, 1));
    assert_int_equal(sah_memory_store_outbox(fake), 0);
    destroy(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_happens_before_or_after_the_write),
        cmocka_unit_test(after_a_crash_nobody_hears_and_the_lease_stands),
    };
    int failed = sah_store_contract_run(&harness);

    return failed + cmocka_run_group_tests_name("fake store", tests, NULL, NULL);
}
