/*
 * test_dialog_event - what a citizen hears of a request: every state in every language.
 *
 * I9: no text before ACKNOWLEDGED speaks of help that comes. I12: the number is in every one.
 */
#include "dialog_fake.h"

#include <stdio.h>

static const char *const languages[] = {"te", "hi", "ur", "en", "te-Latn", "mixed", ""};

/* Words that promise somebody on the way. A text that must not promise has none of any
 * language. */
static const char *const coming[] = {
    "coming", "on the way", "on its way", "sent an", "dispatched", "set out", "వస్తోంది",
    "వస్తున్న", "బయలుదేర",     "పంపించాం",     "పంపాం",    "आ रही",      "आ रहे",    "भेज",
    "रवाना",  "निकल चुक",    "آ رہی",      "آ رہے",   "بھیج",       "روانہ",   "نکل چک",
};

static struct sah_outbox_event event_of(enum sah_state state)
{
    struct sah_outbox_event e = {.emergency = true, .created_ms = NOW};
    struct sah_id id = {.bytes = {7}};

    (void)sah_format(e.event_id, sizeof e.event_id, "ev-%d", (int)state);
    (void)sah_format(e.account, sizeof e.account, "acc");
    (void)sah_format(e.sender, sizeof e.sender, "s1");
    (void)sah_format(e.agency_says, sizeof e.agency_says, "108");
    (void)sah_format(e.dial, sizeof e.dial, "108");
    (void)sah_format(e.service, sizeof e.service, "AMBULANCE_108");
    e.status.state = state;
    sah_request_id(SAH_LANE_EMERGENCY, 0, &id, e.status.request_id);
    return e;
}

static bool is_told(enum sah_state state)
{
    return state != SAH_STATE_UNSPECIFIED && state != SAH_STATE_QUEUED &&
           state != SAH_STATE_FORWARDED && state != SAH_STATE_CANCEL_ASKED;
}

static bool may_promise(enum sah_state state)
{
    return state == SAH_STATE_EN_ROUTE || state == SAH_STATE_OUT_FOR_DELIVERY;
}

static void every_state_in_every_language_is_true_and_names_the_number(void **state)
{
    static struct sah_step step;

    for (int s = 0; s < SAH_N_STATES; s++)
        for (size_t l = 0; l < SAH_LEN(languages); l++) {
            struct sah_outbox_event e = event_of((enum sah_state)s);
            struct sah_conversation c = {0};

            (void)sah_format(c.language, sizeof c.language, "%s", languages[l]);
            sah_dialog_event(*state, &c, &e, NOW, &step);
            assert_int_equal(step.n_replies, is_told((enum sah_state)s) ? 1 : 0);
            if (step.n_replies == 0)
                continue;
            assert_non_null(strstr(step.replies[0].body, "108"));
            assert_true(step.replies[0].emergency);
            assert_string_equal(step.replies[0].key, e.event_id);
            assert_non_null(strstr(step.replies[0].supersedes, ":status"));
            for (size_t w = 0; w < SAH_LEN(coming) && !may_promise((enum sah_state)s); w++)
                if (strstr(step.replies[0].body, coming[w]) != NULL)
                    fail_msg("%s promises \"%s\"", sah_state_name((enum sah_state)s),
                             coming[w]);
        }
}

static void an_agency_without_name_or_number_still_gives_112(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_NEEDS_PERSON);
    struct sah_conversation c = {.language = "en"};

    e.agency_says[0] = e.dial[0] = '\0';
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "Call 112"));
}

static void the_facts_of_an_agency_are_said(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_EN_ROUTE);
    struct sah_conversation c = {.language = "en"};

    (void)sah_format(e.status.case_no, sizeof e.status.case_no, "C-12");
    (void)sah_format(e.status.units[0], sizeof e.status.units[0], "TS09 1234");
    e.status.n_units = 1;
    e.status.eta_s = 601;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "C-12"));
    assert_non_null(strstr(step.replies[0].body, "TS09 1234"));
    assert_non_null(strstr(step.replies[0].body, "11 min"));
}

