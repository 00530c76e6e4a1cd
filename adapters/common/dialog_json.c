/*
 * dialog_json - the conversation and a reply as JSON text, for the adapter's Redis; a message as it
 * came in, for the adapter's journal.
 *
 * One table of fields a struct, read both ways. Unknown fields are ignored, missing or wrongly
 * typed ones are zero, texts that do not fit are cut at a character, counts are bounded: what
 * an older or a newer program wrote is read as far as this one knows it.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "dialog_internal.h"

#define JSON_MAX_BYTES (256 * 1024)

enum field_kind {
    FIELD_TEXT,
    FIELD_BOOL,
    FIELD_INT,
    FIELD_I32,
    FIELD_U32,
    FIELD_U8,
    FIELD_I64,
    FIELD_ID
};
struct field {
    const char *name;
    enum field_kind kind;
    size_t offset, size;
};

/* Enums are stored as their number: adding to their end changes nothing that is stored. */
#define ROW(type, KIND, name)                                                \
    {                                                                        \
#name, FIELD_##KIND, offsetof(type, name), sizeof(((type *)0)->name) \
    }

#define OPEN(KIND, name)   ROW(struct sah_open_request, KIND, name)
#define LPG(KIND, name)    ROW(struct sah_lpg, KIND, name)
#define CONV(KIND, name)   ROW(struct sah_conversation, KIND, name)
#define REPLY(KIND, name)  ROW(struct sah_reply, KIND, name)
#define CHOICE(KIND, name) ROW(struct sah_choice, KIND, name)

#define INCOMING(KIND, name) ROW(struct sah_incoming, KIND, name)
#define CITIZEN(KIND, name)  ROW(struct sah_citizen, KIND, name)
#define PLACE(KIND, name)    ROW(struct sah_place, KIND, name)
#define MEDIA(KIND, name)    ROW(struct sah_media, KIND, name)

static const struct field open_fields[] = {
    OPEN(TEXT, request_id), OPEN(ID, message_id),      OPEN(INT, urgency),
    OPEN(TEXT, service),    OPEN(TEXT, incident_type), OPEN(INT, state),
    OPEN(BOOL, paused),     OPEN(BOOL, cancel_asked), OPEN(BOOL, cancel_wanted),  OPEN(BOOL, has_place),
    OPEN(U32, sequence),    OPEN(I64, opened_ms),      OPEN(I64, closed_ms),
    OPEN(U32, cues),        OPEN(U32, working),        OPEN(U32, taken),
};
static const struct field lpg_fields[] = {
    LPG(TEXT, op),          LPG(TEXT, company),         LPG(TEXT, consumer_no),
    LPG(TEXT, lpg_id),      LPG(TEXT, distributor),     LPG(U32, cylinder_kg_x10),
    LPG(TEXT, area_class),  LPG(I64, last_delivery_ms), LPG(I64, earliest_allowed_ms),
    LPG(TEXT, booking_ref), LPG(INT, refusal),
};
static const struct field conversation_fields[] = {
    CONV(I64, revision),   CONV(TEXT, language),   CONV(BOOL, language_chosen),
    CONV(BOOL, silent),    CONV(TEXT, asking),     CONV(U8, asked),
    CONV(BOOL, drafting),  CONV(TEXT, draft_text), CONV(INT, comm_pref),
    CONV(I64, last_in_ms),
};
static const struct field reply_fields[] = {
    REPLY(TEXT, key),     REPLY(INT, kind),        REPLY(BOOL, emergency),
    REPLY(TEXT, account), REPLY(TEXT, sender),     REPLY(TEXT, reply_token),
    REPLY(TEXT, quote),   REPLY(TEXT, supersedes), REPLY(I64, created_ms),
    REPLY(TEXT, body),    REPLY(TEXT, button),     REPLY(TEXT, url),
};
static const struct field choice_fields[] = {
    CHOICE(TEXT, id),
    CHOICE(TEXT, title),
    CHOICE(TEXT, description),
};
static const struct field incoming_fields[] = {
    INCOMING(ID, id),          INCOMING(I64, sent_ms),      INCOMING(I64, received_ms),
    INCOMING(INT, kind),       INCOMING(TEXT, type_name),   INCOMING(BOOL, text_broken),
    INCOMING(BOOL, text_cut),  INCOMING(TEXT, choice),
};
static const struct field citizen_fields[] = {
    CITIZEN(TEXT, channel),   CITIZEN(TEXT, account),     CITIZEN(TEXT, channel_message),
    CITIZEN(TEXT, sender),    CITIZEN(TEXT, callback),    CITIZEN(TEXT, name),
    CITIZEN(TEXT, reply_token), CITIZEN(TEXT, language),  CITIZEN(INT, role),
    CITIZEN(INT, comm_pref),  CITIZEN(U32, vulnerable),   CITIZEN(BOOL, forwarded),
    CITIZEN(BOOL, often_forwarded),
};
static const struct field place_fields[] = {
    PLACE(INT, kind),      PLACE(INT, method),    PLACE(BOOL, has_point), PLACE(I32, lat_e7),
    PLACE(I32, lon_e7),    PLACE(U32, radius_m),  PLACE(I64, observed_ms), PLACE(TEXT, address),
    PLACE(TEXT, landmark), PLACE(TEXT, floor),    PLACE(TEXT, village),   PLACE(TEXT, mandal),
    PLACE(TEXT, district), PLACE(TEXT, pincode),  PLACE(U8, confidence),  PLACE(INT, in_state),
};
static const struct field media_fields[] = {
    MEDIA(TEXT, ref), MEDIA(TEXT, mime), MEDIA(TEXT, sha256), MEDIA(I64, bytes),
    MEDIA(U32, duration_ms),
};

