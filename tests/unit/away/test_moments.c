/*
 * test_moments - what comes at a bad moment while the store is away: twice on a slow disk, before its
 * request was taken, worse than its request, more than one change can carry.
 */
#include "away_rig.h"

#define WHO(n) (n), (n)

static size_t takes(struct rig *rig, unsigned n)
{
    rig_cue(rig_request(rig, WHO(n), "AMBULANCE_108"), "not_breathing");
    return rig_take(rig);
}

/* (I1, I4) An adapter asks again each 250 ms: the one message is open once, and comes back. */
static void a_message_asked_twice_while_the_disk_is_slow_is_one(void **state)
{
    struct rig *rig = away_rig();
    size_t first, second;

    (void)state;
    store_goes(rig);
    fake_journal_stall(rig->journal, true);
    first = takes(rig, 1);
    second = takes(rig, 1);
    rig_pass(rig, 300);
    assert_false(rig->results[first]->came || rig->results[second]->came);
    fake_journal_stall(rig->journal, false);
    rig_pass(rig, 3000);
    assert_int_equal(rig->results[first]->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(rig->results[second]->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(got(rig, "amb-108", NULL), 1);
    store_comes(rig);
    assert_int_equal(rig_line(rig, rig->results[first]->request_id, "amb-108")->state, SAH_STATE_DELIVERED);
    rig_free(rig);
}

static void a_booking_asked_twice_while_the_disk_is_slow_is_one(void **state)
{
    struct rig *rig = away_rig();

    (void)state;
    store_goes(rig);
    fake_journal_stall(rig->journal, true);
    for (unsigned i = 0; i < 2; i++) {
        (void)rig_request(rig, WHO(1), "LPG_BOOKING");
        (void)rig_take(rig);
    }
    fake_journal_stall(rig->journal, false);
    rig_settle(rig);
    assert_int_equal(sah_away_view(rig->away).left, 1);
    store_comes(rig);
    assert_int_equal(got(rig, "indane", NULL), 1);
    rig_free(rig);
}

/* (I4, I9) Its citizen was told that we have it: the lane's limit makes it wait, and no more. */
static void a_booking_that_was_accepted_is_not_refused_when_it_comes_back(void **state)
{
    struct rig *rig = rig_new(&(struct rig_options){.away = true, .lane = SAH_LANE_BULK});

    (void)state;
    rig->settings.admission = (struct sah_admission){.queued_max = 5};
    rig_crash(rig);
    rig_manner(rig, "indane", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    for (unsigned n = 1; n <= 5; n++)
        (void)rig_accept(rig, WHO(n), "LPG_BOOKING", NULL);
    rig_pass(rig, 3000);
    store_goes(rig);
    for (unsigned n = 6; n <= 8; n++)
        assert_int_equal(asks(rig, n, "LPG_BOOKING", NULL)->code, SAH_RESULT_ACCEPTED);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    rig_pass(rig, 20000);
    assert_int_equal(sah_away_view(rig->away).counters->bring_lost, 0);
    rig_manner(rig, "indane", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 20});
    rig_pass(rig, 600000);
    assert_int_equal(sah_away_view(rig->away).left, 0);
    for (unsigned n = 0; n < 8; n++)
        assert_non_null(rig_delivery(rig, rig->results[n]->request_id, "indane", SAH_KIND_REQUEST));
    rig_free(rig);
}

/* (I7, I9) Gas smelt in a booking that is only in the journal is for the other lane, now. */
static void a_danger_in_a_booking_of_the_journal_is_for_the_other_lane(void **state)
{
    struct rig *rig = rig_new(&(struct rig_options){.away = true, .lane = SAH_LANE_BULK});
    char booking[SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    memcpy(booking, asks(rig, 1, "LPG_BOOKING", NULL)->request_id, sizeof booking);
    rig_cue(&rig_amendment(rig, 2, 1, booking)->part, "not_breathing");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_WRONG_LANE);
    (void)rig_amendment(rig, 3, 1, booking);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_free(rig);
}

/* A P2 waits for the store; when it becomes a P0 it goes out, in this life and in the next one. */
static void a_request_of_the_journal_that_becomes_worse_goes_out(void **state)
{
    struct rig *rig = away_rig();
    char hurt[SAH_REQUEST_ID_SIZE];

    for (unsigned life = 0; life < 2; life++) {
        if (life == 1) { /* now the disk alone knows */
            rig_free(rig);
            rig = away_rig();
        }
        store_goes(rig);
        memcpy(hurt, asks(rig, 1, "HELPLINE_181", NULL)->request_id, sizeof hurt);
        (void)rig_amendment(rig, 2, 1, hurt);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        rig_pass(rig, 1000);
        assert_int_equal(got(rig, "women-181", hurt), 0);
        rig_cue(&rig_amendment(rig, 3, 1, hurt)->part, "not_breathing");
        if (life == 1)
            rig_manner(rig, "women-181", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE});
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        if (life == 1) {
            rig_crash(rig);
            store_fails(rig, SAH_MEMORY_DOWN);
            rig_manner(rig, "women-181", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 20});
        }
        rig_pass(rig, 3000);
        assert_true(got(rig, "women-181", hurt) >= 1);
        assert_int_equal(rig_received(rig, "women-181", hurt, SAH_KIND_AMENDMENT), 2);
    }
    store_comes(rig);
    assert_int_equal(rig_view(rig, hurt)->priority, SAH_PRIORITY_P0);
    assert_int_equal(rig_view(rig, hurt)->last_sequence, 3);
    assert_int_equal(rig_received(rig, "women-181", hurt, SAH_KIND_AMENDMENT), 2);
    rig_free(rig);
    (void)state;
}

