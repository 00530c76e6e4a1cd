/*
 * adapter - the skeleton every channel adapter shares: dedupe, conversation, submit, outbox.
 *
 * A channel parses what came in, hands each message to sah_adapter_take() and answers its own peer
 * "received" only when the completion says SAH_OK (I1). The skeleton does the rest: one writer a
 * citizen, one atomic commit (dedupe + conversation + replies + pending submits) in the adapter's
 * Redis, hand-over to the lane's router until it acks, outbox events back, replies to the channel
 * with emergencies first. While that Redis is away messages are made durable in a journal, and
 * emergencies go on from memory.
 */
#ifndef SAHAYA_ADAPTER_H
#define SAHAYA_ADAPTER_H

#include <sahaya/journal.h>
#include <sahaya/log.h>
#include <sahaya/loop.h>
#include <sahaya/request.h>

struct sah_reply;    /* adapters/common/dialog.h */
struct sah_incoming;
struct sah_dialog;

enum sah_sent_code {
    SAH_SENT_DONE,    /* the channel took it; channel_message is its id */
    SAH_SENT_RETRY,   /* this reply again after retry_ms (0 = by the schedule) */
    SAH_SENT_CITIZEN, /* this citizen's replies wait retry_ms */
    SAH_SENT_ACCOUNT, /* everything of this account waits retry_ms */
    SAH_SENT_STOP,    /* stop all sending, alarm, keep the outbox (credentials, permission) */
    SAH_SENT_DEAD,    /* never; kept as a dead letter */
};
struct sah_sent {
    enum sah_sent_code code;
    uint32_t retry_ms;
    int error_code; /* the channel's own, for metrics; 0 = none */
    char channel_message[SAH_CHANNEL_MESSAGE_SIZE];
};
typedef void sah_sent_fn(void *data, const struct sah_sent *sent);

struct sah_channel { /* what a channel gives the skeleton */
    const char *name; /* [a-z0-9-], the `channel` of every message */
    void *data;
    /* Sends one reply; calls fn exactly once, not from inside send. The reply is borrowed until then. */
    int (*send)(void *data, const struct sah_reply *reply, sah_sent_fn *fn, void *fn_data);
    unsigned send_max; /* sends in flight at most, 1..64; two or more keep a place for emergencies */
    /* The dialog said that nothing of this message is for us: the upstream bot may have it. Once,
     * before `done`; not again for a message that was seen. NULL = drop it. */
    void (*not_ours)(void *data, const struct sah_incoming *incoming);
};

struct sah_adapter_settings {
    const char *producer;         /* "sahaya-<channel>@host" */
    const char *redis_socket;
    const char *emergency_bus;    /* ipc:// of the emergency lane's router */
    const char *bulk_bus;
    uint32_t ack_deadline_ms;     /* how long an emergency waits for its RESULT in all: 2500 */
    /* Where messages lie while Redis is away; copied. NULL: nothing is taken then. One that cannot
     * be opened is tried again each second, and sah_adapter_ready() says why. */
    const struct sah_journal_settings *journal;
    const struct sah_dialog *dialog;
    struct sah_channel channel;
    struct sah_log *log;
};

struct sah_adapter;
SAH_MUST_USE int sah_adapter_create(struct sah_loop *loop, const struct sah_adapter_settings *settings,
                                    struct sah_adapter **ret_adapter);
void sah_adapter_destroy(struct sah_adapter *adapter);

/*
 * One message came in (copied). `done` is called exactly once, never from inside: SAH_OK = durable
 * (with a router, in Redis and on its way there, in the journal, or known from before); anything
 * else = not ours yet, the channel's peer must send it again.
 */
typedef void sah_taken_fn(void *data, int err);
void sah_adapter_take(struct sah_adapter *adapter, const struct sah_incoming *incoming, sah_taken_fn *done, void *data);

/*
 * While the journal is nearly full it refuses bookings (SAH_ELIMIT), but one that came in the same
 * delivery as an emergency would hold that one up: is there one among them, they are taken again with
 * sah_adapter_take_beside(). What was taken already is known.
 */
bool sah_adapter_is_urgent(struct sah_adapter *adapter, const struct sah_incoming *incoming);
void sah_adapter_take_beside(struct sah_adapter *adapter, const struct sah_incoming *incoming, sah_taken_fn *done,
                             void *data);

/* A raw piece that could not be understood: kept in quarantine (bounded, oldest dropped and counted). */
void sah_adapter_quarantine(struct sah_adapter *adapter, const char *why, const void *bytes, size_t len,
                            sah_taken_fn *done, void *data);

/* Can it take messages? `why` says it in a sentence either way. */
bool sah_adapter_ready(const struct sah_adapter *adapter, char *why, size_t why_size);
/* The condition of its Redis, as the router tells it: sah_redis_health_json(). */
void sah_adapter_redis_json(const struct sah_adapter *adapter, struct sah_buf *buf);
/* Prometheus text lines appended to buf. */
void sah_adapter_metrics(struct sah_adapter *adapter, struct sah_buf *buf);
/* The newest n quarantined pieces as a JSON array (raw bytes base64), for the admin listing. */
typedef void sah_listing_fn(void *data, int err, const char *json, size_t len);
void sah_adapter_quarantine_list(struct sah_adapter *adapter, unsigned n, sah_listing_fn *fn, void *data);

#endif
