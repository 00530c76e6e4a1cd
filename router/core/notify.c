/*
 * notify - outbox events on their way to the adapters.
 *
 * Owns:    nothing: an event stays in the store until an adapter has it safe and says so (I8).
 * Used by: a kick after each commit with events, and the core's tick.
 * Never:   removes an event by itself. An adapter that comes back gets everything again.
 */
#include <string.h>

#include "core/internal.h"

#define TAKE_MAX 32
#define REDELIVER_MS 2000

static void on_events(void *data, int err, const struct sah_outbox_event *events, unsigned n)
{
    struct take *take = data;
    struct sah_core *core = take->core;

    core->taking[take->index] = false;
    if (err != SAH_OK)
        return;
    for (unsigned i = 0; i < n; i++)
        if (core->s.adapters->send_event(core->s.adapters->data, &events[i]) == SAH_OK)
            core->counters.events_sent++;
    if (core->outbox_again || n == TAKE_MAX) {
        core->outbox_again = false;
        notify_pump(core);
    }
}

void notify_pump(struct sah_core *core)
{
    char channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE];
    unsigned n = core->stopping ? 0 : core->s.adapters->channels(core->s.adapters->data, channels);

    for (unsigned i = 0; i < n && i < SAH_CHANNELS_MAX; i++) {
        if (core->taking[i]) {
            core->outbox_again = true;
            continue;
        }
        core->taking[i] = true;
        core->takes[i] = (struct take){.core = core, .index = i};
        core->s.store->outbox_take(core->s.store->data, channels[i], TAKE_MAX, REDELIVER_MS, on_events, &core->takes[i]);
    }
}

static void on_acked(void *data, int err)
{
    struct sah_core *core = data;

    if (err == SAH_OK)
        core->counters.events_acked++; /* else it is given again, and the adapter knows it */
}

void sah_core_outbox_ack(struct sah_core *core, const char *event_id)
{
    SAH_CHECK(core, CORE_MAGIC);
    core->s.store->outbox_ack(core->s.store->data, event_id, on_acked, core);
}
