/*
 * adapter_priv - what the files of the skeleton share. Nobody else includes it.
 *
 *   adapter.c          the outside face: create, take, quarantine, ready
 *   adapter_metrics.c  counters and the numbers Redis keeps, as Prometheus text
 *   adapter_job.c      one message or outbox event: load, step, commit
 *   adapter_submit.c   makes the messages of a step ready for the bus
 *   adapter_flight.c   a pending submit on its way to a router: send, again, result
 *   adapter_settle.c   the end of a flight: what the result changes in the conversation
 *   adapter_tell.c     tells a citizen that nothing is confirmed yet
 *   adapter_recover.c  pending submits of Redis that are not in flight here
 *   citizen.c          whose turn it is: one writer a citizen
 *   router_link.c      the bus client of one lane
 *   outbox.c           replies to the channel, emergencies first
 *   store.c, store_outbox.c   the FCALLs of adapter.lua
 *
 * Everything runs on the loop's thread and nothing blocks.
 */
#ifndef SAHAYA_ADAPTER_PRIV_H
#define SAHAYA_ADAPTER_PRIV_H

#include <sahaya/adapter.h>
#include <sahaya/bus.h>
#include <sahaya/message.h>
#include <sahaya/redis.h>

#include "adapter_store.h"
#include "dialog.h"

#define SAH_AD_WAITING_EACH  64    /* messages and events of one citizen */
#define SAH_AD_WAITING_MAX   10000 /* of all citizens */
#define SAH_AD_RUNNING_MAX   1000  /* citizens whose turn it is */
#define SAH_AD_CITIZEN_SLOTS 4096
#define SAH_AD_FLIGHTS_MAX   5000 /* of one lane: bookings take no room of emergencies (I7) */
#define SAH_AD_FLIGHT_SLOTS  4096
#define SAH_AD_CONFLICTS_MAX 8
#define SAH_AD_RESEND_MS     250
#define SAH_AD_HOLD_MS \
    300 /* the next message of a citizen waits so long for the request's name */
#define SAH_AD_ORDER_MS       2000 /* order holds back nothing for longer (I10) */
#define SAH_AD_BACKOFF_MIN_MS 1000
#define SAH_AD_BACKOFF_MAX_MS 15000
#define SAH_AD_LEASE_MS       30000
#define SAH_AD_STOP_MS        5000
#define SAH_AD_SEND_MAX       64
#define SAH_AD_N_LANES        2

struct sah_ad_job;
struct sah_ad_flight;

/* Whose turn it is ---------------------------------------------------------------------------
 */

struct sah_ad_citizen;
struct sah_ad_turn {                /* a place in a citizen's queue; part of a job */
    struct sah_ad_citizen *citizen; /* NULL = in no queue */
    struct sah_ad_turn *next;
};
struct sah_ad_citizens {
    struct sah_ad_citizen *slots[SAH_AD_CITIZEN_SLOTS];
    struct sah_ad_citizen *ready_first,
        *ready_last; /* they wait for one of the running places */
    unsigned waiting, running;
    uint64_t seed;
    void (*run)(struct sah_ad_turn *turn);
};
void sah_ad_citizens_init(struct sah_ad_citizens *citizens,
                          void (*run)(struct sah_ad_turn *turn));
void sah_ad_citizens_fini(struct sah_ad_citizens *citizens);
/* SAH_ELIMIT past a bound, SAH_ENOMEM. Runs the turn, perhaps from inside, when it is the
 * first. */
SAH_MUST_USE int sah_ad_citizens_add(struct sah_ad_citizens *citizens, const char *sender,
                                     struct sah_ad_turn *turn);
/* The running turn ends; the citizen's next one runs. */
void sah_ad_citizens_end(struct sah_ad_citizens *citizens, struct sah_ad_turn *turn);
/* The first turn of that citizen, to look through them; NULL = none. */
const struct sah_ad_turn *sah_ad_citizens_first(const struct sah_ad_citizens *citizens,
                                                const char *sender);
uint64_t sah_ad_hash(uint64_t seed, const void *bytes, size_t len);

/* One lane's router ---------------------------------------------------------------------------
 */

struct sah_ad_link {
    struct sah_adapter *adapter;
    enum sah_lane lane;
    struct sah_bus_client *client;
    struct sah_timer *timer;
    uint64_t heard_ms; /* 0 = never */
    bool was_up;
};
SAH_MUST_USE int sah_ad_link_init(struct sah_ad_link *link, struct sah_adapter *adapter,
                                  enum sah_lane lane, const char *endpoint);
void sah_ad_link_fini(struct sah_ad_link *link);
bool sah_ad_link_up(const struct sah_ad_link *link);
struct sah_ad_link *sah_ad_link_of(struct sah_adapter *adapter, enum sah_lane lane);
/* The event is durable here: the router may forget it (I1). A lost one is asked for again. */
void sah_ad_link_ack(struct sah_ad_link *link, const char *event_id);
static inline unsigned sah_ad_lane_index(enum sah_lane lane)
{
    return lane == SAH_LANE_BULK ? 1 : 0;
}

