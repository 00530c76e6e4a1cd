/*
 * render - builds the Graph API's body of one reply. See render.h; limits: whatsapp.md 4.1.
 */
#include "render.h"

#include <jansson.h>
#include <string.h>

#include "trim.h"

#define TEXT_POINTS        4096
#define BODY_POINTS        1024
#define BUTTON_POINTS      20 /* reply button, list opener, link text */
#define ROW_POINTS         24
#define DESCRIPTION_POINTS 72
#define TITLE_SIZE         128            /* 24 code points of four bytes, and room */
#define LIST_OPENER        "\xe2\x98\xb0" /* a sign every language reads as "menu" */

/* A text within its limit as a JSON string; NULL when it is not UTF-8 or memory is short. */
static json_t *limited(const char *text, size_t max_points, struct sah_render_notes *notes)
{
    size_t len = strlen(text);
    size_t keep = sah_trim(text, len, max_points);

    if (!sah_utf8_valid(text, len))
        return NULL;
    notes->cuts += keep < len;
    return json_stringn(text, keep);
}

static json_t *text_object(const char *text, size_t max_points, struct sah_render_notes *notes)
{
    return json_pack("{s:o}", "text", limited(text, max_points, notes));
}

/*
 * Titles must differ after the cut as well, or the platform refuses the whole reply: a title
 * that stands there already gets its number in place of its tail.
 */
static json_t *unique_title(const struct sah_reply *reply, unsigned at, size_t max_points,
                            struct sah_render_notes *notes)
{
    const char *title = reply->choices[at].title;
    size_t keep = sah_trim(title, strlen(title), max_points);
    char numbered[TITLE_SIZE];

    for (unsigned i = 0; i < at; i++) {
        const char *other = reply->choices[i].title;
        size_t other_keep = sah_trim(other, strlen(other), max_points);

        if (keep != other_keep || memcmp(title, other, keep) != 0)
            continue;
        keep = sah_trim(title, strlen(title), max_points - 3);
        if (sah_format(numbered, sizeof numbered, "%.*s %u", (int)keep, title, at + 1) !=
            SAH_OK)
            return NULL;
        notes->cuts++;
        return sah_utf8_valid(title, strlen(title)) ? json_string(numbered) : NULL;
    }
    return limited(title, max_points, notes);
}

static json_t *buttons_action(const struct sah_reply *reply, struct sah_render_notes *notes)
{
    json_t *buttons = json_array();

    for (unsigned i = 0; i < reply->n_choices; i++) {
        json_t *button =
            json_pack("{s:s,s:{s:s,s:o}}", "type", "reply", "reply", "id", reply->choices[i].id,
                      "title", unique_title(reply, i, BUTTON_POINTS, notes));

        if (json_array_append_new(buttons, button) != 0) {
            json_decref(buttons);
            return NULL;
        }
    }
    return json_pack("{s:o}", "buttons", buttons);
}

static json_t *row(const struct sah_reply *reply, unsigned at, struct sah_render_notes *notes)
{
    const struct sah_choice *choice = &reply->choices[at];
    json_t *made = json_pack("{s:s,s:o}", "id", choice->id, "title",
                             unique_title(reply, at, ROW_POINTS, notes));

    if (made != NULL && choice->description[0] != '\0' &&
        json_object_set_new(made, "description",
                            limited(choice->description, DESCRIPTION_POINTS, notes)) != 0) {
        json_decref(made);
        return NULL;
    }
    return made;
}

