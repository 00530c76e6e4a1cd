/*
 * test_back - the store is back: everything is in it, marked by what is known, and nothing is sent that
 * an agency has.
 */
#include "away_rig.h"

static void what_was_delivered_directly_is_never_leased_again(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;
    const struct sah_memory_delivery *d;

    (void)state;
    store_goes(rig);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 2000);
    store_comes(rig);
    d = rig_delivery(rig, heart->request_id, "amb-108", SAH_KIND_REQUEST);
    assert_non_null(d);
    assert_int_equal(d->state, SAH_MEMORY_DONE);
    assert_string_equal(d->key, rig_attempt(rig, "amb-108", heart->request_id, 0)->key);
    assert_int_equal(got(rig, "amb-108", heart->request_id), 1);
    assert_int_equal(rig_line(rig, heart->request_id, "amb-108")->state, SAH_STATE_DELIVERED);
    assert_int_equal(rig_heard_n(rig, heart->request_id, SAH_STATE_DELIVERED), 1);
    assert_int_equal(rig_heard_n(rig, heart->request_id, SAH_STATE_RECEIVED), 1);
    rig_free(rig);
}

static void the_ladder_goes_on_where_it_was(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    sah_ladder_defaults(&rig->policy->ladder);
    store_goes(rig);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 5000);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart->request_id, "amb-108")->timer, SAH_TIMER_ACK);
    rig_pass(rig, 60000); /* nobody has answered: 112 is asked (I9) */
    assert_true(got(rig, "erss-112", heart->request_id) >= 1);
    rig_free(rig);
}

static void what_a_person_said_meanwhile_holds(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    store_goes(rig);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    rig_pass(rig, 500);
    assert_int_equal(rig_person(rig, heart->request_id, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, heart->request_id, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart->request_id, "amb-108")->state, SAH_STATE_EN_ROUTE);
    assert_int_equal(rig_person(rig, heart->request_id, "amb-108", SAH_STATE_ON_SCENE), SAH_STATUS_APPLIED);
    rig_free(rig);
}

static void amendments_come_after_their_request_and_in_order(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    for (unsigned n = 2; n <= 4; n++) {
        (void)rig_amendment(rig, n, 1, heart);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    }
    rig_cancel(rig, 5, 1, heart);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 4000);
    assert_int_equal(rig_received(rig, "amb-108", heart, SAH_KIND_AMENDMENT), 3);
    assert_int_equal(rig_received(rig, "amb-108", heart, SAH_KIND_CANCEL), 1);
    store_comes(rig);
    assert_int_equal(rig_view(rig, heart)->last_sequence, 5);
    assert_int_equal(rig_view(rig, heart)->n_messages, 4);
    assert_int_equal(rig_received(rig, "amb-108", heart, SAH_KIND_AMENDMENT), 3);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_CANCEL_ASKED);
    rig_free(rig);
}

static void an_amendment_of_what_only_the_store_knows_waits_for_it(void **state)
{
    struct rig *rig = away_rig();
    const char *heart = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");

    (void)state;
    rig_pass(rig, 1000);
    store_goes(rig);
    (void)rig_amendment(rig, 2, 1, heart);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    (void)rig_amendment(rig, 3, 1, heart);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 3000);
    assert_int_equal(rig_received(rig, "amb-108", heart, SAH_KIND_AMENDMENT), 0);
    store_comes(rig);
    rig_pass(rig, 3000);
    assert_int_equal(rig_received(rig, "amb-108", heart, SAH_KIND_AMENDMENT), 2);
    assert_int_equal(rig_view(rig, heart)->last_sequence, 3);
    rig_free(rig);
}

/* The store did it, and its answer was lost: the request is in both, and in the end once. */
static void what_the_store_had_after_all_is_merged(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    rig_pass(rig, 1000);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_TIMEOUT_AFTER, 1);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_pass(rig, 5000);
    assert_int_equal(heart->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(got(rig, "amb-108", heart->request_id), 1);
    store_comes(rig);
    rig_pass(rig, 10000);
    assert_int_equal(sah_away_view(rig->away).counters->merged, 1);
    assert_int_equal(got(rig, "amb-108", heart->request_id), 1);
    assert_int_equal(rig_line(rig, heart->request_id, "amb-108")->state, SAH_STATE_DELIVERED);
    rig_free(rig);
}

/* A store that does what is brought back and does not say so, the first few times. */
static struct losing {
    struct sah_store port, real;
    struct sah_memory_store *memory;
    unsigned n;
} losing;

