/*
 * adapter_job - one message of a citizen, or one outbox event: load, step, commit, wait.
 *
 * Owns:    the job from the moment it is taken until its completion has run.
 * Used by: adapter.c and router_link.c; citizen.c says when it runs.
 * Never:   completes from inside the call that made it, nor twice.
 *
 *   QUEUED --its turn--> STORE (load, then commit; again on CONFLICT)
 *     STORE --OK or SEEN, submits--> HELD --name known or 300 ms--> WAITING --all settled-->
 * done STORE --nothing to wait for--> done          anything --error--> FAILED --> done
 *     STORE --Redis is away--> JOURNAL --written and synced--> done
 *
 * (I1) A message completes with SAH_OK only when it is durable: in our Redis, where a write is
 * acknowledged after its fsync, or in the journal. An emergency whose router answers waits for
 * that answer too. (I7) A booking never waits for a router, so none stands before an emergency.
 * Memory that is gone stops the process: a restart is a recovery, a lost completion is not.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "adapter_priv.h"

#define JOB_MAGIC 0x5ad0b001u

static void job_load(struct sah_ad_job *job);

static const char *job_sender(const struct sah_ad_job *job)
{
    return job->incoming != NULL ? job->incoming->citizen.sender : job->event->sender;
}

static void job_free(struct sah_ad_job *job)
{
    struct sah_adapter *adapter = job->adapter;

    for (unsigned i = 0; i < SAH_LEN(job->waits); i++)
        sah_ad_flight_leave(&job->waits[i]);
    if (job->prev != NULL)
        job->prev->next = job->next;
    else
        adapter->jobs = job->next;
    if (job->next != NULL)
        job->next->prev = job->prev;
    for (unsigned i = 0; i < job->n_submits; i++)
        free(job->submits[i].bytes);
    free(job->after);
    sah_timer_destroy(job->timer);
    free(job->incoming);
    free(job->event);
    job->magic = 0;
    free(job);
}

static void job_finish(struct sah_ad_job *job, int err)
{
    struct sah_adapter *adapter = job->adapter;
    sah_taken_fn *done = job->answered ? NULL : job->done;
    void *data = job->done_data;
    struct sah_ad_kept *kept = job->kept;

    if (err != SAH_OK && job->incoming != NULL && kept == NULL)
        adapter->counts.failed++;
    if (job->turn.citizen != NULL)
        sah_ad_citizens_end(&adapter->citizens, &job->turn);
    job_free(job);
    if (kept != NULL)
        sah_ad_journal_drained(adapter, kept, err);
    if (done != NULL)
        done(data, err); /* last: it may hand over the next message */
}

static void job_fail_later(struct sah_ad_job *job, int err)
{
    job->state = SAH_AD_JOB_FAILED;
    job->err = err;
    sah_timer_start(job->timer, 0);
}

/* It is ours. The job goes on: it keeps its turn, or hears how its submits end. */
static void job_answer(struct sah_ad_job *job)
{
    if (job->answered)
        return;
    job->answered = true;
    job->adapter->counts.answered_early++;
    if (job->done != NULL)
        job->done(job->done_data, SAH_OK); /* it may hand over the next message */
}

static void job_wait(struct sah_ad_job *job, uint32_t ms)
{
    job->state = SAH_AD_JOB_WAITING;
    if (job->turn.citizen != NULL)
        sah_ad_citizens_end(&job->adapter->citizens, &job->turn);
    sah_timer_start(job->timer, ms);
}

/* (I7) What waits for a router is an emergency whose router is there. */
static bool waits_for_router(const struct sah_ad_job *job)
{
    for (unsigned i = 0; i < SAH_LEN(job->waits); i++) {
        const struct sah_ad_flight *flight = job->waits[i].flight;
        const struct sah_ad_link *link;

        if (flight == NULL || flight->lane == SAH_LANE_BULK)
            continue;
        link = sah_ad_link_of(job->adapter, flight->lane);
        if (sah_ad_link_up(link) && !link->silent)
            return true;
    }
    return false;
}

