/*
 * memory_store_incident - what incident.lua does, in plain memory. See memory_store_priv.h.
 *
 * Owns:    pages, work, feed and histories of the store in memory.
 * Used by: memory_store.c, memory_store_commit.c, memory_store_model.c.
 * Never:   completes.
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

#define REFIRE_MS 5000
#define ITEMS_MAX 4096

static struct memory_page *find_page(const struct sah_memory_store *memory, const char *main_id)
{
    for (size_t i = 0; i < memory->pages.n; i++) {
        struct memory_page *page = memory->pages.v[i];

        if (strcmp(page->main_id, main_id) == 0)
            return page;
    }
    return NULL;
}

static struct memory_page *the_page(struct sah_memory_store *memory, const char *main_id)
{
    struct memory_page *page = find_page(memory, main_id);

    if (page != NULL)
        return page;
    page = calloc(1, sizeof *page);
    SAH_ASSERT(page != NULL);
    sah_format(page->main_id, sizeof page->main_id, "%s", main_id);
    vec_add(&memory->pages, page);
    return page;
}

static struct memory_item *find_item(const struct sah_memory_store *memory, const char *main_id,
                                     const struct sah_id *id)
{
    for (size_t i = 0; i < memory->items.n; i++) {
        struct memory_item *item = memory->items.v[i];

        if (sah_id_equal(&item->item.message_id, id) && strcmp(item->main_id, main_id) == 0)
            return item;
    }
    return NULL;
}

/* ---- work */

static struct memory_work *find_work(const struct sah_memory_store *memory, const char *request_id,
                                     enum sah_work_kind kind)
{
    for (size_t i = 0; i < memory->works.n; i++) {
        struct memory_work *work = memory->works.v[i];

        if (work->work.kind == kind && strcmp(work->work.request_id, request_id) == 0)
            return work;
    }
    return NULL;
}

static void work_due(struct sah_memory_store *memory, const char *request_id, enum sah_work_kind kind,
                     int64_t due_ms)
{
    struct memory_work *work = find_work(memory, request_id, kind);

    if (work == NULL) {
        work = calloc(1, sizeof *work);
        SAH_ASSERT(work != NULL);
        sah_format(work->work.request_id, sizeof work->work.request_id, "%s", request_id);
        work->work.kind = kind;
        vec_add(&memory->works, work);
    }
    work->due_ms = due_ms;
}

static bool has_untold(const struct sah_memory_store *memory, const char *main_id)
{
    for (size_t i = 0; i < memory->items.n; i++) {
        const struct memory_item *item = memory->items.v[i];

        if (!item->told && strcmp(item->main_id, main_id) == 0)
            return true;
    }
    return false;
}

void model_work_over(struct sah_memory_store *memory, const char *request_id, enum sah_work_kind kind)
{
    if (kind == SAH_WORK_TELL && has_untold(memory, request_id))
        return;
    for (size_t i = 0; i < memory->works.n; i++) {
        struct memory_work *work = memory->works.v[i];

        if (work->work.kind != kind || strcmp(work->work.request_id, request_id) != 0)
            continue;
        vec_remove(&memory->works, i);
        free(work);
        return;
    }
}

/* Oldest due first; of the same moment by name, as Redis gives them. */
static bool is_before(const struct memory_work *a, const struct memory_work *b)
{
    int order = strcmp(a->work.request_id, b->work.request_id);

    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return order != 0 ? order < 0 : a->work.kind < b->work.kind;
}

void model_tick_works(struct sah_memory_store *memory, struct sah_ticked *ret)
{
    while (ret->n_works < SAH_WORK_MAX) {
        struct memory_work *best = NULL;

        for (size_t i = 0; i < memory->works.n; i++) {
            struct memory_work *work = memory->works.v[i];

            if (work->due_ms <= memory->now_ms && (best == NULL || is_before(work, best)))
                best = work;
        }
        if (best == NULL)
            return;
        best->due_ms = memory->now_ms + REFIRE_MS;
        ret->works[ret->n_works++] = best->work;
    }
    ret->more = 1;
}

/* ---- of a commit */

