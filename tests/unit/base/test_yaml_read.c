/* test_yaml_read - allowed names with the nearest one as a hint, and typed reads. */
#include "check.h"

#include <sahaya/conf.h>

static struct sah_yaml_doc *parse(const char *text)
{
    struct sah_yaml_doc *doc = NULL;
    struct sah_fault fault;

    if (sah_yaml_parse("t.yaml", text, strlen(text), &doc, &fault) != SAH_OK)
        fail_msg("%u: %s: %s", fault.line, fault.key, fault.text);
    return doc;
}

static void an_unknown_name_is_told_the_nearest(void **state)
{
    static const char *const allowed[] = {"redis_socket",
                                          "redis_deadline_ms",
                                          "listen",
                                          "an_allowed_name_that_is_very_long_longer_than_any_"
                                          "sensible_name_of_a_setting",
                                          "id",
                                          NULL};
    static const struct {
        const char *text, *key, *says;
        unsigned line;
    } cases[] = {
        {"listen: 1\nredis_sockt: x\n", "redis_sockt",
         "unknown key 'redis_sockt'; did you mean 'redis_socket'?", 2},
        {"redis_scoket: x\n", "redis_scoket",
         "unknown key 'redis_scoket'; did you mean 'redis_socket'?", 1},
        {"redis-socket: x\n", "redis-socket",
         "unknown key 'redis-socket'; did you mean 'redis_socket'?", 1},
        {"redis_deadline: x\n", "redis_deadline",
         "unknown key 'redis_deadline'; did you mean 'redis_deadline_ms'?", 1},
        {"Listen: x\n", "Listen", "unknown key 'Listen'; did you mean 'listen'?", 1},
        {"ix: x\n", "ix", "unknown key 'ix'; did you mean 'id'?", 1},
        {"colour: x\n", "colour", "unknown key 'colour'", 1},
        {"xy: x\n", "xy", "unknown key 'xy'", 1},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: x\n",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "unknown key 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
         1},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_yaml_doc *doc = parse(cases[i].text);
        struct sah_fault fault;

        assert_int_equal(sah_yaml_only(doc, sah_yaml_root(doc), allowed, &fault), SAH_EINVAL);
        assert_string_equal(fault.key, cases[i].key);
        assert_string_equal(fault.text, cases[i].says);
        assert_int_equal(fault.line, cases[i].line);
        sah_yaml_destroy(doc);
    }
}

static void allowed_names_pass_and_a_list_is_no_map(void **state)
{
    static const char *const allowed[] = {"a", "b", NULL};
    struct sah_yaml_doc *doc = parse("b: 1\na: [1]\n");
    const struct sah_yaml *root = sah_yaml_root(doc);
    struct sah_fault fault;

    (void)state;
    assert_int_equal(sah_yaml_only(doc, root, allowed, &fault), SAH_OK);
    assert_int_equal(sah_yaml_only(doc, sah_yaml_get(root, "a"), allowed, &fault), SAH_EINVAL);
    assert_int_equal(fault.line, 2);
    assert_string_equal(fault.key, "a");
    assert_non_null(strstr(fault.text, "must be a map"));
    assert_int_equal(sah_yaml_only(doc, NULL, allowed, &fault), SAH_EINVAL);
    sah_yaml_destroy(doc);
}

static const char sample[] = "text: four\nlong: 12345678\nnumber: 42\nminus: -5\nyes: yes\n"
                             "on: true\noff: false\nlist: [1]\nmap: {a: 1}\nempty:\n";

