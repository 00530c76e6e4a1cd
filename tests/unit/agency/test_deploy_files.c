/*
 * test_deploy_files - the real deploy/etc/agencies.yaml and policy.yaml: they load, the rows of
 * domain 8.2 come out as written there, each seat finds its district, each chain ends.
 */
#include "agency_test.h"

#include "agency/roster.h"

static struct folder root; /* root/etc and root/secrets, as deploy/run lays them */
static struct folder etc, secrets;
static struct sah_roster *roster;
static struct sah_policy *policy;

static void make_secret(const char *name)
{
    char text[64];
    static unsigned n;

    if (access(folder_name(&secrets, name), F_OK) == 0)
        return;
    (void)sah_format(text, sizeof text, "made-for-this-test-%06u\n", n++);
    folder_write(&secrets, name, text);
}

/* Every word behind secret_file: and token_file: that is not in a comment. */
static void make_secrets(const char *yaml)
{
    static const char *const keys[] = {"secret_file: ", "token_file: "};

    for (size_t k = 0; k < SAH_LEN(keys); k++)
        for (const char *p = strstr(yaml, keys[k]); p != NULL; p = strstr(p, keys[k])) {
            char name[64];
            size_t len;

            p += strlen(keys[k]);
            len = strcspn(p, ",}\n ");
            assert_int_equal(sah_copy(name, sizeof name, p, len), SAH_OK);
            make_secret(name);
        }
}

static int begin(void **state)
{
    struct sah_fault fault = {0};
    char *text;
    size_t len;

    (void)state;
    folder_init(&root);
    (void)sah_format(etc.dir, sizeof etc.dir, "%s/etc", root.dir);
    (void)sah_format(secrets.dir, sizeof secrets.dir, "%s/secrets", root.dir);
    assert_int_equal(mkdir(etc.dir, 0700), 0);
    assert_int_equal(mkdir(secrets.dir, 0700), 0);
    assert_int_equal(
        sah_read_file(SAHAYA_SOURCE_DIR "/deploy/etc/agencies.yaml", 1 << 20, &text, &len),
        SAH_OK);
    folder_write(&etc, "agencies.yaml", text);
    make_secrets(text);
    free(text);
    if (sah_roster_load(folder_name(&etc, "agencies.yaml"), &roster, &fault) != SAH_OK ||
        sah_policy_load(SAHAYA_SOURCE_DIR "/deploy/etc/policy.yaml", &policy, &fault) != SAH_OK)
        fail_msg("%s:%u: %s: %s", fault.file, fault.line, fault.key, fault.text);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(roster);
    free(policy);
    folder_fini(&etc);
    folder_fini(&secrets);
    return rmdir(root.dir);
}

static void thirty_three_seats_find_themselves(void **state)
{
    (void)state;
    assert_int_equal(roster->n_districts, 33);
    for (unsigned i = 0; i < roster->n_districts; i++) {
        struct sah_place place = {.has_point = true,
                                  .lat_e7 = roster->districts[i].seat_lat_e7,
                                  .lon_e7 = roster->districts[i].seat_lon_e7};

        assert_int_equal(sah_route_district(roster, &place), i);
    }
}

static void each_service_has_an_agency_and_each_chain_ends_with_a_person(void **state)
{
    static const char *const services[] = {
        "AMBULANCE_108", "AMBULANCE_102", "FIRE_101",      "LPG_BOOKING",   "HELPLINE_112",
        "HELPLINE_100",  "HELPLINE_181",  "HELPLINE_1098", "HELPLINE_1930", "HELPLINE_14416",
        "HELPLINE_1077", "HELPLINE_1912", "HELPLINE_104",  "HELPLINE_1906", "HELPLINE_1967",
        "LPG_LEAK",      "UNKNOWN",
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(services); i++) {
        char list[1][SAH_SERVICE_SIZE];
        struct sah_route route;

        SET(list[0], services[i]);
        sah_route(roster, (const char(*)[SAH_SERVICE_SIZE])list, 1, "", -1, 0, &route);
        if (route.catch_all_used)
            fail_msg("nobody serves %s", services[i]);
        for (unsigned a = 0; a < route.n; a++) {
            char tried[SAH_AGENCIES_MAX][SAH_AGENCY_SIZE];
            const struct sah_agency *at = route.agencies[a];
            unsigned n = 0;

            while (at != NULL && n < 8) {
                SET(tried[n], at->id);
                n++;
                at = sah_route_fallback(roster, at, (const char(*)[SAH_AGENCY_SIZE])tried, n);
            }
            assert_null(at);
            assert_string_equal(tried[n - 1], "duty-officer");
            assert_string_equal(tried[n - 2], "112");
        }
    }
}

