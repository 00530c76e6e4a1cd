/*
 * memory_store_move - a request on its way out of the store in memory into another one.
 *
 * Owns: what a held request is, and how what is known of a delivery is said in a plan.
 * Used by: router/away, when Redis is back.
 * Never: completes; forgets anything but what it is told to drop.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

bool sah_memory_store_has(const struct sah_memory_store *memory, const char *request_id)
{
    return model_request(memory, request_id) != NULL;
}

const struct sah_memory_delivery *sah_memory_store_find(const struct sah_memory_store *memory, const char *key)
{
    return model_delivery(memory, key);
}

uint64_t sah_memory_store_revision(const struct sah_memory_store *memory, const char *request_id)
{
    const struct memory_request *r = model_request(memory, request_id);

    return r == NULL ? 0 : r->view.revision;
}

size_t sah_memory_store_requests(const struct sah_memory_store *memory)
{
    return memory->requests.n;
}

void sah_memory_store_numbered(struct sah_memory_store *memory, const char *request_id, uint32_t sequence)
{
    struct memory_request *r = model_request(memory, request_id);

    if (r != NULL && r->view.last_sequence < sequence)
        r->view.last_sequence = sequence;
}

static void place_all(struct sah_memory_store *memory, struct memory_request *r)
{
    for (size_t i = 0; i < r->deliveries.n; i++)
        model_place(memory, r->deliveries.v[i]);
    model_place_timers(memory, r);
}

bool sah_memory_store_hold(struct sah_memory_store *memory, const char *request_id, bool with_events)
{
    struct memory_request *r = model_request(memory, request_id);

    SAH_ASSERT(r != NULL && !r->held);
    for (size_t i = 0; i < r->deliveries.n; i++)
        if (((struct sah_memory_delivery *)r->deliveries.v[i])->state == SAH_MEMORY_LEASED)
            return false;
    for (size_t i = 0; with_events && i < r->events.n; i++)
        if (((const struct memory_event *)r->events.v[i])->hidden_until_ms > memory->now_ms)
            return false;
    r->held = true;
    memory->n_held++;
    place_all(memory, r);
    return true;
}

void sah_memory_store_release(struct sah_memory_store *memory, const char *request_id)
{
    struct memory_request *r = model_request(memory, request_id);

    SAH_ASSERT(r != NULL && r->held);
    r->held = false;
    memory->n_held--;
    place_all(memory, r);
}

/* ---- what it is as a change */

static void export_plan(const struct sah_memory_store *memory, const struct sah_memory_delivery *d,
                        struct sah_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    memcpy(plan->key, d->key, sizeof plan->key);
    memcpy(plan->agency, d->agency, sizeof plan->agency);
    memcpy(plan->endpoint, d->endpoint, sizeof plan->endpoint);
    plan->message_id = d->message_id;
    plan->kind = d->kind;
    plan->sequence = d->sequence;
    plan->n_previous = d->n_previous;
    memcpy(plan->previous, d->previous, sizeof plan->previous);
    plan->attempts = d->attempts;
    plan->possible_duplicate = d->possible_duplicate || d->attempts > 0;
    plan->fell_back = d->fell_back;
    plan->known = d->state == SAH_MEMORY_DONE   ? SAH_KNOWN_DONE
                  : d->state == SAH_MEMORY_DEAD ? SAH_KNOWN_DEAD
                                                : SAH_KNOWN_NOTHING;
    if (d->state == SAH_MEMORY_DELAYED && d->due_ms > memory->now_ms)
        plan->hold_ms = (uint32_t)(d->due_ms - memory->now_ms);
}

static void export_timers(const struct sah_memory_store *memory, const struct memory_request *r,
                          struct sah_change *change)
{
    for (unsigned i = 0; i < r->view.n_lines; i++) {
        struct sah_timer_set *timer = &change->timers[change->n_timers];
        const struct sah_line *line = &r->view.lines[i];

        if (line->timer == SAH_TIMER_NONE)
            continue;
        change->n_timers++;
        memset(timer, 0, sizeof *timer);
        memcpy(timer->agency, line->agency, sizeof timer->agency);
        timer->kind = line->timer;
        timer->level = line->timer_level;
        timer->still = !r->timers[i].armed;
        if (r->timers[i].armed && r->timers[i].next_ms > memory->now_ms)
            timer->after_now_ms = (uint32_t)(r->timers[i].next_ms - memory->now_ms);
    }
}

