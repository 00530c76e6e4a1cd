/*
 * redis_store_op - one operation: the arguments of its calls, its steps, its end.
 *
 * Owns:    an operation until its completion, exactly once.
 * Used by: redis_store.c.
 * Never:   completes from inside the call of the port.
 *
 * With one partition every operation is one FCALL. With several, those that do not follow from
 * a request id go through all partitions: lease and outbox_take ask all of them for a class (a
 * lane of the outbox) before any for the next one, so that worst first holds across partitions
 * (I7).
 */
#include <stdlib.h>
#include <string.h>

#include "store/redis_store_priv.h"

static const struct {
    const char *verb;
    const char *function;
    read_fn *read;
} kinds[N_OPS] = {
    [OP_COMMIT] = {"FCALL", SAH_KEYS_FUNCTION("commit"), read_commit},
    [OP_LOAD] = {"FCALL_RO", SAH_KEYS_FUNCTION("load"), read_load},
    [OP_LEASE] = {"FCALL", SAH_KEYS_FUNCTION("lease"), read_lease},
    [OP_SETTLE] = {"FCALL", SAH_KEYS_FUNCTION("settle"), read_settle},
    [OP_TICK] = {"FCALL", SAH_KEYS_FUNCTION("tick"), read_tick},
    [OP_STATS] = {"FCALL_RO", SAH_KEYS_FUNCTION("stats"), read_stats},
    [OP_OUTBOX_TAKE] = {"FCALL", SAH_KEYS_FUNCTION("outbox_take"), read_events},
    [OP_OUTBOX_ACK] = {"FCALL", SAH_KEYS_FUNCTION("outbox_ack"), read_done},
    [OP_QUARANTINE] = {"FCALL", SAH_KEYS_FUNCTION("quarantine"), read_done},
    [OP_QUARANTINE_LIST] = {"FCALL_RO", SAH_KEYS_FUNCTION("quarantine_list"), read_pieces},
    [OP_JOIN] = {"FCALL", SAH_KEYS_FUNCTION("join"), read_join},
    [OP_PAGE] = {"FCALL_RO", SAH_KEYS_FUNCTION("page"), read_page},
    [OP_PAGE_DONE] = {"FCALL", SAH_KEYS_FUNCTION("page_done"), read_done},
    [OP_WORK_OVER] = {"FCALL", SAH_KEYS_FUNCTION("work_over"), read_done},
    [OP_MESSAGE] = {"FCALL_RO", SAH_KEYS_FUNCTION("message"), read_message},
    [OP_FEED] = {"FCALL_RO", SAH_KEYS_FUNCTION("feed"), read_feed},
    [OP_DEAD] = {"FCALL_RO", SAH_KEYS_FUNCTION("dead"), read_dead},
    [OP_ENDPOINTS] = {"FCALL_RO", SAH_KEYS_FUNCTION("endpoints"), read_endpoints},
};

/* ---- arguments */

void args_add(struct args *args, const void *bytes, size_t len)
{
    SAH_ASSERT(args->n < ARGS_MAX);
    args->v[args->n++] = (struct sah_slice){bytes, len};
}

void args_add_text(struct args *args, const char *text)
{
    args_add(args, text, strlen(text));
}

void args_add_u64(struct args *args, uint64_t value)
{
    char *text;

    SAH_ASSERT(args->n < ARGS_MAX);
    text = args->text[args->n];
    sah_format(text, sizeof args->text[0], "%llu", (unsigned long long)value);
    args_add_text(args, text);
}

void args_start(struct args *args, enum op_kind kind, unsigned partition)
{
    args->n = 0;
    sah_format(args->tag, sizeof args->tag, SAH_KEYS_TAG_FORMAT, partition);
    args_add_text(args, kinds[kind].verb);
    args_add_text(args, kinds[kind].function);
    args_add_text(args, "1");
    args_add_text(args, args->tag);
}

/* ---- an operation's end */

