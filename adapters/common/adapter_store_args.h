/*
 * adapter_store_args - an argument list of one FCALL while it is being built. For store*.c
 * only.
 */
#ifndef SAHAYA_ADAPTER_STORE_ARGS_H
#define SAHAYA_ADAPTER_STORE_ARGS_H

#include <stdlib.h>

#include "adapter_store.h"

struct sah_ad_args { /* everything in it is borrowed until the call */
    struct sah_slice v[64];
    size_t n;
    char numbers[8][24];
    size_t n_numbers;
};
void sah_ad_args_start(struct sah_ad_args *args, struct sah_ad_store *store,
                       const char *function);
void sah_ad_args_add(struct sah_ad_args *args, struct sah_slice value);
void sah_ad_args_number(struct sah_ad_args *args, int64_t value);
SAH_MUST_USE int sah_ad_args_call(struct sah_ad_args *args, struct sah_ad_store *store,
                                  sah_redis_reply_fn *fn, void *data);

#endif
