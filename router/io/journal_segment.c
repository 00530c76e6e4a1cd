/*
 * journal_segment - the segment being written: made, filled, sealed, given up; and the reserve.
 *
 * Owns:    the descriptor of the open segment.
 * Used by: the writer thread; journal.c before the thread starts.
 * Never:   opens an old segment for writing, syncs a descriptor again whose sync has failed,
 * writes a record into a segment whose head and name are not synced.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "journal_priv.h"

static const char prefix[] = "seg-";

void journal_segment_name(uint64_t number, char dst[JOURNAL_NAME_BYTES])
{
    (void)sah_format(dst, JOURNAL_NAME_BYTES, "%s%016" PRIx64, prefix, number);
}

bool journal_segment_number(const char *name, uint64_t *ret_number)
{
    uint8_t bytes[8];
    uint64_t number = 0;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    name += sizeof prefix - 1;
    if (sah_unhex(bytes, sizeof bytes, name, strlen(name), true) != SAH_OK)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        number = number << 8 | bytes[i];
    *ret_number = number;
    return number > 0 && number < UINT64_MAX;
}

int journal_load(const struct journal_disk *disk, struct journal_place place, uint32_t bytes,
                 struct journal_head *ret_head, void *payload)
{
    struct sah_journal_fs *fs = disk->fs;
    uint8_t head[JOURNAL_DATA_AT], key[JOURNAL_KEY_BYTES];
    char name[JOURNAL_NAME_BYTES];
    uint8_t *record = malloc(bytes);
    int fd, err = SAH_EIO;

    if (record == NULL)
        return SAH_ENOMEM;
    journal_segment_name(place.segment, name);
    fd = fs->open(fs->data, name, JOURNAL_OPEN_READ);
    if (fd < 0)
        goto done;
    if (journal_fs_read_all(fs, fd, head, sizeof head, 0) == 0 &&
        journal_head_read(disk->key, place.segment, head, sizeof head, key) == SAH_OK &&
        journal_fs_read_all(fs, fd, record, bytes, place.offset) == 0)
        err = journal_record_unseal(key, place, record, bytes, ret_head, payload);
    fs->close(fs->data, fd);
    OPENSSL_cleanse(key, sizeof key);
done:
    free(record);
    return err;
}

void journal_note_space(struct journal_writer *writer)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    uint64_t total = 0, left = 0;
    uint8_t percent = 0; /* unknown holds nobody up */

    if (fs->space(fs->data, &total, &left) == 0 && total > 0 && left <= total)
        percent = (uint8_t)(100 - left * 100 / total);
    pthread_mutex_lock(&writer->shared->lock);
    writer->shared->fs_percent = percent;
    writer->shared->has_reserve = writer->has_reserve;
    pthread_mutex_unlock(&writer->shared->lock);
}

void journal_segment_suspect(struct journal_writer *writer)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    char name[JOURNAL_NAME_BYTES];

    fs->close(fs->data, writer->fd);
    writer->fd = -1;
    journal_segment_name(writer->number, name);
    /* With nothing acknowledged in it, it would only take room. */
    if (writer->end > JOURNAL_DATA_AT || fs->unlink(fs->data, name) != 0)
        writer->sealed_bytes += writer->disk->segment_bytes;
    pthread_mutex_lock(&writer->shared->lock);
    writer->shared->suspects++;
    pthread_mutex_unlock(&writer->shared->lock);
}

int journal_segment_sync(struct journal_writer *writer)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    int err = fs->fdatasync(fs->data, writer->fd);

    if (err != 0)
        return err;
    writer->dirty = false;
    pthread_mutex_lock(&writer->shared->lock);
    writer->shared->syncs++;
    pthread_mutex_unlock(&writer->shared->lock);
    return 0;
}

void journal_segment_close(struct journal_writer *writer)
{
    struct sah_journal_fs *fs = writer->disk->fs;

    if (writer->fd < 0)
        return;
    if (writer->dirty && journal_segment_sync(writer) != 0) {
        journal_segment_suspect(writer); /* only what need not be synced can be lost */
        return;
    }
    /* Gives the empty rest back. A failure costs room and nothing else. */
    if (fs->truncate(fs->data, writer->fd, writer->end) == 0)
        writer->sealed_bytes += writer->end;
    else
        writer->sealed_bytes += writer->disk->segment_bytes;
    fs->close(fs->data, writer->fd);
    writer->fd = -1;
}

/* A file of full size whose size and blocks are on disk. */
static int make_file(struct sah_journal_fs *fs, const char *name, uint32_t bytes)
{
    int fd = fs->open(fs->data, name, JOURNAL_OPEN_NEW);
    int err;

    if (fd < 0)
        return fd;
    err = fs->fallocate(fs->data, fd, bytes);
    if (err == 0)
        err = fs->fsync(fs->data, fd);
    fs->close(fs->data, fd);
    if (err != 0)
        (void)fs->unlink(fs->data, name);
    return err;
}

