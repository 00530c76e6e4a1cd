/*
 * admission - the bulk lane takes no more bookings than it can bring to an end (P4 alone).
 *
 * Owns:    the lane's figures, asked of the store once a second, and whether it is shut.
 * Used by: intake, before a new request is written; the core's tick.
 * Never:   refuses P0-P3, an amendment, a cancel, a question, or a booking that was accepted before;
 *          shuts one company out because another is slow (I11).
 *
 * Two limits. The lane as a whole holds so many deliveries: its memory. And an agency's oldest booking
 * waits at most so long: past that a new one would expire before it gets its turn. Each opens
 * again below four fifths. The citizen is told when to try again: how long the excess takes at the
 * pace of the last minutes, and some by chance, so that not all come back at once.
 */
#include <string.h>

#include "core/internal.h"

#define LOOK_MS       1000
#define RETRY_MIN_MS  (5u * 60 * 1000)
#define RETRY_MAX_MS  (6u * 60 * 60 * 1000)
#define RETRY_IDLE_MS (60u * 60 * 1000) /* nothing gets done now: an hour */
#define PACE_SHARE    0.02              /* of the newest second in the pace: minutes */

static bool has_limit(const struct sah_core *core)
{
    const struct sah_admission *limits = &core->s.admission;

    return core->s.lane == SAH_LANE_BULK && (limits->queued_max > 0 || limits->oldest_max_ms > 0);
}

/* Past the limit it shuts, and opens again below four fifths of it. */
static bool is_shut(bool was_shut, uint64_t figure, uint64_t limit)
{
    return limit > 0 && figure >= (was_shut ? limit / 5 * 4 : limit);
}

static void note(struct sah_core *core, bool was_shut, bool now_shut, const char *what, uint64_t figure)
{
    if (was_shut != now_shut)
        sah_warn(core->s.log, "event=admission.%s what=%s figure=%llu", now_shut ? "shut" : "open", what,
                 (unsigned long long)figure);
}

static void on_stats(void *data, int err, const struct sah_store_stats *stats)
{
    struct sah_core *core = data;
    struct admission *a = &core->admission;
    const struct sah_admission *limits = &core->s.admission;
    uint64_t done = core->counters.machine_acks + core->counters.refusals;
    bool shut;

    a->looking = false;
    if (err != SAH_OK || stats->n_queues != core->n_slots)
        return; /* what was known still holds */
    a->queued = stats->leased + stats->delayed;
    for (unsigned i = 0; i < core->n_slots; i++) {
        const struct sah_queue_stat *q = &stats->queues[i];
        struct slot *slot = &core->slots[i];
        uint64_t oldest_ms = q->oldest_age_ms[SAH_N_CLASSES - 1];

        for (unsigned c = 0; c < SAH_N_CLASSES; c++)
            a->queued += q->ready[c];
        shut = is_shut(slot->shut, oldest_ms, limits->oldest_max_ms);
        note(core, slot->shut, shut, slot->endpoint->id, oldest_ms);
        slot->shut = shut;
    }
    a->since = 0;
    a->pace += PACE_SHARE * ((double)(done - a->done_before) - a->pace);
    a->done_before = done;
    shut = is_shut(a->shut, a->queued, limits->queued_max);
    note(core, a->shut, shut, "lane", a->queued);
    a->shut = shut;
}

void admission_look(struct sah_core *core)
{
    const char *endpoints[SAH_AGENCIES_MAX * SAH_ENDPOINTS_MAX];
    struct admission *a = &core->admission;

    if (!has_limit(core) || a->looking || core->now.mono_ms < a->next_ms)
        return;
    SAH_ASSERT(core->n_slots <= SAH_LEN(endpoints));
    a->looking = true;
    a->next_ms = core->now.mono_ms + LOOK_MS;
    for (unsigned i = 0; i < core->n_slots; i++)
        endpoints[i] = core->slots[i].endpoint->id;
    core->s.store->stats(core->s.store->data, endpoints, core->n_slots, on_stats, core);
}

bool admission_is_tight(const struct sah_core *core)
{
    const struct admission *a = &core->admission;
    bool tight = has_limit(core) && (a->shut || (core->s.admission.queued_max > 0 &&
                                                 a->queued + a->since >= core->s.admission.queued_max));

    for (unsigned i = 0; !tight && has_limit(core) && i < core->n_slots; i++)
        tight = core->slots[i].shut;
    return tight;
}

static uint32_t retry_after_ms(struct sah_core *core)
{
    const struct admission *a = &core->admission;
    uint64_t limit = core->s.admission.queued_max / 5 * 4;
    uint64_t excess = a->queued + a->since > limit ? a->queued + a->since - limit : 0;
    double wait_ms = a->pace > 0.001 ? (double)excess / a->pace * 1000 : RETRY_IDLE_MS;

    if (!a->shut && wait_ms < RETRY_IDLE_MS / 2.0) /* one company alone is behind: its pace is not known */
        wait_ms = RETRY_IDLE_MS / 2.0;
    if (wait_ms < RETRY_MIN_MS)
        wait_ms = RETRY_MIN_MS;
    if (wait_ms > RETRY_MAX_MS)
        wait_ms = RETRY_MAX_MS;
    return (uint32_t)wait_ms + core->s.chance->next(core->s.chance->data) % ((uint32_t)wait_ms / 4);
}

/* 0: come in. Else: not now, try again after so long. */
uint32_t admission_refuses(struct sah_core *core, enum sah_priority priority, const struct sah_route *route)
{
    struct admission *a = &core->admission;
    bool full;

    if (!has_limit(core) || priority != SAH_PRIORITY_P4)
        return 0;
    full = a->shut || (core->s.admission.queued_max > 0 && a->queued + a->since >= core->s.admission.queued_max);
    for (unsigned i = 0; !full && i < core->n_slots; i++)
        for (unsigned j = 0; j < route->n; j++)
            full = full || (core->slots[i].shut && core->slots[i].agency == route->agencies[j]);
    if (full)
        return retry_after_ms(core);
    a->since++;
    return 0;
}
