/*
 * app - the composition root of sahaya-router. See app.h.
 *
 * Made in the order io, store, link, agencies, core, ops, HTTP; unmade so that whatever completes
 * late still finds what it needs. Restart is recovery: nothing here must survive.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <sahaya/clock.h>
#include <sahaya/http_client.h>
#include <sahaya/http_server.h>
#include <sahaya/redis.h>

#include "agency/callback.h"
#include "agency/http_agency.h"
#include "app.h"
#include "app_away.h"
#include "link/link.h"
#include "ops/ops.h"
#include "store/keys.h"
#include "store/redis_store.h"

#define BODY_MAX (64 * 1024)

struct app {
    const struct router_conf *conf;
    enum sah_lane lane;
    const struct sah_roster *roster;
    const struct sah_policy *policy;
    const struct sah_sameness_rules *sameness;
    struct sah_log *log;
    struct sah_loop *loop;
    struct sah_redis *redis;
    struct sah_redis_store *redis_store;
    struct sah_store store;
    struct sah_link *link;
    struct sah_adapters adapters;
    struct sah_http_client *urgent, *client; /* P0 and P1 have their own */
    struct sah_http_agency *http_agency;
    struct sah_agencies agencies;
    struct sah_chance chance;
    uint32_t chance_state;
    struct sah_core *core;
    struct app_away *away; /* NULL: no journal is set */
    struct sah_callback *callback;
    struct sah_ops *ops;
    struct sah_http_server *http, *admin;
    struct sah_timer *turn, *drain;
    uint64_t too_large, drain_until_ms;
    bool stopping, woken;
    char producer[80];
};

static struct sah_now now_of(void)
{
    return (struct sah_now){.mono_ms = sah_clock_mono_ms(), .wall_ms = sah_clock_wall_ms()};
}

/* Jitter only: xorshift, seeded from the kernel. */
static uint32_t next_chance(void *data)
{
    struct app *app = data;
    uint32_t x = app->chance_state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return app->chance_state = x;
}

/* ---- HTTP handlers: one line each into the module that answers */

#define HANDLER(name, call)                                        \
    static void name(void *data, struct sah_http_exchange *x)      \
    {                                                              \
        struct app *app = data;                                    \
                                                                   \
        call;                                                      \
    }
HANDLER(on_healthz, sah_ops_healthz(app->ops, x))
HANDLER(on_readyz, sah_ops_readyz(app->ops, x))
HANDLER(on_metrics, sah_ops_metrics(app->ops, x))
HANDLER(on_queues, sah_ops_queues(app->ops, x))
HANDLER(on_quarantine, sah_ops_quarantine(app->ops, x))
HANDLER(on_dead, sah_ops_dead(app->ops, x))
HANDLER(on_replay, sah_ops_replay(app->ops, x))
HANDLER(on_reclassify, sah_ops_reclassify(app->ops, x))
HANDLER(on_page, sah_ops_page(app->ops, x))
HANDLER(on_status, sah_callback_handle(app->callback, x))

static const struct sah_http_route routes[] = {
    {"GET", "/healthz", on_healthz},         {"GET", "/readyz", on_readyz},
    {"GET", "/metrics", on_metrics},         {"GET", "/v1/queues", on_queues},
    {"GET", "/v1/quarantine", on_quarantine}, {"POST", "/v1/requests/*", on_status},
    {"GET", "/v1/dead", on_dead},             {"POST", "/v1/replay", on_replay},
    {"POST", "/v1/reclassify", on_reclassify}, {"GET", "/ops/", on_page},
};

/* ---- events of the parts */

static void on_turn(void *data)
{
    struct app *app = data;

    uint32_t wait_ms, away_ms;

    app->woken = false;
    wait_ms = sah_core_tick(app->core, now_of());
    if (app->away != NULL) {
        away_ms = sah_away_tick(app_away_of(app->away), now_of());
        wait_ms = away_ms < wait_ms ? away_ms : wait_ms;
    }
    sah_timer_start(app->turn, app->woken ? 0 : wait_ms);
}