static void on_timer(void *data)
{
    struct sah_ad_job *job = data;
    uint32_t deadline_ms;

    SAH_CHECK(job, JOB_MAGIC);
    switch (job->state) {
    case SAH_AD_JOB_HELD:
        if (job->answered ||
            (sah_ad_store_is_durable(job->adapter) && !waits_for_router(job))) {
            job_finish(job, SAH_OK);
            return;
        }
        deadline_ms = job->adapter->ack_deadline_ms;
        job_wait(job, deadline_ms > SAH_AD_HOLD_MS ? deadline_ms - SAH_AD_HOLD_MS : 0);
        return;
    case SAH_AD_JOB_WAITING: /* durable here and tried again, but no router has it yet */
        job_finish(job, sah_ad_store_is_durable(job->adapter) ? SAH_OK : SAH_ETIMEOUT);
        return;
    case SAH_AD_JOB_FAILED:
        job_finish(job, job->err);
        return;
    case SAH_AD_JOB_QUEUED:
    case SAH_AD_JOB_STORE:
    case SAH_AD_JOB_JOURNAL:
        return;
    }
}

/* Redis cannot take it: the journal does, and what may be an emergency leaves from memory. An
 * event stays with its router (its citizen hears of it), a message of the journal stays there. */
static void job_trouble(struct sah_ad_job *job)
{
    int err = SAH_EAGAIN;

    if (job->incoming != NULL && job->kept == NULL)
        err = sah_ad_journal_put(job);
    if (err == SAH_OK)
        job->state = SAH_AD_JOB_JOURNAL;
    else
        job_fail_later(job, err == SAH_EEXIST ? SAH_OK : err); /* it lies there already */
}

static void job_store_trouble(struct sah_ad_job *job)
{
    sah_ad_store_trouble(job->adapter);
    if (job->event != NULL)
        sah_ad_news_tell(job->adapter, job->lane, job->event);
    job_trouble(job);
}

void sah_ad_job_journaled(struct sah_ad_job *job, int err)
{
    SAH_CHECK(job, JOB_MAGIC);
    job_finish(job, err);
}

static struct sah_ad_job *job_create(struct sah_adapter *adapter)
{
    struct sah_ad_job *job = calloc(1, sizeof *job);

    SAH_ASSERT(job != NULL);
    job->magic = JOB_MAGIC;
    job->adapter = adapter;
    SAH_ASSERT(sah_timer_create(adapter->loop, on_timer, job, &job->timer) == SAH_OK);
    job->next = adapter->jobs;
    if (job->next != NULL)
        job->next->prev = job;
    adapter->jobs = job;
    return job;
}

static void job_enqueue(struct sah_ad_job *job, const char *sender)
{
    int err = sah_ad_citizens_add(&job->adapter->citizens, sender, &job->turn);

    if (err == SAH_OK)
        return;
    job->adapter->counts.over_limit++;
    job_fail_later(job, err);
}

void sah_ad_job_refuse(struct sah_adapter *adapter, int err, sah_taken_fn *done, void *data)
{
    struct sah_ad_job *job = job_create(adapter);

    job->done = done;
    job->done_data = data;
    job_fail_later(job, err);
}

static void set_message(struct sah_ad_job *job, const struct sah_incoming *incoming)
{
    char hex[SAH_ID_HEX_SIZE];

    job->incoming = malloc(sizeof *job->incoming);
    SAH_ASSERT(job->incoming != NULL);
    *job->incoming = *incoming;
    sah_id_hex(&incoming->id, hex);
    (void)sah_format(job->gate, sizeof job->gate, "dd:%s", hex);
}

void sah_ad_job_kept(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                     struct sah_ad_kept *kept)
{
    struct sah_ad_job *job = job_create(adapter);

    set_message(job, incoming);
    job->kept = kept;
    job_enqueue(job, job->incoming->citizen.sender);
}

void sah_ad_job_message(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                        bool beside, sah_taken_fn *done, void *data)
{
    struct sah_ad_job *job = job_create(adapter);

    job->beside = beside;
    set_message(job, incoming);
    job->done = done;
    job->done_data = data;
    job_enqueue(job, job->incoming->citizen.sender);
}

/* The router asks again until it is acked: one of each is enough in the queue. */
static bool event_is_queued(struct sah_adapter *adapter, const char *sender, const char *gate)
{
    const struct sah_ad_turn *turn = sah_ad_citizens_first(&adapter->citizens, sender);

    for (; turn != NULL; turn = turn->next) {
        const struct sah_ad_job *job = SAH_CONTAINER_OF(turn, const struct sah_ad_job, turn);

        if (strcmp(job->gate, gate) == 0)
            return true;
    }
    return false;
}