static void a_booking_has_number_price_date_and_a_link(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_BOOKED);
    struct sah_conversation c = {.language = "en"};

    e.emergency = false;
    (void)sah_format(e.agency_says, sizeof e.agency_says, "Indane");
    (void)sah_format(e.status.case_no, sizeof e.status.case_no, "B-77");
    (void)sah_format(e.status.payment_url, sizeof e.status.payment_url,
                     "https://pay.example/1");
    e.status.price_paise = 90550;
    e.status.due_ms = 1773426600000LL; /* 2026-03-14 00:00 in India, still the 13th in UTC */
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.replies[0].kind, SAH_REPLY_LINK);
    assert_string_equal(step.replies[0].url, "https://pay.example/1");
    assert_string_equal(step.replies[0].body,
                        "Indane has booked your cylinder.\nBooking number: B-77\n"
                        "Price: Rs 905.50\nExpected date: 14-03-2026");
    assert_false(step.replies[0].emergency);
}

static void covert_callers_and_inferred_states_hear_nothing(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_ACKNOWLEDGED);
    struct sah_conversation c = {.language = "en"};

    e.comm_pref = SAH_COMM_PREF_SILENT;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.n_replies, 0);
    e.comm_pref = SAH_COMM_PREF_ANY;
    e.inferred = true;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.n_replies, 0);
    e.inferred = false;
    c.silent = true;
    c.n_open = 1;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.n_replies, 0);
}

static void the_conversation_learns_the_state_and_forgets_closed_requests(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_CLOSED);
    struct sah_conversation c = {.language = "en", .n_open = 1};

    memcpy(c.open[0].request_id, e.status.request_id, sizeof c.open[0].request_id);
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.next.open[0].state, SAH_STATE_CLOSED);
    assert_int_equal(step.next.open[0].closed_ms, NOW);
    c = step.next;
    e = event_of(SAH_STATE_REOPENED);
    sah_dialog_event(*state, &c, &e, NOW + 1000, &step);
    assert_int_equal(step.next.open[0].closed_ms, 0);
    sah_dialog_event(*state, &c, &e, NOW + 1000, &step);
    (void)sah_format(e.status.request_id, sizeof e.status.request_id, "other");
    sah_dialog_event(*state, &c, &e, NOW + 31 * 60 * 1000, &step);
    assert_int_equal(step.next.n_open, 0);
}

/* Two agencies work on one request: 108 ends its part, 112 goes on. */
static void a_request_is_closed_only_when_no_agency_works_on_it(void **state)
{
    static struct sah_step step;
    struct sah_conversation c = {.language = "en", .n_open = 1};
    static const struct {
        const char *agency;
        enum sah_state state;
        bool closed;
    } cases[] = {
        {"108", SAH_STATE_ACKNOWLEDGED, false}, {"112", SAH_STATE_DELIVERED, false},
        {"108", SAH_STATE_CLOSED, false},       {"112", SAH_STATE_EN_ROUTE, false},
        {"112", SAH_STATE_CLOSED, true},        {"112", SAH_STATE_REOPENED, false},
        {"112", SAH_STATE_CANCELLED, true},
    };

    memcpy(c.open[0].request_id, event_of(SAH_STATE_CLOSED).status.request_id,
           sizeof c.open[0].request_id);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_outbox_event e = event_of(cases[i].state);

        (void)sah_format(e.status.agency, sizeof e.status.agency, "%s", cases[i].agency);
        sah_dialog_event(*state, &c, &e, NOW, &step);
        assert_int_equal(step.n_replies, 1);
        c = step.next;
        assert_int_equal(c.open[0].closed_ms != 0, cases[i].closed);
    }
}

/* Events may come again, late: nothing that a person has overtaken is said as if it were new.
 */
