/*
 * incident_follow - linked requests come to where their main one is: what its agencies heard is carried,
 * what they cannot hear is let go, and each state reaches every reporter (9.6). See incident.h.
 *
 * Owns:    rounds under way. A round looks at the main request once and then at each linked one, in an
 *          ordinary change of that one (I8), which does nothing when it is there already; so a round that
 *          is cut off, or runs twice, or is seen by two routers, ends the same.
 * Never:   tells a citizen what nobody at the agency said of the incident (I9).
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

struct follow {
    struct sah_core *core;
    char main_id[SAH_REQUEST_ID_SIZE];
    uint64_t revision;
    int64_t closed_ms; /* of the main one, 0 = open */
    unsigned n_lines;
    struct sah_line lines[SAH_LINES_MAX]; /* of the main one */
    struct sah_page page;
    unsigned at; /* which member is looked at */
    bool failed, gone; /* gone: the one that is looked at is over */
    bool left_behind;  /* no round, but one member that came after the last one: incident_follow_late */
    struct sah_page_done done;
};

static void end(struct follow *job)
{
    job->core->jobs--;
    free(job);
}

static const struct sah_line *main_line(const struct follow *job, const char *agency)
{
    for (unsigned i = 0; i < job->n_lines; i++)
        if (strcmp(job->lines[i].agency, agency) == 0)
            return &job->lines[i];
    return NULL;
}

static const struct sah_update_at *heard_at(const struct follow *job, const struct sah_id *update, const char *agency)
{
    for (unsigned i = 0; i < job->page.n_updates; i++)
        for (unsigned j = 0; j < job->page.updates[i].n; j++)
            if (sah_id_equal(&job->page.updates[i].id, update) &&
                strcmp(job->page.updates[i].at[j].agency, agency) == 0)
                return &job->page.updates[i].at[j];
    return NULL;
}

/* ---- one linked request */

static void let_line_go(struct sah_change *change, const struct sah_request_view *view, struct sah_line *line,
                        const struct sah_agency *agency)
{
    if (agency != NULL)
        change_line_own(change, view, line, agency);
}

static bool same_details(const struct sah_agency_status *a, const struct sah_agency_status *b)
{
    return a->eta_s == b->eta_s && a->n_units == b->n_units && memcmp(a->units, b->units, sizeof a->units) == 0 &&
           strcmp(a->case_no, b->case_no) == 0;
}

static void tell_state(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                       const struct sah_line *line, enum sah_state state)
{
    struct sah_outbox_event *event =
        change_event(core, change, view->request, view->priority,
                     sah_roster_agency(core->s.roster, sah_slice_of(line->agency)), state);

    if (event == NULL)
        return;
    event->status = line->status;
    event->status.state = state;
    memcpy(event->status.agency, line->agency, sizeof event->status.agency);
    memcpy(event->status.request_id, view->request_id, sizeof event->status.request_id);
}

/* Where the line goes with the main one's. What a program said of a booking is a program's word for a linked
 * one of a higher class too (I9); to be opened again harms nobody. */
static struct sah_move move_with(struct sah_core *core, const struct sah_request_view *view,
                                 const struct sah_line *line, const struct sah_line *main, enum sah_state to)
{
    bool booking = change_is_booking(core, view->request->u.request.triage.service, line->agency);
    enum sah_level level = main->status.level;

    if (level == SAH_LEVEL_UNSPECIFIED || to == SAH_STATE_REOPENED)
        level = SAH_LEVEL_PERSON; /* what we know by ourselves is no program's word */
    return sah_lifecycle_move(line->state, to, level, view->priority, booking);
}

/* It is carried by one that a program has ended, and only a person may end it. */
static bool is_left_alone(struct sah_core *core, const struct sah_request_view *view, const struct sah_line *line,
                          const struct sah_line *main)
{
    return line->via[0] != '\0' && sah_state_is_over(main->state) &&
           move_with(core, view, line, main, main->state).needs_person;
}

/* The state of the main one's line, as far as a linked one may have it. True when something changed. */
static bool take_state(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                       struct sah_line *line, const struct sah_line *main)
{
    enum sah_state to = main->state == SAH_STATE_CANCEL_ASKED ? main->before_cancel : main->state;
    bool lost = to == SAH_STATE_WAITING_UNIT &&
                (line->state == SAH_STATE_UNIT_ASSIGNED || line->state == SAH_STATE_EN_ROUTE);
    bool more = to == line->state && to >= SAH_STATE_DELIVERED && !same_details(&line->status, &main->status);
    struct sah_move move = move_with(core, view, line, main, to);

    if (line->state == SAH_STATE_CANCEL_ASKED && !sah_state_is_over(to))
        return false; /* its reporter leaves: no more news */
    if (to == SAH_STATE_REJECTED || to == SAH_STATE_EXPIRED || to < SAH_STATE_DELIVERED ||
        (move.kind != SAH_MOVE_APPLY && !lost && !more))
        return false;
    line->status = main->status;
    memcpy(line->status.request_id, view->request_id, sizeof line->status.request_id);
    line->state = to;
    if (to == SAH_STATE_REOPENED)
        change->closed_ms = 0;
    tell_state(core, change, view, line, lost ? SAH_STATE_UNIT_LOST : to);
    return true;
}