static void on_wake(void *data)
{
    struct app *app = data;

    app->woken = true;
    if (app->turn != NULL)
        sah_timer_start(app->turn, 0);
}

static void on_redis_condition(void *data, enum sah_redis_condition was)
{
    struct app *app = data;

    sah_redis_log_condition(app->redis, app->log, was);
}

static void on_redis_state(void *data, enum sah_redis_state state)
{
    struct app *app = data;

    if (state == SAH_REDIS_UP && app->core != NULL)
        sah_core_store_came(app->core, now_of());
}

static const char *link_state(void *data)
{
    struct app *app = data;

    return app->ops == NULL ? "DOWN" : sah_ops_state(app->ops);
}

static const char *link_store_run_id(void *data)
{
    const struct app *app = data;

    return sah_redis_state(app->redis) == SAH_REDIS_UP ? sah_redis_run_id(app->redis) : "";
}

static uint64_t unauthorised(void *data)
{
    return sah_callback_unauthorised(((struct app *)data)->callback);
}

static unsigned in_flight(const struct app *app)
{
    return sah_core_in_flight(app->core) + (app->away == NULL ? 0 : sah_away_in_flight(app_away_of(app->away)));
}

static void ops_away(void *data, struct sah_ops_away *ret_away)
{
    app_away_view(((struct app *)data)->away, ret_away);
}

static void on_drain(void *data)
{
    struct app *app = data;

    if (in_flight(app) == 0 || sah_clock_mono_ms() >= app->drain_until_ms)
        sah_loop_stop(app->loop);
    else
        sah_timer_start(app->drain, 20);
}

static void on_stop_signal(void *data, int signal)
{
    struct app *app = data;

    SAH_UNUSED(signal);
    if (app->stopping) {
        sah_loop_stop(app->loop);
        return;
    }
    app->stopping = true;
    sah_info(app->log, "event=router.stopping in_flight=%u", in_flight(app));
    sah_core_stop(app->core);
    sah_away_stop(app->away == NULL ? NULL : app_away_of(app->away));
    app->drain_until_ms = sah_clock_mono_ms() + (uint64_t)app->conf->drain_ms;
    on_drain(app);
}

/* ---- making */

static int failed(struct app *app, int err, const char *what, const char *key)
{
    sah_error(app->log, "event=router.start_failed what=\"%s\" setting=%s err=\"%s\"", what, key, sah_strerror(err));
    return err;
}

static enum sah_log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (unsigned i = 0; i < SAH_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum sah_log_level)i;
    return SAH_LOG_INFO;
}

static int make_store(struct app *app)
{
    struct sah_redis_settings settings = {.socket_path = app->conf->redis_socket,
                                          .deadline_ms = (uint32_t)app->conf->redis_deadline_ms,
                                          .probe_function = SAH_KEYS_PROBE,
                                          .drains = true,
                                          .on_state = on_redis_state,
                                          .on_condition = on_redis_condition,
                                          .data = app};
    struct sah_redis_store_settings store_settings = {.loop = app->loop,
                                                      .lane = app->lane,
                                                      .partitions = (unsigned)app->conf->partitions};
    int err;

    sah_redis_store_functions(&settings.function_name, &settings.function_code, &settings.function_code_len);
    err = sah_redis_create(app->loop, &settings, &app->redis);
    if (err != SAH_OK)
        return failed(app, err, "Redis link", "redis_socket");
    store_settings.redis = app->redis;
    err = sah_redis_store_create(&store_settings, &app->redis_store);
    if (err != SAH_OK)
        return failed(app, err, "store", "redis_socket");
    app->store = *sah_redis_store_port(app->redis_store);
    return SAH_OK;
}

static int make_link(struct app *app)
{
    struct sah_link_settings settings = {.endpoint = app->conf->bus,
                                         .lane = app->lane,
                                         .producer = app->producer,
                                         .store = &app->store,
                                         .log = app->log,
                                         .state = link_state,
                                         .store_run_id = link_store_run_id,
                                         .data = app};
    int err = sah_link_create(app->loop, &settings, &app->link);

    if (err != SAH_OK)
        return failed(app, err, "bus socket (is another router running?)", "bus");
    sah_link_adapters(app->link, &app->adapters);
    return SAH_OK;
}

