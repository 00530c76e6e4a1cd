/*
 * test_adapter_outbox - replies reach the channel: emergencies first (I7), in a citizen's
 * order, not twice without need, never lost; events of a router are taken once and acked when
 * durable (I1, I8).
 */
#include <sahaya/clock.h>

#include "test_adapter_world.h"

static const struct sah_sent done_say = {.code = SAH_SENT_DONE, .channel_message = "cm"};

static bool outbox_empty(void *data)
{
    struct world *w = data;

    return redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:e") == 0 &&
           redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:b") == 0;
}

static bool some_sent(void *data)
{
    return ((struct world *)data)->channel.n_sent > 0;
}

static void fill(struct world *w, const char *sender, const char *text, unsigned n)
{
    char name[32];

    for (unsigned i = 0; i < n; i++) {
        (void)sah_format(name, sizeof name, "%s-%s-%u", sender, text, i);
        assert_int_equal(take_and_wait(w, sender, name, text), SAH_OK);
    }
}

static void emergencies_go_first_and_bookings_leave_a_place_for_them(void **state)
{
    struct world *w = *state;
    char sender[8];

    w->send_max = 4;
    w->channel.holds = true;
    world_start(w);
    for (unsigned i = 0; i < 6; i++) { /* more bookings than slots */
        (void)sah_format(sender, sizeof sender, "b%u", i);
        fill(w, sender, "book", 1);
    }
    world_turn(w, 200);
    assert_int_equal(w->channel.n_waiting, 3); /* a quarter of the slots stays free */
    fill(w, "c1", "help", 1);
    world_turn(w, 200);
    assert_int_equal(w->channel.n_sent, 4);
    assert_true(w->channel.sent[3].emergency);

    fill(w, "c2", "help", 1); /* no slot now; the next one is for it */
    channel_answer(&w->channel);
    w->channel.holds = false;
    assert_true(world_until(w, outbox_empty, w, 3000));
    assert_true(w->channel.sent[4].emergency);
    assert_int_equal(w->channel.n_sent, 8);
    assert_in_range(w->channel.most_waiting, 1, 4);
}

static void a_citizens_replies_keep_their_order_one_at_a_time(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->channel.holds = true;
    fill(w, "c1", "notes", 1);
    world_turn(w, 200);
    assert_int_equal(w->channel.n_sent, 1);
    w->channel.holds = false;
    channel_answer(&w->channel);
    assert_true(world_until(w, outbox_empty, w, 3000));
    assert_int_equal(w->channel.n_sent, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(w->channel.sent[i].key[strlen(w->channel.sent[i].key) - 1],
                         '0' + (int)i);
}

static void a_newer_reply_makes_the_unsent_one_stale(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->channel.holds = true;
    fill(w, "c1", "note", 4); /* the first is in flight, the last is the one that counts */
    world_turn(w, 100);
    w->channel.holds = false;
    channel_answer(&w->channel);
    assert_true(world_until(w, outbox_empty, w, 3000));
    assert_int_equal(w->channel.n_sent, 2);
    world_turn(w, 1100);
    assert_true(metric(w, "replies_stale_total") == 2);
}

static void a_reply_that_was_overtaken_in_flight_is_not_tried_again(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->channel.holds = true;
    w->channel.n_first = 1;
    w->channel.first_say = (struct sah_sent){.code = SAH_SENT_RETRY, .retry_ms = 50};
    fill(w, "c1", "note", 1);
    assert_true(world_until(w, some_sent, w, 1000));
    assert_int_equal(take_and_wait(w, "c1", "newer", "note"), SAH_OK);
    w->channel.holds = false;
    channel_answer(&w->channel);
    assert_true(world_until(w, outbox_empty, w, 3000));
    assert_int_equal(w->channel.n_sent, 2);
    assert_string_not_equal(w->channel.sent[0].key, w->channel.sent[1].key);
}

static void what_the_channel_says_decides(void **state)
{
    static const struct {
        struct sah_sent say;
        unsigned sent;
        uint32_t least_ms, most_ms;
        const char *metric;
    } cases[] = {
        {{.code = SAH_SENT_RETRY, .retry_ms = 200}, 2, 200, 900, "replies_retried_total"},
        {{.code = SAH_SENT_RETRY}, 2, 1000, 1900, "replies_retried_total"},
        {{.code = SAH_SENT_CITIZEN, .retry_ms = 300}, 2, 300, 1000, "replies_held_total"},
        {{.code = SAH_SENT_ACCOUNT, .retry_ms = 300}, 2, 300, 1000, "replies_held_total"},
        {{.code = SAH_SENT_STOP, .error_code = 190}, 2, 4900, 6500, "outbox_stops_total"},
        {{.code = SAH_SENT_DEAD, .error_code = 131026}, 1, 0, 0, NULL},
    };
    struct world *w = *state;
    struct channel *c = &w->channel;

    world_start(w);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char sender[8];
        double before = cases[i].metric != NULL ? metric(w, cases[i].metric) : 0;

        (void)sah_format(sender, sizeof sender, "c%zu", i);
        c->n_sent = 0;
        c->n_first = 1;
        c->first_say = cases[i].say;
        fill(w, sender, "help", 1);
        assert_true(world_until(w, outbox_empty, w, 8000));
        assert_int_equal(c->n_sent, cases[i].sent);
        if (cases[i].sent == 2)
            assert_in_range(c->sent[1].at_ms - c->sent[0].at_ms, cases[i].least_ms,
                            cases[i].most_ms);
        if (cases[i].metric != NULL)
            assert_true(metric(w, cases[i].metric) == before + 1);
    }
    assert_int_equal(redis_number(w, "LLEN ch:testchat:{p00}:ob:d"), 1);
}

