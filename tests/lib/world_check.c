/*
 * world_check - the invariants, checked when something happens: a change, a lease, an attempt,
 * an answer, an event. What must hold between steps is in world_watch.c.
 *
 * Owns:    the ledger of requests and deliveries: what was seen, kept apart from what the store
 * says. Used by: world_ports.c, world_people.c. Never:   changes anything in the world.
 *
 * I1 a message answered ACCEPTED or DUPLICATE is in the store. I2 each message is stored once,
 * a request keeps its incident. I4 done and dead come from a change, done from evidence. I5
 * negatives only from the live epoch, one lease at a time. I6 a delivery's key follows from
 * message and agency. I7 leases go worst first, oldest first; classes only go up. I8 a change
 * and what is told of it are one. I9 no help before a person; nothing given up untold; no
 * emergency without a timer. I10 order within a request and an agency.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "lib/world_priv.h"

#define HELP                                                                        \
    (STATE_BIT(ACKNOWLEDGED) | STATE_BIT(WAITING_UNIT) | STATE_BIT(UNIT_ASSIGNED) | \
     STATE_BIT(EN_ROUTE) | STATE_BIT(ON_SCENE) | STATE_BIT(TRANSPORTING))
#define LATER                                                                        \
    (HELP | STATE_BIT(DELIVERED) | STATE_BIT(BOOKED) | STATE_BIT(OUT_FOR_DELIVERY) | \
     STATE_BIT(HANDED_OVER) | STATE_BIT(CANCELLED) | STATE_BIT(CLOSED))
#define ENDS \
    (STATE_BIT(CLOSED) | STATE_BIT(CANCELLED) | STATE_BIT(REJECTED) | STATE_BIT(HANDED_OVER))
#define BAD_NEWS (STATE_BIT(NEEDS_PERSON) | STATE_BIT(REJECTED) | STATE_BIT(EXPIRED))

/* ---- the ledger */

static void activate(struct world *w, size_t i)
{
    for (size_t j = 0; j < w->n_active; j++)
        if (w->active[j] == i)
            return;
    if (w->n_active == w->cap_active) {
        w->cap_active = w->cap_active ? w->cap_active * 2 : 128;
        w->active = realloc(w->active, w->cap_active * sizeof *w->active);
        SAH_ASSERT(w->active != NULL);
    }
    w->active[w->n_active++] = i;
}

static void note_deliveries(struct world *w)
{
    for (size_t i = w->n_deliveries; i < w->fake->deliveries.n; i++) {
        struct sah_memory_delivery *d = w->fake->deliveries.v[i];

        if (w->n_deliveries == w->cap_deliveries) {
            w->cap_deliveries = w->cap_deliveries ? w->cap_deliveries * 2 : 128;
            w->deliveries = realloc(w->deliveries, w->cap_deliveries * sizeof *w->deliveries);
            SAH_ASSERT(w->deliveries != NULL);
        }
        w->deliveries[w->n_deliveries++] =
            (struct world_delivery){.kept = d,
                                    .request = (unsigned)world_request_index(w, d->request_id),
                                    .place = d->accept_seq,
                                    .made_store_ms = world_store_now(w),
                                    .made_mono_ms = w->now_ms,
                                    .acked = w->away != NULL && away_is_acked(w, d->key),
                                    .first_store_ms = -1};
        activate(w, i);
    }
}

struct world_delivery *world_ledger(struct world *w, const char *key)
{
    for (size_t i = w->n_deliveries; i > 0; i--)
        if (strcmp(w->deliveries[i - 1].kept->key, key) == 0)
            return &w->deliveries[i - 1];
    return NULL;
}

struct sah_id world_message_id(unsigned number)
{
    struct sah_id id = {.bytes = {0}};

    for (unsigned i = 0; i < 4; i++)
        id.bytes[i] = (uint8_t)((number + 1) >> (24 - 8 * i));
    id.bytes[15] = 1;
    return id;
}

