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
    "<meta name=viewport content='width=device-width'><style>"
    "body{font:16px/1.4 system-ui,sans-serif;margin:1.5rem;color:#111;background:#fff}"
    "h1{font-size:1.3rem;margin:0 0 .5rem}.big{font-size:1.4rem;font-weight:700;padding:.6rem 1rem;border-radius:.4rem;color:#fff}"
    ".good{background:#1b6e3c}.bad{background:#b00020}.warn{background:#8a5a00}.big span{font-size:1.05rem;font-weight:400}"
    "code{font-size:.95em}table{border-collapse:collapse;margin-top:1rem}"
    "th,td{padding:.3rem .7rem;text-align:right;border-bottom:1px solid #ddd;vertical-align:top}th:nth-child(-n+3),td:nth-child(-n+3)"
    "{text-align:left}tr.bad td{background:#fde3e6}tr.bad td:nth-child(3){font-weight:700}"
    "td:empty::after{content:'\\00b7';color:#999}p{margin:.4rem 0}.dim{color:#555}</style>";

/* "40 s", "12 min", "7 h", "3 days": nobody reads 43200 s at night. Whole seconds, rounded up. */
static void span(char dst[24], uint64_t ms)
{
    uint64_t s = (ms + 999) / 1000;

    if (s < 120)
        (void)sah_format(dst, 24, "%llu s", (unsigned long long)s);
    else if (s < 120 * 60)
        (void)sah_format(dst, 24, "%llu min", (unsigned long long)(s / 60));
    else if (s < 48 * 3600)
        (void)sah_format(dst, 24, "%llu h", (unsigned long long)(s / 3600));
    else
        (void)sah_format(dst, 24, "%llu days", (unsigned long long)(s / 86400));
}

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
static void cell(struct sah_buf *buf, uint64_t value)
{
    if (value == 0)
        sah_buf_add_text(buf, "<td></td>");
    else
        sah_buf_addf(buf, "<td>%llu</td>", (unsigned long long)value);
}

static void cell_age(struct sah_buf *buf, uint64_t ms)
{
    char text[24] = "";

    if (ms > 0)
        span(text, ms);
    sah_buf_addf(buf, "<td>%s</td>", text);
}

/* Why it stands here in red is said in words. */
static void state_cell(struct sah_buf *buf, const struct sah_endpoint_view *view)
{
    sah_buf_addf(buf, "<td>%s", ops_endpoint_state(view));
    if (view->failing > 0)
        sah_buf_addf(buf, ", %u fault%s in a row", view->failing, view->failing == 1 ? "" : "s");
    if (view->breaker != SAH_BREAKER_CLOSED)
        sah_buf_add_text(buf, "; P2&ndash;P4 wait, P0 and P1 are tried");
    sah_buf_add_text(buf, "</td>");
}

static void row(struct sah_buf *buf, const struct sah_endpoint_view *view, const struct sah_queue_stat *stat)
{
    sah_buf_addf(buf, "<tr%s><td>%s<td>%s", needs_a_look(view, stat) ? " class=bad" : "", view->agency->id, view->endpoint->id);
    state_cell(buf, view);
    cell(buf, sum_ready(stat, 0, EMERGENCY_CLASSES));
    cell_age(buf, oldest(stat, 0, EMERGENCY_CLASSES));
    cell(buf, sum_ready(stat, EMERGENCY_CLASSES, SAH_N_CLASSES));
    cell_age(buf, oldest(stat, EMERGENCY_CLASSES, SAH_N_CLASSES));
    cell(buf, view->in_flight);
    sah_buf_addf(buf, "<td>%u of %u</td>", view->window, view->endpoint->concurrency);
    cell(buf, stat->delayed);
    cell(buf, stat->dead);
}

