/*
 * test_app - the program as a process: its two listeners, a taken port, a stop signal.
 * Everything is real but the skeleton and the dialog, for which fakes stand in: the fake
 * skeleton takes TAKE_MS for each message.
 */
#include "sample.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sahaya/digest.h>
#include <sahaya/http_client.h>

#include "app.h"
#include "dialog.h"
#include "webhook.h"

#define SECRET  "made-up"
#define TAKE_MS 300

/* ---- the fakes; they run in the child */

struct sah_adapter {
    struct sah_loop *loop;
};
struct take {
    sah_taken_fn *done;
    void *data;
    struct sah_timer *timer;
};

static void on_take_timer(void *data)
{
    struct take take = *(struct take *)data;

    sah_timer_destroy(take.timer);
    free(data);
    take.done(take.data, SAH_OK);
}

static void take_later(struct sah_adapter *adapter, sah_taken_fn *done, void *data)
{
    struct take *take = calloc(1, sizeof *take);

    SAH_ASSERT(take != NULL);
    *take = (struct take){.done = done, .data = data};
    SAH_ASSERT(sah_timer_create(adapter->loop, on_take_timer, take, &take->timer) == SAH_OK);
    sah_timer_start(take->timer, TAKE_MS);
}

int sah_adapter_create(struct sah_loop *loop, const struct sah_adapter_settings *settings,
                       struct sah_adapter **ret_adapter)
{
    static struct sah_adapter adapter;

    SAH_ASSERT(strcmp(settings->channel.name, "whatsapp") == 0);
    adapter.loop = loop;
    *ret_adapter = &adapter;
    return SAH_OK;
}

void sah_adapter_destroy(struct sah_adapter *adapter)
{
    SAH_UNUSED(adapter);
}

void sah_adapter_take(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                      sah_taken_fn *done, void *data)
{
    SAH_UNUSED(incoming);
    take_later(adapter, done, data);
}

void sah_adapter_take_beside(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                             sah_taken_fn *done, void *data)
{
    sah_adapter_take(adapter, incoming, done, data);
}

bool sah_adapter_is_urgent(struct sah_adapter *adapter, const struct sah_incoming *incoming)
{
    SAH_UNUSED(adapter);
    SAH_UNUSED(incoming);
    return false;
}

void sah_adapter_quarantine(struct sah_adapter *adapter, const char *why, const void *bytes,
                            size_t len, sah_taken_fn *done, void *data)
{
    SAH_UNUSED(why);
    SAH_UNUSED(bytes);
    SAH_UNUSED(len);
    take_later(adapter, done, data);
}

bool sah_adapter_ready(const struct sah_adapter *adapter, char *why, size_t why_size)
{
    SAH_UNUSED(adapter);
    (void)sah_format(why, why_size, "the fake is never ready");
    return false;
}

void sah_adapter_redis_json(const struct sah_adapter *adapter, struct sah_buf *buf)
{
    SAH_UNUSED(adapter);
    sah_buf_add_text(buf, "{}");
}

void sah_adapter_metrics(struct sah_adapter *adapter, struct sah_buf *buf)
{
    SAH_UNUSED(adapter);
    sah_buf_add_text(buf, "fake_metric 1\n");
}

void sah_adapter_quarantine_list(struct sah_adapter *adapter, unsigned n, sah_listing_fn *fn,
                                 void *data)
{
    char json[32];

    SAH_UNUSED(adapter);
    (void)sah_format(json, sizeof json, "[%u]", n);
    fn(data, SAH_OK, json, strlen(json));
}

int sah_dialog_create(const char *phrases_folder, struct sah_dialog **ret_dialog,
                      struct sah_fault *fault)
{
    SAH_UNUSED(phrases_folder);
    SAH_UNUSED(fault);
    *ret_dialog = NULL;
    return SAH_OK;
}

void sah_dialog_destroy(struct sah_dialog *dialog)
{
    SAH_UNUSED(dialog);
}

/* ---- the process and its client */

static char folder[64], log_path[128];
static struct sah_wa_conf conf;
static pid_t child;
static unsigned port, ops_port;
static struct sah_loop *loop;
static struct sah_http_client *client;

static void put(char *dst, size_t size, const char *text)
{
    assert_int_equal(sah_copy(dst, size, text, strlen(text)), SAH_OK);
}

