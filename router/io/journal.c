/*
 * journal - the loop's side: settings, appends and who is let in, completions, reading back.
 *
 * Owns:    struct sah_journal, the thread's life, the async handle that wakes the loop.
 * Used by: the router when its Redis is away, an adapter when no router answers.
 * Never:   waits for the disk (but for the start, the end and sah_journal_read()).
 *
 * Kept here:
 *   I1  a completion with SAH_OK of a synced append follows its fdatasync.
 *   I4  an id that was taken stays in the index, and on disk, until it is closed.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "journal_priv.h"

#define MIB (1024 * 1024)
enum {
    SEGMENT_MIN_BYTES = 4096,
    SEGMENT_MAX_BYTES = 64 * MIB,
    SEGMENTS_MIN = 4,
    GROUP_BYTES = MIB,
    KEY_FILE_MAX = 128,
    URGENT_SOFT_CLASS = 2, /* the last class that is taken above soft_percent */
    URGENT_HARD_CLASS = 1, /* the same above hard_percent */
};

struct journal_request *journal_request_new(enum journal_kind kind, uint32_t payload_len)
{
    struct journal_request *request = calloc(1, sizeof *request + payload_len);

    if (request != NULL) {
        request->kind = kind;
        request->head.len = payload_len;
    }
    return request;
}

void journal_request_free(struct journal_request *request)
{
    OPENSSL_cleanse(request->payload, request->head.len);
    free(request);
}

void journal_submit(struct sah_journal *journal, struct journal_request *request)
{
    journal->queued_bytes += journal_record_bytes(request->head.len);
    pthread_mutex_lock(&journal->shared.lock);
    journal_queue_put(&journal->shared.todo, request);
    pthread_cond_signal(&journal->shared.wake);
    pthread_mutex_unlock(&journal->shared.lock);
}

static int settle_write(struct sah_journal *journal, struct journal_request *request)
{
    struct journal_entry *entry;
    int err = request->err;

    if (request->head.type == SAH_JOURNAL_RECEIVED)
        journal->pending_opens--;
    if (err == SAH_OK)
        err = journal_index_apply(&journal->index, &request->head, request->place);
    if (err == SAH_OK) {
        journal->counts.appended++;
        return SAH_OK;
    }
    journal->counts.failed++;
    /* Closing is right whether it is written or not. */
    if (request->head.type == SAH_JOURNAL_CLOSED &&
        (entry = journal_index_find(&journal->index, &request->head.id)) != NULL)
        journal_index_close(&journal->index, entry);
    return err;
}

static void run_completions(struct sah_journal *journal)
{
    struct journal_queue done;

    journal_queue_init(&done);
    pthread_mutex_lock(&journal->shared.lock);
    for (struct journal_request *at; (at = journal_queue_take(&journal->shared.done)) != NULL;)
        journal_queue_put(&done, at);
    pthread_mutex_unlock(&journal->shared.lock);
    for (struct journal_request *at; (at = journal_queue_take(&done)) != NULL;) {
        journal->queued_bytes -= journal_record_bytes(at->head.len);
        if (at->kind == JOURNAL_WRITE) {
            int err = settle_write(journal, at);

            journal->completing++;
            if (at->fn != NULL)
                at->fn(at->data, err); /* may append */
            journal->completing--;
        } else {
            journal_trimmed(journal, at);
        }
        journal_request_free(at);
    }
}

static void on_async(uv_async_t *async)
{
    struct sah_journal *journal = async->data;

    SAH_CHECK(journal, JOURNAL_MAGIC);
    run_completions(journal);
}

uint8_t journal_used_percent(struct sah_journal *journal)
{
    uint64_t used = journal->index.used_bytes + journal->queued_bytes;
    uint64_t percent = used * 100 / journal->settings.max_bytes;
    uint8_t fs_percent;

    pthread_mutex_lock(&journal->shared.lock);
    fs_percent = journal->shared.fs_percent;
    pthread_mutex_unlock(&journal->shared.lock);
    if (percent > 100)
        percent = 100;
    return percent > fs_percent ? (uint8_t)percent : fs_percent;
}

static bool is_urgent(uint8_t class_, uint8_t worst)
{
    return class_ <= worst || class_ == SAH_JOURNAL_UNCLASSIFIED;
}

/* Is there room to open one more id of this class? */
static bool may_open(struct sah_journal *journal, uint8_t class_)
{
    uint64_t open = journal->index.n + journal->pending_opens;
    uint64_t percent = open * 100 / journal->settings.max_open;
    uint8_t used = journal_used_percent(journal);

    if (open >= journal->settings.max_open)
        return false;
    if (used > percent)
        percent = used;
    if (percent >= journal->settings.hard_percent)
        return is_urgent(class_, URGENT_HARD_CLASS);
    if (percent >= journal->settings.soft_percent)
        return is_urgent(class_, URGENT_SOFT_CLASS);
    return true;
}

