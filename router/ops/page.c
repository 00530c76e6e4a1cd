/*
 * page - /ops/: the same figures for a person at night: worst first, one glance.
 *
 * One page without script or outside files; it renews itself every five seconds. Shows nobody's
 * words, number or place (I13).
 */
#include <string.h>

#include <sahaya/clock.h>

#include "ops/ops_priv.h"
#include "ops/token.h"

#define PAGE_MAX (512 * 1024)
#define EMERGENCY_CLASSES 3

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5>"
    "<meta name=viewport content='width=device-width'><title>Sahaya router</title><style>"
    "body{font:16px/1.4 system-ui,sans-serif;margin:1.5rem;color:#111;background:#fff}"
    "h1{font-size:1.3rem;margin:0 0 .5rem}.big{font-size:1.6rem;font-weight:700;padding:.6rem 1rem;border-radius:.4rem;color:#fff}"
    ".good{background:#1b6e3c}.bad{background:#b00020}.warn{background:#8a5a00}.big span{font-size:1.1rem;font-weight:400}table{border-collapse:collapse;margin-top:1rem}"
    "th,td{padding:.3rem .7rem;text-align:right;border-bottom:1px solid #ddd}th:nth-child(-n+3),td:nth-child(-n+3)"
    "{text-align:left}tr.bad td{background:#fde3e6;color:#111}td:empty::after{content:'\\00b7';color:#999}p{margin:.4rem 0}.dim{color:#555}</style>";

static uint64_t sum_ready(const struct sah_queue_stat *stat, unsigned from, unsigned to)
{
    uint64_t sum = 0;

    for (unsigned c = from; c < to; c++)
        sum += stat->ready[c];
    return sum;
}

static uint64_t oldest(const struct sah_queue_stat *stat, unsigned from, unsigned to)
{
    uint64_t age = 0;

    for (unsigned c = from; c < to; c++)
        if (stat->oldest_age_ms[c] > age)
            age = stat->oldest_age_ms[c];
    return age;
}

static bool needs_a_look(const struct sah_endpoint_view *view, const struct sah_queue_stat *stat)
{
    return view->failing > 0 || view->breaker != SAH_BREAKER_CLOSED || sum_ready(stat, 0, EMERGENCY_CLASSES) > 0 || stat->dead > 0;
}

/* An empty cell is shown as a faint dot, so that what is not zero stands out. */
static void cell(struct sah_buf *buf, uint64_t value, const char *unit)
{
    if (value == 0)
        sah_buf_add_text(buf, "<td></td>");
    else
        sah_buf_addf(buf, "<td>%llu%s</td>", (unsigned long long)value, unit);
}

static void row(struct sah_buf *buf, const struct sah_endpoint_view *view, const struct sah_queue_stat *stat)
{
    sah_buf_addf(buf, "<tr%s><td>%s<td>%s<td>", needs_a_look(view, stat) ? " class=bad" : "", view->agency->id,
                 view->endpoint->id);
    if (view->failing > 0)
        sah_buf_addf(buf, "%s, %u faults in a row</td>", ops_endpoint_state(view), view->failing);
    else
        sah_buf_addf(buf, "%s</td>", ops_endpoint_state(view));
    cell(buf, sum_ready(stat, 0, EMERGENCY_CLASSES), "");
    cell(buf, (oldest(stat, 0, EMERGENCY_CLASSES) + 999) / 1000, " s");
    cell(buf, sum_ready(stat, EMERGENCY_CLASSES, SAH_N_CLASSES), "");
    cell(buf, (oldest(stat, EMERGENCY_CLASSES, SAH_N_CLASSES) + 999) / 1000, " s");
    cell(buf, view->in_flight, "");
    sah_buf_addf(buf, "<td>%u of %u</td>", view->window, view->endpoint->concurrency);
    cell(buf, stat->delayed, "");
    cell(buf, stat->dead, "");
}

static void table(struct sah_buf *buf, struct sah_ops *ops, const struct sah_store_stats *stats)
{
    sah_buf_add_text(buf, "<table><tr><th>agency<th>endpoint<th>state<th>P0&ndash;P2 waiting<th>oldest<th>P3&ndash;P4 "
                          "waiting<th>oldest<th>in flight<th>window<th>retry later<th>dead letters");
    for (unsigned pass = 0; pass < 2; pass++) /* what needs a look stands on top */
        for (unsigned i = 0; i < stats->n_queues && i < ops->n_endpoints; i++) {
            struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);
            const struct sah_queue_stat *stat = &stats->queues[i];

            if (needs_a_look(&view, stat) == (pass == 0))
                row(buf, &view, stat);
        }
    sah_buf_add_text(buf, "</table>");
}

