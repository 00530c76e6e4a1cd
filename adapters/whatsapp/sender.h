/*
 * sender - replies out: renders, POSTs to the Graph API, judges the answer. A struct
 * sah_channel.
 *
 * Owns:    its HTTP client, the access token, the sends under way.
 * Used by: app.c, which hands sah_sender_send to the skeleton.
 * Never:   decides when a reply is sent again: it says what the answer was worth, the outbox
 * decides.
 */
#ifndef SAH_WHATSAPP_SENDER_H
#define SAH_WHATSAPP_SENDER_H

#include <sahaya/adapter.h>

#include "metrics.h"

struct sah_sender_settings {
    const char *graph_url; /* "https://graph.facebook.com", without a slash at its end */
    const char *version;   /* "v23.0" */
    const char *token_file;
    uint32_t timeout_ms; /* 0 = 10 s */
    struct sah_wa_metrics *metrics;
    struct sah_log *log;
};

struct sah_sender; /* opaque */
SAH_MUST_USE int sah_sender_create(struct sah_loop *loop,
                                   const struct sah_sender_settings *settings,
                                   struct sah_sender **ret_sender);
/* Takes no more replies: they stay in the outbox. What is under way goes on. */
void sah_sender_quiesce(struct sah_sender *sender);
/* Completes what is under way (RETRY) and takes no more: before the skeleton is destroyed. */
void sah_sender_stop(struct sah_sender *sender);
void sah_sender_destroy(struct sah_sender *sender); /* after the skeleton; NULL is fine */

/* struct sah_channel.send: data is the sender. SAH_EDOWN after either of them, SAH_ENOMEM.
 */
SAH_MUST_USE int sah_sender_send(void *data, const struct sah_reply *reply, sah_sent_fn *fn,
                                 void *fn_data);
unsigned sah_sender_in_flight(const struct sah_sender *sender);

#endif