static void op_free(struct op *op)
{
    op->store->n_ops--;
    op->magic = 0;
    sah_buf_fini(&op->bytes);
    free(op->queues);
    free(op->events);
    free(op->leased);
    free(op->page);
    free(op->fed.rows);
    replay_free(op);
    free(op);
}

static void point_at_bytes(struct op *op)
{
    for (unsigned i = 0; i < op->n_got; i++)
        op->leased[i].bytes.ptr = op->bytes.data + op->offsets[i];
}

/* Frees the operation. What was taken before a later partition failed is handed out all the
 * same. */
void op_complete(struct op *op, int err)
{
    if ((op->kind == OP_LEASE || op->kind == OP_OUTBOX_TAKE) && op->n_got > 0)
        err = SAH_OK;
    switch (op->kind) {
    case OP_COMMIT:
        point_at_bytes(op);
        op->committed.leased = op->leased;
        op->committed.n_leased = err == SAH_OK ? op->n_got : 0;
        op->fn.commit(op->fn_data, err, &op->committed);
        break;
    case OP_LOAD:
        op->fn.load(op->fn_data, err, err == SAH_OK ? op->store->view : NULL);
        break;
    case OP_LEASE:
        point_at_bytes(op);
        op->fn.lease(op->fn_data, err, op->leased, op->n_got);
        break;
    case OP_TICK:
        if (err == SAH_OK)
            op->store->ticked_mono_ms = op->sent_mono_ms;
        op->fn.tick(op->fn_data, err, &op->ticked);
        break;
    case OP_STATS:
        op->fn.stats(op->fn_data, err, &op->stats);
        break;
    case OP_OUTBOX_TAKE:
        op->fn.events(op->fn_data, err, op->events, op->n_got);
        break;
    case OP_SETTLE:
        op->fn.done(op->fn_data, err == SAH_OK && op->n_got == 0 ? SAH_ENOENT : err);
        break;
    case OP_OUTBOX_ACK:
    case OP_QUARANTINE:
        op->fn.done(op->fn_data, err);
        break;
    case OP_QUARANTINE_LIST:
        op->fn.pieces(op->fn_data, err, op->pieces.ptr, op->pieces.len);
        break;
    case OP_JOIN:
    case OP_PAGE:
    case OP_PAGE_DONE:
    case OP_WORK_OVER:
    case OP_MESSAGE:
    case OP_FEED:
        incident_complete(op, err);
        break;
    case OP_DEAD:
    case OP_ENDPOINTS:
        replay_complete(op, err);
        break;
    case N_OPS:
        SAH_ASSERT(false);
    }
    op_free(op);
}

/* Completes with `err` from the loop: never from inside the call. */
void op_complete_later(struct op *op, int err)
{
    struct op **end = &op->store->unsent;

    op->err = err;
    while (*end != NULL)
        end = &(*end)->next;
    *end = op;
    sah_timer_start(op->store->later, 0);
}

void op_on_later(void *data)
{
    struct sah_redis_store *store = data;
    struct op *op;

    SAH_CHECK(store, STORE_MAGIC);
    op = store->unsent;
    store->unsent = NULL; /* those that join meanwhile have their own turn */
    while (op != NULL) {
        struct op *following = op->next;

        op_complete(op, op->err);
        op = following;
    }
}

/* ---- one step of an operation */

/* How much time can have passed since this router's last tick that was answered; 0 = unknown. */
static uint64_t passed_ms(const struct op *op)
{
    uint64_t before_ms = op->store->ticked_mono_ms;

    if (before_ms == 0)
        return 0;
    return op->sent_mono_ms > before_ms ? op->sent_mono_ms - before_ms : 1;
}

