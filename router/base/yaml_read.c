/*
 * yaml_read - looks things up in a YAML tree, with faults that say what to write instead.
 *
 * Owns:    nothing; it borrows the document.
 * Used by: every reader of a settings or data file.
 * Never:   guesses: "yes" is no bool, "5s" is no number, an empty value is no required text.
 */
#include "yaml_tree.h"

#include <inttypes.h>
#include <string.h>

#include "nearest.h"

const struct sah_yaml *sah_yaml_root(const struct sah_yaml_doc *doc)
{
    return doc->root;
}

const char *sah_yaml_file(const struct sah_yaml_doc *doc)
{
    return doc->file;
}

const struct sah_yaml *sah_yaml_get(const struct sah_yaml *map, const char *key)
{
    if (map == NULL || map->kind != SAH_YAML_MAP)
        return NULL;
    for (const struct sah_yaml *entry = map->first; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

static bool is_allowed(const char *key, const char *const *allowed)
{
    for (; *allowed != NULL; allowed++) {
        if (strcmp(key, *allowed) == 0)
            return true;
    }
    return false;
}

int sah_yaml_only(const struct sah_yaml_doc *doc, const struct sah_yaml *map,
                  const char *const *allowed, struct sah_fault *fault)
{
    if (map == NULL || map->kind != SAH_YAML_MAP) {
        sah_fault_set(fault, doc->file, map != NULL ? map->line : 0,
                      map != NULL ? map->key : NULL, "must be a map: lines of 'name: value'");
        return SAH_EINVAL;
    }
    for (const struct sah_yaml *entry = map->first; entry != NULL; entry = entry->next) {
        const char *meant;

        if (is_allowed(entry->key, allowed))
            continue;
        meant = sah_conf_nearest(entry->key, allowed);
        if (meant != NULL)
            sah_fault_set(fault, doc->file, entry->line, entry->key,
                          "unknown key '%.96s'; did you mean '%s'?", entry->key, meant);
        else
            sah_fault_set(fault, doc->file, entry->line, entry->key, "unknown key '%.96s'",
                          entry->key);
        return SAH_EINVAL;
    }
    return SAH_OK;
}

/*
 * The scalar at map[key]. *ret_entry is NULL when it is missing and may be. Only an outright
 * missing key may: a key that is there has to hold something readable.
 */
static int scalar_of(const struct sah_yaml_doc *doc, const struct sah_yaml *map,
                     const char *key, bool required, const char *wanted,
                     const struct sah_yaml **ret_entry, struct sah_fault *fault)
{
    const struct sah_yaml *entry = sah_yaml_get(map, key);

    if (entry == NULL && required) {
        sah_fault_set(fault, doc->file, map != NULL ? map->line : 0, key,
                      "is missing; write '%s: ' and %s", key, wanted);
        return SAH_EINVAL;
    }
    if (entry != NULL && entry->kind != SAH_YAML_SCALAR) {
        sah_fault_set(fault, doc->file, entry->line, key, "must be %s, not a %s", wanted,
                      entry->kind == SAH_YAML_LIST ? "list" : "map");
        return SAH_EINVAL;
    }
    *ret_entry = entry;
    return SAH_OK;
}

int sah_yaml_text(const struct sah_yaml_doc *doc, const struct sah_yaml *map, const char *key,
                  bool required, char *dst, size_t size, struct sah_fault *fault)
{
    const struct sah_yaml *entry;
    int rc = scalar_of(doc, map, key, required, "a text", &entry, fault);

    if (rc != SAH_OK || entry == NULL)
        return rc;
    if (required && entry->value.len == 0) {
        sah_fault_set(fault, doc->file, entry->line, key, "is empty; write a text");
        return SAH_EINVAL;
    }
    rc = sah_copy(dst, size, entry->value.ptr, entry->value.len);
    if (rc != SAH_OK)
        sah_fault_set(fault, doc->file, entry->line, key,
                      "is %zu bytes long; at most %zu are allowed", entry->value.len,
                      size > 0 ? size - 1 : 0);
    return rc;
}

int sah_yaml_number(const struct sah_yaml_doc *doc, const struct sah_yaml *map, const char *key,
                    bool required, int64_t min, int64_t max, int64_t *ret_value,
                    struct sah_fault *fault)
{
    const struct sah_yaml *entry;
    int rc = scalar_of(doc, map, key, required, "a whole number", &entry, fault);

    if (rc != SAH_OK || entry == NULL)
        return rc;
    rc = sah_parse_i64(entry->value, min, max, ret_value);
    if (rc != SAH_OK)
        sah_fault_set(fault, doc->file, entry->line, key,
                      "must be a whole number, %" PRId64 "..%" PRId64, min, max);
    return rc;
}

int sah_yaml_bool(const struct sah_yaml_doc *doc, const struct sah_yaml *map, const char *key,
                  bool required, bool *ret_value, struct sah_fault *fault)
{
    const struct sah_yaml *entry;
    int rc = scalar_of(doc, map, key, required, "true or false", &entry, fault);

    if (rc != SAH_OK || entry == NULL)
        return rc;
    if (!sah_slice_is(entry->value, "true") && !sah_slice_is(entry->value, "false")) {
        sah_fault_set(fault, doc->file, entry->line, key, "must be true or false");
        return SAH_EINVAL;
    }
    *ret_value = entry->value.ptr[0] == 't';
    return SAH_OK;
}
