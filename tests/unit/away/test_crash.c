/*
 * test_crash - the router dies while its store is away: the journal alone knows, and that is enough.
 */
#include "away_rig.h"

#define MANY 64 /* more than are taken again in a turn: what follows them waits */

static void what_was_only_journaled_goes_out_in_the_next_life(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE], booking[SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE});
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    memcpy(booking, asks(rig, 2, "LPG_BOOKING", NULL)->request_id, sizeof booking);
    rig_crash(rig);
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_pass(rig, 3000);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_DELIVERED), 1);
    one_key(rig, "amb-108", heart);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_DELIVERED);
    assert_int_equal(got(rig, "indane", booking), 1);
    rig_free(rig);
}

static void what_an_agency_has_is_not_sent_again(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    for (unsigned life = 0; life < 3; life++) {
        rig_crash(rig);
        store_fails(rig, SAH_MEMORY_DOWN);
        rig_pass(rig, 5000);
        assert_int_equal(got(rig, "amb-108", heart), 1);
    }
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    rig_crash(rig);
    store_comes(rig);
    assert_int_equal(got(rig, "amb-108", heart), 1);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_EN_ROUTE);
    rig_free(rig);
}

static void a_copy_made_meanwhile_is_known_again(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.silent = true});
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 6000);
    assert_int_equal(got(rig, "erss-112", heart), 1);
    assert_int_equal(rig_person(rig, heart, "erss-112", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    rig_crash(rig);
    store_comes(rig);
    assert_int_equal(got(rig, "erss-112", heart), 1);
    assert_int_equal(rig_line(rig, heart, "erss-112")->state, SAH_STATE_ACKNOWLEDGED);
    rig_free(rig);
}

static void a_crash_before_the_disk_has_it_was_never_answered(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    store_goes(rig);
    fake_journal_stall(rig->journal, true);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    rig_crash(rig);
    assert_true(!heart->came || heart->code == SAH_RESULT_RETRY); /* (I1) */
    assert_int_equal(fake_journal_open(rig->journal), 0);
    rig_free(rig);
}

/* (I1) A record that is no message is not held under its id: what an adapter submits again is taken. */
static void what_the_disk_garbled_is_not_answered_as_held(void **state)
{
    const struct sah_away_journal *journal;
    struct rig *rig = away_rig();
    struct sah_journal_record garbled = {.type = SAH_JOURNAL_RECEIVED, .payload = sah_slice_of("{garbled")};
    const struct rig_result *heart;

    (void)state;
    store_goes(rig);
    journal = fake_journal_port(rig->journal);
    rig_cue(rig_request(rig, 1, 1, "AMBULANCE_108"), "not_breathing");
    garbled.id = rig->message->id;
    assert_int_equal(journal->append(journal->data, &garbled, true, NULL, NULL), SAH_OK);
    garbled.id.bytes[15] ^= 1; /* and one that never comes again */
    assert_int_equal(journal->append(journal->data, &garbled, true, NULL, NULL), SAH_OK);
    (void)fake_journal_run(rig->journal);
    rig_crash(rig);
    store_goes(rig);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    assert_int_equal(heart->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 3000);
    assert_int_equal(got(rig, "amb-108", heart->request_id), 1);
    assert_int_equal(asks(rig, 1, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(fake_journal_open(rig->journal), 2);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart->request_id, "amb-108")->state, SAH_STATE_DELIVERED);
    rig_free(rig);
}

static void a_crash_in_the_middle_of_bringing_back_loses_nothing(void **state)
{
    struct rig *rig = away_rig();
    char ids[8][SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    for (unsigned n = 0; n < 8; n++)
        memcpy(ids[n], asks(rig, n + 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof ids[n]);
    rig_pass(rig, 1000);
    for (unsigned i = 0; i < 6; i++) {
        sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
        rig_pass(rig, 1010 + 20 * i);
        rig_crash(rig);
    }
    store_comes(rig);
    rig_pass(rig, 10000);
    for (unsigned n = 0; n < 8; n++) {
        assert_int_equal(got(rig, "amb-108", ids[n]), 1);
        assert_int_equal(rig_line(rig, ids[n], "amb-108")->state, SAH_STATE_DELIVERED);
    }
    rig_free(rig);
}

/* (I8) What a citizen heard from the life before is not told again, whoever is asked again. */
static void what_was_told_before_a_crash_is_not_told_again(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    struct sah_request *r;

    (void)state;
    store_goes(rig);
    r = rig_request(rig, 1, 1, "AMBULANCE_108");
    rig_cue(r, "not_breathing");
    rig_also(r, "FIRE_101");
    memcpy(heart, rig_ask(rig)->request_id, sizeof heart);
    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    for (unsigned life = 0; life < 3; life++) {
        rig_crash(rig);
        store_fails(rig, SAH_MEMORY_DOWN);
        rig_pass(rig, 3000);
    }
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_UNIT_LOST), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    store_comes(rig);
    rig_pass(rig, 5000);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_RECEIVED), 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_DELIVERED), 2); /* one from each agency */
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_ACKNOWLEDGED), 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_UNIT_LOST), 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_EN_ROUTE), 2); /* two vehicles: both are news */
    rig_free(rig);
}

