/*
 * world_away - routers of the world that have a journal: router/away before the core, a disk, and a
 * way to the store that fails for one router alone.
 *
 * Owns:    journals, which outlive their routers; answers of the store that are late.
 * Used by: world.c, world_ports.c. Each function is called in a world with `away` only.
 * Never:   decides what is right: world_check_away.c does.
 *
 * Late answers are taken out of the queue of the store in memory and put back when they are due, each
 * router's in their order. One whose answer never comes hears so when its deadline is over.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/world_away.h"

#define DEADLINE_MS 1000 /* of a call on the store */
#define EVENTS_A_LIFE 1000000
#define FINE_MS 250      /* how closely time is looked at while something waits to be brought back... */
#define FINE_FOR_MS 120000 /* ...and for how long */

struct world_late {
    struct world_late *next;
    struct memory_pending *pending;
    uint64_t due_ms;
};

static struct sah_now router_now(const struct world_router *r)
{
    return (struct sah_now){.mono_ms = r->w->now_ms,
                            .wall_ms = RIG_WALL_MS + (int64_t)r->w->now_ms + r->wall_offset_ms};
}

/* ---- a router's life */

static uint64_t mono_ms(void *data)
{
    return ((const struct world_router *)data)->w->now_ms;
}

static void wake(void *data)
{
    ((struct world_router *)data)->woken = true;
}

static void send_directly(void *data, const struct sah_leased *leased, uint32_t deadline_ms, sah_agency_fn *fn, void *fn_data)
{
    struct world_router *r = data;

    r->sends_directly = true;
    r->direct.send(r->direct.data, leased, deadline_ms, fn, fn_data);
    r->sends_directly = false;
}

/* It may be done and sent again before anybody looks. */
static void commit_directly(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    struct world_router *r = ((struct sah_away *)data)->s.data;

    if (change->settle.kind == SAH_SETTLE_DONE)
        away_written(r, change->settle.key);
    r->direct_commit(data, change, fn, fn_data);
}

void away_start(struct world_router *r, struct sah_core_settings *settings)
{
    struct sah_away_settings away = {.lane = settings->lane,
                                     .partitions = settings->partitions,
                                     .jobs_max = settings->jobs_max,
                                     .policy = settings->policy,
                                     .roster = settings->roster,
                                     .store = &r->store,
                                     .journal = &r->journal_port,
                                     .agencies = &r->agencies,
                                     .adapters = &r->adapters,
                                     .chance = settings->chance,
                                     .mono_ms = mono_ms,
                                     .wake = wake,
                                     .data = r};

    if (r->journal == NULL)
        r->journal = fake_journal_new();
    r->journal_port = *fake_journal_port(r->journal);
    plant_journal(r->w, r);
    away.first_event = SAH_AWAY_FIRST_EVENT + (uint64_t)r->w->n_lives * EVENTS_A_LIFE;
    SAH_ASSERT(sah_away_create(&away, router_now(r), &r->away) == SAH_OK);
    r->direct = r->away->direct_agencies;
    r->away->direct_agencies = (struct sah_agencies){.data = r, .send = send_directly};
    r->direct_commit = r->away->direct_store.commit;
    r->away->direct_store.commit = commit_directly;
    settings->store = sah_away_store(r->away);
    settings->agencies = sah_away_agencies(r->away);
}

void away_attach(struct world_router *r)
{
    sah_away_attach(r->away, r->core, router_now(r));
    r->front = sah_away_front(r->away);
}

static void give_back(struct world_router *r, uint64_t now_ms)
{
    struct sah_memory_store *fake = r->w->fake;

    while (r->late_first != NULL && r->late_first->due_ms <= now_ms) {
        struct world_late *late = r->late_first;

        r->late_first = late->next;
        late->pending->next = NULL;
        if (fake->last != NULL)
            fake->last->next = late->pending;
        else
            fake->first = late->pending;
        fake->last = late->pending;
        free(late);
    }
    if (r->late_first == NULL)
        r->late_last = NULL;
}

/* What the dying still say reaches no disk. */
void away_stop(struct world_router *r)
{
    away_lost(r->w, r);
    sah_away_stop(r->away);
    fake_journal_break(r->journal, SAH_EIO);
    fake_journal_crash(r->journal);
    fake_journal_stall(r->journal, r->disk_stalls);
}

