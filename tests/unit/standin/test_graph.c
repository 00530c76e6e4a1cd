/*
 * test_graph - the Graph API that the stand-in plays: what it takes, what it refuses and with
 * which code, the receipts it sends.
 */
#include <string.h>

#include "tell.h"
#include "world.h"

#define HEAD       "{\"messaging_product\":\"whatsapp\",\"to\":\"919000000001\","
#define TEXT(body) HEAD "\"type\":\"text\",\"text\":{\"body\":\"" body "\"}}"
#define INTERACTIVE(type, action)                                     \
    HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"" type \
         "\",\"body\":{\"text\":\"Which?\"},\"action\":" action "}}"
#define BUTTON(id, title) \
    "{\"type\":\"reply\",\"reply\":{\"id\":\"" id "\",\"title\":\"" title "\"}}"
#define BUTTONS(list) INTERACTIVE("button", "{\"buttons\":[" list "]}")
#define ROW(id)       "{\"id\":\"" id "\",\"title\":\"t" id "\"}"
#define LIST(sections) \
    INTERACTIVE("list", "{\"button\":\"Choose\",\"sections\":[" sections "]}")
#define FIVE(p) ROW(p "1") "," ROW(p "2") "," ROW(p "3") "," ROW(p "4") "," ROW(p "5")

static int code_of(const struct world_answer *answer)
{
    return (int)json_integer_value(
        json_object_get(json_object_get(answer->json, "error"), "code"));
}

static void a_message_gets_an_id_and_stands_under_sent(void **state)
{
    struct world *world = *state;
    const struct world_answer *answer = world_send(world, TEXT("సహాయం"));
    char id[96];
    const json_t *row;

    assert_int_equal(answer->status, 200);
    assert_string_equal(sah_tell_text(answer->json, "messaging_product"), "whatsapp");
    (void)sah_format(
        id, sizeof id, "%s",
        sah_tell_text(json_array_get(json_object_get(answer->json, "messages"), 0), "id"));
    assert_int_equal(strncmp(id, "wamid.", 6), 0);
    answer = world_get(world, "/sent?after=0");
    row = json_array_get(answer->json, 0);
    assert_string_equal(sah_tell_text(row, "to"), "919000000001");
    assert_string_equal(sah_tell_text(row, "type"), "text");
    assert_string_equal(sah_tell_text(row, "text"), "సహాయం");
    assert_string_equal(sah_tell_text(row, "id"), id);
    assert_string_equal(sah_tell_text(json_object_get(row, "body"), "type"), "text");
}

static void the_human_text_of_a_menu_is_its_body(void **state)
{
    struct world *world = *state;

    assert_int_equal(world_send(world, BUTTONS(BUTTON("a", "A")))->status, 200);
    assert_string_equal(
        sah_tell_text(json_array_get(world_get(world, "/sent")->json, 0), "text"), "Which?");
}

static void what_meta_takes_is_taken(void **state)
{
    struct world *world = *state;
    static const char *const rows[] = {
        TEXT("a"),
        "{\"messaging_product\":\"whatsapp\",\"to\":\"+919000000001\",\"text\":{\"body\":\"a\"}"
        "}",
        "{\"messaging_product\":\"whatsapp\",\"recipient\":\"IN.abc\",\"type\":\"text\","
        "\"text\":{\"body\":\"a\"}}",
        HEAD
        "\"type\":\"text\",\"context\":{\"message_id\":\"wamid.x\"},\"text\":{\"body\":\"a\","
        "\"preview_url\":false}}",
        BUTTONS(BUTTON("a", "A") "," BUTTON("b", "B") "," BUTTON("c", "C")),
        BUTTONS(BUTTON("a", "అంబులెన్స్ అంబులెన్")), /* 19 code points, far more bytes */
        LIST("{\"rows\":[" FIVE("a") "," FIVE("b") "]}"),
        LIST("{\"title\":\"x\",\"rows\":[" FIVE("a") "]},{\"title\":\"y\",\"rows\":[" FIVE(
            "b") "]}"),
        INTERACTIVE("location_request_message", "{\"name\":\"send_location\"}"),
        INTERACTIVE("cta_url", "{\"name\":\"cta_url\",\"parameters\":{\"display_text\":\"Pay\","
                               "\"url\":\"https://x.in/1\"}}"),
        HEAD "\"type\":\"image\",\"image\":{\"id\":\"1\",\"caption\":\"c\"}}",
        HEAD "\"type\":\"location\",\"location\":{\"latitude\":17.3,\"longitude\":\"78.4\"}}",
        HEAD
        "\"type\":\"template\",\"template\":{\"name\":\"n\",\"language\":{\"code\":\"te\"}}}",
    };

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const struct world_answer *answer = world_send(world, rows[i]);

        if (answer->status != 200)
            fail_msg("row %zu: %s", i, answer->body);
    }
    assert_int_equal(json_array_size(world_get(world, "/sent")->json), SAH_LEN(rows));
}

