/*
 * intake - a message of an adapter: ranked, routed, written, and only then answered.
 *
 * Owns:    messages under way, bounded by jobs_max.
 * Used by: link (one call for each message), tests.
 * Never:   answers ACCEPTED before the store has the message and all its deliveries (I1, I2).
 *
 * A request never waits for matching, a place or an answer: it leaves with what is known. An
 * amendment may raise the class and add agencies, never lower. A cancel is asked of the agencies;
 * only they confirm it.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "core/intake_priv.h"

#define RETRY_AFTER_MS 200
#define MERGES_MAX 4

/* Known already, and part of another request: whose that is is not asked for once more. */
static bool is_of_another(const struct intake *job, const struct sah_committed *committed)
{
    char own[SAH_REQUEST_ID_SIZE];

    if (job->message->kind != SAH_KIND_REQUEST || !committed->duplicate)
        return false;
    sah_request_id(job->core->s.lane,
                   sah_partition_of(sah_slice_of(job->message->u.request.citizen.sender), job->core->s.partitions),
                   &job->message->id, own);
    return strcmp(own, committed->request_id) != 0;
}

static void answer(struct intake *job, enum sah_result_code code, const struct sah_committed *committed)
{
    struct sah_core_counters *c = &job->core->counters;
    struct sah_message *result = &job->result;

    result->kind = SAH_KIND_RESULT;
    result->schema_version = SAH_SCHEMA_VERSION;
    result->id = job->message->id;
    result->created_ms = job->now.wall_ms;
    result->u.result.code = code;
    if (committed != NULL) {
        memcpy(result->request_id, committed->request_id, sizeof result->request_id);
        memcpy(result->incident_id, committed->incident_id, sizeof result->incident_id);
        result->u.result.of_another = job->merged ? job->of_another : is_of_another(job, committed);
        result->u.result.accept_seq = committed->accept_seq;
        memcpy(result->u.result.store_run_id, committed->store_run_id, sizeof result->u.result.store_run_id);
    }
    switch (code) {
    case SAH_RESULT_ACCEPTED:
        c->accepted++;
        break;
    case SAH_RESULT_DUPLICATE:
        c->duplicates++;
        break;
    case SAH_RESULT_WRONG_LANE:
        c->wrong_lane++;
        break;
    case SAH_RESULT_REFUSED:
        c->refused++;
        break;
    case SAH_RESULT_NOT_FOUND:
        c->not_found++;
        break;
    case SAH_RESULT_RETRY:
        result->u.result.retry_after_ms = RETRY_AFTER_MS;
        c->retry_later++;
        break;
    case SAH_RESULT_UNSPECIFIED:
        break;
    }
    job->fn(job->data, result);
    job->core->jobs--;
    free(job->message);
    free(job->bytes);
    sah_buf_fini(&job->repeat);
    job->magic = 0;
    free(job);
}

static void start(struct intake *job);
static void is_held(struct intake *job, const struct sah_committed *committed);

static void committed_or_not(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct intake *job = data;

    SAH_CHECK(job, INTAKE_MAGIC);
    sah_room_answered(&core->room, core->now.mono_ms - job->now.mono_ms, core->jobs, core->now.mono_ms);
    if (err == SAH_EINVAL)
        answer(job, SAH_RESULT_REFUSED, NULL);
    else if (err != SAH_OK)
        answer(job, SAH_RESULT_RETRY, NULL); /* not durable, or not known to be: ask again */
    else if (committed != NULL && committed->held)
        is_held(job, committed);
    else if (committed == NULL && job->next != NEXT_NOTHING) {
        job->next = NEXT_NOTHING;
        start(job);
    } else if (committed == NULL)
        answer(job, job->refusal, NULL);
    else {
        if (!committed->duplicate && !job->merged && job->message->kind == SAH_KIND_REQUEST)
            core->counters.accepted_by_class[sah_priority_class(job->rank.priority)]++;
        answer(job, committed->duplicate ? SAH_RESULT_DUPLICATE : SAH_RESULT_ACCEPTED, committed);
    }
}

/* The bulk lane: what at most one open request has. One that cannot be part of the open one is shown
 * beside it. */
static void claim(const struct intake *job, const struct sah_request *request, struct sah_change *change, bool words)
{
    if (job->held_by[0] == '\0')
        again_claim(job->core, request, change->priority, words && !job->promised, change);
    else
        (void)sah_format(change->note, sizeof change->note, "p=%s,same_connection,-", job->held_incident);
}

