/* test_lexicon - a folder with one bad line is refused, by file and line; a good one has a
 * version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "understand/understand.h"

#include <sahaya/err.h>

static const char *const names[] = {"concepts.tsv",  "cues.tsv",    "suffixes.tsv",
                                    "districts.tsv", "words-a.tsv", "rules.tsv"};
static const char *const good[] = {
    "aag\t-\tfire\n",
    "structure_fire\t1\ty\taag\n",
    "lo\n",
    "hyderabad\thyderabad | hyd\n",
    "aag\ten\tfire | on fire\naag\tte,te-Latn!\tmantalu\n",
    ("fire\tstructure_fire\tREQUEST\tFIRE_101\t-\tFSTRU\tU\t88\t-\nall\t*\tMENU\t-\t-\t-"
     "\tB\t10\t-\n"),
};

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/test_lexicon.XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    char path[128];

    (void)state;
    for (size_t i = 0; i < SAH_LEN(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* The good files, but file `which` holds `text` (NULL: it is not there). */
static int load_with(size_t which, const char *text, struct sah_lexicon **ret_lexicon,
                     struct sah_fault *fault)
{
    for (size_t i = 0; i < SAH_LEN(names); i++) {
        const char *content = i == which ? text : good[i];
        char path[128];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
        if (content == NULL)
            continue;
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(content, file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    memset(fault, 0, sizeof *fault);
    return sah_lexicon_load(folder, ret_lexicon, fault);
}

static void a_good_folder_loads_and_its_version_follows_the_content(void **state)
{
    struct sah_lexicon *a, *b, *c;
    struct sah_fault fault;

    (void)state;
    assert_int_equal(load_with(SIZE_MAX, NULL, &a, &fault), SAH_OK);
    assert_int_equal(load_with(SIZE_MAX, NULL, &b, &fault), SAH_OK);
    assert_int_equal(load_with(4, "aag\ten\tfire\n", &c, &fault), SAH_OK);
    assert_string_equal(sah_lexicon_version(a), sah_lexicon_version(b));
    assert_string_not_equal(sah_lexicon_version(a), sah_lexicon_version(c));
    sah_lexicon_destroy(a);
    sah_lexicon_destroy(b);
    sah_lexicon_destroy(c);
    sah_lexicon_destroy(NULL);
}

static void a_bad_line_refuses_the_folder_by_file_and_line(void **state)
{
    static const struct {
        size_t file;
        const char *text;
        unsigned line;
        const char *says;
    } cases[] = {
        {0, "aag\tflag\tfire\n", 1, "flags must be"},
        {0, "aag\t-\tx\naag\t-\ty\n", 2, "declared twice"},
        {0, "aag\n", 1, "columns"},
        {0, "aag\t-\t\xff\n", 1, "UTF-8"},
        {1, "structure_fire\t7\ty\taag\n", 1, "grade"},
        {1, "structure_fire\t1\tq\taag\n", 1, "negatable"},
        {1, "structure_fire\t1\ty\tnothing\n", 1, "is no concept"},
        {1, "# x\nstructure_fire\t1\ty\taag~0\n", 2, "1..60"},
        {1, "structure_fire\t1\ty\taag+aag+aag+aag\n", 1, "three parts"},
        {2, "two words\n", 1, "no ending"},
        {4, "aagg\ten\tfire\n", 1, "is no concept"},
        {4, "aag\tfr\tfeu\n", 1, "way of writing"},
        {4, "aag\ten\tfire-man\n", 1, "not one word"},
        {4, "aag\ten\ta b c d e f g h i\n", 1, "more than 8 words"},
        {4, "aag\ten\t... fire\n", 1, "gap"},
        {4, "aag\ten\tfi*\n", 1, "too short"},
        {5, "fire\tstructure_fire\tSEND\tX\t-\t-\tU\t88\t-\nall\t*\tMENU\t-\t-\t-\tB\t1\t-\n",
         1, "REQUEST"},
        {5, "fire\tsmoke\tREQUEST\tX\t-\t-\tU\t88\t-\nall\t*\tMENU\t-\t-\t-\tB\t1\t-\n", 1,
         "is no concept"},
        {5, "fire\t*\tREQUEST\tX\t-\t-\tU\t101\t-\n", 1, "0..100"},
        {5, "fire\t*\tALSO\t-\tX\t-\tU\t0\t-\n", 0, "catch-all"},
        {5, "fire\taag\tMENU\t-\t-\t-\tU\t0\t-\n", 0, "catch-all"},
        {5, NULL, 0, "cannot be read"},
        {4, NULL, 0, "words-"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_lexicon *lexicon = NULL;
        struct sah_fault fault;

        assert_true(load_with(cases[i].file, cases[i].text, &lexicon, &fault) < 0);
        assert_null(lexicon);
        assert_int_equal(fault.line, cases[i].line);
        assert_non_null(strstr(fault.text, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_folder_loads_and_its_version_follows_the_content),
        cmocka_unit_test(a_bad_line_refuses_the_folder_by_file_and_line),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
