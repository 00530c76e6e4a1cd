/*
 * sameness - are two reports about one incident? See sameness.h for the invariants (9.n).
 */
#include <string.h>

#include "policy/route.h"
#include "policy/sameness.h"

const char *sah_same_kind_name(enum sah_same_kind kind)
{
    static const char *const names[] = {
#define X(name) [SAH_SAME_##name] = #name,
        SAH_SAME_KINDS(X)
#undef X
    };

    return (unsigned)kind < SAH_LEN(names) ? names[kind] : "NONE";
}

const char *sah_same_reason_name(enum sah_same_reason reason)
{
    static const char *const names[] = {
#define X(name, text) [SAH_SAME_REASON_##name] = text,
        SAH_SAME_REASONS(X)
#undef X
    };

    return (unsigned)reason < SAH_LEN(names) ? names[reason] : "unknown";
}

/* ---- groups */

unsigned sah_sameness_group(const struct sah_sameness_rules *rules, const char *type,
                            const char *service)
{
    for (unsigned i = 0; i < rules->n_groups; i++) {
        const struct sah_same_group *group = &rules->groups[i];

        for (unsigned j = 0; type[0] != '\0' && j < group->n_types; j++)
            if (strcmp(group->types[j], type) == 0)
                return i + 1;
        for (unsigned j = 0; service[0] != '\0' && j < group->n_services; j++)
            if (strcmp(group->services[j], service) == 0)
                return i + 1;
    }
    return rules->otherwise + 1;
}

static const struct sah_same_group *group_of(const struct sah_sameness_rules *rules,
                                             const struct sah_incident_facts *facts)
{
    unsigned group = facts->group != 0 ? facts->group
                                       : sah_sameness_group(rules, facts->type, facts->service);

    SAH_ASSERT(group <= rules->n_groups);
    return &rules->groups[group - 1];
}

int64_t sah_sameness_longest_ms(const struct sah_sameness_rules *rules)
{
    int64_t longest = rules->rumour_window_ms;

    for (unsigned i = 0; i < rules->n_groups; i++)
        if (rules->groups[i].window_ms > longest)
            longest = rules->groups[i].window_ms;
    return longest;
}

uint32_t sah_sameness_reach_m(const struct sah_sameness_rules *rules)
{
    uint32_t reach = 0;

    for (unsigned i = 0; i < rules->n_groups; i++)
        if (rules->groups[i].show_m > reach)
            reach = rules->groups[i].show_m;
    return reach + 2 * rules->radius_cap_m;
}

/* What holds for a report of group `a` beside an incident of group `b`: the stricter of both.
 */
struct pair {
    enum sah_same_kind action;
    uint32_t window_ms, link_m, show_m;
    bool one_patient, one_building, many;
};

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static bool pair_up(const struct sah_sameness_rules *rules, const struct sah_same_group *a,
                    const struct sah_same_group *b, struct pair *ret_pair)
{
    uint32_t bit = UINT32_C(1) << (b - rules->groups);

    *ret_pair = (struct pair){
        .action = a->action < b->action ? a->action : b->action,
        .window_ms = less(a->window_ms, b->window_ms),
        .link_m = less(a->link_m, b->link_m),
        .show_m = less(a->show_m, b->show_m),
        .one_patient = a->one_patient && b->one_patient,
        .one_building = a->one_building || b->one_building,
        .many = a->many || b->many,
    };
    if (a == b || (a->same_as & bit) != 0)
        return true;
    if ((a->show_with & bit) == 0)
        return false;
    ret_pair->action = SAH_SAME_SUGGEST;
    ret_pair->one_patient = false;
    return true;
}

/* ---- the parts of a judgement */

static bool equal(uint64_t a, uint64_t b)
{
    return a != 0 && a == b;
}

/* How far the candidate lies outside the time in which the incident was reported or closed. */
static int64_t time_gap(const struct sah_incident_facts *existing, int64_t now_ms)
{
    int64_t end = existing->last_ms;

    if (end < existing->opened_ms)
        end = existing->opened_ms;
    if (end < existing->closed_ms)
        end = existing->closed_ms;
    if (now_ms > end)
        return now_ms - end;
    return now_ms < existing->opened_ms ? existing->opened_ms - now_ms : 0;
}

/*
 * Of a pin without a stated uncertainty the phone was sure enough. What was geocoded from words
 * or is a landmark may be a whole district unless its radius says otherwise.
 */
