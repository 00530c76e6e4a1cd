/*
 * metrics - what the channel counts, and its Prometheus text. Counters only, and only words of
 * ours as labels: nothing that came from outside can make a new one (I13, and bounded memory).
 */
#ifndef SAH_WHATSAPP_METRICS_H
#define SAH_WHATSAPP_METRICS_H

#include "graph.h"
#include "normalize.h"
#include "signature.h"

#define SAH_WA_REASONS_MAX 24
#define SAH_WA_CODES_MAX   48
#define SAH_WA_BUCKETS     8

/* HTTP statuses that a webhook may get. */
#define SAH_WA_ANSWERS(X)  X(200) X(401) X(403) X(413) X(503)
enum sah_wa_answer {
#define X(status) SAH_WA_ANSWER_##status,
    SAH_WA_ANSWERS(X)
#undef X
        SAH_N_WA_ANSWERS
};

#define SAH_WA_STATUSES(X) X(sent) X(delivered) X(read) X(played) X(failed) X(other)
enum sah_wa_status {
#define X(name) SAH_WA_STATUS_##name,
    SAH_WA_STATUSES(X)
#undef X
        SAH_N_WA_STATUSES
};

/* Subscribed fields beside `messages` (whatsapp.md 3.7). */
#define SAH_WA_FIELDS(X)                                                                      \
    X(account_alerts)                                                                         \
    X(account_update)                                                                         \
    X(account_review_update) X(business_capability_update) X(phone_number_quality_update)     \
        X(phone_number_name_update) X(message_template_status_update)                         \
            X(message_template_quality_update) X(message_template_components_update)          \
                X(template_category_update) X(security) X(user_preferences) X(user_id_update) \
                    X(business_username_updates) X(calls) X(flows) X(history)                 \
                        X(smb_app_state_sync) X(smb_message_echoes) X(automatic_events)       \
                            X(partner_solutions) X(payment_configuration_update) X(other)
enum sah_wa_field {
#define X(name) SAH_WA_FIELD_##name,
    SAH_WA_FIELDS(X)
#undef X
        SAH_N_WA_FIELDS
};

struct sah_wa_metrics {
    uint64_t answers[SAH_N_WA_ANSWERS];
    uint64_t too_large; /* 413, counted by the server */
    uint64_t handshakes_good, handshakes_bad;
    uint64_t signatures[SAH_N_SIGNATURE_VERDICTS];
    uint64_t updates[SAH_N_UPDATE_KINDS];
    uint64_t messages[SAH_N_WA_TYPES];
    uint64_t statuses[SAH_N_WA_STATUSES];
    uint64_t fields[SAH_N_WA_FIELDS];
    uint64_t taken, take_failures, quarantine_failures;
    uint64_t foreign_objects, repaired, time_absurd, groups, no_phone;
    uint64_t busy; /* 503 because too much was under way */
    struct {
        const char *why; /* a literal of ours */
        uint64_t n;
    } quarantined[SAH_WA_REASONS_MAX];
    struct {
        int code;
        uint64_t n;
    } error_codes[SAH_WA_CODES_MAX]; /* of value.errors and failed statuses; the last row:
                                        others */
    unsigned n_error_codes;
    uint64_t graph[SAH_N_GRAPH_CLASSES];
    uint64_t cuts, degraded, unrenderable;
    uint64_t answer_buckets[SAH_WA_BUCKETS + 1]; /* the last one: slower than all */
    uint64_t answer_ms_sum;
    int64_t last_webhook_ms; /* wall clock; 0 = none yet: the silence timer */
    /* gauges */
    uint64_t posts_in_progress, bytes_in_progress, sends_in_flight, token_failures;
    bool sending_stopped; /* the last answer of Graph said STOP */
};

void sah_wa_metrics_answer(struct sah_wa_metrics *metrics, int status, uint64_t elapsed_ms);
void sah_wa_metrics_quarantine(struct sah_wa_metrics *metrics, const char *why);
void sah_wa_metrics_error_code(struct sah_wa_metrics *metrics, int code);
/* NULL counts as other. */
enum sah_wa_status sah_wa_status_of(const char *name);
enum sah_wa_field sah_wa_field_of(const char *name);

void sah_wa_metrics_text(const struct sah_wa_metrics *metrics, struct sah_buf *buf);

#endif