/* Jobs: a message that came in, an outbox event -----------------------------------------------
 */

struct sah_ad_wait { /* a job waits for a flight to be settled */
    struct sah_ad_job *job;
    struct sah_ad_flight *flight; /* NULL = not waiting */
    struct sah_ad_wait *next;
};
enum sah_ad_job_state {
    SAH_AD_JOB_QUEUED,
    SAH_AD_JOB_STORE,   /* one call to Redis is under way */
    SAH_AD_JOB_HELD,    /* committed; keeps its turn a moment until the request has its name */
    SAH_AD_JOB_WAITING, /* committed; waits for its flights */
    SAH_AD_JOB_FAILED,  /* the completion is due on the next turn of the loop */
};
struct sah_ad_job {
    uint32_t magic;
    enum sah_ad_job_state state;
    struct sah_adapter *adapter;
    struct sah_ad_job *prev, *next;
    struct sah_ad_turn turn;
    struct sah_timer *timer;
    struct sah_incoming *incoming;  /* a message, or */
    struct sah_outbox_event *event; /* an event of this lane's router */
    enum sah_lane lane;
    char gate[SAH_AD_GATE_SIZE];
    sah_taken_fn *done;
    void *done_data;
    unsigned conflicts;
    int err;
    unsigned waiting;
    bool not_ours;
    struct sah_ad_wait waits[SAH_SUBMITS_MAX];
    /* Between a step and its commit's answer: the submits, encoded. */
    unsigned n_submits;
    struct sah_ad_submit submits[SAH_SUBMITS_MAX];
};
void sah_ad_job_message(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                        sah_taken_fn *done, void *data);
/* Completes with `err` on the next turn of the loop. */
void sah_ad_job_refuse(struct sah_adapter *adapter, int err, sah_taken_fn *done, void *data);
void sah_ad_job_event(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event);
void sah_ad_job_run(struct sah_ad_turn *turn);
void sah_ad_job_flight_settled(struct sah_ad_job *job, struct sah_ad_wait *wait);
/* The conversation of an answer of sah_ad_store_load() into adapter->conversation. */
void sah_ad_read_conversation(struct sah_adapter *adapter, const redisReply *reply);
void sah_ad_jobs_destroy(struct sah_adapter *adapter); /* completes them with SAH_ECANCELED */
/* Makes every submit of the step complete and encodes it; one that breaks a bound is
 * quarantined. */
void sah_ad_submits_encode(struct sah_adapter *adapter, struct sah_ad_job *job,
                           struct sah_step *step);

/* Flights: pending submits on their way
 * -------------------------------------------------------- */

enum sah_ad_flight_state { SAH_AD_FLIGHT_BLOCKED, SAH_AD_FLIGHT_SENT, SAH_AD_FLIGHT_SETTLING };
enum sah_ad_verdict {
    SAH_AD_VERDICT_ACCEPTED,
    SAH_AD_VERDICT_STATUS,
    SAH_AD_VERDICT_LOST,
    SAH_AD_VERDICT_REFUSED,
};
struct sah_ad_flight {
    uint32_t magic;
    enum sah_ad_flight_state state;
    struct sah_adapter *adapter;
    struct sah_ad_flight *id_next, *sender_next;
    struct sah_ad_wait *waits;
    struct sah_timer *timer;
    struct sah_id id;
    struct sah_id about; /* the request whose message id gave request_id; zero = not a guess */
    enum sah_kind kind;
    enum sah_lane lane;
    uint64_t seq;
    uint64_t made_ms, give_up_ms;
    uint32_t backoff_ms;
    unsigned sends, conflicts;
    bool renamed, told, quarantined;
    enum sah_ad_verdict verdict;
    char pid[SAH_AD_GATE_SIZE];
    char sender[SAH_SENDER_SIZE];
    char request_id[SAH_REQUEST_ID_SIZE];
    char named[SAH_REQUEST_ID_SIZE]; /* by the router's RESULT */
    void *bytes;
    size_t len;
    void *result;
    size_t result_len;
};
struct sah_ad_flights {
    struct sah_ad_flight *by_id[SAH_AD_FLIGHT_SLOTS];
    struct sah_ad_flight *by_sender[SAH_AD_FLIGHT_SLOTS];
    unsigned n[SAH_AD_N_LANES];
    uint64_t seed;
};
/*
 * The flight of this pending submit: found, or made and sent. `wake`: a citizen waits for it,
 * so it is sent again now. SAH_ELIMIT when there are too many of its lane (recovery takes it up
 * later), SAH_EPROTO for bytes that this program cannot read.
 */
SAH_MUST_USE int sah_ad_flight_get(struct sah_adapter *adapter,
                                   const struct sah_ad_submit *submit, bool wake,
                                   struct sah_ad_flight **ret_flight);
void sah_ad_flight_result(struct sah_adapter *adapter, const struct sah_message *result,
                          const void *bytes, size_t len);
