/* test_parse - bytes of a POST to a flat list: everything, each with its own number. */
#include "sample.h"

static void mixed_batch_gives_every_piece(void **state)
{
    unsigned counts[SAH_N_UPDATE_KINDS] = {0}, second_number = 0;
    struct sah_parsed parsed;

    (void)state;
    sample_parse("mixed", &parsed);
    for (size_t i = 0; i < parsed.n_updates; i++) {
        const char *account = json_string_value(parsed.updates[i].account);

        counts[parsed.updates[i].kind]++;
        second_number += account != NULL && strcmp(account, "100000000000002") == 0;
    }
    assert_int_equal(counts[SAH_UPDATE_MESSAGE], 4);
    assert_int_equal(counts[SAH_UPDATE_STATUS], 6);
    assert_int_equal(counts[SAH_UPDATE_ERROR], 1);
    assert_int_equal(counts[SAH_UPDATE_FIELD], 2);
    /* value no object, change without field, change no object, entry without changes, entry no
     * object, messages no list, status no object */
    assert_int_equal(counts[SAH_UPDATE_BROKEN], 7);
    assert_int_equal(second_number, 1);
    sah_parsed_fini(&parsed);
}

static void what_is_no_webhook_says_why(void **state)
{
    static const struct {
        const char *body, *why;
    } cases[] = {
        {"", "not_json"},
        {"{", "not_json"},
        {"nonsense", "not_json"},
        {"{} {}", "not_json"},
        {"\"text\"", "not_json"},
        {"[]", "no_object"},
        {"{}", "no_object"},
        {"{\"object\":5}", "no_object"},
        {"{\"object\":\"whatsapp_business_account\"}", "no_entry"},
        {"{\"object\":\"whatsapp_business_account\",\"entry\":{}}", "no_entry"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_parsed parsed = {0};
        const char *why = NULL;

        assert_int_equal(sah_parse_webhook(cases[i].body, strlen(cases[i].body), &parsed, &why),
                         SAH_EINVAL);
        assert_string_equal(why, cases[i].why);
        assert_null(parsed.root);
    }
}

static void another_object_is_foreign_and_empty(void **state)
{
    static const char body[] = "{\"object\":\"page\",\"entry\":[{\"changes\":[{}]}]}";
    struct sah_parsed parsed;
    const char *why = NULL;

    (void)state;
    assert_int_equal(sah_parse_webhook(body, sizeof body - 1, &parsed, &why), SAH_OK);
    assert_true(parsed.foreign);
    assert_int_equal(parsed.n_updates, 0);
    sah_parsed_fini(&parsed);
}

static void too_deep_is_refused_before_it_is_read(void **state)
{
    char body[500];
    struct sah_parsed parsed;
    const char *why = NULL;

    (void)state;
    memset(body, '[', sizeof body);
    assert_int_equal(sah_parse_webhook(body, sizeof body, &parsed, &why), SAH_EINVAL);
    assert_string_equal(why, "too_deep_or_many");
}

static void a_torn_emoji_does_not_take_its_neighbours_along(void **state)
{
    static const char *const broken[] = {"\xf0\x9f\x94", "\\ud83d", "\\udd25", "\xff"};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(broken); i++) {
        struct sah_parsed parsed;
        const char *why = NULL;
        char body[400];

        assert_int_equal(
            sah_format(
                body, sizeof body,
                "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{"
                "\"field\":\"messages\",\"value\":{\"messages\":[{\"a\":\"%s\"},{}]}}]}]}",
                broken[i]),
            SAH_OK);
        assert_int_equal(sah_parse_webhook(body, strlen(body), &parsed, &why), SAH_OK);
        assert_true(parsed.repaired);
        assert_int_equal(parsed.n_updates, 2);
        sah_parsed_fini(&parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed_batch_gives_every_piece),
        cmocka_unit_test(what_is_no_webhook_says_why),
        cmocka_unit_test(another_object_is_foreign_and_empty),
        cmocka_unit_test(too_deep_is_refused_before_it_is_read),
        cmocka_unit_test(a_torn_emoji_does_not_take_its_neighbours_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