/* (I8) Nobody served the channel before the crash: nothing of it is lost, of no agency. */
static void what_nobody_heard_before_a_crash_is_told_after_it(void **state)
{
    static const char *const channels[] = {RIG_CHANNEL};
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    struct sah_request *r;

    (void)state;
    sah_fake_adapters_serve(rig->adapters, NULL, 0);
    store_goes(rig);
    r = rig_request(rig, 1, 1, "AMBULANCE_108");
    rig_cue(r, "not_breathing");
    rig_also(r, "FIRE_101");
    memcpy(heart, rig_ask(rig)->request_id, sizeof heart);
    rig_pass(rig, 1000);
    rig_crash(rig);
    store_comes(rig);
    sah_fake_adapters_serve(rig->adapters, channels, 1);
    rig_pass(rig, 5000);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_DELIVERED), 2);
    rig_free(rig);
}

/* (I5) "We do not cancel" was said, and a crash does not take it back; nor what was said after it. */
static void a_cancel_that_was_declined_stays_declined_after_a_crash(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct rig *rig = away_rig();
        char heart[SAH_REQUEST_ID_SIZE];
        struct sah_agency_status no;

        store_goes(rig);
        memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
        rig_pass(rig, 1000);
        assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
        rig_cancel(rig, 2, 1, heart);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        rig_pass(rig, 1000);
        no = rig_says(heart, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
        no.reason = SAH_REASON_CANCEL_DECLINED;
        assert_int_equal(rig_status(rig, &no)->code, SAH_STATUS_APPLIED);
        if (on == 1)
            assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
        for (unsigned life = 0; life < 2; life++) {
            rig_crash(rig);
            store_fails(rig, SAH_MEMORY_DOWN);
            rig_pass(rig, 3000);
        }
        store_comes(rig);
        assert_int_equal(rig_line(rig, heart, "amb-108")->state, on == 1 ? SAH_STATE_EN_ROUTE : SAH_STATE_ACKNOWLEDGED);
        assert_int_equal(rig_received(rig, "amb-108", heart, SAH_KIND_CANCEL), 1);
        assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_CANCEL_ASKED), 1); /* with the reason: not cancelled */
        assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_ACKNOWLEDGED), 1);
        assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_EN_ROUTE), on);
        rig_free(rig);
    }
}

/* A cancel that nobody answered is still asked after a crash; one that was declined may be asked again. */
static void a_cancel_that_nobody_answered_is_still_asked_after_a_crash(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    struct sah_agency_status no;

    (void)state;
    store_goes(rig);
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 1000);
    for (unsigned n = 2; n <= 3; n++) {
        rig_cancel(rig, n, 1, heart);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        rig_pass(rig, 1000);
        no = rig_says(heart, "amb-108", SAH_STATE_DELIVERED, "desk 4");
        no.reason = SAH_REASON_CANCEL_DECLINED;
        if (n == 2)
            assert_int_equal(rig_status(rig, &no)->code, SAH_STATUS_APPLIED);
    }
    rig_crash(rig);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_CANCEL_ASKED);
    rig_free(rig);
}

