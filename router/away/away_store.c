/*
 * away_store - the main store as the main core sees it: every call is timed, which is how the router
 * knows the store's health, and what the direct core has is not handed out here as well.
 *
 * Owns: calls under way. Used by: away.c. Never: changes what is written.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define FN(fn) ((void (*)(void))(fn))
#define GIVEN_BACK_MS 5000

struct store_call {
    struct sah_away *away;
    struct store_call *prev, *next;
    uint64_t started_ms;
    void (*fn)(void);
    void *data;
    struct sah_change *watched; /* a commit: what an away_watch wants to know of it */
    char key[SAH_KEY_SIZE];     /* a commit: what it settles for good */
    bool dead;
};

static struct store_call *begin(struct sah_away *away, void (*fn)(void), void *data)
{
    struct store_call *call = calloc(1, sizeof *call);

    SAH_ASSERT(call != NULL);
    *call = (struct store_call){.away = away, .started_ms = away_mono(away), .fn = fn, .data = data};
    call->prev = away->calls_last;
    if (call->prev != NULL)
        call->prev->next = call;
    else
        away->calls_first = call;
    away->calls_last = call;
    return call;
}

/* What an answer says of the store's health, and the call is over. */
static struct store_call end(struct store_call *call, int err)
{
    struct sah_away *away = call->away;
    struct store_call copy = *call;
    uint64_t now_ms = away_mono(away);

    if (err == SAH_EDOWN) {
        sah_health_refused(&away->health, now_ms);
    } else if (err == SAH_ETIMEOUT) {
        sah_health_silent(&away->health, now_ms);
        sah_pace_silent(&away->pace, now_ms);
    } else if (err != SAH_ECANCELED) {
        sah_health_answered(&away->health, now_ms, (uint32_t)(now_ms - call->started_ms));
        sah_pace_answered(&away->pace, (uint32_t)(now_ms - call->started_ms), now_ms);
    }
    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        away->calls_first = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    else
        away->calls_last = call->prev;
    free(call);
    return copy;
}

bool store_is_quiet(const struct sah_away *away, uint32_t ms)
{
    uint64_t now_ms = away_mono(away);

    return away->health.state == SAH_HEALTH_DOWN ||
           (away->health.bad_since_ms != 0 && now_ms - away->health.bad_since_ms >= ms) ||
           (away->calls_first != NULL && now_ms - away->calls_first->started_ms >= ms);
}

static bool direct_has(const struct sah_away *away, const char *request_id)
{
    const struct open_request *r = away->direct == NULL ? NULL : open_find(away, request_id);

    return r != NULL && r->direct;
}

/* ---- completions */

static void given_back(void *data, int err)
{
    SAH_UNUSED(data);
    SAH_UNUSED(err); /* not written: its lease runs out */
}

/* For a while, and not as one whose router died: five of those would be poison (core/unsent.c). */
static void give_back(const struct sah_away *away, const struct sah_leased *leased)
{
    struct sah_settle settle = {.kind = SAH_SETTLE_DELAY,
                                .epoch = leased->epoch,
                                .delay_ms = GIVEN_BACK_MS,
                                .fell_back = leased->fell_back,
                                .outcome = SAH_ANSWER_BUSY};

    memcpy(settle.key, leased->key, sizeof settle.key);
    memcpy(settle.endpoint, leased->endpoint, sizeof settle.endpoint);
    away->s.store->settle(away->s.store->data, &settle, given_back, NULL);
}

/* What the direct core has is not sent from here: the merge settles it, or it comes up again. */
static unsigned keep_ours(struct sah_away *away, const struct sah_leased *leased, unsigned n,
                          struct sah_leased ret_kept[SAH_LEASE_MAX])
{
    unsigned n_kept = 0;

    for (unsigned i = 0; i < n; i++) {
        if (direct_has(away, leased[i].request_id)) {
            give_back(away, &leased[i]);
            continue;
        }
        if (leased[i].kind == SAH_KIND_REQUEST && sah_priority_class(leased[i].priority) <= 1)
            watch_leased(away, &leased[i]);
        ret_kept[n_kept++] = leased[i];
    }
    return n_kept;
}

