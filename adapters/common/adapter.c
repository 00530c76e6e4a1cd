/*
 * adapter - the outside face of the skeleton: make it, hand it messages, ask how it is.
 *
 * Owns:    the parts and the order in which they are made and ended.
 * Used by: the channels, through include/sahaya/adapter.h.
 * Never:   knows a channel's protocol, an agency, a queue or a class.
 *
 * The invariants that the skeleton keeps, and where:
 *   I1  a channel is told "yours" only when a message is durable in Redis or in the journal
 * (adapter_job.c, adapter_journal.c); an event is acked
 * only when its replies are in Redis (adapter_job.c); a reply leaves Redis only when sent
 * (outbox.c) I4  a pending submit is in Redis until a router answers for good
 * (adapter_flight.c) I7  lanes and classes share no queue, no bound and no place
 * (adapter_flight.c, outbox.c) I10 amendments follow their request in order, bounded by 2 s
 * (adapter_flight.c) I13 no number, name, text or place in log lines or metrics (everywhere)
 */
#include <stdlib.h>
#include <string.h>

#include "adapter_priv.h"

#define ADAPTER_MAGIC     0x5adada97u
#define SECOND_MS         1000
#define ACK_DEADLINE_MS   2500
#define LISTING_MAX_BYTES (16 * 1024 * 1024)
#define LISTING_MAX       100

static void on_redis(void *data, enum sah_redis_state state)
{
    struct sah_adapter *adapter = data;

    if (adapter->closing)
        return;
    if (state != SAH_REDIS_UP) {
        if (adapter->down_ms == 0)
            adapter->down_ms = sah_loop_now_ms(adapter->loop);
        return;
    }
    adapter->down_ms = adapter->trouble_ms = 0;
    sah_ad_recover(adapter, true);
    sah_ad_outbox_wake(adapter);
    sah_ad_journal_wake(adapter);
}

static void on_condition(void *data, enum sah_redis_condition was)
{
    struct sah_adapter *adapter = data;

    if (!adapter->closing)
        sah_redis_log_condition(adapter->store.redis, adapter->log, was);
}

static void on_stats(void *data, int err, const redisReply *reply)
{
    struct sah_adapter *adapter = data;

    if (adapter->closing || sah_ad_answer(err, reply, SAH_AD_N_STATS) != SAH_OK)
        return;
    for (size_t i = 0; i < SAH_AD_N_STATS; i++)
        adapter->stats[i] = sah_ad_answer_number(reply, i);
}

static void on_second(void *data)
{
    struct sah_adapter *adapter = data;

    sah_timer_start(adapter->second, SECOND_MS);
    sah_ad_journal_second(adapter);
    if (sah_redis_state(adapter->store.redis) != SAH_REDIS_UP)
        return;
    sah_ad_recover(adapter, false);
    sah_ad_handed_second(adapter);
    if (sah_ad_store_stats(&adapter->store, on_stats, adapter) != SAH_OK)
        sah_debug(adapter->log, "event=stats.skipped");
}

bool sah_ad_store_is_durable(const struct sah_adapter *adapter)
{
    const struct sah_redis_durability *durability = sah_redis_durability(adapter->store.redis);

    return durability->known && durability->durable;
}

bool sah_ad_store_is_up(const struct sah_adapter *adapter)
{
    return sah_redis_state(adapter->store.redis) == SAH_REDIS_UP &&
           (adapter->trouble_ms == 0 ||
            sah_loop_now_ms(adapter->loop) - adapter->trouble_ms >= SECOND_MS);
}

void sah_ad_store_trouble(struct sah_adapter *adapter)
{
    adapter->trouble_ms = sah_loop_now_ms(adapter->loop);
}

static int check_settings(const struct sah_adapter_settings *s)
{
    const char *name = s->channel.name;

    if (name == NULL || name[0] == '\0' || strlen(name) >= SAH_CHANNEL_SIZE)
        return SAH_EINVAL;
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name))
        return SAH_EINVAL;
    if (s->channel.send == NULL || s->channel.send_max == 0 ||
        s->channel.send_max > SAH_AD_SEND_MAX)
        return SAH_EINVAL;
    if (s->producer == NULL || strlen(s->producer) >= SAH_PRODUCER_SIZE ||
        s->redis_socket == NULL || s->emergency_bus == NULL || s->bulk_bus == NULL ||
        s->ack_deadline_ms > 60000)
        return SAH_EINVAL;
    return SAH_OK;
}

