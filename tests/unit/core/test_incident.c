/*
 * test_incident - several reporters of one incident: the first never waits, the others are linked, told,
 * carried, followed, let go. Domain 9's invariants are cited as 9.n; I2 I3 I4 I6 I8 I9.
 */
#include "unit/core/incident_test.h"

static void the_first_report_waits_for_nobody_and_the_second_is_linked(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second;

    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_REQUEST), 1); /* (9.1) */
    second = reports(rig, 2, 100, NULL);
    assert_string_equal(rig_view(rig, second)->main_id, first);
    assert_string_equal(rig_view(rig, second)->incident_id, rig_view(rig, first)->incident_id); /* (I2) */
    rig_pass(rig, SECOND);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 0);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT), 1);
    assert_int_equal(rig_read(rig, FIRE, words_of(2)), 1); /* (I3) */
    assert_int_equal(state_of(rig, second, FIRE), SAH_MEMORY_DONE);
    assert_int_not_equal(rig_delivery(rig, second, FIRE, SAH_KIND_REQUEST)->carried_by[0], '\0');
    assert_string_equal(rig_heard(rig, second), "RECEIVED DELIVERED"); /* (I8) */
    assert_string_equal(rig_heard(rig, first), "RECEIVED DELIVERED");
    assert_int_equal(rig_view(rig, first)->n_members, 1);
    rig_pass(rig, 60 * SECOND); /* its own ladder stays still: the main one's is in charge */
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 0);
    assert_int_equal(rig_received(rig, "erss-112", second, SAH_KIND_REQUEST), 0);
    assert_true(rig_received(rig, "erss-112", first, SAH_KIND_REQUEST) > 0);
}

static void updates_come_together_and_worse_news_at_once(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);

    reports(rig, 2, 10, NULL);
    rig_pass(rig, SECOND);
    for (unsigned n = 3; n <= 9; n++)
        reports(rig, n, (int)n * 10, NULL);
    rig_pass(rig, 2 * SECOND);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT), 1); /* (9.2) */
    rig_pass(rig, 8 * SECOND);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT), 2);
    for (unsigned n = 3; n <= 9; n++) {
        assert_int_equal(rig_read(rig, FIRE, words_of(n)), 1);
        assert_int_equal(rig_received(rig, FIRE, ids[n], SAH_KIND_REQUEST), 0);
    }
    reports(rig, 10, 0, "not_breathing");
    rig_pass(rig, SECOND / 2);
    assert_int_equal(rig_read(rig, FIRE, words_of(10)), 1);
    assert_int_equal(rig_view(rig, first)->priority, SAH_PRIORITY_P0); /* (9.5) */
}

/* (I4) The direct core of a router sent it there by itself, and it came back (away_import.c): what a person
 * there said of the request it is linked to is no word that this one has arrived. */
