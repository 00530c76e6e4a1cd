/*
 * dialog_services - see dialog_services.h. Reads services.yaml; every text it names must exist.
 */
#include "dialog_services.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const struct sah_yaml_doc *doc;
    const struct texts *texts;
    struct sah_fault *fault;
};

static int text_of(const struct reader *r, const struct sah_yaml *map, const char *key,
                   bool required, int *ret_id)
{
    char name[64] = "";
    int err = sah_yaml_text(r->doc, map, key, required, name, sizeof name, r->fault);

    if (err != SAH_OK || name[0] == '\0')
        return err;
    *ret_id = texts_find(r->texts, name);
    if (*ret_id >= 0)
        return SAH_OK;
    sah_fault_set(r->fault, sah_yaml_file(r->doc), sah_yaml_get(map, key)->line, key,
                  "names a text that en.yaml does not have");
    return SAH_EINVAL;
}

/* A list of words into rows of `size` bytes. */
static int words_of(const struct reader *r, const struct sah_yaml *map, const char *key,
                    char *dst, size_t size, unsigned max, unsigned *ret_n)
{
    const struct sah_yaml *list = sah_yaml_get(map, key);
    unsigned n = 0;

    if (list == NULL)
        return SAH_OK;
    if (list->kind == SAH_YAML_LIST && list->count <= max) {
        for (const struct sah_yaml *e = list->first; e != NULL; e = e->next)
            if (e->kind == SAH_YAML_SCALAR && e->value.len > 0 &&
                sah_copy(dst + n * size, size, e->value.ptr, e->value.len) == SAH_OK)
                n++;
        if (n == list->count) {
            *ret_n = n;
            return SAH_OK;
        }
    }
    sah_fault_set(r->fault, sah_yaml_file(r->doc), list->line, key,
                  "must be a list of at most %u words of at most %zu bytes", max, size - 1);
    return SAH_EINVAL;
}

static int one_of(const struct reader *r, const struct sah_yaml *map, const char *key,
                  const char *const *words, unsigned n, unsigned *ret_which)
{
    char word[24] = "";
    const struct sah_yaml *at = sah_yaml_get(map, key);
    int err = sah_yaml_text(r->doc, map, key, false, word, sizeof word, r->fault);

    if (err != SAH_OK || at == NULL)
        return err;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0) {
            *ret_which = i;
            return SAH_OK;
        }
    sah_fault_set(r->fault, sah_yaml_file(r->doc), at->line, key, "must be %s or %s", words[0],
                  words[n - 1]);
    return SAH_EINVAL;
}

static int read_row(const struct reader *r, const struct sah_yaml *map, struct service_row *row)
{
    static const char *const keys[] = {
        "service", "choice", "says",  "dial", "family",     "module",       "bulk",
        "menu",    "title",  "about", "type", "additional", "needs_person", NULL};
    static const char *const menus[] = {"none", "main", "helplines"};
    char module[17] = "";
    unsigned menu = SERVICE_MENU_NONE;
    bool bulk = false;
    const struct {
        const char *key;
        bool required;
        char *dst;
        size_t size;
    } fields[] = {
        {"service", true, row->service, sizeof row->service},
        {"choice", false, row->choice, sizeof row->choice},
        {"says", true, row->says, sizeof row->says},
        {"dial", true, row->dial, sizeof row->dial},
        {"family", true, row->family, sizeof row->family},
        {"module", true, module, sizeof module},
        {"type", false, row->incident_type, sizeof row->incident_type},
    };
    int err = sah_yaml_only(r->doc, map, keys, r->fault);

    row->title = row->about = -1;
    for (size_t i = 0; i < SAH_LEN(fields) && err == SAH_OK; i++)
        err = sah_yaml_text(r->doc, map, fields[i].key, fields[i].required, fields[i].dst,
                            fields[i].size, r->fault);
    if (err == SAH_OK)
        err = sah_yaml_bool(r->doc, map, "bulk", false, &bulk, r->fault);
    if (err == SAH_OK)
        err = sah_yaml_bool(r->doc, map, "needs_person", false, &row->needs_person, r->fault);
    if (err == SAH_OK)
        err = one_of(r, map, "menu", menus, SAH_LEN(menus), &menu);
    if (err == SAH_OK)
        err = text_of(r, map, "title", menu != SERVICE_MENU_NONE, &row->title);
    if (err == SAH_OK)
        err = text_of(r, map, "about", false, &row->about);
    if (err == SAH_OK)
        err = words_of(r, map, "additional", row->additional[0], SAH_SERVICE_SIZE,
                       SAH_ADDITIONAL_MAX, &row->n_additional);
    if (err != SAH_OK)
        return err;
    row->menu = (enum service_menu)menu;
    row->urgency = bulk ? SAH_URGENCY_BULK : SAH_URGENCY_URGENT;
    row->module = sah_service_by_name(module);
    if (row->module != NULL)
        return SAH_OK;
    sah_fault_set(r->fault, sah_yaml_file(r->doc), map->line, "module",
                  "must be ambulance, transport, fire, leak, lpg, helpline or person");
    return SAH_EINVAL;
}

