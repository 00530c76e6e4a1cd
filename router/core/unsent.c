/*
 * unsent - what is leased and not sent: deliveries that may end a router, and those whose endpoint the
 * roster does not know any more.
 *
 * Owns:    such leases until they are settled; what is known of forgotten endpoints.
 * Used by: dispatch (poison), the core's tick (forgotten endpoints).
 * Never:   gives up P0-P2: they are tried again, slower, and a person is told. Leaves a delivery in a
 *          queue that nobody serves (I4, I9).
 *
 * Poison: leased more than five times in a row and no router lived to tell a result. Each second lease
 * after that is not sent but put off for a minute, so that a router lives a minute at least; the
 * first time the request goes on to somebody else too. P3 and P4 become dead letters at once.
 *
 * A forgotten endpoint: its agency's first endpoint takes over, at the same place under the same key.
 * When the agency itself is gone, an emergency falls back to the catch-all; the citizen of a booking
 * is told, and it waits as a dead letter for a person.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define UNSENT_MAGIC    0x5a554e53u
#define POISON_LEASES   5
#define POISON_WAIT_MS  60000
#define LOOK_MS         10000

struct unsent {
    uint32_t magic;
    struct sah_core *core;
    struct sah_leased leased; /* its bytes are not ours */
    enum sah_answer_kind outcome;
};

static void settle_in(const struct unsent *u, enum sah_settle_kind kind, struct sah_settle *settle)
{
    memset(settle, 0, sizeof *settle);
    settle->kind = kind;
    memcpy(settle->key, u->leased.key, sizeof settle->key);
    settle->epoch = u->leased.epoch;
    settle->outcome = u->outcome;
    if (kind != SAH_SETTLE_DELAY)
        return;
    settle->delay_ms = u->outcome == SAH_ANSWER_POISON ? POISON_WAIT_MS : 0;
    settle->fell_back = u->leased.fell_back;
    memcpy(settle->endpoint, u->leased.endpoint, sizeof settle->endpoint);
}

static void free_unsent(struct unsent *u)
{
    u->core->jobs--;
    u->magic = 0;
    free(u);
}

static void settled(void *data, int err)
{
    struct unsent *u = data;
    struct sah_core *core = u->core;
    char agency[SAH_AGENCY_SIZE];

    SAH_CHECK(u, UNSENT_MAGIC);
    memcpy(agency, u->leased.agency, sizeof agency);
    free_unsent(u);
    if (err == SAH_OK) /* else the lease runs out, and it comes again */
        leasing_kick_agency(core, agency);
}

/* ---- a change: somebody else gets it, or a person is told */

static void go_on(struct sah_core *core, const struct unsent *u, const struct sah_request_view *view,
                  struct sah_change *change)
{
    const struct sah_roster *roster = core->s.roster;
    const struct sah_agency *last = sah_roster_agency(roster, sah_slice_of(roster->catch_all));

    if (sah_roster_agency(roster, sah_slice_of(u->leased.agency)) != NULL)
        (void)change_fall_back(core, change, view, u->leased.agency, u->outcome);
    else if (last == NULL || view_line(view, last->id) != NULL ||
             !change_copy(change, view, u->leased.agency, last, u->outcome))
        change_tell_person(core, change, view);
    else
        core->counters.fallbacks++;
}

/* Somebody there has it or it is over: what became of the delivery says nothing about the request. */
static bool is_answered(const struct unsent *u, const struct sah_request_view *view)
{
    const struct sah_line *line = view_line(view, u->leased.agency);

    return u->leased.kind == SAH_KIND_REQUEST && line != NULL &&
           (sah_state_is_with_person(line->state) || sah_state_is_over(line->state));
}

static void give_up(struct sah_core *core, const struct unsent *u, const struct sah_request_view *view,
                    struct sah_change *change)
{
    const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(u->leased.agency));
    const struct sah_line *old = view_line(view, u->leased.agency);
    struct sah_line *line;

    settle_in(u, SAH_SETTLE_DEAD, &change->settle);
    if (u->leased.kind != SAH_KIND_REQUEST || old == NULL) {
        change_tell_person(core, change, view);
        return;
    }
    line = change_line(change, view, u->leased.agency);
    line->state = SAH_STATE_REJECTED;
    if (sah_priority_is_emergency(view->priority)) {
        go_on(core, u, view, change);
        return;
    }
    if (!change_others_live(change, view, line->agency))
        (void)change_event(core, change, view->request, view->priority, agency, SAH_STATE_REJECTED);
    change_close_if_over(core, change, view);
}

static bool decide(struct sah_core *core, void *data, const struct sah_request_view *view, struct sah_change *change)
{
    struct unsent *u = data;

    if (view == NULL)
        return false;
    if (is_answered(u, view)) {
        settle_in(u, SAH_SETTLE_DONE, &change->settle);
    } else if (u->outcome == SAH_ANSWER_POISON && sah_priority_is_emergency(view->priority)) {
        settle_in(u, SAH_SETTLE_DELAY, &change->settle);
        if (u->leased.kind == SAH_KIND_REQUEST && !u->leased.fell_back) {
            change->settle.fell_back = true;
            go_on(core, u, view, change);
        } else {
            change_tell_person(core, change, view);
        }
    } else {
        give_up(core, u, view, change);
    }
    (void)sah_format(change->audit, sizeof change->audit, "unsent agency=%s endpoint=%s outcome=%s leases=%u",
                     u->leased.agency, u->leased.endpoint, sah_answer_kind_name(u->outcome), u->leased.unanswered);
    return true;
}

