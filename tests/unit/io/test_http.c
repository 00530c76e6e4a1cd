/*
 * test_http - the HTTP client against the HTTP server on one loop: answers, faults, bounds.
 * Unusual bytes on the wire are the business of test_http_server.c.
 */
#include <sahaya/http_client.h>
#include <sahaya/http_server.h>

#include "io_test.h"

enum { BODY_MAX = 1000 };

struct world {
    struct sah_loop *loop;
    struct sah_http_server *server;
    struct sah_http_client *client;
    uint64_t too_large;
    struct sah_http_exchange *held; /* by /hold */
    unsigned handled;
    struct sah_timer *timer;
};

struct result {
    unsigned times;
    struct sah_http_answer answer;
    char body[256];
};

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct result *result = data;

    result->times++;
    result->answer = *answer;
    result->answer.body = NULL; /* borrowed */
    sah_copy_cut(result->body, sizeof result->body, answer->body, answer->body_len);
    assert_int_equal(answer->body[answer->body_len], '\0');
}

static void handle_echo(void *data, struct sah_http_exchange *x)
{
    struct world *world = data;
    struct sah_slice body = sah_http_body(x), method = sah_http_method(x);
    const char *word = sah_http_header(x, "x-WORD");
    const char *query = sah_http_query(x, "q");
    struct sah_slice bearer = sah_http_bearer(x), tail = sah_http_path_tail(x);

    world->handled++;
    assert_int_equal(sah_http_reply_header(x, "X-Seen", "yes"), SAH_OK);
    assert_int_equal(sah_http_reply_header(x, "X-Seen", "yes\r\nEvil: 1"), SAH_EINVAL);
    sah_http_reply_text(x, 200, "%.*s|%.*s|%s|%s|%.*s|%zu:%.*s", (int)method.len, method.ptr,
                        (int)tail.len, tail.ptr, word != NULL ? word : "-",
                        query != NULL ? query : "-", (int)bearer.len, bearer.ptr, body.len,
                        body.len < 50 ? (int)body.len : 0, body.ptr);
}

static void handle_busy(void *data, struct sah_http_exchange *x)
{
    (void)data;
    assert_int_equal(sah_http_reply_header(x, "Retry-After", sah_http_query(x, "v")), SAH_OK);
    sah_http_reply(x, 503, NULL, NULL, 0);
}

static void handle_hold(void *data, struct sah_http_exchange *x)
{
    struct world *world = data;

    assert_null(world->held);
    world->held = x;
}

static void handle_drop(void *data, struct sah_http_exchange *x)
{
    (void)data;
    sah_http_drop(x);
}

static void handle_large(void *data, struct sah_http_exchange *x)
{
    static char bytes[5000];

    (void)data;
    memset(bytes, 'x', sizeof bytes);
    sah_http_reply(x, 200, "text/plain", bytes, sizeof bytes);
}

static const struct sah_http_route routes[] = {
    {"POST", "/echo/*", handle_echo}, {"GET", "/echo/*", handle_echo},
    {"PUT", "/echo/*", handle_echo},  {NULL, "/busy", handle_busy},
    {NULL, "/hold", handle_hold},     {NULL, "/drop", handle_drop},
    {NULL, "/large", handle_large},
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sah_http_server_settings settings = {
        .address = "127.0.0.1",
        .max_body_bytes = BODY_MAX,
        .routes = routes,
        .n_routes = SAH_LEN(routes),
        .data = world,
        .too_large_count = &world->too_large,
    };

    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    assert_int_equal(sah_http_server_create(world->loop, &settings, &world->server), SAH_OK);
    assert_int_equal(sah_http_client_create(world->loop, &world->client), SAH_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_http_client_destroy(world->client);
    sah_http_server_destroy(world->server);
    sah_loop_destroy(world->loop);
    free(world);
    return 0;
}

static struct sah_http_request request_to(struct world *world, const char *method,
                                          const char *path, char url[128])
{
    sah_format(url, 128, "http://127.0.0.1:%u%s", sah_http_server_port(world->server), path);
    return (struct sah_http_request){.method = method, .url = url, .timeout_ms = 5000};
}

static void ask(struct world *world, const struct sah_http_request *request,
                struct result *result)
{
    memset(result, 0, sizeof *result);
    assert_int_equal(sah_http_send(world->client, request, on_answer, result, NULL), SAH_OK);
    assert_int_equal(result->times, 0); /* never from inside */
    TURN_UNTIL(world->loop, result->times > 0, 10000);
    assert_int_equal(sah_http_client_in_flight(world->client), 0);
}

static void a_request_comes_through_with_headers_query_and_body(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        const char *want;
    } rows[] = {
        {"POST", "/echo/tail?q=a%20b", "hello", "POST|tail|w|a b|tok|5:hello"},
        {"PUT", "/echo/", "x", "PUT||w|-|tok|1:x"},
        {"POST", "/echo/empty", "", "POST|empty|w|-|tok|0:"},
        {"GET", "/echo/g", "", "GET|g|w|-|tok|0:"},
    };
    static const struct sah_http_header headers[] = {{"X-Word", "w"},
                                                     {"Authorization", "Bearer tok"}};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char url[128];
        struct result result;
        struct sah_http_request request = request_to(*state, rows[i].method, rows[i].path, url);

        request.headers = headers;
        request.n_headers = SAH_LEN(headers);
        request.body = rows[i].body;
        request.body_len = strlen(rows[i].body);
        ask(*state, &request, &result);
        assert_int_equal(result.answer.fault, SAH_HTTP_FINE);
        assert_int_equal(result.answer.status, 200);
        assert_string_equal(result.body, rows[i].want);
        assert_true(result.answer.retry_after_ms == -1);
    }
}

