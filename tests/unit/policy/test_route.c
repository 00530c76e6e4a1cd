/*
 * test_route - who gets a request: by service, company, district and hour, and who is next.
 */
#include "policy_test.h"

#include <math.h>

#include "policy/route.h"

static struct sah_roster roster;

static struct sah_agency *add_agency(const char *id, const char *service)
{
    struct sah_agency *agency = &roster.agencies[roster.n_agencies++];

    SET(agency->id, id);
    if (service != NULL)
        SET(agency->services[agency->n_services++], service);
    agency->n_endpoints = 1;
    return agency;
}

static void add_district(const char *id, int32_t lat_e7, int32_t lon_e7)
{
    struct sah_district *district = &roster.districts[roster.n_districts++];

    SET(district->id, id);
    district->seat_lat_e7 = lat_e7;
    district->seat_lon_e7 = lon_e7;
}

static int begin(void **state)
{
    struct sah_agency *a;

    (void)state;
    memset(&roster, 0, sizeof roster);
    SET(roster.catch_all, "112");
    add_district("hyderabad", 173800000, 784700000);
    add_district("warangal", 179700000, 795900000);
    a = add_agency("108", "AMBULANCE_108");
    SET(a->fallbacks[0], "112");
    a->n_fallbacks = 1;
    add_agency("101", "FIRE_101");
    a = add_agency("101-hyd", "FIRE_101");
    a->districts = 1;
    SET(a->fallbacks[0], "101-hyd"); /* a slip: itself is passed over */
    SET(a->fallbacks[1], "101");
    SET(a->fallbacks[2], "112");
    a->n_fallbacks = 3;
    SET(add_agency("indane", "LPG_BOOKING")->company, "indane");
    add_agency("1967", "LPG_BOOKING");
    add_agency("1906", "HELPLINE_1906");
    a = add_agency("elders", "HELPLINE_14567");
    a->open_minute = 8 * 60;
    a->close_minute = 19 * 60;
    a = add_agency("112", "HELPLINE_112");
    SET(a->fallbacks[0], "duty-officer");
    a->n_fallbacks = 1;
    add_agency("duty-officer", NULL);
    SET(roster.routes[0].service, "LPG_LEAK");
    SET(roster.routes[0].as[0], "FIRE_101");
    SET(roster.routes[0].as[1], "HELPLINE_1906");
    roster.routes[0].n_as = 2;
    roster.n_routes = 1;
    return 0;
}

static void check_route(const char *services, const char *company, int district,
                        unsigned minute, const char *want)
{
    char list[8][SAH_SERVICE_SIZE], got[256] = "";
    struct sah_route route;
    unsigned n = 0;

    for (const char *p = services; *p != '\0';) {
        size_t len = strcspn(p, " ");

        assert_int_equal(sah_copy(list[n++], SAH_SERVICE_SIZE, p, len), SAH_OK);
        p += len + (p[len] == ' ');
    }
    sah_route(&roster, (const char(*)[SAH_SERVICE_SIZE])list, n, company, district, minute,
              &route);
    for (unsigned i = 0; i < route.n; i++) {
        size_t len = strlen(got);

        (void)sah_format(got + len, sizeof got - len, "%s%s", i ? " " : "",
                         route.agencies[i]->id);
    }
    if (route.catch_all_used)
        (void)sah_format(got + strlen(got), sizeof got - strlen(got), "!");
    if (strcmp(got, want) != 0)
        fail_msg("%s, company %s, district %d: got '%s', want '%s'", services, company,
                 district, got, want);
}

