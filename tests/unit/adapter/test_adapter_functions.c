/*
 * test_adapter_functions - adapter.lua by itself: it checks before it writes, refuses late
 * negative answers, bounds its lists, and keeps every key under the partition's tag.
 */
#include <time.h>
#include <unistd.h>

#include "test_adapter_world.h"

#define B "ch:t:{p00}:"

static redisReply *call(struct world *w, const char *words)
{
    char text[512];

    assert_int_equal(sah_format(text, sizeof text, "FCALL %s", words), SAH_OK);
    return redis_do(w, text);
}

static void expect(struct world *w, const char *words, const char *first)
{
    redisReply *r = call(w, words);

    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", words, r->str);
    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    assert_string_equal(r->element[0]->str, first);
    freeReplyObject(r);
}

static void loaded(struct world *w) /* the library comes with an adapter's link */
{
    w->adapter = world_adapter(w);
    for (unsigned i = 0; i < 300 && metric(w, "redis_up") != 1; i++)
        world_turn(w, 10);
    assert_true(metric(w, "redis_up") == 1);
    world_kill(w);
    freeReplyObject(redis_do(w, "FLUSHALL"));
}

static void malformed_calls_write_nothing(void **state)
{
    static const char *const calls[] = {
        "sah_ad1_load 1 " B,
        "sah_ad1_load 1 " B " \"\" dd:1",
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 0",                   /* no submits */
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 0 1 x bytes",         /* no such lane */
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 0 4 e a e a e a e a", /* too many */
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 1 k e s a t",         /* reply cut off */
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 1 k p s a t {} 0",    /* no such class */
        "sah_ad1_commit 1 " B " dd:1 s -1 {} 0 0",
        "sah_ad1_commit 1 " B " dd:1 s x {} 0 0",
        "sah_ad1_commit 1 " B " ev:1 s 0 {} 0 0",
        "sah_ad1_event 1 " B " dd:1 s 0 {} 0 0",
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 0 0 more",
        "sah_ad1_relane 1 " B " 1:0 x",
        "sah_ad1_settled 1 " B " ps:1:0 s 0 {} 0 0 E1 run 1",   /* no lane */
        "sah_ad1_settled 1 " B " ps:1:0 s 0 {} 0 0 E1 run x e", /* no number */
        "sah_ad1_commit 1 " B " dd:1 s 0 {} 0 0 E1",
        "sah_ad1_rehand 1 " B " e run 101 0",
        "sah_ad1_rehand 1 " B " e \"\" 10 0",
        "sah_ad1_rehand_one 1 " B " \"\" e run",
        "sah_ad1_trim_handed 1 " B " 0 1",
        "sah_ad1_told 1 " B " \"\"",
        "sah_ad1_pending 1 " B " e 0 101 0",
        "sah_ad1_pending 1 " B " x 0 10 0",
        "sah_ad1_lease 1 " B " 1000 1 1",
        "sah_ad1_lease 1 " B " 1 1 0",
        "sah_ad1_lease 1 " B " 1 1",
        "sah_ad1_retry 1 " B " k 1 -5 1",
        "sah_ad1_hold 1 " B " k 1 everybody 5",
        "sah_ad1_dead 1 " B " k 1 1.5",
        "sah_ad1_quarantine 1 " B,
        "sah_ad1_quarantine_list 1 " B " 0",
    };
    struct world *w = *state;

    loaded(w);
    for (size_t i = 0; i < SAH_LEN(calls); i++) {
        redisReply *r = call(w, calls[i]);

        if (r->type != REDIS_REPLY_ERROR || strncmp(r->str, "SAHAYA malformed", 16) != 0)
            fail_msg("%s was taken", calls[i]);
        freeReplyObject(r);
        assert_int_equal(redis_number(w, "DBSIZE"), 0);
    }
}

static void a_commit_is_seen_in_conflict_or_done(void **state)
{
    struct world *w = *state;
    redisReply *r;

    loaded(w);
    expect(w, "sah_ad1_commit 1 " B " dd:1 s 0 {} 0 1 e bytes", "OK");
    expect(w, "sah_ad1_commit 1 " B " dd:2 s 0 {} 0 0", "CONFLICT");
    assert_int_equal(redis_number(w, "EXISTS " B "dd:2"), 0);
    expect(w, "sah_ad1_commit 1 " B " dd:2 s 1 {} 0 0", "OK");
    r = call(w, "sah_ad1_load 1 " B " s dd:1");
    assert_string_equal(r->element[0]->str, "SEEN");
    assert_int_equal(r->elements, 6); /* with its pending submit */
    assert_string_equal(r->element[1]->str, "1:0");
    freeReplyObject(r);
    expect(w, "sah_ad1_settled 1 " B " ps:1:0 s 1 {} 0 0", "CONFLICT");
    expect(w, "sah_ad1_settled 1 " B " ps:1:0 s 2 {} 1 k e s a \"\" {} 0", "OK");
    expect(w, "sah_ad1_settled 1 " B " ps:1:0 s 3 {} 1 k2 e s a \"\" {} 0", "GONE");
    assert_int_equal(redis_number(w, "ZCARD " B "ob:q:e"), 1);
    assert_in_range(redis_number(w, "PTTL " B "dd:1"), 863990000, 864000000);
    assert_in_range(redis_number(w, "PTTL " B "cv:s"), 2591990000, 2592000000);
}

