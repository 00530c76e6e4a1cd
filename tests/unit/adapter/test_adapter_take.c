/*
 * test_adapter_take - a message is the adapter's only when it is durable (I1), whatever breaks on
 * the way, and however often it comes it is one submit and one set of replies. Without Redis:
 * test_adapter_away.
 */
#include <sahaya/clock.h>

#include "test_adapter_world.h"

static bool sent_all(void *data)
{
    struct world *w = data;

    return redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:e") == 0 &&
           redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:b") == 0;
}

static long long pending(struct world *w)
{
    return redis_number(w, "ZCARD ch:testchat:{p00}:psz:e") +
           redis_number(w, "ZCARD ch:testchat:{p00}:psz:b");
}

static bool nothing_pending(void *data)
{
    return pending(data) == 0;
}

static void a_request_goes_to_the_router_and_the_reply_to_the_citizen(void **state)
{
    struct world *w = *state;
    redisReply *cv;

    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_int_equal(w->routers[0].n_heard, 1);
    assert_int_equal(w->routers[1].n_heard, 0);
    assert_int_equal(pending(w), 0);
    assert_true(world_until(w, sent_all, w, 2000));
    assert_int_equal(w->channel.n_sent, 1);
    assert_true(w->channel.sent[0].emergency);
    cv = redis_do(w, "HGET ch:testchat:{p00}:cv:c1 json"); /* it learned the name */
    assert_non_null(strstr(cv->str, "\"request_id\":\"E00"));
    freeReplyObject(cv);
    assert_true(metric(w, "submits_total") == 1);
}

static void a_booking_goes_to_the_bulk_lane(void **state)
{
    struct world *w = *state;

    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "book"), SAH_OK);
    assert_true(world_until(w, nothing_pending, w, 2000));
    assert_int_equal(w->routers[0].n_heard, 0);
    assert_int_equal(w->routers[1].n_heard, 1);
}

static void a_message_with_no_submit_is_done_at_once(void **state)
{
    struct world *w = *state;

    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "nothing"), SAH_OK);
    assert_int_equal(w->channel.n_not_ours, 1);
    assert_int_equal(take_and_wait(w, "c1", "m1", "nothing"), SAH_OK);
    assert_int_equal(w->channel.n_not_ours, 1);
}

static void a_silent_router_is_asked_again_every_250_ms_and_the_message_is_ours(void **state)
{
    struct world *w = *state;
    uint64_t began;

    w->ack_deadline_ms = 700;
    world_start(w);
    w->routers[0].silent = true;
    began = sah_clock_mono_ms();
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK); /* durable in Redis */
    assert_in_range(sah_clock_mono_ms() - began, 650, 1500);
    assert_in_range(w->routers[0].n_heard, 2, 4);
    for (unsigned i = 1; i < w->routers[0].n_heard; i++)
        assert_true(sah_id_equal(&w->routers[0].heard[0].id, &w->routers[0].heard[i].id));
    assert_int_equal(pending(w), 1);
    world_turn(w, 200);
    began = sah_clock_mono_ms(); /* nobody waits for a router that is known to be silent */
    assert_int_equal(take_and_wait(w, "c2", "m2", "help"), SAH_OK);
    assert_in_range(sah_clock_mono_ms() - began, 0, 500);

    w->routers[0].silent = false;
    assert_true(world_until(w, nothing_pending, w, 4000));
}

static bool two_sent(void *data)
{
    return ((struct world *)data)->channel.n_sent >= 2;
}

static void a_citizen_hears_once_that_nothing_is_confirmed(void **state)
{
    struct world *w = *state;

    w->ack_deadline_ms = 400;
    world_start(w);
    w->routers[0].silent = true;
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_true(world_until(w, two_sent, w, 1000));
    assert_int_equal(w->channel.sent[1].key[0], 'u');
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK); /* it comes again */
    world_turn(w, 600);
    world_kill(w);
    world_start(w); /* another program takes it up */
    world_turn(w, 1000);
    assert_int_equal(w->channel.n_sent, 2);
    w->routers[0].silent = false;
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
}

