/*
 * bodies - what each type of message means for us. See bodies.h; the wire is whatsapp.md 3.3.
 */
#include "bodies.h"

#include <math.h>
#include <string.h>

#include "field.h"

#define E7 1e7

static void take_text(struct sah_incoming *in, const json_t *text)
{
    in->text_len = (uint32_t)sah_field_text(in->text, sizeof in->text, text, &in->text_cut,
                                            &in->text_broken);
}

static int read_text(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    const json_t *text = json_object_get(body, "body");

    if (!json_is_string(text)) {
        *ret_why = "bad_text";
        return SAH_EINVAL;
    }
    take_text(in, text);
    in->kind = in->text_len > 0 ? SAH_INCOMING_TEXT : SAH_INCOMING_OTHER;
    return SAH_OK;
}

/* A corrected text may hold the right address or "not breathing": it counts as a new text, and
 * the request it belongs to learns of it as an amendment. Anything else edited says nothing. */
static int read_edit(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    const json_t *message = json_object_get(body, "message");
    const json_t *text = json_object_get(json_object_get(message, "text"), "body");

    SAH_UNUSED(ret_why);
    take_text(in, text);
    in->kind = in->text_len > 0 ? SAH_INCOMING_TEXT : SAH_INCOMING_SILENT;
    return SAH_OK;
}

static int read_media(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    struct sah_media *media = &in->media[0];
    char id[sizeof media->ref - sizeof "media:" + 1];

    if (sah_field_id(id, sizeof id, json_object_get(body, "id")) != SAH_OK) {
        *ret_why = "bad_media";
        return SAH_EINVAL;
    }
    (void)sah_format(media->ref, sizeof media->ref, "media:%s",
                     id); /* fits: id is that small */
    sah_field_text(media->mime, sizeof media->mime, json_object_get(body, "mime_type"), NULL,
                   NULL);
    sah_field_sha256(media->sha256, json_object_get(body, "sha256"));
    in->n_media = 1;
    in->kind = SAH_INCOMING_MEDIA;
    take_text(in, json_object_get(body, "caption"));
    return SAH_OK;
}

/* A sticker says nothing a dispatcher can use: the citizen is asked again. */
static int read_sticker(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    int err = read_media(body, in, ret_why);

    in->kind = SAH_INCOMING_OTHER;
    return err;
}

static int read_location(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    struct sah_place *place = &in->place;
    double lat, lon;

    if (sah_field_real(json_object_get(body, "latitude"), &lat) != SAH_OK ||
        sah_field_real(json_object_get(body, "longitude"), &lon) != SAH_OK) {
        *ret_why = "bad_location";
        return SAH_EINVAL;
    }
    in->kind = SAH_INCOMING_PLACE;
    place->kind = SAH_PLACE_CURRENT_INCIDENT;
    place->method = SAH_METHOD_GPS_PIN;
    place->observed_ms = in->sent_ms;
    sah_field_text(place->landmark, sizeof place->landmark, json_object_get(body, "name"), NULL,
                   NULL);
    sah_field_text(place->address, sizeof place->address, json_object_get(body, "address"),
                   NULL, NULL);
    if (fabs(lat) > 90 || fabs(lon) > 180)
        return SAH_OK; /* words only; the dialog asks for the place again */
    place->lat_e7 = (int32_t)lround(lat * E7);
    place->lon_e7 = (int32_t)lround(lon * E7);
    /* 0,0 lies in the sea off Ghana: a phone without a fix. Kept, but no point to drive to. */
    place->has_point = place->lat_e7 != 0 || place->lon_e7 != 0;
    return SAH_OK;
}

/* Ids of ours are of this form; anything else is a button of somebody else. */
static bool choice_is_ours(const json_t *id)
{
    const char *text = json_string_value(id);
    size_t len = json_string_length(id);

    return len > 0 && len < SAH_CHOICE_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._-") ==
               len;
}

/* A press on a strange button still carries the words on it: they are taken as said. */
static int take_choice(struct sah_incoming *in, const json_t *id, const json_t *title)
{
    if (choice_is_ours(id)) {
        in->kind = SAH_INCOMING_CHOICE;
        return sah_copy(in->choice, sizeof in->choice, json_string_value(id),
                        json_string_length(id));
    }
    take_text(in, title);
    in->kind = in->text_len > 0 ? SAH_INCOMING_TEXT : SAH_INCOMING_OTHER;
    return SAH_OK;
}

