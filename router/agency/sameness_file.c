/*
 * sameness_file - reads deploy/etc/incidents.yaml. See sameness_file.h.
 *
 * A setting that could never act is refused: whoever wrote it believed that it does something.
 */
#include <stdlib.h>
#include <string.h>

#include "agency/reader.h"
#include "agency/sameness_file.h"

#define WINDOW_MAX_S   86400
#define DISTANCE_MAX_M 5000

static const char *const root_keys[] = {
    "version",     "radius_cap_m", "vague_from_m", "rumour", "repeat", "update_s",
    "another_cue", "suspicion",    "otherwise",    "groups", NULL};
static const char *const rumour_keys[] = {"min_bytes", "senders", "window_s", NULL};
static const char *const repeat_keys[] = {"counted_s", "forward_s", "reopen_s", NULL};
static const char *const suspicion_keys[] = {"false_report", "false_alarm",  "no_patient",
                                             "new_sender",   "new_sender_s", NULL};
static const char *const group_keys[] = {
    "id",      "action",    "window_s",    "link_m",       "show_m", "types",        "services",
    "same_as", "show_with", "one_patient", "one_building", "many",   "confidential", NULL};

/* ---- numbers */

struct number {
    const char *key;
    int64_t min, max;
    uint32_t scale; /* 1000: seconds become milliseconds */
    uint32_t *ret;
};

static int read_number(struct reader *r, const struct sah_yaml *map, const struct number *row,
                       bool required)
{
    int64_t value = 0;
    int err =
        sah_yaml_number(r->doc, map, row->key, required, row->min, row->max, &value, r->fault);

    if (err == SAH_OK && sah_yaml_get(map, row->key) != NULL)
        *row->ret = (uint32_t)value * row->scale;
    return err;
}

static int read_numbers(struct reader *r, const struct sah_yaml *map, const struct number *rows,
                        size_t n)
{
    int err = SAH_OK;

    for (size_t i = 0; i < n && err == SAH_OK; i++)
        err = read_number(r, map, &rows[i], true);
    return err;
}

/* map[key] as a map of nothing but these numbers. */
static int read_section(struct reader *r, const struct sah_yaml *root, const char *key,
                        const char *const *keys, const struct number *rows, size_t n)
{
    const struct sah_yaml *map = sah_yaml_get(root, key);
    int err;

    if (map == NULL)
        return REFUSE(r, root->line, key, "is missing; write '%s: {...}'", key);
    err = sah_yaml_only(r->doc, map, keys, r->fault);
    return err == SAH_OK ? read_numbers(r, map, rows, n) : err;
}

static int read_settings(struct reader *r, const struct sah_yaml *root,
                         struct sah_sameness_rules *rules)
{
    struct sah_suspicion_rules *s = &rules->suspicion;
    uint32_t new_sender_s = 0;
    const struct number plain[] = {
        {"radius_cap_m", 0, 1000, 1, &rules->radius_cap_m},
        {"vague_from_m", 1, DISTANCE_MAX_M, 1, &rules->vague_from_m},
        {"update_s", 1, 60, 1000, &rules->update_ms},
    };
    const struct number rumour[] = {
        {"min_bytes", 20, SAH_TEXT_MAX, 1, &rules->rumour_bytes},
        {"senders", 2, 1000, 1, &rules->rumour_senders},
        {"window_s", 60, WINDOW_MAX_S, 1000, &rules->rumour_window_ms},
    };
    const struct number repeat[] = {
        {"counted_s", 1, 600, 1000, &rules->repeat_counted_ms},
        {"forward_s", 1, 60, 1000, &rules->repeat_forward_ms},
        {"reopen_s", 60, WINDOW_MAX_S, 1000, &rules->reopen_ms},
    };
    const struct number suspicion[] = {
        {"false_report", 0, 100, 1, &s->false_report},
        {"false_alarm", 0, 100, 1, &s->false_alarm},
        {"no_patient", 0, 100, 1, &s->no_patient},
        {"new_sender", 0, 100, 1, &s->new_sender},
        {"new_sender_s", 0, 31536000, 1, &new_sender_s},
    };
    int err = read_numbers(r, root, plain, SAH_LEN(plain));

