/*
 * test_store_redis - the contract on a real Redis, and what only a real one can show: arguments
 * refused without a write, kill -9, expiry, several partitions, a Redis that refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/redis_harness.h"
#include "contract/store_calls.h"

static struct redis_harness with;
static struct sah_store_harness harness;

static int before_each(void **state)
{
    harness.make(&harness);
    *state = &harness;
    return 0;
}

static int after_each(void **state)
{
    (void)state;
    harness.destroy(&harness);
    with.partitions = 1;
    return 0;
}

static long long n_keys(void)
{
    redisReply *reply = redis_server_ask(&with.server, "DBSIZE", NULL);
    long long n = reply->integer;

    freeReplyObject(reply);
    return n;
}

static long long memory_of(const char *key)
{
    redisReply *reply = redis_server_ask(&with.server, "MEMORY", "USAGE", key, NULL);
    long long n = reply->integer;

    freeReplyObject(reply);
    return n;
}

static void garbage_is_refused_and_writes_nothing(void **state)
{
#define TAG       "1", "er:{d00}"
#define MAX_WORDS 16
    static const char *const cases[][MAX_WORDS] = {
        {"FCALL", "sahaya_1_commit", TAG},
        {"FCALL", "sahaya_1_commit", TAG, "\xc1\xc1", ""},
        {"FCALL", "sahaya_1_commit", TAG, "\x92\x01\x02", "bytes"},
        {"FCALL", "sahaya_1_commit", "1", "er:{elsewhere}", "x", "y"},
        {"FCALL", "sahaya_1_commit", "0"},
        {"FCALL", "sahaya_1_lease", TAG, "108-state", "0", "9", "1", "1", "1", "1", "1", "1",
         "1"},
        {"FCALL", "sahaya_1_lease", TAG, "108-state", "0", "4", "999", "1", "1", "1", "1", "1",
         "1"},
        {"FCALL", "sahaya_1_lease", TAG, "108:state", "0", "4", "1", "1", "1", "1", "1", "1",
         "1"},
        {"FCALL", "sahaya_1_settle", TAG, "nokey", "1", "1", "108-state", "0", "1", "2000"},
        {"FCALL", "sahaya_1_settle", TAG, "00112233445566778899aabbccddeeff", "-1", "1", "e",
         "0", "1", "1"},
        {"FCALL", "sahaya_1_settle", TAG, "00112233445566778899aabbccddeeff", "1", "1", "", "0",
         "1", "1"},
        {"FCALL", "sahaya_1_tick", TAG, "100000", "2000", "16"},
        {"FCALL", "sahaya_1_tick", TAG, "1e2", "2000", "16"},
        {"FCALL", "sahaya_1_tick", TAG, "100", "2000", "17"},
        {"FCALL", "sahaya_1_tick", TAG, "100", "2000", "16", "nobody", "2000", "0"},
        {"FCALL", "sahaya_1_tick", TAG, "100", "2000", "16", "00000000000000aa", "0", "0"},
        {"FCALL", "sahaya_1_tick", TAG, "100", "2000", "16", "00000000000000aa", "2000", "-1"},
        {"FCALL", "sahaya_1_lease", TAG, "108-state", "0", "4", "1", "1", "1", "1", "1", "1",
         "1", "*", "2000"},
        {"FCALL_RO", "sahaya_1_stats", TAG, "no such endpoint"},
        {"FCALL_RO", "sahaya_1_load", TAG, "X00"},
        {"FCALL", "sahaya_1_outbox_take", TAG, "webchat", "x", "1", "1"},
        {"FCALL", "sahaya_1_outbox_ack", TAG, "E-00-1"},
        {"FCALL", "sahaya_1_quarantine", TAG, "bus", "why", "3", "zz"},
        {"FCALL_RO", "sahaya_1_quarantine_list", TAG, "0"},
        {"FCALL_RO", "sahaya_1_dead", TAG, "108:state", "0", "10"},
        {"FCALL_RO", "sahaya_1_dead", TAG, "108-state", "-1", "10"},
        {"FCALL_RO", "sahaya_1_dead", TAG, "108-state", "0", "101"},
        {"FCALL_RO", "sahaya_1_endpoints", TAG, "x"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        int n = 0;
        redisReply *reply;

        while (n < MAX_WORDS && cases[i][n] != NULL)
            n++;
        reply = redisCommandArgv(with.server.direct, n, (const char **)cases[i], NULL);
        assert_non_null(reply);
        if (reply->type != REDIS_REPLY_ERROR || strncmp(reply->str, "SAHINVAL ", 9) != 0)
            fail_msg("case %zu: %s", i, reply->str != NULL ? reply->str : "not an error");
        freeReplyObject(reply);
        assert_int_equal(n_keys(), 0);
    }
}

/* Everything accepted is there after kill -9, and the functions with it. */
static void after_kill_9_the_store_goes_on(void **state)
{
    struct sah_committed committed;
    struct sah_leased leased;
    redisReply *reply;

    (void)state;
    struct sah_change *c = new_request(1, SAH_PRIORITY_P0);

    add_plan(c, 1, "108");
    add_line(c, "108", SAH_STATE_QUEUED);
    c->timers[0] = (struct sah_timer_set){.agency = "108", .kind = SAH_TIMER_ACK, .level = 1, .after_now_ms = 50};
    c->n_timers = 1;
    must_commit(&harness, c);
    leased = lease_one(&harness, "108");
    redis_server_kill(&with.server);
    redis_harness_until(&with, SAH_REDIS_DOWN);
    assert_int_equal(do_commit(&harness, new_request(2, SAH_PRIORITY_P0), &committed),
                     SAH_EDOWN);
    redis_server_again(&with.server);
    reply = redis_server_ask(&with.server, "FUNCTION", "LIST", "LIBRARYNAME", "sahaya_router_1",
                             NULL);
    assert_int_equal(reply->elements, 1);
    freeReplyObject(reply);
    redis_harness_until(&with, SAH_REDIS_UP);
    assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P0), &committed), SAH_OK);
    assert_true(committed.duplicate);
    assert_int_equal(strlen(committed.store_run_id), 40);
    settle_done(&harness, 1, &leased);
    harness.advance_ms(&harness, 50);
    assert_int_equal(do_tick(&harness, 10).n_timers, 1); /* the timer too */
}

