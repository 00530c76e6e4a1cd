/*
 * away_import - one request of the direct core on its way into the main store: message after message,
 * each one atomic change with all that is known of its deliveries, so that at no moment can anybody
 * lease what an agency has. (I2, I4, I5, I6)
 *
 * Owns:    requests on their way; they are held in memory meanwhile.
 * Used by: away_bring.c. Never: lowers a class, moves a line back (policy/lifecycle), closes a message
 *          before the main store has it.
 *
 * The main store may have the request after all: an answer that came too late, another router, an
 * earlier try whose reply was lost. Then what it has stays, and what is known is added. Asked again, the
 * same comes out: a message is known by its id, a delivery by its key, and what is told by its name.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"
#include "policy/lifecycle.h"

#define TRIES_MAX 16
#define AGAIN_MS 500

struct import {
    struct sah_away *away;
    struct import *next;
    struct open_request *r;
    size_t at;       /* message of the request */
    bool known;      /* the main store has that message */
    bool was_there;  /* it had the request before we came */
    unsigned tries;
    bool urgent;     /* something of it is still to be sent */
    unsigned n_events; /* in the change under way: once, and never again, are they moved (I8) */
    char events[SAH_EVENTS_MAX][sizeof ((struct sah_outbox_event *)0)->event_id];
};

static void step(struct import *im);

static void unlink_import(struct import *im)
{
    struct import **at = &im->away->imports;

    while (*at != im)
        at = &(*at)->next;
    *at = im->next;
    im->away->n_imports--;
}

static void failed(struct import *im, int err)
{
    struct sah_away *away = im->away;

    away->counters.bring_failed++;
    if (err != SAH_EDOWN && err != SAH_ETIMEOUT && err != SAH_ECANCELED)
        sah_error(away->s.log, "event=away.import_failed request=%s err=\"%s\"", im->r->request_id, sah_strerror(err));
    if (err != SAH_ECANCELED) {
        sah_memory_store_release(away->memory, im->r->request_id);
        im->r->moving = false;
        for (struct open_message *m = im->r->first; m != NULL; m = m->next_of_request)
            m->next_try_ms = away->now.mono_ms + AGAIN_MS;
    }
    unlink_import(im);
    free(im);
}

/* The main store has all of it. */
static void finished(struct import *im)
{
    struct sah_away *away = im->away;
    struct open_request *r = im->r;
    struct open_message *m = r->first, *next;

    away->counters.imported++;
    away->counters.merged += im->was_there;
    if (!im->was_there)
        compare_add(away, r->request_id);
    away->kick |= im->urgent;
    sah_info(away->s.log, "event=away.imported request=%s messages=%zu merged=%d", r->request_id, im->at, im->was_there);
    sah_memory_store_drop(away->memory, r->request_id);
    r->moving = r->direct = false;
    unlink_import(im);
    free(im);
    for (; m != NULL; m = next) { /* r goes with its last one */
        next = m->next_of_request;
        if (!m->taken)
            continue;
        known_add(away, &m->id);
        open_close(away, m);
    }
}

/* ---- what the main store has, and what is known */

static const struct sah_line *line_in(const struct sah_request_view *view, const char *agency)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, agency) == 0)
            return &view->lines[i];
    return NULL;
}

static bool has_message(const struct sah_request_view *view, const struct sah_id *id)
{
    for (unsigned i = 0; i < view->n_messages; i++)
        if (sah_id_equal(&view->messages[i].id, id))
            return true;
    return sah_id_equal(&view->request->id, id);
}

/* Does our line say more than the one that is there? A cancel that was asked stands beside what the
 * agency said before it. */
static bool moves(const struct sah_away *away, const struct sah_line *old, const struct sah_line *ours,
                  const struct sah_request_view *view)
{
    bool booking = sah_core_books(away->main, view->request->u.request.triage.service, ours->agency);
    enum sah_state was = old->state == SAH_STATE_CANCEL_ASKED ? old->before_cancel : old->state;
    enum sah_move_kind kind;

    if (ours->state <= SAH_STATE_QUEUED)
        return false;
    if (ours->state == SAH_STATE_CANCEL_ASKED)
        return !sah_state_is_over(old->state);
    if (ours->state == SAH_STATE_REJECTED && sah_state_is_with_person(was) && ours->status.level != SAH_LEVEL_PERSON)
        return false; /* a program's no does not undo what a person said (I5) */
    kind = sah_lifecycle_move(was, ours->state, SAH_LEVEL_PERSON, view->priority, booking).kind;
    return kind == SAH_MOVE_APPLY || (kind == SAH_MOVE_REPEAT && was == old->state);
}

