/*
 * cues - from concepts to danger cues: near each other, and not taken back.
 *
 * A cue is taken back by a negator of its language on the right side (before it in English,
 * behind it in Telugu, Hindi and Urdu) with nothing but fillers between, or by a marker of the
 * past in its clause. Everything else leaves it standing: over-triage is cheap.
 */
#include "work.h"

#include <string.h>

/* Windows from here on are about the whole message: "Fire in the house. Children inside." */
#define WIDE_WINDOW 8

static bool breaks_between(const struct work *work, unsigned from, unsigned to, uint8_t brk)
{
    for (unsigned i = from + 1; i <= to && i < work->fold.n; i++)
        if (work->fold.token[i].brk >= brk)
            return true;
    return false;
}

/* "saans nahi": here the negator is a word of the cue itself and takes nothing back. Only of
 * one that can come to be: "nahi aa rahi" belongs to a breath, when a breath is spoken of. */
static bool is_consumed(const struct work *work, const struct work_hit *negator,
                        const struct lex_set *alive)
{
    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];

        if (hit->start > negator->start || hit->end < negator->end ||
            hit->concept == negator->concept || hit->concept == work->lex->fact[FACT_filler] ||
            hit->concept == work->lex->fact[FACT_no] || !lex_set_has(alive, hit->concept) ||
            hit->end - hit->start <= negator->end - negator->start)
            continue;
        if ((hit->tokens >> (negator->start - hit->start) & 1) != 0)
            return true;
    }
    return false;
}

static bool only_fillers(const struct work *work, unsigned from, unsigned to)
{
    if (to > from + 6)
        return false;
    for (unsigned i = from + 1; i < to; i++)
        if (!work->used[i] && !work->filler[i])
            return false;
    return !breaks_between(work, from, to, FOLD_BREAK_WEAK);
}

static bool is_negated(const struct work *work, unsigned start, unsigned end)
{
    const uint16_t before = work->lex->fact[FACT_neg_before];

    for (unsigned i = 0; i < work->n_negators; i++) {
        const struct work_hit *neg = &work->hit[work->negator[i]];

        if (neg->start > start && neg->end < end)
            continue; /* in_gap() looks at these */
        if (neg->concept == before ? neg->end < start && only_fillers(work, neg->end, start)
                                   : neg->start > end && only_fillers(work, end, neg->start))
            return true;
    }
    return false;
}

/* "aag nahi lagi" as one phrase with a gap: the negator stands in the gap. */
static bool in_gap(const struct work *work, const struct work_hit *hit)
{
    for (unsigned i = 0; i < work->n_negators; i++) {
        const struct work_hit *neg = &work->hit[work->negator[i]];

        if (neg->start > hit->start && neg->end < hit->end)
            return true;
    }
    return false;
}

static bool in_one_clause(const struct work *work, const struct work_hit *hit, unsigned start,
                          unsigned end)
{
    return hit->end < start ? !breaks_between(work, hit->end, start, FOLD_BREAK_WEAK)
                            : !breaks_between(work, end, hit->start, FOLD_BREAK_WEAK);
}

/* "Two years ago", "last Diwali". A "now" in the same clause takes it back, an "again" or a plea
 * anywhere; not so when all is well again. */
static bool is_past(const struct work *work, unsigned start, unsigned end)
{
    const struct sah_lexicon *lex = work->lex;
    bool past = false, now = false;
    bool over = work_has(work, FACT_recovered) || work_has(work, FACT_thanks_word);

    if (!work_has(work, FACT_past) && !work_has(work, FACT_long_past))
        return false;
    if (!over && (work_has(work, FACT_again) || work_has(work, FACT_plea)))
        return false;
    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];

        if (hit->hidden || (hit->concept != lex->fact[FACT_past] &&
                            hit->concept != lex->fact[FACT_long_past] &&
                            hit->concept != lex->fact[FACT_now]) ||
            !in_one_clause(work, hit, start, end))
            continue;
        if (hit->concept == lex->fact[FACT_now])
            now = true;
        else
            past = true;
    }
    return past && (!now || over);
}

