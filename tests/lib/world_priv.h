/*
 * world_priv - what the files of the world share. Nobody else includes it.
 *
 * The world looks into the fake store (memory_store_priv.h) to compare what the router said with
 * what is kept; only planted faults change anything there.
 */
#ifndef SAHAYA_TESTS_WORLD_PRIV_H
#define SAHAYA_TESTS_WORLD_PRIV_H

#include "away/away_priv.h"
#include "lib/core_rig_priv.h"
#include "store/memory_store_priv.h"
#include "lib/world.h"
#include "policy/lifecycle.h"

#define WORLD_REQUESTS_MAX 160
#define WORLD_MESSAGES_MAX 800
#define WORLD_CASES_MAX    1024
#define WORLD_EVIDENCE_MAX 256
#define WORLD_ENDPOINTS    16
#define WORLD_AGENCIES     15
#define WORLD_HEALTHY_MS   5000 /* after so long nothing may still wait for the store */

#define STATE_BIT(state)   (UINT32_C(1) << SAH_STATE_##state)
#define IS_IN(state, bits) (((UINT32_C(1) << (state)) & (bits)) != 0)

enum world_call_kind {
    CALL_COMMIT,
    CALL_LOAD,
    CALL_LEASE,
    CALL_DONE, /* settle, ack, quarantine */
    CALL_TICK,
    CALL_STATS,
    CALL_EVENTS,
    CALL_PIECES,
    CALL_PAGE,
    CALL_BYTES,
    CALL_FEED,
    CALL_DEAD,
    CALL_NAMES,
    CALL_SEND,
};

struct world_router;
struct world_call { /* a call of a router on a port, until it is completed */
    struct world_call *next, **link;
    struct world_router *router;
    enum world_call_kind kind;
    void (*fn)(void);
    void *data;
    bool dead;   /* the router died: nobody wants to know */
    bool fakes;  /* the fake holds it too, and completes it */
    bool held;   /* an answer for a router that hangs */
    bool forged; /* a planted fault answers it instead */
    bool direct; /* an attempt of the direct core */
    bool is_late; /* its answer was put off already */
    struct sah_committed committed;
    struct sah_agency_answer answer;
    char key[SAH_KEY_SIZE]; /* of an attempt */
    char request_id[SAH_REQUEST_ID_SIZE], agency[SAH_AGENCY_SIZE];
    uint64_t epoch;
    uint64_t due_ms; /* when an attempt's answer comes */
};

struct world_router {
    struct world *w;
    unsigned index, generation, life; /* life: how the store knows this run of it */
    struct sah_core *core;            /* NULL: it is not running */
    bool dying, ticked;
    struct sah_store store;
    struct sah_agencies agencies;
    struct sah_adapters adapters;
    struct world_call *calls;
    uint64_t next_tick_ms, stalled_until_ms, up_since_ms;
    int64_t wall_offset_ms;
    struct sah_front front;
    struct fake_journal *journal; /* these are of a world with `away` alone */
    struct sah_away_journal journal_port;
    struct sah_away *away;
    bool woken, disk_stalls;
    uint64_t disk_since_ms; /* when it last began to write */
    bool sends_directly;         /* its direct core does, just now */
    struct sah_agencies direct;  /* as the direct core had them */
    void (*direct_commit)(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data);
    uint64_t events_seen; /* of its direct core */
    enum world_link link;
    uint64_t link_until_ms; /* 0 = until it is said */
    struct world_late *late_first, *late_last; /* answers on their way, in order */
};

struct world_message { /* of a citizen, with all that is needed to say it again */
    enum sah_kind kind;
    unsigned who;
    const char *service, *cue, *also; /* static texts or "" */
    const char *type;                 /* of incident; NULL = not said, and no place */
    unsigned metres;
    unsigned connection; /* of a booking; 0 = not said */
    bool same_words;     /* as everybody says them: counted when the same citizen does at once */
    enum sah_amendment_kind amendment;
    char request_id[SAH_REQUEST_ID_SIZE];
    enum sah_result_code code;
    unsigned accepted, under_way, asked;
    bool journaled; /* a router accepted it without the store */
    bool kept_for_a_person; /* a router brought it back, and nobody could take it */
    uint64_t sent_ms;
};

