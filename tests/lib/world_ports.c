/*
 * world_ports - the ports that a router of the world sees: the fakes' own behind a layer that
 * can lose, fail and delay each call, forgets nothing when a router dies, and shows what passes
 * to the checks and to the planted faults.
 *
 * Owns:    calls under way. Used by: world.c.
 * Never:   decides what is right: world_check.c does.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/world_priv.h"

#define FN(fn) ((void (*)(void))(fn))

/* ---- faults of the store */

static void meet_fault(struct world_router *r)
{
    struct world *w = r->w;
    enum sah_memory_fault fault = w->next_fault;

    w->next_fault = SAH_MEMORY_FINE;
    if (w->store_is == WORLD_STORE_DOWN)
        fault = SAH_MEMORY_DOWN;
    else if (w->store_is == WORLD_STORE_FLAKY && world_roll(w, 3) == 0)
        fault = (enum sah_memory_fault)(SAH_MEMORY_DOWN + world_roll(w, 3));
    if (r->link != WORLD_LINK_FINE)
        fault = away_fault(r, fault);
    if (fault != SAH_MEMORY_FINE)
        w->healthy_since_ms = w->now_ms;
    sah_memory_store_fail_next(w->fake, fault, fault != SAH_MEMORY_FINE);
}

/* A call that goes to the fake; NULL: the router is dying, and world_crash() answers it. */
struct world_call *world_call_begin(struct world_router *r, enum world_call_kind kind,
                                    void (*fn)(void), void *data)
{
    struct world_call *call = world_call_new(r, kind, fn, data);

    if (r->dying)
        return NULL;
    call->fakes = true;
    if (kind != CALL_SEND) {
        sah_memory_store_as(r->w->fake, r->life);
        meet_fault(r);
    }
    return call;
}

/* Is somebody still there to hear of it? Frees the call either way. */
static bool is_over(struct world_call *call)
{
    bool dead = call->dead;

    world_call_free(call);
    return dead;
}

/* ---- completions */

static void on_commit(void *data, int err, const struct sah_committed *committed)
{
    struct world_call call = *(struct world_call *)data;

    if (is_over(data))
        return;
    if (call.forged)
        ((sah_commit_fn *)call.fn)(call.data, SAH_OK, &call.committed);
    else
        ((sah_commit_fn *)call.fn)(call.data, err, committed);
}

static void on_load(void *data, int err, const struct sah_request_view *view)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_load_fn *)call.fn)(call.data, err, view);
}

static void on_lease(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_lease_fn *)call.fn)(call.data, err, leased, n);
}

static void on_tick(void *data, int err, const struct sah_ticked *ticked)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_tick_fn *)call.fn)(call.data, err, ticked);
}

static void on_stats(void *data, int err, const struct sah_store_stats *stats)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_stats_fn *)call.fn)(call.data, err, stats);
}

static void on_events(void *data, int err, const struct sah_outbox_event *events, unsigned n)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_events_fn *)call.fn)(call.data, err, events, n);
}

static void on_done(void *data, int err)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_done_fn *)call.fn)(call.data, err);
}

static void on_pieces(void *data, int err, const char *json, size_t len)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_pieces_fn *)call.fn)(call.data, err, json, len);
}

static void on_page(void *data, int err, const struct sah_page *page)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_page_fn *)call.fn)(call.data, err, page);
}

static void on_bytes(void *data, int err, struct sah_slice bytes)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_bytes_fn *)call.fn)(call.data, err, bytes);
}

static void on_feed(void *data, int err, const struct sah_fed *fed)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_feed_fn *)call.fn)(call.data, err, fed);
}

static void on_dead(void *data, int err, const struct sah_dead_letter *letters, unsigned n, uint64_t total)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_dead_fn *)call.fn)(call.data, err, letters, n, total);
}

static void on_names(void *data, int err, const char (*names)[SAH_AGENCY_SIZE], unsigned n)
{
    struct world_call call = *(struct world_call *)data;

    if (!is_over(data))
        ((sah_names_fn *)call.fn)(call.data, err, names, n);
}

static void give_answer(struct world_call *call)
{
    struct world_call copy = *call;

    world_call_free(call);
    check_answer(copy.router->w, &copy, &copy.answer);
    plant_answer(copy.router->w, &copy, &copy.answer);
    ((sah_agency_fn *)copy.fn)(copy.data, &copy.answer);
}

void world_answered(void *data, const struct sah_agency_answer *answer)
{
    struct world_call *call = data;

    if (call->dead) {
        world_call_free(call);
        return;
    }
    call->fakes = false;
    call->answer = *answer;
    if (call->router->stalled_until_ms != 0)
        call->held = true;
    else
        give_answer(call);
}