bool model_incident_good(const struct sah_change *c)
{
    bool good = c->main_id[0] == '\0' || sah_request_id_parse(sah_slice_of(c->main_id), NULL, NULL) == SAH_OK;

    good = good && (c->expected_revision == 0 || c->incident_id[0] == '\0' || c->incident_id[0] == 'I');
    for (unsigned i = 0; i < c->n_carried; i++)
        good = good && strlen(c->carried[i].key) == SAH_KEY_SIZE - 1 && strlen(c->carried[i].by) == SAH_KEY_SIZE - 1;
    return good && c->n_told <= SAH_TOLD_MAX && c->n_carried <= SAH_CARRIED_MAX && c->history <= SAH_HISTORY_CONFIRMED;
}

struct memory_history *model_history(const struct sah_memory_store *memory, uint64_t sender)
{
    for (size_t i = 0; sender != 0 && i < memory->histories.n; i++) {
        struct memory_history *history = memory->histories.v[i];

        if (history->sender == sender)
            return history;
    }
    return NULL;
}

static void store_history(struct sah_memory_store *memory, uint64_t sender, enum sah_history_kind kind)
{
    struct memory_history *h = model_history(memory, sender);

    if (h == NULL) {
        h = calloc(1, sizeof *h);
        SAH_ASSERT(h != NULL);
        h->sender = sender;
        h->counts.first_seen_ms = memory->now_ms;
        vec_add(&memory->histories, h);
    }
    h->counts.false_reports += kind == SAH_HISTORY_FALSE_REPORT;
    h->counts.false_alarms += kind == SAH_HISTORY_FALSE_ALARM;
    h->counts.no_patient += kind == SAH_HISTORY_NO_PATIENT;
    h->counts.confirmed += kind == SAH_HISTORY_CONFIRMED;
}

static void tell(struct sah_memory_store *memory, const struct sah_change *c)
{
    struct memory_page *page = the_page(memory, c->request_id);

    for (unsigned i = 0; i < c->n_told; i++) {
        struct memory_item *item = find_item(memory, c->request_id, &c->told[i]);

        if (item != NULL && !item->told) {
            item->told = true;
            item->told_place = ++memory->told_places;
            item->item.told_by = c->message_id;
        }
    }
    page->has_told = true;
    page->told_ms = memory->now_ms;
    if (has_untold(memory, c->request_id))
        work_due(memory, c->request_id, SAH_WORK_TELL, memory->now_ms + c->update_ms);
    else
        model_work_over(memory, c->request_id, SAH_WORK_TELL);
}

void model_incident_store(struct sah_memory_store *memory, struct memory_request *r, const struct sah_change *c)
{
    if (r->sender == 0)
        r->sender = c->sender;
    if (c->set_main) {
        memcpy(r->view.main_id, c->main_id, sizeof r->view.main_id);
        if (c->main_id[0] != '\0')
            work_due(memory, c->request_id, SAH_WORK_JOIN, memory->now_ms + REFIRE_MS);
        else
            model_work_over(memory, c->request_id, SAH_WORK_JOIN);
    }
    if (c->left != SAH_LEFT_AS_IT_IS)
        r->view.left = c->left == SAH_LEFT_YES;
    if (c->note[0] != '\0')
        memcpy(r->view.note, c->note, sizeof r->view.note);
    if (c->n_told > 0 && c->bytes.len > 0)
        tell(memory, c);
    if (r->sender != 0)
        store_history(memory, r->sender, c->history);
    if (c->feed[0] != '\0') {
        struct memory_fed *fed = calloc(1, sizeof *fed);

        SAH_ASSERT(fed != NULL);
        fed->at_ms = memory->now_ms;
        memcpy(fed->text, c->feed, sizeof fed->text);
        vec_add(&memory->fed, fed);
    }
}

void model_carry(struct sah_memory_store *memory, const struct sah_change *c)
{
    struct sah_settle done = {.kind = SAH_SETTLE_DONE};

    for (unsigned i = 0; i < c->n_carried; i++) {
        struct sah_memory_delivery *d = model_delivery(memory, c->carried[i].key);

        if (d == NULL || strcmp(d->request_id, c->request_id) != 0 || d->state == SAH_MEMORY_DONE)
            continue;
        memcpy(d->carried_by, c->carried[i].by, sizeof d->carried_by);
        model_settle_apply(memory, d, &done);
    }
}

