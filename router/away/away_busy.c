/*
 * away_busy - what the direct core is reading and writing of a request just now: while it is, the
 * request stays here, for what is being written would be lost on the way into the main store; and what
 * is said of it goes to the disk one after the other, or a change that comes too late, and is decided
 * again, would lie on the disk over the one that was faster. (I5)
 *
 * Owns:    loads and commits under way, by request. Used by: away_direct.c, away_import.c asks.
 * Never:   writes.
 *
 * From a load to the commit that follows it nothing else runs, nor from a conflict to the next load; so
 * a request at which nothing is under way has no half-made change.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

struct direct_call {
    struct sah_away *away;
    char request_id[SAH_REQUEST_ID_SIZE];
    void (*fn)(void);
    void *data;
    struct direct_call *next;  /* of those that wait for their turn, oldest first... */
    struct sah_change *change; /* ...with what they write; its bytes are the caller's, who waits */
};

static struct direct_call *begin(struct sah_away *away, const char *request_id, void (*fn)(void), void *data)
{
    struct direct_call *call = calloc(1, sizeof *call);
    struct open_request *r = open_find(away, request_id);

    SAH_ASSERT(call != NULL);
    call->away = away;
    (void)sah_format(call->request_id, sizeof call->request_id, "%s", request_id);
    call->fn = fn;
    call->data = data;
    if (r != NULL)
        r->n_under_way++;
    return call;
}

static struct direct_call end(struct direct_call *call)
{
    struct direct_call copy = *call;
    struct open_request *r = open_find(copy.away, copy.request_id);

    if (r != NULL && r->n_under_way > 0)
        r->n_under_way--;
    free(call);
    return copy;
}

static void on_loaded(void *data, int err, const struct sah_request_view *view)
{
    struct direct_call call = end(data);

    ((sah_load_fn *)call.fn)(call.data, err, view);
}

void busy_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data)
{
    struct sah_away *away = data;
    const struct sah_store *port = sah_memory_store_port(away->memory);

    port->load(port->data, request_id, on_loaded, begin(away, request_id, (void (*)(void))fn, fn_data));
}

static void on_committed(void *data, int err, const struct sah_committed *committed)
{
    struct direct_call call = end(data);

    ((sah_commit_fn *)call.fn)(call.data, err, committed);
}

void busy_commit(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    struct sah_away *away = data;

    struct direct_call *call = begin(away, change->request_id, (void (*)(void))fn, fn_data), **end_at = &away->turns;
    const struct open_request *r = open_find(away, change->request_id);

    if (r == NULL || r->n_to_disk == 0) {
        direct_commit(away, change, on_committed, call);
        return;
    }
    call->change = malloc(sizeof *change);
    SAH_ASSERT(call->change != NULL);
    *call->change = *change;
    while (*end_at != NULL)
        end_at = &(*end_at)->next;
    *end_at = call;
}

static struct direct_call *take_turn_of(struct sah_away *away, const char *request_id)
{
    struct direct_call **at = &away->turns, *call;

    while (*at != NULL && strcmp((*at)->request_id, request_id) != 0)
        at = &(*at)->next;
    call = *at;
    if (call != NULL)
        *at = call->next;
    return call;
}

void busy_next(struct sah_away *away, const char *request_id)
{
    const struct open_request *r = open_find(away, request_id);

    while (r == NULL || r->n_to_disk == 0) {
        struct direct_call *call = take_turn_of(away, request_id);
        struct sah_change *change;

        if (call == NULL)
            return;
        change = call->change;
        call->change = NULL;
        direct_commit(away, change, on_committed, call);
        free(change);
    }
}
