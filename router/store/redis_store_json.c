/*
 * redis_store_json - a line (a request at one agency) and what went before, as JSON in Redis.
 *
 * Owns:    the field names.
 * Used by: redis_store_commit.c, redis_store_read.c.
 * Never:   fails on a missing or an unknown field: an older or newer router may have written
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "store/redis_store_priv.h"

enum field_type { TEXT, U32, I64 };
struct field {
    const char *name;
    enum field_type type;
    size_t offset, size;
};
#define STATUS_TEXT(name, member)                               \
    {                                                           \
        name, TEXT, offsetof(struct sah_agency_status, member), \
            sizeof(((struct sah_agency_status *)0)->member)     \
    }
#define STATUS_NUMBER(name, type, member)                         \
    {                                                             \
        name, type, offsetof(struct sah_agency_status, member), 0 \
    }

static const struct field fields[] = {
    STATUS_TEXT("agency", agency),
    STATUS_TEXT("endpoint", endpoint),
    STATUS_TEXT("request", request_id),
    STATUS_TEXT("text", reason_text),
    STATUS_TEXT("by", by),
    STATUS_TEXT("case", case_no),
    STATUS_TEXT("url", payment_url),
    STATUS_TEXT("disposition", disposition),
    STATUS_NUMBER("seen", U32, sequence_seen),
    STATUS_NUMBER("eta_s", U32, eta_s),
    STATUS_NUMBER("price", U32, price_paise),
    STATUS_NUMBER("due_ms", I64, due_ms),
    STATUS_NUMBER("sent_ms", I64, sent_ms),
};

static struct sah_slice text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_string(value))
        return (struct sah_slice){"", 0};
    return (struct sah_slice){json_string_value(value), json_string_length(value)};
}

static int64_t number_of(const json_t *object, const char *name, int64_t min, int64_t max)
{
    json_int_t n = json_integer_value(json_object_get(object, name)); /* 0 for anything else */

    return n < min || n > max ? 0 : n;
}

static int put_field(json_t *object, const struct field *field, const char *base)
{
    int64_t number = 0;
    uint32_t small;

    switch (field->type) {
    case TEXT:
        if (base[field->offset] == '\0')
            return 0;
        return json_object_set_new(object, field->name, json_string(base + field->offset));
    case U32:
        memcpy(&small, base + field->offset, sizeof small);
        number = small;
        break;
    case I64:
        memcpy(&number, base + field->offset, sizeof number);
        break;
    }
    return number == 0 ? 0 : json_object_set_new(object, field->name, json_integer(number));
}

static void take_field(const json_t *object, const struct field *field, char *base)
{
    struct sah_slice text;
    int64_t number;
    uint32_t small;

    switch (field->type) {
    case TEXT:
        text = text_of(object, field->name);
        sah_copy_cut(base + field->offset, field->size, text.ptr, text.len);
        return;
    case U32:
        small = (uint32_t)number_of(object, field->name, 0, UINT32_MAX);
        memcpy(base + field->offset, &small, sizeof small);
        return;
    case I64:
        number = number_of(object, field->name, INT64_MIN, INT64_MAX);
        memcpy(base + field->offset, &number, sizeof number);
        return;
    }
}

static int dump(const json_t *json, struct sah_buf *buf)
{
    char *text = json_dumps(json, JSON_COMPACT);

    if (text == NULL)
        return SAH_ENOMEM;
    sah_buf_add_text(buf, text);
    free(text);
    return SAH_OK;
}

static int put_units(json_t *object, const struct sah_agency_status *status)
{
    json_t *units;
    int bad = 0;

    SAH_ASSERT(status->n_units <= SAH_UNITS_MAX);
    if (status->n_units == 0)
        return 0;
    units = json_array();
    for (unsigned i = 0; i < status->n_units; i++)
        bad |= json_array_append_new(units, json_string(status->units[i]));
    return json_object_set_new(object, "units", units) | bad;
}