    if (err == SAH_OK)
        err = read_section(r, root, "rumour", rumour_keys, rumour, SAH_LEN(rumour));
    if (err == SAH_OK)
        err = read_section(r, root, "repeat", repeat_keys, repeat, SAH_LEN(repeat));
    if (err == SAH_OK)
        err = read_section(r, root, "suspicion", suspicion_keys, suspicion, SAH_LEN(suspicion));
    if (err == SAH_OK)
        err = read_word(r, root, "another_cue", false, WORD_CUE, rules->another_cue,
                        sizeof rules->another_cue);
    s->new_sender_ms = (int64_t)new_sender_s * 1000;
    return err;
}

/* ---- groups */

static int read_action(struct reader *r, const struct sah_yaml *row,
                       enum sah_same_kind *ret_action)
{
    char name[16] = "";
    int err = read_word(r, row, "action", true, WORD_SERVICE, name, sizeof name);

    if (err != SAH_OK)
        return err;
    if (strcmp(name, "NEVER") == 0)
        *ret_action = SAH_SAME_NONE;
    else if (strcmp(name, "SUGGEST") == 0)
        *ret_action = SAH_SAME_SUGGEST;
    else if (strcmp(name, "LINK") == 0)
        *ret_action = SAH_SAME_LINK;
    else
        return REFUSE(r, line_of(row, "action"), "action",
                      "'%s' is no action; write LINK, SUGGEST or NEVER", name);
    return SAH_OK;
}

/* Settings that the action has no use for. */
static int check_uses(struct reader *r, const struct sah_yaml *row,
                      const struct sah_same_group *group)
{
    static const struct {
        const char *key;
        bool never, suggest, link; /* may stand with this action */
    } uses[] = {
        {"window_s", false, true, true},      {"link_m", false, false, true},
        {"show_m", false, true, true},        {"same_as", false, true, true},
        {"show_with", false, true, true},     {"one_patient", false, true, false},
        {"one_building", false, false, true}, {"many", false, false, true},
    };

    for (size_t i = 0; i < SAH_LEN(uses); i++) {
        bool may = group->action == SAH_SAME_NONE      ? uses[i].never
                   : group->action == SAH_SAME_SUGGEST ? uses[i].suggest
                                                       : uses[i].link;

        if (!may && sah_yaml_get(row, uses[i].key) != NULL)
            return REFUSE(r, line_of(row, uses[i].key), uses[i].key,
                          "does nothing with this action; drop it or change the action");
    }
    return SAH_OK;
}

static int read_distances(struct reader *r, const struct sah_yaml *row,
                          struct sah_same_group *group)
{
    const struct number window = {"window_s", 1, WINDOW_MAX_S, 1000, &group->window_ms};
    const struct number link = {"link_m", 1, DISTANCE_MAX_M, 1, &group->link_m};
    const struct number show = {"show_m", 1, DISTANCE_MAX_M, 1, &group->show_m};
    bool links = group->action == SAH_SAME_LINK;
    int err;

    if (group->action == SAH_SAME_NONE)
        return SAH_OK;
    err = read_number(r, row, &window, true);
    if (err == SAH_OK && links)
        err = read_number(r, row, &link, true);
    if (err == SAH_OK)
        err = read_number(r, row, &show, !links);
    if (err != SAH_OK)
        return err;
    if (!links)
        group->link_m = group->show_m; /* how far one_patient reaches */
    else if (group->show_m == 0)
        group->show_m = group->link_m;
    else if (group->show_m < group->link_m)
        return REFUSE(r, line_of(row, "show_m"), "show_m",
                      "is less than link_m: what is linked is shown too; write %u or more",
                      group->link_m);
    return SAH_OK;
}

