/*
 * world - made, turned and unmade: time, routers, the store's moods. See world.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/world_priv.h"

#define TURNS_MAX  20000 /* completions in one moment: more is a core that spins */
#define ROUNDS_MAX 20
#define GRAIN_MS   50

static const char *const channels[] = {RIG_CHANNEL};

/* ---- chance and trace */

uint32_t world_roll(struct world *w, uint32_t below)
{
    w->dice ^= w->dice << 13;
    w->dice ^= w->dice >> 7;
    w->dice ^= w->dice << 17;
    return (uint32_t)(w->dice >> 24) % below;
}

static uint32_t next_chance(void *data)
{
    return world_roll(data, UINT32_MAX);
}

void world_note(struct world *w, const char *request_id, const char *format, ...)
{
    va_list args;

    if (w->trace[0] != '\0' && strcmp(w->trace, request_id) != 0)
        return;
    printf("  step %u  %llu.%03llu s  %s  ", w->step, (unsigned long long)(w->now_ms / 1000),
           (unsigned long long)(w->now_ms % 1000), request_id[0] ? request_id : "-");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* ---- routers */

struct world_call *world_call_new(struct world_router *r, enum world_call_kind kind,
                                  void (*fn)(void), void *data)
{
    struct world_call *call = calloc(1, sizeof *call);

    SAH_ASSERT(call != NULL);
    call->router = r;
    call->kind = kind;
    call->fn = fn;
    call->data = data;
    call->next = r->calls;
    call->link = &r->calls;
    if (r->calls != NULL)
        r->calls->link = &call->next;
    r->calls = call;
    return call;
}

static void unlink_call(struct world_call *call)
{
    if (call->link == NULL)
        return;
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    call->link = NULL;
    call->next = NULL;
}

void world_call_free(struct world_call *call)
{
    unlink_call(call);
    free(call);
}

bool world_is_up(const struct world *w, unsigned router)
{
    return w->routers[router].core != NULL;
}

struct world_router *world_some_router(struct world *w)
{
    unsigned first = w->n_routers > 1 ? world_roll(w, w->n_routers) : 0;

    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[(first + i) % w->n_routers];

        if (r->core != NULL)
            return r;
    }
    return NULL;
}

static struct sah_now router_now(const struct world_router *r)
{
    return (struct sah_now){.mono_ms = r->w->now_ms,
                            .wall_ms = RIG_WALL_MS + (int64_t)r->w->now_ms + r->wall_offset_ms};
}

void world_start(struct world *w, unsigned router)
{
    struct world_router *r = &w->routers[router];
    struct sah_core_settings settings = w->rig->settings;

    if (r->core != NULL)
        return;
    settings.store = &r->store;
    settings.agencies = &r->agencies;
    settings.adapters = &r->adapters;
    settings.chance = &w->chance;
    r->generation++;
    if (w->away != NULL)
        away_start(r, &settings);
    SAH_ASSERT(sah_core_create(&settings, &r->core) == SAH_OK);
    r->front = sah_core_front(r->core);
    r->life = w->n_lives++ % SAH_MEMORY_OWNERS;
    r->next_tick_ms = r->up_since_ms = w->now_ms;
    r->stalled_until_ms = 0;
    NOTE(w, "", "router %u starts", router);
    if (w->away != NULL)
        away_attach(r);
}

/* What it waits for never comes: that frees what only the core holds. Its calls that the fake
 * still holds stay behind, dead, and are freed when the fake completes them. */
void world_crash(struct world *w, unsigned router)
{
    struct world_router *r = &w->routers[router];

    if (r->core == NULL)
        return;
    NOTE(w, "", "router %u dies", router);
    plant_crash(w, r);
    r->dying = true;
    sah_core_stop(r->core);
    if (w->away != NULL)
        away_stop(r);
    while (r->calls != NULL) {
        struct world_call *call = r->calls;

        unlink_call(call);
        world_call_fail(call);
        call->dead = true;
        if (!call->fakes)
            free(call);
    }
    sah_core_destroy(r->core);
    r->core = NULL;
    if (w->away != NULL)
        away_end(r);
    r->dying = false;
    w->healthy_since_ms = w->now_ms;
}

void world_stall(struct world *w, unsigned router, uint32_t ms)
{
    w->routers[router].stalled_until_ms = w->now_ms + ms;
    NOTE(w, "", "router %u hangs for %u ms", router, ms);
}

/* ---- the store */

