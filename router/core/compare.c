/*
 * compare - a request that came in without being compared with others (from the direct core, while the
 * store was away) is compared once it is in the store: linked late, for the count, for closing and for the
 * dispatcher's eye. Its agencies have it, and keep it. (I2, I3)
 *
 * Used by: router/away, request by request. Never: holds, carries or takes back a delivery; touches one
 * that is linked, carries others, is closed, or is too old for its time to be taken for now.
 */
#include <stdlib.h>

#include "core/internal.h"

#define LATE_MS 600000 /* rules of incidents look back that far; past it "now" would be untrue */

struct compare {
    struct incident_match match;
};

static bool decide_compare(struct sah_core *core, void *data, const struct sah_request_view *view,
                           struct sah_change *change)
{
    struct compare *job = data;
    char own[SAH_INCIDENT_ID_SIZE];

    if (view == NULL || view->main_id[0] != '\0' || view->n_members > 0 || view->closed_ms > 0 ||
        core->now.wall_ms - view->request->created_ms > LATE_MS)
        return false;
    incident_own(view->request_id, own);
    incident_match(core, &view->request->u.request, own, view->priority, true, &job->match);
    incident_link(core, change, view, &job->match);
    incident_feed(core, change, view, &job->match);
    (void)sah_format(change->audit, sizeof change->audit, "compared late linked=%d", change->set_main);
    return change->feed[0] != '\0' || change->set_main;
}

static void compare_done(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    if (err == SAH_OK && committed != NULL)
        core->counters.compared_late++;
    core->jobs--;
    free(data);
}

bool sah_core_compare(struct sah_core *core, const char *request_id, struct sah_now now)
{
    struct compare *job;

    SAH_CHECK(core, CORE_MAGIC);
    core->now = now;
    if (core->incidents == NULL || core->stopping)
        return true;
    job = incident_is_fresh(core) && core->jobs < core->s.jobs_max / 2 ? calloc(1, sizeof *job) : NULL;
    if (job == NULL)
        return false;
    core->jobs++;
    revise(core, request_id, REVISE_ONCE, decide_compare, compare_done, job);
    return true;
}
