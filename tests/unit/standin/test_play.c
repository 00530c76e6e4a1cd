/*
 * test_play - the person at an agency: steps in order and in time, cancels, pauses, and that a
 * router which is away for a while loses no status.
 */
#include <string.h>

#include "tell.h"
#include "world.h"

static void a_unit_goes_through_its_steps_in_order(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", "UNIT_ASSIGNED", "EN_ROUTE",
                                        "ON_SCENE",     "CLOSED",        NULL};

    world_deliver(world, "108", "k1", "request", "");
    world_expect_states(world, story);
    for (unsigned i = 0; i < 5; i++) {
        assert_string_equal(world->heard[i].path, "/v1/requests/E001/status");
        assert_string_equal(world->heard[i].bearer, WORLD_TOKEN);
        assert_string_equal(world_heard_text(world, i, "level"), "PERSON");
        assert_string_equal(world_heard_text(world, i, "by"), "dispatcher-1");
        assert_string_equal(world_heard_text(world, i, "case_no"), "C-108-00001");
        if (i > 0)
            assert_in_range(world->heard[i].at_ms - world->heard[i - 1].at_ms, 25, 3000);
    }
    assert_int_equal(json_array_size(json_object_get(world->heard[1].body, "units")), 1);
    assert_int_equal(json_integer_value(json_object_get(world->heard[2].body, "eta_s")), 600);
    assert_string_equal(world_heard_text(world, 4, "disposition"), "SERVED");
}

/* /statuses shows when a person spoke, and only what the router has taken. */
static void what_the_router_took_stands_under_statuses(void **state)
{
    struct world *world = *state;
    const json_t *row;

    world_put(world, "/agencies/108", "{\"steps\":[\"ACKNOWLEDGED\"]}");
    world_deliver(world, "108", "k1", "request", "");
    world_wait_heard(world, 1);
    world_turn(world, 50);
    row = json_array_get(world_get(world, "/statuses?after=0")->json, 0);
    assert_string_equal(sah_tell_text(row, "agency"), "108");
    assert_string_equal(sah_tell_text(row, "request_id"), "E001");
    assert_string_equal(sah_tell_text(row, "state"), "ACKNOWLEDGED");
    world->answer_status = 409;
    world_deliver(world, "108", "k2", "request", "");
    world_wait_heard(world, 2);
    world_turn(world, 50);
    assert_int_equal(json_array_size(world_get(world, "/statuses")->json), 1);
}

static void a_booking_has_number_price_link_and_date(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"BOOKED", "OUT_FOR_DELIVERY", "HANDED_OVER", "CLOSED",
                                        NULL};
    const json_t *booked;

    world_deliver(world, "indane", "k1", "request", "");
    world_expect_states(world, story);
    booked = world->heard[0].body;
    assert_string_equal(sah_tell_text(booked, "case_no"), "BK-indane-00001");
    assert_int_equal(json_integer_value(json_object_get(booked, "price_paise")), 90500);
    assert_int_equal(strncmp(sah_tell_text(booked, "payment_url"), "https://", 8), 0);
    assert_true(json_integer_value(json_object_get(booked, "due_ms")) >
                json_integer_value(json_object_get(booked, "sent_ms")));
}

static void what_the_service_books_is_a_booking_anywhere(void **state)
{
    struct world *world = *state;

    world_put(world, "/agencies/new-gas", "{\"steps\":[\"BOOKED\"]}");
    const struct sah_http_header key = {"Idempotency-Key", "k"};
    char body[256];

    (void)sah_format(body, sizeof body,
                     "{\"kind\":\"request\",\"request_id\":\"B1\",\"service\":\"LPG_BOOKING\","
                     "\"status_url\":\"%s\"}",
                     world->status_url);
    world_call(world, "POST", "/agencies/new-gas", &key, 1, body);
    world_wait_heard(world, 1);
    assert_string_equal(world_heard_text(world, 0, "case_no"), "BK-new-gas-00001");
}

static void a_cancel_stops_the_steps_and_is_confirmed(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", "CANCELLED", NULL};

    world_put(world, "/agencies/108", "{\"person_after_ms\":20,\"step_ms\":200}");
    world_deliver(world, "108", "k1", "request", "");
    world_wait_heard(world, 1);
    world_deliver(world, "108", "k2", "cancel", "");
    world_wait_heard(world, 2);
    world_turn(world, 250);
    world_expect_states(world, story);
    assert_int_equal(json_integer_value(json_object_get(world->heard[1].body, "sequence_seen")),
                     7);
}

