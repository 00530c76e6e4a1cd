/*
 * words - the vocabulary: lexicon words, and which of them a message word is a writing of.
 *
 * Owns:    one hash table over keys, exact words, beginnings, keys with one or two characters left
 *          out and keys without vowels (so a mistake is found by look-ups, never by a scan).
 * Used by: pattern.c while loading, match.c for each token.
 * Never:   guesses when the word is known: mistakes are only sought for words that nothing fits.
 */
#include "lexicon.h"
#include "key.h"

#include <stdlib.h>
#include <string.h>

#define FNV_START      2166136261u
#define FNV_PRIME      16777619u
#define NEAR_CHARS     4 /* shorter words take no mistake */
#define NEAR_OTHER     5 /* and shorter than this none that puts one letter for another */
#define NEAR_TWO_CHARS 9 /* from here two */
#define NEAR_CHARS_MAX 16
#define HEAD_CHARS     5 /* a shorter "word*" takes no mistake in its beginning */
#define BONES_MIN      5 /* consonants that must be the same when no vowel counts */
#define BONES_VOWELS   3 /* at most so many vowels more or less */
#define TAIL_MAX       6
#define YEAR_DIGITS    4

static uint32_t hash_more(uint32_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
    return hash;
}

static uint32_t hash_end(uint32_t hash, enum lex_how how)
{
    hash = (hash ^ (uint32_t)how) * FNV_PRIME;
    hash ^= hash >> 15;
    return hash == 0 ? 1 : hash;
}

static const struct lex_slot *slot_first(const struct sah_lexicon *lex, uint32_t hash,
                                         uint32_t *ret_at)
{
    uint32_t mask = lex->n_slots - 1, at = hash & mask;

    while (lex->slots[at].hash != 0 && lex->slots[at].hash != hash)
        at = (at + 1) & mask;
    *ret_at = at;
    return lex->slots[at].hash == 0 ? NULL : &lex->slots[at];
}

static const struct lex_slot *slot_next(const struct sah_lexicon *lex, uint32_t hash,
                                        uint32_t *at)
{
    uint32_t mask = lex->n_slots - 1;

    do
        *at = (*at + 1) & mask;
    while (lex->slots[*at].hash != 0 && lex->slots[*at].hash != hash);
    return lex->slots[*at].hash == 0 ? NULL : &lex->slots[*at];
}

static int slots_resize(struct sah_lexicon *lex, uint32_t n_slots)
{
    struct lex_slot *old = lex->slots;
    uint32_t n_old = lex->n_slots, mask = n_slots - 1;

    lex->slots = calloc(n_slots, sizeof *lex->slots);
    if (lex->slots == NULL) {
        lex->slots = old;
        return SAH_ENOMEM;
    }
    lex->n_slots = n_slots;
    for (uint32_t i = 0; i < n_old; i++) {
        uint32_t at = old[i].hash & mask;

        if (old[i].hash == 0)
            continue;
        while (lex->slots[at].hash != 0)
            at = (at + 1) & mask;
        lex->slots[at] = old[i];
    }
    free(old);
    return SAH_OK;
}

static int slot_add(struct sah_lexicon *lex, uint32_t hash, uint16_t word)
{
    uint32_t at;

    if (lex->used_slots * 2 >= lex->n_slots) {
        int err = slots_resize(lex, lex->n_slots == 0 ? 1024 : lex->n_slots * 2);

        if (err < 0)
            return err;
    }
    for (const struct lex_slot *s = slot_first(lex, hash, &at); s != NULL;
         s = slot_next(lex, hash, &at))
        if (s->word == word)
            return SAH_OK; /* "aab" gives "ab" twice */
    lex->slots[at] = (struct lex_slot){.hash = hash, .word = word};
    lex->used_slots++;
    return SAH_OK;
}

static const char *word_text(const struct sah_lexicon *lex, unsigned word)
{
    return lex->pool + lex->words[word].text;
}

