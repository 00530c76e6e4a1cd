/*
 * leasing - what may go out now, worst first: the slots of each endpoint, and what it is trusted with.
 *
 * Owns:    the slots' leases under way, by themselves or within a commit.
 * Used by: revise.c (what a commit may lease, what came of it), dispatch.c after each attempt, intake's
 *          kicks, core's sweep.
 * Never:   more at an endpoint than it has slots. Keeps a lease that it does not send: it gives it back.
 *
 * I7: the store hands out worst first, and the lower classes may not fill an endpoint's slots (see
 * slots_for). I11: a slow endpoint fills its own slots only, and a dead one is asked a few times a
 * minute for all that waits there (policy/destination); P0 and P1 go out on their own schedule whatever
 * is believed of the endpoint. There is no timer to fill a batch: what one turn of the loop brought goes
 * to Redis in one write, and what is free is leased with what is written.
 */
#include <string.h>

#include "core/internal.h"

#define CLASS_P1 1
#define CLASS_P2 2
#define CLASS_LAST (SAH_N_CLASSES - 1)
#define SLOTS_MIN 3

static void lease_via(struct slot *slot);

static void given_back(void *data, int err)
{
    struct sah_core *core = data;

    SAH_UNUSED(err); /* not written: its lease runs out */
    core->attempts--;
}

/* Leased and not sent, for we are stopping: at once ready for another router, or for our next life. */
static void give_back(struct slot *slot, const struct sah_leased *leased)
{
    struct sah_core *core = slot->core;
    struct sah_settle settle = {.kind = SAH_SETTLE_DELAY,
                                .epoch = leased->epoch,
                                .fell_back = leased->fell_back,
                                .outcome = SAH_ANSWER_BUSY};

    memcpy(settle.key, leased->key, sizeof settle.key);
    memcpy(settle.endpoint, leased->endpoint, sizeof settle.endpoint);
    core->attempts++;
    core->s.store->settle(core->s.store->data, &settle, given_back, core);
}

/* P0 and P1 go out all the same: their deadlines fit into a drain, and nobody else may be there. */
static bool send_or_give_back(struct slot *slot, const struct sah_leased *leased)
{
    if (!slot->core->stopping || sah_priority_class(leased->priority) <= CLASS_P1)
        return dispatch_send(slot, leased);
    give_back(slot, leased);
    return true;
}

/* A lease is back with n: fewer than asked, and there are no more. */
static void leased_for(struct slot *slot, struct slot *through, unsigned n)
{
    if (slot->again || n == slot->asked) {
        slot->again = false;
        leasing_look(slot);
    } else if (through == slot) {
        lease_via(slot);
    }
    if (through != slot && through->again) {
        through->again = false;
        leasing_look(through);
    }
    if (through->waiting != NULL) {
        slot = through->waiting;
        through->waiting = NULL;
        lease_via(slot);
    }
}

static void on_leased(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    struct slot *slot = data;
    struct slot *through = slot->via != NULL ? slot->via : slot;

    slot->via = NULL;
    slot->leasing = through->leasing = false;
    if (err != SAH_OK)
        return; /* the sweep or the store's return looks again */
    for (unsigned i = 0; i < n; i++)
        if (!send_or_give_back(through, &leased[i]))
            return;
    leased_for(slot, through, n);
}

unsigned leasing_slots(const struct sah_endpoint *endpoint, enum sah_lane lane)
{
    return lane != SAH_LANE_BULK && endpoint->concurrency < SLOTS_MIN ? SLOTS_MIN : endpoint->concurrency;
}

/*
 * How many slots of an endpoint may be taken once this class and those above it are served (I7). A
 * quarter, at least one, is for P0 and P1 alone; as much again is not for P3 and P4. So an endpoint of
 * the emergency lane has three at least, whatever the roster says: with one or two a booking that hangs
 * for its minute would stand before a heart attack. The bulk lane takes no P0-P2 and keeps nothing back.
 */
static unsigned slots_for(const struct slot *slot, unsigned max_class)
{
    unsigned all = slot->slots;
    unsigned kept = all / 4 ? all / 4 : 1;

    if (slot->core->s.lane == SAH_LANE_BULK || max_class <= CLASS_P1)
        return all;
    return max_class <= CLASS_P2 ? all - kept : all - 2 * kept;
}

/* How many more may be leased of this class and those above: the slots, and what the endpoint is
 * trusted with. The window of P2 does not see P3 and P4, which would keep it waiting (I7). */
static unsigned room(const struct slot *slot, unsigned max_class)
{
    unsigned limit = sah_destination_limit(&slot->destination, max_class, slot->core->now.mono_ms);
    unsigned taken = max_class == CLASS_P2 ? slot->in_flight_by[CLASS_P2] : slot->in_flight;
    unsigned slots = slots_for(slot, max_class);

    if (slot->in_flight >= slots || taken >= limit)
        return 0;
    return slots - slot->in_flight < limit - taken ? slots - slot->in_flight : limit - taken;
}

static void lease(struct slot *slot, struct slot *through, unsigned max_class, unsigned n)
{
    const struct sah_store *store = slot->core->s.store;

    slot->leasing = through->leasing = true;
    slot->via = through != slot ? through : NULL;
    slot->asked = n > SAH_LEASE_MAX ? SAH_LEASE_MAX : n;
    store->lease(store->data, slot->endpoint->id, max_class, slot->asked, on_leased, slot);
}

/*
 * What the breaker holds back here goes out through another endpoint of the agency that works, under
 * the same key: a second endpoint is there for that.
 */