static int admit(struct sah_journal *journal, const struct sah_journal_record *record)
{
    struct journal_entry *entry = journal_index_find(&journal->index, &record->id);
    uint64_t bytes;
    uint64_t queue_max = journal->settings.max_queue_bytes;

    if (record->payload.len > SAH_JOURNAL_PAYLOAD_MAX)
        return SAH_ELIMIT;
    bytes = journal_record_bytes((uint32_t)record->payload.len);
    if (JOURNAL_DATA_AT + bytes > journal->disk.segment_bytes)
        return SAH_ELIMIT;
    if (record->type == SAH_JOURNAL_RECEIVED) {
        if (entry != NULL && !entry->closing)
            return SAH_EEXIST;
        if (!may_open(journal, record->class_))
            return SAH_ELIMIT;
        if (!is_urgent(record->class_, URGENT_SOFT_CLASS))
            queue_max /= 2;
    } else {
        if (entry == NULL || entry->closing)
            return SAH_ENOENT;
        if (record->type != SAH_JOURNAL_CLOSED && entry->n_parts == SAH_JOURNAL_PARTS_MAX &&
            journal_entry_part(entry, record->type, record->part) == NULL)
            return SAH_ELIMIT;
    }
    return journal->queued_bytes + bytes > queue_max ? SAH_EAGAIN : SAH_OK;
}

int sah_journal_append(struct sah_journal *journal, const struct sah_journal_record *record,
                       bool sync, sah_journal_done_fn *fn, void *data)
{
    struct journal_request *request;
    int err;

    SAH_CHECK(journal, JOURNAL_MAGIC);
    SAH_ASSERT(record->type > 0 && record->type <= SAH_JOURNAL_TYPE_MAX);
    SAH_ASSERT(record->class_ < SAH_JOURNAL_CLASSES);
    err = admit(journal, record);
    if (err != SAH_OK) {
        journal->counts.refused += err == SAH_ELIMIT || err == SAH_EAGAIN;
        return err;
    }
    request = journal_request_new(JOURNAL_WRITE, (uint32_t)record->payload.len);
    if (request == NULL)
        return SAH_ENOMEM;
    request->sync = sync;
    request->urgent = is_urgent(record->class_, URGENT_HARD_CLASS);
    request->head.type = record->type;
    request->head.part = record->part;
    request->head.class_ = record->class_;
    request->head.id = record->id;
    request->head.received_ms = record->received_ms;
    request->head.seq = journal->next_seq++;
    request->fn = fn;
    request->data = data;
    if (record->payload.len > 0)
        memcpy(request->payload, record->payload.ptr, record->payload.len);
    if (record->type == SAH_JOURNAL_RECEIVED)
        journal->pending_opens++;
    if (record->type == SAH_JOURNAL_CLOSED)
        journal_index_find(&journal->index, &record->id)->closing = true;
    journal_submit(journal, request);
    return SAH_OK;
}

/* Defaults and bounds. */
static void take_settings(struct sah_journal *journal,
                          const struct sah_journal_settings *settings)
{
    struct sah_journal_settings *s = &journal->settings;

    *s = *settings;
    s->folder = s->key_file = NULL; /* borrowed for the call only */
    if (s->segment_bytes == 0)
        s->segment_bytes = 8 * MIB;
    if (s->max_bytes == 0)
        s->max_bytes = 256 * MIB;
    if (s->max_open == 0)
        s->max_open = 100000;
    if (s->max_queue_bytes == 0)
        s->max_queue_bytes = 16 * MIB;
    if (s->keep_ms == 0)
        s->keep_ms = 24 * 3600 * 1000;
    if (s->soft_percent == 0)
        s->soft_percent = 80;
    if (s->hard_percent == 0)
        s->hard_percent = 95;
    SAH_ASSERT(s->segment_bytes >= SEGMENT_MIN_BYTES && s->segment_bytes <= SEGMENT_MAX_BYTES);
    SAH_ASSERT(s->soft_percent <= s->hard_percent && s->hard_percent <= 100);
    s->segment_bytes -= s->segment_bytes % JOURNAL_ALIGN;
    s->max_bytes -= s->max_bytes % s->segment_bytes;
    SAH_ASSERT(s->max_bytes >= SEGMENTS_MIN * (uint64_t)s->segment_bytes);
    journal->disk.segment_bytes = s->segment_bytes;
    journal->disk.max_bytes = s->max_bytes;
}

static int read_key(const char *path, uint8_t ret_key[JOURNAL_KEY_BYTES], char *why)
{
    char *text = NULL;
    size_t len = 0;
    int err = sah_read_file(path, KEY_FILE_MAX, &text, &len);

    if (err == SAH_OK) {
        err = journal_key_parse(text, len, ret_key);
        OPENSSL_cleanse(text, len);
        free(text);
    }
    if (err == SAH_ELIMIT)
        err = SAH_EINVAL;
    if (err == SAH_EINVAL)
        (void)sah_format(why, SAH_JOURNAL_WHY_SIZE,
                         "the key file holds neither 32 bytes nor 64 hex digits");
    else if (err != SAH_OK)
        (void)sah_format(why, SAH_JOURNAL_WHY_SIZE, "the key file: %s", sah_strerror(err));
    return err;
}

