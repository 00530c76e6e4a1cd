/*
 * journal_look - what can be asked of the journal: open ids, payloads, counts.
 *
 * Owns:    nothing.
 * Used by: the drain of the router and the adapter, metrics.
 * Never:   changes anything.
 */
#include <stdlib.h>

#include <openssl/crypto.h>

#include "journal_priv.h"

bool sah_journal_is_open(const struct sah_journal *journal, const struct sah_id *id)
{
    const struct journal_entry *entry;

    SAH_CHECK(journal, JOURNAL_MAGIC);
    entry = journal_index_find(&journal->index, id);
    return entry != NULL && !entry->closing;
}

static bool show(const struct journal_entry *entry,
                 bool (*fn)(void *data, const struct sah_journal_entry *entry), void *data)
{
    struct sah_journal_part parts[SAH_JOURNAL_PARTS_MAX];
    struct sah_journal_entry shown = {
        .id = entry->id,
        .class_ = entry->class_,
        .received_ms = entry->received_ms,
        .n_parts = entry->n_parts,
        .parts = parts,
    };

    for (size_t i = 0; i < entry->n_parts; i++)
        parts[i] = entry->parts[i].part;
    return fn(data, &shown);
}

void sah_journal_each(struct sah_journal *journal,
                      bool (*fn)(void *data, const struct sah_journal_entry *entry), void *data)
{
    SAH_CHECK(journal, JOURNAL_MAGIC);
    for (size_t i = 0; i < SAH_JOURNAL_CLASSES; i++) {
        const struct journal_entry *entry = journal->index.lists[i].first;

        for (; entry != NULL; entry = entry->next) {
            if (!entry->closing && !show(entry, fn, data))
                return;
        }
    }
}

int sah_journal_read(struct sah_journal *journal, const struct sah_id *id, uint8_t type,
                     uint8_t part, struct sah_buf *buf)
{
    struct journal_entry *entry;
    struct journal_record_at *record;
    struct journal_head head;
    uint8_t *payload;
    int err;

    SAH_CHECK(journal, JOURNAL_MAGIC);
    entry = journal_index_find(&journal->index, id);
    record = entry != NULL ? journal_entry_part(entry, type, part) : NULL;
    if (record == NULL)
        return SAH_ENOENT;
    if (buf->failed || buf->max - buf->len < record->part.len)
        return SAH_ELIMIT;
    payload = malloc((size_t)record->part.len + 1);
    if (payload == NULL)
        return SAH_ENOMEM;
    err = journal_load(&journal->disk,
                       (struct journal_place){record->segment->number, record->offset},
                       journal_record_bytes(record->part.len), &head, payload);
    if (err == SAH_OK && (!sah_id_equal(&head.id, id) || head.seq != record->seq))
        err = SAH_EIO;
    if (err == SAH_OK) {
        sah_buf_add(buf, payload, head.len);
        err = buf->failed ? SAH_ENOMEM : SAH_OK;
    }
    OPENSSL_cleanse(payload, record->part.len);
    free(payload);
    return err;
}

void sah_journal_stats(struct sah_journal *journal, struct sah_journal_stats *ret_stats)
{
    struct sah_journal_stats stats;

    SAH_CHECK(journal, JOURNAL_MAGIC);
    stats = journal->counts;
    stats.open = journal->index.n;
    for (uint8_t i = 0; i < SAH_JOURNAL_CLASSES; i++) {
        const struct journal_entry *first = journal->index.lists[journal_rank(i)].first;

        stats.open_by_class[i] = journal->index.n_by_class[i];
        stats.oldest_ms_by_class[i] = first != NULL ? first->received_ms : 0;
    }
    stats.segments = journal->index.n_segments;
    stats.used_bytes = journal->index.used_bytes;
    stats.queued_bytes = journal->queued_bytes;
    stats.used_percent = journal_used_percent(journal);
    pthread_mutex_lock(&journal->shared.lock);
    stats.has_reserve = journal->shared.has_reserve;
    stats.syncs = journal->shared.syncs;
    stats.suspects = journal->shared.suspects;
    pthread_mutex_unlock(&journal->shared.lock);
    *ret_stats = stats;
}
