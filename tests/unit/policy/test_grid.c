/*
 * test_grid - the live incidents by place: found as if each were compared with each, within
 * bounds, and never in the way of a report (9.n: see sameness.h).
 */
#include "sameness_test.h"

#include "policy/grid.h"

static struct sah_grid *grid;
static struct sah_grid_matches found;
static struct sah_grid_stats stats;

static void make(unsigned capacity)
{
    assert_int_equal(sah_grid_create(rules, capacity, &grid), SAH_OK);
}

static int drop_grid(void **state)
{
    (void)state;
    sah_grid_destroy(grid);
    grid = NULL;
    return 0;
}

static void put(const struct sah_incident_facts *facts)
{
    assert_int_equal(sah_grid_insert(grid, facts), SAH_OK);
}

static void put_at(const char *id, const char *type, double metres)
{
    struct sah_incident_facts f = at_metres(id, type, metres);

    put(&f);
}

static const char *best(const struct sah_incident_facts *candidate, int64_t now_ms)
{
    sah_grid_match(grid, candidate, now_ms, &found);
    return found.n > 0 ? found.items[0].id : "";
}

/* (9.1, 9.2, 9.5) */
static void thirty_reporters_of_one_fire_are_one_incident(void **state)
{
    unsigned incidents = 0;

    (void)state;
    make(100);
    for (int i = 0; i < 30; i++) {
        char id[8];
        struct sah_incident_facts f;
        int64_t now_ms = T0 + i * 50 * SECOND; /* 25 minutes in all */

        (void)sah_format(id, sizeof id, "I%02d", i);
        f = at_metres(id, i % 3 ? "FSTRU" : "FSMOKE", (i * 37) % 280);
        f.opened_ms = f.last_ms = now_ms;
        f.patients = (uint32_t)i / 10;
        f.trapped = i == 20;
        f.priority = i == 20 ? SAH_PRIORITY_P0 : SAH_PRIORITY_P1;
        sah_grid_match(grid, &f, now_ms, &found);
        if (found.n > 0 && found.items[0].verdict.kind == SAH_SAME_LINK) {
            assert_int_equal(sah_grid_report(grid, found.items[0].id, &f, now_ms), SAH_OK);
        } else {
            put(&f);
            incidents++;
        }
    }
    assert_int_equal(incidents, 1);
    assert_int_equal(sah_grid_find(grid, "I00")->report_count, 30);
    assert_int_equal(sah_grid_find(grid, "I00")->priority, SAH_PRIORITY_P0);
    assert_int_equal(sah_grid_find(grid, "I00")->patients, 2);
    assert_int_equal(sah_grid_find(grid, "I00")->last_ms, T0 + 29 * 50 * SECOND);
    assert_true(sah_grid_find(grid, "I00")->trapped);
    /* (9.7) One cancels: that one only. */
    assert_int_equal(sah_grid_leave(grid, "I00"), SAH_OK);
    assert_int_equal(sah_grid_find(grid, "I00")->report_count, 29);
}

static void links_come_first_then_the_nearest(void **state)
{
    static const char *const want[] = {"L20", "L250", "S10", "S400", "S900"};
    struct sah_incident_facts f;

    (void)state;
    make(100);
    put_at("S900", "MVAINJY", 900);
    put_at("L250", "MVAINJY", 250);
    put_at("S400", "MVAINJY", -400);
    put_at("L20", "MVAINJY", 20);
    put_at("far", "MVAINJY", 1001);
    put_at("other", "CARDIAC", 0);
    f = at_metres("S10", "MVAINJY", -10);
    f.closed_ms = T0;
    put(&f);
    f = at_metres("new", "MVAINJY", 0);
    sah_grid_match(grid, &f, T0, &found);
    assert_int_equal(found.n, SAH_LEN(want));
    for (size_t i = 0; i < SAH_LEN(want); i++)
        assert_string_equal(found.items[i].id, want[i]);
    assert_false(found.cut);
    /* An incident is not its own neighbour. */
    SET(f.id, "L20");
    assert_string_equal(best(&f, T0), "L250");
}

