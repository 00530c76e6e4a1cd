/*
 * status - what an agency says about a request: checked against the lifecycle, written, told on.
 *
 * Owns:    statuses under way. Used by: agency/callback.c.
 * Never:   tells a citizen that a person is on it unless a person is named (I9); applies a late
 *          lower state; lets an agency speak for another.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

struct status_job {
    uint64_t since_ms;
    struct sah_agency_status status;
    sah_status_fn *fn;
    void *data;
    struct sah_status_result result;
    struct sah_buf bytes; /* of what the router itself says to the copies */
};

static bool same_details(const struct sah_agency_status *a, const struct sah_agency_status *b)
{
    return a->eta_s == b->eta_s && a->n_units == b->n_units && memcmp(a->units, b->units, sizeof a->units) == 0 &&
           strcmp(a->case_no, b->case_no) == 0 && a->due_ms == b->due_ms && a->price_paise == b->price_paise &&
           strcmp(a->payment_url, b->payment_url) == 0 && a->reason == b->reason;
}

/* What was said before and is not said again still holds: a case number, a vehicle, a price; within
 * one state the ETA too. */
static void merge_details(struct sah_agency_status *into, const struct sah_agency_status *said, bool same_state)
{
    struct sah_agency_status merged = *said;

    if (same_state && merged.eta_s == 0)
        merged.eta_s = into->eta_s;
    if (same_state && merged.reason == SAH_REASON_UNSPECIFIED)
        merged.reason = into->reason;
    if (merged.due_ms == 0)
        merged.due_ms = into->due_ms;
    if (merged.price_paise == 0)
        merged.price_paise = into->price_paise;
    if (merged.payment_url[0] == '\0')
        memcpy(merged.payment_url, into->payment_url, sizeof merged.payment_url);

    if (merged.case_no[0] == '\0')
        memcpy(merged.case_no, into->case_no, sizeof merged.case_no);
    if (merged.n_units == 0) {
        merged.n_units = into->n_units;
        memcpy(merged.units, into->units, sizeof merged.units);
    }
    *into = merged;
}

static void tell(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                 const struct sah_line *line, enum sah_state state)
{
    struct sah_outbox_event *event =
        change_event(core, change, view->request, view->priority,
                     sah_roster_agency(core->s.roster, sah_slice_of(line->agency)), state);

    if (event == NULL)
        return;
    event->status = line->status;
    event->status.state = state;
    memcpy(event->status.request_id, view->request_id, sizeof event->status.request_id);
}

/* "We do not cancel": back to where it was. */
static bool decline_cancel(struct sah_core *core, struct status_job *job, const struct sah_request_view *view,
                           struct sah_line *line, struct sah_change *change)
{
    if (job->status.reason != SAH_REASON_CANCEL_DECLINED || line->state != SAH_STATE_CANCEL_ASKED)
        return false;
    line->state = line->before_cancel;
    merge_details(&line->status, &job->status, false);
    line->status.state = line->state;
    tell(core, change, view, line, SAH_STATE_CANCEL_ASKED); /* with the reason: "not cancelled" */
    job->result.code = SAH_STATUS_APPLIED;
    job->result.state = line->state;
    return true;
}

static void apply(struct sah_core *core, struct status_job *job, const struct sah_request_view *view,
                  struct sah_line *line, struct sah_change *change)
{
    enum sah_state to = job->status.state;

    change->history = incident_history(&job->status, line->state);
    merge_details(&line->status, &job->status, false);
    line->via[0] = '\0'; /* an agency that speaks of a linked one knows it by itself */
    line->carried = false;
    line->state = to;
    if (to == SAH_STATE_REJECTED &&
        change_fall_back(core, change, view, line->agency, SAH_ANSWER_REFUSED)) {
        job->result.state = to;
        return; /* somebody else has it now: the citizen hears from them */
    }
    tell(core, change, view, line, to);
    if (to == SAH_STATE_UNIT_LOST)
        line->state = SAH_STATE_WAITING_UNIT;
    if (to == SAH_STATE_REOPENED)
        change->closed_ms = 0;
    job->result.state = line->state;
}

/* An agency's program may refuse an emergency; only a person may end it. */
static void close_for_all(const struct status_job *job, const struct sah_request_view *view, struct sah_core *core,
                          struct sah_change *change)
{
    if (job->status.level == SAH_LEVEL_PERSON || !sah_priority_is_emergency(view->priority))
        change_close_if_over(core, change, view);
}

/* Whoever speaks of a request has it, even when its 200 never came: nothing is sent again and nobody
 * else is called in (I5). */
static void count_as_delivered(const struct status_job *job, const struct sah_request_view *view,
                               const struct sah_line *old, struct sah_change *change)
{
    enum sah_state was = old->state == SAH_STATE_CANCEL_ASKED ? old->before_cancel : old->state;

    /* An alert may be on its way again (escalate.c): that ends here too. */
    if (was >= SAH_STATE_DELIVERED &&
        (old->timer == SAH_TIMER_NONE || old->timer_level <= 1 || old->timer_level == SAH_LADDER_SPENT))
        return;
    change->settle.kind = SAH_SETTLE_DONE;
    change->settle.outcome = SAH_ANSWER_MACHINE_ACK;
    sah_delivery_key(&view->request->id, job->status.agency, change->settle.key);
}