static void nobody_hears_that_no_person_has_it_after_one_has(void **state)
{
    static struct sah_step step;
    struct sah_conversation c = {.language = "en", .n_open = 1};
    struct sah_outbox_event e = event_of(SAH_STATE_ACKNOWLEDGED);

    memcpy(c.open[0].request_id, e.status.request_id, sizeof c.open[0].request_id);
    (void)sah_format(e.status.agency, sizeof e.status.agency, "108");
    sah_dialog_event(*state, &c, &e, NOW, &step);
    c = step.next;
    e.status.state = SAH_STATE_RECEIVED;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.n_replies, 1);
    assert_null(strstr(step.replies[0].body, "No person"));
    assert_non_null(strstr(step.replies[0].body, "reference"));
    assert_int_equal(step.next.open[0].state, SAH_STATE_ACKNOWLEDGED);
    e.status.state = SAH_STATE_DELIVERED;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.n_replies, 0);
    assert_int_equal(step.next.open[0].state, SAH_STATE_ACKNOWLEDGED);
    (void)sah_format(e.status.agency, sizeof e.status.agency, "101");
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_int_equal(step.n_replies, 1); /* another agency's news */
}

/* The router opens a request again when its citizen writes: the agency has not said so yet. */
static void only_a_person_s_reopening_is_said_of_the_agency(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_REOPENED);
    struct sah_conversation c = {.language = "en"};

    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "No person has accepted it yet"));
    e.status.level = SAH_LEVEL_PERSON;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "opened this case again"));
}

/* Asked again: which one is open, by its reference, and nothing of its state changes. */
static void a_booking_asked_for_again_names_the_open_one(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_RECEIVED);
    char ref[SAH_REF_SIZE];

    e.again = true;
    e.emergency = false;
    (void)sah_format(e.service, sizeof e.service, "LPG_BOOKING");
    sah_request_ref(e.status.request_id, ref);
    for (size_t l = 0; l < SAH_LEN(languages); l++) {
        struct sah_conversation c = {.n_open = 1};

        (void)sah_format(c.language, sizeof c.language, "%s", languages[l]);
        memcpy(c.open[0].request_id, e.status.request_id, sizeof c.open[0].request_id);
        c.open[0].state = SAH_STATE_BOOKED;
        c.open[0].opened_ms = NOW;
        sah_dialog_event(*state, &c, &e, NOW, &step);
        assert_int_equal(step.n_replies, 1);
        assert_non_null(strstr(step.replies[0].body, ref));
        if (strcmp(languages[l], "en") == 0)
            assert_non_null(strstr(step.replies[0].body, "added to your booking"));
        assert_int_equal(step.replies[0].n_choices, 0); /* perhaps another citizen's */
        assert_string_equal(step.replies[0].supersedes, "");
        assert_int_equal(step.next.open[0].state, SAH_STATE_BOOKED);
    }
}

static void what_became_part_of_another_request_is_not_open_twice(void **state)
{
    struct sah_conversation c = {.n_open = 2};
    static struct sah_message submit, result;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        c.open[i].message_id.bytes[0] = (uint8_t)(i + 1);
        c.open[i].opened_ms = NOW;
    }
    sah_request_id(SAH_LANE_BULK, 0, &c.open[0].message_id, c.open[0].request_id);
    submit.kind = SAH_KIND_REQUEST;
    result.kind = SAH_KIND_RESULT;
    result.u.result.code = SAH_RESULT_ACCEPTED;
    memcpy(result.request_id, c.open[0].request_id, sizeof result.request_id);
    submit.id = c.open[0].message_id; /* answered once more: it is itself */
    sah_dialog_accepted(&submit, &result, &c);
    assert_true(c.open[0].closed_ms == 0);
    submit.id = c.open[1].message_id; /* the same booking again */
    sah_dialog_accepted(&submit, &result, &c);
    assert_true(c.open[0].closed_ms == 0 && c.open[1].closed_ms != 0);
    c.open[1].closed_ms = 0;
    c.open[0].request_id[0] = '\0';
    result.u.result.of_another = true; /* another citizen's: not theirs to ask about */
    sah_dialog_accepted(&submit, &result, &c);
    assert_true(c.open[1].closed_ms != 0 && c.open[1].request_id[0] == '\0');
}

