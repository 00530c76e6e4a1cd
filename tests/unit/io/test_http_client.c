/*
 * test_http_client - the HTTP client against peers that break the rules: what was surely not
 * sent, what may have been, and answers that are garbled, cut, endless or redirections.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <sahaya/http_client.h>

#include "io_test.h"

struct world {
    struct sah_loop *loop;
    struct sah_http_client *client;
    int listener;
    uint16_t port;
    int peer; /* the accepted connection */
};

struct result {
    unsigned times;
    struct sah_http_answer answer;
};

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct result *result = data;

    result->times++;
    result->answer = *answer;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t len = sizeof name;

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    world->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(world->listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(world->listener, 0), 0);
    assert_int_equal(getsockname(world->listener, (struct sockaddr *)&name, &len), 0);
    world->port = ntohs(name.sin_port);
    world->peer = -1;
    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    assert_int_equal(sah_http_client_create(world->loop, &world->client), SAH_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_http_client_destroy(world->client);
    sah_loop_destroy(world->loop);
    if (world->listener >= 0)
        close(world->listener);
    if (world->peer >= 0)
        close(world->peer);
    free(world);
    return 0;
}

static void post(struct world *world, const char *scheme, uint32_t timeout_ms,
                 struct result *result)
{
    char url[64];
    struct sah_http_request request = {
        .method = "POST", .url = url, .body = "b", .body_len = 1, .timeout_ms = timeout_ms};

    memset(result, 0, sizeof *result);
    sah_format(url, sizeof url, "%s://127.0.0.1:%u/", scheme, world->port);
    assert_int_equal(sah_http_send(world->client, &request, on_answer, result, NULL), SAH_OK);
}

static bool accepted(struct world *world)
{
    if (world->peer < 0)
        world->peer = accept4(world->listener, NULL, NULL, SOCK_NONBLOCK);
    return world->peer >= 0;
}

static bool got_request(struct world *world)
{
    char bytes[1024];

    return recv(world->peer, bytes, sizeof bytes, 0) > 0;
}

static void say(struct world *world, const char *text)
{
    assert_int_equal(send(world->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void what_the_peer_says_is_judged(void **state)
{
    static const struct {
        const char *says;
        enum sah_http_fault fault;
        int status;
        int64_t retry_after_ms;
    } rows[] = {
        {"", SAH_HTTP_BROKEN, 0, -1},
        {"no http at all\r\n\r\n", SAH_HTTP_BROKEN, 0, -1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", SAH_HTTP_BROKEN, 200, -1},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", SAH_HTTP_BROKEN, 200,
         -1},
        {"HTTP/1.1 204 Gone\r\n\r\n", SAH_HTTP_FINE, 204, -1},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         SAH_HTTP_FINE, 302, -1},
        {"HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
         "0\r\n\r\n",
         SAH_HTTP_FINE, 200, -1},
        {"HTTP/1.1 429 Slow\r\nretry-after:   3 \r\nContent-Length: 0\r\n\r\n", SAH_HTTP_FINE,
         429, 3000},
    };
    struct world *world = *state;

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        struct result result;

        post(world, "http", 5000, &result);
        TURN_UNTIL(world->loop, accepted(world), 5000);
        TURN_UNTIL(world->loop, got_request(world), 5000);
        say(world, rows[i].says);
        close(world->peer);
        world->peer = -1;
        TURN_UNTIL(world->loop, result.times > 0, 5000);
        assert_int_equal(result.answer.fault, rows[i].fault);
        assert_int_equal(result.answer.status, rows[i].status);
        assert_true(result.answer.retry_after_ms == rows[i].retry_after_ms);
    }
}

static void endless_headers_are_too_large(void **state)
{
    struct world *world = *state;
    struct result result;
    char line[1200];

    post(world, "http", 5000, &result);
    TURN_UNTIL(world->loop, accepted(world), 5000);
    say(world, "HTTP/1.1 200 OK\r\n");
    sah_format(line, sizeof line, "X-A: %01000d\r\n", 0);
    for (int i = 0; i < 200 && result.times == 0; i++) {
        (void)!send(world->peer, line, strlen(line), MSG_NOSIGNAL);
        sah_loop_turn(world->loop, 1);
    }
    assert_int_equal(result.times, 1);
    assert_int_equal(result.answer.fault, SAH_HTTP_TOO_LARGE);
}

/* libcurl repeats the request on a fresh connection and reports only that this one was refused:
 * but the first copy may have arrived (F20). */
static void a_repeat_that_cannot_connect_is_not_called_unsent(void **state)
{
    struct world *world = *state;
    struct result result;

    post(world, "http", 5000, &result);
    TURN_UNTIL(world->loop, accepted(world), 5000);
    TURN_UNTIL(world->loop, got_request(world), 5000);
    say(world, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_FINE);

    post(world, "http", 5000, &result);
    TURN_UNTIL(world->loop, got_request(world), 5000); /* on the kept connection */
    close(world->listener);
    world->listener = -1;
    close(world->peer);
    world->peer = -1;
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_BROKEN);
}

