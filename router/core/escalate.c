/*
 * escalate - timers of a request's lines: set with each change, and acted on when they are due.
 *
 * Owns:    timers that are being acted on. They live in the store and survive every restart.
 * Used by: revise.c before each commit, core.c after each tick.
 * Never:   stops because a machine said 200; leaves an emergency that nobody answered without a
 *          timer (I9); alerts twice for one moment, however many routers see it.
 *
 * Which timer a line wants follows from the request as a change leaves it, so one place sets
 * all of them, whoever made the change. A timer that is due acts in one change with setting the
 * next; until that is written it fires again, and its kind and level in the line tell whether
 * somebody was faster (I4, I5). An alert is the same delivery once more, with the same key
 * (I6).
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

struct due_job {
    struct sah_due_timer timer;
    enum sah_priority priority;
    bool acted, alarm;
};

/* ---- which timer each line wants */

unsigned change_lines_after(const struct sah_change *change,
                            const struct sah_request_view *view,
                            const struct sah_line *ret_lines[SAH_LINES_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; view != NULL && i < view->n_lines; i++)
        ret_lines[n++] = &view->lines[i];
    for (unsigned i = 0; i < change->n_lines; i++) {
        unsigned at = 0;

        while (at < n && strcmp(ret_lines[at]->agency, change->lines[i].agency) != 0)
            at++;
        if (at == SAH_LINES_MAX)
            break; /* change_line() gives no such line */
        ret_lines[at] = &change->lines[i];
        n += at == n;
    }
    return n;
}

bool change_same_call(const struct sah_line *a, const struct sah_line *b)
{
    const char *for_a = a->stands_for[0] != '\0' ? a->stands_for : a->agency;
    const char *for_b = b->stands_for[0] != '\0' ? b->stands_for : b->agency;

    return strcmp(for_a, for_b) == 0;
}

/* Has somebody else, who stands for the same call, come as far as `far_enough` says? */
static bool other_has_it(const struct sah_line *const *lines, unsigned n,
                         const struct sah_line *line, bool far_enough(enum sah_state state))
{
    for (unsigned i = 0; i < n; i++) {
        enum sah_state state = lines[i]->state;

        if (lines[i] == line || !change_same_call(lines[i], line))
            continue;
        if (sah_state_is_over(state) && line->state == SAH_STATE_REOPENED)
            continue; /* what it did is what was not enough */
        if (state == SAH_STATE_CANCEL_ASKED)
            state = lines[i]->before_cancel;
        if (far_enough(state))
            return true;
    }
    return false;
}

static bool is_booking(const struct sah_core *core, const struct sah_change *change, const struct sah_request_view *view,
                       const struct sah_line *line)
{
    const char *service =
        view != NULL ? view->request->u.request.triage.service : change->service;

    return change_is_booking(core, service, line->agency);
}

static enum sah_priority priority_after(const struct sah_change *change,
                                        const struct sah_request_view *view)
{
    return change->priority == SAH_PRIORITY_UNSPECIFIED && view != NULL ? view->priority
                                                                        : change->priority;
}

static enum sah_timer_kind wanted(const struct sah_core *core, const struct sah_change *change,
                                  const struct sah_request_view *view,
                                  const struct sah_line *const *lines, unsigned n,
                                  const struct sah_line *line)
{
    bool asked = line->state == SAH_STATE_CANCEL_ASKED;
    bool carried = line->via[0] != '\0' && line->carried; /* the main one's ladder watches */
    enum sah_timer_kind kind = sah_ladder_kind(&core->s.policy->ladder, asked ? line->before_cancel : line->state,
                                               priority_after(change, view), is_booking(core, change, view, line));

    if (carried)
        return SAH_TIMER_NONE;
    /* A cancel is a citizen's wish, not a person's answer: while nobody has looked at an emergency the
     * ladder goes on. Once a person has it, the cancel is between them and the citizen. */
    if (asked && (kind != SAH_TIMER_ACK || !sah_priority_is_emergency(priority_after(change, view))))
        return SAH_TIMER_NONE;
    if (kind == SAH_TIMER_ACK && other_has_it(lines, n, line, sah_state_is_with_person))
        return SAH_TIMER_NONE;
    if (kind == SAH_TIMER_WAITING && other_has_it(lines, n, line, sah_state_has_unit))
        return SAH_TIMER_NONE;
    return kind;
}

static struct sah_timer_set *add_timer(struct sah_change *change, const char *agency,
                                       enum sah_timer_kind kind, unsigned level)
{
    struct sah_timer_set *timer;

