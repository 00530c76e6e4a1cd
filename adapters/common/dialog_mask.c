/*
 * dialog_mask - delivery codes become stars before a text goes anywhere (domain 3.2).
 *
 * A delivery code proves to a stranger at the door that he may have the cylinder: it is a
 * secret of the citizen. Too much masked is a nuisance to nobody; numbers under four digits
 * (108, 101) and over eight (phone and consumer numbers) stay.
 */
#include <string.h>
#include <strings.h>

#include "dialog_internal.h"

#define NEAR_BYTES 24 /* between the word and its number */
#define CODE_MIN   4
#define CODE_MAX   8

struct digits {
    size_t start, end; /* bytes */
    unsigned n;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Bytes of one decimal digit of ASCII, Telugu, Devanagari, Arabic-Indic or Urdu at p; 0 = none.
 */
static size_t digit_len(const char *p, size_t left)
{
    const unsigned char *u = (const unsigned char *)p;

    if (left >= 1 && u[0] >= '0' && u[0] <= '9')
        return 1;
    if (left >= 2 && u[0] == 0xd9 && u[1] >= 0xa0 && u[1] <= 0xa9)
        return 2;
    if (left >= 2 && u[0] == 0xdb && u[1] >= 0xb0 && u[1] <= 0xb9)
        return 2;
    if (left >= 3 && u[0] == 0xe0 && u[1] == 0xb1 && u[2] >= 0xa6 && u[2] <= 0xaf)
        return 3;
    if (left >= 3 && u[0] == 0xe0 && u[1] == 0xa5 && u[2] >= 0xa6 && u[2] <= 0xaf)
        return 3;
    return 0;
}

/* The run of digits at `at`, with single blanks or hyphens inside ("48 21"). */
static struct digits run_at(const char *text, size_t len, size_t at)
{
    struct digits run = {at, at, 0};

    for (size_t i = at; i < len;) {
        size_t d = digit_len(text + i, len - i);

        if (d > 0) {
            run.n++;
            i += d;
            run.end = i;
        } else if ((text[i] == ' ' || text[i] == '-') && run.n > 0 && i + 1 < len &&
                   digit_len(text + i + 1, len - i - 1) > 0) {
            i++;
        } else {
            break;
        }
    }
    return run;
}

static bool is_code(const struct digits *run)
{
    return run->n >= CODE_MIN && run->n <= CODE_MAX;
}

/* Stars in place of the digits; the text never gets longer. Returns the new length. */
static uint32_t star(char *text, uint32_t len, const struct digits *run)
{
    memset(text + run->start, '*', run->n);
    memmove(text + run->start + run->n, text + run->end, len - run->end + 1);
    return len - (uint32_t)(run->end - run->start - run->n);
}

static bool word_at(const char *text, size_t len, size_t at, const char *word)
{
    size_t n = strlen(word);

    if (at + n > len || strncasecmp(text + at, word, n) != 0)
        return false;
    if ((unsigned char)word[0] >= 0x80)
        return true; /* words in other scripts carry endings, and stand as they are */
    return (at == 0 || !is_letter(text[at - 1])) && (at + n == len || !is_letter(text[at + n]));
}

/* The code near the word that stands at [at, end): behind it, or else before it. */
static bool code_near(const char *text, size_t len, size_t at, size_t end,
                      struct digits *ret_run)
{
    struct digits run;

    for (size_t i = end; i < len && i <= end + NEAR_BYTES && text[i] != '\n'; i++)
        if (digit_len(text + i, len - i) > 0) {
            run = run_at(text, len, i);
            if (is_code(&run)) {
                *ret_run = run;
                return true;
            }
            i = run.end - 1;
        }
    for (size_t i = at > NEAR_BYTES ? at - NEAR_BYTES : 0; i < at; i++)
        if (digit_len(text + i, len - i) > 0) {
            while (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9')
                i--; /* the window may begin inside a number */
            run = run_at(text, at, i);
            if (is_code(&run)) {
                *ret_run = run;
                return true;
            }
            i = run.end - 1;
        }
    return false;
}

unsigned mask_codes(const struct services *services, char *text, uint32_t *len)
{
    unsigned found = 0;

    for (unsigned w = 0; w < services->n_code_words; w++)
        for (size_t i = 0; i < *len; i++) {
            struct digits run;
            const char *word = services->code_words[w];

            if (!word_at(text, *len, i, word))
                continue;
            while (found < 64 && code_near(text, *len, i, i + strlen(word), &run)) {
                *len = star(text, *len, &run);
                found++;
                if (run.start < i)
                    break; /* the word has moved */
            }
        }
    return found;
}

bool mask_bare_code(char *text, uint32_t len)
{
    if (len < 4 || len > 6)
        return false;
    for (uint32_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    memset(text, '*', len);
    return true;
}