static void a_handshake_without_end_or_sense_sent_nothing(void **state)
{
    struct world *world = *state;
    struct result result;

    post(world, "https", 200, &result); /* connected, and no TLS ever comes */
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_CONNECT);

    TURN_UNTIL(world->loop, accepted(world), 5000); /* the one that gave up */
    close(world->peer);
    world->peer = -1;
    post(world, "https", 5000, &result);
    TURN_UNTIL(world->loop, accepted(world), 5000);
    TURN_UNTIL(world->loop, got_request(world), 5000);
    say(world, "HTTP/1.1 400 Bad Request\r\n\r\n");
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_CONNECT);
}

static void a_connect_that_hangs_ends_at_its_own_timeout(void **state)
{
    struct world *world = *state;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(world->port)};
    char url[64];
    struct sah_http_request request = {
        .method = "GET", .url = url, .timeout_ms = 10000, .connect_timeout_ms = 150};
    struct result result = {0};
    int fill[8];

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < SAH_LEN(fill);
         i++) { /* the backlog is full: no more answers to SYN */
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&name, sizeof name);
    }
    sah_format(url, sizeof url, "http://127.0.0.1:%u/", world->port);
    assert_int_equal(sah_http_send(world->client, &request, on_answer, &result, NULL), SAH_OK);
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_CONNECT);
    assert_in_range(result.answer.elapsed_ms, 140, 3000);
    for (size_t i = 0; i < SAH_LEN(fill); i++)
        close(fill[i]);
}

static void the_environments_proxy_is_not_asked(void **state)
{
    struct world *world = *state;
    struct result result;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    post(world, "http", 5000, &result);
    TURN_UNTIL(world->loop, accepted(world), 5000);
    say(world, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_FINE);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

/* (I7) libcurl's own queue never decides who goes first: it has none, each gets its connection at once. */
static void no_request_waits_for_another_ones_connection(void **state)
{
    enum { MANY = 200 };
    static struct result results[MANY];
    static int peers[MANY];
    struct world *world = *state;
    unsigned n = 0;

    assert_int_equal(listen(world->listener, MANY), 0);
    for (unsigned i = 0; i < MANY; i++)
        post(world, "http", 10000, &results[i]);
    for (unsigned turn = 0; turn < 2000 && n < MANY; turn++) {
        sah_loop_turn(world->loop, 5);
        while (n < MANY && (peers[n] = accept4(world->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
            n++;
    }
    assert_int_equal(n, MANY); /* and nobody has answered any */
    assert_int_equal(sah_http_client_in_flight(world->client), MANY);
    for (unsigned i = 0; i < n; i++)
        close(peers[i]);
}

struct chain {
    struct world *world;
    struct result last;
    struct sah_http_send *other;
};

static void send_again_and_cancel(void *data, const struct sah_http_answer *answer)
{
    struct chain *chain = data;

    assert_int_equal(answer->fault, SAH_HTTP_CONNECT);
    post(chain->world, "ftp", 1000, &chain->last);
    sah_http_cancel(chain->other);
}

static void a_completion_may_send_and_cancel_others(void **state)
{
    struct world *world = *state;
    struct chain chain = {.world = world};
    struct result other = {0};
    char url[64];
    struct sah_http_request hanging = {.method = "GET", .url = url, .timeout_ms = 10000};
    struct sah_http_request refused = {
        .method = "GET", .url = "http://127.0.0.1:1/", .timeout_ms = 10000};

    sah_format(url, sizeof url, "http://127.0.0.1:%u/", world->port);
    assert_int_equal(sah_http_send(world->client, &hanging, on_answer, &other, &chain.other),
                     SAH_OK);
    assert_int_equal(
        sah_http_send(world->client, &refused, send_again_and_cancel, &chain, NULL), SAH_OK);
    TURN_UNTIL(world->loop, chain.last.times > 0, 5000);
    assert_int_equal(chain.last.answer.fault, SAH_HTTP_LOCAL);
    assert_int_equal(other.times, 1);
    assert_int_equal(other.answer.fault, SAH_HTTP_CANCELED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_peer_says_is_judged),
        TEST(endless_headers_are_too_large),
        TEST(a_repeat_that_cannot_connect_is_not_called_unsent),
        TEST(a_handshake_without_end_or_sense_sent_nothing),
        TEST(a_connect_that_hangs_ends_at_its_own_timeout),
        TEST(the_environments_proxy_is_not_asked),
        TEST(no_request_waits_for_another_ones_connection),
        TEST(a_completion_may_send_and_cancel_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