static json_t *field_out(const struct field *f, const void *at)
{
    char hex[SAH_ID_HEX_SIZE];
    int64_t i64;
    int32_t i32;
    uint32_t u32;
    int i;

    switch (f->kind) {
    case FIELD_TEXT:
        return json_string(at); /* NULL when it is not UTF-8: the field is left out */
    case FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case FIELD_INT:
        memcpy(&i, at, sizeof i);
        return json_integer(i);
    case FIELD_I32:
        memcpy(&i32, at, sizeof i32);
        return json_integer(i32);
    case FIELD_U32:
        memcpy(&u32, at, sizeof u32);
        return json_integer(u32);
    case FIELD_U8:
        return json_integer(*(const uint8_t *)at);
    case FIELD_I64:
        memcpy(&i64, at, sizeof i64);
        return json_integer(i64);
    case FIELD_ID:
        sah_id_hex(at, hex);
        return json_string(hex);
    }
    return NULL;
}

static void field_in(const struct field *f, const json_t *value, void *at)
{
    int64_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    uint32_t u32 = number < 0 || number > UINT32_MAX ? 0 : (uint32_t)number;
    int i = number < 0 || number > 1000 ? 0 : (int)number;
    int32_t i32 = number < INT32_MIN || number > INT32_MAX ? 0 : (int32_t)number;
    struct sah_id id;

    switch (f->kind) {
    case FIELD_TEXT:
        if (json_is_string(value))
            (void)sah_copy_cut(at, f->size, json_string_value(value),
                               json_string_length(value));
        return;
    case FIELD_BOOL:
        *(bool *)at = json_is_true(value);
        return;
    case FIELD_INT:
        memcpy(at, &i, sizeof i);
        return;
    case FIELD_I32:
        memcpy(at, &i32, sizeof i32);
        return;
    case FIELD_U32:
        memcpy(at, &u32, sizeof u32);
        return;
    case FIELD_U8:
        *(uint8_t *)at = (uint8_t)(number < 0 || number > 255 ? 255 : number);
        return;
    case FIELD_I64:
        memcpy(at, &number, sizeof number);
        return;
    case FIELD_ID:
        if (json_is_string(value) &&
            sah_id_from_hex(
                (struct sah_slice){json_string_value(value), json_string_length(value)}, &id) ==
                SAH_OK)
            memcpy(at, &id, sizeof id);
        return;
    }
}

