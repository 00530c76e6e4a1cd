/*
 * memory_store_priv - what the files of the store in memory share: memory_store.c (the port and
 * its completions), memory_store_commit.c and memory_store_model.c (what Redis would do).
 * Nobody else includes it.
 */
#ifndef SAHAYA_STORE_MEMORY_STORE_PRIV_H
#define SAHAYA_STORE_MEMORY_STORE_PRIV_H

#include "store/memory_index.h"
#include "store/memory_store.h"

#define QUARANTINE_KEPT 1000

struct vec { /* of pointers it owns */
    void **v;
    size_t n, cap;
};
void vec_add(struct vec *vec, void *item);
void vec_remove(struct vec *vec, size_t i); /* keeps the order; does not free */
void vec_fini(struct vec *vec);
/* Takes an item out of a vec whose items have rising numbers at this offset. */
void vec_forget(struct vec *vec, const void *item, size_t number_at);

struct memory_message {
    struct sah_id id;
    char request_id[SAH_REQUEST_ID_SIZE];
    char incident_id[SAH_INCIDENT_ID_SIZE];
    uint64_t accept_seq;
    int64_t accepted_ms;
    enum sah_kind kind;
    uint32_t sequence;
    size_t len;
    char bytes[];
};
struct memory_queue { /* of an endpoint: what is ready there, by accept sequence */
    char endpoint[SAH_AGENCY_SIZE];
    struct memory_heap ready[SAH_N_CLASSES];
};
struct memory_request {
    uint64_t made;
    struct memory_place place; /* among those with a timer, by the first of them */
    struct vec events;         /* not acked; of the store's */
    struct sah_request_view view; /* view.request is set by a load */
    const struct memory_message *first;
    struct vec messages, deliveries; /* its own; they are freed with those of the store */
    bool held;                       /* memory_store_move.c: nothing of it is handed out */
    char service[SAH_SERVICE_SIZE];
    char incident_type[SAH_TYPE_SIZE];
    char rule[SAH_RULE_SIZE];
    uint64_t sender; /* hash */
    unsigned n_exact;
    char exact[SAH_EXACT_MAX][SAH_EXACT_SIZE];
    struct memory_timer { /* of the line at the same place; its kind and level are in the view
                           */
        bool armed;
        int64_t due_ms, next_ms; /* when it should fire; when it is handed out next */
    } timers[SAH_LINES_MAX];
};
struct memory_event {
    uint64_t seq;
    struct sah_outbox_event event;
    int64_t hidden_until_ms;
};