static void a_held_citizen_holds_nobody_else(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->channel.n_first = 1;
    w->channel.first_say = (struct sah_sent){.code = SAH_SENT_CITIZEN, .retry_ms = 600};
    fill(w, "c1", "notes", 1);
    assert_true(world_until(w, some_sent, w, 1000));
    world_turn(w, 50);
    fill(w, "c1", "help", 1); /* the hold is on all of the citizen's replies */
    fill(w, "c2", "note", 1);
    world_turn(w, 200);
    assert_int_equal(w->channel.n_sent, 2);
    assert_string_equal(w->channel.sent[1].sender, "c2");
    assert_true(world_until(w, outbox_empty, w, 4000));
    assert_true(w->channel.sent[2].emergency || w->channel.sent[3].emergency);
    assert_int_equal(w->channel.n_sent, 7);
}

static void a_bulk_reply_is_given_up_after_ten_tries_and_an_emergency_never(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->channel.say = (struct sah_sent){.code = SAH_SENT_RETRY, .retry_ms = 1};
    fill(w, "c1", "note", 1);
    fill(w, "c2", "help", 1);
    for (unsigned i = 0; i < 100 && redis_number(w, "LLEN ch:testchat:{p00}:ob:d") == 0; i++)
        world_turn(w, 50);
    assert_int_equal(redis_number(w, "LLEN ch:testchat:{p00}:ob:d"), 1);
    for (unsigned i = 0; i < 100 && w->channel.n_sent < 24; i++)
        world_turn(w, 50);
    assert_true(w->channel.n_sent >= 24);
    assert_int_equal(redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:e"), 1);
    w->channel.say = done_say;
    assert_true(world_until(w, outbox_empty, w, 2000));
}

static void replies_of_a_crashed_adapter_come_home_with_their_lease(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->channel.holds = true;
    fill(w, "c1", "notes", 1);
    assert_true(world_until(w, some_sent, w, 1000));
    world_kill(w);
    assert_int_equal(redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:b"), 4); /* none is lost */
    /* Half a minute passes. */
    freeReplyObject(redis_do(w, "ZADD ch:testchat:{p00}:ob:l:b 1 c1"));
    w->channel.holds = false;
    world_start(w);
    assert_true(world_until(w, outbox_empty, w, 3000));
    assert_int_equal(w->channel.n_sent, 5); /* the first one twice, none zero times */
    assert_string_equal(w->channel.sent[0].key, w->channel.sent[1].key);
}

static bool has_peer(void *data)
{
    return ((struct router *)data)->has_peer;
}

static bool is_acked(void *data)
{
    return ((struct router *)data)->n_acks > 0;
}

static void an_event_is_taken_once_and_acked_each_time(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    world_start(w);
    assert_true(world_until(w, has_peer, router, 1000));
    router_tell(router, "0001", "c1", true);
    assert_true(world_until(w, is_acked, router, 2000));
    assert_string_equal(router->acked, "0001");
    router->n_acks = 0;
    router_tell(router, "0001", "c1", true); /* the ack was lost */
    assert_true(world_until(w, is_acked, router, 2000));
    assert_true(world_until(w, outbox_empty, w, 2000));
    assert_int_equal(w->channel.n_sent, 1);
    assert_true(w->channel.sent[0].emergency);
    assert_true(metric(w, "events_seen_total") == 1);
}

static void the_same_event_id_of_the_other_lane_is_another_event(void **state)
{
    struct world *w = *state;

    world_start(w);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(world_until(w, has_peer, &w->routers[i], 1000));
        router_tell(&w->routers[i], "0001", i == 0 ? "c1" : "c2", i == 0);
        assert_true(world_until(w, is_acked, &w->routers[i], 2000));
    }
    assert_int_equal(
        redis_number(w, "EXISTS ch:testchat:{p00}:ev:e0001 ch:testchat:{p00}:ev:b0001"), 2);
}

/* (I8) A router that lost its store tells it again, or the store it was brought back to does. */
static void the_same_news_under_another_event_id_is_dropped_and_acked(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    world_start(w);
    assert_true(world_until(w, has_peer, router, 1000));
    router->name = "0123456789abcdef0123456789abcdef";
    for (unsigned i = 0; i < 3; i++) {
        const char *id = i == 0 ? "0001" : i == 1 ? "9001" : "0002";

        router->n_acks = 0;
        router_tell(router, id, "c1", true);
        assert_true(world_until(w, is_acked, router, 2000));
        assert_string_equal(router->acked, id);
    }
    router->name = "another";
    router->n_acks = 0;
    router_tell(router, "0003", "c1", true);
    assert_true(world_until(w, is_acked, router, 2000));
    assert_true(world_until(w, outbox_empty, w, 2000));
    assert_int_equal(w->channel.n_sent, 2);
    assert_true(metric(w, "events_seen_total") == 2);
}

static void an_event_repeated_while_it_waits_is_queued_once(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    world_start(w);
    for (unsigned i = 0; i < 20; i++)
        router_tell(router, "0001", "c1", true);
    assert_true(world_until(w, is_acked, router, 2000));
    assert_true(world_until(w, outbox_empty, w, 2000));
    assert_int_equal(w->channel.n_sent, 1);
}

static bool is_ready(void *data)
{
    struct world *w = data;
    char why[256];

    return sah_adapter_ready(w->adapter, why, sizeof why);
}

static bool redis_says(struct world *w, const char *condition)
{
    struct sah_buf buf;
    bool said;

    sah_buf_init(&buf, 16 * 1024);
    sah_adapter_redis_json(w->adapter, &buf);
    said = strstr(buf.data, condition) == buf.data + sizeof "{\"condition\":\"" - 1;
    sah_buf_fini(&buf);
    return said;
}

static void without_redis_no_event_is_acked(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    world_start(w);
    freeReplyObject(redis_do(w, "CONFIG SET maxmemory 1")); /* every write is refused */
    router_tell(router, "0001", "c1", true);
    world_turn(w, 300);
    assert_int_equal(router->n_acks, 0);
    assert_int_not_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_int_equal(router->n_heard, 0);
    assert_true(redis_says(w, "OOM"));
    assert_false(is_ready(w));
    freeReplyObject(redis_do(w, "CONFIG SET maxmemory 0"));
    assert_true(world_until(w, is_ready, w, 3000)); /* the link finds out by itself */
    assert_false(redis_says(w, "OOM"));
    router_tell(router, "0001", "c1", true);
    assert_true(world_until(w, is_acked, router, 2000));
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
}

static void the_metrics_name_no_citizen(void **state)
{
    struct world *w = *state;
    struct sah_buf buf;

    world_start(w);
    fill(w, "919876543210", "help", 1);
    world_turn(w, 1100);
    sah_buf_init(&buf, 256 * 1024);
    sah_adapter_metrics(w->adapter, &buf);
    assert_false(buf.failed);
    assert_null(strstr(buf.data, "9876543210"));
    assert_non_null(strstr(
        buf.data, "sahaya_adapter_router_up{channel=\"testchat\",lane=\"emergency\"} 1\n"));
    assert_non_null(strstr(buf.data, "sahaya_adapter_redis_durable{channel=\"testchat\"} 1\n"));
    sah_buf_fini(&buf);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(emergencies_go_first_and_bookings_leave_a_place_for_them),
        T(a_citizens_replies_keep_their_order_one_at_a_time),
        T(a_newer_reply_makes_the_unsent_one_stale),
        T(a_reply_that_was_overtaken_in_flight_is_not_tried_again),
        T(what_the_channel_says_decides),
        T(a_held_citizen_holds_nobody_else),
        T(a_bulk_reply_is_given_up_after_ten_tries_and_an_emergency_never),
        T(replies_of_a_crashed_adapter_come_home_with_their_lease),
        T(an_event_is_taken_once_and_acked_each_time),
        T(the_same_event_id_of_the_other_lane_is_another_event),
        T(the_same_news_under_another_event_id_is_dropped_and_acked),
        T(an_event_repeated_while_it_waits_is_queued_once),
        T(without_redis_no_event_is_acked),
        T(the_metrics_name_no_citizen),
    };

    return cmocka_run_group_tests_name("adapter outbox", tests, world_begin_all, world_end_all);
}
