/*
 * memory_index - a hash table of names. See memory_index.h.
 */
#include "store/memory_index.h"

#include <stdlib.h>
#include <string.h>

#include <sahaya/obj.h>

#define SLOTS_AT_START 64 /* a power of two */

static uint64_t hash_of(const void *key, size_t len)
{
    const unsigned char *p = key;
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}

static void grow(struct memory_index *index)
{
    size_t cap = index->cap == 0 ? SLOTS_AT_START : index->cap * 2;
    struct index_item **slots = calloc(cap, sizeof *slots);

    SAH_ASSERT(slots != NULL);
    for (size_t i = 0; i < index->cap; i++)
        while (index->slots[i] != NULL) {
            struct index_item *item = index->slots[i];

            index->slots[i] = item->next;
            item->next = slots[item->hash & (cap - 1)];
            slots[item->hash & (cap - 1)] = item;
        }
    free(index->slots);
    index->slots = slots;
    index->cap = cap;
}

void *index_find(const struct memory_index *index, const void *key, size_t len)
{
    uint64_t hash = hash_of(key, len);

    if (index->cap == 0)
        return NULL;
    for (struct index_item *item = index->slots[hash & (index->cap - 1)]; item != NULL; item = item->next)
        if (item->hash == hash && item->len == len && memcmp(item->key, key, len) == 0)
            return item->what;
    return NULL;
}

void index_add(struct memory_index *index, const void *key, size_t len, void *what)
{
    struct index_item *item = malloc(sizeof *item);

    SAH_ASSERT(item != NULL);
    if (index->n >= index->cap)
        grow(index);
    *item = (struct index_item){.hash = hash_of(key, len), .key = key, .len = len, .what = what};
    item->next = index->slots[item->hash & (index->cap - 1)];
    index->slots[item->hash & (index->cap - 1)] = item;
    index->n++;
}

void index_remove(struct memory_index *index, const void *key, size_t len)
{
    uint64_t hash = hash_of(key, len);
    struct index_item **at;

    if (index->cap == 0)
        return;
    at = &index->slots[hash & (index->cap - 1)];
    for (; *at != NULL; at = &(*at)->next) {
        struct index_item *item = *at;

        if (item->hash != hash || item->len != len || memcmp(item->key, key, len) != 0)
            continue;
        *at = item->next;
        free(item);
        index->n--;
        return;
    }
}

void index_fini(struct memory_index *index)
{
    for (size_t i = 0; i < index->cap; i++)
        while (index->slots[i] != NULL) {
            struct index_item *item = index->slots[i];

            index->slots[i] = item->next;
            free(item);
        }
    free(index->slots);
}
