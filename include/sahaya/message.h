/*
 * message - one message on the bus: the envelope and what is in it, and its bytes.
 *
 * Adapter -> router: REQUEST, AMENDMENT, CANCEL, STATUS_QUERY, each answered by one RESULT with the
 * same message id; HELLO every second; OUTBOX_ACK. Router -> adapter: RESULT, HELLO (the answer to
 * one), OUTBOX_EVENT until acked.
 *
 * The codecs enforce every bound: total size before unpacking, lengths, UTF-8, coordinates, times,
 * counts, id forms. Unknown enum values decode to UNSPECIFIED; unknown fields survive because the
 * original bytes travel along beside the struct (the router stores and forwards those).
 * Implemented by sah_proto (proto/).
 */
#ifndef SAHAYA_MESSAGE_H
#define SAHAYA_MESSAGE_H

#include <sahaya/request.h>

#define SAH_SCHEMA_VERSION 1
#define SAH_MESSAGE_MAX_BYTES (64 * 1024)
#define SAH_CHANNELS_MAX 4
#define SAH_PRODUCER_SIZE 65

enum sah_kind {
    SAH_KIND_UNSPECIFIED = 0, SAH_KIND_REQUEST, SAH_KIND_AMENDMENT, SAH_KIND_CANCEL,
    SAH_KIND_STATUS_QUERY, SAH_KIND_RESULT, SAH_KIND_OUTBOX_EVENT, SAH_KIND_OUTBOX_ACK, SAH_KIND_HELLO,
};
const char *sah_kind_name(enum sah_kind kind); /* "request", "amendment", "cancel", ... */

struct sah_amendment {
    enum sah_amendment_kind kind;
    struct sah_request part;
    /* ANSWERED, written by the router: another agency has the request, and how far it is. */
    char by_agency[SAH_AGENCY_SIZE];
    char by_says[33]; /* how people call it */
    enum sah_state by_state;
    /* REPORTS, written by the router: how many reporters the incident has now. What those said that is
     * new stands behind the envelope, message by message: sah_message_next_report(). */
    uint32_t report_count;
};

struct sah_cancel { /* asked by the citizen; only the agency confirms */
    struct sah_citizen citizen;
    uint32_t text_len;
    char text[SAH_TEXT_MAX + 1];
};

struct sah_status_query {
    struct sah_citizen citizen;
};

#define SAH_RESULT_CODES(X) \
    X(UNSPECIFIED) X(ACCEPTED) X(DUPLICATE) X(WRONG_LANE) X(REFUSED) X(NOT_FOUND) X(RETRY)
enum sah_result_code { /* UNSPECIFIED is treated as RETRY */
#define X(name) SAH_RESULT_##name,
    SAH_RESULT_CODES(X)
#undef X
};
const char *sah_result_code_name(enum sah_result_code code);

#define SAH_RESULT_AGENCIES_MAX 8
struct sah_agency_state { /* where a request stands at one agency */
    char agency[SAH_AGENCY_SIZE];
    char agency_says[33]; /* how people call it: "108", "Indane" */
    char dial[17];        /* the number to dial */
    enum sah_state state;
    char case_no[SAH_CASE_SIZE];
    uint32_t eta_s;
};

struct sah_result { /* answers the message whose id the envelope carries */
    enum sah_result_code code;
    uint64_t accept_seq;
    char store_run_id[41];
    uint32_t retry_after_ms;
    char reason[161]; /* for an operator */
    /* The request became part of an open one (request_id) that another citizen made: news of it goes to
     * that one. */
    bool of_another;
    unsigned n_agencies; /* filled for a status query */
    struct sah_agency_state agencies[SAH_RESULT_AGENCIES_MAX];
};

