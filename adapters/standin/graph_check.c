/*
 * graph_check - message types, their rows, and what rows cannot say. See graph_check.h.
 */
#include "graph_check.h"

#include <string.h>

#include "tell.h"

#define CODE_PARAMETER 100
#define ROWS_MAX       10 /* of a list, over all its sections */

#define TEXT(key, required, min, max)           \
    {                                           \
        key, SAH_GRAPH_TEXT, required, min, max \
    }
#define OBJECT(key, required)                 \
    {                                         \
        key, SAH_GRAPH_OBJECT, required, 0, 0 \
    }
#define ARRAY(key, required, min, max)           \
    {                                            \
        key, SAH_GRAPH_ARRAY, required, min, max \
    }
#define NUMBER(key, required)                 \
    {                                         \
        key, SAH_GRAPH_NUMBER, required, 0, 0 \
    }
#define FIELDS(object, where, rows, only, fault) \
    sah_graph_fields(object, where, rows, SAH_LEN(rows), only, fault)

typedef bool check_fn(const json_t *object, struct sah_graph_fault *fault);

static bool edge_space(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

/* `key` of every member must differ from all others. */
static bool all_differ(const json_t *array, const char *key, const char *what,
                       struct sah_graph_fault *fault)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(sah_tell_text(json_array_get(array, i), key),
                       sah_tell_text(json_array_get(array, j), key)) == 0)
                return sah_graph_fail(fault, CODE_PARAMETER, "%s %zu and %zu have the same %s",
                                      what, j, i, key);
    return true;
}

/* ---- interactive messages */

static bool check_buttons(const json_t *action, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field rows[] = {ARRAY("buttons", true, 1, 3)};
    static const struct sah_graph_field button_rows[] = {TEXT("type", true, 5, 5),
                                                         OBJECT("reply", true)};
    static const struct sah_graph_field reply_rows[] = {TEXT("id", true, 1, 256),
                                                        TEXT("title", true, 1, 20)};
    json_t *replies = json_array();
    bool good = FIELDS(action, "interactive.action", rows, true, fault);

    for (size_t i = 0; good && i < json_array_size(json_object_get(action, "buttons")); i++) {
        const json_t *button = json_array_get(json_object_get(action, "buttons"), i);
        json_t *reply = json_object_get(button, "reply");

        good = FIELDS(button, "interactive.action.buttons", button_rows, true, fault) &&
               FIELDS(reply, "interactive.action.buttons.reply", reply_rows, true, fault);
        if (good && (edge_space(sah_tell_text(reply, "id")) ||
                     strcmp(sah_tell_text(button, "type"), "reply") != 0))
            good = sah_graph_fail(fault, CODE_PARAMETER,
                                  "a button must be of type reply, its id without edge spaces");
        (void)json_array_append(replies, reply);
    }
    good = good && all_differ(replies, "title", "buttons", fault) &&
           all_differ(replies, "id", "buttons", fault);
    json_decref(replies);
    return good;
}

static bool check_section(const json_t *section, size_t n_sections, json_t *all_rows,
                          struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("title", false, 1, 24),
                                                    ARRAY("rows", true, 1, ROWS_MAX)};
    static const struct sah_graph_field row_fields[] = {TEXT("id", true, 1, 200),
                                                        TEXT("title", true, 1, 24),
                                                        TEXT("description", false, 1, 72)};
    const json_t *rows = json_object_get(section, "rows");

    if (!FIELDS(section, "interactive.action.sections", fields, true, fault))
        return false;
    if (n_sections > 1 && json_object_get(section, "title") == NULL)
        return sah_graph_fail(fault, CODE_PARAMETER, "a section among several needs its title");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (!FIELDS(json_array_get(rows, i), "interactive.action.sections.rows", row_fields,
                    true, fault))
            return false;
        (void)json_array_append(all_rows, json_array_get(rows, i));
    }
    return true;
}