static void a_body_holds_any_bytes(void **state)
{
    char url[128];
    struct result result;
    struct sah_http_request request = request_to(*state, "POST", "/echo/", url);

    request.body = "a\0\xff";
    request.body_len = 3;
    ask(*state, &request, &result);
    assert_int_equal(result.answer.body_len, strlen("POST||-|-||3:a")); /* %.*s stops at NUL */
    assert_string_equal(result.body, "POST||-|-||3:a");
}

static void retry_after_is_read_when_it_is_seconds(void **state)
{
    static const struct {
        const char *value;
        int64_t want_ms;
    } rows[] = {{"0", 0},   {"7", 7000}, {"99999999999", 30LL * 24 * 3600 * 1000},
                {"-1", -1}, {"1.5", -1}, {"Wed,%2021%20Oct%202026%2007:28:00%20GMT", -1}};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char url[128], path[96];
        struct result result;
        struct sah_http_request request;

        sah_format(path, sizeof path, "/busy?v=%s", rows[i].value);
        request = request_to(*state, "GET", path, url);
        ask(*state, &request, &result);
        assert_int_equal(result.answer.status, 503);
        assert_true(result.answer.retry_after_ms == rows[i].want_ms);
    }
}

static void a_path_nobody_has_is_404_and_another_method_405(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        int status;
    } rows[] = {{"GET", "/nothing", 404}, {"POST", "/ech", 404}, {"DELETE", "/echo/a", 405}};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char url[128];
        struct result result;
        struct sah_http_request request = request_to(*state, rows[i].method, rows[i].path, url);

        ask(*state, &request, &result);
        assert_int_equal(result.answer.status, rows[i].status);
    }
    assert_int_equal(((struct world *)*state)->handled, 0);
}

static void a_body_of_the_bound_passes_and_one_byte_more_is_413(void **state)
{
    static const struct {
        size_t len;
        int status;
        uint64_t count;
    } rows[] = {{BODY_MAX, 200, 0}, {BODY_MAX + 1, 413, 1}, {200 * 1024, 413, 2}, {1, 200, 2}};
    struct world *world = *state;
    static char bytes[200 * 1024];

    memset(bytes, 'b', sizeof bytes);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char url[128];
        struct result result;
        struct sah_http_request request = request_to(world, "POST", "/echo/", url);

        request.body = bytes;
        request.body_len = rows[i].len;
        ask(world, &request, &result);
        assert_int_equal(result.answer.status, rows[i].status);
        assert_int_equal(world->too_large, rows[i].count);
    }
    assert_int_equal(world->handled, 2);
}

static void an_answer_past_the_bound_is_too_large(void **state)
{
    static const struct {
        size_t max;
        enum sah_http_fault fault;
    } rows[] = {{4999, SAH_HTTP_TOO_LARGE}, {5000, SAH_HTTP_FINE}};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char url[128];
        struct result result;
        struct sah_http_request request = request_to(*state, "GET", "/large", url);

        request.max_answer_bytes = rows[i].max;
        ask(*state, &request, &result);
        assert_int_equal(result.answer.fault, rows[i].fault);
        assert_int_equal(result.answer.status, 200);
    }
}

