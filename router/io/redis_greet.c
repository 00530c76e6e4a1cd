/*
 * redis_greet - what is asked at each connect, before the first call is let through: is it able
 * to serve, which run is it, how durable is it, has it our functions, would it take a write. The
 * same, but for the functions' code, is looked at every few seconds while it is up.
 *
 * Owns:    nothing; it fills run_id and durability of the link.
 * Used by: redis.c.
 * Never:   changes a setting of Redis. It loads the function library, and only when the one
 * there is absent or another and not newer: a library tells its age by a line
 * `local REVISION = N`, raised with each change that an older program must not undo.
 *
 *   greeting  PING, CONFIG + INFO, FUNCTION LIST, [FUNCTION LOAD,] probe
 *   look            CONFIG + INFO,                                 probe
 *
 * PING is asked first because it is refused in most states in which writes would be (LOADING,
 * MISCONF, BUSY); INFO and CONFIG are answered even then. The probe is refused in all of them. At the
 * memory bound a library that drains goes on, until INFO says that half as much again is used.
 */
#include <string.h>

#include "redis_priv.h"

enum { GREET_DEADLINE_MS = 2000, REVISION_MAX = 1000000 };

/* The first word of an error, "LOADING", is all that is kept, since the rest may quote data. */
void redis_suspend_by(struct sah_redis *redis, enum sah_redis_condition why, const redisReply *reply)
{
    char word[32];

    sah_copy_cut(word, sizeof word, reply->str, strcspn(reply->str, " \r\n"));
    redis_suspend(redis, why, word);
}

static void end(struct sah_redis *redis, enum sah_redis_condition why, const redisReply *reply)
{
    redis->asking = false;
    if (why == SAH_REDIS_IS_UP)
        redis_greeted(redis);
    else if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        redis_suspend_by(redis, why, reply);
    else
        redis_suspend(redis, why, sah_redis_condition_row(why)->name);
}

/* True when the greeting may go on; `otherwise` is what an error without a name of its own means. */
static bool is_fine(struct sah_redis *redis, int err, const redisReply *reply,
                    enum sah_redis_condition otherwise)
{
    enum sah_redis_condition why;

    if (err != SAH_OK) {
        if (err == SAH_EDOWN) /* could not be sent; in all other cases it is lost already */
            redis_fail(redis, SAH_REDIS_IS_LOST, "out of memory");
        return false;
    }
    if (reply->type != REDIS_REPLY_ERROR)
        return true;
    why = sah_redis_reply_condition(reply);
    end(redis, why != SAH_REDIS_IS_UP ? why : otherwise, reply);
    return false;
}

static void put(struct sah_redis *redis, const struct sah_slice *argv, size_t argc,
                sah_redis_reply_fn *fn)
{
    if (redis_put(redis, GREET_DEADLINE_MS, argv, argc, true, fn, redis) != SAH_OK)
        redis_fail(redis, SAH_REDIS_IS_LOST, "out of memory");
}

/* Of a library's code; 0 when it has none. */
static uint64_t revision_of(const char *code, size_t len)
{
    static const char line[] = "\nlocal REVISION = ";
    const char *found = memmem(code, len, line, sizeof line - 1), *digits;
    uint64_t revision = 0;
    size_t n = 0;

    if (found == NULL)
        return 0;
    digits = found + sizeof line - 1;
    while (digits + n < code + len && digits[n] >= '0' && digits[n] <= '9')
        n++;
    return sah_parse_u64((struct sah_slice){digits, n}, 0, REVISION_MAX, &revision) == SAH_OK ? revision : 0;
}

static uint64_t our_revision(const struct sah_redis *redis)
{
    return revision_of(redis->settings.function_code, redis->settings.function_code_len);
}

static void on_probed(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;
    enum sah_redis_condition why = SAH_REDIS_IS_UP;

    if (redis->settings.drains && err == SAH_OK && sah_redis_reply_condition(reply) == SAH_REDIS_IS_OOM) {
        redis_set_weak(redis, SAH_REDIS_BIT(OOM_DRAINS), SAH_REDIS_BIT(OOM_DRAINS));
        end(redis, SAH_REDIS_IS_UP, NULL);
        return;
    }
    if (!is_fine(redis, err, reply, SAH_REDIS_IS_FUNCTION_FAILED))
        return;
    redis_set_weak(redis, 0, SAH_REDIS_BIT(OOM_DRAINS));
    if (reply->type != REDIS_REPLY_INTEGER)
        why = SAH_REDIS_IS_FUNCTION_FAILED;
    else if (reply->integer > (long long)our_revision(redis))
        why = SAH_REDIS_IS_FUNCTION_NEWER;
    end(redis, why, reply);
}