static void names_of(unsigned n, char rq[64], char ms[64])
{
    struct sah_id id = id_of(n);
    char hex[SAH_ID_HEX_SIZE], rid[SAH_REQUEST_ID_SIZE];

    sah_id_hex(&id, hex);
    request_id_of(n, rid);
    sah_format(rq, 64, "er:{d00}:rq:%s", rid);
    sah_format(ms, 64, "er:{d00}:ms:%s", hex);
}

static void only_what_is_over_expires(void **state)
{
    const long long day_ms = DAY_MS;
    struct sah_leased leased;
    struct sah_change *c;
    char rq[64], ms[64], dl[64];

    (void)state;
    accept_request(&harness, 1, SAH_PRIORITY_P1, "108");
    names_of(1, rq, ms);
    leased = lease_one(&harness, "108");
    sah_format(dl, sizeof dl, "er:{d00}:dl:%s", leased.key);
    c = change_of(&harness, 1);
    c->closed_ms = 1;         /* by a clock that is wrong */
    must_commit(&harness, c); /* closed, but a delivery is still under way */
    assert_int_equal(redis_server_number(&with.server, "PTTL", rq), -1);
    assert_int_equal(redis_server_number(&with.server, "PTTL", ms), -1);
    assert_int_equal(redis_server_number(&with.server, "PTTL", dl), -1);
    settle_done(&harness, 1, &leased);
    assert_in_range(redis_server_number(&with.server, "PTTL", rq), 39 * day_ms, 40 * day_ms);
    assert_in_range(redis_server_number(&with.server, "PTTL", ms), 39 * day_ms, 40 * day_ms);
    assert_in_range(redis_server_number(&with.server, "PTTL", dl), 10 * day_ms, 11 * day_ms);

    c = amendment(&harness, 1, 2, 2); /* something new about it: kept again */
    add_plan(c, 2, "108");
    must_commit(&harness, c);
    assert_int_equal(redis_server_number(&with.server, "PTTL", rq), -1);
    assert_int_equal(redis_server_number(&with.server, "PTTL", ms), -1);
    leased = lease_one(&harness, "108");
    c = change_of(&harness, 1);
    set_settle(c, SAH_SETTLE_DEAD, &leased);
    must_commit(&harness, c); /* a dead letter keeps what it needs to be replayed */
    assert_int_equal(redis_server_number(&with.server, "PTTL", rq), -1);
    names_of(2, rq, ms);
    assert_int_equal(redis_server_number(&with.server, "PTTL", ms), -1);
}

