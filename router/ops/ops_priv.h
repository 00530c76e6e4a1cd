/*
 * ops_priv - what the files of ops share.
 */
#ifndef SAHAYA_OPS_PRIV_H
#define SAHAYA_OPS_PRIV_H

#include "ops/ops.h"

#define OPS_MAGIC 0x5a4f5053u

struct sah_ops {
    uint32_t magic;
    struct sah_ops_settings s;
    unsigned n_endpoints;
    const char **endpoints; /* ids, in the core's order */
    int64_t started_ms;
};

/* Asks the store for its figures, then answers; err is the store's. */
typedef void ops_stats_fn(struct sah_ops *ops, struct sah_http_exchange *x, int err,
                          const struct sah_store_stats *stats);
void ops_with_stats(struct sah_ops *ops, struct sah_http_exchange *x, ops_stats_fn *answer);
const char *ops_lane_name(enum sah_lane lane);
const char *ops_endpoint_state(const struct sah_endpoint_view *view);

#endif