struct world_request { /* the ledger's page of a request */
    char request_id[SAH_REQUEST_ID_SIZE];
    const struct memory_request *kept; /* NULL: the store does not have it yet */
    char incident_id[SAH_INCIDENT_ID_SIZE];
    unsigned who;
    bool booking;
    uint32_t told;                   /* states in events that were written */
    uint32_t person[WORLD_AGENCIES]; /* what a person of an agency said */
    uint32_t spoke;                  /* bit = agency that said anything */
    enum sah_state helps[WORLD_AGENCIES]; /* the newest of a person that was taken, if it is help... */
    unsigned helps_by[WORLD_AGENCIES];    /* ...and by which router */
    uint32_t heard[WORLD_AGENCIES];  /* states that an adapter has safe */
};

struct world_delivery { /* the ledger's line of a delivery, at the same index as in the store */
    struct sah_memory_delivery *kept;
    unsigned request;
    uint64_t place;      /* its accept sequence when it was made */
    uint64_t epoch;      /* the newest that was leased */
    bool acked;          /* the agency said 2xx to an attempt */
    bool over_seen;      /* done or dead, by a change that was seen */
    bool dead;           /* a dead letter, by a change that was seen */
    bool went_before;    /* it was sent before it came into the store */
    bool had_it;         /* ...done at least once: what comes now is an alert */
    bool ready, waiting; /* when it was last looked at */
    uint64_t replayed_ms; /* 0 = never */
    unsigned class;      /* then, when it was ready */
    uint64_t ready_since_ms, waiting_since_ms;
    int64_t first_store_ms; /* first leased; -1 = not yet */
    uint64_t first_mono_ms, made_mono_ms;
    int64_t made_store_ms;
};

struct world_case { /* an agency has a request */
    unsigned request;
    unsigned agency;
    unsigned stage;
};

struct world_evidence { /* a 2xx that a router was given and has not written */
    char key[SAH_KEY_SIZE];
    uint64_t epoch, since_ms;
    unsigned router, generation;
    bool direct;
};

struct world {
    struct rig *rig;
    struct world_away *away; /* NULL: routers without a journal */
    struct sah_memory_store *fake;
    const struct sah_store *fake_port;
    const struct sah_agencies *agencies_port;
    const struct sah_adapters *adapters_port;
    struct sah_chance chance;
    uint64_t dice;
    unsigned n_routers, n_lives;
    struct world_router routers[WORLD_ROUTERS_MAX];
    uint64_t now_ms;
    int64_t store_offset_ms; /* of the store's wall clock */
    enum world_store store_is;
    enum sah_memory_fault next_fault;
    uint64_t healthy_since_ms, healed_ms; /* healed_ms: when the end began, 0 = not yet */
    bool adapters_there, adapters_ack, draining, incidents;
    enum world_manner manners[WORLD_ENDPOINTS];

    struct world_message messages[WORLD_MESSAGES_MAX];
    unsigned n_messages;
    struct world_request requests[WORLD_REQUESTS_MAX];
    unsigned n_requests;
    struct world_delivery *deliveries;
    size_t n_deliveries, cap_deliveries;
    size_t *active; /* indices of deliveries that are not over */
    size_t n_active, cap_active;
    struct world_case cases[WORLD_CASES_MAX];
    unsigned n_cases;
    struct world_evidence evidence[WORLD_EVIDENCE_MAX];
    unsigned n_evidence;
    uint8_t *heard; /* by event number: an adapter has it safe */
    size_t cap_heard;

    unsigned step;
    bool is_violated;
    struct world_violation violation;
    const char *trace;
    int plant; /* index into world_plants, -1 = none */
    struct sah_change *planted;
    unsigned plant_count;
    struct sah_outbox_event plant_event;
};

/* ---- world.c */
struct world_call *world_call_new(struct world_router *r, enum world_call_kind kind,
                                  void (*fn)(void), void *data);
