/*
 * test_rank - how rules and raises decide a class. The rules of the real file are in
 * tests/unit/agency/test_deploy_files.c.
 */
#include "policy_test.h"

#include "policy/rank.h"

static struct sah_policy policy;
static struct sah_request request;
static struct sah_rank rank;

static struct sah_rank_rule *add_rule(const char *id, enum sah_priority priority,
                                      const char *cue, const char *service, const char *also)
{
    struct sah_rank_rule *rule = &policy.rules[policy.n_rules++];

    SET(rule->id, id);
    rule->priority = priority;
    if (cue != NULL)
        SET(rule->cues[rule->n_cues++], cue);
    if (service != NULL)
        SET(rule->services[rule->n_services++], service);
    if (also != NULL)
        SET(rule->also[rule->n_also++], also);
    return rule;
}

static int begin(void **state)
{
    struct sah_raise *raise;

    (void)state;
    memset(&policy, 0, sizeof policy);
    memset(&request, 0, sizeof request);
    policy.unknown = SAH_PRIORITY_P1;
    policy.bulk = SAH_PRIORITY_P4;
    add_rule("A.breath", SAH_PRIORITY_P0, "not_breathing", NULL, "AMBULANCE_108");
    add_rule("B.crash", SAH_PRIORITY_P1, "road_crash", NULL, "HELPLINE_112");
    add_rule("B.heart", SAH_PRIORITY_P1, "chest_pain", NULL, "AMBULANCE_108");
    SET(add_rule("C.type", SAH_PRIORITY_P1, NULL, "FIRE_101", NULL)->types[0], "FSTRU");
    policy.rules[3].n_types = 1;
    add_rule("D.fall", SAH_PRIORITY_P2, "fall", NULL, NULL);
    add_rule("E.ride", SAH_PRIORITY_P3, NULL, "AMBULANCE_102", NULL);
    add_rule("F.gas", SAH_PRIORITY_P4, NULL, "LPG_BOOKING", NULL);
    raise = &policy.raises[policy.n_raises++];
    SET(raise->id, "pregnant");
    raise->vulnerable = SAH_VULNERABLE_PREGNANT;
    SET(raise->unless[0], "labour_pain");
    SET(raise->unless[1], "waters_broken");
    raise->n_unless = 2;
    raise->to = SAH_PRIORITY_P0;
    raise = &policy.raises[policy.n_raises++];
    SET(raise->id, "three");
    raise->patients_from = 3;
    raise->to = SAH_PRIORITY_P1;
    raise = &policy.raises[policy.n_raises++];
    SET(raise->id, "waiting");
    SET(raise->cue, "still_waiting");
    raise->overdue = true;
    raise->to = SAH_PRIORITY_P0;
    return 0;
}

static void cue(const char *name, bool negated)
{
    struct sah_cue *c = &request.triage.cues[request.triage.n_cues++];

    SET(c->name, name);
    c->negated = negated;
}

static void decide(const char *service)
{
    SET(request.triage.service, service);
    sah_rank(&policy, &request, &rank);
}

static void nothing_known_is_urgent_and_bulk_only_when_said(void **state)
{
    (void)state;
    decide("");
    assert_int_equal(rank.priority, SAH_PRIORITY_P1);
    assert_string_equal(rank.rule, "default.unknown");
    assert_int_equal(rank.n_services, 1);
    assert_string_equal(rank.services[0], "UNKNOWN");
    request.urgency = SAH_URGENCY_BULK;
    decide("HELPLINE_112");
    assert_int_equal(rank.priority, SAH_PRIORITY_P4);
    assert_string_equal(rank.rule, "default.bulk");
}

static void the_worst_rule_decides_and_additions_add_up(void **state)
{
    (void)state;
    cue("fall", false);
    cue("road_crash", false);
    cue("not_breathing", false);
    SET(request.triage.additional[0], "FIRE_101");
    request.triage.n_additional = 1;
    decide("AMBULANCE_108");
    assert_int_equal(rank.priority, SAH_PRIORITY_P0);
    assert_string_equal(rank.rule, "A.breath");
    assert_int_equal(rank.n_services, 3); /* 108 once, though a rule adds it */
    assert_string_equal(rank.services[0], "AMBULANCE_108");
    assert_string_equal(rank.services[1], "FIRE_101");
    assert_string_equal(rank.services[2], "HELPLINE_112");
}