/* (I6) A message is known as long as it is there; when all of it has expired it is new, under the same names. */
static void a_message_that_has_expired_comes_again_under_its_old_names(void **state)
{
    struct sah_committed committed;
    struct sah_leased leased;
    struct sah_change *c;
    char rq[64], ms[64], dl[64];

    (void)state;
    accept_request(&harness, 1, SAH_PRIORITY_P1, "108");
    leased = lease_one(&harness, "108");
    settle_done(&harness, 1, &leased);
    names_of(1, rq, ms);
    sah_format(dl, sizeof dl, "er:{d00}:dl:%s", leased.key);
    assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P1), &committed), SAH_OK);
    assert_true(committed.duplicate);
    assert_int_equal(committed.accept_seq, 1);
    lease_none(&harness, "108");

    freeReplyObject(redis_server_ask(&with.server, "DEL", rq, ms, dl, NULL)); /* all of it */
    c = new_request(1, SAH_PRIORITY_P1);
    add_plan(c, 1, "108");
    must_commit(&harness, c);
    assert_string_equal(lease_one(&harness, "108").key, leased.key);
}

static void set_clock_seen(int64_t ago_ms)
{
    redisReply *time = redis_server_ask(&with.server, "TIME", NULL);
    char text[64];

    sah_format(text, sizeof text, "%lld 0 0", strtoll(time->element[0]->str, NULL, 10) * 1000 - (long long)ago_ms);
    freeReplyObject(time);
    freeReplyObject(redis_server_ask(&with.server, "SET", "er:{d00}:ck", text, NULL));
}

/* What the server itself knew of the clock went with it; :ck stayed. */
static void restart_with_the_clock_seen(int64_t ago_ms)
{
    do_tick(&harness, 10);
    redis_server_kill(&with.server);
    redis_harness_until(&with, SAH_REDIS_DOWN);
    redis_server_again(&with.server);
    redis_harness_until(&with, SAH_REDIS_UP);
    set_clock_seen(ago_ms);
}

static void a_clock_set_while_the_server_was_down_is_seen(void **state)
{
    static const struct {
        int64_t ago_ms;
        uint64_t jumps;
    } cases[] = {{3600000, 1}, {-3600000, 1}, {2000, 0}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_ticked ticked;

        restart_with_the_clock_seen(cases[i].ago_ms);
        do_tick(&harness, 10);
        ticked = do_tick(&harness, 10);
        assert_int_equal(ticked.clock_jumps, cases[i].jumps);
    }
    /* A router that lived through none of it cannot know, and believes. */
    restart_with_the_clock_seen(3600000);
    harness.as(&harness, 1);
    assert_int_equal(do_tick(&harness, 10).clock_jumps, 0);
    harness.as(&harness, 0);
    assert_int_equal(do_tick(&harness, 10).clock_jumps, 0);
}

/* A million of them wait: what one costs is what they cost a million times. */
static void a_booking_that_waits_is_small(void **state)
{
    char rq[64], ms[64], dl[64];
    long long before = 0;
    struct sah_change *c = NULL;

    (void)state;
    for (unsigned n = 1; n <= 1000; n++) {
        c = new_request(n, SAH_PRIORITY_P4);
        sah_format(c->service, sizeof c->service, "LPG_BOOKING");
        sah_format(c->rule, sizeof c->rule, "P4.lpg");
        c->incident_type[0] = '\0';
        add_plan(c, n, "indane");
        sah_format(c->plans[0].endpoint, sizeof c->plans[0].endpoint, "indane");
        add_line(c, "indane", SAH_STATE_QUEUED)->sequence = 1;
        must_commit(&harness, c);
        if (n == 1)
            before = n_keys();
    }
    assert_int_equal(n_keys() - before, 3 * 999);
    names_of(1000, rq, ms);
    sah_format(dl, sizeof dl, "er:{d00}:dl:%s", c->plans[0].key);
    assert_in_range(memory_of(rq), 1, 216);
    assert_in_range(memory_of(dl), 1, 152);
}