static void what_is_said_of_the_main_one_settles_no_request_of_its_own(void **state)
{
    static const struct {
        enum sah_answer_kind kind;
        enum sah_memory_state then, at_last;
        unsigned told; /* that a person must look */
    } table[] = {{SAH_ANSWER_BUSY, SAH_MEMORY_DELAYED, SAH_MEMORY_DONE, 0},
                 {SAH_ANSWER_REFUSED, SAH_MEMORY_DEAD, SAH_MEMORY_DEAD, 1}};
    const char *const last = "erss-112";

    for (size_t i = 0; i < SAH_LEN(table); i++) {
        const struct sah_store *port;
        static struct sah_change change; /* large */
        struct sah_plan *plan = &change.plans[0];
        const struct sah_request_view *view;
        const char *first, *second;
        struct rig *rig;

        rig = *state;
        port = sah_memory_store_port(rig->store);
        first = reports(rig, 1, 0, NULL);
        second = reports(rig, 2, 10, NULL);
        rig_pass(rig, SECOND);
        rig_manner(rig, "fire-101-b", (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED});
        rig_pass(rig, 60 * SECOND); /* the alert is refused: 112 has it */
        assert_int_equal(rig_person(rig, first, last, SAH_STATE_ACKNOWLEDGED), SAH_STATUS_APPLIED);
        rig_pass(rig, SECOND);
        view = rig_view(rig, second);
        assert_int_equal(rig_line(rig, second, last)->state, SAH_STATE_ACKNOWLEDGED);
        assert_string_equal(rig_line(rig, second, last)->via, first);

        rig_manner(rig, last, (struct sah_fake_manner){.kind = table[i].kind});
        memset(&change, 0, sizeof change);
        memcpy(change.request_id, view->request_id, sizeof change.request_id);
        change.expected_revision = view->revision;
        change.closed_ms = -1;
        change.n_plans = 1;
        plan->message_id = rig_delivery(rig, second, FIRE, SAH_KIND_REQUEST)->message_id;
        sah_delivery_key(&plan->message_id, last, plan->key);
        (void)sah_format(plan->agency, sizeof plan->agency, "%s", last);
        (void)sah_format(plan->endpoint, sizeof plan->endpoint, "%s", last);
        plan->kind = SAH_KIND_REQUEST;
        plan->sequence = 1;
        plan->attempts = 2;
        (void)sah_format(change.audit, sizeof change.audit, "brought back");
        port->commit(port->data, &change, committed, NULL);
        rig_pass(rig, 3 * SECOND);
        assert_true(rig_received(rig, last, second, SAH_KIND_REQUEST) > 0);
        assert_int_equal(state_of(rig, second, last), table[i].then);
        assert_int_equal(rig_line(rig, second, last)->state, SAH_STATE_ACKNOWLEDGED); /* (I5) */
        assert_int_equal(rig_heard_n(rig, second, SAH_STATE_NEEDS_PERSON), table[i].told); /* (I9) */
        rig_manner(rig, last, (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
        rig_pass(rig, 400 * SECOND);
        assert_int_equal(state_of(rig, second, last), table[i].at_last);
        (void)unmake(state);
        (void)make(state);
    }
}

static void what_the_update_cannot_bring_goes_out_by_itself(void **state)
{
    static const struct sah_fake_manner silent = {.kind = SAH_ANSWER_UNKNOWN, .after_ms = 1000};
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second;

    rig_manner(rig, "fire-101-a", silent);
    rig_manner(rig, "fire-101-b", silent);
    second = reports(rig, 2, 0, NULL);
    rig_pass(rig, 14 * SECOND);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 0);
    assert_true(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT) > 0);
    rig_pass(rig, 3 * SECOND); /* (I4) */
    assert_true(rig_received(rig, FIRE, second, SAH_KIND_REQUEST) > 0);
    assert_string_equal(rig_attempt(rig, FIRE, second, 0)->incident_id, rig_view(rig, first)->incident_id);
    rig_manner(rig, "fire-101-a", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_manner(rig, "fire-101-b", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_pass(rig, 40 * SECOND);
    assert_int_equal(state_of(rig, second, FIRE), SAH_MEMORY_DONE);
    assert_true(rig_heard_n(rig, second, SAH_STATE_DELIVERED) >= 1); /* 112 was asked meanwhile */
}

static void a_router_that_dies_between_accept_and_join_loses_nothing(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);
    struct sah_request *r = rig_request(rig, 2, 2, "FIRE_101");
    size_t taken;

    rig_type(r, "FSTRU");
    rig_pin(r, 20);
    rig_words(r, words_of(2));
    taken = rig_take(rig);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1000); /* what comes after the commit */
    while (!rig->results[taken]->came)
        assert_true(sah_memory_store_step(rig->store));
    rig_settle(rig);
    assert_int_equal(rig->results[taken]->code, SAH_RESULT_ACCEPTED);
    rig_crash(rig);
    rig_pass(rig, 8 * SECOND);
    assert_int_equal(rig_read(rig, FIRE, words_of(2)), 1);
    assert_int_equal(rig_received(rig, FIRE, rig->results[taken]->request_id, SAH_KIND_REQUEST), 0);
    assert_int_equal(rig_view(rig, first)->n_members, 1);
}

