/*
 * adapter_handed - what was handed over goes again when the router's store is another one.
 *
 * Owns:    when Redis is asked for records of older runs, and how fast they go.
 * Used by: router_link.c (a run was heard of), adapter_settle.c (a router does not know a
 * request), adapter.c each second. The records are adapter.lua's.
 * Never:   compares numbers within a run: after a failover the new store may pass the old mark
 * before anyone looks, and hide the gap. Floods a router that has just come back.
 *
 * A record says which run of the router's store took a message. A store that comes back with
 * another run id may have lost what the older runs took: all of it becomes pending again,
 * emergencies in their own lane, the newest requests first, each request before its amendments.
 * The router answers DUPLICATE for what it still has (I6), and the record is under the new run.
 * What a router took into its journal has no run yet and is asked about until it has one.
 */
#include "adapter_priv.h"

#define JOURNAL_WAIT_MS   10000 /* a message in the router's journal is asked about so often */
#define UNKNOWN_MS        6000  /* a run is heard of within 5 s: then "not found" is believed */
#define UNKNOWN_ROUNDS    5
#define IN_FLIGHT_MOST    500
#define FORGOTTEN_AT_ONCE 200

/* Requests at a time and the pause between: 400 a second, bookings 100. */
static const struct {
    unsigned requests;
    uint32_t pause_ms;
} pace[SAH_AD_N_LANES] = {{20, 50}, {20, 200}};

/* The pending submits in an answer of Redis, from element i. */
static void take_up(struct sah_adapter *adapter, const redisReply *reply)
{
    for (size_t i = 2; i + 4 < reply->elements; i += 5) {
        struct sah_ad_submit submit;
        struct sah_ad_flight *flight;
        int err = sah_ad_answer_submit(reply, i, &submit);

        if (err == SAH_OK)
            err = sah_ad_flight_get(adapter, &submit, false, &flight);
        if (err == SAH_ELIMIT || err == SAH_ENOMEM)
            return; /* they are pending: recovery takes them up */
        if (err == SAH_OK)
            flight->told = true; /* its citizen was answered long ago */
    }
}

static void on_rehanded(void *data, int err, const redisReply *reply)
{
    struct sah_ad_link *link = data;
    struct sah_adapter *adapter = link->adapter;
    uint64_t requests;

    if (adapter->closing)
        return;
    link->rehanding = false;
    err = sah_ad_answer(err, reply, 2);
    if (err == SAH_EIO)
        adapter->counts.redis_errors++;
    if (err != SAH_OK)
        return; /* each second again */
    take_up(adapter, reply);
    requests = sah_ad_answer_number(reply, 0);
    if (requests == 0)
        return;
    sah_info(adapter->log, "event=rehand lane=%s requests=%u messages=%u",
             link->lane == SAH_LANE_BULK ? "bulk" : "emergency", (unsigned)requests,
             (unsigned)sah_ad_answer_number(reply, 1));
    sah_timer_start(link->rehand_timer, pace[sah_ad_lane_index(link->lane)].pause_ms);
}

void sah_ad_rehand(struct sah_ad_link *link)
{
    struct sah_adapter *adapter = link->adapter;
    unsigned at = sah_ad_lane_index(link->lane);
    /* Before its journal is empty the router could not say more, and would only have more to do. */
    uint32_t wait_ms = link->has_store ? JOURNAL_WAIT_MS : 24 * 3600 * 1000;

    if (link->rehanding || link->run[0] == '\0' || adapter->closing ||
        !sah_ad_store_is_up(adapter) || !sah_ad_link_up(link))
        return;
    if (adapter->flights.n[at] >= IN_FLIGHT_MOST) {
        sah_timer_start(link->rehand_timer, pace[at].pause_ms);
        return;
    }
    if (sah_ad_store_rehand(&adapter->store, link->lane, link->run, pace[at].requests, wait_ms,
                            on_rehanded, link) == SAH_OK)
        link->rehanding = true;
}

void sah_ad_handed_second(struct sah_adapter *adapter)
{
    for (size_t i = 0; i < SAH_LEN(adapter->links); i++)
        if (!sah_timer_active(adapter->links[i].rehand_timer))
            sah_ad_rehand(&adapter->links[i]);
    if (sah_ad_store_trim_handed(&adapter->store, FORGOTTEN_AT_ONCE, SAH_AD_HANDED_MAX) != SAH_OK)
        sah_debug(adapter->log, "event=handed.trim err=skipped");
}

static void on_one(void *data, int err, const redisReply *reply)
{
    struct sah_ad_flight *flight = data;
    struct sah_adapter *adapter = flight->adapter;
    bool waits;

    if (adapter->closing)
        return;
    if (sah_ad_answer(err, reply, 2) != SAH_OK) {
        sah_ad_flight_later(flight);
        return;
    }
    waits = sah_ad_answer_number(reply, 0) != 0;
    if (sah_ad_answer_number(reply, 1) > 0 && flight->unknown_rounds++ < UNKNOWN_ROUNDS)
        flight->unknown_ms = 0; /* its request goes again: from here on anew */
    take_up(adapter, reply);
    if (waits && (flight->unknown_ms == 0 ||
                  sah_loop_now_ms(adapter->loop) - flight->unknown_ms < UNKNOWN_MS)) {
        if (flight->unknown_ms == 0)
            flight->unknown_ms = sah_loop_now_ms(adapter->loop);
        sah_ad_flight_later(flight);
        return;
    }
    flight->sure = true;
    sah_ad_flight_settle(flight);
}

void sah_ad_handed_unknown(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    const struct sah_ad_link *link = sah_ad_link_of(adapter, flight->lane);
    const char *run = link->run[0] != '\0' ? link->run : "-"; /* none of ours stands under it */

    if (sah_ad_store_rehand_one(&adapter->store, flight->request_id, flight->lane, run, on_one,
                                flight) != SAH_OK)
        sah_ad_flight_later(flight);
}
