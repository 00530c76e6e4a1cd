/*
 * redis_store_replay - dead letters and endpoints of the Redis store: asked for, and read.
 *
 * Owns:    the two lists while their operation lives.
 * Used by: redis_store.c and redis_store_op.c.
 * Never:   changes anything: replaying is a commit.
 *
 * With several partitions both go through all of them: a list of dead letters is that of the first
 * partition, then of the next.
 */
#include <stdlib.h>
#include <string.h>

#include "store/redis_store_priv.h"

struct replay_lists {
    uint64_t total;
    unsigned skip; /* still to skip, in the partitions to come */
    struct sah_dead_letter letters[SAH_KEYS_DEAD_MAX];
    char names[SAH_KEYS_ENDPOINTS_MAX][SAH_AGENCY_SIZE];
};

static void start(struct op *op)
{
    op->lists = calloc(1, sizeof *op->lists);
    if (op->lists == NULL)
        op_complete_later(op, SAH_ENOMEM);
}

void port_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data)
{
    struct sah_redis_store *store = data;
    struct op *op = op_create(store, OP_DEAD, store->settings.partitions);

    op->fn.dead = fn;
    op->fn_data = fn_data;
    op->n = n < 1 ? 1 : n > SAH_KEYS_DEAD_MAX ? SAH_KEYS_DEAD_MAX : n;
    sah_format(op->name, sizeof op->name, "%s", endpoint);
    start(op);
    if (op->lists == NULL)
        return;
    op->lists->skip = skip;
    op_send_step(op);
}

void port_endpoints(void *data, sah_names_fn *fn, void *fn_data)
{
    struct sah_redis_store *store = data;
    struct op *op = op_create(store, OP_ENDPOINTS, store->settings.partitions);

    op->fn.names = fn;
    op->fn_data = fn_data;
    start(op);
    if (op->lists != NULL)
        op_send_step(op);
}

void replay_step_args(const struct op *op, struct args *args)
{
    args_start(args, op->kind, op->step);
    if (op->kind == OP_ENDPOINTS)
        return;
    args_add_text(args, op->name);
    args_add_u64(args, op->lists->skip);
    args_add_u64(args, op->n); /* what is too many is left out when it is read */
}

static int read_letter(const struct op *op, const redisReply *reply, struct sah_dead_letter *letter)
{
    struct reader r = reader_of(reply);

    memset(letter, 0, sizeof *letter);
    reader_text(&r, letter->key, sizeof letter->key);
    reader_text(&r, letter->request_id, sizeof letter->request_id);
    reader_text(&r, letter->agency, sizeof letter->agency);
    memcpy(letter->endpoint, op->name, sizeof letter->endpoint);
    if (sah_id_from_hex(reader_bytes(&r), &letter->message_id) != SAH_OK)
        return SAH_EPROTO;
    letter->kind = (enum sah_kind)reader_int(&r, SAH_KIND_CANCEL);
    letter->sequence = (uint32_t)reader_int(&r, UINT32_MAX);
    letter->priority = (enum sah_priority)reader_int(&r, SAH_PRIORITY_P4);
    letter->attempts = (unsigned)reader_int(&r, UINT32_MAX);
    letter->accepted_ms = reader_int(&r, INT64_MAX);
    letter->dead_ms = reader_int(&r, INT64_MAX);
    letter->why = (enum sah_answer_kind)reader_int(&r, SAH_ANSWER_POISON);
    return reader_at_end(&r) ? SAH_OK : SAH_EPROTO;
}

int read_dead(struct op *op, const redisReply *reply)
{
    struct replay_lists *lists = op->lists;
    struct reader r = reader_of(reply);
    uint64_t here = (uint64_t)reader_int(&r, INT64_MAX);

    while (!r.bad && r.at < r.array->elements) {
        const redisReply *one = reader_next(&r, REDIS_REPLY_ARRAY);
        int err = one == NULL ? SAH_EPROTO : SAH_OK;

        if (err == SAH_OK && op->n_got < op->n)
            err = read_letter(op, one, &lists->letters[op->n_got++]);
        if (err != SAH_OK)
            return err;
    }
    lists->total += here;
    lists->skip -= here < lists->skip ? (unsigned)here : lists->skip;
    return reader_at_end(&r) ? SAH_OK : SAH_EPROTO;
}

int read_endpoints(struct op *op, const redisReply *reply)
{
    struct reader r = reader_of(reply);

    while (!r.bad && r.at < r.array->elements) {
        char name[SAH_AGENCY_SIZE] = "";
        unsigned i = 0;

        reader_text(&r, name, sizeof name);
        while (i < op->n_got && strcmp(op->lists->names[i], name) != 0)
            i++;
        if (i == op->n_got && i < SAH_KEYS_ENDPOINTS_MAX)
            memcpy(op->lists->names[op->n_got++], name, sizeof name);
    }
    return reader_at_end(&r) ? SAH_OK : SAH_EPROTO;
}

void replay_complete(struct op *op, int err)
{
    unsigned n = err == SAH_OK ? op->n_got : 0;

    if (op->kind == OP_DEAD)
        op->fn.dead(op->fn_data, err, op->lists != NULL ? op->lists->letters : NULL, n,
                    err == SAH_OK && op->lists != NULL ? op->lists->total : 0);
    else
        op->fn.names(op->fn_data, err,
                     op->lists != NULL ? (const char (*)[SAH_AGENCY_SIZE])op->lists->names : NULL, n);
}

void replay_free(struct op *op)
{
    free(op->lists);
}