void sah_ad_job_event(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event)
{
    char gate[SAH_AD_GATE_SIZE];
    struct sah_ad_job *job;

    /* Event ids are unique within a lane only; the same news may come under another one. */
    (void)sah_format(gate, sizeof gate, "ev:%c%s", lane == SAH_LANE_BULK ? 'b' : 'e',
                     sah_outbox_event_name(event));
    if (event_is_queued(adapter, event->sender, gate))
        return;
    job = job_create(adapter);
    job->lane = lane;
    memcpy(job->gate, gate, sizeof job->gate);
    job->event = malloc(sizeof *job->event);
    SAH_ASSERT(job->event != NULL);
    *job->event = *event;
    job_enqueue(job, job->event->sender);
}

/* The job waits for the flight of this submit. Without a place for it the peer sends again. */
static int wait_for(struct sah_ad_job *job, unsigned i, const struct sah_ad_submit *submit)
{
    struct sah_ad_wait *wait = &job->waits[i];
    struct sah_ad_flight *flight;
    int err = sah_ad_flight_get(job->adapter, submit, true, &flight);

    if (err == SAH_EPROTO) /* of a newer program; it stays in Redis for that one */
        return SAH_OK;
    if (err == SAH_ELIMIT && sah_ad_store_is_durable(job->adapter))
        return SAH_OK; /* it is ours; recovery takes it up */
    if (err != SAH_OK || job->event != NULL)
        return err;
    wait->job = job;
    wait->flight = flight;
    wait->next = flight->waits;
    flight->waits = wait;
    job->waiting++;
    return SAH_OK;
}

static bool names_a_request(const struct sah_ad_job *job)
{
    for (unsigned i = 0; i < SAH_LEN(job->waits); i++) {
        const struct sah_ad_flight *flight = job->waits[i].flight;

        if (flight != NULL && flight->kind == SAH_KIND_REQUEST &&
            sah_ad_link_up(sah_ad_link_of(job->adapter, flight->lane)))
            return true;
    }
    return false;
}

static void job_committed(struct sah_ad_job *job, int err)
{
    struct sah_adapter *adapter = job->adapter;

    if (job->event != NULL) {
        sah_ad_news_committed(adapter, job->lane, sah_outbox_event_name(job->event));
        sah_ad_link_ack(sah_ad_link_of(adapter, job->lane), job->event->event_id);
        job_finish(job, SAH_OK);
    } else if (err != SAH_OK) {
        job_finish(job, SAH_EAGAIN);
    } else if (job->waiting == 0) {
        job_finish(job, SAH_OK);
    } else {
        bool holds = names_a_request(job) && adapter->ack_deadline_ms > SAH_AD_HOLD_MS;

        if (job->kept != NULL || (sah_ad_store_is_durable(adapter) && !waits_for_router(job)))
            job_answer(job);
        if (holds) {
            job->state = SAH_AD_JOB_HELD;
            sah_timer_start(job->timer, SAH_AD_HOLD_MS);
        } else if (job->answered) {
            job_finish(job, SAH_OK);
        } else {
            job_wait(job, adapter->ack_deadline_ms);
        }
    }
}

static void job_seen(struct sah_ad_job *job, const redisReply *reply)
{
    int err = SAH_OK;
    unsigned n = 0;

    if (job->event != NULL)
        job->adapter->counts.events_seen++;
    else
        job->adapter->counts.seen++;
    for (size_t i = 1; err == SAH_OK && i + 4 < reply->elements && n < SAH_SUBMITS_MAX;
         i += 5) {
        struct sah_ad_submit submit;

        err = sah_ad_answer_submit(reply, i, &submit);
        if (err == SAH_OK)
            err = wait_for(job, n++, &submit);
    }
    job_committed(job, err);
}

