/*
 * memory_store - the port in memory: applies a call, keeps its completion until its turn.
 *
 * Owns: completions that wait, faults to come.
 * Used by: see memory_store.h.
 * Never: completes from inside a call.
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"
#include "policy/outcome.h"

#define MEMORY_MAGIC     0xfa4e5702u
#define ORDER_BOUND_MS   2000
#define OWNER_DEAD_MS    2000
#define FORWARD_MS       10000 /* the two of clock.lua */
#define ALARM_MS         1000
#define TICK_MAX         128
#define TAKE_MAX         64
#define QUARANTINE_BYTES 2048

void vec_add(struct vec *vec, void *item)
{
    if (vec->n == vec->cap) {
        size_t cap = vec->cap == 0 ? 16 : vec->cap * 2;
        void **v = realloc(vec->v, cap * sizeof *v);

        SAH_ASSERT(v != NULL);
        vec->v = v;
        vec->cap = cap;
    }
    vec->v[vec->n++] = item;
}

void vec_remove(struct vec *vec, size_t i)
{
    vec->n--;
    memmove(&vec->v[i], &vec->v[i + 1], (vec->n - i) * sizeof *vec->v);
}

void vec_fini(struct vec *vec)
{
    for (size_t i = 0; i < vec->n; i++)
        free(vec->v[i]);
    free(vec->v);
}

/* ---- faults and the queue of completions */

struct memory_pending *memory_defer(struct sah_memory_store *memory,
                                    void (*finish)(struct sah_memory_store *,
                                                   const struct memory_pending *),
                                    void (*fn)(void), void *fn_data)
{
    struct memory_pending *p = calloc(1, sizeof *p);

    SAH_CHECK(memory, MEMORY_MAGIC);
    SAH_ASSERT(p != NULL);
    p->finish = finish;
    p->fn = fn;
    p->fn_data = fn_data;
    if (memory->last != NULL)
        memory->last->next = p;
    else
        memory->first = p;
    memory->last = p;
    if (memory->settings.on_pending != NULL)
        memory->settings.on_pending(memory->settings.data);
    return p;
}

/* The fault this operation meets; *ret_err is what its caller will hear instead of the truth.
 */
bool memory_is_applied(struct sah_memory_store *memory, int *ret_err)
{
    enum sah_memory_fault fault = memory->n_faults > 0 ? memory->fault : SAH_MEMORY_FINE;

    if (memory->n_faults > 0)
        memory->n_faults--;
    *ret_err = SAH_OK;
    switch (fault) {
    case SAH_MEMORY_FINE:
        return true;
    case SAH_MEMORY_DOWN:
        *ret_err = SAH_EDOWN;
        return false;
    case SAH_MEMORY_TIMEOUT_BEFORE:
        *ret_err = SAH_ETIMEOUT;
        return false;
    case SAH_MEMORY_TIMEOUT_AFTER:
        *ret_err = SAH_ETIMEOUT;
        return true;
    }
    return true;
}

bool sah_memory_store_step(struct sah_memory_store *memory)
{
    struct memory_pending *p = memory->first;

    SAH_CHECK(memory, MEMORY_MAGIC);
    if (p == NULL)
        return false;
    memory->first = p->next;
    if (memory->first == NULL)
        memory->last = NULL;
    p->finish(memory, p);
    free(p->items);
    free(p);
    return true;
}

unsigned sah_memory_store_run(struct sah_memory_store *memory)
{
    const struct memory_pending *last = memory->last;
    unsigned n = 0;
    bool was_last = last == NULL;

    while (!was_last) {
        was_last = memory->first == last;
        sah_memory_store_step(memory);
        n++;
    }
    return n;
}

unsigned sah_memory_store_forget(struct sah_memory_store *memory)
{
    unsigned n = 0;

    while (memory->first != NULL) {
        struct memory_pending *p = memory->first;

        memory->first = p->next;
        free(p->items);
        free(p);
        n++;
    }
    memory->last = NULL;
    return n;
}

void sah_memory_store_lose(struct sah_memory_store *memory)
{
    for (struct memory_pending *p = memory->first; p != NULL; p = p->next) {
        p->err = SAH_ETIMEOUT;
        p->n = 0;
        memset(&p->committed, 0, sizeof p->committed);
        memset(&p->ticked, 0, sizeof p->ticked);
    }
}

void sah_memory_store_fail_next(struct sah_memory_store *memory, enum sah_memory_fault fault,
                                unsigned n)
{
    memory->fault = fault;
    memory->n_faults = n;
}

/* ---- the port */

