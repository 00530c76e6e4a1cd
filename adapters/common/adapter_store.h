/*
 * adapter_store - the adapter's Redis: the FCALLs of adapter.lua with their arguments and
 * answers.
 *
 * Owns:    the Redis link and the shape of each call.
 * Used by: the files of the skeleton. store.c and store_outbox.c implement it.
 * Never:   decides anything; each answer goes to the caller's function as it is.
 *
 * A call returns SAH_OK when it is under way: `fn` then runs exactly once, later. Anything
 * else: it is not under way and fn never runs.
 */
#ifndef SAHAYA_ADAPTER_STORE_H
#define SAHAYA_ADAPTER_STORE_H

#include <sahaya/redis.h>

#include "dialog.h"

#define SAH_AD_GATE_SIZE \
    64 /* "dd:" + message id, "ev:" + lane + event id, "<message id>:<index>" */
#define SAH_AD_FUNCTIONS "sahaya_adapter_1"
#define SAH_AD_PROBE     "sah_ad1_probe"

struct sah_ad_store {
    struct sah_redis *redis;
    char base[48];       /* "ch:<channel>:{p00}:" */
    struct sah_buf json; /* scratch of one call */
};

struct sah_ad_submit { /* a pending submit as Redis keeps it */
    char pid[SAH_AD_GATE_SIZE];
    char sender[SAH_SENDER_SIZE];
    enum sah_lane lane;
    uint64_t seq;
    void *bytes; /* borrowed in an answer */
    size_t len;
};

/* Numbers of the `stats` function, in its order. */
enum sah_ad_stat {
    SAH_AD_STAT_PENDING_E,
    SAH_AD_STAT_PENDING_B,
    SAH_AD_STAT_PENDING_AGE_E,
    SAH_AD_STAT_PENDING_AGE_B,
    SAH_AD_STAT_OUTBOX_E,
    SAH_AD_STAT_OUTBOX_B,
    SAH_AD_STAT_OUTBOX_AGE_E,
    SAH_AD_STAT_OUTBOX_AGE_B,
    SAH_AD_STAT_LEASED,
    SAH_AD_STAT_DEAD_KEPT,
    SAH_AD_STAT_QUARANTINE_KEPT,
    SAH_AD_STAT_STALE,
    SAH_AD_STAT_DEAD,
    SAH_AD_STAT_QUARANTINE,
    SAH_AD_STAT_HANDED,
    SAH_AD_STAT_REHANDED,
    SAH_AD_STAT_HANDED_DROPPED,
    SAH_AD_N_STATS,
};

struct sah_ad_change {    /* one atomic step */
    const char *function; /* sah_ad1_commit, sah_ad1_event, sah_ad1_settled */
    const char *gate;     /* dd:..., ev:..., ps:... */
    const char *sender;
    uint64_t revision;                           /* the conversation was read at */
    const struct sah_conversation *conversation; /* NULL = leave it as it is */
    const struct sah_reply *replies;
    unsigned n_replies;
    const struct sah_ad_submit *submits; /* lane and bytes only */
    unsigned n_submits;
    const char *final;  /* ev: the request that has come to its end; NULL = none */
    const char *handed; /* ps: the request's name, and the message is kept; NULL = it is not */
    const char *run;    /* of the store that has it; "" = the router's journal */
    uint64_t accept_seq;
    enum sah_lane lane;
};

SAH_MUST_USE int sah_ad_store_init(struct sah_ad_store *store, struct sah_loop *loop,
                                   const char *socket_path, const char *channel,
                                   void (*on_state)(void *data, enum sah_redis_state state),
                                   void (*on_condition)(void *data, enum sah_redis_condition was),
                                   void *data);
void sah_ad_store_fini(struct sah_ad_store *store);

SAH_MUST_USE int sah_ad_store_load(struct sah_ad_store *store, const char *sender,
                                   const char *gate, sah_redis_reply_fn *fn, void *data);
