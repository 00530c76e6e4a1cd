/*
 * incident_link - a report becomes part of an incident, stays its own all the same, and is let go when
 * it cannot reach the agencies that way. See incident.h.
 *
 * Owns:    joins under way. I4: what is held goes out by itself, or is carried, or is let go here.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

/* ---- parts of a change */

bool incident_is_linked(const struct sah_request_view *view)
{
    return view != NULL && view->main_id[0] != '\0' && strcmp(view->main_id, view->request_id) != 0;
}

/* Holds what the main request's agencies will hear of through it; how many those are. */
static unsigned hold_shared(const struct sah_core *core, struct sah_change *change, const struct incident_match *match)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < change->n_plans; i++) {
        struct sah_line *line;

        if (!incident_has_agency(match, core, change->plans[i].agency))
            continue;
        line = change_line(change, NULL, change->plans[i].agency);
        SAH_ASSERT(line != NULL);
        memcpy(line->via, match->main_id, sizeof line->via);
        change->plans[i].hold_ms = INCIDENT_HOLD_MS;
        shared++;
    }
    return shared;
}

static unsigned count_shared(const struct sah_core *core, const struct sah_request_view *view,
                             const struct incident_match *match)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < view->n_lines; i++)
        shared += incident_has_agency(match, core, view->lines[i].agency);
    return shared;
}

void incident_link(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                   const struct incident_match *match)
{
    unsigned shared;

    if (!match->on)
        return;
    if (view == NULL)
        change->sender = match->facts.sender;
    memcpy(change->note, match->note, sizeof change->note);
    if (match->same_incident && view == NULL)
        memcpy(change->incident_id, match->incident_id, sizeof change->incident_id);
    if (!match->link)
        return;
    /* What was sent before it was known where it is stays: the agency has it already, and hears in an
     * update of the main one that it belongs there. */
    shared = view == NULL ? hold_shared(core, change, match) : count_shared(core, view, match);
    if (shared == 0) { /* the agencies are others: two services, or two districts */
        (void)sah_format(change->note, sizeof change->note, "p=%s,other_agency,-", match->incident_id);
        return;
    }
    memcpy(change->incident_id, match->incident_id, sizeof change->incident_id);
    memcpy(change->main_id, match->main_id, sizeof change->main_id);
    change->set_main = true;
    change->at_once = match->at_once;
    core->counters.linked++;
}

void incident_hold(const struct sah_request_view *view, struct sah_change *change)
{
    bool through = false;

    if (!incident_is_linked(view))
        return;
    for (unsigned i = 0; i < change->n_plans; i++) {
        const struct sah_line *line = view_line(view, change->plans[i].agency);

        if (line == NULL || line->via[0] == '\0' || !sah_id_equal(&change->plans[i].message_id, &change->message_id))
            continue;
        change->plans[i].hold_ms = INCIDENT_HOLD_MS;
        through = true;
    }
    for (unsigned i = 0; i < change->n_lines && change->kind == SAH_KIND_CANCEL; i++)
        through = through || change->lines[i].via[0] != '\0';
    if (!through)
        return;
    change->set_main = true;
    memcpy(change->main_id, view->main_id, sizeof change->main_id);
    change->at_once = change->priority != SAH_PRIORITY_UNSPECIFIED && change->priority < view->priority;
}

void incident_delivered(struct sah_change *change, const struct sah_request_view *view, const char *agency)
{
    const struct sah_line *old = view_line(view, agency);
    struct sah_line *line;

    if (old == NULL || old->via[0] == '\0' || old->carried)
        return;
    line = change_line(change, view, agency);
    if (line != NULL)
        line->via[0] = '\0';
}

/* ---- let go: everything that is held goes out as the request's own */

struct let_go {
    bool unlinked; /* by a person: what was carried goes out too, and the incident is its own again */
    incident_done_fn *fn;
    void *data;
    int err;
    char agency[SAH_AGENCY_SIZE];
    char left_to[SAH_REQUEST_ID_SIZE]; /* it only wants to leave: the main request whose end is its own */
    char member[SAH_REQUEST_ID_SIZE];
};