static bool carry(const struct follow *job, const struct sah_item *item, const struct sah_update_at *heard,
                  const struct sah_request_view *view, struct sah_change *change, struct sah_line *line)
{
    struct sah_carried *c;
    bool is_request = sah_id_equal(&item->message_id, &view->request->id);

    SAH_UNUSED(job);
    if (change->n_carried == SAH_CARRIED_MAX)
        return false;
    c = &change->carried[change->n_carried++];
    sah_delivery_key(&item->message_id, line->agency, c->key);
    memcpy(c->by, heard->key, sizeof c->by);
    if (is_request)
        line->carried = true;
    return true;
}

/* What became of the messages of this request at this agency. True when something changed. */
static bool take_items(struct follow *job, const struct sah_request_view *view, struct sah_change *change,
                       struct sah_line *line, const struct sah_agency *agency)
{
    bool changed = false;

    for (unsigned i = 0; i < job->page.n_told && line->via[0] != '\0'; i++) {
        const struct sah_item *item = &job->page.told[i];
        const struct sah_update_at *heard;

        if (strcmp(item->member, view->request_id) != 0)
            continue;
        heard = heard_at(job, &item->told_by, line->agency);
        if (heard == NULL || heard->heard == SAH_HEARD_DEAD) {
            let_line_go(change, view, line, agency);
            return true;
        }
        if (heard->heard == SAH_HEARD_PENDING)
            continue;
        if (item->leaves && line->state == SAH_STATE_CANCEL_ASKED) { /* (9.7) the agency knows */
            line->state = SAH_STATE_CANCELLED;
            tell_state(job->core, change, view, line, SAH_STATE_CANCELLED);
            changed = true;
        }
        if (item->leaves || (line->carried && sah_id_equal(&item->message_id, &view->request->id)))
            continue;
        changed = carry(job, item, heard, view, change, line) || changed;
    }
    return changed;
}

/* Refused there: it is with whoever stands for that one now, or goes out by itself. */
static void move_line(struct follow *job, const struct sah_request_view *view, struct sah_change *change,
                      struct sah_line *line, const struct sah_agency *agency)
{
    for (unsigned i = 0; i < job->n_lines && line->carried; i++) { /* else nobody has its words yet */
        const struct sah_line *other = &job->lines[i];
        struct sah_line *new;

        const struct sah_line *mine = view_line(view, other->agency);

        if (strcmp(other->stands_for, line->agency) != 0 || sah_state_is_over(other->state))
            continue;
        if (mine != NULL && sah_state_is_over(mine->state))
            continue; /* there this one has been given up, or ended, by itself (I9) */
        new = mine == NULL ? change_line(change, view, other->agency) : NULL;
        if (new != NULL) {
            new->state = SAH_STATE_QUEUED;
            new->carried = true;
            memcpy(new->via, job->main_id, sizeof new->via);
            memcpy(new->stands_for, line->agency, sizeof new->stands_for);
            (void)take_state(job->core, change, view, new, other);
        }
        line->state = SAH_STATE_REJECTED;
        line->via[0] = '\0';
        line->carried = false;
        return;
    }
    let_line_go(change, view, line, agency);
}

static enum sah_state own_state(const struct sah_line *line)
{
    return line->state == SAH_STATE_CANCEL_ASKED ? line->before_cancel : line->state;
}

/* A line that was never held has an agency's card of its own: that the main one's is put away there, and
 * perhaps was before this one came, ends nothing. When the whole incident is closed after this one
 * came, that reaches it too (9.6). */
static bool may_follow(const struct follow *job, const struct sah_request_view *view, const struct sah_line *line,
                       const struct sah_line *main)
{
    if (line->apart || sah_state_is_over(line->state))
        return false;
    if (line->via[0] != '\0')
        return line->carried; /* what goes out as its own is not there yet, whatever is known of the main one */
    if (line->state < SAH_STATE_DELIVERED)
        return false;
    return !sah_state_is_over(main->state) || job->closed_ms > view->accepted_ms;
}

/* Its reporter withdrew it: it does not come back with the incident (9.7). */
static bool withdrew(const struct sah_request_view *view)
{
    return view->n_messages > 0 && view->messages[view->n_messages - 1].kind == SAH_KIND_CANCEL;
}

