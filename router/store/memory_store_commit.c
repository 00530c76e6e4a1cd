/*
 * memory_store_commit - what commit.lua does: checks everything, then writes everything.
 *
 * Owns: the order of the checks and of the writes.
 * Used by: memory_store.c.
 * Never:   completes.
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

static bool has_line(const struct sah_request_view *view, const char *agency)
{
    for (unsigned i = 0; i < view->n_lines; i++) {
        if (strcmp(view->lines[i].agency, agency) == 0)
            return true;
    }
    return false;
}

static bool is_name(const char *name)
{
    return name[0] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static bool event_good(struct sah_memory_store *memory, const struct sah_outbox_event *event)
{
    memset(memory->scratch, 0, sizeof *memory->scratch);
    memory->scratch->schema_version = SAH_SCHEMA_VERSION;
    memory->scratch->kind = SAH_KIND_OUTBOX_EVENT;
    memory->scratch->u.outbox_event = *event;
    memory->scratch->u.outbox_event.event_id[0] = '-';
    memory->scratch->u.outbox_event.event_id[1] = '\0';
    return sah_message_check(memory->scratch, NULL, 0) == SAH_OK;
}

/* What the real one refuses before it writes. */
static bool change_good(struct sah_memory_store *memory, const struct sah_change *c)
{
    bool with_message = c->bytes.len > 0;
    bool good = sah_request_id_parse(sah_slice_of(c->request_id), NULL, NULL) == SAH_OK;

    good = good && (with_message || c->expected_revision > 0);
    good =
        good && (!with_message || (c->kind >= SAH_KIND_REQUEST && c->kind <= SAH_KIND_CANCEL));
    good = good && (c->expected_revision > 0 || c->incident_id[0] == 'I');
    for (unsigned i = 0; i < c->n_lines; i++)
        good = good && is_name(c->lines[i].agency);
    for (unsigned i = 0; i < c->n_plans; i++) {
        const struct sah_plan *p = &c->plans[i];

        good = good && strlen(p->key) == SAH_KEY_SIZE - 1 && is_name(p->agency) &&
               is_name(p->endpoint);
        good = good && ((with_message && sah_id_equal(&p->message_id, &c->message_id)) ||
                        model_message(memory, &p->message_id) != NULL);
    }
    for (unsigned i = 0; i < c->n_events; i++)
        good = good && is_name(c->events[i].channel) && event_good(memory, &c->events[i]);
    if (c->settle.kind != SAH_SETTLE_NONE)
        good = good && strlen(c->settle.key) == SAH_KEY_SIZE - 1;
    return good && model_incident_good(c) &&
           (c->settle.kind != SAH_SETTLE_DELAY || is_name(c->settle.endpoint));
}

static bool has_agency(const struct memory_request *r, const struct sah_change *c,
                       const char *agency)
{
    for (unsigned i = 0; i < c->n_lines; i++) {
        if (strcmp(c->lines[i].agency, agency) == 0)
            return true;
    }
    return r != NULL && has_line(&r->view, agency);
}

static bool timers_good(const struct memory_request *r, const struct sah_change *c)
{
    bool good = true;

    for (unsigned i = 0; i < c->n_timers; i++) {
        const struct sah_timer_set *timer = &c->timers[i];

        good = good && has_agency(r, c, timer->agency) && timer->kind <= SAH_TIMER_EN_ROUTE &&
               timer->level <= SAH_LADDER_SPENT;
    }
    return good;
}

static bool lines_fit(const struct memory_request *r, const struct sah_change *c)
{
    unsigned n = r == NULL ? 0 : r->view.n_lines;

    for (unsigned i = 0; i < c->n_lines; i++)
        n += r == NULL || !has_line(&r->view, c->lines[i].agency);
    return n <= SAH_LINES_MAX;
}

static struct memory_message *store_message(struct sah_memory_store *memory,
                                            const struct sah_change *c, const char *incident_id)
{
    struct memory_message *m = calloc(1, sizeof *m + c->bytes.len);

    SAH_ASSERT(m != NULL);
    m->id = c->message_id;
    memcpy(m->request_id, c->request_id, sizeof m->request_id);
    memcpy(m->incident_id, incident_id, sizeof m->incident_id);
    m->accept_seq = ++memory->accept_seq;
    m->accepted_ms = memory->now_ms;
    m->kind = c->kind;
    m->sequence = c->sequence;
    m->len = c->bytes.len;
    memcpy(m->bytes, c->bytes.ptr, m->len);
    vec_add(&memory->messages, m);
    index_add(&memory->message_of, &m->id, sizeof m->id, m);
    memory->n_accepted++;
    return m;
}

