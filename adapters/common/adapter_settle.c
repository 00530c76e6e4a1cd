/*
 * adapter_settle - the end of a submit: what the router's result changes for the citizen.
 *
 * Owns:    the way from a RESULT to one atomic step: pending submit gone, conversation and
 * replies written. Used by: adapter_flight.c. Never:   forgets a submit before Redis has
 * forgotten it.
 *
 *   ACCEPTED  the conversation learns the request's name; the message is kept as handed over
 *             (adapter_handed.c)
 *   STATUS    the citizen is told the true state
 *   LOST      the router does not know the name: perhaps the request got another one
 *   REFUSED   kept in quarantine with the reason, counted, logged, and the citizen hears it
 * (I9)
 */
#include <string.h>

#include <sahaya/clock.h>

#include "adapter_priv.h"

static void store_settled(struct sah_ad_flight *flight, const struct sah_conversation *next,
                          const struct sah_step *step);

static void on_settled(void *data, int err, const redisReply *reply)
{
    struct sah_ad_flight *flight = data;
    struct sah_adapter *adapter = flight->adapter;

    if (adapter->closing)
        return;
    err = sah_ad_answer(err, reply, 1);
    if (err == SAH_EIO)
        adapter->counts.redis_errors++;
    if (err != SAH_OK) {
        sah_ad_flight_later(flight);
    } else if (sah_ad_answer_is(reply, 0, "CONFLICT")) {
        adapter->counts.conflicts++;
        if (++flight->conflicts < SAH_AD_CONFLICTS_MAX) {
            sah_ad_flight_settle(flight);
        } else {
            flight->conflicts = 0;
            sah_ad_flight_later(flight);
        }
    } else { /* OK, or GONE: another process was faster */
        adapter->counts.settled++;
        adapter->counts.replies_queued += sah_ad_answer_number(reply, 2);
        if (sah_ad_answer_number(reply, 2) > 0)
            sah_ad_outbox_wake(adapter);
        sah_ad_flight_end(flight); /* frees flight */
    }
}

/* What a router has taken is kept until its store can no longer lose it. A question is not. */
static void set_handed(const struct sah_ad_flight *flight, struct sah_ad_change *change)
{
    const struct sah_message *result = &flight->adapter->result;
    const char *run = result->u.result.store_run_id;

    if (flight->verdict != SAH_AD_VERDICT_ACCEPTED)
        return;
    change->handed =
        result->request_id[0] != '\0' ? result->request_id : flight->request_id;
    if (change->handed[0] == '\0')
        change->handed = NULL;
    change->run = strcmp(run, "journal") == 0 ? "" : run;
    change->accept_seq = result->u.result.accept_seq;
    if (change->accept_seq > INT64_MAX / 1024)
        change->accept_seq = 0; /* nothing that a store of ours would say */
    change->lane = flight->lane;
}

static void store_settled(struct sah_ad_flight *flight, const struct sah_conversation *next,
                          const struct sah_step *step)
{
    struct sah_adapter *adapter = flight->adapter;
    char gate[SAH_AD_GATE_SIZE + 3];
    struct sah_ad_change change = {
        .function = "sah_ad1_settled",
        .gate = gate,
        .sender = flight->sender,
        .revision = adapter->conversation.revision,
        .conversation = next,
        .replies = step != NULL ? step->replies : NULL,
        .n_replies = step != NULL ? step->n_replies : 0,
    };

    (void)sah_format(gate, sizeof gate, "ps:%s", flight->pid);
    set_handed(flight, &change);
    if (sah_ad_store_change(&adapter->store, &change, on_settled, flight) != SAH_OK)
        sah_ad_flight_later(flight);
}

/* Kept before it is settled: the two go over one connection in this order. */
static int quarantine_once(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    const struct sah_result *result = &adapter->result.u.result;
    char hex[SAH_ID_HEX_SIZE], why[240];
    int err;

    if (flight->quarantined)
        return SAH_OK;
    (void)sah_format(why, sizeof why, "%s %s: %s", sah_kind_name(flight->kind),
                     sah_result_code_name(result->code), result->reason);
    err = sah_ad_store_quarantine(&adapter->store, why, flight->bytes, flight->len, NULL, NULL);
    if (err != SAH_OK)
        return err;
    flight->quarantined = true;
    sah_id_hex(&flight->id, hex);
    adapter->counts.refused++;
    sah_error(adapter->log, "event=submit.refused message=%s kind=%s code=%s", hex,
              sah_kind_name(flight->kind), sah_result_code_name(result->code));
    return SAH_OK;
}