/* Nothing rolls back: a step that broke half-way is made again, and locks nobody out. */
static void a_step_that_broke_before_its_end_is_made_again(void **state)
{
    struct sah_committed committed;
    struct sah_leased leased;
    char rq[64], ms[64];

    (void)state;
    accept_request(&harness, 1, SAH_PRIORITY_P1, "108");
    names_of(1, rq, ms);
    freeReplyObject(redis_server_ask(&with.server, "DEL", ms, NULL)); /* as if it had not come that far */
    must_commit(&harness, new_request(1, SAH_PRIORITY_P1));
    leased = lease_one(&harness, "108");
    lease_none(&harness, "108");
    settle_done(&harness, 1, &leased);
    assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P1), &committed), SAH_OK);
    assert_true(committed.duplicate);
}

static void a_store_with_nothing_open_leaves_no_queue_behind(void **state)
{
    static const char *const patterns[] = {"*:q:*", "*:or:*", "*:lz",   "*:lo:*", "*:rz",
                                           "*:wz",  "*:ob:*", "*:ol:*", "*:oe:*"};
    struct sah_outbox_event event[1];
    struct sah_leased leased;
    struct sah_change *c;

    (void)state;
    accept_request(&harness, 1, SAH_PRIORITY_P1, "108");
    for (unsigned n = 2; n <= 3; n++) {
        c = amendment(&harness, 1, n, n);
        add_plan(c, n, "108");
        if (n == 2)
            add_event(c, true, "108");
        must_commit(&harness, c);
    }
    for (int i = 0; i < 3; i++) {
        leased = lease_one(&harness, "108");
        settle_done(&harness, 1, &leased);
    }
    assert_int_equal(do_take(&harness, "webchat", 1, 60000, event), 1);
    assert_int_equal(do_ack(&harness, event[0].event_id), SAH_OK);
    for (size_t i = 0; i < SAH_LEN(patterns); i++) {
        redisReply *reply = redis_server_ask(&with.server, "KEYS", patterns[i], NULL);

        if (reply->elements != 0)
            fail_msg("%s left", reply->element[0]->str);
        freeReplyObject(reply);
    }
}

static void set_maxmemory(const char *bytes)
{
    freeReplyObject(redis_server_ask(&with.server, "CONFIG", "SET", "maxmemory", bytes, NULL));
}

/* A bound a tenth below what is used now: past it, and not far past it. */
static void set_maxmemory_full(void)
{
    redisReply *info = redis_server_ask(&with.server, "INFO", "memory", NULL);
    const char *used = strstr(info->str, "used_memory:") + strlen("used_memory:");
    uint64_t bytes = 0;
    char text[32];

    assert_int_equal(sah_parse_u64((struct sah_slice){used, strcspn(used, "\r\n")}, 0, UINT64_MAX, &bytes), SAH_OK);
    freeReplyObject(info);
    bytes = bytes / 10 * 9;
    sah_format(text, sizeof text, "%llu", (unsigned long long)bytes);
    set_maxmemory(text);
}

/* At the memory bound bookings are refused, for the journal; emergencies come in, and everything drains. */
static void at_the_memory_bound_it_drains(void **state)
{
    struct sah_committed committed;
    struct sah_outbox_event events[2];
    struct sah_leased leased;
    struct sah_change *c;

    (void)state;
    for (unsigned n = 1; n <= 2; n++)
        accept_request(&harness, n, SAH_PRIORITY_P4, n == 1 ? "indane" : "hp-gas");
    set_maxmemory_full();
    for (unsigned p = SAH_PRIORITY_P3; p <= SAH_PRIORITY_P4; p++)
        assert_int_equal(do_commit(&harness, new_request(10, (enum sah_priority)p), &committed), SAH_EDOWN);
    c = amendment(&harness, 1, 11, 2);
    c->priority = SAH_PRIORITY_P4;
    assert_int_equal(do_commit(&harness, c, &committed), SAH_EDOWN);
    for (unsigned p = SAH_PRIORITY_P0; p <= SAH_PRIORITY_P2; p++) {
        c = new_request(20 + p, (enum sah_priority)p);
        add_plan(c, 20 + p, "108");
        if (p < SAH_PRIORITY_P2)
            add_event(c, true, "108");
        assert_int_equal(do_commit(&harness, c, &committed), SAH_OK);
        leased = lease_one(&harness, "108");
        settle_done(&harness, 20 + p, &leased);
    }
    leased = lease_one(&harness, "indane");
    assert_int_equal(do_delay(&harness, &leased, 1, "indane-state", SAH_ANSWER_BUSY), SAH_OK);
    harness.advance_ms(&harness, 5);
    assert_int_equal(do_tick(&harness, 10).moved, 1);
    for (unsigned n = 1; n <= 2; n++) {
        leased = lease_one(&harness, n == 1 ? "indane" : "hp-gas");
        settle_done(&harness, n, &leased);
    }
    assert_int_equal(do_take(&harness, "webchat", 2, 60000, events), 2);
    for (unsigned n = 0; n < 2; n++)
        assert_int_equal(do_ack(&harness, events[n].event_id), SAH_OK);
    set_maxmemory("0");
    assert_int_equal(do_commit(&harness, new_request(10, SAH_PRIORITY_P4), &committed), SAH_OK);
    assert_false(committed.duplicate); /* none of the refused ones was written */
}

