/*
 * world_check_flow - the invariants of what goes on between changes: leases, attempts, answers,
 * results, events.
 *
 * Used by: world_ports.c, world_people.c, world.c. Never: changes anything in the world.
 *
 * I1 a message answered ACCEPTED or DUPLICATE is in the store. I5 one lease at a time. I6 a
 * delivery's key follows from message and agency. I7 leases go worst first, oldest first. I10
 * order within a request and an agency. I12 an emergency's event names the number to dial.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/world_priv.h"

#define ORDER_MS 2000

/* ---- leases */

void check_lease_before(struct world *w, const char *endpoint, struct world_ready *ready)
{
    ready->n = 0;
    for (size_t i = 0; i < w->n_active; i++) {
        const struct sah_memory_delivery *d = w->deliveries[w->active[i]].kept;

        if (d->state == SAH_MEMORY_READY && ready->n < WORLD_READY_MAX &&
            strcmp(d->endpoint, endpoint) == 0)
            ready->at[ready->n++] = w->active[i];
    }
}

/* It stood behind another one, over by now, that left 2 s ago: a time that was set stands, also when one from
 * before is replayed meanwhile. */
static bool stood_behind_another(const struct world *w, const struct world_delivery *d)
{
    for (size_t i = 0; i < w->n_deliveries; i++) {
        const struct world_delivery *m = &w->deliveries[i];

        if (m->request == d->request && m->kept != NULL && m->kept->sequence < d->kept->sequence && m->first_store_ms >= 0 &&
            strcmp(m->kept->agency, d->kept->agency) == 0 &&
            (world_store_now(w) - m->first_store_ms >= ORDER_MS || w->now_ms - m->first_mono_ms >= ORDER_MS))
            return true;
    }
    return false;
}

/* (I10) Not before what is before it; but no P0 or P1 is held back for more than 2 s. */
static void check_order(struct world *w, const struct world_delivery *d)
{
    bool overtakes = false;
    bool may = world_store_now(w) - d->made_store_ms >= ORDER_MS ||
               w->now_ms - d->made_mono_ms >= ORDER_MS;

    if (d->went_before)
        return;
    for (size_t i = 0; i < w->n_active; i++) {
        const struct world_delivery *o = &w->deliveries[w->active[i]];

        if (o->request != d->request || o->kept->sequence >= d->kept->sequence ||
            world_is_over(o->kept) || o->had_it ||
            strcmp(o->kept->agency, d->kept->agency) != 0)
            continue;
        if (o->replayed_ms > 0 && d->made_mono_ms <= o->replayed_ms)
            continue; /* it was on its way before that one was replayed */
        overtakes = true;
        may |= o->first_store_ms >= 0 && (world_store_now(w) - o->first_store_ms >= ORDER_MS ||
                                          w->now_ms - o->first_mono_ms >= ORDER_MS);
        may |= o->replayed_ms > 0 && stood_behind_another(w, d);
    }
    /* One that went out as P1 and was lowered by a person since is still tried. */
    if (overtakes && (!may || (world_class_of(w, d) > 1 && d->first_store_ms < 0)))
        world_violate(w, "I10", d->kept->request_id, "message %u overtakes at %s",
                      d->kept->sequence, d->kept->agency);
}

static bool goes_first(const struct world *w, const struct world_delivery *a,
                       const struct world_delivery *b)
{
    unsigned class_a = world_class_of(w, a), class_b = world_class_of(w, b);

    return class_a != class_b ? class_a < class_b : a->place < b->place;
}

void check_lease(struct world *w, const char *endpoint, unsigned max_class, unsigned n,
                 const struct world_ready *ready)
{
    const struct world_delivery *last = NULL; /* the least urgent that was leased */
    unsigned got = 0;

    for (unsigned i = 0; i < ready->n; i++) {
        struct world_delivery *d = &w->deliveries[ready->at[i]];

        if (d->kept->state != SAH_MEMORY_LEASED)
            continue;
        got++;
        if (d->kept->epoch <= d->epoch)
            world_violate(w, "I5", d->kept->request_id, "epoch %u is leased again",
                          (unsigned)d->epoch);
        check_order(w, d);
        d->epoch = d->kept->epoch;
        if (d->first_store_ms < 0) {
            d->first_store_ms = world_store_now(w);
            d->first_mono_ms = w->now_ms;
        }
        if (last == NULL || goes_first(w, last, d))
            last = d;
    }
    if (got > n || (last != NULL && world_class_of(w, last) > max_class))
        world_violate(w, "I7", last->kept->request_id, "more is leased than was asked for");
    for (unsigned i = 0; i < ready->n && last != NULL; i++) {
        const struct world_delivery *d = &w->deliveries[ready->at[i]];

        if (d->kept->state == SAH_MEMORY_READY && goes_first(w, d, last))
            world_violate(w, "I7", d->kept->request_id,
                          "at %s a P%u of place %u goes before it", endpoint,
                          world_class_of(w, last), (unsigned)last->place);
    }
    for (size_t i = 0; i < w->n_active; i++) { /* leased, and was not ready */
        const struct world_delivery *d = &w->deliveries[w->active[i]];

        if (d->kept->state != SAH_MEMORY_LEASED || d->kept->epoch == d->epoch)
            continue;
        if (d->epoch == 0)
            check_order(w, d);
        else
            world_violate(w, "I5", d->kept->request_id, "leased while a lease is live");
    }
}

