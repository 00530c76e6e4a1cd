/*
 * world_watch - the invariants that must hold between steps: cheap after each, more when
 * nothing is under way that could go on now.
 *
 * Used by: world.c. Never: changes anything in the world but its own notes.
 *
 * I4 what is not over is ready, waits behind something, or has a time at which it goes on. I5 a
 * 2xx that a router was given is written. I7, I11 what is ready is leased, whatever else goes
 * wrong at other agencies. I10 order holds a P0 or P1 back for 2 s and no longer.
 */
#include <string.h>

#include "lib/world_priv.h"

#define LEASE_MAX_MS (61 * 1000)
#define DELAY_MAX_MS (72 * 60 * 1000) /* an hour and its jitter */
#define ORDER_MS     2000
#define LOOK_MS      1500 /* a sweep a second, and some */
#define P2_ALARM_MS  (30 * 60 * 1000)

/* For so long a delivery may be ready for an endpoint at which nothing is in flight: P0 and P1
 * until somebody looks; the rest also while the endpoint is not trusted, or asked for time. */
static const uint64_t idle_max_ms[SAH_N_CLASSES] = {LOOK_MS, LOOK_MS, P2_ALARM_MS, DELAY_MAX_MS,
                                                    DELAY_MAX_MS};

static bool waits_behind(const struct world *w, const struct world_delivery *d)
{
    for (size_t i = 0; i < w->n_active; i++) {
        const struct world_delivery *o = &w->deliveries[w->active[i]];

        if (o != d && o->request == d->request && o->kept->sequence <= d->kept->sequence &&
            !world_is_over(o->kept) && strcmp(o->kept->agency, d->kept->agency) == 0)
            return true;
    }
    return false;
}

static void watch(struct world *w, struct world_delivery *d)
{
    const struct sah_memory_delivery *kept = d->kept;
    int64_t ahead_ms = kept->due_ms - world_store_now(w);
    bool ready = kept->state == SAH_MEMORY_READY, waiting = kept->state == SAH_MEMORY_WAITING;

    if (ready && (!d->ready || d->class != world_class_of(w, d))) /* a new class is a new promise */
        d->ready_since_ms = w->now_ms;
    d->class = world_class_of(w, d);
    if (waiting && !d->waiting)
        d->waiting_since_ms = w->now_ms;
    d->ready = ready;
    d->waiting = waiting;
    if (kept->state == SAH_MEMORY_LEASED && ahead_ms > LEASE_MAX_MS)
        world_violate(w, "I4", kept->request_id, "a lease that does not end");
    if (kept->state == SAH_MEMORY_DELAYED && ahead_ms > DELAY_MAX_MS)
        world_violate(w, "I4", kept->request_id, "delayed for ever");
    if (waiting && !waits_behind(w, d))
        world_violate(w, "I4", kept->request_id, "message %u waits for nothing",
                      kept->sequence);
}

void check_step(struct world *w)
{
    for (size_t i = 0; i < w->n_active; i++) {
        struct world_delivery *d = &w->deliveries[w->active[i]];

        if (d->kept->state != SAH_MEMORY_DONE && d->kept->state != SAH_MEMORY_DEAD) {
            watch(w, d);
            continue;
        }
        if (!d->over_seen)
            world_violate(w, "I4", d->kept->request_id, "over at %s, and no change said so",
                          d->kept->agency);
        d->ready = d->waiting = false;
        w->active[i--] = w->active[--w->n_active];
    }
}

static bool is_calm(struct world *w)
{
    bool up = false;

    if (w->away != NULL && !away_is_calm(w))
        return false;
    if (w->store_is != WORLD_STORE_FINE || w->now_ms < w->healthy_since_ms + WORLD_HEALTHY_MS)
        return false;
    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct world_router *r = &w->routers[i];

        if (r->core == NULL)
            continue;
        for (const struct world_call *c = r->calls; c != NULL; c = c->next)
            if (c->kind != CALL_SEND)
                return false;
        up |= r->stalled_until_ms == 0 && w->now_ms >= r->up_since_ms + WORLD_HEALTHY_MS;
    }
    return up;
}

