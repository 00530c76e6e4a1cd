/*
 * memory_store_exact - what exact.lua does, in plain memory. See memory_store_priv.h.
 *
 * Owns:    which open request has what at most one may have.
 * Used by: memory_store_commit.c.
 * Never:   completes; gives it across partitions, because a Redis Function cannot.
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

static bool same_partition(const char *a, const char *b)
{
    return a[1] == b[1] && a[2] == b[2];
}

static struct memory_exact *find(const struct sah_memory_store *memory, const char *hash,
                                 const char *request_id)
{
    for (size_t i = 0; i < memory->exacts.n; i++) {
        struct memory_exact *exact = memory->exacts.v[i];

        if (strcmp(exact->hash, hash) == 0 && same_partition(exact->request_id, request_id))
            return exact;
    }
    return NULL;
}

const struct memory_request *model_exact_holder(const struct sah_memory_store *memory,
                                                const struct sah_change *c)
{
    const struct memory_exact *exact =
        c->exact[0] != '\0' ? find(memory, c->exact, c->request_id) : NULL;
    const struct memory_request *holder;

    if (exact == NULL || strcmp(exact->request_id, c->request_id) == 0 ||
        (exact->until_ms != 0 && exact->until_ms <= memory->now_ms))
        return NULL;
    holder = model_request(memory, exact->request_id);
    return holder != NULL && holder->view.closed_ms == 0 ? holder : NULL;
}

static void set(struct sah_memory_store *memory, const char *hash, const char *request_id,
                int64_t until_ms)
{
    struct memory_exact *exact = find(memory, hash, request_id);

    if (exact == NULL) {
        exact = calloc(1, sizeof *exact);
        SAH_ASSERT(exact != NULL);
        memcpy(exact->hash, hash, sizeof exact->hash);
        vec_add(&memory->exacts, exact);
    }
    memcpy(exact->request_id, request_id, sizeof exact->request_id);
    exact->until_ms = until_ms;
}

static void forget(struct sah_memory_store *memory, const char *hash, const char *request_id)
{
    for (size_t i = 0; i < memory->exacts.n; i++) {
        struct memory_exact *exact = memory->exacts.v[i];

        if (strcmp(exact->hash, hash) != 0 || strcmp(exact->request_id, request_id) != 0)
            continue;
        vec_remove(&memory->exacts, i);
        free(exact);
        return;
    }
}

static void take(struct sah_memory_store *memory, struct memory_request *r, const struct sah_change *c)
{
    if (c->exact_ms > 0) {
        set(memory, c->exact, c->request_id, memory->now_ms + c->exact_ms);
        return;
    }
    for (unsigned i = 0; i < r->n_exact; i++)
        if (strcmp(r->exact[i], c->exact) == 0)
            return;
    if (r->n_exact == SAH_EXACT_MAX)
        return;
    memcpy(r->exact[r->n_exact++], c->exact, sizeof c->exact);
    set(memory, c->exact, c->request_id, 0);
}

void model_exact_store(struct sah_memory_store *memory, struct memory_request *r,
                       const struct sah_change *c)
{
    if (c->exact[0] != '\0')
        take(memory, r, c);
    r->view.repeats += c->repeated;
    for (unsigned i = 0; c->closed_ms >= 0 && i < r->n_exact; i++) {
        if (c->closed_ms > 0)
            forget(memory, r->exact[i], c->request_id);
        else if (find(memory, r->exact[i], c->request_id) == NULL)
            set(memory, r->exact[i], c->request_id, 0);
    }
}
