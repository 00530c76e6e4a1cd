/*
 * wire - see wire.h. Only what our schema uses: varints and length-delimited fields.
 */
#include "wire.h"

#define TYPE_VARINT 0
#define TYPE_BYTES  2

static void put(struct sah_buf *buf, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

        sah_buf_add(buf, &byte, 1);
        value >>= 7;
    } while (value != 0);
}

static uint64_t take(struct sah_slice *from)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        SAH_ASSERT(from->len > 0);
        byte = (uint8_t)from->ptr[0];
        from->ptr++;
        from->len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return value;
}

void wire_varint(struct sah_buf *buf, unsigned field, uint64_t value)
{
    put(buf, (uint64_t)field << 3 | TYPE_VARINT);
    put(buf, value);
}

void wire_bytes(struct sah_buf *buf, unsigned field, const void *bytes, size_t len)
{
    put(buf, (uint64_t)field << 3 | TYPE_BYTES);
    put(buf, len);
    sah_buf_add(buf, bytes, len);
}

static void append_in(struct sah_slice part, const unsigned *path, size_t n_path,
                      struct sah_slice extra, struct sah_buf *out)
{
    struct sah_buf inner;

    sah_buf_init(&inner, 1 << 20);
    wire_append(part, path + 1, n_path - 1, extra, &inner);
    wire_bytes(out, path[0], inner.data == NULL ? "" : inner.data, inner.len);
    sah_buf_fini(&inner);
}

void wire_append(struct sah_slice message, const unsigned *path, size_t n_path,
                 struct sah_slice extra, struct sah_buf *out)
{
    bool done = n_path == 0;

    while (message.len > 0) {
        uint64_t tag = take(&message);
        uint64_t value = take(&message);

        if ((tag & 7) == TYPE_VARINT) {
            wire_varint(out, (unsigned)(tag >> 3), value);
            continue;
        }
        SAH_ASSERT((tag & 7) == TYPE_BYTES && value <= message.len);
        if (!done && tag >> 3 == path[0]) {
            append_in((struct sah_slice){message.ptr, value}, path, n_path, extra, out);
            done = true;
        } else {
            wire_bytes(out, (unsigned)(tag >> 3), message.ptr, value);
        }
        message.ptr += value;
        message.len -= value;
    }
    if (n_path == 0)
        sah_buf_add(out, extra.ptr, extra.len);
    else if (!done)
        append_in(SAH_SLICE(""), path, n_path, extra, out);
}