static void on_commit(void *data, int err, const struct sah_committed *committed)
{
    struct store_call call = end(data, err);
    struct sah_leased kept[SAH_LEASE_MAX];
    struct sah_committed ours;

    if (err != SAH_OK) {
        ((sah_commit_fn *)call.fn)(call.data, err, committed);
    } else {
        if (!committed->stale && call.key[0] != '\0')
            watch_over(call.away, call.key, call.dead);
        if (!committed->duplicate && !committed->stale && !committed->held && call.watched != NULL)
            watch_add(call.away, call.watched);
        ours = *committed;
        ours.n_leased = keep_ours(call.away, committed->leased, committed->n_leased, kept);
        ours.leased = kept;
        ((sah_commit_fn *)call.fn)(call.data, err, &ours);
    }
    if (call.watched != NULL)
        free((void *)(uintptr_t)call.watched->bytes.ptr);
    free(call.watched);
}

static void on_load(void *data, int err, const struct sah_request_view *view)
{
    struct store_call call = end(data, err);

    ((sah_load_fn *)call.fn)(call.data, err, view);
}

static void on_lease(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    struct store_call call = end(data, err);
    struct sah_leased kept[SAH_LEASE_MAX];

    n = err == SAH_OK ? keep_ours(call.away, leased, n, kept) : 0;
    ((sah_lease_fn *)call.fn)(call.data, err, kept, n);
}

static void on_tick(void *data, int err, const struct sah_ticked *ticked)
{
    struct store_call call = end(data, err);
    struct sah_ticked kept;

    if (err != SAH_OK) {
        ((sah_tick_fn *)call.fn)(call.data, err, ticked);
        return;
    }
    kept = *ticked;
    kept.n_timers = 0;
    for (unsigned i = 0; i < ticked->n_timers; i++)
        if (!direct_has(call.away, ticked->timers[i].request_id))
            kept.timers[kept.n_timers++] = ticked->timers[i];
    ((sah_tick_fn *)call.fn)(call.data, err, &kept);
}

static void on_stats(void *data, int err, const struct sah_store_stats *stats)
{
    struct store_call call = end(data, err);

    ((sah_stats_fn *)call.fn)(call.data, err, stats);
}

static void on_events(void *data, int err, const struct sah_outbox_event *events, unsigned n)
{
    struct store_call call = end(data, err);

    ((sah_events_fn *)call.fn)(call.data, err, events, n);
}

static void on_done(void *data, int err)
{
    struct store_call call = end(data, err);

    ((sah_done_fn *)call.fn)(call.data, err);
}

static void on_pieces(void *data, int err, const char *json, size_t len)
{
    struct store_call call = end(data, err);

    ((sah_pieces_fn *)call.fn)(call.data, err, json, len);
}

/* ---- the port */

/* A P0 or P1 that is accepted now, and what is said of it, is watched until each agency has it, with
 * its bytes. */
static struct sah_change *to_watch(const struct sah_away *away, const struct sah_change *change)
{
    struct sah_change *copy;
    char *bytes;

    if (!watch_wants(away, change))
        return NULL;
    copy = malloc(sizeof *copy);
    bytes = malloc(change->bytes.len);
    if (copy == NULL || bytes == NULL) {
        free(copy);
        free(bytes);
        return NULL;
    }
    *copy = *change;
    memcpy(bytes, change->bytes.ptr, change->bytes.len);
    copy->bytes.ptr = bytes;
    return copy;
}

static void port_commit(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    struct sah_away *away = data;
    struct store_call *call = begin(away, FN(fn), fn_data);

    call->watched = to_watch(away, change);
    if (change->settle.kind == SAH_SETTLE_DONE || change->settle.kind == SAH_SETTLE_DEAD)
        memcpy(call->key, change->settle.key, sizeof call->key);
    call->dead = change->settle.kind == SAH_SETTLE_DEAD;
    away->s.store->commit(away->s.store->data, change, on_commit, call);
}

static void port_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->load(away->s.store->data, request_id, on_load, begin(away, FN(fn), fn_data));
}