void world_store(struct world *w, enum world_store how)
{
    bool came = how == WORLD_STORE_FINE && w->store_is != WORLD_STORE_FINE;

    NOTE(w, "", "the store is %s",
         (const char *[]){"fine", "down", "flaky", "slow"}[(unsigned)how]);
    w->store_is = how;
    w->healthy_since_ms = w->now_ms;
    for (unsigned i = 0; came && i < w->n_routers; i++)
        if (w->routers[i].core != NULL)
            sah_core_store_came(w->routers[i].core, router_now(&w->routers[i]));
}

void world_store_fault(struct world *w, enum sah_memory_fault fault)
{
    w->next_fault = fault;
}

int64_t world_store_now(const struct world *w)
{
    return sah_memory_store_now(w->fake);
}

static void set_store_clocks(struct world *w)
{
    sah_memory_store_set_clocks(w->fake, RIG_WALL_MS + (int64_t)w->now_ms + w->store_offset_ms,
                                w->now_ms);
}

void world_jump_store(struct world *w, int64_t ms)
{
    w->store_offset_ms += ms;
    set_store_clocks(w);
    NOTE(w, "", "the store's clock jumps by %lld s", (long long)(ms / 1000));
}

void world_jump_wall(struct world *w, unsigned router, int64_t ms)
{
    w->routers[router].wall_offset_ms += ms;
    NOTE(w, "", "router %u's clock jumps by %lld s", router, (long long)(ms / 1000));
}

/* ---- adapters */

void world_adapters(struct world *w, bool there, bool acks)
{
    bool came = there && !w->adapters_there;

    w->adapters_there = there;
    w->adapters_ack = acks;
    sah_fake_adapters_serve(w->rig->adapters, channels, there ? 1 : 0);
    NOTE(w, "", "the adapter is %s", !there ? "away" : acks ? "there" : "there, its acks lost");
    for (unsigned i = 0; came && i < w->n_routers; i++)
        if (w->routers[i].core != NULL)
            w->routers[i].front.adapter_came(w->routers[i].front.data, router_now(&w->routers[i]));
}

static unsigned ack_all(struct world *w)
{
    const struct sah_outbox_event *event;
    unsigned n = 0;

    while ((event = sah_fake_adapters_next(w->rig->adapters)) != NULL) {
        struct world_router *r = w->adapters_ack ? world_some_router(w) : NULL;

        if (r != NULL && w->away != NULL)
            r = away_ack_to(w, event->event_id, r);
        if (r != NULL) {
            check_kept_by_adapter(w, event);
            r->front.outbox_ack(r->front.data, event->event_id);
        }
        n++;
    }
    return n;
}

/* ---- time */

static void set_now(struct world *w, uint64_t now_ms)
{
    w->now_ms = w->rig->now_ms = now_ms;
    set_store_clocks(w);
}

static void wake(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[i];

        if (r->stalled_until_ms != 0 && w->now_ms >= r->stalled_until_ms) {
            r->stalled_until_ms = 0;
            world_give_held(r);
        }
    }
    if (w->away != NULL)
        away_wake(w);
}

static void turn(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[i];

        if (r->core != NULL && r->stalled_until_ms == 0 && w->now_ms >= r->next_tick_ms) {
            uint32_t wait_ms = sah_core_tick(r->core, router_now(r)), away_ms;

            SAH_ASSERT(wait_ms >= 1 && wait_ms <= 1000);
            if (r->away != NULL) {
                away_ms = sah_away_tick(r->away, router_now(r));
                wait_ms = away_ms < wait_ms ? away_ms : wait_ms;
            }
            r->next_tick_ms = w->now_ms + wait_ms;
        }
    }
}

void world_settle(struct world *w)
{
    unsigned n = 0, now;

    do {
        if (w->away != NULL)
            away_hold_back(w);
        now = w->store_is == WORLD_STORE_SLOW ? 0 : sah_memory_store_run(w->fake);
        now += sah_fake_agencies_run(w->rig->agencies, w->now_ms);
        now += ack_all(w);
        if (w->away != NULL)
            now += away_settle(w);
        n += now;
        SAH_ASSERT(n < TURNS_MAX);
    } while (now > 0 && !w->is_violated);
}

void world_some(struct world *w, unsigned n)
{
    if (w->store_is == WORLD_STORE_SLOW)
        return;
    if (w->away != NULL)
        away_hold_back(w);
    while (n-- > 0 && !w->is_violated && sah_memory_store_step(w->fake))
        ;
}

/* A router that has more to do than one turn takes gets the next one at once; so when time goes
 * by in big steps it is not the step that holds it up. */
static void turn_out(struct world *w)
{
    bool more = true;

    for (unsigned i = 0; i < ROUNDS_MAX && more; i++) {
        for (unsigned j = 0; j < w->n_routers; j++) {
            w->routers[j].next_tick_ms = w->now_ms;
            w->routers[j].ticked = false;
        }
        turn(w);
        world_settle(w);
        more = false;
        for (unsigned j = 0; j < w->n_routers; j++)
            more |= w->routers[j].ticked;
    }
}

