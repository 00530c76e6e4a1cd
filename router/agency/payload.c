/*
 * payload - one leased delivery and its decoded message as the JSON body an agency gets. See
 * payload.h.
 */
#include <stdlib.h>
#include <string.h>

#include "agency/payload.h"

static const char *const environments[] = {
#define X(name) [SAH_ENVIRONMENT_##name] = #name,
    SAH_ENVIRONMENTS(X)
#undef X
};
static const char *const roles[] = {
#define X(name) [SAH_ROLE_##name] = #name,
    SAH_ROLES(X)
#undef X
};
static const char *const comm_prefs[] = {
#define X(name) [SAH_COMM_PREF_##name] = #name,
    SAH_COMM_PREFS(X)
#undef X
};
static const char *const place_kinds[] = {
#define X(name) [SAH_PLACE_##name] = #name,
    SAH_PLACE_KINDS(X)
#undef X
};
static const char *const place_methods[] = {
#define X(name) [SAH_METHOD_##name] = #name,
    SAH_PLACE_METHODS(X)
#undef X
};
static const struct {
    uint32_t flag;
    const char *name;
} vulnerable[] = {
    {SAH_VULNERABLE_PREGNANT, "pregnant"},     {SAH_VULNERABLE_UNDER_5, "under_5"},
    {SAH_VULNERABLE_OVER_65, "over_65"},       {SAH_VULNERABLE_DISABLED, "disabled"},
    {SAH_VULNERABLE_ALONE, "alone"},           {SAH_VULNERABLE_MINOR, "minor"},
    {SAH_VULNERABLE_NO_SHELTER, "no_shelter"}, {SAH_VULNERABLE_VOICE_FAILED, "voice_failed"},
};

/* UNSPECIFIED stands first in each list: not said, left out. */
#define NAME_KNOWN(j, key, names, value)                           \
    do {                                                           \
        if ((value) > 0 && (size_t)(value) < SAH_LEN(names))       \
            json_text((j), (key), sah_slice_of((names)[(value)])); \
    } while (0)