static void a_pending_submit_is_retried_without_its_peer(void **state)
{
    struct world *w = *state;

    w->ack_deadline_ms = 400;
    world_start(w);
    w->routers[0].silent = true;
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_int_equal(pending(w), 1);
    w->routers[0].silent = false;
    assert_true(world_until(w, nothing_pending, w, 4000));
}

static void a_router_that_comes_back_gets_what_waited(void **state)
{
    struct world *w = *state;

    router_stop(&w->routers[1]);
    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "book"), SAH_OK);
    assert_int_equal(pending(w), 1);
    router_start(&w->routers[1]);
    assert_true(world_until(w, nothing_pending, w, 2400));
}

static void a_router_that_was_away_too_shortly_to_be_missed_gets_what_waited(void **state)
{
    struct world *w = *state;
    uint64_t began;

    w->ack_deadline_ms = 400;
    world_start(w);
    w->routers[0].silent = true; /* takes messages with it */
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    world_turn(w, 1600); /* tried after 1 s, and then in 2 s */
    w->routers[0].silent = false;
    w->routers[0].life++;
    began = sah_clock_mono_ms();
    assert_true(world_until(w, nothing_pending, w, 4000));
    assert_in_range(sah_clock_mono_ms() - began, 0, 1200);
}

static void what_a_router_says_decides(void **state)
{
    static const struct {
        enum sah_result_code first, then;
        unsigned heard;
        const char *metric;
    } cases[] = {
        {SAH_RESULT_DUPLICATE, SAH_RESULT_DUPLICATE, 1, "submits_settled_total"},
        {SAH_RESULT_RETRY, SAH_RESULT_ACCEPTED, 2, "resubmits_total"},
        {SAH_RESULT_REFUSED, SAH_RESULT_REFUSED, 1, "refused_total"},
        {SAH_RESULT_NOT_FOUND, SAH_RESULT_NOT_FOUND, 1, "refused_total"},
    };
    struct world *w = *state;

    world_start(w);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct router *router = &w->routers[0];
        double before = metric(w, cases[i].metric);
        unsigned heard = router->n_heard;
        char name[16];

        (void)sah_format(name, sizeof name, "m%zu", i);
        router->first_code = cases[i].first;
        router->code = cases[i].then;
        assert_int_equal(take_and_wait(w, "c1", name, "help"), SAH_OK);
        assert_int_equal(router->n_heard - heard, cases[i].heard);
        assert_true(metric(w, cases[i].metric) == before + 1);
        assert_int_equal(pending(w), 0);
    }
    assert_int_equal(redis_number(w, "LLEN ch:testchat:{p00}:qn"),
                     2); /* the two that were refused */
    assert_true(world_until(w, sent_all, w, 2000));
    assert_int_equal(w->channel.n_sent, 6); /* and their citizens heard it */
}

static void what_the_bulk_router_ranks_higher_goes_to_the_emergency_lane(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->routers[1].code = SAH_RESULT_WRONG_LANE;
    assert_int_equal(take_and_wait(w, "c1", "m1", "book"), SAH_OK);
    assert_true(world_until(w, nothing_pending, w, 2000));
    assert_int_equal(w->routers[1].n_heard, 1);
    assert_int_equal(w->routers[0].n_heard, 1);
    assert_true(sah_id_equal(&w->routers[0].heard[0].id, &w->routers[1].heard[0].id));
}

static void five_times_at_once_is_one_submit_and_one_set_of_replies(void **state)
{
    struct world *w = *state;
    struct taken taken[5];

    world_start(w);
    for (int i = 0; i < 5; i++)
        take(w, w->adapter, "c1", "m1", "help", &taken[i]);
    for (int i = 0; i < 5; i++) {
        assert_true(world_until(w, is_taken, &taken[i], 3000));
        assert_int_equal(taken[i].err, SAH_OK);
    }
    for (unsigned i = 1; i < w->routers[0].n_heard; i++)
        assert_true(sah_id_equal(&w->routers[0].heard[0].id, &w->routers[0].heard[i].id));
    assert_true(world_until(w, sent_all, w, 2000));
    assert_int_equal(w->channel.n_sent, 1);
    assert_true(metric(w, "messages_seen_total") == 4);
}

