/*
 * world_check_away - the invariants while some of what was accepted is not in the store: in a journal,
 * with a direct core, or on its way back.
 *
 * Owns:    what is known of deliveries and events of direct cores. Used by: the other checks, in a world
 *          with `away` only. Never: changes anything in the world.
 *
 * I1 what was answered ACCEPTED is in the store or on a disk. I4 at the end all of it is in the store.
 * I5 what an agency or a person said holds on the way back. I6 a key follows from message and agency,
 * whoever sends. I8 nothing is told twice by being brought back, and what a router died with is told
 * again. I9 no help before a person. I11 a direct core lets nothing urgent lie.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/world_away.h"

#define HELP                                                                        \
    (STATE_BIT(ACKNOWLEDGED) | STATE_BIT(WAITING_UNIT) | STATE_BIT(UNIT_ASSIGNED) | \
     STATE_BIT(EN_ROUTE) | STATE_BIT(ON_SCENE) | STATE_BIT(TRANSPORTING))
#define UNANSWERED (STATE_BIT(RECEIVED) | STATE_BIT(QUEUED) | STATE_BIT(FORWARDED) | STATE_BIT(DELIVERED))
#define LOOK_MS 3000 /* a sweep a second, a retake, and some */
#define CLOSELY_MS 500 /* what was seen further apart may have gone and come */

/* ---- deliveries, wherever they are */

static struct world_key *key_of(struct world *w, const char *key)
{
    struct world_key *k = index_find(&w->away->key_of, key, strlen(key));

    if (k != NULL)
        return k;
    k = calloc(1, sizeof *k);
    SAH_ASSERT(k != NULL);
    memcpy(k->key, key, sizeof k->key);
    k->next = w->away->keys;
    w->away->keys = k;
    index_add(&w->away->key_of, k->key, strlen(k->key), k);
    return k;
}

bool away_is_acked(const struct world *w, const char *key)
{
    const struct world_key *k = index_find(&w->away->key_of, key, strlen(key));

    return k != NULL && k->acked;
}

void away_acked(struct world *w, const char *key)
{
    key_of(w, key)->acked = true;
}

void away_written(struct world_router *r, const char *key)
{
    struct world *w = r->w;

    for (unsigned i = 0; i < w->n_evidence; i++)
        if (w->evidence[i].direct && w->evidence[i].router == r->index && strcmp(w->evidence[i].key, key) == 0)
            w->evidence[i--] = w->evidence[--w->n_evidence];
}

const struct sah_memory_delivery *away_delivery(const struct world_router *r, const char *key)
{
    return r->away == NULL || r->away->memory == NULL ? NULL : sah_memory_store_find(r->away->memory, key);
}

bool away_is_durable(const struct world *w, const struct sah_id *id)
{
    for (unsigned i = 0; w->away != NULL && i < w->n_routers; i++)
        if (w->routers[i].journal != NULL && fake_journal_has(w->routers[i].journal, id))
            return true;
    return false;
}

/* ---- attempts */

int away_check_send(struct world *w, const struct world_router *r, const struct sah_leased *leased)
{
    const struct sah_memory_delivery *d = away_delivery(r, leased->key);
    char key[SAH_KEY_SIZE];
    int number;

    if (d == NULL || strcmp(d->request_id, leased->request_id) != 0 || d->sequence != leased->sequence ||
        strcmp(d->agency, leased->agency) != 0)
        return -1;
    sah_delivery_key(&d->message_id, leased->agency, key);
    if (strcmp(key, leased->key) != 0)
        return -1;
    number = world_request_index(w, leased->request_id);
    if (number >= 0)
        return number;
    number = world_message_number(w, &d->message_id); /* its router died before it could answer */
    return number < 0 ? -1 : (int)(world_page(w, leased->request_id, (unsigned)number) - w->requests);
}