static struct memory_request *store_new_request(struct sah_memory_store *memory,
                                                const struct sah_change *c)
{
    struct memory_request *r = calloc(1, sizeof *r);

    SAH_ASSERT(r != NULL);
    memcpy(r->view.request_id, c->request_id, sizeof r->view.request_id);
    memcpy(r->view.incident_id, c->incident_id, sizeof r->view.incident_id);
    memcpy(r->service, c->service, sizeof r->service);
    memcpy(r->incident_type, c->incident_type, sizeof r->incident_type);
    r->view.accepted_ms = memory->now_ms;
    r->view.priority = SAH_PRIORITY_P1; /* when in doubt, up */
    r->made = ++memory->n_made;
    r->place = (struct memory_place){.name = r->view.request_id, .item = r};
    vec_add(&memory->requests, r);
    index_add(&memory->request_of, r->view.request_id, strlen(r->view.request_id), r);
    return r;
}

static void store_lines(struct memory_request *r, const struct sah_change *c)
{
    for (unsigned i = 0; i < c->n_lines; i++) {
        unsigned at = 0;

        while (at < r->view.n_lines &&
               strcmp(r->view.lines[at].agency, c->lines[i].agency) != 0)
            at++;
        enum sah_timer_kind timer = r->view.lines[at].timer; /* a line does not set it */
        unsigned level = r->view.lines[at].timer_level;

        r->view.n_lines += at == r->view.n_lines;
        r->view.lines[at] = c->lines[i];
        r->view.lines[at].timer = timer;
        r->view.lines[at].timer_level = level;
    }
}

static void store_timers(struct sah_memory_store *memory, struct memory_request *r,
                         const struct sah_change *c)
{
    for (unsigned i = 0; i < c->n_timers; i++) {
        const struct sah_timer_set *set = &c->timers[i];
        int64_t since_accept = r->view.accepted_ms + set->after_accept_ms;
        int64_t due_ms = memory->now_ms + set->after_now_ms;
        unsigned at = 0;

        while (strcmp(r->view.lines[at].agency, set->agency) != 0)
            at++;
        if (due_ms < since_accept)
            due_ms = since_accept;
        if (set->sooner && r->timers[at].armed && r->timers[at].next_ms < due_ms)
            due_ms = r->timers[at].next_ms;
        r->view.lines[at].timer = set->kind;
        r->view.lines[at].timer_level = set->kind == SAH_TIMER_NONE ? 0 : set->level;
        r->timers[at].armed = set->kind != SAH_TIMER_NONE && !set->still;
        r->timers[at].due_ms = r->timers[at].next_ms = due_ms;
    }
    if (c->n_timers > 0)
        model_place_timers(memory, r);
}

/* Once more, now: what is done or delayed. The rest is under way, or dead. What was only held so
 * far goes out for the first time, in its order. */
static void plan_again(struct sah_memory_store *memory, struct sah_memory_delivery *d,
                       const struct sah_plan *plan)
{
    if (d->state != SAH_MEMORY_DONE && d->state != SAH_MEMORY_DELAYED)
        return;
    if (d->state == SAH_MEMORY_DONE)
        d->first_ms = -1; /* what it held back then says nothing of who waits behind it now (I10) */
    memcpy(d->endpoint, plan->endpoint, sizeof d->endpoint);
    d->epoch++;
    if (d->attempts == 0) {
        model_ready_or_wait(memory, d);
        return;
    }
    d->answered = d->attempts;
    d->possible_duplicate = true;
    d->state = SAH_MEMORY_READY;
    d->class = sah_priority_class(model_request(memory, d->request_id)->view.priority);
    model_place(memory, d);
}

/* What was tried elsewhere while this store was away: in the state in which it came back. */
static void plan_known(struct sah_memory_store *memory, struct sah_memory_delivery *d, const struct sah_plan *plan)
{
    struct sah_settle settle = {.outcome = SAH_ANSWER_MACHINE_ACK};

    d->possible_duplicate |= plan->possible_duplicate;
    d->fell_back |= plan->fell_back;
    memcpy(settle.key, d->key, sizeof settle.key);
    if (plan->known != SAH_KNOWN_NOTHING)
        settle.kind = plan->known == SAH_KNOWN_DONE ? SAH_SETTLE_DONE : SAH_SETTLE_DEAD;
    if (settle.kind != SAH_SETTLE_NONE)
        model_settle_apply(memory, d, &settle);
}

