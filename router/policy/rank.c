/*
 * rank - which class a request is, and which services it needs besides. See rank.h.
 */
#include <string.h>

#include "policy/rank.h"

enum sah_priority sah_priority_higher(enum sah_priority a, enum sah_priority b)
{
    enum sah_priority x = a == SAH_PRIORITY_UNSPECIFIED ? SAH_PRIORITY_P1 : a;
    enum sah_priority y = b == SAH_PRIORITY_UNSPECIFIED ? SAH_PRIORITY_P1 : b;

    return x < y ? x : y;
}

static bool has_cue(const struct sah_triage *triage, const char *cue)
{
    for (unsigned i = 0; i < triage->n_cues; i++)
        if (!triage->cues[i].negated && strcmp(triage->cues[i].name, cue) == 0)
            return true;
    return false;
}

static bool has_service(const struct sah_triage *triage, const char *service)
{
    const char *first = triage->service[0] ? triage->service : "UNKNOWN";

    if (strcmp(first, service) == 0)
        return true;
    for (unsigned i = 0; i < triage->n_additional; i++)
        if (strcmp(triage->additional[i], service) == 0)
            return true;
    return false;
}

static bool any_cue(const struct sah_rank_rule *rule, const struct sah_triage *triage)
{
    for (unsigned i = 0; i < rule->n_cues; i++)
        if (has_cue(triage, rule->cues[i]))
            return true;
    return rule->n_cues == 0;
}

static bool any_type(const struct sah_rank_rule *rule, const struct sah_triage *triage)
{
    for (unsigned i = 0; i < rule->n_types; i++)
        if (strcmp(rule->types[i], triage->incident_type) == 0)
            return true;
    return rule->n_types == 0;
}

static bool any_service(const struct sah_rank_rule *rule, const struct sah_triage *triage)
{
    for (unsigned i = 0; i < rule->n_services; i++)
        if (has_service(triage, rule->services[i]))
            return true;
    return rule->n_services == 0;
}

static void add_service(struct sah_rank *rank, const char *service)
{
    for (unsigned i = 0; i < rank->n_services; i++)
        if (strcmp(rank->services[i], service) == 0)
            return;
    if (rank->n_services < SAH_LEN(rank->services))
        (void)sah_format(rank->services[rank->n_services++], SAH_SERVICE_SIZE, "%s", service);
}

static bool raise_applies(const struct sah_raise *raise, const struct sah_request *request)
{
    const struct sah_triage *triage = &request->triage;
    uint32_t patients = triage->patients;

    if (raise->vulnerable != 0 && (request->citizen.vulnerable & raise->vulnerable) == 0)
        return false;
    if (raise->patients_from != 0 && patients < raise->patients_from)
        return false;
    if (raise->cue[0] != '\0' && !has_cue(triage, raise->cue))
        return false;
    for (unsigned i = 0; i < raise->n_unless; i++)
        if (has_cue(triage, raise->unless[i]))
            return false;
    return true;
}

/*
 * P3 and P4 are not raised: every check-up of 102 is for somebody pregnant, and a booking does not
 * become urgent with the age of who books. Only a danger cue takes a request to the other lane.
 */
static void apply_raises(const struct sah_policy *policy, const struct sah_request *request, bool overdue,
                         struct sah_rank *rank)
{
    if (!sah_priority_is_emergency(rank->priority))
        return;
    for (unsigned i = 0; i < policy->n_raises; i++) {
        if ((policy->raises[i].overdue && !overdue) || rank->priority <= policy->raises[i].to || !raise_applies(&policy->raises[i], request))
            continue;
        rank->priority = (enum sah_priority)(rank->priority - 1);
        size_t len = strlen(rank->rule);
        (void)sah_format(rank->rule + len, sizeof rank->rule - len, "+%s", policy->raises[i].id);
        return; /* one class, once in all */
    }
}

/* A first report that speaks of waiting has waited elsewhere. */
void sah_rank(const struct sah_policy *policy, const struct sah_request *request, struct sah_rank *ret_rank)
{
    sah_rank_amended(policy, request, true, ret_rank);
}

void sah_rank_amended(const struct sah_policy *policy, const struct sah_request *request, bool overdue,
                      struct sah_rank *ret_rank)
{
    const struct sah_triage *triage = &request->triage;
    bool matched = false;

    memset(ret_rank, 0, sizeof *ret_rank);
    ret_rank->priority = request->urgency == SAH_URGENCY_BULK ? policy->bulk : policy->unknown;
    (void)sah_format(ret_rank->rule, sizeof ret_rank->rule, "%s",
                     request->urgency == SAH_URGENCY_BULK ? "default.bulk" : "default.unknown");
    add_service(ret_rank, triage->service[0] ? triage->service : "UNKNOWN");
    for (unsigned i = 0; i < triage->n_additional; i++)
        add_service(ret_rank, triage->additional[i]);
    for (unsigned i = 0; i < policy->n_rules; i++) {
        const struct sah_rank_rule *rule = &policy->rules[i];

        if (!any_cue(rule, triage) || !any_type(rule, triage) || !any_service(rule, triage))
            continue;
        for (unsigned j = 0; j < rule->n_also; j++)
            add_service(ret_rank, rule->also[j]);
        if (!matched || rule->priority < ret_rank->priority) {
            ret_rank->priority = rule->priority;
            memcpy(ret_rank->rule, rule->id, sizeof ret_rank->rule);
        }
        matched = true;
    }
    apply_raises(policy, request, overdue, ret_rank);
}
