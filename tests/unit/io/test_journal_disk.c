/*
 * test_journal_disk - see the header. One lock around everything: loop and writer both come
 * here.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "test_journal_disk.h"

static void *must(void *pointer)
{
    SAH_ASSERT(pointer != NULL);
    return pointer;
}

static void take(struct disk *disk)
{
    pthread_mutex_lock(disk->lock);
}

static int give(struct disk *disk, int answer)
{
    pthread_mutex_unlock(disk->lock);
    return answer;
}

static bool fails(struct disk *disk, bool is_sync)
{
    if (disk->fail_at == 0 || (disk->fail_syncs && !is_sync))
        return false;
    disk->calls++;
    if (disk->calls == disk->fail_at || (disk->fail_on && disk->calls > disk->fail_at)) {
        disk->failed = true;
        return true;
    }
    return false;
}

static struct disk_event *note(struct disk *disk, enum disk_event_kind kind, int file)
{
    struct disk_event *event = &disk->events[disk->n_events++];

    SAH_ASSERT(disk->n_events <= DISK_EVENTS);
    event->kind = kind;
    event->file = file;
    return event;
}

static int find(struct disk *disk, const char *name)
{
    for (int i = 0; i < disk->n_files; i++) {
        if (strcmp(disk->files[i].name, name) == 0)
            return i;
    }
    return -1;
}

static void resize(struct disk_file *file, size_t size)
{
    if (size > file->size) {
        file->bytes = must(realloc(file->bytes, size));
        memset(file->bytes + file->size, 0, size - file->size);
    }
    file->size = size;
}

static void put_name(char *dst, const char *name)
{
    SAH_ASSERT(sah_copy(dst, DISK_NAME, name, strlen(name)) == SAH_OK);
}

static int do_open(void *data, const char *name, enum journal_open how)
{
    struct disk *disk = data;
    int file;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    file = find(disk, name);
    if (how != JOURNAL_OPEN_NEW)
        return give(disk, file >= 0 ? file : -ENOENT);
    if (file >= 0)
        return give(disk, -EEXIST);
    file = disk->n_files++;
    SAH_ASSERT(disk->n_files <= DISK_FILES);
    put_name(disk->files[file].name, name);
    put_name(note(disk, EV_LINK, file)->name, name);
    return give(disk, file);
}

static void do_close(void *data, int fd)
{
    SAH_UNUSED(data);
    SAH_UNUSED(fd);
}

static int64_t do_size(void *data, int fd)
{
    struct disk *disk = data;
    int64_t size;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    size = (int64_t)disk->files[fd].size;
    give(disk, 0);
    return size;
}

static ssize_t do_pread(void *data, int fd, void *bytes, size_t len, uint64_t at)
{
    struct disk *disk = data;
    struct disk_file *file = &disk->files[fd];

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    if (at >= file->size)
        return give(disk, 0);
    if (len > file->size - at)
        len = file->size - at;
    memcpy(bytes, file->bytes + at, len);
    return give(disk, (int)len);
}

/* A failing write leaves its first half, as a real one may. */
static ssize_t do_pwrite(void *data, int fd, const void *bytes, size_t len, uint64_t at)
{
    struct disk *disk = data;
    struct disk_file *file = &disk->files[fd];
    struct disk_event *event;
    bool bad;

    take(disk);
    bad = fails(disk, false);
    len = bad ? len / 2 : len;
    if (at + len > file->size)
        resize(file, at + len);
    memcpy(file->bytes + at, bytes, len);
    event = note(disk, EV_WRITE, fd);
    event->at = at;
    event->len = len;
    event->bytes = must(malloc(len + 1));
    memcpy(event->bytes, bytes, len);
    return give(disk, bad ? -disk->fail_with : (int)len);
}

static int set_size(struct disk *disk, int fd, uint64_t size)
{
    struct disk_event *event;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    resize(&disk->files[fd], size);
    event = note(disk, EV_SIZE, fd);
    event->at = size;
    return give(disk, 0);
}

static int do_fallocate(void *data, int fd, uint64_t len)
{
    struct disk *disk = data;

    if (disk->total > 0 && len > disk->free_bytes)
        return -ENOSPC;
    if (disk->total > 0)
        disk->free_bytes -= len;
    return set_size(disk, fd, len);
}

static int do_truncate(void *data, int fd, uint64_t len)
{
    return set_size(data, fd, len);
}

static int do_sync(void *data, int fd)
{
    struct disk *disk = data;
    bool bad;

    take(disk);
    disk->syncs++;
    bad = fails(disk, true);
    note(disk, bad ? EV_LOSE : EV_SYNC, fd);
    return give(disk, bad ? -disk->fail_with : 0);
}

static int do_sync_folder(void *data)
{
    struct disk *disk = data;

    take(disk);
    if (fails(disk, true))
        return give(disk, -disk->fail_with);
    note(disk, EV_DIR, -1);
    return give(disk, 0);
}

static int do_unlink(void *data, const char *name)
{
    struct disk *disk = data;
    int file;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    file = find(disk, name);
    if (file < 0)
        return give(disk, -ENOENT);
    disk->files[file].name[0] = '\0';
    put_name(note(disk, EV_UNLINK, file)->name, name);
    return give(disk, 0);
}

static int do_rename(void *data, const char *from, const char *to)
{
    struct disk *disk = data;
    struct disk_event *event;
    int file;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    file = find(disk, from);
    if (file < 0)
        return give(disk, -ENOENT);
    put_name(disk->files[file].name, to);
    event = note(disk, EV_RENAME, file);
    put_name(event->name, from);
    put_name(event->to, to);
    return give(disk, 0);
}

