/*
 * test_http_server - the HTTP server and bytes on the wire: what a well-mannered client would
 * never show. The talk is written by hand over a socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <sahaya/http_server.h>

#include "io_test.h"

enum { BODY_MAX = 1000 };

struct world {
    struct sah_loop *loop;
    struct sah_http_server *server;
    uint64_t too_large;
    struct sah_http_exchange *held[4];
    unsigned n_held, handled;
};

static void handle_count(void *data, struct sah_http_exchange *x)
{
    struct world *world = data;

    world->handled++;
    sah_http_reply_text(x, 200, "%zu", sah_http_body(x).len);
}

static void handle_hold(void *data, struct sah_http_exchange *x)
{
    struct world *world = data;

    world->held[world->n_held++] = x;
}

static const struct sah_http_route routes[] = {
    {"POST", "/count", handle_count},
    {"GET", "/count", handle_count},
    {"GET", "/hold", handle_hold},
};

static struct sah_http_server_settings settings_of(struct world *world)
{
    return (struct sah_http_server_settings){
        .address = "127.0.0.1",
        .max_body_bytes = BODY_MAX,
        .routes = routes,
        .n_routes = SAH_LEN(routes),
        .data = world,
        .too_large_count = &world->too_large,
        .idle_timeout_s = 1,
    };
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sah_http_server_settings settings = settings_of(world);

    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    assert_int_equal(sah_http_server_create(world->loop, &settings, &world->server), SAH_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_http_server_destroy(world->server);
    sah_loop_destroy(world->loop);
    free(world);
    return 0;
}

static int dial(uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

struct heard {
    char text[4096];
    size_t len;
    bool ended; /* closed in good order */
    bool reset;
};

static void listen_once(int fd, struct heard *heard)
{
    ssize_t len =
        recv(fd, heard->text + heard->len, sizeof heard->text - 1 - heard->len, MSG_DONTWAIT);

    if (len > 0)
        heard->len += (size_t)len;
    heard->ended = heard->ended || len == 0;
    heard->reset = heard->reset || (len < 0 && errno != EAGAIN);
    heard->text[heard->len] = '\0';
}

static bool hears(int fd, struct heard *heard, const char *text)
{
    listen_once(fd, heard);
    return strstr(heard->text, text) != NULL;
}

static bool hears_the_end(int fd, struct heard *heard)
{
    listen_once(fd, heard);
    return heard->ended || heard->reset;
}

static void a_declared_length_past_the_bound_is_refused_before_the_body(void **state)
{
    struct world *world = *state;
    static const char *const rows[] = {"1001", "99999999999", "18446744073709551615"};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        struct heard heard = {0};
        char head[160];
        int fd = dial(sah_http_server_port(world->server));

        sah_format(head, sizeof head,
                   "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n", rows[i]);
        say(fd, head); /* and not one byte of body */
        TURN_UNTIL(world->loop, hears_the_end(fd, &heard), 5000);
        assert_non_null(strstr(heard.text, "HTTP/1.1 413 "));
        assert_true(heard.ended);
        close(fd);
    }
    assert_int_equal(world->too_large, SAH_LEN(rows));
    assert_int_equal(world->handled, 0);
}

static void a_client_still_sending_can_read_its_413(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    static char body[64 * 1024];
    size_t n_sent = 0;
    int fd = dial(sah_http_server_port(world->server));

    memset(body, 'b', sizeof body);
    say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n");
    while (n_sent < 4000000) { /* sends all of it before it reads anything */
        size_t want = 4000000 - n_sent < sizeof body ? 4000000 - n_sent : sizeof body;
        ssize_t len = send(fd, body, want, MSG_DONTWAIT | MSG_NOSIGNAL);

        assert_true(len > 0 || errno == EAGAIN);
        n_sent += len > 0 ? (size_t)len : 0;
        sah_loop_turn(world->loop, 1);
    }
    TURN_UNTIL(world->loop, hears_the_end(fd, &heard), 5000);
    assert_non_null(strstr(heard.text, "HTTP/1.1 413 "));
    assert_false(heard.reset);
    close(fd);
}

