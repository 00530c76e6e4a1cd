/*
 * test_sameness_sender - what one sender sends again, when an update may go, exact keys, the
 * facts of a request, suspicion (9.n: see sameness.h).
 */
#include "sameness_test.h"

/* ---- layer 1 */

#define OPEN(svc, typ, cls, when)                                                 \
    {                                                                             \
        .service = svc, .type = typ, .priority = cls, .text = 5, .text_ms = when, \
        .forwarded_ms = when                                                      \
    }
#define P(n) SAH_PRIORITY_P##n

static void what_a_sender_sends_again(void **state)
{
    static const struct sah_open_request fire = OPEN("FIRE_101", "FSTRU", P(1), T0),
                                         lpg = OPEN("LPG_BOOKING", "LPGBOOK", P(4), T0),
                                         line = OPEN("HELPLINE_14416", "NONEMERG", P(2), T0);
    static const struct {
        const struct sah_open_request *open;
        uint64_t text;
        const char *service, *type;
        enum sah_priority priority;
        int64_t after_ms;
        enum sah_repeat_kind kind;
        int of;
        bool same_incident;
    } cases[] = {
        /* P3, P4: identical text inside 60 s is counted */
        {&lpg, 5, "LPG_BOOKING", "LPGBOOK", P(4), 0, SAH_SENDER_REPEAT_COUNTED, 0, false},
        {&lpg, 5, "LPG_BOOKING", "LPGBOOK", P(4), 59999, SAH_SENDER_REPEAT_COUNTED, 0, false},
        {&lpg, 5, "LPG_BOOKING", "LPGBOOK", P(4), 60000, SAH_SENDER_APPEND, 0, false},
        {&lpg, 6, "LPG_BOOKING", "LPGBOOK", P(4), 10, SAH_SENDER_APPEND, 0, false},
        /* P0-P2: "caller repeats" at most every 20 s, for as long as it is open */
        {&fire, 5, "FIRE_101", "FSTRU", P(1), 19999, SAH_SENDER_REPEAT_COUNTED, 0, false},
        {&fire, 5, "FIRE_101", "FSTRU", P(1), 20000, SAH_SENDER_REPEAT_FORWARD, 0, false},
        {&fire, 5, "FIRE_101", "FSTRU", P(1), 1800000, SAH_SENDER_REPEAT_FORWARD, 0, false},
        {&fire, 5, "FIRE_101", "FSTRU", P(1), -60000, SAH_SENDER_REPEAT_FORWARD, 0, false},
        {&fire, 5, "", "", P(1), 30000, SAH_SENDER_REPEAT_FORWARD, 0, false},
        /* other words, or none: an update; the same words ranked higher are not a repeat */
        {&fire, 6, "FIRE_101", "FVEH", P(1), 10, SAH_SENDER_APPEND, 0, false},
        {&fire, 6, "", "", P(1), 10, SAH_SENDER_APPEND, 0, false},
        {&fire, 6, "UNKNOWN", "", P(1), 10, SAH_SENDER_APPEND, 0, false},
        {&fire, 0, "", "", P(1), 10, SAH_SENDER_APPEND, 0, false},
        {&fire, 6, "FIRE_101", "EXPLOS", P(0), 10, SAH_SENDER_APPEND, 0, false},
        {&fire, 5, "FIRE_101", "FSTRU", P(0), 10, SAH_SENDER_APPEND, 0, false},
        /* a new danger: its own request, the same incident */
        {&fire, 6, "AMBULANCE_108", "CARDIAC", P(1), 10, SAH_SENDER_NEW, 0, true},
        {&fire, 5, "AMBULANCE_108", "CARDIAC", P(1), 10, SAH_SENDER_NEW, 0, true},
        /* ... but never across lanes, nor with a confidential line */
        {&lpg, 6, "LPG_LEAK", "GASLEAKI", P(1), 10, SAH_SENDER_NEW, 0, false},
        {&lpg, 5, "", "", P(1), 10, SAH_SENDER_NEW, 0, false},
        {&fire, 6, "LPG_BOOKING", "LPGBOOK", P(4), 10, SAH_SENDER_NEW, 0, false},
        {&line, 6, "AMBULANCE_108", "CARDIAC", P(1), 10, SAH_SENDER_NEW, 0, false},
        {&fire, 6, "HELPLINE_181", "VIOLENCE", P(2), 10, SAH_SENDER_NEW, 0, false},
        {NULL, 5, "FIRE_101", "FSTRU", P(1), 10, SAH_SENDER_NEW, -1, false},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_repeat got = sah_sameness_repeat(
            rules, cases[i].open, cases[i].open != NULL, cases[i].text, cases[i].service,
            cases[i].type, cases[i].priority, T0 + cases[i].after_ms);

        if (got.kind != cases[i].kind || got.of != cases[i].of ||
            got.same_incident != cases[i].same_incident || got.reopen)
            fail_msg("case %zu: %d of %d, same incident %d", i, got.kind, got.of,
                     got.same_incident);
    }
}

