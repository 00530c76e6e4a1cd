/*
 * fake_store - the port of the fake: applies a call, keeps its completion until its turn.
 *
 * Owns: completions that wait, faults to come.
 * Used by: see fake_store.h.
 * Never: completes from inside a call.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/fake_store_priv.h"
#include "policy/outcome.h"

#define FAKE_MAGIC       0xfa4e5702u
#define ORDER_BOUND_MS   2000
#define OWNER_DEAD_MS    2000
#define TICK_MAX         128
#define TAKE_MAX         64
#define QUARANTINE_BYTES 2048

struct fake_pending {
    struct fake_pending *next;
    void (*finish)(struct sah_fake_store *fake, const struct fake_pending *p);
    int err;
    void (*fn)(void); /* the typed function; each finish knows which */
    void *fn_data;
    unsigned n;
    void *items; /* leased, events, queues, view, text: freed after the completion */
    struct sah_committed committed;
    struct sah_ticked ticked;
    struct sah_store_stats stats;
};

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

#define FN(fn) ((void (*)(void))(fn))

static struct fake_pending *defer(struct sah_fake_store *fake,
                                  void (*finish)(struct sah_fake_store *,
                                                 const struct fake_pending *),
                                  void (*fn)(void), void *fn_data)
{
    struct fake_pending *p = calloc(1, sizeof *p);

    SAH_CHECK(fake, FAKE_MAGIC);
    SAH_ASSERT(p != NULL);
    p->finish = finish;
    p->fn = fn;
    p->fn_data = fn_data;
    if (fake->last != NULL)
        fake->last->next = p;
    else
        fake->first = p;
    fake->last = p;
    return p;
}

/* The fault this operation meets; *ret_err is what its caller will hear instead of the truth.
 */
static bool is_applied(struct sah_fake_store *fake, int *ret_err)
{
    enum sah_fake_fault fault = fake->n_faults > 0 ? fake->fault : SAH_FAKE_FINE;

    if (fake->n_faults > 0)
        fake->n_faults--;
    *ret_err = SAH_OK;
    switch (fault) {
    case SAH_FAKE_FINE:
        return true;
    case SAH_FAKE_DOWN:
        *ret_err = SAH_EDOWN;
        return false;
    case SAH_FAKE_TIMEOUT_BEFORE:
        *ret_err = SAH_ETIMEOUT;
        return false;
    case SAH_FAKE_TIMEOUT_AFTER:
        *ret_err = SAH_ETIMEOUT;
        return true;
    }
    return true;
}

bool sah_fake_store_step(struct sah_fake_store *fake)
{
    struct fake_pending *p = fake->first;

    SAH_CHECK(fake, FAKE_MAGIC);
    if (p == NULL)
        return false;
    fake->first = p->next;
    if (fake->first == NULL)
        fake->last = NULL;
    p->finish(fake, p);
    free(p->items);
    free(p);
    return true;
}

unsigned sah_fake_store_run(struct sah_fake_store *fake)
{
    const struct fake_pending *last = fake->last;
    unsigned n = 0;
    bool was_last = last == NULL;

    while (!was_last) {
        was_last = fake->first == last;
        sah_fake_store_step(fake);
        n++;
    }
    return n;
}

unsigned sah_fake_store_forget(struct sah_fake_store *fake)
{
    unsigned n = 0;

    while (fake->first != NULL) {
        struct fake_pending *p = fake->first;

        fake->first = p->next;
        free(p->items);
        free(p);
        n++;
    }
    fake->last = NULL;
    return n;
}

void sah_fake_store_fail_next(struct sah_fake_store *fake, enum sah_fake_fault fault,
                              unsigned n)
{
    fake->fault = fault;
    fake->n_faults = n;
}

/* ---- the port */

static void finish_commit(struct sah_fake_store *fake, const struct fake_pending *p)
{
    SAH_UNUSED(fake);
    ((sah_commit_fn *)p->fn)(p->fn_data, p->err, &p->committed);
}

static void port_commit(void *data, const struct sah_change *change, sah_commit_fn *fn,
                        void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_commit, FN(fn), fn_data);
    int lost, err;

    SAH_ASSERT(change->n_lines <= SAH_LINES_MAX && change->n_plans <= SAH_PLANS_MAX &&
               change->n_events <= SAH_EVENTS_MAX);
    if (is_applied(fake, &lost)) {
        err = model_commit(fake, change, &p->committed);
        p->err = err;
    }
    if (lost != SAH_OK) {
        p->err = lost;
        memset(&p->committed, 0, sizeof p->committed);
    }
}