static void a_crash_between_commit_and_ack_loses_nothing(void **state)
{
    struct world *w = *state;
    struct taken taken;

    world_start(w);
    w->routers[0].silent = true;
    w->channel.holds = true;
    take(w, w->adapter, "c1", "m1", "help", &taken);
    for (unsigned i = 0; i < 200 && w->routers[0].n_heard == 0; i++)
        world_turn(w, 10);
    assert_true(w->routers[0].n_heard > 0);
    world_kill(w);
    assert_int_equal(taken.err, SAH_ECANCELED); /* never "yours" before a router has it */
    assert_int_equal(pending(w), 1);

    w->routers[0].silent = false;
    w->routers[0].code = SAH_RESULT_DUPLICATE;
    world_start(w);
    assert_true(world_until(w, nothing_pending, w, 3000));
    assert_true(sah_id_equal(&w->routers[0].heard[0].id,
                             &w->routers[0].heard[w->routers[0].n_heard - 1].id));
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"),
                     SAH_OK); /* the peer sends again: known */
}

static void bookings_that_hang_do_not_delay_an_emergency_of_the_same_citizen(void **state)
{
    struct world *w = *state;
    struct taken bookings[10], help;
    char name[16];
    uint64_t began;

    world_start(w);
    w->routers[1].silent = true;
    began = sah_clock_mono_ms();
    for (unsigned i = 0; i < SAH_LEN(bookings); i++) {
        (void)sah_format(name, sizeof name, "b%u", i);
        take(w, w->adapter, i == 0 ? "c1" : "c2", name, "book", &bookings[i]);
    }
    take(w, w->adapter, "c1", "m1", "help", &help);
    assert_true(world_until(w, is_taken, &help, 3000));
    assert_int_equal(help.err, SAH_OK);
    assert_in_range(sah_clock_mono_ms() - began, 0, 1000);
    for (unsigned i = 0; i < SAH_LEN(bookings); i++)
        world_until(w, is_taken, &bookings[i], 6000);
}

/* As in one delivery of the channel: what comes behind the bookings is not held up by them. */
static void a_dead_bulk_lane_holds_nothing_up(void **state)
{
    enum { N = 200 };
    static struct taken taken[N + 1];
    struct world *w = *state;
    char name[16], sender[16];
    uint64_t began;

    world_start(w);
    router_stop(&w->routers[1]);
    began = sah_clock_mono_ms();
    for (unsigned i = 0; i < N; i++) {
        (void)sah_format(name, sizeof name, "b%u", i);
        (void)sah_format(sender, sizeof sender, "s%u", i);
        take(w, w->adapter, sender, name, "book", &taken[i]);
    }
    take(w, w->adapter, "c1", "m1", "help", &taken[N]);
    for (unsigned i = 0; i <= N; i++) {
        assert_true(world_until(w, is_taken, &taken[i], 5000));
        assert_int_equal(taken[i].err, SAH_OK);
    }
    assert_in_range(sah_clock_mono_ms() - began, 0, 2000); /* one wait for a router is 2500 */
    assert_int_equal(pending(w), N);
}

static void one_message_with_two_requests_uses_both_lanes(void **state)
{
    struct world *w = *state;

    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "both"), SAH_OK);
    assert_int_equal(w->routers[0].n_heard, 1);
    assert_int_equal(w->routers[1].n_heard, 1);
}

static void an_amendment_waits_for_its_requests_name(void **state)
{
    struct world *w = *state;
    struct taken help, more;
    struct router *router = &w->routers[0];
    char name[SAH_REQUEST_ID_SIZE];
    struct sah_id other = id_of("m1");

    w->ack_deadline_ms = 1500;
    router->names_late = true; /* the name that the adapter guesses is not the one it gets */
    world_start(w);
    router->silent = true;
    take(w, w->adapter, "c1", "m1", "help", &help);
    take(w, w->adapter, "c1", "m2", "more", &more);
    world_turn(w, 600);
    assert_int_equal(heard_of(router, SAH_KIND_AMENDMENT), 0);
    router->silent = false;
    assert_true(world_until(w, is_taken, &more, 3000));
    assert_int_equal(help.err, SAH_OK);
    assert_int_equal(more.err, SAH_OK);
    other.bytes[0] ^= 1;
    sah_request_id(SAH_LANE_EMERGENCY, 0, &other, name);
    assert_string_equal(router->heard[router->n_heard - 1].request_id, name);
    assert_int_equal(router->heard[router->n_heard - 1].kind, SAH_KIND_AMENDMENT);
}

