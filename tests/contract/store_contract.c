/*
 * store_contract - what every store must do: requests, outbox, what people ask. See
 * store_contract.h; the queues are in store_contract_queue.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

static struct sah_request_view view; /* large: not on a stack */

/* ---- accept */

static void a_new_request_is_stored_with_its_deliveries_and_lines(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c = new_request(1, SAH_PRIORITY_P1);
    struct sah_committed committed;
    struct sah_leased leased;

    add_plan(c, 1, "108");
    add_plan(c, 1, "101");
    add_line(c, "108", SAH_STATE_QUEUED);
    add_line(c, "101", SAH_STATE_QUEUED);
    committed = must_commit(h, c);
    assert_int_equal(committed.accept_seq, 1);
    assert_string_equal(committed.request_id, c->request_id);
    assert_string_equal(committed.incident_id, c->incident_id);

    assert_int_equal(do_load(h, c->request_id, &view), SAH_OK);
    assert_string_equal(view.request_id, c->request_id);
    assert_string_equal(view.incident_id, c->incident_id);
    assert_int_equal(view.revision, 1);
    assert_int_equal(view.priority, SAH_PRIORITY_P1);
    assert_int_equal(view.last_sequence, 1);
    assert_int_equal(view.closed_ms, 0);
    assert_true(view.accepted_ms > 0);
    assert_int_equal(view.n_lines, 2);
    assert_string_equal(view.lines[0].agency, "108");
    assert_string_equal(view.lines[1].agency, "101");
    assert_int_equal(view.lines[1].state, SAH_STATE_QUEUED);

    leased = lease_one(h, "101");
    assert_string_equal(leased.key, c->plans[1].key); /* (I6) */
    assert_string_equal(leased.request_id, c->request_id);
    assert_string_equal(leased.incident_id, c->incident_id);
    assert_string_equal(leased.agency, "101");
    assert_string_equal(leased.endpoint, "101-state");
    assert_string_equal(leased.service, "AMBULANCE_108");
    assert_string_equal(leased.incident_type, "CARDIAC");
    assert_string_equal(leased.rule, "chest_pain");
    assert_int_equal(leased.epoch, 1);
    assert_int_equal(leased.attempts, 1);
    assert_int_equal(leased.priority, SAH_PRIORITY_P1);
    assert_int_equal(leased.sequence, 1);
    assert_int_equal(leased.accepted_ms, view.accepted_ms);
    assert_false(leased.possible_duplicate);
    assert_false(leased.fell_back);
    assert_int_equal(leased.n_previous, 0);
}

static void an_unknown_request_is_not_there(void **state)
{
    char id[SAH_REQUEST_ID_SIZE];

    request_id_of(99, id);
    assert_int_equal(do_load(*state, id, &view), SAH_ENOENT);
    assert_int_equal(do_load(*state, "nonsense", &view), SAH_ENOENT);
}

/* A reply that was lost is asked for again: the same names, nothing twice. */
static void a_known_message_changes_nothing_whatever_revision_is_expected(void **state)
{
    static const uint64_t expected[] = {0, 1, 77};
    struct sah_store_harness *h = *state;
    struct sah_committed again;
    struct sah_queue_stat queue;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    for (size_t i = 0; i < SAH_LEN(expected); i++) {
        struct sah_change *c = new_request(1, SAH_PRIORITY_P0);

        c->expected_revision = expected[i];
        add_plan(c, 1, "108");
        add_event(c, true, "108");
        assert_int_equal(do_commit(h, c, &again), SAH_OK);
        assert_true(again.duplicate);
        assert_int_equal(again.accept_seq, 1);
        assert_int_equal(again.revision, 1);
        assert_string_equal(again.request_id, c->request_id);
        assert_string_equal(again.incident_id, c->incident_id);
    }
    assert_int_equal(do_stats(h, "108-state", &queue).outbox, 0);
    assert_int_equal(queue.ready[1], 1);
    assert_int_equal(do_stats(h, "108-state", NULL).duplicates, 3);
    assert_int_equal(do_stats(h, "108-state", NULL).accepted, 1);
}

