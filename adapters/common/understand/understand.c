/*
 * understand - see understand.h. The order of the stages; each lives in a file of its own.
 *
 * fold -> words -> language -> phrases -> numbers -> cues -> rules -> entities
 */
#include "work.h"

#include <string.h>

static void size_facts(struct work *work)
{
    unsigned words = 0;

    for (unsigned i = 0; i < work->fold.n; i++)
        words += work->fold.token[i].kind == FOLD_WORD;
    if (work->fold.n == 0)
        work_set(work, FACT_fact_empty);
    if (work->fold.n == 1)
        work_set(work, FACT_fact_one);
    if (words <= 4)
        work_set(work, FACT_fact_short);
    if (words >= 4)
        work_set(work, FACT_fact_some);
    if (words >= 12)
        work_set(work, FACT_fact_many);
    if (work->fold.question)
        work_set(work, FACT_fact_question);
}

static void people(const struct work *work, struct sah_understanding *out)
{
    static const struct {
        enum lex_fact fact;
        uint32_t flag;
    } stated[] = {
        {FACT_v_pregnant, SAH_VULNERABLE_PREGNANT},
        {FACT_v_under5, SAH_VULNERABLE_UNDER_5},
        {FACT_v_over65, SAH_VULNERABLE_OVER_65},
        {FACT_v_disabled, SAH_VULNERABLE_DISABLED},
        {FACT_deaf, SAH_VULNERABLE_DISABLED},
        {FACT_v_alone, SAH_VULNERABLE_ALONE},
        {FACT_v_minor, SAH_VULNERABLE_MINOR},
        {FACT_v_no_shelter, SAH_VULNERABLE_NO_SHELTER},
        {FACT_voice_failed, SAH_VULNERABLE_VOICE_FAILED},
    };

    for (size_t i = 0; i < SAH_LEN(stated); i++)
        if (work_has(work, stated[i].fact))
            out->vulnerable |= stated[i].flag;
    if (work_has(work, FACT_covert))
        out->comm_pref = SAH_COMM_PREF_SILENT;
    else if (work_has(work, FACT_deaf))
        out->comm_pref = SAH_COMM_PREF_TEXT_ONLY;
}

static bool lies_in(const struct work *work, unsigned token, enum lex_fact fact)
{
    for (unsigned h = 0; h < work->n_hits; h++)
        if (work->hit[h].concept == work->lex->fact[fact] && work->hit[h].start <= token &&
            work->hit[h].end >= token)
            return true;
    return false;
}

/* The whole message is a yes (or a no): every word of it lies in such a phrase. */
static bool is_all(const struct work *work, enum lex_fact fact)
{
    if (work->fold.n == 0 || work->fold.n > 6)
        return false;
    for (unsigned i = 0; i < work->fold.n; i++)
        if (!lies_in(work, i, fact))
            return false;
    return true;
}

/* Thanks and the polite words around it, and nothing else: one word more may be a call for help. */
static bool is_thanks(const struct work *work)
{
    if (work->fold.n > 12 ||
        (!work_has(work, FACT_thanks_word) && !work_has(work, FACT_thanks_done)))
        return false;
    for (unsigned i = 0; i < work->fold.n; i++)
        if (!lies_in(work, i, FACT_thanks_word) && !lies_in(work, i, FACT_thanks_done) &&
            !lies_in(work, i, FACT_polite) && !lies_in(work, i, FACT_greeting_emoji))
            return false;
    return true;
}

static bool is_doubtful(const struct work *work, const struct sah_understanding *out)
{
    bool cue = false;

    for (unsigned i = 0; i < out->triage.n_cues; i++)
        cue = cue || (!out->triage.cues[i].negated &&
                      strcmp(out->triage.cues[i].name, "bare_help") != 0);
    return cue || out->danger || work_has(work, FACT_trapped) ||
           work_has(work, FACT_people_inside) || work_has(work, FACT_but_word) ||
           work_has(work, FACT_no_cancel);
}

void work_read(const struct sah_lexicon *lexicon, const char *text, size_t len, struct work *work,
               struct sah_understanding *out)
{
    SAH_CHECK(lexicon, LEXICON_MAGIC);
    memset(out, 0, sizeof *out);
    work->lex = lexicon;
    work->patients = 0;
    memset(&work->facts, 0, sizeof work->facts);

    fold_text(text, len, &work->fold);
    work_words(work);
    work_language(work, out->language);
    work_phrases(work);
    size_facts(work);
    work_entities(work, text, len, out);
    work_cues(work);
    work_numbers(work);
    if (work->fold.cut)
        work_set(work, FACT_fact_cut);
    if (is_thanks(work))
        work_set(work, FACT_fact_thanks);
    work_decide(work, out);
}

void sah_understand(const struct sah_lexicon *lexicon, const char *text, size_t len,
                    struct sah_understanding *ret_understanding)
{
    struct work work;

    work_read(lexicon, text, len, &work, ret_understanding);
    people(&work, ret_understanding);
    ret_understanding->yes = is_all(&work, FACT_yes);
    ret_understanding->no = !ret_understanding->yes && is_all(&work, FACT_no);
    ret_understanding->doubtful = is_doubtful(&work, ret_understanding);
    ret_understanding->thanks = !ret_understanding->doubtful && work_has(&work, FACT_fact_thanks);
    if (strcmp(ret_understanding->triage.service, "LPG_BOOKING") != 0)
        memset(&ret_understanding->lpg.op, 0, sizeof ret_understanding->lpg.op);
}
