/*
 * key - see key.h.
 */
#include "key.h"

#include <string.h>

struct sound {
    char from[4], to[3];
};

/* Tried at each place, longest first; what is not listed stays as it is. */
static const struct sound latin[] = {
    {"chh", "c"}, {"tth", "t"}, {"ddh", "d"}, {"ssh", "s"}, {"aa", "a"}, {"ee", "i"},
    {"ii", "i"},  {"oo", "u"},  {"uu", "u"},  {"sh", "s"},  {"th", "t"}, {"dh", "d"},
    {"bh", "b"},  {"kh", "k"},  {"gh", "g"},  {"jh", "j"},  {"ch", "c"}, {"ph", "f"},
    {"wh", "v"},  {"ck", "k"},  {"w", "v"},   {"z", "j"},   {"q", "k"},  {"x", "ks"},
};

/* Third byte of U+0C00..0C7F and U+0900..097F letters: long vowels read as short, and for
 * Telugu breath and the three s, two n, two l as one. Both blocks fold by code point. */
static const uint16_t telugu[][2] = {
    {0x0C08, 0x0C07}, {0x0C0A, 0x0C09}, {0x0C0F, 0x0C0E}, {0x0C13, 0x0C12}, {0x0C40, 0x0C3F},
    {0x0C42, 0x0C41}, {0x0C47, 0x0C46}, {0x0C4B, 0x0C4A}, {0x0C16, 0x0C15}, {0x0C18, 0x0C17},
    {0x0C1B, 0x0C1A}, {0x0C1D, 0x0C1C}, {0x0C20, 0x0C1F}, {0x0C22, 0x0C21}, {0x0C25, 0x0C24},
    {0x0C27, 0x0C26}, {0x0C2B, 0x0C2A}, {0x0C2D, 0x0C2C}, {0x0C33, 0x0C32}, {0x0C23, 0x0C28},
    {0x0C36, 0x0C38}, {0x0C37, 0x0C38}, {0x0C31, 0x0C30},
};
static const uint16_t devanagari[][2] = {
    {0x0908, 0x0907}, {0x090A, 0x0909}, {0x0940, 0x093F}, {0x0942, 0x0941},
    {0x0936, 0x0938}, {0x0937, 0x0938}, {0x0923, 0x0928},
};

static size_t key_latin(const char *word, size_t len, char *out)
{
    size_t n = 0, i = 0;

    while (i < len) {
        const struct sound *hit = NULL;
        size_t step = 1;

        /* heeelp: a letter held down is meant once; only a held o is as often khoon as no. */
        if (i + 2 < len && word[i] == word[i + 1] && word[i] == word[i + 2]) {
            while (i + 2 < len && word[i] == word[i + 2])
                i++;
            if (word[i] != 'o' || i + 2 == len)
                i++;
        }
        for (size_t s = 0; s < sizeof latin / sizeof latin[0]; s++) {
            size_t from;

            if (latin[s].from[0] != word[i])
                continue;
            from = strlen(latin[s].from);
            if (from <= len - i && memcmp(word + i, latin[s].from, from) == 0) {
                hit = &latin[s];
                step = from;
                break;
            }
        }
        if (hit == NULL) {
            if (n == 0 || out[n - 1] != word[i])
                out[n++] = word[i];
        } else {
            for (const char *c = hit->to; *c != '\0'; c++)
                if ((n == 0 || out[n - 1] != *c) && n < len)
                    out[n++] = *c;
        }
        i += step;
    }
    if (n > 1 && out[n - 1] == 'y')
        out[n - 1] = 'i';
    if (n > 3 && out[n - 1] == 'h')
        n--;
    return n;
}

static uint16_t replace(const uint16_t (*table)[2], size_t rows, uint16_t cp)
{
    for (size_t i = 0; i < rows; i++)
        if (table[i][0] == cp)
            return table[i][1];
    return cp;
}

/* Three-byte letters of one block. A nasal with virama before a consonant is an anusvara. */
static size_t key_indic(const char *word, size_t len, char *out, uint16_t base,
                        const uint16_t (*table)[2], size_t rows)
{
    size_t n = 0;

    for (size_t i = 0; i + 3 <= len; i += 3) {
        uint16_t cp = (uint16_t)((word[i] & 0x0F) << 12 | (word[i + 1] & 0x3F) << 6 |
                                 (word[i + 2] & 0x3F));
        uint16_t off = (uint16_t)(cp - base);

        if ((off == 0x19 || off == 0x1E || off == 0x23 || off == 0x28 || off == 0x2E) &&
            i + 9 <= len &&
            memcmp(word + i + 3, base == 0x0900 ? "\u094D" : "\u0C4D", 3) == 0) {
            cp = (uint16_t)(base + 0x02);
            i += 3;
        } else {
            cp = replace(table, rows, cp);
        }
        out[n++] = (char)(0xE0 | cp >> 12);
        out[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (cp & 0x3F));
    }
    return n;
}

size_t key_of(uint8_t script, const char *word, size_t len, char *ret_key)
{
    if (len > KEY_BYTES - 1)
        len = KEY_BYTES - 1;
    if (script == FOLD_LATIN && len > 0)
        return key_latin(word, len, ret_key);
    if (script == FOLD_TELUGU)
        return key_indic(word, len, ret_key, 0x0C00, telugu, sizeof telugu / sizeof telugu[0]);
    if (script == FOLD_DEVANAGARI)
        return key_indic(word, len, ret_key, 0x0900, devanagari,
                         sizeof devanagari / sizeof devanagari[0]);
    memcpy(ret_key, word, len);
    return len;
}

size_t key_chars(const char *key, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)key[i] & 0xC0) != 0x80;
    return n;
}

bool key_swapped(const char *a, const char *b, size_t len)
{
    int count[256] = {0};

    for (size_t i = 0; i < len; i++) {
        count[(unsigned char)a[i]]++;
        count[(unsigned char)b[i]]--;
    }
    for (size_t i = 0; i < 256; i++)
        if (count[i] != 0)
            return false;
    return true;
}

static size_t spread(const char *key, size_t len, uint32_t *ret_chars)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (((unsigned char)key[i] & 0xC0) != 0x80)
            ret_chars[n++] = (unsigned char)key[i];
        else if (n > 0)
            ret_chars[n - 1] = ret_chars[n - 1] << 8 | (unsigned char)key[i];
    }
    return n;
}

bool key_near(const char *a, size_t a_len, const char *b, size_t b_len, unsigned bound)
{
    uint32_t x[KEY_BYTES], y[KEY_BYTES];
    uint8_t rows[3][KEY_BYTES + 1];
    uint8_t *before = rows[0], *last = rows[1], *now = rows[2];
    size_t nx = spread(a, a_len, x), ny = spread(b, b_len, y);

    if (nx > ny + bound || ny > nx + bound)
        return false;
    for (size_t j = 0; j <= ny; j++)
        last[j] = (uint8_t)j;
    for (size_t i = 1; i <= nx; i++) {
        uint8_t *swap = before;

        now[0] = (uint8_t)i;
        for (size_t j = 1; j <= ny; j++) {
            uint8_t best = (uint8_t)(last[j - 1] + (x[i - 1] != y[j - 1]));

            if (last[j] + 1 < best)
                best = (uint8_t)(last[j] + 1);
            if (now[j - 1] + 1 < best)
                best = (uint8_t)(now[j - 1] + 1);
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                before[j - 2] + 1 < best)
                best = (uint8_t)(before[j - 2] + 1);
            now[j] = best;
        }
        before = last;
        last = now;
        now = swap;
    }
    return last[ny] <= bound;
}
