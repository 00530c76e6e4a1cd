/*
 * payload_details - the service's own part of the body (domain 7.5). See payload.h.
 */
#include "agency/payload.h"

static void ambulance(struct json_out *j, const struct sah_ambulance *a)
{
    json_tri(j, "conscious", a->conscious);
    json_tri(j, "breathing", a->breathing);
    json_tri(j, "bleeding", a->bleeding);
    json_int_known(j, "age_years", a->age_years);
    json_int_known(j, "age_months", a->age_months);
    json_text_known(j, "sex", a->sex);
    json_int_known(j, "pregnant_weeks", a->pregnant_weeks);
    json_int_known(j, "patients", a->patients);
    json_text_known(j, "complaint", a->complaint);
    json_text_known(j, "cause", a->cause);
    json_text_known(j, "hazards", a->hazards);
    json_text_known(j, "destination", a->destination);
    if (a->voice_attempted)
        json_bool(j, "voice_attempted", true);
}

static void transport(struct json_out *j, const struct sah_transport *t)
{
    json_text_known(j, "trip", t->trip);
    json_text_known(j, "beneficiary", t->beneficiary);
    json_int_known(j, "due_date_ms", t->due_date_ms);
    json_int_known(j, "infant_age_days", t->infant_age_days);
    json_int_known(j, "attendants", t->attendants);
    json_text_known(j, "facility", t->facility);
    json_int_known(j, "pickup_from_ms", t->pickup_from_ms);
    json_int_known(j, "pickup_until_ms", t->pickup_until_ms);
    if (t->n_red_flags > 0) {
        json_open(j, "red_flags", '[');
        for (unsigned i = 0; i < t->n_red_flags; i++)
            json_text(j, NULL, sah_slice_of(t->red_flags[i]));
        json_close(j, ']');
    }
}

static void fire(struct json_out *j, const struct sah_fire *f)
{
    json_text_known(j, "class", f->class);
    json_text_known(j, "floor", f->floor);
    json_text_known(j, "floors_total", f->floors_total);
    json_tri(j, "people_inside", f->people_inside);
    json_int_known(j, "people_count", f->people_count);
    json_tri(j, "smoke_only", f->smoke_only);
    json_tri(j, "cylinders", f->cylinders);
    json_tri(j, "everyone_out", f->everyone_out);
    json_text_known(j, "fuel", f->fuel);
    json_text_known(j, "access_note", f->access_note);
}

static void lpg(struct json_out *j, const struct sah_lpg *l)
{
    json_text_known(j, "op", l->op);
    json_text_known(j, "company", l->company);
    json_text_known(j, "consumer_no", l->consumer_no);
    json_text_known(j, "lpg_id", l->lpg_id);
    json_text_known(j, "distributor", l->distributor);
    json_int_known(j, "cylinder_kg_x10", l->cylinder_kg_x10);
    json_text_known(j, "area_class", l->area_class);
    json_int_known(j, "last_delivery_ms", l->last_delivery_ms);
    json_int_known(j, "earliest_allowed_ms", l->earliest_allowed_ms);
    json_text_known(j, "booking_ref", l->booking_ref);
    if (l->refusal != SAH_REASON_UNSPECIFIED)
        json_text_known(j, "refusal", sah_reason_name(l->refusal));
}

static void helpline(struct json_out *j, const struct sah_helpline *h)
{
    json_text_known(j, "line", h->line);
    json_text_known(j, "topic", h->topic);
    json_tri(j, "danger_now", h->danger_now);
    json_text_known(j, "safe_contact_note", h->safe_contact_note);
}

void payload_write_details(struct json_out *j, const struct sah_payload *payload)
{
    if (payload->kind == SAH_PAYLOAD_NONE)
        return;
    json_open(j, "details", '{');
    switch (payload->kind) {
    case SAH_PAYLOAD_NONE:
        break;
    case SAH_PAYLOAD_AMBULANCE:
        ambulance(j, &payload->u.ambulance);
        break;
    case SAH_PAYLOAD_TRANSPORT:
        transport(j, &payload->u.transport);
        break;
    case SAH_PAYLOAD_FIRE:
        fire(j, &payload->u.fire);
        break;
    case SAH_PAYLOAD_LPG:
        lpg(j, &payload->u.lpg);
        break;
    case SAH_PAYLOAD_HELPLINE:
        helpline(j, &payload->u.helpline);
        break;
    }
    json_close(j, '}');
}
