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

static void take(struct take *t);

static void on_events(void *data, int err, const struct sah_outbox_event *events, unsigned n)
{
    struct take *t = data;
    struct sah_core *core = t->core;
    bool again = t->again;
    unsigned sent = 0;

    t->under_way = t->again = false;
    if (err != SAH_OK)
        return;
    for (unsigned i = 0; i < n; i++)
        if (core->s.adapters->send_event(core->s.adapters->data, &events[i]) == SAH_OK)
            sent++;
    core->counters.events_sent += sent;
    /* An adapter that takes nothing now is asked again by the tick, not in a circle. */
    if (!core->stopping && (again || (n == TAKE_MAX && sent == n)))
        take(t);
}

/* Each channel by itself: two that are busy must not wake each other for ever. */
static void take(struct take *t)
{
    const struct sah_store *store = t->core->s.store;

    if (t->under_way) {
        t->again = true;
        return;
    }
    t->under_way = true;
    store->outbox_take(store->data, t->channel, TAKE_MAX, REDELIVER_MS, on_events, t);
}

void notify_pump(struct sah_core *core)
{
    char channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE];
    unsigned n = core->stopping ? 0 : core->s.adapters->channels(core->s.adapters->data, channels);

    for (unsigned i = 0; i < n && i < SAH_CHANNELS_MAX; i++) {
        struct take *t = &core->takes[i];

        if (!t->under_way) {
            t->core = core;
            memcpy(t->channel, channels[i], sizeof t->channel);
        }
        take(t);
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