static void no_more_than_eight_are_answered_and_those_are_the_nearest(void **state)
{
    struct sah_incident_facts f = at_metres("new", "FSTRU", 0);

    (void)state;
    make(100);
    for (int i = 0; i < 40; i++) {
        char id[8];

        (void)sah_format(id, sizeof id, "I%02d", i);
        put_at(id, "FSTRU", (i + 3) * 17 % 40 * 5);
    }
    sah_grid_match(grid, &f, T0, &found);
    assert_int_equal(found.n, SAH_GRID_MATCHES_MAX);
    for (unsigned i = 0; i < found.n; i++)
        assert_int_equal(found.items[i].verdict.distance_m, i * 5);
}

static void what_moves_is_found_where_it_is_now(void **state)
{
    struct sah_incident_facts here = at_metres("h", "FSTRU", 0);
    struct sah_incident_facts there = at_metres("t", "FSTRU", 20000);

    (void)state;
    make(4);
    put_at("A", "FSTRU", 0);
    assert_string_equal(best(&here, T0), "A");
    assert_int_equal(sah_grid_move(grid, "A", &there), SAH_OK);
    assert_string_equal(best(&here, T0), "");
    assert_string_equal(best(&there, T0), "A");
    there.lat_e7 = 900000001;
    assert_int_equal(sah_grid_move(grid, "A", &there), SAH_EINVAL);
    assert_int_equal(sah_grid_move(grid, "B", &here), SAH_ENOENT);
    there.has_point = false;
    assert_int_equal(sah_grid_move(grid, "A", &there), SAH_OK);
    assert_string_equal(best(&here, T0), "");
    assert_int_equal(sah_grid_report(grid, "A", &here, T0),
                     SAH_OK); /* the report knows where */
    assert_string_equal(best(&here, T0), "A");
    assert_int_equal(sah_grid_remove(grid, "A"), SAH_OK);
    assert_string_equal(best(&here, T0), "");
    assert_int_equal(sah_grid_remove(grid, "A"), SAH_ENOENT);
    assert_int_equal(sah_grid_close(grid, "A", T0), SAH_ENOENT);
    assert_int_equal(sah_grid_leave(grid, "A"), SAH_ENOENT);
    assert_int_equal(sah_grid_report(grid, "A", &here, T0), SAH_ENOENT);
}

/* (9.8) */
static void without_a_place_the_number_and_the_words_are_looked_for(void **state)
{
    struct sah_incident_facts f = at_metres("A", "CARDIAC", 0);

    (void)state;
    make(8);
    f.has_point = false;
    f.callback = 70;
    put(&f);
    f = at_metres("new", "CARDIAC", 0);
    assert_string_equal(best(&f, T0), "");
    f.callback = 70;
    assert_string_equal(best(&f, T0), "A");
    assert_int_equal(found.items[0].verdict.kind, SAH_SAME_SUGGEST);
    assert_int_equal(found.items[0].verdict.distance_m, SAH_SAME_NO_DISTANCE);
}

/* (9.9) */
static void a_rumour_is_forwarded_first_and_counted_after(void **state)
{
    unsigned forwarded = 0, counted = 0;
    struct sah_incident_facts f;

    (void)state;
    make(100);
    for (int i = 0; i < 50; i++) {
        char id[8];

        (void)sah_format(id, sizeof id, "I%02d", i);
        f = at_metres(id, "BLDCLPSE", 0);
        f.has_point = false;
        f.text = 5;
        sah_grid_match(grid, &f, T0 + i * SECOND, &found);
        if (found.n > 0 && found.items[0].verdict.kind == SAH_SAME_LINK) {
            assert_int_equal(found.items[0].verdict.reason, SAH_SAME_REASON_RUMOUR);
            assert_int_equal(sah_grid_report(grid, found.items[0].id, &f, T0 + i * SECOND),
                             SAH_OK);
            counted++;
        } else {
            put(&f);
            forwarded++;
        }
    }
    assert_int_equal(forwarded, rules->rumour_senders - 1);
    assert_int_equal(counted, 50 - forwarded);
    assert_int_equal(sah_grid_find(grid, "I00")->text_reports +
                         sah_grid_find(grid, "I01")->text_reports,
                     50);
    /* Somebody who is there is heard. */
    f = at_metres("there", "BLDCLPSE", 0);
    f.text = 5;
    sah_grid_match(grid, &f, T0 + MINUTE, &found);
    assert_true(found.n == 0 || found.items[0].verdict.kind != SAH_SAME_LINK);
}