/* When the cancel is declined it is at the higher of the two. */
static void keep_before_cancel(const struct sah_away *away, const struct sah_line *old, struct sah_line *ours,
                               const struct sah_request_view *view)
{
    struct sah_line before = *ours;

    if (ours->state != SAH_STATE_CANCEL_ASKED)
        return;
    before.state = ours->before_cancel;
    if (!moves(away, old, &before, view))
        ours->before_cancel = old->state == SAH_STATE_CANCEL_ASKED ? old->before_cancel : old->state;
}

static void drop_timer(struct sah_change *change, const char *agency)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < change->n_timers; i++)
        if (strcmp(change->timers[i].agency, agency) != 0)
            change->timers[kept++] = change->timers[i];
    change->n_timers = kept;
}

static void merge_lines(const struct sah_away *away, struct sah_change *change, const struct sah_request_view *view)
{
    unsigned kept = 0, room = SAH_LINES_MAX - view->n_lines;

    for (unsigned i = 0; i < change->n_lines; i++) {
        const struct sah_line *old = line_in(view, change->lines[i].agency);

        if (old == NULL ? room == 0 : !moves(away, old, &change->lines[i], view)) {
            drop_timer(change, change->lines[i].agency);
            continue;
        }
        room -= old == NULL;
        if (old != NULL)
            keep_before_cancel(away, old, &change->lines[i], view);
        change->lines[kept++] = change->lines[i];
    }
    change->n_lines = kept;
}

/* What only the main store knows may be open: then the request is. */
static bool all_over(const struct sah_change *change, const struct sah_request_view *view)
{
    for (unsigned i = 0; i < view->n_lines; i++) {
        enum sah_state state = view->lines[i].state;

        for (unsigned j = 0; j < change->n_lines; j++)
            if (strcmp(change->lines[j].agency, view->lines[i].agency) == 0)
                state = change->lines[j].state;
        if (!sah_state_is_over(state))
            return false;
    }
    return true;
}

static void merge_request(const struct sah_away *away, struct sah_change *change, const struct sah_request_view *view)
{
    merge_lines(away, change, view);
    memcpy(change->incident_id, view->incident_id, sizeof change->incident_id);
    change->rule[0] = change->note[0] = '\0';
    if (change->priority != view->priority && sah_priority_higher(change->priority, view->priority) == view->priority) {
        change->n_timers = 0; /* those of a lower class: it is watched, and ended, as what it is (I9) */
        change->closed_ms = -1;
    }
    if (sah_priority_higher(change->priority, view->priority) == view->priority)
        change->priority = SAH_PRIORITY_UNSPECIFIED;
    if (view->closed_ms > 0 || change->closed_ms == 0 || !all_over(change, view))
        change->closed_ms = -1;
}

/* Agencies that only the main store knows of get what was said meanwhile. */
static void plan_others(const struct sah_away *away, struct sah_change *change, const struct sah_request_view *view)
{
    for (unsigned i = 0; i < view->n_lines && change->n_plans < SAH_PLANS_MAX; i++) {
        const struct sah_line *line = &view->lines[i];
        const struct sah_agency *agency = sah_roster_agency(away->s.roster, sah_slice_of(line->agency));
        struct sah_plan *plan = &change->plans[change->n_plans];
        bool planned = false;

        for (unsigned j = 0; j < change->n_plans; j++)
            planned = planned || strcmp(change->plans[j].agency, line->agency) == 0;
        if (planned || agency == NULL || sah_state_is_over(line->state))
            continue;
        memset(plan, 0, sizeof *plan);
        sah_delivery_key(&change->message_id, agency->id, plan->key);
        memcpy(plan->agency, agency->id, sizeof plan->agency);
        memcpy(plan->endpoint, agency->endpoints[0].id, sizeof plan->endpoint);
        plan->message_id = change->message_id;
        plan->kind = change->kind;
        plan->sequence = change->sequence;
        change->n_plans++;
    }
}

/* A message has one number, in what every agency gets of it (I10): that of the main store when it has
 * one, else the one it was delivered under, unless the main store has counted on. */
static void number(const struct import *im, struct sah_change *change, const struct sah_request_view *view)
{
    uint32_t sequence = change->sequence;

    if (im->at == 0)
        return;
    if (!im->known && sequence <= view->last_sequence)
        sequence = view->last_sequence + 1;
    for (unsigned i = 0; im->known && i < view->n_messages; i++)
        if (sah_id_equal(&view->messages[i].id, &change->message_id))
            sequence = view->messages[i].sequence;
    change->sequence = sequence;
    for (unsigned i = 0; i < change->n_plans; i++)
        change->plans[i].sequence = sequence;
}

