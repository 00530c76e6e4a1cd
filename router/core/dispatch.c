/*
 * dispatch - leases what is due, worst first, sends it, and acts on the answer.
 *
 * Owns:    the slots: what is in flight at each endpoint, and what it is trusted with now.
 * Used by: intake (a kick after each accept), core tick, its own completions.
 * Never:   drops a delivery: each ends settled, delayed, referred to another agency or with a
 *          person told (I4). A machine's 200 is DELIVERED, not a person (I9).
 *
 * I5: each lease has its epoch; a positive answer is written whenever it comes, a negative one only
 * counts with the live epoch. I7: the store hands out worst first, and the lower classes may not
 * fill an endpoint's slots (see slots_for). I11: a slow endpoint fills its own slots only, and a dead
 * one is asked a few times a minute for all that waits there (policy/destination); P0 and P1 go out
 * on their own schedule whatever is believed of the endpoint.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define ATTEMPT_MAGIC 0x5a415454u
#define CLASS_P1 1
#define CLASS_P2 2
#define CLASS_LAST (SAH_N_CLASSES - 1)

struct attempt {
    uint32_t magic;
    struct slot *slot;
    struct sah_leased leased; /* its bytes are not ours: never read after send */
    struct sah_agency_answer answer;
    struct sah_verdict verdict;
};

static void lease_more(struct slot *slot);
static void lease_via(struct slot *slot);

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
        dispatch_kick_agency(slot->core, slot->agency->id);
    else
        lease_more(slot);
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

static bool decide_after(struct sah_core *core, void *data, const struct sah_request_view *view,
                         struct sah_change *change)
{
    struct attempt *attempt = data;

    if (view == NULL)
        return false; /* closed and archived meanwhile: the lease runs out by itself */
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
    (void)sah_format(change->audit, sizeof change->audit, "attempt=%u agency=%s outcome=%s", attempt->leased.attempts,
                     attempt->leased.agency, sah_answer_kind_name(attempt->answer.answer.kind));
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

/* ---- leasing */

/* False without memory: the lease runs out. */
static bool send_through(struct slot *slot, const struct sah_leased *leased)
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

/* A lease is back with n: fewer than asked, and there are no more. */
static void leased_for(struct slot *slot, struct slot *through, unsigned n)
{
    if (slot->again || n == slot->asked) {
        slot->again = false;
        lease_more(slot);
    } else if (through == slot) {
        lease_via(slot);
    }
    if (through != slot && through->again) {
        through->again = false;
        lease_more(through);
    }
    if (through->waiting != NULL) {
        slot = through->waiting;
        through->waiting = NULL;
        lease_via(slot);
    }
}

static void on_leased(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    struct slot *slot = data;
    struct slot *through = slot->via != NULL ? slot->via : slot;

    slot->via = NULL;
    slot->leasing = through->leasing = false;
    if (err != SAH_OK)
        return; /* the sweep or the store's return looks again */
    for (unsigned i = 0; i < n; i++)
        if (!send_through(through, &leased[i]))
            return;
    leased_for(slot, through, n);
}

/*
 * How many slots of an endpoint may be taken once this class and those above it are served (I7). A
 * quarter, at least one, is for P0 and P1 alone; as much again is not for P3 and P4. An endpoint
 * with two slots keeps one from P3 and P4, one with a single slot serves all in turn. The bulk lane
 * takes no P0-P2, so it keeps nothing back.
 */
static unsigned slots_for(const struct slot *slot, unsigned max_class)
{
    unsigned all = slot->endpoint->concurrency;
    unsigned kept = all / 4 ? all / 4 : 1;
    unsigned urgent = all > 2 ? all - kept : all;

    if (slot->core->s.lane == SAH_LANE_BULK || max_class <= CLASS_P1)
        return all;
    if (max_class <= CLASS_P2)
        return urgent;
    return urgent > kept ? urgent - kept : 1;
}

/* How many more may be leased of this class and those above: the slots, and what the endpoint is
 * trusted with. The window of P2 does not see P3 and P4, which would keep it waiting (I7). */
static unsigned room(const struct slot *slot, unsigned max_class)
{
    unsigned limit = sah_destination_limit(&slot->destination, max_class, slot->core->now.mono_ms);
    unsigned taken = max_class == CLASS_P2 ? slot->in_flight_by[CLASS_P2] : slot->in_flight;
    unsigned slots = slots_for(slot, max_class);

    if (slot->in_flight >= slots || taken >= limit)
        return 0;
    return slots - slot->in_flight < limit - taken ? slots - slot->in_flight : limit - taken;
}

static void lease(struct slot *slot, struct slot *through, unsigned max_class, unsigned n)
{
    const struct sah_store *store = slot->core->s.store;

    slot->leasing = through->leasing = true;
    slot->via = through != slot ? through : NULL;
    slot->asked = n > SAH_LEASE_MAX ? SAH_LEASE_MAX : n;
    store->lease(store->data, slot->endpoint->id, max_class, slot->asked, on_leased, slot);
}

/*
 * What the breaker holds back here goes out through another endpoint of the agency that works, under
 * the same key: a second endpoint is there for that.
 */
static void lease_via(struct slot *slot)
{
    struct sah_core *core = slot->core;

    if (core->stopping || slot->leasing || slot->destination.breaker == SAH_BREAKER_CLOSED)
        return;
    for (unsigned i = 0; i < core->n_slots; i++) {
        struct slot *other = &core->slots[i];

        if (other->agency != slot->agency || other == slot || other->destination.breaker != SAH_BREAKER_CLOSED)
            continue;
        if (other->leasing) {
            other->waiting = slot;
            continue;
        }
        for (unsigned max_class = CLASS_LAST; max_class >= CLASS_P2; max_class--)
            if (room(other, max_class) > 0) {
                lease(slot, other, max_class, room(other, max_class));
                return;
            }
    }
}

/* How many may be leased now, and down to which class; 0 = full. The bulk lane has no P0-P2. */
static unsigned may_lease(const struct slot *slot, unsigned *ret_max_class)
{
    unsigned max_class = CLASS_LAST, n;

    while ((n = room(slot, max_class)) == 0) {
        if (max_class <= CLASS_P1 || slot->core->s.lane == SAH_LANE_BULK)
            return 0;
        max_class = max_class > CLASS_P2 ? CLASS_P2 : CLASS_P1;
    }
    *ret_max_class = max_class;
    return n;
}

static void lease_more(struct slot *slot)
{
    unsigned max_class, n;

    if (slot->core->stopping)
        return;
    if (slot->leasing) {
        slot->again = true;
        return;
    }
    n = may_lease(slot, &max_class);
    if (n == 0)
        lease_via(slot);
    else
        lease(slot, slot, max_class, n);
}

/* ---- leasing in the same step as a commit */

static void want(struct slot *slot, struct sah_change *change, unsigned *left)
{
    struct sah_want *w = &change->wants[change->n_wants];
    unsigned n;

    if (slot->leasing) {
        slot->again = true;
        return;
    }
    if (change->n_wants == SAH_WANTS_MAX || *left == 0)
        return;
    n = may_lease(slot, &w->max_class);
    if (n == 0)
        return;
    w->n = slot->asked = n < *left ? n : *left;
    memcpy(w->endpoint, slot->endpoint->id, sizeof w->endpoint);
    *left -= w->n;
    slot->leasing = true;
    change->n_wants++;
}

/* Whose endpoints a commit may have something for: those it plans at, and the agency of the attempt it
 * settles. What is due next there may lie at another endpoint of that agency: a retry, or an amendment
 * that waited for this one. */
static bool concerns(const struct slot *slot, const struct sah_change *change)
{
    for (unsigned i = 0; i < change->n_plans; i++)
        if (strcmp(slot->endpoint->id, change->plans[i].endpoint) == 0)
            return true;
    for (unsigned i = 0; change->settle.endpoint[0] != '\0' && i < slot->agency->n_endpoints; i++)
        if (strcmp(slot->agency->endpoints[i].id, change->settle.endpoint) == 0)
            return true;
    return false;
}

void dispatch_want(struct sah_core *core, struct sah_change *change)
{
    unsigned left = SAH_LEASE_MAX;

    change->n_wants = 0;
    for (unsigned i = 0; i < core->n_slots && !core->stopping; i++)
        if (concerns(&core->slots[i], change))
            want(&core->slots[i], change, &left);
}

static struct slot *slot_of(struct sah_core *core, const char *endpoint)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        if (strcmp(core->slots[i].endpoint->id, endpoint) == 0)
            return &core->slots[i];
    return NULL;
}

