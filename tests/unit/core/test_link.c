/*
 * test_link - the link on a real bus in a private folder, with the real core on fakes behind
 * it: hello, malformed bytes, results, events to whoever serves the channel. Invariants: I1,
 * I8.
 */
#include "../io/io_test.h"

#include "lib/core_rig.h"
#include "link/link.h"

struct adapter {
    struct sah_bus_client *bus;
    unsigned n_hellos, n_results, n_events;
    struct sah_message last; /* but hellos */
};

struct world {
    struct scratch scratch;
    char endpoint[96];
    struct sah_loop *loop;
    struct sah_link *link;
    struct sah_adapters port;
    struct rig *rig; /* its store, roster, policy and agencies; not its core */
    struct sah_core *core;
    struct adapter a, b;
};

static const char *state_of(void *data)
{
    (void)data;
    return "NORMAL";
}

static const char *run_id_of(void *data)
{
    (void)data;
    return "run-7";
}

static void on_bytes(void *data, const void *bytes, size_t len)
{
    struct adapter *adapter = data;
    static struct sah_message m;

    assert_int_equal(sah_message_decode(bytes, len, &m, NULL, 0), SAH_OK);
    if (m.kind == SAH_KIND_HELLO) {
        assert_int_equal(m.u.hello.lane, SAH_LANE_EMERGENCY);
        assert_string_equal(m.u.hello.state, "NORMAL");
        assert_string_equal(m.u.hello.store_run_id, "run-7");
        adapter->n_hellos++;
        return;
    }
    adapter->n_results += m.kind == SAH_KIND_RESULT;
    adapter->n_events += m.kind == SAH_KIND_OUTBOX_EVENT;
    adapter->last = m;
}

static bool turned(struct world *w)
{
    rig_settle(w->rig);
    return true;
}

#define UNTIL(w, condition) TURN_UNTIL((w)->loop, turned(w) && (condition), 5000)

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct sah_core_settings settings;

    assert_non_null(w);
    scratch_init(&w->scratch);
    (void)sah_format(w->endpoint, sizeof w->endpoint, "ipc://%s/bus", w->scratch.dir);
    w->rig = rig_new(NULL);
    assert_int_equal(sah_loop_create(&w->loop), SAH_OK);
    assert_int_equal(
        sah_link_create(w->loop,
                        &(struct sah_link_settings){.endpoint = w->endpoint,
                                                    .lane = SAH_LANE_EMERGENCY,
                                                    .producer = "router-test",
                                                    .store = sah_memory_store_port(w->rig->store),
                                                    .state = state_of,
                                                    .store_run_id = run_id_of},
                        &w->link),
        SAH_OK);
    sah_link_adapters(w->link, &w->port);
    settings = w->rig->settings;
    settings.adapters = &w->port;
    assert_int_equal(sah_core_create(&settings, &w->core), SAH_OK);
    sah_link_attach(w->link, sah_core_front(w->core));
    assert_int_equal(sah_bus_client_create(w->loop, w->endpoint, on_bytes, &w->a, &w->a.bus),
                     SAH_OK);
    assert_int_equal(sah_bus_client_create(w->loop, w->endpoint, on_bytes, &w->b, &w->b.bus),
                     SAH_OK);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sah_core_stop(w->core);
    sah_bus_client_destroy(w->a.bus);
    sah_bus_client_destroy(w->b.bus);
    rig_settle(w->rig);
    sah_core_destroy(w->core);
    sah_link_destroy(w->link);
    sah_loop_destroy(w->loop);
    rig_free(w->rig);
    scratch_fini(&w->scratch);
    free(w);
    return 0;
}

/* A dealer is not connected at once: tried until the bus takes it. */
static void send_bytes(struct world *w, struct adapter *adapter, const void *bytes, size_t len)
{
    UNTIL(w, sah_bus_client_send(adapter->bus, bytes, len) == SAH_OK);
}

static void send_it(struct world *w, struct adapter *adapter, const struct sah_message *message)
{
    struct sah_buf buf;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    assert_int_equal(sah_message_encode(message, &buf, NULL, 0), SAH_OK);
    send_bytes(w, adapter, buf.data, buf.len);
    sah_buf_fini(&buf);
}

static void send_hello(struct world *w, struct adapter *adapter, const char *channel)
{
    static struct sah_message m;
    unsigned before = adapter->n_hellos;

    memset(&m, 0, sizeof m);
    m.schema_version = SAH_SCHEMA_VERSION;
    m.kind = SAH_KIND_HELLO;
    m.u.hello.n_channels = 1;
    (void)sah_format(m.u.hello.channels[0], SAH_CHANNEL_SIZE, "%s", channel);
    send_it(w, adapter, &m);
    UNTIL(w, adapter->n_hellos == before + 1);
}

static void a_hello_is_answered_and_counts_as_alive(void **state)
{
    struct world *w = *state;
    char channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE];

    assert_int_equal(w->port.channels(w->port.data, channels), 0);
    send_hello(w, &w->a, RIG_CHANNEL);
    send_hello(w, &w->a, RIG_CHANNEL);
    send_hello(w, &w->b, "counter");
    assert_int_equal(sah_link_adapters_alive(w->link), 2);
    assert_int_equal(w->port.channels(w->port.data, channels), 2);
    assert_string_equal(channels[0], RIG_CHANNEL);
    assert_string_equal(channels[1], "counter");
    assert_int_equal(sah_link_counters(w->link)->hellos, 3);
}

static void on_list(void *data, int err, const char *json, size_t len)
{
    assert_int_equal(err, SAH_OK);
    sah_copy_cut(data, 4096, json, len);
}

