/*
 * adapter_tell - no router answered in time: the citizen hears that nothing is confirmed yet,
 * with the number to call now (I9, I12).
 *
 * Owns:    the way from that moment to the reply in the outbox; once for each submit, whoever
 *          retries it and however often this program starts.
 * Used by: adapter_flight.c, when the first deadline of a flight has passed.
 * Never:   gives the submit up, or says so of one that was settled meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "adapter_priv.h"

struct tell { /* the flight may end while Redis works: it is looked up again by its id */
    struct sah_adapter *adapter;
    struct sah_id id;
    unsigned conflicts;
    char gate[SAH_AD_GATE_SIZE + 4];
    char sender[SAH_SENDER_SIZE];
};

static void tell_load(struct tell *tell);

/* Not told: the flight asks again after its next wait. */
static void tell_later(struct tell *tell)
{
    struct sah_ad_flight *flight = sah_ad_flight_find(tell->adapter, &tell->id);

    if (flight != NULL)
        flight->told = false;
    free(tell);
}

static void on_changed(void *data, int err, const redisReply *reply)
{
    struct tell *tell = data;
    struct sah_adapter *adapter = tell->adapter;

    if (adapter->closing) {
        free(tell);
        return;
    }
    if (sah_ad_answer(err, reply, 1) != SAH_OK) {
        tell_later(tell);
    } else if (sah_ad_answer_is(reply, 0, "CONFLICT")) {
        adapter->counts.conflicts++;
        if (++tell->conflicts < SAH_AD_CONFLICTS_MAX)
            tell_load(tell);
        else
            tell_later(tell);
    } else {
        adapter->counts.replies_queued += sah_ad_answer_number(reply, 2);
        free(tell);
        sah_ad_outbox_wake(adapter);
    }
}

static void tell_step(struct tell *tell, const struct sah_ad_flight *flight,
                      const redisReply *reply)
{
    struct sah_adapter *adapter = tell->adapter;
    struct sah_step *step = &adapter->step;
    struct sah_ad_change change;

    sah_ad_read_conversation(adapter, reply);
    memset(step, 0, sizeof *step);
    sah_dialog_not_accepted(adapter->dialog, &adapter->conversation, &adapter->submit, NULL,
                            sah_clock_wall_ms(), step);
    change = (struct sah_ad_change){
        .function = "sah_ad1_event",
        .gate = tell->gate,
        .sender = flight->sender,
        .revision = adapter->conversation.revision,
        .conversation = &step->next,
        .replies = step->replies,
        .n_replies = step->n_replies,
    };
    if (sah_ad_store_change(&adapter->store, &change, on_changed, tell) != SAH_OK)
        tell_later(tell);
    else if (tell->conflicts == 0)
        adapter->counts.unconfirmed++;
}

static void on_loaded(void *data, int err, const redisReply *reply)
{
    struct tell *tell = data;
    const struct sah_ad_flight *flight;

    if (tell->adapter->closing) {
        free(tell);
        return;
    }
    if (sah_ad_answer(err, reply, 1) != SAH_OK) {
        tell_later(tell);
        return;
    }
    flight = sah_ad_flight_find(tell->adapter, &tell->id);
    if (sah_ad_answer_is(reply, 0, "SEEN") || flight == NULL ||
        flight->state == SAH_AD_FLIGHT_SETTLING ||
        sah_message_decode(flight->bytes, flight->len, &tell->adapter->submit, NULL, 0) !=
            SAH_OK) {
        free(tell);
        return;
    }
    tell_step(tell, flight, reply);
}

static void tell_load(struct tell *tell)
{
    if (sah_ad_store_load(&tell->adapter->store, tell->sender, tell->gate, on_loaded, tell) !=
        SAH_OK)
        tell_later(tell);
}

void sah_ad_tell_unconfirmed(struct sah_ad_flight *flight)
{
    struct tell *tell;

    if (flight->direct || !sah_ad_store_is_up(flight->adapter)) {
        if (flight->lane != SAH_LANE_BULK)
            sah_ad_direct_tell(flight); /* a booking hears of it when Redis is back */
        return;
    }
    tell = calloc(1, sizeof *tell);
    if (tell == NULL)
        return; /* after the next wait */
    flight->told = true;
    tell->adapter = flight->adapter;
    tell->id = flight->id;
    memcpy(tell->sender, flight->sender, sizeof tell->sender);
    /* "u" is no lane's letter: these share the dedupe of events, not their names. */
    (void)sah_format(tell->gate, sizeof tell->gate, "ev:u%s", flight->pid);
    tell_load(tell);
}
