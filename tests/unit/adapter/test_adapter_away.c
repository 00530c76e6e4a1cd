/*
 * test_adapter_away - our Redis is away: messages are durable in the journal before they are ours
 * (I1), emergencies go on from memory (I7), and when Redis is back everything is there once (I4).
 */
#include <errno.h>

#include "test_adapter_world.h"

#include "test_journal_disk.h"

#define MIB (1024 * 1024)

static bool redis_seen_down(void *data)
{
    return metric(data, "redis_up") == 0;
}

static bool nothing_journaled(void *data)
{
    return metric(data, "drained_total") == metric(data, "journaled_total") &&
           metric(data, "redis_up") == 1;
}

static bool all_sent(void *data)
{
    struct world *w = data;

    return redis_number(w, "ZCARD ch:testchat:{p00}:ob:q:e") == 0 &&
           redis_number(w, "ZCARD ch:testchat:{p00}:psz:e") == 0 &&
           redis_number(w, "ZCARD ch:testchat:{p00}:psz:b") == 0;
}

static void redis_goes(struct world *w)
{
    world_redis_stop();
    assert_true(world_until(w, redis_seen_down, w, 3000));
}

static void redis_comes(struct world *w)
{
    world_redis_start();
    redisFree(w->redis);
    w->redis = redisConnectUnix(w->redis_socket);
    assert_non_null(w->redis);
}

static bool one_heard(void *data)
{
    return ((struct router *)data)->n_heard > 0;
}

static void an_emergency_leaves_from_memory_and_its_citizen_hears_at_once(void **state)
{
    struct world *w = *state;
    struct sah_id first;
    redisReply *cv;

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_true(world_until(w, one_heard, &w->routers[0], 1000));
    world_turn(w, 300);
    assert_int_equal(w->channel.n_sent, 1);
    first = w->routers[0].heard[0].id;
    assert_int_equal(take_and_wait(w, "c1", "m2", "more"), SAH_OK); /* it knows the request */
    world_turn(w, 300);
    assert_int_equal(heard_of(&w->routers[0], SAH_KIND_AMENDMENT), 1);
    assert_true(metric(w, "journal_open") == 2);

    w->routers[0].code = SAH_RESULT_DUPLICATE;
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    assert_true(world_until(w, all_sent, w, 5000));
    assert_int_equal(w->channel.n_sent, 1); /* told once */
    for (unsigned i = 0; i < w->routers[0].n_heard; i++)
        if (w->routers[0].heard[i].kind == SAH_KIND_REQUEST)
            assert_true(sah_id_equal(&first, &w->routers[0].heard[i].id));
    cv = redis_do(w, "HGET ch:testchat:{p00}:cv:c1 json");
    assert_non_null(strstr(cv->str, "\"asked\":2"));
    assert_non_null(strstr(cv->str, "\"request_id\":\"E00"));
    freeReplyObject(cv);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK); /* known from before */
    assert_true(metric(w, "messages_seen_total") == 1);
}

static void a_booking_waits_in_the_journal(void **state)
{
    struct world *w = *state;

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "book"), SAH_OK);
    assert_int_equal(take_and_wait(w, "c1", "m1", "book"), SAH_OK); /* it comes again */
    world_turn(w, 300);
    assert_int_equal(w->routers[1].n_heard, 0);
    assert_int_equal(w->channel.n_sent, 0);
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    assert_true(world_until(w, all_sent, w, 5000));
    assert_int_equal(w->routers[1].n_heard, 1);
}

static bool one_drained(void *data)
{
    return metric(data, "drained_total") == 1;
}

static void a_process_that_dies_leaves_its_messages_to_the_next(void **state)
{
    struct world *w = *state;

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    w->routers[0].silent = true;
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    world_kill(w);
    w->routers[0].silent = false;
    w->routers[0].n_heard = 0;
    w->adapter = world_adapter(w); /* Redis is still away: it leaves from memory */
    assert_true(world_until(w, one_heard, &w->routers[0], 5000));
    redis_comes(w);
    assert_true(world_until(w, one_drained, w, 5000));
    assert_true(world_until(w, all_sent, w, 5000));
    assert_int_equal(redis_number(w, "EXISTS ch:testchat:{p00}:cv:c1"), 1);
}

static bool told_once(void *data)
{
    return ((struct world *)data)->channel.n_sent >= 1;
}

static bool is_acked(void *data)
{
    return ((struct router *)data)->n_acks > 0;
}