/* Fields that are zero or empty are left out: missing reads as zero. */
static bool is_zero(const void *at, const struct field *f)
{
    const unsigned char *bytes = at;

    if (f->kind == FIELD_TEXT)
        return bytes[0] == 0;
    for (size_t i = 0; i < f->size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static json_t *object_out(const struct field *fields, size_t n, const void *base)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n && object != NULL; i++) {
        const void *at = (const char *)base + fields[i].offset;

        if (!is_zero(at, &fields[i]))
            (void)json_object_set_new(object, fields[i].name, field_out(&fields[i], at));
    }
    return object;
}

static void object_in(const struct field *fields, size_t n, const json_t *object, void *base)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(object, fields[i].name);

        if (value != NULL)
            field_in(&fields[i], value, (char *)base + fields[i].offset);
    }
}

static int list_out(json_t *object, const char *name, const struct field *fields,
                    size_t n_fields, const void *items, size_t size, unsigned n)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < n; i++)
        (void)json_array_append_new(
            list, object_out(fields, n_fields, (const char *)items + i * size));
    return json_object_set_new(object, name, list) == 0 ? SAH_OK : SAH_ENOMEM;
}

static unsigned list_in(const json_t *object, const char *name, const struct field *fields,
                        size_t n_fields, void *items, size_t size, unsigned max)
{
    const json_t *list = json_object_get(object, name);
    unsigned n = 0;

    for (size_t i = 0; i < json_array_size(list) && n < max; i++)
        if (json_is_object(json_array_get(list, i)))
            object_in(fields, n_fields, json_array_get(list, i), (char *)items + n++ * size);
    return n;
}

static int dump(json_t *object, int err, struct sah_buf *buf)
{
    char *text = err == SAH_OK && object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (text == NULL)
        return err != SAH_OK ? err : SAH_ENOMEM;
    sah_buf_add_text(buf, text);
    free(text);
    return buf->failed ? SAH_ELIMIT : SAH_OK;
}

static int parse(const char *json, size_t len, json_t **ret_object)
{
    json_error_t why;
    json_t *object;

    if (len > JSON_MAX_BYTES)
        return SAH_ELIMIT;
    object = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!json_is_object(object)) {
        json_decref(object);
        return SAH_EINVAL;
    }
    *ret_object = object;
    return SAH_OK;
}

int sah_conversation_encode(const struct sah_conversation *c, struct sah_buf *buf)
{
    json_t *object = object_out(conversation_fields, SAH_LEN(conversation_fields), c);
    int err = SAH_ENOMEM;

    if (object != NULL)
        err = list_out(object, "open", open_fields, SAH_LEN(open_fields), c->open,
                       sizeof c->open[0], c->n_open <= SAH_OPEN_MAX ? c->n_open : SAH_OPEN_MAX);
    if (err == SAH_OK && c->drafting)
        (void)json_object_set_new(object, "draft",
                                  object_out(lpg_fields, SAH_LEN(lpg_fields), &c->draft));
    return dump(object, err, buf);
}

int sah_conversation_decode(const char *json, size_t len,
                            struct sah_conversation *ret_conversation)
{
    struct sah_conversation c;
    json_t *object;
    int err = parse(json, len, &object);

    if (err != SAH_OK)
        return err;
    memset(&c, 0, sizeof c);
    object_in(conversation_fields, SAH_LEN(conversation_fields), object, &c);
    object_in(lpg_fields, SAH_LEN(lpg_fields), json_object_get(object, "draft"), &c.draft);
    c.n_open = list_in(object, "open", open_fields, SAH_LEN(open_fields), c.open,
                       sizeof c.open[0], SAH_OPEN_MAX);
    for (unsigned i = 0; i < c.n_open;
         i++) { /* a state or urgency of tomorrow counts as urgent */
        if (c.open[i].state >= SAH_N_STATES)
            c.open[i].state = SAH_STATE_UNSPECIFIED;
        if (c.open[i].urgency > SAH_URGENCY_BULK)
            c.open[i].urgency = SAH_URGENCY_UNSPECIFIED;
    }
    json_decref(object);
    *ret_conversation = c;
    return SAH_OK;
}