static void a_declined_cancel_is_said(void **state)
{
    static struct sah_step step;
    struct sah_outbox_event e = event_of(SAH_STATE_EN_ROUTE);
    struct sah_conversation c = {.language = "en"};

    e.status.reason = SAH_REASON_CANCEL_DECLINED;
    sah_dialog_event(*state, &c, &e, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "has not cancelled"));
}

static void a_status_answer_has_each_agency_s_own_state(void **state)
{
    static struct sah_step step;
    static struct sah_message query, result;
    struct sah_outbox_event e = event_of(SAH_STATE_CLOSED);
    struct sah_conversation c = {.language = "en"};

    memset(&query, 0, sizeof query);
    memset(&result, 0, sizeof result);
    query.kind = SAH_KIND_STATUS_QUERY;
    memcpy(query.request_id, e.status.request_id, sizeof query.request_id);
    result.kind = SAH_KIND_RESULT;
    memcpy(result.request_id, query.request_id, sizeof result.request_id);
    result.u.result.code = SAH_RESULT_ACCEPTED;
    result.u.result.n_agencies = 2;
    for (unsigned i = 0; i < 2; i++) {
        (void)sah_format(result.u.result.agencies[i].agency_says, 33, "%s",
                         i == 0 ? "101" : "108");
        (void)sah_format(result.u.result.agencies[i].dial, 17, "%s", i == 0 ? "101" : "108");
    }
    result.u.result.agencies[0].state = SAH_STATE_ACKNOWLEDGED;
    result.u.result.agencies[1].state = SAH_STATE_DELIVERED;
    sah_dialog_status(*state, &c, &query, &result, NOW, &step);
    assert_int_equal(step.n_replies, 2);
    assert_non_null(strstr(step.replies[0].body, "A person at 101"));
    assert_non_null(strstr(step.replies[1].body, "Delivered to 108"));
    assert_non_null(strstr(step.replies[1].body, "call 108"));
    assert_string_not_equal(step.replies[0].key, step.replies[1].key);
    result.u.result.code = SAH_RESULT_RETRY;
    sah_dialog_status(*state, &c, &query, &result, NOW, &step);
    assert_int_equal(step.n_replies, 1);
    assert_non_null(strstr(step.replies[0].body, "112"));
}

static void an_unconfirmed_emergency_is_told_to_call_now(void **state)
{
    static struct sah_step step;
    static struct sah_message submit, result;
    struct sah_conversation c = {.language = "en"};
    char key[sizeof step.replies[0].key];

    memset(&submit, 0, sizeof submit);
    submit.kind = SAH_KIND_REQUEST;
    (void)sah_format(submit.u.request.triage.service, SAH_SERVICE_SIZE, "AMBULANCE_108");
    sah_dialog_not_accepted(*state, &c, &submit, NULL, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "call 108 now"));
    (void)sah_format(submit.u.request.triage.service, SAH_SERVICE_SIZE, "LPG_BOOKING");
    submit.u.request.urgency = SAH_URGENCY_BULK;
    sah_dialog_not_accepted(*state, &c, &submit, NULL, NOW, &step); /* it takes long, and then it is refused: */
    (void)sah_format(key, sizeof key, "%s", step.replies[0].key);
    memset(&result, 0, sizeof result);
    result.kind = SAH_KIND_RESULT;
    result.u.result.code = SAH_RESULT_REFUSED;
    result.u.result.retry_after_ms = 600000;
    sah_dialog_not_accepted(*state, &c, &submit, &result, NOW, &step);
    assert_non_null(strstr(step.replies[0].body, "10 minutes"));
    assert_string_not_equal(step.replies[0].key, key); /* said as well, not once for both */
}

