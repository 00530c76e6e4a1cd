/*
 * world_end - everything heals and everybody does their work; then nothing may be left over.
 *
 * Used by: scenarios and sim_random, last. Never: forgives what was wrong before.
 *
 * First the machines alone are well and no person answers: every open emergency must reach a
 * person by itself (I9). Then people work off what they have, and all is settled, told and
 * answered (I1, I4, I8, I11).
 */
#include <string.h>

#include "lib/world_priv.h"

#define NOBODY_MS  (12 * 60 * 1000) /* past the last step of P2's ladder */
#define ROUNDS_MIN 5
#define ROUNDS_MAX 200

static void heal(struct world *w)
{
    w->draining = true;
    w->healed_ms = w->now_ms;
    w->next_fault = SAH_MEMORY_FINE;
    for (unsigned i = 0; i < w->n_routers; i++) {
        if (w->routers[i].stalled_until_ms != 0)
            w->routers[i].stalled_until_ms = w->now_ms;
    }
    if (world_some_router(w) == NULL)
        world_start(w, 0);
    if (w->away != NULL)
        (void)away_heal(w);
    world_store(w, WORLD_STORE_FINE);
    world_adapters(w, true, true);
    world_manner_all(w, WORLD_ACKS);
    for (unsigned i = 0; i < ROUNDS_MAX && !w->is_violated; i++) {
        world_idle(w, 1000, 500);
        if (i >= ROUNDS_MIN && world_unanswered(w) == 0 && (w->away == NULL || away_heal(w)))
            return;
        world_adapter_asks_again(w); /* a small router takes a few at a time */
        world_settle(w);
    }
}

static bool is_unanswered(const struct world *w, const struct world_request *r)
{
    const struct sah_request_view *view = &r->kept->view;
    bool wants = false;

    for (unsigned i = 0; i < view->n_lines; i++) {
        enum sah_state state = view->lines[i].state;

        if (view->lines[i].via[0] != '\0' && view->lines[i].carried)
            return false; /* the main one's ladder */
        if (state == SAH_STATE_CANCEL_ASKED || sah_state_is_with_person(state))
            return false; /* whoever has it reads the cancel */
        wants |= sah_ladder_kind(&w->rig->policy->ladder, state, view->priority, r->booking) ==
                 SAH_TIMER_ACK;
    }
    return wants;
}

static void check_reached(struct world *w)
{
    const uint32_t told = STATE_BIT(NEEDS_PERSON) | STATE_BIT(REJECTED);

    for (unsigned i = 0; i < w->n_requests; i++) {
        const struct sah_request_view *view = &w->requests[i].kept->view;

        if (sah_priority_is_emergency(view->priority) && view->closed_ms == 0 &&
            is_unanswered(w, &w->requests[i]) && (w->requests[i].told & told) == 0)
            world_violate(w, "I9", view->request_id, "nobody answered, and no person was told");
    }
}

static void people_work(struct world *w)
{
    for (unsigned i = 0; i < w->n_requests && !w->is_violated; i++) {
        const struct world_request *r = &w->requests[i];

        for (unsigned j = 0; j < r->kept->view.n_lines; j++) {
            const struct sah_line *line = &r->kept->view.lines[j];
            char agency[SAH_AGENCY_SIZE];

            if (sah_state_is_over(line->state) || (line->via[0] != '\0' && line->carried))
                continue; /* nobody there knows a linked one but through its main one */
            memcpy(agency, line->agency, sizeof agency);
            world_says(w, r->kept->view.request_id, agency, SAH_STATE_CLOSED, "desk 4");
            world_settle(w);
        }
    }
}

static void check_deliveries(struct world *w)
{
    for (size_t i = 0; i < w->fake->deliveries.n; i++) {
        static const char *const states[] = {"ready",   "leased", "delayed",
                                             "waiting", "done",   "dead"};
        const struct sah_memory_delivery *d = w->fake->deliveries.v[i];

        if (d->state != SAH_MEMORY_DONE && d->state != SAH_MEMORY_DEAD)
            world_violate(w, "I4", d->request_id, "message %u to %s is still %s", d->sequence,
                          d->agency, states[d->state]);
    }
}