/* "A person at 108 has accepted" is heard at once, and once, however often the router says it. */
static void news_of_an_emergency_is_told_from_memory_once(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    router_tell(router, "0001", "c1", true);
    assert_true(world_until(w, told_once, w, 2000));
    for (unsigned i = 0; i < 5; i++) {
        router_tell(router, "0001", "c1", true);
        world_turn(w, 100);
    }
    assert_string_equal(w->channel.sent[0].key, "e:0001");
    assert_int_equal(router->n_acks, 0); /* the stored conversation does not know it yet (I8) */
    router_tell(router, "0002", "c1", true); /* the next of the same citizen, in order */
    router_tell(&w->routers[1], "0003", "c2", false);
    world_turn(w, 600);
    assert_int_equal(w->channel.n_sent, 2);
    assert_string_equal(w->channel.sent[1].key, "e:0002");

    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    router_tell(router, "0001", "c1", true);
    router_tell(router, "0002", "c1", true);
    assert_true(world_until(w, is_acked, router, 5000));
    world_turn(w, 500);
    assert_true(world_until(w, all_sent, w, 5000));
    assert_int_equal(w->channel.n_sent, 2);
    assert_int_equal(redis_number(w, "EXISTS ch:testchat:{p00}:ev:e0001"), 1);
}

static void news_that_was_told_by_a_process_that_died_is_not_told_again(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    router_tell(router, "0001", "c1", true);
    assert_true(world_until(w, told_once, w, 2000));
    world_turn(w, 300); /* the note of it is on the disk */
    world_kill(w);
    router->has_peer = false;
    w->adapter = world_adapter(w);
    world_turn(w, 1500);
    router_tell(router, "0001", "c1", true);
    world_turn(w, 500);
    assert_int_equal(w->channel.n_sent, 1);
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    router_tell(router, "0001", "c1", true);
    assert_true(world_until(w, is_acked, router, 5000));
    world_turn(w, 500);
    assert_int_equal(w->channel.n_sent, 1);
}

static void without_a_journal_news_is_told_once_too(void **state)
{
    struct world *w = *state;

    world_start(w);
    redis_goes(w);
    for (unsigned i = 0; i < 4; i++) {
        router_tell(&w->routers[0], "0001", "c1", true);
        world_turn(w, 150);
    }
    assert_int_equal(w->channel.n_sent, 1);
    redis_comes(w);
    world_turn(w, 1500);
    router_tell(&w->routers[0], "0001", "c1", true);
    assert_true(world_until(w, is_acked, &w->routers[0], 5000));
    world_turn(w, 500);
    assert_int_equal(w->channel.n_sent, 1);
}

static bool told_twice(void *data)
{
    return ((struct world *)data)->channel.n_sent >= 2;
}

/* Neither Redis nor a router: durable, and the citizen knows the number to call. (I9, I12) */
static void with_everything_away_the_citizen_is_told_once_that_nothing_is_confirmed(void **state)
{
    struct world *w = *state;

    w->ack_deadline_ms = 400;
    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    w->routers[0].silent = true;
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_true(world_until(w, told_twice, w, 3000));
    assert_int_equal(w->channel.sent[1].key[0], 'u');
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    world_turn(w, 1500); /* the deadline of the ordinary way passes as well */
    assert_int_equal(w->channel.n_sent, 2);
    w->routers[0].silent = false;
    assert_true(world_until(w, all_sent, w, 20000));
}

/* What it said before the outage is not known here: a new request, and later it stays one. */
static void a_request_made_without_its_conversation_stays_a_request(void **state)
{
    struct world *w = *state;
    redisReply *cv;
    unsigned requests = 0;

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    world_kill(w);
    world_redis_stop();
    w->adapter = world_adapter(w); /* it remembers nothing */
    assert_int_equal(take_and_wait(w, "c1", "m2", "help"), SAH_OK);
    world_turn(w, 500);
    for (unsigned i = 0; i < w->routers[0].n_heard; i++) {
        struct sah_id second = id_of("m2");

        requests += w->routers[0].heard[i].kind == SAH_KIND_REQUEST &&
                    memcmp(w->routers[0].heard[i].id.bytes, second.bytes, 15) == 0;
    }
    assert_true(requests > 0);
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    assert_true(world_until(w, all_sent, w, 5000));
    cv = redis_do(w, "HGET ch:testchat:{p00}:cv:c1 json");
    assert_non_null(strstr(strstr(cv->str, "message_id") + 1, "message_id")); /* both */
    freeReplyObject(cv);
}

static void on_kept(void *data, int err)
{
    struct taken *taken = data;

    taken->done = true;
    taken->err = err;
}