static void probe(struct sah_redis *redis)
{
    if (redis->settings.function_name == NULL || redis->settings.probe_function == NULL)
        end(redis, SAH_REDIS_IS_UP, NULL);
    else
        put(redis,
            (struct sah_slice[]){SAH_SLICE("FCALL"), sah_slice_of(redis->settings.probe_function),
                                 SAH_SLICE("0")},
            3, on_probed);
}

static void on_loaded(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;

    if (is_fine(redis, err, reply, SAH_REDIS_IS_FUNCTION_FAILED))
        probe(redis);
}

/* The code of the one library in an answer of FUNCTION LIST; empty when there is none. */
static struct sah_slice listed_code(const redisReply *list)
{
    const redisReply *pairs;

    if (list->type != REDIS_REPLY_ARRAY || list->elements != 1 ||
        list->element[0]->type != REDIS_REPLY_ARRAY)
        return (struct sah_slice){"", 0};
    pairs = list->element[0];
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        const redisReply *name = pairs->element[i], *value = pairs->element[i + 1];

        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "library_code") == 0 &&
            value->type == REDIS_REPLY_STRING)
            return (struct sah_slice){value->str, value->len};
    }
    return (struct sah_slice){"", 0};
}

static void on_listed(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;
    struct sah_slice ours = {redis->settings.function_code, redis->settings.function_code_len};
    struct sah_slice theirs;

    if (!is_fine(redis, err, reply, SAH_REDIS_IS_FUNCTION_FAILED))
        return;
    theirs = listed_code(reply);
    if (sah_slice_equal(ours, theirs))
        probe(redis);
    else if (revision_of(theirs.ptr, theirs.len) > our_revision(redis))
        end(redis, SAH_REDIS_IS_FUNCTION_NEWER, NULL);
    else
        put(redis,
            (struct sah_slice[]){SAH_SLICE("FUNCTION"), SAH_SLICE("LOAD"), SAH_SLICE("REPLACE"), ours},
            4, on_loaded);
}

static void on_config(void *data, int err, const redisReply *reply)
{
    if (err == SAH_OK)
        redis_read_config(data, reply);
}

static void on_info(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;
    enum sah_redis_condition why;

    if (!is_fine(redis, err, reply, SAH_REDIS_IS_GARBAGE))
        return;
    if (reply->type != REDIS_REPLY_STRING) {
        redis_fail(redis, SAH_REDIS_IS_GARBAGE, "unexpected reply");
        return;
    }
    why = redis_read_info(redis, reply);
    if (why != SAH_REDIS_IS_UP)
        end(redis, why, NULL);
    else if (redis->state == SAH_REDIS_UP || redis->settings.function_name == NULL)
        probe(redis);
    else
        put(redis,
            (struct sah_slice[]){SAH_SLICE("FUNCTION"), SAH_SLICE("LIST"), SAH_SLICE("LIBRARYNAME"),
                                 sah_slice_of(redis->settings.function_name), SAH_SLICE("WITHCODE")},
            5, on_listed);
}

void redis_look(struct sah_redis *redis)
{
    redis->asking = true;
    put(redis,
        (struct sah_slice[]){SAH_SLICE("CONFIG"), SAH_SLICE("GET"), SAH_SLICE("appendonly"),
                             SAH_SLICE("appendfsync"), SAH_SLICE("no-appendfsync-on-rewrite"),
                             SAH_SLICE("maxmemory-policy"), SAH_SLICE("save")},
        7, on_config);
    put(redis,
        (struct sah_slice[]){SAH_SLICE("INFO"), SAH_SLICE("server"), SAH_SLICE("replication"),
                             SAH_SLICE("persistence"), SAH_SLICE("memory")},
        5, on_info);
}

static void on_pong(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;

    if (!is_fine(redis, err, reply, SAH_REDIS_IS_GARBAGE))
        return;
    if (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "PONG") != 0)
        redis_fail(redis, SAH_REDIS_IS_GARBAGE, "unexpected reply");
    else
        redis_look(redis);
}

void redis_greet(struct sah_redis *redis)
{
    redis->asking = true;
    put(redis, (struct sah_slice[]){SAH_SLICE("PING")}, 1, on_pong);
}
