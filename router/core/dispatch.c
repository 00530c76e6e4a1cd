/*
 * dispatch - sends what was leased, and acts on the answer.
 *
 * Owns:    attempts under way. Used by: leasing.c, which says what may go out.
 * Never:   drops a delivery: each ends settled, delayed, referred to another agency or with a
 *          person told (I4). A machine's 200 is DELIVERED, not a person (I9).
 *
 * I5: each lease has its epoch; a positive answer is written whenever it comes, a negative one only
 * counts with the live epoch.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define ATTEMPT_MAGIC 0x5a415454u

struct attempt {
    uint32_t magic;
    struct slot *slot;
    struct sah_leased leased; /* its bytes are not ours: never read after send */
    struct sah_agency_answer answer;
    struct sah_verdict verdict;
};

const unsigned sah_core_bucket_ms[10] = {5, 10, 20, 50, 100, 250, 500, 1000, 2000, 5000};

static void count_to_socket(struct sah_core *core, const struct sah_leased *leased)
{
    unsigned class = sah_priority_class(leased->priority);
    unsigned bucket = 0;

    if (leased->attempts > 1 || leased->kind != SAH_KIND_REQUEST)
        return;
    while (bucket < 10 && leased->age_ms > sah_core_bucket_ms[bucket])
        bucket++;
    core->counters.to_socket[class][bucket]++;
    core->counters.to_socket_sum_ms[class] += leased->age_ms;
}

/* ---- after an attempt */

static void forget(struct attempt *attempt)
{
    attempt->slot->core->attempts--;
    attempt->magic = 0;
    free(attempt);
}

static void ended(struct attempt *attempt)
{
    struct slot *slot = attempt->slot;

    forget(attempt);
    /* What is due next may lie at another endpoint of the agency: a retry there, or an amendment
     * that waited for this one. */
    if (slot->agency->n_endpoints > 1)
        leasing_kick_agency(slot->core, slot->agency->id);
    else
        leasing_look(slot);
}

static void settle_in(const struct attempt *attempt, enum sah_settle_kind kind, struct sah_settle *settle)
{
    const struct sah_agency *agency = attempt->slot->agency;

    memset(settle, 0, sizeof *settle);
    settle->kind = kind;
    memcpy(settle->key, attempt->leased.key, sizeof settle->key);
    settle->epoch = attempt->leased.epoch;
    settle->outcome = attempt->answer.answer.kind;
    if (kind == SAH_SETTLE_DELAY) {
        settle->delay_ms = attempt->verdict.wait_ms;
        settle->fell_back = attempt->leased.fell_back || attempt->verdict.fall_back;
        memcpy(settle->endpoint, agency->endpoints[attempt->verdict.endpoint].id, sizeof settle->endpoint);
    } else {
        memcpy(settle->endpoint, attempt->slot->endpoint->id, sizeof settle->endpoint);
    }
}

/* Is the message, or a later one, on its way to somebody else who still has the request? */
static bool others_get(const struct sah_request_view *view, const struct sah_leased *leased)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, leased->agency) != 0 && !sah_state_is_over(view->lines[i].state) &&
            view->lines[i].sequence >= leased->sequence)
            return true;
    return false;
}

/* An amendment or a cancel that this agency will never take: a dead letter. The request stands, but
 * what the citizen said since has not arrived, so a person is told and the citizen calls (I4, I9). */
static void drop_correction(struct sah_core *core, const struct attempt *attempt,
                            const struct sah_request_view *view, struct sah_change *change)
{
    const struct sah_leased *leased = &attempt->leased;
    const struct sah_line *line = view_line(view, leased->agency);

    if (line == NULL || (leased->kind == SAH_KIND_CANCEL && sah_state_is_over(line->state)))
        return;
    sah_error(core->s.log, "event=delivery.dead request=%s agency=%s kind=%s outcome=%s", view->request_id,
              line->agency, sah_kind_name(leased->kind), sah_answer_kind_name(attempt->answer.answer.kind));
    if (line->state != SAH_STATE_REJECTED && line->state != SAH_STATE_EXPIRED)
        (void)change_event(core, change, view->request, view->priority, attempt->slot->agency, SAH_STATE_NEEDS_PERSON);
    else if (!others_get(view, leased)) /* who never took the request takes no amendment of it */
        change_tell_person(core, change, view);
}