static bool is_idle(const struct world *w, const char *endpoint)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct sah_core *core = w->routers[i].core;

        for (unsigned j = 0; core != NULL && j < sah_core_endpoints(core); j++) {
            struct sah_endpoint_view view = sah_core_endpoint(core, j);

            if (view.in_flight > 0 && strcmp(view.endpoint->id, endpoint) == 0)
                return false;
        }
    }
    return true;
}

/* (I7, I11) Ready, and nobody takes it though its endpoint has nothing else to do. */
static bool is_passed_over(const struct world *w, const struct world_delivery *d)
{
    unsigned class = world_class_of(w, d);
    uint64_t since_ms = d->ready_since_ms;

    if (class > 1 && w->healed_ms == 0)
        return false; /* its endpoint may be busy or broken, and asked now and then */
    if (class > 1 && since_ms < w->healed_ms)
        since_ms = w->healed_ms;
    return w->now_ms > since_ms + idle_max_ms[class] && is_idle(w, d->kept->endpoint);
}

/* (I10) The first of those before it has been under way for 2 s, and it still waits. */
static bool is_held_back(const struct world *w, const struct world_delivery *d)
{
    const struct world_delivery *head = NULL;
    uint64_t since_ms;

    if (world_class_of(w, d) > 1)
        return false;
    for (size_t i = 0; i < w->n_active; i++) {
        const struct world_delivery *o = &w->deliveries[w->active[i]];

        if (o != d && o->request == d->request && o->kept->sequence < d->kept->sequence &&
            !o->had_it && strcmp(o->kept->agency, d->kept->agency) == 0 &&
            (head == NULL || o->kept->sequence < head->kept->sequence))
            head = o;
    }
    if (head == NULL || head->first_store_ms < 0)
        return false;
    since_ms =
        head->first_mono_ms > d->waiting_since_ms ? head->first_mono_ms : d->waiting_since_ms;
    return w->now_ms > since_ms + ORDER_MS + LOOK_MS;
}

static void watch_evidence(struct world *w)
{
    for (unsigned i = 0; i < w->n_evidence; i++) {
        const struct world_evidence *e = &w->evidence[i];
        const struct world_router *r = &w->routers[e->router];

        if (r->core == NULL || r->generation != e->generation) {
            w->evidence[i--] = w->evidence[--w->n_evidence]; /* it died with what it knew */
        } else if (r->stalled_until_ms == 0 && w->now_ms > e->since_ms + WORLD_HEALTHY_MS) {
            const struct sah_memory_delivery *d = model_delivery(w->fake, e->key);

            /* Brought in as known, or done before an answer that came too late for the direct core. */
            if (w->away != NULL && d != NULL &&
                (d->state == SAH_MEMORY_DONE || (e->direct && world_ledger(w, e->key)->had_it))) {
                w->evidence[i--] = w->evidence[--w->n_evidence];
                continue;
            }
            world_violate(w, "I5", d != NULL ? d->request_id : "",
                          "a 2xx of epoch %u was never written%s", (unsigned)e->epoch, e->direct ? " (direct)" : "");
        }
    }
}

void check_quiet(struct world *w)
{
    check_step(w);
    if (w->away != NULL)
        away_check_quiet(w);
    if (!is_calm(w))
        return;
    for (size_t i = 0; i < w->n_active; i++) {
        const struct world_delivery *d = &w->deliveries[w->active[i]];

        if (d->ready && is_passed_over(w, d))
            world_violate(w, "I11", d->kept->request_id, "ready for %s, which is idle",
                          d->kept->endpoint);
        if (d->waiting && is_held_back(w, d))
            world_violate(w, "I10", d->kept->request_id, "order holds message %u back",
                          d->kept->sequence);
    }
    watch_evidence(w);
}
