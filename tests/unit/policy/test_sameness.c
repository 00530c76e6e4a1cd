/*
 * test_sameness - when two reports are one incident: each row of domain 9's table at its edges,
 * each of its invariants (9.n), with the rules as they are deployed.
 */
#include "sameness_test.h"

static struct sah_incident_facts was, now;

static void says(const char *what, int64_t at_ms, enum sah_same_kind kind, const char *reason)
{
    struct sah_same_verdict verdict = sah_sameness_judge(rules, &was, &now, at_ms);

    if (verdict.kind != kind || strcmp(sah_same_reason_name(verdict.reason), reason) != 0)
        fail_msg("%s: %s by %s at %u m, wanted %s by %s", what,
                 sah_same_kind_name(verdict.kind), sah_same_reason_name(verdict.reason),
                 verdict.distance_m, sah_same_kind_name(kind), reason);
}

static void pair(const char *type, double metres)
{
    was = at_metres("A", type, 0);
    now = at_metres("B", type, metres);
}

/* ---- the table */

static const struct row {
    const char *type, *service;
    int64_t window_s;
    double link_m, show_m; /* link_m 0: suggested only */
    const char *reason;    /* within both */
} rows[] = {
    {"FSTRU", "FIRE_101", 1800, 300, 300, "near"},
    {"FVEH", "FIRE_101", 1800, 300, 300, "near"},
    {"FUNK", "FIRE_101", 1800, 300, 300, "near"},
    {"FBRUSH", "FIRE_101", 3600, 1000, 1000, "near"},
    {"FTRASH", "FIRE_101", 3600, 1000, 1000, "near"},
    {"EXPLOS", "FIRE_101", 3600, 500, 500, "near"},
    {"BLDCLPSE", "FIRE_101", 3600, 500, 500, "near"},
    {"MCI", "AMBULANCE_108", 3600, 500, 500, "near"},
    {"MVAINJY", "AMBULANCE_108", 1200, 300, 1000, "near"},
    {"GASLEAKI", "LPG_LEAK", 3600, 0, 150, "building_unknown"},
    {"ELECHZD", "FIRE_101", 7200, 200, 200, "near"},
    {"CARDIAC", "AMBULANCE_108", 600, 0, 50, "suggest_only"},
    {"TROUBLE", "AMBULANCE_108", 600, 0, 50, "suggest_only"},
    {"FLOOD", "FIRE_101", 1800, 0, 100, "suggest_only"},
    {"DROWN", "FIRE_101", 1800, 0, 100, "suggest_only"},
    {"VIOLENCE", "HELPLINE_112", 600, 0, 50, "suggest_only"},
    {"SUICTHRT", "AMBULANCE_108", 600, 0, 50, "suggest_only"},
    {"TROUBLE", "UNKNOWN", 600, 0, 100, "suggest_only"},
};

static void row_pair(const struct row *row, double metres)
{
    pair(row->type, metres);
    SET(was.service, row->service);
    SET(now.service, row->service);
}

static void each_row_of_the_table_holds_up_to_its_window(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        const struct row *row = &rows[i];
        enum sah_same_kind kind = row->link_m > 0 ? SAH_SAME_LINK : SAH_SAME_SUGGEST;
        int64_t edge = row->window_s * SECOND;

        row_pair(row, 10);
        says(row->type, T0, kind, row->reason);
        says(row->type, T0 + edge, kind, row->reason);
        says(row->type, T0 + edge + 1, SAH_SAME_NONE, "time");
        /* A replayed report that is older than what is there. */
        says(row->type, T0 - edge, kind, row->reason);
        says(row->type, T0 - edge - 1, SAH_SAME_NONE, "time");
        /* The window begins anew with each report. */
        was.last_ms = T0 + edge;
        says(row->type, T0 + 2 * edge, kind, row->reason);
        says(row->type, T0 + 2 * edge + 1, SAH_SAME_NONE, "time");
    }
}

static void each_row_of_the_table_holds_up_to_its_distance(void **state)
{
    static const struct {
        uint32_t r1, r2;
        double slack;
    } radii[] = {{0, 0, 0}, {50, 120, 170}, {300, 300, 600}, {400, 0, 300}, {500, 500, 600}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++)
        for (size_t j = 0; j < SAH_LEN(radii); j++) {
            const struct row *row = &rows[i];
            double near = row->link_m > 0 ? row->link_m : row->show_m;
            enum sah_same_kind kind = row->link_m > 0 ? SAH_SAME_LINK : SAH_SAME_SUGGEST;
            bool wider = row->show_m > near;

            row_pair(row, near + radii[j].slack - 1);
            was.radius_m = radii[j].r1;
            now.radius_m = radii[j].r2;
            says(row->type, T0, kind, row->reason);
            now.lat_e7 = LAT_E7 + (int32_t)((near + radii[j].slack + 1) * E7_PER_METRE);
            says(row->type, T0, wider ? SAH_SAME_SUGGEST : SAH_SAME_NONE,
                 wider ? "wider" : "far");
            now.lat_e7 = LAT_E7 + (int32_t)((row->show_m + radii[j].slack + 1) * E7_PER_METRE);
            says(row->type, T0, SAH_SAME_NONE, "far");
        }
}