void world_give_held(struct world_router *r)
{
    struct world_call *call = r->calls, *next;

    for (; call != NULL; call = next) {
        next = call->next;
        if (call->held) {
            give_answer(call); /* may make calls, at the head, and ends only itself */
            next = r->calls;
        }
    }
}

struct world_call *world_call_of(const struct memory_pending *p)
{
    static void (*const ours[])(void) = {FN(on_commit), FN(on_load),   FN(on_lease),  FN(on_tick), FN(on_stats), FN(on_events),
                                         FN(on_done),   FN(on_pieces), FN(on_page),   FN(on_bytes), FN(on_feed), FN(on_dead),
                                         FN(on_names)};

    for (unsigned i = 0; i < SAH_LEN(ours); i++)
        if (p->fn == ours[i])
            return p->fn_data;
    return NULL;
}

void world_call_fail(struct world_call *call)
{
    static const struct sah_committed committed;
    static const struct sah_ticked ticked;
    static const struct sah_store_stats stats;
    const struct sah_agency_answer answer = {.answer = {SAH_ANSWER_UNKNOWN, -1}};

    switch (call->kind) {
    case CALL_COMMIT:
        ((sah_commit_fn *)call->fn)(call->data, SAH_EDOWN, &committed);
        return;
    case CALL_LOAD:
        ((sah_load_fn *)call->fn)(call->data, SAH_EDOWN, NULL);
        return;
    case CALL_LEASE:
        ((sah_lease_fn *)call->fn)(call->data, SAH_EDOWN, NULL, 0);
        return;
    case CALL_DONE:
        ((sah_done_fn *)call->fn)(call->data, SAH_EDOWN);
        return;
    case CALL_TICK:
        ((sah_tick_fn *)call->fn)(call->data, SAH_EDOWN, &ticked);
        return;
    case CALL_STATS:
        ((sah_stats_fn *)call->fn)(call->data, SAH_EDOWN, &stats);
        return;
    case CALL_EVENTS:
        ((sah_events_fn *)call->fn)(call->data, SAH_EDOWN, NULL, 0);
        return;
    case CALL_PIECES:
        ((sah_pieces_fn *)call->fn)(call->data, SAH_EDOWN, NULL, 0);
        return;
    case CALL_PAGE:
        ((sah_page_fn *)call->fn)(call->data, SAH_EDOWN, NULL);
        return;
    case CALL_BYTES:
        ((sah_bytes_fn *)call->fn)(call->data, SAH_EDOWN, (struct sah_slice){"", 0});
        return;
    case CALL_FEED:
        ((sah_feed_fn *)call->fn)(call->data, SAH_EDOWN, NULL);
        return;
    case CALL_DEAD:
        ((sah_dead_fn *)call->fn)(call->data, SAH_EDOWN, NULL, 0, 0);
        return;
    case CALL_NAMES:
        ((sah_names_fn *)call->fn)(call->data, SAH_EDOWN, NULL, 0);
        return;
    case CALL_SEND:
        ((sah_agency_fn *)call->fn)(call->data, &answer);
        return;
    }
}

/* ---- the store's port */

static void port_commit(void *data, const struct sah_change *said, sah_commit_fn *fn,
                        void *fn_data)
{
    struct world_router *r = data;
    struct world *w = r->w;
    struct world_call *call = world_call_begin(r, CALL_COMMIT, FN(fn), fn_data);
    const struct sah_change *change;
    const struct memory_request *kept;
    struct world_before before;
    struct world_ready leased;
    bool applied;

    if (call == NULL)
        return;
    change = plant_core_change(w, said);
    check_before(w, change, &before);
    check_also_before(w, change, &leased);
    w->fake_port->commit(w->fake_port->data, plant_store_change(w, change), on_commit, call);
    kept = model_request(w->fake, change->request_id);
    applied = kept != NULL && kept->view.revision != before.revision;
    plant_after_commit(w, change, applied, call);
    if (applied) {
        check_commit(w, r, change, &before);
        check_also_leased(w, change, &leased);
    }
}

static void port_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_LOAD, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->load(r->w->fake_port->data, request_id, on_load, call);
}

static void port_lease(void *data, const char *endpoint, unsigned max_class, unsigned n,
                       sah_lease_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world *w = r->w;
    struct world_call *call = world_call_begin(r, CALL_LEASE, FN(fn), fn_data);
    struct world_ready ready;

    if (call == NULL)
        return;
    if (plant_no_lease(w, endpoint))
        endpoint = "nowhere";
    check_lease_before(w, endpoint, &ready);
    plant_before_lease(w, endpoint);
    if (ready.n == 0 && w->plant < 0)
        max_class = 0; /* nothing there in any class: the fake need not look through all */
    w->fake_port->lease(w->fake_port->data, endpoint, max_class, n, on_lease, call);
    check_lease(w, endpoint, max_class, n, &ready);
}

