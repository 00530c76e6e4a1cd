/*
 * webhook - one POST from its raw bytes to its answer.
 *
 * Owns:    the POSTs that are not answered yet.
 * Used by: app.c, once for each POST; knows nothing of the HTTP server.
 * Never:   says 200 before each message is durable with the skeleton and each broken piece in
 *          quarantine (I1); never parses a byte before the signature is good.
 */
#ifndef SAH_WHATSAPP_WEBHOOK_H
#define SAH_WHATSAPP_WEBHOOK_H

#include <sahaya/adapter.h>

#include "metrics.h"
#include "signature.h"

#define SAH_WEBHOOK_MAX_BYTES (3 * 1024 * 1024)

struct sah_webhook_settings {
    struct sah_adapter *adapter;
    struct sah_signature *signature; /* borrowed */
    const char *accounts;            /* phone_number_ids we serve, by commas; "" = every one */
    struct sah_wa_metrics *metrics;
    struct sah_log *log;
};

struct sah_webhook; /* opaque */
SAH_MUST_USE int sah_webhook_create(const struct sah_webhook_settings *settings,
                                    struct sah_webhook **ret_webhook);
/* POSTs under way are forgotten unanswered: the skeleton must be gone before. NULL is fine. */
void sah_webhook_destroy(struct sah_webhook *webhook);

/* `status` is 200, 401 or 503. Called exactly once for each POST, also from inside. */
typedef void sah_webhook_fn(void *data, int status);
/* `body` is borrowed for the call. received_ms is the wall clock. */
void sah_webhook_post(struct sah_webhook *webhook, const char *signature_header,
                      struct sah_slice body, int64_t received_ms, sah_webhook_fn *fn,
                      void *data);
/* From now on every POST gets 503; what is under way goes on. */
void sah_webhook_stop(struct sah_webhook *webhook);
unsigned sah_webhook_in_progress(const struct sah_webhook *webhook);

#endif
