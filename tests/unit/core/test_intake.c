/*
 * test_intake - a message of an adapter: accepted only when it is durable, routed, in its lane.
 * Invariants: I1, I2, I6, I8; the bulk lane takes no emergency.
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

static unsigned deliveries_of(const struct rig *rig, const char *request_id)
{
    const struct sah_memory_delivery *d;
    unsigned n = 0;

    for (size_t i = 0; (d = sah_memory_store_delivery(rig->store, i)) != NULL; i++)
        n += strcmp(d->request_id, request_id) == 0;
    return n;
}

/* (I1) */
static void nothing_is_accepted_before_the_store_has_it(void **state)
{
    struct rig *rig = *state;
    size_t i;

    rig_request(rig, 1, 1, "AMBULANCE_108");
    i = rig_take(rig);
    assert_false(rig->results[i]->came);
    assert_int_equal(sah_core_jobs(rig->core), 1);
    rig_settle(rig);
    assert_true(rig->results[i]->came);
    assert_int_equal(rig->results[i]->code, SAH_RESULT_ACCEPTED);
    assert_true(rig->results[i]->accept_seq > 0);
    assert_int_equal(rig->results[i]->incident_id[0], 'I');
    assert_int_equal(sah_core_jobs(rig->core), 0);
}

/* (I1) A store that is away, or whose answer is lost, is never an ACCEPTED; asked again, the
 * same request comes of it. */
static void a_store_in_trouble_is_a_retry_and_asking_again_is_safe(void **state)
{
    static const struct {
        enum sah_memory_fault fault;
        enum sah_result_code again;
    } cases[] = {
        {SAH_MEMORY_DOWN, SAH_RESULT_ACCEPTED},
        {SAH_MEMORY_TIMEOUT_BEFORE, SAH_RESULT_ACCEPTED},
        {SAH_MEMORY_TIMEOUT_AFTER, SAH_RESULT_DUPLICATE},
    };
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        const struct rig_result *first, *second, *third;

        rig_request(rig, 10 + i, i, "AMBULANCE_108");
        sah_memory_store_fail_next(rig->store, cases[i].fault, 1);
        first = rig_ask(rig);
        assert_int_equal(first->code, SAH_RESULT_RETRY);
        assert_true(first->retry_after_ms > 0);
        assert_string_equal(first->request_id, "");
        second = rig_ask(rig);
        assert_int_equal(second->code, cases[i].again);
        assert_int_equal(second->request_id[0], 'E');
        third = rig_ask(rig);
        assert_int_equal(third->code, SAH_RESULT_DUPLICATE);
        assert_string_equal(third->request_id, second->request_id);
        assert_string_equal(third->incident_id, second->incident_id);
        assert_int_equal(deliveries_of(rig, second->request_id), 1);
        rig_pass(rig, 5000);
        assert_int_equal(rig_received(rig, "amb-108", second->request_id, SAH_KIND_REQUEST), 1);
    }
}

/* (I2, I6, I8) */
static void a_service_and_its_additional_ones_are_one_step(void **state)
{
    struct rig *rig = *state;
    struct sah_request *r = rig_request(rig, 1, 1, "LPG_LEAK");
    const struct rig_result *result;
    const struct sah_request_view *view;

    rig_also(r, "AMBULANCE_108");
    rig_also(r, "FIRE_101"); /* already there by LPG_LEAK: no second delivery */
    rig->ack = false;
    result = rig_ask(rig);
    assert_int_equal(result->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(deliveries_of(rig, result->request_id), 3);
    view = rig_view(rig, result->request_id);
    assert_int_equal(view->n_lines, 3);
    assert_int_equal(view->priority, SAH_PRIORITY_P1);
    assert_string_equal(view->incident_id, result->incident_id);
    assert_int_equal(view->last_sequence, 1);
    rig_pass(rig, 1000);
    assert_int_equal(rig_heard_n(rig, result->request_id, SAH_STATE_RECEIVED), 1);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const agencies[] = {"fire-101", "gas-1906", "amb-108"};
        char key[SAH_KEY_SIZE];

        sah_delivery_key(&result->id, agencies[i], key);
        assert_int_equal(rig_received(rig, agencies[i], result->request_id, SAH_KIND_REQUEST),
                         1);
        assert_string_equal(rig_attempt(rig, agencies[i], result->request_id, 0)->key, key);
    }
}

/* (I8) The event stands in the same step as the request: when the reply of the step is lost,
 * the citizen still hears. */
static void the_receipt_rides_in_the_accepting_step(void **state)
{
    struct rig *rig = *state;
    char request_id[SAH_REQUEST_ID_SIZE];
    const struct sah_outbox_event *event;

    rig_request(rig, 1, 7, "AMBULANCE_108");
    sah_request_id(SAH_LANE_EMERGENCY, sah_partition_of(SAH_SLICE("citizen-7"), 4),
                   &rig->message->id, request_id);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_TIMEOUT_AFTER, 1);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_RETRY);
    rig_crash(rig);
    rig_pass(rig, 4000); /* it was leased in that step too: that runs out first */
    assert_int_equal(rig_heard_n(rig, request_id, SAH_STATE_RECEIVED), 1);
    event = sah_fake_adapters_event(rig->adapters, 0);
    assert_string_equal(event->sender, "citizen-7");
    assert_string_equal(event->reply_token, "token-7");
    assert_string_equal(event->dial, "108");
    assert_string_equal(event->language, "te");
    assert_true(event->emergency);
    assert_int_equal(rig_received(rig, "amb-108", request_id, SAH_KIND_REQUEST), 1);
}