    SAH_ASSERT(change->n_timers < SAH_LINES_MAX); /* one a line */
    timer = &change->timers[change->n_timers++];
    memset(timer, 0, sizeof *timer);
    (void)sah_format(timer->agency, sizeof timer->agency, "%s", agency);
    timer->kind = kind;
    timer->level = level;
    return timer;
}

static bool has_timer(const struct sah_change *change, const char *agency)
{
    for (unsigned i = 0; i < change->n_timers; i++)
        if (strcmp(change->timers[i].agency, agency) == 0)
            return true;
    return false;
}

void escalate_rearm(struct sah_core *core, struct sah_change *change,
                    const struct sah_request_view *view)
{
    const struct sah_ladder *ladder = &core->s.policy->ladder;
    const struct sah_line *lines[SAH_LINES_MAX];
    unsigned n = change_lines_after(change, view, lines);
    enum sah_priority priority = priority_after(change, view);
    bool raised = view != NULL && priority < view->priority;

    for (unsigned i = 0; i < n; i++) {
        const struct sah_line *old = view_line(view, lines[i]->agency);
        enum sah_timer_kind had = old != NULL ? old->timer : SAH_TIMER_NONE;
        enum sah_timer_kind want = wanted(core, change, view, lines, n, lines[i]);
        struct sah_timer_set *timer;
        bool goes_on = want == had && want != SAH_TIMER_NONE;

        if (has_timer(change, lines[i]->agency) || (want == had && !(goes_on && raised)))
            continue;
        timer = add_timer(change, lines[i]->agency, want, want != SAH_TIMER_NONE);
        if (want == SAH_TIMER_NONE)
            continue;
        if (goes_on && old->timer_level != SAH_LADDER_SPENT) {
            timer->level = old->timer_level;
            timer->sooner = true;
        }
        timer->after_now_ms = sah_ladder_ms(ladder, want, timer->level, priority);
        if (goes_on && want == SAH_TIMER_ACK && timer->level < SAH_LADDER_REPEAT) {
            timer->after_accept_ms =
                timer->after_now_ms; /* as if it had been of this class before */
            timer->after_now_ms = 0;
        }
    }
}

void sah_core_rearm(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view)
{
    SAH_CHECK(core, CORE_MAGIC);
    escalate_rearm(core, change, view);
}

/* ---- a timer is due */

static void alert(struct sah_change *change, const struct sah_request_view *view,
                  const struct sah_agency *agency, unsigned endpoint)
{
    struct sah_plan *plan;

    if (!change_plan(change, agency, &view->request->id, SAH_KIND_REQUEST, 1))
        return;
    plan = &change->plans[change->n_plans - 1];
    plan->again = true;
    memcpy(plan->endpoint, agency->endpoints[endpoint].id, sizeof plan->endpoint);
}

/* A copy, watched from `level` on as the line it is made for. */
static void copy_to(struct sah_core *core, struct sah_change *change,
                    const struct sah_request_view *view, const struct sah_line *line,
                    const struct sah_agency *to, const struct sah_ladder_step *step)
{
    if (to == NULL || view_line(view, to->id) != NULL)
        return; /* it has the request, and its own timer */
    if (!change_copy(change, view, line->agency, to, SAH_ANSWER_SILENT)) {
        sah_error(core->s.log, "event=request.full request=%s agency=%s", view->request_id,
                  to->id);
        return;
    }
    add_timer(change, to->id, SAH_TIMER_ACK, step->next_level)->after_now_ms = step->wait_ms;
}

/* The end of every chain: whoever stands last behind the catch-all. */
static const struct sah_agency *officer(const struct sah_roster *roster)
{
    const struct sah_agency *last = sah_roster_agency(roster, sah_slice_of(roster->catch_all));

    if (last == NULL || last->n_fallbacks == 0)
        return NULL;
    return sah_roster_agency(roster, sah_slice_of(last->fallbacks[last->n_fallbacks - 1]));
}

/* Once for a request: a line past its last step means that it was said. */
static void tell_citizen(struct sah_core *core, struct sah_change *change,
                         const struct sah_request_view *view)
{
    const struct sah_roster *roster = core->s.roster;

    for (unsigned i = 0; i < view->n_lines; i++)
        if (view->lines[i].timer == SAH_TIMER_ACK &&
            view->lines[i].timer_level >= SAH_LADDER_REPEAT)
            return;
    (void)change_event(core, change, view->request, view->priority,
                       sah_roster_agency(roster, sah_slice_of(roster->catch_all)),
                       SAH_STATE_NEEDS_PERSON);
}