static int open_folder(struct sah_journal *journal, const struct sah_journal_settings *settings,
                       char *why)
{
    int err = SAH_OK;

    journal->disk.fs = settings->fs;
    if (settings->fs == NULL) {
        err = journal_fs_create(settings->folder, &journal->own_fs);
        journal->disk.fs = journal->own_fs;
    }
    if (err == SAH_ECONFLICT)
        (void)sah_format(why, SAH_JOURNAL_WHY_SIZE, "another process has the journal's folder");
    else if (err != SAH_OK)
        (void)sah_format(why, SAH_JOURNAL_WHY_SIZE, "the journal's folder: %s",
                         sah_strerror(err));
    return err;
}

static void on_async_closed(uv_handle_t *handle)
{
    free(handle);
}

/* The segment to write and the reserve; on a full or broken disk appends try again. */
static int start_writer(struct sah_journal *journal)
{
    struct journal_writer *writer = &journal->writer;

    writer->group_max = GROUP_BYTES;
    if (writer->group_max > journal->disk.segment_bytes)
        writer->group_max = journal->disk.segment_bytes;
    writer->group = malloc(writer->group_max);
    journal->async = calloc(1, sizeof *journal->async);
    if (writer->group == NULL || journal->async == NULL)
        return SAH_ENOMEM;
    (void)journal_segment_open(writer, 0, false);
    (void)journal_reserve_make(writer);
    journal_note_space(writer);
    if (uv_async_init(sah_loop_uv(journal->loop), journal->async, on_async) != 0)
        return SAH_ENOMEM;
    journal->async->data = journal;
    writer->wake_loop = journal->async;
    if (pthread_create(&journal->thread, NULL, journal_writer_main, writer) == 0)
        return SAH_OK;
    uv_close((uv_handle_t *)journal->async, on_async_closed);
    journal->async = NULL; /* freed by libuv */
    return SAH_ENOMEM;
}

static void free_parts(struct sah_journal *journal)
{
    journal_segment_close(&journal->writer);
    OPENSSL_cleanse(&journal->writer.segment_key, sizeof journal->writer.segment_key);
    OPENSSL_cleanse(&journal->disk.key, sizeof journal->disk.key);
    free(journal->writer.group);
    free(journal->async);
    if (journal->index.buckets != NULL)
        journal_index_fini(&journal->index);
    journal_fs_destroy(journal->own_fs);
    pthread_cond_destroy(&journal->shared.wake);
    pthread_mutex_destroy(&journal->shared.lock);
    free(journal);
}

int sah_journal_create(struct sah_loop *loop, const struct sah_journal_settings *settings,
                       char why[SAH_JOURNAL_WHY_SIZE], struct sah_journal **ret_journal)
{
    struct sah_journal *journal = calloc(1, sizeof *journal);
    int err;

    (void)sah_format(why, SAH_JOURNAL_WHY_SIZE, "%s", sah_strerror(SAH_ENOMEM));
    if (journal == NULL)
        return SAH_ENOMEM;
    journal->loop = loop;
    journal->writer.disk = &journal->disk;
    journal->writer.shared = &journal->shared;
    journal->writer.fd = -1;
    pthread_mutex_init(&journal->shared.lock, NULL);
    pthread_cond_init(&journal->shared.wake, NULL);
    journal_queue_init(&journal->shared.todo);
    journal_queue_init(&journal->shared.done);
    take_settings(journal, settings);
    err = read_key(settings->key_file, journal->disk.key, why);
    if (err == SAH_OK)
        err = open_folder(journal, settings, why);
    if (err == SAH_OK)
        err = journal_index_init(&journal->index, journal->settings.max_open);
    if (err == SAH_OK)
        err = journal_start(journal, why);
    if (err == SAH_OK)
        err = start_writer(journal);
    if (err != SAH_OK) {
        free_parts(journal);
        return err;
    }
    why[0] = '\0';
    journal->magic = JOURNAL_MAGIC;
    *ret_journal = journal;
    return SAH_OK;
}

void sah_journal_destroy(struct sah_journal *journal)
{
    if (journal == NULL)
        return;
    SAH_CHECK(journal, JOURNAL_MAGIC);
    SAH_ASSERT(journal->completing == 0);
    pthread_mutex_lock(&journal->shared.lock);
    journal->shared.stop = true;
    pthread_cond_signal(&journal->shared.wake);
    pthread_mutex_unlock(&journal->shared.lock);
    pthread_join(journal->thread, NULL);
    run_completions(journal);
    /* What a completion appended has no thread any more: the writer's work is done here. */
    while (journal->shared.todo.first != NULL) {
        journal_writer_main(&journal->writer);
        run_completions(journal);
    }
    uv_close((uv_handle_t *)journal->async, on_async_closed);
    journal->async = NULL;
    journal->magic = 0;
    free_parts(journal);
}