int lex_word_add(struct sah_lexicon *lex, const char *text, size_t len, unsigned writings,
                 uint16_t *ret_word)
{
    static struct fold fold; /* loading is single-threaded, and this is 50 KB */
    char key[KEY_BYTES];
    const char *bytes;
    enum lex_how how = LEX_KEY;
    size_t n;
    uint32_t at, hash;
    int err;

    if (len > 1 && text[0] == '=') {
        how = LEX_EXACT;
        text++;
        len--;
        if (len > 1 && text[0] == '=') {
            writings |= LEX_ALONE;
            text++;
            len--;
        }
    } else if (len > 1 && text[len - 1] == '*') {
        how = LEX_PREFIX;
        len--;
    }
    fold_text(text, len, &fold);
    if (fold.n != 1 || fold.broken || fold.token[0].len == 0)
        return SAH_EINVAL; /* not one word */
    bytes = fold_bytes(&fold, 0);
    n = fold.token[0].len;
    if (how != LEX_EXACT && fold.token[0].kind == FOLD_WORD) {
        n = key_of(fold.token[0].script, bytes, n, key);
        bytes = key;
    }
    if (how == LEX_PREFIX && key_chars(bytes, n) < (fold.token[0].script == FOLD_LATIN ? 3 : 2))
        return SAH_EINVAL; /* "kha*" sounds like "ka*" and would match half the language */
    hash = hash_end(hash_more(FNV_START, bytes, n), how);
    if (lex->n_slots != 0) {
        for (const struct lex_slot *s = slot_first(lex, hash, &at); s != NULL;
             s = slot_next(lex, hash, &at)) {
            struct lex_word *w = &lex->words[s->word];

            if (w->how == how && w->len == n &&
                memcmp(word_text(lex, s->word), bytes, n) == 0) {
                w->writings |= (uint16_t)writings;
                *ret_word = s->word;
                return SAH_OK;
            }
        }
    }
    if (lex->n_words == LEX_NONE - 1)
        return SAH_ELIMIT;
    if (lex->pool_len + n > lex->pool_cap) {
        uint32_t cap = lex->pool_cap == 0 ? 65536 : lex->pool_cap * 2;
        char *grown = realloc(lex->pool, cap);

        if (grown == NULL)
            return SAH_ENOMEM;
        lex->pool = grown;
        lex->pool_cap = cap;
    }
    err = lex_grow((void **)&lex->words, &lex->cap_words, lex->n_words, sizeof *lex->words);
    if (err < 0)
        return err;
    err = slot_add(lex, hash, (uint16_t)lex->n_words);
    if (err < 0)
        return err;
    lex->words[lex->n_words] = (struct lex_word){
        .text = lex->pool_len,
        .len = (uint8_t)n,
        .how = (uint8_t)how,
        .writings = (uint16_t)writings,
        .chars = fold.token[0].kind == FOLD_WORD ? (uint8_t)key_chars(bytes, n) : 0};
    memcpy(lex->pool + lex->pool_len, bytes, n);
    lex->pool_len += (uint32_t)n;
    *ret_word = (uint16_t)lex->n_words++;
    return SAH_OK;
}

/* Telugu and Devanagari vowels are characters of their own: their words are longer for it. */
static unsigned mistakes_allowed(const char *key, size_t chars)
{
    size_t spare = (unsigned char)key[0] >= 0x80 ? 1 : 0;

    if (chars < NEAR_CHARS + spare || chars > NEAR_CHARS_MAX)
        return 0;
    return chars < NEAR_TWO_CHARS + spare ? 1 : 2;
}

/* Hashes of the key with none, one and (when two are allowed) two characters left out. The
 * first character always stays: who mistypes that too is not understood here. */
struct near_hashes {
    unsigned n;
    uint32_t hash[1 + NEAR_CHARS_MAX + NEAR_CHARS_MAX * NEAR_CHARS_MAX / 2];
};

static void near_of(const char *key, size_t len, unsigned allowed, enum lex_how how,
                    struct near_hashes *ret)
{
    uint8_t edge[NEAR_CHARS_MAX + 2];
    size_t chars = 0;

    for (size_t i = 0; i < len && chars <= NEAR_CHARS_MAX; i++)
        if (((unsigned char)key[i] & 0xC0) != 0x80)
            edge[chars++] = (uint8_t)i;
    edge[chars] = (uint8_t)len;
    ret->n = 0;
    ret->hash[ret->n++] = hash_end(hash_more(FNV_START, key, len), how);
    for (size_t i = 1; i < chars; i++) {
        uint32_t head = hash_more(FNV_START, key, edge[i]);

        ret->hash[ret->n++] =
            hash_end(hash_more(head, key + edge[i + 1], len - edge[i + 1]), how);
        if (allowed < 2)
            continue;
        for (size_t j = i + 1; j < chars; j++) {
            uint32_t mid = hash_more(head, key + edge[i + 1], (size_t)(edge[j] - edge[i + 1]));

            ret->hash[ret->n++] =
                hash_end(hash_more(mid, key + edge[j + 1], len - edge[j + 1]), how);
        }
    }
}