static void the_same_key_is_queued_once_even_after_it_was_sent(void **state)
{
    struct world *w = *state;

    loaded(w);
    expect(w, "sah_ad1_commit 1 " B " dd:1 s 0 {} 1 k e s a \"\" {} 0", "OK");
    expect(w, "sah_ad1_commit 1 " B " dd:2 s 1 {} 1 k e s a \"\" {} 0", "OK");
    assert_int_equal(redis_number(w, "ZCARD " B "ob:q:e"), 1);
    freeReplyObject(call(w, "sah_ad1_lease 1 " B " 5 5 1000"));
    expect(w, "sah_ad1_done 1 " B " k cm", "OK");
    expect(w, "sah_ad1_done 1 " B " k cm", "GONE");
    expect(w, "sah_ad1_commit 1 " B " dd:3 s 2 {} 1 k e s a \"\" {} 0", "OK");
    assert_int_equal(redis_number(w, "ZCARD " B "ob:q:e"), 0);
}

static unsigned lease(struct world *w, const char *words, char *ret_epoch)
{
    redisReply *r = call(w, words);
    unsigned n = (unsigned)(r->elements - 2) / 5;

    if (n > 0)
        *ret_epoch = (char)('0' + r->element[4]->integer);
    freeReplyObject(r);
    return n;
}

static void only_the_live_lease_may_say_no_but_anyone_may_say_sent(void **state)
{
    struct world *w = *state;
    char first = 0, second = 0, words[96];

    loaded(w);
    expect(w, "sah_ad1_commit 1 " B " dd:1 s 0 {} 1 k e s a \"\" {} 0", "OK");
    assert_int_equal(lease(w, "sah_ad1_lease 1 " B " 5 5 1", &first), 1);
    world_turn(w, 5); /* the lease ends */
    assert_int_equal(lease(w, "sah_ad1_lease 1 " B " 5 5 60000", &second), 1);
    assert_int_equal(second, first + 1);
    (void)sah_format(words, sizeof words, "sah_ad1_retry 1 " B " k %c 1000 1", first);
    expect(w, words, "GONE");
    (void)sah_format(words, sizeof words, "sah_ad1_dead 1 " B " k %c 5", first);
    expect(w, words, "GONE");
    assert_int_equal(lease(w, "sah_ad1_lease 1 " B " 5 5 60000", &first), 0);
    expect(w, "sah_ad1_done 1 " B " k cm", "OK"); /* of the first lease: it was sent */
    assert_int_equal(redis_number(w, "ZCARD " B "ob:l:e"), 0);
}

static void an_emergency_does_not_wait_for_the_same_citizens_bulk_reply(void **state)
{
    struct world *w = *state;
    char epoch = 0;

    loaded(w);
    expect(w, "sah_ad1_commit 1 " B " dd:1 s 0 {} 1 k1 b s a \"\" {} 0", "OK");
    assert_int_equal(lease(w, "sah_ad1_lease 1 " B " 5 5 60000", &epoch), 1);
    expect(w, "sah_ad1_commit 1 " B " dd:2 s 1 {} 2 k2 b s a \"\" {} k3 e s a \"\" {} 0", "OK");
    assert_int_equal(lease(w, "sah_ad1_lease 1 " B " 5 5 60000", &epoch), 1);
    assert_int_equal(redis_number(w, "ZCARD " B "ob:l:e"), 1);
}

static void dead_letters_and_quarantine_are_bounded(void **state)
{
    struct world *w = *state;
    redisReply *r;

    loaded(w);
    for (unsigned i = 0; i < 1010; i++)
        expect(w, "sah_ad1_quarantine 1 " B " {}", "OK");
    assert_int_equal(redis_number(w, "LLEN " B "qn"), 1000);
    r = call(w, "sah_ad1_stats 1 " B);
    assert_int_equal(r->elements, 17);
    assert_int_equal(r->element[10]->integer, 1000);
    assert_int_equal(r->element[13]->integer, 1010);
    freeReplyObject(r);
}

