/* test_roman - a word sounds the same in every script it is written in; any length is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <sahaya/str.h>

#include "understand/roman.h"

static struct fold fold;

/* The first word of `text` by sound. */
static size_t sound(const char *text, char ret_roman[ROMAN_BYTES])
{
    fold_text(text, strlen(text), &fold);
    assert_true(fold.n >= 1);
    return roman_of(fold.token[0].script, fold_bytes(&fold, 0), fold.token[0].len, ret_roman);
}

static void a_word_sounds_alike_in_every_script(void **state)
{
    static const char *const cases[][2] = {
        {"paddadu", "పడ్డాడు"}, {"gyaas", "గ్యాస్"}, {"saans", "साँस"}, {"aag", "आग"},
        {"aag", "آگ"},         {"saanp", "سانپ"},   {"आग", "آگ"},      {"PADDADU", "paddaadu"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char a[ROMAN_BYTES], b[ROMAN_BYTES];

        assert_int_equal(sound(cases[i][0], a), sound(cases[i][1], b));
        assert_string_equal(a, b);
    }
}

static void bones_outlive_vowels_that_urdu_does_not_write(void **state)
{
    char latin[ROMAN_BYTES], urdu[ROMAN_BYTES], latin_bones[ROMAN_BYTES], urdu_bones[ROMAN_BYTES];
    size_t n_latin = sound("nahin", latin), n_urdu = sound("نہیں", urdu);

    (void)state;
    assert_string_not_equal(latin, urdu);
    assert_int_equal(roman_bones(latin, n_latin, latin_bones), 3);
    assert_int_equal(roman_bones(urdu, n_urdu, urdu_bones), 3);
    assert_string_equal(latin_bones, urdu_bones);
}

static void a_long_word_is_cut_and_ends(void **state)
{
    static const char *const letters[] = {"క", "ऋ", "س", "x", "బ్రూ"};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(letters); i++) {
        char text[2000] = "", roman[ROMAN_BYTES];
        size_t len = strlen(letters[i]), n;

        for (size_t at = 0; at + len < sizeof text; at += len)
            memcpy(text + at, letters[i], len + 1);
        memset(roman, '!', sizeof roman);
        n = sound(text, roman);
        assert_true(n >= 1 && n < ROMAN_BYTES);
        assert_int_equal(strlen(roman), n);
    }
}

static void letters_of_no_known_script_have_no_sound(void **state)
{
    char roman[ROMAN_BYTES];

    (void)state;
    assert_int_equal(sound("помощь", roman), 0);
    assert_string_equal(roman, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_sounds_alike_in_every_script),
        cmocka_unit_test(bones_outlive_vowels_that_urdu_does_not_write),
        cmocka_unit_test(a_long_word_is_cut_and_ends),
        cmocka_unit_test(letters_of_no_known_script_have_no_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
