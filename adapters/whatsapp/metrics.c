/*
 * metrics - counting and the Prometheus text. See metrics.h.
 */
#include "metrics.h"

#include <inttypes.h>
#include <string.h>

static const uint32_t bucket_ms[SAH_WA_BUCKETS] = {5, 25, 50, 100, 250, 500, 1000, 5000};
static const int answer_status[SAH_N_WA_ANSWERS] = {
#define X(status) status,
    SAH_WA_ANSWERS(X)
#undef X
};
static const char *const status_names[SAH_N_WA_STATUSES] = {
#define X(name) #name,
    SAH_WA_STATUSES(X)
#undef X
};
static const char *const field_names[SAH_N_WA_FIELDS] = {
#define X(name) #name,
    SAH_WA_FIELDS(X)
#undef X
};

void sah_wa_metrics_answer(struct sah_wa_metrics *metrics, int status, uint64_t elapsed_ms)
{
    size_t bucket = 0;

    for (size_t i = 0; i < SAH_N_WA_ANSWERS; i++) {
        if (answer_status[i] == status)
            metrics->answers[i]++;
    }
    while (bucket < SAH_WA_BUCKETS && elapsed_ms > bucket_ms[bucket])
        bucket++;
    metrics->answer_buckets[bucket]++;
    metrics->answer_ms_sum += elapsed_ms;
}

void sah_wa_metrics_quarantine(struct sah_wa_metrics *metrics, const char *why)
{
    for (size_t i = 0; i < SAH_WA_REASONS_MAX; i++) {
        if (metrics->quarantined[i].why == NULL)
            metrics->quarantined[i].why = i + 1 < SAH_WA_REASONS_MAX ? why : "other";
        if (strcmp(metrics->quarantined[i].why, why) == 0 || i + 1 == SAH_WA_REASONS_MAX) {
            metrics->quarantined[i].n++;
            return;
        }
    }
}

void sah_wa_metrics_error_code(struct sah_wa_metrics *metrics, int code)
{
    unsigned i = 0;

    while (i < metrics->n_error_codes && metrics->error_codes[i].code != code)
        i++;
    if (i == metrics->n_error_codes && i + 1 < SAH_WA_CODES_MAX) {
        metrics->error_codes[i].code = code;
        metrics->n_error_codes++;
    } /* else it is known, or the row behind the last one gathers the rest */
    metrics->error_codes[i].n++;
}

