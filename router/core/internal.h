/*
 * internal - what the files of the core share among themselves and with nobody else.
 */
#ifndef SAHAYA_CORE_INTERNAL_H
#define SAHAYA_CORE_INTERNAL_H

#include "core/core.h"
#include "core/incident.h"
#include "policy/destination.h"
#include "policy/lifecycle.h"
#include "policy/room.h"

#define CORE_MAGIC 0x5a434f52u
#define CHANGE_TRIES_MAX 16 /* how often a change is made again after the revision moved */

struct slot { /* one endpoint: what is in flight there (I11) */
    const struct sah_agency *agency;
    const struct sah_endpoint *endpoint;
    struct sah_core *core;
    unsigned index; /* of the endpoint within its agency */
    unsigned slots; /* how many attempts may be under way: its concurrency, three at least in the emergency lane */
    unsigned in_flight;
    unsigned in_flight_by[SAH_N_CLASSES];
    struct sah_destination destination;
    bool leasing;     /* a lease call is under way, or another endpoint leases for this one to send */
    bool again;       /* lease once more when it is back */
    unsigned asked;   /* how many it asks for */
    struct slot *via; /* what is being leased goes out through this endpoint of the agency */
    bool shut;            /* its oldest booking waits too long: admission.c */
    struct slot *waiting; /* wants to lease through this one when its own call is back */
};

struct take { /* one outbox_take under way, by place among the channels */
    struct sah_core *core;
    bool under_way;
    bool again; /* take once more when it is back */
    char channel[SAH_CHANNEL_SIZE];
};

struct revise; /* one change under way: revise.c */

struct sah_core {
    uint32_t magic;
    struct sah_core_settings s;
    struct sah_now now; /* of the newest call from outside */
    struct sah_core_counters counters;
    unsigned jobs;
    struct sah_room room; /* of jobs for what is no emergency's message */
    unsigned attempts; /* sent, or answered and not yet written */
    struct slot *slots;
    unsigned n_slots;
    struct revise *held; /* changes that wait for the store to come back, oldest first */
    uint64_t next_store_tick_ms, next_sweep_ms, next_outbox_ms;
    struct incidents *incidents; /* NULL: reports are not matched */
    bool ticking;
    bool stopping;
    bool clock_known; /* what the next two say */
    uint64_t clock_jumps;      /* of the store, as of its last tick */
    int64_t wall_ahead_ms;     /* of ours: wall minus monotonic */
    struct take takes[SAH_CHANNELS_MAX];
    bool looking; /* for endpoints that the roster has forgotten */
    uint64_t next_forgotten_ms;
    struct admission {
        bool looking, shut;
        uint64_t next_ms, queued, since; /* since: admitted after the figures were asked */
        uint64_t done_before;
        double pace; /* deliveries that end in a second */
    } admission;
    unsigned n_forgotten;
    struct sah_queue_stat forgotten[SAH_FORGOTTEN_MAX];
};

/* ---- revise.c: load, decide, commit, and again when the revision moved meanwhile */
/*
 * `decide` fills `change` from the view, with request id and expected revision set already; view is
 * NULL when no such request exists. It returns false when there is nothing to commit: `done` then
 * gets committed = NULL. It runs once more after each conflict, so it follows from its arguments.
 */
typedef bool revise_decide_fn(struct sah_core *core, void *job, const struct sah_request_view *view,
                              struct sah_change *change);
typedef void revise_done_fn(struct sah_core *core, void *job, int err, const struct sah_committed *committed);
enum revise_how {
    REVISE_NEW,     /* the request should not exist yet */
    REVISE_ONCE,    /* an error of the store goes back to whoever asked */
    REVISE_PERSIST, /* keep trying while the store is away: evidence must not be lost while we live */
};
void revise(struct sah_core *core, const char *request_id, enum revise_how how, revise_decide_fn *decide,
            revise_done_fn *done, void *job);
void revise_retry_held(struct sah_core *core);
void revise_drop_held(struct sah_core *core);

/* ---- refer.c: lines, plans and events of a change */
struct sah_line *change_line(struct sah_change *change, const struct sah_request_view *view, const char *agency);
const struct sah_line *view_line(const struct sah_request_view *view, const char *agency);
/* A delivery of the message to the agency's first endpoint; false when the change is full. */
bool change_plan(struct sah_change *change, const struct sah_agency *agency, const struct sah_id *message_id,
                 enum sah_kind kind, uint32_t sequence);
void change_plan_said(struct sah_change *change, const struct sah_agency *agency);
/* A linked request's line becomes its own: the agency gets it, and what was said since, in order. */
void change_line_own(struct sah_change *change, const struct sah_request_view *view, struct sah_line *line,
                     const struct sah_agency *agency);
/* The event a citizen hears (I8); returns NULL when the state is not told. */
struct sah_outbox_event *change_event(struct sah_core *core, struct sah_change *change,
                                      const struct sah_message *request, enum sah_priority priority,
                                      const struct sah_agency *agency, enum sah_state state);
