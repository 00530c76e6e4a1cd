/*
 * world_agencies - the agencies' port of a router of the world, and how each endpoint behaves.
 *
 * Used by: world_ports.c gives it to the routers. Never: answers from inside a call.
 */
#include <string.h>

#include "lib/world_priv.h"

#define FN(fn) ((void (*)(void))(fn))

static const struct sah_fake_manner manners[WORLD_MANNERS] = {
    [WORLD_ACKS] = {.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 30},
    [WORLD_ACKS_LATE] = {.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 1900},
    [WORLD_SILENT] = {.silent = true},
    [WORLD_REFUSES] = {.kind = SAH_ANSWER_REFUSED, .after_ms = 40},
    [WORLD_TROUBLE] = {.kind = SAH_ANSWER_TROUBLE, .after_ms = 20},
    [WORLD_GONE] = {.kind = SAH_ANSWER_UNREACHABLE, .after_ms = 5},
    [WORLD_BUSY] = {.kind = SAH_ANSWER_BUSY, .after_ms = 10, .retry_after_ms = 20000},
    [WORLD_CUT] = {.kind = SAH_ANSWER_UNKNOWN, .after_ms = 60},
};

static const struct sah_endpoint *endpoint_at(const struct world *w, const char *id,
                                              unsigned *ret_i)
{
    unsigned n = 0;

    for (unsigned i = 0; i < w->rig->roster->n_agencies; i++) {
        const struct sah_agency *a = &w->rig->roster->agencies[i];

        for (unsigned j = 0; j < a->n_endpoints; j++, n++)
            if (strcmp(a->endpoints[j].id, id) == 0) {
                *ret_i = n;
                return &a->endpoints[j];
            }
    }
    SAH_ASSERT(!"an endpoint of the roster");
}

void world_send(void *data, const struct sah_leased *leased, uint32_t deadline_ms,
                sah_agency_fn *fn, void *fn_data)
{
    struct world_router *r = data;
    struct world *w = r->w;
    struct world_call *call = world_call_begin(r, CALL_SEND, FN(fn), fn_data);
    struct sah_leased sent = *leased;
    enum world_manner manner;
    unsigned at;

    if (call == NULL)
        return;
    memcpy(call->key, leased->key, sizeof call->key);
    memcpy(call->request_id, leased->request_id, sizeof call->request_id);
    memcpy(call->agency, leased->agency, sizeof call->agency);
    call->epoch = leased->epoch;
    plant_send(w, &sent);
    (void)endpoint_at(w, leased->endpoint, &at);
    manner = w->manners[at];
    NOTE(w, leased->request_id, "router %u to %s: %s %u, attempt %u, epoch %llu%s%s", r->index, leased->endpoint,
         sah_kind_name(leased->kind), leased->sequence, leased->attempts,
         (unsigned long long)leased->epoch, leased->possible_duplicate ? ", again" : "", call->direct ? ", directly" : "");
    call->direct = r->sends_directly;
    check_send(w, r, &sent);
    sah_fake_agencies_set(w->rig->agencies, leased->endpoint, &manners[manner]);
    call->due_ms = w->now_ms + (manners[manner].silent || manners[manner].after_ms > deadline_ms
                                    ? deadline_ms
                                    : manners[manner].after_ms);
    w->agencies_port->send(w->agencies_port->data, &sent, deadline_ms, world_answered, call);
}

void world_manner(struct world *w, const char *endpoint, enum world_manner manner)
{
    unsigned at;

    (void)endpoint_at(w, endpoint, &at);
    w->manners[at] = manner;
}

void world_manner_all(struct world *w, enum world_manner manner)
{
    for (unsigned i = 0; i < WORLD_ENDPOINTS; i++)
        w->manners[i] = manner;
}