void model_incident_changed(struct sah_memory_store *memory, const struct sah_change *c)
{
    const struct memory_page *page = find_page(memory, c->request_id);

    if (page != NULL && page->n_members > 0 &&
        (c->settle.kind != SAH_SETTLE_NONE || c->n_events > 0 || c->closed_ms >= 0))
        work_due(memory, c->request_id, SAH_WORK_FOLLOW, memory->now_ms);
}

/* ---- operations */

int model_join(struct sah_memory_store *memory, const char *main_id, const struct sah_item *item, bool at_once,
               uint32_t update_ms)
{
    struct memory_request *r = model_request(memory, main_id);
    struct memory_page *page;
    const struct memory_work *before;
    struct memory_item *added;
    int64_t due_ms = memory->now_ms;
    bool is_new = true;
    size_t n = 0;

    if (r == NULL)
        return SAH_ENOENT;
    if (find_item(memory, main_id, &item->message_id) != NULL)
        return SAH_OK;
    if (r->view.closed_ms > 0)
        return SAH_ECONFLICT;
    page = the_page(memory, main_id);
    for (unsigned i = 0; i < page->n_members; i++)
        is_new = is_new && strcmp(page->members[i], item->member) != 0;
    if (is_new && item->leaves)
        return SAH_OK;
    for (size_t i = 0; i < memory->items.n; i++)
        n += strcmp(((struct memory_item *)memory->items.v[i])->main_id, main_id) == 0;
    if (n >= ITEMS_MAX || (is_new && page->n_members == SAH_MEMBERS_MAX))
        return SAH_ELIMIT;
    if (is_new) {
        memcpy(page->members[page->n_members++], item->member, SAH_REQUEST_ID_SIZE);
        r->view.n_members++;
        r->view.revision++;
    }
    added = calloc(1, sizeof *added);
    SAH_ASSERT(added != NULL);
    memcpy(added->main_id, main_id, sizeof added->main_id);
    added->item = *item;
    memset(&added->item.told_by, 0, sizeof added->item.told_by);
    vec_add(&memory->items, added);
    if (!at_once && page->has_told && memory->now_ms - page->told_ms < (int64_t)update_ms)
        due_ms = (memory->now_ms < page->told_ms ? memory->now_ms : page->told_ms) + update_ms;
    before = find_work(memory, main_id, SAH_WORK_TELL);
    work_due(memory, main_id, SAH_WORK_TELL, before != NULL && before->due_ms < due_ms ? before->due_ms : due_ms);
    return SAH_OK;
}

/* The one with the lowest place above `after` among the told ones of the page that are not over. */
static struct memory_item *next_told(const struct sah_memory_store *memory, const char *main_id, uint64_t after)
{
    struct memory_item *best = NULL;

    for (size_t i = 0; i < memory->items.n; i++) {
        struct memory_item *item = memory->items.v[i];

        if (item->told && !item->over && item->told_place > after && strcmp(item->main_id, main_id) == 0 &&
            (best == NULL || item->told_place < best->told_place))
            best = item;
    }
    return best;
}

static void add_update(const struct sah_memory_store *memory, const struct sah_id *id, struct sah_page *ret)
{
    struct sah_update *u;

    for (unsigned i = 0; i < ret->n_updates; i++)
        if (sah_id_equal(&ret->updates[i].id, id))
            return;
    u = &ret->updates[ret->n_updates++];
    u->id = *id;
    for (size_t i = 0; i < memory->deliveries.n; i++) {
        const struct sah_memory_delivery *d = memory->deliveries.v[i];
        struct sah_update_at *at = &u->at[u->n];

        if (!sah_id_equal(&d->message_id, id) || u->n == SAH_LINES_MAX)
            continue;
        memcpy(at->agency, d->agency, sizeof at->agency);
        memcpy(at->key, d->key, sizeof at->key);
        at->heard = d->state == SAH_MEMORY_DONE   ? SAH_HEARD_DONE
                    : d->state == SAH_MEMORY_DEAD ? SAH_HEARD_DEAD
                                                  : SAH_HEARD_PENDING;
        u->n++;
    }
}