static void a_closed_request_is_reopened_within_half_an_hour(void **state)
{
    struct sah_open_request open[2] = {OPEN("FIRE_101", "FSTRU", P(1), T0),
                                       OPEN("FIRE_101", "FVEH", P(1), T0 - MINUTE)};
    struct sah_repeat got;

    (void)state;
    open[0].closed_ms = T0;
    got = sah_sameness_repeat(rules, open, 1, 5, "FIRE_101", "FSTRU", P(1), T0 + 30 * MINUTE);
    assert_int_equal(got.kind, SAH_SENDER_APPEND); /* said again after closing is no repeat */
    assert_true(got.reopen);
    got =
        sah_sameness_repeat(rules, open, 1, 5, "FIRE_101", "FSTRU", P(1), T0 + 30 * MINUTE + 1);
    assert_int_equal(got.kind, SAH_SENDER_NEW);
    assert_int_equal(got.of, -1);
    /* An open one comes before a closed one that is newer. */
    got = sah_sameness_repeat(rules, open, 2, 6, "", "", P(1), T0 + MINUTE);
    assert_int_equal(got.kind, SAH_SENDER_APPEND);
    assert_int_equal(got.of, 1);
    assert_false(got.reopen);
}

/* Days later it is another call for help: of its own, and the one left open is shown beside it. */
static void an_open_request_takes_up_words_for_the_window_of_its_type(void **state)
{
    static const struct {
        struct sah_open_request open;
        const char *service, *type;
        int64_t window_ms; /* of deploy/etc/incidents.yaml, half an hour at least */
        bool shown;
    } cases[] = {
        {OPEN("FIRE_101", "FSTRU", P(1), T0), "FIRE_101", "FSTRU", 30 * MINUTE, true},
        {OPEN("FIRE_101", "FBRUSH", P(1), T0), "FIRE_101", "FBRUSH", 60 * MINUTE, true},
        {OPEN("HELPLINE_1912", "ELECHZD", P(1), T0), "HELPLINE_1912", "ELECHZD", 120 * MINUTE, true},
        {OPEN("AMBULANCE_108", "CARDIAC", P(0), T0), "AMBULANCE_108", "CARDIAC", 30 * MINUTE, true},
        {OPEN("AMBULANCE_108", "CARDIAC", P(0), T0), "", "", 30 * MINUTE, true},
        {OPEN("HELPLINE_181", "", P(2), T0), "HELPLINE_181", "", 30 * MINUTE, false},
        {OPEN("LPG_BOOKING", "LPGBOOK", P(4), T0), "LPG_BOOKING", "LPGBOOK", 30 * MINUTE, false},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        const struct sah_open_request *open = &cases[i].open;
        struct sah_repeat got = sah_sameness_repeat(rules, open, 1, 6, cases[i].service, cases[i].type,
                                                    open->priority, T0 + cases[i].window_ms);

        if (got.kind != SAH_SENDER_APPEND || got.of != 0)
            fail_msg("case %zu: %d of %d within its window", i, got.kind, got.of);
        for (int64_t late_ms = 1; late_ms < 11 * 1440 * MINUTE; late_ms += 10 * 1440 * MINUTE) {
            got = sah_sameness_repeat(rules, open, 1, 6, cases[i].service, cases[i].type, open->priority,
                                      T0 + cases[i].window_ms + late_ms);
            if (got.kind != SAH_SENDER_NEW || got.same_incident || got.earlier != cases[i].shown ||
                got.of != (cases[i].shown ? 0 : -1))
                fail_msg("case %zu: %d of %d past its window", i, got.kind, got.of);
        }
        got = sah_sameness_repeat(rules, open, 1, 6, cases[i].service, cases[i].type, open->priority,
                                  T0 - 600 * MINUTE); /* the clock went back */
        assert_int_equal(got.kind, SAH_SENDER_APPEND);
    }
}