/* One line for each condition that is not good: name, what it is, since when, what to do. */
static void redis_lines(struct sah_buf *buf, const struct sah_ops *ops)
{
    const struct sah_redis_health *health = sah_redis_health(ops->s.redis);
    long long held_s = (sah_clock_wall_ms() - health->since_ms) / 1000;

    for (unsigned i = 0; i < SAH_REDIS_N_CONDITIONS; i++) {
        const struct sah_redis_condition_row *row = sah_redis_condition_row((enum sah_redis_condition)i);
        bool bad = row->grade == SAH_REDIS_BAD;

        if (row->grade == SAH_REDIS_GOOD || !(health->active & (1u << i)))
            continue;
        sah_buf_addf(buf, "<p class='big %s'>Redis is %s: %s<br><span>Do: %s. [%s", bad ? "bad" : "warn",
                     bad ? "DOWN" : "weak", row->words, row->action, row->name);
        if (i == (unsigned)health->condition)
            sah_buf_addf(buf, held_s < 120 ? ", %lld s" : ", %lld min", held_s < 0 ? 0 : held_s < 120 ? held_s : held_s / 60);
        sah_buf_add_text(buf, "]</span></p>");
    }
}

static void answer_page(struct sah_ops *ops, struct sah_http_exchange *x, int err, const struct sah_store_stats *stats)
{
    const struct sah_core_counters *c = sah_core_counters(ops->s.core);
    bool up = err == SAH_OK && sah_redis_state(ops->s.redis) == SAH_REDIS_UP;
    char now[SAH_CLOCK_TEXT_MAX];
    const struct sah_queue_stat *forgotten;
    struct sah_buf buf;

    sah_clock_text(sah_clock_wall_ms(), now);
    sah_buf_init(&buf, PAGE_MAX);
    sah_buf_add_text(&buf, head);
    sah_buf_addf(&buf, "<h1>Sahaya router, %s lane</h1>", ops_lane_name(ops->s.lane));
    if (up && sah_link_adapters_alive(ops->s.link) == 0)
        sah_buf_add_text(&buf, "<p class='big bad'>No adapter is connected: nothing comes in. Look at the adapters' logs.</p>");
    else if (up)
        sah_buf_addf(&buf, "<p class='big good'>Working. Adapters connected: %u</p>", sah_link_adapters_alive(ops->s.link));
    else if (sah_redis_state(ops->s.redis) == SAH_REDIS_UP)
        sah_buf_addf(&buf, "<p class='big bad'>The store does not answer (%s). Look again in 5 s.</p>", sah_strerror(err));
    redis_lines(&buf, ops);
    if (stats->dead > 0)
        sah_buf_addf(&buf, "<p class='big bad'>Dead letters that wait for a person: %llu</p>", (unsigned long long)stats->dead);
    if (sah_core_forgotten(ops->s.core, &forgotten) > 0)
        sah_buf_addf(&buf, "<p class='big bad'>Endpoints that the roster does not name still have deliveries: %u (see /v1/queues)</p>",
                     sah_core_forgotten(ops->s.core, &forgotten));
    sah_buf_addf(&buf, "<p>accepted %llu &middot; delivered %llu &middot; retries %llu &middot; fell back %llu &middot; "
                       "news not yet with an adapter %llu &middot; quarantined %llu</p>",
                 (unsigned long long)c->accepted, (unsigned long long)c->machine_acks, (unsigned long long)c->retries,
                 (unsigned long long)c->fallbacks, (unsigned long long)stats->outbox,
                 (unsigned long long)stats->quarantined);
    if (up)
        table(&buf, ops, stats);
    sah_buf_addf(&buf, "<p class=dim>%s, policy %s, roster %s. Rows that need a look are red and on top.</p></html>",
                 now, ops->s.policy->version, ops->s.roster->version);
    if (buf.failed)
        sah_http_reply_text(x, 503, "the page does not fit\n");
    else {
        (void)sah_http_reply_header(x, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        sah_http_reply(x, 200, "text/html; charset=utf-8", buf.data, buf.len);
    }
    sah_buf_fini(&buf);
}

void sah_ops_page(struct sah_ops *ops, struct sah_http_exchange *x)
{
    SAH_CHECK(ops, OPS_MAGIC);
    if (ops_admin_allowed(x, ops->s.admin_token_file))
        ops_with_stats(ops, x, answer_page);
}