int world_message_number(const struct world *w, const struct sah_id *id)
{
    struct sah_id expected;
    uint32_t n = 0;

    for (unsigned i = 0; i < 4; i++)
        n = n << 8 | id->bytes[i];
    expected = world_message_id(n - 1);
    if (n < 1 || n > w->n_messages || !sah_id_equal(id, &expected))
        return -1;
    return (int)n - 1;
}

/* ---- a change */

void check_settle_before(struct world *w, const struct sah_settle *settle,
                         struct world_before *before)
{
    const struct sah_memory_delivery *d = model_delivery(w->fake, settle->key);

    before->target = d != NULL;
    if (d == NULL)
        return;
    before->target_state = d->state;
    before->target_epoch = d->epoch;
    before->target_fell_back = d->fell_back;
}

void check_before(struct world *w, const struct sah_change *change, struct world_before *before)
{
    const struct memory_request *r = model_request(w->fake, change->request_id);

    memset(before, 0, sizeof *before);
    before->event_seq = w->fake->event_seq;
    before->message_known =
        change->bytes.len > 0 && model_message(w->fake, &change->message_id) != NULL;
    if (change->settle.kind != SAH_SETTLE_NONE)
        check_settle_before(w, &change->settle, before);
    if (r == NULL)
        return;
    before->revision = r->view.revision;
    before->priority = r->view.priority;
    before->closed_ms = r->view.closed_ms;
    before->last_sequence = r->view.last_sequence;
    before->n_lines = r->view.n_lines;
    for (unsigned i = 0; i < r->view.n_lines; i++) {
        memcpy(before->lines[i].agency, r->view.lines[i].agency, SAH_AGENCY_SIZE);
        before->lines[i].state = r->view.lines[i].state;
    }
}

static void check_message(struct world *w, const struct sah_change *change,
                          const struct world_before *before)
{
    const struct memory_request *r = model_request(w->fake, change->request_id);
    int number = world_message_number(w, &change->message_id);
    struct world_request *page;

    /* The router's own messages (core/copies.c, core/incident_tell.c) amend what is there, and no citizen wrote them. */
    if (before->message_known || (number < 0 && (before->revision == 0 || change->kind == SAH_KIND_REQUEST))) {
        world_violate(w, "I2", change->request_id, "a message is stored a second time");
        return;
    }
    if (away_is_import(change) ? r->view.last_sequence <= before->last_sequence
                               : r->view.last_sequence != before->last_sequence + 1)
        world_violate(w, "I10", change->request_id, "sequence %u follows %u",
                      r->view.last_sequence, before->last_sequence);
    if (before->revision > 0)
        return;
    page = world_page(w, change->request_id, (unsigned)number);
    page->kept = r;
    page->booking = strcmp(r->service, "LPG_BOOKING") == 0;
    memcpy(page->incident_id, r->view.incident_id, sizeof page->incident_id);
    if (r->view.incident_id[0] != 'I' || change->n_plans == 0)
        world_violate(w, "I2", change->request_id, "accepted without incident or delivery");
}

static const struct sah_line *line_of(const struct sah_request_view *view, const char *agency)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, agency) == 0)
            return &view->lines[i];
    return NULL;
}

static bool told_in(const struct sah_change *change, const char *agency, uint32_t states)
{
    for (unsigned i = 0; i < change->n_events; i++) {
        const struct sah_agency_status *s = &change->events[i].status;

        if (IS_IN(s->state, states) && (agency == NULL || strcmp(s->agency, agency) == 0))
            return true;
    }
    return false;
}

static enum sah_state state_before(const struct world_before *before, const char *agency)
{
    for (unsigned i = 0; i < before->n_lines; i++)
        if (strcmp(before->lines[i].agency, agency) == 0)
            return before->lines[i].state;
    return SAH_STATE_UNSPECIFIED;
}