/* ---- a new request */

static void find_route(struct sah_core *core, const struct sah_request *request, const struct sah_rank *rank,
                       struct sah_now now, struct sah_route *route)
{
    const char *company = request->payload.kind == SAH_PAYLOAD_LPG ? request->payload.u.lpg.company : "";
    int district = -1;

    /* The newest place is the scene as far as anybody knows. */
    for (unsigned i = request->n_places; i > 0 && district < 0; i--)
        district = sah_route_district(core->s.roster, &request->places[i - 1]);
    sah_route(core->s.roster, (const char (*)[SAH_SERVICE_SIZE])rank->services, rank->n_services, company,
              district, (unsigned)sah_clock_india(now.wall_ms).minute_of_day, route);
    if (route->catch_all_used)
        core->counters.catch_all++;
}

static bool decide_request(struct sah_core *core, void *data, const struct sah_request_view *view,
                           struct sah_change *change)
{
    struct intake *job = data;
    const struct sah_request *request = &job->message->u.request;
    struct sah_route route;

    intake_carry(job, change, 1);
    if (view != NULL) /* accepted before: the store answers from its dedupe record */
        return true;
    (void)sah_format(change->service, sizeof change->service, "%s",
                     request->triage.service[0] ? request->triage.service : "UNKNOWN");
    memcpy(change->incident_type, request->triage.incident_type, sizeof change->incident_type);
    memcpy(change->rule, job->rank.rule, sizeof change->rule);
    change->priority = job->rank.priority;
    sah_incident_id(sah_partition_of(sah_slice_of(request->citizen.sender), core->s.partitions),
                    &job->message->id, change->incident_id);
    find_route(core, request, &job->rank, job->now, &route);
    job->result.u.result.retry_after_ms = admission_refuses(core, job->rank.priority, &route);
    if (job->result.u.result.retry_after_ms > 0) {
        core->counters.not_admitted++;
        job->refusal = SAH_RESULT_REFUSED;
        return false;
    }
    for (unsigned i = 0; i < route.n; i++) {
        struct sah_line *line = change_line(change, NULL, route.agencies[i]->id);

        if (line == NULL || !change_plan(change, route.agencies[i], &job->message->id, SAH_KIND_REQUEST, 1))
            break;
        line->state = SAH_STATE_QUEUED;
        line->sequence = 1;
    }
    SAH_ASSERT(change->n_plans > 0); /* the roster has a catch-all (I4) */
    incident_link(core, change, NULL, &job->match);
    incident_feed(core, change, NULL, &job->match);
    claim(job, request, change, true);
    (void)change_event(core, change, job->message, change->priority, route.agencies[0], SAH_STATE_RECEIVED);
    (void)sah_format(change->audit, sizeof change->audit, "accept rule=%s policy=%s priority=%s agencies=%u",
                     job->rank.rule, core->s.policy->version, sah_priority_name(change->priority), change->n_plans);
    return true;
}

/* ---- an amendment */

/* Words of the citizen open a closed request again; what an adapter notes by itself does not. */
static bool asks_for_help(enum sah_amendment_kind kind)
{
    return kind != SAH_AMENDMENT_PAUSE && kind != SAH_AMENDMENT_CITIZEN_SILENT;
}

static void reopen_line(const struct intake *job, struct sah_core *core, struct sah_change *change,
                        const struct sah_request_view *view, struct sah_line *line)
{
    enum sah_amendment_kind kind = job->message->u.amendment.kind;

    if (line->state == SAH_STATE_CANCEL_ASKED && kind == SAH_AMENDMENT_RESUME) {
        line->state = line->before_cancel; /* "no no please come": the agency reads it in the amendment */
    } else if (sah_state_is_over(line->state) && asks_for_help(kind)) {
        line->state = SAH_STATE_REOPENED;
        change->closed_ms = 0;
        (void)change_event(core, change, view->request, view->priority,
                           sah_roster_agency(core->s.roster, sah_slice_of(line->agency)), SAH_STATE_REOPENED);
    }
}

/* The request itself and, after it, this amendment. */
static bool call_in(struct intake *job, const struct sah_request_view *view, struct sah_change *change,
                    const struct sah_agency *agency)
{
    struct sah_line *line = change_line(change, view, agency->id);

    if (line == NULL || !change_plan(change, agency, &view->request->id, SAH_KIND_REQUEST, 1)) {
        sah_error(job->core->s.log, "event=request.full request=%s agency=%s", view->request_id, agency->id);
        return false;
    }
    line->state = SAH_STATE_QUEUED;
    change_plan_said(change, agency);
    return true;
}

