/*
 * incident_tell - an update of an incident: one message of the router to each agency that has the main
 * request, with what linked reporters said, as they said it (I3). See incident.h.
 *
 * Owns:    updates under way, the router's own messages of kind REPORTS.
 * Never:   tells twice: which messages an update tells is written with it, and its id follows from the
 *          first of them, so that two routers, or one twice, write the same one (I6).
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

/* What fits beside it into an agency's body of 64 KiB of JSON; one message goes whatever its size. */
#define REPORTS_BYTES 12000
/* More was said than fits into one: the next does not wait for the end of update_ms, or those would go out
 * one by one when their hold ends. */
#define FULL_MS 2000

struct tell {
    struct sah_core *core;
    char main_id[SAH_REQUEST_ID_SIZE];
    struct sah_page page;
    unsigned n_read; /* of the untold ones: their bytes are here, those of no message empty */
    size_t ends[SAH_TOLD_MAX];
    struct sah_buf read, bytes;
    bool closed; /* there is nobody to tell */
};

static void nothing(void *data, int err)
{
    SAH_UNUSED(data);
    SAH_UNUSED(err); /* it comes again */
}

static void end(struct tell *job)
{
    struct sah_core *core = job->core;

    core->jobs--;
    sah_buf_fini(&job->read);
    sah_buf_fini(&job->bytes);
    free(job);
}

static struct sah_slice bytes_of(const struct tell *job, unsigned i)
{
    size_t start = i == 0 ? 0 : job->ends[i - 1];

    return (struct sah_slice){job->read.len > 0 ? job->read.data + start : "", job->ends[i] - start};
}

/* Members that are left when those of this update have gone. */
static unsigned staying(const struct tell *job, unsigned n_told)
{
    unsigned n = 0;

    for (unsigned i = 0; i < job->page.n_members; i++) {
        bool leaves = false;

        for (unsigned j = 0; j < n_told; j++)
            leaves = leaves || (job->page.untold[j].leaves && strcmp(job->page.untold[j].member, job->page.members[i]) == 0);
        for (unsigned j = 0; j < job->page.n_told; j++)
            leaves = leaves || (job->page.told[j].leaves && strcmp(job->page.told[j].member, job->page.members[i]) == 0);
        n += !leaves;
    }
    return n;
}

static int write_head(const struct tell *job, const struct sah_request_view *view, bool cancels, unsigned n_told,
                      uint32_t sequence, struct sah_id *ret_id, struct sah_buf *buf)
{
    struct sah_message *m = calloc(1, sizeof *m);
    char hex[SAH_KEY_SIZE];
    int err;

    if (m == NULL)
        return SAH_ENOMEM;
    sah_delivery_key(&job->page.untold[0].message_id, view->request_id, hex);
    err = sah_id_from_hex(sah_slice_of(hex), ret_id);
    SAH_ASSERT(err == SAH_OK);
    m->schema_version = SAH_SCHEMA_VERSION;
    m->id = *ret_id;
    m->sequence = sequence;
    m->causation = job->page.untold[0].message_id;
    m->created_ms = job->core->now.wall_ms;
    m->environment = view->request->environment;
    (void)sah_format(m->producer, sizeof m->producer, "router");
    memcpy(m->request_id, view->request_id, sizeof m->request_id);
    memcpy(m->incident_id, view->incident_id, sizeof m->incident_id);
    if (cancels) { /* (9.7) the last reporter withdrew */
        m->kind = SAH_KIND_CANCEL;
        m->u.cancel.citizen = view->request->u.request.citizen;
    } else {
        m->kind = SAH_KIND_AMENDMENT;
        m->u.amendment.kind = SAH_AMENDMENT_REPORTS;
        m->u.amendment.part.citizen = view->request->u.request.citizen;
        m->u.amendment.report_count = staying(job, n_told) + !view->left;
    }
    err = sah_message_encode(m, buf, NULL, 0);
    free(m);
    return err;
}

/* How many of them one update takes. */
static unsigned how_many(const struct tell *job)
{
    unsigned n = 1;
    size_t len = bytes_of(job, 0).len;

    for (; n < job->n_read && len + bytes_of(job, n).len <= REPORTS_BYTES; n++)
        len += bytes_of(job, n).len;
    return n;
}

static void plan_lines(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                       bool cancels)
{
    for (unsigned i = 0; i < view->n_lines; i++) {
        const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(view->lines[i].agency));
        struct sah_line *line;

        if (agency == NULL || sah_state_is_over(view->lines[i].state))
            continue;
        line = change_line(change, view, agency->id);
        SAH_ASSERT(line != NULL);
        line->sequence = change->sequence;
        if (cancels && line->state != SAH_STATE_CANCEL_ASKED) {
            line->before_cancel = line->state;
            line->state = SAH_STATE_CANCEL_ASKED;
        }
        (void)change_plan(change, agency, &change->message_id, change->kind, change->sequence);
    }
}