static void what_meta_refuses_is_refused_with_code_100(void **state)
{
    struct world *world = *state;
    static const char *const rows[] = {
        "",
        "[]",
        "{}",
        "{\"messaging_product\":\"telegram\",\"to\":\"919000000001\",\"text\":{\"body\":\"a\"}"
        "}",
        "{\"messaging_product\":\"whatsapp\",\"text\":{\"body\":\"a\"}}",
        "{\"messaging_product\":\"whatsapp\",\"to\":\"nobody\",\"text\":{\"body\":\"a\"}}",
        TEXT(""),
        HEAD "\"type\":\"text\",\"text\":\"a\"}",
        HEAD "\"type\":\"text\"}",
        HEAD "\"type\":\"smoke\",\"smoke\":{}}",
        BUTTONS(""),
        BUTTONS(
            BUTTON("a", "A") "," BUTTON("b", "B") "," BUTTON("c", "C") "," BUTTON("d", "D")),
        BUTTONS(BUTTON("a", "123456789012345678901")),
        BUTTONS(BUTTON("a", "A") "," BUTTON("b", "A")),
        BUTTONS(BUTTON("a", "A") "," BUTTON("a", "B")),
        BUTTONS(BUTTON(" a", "A")),
        LIST("{\"rows\":[" FIVE("a") "," FIVE("b") "," ROW("c") "]}"),
        LIST("{\"title\":\"x\",\"rows\":[" FIVE("a") "," ROW(
            "c") "]},{\"title\":\"y\",\"rows\":[" FIVE("b") "]}"),
        LIST("{\"rows\":[" FIVE("a") "]},{\"rows\":[" FIVE("b") "]}"),
        LIST("{\"rows\":[" ROW("a") "," ROW("a") "]}"),
        INTERACTIVE(
            "list",
            "{\"button\":\"123456789012345678901\",\"sections\":[{\"rows\":[" ROW("a") "]}]}"),
        INTERACTIVE("cta_url", "{\"name\":\"cta_url\",\"parameters\":{\"display_text\":\"Pay\","
                               "\"url\":\"http://x.in/1\"}}"),
        INTERACTIVE("location_request_message", "{\"name\":\"elsewhere\"}"),
        INTERACTIVE("carousel", "{}"),
        HEAD "\"type\":\"image\",\"image\":{\"id\":\"1\",\"link\":\"https://x\"}}",
    };

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const struct world_answer *answer = world_send(world, rows[i]);

        if (answer->status != 400 || code_of(answer) != 100)
            fail_msg("row %zu: %d %s", i, answer->status, answer->body);
    }
    assert_int_equal(json_array_size(world_get(world, "/sent")->json), 0);
    assert_int_equal(json_array_size(world_get(world, "/refused")->json), SAH_LEN(rows));
}

/* Characters, not bytes: 4096 of three bytes each fit, 4097 do not. */
static void the_longest_text_is_counted_in_code_points(void **state)
{
    struct world *world = *state;

    for (unsigned n = 4096; n <= 4097; n++) {
        struct sah_buf body;

        sah_buf_init(&body, 65536);
        sah_buf_add_text(&body, HEAD "\"type\":\"text\",\"text\":{\"body\":\"");
        for (unsigned i = 0; i < n; i++)
            sah_buf_add_text(&body, "స");
        sah_buf_add_text(&body, "\"}}");
        assert_false(body.failed);
        assert_int_equal(world_send(world, body.data)->status, n == 4096 ? 200 : 400);
        sah_buf_fini(&body);
    }
}

