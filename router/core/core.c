/*
 * core - made, turned and unmade. See core.h for what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define STORE_TICK_BUSY_MS 50
#define STORE_TICK_IDLE_MS 200
#define SWEEP_MS 1000
#define OUTBOX_MS 250
#define TICK_LIMIT 100
#define CLOCK_ALARM_MS 1000

int sah_core_create(const struct sah_core_settings *settings, struct sah_core **ret_core)
{
    struct sah_core *core = calloc(1, sizeof *core);
    unsigned n = 0;

    if (core == NULL)
        goto fail;
    core->magic = CORE_MAGIC;
    core->s = *settings;
    sah_room_init(&core->room, settings->jobs_max / 5 * 4);
    for (unsigned i = 0; i < settings->roster->n_agencies; i++)
        n += settings->roster->agencies[i].n_endpoints;
    core->slots = calloc(n ? n : 1, sizeof *core->slots);
    if (core->slots == NULL)
        goto fail_free_core;
    for (unsigned i = 0; i < settings->roster->n_agencies; i++) {
        const struct sah_agency *agency = &settings->roster->agencies[i];

        for (unsigned j = 0; j < agency->n_endpoints; j++) {
            struct slot *slot = &core->slots[core->n_slots++];

            *slot = (struct slot){.agency = agency, .endpoint = &agency->endpoints[j], .core = core, .index = j};
            slot->slots = leasing_slots(slot->endpoint, settings->lane);
            sah_destination_init(&slot->destination, slot->slots);
            if (slot->slots != slot->endpoint->concurrency)
                sah_warn(settings->log, "event=roster.raised endpoint=%s concurrency=%u to=%u why=\"P0 and P1 need one that "
                         "nobody else takes\"", slot->endpoint->id, slot->endpoint->concurrency, slot->slots);
        }
    }
    if (settings->sameness != NULL && incidents_create(core, &core->incidents) != SAH_OK)
        goto fail_free_slots;
    *ret_core = core;
    return SAH_OK;

fail_free_slots:
    free(core->slots);
fail_free_core:
    free(core);
fail:
    return SAH_ENOMEM;
}

void sah_core_destroy(struct sah_core *core)
{
    if (core == NULL)
        return;
    SAH_CHECK(core, CORE_MAGIC);
    revise_drop_held(core);
    core->magic = 0;
    incidents_destroy(core->incidents);
    free(core->slots);
    free(core);
}

/* A clock that jumps is somebody's mistake, and the next one's trouble: said loudly (F17). What is due
 * goes by the store's own clock, which does not jump with it. */
static void look_at_clocks(struct sah_core *core, const struct sah_ticked *ticked)
{
    int64_t ahead_ms = core->now.wall_ms - (int64_t)core->now.mono_ms;
    int64_t by_ms = ahead_ms - core->wall_ahead_ms;

    if (core->clock_known && ticked->clock_jumps > core->clock_jumps) {
        core->counters.clock_jumps += ticked->clock_jumps - core->clock_jumps;
        sah_error(core->s.log, "event=clock.jumped of=store offset_ms=%lld do=\"look at time synchronisation on "
                  "the host of this lane's Redis\"", (long long)ticked->clock_offset_ms);
    }
    if (core->clock_known && (by_ms >= CLOCK_ALARM_MS || by_ms <= -CLOCK_ALARM_MS)) {
        core->counters.clock_jumps++;
        sah_error(core->s.log, "event=clock.jumped of=router by_ms=%lld do=\"look at time synchronisation on this "
                  "host\"", (long long)by_ms);
    }
    core->clock_known = true;
    core->clock_jumps = ticked->clock_jumps;
    core->wall_ahead_ms = ahead_ms;
}

static void on_ticked(void *data, int err, const struct sah_ticked *ticked)
{
    struct sah_core *core = data;

    core->ticking = false;
    if (err != SAH_OK)
        return;
    look_at_clocks(core, ticked);
    if (ticked->moved > 0)
        leasing_sweep(core);
    for (unsigned i = 0; i < ticked->n_timers; i++)
        escalate_due(core, &ticked->timers[i]);
    for (unsigned i = 0; i < ticked->n_works && core->s.sameness != NULL; i++)
        incident_work(core, &ticked->works[i]);
    if (ticked->more)
        core->next_store_tick_ms = 0;
    else if (ticked->waiting > 0 && core->next_store_tick_ms > core->now.mono_ms + STORE_TICK_BUSY_MS)
        core->next_store_tick_ms = core->now.mono_ms + STORE_TICK_BUSY_MS;
}

static void tick_store(struct sah_core *core)
{
    if (core->ticking)
        return;
    core->ticking = true;
    core->next_store_tick_ms = core->now.mono_ms + STORE_TICK_IDLE_MS;
    core->s.store->tick(core->s.store->data, TICK_LIMIT, on_ticked, core);
}

