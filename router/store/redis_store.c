/*
 * redis_store - the store's port over a Redis link: one function for each operation.
 *
 * Owns:    the checks before a call and the first arguments; redis_store_op.c does the rest.
 * Used by: main's composition root.
 * Never:   completes from inside the call of the port.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <sahaya/clock.h>

#include "policy/outcome.h"
#include "store/redis_store_priv.h"

#define ORDER_BOUND_MS   2000
#define OWNER_DEAD_MS    2000
#define LEASED_BYTES_MAX ((size_t)SAH_LEASE_MAX * SAH_MESSAGE_MAX_BYTES)
#define PACKED_MAX       (256 * 1024)

/* ---- the port */

struct op *op_create(struct sah_redis_store *store, enum op_kind kind, unsigned n_steps)
{
    struct op *op = calloc(1, sizeof *op);

    SAH_CHECK(store, STORE_MAGIC);
    SAH_ASSERT(op != NULL); /* no way to complete without it: a restart recovers */
    op->magic = OP_MAGIC;
    op->kind = kind;
    op->store = store;
    op->n_steps = n_steps;
    store->n_ops++;
    return op;
}

static unsigned bounded(unsigned n, unsigned max)
{
    return n < 1 ? 1 : n > max ? max : n;
}

int op_partition(const struct sah_redis_store *store, const char *request_id, unsigned *ret)
{
    unsigned partition;
    int err = sah_request_id_parse(sah_slice_of(request_id), NULL, &partition);

    if (err != SAH_OK || partition >= store->settings.partitions)
        return SAH_EINVAL;
    *ret = partition;
    return SAH_OK;
}

/* Room for what the commit leases. */
static int expect_leased(struct op *op, const struct sah_change *change)
{
    for (unsigned i = 0; i < change->n_wants; i++)
        op->n += change->wants[i].n;
    SAH_ASSERT(change->n_wants <= SAH_WANTS_MAX && op->n <= SAH_LEASE_MAX);
    if (op->n == 0)
        return SAH_OK;
    sah_buf_init(&op->bytes, LEASED_BYTES_MAX);
    op->leased = calloc(op->n, sizeof *op->leased);
    return op->leased == NULL ? SAH_ENOMEM : SAH_OK;
}

/* What goes on at the memory bound: what ends or moves a delivery, a cancel, an emergency. A booking and a
 * 102 check-up that are new, or said more of, wait in the journal instead. */
static bool is_urgent(const struct sah_change *change)
{
    return change->bytes.len == 0 || change->priority == SAH_PRIORITY_UNSPECIFIED ||
           sah_priority_is_emergency(change->priority);
}

static void port_commit(void *data, const struct sah_change *change, sah_commit_fn *fn,
                        void *fn_data)
{
    struct op *op = op_create(data, OP_COMMIT, 1);
    struct sah_buf packed, events;
    struct args args;
    unsigned partition = 0;
    int err = op_partition(op->store, change->request_id, &partition);

    op->fn.commit = fn;
    op->fn_data = fn_data;
    if (err == SAH_OK && op->store->settings.partitions == 1)
        err = expect_leased(op, change);
    sah_buf_init(&packed, PACKED_MAX);
    sah_buf_init(&events, (size_t)SAH_EVENTS_MAX * SAH_MESSAGE_MAX_BYTES);
    args_start(&args, OP_COMMIT, partition);
    if (is_urgent(change))
        args.v[1] = SAH_SLICE(SAH_KEYS_COMMIT_URGENT);
    if (err == SAH_OK)
        err = commit_args(op->store, change, &args, &packed, &events);
    if (err == SAH_OK)
        op_send_args(op, &args);
    else
        op_complete_later(op, err);
    sah_buf_fini(&packed);
    sah_buf_fini(&events);
}

static void port_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data)
{
    struct op *op = op_create(data, OP_LOAD, 1);
    struct args args;
    unsigned partition = 0;

    op->fn.load = fn;
    op->fn_data = fn_data;
    if (op_partition(op->store, request_id, &partition) != SAH_OK) {
        op_complete_later(op, SAH_ENOENT); /* no id of ours: no such request */
        return;
    }
    sah_format(op->name, sizeof op->name, "%s", request_id);
    args_start(&args, OP_LOAD, partition);
    args_add_text(&args, op->name);
    op_send_args(op, &args);
}