/* In a film, a game, a lesson; or a laugh about a match. Then no cue is meant, whatever its
 * grade, unless something says that it is real: a relative, a place, a plea. */
static bool is_unreal(const struct work *work)
{
    if (work_has(work, FACT_joke_marker) && work_has(work, FACT_match))
        return true;
    return (work_has(work, FACT_fiction) || work_has(work, FACT_what_if)) &&
           !work_has(work, FACT_real);
}

static bool near_any(const struct work *work, const struct lex_cue *pattern, unsigned start,
                     unsigned end)
{
    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];

        for (unsigned w = 0; w < pattern->n_without; w++)
            if (hit->concept == pattern->without[w] && !hit->hidden &&
                hit->start <= end + pattern->window && hit->end + pattern->window >= start)
                return true;
    }
    return false;
}

/* "petrol" beside "heart attack": what it spans is talk, and no cue is made of it. */
static void idiom_found(struct work *work, uint16_t idiom, unsigned start, unsigned end)
{
    work->n_idioms++;
    for (unsigned i = 0; i < work->n_hits; i++) {
        struct work_hit *hit = &work->hit[i];

        if (hit->start <= end && hit->end >= start &&
            lex_set_has(&work->lex->cue_parts, hit->concept))
            hit->hidden = true;
    }
    lex_set_add(&work->facts, idiom);
}

static void cue_found(struct work *work, const struct lex_cue *pattern, unsigned start,
                      unsigned end, bool denied)
{
    const struct lex_name *name = &work->lex->names[pattern->cue];
    struct work_cue cue = {.cue = pattern->cue, .start = (uint16_t)start, .end = (uint16_t)end};

    if (near_any(work, pattern, start, end))
        return;
    if ((name->flags & LEX_IDIOM) != 0) {
        idiom_found(work, pattern->cue, start, end);
        return;
    }
    if ((name->flags & LEX_NEGATABLE) != 0)
        cue.negated = denied || is_negated(work, start, end);
    /* A cue of P0 only lies in the past when that is long ago: "in 1970", "when I was small". */
    if (!cue.negated && (name->grade == 0 ? work_has(work, FACT_long_past)
                                          : (name->flags & LEX_NEGATABLE) != 0))
        cue.negated = is_past(work, start, end);
    /* Of P1 and P2 only "I want to live no more" carries its own negation: it stands in a film
     * too. */
    if (!cue.negated && (name->grade == 0 || (name->flags & LEX_NEGATABLE) != 0))
        cue.negated = is_unreal(work);
    for (unsigned i = 0; i < work->n_cues; i++) {
        struct work_cue *known = &work->cue[i];

        if (known->cue != cue.cue || known->negated != cue.negated)
            continue;
        if (known->end - known->start > cue.end - cue.start) {
            known->start = cue.start;
            known->end = cue.end;
        }
        return;
    }
    if (work->n_cues < WORK_CUES_MAX)
        work->cue[work->n_cues++] = cue;
}

static const struct work_hit *nearest(const struct work *work, uint16_t concept, unsigned start,
                                      unsigned end, unsigned window)
{
    const struct work_hit *best = NULL;
    unsigned best_gap = window + 1;

    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];
        unsigned gap;

        if (hit->concept != concept || hit->hidden)
            continue;
        if (hit->start > end)
            gap = hit->start - end - 1;
        else if (hit->end < start)
            gap = start - hit->end - 1;
        else
            gap = 0;
        if (gap >= best_gap)
            continue;
        if (window < WIDE_WINDOW &&
            (hit->start > end ? breaks_between(work, end, hit->start, FOLD_BREAK_STRONG)
                              : breaks_between(work, hit->end, start, FOLD_BREAK_STRONG)))
            continue;
        best = hit;
        best_gap = gap;
    }
    return best;
}