void check_also_before(struct world *w, const struct sah_change *change, struct world_ready *leased)
{
    leased->n = 0;
    for (size_t i = 0; i < w->n_active && change->n_wants > 0; i++) {
        const struct sah_memory_delivery *d = w->deliveries[w->active[i]].kept;

        if (d->state == SAH_MEMORY_LEASED && leased->n < WORLD_READY_MAX &&
            strcmp(d->key, change->settle.key) != 0)
            leased->at[leased->n++] = w->active[i];
    }
}

static void check_want(struct world *w, const struct sah_want *want)
{
    const struct world_delivery *last = NULL;
    unsigned got = 0;

    for (size_t i = 0; i < w->n_active; i++) {
        struct world_delivery *d = &w->deliveries[w->active[i]];

        if (d->kept->state != SAH_MEMORY_LEASED || d->kept->epoch == d->epoch ||
            strcmp(d->kept->endpoint, want->endpoint) != 0)
            continue;
        got++;
        check_order(w, d);
        d->epoch = d->kept->epoch;
        if (d->first_store_ms < 0) {
            d->first_store_ms = world_store_now(w);
            d->first_mono_ms = w->now_ms;
        }
        if (last == NULL || goes_first(w, last, d))
            last = d;
    }
    if (got > want->n || (last != NULL && world_class_of(w, last) > want->max_class))
        world_violate(w, "I7", last->kept->request_id, "more is leased with a commit than was asked for");
    for (size_t i = 0; i < w->n_active && last != NULL; i++) {
        const struct world_delivery *d = &w->deliveries[w->active[i]];

        if (d->kept->state == SAH_MEMORY_READY && strcmp(d->kept->endpoint, want->endpoint) == 0 &&
            goes_first(w, d, last))
            world_violate(w, "I7", d->kept->request_id, "at %s a P%u of place %u goes before it, with a commit",
                          want->endpoint, world_class_of(w, last), (unsigned)last->place);
    }
}

void check_also_leased(struct world *w, const struct sah_change *change, const struct world_ready *leased)
{
    for (unsigned i = 0; i < leased->n; i++) {
        const struct world_delivery *d = &w->deliveries[leased->at[i]];

        if (d->kept->state == SAH_MEMORY_LEASED && d->kept->epoch != d->epoch)
            world_violate(w, "I5", d->kept->request_id, "leased with a commit while a lease is live");
    }
    for (unsigned i = 0; i < change->n_wants; i++)
        check_want(w, &change->wants[i]);
}

/* ---- attempts, answers, results, events */

void check_send(struct world *w, struct world_router *r, const struct sah_leased *leased)
{
    const struct world_delivery *d = world_ledger(w, leased->key);
    int agency = world_agency_index(w, leased->agency), page = d != NULL ? (int)d->request : -1;
    char key[SAH_KEY_SIZE] = "";
    unsigned i = 0;

    if (d != NULL)
        sah_delivery_key(&d->kept->message_id, leased->agency, key);
    if (d == NULL || strcmp(key, leased->key) != 0 ||
        strcmp(d->kept->request_id, leased->request_id) != 0 ||
        d->kept->sequence != leased->sequence || strcmp(d->kept->agency, leased->agency) != 0)
        page = w->away != NULL ? away_check_send(w, r, leased) : -1;
    if (page < 0) {
        world_violate(w, "I6", leased->request_id, "%s gets another key", leased->endpoint);
        return;
    }
    while (i < w->n_cases &&
           (w->cases[i].request != (unsigned)page || w->cases[i].agency != (unsigned)agency))
        i++;
    if (i == w->n_cases && i < WORLD_CASES_MAX)
        w->cases[w->n_cases++] =
            (struct world_case){.request = (unsigned)page, .agency = (unsigned)agency};
}