static int read_flags(struct reader *r, const struct sah_yaml *row,
                      struct sah_same_group *group)
{
    int err = sah_yaml_bool(r->doc, row, "one_patient", false, &group->one_patient, r->fault);

    if (err == SAH_OK)
        err = sah_yaml_bool(r->doc, row, "one_building", false, &group->one_building, r->fault);
    if (err == SAH_OK)
        err = sah_yaml_bool(r->doc, row, "many", false, &group->many, r->fault);
    if (err == SAH_OK)
        err = sah_yaml_bool(r->doc, row, "confidential", false, &group->confidential, r->fault);
    return err;
}

static const char *in_both(const char *a, unsigned n_a, const char *b, unsigned n_b,
                           size_t size)
{
    for (unsigned i = 0; i < n_a; i++)
        for (unsigned j = 0; j < n_b; j++)
            if (strcmp(a + i * size, b + j * size) == 0)
                return a + i * size;
    return NULL;
}

static int check_group(struct reader *r, const struct sah_sameness_rules *rules,
                       const struct sah_same_group *group, const struct sah_yaml *row)
{
    if (group->n_types + group->n_services == 0)
        return REFUSE(r, row->line, "id", "%s holds nothing; write types or services",
                      group->id);
    for (unsigned i = 0; i < rules->n_groups; i++) {
        const struct sah_same_group *earlier = &rules->groups[i];
        const char *both;

        if (strcmp(earlier->id, group->id) == 0)
            return REFUSE(r, line_of(row, "id"), "id",
                          "'%s' is used twice; give each its own id", group->id);
        both = in_both(group->types[0], group->n_types, earlier->types[0], earlier->n_types,
                       SAH_TYPE_SIZE);
        if (both != NULL)
            return REFUSE(r, line_of(row, "types"), "types",
                          "%s belongs to %s already; drop it", both, earlier->id);
        both = in_both(group->services[0], group->n_services, earlier->services[0],
                       earlier->n_services, SAH_SERVICE_SIZE);
        if (both != NULL)
            return REFUSE(r, line_of(row, "services"), "services",
                          "%s belongs to %s already; drop it", both, earlier->id);
    }
    return SAH_OK;
}

static int read_group(struct reader *r, struct sah_sameness_rules *rules,
                      const struct sah_yaml *row)
{
    struct sah_same_group *group = &rules->groups[rules->n_groups];
    int err = sah_yaml_only(r->doc, row, group_keys, r->fault);

    if (err == SAH_OK)
        err = read_word(r, row, "id", true, WORD_CUE, group->id, sizeof group->id);
    if (err == SAH_OK)
        err = read_action(r, row, &group->action);
    if (err == SAH_OK)
        err = check_uses(r, row, group);
    if (err == SAH_OK)
        err = read_distances(r, row, group);
    if (err == SAH_OK)
        err = read_flags(r, row, group);
    if (err == SAH_OK)
        err = read_words(r, row, "types", false, WORD_SERVICE, group->types,
                         sizeof group->types[0], SAH_LEN(group->types), &group->n_types);
    if (err == SAH_OK)
        err =
            read_words(r, row, "services", false, WORD_SERVICE, group->services,
                       sizeof group->services[0], SAH_LEN(group->services), &group->n_services);
    if (err == SAH_OK)
        err = check_group(r, rules, group, row);
    if (err == SAH_OK)
        rules->n_groups++;
    return err;
}

static int find_group(const struct sah_sameness_rules *rules, const char *id)
{
    for (unsigned i = 0; i < rules->n_groups; i++)
        if (strcmp(rules->groups[i].id, id) == 0)
            return (int)i;
    return -1;
}

