/*
 * memory_store_replay - what replay.lua does: dead letters listed, made ready again, or put away.
 *
 * Owns: the meaning of it.
 * Used by: memory_store.c and memory_store_commit.c.
 * Never:   completes anything.
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

void model_replay(struct sah_memory_store *memory, struct sah_memory_delivery *d, const struct sah_plan *plan)
{
    if (d->state != SAH_MEMORY_DEAD)
        return;
    d->first_ms = -1;
    d->answered = 0;
    d->fell_back = false;
    d->dead_ms = 0;
    d->why = SAH_ANSWER_MACHINE_ACK;
    if (plan->replay == SAH_REPLAY_OVER) {
        d->state = SAH_MEMORY_DONE;
        model_place(memory, d);
        return;
    }
    if (sah_priority_class(model_request(memory, d->request_id)->view.priority) > 2)
        d->accept_seq = ++memory->accept_seq;
    memcpy(d->endpoint, plan->endpoint, sizeof d->endpoint);
    d->epoch++;
    d->attempts = 0;
    d->possible_duplicate = true;
    d->replayed_ms = memory->now_ms;
    d->state = SAH_MEMORY_READY;
    model_ready_or_wait(memory, d);
}

static struct sah_memory_delivery *next_dead(const struct sah_memory_store *memory, const char *endpoint,
                                             const struct sah_memory_delivery *after)
{
    struct sah_memory_delivery *best = NULL;

    for (size_t i = 0; i < memory->deliveries.n; i++) {
        struct sah_memory_delivery *d = memory->deliveries.v[i];
        bool is_behind = after == NULL || d->accept_seq > after->accept_seq ||
                         (d->accept_seq == after->accept_seq && strcmp(d->key, after->key) > 0);

        if (d->state != SAH_MEMORY_DEAD || strcmp(d->endpoint, endpoint) != 0 || !is_behind)
            continue;
        if (best == NULL || d->accept_seq < best->accept_seq ||
            (d->accept_seq == best->accept_seq && strcmp(d->key, best->key) < 0))
            best = d;
    }
    return best;
}

unsigned model_dead(const struct sah_memory_store *memory, const char *endpoint, unsigned skip, unsigned n,
                    struct sah_dead_letter *ret, uint64_t *ret_total)
{
    const struct sah_memory_delivery *d = NULL;
    unsigned got = 0;
    uint64_t total = 0;

    while ((d = next_dead(memory, endpoint, d)) != NULL) {
        struct sah_dead_letter *letter = &ret[got];

        if (total++ < skip || got == n)
            continue;
        got++;
        memset(letter, 0, sizeof *letter);
        memcpy(letter->key, d->key, sizeof letter->key);
        memcpy(letter->request_id, d->request_id, sizeof letter->request_id);
        memcpy(letter->agency, d->agency, sizeof letter->agency);
        memcpy(letter->endpoint, d->endpoint, sizeof letter->endpoint);
        letter->message_id = d->message_id;
        letter->kind = d->kind;
        letter->sequence = d->sequence;
        letter->priority = model_request(memory, d->request_id)->view.priority;
        letter->attempts = d->attempts;
        letter->accepted_ms = d->accepted_ms - memory->offset_ms;
        letter->dead_ms = d->dead_ms - memory->offset_ms;
        letter->why = d->why;
    }
    *ret_total = total;
    return got;
}

unsigned model_endpoints(const struct sah_memory_store *memory, char (*ret)[SAH_AGENCY_SIZE])
{
    unsigned n = 0;

    for (; n < memory->queues.n && n < SAH_NAMES_MAX; n++)
        memcpy(ret[n], ((const struct memory_queue *)memory->queues.v[n])->endpoint, sizeof ret[0]);
    return n;
}