static int make_parts(struct sah_adapter *adapter, const struct sah_adapter_settings *settings)
{
    int err;

    err = sah_ad_outbox_init(adapter);
    if (err == SAH_OK)
        err = sah_ad_memory_init(adapter);
    if (err == SAH_OK)
        err = sah_ad_says_init(adapter);
    if (err == SAH_OK)
        err = sah_timer_create(adapter->loop, on_second, adapter, &adapter->second);
    if (err == SAH_OK)
        err = sah_ad_link_init(&adapter->links[0], adapter, SAH_LANE_EMERGENCY,
                               settings->emergency_bus);
    if (err == SAH_OK)
        err = sah_ad_link_init(&adapter->links[1], adapter, SAH_LANE_BULK, settings->bulk_bus);
    if (err == SAH_OK)
        err = sah_ad_store_init(&adapter->store, adapter->loop, settings->redis_socket,
                                adapter->name, on_redis, on_condition, adapter);
    if (err == SAH_OK)
        err = sah_ad_journal_init(adapter, settings->journal);
    return err;
}

int sah_adapter_create(struct sah_loop *loop, const struct sah_adapter_settings *settings,
                       struct sah_adapter **ret_adapter)
{
    struct sah_adapter *adapter;
    int err = check_settings(settings);

    if (err != SAH_OK)
        return err;
    adapter = calloc(1, sizeof *adapter);
    if (adapter == NULL)
        return SAH_ENOMEM;
    adapter->magic = ADAPTER_MAGIC;
    adapter->loop = loop;
    adapter->log = settings->log;
    adapter->dialog = settings->dialog;
    adapter->channel = settings->channel;
    adapter->ack_deadline_ms =
        settings->ack_deadline_ms > 0 ? settings->ack_deadline_ms : ACK_DEADLINE_MS;
    (void)sah_format(adapter->name, sizeof adapter->name, "%s", settings->channel.name);
    adapter->channel.name = adapter->name;
    (void)sah_format(adapter->producer, sizeof adapter->producer, "%s", settings->producer);
    sah_ad_citizens_init(&adapter->citizens, sah_ad_job_run);
    adapter->flights.seed = adapter->citizens.seed;
    adapter->down_ms = sah_loop_now_ms(loop);
    err = make_parts(adapter, settings);
    if (err != SAH_OK) {
        sah_adapter_destroy(adapter);
        return err;
    }
    sah_timer_start(adapter->second, SECOND_MS);
    *ret_adapter = adapter;
    return SAH_OK;
}

void sah_adapter_destroy(struct sah_adapter *adapter)
{
    if (adapter == NULL)
        return;
    SAH_CHECK(adapter, ADAPTER_MAGIC);
    adapter->closing = true;
    for (size_t i = 0; i < SAH_LEN(adapter->links); i++)
        sah_ad_link_fini(&adapter->links[i]);
    sah_timer_destroy(adapter->second);
    /* Its callbacks see `closing` and touch nothing; after this none is left. */
    sah_ad_store_fini(&adapter->store);
    sah_ad_says_fini(adapter);
    sah_ad_journal_fini(adapter);
    sah_ad_jobs_destroy(adapter);
    sah_ad_flights_destroy(adapter);
    sah_ad_memory_fini(adapter);
    sah_ad_outbox_fini(adapter);
    sah_ad_citizens_fini(&adapter->citizens);
    adapter->magic = 0;
    free(adapter);
}

void sah_adapter_take(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                      sah_taken_fn *done, void *data)
{
    SAH_CHECK(adapter, ADAPTER_MAGIC);
    if (incoming->citizen.sender[0] == '\0' || sah_id_is_zero(&incoming->id))
        sah_ad_job_refuse(adapter, SAH_EINVAL, done, data);
    else
        sah_ad_job_message(adapter, incoming, false, done, data);
}

void sah_adapter_take_beside(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                             sah_taken_fn *done, void *data)
{
    SAH_CHECK(adapter, ADAPTER_MAGIC);
    if (incoming->citizen.sender[0] == '\0' || sah_id_is_zero(&incoming->id))
        sah_ad_job_refuse(adapter, SAH_EINVAL, done, data);
    else
        sah_ad_job_message(adapter, incoming, true, done, data);
}

bool sah_adapter_is_urgent(struct sah_adapter *adapter, const struct sah_incoming *incoming)
{
    SAH_CHECK(adapter, ADAPTER_MAGIC);
    return sah_ad_direct_step(adapter, incoming) != SAH_JOURNAL_CLASS_MAX;
}