/* A second pass, because a group may name a later one. */
static int read_pairs(struct reader *r, struct sah_sameness_rules *rules, unsigned a,
                      const struct sah_yaml *row, const char *key, size_t offset)
{
    char names[SAH_SAME_GROUPS_MAX][SAH_SAME_GROUP_SIZE];
    unsigned n = 0;
    int err =
        read_words(r, row, key, false, WORD_CUE, names, sizeof names[0], SAH_LEN(names), &n);

    for (unsigned i = 0; i < n && err == SAH_OK; i++) {
        int b = find_group(rules, names[i]);
        struct sah_same_group *one = &rules->groups[a], *other;

        if (b < 0)
            return REFUSE(r, line_of(row, key), key, "there is no group '%s'", names[i]);
        if ((unsigned)b == a)
            return REFUSE(r, line_of(row, key), key, "names the group itself; drop it");
        other = &rules->groups[b];
        if (other->action == SAH_SAME_NONE)
            return REFUSE(r, line_of(row, key), key, "%s is NEVER joined; drop it", names[i]);
        if ((one->same_as & (UINT32_C(1) << b)) != 0)
            return REFUSE(r, line_of(row, key), key,
                          "%s and %s are said to be the same already; say it once", one->id,
                          names[i]);
        *(uint32_t *)(void *)((char *)one + offset) |= UINT32_C(1) << b;
        *(uint32_t *)(void *)((char *)other + offset) |= UINT32_C(1) << a;
    }
    return err;
}

static int read_groups(struct reader *r, const struct sah_yaml *root,
                       struct sah_sameness_rules *rules)
{
    const struct sah_yaml *first, *row;
    int err = read_maps(r, root, "groups", true, SAH_SAME_GROUPS_MAX, &first);
    unsigned i;

    for (row = first; err == SAH_OK && row != NULL; row = row->next)
        err = read_group(r, rules, row);
    for (row = first, i = 0; err == SAH_OK && row != NULL; row = row->next, i++)
        err = read_pairs(r, rules, i, row, "same_as", offsetof(struct sah_same_group, same_as));
    for (row = first, i = 0; err == SAH_OK && row != NULL; row = row->next, i++)
        err = read_pairs(r, rules, i, row, "show_with",
                         offsetof(struct sah_same_group, show_with));
    return err;
}

/* ---- the file */

static int read_all(struct reader *r, struct sah_sameness_rules *rules)
{
    const struct sah_yaml *root = sah_yaml_root(r->doc);
    char otherwise[SAH_SAME_GROUP_SIZE] = "";
    int at, err = sah_yaml_only(r->doc, root, root_keys, r->fault);

    if (err == SAH_OK)
        err = read_word(r, root, "version", true, WORD_RULE, rules->version,
                        sizeof rules->version);
    if (err == SAH_OK)
        err = read_settings(r, root, rules);
    if (err == SAH_OK)
        err = read_groups(r, root, rules);
    if (err == SAH_OK)
        err = read_word(r, root, "otherwise", true, WORD_CUE, otherwise, sizeof otherwise);
    if (err != SAH_OK)
        return err;
    at = find_group(rules, otherwise);
    if (at < 0)
        return REFUSE(r, line_of(root, "otherwise"), "otherwise", "there is no group '%s'",
                      otherwise);
    if (rules->groups[at].action == SAH_SAME_LINK)
        return REFUSE(
            r, line_of(root, "otherwise"), "otherwise",
            "what nobody described must not be linked; name a group that is SUGGEST or "
            "NEVER");
    rules->otherwise = (unsigned)at;
    return SAH_OK;
}

int sah_sameness_load(const char *path, struct sah_sameness_rules **ret_rules,
                      struct sah_fault *fault)
{
    struct sah_yaml_doc *doc = NULL;
    struct sah_sameness_rules *rules;
    struct reader r = {.fault = fault};
    int err = sah_yaml_load(path, &doc, fault);

    if (err != SAH_OK)
        return err;
    r.doc = doc;
    rules = calloc(1, sizeof *rules);
    if (rules == NULL) {
        sah_fault_set(fault, path, 0, "", "out of memory");
        err = SAH_ENOMEM;
    } else {
        err = read_all(&r, rules);
    }
    if (err == SAH_OK)
        *ret_rules = rules;
    else
        free(rules);
    sah_yaml_destroy(doc);
    return err;
}
