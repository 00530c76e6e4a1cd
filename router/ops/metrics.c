/*
 * metrics - the router's figures in Prometheus' text format, or OpenMetrics when Accept asks.
 *
 * Labels come from the roster and from fixed lists alone, so their number is bounded and nobody's
 * data stands in them (I13).
 */
#include <string.h>

#include "ops/ops_priv.h"

#define METRICS_MAX (1024 * 1024)

struct out {
    struct sah_buf buf;
    bool open_metrics;
};

/* OpenMetrics names a counter's family without _total; the old format with it. */
static void family(struct out *out, const char *name, const char *type, const char *help)
{
    bool counter = strcmp(type, "counter") == 0;
    const char *suffix = counter && !out->open_metrics ? "_total" : "";

    sah_buf_addf(&out->buf, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix, type);
}

static void counters(struct out *out, const struct sah_core_counters *c, const struct sah_link_counters *l)
{
#define X(name)                                                                        \
    family(out, "sahaya_router_" #name, "counter", "count of " #name " since start");  \
    sah_buf_addf(&out->buf, "sahaya_router_" #name "_total %llu\n", (unsigned long long)c->name);
    SAH_CORE_COUNTERS(X)
#undef X
    family(out, "sahaya_router_bus_malformed", "counter", "messages on the bus that could not be read");
    sah_buf_addf(&out->buf, "sahaya_router_bus_malformed_total %llu\n", (unsigned long long)l->malformed);
    family(out, "sahaya_router_bus_send_failed", "counter", "messages to adapters that found no way");
    sah_buf_addf(&out->buf, "sahaya_router_bus_send_failed_total %llu\n", (unsigned long long)l->send_failed);
    family(out, "sahaya_router_accepted_requests", "counter", "requests accepted by class");
    for (unsigned i = 0; i < SAH_N_CLASSES; i++)
        sah_buf_addf(&out->buf, "sahaya_router_accepted_requests_total{priority=\"P%u\"} %llu\n", i,
                     (unsigned long long)c->accepted_by_class[i]);
}

static void to_socket(struct out *out, const struct sah_core_counters *c)
{
    const char *name = "sahaya_router_accept_to_socket_seconds";

    family(out, name, "histogram", "from accept to the agency's socket, first attempts of requests");
    for (unsigned class = 0; class < SAH_N_CLASSES; class++) {
        unsigned long long sum = 0;

        for (unsigned b = 0; b < 10; b++) {
            sum += c->to_socket[class][b];
            sah_buf_addf(&out->buf, "%s_bucket{priority=\"P%u\",le=\"%g\"} %llu\n", name, class,
                         sah_core_bucket_ms[b] / 1000.0, sum);
        }
        sum += c->to_socket[class][10];
        sah_buf_addf(&out->buf, "%s_bucket{priority=\"P%u\",le=\"+Inf\"} %llu\n", name, class, sum);
        sah_buf_addf(&out->buf, "%s_sum{priority=\"P%u\"} %.3f\n", name, class,
                     (double)c->to_socket_sum_ms[class] / 1000.0);
        sah_buf_addf(&out->buf, "%s_count{priority=\"P%u\"} %llu\n", name, class, sum);
    }
}

static void gauge(struct out *out, const char *name, const char *help, unsigned long long value)
{
    family(out, name, "gauge", help);
    sah_buf_addf(&out->buf, "%s %llu\n", name, value);
}

static void by_class(struct out *out, struct sah_ops *ops, const struct sah_store_stats *stats, const char *name,
                     const char *help, bool age)
{
    family(out, name, "gauge", help);
    for (unsigned i = 0; i < stats->n_queues && i < ops->n_endpoints; i++) {
        struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);

        for (unsigned class = 0; class < SAH_N_CLASSES; class++) {
            sah_buf_addf(&out->buf, "%s{agency=\"%s\",endpoint=\"%s\",priority=\"P%u\"} ", name, view.agency->id,
                         view.endpoint->id, class);
            if (age)
                sah_buf_addf(&out->buf, "%.3f\n", (double)stats->queues[i].oldest_age_ms[class] / 1000.0);
            else
                sah_buf_addf(&out->buf, "%llu\n", (unsigned long long)stats->queues[i].ready[class]);
        }
    }
}

static void queues(struct out *out, struct sah_ops *ops, const struct sah_store_stats *stats)
{
    const struct sah_queue_stat *forgotten;

    by_class(out, ops, stats, "sahaya_router_queue_depth", "deliveries ready, by endpoint and class", false);
    by_class(out, ops, stats, "sahaya_router_queue_oldest_age_seconds", "age of the oldest ready delivery", true);
    family(out, "sahaya_router_endpoint_in_flight", "gauge", "attempts under way");
    for (unsigned i = 0; i < ops->n_endpoints; i++) {
        struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);

        sah_buf_addf(&out->buf, "sahaya_router_endpoint_in_flight{agency=\"%s\",endpoint=\"%s\"} %u\n",
                     view.agency->id, view.endpoint->id, view.in_flight);
    }
    family(out, "sahaya_router_endpoint_window", "gauge", "attempts of P2-P4 an endpoint is trusted with now");
    for (unsigned i = 0; i < ops->n_endpoints; i++) {
        struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);

        sah_buf_addf(&out->buf, "sahaya_router_endpoint_window{agency=\"%s\",endpoint=\"%s\"} %u\n",
                     view.agency->id, view.endpoint->id, view.window);
    }
    family(out, "sahaya_router_endpoint_breaker", "gauge", "0 closed, 1 open, 2 half open; P0 and P1 pass it");
    for (unsigned i = 0; i < ops->n_endpoints; i++) {
        struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);

        sah_buf_addf(&out->buf, "sahaya_router_endpoint_breaker{agency=\"%s\",endpoint=\"%s\"} %u\n",
                     view.agency->id, view.endpoint->id, (unsigned)view.breaker);
    }
    gauge(out, "sahaya_router_leased", "deliveries leased", stats->leased);
    gauge(out, "sahaya_router_delayed", "deliveries waiting for their next attempt", stats->delayed);
    gauge(out, "sahaya_router_forgotten_endpoints", "endpoints with deliveries that the roster does not name",
          sah_core_forgotten(ops->s.core, &forgotten));
    gauge(out, "sahaya_router_dead_letters", "deliveries that wait for a person", stats->dead);
    gauge(out, "sahaya_router_outbox", "events not yet safe with an adapter", stats->outbox);
    gauge(out, "sahaya_router_quarantined", "pieces that could not be understood", stats->quarantined);
}