static void pattern_seek(struct work *work, const struct lex_cue *pattern)
{
    for (unsigned i = 0; i < work->n_hits; i++) {
        unsigned start = work->hit[i].start, end = work->hit[i].end, p = 1;
        bool denied = false; /* "no fire in the bus": the negator stands between the parts */

        if (work->hit[i].concept != pattern->part[0] || work->hit[i].hidden)
            continue;
        for (; p < pattern->n; p++) {
            const struct work_hit *other =
                nearest(work, pattern->part[p], start, end, pattern->window);

            if (other == NULL)
                break;
            denied = denied || is_negated(work, other->start, other->end);
            start = other->start < start ? other->start : start;
            end = other->end > end ? other->end : end;
        }
        if (p == pattern->n)
            cue_found(work, pattern, start, end,
                      denied || in_gap(work, &work->hit[i]) ||
                          (p > 1 && is_negated(work, work->hit[i].start, work->hit[i].end)));
    }
}

static bool parts_there(const struct lex_set *there, const struct lex_cue *pattern)
{
    for (unsigned p = 0; p < pattern->n; p++)
        if (!lex_set_has(there, pattern->part[p]))
            return false;
    return true;
}

static void mark(bool *tokens, const struct work_hit *hit)
{
    for (unsigned t = hit->start; t <= hit->end; t++)
        tokens[t] = true;
}

/* What the search for negators and patterns asks of each token, found once. */
static void prepare(struct work *work, struct lex_set *there)
{
    const struct sah_lexicon *lex = work->lex;
    struct lex_set alive = {0}; /* parts of cues that are all there */

    for (unsigned i = 0; i < work->fold.n; i++)
        work->used[i] = work->filler[i] = false;
    work->n_negators = 0;
    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];

        if (hit->hidden)
            continue;
        lex_set_add(there, hit->concept);
        if (lex_set_has(&lex->negatable_parts, hit->concept))
            mark(work->used, hit);
        if (hit->concept == lex->fact[FACT_filler])
            mark(work->filler, hit);
    }
    for (unsigned c = 0; c < lex->n_cues; c++)
        if (parts_there(there, &lex->cues[c]))
            for (unsigned p = 0; p < lex->cues[c].n; p++)
                lex_set_add(&alive, lex->cues[c].part[p]);
    for (unsigned i = 0; i < work->n_hits; i++) {
        const struct work_hit *hit = &work->hit[i];

        if (!hit->hidden &&
            (hit->concept == lex->fact[FACT_neg_before] ||
             hit->concept == lex->fact[FACT_neg_after]) &&
            work->n_negators < WORK_NEGATORS_MAX && !is_consumed(work, hit, &alive))
            work->negator[work->n_negators++] = (uint16_t)i;
    }
}

/* All patterns of idioms, or of cues. */
static void seek_all(struct work *work, const struct lex_set *there, uint16_t flag)
{
    const struct sah_lexicon *lex = work->lex;

    for (unsigned c = 0; c < lex->n_cues; c++)
        if ((lex->names[lex->cues[c].cue].flags & flag) != 0 &&
            parts_there(there, &lex->cues[c]))
            pattern_seek(work, &lex->cues[c]);
}

void work_cues(struct work *work)
{
    const struct sah_lexicon *lex = work->lex;
    struct lex_set there = {0};

    prepare(work, &there);
    work->n_cues = 0;
    work->n_idioms = 0;
    seek_all(work, &there, LEX_IDIOM);
    if (work->n_idioms > 0) { /* what an idiom hides is no longer there */
        memset(&there, 0, sizeof there);
        prepare(work, &there);
    }
    seek_all(work, &there, LEX_CUE);

    for (unsigned i = 0; i < work->n_cues; i++) {
        const struct lex_name *name = &lex->names[work->cue[i].cue];

        if (work->cue[i].negated) {
            if ((name->flags & LEX_MODIFIER) == 0)
                work_set(work, FACT_fact_negated);
            continue;
        }
        lex_set_add(&work->facts, work->cue[i].cue);
        if ((name->flags & LEX_MODIFIER) != 0)
            continue;
        work_set(work, FACT_fact_danger);
        if (name->grade == 0)
            work_set(work, FACT_fact_severe);
    }
}