static void reject_line(struct sah_core *core, const struct attempt *attempt,
                        const struct sah_request_view *view, struct sah_change *change)
{
    struct sah_outbox_event *event;
    struct sah_line *line;

    if (attempt->leased.kind != SAH_KIND_REQUEST) {
        drop_correction(core, attempt, view, change);
        return;
    }
    line = change_line(change, view, attempt->leased.agency);
    if (line == NULL)
        return;
    line->state = attempt->verdict.next == SAH_NEXT_EXPIRED ? SAH_STATE_EXPIRED : SAH_STATE_REJECTED;
    line->status.reason = attempt->answer.reason;
    if (attempt->verdict.fall_back && change_fall_back(core, change, view, line->agency, attempt->answer.answer.kind))
        return;
    if (change_others_live(change, view, line->agency))
        return; /* it fell back before: the citizen hears from whoever has it */
    /* Nothing else takes it: the citizen is told why. */
    event = change_event(core, change, view->request, view->priority, attempt->slot->agency, line->state);
    if (event != NULL)
        event->status.reason = line->status.reason;
    if (!sah_priority_is_emergency(view->priority)) /* P0-P2 never close without a person */
        change_close_if_over(core, change, view);
}

static void deliver_line(struct sah_core *core, const struct attempt *attempt,
                         const struct sah_request_view *view, struct sah_change *change)
{
    const struct sah_line *old = view_line(view, attempt->leased.agency);
    struct sah_outbox_event *event;
    struct sah_line *line;
    struct sah_move move;

    if (old == NULL || attempt->leased.kind != SAH_KIND_REQUEST)
        return;
    if (sah_state_is_over(old->state))
        return; /* a machine's 200 does not undo what was said about it */
    move = sah_lifecycle_move(old->state == SAH_STATE_CANCEL_ASKED ? old->before_cancel : old->state,
                              SAH_STATE_DELIVERED, SAH_LEVEL_MACHINE, view->priority, false);
    if (move.kind != SAH_MOVE_APPLY)
        return; /* the person was faster than the 200 */
    line = change_line(change, view, attempt->leased.agency);
    if (old->state == SAH_STATE_CANCEL_ASKED) {
        line->before_cancel = SAH_STATE_DELIVERED; /* the cancel stays asked */
        return;
    }
    line->state = SAH_STATE_DELIVERED;
    if (attempt->answer.case_no[0] != '\0')
        memcpy(line->status.case_no, attempt->answer.case_no, sizeof line->status.case_no);
    event = change_event(core, change, view->request, view->priority, attempt->slot->agency, SAH_STATE_DELIVERED);
    if (event != NULL)
        memcpy(event->status.case_no, line->status.case_no, sizeof event->status.case_no);
}

/* Somebody there answered while an alert was still on its way (escalate.c): what becomes of the alert
 * says nothing about the request. */
static bool is_answered(const struct attempt *attempt, const struct sah_request_view *view)
{
    const struct sah_line *line = view_line(view, attempt->leased.agency);

    return attempt->leased.kind == SAH_KIND_REQUEST && line != NULL && line->state >= SAH_STATE_ACKNOWLEDGED &&
           line->state <= SAH_STATE_HANDED_OVER;
}

/* ...unless it was said of the request that this one is linked to: the agency never had this one by itself
 * (a direct core sent it, and did not know of the link). A person there has the incident, so nobody else is
 * called in; but it goes on until it is there, or a person hears that it never will be. (I4) */