static void the_first_of_equally_severe_rules_is_named(void **state)
{
    (void)state;
    cue("chest_pain", false);
    cue("road_crash", false);
    decide("AMBULANCE_108");
    assert_string_equal(rank.rule, "B.crash");
}

static void a_danger_cue_in_a_booking_wins_over_what_the_sender_said(void **state)
{
    (void)state;
    request.urgency = SAH_URGENCY_BULK;
    decide("LPG_BOOKING");
    assert_int_equal(rank.priority, SAH_PRIORITY_P4);
    cue("chest_pain", false);
    decide("LPG_BOOKING");
    assert_int_equal(rank.priority, SAH_PRIORITY_P1);
    assert_string_equal(rank.services[0], "LPG_BOOKING");
    assert_string_equal(rank.services[1], "AMBULANCE_108");
}

static void a_negated_cue_does_not_count(void **state)
{
    (void)state;
    cue("not_breathing", true);
    cue("fall", false);
    decide("AMBULANCE_108");
    assert_int_equal(rank.priority, SAH_PRIORITY_P2);
}

static void each_list_that_is_there_must_match(void **state)
{
    (void)state;
    SET(request.triage.incident_type, "FSTRU");
    decide("FIRE_101");
    assert_string_equal(rank.rule, "C.type");
    decide("AMBULANCE_108");
    assert_string_equal(rank.rule, "default.unknown");
    SET(request.triage.incident_type, "FTRASH");
    decide("FIRE_101");
    assert_string_equal(rank.rule, "default.unknown");
}