/* One who stands for the same call ended it, and the citizen hears of that one. */
static bool ended_for_it(const struct sah_change *change, const struct sah_request_view *view, const struct sah_line *line)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (&view->lines[i] != line && view->lines[i].state == line->state &&
            change_same_call(&view->lines[i], line) &&
            told_in(change, view->lines[i].agency, UINT32_C(1) << line->state))
            return true;
    return false;
}

/* (I8) What is told is so, and what is so is told, in the same change. */
static void check_told(struct world *w, const struct sah_change *change,
                       const struct world_before *before, const struct sah_request_view *view)
{
    for (unsigned i = 0; i < change->n_events; i++) {
        const struct sah_agency_status *s = &change->events[i].status;
        const struct sah_line *line = line_of(view, s->agency);

        if (IS_IN(s->state, LATER) && (line == NULL || line->state != s->state))
            world_violate(w, "I8", view->request_id, "%s of %s is told and not so",
                          sah_state_name(s->state), s->agency);
    }
    for (unsigned i = 0; i < view->n_lines; i++) {
        const struct sah_line *line = &view->lines[i];
        enum sah_state was = state_before(before, line->agency);
        uint32_t bits = UINT32_C(1) << line->state;

        if (was == line->state || !IS_IN(line->state, LATER) ||
            change->n_events == SAH_EVENTS_MAX)
            continue;
        if (line->state == SAH_STATE_WAITING_UNIT)
            bits |= STATE_BIT(UNIT_LOST);
        if (was == SAH_STATE_CANCEL_ASKED) { /* taken back, or declined */
            bits |= STATE_BIT(CANCEL_ASKED);
            if (change->kind == SAH_KIND_AMENDMENT && change->bytes.len > 0)
                continue;
        }
        if (IS_IN(line->state, STATE_BIT(CLOSED) | STATE_BIT(CANCELLED)) && ended_for_it(change, view, line))
            continue;
        if (!told_in(change, line->agency, bits))
            world_violate(w, "I8", view->request_id, "%s is now %s and nobody hears of it",
                          line->agency, sah_state_name(line->state));
    }
}

/* (I8) The store did all of what it was told. */
static void check_kept(struct world *w, const struct sah_change *change,
                       const struct world_before *before, const struct sah_request_view *view)
{
    for (unsigned i = 0; i < change->n_lines; i++) {
        const struct sah_line *line = line_of(view, change->lines[i].agency);

        if (line == NULL || line->state != change->lines[i].state)
            world_violate(w, "I8", view->request_id, "the line of %s was not kept",
                          change->lines[i].agency);
    }
    if (w->fake->event_seq - before->event_seq != change->n_events)
        world_violate(w, "I8", view->request_id, "%u events said, %u kept", change->n_events,
                      (unsigned)(w->fake->event_seq - before->event_seq));
    for (unsigned i = 0; i < change->n_plans; i++)
        if (change->plans[i].replay == SAH_REPLAY_NO && model_delivery(w->fake, change->plans[i].key) == NULL)
            world_violate(w, "I4", view->request_id, "the delivery to %s was not kept",
                          change->plans[i].agency);
}

/* A linked request hears what a person said of the one it is linked to. */
static bool said_of_main(const struct world *w, const struct sah_request_view *view, int agency)
{
    int main = view->main_id[0] != '\0' ? world_request_index(w, view->main_id) : -1;

    return main >= 0 && w->requests[main].person[agency] != 0;
}

/* (I9) */
static void check_honest(struct world *w, const struct sah_change *change,
                         const struct sah_request_view *view, struct world_request *page)
{
    for (unsigned i = 0; i < change->n_events; i++) {
        const struct sah_outbox_event *e = &change->events[i];
        int agency = world_agency_index(w, e->status.agency);

        page->told |= UINT32_C(1) << e->status.state;
        NOTE(w, view->request_id, "event: %s of %s", sah_state_name(e->status.state),
             e->status.agency);
        if (IS_IN(e->status.state, HELP) && !page->booking &&
            (agency < 0 || (page->person[agency] == 0 && !said_of_main(w, view, agency))))
            world_violate(w, "I9", view->request_id, "%s is told, nobody at %s said so",
                          sah_state_name(e->status.state), e->status.agency);
        if (e->emergency && e->status.state == SAH_STATE_EXPIRED)
            world_violate(w, "I9", view->request_id, "an emergency expired");
    }
}

