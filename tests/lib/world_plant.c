/*
 * world_plant - faults planted on purpose, to prove that the checks can find them: a core or a
 * store that does one thing wrong, made by bending what passes between the two.
 *
 * Owns:    the table of faults. Used by: world_ports.c, at one hook each; sim_random --plant.
 * Never:   does anything unless its fault was asked for by name; stands in production code.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/world_priv.h"

#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define ALWAYS  ((int64_t)1 << 50)

#define PLANTS(X)                                                                             \
    X(ack_before_write, "I1", "a message is answered ACCEPTED though the commit failed")      \
    X(two_incidents, "I2", "an amendment moves its request into another incident")            \
    X(dedupe_forgets, "I2", "a message known for an hour is taken for a new one")             \
    X(linked_report_dropped, "I3", "a linked report counts as carried before it was told")     \
    X(forgotten_at_restart, "I4", "what a dying router had leased counts as done")            \
    X(lease_never_ends, "I4", "the lease of a router that died does not run out")             \
    X(lease_without_epoch, "I5", "a no is taken from an epoch that is not live")              \
    X(two_live_leases, "I5", "what one router has leased is leased to another as well")       \
    X(late_2xx_ignored, "I5", "a 2xx that comes after its lease counts as unknown")           \
    X(second_key, "I6", "the second endpoint of an agency gets another key")                  \
    X(replay_changes_key, "I6", "a dead letter that is replayed gets another key")            \
    X(replay_loses_place, "I7", "an emergency that is replayed goes to the end")              \
    X(admission_refuses_p0, "I7", "past its limit the lane refuses an emergency, too")         \
    X(retry_loses_class, "I7", "a delivery that is tried again waits behind all bookings")    \
    X(retry_loses_place, "I7", "a delivery that is tried again goes to the end of its class") \
    X(event_dropped, "I8", "an outbox event is taken away before it was given")               \
    X(event_without_change, "I8", "an event is written, what it tells is not")                \
    X(change_without_event, "I8", "a state changes and the citizen does not hear of it")      \
    X(dead_letter_untold, "I9", "a delivery is given up and nobody is told")                  \
    X(help_before_person, "I9", "a machine's 200 is told as a person's answer")               \
    X(timer_lost, "I9", "a change loses its timers: nobody watches the request")              \
    X(amendment_overtakes, "I10", "an amendment does not wait for what is before it")         \
    X(silence_spreads, "I11", "while one agency is silent, others are not served")

/* In a world whose routers have a journal. */
#define AWAY_PLANTS(X)                                                                        \
    X(disk_lies, "I1", "a journal says that a message is on disk before it is")               \
    X(journal_not_replayed, "I4", "a router that starts does not look into its journal")      \
    X(import_is_new, "I2", "what is brought back is stored under another id, as a new one")   \
    X(import_changes_key, "I6", "what is brought back is sent again under another key")       \
    X(import_forgets_known, "I5", "what is brought back has lost what agencies have")         \
    X(import_claims_known, "I4", "what is brought back counts as what agencies have")         \
    X(import_forgets_person, "I5", "what is brought back has lost what a person answered")    \
    X(import_tells_twice, "I8", "events are brought back a second time")                      \
    X(help_without_person, "I9", "a direct core tells a machine's 200 as a person's answer")

enum plant {
#define X(name, finds, what) PLANT_##name,
    PLANTS(X) AWAY_PLANTS(X)
#undef X
};
const struct world_plant world_plants[] = {
#define X(name, finds, what) {#name, finds, what, false},
    PLANTS(X)
#undef X
#define X(name, finds, what) {#name, finds, what, true},
    AWAY_PLANTS(X)
#undef X
};
const unsigned world_n_plants = SAH_LEN(world_plants);

#define PLANTED(w, name) ((w)->plant == PLANT_##name)

int plant_index(const char *name)
{
    for (unsigned i = 0; i < world_n_plants; i++)
        if (strcmp(world_plants[i].name, name) == 0)
            return (int)i;
    return -1;
}

static struct sah_change *bent(struct world *w, const struct sah_change *change)
{
    *w->planted = *change;
    return w->planted;
}

/* ---- a core that says the wrong thing */

static bool has_event(const struct sah_change *change, enum sah_state state)
{
    for (unsigned i = 0; i < change->n_events; i++)
        if (change->events[i].status.state == state)
            return true;
    return false;
}

/* ---- a router that brings back the wrong thing, or starts without its journal */

static void forget_person(struct sah_change *c)
{
    for (unsigned i = 0; i < c->n_lines; i++)
        if (c->lines[i].state >= SAH_STATE_ACKNOWLEDGED && c->lines[i].state <= SAH_STATE_TRANSPORTING)
            c->lines[i].state = c->lines[i].status.state = SAH_STATE_DELIVERED;
}

