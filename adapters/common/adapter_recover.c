/*
 * adapter_recover - takes up the pending submits of Redis that are not in flight here.
 *
 * Owns:    how far each lane has been looked through; it starts over at the end.
 * Used by: adapter.c: when Redis is up (everything), then every second (what is old enough not
 * to be another process' work of this moment). Never:   lets bookings delay emergencies: the
 * lanes are looked through apart (I7).
 */
#include "adapter_priv.h"

static void ask(struct sah_adapter *adapter, enum sah_lane lane);

static void take_up(struct sah_adapter *adapter, enum sah_lane lane, const redisReply *reply)
{
    unsigned at = sah_ad_lane_index(lane);
    uint64_t next = sah_ad_answer_number(reply, 0);

    for (size_t i = 1; i + 4 < reply->elements; i += 5) {
        struct sah_ad_submit submit;
        struct sah_ad_flight *flight;
        int err = sah_ad_answer_submit(reply, i, &submit);

        if (err == SAH_OK)
            err = sah_ad_flight_get(adapter, &submit, false, &flight);
        if (err == SAH_ELIMIT ||
            err == SAH_ENOMEM) { /* full: the oldest come first, again and again */
            next = 0;
            break;
        }
    }
    adapter->recovered[at] = next;
    if (next == 0)
        adapter->recover_all[at] = false;
    else if (adapter->recover_all[at])
        ask(adapter, lane);
}

static void answered(struct sah_adapter *adapter, enum sah_lane lane, int err,
                     const redisReply *reply)
{
    adapter->recovering[sah_ad_lane_index(lane)] = false;
    if (adapter->closing)
        return;
    err = sah_ad_answer(err, reply, 1);
    if (err == SAH_EIO)
        adapter->counts.redis_errors++;
    if (err == SAH_OK)
        take_up(adapter, lane, reply);
}

static void on_emergency(void *data, int err, const redisReply *reply)
{
    answered(data, SAH_LANE_EMERGENCY, err, reply);
}

static void on_bulk(void *data, int err, const redisReply *reply)
{
    answered(data, SAH_LANE_BULK, err, reply);
}

static void ask(struct sah_adapter *adapter, enum sah_lane lane)
{
    unsigned at = sah_ad_lane_index(lane);
    uint32_t least_age_ms = adapter->recover_all[at] ? 0 : 2 * adapter->ack_deadline_ms;

    if (adapter->recovering[at])
        return;
    if (sah_ad_store_pending(&adapter->store, lane, adapter->recovered[at], least_age_ms,
                             lane == SAH_LANE_BULK ? on_bulk : on_emergency, adapter) == SAH_OK)
        adapter->recovering[at] = true;
}

void sah_ad_recover(struct sah_adapter *adapter, bool start)
{
    static const enum sah_lane lanes[] = {SAH_LANE_EMERGENCY, SAH_LANE_BULK};

    for (size_t i = 0; i < SAH_LEN(lanes); i++) {
        unsigned at = sah_ad_lane_index(lanes[i]);

        if (start) {
            adapter->recovered[at] = 0;
            adapter->recover_all[at] = true;
        }
        ask(adapter, lanes[i]);
    }
}