static void decided(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct unsent *u = data;

    SAH_UNUSED(core);
    SAH_UNUSED(err); /* not written: the lease runs out, and it comes again */
    SAH_UNUSED(committed);
    SAH_CHECK(u, UNSENT_MAGIC);
    free_unsent(u);
}

static struct unsent *unsent_new(struct sah_core *core, const struct sah_leased *leased, enum sah_answer_kind outcome)
{
    struct unsent *u = calloc(1, sizeof *u);

    if (u == NULL)
        return NULL;
    u->magic = UNSENT_MAGIC;
    u->core = core;
    u->leased = *leased;
    u->leased.bytes = (struct sah_slice){"", 0};
    u->outcome = outcome;
    core->jobs++;
    return u;
}

static void delay(struct unsent *u)
{
    struct sah_settle settle;

    settle_in(u, SAH_SETTLE_DELAY, &settle);
    u->core->s.store->settle(u->core->s.store->data, &settle, settled, u);
}

/* ---- poison */

bool unsent_poison(struct sah_core *core, const struct sah_leased *leased)
{
    bool emergency = sah_priority_is_emergency(leased->priority);
    unsigned past = leased->unanswered > POISON_LEASES ? leased->unanswered - POISON_LEASES : 0;
    struct unsent *u;

    if (past == 0 || (emergency && past % 2 == 0))
        return false;
    core->counters.poisoned++;
    sah_error(core->s.log, "event=delivery.poison request=%s agency=%s key=%s priority=%s leases=%u do=\"%s\"",
              leased->request_id, leased->agency, leased->key, sah_priority_name(leased->priority),
              leased->unanswered,
              emergency ? "it is tried every minute; look why routers died with it"
                        : "a dead letter now; look why routers died with it before replaying");
    u = unsent_new(core, leased, SAH_ANSWER_POISON);
    if (u == NULL)
        return true; /* the lease runs out */
    if (emergency && past > 1)
        delay(u);
    else
        revise(core, leased->request_id, REVISE_ONCE, decide, decided, u);
    return true;
}

/* ---- endpoints that the roster has forgotten */

static bool is_served(const struct sah_core *core, const char *endpoint)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        if (strcmp(core->slots[i].endpoint->id, endpoint) == 0)
            return true;
    return false;
}

static void on_leased(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    struct sah_core *core = data;

    for (unsigned i = 0; err == SAH_OK && i < n; i++) {
        const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(leased[i].agency));
        struct unsent *u = unsent_new(core, &leased[i], SAH_ANSWER_UNREACHABLE);

        if (u == NULL)
            return;
        core->counters.moved++;
        if (agency == NULL) {
            revise(core, leased[i].request_id, REVISE_ONCE, decide, decided, u);
            continue;
        }
        memcpy(u->leased.endpoint, agency->endpoints[0].id, sizeof u->leased.endpoint);
        delay(u);
    }
    if (err == SAH_OK && n == SAH_LEASE_MAX)
        core->next_forgotten_ms = 0; /* there is more */
}

static uint64_t n_ready(const struct sah_queue_stat *stat)
{
    uint64_t n = 0;

    for (unsigned c = 0; c < SAH_N_CLASSES; c++)
        n += stat->ready[c];
    return n;
}

static void on_stats(void *data, int err, const struct sah_store_stats *stats)
{
    struct sah_core *core = data;
    unsigned before = core->n_forgotten;

    core->looking = false;
    if (err != SAH_OK)
        return;
    core->n_forgotten = 0;
    for (unsigned i = 0; i < stats->n_queues; i++) {
        const struct sah_queue_stat *q = &stats->queues[i];

        if (n_ready(q) + q->leased + q->delayed + q->dead == 0)
            continue;
        core->forgotten[core->n_forgotten++] = *q;
        if (n_ready(q) > 0 && !core->stopping)
            core->s.store->lease(core->s.store->data, q->endpoint, SAH_N_CLASSES - 1, SAH_LEASE_MAX, on_leased, core);
    }
    for (unsigned i = 0; before == 0 && i < core->n_forgotten; i++)
        sah_error(core->s.log, "event=queue.forgotten endpoint=%s ready=%llu delayed=%llu dead=%llu do=\"the roster "
                  "does not name it; what is ready goes to its agency's first endpoint or the catch-all\"",
                  core->forgotten[i].endpoint, (unsigned long long)n_ready(&core->forgotten[i]),
                  (unsigned long long)core->forgotten[i].delayed, (unsigned long long)core->forgotten[i].dead);
}

static void on_names(void *data, int err, const char (*names)[SAH_AGENCY_SIZE], unsigned n)
{
    struct sah_core *core = data;
    const char *ask[SAH_FORGOTTEN_MAX];
    unsigned n_ask = 0;

    core->looking = false;
    for (unsigned i = 0; err == SAH_OK && i < n && n_ask < SAH_FORGOTTEN_MAX; i++)
        if (!is_served(core, names[i]))
            ask[n_ask++] = names[i];
    if (err == SAH_OK && n_ask == 0)
        core->n_forgotten = 0;
    if (n_ask == 0)
        return;
    core->looking = true;
    core->s.store->stats(core->s.store->data, ask, n_ask, on_stats, core);
}

void unsent_look(struct sah_core *core)
{
    if (core->looking || core->now.mono_ms < core->next_forgotten_ms)
        return;
    core->looking = true;
    core->next_forgotten_ms = core->now.mono_ms + LOOK_MS;
    core->s.store->endpoints(core->s.store->data, on_names, core);
}

unsigned sah_core_forgotten(const struct sah_core *core, const struct sah_queue_stat **ret_stats)
{
    *ret_stats = core->forgotten;
    return core->n_forgotten;
}