/* A booking in one delivery with an emergency. */
static int beside_and_wait(struct world *w, const char *sender, const char *name, const char *text)
{
    struct sah_incoming *in = calloc(1, sizeof *in);
    struct taken taken = {.world = w};

    in->id = id_of(name);
    (void)sah_format(in->citizen.channel, sizeof in->citizen.channel, "testchat");
    (void)sah_format(in->citizen.account, sizeof in->citizen.account, "page");
    (void)sah_format(in->citizen.sender, sizeof in->citizen.sender, "%s", sender);
    in->text_len = (uint32_t)strlen(text);
    (void)sah_format(in->text, sizeof in->text, "%s", text);
    assert_false(sah_adapter_is_urgent(w->adapter, in));
    sah_adapter_take_beside(w->adapter, in, on_kept, &taken);
    free(in);
    assert_true(world_until(w, is_taken, &taken, 5000));
    return taken.err;
}

/* F13 in small: bookings are refused from the soft mark, emergencies at the end only. */
static void a_full_journal_refuses_bookings_first_and_never_lies(void **state)
{
    struct world *w = *state;
    unsigned bookings = 0, emergencies = 0;
    char name[24], sender[24];
    int err = SAH_OK;

    world_journal(w, 4 * 16384, 16384);
    world_start(w);
    redis_goes(w);
    w->routers[0].silent = true;
    w->channel.holds = true;
    for (unsigned i = 0; i < 400 && err == SAH_OK; i++) {
        (void)sah_format(name, sizeof name, "b%u", i);
        (void)sah_format(sender, sizeof sender, "c%u", i);
        err = take_and_wait(w, sender, name, "book");
        bookings += err == SAH_OK;
    }
    assert_int_equal(err, SAH_ELIMIT);
    assert_true(bookings > 50);
    assert_int_equal(beside_and_wait(w, "c0", "beside", "book"), SAH_OK);
    bookings++;
    err = SAH_OK;
    for (unsigned i = 0; i < 200 && err == SAH_OK; i++) {
        (void)sah_format(name, sizeof name, "e%u", i);
        (void)sah_format(sender, sizeof sender, "d%u", i);
        err = take_and_wait(w, sender, name, "help");
        emergencies += err == SAH_OK;
    }
    assert_int_not_equal(err, SAH_OK); /* full: "send it again", never a false "received" */
    assert_true(emergencies >= 10);
    assert_true(metric(w, "journaled_total") == bookings + emergencies);

    w->channel.holds = false;
    channel_answer(&w->channel);
    w->routers[0].silent = false;
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 20000));
    assert_true(world_until(w, all_sent, w, 20000));
    assert_int_equal(redis_number(w, "EXISTS ch:testchat:{p00}:cv:c0"), 1);
    assert_int_equal(take_and_wait(w, "c1000", "b1000", "book"), SAH_OK);
}

static bool is_committed(void *data)
{
    return redis_number(data, "EXISTS ch:testchat:{p00}:cv:c1") == 1;
}

/* Each call to the disk fails in turn, and then the power fails: what was answered "received" is
 * there, and what was not may be. (I1) */
static void a_disk_that_fails_makes_no_false_received(void **state)
{
    struct world *w = *state;
    unsigned yes = 0, no = 0;

    for (unsigned n = 1; n < 40; n++) {
        struct disk *disk = disk_new(), *after;
        int err;

        world_journal(w, 4 * 65536, 65536);
        w->journal->fs = &disk->fs;
        freeReplyObject(redis_do(w, "FLUSHALL"));
        world_start(w);
        redis_goes(w);
        disk->calls = 0;
        disk->fail_at = n;
        disk->fail_on = n % 2 == 0;
        disk->fail_with = n % 3 == 0 ? ENOSPC : EIO;
        w->routers[0].silent = true; /* the journal alone has it */
        err = take_and_wait(w, "c1", "m1", "help");
        world_kill(w);
        after = disk_after_cut(disk, disk_now(disk), CUT_DROP, 0);
        disk_free(disk);
        w->journal->fs = &after->fs;
        redis_comes(w);
        w->routers[0].silent = false;
        world_start(w);
        if (err == SAH_OK)
            assert_true(world_until(w, is_committed, w, 5000));
        yes += err == SAH_OK;
        no += err != SAH_OK;
        assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
        world_kill(w);
        disk_free(after);
        if (n > 12 && yes > 8)
            break;
    }
    assert_true(yes > 0 && no > 0);
}