static int read_interactive(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    static const char *const picks[] = {"button_reply", "list_reply"};

    for (size_t i = 0; i < SAH_LEN(picks); i++) {
        const json_t *pick = json_object_get(body, picks[i]);
        const json_t *id = json_object_get(pick, "id");

        if (pick == NULL)
            continue;
        if (!json_is_string(id)) {
            *ret_why = "bad_choice";
            return SAH_EINVAL;
        }
        return take_choice(in, id, json_object_get(pick, "title"));
    }
    if (json_object_get(body, "call_permission_reply") != NULL)
        in->kind = SAH_INCOMING_SILENT;
    return SAH_OK; /* a form of another bot, or nothing at all beside an error: OTHER */
}

static int read_button(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    const json_t *payload = json_object_get(body, "payload");
    const json_t *text = json_object_get(body, "text");

    if (!json_is_string(payload) && !json_is_string(text)) {
        *ret_why = "bad_choice";
        return SAH_EINVAL;
    }
    return take_choice(in, payload, text);
}

/* The number in a card: wa_id has its country code; phone is as typed. */
static bool take_phone(const json_t *phone, char *dst, size_t size)
{
    const char *typed = json_string_value(json_object_get(phone, "phone"));
    size_t used = 0, digits = 0;
    char number[SAH_CALLBACK_SIZE - 1];

    if (sah_field_digits(number, sizeof number, json_object_get(phone, "wa_id")) == SAH_OK)
        return sah_format(dst, size, "+%s", number) == SAH_OK;
    for (; typed != NULL && *typed != '\0'; typed++) {
        bool plus = *typed == '+' && used == 0;

        if (strchr(" -().", *typed) != NULL)
            continue;
        if ((!plus && (*typed < '0' || *typed > '9')) || used + 1 >= sizeof number)
            return false;
        digits += !plus;
        number[used++] = *typed;
    }
    number[used] = '\0';
    return digits >= 7 && sah_format(dst, size, "%s", number) == SAH_OK;
}

/* Only a card that answers our own question is the sender's number; another may be anyone's. */
static int read_contacts(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    SAH_UNUSED(ret_why);
    for (size_t i = 0; i < json_array_size(body); i++) {
        const json_t *card = json_array_get(body, i);
        const char *origin = json_string_value(json_object_get(card, "origin"));
        const json_t *phones = json_object_get(card, "phones");

        if (origin == NULL || strcmp(origin, "contact_request") != 0)
            continue;
        for (size_t k = 0; k < json_array_size(phones); k++) {
            if (take_phone(json_array_get(phones, k), in->citizen.callback,
                           sizeof in->citizen.callback)) {
                in->kind = SAH_INCOMING_CONTACT;
                return SAH_OK;
            }
        }
    }
    return SAH_OK;
}

static int read_silent(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    SAH_UNUSED(body);
    SAH_UNUSED(ret_why);
    in->kind = SAH_INCOMING_SILENT;
    return SAH_OK;
}

static int read_other(const json_t *body, struct sah_incoming *in, const char **ret_why)
{
    SAH_UNUSED(body);
    SAH_UNUSED(ret_why);
    in->kind = SAH_INCOMING_OTHER;
    return SAH_OK;
}

#define ROW(name, fn)                 \
    {                                 \
#name, SAH_WA_TYPE_##name, fn \
    }
static const struct sah_body_kind kinds[] = {
    ROW(text, read_text),
    ROW(interactive, read_interactive),
    ROW(location, read_location),
    ROW(image, read_media),
    ROW(audio, read_media),
    ROW(voice, read_media),
    ROW(video, read_media),
    ROW(document, read_media),
    ROW(sticker, read_sticker),
    ROW(contacts, read_contacts),
    ROW(button, read_button),
    ROW(reaction, read_silent),
    ROW(system, read_silent),
    ROW(edit, read_edit),
    ROW(revoke,
        read_silent), /* never cancels anything: the request stands until its citizen says so */
    ROW(request_welcome, read_other), /* first contact: the menu */
    ROW(unsupported, read_other),
    ROW(unknown, read_other),
    ROW(order, read_other),
};

const struct sah_body_kind *sah_body_kind_of(const char *type)
{
    static const struct sah_body_kind other = {"other", SAH_WA_TYPE_other, read_other};

    for (size_t i = 0; i < SAH_LEN(kinds); i++) {
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    }
    return &other;
}