static uint32_t until(uint64_t due_ms, uint64_t now_ms)
{
    return due_ms <= now_ms ? 1 : (uint32_t)(due_ms - now_ms);
}

uint32_t sah_core_tick(struct sah_core *core, struct sah_now now)
{
    uint32_t wait_ms = SWEEP_MS;

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (now.mono_ms >= core->next_store_tick_ms)
        tick_store(core);
    if (core->stopping) {
        /* What an agency still says is written; and the store hears that we live until the last attempt is
         * settled, or another router would take our leases home and send them beside us (I5). */
        if (now.mono_ms >= core->next_sweep_ms) {
            core->next_sweep_ms = now.mono_ms + SWEEP_MS;
            revise_retry_held(core);
        }
        return STORE_TICK_BUSY_MS;
    }
    incidents_tick(core);
    if (now.mono_ms >= core->next_sweep_ms) {
        core->next_sweep_ms = now.mono_ms + SWEEP_MS;
        leasing_sweep(core);
        revise_retry_held(core);
    }
    unsent_look(core);
    admission_look(core);
    if (now.mono_ms >= core->next_outbox_ms) {
        core->next_outbox_ms = now.mono_ms + OUTBOX_MS;
        notify_pump(core);
    }
    if (until(core->next_store_tick_ms, now.mono_ms) < wait_ms)
        wait_ms = until(core->next_store_tick_ms, now.mono_ms);
    if (until(core->next_outbox_ms, now.mono_ms) < wait_ms)
        wait_ms = until(core->next_outbox_ms, now.mono_ms);
    if (wait_ms > STORE_TICK_BUSY_MS)
        wait_ms = STORE_TICK_BUSY_MS; /* a tick's answer may have moved the next one nearer */
    return wait_ms;
}

void sah_core_adapter_came(struct sah_core *core, struct sah_now now)
{
    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    notify_pump(core);
}

void sah_core_store_came(struct sah_core *core, struct sah_now now)
{
    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (!core->stopping)
        core->next_forgotten_ms = 0;
    if (!core->stopping)
        tick_store(core); /* first of all: it tells the store how much time has passed while it was away */
    revise_retry_held(core);
    leasing_sweep(core);
    incidents_store_came(core);
    notify_pump(core);
}

static void front_take(void *data, const struct sah_message *message, struct sah_slice bytes, struct sah_now now,
                       sah_core_result_fn *fn, void *fn_data)
{
    sah_core_take(data, message, bytes, now, fn, fn_data);
}

static void front_status(void *data, const struct sah_agency_status *status, struct sah_now now, sah_status_fn *fn,
                         void *fn_data)
{
    sah_core_status(data, status, now, fn, fn_data);
}

static void front_outbox_ack(void *data, const char *event_id)
{
    sah_core_outbox_ack(data, event_id);
}

static void front_adapter_came(void *data, struct sah_now now)
{
    sah_core_adapter_came(data, now);
}

static void front_link(void *data, const char *request_id, const char *main_id, const char *agency,
                       struct sah_now now, sah_link_fn *fn, void *fn_data)
{
    if (main_id[0] != '\0')
        sah_core_link(data, request_id, main_id, agency, now, fn, fn_data);
    else
        sah_core_unlink(data, request_id, agency, now, fn, fn_data);
}

struct sah_front sah_core_front(struct sah_core *core)
{
    return (struct sah_front){.data = core,
                              .take = front_take,
                              .status = front_status,
                              .outbox_ack = front_outbox_ack,
                              .adapter_came = front_adapter_came,
                              .link = front_link};
}

void sah_core_stop(struct sah_core *core)
{
    core->stopping = true;
}

unsigned sah_core_in_flight(const struct sah_core *core)
{
    unsigned leases = 0;

    for (unsigned i = 0; i < core->n_slots; i++)
        leases += core->slots[i].leasing; /* what comes back must be sent or given back */
    return core->jobs + core->attempts + leases;
}

const struct sah_core_counters *sah_core_counters(const struct sah_core *core)
{
    return &core->counters;
}

unsigned sah_core_jobs(const struct sah_core *core)
{
    return core->jobs;
}

unsigned sah_core_endpoints(const struct sah_core *core)
{
    return core->n_slots;
}

struct sah_endpoint_view sah_core_endpoint(const struct sah_core *core, unsigned i)
{
    SAH_ASSERT(i < core->n_slots);
    return (struct sah_endpoint_view){.agency = core->slots[i].agency,
                                      .endpoint = core->slots[i].endpoint,
                                      .in_flight = core->slots[i].in_flight,
                                      .failing = core->slots[i].destination.faults,
                                      .window = core->slots[i].destination.window,
                                      .breaker = core->slots[i].destination.breaker};
}
