/*
 * test_journal_disk - a disk in memory for the journal: each call can fail, each write and sync
 * is recorded, and from the record every state a power cut may leave can be built.
 *
 * What it takes from real disks: a write is lost unless a later sync of that file succeeded; of
 * unsynced writes any sectors of 512 bytes may be there; a failed sync loses what it should
 * have written for good, though reads still show it; a name is lost unless the folder was
 * synced.
 */
#ifndef TEST_JOURNAL_DISK_H
#define TEST_JOURNAL_DISK_H

#include <stdbool.h>

#include <sahaya/str.h>

#include "journal_fs.h"

enum { DISK_FILES = 96, DISK_EVENTS = 8192, DISK_NAME = 48, DISK_SECTOR = 512 };

enum disk_event_kind {
    EV_WRITE,
    EV_SIZE,
    EV_SYNC,
    EV_LOSE,
    EV_LINK,
    EV_UNLINK,
    EV_RENAME,
    EV_DIR
};

struct disk_event {
    enum disk_event_kind kind;
    int file;
    uint64_t at;
    size_t len;
    unsigned char *bytes;
    char name[DISK_NAME], to[DISK_NAME];
};

struct disk_file {
    unsigned char *bytes;
    size_t size;
    char name[DISK_NAME]; /* "" when it has none */
};

struct disk {
    struct sah_journal_fs fs;
    struct disk_file files[DISK_FILES]; /* a descriptor is a file's number */
    int n_files;
    struct disk_event *events;
    size_t n_events;
    uint64_t total, free_bytes; /* what space() answers; 0: endless */
    unsigned calls, syncs;
    unsigned fail_at; /* 0: never */
    bool fail_on;     /* from then on, not once */
    bool fail_syncs;  /* only syncs count */
    int fail_with;    /* errno */
    bool failed;      /* it came to pass */
    void *lock;
};

/* How what was not synced at the cut is treated. */
enum disk_cut { CUT_DROP, CUT_ALL, CUT_ZERO, CUT_TORN, CUT_SOME, CUT_KINDS };

struct disk *disk_new(void);
void disk_free(struct disk *disk);
size_t disk_now(struct disk *disk); /* events so far */
/* The disk after the first n events; `sectors` tears (CUT_TORN) or seeds (CUT_SOME). */
struct disk *disk_after_cut(struct disk *disk, size_t n, enum disk_cut cut, unsigned sectors);
struct disk_file *disk_find(struct disk *disk, const char *prefix, int skip);

#endif
