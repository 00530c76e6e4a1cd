/* test_fold - one message however it was typed: width, digits, keyboards, joiners, broken
 * bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <sahaya/str.h>

#include "understand/fold.h"

static struct fold fold;

/* Token `i` as text. */
static struct sah_slice token(unsigned i)
{
    assert_true(i < fold.n);
    return (struct sah_slice){fold_bytes(&fold, i), fold.token[i].len};
}

static void look_alikes_fold_to_one_word(void **state)
{
    static const struct {
        const char *a, *b;
    } cases[] = {
        {"FIRE", "fire"},     {"ＦＩＲＥ", "fire"}, {"can't", "cant"}, {"can’t", "cant"},
        {"౧౦౮", "108"},       {"१०८", "108"},       {"١٠٨", "108"},    {"۱۰۸", "108"},
        {"గ్యాస్\u200C", "గ్యాస్"}, {"గ్యా\u200Bస్", "గ్యాస్"}, {"گيس", "گیس"},    {"ليك", "لیک"},
        {"آگ", "اگ"},         {"مـــدد", "مدد"},    {"مَدَد", "مدد"},    {"\u095Bरूरत", "जरूरत"},
        {"साँस", "सांस"},       {"گھر", "گہر"},       {"میں", "مین"},    {"🏃🏽", "🏃"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char first[64];
        size_t len;

        fold_text(cases[i].a, strlen(cases[i].a), &fold);
        assert_int_equal(fold.n, 1);
        len = token(0).len;
        memcpy(first, token(0).ptr, len);
        fold_text(cases[i].b, strlen(cases[i].b), &fold);
        assert_int_equal(fold.n, 1);
        assert_int_equal(token(0).len, len);
        assert_memory_equal(token(0).ptr, first, len);
    }
}

static void a_token_knows_its_bytes_in_the_original(void **state)
{
    const char *text = "Fire!! గ్యాస్\u200Cలో 108ki 🔥🔥";

    (void)state;
    fold_text(text, strlen(text), &fold);
    assert_int_equal(fold.n, 6); /* fire, the word, 108, ki, and two flames */
    assert_int_equal(fold.token[0].start, 0);
    assert_int_equal(fold.token[0].end, 4);
    assert_int_equal(fold.token[1].brk, FOLD_BREAK_STRONG);
    assert_memory_equal(text + fold.token[1].start, "గ్యాస్\u200Cలో", strlen("గ్యాస్\u200Cలో"));
    assert_int_equal(fold.token[1].end - fold.token[1].start, strlen("గ్యాస్\u200Cలో"));
    assert_int_equal(fold.token[2].kind, FOLD_NUMBER);
    assert_true(sah_slice_is(token(3), "ki"));
    assert_int_equal(fold.token[5].kind, FOLD_EMOJI);
}

static void broken_bytes_and_nuls_are_flagged_and_passed_over(void **state)
{
    static const struct sah_slice cases[] = {
        {"fire\xff", 5},      {"\xc3 fire", 6},         {"\0fire", 5},
        {"\xe0\xa4 fire", 7}, {"\xed\xa0\x80 fire", 8},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        bool found = false;

        fold_text(cases[i].ptr, cases[i].len, &fold);
        assert_true(fold.broken);
        for (unsigned t = 0; t < fold.n; t++)
            found |= sah_slice_is(token(t), "fire");
        assert_true(found);
    }
    fold_text("fire", 4, &fold);
    assert_false(fold.broken);
}

static void a_text_past_the_bound_is_marked_as_cut(void **state)
{
    static char text[70000];

    (void)state;
    memset(text, 'a', sizeof text);
    fold_text(text, FOLD_CHARS_MAX, &fold);
    assert_false(fold.cut);
    assert_int_equal(fold.n, 1);
    assert_true(fold.token[0].len <= FOLD_WORD_BYTES);
    fold_text(text, sizeof text, &fold);
    assert_true(fold.cut);
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = ' ';
    fold_text(text, sizeof text, &fold);
    assert_true(fold.cut);
    assert_int_equal(fold.n, FOLD_TOKENS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_alikes_fold_to_one_word),
        cmocka_unit_test(a_token_knows_its_bytes_in_the_original),
        cmocka_unit_test(broken_bytes_and_nuls_are_flagged_and_passed_over),
        cmocka_unit_test(a_text_past_the_bound_is_marked_as_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
