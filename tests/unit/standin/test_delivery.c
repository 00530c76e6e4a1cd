/*
 * test_delivery - what an agency's machine does with a delivery: whose it takes, what it
 * records, how it answers in each mode, that a copy has no second effect.
 */
#include <stdio.h>
#include <string.h>

#include <sahaya/clock.h>

#include "tell.h"
#include "world.h"

static json_int_t count_of(struct world *world, const char *id, const char *counter)
{
    const struct world_answer *answer = world_get(world, "/agencies");
    size_t i;
    json_t *row;

    json_array_foreach(answer->json, i, row)
    {
        if (strcmp(sah_tell_text(row, "id"), id) == 0)
            return json_integer_value(json_object_get(row, counter));
    }
    return -1;
}

static void a_delivery_is_recorded_as_it_came(void **state)
{
    struct world *world = *state;
    int64_t before_ms = sah_clock_wall_ms();
    const struct world_answer *answer = world_deliver(world, "108", "k1", "request", "");
    json_t *row;
    json_int_t at_ms, at_us;

    assert_int_equal(answer->status, 200);
    assert_string_equal(sah_tell_text(answer->json, "case_no"), "C-108-00001");
    answer = world_get(world, "/received?after=0");
    assert_int_equal(json_array_size(answer->json), 1);
    row = json_array_get(answer->json, 0);
    assert_int_equal(json_integer_value(json_object_get(row, "n")), 1);
    at_ms = json_integer_value(json_object_get(row, "at_ms"));
    at_us = json_integer_value(json_object_get(row, "at_us"));
    assert_in_range(at_ms, before_ms, sah_clock_wall_ms());
    assert_int_equal(at_us / 1000, at_ms);
    assert_string_equal(sah_tell_text(row, "agency"), "108");
    assert_string_equal(sah_tell_text(row, "key"), "k1");
    assert_string_equal(sah_tell_text(row, "request_id"), "E001");
    assert_string_equal(sah_tell_text(row, "kind"), "request");
    assert_string_equal(sah_tell_text(row, "service"), "AMBULANCE_108");
    assert_string_equal(sah_tell_text(row, "priority"), "P1");
    assert_int_equal(json_integer_value(json_object_get(row, "attempt")), 1);
    assert_string_equal(sah_tell_text(json_object_get(row, "body"), "text"), "నొప్పి");
}

static void after_and_limit_choose_the_rows(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *path;
        size_t n;
        json_int_t first;
    } rows[] = {
        {"/received", 4, 1},         {"/received?after=0", 4, 1},
        {"/received?after=3", 1, 4}, {"/received?after=1&limit=2", 2, 2},
        {"/received?after=4", 0, 0}, {"/received?after=999999999999", 0, 0},
    };
    static const char *const bad[] = {"/received?after=-1", "/received?after=x",
                                      "/received?after=", "/received?limit=0"};

    for (unsigned i = 0; i < 4; i++) {
        char key[8];

        (void)sah_format(key, sizeof key, "k%u", i);
        assert_int_equal(world_deliver(world, "108", key, "request", "")->status, 200);
    }
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const struct world_answer *answer = world_get(world, rows[i].path);

        assert_int_equal(answer->status, 200);
        assert_int_equal(json_array_size(answer->json), rows[i].n);
        assert_int_equal(
            json_integer_value(json_object_get(json_array_get(answer->json, 0), "n")),
            rows[i].first);
    }
    for (size_t i = 0; i < SAH_LEN(bad); i++)
        assert_int_equal(world_get(world, bad[i])->status, 400);
}

static void a_copy_is_recorded_and_has_no_second_effect(void **state)
{
    struct world *world = *state;
    static const char *const story[] = {"ACKNOWLEDGED", "UNIT_ASSIGNED", "EN_ROUTE",
                                        "ON_SCENE",     "CLOSED",        NULL};

    for (unsigned i = 0; i < 5; i++) {
        const struct world_answer *answer = world_deliver(world, "108", "k1", "request", "");

        assert_int_equal(answer->status, 200);
        assert_string_equal(sah_tell_text(answer->json, "case_no"), "C-108-00001");
    }
    assert_int_equal(json_array_size(world_get(world, "/received")->json), 5);
    assert_int_equal(count_of(world, "108", "cases"), 1);
    assert_int_equal(count_of(world, "108", "copies"), 4);
    world_expect_states(world, story);
}

static void the_same_key_at_another_agency_is_no_copy(void **state)
{
    struct world *world = *state;

    world_deliver(world, "108", "k1", "request", "");
    world_deliver(world, "101", "k1", "request", "");
    assert_int_equal(count_of(world, "101", "cases"), 1);
    assert_int_equal(count_of(world, "101", "copies"), 0);
}

