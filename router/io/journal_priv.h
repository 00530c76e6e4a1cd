/*
 * journal_priv - what the files of the journal share.
 *
 * Two threads. The loop's side (journal.c, journal_index.c, journal_start.c, journal_trim.c)
 * has the index and the table of segments; the writer's side (journal_writer.c,
 * journal_segment.c) has the segment being written. They meet in struct journal_shared, under
 * its mutex, and hand each other requests; a request belongs to one side at a time. Key and
 * file system are constant.
 */
#ifndef SAHAYA_IO_JOURNAL_PRIV_H
#define SAHAYA_IO_JOURNAL_PRIV_H

#include <pthread.h>

#include <uv.h>

#include "journal_fs.h"
#include "journal_record.h"

#define JOURNAL_MAGIC 0x4a524e4cu

enum { JOURNAL_NAME_BYTES = 48 };
#define JOURNAL_RESERVE_NAME "reserve"

/* Constant after creation; both sides read it. */
struct journal_disk {
    struct sah_journal_fs *fs;
    uint8_t key[JOURNAL_KEY_BYTES];
    uint32_t segment_bytes;
    uint64_t max_bytes;
};

void journal_segment_name(uint64_t number, char dst[JOURNAL_NAME_BYTES]);
bool journal_segment_number(const char *name, uint64_t *ret_number);
/* Reads and decrypts one record; payload must hold its length. Either side. */
SAH_MUST_USE int journal_load(const struct journal_disk *disk, struct journal_place place,
                              uint32_t bytes, struct journal_head *ret_head, void *payload);

enum journal_kind {
    JOURNAL_WRITE,  /* a record of the user */
    JOURNAL_COPY,   /* a record carried forward: `from` is where it lies now */
    JOURNAL_DELETE, /* the segment from.segment */
    JOURNAL_RESERVE /* make the reserve */
};

struct journal_request {
    struct journal_request *next;
    enum journal_kind kind;
    bool sync;
    bool urgent; /* may use the reserve */
    struct journal_head head;
    struct journal_place from; /* COPY, DELETE */
    /* the answer */
    int err;
    struct journal_place place;
    sah_journal_done_fn *fn;
    void *data;
    uint8_t payload[]; /* head.len bytes */
};

struct journal_queue {
    struct journal_request *first, **tail;
};
void journal_queue_init(struct journal_queue *queue);
void journal_queue_put(struct journal_queue *queue, struct journal_request *request);
struct journal_request *journal_queue_take(struct journal_queue *queue);

struct journal_shared {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct journal_queue todo, done;
    bool stop;
    bool has_reserve;
    uint64_t syncs, suspects;
    uint8_t fs_percent;
};

/* The writer's own: no one else looks at it while the thread runs. */
struct journal_writer {
    const struct journal_disk *disk;
    struct journal_shared *shared;
    uv_async_t *wake_loop;
    int fd; /* -1: no segment is open */
    uint64_t number, next_number;
    uint32_t end;
    bool on_reserve, dirty, has_reserve;
    uint64_t sealed_bytes; /* on disk beside the open segment and the reserve */
    uint8_t segment_key[JOURNAL_KEY_BYTES];
    uint8_t *group; /* one group of records, as bytes */
    uint32_t group_max;
};

void *journal_writer_main(void *writer);
/* journal_segment.c: -errno on failure */
int journal_segment_open(struct journal_writer *writer, uint32_t room, bool urgent);
void journal_segment_suspect(struct journal_writer *writer);
void journal_segment_close(struct journal_writer *writer);
int journal_segment_sync(struct journal_writer *writer);
int journal_segment_delete(struct journal_writer *writer, uint64_t number);
int journal_reserve_make(struct journal_writer *writer);
void journal_note_space(struct journal_writer *writer);

/* The loop's table of segments, oldest first. */
struct journal_segment {
    struct journal_segment *next;
    uint64_t number;
    uint32_t end;
    uint32_t live; /* records of open ids in it */
    uint64_t live_bytes;
    int64_t newest_ms;
    uint32_t busy; /* requests of trim under way */
};

struct journal_record_at {
    struct sah_journal_part part; /* as shown to the user */
    uint64_t seq;
    uint32_t offset;
    struct journal_segment *segment;
};

struct journal_entry {
    struct journal_entry *hash_next, *prev, *next;
    struct sah_id id;
    uint8_t class_;
    bool has_received, closing;
    uint64_t seq;     /* of RECEIVED: its place in the order */
    uint64_t top_seq; /* of the newest record: gives the class */
    int64_t received_ms;
    uint16_t n_parts, cap_parts;
    struct journal_record_at *parts;
};

struct journal_list {
    struct journal_entry *first, *last;
};

struct journal_index {
    struct journal_entry **buckets;
    size_t n_buckets; /* a power of two */
    struct journal_list lists[SAH_JOURNAL_CLASSES];
    uint64_t n, n_by_class[SAH_JOURNAL_CLASSES];
    bool unsorted; /* while scanning: journal_index_settle() puts the lists in order */
    struct journal_segment *segments;
    uint64_t n_segments, used_bytes, live_bytes;
};

SAH_MUST_USE int journal_index_init(struct journal_index *index, uint32_t max_open);
void journal_index_fini(struct journal_index *index);
unsigned journal_rank(uint8_t class_); /* 0 is first */
struct journal_entry *journal_index_find(const struct journal_index *index,
                                         const struct sah_id *id);
struct journal_record_at *journal_entry_part(struct journal_entry *entry, uint8_t type,
                                             uint8_t part);
/* Takes up a record that is on disk. SAH_ENOMEM, SAH_ELIMIT (too many parts). */
SAH_MUST_USE int journal_index_apply(struct journal_index *index,
                                     const struct journal_head *head,
                                     struct journal_place place);
void journal_index_close(struct journal_index *index, struct journal_entry *entry);
/* After a scan: order, and out with ids that have no RECEIVED; answers how many. SAH_ENOMEM. */
SAH_MUST_USE int journal_index_settle(struct journal_index *index, uint64_t *ret_orphans);
SAH_MUST_USE int journal_index_segment(struct journal_index *index, uint64_t number,
                                       struct journal_segment **ret_segment);
void journal_index_forget(struct journal_index *index, struct journal_segment *segment);

struct sah_journal {
    uint32_t magic;
    struct sah_loop *loop;
    struct sah_journal_settings settings; /* strings not kept */
    struct sah_journal_fs *own_fs;
    struct journal_disk disk;
    struct journal_index index;
    struct journal_shared shared;
    struct journal_writer writer;
    uv_async_t *async;
    pthread_t thread;
    uint64_t next_seq;
    uint64_t queued_bytes, pending_opens;
    unsigned completing;
    bool reserve_asked;
    struct sah_journal_stats counts; /* the parts that only grow */
};

void journal_submit(struct sah_journal *journal, struct journal_request *request);
struct journal_request *journal_request_new(enum journal_kind kind, uint32_t payload_len);
void journal_request_free(struct journal_request *request);
uint8_t journal_used_percent(struct sah_journal *journal);
/* journal_start.c: reads the folder; answers the highest number seen through the writer. */
SAH_MUST_USE int journal_start(struct sah_journal *journal, char why[SAH_JOURNAL_WHY_SIZE]);
/* journal_trim.c: what trim asked for is done. */
void journal_trimmed(struct sah_journal *journal, struct journal_request *request);

#endif