static void an_amendment_follows_its_request_to_its_lane(void **state)
{
    struct world *w = *state;

    world_start(w);
    w->routers[1].first_code = SAH_RESULT_WRONG_LANE;
    assert_int_equal(take_and_wait(w, "c1", "m1", "book"), SAH_OK);
    assert_int_equal(take_and_wait(w, "c1", "m2", "more"),
                     SAH_OK); /* its urgency still says bulk */
    assert_int_equal(heard_of(&w->routers[0], SAH_KIND_AMENDMENT), 1);
    assert_int_equal(heard_of(&w->routers[1], SAH_KIND_AMENDMENT), 0);
}

static bool one_more_sent(void *data)
{
    return ((struct world *)data)->channel.n_sent == 2;
}

static void a_status_question_is_answered_to_the_citizen(void **state)
{
    struct world *w = *state;

    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_int_equal(take_and_wait(w, "c1", "m2", "status"), SAH_OK);
    assert_true(world_until(w, one_more_sent, w, 2000));
    assert_int_equal(strncmp(w->channel.sent[1].key, "s:", 2), 0);
}

static void two_adapters_on_one_redis_lose_no_update(void **state)
{
    enum { N = 12 };
    struct world *w = *state;
    struct taken taken[2 * N];
    redisReply *cv;
    char name[16], want[32];

    world_start(w);
    w->other = world_adapter(w);
    world_turn(w, 200);
    for (unsigned i = 0; i < 2 * N; i++) {
        (void)sah_format(name, sizeof name, "m%u", i);
        take(w, i % 2 == 0 ? w->adapter : w->other, "c1", name, i % 3 == 0 ? "help" : "notes",
             &taken[i]);
    }
    for (unsigned i = 0; i < 2 * N; i++)
        assert_true(world_until(w, is_taken, &taken[i], 8000));
    for (unsigned i = 0; i < 2 * N;
         i++) { /* one that lost eight races is sent again by its peer */
        (void)sah_format(name, sizeof name, "m%u", i);
        if (taken[i].err != SAH_OK)
            assert_int_equal(take_and_wait(w, "c1", name, i % 3 == 0 ? "help" : "notes"),
                             SAH_OK);
    }
    cv = redis_do(w, "HGET ch:testchat:{p00}:cv:c1 json");
    (void)sah_format(want, sizeof want, "\"asked\":%d", 2 * N);
    assert_non_null(strstr(cv->str, want));
    freeReplyObject(cv);
    assert_true(metric(w, "conflicts_total") >= 1);
}

static void a_citizen_has_at_most_64_waiting(void **state)
{
    struct world *w = *state;
    struct taken taken[70], other;
    unsigned refused = 0;
    char name[16];

    world_start(w);
    for (unsigned i = 0; i < SAH_LEN(taken); i++) {
        (void)sah_format(name, sizeof name, "m%u", i);
        take(w, w->adapter, "c1", name, "note", &taken[i]);
    }
    take(w, w->adapter, "c2", "other", "note", &other);
    for (unsigned i = 0; i < SAH_LEN(taken); i++) {
        assert_true(world_until(w, is_taken, &taken[i], 5000));
        refused += taken[i].err == SAH_ELIMIT;
    }
    assert_int_equal(refused, 6);
    assert_true(world_until(w, is_taken, &other, 1000));
    assert_int_equal(other.err, SAH_OK);
}

static void a_conversation_that_cannot_be_read_starts_anew(void **state)
{
    struct world *w = *state;

    world_start(w);
    freeReplyObject(redis_do(w, "HSET ch:testchat:{p00}:cv:c1 rev 7 json {broken"));
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_true(metric(w, "conversations_broken_total") == 1);
}

