/*
 * ports - what the core needs from the world: store, agencies, adapters, chance. Vtables; each has a
 * fake in tests/lib, and fake and real pass one contract suite.
 *
 * Every operation completes exactly once through its function, never from inside the call, always
 * on the loop. `err`: SAH_OK; SAH_EDOWN (not done); SAH_ETIMEOUT (outcome unknown: ask again, all
 * operations are idempotent); SAH_ECONFLICT and SAH_ENOENT where said.
 */
#ifndef SAHAYA_CORE_PORTS_H
#define SAHAYA_CORE_PORTS_H

#include <sahaya/message.h>

#include "policy/escalation.h"
#include "policy/outcome.h"
#include "policy/sameness.h"

#define SAH_LINES_MAX 8
#define SAH_PLANS_MAX 40
#define SAH_VIEW_MESSAGES_MAX 24
#define SAH_SAID_MAX 1024 /* of what was said, that comes with one plan */
#define SAH_EVENTS_MAX 8
#define SAH_LEASE_MAX 64
#define SAH_PREVIOUS_MAX 6
#define SAH_DEAD_MAX 100 /* dead letters in one list */
#define SAH_NAMES_MAX 512
#define SAH_DUE_MAX 16 /* timers a tick hands out */
#define SAH_WORK_MAX 16 /* pieces of work about incidents that a tick hands out */
#define SAH_CARRIED_MAX 16
#define SAH_TOLD_MAX 24   /* what reporters said that goes out in one update of an incident */
#define SAH_MEMBERS_MAX 512 /* reporters of one incident beside the first; the next one has a new one */
#define SAH_NOTE_SIZE 257
#define SAH_FEED_SIZE 513
#define SAH_FEED_MAX 64
#define SAH_WANTS_MAX 8
#define SAH_EXACT_SIZE 33
#define SAH_EXACT_MAX 4 /* of one request; what is more is not kept */

/* ---- what the store holds of a request */
struct sah_line { /* a request at one agency */
    char agency[SAH_AGENCY_SIZE];
    enum sah_state state;
    enum sah_state before_cancel; /* what a declined cancel goes back to */
    uint32_t sequence;            /* newest message of the request planned for this agency */
    struct sah_agency_status status; /* the newest details: case, units, ETA... */
    /* A copy made because another agency refused, was silent or has no unit: whose. "" = the request
     * was meant for this one. Whoever answers first has it for all that stand for the same. */
    char stands_for[SAH_AGENCY_SIZE];
    /* A linked report: the request through which this agency hears of it, and whether it has. "" =
     * the agency has, or gets, this request itself. */
    char via[SAH_REQUEST_ID_SIZE];
    bool carried;
    bool apart; /* it was let go: what becomes of the main one there says nothing of this one */
    /* As the store has it; set through sah_change.timers, never from here. */
    enum sah_timer_kind timer;
    unsigned timer_level;
};
struct sah_view_message { /* an amendment or cancel of the request */
    struct sah_id id;
    enum sah_kind kind;
    uint32_t sequence;
};
struct sah_request_view {
    char request_id[SAH_REQUEST_ID_SIZE];
    char incident_id[SAH_INCIDENT_ID_SIZE];
    uint64_t revision;
    enum sah_priority priority;
    uint32_t last_sequence;
    int64_t accepted_ms, closed_ms; /* closed_ms 0 = open */
    /* Incidents: the request this one is linked to, "" = none; how many are linked to this one; its own
     * reporter withdrew while others were linked; what the dispatcher is shown beside it. */
    char main_id[SAH_REQUEST_ID_SIZE];
    unsigned n_members;
    bool left;
    char note[SAH_NOTE_SIZE];
    unsigned repeats; /* how often the same was asked again while it was open */
    unsigned n_lines;
    struct sah_line lines[SAH_LINES_MAX];
    unsigned n_messages; /* what was said since, oldest first; the newest of them when there are more */
    struct sah_view_message messages[SAH_VIEW_MESSAGES_MAX];
    const struct sah_message *request; /* the request as accepted; borrowed until the completion returns */
};