/* Gaps are filled in the audit record; nobody is told what nobody said. */
static void note_inferred(const struct sah_move *move, struct sah_change *change)
{
    for (unsigned i = 0; i < move->n_inferred; i++) {
        size_t len = strlen(change->audit);

        (void)sah_format(change->audit + len, sizeof change->audit - len, " inferred=%s",
                         sah_state_name(move->inferred[i]));
    }
}

static bool refused(struct status_job *job, const struct sah_line *line, const struct sah_move *move, bool booking)
{
    if (move->needs_person)
        job->result.code = SAH_STATUS_NEEDS_NAME;
    else
        job->result.code = SAH_STATUS_ILLEGAL;
    job->result.from = line->state;
    job->result.n_allowed = sah_lifecycle_allowed(line->state, booking, job->result.allowed);
    return false;
}

static bool decide_status(struct sah_core *core, void *data, const struct sah_request_view *view,
                          struct sah_change *change)
{
    struct status_job *job = data;
    const struct sah_line *old = view_line(view, job->status.agency);
    struct sah_line *line;
    struct sah_move move;
    bool booking;

    memset(&job->result, 0, sizeof job->result);
    if (view == NULL || old == NULL) {
        job->result.code = SAH_STATUS_NOT_FOUND;
        return false;
    }
    job->result.from = old->state;
    job->result.state = old->state;
    line = change_line(change, view, job->status.agency);
    (void)sah_format(change->audit, sizeof change->audit, "status agency=%s state=%s level=%s", line->agency,
                     sah_state_name(job->status.state), sah_level_name(job->status.level));
    if (decline_cancel(core, job, view, line, change))
        return true;
    booking = change_is_booking(core, view->request->u.request.triage.service, old->agency);
    move = sah_lifecycle_move(old->state, job->status.state, job->status.level, view->priority, booking);
    switch (move.kind) {
    case SAH_MOVE_APPLY:
        job->result.code = SAH_STATUS_APPLIED;
        apply(core, job, view, line, change);
        count_as_delivered(job, view, old, change);
        copies_tell(core, change, view, job->status.agency, &job->bytes);
        close_for_all(job, view, core, change);
        note_inferred(&move, change);
        return true;
    case SAH_MOVE_REPEAT:
        job->result.code = SAH_STATUS_REPEATED;
        merge_details(&line->status, &job->status, true);
        if (same_details(&line->status, &old->status))
            return false;
        tell(core, change, view, line, line->state);
        return true;
    case SAH_MOVE_HISTORY:
        job->result.code = SAH_STATUS_HISTORY;
        change->n_lines = 0; /* the audit record alone */
        return true;
    case SAH_MOVE_REFUSE:
        return refused(job, old, &move, booking);
    }
    return false;
}

static void status_done(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct status_job *job = data;
    struct sah_core_counters *c = &core->counters;

    if (err != SAH_OK || (committed != NULL && committed->stale))
        job->result.code = SAH_STATUS_UNAVAILABLE;
    switch (job->result.code) {
    case SAH_STATUS_APPLIED:
        c->statuses_applied++;
        break;
    case SAH_STATUS_REPEATED:
        c->statuses_repeated++;
        break;
    case SAH_STATUS_HISTORY:
        c->statuses_history++;
        break;
    case SAH_STATUS_NOT_FOUND:
    case SAH_STATUS_ILLEGAL:
    case SAH_STATUS_NEEDS_NAME:
    case SAH_STATUS_UNAVAILABLE:
        c->statuses_refused++;
        break;
    }
    sah_room_answered(&core->room, core->now.mono_ms - job->since_ms, core->jobs, core->now.mono_ms);
    core->jobs--;
    job->fn(job->data, &job->result);
    sah_buf_fini(&job->bytes);
    free(job);
}

void sah_core_status(struct sah_core *core, const struct sah_agency_status *status, struct sah_now now,
                     sah_status_fn *fn, void *data)
{
    struct status_job *job = NULL;

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (core->jobs < jobs_but_for_emergencies(core)) /* agencies ask again; an accept must not wait for them */
        job = calloc(1, sizeof *job);
    if (job == NULL) {
        struct sah_status_result full = {.code = SAH_STATUS_UNAVAILABLE};

        fn(data, &full);
        return;
    }
    core->jobs++;
    job->since_ms = now.mono_ms;
    job->status = *status;
    sah_buf_init(&job->bytes, SAH_MESSAGE_MAX_BYTES);
    job->fn = fn;
    job->data = data;
    revise(core, status->request_id, REVISE_ONCE, decide_status, status_done, job);
}