static bool is_idle(const struct sah_core *core, const char *endpoint)
{
    for (unsigned i = 0; i < sah_core_endpoints(core); i++) {
        struct sah_endpoint_view view = sah_core_endpoint(core, i);

        if (view.in_flight > 0 && strcmp(view.endpoint->id, endpoint) == 0)
            return false;
    }
    return true;
}

/* (I11) The direct core has it, it is urgent and ready, and nobody takes it. */
static void check_direct(struct world *w, unsigned router)
{
    const struct world_router *r = &w->routers[router];
    const struct sah_memory_store *memory = r->away->memory;

    for (size_t i = 0; memory != NULL && i < memory->deliveries.n; i++) {
        const struct sah_memory_delivery *d = memory->deliveries.v[i];
        const struct memory_request *kept = model_request(memory, d->request_id);
        struct world_key *k = key_of(w, d->key);

        if (d->state != SAH_MEMORY_READY || d->class > 1 || kept->held) {
            k->ready_since_ms[router] = 0;
        } else if (k->ready_since_ms[router] == 0 || w->now_ms > w->away->looked_ms + CLOSELY_MS) {
            k->ready_since_ms[router] = w->now_ms;
        } else if (w->now_ms > k->ready_since_ms[router] + LOOK_MS && is_idle(r->away->direct, d->endpoint)) {
            world_violate(w, "I11", d->request_id, "ready for %s in a direct core, which is idle", d->endpoint);
        }
    }
}

/* (I5) What the direct core was told it knows, once its disk does. */
static void check_evidence(struct world *w)
{
    for (unsigned i = 0; i < w->n_evidence; i++) {
        const struct world_evidence *e = &w->evidence[i];
        const struct world_router *r = &w->routers[e->router];
        const struct sah_memory_delivery *d;

        if (r->core == NULL || r->generation != e->generation || !e->direct)
            continue;
        d = away_delivery(r, e->key);
        if (d != NULL && d->state == SAH_MEMORY_DONE)
            w->evidence[i--] = w->evidence[--w->n_evidence];
        else if (d != NULL && r->stalled_until_ms == 0 && !r->disk_stalls && w->now_ms > e->since_ms + WORLD_HEALTHY_MS &&
                 w->now_ms > r->disk_since_ms + WORLD_HEALTHY_MS)
            world_violate(w, "I5", d->request_id, "a 2xx that the direct core got was never written");
    }
}

void away_check_quiet(struct world *w)
{
    away_see(w);
    check_evidence(w);
    for (unsigned i = 0; i < w->n_routers; i++) {
        const struct world_router *r = &w->routers[i];

        /* What the agency said and the disk has not yet is asked again: its lease runs out. */
        if (r->away != NULL && r->stalled_until_ms == 0 && w->now_ms >= r->up_since_ms + WORLD_HEALTHY_MS &&
            !r->disk_stalls && w->now_ms >= r->disk_since_ms + WORLD_HEALTHY_MS)
            check_direct(w, i);
    }
    w->away->looked_ms = w->now_ms;
}

/* ---- events of direct cores */

static uint64_t number_of(const char *event_id)
{
    uint64_t number = strlen(event_id) > 5 ? strtoull(event_id + 5, NULL, 10) : 0;

    return number >= SAH_AWAY_FIRST_EVENT ? number : 0;
}

struct world_direct_event *away_event(const struct world *w, const char *event_id)
{
    uint64_t number = number_of(event_id);

    for (size_t i = w->away->n_events; number > 0 && i > 0; i--)
        if (w->away->events[i - 1].number == number)
            return &w->away->events[i - 1];
    return NULL;
}

/* (I9) */
static void check_honest(struct world *w, const struct world_request *page, const struct sah_outbox_event *event, int agency)
{
    if (IS_IN(event->status.state, HELP) && !page->booking && (agency < 0 || page->person[agency] == 0))
        world_violate(w, "I9", page->request_id, "%s is told by a direct core, nobody at %s said so",
                      sah_state_name(event->status.state), event->status.agency);
    if (event->emergency && event->status.state == SAH_STATE_EXPIRED)
        world_violate(w, "I9", page->request_id, "an emergency expired");
}