static bool is_vague(const struct sah_sameness_rules *rules, const struct sah_incident_facts *f)
{
    if (f->radius_m > rules->vague_from_m)
        return true;
    switch (f->method) {
    case SAH_METHOD_GPS_PIN:
    case SAH_METHOD_LIVE:
        return false;
    case SAH_METHOD_TEXT_GEOCODED:
    case SAH_METHOD_LANDMARK:
    case SAH_METHOD_UNSPECIFIED:
        return f->radius_m == 0;
    case SAH_METHOD_PROFILE:
    case SAH_METHOD_DEFAULT:
        return true;
    }
    return true;
}

static bool has_own_place(const struct sah_incident_facts *f)
{
    return f->has_point && (f->method == SAH_METHOD_GPS_PIN || f->method == SAH_METHOD_LIVE);
}

static bool counts_in_name(unsigned char c)
{
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

static unsigned char folded(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

static const char *next_letter(const char *p)
{
    while (*p != '\0' && !counts_in_name((unsigned char)*p))
        p++;
    return p;
}

/* "Lotus Towers" is "lotus  towers,". */
static bool same_name(const char *a, const char *b)
{
    for (;;) {
        a = next_letter(a);
        b = next_letter(b);
        if (folded((unsigned char)*a) != folded((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

/* The first number of a floor, "" when it has none: "3rd floor", "floor 03" and "3" are one. */
static struct sah_slice floor_number(const char *text)
{
    size_t at = strcspn(text, "0123456789"), len;

    while (text[at] == '0' && text[at + 1] >= '0' && text[at + 1] <= '9')
        at++;
    len = strspn(text + at, "0123456789");
    return (struct sah_slice){text + at, len};
}

static bool same_floor(const char *a, const char *b)
{
    struct sah_slice x = floor_number(a), y = floor_number(b);

    if (x.len > 0 && y.len > 0)
        return sah_slice_equal(x, y);
    return same_name(a, b);
}

static bool both_said(const char *a, const char *b)
{
    return *next_letter(a) != '\0' && *next_letter(b) != '\0';
}

/* "Two hurt" after "one hurt" is news of one crash, unless it is told of other people. */
static bool described_anew(const struct sah_incident_facts *a,
                           const struct sah_incident_facts *b)
{
    bool patients = a->patient != 0 && b->patient != 0;
    bool complaints = a->complaint != 0 && b->complaint != 0;

    if (patients && a->patient != b->patient)
        return true;
    if (complaints && a->complaint != b->complaint)
        return true;
    return !patients && a->text != 0 && b->text != 0 && a->text != b->text;
}

/* (9.3) */
static bool conflict(const struct sah_incident_facts *existing,
                     const struct sah_incident_facts *candidate, bool many,
                     enum sah_same_reason *ret_reason)
{
    if (candidate->another) {
        *ret_reason = SAH_SAME_REASON_ANOTHER;
        return true;
    }
    if (both_said(existing->building, candidate->building) &&
        !same_name(existing->building, candidate->building)) {
        *ret_reason = SAH_SAME_REASON_OTHER_BUILDING;
        return true;
    }
    if (both_said(existing->floor, candidate->floor) &&
        !same_floor(existing->floor, candidate->floor)) {
        *ret_reason = SAH_SAME_REASON_OTHER_FLOOR;
        return true;
    }
    if (!many && existing->patients > 0 && candidate->patients > existing->patients &&
        described_anew(existing, candidate)) {
        *ret_reason = SAH_SAME_REASON_MORE_PATIENTS;
        return true;
    }
    return false;
}

static bool same_words(const struct sah_sameness_rules *rules,
                       const struct sah_incident_facts *existing,
                       const struct sah_incident_facts *candidate, int64_t now_ms)
{
    return equal(existing->text, candidate->text) &&
           existing->text_bytes >= rules->rumour_bytes &&
           candidate->text_bytes >= rules->rumour_bytes &&
           time_gap(existing, now_ms) <= rules->rumour_window_ms;
}

static bool same_patient(const struct sah_incident_facts *a, const struct sah_incident_facts *b)
{
    return equal(a->patient, b->patient) && equal(a->complaint, b->complaint);
}

static struct sah_same_verdict says(enum sah_same_kind kind, enum sah_same_reason reason,
                                    uint32_t distance_m)
{
    return (struct sah_same_verdict){kind, reason, distance_m};
}

/* Type and time fit; both have a place. */
static struct sah_same_verdict judge_place(const struct sah_sameness_rules *rules,
                                           const struct pair *pair,
                                           const struct sah_incident_facts *existing,
                                           const struct sah_incident_facts *candidate)
{
    double slack = (double)less(existing->radius_m, rules->radius_cap_m) +
                   (double)less(candidate->radius_m, rules->radius_cap_m);
    double apart = sah_distance_m(existing->lat_e7, existing->lon_e7, candidate->lat_e7,
                                  candidate->lon_e7);
    uint32_t m = (uint32_t)(apart + 0.5);
    enum sah_same_reason reason;

    if (apart > pair->show_m + slack)
        return says(SAH_SAME_NONE, SAH_SAME_REASON_FAR, m);
    if (existing->closed_ms != 0) /* (9.10) */
        return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_CLOSED, m);
    if (conflict(existing, candidate, pair->many, &reason))
        return says(SAH_SAME_SUGGEST, reason, m);
    if (is_vague(rules, existing) || is_vague(rules, candidate))
        return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_VAGUE, m);
    if (apart > pair->link_m + slack)
        return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_WIDER, m);
    if (pair->one_patient && equal(existing->callback, candidate->callback))
        return says(SAH_SAME_LINK, SAH_SAME_REASON_SAME_CALLBACK, m);
    if (pair->one_patient && same_patient(existing, candidate))
        return says(SAH_SAME_LINK, SAH_SAME_REASON_SAME_PATIENT, m);
    if (pair->action != SAH_SAME_LINK)
        return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_SHOWN, m);
    if (!pair->one_building)
        return says(SAH_SAME_LINK, SAH_SAME_REASON_NEAR, m);
    if (both_said(existing->building, candidate->building)) /* another one was a conflict */
        return says(SAH_SAME_LINK, SAH_SAME_REASON_SAME_BUILDING, m);
    return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_BUILDING_UNKNOWN, m);
}

static struct sah_same_verdict
judge_facts(const struct sah_sameness_rules *rules, const struct sah_same_group *a,
            const struct sah_same_group *b, const struct sah_incident_facts *existing,
            const struct sah_incident_facts *candidate, int64_t now_ms)
{
    struct pair pair;

    if (!pair_up(rules, a, b, &pair))
        return says(SAH_SAME_NONE, SAH_SAME_REASON_OTHER_TYPE, SAH_SAME_NO_DISTANCE);
    if (time_gap(existing, now_ms) > pair.window_ms)
        return says(SAH_SAME_NONE, SAH_SAME_REASON_TIME, SAH_SAME_NO_DISTANCE);
    if (existing->has_point && candidate->has_point)
        return judge_place(rules, &pair, existing, candidate);
    /* (9.8) Without a place all fires of the state would be one; an equal number is worth a
     * look. */
    if (equal(existing->callback, candidate->callback) || same_patient(existing, candidate))
        return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_NO_PLACE, SAH_SAME_NO_DISTANCE);
    return says(SAH_SAME_NONE, SAH_SAME_REASON_NO_PLACE, SAH_SAME_NO_DISTANCE);
}

struct sah_same_verdict sah_sameness_judge(const struct sah_sameness_rules *rules,
                                           const struct sah_incident_facts *existing,
                                           const struct sah_incident_facts *candidate,
                                           int64_t now_ms)
{
    const struct sah_same_group *a = group_of(rules, candidate), *b = group_of(rules, existing);
    struct sah_same_verdict verdict;

    if (!sah_priority_is_emergency(existing->priority) ||
        !sah_priority_is_emergency(candidate->priority))
        return says(SAH_SAME_NONE, SAH_SAME_REASON_BULK, SAH_SAME_NO_DISTANCE);
    if (equal(existing->sender, candidate->sender))
        return says(SAH_SAME_NONE, SAH_SAME_REASON_SAME_SENDER, SAH_SAME_NO_DISTANCE);
    if (a->action == SAH_SAME_NONE || b->action == SAH_SAME_NONE)
        return says(SAH_SAME_NONE, SAH_SAME_REASON_NEVER, SAH_SAME_NO_DISTANCE);

    verdict = judge_facts(rules, a, b, existing, candidate, now_ms);
    if (verdict.kind == SAH_SAME_LINK || has_own_place(candidate) ||
        !same_words(rules, existing, candidate, now_ms))
        return verdict;
    /* (9.9) The same long text from somebody else, who has no place of their own to tell. */
    if (existing->closed_ms != 0)
        return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_CLOSED, verdict.distance_m);
    if (candidate->often_forwarded || candidate->text_reports + 1 >= rules->rumour_senders)
        return says(SAH_SAME_LINK, SAH_SAME_REASON_RUMOUR, verdict.distance_m);
    if (verdict.kind == SAH_SAME_SUGGEST)
        return verdict;
    return says(SAH_SAME_SUGGEST, SAH_SAME_REASON_SAME_TEXT, verdict.distance_m);
}