static void keep_code(void *data, const struct sah_status_result *result)
{
    enum sah_status_code *code = data;

    if (*code != SAH_STATUS_APPLIED)
        *code = result->code;
}

/* (I5) A person spoke after the crash and before the cancel was taken again: that one does not undo it. */
static void a_cancel_that_is_taken_again_does_not_undo_what_was_said_since(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    enum sah_status_code code = SAH_STATUS_UNAVAILABLE;
    struct sah_agency_status no, goes;

    (void)state;
    store_goes(rig);
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    for (unsigned n = 3; n < 3 + MANY; n++)
        assert_int_equal(asks(rig, n, "AMBULANCE_108", "not_breathing")->code, SAH_RESULT_ACCEPTED);
    rig_cancel(rig, 2, 1, heart);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1000);
    no = rig_says(heart, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
    no.reason = SAH_REASON_CANCEL_DECLINED;
    assert_int_equal(rig_status(rig, &no)->code, SAH_STATUS_APPLIED);
    rig_crash(rig);
    store_fails(rig, SAH_MEMORY_DOWN);
    goes = rig_says(heart, "amb-108", SAH_STATE_EN_ROUTE, "desk 4");
    for (unsigned turn = 0; turn < 3; turn++) {
        (void)sah_away_tick(rig->away, rig_now(rig));
        rig->front.status(rig->front.data, &goes, rig_now(rig), keep_code, &code);
    }
    rig_pass(rig, 3000);
    assert_int_equal(code, SAH_STATUS_APPLIED);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_EN_ROUTE);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_EN_ROUTE), 1);
    rig_free(rig);
}

/* (I5) The agency's program was slower than its person: what the person said is what is known. */
static void a_late_200_does_not_hide_what_a_person_said(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 900});
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 400);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    rig_pass(rig, 2000);
    rig_crash(rig);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_ACKNOWLEDGED);
    rig_free(rig);
}

/* (I4) A person ended it for all who stand for the same call: the other agency, which never said that it has
 * it, is not called in after a crash. */
static void a_copy_ended_by_another_is_not_sent_after_a_crash(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    unsigned sent;

    (void)state;
    store_goes(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.silent = true});
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    rig_pass(rig, 6000);
    assert_int_equal(rig_person(rig, heart, "erss-112", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, heart, "erss-112", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_pass(rig, 1000);
    rig_crash(rig);
    store_fails(rig, SAH_MEMORY_DOWN);
    sent = got(rig, "amb-108", heart);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_pass(rig, 20000);
    store_comes(rig);
    assert_int_equal(got(rig, "amb-108", heart), sent);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_CLOSED);
    assert_int_equal(rig_line(rig, heart, "erss-112")->state, SAH_STATE_CLOSED);
    assert_int_equal(rig_delivery(rig, heart, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_DONE);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_only_journaled_goes_out_in_the_next_life),
        cmocka_unit_test(what_an_agency_has_is_not_sent_again),
        cmocka_unit_test(a_copy_made_meanwhile_is_known_again),
        cmocka_unit_test(a_crash_before_the_disk_has_it_was_never_answered),
        cmocka_unit_test(what_the_disk_garbled_is_not_answered_as_held),
        cmocka_unit_test(a_crash_in_the_middle_of_bringing_back_loses_nothing),
        cmocka_unit_test(what_was_told_before_a_crash_is_not_told_again),
        cmocka_unit_test(what_nobody_heard_before_a_crash_is_told_after_it),
        cmocka_unit_test(a_cancel_that_was_declined_stays_declined_after_a_crash),
        cmocka_unit_test(a_cancel_that_nobody_answered_is_still_asked_after_a_crash),
        cmocka_unit_test(a_cancel_that_is_taken_again_does_not_undo_what_was_said_since),
        cmocka_unit_test(a_late_200_does_not_hide_what_a_person_said),
        cmocka_unit_test(a_copy_ended_by_another_is_not_sent_after_a_crash),
    };

    return cmocka_run_group_tests_name("away: crash", tests, NULL, NULL);
}
