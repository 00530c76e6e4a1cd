/*
 * ops - health, readiness, queues and quarantine of a router. See ops.h; metrics.c and page.c write
 * the other two faces of the same facts.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <sahaya/clock.h>

#include "ops/ops_priv.h"
#include "ops/token.h"

#define READY_MAX (16 * 1024)
#define QUARANTINE_SHOWN 50
#define QUARANTINE_SHOWN_MAX 128 /* as many as the store hands out */

int sah_ops_create(const struct sah_ops_settings *settings, struct sah_ops **ret_ops)
{
    struct sah_ops *ops = calloc(1, sizeof *ops);
    unsigned n = sah_core_endpoints(settings->core);

    if (ops == NULL)
        return SAH_ENOMEM;
    ops->endpoints = calloc(n ? n : 1, sizeof *ops->endpoints);
    if (ops->endpoints == NULL) {
        free(ops);
        return SAH_ENOMEM;
    }
    ops->magic = OPS_MAGIC;
    ops->s = *settings;
    ops->n_endpoints = n;
    for (unsigned i = 0; i < n; i++)
        ops->endpoints[i] = sah_core_endpoint(settings->core, i).endpoint->id;
    ops->started_ms = sah_clock_wall_ms();
    *ret_ops = ops;
    return SAH_OK;
}

void sah_ops_destroy(struct sah_ops *ops)
{
    if (ops == NULL)
        return;
    SAH_CHECK(ops, OPS_MAGIC);
    ops->magic = 0;
    free(ops->endpoints);
    free(ops);
}

const char *sah_ops_state(const struct sah_ops *ops)
{
    struct sah_ops_away away;

    if (ops->s.away == NULL)
        return sah_redis_state(ops->s.redis) == SAH_REDIS_UP ? "NORMAL" : "DOWN";
    ops->s.away(ops->s.data, &away);
    return away.state;
}

void sah_ops_healthz(struct sah_ops *ops, struct sah_http_exchange *x)
{
    SAH_CHECK(ops, OPS_MAGIC);
    sah_http_reply_text(x, 200, "ok\n");
}

void sah_ops_readyz(struct sah_ops *ops, struct sah_http_exchange *x)
{
    bool takes = sah_redis_state(ops->s.redis) == SAH_REDIS_UP;
    struct sah_buf buf;

    SAH_CHECK(ops, OPS_MAGIC);
    sah_buf_init(&buf, READY_MAX);
    sah_buf_addf(&buf, "{\"state\":\"%s\",\"lane\":\"%s\",\"adapters\":%u,\"redis\":", sah_ops_state(ops),
                 ops_lane_name(ops->s.lane), sah_link_adapters_alive(ops->s.link));
    sah_redis_health_json(ops->s.redis, &buf);
    if (ops->s.away != NULL) {
        struct sah_ops_away away;

        ops->s.away(ops->s.data, &away);
        takes = takes && strcmp(away.state, "DOWN") != 0;
        sah_buf_addf(&buf, ",\"journal\":{\"left\":%llu,\"direct\":%llu,\"open\":%llu,\"used_percent\":%llu,"
                           "\"store_lost_writes\":%s,\"do\":\"%s\"}",
                     (unsigned long long)away.left, (unsigned long long)away.direct,
                     (unsigned long long)away.journal_open, (unsigned long long)away.journal_used_percent,
                     away.lost ? "true" : "false", away.what_to_do);
    }
    sah_buf_add_text(&buf, "}\n");
    if (buf.failed)
        sah_http_reply_text(x, 503, "out of memory\n");
    else
        sah_http_reply(x, takes ? 200 : 503, "application/json", buf.data, buf.len);
    sah_buf_fini(&buf);
}

/* ---- asking the store, then answering */

struct asked {
    struct sah_ops *ops;
    struct sah_http_exchange *x;
    ops_stats_fn *answer;
};

static void on_stats(void *data, int err, const struct sah_store_stats *stats)
{
    struct asked *asked = data;
    static const struct sah_store_stats none;

    asked->answer(asked->ops, asked->x, err, err == SAH_OK ? stats : &none);
    free(asked);
}

void ops_with_stats(struct sah_ops *ops, struct sah_http_exchange *x, ops_stats_fn *answer)
{
    struct asked *asked = malloc(sizeof *asked);

    if (asked == NULL) {
        sah_http_reply_text(x, 503, "out of memory\n");
        return;
    }
    *asked = (struct asked){.ops = ops, .x = x, .answer = answer};
    ops->s.store->stats(ops->s.store->data, ops->endpoints, ops->n_endpoints, on_stats, asked);
}