static void losing_commit(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    if (losing.n > 0 && strncmp(change->audit, "brought back", 12) == 0) {
        losing.n--;
        sah_memory_store_fail_next(losing.memory, SAH_MEMORY_TIMEOUT_AFTER, 1);
    }
    losing.real.commit(data, change, fn, fn_data);
}

/* (I8) Whatever reply of a store is lost while a request comes back: the citizen hears all of it once. */
static void an_import_whose_reply_was_lost_tells_the_citizen_once(void **state)
{
    static const char *const channels[] = {RIG_CHANNEL};

    (void)state;
    for (unsigned lost = 0; lost < 6; lost++) {
        struct rig *rig = away_rig();
        char heart[SAH_REQUEST_ID_SIZE];

        losing = (struct losing){.real = *rig->settings.store, .port = *rig->settings.store, .memory = rig->store, .n = lost};
        losing.port.commit = losing_commit;
        rig->settings.store = &losing.port;
        rig_crash(rig); /* a life with that store */
        sah_fake_adapters_serve(rig->adapters, NULL, 0);
        store_goes(rig);
        memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
        rig_pass(rig, 500);
        assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
        (void)rig_amendment(rig, 2, 1, heart);
        assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
        rig_pass(rig, 60000);
        assert_int_equal(losing.n, 0);
        assert_int_equal(sah_away_view(rig->away).left, 0);
        sah_fake_adapters_serve(rig->adapters, channels, 1);
        rig_pass(rig, 5000);
        assert_string_equal(rig_heard(rig, heart), "RECEIVED DELIVERED ACKNOWLEDGED");
        assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_ACKNOWLEDGED);
        assert_int_equal(rig_view(rig, heart)->n_messages, 1);
        assert_int_equal(got(rig, "amb-108", heart), 1);
        rig_free(rig);
    }
}

/* (I8) The store did it, and nobody heard: its receipt and the direct core's are one. */
static void a_receipt_from_both_stores_is_heard_once(void **state)
{
    struct rig *rig = away_rig();
    const struct rig_result *heart;

    (void)state;
    rig_pass(rig, 1000);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_TIMEOUT_AFTER, 1);
    heart = asks(rig, 1, "AMBULANCE_108", "not_breathing");
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_pass(rig, 5000);
    store_comes(rig);
    rig_pass(rig, 5000);
    assert_int_equal(rig_heard_n(rig, heart->request_id, SAH_STATE_RECEIVED), 1);
    assert_int_equal(rig_heard_n(rig, heart->request_id, SAH_STATE_DELIVERED), 1);
    rig_free(rig);
}

static const char *reports_fire(struct rig *rig, unsigned n, int metres)
{
    struct sah_request *r = rig_request(rig, n, n, "FIRE_101");
    char words[32];

    rig_type(r, "FSTRU");
    rig_pin(r, metres);
    (void)snprintf(words, sizeof words, "fire seen by %u.", n);
    rig_words(r, words);
    rig->message->created_ms = rig_now(rig).wall_ms;
    return rig_ask(rig)->request_id;
}

static bool says_not_compared(const struct rig *rig, const char *request_id)
{
    const struct sah_fake_received *got = rig_attempt(rig, "fire-101", request_id, 0);

    return got != NULL && strcmp(got->note, "d") == 0;
}

/* (I2) While the store is away nobody can say whether two calls are one fire: the agency reads that it was
 * not looked at; and it is looked at afterwards, for those that came meanwhile and for those that come. */