/* ---- one atomic, durable step (I2, I4, I8): all of it or nothing */
struct sah_previous { /* what went before, told to the agency a delivery falls back to */
    char agency[SAH_AGENCY_SIZE];
    enum sah_answer_kind outcome;
};
enum sah_known { /* what is known of a delivery before it is made: it was tried without this store */
    SAH_KNOWN_NOTHING = 0,
    SAH_KNOWN_DONE, /* an agency has it. One that is there is settled so, whatever its epoch (I5) */
    SAH_KNOWN_DEAD, /* given up, and a person was told. One that is there stays as it is */
};
struct sah_plan { /* a delivery to make */
    char key[SAH_KEY_SIZE]; /* sah_delivery_key(message id, agency) (I6) */
    char agency[SAH_AGENCY_SIZE];
    char endpoint[SAH_AGENCY_SIZE];
    struct sah_id message_id; /* whose bytes it carries: stored already or in this change */
    enum sah_kind kind;
    uint32_t sequence;
    unsigned n_previous;
    struct sah_previous previous[SAH_PREVIOUS_MAX];
    /* A delivery that is there: when it is done or delayed it becomes ready now, at `endpoint`, with a
     * new epoch and as a possible duplicate (unless it was only held so far): same key, old place. In
     * any other state it is under way, or dead, and stays as it is. */
    bool again;
    /* A new delivery that is held: delayed from the start, ready by itself after so long (I4). */
    uint32_t hold_ms;
    /* A dead letter, in the same step as what becomes of its line: ready at `endpoint` with the next
     * epoch, attempts 0 and its key; P0-P2 at their old place, P3 and P4 at a new one at the end. Or
     * over: nobody needs it any more. In any other state it stays as it is. */
    enum sah_replay { SAH_REPLAY_NO = 0, SAH_REPLAY_READY, SAH_REPLAY_OVER } replay;
    /* Brought in from elsewhere (away/): made in that state, with the attempts made so far. */
    enum sah_known known;
    unsigned attempts;
    bool possible_duplicate, fell_back;
    /* Of a request's own plan: what was said of it since comes behind it, oldest first, at the same
     * endpoint: what is not planned for this agency yet and, with `replay`, what is dead there. The
     * newest SAH_SAID_MAX; the message of this change has plans of its own. (I3, I10) */
    bool said;
};
/* A delivery of this request that the agency has in another one: `by`, of the request it is linked to. */
struct sah_carried {
    char key[SAH_KEY_SIZE], by[SAH_KEY_SIZE];
};
enum sah_history_kind { /* how a dispatcher closed it: counted for its sender */
    SAH_HISTORY_NONE = 0, SAH_HISTORY_FALSE_REPORT, SAH_HISTORY_FALSE_ALARM, SAH_HISTORY_NO_PATIENT,
    SAH_HISTORY_CONFIRMED,
};
/* A line's timer: one a line, and setting it replaces the one before. It is due at the later of the
 * two, and handed out again and again by tick until a change sets or clears it. */
