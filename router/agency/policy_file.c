/*
 * policy_file - reads deploy/etc/policy.yaml: the rules of priority as plain values. See
 * roster.h.
 *
 * A rule that can never decide is refused: whoever wrote it believed that it does something.
 */
#include <stdlib.h>
#include <string.h>

#include "agency/reader.h"
#include "agency/roster.h"

/* "rule+raise" stands in the audit record and has to fit there. */
#define RULE_ID_SIZE  26
#define RAISE_ID_SIZE 13

static const char *const root_keys[] = {"version", "unknown", "bulk", "rules", "raises", "ladder", NULL};
static const char *const rule_keys[] = {"id",       "priority", "cues", "types",
                                        "services", "also",     NULL};
static const char *const raise_keys[] = {"id", "vulnerable", "patients_from", "cue", "overdue", "unless",
                                         "to", NULL};
static const char *const ladder_keys[] = {"priority", "first_s",   "second_s",   "third_s",
                                          "repeat_s", "waiting_s", "en_route_s", NULL};

static const struct {
    const char *name;
    uint32_t flag;
} flags[] = {
    {"pregnant", SAH_VULNERABLE_PREGNANT},     {"under_5", SAH_VULNERABLE_UNDER_5},
    {"over_65", SAH_VULNERABLE_OVER_65},       {"disabled", SAH_VULNERABLE_DISABLED},
    {"alone", SAH_VULNERABLE_ALONE},           {"minor", SAH_VULNERABLE_MINOR},
    {"no_shelter", SAH_VULNERABLE_NO_SHELTER}, {"voice_failed", SAH_VULNERABLE_VOICE_FAILED},
};

static int read_class(struct reader *r, const struct sah_yaml *map, const char *key,
                      enum sah_priority *ret_priority)
{
    char name[16] = "";
    enum sah_priority priority;
    int err = read_word(r, map, key, true, WORD_SERVICE, name, sizeof name);

    if (err != SAH_OK)
        return err;
    priority = sah_priority_from(sah_slice_of(name));
    if (priority == SAH_PRIORITY_UNSPECIFIED)
        return REFUSE(r, line_of(map, key), key, "'%s' is no class; write P0, P1, P2, P3 or P4",
                      name);
    *ret_priority = priority;
    return SAH_OK;
}

/* ---- rules */