static void finish_commit(struct sah_memory_store *memory, const struct memory_pending *p)
{
    struct sah_committed committed = p->committed;

    SAH_UNUSED(memory);
    committed.leased = p->items;
    committed.n_leased = p->n;
    ((sah_commit_fn *)p->fn)(p->fn_data, p->err, &committed);
}

static void lease_wanted(struct sah_memory_store *memory, const struct sah_change *change, struct memory_pending *p)
{
    struct sah_leased *leased;
    unsigned all = 0;

    for (unsigned i = 0; i < change->n_wants; i++)
        all += change->wants[i].n;
    SAH_ASSERT(change->n_wants <= SAH_WANTS_MAX && all <= SAH_LEASE_MAX);
    if (all == 0 || p->err != SAH_OK || p->committed.duplicate || p->committed.stale || p->committed.held)
        return;
    p->committed.looked = true;
    p->items = leased = calloc(all, sizeof *leased);
    SAH_ASSERT(leased != NULL);
    for (unsigned i = 0; i < change->n_wants; i++)
        p->n += model_lease(memory, change->wants[i].endpoint, change->wants[i].max_class, change->wants[i].n,
                            leased + p->n);
}

static void port_commit(void *data, const struct sah_change *change, sah_commit_fn *fn,
                        void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_commit, FN(fn), fn_data);
    int lost, err;

    SAH_ASSERT(change->n_lines <= SAH_LINES_MAX && change->n_plans <= SAH_PLANS_MAX &&
               change->n_events <= SAH_EVENTS_MAX);
    if (memory_is_applied(memory, &lost)) {
        err = model_commit(memory, change, &p->committed);
        p->err = err;
        lease_wanted(memory, change, p);
    }
    if (lost != SAH_OK) {
        p->err = lost;
        p->n = 0;
        memset(&p->committed, 0, sizeof p->committed);
    }
}

static void finish_load(struct sah_memory_store *memory, const struct memory_pending *p)
{
    struct memory_request *r = p->items;

    if (p->err != SAH_OK) {
        ((sah_load_fn *)p->fn)(p->fn_data, p->err, NULL);
        return;
    }
    if (sah_message_decode(r->first->bytes, r->first->len, memory->scratch, NULL, 0) !=
        SAH_OK) {
        ((sah_load_fn *)p->fn)(p->fn_data, SAH_EPROTO, NULL);
        return;
    }
    r->view.request = memory->scratch;
    ((sah_load_fn *)p->fn)(p->fn_data, SAH_OK, &r->view);
}

static void port_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_load, FN(fn), fn_data);
    const struct memory_request *r = model_request(memory, request_id);
    struct memory_request *copy;

    memory_is_applied(memory, &p->err);
    if (p->err != SAH_OK)
        return;
    if (r == NULL) {
        p->err = SAH_ENOENT;
        return;
    }
    copy = malloc(sizeof *copy);
    SAH_ASSERT(copy != NULL);
    *copy = *r;
    p->items = copy;
}

static void finish_lease(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_lease_fn *)p->fn)(p->fn_data, p->err, p->items, p->err == SAH_OK ? p->n : 0);
}

static unsigned bounded(unsigned n, unsigned max)
{
    return n < 1 ? 1 : n > max ? max : n;
}

static void port_lease(void *data, const char *endpoint, unsigned max_class, unsigned n,
                       sah_lease_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_lease, FN(fn), fn_data);

    SAH_ASSERT(max_class < SAH_N_CLASSES);
    n = bounded(n, SAH_LEASE_MAX);
    p->items = calloc(n, sizeof(struct sah_leased));
    SAH_ASSERT(p->items != NULL);
    if (memory_is_applied(memory, &p->err))
        p->n = model_lease(memory, endpoint, max_class, n, p->items);
}

void memory_finish_done(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_done_fn *)p->fn)(p->fn_data, p->err);
}

static void port_settle(void *data, const struct sah_settle *settle, sah_done_fn *fn,
                        void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, memory_finish_done, FN(fn), fn_data);
    int lost;

    SAH_ASSERT(settle->kind == SAH_SETTLE_DELAY);
    if (memory_is_applied(memory, &lost))
        p->err = model_settle(memory, settle);
    if (lost != SAH_OK)
        p->err = lost;
}

static void finish_tick(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_tick_fn *)p->fn)(p->fn_data, p->err, &p->ticked);
}

static void port_tick(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_tick, FN(fn), fn_data);

    if (memory_is_applied(memory, &p->err))
        model_tick(memory, bounded(limit, TICK_MAX), &p->ticked);
    if (p->err != SAH_OK)
        memset(&p->ticked, 0, sizeof p->ticked);
}

static void finish_stats(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_stats_fn *)p->fn)(p->fn_data, p->err, &p->stats);
}

