/*
 * journal_trim - makes room: old segments go, what is open in them is carried forward first.
 *
 * Owns:    nothing.
 * Used by: journal.c, which takes its requests' answers here.
 * Never:   lets a younger segment go before an older one (the younger may hold what closed the
 * older's records), carries forward what closes already (the copy would come after its CLOSED).
 */
#include "journal_priv.h"

enum { DELETES_A_STEP = 16, COPIES_A_STEP = 128 };

static bool copy_one(struct sah_journal *journal, const struct journal_entry *entry,
                     const struct journal_record_at *record)
{
    struct journal_request *request = journal_request_new(JOURNAL_COPY, record->part.len);

    if (request == NULL)
        return false;
    request->sync = true;
    request->head = (struct journal_head){
        .type = record->part.type,
        .part = record->part.part,
        .class_ = entry->class_, /* the writer takes the record's own from the disk */
        .len = record->part.len,
        .id = entry->id,
        .received_ms = record->part.received_ms,
        .seq = record->seq,
    };
    request->from = (struct journal_place){record->segment->number, record->offset};
    record->segment->busy++;
    journal_submit(journal, request);
    return true;
}

static void carry_forward(struct sah_journal *journal, const struct journal_segment *segment)
{
    unsigned n = 0;

    for (size_t i = 0; i < SAH_JOURNAL_CLASSES; i++) {
        struct journal_entry *entry = journal->index.lists[i].first;

        for (; entry != NULL; entry = entry->next) {
            for (size_t j = 0; j < entry->n_parts && !entry->closing; j++) {
                if (entry->parts[j].segment != segment)
                    continue;
                if (n++ == COPIES_A_STEP || !copy_one(journal, entry, &entry->parts[j]))
                    return;
            }
        }
    }
}

static bool may_go(struct sah_journal *journal, struct journal_segment *segment,
                   int64_t wall_ms)
{
    const struct journal_index *index = &journal->index;

    if (segment->newest_ms > wall_ms)
        segment->newest_ms = wall_ms; /* a clock was wrong: its age counts from now */
    if ((uint64_t)(wall_ms - segment->newest_ms) >= journal->settings.keep_ms)
        return true;
    return journal_used_percent(journal) >= journal->settings.soft_percent &&
           2 * index->live_bytes < index->used_bytes;
}

static void delete_one(struct sah_journal *journal, struct journal_segment *segment)
{
    struct journal_request *request = journal_request_new(JOURNAL_DELETE, 0);

    if (request == NULL)
        return;
    request->from.segment = segment->number;
    segment->busy++;
    journal_submit(journal, request);
}

void sah_journal_trim(struct sah_journal *journal, int64_t wall_ms)
{
    struct journal_segment *segment;
    unsigned n = 0;
    bool has_reserve;

    SAH_CHECK(journal, JOURNAL_MAGIC);
    pthread_mutex_lock(&journal->shared.lock);
    has_reserve = journal->shared.has_reserve;
    pthread_mutex_unlock(&journal->shared.lock);
    if (!has_reserve && !journal->reserve_asked &&
        journal_used_percent(journal) < journal->settings.hard_percent) {
        struct journal_request *request = journal_request_new(JOURNAL_RESERVE, 0);

        journal->reserve_asked = request != NULL;
        if (request != NULL)
            journal_submit(journal, request);
    }
    /* The last one of the table may be the one that is being written. */
    for (segment = journal->index.segments; segment != NULL && segment->next != NULL;
         segment = segment->next) {
        if (segment->busy > 0 || n++ == DELETES_A_STEP || !may_go(journal, segment, wall_ms))
            return;
        if (segment->live > 0) {
            carry_forward(journal, segment);
            return;
        }
        delete_one(journal, segment);
    }
}

static struct journal_segment *segment_of(struct sah_journal *journal, uint64_t number)
{
    struct journal_segment *segment = journal->index.segments;

    while (segment != NULL && segment->number != number)
        segment = segment->next;
    SAH_ASSERT(segment != NULL && segment->busy > 0); /* it stays while it is busy */
    return segment;
}

void journal_trimmed(struct sah_journal *journal, struct journal_request *request)
{
    struct journal_segment *segment;

    if (request->kind == JOURNAL_RESERVE) {
        journal->reserve_asked = false;
        return;
    }
    segment = segment_of(journal, request->from.segment);
    segment->busy--;
    if (request->err != SAH_OK)
        return; /* all is as before; the next step tries again */
    if (request->kind == JOURNAL_DELETE) {
        journal_index_forget(&journal->index, segment);
        return;
    }
    /* Without memory the record stays where it was: its segment stays, too. */
    if (journal_index_apply(&journal->index, &request->head, request->place) != SAH_OK)
        journal->counts.failed++;
}
