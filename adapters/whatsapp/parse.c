/*
 * parse - walks every entry, change, message, status and error of a POST. See parse.h.
 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

#include "scan.h"

#define OBJECT_OURS  "whatsapp_business_account"
#define FIELD_OURS   "messages"
#define UPDATES_STEP 64

/* A NUL within one citizen's text is that text's trouble, not the document's. */
#define READ_FLAGS   (JSON_ALLOW_NUL)

const char *sah_update_kind_name(enum sah_update_kind kind)
{
    static const char *const names[SAH_N_UPDATE_KINDS] = {
        [SAH_UPDATE_MESSAGE] = "message", [SAH_UPDATE_STATUS] = "status",
        [SAH_UPDATE_ERROR] = "error",     [SAH_UPDATE_FIELD] = "field",
        [SAH_UPDATE_BROKEN] = "broken",
    };

    return names[kind];
}

static int add(struct sah_parsed *parsed, const struct sah_update *update)
{
    if (parsed->n_updates == parsed->cap_updates) {
        size_t cap = parsed->cap_updates == 0 ? UPDATES_STEP : parsed->cap_updates * 2;
        struct sah_update *grown = reallocarray(parsed->updates, cap, sizeof *parsed->updates);

        if (grown == NULL)
            return SAH_ENOMEM;
        parsed->updates = grown;
        parsed->cap_updates = cap;
    }
    parsed->updates[parsed->n_updates++] = *update;
    return SAH_OK;
}

static int add_broken(struct sah_parsed *parsed, const json_t *piece, const char *why)
{
    return add(parsed,
               &(struct sah_update){.kind = SAH_UPDATE_BROKEN, .piece = piece, .why = why});
}

/* One of value.messages, value.statuses, value.errors; absent (or null) is fine. */
static int add_list(struct sah_parsed *parsed, const json_t *value, const char *name,
                    enum sah_update_kind kind, const char *why_broken)
{
    const json_t *list = json_object_get(value, name);
    struct sah_update update = {
        .kind = kind,
        .account = json_object_get(json_object_get(value, "metadata"), "phone_number_id"),
        .contacts = json_object_get(value, "contacts"),
    };
    int err;

    if (list == NULL || json_is_null(list))
        return SAH_OK;
    if (!json_is_array(list))
        return add_broken(parsed, value, why_broken);
    for (size_t i = 0; i < json_array_size(list); i++) {
        update.piece = json_array_get(list, i);
        err = json_is_object(update.piece) ? add(parsed, &update)
                                           : add_broken(parsed, update.piece, why_broken);
        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

static int walk_change(struct sah_parsed *parsed, const json_t *change)
{
    static const struct {
        const char *name;
        enum sah_update_kind kind;
        const char *why_broken;
    } lists[] = {
        {"messages", SAH_UPDATE_MESSAGE, "bad_message"},
        {"statuses", SAH_UPDATE_STATUS, "bad_status"},
        {"errors", SAH_UPDATE_ERROR, "bad_error"},
    };
    const char *field = json_string_value(json_object_get(change, "field"));
    const json_t *value = json_object_get(change, "value");

    if (field == NULL)
        return add_broken(parsed, change, "bad_change");
    if (strcmp(field, FIELD_OURS) != 0)
        return add(parsed, &(struct sah_update){.kind = SAH_UPDATE_FIELD, .piece = change});
    if (!json_is_object(value))
        return add_broken(parsed, change, "bad_value");
    for (size_t i = 0; i < SAH_LEN(lists); i++) {
        int err = add_list(parsed, value, lists[i].name, lists[i].kind, lists[i].why_broken);

        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

static int walk_entry(struct sah_parsed *parsed, const json_t *entry)
{
    const json_t *changes =
        json_object_get(entry, "changes"); /* NULL when entry is no object */

    if (!json_is_array(changes))
        return add_broken(parsed, entry, "bad_entry");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        int err = walk_change(parsed, json_array_get(changes, i));

        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

static int read_repaired(const char *body, size_t len, struct sah_parsed *parsed)
{
    struct sah_buf buf;

    sah_buf_init(&buf, len * 6); /* the worst: each byte becomes an escape */
    if (sah_scan_repair(body, len, &buf) && !buf.failed)
        parsed->root = json_loadb(buf.data, buf.len, READ_FLAGS, NULL);
    parsed->repaired = parsed->root != NULL;
    if (buf.failed) {
        sah_buf_fini(&buf);
        return SAH_ENOMEM;
    }
    sah_buf_fini(&buf);
    return SAH_OK;
}

static int read_root(const char *body, size_t len, struct sah_parsed *parsed,
                     const char **ret_why)
{
    json_error_t error;

    if (sah_scan_bounds(body, len) != SAH_OK) {
        *ret_why = "too_deep_or_many";
        return SAH_EINVAL;
    }
    parsed->root = json_loadb(body, len, READ_FLAGS, &error);
    if (parsed->root == NULL) {
        int err = json_error_code(&error) == json_error_out_of_memory
                      ? SAH_ENOMEM
                      : read_repaired(body, len, parsed);

        if (err != SAH_OK)
            return err;
    }
    if (parsed->root == NULL) {
        *ret_why = "not_json";
        return SAH_EINVAL;
    }
    return SAH_OK;
}

static int walk_root(struct sah_parsed *parsed, const char **ret_why)
{
    const char *object = json_string_value(json_object_get(parsed->root, "object"));
    const json_t *entries = json_object_get(parsed->root, "entry");

    if (object == NULL) {
        *ret_why = "no_object";
        return SAH_EINVAL;
    }
    if (strcmp(object, OBJECT_OURS) != 0) {
        parsed->foreign = true;
        return SAH_OK;
    }
    if (!json_is_array(entries)) {
        *ret_why = "no_entry";
        return SAH_EINVAL;
    }
    for (size_t i = 0; i < json_array_size(entries); i++) {
        int err = walk_entry(parsed, json_array_get(entries, i));

        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

int sah_parse_webhook(const char *body, size_t len, struct sah_parsed *parsed,
                      const char **ret_why)
{
    struct sah_parsed made = {0};
    int err = read_root(body, len, &made, ret_why);

    if (err == SAH_OK)
        err = walk_root(&made, ret_why);
    if (err != SAH_OK) {
        sah_parsed_fini(&made);
        return err;
    }
    *parsed = made;
    return SAH_OK;
}

void sah_parsed_fini(struct sah_parsed *parsed)
{
    json_decref(parsed->root);
    free(parsed->updates);
    *parsed = (struct sah_parsed){0};
}