static int read_advice(const struct reader *r, const struct sah_yaml *map,
                       struct advice_row *row)
{
    static const char *const keys[] = {"cues", "types",       "services",
                                       "text", "approved_by", NULL};
    int err = sah_yaml_only(r->doc, map, keys, r->fault);

    if (err == SAH_OK)
        err = text_of(r, map, "text", true, &row->text);
    if (err == SAH_OK) /* required: an unapproved text is marked as such, not left open */
        err = sah_yaml_text(r->doc, map, "approved_by", true, row->approved_by,
                            sizeof row->approved_by, r->fault);
    if (err == SAH_OK)
        err = words_of(r, map, "cues", row->cues[0], SAH_CUE_SIZE, MATCH_MAX, &row->n_cues);
    if (err == SAH_OK)
        err = words_of(r, map, "types", row->types[0], SAH_TYPE_SIZE, MATCH_MAX, &row->n_types);
    if (err == SAH_OK)
        err = words_of(r, map, "services", row->services[0], SAH_SERVICE_SIZE, MATCH_MAX,
                       &row->n_services);
    return err;
}

static int read_company(const struct reader *r, const struct sah_yaml *map,
                        struct company_row *row)
{
    static const char *const keys[] = {"id", "says", NULL};
    int err = sah_yaml_only(r->doc, map, keys, r->fault);

    if (err == SAH_OK)
        err = sah_yaml_text(r->doc, map, "id", true, row->id, sizeof row->id, r->fault);
    if (err == SAH_OK)
        err = sah_yaml_text(r->doc, map, "says", true, row->says, 21, r->fault);
    return err;
}

static const struct sah_yaml *list_of(const struct reader *r, const char *key, unsigned max,
                                      int *err)
{
    const struct sah_yaml *list = sah_yaml_get(sah_yaml_root(r->doc), key);

    if (*err != SAH_OK)
        return NULL;
    if (list != NULL && list->kind == SAH_YAML_LIST && list->count > 0 && list->count <= max)
        return list;
    sah_fault_set(r->fault, sah_yaml_file(r->doc), list == NULL ? 0 : list->line, key,
                  "must be a list of 1 to %u entries", max);
    *err = SAH_EINVAL;
    return NULL;
}

