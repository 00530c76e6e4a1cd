/*
 * outbox - replies from Redis to the channel, emergencies first.
 *
 * Owns:    the slots of sends in flight and when the next lease is asked for.
 * Used by: adapter.c; whoever queued replies wakes it.
 * Never:   sends what is not leased, or lets bookings fill the last quarter of the slots (I7).
 *
 * A reply is sent at least once: one whose answer is lost with this process comes home when its
 * lease ends, and is sent again under the same key.
 */
#include <stdlib.h>
#include <string.h>

#include "adapter_priv.h"

#define SLOT_MAGIC      0x5ad5107eu
#define TURN_LEAST_MS   50
#define TURN_MOST_MS    500
#define BULK_TRIES      10
#define UNREADABLE_CODE (-1)

/* First wait, doubled up to the most. A bulk reply ends as a dead letter, an emergency never
 * does. */
static const struct {
    uint32_t first_ms, most_ms;
} schedule[] = {[false] = {1000, 60000}, [true] = {1000, 15000}};

static void pump(struct sah_adapter *adapter);

static uint32_t wait_after(bool emergency, unsigned tries)
{
    uint64_t ms = schedule[emergency].first_ms;

    for (unsigned i = 0; i < tries && ms < schedule[emergency].most_ms; i++)
        ms *= 2;
    return (uint32_t)(ms < schedule[emergency].most_ms ? ms : schedule[emergency].most_ms);
}

/* The pump runs again when Redis has written down what became of a reply: its row may go on. */
static void on_written(void *data, int err, const redisReply *reply)
{
    struct sah_adapter *adapter = data;

    if (adapter->closing)
        return;
    if (sah_ad_answer(err, reply, 1) == SAH_EIO)
        adapter->counts.redis_errors++;
    sah_ad_outbox_wake(adapter);
}

static void release(struct sah_ad_slot *slot)
{
    struct sah_ad_outbox *outbox = &slot->adapter->outbox;

    outbox->in_flight--;
    if (!slot->emergency)
        outbox->bulk_in_flight--;
    slot->adapter = NULL;
    slot->magic = 0;
}

static int sent_retry(struct sah_adapter *adapter, const struct sah_ad_slot *slot,
                      uint32_t retry_ms)
{
    if (!slot->emergency && slot->tries + 1 >= BULK_TRIES) {
        sah_error(adapter->log, "event=outbox.dead class=bulk why=tries");
        return sah_ad_store_dead(&adapter->store, slot->reply.key, slot->epoch, 0, on_written,
                                 adapter);
    }
    adapter->counts.replies_retried++;
    if (retry_ms == 0)
        retry_ms = wait_after(slot->emergency, slot->tries);
    if (slot->emergency && retry_ms > schedule[true].most_ms)
        retry_ms = schedule[true].most_ms;
    return sah_ad_store_retry(&adapter->store, slot->reply.key, slot->epoch, retry_ms, true,
                              on_written, adapter);
}

static int sent_hold(struct sah_adapter *adapter, const struct sah_ad_slot *slot,
                     const char *whom, uint32_t retry_ms)
{
    adapter->counts.replies_held++;
    return sah_ad_store_hold(&adapter->store, slot->reply.key, slot->epoch, whom,
                             retry_ms > 0 ? retry_ms : schedule[true].first_ms, on_written,
                             adapter);
}

static int sent_stop(struct sah_adapter *adapter, const struct sah_ad_slot *slot, int code)
{
    adapter->counts.outbox_stops++;
    adapter->outbox.stopped_until_ms = sah_loop_now_ms(adapter->loop) + SAH_AD_STOP_MS;
    sah_error(adapter->log, "event=outbox.stopped channel=%s code=%d wait_ms=%d", adapter->name,
              code, SAH_AD_STOP_MS);
    return sah_ad_store_retry(&adapter->store, slot->reply.key, slot->epoch, SAH_AD_STOP_MS,
                              false, on_written, adapter);
}

