/* test_bus - the bus: there and back, peers that are unknown, dead, new or ill-behaved. */
#include <sys/socket.h>
#include <sys/un.h>

#include <zmq.h>

#include <sahaya/bus.h>

#include "io_test.h"

struct side {
    unsigned n;
    size_t len;
    char text[64];
    struct sah_bus_peer peer;
    struct sah_bus_server *echo; /* when set, answers each message with itself */
};

static void on_server(void *data, const struct sah_bus_peer *peer, const void *bytes,
                      size_t len)
{
    struct side *side = data;

    side->n++;
    side->len = len;
    side->peer = *peer;
    sah_copy_cut(side->text, sizeof side->text, bytes, len);
    if (side->echo != NULL)
        (void)!sah_bus_server_send(side->echo, peer, bytes, len);
}

static void on_client(void *data, const void *bytes, size_t len)
{
    struct side *side = data;

    side->n++;
    side->len = len;
    sah_copy_cut(side->text, sizeof side->text, bytes, len);
}

struct world {
    struct scratch scratch;
    char endpoint[96];
    struct sah_loop *loop;
    struct sah_bus_server *server;
    struct sah_bus_client *client;
    struct side at_server, at_client;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    scratch_init(&world->scratch);
    sah_format(world->endpoint, sizeof world->endpoint, "ipc://%s/bus", world->scratch.dir);
    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    assert_int_equal(sah_bus_server_create(world->loop, world->endpoint, on_server,
                                           &world->at_server, &world->server),
                     SAH_OK);
    assert_int_equal(sah_bus_client_create(world->loop, world->endpoint, on_client,
                                           &world->at_client, &world->client),
                     SAH_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sah_bus_client_destroy(world->client);
    sah_bus_server_destroy(world->server);
    sah_loop_destroy(world->loop);
    scratch_fini(&world->scratch);
    free(world);
    return 0;
}

static bool sent(struct world *world, const char *text)
{
    return sah_bus_client_send(world->client, text, strlen(text)) == SAH_OK;
}

static void a_message_goes_there_and_its_answer_comes_back(void **state)
{
    struct world *world = *state;
    struct stat st;

    assert_int_equal(stat(world->endpoint + 6, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    TURN_UNTIL(world->loop, sent(world, "hello"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
    assert_string_equal(world->at_server.text, "hello");
    assert_int_equal(sah_bus_server_send(world->server, &world->at_server.peer, "back", 4),
                     SAH_OK);
    TURN_UNTIL(world->loop, world->at_client.n == 1, 5000);
    assert_string_equal(world->at_client.text, "back");
}

static void thousands_of_messages_all_come_back(void **state)
{
    enum { MANY = 5000 };
    struct world *world = *state;
    unsigned n_sent = 0;

    world->at_server.echo = world->server;
    /* A window, as the links keep one: nothing may be lost in it. libzmq gives room back in halves
     * of the high-water mark (256), so up to 128 are always taken, whoever is slow. */
    while (n_sent < MANY) {
        uint64_t give_up_at = sah_clock_mono_ms() + patience_ms(5000);

        while (n_sent < MANY && n_sent - world->at_client.n < 100 && sent(world, "m"))
            n_sent++;
        sah_loop_turn(world->loop, 20);
        assert_true(sah_clock_mono_ms() < give_up_at);
    }
    TURN_UNTIL(world->loop, world->at_client.n == MANY, 20000);
    assert_int_equal(world->at_server.n, MANY);
}

static void a_peer_that_is_not_there_is_down(void **state)
{
    struct world *world = *state;
    struct sah_bus_peer stranger = {.len = 5, .id = {0, 1, 2, 3, 4}}, nobody = {0};

    assert_int_equal(sah_bus_server_send(world->server, &stranger, "x", 1), SAH_EDOWN);
    assert_int_equal(sah_bus_server_send(world->server, &nobody, "x", 1), SAH_EDOWN);
    TURN_UNTIL(world->loop, sent(world, "hello"), 5000); /* the server is none the worse */
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
}

static void a_client_without_a_router_says_not_now(void **state)
{
    struct world *world = *state;

    TURN_UNTIL(world->loop, sent(world, "hello"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
    sah_bus_server_destroy(world->server);
    world->server = NULL;
    TURN_UNTIL(world->loop, sah_bus_client_send(world->client, "x", 1) == SAH_EAGAIN, 5000);
    assert_int_equal(sah_bus_server_create(world->loop, world->endpoint, on_server,
                                           &world->at_server, &world->server),
                     SAH_OK); /* a new router comes */
    world->at_server.n = 0;
    TURN_UNTIL(world->loop, sent(world, "again"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n > 0, 5000);
    assert_string_equal(world->at_server.text, "again");
}

static void a_dead_client_is_down_and_a_new_one_is_served(void **state)
{
    struct world *world = *state;
    struct sah_bus_peer old;

    TURN_UNTIL(world->loop, sent(world, "one"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
    old = world->at_server.peer;
    sah_bus_client_destroy(world->client);
    TURN_UNTIL(world->loop, sah_bus_server_send(world->server, &old, "x", 1) == SAH_EDOWN,
               5000);
    assert_int_equal(sah_bus_client_create(world->loop, world->endpoint, on_client,
                                           &world->at_client, &world->client),
                     SAH_OK);
    TURN_UNTIL(world->loop, sent(world, "two"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 2, 5000);
    assert_int_equal(sah_bus_server_send(world->server, &world->at_server.peer, "hi", 2),
                     SAH_OK);
    TURN_UNTIL(world->loop, world->at_client.n == 1, 5000);
}

static void the_largest_message_passes_and_one_byte_more_is_refused(void **state)
{
    struct world *world = *state;
    char *bytes = calloc(1, SAH_BUS_MESSAGE_MAX + 1);

    assert_int_equal(sah_bus_client_send(world->client, bytes, SAH_BUS_MESSAGE_MAX + 1),
                     SAH_ELIMIT);
    TURN_UNTIL(world->loop,
               sah_bus_client_send(world->client, bytes, SAH_BUS_MESSAGE_MAX) == SAH_OK, 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
    assert_int_equal(world->at_server.len, SAH_BUS_MESSAGE_MAX);
    assert_int_equal(sah_bus_server_send(world->server, &world->at_server.peer, bytes,
                                         SAH_BUS_MESSAGE_MAX + 1),
                     SAH_ELIMIT);
    free(bytes);
}

/* A DEALER that keeps no rule of ours. */
static void ill_behaved_peers_do_not_stop_the_others(void **state)
{
    struct world *world = *state;
    void *context = zmq_ctx_new();
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    char *large = calloc(1, 2 * SAH_BUS_MESSAGE_MAX);
    int linger = 0;

    zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_connect(dealer, world->endpoint), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(zmq_send(dealer, "a", 1, ZMQ_SNDMORE), 1);
        assert_int_equal(zmq_send(dealer, "b", 1, ZMQ_SNDMORE), 1);
        assert_int_equal(zmq_send(dealer, "c", 1, 0), 1);
    }
    assert_int_equal(zmq_send(dealer, "good", 4, 0), 4);
    TURN_UNTIL(world->loop, world->at_server.n > 0, 5000);
    assert_string_equal(world->at_server.text, "good");
    assert_int_equal(world->at_server.n, 1);
    zmq_send(dealer, large, 2 * SAH_BUS_MESSAGE_MAX, ZMQ_DONTWAIT); /* cut off for it */
    TURN_UNTIL(world->loop, sent(world, "fine"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 2, 5000);
    assert_string_equal(world->at_server.text, "fine");
    zmq_close(dealer);
    zmq_ctx_term(context);
    free(large);
}

static void only_ipc_is_taken_and_never_a_living_routers_place(void **state)
{
    static const char *const rows[] = {
        "tcp://127.0.0.1:5555", "inproc://x", "ipc://@abstract", "ipc://*",
        "ipc://relative",       "",           "/tmp/x"};
    struct world *world = *state;
    struct sah_bus_server *server = NULL;
    struct sah_bus_client *client = NULL;

    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        assert_int_equal(sah_bus_server_create(world->loop, rows[i], on_server, NULL, &server),
                         SAH_EINVAL);
        assert_int_equal(sah_bus_client_create(world->loop, rows[i], on_client, NULL, &client),
                         SAH_EINVAL);
    }
    assert_int_equal(
        sah_bus_server_create(world->loop, world->endpoint, on_server, NULL, &server),
        SAH_EEXIST);
    assert_null(server);
    TURN_UNTIL(world->loop, sent(world, "still"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
}

static void a_socket_file_left_behind_is_replaced(void **state)
{
    struct world *world = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    sah_bus_server_destroy(world->server);
    world->server = NULL;
    sah_format(name.sun_path, sizeof name.sun_path, "%s", world->endpoint + 6);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd); /* as a killed router leaves it */
    assert_int_equal(sah_bus_server_create(world->loop, world->endpoint, on_server,
                                           &world->at_server, &world->server),
                     SAH_OK);
    TURN_UNTIL(world->loop, sent(world, "hello"), 5000);
    TURN_UNTIL(world->loop, world->at_server.n == 1, 5000);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_goes_there_and_its_answer_comes_back),
        TEST(thousands_of_messages_all_come_back),
        TEST(a_peer_that_is_not_there_is_down),
        TEST(a_client_without_a_router_says_not_now),
        TEST(a_dead_client_is_down_and_a_new_one_is_served),
        TEST(the_largest_message_passes_and_one_byte_more_is_refused),
        TEST(ill_behaved_peers_do_not_stop_the_others),
        TEST(only_ipc_is_taken_and_never_a_living_routers_place),
        TEST(a_socket_file_left_behind_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
