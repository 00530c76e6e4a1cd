/*
 * app - joins HTTP in, webhook, skeleton and sender. See app.h.
 *
 * Ends in this order: no new POSTs (503), up to 5 s for what is under way, then the sender (its
 * replies go back to the outbox), the skeleton (what it had not taken is answered 503), the
 * servers, the rest.
 */
#include "app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sahaya/clock.h>
#include <sahaya/http_server.h>

#include "dialog.h"
#include "ops.h"
#include "sender.h"
#include "webhook.h"

#define PROGRAM         "sahaya-whatsapp"
#define ACK_DEADLINE_MS 2500
#define DRAIN_MS        5000
#define DRAIN_LOOK_MS   50
#define OPS_BODY_BYTES  1024
#define HOST_SIZE       40

#define MIB                   (1024 * 1024)
#define JOURNAL_SEGMENTS      32
#define JOURNAL_SEGMENT_LEAST (256 * 1024)
#define JOURNAL_SEGMENT_MOST  (8 * MIB)
#define JOURNAL_KEY_BYTES     32
#define JOURNAL_KEY_FILE_MOST 128

struct app {
    const struct sah_wa_conf *conf;
    struct sah_log *log;
    char *app_secret, *app_secret_old, *verify_token, *admin_token;
    size_t app_secret_len, app_secret_old_len, verify_token_len;
    struct sah_signature *signature;
    struct sah_dialog *dialog;
    struct sah_loop *loop;
    struct sah_sender *sender;
    struct sah_adapter *adapter;
    struct sah_webhook *webhook;
    struct sah_http_server *server, *ops_server;
    struct sah_timer *drain;
    uint64_t drain_until_ms;
    struct sah_wa_metrics metrics;
    struct sah_ops ops;
};

static void complain(const char *setting, const char *value, int err)
{
    fprintf(stderr, "%s: %s: %s: %s\n", PROGRAM, setting, value, sah_strerror(err));
}

/* ---- GET and POST /webhooks/whatsapp */

static void on_handshake(void *data, struct sah_http_exchange *x)
{
    struct app *app = data;
    const char *challenge = sah_http_query(x, "hub.challenge");
    struct sah_slice expected = {app->verify_token, app->verify_token_len};

    if (sah_handshake_good(sah_http_query(x, "hub.mode"), sah_http_query(x, "hub.verify_token"),
                           challenge, expected)) {
        app->metrics.handshakes_good++;
        sah_http_reply(x, 200, "text/plain", challenge, strlen(challenge));
        return;
    }
    app->metrics.handshakes_bad++;
    sah_warn(app->log, "event=handshake.refused");
    sah_http_reply_text(x, 403, "forbidden\n");
}

static void on_post_answer(void *data, int status)
{
    struct sah_http_exchange *x = data;

    sah_http_reply(x, status, "text/plain", "", 0);
}

static void on_post(void *data, struct sah_http_exchange *x)
{
    struct app *app = data;

    sah_webhook_post(app->webhook, sah_http_header(x, "X-Hub-Signature-256"), sah_http_body(x),
                     sah_clock_wall_ms(), on_post_answer, x);
}

static const struct sah_http_route routes[] = {
    {"GET", "/webhooks/whatsapp", on_handshake},
    {"POST", "/webhooks/whatsapp", on_post},
};

/* ---- stopping */

static void on_drain(void *data)
{
    struct app *app = data;
    unsigned posts = sah_webhook_in_progress(app->webhook);
    unsigned sends = sah_sender_in_flight(app->sender);

    if ((posts > 0 || sends > 0) && sah_loop_now_ms(app->loop) < app->drain_until_ms) {
        sah_timer_start(app->drain, DRAIN_LOOK_MS);
        return;
    }
    sah_info(app->log, "event=stopped webhooks_left=%u sends_left=%u", posts, sends);
    sah_loop_stop(app->loop);
}

static void on_stop_signal(void *data, int signal)
{
    struct app *app = data;

    if (app->ops.stopping)
        return;
    sah_info(app->log, "event=stopping signal=%d", signal);
    app->ops.stopping = true;
    sah_webhook_stop(app->webhook);
    sah_sender_quiesce(app->sender);
    sah_http_server_quiesce(app->server);
    app->drain_until_ms = sah_loop_now_ms(app->loop) + DRAIN_MS;
    /* one turn at least, so that answers already made leave before the servers end */
    sah_timer_start(app->drain, DRAIN_LOOK_MS);
}

/* ---- making */

static int read_secret(const char *setting, const char *path, char **ret_text, size_t *ret_len)
{
    int err = path[0] == '\0' ? SAH_OK : sah_read_secret(path, ret_text, ret_len);

    if (err != SAH_OK)
        complain(setting, path, err);
    return err;
}