/* `dead`, `endpoints` and figures are those of all partitions; a letter is replayed in its own. */
static void dead_letters_come_from_every_partition(void **state)
{
    enum { PARTITIONS = 4, EACH = 3 };
    struct sah_dead_letter letters[SAH_DEAD_MAX];
    char names[4][SAH_AGENCY_SIZE];
    struct sah_queue_stat queue;
    bool seen[PARTITIONS * EACH] = {false};
    uint64_t total;

    (void)state;
    harness.destroy(&harness);
    with.partitions = PARTITIONS;
    harness.make(&harness);
    for (unsigned i = 0; i < PARTITIONS * EACH; i++) {
        struct sah_change *c = new_request(i + 1, SAH_PRIORITY_P4);
        struct sah_id id = id_of(i + 1);
        struct sah_leased leased;

        sah_request_id(SAH_LANE_EMERGENCY, i % PARTITIONS, &id, c->request_id);
        sah_incident_id(i % PARTITIONS, &id, c->incident_id);
        add_plan(c, i + 1, "indane");
        must_commit(&harness, c);
        leased = lease_one(&harness, "indane");
        c = new_request(i + 1, SAH_PRIORITY_UNSPECIFIED);
        memcpy(c->request_id, leased.request_id, sizeof c->request_id);
        c->bytes = (struct sah_slice){NULL, 0};
        c->incident_id[0] = '\0';
        c->expected_revision = 1;
        set_settle(c, SAH_SETTLE_DEAD, &leased);
        must_commit(&harness, c);
    }
    do_stats(&harness, "indane-state", &queue);
    assert_int_equal(queue.dead, PARTITIONS * EACH);
    assert_int_equal(do_endpoints(&harness, names, SAH_LEN(names)), 1);
    for (unsigned skip = 0; skip < PARTITIONS * EACH; skip += 5) { /* pages that end inside a partition */
        unsigned n = do_dead(&harness, "indane-state", skip, 5, letters, &total);

        assert_int_equal(total, PARTITIONS * EACH);
        assert_int_equal(n, skip < 10 ? 5 : 2);
        for (unsigned i = 0; i < n; i++)
            for (unsigned of = 0; of < PARTITIONS * EACH; of++) {
                struct sah_id id = id_of(of + 1);

                if (sah_id_equal(&letters[i].message_id, &id)) {
                    assert_false(seen[of]);
                    seen[of] = true;
                }
            }
    }
    for (unsigned of = 0; of < PARTITIONS * EACH; of++)
        assert_true(seen[of]);
    while (do_dead(&harness, "indane-state", 0, 1, letters, &total) == 1) {
        struct sah_request_view view;
        struct sah_change *c = new_request(99, SAH_PRIORITY_UNSPECIFIED);
        struct sah_plan *plan;

        assert_int_equal(do_load(&harness, letters[0].request_id, &view), SAH_OK);
        memcpy(c->request_id, letters[0].request_id, sizeof c->request_id);
        c->bytes = (struct sah_slice){NULL, 0};
        c->incident_id[0] = '\0';
        c->expected_revision = view.revision;
        plan = add_plan(c, 1, "indane");
        memcpy(plan->key, letters[0].key, sizeof plan->key);
        plan->message_id = letters[0].message_id;
        plan->replay = SAH_REPLAY_READY;
        must_commit(&harness, c);
    }
    do_stats(&harness, "indane-state", &queue);
    assert_int_equal(queue.dead, 0);
    assert_int_equal(queue.ready[4], PARTITIONS * EACH);
}

