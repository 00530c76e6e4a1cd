/*
 * samples - see samples.h. Everybody and everything in here is made up.
 */
#include "samples.h"

#include <stdio.h>
#include <string.h>

#define SET(field, text) SAH_ASSERT(sah_copy(field, sizeof field, text, strlen(text)) == SAH_OK)
#define NOW_MS           INT64_C(1767225600000)

const struct sample samples[] = {
    {"request_bare", SAH_KIND_REQUEST, SAH_PAYLOAD_NONE},
    {"request_ambulance", SAH_KIND_REQUEST, SAH_PAYLOAD_AMBULANCE},
    {"request_transport", SAH_KIND_REQUEST, SAH_PAYLOAD_TRANSPORT},
    {"request_fire", SAH_KIND_REQUEST, SAH_PAYLOAD_FIRE},
    {"request_lpg", SAH_KIND_REQUEST, SAH_PAYLOAD_LPG},
    {"request_helpline", SAH_KIND_REQUEST, SAH_PAYLOAD_HELPLINE},
    {"amendment", SAH_KIND_AMENDMENT, SAH_PAYLOAD_AMBULANCE},
    {"cancel", SAH_KIND_CANCEL, SAH_PAYLOAD_NONE},
    {"status_query", SAH_KIND_STATUS_QUERY, SAH_PAYLOAD_NONE},
    {"result", SAH_KIND_RESULT, SAH_PAYLOAD_NONE},
    {"outbox_event", SAH_KIND_OUTBOX_EVENT, SAH_PAYLOAD_NONE},
    {"outbox_ack", SAH_KIND_OUTBOX_ACK, SAH_PAYLOAD_NONE},
    {"hello", SAH_KIND_HELLO, SAH_PAYLOAD_NONE},
};
const unsigned n_samples = SAH_LEN(samples);

static void fill_citizen(struct sah_citizen *c)
{
    SET(c->channel, "testchat");
    SET(c->account, "10000000001");
    SET(c->channel_message, "tc.HBgMOTE=");
    SET(c->sender, "910000000002");
    SET(c->callback, "+910000000003");
    SET(c->name, "లక్ష్మి");
    SET(c->reply_token, "tc1:910000000002:t");
    SET(c->language, "te-Latn");
    c->role = SAH_ROLE_WITNESS;
    c->comm_pref = SAH_COMM_PREF_CALL_OK;
    c->vulnerable = SAH_VULNERABLE_PREGNANT | SAH_VULNERABLE_VOICE_FAILED;
    c->forwarded = c->often_forwarded = true;
}

