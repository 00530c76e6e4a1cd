/*
 * clock - reads the two clocks of the machine and writes civil time arithmetically.
 *
 * Owns:    nothing.
 * Used by: the shell of each program; the core is handed the time.
 * Never:   asks the machine's time zone: India is UTC+5:30 all year, wherever we run.
 */
#include <sahaya/clock.h>
#include <sahaya/str.h>

#include <time.h>

#define MS_PER_MINUTE   60000
#define MINUTES_PER_DAY 1440
#define INDIA_MINUTES   330 /* ahead of UTC */

uint64_t sah_clock_mono_ms(void)
{
    struct timespec now;

    SAH_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t sah_clock_wall_ms(void)
{
    struct timespec now;

    SAH_ASSERT(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Division that rounds down below zero as well: one minute before 1970 is 1969-12-31. */
static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int64_t floor_mod(int64_t value, int64_t by)
{
    int64_t rest = value % by;

    return rest < 0 ? rest + by : rest;
}

struct civil {
    int64_t year;
    int month, day;
};

/*
 * The date `days` after 1970-01-01 in the Gregorian calendar. The year is counted from March,
 * so that a leap day is its last day, in eras of 400 years, which all have 146097 days.
 */
static struct civil civil_of_days(int64_t days)
{
    int64_t shifted = days + 719468; /* days since 0000-03-01 */
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = floor_mod(shifted, 146097);
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153; /* 0 = March */
    int month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);

    return (struct civil){
        .year = era * 400 + year_of_era + (month <= 2),
        .month = month,
        .day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

void sah_clock_text(int64_t wall_ms, char *dst)
{
    int64_t minutes = floor_div(wall_ms, MS_PER_MINUTE);
    int ms = (int)floor_mod(wall_ms, MS_PER_MINUTE);
    int minute_of_day = (int)floor_mod(minutes, MINUTES_PER_DAY);
    struct civil date = civil_of_days(floor_div(minutes, MINUTES_PER_DAY));

    /* The farthest year an int64_t of milliseconds reaches has nine digits: it always fits. */
    sah_format(dst, SAH_CLOCK_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
               (long long)date.year, date.month, date.day, minute_of_day / 60,
               minute_of_day % 60, ms / 1000, ms % 1000);
}

struct sah_clock_india sah_clock_india(int64_t wall_ms)
{
    int64_t minutes = floor_div(wall_ms, MS_PER_MINUTE) + INDIA_MINUTES;
    int64_t days = floor_div(minutes, MINUTES_PER_DAY);
    struct civil date = civil_of_days(days);

    return (struct sah_clock_india){
        .year = (int)date.year,
        .month = date.month,
        .day = date.day,
        .weekday = (int)floor_mod(days + 4, 7), /* 1970-01-01 was a Thursday */
        .minute_of_day = (int)floor_mod(minutes, MINUTES_PER_DAY),
    };
}
