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
 *   adapter_handed.c   what was handed over goes again when the router's store is another one
 *   adapter_journal.c  where a message lies while Redis is away, and the way back
 *   adapter_kept.c     the index of what lies there
 *   adapter_direct.c   what may be an emergency, handed over from memory meanwhile
 *   adapter_say.c      replies that leave from memory meanwhile
 *   adapter_news.c     what routers say of emergencies, told from memory meanwhile
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
#include <sahaya/journal.h>
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
#define SAH_AD_RESEND_BULK_MS 1000
#define SAH_AD_HOLD_MS \
    300 /* the next message of a citizen waits so long for the request's name */
#define SAH_AD_ORDER_MS       2000 /* order holds back nothing for longer (I10) */
#define SAH_AD_BACKOFF_MIN_MS 1000
#define SAH_AD_BACKOFF_MAX_MS 15000
#define SAH_AD_LEASE_MS       30000
#define SAH_AD_STOP_MS        5000
#define SAH_AD_SEND_MAX       64
#define SAH_AD_N_LANES        2
/* Bookings no router has taken yet; more are refused, Redis' memory is for emergencies (I7). */
#define SAH_AD_PENDING_BULK_MAX 50000
#define SAH_AD_HANDED_MAX       100000 /* records of what was handed over; bookings are dropped first */
#define SAH_AD_KEPT_SLOTS       8192
#define SAH_AD_REMEMBERED       2048 /* conversations in memory, for the time Redis is away */
#define SAH_AD_DRAIN_MAX        64   /* messages of the journal with a job at a time */
#define SAH_AD_DRAIN_BULK_MAX   200  /* bookings without a router's answer: the rest waits */
#define SAH_AD_NEWS_MAX         1024 /* events that were told or committed last, in memory */
#define SAH_AD_SAY_MAX          256  /* replies in memory while Redis is away */
#define SAH_RUN_ID_SIZE         41

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
    bool silent; /* a deadline passed and no RESULT came since: nobody waits for this one */
    bool has_store;            /* by its last hello: all it has is in its store, none in its journal */
    char run[SAH_RUN_ID_SIZE]; /* of that store; "" = not heard yet */
    char run_before[SAH_RUN_ID_SIZE];
    uint64_t run_ms; /* since when it is this one */
    bool rehanding;            /* Redis is asked what stands under another run */
    struct sah_timer *rehand_timer;
    char peer[SAH_PRODUCER_SIZE]; /* the router's life that said hello last */
};
/* From hello and results: which run of the router's store takes messages now. */
void sah_ad_link_run(struct sah_ad_link *link, const char *run);
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
    SAH_AD_JOB_JOURNAL, /* Redis cannot take it: the journal writes */
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
    bool beside;                   /* in one delivery with an emergency */
    bool answered;                 /* `done` has run; the job only keeps its turn */
    struct sah_ad_kept *kept;      /* the message comes back from the journal */
    struct sah_conversation *after; /* between a step and its commit's answer */
    struct sah_ad_wait waits[SAH_SUBMITS_MAX];
    /* Between a step and its commit's answer: the submits, encoded. */
    unsigned n_submits;
    struct sah_ad_submit submits[SAH_SUBMITS_MAX];
};
void sah_ad_job_message(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                        bool beside, sah_taken_fn *done, void *data);
/* Completes with `err` on the next turn of the loop. */
void sah_ad_job_refuse(struct sah_adapter *adapter, int err, sah_taken_fn *done, void *data);
void sah_ad_job_event(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event);
void sah_ad_job_run(struct sah_ad_turn *turn);
/* A message of the journal, in its citizen's queue; sah_ad_journal_drained() hears of its end. */
void sah_ad_job_kept(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                     struct sah_ad_kept *kept);
void sah_ad_job_journaled(struct sah_ad_job *job, int err);
void sah_ad_job_flight_settled(struct sah_ad_job *job, struct sah_ad_wait *wait);
/* The conversation of an answer of sah_ad_store_load() into adapter->conversation. */
void sah_ad_read_conversation(struct sah_adapter *adapter, const redisReply *reply);
void sah_ad_jobs_destroy(struct sah_adapter *adapter); /* completes them with SAH_ECANCELED */
/* Makes every submit of the step complete and encodes it; one that breaks a bound is
 * quarantined. Answers how many there are; their bytes are the caller's to free. */
