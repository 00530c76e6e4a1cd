/*
 * adapter_metrics - the skeleton's numbers as Prometheus text.
 *
 * Used by: adapter's channels, for /metrics. The numbers Redis keeps are at most a second old.
 * Never:   puts anything into a label but class, lane and channel (I13).
 */
#include <inttypes.h>

#include "adapter_priv.h"

#define NAME "sahaya_adapter_"

static void counter(struct sah_buf *buf, const char *channel, const char *name,
                    const char *help, uint64_t value)
{
    sah_buf_addf(buf, "# HELP " NAME "%s_total %s\n# TYPE " NAME "%s_total counter\n", name,
                 help, name);
    sah_buf_addf(buf, NAME "%s_total{channel=\"%s\"} %" PRIu64 "\n", name, channel, value);
}

static void gauge(struct sah_buf *buf, const char *channel, const char *name, const char *help,
                  uint64_t value)
{
    sah_buf_addf(buf, "# HELP " NAME "%s %s\n# TYPE " NAME "%s gauge\n", name, help, name);
    sah_buf_addf(buf, NAME "%s{channel=\"%s\"} %" PRIu64 "\n", name, channel, value);
}

static void gauge_pair(struct sah_buf *buf, const char *channel, const char *name,
                       const char *help, const char *label, uint64_t emergency, uint64_t bulk)
{
    sah_buf_addf(buf, "# HELP " NAME "%s %s\n# TYPE " NAME "%s gauge\n", name, help, name);
    sah_buf_addf(buf, NAME "%s{channel=\"%s\",%s=\"emergency\"} %" PRIu64 "\n", name, channel,
                 label, emergency);
    sah_buf_addf(buf, NAME "%s{channel=\"%s\",%s=\"bulk\"} %" PRIu64 "\n", name, channel, label,
                 bulk);
}

static void gauge_seconds(struct sah_buf *buf, const char *channel, const char *name,
                          const char *help, const char *label, uint64_t emergency_ms,
                          uint64_t bulk_ms)
{
    sah_buf_addf(buf, "# HELP " NAME "%s %s\n# TYPE " NAME "%s gauge\n", name, help, name);
    sah_buf_addf(buf, NAME "%s{channel=\"%s\",%s=\"emergency\"} %.3f\n", name, channel, label,
                 (double)emergency_ms / 1000.0);
    sah_buf_addf(buf, NAME "%s{channel=\"%s\",%s=\"bulk\"} %.3f\n", name, channel, label,
                 (double)bulk_ms / 1000.0);
}

/* What waits in the journal, and how full it is. */
void sah_ad_journal_metrics(struct sah_adapter *adapter, struct sah_buf *buf)
{
    const char *channel = adapter->name;
    struct sah_journal_stats j;
    uint64_t urgent = 0;

    gauge(buf, channel, "journal_up", "1 when messages can be journaled while Redis is away",
          adapter->journal.journal != NULL);
    if (adapter->journal.journal == NULL)
        return;
    sah_journal_stats(adapter->journal.journal, &j);
    for (unsigned i = 0; i < SAH_JOURNAL_CLASSES; i++)
        urgent += i == SAH_JOURNAL_CLASS_MAX ? 0 : j.open_by_class[i];
    gauge_pair(buf, channel, "journal_open", "messages in the journal, not in Redis yet", "class",
               urgent, j.open_by_class[SAH_JOURNAL_CLASS_MAX]);
    gauge(buf, channel, "journal_used_percent", "of its room; above 80 no booking is taken",
          j.used_percent);
    gauge(buf, channel, "journal_bytes", "on disk", j.used_bytes);
    gauge(buf, channel, "journal_reserve", "1 when the last segment for emergencies is there",
          j.has_reserve);
    counter(buf, channel, "journal_suspects", "segments given up: look at the disk", j.suspects);
    counter(buf, channel, "journal_quarantined", "damaged ranges found at start: tell a person",
            j.quarantined);
    counter(buf, channel, "journal_unreadable", "segments unreadable at start: tell a person",
            j.unreadable);
}

