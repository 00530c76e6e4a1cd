/*
 * test_redis_fake - the link against a scripted server: each error, garbage, half replies and silence get the name of
 * their condition, calls end as promised, no reply is taken for another call's, and the condition ends when it ends.
 */
#include <stdbool.h>

#include <sahaya/redis.h>

#include "io_test.h"

#include "fake_redis.h"

static const char code[] = "#!lua name=fake_1\nlocal REVISION = 3\n";

struct world {
    struct scratch scratch;
    struct fake_redis fake;
    struct sah_loop *loop;
    struct sah_redis *redis;
    unsigned changes;
    enum sah_redis_condition was;
};

struct result {
    unsigned times;
    int err;
    int type;
    char text[64];
};

static void on_reply(void *data, int err, const redisReply *reply)
{
    struct result *result = data;

    result->times++;
    result->err = err;
    result->type = reply != NULL ? reply->type : 0;
    if (reply != NULL && reply->str != NULL)
        sah_copy_cut(result->text, sizeof result->text, reply->str, reply->len);
}

static void on_condition(void *data, enum sah_redis_condition was)
{
    struct world *world = data;

    world->changes++;
    world->was = was;
}

static const char *condition(const struct world *world)
{
    return sah_redis_condition_row(sah_redis_health(world->redis)->condition)->name;
}

static bool is(const struct world *world, const char *name)
{
    bool bad = sah_redis_condition_row(sah_redis_health(world->redis)->condition)->grade == SAH_REDIS_BAD;

    assert_int_equal(sah_redis_state(world->redis), bad ? SAH_REDIS_DOWN : SAH_REDIS_UP);
    return strcmp(condition(world), name) == 0;
}

static void echo(struct world *world, struct result *result, const char *word)
{
    struct sah_slice argv[] = {SAH_SLICE("FCALL"), SAH_SLICE("echo"), SAH_SLICE("0"), sah_slice_of(word)};

    *result = (struct result){0};
    assert_int_equal(sah_redis_call(world->redis, 0, argv, 4, on_reply, result), SAH_OK);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct sah_redis_settings settings = {.function_name = "fake_1",
                                          .function_code = code,
                                          .function_code_len = sizeof code - 1,
                                          .probe_function = "probe",
                                          .deadline_ms = 300,
                                          .on_condition = on_condition,
                                          .data = world};

    scratch_init(&world->scratch);
    fake_start(&world->fake, world->scratch.dir);
    settings.socket_path = world->fake.path;
    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    assert_int_equal(sah_redis_create(world->loop, &settings, &world->redis), SAH_OK);
    assert_true(is(world, "CONNECTING"));
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_redis_destroy(world->redis);
    sah_loop_destroy(world->loop);
    fake_stop(&world->fake);
    scratch_fini(&world->scratch);
    free(world);
    return 0;
}

static void heals(struct world *world)
{
    struct result result;

    world->fake.how = FAKE_WELL;
    TURN_UNTIL(world->loop, is(world, "UP"), 8000);
    echo(world, &result, "well");
    TURN_UNTIL(world->loop, result.times > 0, 3000);
    assert_string_equal(result.text, "well");
}

static const struct {
    const char *says;
    const char *condition;
} errors[] = {
    {"-LOADING Redis is loading the dataset in memory\r\n", "LOADING"},
    {"-MISCONF Errors writing to the AOF file: Input/output error\r\n", "MISCONF"},
    {"-MISCONF Errors writing to the AOF file: No space left on device\r\n", "DISK_FULL"},
    {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "OOM"},
    {"-READONLY You can't write against a read only replica.\r\n", "READONLY"},
    {"-MASTERDOWN Link with MASTER is down\r\n", "READONLY"},
    {"-NOREPLICAS Not enough good replicas to write.\r\n", "NOREPLICAS"},
    {"-BUSY Redis is busy running a script.\r\n", "BUSY"},
    {"-CLUSTERDOWN Hash slot not served\r\n", "CLUSTERDOWN"},
    {"-NOAUTH Authentication required.\r\n", "NOAUTH"},
    {"-NOPERM this user has no permissions to run the 'fcall' command\r\n", "NOPERM"},
    {"-ERR max number of clients reached\r\n", "MAXCLIENTS"},
    {"-NOSCRIPT No matching script.\r\n", "FUNCTION_MISSING"},
    {"-ERR Function not found\r\n", "FUNCTION_MISSING"},
};

