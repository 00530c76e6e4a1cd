/*
 * graph_rules - holds an object to its rows. See graph_rules.h.
 */
#include "graph_rules.h"

#include <stdio.h>
#include <string.h>

#define CODE_PARAMETER 100 /* Meta: "Invalid parameter" */

bool sah_graph_fail(struct sah_graph_fault *fault, int code, const char *fmt, ...)
{
    va_list args;

    if (fault->code != 0)
        return false;
    fault->code = code;
    va_start(args, fmt);
    (void)vsnprintf(fault->details, sizeof fault->details, fmt, args);
    va_end(args);
    return false;
}

static bool check_text(const json_t *value, const char *where,
                       const struct sah_graph_field *field, struct sah_graph_fault *fault)
{
    size_t points;

    if (!json_is_string(value))
        return sah_graph_fail(fault, CODE_PARAMETER, "%s.%s must be a string", where,
                              field->key);
    points = sah_utf8_count(json_string_value(value), json_string_length(value));
    if (points < field->min || points > field->max)
        return sah_graph_fail(fault, CODE_PARAMETER, "%s.%s has %zu characters, %zu..%zu fit",
                              where, field->key, points, field->min, field->max);
    return true;
}

static bool check_array(const json_t *value, const char *where,
                        const struct sah_graph_field *field, struct sah_graph_fault *fault)
{
    size_t n = json_array_size(value);

    if (!json_is_array(value) || n < field->min || n > field->max)
        return sah_graph_fail(fault, CODE_PARAMETER, "%s.%s must be an array of %zu..%zu",
                              where, field->key, field->min, field->max);
    return true;
}

static bool check_field(const json_t *object, const char *where,
                        const struct sah_graph_field *field, struct sah_graph_fault *fault)
{
    const json_t *value = json_object_get(object, field->key);

    if (value == NULL)
        return !field->required ||
               sah_graph_fail(fault, CODE_PARAMETER, "%s.%s is required", where, field->key);
    switch (field->kind) {
    case SAH_GRAPH_TEXT:
        return check_text(value, where, field, fault);
    case SAH_GRAPH_ARRAY:
        return check_array(value, where, field, fault);
    case SAH_GRAPH_NUMBER:
        return json_is_number(value) || json_is_string(value) ||
               sah_graph_fail(fault, CODE_PARAMETER, "%s.%s must be a number", where,
                              field->key);
    case SAH_GRAPH_OBJECT:
        return json_is_object(value) ||
               sah_graph_fail(fault, CODE_PARAMETER, "%s.%s must be an object", where,
                              field->key);
    }
    return true;
}

static bool is_listed(const char *key, const struct sah_graph_field *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++)
        if (strcmp(fields[i].key, key) == 0)
            return true;
    return false;
}

bool sah_graph_fields(const json_t *object, const char *where,
                      const struct sah_graph_field *fields, size_t n_fields, bool only,
                      struct sah_graph_fault *fault)
{
    union {
        const json_t *in;
        json_t *out;
    } members = {.in =
                     object}; /* iterating takes a pointer without const, and changes nothing */
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return sah_graph_fail(fault, CODE_PARAMETER, "%s must be an object", where);
    for (size_t i = 0; i < n_fields; i++)
        if (!check_field(object, where, &fields[i], fault))
            return false;
    json_object_foreach(members.out, key, value)
    {
        if (only && !is_listed(key, fields, n_fields))
            return sah_graph_fail(fault, CODE_PARAMETER, "unexpected key %s.%.40s", where, key);
    }
    return true;
}