static int sent_by(struct sah_adapter *adapter, const struct sah_ad_slot *slot,
                   const struct sah_sent *sent)
{
    switch (sent->code) {
    case SAH_SENT_DONE:
        adapter->counts.replies_sent++;
        return sah_ad_store_done(&adapter->store, slot->reply.key, sent->channel_message,
                                 on_written, adapter);
    case SAH_SENT_RETRY:
        return sent_retry(adapter, slot, sent->retry_ms);
    case SAH_SENT_CITIZEN:
        return sent_hold(adapter, slot, "sender", sent->retry_ms);
    case SAH_SENT_ACCOUNT:
        return sent_hold(adapter, slot, "account", sent->retry_ms);
    case SAH_SENT_STOP:
        return sent_stop(adapter, slot, sent->error_code);
    case SAH_SENT_DEAD:
        sah_error(adapter->log, "event=outbox.dead class=%s code=%d",
                  slot->emergency ? "emergency" : "bulk", sent->error_code);
        return sah_ad_store_dead(&adapter->store, slot->reply.key, slot->epoch,
                                 sent->error_code, on_written, adapter);
    }
    return SAH_EINVAL;
}

static void on_sent(void *data, const struct sah_sent *sent)
{
    struct sah_ad_slot *slot = data;
    struct sah_adapter *adapter;

    SAH_CHECK(slot, SLOT_MAGIC);
    adapter = slot->adapter;
    /* When this cannot be said to Redis the lease ends by itself and the reply is sent again.
     */
    if (sent_by(adapter, slot, sent) != SAH_OK)
        sah_warn(adapter->log, "event=outbox.unwritten");
    release(slot);
    sah_ad_outbox_wake(adapter);
}

static struct sah_ad_slot *free_slot(struct sah_adapter *adapter)
{
    for (unsigned i = 0; i < adapter->channel.send_max; i++)
        if (adapter->outbox.slots[i].adapter == NULL)
            return &adapter->outbox.slots[i];
    return NULL;
}

static bool is_in_flight(const struct sah_adapter *adapter, const char *key)
{
    for (unsigned i = 0; i < adapter->channel.send_max; i++)
        if (adapter->outbox.slots[i].adapter != NULL &&
            strcmp(adapter->outbox.slots[i].reply.key, key) == 0)
            return true;
    return false;
}

static void put_off(struct sah_adapter *adapter, const char *key, uint64_t epoch, uint32_t ms)
{
    if (sah_ad_store_retry(&adapter->store, key, epoch, ms, false, on_written, adapter) !=
        SAH_OK)
        sah_warn(adapter->log, "event=outbox.unwritten");
}

static void send_one(struct sah_adapter *adapter, const redisReply *reply, size_t i)
{
    struct sah_slice key = sah_ad_answer_text(reply, i),
                     json = sah_ad_answer_text(reply, i + 4);
    struct sah_ad_slot *slot = free_slot(adapter);
    uint64_t epoch = sah_ad_answer_number(reply, i + 2);
    char name[sizeof slot->reply.key];
    int err;

    if (slot == NULL || sah_copy(name, sizeof name, key.ptr, key.len) != SAH_OK)
        return; /* its lease ends by itself */
    if (is_in_flight(
            adapter,
            name)) { /* the channel is slower than the lease: no second one beside it */
        put_off(adapter, name, epoch, SAH_AD_LEASE_MS);
        return;
    }
    if (sah_reply_decode(json.ptr, json.len, &slot->reply) != SAH_OK ||
        strcmp(slot->reply.key, name) != 0) {
        sah_error(adapter->log, "event=outbox.dead why=unreadable");
        if (sah_ad_store_dead(&adapter->store, name, epoch, UNREADABLE_CODE, on_written,
                              adapter) != SAH_OK)
            sah_warn(adapter->log, "event=outbox.unwritten");
        return;
    }
    slot->magic = SLOT_MAGIC;
    slot->adapter = adapter;
    slot->emergency = sah_ad_answer_is(reply, i + 1, "e");
    slot->epoch = epoch;
    slot->tries = (unsigned)sah_ad_answer_number(reply, i + 3);
    adapter->outbox.in_flight++;
    if (!slot->emergency)
        adapter->outbox.bulk_in_flight++;
    err = adapter->channel.send(adapter->channel.data, &slot->reply, on_sent, slot);
    if (err != SAH_OK) { /* it will not call back */
        put_off(adapter, name, epoch, schedule[true].first_ms);
        release(slot);
    }
}