static void pending_submits_come_oldest_first_page_by_page(void **state)
{
    struct world *w = *state;
    char words[96];
    long long after = 0;
    unsigned n = 0;

    loaded(w);
    for (unsigned i = 0; i < 7; i++) {
        (void)sah_format(words, sizeof words, "sah_ad1_commit 1 " B " dd:%u s%u 0 {} 0 1 %c x",
                         i, i, i == 3 ? 'b' : 'e');
        expect(w, words, "OK");
    }
    do {
        redisReply *r;
        char pid[8];

        (void)sah_format(words, sizeof words, "sah_ad1_pending 1 " B " e %lld 2 0", after);
        r = call(w, words);
        after = r->element[0]->integer;
        for (size_t i = 1; i < r->elements; i += 5, n++) {
            (void)sah_format(pid, sizeof pid, "%u:0", n < 3 ? n : n + 1);
            assert_string_equal(r->element[i]->str, pid);
        }
        freeReplyObject(r);
    } while (after != 0);
    assert_int_equal(n, 6);
    freeReplyObject(call(w, "sah_ad1_relane 1 " B " 3:0 e"));
    assert_int_equal(redis_number(w, "ZCARD " B "psz:e"), 7);
}

/* A message of the sender, pending and then settled as handed over. */
static void hand(struct world *w, const char *name, const char *rid, const char *run, char lane)
{
    char words[200];

    (void)sah_format(words, sizeof words, "sah_ad1_commit 1 " B " dd:%s s 0 \"\" 0 1 %c %s-bytes",
                     name, lane, name);
    expect(w, words, "OK");
    (void)sah_format(words, sizeof words,
                     "sah_ad1_settled 1 " B " ps:%s:0 s 0 \"\" 0 0 %s %s 7 %c", name, rid, run, lane);
    expect(w, words, "OK");
}

/* What that call hands over again, as "a-bytes b-bytes ". */
static void handed_again(struct world *w, const char *words, const char *want)
{
    redisReply *r = call(w, words);
    char got[256] = "";

    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    for (size_t i = 6; i < r->elements; i += 5)
        (void)sah_format(got + strlen(got), sizeof got - strlen(got), "%s ", r->element[i]->str);
    assert_string_equal(got, want);
    freeReplyObject(r);
}

static void what_another_run_took_goes_again_newest_first_in_order_and_once(void **state)
{
    struct world *w = *state;

    loaded(w);
    hand(w, "a1", "EA", "run1", 'e');
    hand(w, "a2", "EA", "run1", 'e');
    usleep(3000); /* the newest is told by Redis' milliseconds */
    hand(w, "b1", "EB", "run1", 'e');
    hand(w, "c1", "BC", "run1", 'b');
    usleep(3000);
    hand(w, "d1", "ED", "run2", 'e');
    assert_int_equal(redis_number(w, "ZCARD " B "psz:e"), 0);
    handed_again(w, "sah_ad1_rehand 1 " B " e run2 1 0", "b1-bytes ");
    handed_again(w, "sah_ad1_rehand 1 " B " e run2 10 0", "a1-bytes a2-bytes ");
    handed_again(w, "sah_ad1_rehand 1 " B " e run2 10 0", "");
    assert_int_equal(redis_number(w, "ZCARD " B "psz:e"), 3); /* pending, so no crash loses them */
    expect(w, "sah_ad1_settled 1 " B " ps:a1:0 s 0 \"\" 0 0 EA run2 9 e", "OK");
    handed_again(w, "sah_ad1_rehand 1 " B " e run2 10 0", "");
    handed_again(w, "sah_ad1_rehand 1 " B " e run3 10 0", "a1-bytes d1-bytes ");
    handed_again(w, "sah_ad1_rehand 1 " B " b run3 10 0", "c1-bytes ");
}

static void what_is_in_the_routers_journal_is_asked_about_after_a_while(void **state)
{
    struct world *w = *state;

    loaded(w);
    hand(w, "a1", "EA", "\"\"", 'e');
    handed_again(w, "sah_ad1_rehand 1 " B " e run1 10 10000", "");
    handed_again(w, "sah_ad1_rehand 1 " B " e run1 10 0", "a1-bytes ");
}

