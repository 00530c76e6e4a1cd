/*
 * reports - whole messages behind an envelope, in the same bytes (message Reports of envelope.proto).
 *
 * Used by: the router's core, which writes them, and its agency interface, which reads them.
 * Never:   unpacks one: whoever reads decodes them one after the other with sah_message_decode().
 */
#include <string.h>

#include <sahaya/message.h>

#define TAG        ((uint64_t)200 << 3 | 2)
#define TAG_OF     ((uint64_t)201 << 3 | 2)
#define VARINT_MAX 10

static size_t put_varint(uint8_t *dst, uint64_t value)
{
    size_t n = 0;

    for (; value >= 0x80; value >>= 7)
        dst[n++] = (uint8_t)(value | 0x80);
    dst[n++] = (uint8_t)value;
    return n;
}

int sah_message_add_report(struct sah_buf *buf, const char *request_id, struct sah_slice report)
{
    uint8_t head[4 * VARINT_MAX + SAH_REQUEST_ID_SIZE];
    size_t n = put_varint(head, TAG_OF), of = strnlen(request_id, SAH_REQUEST_ID_SIZE - 1);

    n += put_varint(head + n, of);
    memcpy(head + n, request_id, of);
    n += of;
    n += put_varint(head + n, TAG);
    n += put_varint(head + n, report.len);
    if (buf->len + n + report.len > SAH_MESSAGE_MAX_BYTES || buf->len + n + report.len > buf->max)
        return SAH_ELIMIT;
    sah_buf_add(buf, head, n);
    sah_buf_add(buf, report.ptr, report.len);
    return buf->failed ? SAH_ENOMEM : SAH_OK;
}

static bool take_varint(struct sah_slice bytes, size_t *at, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 7 * VARINT_MAX && *at < bytes.len; shift += 7) {
        uint8_t byte = (uint8_t)bytes.ptr[(*at)++];

        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* Past the content of one field that is no report. */
static bool skip(struct sah_slice bytes, size_t *at, unsigned type)
{
    uint64_t len = 0;

    switch (type) {
    case 0:
        return take_varint(bytes, at, &len);
    case 1:
        len = 8;
        break;
    case 2:
        if (!take_varint(bytes, at, &len))
            return false;
        break;
    case 5:
        len = 4;
        break;
    default:
        return false;
    }
    if (len > bytes.len - *at)
        return false;
    *at += len;
    return true;
}

bool sah_message_next_report(struct sah_slice bytes, size_t *at, struct sah_slice *ret_request_id,
                             struct sah_slice *ret_report)
{
    struct sah_slice of = {"", 0};
    uint64_t tag, len;

    while (*at < bytes.len && take_varint(bytes, at, &tag)) {
        if (tag != TAG && tag != TAG_OF) {
            if (!skip(bytes, at, (unsigned)(tag & 7)))
                break;
            continue;
        }
        if (!take_varint(bytes, at, &len) || len > bytes.len - *at)
            break;
        if (tag == TAG_OF)
            of = (struct sah_slice){bytes.ptr + *at, len};
        else
            *ret_report = (struct sah_slice){bytes.ptr + *at, len};
        *at += len;
        if (tag == TAG_OF)
            continue;
        *ret_request_id = of;
        return true;
    }
    *at = bytes.len;
    return false;
}