static void on_leased(void *data, int err, const redisReply *reply)
{
    struct sah_adapter *adapter = data;
    struct sah_ad_outbox *outbox = &adapter->outbox;
    uint64_t wait_ms = TURN_MOST_MS;

    outbox->leasing = false;
    if (adapter->closing)
        return;
    err = sah_ad_answer(err, reply, 2);
    if (err == SAH_EIO)
        adapter->counts.redis_errors++;
    if (err == SAH_OK) {
        for (size_t i = 2; i + 4 < reply->elements; i += 5)
            send_one(adapter, reply, i);
        if (reply->element[0]->integer >= 0)
            wait_ms = sah_ad_answer_number(reply, 0);
        if (sah_ad_answer_number(reply, 1) != 0)
            outbox->again = true;
    }
    if (outbox->again) {
        outbox->again = false;
        wait_ms = 0;
    } else if (wait_ms < TURN_LEAST_MS) {
        wait_ms = TURN_LEAST_MS;
    }
    sah_timer_start(outbox->timer, wait_ms < TURN_MOST_MS ? wait_ms : TURN_MOST_MS);
}

/* How many of the free slots bookings may take: a quarter, at least one, stays for emergencies.
 */
static unsigned bulk_slots(const struct sah_adapter *adapter)
{
    unsigned all = adapter->channel.send_max;
    unsigned kept = all / 4 > 0 ? all / 4 : 1;
    unsigned most = all > 1 ? all - kept : 1;

    return most > adapter->outbox.bulk_in_flight ? most - adapter->outbox.bulk_in_flight : 0;
}

static void pump(struct sah_adapter *adapter)
{
    struct sah_ad_outbox *outbox = &adapter->outbox;
    unsigned busy = outbox->in_flight + adapter->says.in_flight;
    unsigned slots = adapter->channel.send_max > busy ? adapter->channel.send_max - busy : 0;
    uint64_t now_ms = sah_loop_now_ms(adapter->loop);

    if (outbox->leasing) {
        outbox->again = true;
        return;
    }
    if (slots == 0) { /* the next completion wakes; one of adapter_say.c does not */
        if (outbox->in_flight == 0)
            sah_timer_start(outbox->timer, TURN_LEAST_MS);
        return;
    }
    if (now_ms < outbox->stopped_until_ms) {
        sah_timer_start(outbox->timer, outbox->stopped_until_ms - now_ms);
        return;
    }
    if (sah_redis_state(adapter->store.redis) != SAH_REDIS_UP ||
        sah_ad_store_lease(&adapter->store, slots, bulk_slots(adapter), SAH_AD_LEASE_MS,
                           on_leased, adapter) != SAH_OK) {
        sah_timer_start(outbox->timer, TURN_MOST_MS);
        return;
    }
    outbox->leasing = true;
}

static void on_timer(void *data)
{
    pump(data);
}

void sah_ad_outbox_wake(struct sah_adapter *adapter)
{
    pump(adapter);
}

int sah_ad_outbox_init(struct sah_adapter *adapter)
{
    struct sah_ad_outbox *outbox = &adapter->outbox;

    outbox->slots = calloc(adapter->channel.send_max, sizeof *outbox->slots);
    if (outbox->slots == NULL)
        return SAH_ENOMEM;
    return sah_timer_create(adapter->loop, on_timer, adapter, &outbox->timer);
}

void sah_ad_outbox_fini(struct sah_adapter *adapter)
{
    sah_timer_destroy(adapter->outbox.timer);
    free(adapter->outbox.slots);
    adapter->outbox.timer = NULL;
    adapter->outbox.slots = NULL;
}