static bool follow_line(struct follow *job, const struct sah_request_view *view, struct sah_change *change,
                        const struct sah_line *old)
{
    const struct sah_agency *agency = sah_roster_agency(job->core->s.roster, sah_slice_of(old->agency));
    const struct sah_line *main = main_line(job, old->agency);
    bool comes_back = sah_state_is_over(old->state) && old->carried && main != NULL &&
                      main->state == SAH_STATE_REOPENED && !withdrew(view);
    unsigned n_lines = change->n_lines;
    struct sah_line *line;
    bool changed;

    if (sah_state_is_over(old->state) && !comes_back)
        return false;
    line = change_line(change, view, old->agency);
    SAH_ASSERT(line != NULL);
    if (line->via[0] != '\0' && !line->carried && sah_state_is_with_person(own_state(line))) {
        line->via[0] = '\0'; /* what was held went out, and a person there spoke of this very request */
        line->apart = true;
        return true;
    }
    changed = old->via[0] != '\0' && take_items(job, view, change, line, agency);
    if (changed && sah_state_is_over(line->state) && !sah_state_is_over(old->state))
        return true; /* its reporter has left: what became of the main one there is nothing to them (9.7) */
    if (line->via[0] != '\0' &&
        (main == NULL || main->state == SAH_STATE_REJECTED || main->state == SAH_STATE_EXPIRED)) {
        move_line(job, view, change, line, agency);
        changed = true;
    } else if (main != NULL && agency != NULL && !comes_back && may_follow(job, view, line, main) &&
               is_left_alone(job->core, view, line, main)) {
        let_line_go(change, view, line, agency);
        changed = true;
    } else if (main != NULL && (comes_back || may_follow(job, view, line, main))) {
        changed = take_state(job->core, change, view, line, main) || changed;
    }
    if (line->carried && line->state < SAH_STATE_DELIVERED) {
        line->state = SAH_STATE_DELIVERED;
        tell_state(job->core, change, view, line, SAH_STATE_DELIVERED);
        changed = true;
    }
    if (!changed && change->n_lines == n_lines + 1)
        change->n_lines = n_lines;
    return changed;
}

static bool decide_follow(struct sah_core *core, void *data, const struct sah_request_view *view,
                          struct sah_change *change)
{
    struct follow *job = data;
    bool changed = false;

    if (!incident_is_linked(view) || strcmp(view->main_id, job->main_id) != 0)
        return false;
    for (unsigned i = 0; i < view->n_lines; i++)
        if (!job->left_behind || view->lines[i].state == SAH_STATE_CANCEL_ASKED) /* else it wants help again */
            changed = follow_line(job, view, change, &view->lines[i]) || changed;
    job->gone = !change_others_live(change, view, "");
    if (!changed)
        return false;
    if (view->closed_ms == 0)
        change_close_if_over(core, change, view);
    (void)sah_format(change->audit, sizeof change->audit, "follow main=%s revision=%u carried=%u again=%u",
                     job->main_id, (unsigned)job->revision, change->n_carried, change->n_plans);
    return true;
}

/* ---- the round */

static void next_member(struct follow *job);

static bool is_heard_everywhere(const struct follow *job, const struct sah_item *item)
{
    for (unsigned i = 0; i < job->page.n_updates; i++) {
        const struct sah_update *u = &job->page.updates[i];

        for (unsigned j = 0; sah_id_equal(&u->id, &item->told_by) && j < u->n; j++)
            if (u->at[j].heard == SAH_HEARD_PENDING)
                return false;
    }
    return true;
}

/* Its reporter withdrew, the agencies know, and nothing was said since that made it live again. */
static bool has_left(const struct follow *job, const char *member)
{
    for (unsigned i = 0; i < job->page.n_told && job->done.n_left < SAH_TOLD_MAX; i++)
        if (job->page.told[i].leaves && strcmp(job->page.told[i].member, member) == 0)
            return is_heard_everywhere(job, &job->page.told[i]);
    return false;
}

static void member_done(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct follow *job = data;

    SAH_UNUSED(core);
    SAH_UNUSED(committed);
    job->failed = job->failed || err != SAH_OK;
    if (err == SAH_OK && job->gone && has_left(job, job->page.members[job->at]))
        memcpy(job->done.left[job->done.n_left++], job->page.members[job->at], SAH_REQUEST_ID_SIZE);
    job->at++;
    next_member(job);
}

static void nothing(void *data, int err)
{
    SAH_UNUSED(data);
    SAH_UNUSED(err); /* not written: work JOIN comes again */
}

static void round_done(void *data, int err)
{
    SAH_UNUSED(err); /* not written: the round comes again */
    end(data);
}

