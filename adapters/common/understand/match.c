/*
 * match - finds the lexicon's phrases in a message: from the first word of each, by look-up.
 */
#include "work.h"

#include <string.h>

#define SHORT_CHARS  5
#define SEARCHES_MAX 64 /* words of a message that mistakes are sought in */

/* "girgaya" -> "gir", "gaya": two tokens over the same bytes of the message. */
static void tail_off(struct fold *fold, unsigned i, size_t cut)
{
    struct fold_token *head = &fold->token[i];

    memmove(head + 2, head + 1, (fold->n - i - 1) * sizeof *head);
    fold->n++;
    head[1] = head[0];
    head->len = (uint8_t)(head->len - cut);
    head[1].text = head->text + head->len;
    head[1].len = (uint8_t)cut;
    head[1].brk = FOLD_BREAK_NONE;
}

void work_words(struct work *work)
{
    unsigned searches = SEARCHES_MAX;

    for (unsigned i = 0; i < work->fold.n; i++) {
        size_t cut =
            work->fold.n < FOLD_TOKENS_MAX ? lex_tail_of(work->lex, &work->fold, i) : 0;

        if (cut > 0)
            tail_off(&work->fold, i, cut);
    }
    for (unsigned i = 0; i < work->fold.n; i++) {
        work->n_words[i] = (uint8_t)lex_words_of(work->lex, &work->fold, i, &searches, work->words[i]);
        work->seen[i] = 0;
        for (unsigned w = 0; w < work->n_words[i]; w++)
            work->seen[i] |= 1ull << (work->words[i][w] % 64);
    }
    if (searches == 0)
        work->fold.cut = true; /* not every word was looked at as closely: a person must */
}

static bool is_one_of(const struct work *work, unsigned token,
                      const struct lex_element *element)
{
    const uint16_t *alternatives = work->lex->alternatives + element->first;

    if ((work->seen[token] & element->seen) == 0)
        return false;
    for (unsigned w = 0; w < work->n_words[token]; w++)
        for (unsigned i = 0; i < element->n; i++)
            if (work->words[token][w] == alternatives[i])
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
                      unsigned at, unsigned start, bool gap, unsigned *ret_end,
                      uint32_t *tokens)
{
    const struct lex_element *element;

    if (e == phrase->n)
        return true;
    element = &work->lex->elements[phrase->rest + e - 1];
    gap = gap || element->gap;
    for (unsigned next = at; next <= at + (gap ? LEX_GAP_WORDS : 0); next++) {
        uint32_t before = *tokens;
        unsigned end = *ret_end;

        if (next >= work->fold.n || next - start >= 31 ||
            work->fold.token[next].brk == FOLD_BREAK_STRONG)
            break;
        if (!is_one_of(work, next, element))
            continue;
        *ret_end = next;
        *tokens |= 1u << (next - start);
        if (rest_fits(work, phrase, e + 1, next + 1, start, false, ret_end, tokens))
            return true;
        *tokens = before;
        *ret_end = end;
    }
    return element->optional && rest_fits(work, phrase, e + 1, at, start, gap, ret_end, tokens);
}

static bool joking(const struct work *work)
{
    return work_has(work, FACT_joke_marker);
}

static void hide_inside(struct work *work, const struct work_hit *mask)
{
    bool all = (work->lex->names[mask->concept].flags & LEX_MASK_ALL) != 0;

    for (unsigned i = 0; i < work->n_hits; i++) {
        struct work_hit *hit = &work->hit[i];
        uint32_t tokens;

        if (hit->start < mask->start || hit->end > mask->end || hit->concept == mask->concept ||
            (!all && !lex_set_has(&work->lex->cue_parts, hit->concept)))
            continue;
        tokens = hit->tokens << (hit->start - mask->start);
        if ((tokens & mask->tokens) != 0)
            hit->hidden = true;
    }
}

/* A short word of one language that is an ordinary word of the message's own: "me" (in), "he"
 * (is), "baar" (times). Longer words are what they look like in whatever language. */
static bool is_foreign(const struct work *work, const struct lex_word *word,
                       const struct lex_phrase *phrase)
{
    unsigned own = work->writing;

    if ((work->foreign & phrase->writings) != 0 && (phrase->writings & ~work->foreign) == 0 &&
        (unsigned char)work->lex->pool[word->text] < 0x80)
        return true;
    if (phrase->n > 1 || word->how == LEX_PREFIX || word->chars > SHORT_CHARS ||
        (unsigned char)work->lex->pool[word->text] >= 0x80)
        return false;
    if ((own & (LEX_BIT(LEX_TE) | LEX_BIT(LEX_HI) | LEX_BIT(LEX_UR))) != 0)
        return false; /* two scripts in one message: every loan is at home */
    if ((own & (LEX_BIT(LEX_HI_LATN) | LEX_BIT(LEX_UR_LATN))) != 0)
        own |= LEX_BIT(LEX_HI_LATN) | LEX_BIT(LEX_UR_LATN); /* one language, two letterings */
    return phrase->writings != 0 && (phrase->writings & own) == 0 && (word->writings & own) != 0;
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

                if ((phrase->only != 0 && (phrase->only & work->writing) == 0) ||
                    is_foreign(work, word, phrase))
                    continue;
                if (rest_fits(work, phrase, 1, i + 1, i, false, &end, &tokens))
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