static void port_lease(void *data, const char *endpoint, unsigned max_class, unsigned n, sah_lease_fn *fn,
                       void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->lease(away->s.store->data, endpoint, max_class, n, on_lease, begin(away, FN(fn), fn_data));
}

static void port_settle(void *data, const struct sah_settle *settle, sah_done_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->settle(away->s.store->data, settle, on_done, begin(away, FN(fn), fn_data));
}

static void port_tick(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->tick(away->s.store->data, limit, on_tick, begin(away, FN(fn), fn_data));
}

static void port_stats(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->stats(away->s.store->data, endpoints, n, on_stats, begin(away, FN(fn), fn_data));
}

static void port_outbox_take(void *data, const char *channel, unsigned n, uint32_t lease_ms, sah_events_fn *fn,
                             void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->outbox_take(away->s.store->data, channel, n, lease_ms, on_events, begin(away, FN(fn), fn_data));
}

static void port_outbox_ack(void *data, const char *event_id, sah_done_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->outbox_ack(away->s.store->data, event_id, on_done, begin(away, FN(fn), fn_data));
}

static void port_quarantine(void *data, const char *source, const char *why, const void *bytes, size_t len,
                            sah_done_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->quarantine(away->s.store->data, source, why, bytes, len, on_done, begin(away, FN(fn), fn_data));
}

static void port_quarantine_list(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    away->s.store->quarantine_list(away->s.store->data, n, on_pieces, begin(away, FN(fn), fn_data));
}

/* What incidents need goes straight through. */
static void port_join(void *data, const char *main_id, const struct sah_item *item, bool at_once, uint32_t update_ms,
                      sah_done_fn *fn, void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->join(port->data, main_id, item, at_once, update_ms, fn, fn_data);
}

static void port_page(void *data, const char *main_id, sah_page_fn *fn, void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->page(port->data, main_id, fn, fn_data);
}

static void port_page_done(void *data, const char *main_id, const struct sah_page_done *done, sah_done_fn *fn,
                           void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->page_done(port->data, main_id, done, fn, fn_data);
}

static void port_work_over(void *data, const char *request_id, enum sah_work_kind kind, sah_done_fn *fn, void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->work_over(port->data, request_id, kind, fn, fn_data);
}

static void port_message(void *data, const char *request_id, const struct sah_id *id, sah_bytes_fn *fn, void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->message(port->data, request_id, id, fn, fn_data);
}

static void port_feed(void *data, const struct sah_feed_cursor *cursor, uint32_t window_ms, sah_feed_fn *fn,
                      void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->feed(port->data, cursor, window_ms, fn, fn_data);
}

static void port_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->dead(port->data, endpoint, skip, n, fn, fn_data);
}

static void port_endpoints(void *data, sah_names_fn *fn, void *fn_data)
{
    const struct sah_store *port = ((struct sah_away *)data)->s.store;

    port->endpoints(port->data, fn, fn_data);
}

void store_init(struct sah_away *away)
{
    away->store = (struct sah_store){.data = away,
                                     .commit = port_commit,
                                     .load = port_load,
                                     .lease = port_lease,
                                     .settle = port_settle,
                                     .tick = port_tick,
                                     .stats = port_stats,
                                     .outbox_take = port_outbox_take,
                                     .outbox_ack = port_outbox_ack,
                                     .quarantine = port_quarantine,
                                     .quarantine_list = port_quarantine_list,
                                     .join = port_join,
                                     .page = port_page,
                                     .page_done = port_page_done,
                                     .work_over = port_work_over,
                                     .message = port_message,
                                     .feed = port_feed,
                                     .dead = port_dead,
                                     .endpoints = port_endpoints};
}

/* What never completed: the link was destroyed before. */
void store_fini(struct sah_away *away)
{
    while (away->calls_first != NULL) {
        struct store_call *call = away->calls_first;

        away->calls_first = call->next;
        if (call->watched != NULL)
            free((void *)(uintptr_t)call->watched->bytes.ptr);
        free(call->watched);
        free(call);
    }
}
