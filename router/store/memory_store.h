/*
 * memory_store - the store's port in plain memory, with the time it is told.
 *
 * Owns:    requests, messages, deliveries, events: what Redis would hold. Deterministic: the
 * same calls at the same times give the same answers.
 * Used by: the simulated world and the tests of core; tests/contract holds it and Redis to one
 * suite. The router, while its Redis is away.
 * Never:   opens a socket, reads a clock, completes from inside a call, forgets.
 *
 * A call is applied at once and its completion waits in a queue until sah_memory_store_step().
 * A crash of the router is sah_memory_store_forget(): what was applied stays, nobody hears of
 * it.
 */
#ifndef SAHAYA_STORE_MEMORY_STORE_H
#define SAHAYA_STORE_MEMORY_STORE_H

#include "core/ports.h"
#include "store/memory_heap.h"

struct sah_memory_store;

#define SAH_MEMORY_OWNERS 64

struct sah_memory_store_settings {
    int64_t now_ms;
    enum sah_lane lane;
    uint32_t lease_ms[SAH_N_CLASSES]; /* 0 = the policy's */
    uint32_t order_bound_ms;          /* 0 = 2000 */
    uint32_t owner_dead_ms;           /* 0 = 2000 */
    uint64_t first_event;             /* outbox events are numbered from behind this one */
    const char *run_id;               /* what a commit says; NULL = "memory"; borrowed */
    void (*on_pending)(void *data);   /* a completion waits for its turn; may be NULL */
    void *data;
};

enum sah_memory_fault {
    SAH_MEMORY_FINE = 0,
    SAH_MEMORY_DOWN,           /* SAH_EDOWN, not applied */
    SAH_MEMORY_TIMEOUT_BEFORE, /* SAH_ETIMEOUT, not applied */
    SAH_MEMORY_TIMEOUT_AFTER,  /* SAH_ETIMEOUT, applied: the reply was lost */
};

enum sah_memory_state {
    SAH_MEMORY_READY,
    SAH_MEMORY_LEASED,
    SAH_MEMORY_DELAYED,
    SAH_MEMORY_WAITING, /* for its turn (I10) */
    SAH_MEMORY_DONE,
    SAH_MEMORY_DEAD,
};

/* A delivery as it stands; for checkers of invariants. */
struct sah_memory_delivery {
    char key[SAH_KEY_SIZE];
    char request_id[SAH_REQUEST_ID_SIZE];
    char agency[SAH_AGENCY_SIZE];
    char endpoint[SAH_AGENCY_SIZE];
    struct sah_id message_id;
    enum sah_kind kind;
    uint32_t sequence;
    enum sah_memory_state state;
    uint64_t epoch, accept_seq;
    unsigned attempts, class;
    bool possible_duplicate, fell_back;
    int64_t accepted_ms;
    unsigned owner;     /* leased: by which router */
    int64_t due_ms;     /* leased: when the lease ends; delayed: when it is due */
    int64_t first_ms;   /* first leased or delayed; -1 = not yet */
    int64_t waiting_ms; /* since when it waits for its turn */
    int64_t goes_ms;    /* P0 and P1: until when order may hold it; INT64_MAX = no clock runs yet */
    unsigned answered;  /* leases up to the last one whose result is known */
    int64_t replayed_ms; /* 0 = never */
    int64_t dead_ms;     /* dead: since when, and why */
    enum sah_answer_kind why;
    unsigned n_previous;
    struct sah_previous previous[SAH_PREVIOUS_MAX];
    char carried_by[SAH_KEY_SIZE]; /* done because the agency has it in that one; "" = by itself */
    uint64_t made;             /* of the store: the how manyth it is */
    struct memory_place place; /* of the store: where it is looked for, by its state */
};

SAH_MUST_USE int sah_memory_store_create(const struct sah_memory_store_settings *settings,
                                         struct sah_memory_store **ret_memory);
void sah_memory_store_destroy(
    struct sah_memory_store *memory); /* NULL is fine; completes nothing */
const struct sah_store *sah_memory_store_port(struct sah_memory_store *memory);

/* The wall clock; it may go back, and what the store counts by does not. */
void sah_memory_store_set_now(struct sah_memory_store *memory, int64_t wall_ms);
/* With a monotonic clock beside it a step forward can be told from time that passed. */
void sah_memory_store_set_clocks(struct sah_memory_store *memory, int64_t wall_ms, uint64_t mono_ms);
int64_t sah_memory_store_now(const struct sah_memory_store *memory); /* what it counts by */
/* Which router calls from now on: the number of one life of it, below SAH_MEMORY_OWNERS; 0 at
 * first. */
void sah_memory_store_as(struct sah_memory_store *memory, unsigned owner);
/* The oldest completion; false when there is none. */
bool sah_memory_store_step(struct sah_memory_store *memory);
/* All that wait now, and none that join meanwhile; returns how many. */
unsigned sah_memory_store_run(struct sah_memory_store *memory);
/* The router died: no completion comes. Returns how many were dropped. */
unsigned sah_memory_store_forget(struct sah_memory_store *memory);
/* The link was closed over a late reply: what waits was done and hears SAH_ETIMEOUT. */
void sah_memory_store_lose(struct sah_memory_store *memory);
/* The next n operations meet this fault. */
void sah_memory_store_fail_next(struct sah_memory_store *memory, enum sah_memory_fault fault,
                                unsigned n);

/* ---- moving a request into another store (memory_store_move.c): hold, export, drop */
bool sah_memory_store_has(const struct sah_memory_store *memory, const char *request_id);
/* NULL: nobody knows it. */
const struct sah_memory_delivery *sah_memory_store_find(const struct sah_memory_store *memory, const char *key);
size_t sah_memory_store_requests(const struct sah_memory_store *memory);
uint64_t sah_memory_store_revision(const struct sah_memory_store *memory, const char *request_id); /* 0: nobody knows it */
/* From now on nothing of it is leased and no timer of it is handed out. False, and not held, while
 * a delivery of it is leased or an event of it may just be under way. */
bool sah_memory_store_hold(struct sah_memory_store *memory, const char *request_id, bool with_events);
void sah_memory_store_release(struct sah_memory_store *memory, const char *request_id);
/*
 * Message i of the request (0: the request itself) as a change for a store that does not have it,
 * its deliveries marked by what is known of them. The first also has lines and timers. The first, and
 * one past the last message, has the oldest events that nobody acked: again and again, until all of
 * them were moved. Borrows the bytes. False: there is no such message, and no event left.
 */
bool sah_memory_store_export(const struct sah_memory_store *memory, const char *request_id, size_t i,
                             struct sah_change *ret_change);
/* The main store numbered this far: what is said next has a higher number (I10). */
void sah_memory_store_numbered(struct sah_memory_store *memory, const char *request_id, uint32_t sequence);
void sah_memory_store_event_moved(struct sah_memory_store *memory, const char *event_id);
void sah_memory_store_drop(struct sah_memory_store *memory, const char *request_id);

/* To look inside: deliveries in the order in which they were made; NULL past the end. */
const struct sah_memory_delivery *
sah_memory_store_delivery(const struct sah_memory_store *memory, size_t i);
size_t sah_memory_store_outbox(const struct sah_memory_store *memory); /* events not acked */

#endif