static void a_router_that_starts_knows_what_is_live(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second;

    rig_crash(rig);
    rig_pass(rig, SECOND);
    second = reports(rig, 2, 10, NULL);
    assert_string_equal(rig_view(rig, second)->main_id, first);
}

static void an_unread_feed_links_nothing_and_says_so(void **state)
{
    struct rig *rig = *state;
    const char *second;

    reports(rig, 1, 0, NULL);
    rig_crash(rig); /* and no turn since */
    second = reports(rig, 2, 10, NULL);
    assert_string_equal(rig_view(rig, second)->main_id, "");
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 1);
    assert_string_equal(rig_attempt(rig, FIRE, second, 0)->note, "d");
}

static void what_a_linked_reporter_says_later_is_told_too(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second = reports(rig, 2, 0, NULL);
    struct sah_amendment *a;

    rig_pass(rig, SECOND);
    a = rig_amendment(rig, 20, 2, second);
    rig_words(&a->part, "third floor, come fast");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 11 * SECOND);
    assert_int_equal(rig_read(rig, FIRE, "third floor, come fast"), 1);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_AMENDMENT), 0);
    assert_int_equal(rig_delivery(rig, second, FIRE, SAH_KIND_AMENDMENT)->state, SAH_MEMORY_DONE);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT), 2);
}

static void a_place_that_comes_later_links_what_was_sent_already(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);
    struct sah_request *r = rig_request(rig, 2, 2, "FIRE_101");
    struct sah_amendment *a;
    const char *second;

    rig_type(r, "FSTRU");
    second = rig_ask(rig)->request_id;
    assert_string_equal(rig_view(rig, second)->main_id, ""); /* (9.8) */
    a = rig_amendment(rig, 20, 2, second);
    a->kind = SAH_AMENDMENT_PLACE;
    rig_pin(&a->part, 50);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    assert_string_equal(rig_view(rig, second)->main_id, first);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 1);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_AMENDMENT), 1);
    assert_int_equal(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT), 1);
    rig_person(rig, first, FIRE, SAH_STATE_CLOSED);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_CLOSED), 1);
}

static void an_agency_that_the_first_one_does_not_have_is_told_at_once(void **state)
{
    struct rig *rig = *state;
    const char *second;

    reports(rig, 1, 0, NULL);
    second = reports(rig, 2, 0, "people_hurt");
    assert_int_equal(rig_received(rig, "amb-108", second, SAH_KIND_REQUEST), 1);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 0);
}

static void two_hearts_in_one_block_are_shown_and_not_joined(void **state)
{
    struct rig *rig = *state;
    char incident[SAH_INCIDENT_ID_SIZE], expected[80];

    for (unsigned n = 1; n <= 2; n++) {
        struct sah_request *r = rig_request(rig, n, n, "AMBULANCE_108");

        rig_type(r, "CARDIAC");
        rig_pin(r, (int)n);
        memcpy(ids[n], rig_ask(rig)->request_id, sizeof ids[n]);
        assert_int_equal(rig_received(rig, "amb-108", ids[n], SAH_KIND_REQUEST), 1);
        assert_string_equal(rig_view(rig, ids[n])->main_id, "");
    }
    memcpy(incident, rig_view(rig, ids[1])->incident_id, sizeof incident);
    (void)snprintf(expected, sizeof expected, "p=%s,suggest_only,1", incident);
    assert_string_equal(rig_attempt(rig, "amb-108", ids[2], 0)->note, expected);
}

static void the_same_sender_s_second_request_is_appended(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);
    struct sah_request *r = rig_request(rig, 2, 1, "FIRE_101");
    const char *second;

    rig_type(r, "FSTRU");
    rig_words(r, "please come fast");
    second = rig_ask(rig)->request_id;
    assert_string_equal(rig_view(rig, second)->main_id, first);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 0);
    assert_int_equal(rig_read(rig, FIRE, "please come fast"), 1);
}

/* (I1, I3) What they left open for days must not swallow a new call: it goes out by itself, and the
 * dispatcher sees both. */