void sah_ad_journal_why(const struct sah_adapter *adapter, char *why, size_t why_size)
{
    struct sah_journal_stats j;

    if (adapter->journal.journal == NULL) {
        (void)sah_format(why, why_size, "; no journal, so messages are refused until it is back: %s",
                         adapter->journal.settings.key_file != NULL ? adapter->journal.trouble
                                                                    : "none is set");
        return;
    }
    sah_journal_stats(adapter->journal.journal, &j);
    (void)sah_format(why, why_size,
                     "; messages go to the journal (%" PRIu64 " wait, %u %% of its room), "
                     "emergencies go on: start this adapter's Redis, the rest follows by itself",
                     j.open, (unsigned)j.used_percent);
}

void sah_adapter_metrics(struct sah_adapter *adapter, struct sah_buf *buf)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } rows[] = {
#define X(name, metric, help) {metric, help, offsetof(struct sah_ad_counts, name)},
        SAH_AD_COUNTS(X)
#undef X
    };
    const char *channel = adapter->name;
    const uint64_t *s = adapter->stats;
    const struct sah_redis_durability *durability = sah_redis_durability(adapter->store.redis);

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const uint64_t *value = (const void *)((const char *)&adapter->counts + rows[i].offset);

        counter(buf, channel, rows[i].name, rows[i].help, *value);
    }
    counter(buf, channel, "replies_stale", "unsent replies dropped for a newer one",
            s[SAH_AD_STAT_STALE]);
    counter(buf, channel, "replies_dead", "replies that became dead letters",
            s[SAH_AD_STAT_DEAD]);
    counter(buf, channel, "quarantined", "pieces put into quarantine",
            s[SAH_AD_STAT_QUARANTINE]);
    counter(buf, channel, "rehanded", "messages handed over again to another run of a store",
            s[SAH_AD_STAT_REHANDED]);
    counter(buf, channel, "handed_dropped", "records of handed messages dropped for want of room",
            s[SAH_AD_STAT_HANDED_DROPPED]);
    gauge(buf, channel, "handed", "handed messages kept in case a router's store loses them",
          s[SAH_AD_STAT_HANDED]);
    gauge(buf, channel, "quarantine_kept", "pieces in quarantine now",
          s[SAH_AD_STAT_QUARANTINE_KEPT]);
    gauge(buf, channel, "dead_letters_kept", "dead letters kept now", s[SAH_AD_STAT_DEAD_KEPT]);
    gauge(buf, channel, "waiting", "messages and events that wait for their turn or have it",
          adapter->citizens.waiting);
    gauge(buf, channel, "sends_in_flight", "replies being sent", adapter->outbox.in_flight);
    gauge(buf, channel, "outbox_stopped", "1 while all sending is stopped",
          sah_loop_now_ms(adapter->loop) < adapter->outbox.stopped_until_ms);
    gauge(buf, channel, "redis_up", "1 when Redis answers",
          sah_redis_state(adapter->store.redis) == SAH_REDIS_UP);
    gauge(buf, channel, "redis_durable", "1 when every acknowledged write survives a crash",
          durability->known && durability->durable);
    sah_redis_health_metrics(adapter->store.redis, buf, false);
    gauge_pair(buf, channel, "router_up", "1 when that lane's router answered in the last 3 s",
               "lane", sah_ad_link_up(&adapter->links[0]), sah_ad_link_up(&adapter->links[1]));
    gauge_pair(buf, channel, "pending_submits", "messages no router has answered for yet",
               "lane", s[SAH_AD_STAT_PENDING_E], s[SAH_AD_STAT_PENDING_B]);
    gauge_seconds(buf, channel, "pending_oldest_seconds", "age of the oldest of them", "lane",
                  s[SAH_AD_STAT_PENDING_AGE_E], s[SAH_AD_STAT_PENDING_AGE_B]);
    gauge_pair(buf, channel, "outbox_depth", "replies not yet sent", "class",
               s[SAH_AD_STAT_OUTBOX_E], s[SAH_AD_STAT_OUTBOX_B]);
    gauge_seconds(buf, channel, "outbox_oldest_seconds", "age of the oldest of them", "class",
                  s[SAH_AD_STAT_OUTBOX_AGE_E], s[SAH_AD_STAT_OUTBOX_AGE_B]);
    sah_ad_journal_metrics(adapter, buf);
}