/* No unit there: the neighbour is asked at once. With nobody left the reviews go on. */
static void ask_next(struct sah_core *core, struct sah_change *change,
                     const struct sah_request_view *view, const struct sah_line *line,
                     const struct sah_agency *agency)
{
    char tried[SAH_LINES_MAX][SAH_AGENCY_SIZE];
    const struct sah_agency *next;

    for (unsigned i = 0; i < view->n_lines; i++)
        memcpy(tried[i], view->lines[i].agency, sizeof tried[i]);
    next = sah_route_fallback(core->s.roster, agency, (const char(*)[SAH_AGENCY_SIZE])tried,
                              view->n_lines);
    if (next != NULL)
        (void)change_copy(change, view, line->agency, next, SAH_ANSWER_WAITING);
}

static void act(struct sah_core *core, struct due_job *job, const struct sah_request_view *view,
                const struct sah_line *line, struct sah_change *change)
{
    const struct sah_roster *roster = core->s.roster;
    const struct sah_agency *agency = sah_roster_agency(roster, sah_slice_of(line->agency));
    struct sah_ladder_step step =
        sah_ladder_step(&core->s.policy->ladder, line->timer, line->timer_level, view->priority,
                        agency != NULL ? agency->n_endpoints : 1, job->timer.late_ms);
    struct sah_timer_set *timer;

    job->acted = true;
    job->alarm = step.alarm;
    job->priority = view->priority;
    if (step.alert && agency != NULL)
        alert(change, view, agency, step.endpoint);
    if (step.ask_next && agency != NULL)
        ask_next(core, change, view, line, agency);
    if (step.ask_catch_all)
        copy_to(core, change, view, line,
                sah_roster_agency(roster, sah_slice_of(roster->catch_all)), &step);
    if (step.ask_officer) {
        copy_to(core, change, view, line, officer(roster), &step);
        tell_citizen(core, change, view);
    }
    timer = add_timer(change, line->agency, line->timer, step.next_level);
    timer->after_now_ms = step.wait_ms;
    timer->still = step.next_level == SAH_LADDER_SPENT;
    (void)sah_format(change->audit, sizeof change->audit,
                     "escalate agency=%s kind=%s level=%u policy=%s", line->agency,
                     sah_timer_kind_name(line->timer), line->timer_level,
                     core->s.policy->version);
}

static bool decide_due(struct sah_core *core, void *data, const struct sah_request_view *view,
                       struct sah_change *change)
{
    struct due_job *job = data;
    const struct sah_line *line = view_line(view, job->timer.agency);
    const struct sah_line *lines[SAH_LINES_MAX];
    unsigned n = change_lines_after(change, view, lines);

    job->acted = false;
    if (line == NULL || line->timer != job->timer.kind || line->timer_level != job->timer.level)
        return false; /* somebody was faster */
    if (wanted(core, change, view, lines, n, line) == line->timer)
        act(core, job, view, line, change);
    else /* the policy has changed since: escalate_rearm() sets what it wants now */
        (void)sah_format(change->audit, sizeof change->audit, "timer not wanted agency=%s",
                         line->agency);
    return true;
}

static void count(struct sah_core_counters *c, const struct sah_due_timer *timer)
{
    switch (timer->kind) {
    case SAH_TIMER_NONE:
        break;
    case SAH_TIMER_ACK:
        if (timer->level <= 1)
            c->escalations_l1++;
        else if (timer->level == 2)
            c->escalations_l2++;
        else
            c->escalations_l3++;
        break;
    case SAH_TIMER_WAITING:
        c->alarms_waiting++;
        break;
    case SAH_TIMER_EN_ROUTE:
        c->alarms_en_route++;
        break;
    }
}

static void due_done(struct sah_core *core, void *data, int err,
                     const struct sah_committed *committed)
{
    struct due_job *job = data;
    const struct sah_due_timer *t = &job->timer;

    /* Not written: it fires again by itself. */
    if (err == SAH_OK && committed != NULL && job->acted) {
        count(&core->counters, t);
        if (job->alarm)
            sah_error(
                core->s.log,
                "event=request.escalated request=%s agency=%s kind=%s level=%u priority=%s",
                t->request_id, t->agency, sah_timer_kind_name(t->kind), t->level,
                sah_priority_name(job->priority));
        else
            sah_warn(
                core->s.log,
                "event=request.escalated request=%s agency=%s kind=%s level=%u priority=%s",
                t->request_id, t->agency, sah_timer_kind_name(t->kind), t->level,
                sah_priority_name(job->priority));
    }
    core->jobs--;
    free(job);
}

void escalate_due(struct sah_core *core, const struct sah_due_timer *timer)
{
    struct due_job *job = core->stopping ? NULL : calloc(1, sizeof *job);

    if (job == NULL)
        return; /* it fires again by itself */
    job->timer = *timer;
    core->jobs++;
    revise(core, timer->request_id, REVISE_ONCE, decide_due, due_done, job);
}
