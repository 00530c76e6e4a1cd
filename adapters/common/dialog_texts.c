/*
 * dialog_texts - see dialog_texts.h. The English file says which texts there are; the other
 * three must have the same ones with the same placeholders.
 */
#include "dialog_texts.h"

#include <stdlib.h>
#include <string.h>

#define TITLE_MAX       20 /* code points: what a button of the narrowest channel takes */
#define DESCRIPTION_MAX 72
#define BODY_MAX        600 /* several texts share one body of 1024 code points */

static const char *const fixed_keys[] = {
#define X(name, key) key,
    TEXT_KEYS(X)
#undef X
};
static const char *const placeholder_names[] = {
#define X(name) #name,
    TEXT_PLACEHOLDERS(X)
#undef X
};
static const char *const language_files[] = {
#define X(name, file) file,
    TEXT_LANGUAGES(X)
#undef X
};

struct texts {
    unsigned n;
    char *keys[TEXTS_MAX];
    char *text[TEXT_N_LANGUAGES][TEXTS_MAX];
    unsigned placeholders[TEXTS_MAX]; /* bits, the same in every language */
};

int texts_find(const struct texts *texts, const char *key)
{
    for (unsigned i = 0; i < texts->n; i++)
        if (strcmp(texts->keys[i], key) == 0)
            return (int)i;
    return -1;
}

unsigned texts_count(const struct texts *texts)
{
    return texts->n;
}

const char *texts_key(const struct texts *texts, int id)
{
    SAH_ASSERT(id >= 0 && (unsigned)id < texts->n);
    return texts->keys[id];
}

bool texts_has(const struct texts *texts, int id, enum text_placeholder placeholder)
{
    SAH_ASSERT(id >= 0 && (unsigned)id < texts->n);
    return (texts->placeholders[id] >> placeholder & 1u) != 0;
}

const char *texts_raw(const struct texts *texts, enum text_language language, int id)
{
    SAH_ASSERT(id >= 0 && (unsigned)id < texts->n);
    return texts->text[language][id];
}

static int placeholder_of(const char *name, size_t len)
{
    for (size_t i = 0; i < SAH_LEN(placeholder_names); i++)
        if (strlen(placeholder_names[i]) == len && memcmp(placeholder_names[i], name, len) == 0)
            return (int)i;
    return -1;
}

/* The bits of the placeholders in a text; false when one is unknown or a brace stands alone. */
static bool placeholders_of(const char *text, unsigned *ret_bits)
{
    unsigned bits = 0;

    for (const char *p = text; *p != '\0'; p++) {
        const char *end;
        int which;

        if (*p == '}')
            return false;
        if (*p != '{')
            continue;
        end = strchr(p, '}');
        which = end == NULL ? -1 : placeholder_of(p + 1, (size_t)(end - p - 1));
        if (which < 0)
            return false;
        bits |= 1u << which;
        p = end;
    }
    *ret_bits = bits;
    return true;
}

static size_t longest(const char *key)
{
    if (strncmp(key, "title.", 6) == 0)
        return TITLE_MAX;
    if (strncmp(key, "about.", 6) == 0)
        return DESCRIPTION_MAX;
    return BODY_MAX;
}

static int take_entry(struct texts *texts, const char *file, enum text_language language,
                      const struct sah_yaml *entry, struct sah_fault *fault)
{
    int id = texts_find(texts, entry->key);
    const char *value = entry->value.ptr;
    unsigned bits;
    size_t max = longest(entry->key);

    if (entry->kind != SAH_YAML_SCALAR || entry->value.len == 0) {
        sah_fault_set(fault, file, entry->line, entry->key, "must be a text; write %s: \"...\"",
                      entry->key);
        return SAH_EINVAL;
    }
    if (sah_utf8_count(value, entry->value.len) > max) {
        sah_fault_set(fault, file, entry->line, entry->key,
                      "is longer than %zu characters; shorten it", max);
        return SAH_EINVAL;
    }
    if (!placeholders_of(value, &bits)) {
        sah_fault_set(
            fault, file, entry->line, entry->key,
            "has an unknown {placeholder} or a lone brace; known: {agency} {dial} {ref} "
            "{case} {vehicle} {minutes} {hours} {time} {price} {date} {reason} {company}");
        return SAH_EINVAL;
    }
    if (id < 0) {
        if (language != TEXT_EN || texts->n == TEXTS_MAX) {
            sah_fault_set(fault, file, entry->line, entry->key,
                          "is not a text of en.yaml; add it there or remove it here");
            return SAH_EINVAL;
        }
        id = (int)texts->n;
        texts->keys[id] = strdup(entry->key);
        if (texts->keys[id] == NULL)
            return SAH_ENOMEM;
        texts->n++;
    }
    if (language == TEXT_EN) {
        texts->placeholders[id] = bits;
    } else if (texts->placeholders[id] != bits) {
        sah_fault_set(fault, file, entry->line, entry->key,
                      "must have the same placeholders as in en.yaml");
        return SAH_EINVAL;
    }
    texts->text[language][id] = strdup(value);
    return texts->text[language][id] == NULL ? SAH_ENOMEM : SAH_OK;
}