static pid_t start_process(void)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (freopen(log_path, "w", stderr) == NULL)
            _exit(99);
        exit(sah_wa_app_run(&conf, "test.yaml")); /* exit, so that the leak check runs */
    }
    return pid;
}

static int exit_code_of(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool log_says(const char *words, const char *format, unsigned *ret_number)
{
    char *text = NULL, *at;
    size_t len;
    bool found;

    if (sah_read_file(log_path, 1 << 20, &text, &len) != SAH_OK)
        return false;
    at = strstr(text, words);
    found = at != NULL;
    if (found && format != NULL) {
        at = strstr(at, format);
        found = at != NULL && strchr(at, '\n') != NULL;
        if (found)
            *ret_number = (unsigned)strtoul(at + strlen(format), NULL, 10);
    }
    free(text);
    return found;
}

static int setup(void **state)
{
    FILE *file;
    char path[128];

    (void)state;
    put(folder, sizeof folder, "/tmp/sah-app-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(sah_format(path, sizeof path, "%s/secret", folder), SAH_OK);
    assert_int_equal(sah_format(log_path, sizeof log_path, "%s/log", folder), SAH_OK);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(SECRET "\n", file) >= 0);
    assert_int_equal(fclose(file), 0);

    memset(&conf, 0, sizeof conf);
    put(conf.listen_address, sizeof conf.listen_address, "127.0.0.1");
    put(conf.ops_address, sizeof conf.ops_address, "127.0.0.1");
    put(conf.app_secret_file, sizeof conf.app_secret_file, path);
    put(conf.verify_token_file, sizeof conf.verify_token_file, path);
    put(conf.access_token_file, sizeof conf.access_token_file, path);
    put(conf.admin_token_file, sizeof conf.admin_token_file, path);
    put(conf.graph_url, sizeof conf.graph_url, "http://127.0.0.1:9/graph");
    put(conf.graph_version, sizeof conf.graph_version, "v23.0");
    put(conf.emergency_bus, sizeof conf.emergency_bus, "ipc://e");
    put(conf.bulk_bus, sizeof conf.bulk_bus, "ipc://b");
    put(conf.log_level, sizeof conf.log_level, "info");
    conf.send_max = 8;

    child = start_process();
    for (unsigned i = 0; i < 1000 && !log_says("what=listen ", "port=", &port); i++)
        usleep(10000);
    assert_true(log_says("what=listen ", "port=", &port));
    assert_true(log_says("what=ops ", "port=", &ops_port));
    assert_int_equal(sah_loop_create(&loop), SAH_OK);
    assert_int_equal(sah_http_client_create(loop, &client), SAH_OK);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"secret", "log"};
    char path[128];

    (void)state;
    sah_http_client_destroy(client);
    sah_loop_destroy(loop);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    for (size_t i = 0; i < SAH_LEN(names); i++) {
        assert_int_equal(sah_format(path, sizeof path, "%s/%s", folder, names[i]), SAH_OK);
        unlink(path);
    }
    rmdir(folder);
    return 0;
}

static int answer_status; /* -1: none yet */
static char answer_body[65536];

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    SAH_UNUSED(data);
    answer_status = answer->status;
    (void)sah_copy_cut(answer_body, sizeof answer_body,
                       answer->body != NULL ? answer->body : "", answer->body_len);
}

static void ask(const char *method, unsigned to_port, const char *path, const char *header,
                const char *value, const char *body, size_t len)
{
    const struct sah_http_header headers[] = {{header, value}};
    char url[256];
    struct sah_http_request request = {.method = method,
                                       .url = url,
                                       .headers = headers,
                                       .n_headers = header != NULL,
                                       .body = body,
                                       .body_len = len,
                                       .timeout_ms = 10000};

    assert_int_equal(sah_format(url, sizeof url, "http://127.0.0.1:%u%s", to_port, path),
                     SAH_OK);
    answer_status = -1;
    assert_int_equal(sah_http_send(client, &request, on_answer, NULL, NULL), SAH_OK);
}

static int wait_answer(void)
{
    for (unsigned i = 0; i < 1000 && answer_status == -1; i++)
        sah_loop_turn(loop, 20);
    return answer_status;
}

