/*
 * redis - one pipelined connection to one Redis, over hiredis' asynchronous interface with our own
 * libuv glue (the packaged one loses disconnections: a poll error is treated as readable here).
 *
 * Connects by itself and again after each loss (50 ms doubling to 1 s). Every call has a deadline.
 * Each call completes exactly once and never from inside sah_redis_call(). After a deadline or a
 * protocol error the connection is closed, since later replies would be read as answers to earlier
 * calls: everything in flight completes with SAH_ETIMEOUT (the outcome is unknown, ask again).
 *
 * DOWN also while Redis answers that it cannot serve (LOADING, MISCONF, OOM, READONLY, BUSY, ...): the first call
 * refused so closes the gate, the connection stays, and the link asks at a calm pace (50 ms, then up to 1 s) until it
 * can. While UP it looks every 5 s. What is wrong, by name and with what to do: redis_condition.h.
 */
#ifndef SAHAYA_REDIS_H
#define SAHAYA_REDIS_H

#include <hiredis/hiredis.h>

#include <sahaya/log.h>
#include <sahaya/loop.h>
#include <sahaya/redis_condition.h>
#include <sahaya/str.h>

struct sah_redis;

enum sah_redis_state { SAH_REDIS_DOWN, SAH_REDIS_UP };

struct sah_redis_settings {
    const char *socket_path;    /* unix socket */
    const char *function_name;  /* library name, e.g. "sahaya_router_1"; NULL = none to load */
    const char *function_code;  /* Lua with "#!lua name=..." ; borrowed for the link's life */
    size_t function_code_len;
    /* A function of it without keys and without flags that writes nothing and answers the library's REVISION: it is
     * refused exactly when a write would be, and tells of a library newer than ours. NULL = none. */
    const char *probe_function;
    /* Its functions that drain, and those for emergencies, have the flag allow-oom: at the memory bound it
     * stays UP and is weak (OOM_DRAINS), and what must not go on is refused by Redis. OOM when half as much again is used. */
    bool drains;
    uint32_t deadline_ms;       /* default of a call */
    void (*on_state)(void *data, enum sah_redis_state state); /* may be NULL. UP after functions are loaded */
    /* May be NULL. sah_redis_health() has the new one already; when the state changes as well, on_state comes after. */
    void (*on_condition)(void *data, enum sah_redis_condition was);
    void *data;
};

/*
 * `err` is SAH_OK: reply is set (an error reply of Redis is SAH_OK here with REDIS_REPLY_ERROR);
 * SAH_EDOWN: was not sent; SAH_ETIMEOUT: sent, outcome unknown. reply is borrowed.
 */
typedef void sah_redis_reply_fn(void *data, int err, const redisReply *reply);

SAH_MUST_USE int sah_redis_create(struct sah_loop *loop, const struct sah_redis_settings *settings,
                                  struct sah_redis **ret_redis);
void sah_redis_destroy(struct sah_redis *redis); /* completes what is in flight with SAH_ECANCELED */
enum sah_redis_state sah_redis_state(const struct sah_redis *redis);
/* The newest reason for being DOWN, for people: "connection refused", "LOADING", ... Never NULL. */
const char *sah_redis_trouble(const struct sah_redis *redis);
unsigned sah_redis_in_flight(const struct sah_redis *redis);
/* deadline_ms 0 = the default. Arguments are copied. fn may be NULL. */
SAH_MUST_USE int sah_redis_call(struct sah_redis *redis, uint32_t deadline_ms, const struct sah_slice *argv,
                                size_t argc, sah_redis_reply_fn *fn, void *data);

const struct sah_redis_health *sah_redis_health(const struct sah_redis *redis);
/* {"condition", "grade", "since_ms", "words", "do", "also": [...]}, for /readyz. */
void sah_redis_health_json(const struct sah_redis *redis, struct sah_buf *buf);
/* sahaya_redis_condition{condition="..."} 0 or 1, and a counter of changes. */
void sah_redis_health_metrics(const struct sah_redis *redis, struct sah_buf *buf, bool open_metrics);
/* The line of a change, for on_condition. */
void sah_redis_log_condition(const struct sah_redis *redis, struct sah_log *log, enum sah_redis_condition was);

/* What CONFIG GET said of durability, asked at each connect and every 5 s; for /readyz and the log. */
struct sah_redis_durability {
    bool known;
    bool durable;      /* appendonly yes, appendfsync always, noeviction, rewrite fsync kept */
    char weaker[192];  /* what is weaker, "appendfsync everysec (want always); ..." */
};
const struct sah_redis_durability *sah_redis_durability(const struct sah_redis *redis);
char const *sah_redis_run_id(const struct sah_redis *redis); /* of the server; "" while unknown */

#endif