/* (9.2) */
static void updates_wait_for_ten_seconds_unless_it_got_worse(void **state)
{
    (void)state;
    assert_int_equal(sah_sameness_update_due(rules, 0, T0, false, false, false), T0);
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 + 1, false, false, false),
                     T0 + 10000);
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 + 9999, false, false, false),
                     T0 + 10000);
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 + 10000, false, false, false),
                     T0 + 10000);
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 + 1, true, false, false), T0 + 1);
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 + 1, false, true, false), T0 + 1);
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 + 1, false, false, true), T0 + 1);
    /* The clock went back an hour: ten seconds, not an hour. */
    assert_int_equal(sah_sameness_update_due(rules, T0, T0 - 60 * MINUTE, false, false, false),
                     T0 - 60 * MINUTE + 10000);
}

static void suspicion_grows_with_marks_and_shrinks_with_real_calls(void **state)
{
    static const struct {
        struct sah_sender_history history;
        unsigned points;
    } cases[] = {
        {{0}, 0},
        {{.first_seen_ms = T0}, 0}, /* being new is no mark */
        {{.confirmed = 50, .first_seen_ms = 1}, 0},
        {{.false_reports = 1, .first_seen_ms = 1}, 30},
        {{.false_reports = 1, .first_seen_ms = T0}, 40},
        {{.false_alarms = 1, .no_patient = 1, .first_seen_ms = 1}, 25},
        {{.false_reports = 1, .confirmed = 1, .first_seen_ms = 1}, 15},
        {{.false_reports = 4, .first_seen_ms = 1}, 100},
        {{.false_reports = UINT32_MAX, .false_alarms = UINT32_MAX, .no_patient = UINT32_MAX},
         100},
        {{.false_reports = 10, .confirmed = 90, .first_seen_ms = 1}, 10},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_int_equal(sah_suspicion(&rules->suspicion, &cases[i].history, T0),
                         cases[i].points);
}

/* ---- keys, hashes, facts */

static struct sah_request request;

static void check_key(enum sah_exact_kind kind, const char *want)
{
    char key[SAH_SAME_KEY_SIZE];

    assert_int_equal(sah_sameness_exact_key(&request, key), kind);
    assert_string_equal(key, want);
}

static void a_booking_is_known_by_its_connection(void **state)
{
    struct sah_lpg *lpg = &request.payload.u.lpg;

    (void)state;
    memset(&request, 0, sizeof request);
    check_key(SAH_EXACT_NONE, "");
    request.payload.kind = SAH_PAYLOAD_LPG;
    SET(lpg->op, "BOOK");
    SET(lpg->company, "indane");
    check_key(SAH_EXACT_NONE, "");
    SET(request.citizen.callback, "+91 98480 22338");
    check_key(SAH_EXACT_ONE_OPEN, "lpg/indane/mobile/9848022338");
    SET(request.citizen.callback, "09848022338");
    check_key(SAH_EXACT_ONE_OPEN, "lpg/indane/mobile/9848022338");
    SET(lpg->lpg_id, "12345678901234567");
    check_key(SAH_EXACT_ONE_OPEN, "lpg/id/12345678901234567");
    SET(lpg->consumer_no, "ab-12 34");
    check_key(SAH_EXACT_ONE_OPEN, "lpg/indane/consumer/AB1234");
    SET(lpg->op, "STATUS");
    check_key(SAH_EXACT_NONE, "");
}

static void a_trip_is_known_by_beneficiary_trip_and_date(void **state)
{
    struct sah_transport *t = &request.payload.u.transport;
    char before[SAH_SAME_KEY_SIZE], after[SAH_SAME_KEY_SIZE];

    (void)state;
    memset(&request, 0, sizeof request);
    request.payload.kind = SAH_PAYLOAD_TRANSPORT;
    SET(t->trip, "CHECKUP");
    t->pickup_from_ms = INT64_C(1784745000000); /* 2026-07-23 00:00 in India */
    check_key(SAH_EXACT_NONE, "");
    SET(t->beneficiary, "mch 77");
    check_key(SAH_EXACT_REPLACES, "102/CHECKUP/20657/MCH77");
    (void)sah_sameness_exact_key(&request, before);
    t->pickup_from_ms += 86400000 - 1; /* the last moment of that day */
    (void)sah_sameness_exact_key(&request, after);
    assert_string_equal(before, after);
    t->pickup_from_ms += 1;
    (void)sah_sameness_exact_key(&request, after);
    assert_string_not_equal(before, after);
    SET(t->trip, "");
    check_key(SAH_EXACT_NONE, "");
}

static void blanks_and_case_do_not_make_another_text(void **state)
{
    uint64_t hash = sah_sameness_hash(SAH_SLICE("Fire at RTC"));

    (void)state;
    assert_true(hash != 0);
    assert_true(hash == sah_sameness_hash(SAH_SLICE("  fire\nat rtc ")));
    assert_true(hash != sah_sameness_hash(SAH_SLICE("fire at rtd")));
    assert_true(sah_sameness_hash(SAH_SLICE(" \n")) == 0);
    assert_true(sah_sameness_phone_hash(SAH_SLICE("")) == 0);
    assert_true(sah_sameness_phone_hash(SAH_SLICE("+919848022338")) ==
                sah_sameness_phone_hash(SAH_SLICE("9848022338")));
    assert_true(sah_sameness_phone_hash(SAH_SLICE("108")) !=
                sah_sameness_phone_hash(SAH_SLICE("101")));
}

static void the_newest_place_of_the_scene_counts(void **state)
{
    struct sah_incident_facts f;
    char name[SAH_SAME_BUILDING_SIZE];

    (void)state;
    memset(&request, 0, sizeof request);
    request.n_places = 4;
    request.places[0] = (struct sah_place){
        .kind = SAH_PLACE_CURRENT_INCIDENT, .has_point = true, .lat_e7 = 1, .radius_m = 7};
    request.places[1] = (struct sah_place){.kind = SAH_PLACE_CURRENT_INCIDENT,
                                           .has_point = true,
                                           .lat_e7 = 2,
                                           .method = SAH_METHOD_LIVE};
    request.places[2] = (struct sah_place){
        .kind = SAH_PLACE_CALLER, .has_point = true, .lat_e7 = 3, .floor = "4"};
    request.places[3] = (struct sah_place){
        .kind = SAH_PLACE_DESTINATION, .has_point = true, .lat_e7 = 4, .floor = "9"};
    SET(request.triage.incident_type, "MVAINJY");
    SET(request.citizen.sender, "someone");
    SET(request.citizen.callback, "9848022338");
    SET(request.text, "two hurt");
    request.text_len = 8;
    request.triage.patients = 2;
    request.triage.trapped = SAH_TRI_YES;
    request.triage.n_cues = 1;
    SET(request.triage.cues[0].name, "another_incident");
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_string_equal(f.id, "I00X");
    assert_string_equal(f.service, "UNKNOWN");
    assert_string_equal(rules->groups[f.group - 1].id, "road_crash");
    assert_true(f.has_point);
    assert_int_equal(f.lat_e7, 2);
    assert_int_equal(f.method, SAH_METHOD_LIVE);
    assert_string_equal(f.floor, "4");
    assert_true(f.trapped && f.another);
    assert_int_equal(f.patients, 2);
    assert_int_equal(f.opened_ms, T0);
    assert_true(f.text == sah_sameness_hash(SAH_SLICE("two hurt")) && f.sender != 0);
    assert_true(f.callback == sah_sameness_phone_hash(SAH_SLICE("+91 9848022338")));
    request.triage.cues[0].negated = true;
    request.places[0].has_point = request.places[1].has_point = false;
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_false(f.another);
    assert_int_equal(f.lat_e7, 3);
    SET(request.places[2].landmark, "Lotus Towers");
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_string_equal(f.building, ""); /* where somebody stands is no conflict of a road crash */
    SET(request.triage.incident_type, "GASLEAKI");
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_int_equal(strlen(f.building), 16); /* no words */
    memcpy(name, f.building, sizeof name);
    SET(request.places[2].landmark, " lotus  TOWERS, ");
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_string_equal(f.building, name);
    SET(request.places[2].landmark, "\xe0\xb0\x85");
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_string_not_equal(f.building, name);
    request.places[2].has_point = false; /* where to is not where */
    sah_sameness_facts(rules, &request, "I00X", SAH_PRIORITY_P1, T0, &f);
    assert_false(f.has_point);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_sender_sends_again),
        cmocka_unit_test(a_closed_request_is_reopened_within_half_an_hour),
        cmocka_unit_test(an_open_request_takes_up_words_for_the_window_of_its_type),
        cmocka_unit_test(updates_wait_for_ten_seconds_unless_it_got_worse),
        cmocka_unit_test(suspicion_grows_with_marks_and_shrinks_with_real_calls),
        cmocka_unit_test(a_booking_is_known_by_its_connection),
        cmocka_unit_test(a_trip_is_known_by_beneficiary_trip_and_date),
        cmocka_unit_test(blanks_and_case_do_not_make_another_text),
        cmocka_unit_test(the_newest_place_of_the_scene_counts),
    };

    return cmocka_run_group_tests(tests, load_rules, free_rules);
}
