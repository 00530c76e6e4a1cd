/*
 * refer - builds the parts of a change: lines, deliveries to make, events for the citizen.
 *
 * Used by: intake, dispatch, status. Never: talks to a port; a change is a value until it is
 * committed.
 *
 * I8: an event stands in the same change as what it tells. I9: when the chain of fallbacks has
 * ended, a person is told, and the citizen gets the number to dial.
 */
#include <string.h>

#include "core/internal.h"

#define BOOKING "LPG_BOOKING"

const struct sah_line *view_line(const struct sah_request_view *view, const char *agency)
{
    for (unsigned i = 0; view != NULL && i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, agency) == 0)
            return &view->lines[i];
    return NULL;
}

struct sah_line *change_line(struct sah_change *change, const struct sah_request_view *view, const char *agency)
{
    const struct sah_line *old = view_line(view, agency);
    unsigned n_all = view != NULL ? view->n_lines : 0;
    struct sah_line *line;

    for (unsigned i = 0; i < change->n_lines; i++) {
        if (strcmp(change->lines[i].agency, agency) == 0)
            return &change->lines[i];
        n_all += view_line(view, change->lines[i].agency) == NULL;
    }
    /* The bound is on the request as it will be, so a line that is there already always fits. */
    if (old == NULL && n_all == SAH_LINES_MAX)
        return NULL;
    line = &change->lines[change->n_lines++];
    if (old != NULL) {
        *line = *old;
        return line;
    }
    memset(line, 0, sizeof *line);
    (void)sah_format(line->agency, sizeof line->agency, "%s", agency);
    line->state = SAH_STATE_RECEIVED;
    return line;
}

bool change_plan(struct sah_change *change, const struct sah_agency *agency, const struct sah_id *message_id,
                 enum sah_kind kind, uint32_t sequence)
{
    struct sah_plan *plan;

    if (change->n_plans == SAH_PLANS_MAX)
        return false;
    plan = &change->plans[change->n_plans++];
    memset(plan, 0, sizeof *plan);
    sah_delivery_key(message_id, agency->id, plan->key); /* (I6) */
    (void)sah_format(plan->agency, sizeof plan->agency, "%s", agency->id);
    (void)sah_format(plan->endpoint, sizeof plan->endpoint, "%s", agency->endpoints[0].id);
    plan->message_id = *message_id;
    plan->kind = kind;
    plan->sequence = sequence;
    return true;
}

bool change_is_booking(const struct sah_core *core, const char *service, const char *agency)
{
    const struct sah_agency *a = sah_roster_agency(core->s.roster, sah_slice_of(agency));

    if (strcmp(service, BOOKING) != 0)
        return false;
    for (unsigned i = 0; a != NULL && i < a->n_services; i++)
        if (strcmp(a->services[i], BOOKING) == 0)
            return true;
    return a == NULL; /* no longer in the roster: what it was */
}

bool sah_core_books(const struct sah_core *core, const char *service, const char *agency)
{
    SAH_CHECK(core, CORE_MAGIC);
    return change_is_booking(core, service, agency);
}

const struct sah_citizen *message_citizen(const struct sah_message *message)
{
    switch (message->kind) {
    case SAH_KIND_REQUEST:
        return &message->u.request.citizen;
    case SAH_KIND_AMENDMENT:
        return &message->u.amendment.part.citizen;
    case SAH_KIND_CANCEL:
        return &message->u.cancel.citizen;
    case SAH_KIND_STATUS_QUERY:
        return &message->u.status_query.citizen;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_RESULT:
    case SAH_KIND_OUTBOX_EVENT:
    case SAH_KIND_OUTBOX_ACK:
    case SAH_KIND_HELLO:
        break;
    }
    return NULL;
}

/* Of what one message says: the same in whichever store it is taken, or taken once more (away/). */
static void name_event(const struct sah_change *change, struct sah_outbox_event *event)
{
    char what[SAH_AGENCY_SIZE + 24];

    (void)sah_format(what, sizeof what, "%s %s", event->status.agency, sah_state_name(event->status.state));
    sah_delivery_key(&change->message_id, what, event->name);
}