struct sah_timer_set {
    char agency[SAH_AGENCY_SIZE]; /* of a line that is there, or comes with this change */
    enum sah_timer_kind kind;     /* NONE: clear it */
    unsigned level;               /* 0..15 */
    uint32_t after_accept_ms, after_now_ms;
    bool sooner; /* never later than the one it replaces */
    bool still;  /* remembered with its line, and never due */
};
enum sah_settle_kind {
    SAH_SETTLE_NONE = 0,
    SAH_SETTLE_DONE,  /* positive evidence: counts with any epoch (I5) */
    SAH_SETTLE_DEAD,  /* refused or expired for good: dead letter; live epoch only */
    SAH_SETTLE_DELAY, /* again after delay_ms at `endpoint`, same class and place (I7); live epoch only */
};
struct sah_settle {
    enum sah_settle_kind kind;
    char key[SAH_KEY_SIZE];
    uint64_t epoch;
    uint32_t delay_ms;
    char endpoint[SAH_AGENCY_SIZE]; /* DELAY: the endpoint of the next attempt; else where it was, or "" */
    bool fell_back;                 /* mark: another delivery was made for this one */
    enum sah_answer_kind outcome;   /* for the audit record and `previous` */
};
struct sah_want { /* what to lease in the same step, once all else of it is written: as lease would */
    char endpoint[SAH_AGENCY_SIZE];
    unsigned max_class, n;
};
struct sah_change {
    char request_id[SAH_REQUEST_ID_SIZE];
    uint64_t expected_revision; /* 0: the request must be new */
    /* a message being accepted; its id is the dedupe key. bytes.len 0 = none. */
    struct sah_id message_id;
    struct sah_slice bytes; /* the envelope as it came: unknown fields survive */
    enum sah_kind kind;
    uint32_t sequence;
    char incident_id[SAH_INCIDENT_ID_SIZE]; /* new requests, and one that is linked or unlinked; "" = as it is */
    char service[SAH_SERVICE_SIZE];         /* new requests; kept for deliveries of amendments */
    char incident_type[SAH_TYPE_SIZE];
    char rule[SAH_RULE_SIZE];
    enum sah_priority priority; /* UNSPECIFIED = as it is; a raise also moves queued deliveries up */
    int64_t closed_ms;          /* -1 = as it is */
    unsigned n_lines;           /* lines to set, by agency; others stay */
    struct sah_line lines[SAH_LINES_MAX];
    unsigned n_plans;
    struct sah_plan plans[SAH_PLANS_MAX];
    unsigned n_events; /* outbox events; their ids are given by the store */
    struct sah_outbox_event events[SAH_EVENTS_MAX];
    unsigned n_timers;
    struct sah_timer_set timers[SAH_LINES_MAX];
    struct sah_settle settle;
    /* Incidents. `set_main`: linked to main_id from now on ("" = to none); work JOIN then comes up
     * until it is over. `told`: items of this request's page that the message of this change tells;
     * what is left is due again after update_ms. `carried` counts as done whatever state it is in. */
    bool set_main;
    bool at_once; /* of the core alone: the update that tells this must not wait */
    bool own;     /* of the core alone: its message is the router's, named by its number (copies.c) */
    enum sah_left { SAH_LEFT_AS_IT_IS = 0, SAH_LEFT_YES, SAH_LEFT_NO } left; /* its own reporter withdrew */
    char main_id[SAH_REQUEST_ID_SIZE];
    unsigned n_told;
    struct sah_id told[SAH_TOLD_MAX];
    uint32_t update_ms;
    unsigned n_carried;
    struct sah_carried carried[SAH_CARRIED_MAX];
    char note[SAH_NOTE_SIZE]; /* "" = as it is */
    uint64_t sender;          /* new requests: hash; 0 = not said */
    enum sah_history_kind history;
    char feed[SAH_FEED_SIZE]; /* "" = nothing that other routers must learn */
    /* What at most one open request has: 32 hex letters, "" = nothing. When another open one has it the
     * whole change is `held` and nothing is written. Kept for exact_ms, or (0) until it is closed; one
     * that is opened again has what nobody took meanwhile. `repeated`: one more of view.repeats. */
    char exact[SAH_EXACT_SIZE];
    uint32_t exact_ms;
    bool repeated;
    /* One call and one fsync less for each message: what is accepted goes out, and what is settled
     * makes room for the next. n of all together <= SAH_LEASE_MAX. A store may leave it out. */
    unsigned n_wants;
    struct sah_want wants[SAH_WANTS_MAX];
    char audit[257]; /* rule, policy version, what was decided: no personal data (I13) */
};
struct sah_committed {
    bool duplicate;        /* the message was known: nothing changed */
    bool stale;            /* negative settle of an epoch that is not live: nothing changed */
    bool held;             /* what it wants is another open request's: request_id; nothing changed */
    uint64_t accept_seq;
    uint64_t revision;
    char request_id[SAH_REQUEST_ID_SIZE]; /* of the known message when duplicate */
    char incident_id[SAH_INCIDENT_ID_SIZE];
    char store_run_id[41];
    bool looked; /* at what was wanted; else somebody must lease by himself */
    unsigned n_leased;
    const struct sah_leased *leased; /* borrowed until the completion returns */
};

