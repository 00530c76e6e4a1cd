/*
 * redis_priv - what redis.c (state, reconnecting), redis_calls.c (calls, deadlines), redis_wire.c
 * (hiredis in our loop), redis_greet.c (what is asked at each connect and while it is up) and
 * redis_look.c (what CONFIG and INFO say) share.
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
    bool own; /* the link's: its errors are the greeting's business */
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
    struct sah_timer *next_timer; /* connect, greet again or look again: see redis.c */
    uint32_t back_off_ms;
    uint64_t up_since_ms; /* monotonic */
    bool asking;          /* a greeting or a look is under way */
    enum sah_redis_condition blocked; /* why it is DOWN */
    uint32_t weak;        /* bits of the weak conditions, as last looked */
    struct sah_redis_health health;
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
/* GARBAGE when hiredis could not read what came, else LOST. */
enum sah_redis_condition redis_wire_trouble(const struct redis_wire *wire);

/* redis_calls.c. Both complete later, never from inside. */
SAH_MUST_USE int redis_put(struct sah_redis *redis, uint32_t deadline_ms,
                           const struct sah_slice *argv, size_t argc, bool own,
                           sah_redis_reply_fn *fn, void *data);
SAH_MUST_USE int redis_refuse(struct sah_redis *redis, sah_redis_reply_fn *fn, void *data);
void redis_call_done(struct redis_call *call,
                     const redisReply *reply); /* NULL: connection lost */
void redis_on_deadline(void *redis);
void redis_on_refused(void *redis);

/* redis.c, for the others. */
/* hiredis gave up; we give up and close; the connection stays, asks again later. */
void redis_lost(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble);
void redis_fail(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble);
void redis_suspend(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble);
void redis_greeted(struct sah_redis *redis); /* ready: state UP */
void redis_set_down(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble);
void redis_set_weak(struct sah_redis *redis, uint32_t bits, uint32_t mask);

/* redis_greet.c */
void redis_greet(struct sah_redis *redis); /* everything, before the first call */
void redis_look(struct sah_redis *redis);  /* while UP: what may have changed meanwhile */
void redis_suspend_by(struct sah_redis *redis, enum sah_redis_condition why, const redisReply *reply);

/* redis_look.c. Fill durability, run_id and the weak conditions. */
void redis_read_config(struct sah_redis *redis, const redisReply *reply);
/* What INFO says stands in the way; SAH_REDIS_IS_UP when nothing. */
enum sah_redis_condition redis_read_info(struct sah_redis *redis, const redisReply *reply);

#endif