static unsigned index_of(const char *const *names, unsigned n, const char *name)
{
    for (unsigned i = 0; name != NULL && i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return n - 1; /* "other" stands last in every table */
}

enum sah_wa_status sah_wa_status_of(const char *name)
{
    return index_of(status_names, SAH_N_WA_STATUSES, name);
}

enum sah_wa_field sah_wa_field_of(const char *name)
{
    return index_of(field_names, SAH_N_WA_FIELDS, name);
}

#define P "sahaya_whatsapp_"

static void type_line(struct sah_buf *buf, const char *name, const char *type, const char *help)
{
    sah_buf_addf(buf, "# HELP " P "%s %s\n# TYPE " P "%s %s\n", name, help, name, type);
}

static void single(struct sah_buf *buf, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    type_line(buf, name, type, help);
    sah_buf_addf(buf, P "%s %" PRIu64 "\n", name, value);
}

static void labelled(struct sah_buf *buf, const char *name, const char *label,
                     const char *value, uint64_t n)
{
    sah_buf_addf(buf, P "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, n);
}

static void answers_text(const struct sah_wa_metrics *m, struct sah_buf *buf)
{
    uint64_t below = 0;

    type_line(buf, "webhooks_total", "counter", "POSTs by the HTTP status they got");
    for (size_t i = 0; i < SAH_N_WA_ANSWERS; i++) {
        uint64_t n = m->answers[i] + (i == SAH_WA_ANSWER_413 ? m->too_large : 0);

        sah_buf_addf(buf, P "webhooks_total{status=\"%d\"} %" PRIu64 "\n", answer_status[i], n);
    }
    type_line(buf, "webhook_seconds", "histogram", "from a whole POST to its answer");
    for (size_t i = 0; i < SAH_WA_BUCKETS; i++) {
        below += m->answer_buckets[i];
        sah_buf_addf(buf, P "webhook_seconds_bucket{le=\"%u.%03u\"} %" PRIu64 "\n",
                     bucket_ms[i] / 1000, bucket_ms[i] % 1000, below);
    }
    below += m->answer_buckets[SAH_WA_BUCKETS];
    sah_buf_addf(buf,
                 P "webhook_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n" P
                   "webhook_seconds_sum %" PRIu64 ".%03u\n" P "webhook_seconds_count %" PRIu64
                   "\n",
                 below, m->answer_ms_sum / 1000, (unsigned)(m->answer_ms_sum % 1000), below);
}

static void inbound_text(const struct sah_wa_metrics *m, struct sah_buf *buf)
{
    type_line(buf, "signatures_total", "counter", "signature checks by verdict");
    for (unsigned i = 0; i < SAH_N_SIGNATURE_VERDICTS; i++)
        labelled(buf, "signatures_total", "verdict", sah_signature_verdict_name(i),
                 m->signatures[i]);
    type_line(buf, "handshakes_total", "counter", "verification GETs");
    labelled(buf, "handshakes_total", "verdict", "good", m->handshakes_good);
    labelled(buf, "handshakes_total", "verdict", "bad", m->handshakes_bad);
    type_line(buf, "updates_total", "counter", "updates in signed POSTs by kind");
    for (unsigned i = 0; i < SAH_N_UPDATE_KINDS; i++)
        labelled(buf, "updates_total", "kind", sah_update_kind_name(i), m->updates[i]);
    type_line(buf, "messages_total", "counter", "messages of citizens by type");
    for (unsigned i = 0; i < SAH_N_WA_TYPES; i++)
        labelled(buf, "messages_total", "type", sah_wa_type_name(i), m->messages[i]);
    type_line(buf, "statuses_total", "counter", "statuses of our messages by kind");
    for (unsigned i = 0; i < SAH_N_WA_STATUSES; i++)
        labelled(buf, "statuses_total", "status", status_names[i], m->statuses[i]);
    type_line(buf, "fields_total", "counter", "changes of other fields by name");
    for (unsigned i = 0; i < SAH_N_WA_FIELDS; i++)
        labelled(buf, "fields_total", "field", field_names[i], m->fields[i]);
    type_line(buf, "quarantined_total", "counter", "pieces put in quarantine by reason");
    for (unsigned i = 0; i < SAH_WA_REASONS_MAX && m->quarantined[i].why != NULL; i++)
        labelled(buf, "quarantined_total", "why", m->quarantined[i].why, m->quarantined[i].n);
    type_line(buf, "error_codes_total", "counter", "errors told by webhooks by code");
    for (unsigned i = 0; i < m->n_error_codes; i++)
        sah_buf_addf(buf, P "error_codes_total{code=\"%d\"} %" PRIu64 "\n",
                     m->error_codes[i].code, m->error_codes[i].n);
    labelled(buf, "error_codes_total", "code", "other", m->error_codes[SAH_WA_CODES_MAX - 1].n);
}

static void outbound_text(const struct sah_wa_metrics *m, struct sah_buf *buf)
{
    type_line(buf, "graph_results_total", "counter", "answers of the Graph API by class");
    for (unsigned i = 0; i < SAH_N_GRAPH_CLASSES; i++)
        labelled(buf, "graph_results_total", "class", sah_graph_class_name(i), m->graph[i]);
    single(buf, "reply_cuts_total", "counter", "texts cut to a limit of the platform", m->cuts);
    single(buf, "reply_degraded_total", "counter", "replies sent in a simpler form",
           m->degraded);
    single(buf, "reply_unrenderable_total", "counter", "replies that cannot be sent at all",
           m->unrenderable);
    single(buf, "sends_in_flight", "gauge", "requests to the Graph API under way",
           m->sends_in_flight);
    single(buf, "sending_stopped", "gauge",
           "1 while the Graph API refuses the account or its token", m->sending_stopped);
    single(buf, "token_failures_total", "counter", "times the access token could not be read",
           m->token_failures);
}

void sah_wa_metrics_text(const struct sah_wa_metrics *m, struct sah_buf *buf)
{
    answers_text(m, buf);
    inbound_text(m, buf);
    single(buf, "taken_total", "counter", "messages the adapter holds durably", m->taken);
    single(buf, "take_failures_total", "counter", "messages it could not take",
           m->take_failures);
    single(buf, "quarantine_failures_total", "counter", "quarantine writes that failed",
           m->quarantine_failures);
    single(buf, "foreign_objects_total", "counter", "POSTs about another kind of object",
           m->foreign_objects);
    single(buf, "repaired_total", "counter", "POSTs with broken characters", m->repaired);
    single(buf, "time_absurd_total", "counter", "messages without a sensible time",
           m->time_absurd);
    single(buf, "groups_total", "counter", "messages from groups, not answered", m->groups);
    single(buf, "no_phone_total", "counter", "messages without a phone number", m->no_phone);
    single(buf, "busy_total", "counter", "POSTs refused because too much was under way",
           m->busy);
    single(buf, "webhooks_in_progress", "gauge", "POSTs not answered yet",
           m->posts_in_progress);
    single(buf, "webhook_bytes_in_progress", "gauge", "bytes of POSTs not answered yet",
           m->bytes_in_progress);
    single(buf, "last_webhook_timestamp_seconds", "gauge", "when the last signed POST came",
           (uint64_t)m->last_webhook_ms / 1000);
    outbound_text(m, buf);
}