static void job_stored(struct sah_ad_job *job, const redisReply *reply)
{
    struct sah_adapter *adapter = job->adapter;
    uint64_t seq = sah_ad_answer_number(reply, 1);
    uint64_t queued = sah_ad_answer_number(reply, 2);
    int err = SAH_OK;

    adapter->counts.replies_queued += queued;
    if (job->after != NULL)
        sah_ad_remember(adapter, job_sender(job), job->after);
    for (unsigned i = 0; err == SAH_OK && i < job->n_submits; i++) {
        struct sah_ad_submit *submit = &job->submits[i];

        submit->seq = seq + i + 1;
        (void)sah_format(submit->pid, sizeof submit->pid, "%s:%u", job->gate + 3, i);
        err = wait_for(job, i, submit);
    }
    if (job->not_ours && adapter->channel.not_ours != NULL)
        adapter->channel.not_ours(adapter->channel.data, job->incoming);
    job_committed(job, err);
    if (queued > 0)
        sah_ad_outbox_wake(adapter);
}

static void job_again(struct sah_ad_job *job)
{
    job->adapter->counts.conflicts++;
    if (++job->conflicts >= SAH_AD_CONFLICTS_MAX)
        job_trouble(job);
    else
        job_load(job);
}

static void on_changed(void *data, int err, const redisReply *reply)
{
    struct sah_ad_job *job = data;

    SAH_CHECK(job, JOB_MAGIC);
    if (job->adapter->closing)
        return;
    err = sah_ad_answer(err, reply, 1);
    if (err == SAH_EIO)
        job->adapter->counts.redis_errors++;
    if (err != SAH_OK) /* perhaps it was done: the next one who brings it finds it seen */
        job_store_trouble(job);
    else if (sah_ad_answer_is(reply, 0, "OK"))
        job_stored(job, reply);
    else if (sah_ad_answer_is(reply, 0, "SEEN"))
        job_seen(job, reply);
    else
        job_again(job);
}

/* A conversation that cannot be read must not keep its citizen from being helped: it starts
 * anew. */
void sah_ad_read_conversation(struct sah_adapter *adapter, const redisReply *reply)
{
    struct sah_slice json = sah_ad_answer_text(reply, 2);

    memset(&adapter->conversation, 0, sizeof adapter->conversation);
    if (json.len > 0 &&
        sah_conversation_decode(json.ptr, json.len, &adapter->conversation) != SAH_OK) {
        memset(&adapter->conversation, 0, sizeof adapter->conversation);
        adapter->counts.broken++;
        sah_error(adapter->log, "event=conversation.broken bytes=%zu", json.len);
    }
    adapter->conversation.revision = sah_ad_answer_number(reply, 1);
}

static void take_step(struct sah_ad_job *job)
{
    struct sah_adapter *adapter = job->adapter;
    struct sah_step *step = &adapter->step;

    memset(step, 0, sizeof *step);
    if (job->incoming != NULL)
        sah_dialog_take(adapter->dialog, &adapter->conversation, job->incoming, step);
    else
        sah_dialog_event(adapter->dialog, &adapter->conversation, job->event,
                         sah_clock_wall_ms(), step);
    if (job->kept != NULL && job->kept->sent_request)
        sah_ad_step_as_sent(adapter, job->incoming);
    job->not_ours = step->not_ours && job->incoming != NULL;
    step->next.revision = adapter->conversation.revision + 1;
    if (job->after == NULL)
        job->after = malloc(sizeof *job->after);
    if (job->after != NULL)
        *job->after = step->next;
    for (unsigned i = 0; i < job->n_submits; i++)
        free(job->submits[i].bytes); /* of a step that met a conflict */
    job->n_submits = sah_ad_submits_encode(adapter, job_sender(job), step, job->submits);
}

/* Nothing but bookings, and Redis holds more of them than it should. */
static bool is_too_much(const struct sah_ad_job *job)
{
    unsigned bulk = 0;

    for (unsigned i = 0; i < job->n_submits; i++)
        bulk += job->submits[i].lane == SAH_LANE_BULK;
    return bulk > 0 && bulk == job->n_submits && job->kept == NULL && job->event == NULL &&
           job->adapter->stats[SAH_AD_STAT_PENDING_B] >= SAH_AD_PENDING_BULK_MAX;
}

/* The request of this event has come to its end at every agency: it need not be handed over
 * again for long. One agency's "closed" alone does not say so. */
