/*
 * dialog - the conversation with one citizen: what to send to a router, what to answer. Pure.
 *
 * Owns:    the rules of the conversation; the order is forward first, ask after.
 * Used by: adapter.c, once for each incoming message and once for each outbox event.
 * Never:   talks to anyone, asks a clock, or lets an open menu or booking hide a danger cue.
 *
 * A step takes the conversation as it stands and gives the next one, messages for routers and
 * replies. The adapter commits all of it in one atomic step and repeats the step when another
 * writer was faster, so a step must follow from its arguments alone.
 */
#ifndef SAHAYA_DIALOG_H
#define SAHAYA_DIALOG_H

#include <sahaya/message.h>

#include "understand/understand.h"

#define SAH_CHOICE_SIZE 65
#define SAH_OPEN_MAX    4
#define SAH_SUBMITS_MAX 3
#define SAH_REPLIES_MAX 4
#define SAH_BUTTONS_MAX 3
#define SAH_ROWS_MAX    10

enum sah_incoming_kind {
    SAH_INCOMING_TEXT,
    SAH_INCOMING_CHOICE,
    SAH_INCOMING_PLACE,
    SAH_INCOMING_MEDIA,
    SAH_INCOMING_CONTACT, /* a phone number to call back: citizen.callback */
    SAH_INCOMING_OTHER, /* sticker, order, unsupported, one invented tomorrow: type_name says */
    SAH_INCOMING_SILENT, /* nothing to answer: reaction, edit, revoke, system */
};

struct sah_incoming { /* one message of a citizen, channel-neutral */
    struct sah_id id;
    struct sah_citizen citizen;
    int64_t sent_ms, received_ms;
    enum sah_incoming_kind kind;
    char type_name[33]; /* the channel's own name of the type, for counting */
    uint32_t text_len;  /* text or caption */
    char text[SAH_TEXT_MAX + 1];
    bool text_broken, text_cut;
    char choice[SAH_CHOICE_SIZE]; /* id of a button or row of ours, verified by the adapter */
    struct sah_place place;
    unsigned n_media;
    struct sah_media media[SAH_MEDIA_MAX];
};

struct sah_open_request { /* a request of this citizen that is not closed, or closed < 30 min
                             ago */
    char request_id[SAH_REQUEST_ID_SIZE]; /* "" until a router has named it */
    struct sah_id message_id;             /* of the message that made it */
    enum sah_urgency urgency;
    char service[SAH_SERVICE_SIZE];
    char incident_type[SAH_TYPE_SIZE];
    enum sah_state state; /* the newest heard of any agency */
    bool paused, cancel_asked, has_place;
    bool cancel_wanted; /* understood as a cancel and asked back: nothing is asked of an agency yet */
    uint32_t sequence; /* of the newest message sent; 1 = the request */
    int64_t opened_ms, closed_ms;
    /* Sets of names, a bit for the hash of each: two that share one are taken for one. */
    uint32_t cues;    /* said so far: the same again is a repeat, not worse */
    uint32_t working; /* agencies that have it and have not ended it */
    uint32_t taken;   /* agencies where a person has it */
};

struct sah_conversation {
    uint64_t revision; /* 0 = never stored */
    char language[SAH_LANGUAGE_SIZE];
    bool language_chosen; /* by the citizen: later texts do not change it */
    bool silent;          /* covert caller: one neutral text and no more */
    unsigned n_open;
    struct sah_open_request open[SAH_OPEN_MAX];
    char asking[33]; /* the question that is open: "where", "lpg.company", "which.service"; "" =
                        none */
    uint8_t asked;   /* questions asked about the newest request, at most five */
    struct sah_lpg draft; /* a booking being gathered */
    bool drafting;
    char draft_text[1025];        /* the words of the booking, delivery codes masked */
    enum sah_comm_pref comm_pref; /* TEXT_ONLY once a citizen has said that they cannot hear */
    int64_t last_in_ms;
};

/* What a citizen gets, channel-neutral. `key` is unique and stable: the channel sends it once.
 */
