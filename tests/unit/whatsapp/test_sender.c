/*
 * test_sender - replies go out over a real socket to a small Graph on loopback, and its answers
 * come back as the right verdict, once each, never from inside send.
 */
#include "sample.h"

#include <stdio.h>
#include <unistd.h>

#include <sahaya/http_server.h>

#include "sender.h"

static struct sah_loop *loop;
static struct sah_http_server *graph;
static struct sah_sender *sender;
static struct sah_wa_metrics metrics;
static struct sah_reply reply;
static char folder[64], token_path[128], graph_url[64];

static int graph_status; /* 0: no answer at all */
static const char *graph_body;
static char seen_path[256], seen_token[128], seen_body[2048];

static struct sah_sent got;
static unsigned n_got;

static void on_graph(void *data, struct sah_http_exchange *x)
{
    struct sah_slice path = sah_http_path(x), token = sah_http_bearer(x),
                     body = sah_http_body(x);

    (void)data;
    (void)sah_copy_cut(seen_path, sizeof seen_path, path.ptr, path.len);
    (void)sah_copy_cut(seen_token, sizeof seen_token, token.ptr, token.len);
    (void)sah_copy_cut(seen_body, sizeof seen_body, body.ptr, body.len);
    if (graph_status == 0)
        return; /* the test destroys the server, which answers then */
    sah_http_reply(x, graph_status, "application/json", graph_body, strlen(graph_body));
}

static void on_sent(void *data, const struct sah_sent *sent)
{
    (void)data;
    got = *sent;
    n_got++;
}