static bool holds_all(const char *outer, unsigned n_outer, const char *inner, unsigned n_inner,
                      size_t size)
{
    for (unsigned i = 0; i < n_inner; i++) {
        bool found = false;

        for (unsigned j = 0; j < n_outer && !found; j++)
            found = strcmp(inner + i * size, outer + j * size) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* Does `outer` match whenever `inner` does, by one kind of condition? */
#define COVERS(outer, inner, list)                                                        \
    ((outer)->n_##list == 0 ||                                                            \
     ((inner)->n_##list > 0 &&                                                            \
      holds_all((outer)->list[0], (outer)->n_##list, (inner)->list[0], (inner)->n_##list, \
                sizeof(inner)->list[0])))

static bool shadows(const struct sah_rank_rule *earlier, const struct sah_rank_rule *later)
{
    return COVERS(earlier, later, cues) && COVERS(earlier, later, types) &&
           COVERS(earlier, later, services) &&
           holds_all(earlier->also[0], earlier->n_also, later->also[0], later->n_also,
                     sizeof later->also[0]);
}

static int check_rule(struct reader *r, const struct sah_policy *policy,
                      const struct sah_rank_rule *rule, unsigned line)
{
    if (rule->n_cues + rule->n_types + rule->n_services == 0)
        return REFUSE(r, line, "id",
                      "%s asks for nothing and would match all; write cues, types or services",
                      rule->id);
    for (unsigned i = 0; i < policy->n_rules; i++) {
        const struct sah_rank_rule *earlier = &policy->rules[i];

        if (strcmp(earlier->id, rule->id) == 0)
            return REFUSE(r, line, "id", "'%s' is used twice; give each rule its own id",
                          rule->id);
        if (earlier->priority > rule->priority)
            return REFUSE(r, line, "priority",
                          "%s is more severe than %s before it; move it up", rule->id,
                          earlier->id);
        if (shadows(earlier, rule))
            return REFUSE(r, line, "id",
                          "%s can never decide: %s before it matches whenever it does; drop it",
                          rule->id, earlier->id);
    }
    return SAH_OK;
}

static int read_rule(struct reader *r, struct sah_policy *policy, const struct sah_yaml *row)
{
    struct sah_rank_rule *rule = &policy->rules[policy->n_rules];
    int err = sah_yaml_only(r->doc, row, rule_keys, r->fault);

    if (err == SAH_OK)
        err = read_word(r, row, "id", true, WORD_RULE, rule->id, RULE_ID_SIZE);
    if (err == SAH_OK)
        err = read_class(r, row, "priority", &rule->priority);
    if (err == SAH_OK)
        err = read_words(r, row, "cues", false, WORD_CUE, rule->cues, sizeof rule->cues[0],
                         SAH_LEN(rule->cues), &rule->n_cues);
    if (err == SAH_OK)
        err = read_words(r, row, "types", false, WORD_SERVICE, rule->types,
                         sizeof rule->types[0], SAH_LEN(rule->types), &rule->n_types);
    if (err == SAH_OK)
        err = read_words(r, row, "services", false, WORD_SERVICE, rule->services,
                         sizeof rule->services[0], SAH_LEN(rule->services), &rule->n_services);
    if (err == SAH_OK)
        err = read_words(r, row, "also", false, WORD_SERVICE, rule->also, sizeof rule->also[0],
                         SAH_LEN(rule->also), &rule->n_also);
    if (err == SAH_OK)
        err = check_rule(r, policy, rule, row->line);
    if (err == SAH_OK)
        policy->n_rules++;
    return err;
}

/* ---- raises */

static int read_vulnerable(struct reader *r, struct sah_raise *raise,
                           const struct sah_yaml *row)
{
    char names[SAH_LEN(flags)][16];
    unsigned n = 0, f;
    int err = read_words(r, row, "vulnerable", false, WORD_CUE, names, sizeof names[0],
                         SAH_LEN(names), &n);

    for (unsigned i = 0; i < n && err == SAH_OK; i++) {
        for (f = 0; f < SAH_LEN(flags); f++)
            if (strcmp(flags[f].name, names[i]) == 0)
                break;
        if (f == SAH_LEN(flags))
            return REFUSE(
                r, line_of(row, "vulnerable"), "vulnerable",
                "'%s' is not known; write pregnant, under_5, over_65, disabled, alone, minor, "
                "no_shelter or voice_failed",
                names[i]);
        raise->vulnerable |= flags[f].flag;
    }
    return err;
}

static int read_raise(struct reader *r, struct sah_policy *policy, const struct sah_yaml *row)
{
    struct sah_raise *raise = &policy->raises[policy->n_raises];
    int64_t patients = 0;
    int err = sah_yaml_only(r->doc, row, raise_keys, r->fault);

    if (err == SAH_OK)
        err = read_word(r, row, "id", true, WORD_RULE, raise->id, RAISE_ID_SIZE);
    if (err == SAH_OK)
        err = read_vulnerable(r, raise, row);
    if (err == SAH_OK)
        err =
            sah_yaml_number(r->doc, row, "patients_from", false, 2, 1000, &patients, r->fault);
    if (err == SAH_OK)
        err = read_word(r, row, "cue", false, WORD_CUE, raise->cue, sizeof raise->cue);
    if (err == SAH_OK)
        err = sah_yaml_bool(r->doc, row, "overdue", false, &raise->overdue, r->fault);
    if (err == SAH_OK)
        err = read_words(r, row, "unless", false, WORD_CUE, raise->unless,
                         sizeof raise->unless[0], SAH_LEN(raise->unless), &raise->n_unless);
    if (err == SAH_OK)
        err = read_class(r, row, "to", &raise->to);
    if (err != SAH_OK)
        return err;
    raise->patients_from = (uint32_t)patients;
    if (raise->vulnerable == 0 && raise->patients_from == 0 && raise->cue[0] == '\0')
        return REFUSE(r, row->line, "id",
                      "%s asks for nothing; write vulnerable, patients_from or cue", raise->id);
    if (!sah_priority_is_emergency(raise->to) || raise->to == SAH_PRIORITY_P2)
        return REFUSE(r, line_of(row, "to"), "to", "nothing is raised to %s; write P0 or P1",
                      sah_priority_name(raise->to));
    for (unsigned i = 0; i < policy->n_raises; i++)
        if (strcmp(policy->raises[i].id, raise->id) == 0)
            return REFUSE(r, row->line, "id", "'%s' is used twice; give each raise its own id",
                          raise->id);
    policy->n_raises++;
    return SAH_OK;
}

/* ---- the ladder */

static int read_seconds(struct reader *r, const struct sah_yaml *row, const char *key, uint32_t *ret_ms)
{
    int64_t seconds = 0;
    int err = sah_yaml_number(r->doc, row, key, true, 5, 3600, &seconds, r->fault);

    if (err == SAH_OK)
        *ret_ms = (uint32_t)seconds * 1000;
    return err;
}

static int read_rung(struct reader *r, struct sah_ladder *ladder, const struct sah_yaml *row,
                     unsigned *seen)
{
    enum sah_priority priority = SAH_PRIORITY_UNSPECIFIED;
    int err = sah_yaml_only(r->doc, row, ladder_keys, r->fault);
    unsigned c;

    if (err == SAH_OK)
        err = read_class(r, row, "priority", &priority);
    if (err != SAH_OK)
        return err;
    c = sah_priority_class(priority);
    if (*seen & (1u << c))
        return REFUSE(r, line_of(row, "priority"), "priority", "%s stands here twice; write it once",
                      sah_priority_name(priority));
    *seen |= 1u << c;
    err = read_seconds(r, row, "first_s", &ladder->human_ack_ms[c][0]);
    if (c >= SAH_LADDER_CLASSES) {
        for (size_t i = 2; err == SAH_OK && ladder_keys[i] != NULL; i++)
            if (sah_yaml_get(row, ladder_keys[i]) != NULL)
                return REFUSE(r, line_of(row, ladder_keys[i]), ladder_keys[i],
                              "P3 and P4 have one step; write first_s alone");
        return err;
    }
    if (err == SAH_OK)
        err = read_seconds(r, row, "second_s", &ladder->human_ack_ms[c][1]);
    if (err == SAH_OK)
        err = read_seconds(r, row, "third_s", &ladder->human_ack_ms[c][2]);
    if (err == SAH_OK)
        err = read_seconds(r, row, "repeat_s", &ladder->repeat_ms[c]);
    if (err == SAH_OK)
        err = read_seconds(r, row, "waiting_s", &ladder->waiting_ms[c]);
    if (err == SAH_OK)
        err = read_seconds(r, row, "en_route_s", &ladder->en_route_ms[c]);
    if (err == SAH_OK && (ladder->human_ack_ms[c][0] >= ladder->human_ack_ms[c][1] ||
                          ladder->human_ack_ms[c][1] >= ladder->human_ack_ms[c][2]))
        return REFUSE(r, row->line, "first_s", "each step comes after the one before it; write "
                                               "first_s < second_s < third_s");
    return err;
}

/* A class that is left out keeps the settled times: none is ever without a ladder. */
static int read_ladder(struct reader *r, const struct sah_yaml *root, struct sah_ladder *ladder)
{
    const struct sah_yaml *row;
    unsigned seen = 0;
    int err = read_maps(r, root, "ladder", false, SAH_N_CLASSES, &row);

    sah_ladder_defaults(ladder);
    for (; err == SAH_OK && row != NULL; row = row->next)
        err = read_rung(r, ladder, row, &seen);
    return err;
}

/* ---- the file */

static int read_all(struct reader *r, struct sah_policy *policy)
{
    const struct sah_yaml *root = sah_yaml_root(r->doc);
    const struct sah_yaml *row;
    int err = sah_yaml_only(r->doc, root, root_keys, r->fault);

    if (err == SAH_OK)
        err = read_word(r, root, "version", true, WORD_RULE, policy->version,
                        sizeof policy->version);
    if (err == SAH_OK)
        err = read_class(r, root, "unknown", &policy->unknown);
    if (err == SAH_OK && !sah_priority_is_emergency(policy->unknown))
        return REFUSE(r, line_of(root, "unknown"), "unknown",
                      "what nobody understood may be an emergency; write P0, P1 or P2");
    if (err == SAH_OK)
        err = read_class(r, root, "bulk", &policy->bulk);
    if (err == SAH_OK)
        err = read_maps(r, root, "rules", true, SAH_RANK_RULES_MAX, &row);
    for (; err == SAH_OK && row != NULL; row = row->next)
        err = read_rule(r, policy, row);
    if (err == SAH_OK)
        err = read_maps(r, root, "raises", false, SAH_RAISES_MAX, &row);
    for (; err == SAH_OK && row != NULL; row = row->next)
        err = read_raise(r, policy, row);
    if (err == SAH_OK)
        err = read_ladder(r, root, &policy->ladder);
    return err;
}

int sah_policy_load(const char *path, struct sah_policy **ret_policy, struct sah_fault *fault)
{
    struct sah_yaml_doc *doc = NULL;
    struct sah_policy *policy;
    struct reader r = {.fault = fault};
    int err = sah_yaml_load(path, &doc, fault);

    if (err != SAH_OK)
        return err;
    r.doc = doc;
    policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        sah_fault_set(fault, path, 0, "", "out of memory");
        err = SAH_ENOMEM;
    } else {
        err = read_all(&r, policy);
    }
    if (err == SAH_OK)
        *ret_policy = policy;
    else
        free(policy);
    sah_yaml_destroy(doc);
    return err;
}
