/*
 * redis_condition - the named conditions of a Redis link: what is wrong in one word, in a sentence,
 * and what a person does about it. One table; /readyz, metrics, log, ops page and runbook use its names.
 *
 * BAD: no message can be written, a call is refused before it is sent (SAH_EDOWN).
 * WEAK: it works, and may lose what it accepted or stop working. GOOD: nothing to do.
 * Of several that hold at once the first in the table is the condition; the others are shown beside it.
 * The texts hold no quotation mark and no backslash: they stand in JSON, in log lines and in HTML as they are.
 */
#ifndef SAHAYA_REDIS_CONDITION_H
#define SAHAYA_REDIS_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#define SAH_REDIS_CONDITIONS(X)                                                                                        \
    X(CONNECTING, BAD, "not connected yet", "wait a second; after ten look whether this Redis runs")                   \
    X(REFUSED, BAD, "nobody takes the connection",                                                                     \
      "start this Redis; if it ends at once look at its log and at df: with appendfsync always it ends on a full disk") \
    X(LOST, BAD, "the connection broke", "it connects again by itself; if this stays look at the log of this Redis")   \
    X(TIMEOUT, BAD, "takes the connection and does not answer",                                                        \
      "look whether its process is stopped (kill -CONT), its disk hangs or a slow command runs (SLOWLOG GET 10)")       \
    X(GARBAGE, BAD, "answers what Redis never answers",                                                                \
      "look what listens on redis_socket: it is no Redis, or broken; what was in flight counts as unknown")             \
    X(LOADING, BAD, "reads its data after a start",                                                                    \
      "wait: it ends by itself; INFO persistence, loading_eta_seconds, says when")                                      \
    X(DISK_FULL, BAD, "its disk is full: it refuses to write",                                                         \
      "make room where its appendonlydir lies (df -h); it goes on by itself")                                           \
    X(MISCONF, BAD, "it cannot write to its disk and refuses to write",                                                \
      "look at its log and its disk; if saves fail and none are wanted: redis-cli CONFIG SET save ''")                  \
    X(OOM, BAD, "its memory bound is reached: it refuses to write",                                                    \
      "raise it: redis-cli CONFIG SET maxmemory 1gb, and in redis.conf; then see /v1/queues for what piles up")         \
    X(READONLY, BAD, "it is a replica: it refuses to write",                                                           \
      "point redis_socket at the primary, or make this one primary: redis-cli REPLICAOF NO ONE")                        \
    X(NOREPLICAS, BAD, "too few good replicas: it refuses to write",                                                   \
      "bring the replicas back; or lower min-replicas-to-write, knowing what that gives up")                            \
    X(BUSY, BAD, "a script runs and holds everybody up",                                                               \
      "wait some seconds; then redis-cli SCRIPT KILL and FUNCTION KILL (neither ends one that has written)")            \
    X(CLUSTERDOWN, BAD, "the cluster does not serve these keys",                                                       \
      "redis-cli CLUSTER INFO: bring back the node that has the slots")                                                 \
    X(NOAUTH, BAD, "it wants a password, and none is sent",                                                            \
      "take requirepass out of its redis.conf: the rights of the socket are the lock")                                  \
    X(NOPERM, BAD, "its access list forbids what is needed",                                                           \
      "allow the user of this socket: FCALL FCALL_RO FUNCTION PING INFO CONFIG|GET on our keys (ACL LOG says what)")    \
    X(MAXCLIENTS, BAD, "it has no connection left", "redis-cli CLIENT LIST: end what leaks, or raise maxclients")       \
    X(OLD_VERSION, BAD, "it is older than Redis 7 and has no functions", "install redis-server 7.0.15 or newer")        \
    X(FUNCTION_NEWER, BAD, "its function library is newer than this program",                                          \
      "start the newer program; to go back on purpose: redis-cli FUNCTION DELETE of the library, this one loads its own") \
    X(FUNCTION_MISSING, BAD, "its function library is gone",                                                           \
      "wait a second: it is loaded again by itself; if this stays somebody deletes it (FUNCTION LIST)")                 \
    X(FUNCTION_FAILED, BAD, "it does not take our function library",                                                   \
      "look at its log; a function of that name in another library (FUNCTION LIST) must be deleted")                    \
    X(NOT_DURABLE_NO_AOF, WEAK, "no append-only file: a restart loses everything",                                      \
      "redis-cli CONFIG SET appendonly yes, and in redis.conf")                                                         \
    X(NOT_DURABLE_EVERYSEC, WEAK, "not every write is synced: a power cut loses a second or more",                      \
      "redis-cli CONFIG SET appendfsync always, and in redis.conf")                                                     \
    X(REWRITE_NO_FSYNC, WEAK, "writes are not synced while its file is rewritten",                                      \
      "redis-cli CONFIG SET no-appendfsync-on-rewrite no, and in redis.conf")                                           \
    X(EVICTION, WEAK, "it throws requests away when its memory is full",                                               \
      "redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf")                                            \
    X(REWRITE_FAILED, WEAK, "rewriting its file failed: the file only grows",                                          \
      "make room on its disk (df -h), then redis-cli BGREWRITEAOF")                                                     \
    X(SNAPSHOTS, WEAK, "it saves snapshots: one that fails stops all writes",                                          \
      "redis-cli CONFIG SET save '', and in redis.conf")                                                                \
    X(OOM_DRAINS, WEAK, "its memory bound is reached: bookings wait in the journal, all else goes on",                  \
      "raise it soon: redis-cli CONFIG SET maxmemory 1gb, and in redis.conf; at half as much again everything stops (OOM)") \
    X(UP, GOOD, "works", "nothing")

enum sah_redis_condition {
#define X(name, grade, words, action) SAH_REDIS_IS_##name,
    SAH_REDIS_CONDITIONS(X)
#undef X
        SAH_REDIS_N_CONDITIONS
};

enum sah_redis_grade { SAH_REDIS_GOOD, SAH_REDIS_WEAK, SAH_REDIS_BAD };

struct sah_redis_condition_row {
    const char *name;  /* "LOADING" */
    enum sah_redis_grade grade;
    const char *words;  /* what it is */
    const char *action; /* what a person does */
};
const struct sah_redis_condition_row *sah_redis_condition_row(enum sah_redis_condition condition);

#define SAH_REDIS_BIT(name) (1u << SAH_REDIS_IS_##name)

struct sah_redis_health {
    enum sah_redis_condition condition;
    uint32_t active;      /* bits of all that hold: the condition and the weak ones beside it */
    int64_t since_ms;     /* wall clock */
    uint64_t transitions; /* changes of `condition` since start */
};

struct redisReply;
/* What an error reply says of the server; SAH_REDIS_IS_UP when it is about the call alone. Each BAD one of
 * these means that the call was refused before it wrote anything. */
enum sah_redis_condition sah_redis_reply_condition(const struct redisReply *reply);

#endif