int sah_reply_encode(const struct sah_reply *reply, struct sah_buf *buf)
{
    json_t *object = object_out(reply_fields, SAH_LEN(reply_fields), reply);
    int err = SAH_OK;

    if (object != NULL && reply->n_choices > 0)
        err = list_out(object, "choices", choice_fields, SAH_LEN(choice_fields), reply->choices,
                       sizeof reply->choices[0],
                       reply->n_choices <= SAH_ROWS_MAX ? reply->n_choices : SAH_ROWS_MAX);
    return dump(object, err, buf);
}

int sah_reply_decode(const char *json, size_t len, struct sah_reply *ret_reply)
{
    json_t *object;
    int err = parse(json, len, &object);

    if (err != SAH_OK)
        return err;
    memset(ret_reply, 0, sizeof *ret_reply);
    object_in(reply_fields, SAH_LEN(reply_fields), object, ret_reply);
    if (ret_reply->kind > SAH_REPLY_LINK)
        ret_reply->kind = SAH_REPLY_TEXT; /* its body says enough */
    ret_reply->n_choices =
        list_in(object, "choices", choice_fields, SAH_LEN(choice_fields), ret_reply->choices,
                sizeof ret_reply->choices[0], SAH_ROWS_MAX);
    json_decref(object);
    return SAH_OK;
}

int sah_incoming_encode(const struct sah_incoming *in, struct sah_buf *buf)
{
    json_t *object = object_out(incoming_fields, SAH_LEN(incoming_fields), in);
    int err = SAH_ENOMEM;

    if (object != NULL)
        err = list_out(object, "media", media_fields, SAH_LEN(media_fields), in->media,
                       sizeof in->media[0],
                       in->n_media <= SAH_MEDIA_MAX ? in->n_media : SAH_MEDIA_MAX);
    if (err == SAH_OK) {
        (void)json_object_set_new(
            object, "citizen", object_out(citizen_fields, SAH_LEN(citizen_fields), &in->citizen));
        (void)json_object_set_new(object, "place",
                                  object_out(place_fields, SAH_LEN(place_fields), &in->place));
        if (json_object_set_new(object, "text", json_stringn(in->text, in->text_len)) != 0)
            err = SAH_EINVAL; /* not UTF-8: words are never left out */
    }
    return dump(object, err, buf);
}

int sah_incoming_decode(const char *json, size_t len, struct sah_incoming *ret_incoming)
{
    struct sah_incoming *in = ret_incoming;
    const json_t *text;
    json_t *object;
    int err = parse(json, len, &object);

    if (err != SAH_OK)
        return err;
    memset(in, 0, sizeof *in);
    object_in(incoming_fields, SAH_LEN(incoming_fields), object, in);
    object_in(citizen_fields, SAH_LEN(citizen_fields), json_object_get(object, "citizen"),
              &in->citizen);
    object_in(place_fields, SAH_LEN(place_fields), json_object_get(object, "place"), &in->place);
    in->n_media = list_in(object, "media", media_fields, SAH_LEN(media_fields), in->media,
                          sizeof in->media[0], SAH_MEDIA_MAX);
    if (in->kind > SAH_INCOMING_SILENT)
        in->kind = SAH_INCOMING_OTHER;
    text = json_object_get(object, "text");
    if (json_is_string(text) && json_string_length(text) <= SAH_TEXT_MAX) {
        in->text_len = (uint32_t)json_string_length(text);
        memcpy(in->text, json_string_value(text), in->text_len);
    }
    json_decref(object);
    return sah_id_is_zero(&in->id) || in->citizen.sender[0] == '\0' ? SAH_EINVAL : SAH_OK;
}