/* The next moment at which something comes by itself: an agency's answer, the end of a hang. */
static uint64_t next_ms(const struct world *w, uint64_t end_ms)
{
    uint64_t next = end_ms;

    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct world_router *r = &w->routers[i];

        if (r->stalled_until_ms > w->now_ms && r->stalled_until_ms < next)
            next = r->stalled_until_ms;
        for (const struct world_call *call = r->calls; call != NULL; call = call->next)
            if (call->kind == CALL_SEND && call->due_ms > w->now_ms && call->due_ms < next)
                next = call->due_ms;
    }
    return w->away != NULL ? away_next_ms(w, next) : next;
}

void world_idle(struct world *w, uint64_t ms, uint32_t grain_ms)
{
    uint64_t begin_ms = w->now_ms, end_ms = begin_ms + ms;
    uint32_t grain_asked_ms = grain_ms;

    for (;;) {
        if (w->away != NULL)
            grain_ms = away_grain(w, begin_ms, grain_asked_ms);
        wake(w);
        turn(w);
        world_settle(w);
        if (grain_ms > GRAIN_MS)
            turn_out(w);
        check_quiet(w);
        if (w->now_ms >= end_ms || w->is_violated)
            break;
        set_now(w, next_ms(w, w->now_ms + grain_ms < end_ms ? w->now_ms + grain_ms : end_ms));
    }
}

void world_pass(struct world *w, uint64_t ms)
{
    world_idle(w, ms, GRAIN_MS);
}

uint64_t world_now(const struct world *w)
{
    return w->now_ms;
}

void world_set_step(struct world *w, unsigned step)
{
    w->step = step;
    check_step(w);
}

const struct world_violation *world_violated(const struct world *w)
{
    return w->is_violated ? &w->violation : NULL;
}

void world_violate(struct world *w, const char *invariant, const char *request_id,
                   const char *format, ...)
{
    struct world_violation *v = &w->violation;
    va_list args;

    if (w->is_violated)
        return;
    w->is_violated = true;
    v->invariant = invariant;
    v->step = w->step;
    v->at_ms = w->now_ms;
    (void)sah_format(v->request_id, sizeof v->request_id, "%s", request_id);
    va_start(args, format);
    (void)vsnprintf(v->what, sizeof v->what, format, args);
    va_end(args);
    NOTE(w, request_id, "VIOLATION of %s: %s", invariant, v->what);
}

/* ---- life */

struct world *world_new(const struct world_options *options)
{
    struct world *w = calloc(1, sizeof *w);

    SAH_ASSERT(w != NULL);
    w->rig = rig_new(&(struct rig_options){.lane = options->lane,
                                           .jobs_max = options->jobs_max,
                                           .incidents = options->incidents,
                                           .concurrency = options->concurrency});
    sah_ladder_defaults(&w->rig->policy->ladder);
    w->rig->settings.admission.queued_max = options->admits;
    w->fake = w->rig->store;
    w->fake_port = w->rig->settings.store;
    w->agencies_port = w->rig->settings.agencies;
    w->adapters_port = w->rig->settings.adapters;
    w->chance = (struct sah_chance){.data = w, .next = next_chance};
    w->dice = options->seed * UINT64_C(0x9e3779b97f4a7c15) + 0x5eed;
    w->trace = options->trace;
    w->incidents = options->incidents;
    w->plant = options->plant != NULL ? plant_index(options->plant) : -1;
    w->planted = w->plant >= 0 ? calloc(1, sizeof *w->planted) : NULL;
    w->away = options->away ? away_new() : NULL;
    w->adapters_there = w->adapters_ack = true;
    w->n_routers = options->routers > 0 ? options->routers : 1;
    SAH_ASSERT(w->n_routers <= WORLD_ROUTERS_MAX);
    set_now(w, w->rig->now_ms);
    for (unsigned i = 0; i < w->n_routers; i++) {
        w->routers[i].w = w;
        w->routers[i].index = i;
        world_ports_init(&w->routers[i]);
        world_start(w, i);
    }
    return w;
}

void world_free(struct world *w)
{
    w->plant = -1;
    for (unsigned i = 0; i < w->n_routers; i++)
        world_crash(w, i);
    rig_free(w->rig); /* completes, to nobody, what the fakes still hold */
    if (w->away != NULL)
        away_free(w);
    free(w->deliveries);
    free(w->active);
    free(w->heard);
    free(w->planted);
    free(w);
}

struct rig *world_rig(struct world *w)
{
    return w->rig;
}
