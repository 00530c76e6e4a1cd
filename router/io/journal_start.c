/*
 * journal_start - the scan at start: what is open, what is torn, what is damaged.
 *
 * Owns:    nothing that outlives it.
 * Used by: sah_journal_create(), before the writer runs.
 * Never:   changes the folder before each segment was found to be of this key and of a version
 * it knows, deletes a byte that is not zero, refuses to start for damage.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "journal_priv.h"

#define FILE_MAX_BYTES (64 * 1024 * 1024)
enum { SEGMENTS_MAX = 1 << 16, DAMAGES_MAX = 1024 };

enum fate { FATE_KEEP, FATE_UNBORN, FATE_HEADLESS, FATE_UNREADABLE };

struct found {
    uint64_t number;
    enum fate fate;
    uint32_t bytes, keep_bytes;
};

struct damage {
    uint64_t number;
    uint32_t offset, len;
};

struct scan {
    struct sah_journal *journal;
    struct found *found;
    size_t n_found, cap_found;
    struct damage damages[DAMAGES_MAX];
    size_t n_damages;
    uint64_t number; /* being walked */
    uint64_t records;
};

static int on_name(void *data, const char *name)
{
    struct scan *scan = data;
    uint64_t number;

    if (!journal_segment_number(name, &number))
        return 0;
    if (scan->n_found == SEGMENTS_MAX)
        return SAH_ELIMIT;
    if (scan->n_found == scan->cap_found) {
        size_t cap = scan->cap_found > 0 ? 2 * scan->cap_found : 64;
        struct found *more = realloc(scan->found, cap * sizeof *more);

        if (more == NULL)
            return SAH_ENOMEM;
        scan->found = more;
        scan->cap_found = cap;
    }
    scan->found[scan->n_found++] = (struct found){.number = number};
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = ((const struct found *)a)->number;
    uint64_t right = ((const struct found *)b)->number;

    return left < right ? -1 : left > right;
}

static int on_record(void *data, const struct journal_head *head, uint32_t offset)
{
    struct scan *scan = data;
    struct sah_journal *journal = scan->journal;
    int err = journal_index_apply(&journal->index, head,
                                  (struct journal_place){scan->number, offset});

    scan->records++;
    if (head->seq >= journal->next_seq && head->seq < UINT64_MAX)
        journal->next_seq = head->seq + 1;
    return err == SAH_ELIMIT ? SAH_OK : err; /* more parts than were ever taken: not ours */
}

static int on_damage(void *data, uint32_t offset, uint32_t len)
{
    struct scan *scan = data;

    scan->journal->counts.quarantined++;
    if (scan->n_damages < DAMAGES_MAX)
        scan->damages[scan->n_damages++] = (struct damage){scan->number, offset, len};
    return SAH_OK;
}

static int walk_bytes(struct scan *scan, struct found *found, const uint8_t *bytes)
{
    struct journal_walk walk = {.record = on_record, .damage = on_damage, .data = scan};
    struct sah_journal *journal = scan->journal;
    uint8_t key[JOURNAL_KEY_BYTES];
    struct journal_segment *segment;
    int err = journal_head_read(journal->disk.key, found->number, bytes, found->bytes, key);

    OPENSSL_cleanse(key, sizeof key);
    if (err != SAH_OK && err != SAH_EPROTO)
        return err;
    scan->number = found->number;
    scan->records = 0;
    if (err == SAH_EPROTO) {
        size_t used = found->bytes;

        while (used > 0 && bytes[used - 1] == 0)
            used--;
        /* The head is synced before the first record: without either it was never used. */
        found->fate = used <= JOURNAL_DATA_AT ? FATE_UNBORN : FATE_HEADLESS;
        return SAH_OK;
    }
    err = journal_walk(&walk, found->number, bytes, found->bytes);
    if (err != SAH_OK)
        return err;
    journal->counts.torn += walk.ret_torn;
    if (scan->records == 0 && !walk.ret_torn) {
        found->fate = FATE_UNBORN;
        return SAH_OK;
    }
    found->keep_bytes = walk.ret_used > walk.ret_end ? walk.ret_used : walk.ret_end;
    err = journal_index_segment(&journal->index, found->number, &segment);
    if (err == SAH_OK && found->keep_bytes > segment->end) {
        journal->index.used_bytes += found->keep_bytes - segment->end;
        segment->end = found->keep_bytes;
    }
    return err;
}

static int read_segment(struct scan *scan, struct found *found)
{
    struct sah_journal_fs *fs = scan->journal->disk.fs;
    char name[JOURNAL_NAME_BYTES];
    uint8_t *bytes = NULL;
    int64_t size = -1;
    int fd, err = SAH_OK;

    journal_segment_name(found->number, name);
    found->fate = FATE_UNREADABLE;
    found->bytes = scan->journal->disk.segment_bytes;
    fd = fs->open(fs->data, name, JOURNAL_OPEN_READ);
    if (fd >= 0)
        size = fs->size(fs->data, fd);
    if (size < 0 || size > FILE_MAX_BYTES)
        goto done;
    bytes = malloc((size_t)size + 1);
    if (bytes == NULL) {
        err = SAH_ENOMEM;
        goto done;
    }
    if (journal_fs_read_all(fs, fd, bytes, (size_t)size, 0) != 0)
        goto done;
    found->fate = FATE_KEEP;
    found->bytes = (uint32_t)size;
    err = walk_bytes(scan, found, bytes);
done:
    if (found->fate == FATE_UNREADABLE)
        scan->journal->counts.unreadable++;
    free(bytes);
    if (fd >= 0)
        fs->close(fs->data, fd);
    return err;
}