static void table(struct sah_buf *buf, struct sah_ops *ops, const struct sah_store_stats *stats)
{
    sah_buf_add_text(buf, "<table><tr><th>agency<th>endpoint<th>state<th>P0&ndash;P2 waiting<th>oldest<th>P3&ndash;P4 "
                          "waiting<th>oldest<th>being sent<th>may be sent<br>at once<th>tried again<br>later<th>dead letters");
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
    int64_t held_ms = sah_clock_wall_ms() - health->since_ms;
    char since[24];

    for (unsigned i = 0; i < SAH_REDIS_N_CONDITIONS; i++) {
        const struct sah_redis_condition_row *row = sah_redis_condition_row((enum sah_redis_condition)i);
        bool bad = row->grade == SAH_REDIS_BAD;

        if (row->grade == SAH_REDIS_GOOD || !(health->active & (1u << i)))
            continue;
        sah_buf_addf(buf, "<p class='big %s'>Redis is %s: %s<br><span>Do: %s. [%s", bad ? "bad" : "warn",
                     bad ? "DOWN" : "weak", row->words, row->action, row->name);
        if (i == (unsigned)health->condition) {
            span(since, held_ms < 0 ? 0 : (uint64_t)held_ms);
            sah_buf_addf(buf, ", for %s", since);
        }
        sah_buf_add_text(buf, "]</span></p>");
    }
}

/* What the router does while its Redis is away, or comes back: whether calls are still taken is the first
 * thing anybody asks. */
static bool away_lines(struct sah_buf *buf, const struct sah_ops *ops)
{
    struct sah_ops_away away = {.state = sah_ops_state(ops), .what_to_do = "nothing"};
    bool down, normal;

    if (ops->s.away != NULL)
        ops->s.away(ops->s.data, &away);
    down = strcmp(away.state, "DOWN") == 0;
    normal = strcmp(away.state, "NORMAL") == 0;
    if (!normal && ops->s.away == NULL)
        sah_buf_add_text(buf, "<p class='big bad'>Nothing is taken: there is no journal.</p>");
    else if (down) /* what to do about Redis stands above */
        sah_buf_addf(buf, "<p class='big warn'>%s [DOWN]</p>",
                     ops->s.lane == SAH_LANE_EMERGENCY
                         ? "Calls are still taken, into the journal. P0 and P1 go out without Redis; P2 and P3 wait"
                         : "Bookings are still taken, into the journal, and wait there");
    else if (!normal)
        sah_buf_addf(buf, "<p class='big warn'>Calls are taken and go out [%s]<br><span>Do: %s.</span></p>", away.state,
                     away.what_to_do);
    if (away.left > 0 || away.direct > 0 || away.journal_used_percent >= 80)
        sah_buf_addf(buf, "<p>In the journal and not yet in Redis: %llu &middot; sent without Redis: %llu &middot; of the room for "
                          "the journal (its bound, or the disk) %llu %% are used%s</p>",
                     (unsigned long long)away.left, (unsigned long long)away.direct, (unsigned long long)away.journal_used_percent,
                     away.journal_used_percent >= 80 ? ": <b>bookings are refused from 80 % on</b>" : "");
    if (away.lost)
        sah_buf_add_text(buf, "<p class='big warn'>Redis came back with less than it had<br><span>Adapters hand over again what "
                              "they gave; look at event=store.lost_writes in the log.</span></p>");
    return normal && !away.lost;
}

/* Who does not answer, by name: an agency whose every call fails is no footnote of a table. */
static bool unreachable_lines(struct sah_buf *buf, const struct sah_ops *ops)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ops->n_endpoints; i++) {
        struct sah_endpoint_view view = sah_core_endpoint(ops->s.core, i);

        if (strcmp(ops_endpoint_state(&view), "Active") != 0)
            sah_buf_addf(buf, "%s%s", n++ > 0 ? ", " : "<p class='big warn'>Does not answer: ", view.endpoint->id);
    }
    if (n > 0)
        sah_buf_add_text(buf, "<br><span>What is for it goes to its other endpoint or falls back, and is tried again. Do: call the "
                              "agency's own people.</span></p>");
    return n > 0;
}

static void dead_lines(struct sah_buf *buf, const struct sah_ops *ops, const struct sah_store_stats *stats)
{
    const char *lane = ops_lane_name(ops->s.lane);
    const struct sah_queue_stat *forgotten;
    unsigned n = sah_core_forgotten(ops->s.core, &forgotten);

    if (stats->dead > 0)
        sah_buf_addf(buf, "<p class='big bad'>Dead letters that wait for a person: %llu<br><span>Do: <code>sahayactl dead --lane %s</code>, "
                          "then <code>sahayactl replay --lane %s --endpoint E --all --by NAME</code></span></p>",
                     (unsigned long long)stats->dead, lane, lane);
    if (n == 0)
        return;
    sah_buf_addf(buf, "<p class='big bad'>Not in the roster any more, and still with deliveries: ");
    for (unsigned i = 0; i < n; i++)
        sah_buf_addf(buf, "%s%s", i > 0 ? ", " : "", forgotten[i].endpoint);
    sah_buf_addf(buf, "<br><span>What waits goes to another endpoint or falls back by itself; what is dead stays. Do: "
                      "<code>sahayactl queues --lane %s</code></span></p>", lane);
}