static void fill_media(struct sah_media *m)
{
    SET(m->ref, "media:7");
    SET(m->mime, "audio/ogg; codecs=opus");
    SET(m->sha256, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    m->bytes = UINT64_C(5000000000);
    m->duration_ms = 4200;
}

static void fill_place(struct sah_place *p)
{
    p->kind = SAH_PLACE_DESTINATION;
    p->method = SAH_METHOD_DEFAULT;
    p->has_point = true;
    p->lat_e7 = -173850440; /* both signs, to see that signs travel */
    p->lon_e7 = 784866710;
    p->radius_m = 25;
    p->observed_ms = NOW_MS - 5000;
    SET(p->address, "దారి 4,\nఇల్లు 12");
    SET(p->landmark, "water tank");
    SET(p->floor, "G+2");
    SET(p->village, "Ramapuram");
    SET(p->mandal, "Kodad");
    SET(p->district, "suryapet");
    SET(p->pincode, "508206");
    p->confidence = 100;
    p->in_state = SAH_TRI_NO;
}

static void fill_triage(struct sah_triage *t)
{
    SET(t->service, "AMBULANCE_108");
    t->n_additional = 1;
    SET(t->additional[0], "FIRE_101");
    SET(t->incident_type, "CARDIAC");
    t->n_cues = 1;
    SET(t->cues[0].name, "not_breathing");
    t->cues[0].negated = true;
    SET(t->rule, "P0.2");
    SET(t->lexicon_version, "2026-01-01");
    t->confidence = 90;
    t->suspicion = 3;
    t->patients = 2;
    t->trapped = SAH_TRI_YES;
    t->needs_person = true;
}

static void fill_ambulance(struct sah_ambulance *a)
{
    a->conscious = SAH_TRI_NO;
    a->breathing = SAH_TRI_YES;
    a->bleeding = SAH_TRI_NO;
    a->age_years = 61;
    a->age_months = 2;
    SET(a->sex, "F");
    a->pregnant_weeks = 30;
    a->patients = 1;
    SET(a->complaint, "CARDIAC");
    SET(a->cause, "fell");
    SET(a->hazards, "wires");
    SET(a->destination, "area hospital");
    a->voice_attempted = true;
}

static void fill_transport(struct sah_transport *t)
{
    SET(t->trip, "CHECKUP");
    SET(t->beneficiary, "B-77");
    t->due_date_ms = NOW_MS + 1;
    t->infant_age_days = 9;
    t->attendants = 2;
    SET(t->facility, "PHC");
    t->pickup_from_ms = NOW_MS + 2;
    t->pickup_until_ms = NOW_MS + 3;
    t->n_red_flags = 1;
    SET(t->red_flags[0], "severe_pain");
}

static void fill_fire(struct sah_fire *f)
{
    SET(f->class, "STRUCTURE");
    SET(f->floor, "3");
    SET(f->floors_total, "5");
    f->people_inside = SAH_TRI_YES;
    f->smoke_only = SAH_TRI_NO;
    f->cylinders = SAH_TRI_YES;
    f->everyone_out = SAH_TRI_NO;
    f->people_count = 4;
    SET(f->fuel, "wood");
    SET(f->access_note, "narrow lane");
}

static void fill_lpg(struct sah_lpg *l)
{
    SET(l->op, "BOOK");
    SET(l->company, "indane");
    SET(l->consumer_no, "600001");
    SET(l->lpg_id, "10000000000000001");
    SET(l->distributor, "D-5");
    l->cylinder_kg_x10 = 142;
    SET(l->area_class, "RURAL");
    l->last_delivery_ms = NOW_MS - 4;
    l->earliest_allowed_ms = NOW_MS + 4;
    SET(l->booking_ref, "BK/9");
    l->refusal = SAH_REASON_OTHER;
}

static void fill_helpline(struct sah_helpline *h)
{
    SET(h->line, "1930");
    SET(h->topic, "money lost");
    h->danger_now = SAH_TRI_NO;
    SET(h->safe_contact_note, "after six");
}

static void fill_request(enum sah_payload_kind payload, struct sah_request *r)
{
    r->urgency = SAH_URGENCY_BULK;
    fill_citizen(&r->citizen);
    SET(r->text, "ఛాతీ నొప్పి, త్వరగా");
    r->text_len = (uint32_t)strlen(r->text);
    r->text_broken = true;
    r->n_media = 1;
    fill_media(&r->media[0]);
    r->n_places = 1;
    fill_place(&r->places[0]);
    fill_triage(&r->triage);
    r->payload.kind = payload;
    switch (payload) {
    case SAH_PAYLOAD_NONE:
        break;
    case SAH_PAYLOAD_AMBULANCE:
        fill_ambulance(&r->payload.u.ambulance);
        break;
    case SAH_PAYLOAD_TRANSPORT:
        fill_transport(&r->payload.u.transport);
        break;
    case SAH_PAYLOAD_FIRE:
        fill_fire(&r->payload.u.fire);
        break;
    case SAH_PAYLOAD_LPG:
        fill_lpg(&r->payload.u.lpg);
        break;
    case SAH_PAYLOAD_HELPLINE:
        fill_helpline(&r->payload.u.helpline);
        break;
    }
    SET(r->related_request_id, "B070123456789ABCDEFGHJKMNPQRS");
}

static void fill_result(struct sah_result *r)
{
    struct sah_agency_state *a = &r->agencies[0];

    r->code = SAH_RESULT_RETRY;
    r->accept_seq = UINT64_MAX;
    SET(r->store_run_id, "5f2a9c");
    r->retry_after_ms = 250;
    SET(r->reason, "store is away");
    r->of_another = true;
    r->n_agencies = 1;
    SET(a->agency, "amb-108");
    SET(a->agency_says, "108");
    SET(a->dial, "108");
    a->state = SAH_STATE_REOPENED;
    SET(a->case_no, "C-1");
    a->eta_s = 540;
}

static void fill_status(struct sah_agency_status *s)
{
    SET(s->agency, "lpg-indane");
    SET(s->endpoint, "lpg-indane-2");
    SET(s->request_id, "E000123456789ABCDEFGHJKMNPQRS");
    s->sequence_seen = 2;
    s->level = SAH_LEVEL_PERSON;
    s->state = SAH_STATE_EN_ROUTE;
    s->reason = SAH_REASON_TOO_EARLY;
    SET(s->reason_text, "ఇంకా సమయం ఉంది");
    SET(s->by, "desk 4");
    SET(s->case_no, "IN-2026-1");
    s->n_units = 1;
    SET(s->units[0], "TS09 1234");
    s->eta_s = 86400;
    s->due_ms = NOW_MS + 5;
    s->price_paise = 90550;
    SET(s->payment_url, "https://pay.example/x?y=1");
    SET(s->disposition, "TAKEN_TO_HOSPITAL");
    s->sent_ms = NOW_MS + 6;
}

static void fill_outbox_event(struct sah_outbox_event *e)
{
    SET(e->event_id, "E:000000000017");
    SET(e->channel, "testchat");
    SET(e->account, "10000000001");
    SET(e->sender, "910000000002");
    SET(e->reply_token, "tc1:910000000002:t");
    SET(e->language, "ur");
    e->comm_pref = SAH_COMM_PREF_SILENT;
    e->emergency = true;
    SET(e->service, "LPG_BOOKING");
    SET(e->incident_type, "BOOKING");
    SET(e->agency_says, "Indane");
    SET(e->dial, "1906");
    fill_status(&e->status);
    e->inferred = true;
    e->again = true;
    e->created_ms = NOW_MS + 7;
    SET(e->name, "0123456789abcdef0123456789abcdef");
}

void sample_fill(const struct sample *sample, struct sah_message *m)
{
    memset(m, 0, sizeof *m);
    m->schema_version = SAH_SCHEMA_VERSION;
    for (unsigned i = 0; i < SAH_ID_BYTES; i++) {
        m->id.bytes[i] = (uint8_t)(i * 17);
        m->causation.bytes[i] = (uint8_t)(0xf0 - i);
        m->trace[i] = (uint8_t)(0x80 + i);
    }
    SET(m->request_id, "E630123456789ABCDEFGHJKMNPQRS");
    SET(m->incident_id, "I637ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    m->sequence = 3;
    SET(m->producer, "test-1");
    m->created_ms = NOW_MS;
    m->accepted_ms = NOW_MS + 8;
    m->environment = SAH_ENVIRONMENT_EXERCISE;
    m->kind = sample->kind;
    switch (sample->kind) {
    case SAH_KIND_UNSPECIFIED:
        break;
    case SAH_KIND_REQUEST:
        fill_request(sample->payload, &m->u.request);
        break;
    case SAH_KIND_AMENDMENT:
        m->u.amendment.kind = SAH_AMENDMENT_CITIZEN_SILENT;
        m->u.amendment.report_count = 3;
        fill_request(sample->payload, &m->u.amendment.part);
        SET(m->u.amendment.by_agency, "erss-112");
        SET(m->u.amendment.by_says, "112");
        m->u.amendment.by_state = SAH_STATE_ACKNOWLEDGED;
        break;
    case SAH_KIND_CANCEL:
        fill_citizen(&m->u.cancel.citizen);
        SET(m->u.cancel.text, "vaddu");
        m->u.cancel.text_len = 5;
        break;
    case SAH_KIND_STATUS_QUERY:
        fill_citizen(&m->u.status_query.citizen);
        break;
    case SAH_KIND_RESULT:
        fill_result(&m->u.result);
        break;
    case SAH_KIND_OUTBOX_EVENT:
        fill_outbox_event(&m->u.outbox_event);
        break;
    case SAH_KIND_OUTBOX_ACK:
        SET(m->u.outbox_ack.event_id, "E:000000000017");
        break;
    case SAH_KIND_HELLO:
        m->u.hello.n_channels = 1;
        SET(m->u.hello.channels[0], "testchat");
        m->u.hello.lane = SAH_LANE_BULK;
        SET(m->u.hello.state, "NORMAL");
        SET(m->u.hello.version, "0.1.0");
        SET(m->u.hello.store_run_id, "5b1f0c9ae2d47c6e8a1b3d5f7092c4e6a8b0d2f4");
        break;
    }
}

/* Repeats the first element; the caller then makes some of the others differ. */
#define GROW(owner, n, list)                                                          \
    do {                                                                              \
        (owner)->n = SAH_LEN((owner)->list);                                          \
        for (unsigned grow_ = 1; grow_ < (owner)->n; grow_++)                         \
            memcpy(&(owner)->list[grow_], &(owner)->list[0], sizeof(owner)->list[0]); \
    } while (0)

static void grow_request(struct sah_request *r)
{
    memset(r->text, 'x', SAH_TEXT_MAX);
    r->text_len = SAH_TEXT_MAX;
    GROW(r, n_media, media);
    GROW(r, n_places, places);
    GROW(&r->triage, n_additional, additional);
    GROW(&r->triage, n_cues, cues);
    r->media[SAH_MEDIA_MAX - 1].bytes = 1;
    r->places[SAH_PLACES_MAX - 1].lon_e7 = -1800000000;
    r->triage.additional[SAH_ADDITIONAL_MAX - 1][0] = 'X';
    r->triage.cues[SAH_CUES_MAX - 1].start = 4000;
    if (r->payload.kind == SAH_PAYLOAD_TRANSPORT) {
        GROW(&r->payload.u.transport, n_red_flags, red_flags);
        r->payload.u.transport.red_flags[SAH_RED_FLAGS_MAX - 1][0] = 'x';
    }
}

void sample_grow(struct sah_message *m)
{
    if (m->kind == SAH_KIND_REQUEST)
        grow_request(&m->u.request);
    if (m->kind == SAH_KIND_AMENDMENT)
        grow_request(&m->u.amendment.part);
    if (m->kind == SAH_KIND_RESULT) {
        GROW(&m->u.result, n_agencies, agencies);
        m->u.result.agencies[SAH_RESULT_AGENCIES_MAX - 1].eta_s = 1;
    }
    if (m->kind == SAH_KIND_OUTBOX_EVENT) {
        GROW(&m->u.outbox_event.status, n_units, units);
        m->u.outbox_event.status.units[SAH_UNITS_MAX - 1][0] = 'X';
    }
    if (m->kind == SAH_KIND_HELLO) {
        GROW(&m->u.hello, n_channels, channels);
        m->u.hello.channels[SAH_CHANNELS_MAX - 1][0] = 'x';
    }
}