static const struct sah_change *plant_import(struct world *w, const struct sah_change *change)
{
    struct sah_change *c = bent(w, change);

    for (unsigned i = 0; i < c->n_plans; i++) {
        if (PLANTED(w, import_forgets_known) || PLANTED(w, import_changes_key))
            c->plans[i].known = SAH_KNOWN_NOTHING;
        if (PLANTED(w, import_claims_known))
            c->plans[i].known = SAH_KNOWN_DONE;
        if (PLANTED(w, import_changes_key))
            c->plans[i].key[0] = c->plans[i].key[0] == 'a' ? 'b' : 'a';
    }
    if (PLANTED(w, import_forgets_person))
        forget_person(c);
    if (PLANTED(w, import_tells_twice) && w->plant_count == 0 && c->n_events > 0) {
        w->plant_event = c->events[0]; /* it comes along with the next one, too, by another name */
        w->plant_event.name[0] = w->plant_event.name[0] == 'a' ? 'b' : 'a';
        w->plant_count = 1;
    } else if (w->plant_count == 1 && c->n_events < SAH_EVENTS_MAX) {
        c->events[c->n_events++] = w->plant_event;
        w->plant_count = 2;
    }
    if (PLANTED(w, import_is_new) && c->bytes.len > 0) {
        c->message_id.bytes[8] ^= 1;
        for (unsigned i = 0; i < c->n_plans; i++)
            c->plans[i].message_id = c->message_id;
    }
    return c;
}

static void each_of_none(void *data, bool (*fn)(void *data, const struct sah_journal_entry *entry), void *fn_data)
{
    SAH_UNUSED(data);
    SAH_UNUSED(fn);
    SAH_UNUSED(fn_data);
}

void plant_journal(struct world *w, struct world_router *r)
{
    if (PLANTED(w, journal_not_replayed))
        r->journal_port.each = each_of_none;
    if (PLANTED(w, disk_lies))
        fake_journal_lie(r->journal, true);
}

void plant_event(struct world *w, struct sah_outbox_event *event)
{
    if (PLANTED(w, help_without_person) && strtoull(event->event_id + 5, NULL, 10) >= SAH_AWAY_FIRST_EVENT &&
        event->status.state == SAH_STATE_DELIVERED)
        event->status.state = SAH_STATE_ACKNOWLEDGED;
}

const struct sah_change *plant_core_change(struct world *w, const struct sah_change *change)
{
    struct sah_change *c;

    if (w->plant < 0)
        return change;
    if (away_is_import(change))
        return plant_import(w, change);
    if (PLANTED(w, event_without_change) && has_event(change, SAH_STATE_DELIVERED)) {
        c = bent(w, change);
        c->n_lines = 0;
        return c;
    }
    if (PLANTED(w, change_without_event) && has_event(change, SAH_STATE_EN_ROUTE)) {
        c = bent(w, change);
        c->n_events = 0;
        return c;
    }
    if (PLANTED(w, linked_report_dropped) && change->set_main && change->main_id[0] != '\0' && change->n_plans > 0 &&
        change->plans[0].hold_ms > 0) {
        c = bent(w, change);
        memcpy(c->carried[0].key, c->plans[0].key, SAH_KEY_SIZE);
        memcpy(c->carried[0].by, c->plans[0].key, SAH_KEY_SIZE);
        c->n_carried = 1;
        return c;
    }
    if (PLANTED(w, dead_letter_untold) && change->settle.kind == SAH_SETTLE_DEAD) {
        c = bent(w, change);
        c->n_events = 0;
        return c;
    }
    if (PLANTED(w, help_before_person) && has_event(change, SAH_STATE_DELIVERED)) {
        c = bent(w, change);
        for (unsigned i = 0; i < c->n_events; i++)
            c->events[i].status.state = SAH_STATE_ACKNOWLEDGED;
        for (unsigned i = 0; i < c->n_lines; i++)
            if (c->lines[i].state == SAH_STATE_DELIVERED)
                c->lines[i].state = SAH_STATE_ACKNOWLEDGED;
        return c;
    }
    if (PLANTED(w, dedupe_forgets) && change->bytes.len > 0 &&
        change->kind == SAH_KIND_AMENDMENT) {
        const struct memory_message *m = model_message(w->fake, &change->message_id);

        if (m != NULL && m->accepted_ms + HOUR_MS < world_store_now(w)) {
            c = bent(w, change); /* as new: with another id all along */
            c->message_id.bytes[8] ^= 1;
            for (unsigned i = 0; i < c->n_plans; i++) {
                c->plans[i].message_id = c->message_id;
                sah_delivery_key(&c->message_id, c->plans[i].agency, c->plans[i].key);
            }
            return c;
        }
    }
    return change;
}

void plant_result(struct world *w, const struct world_message *m, struct sah_result *result)
{
    if (PLANTED(w, admission_refuses_p0) && m->kind == SAH_KIND_REQUEST &&
        strcmp(m->service, "LPG_BOOKING") != 0 && result->code == SAH_RESULT_ACCEPTED && world_roll(w, 10) == 0) {
        result->code = SAH_RESULT_REFUSED;
        result->retry_after_ms = 600000;
    }
}

void plant_send(struct world *w, struct sah_leased *leased)
{
    if (PLANTED(w, second_key) && strcmp(leased->endpoint, "fire-101-b") == 0)
        leased->key[0] = leased->key[0] == 'a' ? 'b' : 'a';
}