static bool check_list(const json_t *action, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("button", true, 1, 20),
                                                    ARRAY("sections", true, 1, 10)};
    const json_t *sections = json_object_get(action, "sections");
    json_t *rows = json_array();
    bool good = FIELDS(action, "interactive.action", fields, true, fault);

    for (size_t i = 0; good && i < json_array_size(sections); i++)
        good =
            check_section(json_array_get(sections, i), json_array_size(sections), rows, fault);
    if (good && json_array_size(rows) > ROWS_MAX)
        good = sah_graph_fail(fault, CODE_PARAMETER, "a list has %zu rows, %d fit",
                              json_array_size(rows), ROWS_MAX);
    good = good && all_differ(rows, "id", "rows", fault);
    json_decref(rows);
    return good;
}

static bool check_link(const json_t *action, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("name", true, 7, 7),
                                                    OBJECT("parameters", true)};
    static const struct sah_graph_field parameters[] = {TEXT("display_text", true, 1, 20),
                                                        TEXT("url", true, 1, 2000)};
    const json_t *given = json_object_get(action, "parameters");

    if (!FIELDS(action, "interactive.action", fields, true, fault) ||
        !FIELDS(given, "interactive.action.parameters", parameters, true, fault))
        return false;
    if (strcmp(sah_tell_text(action, "name"), "cta_url") != 0 ||
        strncmp(sah_tell_text(given, "url"), "https://", 8) != 0)
        return sah_graph_fail(fault, CODE_PARAMETER, "a cta_url needs an https url");
    return true;
}

static bool check_named(const json_t *action, const char *name, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("name", true, 1, 40)};

    if (!FIELDS(action, "interactive.action", fields, true, fault))
        return false;
    return strcmp(sah_tell_text(action, "name"), name) == 0 ||
           sah_graph_fail(fault, CODE_PARAMETER, "interactive.action.name must be %s", name);
}

static bool check_ask_place(const json_t *action, struct sah_graph_fault *fault)
{
    return check_named(action, "send_location", fault);
}

static bool check_ask_contact(const json_t *action, struct sah_graph_fault *fault)
{
    return check_named(action, "request_contact_info", fault);
}

static bool check_flow(const json_t *action, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("name", true, 4, 4),
                                                    OBJECT("parameters", true)};

    return FIELDS(action, "interactive.action", fields, true, fault);
}

static const struct {
    const char *type;
    check_fn *action;
} interactives[] = {
    {"button", check_buttons},
    {"list", check_list},
    {"cta_url", check_link},
    {"location_request_message", check_ask_place},
    {"request_contact_info", check_ask_contact},
    {"flow", check_flow},
};

static bool check_interactive(const json_t *object, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {
        TEXT("type", true, 1, 40), OBJECT("header", false), OBJECT("body", true),
        OBJECT("footer", false), OBJECT("action", true)};
    static const struct sah_graph_field body[] = {TEXT("text", true, 1, 1024)};
    static const struct sah_graph_field edge[] = {TEXT("type", false, 1, 10),
                                                  TEXT("text", false, 1, 60)};
    const json_t *header = json_object_get(object, "header");
    const json_t *footer = json_object_get(object, "footer");

    if (!FIELDS(object, "interactive", fields, true, fault) ||
        !FIELDS(json_object_get(object, "body"), "interactive.body", body, true, fault) ||
        (header != NULL && !FIELDS(header, "interactive.header", edge, false, fault)) ||
        (footer != NULL && !FIELDS(footer, "interactive.footer", edge, false, fault)))
        return false;
    for (size_t i = 0; i < SAH_LEN(interactives); i++)
        if (strcmp(interactives[i].type, sah_tell_text(object, "type")) == 0)
            return interactives[i].action(json_object_get(object, "action"), fault);
    return sah_graph_fail(fault, CODE_PARAMETER, "interactive.type is none we know");
}

/* ---- the other types */

static bool check_text(const json_t *object, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("body", true, 1, 4096)};

    return FIELDS(object, "text", fields, false, fault);
}

static bool check_media(const json_t *object, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {
        TEXT("id", false, 1, 200), TEXT("link", false, 1, 2000),
        TEXT("caption", false, 1, 1024), TEXT("filename", false, 1, 240)};
    bool has_id = json_object_get(object, "id") != NULL;

    if (!FIELDS(object, "media", fields, true, fault))
        return false;
    return has_id != (json_object_get(object, "link") != NULL) ||
           sah_graph_fail(fault, CODE_PARAMETER, "media needs either id or link");
}

