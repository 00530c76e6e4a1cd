/*
 * journal - an encrypted append-only log on disk: where a message is made durable when what
 * should take it is away, before it is acknowledged. (I1, I4)
 *
 * Owns:    a folder of segments, a reserve segment, the index of open ids, one writer thread.
 * Used by: the router when its Redis is away, an adapter when no router answers.
 * Never:   blocks the loop for a write or a sync, completes a synced append before fdatasync
 * has succeeded, syncs a descriptor again whose sync has failed, writes one place twice (a nonce
 * is used once), deletes what is open, changes a folder whose key or version it does not know.
 *
 * A message is open from its RECEIVED record until its CLOSED record. Records of other types say
 * more about an open id; of each (type, part) the newest is kept, so that a retry without end
 * does not fill the disk. `part` is the user's small number, for example which delivery of the
 * message an outcome is about.
 *
 * RECEIVED, and any outcome relied on, is appended with `sync`. HANDED and CLOSED need none: to
 * do them again after a power cut is harmless.
 *
 * Room, the larger part of (bytes used of max_bytes) and (space used of the file system):
 *
 *   below soft_percent   RECEIVED of every class
 *   above soft_percent   classes 0 to 2 and unclassified; the rest gets SAH_ELIMIT
 *   above hard_percent   classes 0, 1 and unclassified, at last in the reserve segment
 *
 * The same steps hold for the number of open ids. Records about an open id are always tried:
 * closing is what makes room.
 */
#ifndef SAHAYA_JOURNAL_H
#define SAHAYA_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <sahaya/id.h>
#include <sahaya/loop.h>

#define SAH_JOURNAL_PAYLOAD_MAX  (64 * 1024)
#define SAH_JOURNAL_CLASS_MAX    4 /* 0 is the worst, as in P0 */
#define SAH_JOURNAL_UNCLASSIFIED 5 /* counts as urgent: comes straight after class 0 */
#define SAH_JOURNAL_CLASSES      6
#define SAH_JOURNAL_PARTS_MAX    32 /* different (type, part) of one open id */
#define SAH_JOURNAL_WHY_SIZE     200

/* Types are the user's small numbers, 1 to SAH_JOURNAL_TYPE_MAX; these four are fixed. */
#define SAH_JOURNAL_RECEIVED 1 /* opens the id; its payload is the message */
#define SAH_JOURNAL_HANDED   2 /* given to the one who should have taken it */
#define SAH_JOURNAL_DIRECT   3 /* the outcome of an attempt made without the store */
#define SAH_JOURNAL_CLOSED   4 /* closes the id */
#define SAH_JOURNAL_TYPE_MAX 15

struct sah_journal;
struct sah_journal_fs; /* router/io/journal_fs.h; tests bring their own disk */

/* Zero in a number takes the value in brackets. Strings are copied. */
struct sah_journal_settings {
    const char *folder;       /* must exist; locked while the journal lives */
    const char *key_file;     /* 32 raw bytes, or 64 hex digits */
    uint32_t segment_bytes;   /* [8 MiB], 4 KiB to 64 MiB */
    uint64_t max_bytes;       /* [256 MiB], whole segments, at least four; the reserve is extra */
    uint32_t max_open;        /* [100000] */
    uint32_t max_queue_bytes; /* [16 MiB] waiting for the writer; bulk gets half of it */
    uint64_t keep_ms;         /* [24 h] a segment stays at least this long */
    uint8_t soft_percent;     /* [80] */
    uint8_t hard_percent;     /* [95] */
    struct sah_journal_fs *fs; /* NULL: the real one; borrowed */
};

struct sah_journal_record {
    uint8_t type;
    uint8_t part;
    uint8_t class_;      /* 0..SAH_JOURNAL_CLASS_MAX, SAH_JOURNAL_UNCLASSIFIED */
    struct sah_id id;
    int64_t received_ms; /* wall clock; for a person and for keep_ms, never for order */
    struct sah_slice payload;
};

/*
 * Reads every segment there is and starts the writer. On failure `why` (SAH_JOURNAL_WHY_SIZE
 * bytes) holds a text for a person and the folder is as it was:
 *   SAH_EDENIED   the key is not the one the segments were written with
 *   SAH_EVERSION  a segment was written by a newer program
 *   SAH_ECONFLICT another process has the folder
 *   SAH_EINVAL    the key file is not a key; SAH_ENOENT, SAH_EIO, SAH_ENOMEM
 * A torn end, damage in the middle and a full disk are no reason not to start: see the counts.
 */
