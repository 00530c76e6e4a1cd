/*
 * tell - how every part of the stand-in answers and reads: JSON out, errors, the time, secrets.
 *
 * Owns:    nothing. Used by: all of them. Never: keeps a secret longer than the call.
 */
#ifndef SAH_STANDIN_TELL_H
#define SAH_STANDIN_TELL_H

#include <jansson.h>

#include <sahaya/digest.h>
#include <sahaya/http_server.h>

#define SAH_STANDIN_SECRET_MAX 4096

int64_t sah_tell_wall_us(void); /* Unix time in microseconds */

/* Takes `json`; NULL (no memory) is answered 500. */
void sah_tell_json(struct sah_http_exchange *x, int status, json_t *json);
/* {"error":"...","text":"..."} */
void sah_tell_error(struct sah_http_exchange *x, int status, const char *error, const char *fmt,
                    ...) SAH_PRINTF(4, 5);
/* The body as a JSON object the caller owns; NULL when it is none or names a key twice. */
json_t *sah_tell_body(const struct sah_http_exchange *x);
/* Text of object[key], or "" when it is absent or no text. */
const char *sah_tell_text(const json_t *object, const char *key);

/* "<folder>/<id><tail>", a secret, owned by the caller. SAH_ENOENT when there is no such file.
 */
SAH_MUST_USE int sah_tell_secret(const char *folder, const char *id, const char *tail,
                                 char **ret_secret, size_t *ret_len);
/* HMAC-SHA256 of the parts under the secret. */
SAH_MUST_USE int sah_tell_mac(const char *secret, size_t secret_len,
                              const struct sah_slice *parts, size_t n_parts,
                              uint8_t ret_mac[SAH_SHA256_BYTES]);

#endif