static void what_a_sender_left_open_for_days_takes_up_nothing(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second;
    struct sah_request *r;

    rig_person(rig, first, FIRE, SAH_STATE_ACKNOWLEDGED);
    rig->step_ms = 60000;
    rig_pass(rig, 10 * 86400 * SECOND);
    rig->step_ms = 50;
    r = rig_request(rig, 2, 1, "FIRE_101");
    rig_type(r, "FSTRU");
    rig_words(r, "another fire, at the shop");
    second = rig_ask(rig)->request_id;
    assert_string_equal(rig_view(rig, second)->main_id, "");
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 1);
    assert_non_null(strstr(rig_attempt(rig, FIRE, second, 0)->note, ",same_sender_before,"));
}

/* Two flats may be two leaks; the same name on both pins is one, for another router too. */
static void leaks_are_joined_when_both_pins_have_one_name(void **state)
{
    static const char *const names[] = {"Lotus Towers", "lotus towers", "", "Lily Towers"};
    struct rig *rig = *state;

    rig->sameness->groups[sah_sameness_group(rig->sameness, "FSTRU", "") - 1].one_building = true;
    for (unsigned n = 1; n <= SAH_LEN(names); n++) {
        struct sah_request *r = rig_request(rig, n, n, "FIRE_101");

        rig_type(r, "FSTRU");
        rig_pin(r, 0);
        (void)sah_format(r->places[0].landmark, sizeof r->places[0].landmark, "%s", names[n - 1]);
        memcpy(ids[n], rig_ask(rig)->request_id, sizeof ids[n]);
        rig_crash(rig);
        rig_pass(rig, SECOND);
        assert_string_equal(rig_view(rig, ids[n])->main_id, n == 2 ? ids[1] : "");
    }
}

static void accept_report(struct rig *rig, unsigned n)
{
    struct sah_request *r = rig_request(rig, n, n, "FIRE_101");

    rig_type(r, "FSTRU");
    rig_pin(r, 0);
    rig_words(r, words_of(n));
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
}

/* Sixty at once: more than one update takes, and none of them becomes a card of its own. */
static void what_does_not_fit_into_one_update_goes_in_the_next(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);

    rig_person(rig, first, FIRE, SAH_STATE_ACKNOWLEDGED);
    for (unsigned n = 2; n <= 61; n++)
        accept_report(rig, n);
    rig_pass(rig, 30 * SECOND);
    assert_int_equal(rig_received(rig, FIRE, NULL, SAH_KIND_REQUEST), 1);
    assert_true(rig_received(rig, FIRE, first, SAH_KIND_AMENDMENT) <= 7);
    for (unsigned n = 2; n <= 61; n++)
        assert_int_equal(rig_read(rig, FIRE, words_of(n)), 1); /* (I3) */
}

/* (I3, I4) Past the bound another card begins, which takes the next ones; nobody is lost. */
static void more_reporters_than_a_page_takes_begin_another_one(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL);
    unsigned last = SAH_MEMBERS_MAX + 20, cards = 0;
    const struct sah_fake_received *got;

    rig_person(rig, first, FIRE, SAH_STATE_ACKNOWLEDGED);
    for (unsigned n = 2; n <= last; n++) {
        accept_report(rig, n);
        rig_pass(rig, 500);
    }
    rig_pass(rig, 60 * SECOND);
    assert_int_equal(rig_view(rig, first)->n_members, SAH_MEMBERS_MAX);
    for (unsigned i = 0; (got = rig_attempt(rig, FIRE, NULL, i)) != NULL; i++)
        cards += got->kind == SAH_KIND_REQUEST && got->attempts == 1; /* else the ladder's */
    assert_int_equal(cards, 3);
    for (unsigned n = 2; n <= last; n++)
        assert_true(rig_read(rig, FIRE, words_of(n)) >= 1);
}

static int linked_err;

static void on_link(void *data, int err)
{
    (void)data;
    linked_err = err;
}

