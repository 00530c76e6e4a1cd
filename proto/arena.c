/*
 * arena - see arena.h. Each piece has its size in front of it: a text that protobuf-c unpacked
 * says only there how long it was, and so whether a NUL stands in its middle (walk_fill.c).
 */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define CHUNK_BYTES (16 * 1024)
#define ALIGN       alignof(max_align_t)

struct arena_chunk {
    struct arena_chunk *older;
    size_t used, cap;
    alignas(max_align_t) char bytes[];
};

struct head {
    alignas(max_align_t) size_t size;
};

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max = max_bytes};
}

void arena_fini(struct arena *arena)
{
    while (arena->newest != NULL) {
        struct arena_chunk *chunk = arena->newest;

        arena->newest = chunk->older;
        free(chunk);
    }
}

static struct arena_chunk *chunk_for(struct arena *arena, size_t need)
{
    struct arena_chunk *chunk = arena->newest;
    size_t cap = need > CHUNK_BYTES ? need : CHUNK_BYTES;

    if (chunk != NULL && chunk->cap - chunk->used >= need)
        return chunk;
    chunk = malloc(sizeof *chunk + cap);
    if (chunk == NULL) {
        arena->no_memory = true;
        return NULL;
    }
    chunk->older = arena->newest;
    chunk->used = 0;
    chunk->cap = cap;
    arena->newest = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk;
    struct head *head;
    size_t need;

    if (size > arena->max)
        return NULL;
    need = sizeof *head + (size + ALIGN - 1) / ALIGN * ALIGN;
    if (need > arena->max - arena->taken)
        return NULL;
    chunk = chunk_for(arena, need);
    if (chunk == NULL)
        return NULL;
    head = (struct head *)(chunk->bytes + chunk->used);
    chunk->used += need;
    arena->taken += need;
    head->size = size;
    return head + 1;
}

size_t arena_size_of(const void *piece)
{
    return ((const struct head *)piece - 1)->size;
}
