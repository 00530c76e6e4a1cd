/*
 * test_redis_condition - the link against real redis-servers that are weak, full, read-only, busy, stopped, dead, out
 * of disk, or hold a newer library: each shows its name, refuses as promised, and goes away when healed.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>

#include <sahaya/redis.h>

#include "io_test.h"
#include "lib/redis_process.h"

#define LIBRARY(revision)                                                                             \
    "#!lua name=sahaya_test_1\nlocal REVISION = " revision "\n"                                       \
    "redis.register_function('probe', function() return REVISION end)\n"                              \
    "redis.register_function('put', function(keys) return redis.call('APPEND', keys[1], keys[1]) end)\n"

static const char code[] = LIBRARY("2");

struct world {
    struct scratch scratch;
    char socket[96], data[96];
    const char *appendfsync;
    pid_t pid;
    redisContext *direct; /* blocking, for what the test does to the server */
    struct sah_loop *loop;
    struct sah_redis *redis;
};

static void start_redis(struct world *world)
{
    const char *const more[] = {"--appendfsync", world->appendfsync, "--busy-reply-threshold", "50", NULL};

    world->pid = redis_process_start(world->socket, world->data, more);
}

static void stop_redis(struct world *world)
{
    if (world->direct != NULL)
        redisFree(world->direct);
    world->direct = NULL;
    redis_process_kill(&world->pid);
}

