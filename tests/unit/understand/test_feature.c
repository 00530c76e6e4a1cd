/* test_feature - what a message is cut into: words by sound whatever the script, what the lexicon found,
 * each once, with its tokens, and never more than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sahaya/err.h>
#include <sahaya/str.h>

#include "understand/feature.h"

static struct sah_lexicon *lexicon;
static struct work work;

static int load(void **state)
{
    struct sah_fault fault;

    (void)state;
    if (sah_lexicon_load(SAHAYA_SOURCE_DIR "/adapters/common/phrases", &lexicon, &fault) < 0) {
        sah_fault_print(&fault, stderr);
        return -1;
    }
    return 0;
}

static int drop(void **state)
{
    (void)state;
    sah_lexicon_destroy(lexicon);
    return 0;
}

static void cut(const char *text, struct features *ret_features)
{
    struct sah_understanding u;

    work_read(lexicon, text, strlen(text), &work, &u);
    features_of(&work, ret_features);
}

static unsigned count(const struct features *features, char kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < features->n; i++)
        n += features->at[i].kind == kind;
    return n;
}

static bool share(const struct features *a, const struct features *b, char kind)
{
    for (unsigned i = 0; i < a->n; i++)
        for (unsigned k = 0; k < b->n; k++)
            if (a->at[i].kind == kind && b->at[k].kind == kind && a->at[i].hash == b->at[k].hash)
                return true;
    return false;
}

static void words_are_shared_across_scripts_and_numbers_by_their_length(void **state)
{
    static const struct {
        const char *a, *b;
        char kind;
        bool shared;
    } cases[] = {
        {"paddadu", "పడ్డాడు", 'w', true}, {"nahin", "نہیں", 'k', true}, {"nahin", "نہیں", 'w', false},
        {"12", "34", 'w', true},          {"12", "345678", 'w', false}, {"🔥", "🔥🔥", 'e', true},
        {"zabcdef", "zabcxyw", 'x', true}, {"zabc", "zabc", 'x', false}, {"qr st", "qr st uv", 'b', true},
        {"qr st", "st qr", 'b', false},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct features a, b;

        cut(cases[i].a, &a);
        cut(cases[i].b, &b);
        if (share(&a, &b, cases[i].kind) != cases[i].shared)
            fail_msg("%s and %s, %c", cases[i].a, cases[i].b, cases[i].kind);
    }
}

static void a_cue_that_holds_is_another_feature_than_one_that_does_not(void **state)
{
    struct features holds, denied;

    (void)state;
    cut("house is on fire", &holds);
    cut("no fire", &denied);
    assert_true(count(&holds, 'q') > 0);
    assert_int_equal(count(&holds, 'n'), 0);
    assert_true(count(&denied, 'n') > 0);
    assert_int_equal(count(&denied, 'q'), 0);
}

static void each_feature_comes_once_with_its_tokens(void **state)
{
    struct features f;

    (void)state;
    cut("help help 108 help ఆక్సిడెంట్ అయింది 🔥 help 🔥 jaldi", &f);
    assert_true(f.n > 0);
    for (unsigned i = 0; i < f.n; i++) {
        assert_int_not_equal(f.at[i].hash, 0);
        assert_true(f.at[i].first <= f.at[i].last && f.at[i].last < work.fold.n);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(f.at[i].hash, f.at[k].hash);
    }
}

static void a_message_of_nothing_has_no_features_and_a_huge_one_is_bounded(void **state)
{
    static char text[70000];
    struct features f;
    size_t len = 0;

    (void)state;
    cut("", &f);
    assert_int_equal(f.n, 0);
    cut("... !!! ,,,", &f);
    assert_int_equal(f.n, 0);
    for (unsigned i = 0; len + 8 < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%c%c%c ", 'a' + (char)(i % 26),
                                'a' + (char)(i / 26 % 26), 'a' + (char)(i / 676 % 26));
    cut(text, &f);
    assert_in_range(f.n, 64, FEATURES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_shared_across_scripts_and_numbers_by_their_length),
        cmocka_unit_test(a_cue_that_holds_is_another_feature_than_one_that_does_not),
        cmocka_unit_test(each_feature_comes_once_with_its_tokens),
        cmocka_unit_test(a_message_of_nothing_has_no_features_and_a_huge_one_is_bounded),
    };

    return cmocka_run_group_tests(tests, load, drop);
}