static void port_stats(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn,
                       void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_stats, FN(fn), fn_data);
    struct sah_queue_stat *queues = calloc(n + 1, sizeof *queues);

    SAH_ASSERT(queues != NULL);
    p->items = queues;
    for (unsigned i = 0; i < n; i++)
        sah_format(queues[i].endpoint, sizeof queues[i].endpoint, "%s", endpoints[i]);
    p->stats.queues = queues;
    p->stats.n_queues = n;
    memory_is_applied(memory, &p->err);
    if (p->err == SAH_OK)
        model_stats(memory, &p->stats, queues);
}

static void finish_take(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_events_fn *)p->fn)(p->fn_data, p->err, p->items, p->err == SAH_OK ? p->n : 0);
}

static void port_outbox_take(void *data, const char *channel, unsigned n, uint32_t lease_ms,
                             sah_events_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_take, FN(fn), fn_data);

    n = bounded(n, TAKE_MAX);
    p->items = calloc(n, sizeof(struct sah_outbox_event));
    SAH_ASSERT(p->items != NULL);
    if (memory_is_applied(memory, &p->err))
        p->n = model_take(memory, channel, n, lease_ms > 0 ? lease_ms : 1, p->items);
}

static bool event_id_good(const char *id)
{
    return strlen(id) == 21 && strchr("EBR", id[0]) != NULL &&
           strncmp(id + 1, "-00-", 4) == 0 && strspn(id + 5, "0123456789") == 16;
}

static void port_outbox_ack(void *data, const char *event_id, sah_done_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, memory_finish_done, FN(fn), fn_data);

    if (!event_id_good(event_id))
        p->err = SAH_EINVAL;
    else if (memory_is_applied(memory, &p->err))
        model_forget_event(memory, event_id);
}

static void port_quarantine(void *data, const char *source, const char *why, const void *bytes,
                            size_t len, sah_done_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, memory_finish_done, FN(fn), fn_data);
    char hex[2 * QUARANTINE_BYTES + 1];
    struct sah_buf buf;

    if (!memory_is_applied(memory, &p->err))
        return;
    sah_hex(hex, bytes, len < QUARANTINE_BYTES ? len : QUARANTINE_BYTES);
    sah_buf_init(&buf, 8192);
    sah_buf_addf(
        &buf, "{\"at_ms\":%lld,\"source\":\"%s\",\"why\":\"%s\",\"bytes\":%zu,\"hex\":\"%s\"}",
        (long long)memory->now_ms, source, why, len, hex);
    SAH_ASSERT(!buf.failed);
    vec_add(&memory->quarantined, buf.data);
    memory->n_quarantined++;
    if (memory->quarantined.n > QUARANTINE_KEPT) {
        free(memory->quarantined.v[0]);
        vec_remove(&memory->quarantined, 0);
    }
}

static void finish_pieces(struct sah_memory_store *memory, const struct memory_pending *p)
{
    const char *text = p->items;

    SAH_UNUSED(memory);
    ((sah_pieces_fn *)p->fn)(p->fn_data, p->err, text, text != NULL ? strlen(text) : 0);
}

static void port_quarantine_list(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_pieces, FN(fn), fn_data);
    struct sah_buf buf;

    memory_is_applied(memory, &p->err);
    if (p->err != SAH_OK)
        return;
    sah_buf_init(&buf, (size_t)16 * 1024 * 1024);
    sah_buf_add_text(&buf, "[");
    for (size_t i = 0; i < memory->quarantined.n && i < bounded(n, TICK_MAX); i++) {
        sah_buf_add_text(&buf, i > 0 ? "," : "");
        sah_buf_add_text(&buf, memory->quarantined.v[memory->quarantined.n - 1 - i]);
    }
    sah_buf_add_text(&buf, "]");
    SAH_ASSERT(!buf.failed);
    p->items = buf.data;
}

static void finish_dead(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_dead_fn *)p->fn)(p->fn_data, p->err, p->items, p->n, p->total);
}

static void port_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_dead, FN(fn), fn_data);

    memory_is_applied(memory, &p->err);
    if (p->err != SAH_OK)
        return;
    n = bounded(n, SAH_DEAD_MAX);
    p->items = calloc(n, sizeof(struct sah_dead_letter));
    SAH_ASSERT(p->items != NULL);
    p->n = model_dead(memory, endpoint, skip, n, p->items, &p->total);
}

static void finish_names(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_names_fn *)p->fn)(p->fn_data, p->err, p->items, p->n);
}

static void port_endpoints(void *data, sah_names_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_names, FN(fn), fn_data);

    memory_is_applied(memory, &p->err);
    if (p->err != SAH_OK)
        return;
    p->items = calloc(SAH_NAMES_MAX, SAH_AGENCY_SIZE);
    SAH_ASSERT(p->items != NULL);
    p->n = model_endpoints(memory, p->items);
}