static int do_space(void *data, uint64_t *ret_total, uint64_t *ret_free)
{
    struct disk *disk = data;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    *ret_total = disk->total > 0 ? disk->total : 1000;
    *ret_free = disk->total > 0 ? disk->free_bytes : 1000;
    return give(disk, 0);
}

static int do_list(void *data, int (*fn)(void *fn_data, const char *name), void *fn_data)
{
    struct disk *disk = data;
    int answer = 0;

    take(disk);
    if (fails(disk, false))
        return give(disk, -disk->fail_with);
    for (int i = 0; i < disk->n_files && answer == 0; i++) {
        if (disk->files[i].name[0] != '\0')
            answer = fn(fn_data, disk->files[i].name);
    }
    return give(disk, answer);
}

struct disk *disk_new(void)
{
    struct disk *disk = must(calloc(1, sizeof *disk));

    disk->events = must(calloc(DISK_EVENTS, sizeof *disk->events));
    disk->lock = must(malloc(sizeof(pthread_mutex_t)));
    pthread_mutex_init(disk->lock, NULL);
    disk->fail_with = EIO;
    disk->fs =
        (struct sah_journal_fs){disk,           do_open,      do_close,    do_size,  do_pread,
                                do_pwrite,      do_fallocate, do_truncate, do_sync,  do_sync,
                                do_sync_folder, do_unlink,    do_rename,   do_space, do_list};
    return disk;
}

void disk_free(struct disk *disk)
{
    for (int i = 0; i < disk->n_files; i++)
        free(disk->files[i].bytes);
    for (size_t i = 0; i < disk->n_events; i++)
        free(disk->events[i].bytes);
    free(disk->events);
    pthread_mutex_destroy(disk->lock);
    free(disk->lock);
    free(disk);
}

size_t disk_now(struct disk *disk)
{
    size_t now;

    take(disk);
    now = disk->n_events;
    give(disk, 0);
    return now;
}

struct disk_file *disk_find(struct disk *disk, const char *prefix, int skip)
{
    for (int i = 0; i < disk->n_files; i++) {
        if (strncmp(disk->files[i].name, prefix, strlen(prefix)) == 0 && skip-- == 0)
            return &disk->files[i];
    }
    return NULL;
}

/* What of the events [0, n) a success of sync made durable: the index of the deciding event. */
static bool is_synced(const struct disk *disk, size_t event, size_t n, bool *ret_lost)
{
    int file = disk->events[event].file;

    *ret_lost = false;
    for (size_t i = event + 1; i < n; i++) {
        const struct disk_event *later = &disk->events[i];

        if (later->file == file && later->kind == EV_LOSE) {
            *ret_lost = true; /* a later sync that succeeds does not bring it back */
            return false;
        }
        if (later->file == file && later->kind == EV_SYNC)
            return true;
    }
    return false;
}

static void write_sectors(struct disk_file *file, const struct disk_event *event,
                          enum disk_cut cut, unsigned *sectors)
{
    size_t done = 0;

    if (event->at + event->len > file->size)
        resize(file, event->at + event->len);
    while (done < event->len) {
        size_t edge = DISK_SECTOR - (event->at + done) % DISK_SECTOR;
        size_t part = event->len - done < edge ? event->len - done : edge;
        bool keep = cut == CUT_ALL;

        if (cut == CUT_TORN) {
            keep = *sectors > 0;
            *sectors -= keep;
        } else if (cut == CUT_SOME) {
            *sectors = *sectors * 1103515245u + 12345u;
            keep = (*sectors >> 16 & 1) != 0;
        }
        if (keep)
            memcpy(file->bytes + event->at + done, event->bytes + done, part);
        done += part;
    }
}

static void apply_name(struct disk *after, const struct disk_event *event)
{
    int file = event->file;

    if (event->kind == EV_LINK)
        put_name(after->files[file].name, event->name);
    else if (event->kind == EV_UNLINK)
        after->files[file].name[0] = '\0';
    else
        put_name(after->files[file].name, event->to);
}

/* Names in order: those before the last sync of the folder, and of the others a first part. */
static void apply_names(struct disk *after, const struct disk *disk, size_t n,
                        enum disk_cut cut, unsigned sectors)
{
    size_t synced = 0, more = cut == CUT_ALL ? n : cut == CUT_DROP ? 0 : sectors % 4;

    for (size_t i = 0; i < n; i++) {
        if (disk->events[i].kind == EV_DIR)
            synced = i;
    }
    for (size_t i = 0; i < n; i++) {
        enum disk_event_kind kind = disk->events[i].kind;

        if (kind != EV_LINK && kind != EV_UNLINK && kind != EV_RENAME)
            continue;
        if (i < synced || more > 0)
            apply_name(after, &disk->events[i]);
        more -= i >= synced && more > 0;
    }
}

struct disk *disk_after_cut(struct disk *disk, size_t n, enum disk_cut cut, unsigned sectors)
{
    struct disk *after = disk_new();

    after->n_files = disk->n_files;
    apply_names(after, disk, n, cut, sectors);
    for (size_t i = 0; i < n; i++) {
        const struct disk_event *event = &disk->events[i];
        bool lost, synced;

        if (event->kind != EV_WRITE && event->kind != EV_SIZE)
            continue;
        synced = is_synced(disk, i, n, &lost);
        if (!synced && (cut == CUT_DROP || lost))
            continue;
        if (event->kind == EV_SIZE)
            resize(&after->files[event->file], event->at);
        else
            write_sectors(&after->files[event->file], event, synced ? CUT_ALL : cut, &sectors);
    }
    return after;
}