static bool check_location(const json_t *object, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {
        NUMBER("latitude", true), NUMBER("longitude", true), TEXT("name", false, 1, 1000),
        TEXT("address", false, 1, 1000)};

    return FIELDS(object, "location", fields, true, fault);
}

static bool check_reaction(const json_t *object, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("message_id", true, 1, 256),
                                                    TEXT("emoji", true, 0, 16)};

    return FIELDS(object, "reaction", fields, true, fault);
}

static bool check_template(const json_t *object, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {TEXT("name", true, 1, 512),
                                                    OBJECT("language", true),
                                                    ARRAY("components", false, 0, 20)};

    return FIELDS(object, "template", fields, false, fault);
}

static const struct {
    const char *type;
    check_fn *check; /* NULL: an array, taken as it is */
} types[] = {
    {"text", check_text},         {"interactive", check_interactive},
    {"image", check_media},       {"video", check_media},
    {"audio", check_media},       {"document", check_media},
    {"sticker", check_media},     {"location", check_location},
    {"reaction", check_reaction}, {"template", check_template},
    {"contacts", NULL},
};

static bool is_recipient(const json_t *message)
{
    const char *to = sah_tell_text(message, "to");
    size_t len;

    if (json_object_get(message, "to") == NULL)
        return strchr(sah_tell_text(message, "recipient"), '.') != NULL;
    to += to[0] == '+';
    len = strspn(to, "0123456789");
    return len >= 7 && len <= 15 && to[len] == '\0';
}

bool sah_graph_check(const json_t *message, struct sah_graph_fault *fault)
{
    static const struct sah_graph_field fields[] = {
        TEXT("messaging_product", true, 8, 8),
        TEXT("recipient_type", false, 1, 10),
        TEXT("to", false, 1, 20),
        TEXT("recipient", false, 1, 140),
        TEXT("type", false, 1, 20),
        TEXT("biz_opaque_callback_data", false, 1, 512),
        OBJECT("context", false)};
    static const struct sah_graph_field context[] = {TEXT("message_id", true, 1, 256)};
    const char *type = sah_tell_text(message, "type");
    const json_t *quoted = json_object_get(message, "context");

    if (!FIELDS(message, "message", fields, false, fault) ||
        (quoted != NULL && !FIELDS(quoted, "context", context, true, fault)))
        return false;
    if (strcmp(sah_tell_text(message, "messaging_product"), "whatsapp") != 0)
        return sah_graph_fail(fault, CODE_PARAMETER, "messaging_product must be whatsapp");
    if (!is_recipient(message))
        return sah_graph_fail(fault, CODE_PARAMETER,
                              "to must be digits, or recipient a user id");
    if (type[0] == '\0')
        type = "text"; /* Meta's default */
    for (size_t i = 0; i < SAH_LEN(types); i++) {
        const json_t *object = json_object_get(message, type);

        if (strcmp(types[i].type, type) != 0)
            continue;
        if (types[i].check == NULL)
            return json_array_size(object) > 0 ||
                   sah_graph_fail(fault, CODE_PARAMETER, "%s must be an array", type);
        return object == NULL ? sah_graph_fail(fault, CODE_PARAMETER, "%s is required", type)
                              : types[i].check(object, fault);
    }
    return sah_graph_fail(fault, CODE_PARAMETER, "type is none we know");
}

const char *sah_graph_human_text(const json_t *message)
{
    static const struct {
        const char *path[3];
    } rows[] = {
        {{"text", "body", NULL}},        {{"interactive", "body", "text"}},
        {{"image", "caption", NULL}},    {{"video", "caption", NULL}},
        {{"document", "caption", NULL}}, {{"template", "name", NULL}},
        {{"location", "name", NULL}},    {{"reaction", "emoji", NULL}},
    };

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const json_t *at = message;

        for (size_t j = 0; j < SAH_LEN(rows[i].path) && rows[i].path[j] != NULL; j++)
            at = json_object_get(at, rows[i].path[j]);
        if (json_is_string(at))
            return json_string_value(at);
    }
    return "";
}
