/*
 * talk - one citizen, one conversation and a router that answers at once: what a page plays on.
 *
 * Owns:    the conversation, the requests a router would have, what was sent and read in this step.
 * Used by: play.c. Never: knows a page, or asks a clock.
 *
 * What every page proves without saying so is checked here after each step: the same step gives the
 * same result; a restart between two lines changes nothing (the conversation goes through its stored
 * form each time); an emergency's reply names a number to dial, but for a covert caller (I12); nobody
 * is told that help is coming before a person said so (I9); one question a message, five about a
 * request at most.
 */
#ifndef TALK_H
#define TALK_H

#include "dialog.h"
#include "dialog_texts.h"
#include "facts.h"

#define TALK_REQUESTS_MAX 24
#define TALK_READ_MAX     48

struct talk_request {
    struct sah_id message_id;
    char request_id[SAH_REQUEST_ID_SIZE];
    enum sah_lane lane;
    enum sah_priority priority;
    char service[SAH_SERVICE_SIZE];
    struct sah_message message;
};

struct talk {
    struct sah_dialog *dialog;
    struct sah_policy *policy;
    struct texts *texts;
    struct sah_conversation c;
    int64_t now_ms;
    unsigned n; /* messages and events so far */
    bool router_away;
    struct sah_step step;
    struct facts facts[SAH_SUBMITS_MAX]; /* of step.submits */
    struct sah_message query;            /* the newest status question; kind 0 = none */
    unsigned n_requests, n_read, asked;
    struct talk_request requests[TALK_REQUESTS_MAX];
    struct sah_reply read[TALK_READ_MAX]; /* everything offered so far, newest last */
    bool person; /* a person at an agency has spoken */
    void (*fault)(struct talk *t, const char *what);
};

/* Begins anew, in the morning of a Monday. */
void talk_begin(struct talk *t);
enum text_language talk_language(const struct talk *t);
/* One message of the citizen; the ids and times are filled in. */
void talk_take(struct talk *t, struct sah_incoming *in);
void talk_event(struct talk *t, struct sah_outbox_event *event);
/* The router answers the newest status question, or the newest submit that way; NULL = not at all. */
void talk_status(struct talk *t, const struct sah_message *result);
void talk_not_accepted(struct talk *t, const struct sah_message *result);
/* A router is there again: what waited gets its name. */
void talk_router_back(struct talk *t);
/* The newest request of an agency's service, "108" of AMBULANCE_108; else the newest. NULL = none. */
struct talk_request *talk_request_of(struct talk *t, const char *agency);

#endif