static void what_was_not_compared_says_so_and_is_compared_later(void **state)
{
    struct rig *rig = rig_new(&(struct rig_options){.away = true, .incidents = true});
    char ids[5][SAH_REQUEST_ID_SIZE];

    (void)state;
    rig_pass(rig, 2000);
    memcpy(ids[0], reports_fire(rig, 1, 0), sizeof ids[0]);
    rig_pass(rig, 1000);
    assert_false(says_not_compared(rig, ids[0]));
    store_goes(rig);
    memcpy(ids[1], reports_fire(rig, 2, 50), sizeof ids[1]);    /* the same fire */
    memcpy(ids[2], reports_fire(rig, 3, 20000), sizeof ids[2]); /* another, twice */
    memcpy(ids[3], reports_fire(rig, 4, 20050), sizeof ids[3]);
    rig_pass(rig, 2000);
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(says_not_compared(rig, ids[i]));
        assert_int_equal(got(rig, "fire-101", ids[i]), 1);
    }
    assert_int_equal(sah_away_view(rig->away).counters->dedup_unavailable, 3);
    store_comes(rig);
    rig_pass(rig, 20000);
    assert_string_equal(rig_view(rig, ids[1])->main_id, ids[0]);
    assert_string_equal(rig_view(rig, ids[2])->main_id, "");
    assert_string_equal(rig_view(rig, ids[3])->main_id, ids[2]);
    assert_int_equal(rig_view(rig, ids[2])->n_members, 1);
    for (unsigned i = 1; i <= 3; i++) /* the agency has them, and gets none of them again */
        assert_int_equal(got(rig, "fire-101", ids[i]), 1);
    memcpy(ids[4], reports_fire(rig, 5, 20020), sizeof ids[4]);
    rig_pass(rig, 2000);
    assert_string_equal(rig_view(rig, ids[4])->main_id, ids[2]);
    assert_int_equal(rig_person(rig, ids[2], "fire-101", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, ids[2], "fire-101", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_pass(rig, 20000);
    assert_int_equal(rig_line(rig, ids[3], "fire-101")->state, SAH_STATE_CLOSED);
    rig_free(rig);
}

/* (I8) It was brought back, and the store goes once more: what is said then is news, and is told. */
static void what_is_said_in_a_second_outage_is_told_too(void **state)
{
    struct rig *rig = away_rig();
    struct sah_request *r = rig_request(rig, 1, 1, "AMBULANCE_108");
    char heart[SAH_REQUEST_ID_SIZE];

    (void)state;
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    rig_manner(rig, "fire-101-b", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    rig_manner(rig, "erss-112", (struct sah_fake_manner){.kind = SAH_ANSWER_TROUBLE, .after_ms = 20});
    store_goes(rig);
    rig_cue(r, "not_breathing");
    rig_also(r, "FIRE_101");
    memcpy(heart, rig_ask(rig)->request_id, sizeof heart);
    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    store_comes(rig);
    rig_pass(rig, 20000);
    store_goes(rig);
    assert_int_equal(sah_away_view(rig->away).counters->handed_over, 1);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_UNIT_ASSIGNED), SAH_STATUS_APPLIED);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_EN_ROUTE), SAH_STATUS_APPLIED);
    rig_crash(rig);
    store_comes(rig);
    rig_pass(rig, 5000);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_UNIT_ASSIGNED), 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_EN_ROUTE), 1);
    assert_int_equal(rig_heard_n(rig, heart, SAH_STATE_ACKNOWLEDGED), 1);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_EN_ROUTE);
    rig_free(rig);
}

/* One that is late now and then, as on a machine that is too busy, is not away: it is brought less at a
 * time, and everything comes back without going to and fro. */
static void a_store_that_stalls_now_and_then_gets_everything_back(void **state)
{
    struct rig *rig = away_rig();
    uint64_t transitions;
    size_t left;

    (void)state;
    store_goes(rig);
    for (unsigned n = 1; n <= 60; n++)
        (void)asks(rig, n, n % 3 ? "AMBULANCE_108" : "LPG_BOOKING", n % 3 ? "not_breathing" : NULL);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    while (sah_away_view(rig->away).state != SAH_HEALTH_DRAIN)
        rig_pass(rig, 50);
    transitions = sah_away_view(rig->away).counters->transitions;
    left = sah_away_view(rig->away).left;
    for (unsigned i = 0; i < 200 && left > 0; i++) {
        rig_pass(rig, 200);
        rig->stalled = true;
        rig_pass(rig, 1000 + i % 5 * 50);
        rig->stalled = false;
        sah_memory_store_lose(rig->store);
        rig_settle(rig);
        assert_true(sah_away_view(rig->away).left <= left);
        left = sah_away_view(rig->away).left;
        assert_int_equal(sah_away_view(rig->away).state, SAH_HEALTH_DRAIN);
    }
    assert_int_equal(left, 0);
    assert_int_equal(sah_away_view(rig->away).counters->transitions, transitions);
    store_comes(rig);
    rig_pass(rig, 300000); /* leases of which nobody heard come home */
    assert_int_equal(got(rig, "amb-108", NULL), 40);
    assert_true(got(rig, "indane", NULL) >= 20);
    rig_free(rig);
}