/* What stands before the core while Redis is away; without a journal nothing does. */
static int make_away(struct app *app, struct sah_core_settings *settings)
{
    const struct app_away_parts parts = {.loop = app->loop,
                                         .conf = app->conf,
                                         .lane = app->lane,
                                         .incidents = app->lane == SAH_LANE_EMERGENCY && app->sameness != NULL,
                                         .policy = app->policy,
                                         .roster = app->roster,
                                         .store = &app->store,
                                         .agencies = &app->agencies,
                                         .adapters = &app->adapters,
                                         .chance = &app->chance,
                                         .log = app->log,
                                         .wake = on_wake,
                                         .data = app};
    int err;

    if (app->conf->journal_dir[0] == '\0')
        return SAH_OK;
    err = app_away_create(&parts, &app->away);
    if (err != SAH_OK)
        return err;
    settings->store = sah_away_store(app_away_of(app->away));
    settings->agencies = sah_away_agencies(app_away_of(app->away));
    return SAH_OK;
}

static int make_core(struct app *app)
{
    struct sah_core_settings settings = {.lane = app->lane,
                                         .partitions = (unsigned)app->conf->partitions,
                                         .jobs_max = (unsigned)app->conf->jobs_max,
                                         .admission = {.queued_max = (uint64_t)app->conf->admission_queued_max,
                                                       .oldest_max_ms = (uint64_t)app->conf->admission_oldest_max_s * 1000},
                                         .policy = app->policy,
                                         /* The bulk lane compares nothing: each booking is its own. */
                                         .sameness = app->lane == SAH_LANE_EMERGENCY ? app->sameness : NULL,
                                         .incidents_max = (unsigned)app->conf->incidents_max,
                                         .roster = app->roster,
                                         .store = &app->store,
                                         .agencies = &app->agencies,
                                         .adapters = &app->adapters,
                                         .chance = &app->chance,
                                         .log = app->log};
    struct sah_front front;
    int err = sah_http_client_create(app->loop, &app->urgent);

    if (err == SAH_OK)
        err = sah_http_client_create(app->loop, &app->client);
    if (err == SAH_OK)
        err = sah_http_agency_create(app->urgent, app->client, app->roster, app->conf->public_url, app->log, &app->http_agency);
    if (err != SAH_OK)
        return failed(app, err, "HTTP client for agencies", "agencies");
    sah_http_agency_port(app->http_agency, &app->agencies);
    err = make_away(app, &settings);
    if (err != SAH_OK)
        return failed(app, err, "journal", "journal_dir");
    err = sah_core_create(&settings, &app->core);
    if (err != SAH_OK)
        return failed(app, err, "core", "jobs_max");
    front = sah_core_front(app->core);
    if (app->away != NULL) {
        sah_away_attach(app_away_of(app->away), app->core, now_of());
        front = sah_away_front(app_away_of(app->away));
    }
    sah_link_attach(app->link, front);
    err = sah_callback_create(front, app->roster, app->log, &app->callback);
    if (err != SAH_OK)
        return failed(app, err, "tokens of agencies", "agencies");
    return SAH_OK;
}

static int make_http(struct app *app)
{
    struct sah_http_server_settings settings = {.address = app->conf->http_address,
                                                .port = (uint16_t)app->conf->http_port,
                                                .max_body_bytes = BODY_MAX,
                                                .routes = routes,
                                                .n_routes = SAH_LEN(routes),
                                                .data = app,
                                                .too_large_count = &app->too_large};
    struct sah_ops_settings ops = {.lane = app->lane,
                                   .core = app->core,
                                   .link = app->link,
                                   .store = &app->store,
                                   .redis = app->redis,
                                   .roster = app->roster,
                                   .policy = app->policy,
                                   .admin_token_file = app->conf->admin_token_file,
                                   .too_large = &app->too_large,
                                   .unauthorised = unauthorised,
                                   .away = app->away != NULL ? ops_away : NULL,
                                   .data = app,
                                   .log = app->log};
    char address[SAH_PATH_SIZE + 8];
    int err = sah_ops_create(&ops, &app->ops);

    if (err != SAH_OK)
        return failed(app, err, "ops", "admin_token_file");
    err = sah_http_server_create(app->loop, &settings, &app->http);
    if (err != SAH_OK)
        return failed(app, err, "HTTP listener (port taken? choose another)", "http_port");
    if (app->conf->admin_socket[0] != '\0') {
        (void)sah_format(address, sizeof address, "unix:%s", app->conf->admin_socket);
        settings.address = address;
        err = sah_http_server_create(app->loop, &settings, &app->admin);
        if (err != SAH_OK)
            return failed(app, err, "admin socket", "admin_socket");
    }
    return SAH_OK;
}