/* What a citizen is to hear about a request. Written in the atomic step of the change (I8). */
struct sah_outbox_event {
    char event_id[41]; /* unique and ordered within a lane */
    char channel[SAH_CHANNEL_SIZE];
    char account[SAH_ACCOUNT_SIZE];
    char sender[SAH_SENDER_SIZE];
    char reply_token[SAH_REPLY_TOKEN_SIZE];
    char language[SAH_LANGUAGE_SIZE];
    enum sah_comm_pref comm_pref;
    bool emergency; /* P0..P2: goes out first and always names the number to dial */
    char service[SAH_SERVICE_SIZE];
    char incident_type[SAH_TYPE_SIZE];
    char agency_says[33]; /* "" for an event that concerns no single agency */
    char dial[17];
    struct sah_agency_status status; /* state, case, units, ETA, price... */
    bool inferred;                   /* filled in between by the router, said to nobody */
    bool again;                      /* RECEIVED: asked again while status.request_id is open */
    int64_t created_ms;
    /* What it tells: the same news that comes from another store, or from another life of a router, has
     * the same name, and a citizen hears it once. "" = its event_id. */
    char name[41];
};

static inline const char *sah_outbox_event_name(const struct sah_outbox_event *event)
{
    return event->name[0] != '\0' ? event->name : event->event_id;
}

struct sah_outbox_ack {
    char event_id[41];
};

struct sah_hello {
    unsigned n_channels;
    char channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE];
    enum sah_lane lane;   /* said by a router */
    char state[17];       /* router: NORMAL, DOWN... */
    char version[33];
    /* router: which run of the store takes messages now; "" while none does. What was accepted under
     * another run may be lost with it: an adapter submits it again, and what was not is a DUPLICATE. */
    char store_run_id[41];
};

struct sah_message {
    uint32_t schema_version; /* 0 counts as 1; a larger one than ours is read as far as we know it */
    struct sah_id id;
    char request_id[SAH_REQUEST_ID_SIZE];   /* empty in a REQUEST: the router names it */
    char incident_id[SAH_INCIDENT_ID_SIZE];
    uint32_t sequence; /* within the request: 1 = the request itself (I10) */
    struct sah_id causation;
    char producer[SAH_PRODUCER_SIZE];
    int64_t created_ms, accepted_ms;
    enum sah_environment environment;
    uint8_t trace[16];
    enum sah_kind kind;
    union {
        struct sah_request request;
        struct sah_amendment amendment;
        struct sah_cancel cancel;
        struct sah_status_query status_query;
        struct sah_result result;
        struct sah_outbox_event outbox_event;
        struct sah_outbox_ack outbox_ack;
        struct sah_hello hello;
    } u;
};

/*
 * Bytes -> *ret_message (large: keep it off small stacks). SAH_ELIMIT past SAH_MESSAGE_MAX_BYTES,
 * SAH_EINVAL for anything malformed or out of bounds; `why` (may be NULL) gets the field's name and
 * what is wrong with it, never its content.
 */
SAH_MUST_USE int sah_message_decode(const void *bytes, size_t len, struct sah_message *ret_message,
                                    char *why, size_t why_size);
/* Checks the same bounds, then appends the bytes to `buf`. */
SAH_MUST_USE int sah_message_encode(const struct sah_message *message, struct sah_buf *buf, char *why,
                                    size_t why_size);
/*
 * Reports: whole messages as they came, behind an envelope in the same bytes (message Reports of
 * envelope.proto), so that no word, picture or unknown field of theirs is lost (I3). Adding one that
 * would make the whole larger than SAH_MESSAGE_MAX_BYTES is SAH_ELIMIT and changes nothing.
 */
SAH_MUST_USE int sah_message_add_report(struct sah_buf *buf, const char *request_id, struct sah_slice report);
/* The next one from *at on (0 at first), which moves behind it; false at the end, and for bytes that
 * are no message. */
bool sah_message_next_report(struct sah_slice bytes, size_t *at, struct sah_slice *ret_request_id,
                             struct sah_slice *ret_report);
/* Checks alone. */
SAH_MUST_USE int sah_message_check(const struct sah_message *message, char *why, size_t why_size);

#endif
