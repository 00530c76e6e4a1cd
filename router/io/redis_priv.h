/*
 * redis_priv - what redis.c (calls, deadlines, reconnecting), redis_wire.c (hiredis in our
 * loop) and redis_greet.c (what is asked at each connect) share.
 */
#ifndef SAHAYA_IO_REDIS_PRIV_H
#define SAHAYA_IO_REDIS_PRIV_H

#include <hiredis/async.h>

#include <sahaya/redis.h>

#define REDIS_MAGIC      0x52454449u
#define REDIS_CALL_MAGIC 0x43414c4cu

struct redis_wire; /* redis_wire.c */

struct redis_call {
    uint32_t magic;
    struct sah_redis *redis;
    struct redis_call *prev, *next; /* in `waiting` by deadline, or in `refused` in order */
    uint64_t deadline_ms;
    bool late_once; /* its reply may lie in the socket, unread: given one more turn of the loop
                     */
    sah_redis_reply_fn *fn;
    void *data;
};

struct redis_calls {
    struct redis_call *head, *tail;
};

struct sah_redis {
    uint32_t magic;
    struct sah_loop *loop;
    struct sah_redis_settings settings;
    char *socket_path;
    enum sah_redis_state state;
    bool destroying;
    struct redis_wire *wire; /* NULL while there is no connection */
    struct redis_calls waiting;
    struct redis_calls refused; /* never sent: completed with SAH_EDOWN on the next turn */
    unsigned in_flight;
    unsigned completing; /* depth of callbacks to the user: destroy is refused meanwhile */
    struct sah_timer *deadline_timer;
    struct sah_timer *refused_timer;
    struct sah_timer *reconnect_timer;
    uint32_t back_off_ms;
    char trouble[96];
    char run_id[48];
    struct sah_redis_durability durability;
};

/* redis_wire.c. One connection and the hiredis context on it. */
SAH_MUST_USE int redis_wire_open(struct sah_redis *redis, struct redis_wire **ret_wire);
SAH_MUST_USE int redis_wire_send(struct redis_wire *wire, struct redis_call *call,
                                 const struct sah_slice *argv, size_t argc);
/* Completes what is in flight, at once or, from inside a reply, when the reply's callback ends.
 */
void redis_wire_close(struct redis_wire *wire);

/* redis_calls.c. Both complete later, never from inside. */
SAH_MUST_USE int redis_put(struct sah_redis *redis, uint32_t deadline_ms,
                           const struct sah_slice *argv, size_t argc, sah_redis_reply_fn *fn,
                           void *data);
SAH_MUST_USE int redis_refuse(struct sah_redis *redis, sah_redis_reply_fn *fn, void *data);
void redis_call_done(struct redis_call *call,
                     const redisReply *reply); /* NULL: connection lost */
void redis_on_deadline(void *redis);
void redis_on_refused(void *redis);

/* redis.c, for the others. */
void redis_set_state(struct sah_redis *redis, enum sah_redis_state state);
void redis_lost(struct sah_redis *redis, const char *trouble); /* hiredis gave up */
void redis_fail(struct sah_redis *redis, const char *trouble); /* we give up: closes */
void redis_greeted(struct sah_redis *redis);                   /* ready: state UP */

/* redis_greet.c */
void redis_greet(struct sah_redis *redis);

#endif