bool sah_adapter_ready(const struct sah_adapter *adapter, char *why, size_t why_size)
{
    const struct sah_redis_condition_row *row;
    char more[220] = "";

    SAH_CHECK(adapter, ADAPTER_MAGIC);
    row = sah_redis_condition_row(sah_redis_health(adapter->store.redis)->condition);
    if (row->grade == SAH_REDIS_BAD) {
        sah_ad_journal_why(adapter, more, sizeof more);
        (void)sah_format(why, why_size, "redis: %s%s", row->words, more);
        return false;
    }
    if (adapter->journal.settings.key_file != NULL && adapter->journal.journal == NULL) {
        (void)sah_format(why, why_size, "the journal: %s", adapter->journal.trouble);
        return false;
    }
    if (!sah_ad_link_up(&adapter->links[0])) {
        (void)sah_format(why, why_size, "the emergency lane's router does not answer");
        return false;
    }
    (void)sah_format(
        why, why_size, "ready%s%s%s",
        sah_ad_link_up(&adapter->links[1]) ? "" : "; the bulk lane's router does not answer",
        row->grade == SAH_REDIS_WEAK ? "; WARNING, redis: " : "",
        row->grade == SAH_REDIS_WEAK ? row->words : "");
    return true;
}

void sah_adapter_redis_json(const struct sah_adapter *adapter, struct sah_buf *buf)
{
    SAH_CHECK(adapter, ADAPTER_MAGIC);
    sah_redis_health_json(adapter->store.redis, buf);
}

/* Quarantine: a call of its own, since there is no conversation and no turn in it.
 * ------------- */

struct quarantine_call {
    struct sah_adapter *adapter;
    sah_taken_fn *done;
    sah_listing_fn *listing;
    void *data;
};

static void on_quarantined(void *data, int err, const redisReply *reply)
{
    struct quarantine_call call = *(struct quarantine_call *)data;

    free(data);
    if (call.done != NULL)
        call.done(call.data, sah_ad_answer(err, reply, 1));
}

void sah_adapter_quarantine(struct sah_adapter *adapter, const char *why, const void *bytes,
                            size_t len, sah_taken_fn *done, void *data)
{
    struct quarantine_call *call = calloc(1, sizeof *call);
    int err;

    SAH_CHECK(adapter, ADAPTER_MAGIC);
    SAH_ASSERT(call != NULL);
    *call = (struct quarantine_call){.adapter = adapter, .done = done, .data = data};
    err = SAH_EDOWN;
    if (sah_ad_store_is_up(adapter))
        err = sah_ad_store_quarantine(&adapter->store, why, bytes, len, on_quarantined, call);
    if (err == SAH_OK)
        return;
    free(call);
    err = sah_ad_journal_put_piece(adapter, why, bytes, len, done, data);
    if (err == SAH_OK)
        return;
    if (err == SAH_EEXIST)
        err = SAH_OK;
    sah_ad_job_refuse(adapter, err, done, data);
}

static void on_listed(void *data, int err, const redisReply *reply)
{
    struct quarantine_call call = *(struct quarantine_call *)data;
    struct sah_buf buf;

    free(data);
    err = sah_ad_answer(err, reply, 0);
    if (err != SAH_OK) {
        call.listing(call.data, err, "", 0);
        return;
    }
    sah_buf_init(&buf, LISTING_MAX_BYTES);
    sah_buf_add_text(&buf, "[");
    for (size_t i = 0; i < reply->elements; i++) {
        struct sah_slice piece = sah_ad_answer_text(reply, i);

        sah_buf_add(&buf, ",", i > 0 ? 1 : 0);
        sah_buf_add(&buf, piece.ptr, piece.len);
    }
    sah_buf_add_text(&buf, "]");
    if (buf.failed)
        call.listing(call.data, SAH_ENOMEM, "", 0);
    else
        call.listing(call.data, SAH_OK, buf.data, buf.len);
    sah_buf_fini(&buf);
}

struct listing_refused {
    sah_listing_fn *fn;
    void *data;
};

static void on_listing_refused(void *data, int err)
{
    struct listing_refused call = *(struct listing_refused *)data;

    free(data);
    call.fn(call.data, err, "", 0);
}

void sah_adapter_quarantine_list(struct sah_adapter *adapter, unsigned n, sah_listing_fn *fn,
                                 void *data)
{
    struct quarantine_call *call = calloc(1, sizeof *call);
    struct listing_refused *refused;
    int err;

    SAH_CHECK(adapter, ADAPTER_MAGIC);
    SAH_ASSERT(call != NULL);
    *call = (struct quarantine_call){.adapter = adapter, .listing = fn, .data = data};
    if (n == 0 || n > LISTING_MAX)
        n = LISTING_MAX;
    err = sah_ad_store_quarantine_list(&adapter->store, n, on_listed, call);
    if (err == SAH_OK)
        return;
    free(call);
    refused = malloc(sizeof *refused);
    SAH_ASSERT(refused != NULL);
    *refused = (struct listing_refused){fn, data};
    sah_ad_job_refuse(adapter, err, on_listing_refused, refused);
}
