/*
 * pack - writes the few msgpack values that a change needs: arrays, whole numbers, texts,
 * false.
 *
 * Owns:    nothing; appends to the caller's buffer.
 * Used by: redis_store_commit.c; tests.
 * Never:   reads msgpack; that is done inside Redis.
 */
#ifndef SAHAYA_STORE_PACK_H
#define SAHAYA_STORE_PACK_H

#include <string.h>

#include <sahaya/str.h>

static inline void pack_number(struct sah_buf *buf, uint8_t code, uint64_t value,
                               unsigned bytes)
{
    uint8_t out[9] = {code};

    for (unsigned i = 0; i < bytes; i++)
        out[1 + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    sah_buf_add(buf, out, 1 + bytes);
}

static inline void pack_array(struct sah_buf *buf, unsigned n) /* n <= 65535 */
{
    if (n < 16)
        pack_number(buf, (uint8_t)(0x90 | n), 0, 0);
    else
        pack_number(buf, 0xdc, n, 2);
}

static inline void pack_int(struct sah_buf *buf, int64_t value)
{
    if (value >= 0 && value < 128)
        pack_number(buf, (uint8_t)value, 0, 0);
    else if (value >= 0 && value <= UINT32_MAX)
        pack_number(buf, 0xce, (uint64_t)value, 4);
    else
        pack_number(buf, 0xd3, (uint64_t)value, 8);
}

static inline void pack_bytes(struct sah_buf *buf, const void *bytes, size_t len) /* < 64 KiB */
{
    if (len < 32)
        pack_number(buf, (uint8_t)(0xa0 | len), 0, 0);
    else
        pack_number(buf, 0xda, len, 2);
    sah_buf_add(buf, bytes, len);
}

static inline void pack_text(struct sah_buf *buf, const char *text)
{
    pack_bytes(buf, text, strlen(text));
}

static inline void pack_false(struct sah_buf *buf)
{
    pack_number(buf, 0xc2, 0, 0);
}

#endif
