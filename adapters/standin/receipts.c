/*
 * receipts - builds and signs status webhooks. See receipts.h.
 */
#include "receipts.h"

#include <stdlib.h>
#include <string.h>

#include "tell.h"

#define SIGNATURE_SIZE (7 + 2 * SAH_SHA256_BYTES + 1)

static json_t *status_of(const char *status, const char *wamid, const json_t *message)
{
    const char *to = sah_tell_text(message, "to");
    const char *opaque = sah_tell_text(message, "biz_opaque_callback_data");
    char seconds[24];
    json_t *row;

    (void)sah_format(seconds, sizeof seconds, "%lld",
                     (long long)(sah_tell_wall_us() / 1000000));
    row = json_pack("{s:s,s:s,s:s}", "id", wamid, "status", status, "timestamp", seconds);
    if (to[0] != '\0')
        (void)json_object_set_new(row, "recipient_id", json_string(to + (to[0] == '+')));
    else
        (void)json_object_set_new(row, "recipient_user_id",
                                  json_string(sah_tell_text(message, "recipient")));
    if (opaque[0] != '\0')
        (void)json_object_set_new(row, "biz_opaque_callback_data", json_string(opaque));
    return row;
}

static json_t *envelope_of(const char *account, json_t *status)
{
    return json_pack("{s:s,s:[{s:s,s:[{s:s,s:{s:s,s:{s:s,s:s},s:[o]}}]}]}", "object",
                     "whatsapp_business_account", "entry", "id", "100000000000001", "changes",
                     "field", "messages", "value", "messaging_product", "whatsapp", "metadata",
                     "display_phone_number", "918096958096", "phone_number_id", account,
                     "statuses", status);
}

static int sign(const char *secret_file, struct sah_slice body, char dst[SIGNATURE_SIZE])
{
    SAH_AUTOFREE char *secret = NULL;
    uint8_t mac[SAH_SHA256_BYTES];
    size_t len;
    int err = sah_read_secret(secret_file, &secret, &len);

    if (err != SAH_OK)
        return err;
    err = sah_tell_mac(secret, len, &body, 1, mac);
    explicit_bzero(secret, len);
    memcpy(dst, "sha256=", 7);
    sah_hex(dst + 7, mac, sizeof mac);
    return err;
}

static int post(struct sah_receipts *receipts, const char *account, json_t *status)
{
    json_t *envelope = envelope_of(account, status);
    SAH_AUTOFREE char *text = envelope == NULL ? NULL : json_dumps(envelope, JSON_ENSURE_ASCII);
    char signature[SIGNATURE_SIZE];
    int err = SAH_ENOMEM;

    json_decref(envelope);
    if (text != NULL)
        err = sign(receipts->app_secret_file, sah_slice_of(text), signature);
    if (err == SAH_OK)
        err = sah_poster_post(receipts->poster, receipts->webhook_url,
                              (struct sah_http_header){"X-Hub-Signature-256", signature},
                              sah_slice_of(text), NULL, NULL, NULL);
    return err;
}

void sah_receipts_post(struct sah_receipts *receipts, const char *account, const char *wamid,
                       const json_t *message)
{
    static const char *const all[] = {"sent", "delivered", "read"};

    if (receipts->webhook_url[0] == '\0')
        return;
    for (size_t i = 0; i < SAH_LEN(all); i++) {
        int err = post(receipts, account, status_of(all[i], wamid, message));

        if (err == SAH_OK) {
            receipts->posted++;
            continue;
        }
        receipts->lost++;
        sah_warn(receipts->log, "event=receipt.unsent err=\"%s\"", sah_strerror(err));
    }
}