SAH_MUST_USE int sah_journal_create(struct sah_loop *loop, const struct sah_journal_settings *settings,
                                    char why[SAH_JOURNAL_WHY_SIZE], struct sah_journal **ret_journal);
/* Writes what is queued, runs every completion, ends the thread. Not from a completion. NULL is
 * fine. */
void sah_journal_destroy(struct sah_journal *journal);

/* SAH_OK, or why it is not on disk: SAH_EIO when no segment is writable, SAH_ELIMIT when only the
 * reserve is left and the class may not use it, SAH_ENOMEM. */
typedef void sah_journal_done_fn(void *data, int err);

/*
 * Queues a record; `fn` (may be NULL) runs exactly once, on the loop, never from inside this
 * call, in the order of the appends. The payload is copied. When this call itself fails, fn
 * does not run:
 *   SAH_EEXIST   RECEIVED, and the id is open already: it is durable, nothing is to do
 *   SAH_ENOENT   any other type, and the id is not open (or closes already)
 *   SAH_ELIMIT   no room for this class, payload past the bound, too many parts
 *   SAH_EAGAIN   the writer is behind; SAH_ENOMEM
 * A CLOSED that cannot be written closes all the same: after a restart the id is open again and
 * closing it is done again.
 */
SAH_MUST_USE int sah_journal_append(struct sah_journal *journal, const struct sah_journal_record *record,
                                    bool sync, sah_journal_done_fn *fn, void *data);

struct sah_journal_part {
    uint8_t type;
    uint8_t part;
    uint32_t len; /* of the payload */
    int64_t received_ms;
};

/* One open id, as of now. Borrowed for the length of the call. */
struct sah_journal_entry {
    struct sah_id id;
    uint8_t class_;      /* of its newest record */
    int64_t received_ms; /* of its RECEIVED record */
    size_t n_parts;
    const struct sah_journal_part *parts;
};

bool sah_journal_is_open(const struct sah_journal *journal, const struct sah_id *id);
/* Open ids, worst class first, then in the order of their RECEIVED records; until fn answers
 * false. fn may append. Ids that close are left out. */
void sah_journal_each(struct sah_journal *journal, bool (*fn)(void *data, const struct sah_journal_entry *entry),
                      void *data);
/* Adds the payload to buf. Reads from the file system on the loop: meant for the drain, which goes
 * in small steps. SAH_ENOENT, SAH_ELIMIT (larger than buf), SAH_EIO (unreadable or altered). */
SAH_MUST_USE int sah_journal_read(struct sah_journal *journal, const struct sah_id *id, uint8_t type,
                                  uint8_t part, struct sah_buf *buf);

/*
 * Deletes the oldest segments that are older than keep_ms with nothing open in them; what is still
 * open in such a segment is copied forward and synced first. Above soft_percent, when most of the
 * bytes are of closed ids, age does not count: room for an emergency is worth more than history.
 * Makes the reserve anew when it was used. Does a bounded step in the writer thread; call it every
 * second or so.
 */
void sah_journal_trim(struct sah_journal *journal, int64_t wall_ms);

struct sah_journal_stats {
    uint64_t open, open_by_class[SAH_JOURNAL_CLASSES];
    int64_t oldest_ms_by_class[SAH_JOURNAL_CLASSES]; /* received_ms of the first; 0 for none */
    uint64_t segments, used_bytes, queued_bytes;
    uint8_t used_percent; /* what the steps above go by */
    bool has_reserve;
    uint64_t appended, failed, refused; /* since the start */
    uint64_t syncs;
    uint64_t suspects;       /* segments given up after a failed write or sync: tell a person */
    uint64_t torn;           /* found at start: ends cut by a power failure; nobody was told ok */
    uint64_t quarantined;    /* found at start: damaged ranges: tell a person */
    uint64_t unreadable;     /* segments the disk would not read at start: tell a person */
    uint64_t orphans;        /* ids without their RECEIVED record, left out */
};
void sah_journal_stats(struct sah_journal *journal, struct sah_journal_stats *ret_stats);

#endif
