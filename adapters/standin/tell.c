/*
 * tell - answers, bodies, time and secrets for the parts of the stand-in. See tell.h.
 */
#include "tell.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ERROR_TEXT_SIZE 512
#define PATH_SIZE       1024

int64_t sah_tell_wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void sah_tell_json(struct sah_http_exchange *x, int status, json_t *json)
{
    SAH_AUTOFREE char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

    json_decref(json);
    if (text == NULL)
        sah_http_reply_text(x, 500, "out of memory\n");
    else
        sah_http_reply(x, status, "application/json", text, strlen(text));
}

void sah_tell_error(struct sah_http_exchange *x, int status, const char *error, const char *fmt,
                    ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    sah_tell_json(x, status, json_pack("{s:s,s:s}", "error", error, "text", text));
}

json_t *sah_tell_body(const struct sah_http_exchange *x)
{
    struct sah_slice body = sah_http_body(x);
    json_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

const char *sah_tell_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

int sah_tell_secret(const char *folder, const char *id, const char *tail, char **ret_secret,
                    size_t *ret_len)
{
    char path[PATH_SIZE];

    if (folder[0] == '\0')
        return SAH_ENOENT;
    if (sah_format(path, sizeof path, "%s/%s%s", folder, id, tail) != SAH_OK)
        return SAH_ELIMIT;
    return sah_read_secret(path, ret_secret, ret_len);
}

int sah_tell_mac(const char *secret, size_t secret_len, const struct sah_slice *parts,
                 size_t n_parts, uint8_t ret_mac[SAH_SHA256_BYTES])
{
    struct sah_hmac *hmac;
    int err = sah_hmac_create(secret, secret_len, &hmac);

    if (err != SAH_OK)
        return err;
    err = sah_hmac_sign(hmac, parts, n_parts, ret_mac);
    sah_hmac_destroy(hmac);
    return err;
}
