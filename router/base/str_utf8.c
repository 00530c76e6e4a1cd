/*
 * str_utf8 - well-formed UTF-8, its length in code points, and where it may be cut.
 *
 * Owns:    nothing.
 * Used by: everything that takes text from outside, before it is stored or sent on.
 * Never:   repairs text; it only answers whether and where.
 */
#include <sahaya/str.h>

/*
 * The well-formed sequences of RFC 3629 (table 3-7 of the Unicode standard). The bounds of the
 * second byte are what keeps out overlong forms, surrogates and everything past U+10FFFF.
 */
static const struct {
    uint8_t first_min, first_max;
    uint8_t second_min, second_max;
    uint8_t length;
} forms[] = {
    {0x01, 0x7F, 0, 0, 1}, /* from 1: a NUL is no text */
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the character at `at`; 0 when it is malformed or cut short. */
static size_t character_length(const uint8_t *at, size_t left)
{
    for (size_t i = 0; i < SAH_LEN(forms); i++) {
        if (at[0] < forms[i].first_min || at[0] > forms[i].first_max)
            continue;
        if (forms[i].length > left)
            return 0;
        if (forms[i].length > 1 && (at[1] < forms[i].second_min || at[1] > forms[i].second_max))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if (!is_continuation(at[k]))
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

bool sah_utf8_valid(const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0;

    while (at < len) {
        size_t step = character_length(bytes + at, len - at);

        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

size_t sah_utf8_count(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += !is_continuation((uint8_t)text[i]);
    return count;
}

size_t sah_utf8_cut(const char *text, size_t len, size_t max_bytes)
{
    if (len <= max_bytes)
        return len;
    /* A character has at most three continuation bytes; more of them is no UTF-8 and any place
     * is as good as another. */
    for (size_t back = 0; back <= 3 && back <= max_bytes; back++) {
        if (!is_continuation((uint8_t)text[max_bytes - back]))
            return max_bytes - back;
    }
    return max_bytes;
}