static int read_all(const struct reader *r, struct services *s)
{
    static const char *const keys[] = {"services",   "advice",       "companies",
                                       "code_words", "cancel_words", "sure_words", NULL};
    const struct sah_yaml *e;
    int err = sah_yaml_only(r->doc, sah_yaml_root(r->doc), keys, r->fault);

    e = list_of(r, "services", SERVICES_MAX, &err);
    for (e = e == NULL ? NULL : e->first; e != NULL && err == SAH_OK; e = e->next)
        err = read_row(r, e, &s->rows[s->n_rows++]);
    e = list_of(r, "advice", ADVICE_MAX, &err);
    for (e = e == NULL ? NULL : e->first; e != NULL && err == SAH_OK; e = e->next)
        err = read_advice(r, e, &s->advice[s->n_advice++]);
    e = list_of(r, "companies", COMPANIES_MAX, &err);
    for (e = e == NULL ? NULL : e->first; e != NULL && err == SAH_OK; e = e->next)
        err = read_company(r, e, &s->companies[s->n_companies++]);
    if (err == SAH_OK)
        err = words_of(r, sah_yaml_root(r->doc), "code_words", s->code_words[0],
                       sizeof s->code_words[0], CODE_WORDS_MAX, &s->n_code_words);
    if (err == SAH_OK)
        err = words_of(r, sah_yaml_root(r->doc), "cancel_words", s->cancel_words[0],
                       sizeof s->cancel_words[0], OWN_WORDS_MAX, &s->n_cancel_words);
    if (err == SAH_OK)
        err = words_of(r, sah_yaml_root(r->doc), "sure_words", s->sure_words[0],
                       sizeof s->sure_words[0], OWN_WORDS_MAX, &s->n_sure_words);
    return err;
}

int services_load(const char *folder, const struct texts *texts, struct services **ret_services,
                  struct sah_fault *fault)
{
    struct reader r = {.texts = texts, .fault = fault};
    struct sah_yaml_doc *doc = NULL;
    struct services *s = calloc(1, sizeof *s);
    char path[512];
    int err;

    if (s == NULL)
        return SAH_ENOMEM;
    err = sah_format(path, sizeof path, "%s/services.yaml", folder);
    if (err != SAH_OK) {
        sah_fault_set(fault, folder, 0, "", "the path of the folder is too long");
        goto fail;
    }
    err = sah_yaml_load(path, &doc, fault);
    if (err != SAH_OK)
        goto fail;
    r.doc = doc;
    err = read_all(&r, s);
    if (err == SAH_OK && strcmp(services_find(s, "UNKNOWN")->service, "UNKNOWN") != 0) {
        sah_fault_set(fault, path, 0, "services", "must have a row for UNKNOWN");
        err = SAH_EINVAL;
    }
    sah_yaml_destroy(doc);
    if (err != SAH_OK)
        goto fail;
    *ret_services = s;
    return SAH_OK;

fail:
    services_destroy(s);
    return err;
}

void services_destroy(struct services *services)
{
    free(services);
}

const struct service_row *services_find(const struct services *services, const char *service)
{
    static const struct service_row other = {
        .service = "",
        .says = "112",
        .dial = "112",
        .family = "other",
        .module = &sah_service_helpline,
        .urgency = SAH_URGENCY_URGENT,
        .title = -1,
        .about = -1,
    };

    if (service[0] == '\0')
        service = "UNKNOWN";
    for (unsigned i = 0; i < services->n_rows; i++)
        if (strcmp(services->rows[i].service, service) == 0)
            return &services->rows[i];
    return &other;
}

const struct service_row *services_by_choice(const struct services *services,
                                             const char *choice)
{
    for (unsigned i = 0; i < services->n_rows; i++)
        if (choice[0] != '\0' && strcmp(services->rows[i].choice, choice) == 0)
            return &services->rows[i];
    return NULL;
}

const struct company_row *services_company(const struct services *services, const char *id)
{
    for (unsigned i = 0; i < services->n_companies; i++)
        if (strcmp(services->companies[i].id, id) == 0)
            return &services->companies[i];
    return NULL;
}

static bool names(const char *list, size_t size, unsigned n, const char *word)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(list + i * size, word) == 0)
            return true;
    return false;
}

const struct advice_row *services_advice(const struct services *services,
                                         const struct sah_triage *triage)
{
    for (unsigned i = 0; i < services->n_advice; i++) {
        const struct advice_row *row = &services->advice[i];
        bool any = row->n_cues + row->n_types + row->n_services == 0;

        for (unsigned c = 0; c < triage->n_cues && !any; c++)
            any = !triage->cues[c].negated &&
                  names(row->cues[0], SAH_CUE_SIZE, row->n_cues, triage->cues[c].name);
        if (any || names(row->types[0], SAH_TYPE_SIZE, row->n_types, triage->incident_type) ||
            names(row->services[0], SAH_SERVICE_SIZE, row->n_services, triage->service))
            return row;
    }
    return NULL;
}
