/*
 * arena - the memory of one decode or encode: many small pieces, one bound, one end.
 *
 * Owns:    the chunks it took from the heap.
 * Used by: message.c, once for each call; protobuf-c unpacks into it.
 * Never:   hands out more than `max` bytes in all. protobuf-c itself knows no total: a message
 * of 64 KiB may ask for megabytes (empty parts, unknown fields), and here that ends.
 */
#ifndef SAH_PROTO_ARENA_H
#define SAH_PROTO_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *newest;
    size_t taken, max;
    bool no_memory; /* the heap said no, as against the bound */
};

void arena_init(struct arena *arena, size_t max_bytes);
void arena_fini(struct arena *arena);
/* Not zeroed; NULL past the bound or without memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* How many bytes were asked for when this piece was handed out. */
size_t arena_size_of(const void *piece);

#endif