static bool decide_tell(struct sah_core *core, void *data, const struct sah_request_view *view,
                        struct sah_change *change)
{
    struct tell *job = data;
    unsigned n = how_many(job);
    bool cancels;

    job->closed = view == NULL || view->closed_ms > 0;
    if (job->closed)
        return false;
    cancels = view->left && staying(job, n) == 0;
    sah_buf_clear(&job->bytes);
    change->kind = cancels ? SAH_KIND_CANCEL : SAH_KIND_AMENDMENT;
    change->sequence = view->last_sequence + 1;
    if (write_head(job, view, cancels, n, change->sequence, &change->message_id, &job->bytes) != SAH_OK)
        return false;
    change->priority = view->priority;
    for (unsigned i = 0; i < n; i++) {
        struct sah_slice report = bytes_of(job, i);

        if (report.len > 0 && sah_message_add_report(&job->bytes, job->page.untold[i].member, report) != SAH_OK)
            return false; /* one that fits nowhere: its own deliveries go out by themselves */
        change->told[change->n_told++] = job->page.untold[i].message_id;
        change->priority = sah_priority_higher(change->priority, job->page.untold[i].priority); /* (9.5) */
    }
    change->bytes = (struct sah_slice){job->bytes.data, job->bytes.len};
    change->update_ms = core->s.sameness->update_ms;
    if ((n < job->page.n_untold || n == SAH_TOLD_MAX) && change->update_ms > FULL_MS)
        change->update_ms = FULL_MS;
    plan_lines(core, change, view, cancels);
    job->closed = change->n_plans == 0;
    (void)sah_format(change->audit, sizeof change->audit, "update reports=%u members=%u priority=%s", n,
                     job->page.n_members, sah_priority_name(change->priority));
    return !job->closed;
}

static void told(struct sah_core *core, void *data, int err, const struct sah_committed *committed)
{
    struct tell *job = data;

    if (err == SAH_OK && committed != NULL && !committed->duplicate) {
        core->counters.updates++;
    } else if (err == SAH_OK && job->closed) { /* nobody hears it there: each goes out by itself */
        struct sah_page_done done = {.n_over = job->page.n_untold};

        for (unsigned i = 0; i < job->page.n_untold; i++) {
            incident_let_go(core, job->page.untold[i].member);
            done.over[i] = job->page.untold[i].message_id;
        }
        core->s.store->page_done(core->s.store->data, job->main_id, &done, nothing, NULL);
        incident_follow(core, job->main_id); /* those who only wanted to leave */
        core->s.store->work_over(core->s.store->data, job->main_id, SAH_WORK_TELL, nothing, NULL);
    }
    end(job);
}

static void read_next(struct tell *job);

static void on_read(void *data, int err, struct sah_slice bytes)
{
    struct tell *job = data;

    if (err != SAH_OK && err != SAH_ENOENT) {
        end(job); /* the store is away: it comes again */
        return;
    }
    if (err == SAH_OK)
        sah_buf_add(&job->read, bytes.ptr, bytes.len);
    if (job->read.failed) {
        end(job);
        return;
    }
    job->ends[job->n_read++] = job->read.len;
    read_next(job);
}

static void read_next(struct tell *job)
{
    const struct sah_store *store = job->core->s.store;

    if (job->n_read < job->page.n_untold && job->read.len <= REPORTS_BYTES) {
        const struct sah_item *item = &job->page.untold[job->n_read];

        store->message(store->data, item->member, &item->message_id, on_read, job);
        return;
    }
    revise(job->core, job->main_id, REVISE_ONCE, decide_tell, told, job);
}

static void on_page(void *data, int err, const struct sah_page *page)
{
    struct tell *job = data;
    const struct sah_store *store = job->core->s.store;

    if (err == SAH_OK && page->n_untold > 0) {
        job->page = *page;
        read_next(job);
        return;
    }
    if (err == SAH_OK || err == SAH_ENOENT)
        store->work_over(store->data, job->main_id, SAH_WORK_TELL, nothing, NULL);
    end(job);
}

void incident_tell(struct sah_core *core, const char *main_id)
{
    struct tell *job = core->s.sameness != NULL && !core->stopping ? calloc(1, sizeof *job) : NULL;

    if (job == NULL)
        return; /* it comes again */
    core->jobs++;
    job->core = core;
    (void)sah_format(job->main_id, sizeof job->main_id, "%s", main_id);
    sah_buf_init(&job->read, (size_t)SAH_TOLD_MAX * SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&job->bytes, SAH_MESSAGE_MAX_BYTES);
    core->s.store->page(core->s.store->data, job->main_id, on_page, job);
}