static void settle_refused(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    struct sah_step *step = &adapter->step;

    /* Not now (a booking past the limit) is no oddity for a person to look at. */
    if (adapter->result.u.result.retry_after_ms == 0 && quarantine_once(flight) != SAH_OK) {
        sah_ad_flight_later(flight);
        return;
    }
    memset(step, 0, sizeof *step);
    sah_dialog_not_accepted(adapter->dialog, &adapter->conversation, &adapter->submit,
                            &adapter->result, sah_clock_wall_ms(), step);
    store_settled(flight, &step->next, step);
}

/* The name that the request of a lost amendment has by now; NULL = it is the one we asked with.
 */
static const char *true_name(const struct sah_ad_flight *flight,
                             const struct sah_conversation *conversation)
{
    for (unsigned i = 0; i < conversation->n_open; i++) {
        const struct sah_open_request *open = &conversation->open[i];

        if (sah_id_equal(&open->message_id, &flight->about) && open->request_id[0] != '\0' &&
            strcmp(open->request_id, flight->request_id) != 0)
            return open->request_id;
    }
    return NULL;
}

static void settle_lost(struct sah_ad_flight *flight)
{
    const char *name = true_name(flight, &flight->adapter->conversation);

    if (name != NULL) {
        sah_ad_flight_rename(flight, name);
        return;
    }
    flight->renamed = true;
    flight->verdict =
        flight->kind == SAH_KIND_STATUS_QUERY ? SAH_AD_VERDICT_STATUS : SAH_AD_VERDICT_REFUSED;
    sah_ad_flight_settle(flight);
}

static void settle_by(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    struct sah_conversation *conversation = &adapter->conversation;
    struct sah_step *step = &adapter->step;

    switch (flight->verdict) {
    case SAH_AD_VERDICT_ACCEPTED:
        memcpy(flight->named, adapter->result.request_id, sizeof flight->named);
        sah_dialog_accepted(&adapter->submit, &adapter->result, conversation);
        sah_ad_remember(adapter, flight->sender, conversation);
        store_settled(flight, conversation, NULL);
        return;
    case SAH_AD_VERDICT_STATUS:
        memset(step, 0, sizeof *step);
        sah_dialog_status(adapter->dialog, conversation, &adapter->submit, &adapter->result,
                          sah_clock_wall_ms(), step);
        store_settled(flight, &step->next, step);
        return;
    case SAH_AD_VERDICT_LOST:
        settle_lost(flight);
        return;
    case SAH_AD_VERDICT_REFUSED:
        if (adapter->result.u.result.code == SAH_RESULT_NOT_FOUND && !flight->sure &&
            flight->kind != SAH_KIND_REQUEST)
            sah_ad_handed_unknown(flight);
        else
            settle_refused(flight);
        return;
    }
}

static void on_loaded(void *data, int err, const redisReply *reply)
{
    struct sah_ad_flight *flight = data;
    struct sah_adapter *adapter = flight->adapter;

    if (adapter->closing)
        return;
    err = sah_ad_answer(err, reply, 3);
    if (err == SAH_EIO)
        adapter->counts.redis_errors++;
    if (err == SAH_OK)
        err = sah_message_decode(flight->bytes, flight->len, &adapter->submit, NULL, 0);
    if (err == SAH_OK)
        err = sah_message_decode(flight->result, flight->result_len, &adapter->result, NULL, 0);
    if (err != SAH_OK) {
        sah_ad_flight_later(flight);
        return;
    }
    sah_ad_read_conversation(adapter, reply);
    settle_by(flight);
}

void sah_ad_flight_settle(struct sah_ad_flight *flight)
{
    flight->state = SAH_AD_FLIGHT_SETTLING;
    sah_timer_stop(flight->timer);
    if (flight->direct) {
        sah_ad_direct_settle(flight); /* perhaps frees flight */
        return;
    }
    if (sah_ad_store_load(&flight->adapter->store, flight->sender, "", on_loaded, flight) !=
        SAH_OK)
        sah_ad_flight_later(flight);
}