void check_answer(struct world *w, const struct world_call *call,
                  const struct sah_agency_answer *answer)
{
    struct world_delivery *d = world_ledger(w, call->key);

    if (d == NULL && w->away == NULL)
        return;
    NOTE(w, call->request_id, "router %u from %s: %s, epoch %llu%s", call->router->index, call->agency,
         sah_answer_kind_name(answer->answer.kind), (unsigned long long)call->epoch, call->direct ? ", directly" : "");
    if (answer->answer.kind != SAH_ANSWER_MACHINE_ACK)
        return;
    if (d != NULL)
        d->acked = true;
    if (w->away != NULL)
        away_acked(w, call->key);
    /* An answer that comes when the direct core has given the request back, with that agency's yes in it,
     * is nothing to write; and not what that core is to know should it get the request once more. */
    if (call->direct && d != NULL && d->had_it && away_delivery(call->router, call->key) == NULL)
        return;
    if (w->n_evidence == WORLD_EVIDENCE_MAX)
        return;
    w->evidence[w->n_evidence] =
        (struct world_evidence){.epoch = call->epoch,
                                .since_ms = w->now_ms,
                                .direct = call->direct,
                                .router = call->router->index,
                                .generation = call->router->generation};
    memcpy(w->evidence[w->n_evidence++].key, call->key, SAH_KEY_SIZE);
}

/* Words for a request that was closed longer ago than its sender opens it again: one of its own, which
 * names it, or part of another open booking of that connection. */
static bool is_made_anew(struct world *w, const struct world_message *m, const struct sah_id *id)
{
    const struct memory_message *kept = model_message(w->fake, id);
    const struct sah_message *now = w->fake->scratch;

    if (m->kind != SAH_KIND_AMENDMENT || kept == NULL ||
        sah_message_decode(kept->bytes, kept->len, w->fake->scratch, NULL, 0) != SAH_OK)
        return false;
    return strcmp(m->request_id, now->kind == SAH_KIND_REQUEST ? now->u.request.related_request_id
                                                               : now->u.amendment.part.related_request_id) == 0;
}

void check_result(struct world *w, unsigned message, const struct sah_message *result)
{
    const struct world_message *m = &w->messages[message];
    enum sah_result_code code = result->u.result.code;

    if (code == SAH_RESULT_REFUSED && result->u.result.retry_after_ms > 0 &&
        (m->kind != SAH_KIND_REQUEST || strcmp(m->service, "LPG_BOOKING") != 0))
        world_violate(w, "I7", "", "message %u is no booking and is not admitted", message);
    if (m->kind == SAH_KIND_STATUS_QUERY ||
        (code != SAH_RESULT_ACCEPTED && code != SAH_RESULT_DUPLICATE))
        return;
    if (model_message(w->fake, &result->id) == NULL && !away_is_durable(w, &result->id))
        world_violate(w, "I1", result->request_id, "message %u is acked and not kept", message);
    if (w->away != NULL && m->kind == SAH_KIND_REQUEST)
        (void)world_page(w, result->request_id, message);
    /* A second router may accept what the first one has in its journal: the names are the same. */
    if (code == SAH_RESULT_ACCEPTED && m->accepted > 0 && !m->journaled &&
        strcmp(result->u.result.store_run_id, SAH_AWAY_RUN_ID) != 0)
        world_violate(w, "I2", result->request_id, "message %u is accepted twice", message);
    if (m->request_id[0] != '\0' && strcmp(m->request_id, result->request_id) != 0 &&
        !is_made_anew(w, m, &result->id))
        world_violate(w, "I2", result->request_id, "message %u was of another request",
                      message);
}

void check_event(struct world *w, const struct sah_outbox_event *event)
{
    if (event->emergency && event->dial[0] == '\0')
        world_violate(w, "I12", event->status.request_id, "%s comes without a number to dial",
                      sah_state_name(event->status.state));
}

void check_kept_by_adapter(struct world *w, const struct sah_outbox_event *event)
{
    uint64_t number = strtoull(event->event_id + 5, NULL, 10);

    if (w->away != NULL && away_heard(w, event))
        return;
    if (number >= w->cap_heard) {
        size_t cap = (size_t)number * 2 + 1024;

        w->heard = realloc(w->heard, cap);
        SAH_ASSERT(w->heard != NULL);
        memset(w->heard + w->cap_heard, 0, cap - w->cap_heard);
        w->cap_heard = cap;
    }
    w->heard[number] = 1;
}
