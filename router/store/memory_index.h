/*
 * memory_index - a hash table of names: finds what somebody else owns.
 *
 * Owns: its slots; not what they point at, and not the names, which lie in that.
 * Used by: the store in memory, router/away.
 * Never: allocates for a lookup.
 */
#ifndef SAHAYA_STORE_MEMORY_INDEX_H
#define SAHAYA_STORE_MEMORY_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct memory_index {
    struct index_item {
        struct index_item *next;
        uint64_t hash;
        const void *key;
        size_t len;
        void *what;
    } **slots;
    size_t n, cap;
};
void *index_find(const struct memory_index *index, const void *key, size_t len);
void index_add(struct memory_index *index, const void *key, size_t len, void *what);
void index_remove(struct memory_index *index, const void *key, size_t len);
void index_fini(struct memory_index *index);

#endif