struct memory_page { /* of an incident */
    char main_id[SAH_REQUEST_ID_SIZE];
    unsigned n_members;
    char members[SAH_MEMBERS_MAX][SAH_REQUEST_ID_SIZE];
    bool has_told;
    int64_t told_ms;
};
struct memory_item {
    char main_id[SAH_REQUEST_ID_SIZE];
    struct sah_item item;
    bool told, over;
    uint64_t told_place;
};
struct memory_work {
    struct sah_work work;
    int64_t due_ms;
};
struct memory_fed {
    int64_t at_ms;
    char text[SAH_FEED_SIZE];
};
struct memory_exact {
    char hash[SAH_EXACT_SIZE], request_id[SAH_REQUEST_ID_SIZE];
    int64_t until_ms; /* 0 = while the request is open */
};
struct memory_history {
    uint64_t sender;
    struct sah_sender_history counts;
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
    struct memory_index request_of, message_of, delivery_of;
    struct vec queues; /* by endpoint */
    struct memory_index queue_of;
    struct memory_heap leased, delayed, waiting, timed; /* by when they are due; timed: requests */
    uint64_t n_made;
    struct vec quarantined; /* JSON texts, oldest first */
    struct vec pages, items, works, fed, histories, exacts;
    uint64_t told_places;
    uint64_t accept_seq, event_seq, n_accepted, n_duplicates, n_quarantined;
    unsigned n_held;
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
void model_incident_forget(struct sah_memory_store *memory, const char *request_id);
/* Where it is found from now on: to be called after each change of state, class, endpoint or time. */
void model_place(struct sah_memory_store *memory, struct sah_memory_delivery *d);
void model_place_timers(struct sah_memory_store *memory, struct memory_request *r);
void model_place_fini(struct sah_memory_store *memory);
void model_forget_event(struct sah_memory_store *memory, const char *event_id);
/* Ready when it may go, else waiting for its turn; true when ready. */
bool model_ready_or_wait(struct sah_memory_store *memory, struct sah_memory_delivery *d);
/* NULL: stale. */
struct sah_memory_delivery *model_settle_target(const struct sah_memory_store *memory,
                                                const struct sah_settle *settle,
                                                const char *request_id);
void model_settle_apply(struct sah_memory_store *memory, struct sah_memory_delivery *d,
                        const struct sah_settle *settle);
#define FN(fn) ((void (*)(void))(fn))
struct memory_pending {
    struct memory_pending *next;
    void (*finish)(struct sah_memory_store *memory, const struct memory_pending *p);
    int err;
    void (*fn)(void); /* the typed function; each finish knows which */
    void *fn_data;
    unsigned n;
    uint64_t total;
    void *items; /* leased, events, queues, view, text: freed after the completion */
    struct sah_committed committed;
    struct sah_ticked ticked;
    struct sah_store_stats stats;
};
/* memory_store.c: a completion's place in the queue; the fault that an operation meets. */
struct memory_pending *memory_defer(struct sah_memory_store *memory,
                                    void (*finish)(struct sah_memory_store *,
                                                   const struct memory_pending *),
                                    void (*fn)(void), void *fn_data);
bool memory_is_applied(struct sah_memory_store *memory, int *ret_err);
void memory_finish_done(struct sah_memory_store *memory, const struct memory_pending *p);
void memory_incident_ports(struct sah_store *port); /* memory_store_page.c */

/* memory_store_incident.c */
bool model_incident_good(const struct sah_change *change);
void model_incident_store(struct sah_memory_store *memory, struct memory_request *r,
                          const struct sah_change *change);
void model_carry(struct sah_memory_store *memory, const struct sah_change *change);
void model_incident_changed(struct sah_memory_store *memory, const struct sah_change *change);
void model_tick_works(struct sah_memory_store *memory, struct sah_ticked *ret);
struct memory_history *model_history(const struct sah_memory_store *memory, uint64_t sender);
int model_join(struct sah_memory_store *memory, const char *main_id, const struct sah_item *item,
               bool at_once, uint32_t update_ms);
int model_page(const struct sah_memory_store *memory, const char *main_id, struct sah_page *ret);
void model_page_done(struct sah_memory_store *memory, const char *main_id,
                     const struct sah_page_done *done);
void model_work_over(struct sah_memory_store *memory, const char *request_id,
                     enum sah_work_kind kind);
void model_feed(const struct sah_memory_store *memory, uint32_t window_ms, struct sah_fed *ret);
/* memory_store_exact.c. The open request that has what the change wants; NULL: this one may. */
const struct memory_request *model_exact_holder(const struct sah_memory_store *memory,
                                                const struct sah_change *change);
void model_exact_store(struct sah_memory_store *memory, struct memory_request *r,
                       const struct sah_change *change);
int model_commit(struct sah_memory_store *memory, const struct sah_change *change,
                 struct sah_committed *ret);
unsigned model_lease(struct sah_memory_store *memory, const char *endpoint, unsigned max_class,
                     unsigned n, struct sah_leased *ret);
int model_settle(struct sah_memory_store *memory, const struct sah_settle *settle);
void model_tick(struct sah_memory_store *memory, unsigned limit, struct sah_ticked *ret);
void model_stats(const struct sah_memory_store *memory, struct sah_store_stats *stats,
                 struct sah_queue_stat *queues);
void model_replay(struct sah_memory_store *memory, struct sah_memory_delivery *d, const struct sah_plan *plan);
unsigned model_dead(const struct sah_memory_store *memory, const char *endpoint, unsigned skip, unsigned n,
                    struct sah_dead_letter *ret, uint64_t *ret_total);
unsigned model_endpoints(const struct sah_memory_store *memory, char (*ret)[SAH_AGENCY_SIZE]);
unsigned model_take(struct sah_memory_store *memory, const char *channel, unsigned n,
                    uint32_t lease_ms, struct sah_outbox_event *ret);

#endif
