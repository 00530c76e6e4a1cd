/*
 * reader - typed lists and words out of a YAML tree. See reader.h.
 */
#include <string.h>

#include "agency/reader.h"

static const struct {
    const char *others; /* besides digits */
    bool lower, upper;
    const char *says;
} alphabets[] = {
    [WORD_ID] = {"-", true, false, "lower-case letters, digits and '-'"},
    [WORD_SERVICE] = {"_", false, true, "capital letters, digits and '_'"},
    [WORD_CUE] = {"_", true, false, "lower-case letters, digits and '_'"},
    [WORD_RULE] = {"._-", true, true, "letters, digits, '.', '_' and '-'"},
    [WORD_DIAL] = {"+", false, false, "digits, perhaps after a '+'"},
    [WORD_SAYS] = {NULL, true, true, "text without control characters"},
};

unsigned line_of(const struct sah_yaml *map, const char *key)
{
    const struct sah_yaml *entry = sah_yaml_get(map, key);

    return entry != NULL ? entry->line : map->line;
}

static bool letter_fits(char c, enum alphabet alphabet)
{
    if (alphabets[alphabet].others == NULL)
        return (unsigned char)c >= 0x20 && c != 0x7f;
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z' && alphabets[alphabet].lower) ||
           (c >= 'A' && c <= 'Z' && alphabets[alphabet].upper) ||
           (c != '\0' && strchr(alphabets[alphabet].others, c) != NULL);
}

static bool word_fits(struct sah_slice word, enum alphabet alphabet)
{
    for (size_t i = 0; i < word.len; i++)
        if (!letter_fits(word.ptr[i], alphabet) ||
            (alphabet == WORD_DIAL && word.ptr[i] == '+' && i > 0))
            return false;
    return word.len > 0 && sah_utf8_valid(word.ptr, word.len);
}

static int take_word(struct reader *r, const struct sah_yaml *node, const char *key,
                     enum alphabet alphabet, char *dst, size_t size)
{
    if (node->kind != SAH_YAML_SCALAR)
        return REFUSE(r, node->line, key, "must be one word of %s", alphabets[alphabet].says);
    if (!word_fits(node->value, alphabet))
        return REFUSE(r, node->line, key, "'%.40s' is no good here; write %s", node->value.ptr,
                      alphabets[alphabet].says);
    if (sah_copy(dst, size, node->value.ptr, node->value.len) != SAH_OK)
        return REFUSE(r, node->line, key, "'%.40s' is too long; write at most %zu bytes",
                      node->value.ptr, size - 1);
    return SAH_OK;
}

static int missing(struct reader *r, const struct sah_yaml *map, const char *key, bool required,
                   const char *wanted)
{
    if (!required)
        return SAH_OK;
    return REFUSE(r, map->line, key, "is missing; write '%s: %s'", key, wanted);
}

int read_word(struct reader *r, const struct sah_yaml *map, const char *key, bool required,
              enum alphabet alphabet, char *dst, size_t size)
{
    const struct sah_yaml *entry = sah_yaml_get(map, key);

    if (entry == NULL)
        return missing(r, map, key, required, alphabets[alphabet].says);
    return take_word(r, entry, key, alphabet, dst, size);
}

int read_words(struct reader *r, const struct sah_yaml *map, const char *key, bool required,
               enum alphabet alphabet, void *dst, size_t size, unsigned max, unsigned *ret_n)
{
    const struct sah_yaml *list = sah_yaml_get(map, key);
    char *rows = dst;
    unsigned n = 0;

    if (list == NULL)
        return missing(r, map, key, required, "[one, another]");
    if (list->kind != SAH_YAML_LIST)
        return REFUSE(r, list->line, key, "must be a list; write '%s: [one, another]'", key);
    if (required && list->count == 0)
        return REFUSE(r, list->line, key, "is empty; write at least one word");
    if (list->count > max)
        return REFUSE(r, list->line, key, "has %u entries; write at most %u", list->count, max);
    for (const struct sah_yaml *item = list->first; item != NULL; item = item->next) {
        int err = take_word(r, item, key, alphabet, rows + n * size, size);

        if (err != SAH_OK)
            return err;
        for (unsigned i = 0; i < n; i++)
            if (strcmp(rows + i * size, rows + n * size) == 0)
                return REFUSE(r, item->line, key, "names '%s' twice; write it once",
                              rows + n * size);
        n++;
    }
    *ret_n = n;
    return SAH_OK;
}

int read_maps(struct reader *r, const struct sah_yaml *map, const char *key, bool required,
              unsigned max, const struct sah_yaml **ret_first)
{
    const struct sah_yaml *list = sah_yaml_get(map, key);

    *ret_first = NULL;
    if (list == NULL)
        return missing(r, map, key, required, "[{...}, {...}]");
    if (list->kind != SAH_YAML_LIST)
        return REFUSE(r, list->line, key, "must be a list of rows, each beginning with '- '");
    if (list->count > max)
        return REFUSE(r, list->line, key, "has %u rows; at most %u are allowed", list->count,
                      max);
    if (required && list->count == 0)
        return REFUSE(r, list->line, key, "is empty; write at least one row");
    *ret_first = list->first;
    return SAH_OK;
}

int read_degrees(struct reader *r, const struct sah_yaml *map, const char *key, int limit,
                 int32_t *ret_e7)
{
    const struct sah_yaml *entry = sah_yaml_get(map, key);
    int64_t value = 0;
    unsigned decimals = 0;
    bool dot = false, digits = false, good = true;
    const char *p, *end;

    if (entry == NULL)
        return missing(r, map, key, true, "17.385");
    if (entry->kind != SAH_YAML_SCALAR)
        return REFUSE(r, entry->line, key, "must be degrees; write for example 17.385");
    p = entry->value.ptr;
    end = p + entry->value.len;
    for (p += p < end && *p == '-'; p < end && good; p++) {
        if (*p == '.' && !dot) {
            dot = true;
            continue;
        }
        good = *p >= '0' && *p <= '9' && decimals < 7 && value <= INT64_C(1800000000);
        value = good ? value * 10 + (*p - '0') : value;
        decimals += dot;
        digits = true;
    }
    for (; good && decimals < 7; decimals++)
        value *= 10;
    if (!good || !digits || value > (int64_t)limit * 10000000)
        return REFUSE(r, entry->line, key,
                      "must be degrees within %d, at most 7 decimals; write for example 17.385",
                      limit);
    *ret_e7 = (int32_t)(entry->value.ptr[0] == '-' ? -value : value);
    return SAH_OK;
}
