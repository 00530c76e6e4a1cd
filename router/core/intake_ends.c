/*
 * intake_ends - a citizen's cancel, and the question how far it is.
 *
 * Owns:    what they change. Used by: intake.c.
 * Never:   cancels: that is asked of the agencies, and only they confirm it.
 */
#include <string.h>

#include "core/intake_priv.h"

void intake_carry(const struct intake *job, struct sah_change *change, uint32_t sequence)
{
    change->message_id = job->message->id;
    change->bytes = (struct sah_slice){job->bytes, job->bytes_len};
    change->kind = job->message->kind;
    change->sequence = sequence;
}

bool intake_same_citizen(const struct intake *job, const struct sah_request_view *view)
{
    return again_same_citizen(message_citizen(job->message), &view->request->u.request.citizen);
}

bool intake_cancel(struct sah_core *core, void *data, const struct sah_request_view *view,
                          struct sah_change *change)
{
    struct intake *job = data;
    uint32_t sequence;
    bool others = view != NULL && view->n_members > 0;

    if (view == NULL || !intake_same_citizen(job, view)) {
        job->refusal = SAH_RESULT_NOT_FOUND;
        return false;
    }
    sequence = view->last_sequence + 1;
    intake_carry(job, change, sequence);
    for (unsigned i = 0; i < view->n_lines; i++) {
        const struct sah_agency *agency =
            sah_roster_agency(core->s.roster, sah_slice_of(view->lines[i].agency));
        struct sah_line *line;

        if (agency == NULL || sah_state_is_over(view->lines[i].state))
            continue;
        line = change_line(change, view, agency->id);
        SAH_ASSERT(line != NULL);
        line->sequence = sequence;
        if (others) { /* (9.7) the incident goes on: one reporter fewer, and the agency reads it */
            (void)change_plan(change, agency, &job->message->id, SAH_KIND_AMENDMENT, sequence);
            continue;
        }
        if (line->state != SAH_STATE_CANCEL_ASKED) {
            line->before_cancel = line->state;
            line->state = SAH_STATE_CANCEL_ASKED;
        }
        if (line->via[0] == '\0' || !incident_is_linked(view)) /* else the next update says it */
            (void)change_plan(change, agency, &job->message->id, SAH_KIND_CANCEL, sequence);
    }
    if (others)
        change->left = SAH_LEFT_YES;
    incident_hold(view, change);
    (void)sah_format(change->audit, sizeof change->audit, "%s sequence=%u agencies=%u",
                     others ? "reporter withdrew" : "cancel asked", sequence, change->n_plans);
    return true;
}

bool intake_question(struct sah_core *core, void *data, const struct sah_request_view *view,
                            struct sah_change *change)
{
    struct intake *job = data;
    struct sah_result *result = &job->result.u.result;

    SAH_UNUSED(change);
    if (view == NULL || !intake_same_citizen(job, view)) {
        job->refusal = SAH_RESULT_NOT_FOUND;
        return false;
    }
    memcpy(job->result.request_id, view->request_id, sizeof job->result.request_id);
    memcpy(job->result.incident_id, view->incident_id, sizeof job->result.incident_id);
    result->n_agencies = 0;
    for (unsigned i = 0; i < view->n_lines && i < SAH_RESULT_AGENCIES_MAX; i++) {
        const struct sah_line *line = &view->lines[i];
        const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(line->agency));
        struct sah_agency_state *out = &result->agencies[result->n_agencies++];

        memcpy(out->agency, line->agency, sizeof out->agency);
        if (agency != NULL) {
            memcpy(out->agency_says, agency->says, sizeof out->agency_says);
            memcpy(out->dial, agency->dial, sizeof out->dial);
        }
        out->state = line->state;
        memcpy(out->case_no, line->status.case_no, sizeof out->case_no);
        out->eta_s = line->status.eta_s;
    }
    job->refusal = SAH_RESULT_ACCEPTED; /* answered; nothing to write */
    return false;
}