static void check_closing(struct world *w, const struct world_before *before,
                          const struct sah_request_view *view, const struct world_request *page)
{
    int main = view->main_id[0] != '\0' ? world_request_index(w, view->main_id) : -1;
    bool withdrew = false;
    uint32_t said = 0;

    for (unsigned i = 0; i < WORLD_AGENCIES; i++)
        said |= page->person[i] | (main >= 0 ? w->requests[main].person[i] : 0);
    for (unsigned i = 0; main >= 0 && i < view->n_lines; i++)
        withdrew |= view->lines[i].state == SAH_STATE_CANCELLED; /* the incident goes on */
    if (before->closed_ms == 0 && view->closed_ms > 0 &&
        sah_priority_is_emergency(view->priority) && (said & ENDS) == 0 && !withdrew)
        world_violate(w, "I9", view->request_id, "an emergency closed without a person");
}

/* (I9) Somebody watches an emergency that nobody has answered. */
static void check_watched(struct world *w, const struct memory_request *r, bool booking)
{
    const struct sah_ladder *ladder = &w->rig->policy->ladder;
    bool unanswered = false, watched = false;

    if (!sah_priority_is_emergency(r->view.priority) || r->view.closed_ms > 0)
        return;
    for (unsigned i = 0; i < r->view.n_lines; i++) {
        enum sah_state state = r->view.lines[i].state;

        if (state == SAH_STATE_CANCEL_ASKED)
            state = r->view.lines[i].before_cancel;
        if (sah_state_is_with_person(state))
            return;
        unanswered |= sah_ladder_kind(ladder, r->view.lines[i].state, r->view.priority,
                                      booking) == SAH_TIMER_ACK;
        watched |= r->timers[i].armed;
        watched |= r->view.lines[i].via[0] != '\0' && r->view.lines[i].carried; /* by the main one's ladder */
    }
    if (unanswered && !watched)
        world_violate(w, "I9", r->view.request_id, "nobody answered, and no timer runs");
}

static bool is_live_elsewhere(const struct sah_request_view *view, const char *agency)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, agency) != 0 &&
            !sah_state_is_over(view->lines[i].state))
            return true;
    return false;
}

/* (I4, I5, I9) */
static void check_settled(struct world *w, const struct sah_change *change,
                          const struct world_before *before,
                          const struct sah_request_view *view)
{
    const struct sah_settle *settle = &change->settle;
    struct world_delivery *d = world_ledger(w, settle->key);
    const struct world_request *page;
    const struct sah_line *line;
    int agency;

    if (d == NULL) {
        world_violate(w, "I4", view->request_id, "what nobody knows is settled");
        return;
    }
    page = &w->requests[d->request];
    agency = world_agency_index(w, d->kept->agency);
    if (settle->kind != SAH_SETTLE_DONE &&
        (before->target_state != SAH_MEMORY_LEASED || before->target_epoch != settle->epoch))
        world_violate(w, "I5", view->request_id, "a no of epoch %u counts, %u is live",
                      (unsigned)settle->epoch, (unsigned)before->target_epoch);
    if (settle->kind == SAH_SETTLE_DELAY) {
        if (settle->fell_back && !before->target_fell_back && change->n_plans == 0 &&
            d->kept->kind == SAH_KIND_REQUEST && !told_in(change, NULL, BAD_NEWS))
            world_violate(w, "I9", view->request_id, "%s fails, nobody is next, nobody is told",
                          d->kept->agency);
        return;
    }
    d->over_seen = world_is_over(d->kept);
    d->dead = settle->kind == SAH_SETTLE_DEAD && d->over_seen;
    if (settle->kind == SAH_SETTLE_DONE) {
        d->had_it = true;
        if (!d->acked && !(page->spoke & UINT32_C(1) << agency) && d->kept->carried_by[0] == '\0' &&
            strncmp(change->audit, "unsent ", 7) != 0) /* over there: nobody needs it any more */
            world_violate(w, "I4", view->request_id, "%s never said that it has it",
                          d->kept->agency);
        for (unsigned i = 0; i < w->n_evidence; i++)
            if (w->evidence[i].epoch == settle->epoch &&
                strcmp(w->evidence[i].key, settle->key) == 0)
                w->evidence[i--] = w->evidence[--w->n_evidence];
        return;
    }
    line = line_of(view, d->kept->agency);
    if (told_in(change, NULL, BAD_NEWS) || is_live_elsewhere(view, d->kept->agency))
        return;
    if (d->kept->kind == SAH_KIND_REQUEST || line == NULL || !sah_state_is_over(line->state))
        world_violate(w, "I9", view->request_id, "a %s to %s is given up, nobody is told",
                      sah_kind_name(d->kept->kind), d->kept->agency);
}

