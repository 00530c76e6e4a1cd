/*
 * test_redis - the Redis link against a real redis-server on a private unix socket: order,
 * deadlines, losing it and getting it back, functions, durability in words.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <sahaya/redis.h>

#include "io_test.h"
#include "lib/redis_process.h"

static const char code[] = "#!lua name=sahaya_test_1\n"
                           "redis.register_function('answer', function(keys, args)\n"
                           "  return args[1] .. '!'\n"
                           "end)\n";

struct world {
    struct scratch scratch;
    char socket[96];
    const char *appendfsync;
    pid_t pid;
    struct sah_loop *loop;
    struct sah_redis *redis;
    unsigned ups, downs;
};

static void start_redis(struct world *world)
{
    const char *const more[] = {"--appendfsync", world->appendfsync, NULL};

    world->pid = redis_process_start(world->socket, world->scratch.dir, more);
}

static void stop_redis(struct world *world)
{
    redis_process_kill(&world->pid);
}

static void on_state(void *data, enum sah_redis_state now)
{
    struct world *world = data;

    world->ups += now == SAH_REDIS_UP;
    world->downs += now == SAH_REDIS_DOWN;
}

static bool is_up(const struct world *world)
{
    return sah_redis_state(world->redis) == SAH_REDIS_UP;
}

static void link_up(struct world *world, const char *appendfsync)
{
    struct sah_redis_settings settings = {.socket_path = world->socket,
                                          .function_name = "sahaya_test_1",
                                          .function_code = code,
                                          .function_code_len = sizeof code - 1,
                                          .deadline_ms = 5000,
                                          .on_state = on_state,
                                          .data = world};

    world->appendfsync = appendfsync;
    assert_int_equal(sah_redis_create(world->loop, &settings, &world->redis), SAH_OK);
    start_redis(world);
    TURN_UNTIL(world->loop, is_up(world), 20000);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    scratch_init(&world->scratch);
    sah_format(world->socket, sizeof world->socket, "%s/s", world->scratch.dir);
    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_redis_destroy(world->redis);
    sah_loop_destroy(world->loop);
    stop_redis(world);
    redis_process_remove(world->scratch.dir); /* with Redis' folder of append-only files */
    free(world);
    return 0;
}

struct result {
    unsigned times;
    int err;
    int type;
    long long integer;
    char text[64];
    unsigned *order; /* counts up; `at` is what it was */
    unsigned at;
};

static void on_reply(void *data, int err, const redisReply *reply)
{
    struct result *result = data;

    result->times++;
    result->err = err;
    result->type = reply != NULL ? reply->type : 0;
    result->integer = reply != NULL ? reply->integer : 0;
    if (reply != NULL && reply->str != NULL)
        sah_copy_cut(result->text, sizeof result->text, reply->str, reply->len);
    if (result->order != NULL)
        result->at = (*result->order)++;
}

/* Calls with up to four words. */
static void call(struct world *world, uint32_t deadline_ms, struct result *result,
                 const char *a, const char *b, const char *c, const char *d)
{
    struct sah_slice argv[] = {sah_slice_of(a), sah_slice_of(b), sah_slice_of(c),
                               sah_slice_of(d)};
    size_t argc = a == NULL ? 0 : b == NULL ? 1 : c == NULL ? 2 : d == NULL ? 3 : 4;
    unsigned times = result->times;

    assert_int_equal(sah_redis_call(world->redis, deadline_ms, argv, argc, on_reply, result),
                     SAH_OK);
    assert_int_equal(result->times, times); /* never from inside */
}

static void fcall_works(struct world *world)
{
    struct result result = {0};

    call(world, 0, &result, "FCALL", "answer", "0", "yes");
    TURN_UNTIL(world->loop, result.times > 0, 10000);
    assert_int_equal(result.err, SAH_OK);
    assert_string_equal(result.text, "yes!");
}