static void store_plan(struct sah_memory_store *memory, const struct sah_change *c, const struct sah_plan *p)
{
    const struct memory_message *m = model_message(memory, &p->message_id);
    struct sah_memory_delivery *d;

    d = model_delivery(memory, p->key);
    if (d != NULL && p->replay != SAH_REPLAY_NO && strcmp(d->request_id, c->request_id) == 0)
        model_replay(memory, d, p);
    else if (d != NULL && p->again)
        plan_again(memory, d, p);
    else if (d != NULL && p->known == SAH_KNOWN_DONE)
        plan_known(memory, d, p);
    if (d != NULL || p->replay != SAH_REPLAY_NO)
        return;
    d = calloc(1, sizeof *d);
    SAH_ASSERT(d != NULL);
    memcpy(d->key, p->key, sizeof d->key);
    memcpy(d->request_id, c->request_id, sizeof d->request_id);
    memcpy(d->agency, p->agency, sizeof d->agency);
    memcpy(d->endpoint, p->endpoint, sizeof d->endpoint);
    d->message_id = p->message_id;
    d->kind = p->kind;
    d->sequence = p->sequence;
    d->accept_seq = m->accept_seq;
    d->accepted_ms = m->accepted_ms;
    d->first_ms = -1;
    d->n_previous = p->n_previous;
    memcpy(d->previous, p->previous, sizeof d->previous);
    d->state = SAH_MEMORY_READY;
    d->made = ++memory->n_made;
    d->place = (struct memory_place){.name = d->key, .item = d};
    vec_add(&memory->deliveries, d);
    vec_add(&model_request(memory, c->request_id)->deliveries, d);
    index_add(&memory->delivery_of, d->key, strlen(d->key), d);
    d->attempts = d->answered = p->attempts; /* whoever tried lived to tell: it is no poison */
    if (p->hold_ms == 0) {
        model_ready_or_wait(memory, d);
    } else {
        d->state = SAH_MEMORY_DELAYED;
        d->due_ms = memory->now_ms + p->hold_ms;
        model_place(memory, d);
    }
    plan_known(memory, d, p);
}

/* What was said of the request since, behind the plan of the request itself, oldest first. */
static void plan_said(struct sah_memory_store *memory, const struct sah_change *c, const struct sah_plan *of)
{
    const struct memory_request *r = model_request(memory, c->request_id);
    size_t n = r->messages.n;

    for (size_t i = n > SAH_SAID_MAX ? n - SAH_SAID_MAX : 0; i < n; i++) {
        const struct memory_message *m = r->messages.v[i];
        struct sah_plan plan = {.message_id = m->id, .kind = m->kind, .sequence = m->sequence,
                                .hold_ms = of->hold_ms};

        if (m == r->first || (c->bytes.len > 0 && sah_id_equal(&m->id, &c->message_id)))
            continue;
        sah_delivery_key(&m->id, of->agency, plan.key);
        memcpy(plan.agency, of->agency, sizeof plan.agency);
        memcpy(plan.endpoint, of->endpoint, sizeof plan.endpoint);
        if (model_delivery(memory, plan.key) != NULL)
            plan.replay = of->replay;
        store_plan(memory, c, &plan);
    }
}

static void store_plans(struct sah_memory_store *memory, const struct sah_change *c)
{
    for (unsigned i = 0; i < c->n_plans; i++) {
        store_plan(memory, c, &c->plans[i]);
        if (c->plans[i].said)
            plan_said(memory, c, &c->plans[i]);
    }
}

static void store_events(struct sah_memory_store *memory, struct memory_request *r, const struct sah_change *c)
{
    char lane = (char)(memory->settings.lane == SAH_LANE_EMERGENCY ? 'E'
                       : memory->settings.lane == SAH_LANE_BULK    ? 'B'
                                                                   : 'R');

    for (unsigned i = 0; i < c->n_events; i++) {
        struct memory_event *e = calloc(1, sizeof *e);

        SAH_ASSERT(e != NULL);
        e->event = c->events[i];
        e->seq = ++memory->event_seq;
        sah_format(e->event.event_id, sizeof e->event.event_id, "%c-00-%016llu", lane, (unsigned long long)e->seq);
        e->hidden_until_ms = INT64_MIN;
        vec_add(&memory->events, e);
        vec_add(&r->events, e);
    }
}

static void reclass_queued(struct sah_memory_store *memory, const struct memory_request *r)
{
    unsigned class = sah_priority_class(r->view.priority);

    for (size_t i = 0; i < r->deliveries.n; i++) {
        struct sah_memory_delivery *d = r->deliveries.v[i];

        if (d->state == SAH_MEMORY_READY && d->class != class) {
            d->state = SAH_MEMORY_WAITING;
            d->goes_ms = INT64_MAX;
            if (d->waiting_ms == 0)
                d->waiting_ms = memory->now_ms;
            if (!model_ready_or_wait(memory, d))
                d->waiting_ms = memory->now_ms;
        } else if (d->state == SAH_MEMORY_WAITING)
            model_ready_or_wait(memory, d);
    }
}