static void post_signed(const char *body, size_t len)
{
    struct sah_slice slice = {body, len};
    uint8_t mac[SAH_SHA256_BYTES];
    struct sah_hmac *hmac = NULL;
    char header[80] = "sha256=";

    assert_int_equal(sah_hmac_create(SECRET, strlen(SECRET), &hmac), SAH_OK);
    assert_int_equal(sah_hmac_sign(hmac, &slice, 1, mac), SAH_OK);
    sah_hmac_destroy(hmac);
    sah_hex(header + 7, mac, sizeof mac);
    ask("POST", port, "/webhooks/whatsapp", "X-Hub-Signature-256", header, body, len);
}

static int get(unsigned to_port, const char *path, const char *bearer)
{
    ask("GET", to_port, path, bearer != NULL ? "Authorization" : NULL, bearer, NULL, 0);
    return wait_answer();
}

static void the_handshake_answers_the_challenge_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(get(port,
                         "/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=" SECRET
                         "&hub.challenge=115820%2B1",
                         NULL),
                     200);
    assert_string_equal(answer_body, "115820+1");
    assert_int_equal(
        get(port, "/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1",
            NULL),
        403);
    assert_int_equal(get(port, "/webhooks/whatsapp", NULL), 403);
}

static void three_mebibytes_are_read_and_one_byte_more_is_not(void **state)
{
    size_t len = SAH_WEBHOOK_MAX_BYTES;
    char *body = malloc(len + 1);

    (void)state;
    assert_non_null(body);
    memset(body, ' ', len + 1);
    post_signed(body, len);
    assert_int_equal(wait_answer(), 200); /* no JSON: kept in quarantine */
    post_signed(body, len + 1);
    assert_int_equal(wait_answer(), 413);
    free(body);
    assert_int_equal(get(ops_port, "/metrics", NULL), 200);
    assert_non_null(strstr(answer_body, "sahaya_whatsapp_webhooks_total{status=\"413\"} 1\n"));
    assert_non_null(strstr(answer_body, "why=\"not_json\"} 1\n"));
    assert_non_null(strstr(answer_body, "fake_metric 1\n"));
}

static void ops_says_how_it_is(void **state)
{
    (void)state;
    assert_int_equal(get(ops_port, "/healthz", NULL), 200);
    assert_int_equal(get(ops_port, "/readyz", NULL), 503);
    assert_string_equal(answer_body,
                        "{\"state\":\"DOWN\",\"why\":\"the fake is never ready\",\"redis\":{}}\n");
    assert_int_equal(get(ops_port, "/v1/quarantine", NULL), 401);
    assert_int_equal(get(ops_port, "/v1/quarantine", "Bearer wrong"), 401);
    assert_int_equal(get(ops_port, "/v1/quarantine?n=7", "Bearer " SECRET), 200);
    assert_string_equal(answer_body, "[7]");
    assert_int_equal(get(ops_port, "/v1/quarantine?n=0", "Bearer " SECRET), 400);
    assert_int_equal(get(port, "/metrics", NULL), 404); /* not on the public listener */
}

static void an_unsigned_post_is_refused(void **state)
{
    (void)state;
    ask("POST", port, "/webhooks/whatsapp", NULL, NULL, "{}", 2);
    assert_int_equal(wait_answer(), 401);
}

static void a_stop_signal_waits_for_what_is_under_way(void **state)
{
    size_t len;
    char *text = sample_text("text", &len);

    (void)state;
    post_signed(text, len);
    for (unsigned i = 0; i < 10; i++)
        sah_loop_turn(loop, 10); /* the POST is there, and the take needs TAKE_MS */
    assert_int_equal(answer_status, -1);
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(wait_answer(), 200);
    assert_int_equal(exit_code_of(child), 0);
    child = 0;
    assert_true(log_says("event=stopped webhooks_left=0", NULL, NULL));
    free(text);
}

static void a_taken_port_is_named(void **state)
{
    char words[64];
    pid_t second;

    (void)state;
    conf.listen_port = port;
    second = start_process();
    assert_int_equal(exit_code_of(second), 1);
    assert_int_equal(sah_format(words, sizeof words, "127.0.0.1:%u is taken", port), SAH_OK);
    assert_true(log_says(words, NULL, NULL));
    assert_true(log_says("listen_port", NULL, NULL));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_handshake_answers_the_challenge_and_nothing_else),
        TEST(three_mebibytes_are_read_and_one_byte_more_is_not),
        TEST(ops_says_how_it_is),
        TEST(an_unsigned_post_is_refused),
        TEST(a_stop_signal_waits_for_what_is_under_way),
        TEST(a_taken_port_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