/* A line of words parted by blanks; the last may be `rest`, as it is. */
static void tell(struct world *world, const char *line, const char *rest)
{
    void *reply = NULL;
    char copy[256], *save = NULL;
    const char *argv[16];
    int argc = 0;

    sah_copy_cut(copy, sizeof copy, line, strlen(line));
    for (char *word = strtok_r(copy, " ", &save); word != NULL && argc < 15; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    if (rest != NULL)
        argv[argc++] = rest;
    if (world->direct == NULL)
        world->direct = redisConnectUnix(world->socket);
    assert_int_equal(redisAppendCommandArgv(world->direct, argc, argv, NULL), REDIS_OK);
    assert_int_equal(redisGetReply(world->direct, &reply), REDIS_OK);
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", line, ((redisReply *)reply)->str);
    freeReplyObject(reply);
}

static enum sah_redis_condition condition(const struct world *world)
{
    return sah_redis_health(world->redis)->condition;
}

static bool is(const struct world *world, enum sah_redis_condition wanted)
{
    return condition(world) == wanted;
}

static void until(struct world *world, enum sah_redis_condition wanted, unsigned ms)
{
    uint64_t give_up_at = sah_clock_mono_ms() + patience_ms(ms);

    while (!is(world, wanted) && sah_clock_mono_ms() < give_up_at)
        sah_loop_turn(world->loop, 20);
    assert_string_equal(sah_redis_condition_row(condition(world))->name, sah_redis_condition_row(wanted)->name);
    assert_int_equal(sah_redis_state(world->redis),
                     sah_redis_condition_row(wanted)->grade == SAH_REDIS_BAD ? SAH_REDIS_DOWN : SAH_REDIS_UP);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    scratch_init(&world->scratch);
    sah_format(world->socket, sizeof world->socket, "%s/s", world->scratch.dir);
    sah_format(world->data, sizeof world->data, "%s/data", world->scratch.dir);
    assert_int_equal(mkdir(world->data, 0700), 0);
    world->appendfsync = "always";
    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    *state = world;
    return 0;
}

static void link_up(struct world *world)
{
    struct sah_redis_settings settings = {.socket_path = world->socket,
                                          .function_name = "sahaya_test_1",
                                          .function_code = code,
                                          .function_code_len = sizeof code - 1,
                                          .probe_function = "probe",
                                          .deadline_ms = 500};

    assert_int_equal(sah_redis_create(world->loop, &settings, &world->redis), SAH_OK);
    until(world, SAH_REDIS_IS_REFUSED, 3000);
    start_redis(world);
    TURN_UNTIL(world->loop, sah_redis_state(world->redis) == SAH_REDIS_UP, 20000);
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_redis_destroy(world->redis);
    sah_loop_destroy(world->loop);
    stop_redis(world);
    (void)umount2(world->data, MNT_DETACH); /* of the full disk */
    redis_process_remove(world->scratch.dir); /* with Redis' folder of append-only files */
    free(world);
    return 0;
}

struct result {
    unsigned times;
    int err;
    enum sah_redis_condition said;
    long long integer;
};

static void on_reply(void *data, int err, const redisReply *reply)
{
    struct result *result = data;

    result->times++;
    result->err = err;
    result->said = reply != NULL ? sah_redis_reply_condition(reply) : SAH_REDIS_IS_UP;
    result->integer = reply != NULL ? reply->integer : 0;
}

static struct result put(struct world *world, const char *key)
{
    struct sah_slice argv[] = {SAH_SLICE("FCALL"), SAH_SLICE("put"), SAH_SLICE("1"), sah_slice_of(key)};
    struct result result = {0};

    assert_int_equal(sah_redis_call(world->redis, 0, argv, 4, on_reply, &result), SAH_OK);
    TURN_UNTIL(world->loop, result.times > 0, 5000);
    return result;
}

/* Something was written by nobody meanwhile. */
static void wrote(struct world *world, const char *key, long long len)
{
    struct result result = put(world, key);

    assert_int_equal(result.err, SAH_OK);
    assert_int_equal(result.said, SAH_REDIS_IS_UP);
    assert_int_equal(result.integer, len);
}

static void a_server_that_refuses_writes_is_named_and_gone_when_healed(void **state)
{
    static const struct {
        const char *breaks, *heals;
        enum sah_redis_condition is;
    } rows[] = {
        {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", SAH_REDIS_IS_OOM},
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", SAH_REDIS_IS_READONLY},
        {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", SAH_REDIS_IS_NOREPLICAS},
        {"ACL SETUSER default -fcall", "ACL SETUSER default +fcall", SAH_REDIS_IS_NOPERM},
    };
    struct world *world = *state;

    link_up(world);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        struct result result;

        tell(world, rows[i].breaks, NULL);
        result = put(world, "k");
        assert_int_equal(result.err, SAH_OK);
        assert_int_equal(result.said, rows[i].is);
        until(world, rows[i].is, 0);
        assert_int_equal(put(world, "k").err, SAH_EDOWN);
        until(world, rows[i].is, 1500); /* still, after the link has asked again */
        tell(world, rows[i].heals, NULL);
        until(world, SAH_REDIS_IS_UP, 3000);
        wrote(world, "k", (long long)i + 1); /* none of the refused ones was written */
        tell(world, rows[i].breaks, NULL);
        until(world, rows[i].is, 8000); /* found out without a call */
        tell(world, rows[i].heals, NULL);
        until(world, SAH_REDIS_IS_UP, 3000);
    }
}

static void weak_settings_are_named_while_it_works(void **state)
{
    static const struct {
        const char *breaks, *heals, *rest;
        enum sah_redis_condition is;
    } rows[] = {
        {"CONFIG SET appendonly no", "CONFIG SET appendonly yes", NULL, SAH_REDIS_IS_NOT_DURABLE_NO_AOF},
        {"CONFIG SET appendfsync everysec", "CONFIG SET appendfsync always", NULL, SAH_REDIS_IS_NOT_DURABLE_EVERYSEC},
        {"CONFIG SET no-appendfsync-on-rewrite yes", "CONFIG SET no-appendfsync-on-rewrite no", NULL,
         SAH_REDIS_IS_REWRITE_NO_FSYNC},
        {"CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction", NULL,
         SAH_REDIS_IS_EVICTION},
        {"CONFIG SET save", "CONFIG SET save", "", SAH_REDIS_IS_SNAPSHOTS},
    };
    struct world *world = *state;
    uint32_t all = 0;

    link_up(world);
    until(world, SAH_REDIS_IS_UP, 0);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        tell(world, rows[i].breaks, rows[i].rest != NULL ? "3600 1" : NULL);
        all |= 1u << rows[i].is;
    }
    TURN_UNTIL(world->loop, sah_redis_health(world->redis)->active == all, 8000);
    until(world, SAH_REDIS_IS_NOT_DURABLE_NO_AOF, 0); /* the worst of them is the condition */
    assert_false(sah_redis_durability(world->redis)->durable);
    wrote(world, "k", 1);
    for (size_t i = 0; i < SAH_LEN(rows); i++)
        tell(world, rows[i].heals, rows[i].rest);
    until(world, SAH_REDIS_IS_UP, 8000);
    assert_int_equal(sah_redis_health(world->redis)->active, SAH_REDIS_BIT(UP));
}

static void everysec_is_named_from_the_start(void **state)
{
    struct world *world = *state;

    world->appendfsync = "everysec";
    link_up(world);
    until(world, SAH_REDIS_IS_NOT_DURABLE_EVERYSEC, 0);
}

/* Without an end, and without waiting for it. */
static void run_on(redisContext *with)
{
    const char *argv[] = {"EVAL", "while true do end", "0"};
    int done = 0;

    assert_int_equal(redisAppendCommandArgv(with, 3, argv, NULL), REDIS_OK);
    while (!done)
        assert_int_equal(redisBufferWrite(with, &done), REDIS_OK);
}

static void a_script_that_runs_on_is_busy(void **state)
{
    struct world *world = *state;
    redisContext *busy;

    link_up(world);
    tell(world, "CONFIG SET busy-reply-threshold", "50");
    busy = world->direct;
    run_on(busy);
    world->direct = NULL; /* the next one has a connection of its own */
    until(world, SAH_REDIS_IS_BUSY, 9000);
    assert_int_equal(put(world, "k").err, SAH_EDOWN);
    tell(world, "SCRIPT KILL", NULL);
    until(world, SAH_REDIS_IS_UP, 3000);
    wrote(world, "k", 1);
    redisFree(busy);
}

static void lost_functions_come_back_by_themselves(void **state)
{
    struct world *world = *state;
    struct result result;

    link_up(world);
    tell(world, "FUNCTION FLUSH", NULL);
    result = put(world, "k");
    assert_int_equal(result.said, SAH_REDIS_IS_FUNCTION_MISSING);
    until(world, SAH_REDIS_IS_UP, 3000);
    wrote(world, "k", 1);
    tell(world, "FUNCTION FLUSH", NULL); /* nobody calls: the look finds it */
    until(world, SAH_REDIS_IS_FUNCTION_MISSING, 8000);
    until(world, SAH_REDIS_IS_UP, 3000);
}

static void a_newer_library_is_neither_used_nor_replaced(void **state)
{
    struct world *world = *state;
    static const char newer[] = LIBRARY("3") "redis.register_function('more', function() return 1 end)\n";

    link_up(world);
    tell(world, "FUNCTION LOAD REPLACE", newer); /* under a running program */
    until(world, SAH_REDIS_IS_FUNCTION_NEWER, 8000);
    assert_int_equal(put(world, "k").err, SAH_EDOWN);
    stop_redis(world);
    until(world, SAH_REDIS_IS_REFUSED, 3000);
    start_redis(world);
    until(world, SAH_REDIS_IS_FUNCTION_NEWER, 8000); /* at a connect */
    tell(world, "FCALL more 0", NULL);         /* it is still there */
    tell(world, "FUNCTION DELETE sahaya_test_1", NULL);
    until(world, SAH_REDIS_IS_UP, 3000);
    wrote(world, "k", 1);
    tell(world, "FUNCTION LOAD REPLACE", LIBRARY("1")); /* an older one: replaced at the next connect */
    stop_redis(world);
    until(world, SAH_REDIS_IS_REFUSED, 3000);
    start_redis(world);
    until(world, SAH_REDIS_IS_UP, 8000);
}

static void a_name_taken_by_another_library_is_a_failed_load(void **state)
{
    struct world *world = *state;

    link_up(world);
    tell(world, "FUNCTION FLUSH", NULL);
    tell(world, "FUNCTION LOAD",
         "#!lua name=other\nredis.register_function('put', function() return redis.error_reply('X') end)");
    until(world, SAH_REDIS_IS_FUNCTION_FAILED, 9000);
    tell(world, "FUNCTION DELETE other", NULL);
    until(world, SAH_REDIS_IS_UP, 3000);
}

static void a_stopped_process_is_a_timeout_and_a_dead_one_is_refused(void **state)
{
    struct world *world = *state;

    link_up(world);
    kill(world->pid, SIGSTOP);
    assert_int_equal(put(world, "k").err, SAH_ETIMEOUT);
    until(world, SAH_REDIS_IS_TIMEOUT, 0);
    assert_int_equal(put(world, "k").err, SAH_EDOWN);
    until(world, SAH_REDIS_IS_TIMEOUT, 3000);
    kill(world->pid, SIGCONT);
    until(world, SAH_REDIS_IS_UP, 5000);
    stop_redis(world);
    until(world, SAH_REDIS_IS_REFUSED, 3000);
    start_redis(world);
    until(world, SAH_REDIS_IS_UP, 8000);
}

/* Fills what is left of the small disk; removing the file heals it. */
static void ballast(struct world *world, bool there)
{
    static const char block[4096];
    char path[128];
    int fd;

    sah_format(path, sizeof path, "%s/ballast", world->data);
    if (!there) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
}

static void a_full_disk_is_named(void **state)
{
    struct world *world = *state;
    static char big[64 * 1024];
    struct result result = {0};

    if (mount("none", world->data, "tmpfs", 0, "size=2m") != 0) {
        print_message("skipped: no right to mount a small tmpfs here\n");
        skip();
    }
    memset(big, 'x', sizeof big - 1);
    world->appendfsync = "everysec"; /* lives on after a failed write */
    link_up(world);
    ballast(world, true);
    for (int i = 0; i < 100 && sah_redis_state(world->redis) == SAH_REDIS_UP; i++)
        result = put(world, big);
    assert_int_not_equal(result.err, SAH_ETIMEOUT);
    until(world, SAH_REDIS_IS_DISK_FULL, 8000);
    assert_int_equal(put(world, "k").err, SAH_EDOWN);
    ballast(world, false);
    until(world, SAH_REDIS_IS_NOT_DURABLE_EVERYSEC, 5000);
    wrote(world, "k", 1);
    tell(world, "CONFIG SET appendfsync always", NULL); /* ends itself: to be told from its log and df */
    until(world, SAH_REDIS_IS_UP, 8000);
    ballast(world, true);
    for (int i = 0; i < 100 && sah_redis_state(world->redis) == SAH_REDIS_UP; i++)
        result = put(world, big);
    until(world, SAH_REDIS_IS_REFUSED, 3000);
    assert_int_equal(result.err, SAH_ETIMEOUT); /* unknown, and not answered */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_refuses_writes_is_named_and_gone_when_healed),
        TEST(weak_settings_are_named_while_it_works),
        TEST(everysec_is_named_from_the_start),
        TEST(a_script_that_runs_on_is_busy),
        TEST(lost_functions_come_back_by_themselves),
        TEST(a_newer_library_is_neither_used_nor_replaced),
        TEST(a_name_taken_by_another_library_is_a_failed_load),
        TEST(a_stopped_process_is_a_timeout_and_a_dead_one_is_refused),
        TEST(a_full_disk_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
