/* test_utf8 - what is well-formed UTF-8, how long it is, and where it may be cut. */
#include "check.h"

#include <sahaya/str.h>

/* In memory of exactly the text's length: reading one byte more stops the test. */
static bool is_valid(const char *text, size_t len)
{
    char *exact = malloc(len > 0 ? len : 1);
    bool valid;

    assert_non_null(exact);
    memcpy(exact, text, len);
    valid = sah_utf8_valid(exact, len);
    free(exact);
    return valid;
}

static void well_formed_text_is_valid(void **state)
{
    static const struct sah_slice cases[] = {
        SAH_SLICE(""),
        SAH_SLICE("\x01"),
        SAH_SLICE("\x7F"),
        SAH_SLICE("help, fire!\n"),
        SAH_SLICE("సహాయం"),
        SAH_SLICE("मदद"),
        SAH_SLICE("مدد"),
        SAH_SLICE("🚑🔥"),
        SAH_SLICE("\xC2\x80"),
        SAH_SLICE("\xDF\xBF"), /* U+0080, U+07FF */
        SAH_SLICE("\xE0\xA0\x80"),
        SAH_SLICE("\xEF\xBF\xBF"), /* U+0800, U+FFFF */
        SAH_SLICE("\xED\x9F\xBF"),
        SAH_SLICE("\xEE\x80\x80"), /* beside the surrogates */
        SAH_SLICE("\xF0\x90\x80\x80"),
        SAH_SLICE("\xF4\x8F\xBF\xBF"), /* U+10000, U+10FFFF */
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_true(is_valid(cases[i].ptr, cases[i].len));
}

static void malformed_text_is_refused(void **state)
{
    static const struct sah_slice cases[] = {
        SAH_SLICE("\0"),
        SAH_SLICE("a\0b"), /* NUL */
        SAH_SLICE("\x80"),
        SAH_SLICE("a\xBF"),
        SAH_SLICE("\xC3\xA9\xA9"), /* lone continuation */
        SAH_SLICE("\xC0\x80"),
        SAH_SLICE("\xC1\xBF"), /* overlong, two bytes */
        SAH_SLICE("\xE0\x80\xAF"),
        SAH_SLICE("\xE0\x9F\xBF"), /* overlong, three */
        SAH_SLICE("\xF0\x80\x80\xAF"),
        SAH_SLICE("\xF0\x8F\xBF\xBF"), /* overlong, four */
        SAH_SLICE("\xED\xA0\x80"),
        SAH_SLICE("\xED\xBF\xBF"),             /* surrogates */
        SAH_SLICE("\xED\xA0\xBD\xED\xB8\x80"), /* a pair of them */
        SAH_SLICE("\xF4\x90\x80\x80"),
        SAH_SLICE("\xF5\x80\x80\x80"), /* past U+10FFFF */
        SAH_SLICE("\xF8\x88\x80\x80\x80"),
        SAH_SLICE("\xFE"),
        SAH_SLICE("\xFF"),
        SAH_SLICE("\xC3"),
        SAH_SLICE("\xE0\xB0"),
        SAH_SLICE("\xF0\x9F\x9A"), /* cut short */
        SAH_SLICE("\xE0"),
        SAH_SLICE("\xF0"),
        SAH_SLICE("\xF0\x9F"),
        SAH_SLICE("\xC3("),
        SAH_SLICE("\xE2\x28\xA1"),
        SAH_SLICE("\xE2\x82("),
        SAH_SLICE("\xF0\x9F\x9A("),
        SAH_SLICE("\xF0\x9F(\x91"),
        SAH_SLICE("\xFF\xFEh"),
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        if (is_valid(cases[i].ptr, cases[i].len))
            fail_msg("case %zu was taken as valid", i);
    }
}

static void every_code_point_is_judged_like_the_rule(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < 0x120000; cp++) {
        char text[4];
        size_t len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        bool wanted = cp > 0 && cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
        static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
        uint32_t rest = cp;

        for (size_t i = len; i-- > 1; rest >>= 6)
            text[i] = (char)(0x80 | (rest & 0x3F));
        text[0] = (char)(marks[len] | rest);
        if (sah_utf8_valid(text, len) != wanted)
            fail_msg("U+%04X", cp);
    }
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(sah_utf8_count("", 0), 0);
    assert_int_equal(sah_utf8_count("abc", 3), 3);
    assert_int_equal(sah_utf8_count("సహాయ", strlen("సహాయ")), 4);
    assert_int_equal(sah_utf8_count("a🚑é", strlen("a🚑é")), 3);
}

static void a_cut_never_splits_a_character(void **state)
{
    static const char text[] = "aéస🚑z"; /* 1 + 2 + 3 + 4 + 1 bytes */
    static const size_t wanted[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

    (void)state;
    assert_int_equal(strlen(text), 11);
    for (size_t max = 0; max < SAH_LEN(wanted); max++) {
        size_t len = sah_utf8_cut(text, strlen(text), max);

        assert_int_equal(len, wanted[max]);
        assert_true(sah_utf8_valid(text, len));
    }
}

static void malformed_text_is_cut_somewhere_within_the_bound(void **state)
{
    (void)state;
    for (size_t max = 0; max < 8; max++)
        assert_true(sah_utf8_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 8, max) <= max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_valid),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(every_code_point_is_judged_like_the_rule),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(malformed_text_is_cut_somewhere_within_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