static int read_secrets(struct app *app)
{
    const struct sah_wa_conf *conf = app->conf;
    size_t ignored;
    int err = read_secret("app_secret_file", conf->app_secret_file, &app->app_secret,
                          &app->app_secret_len);

    if (err == SAH_OK)
        err = read_secret("app_secret_old_file", conf->app_secret_old_file,
                          &app->app_secret_old, &app->app_secret_old_len);
    if (err == SAH_OK)
        err = read_secret("verify_token_file", conf->verify_token_file, &app->verify_token,
                          &app->verify_token_len);
    if (err == SAH_OK)
        err = read_secret("admin_token_file", conf->admin_token_file, &app->admin_token,
                          &ignored);
    if (err == SAH_OK)
        err = sah_signature_create(
            (struct sah_slice){app->app_secret, app->app_secret_len},
            (struct sah_slice){app->app_secret_old, app->app_secret_old_len}, &app->signature);
    return err;
}

static int read_phrases(struct app *app)
{
    struct sah_fault fault = {0};
    int err = sah_dialog_create(app->conf->phrases, &app->dialog, &fault);

    if (err != SAH_OK)
        sah_fault_print(&fault, stderr);
    return err;
}

static enum sah_log_level level_of(const char *name)
{
    return strcmp(name, "debug") == 0   ? SAH_LOG_DEBUG
           : strcmp(name, "warn") == 0  ? SAH_LOG_WARN
           : strcmp(name, "error") == 0 ? SAH_LOG_ERROR
                                        : SAH_LOG_INFO;
}

static int make_sender(struct app *app)
{
    const struct sah_wa_conf *conf = app->conf;
    const struct sah_sender_settings settings = {
        .graph_url = conf->graph_url,
        .version = conf->graph_version,
        .token_file = conf->access_token_file,
        .metrics = &app->metrics,
        .log = app->log,
    };
    int err = sah_sender_create(app->loop, &settings, &app->sender);

    if (err != SAH_OK)
        complain("access_token_file", conf->access_token_file, err);
    return err;
}

/* Many segments even of a small journal: one is given back when all in it is closed. */
static void journal_settings(const struct sah_wa_conf *conf, struct sah_journal_settings *ret)
{
    uint64_t bytes = (uint64_t)conf->journal_max_mb * MIB;
    uint64_t segment = bytes / JOURNAL_SEGMENTS;

    if (segment > JOURNAL_SEGMENT_MOST)
        segment = JOURNAL_SEGMENT_MOST;
    if (segment < JOURNAL_SEGMENT_LEAST)
        segment = JOURNAL_SEGMENT_LEAST;
    *ret = (struct sah_journal_settings){.folder = conf->journal_dir,
                                         .key_file = conf->journal_key_file,
                                         .max_bytes = bytes,
                                         .segment_bytes = (uint32_t)segment};
}

/* For --check-config: what can be seen without the lock, which a running one has. */
static int check_journal(const struct sah_wa_conf *conf)
{
    char *key = NULL;
    size_t len = 0;
    int err = SAH_OK;

    if (conf->journal_dir[0] == '\0')
        return SAH_OK;
    if (access(conf->journal_dir, R_OK | W_OK | X_OK) != 0) {
        complain("journal_dir", conf->journal_dir, SAH_EDENIED);
        return SAH_EDENIED;
    }
    err = sah_read_file(conf->journal_key_file, JOURNAL_KEY_FILE_MOST, &key, &len);
    while (err == SAH_OK && len > JOURNAL_KEY_BYTES && key[len - 1] == '\n')
        len--;
    if (err == SAH_OK && len != JOURNAL_KEY_BYTES &&
        (len != 2 * JOURNAL_KEY_BYTES || strspn(key, "0123456789abcdefABCDEF") < len))
        err = SAH_EINVAL;
    if (err != SAH_OK)
        complain("journal_key_file", conf->journal_key_file, err);
    if (key != NULL)
        explicit_bzero(key, len);
    free(key);
    return err;
}

static int make_adapter(struct app *app)
{
    const struct sah_wa_conf *conf = app->conf;
    char host[HOST_SIZE] = "", producer[SAH_PRODUCER_SIZE];
    struct sah_journal_settings journal;
    int err;

    journal_settings(conf, &journal);
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        (void)sah_format(host, sizeof host, "localhost");
    err = sah_format(producer, sizeof producer, "%s@%s", PROGRAM, host);
    if (err == SAH_OK) {
        const struct sah_adapter_settings settings = {
            .producer = producer,
            .redis_socket = conf->redis_socket,
            .emergency_bus = conf->emergency_bus,
            .bulk_bus = conf->bulk_bus,
            .ack_deadline_ms = ACK_DEADLINE_MS,
            .journal = conf->journal_dir[0] != '\0' ? &journal : NULL,
            .dialog = app->dialog,
            .channel = {.name = SAH_WA_CHANNEL,
                        .data = app->sender,
                        .send = sah_sender_send,
                        .send_max = (unsigned)conf->send_max},
            .log = app->log,
        };

        err = sah_adapter_create(app->loop, &settings, &app->adapter);
    }
    if (err != SAH_OK)
        complain("redis_socket, emergency_bus or bulk_bus", "the adapter could not start", err);
    return err;
}

