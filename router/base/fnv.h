/*
 * fnv - the FNV-1a hash in 64 and 128 bits, with its published offset basis and prime.
 *
 * Used by: id.c, for delivery keys and sender partitions. Both are stored and sent to agencies,
 *          so these numbers never change.
 * Never:   a protection against someone who looks for collisions; it only spreads.
 */
#ifndef SAHAYA_BASE_FNV_H
#define SAHAYA_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 sah_u128;

#define SAH_FNV64_BASIS UINT64_C(0xcbf29ce484222325)
#define SAH_FNV64_PRIME UINT64_C(0x00000100000001b3)
#define SAH_FNV128_BASIS \
    ((sah_u128)UINT64_C(0x6c62272e07bb0142) << 64 | UINT64_C(0x62b821756295c58d))
#define SAH_FNV128_PRIME ((sah_u128)UINT64_C(0x0000000001000000) << 64 | UINT64_C(0x13b))

/* Goes on from `hash`, so that parts can be hashed one after the other. */
static inline uint64_t sah_fnv64(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * SAH_FNV64_PRIME;
    return hash;
}

static inline sah_u128 sah_fnv128(sah_u128 hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * SAH_FNV128_PRIME;
    return hash;
}

#endif
