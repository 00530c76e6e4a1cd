/*
 * memory_heap - a binary heap whose things know where they are. See memory_heap.h.
 */
#include "store/memory_heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sahaya/obj.h>

static bool is_before(const struct memory_place *a, const struct memory_place *b)
{
    return a->by != b->by ? a->by < b->by : strcmp(a->name, b->name) < 0;
}

static void put(struct memory_heap *heap, size_t at, struct memory_place *place)
{
    heap->v[at] = place;
    place->at = at;
}

static void up(struct memory_heap *heap, struct memory_place *place)
{
    size_t at = place->at;

    for (; at > 0 && is_before(place, heap->v[(at - 1) / 2]); at = (at - 1) / 2)
        put(heap, at, heap->v[(at - 1) / 2]);
    put(heap, at, place);
}

static void down(struct memory_heap *heap, struct memory_place *place)
{
    size_t at = place->at;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < heap->n && is_before(heap->v[child + 1], heap->v[child]))
            child++;
        if (child >= heap->n || !is_before(heap->v[child], place))
            break;
        put(heap, at, heap->v[child]);
        at = child;
    }
    put(heap, at, place);
}

static void take_out(struct memory_place *place)
{
    struct memory_heap *heap = place->heap;
    struct memory_place *last = heap->v[--heap->n];

    place->heap = NULL;
    if (last == place)
        return;
    put(heap, place->at, last);
    up(heap, last);
    down(heap, last);
}

static void put_in(struct memory_place *place, struct memory_heap *heap)
{
    if (heap->n == heap->cap) {
        size_t cap = heap->cap == 0 ? 16 : heap->cap * 2;
        struct memory_place **v = realloc(heap->v, cap * sizeof *v);

        SAH_ASSERT(v != NULL);
        heap->v = v;
        heap->cap = cap;
    }
    place->heap = heap;
    place->at = heap->n++;
    up(heap, place);
}

void heap_place(struct memory_place *place, struct memory_heap *heap, int64_t by)
{
    if (place->heap == heap && (heap == NULL || place->by == by))
        return;
    if (place->heap != NULL)
        take_out(place);
    place->by = by;
    if (heap != NULL)
        put_in(place, heap);
}

void *heap_first(const struct memory_heap *heap)
{
    return heap->n == 0 ? NULL : heap->v[0]->item;
}

void heap_fini(struct memory_heap *heap)
{
    free(heap->v);
    *heap = (struct memory_heap){0};
}