static void away_metrics(struct out *out, const struct sah_ops *ops)
{
    static const char *const states[] = {"NORMAL", "SLOW", "DOWN", "DRAIN"};
    struct sah_ops_away away;

    if (ops->s.away == NULL)
        return;
    ops->s.away(ops->s.data, &away);
    family(out, "sahaya_router_state", "gauge", "1 for the state the router is in");
    for (unsigned i = 0; i < SAH_LEN(states); i++)
        sah_buf_addf(&out->buf, "sahaya_router_state{state=\"%s\"} %d\n", states[i],
                     strcmp(states[i], away.state) == 0);
    gauge(out, "sahaya_router_journal_left", "messages in the journal that Redis does not have", away.left);
    gauge(out, "sahaya_router_journal_open", "messages open in the journal", away.journal_open);
    gauge(out, "sahaya_router_journal_used_percent", "of the room the journal may use", away.journal_used_percent);
    gauge(out, "sahaya_router_journal_suspects", "segments given up after a failed write: look at the disk",
          away.journal_suspects);
    gauge(out, "sahaya_router_direct_requests", "requests delivered without Redis now", away.direct);
    gauge(out, "sahaya_router_store_lost_writes", "1 when Redis came back with less than it had", away.lost);
    for (unsigned i = 0; i < away.n_counters; i++) {
        char name[64];

        (void)sah_format(name, sizeof name, "sahaya_router_away_%s", away.counters[i].name);
        family(out, name, "counter", "while Redis was away, since start");
        sah_buf_addf(&out->buf, "%s_total %llu\n", name, (unsigned long long)away.counters[i].value);
    }
}

static void answer_metrics(struct sah_ops *ops, struct sah_http_exchange *x, int err, const struct sah_store_stats *stats)
{
    const char *accept = sah_http_header(x, "Accept");
    const struct sah_redis_durability *durability = sah_redis_durability(ops->s.redis);
    struct out out = {.open_metrics = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL};

    sah_buf_init(&out.buf, METRICS_MAX);
    counters(&out, sah_core_counters(ops->s.core), sah_link_counters(ops->s.link));
    to_socket(&out, sah_core_counters(ops->s.core));
    gauge(&out, "sahaya_router_redis_up", "1 when this lane's Redis answers", sah_redis_state(ops->s.redis) == SAH_REDIS_UP);
    gauge(&out, "sahaya_router_redis_durable", "1 when an accepted write survives a power cut",
          durability->known && durability->durable);
    sah_redis_health_metrics(ops->s.redis, &out.buf, out.open_metrics);
    gauge(&out, "sahaya_router_adapters", "adapters heard in the last 3 s", sah_link_adapters_alive(ops->s.link));
    away_metrics(&out, ops);
    gauge(&out, "sahaya_router_jobs", "messages and statuses under way", sah_core_jobs(ops->s.core));
    family(&out, "sahaya_router_http_too_large", "counter", "bodies refused for their size");
    sah_buf_addf(&out.buf, "sahaya_router_http_too_large_total %llu\n", (unsigned long long)*ops->s.too_large);
    family(&out, "sahaya_router_status_unauthorised", "counter", "status calls with a wrong token");
    sah_buf_addf(&out.buf, "sahaya_router_status_unauthorised_total %llu\n",
                 (unsigned long long)ops->s.unauthorised(ops->s.data));
    if (err == SAH_OK) /* while the store is away its gauges are absent, not zero */
        queues(&out, ops, stats);
    if (out.open_metrics)
        sah_buf_add_text(&out.buf, "# EOF\n");
    if (out.buf.failed)
        sah_http_reply_text(x, 503, "metrics do not fit\n");
    else
        sah_http_reply(x, 200,
                       out.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                        : "text/plain; version=0.0.4; charset=utf-8",
                       out.buf.data, out.buf.len);
    sah_buf_fini(&out.buf);
}

void sah_ops_metrics(struct sah_ops *ops, struct sah_http_exchange *x)
{
    SAH_CHECK(ops, OPS_MAGIC);
    ops_with_stats(ops, x, answer_metrics);
}
