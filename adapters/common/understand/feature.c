/*
 * feature - see feature.h. One more kind of feature is one more call of add() under a letter of its own.
 */
#include "feature.h"

#include <string.h>

#include "roman.h"

#define SEEN_SLOTS 2048 /* twice as many as features: one is always free */
#define WORDS_MAX  64   /* words of a message that are looked at */
#define HEAD_LEN   4

struct sounds {
    char roman[ROMAN_BYTES], bones[ROMAN_BYTES];
    size_t len, bones_len;
    uint16_t token;
};

struct cutter {
    struct features *out;
    uint32_t seen[SEEN_SLOTS];
};

static uint32_t hash_part(uint32_t h, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)bytes[i]) * 16777619u;
    return h;
}

/* kind:first[_second] */
static void add(struct cutter *c, char kind, const char *first, size_t n_first, const char *second,
                size_t n_second, unsigned from, unsigned to)
{
    char head[2] = {kind, ':'};
    uint32_t h = hash_part(hash_part(2166136261u, head, 2), first, n_first), slot;

    if (second != NULL)
        h = hash_part(hash_part(h, "_", 1), second, n_second);
    if (h == 0)
        h = 1;
    if (c->out->n == FEATURES_MAX)
        return;
    for (slot = h % SEEN_SLOTS; c->seen[slot] != 0; slot = (slot + 1) % SEEN_SLOTS)
        if (c->seen[slot] == h)
            return;
    c->seen[slot] = h;
    c->out->at[c->out->n++] = (struct feature){h, (uint16_t)from, (uint16_t)to, kind};
}

static void add_word(struct cutter *c, const struct sounds *word, const struct sounds *before)
{
    add(c, 'w', word->roman, word->len, NULL, 0, word->token, word->token);
    if (word->bones_len > 1)
        add(c, 'k', word->bones, word->bones_len, NULL, 0, word->token, word->token);
    if (word->len > HEAD_LEN) /* Telugu hangs its endings on the word */
        add(c, 'x', word->roman, HEAD_LEN, NULL, 0, word->token, word->token);
    if (before == NULL)
        return;
    add(c, 'b', before->roman, before->len, word->roman, word->len, before->token, word->token);
    add(c, 's', before->bones, before->bones_len, word->bones, word->bones_len, before->token,
        word->token);
}

/* What the lexicon knows of the message, in any language. */
static void add_facts(struct cutter *c, const struct work *work)
{
    for (unsigned i = 0; i < work->n_cues; i++) {
        const struct work_cue *cue = &work->cue[i];
        const char *name = work->lex->names[cue->cue].text;

        add(c, cue->negated ? 'n' : 'q', name, strlen(name), NULL, 0, cue->start, cue->end);
    }
    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];
        const char *name = work->lex->names[hit->concept].text;

        add(c, hit->hidden ? 'h' : 'p', name, strlen(name), NULL, 0, hit->start, hit->end);
    }
}

void features_of(const struct work *work, struct features *ret_features)
{
    struct cutter c = {.out = ret_features};
    struct sounds words[2];
    unsigned n = 0;

    ret_features->n = 0;
    for (unsigned i = 0; i < work->fold.n && n < WORDS_MAX; i++) {
        const struct fold_token *token = &work->fold.token[i];
        struct sounds *word = &words[n % 2];

        if (token->kind == FOLD_EMOJI) {
            add(&c, 'e', fold_bytes(&work->fold, i), token->len, NULL, 0, i, i);
            continue;
        }
        word->token = (uint16_t)i;
        if (token->kind == FOLD_NUMBER) {
            word->roman[0] = '#'; /* how many digits it has, not which */
            word->roman[1] = (char)('0' + (token->len < 9 ? token->len : 9));
            word->len = 2;
        } else {
            word->len = roman_of(token->script, fold_bytes(&work->fold, i), token->len, word->roman);
        }
        if (word->len == 0)
            continue;
        word->bones_len = roman_bones(word->roman, word->len, word->bones);
        add_word(&c, word, n == 0 ? NULL : &words[(n + 1) % 2]);
        n++;
    }
    add_facts(&c, work);
}
