/*
 * normalize - who wrote, when, to which number; the body itself is bodies.c. See normalize.h.
 */
#include "normalize.h"

#include <string.h>

#include <sahaya/digest.h>

#include "bodies.h"
#include "field.h"

#define PHONE_SIZE  (SAH_CALLBACK_SIZE - 1) /* digits and NUL; the plus goes before */
#define USER_SIZE   (SAH_SENDER_SIZE - sizeof "bsuid:" + 1)
#define FUTURE_MS   INT64_C(3600000)                 /* another clock may run ahead a little */
#define PAST_MS     (INT64_C(30) * 24 * 3600 * 1000) /* the platform tries for 7 days, not 30 */
#define REPLACEMENT "\xef\xbf\xbd"

const char *sah_wa_type_name(enum sah_wa_type type)
{
    static const char *const names[SAH_N_WA_TYPES] = {
#define X(name) [SAH_WA_TYPE_##name] = #name,
        SAH_WA_TYPES(X)
#undef X
    };

    return names[type];
}

static bool same(const json_t *a, const json_t *b)
{
    return json_is_string(a) && json_is_string(b) && json_equal(a, b);
}

/* By wa_id or user_id, never by index: the two lists need not run in parallel. */
static const json_t *find_contact(const struct sah_update *update)
{
    const json_t *from = json_object_get(update->piece, "from");
    const json_t *user = json_object_get(update->piece, "from_user_id");

    for (size_t i = 0; i < json_array_size(update->contacts); i++) {
        const json_t *contact = json_array_get(update->contacts, i);

        if (same(json_object_get(contact, "wa_id"), from) ||
            same(json_object_get(contact, "user_id"), user))
            return contact;
    }
    return NULL;
}

/* "IN." and letters or digits; a parent id is no address to send to and is not read. */
static int read_user(const json_t *value, char *dst, size_t size)
{
    if (sah_field_id(dst, size, value) != SAH_OK)
        return SAH_EINVAL;
    for (const char *c = dst; *c != '\0'; c++) {
        bool letter = (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');

        if (!letter && (*c < '0' || *c > '9') && *c != '.')
            return SAH_EINVAL;
    }
    return SAH_OK;
}

/* A sender may come with a number, with a business-scoped id, or with both; the number names
 * the conversation when there is one, so that a citizen stays the same one when the id appears.
 */
static int read_sender(const struct sah_update *update, struct sah_citizen *citizen,
                       struct sah_wa_notes *notes)
{
    const json_t *contact = find_contact(update);
    char phone[PHONE_SIZE], user[USER_SIZE];

    sah_field_text(citizen->name, sizeof citizen->name,
                   json_object_get(json_object_get(contact, "profile"), "name"), NULL, NULL);
    if (sah_field_digits(phone, sizeof phone, json_object_get(update->piece, "from")) ==
            SAH_OK ||
        sah_field_digits(phone, sizeof phone, json_object_get(contact, "wa_id")) == SAH_OK) {
        (void)sah_format(citizen->sender, sizeof citizen->sender, "wa:%s", phone);
        (void)sah_format(citizen->callback, sizeof citizen->callback, "+%s", phone);
        (void)sah_format(citizen->reply_token, sizeof citizen->reply_token, "to:%s", phone);
        return SAH_OK;
    }
    if (read_user(json_object_get(update->piece, "from_user_id"), user, sizeof user) != SAH_OK)
        return SAH_EINVAL;
    notes->no_phone = true;
    (void)sah_format(citizen->sender, sizeof citizen->sender, "bsuid:%s", user);
    (void)sah_format(citizen->reply_token, sizeof citizen->reply_token, "recipient:%s", user);
    return SAH_OK;
}

static int read_who(const struct sah_update *update, struct sah_incoming *in,
                    struct sah_wa_notes *notes, const char **ret_why)
{
    struct sah_citizen *citizen = &in->citizen;
    const json_t *context = json_object_get(update->piece, "context");

    if (sah_field_id(citizen->channel_message, sizeof citizen->channel_message,
                     json_object_get(update->piece, "id")) != SAH_OK) {
        *ret_why = "no_id";
        return SAH_EINVAL;
    }
    if (sah_field_digits(citizen->account, sizeof citizen->account, update->account) !=
        SAH_OK) {
        *ret_why = "no_account";
        return SAH_EINVAL;
    }
    if (read_sender(update, citizen, notes) != SAH_OK) {
        *ret_why = "no_sender";
        return SAH_EINVAL;
    }
    (void)sah_format(citizen->channel, sizeof citizen->channel, "%s", SAH_WA_CHANNEL);
    citizen->often_forwarded = json_is_true(json_object_get(context, "frequently_forwarded"));
    citizen->forwarded =
        citizen->often_forwarded || json_is_true(json_object_get(context, "forwarded"));
    return SAH_OK;
}

static void read_when(const struct sah_update *update, int64_t received_ms,
                      struct sah_incoming *in, struct sah_wa_notes *notes)
{
    int64_t sent_ms;

    in->received_ms = received_ms;
    if (sah_field_time_ms(json_object_get(update->piece, "timestamp"), &sent_ms) == SAH_OK &&
        sent_ms >= received_ms - PAST_MS && sent_ms <= received_ms + FUTURE_MS) {
        in->sent_ms = sent_ms;
        return;
    }
    in->sent_ms = received_ms;
    notes->time_absurd = true;
}

/* The name is for counting: nothing but a plain word may stand in it. */
static void read_type_name(const json_t *type, char *dst, size_t size)
{
    sah_field_text(dst, size, type, NULL, NULL);
    for (char *c = dst; *c != '\0'; c++) {
        if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9'))
            *c = '_';
    }
}

static int make_id(struct sah_incoming *in)
{
    const struct sah_slice parts[] = {
        sah_slice_of(in->citizen.channel),
        sah_slice_of(in->citizen.account),
        sah_slice_of(in->citizen.channel_message),
    };

    return sah_digest_id(parts, SAH_LEN(parts), &in->id);
}

int sah_normalize(const struct sah_update *update, int64_t received_ms, bool repaired,
                  struct sah_incoming *incoming, struct sah_wa_notes *notes,
                  const char **ret_why)
{
    const json_t *type = json_object_get(update->piece, "type");
    const struct sah_body_kind *kind;
    int err;

    memset(incoming, 0, sizeof *incoming);
    *notes = (struct sah_wa_notes){.type = SAH_WA_TYPE_other};
    if (!json_is_string(type) || json_string_length(type) == 0) {
        *ret_why = "no_type";
        return SAH_EINVAL;
    }
    kind = sah_body_kind_of(json_string_value(type));
    notes->type = kind->counted;
    err = read_who(update, incoming, notes, ret_why);
    if (err != SAH_OK)
        return err;
    read_when(update, received_ms, incoming, notes);
    read_type_name(type, incoming->type_name, sizeof incoming->type_name);
    incoming->kind = SAH_INCOMING_OTHER;
    err =
        kind->read(json_object_get(update->piece, json_string_value(type)), incoming, ret_why);
    if (err != SAH_OK)
        return err;
    if (repaired && strstr(incoming->text, REPLACEMENT) != NULL)
        incoming->text_broken = true;
    if (json_object_get(update->piece, "group_id") != NULL) {
        notes->group = true; /* an answer would go to people who did not ask */
        incoming->kind = SAH_INCOMING_SILENT;
    }
    return make_id(incoming);
}