static void a_call_is_answered_and_an_error_reply_is_an_answer_too(void **state)
{
    struct world *world = *state;
    struct result set = {0}, get = {0}, wrong = {0};
    struct sah_slice binary[] = {SAH_SLICE("SET"), SAH_SLICE("k"), {"a\0b\r\n", 5}};

    link_up(world, "always");
    assert_string_equal(sah_redis_trouble(world->redis), "");
    assert_int_equal(strlen(sah_redis_run_id(world->redis)), 40);
    assert_int_equal(sah_redis_call(world->redis, 0, binary, 3, on_reply, &set), SAH_OK);
    call(world, 0, &get, "STRLEN", "k", NULL, NULL);
    call(world, 0, &wrong, "LPUSH", "k", "x", NULL);
    assert_int_equal(sah_redis_in_flight(world->redis), 3);
    TURN_UNTIL(world->loop, wrong.times > 0, 5000);
    assert_int_equal(set.err, SAH_OK);
    assert_int_equal(get.integer, 5);
    assert_int_equal(wrong.err, SAH_OK);
    assert_int_equal(wrong.type, REDIS_REPLY_ERROR);
    assert_int_equal(sah_redis_in_flight(world->redis), 0);
    assert_int_equal(sah_redis_call(world->redis, 0, binary, 3, NULL, NULL),
                     SAH_OK); /* no one asks */
    fcall_works(world);
}

static void a_thousand_pipelined_calls_are_answered_in_order(void **state)
{
    enum { MANY = 1000 };
    struct world *world = *state;
    static struct result results[MANY];
    unsigned order = 0;

    link_up(world, "always");
    memset(results, 0, sizeof results);
    for (unsigned i = 0; i < MANY; i++) {
        results[i].order = &order;
        call(world, i % 3 == 0 ? 9000 : 0, &results[i], "INCR", "n", NULL, NULL);
    }
    TURN_UNTIL(world->loop, order == MANY, 20000);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(results[i].times, 1);
        assert_int_equal(results[i].at, i);
        assert_int_equal(results[i].integer, (int)i + 1);
    }
}

static void a_deadline_ends_all_in_flight_and_the_link_recovers(void **state)
{
    struct world *world = *state;
    struct result patient = {0}, hasty = {0}, later = {0};

    link_up(world, "always");
    kill(world->pid, SIGSTOP);
    call(world, 60000, &patient, "INCR", "n", NULL, NULL);
    call(world, 100, &hasty, "INCR", "n", NULL, NULL);
    TURN_UNTIL(world->loop, hasty.times > 0, 3000);
    assert_int_equal(hasty.err, SAH_ETIMEOUT);
    assert_int_equal(patient.times, 1);
    assert_int_equal(patient.err, SAH_ETIMEOUT);
    assert_false(is_up(world));
    assert_int_equal(world->downs, 1);
    assert_string_equal(sah_redis_trouble(world->redis), "no answer in time");
    call(world, 0, &later, "PING", NULL, NULL, NULL);
    TURN_UNTIL(world->loop, later.times > 0, 1000);
    assert_int_equal(later.err, SAH_EDOWN);
    kill(world->pid, SIGCONT);
    TURN_UNTIL(world->loop, is_up(world), 10000);
    fcall_works(world);
    assert_int_equal(hasty.times + patient.times + later.times, 3);
}

static void a_killed_redis_is_found_again_with_its_functions(void **state)
{
    struct world *world = *state;
    struct result lost = {0};
    char run_id[64];

    link_up(world, "always");
    sah_format(run_id, sizeof run_id, "%s", sah_redis_run_id(world->redis));
    kill(world->pid, SIGSTOP); /* so that the call is surely in flight */
    call(world, 60000, &lost, "INCR", "n", NULL, NULL);
    sah_loop_turn(world->loop, 10);
    stop_redis(world);
    TURN_UNTIL(world->loop, lost.times > 0, 3000);
    assert_int_equal(lost.err, SAH_ETIMEOUT);
    assert_false(is_up(world));
    start_redis(world);
    TURN_UNTIL(world->loop, is_up(world), 10000);
    assert_string_not_equal(sah_redis_run_id(world->redis), run_id);
    assert_int_equal(world->ups, 2);
    fcall_works(world);
}

static void another_code_under_the_same_name_is_replaced(void **state)
{
    struct world *world = *state;
    struct result other = {0};

    link_up(world, "always");
    call(world, 0, &other, "FUNCTION", "LOAD", "REPLACE",
         "#!lua name=sahaya_test_1\nredis.register_function('other', function() return 1 end)");
    TURN_UNTIL(world->loop, other.times > 0, 5000);
    assert_string_equal(other.text, "sahaya_test_1");
    stop_redis(world);
    TURN_UNTIL(world->loop, !is_up(world), 3000);
    start_redis(world);
    TURN_UNTIL(world->loop, is_up(world), 10000);
    fcall_works(world);
}