/* What a rule adds must be somebody's. */
static void every_addition_is_served(void **state)
{
    (void)state;
    for (unsigned i = 0; i < policy->n_rules; i++)
        for (unsigned j = 0; j < policy->rules[i].n_also; j++) {
            struct sah_route route;

            sah_route(roster, (const char(*)[SAH_SERVICE_SIZE]) & policy->rules[i].also[j], 1,
                      "", -1, 0, &route);
            if (route.catch_all_used)
                fail_msg("%s adds %s, which nobody serves", policy->rules[i].id,
                         policy->rules[i].also[j]);
        }
}

static void companies_get_their_own_bookings(void **state)
{
    static const char *const cases[][2] = {
        {"indane", "indane"}, {"hp", "hp-gas"}, {"bharat", "bharatgas"}, {"", "1967"}};
    char list[1][SAH_SERVICE_SIZE] = {"LPG_BOOKING"};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_route route;

        sah_route(roster, (const char(*)[SAH_SERVICE_SIZE])list, 1, cases[i][0], -1, 0, &route);
        assert_int_equal(route.n, 1);
        assert_string_equal(route.agencies[0]->id, cases[i][1]);
    }
}

static const struct {
    const char *service, *cues; /* blanks between */
    uint32_t vulnerable, patients;
    enum sah_priority priority;
    const char *also; /* a service that must be added, or NULL */
} cases[] = {
    /* P0 */
    {"AMBULANCE_108", "not_breathing", 0, 0, SAH_PRIORITY_P0, NULL},
    {"AMBULANCE_108", "unconscious", 0, 0, SAH_PRIORITY_P0, NULL},
    {"AMBULANCE_108", "road_crash not_moving", 0, 0, SAH_PRIORITY_P0, "HELPLINE_112"},
    {"HELPLINE_104", "choking", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"AMBULANCE_108", "no_pulse", 0, 0, SAH_PRIORITY_P0, NULL},
    {"AMBULANCE_108", "road_crash heavy_bleeding", SAH_VULNERABLE_VOICE_FAILED, 0,
     SAH_PRIORITY_P0, "HELPLINE_112"},
    {"AMBULANCE_108", "limb_cut", 0, 0, SAH_PRIORITY_P0, NULL},
    {"FIRE_101", "drowning", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"AMBULANCE_108", "in_well", 0, 0, SAH_PRIORITY_P0, "FIRE_101"},
    {"FIRE_101", "swept_away", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"FIRE_101", "on_fire_person", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"FIRE_101", "structure_fire trapped_fire", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"FIRE_101", "explosion_people", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"FIRE_101", "live_wire_person", 0, 0, SAH_PRIORITY_P0, "HELPLINE_1912"},
    {"AMBULANCE_102", "birth_now", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"AMBULANCE_102", "pregnancy_bleeding", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"AMBULANCE_108", "pregnancy_fits", 0, 0, SAH_PRIORITY_P0, NULL},
    {"HELPLINE_112", "weapon covert", 0, 0, SAH_PRIORITY_P0, NULL},
    {"HELPLINE_181", "assault_now", 0, 0, SAH_PRIORITY_P0, "HELPLINE_112"},
    {"HELPLINE_14416", "suicide_act", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"LPG_LEAK", "gas_and_flame", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"LPG_LEAK", "gas_and_collapse", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"FIRE_101", "collapse", 0, 0, SAH_PRIORITY_P0, "AMBULANCE_108"},
    {"AMBULANCE_108", "mass_casualty", 0, 0, SAH_PRIORITY_P0, "HELPLINE_112"},
    /* P1 */
    {"AMBULANCE_108", "chest_pain", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "stroke", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "breathing_trouble", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "fits", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "snake_bite", 0, 0, SAH_PRIORITY_P1, NULL},
    {"HELPLINE_104", "poison", 0, 0, SAH_PRIORITY_P1, "AMBULANCE_108"},
    {"AMBULANCE_108", "burns", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "head_injury", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "road_crash", 0, 2, SAH_PRIORITY_P1, "HELPLINE_112"},
    {"AMBULANCE_102", "labour_pain", SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P1,
     "AMBULANCE_108"},
    {"AMBULANCE_108", "waters_broken", SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "preterm labour_pain", SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "newborn_ill", SAH_VULNERABLE_UNDER_5, 0, SAH_PRIORITY_P1, NULL},
    {"FIRE_101", "structure_fire", 0, 0, SAH_PRIORITY_P1, NULL},
    {"FIRE_101", "vehicle_fire", 0, 0, SAH_PRIORITY_P1, NULL},
    {"HELPLINE_1912", "transformer_fire", 0, 0, SAH_PRIORITY_P1, "FIRE_101"},
    {"FIRE_101", "factory_fire", 0, 0, SAH_PRIORITY_P1, NULL},
    {"LPG_LEAK", "", 0, 0, SAH_PRIORITY_P1, "HELPLINE_1906"},
    {"LPG_LEAK", "gas_smell", 0, 0, SAH_PRIORITY_P1, "FIRE_101"},
    {"LPG_BOOKING", "gas_smell", 0, 0, SAH_PRIORITY_P1, "FIRE_101"},
    {"FIRE_101", "gas_leak", 0, 0, SAH_PRIORITY_P1, "HELPLINE_1906"},
    {"FIRE_101", "lift_stuck people_inside", 0, 0, SAH_PRIORITY_P1, NULL},
    {"FIRE_101", "flood", 0, 0, SAH_PRIORITY_P1, "HELPLINE_1077"},
    {"HELPLINE_1912", "wire_down", 0, 0, SAH_PRIORITY_P1, "FIRE_101"},
    {"HELPLINE_1098", "missing_child", SAH_VULNERABLE_UNDER_5, 0, SAH_PRIORITY_P1,
     "HELPLINE_112"},
    {"HELPLINE_14416", "suicidal", 0, 0, SAH_PRIORITY_P1, "HELPLINE_112"},
    {"HELPLINE_181", "violence_near", 0, 0, SAH_PRIORITY_P1, "HELPLINE_112"},
    {"UNKNOWN", "bare_help", 0, 0, SAH_PRIORITY_P1, NULL},
    {"UNKNOWN", "", 0, 0, SAH_PRIORITY_P1, NULL},
    {"", "", 0, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "", 0, 0, SAH_PRIORITY_P1,
     NULL}, /* the menu was tapped, and then silence */
    {"FIRE_101", "", 0, 0, SAH_PRIORITY_P1, NULL},
    /* P2 */
    {"AMBULANCE_108", "fracture", 0, 0, SAH_PRIORITY_P2, NULL},
    {"AMBULANCE_108", "fall", 0, 0, SAH_PRIORITY_P2, NULL},
    {"AMBULANCE_108", "infant_fever", SAH_VULNERABLE_UNDER_5, 0, SAH_PRIORITY_P2, NULL},
    {"AMBULANCE_108", "dog_bite", 0, 0, SAH_PRIORITY_P2, NULL},
    {"AMBULANCE_108", "abdominal_pain", 0, 0, SAH_PRIORITY_P2, NULL},
    {"AMBULANCE_108", "vomiting fever", 0, 0, SAH_PRIORITY_P2, NULL},
    {"FIRE_101", "rubbish_fire", 0, 0, SAH_PRIORITY_P2, NULL},
    {"HELPLINE_112", "animal_rescue", 0, 0, SAH_PRIORITY_P2, "FIRE_101"},
    {"HELPLINE_100", "cyber_fraud", 0, 0, SAH_PRIORITY_P2, "HELPLINE_1930"},
    {"HELPLINE_1930", "", 0, 0, SAH_PRIORITY_P2, NULL},
    {"FIRE_101", "fire_out", 0, 0, SAH_PRIORITY_P2, NULL},
    /* P3, P4: planned and everyday, also for whoever is vulnerable */
    {"AMBULANCE_102", "", 0, 0, SAH_PRIORITY_P3, NULL},
    {"AMBULANCE_102", "", SAH_VULNERABLE_PREGNANT, 0, SAH_PRIORITY_P3, NULL},
    {"HELPLINE_104", "", 0, 0, SAH_PRIORITY_P3, NULL},
    {"HELPLINE_104", "abdominal_pain", 0, 0, SAH_PRIORITY_P3, NULL}, /* "which medicine?" */
    {"LPG_BOOKING", "", 0, 0, SAH_PRIORITY_P4, NULL},
    {"LPG_BOOKING", "", SAH_VULNERABLE_OVER_65, 0, SAH_PRIORITY_P4, NULL},
    {"LPG_BOOKING", "bare_help still_waiting", 0, 0, SAH_PRIORITY_P4,
     NULL}, /* "3 days late, help" */
    /* raised */
    {"AMBULANCE_108", "fall", SAH_VULNERABLE_OVER_65, 0, SAH_PRIORITY_P1, NULL},
    {"AMBULANCE_108", "fits", SAH_VULNERABLE_UNDER_5, 0, SAH_PRIORITY_P0, NULL},
    {"AMBULANCE_108", "poison", SAH_VULNERABLE_UNDER_5, 0, SAH_PRIORITY_P0, NULL},
    {"FIRE_101", "flood people_inside", SAH_VULNERABLE_UNDER_5, 0, SAH_PRIORITY_P0,
     "HELPLINE_1077"},
    {"AMBULANCE_108", "road_crash", 0, 3, SAH_PRIORITY_P0, NULL},
    {"AMBULANCE_108", "chest_pain voice_failed", 0, 0, SAH_PRIORITY_P0, NULL},
    {"UNKNOWN", "still_waiting", 0, 0, SAH_PRIORITY_P0, NULL},
    {"FIRE_101", "structure_fire people_inside", 0, 0, SAH_PRIORITY_P0, NULL},
    {"AMBULANCE_108", "fall", SAH_VULNERABLE_ALONE | SAH_VULNERABLE_DISABLED, 0,
     SAH_PRIORITY_P1, NULL},
};