void away_end(struct world_router *r)
{
    sah_away_destroy(r->away);
    r->away = NULL;
    r->woken = false;
    fake_journal_break(r->journal, SAH_OK);
    give_back(r, UINT64_MAX); /* to nobody */
}

/* ---- its turns */

unsigned away_settle(struct world *w)
{
    unsigned n = 0;

    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[i];

        if (r->core == NULL || r->stalled_until_ms != 0)
            continue;
        n += fake_journal_run(r->journal);
        if (r->woken) {
            r->woken = false;
            (void)sah_away_tick(r->away, router_now(r));
            n++;
        }
    }
    away_see(w);
    return n;
}

void away_wake(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[i];

        if (r->link_until_ms != 0 && w->now_ms >= r->link_until_ms)
            world_link(w, i, WORLD_LINK_FINE, 0);
    }
}

uint64_t away_next_ms(const struct world *w, uint64_t end_ms)
{
    uint64_t next = end_ms;

    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct world_router *r = &w->routers[i];

        if (r->link_until_ms > w->now_ms && r->link_until_ms < next)
            next = r->link_until_ms;
        if (r->late_first != NULL && r->late_first->due_ms > w->now_ms && r->late_first->due_ms < next)
            next = r->late_first->due_ms;
    }
    return next;
}

static bool is_busy(const struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct world_router *r = &w->routers[i];

        if (r->away != NULL && r->away->health.state == SAH_HEALTH_DRAIN && r->away->messages.n > 0)
            return true;
    }
    return false;
}

uint32_t away_grain(const struct world *w, uint64_t since_ms, uint32_t grain_ms)
{
    return grain_ms > FINE_MS && w->now_ms - since_ms < FINE_FOR_MS && is_busy(w) ? FINE_MS : grain_ms;
}

/* ---- its way to the store */

/* In one of those the fault of the store itself comes first: who is refused has no answer to lose. */
enum sah_memory_fault away_fault(struct world_router *r, enum sah_memory_fault fault)
{
    switch (r->link) {
    case WORLD_LINK_REFUSED:
        return SAH_MEMORY_DOWN;
    case WORLD_LINK_SILENT:
        return world_roll(r->w, 8) == 0 ? SAH_MEMORY_TIMEOUT_AFTER : SAH_MEMORY_TIMEOUT_BEFORE;
    case WORLD_LINK_LOST:
        return SAH_MEMORY_TIMEOUT_AFTER;
    case WORLD_LINK_FINE:
    case WORLD_LINK_SLOW:
    case WORLD_LINKS:
        break;
    }
    return fault;
}

static void put_off(struct world_router *r, struct memory_pending *p)
{
    uint32_t wait_ms = r->link == WORLD_LINK_SLOW ? 100 + world_roll(r->w, 900) : DEADLINE_MS;
    struct world_late *late = calloc(1, sizeof *late);

    SAH_ASSERT(late != NULL);
    late->pending = p;
    late->due_ms = r->w->now_ms + wait_ms;
    if (r->late_last != NULL && late->due_ms < r->late_last->due_ms)
        late->due_ms = r->late_last->due_ms;
    if (r->late_last != NULL)
        r->late_last->next = late;
    else
        r->late_first = late;
    r->late_last = late;
}

static bool is_late(const struct world_call *call)
{
    const struct world_router *r = call->router;

    return !call->dead && !call->is_late && (r->link == WORLD_LINK_SILENT || r->link == WORLD_LINK_SLOW || r->link == WORLD_LINK_LOST);
}

void away_hold_back(struct world *w)
{
    struct memory_pending **at = &w->fake->first, *last = NULL;
    bool none = true;

    for (unsigned i = 0; i < w->n_routers; i++) {
        give_back(&w->routers[i], w->now_ms);
        none &= w->routers[i].link == WORLD_LINK_FINE || w->routers[i].link == WORLD_LINK_REFUSED;
    }
    if (none)
        return;
    while (*at != NULL) {
        struct memory_pending *p = *at;
        struct world_call *call = world_call_of(p);

        if (call != NULL && is_late(call)) {
            *at = p->next;
            call->is_late = true;
            put_off(call->router, p);
        } else {
            last = p;
            at = &p->next;
        }
    }
    w->fake->last = last;
}

