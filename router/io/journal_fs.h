/*
 * journal_fs - the file system as the journal sees it: one flat folder.
 *
 * A table of functions, so that a test can fail each call and build each state a power cut may
 * leave. Used from the loop and from the writer thread at once. All answer -errno on failure.
 */
#ifndef SAHAYA_IO_JOURNAL_FS_H
#define SAHAYA_IO_JOURNAL_FS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <sahaya/err.h>
#include <sahaya/obj.h>

enum journal_open {
    JOURNAL_OPEN_READ,
    JOURNAL_OPEN_WRITE, /* of a file that is there */
    JOURNAL_OPEN_NEW,   /* for writing; -EEXIST when it is there */
};

struct sah_journal_fs {
    void *data;
    int (*open)(void *data, const char *name, enum journal_open how);
    void (*close)(void *data, int fd);
    int64_t (*size)(void *data, int fd);
    ssize_t (*pread)(void *data, int fd, void *bytes, size_t len, uint64_t at);
    ssize_t (*pwrite)(void *data, int fd, const void *bytes, size_t len, uint64_t at);
    int (*fallocate)(void *data, int fd, uint64_t len);
    int (*truncate)(void *data, int fd, uint64_t len);
    int (*fdatasync)(void *data, int fd);
    int (*fsync)(void *data, int fd);
    int (*sync_folder)(void *data);
    int (*unlink)(void *data, const char *name);
    int (*rename)(void *data, const char *from, const char *to);
    int (*space)(void *data, uint64_t *ret_total, uint64_t *ret_free);
    /* Stops when fn answers something else than 0, and answers that. */
    int (*list)(void *data, int (*fn)(void *fn_data, const char *name), void *fn_data);
};

/* The real one, with the folder locked. SAH_ENOENT, SAH_ECONFLICT (locked), SAH_EIO,
 * SAH_ENOMEM. */
SAH_MUST_USE int journal_fs_create(const char *folder, struct sah_journal_fs **ret_fs);
void journal_fs_destroy(struct sah_journal_fs *fs); /* NULL is fine */

/* Whole transfers; a short one counts as a failure (-EIO). */
int journal_fs_read_all(struct sah_journal_fs *fs, int fd, void *bytes, size_t len,
                        uint64_t at);
int journal_fs_write_all(struct sah_journal_fs *fs, int fd, const void *bytes, size_t len,
                         uint64_t at);

#endif
