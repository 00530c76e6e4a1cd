/*
 * fake_journal - see fake_journal.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/fake_journal.h"

struct record {
    struct record *next;
    struct sah_journal_record r; /* its payload is ours */
    sah_journal_done_fn *fn;
    void *data;
    bool is_lie;
};
struct fake_journal {
    struct sah_away_journal port;
    struct record *disk, *waiting; /* in the order of the appends */
    bool stalled, lies;
    int broken;
};

static struct record **end_of(struct record **list)
{
    while (*list != NULL)
        list = &(*list)->next;
    return list;
}

static void free_record(struct record *r)
{
    free((void *)(uintptr_t)r->r.payload.ptr);
    free(r);
}

static struct record *find(struct record *list, const struct sah_id *id, uint8_t type, int part)
{
    struct record *found = NULL;

    for (; list != NULL; list = list->next)
        if (sah_id_equal(&list->r.id, id) && list->r.type == type && (part < 0 || list->r.part == part))
            found = list; /* the newest counts */
    return found;
}

/* As the real one: what is on its way to the disk is not open yet, so it may be appended twice. */
static bool is_open(const struct fake_journal *j, const struct sah_id *id)
{
    return find(j->disk, id, SAH_JOURNAL_RECEIVED, -1) != NULL;
}

static void forget(struct fake_journal *j, const struct sah_id *id)
{
    for (struct record **at = &j->disk; *at != NULL;) {
        struct record *r = *at;

        if (sah_id_equal(&r->r.id, id)) {
            *at = r->next;
            free_record(r);
        } else {
            at = &r->next;
        }
    }
}

static int port_append(void *data, const struct sah_journal_record *record, bool sync, sah_journal_done_fn *fn,
                       void *fn_data)
{
    struct fake_journal *j = data;
    struct record *r;
    char *payload;

    SAH_ASSERT(sync || record->type == SAH_JOURNAL_CLOSED);
    if (j->broken != SAH_OK)
        return j->broken;
    if (record->type == SAH_JOURNAL_RECEIVED && is_open(j, &record->id))
        return SAH_EEXIST;
    if (record->type != SAH_JOURNAL_RECEIVED && !is_open(j, &record->id))
        return SAH_ENOENT;
    if (record->type == SAH_JOURNAL_CLOSED) {
        SAH_ASSERT(fn == NULL);
        forget(j, &record->id);
        return SAH_OK;
    }
    r = calloc(1, sizeof *r);
    payload = malloc(record->payload.len + 1);
    SAH_ASSERT(r != NULL && payload != NULL);
    memcpy(payload, record->payload.ptr, record->payload.len);
    r->r = *record;
    r->r.payload.ptr = payload;
    r->fn = fn;
    r->data = fn_data;
    *end_of(&j->waiting) = r;
    return SAH_OK;
}

static int port_read(void *data, const struct sah_id *id, uint8_t type, uint8_t part, struct sah_buf *buf)
{
    const struct fake_journal *j = data;
    const struct record *r = find(j->disk, id, type, part);

    if (r == NULL)
        return SAH_ENOENT;
    sah_buf_add(buf, r->r.payload.ptr, r->r.payload.len);
    return buf->failed ? SAH_ELIMIT : SAH_OK;
}

static bool give(const struct fake_journal *j, const struct record *r, bool (*fn)(void *, const struct sah_journal_entry *),
                 void *fn_data)
{
    struct sah_journal_part parts[SAH_JOURNAL_PARTS_MAX];
    struct sah_journal_entry entry = {
        .id = r->r.id, .class_ = r->r.class_, .received_ms = r->r.received_ms, .parts = parts};

    for (const struct record *o = j->disk; o != NULL; o = o->next)
        if (sah_id_equal(&o->r.id, &r->r.id) && find(j->disk, &o->r.id, o->r.type, o->r.part) == o)
            parts[entry.n_parts++] = (struct sah_journal_part){
                .type = o->r.type, .part = o->r.part, .len = (uint32_t)o->r.payload.len, .received_ms = o->r.received_ms};
    return fn(fn_data, &entry);
}

static void port_each(void *data, bool (*fn)(void *data, const struct sah_journal_entry *entry), void *fn_data)
{
    static const unsigned order[] = {0, SAH_JOURNAL_UNCLASSIFIED, 1, 2, 3, 4};
    const struct fake_journal *j = data;

    for (unsigned c = 0; c < SAH_LEN(order); c++)
        for (const struct record *r = j->disk; r != NULL; r = r->next)
            if (r->r.type == SAH_JOURNAL_RECEIVED && r->r.class_ == order[c] && !give(j, r, fn, fn_data))
                return;
}

struct fake_journal *fake_journal_new(void)
{
    struct fake_journal *j = calloc(1, sizeof *j);

    SAH_ASSERT(j != NULL);
    j->port = (struct sah_away_journal){.data = j, .append = port_append, .read = port_read, .each = port_each};
    return j;
}

void fake_journal_free(struct fake_journal *j)
{
    SAH_ASSERT(j->waiting == NULL);
    while (j->disk != NULL) {
        struct record *r = j->disk;

        j->disk = r->next;
        free_record(r);
    }
    free(j);
}

const struct sah_away_journal *fake_journal_port(struct fake_journal *j)
{
    return &j->port;
}

unsigned fake_journal_run(struct fake_journal *j)
{
    unsigned n = 0;

    while (!j->stalled && j->waiting != NULL) {
        struct record *r = j->waiting;
        sah_journal_done_fn *fn = r->fn;
        void *data = r->data;

        j->waiting = r->next;
        r->next = NULL;
        r->is_lie = j->lies;
        if (r->r.type == SAH_JOURNAL_RECEIVED && is_open(j, &r->r.id))
            free_record(r); /* a second one is a copy of the same message: the first counts */
        else
            *end_of(&j->disk) = r;
        if (fn != NULL)
            fn(data, SAH_OK);
        n++;
    }
    return n;
}

void fake_journal_stall(struct fake_journal *j, bool stalled)
{
    j->stalled = stalled;
}

void fake_journal_break(struct fake_journal *j, int err)
{
    j->broken = err;
}

void fake_journal_lie(struct fake_journal *j, bool lies)
{
    j->lies = lies;
}

void fake_journal_crash(struct fake_journal *j)
{
    for (struct record **at = &j->disk; *at != NULL;) {
        struct record *r = *at;

        if (r->is_lie) {
            *at = r->next;
            free_record(r);
        } else {
            at = &r->next;
        }
    }
    while (j->waiting != NULL) {
        struct record *r = j->waiting;

        j->waiting = r->next;
        if (r->fn != NULL)
            r->fn(r->data, SAH_EIO);
        free_record(r);
    }
    j->stalled = false;
}

bool fake_journal_has(const struct fake_journal *j, const struct sah_id *id)
{
    const struct record *r = find(j->disk, id, SAH_JOURNAL_RECEIVED, -1);

    return r != NULL && !r->is_lie;
}

unsigned fake_journal_open(const struct fake_journal *j)
{
    unsigned n = 0;

    for (const struct record *r = j->disk; r != NULL; r = r->next)
        n += r->r.type == SAH_JOURNAL_RECEIVED;
    return n;
}