/* The newest of what was said since the request, as many as a view holds. */
static void store_said(struct memory_request *r, const struct sah_change *c)
{
    struct sah_request_view *view = &r->view;

    if (view->n_messages == SAH_VIEW_MESSAGES_MAX) {
        memmove(&view->messages[0], &view->messages[1],
                sizeof view->messages - sizeof view->messages[0]);
        view->n_messages--;
    }
    view->messages[view->n_messages++] = (struct sah_view_message){
        .id = c->message_id, .kind = c->kind, .sequence = c->sequence};
}

static void store_request(struct memory_request *r, const struct sah_change *c)
{
    r->view.revision++;
    if (c->bytes.len > 0 && c->sequence > r->view.last_sequence)
        r->view.last_sequence = c->sequence;
    if (c->bytes.len > 0 && r->view.revision > 1)
        store_said(r, c);
    if (c->rule[0] != '\0')
        memcpy(r->rule, c->rule, sizeof r->rule);
    if (c->priority != SAH_PRIORITY_UNSPECIFIED)
        r->view.priority = c->priority;
    if (c->closed_ms >= 0)
        r->view.closed_ms = c->closed_ms;
    if (c->incident_id[0] != '\0')
        memcpy(r->view.incident_id, c->incident_id, sizeof r->view.incident_id);
    store_lines(r, c);
}

int model_commit(struct sah_memory_store *memory, const struct sah_change *c,
                 struct sah_committed *ret)
{
    struct memory_request *r = model_request(memory, c->request_id);
    const struct memory_message *known =
        c->bytes.len > 0 ? model_message(memory, &c->message_id) : NULL;
    struct sah_memory_delivery *target = NULL;
    const struct memory_request *holder;
    unsigned was_class;

    if (!change_good(memory, c))
        return SAH_EINVAL;
    sah_format(ret->store_run_id, sizeof ret->store_run_id, "%s",
               memory->settings.run_id != NULL ? memory->settings.run_id : "memory");
    memcpy(ret->request_id, c->request_id, sizeof ret->request_id);
    memcpy(ret->incident_id, r != NULL && c->incident_id[0] == '\0' ? r->view.incident_id : c->incident_id,
           sizeof ret->incident_id);
    ret->revision = r != NULL ? r->view.revision : 0;
    if (known != NULL) {
        memory->n_duplicates++;
        ret->duplicate = true;
        ret->accept_seq = known->accept_seq;
        memcpy(ret->request_id, known->request_id, sizeof ret->request_id);
        memcpy(ret->incident_id, known->incident_id, sizeof ret->incident_id);
        r = model_request(memory, known->request_id);
        ret->revision = r->view.revision;
        return SAH_OK;
    }
    if (ret->revision != c->expected_revision)
        return SAH_ECONFLICT;
    if (!lines_fit(r, c) || !timers_good(r, c))
        return SAH_EINVAL;
    if (c->settle.kind != SAH_SETTLE_NONE) {
        target = model_settle_target(memory, &c->settle, c->request_id);
        ret->stale = target == NULL;
        if (ret->stale)
            return SAH_OK;
    }
    if ((holder = model_exact_holder(memory, c)) != NULL) {
        ret->held = true;
        memcpy(ret->request_id, holder->view.request_id, sizeof ret->request_id);
        memcpy(ret->incident_id, holder->view.incident_id, sizeof ret->incident_id);
        return SAH_OK;
    }

    if (r == NULL)
        r = store_new_request(memory, c);
    was_class = sah_priority_class(r->view.priority);
    if (c->bytes.len > 0) {
        struct memory_message *m = store_message(memory, c, r->view.incident_id);

        ret->accept_seq = m->accept_seq;
        vec_add(&r->messages, m);
        if (r->first == NULL)
            r->first = m;
    }
    store_request(r, c);
    model_exact_store(memory, r, c);
    if (target != NULL)
        model_settle_apply(memory, target, &c->settle);
    if (sah_priority_class(r->view.priority) != was_class && r->view.revision > 1)
        reclass_queued(memory, r);
    model_incident_store(memory, r, c);
    store_plans(memory, c);
    model_carry(memory, c);
    store_timers(memory, r, c);
    store_events(memory, r, c);
    model_incident_changed(memory, c);
    ret->revision = r->view.revision;
    return SAH_OK;
}
