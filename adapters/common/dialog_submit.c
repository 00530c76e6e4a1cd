/*
 * dialog_submit - writes the messages for routers.
 *
 * Owns:    message ids (of the incoming message, or derived from it) and sequences (I10).
 * Never:   lets a derived id follow from anything but the incoming id and a fixed word, so that
 * a repeated step makes the same messages (I6).
 */
#include <string.h>

#include "dialog_internal.h"

static void derive_id(const struct sah_id *from, const char *purpose, struct sah_id *ret_id)
{
    char hex[SAH_KEY_SIZE];

    sah_delivery_key(from, purpose, hex);
    if (sah_id_from_hex(sah_slice_of(hex), ret_id) != SAH_OK)
        SAH_ASSERT(false); /* a delivery key is 32 hex digits */
}

/* NULL past the bound. `purpose` "" = the id of the incoming message itself. */
struct sah_message *submit_new(struct turn *t, enum sah_kind kind, const char *purpose)
{
    struct sah_step *step = t->voice.step;
    struct sah_message *m;

    if (step->n_submits == SAH_SUBMITS_MAX)
        return NULL;
    m = &step->submits[step->n_submits];
    memset(m, 0, sizeof *m);
    m->schema_version = SAH_SCHEMA_VERSION;
    m->id = t->in->id;
    if (purpose[0] != '\0') {
        derive_id(&t->in->id, purpose, &m->id);
        m->causation = t->in->id;
    }
    m->created_ms = t->in->received_ms;
    m->environment = SAH_ENVIRONMENT_LIVE;
    m->kind = kind;
    step->submit_urgency[step->n_submits++] = SAH_URGENCY_URGENT;
    return m;
}

static void set_urgency(struct turn *t, enum sah_urgency urgency)
{
    t->voice.step->submit_urgency[t->voice.step->n_submits - 1] = urgency;
}

/* About which request. One that no router has named yet is named by its message; a derived id
 * says by itself what it follows from. */
static void set_request(struct sah_message *m, const struct sah_open_request *open)
{
    memcpy(m->request_id, open->request_id, sizeof m->request_id);
    if (open->request_id[0] == '\0')
        m->causation = open->message_id;
}

static void add_cues(struct sah_open_request *open, const struct sah_triage *triage)
{
    for (unsigned i = 0; i < triage->n_cues; i++)
        if (!triage->cues[i].negated)
            open->cues |= open_bit(triage->cues[i].name);
}

/* The citizen's own content: words, media, places. */
static void fill_content(const struct turn *t, struct sah_request *r)
{
    r->citizen = t->citizen;
    r->text_len = t->text_len;
    memcpy(r->text, t->text, t->text_len);
    r->text_broken = t->in->text_broken;
    r->n_media = t->in->n_media <= SAH_MEDIA_MAX ? t->in->n_media : SAH_MEDIA_MAX;
    memcpy(r->media, t->in->media, r->n_media * sizeof r->media[0]);
    if (t->in->kind == SAH_INCOMING_PLACE) {
        struct sah_place *place = &r->places[r->n_places++];

        *place = t->in->place;
        if (place->kind == SAH_PLACE_UNSPECIFIED)
            place->kind = SAH_PLACE_CURRENT_INCIDENT;
        if (place->observed_ms == 0)
            place->observed_ms = t->in->sent_ms;
    }
    if (t->u.has_point || t->u.pincode[0] != '\0' || t->u.district[0] != '\0') {
        struct sah_place *place = &r->places[r->n_places++];

        place->kind = SAH_PLACE_CURRENT_INCIDENT;
        place->method = SAH_METHOD_TEXT_GEOCODED;
        place->has_point = t->u.has_point;
        place->lat_e7 = t->u.lat_e7;
        place->lon_e7 = t->u.lon_e7;
        place->observed_ms = t->in->sent_ms;
        memcpy(place->pincode, t->u.pincode, sizeof place->pincode);
        memcpy(place->district, t->u.district, sizeof place->district);
    }
}

static bool has_point(const struct sah_request *r)
{
    for (unsigned i = 0; i < r->n_places; i++)
        if (r->places[i].has_point || r->places[i].address[0] != '\0')
            return true;
    return false;
}

bool submit_request(struct turn *t, const struct sah_triage *triage, enum sah_urgency urgency,
                    const struct sah_payload *payload, const struct sah_open_request *related,
                    struct sah_open_request **ret_open)
{
    char related_id[SAH_REQUEST_ID_SIZE] = "";
    struct sah_message *m = submit_new(t, SAH_KIND_REQUEST, "");
    struct sah_open_request *open;
    struct sah_request *r;

    if (m == NULL)
        return false;
    if (related != NULL)
        memcpy(related_id, related->request_id, sizeof related_id);
    set_urgency(t, urgency);
    m->sequence = 1;
    r = &m->u.request;
    fill_content(t, r);
    r->urgency = urgency;
    r->triage = *triage;
    r->payload = *payload;
    memcpy(r->related_request_id, related_id, sizeof related_id);

    open = open_add(t->next, t->voice.now_ms);
    if (open != NULL) {
        open->message_id = m->id;
        open->urgency = urgency;
        memcpy(open->service, triage->service, sizeof open->service);
        memcpy(open->incident_type, triage->incident_type, sizeof open->incident_type);
        open->has_place = has_point(r);
        add_cues(open, triage);
    }
    *ret_open = open;
    return true;
}

struct sah_request *submit_amendment(struct turn *t, struct sah_open_request *open,
                                     enum sah_amendment_kind kind, const char *purpose)
{
    struct sah_message *m = submit_new(t, SAH_KIND_AMENDMENT, purpose);
    struct sah_request *part;

    if (m == NULL)
        return NULL;
    set_urgency(t, open->urgency);
    set_request(m, open);
    m->sequence = ++open->sequence;
    m->u.amendment.kind = kind;
    if (kind == SAH_AMENDMENT_TRIAGE || kind == SAH_AMENDMENT_REPEAT)
        open->cancel_wanted = false; /* help is wanted: an older "yes, cancel" is asked again */
    part = &m->u.amendment.part;
    part->urgency = open->urgency;
    fill_content(t, part);
    if (has_point(part))
        open->has_place = true;
    for (unsigned i = 0; i < t->u.triage.n_cues; i++)
        if (!t->u.triage.cues[i].negated) { /* new danger travels with whatever it came in */
            part->triage = t->u.triage;
            if (kind != SAH_AMENDMENT_TRIAGE)
                part->triage.service[0] = '\0'; /* "": the service stays as it is */
            break;
        }
    if (t->u.triage.trapped == SAH_TRI_YES)
        part->triage.trapped = SAH_TRI_YES;
    return part;
}

void submit_cancel(struct turn *t, struct sah_open_request *open)
{
    struct sah_message *m = submit_new(t, SAH_KIND_CANCEL, "");

    if (m == NULL)
        return;
    set_urgency(t, open->urgency);
    set_request(m, open);
    m->sequence = ++open->sequence;
    m->u.cancel.citizen = t->citizen;
    m->u.cancel.text_len = t->text_len;
    memcpy(m->u.cancel.text, t->text, t->text_len);
    open->cancel_asked = true;
    open->cancel_wanted = false;
}

void submit_status_query(struct turn *t, const struct sah_open_request *open)
{
    struct sah_message *m = submit_new(t, SAH_KIND_STATUS_QUERY, "");

    if (m == NULL)
        return;
    set_urgency(t, open->urgency);
    set_request(m, open);
    m->u.status_query.citizen = t->citizen;
}