/* India's time first: the clock on the wall. */
static void foot(struct sah_buf *buf, const struct sah_ops *ops)
{
    int64_t now_ms = sah_clock_wall_ms();
    struct sah_clock_india now = sah_clock_india(now_ms);
    char utc[SAH_CLOCK_TEXT_MAX], up[24];

    sah_clock_text(now_ms, utc);
    span(up, now_ms > ops->started_ms ? (uint64_t)(now_ms - ops->started_ms) : 0);
    sah_buf_addf(buf, "<p class=dim>%02d:%02d in India (%s), router up for %s, policy %s, roster %s. Renews itself every 5 s: when the "
                      "time stands still, so does this page. Rows that need a look are red and on top.</p></html>",
                 now.minute_of_day / 60, now.minute_of_day % 60, utc, up, ops->s.policy->version, ops->s.roster->version);
}

static void totals(struct sah_buf *buf, const struct sah_ops *ops, const struct sah_store_stats *stats, bool known)
{
    const struct sah_core_counters *c = sah_core_counters(ops->s.core);

    sah_buf_addf(buf, "<p>Since this router started: accepted %llu &middot; delivered %llu &middot; tried again %llu &middot; fell back %llu",
                 (unsigned long long)c->accepted, (unsigned long long)c->machine_acks, (unsigned long long)c->retries,
                 (unsigned long long)c->fallbacks);
    if (known)
        sah_buf_addf(buf, "<br>Now: news for citizens not yet with an adapter %llu &middot; not understood, in quarantine %llu",
                     (unsigned long long)stats->outbox, (unsigned long long)stats->quarantined);
    sah_buf_add_text(buf, "</p>");
}

static void answer_page(struct sah_ops *ops, struct sah_http_exchange *x, int err, const struct sah_store_stats *stats)
{
    bool linked = sah_redis_state(ops->s.redis) == SAH_REDIS_UP, known = err == SAH_OK, good = known && linked, needs;
    unsigned adapters = sah_link_adapters_alive(ops->s.link);
    const char *lane = ops_lane_name(ops->s.lane);
    struct sah_buf body, page;

    sah_buf_init(&body, PAGE_MAX);
    redis_lines(&body, ops);
    if (linked && !known)
        sah_buf_addf(&body, "<p class='big bad'>Redis was asked for the queues and did not answer (%s).</p>", sah_strerror(err));
    good = away_lines(&body, ops) && good;
    if (adapters == 0)
        sah_buf_add_text(&body, "<p class='big bad'>No adapter is connected: nothing comes in.<br><span>Do: look whether "
                                "the adapters run, and at their logs.</span></p>");
    needs = unreachable_lines(&body, ops) || stats->dead > 0;
    dead_lines(&body, ops, stats);
    good = good && adapters > 0;
    sah_buf_init(&page, PAGE_MAX);
    sah_buf_addf(&page, "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5><title>%s%s: Sahaya</title>",
                 good && !needs ? "" : "(!) ", lane);
    sah_buf_add_text(&page, head);
    sah_buf_addf(&page, "<h1>Sahaya router, %s lane</h1>", lane);
    if (good)
        sah_buf_addf(&page, "<p class='big good'>Working. Adapters connected: %u</p>", adapters);
    sah_buf_add(&page, body.data != NULL ? body.data : "", body.len);
    page.failed |= body.failed;
    sah_buf_fini(&body);
    totals(&page, ops, stats, known);
    if (known)
        table(&page, ops, stats);
    else
        sah_buf_add_text(&page, "<p>The queues are not known while Redis does not answer; nothing of them is lost.</p>");
    foot(&page, ops);
    if (page.failed)
        sah_http_reply_text(x, 503, "the page does not fit\n");
    else {
        (void)sah_http_reply_header(x, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        sah_http_reply(x, 200, "text/html; charset=utf-8", page.data, page.len);
    }
    sah_buf_fini(&page);
}

void sah_ops_page(struct sah_ops *ops, struct sah_http_exchange *x)
{
    SAH_CHECK(ops, OPS_MAGIC);
    if (ops_admin_allowed(x, ops->s.admin_token_file))
        ops_with_stats(ops, x, answer_page);
}