static void finish_round(struct follow *job)
{
    const struct sah_store *store = job->core->s.store;
    struct sah_page_done *done = &job->done;
    bool more = job->page.n_told == SAH_TOLD_MAX;

    if (job->left_behind) {
        if (!job->failed) /* else work JOIN comes again */
            store->work_over(store->data, job->page.members[0], SAH_WORK_JOIN, nothing, NULL);
        end(job);
        return;
    }
    done->revision = job->revision;
    for (unsigned i = 0; i < job->page.n_told && !job->failed; i++) {
        const struct sah_item *item = &job->page.told[i];

        if (!is_heard_everywhere(job, item))
            continue;
        done->over[done->n_over++] = item->message_id;
    }
    done->all = !job->failed && job->page.revision == job->revision && !(more && done->n_over > 0);
    store->page_done(store->data, job->main_id, done, round_done, job);
}

static void next_member(struct follow *job)
{
    job->gone = false;
    if (job->at == job->page.n_members)
        finish_round(job);
    else
        revise(job->core, job->page.members[job->at], REVISE_ONCE, decide_follow, member_done, job);
}

static void on_page(void *data, int err, const struct sah_page *page)
{
    struct follow *job = data;

    if (err != SAH_OK) {
        end(job); /* it comes again */
        return;
    }
    job->page = *page;
    next_member(job);
}

static void on_main(void *data, int err, const struct sah_request_view *view)
{
    struct follow *job = data;
    const struct sah_store *store = job->core->s.store;

    if (err != SAH_OK) {
        end(job);
        return;
    }
    job->revision = view->revision;
    job->closed_ms = view->closed_ms;
    job->n_lines = view->n_lines;
    memcpy(job->lines, view->lines, sizeof job->lines);
    if (job->left_behind) {
        next_member(job);
        return;
    }
    store->page(store->data, job->main_id, on_page, job);
}

static void look_at(struct sah_core *core, const char *main_id, const char *left_behind)
{
    struct follow *job = core->s.sameness != NULL && !core->stopping ? calloc(1, sizeof *job) : NULL;

    if (job == NULL)
        return; /* it comes again */
    core->jobs++;
    job->core = core;
    (void)sah_format(job->main_id, sizeof job->main_id, "%s", main_id);
    if (left_behind != NULL) {
        job->left_behind = true;
        job->page.n_members = 1;
        (void)sah_format(job->page.members[0], sizeof job->page.members[0], "%s", left_behind);
    }
    core->s.store->load(core->s.store->data, job->main_id, on_main, job);
}

void incident_follow(struct sah_core *core, const char *main_id)
{
    look_at(core, main_id, NULL);
}

void incident_follow_late(struct sah_core *core, const char *main_id, const char *member)
{
    look_at(core, main_id, member);
}

void incident_work(struct sah_core *core, const struct sah_work *work)
{
    switch (work->kind) {
    case SAH_WORK_NONE:
        return;
    case SAH_WORK_JOIN:
        incident_rejoin(core, work->request_id);
        return;
    case SAH_WORK_TELL:
        incident_tell(core, work->request_id);
        return;
    case SAH_WORK_FOLLOW:
        incident_follow(core, work->request_id);
        return;
    }
}

/* ---- what a sender's calls were */

enum sah_history_kind incident_history(const struct sah_agency_status *status, enum sah_state before)
{
    static const struct {
        const char *said;
        enum sah_history_kind kind;
    } table[] = {
        {"FALSE_REPORT", SAH_HISTORY_FALSE_REPORT}, {"HOAX", SAH_HISTORY_FALSE_REPORT},
        {"17", SAH_HISTORY_FALSE_ALARM},            {"FALSE_ALARM", SAH_HISTORY_FALSE_ALARM},
        {"38", SAH_HISTORY_NO_PATIENT},             {"NO_PATIENT", SAH_HISTORY_NO_PATIENT},
        {"45", SAH_HISTORY_CONFIRMED},              {"TREATED_TRANSPORTED", SAH_HISTORY_CONFIRMED},
    };

    if (status->state != SAH_STATE_CLOSED || status->level != SAH_LEVEL_PERSON)
        return SAH_HISTORY_NONE;
    for (size_t i = 0; i < SAH_LEN(table); i++)
        if (strcmp(status->disposition, table[i].said) == 0)
            return table[i].kind;
    return before == SAH_STATE_ON_SCENE || before == SAH_STATE_TRANSPORTING ? SAH_HISTORY_CONFIRMED
                                                                             : SAH_HISTORY_NONE;
}

void incident_judge(struct sah_core *core, struct sah_leased *leased)
{
    if (core->s.sameness == NULL)
        return;
    leased->judged = true;
    leased->suspicion = sah_suspicion(&core->s.sameness->suspicion, &leased->history, core->now.wall_ms);
}