static void words_of_long_ago_make_no_rumour(void **state)
{
    int64_t later = T0 + rules->rumour_window_ms + 1;
    struct sah_incident_facts f;

    (void)state;
    make(8);
    for (int i = 0; i < 3; i++) {
        char id[8];

        (void)sah_format(id, sizeof id, "I%d", i);
        f = at_metres(id, "FSTRU", 0);
        f.has_point = false;
        f.text = 5;
        f.opened_ms = f.last_ms = i < 2 ? T0 : later;
        put(&f);
    }
    SET(f.id, "new");
    f.sender++;
    assert_string_equal(best(&f, later), "I2");
    assert_int_equal(found.n, 1);
    assert_int_equal(found.items[0].verdict.reason, SAH_SAME_REASON_SAME_TEXT);
    assert_string_equal(best(&f, later - 1), "I2"); /* now all three count */
    assert_int_equal(found.n, 3);
    assert_int_equal(found.items[0].verdict.reason, SAH_SAME_REASON_RUMOUR);
}

static void a_full_grid_puts_out_the_oldest_closed_and_refuses_else(void **state)
{
    struct sah_incident_facts f = at_metres("E", "FSTRU", 0);

    (void)state;
    make(4);
    put_at("A", "FSTRU", 0);
    put_at("B", "FSTRU", 0);
    put_at("C", "FSTRU", 0);
    put_at("D", "FSTRU", 0);
    assert_int_equal(sah_grid_insert(grid, &f), SAH_ELIMIT);
    assert_null(sah_grid_find(grid, "E"));
    assert_int_equal(sah_grid_close(grid, "C", T0), SAH_OK);
    assert_int_equal(sah_grid_close(grid, "A", T0 + 1), SAH_OK);
    assert_int_equal(sah_grid_close(grid, "B", T0 + 2), SAH_OK);
    assert_int_equal(sah_grid_close(grid, "B", 0), SAH_OK); /* opened again */
    sah_grid_stats(grid, &stats);
    assert_int_equal(stats.closed, 2);
    put_at("E", "FSTRU", 0);
    assert_null(sah_grid_find(grid, "C"));
    put_at("F", "FSTRU", 0);
    assert_null(sah_grid_find(grid, "A"));
    SET(f.id, "G");
    assert_int_equal(sah_grid_insert(grid, &f), SAH_ELIMIT);
    assert_non_null(sah_grid_find(grid, "B"));
    SET(f.id, "B");
    assert_int_equal(sah_grid_insert(grid, &f), SAH_EEXIST);
    sah_grid_stats(grid, &stats);
    assert_int_equal(stats.capacity, 4);
    assert_int_equal(stats.held, 4);
    assert_int_equal(stats.closed, 0);
    assert_int_equal(stats.inserted, 6);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.evicted, 2);
}

static void what_is_too_old_to_match_goes(void **state)
{
    int64_t longest = sah_sameness_longest_ms(rules);
    struct sah_incident_facts f = at_metres("late", "ELECHZD", 0);

    (void)state;
    make(10);
    put_at("A", "ELECHZD", 0);
    put_at("B", "FSTRU", 0);
    f.closed_ms = T0 + MINUTE;
    put(&f);
    assert_int_equal(sah_grid_expire(grid, T0 + longest, 100), 0);
    assert_int_equal(sah_grid_expire(grid, T0 + longest + 1, 1), 1); /* one slot at a time */
    assert_int_equal(sah_grid_expire(grid, T0 + longest + 1, 100), 1);
    assert_non_null(sah_grid_find(grid, "late"));
    assert_int_equal(sah_grid_expire(grid, T0 + longest + MINUTE + 1, 100), 1);
    sah_grid_stats(grid, &stats);
    assert_int_equal(stats.held, 0);
    assert_int_equal(stats.closed, 0);
    assert_int_equal(stats.expired, 3);
}

static void nonsense_is_refused(void **state)
{
    struct sah_incident_facts f = at_metres("A", "FSTRU", 0);
    struct sah_grid *none = NULL;

    (void)state;
    assert_int_equal(sah_grid_create(rules, 0, &none), SAH_EINVAL);
    assert_int_equal(sah_grid_create(rules, SAH_GRID_CAPACITY_MAX + 1, &none), SAH_EINVAL);
    assert_null(none);
    make(4);
    f.lat_e7 = -900000001;
    assert_int_equal(sah_grid_insert(grid, &f), SAH_EINVAL);
    f.lat_e7 = 0;
    f.lon_e7 = 1800000001;
    assert_int_equal(sah_grid_insert(grid, &f), SAH_EINVAL);
    sah_grid_match(grid, &f, T0, &found); /* matched by words only, never out of bounds */
    assert_int_equal(found.n, 0);
    f.lon_e7 = 0;
    f.id[0] = '\0';
    assert_int_equal(sah_grid_insert(grid, &f), SAH_EINVAL);
}