static void a_revision_that_moved_is_a_conflict_and_writes_nothing(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_committed committed;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    c = amendment(h, 1, 2, 2);
    add_event(c, true, "108");
    c->expected_revision = 0;
    sah_format(c->incident_id, sizeof c->incident_id, "%s", "I0000000000000000000000000000");
    assert_int_equal(do_commit(h, c, &committed), SAH_ECONFLICT);
    c->expected_revision = 5;
    assert_int_equal(do_commit(h, c, &committed), SAH_ECONFLICT);
    c = new_request(3, SAH_PRIORITY_P1);
    c->expected_revision = 1; /* there is none yet */
    assert_int_equal(do_commit(h, c, &committed), SAH_ECONFLICT);
    assert_int_equal(do_stats(h, "108-state", NULL).outbox, 0);
    assert_int_equal(do_stats(h, "108-state", NULL).accepted, 1);
}

static void a_line_keeps_all_that_the_agency_said(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c = new_request(1, SAH_PRIORITY_P2);
    struct sah_line *line = add_line(c, "108", SAH_STATE_CANCEL_ASKED);
    struct sah_agency_status *s = &line->status;

    line->before_cancel = SAH_STATE_EN_ROUTE;
    sah_format(line->stands_for, sizeof line->stands_for, "101");
    s->state = SAH_STATE_EN_ROUTE;
    s->level = SAH_LEVEL_PERSON;
    s->reason = SAH_REASON_CANCEL_DECLINED;
    sah_format(s->agency, sizeof s->agency, "108");
    sah_format(s->endpoint, sizeof s->endpoint, "108-state");
    sah_format(s->reason_text, sizeof s->reason_text, "దారిలో \"ఉంది\"\\");
    sah_format(s->by, sizeof s->by, "dispatcher-7");
    sah_format(s->case_no, sizeof s->case_no, "C-12");
    sah_format(s->units[0], SAH_UNIT_SIZE, "TS09 1234");
    sah_format(s->units[1], SAH_UNIT_SIZE, "TS09 9");
    s->n_units = 2;
    s->eta_s = 600;
    s->due_ms = 1800000000123;
    s->price_paise = 90500;
    s->sequence_seen = 3;
    s->sent_ms = 1700000000001;
    sah_format(s->payment_url, sizeof s->payment_url, "https://pay.example/1");
    sah_format(s->disposition, sizeof s->disposition, "moved");
    memcpy(s->request_id, c->request_id, sizeof s->request_id);
    must_commit(h, c);
    assert_int_equal(do_load(h, c->request_id, &view), SAH_OK);
    assert_memory_equal(&view.lines[0], line, sizeof *line);

    c = change_of(h, 1); /* another line leaves this one alone */
    add_line(c, "101", SAH_STATE_QUEUED);
    must_commit(h, c);
    assert_int_equal(do_load(h, c->request_id, &view), SAH_OK);
    assert_int_equal(view.n_lines, 2);
    assert_int_equal(view.lines[0].status.eta_s, 600);
}

static void closing_and_reopening_are_kept(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P3, "108");
    for (int64_t closed = 1700000000000; closed >= 0; closed -= 1700000000000) {
        c = change_of(h, 1);
        c->closed_ms = closed;
        must_commit(h, c);
        assert_int_equal(do_load(h, c->request_id, &view), SAH_OK);
        assert_int_equal(view.closed_ms, closed);
    }
}

static void a_plan_made_before_is_left_as_it_is(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    leased = lease_one(h, "108");
    c = change_of(h, 1);
    add_plan(c, 1, "108");
    must_commit(h, c);
    lease_none(h, "108");
    settle_done(h, 1, &leased);
    c = change_of(h, 1);
    add_plan(c, 1, "108");
    must_commit(h, c);
    lease_none(h, "108");
}