/* (I5, I6, I7) A person replays a dead letter: its key, the next epoch, from the start; an emergency at
 * its old place, bulk behind what is there. What is not dead stays as it is. */
static void check_replayed(struct world *w, const struct sah_plan *plan, const char *request_id)
{
    struct world_delivery *d = world_ledger(w, plan->key);
    const struct sah_memory_delivery *kept = d != NULL ? d->kept : NULL;
    bool bulk;

    if (plan->replay == SAH_REPLAY_NO)
        return;
    if (d == NULL || model_delivery(w->fake, plan->key) == NULL) {
        if (plan->kind == SAH_KIND_REQUEST)
            world_violate(w, "I6", request_id, "what is replayed has another key");
        return;
    }
    if (!d->dead)
        return;
    d->dead = false;
    if (plan->replay == SAH_REPLAY_OVER || kept->state == SAH_MEMORY_DONE) /* done: it was carried by an update since */
        return;
    bulk = world_class_of(w, d) > 2;
    /* It may be leased in the same step. */
    if (kept->epoch <= d->epoch || kept->attempts != (kept->state == SAH_MEMORY_LEASED ? 1 : 0))
        world_violate(w, "I5", request_id, "replayed with epoch %u, attempts %u", (unsigned)kept->epoch,
                      kept->attempts);
    if (bulk ? kept->accept_seq != w->fake->accept_seq && kept->accept_seq <= d->place : kept->accept_seq != d->place)
        world_violate(w, "I7", request_id, "replayed from place %u at place %u", (unsigned)d->place,
                      (unsigned)kept->accept_seq);
    d->place = kept->accept_seq;
    d->over_seen = d->ready = d->waiting = false; /* a 2xx from before is still one */
    d->first_store_ms = -1;
    d->replayed_ms = w->now_ms;
    activate(w, (size_t)(d - w->deliveries));
}

/* (I3) What was said since came along with a plan of the request, and what was dead of it lives again. */
static void check_said(struct world *w, const struct sah_change *change, const struct sah_plan *of)
{
    const struct memory_request *kept = model_request(w->fake, change->request_id);

    for (size_t i = 1; of->said && i < kept->messages.n; i++) { /* the first is the request */
        const struct memory_message *m = kept->messages.v[i];
        struct sah_plan plan = *of;

        if (change->bytes.len > 0 && sah_id_equal(&m->id, &change->message_id))
            continue;
        sah_delivery_key(&m->id, of->agency, plan.key);
        if (model_delivery(w->fake, plan.key) == NULL)
            world_violate(w, "I3", change->request_id, "message %u did not come along to %s", m->sequence, of->agency);
        else
            check_replayed(w, &plan, change->request_id);
    }
}

