/*
 * revise - load a request, decide a change, commit it; and again when somebody was faster.
 *
 * Owns:    changes under way. Used by: intake, dispatch, status.
 * Never:   gives up evidence while the process lives: a persistent change waits for the store.
 *
 * The decision is a pure function of the view, so making it again after a conflict is safe, and
 * every change is idempotent in the store, so asking again after an unknown outcome is safe too.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define REVISE_MAGIC 0x5a524556u

struct revise {
    uint32_t magic;
    unsigned tries;
    bool persist;
    struct sah_core *core;
    revise_decide_fn *decide;
    revise_done_fn *done;
    void *job;
    struct revise *next; /* among the held */
    char request_id[SAH_REQUEST_ID_SIZE];
    struct sah_core_counters counted; /* by the decision: taken back when it is made again */
    struct sah_change change;
};

/* Counters are numbers of one kind: into -= what, or into = now - into. */
#define N_COUNTERS (sizeof(struct sah_core_counters) / sizeof(uint64_t))
static void counters_since(struct sah_core_counters *into, const struct sah_core_counters *now)
{
    uint64_t *a = (uint64_t *)into;
    const uint64_t *b = (const uint64_t *)now;

    for (size_t i = 0; i < N_COUNTERS; i++)
        a[i] = b[i] - a[i];
}

static void counters_take_back(struct sah_core_counters *from, const struct sah_core_counters *counted)
{
    uint64_t *a = (uint64_t *)from;
    const uint64_t *b = (const uint64_t *)counted;

    for (size_t i = 0; i < N_COUNTERS; i++)
        a[i] -= b[i];
}

static void on_loaded(void *data, int err, const struct sah_request_view *view);

static void finish(struct revise *r, int err, const struct sah_committed *committed)
{
    r->done(r->core, r->job, err, committed);
    if (err == SAH_OK && committed != NULL && !committed->duplicate && !committed->stale && !committed->held) {
        leasing_kick_plans(r->core, &r->change, committed);
        incident_committed(r->core, &r->change);
        if (r->change.n_events > 0)
            notify_pump(r->core);
    }
    r->magic = 0;
    free(r);
}

static void load(struct revise *r)
{
    r->core->s.store->load(r->core->s.store->data, r->request_id, on_loaded, r);
}

static void failed(struct revise *r, int err)
{
    struct revise **end = &r->core->held;

    /* What the store refuses will not get better by asking again: the lease will come home. */
    if (!r->persist || err == SAH_EINVAL || err == SAH_EPROTO || err == SAH_ECANCELED) {
        finish(r, err, NULL);
        return;
    }
    while (*end != NULL)
        end = &(*end)->next;
    r->next = NULL;
    *end = r;
}

static void on_committed(void *data, int err, const struct sah_committed *committed)
{
    struct revise *r = data;
    bool faster; /* was somebody else */

    SAH_CHECK(r, REVISE_MAGIC);
    leasing_got(r->core, &r->change, err, committed);
    /* A message of ours under the number that theirs has: nothing of this change was written (I5). */
    faster = err == SAH_ECONFLICT || (err == SAH_OK && committed->duplicate && r->change.own);
    if (faster && ++r->tries < CHANGE_TRIES_MAX) {
        counters_take_back(&r->core->counters, &r->counted);
        r->core->counters.conflicts++;
        load(r);
        return;
    }
    if (err != SAH_OK || faster)
        failed(r, faster ? SAH_ECONFLICT : err);
    else
        finish(r, SAH_OK, committed);
}

static void on_loaded(void *data, int err, const struct sah_request_view *view)
{
    struct revise *r = data;
    bool decided;

    SAH_CHECK(r, REVISE_MAGIC);
    if (err != SAH_OK && err != SAH_ENOENT) {
        failed(r, err);
        return;
    }
    memset(&r->change, 0, sizeof r->change);
    memcpy(r->change.request_id, r->request_id, sizeof r->change.request_id);
    r->change.closed_ms = -1;
    if (err == SAH_OK)
        r->change.expected_revision = view->revision;
    r->counted = r->core->counters;
    decided = r->decide(r->core, r->job, err == SAH_OK ? view : NULL, &r->change);
    counters_since(&r->counted, &r->core->counters);
    if (!decided) {
        finish(r, SAH_OK, NULL);
        return;
    }
    escalate_rearm(r->core, &r->change, err == SAH_OK ? view : NULL);
    incident_feed(r->core, &r->change, err == SAH_OK ? view : NULL, NULL);
    leasing_want(r->core, &r->change);
    r->core->s.store->commit(r->core->s.store->data, &r->change, on_committed, r);
}

void revise(struct sah_core *core, const char *request_id, enum revise_how how, revise_decide_fn *decide,
            revise_done_fn *done, void *job)
{
    struct revise *r = calloc(1, sizeof *r);

    if (r == NULL) {
        done(core, job, SAH_ENOMEM, NULL);
        return;
    }
    r->magic = REVISE_MAGIC;
    r->core = core;
    r->persist = how == REVISE_PERSIST;
    r->decide = decide;
    r->done = done;
    r->job = job;
    (void)sah_format(r->request_id, sizeof r->request_id, "%s", request_id);
    if (how == REVISE_NEW)
        on_loaded(r, SAH_ENOENT, NULL); /* saves a round trip; a conflict loads after all */
    else
        load(r);
}

void revise_retry_held(struct sah_core *core)
{
    struct revise *held = core->held;

    core->held = NULL;
    while (held != NULL) {
        struct revise *next = held->next;

        held->next = NULL;
        held->tries = 0;
        load(held);
        held = next;
    }
}

void revise_drop_held(struct sah_core *core)
{
    while (core->held != NULL) {
        struct revise *r = core->held;

        core->held = r->next;
        r->done(core, r->job, SAH_ECANCELED, NULL);
        r->magic = 0;
        free(r);
    }
}