static void no_place_is_no_reason_to_wait(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    assert_int_equal(rig->message->u.request.n_places, 0);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), 1);
}

static void what_nobody_serves_goes_to_the_catch_all(void **state)
{
    static const char *const services[] = {"HELPLINE_9999", "UNKNOWN", ""};
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(services); i++) {
        const char *id = rig_accept(rig, 1 + i, i, services[i], NULL);

        assert_int_equal(rig_received(rig, "erss-112", id, SAH_KIND_REQUEST), 1);
        assert_int_equal(deliveries_of(rig, id), 1);
        assert_int_equal(rig_view(rig, id)->priority, SAH_PRIORITY_P1);
    }
    assert_int_equal(sah_core_counters(rig->core)->catch_all, 3);
}

static void the_bulk_lane_refuses_what_may_be_an_emergency(void **state)
{
    static const struct {
        const char *service, *cue;
        enum sah_urgency urgency;
        enum sah_result_code code;
    } cases[] = {
        {"AMBULANCE_108", "not_breathing", SAH_URGENCY_BULK, SAH_RESULT_WRONG_LANE},
        {"FIRE_101", NULL, SAH_URGENCY_BULK, SAH_RESULT_WRONG_LANE},
        {"HELPLINE_181", NULL, SAH_URGENCY_BULK, SAH_RESULT_WRONG_LANE},
        {"UNKNOWN", NULL, SAH_URGENCY_UNSPECIFIED, SAH_RESULT_WRONG_LANE},
        {"LPG_BOOKING", "not_breathing", SAH_URGENCY_BULK, SAH_RESULT_WRONG_LANE},
        {"AMBULANCE_102", NULL, SAH_URGENCY_BULK, SAH_RESULT_ACCEPTED},
        {"LPG_BOOKING", NULL, SAH_URGENCY_BULK, SAH_RESULT_ACCEPTED},
    };
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        struct sah_request *r = rig_request(rig, 1 + i, i, cases[i].service);
        const struct rig_result *result;

        r->urgency = cases[i].urgency;
        if (cases[i].cue != NULL)
            rig_cue(r, cases[i].cue);
        result = rig_ask(rig);
        assert_int_equal(result->code, cases[i].code);
        if (cases[i].code == SAH_RESULT_ACCEPTED)
            assert_int_equal(result->request_id[0], 'B');
    }
}

static void the_emergency_lane_takes_everything(void **state)
{
    static const char *const services[] = {"AMBULANCE_108", "FIRE_101",      "LPG_LEAK",
                                           "HELPLINE_181",  "AMBULANCE_102", "UNKNOWN",
                                           "LPG_BOOKING",   "HELPLINE_104"};
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(services); i++)
        assert_int_equal(rig_accept(rig, 1 + i, i, services[i], NULL)[0], 'E');
}

/* A worried caller presses again within the same moment: one request, both answered. */
static void the_same_message_twice_at_once_is_one_request(void **state)
{
    struct rig *rig = *state;
    size_t a, b;

    rig_request(rig, 1, 1, "AMBULANCE_108");
    a = rig_take(rig);
    b = rig_take(rig);
    rig_settle(rig);
    assert_int_equal(rig->results[a]->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(rig->results[b]->code, SAH_RESULT_DUPLICATE);
    assert_string_equal(rig->results[a]->request_id, rig->results[b]->request_id);
    assert_int_equal(deliveries_of(rig, rig->results[a]->request_id), 1);
}

static void a_router_that_stops_takes_nothing_new(void **state)
{
    struct rig *rig = *state;

    sah_core_stop(rig->core);
    rig_request(rig, 1, 1, "AMBULANCE_108");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_RETRY);
    assert_null(sah_memory_store_delivery(rig->store, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_accepted_before_the_store_has_it, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_store_in_trouble_is_a_retry_and_asking_again_is_safe,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(a_service_and_its_additional_ones_are_one_step, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(the_receipt_rides_in_the_accepting_step, make, unmake),
        cmocka_unit_test_setup_teardown(no_place_is_no_reason_to_wait, make, unmake),
        cmocka_unit_test_setup_teardown(what_nobody_serves_goes_to_the_catch_all, make, unmake),
        cmocka_unit_test_setup_teardown(the_bulk_lane_refuses_what_may_be_an_emergency,
                                        make_bulk, unmake),
        cmocka_unit_test_setup_teardown(the_emergency_lane_takes_everything, make, unmake),
        cmocka_unit_test_setup_teardown(the_same_message_twice_at_once_is_one_request, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_router_that_stops_takes_nothing_new, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
