/*
 * redis_look - what CONFIG GET and INFO say of a server: which run, which version, how durable, is
 * its disk well.
 *
 * Owns:    nothing; fills run_id, durability and the weak conditions of the link.
 * Used by: redis_greet.c.
 * Never:   asks anything itself.
 */
#include <stdio.h>
#include <string.h>

#include "redis_priv.h"

#define VERSION_WANTED 7 /* functions */
#define WEAK_BY_CONFIG                                                                    \
    (SAH_REDIS_BIT(NOT_DURABLE_NO_AOF) | SAH_REDIS_BIT(NOT_DURABLE_EVERYSEC) |            \
     SAH_REDIS_BIT(REWRITE_NO_FSYNC) | SAH_REDIS_BIT(EVICTION) | SAH_REDIS_BIT(SNAPSHOTS))

/* The value behind `key` in a flat list of pairs; NULL when absent. */
static const redisReply *pair_value(const redisReply *pairs, const char *key)
{
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        const redisReply *name = pairs->element[i];

        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, key) == 0)
            return pairs->element[i + 1];
    }
    return NULL;
}

void redis_read_config(struct sah_redis *redis, const redisReply *reply)
{
    static const struct {
        const char *key;
        const char *want;
        bool needed;
        uint32_t weak;
    } rows[] = {
        {"appendonly", "yes", true, SAH_REDIS_BIT(NOT_DURABLE_NO_AOF)},
        {"appendfsync", "always", true, SAH_REDIS_BIT(NOT_DURABLE_EVERYSEC)},
        {"no-appendfsync-on-rewrite", "no", true, SAH_REDIS_BIT(REWRITE_NO_FSYNC)},
        {"maxmemory-policy", "noeviction", true, SAH_REDIS_BIT(EVICTION)},
        {"save", "", false, SAH_REDIS_BIT(SNAPSHOTS)}, /* a nuisance, not a loss */
    };
    struct sah_redis_durability *d = &redis->durability;
    uint32_t weak = 0;
    struct sah_buf weaker;

    memset(d, 0, sizeof *d);
    if (reply->type != REDIS_REPLY_ARRAY) {
        redis_set_weak(redis, 0, WEAK_BY_CONFIG);
        return; /* CONFIG may be forbidden to us: then durability stays unknown */
    }
    d->known = true;
    d->durable = true;
    sah_buf_init(&weaker, 1024);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const redisReply *value = pair_value(reply, rows[i].key);
        const char *text =
            value != NULL && value->type == REDIS_REPLY_STRING ? value->str : "?";

        if (strcmp(text, rows[i].want) == 0)
            continue;
        weak |= rows[i].weak;
        d->durable = d->durable && !rows[i].needed;
        sah_buf_addf(&weaker, "%s%s %s (want %s)", weaker.len > 0 ? "; " : "", rows[i].key,
                     text, rows[i].want[0] != '\0' ? rows[i].want : "none");
    }
    if (weaker.data != NULL)
        sah_copy_cut(d->weaker, sizeof d->weaker, weaker.data, weaker.len);
    sah_buf_fini(&weaker);
    redis_set_weak(redis, weak, WEAK_BY_CONFIG);
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

static bool info_is(const redisReply *info, const char *name, const char *wanted)
{
    char value[16];

    info_value(info, name, value, sizeof value);
    return strcmp(value, wanted) == 0;
}

static uint64_t info_number(const redisReply *info, const char *name)
{
    char value[24];
    uint64_t number = 0;

    info_value(info, name, value, sizeof value);
    return sah_parse_u64(sah_slice_of(value), 0, UINT64_MAX, &number) == SAH_OK ? number : 0;
}

/* Functions with allow-oom write past the bound; they must not take the host's last memory. */
static bool is_far_past_its_bound(const redisReply *info)
{
    uint64_t bound = info_number(info, "\nmaxmemory:");

    return bound > 0 && info_number(info, "\nused_memory:") / 3 > bound / 2;
}

enum sah_redis_condition redis_read_info(struct sah_redis *redis, const redisReply *reply)
{
    char version[16];
    uint64_t major = VERSION_WANTED;

    info_value(reply, "run_id:", redis->run_id, sizeof redis->run_id);
    info_value(reply, "redis_version:", version, sizeof version);
    redis_set_weak(redis, info_is(reply, "\naof_last_bgrewrite_status:", "err") ? SAH_REDIS_BIT(REWRITE_FAILED) : 0,
                   SAH_REDIS_BIT(REWRITE_FAILED));
    if (sah_parse_u64((struct sah_slice){version, strcspn(version, ".")}, 0, 1000, &major) == SAH_OK &&
        major < VERSION_WANTED)
        return SAH_REDIS_IS_OLD_VERSION;
    if (info_is(reply, "\nrole:", "slave"))
        return SAH_REDIS_IS_READONLY;
    /* Without `always` it lives on after a failed write, and refuses all further ones. */
    if (info_is(reply, "\naof_last_write_status:", "err"))
        return SAH_REDIS_IS_DISK_FULL;
    if (redis->settings.drains && is_far_past_its_bound(reply))
        return SAH_REDIS_IS_OOM;
    return SAH_REDIS_IS_UP;
}
