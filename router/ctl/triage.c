/*
 * triage - understanding and policy together, one line at a time. See triage.h.
 *
 * The one place where the adapter's side and the router's side meet in one program: for linguists,
 * tests and ops, never in the way of a message.
 */
#include <stdlib.h>
#include <string.h>

#include "triage.h"

static size_t unescape(char *line, size_t len)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\\' && i + 1 < len && line[i + 1] == 'n') {
            line[out++] = '\n';
            i++;
        } else {
            line[out++] = line[i];
        }
    }
    return out;
}

static const char *service_of(const struct sah_understanding *u)
{
    switch (u->intent) {
    case SAH_INTENT_REQUEST:
        return u->triage.service[0] ? u->triage.service : "UNKNOWN";
    case SAH_INTENT_STATUS:
        return "STATUS";
    case SAH_INTENT_CANCEL:
        return "CANCEL";
    case SAH_INTENT_MENU:
        return "MENU";
    case SAH_INTENT_NONE:
        return "NONE";
    }
    return "UNKNOWN";
}

static void explain_row(FILE *out, const struct sah_understanding *u, const struct sah_rank *rank)
{
    fprintf(out, "# understood by %s (lexicon %s), confidence %u, urgency %s; ranked by %s\n", u->triage.rule,
            u->triage.lexicon_version, u->triage.confidence, sah_urgency_name(u->urgency), rank->rule);
    fprintf(out, "# incident type %s, district %s, PIN %s\n", u->triage.incident_type[0] ? u->triage.incident_type : "-",
            u->district[0] ? u->district : "-", u->pincode[0] ? u->pincode : "-");
    for (unsigned i = 0; i < u->triage.n_cues; i++)
        fprintf(out, "# cue %s%s at bytes %u..%u\n", u->triage.cues[i].negated ? "(negated) " : "", u->triage.cues[i].name,
                u->triage.cues[i].start, u->triage.cues[i].start + u->triage.cues[i].len);
}

static void row(FILE *out, const char *text, size_t len, const struct sah_lexicon *lexicon,
                const struct sah_policy *policy, struct sah_request *request, bool explain)
{
    struct sah_understanding u;
    struct sah_rank rank = {0};
    bool is_request;

    sah_understand(lexicon, text, len, &u);
    is_request = u.intent == SAH_INTENT_REQUEST;
    memset(request, 0, sizeof *request);
    request->urgency = u.urgency;
    request->triage = u.triage;
    request->citizen.vulnerable = u.vulnerable;
    if (is_request)
        sah_rank(policy, request, &rank);
    fprintf(out, "%s\t%s\t", service_of(&u), is_request ? sah_priority_name(rank.priority) : "-");
    for (unsigned i = 1; i < rank.n_services; i++)
        fprintf(out, "%s%s", i > 1 ? "," : "", rank.services[i]);
    fprintf(out, "%s\t%s\t%s%s%s\n", rank.n_services > 1 ? "" : "-", u.language[0] ? u.language : "-",
            u.triage.rule[0] ? u.triage.rule : "-", is_request ? "/" : "", is_request ? rank.rule : "");
    if (explain)
        explain_row(out, &u, &rank);
}

int triage_run(FILE *in, FILE *out, const struct sah_lexicon *lexicon, const struct sah_policy *policy, bool explain)
{
    struct sah_request *request = calloc(1, sizeof *request);
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    if (request == NULL)
        return SAH_ENOMEM;
    while ((len = getline(&line, &size, in)) >= 0) {
        if (len > 0 && line[len - 1] == '\n')
            len--;
        row(out, line, unescape(line, (size_t)len), lexicon, policy, request, explain);
    }
    free(line);
    free(request);
    return ferror(in) || fflush(out) != 0 ? SAH_EIO : SAH_OK;
}
