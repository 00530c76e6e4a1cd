/*
 * behaviour - the keys of PUT /agencies/{id} as rows. See behaviour.h.
 */
#include "behaviour.h"

#include <string.h>

static const char *const modes[] = {
#define X(name, text) [SAH_MODE_##name] = text,
    SAH_STANDIN_MODES(X)
#undef X
};
static const char *const cancels[] = {
    [SAH_CANCEL_CONFIRM] = "confirm",
    [SAH_CANCEL_DECLINE] = "decline",
    [SAH_CANCEL_IGNORE] = "ignore",
};

const char *sah_behaviour_mode_name(enum sah_standin_mode mode)
{
    return modes[mode];
}

static int index_of(const char *const *names, size_t n, const json_t *value)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(names[i], text) == 0)
            return (int)i;
    return -1;
}

/* ---- one reader a kind of key; false = not so, the row's `wants` says what instead */

static bool read_mode(const json_t *value, struct sah_behaviour *b)
{
    int at = index_of(modes, SAH_LEN(modes), value);

    b->mode = at < 0 ? SAH_MODE_NORMAL : (enum sah_standin_mode)at;
    return at >= 0;
}

static bool read_cancel(const json_t *value, struct sah_behaviour *b)
{
    int at = index_of(cancels, SAH_LEN(cancels), value);

    b->cancel = at < 0 ? SAH_CANCEL_CONFIRM : (enum sah_standin_cancel)at;
    return at >= 0;
}

static bool read_reason(const json_t *value, struct sah_behaviour *b)
{
    const char *text = json_string_value(value);

    return text != NULL && json_string_length(value) > 0 &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0' &&
           sah_copy(b->refuse_reason, sizeof b->refuse_reason, text, strlen(text)) == SAH_OK;
}

static bool read_steps(const json_t *value, struct sah_behaviour *b)
{
    if (!json_is_array(value) || json_array_size(value) > SAH_STEPS_MAX)
        return false;
    b->own_steps = true;
    b->steps.n = 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *name = json_string_value(json_array_get(value, i));
        int state = name == NULL ? -1 : sah_script_state(name);

        if (state < 0)
            return false;
        b->steps.state[b->steps.n++] = (uint8_t)state;
    }
    return true;
}

static bool read_number(const json_t *value, uint32_t max, uint32_t *ret_number)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > (json_int_t)max)
        return false;
    *ret_number = (uint32_t)number;
    return true;
}

#define WAIT_MAX_MS 3600000
#define NUMBER(field, max)                                                 \
    static bool read_##field(const json_t *value, struct sah_behaviour *b) \
    {                                                                      \
        return read_number(value, max, &b->field);                         \
    }
NUMBER(person_after_ms, WAIT_MAX_MS)
NUMBER(step_ms, WAIT_MAX_MS)
NUMBER(delay_ms, 60000)
NUMBER(retry_after_s, 3600)

static const struct {
    const char *key;
    bool (*read)(const json_t *value, struct sah_behaviour *b);
    const char *wants;
} rows[] = {
    {"mode", read_mode, "normal, machine_only, silent, refuse, busy, error500, hang or cut"},
    {"cancel", read_cancel, "confirm, decline or ignore"},
    {"person_after_ms", read_person_after_ms, "0..3600000"},
    {"step_ms", read_step_ms, "0..3600000"},
    {"delay_ms", read_delay_ms, "0..60000"},
    {"retry_after_s", read_retry_after_s, "0..3600"},
    {"refuse_reason", read_reason, "a word in capitals such as WRONG_AREA"},
    {"steps", read_steps,
     "an array of at most 16 states such as [\"ACKNOWLEDGED\",\"CLOSED\"]"},
};

int sah_behaviour_read(const json_t *json, const struct sah_behaviour *defaults,
                       struct sah_behaviour *ret_behaviour, char *why, size_t why_size)
{
    union {
        const json_t *in;
        json_t *out;
    } object = {.in = json}; /* iterating takes a pointer without const, and changes nothing */
    struct sah_behaviour made = *defaults;
    const char *key;
    json_t *value;

    if (!json_is_object(json)) {
        (void)sah_format(why, why_size, "the body must be a JSON object");
        return SAH_EINVAL;
    }
    json_object_foreach(object.out, key, value)
    {
        size_t i = 0;

        while (i < SAH_LEN(rows) && strcmp(rows[i].key, key) != 0)
            i++;
        if (i == SAH_LEN(rows)) {
            (void)sah_format(why, why_size, "unknown key \"%.40s\"", key);
            return SAH_EINVAL;
        }
        if (!rows[i].read(value, &made)) {
            (void)sah_format(why, why_size, "%s must be %s", key, rows[i].wants);
            return SAH_EINVAL;
        }
    }
    *ret_behaviour = made;
    return SAH_OK;
}

json_t *sah_behaviour_json(const struct sah_behaviour *b)
{
    json_t *json = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:s}", "mode", modes[b->mode], "cancel",
                             cancels[b->cancel], "person_after_ms",
                             (json_int_t)b->person_after_ms, "step_ms", (json_int_t)b->step_ms,
                             "delay_ms", (json_int_t)b->delay_ms, "retry_after_s",
                             (json_int_t)b->retry_after_s, "refuse_reason", b->refuse_reason);
    json_t *steps;

    if (json == NULL || !b->own_steps)
        return json;
    steps = json_array();
    for (unsigned i = 0; i < b->steps.n; i++)
        (void)json_array_append_new(steps, json_string(sah_script_name(b->steps.state[i])));
    (void)json_object_set_new(json, "steps", steps);
    return json;
}
