/*
 * memory_heap - what is due next, by a number and then by name, without looking at the rest.
 *
 * Owns: its array; not what lies in it. A thing lies in one heap at a time and knows its place.
 * Used by: the store in memory.
 * Never: gives two that are alike in another order than before: names are unique in a heap.
 */
#ifndef SAHAYA_STORE_MEMORY_HEAP_H
#define SAHAYA_STORE_MEMORY_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct memory_heap;
struct memory_place { /* part of the thing; all zero = in none */
    struct memory_heap *heap;
    size_t at;
    int64_t by;
    const char *name;
    void *item;
};
struct memory_heap {
    struct memory_place **v;
    size_t n, cap;
};
/* Into that heap at that number, from wherever it was; NULL: out. */
void heap_place(struct memory_place *place, struct memory_heap *heap, int64_t by);
/* The first one's item; NULL when it is empty. */
void *heap_first(const struct memory_heap *heap);
void heap_fini(struct memory_heap *heap);

#endif
