/*
 * test_outbox - events on their way to the adapters: given until acked, lost never, without
 * spinning. Invariants: I8.
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

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

static void an_event_is_given_until_it_is_acked(void **state)
{
    struct rig *rig = *state;
    size_t n;

    rig->ack = false;
    (void)rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 10000);
    n = sah_fake_adapters_n(rig->adapters);
    assert_in_range(n, 6, 14); /* RECEIVED and DELIVERED, every 2 s and a bit */
    assert_int_equal(sah_memory_store_outbox(rig->store), 2);
    rig->ack = true;
    rig_pass(rig, 10000);
    assert_true(sah_fake_adapters_n(rig->adapters) <= n + 2);
    assert_int_equal(sah_memory_store_outbox(rig->store), 0);
    assert_true(sah_core_counters(rig->core)->events_acked >= 2);
}

static void an_adapter_that_is_away_loses_nothing(void **state)
{
    static const char *const channels[] = {RIG_CHANNEL};
    struct rig *rig = *state;
    const char *id;

    sah_fake_adapters_serve(rig->adapters, channels, 0);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 60000);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_ACKNOWLEDGED),
                     SAH_STATUS_APPLIED);
    assert_string_equal(rig_heard(rig, id), "");
    sah_fake_adapters_serve(rig->adapters, channels, 1);
    sah_core_adapter_came(rig->core, rig_now(rig));
    rig_settle(rig); /* at once, not at the next tick */
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED ACKNOWLEDGED");
}

static void a_deaf_adapter_is_not_asked_in_a_circle(void **state)
{
    struct rig *rig = *state;

    sah_fake_adapters_deaf(rig->adapters, true);
    for (unsigned i = 0; i < 80; i++)
        (void)rig_accept(rig, 1 + i, i, "AMBULANCE_108", NULL);
    rig->turns_max = 500;
    rig_pass(rig, 5000);
    sah_fake_adapters_deaf(rig->adapters, false);
    rig->turns_max = 20000;
    rig_pass(rig, 5000);
    assert_int_equal(sah_memory_store_outbox(rig->store), 0);
}

/* Two channels that are busy at the same time must not wake each other for ever. */
static void two_channels_come_to_rest(void **state)
{
    static const char *const channels[] = {RIG_CHANNEL, "counter"};
    struct rig *rig = *state;

    sah_fake_adapters_serve(rig->adapters, channels, 2);
    rig->turns_max = 500;
    for (unsigned i = 0; i < 10; i++) {
        (void)sah_format(rig_request(rig, 1 + i, i, "AMBULANCE_108")->citizen.channel,
                         SAH_CHANNEL_SIZE, "%s", channels[i % 2]);
        (void)rig_take(rig);
        sah_core_adapter_came(rig->core, rig_now(rig));
        sah_core_adapter_came(rig->core, rig_now(rig));
    }
    rig_settle(rig);
    rig_pass(rig, 3000);
    assert_int_equal(sah_memory_store_outbox(rig->store), 0);
    assert_int_equal(sah_fake_adapters_n(rig->adapters), 20);
}

static void many_events_leave_without_waiting_for_ticks(void **state)
{
    struct rig *rig = *state;

    for (unsigned i = 0; i < 90; i++) {
        (void)rig_request(rig, 1 + i, i, "AMBULANCE_108");
        (void)rig_take(rig);
    }
    rig_settle(rig);
    assert_int_equal(sah_fake_adapters_n(rig->adapters), 180);
    assert_int_equal(sah_memory_store_outbox(rig->store), 0);
}

static void a_store_that_is_away_only_delays(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    rig->ack = false;
    rig_pass(rig, 1000);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1000000);
    rig->ack = true;
    rig_pass(rig, 5000); /* the acks fail too */
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    sah_core_store_came(rig->core, rig_now(rig));
    rig_pass(rig, 5000);
    assert_int_equal(sah_memory_store_outbox(rig->store), 0);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_is_given_until_it_is_acked, make, unmake),
        cmocka_unit_test_setup_teardown(an_adapter_that_is_away_loses_nothing, make, unmake),
        cmocka_unit_test_setup_teardown(a_deaf_adapter_is_not_asked_in_a_circle, make, unmake),
        cmocka_unit_test_setup_teardown(two_channels_come_to_rest, make, unmake),
        cmocka_unit_test_setup_teardown(many_events_leave_without_waiting_for_ticks, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_store_that_is_away_only_delays, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
