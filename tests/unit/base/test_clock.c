/* test_clock - the two clocks, and civil time in UTC and in India without the machine's zone.
 */
#include "check.h"

#include <stdbool.h>
#include <time.h>

#include <sahaya/clock.h>
#include <sahaya/obj.h>

static void the_monotonic_clock_never_goes_back(void **state)
{
    uint64_t last = sah_clock_mono_ms();

    (void)state;
    assert_true(last > 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t now = sah_clock_mono_ms();

        assert_true(now >= last);
        last = now;
    }
}

static void the_wall_clock_counts_milliseconds_of_unix_time(void **state)
{
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now = sah_clock_wall_ms();

    (void)state;
    assert_true(now >= before - 1000 && now <= before + 60000);
}

static void times_are_written_in_utc(void **state)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {999, "1970-01-01T00:00:00.999Z"},
        {1795465990123, "2026-11-23T20:33:10.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"}, /* leap: divisible by 400 */
        {1709231399999, "2024-02-29T18:29:59.999Z"},
        {4107522600000, "2100-02-28T18:30:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* not leap: divisible by 100 */
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "10000-01-01T00:00:00.000Z"},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
        {INT64_MIN, "-292275055-05-16T16:47:04.192Z"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char text[SAH_CLOCK_TEXT_MAX];

        sah_clock_text(cases[i].wall_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void india_is_five_hours_and_a_half_ahead(void **state)
{
    static const struct {
        int64_t wall_ms;
        struct sah_clock_india india;
    } cases[] = {
        {0, {1970, 1, 1, 4, 330}},
        {1795465990123, {2026, 11, 24, 2, 123}},
        {1795458599999, {2026, 11, 23, 1, 1439}}, /* the last millisecond before midnight */
        {1795458600000, {2026, 11, 24, 2, 0}},
        {1709145000000, {2024, 2, 29, 4, 0}}, /* a leap day begins ... */
        {1709231399999, {2024, 2, 29, 4, 1439}},
        {1709231400000, {2024, 3, 1, 5, 0}}, /* ... and is over */
        {1740767400000, {2025, 3, 1, 6, 0}}, /* none in 2025 */
        {951782400000, {2000, 2, 29, 2, 330}},
        {4107522600000, {2100, 3, 1, 1, 0}}, /* none in 2100 */
        {1798741800000, {2027, 1, 1, 5, 0}}, /* a year begins in India before UTC */
        {-19800001, {1969, 12, 31, 3, 1439}},
        {-19800000, {1970, 1, 1, 4, 0}},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_clock_india india = sah_clock_india(cases[i].wall_ms);

        assert_int_equal(india.year, cases[i].india.year);
        assert_int_equal(india.month, cases[i].india.month);
        assert_int_equal(india.day, cases[i].india.day);
        assert_int_equal(india.weekday, cases[i].india.weekday);
        assert_int_equal(india.minute_of_day, cases[i].india.minute_of_day);
    }
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

static void every_day_of_five_centuries_follows_the_one_before(void **state)
{
    const int64_t day_ms = 86400000;
    struct sah_clock_india last = sah_clock_india(-100 * 365 * day_ms);

    (void)state;
    for (int64_t day = -100 * 365 + 1; day < 400 * 365; day++) {
        struct sah_clock_india now = sah_clock_india(day * day_ms);
        bool month_ends = last.day == days_in(last.year, last.month);
        bool year_ends = month_ends && last.month == 12;

        assert_int_equal(now.day, month_ends ? 1 : last.day + 1);
        assert_int_equal(now.month, year_ends ? 1 : last.month + month_ends);
        assert_int_equal(now.year, last.year + year_ends);
        assert_int_equal(now.weekday, (last.weekday + 1) % 7);
        last = now;
    }
}

static void the_farthest_times_do_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(sah_clock_india(INT64_MAX).year, 292278994);
    assert_int_equal(sah_clock_india(INT64_MIN).year, -292275055);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_counts_milliseconds_of_unix_time),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(india_is_five_hours_and_a_half_ahead),
        cmocka_unit_test(every_day_of_five_centuries_follows_the_one_before),
        cmocka_unit_test(the_farthest_times_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
