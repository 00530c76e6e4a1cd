/*
 * journal_index - the open ids in memory, by class and order, and the segments their records
 * lie in.
 *
 * Owns:    entries, the table of segments, what of each segment is still needed.
 * Used by: the loop's side of the journal: live records and the scan at start go the same way.
 * Never:   looks at the disk.
 *
 * One record may be met twice: written again after a suspect segment, or copied forward. It has
 * the same sequence then, and the later place wins.
 */
#include <stdlib.h>
#include <string.h>

#include "journal_bytes.h"
#include "journal_priv.h"

enum { BUCKETS_MIN = 64, BUCKETS_MAX = 1 << 20, PARTS_AT_START = 2 };

unsigned journal_rank(uint8_t class_)
{
    static const unsigned ranks[SAH_JOURNAL_CLASSES] = {0, 2, 3, 4, 5, 1};

    SAH_ASSERT(class_ < SAH_JOURNAL_CLASSES);
    return ranks[class_];
}

int journal_index_init(struct journal_index *index, uint32_t max_open)
{
    memset(index, 0, sizeof *index);
    index->n_buckets = BUCKETS_MIN;
    while (index->n_buckets < max_open && index->n_buckets < BUCKETS_MAX)
        index->n_buckets *= 2;
    index->buckets = calloc(index->n_buckets, sizeof *index->buckets);
    return index->buckets != NULL ? SAH_OK : SAH_ENOMEM;
}

static struct journal_entry **bucket_of(const struct journal_index *index,
                                        const struct sah_id *id)
{
    /* Ids are digests: any of their bytes spread well. */
    return &index->buckets[get_le(id->bytes, 8) & (index->n_buckets - 1)];
}

struct journal_entry *journal_index_find(const struct journal_index *index,
                                         const struct sah_id *id)
{
    struct journal_entry *entry = *bucket_of(index, id);

    while (entry != NULL && !sah_id_equal(&entry->id, id))
        entry = entry->hash_next;
    return entry;
}

struct journal_record_at *journal_entry_part(struct journal_entry *entry, uint8_t type,
                                             uint8_t part)
{
    for (size_t i = 0; i < entry->n_parts; i++) {
        if (entry->parts[i].part.type == type && entry->parts[i].part.part == part)
            return &entry->parts[i];
    }
    return NULL;
}

static void list_remove(struct journal_index *index, struct journal_entry *entry)
{
    struct journal_list *list = &index->lists[journal_rank(entry->class_)];

    *(entry->prev != NULL ? &entry->prev->next : &list->first) = entry->next;
    *(entry->next != NULL ? &entry->next->prev : &list->last) = entry->prev;
    entry->prev = entry->next = NULL;
    index->n_by_class[entry->class_]--;
}

/* Nearly always at the end. */
static void list_add(struct journal_index *index, struct journal_entry *entry)
{
    struct journal_list *list = &index->lists[journal_rank(entry->class_)];
    struct journal_entry *after = list->last;

    while (!index->unsorted && after != NULL && after->seq > entry->seq)
        after = after->prev;
    entry->prev = after;
    entry->next = after != NULL ? after->next : list->first;
    *(entry->prev != NULL ? &entry->prev->next : &list->first) = entry;
    *(entry->next != NULL ? &entry->next->prev : &list->last) = entry;
    index->n_by_class[entry->class_]++;
}

static void let_go(struct journal_index *index, struct journal_record_at *record)
{
    uint32_t bytes = journal_record_bytes(record->part.len);

    SAH_ASSERT(record->segment->live > 0 && record->segment->live_bytes >= bytes);
    record->segment->live--;
    record->segment->live_bytes -= bytes;
    index->live_bytes -= bytes;
}

void journal_index_close(struct journal_index *index, struct journal_entry *entry)
{
    struct journal_entry **link = bucket_of(index, &entry->id);

    while (*link != entry)
        link = &(*link)->hash_next;
    *link = entry->hash_next;
    list_remove(index, entry);
    for (size_t i = 0; i < entry->n_parts; i++)
        let_go(index, &entry->parts[i]);
    index->n--;
    free(entry->parts);
    free(entry);
}

void journal_index_fini(struct journal_index *index)
{
    for (size_t i = 0; i < SAH_JOURNAL_CLASSES; i++) {
        while (index->lists[i].first != NULL)
            journal_index_close(index, index->lists[i].first);
    }
    while (index->segments != NULL)
        journal_index_forget(index, index->segments);
    free(index->buckets);
    memset(index, 0, sizeof *index);
}

int journal_index_segment(struct journal_index *index, uint64_t number,
                          struct journal_segment **ret_segment)
{
    struct journal_segment **link = &index->segments;
    struct journal_segment *made;

