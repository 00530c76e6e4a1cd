/* test_number - hex digits, decimal numbers at the edges of their types, secrets. */
#include "check.h"

#include <sahaya/str.h>

static void hex_goes_there_and_back(void **state)
{
    uint8_t all[256], back[256];
    char text[2 * sizeof all + 1];

    (void)state;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    sah_hex(text, all, sizeof all);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f", 32);
    assert_string_equal(text + 504, "fcfdfeff");
    assert_int_equal(sah_unhex(back, sizeof back, text, strlen(text), true), SAH_OK);
    assert_memory_equal(back, all, sizeof all);
    sah_hex(text, "", 0);
    assert_string_equal(text, "");
}

static void what_is_not_exactly_hex_is_refused(void **state)
{
    static const struct {
        const char *hex;
        bool lower_only;
        int rc;
    } cases[] = {
        {"0aff", true, SAH_OK},      {"0AFF", false, SAH_OK},      {"0aFf", false, SAH_OK},
        {"0AFF", true, SAH_EINVAL},  {"0afF", true, SAH_EINVAL},   {"0af", true, SAH_EINVAL},
        {"0afff", true, SAH_EINVAL}, {"0aff00", true, SAH_EINVAL}, {"", true, SAH_EINVAL},
        {"0ag0", true, SAH_EINVAL},  {"0x0a", false, SAH_EINVAL},  {" aff", false, SAH_EINVAL},
        {"0a/f", false, SAH_EINVAL}, {"0a:f", false, SAH_EINVAL},  {"0a@f", false, SAH_EINVAL},
        {"0aG0", false, SAH_EINVAL}, {"0a`0", false, SAH_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        uint8_t bytes[2] = {1, 2};
        int rc = sah_unhex(bytes, 2, cases[i].hex, strlen(cases[i].hex), cases[i].lower_only);

        assert_int_equal(rc, cases[i].rc);
        assert_memory_equal(bytes, rc == SAH_OK ? "\x0A\xFF" : "\x01\x02", 2);
    }
}

static void unsigned_numbers_are_read_whole_and_within_bounds(void **state)
{
    static const struct {
        const char *text;
        uint64_t min, max;
        int rc;
        uint64_t value;
    } cases[] = {
        {"0", 0, 10, SAH_OK, 0},
        {"10", 0, 10, SAH_OK, 10},
        {"007", 0, 10, SAH_OK, 7},
        {"18446744073709551615", 0, UINT64_MAX, SAH_OK, UINT64_MAX},
        {"18446744073709551616", 0, UINT64_MAX, SAH_EINVAL, 0},
        {"18446744073709551620", 0, UINT64_MAX, SAH_EINVAL, 0},
        {"99999999999999999999999", 0, UINT64_MAX, SAH_EINVAL, 0},
        {"11", 0, 10, SAH_EINVAL, 0},
        {"4", 5, 10, SAH_EINVAL, 0},
        {"", 0, 10, SAH_EINVAL, 0},
        {"-1", 0, 10, SAH_EINVAL, 0},
        {"+1", 0, 10, SAH_EINVAL, 0},
        {" 1", 0, 10, SAH_EINVAL, 0},
        {"1 ", 0, 10, SAH_EINVAL, 0},
        {"1.0", 0, 10, SAH_EINVAL, 0},
        {"1e1", 0, 10, SAH_EINVAL, 0},
        {"0x1", 0, 10, SAH_EINVAL, 0},
        {"٣", 0, 10, SAH_EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        uint64_t value = 77;
        int rc = sah_parse_u64(sah_slice_of(cases[i].text), cases[i].min, cases[i].max, &value);

        assert_int_equal(rc, cases[i].rc);
        assert_true(value == (rc == SAH_OK ? cases[i].value : 77));
    }
}

static void signed_numbers_reach_both_ends(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
        int rc;
        int64_t value;
    } cases[] = {
        {"9223372036854775807", INT64_MIN, INT64_MAX, SAH_OK, INT64_MAX},
        {"9223372036854775808", INT64_MIN, INT64_MAX, SAH_EINVAL, 0},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, SAH_OK, INT64_MIN},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, SAH_EINVAL, 0},
        {"-1", -1, 1, SAH_OK, -1},
        {"-0", -1, 1, SAH_OK, 0},
        {"-2", -1, 1, SAH_EINVAL, 0},
        {"-1", 0, 1, SAH_EINVAL, 0},
        {"-0", 0, 1, SAH_EINVAL, 0}, /* no sign where nothing below zero is meant */
        {"+1", -1, 1, SAH_EINVAL, 0},
        {"-", -1, 1, SAH_EINVAL, 0},
        {"--1", -1, 1, SAH_EINVAL, 0},
        {"- 1", -1, 1, SAH_EINVAL, 0},
        {"", -1, 1, SAH_EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        int64_t value = 77;
        int rc = sah_parse_i64(sah_slice_of(cases[i].text), cases[i].min, cases[i].max, &value);

        assert_int_equal(rc, cases[i].rc);
        assert_true(value == (rc == SAH_OK ? cases[i].value : 77));
    }
}

static void a_number_ends_where_its_slice_ends(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(sah_parse_u64((struct sah_slice){"12345", 2}, 0, 99, &value), SAH_OK);
    assert_int_equal(value, 12);
}

static void secrets_are_equal_only_in_every_byte(void **state)
{
    (void)state;
    assert_true(sah_equal_secret("", 0, "", 0));
    assert_true(sah_equal_secret(NULL, 0, "x", 0));
    assert_true(sah_equal_secret("tok\0en", 6, "tok\0en", 6));
    assert_false(sah_equal_secret("tok\0en", 6, "tok\0em", 6));
    assert_false(sah_equal_secret("token", 5, "token", 4));
    for (size_t i = 0; i < 32; i++) {
        uint8_t a[32] = {0}, b[32] = {0};

        b[i] = (uint8_t)(1u << (i % 8));
        assert_false(sah_equal_secret(a, sizeof a, b, sizeof b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(what_is_not_exactly_hex_is_refused),
        cmocka_unit_test(unsigned_numbers_are_read_whole_and_within_bounds),
        cmocka_unit_test(signed_numbers_reach_both_ends),
        cmocka_unit_test(a_number_ends_where_its_slice_ends),
        cmocka_unit_test(secrets_are_equal_only_in_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