static void a_wrong_token_is_code_190_and_a_wrong_path_404(void **state)
{
    struct world *world = *state;
    static const struct sah_http_header wrong = {"Authorization", "Bearer other"};
    static const struct sah_http_header right = {"Authorization", "Bearer " WORLD_BEARER};
    static const char *const paths[] = {"/graph/v23.0/1061/media", "/graph/1061/messages",
                                        "/graph/v23.0/x/messages",
                                        "/graph/v23.0/1061/messages/more"};
    const struct world_answer *answer =
        world_call(world, "POST", "/graph/v23.0/1061/messages", &wrong, 1, TEXT("a"));

    assert_int_equal(answer->status, 401);
    assert_int_equal(code_of(answer), 190);
    assert_int_equal(
        world_call(world, "POST", "/graph/v23.0/1061/messages", NULL, 0, TEXT("a"))->status,
        401);
    for (size_t i = 0; i < SAH_LEN(paths); i++)
        assert_int_equal(world_call(world, "POST", paths[i], &right, 1, TEXT("a"))->status,
                         404);
}

static void mark_as_read_is_no_message(void **state)
{
    struct world *world = *state;
    const struct world_answer *answer = world_send(
        world,
        "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.x\"}");

    assert_int_equal(answer->status, 200);
    assert_true(json_is_true(json_object_get(answer->json, "success")));
    assert_int_equal(json_array_size(world_get(world, "/sent")->json), 0);
}

static void it_fails_as_it_is_told_until_it_is_told_otherwise(void **state)
{
    struct world *world = *state;
    const struct world_answer *answer;

    assert_int_equal(
        world_put(world, "/graph", "{\"error_code\":130429,\"error_status\":429}")->status,
        200);
    answer = world_send(world, TEXT("a"));
    assert_int_equal(answer->status, 429);
    assert_int_equal(code_of(answer), 130429);
    assert_int_equal(world_put(world, "/graph", "{}")->status, 200);
    assert_int_equal(world_send(world, TEXT("a"))->status, 200);
    assert_int_equal(world_put(world, "/graph", "{\"nonsense\":1}")->status, 400);
    assert_int_equal(world_put(world, "/graph", "{\"error_status\":200}")->status, 400);
}

static void receipts_are_signed_and_carry_our_key(void **state)
{
    struct world *world = *state;
    bool seen[3] = {false};
    static const char *const names[] = {"sent", "delivered", "read"};

    world_send(world, HEAD "\"type\":\"text\",\"biz_opaque_callback_data\":\"key-1\","
                           "\"text\":{\"body\":\"a\"}}");
    world_wait_heard(world, 3);
    for (unsigned i = 0; i < 3; i++) {
        json_t *value = json_object_get(
            json_array_get(
                json_object_get(
                    json_array_get(json_object_get(world->heard[i].body, "entry"), 0),
                    "changes"),
                0),
            "value");
        json_t *status = json_array_get(json_object_get(value, "statuses"), 0);

        assert_string_equal(world->heard[i].path, "/webhooks");
        assert_int_equal(strlen(world->heard[i].signature), 71);
        assert_string_equal(
            sah_tell_text(json_object_get(value, "metadata"), "phone_number_id"), "1061");
        assert_string_equal(sah_tell_text(status, "recipient_id"), "919000000001");
        assert_string_equal(sah_tell_text(status, "biz_opaque_callback_data"), "key-1");
        for (size_t j = 0; j < SAH_LEN(names); j++)
            seen[j] |= strcmp(sah_tell_text(status, "status"), names[j]) == 0;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    world_put(world, "/graph", "{\"receipts\":false}");
    world_send(world, TEXT("a"));
    world_turn(world, 100);
    assert_int_equal(world->n_heard, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_message_gets_an_id_and_stands_under_sent),
        TEST(the_human_text_of_a_menu_is_its_body),
        TEST(what_meta_takes_is_taken),
        TEST(what_meta_refuses_is_refused_with_code_100),
        TEST(the_longest_text_is_counted_in_code_points),
        TEST(a_wrong_token_is_code_190_and_a_wrong_path_404),
        TEST(mark_as_read_is_no_message),
        TEST(it_fails_as_it_is_told_until_it_is_told_otherwise),
        cmocka_unit_test_setup_teardown(receipts_are_signed_and_carry_our_key,
                                        world_setup_with_receipts, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