static void finish_load(struct sah_fake_store *fake, const struct fake_pending *p)
{
    struct fake_request *r = p->items;

    if (p->err != SAH_OK) {
        ((sah_load_fn *)p->fn)(p->fn_data, p->err, NULL);
        return;
    }
    if (sah_message_decode(r->first->bytes, r->first->len, fake->scratch, NULL, 0) != SAH_OK) {
        ((sah_load_fn *)p->fn)(p->fn_data, SAH_EPROTO, NULL);
        return;
    }
    r->view.request = fake->scratch;
    ((sah_load_fn *)p->fn)(p->fn_data, SAH_OK, &r->view);
}

static void port_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_load, FN(fn), fn_data);
    const struct fake_request *r = model_request(fake, request_id);
    struct fake_request *copy;

    is_applied(fake, &p->err);
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

static void finish_lease(struct sah_fake_store *fake, const struct fake_pending *p)
{
    SAH_UNUSED(fake);
    ((sah_lease_fn *)p->fn)(p->fn_data, p->err, p->items, p->err == SAH_OK ? p->n : 0);
}

static unsigned bounded(unsigned n, unsigned max)
{
    return n < 1 ? 1 : n > max ? max : n;
}

static void port_lease(void *data, const char *endpoint, unsigned max_class, unsigned n,
                       sah_lease_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_lease, FN(fn), fn_data);

    SAH_ASSERT(max_class < SAH_N_CLASSES);
    n = bounded(n, SAH_LEASE_MAX);
    p->items = calloc(n, sizeof(struct sah_leased));
    SAH_ASSERT(p->items != NULL);
    if (is_applied(fake, &p->err))
        p->n = model_lease(fake, endpoint, max_class, n, p->items);
}

static void finish_done(struct sah_fake_store *fake, const struct fake_pending *p)
{
    SAH_UNUSED(fake);
    ((sah_done_fn *)p->fn)(p->fn_data, p->err);
}

static void port_settle(void *data, const struct sah_settle *settle, sah_done_fn *fn,
                        void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_done, FN(fn), fn_data);
    int lost;

    SAH_ASSERT(settle->kind == SAH_SETTLE_DELAY);
    if (is_applied(fake, &lost))
        p->err = model_settle(fake, settle);
    if (lost != SAH_OK)
        p->err = lost;
}

static void finish_tick(struct sah_fake_store *fake, const struct fake_pending *p)
{
    SAH_UNUSED(fake);
    ((sah_tick_fn *)p->fn)(p->fn_data, p->err, &p->ticked);
}

static void port_tick(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_tick, FN(fn), fn_data);

    if (is_applied(fake, &p->err))
        model_tick(fake, bounded(limit, TICK_MAX), &p->ticked);
    if (p->err != SAH_OK)
        memset(&p->ticked, 0, sizeof p->ticked);
}

static void finish_stats(struct sah_fake_store *fake, const struct fake_pending *p)
{
    SAH_UNUSED(fake);
    ((sah_stats_fn *)p->fn)(p->fn_data, p->err, &p->stats);
}

static void port_stats(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn,
                       void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_stats, FN(fn), fn_data);
    struct sah_queue_stat *queues = calloc(n + 1, sizeof *queues);

    SAH_ASSERT(queues != NULL);
    p->items = queues;
    for (unsigned i = 0; i < n; i++)
        sah_format(queues[i].endpoint, sizeof queues[i].endpoint, "%s", endpoints[i]);
    p->stats.queues = queues;
    p->stats.n_queues = n;
    is_applied(fake, &p->err);
    if (p->err == SAH_OK)
        model_stats(fake, &p->stats, queues);
}

static void finish_take(struct sah_fake_store *fake, const struct fake_pending *p)
{
    SAH_UNUSED(fake);
    ((sah_events_fn *)p->fn)(p->fn_data, p->err, p->items, p->err == SAH_OK ? p->n : 0);
}

static void port_outbox_take(void *data, const char *channel, unsigned n, uint32_t lease_ms,
                             sah_events_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_take, FN(fn), fn_data);

    n = bounded(n, TAKE_MAX);
    p->items = calloc(n, sizeof(struct sah_outbox_event));
    SAH_ASSERT(p->items != NULL);
    if (is_applied(fake, &p->err))
        p->n = model_take(fake, channel, n, lease_ms > 0 ? lease_ms : 1, p->items);
}

static bool event_id_good(const char *id)
{
    return strlen(id) == 21 && strchr("EBR", id[0]) != NULL &&
           strncmp(id + 1, "-00-", 4) == 0 && strspn(id + 5, "0123456789") == 16;
}

static void port_outbox_ack(void *data, const char *event_id, sah_done_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_done, FN(fn), fn_data);

    if (!event_id_good(event_id))
        p->err = SAH_EINVAL;
    else if (is_applied(fake, &p->err)) {
        for (size_t i = 0; i < fake->events.n; i++) {
            struct fake_event *e = fake->events.v[i];

            if (strcmp(e->event.event_id, event_id) != 0)
                continue;
            vec_remove(&fake->events, i);
            free(e);
            break;
        }
    }
}