static void raises_apply_once_and_never_above_their_bound(void **state)
{
    static const struct {
        const char *cues[2];
        uint32_t vulnerable, patients;
        enum sah_priority priority;
        const char *rule;
    } cases[] = {
        {{"fall"}, 0, 0, SAH_PRIORITY_P2, "D.fall"},
        {{"fall"}, SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P1, "D.fall+pregnant"},
        {{"fall"}, SAH_VULNERABLE_OVER_65, 0, SAH_PRIORITY_P2, "D.fall"},
        {{"chest_pain"}, SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P0, "B.heart+pregnant"},
        /* both apply: one class, not two */
        {{"fall", "still_waiting"},
         SAH_VULNERABLE_PREGNANT,
         5,
         SAH_PRIORITY_P1,
         "D.fall+pregnant"},
        {{"not_breathing"}, SAH_VULNERABLE_PREGNANT, 9, SAH_PRIORITY_P0, "A.breath"},
        {{"fall"}, 0, 2, SAH_PRIORITY_P2, "D.fall"},
        {{"fall"}, 0, 3, SAH_PRIORITY_P1, "D.fall+three"},
        {{"chest_pain"}, 0, 3, SAH_PRIORITY_P1, "B.heart"}, /* `to` is P1 */
        {{"chest_pain", "still_waiting"}, 0, 3, SAH_PRIORITY_P0, "B.heart+waiting"},
        /* the complaint counts already */
        {{"chest_pain", "labour_pain"}, SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P1, "B.heart"},
        {{"chest_pain", "waters_broken"},
         SAH_VULNERABLE_PREGNANT,
         0,
         SAH_PRIORITY_P1,
         "B.heart"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        memset(&request, 0, sizeof request);
        for (unsigned c = 0; c < 2 && cases[i].cues[c] != NULL; c++)
            cue(cases[i].cues[c], false);
        request.citizen.vulnerable = cases[i].vulnerable;
        request.triage.patients = cases[i].patients;
        decide("AMBULANCE_108");
        if (rank.priority != cases[i].priority || strcmp(rank.rule, cases[i].rule) != 0)
            fail_msg("case %zu: got %s by %s", i, sah_priority_name(rank.priority), rank.rule);
    }
}

static void waiting_raises_what_is_overdue_and_what_has_waited_elsewhere(void **state)
{
    (void)state;
    cue("chest_pain", false);
    cue("still_waiting", false);
    decide("AMBULANCE_108"); /* a first report */
    assert_int_equal(rank.priority, SAH_PRIORITY_P0);
    sah_rank_amended(&policy, &request, false, &rank);
    assert_int_equal(rank.priority, SAH_PRIORITY_P1);
    assert_string_equal(rank.rule, "B.heart");
    sah_rank_amended(&policy, &request, true, &rank);
    assert_int_equal(rank.priority, SAH_PRIORITY_P0);
    assert_string_equal(rank.rule, "B.heart+waiting");
}

/* "102 for a check-up, seventh month" is planned; the raise would put it into the other lane.
 */
static void what_is_planned_is_not_raised_by_who_asks(void **state)
{
    (void)state;
    request.citizen.vulnerable = SAH_VULNERABLE_PREGNANT;
    decide("AMBULANCE_102");
    assert_int_equal(rank.priority, SAH_PRIORITY_P3);
    assert_string_equal(rank.rule, "E.ride");
    decide("LPG_BOOKING");
    assert_int_equal(rank.priority, SAH_PRIORITY_P4);
}

static void suspicion_language_and_forwarding_never_lower(void **state)
{
    (void)state;
    cue("not_breathing", false);
    request.triage.suspicion = 100;
    request.triage.confidence = 0;
    request.citizen.forwarded = request.citizen.often_forwarded = true;
    SET(request.citizen.language, "mixed");
    request.urgency = SAH_URGENCY_BULK;
    decide("AMBULANCE_108");
    assert_int_equal(rank.priority, SAH_PRIORITY_P0);
}

static void the_higher_class_counts_and_unspecified_is_p1(void **state)
{
    (void)state;
    assert_int_equal(sah_priority_higher(SAH_PRIORITY_P3, SAH_PRIORITY_P2), SAH_PRIORITY_P2);
    assert_int_equal(sah_priority_higher(SAH_PRIORITY_P0, SAH_PRIORITY_P4), SAH_PRIORITY_P0);
    assert_int_equal(sah_priority_higher(SAH_PRIORITY_UNSPECIFIED, SAH_PRIORITY_P2),
                     SAH_PRIORITY_P1);
    assert_int_equal(sah_priority_higher(SAH_PRIORITY_UNSPECIFIED, SAH_PRIORITY_P0),
                     SAH_PRIORITY_P0);
}

static void services_past_the_bound_are_left_out_not_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAH_ADDITIONAL_MAX; i++)
        (void)sah_format(request.triage.additional[i], SAH_SERVICE_SIZE, "HELPLINE_%u", i);
    request.triage.n_additional = SAH_ADDITIONAL_MAX;
    cue("not_breathing", false);
    decide("FIRE_101");
    assert_int_equal(rank.n_services, 1 + SAH_ADDITIONAL_MAX);
    assert_int_equal(rank.priority, SAH_PRIORITY_P0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup(fn, begin)
    const struct CMUnitTest tests[] = {
        TEST(nothing_known_is_urgent_and_bulk_only_when_said),
        TEST(the_worst_rule_decides_and_additions_add_up),
        TEST(the_first_of_equally_severe_rules_is_named),
        TEST(a_danger_cue_in_a_booking_wins_over_what_the_sender_said),
        TEST(a_negated_cue_does_not_count),
        TEST(each_list_that_is_there_must_match),
        TEST(raises_apply_once_and_never_above_their_bound),
        TEST(waiting_raises_what_is_overdue_and_what_has_waited_elsewhere),
        TEST(what_is_planned_is_not_raised_by_who_asks),
        TEST(suspicion_language_and_forwarding_never_lower),
        TEST(the_higher_class_counts_and_unspecified_is_p1),
        TEST(services_past_the_bound_are_left_out_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
