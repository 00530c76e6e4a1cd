/*
 * core - the order of events: what happens to a message, a lease, an answer, a status.
 *
 * Owns:    nothing that must survive; everything durable is behind the store port. In memory: what
 *          is in flight.
 * Used by: app.c (the shell around it), tests/lib (fakes and simulated time).
 * Never:   does I/O, reads a clock, blocks. It is told the time and answers when it wants a turn.
 *
 * Invariants kept here: I1 (intake.c), I4 and I5 (dispatch.c), I6 (keys follow from message and
 * agency), I7 (leasing.c: reserved slots), I8 (events ride in the commit), I9 (status.c, refer.c),
 * I11 (one slot table an endpoint).
 */
#ifndef SAHAYA_CORE_CORE_H
#define SAHAYA_CORE_CORE_H

#include <sahaya/log.h>

#include "core/ports.h"
#include "policy/destination.h"
#include "policy/rank.h"
#include "policy/route.h"
#include "policy/sameness.h"

struct sah_admission { /* of P4 in the bulk lane; 0 = no limit */
    uint64_t queued_max;    /* deliveries that the lane holds */
    uint64_t oldest_max_ms; /* how long an agency's oldest booking waits */
};
struct sah_core_settings { /* everything is borrowed for the core's life */
    enum sah_lane lane;
    unsigned partitions; /* of senders; 1..SAH_PARTITIONS_MAX */
    unsigned jobs_max;   /* messages and statuses under way at most; bulk, questions and statuses may use four fifths */
    struct sah_admission admission;
    const struct sah_policy *policy;
    const struct sah_roster *roster;
    const struct sah_store *store;
    const struct sah_agencies *agencies;
    const struct sah_adapters *adapters;
    const struct sah_chance *chance;
    const struct sah_sameness_rules *sameness; /* NULL: reports are not matched; always so in the bulk lane */
    unsigned incidents_max;                    /* live incidents that are kept in memory; 0 = 20,000 */
    /* The direct core of away/: a commit may wait for the disk, so it leases nothing, for an endpoint's next
     * ones must not wait with it (I11); and words for what is over open it again, for the journal has them
     * under its name (I4). */
    bool direct;
    struct sah_log *log; /* may be NULL */
};

struct sah_now {
    uint64_t mono_ms;
    int64_t wall_ms;
};

struct sah_core;
SAH_MUST_USE int sah_core_create(const struct sah_core_settings *settings, struct sah_core **ret_core);
/* Forgets what is in flight (leases come home by themselves). Completions of ports that arrive
 * later must not: destroy the ports first. */
void sah_core_destroy(struct sah_core *core);

/*
 * A message from an adapter: REQUEST, AMENDMENT, CANCEL or STATUS_QUERY, with its bytes. Both are
 * copied. `fn` gets one RESULT, exactly once, maybe from inside: ACCEPTED only after the store has
 * it (I1). Anything else in `message->kind` is our mistake.
 */
typedef void sah_core_result_fn(void *data, const struct sah_message *result);
void sah_core_take(struct sah_core *core, const struct sah_message *message, struct sah_slice bytes,
                   struct sah_now now, sah_core_result_fn *fn, void *data);
/* One whose citizen was told its own name already: it becomes part of no other request. */
void sah_core_take_accepted(struct sah_core *core, const struct sah_message *message, struct sah_slice bytes,
                            struct sah_now now, sah_core_result_fn *fn, void *data);

/* An agency said something; `status->agency` is proven by its token already. */
enum sah_status_code {
    SAH_STATUS_APPLIED, SAH_STATUS_REPEATED, SAH_STATUS_HISTORY,
    SAH_STATUS_NOT_FOUND,   /* unknown, or not a request of this agency */
    SAH_STATUS_ILLEGAL,     /* not a listed move: `from`, `allowed` */
    SAH_STATUS_NEEDS_NAME,  /* a person's state without `by` */
    SAH_STATUS_UNAVAILABLE, /* the store cannot take it now: ask again */
};
struct sah_status_result {
    enum sah_status_code code;
    enum sah_state from, state;
    unsigned n_allowed;
    enum sah_state allowed[SAH_N_STATES];
};
typedef void sah_status_fn(void *data, const struct sah_status_result *result);
void sah_core_status(struct sah_core *core, const struct sah_agency_status *status, struct sah_now now,
                     sah_status_fn *fn, void *data);

/* Is a request of this service a booking at this agency, and not a call for help? */
bool sah_core_books(const struct sah_core *core, const char *service, const char *agency);

/* A change that comes from elsewhere: sets the timers that its lines want and it has not, so that somebody
 * watches whatever is unanswered once it is written (I9). `view`: of the request before; NULL = new. */
void sah_core_rearm(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view);

/* Would a message be answered RETRY for want of room, whatever the store says? */
bool sah_core_is_full(const struct sah_core *core, const struct sah_message *message);

/* A person at `agency`, which has both, says that a request belongs to the incident of main_id, or that
 * it does not. SAH_ENOENT: not a request of this agency; SAH_ECONFLICT: it is linked elsewhere, carries
 * others, or main_id is closed; SAH_EAGAIN and others: ask again. */
typedef void sah_link_fn(void *data, int err);
/* A request that the store has and that was never compared with others: linked late, if at all. False:
 * not now, for what others accepted is not known. */
bool sah_core_compare(struct sah_core *core, const char *request_id, struct sah_now now);
void sah_core_link(struct sah_core *core, const char *request_id, const char *main_id, const char *agency,
                   struct sah_now now, sah_link_fn *fn, void *data);