    while (*link != NULL && (*link)->number < number)
        link = &(*link)->next;
    if (*link != NULL && (*link)->number == number) {
        *ret_segment = *link;
        return SAH_OK;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return SAH_ENOMEM;
    made->number = number;
    made->next = *link;
    *link = made;
    index->n_segments++;
    *ret_segment = made;
    return SAH_OK;
}

void journal_index_forget(struct journal_index *index, struct journal_segment *segment)
{
    struct journal_segment **link = &index->segments;

    SAH_ASSERT(segment->live == 0);
    while (*link != segment)
        link = &(*link)->next;
    *link = segment->next;
    index->n_segments--;
    index->used_bytes -= segment->end;
    free(segment);
}

static struct journal_entry *entry_new(struct journal_index *index,
                                       const struct journal_head *head)
{
    struct journal_entry *entry = calloc(1, sizeof *entry);

    if (entry == NULL)
        return NULL;
    entry->id = head->id;
    entry->class_ = head->class_;
    entry->seq = head->seq;
    entry->received_ms = head->received_ms;
    entry->hash_next = *bucket_of(index, &head->id);
    *bucket_of(index, &head->id) = entry;
    list_add(index, entry);
    index->n++;
    return entry;
}

/* Room for a record not seen before. */
static int add_part(struct journal_entry *entry, struct journal_record_at **ret_record)
{
    if (entry->n_parts == SAH_JOURNAL_PARTS_MAX)
        return SAH_ELIMIT;
    if (entry->n_parts == entry->cap_parts) {
        uint16_t cap = entry->cap_parts > 0 ? 2 * entry->cap_parts : PARTS_AT_START;
        struct journal_record_at *parts = realloc(entry->parts, cap * sizeof *parts);

        if (parts == NULL)
            return SAH_ENOMEM;
        entry->parts = parts;
        entry->cap_parts = cap;
    }
    *ret_record = &entry->parts[entry->n_parts++];
    return SAH_OK;
}

static void set_order(struct journal_index *index, struct journal_entry *entry,
                      const struct journal_head *head)
{
    bool received = head->type == SAH_JOURNAL_RECEIVED;
    uint8_t class_ = head->seq >= entry->top_seq ? head->class_ : entry->class_;

    if (class_ != entry->class_ || (received && head->seq != entry->seq)) {
        list_remove(index, entry);
        entry->class_ = class_;
        entry->seq = received ? head->seq : entry->seq;
        list_add(index, entry);
    }
    if (head->seq > entry->top_seq)
        entry->top_seq = head->seq;
    if (received) {
        entry->has_received = true;
        entry->received_ms = head->received_ms;
    }
}

/* Of RECEIVED the first counts (a second one is a copy of the same message), else the newest.
 */
static bool replaces(const struct journal_head *head, const struct journal_record_at *old)
{
    return head->type == SAH_JOURNAL_RECEIVED ? head->seq <= old->seq : head->seq >= old->seq;
}

int journal_index_apply(struct journal_index *index, const struct journal_head *head,
                        struct journal_place place)
{
    uint32_t bytes = journal_record_bytes(head->len);
    struct journal_entry *entry = journal_index_find(index, &head->id);
    struct journal_record_at *record;
    struct journal_segment *segment;
    bool is_new = entry == NULL;
    int err = journal_index_segment(index, place.segment, &segment);

    if (err != SAH_OK)
        return err;
    if (place.offset + bytes > segment->end) {
        index->used_bytes += place.offset + bytes - segment->end;
        segment->end = place.offset + bytes;
    }
    if (head->received_ms > segment->newest_ms)
        segment->newest_ms = head->received_ms;
    if (head->type == SAH_JOURNAL_CLOSED) {
        if (entry != NULL)
            journal_index_close(index, entry);
        return SAH_OK;
    }
    if (is_new && (entry = entry_new(index, head)) == NULL)
        return SAH_ENOMEM;
    record = journal_entry_part(entry, head->type, head->part);
    if (record != NULL) {
        if (!replaces(head, record))
            return SAH_OK;
        let_go(index, record);
    } else if ((err = add_part(entry, &record)) != SAH_OK) {
        if (is_new)
            journal_index_close(index, entry);
        return err;
    }
    *record = (struct journal_record_at){
        .part = {head->type, head->part, head->len, head->received_ms},
        .seq = head->seq,
        .offset = place.offset,
        .segment = segment,
    };
    segment->live++;
    segment->live_bytes += bytes;
    index->live_bytes += bytes;
    set_order(index, entry, head);
    return SAH_OK;
}

static int by_seq(const void *a, const void *b)
{
    uint64_t left = (*(struct journal_entry *const *)a)->seq;
    uint64_t right = (*(struct journal_entry *const *)b)->seq;

    return left < right ? -1 : left > right;
}

static void relink(struct journal_list *list, struct journal_entry **entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        entries[i]->prev = i > 0 ? entries[i - 1] : NULL;
        entries[i]->next = i + 1 < n ? entries[i + 1] : NULL;
    }
    list->first = n > 0 ? entries[0] : NULL;
    list->last = n > 0 ? entries[n - 1] : NULL;
}

int journal_index_settle(struct journal_index *index, uint64_t *ret_orphans)
{
    struct journal_entry **entries = calloc(index->n + 1, sizeof(struct journal_entry *));
    uint64_t orphans = 0;

    if (entries == NULL)
        return SAH_ENOMEM;
    for (size_t i = 0; i < SAH_JOURNAL_CLASSES; i++) {
        struct journal_entry *entry = index->lists[i].first, *next;
        size_t n = 0;

        for (; entry != NULL; entry = next) {
            next = entry->next;
            if (entry->has_received) {
                entries[n++] = entry;
            } else {
                journal_index_close(index, entry);
                orphans++;
            }
        }
        qsort(entries, n, sizeof(struct journal_entry *), by_seq);
        relink(&index->lists[i], entries, n);
    }
    free(entries);
    index->unsorted = false;
    *ret_orphans = orphans;
    return SAH_OK;
}
