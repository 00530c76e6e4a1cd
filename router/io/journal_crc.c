/*
 * journal_crc - CRC32C (Castagnoli), eight bytes a step.
 *
 * Owns:    its tables, made once.
 * Used by: journal_record.c, journal_key.c.
 * Never:   protects from intent; the tag of each record does that.
 */
#include <pthread.h>

#include "journal_bytes.h"
#include "journal_record.h"

#define POLYNOMIAL 0x82f63b78u /* reflected */

static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int step = 1; step < 8; step++) {
            uint32_t before = table[step - 1][i];

            table[step][i] = (before >> 8) ^ table[0][before & 0xff];
        }
    }
}

uint32_t journal_crc(uint32_t crc, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    pthread_once(&once, make_table);
    crc = ~crc;
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t word = get_le(at, 8) ^ crc;

        crc = 0;
        for (int i = 0; i < 8; i++)
            crc ^= table[7 - i][(word >> (8 * i)) & 0xff];
    }
    for (; len > 0; at++, len--)
        crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xff];
    return ~crc;
}
