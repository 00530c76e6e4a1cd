/* test_str - slices, growing buffers at and past their bound, copies at and past theirs. */
#include "check.h"

#include <sahaya/str.h>

static void slices_compare_by_length_and_bytes(void **state)
{
    struct sah_slice empty = {NULL, 0};

    (void)state;
    assert_true(sah_slice_equal(SAH_SLICE("a\0b"), (struct sah_slice){"a\0b", 3}));
    assert_false(sah_slice_equal(SAH_SLICE("a\0b"), SAH_SLICE("a\0c")));
    assert_false(sah_slice_equal(SAH_SLICE("ab"), SAH_SLICE("abc")));
    assert_true(sah_slice_equal(empty, SAH_SLICE("")));
    assert_true(sah_slice_is((struct sah_slice){"abcdef", 3}, "abc"));
    assert_false(sah_slice_is(SAH_SLICE("abc"), "abcd"));
    assert_true(sah_slice_is(empty, NULL));
    assert_int_equal(sah_slice_of(NULL).len, 0);
    assert_int_equal(sah_slice_of("four").len, 4);
}

static void a_buffer_fills_exactly_to_its_bound(void **state)
{
    static const size_t bounds[] = {0, 1, 63, 64, 65, 127, 128, 129, 5000};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(bounds); i++) {
        struct sah_buf buf;

        sah_buf_init(&buf, bounds[i]);
        for (size_t k = 0; k < bounds[i]; k++)
            sah_buf_add(&buf, "x", 1);
        assert_false(buf.failed);
        assert_int_equal(buf.len, bounds[i]);
        sah_buf_add(&buf, "", 0); /* nothing still fits */
        assert_false(buf.failed);
        assert_int_equal(strlen(buf.data), bounds[i]);
        assert_true(buf.cap <= bounds[i] + 1);
        sah_buf_add(&buf, "y", 1);
        assert_true(buf.failed);
        assert_int_equal(buf.len, bounds[i]);
        assert_int_equal(strlen(buf.data), bounds[i]);
        sah_buf_fini(&buf);
    }
}

static void failure_stays_until_cleared_and_adds_nothing(void **state)
{
    struct sah_buf buf;

    (void)state;
    sah_buf_init(&buf, 8);
    sah_buf_add_text(&buf, "12345");
    sah_buf_add_text(&buf, "6789"); /* all or nothing */
    assert_true(buf.failed);
    assert_string_equal(buf.data, "12345");
    sah_buf_add_text(&buf, "6"); /* would fit, but the text would have a hole */
    sah_buf_addf(&buf, "%d", 6);
    assert_string_equal(buf.data, "12345");
    assert_true(buf.failed);

    sah_buf_clear(&buf);
    assert_false(buf.failed);
    assert_string_equal(buf.data, "");
    sah_buf_addf(&buf, "%s-%03d", "abcd", 7);
    assert_false(buf.failed);
    assert_string_equal(buf.data, "abcd-007");
    sah_buf_addf(&buf, "%c", 'x');
    assert_true(buf.failed);
    assert_string_equal(buf.data, "abcd-007");
    sah_buf_fini(&buf);
    assert_null(buf.data);
    sah_buf_fini(&buf); /* twice is fine */
}

static void a_zeroed_buffer_holds_nothing_and_ends_well(void **state)
{
    struct sah_buf buf = {0};

    (void)state;
    sah_buf_clear(&buf);
    sah_buf_add(&buf, "x", 1);
    assert_true(buf.failed);
    sah_buf_fini(&buf);
}

static void bytes_with_nul_are_kept_and_a_null_text_is_empty(void **state)
{
    struct sah_buf buf;

    (void)state;
    sah_buf_init(&buf, 100);
    sah_buf_add(&buf, "a\0b", 3);
    sah_buf_add_text(&buf, NULL);
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.data, "a\0b", 4);
    sah_buf_fini(&buf);
}

static void copies_fit_whole_or_are_refused(void **state)
{
    static const struct {
        const char *src;
        size_t len, size;
        int rc;
        const char *dst;
    } cases[] = {
        {"abc", 3, 4, SAH_OK, "abc"},   {"abc", 3, 3, SAH_ELIMIT, "old"},
        {"", 0, 1, SAH_OK, ""},         {NULL, 0, 1, SAH_OK, ""},
        {"", 0, 0, SAH_ELIMIT, "old"},  {"a\0c", 3, 8, SAH_EINVAL, "old"},
        {"abcdef", 2, 8, SAH_OK, "ab"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char dst[8] = "old";

        assert_int_equal(sah_copy(dst, cases[i].size, cases[i].src, cases[i].len), cases[i].rc);
        assert_string_equal(dst, cases[i].dst);
    }
}

static void cut_copies_end_at_a_character_edge(void **state)
{
    static const struct {
        const char *src;
        size_t size;
        bool whole;
        const char *dst;
    } cases[] = {
        {"abc", 4, true, "abc"},  {"abc", 3, false, "ab"},
        {"abc", 1, false, ""},    {"", 1, true, ""},
        {"సహాయ", 13, true, "సహాయ"}, {"సహాయ", 12, false, "సహా"}, /* three bytes a letter */
        {"సహాయ", 11, false, "సహా"}, {"సహాయ", 10, false, "సహా"},
        {"a🚑", 5, false, "a"},    {"a🚑", 6, true, "a🚑"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char dst[16];

        assert_int_equal(sah_copy_cut(dst, cases[i].size, cases[i].src, strlen(cases[i].src)),
                         cases[i].whole);
        assert_string_equal(dst, cases[i].dst);
    }
}

static void a_cut_copy_ends_at_a_nul_and_says_so(void **state)
{
    char dst[16];

    (void)state;
    assert_false(sah_copy_cut(dst, sizeof dst, "ab\0cd", 5));
    assert_string_equal(dst, "ab");
    assert_true(sah_copy_cut(dst, sizeof dst, NULL, 0));
    assert_string_equal(dst, "");
}

static void format_tells_truncation(void **state)
{
    char dst[6] = "old";

    (void)state;
    assert_int_equal(sah_format(dst, sizeof dst, "%d", 12345), SAH_OK);
    assert_string_equal(dst, "12345");
    assert_int_equal(sah_format(dst, sizeof dst, "%d", 123456), SAH_ELIMIT);
    assert_string_equal(dst, "");
    assert_int_equal(sah_format(dst, 1, "%s", ""), SAH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_compare_by_length_and_bytes),
        cmocka_unit_test(a_buffer_fills_exactly_to_its_bound),
        cmocka_unit_test(failure_stays_until_cleared_and_adds_nothing),
        cmocka_unit_test(a_zeroed_buffer_holds_nothing_and_ends_well),
        cmocka_unit_test(bytes_with_nul_are_kept_and_a_null_text_is_empty),
        cmocka_unit_test(copies_fit_whole_or_are_refused),
        cmocka_unit_test(cut_copies_end_at_a_character_edge),
        cmocka_unit_test(a_cut_copy_ends_at_a_nul_and_says_so),
        cmocka_unit_test(format_tells_truncation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