static void no_answer_in_time_is_a_timeout_and_the_late_reply_is_swallowed(void **state)
{
    struct world *world = *state;
    char url[128];
    struct result result;
    struct sah_http_request request = request_to(world, "POST", "/hold", url);

    request.timeout_ms = 100;
    ask(world, &request, &result);
    assert_int_equal(result.answer.fault, SAH_HTTP_TIMEOUT);
    assert_int_equal(result.answer.status, 0);
    assert_in_range(result.answer.elapsed_ms, 90, 3000);
    assert_non_null(world->held); /* client gone: still valid, and answered in vain */
    assert_true(sah_slice_is(sah_http_path(world->held), "/hold"));
    sah_http_reply_text(world->held, 200, "late");
    for (int i = 0; i < 5; i++)
        sah_loop_turn(world->loop, 10);
    request = request_to(world, "GET", "/echo/alive", url);
    ask(world, &request, &result);
    assert_int_equal(result.answer.status, 200);
}

static void a_delayed_reply_arrives(void **state)
{
    struct world *world = *state;
    char url[128];
    struct result result = {0};
    struct sah_http_request request = request_to(world, "POST", "/hold", url);

    for (int round = 0; round < 3; round++) { /* on one kept connection */
        world->held = NULL;
        memset(&result, 0, sizeof result);
        assert_int_equal(sah_http_send(world->client, &request, on_answer, &result, NULL),
                         SAH_OK);
        TURN_UNTIL(world->loop, world->held != NULL, 5000);
        for (int i = 0; i < 3; i++)
            sah_loop_turn(world->loop, 10);
        assert_int_equal(result.times, 0);
        sah_http_reply_text(world->held, 202, "later");
        TURN_UNTIL(world->loop, result.times > 0, 2000);
        assert_int_equal(result.answer.status, 202);
        assert_string_equal(result.body, "later");
    }
}

static void a_cut_reply_is_broken(void **state)
{
    struct world *world = *state;
    char url[128];
    struct result result = {0};
    struct sah_http_request request = request_to(world, "POST", "/drop", url);

    ask(world, &request, &result);
    assert_int_equal(result.answer.fault, SAH_HTTP_BROKEN);
    assert_int_equal(result.answer.status, 0);
    request = request_to(world, "POST", "/hold", url); /* and when it is cut later */
    memset(&result, 0, sizeof result);
    assert_int_equal(sah_http_send(world->client, &request, on_answer, &result, NULL), SAH_OK);
    TURN_UNTIL(world->loop, world->held != NULL, 5000);
    sah_http_drop(world->held);
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    assert_int_equal(result.answer.fault, SAH_HTTP_BROKEN);
}

static void a_refused_connect_and_a_bad_url_sent_nothing(void **state)
{
    static const struct {
        const char *url;
        enum sah_http_fault fault;
    } rows[] = {{"http://127.0.0.1:1/", SAH_HTTP_CONNECT},
                {"ftp://127.0.0.1/x", SAH_HTTP_LOCAL},
                {"file:///etc/passwd", SAH_HTTP_LOCAL},
                {"http://a b/", SAH_HTTP_LOCAL}};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        struct result result;
        struct sah_http_request request = {
            .method = "GET", .url = rows[i].url, .timeout_ms = 3000};

        ask(*state, &request, &result);
        assert_int_equal(result.answer.fault, rows[i].fault);
        assert_int_equal(result.answer.status, 0);
    }
}

static void bad_headers_are_refused(void **state)
{
    static const struct sah_http_header rows[] = {
        {"X-A", "a\r\nEvil: 1"}, {"X-A", "a\nb"}, {"X\r\n", "a"}, {"", "a"}, {"X:", "a"}};
    struct world *world = *state;

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char url[128];
        struct result result = {0};
        struct sah_http_request request = request_to(world, "GET", "/echo/", url);

        request.headers = &rows[i];
        request.n_headers = 1;
        assert_int_equal(sah_http_send(world->client, &request, on_answer, &result, NULL),
                         SAH_EINVAL);
        assert_int_equal(sah_http_client_in_flight(world->client), 0);
        assert_int_equal(result.times, 0);
    }
}

