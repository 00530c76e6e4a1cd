/*
 * roman - see roman.h. Telugu and Devanagari share the order of their blocks (Unicode, after ISCII),
 * so one table by offset serves both.
 */
#include "roman.h"

#include <string.h>

#include "key.h"

enum { VIRAMA = 0x4D, NUKTA = 0x3C };

/* By the offset in the block; upper case: a consonant, which an "a" follows. */
static const char indic[0x70][3] = {
    [0x01] = "n",  [0x02] = "n",  [0x03] = "h",  [0x05] = "a",  [0x06] = "a",  [0x07] = "i",
    [0x08] = "i",  [0x09] = "u",  [0x0A] = "u",  [0x0B] = "ru", [0x0D] = "e",  [0x0E] = "e",
    [0x0F] = "e",  [0x10] = "ai", [0x11] = "o",  [0x12] = "o",  [0x13] = "o",  [0x14] = "au",
    [0x15] = "K",  [0x16] = "K",  [0x17] = "G",  [0x18] = "G",  [0x19] = "N",  [0x1A] = "C",
    [0x1B] = "C",  [0x1C] = "J",  [0x1D] = "J",  [0x1E] = "N",  [0x1F] = "T",  [0x20] = "T",
    [0x21] = "D",  [0x22] = "D",  [0x23] = "N",  [0x24] = "T",  [0x25] = "T",  [0x26] = "D",
    [0x27] = "D",  [0x28] = "N",  [0x29] = "N",  [0x2A] = "P",  [0x2B] = "F",  [0x2C] = "B",
    [0x2D] = "B",  [0x2E] = "M",  [0x2F] = "Y",  [0x30] = "R",  [0x31] = "R",  [0x32] = "L",
    [0x33] = "L",  [0x34] = "L",  [0x35] = "V",  [0x36] = "S",  [0x37] = "S",  [0x38] = "S",
    [0x39] = "H",  [0x3E] = "a",  [0x3F] = "i",  [0x40] = "i",  [0x41] = "u",  [0x42] = "u",
    [0x43] = "ru", [0x45] = "e",  [0x46] = "e",  [0x47] = "e",  [0x48] = "ai", [0x49] = "o",
    [0x4A] = "o",  [0x4B] = "o",  [0x4C] = "au", [0x58] = "K",  [0x59] = "K",  [0x5A] = "G",
    [0x5B] = "J",  [0x5C] = "D",  [0x5D] = "D",  [0x5E] = "F",  [0x5F] = "Y",
};

/* By the offset from U+0600. */
static const char arabic[0x100][2] = {
    [0x22] = "a", [0x23] = "a", [0x24] = "u", [0x25] = "a", [0x26] = "i", [0x27] = "a", [0x28] = "b",
    [0x29] = "t", [0x2A] = "t", [0x2B] = "s", [0x2C] = "j", [0x2D] = "h", [0x2E] = "k", [0x2F] = "d",
    [0x30] = "j", [0x31] = "r", [0x32] = "j", [0x33] = "s", [0x34] = "s", [0x35] = "s", [0x36] = "j",
    [0x37] = "t", [0x38] = "j", [0x39] = "a", [0x3A] = "g", [0x41] = "f", [0x42] = "k", [0x43] = "k",
    [0x44] = "l", [0x45] = "m", [0x46] = "n", [0x47] = "h", [0x48] = "v", [0x49] = "i", [0x4A] = "i",
    [0x79] = "t", [0x7E] = "p", [0x86] = "c", [0x88] = "d", [0x91] = "d", [0x98] = "j", [0xA9] = "k",
    [0xAF] = "g", [0xBA] = "n", [0xC1] = "h", [0xC2] = "h", [0xC3] = "t", [0xCC] = "i", [0xD2] = "i",
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Folded words are good UTF-8; 0 at the end. */
static uint32_t next_char(const char *word, size_t len, size_t *at)
{
    unsigned char c = *at < len ? (unsigned char)word[*at] : 0;
    unsigned more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    uint32_t cp = more == 0 ? c : c & (0x3Fu >> more);

    if (*at >= len)
        return 0;
    (*at)++;
    for (; more > 0 && *at < len; more--)
        cp = cp << 6 | ((unsigned char)word[(*at)++] & 0x3F);
    return cp;
}

/* What one character of an Indic block sounds like, with the vowel that the next one does not take away. */
static void add_indic(char *out, size_t *n, unsigned at, unsigned next, bool telugu)
{
    const char *sound = at < 0x70 ? indic[at] : "";
    bool vowel_follows = next == VIRAMA || next == NUKTA || (next >= 0x3E && next <= 0x4C);

    for (size_t i = 0; sound[i] != '\0' && *n + 2 < ROMAN_BYTES; i++) {
        bool consonant = is_upper(sound[i]);

        out[(*n)++] = (char)(consonant ? sound[i] + ('a' - 'A') : sound[i]);
        /* Devanagari leaves the last "a" of a word unsaid, Telugu does not. */
        if (consonant && !vowel_follows && (next != 0 || telugu))
            out[(*n)++] = 'a';
    }
}

size_t roman_of(uint8_t script, const char *word, size_t len, char ret_roman[ROMAN_BYTES])
{
    char plain[ROMAN_BYTES], key[KEY_BYTES];
    size_t n = 0, at = 0;
    uint32_t cp = next_char(word, len, &at);

    while (cp != 0 && n + 3 < ROMAN_BYTES) {
        uint32_t next = next_char(word, len, &at), base = script == FOLD_TELUGU ? 0x0C00 : 0x0900;

        if ((cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9'))
            plain[n++] = (char)cp;
        else if (cp >= base && cp < base + 0x80)
            add_indic(plain, &n, cp - base, next >= base && next < base + 0x80 ? next - base : next,
                      script == FOLD_TELUGU);
        else if (cp >= 0x0600 && cp < 0x0700 && arabic[cp - 0x0600][0] != '\0')
            plain[n++] = arabic[cp - 0x0600][0];
        cp = next;
    }
    n = key_of(FOLD_LATIN, plain, n, key);
    at = 0;
    for (size_t i = 0; i < n; i++) /* a doubled letter has no sound of its own */
        if (at == 0 || key[i] != ret_roman[at - 1])
            ret_roman[at++] = key[i];
    ret_roman[at] = '\0';
    return at;
}

size_t roman_bones(const char *roman, size_t len, char *ret_bones)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        if (strchr("aeiouy", roman[i]) == NULL)
            ret_bones[n++] = roman[i];
    ret_bones[n] = '\0';
    return n;
}
