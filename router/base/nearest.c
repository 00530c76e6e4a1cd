/*
 * nearest - edit distance (insert, drop, change, swap of two neighbours) with a bound.
 *
 * Owns:    nothing.
 * Used by: yaml_read.c, to name in a fault what was probably meant.
 * Never:   spends more than 64 x 64 steps on a word, however long the input.
 */
#include "nearest.h"

#include <string.h>

#include <sahaya/obj.h>

#define WORD_MAX 64
#define FAR      1000u

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Both lengths are at most WORD_MAX. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][WORD_MAX + 1]; /* the row before last, the last, this one */

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            now[j] =
                least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *sah_conf_nearest(const char *word, const char *const *allowed)
{
    size_t len = strnlen(word, WORD_MAX + 1);
    /* A third of the letters may be wrong: past that the hint misleads. */
    unsigned best = len < 3 ? 1 : least((unsigned)len / 3, 4);
    const char *found = NULL;

    if (len > WORD_MAX)
        return NULL;
    for (; *allowed != NULL; allowed++) {
        size_t allowed_len = strnlen(*allowed, WORD_MAX + 1);
        unsigned away =
            allowed_len > WORD_MAX ? FAR : distance(word, len, *allowed, allowed_len);

        if (away < best || (away == best && found == NULL)) {
            best = away;
            found = *allowed;
        }
    }
    return found;
}
