/* test_log - one event is one line: level, bound, control characters. */
#include "check.h"

#include <errno.h>

#include <sahaya/log.h>
#include <sahaya/str.h>

#define LINE_BYTES 1024

struct capture {
    FILE *out;
    char *text;
    size_t len;
    struct sah_log *log;
};

static void capture_init(struct capture *c, const char *program, enum sah_log_level level)
{
    c->out = open_memstream(&c->text, &c->len);
    assert_non_null(c->out);
    assert_int_equal(sah_log_create(program, c->out, level, &c->log), SAH_OK);
}

static void capture_fini(struct capture *c)
{
    sah_log_destroy(c->log);
    fclose(c->out);
    free(c->text);
}

static size_t lines(const struct capture *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->len; i++)
        count += c->text[i] == '\n';
    return count;
}

static void a_line_has_time_level_program_and_words(void **state)
{
    struct capture c;
    int year;

    (void)state;
    capture_init(&c, "sahaya-router", SAH_LOG_INFO);
    sah_warn(c.log, "event=delivery.retry attempt=%u wait_ms=%d", 2u, 4000);
    assert_int_equal(sscanf(c.text, "ts=%4d-", &year), 1);
    assert_true(year >= 2024);
    assert_int_equal(strlen("ts=2026-11-23T20:33:10.123Z"), 27);
    assert_string_equal(c.text + 27, " level=warn program=sahaya-router event=delivery.retry "
                                     "attempt=2 wait_ms=4000\n");
    capture_fini(&c);
}

static void lines_below_the_level_are_not_written(void **state)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    (void)state;
    for (int level = SAH_LOG_DEBUG; level <= SAH_LOG_ERROR; level++) {
        struct capture c;

        capture_init(&c, "test", (enum sah_log_level)level);
        sah_debug(c.log, "event=a");
        sah_info(c.log, "event=b");
        sah_warn(c.log, "event=c");
        sah_error(c.log, "event=d");
        assert_int_equal(lines(&c), SAH_LOG_ERROR - level + 1);
        for (int k = SAH_LOG_DEBUG; k <= SAH_LOG_ERROR; k++) {
            char wanted[32];

            snprintf(wanted, sizeof wanted, " level=%s ", names[k]);
            assert_int_equal(strstr(c.text, wanted) != NULL, k >= level);
        }
        capture_fini(&c);
    }
}

static void a_long_line_is_cut_and_marked(void **state)
{
    static char much[3 * LINE_BYTES];

    (void)state;
    for (size_t len = LINE_BYTES - 100; len < LINE_BYTES + 100; len++) {
        struct capture c;
        size_t head;

        memset(much, 'x', len);
        much[len] = '\0';
        capture_init(&c, "test", SAH_LOG_INFO);
        sah_info(c.log, "%s", much);
        head = (size_t)(strstr(c.text, "xxx") - c.text);
        assert_int_equal(c.text[c.len - 1], '\n');
        if (head + len + 1 <= LINE_BYTES) {
            assert_int_equal(c.len, head + len + 1);
            assert_null(strstr(c.text, "..."));
        } else {
            assert_int_equal(c.len, LINE_BYTES);
            assert_string_equal(c.text + c.len - 5, "x...\n");
        }
        capture_fini(&c);
    }
}

static void a_cut_line_is_still_utf8(void **state)
{
    static char much[3 * LINE_BYTES + 1];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof much; i += 3)
        memcpy(much + i, "స", 3);
    for (int shift = 0; shift < 3; shift++) {
        struct capture c;

        capture_init(&c, "test", SAH_LOG_INFO);
        sah_info(c.log, "%.*s%s", shift, "ab", much);
        assert_true(c.len <= LINE_BYTES && c.len > LINE_BYTES - 4);
        assert_true(sah_utf8_valid(c.text, c.len));
        assert_string_equal(c.text + c.len - 4, "...\n");
        capture_fini(&c);
    }
}

static void control_characters_become_blanks(void **state)
{
    struct capture c;

    (void)state;
    capture_init(&c, "te\nst", SAH_LOG_INFO);
    sah_info(c.log, "event=x word=%s",
             "a\nb\rc\td\x1b[31me\x7f"
             "f\xC2\x85g\xC3\x85h");
    assert_int_equal(lines(&c), 1);
    assert_non_null(strstr(c.text, "program=te st "));
    assert_non_null(strstr(c.text, " word=a b c d [31me f  g\xC3\x85h\n"));
    capture_fini(&c);
}

static void a_long_program_name_is_cut(void **state)
{
    struct capture c;

    (void)state;
    capture_init(&c, "0123456789012345678901234567890123456789", SAH_LOG_INFO);
    sah_info(c.log, "event=x");
    assert_non_null(strstr(c.text, " program=0123456789012345678901234567890 event=x\n"));
    capture_fini(&c);
}

static void no_log_swallows_the_line_and_errno_survives(void **state)
{
    struct capture c;

    (void)state;
    sah_error(NULL, "event=%s", "nothing");
    sah_log_destroy(NULL);
    capture_init(&c, "test", SAH_LOG_INFO);
    errno = EXDEV;
    sah_info(c.log, "event=x");
    assert_int_equal(errno, EXDEV);
    capture_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_program_and_words),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(a_long_line_is_cut_and_marked),
        cmocka_unit_test(a_cut_line_is_still_utf8),
        cmocka_unit_test(control_characters_become_blanks),
        cmocka_unit_test(a_long_program_name_is_cut),
        cmocka_unit_test(no_log_swallows_the_line_and_errno_survives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