unsigned sah_ad_submits_encode(struct sah_adapter *adapter, const char *sender,
                               struct sah_step *step,
                               struct sah_ad_submit submits[SAH_SUBMITS_MAX]);

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
    bool direct;            /* of a message in the journal: Redis knows nothing of it */
    bool sure;              /* the router does not know the request, and we know no better */
    unsigned unknown_rounds;
    uint64_t unknown_ms;    /* since when it says so */
    char guess[SAH_REQUEST_ID_SIZE]; /* of a request: the name it will most likely get */
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
/* The same for a submit that Redis does not have; borrowed. */
SAH_MUST_USE int sah_ad_flight_direct(struct sah_adapter *adapter,
                                      const struct sah_ad_submit *submit);
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
/* Every acknowledged write of our Redis survives a crash. */
bool sah_ad_store_is_durable(const struct sah_adapter *adapter);
/* It is there, and nothing has gone wrong in the last second. */
bool sah_ad_store_is_up(const struct sah_adapter *adapter);
void sah_ad_store_trouble(struct sah_adapter *adapter);

/* Handed over: again when the router's store is another one ------------------------------- */

void sah_ad_rehand(struct sah_ad_link *link);
void sah_ad_handed_second(struct sah_adapter *adapter);
/* The router does not know the request of this one: perhaps it lost it. Settles it, later. */
void sah_ad_handed_unknown(struct sah_ad_flight *flight);

/* The journal: messages while Redis is away ------------------------------------------------ */

/* Types of the journal's records, beside the four fixed ones. */
#define SAH_AD_RECORD_SENT 5 /* a new request left from memory */
#define SAH_AD_RECORD_TOLD 6 /* a reply left from memory; its payload is the reply's key */
#define SAH_AD_RECORD_WORSE 7 /* something worse of the same citizen stands behind it */

struct sah_ad_kept { /* one open message of the journal */
    struct sah_ad_kept *id_next, *sender_next;
    struct sah_id id;
    uint64_t sender; /* hash */
    uint8_t class_;
    bool busy;         /* being written, or with a job */
    bool writing;      /* not open yet: no other record of it may be written */
    bool looked;       /* what could leave from memory has left */
    bool sent_request; /* as a new request */
    uint8_t n_told;
    unsigned saying; /* replies on their way from memory */
    unsigned failures;
    uint64_t after_ms;
};
struct sah_ad_journal {
    struct sah_journal *journal; /* NULL = none */
    struct sah_ad_kept *by_id[SAH_AD_KEPT_SLOTS];
    struct sah_ad_kept *by_sender[SAH_AD_KEPT_SLOTS];
    unsigned n, draining;
    struct sah_timer *timer;
    struct sah_incoming incoming; /* scratch */
    struct sah_journal_settings settings; /* key_file NULL = no journal is wanted */
    char *folder, *key_file;
    char trouble[SAH_JOURNAL_WHY_SIZE]; /* why it could not be opened */
    uint64_t troubles;
};
SAH_MUST_USE int sah_ad_journal_init(struct sah_adapter *adapter,
                                     const struct sah_journal_settings *settings);
void sah_ad_journal_fini(struct sah_adapter *adapter);
/* Ends with sah_ad_job_journaled() when SAH_OK. SAH_ELIMIT: no room for what is not urgent. */
SAH_MUST_USE int sah_ad_journal_put(struct sah_ad_job *job);
SAH_MUST_USE int sah_ad_journal_put_piece(struct sah_adapter *adapter, const char *why,
                                          const void *bytes, size_t len, sah_taken_fn *done,
                                          void *data);
/* A place for an event that is told from memory: what was told of it is noted there. */
SAH_MUST_USE int sah_ad_journal_put_news(struct sah_adapter *adapter, const struct sah_id *id);
/* Messages of this citizen are in the journal: the next one goes there too, to keep the order. */
bool sah_ad_journal_holds(const struct sah_adapter *adapter, const char *sender);
struct sah_ad_kept *sah_ad_journal_find(const struct sah_adapter *adapter,
                                        const struct sah_id *id);
/* adapter_kept.c. The row of a citizen, and of a piece of nobody: one each, so that many share none. */
uint64_t sah_ad_kept_sender(const struct sah_adapter *adapter, const char *sender);
uint64_t sah_ad_kept_nobody(const struct sah_id *id);
struct sah_ad_kept *sah_ad_kept_make(struct sah_adapter *adapter, const struct sah_id *id,
                                     uint64_t sender, uint8_t class_);
void sah_ad_kept_free(struct sah_adapter *adapter, struct sah_ad_kept *kept);
void sah_ad_journal_note(struct sah_adapter *adapter, struct sah_ad_kept *kept, uint8_t type,
                         uint8_t part, struct sah_slice payload);