/* ---- life */

static const struct sah_store port = {
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
    .dead = port_dead,
    .endpoints = port_endpoints,
};

int sah_memory_store_create(const struct sah_memory_store_settings *settings,
                            struct sah_memory_store **ret_memory)
{
    struct sah_memory_store *memory = calloc(1, sizeof *memory);

    if (memory == NULL)
        return SAH_ENOMEM;
    memory->scratch = calloc(1, sizeof *memory->scratch);
    if (memory->scratch == NULL) {
        free(memory);
        return SAH_ENOMEM;
    }
    memory->magic = MEMORY_MAGIC;
    memory->settings = *settings;
    memory->now_ms = settings->now_ms;
    memory->event_seq = settings->first_event;
    if (memory->settings.order_bound_ms == 0)
        memory->settings.order_bound_ms = ORDER_BOUND_MS;
    if (memory->settings.owner_dead_ms == 0)
        memory->settings.owner_dead_ms = OWNER_DEAD_MS;
    for (unsigned c = 0; c < SAH_N_CLASSES; c++) {
        if (memory->settings.lease_ms[c] == 0)
            memory->settings.lease_ms[c] = sah_lease_ms((enum sah_priority)(c + 1));
    }
    memory->port = port;
    memory->port.data = memory;
    memory_incident_ports(&memory->port);
    *ret_memory = memory;
    return SAH_OK;
}

void sah_memory_store_destroy(struct sah_memory_store *memory)
{
    if (memory == NULL)
        return;
    SAH_CHECK(memory, MEMORY_MAGIC);
    sah_memory_store_forget(memory);
    for (size_t i = 0; i < memory->requests.n; i++) {
        struct memory_request *r = memory->requests.v[i];

        free(r->messages.v);
        free(r->deliveries.v);
        free(r->events.v);
    }
    vec_fini(&memory->requests);
    model_place_fini(memory);
    index_fini(&memory->request_of);
    index_fini(&memory->message_of);
    index_fini(&memory->delivery_of);
    vec_fini(&memory->messages);
    vec_fini(&memory->deliveries);
    vec_fini(&memory->events);
    vec_fini(&memory->quarantined);
    vec_fini(&memory->pages);
    vec_fini(&memory->items);
    vec_fini(&memory->works);
    vec_fini(&memory->fed);
    vec_fini(&memory->histories);
    vec_fini(&memory->exacts);
    free(memory->scratch);
    memory->magic = 0;
    free(memory);
}

const struct sah_store *sah_memory_store_port(struct sah_memory_store *memory)
{
    SAH_CHECK(memory, MEMORY_MAGIC);
    return &memory->port;
}

/* As clock.lua: back is made good; forward by more than can have passed is not believed. */
void sah_memory_store_set_clocks(struct sah_memory_store *memory, int64_t wall_ms, uint64_t mono_ms)
{
    int64_t now_ms = wall_ms + memory->offset_ms, step_ms = now_ms - memory->now_ms;
    int64_t passed_ms = mono_ms == 0 || memory->mono_ms == 0 ? INT64_MAX / 2
                        : mono_ms > memory->mono_ms          ? (int64_t)(mono_ms - memory->mono_ms)
                                                             : 0;
    int64_t wrong_ms = step_ms < 0 ? step_ms : step_ms > passed_ms + FORWARD_MS ? step_ms - passed_ms : 0;

    SAH_CHECK(memory, MEMORY_MAGIC);
    memory->mono_ms = mono_ms;
    memory->offset_ms -= wrong_ms;
    memory->n_jumps += wrong_ms > 0 || wrong_ms <= -ALARM_MS;
    memory->now_ms = wall_ms + memory->offset_ms;
}

void sah_memory_store_set_now(struct sah_memory_store *memory, int64_t wall_ms)
{
    sah_memory_store_set_clocks(memory, wall_ms, 0);
}

int64_t sah_memory_store_now(const struct sah_memory_store *memory)
{
    return memory->now_ms;
}

void sah_memory_store_as(struct sah_memory_store *memory, unsigned owner)
{
    SAH_CHECK(memory, MEMORY_MAGIC);
    SAH_ASSERT(owner < SAH_MEMORY_OWNERS);
    memory->owner = owner;
}

const struct sah_memory_delivery *
sah_memory_store_delivery(const struct sah_memory_store *memory, size_t i)
{
    return i < memory->deliveries.n ? memory->deliveries.v[i] : NULL;
}

size_t sah_memory_store_outbox(const struct sah_memory_store *memory)
{
    return memory->events.n;
}