static void a_person_links_and_unlinks(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second = reports(rig, 2, 50, NULL);
    const char *far = reports(rig, 3, 5000, NULL);
    char own[SAH_INCIDENT_ID_SIZE];

    rig_pass(rig, SECOND);
    sah_core_unlink(rig->core, second, "amb-108", rig_now(rig), on_link, NULL);
    rig_settle(rig);
    assert_int_equal(linked_err, SAH_ENOENT); /* not a request of that agency */
    sah_core_unlink(rig->core, second, FIRE, rig_now(rig), on_link, NULL);
    rig_settle(rig);
    assert_int_equal(linked_err, SAH_OK); /* (9.4) */
    assert_true(snprintf(own, sizeof own, "I%s", second + 1) < (int)sizeof own);
    assert_string_equal(rig_view(rig, second)->incident_id, own);
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 1);

    sah_core_link(rig->core, far, first, FIRE, rig_now(rig), on_link, NULL);
    rig_pass(rig, 11 * SECOND);
    assert_int_equal(linked_err, SAH_OK);
    assert_string_equal(rig_view(rig, far)->incident_id, rig_view(rig, first)->incident_id);
    rig_person(rig, first, FIRE, SAH_STATE_CLOSED);
    rig_pass(rig, SECOND);
    assert_int_equal(rig_heard_n(rig, far, SAH_STATE_CLOSED), 1);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_CLOSED), 0);
}

static void a_sender_s_history_reaches_the_dispatcher_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    const char *id = reports(rig, 1, 0, NULL);
    struct sah_agency_status s = rig_says(id, FIRE, SAH_STATE_CLOSED, "desk 4");
    struct sah_request *r;

    assert_int_equal(rig_attempt(rig, FIRE, id, 0)->suspicion, 0);
    (void)snprintf(s.disposition, sizeof s.disposition, "FALSE_REPORT");
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
    r = rig_request(rig, 2, 1, "AMBULANCE_108");
    rig_type(r, "CARDIAC");
    id = rig_ask(rig)->request_id;
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), 1);
    assert_true(rig_attempt(rig, "amb-108", id, 0)->suspicion >= 30);
}

static void a_report_of_what_is_closed_is_shown_only(void **state)
{
    struct rig *rig = *state;
    const char *first = reports(rig, 1, 0, NULL), *second;

    rig_person(rig, first, FIRE, SAH_STATE_CLOSED);
    second = reports(rig, 2, 10, NULL); /* (9.10) */
    assert_string_equal(rig_view(rig, second)->main_id, "");
    assert_int_equal(rig_received(rig, FIRE, second, SAH_KIND_REQUEST), 1);
    assert_non_null(strstr(rig_attempt(rig, FIRE, second, 0)->note, ",closed,"));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        CASE(the_first_report_waits_for_nobody_and_the_second_is_linked),
        CASE(updates_come_together_and_worse_news_at_once),
        CASE(what_is_said_of_the_main_one_settles_no_request_of_its_own),
        CASE(what_the_update_cannot_bring_goes_out_by_itself),
        CASE(a_router_that_dies_between_accept_and_join_loses_nothing),
        CASE(a_router_that_starts_knows_what_is_live),
        CASE(an_unread_feed_links_nothing_and_says_so),
        CASE(what_a_linked_reporter_says_later_is_told_too),
        CASE(a_place_that_comes_later_links_what_was_sent_already),
        CASE(an_agency_that_the_first_one_does_not_have_is_told_at_once),
        CASE(two_hearts_in_one_block_are_shown_and_not_joined),
        CASE(the_same_sender_s_second_request_is_appended),
        CASE(what_a_sender_left_open_for_days_takes_up_nothing),
        CASE(leaks_are_joined_when_both_pins_have_one_name),
        CASE(what_does_not_fit_into_one_update_goes_in_the_next),
        CASE(more_reporters_than_a_page_takes_begin_another_one),
        CASE(a_person_links_and_unlinks),
        CASE(a_sender_s_history_reaches_the_dispatcher_and_nothing_else),
        CASE(a_report_of_what_is_closed_is_shown_only),
    };
    return cmocka_run_group_tests_name("incident", tests, NULL, NULL);
}
