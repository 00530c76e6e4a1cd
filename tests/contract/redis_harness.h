/*
 * redis_harness - the contract's harness over a real Redis: loop, link, store.
 *
 * Owns:    one server for the program, one link and store for each case.
 * Used by: test_store_redis.c, test_store_cluster.c, test_store_twins.c.
 * Never:   waits without a bound.
 */
#ifndef SAHAYA_TESTS_REDIS_HARNESS_H
#define SAHAYA_TESTS_REDIS_HARNESS_H

#include "contract/redis_server.h"
#include "contract/store_contract.h"
#include "store/redis_store.h"

struct redis_harness {
    struct redis_server server;
    struct sah_loop *loop;
    struct sah_redis *link;
    struct sah_redis_store *stores[2]; /* two routers over one link */
    unsigned partitions;               /* of the next store; 0 = 1 */
    uint32_t order_bound_ms;           /* of the next store; 0 = CONTRACT_BOUND_MS */
};

/* Fills the harness's functions; the server must run. */
void redis_harness_init(struct redis_harness *with, struct sah_store_harness *ret_harness,
                        const char *name);
/* Turns the loop until the link is in this state. */
void redis_harness_until(struct redis_harness *with, enum sah_redis_state state);

#endif