static void each_error_reply_has_its_name_and_closes_the_gate(void **state)
{
    struct world *world = *state;
    struct result first, second, late;
    unsigned connections;

    heals(world);
    connections = world->fake.connections;
    for (size_t i = 0; i < SAH_LEN(errors); i++) {
        world->fake.says = errors[i].says;
        world->fake.how = FAKE_CALLS;
        echo(world, &first, "a");
        echo(world, &second, "b"); /* in the pipeline already: has its own answer */
        TURN_UNTIL(world->loop, second.times > 0, 3000);
        assert_int_equal(first.err, SAH_OK);
        assert_int_equal(first.type, REDIS_REPLY_ERROR);
        assert_int_equal(second.type, REDIS_REPLY_ERROR);
        assert_true(is(world, errors[i].condition));
        assert_int_equal(world->was, SAH_REDIS_IS_UP);
        echo(world, &late, "c"); /* refused before it is sent */
        TURN_UNTIL(world->loop, late.times > 0, 1000);
        assert_int_equal(late.err, SAH_EDOWN);
        heals(world);
        assert_int_equal(world->was, sah_redis_reply_condition(&(redisReply){
                                         .type = REDIS_REPLY_ERROR,
                                         .str = (char *)errors[i].says + 1,
                                         .len = strlen(errors[i].says) - 3}));
    }
    assert_int_equal(world->fake.connections, connections); /* answered errors cost no connection */
    assert_int_equal(world->changes, 1 + 2 * SAH_LEN(errors));
    assert_int_equal(sah_redis_health(world->redis)->transitions, world->changes);
}

static void the_same_errors_have_their_names_at_the_greeting(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < SAH_LEN(errors); i++) {
        world->fake.says = errors[i].says;
        world->fake.how = FAKE_ALL;
        TURN_UNTIL(world->loop, is(world, errors[i].condition), 8000);
    }
    heals(world);
}

static void an_error_about_the_call_alone_closes_nothing(void **state)
{
    struct world *world = *state;
    struct result result;

    heals(world);
    world->fake.says = "-SAHINVAL plan\r\n";
    world->fake.how = FAKE_CALLS;
    echo(world, &result, "a");
    TURN_UNTIL(world->loop, result.times > 0, 3000);
    assert_int_equal(result.type, REDIS_REPLY_ERROR);
    assert_true(is(world, "UP"));
}

static void garbage_ends_the_connection_and_everything_in_flight_is_unknown(void **state)
{
    static const char *const garbage[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01\x02",
                                          "$-7\r\n", "*-9\r\n", "!!!!\r\n"};
    struct world *world = *state;
    struct result results[3];

    heals(world);
    for (size_t i = 0; i < SAH_LEN(garbage); i++) {
        unsigned connections = world->fake.connections;

        world->fake.says = garbage[i];
        world->fake.how = FAKE_HALF;
        for (size_t j = 0; j < SAH_LEN(results); j++)
            echo(world, &results[j], "x");
        TURN_UNTIL(world->loop, results[2].times > 0, 3000);
        for (size_t j = 0; j < SAH_LEN(results); j++) {
            assert_int_equal(results[j].err, SAH_ETIMEOUT);
            assert_int_equal(results[j].times, 1);
        }
        assert_true(is(world, "GARBAGE"));
        heals(world);
        assert_true(world->fake.connections > connections);
    }
    world->fake.says = "+HELLO\r\n"; /* well-formed, and no answer to PING */
    world->fake.how = FAKE_ALL;
    echo(world, &results[0], "x");
    sah_loop_turn(world->loop, 20);
    fake_stop(&world->fake);
    TURN_UNTIL(world->loop, is(world, "REFUSED"), 3000);
    fake_start(&world->fake, world->scratch.dir);
    world->fake.says = "+HELLO\r\n";
    world->fake.how = FAKE_ALL;
    TURN_UNTIL(world->loop, is(world, "GARBAGE"), 3000);
    heals(world);
}

static void half_a_reply_and_silence_end_by_the_deadline(void **state)
{
    struct world *world = *state;
    struct result first, second;

    heals(world);
    world->fake.says = "$100\r\nhalf of it";
    world->fake.how = FAKE_HALF;
    echo(world, &first, "a");
    TURN_UNTIL(world->loop, first.times > 0, 3000);
    assert_int_equal(first.err, SAH_ETIMEOUT);
    assert_true(is(world, "TIMEOUT"));
    heals(world);
    world->fake.how = FAKE_CUT;
    echo(world, &first, "a");
    TURN_UNTIL(world->loop, first.times > 0, 3000);
    assert_int_equal(first.err, SAH_ETIMEOUT);
    assert_true(is(world, "LOST"));
    heals(world);
    world->fake.how = FAKE_SILENT;
    echo(world, &first, "a");
    echo(world, &second, "b");
    TURN_UNTIL(world->loop, second.times > 0, 3000);
    assert_int_equal(first.err, SAH_ETIMEOUT);
    assert_int_equal(second.err, SAH_ETIMEOUT);
    assert_true(is(world, "TIMEOUT"));
    heals(world); /* and reads its own reply, not a late one */
}

