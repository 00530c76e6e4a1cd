/*
 * pace - see pace.h.
 */
#include "policy/pace.h"

#define REST_FIRST_MS 50

void sah_pace_init(struct sah_pace *pace, unsigned max)
{
    *pace = (struct sah_pace){.max = max, .window = max >= 4 ? max / 4 : 1};
}

static void slower(struct sah_pace *pace, uint64_t until_ms)
{
    pace->n_soon = 0;
    pace->cut_ms = until_ms;
    if (pace->window > 1)
        pace->window /= 2;
    else if (pace->rest_ms == 0)
        pace->rest_ms = REST_FIRST_MS;
    else
        pace->rest_ms = pace->rest_ms * 2 < SAH_PACE_REST_MAX_MS ? pace->rest_ms * 2 : SAH_PACE_REST_MAX_MS;
}

void sah_pace_answered(struct sah_pace *pace, uint32_t took_ms, uint64_t now_ms)
{
    if (took_ms >= SAH_PACE_LATE_MS) {
        if (now_ms >= pace->cut_ms)
            slower(pace, now_ms + took_ms);
        return;
    }
    if (took_ms >= SAH_PACE_SOON_MS || ++pace->n_soon < 4 * pace->window)
        return;
    pace->n_soon = 0;
    if (pace->rest_ms > 0)
        pace->rest_ms = pace->rest_ms > REST_FIRST_MS ? pace->rest_ms / 2 : 0;
    else if (pace->window < pace->max)
        pace->window++;
}

void sah_pace_silent(struct sah_pace *pace, uint64_t now_ms)
{
    if (now_ms < pace->cut_ms)
        return;
    pace->window = 1;
    slower(pace, now_ms + SAH_PACE_REST_MAX_MS);
}