static void what_is_wrong_is_refused_before_anything_is_written(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    for (int i = 0; i < 7; i++) {
        c = new_request(1, SAH_PRIORITY_P1);
        add_plan(c, i == 0 ? 50 : 1, "108"); /* 0: a plan of a message nobody has */
        if (i == 1)
            c->bytes.len = 0; /* new, without a message */
        if (i == 2)
            c->request_id[0] = 'x';
        if (i == 3)
            c->plans[0].endpoint[0] = '*';
        if (i == 4)
            c->incident_id[0] = '\0';
        if (i == 5)
            memset(add_event(c, true, "108")->channel, 0, SAH_CHANNEL_SIZE);
        if (i == 6)
            c->plans[0].key[5] = '\0';
        assert_int_equal(do_commit(h, c, NULL), SAH_EINVAL);
        request_id_of(1, c->request_id);
        assert_int_equal(do_load(h, c->request_id, &view), SAH_ENOENT);
    }
    lease_none(h, "108");
    accept_request(h, 1, SAH_PRIORITY_P1, "108"); /* none of it stands in the way */
}

/* ---- outbox (I8) */

static void events_go_out_emergencies_first_until_they_are_acked(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_outbox_event events[4], again[4];
    struct sah_change *c = new_request(1, SAH_PRIORITY_P1);

    add_event(c, false, "Indane");
    add_event(c, true, "108");
    add_event(c, true, "101");
    must_commit(h, c);
    assert_int_equal(do_take(h, "other", 4, 1000, events), 0);
    assert_int_equal(do_take(h, "webchat", 2, 60000, events), 2);
    assert_string_equal(events[0].agency_says, "108");
    assert_string_equal(events[1].agency_says, "101");
    assert_true(strcmp(events[0].event_id, events[1].event_id) < 0);
    assert_string_equal(events[0].event_id, "E-00-0000000000000002");
    assert_string_equal(events[0].reply_token, "token");
    assert_string_equal(events[0].status.request_id, c->request_id);
    assert_int_equal(events[0].status.state, SAH_STATE_DELIVERED);
    assert_true(events[0].emergency);
    assert_int_equal(do_take(h, "webchat", 4, 20, again), 1); /* the rest; those are out */
    assert_string_equal(again[0].agency_says, "Indane");
    assert_int_equal(do_stats(h, "108-state", NULL).outbox, 3);

    h->advance_ms(h, 30);
    assert_int_equal(do_take(h, "webchat", 4, 60000, events + 2), 1); /* given again */
    assert_string_equal(events[2].event_id, again[0].event_id);
    for (int i = 0; i < 3; i++)
        assert_int_equal(do_ack(h, events[i].event_id), SAH_OK);
    assert_int_equal(do_ack(h, events[0].event_id), SAH_OK); /* said twice */
    assert_int_equal(do_stats(h, "108-state", NULL).outbox, 0);
    assert_int_equal(do_ack(h, "E-00-0000000000009999"), SAH_OK);
    assert_int_equal(do_ack(h, "nonsense"), SAH_EINVAL);
}

static void an_event_given_again_keeps_its_place(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_outbox_event first[1], events[3];
    struct sah_change *c = new_request(1, SAH_PRIORITY_P1);

    add_event(c, true, "a");
    add_event(c, true, "b");
    must_commit(h, c);
    assert_int_equal(do_take(h, "webchat", 1, 1, first), 1);
    h->advance_ms(h, 5);
    assert_int_equal(do_take(h, "webchat", 3, 60000, events), 2);
    assert_string_equal(events[0].agency_says, "a");
    assert_string_equal(events[1].agency_says, "b");
}

/* ---- for people */