static void a_request_the_router_does_not_know_goes_before_its_amendment(void **state)
{
    struct world *w = *state;
    redisReply *r;

    loaded(w);
    hand(w, "a1", "EA", "run1", 'e');
    handed_again(w, "sah_ad1_rehand_one 1 " B " EA e run2", "a1-bytes ");
    r = call(w, "sah_ad1_rehand_one 1 " B " EA e run2");
    assert_int_equal(r->element[0]->integer, 1); /* known to us, and on its way */
    assert_int_equal(r->element[1]->integer, 0);
    freeReplyObject(r);
    r = call(w, "sah_ad1_rehand_one 1 " B " EX e run2");
    assert_int_equal(r->element[0]->integer, 0);
    freeReplyObject(r);
}

static void records_go_when_the_request_has_ended_and_bookings_before_emergencies(void **state)
{
    struct world *w = *state;
    redisReply *r;

    loaded(w);
    hand(w, "a1", "EA", "run1", 'e');
    hand(w, "b1", "BB", "run1", 'b');
    hand(w, "b2", "BB", "run1", 'b');
    expect(w, "sah_ad1_event 1 " B " ev:1 s 0 \"\" 0 0 EA", "OK");
    r = redis_do(w, "ZSCORE " B "hd EA");
    assert_true(strtod(r->str, NULL) < 1000.0 * (double)time(NULL) + 86400000.0 + 60000.0);
    freeReplyObject(r);
    freeReplyObject(call(w, "sah_ad1_trim_handed 1 " B " 10 10"));
    assert_int_equal(redis_number(w, "EXISTS " B "ho:b1:0"), 1);
    r = call(w, "sah_ad1_trim_handed 1 " B " 10 1");
    assert_int_equal(r->element[1]->integer, 2);
    freeReplyObject(r);
    assert_int_equal(redis_number(w, "EXISTS " B "ho:b1:0"), 0);
    assert_int_equal(redis_number(w, "EXISTS " B "ho:a1:0"), 1);
    assert_int_equal(redis_number(w, "EXISTS " B "hs:b"), 0); /* nothing of it is left */
    freeReplyObject(redis_do(w, "ZADD " B "hd 1 EA")); /* a day later */
    freeReplyObject(call(w, "sah_ad1_trim_handed 1 " B " 10 10"));
    assert_int_equal(redis_number(w, "EXISTS " B "ho:a1:0"), 0);
    handed_again(w, "sah_ad1_rehand 1 " B " e run2 10 0", "");
}

static void a_reply_that_went_out_from_memory_is_not_sent_again(void **state)
{
    struct world *w = *state;

    loaded(w);
    expect(w, "sah_ad1_told 1 " B " k1", "OK");
    expect(w, "sah_ad1_commit 1 " B " dd:1 s 0 {} 2 k1 e s a \"\" {} k2 e s a \"\" {} 0", "OK");
    expect(w, "sah_ad1_told 1 " B " k2", "OK");
    assert_int_equal(redis_number(w, "ZCARD " B "ob:q:e"), 0);
    assert_int_equal(redis_number(w, "ZCARD " B "ob:h:e"), 0);
}

static void every_key_carries_the_partitions_tag(void **state)
{
    struct world *w = *state;
    redisReply *r;

    loaded(w);
    expect(w, "sah_ad1_commit 1 " B " dd:1 s 0 {} 2 k1 b s a t {} k2 e s a \"\" {} 1 e x",
           "OK");
    freeReplyObject(call(w, "sah_ad1_lease 1 " B " 5 5 1000"));
    expect(w, "sah_ad1_hold 1 " B " k2 1 account 5000", "OK");
    expect(w, "sah_ad1_dead 1 " B " k1 1 7", "OK");
    r = redis_do(w, "KEYS *");
    assert_true(r->elements > 8);
    for (size_t i = 0; i < r->elements; i++)
        assert_int_equal(strncmp(r->element[i]->str, B, strlen(B)), 0);
    freeReplyObject(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(malformed_calls_write_nothing),
        T(a_commit_is_seen_in_conflict_or_done),
        T(the_same_key_is_queued_once_even_after_it_was_sent),
        T(only_the_live_lease_may_say_no_but_anyone_may_say_sent),
        T(an_emergency_does_not_wait_for_the_same_citizens_bulk_reply),
        T(dead_letters_and_quarantine_are_bounded),
        T(pending_submits_come_oldest_first_page_by_page),
        T(what_another_run_took_goes_again_newest_first_in_order_and_once),
        T(what_is_in_the_routers_journal_is_asked_about_after_a_while),
        T(a_request_the_router_does_not_know_goes_before_its_amendment),
        T(records_go_when_the_request_has_ended_and_bookings_before_emergencies),
        T(a_reply_that_went_out_from_memory_is_not_sent_again),
        T(every_key_carries_the_partitions_tag),
    };

    return cmocka_run_group_tests_name("adapter functions", tests, world_begin_all,
                                       world_end_all);
}