/* New services of the amendment get the request itself first, so that they can read the rest. */
static void add_agencies(struct sah_core *core, struct intake *job, const struct sah_request_view *view,
                         const struct sah_request *whole, struct sah_change *change)
{
    struct sah_rank before, added = job->rank;
    struct sah_route route;

    /* A service that was asked for has its agency: asking at another hour finds no second one. */
    sah_rank(core->s.policy, &view->request->u.request, &before);
    added.n_services = 0;
    for (unsigned i = 0; i < job->rank.n_services; i++) {
        bool is_new = true;

        for (unsigned j = 0; j < before.n_services; j++)
            is_new = is_new && strcmp(before.services[j], job->rank.services[i]) != 0;
        if (is_new)
            memcpy(added.services[added.n_services++], job->rank.services[i], SAH_SERVICE_SIZE);
    }
    if (added.n_services == 0)
        return;
    find_route(core, whole, &added, job->now, &route);
    for (unsigned i = 0; i < route.n; i++)
        if (view_line(view, route.agencies[i]->id) == NULL && !call_in(job, view, change, route.agencies[i]))
            return;
}

/* Everybody refused the request before: the amendment must not go to nobody (I4, I9). */
static void find_somebody(struct sah_core *core, struct intake *job, const struct sah_request_view *view,
                          struct sah_change *change)
{
    const struct sah_agency *last = sah_roster_agency(core->s.roster, sah_slice_of(core->s.roster->catch_all));

    if (!asks_for_help(job->message->u.amendment.kind))
        return;
    if (sah_priority_is_emergency(change->priority)) {
        change->closed_ms = 0; /* it may have been none when it was closed */
        if (last != NULL && view_line(view, last->id) == NULL && call_in(job, view, change, last))
            return;
    }
    change_tell_person(core, change, view);
}

/* (domain 8.2) "Still waiting" says something new once the time of a person's answer has passed and there is
 * none: the ladder has climbed its first step. To ask when the vehicle comes raises nothing. */
static bool is_overdue(const struct sah_request_view *view)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (view->lines[i].timer == SAH_TIMER_ACK && view->lines[i].timer_level > 1)
            return true;
    return false;
}

/* False in the bulk lane when the amendment makes an emergency of it. */
static bool rank_again(struct sah_core *core, struct intake *job, const struct sah_request_view *view,
                       struct sah_change *change)
{
    const struct sah_triage *triage = &job->message->u.amendment.part.triage;
    struct sah_request whole;

    change->priority = view->priority;
    if (triage->n_cues == 0 && triage->service[0] == '\0' && triage->n_additional == 0)
        return true;
    again_whole(&job->message->u.amendment, view, &whole);
    sah_rank_amended(core->s.policy, &whole, is_overdue(view), &job->rank);
    change->priority = sah_priority_higher(view->priority, job->rank.priority);
    if (core->s.lane == SAH_LANE_BULK && sah_priority_is_emergency(change->priority))
        return false; /* a danger inside a booking is a new request */
    add_agencies(core, job, view, &whole, change);
    return true;
}

/* Place and type often come after the request: what it is a report of is looked at again then. One that
 * carries others, or is linked, stays what it is. */
static void match_again(struct sah_core *core, struct intake *job, const struct sah_request_view *view,
                        struct sah_change *change)
{
    const struct sah_request *part = &job->message->u.amendment.part;
    struct sah_request whole;
    char own[SAH_INCIDENT_ID_SIZE];

    if (core->incidents == NULL || (part->n_places == 0 && part->triage.incident_type[0] == '\0'))
        return;
    again_whole(&job->message->u.amendment, view, &whole);
    incident_own(view->request_id, own);
    incident_match(core, &whole, own, change->priority, false, &job->match);
    if (view->main_id[0] == '\0' && view->n_members == 0 && view->closed_ms == 0)
        incident_link(core, change, view, &job->match);
    else
        change->note[0] = '\0';
    if (view->main_id[0] == '\0')
        incident_feed(core, change, view, &job->match);
}