/* (I10) "Cancel", then "no, please come", while the direct core has no room: never the other way round. */
static void what_follows_a_request_that_waits_for_its_turn_keeps_its_order(void **state)
{
    struct rig *rig = rig_new(&(struct rig_options){.away = true, .jobs_max = 17});
    char last[SAH_REQUEST_ID_SIZE];
    size_t at = 0;

    (void)state;
    store_goes(rig);
    for (unsigned n = 1; n <= 34; n++) {
        at = takes(rig, n);
        if (n % 17 == 0)
            (void)fake_journal_run(rig->journal); /* 17 with the direct core, 17 wait */
    }
    memcpy(last, rig->results[at]->request_id, sizeof last);
    assert_int_equal(rig->results[at]->code, SAH_RESULT_ACCEPTED);
    (void)sah_away_tick(rig->away, rig_now(rig)); /* 16 of them with the direct core: room for one */
    rig_cancel(rig, 101, 34, last);
    (void)rig_take(rig);
    (void)fake_journal_run(rig->journal);
    rig_pass(rig, 1000);
    rig_amendment(rig, 102, 34, last)->kind = SAH_AMENDMENT_RESUME;
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 3000);
    assert_int_equal(rig_received(rig, "amb-108", last, SAH_KIND_CANCEL), 1);
    store_comes(rig);
    assert_int_equal(rig_line(rig, last, "amb-108")->state, SAH_STATE_DELIVERED);
    rig_free(rig);
}

/* (I9) What an agency has refused is not told as delivered when the store goes. */
static void a_refusal_is_not_taken_for_a_yes(void **state)
{
    struct rig *rig = away_rig();
    struct sah_request *r = rig_request(rig, 1, 1, "AMBULANCE_108");
    const struct rig_result *heart;

    (void)state;
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED, .after_ms = 20});
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    rig_manner(rig, "fire-101-b", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    rig_manner(rig, "erss-112", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    rig_cue(r, "not_breathing");
    rig_also(r, "FIRE_101");
    heart = rig_ask(rig);
    rig_pass(rig, 300);
    assert_int_equal(rig_line(rig, heart->request_id, "amb-108")->state, SAH_STATE_REJECTED);
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_pass(rig, 8000);
    assert_int_equal(sah_away_view(rig->away).counters->handed_over, 1);
    assert_int_equal(rig_heard_n(rig, heart->request_id, SAH_STATE_DELIVERED), 0);
    one_key(rig, "amb-108", heart->request_id);
    rig_free(rig);
}

/* (I10) What the store has and could not send is handed over too, and what is said next comes after it;
 * the citizen hears once that we have the request. */
static void what_was_said_before_the_store_went_is_read_before_what_is_said_after(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    enum sah_kind last = SAH_KIND_UNSPECIFIED;

    (void)state;
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE, .after_ms = 20});
    memcpy(heart, rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing"), sizeof heart);
    rig_cancel(rig, 2, 1, heart);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_pass(rig, 3000);
    rig_amendment(rig, 3, 1, heart)->kind = SAH_AMENDMENT_RESUME;
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(sah_away_view(rig->away).counters->handed_over, 1);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_pass(rig, 8000);
    store_comes(rig);
    rig_pass(rig, 5000);
    for (size_t i = 0; i < sah_fake_agencies_n(rig->agencies); i++) {
        const struct sah_fake_received *attempt = sah_fake_agencies_received(rig->agencies, i);

        if (strcmp(attempt->agency, "amb-108") != 0)
            continue;
        assert_int_equal(attempt->sequence, attempt->kind == SAH_KIND_REQUEST  ? 1
                                            : attempt->kind == SAH_KIND_CANCEL ? 2
                                                                               : 3);
        last = attempt->kind == SAH_KIND_REQUEST ? last : attempt->kind;
    }
    assert_int_equal(last, SAH_KIND_AMENDMENT);
    assert_int_equal(rig_view(rig, heart)->last_sequence, 3);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_RECEIVED), 1);
    rig_free(rig);
}