static void write_head(struct json_out *j, const struct sah_leased *leased,
                       const struct sah_message *m)
{
    char ref[SAH_REF_SIZE], id[SAH_ID_HEX_SIZE];

    sah_id_hex(&m->id, id);
    sah_request_ref(leased->request_id, ref);
    json_text_known(j, "schema", "sahaya.delivery/1");
    json_text_known(j, "key", leased->key);
    json_text_known(j, "kind", sah_kind_name(leased->kind));
    json_text_known(j, "message_id", id);
    json_text_known(j, "request_id", leased->request_id);
    json_text_known(j, "ref", ref);
    json_text_known(j, "incident_id", leased->incident_id);
    json_int(j, "sequence", leased->sequence);
    /* An agency must never have to guess whether a call is real. */
    json_text_known(j, "environment",
                    m->environment == SAH_ENVIRONMENT_TEST ||
                            m->environment == SAH_ENVIRONMENT_EXERCISE
                        ? environments[m->environment]
                        : "LIVE");
    json_text_known(j, "agency", leased->agency);
    json_text_known(j, "endpoint", leased->endpoint);
    json_int(j, "attempt", leased->attempts);
    json_bool(j, "possible_duplicate", leased->possible_duplicate);
    json_int_known(j, "repeats", leased->repeats);
    if (leased->n_previous == 0)
        return;
    json_open(j, "previous", '[');
    for (unsigned i = 0; i < leased->n_previous; i++) {
        json_open(j, NULL, '{');
        json_text_known(j, "agency", leased->previous[i].agency);
        /* What a dispatcher needs to know: was it asked and silent, did it say no, was it away?
         */
        json_text_known(j, "outcome",
                        leased->previous[i].outcome == SAH_ANSWER_REFUSED       ? "refused"
                        : leased->previous[i].outcome == SAH_ANSWER_UNREACHABLE ? "unreachable"
                        : leased->previous[i].outcome == SAH_ANSWER_WAITING     ? "waiting"
                                                                                : "unanswered");
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_cues(struct json_out *j, const struct sah_triage *t)
{
    bool any = false;

    for (unsigned i = 0; i < t->n_cues; i++)
        any = any || !t->cues[i].negated;
    if (!any)
        return;
    json_open(j, "cues", '[');
    for (unsigned i = 0; i < t->n_cues; i++)
        if (!t->cues[i].negated)
            json_text(j, NULL, sah_slice_of(t->cues[i].name));
    json_close(j, ']');
}

/* `named`: an amendment that says what it is after all ("mother fell", of a bare help). The request was
 * accepted as something else, and 108 would otherwise read UNKNOWN. */
static void write_triage(struct json_out *j, const struct sah_leased *leased,
                         const struct sah_triage *t, bool named)
{
    json_text_known(j, "service", named ? t->service : leased->service);
    if (t != NULL && t->n_additional > 0) {
        json_open(j, "additional_services", '[');
        for (unsigned i = 0; i < t->n_additional; i++)
            json_text(j, NULL, sah_slice_of(t->additional[i]));
        json_close(j, ']');
    }
    json_text_known(j, "incident_type",
                    named && t->incident_type[0] != '\0' ? t->incident_type : leased->incident_type);
    json_text_known(j, "priority", sah_priority_name(leased->priority));
    json_text_known(j, "rule", leased->rule);
    payload_write_note(j, leased->note);
    if (t != NULL)
        write_cues(j, t);
    if (t == NULL || (t->service[0] == '\0' && t->n_cues == 0))
        return; /* an amendment without triage of its own says nothing about it */
    json_int(j, "confidence", t->confidence);
    /* For the dispatcher alone: it changes no class and no delivery. */
    json_int(j, "suspicion", leased->judged && leased->suspicion > t->suspicion ? leased->suspicion : t->suspicion);
    json_bool(j, "needs_person", t->needs_person);
    json_int_known(j, "patients", t->patients);
    json_tri(j, "trapped", t->trapped);
}

static void write_citizen(struct json_out *j, const struct sah_citizen *c)
{
    json_open(j, "citizen", '{');
    json_text_known(j, "callback", c->callback);
    json_text_known(j, "name", c->name);
    json_text_known(j, "language", c->language);
    NAME_KNOWN(j, "comm_pref", comm_prefs, c->comm_pref);
    NAME_KNOWN(j, "role", roles, c->role);
    if (c->vulnerable != 0) {
        json_open(j, "vulnerable", '[');
        for (unsigned i = 0; i < SAH_LEN(vulnerable); i++)
            if (c->vulnerable & vulnerable[i].flag)
                json_text(j, NULL, sah_slice_of(vulnerable[i].name));
        json_close(j, ']');
    }
    json_bool(j, "forwarded", c->forwarded || c->often_forwarded);
    json_close(j, '}');
}

static void write_places(struct json_out *j, const struct sah_request *r)
{
    if (r->n_places == 0)
        return;
    json_open(j, "places", '[');
    for (unsigned i = 0; i < r->n_places; i++) {
        const struct sah_place *p = &r->places[i];

        json_open(j, NULL, '{');
        NAME_KNOWN(j, "kind", place_kinds, p->kind);
        NAME_KNOWN(j, "method", place_methods, p->method);
        if (p->has_point) {
            json_e7(j, "lat", p->lat_e7);
            json_e7(j, "lon", p->lon_e7);
            json_int_known(j, "radius_m", p->radius_m);
        }
        json_text_known(j, "address", p->address);
        json_text_known(j, "landmark", p->landmark);
        json_text_known(j, "floor", p->floor);
        json_text_known(j, "village", p->village);
        json_text_known(j, "mandal", p->mandal);
        json_text_known(j, "district", p->district);
        json_text_known(j, "pincode", p->pincode);
        json_int_known(j, "confidence", p->confidence);
        json_tri(j, "in_state", p->in_state);
        json_int_known(j, "observed_ms", p->observed_ms);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_media(struct json_out *j, const struct sah_request *r)
{
    if (r->n_media == 0)
        return;
    json_open(j, "media", '[');
    for (unsigned i = 0; i < r->n_media; i++) {
        const struct sah_media *m = &r->media[i];

        json_open(j, NULL, '{');
        json_text_known(j, "ref", m->ref);
        json_text_known(j, "mime", m->mime);
        json_text_known(j, "sha256", m->sha256);
        json_int_known(j, "bytes", m->bytes > INT64_MAX ? 0 : (int64_t)m->bytes);
        json_int_known(j, "duration_ms", m->duration_ms);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_words(struct json_out *j, const char *text, uint32_t len, bool broken)
{
    if (len == 0)
        return;
    json_text(j, "text", (struct sah_slice){text, len});
    json_bool(j, "text_broken", broken || j->lean);
}

static void write_times(struct json_out *j, const struct sah_leased *leased,
                        const struct sah_message *m)
{
    json_int_known(j, "created_ms", m->created_ms);
    json_int_known(j, "accepted_ms", leased->accepted_ms);
}

static void write_request(struct json_out *j, const struct sah_leased *leased,
                          const struct sah_message *m, const struct sah_request *r)
{
    bool named = m->kind == SAH_KIND_AMENDMENT && m->u.amendment.kind == SAH_AMENDMENT_TRIAGE &&
                 r->triage.service[0] != '\0';

    write_triage(j, leased, &r->triage, named);
    write_times(j, leased, m);
    write_citizen(j, &r->citizen);
    write_words(j, r->text, r->text_len, r->text_broken);
    write_places(j, r);
    write_media(j, r);
    payload_write_details(j, &r->payload);
    json_text_known(j, "related_request_id", r->related_request_id);
}

static void write_body(struct json_out *j, const struct sah_leased *leased,
                       const struct sah_message *m)
{
    switch (m->kind) {
    case SAH_KIND_REQUEST:
        write_request(j, leased, m, &m->u.request);
        break;
    case SAH_KIND_AMENDMENT:
        if (m->u.amendment.kind != SAH_AMENDMENT_UNSPECIFIED)
            json_text_known(j, "amendment", sah_amendment_kind_name(m->u.amendment.kind));
        if (m->u.amendment.kind == SAH_AMENDMENT_ANSWERED) {
            json_text_known(j, "answered_by", m->u.amendment.by_agency);
            json_text_known(j, "answered_by_name", m->u.amendment.by_says);
            json_text_known(j, "answered_state", sah_state_name(m->u.amendment.by_state));
        }
        if (m->u.amendment.kind == SAH_AMENDMENT_REPORTS) {
            json_int(j, "report_count", m->u.amendment.report_count);
            write_triage(j, leased, NULL, false);
            write_times(j, leased, m);
            break;
        }
        write_request(j, leased, m, &m->u.amendment.part);
        break;
    case SAH_KIND_CANCEL:
        if (leased->kind == SAH_KIND_AMENDMENT) /* one reporter of several: the incident goes on */
            json_text_known(j, "amendment", "WITHDRAWN");
        write_triage(j, leased, NULL, false);
        write_times(j, leased, m);
        write_citizen(j, &m->u.cancel.citizen);
        write_words(j, m->u.cancel.text, m->u.cancel.text_len, false);
        break;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_STATUS_QUERY:
    case SAH_KIND_RESULT:
    case SAH_KIND_OUTBOX_EVENT:
    case SAH_KIND_OUTBOX_ACK:
    case SAH_KIND_HELLO:
        break;
    }
}

static void write_report(struct json_out *j, struct sah_slice request_id, const struct sah_message *m)
{
    const struct sah_request *r = m->kind == SAH_KIND_REQUEST ? &m->u.request : &m->u.amendment.part;
    bool withdraws = m->kind == SAH_KIND_CANCEL;
    char id[SAH_ID_HEX_SIZE];

    sah_id_hex(&m->id, id);
    json_open(j, NULL, '{');
    json_text(j, "request_id", request_id);
    json_text_known(j, "message_id", id);
    json_text_known(j, "kind", withdraws ? "withdrawn" : sah_kind_name(m->kind));
    json_int_known(j, "created_ms", m->created_ms);
    if (withdraws) {
        write_words(j, m->u.cancel.text, m->u.cancel.text_len, false);
    } else {
        write_citizen(j, &r->citizen);
        write_words(j, r->text, r->text_len, r->text_broken);
        write_places(j, r);
        write_media(j, r);
        write_cues(j, &r->triage);
        json_int_known(j, "patients", r->triage.patients);
        json_tri(j, "trapped", r->triage.trapped);
        payload_write_details(j, &r->payload);
    }
    json_close(j, '}');
}

/* What linked reporters said, each as it came. */
static void write_reports(struct json_out *j, const struct sah_leased *leased)
{
    struct sah_message *m = NULL;
    struct sah_slice request_id, report;
    size_t at = 0;
    bool any = false;

    while (sah_message_next_report(leased->bytes, &at, &request_id, &report)) {
        if (m == NULL)
            m = malloc(sizeof *m);
        if (m == NULL || sah_message_decode(report.ptr, report.len, m, NULL, 0) != SAH_OK)
            continue;
        if (!any)
            json_open(j, "reports", '[');
        any = true;
        write_report(j, request_id, m);
    }
    if (any)
        json_close(j, ']');
    free(m);
}

static void write_all(const struct sah_leased *leased, const struct sah_message *message,
                      const char *public_url, bool lean, struct sah_buf *buf)
{
    struct json_out j = {.buf = buf, .lean = lean};
    char url[SAH_URL_SIZE];

    json_open(&j, NULL, '{');
    write_head(&j, leased, message);
    write_body(&j, leased, message);
    write_reports(&j, leased);
    if (sah_format(url, sizeof url, "%s/v1/requests/%s/status", public_url,
                   leased->request_id) == SAH_OK)
        json_text_known(&j, "status_url", url);
    json_close(&j, '}');
}

int sah_payload_write(const struct sah_leased *leased, const struct sah_message *message,
                      const char *public_url, struct sah_buf *buf)
{
    write_all(leased, message, public_url, false, buf);
    if (buf->failed) { /* words full of control characters: six bytes for one */
        sah_buf_clear(buf);
        write_all(leased, message, public_url, true, buf);
    }
    return buf->failed ? SAH_ELIMIT : SAH_OK;
}