static void a_cancel_can_be_declined_and_the_steps_go_on(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", "ACKNOWLEDGED", "CLOSED", NULL};

    world_put(world, "/agencies/108",
              "{\"person_after_ms\":20,\"step_ms\":120,\"cancel\":\"decline\","
              "\"steps\":[\"ACKNOWLEDGED\",\"CLOSED\"]}");
    world_deliver(world, "108", "k1", "request", "");
    world_wait_heard(world, 1);
    world_deliver(world, "108", "k2", "cancel", "");
    world_expect_states(world, story);
    assert_string_equal(world_heard_text(world, 1, "reason"), "CANCEL_DECLINED");
}

static void a_cancel_can_be_ignored(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", NULL};

    world_put(world, "/agencies/108",
              "{\"cancel\":\"ignore\",\"steps\":[\"ACKNOWLEDGED\"],\"person_after_ms\":60}");
    world_deliver(world, "108", "k1", "request", "");
    world_deliver(world, "108", "k2", "cancel", "");
    world_expect_states(world, story);
}

static void a_cancel_after_the_end_is_declined_with_the_end(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"CLOSED", "CLOSED", NULL};

    world_put(world, "/agencies/108", "{\"steps\":[\"CLOSED\"],\"person_after_ms\":10}");
    world_deliver(world, "108", "k1", "request", "");
    world_wait_heard(world, 1);
    world_turn(world, 30);
    world_deliver(world, "108", "k2", "cancel", "");
    world_expect_states(world, story);
    assert_string_equal(world_heard_text(world, 1, "reason"), "CANCEL_DECLINED");
}

static void a_cancel_of_an_unknown_request_is_confirmed(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"CANCELLED", NULL};

    world_deliver(world, "108", "k2", "cancel", "");
    world_expect_states(world, story);
}

static void a_pause_holds_a_booking_until_it_resumes(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"BOOKED", "CLOSED", NULL};

    world_put(world, "/agencies/indane",
              "{\"person_after_ms\":100,\"step_ms\":20,\"steps\":[\"BOOKED\",\"CLOSED\"]}");
    world_deliver(world, "indane", "k1", "request", "");
    world_deliver(world, "indane", "k2", "amendment", "\"amendment\":\"PAUSE\"");
    world_turn(world, 200);
    assert_int_equal(world->n_heard, 0);
    world_deliver(world, "indane", "k3", "amendment", "\"amendment\":\"RESUME\"");
    world_expect_states(world, story);
}

static void other_amendments_change_no_steps(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", "CLOSED", NULL};

    world_put(world, "/agencies/108", "{\"steps\":[\"ACKNOWLEDGED\",\"CLOSED\"]}");
    world_deliver(world, "108", "k1", "request", "");
    world_deliver(world, "108", "k2", "amendment", "\"amendment\":\"PLACE\"");
    world_deliver(world, "108", "k3", "amendment", "\"amendment\":\"PAUSE\""); /* no booking */
    world_expect_states(world, story);
}

static void a_router_that_was_away_gets_every_status_in_order(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", "CLOSED", NULL};

    world_put(world, "/agencies/108", "{\"steps\":[\"ACKNOWLEDGED\",\"CLOSED\"]}");
    world->n_unwilling = 1;
    world_deliver(world, "108", "k1", "request", "");
    world_turn(world, 300);
    assert_int_equal(world->n_heard, 0); /* the next try comes after a second */
    world_expect_states(world, story);
}

static void a_refused_status_ends_the_steps(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", NULL};

    world->answer_status = 409;
    world_deliver(world, "108", "k1", "request", "");
    world_expect_states(world, story);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_unit_goes_through_its_steps_in_order),
        TEST(what_the_router_took_stands_under_statuses),
        TEST(a_booking_has_number_price_link_and_date),
        TEST(what_the_service_books_is_a_booking_anywhere),
        TEST(a_cancel_stops_the_steps_and_is_confirmed),
        TEST(a_cancel_can_be_declined_and_the_steps_go_on),
        TEST(a_cancel_can_be_ignored),
        TEST(a_cancel_after_the_end_is_declined_with_the_end),
        TEST(a_cancel_of_an_unknown_request_is_confirmed),
        TEST(a_pause_holds_a_booking_until_it_resumes),
        TEST(other_amendments_change_no_steps),
        TEST(a_router_that_was_away_gets_every_status_in_order),
        TEST(a_refused_status_ends_the_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