/* Whoever closed it has gone on: it becomes a request that names the one before. */
static bool make_anew(struct intake *job, const struct sah_request_view *view)
{
    struct sah_buf buf;
    char *bytes = NULL;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (again_is_over(job->core, view, job->now.wall_ms) && asks_for_help(job->message->u.amendment.kind) &&
        (bytes = malloc(SAH_MESSAGE_MAX_BYTES)) != NULL && again_as_request(job->message, view, &buf) == SAH_OK) {
        memcpy(bytes, buf.data, buf.len);
        free(job->bytes);
        job->bytes = bytes;
        job->bytes_len = buf.len;
        bytes = NULL;
        job->next = NEXT_REQUEST;
    }
    free(bytes);
    sah_buf_fini(&buf);
    return job->next == NEXT_REQUEST;
}

static bool decide_amendment(struct sah_core *core, void *data, const struct sah_request_view *view,
                             struct sah_change *change)
{
    struct intake *job = data;
    uint32_t sequence;

    if (job->message->u.amendment.kind >= SAH_AMENDMENT_ANSWERED) { /* only the router says so */
        job->refusal = SAH_RESULT_REFUSED;
        return false;
    }
    if (view == NULL || !intake_same_citizen(job, view)) {
        job->refusal = SAH_RESULT_NOT_FOUND;
        return false;
    }
    if (make_anew(job, view))
        return false;
    sequence = view->last_sequence + 1;
    intake_carry(job, change, sequence);
    if (!rank_again(core, job, view, change)) {
        job->refusal = SAH_RESULT_WRONG_LANE;
        return false;
    }
    for (unsigned i = 0; i < view->n_lines; i++) {
        const struct sah_agency *agency =
            sah_roster_agency(core->s.roster, sah_slice_of(view->lines[i].agency));
        struct sah_line *line;

        /* Those two never got the request: it would stand alone there. */
        if (agency == NULL || view->lines[i].state == SAH_STATE_REJECTED ||
            view->lines[i].state == SAH_STATE_EXPIRED)
            continue;
        line = change_line(change, view, agency->id);
        SAH_ASSERT(line != NULL);
        reopen_line(job, core, change, view, line);
    }
    if (change->n_lines == 0)
        find_somebody(core, job, view, change);
    if (view->left)
        change->left = SAH_LEFT_NO; /* "please come" after all */
    if (view->closed_ms > 0 && change_others_live(change, view, ""))
        change->closed_ms = 0;
    for (unsigned i = 0; i < change->n_lines; i++) {
        const struct sah_agency *agency =
            sah_roster_agency(core->s.roster, sah_slice_of(change->lines[i].agency));

        change->lines[i].sequence = sequence;
        (void)change_plan(change, agency, &job->message->id, SAH_KIND_AMENDMENT, sequence);
    }
    match_again(core, job, view, change);
    incident_hold(view, change);
    claim(job, &job->message->u.amendment.part, change, false);
    (void)sah_format(change->audit, sizeof change->audit, "amend kind=%s sequence=%u priority=%s",
                     sah_amendment_kind_name(job->message->u.amendment.kind), sequence,
                     sah_priority_name(change->priority));
    return true;
}

/* ---- a booking of what is booked */

static bool decide_merge(struct sah_core *core, void *data, const struct sah_request_view *view,
                         struct sah_change *change)
{
    struct intake *job = data;

    if (view == NULL || view->closed_ms > 0) { /* it was closed meanwhile */
        job->next = NEXT_MERGE;
        job->held_by[0] = '\0';
        return false;
    }
    job->merged = again_merge(core, job->message, view, change, &job->repeat);
    job->of_another = !intake_same_citizen(job, view);
    if (!job->merged)
        job->refusal = SAH_RESULT_RETRY;
    return job->merged;
}

/* Another open request has it: this one becomes part of it; what cannot is told to the agency. */
static void is_held(struct intake *job, const struct sah_committed *committed)
{
    struct sah_core *core = job->core;
    bool merges = job->message->kind == SAH_KIND_REQUEST && !job->promised && job->merges++ < MERGES_MAX;

    memcpy(job->held_by, committed->request_id, sizeof job->held_by);
    memcpy(job->held_incident, committed->incident_id, sizeof job->held_incident);
    if (merges)
        revise(core, job->held_by, REVISE_ONCE, decide_merge, committed_or_not, job);
    else
        start(job);
}

/* ---- the way in */

static bool wrong_lane(const struct intake *job)
{
    return job->core->s.lane == SAH_LANE_BULK && sah_priority_is_emergency(job->rank.priority);
}