static void lease_via(struct slot *slot)
{
    struct sah_core *core = slot->core;

    if (core->stopping || slot->leasing || slot->destination.breaker == SAH_BREAKER_CLOSED)
        return;
    for (unsigned i = 0; i < core->n_slots; i++) {
        struct slot *other = &core->slots[i];

        if (other->agency != slot->agency || other == slot || other->destination.breaker != SAH_BREAKER_CLOSED)
            continue;
        if (other->leasing) {
            other->waiting = slot;
            continue;
        }
        for (unsigned max_class = CLASS_LAST; max_class >= CLASS_P2; max_class--)
            if (room(other, max_class) > 0) {
                lease(slot, other, max_class, room(other, max_class));
                return;
            }
    }
}

/* How many may be leased now, and down to which class; 0 = full. The bulk lane has no P0-P2. */
static unsigned may_lease(const struct slot *slot, unsigned *ret_max_class)
{
    unsigned max_class = CLASS_LAST, n;

    while ((n = room(slot, max_class)) == 0) {
        if (max_class <= CLASS_P1 || slot->core->s.lane == SAH_LANE_BULK)
            return 0;
        max_class = max_class > CLASS_P2 ? CLASS_P2 : CLASS_P1;
    }
    *ret_max_class = max_class;
    return n;
}

void leasing_look(struct slot *slot)
{
    unsigned max_class, n;

    if (slot->core->stopping)
        return;
    if (slot->leasing) {
        slot->again = true;
        return;
    }
    n = may_lease(slot, &max_class);
    if (n == 0)
        lease_via(slot);
    else
        lease(slot, slot, max_class, n);
}

/* ---- leasing in the same step as a commit */

static void want(struct slot *slot, struct sah_change *change, unsigned *left)
{
    struct sah_want *w = &change->wants[change->n_wants];
    unsigned n;

    if (slot->leasing) {
        slot->again = true;
        return;
    }
    if (change->n_wants == SAH_WANTS_MAX || *left == 0)
        return;
    n = may_lease(slot, &w->max_class);
    if (n == 0)
        return;
    w->n = slot->asked = n < *left ? n : *left;
    memcpy(w->endpoint, slot->endpoint->id, sizeof w->endpoint);
    *left -= w->n;
    slot->leasing = true;
    change->n_wants++;
}

/* Whose endpoints a commit may have something for: those it plans at, and the agency of the attempt it
 * settles. What is due next there may lie at another endpoint of that agency: a retry, or an amendment
 * that waited for this one. */
static bool concerns(const struct slot *slot, const struct sah_change *change)
{
    for (unsigned i = 0; i < change->n_plans; i++)
        if (strcmp(slot->endpoint->id, change->plans[i].endpoint) == 0)
            return true;
    for (unsigned i = 0; change->settle.endpoint[0] != '\0' && i < slot->agency->n_endpoints; i++)
        if (strcmp(slot->agency->endpoints[i].id, change->settle.endpoint) == 0)
            return true;
    return false;
}

void leasing_want(struct sah_core *core, struct sah_change *change)
{
    unsigned left = SAH_LEASE_MAX;

    change->n_wants = 0;
    for (unsigned i = 0; i < core->n_slots && !core->stopping && !core->s.direct; i++)
        if (concerns(&core->slots[i], change))
            want(&core->slots[i], change, &left);
}

static struct slot *slot_of(struct sah_core *core, const char *endpoint)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        if (strcmp(core->slots[i].endpoint->id, endpoint) == 0)
            return &core->slots[i];
    return NULL;
}

/* Not written, or written and not known to be: no lease is known either, and the sweep, or the kicks
 * that follow, look again. */
void leasing_got(struct sah_core *core, const struct sah_change *change, int err, const struct sah_committed *committed)
{
    unsigned at = 0, n = err == SAH_OK ? committed->n_leased : 0;

    for (unsigned i = 0; i < change->n_wants; i++)
        slot_of(core, change->wants[i].endpoint)->leasing = false;
    for (unsigned i = 0; i < change->n_wants; i++) {
        struct slot *slot = slot_of(core, change->wants[i].endpoint);
        unsigned got = 0;

        /* In the order of the wants; each says its endpoint. */
        while (at < n && strcmp(committed->leased[at].endpoint, slot->endpoint->id) == 0) {
            got++;
            if (!send_or_give_back(slot, &committed->leased[at++]))
                return;
        }
        if (err == SAH_OK || err == SAH_ECONFLICT)
            leased_for(slot, slot, got);
    }
    SAH_ASSERT(at == n);
}

void leasing_kick_agency(struct sah_core *core, const char *agency)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        if (strcmp(core->slots[i].agency->id, agency) == 0)
            leasing_look(&core->slots[i]);
}

static bool is_wanted(const struct sah_change *change, const char *endpoint)
{
    for (unsigned i = 0; i < change->n_wants; i++)
        if (strcmp(change->wants[i].endpoint, endpoint) == 0)
            return true;
    return false;
}

void leasing_kick_plans(struct sah_core *core, const struct sah_change *change, const struct sah_committed *committed)
{
    for (unsigned i = 0; i < change->n_plans; i++)
        for (unsigned j = 0; j < core->n_slots; j++)
            if (strcmp(core->slots[j].endpoint->id, change->plans[i].endpoint) == 0 &&
                (!committed->looked || !is_wanted(change, change->plans[i].endpoint)))
                leasing_look(&core->slots[j]);
}

void leasing_sweep(struct sah_core *core)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        leasing_look(&core->slots[i]);
}