/* Not written, or written and not known to be: no lease is known either, and the sweep, or the kicks
 * that follow, look again. */
void dispatch_got(struct sah_core *core, const struct sah_change *change, int err, const struct sah_committed *committed)
{
    unsigned at = 0, n = err == SAH_OK ? committed->n_leased : 0;

    for (unsigned i = 0; i < change->n_wants; i++)
        slot_of(core, change->wants[i].endpoint)->leasing = false;
    for (unsigned i = 0; i < change->n_wants; i++) {
        struct slot *slot = slot_of(core, change->wants[i].endpoint);
        unsigned got = 0;

        /* In the order of the wants; each says its endpoint. */
        while (at < n && strcmp(committed->leased[at].endpoint, slot->endpoint->id) == 0) {
            got++;
            if (!send_through(slot, &committed->leased[at++]))
                return;
        }
        if (err == SAH_OK || err == SAH_ECONFLICT)
            leased_for(slot, slot, got);
    }
    SAH_ASSERT(at == n);
}

void dispatch_kick_agency(struct sah_core *core, const char *agency)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        if (strcmp(core->slots[i].agency->id, agency) == 0)
            lease_more(&core->slots[i]);
}

static bool is_wanted(const struct sah_change *change, const char *endpoint)
{
    for (unsigned i = 0; i < change->n_wants; i++)
        if (strcmp(change->wants[i].endpoint, endpoint) == 0)
            return true;
    return false;
}

void dispatch_kick_plans(struct sah_core *core, const struct sah_change *change, const struct sah_committed *committed)
{
    for (unsigned i = 0; i < change->n_plans; i++)
        for (unsigned j = 0; j < core->n_slots; j++)
            if (strcmp(core->slots[j].endpoint->id, change->plans[i].endpoint) == 0 &&
                (!committed->looked || !is_wanted(change, change->plans[i].endpoint)))
                lease_more(&core->slots[j]);
}

void dispatch_sweep(struct sah_core *core)
{
    for (unsigned i = 0; i < core->n_slots; i++)
        lease_more(&core->slots[i]);
}