static void refusals_of_redis_mean_not_done(void **state)
{
    struct sah_committed committed;

    (void)state;
    set_maxmemory("1");
    assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P4), &committed),
                     SAH_EDOWN);
    set_maxmemory("0");
    assert_int_equal(n_keys(), 0);
    freeReplyObject(
        redis_server_ask(&with.server, "FUNCTION", "DELETE", "sahaya_router_1", NULL));
    assert_int_equal(do_commit(&harness, new_request(1, SAH_PRIORITY_P0), &committed),
                     SAH_EDOWN);
}

static void worst_first_holds_across_partitions(void **state)
{
    static const enum sah_priority in[] = {SAH_PRIORITY_P2, SAH_PRIORITY_P1, SAH_PRIORITY_P0,
                                           SAH_PRIORITY_P1};
    struct sah_outbox_event events[8];
    struct sah_leased leased[8];
    struct sah_queue_stat queue;

    (void)state;
    harness.destroy(&harness);
    with.partitions = 4;
    harness.make(&harness);
    for (unsigned i = 0; i < SAH_LEN(in); i++) {
        struct sah_change *c = new_request(i + 1, in[i]);
        struct sah_id id = id_of(i + 1);

        sah_request_id(SAH_LANE_EMERGENCY, 3 - i, &id, c->request_id);
        sah_incident_id(3 - i, &id, c->incident_id);
        add_plan(c, i + 1, "108");
        add_event(c, i % 2 == 1, "108");
        must_commit(&harness, c);
    }
    do_stats(&harness, "108-state", &queue);
    assert_int_equal(queue.ready[1], 2);
    assert_int_equal(do_lease(&harness, "108-state", 4, 3, leased), 3);
    assert_int_equal(leased[0].priority, SAH_PRIORITY_P0);
    assert_int_equal(leased[2].priority, SAH_PRIORITY_P1);
    assert_int_equal(do_lease(&harness, "108-state", 4, 8, leased + 3), 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(do_delay(&harness, &leased[i], 1, "108-state", SAH_ANSWER_BUSY),
                         SAH_OK);
    assert_int_equal(do_delay(&harness, &leased[0], 1, "108-state", SAH_ANSWER_BUSY),
                     SAH_ENOENT);
    harness.advance_ms(&harness, 5);
    assert_int_equal(do_tick(&harness, 10).moved, 4);
    assert_int_equal(do_take(&harness, "webchat", 8, 60000, events), 4);
    assert_true(events[0].emergency && events[1].emergency);
    assert_false(events[2].emergency || events[3].emergency);
    for (int i = 0; i < 4; i++)
        assert_int_equal(do_ack(&harness, events[i].event_id), SAH_OK);
    assert_int_equal(do_stats(&harness, "108-state", NULL).outbox, 0);
}

static void on_canceled(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    (void)leased;
    assert_int_equal(err, SAH_ECANCELED);
    assert_int_equal(n, 0);
    *(bool *)data = true;
}

static void what_is_in_flight_ends_with_the_link(void **state)
{
    bool done = false;

    (void)state;
    harness.store->lease(harness.store->data, "108-state", 4, 1, on_canceled, &done);
    assert_false(done);
    harness.destroy(&harness);
    assert_true(done);
    harness.make(&harness);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, before_each, after_each)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(garbage_is_refused_and_writes_nothing),
        CASE(after_kill_9_the_store_goes_on),
        CASE(only_what_is_over_expires),
        CASE(a_message_that_has_expired_comes_again_under_its_old_names),
        CASE(a_clock_set_while_the_server_was_down_is_seen),
        CASE(a_booking_that_waits_is_small),
        CASE(a_step_that_broke_before_its_end_is_made_again),
        CASE(a_store_with_nothing_open_leaves_no_queue_behind),
        CASE(refusals_of_redis_mean_not_done),
        CASE(at_the_memory_bound_it_drains),
        CASE(worst_first_holds_across_partitions),
        CASE(dead_letters_come_from_every_partition),
        CASE(what_is_in_flight_ends_with_the_link),
    };
    int failed;

    redis_server_start(&with.server, false);
    redis_harness_init(&with, &harness, "store contract, Redis");
    failed = sah_store_contract_run(&harness);
    failed += cmocka_run_group_tests_name("Redis store", tests, NULL, NULL);
    redis_server_stop(&with.server);
    return failed;
}