void sah_core_unlink(struct sah_core *core, const char *request_id, const char *agency, struct sah_now now,
                     sah_link_fn *fn, void *data);

/* An adapter has an outbox event safe. */
void sah_core_outbox_ack(struct sah_core *core, const char *event_id);
/* An adapter said hello: there may be events for it. */
void sah_core_adapter_came(struct sah_core *core, struct sah_now now);
/* The store is back after it was away: look everywhere at once. */
void sah_core_store_came(struct sah_core *core, struct sah_now now);

/* ---- what a person decides (replay.c); `by` is who, in the audit record: letters, digits, " ._@-" */
#define SAH_WHO_SIZE 41
enum sah_decided {
    SAH_DECIDED_DONE,
    SAH_DECIDED_NOTHING,      /* it was so before */
    SAH_DECIDED_OVER,         /* replay: somebody has the request or it has ended; put away */
    SAH_DECIDED_WITH_REQUEST, /* replay: goes with its request, which is a dead letter there too */
    SAH_DECIDED_NO_AGENCY,    /* replay: the roster does not know it any more */
    SAH_DECIDED_NOT_FOUND,
    SAH_DECIDED_NEEDS_NAME,   /* a class goes down only by a person with a name */
    SAH_DECIDED_WRONG_LANE,   /* the bulk lane takes no P0-P2: it must be a new request */
    SAH_DECIDED_UNAVAILABLE,  /* the store cannot take it now: ask again */
};
typedef void sah_decided_fn(void *data, enum sah_decided decided);
/* One dead letter goes out again. Saying it twice is harmless. */
void sah_core_replay(struct sah_core *core, const struct sah_dead_letter *letter, const char *by, struct sah_now now,
                     sah_decided_fn *fn, void *data);
void sah_core_reclassify(struct sah_core *core, const char *request_id, enum sah_priority priority, const char *by,
                         struct sah_now now, sah_decided_fn *fn, void *data);

/* Who takes what comes in from adapters and agencies: a core, or what stands before it (away/). The
 * four calls are those above. */
struct sah_front {
    void *data;
    void (*take)(void *data, const struct sah_message *message, struct sah_slice bytes, struct sah_now now,
                 sah_core_result_fn *fn, void *fn_data);
    void (*status)(void *data, const struct sah_agency_status *status, struct sah_now now, sah_status_fn *fn,
                   void *fn_data);
    void (*outbox_ack)(void *data, const char *event_id);
    void (*adapter_came)(void *data, struct sah_now now);
    /* sah_core_link(), or sah_core_unlink() when main_id is "". */
    void (*link)(void *data, const char *request_id, const char *main_id, const char *agency, struct sah_now now,
                 sah_link_fn *fn, void *fn_data);
};
struct sah_front sah_core_front(struct sah_core *core);

/* No new leases, events or messages; what is in flight goes on, and of what is being leased P0 and P1 go
 * out still, the rest goes back to its place. Ticks are wanted until sah_core_in_flight() is 0. */
void sah_core_stop(struct sah_core *core);
/* Attempts and jobs still under way. */
unsigned sah_core_in_flight(const struct sah_core *core);

/* One turn; returns in how many ms it wants the next (1..1000). */
uint32_t sah_core_tick(struct sah_core *core, struct sah_now now);

/* ---- for metrics and the queues page */
#define SAH_CORE_COUNTERS(X)                                                                   \
    X(clock_jumps) X(replayed) X(reclassified) X(poisoned) X(moved) X(not_admitted)            \
    X(requests) X(amendments) X(cancels) X(status_queries) X(accepted) X(duplicates)           \
    X(wrong_lane) X(refused) X(not_found) X(retry_later) X(catch_all) X(conflicts)              \
    X(leased) X(attempts) X(machine_acks) X(refusals) X(busy) X(troubles) X(unreachable)        \
    X(unknown_outcomes) X(retries) X(fallbacks) X(chain_ended) X(expired)                       \
    X(statuses_applied) X(statuses_repeated) X(statuses_history) X(statuses_refused)           \
    X(escalations_l1) X(escalations_l2) X(escalations_l3) X(alarms_waiting) X(alarms_en_route) X(copies_told) \
    X(linked) X(let_go) X(updates) X(dedup_unavailable) X(compared_late) X(repeated)                            \
    X(events_sent) X(events_acked)
struct sah_core_counters {
#define X(name) uint64_t name;
    SAH_CORE_COUNTERS(X)
#undef X
    uint64_t accepted_by_class[SAH_N_CLASSES];
    /* accept to socket, in buckets of le 5 10 20 50 100 250 500 1000 2000 5000 ms and above */
    uint64_t to_socket[SAH_N_CLASSES][11];
    uint64_t to_socket_sum_ms[SAH_N_CLASSES];
};
extern const unsigned sah_core_bucket_ms[10];
const struct sah_core_counters *sah_core_counters(const struct sah_core *core);
unsigned sah_core_jobs(const struct sah_core *core);
struct sah_endpoint_view {
    const struct sah_agency *agency;
    const struct sah_endpoint *endpoint;
    unsigned in_flight;
    unsigned failing; /* destination faults in a row */
    unsigned window;  /* attempts of P2-P4 it is trusted with now, 1..concurrency */
    enum sah_breaker breaker;
};
unsigned sah_core_endpoints(const struct sah_core *core);
struct sah_endpoint_view sah_core_endpoint(const struct sah_core *core, unsigned i);
/* Endpoints that are not in the roster and still have deliveries, as of the last look (unsent.c). */
#define SAH_FORGOTTEN_MAX 32
unsigned sah_core_forgotten(const struct sah_core *core, const struct sah_queue_stat **ret_stats);

#endif