void away_see_event(struct world *w, const struct world_router *r, const struct sah_outbox_event *event)
{
    struct world_away *a = w->away;
    int request = world_request_index(w, event->status.request_id);
    uint64_t number = number_of(event->event_id);

    if (number == 0 || request < 0 || away_event(w, event->event_id) != NULL)
        return;
    if (a->n_events == a->cap_events) {
        a->cap_events = a->cap_events > 0 ? 2 * a->cap_events : 64;
        a->events = realloc(a->events, a->cap_events * sizeof *a->events);
        SAH_ASSERT(a->events != NULL);
    }
    a->events[a->n_events++] = (struct world_direct_event){.number = number,
                                                           .router = r->index,
                                                           .generation = r->generation,
                                                           .request = (unsigned)request,
                                                           .agency = world_agency_index(w, event->status.agency),
                                                           .state = event->status.state};
    w->requests[request].told |= UINT32_C(1) << event->status.state;
    NOTE(w, event->status.request_id, "event: %s of %s, directly by router %u", sah_state_name(event->status.state),
         event->status.agency, r->index);
    check_honest(w, &w->requests[request], event, a->events[a->n_events - 1].agency);
}

void away_see(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        struct world_router *r = &w->routers[i];
        const struct sah_memory_store *memory = r->away != NULL ? r->away->memory : NULL;

        if (memory == NULL || memory->event_seq == r->events_seen)
            continue;
        for (size_t j = 0; j < memory->events.n; j++) {
            struct memory_event *e = memory->events.v[j];

            plant_event(w, &e->event);
            away_see_event(w, r, &e->event);
        }
        r->events_seen = memory->event_seq;
    }
}

bool away_heard(struct world *w, const struct sah_outbox_event *event)
{
    struct world_direct_event *e = away_event(w, event->event_id);
    int request = world_request_index(w, event->status.request_id);
    int agency = world_agency_index(w, event->status.agency);

    if (request >= 0 && agency >= 0)
        w->requests[request].heard[agency] |= UINT32_C(1) << event->status.state;
    if (e != NULL)
        e->heard = true;
    return number_of(event->event_id) > 0;
}

void away_lost(struct world *w, const struct world_router *r)
{
    away_see(w);
    for (size_t i = 0; i < w->away->n_events; i++) {
        struct world_direct_event *e = &w->away->events[i];

        if (e->router == r->index && e->generation == r->generation && !e->heard && !e->moved)
            e->lost = true;
    }
}

/* ---- the way back */

bool away_is_import(const struct sah_change *change)
{
    return strncmp(change->audit, "brought back ", 13) == 0;
}

/* A person of another agency ended it here, too (core/copies.c): nobody needs it any more. */
static bool ended_by_another(const struct sah_plan *plan, const struct world_request *page, int agency)
{
    const struct sah_request_view *view = &page->kept->view;
    enum sah_state state = SAH_STATE_UNSPECIFIED;
    uint32_t said = 0;

    for (unsigned i = 0; i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, plan->agency) == 0)
            state = view->lines[i].state;
    for (int i = 0; i < WORLD_AGENCIES; i++)
        said |= i != agency ? page->person[i] : 0;
    return plan->kind == SAH_KIND_REQUEST && (state == SAH_STATE_CLOSED || state == SAH_STATE_CANCELLED) &&
           (said & UINT32_C(1) << state) != 0;
}

