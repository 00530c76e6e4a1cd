/*
 * patience - how long a test waits for what must come: longer on a machine that is busy with other things.
 *
 * Owns:    nothing. Used by: the tests that turn a real loop until something is so.
 * Never:   judges how long something took; a test that does takes the time by itself.
 */
#ifndef SAHAYA_TESTS_PATIENCE_H
#define SAHAYA_TESTS_PATIENCE_H

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MOST 12

/* `ms` is what it takes at most on a machine that has nothing else to do. */
__attribute__((unused)) static uint64_t patience_ms(uint64_t ms)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    double load = 0, times;

    if (cores < 1 || getloadavg(&load, 1) != 1)
        load = 0;
    times = cores < 1 ? 1 : load / (double)cores;
    if (times > PATIENCE_MOST)
        times = PATIENCE_MOST;
    return times > 1 ? (uint64_t)((double)ms * times) : ms;
}

#endif
