/*
 * fold - a citizen's bytes as folded tokens that still know where they came from.
 *
 * Owns:    the folding of look-alike writing: width, case, digits of five blocks, three Urdu
 *          keyboards, Devanagari nukta, joiners; and the cutting into words, numbers and emoji.
 * Used by: understand.c for messages, words.c for the lexicon: both sides fold alike.
 * Never:   allocates, fails, or reads past `len`; broken bytes are flagged and read as U+FFFD.
 */
#ifndef SAHAYA_UNDERSTAND_FOLD_H
#define SAHAYA_UNDERSTAND_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_CHARS_MAX   4096 /* characters looked at; the rest only marks the text as cut */
#define FOLD_ARENA_BYTES 20480
#define FOLD_TOKENS_MAX  1024
#define FOLD_WORD_BYTES  120 /* a longer word is no word of any language here: cut */

enum fold_kind { FOLD_WORD, FOLD_NUMBER, FOLD_EMOJI };
enum fold_script {
    FOLD_LATIN,
    FOLD_TELUGU,
    FOLD_DEVANAGARI,
    FOLD_ARABIC,
    FOLD_OTHER,
    FOLD_N_SCRIPTS
};
/* What stands before a token. A comma ends a negation, a full stop ends a phrase as well. */
enum fold_break { FOLD_BREAK_NONE, FOLD_BREAK_WEAK, FOLD_BREAK_STRONG };

struct fold_token {
    uint32_t text;       /* offset of the folded bytes in the arena */
    uint32_t start, end; /* bytes of the original */
    uint8_t len;         /* folded bytes */
    uint8_t kind, script, brk;
};

struct fold {
    unsigned n;
    bool broken;   /* invalid UTF-8 or NUL was seen */
    bool cut;      /* the text was longer than what was looked at */
    bool question; /* a question mark was seen */
    unsigned letters[FOLD_N_SCRIPTS];
    uint32_t arena_len;
    struct fold_token token[FOLD_TOKENS_MAX];
    char arena[FOLD_ARENA_BYTES];
};

void fold_text(const char *text, size_t len, struct fold *ret_fold);

static inline const char *fold_bytes(const struct fold *fold, unsigned i)
{
    return fold->arena + fold->token[i].text;
}

#endif