const char *ops_lane_name(enum sah_lane lane)
{
    return lane == SAH_LANE_BULK ? "bulk" : "emergency";
}

/* i3's words: Active while it works, Unreachable while nothing goes through. The breaker says more. */
const char *ops_endpoint_state(const struct sah_endpoint_view *view)
{
    return view->failing >= 3 || view->breaker != SAH_BREAKER_CLOSED ? "Unreachable" : "Active";
}

static json_t *classes_json(const struct sah_queue_stat *stat)
{
    json_t *classes = json_object();

    for (unsigned c = 0; c < SAH_N_CLASSES; c++)
        (void)json_object_set_new(classes, sah_priority_name((enum sah_priority)(c + 1)),
                                  json_pack("{s:I, s:I}", "depth", (json_int_t)stat->ready[c], "oldest_age_ms",
                                            (json_int_t)stat->oldest_age_ms[c]));
    return classes;
}

/* Endpoints that the roster does not name and that still have deliveries. */
static json_t *forgotten_json(const struct sah_ops *ops)
{
    const struct sah_queue_stat *stats;
    unsigned n = sah_core_forgotten(ops->s.core, &stats);
    json_t *list = json_array();

    for (unsigned i = 0; i < n; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:o}", "endpoint", stats[i].endpoint, "leased",
                                                    (json_int_t)stats[i].leased, "delayed", (json_int_t)stats[i].delayed,
                                                    "dead", (json_int_t)stats[i].dead, "classes", classes_json(&stats[i])));
    return list;
}

static void answer_queues(struct sah_ops *ops, struct sah_http_exchange *x, int err, const struct sah_store_stats *stats)
{
    json_t *root, *queues = json_array();
    char *text;

    for (unsigned i = 0; i < stats->n_queues && i < ops->n_endpoints; i++) {
        struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);
        const struct sah_queue_stat *stat = &stats->queues[i];

        (void)json_array_append_new(
            queues, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:I, s:I, s:i, s:o}", "agency", view.agency->id,
                              "endpoint", view.endpoint->id, "state", ops_endpoint_state(&view), "breaker",
                              sah_breaker_name(view.breaker), "in_flight", (int)view.in_flight, "window",
                              (int)view.window, "concurrency", (int)view.endpoint->concurrency, "leased",
                              (json_int_t)stat->leased, "delayed", (json_int_t)stat->delayed, "dead",
                              (json_int_t)stat->dead, "failing", (int)view.failing, "classes", classes_json(stat)));
    }
    root = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "lane", ops_lane_name(ops->s.lane), "state",
                     sah_ops_state(ops), "store", err == SAH_OK ? "answers" : sah_strerror(err), "leased",
                     (json_int_t)stats->leased, "delayed", (json_int_t)stats->delayed, "dead", (json_int_t)stats->dead,
                     "outbox", (json_int_t)stats->outbox, "quarantined", (json_int_t)stats->quarantined, "queues", queues,
                     "forgotten", forgotten_json(ops));
    text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (text == NULL) {
        sah_http_reply_text(x, 503, "out of memory\n");
        return;
    }
    sah_http_reply(x, err == SAH_OK ? 200 : 503, "application/json", text, strlen(text));
    free(text);
}

void sah_ops_queues(struct sah_ops *ops, struct sah_http_exchange *x)
{
    SAH_CHECK(ops, OPS_MAGIC);
    ops_with_stats(ops, x, answer_queues);
}

static void on_pieces(void *data, int err, const char *json, size_t len)
{
    struct sah_http_exchange *x = data;

    if (err == SAH_OK)
        sah_http_reply(x, 200, "application/json", json, len);
    else
        sah_http_reply_text(x, 503, "the store cannot be asked now: %s\n", sah_strerror(err));
}

void sah_ops_quarantine(struct sah_ops *ops, struct sah_http_exchange *x)
{
    const char *asked = sah_http_query(x, "n");
    uint64_t n = QUARANTINE_SHOWN;

    SAH_CHECK(ops, OPS_MAGIC);
    if (!ops_admin_allowed(x, ops->s.admin_token_file))
        return;
    if (asked != NULL && sah_parse_u64(sah_slice_of(asked), 1, QUARANTINE_SHOWN_MAX, &n) != SAH_OK) {
        sah_http_reply_text(x, 400, "n must be 1..%d\n", QUARANTINE_SHOWN_MAX);
        return;
    }
    ops->s.store->quarantine_list(ops->s.store->data, (unsigned)n, on_pieces, x);
}