static bool is_answered_elsewhere(const struct attempt *attempt, const struct sah_request_view *view)
{
    const struct sah_line *line = view_line(view, attempt->leased.agency);

    return attempt->verdict.next != SAH_NEXT_SETTLED && is_answered(attempt, view) && line->via[0] != '\0';
}

static void go_on(struct sah_core *core, const struct attempt *attempt, const struct sah_request_view *view,
                  struct sah_change *change)
{
    settle_in(attempt, attempt->verdict.next == SAH_NEXT_RETRY ? SAH_SETTLE_DELAY : SAH_SETTLE_DEAD, &change->settle);
    change->settle.fell_back = attempt->leased.fell_back;
    if (change->settle.kind == SAH_SETTLE_DEAD)
        drop_correction(core, attempt, view, change);
}

static bool decide_after(struct sah_core *core, void *data, const struct sah_request_view *view,
                         struct sah_change *change)
{
    struct attempt *attempt = data;

    if (view == NULL)
        return false; /* closed and archived meanwhile: the lease runs out by itself */
    (void)sah_format(change->audit, sizeof change->audit, "attempt=%u agency=%s outcome=%s", attempt->leased.attempts,
                     attempt->leased.agency, sah_answer_kind_name(attempt->answer.answer.kind));
    if (is_answered_elsewhere(attempt, view)) {
        go_on(core, attempt, view, change);
        return true;
    }
    switch (is_answered(attempt, view) ? SAH_NEXT_SETTLED : attempt->verdict.next) {
    case SAH_NEXT_SETTLED:
        settle_in(attempt, SAH_SETTLE_DONE, &change->settle);
        deliver_line(core, attempt, view, change);
        if (attempt->leased.kind == SAH_KIND_REQUEST)
            incident_delivered(change, view, attempt->leased.agency);
        break;
    case SAH_NEXT_RETRY: /* and falls back meanwhile */
        settle_in(attempt, SAH_SETTLE_DELAY, &change->settle);
        (void)change_fall_back(core, change, view, attempt->leased.agency, attempt->answer.answer.kind);
        break;
    case SAH_NEXT_REFUSED:
    case SAH_NEXT_EXPIRED:
        settle_in(attempt, SAH_SETTLE_DEAD, &change->settle);
        reject_line(core, attempt, view, change);
        break;
    }
    return true;
}

static void after_done(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct attempt *attempt = data;

    if (err != SAH_OK && err != SAH_ECANCELED)
        sah_warn(core->s.log, "event=delivery.settle_failed request=%s agency=%s err=\"%s\"",
                 attempt->leased.request_id, attempt->leased.agency, sah_strerror(err));
    if (err == SAH_ECANCELED || (committed != NULL && committed->looked))
        forget(attempt); /* the core is being destroyed; or the next were leased with it */
    else
        ended(attempt);
}

static void delayed(void *data, int err)
{
    struct attempt *attempt = data;

    SAH_CHECK(attempt, ATTEMPT_MAGIC);
    /* Not written: the lease runs out and the delivery is ready again by itself. */
    SAH_UNUSED(err);
    ended(attempt);
}

static void count_answer(struct sah_core *core, const struct attempt *attempt)
{
    struct sah_core_counters *c = &core->counters;

    switch (attempt->answer.answer.kind) {
    case SAH_ANSWER_MACHINE_ACK:
        c->machine_acks++;
        break;
    case SAH_ANSWER_REFUSED:
        c->refusals++;
        break;
    case SAH_ANSWER_BUSY:
        c->busy++;
        break;
    case SAH_ANSWER_TROUBLE:
        c->troubles++;
        break;
    case SAH_ANSWER_UNREACHABLE:
        c->unreachable++;
        break;
    case SAH_ANSWER_UNKNOWN:
        c->unknown_outcomes++;
        break;
    case SAH_ANSWER_SILENT:
    case SAH_ANSWER_WAITING:
    case SAH_ANSWER_POISON:
        break; /* of `previous` alone */
    }
}

