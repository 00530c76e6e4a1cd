/*
 * pace - how much is brought back into a store at once: less when it answers late, more while it answers
 * soon. Pure.
 *
 * Owns:    a window of what may be under way, and how long to rest between two.
 * Used by: router/away, while the store is in DRAIN.
 * Never:   stops for good: at the slowest one is brought each SAH_PACE_REST_MAX_MS.
 */
#ifndef SAHAYA_POLICY_PACE_H
#define SAHAYA_POLICY_PACE_H

#include <stdint.h>

#define SAH_PACE_SOON_MS 60
#define SAH_PACE_LATE_MS 150 /* before the store counts as slow (policy/health) */
#define SAH_PACE_REST_MAX_MS 1000

struct sah_pace {
    unsigned max, window; /* 1..max */
    unsigned n_soon;      /* answers in a row that came soon */
    uint32_t rest_ms;     /* more than 0: the window is 1 */
    uint64_t cut_ms;      /* not slower again before: what was asked before the cut is still coming */
};
/* Begins at a quarter of it. */
void sah_pace_init(struct sah_pace *pace, unsigned max);
/* A call was answered after so long, or not at all. */
void sah_pace_answered(struct sah_pace *pace, uint32_t took_ms, uint64_t now_ms);
void sah_pace_silent(struct sah_pace *pace, uint64_t now_ms);

#endif