void plant_answer(struct world *w, const struct world_call *call,
                  struct sah_agency_answer *answer)
{
    const struct sah_memory_delivery *d = model_delivery(w->fake, call->key);

    if (PLANTED(w, late_2xx_ignored) && answer->answer.kind == SAH_ANSWER_MACHINE_ACK &&
        d != NULL && (d->state != SAH_MEMORY_LEASED || d->epoch != call->epoch))
        answer->answer.kind = SAH_ANSWER_UNKNOWN;
}

bool plant_no_lease(struct world *w, const char *endpoint)
{
    SAH_UNUSED(endpoint);
    if (PLANTED(w, silence_spreads) && !w->draining)
        for (unsigned i = 0; i < WORLD_ENDPOINTS; i++)
            if (w->manners[i] == WORLD_SILENT)
                return true;
    return false;
}

/* ---- a store that keeps the wrong thing */

const struct sah_change *plant_store_change(struct world *w, const struct sah_change *change)
{
    struct sah_change *c;

    if (PLANTED(w, timer_lost) && change->n_timers > 0) {
        c = bent(w, change);
        c->n_timers = 0;
        return c;
    }
    if (PLANTED(w, lease_without_epoch) && change->settle.kind >= SAH_SETTLE_DEAD) {
        c = bent(w, change);
        plant_settle(w, &c->settle);
        return c;
    }
    return change;
}

void plant_settle(struct world *w, struct sah_settle *settle)
{
    const struct sah_memory_delivery *d;

    if (!PLANTED(w, lease_without_epoch))
        return;
    d = model_delivery(w->fake, settle->key);
    if (d != NULL && d->state == SAH_MEMORY_LEASED)
        settle->epoch = d->epoch;
}

void plant_after_commit(struct world *w, const struct sah_change *change, bool applied,
                        struct world_call *call)
{
    struct memory_request *r;

    if (PLANTED(w, ack_before_write) && !applied && change->bytes.len > 0 &&
        model_message(w->fake, &change->message_id) == NULL) {
        call->forged = true;
        memcpy(call->committed.request_id, change->request_id,
               sizeof call->committed.request_id);
        memcpy(call->committed.incident_id, change->incident_id,
               sizeof call->committed.incident_id);
        call->committed.accept_seq = 1;
        call->committed.revision = 1;
    }
    for (unsigned i = 0; applied && i < change->n_plans; i++) {
        struct sah_memory_delivery *d =
            change->plans[i].replay == SAH_REPLAY_READY ? model_delivery(w->fake, change->plans[i].key) : NULL;

        if (d != NULL && PLANTED(w, replay_changes_key))
            d->key[0] = d->key[0] == 'a' ? 'b' : 'a';
        if (d != NULL && PLANTED(w, replay_loses_place) && d->replayed_ms == w->fake->now_ms)
            d->accept_seq = ++w->fake->accept_seq;
        if (d != NULL)
            model_place(w->fake, d);
    }
    r = model_request(w->fake, change->request_id);
    if (PLANTED(w, two_incidents) && applied && change->kind == SAH_KIND_AMENDMENT &&
        change->bytes.len > 0)
        r->view.incident_id[SAH_INCIDENT_ID_SIZE - 2] ^= 1;
}

void plant_before_lease(struct world *w, const char *endpoint)
{
    if (w->plant < 0)
        return;
    if (PLANTED(w, event_dropped) && w->fake->events.n > 4 && w->plant_count == 0) {
        model_forget_event(w->fake, ((const struct memory_event *)w->fake->events.v[2])->event.event_id);
        w->plant_count++;
    }
    for (size_t i = 0; i < w->fake->deliveries.n; i++) {
        struct sah_memory_delivery *d = w->fake->deliveries.v[i];

        if (strcmp(d->endpoint, endpoint) != 0)
            continue;
        if (PLANTED(w, two_live_leases) && d->state == SAH_MEMORY_LEASED && world_roll(w, 8) == 0)
            d->state = SAH_MEMORY_READY;
        if (PLANTED(w, amendment_overtakes) && d->state == SAH_MEMORY_WAITING)
            d->state = SAH_MEMORY_READY;
        if (d->state == SAH_MEMORY_READY && d->attempts > 0 && PLANTED(w, retry_loses_class))
            d->class = SAH_N_CLASSES - 1;
        if (d->state == SAH_MEMORY_READY && d->attempts > 0 && PLANTED(w, retry_loses_place))
            d->accept_seq = 1000000 + d->attempts;
        model_place(w->fake, d);
    }
}

void plant_crash(struct world *w, const struct world_router *r)
{
    if (!PLANTED(w, forgotten_at_restart) && !PLANTED(w, lease_never_ends))
        return;
    for (const struct world_call *c = r->calls; c != NULL; c = c->next) {
        struct sah_memory_delivery *d =
            c->kind == CALL_SEND ? model_delivery(w->fake, c->key) : NULL;

        if (d == NULL || d->state != SAH_MEMORY_LEASED)
            continue;
        if (PLANTED(w, forgotten_at_restart))
            d->state = SAH_MEMORY_DONE;
        else
            d->due_ms += ALWAYS;
        model_place(w->fake, d);
    }
}