static json_t *list_action(const struct sah_reply *reply, struct sah_render_notes *notes)
{
    const char *opener = reply->button[0] != '\0' ? reply->button : LIST_OPENER;
    json_t *rows = json_array();

    for (unsigned i = 0; i < reply->n_choices && i < SAH_ROWS_MAX; i++) {
        if (json_array_append_new(rows, row(reply, i, notes)) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    /* one section needs no title */
    return json_pack("{s:o,s:[{s:o}]}", "button", limited(opener, BUTTON_POINTS, notes),
                     "sections", "rows", rows);
}

static json_t *link_action(const struct sah_reply *reply, struct sah_render_notes *notes)
{
    return json_pack("{s:s,s:{s:o,s:s}}", "name", "cta_url", "parameters", "display_text",
                     limited(reply->button, BUTTON_POINTS, notes), "url", reply->url);
}

enum form { FORM_TEXT, FORM_BUTTONS, FORM_LIST, FORM_ASK_PLACE, FORM_LINK };

/* Each choice needs its id and its words; the platform refuses the whole reply for one without.
 */
static bool choices_good(const struct sah_reply *reply)
{
    for (unsigned i = 0; i < reply->n_choices && i < SAH_ROWS_MAX; i++) {
        if (reply->choices[i].id[0] == '\0' || reply->choices[i].title[0] == '\0')
            return false;
    }
    return reply->n_choices > 0;
}

static enum form form_of(const struct sah_reply *reply)
{
    switch (reply->kind) {
    case SAH_REPLY_TEXT:
        return FORM_TEXT;
    case SAH_REPLY_BUTTONS:
        if (!choices_good(reply))
            return FORM_TEXT;
        return reply->n_choices <= SAH_BUTTONS_MAX ? FORM_BUTTONS : FORM_LIST;
    case SAH_REPLY_LIST:
        return choices_good(reply) ? FORM_LIST : FORM_TEXT;
    case SAH_REPLY_ASK_PLACE:
        return FORM_ASK_PLACE;
    case SAH_REPLY_LINK:
        return strncmp(reply->url, "https://", 8) == 0 && reply->button[0] != '\0' ? FORM_LINK
                                                                                   : FORM_TEXT;
    }
    return FORM_TEXT;
}

static json_t *interactive(const char *type, const struct sah_reply *reply, json_t *action,
                           struct sah_render_notes *notes)
{
    return json_pack("{s:s,s:o,s:o}", "type", type, "body",
                     text_object(reply->body, BODY_POINTS, notes), "action", action);
}

/* A link that cannot be a button stands in the text, so that it can still be tapped. */
static json_t *plain_text(const struct sah_reply *reply, struct sah_render_notes *notes)
{
    struct sah_buf words;
    json_t *made;

    sah_buf_init(&words, sizeof reply->body + sizeof reply->url);
    sah_buf_add_text(&words, reply->body);
    if (reply->kind == SAH_REPLY_LINK && reply->url[0] != '\0')
        sah_buf_addf(&words, "%s%s", reply->body[0] != '\0' ? "\n" : "", reply->url);
    made = words.failed || words.data == NULL
               ? NULL
               : json_pack("{s:o,s:b}", "body", limited(words.data, TEXT_POINTS, notes),
                           "preview_url", 0);
    sah_buf_fini(&words);
    return made;
}

static int set_content(json_t *root, const struct sah_reply *reply,
                       struct sah_render_notes *notes)
{
    json_t *content = NULL;
    const char *type = "interactive";

    switch (form_of(reply)) {
    case FORM_TEXT:
        type = "text";
        notes->degraded = reply->kind != SAH_REPLY_TEXT;
        content = plain_text(reply, notes);
        break;
    case FORM_BUTTONS:
        content = interactive("button", reply, buttons_action(reply, notes), notes);
        break;
    case FORM_LIST:
        notes->degraded = reply->kind != SAH_REPLY_LIST || reply->n_choices > SAH_ROWS_MAX;
        content = interactive("list", reply, list_action(reply, notes), notes);
        break;
    case FORM_ASK_PLACE:
        content = interactive("location_request_message", reply,
                              json_pack("{s:s}", "name", "send_location"), notes);
        break;
    case FORM_LINK:
        content = interactive("cta_url", reply, link_action(reply, notes), notes);
        break;
    }
    if (json_object_set_new(root, "type", json_string(type)) != 0) {
        json_decref(content);
        return SAH_ENOMEM;
    }
    return json_object_set_new(root, type, content) == 0 ? SAH_OK : SAH_EINVAL;
}

static bool all_of(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

/* "to:<digits>" or "recipient:<id>", as normalize.c wrote it. */
static int set_recipient(json_t *root, const char *token)
{
    static const struct {
        const char *prefix, *field, *allowed;
    } forms[] = {
        {"to:", "to", "0123456789"},
        {"recipient:", "recipient",
         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz."},
    };

    for (size_t i = 0; i < SAH_LEN(forms); i++) {
        size_t skip = strlen(forms[i].prefix);

        if (strncmp(token, forms[i].prefix, skip) == 0 &&
            all_of(token + skip, forms[i].allowed))
            return json_object_set_new(root, forms[i].field, json_string(token + skip)) == 0
                       ? SAH_OK
                       : SAH_ENOMEM;
    }
    return SAH_EINVAL;
}

static int set_envelope(json_t *root, const struct sah_reply *reply)
{
    int err = set_recipient(root, reply->reply_token);

    if (err != SAH_OK)
        return err;
    /* comes back in every status of this message: the one handle we have (whatsapp.md 4.1) */
    if (json_object_set_new(root, "biz_opaque_callback_data", json_string(reply->key)) != 0)
        return SAH_EINVAL;
    if (reply->quote[0] == '\0')
        return SAH_OK;
    return json_object_set_new(root, "context",
                               json_pack("{s:s}", "message_id", reply->quote)) == 0
               ? SAH_OK
               : SAH_EINVAL;
}

static int add_bytes(const char *bytes, size_t len, void *data)
{
    sah_buf_add(data, bytes, len);
    return 0;
}

int sah_render(const struct sah_reply *reply, struct sah_buf *buf,
               struct sah_render_notes *notes)
{
    json_t *root =
        json_pack("{s:s,s:s}", "messaging_product", "whatsapp", "recipient_type", "individual");
    int err = root == NULL ? SAH_ENOMEM : SAH_OK;

    *notes = (struct sah_render_notes){0};
    if (reply->body[0] == '\0' && reply->url[0] == '\0')
        err = SAH_EINVAL;
    if (err == SAH_OK)
        err = set_envelope(root, reply);
    if (err == SAH_OK)
        err = set_content(root, reply, notes);
    if (err == SAH_OK &&
        (json_dump_callback(root, add_bytes, buf, JSON_COMPACT) != 0 || buf->failed))
        err = SAH_ENOMEM;
    json_decref(root);
    return err;
}