/* A beginning this long may hold a mistake too. */
static bool head_may_err(const char *key, size_t chars)
{
    size_t spare = (unsigned char)key[0] >= 0x80 ? 1 : 0;

    return chars >= HEAD_CHARS + spare && chars <= NEAR_CHARS_MAX - 1;
}

/* A key without its vowels, the first character kept: what is left of "cylndr". Latin only. */
static size_t bones_of(const char *key, size_t len, char *ret_bones)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        if (i == 0 || strchr("aeiouyh", key[i]) == NULL)
            ret_bones[n++] = key[i];
    return n;
}

static int bones_add(struct sah_lexicon *lex, unsigned word)
{
    char bones[KEY_BYTES];
    const struct lex_word *w = &lex->words[word];
    size_t n;

    if ((unsigned char)word_text(lex, word)[0] >= 0x80)
        return SAH_OK;
    n = bones_of(word_text(lex, word), w->len, bones);
    if (n < BONES_MIN)
        return SAH_OK;
    return slot_add(lex, hash_end(hash_more(FNV_START, bones, n), LEX_BONES), (uint16_t)word);
}

static int by_first_word(const void *a, const void *b)
{
    const struct lex_phrase *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

int lex_index_build(struct sah_lexicon *lex)
{
    struct near_hashes near;

    for (unsigned w = 0; w < lex->n_words; w++) {
        const struct lex_word *word = &lex->words[w];
        unsigned allowed;

        if (word->how == LEX_PREFIX && head_may_err(word_text(lex, w), word->chars)) {
            near_of(word_text(lex, w), word->len, 1, LEX_NEAR_HEAD, &near);
            for (unsigned i = 0; i < near.n; i++)
                if (slot_add(lex, near.hash[i], (uint16_t)w) < 0)
                    return SAH_ENOMEM;
        }
        if (word->how != LEX_KEY || word->chars == 0)
            continue;
        allowed = mistakes_allowed(word_text(lex, w), word->chars);
        if (allowed == 0)
            continue;
        if (bones_add(lex, w) < 0)
            return SAH_ENOMEM;
        near_of(word_text(lex, w), word->len, allowed, LEX_NEAR, &near);
        for (unsigned i = 0; i < near.n; i++) {
            int err = slot_add(lex, near.hash[i], (uint16_t)w);

            if (err < 0)
                return err;
        }
    }
    if (lex->n_slots == 0)
        return slots_resize(lex, 16);
    if (lex->n_phrases > 0)
        qsort(lex->phrases, lex->n_phrases, sizeof *lex->phrases, by_first_word);
    for (unsigned p = 0; p < lex->n_phrases; p++) {
        struct lex_word *first = &lex->words[lex->phrases[p].first];

        if (first->n_phrases++ == 0)
            first->first_phrase = p;
        if (lex->phrases[p].n == 1 && lex->phrases[p].concept == lex->fact[FACT_urdu_mark])
            first->writings |= LEX_MARK_UR;
        if (lex->phrases[p].n == 1 && lex->phrases[p].concept == lex->fact[FACT_tail_word])
            first->writings |= LEX_TAIL;
        if (lex->phrases[p].n == 1 && lex->phrases[p].concept == lex->fact[FACT_hindi_mark])
            first->writings |= LEX_MARK_HI;
    }
    return SAH_OK;
}

struct finder {
    const struct sah_lexicon *lex;
    unsigned n;
    uint16_t *found;
};

static void found_add(struct finder *f, uint16_t word)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->found[i] == word)
            return;
    if (f->n < LEX_MATCHES_MAX)
        f->found[f->n++] = word;
}

static void find_same(struct finder *f, uint32_t state, const char *text, size_t len,
                      enum lex_how how)
{
    uint32_t hash = hash_end(state, how), at;