/* (I4, I5, I6) A delivery comes as the direct core knows it. */
static void check_plan(struct world *w, const struct sah_plan *plan, const struct world_request *page)
{
    struct world_delivery *d = world_ledger(w, plan->key);
    int agency = world_agency_index(w, plan->agency);
    char key[SAH_KEY_SIZE];

    sah_delivery_key(&plan->message_id, plan->agency, key);
    if (strcmp(key, plan->key) != 0)
        world_violate(w, "I6", page->request_id, "%s would get another key", plan->agency);
    if (d != NULL && plan->attempts > 0)
        d->went_before = true;
    if (d == NULL || plan->known == SAH_KNOWN_NOTHING)
        return;
    if (world_is_over(d->kept))
        d->over_seen = true;
    if (plan->known == SAH_KNOWN_DEAD) {
        d->dead |= d->kept->state == SAH_MEMORY_DEAD;
        return;
    }
    d->had_it = true;
    for (unsigned i = 0; i < w->n_evidence; i++)
        if (strcmp(w->evidence[i].key, plan->key) == 0)
            w->evidence[i--] = w->evidence[--w->n_evidence];
    if (d->kept->state != SAH_MEMORY_DONE)
        world_violate(w, "I5", page->request_id, "%s has it, and it was brought back as if it had not", plan->agency);
    if (!d->acked && (page->spoke & UINT32_C(1) << agency) == 0 && !ended_by_another(plan, page, agency))
        world_violate(w, "I4", page->request_id, "%s never said that it has it", plan->agency);
}

/* (I5) What a person said, and was told is taken, holds: all of it, or what that router was told. */
static void check_helps(struct world *w, const struct world_request *page, const struct world_router *r)
{
    const struct sah_request_view *view = &page->kept->view;

    for (unsigned i = 0; i < view->n_lines; i++) {
        int agency = world_agency_index(w, view->lines[i].agency);

        if (agency >= 0 && page->helps[agency] != SAH_STATE_UNSPECIFIED &&
            (r == NULL || page->helps_by[agency] == r->index) && IS_IN(view->lines[i].state, UNANSWERED))
            world_violate(w, "I5", page->request_id, "a person at %s said %s, and it is %s", view->lines[i].agency,
                          sah_state_name(page->helps[agency]), sah_state_name(view->lines[i].state));
    }
}

void away_check_import(struct world *w, const struct world_router *r, const struct sah_change *change)
{
    const struct memory_request *ours = model_request(r->away->memory, change->request_id);
    struct world_request *page = &w->requests[world_request_index(w, change->request_id)];

    for (unsigned i = 0; i < change->n_plans; i++)
        check_plan(w, &change->plans[i], page);
    for (size_t i = 0; ours != NULL && i < ours->deliveries.n; i++) {
        const struct sah_memory_delivery *d = ours->deliveries.v[i];
        const struct sah_memory_delivery *main = model_delivery(w->fake, d->key);

        if (sah_id_equal(&d->message_id, &change->message_id) && d->state == SAH_MEMORY_DONE &&
            (main == NULL || main->state != SAH_MEMORY_DONE))
            world_violate(w, "I5", page->request_id, "%s has it, and that was lost on the way back", d->agency);
    }
    if (change->n_lines > 0)
        check_helps(w, page, r);
    for (unsigned i = 0; i < change->n_events; i++) {
        struct world_direct_event *e = away_event(w, change->events[i].event_id);

        /* Under one name an adapter tells it once. */
        if (e != NULL && e->moved && (e->name[0] == '\0' || strcmp(e->name, change->events[i].name) != 0))
            world_violate(w, "I8", page->request_id, "%s of %s is told twice by being brought back",
                          sah_state_name(e->state), change->events[i].status.agency);
        if (e != NULL) {
            e->moved = true;
            memcpy(e->name, change->events[i].name, sizeof e->name);
        }
    }
}

/* It was answered, ended, and is open again. */
void away_ended(struct world *w, struct world_request *page)
{
    const struct sah_request_view *view = &page->kept->view;

    for (unsigned i = 0; i < view->n_lines; i++) {
        int agency = world_agency_index(w, view->lines[i].agency);

        if (agency >= 0 && (sah_state_is_over(view->lines[i].state) || view->lines[i].state == SAH_STATE_REOPENED))
            page->helps[agency] = SAH_STATE_UNSPECIFIED;
    }
}

