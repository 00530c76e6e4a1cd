/*
 * replay - what a person decides: a dead letter goes out again, a request gets another class.
 *
 * Owns:    decisions under way. Used by: ops (admin calls).
 * Never:   sends again what somebody else has or has ended; changes a key (I6); lets a class go down
 *          without a name. Each decision stands in the audit record with who made it.
 *
 * A dead letter and the state of its line change in one step (store: plans with `replay`): a request
 * that was rejected or expired is open again, and the citizen hears of it when it is delivered. What
 * the citizen said since goes with it, behind it (I3, I10).
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

struct decision {
    struct sah_dead_letter letter;
    enum sah_priority priority;
    char request_id[SAH_REQUEST_ID_SIZE];
    char by[SAH_WHO_SIZE];
    enum sah_decided decided;
    sah_decided_fn *fn;
    void *data;
};

static const char *name_of(const struct decision *d)
{
    return d->by[0] != '\0' ? d->by : "-";
}

static bool is_ended(enum sah_state state)
{
    return state == SAH_STATE_CLOSED || state == SAH_STATE_CANCELLED || state == SAH_STATE_HANDED_OVER;
}

/* Somebody has answered, there or elsewhere, or it is over: a second call-out helps nobody. */
static bool is_taken(const struct sah_request_view *view)
{
    for (unsigned i = 0; i < view->n_lines; i++) {
        enum sah_state state = view->lines[i].state;

        if (state == SAH_STATE_CANCEL_ASKED)
            state = view->lines[i].before_cancel;
        if (is_ended(state) || sah_state_is_with_person(state))
            return true;
    }
    return false;
}

static struct sah_plan *plan_letter(struct sah_change *change, const struct decision *d, const struct sah_agency *agency,
                                    enum sah_replay how)
{
    struct sah_plan *plan = &change->plans[change->n_plans];

    if (!change_plan(change, agency, &d->letter.message_id, d->letter.kind, d->letter.sequence))
        SAH_ASSERT(!"the first plan of a change");
    plan->replay = how;
    for (unsigned i = 0; i < agency->n_endpoints; i++)
        if (strcmp(agency->endpoints[i].id, d->letter.endpoint) == 0)
            memcpy(plan->endpoint, d->letter.endpoint, sizeof plan->endpoint);
    return plan;
}

/* The request itself: its line is open again, and what was said since goes behind it. */
static void reopen(struct sah_change *change, const struct sah_request_view *view, const struct sah_agency *agency)
{
    const struct sah_line *old = view_line(view, agency->id);

    if (old == NULL || (old->state != SAH_STATE_REJECTED && old->state != SAH_STATE_EXPIRED))
        return;
    struct sah_line *line = change_line(change, view, agency->id);

    line->state = SAH_STATE_QUEUED;
    line->sequence = view->last_sequence;
    line->status.reason = SAH_REASON_UNSPECIFIED;
    if (view->closed_ms > 0)
        change->closed_ms = 0;
}

static bool decide_replay(struct sah_core *core, void *data, const struct sah_request_view *view,
                          struct sah_change *change)
{
    struct decision *d = data;
    const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(d->letter.agency));
    const struct sah_line *line = view_line(view, d->letter.agency);
    bool request = d->letter.kind == SAH_KIND_REQUEST;
    struct sah_plan *plan;
    bool over;

    if (view == NULL || agency == NULL) {
        d->decided = view == NULL ? SAH_DECIDED_NOT_FOUND : SAH_DECIDED_NO_AGENCY;
        return false;
    }
    over = request ? is_taken(view) : line == NULL || is_ended(line->state);
    if (!request && !over && (line->state == SAH_STATE_REJECTED || line->state == SAH_STATE_EXPIRED)) {
        d->decided = SAH_DECIDED_WITH_REQUEST; /* it would stand alone there */
        return false;
    }
    plan = plan_letter(change, d, agency, over ? SAH_REPLAY_OVER : SAH_REPLAY_READY);
    plan->said = request && !over;
    if (request && !over)
        reopen(change, view, agency);
    d->decided = over ? SAH_DECIDED_OVER : SAH_DECIDED_DONE;
    (void)sah_format(change->audit, sizeof change->audit, "replay agency=%s kind=%s sequence=%u why=%s over=%d by=%s",
                     agency->id, sah_kind_name(d->letter.kind), d->letter.sequence,
                     sah_answer_kind_name(d->letter.why), over, name_of(d));
    return true;
}

static bool decide_class(struct sah_core *core, void *data, const struct sah_request_view *view,
                         struct sah_change *change)
{
    struct decision *d = data;

    if (view == NULL)
        d->decided = SAH_DECIDED_NOT_FOUND;
    else if (view->priority == d->priority)
        d->decided = SAH_DECIDED_NOTHING;
    else if (d->priority > view->priority && d->by[0] == '\0')
        d->decided = SAH_DECIDED_NEEDS_NAME;
    else if (core->s.lane == SAH_LANE_BULK && sah_priority_is_emergency(d->priority))
        d->decided = SAH_DECIDED_WRONG_LANE;
    else
        d->decided = SAH_DECIDED_DONE;
    if (d->decided != SAH_DECIDED_DONE)
        return false;
    change->priority = d->priority;
    (void)sah_format(change->audit, sizeof change->audit, "reclassify from=%s to=%s by=%s",
                     sah_priority_name(view->priority), sah_priority_name(d->priority), name_of(d));
    return true;
}

static void decided(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct decision *d = data;

    SAH_UNUSED(committed);
    if (err != SAH_OK)
        d->decided = SAH_DECIDED_UNAVAILABLE;
    if (d->decided == SAH_DECIDED_DONE && d->priority != SAH_PRIORITY_UNSPECIFIED)
        core->counters.reclassified++;
    if (d->decided == SAH_DECIDED_DONE && d->priority != SAH_PRIORITY_UNSPECIFIED)
        leasing_sweep(core); /* what was held back in its old class may go now */
    else if (d->decided == SAH_DECIDED_DONE)
        core->counters.replayed++;
    core->jobs--;
    d->fn(d->data, d->decided);
    free(d);
}

static struct decision *start(struct sah_core *core, const char *request_id, const char *by, struct sah_now now,
                              sah_decided_fn *fn, void *data)
{
    struct decision *d = NULL;

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (!core->stopping && core->jobs < core->s.jobs_max)
        d = calloc(1, sizeof *d);
    if (d == NULL) {
        fn(data, SAH_DECIDED_UNAVAILABLE);
        return NULL;
    }
    core->jobs++;
    (void)sah_format(d->request_id, sizeof d->request_id, "%s", request_id);
    sah_copy_cut(d->by, sizeof d->by, by != NULL ? by : "", by != NULL ? strlen(by) : 0);
    d->fn = fn;
    d->data = data;
    return d;
}

void sah_core_replay(struct sah_core *core, const struct sah_dead_letter *letter, const char *by, struct sah_now now,
                     sah_decided_fn *fn, void *data)
{
    struct decision *d = start(core, letter->request_id, by, now, fn, data);

    if (d == NULL)
        return;
    d->letter = *letter;
    revise(core, d->request_id, REVISE_ONCE, decide_replay, decided, d);
}

void sah_core_reclassify(struct sah_core *core, const char *request_id, enum sah_priority priority, const char *by,
                         struct sah_now now, sah_decided_fn *fn, void *data)
{
    struct decision *d = start(core, request_id, by, now, fn, data);

    if (d == NULL)
        return;
    d->priority = priority;
    revise(core, d->request_id, REVISE_ONCE, decide_class, decided, d);
}