/*
 * The request goes on to the next agency of the chain, told what went before; without one a person
 * is told (I9). Returns true when an agency was found.
 */
bool change_fall_back(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                      const char *agency, enum sah_answer_kind outcome);
/* The request also goes to `to`, told that `from` had it before and what came of it. False when the
 * change is full. */
bool change_copy(struct sah_change *change, const struct sah_request_view *view, const char *from,
                 const struct sah_agency *to, enum sah_answer_kind outcome);
/* Nobody is left who could take it: an operator is told, and the citizen, with the number to dial (I9). */
void change_tell_person(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view);
/* Is the request, as the change leaves it, still with somebody besides `agency`? */
bool change_others_live(const struct sah_change *change, const struct sah_request_view *view, const char *agency);
/* closed_ms is set when every line, as the change leaves them, is over. */
void change_close_if_over(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view);
/* Is the request a booking at this agency? At one that does not take bookings (the catch-all that it fell
 * back to) it has the states of any request. */
bool change_is_booking(const struct sah_core *core, const char *service, const char *agency);
const struct sah_citizen *message_citizen(const struct sah_message *message);

/* The request's lines as the change leaves them; returns how many. */
unsigned change_lines_after(const struct sah_change *change, const struct sah_request_view *view,
                            const struct sah_line *ret_lines[SAH_LINES_MAX]);
/* Do both stand for the same call? Whoever answers first has it for both. */
bool change_same_call(const struct sah_line *a, const struct sah_line *b);

/* ---- again.c: what is asked a second time */
/* The request as an amendment leaves it: what that does not say again still holds, so "" is the service
 * it has, and new cues are ranked beside its type and its patient. */
void again_whole(const struct sah_amendment *amendment, const struct sah_request_view *view,
                 struct sah_request *ret_whole);
bool again_same_citizen(const struct sah_citizen *a, const struct sah_citizen *b);
/* It was closed longer ago than its sender opens it again. */
bool again_is_over(const struct sah_core *core, const struct sah_request_view *view, int64_t now_ms);
/* The amendment becomes a request that names the one before; its bytes are appended. Unchanged on failure. */
int again_as_request(struct sah_message *m, const struct sah_request_view *view, struct sah_buf *bytes);
/* What at most one open request of the bulk lane has: its connection, or (`words`) its sender's words. */
void again_claim(const struct sah_core *core, const struct sah_request *request, enum sah_priority priority,
                 bool words, struct sah_change *change);
/* The request in `m` as an amendment REPEAT of the open one; `bytes` outlives the commit. False: no memory. */
bool again_merge(struct sah_core *core, const struct sah_message *m, const struct sah_request_view *view,
                 struct sah_change *change, struct sah_buf *bytes);

/* ---- copies.c */
/* `agency` said something, which stands in the change: when that makes a person there the one who has
 * it, or ends it, the others get a message of ours, written into `bytes`, which outlives the commit. */
void copies_tell(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                 const char *agency, struct sah_buf *bytes);

/* ---- dispatch.c */
/* One attempt; false without memory: the lease runs out. */
bool dispatch_send(struct slot *slot, const struct sah_leased *leased);
/* ---- leasing.c */
/* Leases what may go out through this endpoint, now or when the lease under way is back. */
void leasing_look(struct slot *slot);
void leasing_kick_agency(struct sah_core *core, const char *agency);
/* Before a commit: what may be leased in the same step. After it, however it ended: that goes out. */
void leasing_want(struct sah_core *core, struct sah_change *change);
void leasing_got(struct sah_core *core, const struct sah_change *change, int err, const struct sah_committed *committed);
/* After it: what was planned and not looked at in the same step. */
void leasing_kick_plans(struct sah_core *core, const struct sah_change *change, const struct sah_committed *committed);
void leasing_sweep(struct sah_core *core);
/* How many slots an endpoint has in this lane. */
unsigned leasing_slots(const struct sah_endpoint *endpoint, enum sah_lane lane);
/* ---- intake.c: how many jobs may be under way for what is no emergency's message */
unsigned jobs_but_for_emergencies(const struct sah_core *core);
/* ---- escalate.c */
/* Sets and clears timers so that each line, as the change leaves it, has the one it wants. */
void escalate_rearm(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view);
void escalate_due(struct sah_core *core, const struct sah_due_timer *timer);
/* ---- admission.c */
void admission_look(struct sah_core *core);
/* Some new booking may be refused: then it must be known whether it was accepted before. */
bool admission_is_tight(const struct sah_core *core);
/* 0, or for how long a new request of this class and route is refused. */
uint32_t admission_refuses(struct sah_core *core, enum sah_priority priority, const struct sah_route *route);
/* ---- unsent.c */
/* True when the lease is not to be sent: it is dealt with. */
bool unsent_poison(struct sah_core *core, const struct sah_leased *leased);
void unsent_look(struct sah_core *core);
/* ---- notify.c */
void notify_pump(struct sah_core *core);

#endif