static void merge(struct import *im, struct sah_change *change, const struct sah_request_view *view)
{
    change->expected_revision = view->revision;
    /* Past the last message there is none: events alone. */
    im->known = im->known || change->bytes.len == 0 || has_message(view, &change->message_id);
    if (im->at == 0)
        merge_request(im->away, change, view);
    number(im, change, view);
    if (im->at > 0 && !im->known)
        plan_others(im->away, change, view);
    if (im->known) { /* what is known of it is all that is new */
        change->bytes = (struct sah_slice){NULL, 0};
        change->kind = SAH_KIND_UNSPECIFIED;
        change->sequence = 0;
    }
}

/* ---- load, decide, commit, next message */

static void on_committed(void *data, int err, const struct sah_committed *committed)
{
    struct import *im = data;

    if (err == SAH_ECONFLICT && ++im->tries < TRIES_MAX) {
        step(im);
        return;
    }
    if (err != SAH_OK) {
        failed(im, err);
        return;
    }
    if (!committed->duplicate)
        take_saw_run(im->away, committed->store_run_id, committed->accept_seq);
    if (committed->duplicate && !im->known) {
        im->known = true; /* past the newest that a view holds, or just now */
        step(im);
        return;
    }
    for (unsigned i = 0; i < im->n_events; i++)
        sah_memory_store_event_moved(im->away->memory, im->events[i]);
    im->at++;
    im->known = false;
    im->tries = 0;
    step(im);
}

static void on_loaded(void *data, int err, const struct sah_request_view *view)
{
    struct import *im = data;
    struct sah_away *away = im->away;
    struct sah_change *change = away->scratch;

    if ((err != SAH_OK && err != SAH_ENOENT) || (err == SAH_ENOENT && im->at > 0)) {
        failed(im, err);
        return;
    }
    (void)sah_memory_store_export(away->memory, im->r->request_id, im->at, change);
    im->was_there |= err == SAH_OK && im->at == 0;
    im->n_events = change->n_events;
    for (unsigned i = 0; i < change->n_events; i++) {
        struct sah_outbox_event *event = &change->events[i];

        memcpy(im->events[i], event->event_id, sizeof im->events[i]);
        if (event->name[0] == '\0') /* the main store gives it another id: it is the same news */
            (void)sah_format(event->name, sizeof event->name, "%s", event->event_id);
    }
    if (err == SAH_OK)
        merge(im, change, view);
    if (im->at == 0)
        sah_core_rearm(away->main, change, err == SAH_OK ? view : NULL);
    for (unsigned i = 0; i < change->n_plans; i++)
        im->urgent |= change->plans[i].known == SAH_KNOWN_NOTHING;
    (void)sah_format(change->audit, sizeof change->audit, "brought back message=%zu known=%d policy=%s", im->at,
                     im->known, away->s.policy->version);
    away->store.commit(away->store.data, change, on_committed, im);
}

static void step(struct import *im)
{
    struct sah_away *away = im->away;

    if (!sah_memory_store_export(away->memory, im->r->request_id, im->at, away->scratch)) {
        finished(im);
        return;
    }
    away->store.load(away->store.data, im->r->request_id, on_loaded, im);
}

bool import_start(struct sah_away *away, struct open_request *r, bool with_events)
{
    struct import *im;

    for (const struct open_message *m = r->first; m != NULL; m = m->next_of_request)
        if (m->with_direct && !m->taken)
            return false; /* the direct core has not seen all of it yet */
    if (r->n_under_way > 0)
        return false; /* what an agency said is on its way to the disk, or being written down (I5) */
    if (!sah_memory_store_has(away->memory, r->request_id) ||
        !sah_memory_store_hold(away->memory, r->request_id, with_events))
        return false;
    im = calloc(1, sizeof *im);
    if (im == NULL) {
        sah_memory_store_release(away->memory, r->request_id);
        return false;
    }
    im->away = away;
    im->r = r;
    im->next = away->imports;
    away->imports = im;
    away->n_imports++;
    r->moving = true;
    step(im);
    return true;
}

void import_fini(struct sah_away *away)
{
    while (away->imports != NULL) {
        struct import *im = away->imports;

        away->imports = im->next;
        free(im);
    }
}
