/*
 * check - what all tests of base and conf include: cmocka, and a private scratch folder.
 *
 * Owns:    one folder of mkdtemp() for each struct scratch, removed with all its files.
 * Used by: tests/unit/base.
 * Never:   leaves a file behind after scratch_fini().
 */
#ifndef SAHAYA_TESTS_BASE_CHECK_H
#define SAHAYA_TESTS_BASE_CHECK_H

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

struct scratch {
    char folder[64];
    char path[192]; /* of the file last written or named */
};

static inline void scratch_init(struct scratch *s)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/sahaya-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
}

static inline const char *scratch_name(struct scratch *s, const char *name)
{
    int len = snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);

    assert_true(len > 0 && (size_t)len < sizeof s->path);
    return s->path;
}

static inline const char *scratch_write(struct scratch *s, const char *name, const void *bytes,
                                        size_t len)
{
    FILE *file = fopen(scratch_name(s, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return s->path;
}

static inline void scratch_fini(struct scratch *s)
{
    DIR *folder = opendir(s->folder);
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            assert_int_equal(remove(scratch_name(s, entry->d_name)), 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(s->folder), 0);
}

#endif