enum sah_reply_kind {
    SAH_REPLY_TEXT,
    SAH_REPLY_BUTTONS,
    SAH_REPLY_LIST,
    SAH_REPLY_ASK_PLACE,
    SAH_REPLY_LINK,
};
struct sah_choice {
    char id[SAH_CHOICE_SIZE];
    char title[97];        /* at most 20 code points on a button, 24 in a row */
    char description[289]; /* rows only, at most 72 code points */
};
struct sah_reply {
    char key[81];
    enum sah_reply_kind kind;
    bool emergency;
    char account[SAH_ACCOUNT_SIZE];
    char sender[SAH_SENDER_SIZE];
    char reply_token[SAH_REPLY_TOKEN_SIZE];
    char quote[SAH_CHANNEL_MESSAGE_SIZE]; /* channel message it answers; "" = none */
    char supersedes[41]; /* a later reply with the same tag makes an unsent one stale; "" =
                            never */
    int64_t created_ms;
    char body[4097]; /* at most 1024 code points when there are buttons or rows */
    char button[97]; /* LIST: the button that opens it; LINK: its text */
    char url[SAH_URL_SIZE];
    unsigned n_choices;
    struct sah_choice choices[SAH_ROWS_MAX];
};

struct sah_step {
    struct sah_conversation next;
    unsigned n_submits; /* messages for routers, in this order; urgency picks the lane */
    struct sah_message submits[SAH_SUBMITS_MAX];
    enum sah_urgency submit_urgency[SAH_SUBMITS_MAX];
    unsigned n_replies;
    struct sah_reply replies[SAH_REPLIES_MAX];
    bool not_ours; /* nothing of this is for us: the upstream bot may have it */
};

struct sah_dialog; /* lexicon, reply texts, services; read-only after creation */
SAH_MUST_USE int sah_dialog_create(const char *phrases_folder, struct sah_dialog **ret_dialog,
                                   struct sah_fault *fault);
void sah_dialog_destroy(struct sah_dialog *dialog);
const struct sah_lexicon *sah_dialog_lexicon(const struct sah_dialog *dialog);

/* One message came in. Message ids of further submits are derived from incoming->id. */
void sah_dialog_take(const struct sah_dialog *dialog,
                     const struct sah_conversation *conversation,
                     const struct sah_incoming *incoming, struct sah_step *ret_step);
/* A router accepted (or found again) the submit with this message id: learn the request id. */
void sah_dialog_accepted(const struct sah_message *submit, const struct sah_message *result,
                         struct sah_conversation *conversation);
/* A router answered a status query: the replies that say the true state. */
void sah_dialog_status(const struct sah_dialog *dialog,
                       const struct sah_conversation *conversation,
                       const struct sah_message *query, const struct sah_message *result,
                       int64_t now_ms, struct sah_step *ret_step);
/* News of a request for its citizen. */
void sah_dialog_event(const struct sah_dialog *dialog,
                      const struct sah_conversation *conversation,
                      const struct sah_outbox_event *event, int64_t now_ms,
                      struct sah_step *ret_step);

/* A submit was not accepted: `result` is NULL when no router answered in time (nothing is
 * confirmed: the number to call now), else its refusal (a booking past the limit: when to try
 * again). */
void sah_dialog_not_accepted(const struct sah_dialog *dialog,
                             const struct sah_conversation *conversation,
                             const struct sah_message *submit, const struct sah_message *result,
                             int64_t now_ms, struct sah_step *ret_step);

/* The conversation and a reply as JSON text, for the adapter's Redis. Unknown fields are
 * ignored, missing ones are zero: an older or newer program reads what it knows. */
SAH_MUST_USE int sah_conversation_encode(const struct sah_conversation *conversation,
                                         struct sah_buf *buf);
SAH_MUST_USE int sah_conversation_decode(const char *json, size_t len,
                                         struct sah_conversation *ret_conversation);
SAH_MUST_USE int sah_reply_encode(const struct sah_reply *reply, struct sah_buf *buf);
SAH_MUST_USE int sah_reply_decode(const char *json, size_t len, struct sah_reply *ret_reply);
/* A message as it came in, for the journal. SAH_EINVAL for one of nobody. */
SAH_MUST_USE int sah_incoming_encode(const struct sah_incoming *incoming, struct sah_buf *buf);
SAH_MUST_USE int sah_incoming_decode(const char *json, size_t len,
                                     struct sah_incoming *ret_incoming);

#endif
