/*
 * journal_bytes - little-endian numbers in the bytes of a segment.
 */
#ifndef SAHAYA_IO_JOURNAL_BYTES_H
#define SAHAYA_IO_JOURNAL_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void put_le(uint8_t *dst, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t get_le(const uint8_t *src, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)src[i] << (8 * i);
    return value;
}

#endif