/* Copies a damaged range into a file of its own. Done before, in an earlier start, is done. */
static void quarantine(struct sah_journal_fs *fs, const struct damage *damage)
{
    char from[JOURNAL_NAME_BYTES], to[JOURNAL_NAME_BYTES];
    uint8_t *bytes = malloc(damage->len);
    int in, out, err = -EIO;

    journal_segment_name(damage->number, from);
    (void)sah_format(to, sizeof to, "bad-%016" PRIx64 "-%08" PRIx32, damage->number,
                     damage->offset);
    in = fs->open(fs->data, from, JOURNAL_OPEN_READ);
    out = fs->open(fs->data, to, JOURNAL_OPEN_NEW);
    if (bytes != NULL && in >= 0 && out >= 0)
        err = journal_fs_read_all(fs, in, bytes, damage->len, damage->offset);
    if (err == 0)
        err = journal_fs_write_all(fs, out, bytes, damage->len, 0);
    if (err == 0)
        err = fs->fsync(fs->data, out);
    if (in >= 0)
        fs->close(fs->data, in);
    if (out >= 0) {
        fs->close(fs->data, out);
        if (err != 0)
            (void)fs->unlink(fs->data, to); /* the next start tries again */
    }
    free(bytes);
}

/* Gives back the zeros after what is used. */
static void shorten(struct sah_journal_fs *fs, const char *name, struct found *found)
{
    int fd = fs->open(fs->data, name, JOURNAL_OPEN_WRITE);

    if (fd < 0)
        return;
    if (fs->truncate(fs->data, fd, found->keep_bytes) == 0)
        found->bytes = found->keep_bytes;
    fs->close(fs->data, fd);
}

/* Only now, when every segment is known to be ours. */
static void tidy(struct scan *scan)
{
    struct sah_journal *journal = scan->journal;
    struct sah_journal_fs *fs = journal->disk.fs;

    for (size_t i = 0; i < scan->n_damages; i++)
        quarantine(fs, &scan->damages[i]);
    for (size_t i = 0; i < scan->n_found; i++) {
        struct found *found = &scan->found[i];
        char name[JOURNAL_NAME_BYTES], bad[JOURNAL_NAME_BYTES];

        journal_segment_name(found->number, name);
        switch (found->fate) {
        case FATE_UNBORN:
            if (fs->unlink(fs->data, name) == 0)
                found->bytes = 0;
            break;
        case FATE_HEADLESS:
            journal->counts.quarantined++;
            (void)sah_format(bad, sizeof bad, "bad-%s", name);
            (void)fs->rename(fs->data, name, bad);
            break;
        case FATE_KEEP:
            if (found->bytes > found->keep_bytes)
                shorten(fs, name, found);
            break;
        case FATE_UNREADABLE:
            break;
        }
        journal->writer.sealed_bytes += found->bytes;
    }
    if (scan->n_found > 0)
        (void)fs->sync_folder(fs->data);
}

static int explain(int err, uint64_t number, char *why)
{
    char name[JOURNAL_NAME_BYTES];

    journal_segment_name(number, name);
    (void)sah_format(why, SAH_JOURNAL_WHY_SIZE, "%s: %s", name,
                     err == SAH_EDENIED ? "written with another key; give the key file it was "
                                          "written with, nothing was changed"
                     : err == SAH_EVERSION
                         ? "written by a newer version of this program, nothing was changed"
                         : sah_strerror(err));
    return err;
}

int journal_start(struct sah_journal *journal, char why[SAH_JOURNAL_WHY_SIZE])
{
    struct sah_journal_fs *fs = journal->disk.fs;
    struct scan *scan = calloc(1, sizeof *scan);
    int err;

    if (scan == NULL)
        return SAH_ENOMEM;
    scan->journal = journal;
    journal->index.unsorted = true;
    journal->next_seq = 1;
    journal->writer.next_number = 1;
    err = fs->list(fs->data, on_name, scan);
    if (err != 0) {
        err = err == SAH_ENOMEM || err == SAH_ELIMIT ? err : SAH_EIO;
        (void)sah_format(why, SAH_JOURNAL_WHY_SIZE, "cannot list the journal's folder");
        goto done;
    }
    if (scan->n_found > 0)
        qsort(scan->found, scan->n_found, sizeof *scan->found, by_number);
    for (size_t i = 0; i < scan->n_found; i++) {
        err = read_segment(scan, &scan->found[i]);
        if (err != SAH_OK) {
            explain(err, scan->found[i].number, why);
            goto done;
        }
        journal->writer.next_number = scan->found[i].number + 1;
    }
    err = journal_index_settle(&journal->index, &journal->counts.orphans);
    if (err == SAH_OK)
        tidy(scan);
done:
    free(scan->found);
    free(scan);
    return err;
}
