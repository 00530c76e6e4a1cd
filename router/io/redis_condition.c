/*
 * redis_condition - the table of conditions; error replies, health as JSON and as metrics.
 *
 * Owns:    nothing.
 * Used by: redis.c and redis_greet.c; the store's reading of errors; router and adapters for /readyz, /metrics.
 * Never:   shows the text of an error reply, which may quote data (I13).
 */
#include <inttypes.h>
#include <string.h>

#include "redis_priv.h"

static const struct sah_redis_condition_row rows[] = {
#define X(name, grade, words, action) {#name, SAH_REDIS_##grade, words, action},
    SAH_REDIS_CONDITIONS(X)
#undef X
};

const struct sah_redis_condition_row *sah_redis_condition_row(enum sah_redis_condition condition)
{
    SAH_ASSERT(condition < SAH_REDIS_N_CONDITIONS);
    return &rows[condition];
}

static bool starts_with(const redisReply *reply, const char *prefix)
{
    size_t len = strlen(prefix);

    return reply->len >= len && memcmp(reply->str, prefix, len) == 0;
}

enum sah_redis_condition sah_redis_reply_condition(const redisReply *reply)
{
    /* All of them are said before a function begins: libraries have a header, so memory, disk, role and
     * replicas are judged up front (reliability 2.1). */
    static const struct {
        const char *prefix;
        enum sah_redis_condition condition;
    } meanings[] = {
        {"LOADING ", SAH_REDIS_IS_LOADING},
        {"MISCONF ", SAH_REDIS_IS_MISCONF},
        {"OOM ", SAH_REDIS_IS_OOM},
        {"READONLY ", SAH_REDIS_IS_READONLY},
        {"MASTERDOWN ", SAH_REDIS_IS_READONLY},
        {"NOREPLICAS ", SAH_REDIS_IS_NOREPLICAS},
        {"BUSY ", SAH_REDIS_IS_BUSY},
        {"CLUSTERDOWN ", SAH_REDIS_IS_CLUSTERDOWN},
        {"MOVED ", SAH_REDIS_IS_CLUSTERDOWN},
        {"ASK ", SAH_REDIS_IS_CLUSTERDOWN},
        {"TRYAGAIN ", SAH_REDIS_IS_CLUSTERDOWN},
        {"NOAUTH ", SAH_REDIS_IS_NOAUTH},
        {"WRONGPASS ", SAH_REDIS_IS_NOAUTH},
        {"NOPERM ", SAH_REDIS_IS_NOPERM},
        {"NOSCRIPT ", SAH_REDIS_IS_FUNCTION_MISSING},
        {"ERR Function not found", SAH_REDIS_IS_FUNCTION_MISSING},
        {"ERR max number of clients", SAH_REDIS_IS_MAXCLIENTS},
    };

    if (reply->type != REDIS_REPLY_ERROR || reply->str == NULL)
        return SAH_REDIS_IS_UP;
    for (size_t i = 0; i < SAH_LEN(meanings); i++) {
        if (!starts_with(reply, meanings[i].prefix))
            continue;
        if (meanings[i].condition == SAH_REDIS_IS_MISCONF && strstr(reply->str, "No space left") != NULL)
            return SAH_REDIS_IS_DISK_FULL;
        return meanings[i].condition;
    }
    return SAH_REDIS_IS_UP;
}

void sah_redis_health_json(const struct sah_redis *redis, struct sah_buf *buf)
{
    const struct sah_redis_health *health = sah_redis_health(redis);
    const struct sah_redis_condition_row *row = sah_redis_condition_row(health->condition);
    const char *comma = "";

    sah_buf_addf(buf, "{\"condition\":\"%s\",\"grade\":\"%s\",\"since_ms\":%" PRId64 ",\"words\":\"%s\",\"do\":\"%s\",\"also\":[",
                 row->name, row->grade == SAH_REDIS_GOOD ? "good" : row->grade == SAH_REDIS_WEAK ? "weak" : "bad",
                 health->since_ms, row->words, row->action);
    for (unsigned i = 0; i < SAH_REDIS_N_CONDITIONS; i++) {
        if (i == (unsigned)health->condition || !(health->active & (1u << i)))
            continue;
        sah_buf_addf(buf, "%s{\"condition\":\"%s\",\"words\":\"%s\",\"do\":\"%s\"}", comma, rows[i].name, rows[i].words,
                     rows[i].action);
        comma = ",";
    }
    sah_buf_add_text(buf, "]}");
}

void sah_redis_health_metrics(const struct sah_redis *redis, struct sah_buf *buf, bool open_metrics)
{
    static const char name[] = "sahaya_redis_condition", changes[] = "sahaya_redis_condition_changes";
    const struct sah_redis_health *health = sah_redis_health(redis);
    const char *suffix = open_metrics ? "" : "_total"; /* of the family; the sample has it always */

    sah_buf_addf(buf, "# HELP %s 1 for each condition of the Redis link that holds\n# TYPE %s gauge\n", name, name);
    for (unsigned i = 0; i < SAH_REDIS_N_CONDITIONS; i++)
        sah_buf_addf(buf, "%s{condition=\"%s\"} %d\n", name, rows[i].name, (health->active & (1u << i)) != 0);
    sah_buf_addf(buf, "# HELP %s%s times the condition of the Redis link changed\n# TYPE %s%s counter\n%s_total %" PRIu64 "\n",
                 changes, suffix, changes, suffix, changes, health->transitions);
}

void sah_redis_log_condition(const struct sah_redis *redis, struct sah_log *log, enum sah_redis_condition was)
{
    const struct sah_redis_condition_row *row = sah_redis_condition_row(sah_redis_health(redis)->condition);
    enum sah_log_level level = row->grade == SAH_REDIS_BAD    ? SAH_LOG_ERROR
                               : row->grade == SAH_REDIS_WEAK ? SAH_LOG_WARN
                                                              : SAH_LOG_INFO;

    sah_log_write(log, level, "event=redis.condition condition=%s was=%s words=\"%s\" run_id=%s do=\"%s\"", row->name,
            sah_redis_condition_row(was)->name, row->words, sah_redis_run_id(redis), row->action);
}
