/*
 * redis_store - struct sah_store over a Redis link and the functions of the .lua files here.
 *
 * Owns:    the operations under way and their replies; scratch memory for one decoded message.
 * Used by: the router's composition root, which makes the link with sah_redis_store_functions()
 *          first and the store over it second.
 * Never:   blocks, retries, logs, or calls back from inside an operation. The core decides what
 * a failure means.
 *
 * Errors beyond those of ports.h: SAH_EINVAL, an argument was refused before anything was
 * written (a plan of an unknown message, a request id of no known form, text that is not
 * UTF-8); SAH_ELIMIT, a bound of this side; SAH_EPROTO, Redis answered something of unexpected
 * shape, the outcome is unknown as with SAH_ETIMEOUT; SAH_ECANCELED, the link was destroyed
 * meanwhile.
 */
#ifndef SAHAYA_STORE_REDIS_STORE_H
#define SAHAYA_STORE_REDIS_STORE_H

#include <sahaya/loop.h>
#include <sahaya/redis.h>

#include "core/ports.h"

struct sah_redis_store;

struct sah_redis_store_settings {
    struct sah_loop *loop;
    struct sah_redis *redis; /* borrowed; loads sah_redis_store_functions() */
    enum sah_lane lane;      /* names outbox events: "E-00-..." */
    unsigned partitions;     /* 1..SAH_PARTITIONS_MAX; fixed at install. 0 counts as 1 */
    uint32_t deadline_ms;    /* of one call; 0 = the link's */
    uint32_t lease_ms[SAH_N_CLASSES]; /* 0 = the policy's sah_lease_ms() */
    uint32_t order_bound_ms;          /* how long order may hold a P0 or P1; 0 = 2000 (I10) */
    /* Whose leases these are: 16 letters of lower hex, new for each life of a router. NULL:
     * made by chance. Leases of an owner that did not tick for owner_dead_ms come home (0 =
     * 2000). */
    const char *owner;
    uint32_t owner_dead_ms;
};

SAH_MUST_USE int sah_redis_store_create(const struct sah_redis_store_settings *settings,
                                        struct sah_redis_store **ret_store);
/* Destroy the link first: it completes what is in flight with SAH_ECANCELED. NULL is fine. */
void sah_redis_store_destroy(struct sah_redis_store *store);
/* The port; borrowed for the store's life. */
const struct sah_store *sah_redis_store_port(struct sah_redis_store *store);

/* The library for struct sah_redis_settings. Static memory. */
void sah_redis_store_functions(const char **ret_name, const char **ret_code, size_t *ret_len);

#endif
