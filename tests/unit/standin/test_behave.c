/*
 * test_behave - PUT /agencies/{id}: what it takes and refuses, what "*" does; and that the
 * lists stay within their bounds.
 */
#include <string.h>

#include "book.h"
#include "tell.h"
#include "world.h"

static void what_is_said_holds_and_the_rest_is_as_at_the_start(void **state)
{
    struct world *world = *state;
    const struct world_answer *answer =
        world_put(world, "/agencies/108",
                  "{\"mode\":\"busy\",\"retry_after_s\":3,\"steps\":[\"ACKNOWLEDGED\"]}");

    assert_int_equal(answer->status, 200);
    assert_string_equal(sah_tell_text(answer->json, "mode"), "busy");
    answer = world_put(world, "/agencies/108", "{\"step_ms\":5}");
    assert_string_equal(sah_tell_text(answer->json, "mode"), "normal");
    assert_int_equal(json_integer_value(json_object_get(answer->json, "step_ms")), 5);
    assert_int_equal(json_integer_value(json_object_get(answer->json, "person_after_ms")), 30);
    assert_null(json_object_get(answer->json, "steps"));
}

static void a_star_is_for_all_known_and_unknown(void **state)
{
    struct world *world = *state;

    world_put(world, "/agencies/108", "{\"mode\":\"busy\"}");
    world_put(world, "/agencies/*", "{\"mode\":\"refuse\"}");
    assert_int_equal(world_deliver(world, "108", "k1", "request", "")->status, 422);
    assert_int_equal(world_deliver(world, "101", "k1", "request", "")->status, 422);
    world_put(world, "/agencies/101", "{\"mode\":\"error500\"}");
    assert_int_equal(world_deliver(world, "101", "k2", "request", "")->status, 500);
    assert_int_equal(world_deliver(world, "108", "k2", "request", "")->status, 422);
    assert_string_equal(
        sah_tell_text(json_array_get(world_get(world, "/agencies")->json, 0), "id"), "*");
}

static void what_is_none_is_refused_and_changes_nothing(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *body, *names; /* the answer names it */
    } rows[] = {
        {"", "object"},
        {"[]", "object"},
        {"{\"moed\":\"busy\"}", "moed"},
        {"{\"mode\":\"asleep\"}", "mode"},
        {"{\"mode\":7}", "mode"},
        {"{\"cancel\":\"perhaps\"}", "cancel"},
        {"{\"step_ms\":-1}", "step_ms"},
        {"{\"step_ms\":3600001}", "step_ms"},
        {"{\"step_ms\":1.5}", "step_ms"},
        {"{\"step_ms\":\"5\"}", "step_ms"},
        {"{\"steps\":[\"SLEEPING\"]}", "steps"},
        {"{\"steps\":\"CLOSED\"}", "steps"},
        {"{\"steps\":[7]}", "steps"},
        {"{\"refuse_reason\":\"\\u0000\"}", "object"},
        {"{\"refuse_reason\":\"lower\"}", "refuse_reason"},
        {"{\"refuse_reason\":\"\"}", "refuse_reason"},
        {"{\"mode\":\"busy\",\"delay_ms\":60001}", "delay_ms"},
    };
    const json_t *everyone;

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const struct world_answer *answer = world_put(world, "/agencies/*", rows[i].body);

        assert_int_equal(answer->status, 400);
        if (strstr(sah_tell_text(answer->json, "text"), rows[i].names) == NULL)
            fail_msg("row %zu: %s", i, answer->body);
    }
    everyone =
        json_object_get(json_array_get(world_get(world, "/agencies")->json, 0), "behaviour");
    assert_string_equal(sah_tell_text(everyone, "mode"), "normal");
    assert_int_equal(world_put(world, "/agencies/a.b", "{}")->status, 404);
}

static void a_book_forgets_its_oldest_rows(void **state)
{
    struct sah_book *book;

    (void)state;
    assert_int_equal(sah_book_create(3, 1000, &book), SAH_OK);
    for (int i = 1; i <= 5; i++)
        sah_book_add(book, json_pack("{s:i}", "v", i * 10));
    assert_int_equal(sah_book_last(book), 5);
    assert_null(sah_book_row(book, 2));
    assert_string_equal(sah_book_row(book, 3), "{\"n\":3,\"v\":30}");
    assert_string_equal(sah_book_row(book, 5), "{\"n\":5,\"v\":50}");
    assert_null(sah_book_row(book, 6));
    sah_book_destroy(book);
}

static void a_book_keeps_within_its_bytes(void **state)
{
    struct sah_book *book;
    char text[31];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(sah_book_create(100, 100, &book), SAH_OK);
    for (int i = 0; i < 10; i++)
        sah_book_add(book, json_pack("{s:s}", "v", text)); /* 44 or 45 bytes a row */
    assert_null(sah_book_row(book, 8));
    assert_non_null(sah_book_row(book, 9));
    assert_non_null(sah_book_row(book, 10));
    assert_int_equal(sah_book_lost(book), 0);
    sah_book_add(book, NULL); /* no memory for a row: counted, not numbered */
    assert_int_equal(sah_book_lost(book), 1);
    assert_int_equal(sah_book_last(book), 10);
    sah_book_destroy(book);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_is_said_holds_and_the_rest_is_as_at_the_start),
        TEST(a_star_is_for_all_known_and_unknown),
        TEST(what_is_none_is_refused_and_changes_nothing),
        cmocka_unit_test(a_book_forgets_its_oldest_rows),
        cmocka_unit_test(a_book_keeps_within_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
