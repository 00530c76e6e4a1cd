/*
 * memory_store_model - what the functions of the Lua files of router/store do, in plain C on
 * plain memory.
 *
 * Owns: the meaning of each step.
 * Used by: memory_store.c.
 * Never:   completes anything.
 * Names are found by hash; what is due is found by heap (memory_store_place.c).
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

#define OWNERS_MAX 16 /* of which a tick looks at the oldest */

struct sah_memory_delivery *model_delivery(const struct sah_memory_store *memory,
                                           const char *key)
{
    return index_find(&memory->delivery_of, key, strlen(key));
}

struct memory_message *model_message(const struct sah_memory_store *memory,
                                     const struct sah_id *id)
{
    return index_find(&memory->message_of, id, sizeof *id);
}

struct memory_request *model_request(const struct sah_memory_store *memory,
                                     const char *request_id)
{
    return index_find(&memory->request_of, request_id, strlen(request_id));
}

static unsigned class_of(const struct sah_memory_store *memory,
                         const struct sah_memory_delivery *d)
{
    return sah_priority_class(model_request(memory, d->request_id)->view.priority);
}

/* ---- order (I10) */

static bool is_over(const struct sah_memory_delivery *d)
{
    return d->state == SAH_MEMORY_DONE || d->state == SAH_MEMORY_DEAD;
}

static bool is_before(const struct sah_memory_delivery *a, const struct sah_memory_delivery *b)
{
    return a->sequence != b->sequence ? a->sequence < b->sequence : strcmp(a->key, b->key) < 0;
}

/* Done before, to go out once more, and not tried since: the agency has it, and it starts no bound. */
static bool is_once_more(const struct sah_memory_delivery *d)
{
    return d->attempts > 0 && d->first_ms < 0;
}

/* Among the unsettled ones of the same request and agency: the first, but for those once more, and
 * the one just before. */