/* SAH_ELIMIT, SAH_ENOMEM when the conversation or a reply cannot be encoded. */
SAH_MUST_USE int sah_ad_store_change(struct sah_ad_store *store,
                                     const struct sah_ad_change *change, sah_redis_reply_fn *fn,
                                     void *data);
SAH_MUST_USE int sah_ad_store_relane(struct sah_ad_store *store, const char *pid,
                                     enum sah_lane lane, sah_redis_reply_fn *fn, void *data);
SAH_MUST_USE int sah_ad_store_pending(struct sah_ad_store *store, enum sah_lane lane,
                                      uint64_t after, uint32_t least_age_ms,
                                      sah_redis_reply_fn *fn, void *data);
/* Up to 100 requests that were handed over under another run become pending again; those in the
 * router's journal after wait_ms. */
SAH_MUST_USE int sah_ad_store_rehand(struct sah_ad_store *store, enum sah_lane lane,
                                     const char *run, unsigned requests, uint32_t wait_ms,
                                     sah_redis_reply_fn *fn, void *data);
SAH_MUST_USE int sah_ad_store_rehand_one(struct sah_ad_store *store, const char *request_id,
                                         enum sah_lane lane, const char *run,
                                         sah_redis_reply_fn *fn, void *data);
SAH_MUST_USE int sah_ad_store_trim_handed(struct sah_ad_store *store, unsigned requests,
                                          uint32_t most_records);
SAH_MUST_USE int sah_ad_store_quarantine(struct sah_ad_store *store, const char *why,
                                         const void *bytes, size_t len, sah_redis_reply_fn *fn,
                                         void *data);
SAH_MUST_USE int sah_ad_store_quarantine_list(struct sah_ad_store *store, unsigned n,
                                              sah_redis_reply_fn *fn, void *data);
SAH_MUST_USE int sah_ad_store_stats(struct sah_ad_store *store, sah_redis_reply_fn *fn,
                                    void *data);

SAH_MUST_USE int sah_ad_store_lease(struct sah_ad_store *store, unsigned slots,
                                    unsigned bulk_slots, uint32_t lease_ms,
                                    sah_redis_reply_fn *fn, void *data);
SAH_MUST_USE int sah_ad_store_done(struct sah_ad_store *store, const char *key,
                                   const char *channel_message, sah_redis_reply_fn *fn,
                                   void *data);
SAH_MUST_USE int sah_ad_store_retry(struct sah_ad_store *store, const char *key, uint64_t epoch,
                                    uint32_t delay_ms, bool counts, sah_redis_reply_fn *fn,
                                    void *data);
SAH_MUST_USE int sah_ad_store_hold(struct sah_ad_store *store, const char *key, uint64_t epoch,
                                   const char *whom, uint32_t delay_ms, sah_redis_reply_fn *fn,
                                   void *data);
/* The reply with this key went out while Redis was away. */
SAH_MUST_USE int sah_ad_store_told(struct sah_ad_store *store, struct sah_slice key);
SAH_MUST_USE int sah_ad_store_dead(struct sah_ad_store *store, const char *key, uint64_t epoch,
                                   int code, sah_redis_reply_fn *fn, void *data);

/* Reading an answer. `err` as the reply function got it; SAH_EIO for an error answer of Redis
 * and for one of another shape. */
SAH_MUST_USE int sah_ad_answer(int err, const redisReply *reply, size_t least_elements);
bool sah_ad_answer_is(const redisReply *reply, size_t i, const char *word);
struct sah_slice sah_ad_answer_text(const redisReply *reply, size_t i);
uint64_t sah_ad_answer_number(const redisReply *reply, size_t i); /* 0 for anything else */
/* The submit in the five elements from i; its bytes are borrowed from the reply. */
SAH_MUST_USE int sah_ad_answer_submit(const redisReply *reply, size_t i,
                                      struct sah_ad_submit *ret_submit);

#endif