int model_page(const struct sah_memory_store *memory, const char *main_id, struct sah_page *ret)
{
    const struct memory_request *r = model_request(memory, main_id);
    const struct memory_page *page = find_page(memory, main_id);
    struct memory_item *item = NULL;

    if (r == NULL)
        return SAH_ENOENT;
    ret->revision = r->view.revision;
    if (page == NULL)
        return SAH_OK;
    ret->n_members = page->n_members;
    memcpy(ret->members, page->members, sizeof ret->members);
    for (size_t i = 0; i < memory->items.n && ret->n_untold < SAH_TOLD_MAX; i++) {
        item = memory->items.v[i];
        if (!item->told && strcmp(item->main_id, main_id) == 0)
            ret->untold[ret->n_untold++] = item->item;
    }
    item = next_told(memory, main_id, 0);
    for (; item != NULL && ret->n_told < SAH_TOLD_MAX; item = next_told(memory, main_id, item->told_place)) {
        ret->told[ret->n_told++] = item->item;
        add_update(memory, &item->item.told_by, ret);
    }
    return SAH_OK;
}

void model_page_done(struct sah_memory_store *memory, const char *main_id, const struct sah_page_done *done)
{
    struct memory_request *r = model_request(memory, main_id);
    struct memory_page *page = find_page(memory, main_id);

    for (unsigned i = 0; i < done->n_over; i++) {
        struct memory_item *item = find_item(memory, main_id, &done->over[i]);

        if (item != NULL)
            item->told = item->over = true;
    }
    for (unsigned i = 0; page != NULL && r != NULL && i < done->n_left; i++)
        for (unsigned j = 0; j < page->n_members; j++) {
            if (strcmp(page->members[j], done->left[i]) != 0)
                continue;
            memmove(page->members[j], page->members[j + 1],
                    (page->n_members - j - 1) * sizeof page->members[0]);
            page->n_members--;
            r->view.n_members--;
            r->view.revision++;
            break;
        }
    if (done->all && (r != NULL ? r->view.revision : 0) == done->revision)
        model_work_over(memory, main_id, SAH_WORK_FOLLOW);
}

void model_feed(const struct sah_memory_store *memory, uint32_t window_ms, struct sah_fed *ret)
{
    char *cursor = ret->cursor.at[0];
    uint64_t from = 0, ms = 0;
    const char *dash = strchr(cursor, '-');

    if (dash != NULL &&
        (sah_parse_u64((struct sah_slice){cursor, (size_t)(dash - cursor)}, 0, UINT64_MAX, &ms) != SAH_OK ||
         sah_parse_u64(sah_slice_of(dash + 1), 0, UINT64_MAX, &from) != SAH_OK))
        return;
    for (size_t i = from; i < memory->fed.n && ret->n < SAH_FEED_MAX; i++) {
        const struct memory_fed *fed = memory->fed.v[i];

        if (dash == NULL && fed->at_ms < memory->now_ms - (int64_t)window_ms)
            continue;
        memcpy(ret->rows[ret->n++], fed->text, SAH_FEED_SIZE);
        sah_format(cursor, sizeof ret->cursor.at[0], "%llu-%zu", (unsigned long long)fed->at_ms, i + 1);
    }
    ret->more = ret->n == SAH_FEED_MAX;
}

/* Everything about a request that moves into another store (memory_store_move.c). */
static void forget_where(struct vec *vec, const char *request_id, const char *(*name)(const void *item))
{
    for (size_t i = vec->n; i > 0; i--)
        if (strcmp(name(vec->v[i - 1]), request_id) == 0) {
            free(vec->v[i - 1]);
            vec_remove(vec, i - 1);
        }
}

static const char *work_name(const void *item)
{
    return ((const struct memory_work *)item)->work.request_id;
}

static const char *item_name(const void *item)
{
    return ((const struct memory_item *)item)->main_id;
}

static const char *page_name(const void *item)
{
    return ((const struct memory_page *)item)->main_id;
}

void model_incident_forget(struct sah_memory_store *memory, const char *request_id)
{
    forget_where(&memory->works, request_id, work_name);
    forget_where(&memory->items, request_id, item_name);
    forget_where(&memory->pages, request_id, page_name);
}
