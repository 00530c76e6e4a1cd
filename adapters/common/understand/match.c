/*
 * match - finds the lexicon's phrases in a message: from the first word of each, by look-up.
 */
#include "work.h"

void work_words(struct work *work)
{
    for (unsigned i = 0; i < work->fold.n; i++)
        work->n_words[i] = (uint8_t)lex_words_of(work->lex, &work->fold, i, work->words[i]);
}

static bool is_word(const struct work *work, unsigned token, uint16_t word)
{
    for (unsigned w = 0; w < work->n_words[token]; w++)
        if (work->words[token][w] == word)
            return true;
    return false;
}

static void hit_add(struct work *work, uint16_t concept, unsigned start, unsigned end,
                    uint32_t tokens)
{
    /* Spelling variants of one phrase hit the same words: once is enough. */
    for (unsigned i = work->n_hits; i > 0 && work->hit[i - 1].start == start; i--)
        if (work->hit[i - 1].concept == concept && work->hit[i - 1].tokens == tokens)
            return;
    if (work->n_hits == WORK_HITS_MAX) {
        work->fold.cut = true; /* not everything was looked at: a person must */
        return;
    }
    work->hit[work->n_hits++] = (struct work_hit){
        .concept = concept, .start = (uint16_t)start, .end = (uint16_t)end, .tokens = tokens};
}

/* Elements from `e` on, token `at` being the next one to look at. Gaps make it branch at most
 * LEX_GAP_WORDS ways, and a phrase has at most eight elements. */
static bool rest_fits(const struct work *work, const struct lex_phrase *phrase, unsigned e,
                      unsigned at, unsigned start, unsigned *ret_end, uint32_t *tokens)
{
    unsigned gap = 0;

    if (e == phrase->n)
        return true;
    if (phrase->element[e] == LEX_NONE) {
        gap = LEX_GAP_WORDS;
        e++;
    }
    for (unsigned skip = 0; skip <= gap; skip++, at++) {
        if (at >= work->fold.n || at - start >= 31 ||
            work->fold.token[at].brk == FOLD_BREAK_STRONG)
            return false;
        if (is_word(work, at, phrase->element[e])) {
            uint32_t before = *tokens;

            *ret_end = at;
            *tokens |= 1u << (at - start);
            if (rest_fits(work, phrase, e + 1, at + 1, start, ret_end, tokens))
                return true;
            *tokens = before;
        }
    }
    return false;
}

static bool joking(const struct work *work)
{
    return work_has(work, FACT_joke_marker);
}

static void hide_inside(struct work *work, const struct work_hit *mask)
{
    for (unsigned i = 0; i < work->n_hits; i++) {
        struct work_hit *hit = &work->hit[i];
        uint32_t tokens;

        if (!lex_set_has(&work->lex->cue_parts, hit->concept) || hit->start < mask->start ||
            hit->end > mask->end)
            continue;
        tokens = hit->tokens << (hit->start - mask->start);
        if ((tokens & ~mask->tokens) == 0)
            hit->hidden = true;
    }
}

void work_phrases(struct work *work)
{
    const struct sah_lexicon *lex = work->lex;

    work->n_hits = 0;
    for (unsigned i = 0; i < work->fold.n; i++) {
        for (unsigned w = 0; w < work->n_words[i]; w++) {
            const struct lex_word *word = &lex->words[work->words[i][w]];

            for (unsigned p = 0; p < word->n_phrases; p++) {
                const struct lex_phrase *phrase = &lex->phrases[word->first_phrase + p];
                unsigned end = i;
                uint32_t tokens = 1;

                if (phrase->only != 0 && (phrase->only & work->writing) == 0)
                    continue;
                if (rest_fits(work, phrase, 1, i + 1, i, &end, &tokens))
                    hit_add(work, phrase->concept, i, end, tokens);
            }
        }
    }
    for (unsigned i = 0; i < work->n_hits; i++)
        if (work->hit[i].concept == lex->fact[FACT_joke_marker])
            work_set(work, FACT_joke_marker);
    for (unsigned i = 0; i < work->n_hits; i++) {
        uint16_t flags = lex->names[work->hit[i].concept].flags;

        if ((flags & LEX_MASK) != 0 && ((flags & LEX_JOKE) == 0 || joking(work)))
            hide_inside(work, &work->hit[i]);
    }
    for (unsigned i = 0; i < work->n_hits; i++) {
        uint16_t flags = lex->names[work->hit[i].concept].flags;

        if (!work->hit[i].hidden && (flags & LEX_CUE) == 0 &&
            ((flags & LEX_JOKE) == 0 || joking(work)))
            lex_set_add(&work->facts, work->hit[i].concept);
    }
}