/* A router came back: what waits for it goes out at once. */
void sah_ad_flights_wake(struct sah_adapter *adapter, enum sah_lane lane);
void sah_ad_flights_destroy(struct sah_adapter *adapter);
void sah_ad_flight_leave(struct sah_ad_wait *wait);
void sah_ad_flight_settle(struct sah_ad_flight *flight); /* adapter_settle.c */
void sah_ad_flight_later(struct sah_ad_flight *flight);  /* not settled: ask the router again */
void sah_ad_flight_end(struct sah_ad_flight *flight);    /* settled: tells who waits, frees */
/* Gives the submit its request's true name and sends it. */
void sah_ad_flight_rename(struct sah_ad_flight *flight, const char *request_id);
struct sah_ad_flight *sah_ad_flight_find(const struct sah_adapter *adapter,
                                         const struct sah_id *id);
/* No router answered in time: the citizen hears so, once, with the number to call (I9, I12). */
void sah_ad_tell_unconfirmed(struct sah_ad_flight *flight);
void sah_ad_recover(struct sah_adapter *adapter, bool start);

/* Replies to the channel
 * ------------------------------------------------------------------------ */

struct sah_ad_slot { /* one reply in flight */
    uint32_t magic;
    struct sah_adapter *adapter; /* NULL = free */
    bool emergency;
    uint64_t epoch;
    unsigned tries;
    struct sah_reply reply;
};
struct sah_ad_outbox {
    struct sah_ad_slot *slots; /* send_max of them */
    struct sah_timer *timer;
    unsigned in_flight, bulk_in_flight;
    bool leasing, again;
    uint64_t stopped_until_ms;
};
SAH_MUST_USE int sah_ad_outbox_init(struct sah_adapter *adapter);
void sah_ad_outbox_fini(struct sah_adapter *adapter);
void sah_ad_outbox_wake(struct sah_adapter *adapter);

/* Counts
 * ------------------------------------------------------------------------------------------ */

/* name in code, name in metrics, help */
#define SAH_AD_COUNTS(X)                                                                   \
    X(taken, "messages_taken", "messages handed over by the channel")                      \
    X(seen, "messages_seen", "messages that were known already")                           \
    X(failed, "messages_failed", "messages the peer was asked to send again")              \
    X(over_limit, "messages_over_limit", "messages refused because a queue was full")      \
    X(conflicts, "conflicts", "steps repeated because another writer was faster")          \
    X(broken, "conversations_broken", "stored conversations that could not be read")       \
    X(submits, "submits", "messages handed to a router for the first time")                \
    X(resubmits, "resubmits", "messages handed to a router again")                         \
    X(submits_broken, "submits_broken",                                                    \
      "messages of ours that break a bound (a fault of ours)")                             \
    X(settled, "submits_settled", "messages a router has answered for good")               \
    X(wrong_lane, "wrong_lane", "messages moved to the emergency lane by the bulk router") \
    X(unconfirmed, "unconfirmed", "citizens told that no router has answered yet")         \
    X(refused, "refused", "messages a router refused or did not know")                     \
    X(bus_broken, "bus_broken", "bus messages that could not be read or were not for us")  \
    X(events, "events", "outbox events taken")                                             \
    X(events_seen, "events_seen", "outbox events that were known already")                 \
    X(replies_queued, "replies_queued", "replies written to the outbox")                   \
    X(replies_sent, "replies_sent", "replies the channel took")                            \
    X(replies_retried, "replies_retried", "sends of replies that will be tried again")     \
    X(replies_held, "replies_held", "sends put off for a citizen or an account")           \
    X(outbox_stops, "outbox_stops", "times all sending was stopped")                       \
    X(redis_errors, "redis_errors", "error answers of Redis")
struct sah_ad_counts {
#define X(name, metric, help) uint64_t name;
    SAH_AD_COUNTS(X)
#undef X
};

struct sah_adapter {
    uint32_t magic;
    bool closing;
    struct sah_loop *loop;
    struct sah_log *log;
    const struct sah_dialog *dialog;
    struct sah_channel channel;
    char name[SAH_CHANNEL_SIZE];
    char producer[SAH_PRODUCER_SIZE];
    uint32_t ack_deadline_ms;
    struct sah_ad_store store;
    struct sah_ad_citizens citizens;
    struct sah_ad_job *jobs;
    struct sah_ad_flights flights;
    struct sah_ad_link links[SAH_AD_N_LANES];
    struct sah_ad_outbox outbox;
    struct sah_ad_counts counts;
    struct sah_timer *second;
    uint64_t stats[SAH_AD_N_STATS];
    uint64_t recovered[SAH_AD_N_LANES]; /* seq up to which pending submits were looked at */
    bool recovering[SAH_AD_N_LANES], recover_all[SAH_AD_N_LANES];
    /* Large values, used within one callback and never across two. */
    struct sah_step step;
    struct sah_conversation conversation;
    struct sah_message submit, result, heard;
};

#endif