/* The agency gets the request itself now, and what was said since, in their order. What was known there
 * was known of the main one, so the line begins anew: nobody has this one yet (I9). */
void change_line_own(struct sah_change *change, const struct sah_request_view *view, struct sah_line *line,
                     const struct sah_agency *agency)
{
    unsigned from = change->n_plans;

    line->via[0] = '\0';
    line->carried = false;
    line->apart = true;
    if (sah_state_is_over(line->state))
        return;
    if (line->state == SAH_STATE_CANCEL_ASKED)
        line->before_cancel = SAH_STATE_QUEUED;
    else
        line->state = SAH_STATE_QUEUED;

    if (!change_plan(change, agency, &view->request->id, SAH_KIND_REQUEST, 1))
        return;
    for (unsigned i = 0; i < view->n_messages; i++)
        if (view->messages[i].kind != SAH_KIND_CANCEL || line->state == SAH_STATE_CANCEL_ASKED)
            (void)change_plan(change, agency, &view->messages[i].id, view->messages[i].kind,
                              view->messages[i].sequence);
    for (; from < change->n_plans; from++)
        change->plans[from].again = true;
}

static bool decide_let_go(struct sah_core *core, void *data, const struct sah_request_view *view,
                          struct sah_change *change)
{
    struct let_go *job = data;
    bool leaves = false;

    job->err = SAH_OK;
    job->left_to[0] = '\0';
    if (!incident_is_linked(view)) {
        job->err = view == NULL ? SAH_ENOENT : SAH_OK;
        return false;
    }
    if (job->unlinked && view_line(view, job->agency) == NULL) {
        job->err = SAH_ENOENT;
        return false;
    }
    for (unsigned i = 0; i < view->n_lines; i++) {
        const struct sah_line *old = &view->lines[i];
        const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(old->agency));
        struct sah_line *line;

        if (old->via[0] == '\0' || agency == NULL)
            continue;
        if (old->carried && old->state == SAH_STATE_CANCEL_ASKED && !job->unlinked) {
            leaves = true; /* what happens to the incident happens to it: it only wanted to leave */
            continue;
        }
        line = change_line(change, view, old->agency);
        SAH_ASSERT(line != NULL);
        change_line_own(change, view, line, agency);
    }
    if (leaves)
        memcpy(job->left_to, view->main_id, sizeof job->left_to);
    if (leaves && change->n_lines == 0)
        return false;
    change->set_main = !leaves; /* to none */
    if (change->set_main)
        incident_own(view->request_id, change->incident_id);
    (void)sah_format(change->audit, sizeof change->audit, "%s main=%s by=%s agencies=%u",
                     job->unlinked ? "unlink" : "let go", view->main_id, job->unlinked ? job->agency : "router",
                     change->n_plans);
    return true;
}

static void left(void *data, int err)
{
    SAH_UNUSED(data);
    SAH_UNUSED(err); /* a member that is none any more is passed over when the page is followed */
}

static void let_go_done(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct let_go *job = data;

    if (err == SAH_OK && committed != NULL)
        core->counters.let_go++;
    if (err == SAH_OK && job->left_to[0] != '\0')
        incident_follow_late(core, job->left_to, job->member);
    if (job->fn != NULL)
        job->fn(job->data, err != SAH_OK ? err : job->err);
    core->jobs--;
    free(job);
}

void incident_let_go(struct sah_core *core, const char *member)
{
    struct let_go *job = calloc(1, sizeof *job);

    if (job == NULL)
        return; /* what is held goes out by itself */
    core->jobs++;
    (void)sah_format(job->member, sizeof job->member, "%s", member);
    revise(core, member, REVISE_ONCE, decide_let_go, let_go_done, job);
}

/* ---- join */

struct join {
    struct sah_core *core;
    char main_id[SAH_REQUEST_ID_SIZE];
    struct sah_item item;
    bool at_once;
    unsigned n_more; /* of a request whose join is repaired: what it said since */
    struct sah_view_message more[SAH_VIEW_MESSAGES_MAX];
};