static void ahead_of(const struct sah_memory_store *memory, const struct sah_memory_delivery *d,
                     const struct sah_memory_delivery **ret_head,
                     const struct sah_memory_delivery **ret_before)
{
    const struct vec *own = &model_request(memory, d->request_id)->deliveries;

    *ret_head = *ret_before = NULL;
    for (size_t i = 0; i < own->n; i++) {
        const struct sah_memory_delivery *o = own->v[i];

        if (o == d || is_over(o) || strcmp(o->agency, d->agency) != 0 || !is_before(o, d))
            continue;
        if (!is_once_more(o) && (*ret_head == NULL || is_before(o, *ret_head)))
            *ret_head = o;
        if (*ret_before == NULL || is_before(*ret_before, o))
            *ret_before = o;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A time that was set stands, whoever is first by then. */
static bool may_go(const struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    const struct sah_memory_delivery *head, *before;
    int64_t bound = memory->settings.order_bound_ms;

    ahead_of(memory, d, &head, &before);
    if (before == NULL)
        return true;
    if (class_of(memory, d) > 1)
        return false;
    if (before->first_ms >= 0)
        d->goes_ms = earlier(d->goes_ms, before->first_ms + bound);
    if (head != NULL && head->first_ms >= 0)
        d->goes_ms = earlier(d->goes_ms, (d->waiting_ms > head->first_ms ? d->waiting_ms : head->first_ms) + bound);
    return d->goes_ms <= memory->now_ms;
}

static void make_ready(struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    d->state = SAH_MEMORY_READY;
    d->class = class_of(memory, d);
    model_place(memory, d);
}

bool model_ready_or_wait(struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    if (d->state != SAH_MEMORY_WAITING) {
        d->waiting_ms = memory->now_ms;
        d->goes_ms = INT64_MAX;
    }
    d->state = SAH_MEMORY_WAITING;
    if (!may_go(memory, d)) {
        model_place(memory, d);
        return false;
    }
    make_ready(memory, d);
    return true;
}

static void release_next(struct sah_memory_store *memory,
                         const struct sah_memory_delivery *over)
{
    const struct vec *own = &model_request(memory, over->request_id)->deliveries;
    struct sah_memory_delivery *next = NULL;

    for (size_t i = 0; i < own->n; i++) {
        struct sah_memory_delivery *o = own->v[i];

        if (o->state == SAH_MEMORY_WAITING && strcmp(o->agency, over->agency) == 0 && (next == NULL || is_before(o, next)))
            next = o;
    }
    if (next != NULL)
        model_ready_or_wait(memory, next);
}

/* A first lease or delay starts the bound for those that wait behind. */
static void touch(struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    const struct vec *own = &model_request(memory, d->request_id)->deliveries;

    if (d->first_ms >= 0)
        return;
    d->first_ms = memory->now_ms;
    for (size_t i = 0; i < own->n && class_of(memory, d) <= 1; i++) {
        struct sah_memory_delivery *o = own->v[i];

        if (o->state != SAH_MEMORY_WAITING || strcmp(o->agency, d->agency) != 0 || !is_before(d, o))
            continue;
        o->goes_ms = earlier(o->goes_ms, memory->now_ms + memory->settings.order_bound_ms);
        model_place(memory, o);
    }
}

/* ---- settle */

struct sah_memory_delivery *model_settle_target(const struct sah_memory_store *memory,
                                                const struct sah_settle *settle,
                                                const char *request_id)
{
    struct sah_memory_delivery *d = model_delivery(memory, settle->key);

    if (d == NULL || (request_id != NULL && strcmp(d->request_id, request_id) != 0))
        return NULL;
    if (settle->kind != SAH_SETTLE_DONE &&
        (d->state != SAH_MEMORY_LEASED || d->epoch != settle->epoch))
        return NULL;
    return d;
}

void model_settle_apply(struct sah_memory_store *memory, struct sah_memory_delivery *d,
                        const struct sah_settle *settle)
{
    d->fell_back |= settle->fell_back;
    if (d->state == SAH_MEMORY_DONE)
        return; /* said twice */
    d->possible_duplicate |= settle->outcome == SAH_ANSWER_UNKNOWN;
    if (settle->kind == SAH_SETTLE_DELAY) {
        if (settle->outcome != SAH_ANSWER_POISON)
            d->answered = d->attempts;
        memcpy(d->endpoint, settle->endpoint, sizeof d->endpoint);
        touch(memory, d);
        d->due_ms = memory->now_ms + settle->delay_ms;
        d->state = SAH_MEMORY_DELAYED;
        if (settle->delay_ms == 0)
            make_ready(memory, d);
        else
            model_place(memory, d);
        return;
    }
    d->state = settle->kind == SAH_SETTLE_DONE ? SAH_MEMORY_DONE : SAH_MEMORY_DEAD;
    d->dead_ms = memory->now_ms;
    d->why = settle->outcome;
    model_place(memory, d);
    release_next(memory, d);
}

int model_settle(struct sah_memory_store *memory, const struct sah_settle *settle)
{
    struct sah_memory_delivery *d = model_settle_target(memory, settle, NULL);

    if (d == NULL)
        return SAH_ENOENT;
    model_settle_apply(memory, d, settle);
    return SAH_OK;
}

/* ---- queues */

static void lease_one(struct sah_memory_store *memory, struct sah_memory_delivery *d,
                      struct sah_leased *ret)
{
    const struct memory_request *r = model_request(memory, d->request_id);
    const struct memory_message *m = model_message(memory, &d->message_id);

    d->state = SAH_MEMORY_LEASED;
    d->epoch++;
    d->attempts++;
    d->owner = memory->owner;
    d->due_ms = memory->now_ms + memory->settings.lease_ms[d->class];
    model_place(memory, d);
    touch(memory, d);
    memset(ret, 0, sizeof *ret);
    memcpy(ret->key, d->key, sizeof ret->key);
    ret->epoch = d->epoch;
    memcpy(ret->request_id, d->request_id, sizeof ret->request_id);
    memcpy(ret->incident_id, r->view.incident_id, sizeof ret->incident_id);
    memcpy(ret->agency, d->agency, sizeof ret->agency);
    memcpy(ret->endpoint, d->endpoint, sizeof ret->endpoint);
    ret->priority = r->view.priority;
    ret->kind = d->kind;
    ret->sequence = d->sequence;
    ret->attempts = d->attempts;
    ret->unanswered = d->attempts - d->answered;
    ret->possible_duplicate = d->possible_duplicate;
    ret->fell_back = d->fell_back;
    ret->accepted_ms = d->accepted_ms - memory->offset_ms;
    int64_t since_ms = d->replayed_ms > 0 ? d->replayed_ms : d->accepted_ms;

    ret->age_ms = memory->now_ms > since_ms ? (uint64_t)(memory->now_ms - since_ms) : 0;
    memcpy(ret->service, r->service, sizeof ret->service);
    memcpy(ret->incident_type, r->incident_type, sizeof ret->incident_type);
    memcpy(ret->rule, r->rule, sizeof ret->rule);
    ret->n_previous = d->n_previous;
    memcpy(ret->previous, d->previous, sizeof ret->previous);
    memcpy(ret->note, r->view.note, sizeof ret->note);
    ret->repeats = r->view.repeats;
    if (model_history(memory, r->sender) != NULL)
        ret->history = model_history(memory, r->sender)->counts;
    ret->bytes = (struct sah_slice){m->bytes, m->len};
}

/* ---- owners of leases */

static void beat(struct sah_memory_store *memory)
{
    struct memory_owner *own = &memory->owners[memory->owner];
    int64_t dead_ms = memory->settings.owner_dead_ms, newest = INT64_MIN, ago;

    for (unsigned i = 0; i < SAH_MEMORY_OWNERS; i++) {
        if (memory->owners[i].known && memory->owners[i].beat_ms > newest)
            newest = memory->owners[i].beat_ms;
    }
    if ((newest != INT64_MIN && memory->now_ms - newest > dead_ms) ||
        memory->judged_since_ms > memory->now_ms)
        memory->judged_since_ms = memory->now_ms;
    ago = memory->now_ms - own->beat_ms;
    if (!own->known || (ago < 0 ? -ago : ago) * 4 >= dead_ms)
        *own = (struct memory_owner){.known = true, .beat_ms = memory->now_ms};
}

/* The one of oldest beat among those that did not beat for too long, but for those looked at.
 */
static struct memory_owner *silent_owner(struct sah_memory_store *memory, const bool *looked_at)
{
    struct memory_owner *oldest = NULL;

    if (memory->now_ms - memory->judged_since_ms <= memory->settings.owner_dead_ms)
        return NULL;
    for (unsigned i = 0; i < SAH_MEMORY_OWNERS; i++) {
        struct memory_owner *o = &memory->owners[i];

        if (o->known && !looked_at[i] &&
            memory->now_ms - o->beat_ms > memory->settings.owner_dead_ms &&
            (oldest == NULL || o->beat_ms < oldest->beat_ms))
            oldest = o;
    }
    return oldest;
}

static int by_due(const void *a, const void *b)
{
    const struct sah_memory_delivery *x = *(struct sah_memory_delivery *const *)a;
    const struct sah_memory_delivery *y = *(struct sah_memory_delivery *const *)b;

    return x->due_ms != y->due_ms ? (x->due_ms < y->due_ms ? -1 : 1) : strcmp(x->key, y->key);
}

/* True when none is left; what it looked at counts against the limit. */
static bool take_home(struct sah_memory_store *memory, unsigned owner, unsigned limit,
                      unsigned *looked, struct sah_ticked *ret)
{
    struct sah_memory_delivery **own = calloc(memory->leased.n + 1, sizeof *own);
    size_t n = 0, i = 0;

    SAH_ASSERT(own != NULL);
    for (size_t j = 0; j < memory->leased.n; j++) {
        struct sah_memory_delivery *d = memory->leased.v[j]->item;

        if (d->owner == owner)
            own[n++] = d;
    }
    qsort(own, n, sizeof *own, by_due);
    for (; i < n && *looked < limit; i++) {
        (*looked)++;
        ret->moved++;
        own[i]->epoch++;
        own[i]->possible_duplicate = true;
        make_ready(memory, own[i]);
    }
    free(own);
    return i == n;
}

static void tick_owners(struct sah_memory_store *memory, unsigned limit, unsigned *looked,
                        struct sah_ticked *ret)
{
    bool looked_at[SAH_MEMORY_OWNERS] = {false};
    struct memory_owner *silent;
    unsigned n = 0;

    beat(memory);
    for (; n < OWNERS_MAX && (silent = silent_owner(memory, looked_at)) != NULL; n++) {
        unsigned owner = (unsigned)(silent - memory->owners);

        looked_at[owner] = true;
        silent->known = !take_home(memory, owner, limit, looked, ret);
        ret->more |= silent->known;
    }
    ret->more |= n == OWNERS_MAX;
}

unsigned model_lease(struct sah_memory_store *memory, const char *endpoint, unsigned max_class,
                     unsigned n, struct sah_leased *ret)
{
    const struct memory_queue *queue = index_find(&memory->queue_of, endpoint, strlen(endpoint));
    unsigned got = 0;

    for (unsigned class = 0; queue != NULL && class <= max_class; class ++) {
        struct sah_memory_delivery *d;

        while (got < n && (d = heap_first(&queue->ready[class])) != NULL)
            lease_one(memory, d, &ret[got++]);
    }
    if (got > 0)
        beat(memory);
    return got;
}

/* One round over what is due in a state; counts what it looked at against the limit. */
static void tick_state(struct sah_memory_store *memory, const struct memory_heap *heap, unsigned limit,
                       unsigned *looked, struct sah_ticked *ret)
{
    struct sah_memory_delivery *d;

    while ((d = heap_first(heap)) != NULL && d->place.by <= memory->now_ms) {
        bool was_leased = d->state == SAH_MEMORY_LEASED;

        if (*looked == limit) {
            ret->more = 1;
            return;
        }
        (*looked)++;
        if (d->state == SAH_MEMORY_DELAYED && d->attempts == 0) { /* held so far: in its order */
            ret->moved += model_ready_or_wait(memory, d);
            continue;
        }
        ret->moved++;
        d->epoch += was_leased;
        d->possible_duplicate |= was_leased;
        make_ready(memory, d);
    }
}

#define REFIRE_MS 5000

static void give_timer(const struct sah_memory_store *memory, struct memory_request *r,
                       unsigned i, struct sah_ticked *ret)
{
    struct sah_due_timer *out;

    if (ret->n_timers == SAH_DUE_MAX) {
        ret->more = 1;
        return;
    }
    out = &ret->timers[ret->n_timers++];
    memcpy(out->request_id, r->view.request_id, sizeof out->request_id);
    memcpy(out->agency, r->view.lines[i].agency, sizeof out->agency);
    out->kind = r->view.lines[i].timer;
    out->level = r->view.lines[i].timer_level;
    out->late_ms =
        (uint32_t)(memory->now_ms > r->timers[i].due_ms ? memory->now_ms - r->timers[i].due_ms
                                                        : 0);
    r->timers[i].next_ms = memory->now_ms + REFIRE_MS;
}

static void tick_timers(struct sah_memory_store *memory, struct sah_ticked *ret)
{
    struct memory_request *r;

    while ((r = heap_first(&memory->timed)) != NULL && r->place.by <= memory->now_ms) {
        for (unsigned j = 0; j < r->view.n_lines; j++)
            if (r->timers[j].armed && r->timers[j].next_ms <= memory->now_ms)
                give_timer(memory, r, j, ret);
        if (ret->more && ret->n_timers == SAH_DUE_MAX)
            return;
        model_place_timers(memory, r);
    }
}

void model_tick(struct sah_memory_store *memory, unsigned limit, struct sah_ticked *ret)
{
    unsigned looked = 0;

    tick_state(memory, &memory->leased, limit, &looked, ret);
    tick_owners(memory, limit, &looked, ret);
    tick_state(memory, &memory->waiting, limit, &looked, ret);
    tick_state(memory, &memory->delayed, limit, &looked, ret);
    tick_timers(memory, ret);
    ret->clock_jumps = memory->n_jumps;
    ret->clock_offset_ms = memory->offset_ms;
    model_tick_works(memory, ret);
    ret->waiting = (unsigned)(memory->leased.n + memory->delayed.n);
}

static void count_in(const struct sah_memory_store *memory, const struct sah_memory_delivery *d,
                     struct sah_queue_stat *q)
{
    uint64_t age =
        memory->now_ms > d->accepted_ms ? (uint64_t)(memory->now_ms - d->accepted_ms) : 0;

    q->leased += d->state == SAH_MEMORY_LEASED;
    q->delayed += d->state == SAH_MEMORY_DELAYED;
    q->dead += d->state == SAH_MEMORY_DEAD;
    if (d->state != SAH_MEMORY_READY)
        return;
    q->ready[d->class]++;
    if (age > q->oldest_age_ms[d->class])
        q->oldest_age_ms[d->class] = age;
}

void model_stats(const struct sah_memory_store *memory, struct sah_store_stats *stats,
                 struct sah_queue_stat *queues)
{
    struct sah_queue_stat all = {0};

    for (size_t i = 0; i < memory->deliveries.n; i++) {
        const struct sah_memory_delivery *d = memory->deliveries.v[i];

        count_in(memory, d, &all);
        for (unsigned q = 0; q < stats->n_queues; q++) {
            if (strcmp(queues[q].endpoint, d->endpoint) == 0)
                count_in(memory, d, &queues[q]);
        }
    }
    stats->leased = all.leased;
    stats->delayed = all.delayed;
    stats->dead = all.dead;
    stats->outbox = memory->events.n;
    stats->quarantined = memory->n_quarantined;
    stats->accepted = memory->n_accepted;
    stats->duplicates = memory->n_duplicates;
}

/* ---- outbox */

unsigned model_take(struct sah_memory_store *memory, const char *channel, unsigned n,
                    uint32_t lease_ms, struct sah_outbox_event *ret)
{
    unsigned got = 0;

    for (int emergency = 1; emergency >= 0; emergency--) {
        for (size_t i = 0; i < memory->events.n && got < n; i++) {
            struct memory_event *e = memory->events.v[i];

            if (e->event.emergency != (emergency == 1) ||
                strcmp(e->event.channel, channel) != 0 || e->hidden_until_ms > memory->now_ms)
                continue;
            e->hidden_until_ms = memory->now_ms + lease_ms;
            ret[got++] = e->event;
        }
    }
    return got;
}