/* What only came back by imports counts too: a store that has less than it gave out is found out. */
static void a_store_that_forgot_what_was_brought_back_is_noticed(void **state)
{
    struct rig *rig = away_rig();

    (void)state;
    sah_away_remember(rig->away, "an-older-run", 500);
    store_goes(rig);
    (void)asks(rig, 1, "AMBULANCE_108", "not_breathing");
    store_comes(rig);
    assert_int_equal(sah_away_view(rig->away).counters->imported, 1);
    assert_int_equal(sah_away_view(rig->away).counters->lost_writes, 1);
    assert_true(sah_away_view(rig->away).accept_seq > 0);
    assert_string_equal(sah_away_view(rig->away).run_id, "memory");
    rig_free(rig);
}

/* The loop's turn stays short, however much the store had and nobody got. */
static void what_is_handed_over_is_handed_over_in_small_steps(void **state)
{
    struct rig *rig = away_rig();
    uint64_t before, most = 0;

    (void)state;
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE, .after_ms = 20});
    rig_manner(rig, "erss-112", (struct sah_fake_manner){.kind = SAH_ANSWER_UNREACHABLE, .after_ms = 20});
    for (unsigned n = 1; n <= 300; n++)
        (void)rig_accept(rig, n, n, "AMBULANCE_108", "not_breathing");
    store_fails(rig, SAH_MEMORY_DOWN);
    for (unsigned i = 0; i < 100; i++) {
        before = sah_away_view(rig->away).counters->handed_over;
        rig->now_ms += 50;
        (void)sah_core_tick(rig->core, rig_now(rig));
        (void)sah_away_tick(rig->away, rig_now(rig));
        (void)sah_memory_store_run(rig->store);
        (void)fake_journal_run(rig->journal);
        (void)sah_fake_agencies_run(rig->agencies, rig->now_ms);
        before = sah_away_view(rig->away).counters->handed_over - before;
        most = before > most ? before : most;
    }
    assert_int_equal(sah_away_view(rig->away).counters->handed_over, 300);
    assert_true(most > 0 && most <= 64);
    rig_free(rig);
}

static void a_store_that_goes_again_in_the_middle_loses_nothing(void **state)
{
    struct rig *rig = away_rig();
    char ids[6][SAH_REQUEST_ID_SIZE];

    (void)state;
    store_goes(rig);
    for (unsigned n = 0; n < 6; n++)
        memcpy(ids[n], asks(rig, n + 1, n % 2 ? "LPG_BOOKING" : "AMBULANCE_108", n % 2 ? NULL : "not_breathing")->request_id,
               sizeof ids[n]);
    for (unsigned i = 0; i < 12; i++) { /* works for a while, then loses replies, then is away again */
        sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
        rig_pass(rig, 1000 + 50 * i);
        store_fails(rig, i % 2 ? SAH_MEMORY_TIMEOUT_AFTER : SAH_MEMORY_TIMEOUT_BEFORE);
        rig_pass(rig, 300);
        store_fails(rig, SAH_MEMORY_DOWN);
        rig_pass(rig, 1500);
    }
    store_comes(rig);
    rig_pass(rig, 20000);
    for (unsigned n = 0; n < 6; n++) {
        const char *agency = n % 2 ? "indane" : "amb-108";

        assert_true(got(rig, agency, ids[n]) >= 1);
        one_key(rig, agency, ids[n]);
        assert_int_equal(rig_line(rig, ids[n], agency)->state, SAH_STATE_DELIVERED);
    }
    rig_free(rig);
}