static void texts_are_read_within_their_size(void **state)
{
    static const struct {
        const char *key;
        bool required;
        int rc;
        unsigned line;
        const char *value; /* or, when refused, what the fault says */
    } cases[] = {
        {"text", true, SAH_OK, 0, "four"},
        {"number", true, SAH_OK, 0, "42"},
        {"empty", false, SAH_OK, 0, ""},
        {"none", false, SAH_OK, 0, "old"},
        {"none", true, SAH_EINVAL, 1, "is missing; write 'none: ' and a text"},
        {"empty", true, SAH_EINVAL, 10, "is empty; write a text"},
        {"long", true, SAH_ELIMIT, 2, "is 8 bytes long; at most 7 are allowed"},
        {"list", true, SAH_EINVAL, 8, "must be a text, not a list"},
        {"map", false, SAH_EINVAL, 9, "must be a text, not a map"},
    };
    struct sah_yaml_doc *doc = parse(sample);

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_fault fault = {0};
        char text[8] = "old";

        assert_int_equal(sah_yaml_text(doc, sah_yaml_root(doc), cases[i].key, cases[i].required,
                                       text, sizeof text, &fault),
                         cases[i].rc);
        if (cases[i].rc == SAH_OK) {
            assert_string_equal(text, cases[i].value);
            continue;
        }
        assert_string_equal(text, "old");
        assert_string_equal(fault.text, cases[i].value);
        assert_string_equal(fault.key, cases[i].key);
        assert_int_equal(fault.line, cases[i].line);
    }
    sah_yaml_destroy(doc);
}

static void numbers_and_bools_are_nothing_else(void **state)
{
    struct sah_yaml_doc *doc = parse(sample);
    const struct sah_yaml *root = sah_yaml_root(doc);
    struct sah_fault fault;
    int64_t number = 7;
    bool flag = false;

    (void)state;
    assert_int_equal(sah_yaml_number(doc, root, "number", true, 0, 42, &number, &fault),
                     SAH_OK);
    assert_int_equal(number, 42);
    assert_int_equal(sah_yaml_number(doc, root, "minus", true, -5, 5, &number, &fault), SAH_OK);
    assert_int_equal(number, -5);
    assert_int_equal(sah_yaml_number(doc, root, "none", false, 0, 1, &number, &fault), SAH_OK);
    assert_int_equal(sah_yaml_number(doc, root, "number", true, 0, 41, &number, &fault),
                     SAH_EINVAL);
    assert_int_equal(fault.line, 3);
    assert_string_equal(fault.text, "must be a whole number, 0..41");
    assert_int_equal(sah_yaml_number(doc, root, "text", true, 0, 41, &number, &fault),
                     SAH_EINVAL);
    assert_int_equal(sah_yaml_number(doc, root, "empty", false, 0, 41, &number, &fault),
                     SAH_EINVAL);
    assert_int_equal(sah_yaml_number(doc, root, "none", true, 0, 41, &number, &fault),
                     SAH_EINVAL);
    assert_int_equal(sah_yaml_number(doc, NULL, "none", true, 0, 41, &number, &fault),
                     SAH_EINVAL);
    assert_int_equal(fault.line, 0);
    assert_int_equal(number, -5);

    assert_int_equal(sah_yaml_bool(doc, root, "on", true, &flag, &fault), SAH_OK);
    assert_true(flag);
    assert_int_equal(sah_yaml_bool(doc, root, "none", false, &flag, &fault), SAH_OK);
    assert_int_equal(sah_yaml_bool(doc, root, "yes", true, &flag, &fault), SAH_EINVAL);
    assert_int_equal(fault.line, 5);
    assert_string_equal(fault.text, "must be true or false");
    assert_int_equal(sah_yaml_bool(doc, root, "none", true, &flag, &fault), SAH_EINVAL);
    assert_true(flag);
    assert_int_equal(sah_yaml_bool(doc, root, "off", true, &flag, &fault), SAH_OK);
    assert_false(flag);
    sah_yaml_destroy(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_name_is_told_the_nearest),
        cmocka_unit_test(allowed_names_pass_and_a_list_is_no_map),
        cmocka_unit_test(texts_are_read_within_their_size),
        cmocka_unit_test(numbers_and_bools_are_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