static void port_quarantine(void *data, const char *source, const char *why, const void *bytes,
                            size_t len, sah_done_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_done, FN(fn), fn_data);
    char hex[2 * QUARANTINE_BYTES + 1];
    struct sah_buf buf;

    if (!is_applied(fake, &p->err))
        return;
    sah_hex(hex, bytes, len < QUARANTINE_BYTES ? len : QUARANTINE_BYTES);
    sah_buf_init(&buf, 8192);
    sah_buf_addf(
        &buf, "{\"at_ms\":%lld,\"source\":\"%s\",\"why\":\"%s\",\"bytes\":%zu,\"hex\":\"%s\"}",
        (long long)fake->now_ms, source, why, len, hex);
    SAH_ASSERT(!buf.failed);
    vec_add(&fake->quarantined, buf.data);
    fake->n_quarantined++;
    if (fake->quarantined.n > QUARANTINE_KEPT) {
        free(fake->quarantined.v[0]);
        vec_remove(&fake->quarantined, 0);
    }
}

static void finish_pieces(struct sah_fake_store *fake, const struct fake_pending *p)
{
    const char *text = p->items;

    SAH_UNUSED(fake);
    ((sah_pieces_fn *)p->fn)(p->fn_data, p->err, text, text != NULL ? strlen(text) : 0);
}

static void port_quarantine_list(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data)
{
    struct sah_fake_store *fake = data;
    struct fake_pending *p = defer(fake, finish_pieces, FN(fn), fn_data);
    struct sah_buf buf;

    is_applied(fake, &p->err);
    if (p->err != SAH_OK)
        return;
    sah_buf_init(&buf, (size_t)16 * 1024 * 1024);
    sah_buf_add_text(&buf, "[");
    for (size_t i = 0; i < fake->quarantined.n && i < bounded(n, TICK_MAX); i++) {
        sah_buf_add_text(&buf, i > 0 ? "," : "");
        sah_buf_add_text(&buf, fake->quarantined.v[fake->quarantined.n - 1 - i]);
    }
    sah_buf_add_text(&buf, "]");
    SAH_ASSERT(!buf.failed);
    p->items = buf.data;
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
};

int sah_fake_store_create(const struct sah_fake_store_settings *settings,
                          struct sah_fake_store **ret_fake)
{
    struct sah_fake_store *fake = calloc(1, sizeof *fake);

    if (fake == NULL)
        return SAH_ENOMEM;
    fake->scratch = calloc(1, sizeof *fake->scratch);
    if (fake->scratch == NULL) {
        free(fake);
        return SAH_ENOMEM;
    }
    fake->magic = FAKE_MAGIC;
    fake->settings = *settings;
    fake->now_ms = settings->now_ms;
    if (fake->settings.order_bound_ms == 0)
        fake->settings.order_bound_ms = ORDER_BOUND_MS;
    if (fake->settings.owner_dead_ms == 0)
        fake->settings.owner_dead_ms = OWNER_DEAD_MS;
    for (unsigned c = 0; c < SAH_N_CLASSES; c++) {
        if (fake->settings.lease_ms[c] == 0)
            fake->settings.lease_ms[c] = sah_lease_ms((enum sah_priority)(c + 1));
    }
    fake->port = port;
    fake->port.data = fake;
    *ret_fake = fake;
    return SAH_OK;
}

void sah_fake_store_destroy(struct sah_fake_store *fake)
{
    if (fake == NULL)
        return;
    SAH_CHECK(fake, FAKE_MAGIC);
    sah_fake_store_forget(fake);
    vec_fini(&fake->requests);
    vec_fini(&fake->messages);
    vec_fini(&fake->deliveries);
    vec_fini(&fake->events);
    vec_fini(&fake->quarantined);
    free(fake->scratch);
    fake->magic = 0;
    free(fake);
}

const struct sah_store *sah_fake_store_port(struct sah_fake_store *fake)
{
    SAH_CHECK(fake, FAKE_MAGIC);
    return &fake->port;
}

void sah_fake_store_set_now(struct sah_fake_store *fake, int64_t now_ms)
{
    fake->now_ms = now_ms;
}

void sah_fake_store_as(struct sah_fake_store *fake, unsigned owner)
{
    SAH_CHECK(fake, FAKE_MAGIC);
    SAH_ASSERT(owner < SAH_FAKE_OWNERS);
    fake->owner = owner;
}

const struct sah_fake_delivery *sah_fake_store_delivery(const struct sah_fake_store *fake,
                                                        size_t i)
{
    return i < fake->deliveries.n ? fake->deliveries.v[i] : NULL;
}

size_t sah_fake_store_outbox(const struct sah_fake_store *fake)
{
    return fake->events.n;
}
