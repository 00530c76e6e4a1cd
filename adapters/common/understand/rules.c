/*
 * rules - the first rule whose facts are there decides; ALSO rules add services to it.
 */
#include "work.h"

#include <string.h>

static bool holds(const struct lex_rule *rule, const struct lex_set *facts)
{
    uint64_t none = 0, missing = 0, any[LEX_ANY_MAX] = {0};

    for (unsigned i = 0; i < LEX_SET_WORDS; i++) {
        none |= rule->none.bits[i] & facts->bits[i];
        missing |= rule->all.bits[i] & ~facts->bits[i];
        for (unsigned a = 0; a < rule->n_any; a++)
            any[a] |= rule->any[a].bits[i] & facts->bits[i];
    }
    if (none != 0 || missing != 0)
        return false;
    for (unsigned a = 0; a < rule->n_any; a++)
        if (any[a] == 0)
            return false;
    return true;
}

static void service_add(struct sah_triage *triage, const char *service)
{
    if (strcmp(triage->service, service) == 0)
        return;
    for (unsigned i = 0; i < triage->n_additional; i++)
        if (strcmp(triage->additional[i], service) == 0)
            return;
    if (triage->n_additional < SAH_ADDITIONAL_MAX)
        memcpy(triage->additional[triage->n_additional++], service, strlen(service) + 1);
}

/* Worst first, what does not hold last, so that the bound cuts the least. */
static unsigned cue_rank(const struct work *work, const struct work_cue *cue)
{
    const struct lex_name *name = &work->lex->names[cue->cue];

    return (cue->negated ? 8u : 0u) + ((name->flags & LEX_MODIFIER) != 0 ? 4u : name->grade);
}

static void list_cues(struct work *work, struct sah_triage *triage)
{
    for (unsigned i = 1; i < work->n_cues; i++) {
        struct work_cue cue = work->cue[i];
        unsigned j = i;

        for (; j > 0 && cue_rank(work, &work->cue[j - 1]) > cue_rank(work, &cue); j--)
            work->cue[j] = work->cue[j - 1];
        work->cue[j] = cue;
    }
    for (unsigned i = 0; i < work->n_cues && triage->n_cues < SAH_CUES_MAX; i++) {
        const struct work_cue *cue = &work->cue[i];
        struct sah_cue *out;

        /* A "help" beside something that is understood tells nothing more. */
        if (cue->cue == work->lex->fact[FACT_bare_help] &&
            strcmp(triage->service, "UNKNOWN") != 0)
            continue;
        out = &triage->cues[triage->n_cues++];
        memcpy(out->name, work->lex->names[cue->cue].text, sizeof out->name);
        out->start = work->fold.token[cue->start].start;
        out->len = work->fold.token[cue->end].end - out->start;
        out->negated = cue->negated;
    }
}

/* "108 pampoddu" wants no ambulance: what a cancel speaks of is what it takes back. Other dangers stay. */
static bool take_back_wanted(struct work *work)
{
    static const enum lex_fact wanted[] = {FACT_ambulance_wanted, FACT_fire_wanted,
                                           FACT_police_wanted};
    bool danger = false;

    for (unsigned i = 0; i < work->n_cues; i++) {
        struct work_cue *cue = &work->cue[i];

        for (size_t w = 0; w < SAH_LEN(wanted); w++)
            if (cue->cue == work->lex->fact[wanted[w]])
                cue->negated = true;
        danger = danger || (!cue->negated &&
                            (work->lex->names[cue->cue].flags & LEX_MODIFIER) == 0);
    }
    return danger;
}

void work_decide(struct work *work, struct sah_understanding *out)
{
    const struct sah_lexicon *lex = work->lex;
    struct sah_triage *triage = &out->triage;
    const struct lex_rule *decided = NULL;

    for (unsigned i = 0; i < lex->n_rules; i++) {
        const struct lex_rule *rule = &lex->rules[i];

        if (rule->also || !holds(rule, &work->facts))
            continue;
        decided = rule;
        break;
    }
    SAH_ASSERT(decided != NULL); /* load.c saw the catch-all */
    out->intent = decided->intent;
    out->urgency = decided->urgency;
    memcpy(triage->service, decided->service, sizeof triage->service);
    memcpy(triage->incident_type, decided->type, sizeof triage->incident_type);
    memcpy(triage->rule, decided->id, sizeof triage->rule);
    memcpy(triage->lexicon_version, lex->version, sizeof triage->lexicon_version);
    memcpy(out->lpg.op, decided->op, sizeof out->lpg.op);
    triage->confidence = decided->confidence;
    triage->needs_person = decided->needs_person;
    for (unsigned i = 0; i < decided->n_additional; i++)
        service_add(triage, decided->additional[i]);
    if (decided->intent == SAH_INTENT_REQUEST && decided->urgency == SAH_URGENCY_URGENT) {
        for (unsigned i = 0; i < lex->n_rules; i++)
            if (lex->rules[i].also && holds(&lex->rules[i], &work->facts))
                for (unsigned a = 0; a < lex->rules[i].n_additional; a++)
                    service_add(triage, lex->rules[i].additional[a]);
    }
    out->danger = work_has(work, FACT_fact_danger);
    if (out->intent == SAH_INTENT_CANCEL)
        out->danger = take_back_wanted(work);
    triage->trapped = work_has(work, FACT_trapped) ? SAH_TRI_YES : SAH_TRI_UNKNOWN;
    triage->patients = work->patients;
    list_cues(work, triage);
}
