/*
 * store_outbox - the adapter's Redis calls about replies on their way to the channel.
 *
 * Used by: outbox.c. Never: decides what an answer of the channel means.
 */
#include "adapter_store_args.h"

int sah_ad_store_lease(struct sah_ad_store *store, unsigned slots, unsigned bulk_slots,
                       uint32_t lease_ms, sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_lease");
    sah_ad_args_number(&args, slots);
    sah_ad_args_number(&args, bulk_slots);
    sah_ad_args_number(&args, lease_ms);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_done(struct sah_ad_store *store, const char *key, const char *channel_message,
                      sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_done");
    sah_ad_args_add(&args, sah_slice_of(key));
    sah_ad_args_add(&args, sah_slice_of(channel_message));
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_retry(struct sah_ad_store *store, const char *key, uint64_t epoch,
                       uint32_t delay_ms, bool counts, sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_retry");
    sah_ad_args_add(&args, sah_slice_of(key));
    sah_ad_args_number(&args, (int64_t)epoch);
    sah_ad_args_number(&args, delay_ms);
    sah_ad_args_number(&args, counts ? 1 : 0);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_hold(struct sah_ad_store *store, const char *key, uint64_t epoch,
                      const char *whom, uint32_t delay_ms, sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_hold");
    sah_ad_args_add(&args, sah_slice_of(key));
    sah_ad_args_number(&args, (int64_t)epoch);
    sah_ad_args_add(&args, sah_slice_of(whom));
    sah_ad_args_number(&args, delay_ms);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_dead(struct sah_ad_store *store, const char *key, uint64_t epoch, int code,
                      sah_redis_reply_fn *fn, void *data)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_dead");
    sah_ad_args_add(&args, sah_slice_of(key));
    sah_ad_args_number(&args, (int64_t)epoch);
    sah_ad_args_number(&args, code);
    return sah_ad_args_call(&args, store, fn, data);
}

int sah_ad_store_told(struct sah_ad_store *store, struct sah_slice key)
{
    struct sah_ad_args args;

    sah_ad_args_start(&args, store, "sah_ad1_told");
    sah_ad_args_add(&args, key);
    return sah_ad_args_call(&args, store, NULL, NULL);
}
