/* test_key - words that sound alike share a key, words that must stay apart do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <sahaya/obj.h>

#include "understand/key.h"

static bool same(uint8_t script, const char *a, const char *b)
{
    char x[KEY_BYTES], y[KEY_BYTES];
    size_t n = key_of(script, a, strlen(a), x), m = key_of(script, b, strlen(b), y);

    return n == m && memcmp(x, y, n) == 0;
}

static void spellings_of_one_sound_share_a_key(void **state)
{
    static const struct {
        uint8_t script;
        const char *a, *b;
    } cases[] = {
        {FOLD_LATIN, "aag", "ag"},           {FOLD_LATIN, "oopiri", "upiri"},
        {FOLD_LATIN, "khoon", "kun"},        {FOLD_LATIN, "vasthundi", "vastundi"},
        {FOLD_LATIN, "zahar", "jahar"},      {FOLD_LATIN, "wala", "vala"},
        {FOLD_LATIN, "heeelp", "help"},      {FOLD_LATIN, "helppppp", "help"},
        {FOLD_LATIN, "pleaseeee", "please"}, {FOLD_LATIN, "phata", "fata"},
        {FOLD_TELUGU, "నీళ్లు", "నిల్లు"},       {FOLD_TELUGU, "భాధ", "బాద"},
        {FOLD_DEVANAGARI, "दिजिए", "दीजिए"}, {FOLD_DEVANAGARI, "बन्द", "बंद"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_true(same(cases[i].script, cases[i].a, cases[i].b));
}

static void words_that_decide_stay_apart(void **state)
{
    static const char *const cases[][2] = {
        {"saans", "saas"}, {"fire", "phir"}, {"fell", "well"},
        {"aag", "aage"},   {"rape", "repu"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_false(same(FOLD_LATIN, cases[i][0], cases[i][1]));
}

static void near_counts_mistakes_in_characters(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned bound;
        bool near;
    } cases[] = {
        {"cylinder", "cylnder", 1, true}, {"cylinder", "cyilnder", 1, true},
        {"cylinder", "cylndr", 1, false}, {"cylinder", "cylndr", 2, true},
        {"సిలిండర్", "సిలండర్", 1, true},      {"ambulance", "ambulence", 1, true},
        {"fire", "firearms", 2, false},   {"", "a", 1, true},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_int_equal(key_near(cases[i].a, strlen(cases[i].a), cases[i].b,
                                  strlen(cases[i].b), cases[i].bound),
                         cases[i].near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_sound_share_a_key),
        cmocka_unit_test(words_that_decide_stay_apart),
        cmocka_unit_test(near_counts_mistakes_in_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