void world_call_free(struct world_call *call);
int64_t world_store_now(const struct world *w);
struct world_router *world_some_router(struct world *w); /* one that is up; NULL = none */

/* ---- world_ports.c */
void world_ports_init(struct world_router *r);
/* A call that goes to a fake; NULL: the router is dying, and world_crash() answers it. */
struct world_call *world_call_begin(struct world_router *r, enum world_call_kind kind,
                                    void (*fn)(void), void *data);
void world_answered(void *data, const struct sah_agency_answer *answer);
/* ---- world_agencies.c: sah_agencies.send of a router */
void world_send(void *data, const struct sah_leased *leased, uint32_t deadline_ms,
                sah_agency_fn *fn, void *fn_data);

void world_call_fail(struct world_call *call); /* completes it as a dying router hears it */
void world_give_held(struct world_router *r);
/* Whose call a completion that waits in the store is; NULL: nobody's of the world. */
struct world_call *world_call_of(const struct memory_pending *p);

/* ---- world_away.c: routers that have a journal; each does nothing in a world without */
void away_start(struct world_router *r, struct sah_core_settings *settings); /* before the core */
void away_attach(struct world_router *r);                                   /* after it */
void away_stop(struct world_router *r);
void away_end(struct world_router *r); /* the core is destroyed between the two calls */
unsigned away_settle(struct world *w);
void away_wake(struct world *w);
uint64_t away_next_ms(const struct world *w, uint64_t end_ms);
uint32_t away_grain(const struct world *w, uint64_t since_ms, uint32_t grain_ms);
/* Before the store completes anything: what is late waits, what was late goes on. */
void away_hold_back(struct world *w);
enum sah_memory_fault away_fault(struct world_router *r, enum sah_memory_fault fault);
bool away_is_calm(struct world *w);
bool away_heal(struct world *w); /* true: nothing is left to bring back */
struct world_away *away_new(void);
void away_free(struct world *w);
struct world_router *away_ack_to(struct world *w, const char *event_id, struct world_router *other);

/* ---- world_check_away.c: the invariants over the store, the journals and the direct cores */
const struct sah_memory_delivery *away_delivery(const struct world_router *r, const char *key);
bool away_is_durable(const struct world *w, const struct sah_id *id); /* a disk has it */
bool away_is_acked(const struct world *w, const char *key);
void away_acked(struct world *w, const char *key);
void away_written(struct world_router *r, const char *key); /* the direct core says that an agency has it */
bool away_is_import(const struct sah_change *change);
void away_check_import(struct world *w, const struct world_router *r, const struct sah_change *change);
void away_ended(struct world *w, struct world_request *page);
/* What the direct core sends: its page, or -1 (I6). */
int away_check_send(struct world *w, const struct world_router *r, const struct sah_leased *leased);
void away_see_event(struct world *w, const struct world_router *r, const struct sah_outbox_event *event);
bool away_heard(struct world *w, const struct sah_outbox_event *event); /* false: of the store's outbox */
void away_see(struct world *w); /* what the direct cores have to tell now */
void away_check_quiet(struct world *w);
void away_lost(struct world *w, const struct world_router *r); /* it dies with what it had to tell */
/* A message that was brought back, and that nobody could take. */
void away_kept_for_a_person(struct world *w, const void *bytes, size_t len);
void away_check_end(struct world *w);
void away_check_told(struct world *w);

/* ---- the ledger (world_check.c) */
struct world_delivery *world_ledger(struct world *w,
                                    const char *key); /* NULL: nobody knows it */
static inline unsigned world_class_of(const struct world *w, const struct world_delivery *d)
{
    return sah_priority_class(w->requests[d->request].kept->view.priority);
}
static inline bool world_is_over(const struct sah_memory_delivery *d)
{
    return d->state == SAH_MEMORY_DONE || d->state == SAH_MEMORY_DEAD;
}

