/*
 * agency_test - what the tests of the agency side share: a private folder for files and
 * secrets, and turning the loop until something is so.
 *
 * Owns:    one folder of mkdtemp(), removed with all its files. Used by: tests/unit/agency.
 * Never:   leaves a file behind after folder_fini().
 */
#ifndef SAHAYA_TESTS_AGENCY_TEST_H
#define SAHAYA_TESTS_AGENCY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sahaya/clock.h>
#include <sahaya/str.h>

#include "../../lib/patience.h"

#define SET(dst, text) \
    assert_int_equal(sah_copy((dst), sizeof(dst), (text), strlen(text)), SAH_OK)

#define TURN_UNTIL(loop, condition, max_ms)                                  \
    do {                                                                     \
        uint64_t give_up_at = sah_clock_mono_ms() + patience_ms(max_ms);     \
        while (!(condition)) {                                               \
            if (sah_clock_mono_ms() > give_up_at)                            \
                fail_msg("not within %d ms: %s", (int)(max_ms), #condition); \
            sah_loop_turn((loop), 20);                                       \
        }                                                                    \
    } while (0)

struct folder {
    char dir[64];
    char path[192]; /* of the file last named */
};

static inline void folder_init(struct folder *f)
{
    SET(f->dir, "/tmp/sahaya-agency-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
}

static inline const char *folder_name(struct folder *f, const char *name)
{
    assert_int_equal(sah_format(f->path, sizeof f->path, "%s/%s", f->dir, name), SAH_OK);
    return f->path;
}

static inline const char *folder_write(struct folder *f, const char *name, const char *text)
{
    FILE *file = fopen(folder_name(f, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    return f->path;
}

static inline void folder_fini(struct folder *f)
{
    DIR *dir = opendir(f->dir);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            assert_int_equal(remove(folder_name(f, entry->d_name)), 0);
    closedir(dir);
    assert_int_equal(rmdir(f->dir), 0);
}

#endif
