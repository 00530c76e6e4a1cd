/*
 * fake_store - the store's port in plain memory, on simulated time, for the simulator and
 * tests.
 *
 * Owns:    requests, messages, deliveries, events: what Redis would hold. Deterministic: the
 * same calls at the same times give the same answers.
 * Used by: tests/lib/world, the unit tests of core, tests/contract.
 * Never:   opens a socket, reads a clock, completes from inside a call, forgets.
 *
 * A call is applied at once and its completion waits in a queue until sah_fake_store_step(). A
 * crash of the router is sah_fake_store_forget(): what was applied stays, nobody hears of it.
 */
#ifndef SAHAYA_TESTS_FAKE_STORE_H
#define SAHAYA_TESTS_FAKE_STORE_H

#include "core/ports.h"

struct sah_fake_store;

#define SAH_FAKE_OWNERS 64

struct sah_fake_store_settings {
    int64_t now_ms;
    enum sah_lane lane;
    uint32_t lease_ms[SAH_N_CLASSES]; /* 0 = the policy's */
    uint32_t order_bound_ms;          /* 0 = 2000 */
    uint32_t owner_dead_ms;           /* 0 = 2000 */
};

enum sah_fake_fault {
    SAH_FAKE_FINE = 0,
    SAH_FAKE_DOWN,           /* SAH_EDOWN, not applied */
    SAH_FAKE_TIMEOUT_BEFORE, /* SAH_ETIMEOUT, not applied */
    SAH_FAKE_TIMEOUT_AFTER,  /* SAH_ETIMEOUT, applied: the reply was lost */
};

enum sah_fake_state {
    SAH_FAKE_READY,
    SAH_FAKE_LEASED,
    SAH_FAKE_DELAYED,
    SAH_FAKE_WAITING, /* for its turn (I10) */
    SAH_FAKE_DONE,
    SAH_FAKE_DEAD,
};

/* A delivery as it stands; for checkers of invariants. */
struct sah_fake_delivery {
    char key[SAH_KEY_SIZE];
    char request_id[SAH_REQUEST_ID_SIZE];
    char agency[SAH_AGENCY_SIZE];
    char endpoint[SAH_AGENCY_SIZE];
    struct sah_id message_id;
    enum sah_kind kind;
    uint32_t sequence;
    enum sah_fake_state state;
    uint64_t epoch, accept_seq;
    unsigned attempts, class;
    bool possible_duplicate, fell_back;
    int64_t accepted_ms;
    unsigned owner;     /* leased: by which router */
    int64_t due_ms;     /* leased: when the lease ends; delayed: when it is due */
    int64_t first_ms;   /* first leased or delayed; -1 = not yet */
    int64_t waiting_ms; /* since when it waits for its turn */
    unsigned n_previous;
    struct sah_previous previous[SAH_PREVIOUS_MAX];
};

SAH_MUST_USE int sah_fake_store_create(const struct sah_fake_store_settings *settings,
                                       struct sah_fake_store **ret_fake);
void sah_fake_store_destroy(struct sah_fake_store *fake); /* NULL is fine; completes nothing */
const struct sah_store *sah_fake_store_port(struct sah_fake_store *fake);

void sah_fake_store_set_now(struct sah_fake_store *fake, int64_t now_ms); /* may go back */
/* Which router calls from now on: the number of one life of it, below SAH_FAKE_OWNERS; 0 at
 * first. */
void sah_fake_store_as(struct sah_fake_store *fake, unsigned owner);
/* The oldest completion; false when there is none. */
bool sah_fake_store_step(struct sah_fake_store *fake);
/* All that wait now, and none that join meanwhile; returns how many. */
unsigned sah_fake_store_run(struct sah_fake_store *fake);
/* The router died: no completion comes. Returns how many were dropped. */
unsigned sah_fake_store_forget(struct sah_fake_store *fake);
/* The next n operations meet this fault. */
void sah_fake_store_fail_next(struct sah_fake_store *fake, enum sah_fake_fault fault,
                              unsigned n);

/* To look inside: deliveries in the order in which they were made; NULL past the end. */
const struct sah_fake_delivery *sah_fake_store_delivery(const struct sah_fake_store *fake,
                                                        size_t i);
size_t sah_fake_store_outbox(const struct sah_fake_store *fake); /* events not acked */

#endif