static void what_is_never_joined_across_senders_is_not_even_shown(void **state)
{
    static const char *const cases[][2] = {
        {"PREG", "AMBULANCE_108"},      {"TRANSFER", "AMBULANCE_102"},
        {"VIOLENCE", "HELPLINE_181"},   {"LOSTCHILD", "HELPLINE_1098"},
        {"SUICTHRT", "HELPLINE_14416"}, {"CYBER", "HELPLINE_1930"},
        {"LPGBOOK", "LPG_BOOKING"},     {"NEVERHEARD", "HELPLINE_9999"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        pair(cases[i][0], 0);
        SET(was.service, cases[i][1]);
        SET(now.service, cases[i][1]);
        was.callback = now.callback = 7;
        was.text = now.text = 9;
        now.often_forwarded = true;
        says(cases[i][1], T0, SAH_SAME_NONE, "never");
    }
}

static void other_types_are_other_incidents_unless_the_rules_say_so(void **state)
{
    static const struct {
        const char *was, *now;
        double metres;
        enum sah_same_kind kind;
        const char *reason;
    } cases[] = {
        {"FSTRU", "CARDIAC", 0, SAH_SAME_NONE, "other_type"},
        {"TROUBLE", "FSTRU", 0, SAH_SAME_NONE, "other_type"},
        {"GASLEAKI", "MVAINJY", 0, SAH_SAME_NONE, "other_type"},
        {"FSTRU", "FVEH", 299, SAH_SAME_LINK, "near"},
        {"EXPLOS", "FSTRU", 299, SAH_SAME_LINK, "near"}, /* the stricter of 500 and 300 m */
        {"FSTRU", "EXPLOS", 301, SAH_SAME_NONE, "far"},
        {"MVAINJY", "MCI", 299, SAH_SAME_LINK, "near"},
        {"MCI", "MVAINJY", 400, SAH_SAME_SUGGEST, "wider"},
        {"MVAINJY", "MCI", 400, SAH_SAME_SUGGEST, "wider"},
        {"FTRASH", "FSTRU", 10, SAH_SAME_SUGGEST, "suggest_only"},
        {"FSTRU", "GASLEAKI", 10, SAH_SAME_SUGGEST, "suggest_only"},
        {"ELEC", "ELECHZD", 10, SAH_SAME_SUGGEST, "suggest_only"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        pair(cases[i].was, cases[i].metres);
        SET(now.type, cases[i].now);
        says(cases[i].now, T0, cases[i].kind, cases[i].reason);
    }
}

static void a_gas_leak_is_linked_in_one_building_only(void **state)
{
    (void)state;
    pair("GASLEAKI", 149);
    SET(was.building, "Lotus Towers");
    says("one side named", T0, SAH_SAME_SUGGEST, "building_unknown");
    SET(now.building, " lotus  TOWERS, ");
    says("same", T0, SAH_SAME_LINK, "same_building");
    now.lat_e7 = LAT_E7 + (int32_t)(151 * E7_PER_METRE);
    says("same, too far", T0, SAH_SAME_NONE, "far");
    now.lat_e7 = LAT_E7;
    SET(now.building, "Lily Towers");
    says("other", T0, SAH_SAME_SUGGEST, "other_building"); /* (9.3) */
}

static void a_patient_is_linked_by_number_or_by_name_and_complaint(void **state)
{
    (void)state;
    pair("CARDIAC", 49);
    was.callback = now.callback = 77;
    says("same number", T0, SAH_SAME_LINK, "same_callback");
    now.callback = 78;
    says("other number", T0, SAH_SAME_SUGGEST, "suggest_only");
    was.callback = now.callback = 0;
    says("no number is no equal number", T0, SAH_SAME_SUGGEST, "suggest_only");
    was.patient = now.patient = 5;
    says("same name alone", T0, SAH_SAME_SUGGEST, "suggest_only");
    was.complaint = now.complaint = 6;
    says("same name and complaint", T0, SAH_SAME_LINK, "same_patient");
    now.complaint = 8;
    says("same name, other complaint", T0, SAH_SAME_SUGGEST, "suggest_only");
    now.complaint = 6;
    now.lat_e7 = LAT_E7 + (int32_t)(51 * E7_PER_METRE);
    says("too far", T0, SAH_SAME_NONE, "far");
    pair("VIOLENCE", 0);
    was.callback = now.callback = 77;
    was.patient = now.patient = 5;
    was.complaint = now.complaint = 6;
    says("violence stays shown", T0, SAH_SAME_SUGGEST, "suggest_only");
}

/* ---- the invariants */

/* (9.3) */
static void two_arrests_in_one_tower_stay_two(void **state)
{
    (void)state;
    pair("RESPARR", 5);
    was.callback = now.callback = 3; /* the guard's number, both times */
    SET(was.floor, "3rd floor");
    SET(now.floor, "11");
    says("floors", T0 + MINUTE, SAH_SAME_SUGGEST, "other_floor");
    SET(now.floor, "Floor 03");
    says("one floor", T0 + MINUTE, SAH_SAME_LINK, "same_callback");
}

static void a_conflict_breaks_the_link(void **state)
{
    static const struct {
        const char *was_floor, *now_floor, *was_building, *now_building, *reason;
    } cases[] = {
        {"2", "", "", "", "near"},
        {"2", "2nd floor", "", "", "near"},
        {"2", "12", "", "", "other_floor"},
        {"ground", "Ground ", "", "", "near"},
        {"ground", "first", "", "", "other_floor"},
        {"ground", "-", "", "", "near"}, /* nothing named */
        {"2", "ground", "", "", "other_floor"},
        {"", "", "Block A", "", "near"},
        {"", "", "Block A", "BLOCK-A", "near"},
        {"", "", "Block A", "Block B", "other_building"},
        {"", "", "\xe0\xb0\x85", "\xe0\xb0\x86", "other_building"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        bool linked = strcmp(cases[i].reason, "near") == 0;

        pair("FSTRU", 10);
        SET(was.floor, cases[i].was_floor);
        SET(now.floor, cases[i].now_floor);
        SET(was.building, cases[i].was_building);
        SET(now.building, cases[i].now_building);
        says(cases[i].now_floor, T0, linked ? SAH_SAME_LINK : SAH_SAME_SUGGEST,
             cases[i].reason);
    }
}

/* (9.3) */
static void a_crash_on_the_other_carriageway_is_not_joined(void **state)
{
    (void)state;
    pair("MVAINJY", 30);
    says("a second reporter", T0 + MINUTE, SAH_SAME_LINK, "near");
    now.another = true;
    says("another accident", T0 + MINUTE, SAH_SAME_SUGGEST, "another");
    now.another = false;
    was.patients = 1;
    now.patients = 3;
    says("more, told anew", T0 + MINUTE, SAH_SAME_SUGGEST, "more_patients");
    was.patient = now.patient = 4;
    says("more, the same man among them", T0 + MINUTE, SAH_SAME_LINK, "near");
    now.patient = 5;
    says("more, another man", T0 + MINUTE, SAH_SAME_SUGGEST, "more_patients");
    was.patients = 3;
    says("not more", T0 + MINUTE, SAH_SAME_LINK, "near");
    was.patients = 0;
    says("how many was not said", T0 + MINUTE, SAH_SAME_LINK, "near");
    pair("MCI", 30);
    was.patients = 5;
    now.patients = 20;
    says("a bus crash grows", T0 + MINUTE, SAH_SAME_LINK, "near");
    SET(was.type, "MVAINJY");
    says("and was a crash at first", T0 + MINUTE, SAH_SAME_LINK, "near");
}

/* (9.8) */
static void without_a_place_nothing_is_linked(void **state)
{
    (void)state;
    for (int side = 0; side < 3; side++) {
        pair("FSTRU", 0);
        was.has_point = side == 1;
        now.has_point = side == 2;
        says("no place", T0, SAH_SAME_NONE, "no_place");
        was.callback = now.callback = 12;
        says("same number", T0, SAH_SAME_SUGGEST, "no_place");
    }
    pair("CARDIAC", 0);
    now.has_point = false;
    was.patient = now.patient = 1;
    was.complaint = now.complaint = 2;
    says("same patient", T0, SAH_SAME_SUGGEST, "no_place");
}

/* (9.8) */
static void a_vague_place_is_shown_and_not_linked(void **state)
{
    static const struct {
        enum sah_place_method method;
        uint32_t radius_m;
        bool links;
    } cases[] = {
        {SAH_METHOD_GPS_PIN, 0, true},         {SAH_METHOD_GPS_PIN, 500, true},
        {SAH_METHOD_GPS_PIN, 501, false},      {SAH_METHOD_LIVE, 0, true},
        {SAH_METHOD_LIVE, UINT32_MAX, false},  {SAH_METHOD_TEXT_GEOCODED, 0, false},
        {SAH_METHOD_TEXT_GEOCODED, 200, true}, {SAH_METHOD_TEXT_GEOCODED, 9000, false},
        {SAH_METHOD_LANDMARK, 150, true},      {SAH_METHOD_LANDMARK, 0, false},
        {SAH_METHOD_PROFILE, 10, false},       {SAH_METHOD_DEFAULT, 10, false},
        {SAH_METHOD_UNSPECIFIED, 0, false},    {SAH_METHOD_UNSPECIFIED, 20, true},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        for (int side = 0; side < 2; side++) {
            pair("FSTRU", 10);
            (side ? &was : &now)->method = cases[i].method;
            (side ? &was : &now)->radius_m = cases[i].radius_m;
            says("method and radius", T0, cases[i].links ? SAH_SAME_LINK : SAH_SAME_SUGGEST,
                 cases[i].links ? "near" : "vague_place");
        }
}

/* (9.9) */
static void a_text_sent_on_by_many_is_a_rumour(void **state)
{
    (void)state;
    pair("FSTRU", 0);
    now.has_point = false;
    now.text = was.text;
    says("the second sender", T0, SAH_SAME_SUGGEST, "same_text");
    now.text_reports = 2;
    says("the third sender", T0, SAH_SAME_LINK, "rumour");
    now.text_reports = 0;
    now.often_forwarded = true;
    says("the channel says so", T0, SAH_SAME_LINK, "rumour");
    says("at the edge", T0 + rules->rumour_window_ms, SAH_SAME_LINK, "rumour");
    says("long after", T0 + rules->rumour_window_ms + 1, SAH_SAME_NONE, "time");
    was.closed_ms = T0 + 1; /* (9.10) */
    says("closed", T0 + MINUTE, SAH_SAME_SUGGEST, "closed");
    was.closed_ms = 0;
    now.text_bytes = rules->rumour_bytes - 1;
    says("a short text", T0, SAH_SAME_NONE, "no_place");
    now.text_bytes = rules->rumour_bytes;
    says("just long enough", T0, SAH_SAME_LINK, "rumour");
    /* The seat of a district is nobody's own place, a pin is. */
    now.has_point = true;
    now.method = SAH_METHOD_TEXT_GEOCODED;
    now.lat_e7 += 10000000;
    says("a place out of the text", T0, SAH_SAME_LINK, "rumour");
    now.method = SAH_METHOD_GPS_PIN;
    says("own place, far away", T0, SAH_SAME_NONE, "far");
    now.lat_e7 = LAT_E7;
    says("own place, there", T0, SAH_SAME_LINK, "near");
}

/* (9.10) */
static void a_closed_incident_is_shown_and_never_joined(void **state)
{
    (void)state;
    pair("FSTRU", 0);
    was.closed_ms = T0 + 60 * MINUTE;
    says("just closed", T0 + 60 * MINUTE, SAH_SAME_SUGGEST, "closed");
    says("at the edge", T0 + 90 * MINUTE, SAH_SAME_SUGGEST, "closed");
    says("too long ago", T0 + 90 * MINUTE + 1, SAH_SAME_NONE, "time");
    pair("CARDIAC", 0);
    was.callback = now.callback = 1;
    was.closed_ms = T0;
    says("same number", T0, SAH_SAME_SUGGEST, "closed");
}

static void matched_within_the_emergency_lane_and_between_senders_only(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        pair("FSTRU", 0);
        (side ? &was : &now)->priority = SAH_PRIORITY_P3;
        says("bulk", T0, SAH_SAME_NONE, "bulk");
        (side ? &was : &now)->priority = SAH_PRIORITY_UNSPECIFIED;
        says("no class counts as urgent", T0, SAH_SAME_LINK, "near");
    }
    now.sender = was.sender;
    says("the same sender is layer 1's", T0, SAH_SAME_NONE, "same_sender");
    now.sender = was.sender = 0;
    says("two unknown senders are two", T0, SAH_SAME_LINK, "near");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_the_table_holds_up_to_its_window),
        cmocka_unit_test(each_row_of_the_table_holds_up_to_its_distance),
        cmocka_unit_test(what_is_never_joined_across_senders_is_not_even_shown),
        cmocka_unit_test(other_types_are_other_incidents_unless_the_rules_say_so),
        cmocka_unit_test(a_gas_leak_is_linked_in_one_building_only),
        cmocka_unit_test(a_patient_is_linked_by_number_or_by_name_and_complaint),
        cmocka_unit_test(two_arrests_in_one_tower_stay_two),
        cmocka_unit_test(a_conflict_breaks_the_link),
        cmocka_unit_test(a_crash_on_the_other_carriageway_is_not_joined),
        cmocka_unit_test(without_a_place_nothing_is_linked),
        cmocka_unit_test(a_vague_place_is_shown_and_not_linked),
        cmocka_unit_test(a_text_sent_on_by_many_is_a_rumour),
        cmocka_unit_test(a_closed_incident_is_shown_and_never_joined),
        cmocka_unit_test(matched_within_the_emergency_lane_and_between_senders_only),
    };

    return cmocka_run_group_tests(tests, load_rules, free_rules);
}