static void start(struct intake *job)
{
    struct sah_core *core = job->core;
    const struct sah_message *m = job->message;
    char request_id[SAH_REQUEST_ID_SIZE], incident_id[SAH_INCIDENT_ID_SIZE];

    switch (m->kind) {
    case SAH_KIND_REQUEST:
        core->counters.requests += job->held_by[0] == '\0' && job->merges == 0;
        sah_rank(core->s.policy, &m->u.request, &job->rank);
        if (wrong_lane(job)) {
            answer(job, SAH_RESULT_WRONG_LANE, NULL);
            return;
        }
        sah_request_id(core->s.lane,
                       sah_partition_of(sah_slice_of(m->u.request.citizen.sender), core->s.partitions), &m->id,
                       request_id);
        incident_own(request_id, incident_id);
        incident_match(core, &m->u.request, incident_id, job->rank.priority, true, &job->match);
        revise(core, request_id, admission_is_tight(core) ? REVISE_ONCE : REVISE_NEW, decide_request, committed_or_not, job);
        return;
    case SAH_KIND_AMENDMENT:
        core->counters.amendments += job->held_by[0] == '\0';
        revise(core, m->request_id, REVISE_ONCE, decide_amendment, committed_or_not, job);
        return;
    case SAH_KIND_CANCEL:
        core->counters.cancels++;
        revise(core, m->request_id, REVISE_ONCE, intake_cancel, committed_or_not, job);
        return;
    case SAH_KIND_STATUS_QUERY:
        core->counters.status_queries++;
        revise(core, m->request_id, REVISE_ONCE, intake_question, committed_or_not, job);
        return;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_RESULT:
    case SAH_KIND_OUTBOX_EVENT:
    case SAH_KIND_OUTBOX_ACK:
    case SAH_KIND_HELLO:
        break;
    }
    SAH_ASSERT(!"a message for the core");
}

unsigned jobs_but_for_emergencies(const struct sah_core *core)
{
    return core->room.room;
}

/* The emergency is still taken when bulk, questions and agencies' statuses are not. */
bool sah_core_is_full(const struct sah_core *core, const struct sah_message *message)
{
    unsigned room = core->s.jobs_max;

    if (message->kind == SAH_KIND_STATUS_QUERY ||
        (message->kind == SAH_KIND_REQUEST && message->u.request.urgency == SAH_URGENCY_BULK))
        room = jobs_but_for_emergencies(core);
    return core->stopping || core->jobs >= room;
}

static void take(struct sah_core *core, const struct sah_message *message, struct sah_slice bytes,
                 struct sah_now now, bool promised, sah_core_result_fn *fn, void *data)
{
    struct intake *job = calloc(1, sizeof *job);

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (job != NULL) {
        job->message = malloc(sizeof *job->message);
        job->bytes = malloc(bytes.len ? bytes.len : 1);
    }
    if (job == NULL || job->message == NULL || job->bytes == NULL || sah_core_is_full(core, message)) {
        static struct sah_message full; /* large; one loop, so one at a time */

        memset(&full, 0, sizeof full);
        full.kind = SAH_KIND_RESULT;
        full.id = message->id;
        full.created_ms = now.wall_ms;
        full.u.result.code = SAH_RESULT_RETRY;
        full.u.result.retry_after_ms = RETRY_AFTER_MS * 5;
        core->counters.retry_later++;
        if (job != NULL) {
            free(job->message);
            free(job->bytes);
            free(job);
        }
        fn(data, &full);
        return;
    }
    *job->message = *message;
    memcpy(job->bytes, bytes.ptr, bytes.len);
    job->bytes_len = bytes.len;
    job->magic = INTAKE_MAGIC;
    job->core = core;
    job->fn = fn;
    job->data = data;
    job->now = now;
    job->promised = promised;
    sah_buf_init(&job->repeat, SAH_MESSAGE_MAX_BYTES);
    core->jobs++;
    start(job);
}

void sah_core_take(struct sah_core *core, const struct sah_message *message, struct sah_slice bytes,
                   struct sah_now now, sah_core_result_fn *fn, void *data)
{
    take(core, message, bytes, now, false, fn, data);
}

void sah_core_take_accepted(struct sah_core *core, const struct sah_message *message, struct sah_slice bytes,
                            struct sah_now now, sah_core_result_fn *fn, void *data)
{
    take(core, message, bytes, now, true, fn, data);
}
