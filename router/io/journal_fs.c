/*
 * journal_fs - the journal's file system over the kernel's, and whole transfers over either.
 *
 * Owns:    the folder's descriptor, and through it the lock that keeps a second process out.
 * Used by: the other journal files.
 * Never:   retries a failed sync, hides an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal_fs.h"

struct real_fs {
    struct sah_journal_fs fs;
    int folder;
};

static int folder_of(void *data)
{
    return ((struct real_fs *)data)->folder;
}

static int real_open(void *data, const char *name, enum journal_open how)
{
    int flags = O_CLOEXEC;
    int fd;

    switch (how) {
    case JOURNAL_OPEN_READ:
        flags |= O_RDONLY;
        break;
    case JOURNAL_OPEN_WRITE:
        flags |= O_WRONLY;
        break;
    case JOURNAL_OPEN_NEW:
        flags |= O_WRONLY | O_CREAT | O_EXCL;
        break;
    }
    fd = openat(folder_of(data), name, flags, 0600);
    return fd >= 0 ? fd : -errno;
}

static void real_close(void *data, int fd)
{
    SAH_UNUSED(data);
    close(fd);
}

static int64_t real_size(void *data, int fd)
{
    struct stat status;

    SAH_UNUSED(data);
    return fstat(fd, &status) == 0 ? (int64_t)status.st_size : -errno;
}

static ssize_t real_pread(void *data, int fd, void *bytes, size_t len, uint64_t at)
{
    ssize_t n;

    SAH_UNUSED(data);
    do
        n = pread(fd, bytes, len, (off_t)at);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : -errno;
}

static ssize_t real_pwrite(void *data, int fd, const void *bytes, size_t len, uint64_t at)
{
    ssize_t n;

    SAH_UNUSED(data);
    do
        n = pwrite(fd, bytes, len, (off_t)at);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : -errno;
}

static int real_fallocate(void *data, int fd, uint64_t len)
{
    SAH_UNUSED(data);
    return -posix_fallocate(fd, 0, (off_t)len); /* answers the error itself */
}

static int real_truncate(void *data, int fd, uint64_t len)
{
    SAH_UNUSED(data);
    return ftruncate(fd, (off_t)len) == 0 ? 0 : -errno;
}

static int real_fdatasync(void *data, int fd)
{
    SAH_UNUSED(data);
    return fdatasync(fd) == 0 ? 0 : -errno;
}

static int real_fsync(void *data, int fd)
{
    SAH_UNUSED(data);
    return fsync(fd) == 0 ? 0 : -errno;
}

static int real_sync_folder(void *data)
{
    return fsync(folder_of(data)) == 0 ? 0 : -errno;
}

static int real_unlink(void *data, const char *name)
{
    return unlinkat(folder_of(data), name, 0) == 0 ? 0 : -errno;
}

static int real_rename(void *data, const char *from, const char *to)
{
    return renameat(folder_of(data), from, folder_of(data), to) == 0 ? 0 : -errno;
}

static int real_space(void *data, uint64_t *ret_total, uint64_t *ret_free)
{
    struct statvfs status;

    if (fstatvfs(folder_of(data), &status) != 0)
        return -errno;
    /* What a plain process may have: root's part counts as used. */
    *ret_total = (uint64_t)status.f_blocks * status.f_frsize;
    *ret_free = (uint64_t)status.f_bavail * status.f_frsize;
    return 0;
}

static int real_list(void *data, int (*fn)(void *fn_data, const char *name), void *fn_data)
{
    int fd = openat(folder_of(data), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    int answer = 0;
    DIR *dir;

    if (fd < 0)
        return -errno;
    dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return -ENOMEM;
    }
    for (;;) {
        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            answer = -errno;
            break;
        }
        answer = fn(fn_data, entry->d_name);
        if (answer != 0)
            break;
    }
    closedir(dir);
    return answer;
}

static const struct sah_journal_fs real = {
    .open = real_open,
    .close = real_close,
    .size = real_size,
    .pread = real_pread,
    .pwrite = real_pwrite,
    .fallocate = real_fallocate,
    .truncate = real_truncate,
    .fdatasync = real_fdatasync,
    .fsync = real_fsync,
    .sync_folder = real_sync_folder,
    .unlink = real_unlink,
    .rename = real_rename,
    .space = real_space,
    .list = real_list,
};

int journal_fs_create(const char *folder, struct sah_journal_fs **ret_fs)
{
    struct real_fs *made = calloc(1, sizeof *made);
    int err = SAH_ENOMEM;

    if (made == NULL)
        goto fail;
    made->fs = real;
    made->fs.data = made;
    made->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (made->folder < 0) {
        err = errno == ENOENT || errno == ENOTDIR ? SAH_ENOENT : SAH_EIO;
        goto fail_free;
    }
    if (flock(made->folder, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? SAH_ECONFLICT : SAH_EIO;
        goto fail_close;
    }
    *ret_fs = &made->fs;
    return SAH_OK;

fail_close:
    close(made->folder);
fail_free:
    free(made);
fail:
    return err;
}

void journal_fs_destroy(struct sah_journal_fs *fs)
{
    if (fs == NULL)
        return;
    close(folder_of(fs->data));
    free(fs->data);
}

int journal_fs_read_all(struct sah_journal_fs *fs, int fd, void *bytes, size_t len, uint64_t at)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = fs->pread(fs->data, fd, (char *)bytes + done, len - done, at + done);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        done += (size_t)n;
    }
    return 0;
}

int journal_fs_write_all(struct sah_journal_fs *fs, int fd, const void *bytes, size_t len,
                         uint64_t at)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = fs->pwrite(fs->data, fd, (const char *)bytes + done, len - done, at + done);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        done += (size_t)n;
    }
    return 0;
}