static void endpoints_of_one_agency_share_its_keys(void **state)
{
    struct world *world = *state;

    world_deliver(world, "101", "k1", "request", "");
    world_deliver(world, "101/second/site", "k1", "request", "");
    assert_int_equal(count_of(world, "101", "cases"), 1);
    assert_int_equal(count_of(world, "101", "copies"), 1);
}

static void only_the_router_is_believed(void **state)
{
    struct world *world = *state;
    static const struct sah_http_header rows[][4] = {
        {{"Idempotency-Key", "k"}, {"webhook-id", "k"}, {"webhook-timestamp", "1"}, {"a", "b"}},
        {{"Idempotency-Key", "k"}, {"a", "b"}, {"c", "d"}, {"e", "f"}},
        {{"Idempotency-Key", "k"},
         {"webhook-id", "k"},
         {"webhook-timestamp", "1700000000"},
         {"webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
        {{"Idempotency-Key", "k"},
         {"webhook-id", "k"},
         {"webhook-timestamp", "99999999999999999999"},
         {"webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
    };
    const struct world_answer *answer;
    char at[24];

    for (size_t i = 0; i < SAH_LEN(rows); i++)
        assert_int_equal(world_call(world, "POST", "/agencies/108", rows[i], 4, "{}")->status,
                         401);
    (void)sah_format(at, sizeof at, "%lld", (long long)(sah_clock_wall_ms() / 1000));
    const struct sah_http_header fresh[] = {
        {"Idempotency-Key", "k"},
        {"webhook-id", "k"},
        {"webhook-timestamp", at},
        {"webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v2,x"}};
    answer = world_call(world, "POST", "/agencies/108", fresh, SAH_LEN(fresh), "{}");
    assert_int_equal(answer->status, 401);
    assert_string_equal(sah_tell_text(answer->json, "text"), "webhook-signature is wrong");
    assert_int_equal(json_array_size(world_get(world, "/received")->json), 0);
    assert_int_equal(json_array_size(world_get(world, "/refused")->json), 5);
}

static void what_is_no_delivery_is_named_and_refused(void **state)
{
    struct world *world = *state;
    static const struct sah_http_header key = {"Idempotency-Key", "k"};
    static const struct {
        const char *path, *body;
        size_t n_headers;
        int status;
    } rows[] = {
        {"/agencies/101", "", 1, 400},
        {"/agencies/101", "[1]", 1, 400},
        {"/agencies/101", "{\"kind\":\"request\"", 1, 400},
        {"/agencies/101", "{\"kind\":\"request\",\"kind\":\"cancel\"}", 1, 400},
        {"/agencies/101", "{\"kind\":\"wish\",\"request_id\":\"E\"}", 1, 400},
        {"/agencies/101", "{\"kind\":7,\"request_id\":\"E\"}", 1, 400},
        {"/agencies/101", "{\"kind\":\"request\"}", 1, 400},
        {"/agencies/101", "{\"kind\":\"request\",\"request_id\":\"E\"}", 0, 400},
        {"/agencies/101",
         "{\"kind\":\"request\",\"request_id\":\"E\",\"status_url\":\"file:///etc/passwd\"}", 1,
         400},
        {"/agencies/101", "{\"kind\":\"request\",\"request_id\":\"E\"}", 1, 200},
        {"/agencies/a.b", "{}", 1, 404},
        {"/agencies/", "{}", 1, 404},
        {"/agencies/aaaaaaaaaabbbbbbbbbbccccccccccddd", "{}", 1, 404},
        {"/elsewhere", "{}", 1, 404},
    };

    for (size_t i = 0; i < SAH_LEN(rows); i++)
        assert_int_equal(
            world_call(world, "POST", rows[i].path, &key, rows[i].n_headers, rows[i].body)
                ->status,
            rows[i].status);
    assert_int_equal(json_array_size(world_get(world, "/received")->json), 1);
}

static void each_mode_answers_as_it_is_named(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *mode;
        enum sah_http_fault fault;
        int status, n_statuses;
    } rows[] = {
        {"{\"mode\":\"normal\",\"steps\":[\"ACKNOWLEDGED\"]}", SAH_HTTP_FINE, 200, 1},
        {"{\"mode\":\"machine_only\"}", SAH_HTTP_FINE, 200, 0},
        {"{\"mode\":\"silent\"}", SAH_HTTP_FINE, 200, 0},
        {"{\"mode\":\"refuse\"}", SAH_HTTP_FINE, 422, 0},
        {"{\"mode\":\"busy\"}", SAH_HTTP_FINE, 503, 0},
        {"{\"mode\":\"error500\"}", SAH_HTTP_FINE, 500, 0},
        {"{\"mode\":\"hang\"}", SAH_HTTP_TIMEOUT, 0, 0},
        {"{\"mode\":\"cut\",\"steps\":[\"ACKNOWLEDGED\"]}", SAH_HTTP_BROKEN, 0, 1},
    };
    unsigned n_heard = 0;

    for (unsigned i = 0; i < SAH_LEN(rows); i++) {
        const struct world_answer *answer;
        char key[8], request[64];

        (void)sah_format(key, sizeof key, "k%u", i);
        (void)sah_format(request, sizeof request, "\"related_request_id\":\"E%u\"", i);
        assert_int_equal(world_put(world, "/agencies/108", rows[i].mode)->status, 200);
        answer = world_deliver(world, "108", key, "request", request);
        assert_int_equal(answer->fault, rows[i].fault);
        assert_int_equal(answer->status, rows[i].status);
        n_heard += (unsigned)rows[i].n_statuses;
        world_wait_heard(world, n_heard);
        world_turn(world, 80);
        assert_int_equal(world->n_heard, n_heard);
    }
    /* libcurl may send a cut POST again: that is a copy, no second case */
    assert_in_range(json_array_size(world_get(world, "/received")->json), SAH_LEN(rows),
                    SAH_LEN(rows) + 1);
    assert_int_equal(count_of(world, "108", "cases"), 4);
}

static void a_refusal_and_a_busy_answer_say_why_and_when(void **state)
{
    struct world *world = *state;
    const struct world_answer *answer;

    world_put(world, "/agencies/108",
              "{\"mode\":\"refuse\",\"refuse_reason\":\"NO_RESOURCE\"}");
    answer = world_deliver(world, "108", "k1", "request", "");
    assert_string_equal(sah_tell_text(answer->json, "reason"), "NO_RESOURCE");
    world_put(world, "/agencies/108", "{\"mode\":\"busy\",\"retry_after_s\":7}");
    answer = world_deliver(world, "108", "k2", "request", "");
    assert_int_equal(answer->retry_after_ms, 7000);
}

static void an_answer_can_be_slow(void **state)
{
    struct world *world = *state;
    uint64_t start_ms = sah_clock_mono_ms();

    world_put(world, "/agencies/108", "{\"delay_ms\":120}");
    assert_int_equal(world_deliver(world, "108", "k1", "request", "")->status, 200);
    assert_in_range(sah_clock_mono_ms() - start_ms, 119, 2000);
}

static void a_refused_delivery_is_taken_when_it_comes_again(void **state)
{
    struct world *world = *state;
    static const char *const one[] = {"ACKNOWLEDGED", NULL};

    world_put(world, "/agencies/108", "{\"mode\":\"error500\"}");
    world_deliver(world, "108", "k1", "request", "");
    world_put(world, "/agencies/108", "{\"steps\":[\"ACKNOWLEDGED\"]}");
    assert_int_equal(world_deliver(world, "108", "k1", "request", "")->status, 200);
    assert_int_equal(count_of(world, "108", "cases"), 1);
    world_expect_states(world, one);
}

static void the_page_shows_what_came_and_escapes_it(void **state)
{
    struct world *world = *state;
    const struct world_answer *answer;

    world_deliver(world, "101", "k1", "amendment", "\"amendment\":\"<b>&\\\"\"");
    answer = world_get(world, "/");
    assert_int_equal(answer->status, 200);
    assert_non_null(strstr(answer->body, "&lt;b&gt;&amp;&quot;"));
    assert_null(strstr(answer->body, "<b>"));
    assert_int_equal(world_get(world, "/readyz")->status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_delivery_is_recorded_as_it_came),
        TEST(after_and_limit_choose_the_rows),
        TEST(a_copy_is_recorded_and_has_no_second_effect),
        TEST(the_same_key_at_another_agency_is_no_copy),
        TEST(endpoints_of_one_agency_share_its_keys),
        TEST(only_the_router_is_believed),
        TEST(what_is_no_delivery_is_named_and_refused),
        TEST(each_mode_answers_as_it_is_named),
        TEST(a_refusal_and_a_busy_answer_say_why_and_when),
        TEST(an_answer_can_be_slow),
        TEST(a_refused_delivery_is_taken_when_it_comes_again),
        TEST(the_page_shows_what_came_and_escapes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