static void join_send(struct join *job);

static void join_end(struct join *job)
{
    job->core->jobs--;
    free(job);
}

static void on_joined(void *data, int err)
{
    struct join *job = data;
    struct sah_core *core = job->core;

    if (err == SAH_ENOENT || err == SAH_ECONFLICT || err == SAH_ELIMIT) {
        /* Nobody carries it: gone, closed, or full. A report that left is told nowhere then. */
        sah_info(core->s.log, "event=incident.not_joined request=%s main=%s err=\"%s\"", job->item.member,
                 job->main_id, sah_strerror(err));
        if (err == SAH_ELIMIT)
            incident_is_full(core, job->main_id);
        incident_let_go(core, job->item.member);
    } else if (err == SAH_OK && job->n_more > 0) {
        struct sah_view_message *next = &job->more[--job->n_more];

        job->item.message_id = next->id;
        job->item.leaves = next->kind == SAH_KIND_CANCEL;
        join_send(job);
        return;
    } else if (err == SAH_OK) {
        core->s.store->work_over(core->s.store->data, job->item.member, SAH_WORK_JOIN, left, NULL);
        if (job->at_once)
            incident_tell(core, job->main_id);
        else
            core->next_store_tick_ms = 0; /* it may be due now */
    } /* else: work JOIN comes again */
    join_end(job);
}

static void join_send(struct join *job)
{
    const struct sah_store *store = job->core->s.store;

    store->join(store->data, job->main_id, &job->item, job->at_once, job->core->s.sameness->update_ms, on_joined,
                job);
}

void incident_join(struct sah_core *core, const char *main_id, const char *member, const struct sah_id *message_id,
                   enum sah_priority priority, bool leaves, bool at_once)
{
    struct join *job = core->s.sameness != NULL && !core->stopping ? calloc(1, sizeof *job) : NULL;

    if (job == NULL)
        return; /* work JOIN comes again */
    core->jobs++;
    job->core = core;
    job->at_once = at_once;
    job->item.message_id = *message_id;
    job->item.priority = priority;
    job->item.leaves = leaves;
    (void)sah_format(job->main_id, sizeof job->main_id, "%s", main_id);
    (void)sah_format(job->item.member, sizeof job->item.member, "%s", member);
    join_send(job);
}

/* The router that wrote it died before it joined. */
static void on_member(void *data, int err, const struct sah_request_view *view)
{
    struct join *job = data;
    struct sah_core *core = job->core;

    if (err == SAH_ENOENT || (err == SAH_OK && !incident_is_linked(view)))
        core->s.store->work_over(core->s.store->data, job->item.member, SAH_WORK_JOIN, left, NULL);
    if (err != SAH_OK || !incident_is_linked(view)) {
        join_end(job);
        return;
    }
    memcpy(job->main_id, view->main_id, sizeof job->main_id);
    job->item.message_id = view->request->id;
    job->item.priority = view->priority;
    for (unsigned i = view->n_messages; i > 0; i--)
        job->more[job->n_more++] = view->messages[i - 1];
    join_send(job);
}

void incident_rejoin(struct sah_core *core, const char *member)
{
    struct join *job = calloc(1, sizeof *job);

    if (job == NULL)
        return;
    core->jobs++;
    job->core = core;
    (void)sah_format(job->item.member, sizeof job->item.member, "%s", member);
    core->s.store->load(core->s.store->data, member, on_member, job);
}

void incident_committed(struct sah_core *core, const struct sah_change *change)
{
    if (core->incidents == NULL)
        return;
    if (change->feed[0] != '\0')
        incident_known(core, change->feed);
    if (change->set_main && change->main_id[0] != '\0' && change->bytes.len > 0)
        incident_join(core, change->main_id, change->request_id, &change->message_id,
                      change->kind == SAH_KIND_CANCEL ? SAH_PRIORITY_P4 : change->priority,
                      change->kind == SAH_KIND_CANCEL, change->at_once);
}