/* (I5) Another router may have it in its journal: the agency is asked to say it again, for a while. */
static void a_status_of_what_may_still_come_is_not_answered_with_not_found(void **state)
{
    struct rig *rig = away_rig();
    const struct sah_id id = {{7}};
    char elsewhere[SAH_REQUEST_ID_SIZE];

    (void)state;
    sah_request_id(SAH_LANE_EMERGENCY, 0, &id, elsewhere);
    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, elsewhere, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_NOT_FOUND);
    store_goes(rig);
    assert_int_equal(rig_person(rig, elsewhere, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_UNAVAILABLE);
    store_comes(rig);
    assert_int_equal(rig_person(rig, elsewhere, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_UNAVAILABLE);
    rig_pass(rig, 200000);
    assert_int_equal(rig_person(rig, elsewhere, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_NOT_FOUND);
    sah_request_id(SAH_LANE_BULK, 0, &id, elsewhere);
    store_goes(rig);
    store_comes(rig);
    assert_int_equal(rig_person(rig, elsewhere, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_NOT_FOUND);
    rig_free(rig);
}

/* (I5) The store had the request, and neither the person's answer nor the cancel after it. */
static void a_cancel_takes_the_answer_before_it_along(void **state)
{
    struct rig *rig = away_rig();
    char heart[SAH_REQUEST_ID_SIZE];
    struct sah_agency_status declines;

    (void)state;
    rig_pass(rig, 1000);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_TIMEOUT_AFTER, 1);
    memcpy(heart, asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id, sizeof heart);
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_pass(rig, 5000);
    assert_int_equal(rig_person(rig, heart, "amb-108", SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
    rig_cancel(rig, 2, 1, heart);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    store_comes(rig);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_CANCEL_ASKED);
    assert_int_equal(rig_line(rig, heart, "amb-108")->before_cancel, SAH_STATE_ACKNOWLEDGED);
    declines = rig_says(heart, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
    declines.reason = SAH_REASON_CANCEL_DECLINED;
    assert_int_equal(rig_status(rig, &declines)->code, SAH_STATUS_APPLIED);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_ACKNOWLEDGED);
    rig_free(rig);
}

static void count_codes(void *data, const struct sah_status_result *result)
{
    ((unsigned *)data)[result->code]++;
}

/* (I5) It is asked while the request is on its way, at each moment of that: never "not found". */
static void what_is_said_on_the_way_back_is_taken_or_asked_again(void **state)
{
    for (unsigned turns = 0; turns < 12; turns++) {
        struct rig *rig = away_rig();
        struct sah_agency_status says;
        unsigned codes[SAH_STATUS_UNAVAILABLE + 1] = {0};
        const char *heart;

        (void)state;
        store_goes(rig);
        heart = asks(rig, 1, "AMBULANCE_108", "not_breathing")->request_id;
        rig_pass(rig, 1000);
        sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
        while (sah_away_view(rig->away).state != SAH_HEALTH_DRAIN)
            rig_pass(rig, 10);
        fake_journal_stall(rig->journal, true); /* what is said now waits for the disk */
        says = rig_says(heart, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
        rig->front.status(rig->front.data, &says, rig_now(rig), count_codes, codes);
        for (unsigned i = 0; i < turns; i++) {
            rig->now_ms += 50;
            (void)sah_away_tick(rig->away, rig_now(rig));
            (void)sah_memory_store_step(rig->store);
        }
        fake_journal_stall(rig->journal, false);
        store_comes(rig);
        assert_int_equal(codes[SAH_STATUS_APPLIED] + codes[SAH_STATUS_UNAVAILABLE], 1);
        assert_int_equal(rig_line(rig, heart, "amb-108")->state,
                         codes[SAH_STATUS_APPLIED] == 1 ? SAH_STATE_ACKNOWLEDGED : SAH_STATE_DELIVERED);
        assert_int_equal(got(rig, "amb-108", heart), 1);
        rig_free(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_delivered_directly_is_never_leased_again),
        cmocka_unit_test(the_ladder_goes_on_where_it_was),
        cmocka_unit_test(what_a_person_said_meanwhile_holds),
        cmocka_unit_test(amendments_come_after_their_request_and_in_order),
        cmocka_unit_test(an_amendment_of_what_only_the_store_knows_waits_for_it),
        cmocka_unit_test(what_the_store_had_after_all_is_merged),
        cmocka_unit_test(a_cancel_takes_the_answer_before_it_along),
        cmocka_unit_test(what_is_said_on_the_way_back_is_taken_or_asked_again),
        cmocka_unit_test(a_status_of_what_may_still_come_is_not_answered_with_not_found),
        cmocka_unit_test(a_store_that_goes_again_in_the_middle_loses_nothing),
        cmocka_unit_test(an_import_whose_reply_was_lost_tells_the_citizen_once),
        cmocka_unit_test(a_receipt_from_both_stores_is_heard_once),
        cmocka_unit_test(what_is_said_in_a_second_outage_is_told_too),
        cmocka_unit_test(what_was_not_compared_says_so_and_is_compared_later),
        cmocka_unit_test(a_store_that_stalls_now_and_then_gets_everything_back),
        cmocka_unit_test(a_store_that_forgot_what_was_brought_back_is_noticed),
        cmocka_unit_test(what_is_handed_over_is_handed_over_in_small_steps),
    };

    return cmocka_run_group_tests_name("away: back", tests, NULL, NULL);
}