static void a_cancelled_request_completes_before_cancel_returns(void **state)
{
    struct world *world = *state;
    char url[128];
    struct result results[2] = {0};
    struct sah_http_send *send;
    struct sah_http_request request = request_to(world, "POST", "/hold", url);

    assert_int_equal(sah_http_send(world->client, &request, on_answer, &results[0], &send),
                     SAH_OK);
    sah_http_cancel(send); /* not yet begun */
    assert_int_equal(results[0].times, 1);
    assert_int_equal(results[0].answer.fault, SAH_HTTP_CANCELED);
    assert_int_equal(sah_http_send(world->client, &request, on_answer, &results[1], &send),
                     SAH_OK);
    TURN_UNTIL(world->loop, world->held != NULL, 5000);
    sah_http_cancel(send); /* half-way */
    assert_int_equal(results[1].times, 1);
    assert_int_equal(results[1].answer.fault, SAH_HTTP_CANCELED);
    /* the held exchange is answered 503 by the server's destroy, to nobody */
}

static void destroy_cancels_what_is_under_way(void **state)
{
    struct world *world = *state;
    char url[128];
    struct result results[3] = {0};
    struct sah_http_request request = request_to(world, "POST", "/echo/", url);

    for (size_t i = 0; i < SAH_LEN(results); i++)
        assert_int_equal(sah_http_send(world->client, &request, on_answer, &results[i], NULL),
                         SAH_OK);
    sah_http_client_destroy(world->client);
    world->client = NULL;
    for (size_t i = 0; i < SAH_LEN(results); i++) {
        assert_int_equal(results[i].times, 1);
        assert_int_equal(results[i].answer.fault, SAH_HTTP_CANCELED);
    }
}

static void two_hundred_at_once_all_come_back(void **state)
{
    enum { MANY = 200 };
    struct world *world = *state;
    static struct result results[MANY];
    unsigned fine = 0;
    char url[128];
    struct sah_http_request request = request_to(world, "POST", "/echo/", url);

    request.body = "x";
    request.body_len = 1;
    for (int round = 0; round < 2; round++) { /* fresh connections, then kept ones */
        memset(results, 0, sizeof results);
        fine = 0;
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(
                sah_http_send(world->client, &request, on_answer, &results[i], NULL), SAH_OK);
        assert_int_equal(sah_http_client_in_flight(world->client), MANY);
        TURN_UNTIL(world->loop, sah_http_client_in_flight(world->client) == 0, 20000);
        for (size_t i = 0; i < MANY; i++)
            fine += results[i].times == 1 && results[i].answer.status == 200;
        assert_int_equal(fine, MANY);
    }
}

static void requests_over_a_unix_socket_come_through(void **state)
{
    struct world *world = *state;
    struct scratch scratch;
    char address[96];
    struct stat st;
    struct sah_http_server *server;
    struct sah_http_server_settings settings = {.address = address,
                                                .max_body_bytes = 10,
                                                .routes = routes,
                                                .n_routes = 1,
                                                .data = world};
    struct sah_http_request request = {
        .method = "POST", .url = "http://local/echo/u", .timeout_ms = 3000};
    struct result result;

    scratch_init(&scratch);
    sah_format(address, sizeof address, "unix:%s/s", scratch.dir);
    assert_int_equal(sah_http_server_create(world->loop, &settings, &server), SAH_OK);
    assert_int_equal(stat(address + 5, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    request.unix_socket = address + 5;
    ask(world, &request, &result);
    assert_int_equal(result.answer.status, 200);
    sah_http_server_destroy(server);
    assert_int_not_equal(access(address + 5, F_OK), 0);
    scratch_fini(&scratch);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_comes_through_with_headers_query_and_body),
        TEST(a_body_holds_any_bytes),
        TEST(retry_after_is_read_when_it_is_seconds),
        TEST(a_path_nobody_has_is_404_and_another_method_405),
        TEST(a_body_of_the_bound_passes_and_one_byte_more_is_413),
        TEST(an_answer_past_the_bound_is_too_large),
        TEST(no_answer_in_time_is_a_timeout_and_the_late_reply_is_swallowed),
        TEST(a_delayed_reply_arrives),
        TEST(a_cut_reply_is_broken),
        TEST(a_refused_connect_and_a_bad_url_sent_nothing),
        TEST(bad_headers_are_refused),
        TEST(a_cancelled_request_completes_before_cancel_returns),
        TEST(destroy_cancels_what_is_under_way),
        TEST(two_hundred_at_once_all_come_back),
        TEST(requests_over_a_unix_socket_come_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
