/*
 * store_contract - what every struct sah_store must do, as one suite.
 *
 * Owns:    the cases.
 * Used by: test_store_fake.c, test_store_redis.c, test_store_cluster.c.
 * Never:   knows which store it runs against, but for what the harness says.
 *
 * The store under test is made with lease times of CONTRACT_LEASE_MS, an order bound of
 * CONTRACT_BOUND_MS and owners that count as dead after CONTRACT_DEAD_MS, so that a real one
 * can be waited for. Two routers share it; the first one calls until `as` says otherwise.
 */
#ifndef SAHAYA_TESTS_STORE_CONTRACT_H
#define SAHAYA_TESTS_STORE_CONTRACT_H

#include "core/ports.h"

#define CONTRACT_LEASE_MS 40
#define CONTRACT_BOUND_MS 60
#define CONTRACT_DEAD_MS  300

struct sah_store_harness {
    const char *name;
    bool exact_time;   /* time passes only by advance_ms: "not yet" can be asserted */
    uint32_t lease_ms; /* of the next store; 0 = CONTRACT_LEASE_MS */
    void *data;
    const struct sah_store *store;                                      /* set by make */
    void (*make)(struct sah_store_harness *harness);                    /* an empty store */
    void (*drive)(struct sah_store_harness *harness, const bool *done); /* until *done */
    void (*advance_ms)(struct sah_store_harness *harness, uint32_t ms);
    void (*jump_ms)(struct sah_store_harness *harness, int64_t ms); /* the store's wall clock alone */
    void (*as)(struct sah_store_harness *harness, unsigned router); /* 0 or 1; sets store */
    void (*destroy)(struct sah_store_harness *harness);
};

/* Runs the suite; returns how many cases failed. */
int sah_store_contract_run(struct sah_store_harness *harness);

#endif
