/*
 * json_out - writes one JSON document into a bounded buffer. See json_out.h.
 */
#include <inttypes.h>
#include <string.h>

#include "agency/json_out.h"

static void before(struct json_out *j, const char *key)
{
    if (j->comma)
        sah_buf_add(j->buf, ",", 1);
    if (key != NULL)
        sah_buf_addf(j->buf, "\"%s\":", key); /* keys are ours */
    j->comma = true;
}

void json_open(struct json_out *j, const char *key, char bracket)
{
    before(j, key);
    sah_buf_add(j->buf, &bracket, 1);
    j->comma = false;
}

void json_close(struct json_out *j, char bracket)
{
    sah_buf_add(j->buf, &bracket, 1);
    j->comma = true;
}

static void add_escaped(struct json_out *j, unsigned char c)
{
    if (c == '"' || c == '\\')
        sah_buf_addf(j->buf, "\\%c", c);
    else if (c == '\n')
        sah_buf_add_text(j->buf, "\\n");
    else if (c == '\r')
        sah_buf_add_text(j->buf, "\\r");
    else if (c == '\t')
        sah_buf_add_text(j->buf, "\\t");
    else if (j->lean)
        sah_buf_add_text(j->buf, "\xEF\xBF\xBD");
    else
        sah_buf_addf(j->buf, "\\u%04x", c);
}

void json_text(struct json_out *j, const char *key, struct sah_slice value)
{
    size_t plain = 0; /* where the run that needs no escape began */

    before(j, key);
    sah_buf_add(j->buf, "\"", 1);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        sah_buf_add(j->buf, value.ptr + plain, i - plain);
        add_escaped(j, c);
        plain = i + 1;
    }
    if (plain < value.len)
        sah_buf_add(j->buf, value.ptr + plain, value.len - plain);
    sah_buf_add(j->buf, "\"", 1);
}

void json_text_known(struct json_out *j, const char *key, const char *value)
{
    if (value[0] != '\0')
        json_text(j, key, sah_slice_of(value));
}

void json_int(struct json_out *j, const char *key, int64_t value)
{
    before(j, key);
    sah_buf_addf(j->buf, "%" PRId64, value);
}

void json_int_known(struct json_out *j, const char *key, int64_t value)
{
    if (value != 0)
        json_int(j, key, value);
}

void json_bool(struct json_out *j, const char *key, bool value)
{
    before(j, key);
    sah_buf_add_text(j->buf, value ? "true" : "false");
}

void json_tri(struct json_out *j, const char *key, enum sah_tri value)
{
    if (value == SAH_TRI_YES || value == SAH_TRI_NO)
        json_bool(j, key, value == SAH_TRI_YES);
}

void json_e7(struct json_out *j, const char *key, int32_t value)
{
    int64_t v =
        value < 0 ? -(int64_t)value : value; /* the smallest int32 has no positive twin */

    before(j, key);
    sah_buf_addf(j->buf, "%s%" PRId64 ".%07" PRId64, value < 0 ? "-" : "", v / 10000000,
                 v % 10000000);
}