static const char *ended_request(const struct sah_ad_job *job, const struct sah_conversation *next)
{
    const struct sah_agency_status *status;

    if (job->event == NULL || job->event->status.request_id[0] == '\0')
        return NULL;
    status = &job->event->status;
    for (unsigned i = 0; i < next->n_open; i++)
        if (strcmp(next->open[i].request_id, status->request_id) == 0)
            return next->open[i].closed_ms != 0 ? status->request_id : NULL;
    return status->state == SAH_STATE_CLOSED || status->state == SAH_STATE_CANCELLED ||
                   status->state == SAH_STATE_EXPIRED || status->state == SAH_STATE_HANDED_OVER
               ? status->request_id
               : NULL;
}

static void job_step(struct sah_ad_job *job, const redisReply *reply)
{
    struct sah_adapter *adapter = job->adapter;
    struct sah_step *step = &adapter->step;
    struct sah_ad_change change;
    int err;

    sah_ad_read_conversation(adapter, reply);
    take_step(job);
    if (job->event != NULL)
        sah_ad_news_mark(adapter, job->lane, job->event, step);
    if (is_too_much(job)) {
        adapter->counts.over_limit++;
        job_fail_later(job, SAH_ELIMIT);
        return;
    }
    change = (struct sah_ad_change){
        .function = job->incoming != NULL ? "sah_ad1_commit" : "sah_ad1_event",
        .gate = job->gate,
        .sender = job_sender(job),
        .revision = adapter->conversation.revision,
        .conversation = &step->next,
        .replies = step->replies,
        .n_replies = step->n_replies,
        .submits = job->submits,
        .n_submits = job->n_submits,
        .final = ended_request(job, &step->next),
    };
    err = sah_ad_store_change(&adapter->store, &change, on_changed, job);
    if (err == SAH_EDOWN || err == SAH_EAGAIN)
        job_store_trouble(job);
    else if (err != SAH_OK)
        job_fail_later(job, err);
}

static void on_loaded(void *data, int err, const redisReply *reply)
{
    struct sah_ad_job *job = data;

    SAH_CHECK(job, JOB_MAGIC);
    if (job->adapter->closing)
        return;
    err = sah_ad_answer(err, reply, 1);
    if (err == SAH_EIO)
        job->adapter->counts.redis_errors++;
    if (err != SAH_OK)
        job_store_trouble(job);
    else if (sah_ad_answer_is(reply, 0, "SEEN"))
        job_seen(job, reply);
    else
        job_step(job, reply);
}

static void job_load(struct sah_ad_job *job)
{
    int err;

    job->state = SAH_AD_JOB_STORE;
    err = sah_ad_store_load(&job->adapter->store, job_sender(job), job->gate, on_loaded, job);
    if (err != SAH_OK)
        job_store_trouble(job);
}

void sah_ad_job_run(struct sah_ad_turn *turn)
{
    struct sah_ad_job *job = SAH_CONTAINER_OF(turn, struct sah_ad_job, turn);

    SAH_CHECK(job, JOB_MAGIC);
    if (job->event != NULL)
        job->adapter->counts.events++;
    else if (job->kept == NULL)
        job->adapter->counts.taken++;
    if (job->incoming != NULL && job->kept == NULL &&
        sah_ad_journal_holds(job->adapter, job->incoming->citizen.sender))
        job_trouble(job); /* behind what this citizen wrote before */
    else
        job_load(job);
}

void sah_ad_job_flight_settled(struct sah_ad_job *job, struct sah_ad_wait *wait)
{
    SAH_CHECK(job, JOB_MAGIC);
    wait->flight = NULL;
    job->waiting--;
    if (job->waiting == 0)
        job_finish(job, SAH_OK);
    else if (job->state == SAH_AD_JOB_HELD && !names_a_request(job)) {
        if (job->answered)
            job_finish(job, SAH_OK);
        else
            job_wait(job, job->adapter->ack_deadline_ms);
    }
}

void sah_ad_jobs_destroy(struct sah_adapter *adapter)
{
    while (adapter->jobs != NULL) {
        struct sah_ad_job *job = adapter->jobs;
        sah_taken_fn *done = job->answered ? NULL : job->done;
        void *data = job->done_data;

        job_free(job);
        if (done != NULL)
            done(data, SAH_ECANCELED);
    }
}