static int make(struct app *app)
{
    char host[48] = "localhost";
    int err = sah_log_create("sahaya-router", stderr, level_of(app->conf->log_level), &app->log);

    if (err != SAH_OK)
        return err;
    (void)gethostname(host, sizeof host - 1);
    /* The time tells one life of a router from the next: adapters hand over again what the last one had. */
    (void)sah_format(app->producer, sizeof app->producer, "sahaya-router-%s@%.20s/%llx", app->conf->lane, host,
                     (unsigned long long)sah_clock_wall_ms());
    if (getrandom(&app->chance_state, sizeof app->chance_state, 0) < 0 || app->chance_state == 0)
        app->chance_state = 0x9e3779b9u;
    app->chance = (struct sah_chance){.data = app, .next = next_chance};
    err = sah_loop_create(&app->loop);
    if (err != SAH_OK)
        return failed(app, err, "event loop", "-");
    err = make_store(app);
    if (err == SAH_OK)
        err = make_link(app);
    if (err == SAH_OK)
        err = make_core(app);
    if (err == SAH_OK)
        err = make_http(app);
    if (err == SAH_OK)
        err = sah_timer_create(app->loop, on_turn, app, &app->turn);
    if (err == SAH_OK)
        err = sah_timer_create(app->loop, on_drain, app, &app->drain);
    if (err == SAH_OK)
        err = sah_loop_on_stop_signal(app->loop, on_stop_signal, app);
    return err;
}

/* First whatever completes into the core or answers a caller, then those; the core after the store. */
static void unmake(struct app *app)
{
    sah_timer_destroy(app->turn);
    app->turn = NULL;
    sah_timer_destroy(app->drain);
    if (app->core != NULL)
        sah_core_stop(app->core);
    sah_http_client_destroy(app->urgent);
    sah_http_client_destroy(app->client);
    sah_redis_destroy(app->redis);
    sah_redis_store_destroy(app->redis_store);
    app_away_close_journal(app->away);
    sah_callback_stop(app->callback);
    sah_http_server_destroy(app->http);
    sah_http_server_destroy(app->admin);
    sah_ops_destroy(app->ops);
    sah_callback_destroy(app->callback);
    sah_core_destroy(app->core);
    app_away_destroy(app->away);
    sah_http_agency_destroy(app->http_agency);
    sah_link_destroy(app->link);
    sah_loop_destroy(app->loop);
    sah_log_destroy(app->log);
}

int router_app_run(const struct router_conf *conf, enum sah_lane lane, const struct sah_roster *roster,
                   const struct sah_policy *policy, const struct sah_sameness_rules *sameness)
{
    struct app *app = calloc(1, sizeof *app);
    int err = SAH_ENOMEM;

    if (app == NULL)
        return 1;
    app->conf = conf;
    app->lane = lane;
    app->roster = roster;
    app->policy = policy;
    app->sameness = sameness;
    err = make(app);
    if (err == SAH_OK) {
        sah_info(app->log, "event=router.started lane=%s port=%u agencies=%u policy=%s roster=%s", conf->lane,
                 sah_http_server_port(app->http), roster->n_agencies, policy->version, roster->version);
        on_turn(app);
        sah_loop_run(app->loop);
        sah_info(app->log, "event=router.stopped in_flight=%u", in_flight(app));
    }
    unmake(app);
    free(app);
    return err == SAH_OK ? 0 : 1;
}