/* ---- a leased delivery */
struct sah_leased {
    char key[SAH_KEY_SIZE];
    uint64_t epoch;
    char request_id[SAH_REQUEST_ID_SIZE];
    char incident_id[SAH_INCIDENT_ID_SIZE];
    char agency[SAH_AGENCY_SIZE];
    char endpoint[SAH_AGENCY_SIZE];
    enum sah_priority priority;
    enum sah_kind kind;
    uint32_t sequence;
    unsigned attempts; /* this one included */
    unsigned unanswered; /* leases in a row of which no result is known, this one included */
    bool possible_duplicate; /* an earlier attempt's outcome is unknown, or a lease expired */
    bool fell_back;
    int64_t accepted_ms;
    uint64_t age_ms;   /* since accept, or since it was replayed, in store time */
    char service[SAH_SERVICE_SIZE]; /* of the request */
    char incident_type[SAH_TYPE_SIZE];
    char rule[SAH_RULE_SIZE];
    unsigned n_previous;
    struct sah_previous previous[SAH_PREVIOUS_MAX];
    char note[SAH_NOTE_SIZE]; /* of the request */
    struct sah_sender_history history; /* of the request's sender */
    unsigned repeats;                  /* of the request */
    bool judged;                       /* by the core: suspicion is known */
    unsigned suspicion;
    struct sah_slice bytes; /* the message's envelope; borrowed until the completion returns */
};

struct sah_due_timer {
    char request_id[SAH_REQUEST_ID_SIZE];
    char agency[SAH_AGENCY_SIZE];
    enum sah_timer_kind kind;
    unsigned level;
    uint32_t late_ms; /* since it was due, however often it was handed out */
};
/* ---- incidents: one request carries the others that were linked to it, on its page */
enum sah_work_kind {
    SAH_WORK_NONE = 0,
    SAH_WORK_JOIN,   /* of a linked request: is it on the page of the one it is linked to? */
    SAH_WORK_TELL,   /* of the main one: an update to its agencies is due */
    SAH_WORK_FOLLOW, /* of the main one: it changed, and the linked ones follow */
};
struct sah_work {
    char request_id[SAH_REQUEST_ID_SIZE];
    enum sah_work_kind kind;
};
struct sah_item { /* a message of a linked request that the incident's agencies are to hear of */
    struct sah_id message_id;
    char member[SAH_REQUEST_ID_SIZE];
    enum sah_priority priority;
    bool leaves;         /* a cancel: its reporter withdraws */
    struct sah_id told_by; /* the update that tells it; zero = not yet */
};
enum sah_heard { SAH_HEARD_PENDING = 0, SAH_HEARD_DONE, SAH_HEARD_DEAD };
struct sah_update { /* an update, and what became of it at each agency */
    struct sah_id id;
    unsigned n;
    struct sah_update_at {
        char agency[SAH_AGENCY_SIZE], key[SAH_KEY_SIZE];
        enum sah_heard heard;
    } at[SAH_LINES_MAX];
};
struct sah_page {
    uint64_t revision; /* of the request whose page it is */
    unsigned n_members;
    char members[SAH_MEMBERS_MAX][SAH_REQUEST_ID_SIZE];
    /* Not told yet, oldest first, SAH_TOLD_MAX at most; then told ones that are not over, as many. */
    unsigned n_untold, n_told;
    struct sah_item untold[SAH_TOLD_MAX], told[SAH_TOLD_MAX];
    unsigned n_updates; /* those of the told ones */
    struct sah_update updates[SAH_TOLD_MAX];
};
struct sah_page_done {
    uint64_t revision; /* of the page; FOLLOW is over when the request is still at it, and `all` */
    bool all;
    unsigned n_over; /* items that are done with: told and heard, or never to be told */
    struct sah_id over[SAH_TOLD_MAX];
    unsigned n_left;
    char left[SAH_TOLD_MAX][SAH_REQUEST_ID_SIZE]; /* members that are no more */
};
struct sah_feed_cursor { /* the store's; all zero = from the beginning */
    char at[SAH_PARTITIONS_MAX][24];
};
struct sah_fed {
    bool more;
    unsigned n;
    char (*rows)[SAH_FEED_SIZE]; /* borrowed until the completion returns */
    struct sah_feed_cursor cursor;
};