int line_to_json(const struct sah_line *line, struct sah_buf *buf)
{
    const struct sah_agency_status *status = &line->status;
    json_t *object = json_object();
    int bad = 0, err;

    bad |= json_object_set_new(object, "state", json_string(sah_state_name(line->state)));
    if (line->before_cancel != SAH_STATE_UNSPECIFIED)
        bad |= json_object_set_new(object, "before",
                                   json_string(sah_state_name(line->before_cancel)));
    if (line->stands_for[0] != '\0')
        bad |= json_object_set_new(object, "for", json_string(line->stands_for));
    if (line->via[0] != '\0')
        bad |= json_object_set_new(object, "via", json_string(line->via));
    if (line->carried)
        bad |= json_object_set_new(object, "carried", json_true());
    if (line->apart)
        bad |= json_object_set_new(object, "apart", json_true());
    if (line->sequence != 1) /* a million that wait have the request alone */
        bad |= json_object_set_new(object, "seq", json_integer(line->sequence));
    if (status->state != SAH_STATE_UNSPECIFIED)
        bad |= json_object_set_new(object, "said", json_string(sah_state_name(status->state)));
    if (status->level != SAH_LEVEL_UNSPECIFIED)
        bad |= json_object_set_new(object, "level", json_string(sah_level_name(status->level)));
    if (status->reason != SAH_REASON_UNSPECIFIED)
        bad |=
            json_object_set_new(object, "reason", json_string(sah_reason_name(status->reason)));
    for (size_t i = 0; i < SAH_LEN(fields); i++)
        bad |= put_field(object, &fields[i], (const char *)status);
    bad |= put_units(object, status);

    err = bad != 0 ? SAH_EINVAL : dump(object, buf); /* text that is not UTF-8 */
    json_decref(object);
    return err;
}

static enum sah_level level_from(struct sah_slice name)
{
    for (enum sah_level level = SAH_LEVEL_TRANSPORT; level <= SAH_LEVEL_PERSON; level++) {
        if (sah_slice_is(name, sah_level_name(level)))
            return level;
    }
    return SAH_LEVEL_UNSPECIFIED;
}

int line_from_json(struct sah_slice json, struct sah_line *ret_line)
{
    json_t *object = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
    struct sah_agency_status *status = &ret_line->status;
    const json_t *unit;
    size_t i;

    if (!json_is_object(object)) {
        json_decref(object);
        return SAH_EPROTO;
    }
    ret_line->state = sah_state_from(text_of(object, "state"));
    ret_line->before_cancel = sah_state_from(text_of(object, "before"));
    sah_copy_cut(ret_line->stands_for, sizeof ret_line->stands_for, text_of(object, "for").ptr,
                 text_of(object, "for").len);
    sah_copy_cut(ret_line->via, sizeof ret_line->via, text_of(object, "via").ptr, text_of(object, "via").len);
    ret_line->carried = json_is_true(json_object_get(object, "carried"));
    ret_line->apart = json_is_true(json_object_get(object, "apart"));
    ret_line->sequence = json_object_get(object, "seq") == NULL ? 1 : (uint32_t)number_of(object, "seq", 0, UINT32_MAX);
    status->state = sah_state_from(text_of(object, "said"));
    status->level = level_from(text_of(object, "level"));
    status->reason = sah_reason_from(text_of(object, "reason"));
    for (i = 0; i < SAH_LEN(fields); i++)
        take_field(object, &fields[i], (char *)status);
    status->n_units = 0;
    json_array_foreach(json_object_get(object, "units"), i, unit)
    {
        if (status->n_units < SAH_UNITS_MAX && json_is_string(unit))
            sah_copy_cut(status->units[status->n_units++], SAH_UNIT_SIZE,
                         json_string_value(unit), json_string_length(unit));
    }
    json_decref(object);
    return SAH_OK;
}

int previous_to_json(const struct sah_previous *previous, unsigned n, struct sah_buf *buf)
{
    json_t *array;
    int bad = 0, err;

    SAH_ASSERT(n <= SAH_PREVIOUS_MAX);
    if (n == 0)
        return SAH_OK; /* "" */
    array = json_array();
    for (unsigned i = 0; i < n; i++) {
        bad |= json_array_append_new(array, json_string(previous[i].agency));
        bad |= json_array_append_new(array, json_integer(previous[i].outcome));
    }
    err = bad != 0 ? SAH_EINVAL : dump(array, buf);
    json_decref(array);
    return err;
}

int previous_from_json(struct sah_slice json, struct sah_previous *ret_previous,
                       unsigned *ret_n)
{
    json_t *array;
    unsigned n = 0;

    *ret_n = 0;
    if (json.len == 0)
        return SAH_OK;
    array = json_loadb(json.ptr, json.len, 0, NULL);
    if (!json_is_array(array)) {
        json_decref(array);
        return SAH_EPROTO;
    }
    for (size_t i = 0; i + 1 < json_array_size(array) && n < SAH_PREVIOUS_MAX; i += 2) {
        const char *agency = json_string_value(json_array_get(array, i));
        json_int_t outcome = json_integer_value(json_array_get(array, i + 1));

        if (agency == NULL || outcome < 0 || outcome > SAH_ANSWER_POISON)
            continue;
        sah_copy_cut(ret_previous[n].agency, SAH_AGENCY_SIZE, agency, strlen(agency));
        ret_previous[n++].outcome = (enum sah_answer_kind)outcome;
    }
    json_decref(array);
    *ret_n = n;
    return SAH_OK;
}