static void check_requests(struct world *w)
{
    const uint32_t bad_news =
        STATE_BIT(NEEDS_PERSON) | STATE_BIT(REJECTED) | STATE_BIT(EXPIRED);

    for (unsigned i = 0; i < w->n_requests; i++) {
        const struct world_request *r = &w->requests[i];
        bool somewhere = (r->told & bad_news) != 0 || r->spoke != 0;

        for (size_t j = 0; j < w->n_deliveries && !somewhere; j++)
            somewhere = w->deliveries[j].request == i && w->deliveries[j].had_it &&
                        w->deliveries[j].kept->kind == SAH_KIND_REQUEST;
        if (!somewhere)
            world_violate(w, "I4", r->kept->view.request_id, "it reached nobody");
    }
}

static void check_messages(struct world *w)
{
    for (unsigned i = 0; i < w->n_messages; i++) {
        const struct world_message *m = &w->messages[i];

        if (m->under_way > 0 || m->code == SAH_RESULT_UNSPECIFIED ||
            m->code == SAH_RESULT_RETRY)
            world_violate(w, "I1", m->request_id, "message %u has no answer", i);
        if (m->accepted > 1 && !m->journaled && m->kind != SAH_KIND_STATUS_QUERY)
            world_violate(w, "I2", m->request_id, "message %u was accepted twice", i);
    }
}

/* (9.6) Closing reaches every reporter; (I3) each word reached somebody. */
static void check_incidents(struct world *w)
{
    for (unsigned i = 0; i < w->n_requests; i++) {
        const struct memory_request *r = w->requests[i].kept;

        for (unsigned j = 0; j < r->view.n_lines; j++) {
            const struct sah_line *line = &r->view.lines[j];

            if (line->via[0] != '\0' && line->carried && !sah_state_is_over(line->state))
                world_violate(w, "9.6", r->view.request_id, "the incident is closed at %s, and it is not",
                              line->agency);
        }
    }
    for (size_t i = 0; i < w->fake->items.n; i++) { /* told, or never to be told and let go */
        const struct memory_item *item = w->fake->items.v[i];

        if (!item->told)
            world_violate(w, "I3", item->item.member, "what it said was never told");
    }
    for (size_t i = 0; i < w->fake->works.n; i++) {
        const struct memory_work *work = w->fake->works.v[i];

        world_violate(w, "I4", work->work.request_id, "work %u about its incident never ends", work->work.kind);
    }
}

static void check_outbox(struct world *w)
{
    if (w->fake->events.n > 0) {
        const struct memory_event *e = w->fake->events.v[0];

        world_violate(w, "I8", e->event.status.request_id, "%u events left in the outbox",
                      (unsigned)w->fake->events.n);
    }
    for (uint64_t i = 1; i <= w->fake->event_seq; i++)
        if (i >= w->cap_heard || !w->heard[i])
            world_violate(w, "I8", "", "event %u never reached an adapter", (unsigned)i);
}

static void check_routers(struct world *w)
{
    for (unsigned i = 0; i < w->n_routers; i++)
        if (w->routers[i].core != NULL && sah_core_in_flight(w->routers[i].core) + (w->away != NULL ? sah_away_in_flight(w->routers[i].away) : 0) > 0)
            world_violate(w, "I11", "", "router %u still has %u under way", i,
                          sah_core_in_flight(w->routers[i].core));
    for (unsigned i = 0; i < w->rig->roster->n_agencies; i++) {
        const struct sah_endpoint *e = &w->rig->roster->agencies[i].endpoints[0];

        /* A router that died leaves its attempts behind, so only a world of one that lived
         * counts. */
        if (w->away == NULL && w->n_routers == 1 && w->routers[0].generation == 1 &&
            sah_fake_agencies_most(w->rig->agencies, e->id) > e->concurrency)
            world_violate(w, "I11", "", "%s got more than it takes at once", e->id);
    }
}

void world_finish(struct world *w)
{
    if (!w->is_violated)
        heal(w);
    if (!w->is_violated && w->away != NULL)
        away_check_end(w);
    if (!w->is_violated)
        world_idle(w, NOBODY_MS, 15000);
    if (!w->is_violated)
        check_reached(w);
    for (unsigned i = 0; i < 3 && !w->is_violated; i++) {
        people_work(w);
        world_idle(w, 4000, 1000);
    }
    /* What P3 and P4 have delayed, at most an hour and its jitter each. */
    for (unsigned i = 0;
         i < 150 && !w->is_violated && (w->n_active > 0 || w->fake->events.n > 0); i++)
        world_idle(w, 60000, 30000);
    if (!w->is_violated)
        world_idle(w, 6000, 1000);
    if (w->is_violated)
        return;
    check_messages(w);
    check_deliveries(w);
    check_requests(w);
    check_incidents(w);
    check_outbox(w);
    check_routers(w);
    if (w->away != NULL)
        away_check_told(w);
}