static void step_args(const struct op *op, struct args *args)
{
    const struct sah_redis_store_settings *settings = &op->store->settings;
    unsigned partitions = settings->partitions;
    bool one = partitions == 1;

    switch (op->kind) {
    case OP_LEASE:
        args_start(args, op->kind, op->step % partitions);
        args_add_text(args, op->name);
        args_add_u64(args, one ? 0 : op->step / partitions);
        args_add_u64(args, one ? op->max_class : op->step / partitions);
        args_add_u64(args, op->n - op->n_got);
        for (unsigned c = 0; c < SAH_N_CLASSES; c++)
            args_add_u64(args, settings->lease_ms[c]);
        args_add_u64(args, settings->order_bound_ms);
        args_add_text(args, op->store->owner);
        args_add_u64(args, settings->owner_dead_ms);
        return;
    case OP_SETTLE:
        args_start(args, op->kind, op->step);
        args_add_text(args, op->settle.key);
        args_add_u64(args, op->settle.epoch);
        args_add_u64(args, op->settle.delay_ms);
        args_add_text(args, op->settle.endpoint);
        args_add_u64(args, op->settle.fell_back);
        args_add_u64(args, op->settle.outcome);
        args_add_u64(args, settings->order_bound_ms);
        return;
    case OP_TICK:
        args_start(args, op->kind, op->step);
        args_add_u64(args, op->n);
        args_add_u64(args, settings->order_bound_ms);
        args_add_u64(args, SAH_DUE_MAX - op->ticked.n_timers);
        args_add_text(args, op->store->owner);
        args_add_u64(args, settings->owner_dead_ms);
        args_add_u64(args, passed_ms(op));
        args_add_u64(args, SAH_WORK_MAX - op->ticked.n_works);
        return;
    case OP_FEED:
        incident_feed_args(op, args);
        return;
    case OP_STATS: {
        unsigned batches = op->n_steps / partitions, batch = op->step % batches;

        args_start(args, op->kind, op->step / batches);
        for (unsigned i = batch * SAH_KEYS_STATS_MAX;
             i < op->stats.n_queues && i < (batch + 1) * SAH_KEYS_STATS_MAX; i++)
            args_add_text(args, op->queues[i].endpoint);
        return;
    }
    case OP_OUTBOX_TAKE:
        args_start(args, op->kind, op->step % partitions);
        args_add_text(args, op->name);
        args_add_text(args, one ? "eb" : op->step < partitions ? "e" : "b");
        args_add_u64(args, op->n - op->n_got);
        args_add_u64(args, op->lease_ms);
        return;
    case OP_DEAD:
    case OP_ENDPOINTS:
        replay_step_args(op, args);
        return;
    case OP_COMMIT:
    case OP_LOAD:
    case OP_OUTBOX_ACK:
    case OP_QUARANTINE:
    case OP_QUARANTINE_LIST:
    case OP_JOIN:
    case OP_PAGE:
    case OP_PAGE_DONE:
    case OP_WORK_OVER:
    case OP_MESSAGE:
    case N_OPS:
        break;
    }
    SAH_ASSERT(false); /* those have one step, whose arguments their own function made */
}

static bool has_enough(const struct op *op)
{
    if (op->kind == OP_LEASE || op->kind == OP_OUTBOX_TAKE)
        return op->n_got == op->n;
    if (op->kind == OP_FEED)
        return op->fed.n == SAH_FEED_MAX;
    return op->kind == OP_SETTLE && op->n_got > 0;
}

static void on_reply(void *data, int err, const redisReply *reply);

void op_send_args(struct op *op, const struct args *args)
{
    const struct sah_redis_store_settings *settings = &op->store->settings;
    int err =
        sah_redis_call(settings->redis, settings->deadline_ms, args->v, args->n, on_reply, op);

    if (err != SAH_OK)
        op_complete_later(op, err);
}

void op_send_step(struct op *op)
{
    struct args args;

    step_args(op, &args);
    op_send_args(op, &args);
}

static void on_reply(void *data, int err, const redisReply *reply)
{
    struct op *op = data;

    SAH_CHECK(op, OP_MAGIC);
    if (err == SAH_OK)
        err = reply->type == REDIS_REPLY_ERROR ? read_error(reply)
                                               : kinds[op->kind].read(op, reply);
    op->step++;
    if (err == SAH_OK && op->step < op->n_steps && !has_enough(op)) {
        op_send_step(op);
        return;
    }
    op_complete(op, err); /* op is gone */
}