    for (const struct lex_slot *s = slot_first(f->lex, hash, &at); s != NULL;
         s = slot_next(f->lex, hash, &at)) {
        const struct lex_word *w = &f->lex->words[s->word];

        if (w->how == how && w->len == len &&
            memcmp(word_text(f->lex, s->word), text, len) == 0)
            found_add(f, s->word);
    }
}

static void find_prefixes(struct finder *f, const char *key, size_t len)
{
    uint32_t state = FNV_START;
    size_t chars = 0;

    for (size_t i = 0; i < len; i++) {
        bool edge = i + 1 == len || ((unsigned char)key[i + 1] & 0xC0) != 0x80;

        state = (state ^ (unsigned char)key[i]) * FNV_PRIME;
        chars += edge;
        if (edge && chars >= 2)
            find_same(f, state, key, i + 1, LEX_PREFIX);
    }
}

static void find_near(struct finder *f, const char *key, size_t len)
{
    struct near_hashes near;
    size_t chars = key_chars(key, len);
    unsigned allowed = mistakes_allowed(key, chars);

    if (chars < NEAR_CHARS || chars > NEAR_CHARS_MAX)
        return;
    near_of(key, len, allowed, LEX_NEAR, &near);
    for (unsigned i = 0; i < near.n; i++) {
        uint32_t at;

        for (const struct lex_slot *s = slot_first(f->lex, near.hash[i], &at); s != NULL;
             s = slot_next(f->lex, near.hash[i], &at)) {
            const struct lex_word *w = &f->lex->words[s->word];
            const char *text = word_text(f->lex, s->word);
            unsigned bound;

            if (w->how != LEX_KEY)
                continue;
            bound = mistakes_allowed(text, w->chars);
            if (bound == 0 || text[0] != key[0] || !key_near(key, len, text, w->len, bound))
                continue;
            /* "mane" is not "marne" for want of a letter, nor "boss" a "bass": short words
             * only take a letter left out, doubled or in the wrong place. */
            if (w->chars < NEAR_OTHER + (size_t)((unsigned char)text[0] >= 0x80) &&
                chars == w->chars && !key_swapped(key, text, len))
                continue;
            found_add(f, s->word);
        }
    }
}

/* The token begins with a "word*", but for one mistake. */
static void find_near_head(struct finder *f, const char *key, size_t len)
{
    size_t chars = 0;

    for (size_t i = 0; i < len && chars < NEAR_CHARS_MAX; i++) {
        struct near_hashes near;

        if (i + 1 < len && ((unsigned char)key[i + 1] & 0xC0) == 0x80)
            continue;
        chars++;
        if (chars + 1 < HEAD_CHARS)
            continue;
        near_of(key, i + 1, 1, LEX_NEAR_HEAD, &near);
        for (unsigned h = 0; h < near.n; h++) {
            uint32_t at;

            for (const struct lex_slot *s = slot_first(f->lex, near.hash[h], &at); s != NULL;
                 s = slot_next(f->lex, near.hash[h], &at)) {
                const struct lex_word *w = &f->lex->words[s->word];
                const char *text = word_text(f->lex, s->word);

                if (w->how != LEX_PREFIX || text[0] != key[0] ||
                    !key_near(key, i + 1, text, w->len, 1) ||
                    (w->chars == chars && !key_swapped(key, text, w->len)))
                    continue;
                found_add(f, s->word);
            }
        }
    }
}

/* Vowels held for long: "feell" is fell, "peeel" is peel. */
static void find_held(struct finder *f, const char *word, size_t len, size_t keep)
{
    char plain[FOLD_WORD_BYTES], key[KEY_BYTES];
    size_t n = 0;

    for (size_t i = 0; i < len && n < sizeof plain; i++)
        if (n < keep || plain[n - 1] != word[i] || plain[n - keep] != word[i])
            plain[n++] = word[i];
    if (n == len)
        return;
    len = key_of(FOLD_LATIN, plain, n, key);
    find_same(f, hash_more(FNV_START, key, len), key, len, LEX_KEY);
    find_prefixes(f, key, len);
}