void sah_ad_journal_drained(struct sah_adapter *adapter, struct sah_ad_kept *kept, int err);
void sah_ad_journal_wake(struct sah_adapter *adapter);
void sah_ad_journal_second(struct sah_adapter *adapter);
/* For people: "; 3 messages wait in the journal..."; "" when there is nothing to say. */
void sah_ad_journal_why(const struct sah_adapter *adapter, char *why, size_t why_size);
void sah_ad_journal_metrics(struct sah_adapter *adapter, struct sah_buf *buf);

/* From memory while Redis is away ------------------------------------------------------------ */

struct sah_ad_remembered;
SAH_MUST_USE int sah_ad_memory_init(struct sah_adapter *adapter);
void sah_ad_memory_fini(struct sah_adapter *adapter);
void sah_ad_remember(struct sah_adapter *adapter, const char *sender,
                     const struct sah_conversation *conversation);
/* NULL = not known. Borrowed until the next one is remembered. */
struct sah_conversation *sah_ad_recall(struct sah_adapter *adapter, const char *sender);
/* Steps from memory; the class of what was understood. The step is in adapter->step. */
uint8_t sah_ad_direct_step(struct sah_adapter *adapter, const struct sah_incoming *incoming);
/* What of adapter->step may be an emergency leaves: submits to the router, replies to the citizen. */
void sah_ad_direct_send(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                        struct sah_ad_kept *kept);
/* The step in adapter->step, of a message that left from memory as a new request, stays one. */
void sah_ad_step_as_sent(struct sah_adapter *adapter, const struct sah_incoming *incoming);
void sah_ad_direct_settle(struct sah_ad_flight *flight);
void sah_ad_direct_tell(struct sah_ad_flight *flight);

struct sah_ad_say;
struct sah_ad_says {
    struct sah_ad_say *first;
    unsigned n, in_flight;
    struct sah_timer *timer;
};
SAH_MUST_USE int sah_ad_says_init(struct sah_adapter *adapter);
void sah_ad_says_fini(struct sah_adapter *adapter);
/* Copied; dropped when there are too many: the journal's message brings it again. */
void sah_ad_say(struct sah_adapter *adapter, const struct sah_reply *reply,
                const struct sah_id *message);
void sah_ad_says_wake(struct sah_adapter *adapter);
bool sah_ad_is_saying(const struct sah_adapter *adapter, const struct sah_id *message);
/* The message goes its ordinary way now: what was not sent yet is not sent from memory. */
void sah_ad_unsay(struct sah_adapter *adapter, const struct sah_id *message);

/* Redis cannot take this event: its citizen hears of it all the same, when it is of an emergency. */
void sah_ad_news_tell(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event);
/* The event is about to be committed, with these replies: those that were told are not sent again. */
void sah_ad_news_mark(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event, const struct sah_step *step);
void sah_ad_news_committed(struct sah_adapter *adapter, enum sah_lane lane, const char *name);
/* The channel took a reply; `id` names an event, or a message, which is never asked for. */
void sah_ad_news_said(struct sah_adapter *adapter, const struct sah_id *id);

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
    X(redis_errors, "redis_errors", "error answers of Redis")                              \
    X(answered_early, "answered_early",                                                    \
      "messages that were ours, durable in Redis, before a router had them")               \
    X(runs, "router_runs", "times a router's store turned out to be another one")          \
    X(journaled, "journaled", "messages taken into the journal")                           \
    X(journal_refused, "journal_refused", "messages the journal had no room for")          \
    X(journal_failed, "journal_failed", "messages the journal could not write")            \
    X(journal_broken, "journal_broken", "journaled messages that cannot be read: tell a person") \
    X(drained, "drained", "messages brought from the journal into Redis")                  \
    X(direct, "direct", "messages handed over from memory while Redis was away")           \
    X(direct_accepted, "direct_accepted", "of these, those a router has taken")            \
    X(news, "direct_events", "events told from memory while Redis was away")               \
    X(said, "direct_replies", "replies that left from memory while Redis was away")        \
    X(unsaid, "direct_replies_dropped", "replies that found no place in memory")
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
    struct sah_ad_journal journal;
    struct sah_ad_remembered *remembered;
    struct sah_ad_says says;
    struct sah_id news[SAH_AD_NEWS_MAX]; /* a ring */
    unsigned next_news;
    uint64_t direct_seq;
    uint64_t down_ms;    /* since when Redis is away; 0 = it is up */
    uint64_t trouble_ms; /* when it last could not take something */
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