static void write_token(const char *text)
{
    char fresh[160];
    FILE *file;

    assert_int_equal(sah_format(fresh, sizeof fresh, "%s.new", token_path), SAH_OK);
    file = fopen(fresh, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", text) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, token_path), 0);
}

static void put(char *dst, size_t size, const char *text)
{
    assert_int_equal(sah_copy(dst, size, text, strlen(text)), SAH_OK);
}

static void make_sender(uint32_t timeout_ms)
{
    const struct sah_sender_settings settings = {.graph_url = graph_url,
                                                 .version = "v23.0",
                                                 .token_file = token_path,
                                                 .timeout_ms = timeout_ms,
                                                 .metrics = &metrics};

    assert_int_equal(sah_sender_create(loop, &settings, &sender), SAH_OK);
}

static int setup(void **state)
{
    static const struct sah_http_route routes[] = {{"POST", "/graph/*", on_graph}};
    const struct sah_http_server_settings settings = {
        .address = "127.0.0.1", .max_body_bytes = 1 << 20, .routes = routes, .n_routes = 1};

    (void)state;
    memset(&metrics, 0, sizeof metrics);
    n_got = 0;
    put(folder, sizeof folder, "/tmp/sah-sender-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(sah_format(token_path, sizeof token_path, "%s/token", folder), SAH_OK);
    write_token("token-one");
    assert_int_equal(sah_loop_create(&loop), SAH_OK);
    assert_int_equal(sah_http_server_create(loop, &settings, &graph), SAH_OK);
    assert_int_equal(sah_format(graph_url, sizeof graph_url, "http://127.0.0.1:%u/graph",
                                (unsigned)sah_http_server_port(graph)),
                     SAH_OK);
    memset(&reply, 0, sizeof reply);
    put(reply.key, sizeof reply.key, "key-1");
    put(reply.account, sizeof reply.account, ACCOUNT);
    put(reply.reply_token, sizeof reply.reply_token, "to:910000000001");
    put(reply.body, sizeof reply.body, "We have your message.");
    make_sender(5000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (sender != NULL)
        sah_sender_stop(sender);
    sah_sender_destroy(sender);
    sender = NULL;
    sah_http_server_destroy(graph);
    sah_loop_destroy(loop);
    unlink(token_path);
    rmdir(folder);
    return 0;
}

static void send_and_wait(void)
{
    unsigned before = n_got;

    assert_int_equal(sah_sender_send(sender, &reply, on_sent, NULL), SAH_OK);
    assert_int_equal(n_got, before); /* never from inside */
    for (unsigned i = 0; i < 500 && n_got == before; i++)
        sah_loop_turn(loop, 20);
    assert_int_equal(n_got, before + 1);
    assert_int_equal(sah_sender_in_flight(sender), 0);
}

static void a_reply_goes_to_its_number_with_the_token(void **state)
{
    (void)state;
    graph_status = 200;
    graph_body = "{\"messages\":[{\"id\":\"wamid.OUT1\"}]}";
    send_and_wait();
    assert_int_equal(got.code, SAH_SENT_DONE);
    assert_string_equal(got.channel_message, "wamid.OUT1");
    assert_string_equal(seen_path, "/graph/v23.0/" ACCOUNT "/messages");
    assert_string_equal(seen_token, "token-one");
    assert_non_null(strstr(seen_body, "\"biz_opaque_callback_data\":\"key-1\""));
    assert_int_equal(metrics.graph[SAH_GRAPH_ok], 1);
}

static void errors_come_back_as_verdicts(void **state)
{
    (void)state;
    graph_status = 400;
    graph_body = "{\"error\":{\"code\":131056}}";
    send_and_wait();
    assert_int_equal(got.code, SAH_SENT_CITIZEN);
    assert_int_equal(got.error_code, 131056);
    graph_body = "{\"error\":{\"code\":190}}";
    send_and_wait();
    assert_int_equal(got.code, SAH_SENT_STOP);
    assert_true(metrics.sending_stopped);
    graph_status = 200;
    graph_body = "{\"messages\":[{\"id\":\"wamid.OUT2\"}]}";
    send_and_wait();
    assert_false(metrics.sending_stopped);
}

static void a_new_token_is_used_without_a_restart(void **state)
{
    uint64_t start = sah_loop_now_ms(loop);

    (void)state;
    graph_status = 200;
    graph_body = "{\"messages\":[{\"id\":\"wamid.OUT1\"}]}";
    send_and_wait();
    write_token("token-two");
    while (sah_loop_now_ms(loop) < start + 1100) /* the file is looked at once a second */
        sah_loop_turn(loop, 100);
    send_and_wait();
    assert_string_equal(seen_token, "token-two");
    assert_int_equal(unlink(token_path), 0);
    start = sah_loop_now_ms(loop);
    while (sah_loop_now_ms(loop) < start + 1100)
        sah_loop_turn(loop, 100);
    send_and_wait(); /* the last good one stays */
    assert_string_equal(seen_token, "token-two");
    assert_int_equal(metrics.token_failures, 1);
}

static void silence_and_absence_are_tried_again(void **state)
{
    (void)state;
    sah_sender_stop(sender);
    sah_sender_destroy(sender);
    make_sender(150);
    graph_status = 0;
    send_and_wait();
    assert_int_equal(got.code, SAH_SENT_RETRY);
    assert_int_equal(metrics.graph[SAH_GRAPH_timeout], 1);
    sah_http_server_destroy(graph);
    graph = NULL;
    send_and_wait();
    assert_int_equal(got.code, SAH_SENT_RETRY);
    assert_int_equal(metrics.graph[SAH_GRAPH_connect], 1);
}

static void what_cannot_be_rendered_is_dead_and_nothing_is_sent(void **state)
{
    static const struct {
        const char *account, *token;
    } cases[] = {{ACCOUNT, "nowhere"}, {"../me", "to:910000000001"}, {"", "to:910000000001"}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        seen_path[0] = '\0';
        put(reply.account, sizeof reply.account, cases[i].account);
        put(reply.reply_token, sizeof reply.reply_token, cases[i].token);
        send_and_wait();
        assert_int_equal(got.code, SAH_SENT_DEAD);
        assert_string_equal(seen_path, "");
    }
    assert_int_equal(metrics.unrenderable, 3);
}

static void stopping_hands_everything_back_once(void **state)
{
    (void)state;
    graph_status = 0;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(sah_sender_send(sender, &reply, on_sent, NULL), SAH_OK);
    put(reply.reply_token, sizeof reply.reply_token, "nowhere");
    assert_int_equal(sah_sender_send(sender, &reply, on_sent, NULL), SAH_OK);
    sah_loop_turn(loop, 0);
    sah_sender_stop(sender);
    assert_int_equal(n_got, 4);
    assert_int_equal(sah_sender_in_flight(sender), 0);
    assert_int_equal(sah_sender_send(sender, &reply, on_sent, NULL), SAH_EDOWN);
}

static void a_missing_token_is_a_fault_at_the_start(void **state)
{
    static const struct {
        const char *text;
        int err;
    } cases[] = {{NULL, SAH_ENOENT}, {"", SAH_EINVAL}, {"two words", SAH_EINVAL}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        const struct sah_sender_settings settings = {.graph_url = graph_url,
                                                     .version = "v23.0",
                                                     .token_file = token_path,
                                                     .metrics = &metrics};
        struct sah_sender *other = NULL;

        unlink(token_path);
        if (cases[i].text != NULL)
            write_token(cases[i].text);
        assert_int_equal(sah_sender_create(loop, &settings, &other), cases[i].err);
        assert_null(other);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply_goes_to_its_number_with_the_token),
        TEST(errors_come_back_as_verdicts),
        TEST(a_new_token_is_used_without_a_restart),
        TEST(silence_and_absence_are_tried_again),
        TEST(what_cannot_be_rendered_is_dead_and_nothing_is_sent),
        TEST(stopping_hands_everything_back_once),
        TEST(a_missing_token_is_a_fault_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
