/* test_fault - how a fault reads, and that nothing outside fits more than it may. */
#include "check.h"

#include <sahaya/conf.h>

static void a_fault_reads_file_line_key_text(void **state)
{
    static const struct {
        unsigned line;
        const char *key, *wanted;
    } cases[] = {
        {12, "deadline_ms", "etc/router.yaml:12: deadline_ms: must be 1..9 (ms)\n"},
        {12, NULL, "etc/router.yaml:12: must be 1..9 (ms)\n"},
        {0, "deadline_ms", "etc/router.yaml: deadline_ms: must be 1..9 (ms)\n"},
        {0, "", "etc/router.yaml: must be 1..9 (ms)\n"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_fault fault;
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        assert_non_null(out);
        sah_fault_set(&fault, "etc/router.yaml", cases[i].line, cases[i].key,
                      "must be %d..%d (%s)", 1, 9, "ms");
        sah_fault_print(&fault, out);
        fclose(out);
        assert_string_equal(text, cases[i].wanted);
        free(text);
    }
}

static void long_parts_are_cut_at_a_character(void **state)
{
    char much[1200 + 1];
    struct sah_fault fault;

    (void)state;
    for (size_t i = 0; i < 1200; i += 3)
        memcpy(much + i, "స", 4);
    sah_fault_set(&fault, much, 1, much, "%s", much);
    assert_in_range(strlen(fault.file), sizeof fault.file - 4, sizeof fault.file - 1);
    assert_in_range(strlen(fault.key), sizeof fault.key - 4, sizeof fault.key - 1);
    assert_in_range(strlen(fault.text), sizeof fault.text - 4, sizeof fault.text - 1);
    assert_true(sah_utf8_valid(fault.file, strlen(fault.file)));
    assert_true(sah_utf8_valid(fault.key, strlen(fault.key)));
    assert_true(sah_utf8_valid(fault.text, strlen(fault.text)));
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
    struct sah_fault fault;

    (void)state;
    sah_fault_set(&fault, "a\nb", 1, "c\x1b[1m", "%s", "d\re\x7f");
    assert_string_equal(fault.file, "a b");
    assert_string_equal(fault.key, "c [1m");
    assert_string_equal(fault.text, "d e ");
    sah_fault_set(NULL, "a", 1, "b", "nobody listens");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_reads_file_line_key_text),
        cmocka_unit_test(long_parts_are_cut_at_a_character),
        cmocka_unit_test(control_characters_do_not_reach_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
