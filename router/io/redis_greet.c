/*
 * redis_greet - what is asked at each connect, before the first call is let through: is it able
 * to serve, which run is it, how durable is it, has it our functions.
 *
 * Owns:    nothing; it fills run_id and durability of the link.
 * Used by: redis.c.
 * Never:   changes a setting of Redis. It loads the function library, and only when the one
 * there is absent or another.
 *
 * PING is asked first because it is refused in each state in which writes would be (LOADING,
 * MISCONF, BUSY); INFO and CONFIG are answered even then.
 */
#include <stdio.h>
#include <string.h>

#include "redis_priv.h"

enum { GREET_DEADLINE_MS = 2000 };

/* The first word of an error, "LOADING"; it is all that is kept, since the rest may quote data.
 */
static void fail_with_word(struct sah_redis *redis, const redisReply *reply)
{
    char word[32];
    size_t len = strcspn(reply->str, " \r\n");

    sah_copy_cut(word, sizeof word, reply->str, len);
    redis_fail(redis, word);
}

/* True when the greeting may go on. */
static bool is_fine(struct sah_redis *redis, int err, const redisReply *reply)
{
    if (err != SAH_OK) {
        if (err == SAH_EDOWN) /* could not be sent; in all other cases it is lost already */
            redis_fail(redis, "out of memory");
        return false;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        fail_with_word(redis, reply);
        return false;
    }
    return true;
}

static void put(struct sah_redis *redis, const struct sah_slice *argv, size_t argc,
                sah_redis_reply_fn *fn)
{
    if (redis_put(redis, GREET_DEADLINE_MS, argv, argc, fn, redis) != SAH_OK)
        redis_fail(redis, "out of memory");
}

static void on_loaded(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;

    if (is_fine(redis, err, reply))
        redis_greeted(redis);
}

/* The value behind `key` in a flat list of pairs; NULL when absent. */
static const redisReply *pair_value(const redisReply *pairs, const char *key)
{
    if (pairs->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        const redisReply *name = pairs->element[i];

        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, key) == 0)
            return pairs->element[i + 1];
    }
    return NULL;
}

static bool has_our_code(const struct sah_redis *redis, const redisReply *list)
{
    const redisReply *code;

    if (list->type != REDIS_REPLY_ARRAY || list->elements != 1)
        return false;
    code = pair_value(list->element[0], "library_code");
    return code != NULL && code->type == REDIS_REPLY_STRING &&
           code->len == redis->settings.function_code_len &&
           memcmp(code->str, redis->settings.function_code, code->len) == 0;
}

static void on_listed(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;

    if (!is_fine(redis, err, reply))
        return;
    if (has_our_code(redis, reply)) {
        redis_greeted(redis);
        return;
    }
    put(redis,
        (struct sah_slice[]){
            SAH_SLICE("FUNCTION"),
            SAH_SLICE("LOAD"),
            SAH_SLICE("REPLACE"),
            {redis->settings.function_code, redis->settings.function_code_len}},
        4, on_loaded);
}

static void on_config(void *data, int err, const redisReply *reply)
{
    static const struct {
        const char *key;
        const char *want;
        bool needed;
    } rows[] = {
        {"appendonly", "yes", true},
        {"appendfsync", "always", true},
        {"no-appendfsync-on-rewrite", "no", true},
        {"maxmemory-policy", "noeviction", true},
        {"save", "", false}, /* a snapshot that fails stops writes: a nuisance, not a loss */
    };
    struct sah_redis *redis = data;
    struct sah_redis_durability *d = &redis->durability;
    struct sah_buf weaker;

    memset(d, 0, sizeof *d);
    if (err != SAH_OK || reply->type != REDIS_REPLY_ARRAY)
        return; /* CONFIG may be forbidden to us: then durability stays unknown */
    d->known = true;
    d->durable = true;
    sah_buf_init(&weaker, 1024);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const redisReply *value = pair_value(reply, rows[i].key);
        const char *text =
            value != NULL && value->type == REDIS_REPLY_STRING ? value->str : "?";

        if (strcmp(text, rows[i].want) == 0)
            continue;
        d->durable = d->durable && !rows[i].needed;
        sah_buf_addf(&weaker, "%s%s %s (want %s)", weaker.len > 0 ? "; " : "", rows[i].key,
                     text, rows[i].want[0] != '\0' ? rows[i].want : "none");
    }
    if (weaker.data != NULL)
        sah_copy_cut(d->weaker, sizeof d->weaker, weaker.data, weaker.len);
    sah_buf_fini(&weaker);
}

/* The value of a "name:value" line of INFO, as long as it fits. */
static void info_value(const redisReply *info, const char *name, char *dst, size_t size)
{
    const char *line = strstr(info->str, name);

    dst[0] = '\0';
    if (line != NULL) {
        line += strlen(name);
        sah_copy_cut(dst, size, line, strcspn(line, "\r\n"));
    }
}

static void on_info(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;
    char role[16];

    if (!is_fine(redis, err, reply))
        return;
    if (reply->type != REDIS_REPLY_STRING) {
        redis_fail(redis, "unexpected reply");
        return;
    }
    info_value(reply, "run_id:", redis->run_id, sizeof redis->run_id);
    info_value(reply, "\nrole:", role, sizeof role);
    if (strcmp(role, "slave") == 0) {
        redis_fail(redis, "READONLY");
        return;
    }
    if (redis->settings.function_name == NULL) {
        redis_greeted(redis);
        return;
    }
    put(redis,
        (struct sah_slice[]){SAH_SLICE("FUNCTION"), SAH_SLICE("LIST"), SAH_SLICE("LIBRARYNAME"),
                             sah_slice_of(redis->settings.function_name),
                             SAH_SLICE("WITHCODE")},
        5, on_listed);
}

static void on_pong(void *data, int err, const redisReply *reply)
{
    struct sah_redis *redis = data;

    if (!is_fine(redis, err, reply))
        return;
    put(redis,
        (struct sah_slice[]){SAH_SLICE("CONFIG"), SAH_SLICE("GET"), SAH_SLICE("appendonly"),
                             SAH_SLICE("appendfsync"), SAH_SLICE("no-appendfsync-on-rewrite"),
                             SAH_SLICE("maxmemory-policy"), SAH_SLICE("save")},
        7, on_config);
    put(redis,
        (struct sah_slice[]){SAH_SLICE("INFO"), SAH_SLICE("server"), SAH_SLICE("replication")},
        3, on_info);
}

void redis_greet(struct sah_redis *redis)
{
    put(redis, (struct sah_slice[]){SAH_SLICE("PING")}, 1, on_pong);
}