/* NOW is 19:43 in India. "Try again in 600 minutes" helps nobody. */
static void when_to_try_again_is_told_in_minutes_or_hours(void **state)
{
    static const struct {
        uint32_t after_min;
        const char *en, *te, *hi, *ur;
    } rows[] = {
        {0, "in 60 minutes.", "60 నిమిషాల", "60 मिनट", "60 منٹ"}, /* not said */
        {4, "in 5 minutes.", "5 నిమిషాల", "5 मिनट", "5 منٹ"},
        {61, "in 65 minutes.", "65 నిమిషాల", "65 मिनट", "65 منٹ"},
        {89, "in 90 minutes.", "90 నిమిషాల", "90 मिनट", "90 منٹ"},
        {90, "about 2 hours, after 21:15.", "2 గంటల తర్వాత (21:15", "2 घंटे बाद (21:15 बजे", "2 گھنٹے بعد (21:15 بجے"},
        {180, "about 3 hours, after 22:45.", "3 గంటల తర్వాత (22:45", "3 घंटे बाद (22:45 बजे", "3 گھنٹے بعد (22:45 بجے"},
        {257, "about 4 hours, tomorrow after 00:15.", "4 గంటల తర్వాత (రేపు 00:15", "4 घंटे बाद (कल 00:15 बजे",
         "4 گھنٹے بعد (کل 00:15 بجے"},
        {600, "about 10 hours, tomorrow after 05:45.", "10 గంటల తర్వాత (రేపు 05:45", "10 घंटे बाद (कल 05:45 बजे",
         "10 گھنٹے بعد (کل 05:45 بجے"},
    };
    static const char *const in[] = {"en", "te", "hi", "ur"};
    static struct sah_step step;
    static struct sah_message submit, result;

    memset(&submit, 0, sizeof submit);
    submit.kind = SAH_KIND_REQUEST;
    submit.u.request.urgency = SAH_URGENCY_BULK;
    (void)sah_format(submit.u.request.triage.service, SAH_SERVICE_SIZE, "LPG_BOOKING");
    memset(&result, 0, sizeof result);
    result.kind = SAH_KIND_RESULT;
    result.u.result.code = SAH_RESULT_REFUSED;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const char *const told[] = {rows[i].en, rows[i].te, rows[i].hi, rows[i].ur};

        result.u.result.retry_after_ms = rows[i].after_min * 60000;
        for (size_t l = 0; l < SAH_LEN(in); l++) {
            struct sah_conversation c = {0};

            (void)sah_format(c.language, sizeof c.language, "%s", in[l]);
            sah_dialog_not_accepted(*state, &c, &submit, &result, NOW, &step);
            assert_int_equal(step.n_replies, 1);
            if (strstr(step.replies[0].body, told[l]) == NULL)
                fail_msg("%u min in %s: no \"%s\" in \"%s\"", rows[i].after_min, in[l], told[l], step.replies[0].body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_in_every_language_is_true_and_names_the_number),
        cmocka_unit_test(an_agency_without_name_or_number_still_gives_112),
        cmocka_unit_test(the_facts_of_an_agency_are_said),
        cmocka_unit_test(a_booking_has_number_price_date_and_a_link),
        cmocka_unit_test(covert_callers_and_inferred_states_hear_nothing),
        cmocka_unit_test(the_conversation_learns_the_state_and_forgets_closed_requests),
        cmocka_unit_test(a_request_is_closed_only_when_no_agency_works_on_it),
        cmocka_unit_test(nobody_hears_that_no_person_has_it_after_one_has),
        cmocka_unit_test(only_a_person_s_reopening_is_said_of_the_agency),
        cmocka_unit_test(a_booking_asked_for_again_names_the_open_one),
        cmocka_unit_test(what_became_part_of_another_request_is_not_open_twice),
        cmocka_unit_test(a_declined_cancel_is_said),
        cmocka_unit_test(a_status_answer_has_each_agency_s_own_state),
        cmocka_unit_test(an_unconfirmed_emergency_is_told_to_call_now),
        cmocka_unit_test(when_to_try_again_is_told_in_minutes_or_hours),
    };

    return cmocka_run_group_tests(tests, dialog_setup, dialog_teardown);
}