/* The reserve of an earlier run, of the size of this one. */
static bool is_whole(struct sah_journal_fs *fs, uint32_t bytes)
{
    int fd = fs->open(fs->data, JOURNAL_RESERVE_NAME, JOURNAL_OPEN_READ);
    bool whole = fd >= 0 && fs->size(fs->data, fd) == (int64_t)bytes;

    if (fd >= 0)
        fs->close(fs->data, fd);
    return whole;
}

int journal_reserve_make(struct journal_writer *writer)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    int err = make_file(fs, JOURNAL_RESERVE_NAME, writer->disk->segment_bytes);

    if (err == -EEXIST && !is_whole(fs, writer->disk->segment_bytes)) {
        (void)fs->unlink(fs->data, JOURNAL_RESERVE_NAME);
        err = make_file(fs, JOURNAL_RESERVE_NAME, writer->disk->segment_bytes);
    }
    if (err == 0 || err == -EEXIST)
        err = fs->sync_folder(fs->data);
    writer->has_reserve = err == 0;
    return err;
}

/* Writes the head of a segment into a file made before, and syncs it. Answers the descriptor.
 */
static int write_head(struct journal_writer *writer, const char *name, uint64_t number,
                      uint8_t key[JOURNAL_KEY_BYTES])
{
    struct sah_journal_fs *fs = writer->disk->fs;
    uint8_t head[JOURNAL_DATA_AT];
    int fd, err;

    if (journal_head_write(writer->disk->key, number, head, key) != SAH_OK)
        return -EIO;
    fd = fs->open(fs->data, name, JOURNAL_OPEN_WRITE);
    if (fd < 0)
        return fd;
    err = journal_fs_write_all(fs, fd, head, sizeof head, 0);
    if (err == 0)
        err = fs->fsync(fs->data, fd);
    if (err != 0) {
        fs->close(fs->data, fd);
        return err;
    }
    return fd;
}

/* From the file `from` under its number's name: the reserve is renamed, a new one is made. */
static int start_segment(struct journal_writer *writer, bool from_reserve)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    uint64_t number = writer->next_number++; /* never used again, whatever comes */
    uint8_t key[JOURNAL_KEY_BYTES];
    char name[JOURNAL_NAME_BYTES];
    int fd, err;

    journal_segment_name(number, name);
    if (!from_reserve && (err = make_file(fs, name, writer->disk->segment_bytes)) != 0)
        return err;
    if (from_reserve)
        writer->has_reserve = false; /* used, or not to be trusted */
    fd = write_head(writer, from_reserve ? JOURNAL_RESERVE_NAME : name, number, key);
    err = fd < 0 ? fd : 0;
    if (err == 0 && from_reserve)
        err = fs->rename(fs->data, JOURNAL_RESERVE_NAME, name);
    if (err == 0)
        err = fs->sync_folder(fs->data);
    if (err != 0) {
        if (fd >= 0)
            fs->close(fs->data, fd);
        (void)fs->unlink(fs->data, name);
        if (from_reserve)
            (void)fs->unlink(fs->data, JOURNAL_RESERVE_NAME);
        return err;
    }
    journal_segment_close(writer); /* the one before, now that there is another */
    writer->fd = fd;
    writer->number = number;
    writer->end = JOURNAL_DATA_AT;
    writer->dirty = false;
    writer->on_reserve = from_reserve;
    memcpy(writer->segment_key, key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    return 0;
}

/* An open segment with `room` bytes left that this request may use. */
int journal_segment_open(struct journal_writer *writer, uint32_t room, bool urgent)
{
    uint32_t bytes = writer->disk->segment_bytes;
    uint64_t used = writer->sealed_bytes + (writer->fd >= 0 ? writer->end : 0);
    int err;

    if (writer->fd >= 0 && writer->end + room <= bytes && (urgent || !writer->on_reserve))
        return 0;
    err = used + bytes <= writer->disk->max_bytes ? start_segment(writer, false) : -ENOSPC;
    if (err != 0 && urgent && writer->has_reserve)
        err = start_segment(writer, true);
    return err;
}

int journal_segment_delete(struct journal_writer *writer, uint64_t number)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    char name[JOURNAL_NAME_BYTES];
    int64_t bytes = -1;
    int fd, err;

    /* What closed its records goes to disk before they go. */
    if (writer->fd >= 0 && writer->dirty && journal_segment_sync(writer) != 0) {
        journal_segment_suspect(writer);
        return -EIO;
    }
    journal_segment_name(number, name);
    fd = fs->open(fs->data, name, JOURNAL_OPEN_READ);
    if (fd >= 0) {
        bytes = fs->size(fs->data, fd);
        fs->close(fs->data, fd);
    }
    err = fs->unlink(fs->data, name);
    if (err != 0 && err != -ENOENT)
        return err;
    if (bytes > 0)
        writer->sealed_bytes -=
            (uint64_t)bytes < writer->sealed_bytes ? (uint64_t)bytes : writer->sealed_bytes;
    /* One by one, oldest first: a segment must not come back after the one that closed it went.
     */
    (void)fs->sync_folder(fs->data);
    return 0;
}
