/*
 * memory_store_priv - what the files of the store in memory share: memory_store.c (the port and
 * its completions), memory_store_commit.c and memory_store_model.c (what Redis would do).
 * Nobody else includes it.
 */
#ifndef SAHAYA_STORE_MEMORY_STORE_PRIV_H
#define SAHAYA_STORE_MEMORY_STORE_PRIV_H

#include "store/memory_store.h"

#define QUARANTINE_KEPT 1000

struct vec { /* of pointers it owns */
    void **v;
    size_t n, cap;
};
void vec_add(struct vec *vec, void *item);
void vec_remove(struct vec *vec, size_t i); /* keeps the order; does not free */
void vec_fini(struct vec *vec);

struct memory_message {
    struct sah_id id;
    char request_id[SAH_REQUEST_ID_SIZE];
    char incident_id[SAH_INCIDENT_ID_SIZE];
    uint64_t accept_seq;
    int64_t accepted_ms;
    size_t len;
    char bytes[];
};
struct memory_request {
    struct sah_request_view view; /* view.request is set by a load */
    const struct memory_message *first;
    char service[SAH_SERVICE_SIZE];
    char incident_type[SAH_TYPE_SIZE];
    char rule[SAH_RULE_SIZE];
    struct memory_timer { /* of the line at the same place; its kind and level are in the view
                           */
        bool armed;
        int64_t due_ms, next_ms; /* when it should fire; when it is handed out next */
    } timers[SAH_LINES_MAX];
};
struct memory_event {
    struct sah_outbox_event event;
    int64_t hidden_until_ms;
};

struct memory_pending;
struct sah_memory_store {
    uint32_t magic;
    struct sah_store port;
    struct sah_memory_store_settings settings;
    int64_t now_ms;         /* by its own clock: the wall clock, made to go forward only */
    int64_t offset_ms;      /* what it is ahead of the wall clock */
    uint64_t mono_ms, n_jumps;
    unsigned owner; /* who calls */
    struct memory_owner {
        bool known;
        int64_t beat_ms;
    } owners[SAH_MEMORY_OWNERS];
    int64_t judged_since_ms; /* since when owners are judged by their beat */
    struct vec requests, messages, deliveries, events;
    struct vec quarantined; /* JSON texts, oldest first */
    uint64_t accept_seq, event_seq, n_accepted, n_duplicates, n_quarantined;
    struct sah_message *scratch;
    enum sah_memory_fault fault;
    unsigned n_faults;
    struct memory_pending *first, *last;
};

struct memory_request *model_request(const struct sah_memory_store *memory,
                                     const char *request_id);
struct sah_memory_delivery *model_delivery(const struct sah_memory_store *memory,
                                           const char *key);
struct memory_message *model_message(const struct sah_memory_store *memory,
                                     const struct sah_id *id);
/* Ready when it may go, else waiting for its turn; true when ready. */
bool model_ready_or_wait(struct sah_memory_store *memory, struct sah_memory_delivery *d);
/* NULL: stale. */
struct sah_memory_delivery *model_settle_target(const struct sah_memory_store *memory,
                                                const struct sah_settle *settle,
                                                const char *request_id);
void model_settle_apply(struct sah_memory_store *memory, struct sah_memory_delivery *d,
                        const struct sah_settle *settle);
int model_commit(struct sah_memory_store *memory, const struct sah_change *change,
                 struct sah_committed *ret);
unsigned model_lease(struct sah_memory_store *memory, const char *endpoint, unsigned max_class,
                     unsigned n, struct sah_leased *ret);
int model_settle(struct sah_memory_store *memory, const struct sah_settle *settle);
void model_tick(struct sah_memory_store *memory, unsigned limit, struct sah_ticked *ret);
void model_stats(const struct sah_memory_store *memory, struct sah_store_stats *stats,
                 struct sah_queue_stat *queues);
unsigned model_take(struct sah_memory_store *memory, const char *channel, unsigned n,
                    uint32_t lease_ms, struct sah_outbox_event *ret);

#endif
