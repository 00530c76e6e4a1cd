/*
 * away_busy - what the direct core is reading and writing of a request just now: while it is, the
 * request stays here, for what is being written would be lost on the way into the main store. (I5)
 *
 * Owns:    loads and commits under way, by request. Used by: away_direct.c, away_import.c asks.
 * Never:   looks into what is written.
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

    direct_commit(away, change, on_committed, begin(away, change->request_id, (void (*)(void))fn, fn_data));
}