static void malformed_bytes_are_kept_and_a_neighbour_is_served(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {{"\xff\xff\xff\xff", 4},
               {"", 0},
               {"\x0a\x7f", 2},
               {"hello there, this is no message", 31}};
    struct world *w = *state;
    char list[4096] = "";

    for (unsigned i = 0; i < SAH_LEN(bad); i++)
        send_bytes(w, &w->b, bad[i].bytes, bad[i].len);
    rig_request(w->rig, 1, 1, "AMBULANCE_108");
    send_it(w, &w->a, w->rig->message);
    UNTIL(w, w->a.n_results == 1 && sah_link_counters(w->link)->received == SAH_LEN(bad) + 1);
    assert_int_equal(w->a.last.u.result.code, SAH_RESULT_ACCEPTED);
    assert_true(sah_id_equal(&w->a.last.id, &w->rig->message->id));
    assert_string_equal(w->a.last.producer, "router-test");
    assert_int_equal(w->a.last.request_id[0], 'E');
    assert_true(sah_link_counters(w->link)->malformed >= 3);
    w->rig->settings.store->quarantine_list(w->rig->settings.store->data, 10, on_list, list);
    rig_settle(w->rig);
    assert_non_null(strstr(list, "ffffffff"));
    assert_int_equal(w->b.n_results, 0);
}

/* (I1) Each asker hears of its own message, and RETRY while the store is away. */
static void results_go_to_whoever_asked(void **state)
{
    struct world *w = *state;

    sah_memory_store_fail_next(w->rig->store, SAH_MEMORY_DOWN, 1);
    rig_request(w->rig, 1, 1, "AMBULANCE_108");
    send_it(w, &w->a, w->rig->message);
    UNTIL(w, w->a.n_results == 1);
    assert_int_equal(w->a.last.u.result.code, SAH_RESULT_RETRY);
    send_it(w, &w->b, w->rig->message);
    UNTIL(w, w->b.n_results == 1);
    assert_int_equal(w->b.last.u.result.code, SAH_RESULT_ACCEPTED);
    assert_int_equal(w->a.n_results, 1);
}

/* (I8) */
static void events_go_to_who_serves_the_channel_and_wait_when_nobody_does(void **state)
{
    struct world *w = *state;

    send_hello(w, &w->b, "counter");
    rig_request(w->rig, 1, 1, "AMBULANCE_108");
    send_it(w, &w->b, w->rig->message);
    UNTIL(w, w->b.n_results == 1);
    assert_int_equal(w->b.n_events, 0);
    assert_int_equal(sah_memory_store_outbox(w->rig->store), 2);
    send_hello(w, &w->a, RIG_CHANNEL); /* it came: everything at once */
    UNTIL(w, w->a.n_events == 2);
    assert_int_equal(w->b.n_events, 0);
    assert_string_equal(w->a.last.u.outbox_event.reply_token, "token-1");
    /* The ack takes one of them away, and only that one. */
    memset(w->rig->message, 0, sizeof *w->rig->message);
    w->rig->message->schema_version = SAH_SCHEMA_VERSION;
    w->rig->message->kind = SAH_KIND_OUTBOX_ACK;
    memcpy(w->rig->message->u.outbox_ack.event_id, w->a.last.u.outbox_event.event_id,
           sizeof w->rig->message->u.outbox_ack.event_id);
    send_it(w, &w->a, w->rig->message);
    UNTIL(w, sah_memory_store_outbox(w->rig->store) == 1);
}

static void an_adapter_that_died_gets_nothing_and_loses_nothing(void **state)
{
    struct world *w = *state;
    struct sah_outbox_event event = {.created_ms = RIG_WALL_MS};

    (void)sah_format(event.event_id, sizeof event.event_id, "E-00-0000000000000001");
    (void)sah_format(event.channel, sizeof event.channel, RIG_CHANNEL);
    (void)sah_format(event.sender, sizeof event.sender, "citizen-1");
    (void)sah_format(event.status.agency, sizeof event.status.agency, "amb-108");
    (void)sah_format(event.status.request_id, sizeof event.status.request_id,
                     "E0000000000000000000000000000");
    event.status.state = SAH_STATE_RECEIVED;
    assert_int_equal(w->port.send_event(w->port.data, &event), SAH_EDOWN);
    send_hello(w, &w->a, RIG_CHANNEL);
    assert_int_equal(w->port.send_event(w->port.data, &event), SAH_OK);
    UNTIL(w, w->a.n_events == 1);
    sah_bus_client_destroy(w->a.bus);
    w->a.bus = NULL;
    UNTIL(w, w->port.send_event(w->port.data, &event) == SAH_EDOWN);
    send_hello(w, &w->b, RIG_CHANNEL); /* another of the same channel takes over */
    assert_int_equal(w->port.send_event(w->port.data, &event), SAH_OK);
    UNTIL(w, w->b.n_events == 1);
}

static void what_only_a_router_says_is_not_taken_from_an_adapter(void **state)
{
    struct world *w = *state;
    static struct sah_message m;

    memset(&m, 0, sizeof m);
    m.schema_version = SAH_SCHEMA_VERSION;
    m.kind = SAH_KIND_RESULT;
    m.u.result.code = SAH_RESULT_ACCEPTED;
    m.id.bytes[0] = 1;
    send_it(w, &w->a, &m);
    UNTIL(w, sah_link_counters(w->link)->unexpected == 1);
    assert_int_equal(sah_link_counters(w->link)->malformed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hello_is_answered_and_counts_as_alive, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(malformed_bytes_are_kept_and_a_neighbour_is_served,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(results_go_to_whoever_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(
            events_go_to_who_serves_the_channel_and_wait_when_nobody_does, setup, teardown),
        cmocka_unit_test_setup_teardown(an_adapter_that_died_gets_nothing_and_loses_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_only_a_router_says_is_not_taken_from_an_adapter,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