static void port_lease(void *data, const char *endpoint, unsigned max_class, unsigned n,
                       sah_lease_fn *fn, void *fn_data)
{
    struct sah_redis_store *store = data;
    unsigned partitions = store->settings.partitions;
    struct op *op;

    SAH_ASSERT(max_class < SAH_N_CLASSES);
    op = op_create(store, OP_LEASE, partitions == 1 ? 1 : partitions * (max_class + 1));
    op->fn.lease = fn;
    op->fn_data = fn_data;
    op->max_class = max_class;
    op->n = bounded(n, SAH_LEASE_MAX);
    sah_format(op->name, sizeof op->name, "%s", endpoint);
    sah_buf_init(&op->bytes, LEASED_BYTES_MAX);
    op->leased = calloc(op->n, sizeof *op->leased);
    if (op->leased == NULL)
        op_complete_later(op, SAH_ENOMEM);
    else
        op_send_step(op);
}

static void port_settle(void *data, const struct sah_settle *settle, sah_done_fn *fn,
                        void *fn_data)
{
    struct sah_redis_store *store = data;
    struct op *op = op_create(store, OP_SETTLE, store->settings.partitions);

    SAH_ASSERT(settle->kind == SAH_SETTLE_DELAY);
    op->fn.done = fn;
    op->fn_data = fn_data;
    op->settle = *settle;
    op_send_step(op);
}

static void port_tick(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data)
{
    struct sah_redis_store *store = data;
    struct op *op = op_create(store, OP_TICK, store->settings.partitions);

    op->fn.tick = fn;
    op->fn_data = fn_data;
    op->n = bounded(limit, SAH_KEYS_TICK_MAX);
    op->sent_mono_ms = sah_clock_mono_ms();
    op_send_step(op);
}

static void port_stats(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn,
                       void *fn_data)
{
    struct sah_redis_store *store = data;
    unsigned batches = n == 0 ? 1 : (n + SAH_KEYS_STATS_MAX - 1) / SAH_KEYS_STATS_MAX;
    struct op *op = op_create(store, OP_STATS, store->settings.partitions * batches);

    op->fn.stats = fn;
    op->fn_data = fn_data;
    op->queues = calloc(n + 1, sizeof *op->queues);
    if (op->queues == NULL) {
        op_complete_later(op, SAH_ENOMEM);
        return;
    }
    for (unsigned i = 0; i < n; i++)
        sah_format(op->queues[i].endpoint, sizeof op->queues[i].endpoint, "%s", endpoints[i]);
    op->stats.queues = op->queues;
    op->stats.n_queues = n;
    op_send_step(op);
}

static void port_outbox_take(void *data, const char *channel, unsigned n, uint32_t lease_ms,
                             sah_events_fn *fn, void *fn_data)
{
    struct sah_redis_store *store = data;
    unsigned partitions = store->settings.partitions;
    struct op *op = op_create(store, OP_OUTBOX_TAKE, partitions == 1 ? 1 : 2 * partitions);

    op->fn.events = fn;
    op->fn_data = fn_data;
    op->n = bounded(n, SAH_KEYS_TAKE_MAX);
    op->lease_ms = lease_ms > 0 ? lease_ms : 1;
    sah_format(op->name, sizeof op->name, "%s", channel);
    op->events = calloc(op->n, sizeof *op->events);
    if (op->events == NULL)
        op_complete_later(op, SAH_ENOMEM);
    else
        op_send_step(op);
}

/* "E-00-0000000000000001": the partition stands in the id. Anything else was never given out.
 */
static void port_outbox_ack(void *data, const char *event_id, sah_done_fn *fn, void *fn_data)
{
    struct op *op = op_create(data, OP_OUTBOX_ACK, 1);
    struct args args;
    uint64_t partition = 0, seq;
    size_t len = strnlen(event_id, SAH_EVENT_ID_LEN + 1);
    bool good = len == SAH_EVENT_ID_LEN && strchr("EBR", event_id[0]) != NULL &&
                event_id[1] == '-' && event_id[4] == '-';

    op->fn.done = fn;
    op->fn_data = fn_data;
    if (!good ||
        sah_parse_u64((struct sah_slice){event_id + 2, 2}, 0, SAH_PARTITIONS_MAX - 1,
                      &partition) ||
        sah_parse_u64((struct sah_slice){event_id + 5, 16}, 0, UINT64_MAX, &seq) ||
        partition >= op->store->settings.partitions) {
        op_complete_later(op, SAH_EINVAL);
        return;
    }
    args_start(&args, OP_OUTBOX_ACK, (unsigned)partition);
    args_add_text(&args, event_id);
    op_send_args(op, &args);
}