/* ---- world_people.c */
int world_agency_index(const struct world *w, const char *id);
int world_request_index(const struct world *w, const char *request_id);
/* The page of the request that message `number` makes: it is there, or made. */
struct world_request *world_page(struct world *w, const char *request_id, unsigned number);
/* The number of the citizen's message with this id; -1: nobody sent it. */
int world_message_number(const struct world *w, const struct sah_id *id);
struct sah_id world_message_id(unsigned number);
unsigned world_unanswered(const struct world *w); /* messages that have no answer yet */

/* ---- world_check.c, world_check_flow.c: what is checked when it happens; world_watch.c:
 * between */
struct world_line {
    char agency[SAH_AGENCY_SIZE];
    enum sah_state state;
};
struct world_before { /* a request before a change, and the delivery that it settles */
    uint64_t revision, event_seq;
    enum sah_priority priority;
    int64_t closed_ms;
    uint32_t last_sequence;
    unsigned n_lines;
    struct world_line lines[SAH_LINES_MAX];
    bool target, target_fell_back, message_known;
    enum sah_memory_state target_state;
    uint64_t target_epoch;
};
#define WORLD_READY_MAX 512
struct world_ready {
    unsigned n;
    size_t at[WORLD_READY_MAX];
};
void world_violate(struct world *w, const char *invariant, const char *request_id,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
void check_before(struct world *w, const struct sah_change *change,
                  struct world_before *before);
void check_commit(struct world *w, struct world_router *r, const struct sah_change *change,
                  const struct world_before *before);
void check_settle_before(struct world *w, const struct sah_settle *settle,
                         struct world_before *before);
void check_settle(struct world *w, const struct sah_settle *settle,
                  const struct world_before *before);
void check_lease_before(struct world *w, const char *endpoint, struct world_ready *ready);
void check_lease(struct world *w, const char *endpoint, unsigned max_class, unsigned n,
                 const struct world_ready *ready);
/* Around a commit that leases too: who has a live lease before; what was leased after. */
void check_also_before(struct world *w, const struct sah_change *change, struct world_ready *leased);
void check_also_leased(struct world *w, const struct sah_change *change, const struct world_ready *leased);
void check_send(struct world *w, struct world_router *r, const struct sah_leased *leased);
void check_result(struct world *w, unsigned message, const struct sah_message *result);
void check_event(struct world *w, const struct sah_outbox_event *event);
/* The adapter has it safe: one whose acks are lost has lost the event, too. */
void check_kept_by_adapter(struct world *w, const struct sah_outbox_event *event);
void check_answer(struct world *w, const struct world_call *call,
                  const struct sah_agency_answer *answer);
void check_step(struct world *w);  /* after each step: cheap */
void check_quiet(struct world *w); /* when nothing is under way that could go on now */

/* ---- world_plant.c: each does nothing unless its fault is planted */
int plant_index(const char *name);
const struct sah_change *plant_core_change(struct world *w, const struct sah_change *change);
const struct sah_change *plant_store_change(struct world *w, const struct sah_change *change);
void plant_after_commit(struct world *w, const struct sah_change *change, bool applied,
                        struct world_call *call);
void plant_settle(struct world *w, struct sah_settle *settle);
void plant_before_lease(struct world *w, const char *endpoint);
bool plant_no_lease(struct world *w, const char *endpoint);
void plant_result(struct world *w, const struct world_message *m, struct sah_result *result);
void plant_send(struct world *w, struct sah_leased *leased);
void plant_answer(struct world *w, const struct world_call *call,
                  struct sah_agency_answer *answer);
void plant_crash(struct world *w, const struct world_router *r);
void plant_journal(struct world *w, struct world_router *r);
void plant_event(struct world *w, struct sah_outbox_event *event);

/* ---- trace */
void world_note(struct world *w, const char *request_id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define NOTE(w, ...)                      \
    do {                                  \
        if (SAH_UNLIKELY((w)->trace))     \
            world_note((w), __VA_ARGS__); \
    } while (0)
#ifndef SAH_UNLIKELY
#define SAH_UNLIKELY(x) __builtin_expect((x) != NULL, 0)
#endif

#endif