struct sah_ticked {
    unsigned moved;   /* deliveries that became ready */
    unsigned waiting; /* still delayed or leased */
    unsigned more;    /* 1: there was more than the limit */
    uint64_t clock_jumps;    /* of the store's clock, found since it was made */
    int64_t clock_offset_ms; /* what its own clock is ahead of the wall clock because of them */
    unsigned n_timers;
    struct sah_due_timer timers[SAH_DUE_MAX];
    unsigned n_works;
    struct sah_work works[SAH_WORK_MAX];
};
struct sah_dead_letter {
    char key[SAH_KEY_SIZE];
    char request_id[SAH_REQUEST_ID_SIZE];
    char agency[SAH_AGENCY_SIZE];
    char endpoint[SAH_AGENCY_SIZE];
    struct sah_id message_id;
    enum sah_kind kind;
    uint32_t sequence;
    enum sah_priority priority; /* of the request, now */
    unsigned attempts;
    int64_t accepted_ms, dead_ms; /* dead_ms 0: what it carried was damaged */
    enum sah_answer_kind why;
};
struct sah_queue_stat {
    char endpoint[SAH_AGENCY_SIZE];
    uint64_t ready[SAH_N_CLASSES];
    uint64_t oldest_age_ms[SAH_N_CLASSES]; /* of the ready ones; 0 when empty */
    uint64_t leased, delayed, dead;
};
struct sah_store_stats {
    unsigned n_queues;
    const struct sah_queue_stat *queues; /* one for each endpoint asked */
    uint64_t leased, delayed, dead, outbox, quarantined, accepted, duplicates;
};

typedef void sah_commit_fn(void *data, int err, const struct sah_committed *committed); /* ECONFLICT: revision moved */
typedef void sah_load_fn(void *data, int err, const struct sah_request_view *view);     /* ENOENT */
typedef void sah_lease_fn(void *data, int err, const struct sah_leased *leased, unsigned n);
typedef void sah_tick_fn(void *data, int err, const struct sah_ticked *ticked);
typedef void sah_stats_fn(void *data, int err, const struct sah_store_stats *stats);
typedef void sah_events_fn(void *data, int err, const struct sah_outbox_event *events, unsigned n);
typedef void sah_done_fn(void *data, int err);
typedef void sah_page_fn(void *data, int err, const struct sah_page *page);
typedef void sah_bytes_fn(void *data, int err, struct sah_slice bytes);
typedef void sah_feed_fn(void *data, int err, const struct sah_fed *fed);
/* `total`: dead letters of the endpoint, whatever was skipped. */
typedef void sah_dead_fn(void *data, int err, const struct sah_dead_letter *letters, unsigned n, uint64_t total);
typedef void sah_names_fn(void *data, int err, const char (*names)[SAH_AGENCY_SIZE], unsigned n);
typedef void sah_pieces_fn(void *data, int err, const char *json, size_t len);