/* (9.11) */
static void ten_thousand_in_one_cell_are_looked_at_newest_first_and_bounded(void **state)
{
    struct sah_incident_facts f;
    char id[16];

    (void)state;
    make(10000);
    for (int i = 0; i < 10000; i++) {
        (void)sah_format(id, sizeof id, "I%05d", i);
        put_at(id, "FSTRU", i == 0 || i == 9999 ? 0 : 100 + i % 100);
    }
    f = at_metres("new", "FSTRU", 0);
    assert_string_equal(best(&f, T0), "I09999");
    assert_int_equal(found.looked, SAH_GRID_LOOK_MAX);
    assert_true(found.cut);
    for (unsigned i = 0; i < found.n; i++)
        assert_true(strcmp(found.items[i].id, "I05000") > 0);
    assert_int_equal(sah_grid_report(grid, "I00000", &f, T0 + 1), SAH_OK); /* newest now */
    assert_string_equal(best(&f, T0), "I00000");
    sah_grid_stats(grid, &stats);
    assert_int_equal(stats.cut, 2);
    assert_int_equal(stats.matches, 2);
}

/* ---- against comparing each with each */

static uint64_t seed;

static uint32_t chance(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static struct sah_incident_facts any_facts(int n, int32_t lat_e7, int32_t lon_e7)
{
    static const char *const types[] = {"FSTRU", "FBRUSH", "MVAINJY", "CARDIAC",  "GASLEAKI",
                                        "MCI",   "FLOOD",  "TROUBLE", "VIOLENCE", "ELECHZD"};
    struct sah_incident_facts f = at_metres("", types[chance(SAH_LEN(types))], 0);
    /* Within about 6 km, in longitude by what a degree is worth there. */
    double wide = 1.0 / (lat_e7 > 700000000 || lat_e7 < -700000000 ? 0.2 : 0.9);
    int64_t lon =
        lon_e7 + (int64_t)((int32_t)chance(1200000) * wide) - (int64_t)(600000 * wide);

    (void)sah_format(f.id, sizeof f.id, "I%06d", n);
    f.lat_e7 = lat_e7 + (int32_t)chance(1000000) - 500000;
    lon = lon > 1800000000 ? lon - INT64_C(3600000000) : lon;
    lon = lon < -1800000000 ? lon + INT64_C(3600000000) : lon;
    f.lon_e7 = (int32_t)lon;
    f.has_point = chance(10) != 0;
    f.radius_m = chance(3) == 0 ? chance(700) : 0;
    f.opened_ms = T0 + chance(40) * MINUTE;
    f.last_ms = f.opened_ms + chance(20) * MINUTE;
    f.closed_ms = chance(8) == 0 ? f.last_ms : 0;
    f.callback = chance(3) == 0 ? 1 + chance(40) : 0;
    f.text = chance(4) == 0 ? 1 + chance(30) : f.text;
    f.patients = chance(4);
    return f;
}

static bool listed(const char *id)
{
    for (unsigned i = 0; i < found.n; i++)
        if (strcmp(found.items[i].id, id) == 0)
            return true;
    return false;
}

/* Each answer is what the judge says, and nothing that is left out would have come before it.
 */
static void check_answer(const struct sah_incident_facts *all, int n,
                         const struct sah_incident_facts *candidate, int64_t now_ms)
{
    struct sah_incident_facts asked = *candidate;
    unsigned matching = 0;

    for (int i = 0; i < n; i++)
        if (asked.text != 0 && all[i].text == asked.text && all[i].sender != asked.sender &&
            sah_grid_find(grid, all[i].id) != NULL &&
            now_ms - all[i].last_ms <= (int64_t)rules->rumour_window_ms)
            asked.text_reports++;
    for (int i = 0; i < n; i++) {
        struct sah_same_verdict verdict = sah_sameness_judge(rules, &all[i], &asked, now_ms);
        const struct sah_grid_match *last = &found.items[SAH_GRID_MATCHES_MAX - 1];

        if (verdict.kind == SAH_SAME_NONE || sah_grid_find(grid, all[i].id) == NULL)
            continue;
        matching++;
        if (listed(all[i].id))
            continue;
        if (found.n < SAH_GRID_MATCHES_MAX || verdict.kind > last->verdict.kind ||
            (verdict.kind == last->verdict.kind &&
             verdict.distance_m < last->verdict.distance_m))
            fail_msg("seed at %s: %s left out, %s at %u m", candidate->id, all[i].id,
                     sah_same_reason_name(verdict.reason), verdict.distance_m);
    }
    assert_int_equal(found.n,
                     matching < SAH_GRID_MATCHES_MAX ? matching : SAH_GRID_MATCHES_MAX);
    for (unsigned i = 1; i < found.n; i++)
        assert_true(
            found.items[i - 1].verdict.kind > found.items[i].verdict.kind ||
            (found.items[i - 1].verdict.kind == found.items[i].verdict.kind &&
             found.items[i - 1].verdict.distance_m <= found.items[i].verdict.distance_m));
}

static void the_same_is_found_as_by_comparing_each_with_each(void **state)
{
    static const int32_t middles[][2] = {
        {LAT_E7, LON_E7},        {0, 0},
        {0, 1799900000},         {-450000000, -1799900000},
        {780000000, 1799900000}, {-800000000, 5},
        {189600000, 778900000},
    };
    static struct sah_incident_facts all[400];
    unsigned answers = 0;

    (void)state;
    for (size_t m = 0; m < SAH_LEN(middles); m++) {
        seed = 20261123 + m;
        make(SAH_LEN(all));
        for (size_t i = 0; i < SAH_LEN(all); i++) {
            all[i] = any_facts((int)i, middles[m][0], middles[m][1]);
            put(&all[i]);
        }
        for (int round = 0; round < 300; round++) {
            size_t at = chance(SAH_LEN(all));
            struct sah_incident_facts other =
                any_facts(1000 + round, middles[m][0], middles[m][1]);
            int64_t now_ms = T0 + chance(70) * MINUTE;

            /* Now and then one moves, closes, goes or comes back. */
            if (sah_grid_find(grid, all[at].id) == NULL) {
                put(&all[at]);
            } else if (chance(4) == 0) {
                assert_int_equal(sah_grid_remove(grid, all[at].id), SAH_OK);
            } else if (chance(2) == 0) {
                assert_int_equal(sah_grid_move(grid, all[at].id, &other), SAH_OK);
                all[at].has_point = other.has_point;
                all[at].lat_e7 = other.lat_e7;
                all[at].lon_e7 = other.lon_e7;
                all[at].method = other.method;
                all[at].radius_m = other.radius_m;
            } else {
                all[at].closed_ms = chance(2) ? T0 + 30 * MINUTE : 0;
                assert_int_equal(sah_grid_close(grid, all[at].id, all[at].closed_ms), SAH_OK);
            }
            sah_grid_match(grid, &other, now_ms, &found);
            assert_false(found.cut);
            check_answer(all, SAH_LEN(all), &other, now_ms);
            answers += found.n;
        }
        sah_grid_destroy(grid);
        grid = NULL;
    }
    assert_true(answers > 1000); /* or the comparison said nothing */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_teardown(fn, drop_grid)
    const struct CMUnitTest tests[] = {
        TEST(thirty_reporters_of_one_fire_are_one_incident),
        TEST(links_come_first_then_the_nearest),
        TEST(no_more_than_eight_are_answered_and_those_are_the_nearest),
        TEST(what_moves_is_found_where_it_is_now),
        TEST(without_a_place_the_number_and_the_words_are_looked_for),
        TEST(a_rumour_is_forwarded_first_and_counted_after),
        TEST(words_of_long_ago_make_no_rumour),
        TEST(a_full_grid_puts_out_the_oldest_closed_and_refuses_else),
        TEST(what_is_too_old_to_match_goes),
        TEST(nonsense_is_refused),
        TEST(ten_thousand_in_one_cell_are_looked_at_newest_first_and_bounded),
        TEST(the_same_is_found_as_by_comparing_each_with_each),
    };

    return cmocka_run_group_tests(tests, load_rules, free_rules);
}