/* The process ends after so many turns of the loop, wherever that is. (I1, I4) */
static void a_process_that_dies_at_any_step_loses_nothing_it_answered_for(void **state)
{
    struct world *w = *state;
    unsigned answered = 0;

    for (unsigned turns = 0; turns < 24; turns++) {
        struct taken taken;

        world_journal(w, 4 * MIB, MIB);
        freeReplyObject(redis_do(w, "FLUSHALL"));
        world_start(w);
        redis_goes(w);
        take(w, w->adapter, "c1", "m1", "help", &taken);
        for (unsigned i = 0; i < turns; i++)
            sah_loop_turn(w->loop, 1);
        answered += taken.done && taken.err == SAH_OK;
        world_kill(w);
        redis_comes(w);
        w->adapter = world_adapter(w);
        for (unsigned i = 0; i < turns * 2; i++) /* and once more on the way back */
            sah_loop_turn(w->loop, 1);
        world_kill(w);
        world_start(w);
        if (taken.err == SAH_OK && taken.done)
            assert_true(world_until(w, is_committed, w, 5000));
        assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
        assert_true(world_until(w, all_sent, w, 5000));
        world_kill(w);
        w->channel.n_sent = 0;
    }
    assert_in_range(answered, 1, 23);
}

static void a_piece_that_cannot_be_read_waits_in_the_journal_too(void **state)
{
    struct world *w = *state;
    struct taken taken = {0};

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    sah_adapter_quarantine(w->adapter, "no id", "raw", 3, on_kept, &taken);
    assert_false(taken.done);
    assert_true(world_until(w, is_taken, &taken, 1000));
    assert_int_equal(taken.err, SAH_OK);
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    assert_int_equal(redis_number(w, "LLEN ch:testchat:{p00}:qn"), 1);
}

/* The same piece again while the first is being written: it is not there yet (I1), and has one place. */
static void a_piece_that_comes_twice_at_once_is_kept_once(void **state)
{
    struct world *w = *state;
    struct taken first = {0}, second = {0}, third = {0};

    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    sah_adapter_quarantine(w->adapter, "no id", "raw", 3, on_kept, &first);
    sah_adapter_quarantine(w->adapter, "no id", "raw", 3, on_kept, &second);
    assert_true(world_until(w, is_taken, &first, 1000));
    assert_true(world_until(w, is_taken, &second, 1000));
    assert_int_equal(first.err, SAH_OK);
    assert_int_equal(second.err, SAH_EAGAIN);
    sah_adapter_quarantine(w->adapter, "no id", "raw", 3, on_kept, &third);
    assert_true(world_until(w, is_taken, &third, 1000));
    assert_int_equal(third.err, SAH_OK);
    assert_int_equal(metric(w, "journaled_total"), 1);
    redis_comes(w);
    assert_true(world_until(w, nothing_journaled, w, 5000));
    assert_int_equal(redis_number(w, "LLEN ch:testchat:{p00}:qn"), 1);
}

static void ready_says_that_the_journal_works_or_why_it_does_not(void **state)
{
    struct world *w = *state;
    char why[400] = "";

    world_journal(w, 4 * MIB, MIB);
    w->journal->key_file = "/nowhere/key";
    w->adapter = world_adapter(w);
    for (unsigned i = 0; i < 300 && metric(w, "redis_up") != 1; i++)
        world_turn(w, 10);
    assert_false(sah_adapter_ready(w->adapter, why, sizeof why));
    assert_non_null(strstr(why, "journal"));
    world_kill(w);
    world_journal(w, 4 * MIB, MIB);
    world_start(w);
    redis_goes(w);
    assert_false(sah_adapter_ready(w->adapter, why, sizeof why));
    assert_non_null(strstr(why, "go to the journal (0 wait"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_emergency_leaves_from_memory_and_its_citizen_hears_at_once),
        T(a_booking_waits_in_the_journal),
        T(a_process_that_dies_leaves_its_messages_to_the_next),
        T(news_of_an_emergency_is_told_from_memory_once),
        T(news_that_was_told_by_a_process_that_died_is_not_told_again),
        T(without_a_journal_news_is_told_once_too),
        T(with_everything_away_the_citizen_is_told_once_that_nothing_is_confirmed),
        T(a_request_made_without_its_conversation_stays_a_request),
        T(a_full_journal_refuses_bookings_first_and_never_lies),
        T(a_disk_that_fails_makes_no_false_received),
        T(a_process_that_dies_at_any_step_loses_nothing_it_answered_for),
        T(a_piece_that_cannot_be_read_waits_in_the_journal_too),
        T(a_piece_that_comes_twice_at_once_is_kept_once),
        T(ready_says_that_the_journal_works_or_why_it_does_not),
    };

    return cmocka_run_group_tests(tests, world_begin_all, world_end_all);
}