/* (I8) Nobody served the channel for the whole outage: everything is told in the end, once. */
static void more_news_than_one_change_carries_come_back_whole(void **state)
{
    static const enum sah_state said[] = {
        SAH_STATE_ACKNOWLEDGED, SAH_STATE_UNIT_ASSIGNED, SAH_STATE_EN_ROUTE,      SAH_STATE_UNIT_LOST,
        SAH_STATE_UNIT_ASSIGNED, SAH_STATE_EN_ROUTE,     SAH_STATE_ON_SCENE,      SAH_STATE_TRANSPORTING,
        SAH_STATE_CLOSED};
    static const char *const channels[] = {RIG_CHANNEL};
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];

    (void)state;
    sah_fake_adapters_serve(rig->adapters, NULL, 0);
    store_goes(rig);
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 1000);
    for (size_t i = 0; i < SAH_LEN(said); i++)
        assert_int_equal(rig_person(rig, heart, "amb-108", said[i]), SAH_STATUS_APPLIED);
    store_comes(rig);
    sah_fake_adapters_serve(rig->adapters, channels, 1);
    rig_pass(rig, 5000);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_RECEIVED), 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_EN_ROUTE), 2);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_CLOSED), 1);
    rig_free(rig);
}

/* (I4) The store goes in the moment in which a person is to get it: it stays in the journal. */
static void what_could_not_be_kept_for_a_person_stays(void **state)
{
    struct rig *rig = away_rig();
    char nobody[SAH_REQUEST_ID_SIZE];
    unsigned open;

    (void)state;
    memcpy(nobody, rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing"), sizeof nobody);
    rig_pass(rig, 1000);
    store_goes(rig);
    (void)rig_amendment(rig, 2, 7, nobody); /* another citizen's: not found */
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    rig_pass(rig, 58000);
    for (unsigned i = 0; i < 200; i++) {
        rig->now_ms += 50;
        (void)sah_away_tick(rig->away, rig_now(rig)); /* asks, and the answer is on its way */
        store_fails(rig, SAH_MEMORY_DOWN);
        rig_settle(rig);
        open = fake_journal_open(rig->journal);
        assert_int_equal(open, 1);
        sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    }
    assert_int_equal(sah_away_view(rig->away).counters->bring_lost, 0);
    rig_pass(rig, 90000);
    assert_int_equal(sah_away_view(rig->away).counters->bring_lost, 1);
    assert_int_equal(fake_journal_open(rig->journal), 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_asked_twice_while_the_disk_is_slow_is_one),
        cmocka_unit_test(a_booking_asked_twice_while_the_disk_is_slow_is_one),
        cmocka_unit_test(a_booking_that_was_accepted_is_not_refused_when_it_comes_back),
        cmocka_unit_test(a_danger_in_a_booking_of_the_journal_is_for_the_other_lane),
        cmocka_unit_test(a_request_of_the_journal_that_becomes_worse_goes_out),
        cmocka_unit_test(what_follows_a_request_that_waits_for_its_turn_keeps_its_order),
        cmocka_unit_test(a_refusal_is_not_taken_for_a_yes),
        cmocka_unit_test(what_was_said_before_the_store_went_is_read_before_what_is_said_after),
        cmocka_unit_test(more_news_than_one_change_carries_come_back_whole),
        cmocka_unit_test(what_could_not_be_kept_for_a_person_stays),
    };

    return cmocka_run_group_tests_name("away: moments", tests, NULL, NULL);
}