/* Vowels left out or mistaken, however many: "cylndr", "unconcious", "ambalens". */
static void find_bones(struct finder *f, const char *key, size_t len)
{
    char bones[KEY_BYTES], other[KEY_BYTES];
    size_t n = bones_of(key, len, bones);
    uint32_t hash, at;

    if (n < BONES_MIN)
        return;
    hash = hash_end(hash_more(FNV_START, bones, n), LEX_BONES);
    for (const struct lex_slot *s = slot_first(f->lex, hash, &at); s != NULL;
         s = slot_next(f->lex, hash, &at)) {
        const struct lex_word *w = &f->lex->words[s->word];

        if (w->how == LEX_KEY && w->len <= len + BONES_VOWELS &&
            len <= (size_t)w->len + BONES_VOWELS &&
            bones_of(word_text(f->lex, s->word), w->len, other) == n &&
            memcmp(bones, other, n) == 0)
            found_add(f, s->word);
    }
}

static void find_without_suffix(struct finder *f, uint8_t script, const char *word, size_t len)
{
    char key[KEY_BYTES];

    for (unsigned i = 0; i < f->lex->n_suffixes && f->n == 0; i++) {
        size_t cut = f->lex->suffix[i].len, n;

        if (f->lex->suffix[i].script != script || cut + 2 >= len ||
            memcmp(word + len - cut, f->lex->suffix[i].text, cut) != 0)
            continue;
        n = key_of(script, word, len - cut, key);
        find_same(f, hash_more(FNV_START, key, n), key, n, LEX_KEY);
    }
}

unsigned lex_words_of(const struct sah_lexicon *lex, const struct fold *fold, unsigned i,
                      unsigned *searches, uint16_t *ret_words)
{
    const struct fold_token *token = &fold->token[i];
    const char *word = fold_bytes(fold, i);
    struct finder f = {.lex = lex, .found = ret_words};
    char key[KEY_BYTES];
    size_t len;

    find_same(&f, hash_more(FNV_START, word, token->len), word, token->len, LEX_EXACT);
    if (f.n > 0 && (lex->words[f.found[0]].writings & LEX_ALONE) != 0)
        return f.n;
    if (token->kind != FOLD_WORD) {
        find_same(&f, hash_more(FNV_START, word, token->len), word, token->len, LEX_KEY);
        if (token->kind == FOLD_NUMBER && token->len == YEAR_DIGITS)
            find_prefixes(&f, word, token->len); /* "in 198*" */
        return f.n;
    }
    len = key_of(token->script, word, token->len, key);
    find_same(&f, hash_more(FNV_START, key, len), key, len, LEX_KEY);
    find_prefixes(&f, key, len);
    if (f.n == 0)
        find_without_suffix(&f, token->script, word, token->len);
    if (f.n > 0 || *searches == 0)
        return f.n;
    --*searches;
    if (token->script == FOLD_LATIN) {
        find_held(&f, word, token->len, 1);
        find_held(&f, word, token->len, 2);
        if (f.n > 0)
            return f.n;
    }
    find_near(&f, key, len);
    if (f.n == 0)
        find_near_head(&f, key, len);
    if (token->script == FOLD_LATIN)
        find_bones(&f, key, len);
    return f.n;
}

/* The word of this very key, or LEX_NONE. */
static uint16_t word_of(const struct sah_lexicon *lex, const char *text, size_t len)
{
    uint16_t found[LEX_MATCHES_MAX];
    struct finder f = {.lex = lex, .found = found};
    char key[KEY_BYTES];
    size_t n = key_of(FOLD_LATIN, text, len, key);

    find_same(&f, hash_more(FNV_START, key, n), key, n, LEX_KEY);
    return f.n == 0 ? LEX_NONE : found[0];
}

size_t lex_tail_of(const struct sah_lexicon *lex, const struct fold *fold, unsigned i)
{
    const struct fold_token *token = &fold->token[i];
    const char *word = fold_bytes(fold, i);

    if (token->kind != FOLD_WORD || token->script != FOLD_LATIN || token->len < 5 ||
        word_of(lex, word, token->len) != LEX_NONE)
        return 0;
    for (size_t cut = TAIL_MAX; cut >= 2; cut--) {
        uint16_t tail;

        if (cut + 3 > token->len)
            continue;
        tail = word_of(lex, word + token->len - cut, cut);
        if (tail != LEX_NONE && (lex->words[tail].writings & LEX_TAIL) != 0 &&
            word_of(lex, word, token->len - cut) != LEX_NONE)
            return cut;
    }
    return 0;
}
