/*
 * clock - the two clocks. Every timeout lives on the monotonic one; the wall clock is for records
 * and signatures only. The core is handed the time as an argument and never calls these.
 */
#ifndef SAHAYA_CLOCK_H
#define SAHAYA_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t sah_clock_mono_ms(void); /* since some fixed point, never goes back */
int64_t sah_clock_wall_ms(void);  /* Unix time in milliseconds, UTC */

#define SAH_CLOCK_TEXT_MAX 32
/* "2026-11-23T20:33:10.123Z"; dst has SAH_CLOCK_TEXT_MAX bytes. */
void sah_clock_text(int64_t wall_ms, char *dst);
/* Days, hours and minutes in India (UTC+5:30, no daylight saving). */
struct sah_clock_india {
    int year, month, day;      /* month 1-12 */
    int weekday;               /* 0 = Sunday */
    int minute_of_day;         /* 0-1439 */
};
struct sah_clock_india sah_clock_india(int64_t wall_ms);

#endif