/* (I2) Linked to a request: its incident. Unlinked: its own. */
static bool may_move(const struct world *w, const struct sah_change *change, const struct memory_request *kept)
{
    const struct memory_request *main = model_request(w->fake, change->main_id);

    if (!change->set_main)
        return false;
    if (change->main_id[0] != '\0')
        return main != NULL && strcmp(main->view.incident_id, kept->view.incident_id) == 0;
    return strcmp(kept->view.incident_id + 1, kept->view.request_id + 1) == 0;
}

/* (I3, I4) What counts as carried is in a message that the same agency has, as it came. */
static void check_carried(struct world *w, const struct sah_change *change)
{
    for (unsigned i = 0; i < change->n_carried; i++) {
        struct world_delivery *d = world_ledger(w, change->carried[i].key);
        const struct sah_memory_delivery *by = model_delivery(w->fake, change->carried[i].by);
        const struct memory_message *said, *told;

        if (d == NULL)
            continue;
        said = model_message(w->fake, &d->kept->message_id);
        told = by != NULL ? model_message(w->fake, &by->message_id) : NULL;
        if (told == NULL || by == d->kept || by->state != SAH_MEMORY_DONE || strcmp(by->agency, d->kept->agency) != 0 ||
            memmem(told->bytes, told->len, said->bytes, said->len) == NULL)
            world_violate(w, "I3", change->request_id, "%s never got what counts as carried", d->kept->agency);
        d->over_seen = d->had_it = true;
    }
}

void check_commit(struct world *w, struct world_router *r, const struct sah_change *change,
                  const struct world_before *before)
{
    const struct memory_request *kept = model_request(w->fake, change->request_id);
    struct world_request *page;

    if (change->bytes.len > 0)
        check_message(w, change, before);
    if (w->is_violated)
        return;
    page = &w->requests[world_request_index(w, change->request_id)];
    NOTE(w, change->request_id, "router %u writes: %s", r->index, change->audit);
    if (strcmp(kept->view.incident_id, page->incident_id) != 0 && may_move(w, change, kept))
        memcpy(page->incident_id, kept->view.incident_id, sizeof page->incident_id);
    if (strcmp(kept->view.incident_id, page->incident_id) != 0)
        world_violate(w, "I2", change->request_id, "it is in another incident now");
    if (before->revision > 0 && kept->view.priority > before->priority &&
        strncmp(change->audit, "reclassify ", 11) != 0) /* by a person with a name */
        world_violate(w, "I7", change->request_id, "its class went down");
    note_deliveries(w);
    for (unsigned i = 0; i < change->n_plans; i++) {
        struct world_delivery *d =
            change->plans[i].again ? world_ledger(w, change->plans[i].key) : NULL;

        if (d != NULL && !world_is_over(d->kept)) {
            d->over_seen = false;
            activate(w, (size_t)(d - w->deliveries));
        }
    }
    for (unsigned i = 0; i < change->n_plans; i++) {
        check_replayed(w, &change->plans[i], change->request_id);
        check_said(w, change, &change->plans[i]);
    }
    check_carried(w, change);
    check_kept(w, change, before, &kept->view);
    if (away_is_import(change)) /* its citizen heard of it from the direct core */
        away_check_import(w, r, change);
    else
        check_told(w, change, before, &kept->view);
    if (w->away != NULL)
        away_ended(w, page);
    check_honest(w, change, &kept->view, page);
    check_closing(w, before, &kept->view, page);
    check_watched(w, kept, page->booking);
    if (change->settle.kind != SAH_SETTLE_NONE)
        check_settled(w, change, before, &kept->view);
}

void check_settle(struct world *w, const struct sah_settle *settle,
                  const struct world_before *before)
{
    const struct sah_memory_delivery *d = model_delivery(w->fake, settle->key);
    bool live = before->target && before->target_state == SAH_MEMORY_LEASED &&
                before->target_epoch == settle->epoch;

    if (d != NULL && !live && d->state != before->target_state) /* (I5) */
        world_violate(w, "I5", d->request_id, "a no of epoch %u counts, %u is live",
                      (unsigned)settle->epoch, (unsigned)before->target_epoch);
}
