/*
 * journal_writer - the thread that writes and syncs: group commit.
 *
 * Owns:    requests from the moment it takes them until it puts them among the done.
 * Used by: journal.c, which starts and joins it.
 * Never:   calls back into the loop (it wakes it), answers SAH_OK for a synced record before
 * its fdatasync, tries one group in more than TRIES segments.
 *
 * What came while one group was being synced is the next group. After a failed write or sync
 * the segment is given up and the group is written again, whole, in another one.
 */
#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "journal_priv.h"

enum { TRIES = 3 };

void journal_queue_init(struct journal_queue *queue)
{
    queue->first = NULL;
    queue->tail = &queue->first;
}

void journal_queue_put(struct journal_queue *queue, struct journal_request *request)
{
    request->next = NULL;
    *queue->tail = request;
    queue->tail = &request->next;
}

struct journal_request *journal_queue_take(struct journal_queue *queue)
{
    struct journal_request *request = queue->first;

    if (request != NULL) {
        queue->first = request->next;
        if (queue->first == NULL)
            queue->tail = &queue->first;
        request->next = NULL;
    }
    return request;
}

/* Encodes from `first` what fits into the open segment and the group; answers how many. A
 * request that brings its own failure (a copy that cannot be read) is passed over. */
static size_t encode(struct journal_writer *writer, struct journal_request *first,
                     uint32_t *ret_bytes, bool *ret_sync)
{
    uint32_t bytes = 0;
    size_t n = 0;

    *ret_sync = false;
    for (struct journal_request *at = first; at != NULL; at = at->next, n++) {
        uint32_t size = journal_record_bytes(at->head.len);

        if (at->kind != JOURNAL_WRITE && at->kind != JOURNAL_COPY)
            break;
        if (writer->end + bytes + size > writer->disk->segment_bytes ||
            bytes + size > writer->group_max || (writer->on_reserve && !at->urgent))
            break;
        at->place = (struct journal_place){writer->number, writer->end + bytes};
        at->err = journal_record_seal(writer->segment_key, at->place, &at->head, at->payload,
                                      writer->group + bytes);
        if (at->err != SAH_OK)
            continue; /* its bytes are not counted: the next one takes the place */
        bytes += size;
        *ret_sync = *ret_sync || at->sync;
    }
    *ret_bytes = bytes;
    return n;
}

static int commit(struct journal_writer *writer, uint32_t bytes, bool sync)
{
    struct sah_journal_fs *fs = writer->disk->fs;
    int err = journal_fs_write_all(fs, writer->fd, writer->group, bytes, writer->end);

    if (err != 0)
        return err;
    writer->dirty = true;
    return sync ? journal_segment_sync(writer) : 0;
}

/* Writes one group from the front of a batch; answers how many requests are done with. */
static size_t write_group(struct journal_writer *writer, struct journal_request *first)
{
    size_t n = 1;

    for (int i = 0; i < TRIES; i++) {
        uint32_t bytes;
        bool sync;
        int err =
            journal_segment_open(writer, journal_record_bytes(first->head.len), first->urgent);

        if (err != 0) {
            bool full = err == -ENOSPC || err == -EDQUOT;

            first->err = full && !first->urgent ? SAH_ELIMIT : SAH_EIO;
            return 1;
        }
        n = encode(writer, first, &bytes, &sync);
        if (bytes == 0 || commit(writer, bytes, sync) == 0) {
            writer->end += bytes;
            return n;
        }
        journal_segment_suspect(writer);
    }
    for (size_t i = 0; i < n; i++, first = first->next)
        first->err = SAH_EIO;
    return n;
}

/* A copy's payload is read here: its segment stays until the copy is done. */
static int load_copy(struct journal_writer *writer, struct journal_request *request)
{
    struct journal_head head;
    int err = journal_load(writer->disk, request->from, journal_record_bytes(request->head.len),
                           &head, request->payload);

    if (err == SAH_OK && (head.seq != request->head.seq || head.len != request->head.len))
        err = SAH_EIO;
    if (err == SAH_OK)
        request->head = head;
    return err;
}

static int answer_of(int err)
{
    return err == 0 ? SAH_OK : SAH_EIO;
}

static void put_done(struct journal_writer *writer, struct journal_queue *done)
{
    pthread_mutex_lock(&writer->shared->lock);
    for (struct journal_request *at; (at = journal_queue_take(done)) != NULL;)
        journal_queue_put(&writer->shared->done, at);
    pthread_mutex_unlock(&writer->shared->lock);
    uv_async_send(writer->wake_loop);
}

static void run_batch(struct journal_writer *writer, struct journal_queue *batch)
{
    struct journal_queue done;
    size_t n;

    journal_queue_init(&done);
    while (batch->first != NULL) {
        struct journal_request *first = batch->first;

        n = 1;
        switch (first->kind) {
        case JOURNAL_DELETE:
            first->err = answer_of(journal_segment_delete(writer, first->from.segment));
            break;
        case JOURNAL_RESERVE:
            first->err = answer_of(journal_reserve_make(writer));
            break;
        case JOURNAL_WRITE:
        case JOURNAL_COPY:
            n = write_group(writer, first);
            break;
        }
        for (; n > 0; n--)
            journal_queue_put(&done, journal_queue_take(batch));
        journal_note_space(writer);
        put_done(writer, &done); /* nobody waits for the groups after his own */
    }
}

/* Copies that cannot be read are answered at once; the others join the batch. */
static void take_batch(struct journal_writer *writer, struct journal_queue *batch)
{
    struct journal_queue good, failed;

    journal_queue_init(&good);
    journal_queue_init(&failed);
    for (struct journal_request *at; (at = journal_queue_take(batch)) != NULL;) {
        at->err = at->kind == JOURNAL_COPY ? load_copy(writer, at) : SAH_OK;
        journal_queue_put(at->err == SAH_OK ? &good : &failed, at);
    }
    for (struct journal_request *at; (at = journal_queue_take(&good)) != NULL;)
        journal_queue_put(batch, at);
    if (failed.first != NULL)
        put_done(writer, &failed);
}

void *journal_writer_main(void *data)
{
    struct journal_writer *writer = data;
    struct journal_shared *shared = writer->shared;
    bool stop = false;

    while (!stop) {
        struct journal_queue batch;

        journal_queue_init(&batch);
        pthread_mutex_lock(&shared->lock);
        while (shared->todo.first == NULL && !shared->stop)
            pthread_cond_wait(&shared->wake, &shared->lock);
        for (struct journal_request *at; (at = journal_queue_take(&shared->todo)) != NULL;)
            journal_queue_put(&batch, at);
        stop = shared->stop && batch.first == NULL;
        pthread_mutex_unlock(&shared->lock);
        take_batch(writer, &batch);
        run_batch(writer, &batch);
    }
    return NULL;
}
