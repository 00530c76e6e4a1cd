/*
 * memory_store_place - where the store in memory finds what it has to do next: what is ready of each
 * endpoint and class by accept sequence, leases, delays, waits and timers by their time.
 *
 * Owns:    the queues. Used by: the other files of the store in memory.
 * Never:   decides what becomes of anything.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

static uint64_t number_of(const void *item, size_t number_at)
{
    uint64_t number;

    memcpy(&number, (const char *)item + number_at, sizeof number);
    return number;
}

void vec_forget(struct vec *vec, const void *item, size_t number_at)
{
    uint64_t number = number_of(item, number_at);
    size_t low = 0, high = vec->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (number_of(vec->v[middle], number_at) < number)
            low = middle + 1;
        else
            high = middle;
    }
    SAH_ASSERT(low < vec->n && vec->v[low] == item);
    vec_remove(vec, low);
}

static struct memory_queue *queue_of(struct sah_memory_store *memory, const char *endpoint)
{
    struct memory_queue *queue = index_find(&memory->queue_of, endpoint, strlen(endpoint));

    if (queue != NULL)
        return queue;
    queue = calloc(1, sizeof *queue);
    SAH_ASSERT(queue != NULL);
    (void)sah_format(queue->endpoint, sizeof queue->endpoint, "%s", endpoint);
    vec_add(&memory->queues, queue);
    index_add(&memory->queue_of, queue->endpoint, strlen(queue->endpoint), queue);
    return queue;
}

/* What waits for its turn and is no P0 or P1 goes by turn alone. */
static void place_waiting(struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    const struct memory_request *r = model_request(memory, d->request_id);

    heap_place(&d->place, &memory->waiting, sah_priority_class(r->view.priority) <= 1 ? d->goes_ms : INT64_MAX);
}

/* What is held is ready for nobody. */
static void place_ready(struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    const struct memory_request *r = memory->n_held > 0 ? model_request(memory, d->request_id) : NULL;

    if (r != NULL && r->held)
        heap_place(&d->place, NULL, 0);
    else
        heap_place(&d->place, &queue_of(memory, d->endpoint)->ready[d->class], (int64_t)d->accept_seq);
}

void model_place(struct sah_memory_store *memory, struct sah_memory_delivery *d)
{
    switch (d->state) {
    case SAH_MEMORY_READY:
        place_ready(memory, d);
        return;
    case SAH_MEMORY_LEASED:
        heap_place(&d->place, &memory->leased, d->due_ms);
        return;
    case SAH_MEMORY_DELAYED:
        (void)queue_of(memory, d->endpoint); /* it is known from now on */
        heap_place(&d->place, &memory->delayed, d->due_ms);
        return;
    case SAH_MEMORY_WAITING:
        place_waiting(memory, d);
        return;
    case SAH_MEMORY_DONE:
    case SAH_MEMORY_DEAD:
        heap_place(&d->place, NULL, 0);
        return;
    }
}

void model_place_timers(struct sah_memory_store *memory, struct memory_request *r)
{
    int64_t first_ms = INT64_MAX;

    for (unsigned i = 0; i < r->view.n_lines && !r->held; i++)
        if (r->timers[i].armed && r->timers[i].next_ms < first_ms)
            first_ms = r->timers[i].next_ms;
    heap_place(&r->place, first_ms < INT64_MAX ? &memory->timed : NULL, first_ms);
}

void model_place_fini(struct sah_memory_store *memory)
{
    for (size_t i = 0; i < memory->queues.n; i++) {
        struct memory_queue *queue = memory->queues.v[i];

        for (unsigned c = 0; c < SAH_N_CLASSES; c++)
            heap_fini(&queue->ready[c]);
    }
    vec_fini(&memory->queues);
    index_fini(&memory->queue_of);
    heap_fini(&memory->leased);
    heap_fini(&memory->delayed);
    heap_fini(&memory->waiting);
    heap_fini(&memory->timed);
}

/* Its number is in its name. */
void model_forget_event(struct sah_memory_store *memory, const char *event_id)
{
    const char *digits = strlen(event_id) > 5 ? event_id + 5 : "";
    size_t low = 0, high = memory->events.n;
    struct memory_request *r;
    struct memory_event *e;
    uint64_t seq = 0;

    if (sah_parse_u64(sah_slice_of(digits), 0, UINT64_MAX, &seq) != SAH_OK)
        return;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (((const struct memory_event *)memory->events.v[middle])->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    e = low < memory->events.n ? memory->events.v[low] : NULL;
    if (e == NULL || strcmp(e->event.event_id, event_id) != 0)
        return;
    r = model_request(memory, e->event.status.request_id);
    if (r != NULL)
        vec_forget(&r->events, e, offsetof(struct memory_event, seq));
    vec_remove(&memory->events, low);
    free(e);
}
