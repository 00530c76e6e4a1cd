/*
 * redis_store_priv - what the files of the Redis store share: an operation under way, the
 * arguments of a call, the strict reading of replies. Nobody else includes it.
 */
#ifndef SAHAYA_STORE_REDIS_STORE_PRIV_H
#define SAHAYA_STORE_REDIS_STORE_PRIV_H

#include "store/keys.h"
#include "store/redis_store.h"

#define STORE_MAGIC 0x5a570e01u
#define OP_MAGIC    0x5a570e02u
#define ARGS_MAX    64

enum op_kind {
    OP_COMMIT,
    OP_LOAD,
    OP_LEASE,
    OP_SETTLE,
    OP_TICK,
    OP_STATS,
    OP_OUTBOX_TAKE,
    OP_OUTBOX_ACK,
    OP_QUARANTINE,
    OP_QUARANTINE_LIST,
    OP_JOIN,
    OP_PAGE,
    OP_PAGE_DONE,
    OP_WORK_OVER,
    OP_MESSAGE,
    OP_FEED,
    OP_DEAD,
    OP_ENDPOINTS,
    N_OPS
};

struct sah_redis_store {
    uint32_t magic;
    struct sah_store port;
    struct sah_redis_store_settings settings;
    char owner[SAH_KEYS_OWNER_SIZE];
    struct sah_timer *later; /* completes what could not be sent, from the loop */
    struct op *unsent;       /* newest last */
    uint64_t ticked_mono_ms; /* when the last tick that was answered was sent; 0 = none yet */
    unsigned n_ops;
    struct sah_message
        *decoded; /* one message of a reply, valid until the completion returns */
    struct sah_request_view *view; /* the same */
    struct sah_message *event; /* envelope of an event being encoded; only its body changes */
};

/* The arguments of one FCALL. Slices point into `text`, into the change, or into buffers. */
struct args {
    struct sah_slice v[ARGS_MAX];
    size_t n;
    char tag[SAH_KEYS_TAG_SIZE];
    char text[ARGS_MAX][24];
};
void args_start(struct args *args, enum op_kind kind, unsigned partition);
void args_add(struct args *args, const void *bytes, size_t len);
void args_add_text(struct args *args, const char *text);
void args_add_u64(struct args *args, uint64_t value);

/* One operation. With several partitions it goes through them in steps and gathers. */
struct op {
    uint32_t magic;
    enum op_kind kind;
    struct sah_redis_store *store;
    struct op *next; /* in store->unsent */
    int err;
    union {
        sah_commit_fn *commit;
        sah_load_fn *load;
        sah_lease_fn *lease;
        sah_tick_fn *tick;
        sah_stats_fn *stats;
        sah_events_fn *events;
        sah_done_fn *done;
        sah_pieces_fn *pieces;
        sah_page_fn *page;
        sah_bytes_fn *bytes;
        sah_feed_fn *feed;
        sah_dead_fn *dead;
        sah_names_fn *names;
    } fn;
    void *fn_data;

    unsigned step, n_steps;
    unsigned partition;         /* of a single-step operation */
    char name[SAH_AGENCY_SIZE]; /* endpoint or channel */
    unsigned n;                 /* how many are wanted */
    uint64_t sent_mono_ms;      /* of a tick */
    unsigned max_class;
    uint32_t lease_ms;
    struct sah_settle settle;

    struct sah_committed committed;
    struct sah_ticked ticked;
    struct sah_store_stats stats;
    struct sah_queue_stat *queues;
    struct sah_outbox_event *events;
    struct sah_leased *leased;
    size_t offsets[SAH_LEASE_MAX]; /* of leased bytes within `bytes` */
    struct sah_buf bytes;
    struct sah_slice pieces; /* of a list, or of one message */
    struct sah_page *page;
    struct sah_fed fed;
    uint32_t window_ms;
    struct replay_lists *lists; /* of redis_store_replay.c */
    unsigned n_got;
};

/* redis_store_op.c */
void op_send_args(struct op *op, const struct args *args); /* of a single-step operation */
void op_send_step(struct op *op);                          /* makes the arguments of op->step */
void op_complete(struct op *op, int err);                  /* frees it */
void op_complete_later(struct op *op, int err);            /* from the loop */
void op_on_later(void *store);                             /* of the timer `later` */

/* redis_store_commit.c: appends what follows the tag. `packed` and `events` hold the bytes. */
SAH_MUST_USE int commit_args(struct sah_redis_store *store, const struct sah_change *change,
                             struct args *args, struct sah_buf *packed, struct sah_buf *events);

/* redis_store_incident.c: the operations of incidents. */
void incident_ports(struct sah_store *port);
void incident_pack(struct sah_buf *buf, const struct sah_change *change);
void incident_feed_args(const struct op *op, struct args *args);
void incident_complete(struct op *op, int err);
struct op *op_create(struct sah_redis_store *store, enum op_kind kind, unsigned n_steps);
int op_partition(const struct sah_redis_store *store, const char *request_id, unsigned *ret);

/* redis_store_read.c: one reply into the operation. SAH_EPROTO for any unexpected shape. */
typedef int read_fn(struct op *op, const redisReply *reply);
read_fn read_commit, read_load, read_lease, read_settle, read_tick, read_stats, read_events,
    read_done, read_pieces, read_join, read_page, read_message, read_feed;
/* Reads the elements of an array in order; the first surprise sets `bad` and stays. */
struct reader {
    const redisReply *array;
    size_t at;
    bool bad;
};
struct reader reader_of(const redisReply *reply);
const redisReply *reader_next(struct reader *r, int type);
int64_t reader_int(struct reader *r, int64_t max);
struct sah_slice reader_bytes(struct reader *r);
void reader_text(struct reader *r, char *dst, size_t size);
bool reader_at_end(const struct reader *r);
int read_error(const redisReply *reply); /* what an error reply means */

/* redis_store_replay.c: dead letters and endpoints. */
void port_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data);
void port_endpoints(void *data, sah_names_fn *fn, void *fn_data);
read_fn read_dead, read_endpoints;
void replay_step_args(const struct op *op, struct args *args);
void replay_complete(struct op *op, int err);
void replay_free(struct op *op);

/* redis_store_json.c: lines and previous, tolerant to missing and unknown fields. */
SAH_MUST_USE int line_to_json(const struct sah_line *line, struct sah_buf *buf);
SAH_MUST_USE int line_from_json(struct sah_slice json, struct sah_line *ret_line);
SAH_MUST_USE int previous_to_json(const struct sah_previous *previous, unsigned n,
                                  struct sah_buf *buf);
SAH_MUST_USE int previous_from_json(struct sah_slice json, struct sah_previous *ret_previous,
                                    unsigned *ret_n);

#endif