void world_link(struct world *w, unsigned router, enum world_link how, uint64_t ms)
{
    static const char *const names[WORLD_LINKS] = {"fine", "refused", "silent", "slow", "one-way"};
    struct world_router *r = &w->routers[router];
    bool came = how == WORLD_LINK_FINE && r->link != WORLD_LINK_FINE;

    SAH_ASSERT(w->away != NULL);
    NOTE(w, "", "router %u's way to the store is %s for %llu ms", router, names[how], (unsigned long long)ms);
    r->link = how;
    r->link_until_ms = ms > 0 ? w->now_ms + ms : 0;
    w->healthy_since_ms = w->now_ms;
    if (came && r->core != NULL)
        sah_core_store_came(r->core, router_now(r));
}

void world_disk_stalls(struct world *w, unsigned router, bool stalls)
{
    struct world_router *r = &w->routers[router];

    SAH_ASSERT(w->away != NULL && r->journal != NULL);
    NOTE(w, "", "router %u's disk %s", router, stalls ? "stalls" : "writes");
    r->disk_stalls = stalls;
    r->disk_since_ms = w->now_ms;
    fake_journal_stall(r->journal, stalls);
}

struct sah_away_view world_away(const struct world *w, unsigned router)
{
    return sah_away_view(w->routers[router].away);
}

/* Seconds mostly, sometimes minutes; all of them or one alone. */
void world_links_change(struct world *w)
{
    unsigned router = world_roll(w, w->n_routers);
    uint64_t ms = world_roll(w, 4) > 0 ? 500 + world_roll(w, 9500) : 10000 + world_roll(w, 110000);
    enum world_link how = (enum world_link)world_roll(w, WORLD_LINKS);
    bool all = world_roll(w, 2) == 0;

    if (world_roll(w, 6) == 0) {
        world_disk_stalls(w, router, world_roll(w, 2) == 0);
        return;
    }
    for (unsigned i = 0; i < w->n_routers; i++)
        if (all || i == router)
            world_link(w, i, how, how == WORLD_LINK_FINE ? 0 : ms);
}

/* ---- the end */

static bool is_calm_now(const struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct world_router *r = &w->routers[i];

        if (r->link != WORLD_LINK_FINE)
            return false;
        if (r->away != NULL && (sah_away_view(r->away).left > 0 || sah_away_view(r->away).direct > 0))
            return false;
    }
    return true;
}

/* Since when all of it is in the store. */
bool away_is_calm(struct world *w)
{
    if (!is_calm_now(w))
        w->away->calm_ms = w->now_ms;
    return w->now_ms > w->away->calm_ms + WORLD_HEALTHY_MS;
}

/* Every router comes back: one that stays away keeps what it has. */
bool away_heal(struct world *w)
{
    bool over = true;

    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[i];

        world_start(w, i);
        if (r->link != WORLD_LINK_FINE)
            world_link(w, i, WORLD_LINK_FINE, 0);
        if (r->disk_stalls)
            world_disk_stalls(w, i, false);
        over &= sah_away_view(r->away).left == 0 && sah_away_view(r->away).direct == 0;
    }
    return over;
}

/* An ack goes back to the router that gave the event, while that one lives. */
struct world_router *away_ack_to(struct world *w, const char *event_id, struct world_router *other)
{
    const struct world_direct_event *e = away_event(w, event_id);

    if (e == NULL)
        return other;
    return w->routers[e->router].core != NULL && w->routers[e->router].generation == e->generation
               ? &w->routers[e->router]
               : NULL;
}

struct world_away *away_new(void)
{
    struct world_away *a = calloc(1, sizeof *a);

    SAH_ASSERT(a != NULL);
    return a;
}

void away_free(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++)
        if (w->routers[i].journal != NULL)
            fake_journal_free(w->routers[i].journal);
    while (w->away->keys != NULL) {
        struct world_key *k = w->away->keys;

        w->away->keys = k->next;
        free(k);
    }
    index_fini(&w->away->key_of);
    free(w->away->events);
    free(w->away);
}