struct sah_store {
    void *data;
    void (*commit)(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data);
    void (*load)(void *data, const char *request_id, sah_load_fn *fn, void *fn_data);
    /* Up to n (<= SAH_LEASE_MAX) ready deliveries of classes 0..max_class of one endpoint, worst first,
     * oldest first within a class. The store takes the lease time of each from its class. */
    void (*lease)(void *data, const char *endpoint, unsigned max_class, unsigned n, sah_lease_fn *fn, void *fn_data);
    /* Settles without touching the request: SAH_SETTLE_DELAY only. `stale` comes back as SAH_ENOENT. */
    void (*settle)(void *data, const struct sah_settle *settle, sah_done_fn *fn, void *fn_data);
    /* Delayed ones that are due, and leases that ran out (epoch + 1), become ready at their old place;
     * so do leases of another router that did not tick for 2 s. A tick says that this one lives.
     * Timers and work that are due are handed out, and again 5 s later: a router that dies in between
     * loses none. */
    void (*tick)(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data);
    void (*stats)(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn, void *fn_data);
    /* Outbox: events of a channel not yet acked, emergencies first, in order within a request; each
     * is given again when not acked within lease_ms. */
    void (*outbox_take)(void *data, const char *channel, unsigned n, uint32_t lease_ms, sah_events_fn *fn, void *fn_data);
    void (*outbox_ack)(void *data, const char *event_id, sah_done_fn *fn, void *fn_data);
    /* What could not be understood: bounded list of the newest 1,000 with a count of all. */
    void (*quarantine)(void *data, const char *source, const char *why, const void *bytes, size_t len, sah_done_fn *fn, void *fn_data);
    void (*quarantine_list)(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data); /* JSON array, newest first */

    /* ---- incidents */
    /* The member and its item onto the page of main_id; both may be there already. TELL is then due
     * now, when `at_once` or nothing was told within update_ms; else update_ms after the last update.
     * The revision of main_id moves when the member is new. SAH_ENOENT: no such request; SAH_ECONFLICT:
     * it is closed; SAH_ELIMIT: its page is full. */
    void (*join)(void *data, const char *main_id, const struct sah_item *item, bool at_once, uint32_t update_ms,
                 sah_done_fn *fn, void *fn_data);
    void (*page)(void *data, const char *main_id, sah_page_fn *fn, void *fn_data); /* SAH_ENOENT */
    void (*page_done)(void *data, const char *main_id, const struct sah_page_done *done, sah_done_fn *fn,
                      void *fn_data);
    /* TELL stays while something is not told: it may have come just now. */
    void (*work_over)(void *data, const char *request_id, enum sah_work_kind kind, sah_done_fn *fn, void *fn_data);
    /* The bytes of one message of a request; SAH_ENOENT. */
    void (*message)(void *data, const char *request_id, const struct sah_id *id, sah_bytes_fn *fn, void *fn_data);
    /* What commits said with `feed` since the cursor, or since window_ms ago; SAH_FEED_MAX rows at most. */
    void (*feed)(void *data, const struct sah_feed_cursor *cursor, uint32_t window_ms, sah_feed_fn *fn,
                 void *fn_data);
    /* Dead letters of an endpoint, by place; n <= SAH_DEAD_MAX. */
    void (*dead)(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data);
    /* Every endpoint that ever had a delivery: the roster may know fewer. */
    void (*endpoints)(void *data, sah_names_fn *fn, void *fn_data);
};

/* ---- agencies */
struct sah_agency_answer {
    struct sah_answer answer;
    int status; /* HTTP status for metrics; 0 = none */
    uint32_t elapsed_ms;
    enum sah_reason reason; /* of a refusal, when said */
    char case_no[SAH_CASE_SIZE];
};
typedef void sah_agency_fn(void *data, const struct sah_agency_answer *answer);
struct sah_agencies {
    void *data;
    /* One attempt; `leased` is borrowed during the call only. deadline_ms covers everything. */
    void (*send)(void *data, const struct sah_leased *leased, uint32_t deadline_ms, sah_agency_fn *fn, void *fn_data);
};

/* ---- adapters: outbox events to whoever serves a channel */
struct sah_adapters {
    void *data;
    /* SAH_EDOWN: nobody serves that channel now. Not acked by this: the ack comes as a message. */
    int (*send_event)(void *data, const struct sah_outbox_event *event);
    /* Channels somebody serves now; returns how many. */
    unsigned (*channels)(void *data, char ret_channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE]);
};

struct sah_chance {
    void *data;
    uint32_t (*next)(void *data);
};

#endif