void away_kept_for_a_person(struct world *w, const void *bytes, size_t len)
{
    static struct sah_message message; /* large; one at a time */
    int number = sah_message_decode(bytes, len, &message, NULL, 0) == SAH_OK ? world_message_number(w, &message.id) : -1;

    if (number >= 0)
        w->messages[number].kept_for_a_person = true;
}

/* ---- the end */

void away_check_end(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++) {
        struct sah_away_view view = sah_away_view(w->routers[i].away);

        const struct sah_memory_store *memory = w->routers[i].away->memory;
        const struct memory_request *first = view.direct > 0 ? memory->requests.v[0] : NULL;

        if (view.left > 0 || view.direct > 0 || fake_journal_open(w->routers[i].journal) > 0)
            world_violate(w, "I4", first != NULL ? first->view.request_id : "", "router %u does not bring back %u messages, %u requests; its journal has %u", i,
                          (unsigned)view.left, (unsigned)view.direct, fake_journal_open(w->routers[i].journal));
    }
    for (unsigned i = 0; i < w->n_messages; i++) {
        const struct world_message *m = &w->messages[i];
        struct sah_id id = world_message_id(i);

        if (m->accepted > 0 && m->kind != SAH_KIND_STATUS_QUERY && !m->kept_for_a_person &&
            model_message(w->fake, &id) == NULL)
            world_violate(w, "I4", m->request_id, "message %u was accepted, and is not in the store", i);
    }
    for (unsigned i = 0; i < w->n_requests && !w->is_violated; i++) {
        if (w->requests[i].kept == NULL)
            world_violate(w, "I4", w->requests[i].request_id, "it was accepted, and is not in the store");
        else
            check_helps(w, &w->requests[i], NULL);
    }
}

/* An agency that refused after all, and another has its call: the citizen hears of that one. */
static uint32_t heard_of_another(const struct world *w, const struct world_request *page, int agency)
{
    const struct sah_request_view *view = page->kept == NULL ? NULL : &page->kept->view;
    const char *id = agency < 0 ? "" : w->rig->roster->agencies[agency].id;
    uint32_t heard = 0;
    bool refused = false;

    for (unsigned i = 0; view != NULL && i < view->n_lines; i++) {
        const struct sah_line *line = &view->lines[i];
        int other = world_agency_index(w, line->agency);

        refused = refused || (other == agency && line->state == SAH_STATE_REJECTED);
        if (other >= 0 && id[0] != '\0' && strcmp(line->stands_for, id) == 0)
            heard |= page->heard[other];
    }
    return refused ? heard : 0;
}

/* (I8) Every event reached an adapter, or came into the store; and when its router died with it, its
 * citizen heard that or something later. */
void away_check_told(struct world *w)
{
    for (size_t i = 0; i < w->away->n_events; i++) {
        const struct world_direct_event *e = &w->away->events[i];
        const struct world_request *page = &w->requests[e->request];
        uint32_t heard = 0, later = ~((UINT32_C(1) << e->state) - 1);

        if (e->heard || e->moved)
            continue;
        if (!e->lost)
            world_violate(w, "I8", page->request_id, "%s was told by a direct core and never reached an adapter",
                          sah_state_name(e->state));
        for (unsigned j = 0; j < WORLD_AGENCIES; j++)
            heard |= (int)j == e->agency || e->state == SAH_STATE_RECEIVED ? page->heard[j] : 0;
        heard |= heard_of_another(w, page, e->agency);
        if (e->state >= SAH_STATE_CANCEL_ASKED) /* the next life asks, and alerts, again */
            continue;
        if ((heard & later) == 0)
            world_violate(w, "I8", page->request_id, "%s of %s was never told again after a crash",
                          sah_state_name(e->state), e->agency < 0 ? "-" : w->rig->roster->agencies[e->agency].id);
    }
}