static void stats_count_by_endpoint_and_class(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_store_stats stats;
    struct sah_queue_stat queue;
    struct sah_leased leased[2];

    accept_request(h, 1, SAH_PRIORITY_P0, "108");
    accept_request(h, 2, SAH_PRIORITY_P0, "108");
    accept_request(h, 3, SAH_PRIORITY_P4, "108");
    accept_request(h, 4, SAH_PRIORITY_P4, "101");
    h->advance_ms(h, 20);
    assert_int_equal(do_lease(h, "108-state", 4, 2, leased), 2);
    assert_int_equal(do_delay(h, &leased[0], 60000, "108-state", SAH_ANSWER_BUSY), SAH_OK);
    stats = do_stats(h, "108-state", &queue);
    assert_int_equal(queue.ready[0], 0);
    assert_int_equal(queue.ready[4], 1);
    assert_int_equal(queue.oldest_age_ms[0], 0);
    assert_true(queue.oldest_age_ms[4] >= 20);
    assert_int_equal(queue.leased, 1);
    assert_int_equal(queue.delayed, 1);
    assert_int_equal(queue.dead, 0);
    assert_int_equal(stats.leased, 1);
    assert_int_equal(stats.delayed, 1);
    assert_int_equal(stats.accepted, 4);
    do_stats(h, "nobody", &queue);
    assert_int_equal(queue.ready[4], 0);
}

static void quarantine_shows_the_newest_first(void **state)
{
    struct sah_store_harness *h = *state;
    static char json[16384];
    const char *second, *first;

    assert_int_equal(do_list(h, 10, json, sizeof json), SAH_OK);
    assert_string_equal(json, "[]");
    assert_int_equal(do_quarantine(h, "schema", "\x00\xff\x01", 3), SAH_OK);
    assert_int_equal(do_quarantine(h, "too long", json, sizeof json), SAH_OK);
    assert_int_equal(do_list(h, 10, json, sizeof json), SAH_OK);
    first = strstr(json, "00ff01");
    second = strstr(json, "too long");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(second < first);
    assert_int_equal(do_list(h, 1, json, sizeof json), SAH_OK);
    assert_null(strstr(json, "00ff01"));
    assert_int_equal(do_stats(h, "108-state", NULL).quarantined, 2);
}

/* ---- the suite */

static struct sah_store_harness *harness;

int contract_before(void **state)
{
    harness->make(harness);
    *state = harness;
    return 0;
}

int contract_after(void **state)
{
    (void)state;
    harness->destroy(harness);
    return 0;
}

int sah_store_contract_run(struct sah_store_harness *with)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(a_new_request_is_stored_with_its_deliveries_and_lines),
        CONTRACT_CASE(an_unknown_request_is_not_there),
        CONTRACT_CASE(a_known_message_changes_nothing_whatever_revision_is_expected),
        CONTRACT_CASE(a_revision_that_moved_is_a_conflict_and_writes_nothing),
        CONTRACT_CASE(a_line_keeps_all_that_the_agency_said),
        CONTRACT_CASE(closing_and_reopening_are_kept),
        CONTRACT_CASE(a_plan_made_before_is_left_as_it_is),
        CONTRACT_CASE(what_is_wrong_is_refused_before_anything_is_written),
        CONTRACT_CASE(events_go_out_emergencies_first_until_they_are_acked),
        CONTRACT_CASE(an_event_given_again_keeps_its_place),
        CONTRACT_CASE(stats_count_by_endpoint_and_class),
        CONTRACT_CASE(quarantine_shows_the_newest_first),
    };

    harness = with;
    return _cmocka_run_group_tests(with->name, tests, SAH_LEN(tests), NULL, NULL) +
           contract_run_queue_cases(with->name) + contract_run_timer_cases(with->name) +
           contract_run_owner_cases(with->name) + contract_run_clock_cases(with->name) +
           contract_run_incident_cases(with->name) + contract_run_replay_cases(with->name) +
           contract_run_known_cases(with->name) + contract_run_exact_cases(with->name);
}