static int load_language(struct texts *texts, const char *folder, enum text_language language,
                         struct sah_fault *fault)
{
    char path[512];
    struct sah_yaml_doc *doc;
    const struct sah_yaml *root;
    int err = sah_format(path, sizeof path, "%s/%s.yaml", folder, language_files[language]);

    if (err != SAH_OK) {
        sah_fault_set(fault, folder, 0, "", "the path of the folder is too long");
        return err;
    }
    err = sah_yaml_load(path, &doc, fault);
    if (err != SAH_OK)
        return err;
    root = sah_yaml_root(doc);
    if (root == NULL || root->kind != SAH_YAML_MAP) {
        sah_fault_set(fault, path, 1, "", "must be a map of texts; write key: \"text\"");
        err = SAH_EINVAL;
    }
    for (const struct sah_yaml *e = err == SAH_OK ? root->first : NULL;
         e != NULL && err == SAH_OK; e = e->next)
        err = take_entry(texts, path, language, e, fault);
    for (unsigned i = 0; i < texts->n && err == SAH_OK; i++)
        if (texts->text[language][i] == NULL) {
            sah_fault_set(fault, path, 0, texts->keys[i], "is missing; add %s: \"...\"",
                          texts->keys[i]);
            err = SAH_EINVAL;
        }
    sah_yaml_destroy(doc);
    return err;
}

int texts_load(const char *folder, struct texts **ret_texts, struct sah_fault *fault)
{
    struct texts *texts = calloc(1, sizeof *texts);
    int err = SAH_ENOMEM;

    if (texts == NULL)
        return SAH_ENOMEM;
    /* The fixed texts first: their place in the table is their id. */
    for (texts->n = 0; texts->n < TEXT_N_FIXED; texts->n++) {
        texts->keys[texts->n] = strdup(fixed_keys[texts->n]);
        if (texts->keys[texts->n] == NULL)
            goto fail;
    }
    err = load_language(texts, folder, TEXT_EN, fault);
    for (unsigned l = 0; l < TEXT_N_LANGUAGES && err == SAH_OK; l++)
        if (l != TEXT_EN)
            err = load_language(texts, folder, (enum text_language)l, fault);
    if (err != SAH_OK)
        goto fail;
    *ret_texts = texts;
    return SAH_OK;

fail:
    texts_destroy(texts);
    return err;
}

void texts_destroy(struct texts *texts)
{
    if (texts == NULL)
        return;
    for (unsigned i = 0; i < TEXTS_MAX; i++) {
        free(texts->keys[i]);
        for (unsigned l = 0; l < TEXT_N_LANGUAGES; l++)
            free(texts->text[l][i]);
    }
    free(texts);
}

void texts_render(const struct texts *texts, enum text_language language, int id,
                  const struct text_values *values, struct sah_buf *buf)
{
    const char *p = texts_raw(texts, language, id);

    while (*p != '\0') {
        size_t plain = strcspn(p, "{");
        const char *end;
        int which;

        sah_buf_add(buf, p, plain);
        p += plain;
        if (*p == '\0')
            break;
        end = strchr(p, '}'); /* there: the loader has looked */
        which = placeholder_of(p + 1, (size_t)(end - p - 1));
        SAH_ASSERT(which >= 0);
        if (values->in[which] != NULL)
            sah_buf_add_text(buf, values->in[which]);
        p = end + 1;
    }
}