static int make_webhook(struct app *app)
{
    const struct sah_webhook_settings settings = {
        .adapter = app->adapter,
        .signature = app->signature,
        .accounts = app->conf->accounts,
        .metrics = &app->metrics,
        .log = app->log,
    };

    app->ops = (struct sah_ops){
        .adapter = app->adapter, .metrics = &app->metrics, .admin_token = app->admin_token};
    return sah_webhook_create(&settings, &app->webhook);
}

static int listen_on(struct app *app, const struct sah_http_server_settings *settings,
                     const char *what, struct sah_http_server **ret_server)
{
    int err = sah_http_server_create(app->loop, settings, ret_server);

    if (err == SAH_EEXIST)
        fprintf(stderr,
                "%s: %s:%u is taken (settings %s_address, %s_port): stop what listens there or "
                "set another port\n",
                PROGRAM, settings->address, (unsigned)settings->port, what, what);
    else if (err != SAH_OK)
        fprintf(stderr, "%s: cannot listen on %s:%u (settings %s_address, %s_port): %s\n",
                PROGRAM, settings->address, (unsigned)settings->port, what, what,
                sah_strerror(err));
    else
        sah_info(app->log, "event=listening what=%s address=%s port=%u", what,
                 settings->address, (unsigned)sah_http_server_port(*ret_server));
    return err;
}

static int make_servers(struct app *app)
{
    const struct sah_wa_conf *conf = app->conf;
    const struct sah_http_server_settings webhook = {
        .address = conf->listen_address,
        .port = (uint16_t)conf->listen_port,
        .max_body_bytes = SAH_WEBHOOK_MAX_BYTES,
        .routes = routes,
        .n_routes = SAH_LEN(routes),
        .data = app,
        .too_large_count = &app->metrics.too_large,
    };
    struct sah_http_server_settings ops = {
        .address = conf->ops_address,
        .port = (uint16_t)conf->ops_port,
        .max_body_bytes = OPS_BODY_BYTES,
        .data = &app->ops,
    };
    int err;

    ops.routes = sah_ops_routes(&ops.n_routes);
    err = listen_on(app, &ops, "ops", &app->ops_server);
    if (err == SAH_OK)
        err = listen_on(app, &webhook, "listen", &app->server);
    return err;
}

static int make_app(struct app *app)
{
    int err = sah_log_create(PROGRAM, stderr, level_of(app->conf->log_level), &app->log);

    if (err == SAH_OK)
        err = read_secrets(app);
    if (err == SAH_OK)
        err = read_phrases(app);
    if (err == SAH_OK)
        err = sah_loop_create(&app->loop);
    if (err == SAH_OK)
        err = sah_timer_create(app->loop, on_drain, app, &app->drain);
    if (err == SAH_OK)
        err = make_sender(app);
    if (err == SAH_OK)
        err = make_adapter(app);
    if (err == SAH_OK)
        err = make_webhook(app);
    if (err == SAH_OK)
        err = make_servers(app);
    if (err == SAH_OK)
        err = sah_loop_on_stop_signal(app->loop, on_stop_signal, app);
    return err;
}

static void wipe(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void end_app(struct app *app)
{
    if (app->sender != NULL)
        sah_sender_stop(app->sender);
    sah_adapter_destroy(app->adapter);
    sah_http_server_destroy(app->server);
    sah_http_server_destroy(app->ops_server);
    sah_webhook_destroy(app->webhook);
    sah_sender_destroy(app->sender);
    sah_timer_destroy(app->drain);
    sah_loop_destroy(app->loop);
    sah_dialog_destroy(app->dialog);
    sah_signature_destroy(app->signature);
    wipe(app->app_secret);
    wipe(app->app_secret_old);
    wipe(app->verify_token);
    wipe(app->admin_token);
    sah_log_destroy(app->log);
}

int sah_wa_app_check(const struct sah_wa_conf *conf, const char *config_path)
{
    struct app app = {.conf = conf};
    struct sah_fault fault = {0};
    int err = sah_wa_conf_check(conf, config_path, &fault);

    if (err != SAH_OK) {
        sah_fault_print(&fault, stderr);
        return 2;
    }
    err = read_secrets(&app);
    if (err == SAH_OK)
        err = read_phrases(&app);
    if (err == SAH_OK)
        err = check_journal(conf);
    end_app(&app);
    return err == SAH_OK ? 0 : 2;
}

int sah_wa_app_run(const struct sah_wa_conf *conf, const char *config_path)
{
    struct app app = {.conf = conf};
    struct sah_fault fault = {0};
    int err = sah_wa_conf_check(conf, config_path, &fault);

    if (err != SAH_OK) {
        sah_fault_print(&fault, stderr);
        return 2;
    }
    err = make_app(&app);
    if (err == SAH_OK)
        sah_loop_run(app.loop);
    end_app(&app);
    return err == SAH_OK ? 0 : 1;
}