static void export_request(const struct sah_memory_store *memory, const struct memory_request *r,
                           struct sah_change *change)
{
    memcpy(change->incident_id, r->view.incident_id, sizeof change->incident_id);
    memcpy(change->service, r->service, sizeof change->service);
    memcpy(change->incident_type, r->incident_type, sizeof change->incident_type);
    memcpy(change->rule, r->rule, sizeof change->rule);
    memcpy(change->note, r->view.note, sizeof change->note);
    change->priority = r->view.priority;
    change->closed_ms = r->view.closed_ms;
    change->n_lines = r->view.n_lines;
    memcpy(change->lines, r->view.lines, sizeof change->lines);
    export_timers(memory, r, change);
}

static void export_events(const struct memory_request *r, struct sah_change *change)
{
    for (size_t i = 0; i < r->events.n && change->n_events < SAH_EVENTS_MAX; i++)
        change->events[change->n_events++] = ((const struct memory_event *)r->events.v[i])->event;
}

bool sah_memory_store_export(const struct sah_memory_store *memory, const char *request_id, size_t i,
                             struct sah_change *ret_change)
{
    const struct memory_request *r = model_request(memory, request_id);
    const struct memory_message *m;

    SAH_ASSERT(r != NULL);
    memset(ret_change, 0, sizeof *ret_change);
    memcpy(ret_change->request_id, r->view.request_id, sizeof ret_change->request_id);
    ret_change->closed_ms = -1;
    if (i == 0 || i >= r->messages.n)
        export_events(r, ret_change);
    if (i >= r->messages.n)
        return ret_change->n_events > 0;
    m = r->messages.v[i];
    ret_change->message_id = m->id;
    ret_change->bytes = (struct sah_slice){m->bytes, m->len};
    ret_change->kind = m->kind;
    ret_change->sequence = m->sequence;
    if (i == 0)
        export_request(memory, r, ret_change);
    for (size_t j = 0; j < r->deliveries.n && ret_change->n_plans < SAH_PLANS_MAX; j++) {
        const struct sah_memory_delivery *d = r->deliveries.v[j];

        if (sah_id_equal(&d->message_id, &m->id))
            export_plan(memory, d, &ret_change->plans[ret_change->n_plans++]);
    }
    return true;
}

/* ---- gone */

void sah_memory_store_event_moved(struct sah_memory_store *memory, const char *event_id)
{
    model_forget_event(memory, event_id);
}

void sah_memory_store_drop(struct sah_memory_store *memory, const char *request_id)
{
    struct memory_request *r = model_request(memory, request_id);

    SAH_ASSERT(r != NULL);
    if (r->held)
        sah_memory_store_release(memory, request_id);
    for (size_t i = 0; i < r->deliveries.n; i++) {
        struct sah_memory_delivery *d = r->deliveries.v[i];

        heap_place(&d->place, NULL, 0);
        index_remove(&memory->delivery_of, d->key, strlen(d->key));
        vec_forget(&memory->deliveries, d, offsetof(struct sah_memory_delivery, made));
        free(d);
    }
    for (size_t i = 0; i < r->messages.n; i++) {
        struct memory_message *m = r->messages.v[i];

        index_remove(&memory->message_of, &m->id, sizeof m->id);
        vec_forget(&memory->messages, m, offsetof(struct memory_message, accept_seq));
        free(m);
    }
    for (size_t i = 0; i < r->events.n; i++) {
        struct memory_event *e = r->events.v[i];

        vec_forget(&memory->events, e, offsetof(struct memory_event, seq));
        free(e);
    }
    model_incident_forget(memory, request_id);
    index_remove(&memory->request_of, r->view.request_id, strlen(r->view.request_id));
    heap_place(&r->place, NULL, 0);
    vec_forget(&memory->requests, r, offsetof(struct memory_request, made));
    free(r->deliveries.v);
    free(r->messages.v);
    free(r->events.v);
    free(r);
}