static void a_silent_server_is_found_out_without_a_call(void **state)
{
    struct world *world = *state;

    heals(world);
    world->fake.how = FAKE_SILENT;
    TURN_UNTIL(world->loop, is(world, "TIMEOUT"), 10000); /* the look every 5 s, and its 2 s */
    heals(world);
}

static void a_newer_library_is_not_used(void **state)
{
    struct world *world = *state;

    world->fake.revision = 4;
    TURN_UNTIL(world->loop, is(world, "FUNCTION_NEWER"), 3000);
    world->fake.revision = 3;
    heals(world);
    world->fake.says = "+what\r\n";
    world->fake.how = FAKE_CALLS; /* the next look asks the probe */
    TURN_UNTIL(world->loop, is(world, "FUNCTION_FAILED"), 8000);
    heals(world);
}

static void health_is_told_as_json_and_metrics(void **state)
{
    struct world *world = *state;
    struct result result;
    struct sah_buf buf;

    heals(world);
    world->fake.says = errors[0].says;
    world->fake.how = FAKE_CALLS;
    echo(world, &result, "a");
    TURN_UNTIL(world->loop, is(world, "LOADING"), 3000);
    sah_buf_init(&buf, 64 * 1024);
    sah_redis_health_json(world->redis, &buf);
    assert_non_null(strstr(buf.data, "{\"condition\":\"LOADING\",\"grade\":\"bad\",\"since_ms\":"));
    assert_non_null(strstr(buf.data, ",\"do\":\"wait: "));
    sah_redis_health_metrics(world->redis, &buf, false);
    assert_non_null(strstr(buf.data, "\nsahaya_redis_condition{condition=\"LOADING\"} 1\n"));
    assert_non_null(strstr(buf.data, "\nsahaya_redis_condition{condition=\"UP\"} 0\n"));
    assert_non_null(strstr(buf.data, "# TYPE sahaya_redis_condition_changes_total counter\n"));
    sah_buf_fini(&buf);
}

static void the_texts_stand_in_json_log_lines_and_html_as_they_are(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAH_REDIS_N_CONDITIONS; i++) {
        const struct sah_redis_condition_row *row = sah_redis_condition_row((enum sah_redis_condition)i);

        assert_null(strpbrk(row->words, "\"\\<>&\n"));
        assert_null(strpbrk(row->action, "\"\\<>&\n"));
        assert_true(strlen(row->action) > 0 && strlen(row->action) < 140);
    }
    assert_true(SAH_REDIS_N_CONDITIONS <= 32); /* bits of `active` */
}

static void each_condition_has_its_row_in_the_runbook_and_in_the_description_of_readyz(void **state)
{
    static const char *const files[] = {"deploy/README.md", "router/ops/openapi.yaml"};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(files); i++) {
        char path[256], *text = NULL;
        size_t len;

        assert_int_equal(sah_format(path, sizeof path, "%s/%s", SAHAYA_SOURCE_DIR, files[i]), SAH_OK);
        assert_int_equal(sah_read_file(path, 1024 * 1024, &text, &len), SAH_OK);
        for (unsigned c = 0; c < SAH_REDIS_N_CONDITIONS; c++) {
            const struct sah_redis_condition_row *row = sah_redis_condition_row((enum sah_redis_condition)c);
            char wanted[512];

            (void)sah_format(wanted, sizeof wanted, "| `%s` | %s | %s |", row->name, row->words, row->action);
            if (row->grade != SAH_REDIS_GOOD && strstr(text, i == 0 ? wanted : row->name) == NULL)
                fail_msg("%s has no row: %s", files[i], wanted);
        }
        free(text);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_error_reply_has_its_name_and_closes_the_gate),
        TEST(the_same_errors_have_their_names_at_the_greeting),
        TEST(an_error_about_the_call_alone_closes_nothing),
        TEST(garbage_ends_the_connection_and_everything_in_flight_is_unknown),
        TEST(half_a_reply_and_silence_end_by_the_deadline),
        TEST(a_silent_server_is_found_out_without_a_call),
        TEST(a_newer_library_is_not_used),
        TEST(health_is_told_as_json_and_metrics),
        cmocka_unit_test(the_texts_stand_in_json_log_lines_and_html_as_they_are),
        cmocka_unit_test(each_condition_has_its_row_in_the_runbook_and_in_the_description_of_readyz),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