static void port_quarantine(void *data, const char *source, const char *why, const void *bytes,
                            size_t len, sah_done_fn *fn, void *fn_data)
{
    struct op *op = op_create(data, OP_QUARANTINE, 1);
    size_t kept = len < SAH_KEYS_QUARANTINE_BYTES ? len : SAH_KEYS_QUARANTINE_BYTES;
    char hex[2 * SAH_KEYS_QUARANTINE_BYTES + 1];
    char short_source[65], short_why[257];
    struct args args;

    op->fn.done = fn;
    op->fn_data = fn_data;
    sah_copy_cut(short_source, sizeof short_source, source, strlen(source));
    sah_copy_cut(short_why, sizeof short_why, why, strlen(why));
    sah_hex(hex, bytes, kept);
    args_start(&args, OP_QUARANTINE, 0);
    args_add_text(&args, short_source);
    args_add_text(&args, short_why);
    args_add_u64(&args, len);
    args_add_text(&args, hex);
    op_send_args(op, &args);
}

static void port_quarantine_list(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data)
{
    struct op *op = op_create(data, OP_QUARANTINE_LIST, 1);
    struct args args;

    op->fn.pieces = fn;
    op->fn_data = fn_data;
    args_start(&args, OP_QUARANTINE_LIST, 0);
    args_add_u64(&args, bounded(n, SAH_KEYS_QUARANTINE_LIST_MAX));
    op_send_args(op, &args);
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

static void fill_defaults(struct sah_redis_store_settings *settings)
{
    if (settings->partitions == 0)
        settings->partitions = 1;
    if (settings->order_bound_ms == 0)
        settings->order_bound_ms = ORDER_BOUND_MS;
    if (settings->owner_dead_ms == 0)
        settings->owner_dead_ms = OWNER_DEAD_MS;
    for (unsigned c = 0; c < SAH_N_CLASSES; c++) {
        if (settings->lease_ms[c] == 0)
            settings->lease_ms[c] = sah_lease_ms((enum sah_priority)(c + 1));
    }
}

static int name_owner(struct sah_redis_store *store)
{
    unsigned char chance[(SAH_KEYS_OWNER_SIZE - 1) / 2];

    if (store->settings.owner != NULL) {
        SAH_ASSERT(strlen(store->settings.owner) == SAH_KEYS_OWNER_SIZE - 1);
        sah_format(store->owner, sizeof store->owner, "%s", store->settings.owner);
        store->settings.owner = NULL; /* borrowed during the call only */
        return SAH_OK;
    }
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return SAH_EIO;
    sah_hex(store->owner, chance, sizeof chance);
    return SAH_OK;
}

int sah_redis_store_create(const struct sah_redis_store_settings *settings,
                           struct sah_redis_store **ret_store)
{
    struct sah_redis_store *store = calloc(1, sizeof *store);
    int err;

    SAH_ASSERT(settings->loop != NULL && settings->redis != NULL);
    SAH_ASSERT(settings->partitions <= SAH_PARTITIONS_MAX);
    if (store == NULL)
        return SAH_ENOMEM;
    store->magic = STORE_MAGIC;
    store->settings = *settings;
    fill_defaults(&store->settings);
    store->port = port;
    store->port.data = store;
    incident_ports(&store->port);
    store->decoded = calloc(1, sizeof *store->decoded);
    store->event = calloc(1, sizeof *store->event);
    store->view = calloc(1, sizeof *store->view);
    if (store->decoded == NULL || store->event == NULL || store->view == NULL ||
        sah_timer_create(settings->loop, op_on_later, store, &store->later) != SAH_OK) {
        sah_redis_store_destroy(store);
        return SAH_ENOMEM;
    }
    err = name_owner(store);
    if (err != SAH_OK) {
        sah_redis_store_destroy(store);
        return err;
    }
    store->event->schema_version = SAH_SCHEMA_VERSION;
    store->event->kind = SAH_KIND_OUTBOX_EVENT;
    *ret_store = store;
    return SAH_OK;
}

void sah_redis_store_destroy(struct sah_redis_store *store)
{
    if (store == NULL)
        return;
    SAH_CHECK(store, STORE_MAGIC);
    while (store->unsent != NULL) {
        struct op *op = store->unsent;

        store->unsent = op->next;
        op_complete(op, SAH_ECANCELED);
    }
    SAH_ASSERT(store->n_ops == 0); /* the link went first and completed the rest */
    sah_timer_destroy(store->later);
    free(store->decoded);
    free(store->event);
    free(store->view);
    store->magic = 0;
    free(store);
}

const struct sah_store *sah_redis_store_port(struct sah_redis_store *store)
{
    SAH_CHECK(store, STORE_MAGIC);
    return &store->port;
}
