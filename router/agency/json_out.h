/*
 * json_out - writes one JSON document into a bounded buffer, member by member.
 *
 * Owns:    the commas and the escapes.
 * Used by: payload.c, callback.c.
 * Never:   writes past the buffer's bound, never writes a control character or a broken escape:
 *          what stands between two quotes came from a stranger.
 *
 * Members whose value is not known (empty text, zero number) are left out by the *_known calls.
 */
#ifndef SAHAYA_AGENCY_JSON_OUT_H
#define SAHAYA_AGENCY_JSON_OUT_H

#include <sahaya/request.h>

struct json_out {
    struct sah_buf *buf;
    bool lean;  /* control characters become U+FFFD: at most three bytes for one */
    bool comma; /* the next member or item needs one before it */
};

void json_open(struct json_out *j, const char *key,
               char bracket); /* key NULL: an item, or the root */
void json_close(struct json_out *j, char bracket);
void json_text(struct json_out *j, const char *key, struct sah_slice value);
void json_text_known(struct json_out *j, const char *key, const char *value);
void json_int(struct json_out *j, const char *key, int64_t value);
void json_int_known(struct json_out *j, const char *key, int64_t value);
void json_bool(struct json_out *j, const char *key, bool value);
void json_tri(struct json_out *j, const char *key, enum sah_tri value);
void json_e7(struct json_out *j, const char *key, int32_t value); /* degrees with 7 decimals */

#endif