static void services_companies_and_districts(void **state)
{
    static const struct {
        const char *services, *company;
        int district;
        const char *want; /* '!' = the catch-all stood in */
    } cases[] = {
        {"AMBULANCE_108", "", -1, "108"},
        {"AMBULANCE_108", "", 1, "108"},
        {"FIRE_101", "", -1, "101"},    /* no place: the state's own, at once */
        {"FIRE_101", "", 0, "101-hyd"}, /* the district's before the state's */
        {"FIRE_101", "", 1, "101"},
        {"FIRE_101 AMBULANCE_108 FIRE_101", "", 0, "101-hyd 108"},
        {"LPG_LEAK", "", -1, "101 1906"},
        {"LPG_LEAK FIRE_101 HELPLINE_1906", "", -1, "101 1906"}, /* no doubles */
        {"LPG_BOOKING", "indane", -1, "indane"},
        {"LPG_BOOKING", "hp", -1, "1967"},
        {"LPG_BOOKING", "", -1, "1967"},
        {"LPG_BOOKING", NULL, -1, "1967"},
        {"HELPLINE_9999", "", -1, "112!"},
        {"HELPLINE_9999 AMBULANCE_108", "", -1, "112 108!"},
        {"", "", -1, "112!"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        check_route(cases[i].services, cases[i].company, cases[i].district, 600, cases[i].want);
}

static void an_open_agency_is_preferred_and_a_closed_one_is_better_than_none(void **state)
{
    struct sah_agency *night;

    (void)state;
    check_route("HELPLINE_14567", "", -1, 8 * 60, "elders");
    check_route("HELPLINE_14567", "", -1, 3 * 60, "elders"); /* closed, but the only one */
    night = add_agency("night", "HELPLINE_14567");
    night->open_minute = 19 * 60;
    night->close_minute = 8 * 60; /* over midnight */
    check_route("HELPLINE_14567", "", -1, 8 * 60 - 1, "night");
    check_route("HELPLINE_14567", "", -1, 8 * 60, "elders");
    check_route("HELPLINE_14567", "", -1, 19 * 60 - 1, "elders");
    check_route("HELPLINE_14567", "", -1, 19 * 60, "night");
    check_route("HELPLINE_14567", "", -1, 23 * 60 + 59, "night");
    check_route("HELPLINE_14567", "", -1, 0, "night");
    /* The district's own is closed: the state's open one takes it. */
    roster.agencies[2].open_minute = 60;
    roster.agencies[2].close_minute = 120;
    check_route("FIRE_101", "", 0, 300, "101");
    check_route("FIRE_101", "", 0, 60, "101-hyd");
}

static void a_district_is_the_stated_one_else_the_nearest_seat(void **state)
{
    struct sah_place place = {.has_point = true, .lat_e7 = 173850000, .lon_e7 = 784867000};

    (void)state;
    assert_int_equal(sah_route_district(&roster, &place), 0);
    SET(place.district, "warangal");
    assert_int_equal(sah_route_district(&roster, &place), 1); /* said is said */
    SET(place.district, "atlantis");
    assert_int_equal(sah_route_district(&roster, &place), 0);
    place.district[0] = '\0';
    place.lat_e7 = 280000000; /* far north */
    assert_int_equal(sah_route_district(&roster, &place), -1);
    place.has_point = false;
    place.lat_e7 = 173800000;
    assert_int_equal(sah_route_district(&roster, &place), -1);
    /* 80 km north of the seat is 0.7194 degrees: just within, just without. */
    place = (struct sah_place){
        .has_point = true, .lat_e7 = 173800000 - 7190000, .lon_e7 = 784700000};
    assert_int_equal(sah_route_district(&roster, &place), 0);
    place.lat_e7 = 173800000 - 7200000;
    assert_int_equal(sah_route_district(&roster, &place), -1);
}

static void distances_are_those_of_the_sphere(void **state)
{
    static const struct {
        int32_t lat1, lon1, lat2, lon2;
        double m;
    } cases[] = {
        {0, 0, 0, 0, 0},
        {0, 0, 10000000, 0, 111195.08},
        {0, 0, 0, 10000000, 111195.08},
        {0, 1800000000, 0, -1800000000, 0}, /* the same meridian */
        {900000000, 0, -900000000, 0, 20015114.4},
        {0, 0, 0, 1800000000, 20015114.4},
        {173800000, 784700000, 179700000, 795900000, 135590},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        double m = sah_distance_m(cases[i].lat1, cases[i].lon1, cases[i].lat2, cases[i].lon2);

        if (!(fabs(m - cases[i].m) <= cases[i].m * 0.001 + 0.5))
            fail_msg("case %zu: %f m, want %f m", i, m, cases[i].m);
    }
}

static void a_chain_of_fallbacks_is_walked_to_its_end(void **state)
{
    static const char tried[][SAH_AGENCY_SIZE] = {"101-hyd", "101", "112", "duty-officer"};
    const struct sah_agency *at = sah_roster_agency(&roster, SAH_SLICE("101-hyd"));

    (void)state;
    at = sah_route_fallback(&roster, at, tried, 1);
    assert_string_equal(at->id, "101");
    at =
        sah_route_fallback(&roster, sah_roster_agency(&roster, SAH_SLICE("101-hyd")), tried, 2);
    assert_string_equal(at->id, "112");
    at = sah_route_fallback(&roster, at, tried, 3);
    assert_string_equal(at->id, "duty-officer");
    assert_null(sah_route_fallback(&roster, at, tried, 4)); /* a person is next */
    assert_null(
        sah_route_fallback(&roster, sah_roster_agency(&roster, SAH_SLICE("108")), tried, 3));
}

static void an_unknown_id_is_no_agency(void **state)
{
    (void)state;
    assert_null(sah_roster_agency(&roster, SAH_SLICE("")));
    assert_null(sah_roster_agency(&roster, SAH_SLICE("10")));
    assert_null(sah_roster_agency(&roster, SAH_SLICE("1080")));
    assert_non_null(sah_roster_agency(&roster, SAH_SLICE("108")));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup(fn, begin)
    const struct CMUnitTest tests[] = {
        TEST(services_companies_and_districts),
        TEST(an_open_agency_is_preferred_and_a_closed_one_is_better_than_none),
        TEST(a_district_is_the_stated_one_else_the_nearest_seat),
        TEST(distances_are_those_of_the_sphere),
        TEST(a_chain_of_fallbacks_is_walked_to_its_end),
        TEST(an_unknown_id_is_no_agency),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