static void the_rows_of_domain_8_2(void **state)
{
    static struct sah_request request;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_rank rank;
        bool added = cases[i].also == NULL;

        memset(&request, 0, sizeof request);
        SET(request.triage.service, cases[i].service);
        request.citizen.vulnerable = cases[i].vulnerable;
        request.triage.patients = cases[i].patients;
        for (const char *p = cases[i].cues; *p != '\0';) {
            size_t len = strcspn(p, " ");
            struct sah_cue *cue = &request.triage.cues[request.triage.n_cues++];

            assert_int_equal(sah_copy(cue->name, sizeof cue->name, p, len), SAH_OK);
            p += len + (p[len] == ' ');
        }
        sah_rank(policy, &request, &rank);
        for (unsigned s = 0; !added && s < rank.n_services; s++)
            added = strcmp(rank.services[s], cases[i].also) == 0;
        if (rank.priority != cases[i].priority || !added)
            fail_msg("%s [%s]: got %s by %s, %s%s", cases[i].service, cases[i].cues,
                     sah_priority_name(rank.priority), rank.rule, added ? "" : "without ",
                     added ? "" : cases[i].also);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thirty_three_seats_find_themselves),
        cmocka_unit_test(each_service_has_an_agency_and_each_chain_ends_with_a_person),
        cmocka_unit_test(every_addition_is_served),
        cmocka_unit_test(companies_get_their_own_bookings),
        cmocka_unit_test(the_rows_of_domain_8_2),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