static void a_message_of_nobody_is_refused(void **state)
{
    struct world *w = *state;

    world_start(w);
    assert_int_equal(take_and_wait(w, "", "m1", "help"), SAH_EINVAL);
}

struct listing {
    bool done;
    int err;
    char json[4096];
};

static void on_listing(void *data, int err, const char *json, size_t len)
{
    struct listing *listing = data;

    listing->done = true;
    listing->err = err;
    (void)sah_copy_cut(listing->json, sizeof listing->json, json, len);
}

static bool is_listed(void *data)
{
    return ((struct listing *)data)->done;
}

static void on_kept(void *data, int err)
{
    struct taken *taken = data;

    taken->done = true;
    taken->err = err;
}

static void what_cannot_be_understood_is_kept_and_listed(void **state)
{
    struct world *w = *state;
    struct taken taken = {0};
    struct listing listing = {0};

    world_start(w);
    sah_adapter_quarantine(w->adapter, "no \"id\"", "raw\0bytes", 9, on_kept, &taken);
    assert_false(taken.done);
    assert_true(world_until(w, is_taken, &taken, 1000));
    assert_int_equal(taken.err, SAH_OK);
    sah_adapter_quarantine_list(w->adapter, 10, on_listing, &listing);
    assert_true(world_until(w, is_listed, &listing, 1000));
    assert_int_equal(listing.err, SAH_OK);
    assert_int_equal(listing.json[0], '[');
    assert_non_null(
        strstr(listing.json, "\"why\":\"no ?id?\",\"len\":9,\"bytes\":\"cmF3AGJ5dGVz\"}]"));
}

static void without_redis_nothing_is_taken_and_ready_says_why(void **state)
{
    struct world *w = *state;
    char why[256] = "";
    struct taken taken;

    w->adapter = world_adapter(w);
    assert_false(sah_adapter_ready(w->adapter, why, sizeof why));
    assert_non_null(strstr(why, "redis"));
    take(w, w->adapter, "c1", "m1", "help", &taken);
    assert_true(world_until(w, is_taken, &taken, 3000));
    assert_int_not_equal(taken.err, SAH_OK);
}

static void settings_are_checked(void **state)
{
    struct world *w = *state;
    struct sah_adapter *adapter = NULL;
    struct sah_adapter_settings settings = {.channel = {.name = "Bad Name", .send_max = 1}};

    assert_int_equal(sah_adapter_create(w->loop, &settings, &adapter), SAH_EINVAL);
    assert_null(adapter);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_goes_to_the_router_and_the_reply_to_the_citizen),
        T(a_booking_goes_to_the_bulk_lane),
        T(a_message_with_no_submit_is_done_at_once),
        T(a_silent_router_is_asked_again_every_250_ms_and_the_message_is_ours),
        T(a_citizen_hears_once_that_nothing_is_confirmed),
        T(a_pending_submit_is_retried_without_its_peer),
        T(a_router_that_comes_back_gets_what_waited),
        T(a_router_that_was_away_too_shortly_to_be_missed_gets_what_waited),
        T(what_a_router_says_decides),
        T(what_the_bulk_router_ranks_higher_goes_to_the_emergency_lane),
        T(five_times_at_once_is_one_submit_and_one_set_of_replies),
        T(a_crash_between_commit_and_ack_loses_nothing),
        T(bookings_that_hang_do_not_delay_an_emergency_of_the_same_citizen),
        T(a_dead_bulk_lane_holds_nothing_up),
        T(one_message_with_two_requests_uses_both_lanes),
        T(an_amendment_waits_for_its_requests_name),
        T(an_amendment_follows_its_request_to_its_lane),
        T(a_status_question_is_answered_to_the_citizen),
        T(two_adapters_on_one_redis_lose_no_update),
        T(a_citizen_has_at_most_64_waiting),
        T(a_conversation_that_cannot_be_read_starts_anew),
        T(a_message_of_nobody_is_refused),
        T(what_cannot_be_understood_is_kept_and_listed),
        T(without_redis_nothing_is_taken_and_ready_says_why),
        T(settings_are_checked),
    };

    return cmocka_run_group_tests_name("adapter take", tests, world_begin_all, world_end_all);
}