static void trust(struct slot *slot, const struct attempt *attempt)
{
    enum sah_breaker before = slot->destination.breaker;

    sah_destination_answered(&slot->destination, sah_priority_class(attempt->leased.priority),
                             &attempt->answer.answer, slot->core->now.mono_ms);
    if (slot->destination.breaker == before)
        return;
    sah_warn(slot->core->s.log, "event=destination.%s agency=%s endpoint=%s faults=%u",
             sah_breaker_name(slot->destination.breaker), slot->agency->id, slot->endpoint->id,
             slot->destination.faults);
}

/* An agency answered, or its deadline passed. Runs on the loop; must not block. */
static void on_answer(void *data, const struct sah_agency_answer *answer)
{
    struct attempt *attempt = data;
    struct slot *slot = attempt->slot;
    struct sah_core *core = slot->core;
    struct sah_attempt facts;

    SAH_CHECK(attempt, ATTEMPT_MAGIC);
    slot->in_flight--;
    slot->in_flight_by[sah_priority_class(attempt->leased.priority)]--;
    attempt->answer = *answer;
    facts = (struct sah_attempt){
        .priority = attempt->leased.priority,
        .attempts = attempt->leased.attempts,
        .age_ms = attempt->leased.age_ms + answer->elapsed_ms,
        .n_endpoints = slot->agency->n_endpoints,
        .endpoint = slot->index,
        .fell_back = attempt->leased.fell_back || attempt->leased.kind != SAH_KIND_REQUEST,
        .chance = core->s.chance->next(core->s.chance->data),
    };
    attempt->verdict = sah_outcome_judge(&facts, &answer->answer);
    count_answer(core, attempt);
    trust(slot, attempt);
    if (attempt->verdict.next == SAH_NEXT_RETRY) {
        core->counters.retries++;
        sah_warn(core->s.log,
                 "event=delivery.retry request=%s agency=%s endpoint=%s priority=%s attempt=%u outcome=%s status=%d wait_ms=%u",
                 attempt->leased.request_id, attempt->leased.agency, slot->endpoint->id,
                 sah_priority_name(attempt->leased.priority), attempt->leased.attempts,
                 sah_answer_kind_name(answer->answer.kind), answer->status, attempt->verdict.wait_ms);
    }
    if (attempt->verdict.next == SAH_NEXT_EXPIRED)
        core->counters.expired++;
    if (attempt->verdict.next == SAH_NEXT_RETRY && !attempt->verdict.fall_back) {
        struct sah_settle settle;

        settle_in(attempt, SAH_SETTLE_DELAY, &settle);
        core->s.store->settle(core->s.store->data, &settle, delayed, attempt);
        return;
    }
    /* Positive evidence is kept until the store has it; a negative one may run out with its lease. */
    revise(core, attempt->leased.request_id,
           attempt->verdict.next == SAH_NEXT_SETTLED ? REVISE_PERSIST : REVISE_ONCE, decide_after, after_done,
           attempt);
}

/* ---- sending */

/* False without memory: the lease runs out. */
bool dispatch_send(struct slot *slot, const struct sah_leased *leased)
{
    struct sah_core *core = slot->core;
    struct sah_leased sent = *leased; /* the attempt may be over before send returns */
    struct attempt *attempt;

    if (unsent_poison(core, leased))
        return true;
    attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL)
        return false;
    memcpy(sent.endpoint, slot->endpoint->id, sizeof sent.endpoint);
    incident_judge(core, &sent);
    attempt->magic = ATTEMPT_MAGIC;
    attempt->slot = slot;
    attempt->leased = sent;
    slot->in_flight++;
    slot->in_flight_by[sah_priority_class(leased->priority)]++;
    sah_destination_sent(&slot->destination, core->now.mono_ms);
    core->attempts++;
    core->counters.leased++;
    core->counters.attempts++;
    count_to_socket(core, leased);
    core->s.agencies->send(core->s.agencies->data, &sent, sah_attempt_deadline_ms(sent.priority), on_answer, attempt);
    return true;
}