struct sah_outbox_event *change_event(struct sah_core *core, struct sah_change *change,
                                      const struct sah_message *request, enum sah_priority priority,
                                      const struct sah_agency *agency, enum sah_state state)
{
    const struct sah_request *r = &request->u.request;
    struct sah_outbox_event *event;

    if (!sah_state_is_told(state) || change->n_events == SAH_EVENTS_MAX)
        return NULL;
    event = &change->events[change->n_events++];
    memset(event, 0, sizeof *event);
    memcpy(event->channel, r->citizen.channel, sizeof event->channel);
    memcpy(event->account, r->citizen.account, sizeof event->account);
    memcpy(event->sender, r->citizen.sender, sizeof event->sender);
    memcpy(event->reply_token, r->citizen.reply_token, sizeof event->reply_token);
    memcpy(event->language, r->citizen.language, sizeof event->language);
    memcpy(event->service, r->triage.service, sizeof event->service);
    memcpy(event->incident_type, r->triage.incident_type, sizeof event->incident_type);
    event->comm_pref = r->citizen.comm_pref;
    event->emergency = sah_priority_is_emergency(priority);
    if (agency != NULL) {
        memcpy(event->agency_says, agency->says, sizeof event->agency_says);
        memcpy(event->dial, agency->dial, sizeof event->dial);
        memcpy(event->status.agency, agency->id, sizeof event->status.agency);
    }
    memcpy(event->status.request_id, change->request_id, sizeof event->status.request_id);
    event->status.state = state;
    event->created_ms = core->now.wall_ms;
    if (change->bytes.len > 0)
        name_event(change, event);
    return event;
}

void change_tell_person(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view)
{
    const struct sah_roster *roster = core->s.roster;

    core->counters.chain_ended++;
    sah_error(core->s.log, "event=request.needs_person request=%s priority=%s", view->request_id,
              sah_priority_name(view->priority));
    /* The catch-all's number: whoever reads it can always dial that one. */
    (void)change_event(core, change, view->request, view->priority,
                       sah_roster_agency(roster, sah_slice_of(roster->catch_all)), SAH_STATE_NEEDS_PERSON);
}

/*
 * An agency that comes in later gets what was said since as well: the pin, the cancel (I3, I10). However
 * much that was: the store has the list, and makes the deliveries in the same step.
 */
void change_plan_said(struct sah_change *change, const struct sah_agency *agency)
{
    for (unsigned i = change->n_plans; i > 0; i--)
        if (change->plans[i - 1].kind == SAH_KIND_REQUEST && strcmp(change->plans[i - 1].agency, agency->id) == 0) {
            change->plans[i - 1].said = true;
            return;
        }
    SAH_ASSERT(!"the request itself is planned first");
}

bool change_copy(struct sah_change *change, const struct sah_request_view *view, const char *from,
                 const struct sah_agency *to, enum sah_answer_kind outcome)
{
    const struct sah_line *old = view_line(view, from);
    struct sah_line *line = change_line(change, view, to->id);
    struct sah_plan *plan;

    if (line == NULL || !change_plan(change, to, &view->request->id, SAH_KIND_REQUEST, 1))
        return false;
    line->state = SAH_STATE_QUEUED;
    line->sequence = view->last_sequence;
    (void)sah_format(line->stands_for, sizeof line->stands_for, "%s",
                     old != NULL && old->stands_for[0] != '\0' ? old->stands_for : from);
    plan = &change->plans[change->n_plans - 1];
    plan->n_previous = 1;
    (void)sah_format(plan->previous[0].agency, sizeof plan->previous[0].agency, "%s", from);
    plan->previous[0].outcome = outcome;
    change_plan_said(change, to);
    return true;
}

bool change_fall_back(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                      const char *agency, enum sah_answer_kind outcome)
{
    char tried[SAH_LINES_MAX][SAH_AGENCY_SIZE];
    const struct sah_agency *here = sah_roster_agency(core->s.roster, sah_slice_of(agency));
    const struct sah_agency *next = NULL;

    for (unsigned i = 0; i < view->n_lines; i++)
        memcpy(tried[i], view->lines[i].agency, sizeof tried[i]);
    if (here != NULL)
        next = sah_route_fallback(core->s.roster, here, (const char (*)[SAH_AGENCY_SIZE])tried, view->n_lines);
    if (next == NULL || !change_copy(change, view, agency, next, outcome)) {
        change_tell_person(core, change, view);
        return false;
    }
    core->counters.fallbacks++;
    sah_warn(core->s.log, "event=request.fall_back request=%s from=%s to=%s outcome=%s", view->request_id,
             agency, next->id, sah_answer_kind_name(outcome));
    return true;
}

static const struct sah_line *line_after(const struct sah_change *change, const struct sah_line *line)
{
    for (unsigned i = 0; i < change->n_lines; i++)
        if (strcmp(change->lines[i].agency, line->agency) == 0)
            return &change->lines[i];
    return line;
}

bool change_others_live(const struct sah_change *change, const struct sah_request_view *view, const char *agency)
{
    for (unsigned i = 0; i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, agency) != 0 &&
            !sah_state_is_over(line_after(change, &view->lines[i])->state))
            return true;
    for (unsigned i = 0; i < change->n_lines; i++)
        if (strcmp(change->lines[i].agency, agency) != 0 && !sah_state_is_over(change->lines[i].state))
            return true;
    return false;
}

void change_close_if_over(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view)
{
    if (!change_others_live(change, view, "")) /* no agency has that name: all of them */
        change->closed_ms = core->now.wall_ms;
}