static void say_chunks(struct world *world, int fd, size_t n_chunks)
{
    static char chunk[1100];

    say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < n_chunks; i++) {
        sah_format(chunk, sizeof chunk, "3e8\r\n%01000d\r\n", 0);
        say(fd, chunk);
        sah_loop_turn(world->loop, 1);
    }
}

static void a_body_of_unknown_length_is_judged_as_it_grows(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    int fd = dial(sah_http_server_port(world->server));

    say_chunks(world, fd, 1); /* exactly the bound */
    say(fd, "0\r\n\r\n");
    TURN_UNTIL(world->loop, hears(fd, &heard, "\r\n\r\n1000"), 5000);
    heard.len = 0;
    say_chunks(world, fd, 3);
    say(fd, "0\r\n\r\n");
    TURN_UNTIL(world->loop, hears(fd, &heard, "HTTP/1.1 413 "), 5000);
    assert_int_equal(world->too_large, 1);
    assert_int_equal(world->handled, 1);
    close(fd);
}

static void a_body_without_end_is_cut_off(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    static char chunk[20000];
    int fd = dial(sah_http_server_port(world->server));
    ssize_t len = 0;
    size_t total = 0;

    say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    sah_format(chunk, sizeof chunk, "3e80\r\n%016000d\r\n", 0);
    while (total < 64u * 1024 * 1024 && (len >= 0 || errno == EAGAIN)) {
        len = send(fd, chunk, strlen(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
        total += len > 0 ? (size_t)len : 0;
        if (len > 0 && (size_t)len < strlen(chunk))
            break; /* the socket is full: the rest of the chunk would have to follow */
        sah_loop_turn(world->loop, 1);
    }
    TURN_UNTIL(world->loop, hears_the_end(fd, &heard), 5000);
    assert_true(total < 8u * 1024 * 1024);
    assert_int_equal(world->too_large, 1);
    close(fd);
}

static void method_not_allowed_names_the_methods(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    int fd = dial(sah_http_server_port(world->server));

    say(fd, "DELETE /count HTTP/1.1\r\nHost: x\r\n\r\n");
    TURN_UNTIL(world->loop, hears(fd, &heard, "\r\n\r\n"), 5000);
    assert_non_null(strstr(heard.text, "HTTP/1.1 405 "));
    assert_non_null(strstr(heard.text, "Allow: POST, GET\r\n"));
    close(fd);
}

static void one_connection_serves_many_requests_also_sent_ahead(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    int fd = dial(sah_http_server_port(world->server));

    for (int i = 0; i < 3; i++)
        say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
    say(fd, "HEAD /count HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    TURN_UNTIL(world->loop, hears(fd, &heard, "HTTP/1.1 404 "), 5000);
    assert_int_equal(world->handled, 4);
    close(fd);
}

static void a_client_gone_in_the_middle_leaves_nothing(void **state)
{
    struct world *world = *state;
    static const char *const rows[] = {
        "", "POST /cou", "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02garbage\r\n\r\n"};

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        int fd = dial(sah_http_server_port(world->server));

        say(fd, rows[i]);
        for (int turn = 0; turn < 3; turn++)
            sah_loop_turn(world->loop, 10);
        close(fd);
        for (int turn = 0; turn < 3; turn++)
            sah_loop_turn(world->loop, 10);
    }
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->n_held, 1);
    sah_http_reply_text(world->held[0], 200, "in vain");
    for (int turn = 0; turn < 3; turn++)
        sah_loop_turn(world->loop, 10);
}

static void a_silent_client_is_closed_after_the_idle_time(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    int fd = dial(sah_http_server_port(world->server));
    uint64_t began = sah_clock_mono_ms();

    say(fd, "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    TURN_UNTIL(world->loop, hears_the_end(fd, &heard), 6000);
    assert_true(sah_clock_mono_ms() - began >= 900);
    assert_int_equal(world->handled, 0);
    close(fd);
}

static void destroy_answers_503_to_what_is_open(void **state)
{
    struct world *world = *state;
    struct heard heard[2] = {0};
    int fds[2];

    for (size_t i = 0; i < 2; i++) {
        fds[i] = dial(sah_http_server_port(world->server));
        say(fds[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    TURN_UNTIL(world->loop, world->n_held == 2, 5000);
    sah_http_server_destroy(world->server);
    world->server = NULL;
    for (size_t i = 0; i < 2; i++) {
        TURN_UNTIL(world->loop, hears_the_end(fds[i], &heard[i]), 1000);
        assert_non_null(strstr(heard[i].text, "HTTP/1.1 503 "));
        close(fds[i]);
    }
}

static void a_quiesced_server_finishes_what_is_under_way(void **state)
{
    struct world *world = *state;
    struct heard heard = {0};
    struct sah_http_server *second;
    struct sah_http_server_settings settings = settings_of(world);
    int fd = dial(sah_http_server_port(world->server));

    say(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    TURN_UNTIL(world->loop, world->n_held == 1, 5000);
    sah_http_server_quiesce(world->server);
    sah_http_server_quiesce(world->server); /* twice is once */
    settings.port = sah_http_server_port(world->server);
    assert_int_equal(sah_http_server_create(world->loop, &settings, &second), SAH_OK);
    sah_http_server_destroy(second);
    sah_http_reply_text(world->held[0], 200, "done");
    TURN_UNTIL(world->loop, hears(fd, &heard, "done"), 5000);
    close(fd);
}

static void an_address_that_cannot_be_had_is_told(void **state)
{
    struct world *world = *state;
    struct sah_http_server_settings settings = settings_of(world);
    struct sah_http_server *server = NULL;
    static const char *const rows[] = {"",         "localhost",     "256.1.1.1",
                                       "unix:",    "unix:relative", "unix:/no/such/folder/s",
                                       "192.0.2.1"};

    settings.port = sah_http_server_port(world->server);
    assert_int_equal(sah_http_server_create(world->loop, &settings, &server), SAH_EEXIST);
    settings.port = 0;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        settings.address = rows[i];
        assert_int_equal(sah_http_server_create(world->loop, &settings, &server), SAH_EINVAL);
    }
    assert_null(server);
}

static void a_unix_socket_is_replaced_only_when_nobody_listens(void **state)
{
    struct world *world = *state;
    struct sah_http_server_settings settings = settings_of(world);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sah_http_server *first, *second = NULL;
    struct scratch scratch;
    char address[96];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    scratch_init(&scratch);
    sah_format(address, sizeof address, "unix:%s/s", scratch.dir);
    sah_format(name.sun_path, sizeof name.sun_path, "%s", address + 5);
    settings.address = address;
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd); /* as a killed process leaves it */
    assert_int_equal(sah_http_server_create(world->loop, &settings, &first), SAH_OK);
    assert_int_equal(sah_http_server_create(world->loop, &settings, &second), SAH_EEXIST);
    assert_null(second);
    assert_int_equal(access(address + 5, F_OK), 0);
    sah_http_server_destroy(first);
    fclose(fopen(address + 5, "w")); /* no socket at all: not ours to remove */
    assert_int_equal(sah_http_server_create(world->loop, &settings, &second), SAH_EEXIST);
    assert_int_equal(unlink(address + 5), 0);
    scratch_fini(&scratch);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_declared_length_past_the_bound_is_refused_before_the_body),
        TEST(a_client_still_sending_can_read_its_413),
        TEST(a_body_of_unknown_length_is_judged_as_it_grows),
        TEST(a_body_without_end_is_cut_off),
        TEST(method_not_allowed_names_the_methods),
        TEST(one_connection_serves_many_requests_also_sent_ahead),
        TEST(a_client_gone_in_the_middle_leaves_nothing),
        TEST(a_silent_client_is_closed_after_the_idle_time),
        TEST(destroy_answers_503_to_what_is_open),
        TEST(a_quiesced_server_finishes_what_is_under_way),
        TEST(an_address_that_cannot_be_had_is_told),
        TEST(a_unix_socket_is_replaced_only_when_nobody_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
