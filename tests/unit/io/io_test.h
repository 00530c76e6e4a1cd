/*
 * io_test - what the tests of io share: turning the loop until something is so, private
 * folders. Included once by each test program, after its own headers.
 */
#ifndef SAHAYA_IO_TEST_H
#define SAHAYA_IO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sahaya/clock.h>
#include <sahaya/loop.h>
#include <sahaya/str.h>

#include "../../lib/patience.h"

/* Turns the loop until `condition` holds; fails the test after max_ms (patience_ms). */
#define TURN_UNTIL(loop, condition, max_ms)                                  \
    do {                                                                     \
        uint64_t give_up_at = sah_clock_mono_ms() + patience_ms(max_ms);     \
        while (!(condition)) {                                               \
            if (sah_clock_mono_ms() > give_up_at)                            \
                fail_msg("not within %d ms: %s", (int)(max_ms), #condition); \
            sah_loop_turn((loop), 20);                                       \
        }                                                                    \
    } while (0)

struct scratch {
    char dir[64];
};

__attribute__((unused)) static void scratch_init(struct scratch *scratch)
{
    (void)sah_format(scratch->dir, sizeof scratch->dir, "/tmp/sahaya-io-XXXXXX");
    assert_non_null(mkdtemp(scratch->dir));
}

/* The folder must be empty but for the names given, which are removed. */
__attribute__((unused)) static void scratch_fini(struct scratch *scratch)
{
    assert_int_equal(rmdir(scratch->dir), 0);
}

#endif