static void a_refused_connect_hangs_nothing(void **state)
{
    struct world *world = *state;
    struct sah_redis_settings settings = {.socket_path = world->socket, .deadline_ms = 100};
    struct result result = {0}, left = {0};

    assert_int_equal(sah_redis_create(world->loop, &settings, &world->redis), SAH_OK);
    call(world, 0, &result, "PING", NULL, NULL, NULL);
    TURN_UNTIL(world->loop, result.times > 0, 1000);
    assert_int_equal(result.err, SAH_EDOWN);
    assert_string_equal(sah_redis_trouble(world->redis), "connection refused");
    assert_string_equal(sah_redis_run_id(world->redis), "");
    assert_false(sah_redis_durability(world->redis)->known);
    call(world, 0, &left, "PING", NULL, NULL, NULL);
    sah_redis_destroy(world->redis);
    world->redis = NULL;
    assert_int_equal(left.times, 1);
    assert_int_equal(left.err, SAH_ECANCELED);
}

static void destroy_completes_what_is_in_flight(void **state)
{
    struct world *world = *state;
    struct result results[3] = {0};

    link_up(world, "always");
    for (size_t i = 0; i < SAH_LEN(results); i++)
        call(world, 0, &results[i], "PING", NULL, NULL, NULL);
    sah_redis_destroy(world->redis);
    world->redis = NULL;
    for (size_t i = 0; i < SAH_LEN(results); i++) {
        assert_int_equal(results[i].times, 1);
        assert_int_equal(results[i].err, SAH_ECANCELED);
    }
}

static void durability_is_told_in_words(void **state)
{
    struct world *world = *state;
    const struct sah_redis_durability *d;

    link_up(world, "everysec");
    d = sah_redis_durability(world->redis);
    assert_true(d->known);
    assert_false(d->durable);
    assert_string_equal(d->weaker, "appendfsync everysec (want always)");
}

static void full_durability_is_seen(void **state)
{
    struct world *world = *state;
    const struct sah_redis_durability *d;

    link_up(world, "always");
    d = sah_redis_durability(world->redis);
    assert_true(d->known);
    assert_true(d->durable);
    assert_string_equal(d->weaker, "");
}

/* A false Redis: one listener that answers each first read with fixed bytes. */
static void what_a_redis_that_cannot_serve_says_is_the_trouble(void **state)
{
    static const struct {
        const char *says;
        const char *trouble;
    } rows[] = {
        {"-LOADING Redis is loading the dataset in memory\r\n", "LOADING"},
        {"-MISCONF Errors writing to the AOF file\r\n", "MISCONF"},
        {"-BUSY Redis is busy running a script\r\n", "BUSY"},
        {"+PONG\r\n*0\r\n$0\r\n\r\n", ""}, /* a good greeting, and then ... */
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "Protocol error, got \"H\" as reply type byte"},
    };
    struct world *world = *state;
    struct sah_redis_settings settings = {.socket_path = world->socket, .deadline_ms = 100};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    sah_format(name.sun_path, sizeof name.sun_path, "%s", world->socket);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 5), 0);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        int peer;

        assert_int_equal(sah_redis_create(world->loop, &settings, &world->redis), SAH_OK);
        for (int turn = 0; turn < 3; turn++)
            sah_loop_turn(world->loop, 20);
        peer = accept(fd, NULL, NULL);
        assert_true(peer >= 0);
        assert_true(write(peer, rows[i].says, strlen(rows[i].says)) > 0);
        TURN_UNTIL(world->loop, strcmp(sah_redis_trouble(world->redis), rows[i].trouble) == 0,
                   3000);
        if (is_up(world)) { /* ... what nobody asked for */
            assert_true(write(peer, "+HELLO\r\n", 8) > 0);
            TURN_UNTIL(world->loop, !is_up(world), 3000);
            assert_string_equal(sah_redis_trouble(world->redis), "unexpected bytes");
        }
        assert_false(is_up(world));
        close(peer);
        sah_redis_destroy(world->redis);
        world->redis = NULL;
        while (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && (peer = accept(fd, NULL, NULL)) >= 0)
            close(peer);
        assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    }
    close(fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_answered_and_an_error_reply_is_an_answer_too),
        TEST(a_thousand_pipelined_calls_are_answered_in_order),
        TEST(a_deadline_ends_all_in_flight_and_the_link_recovers),
        TEST(a_killed_redis_is_found_again_with_its_functions),
        TEST(another_code_under_the_same_name_is_replaced),
        TEST(a_refused_connect_hangs_nothing),
        TEST(destroy_completes_what_is_in_flight),
        TEST(durability_is_told_in_words),
        TEST(full_durability_is_seen),
        TEST(what_a_redis_that_cannot_serve_says_is_the_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
