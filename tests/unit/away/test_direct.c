/*
 * test_direct - while the store is away: what is answered when, what goes out all the same, what waits.
 */
#include "away_rig.h"

static void a_p0_is_on_disk_before_it_is_answered_and_goes_out_without_the_store(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    store_goes(rig);
    fake_journal_stall(rig->journal, true);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 3000);
    assert_false(heart->came); /* (I1) */
    assert_int_equal(got(rig, "amb-108", NULL), 0);
    fake_journal_stall(rig->journal, false);
    rig_pass(rig, 100);
    assert_true(heart->came);
    assert_int_equal(heart->code, SAH_RESULT_ACCEPTED);
    assert_string_equal(heart->run_id, SAH_AWAY_RUN_ID);
    assert_int_equal(heart->accept_seq, 0);
    assert_int_equal(got(rig, "amb-108", heart->request_id), 1);
    assert_string_equal(rig_heard(rig, heart->request_id), "RECEIVED DELIVERED");
    rig_free(rig);
}

static void a_disk_that_refuses_means_try_again(void **state)
{
    static const int errors[] = {SAH_EIO, SAH_ELIMIT, SAH_EAGAIN};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(errors); i++) {
        struct rig *rig = away_rig();

        store_goes(rig);
        fake_journal_break(rig->journal, errors[i]);
        assert_int_equal(asks(rig, 1, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_RETRY);
        fake_journal_break(rig->journal, SAH_OK);
        assert_int_equal(asks(rig, 1, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_ACCEPTED);
        store_comes(rig);
        rig_free(rig);
    }
}

static void a_store_that_does_not_answer_costs_a_p0_a_quarter_of_a_second(void **state)
{
    struct rig *rig = away_rig();
    struct sah_request *r;
    uint64_t begin_ms;
    size_t at;

    (void)state;
    rig_pass(rig, 1000);
    r = rig_request(rig, 1, 1, "AMBULANCE_108");
    rig_cue(r, "not_breathing");
    begin_ms = rig->now_ms;
    at = rig_take(rig); /* applied, and its answer waits: nothing lets it go on */
    while (!rig->results[at]->came && rig->now_ms < begin_ms + 1000) {
        rig->now_ms += 10;
        (void)sah_away_tick(rig->away, rig_now(rig));
        (void)fake_journal_run(rig->journal);
    }
    assert_true(rig->results[at]->came);
    assert_in_range(rig->now_ms - begin_ms, 250, 300);
    (void)sah_away_tick(rig->away, rig_now(rig)); /* accepted */
    (void)sah_away_tick(rig->away, rig_now(rig)); /* leased */
    assert_int_equal(got(rig, "amb-108", NULL), 1);
    assert_int_equal(sah_away_view(rig->away).state, SAH_HEALTH_SLOW);
    rig_settle(rig);
    rig_pass(rig, 12000);
    assert_int_equal(got(rig, "amb-108", NULL), 1); /* the store has it as well, and nobody sends it again */
    assert_int_equal(sah_away_view(rig->away).state, SAH_HEALTH_NORMAL);
    assert_int_equal(sah_away_view(rig->away).counters->merged, 1);
    rig_free(rig);
}

static void a_booking_waits_in_the_journal(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *booking;

    (void)state;
    store_goes(rig);
    booking = asks(rig, 1, "LPG_BOOKING", NULL);
    assert_int_equal(booking->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 5000);
    assert_int_equal(got(rig, "indane", NULL), 0);
    store_comes(rig);
    assert_int_equal(got(rig, "indane", booking->request_id), 1);
    assert_string_equal(rig_heard(rig, booking->request_id), "RECEIVED DELIVERED");
    rig_free(rig);
}

static void a_message_said_again_is_not_taken_twice(void **state)
{
    struct rig *rig = away_rig();

    (void)state;
    assert_int_equal(asks(rig, 1, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    store_goes(rig);
    assert_int_equal(asks(rig, 1, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(asks(rig, 2, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(asks(rig, 2, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_DUPLICATE);
    rig_pass(rig, 3000);
    assert_int_equal(got(rig, "amb-108", NULL), 2);
    store_comes(rig);
    assert_int_equal(asks(rig, 2, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(got(rig, "amb-108", NULL), 2);
    rig_free(rig);
}

static void a_silent_agency_is_tried_and_the_next_one_asked_without_the_store(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    store_goes(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.silent = true});
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 6000);
    assert_true(got(rig, "amb-108", heart->request_id) >= 2);
    assert_int_equal(got(rig, "erss-112", heart->request_id), 1);
    one_key(rig, "amb-108", heart->request_id);
    rig_free(rig);
}

static void what_the_store_took_and_had_not_sent_is_sent_without_it(void **state)
{
    struct rig *rig = away_rig();
    const char *heart;

    (void)state;
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    heart = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 100);
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 20});
    rig_pass(rig, 5000);
    assert_string_equal(rig_attempt(rig, "amb-108", heart, got(rig, "amb-108", heart) - 1)->request_id, heart);
    assert_int_equal(sah_away_view(rig->away).counters->handed_over, 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_DELIVERED), 1);
    one_key(rig, "amb-108", heart);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_DELIVERED);
    rig_free(rig);
}

/* (I11) What an agency said waits for the disk; what is next for that agency does not. */
static void a_slow_disk_holds_up_what_was_said_and_not_what_is_to_be_sent(void **state)
{
    struct rig *rig = away_rig();
    const char *fire, *next;

    (void)state;
    store_goes(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE, .after_ms = 10});
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 1500});
    fire = asks(rig, 1, "FIRE_101", NULL)->request_id;
    rig_pass(rig, 200);
    next = asks(rig, 2, "AMBULANCE_108", "not_breathing")->request_id; /* goes to 112 in the end */
    assert_int_equal(got(rig, "fire-101", fire), 1);
    fake_journal_stall(rig->journal, true);
    rig_pass(rig, 6000);
    assert_int_equal(rig_heard_n(rig, fire, SAH_STATE_DELIVERED), 0);
    assert_int_equal(got(rig, "erss-112", next), 1);
    assert_true(got(rig, "amb-108", next) > 2);
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 10});
    rig_pass(rig, 4000);
    assert_true(got(rig, "fire-101", fire) > 1); /* asked again under its key: a slot there is not lost */
    one_key(rig, "fire-101", fire);
    fake_journal_stall(rig->journal, false);
    rig_pass(rig, 500);
    assert_int_equal(rig_heard_n(rig, fire, SAH_STATE_DELIVERED), 1);
    store_comes(rig);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_p0_is_on_disk_before_it_is_answered_and_goes_out_without_the_store),
        cmocka_unit_test(a_disk_that_refuses_means_try_again),
        cmocka_unit_test(a_store_that_does_not_answer_costs_a_p0_a_quarter_of_a_second),
        cmocka_unit_test(a_booking_waits_in_the_journal),
        cmocka_unit_test(a_message_said_again_is_not_taken_twice),
        cmocka_unit_test(a_silent_agency_is_tried_and_the_next_one_asked_without_the_store),
        cmocka_unit_test(what_the_store_took_and_had_not_sent_is_sent_without_it),
        cmocka_unit_test(a_slow_disk_holds_up_what_was_said_and_not_what_is_to_be_sent),
    };

    return cmocka_run_group_tests_name("away: direct", tests, NULL, NULL);
}