static void port_settle(void *data, const struct sah_settle *settle, sah_done_fn *fn,
                        void *fn_data)
{
    struct world_router *r = data;
    struct world *w = r->w;
    struct world_call *call = world_call_begin(r, CALL_DONE, FN(fn), fn_data);
    struct sah_settle planted = *settle;
    struct world_before before;

    if (call == NULL)
        return;
    check_settle_before(w, settle, &before);
    plant_settle(w, &planted);
    w->fake_port->settle(w->fake_port->data, &planted, on_done, call);
    check_settle(w, settle, &before);
}

static void port_tick(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_TICK, FN(fn), fn_data);

    r->ticked = true;
    if (call != NULL)
        r->w->fake_port->tick(r->w->fake_port->data, limit, on_tick, call);
}

static void port_stats(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn,
                       void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_STATS, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->stats(r->w->fake_port->data, endpoints, n, on_stats, call);
}

static void port_outbox_take(void *data, const char *channel, unsigned n, uint32_t lease_ms,
                             sah_events_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_EVENTS, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->outbox_take(r->w->fake_port->data, channel, n, lease_ms, on_events,
                                     call);
}

static void port_outbox_ack(void *data, const char *event_id, sah_done_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_DONE, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->outbox_ack(r->w->fake_port->data, event_id, on_done, call);
}

static void port_quarantine(void *data, const char *source, const char *why, const void *bytes,
                            size_t len, sah_done_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_DONE, FN(fn), fn_data);

    if (call != NULL && r->w->away != NULL)
        away_kept_for_a_person(r->w, bytes, len);
    if (call != NULL)
        r->w->fake_port->quarantine(r->w->fake_port->data, source, why, bytes, len, on_done,
                                    call);
}

static void port_join(void *data, const char *main_id, const struct sah_item *item, bool at_once,
                      uint32_t update_ms, sah_done_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_DONE, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->join(r->w->fake_port->data, main_id, item, at_once, update_ms, on_done, call);
}

static void port_page(void *data, const char *main_id, sah_page_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_PAGE, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->page(r->w->fake_port->data, main_id, on_page, call);
}

static void port_page_done(void *data, const char *main_id, const struct sah_page_done *done,
                           sah_done_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_DONE, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->page_done(r->w->fake_port->data, main_id, done, on_done, call);
}

static void port_work_over(void *data, const char *request_id, enum sah_work_kind kind,
                           sah_done_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_DONE, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->work_over(r->w->fake_port->data, request_id, kind, on_done, call);
}

static void port_message(void *data, const char *request_id, const struct sah_id *id,
                         sah_bytes_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_BYTES, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->message(r->w->fake_port->data, request_id, id, on_bytes, call);
}

static void port_feed(void *data, const struct sah_feed_cursor *cursor, uint32_t window_ms,
                      sah_feed_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_FEED, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->feed(r->w->fake_port->data, cursor, window_ms, on_feed, call);
}

static void port_quarantine_list(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_PIECES, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->quarantine_list(r->w->fake_port->data, n, on_pieces, call);
}

static void port_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_DEAD, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->dead(r->w->fake_port->data, endpoint, skip, n, on_dead, call);
}

static void port_endpoints(void *data, sah_names_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world_call *call = world_call_begin(r, CALL_NAMES, FN(fn), fn_data);

    if (call != NULL)
        r->w->fake_port->endpoints(r->w->fake_port->data, on_names, call);
}

/* ---- adapters */

static int port_send_event(void *data, const struct sah_outbox_event *event)
{
    struct world_router *r = data;
    struct world *w = r->w;
    int err;

    if (r->dying)
        return SAH_EDOWN;
    err = w->adapters_port->send_event(w->adapters_port->data, event);
    if (err == SAH_OK) {
        if (w->away != NULL)
            away_see_event(w, r, event);
        check_event(w, event);
    }
    return err;
}

static unsigned port_channels(void *data, char ret_channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE])
{
    const struct world_router *r = data;

    return r->w->adapters_port->channels(r->w->adapters_port->data, ret_channels);
}

void world_ports_init(struct world_router *r)
{
    r->store = (struct sah_store){.data = r,
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
    r->agencies = (struct sah_agencies){.data = r, .send = world_send};
    r->adapters = (struct sah_adapters){
        .data = r, .send_event = port_send_event, .channels = port_channels};
}
