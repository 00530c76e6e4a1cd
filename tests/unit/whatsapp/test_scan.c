/* test_scan - bounds before reading, and repair of broken characters. */
#include "sample.h"

#include "scan.h"

static char *repeated(const char *piece, size_t n)
{
    size_t len = strlen(piece);
    char *text = malloc(len * n + 1);

    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, piece, len);
    text[len * n] = '\0';
    return text;
}

static void nesting_and_counts_are_bounded(void **state)
{
    static const struct {
        const char *piece;
        size_t n;
        int err;
    } cases[] = {
        {"[", SAH_SCAN_DEPTH_MAX, SAH_OK},
        {"[", SAH_SCAN_DEPTH_MAX + 1, SAH_ELIMIT},
        {"{\"a\":", SAH_SCAN_DEPTH_MAX, SAH_OK},
        {"{\"a\":", 3000, SAH_ELIMIT},
        {"{},", SAH_SCAN_CONTAINERS_MAX, SAH_OK},
        {"{},", SAH_SCAN_CONTAINERS_MAX + 1, SAH_ELIMIT},
        {"]", 5000, SAH_OK},
        {"\"[[[[[\\\"{{{{\",", 5000, SAH_OK},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char *text = repeated(cases[i].piece, cases[i].n);

        assert_int_equal(sah_scan_bounds(text, strlen(text)), cases[i].err);
        free(text);
    }
}

static void broken_characters_are_replaced_and_nothing_else(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"{\"a\":\"b\"}", NULL},
        {"\"\xe0\xb0\x95\xf0\x9f\x94\xa5\"", NULL},
        {"\"\\ud83d\\udd25 \\u0c15 \\n \\\\ud800\"", NULL},
        {"\"x\xff\"", "\"x\xef\xbf\xbd\""},
        {"\"\xe0\xb0\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\"\xed\xa0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\"\\ud83d\"", "\"\\ufffd\""},
        {"\"\\udd25\\ud83d\"", "\"\\ufffd\\ufffd\""},
        {"\"\\ud83dx\"", "\"\\ufffdx\""},
        {"\"\\uD83D\\u0041\"", "\"\\ufffd\\u0041\""},
        {"\"a\tb\"", "\"a\\ufffdb\""},
        {"{\n\"a\"\n:1}", NULL},
        {"\"\\", NULL},
        {"\"\\u12", NULL},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        const char *want = cases[i].out != NULL ? cases[i].out : cases[i].in;
        struct sah_buf buf;
        bool changed;

        sah_buf_init(&buf, 1000);
        changed = sah_scan_repair(cases[i].in, strlen(cases[i].in), &buf);
        assert_string_equal(buf.data, want);
        assert_int_equal(changed, cases[i].out != NULL);
        sah_buf_fini(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_and_counts_are_bounded),
        cmocka_unit_test(broken_characters_are_replaced_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