/* ---- by a person */

void sah_core_unlink(struct sah_core *core, const char *request_id, const char *agency, struct sah_now now,
                     sah_link_fn *fn, void *data)
{
    struct let_go *job = core->jobs < core->s.jobs_max ? calloc(1, sizeof *job) : NULL;

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (job == NULL) {
        fn(data, SAH_EAGAIN);
        return;
    }
    core->jobs++;
    job->unlinked = true;
    job->fn = fn;
    job->data = data;
    (void)sah_format(job->agency, sizeof job->agency, "%s", agency);
    revise(core, request_id, REVISE_ONCE, decide_let_go, let_go_done, job);
}

struct person_link {
    char main_id[SAH_REQUEST_ID_SIZE], agency[SAH_AGENCY_SIZE], incident_id[SAH_INCIDENT_ID_SIZE];
    char member[SAH_REQUEST_ID_SIZE];
    struct sah_core *core;
    sah_link_fn *fn;
    void *data;
    int err;
    struct sah_id message_id;
    enum sah_priority priority;
};

static bool decide_person_link(struct sah_core *core, void *data, const struct sah_request_view *view,
                               struct sah_change *change)
{
    struct person_link *job = data;

    SAH_UNUSED(core);
    job->err = SAH_OK;
    if (view == NULL || view_line(view, job->agency) == NULL)
        job->err = SAH_ENOENT;
    else if (view->n_members > 0 || (view->main_id[0] != '\0' && strcmp(view->main_id, job->main_id) != 0))
        job->err = SAH_ECONFLICT; /* it carries others, or belongs elsewhere: unlink first */
    if (job->err != SAH_OK || view->main_id[0] != '\0')
        return false;
    change->set_main = true;
    memcpy(change->main_id, job->main_id, sizeof change->main_id);
    memcpy(change->incident_id, job->incident_id, sizeof change->incident_id);
    job->message_id = view->request->id;
    job->priority = view->priority;
    (void)sah_format(change->audit, sizeof change->audit, "link main=%s by=%s", job->main_id, job->agency);
    return true;
}

static void person_link_done(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct person_link *job = data;

    if (err == SAH_OK && committed != NULL) {
        core->counters.linked++;
        incident_join(core, job->main_id, job->member, &job->message_id, job->priority, false, false);
    }
    job->fn(job->data, err != SAH_OK ? err : job->err);
    core->jobs--;
    free(job);
}

static void on_main(void *data, int err, const struct sah_request_view *view)
{
    struct person_link *job = data;
    struct sah_core *core = job->core;

    if (err == SAH_OK && view_line(view, job->agency) == NULL)
        err = SAH_ENOENT;
    if (err == SAH_OK && (view->closed_ms > 0 || incident_is_linked(view)))
        err = SAH_ECONFLICT;
    if (err != SAH_OK) {
        job->fn(job->data, err);
        core->jobs--;
        free(job);
        return;
    }
    memcpy(job->incident_id, view->incident_id, sizeof job->incident_id);
    revise(core, job->member, REVISE_ONCE, decide_person_link, person_link_done, job);
}

void sah_core_link(struct sah_core *core, const char *request_id, const char *main_id, const char *agency,
                   struct sah_now now, sah_link_fn *fn, void *data)
{
    struct person_link *job = core->jobs < core->s.jobs_max ? calloc(1, sizeof *job) : NULL;

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (job == NULL || core->s.sameness == NULL || strcmp(request_id, main_id) == 0) {
        free(job);
        fn(data, job == NULL ? SAH_EAGAIN : SAH_ECONFLICT);
        return;
    }
    core->jobs++;
    job->core = core;
    job->fn = fn;
    job->data = data;
    (void)sah_format(job->main_id, sizeof job->main_id, "%s", main_id);
    (void)sah_format(job->member, sizeof job->member, "%s", request_id);
    (void)sah_format(job->agency, sizeof job->agency, "%s", agency);
    core->s.store->load(core->s.store->data, main_id, on_main, job);
}
