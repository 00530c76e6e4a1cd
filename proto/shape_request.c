/*
 * shape_request - the rows of request.proto: what a citizen's message carries.
 *
 * A number that only advises a dispatcher (ages, head counts, a radius) has no bound: a strange
 * age is no reason to refuse a call for help. Texts are bounded by their arrays.
 */
#include "rows.h"

#include <sahaya/v1/request.pb-c.h>

#define E7 10000000

static int check_place(struct walk *walk, const struct where *at, const void *plain)
{
    const struct sah_place *place = plain;

    if (!place->has_point)
        return SAH_OK;
    if (place->lat_e7 < -90 * E7 || place->lat_e7 > 90 * E7)
        return refuse(walk, at, "lat_e7", -1, "out of range");
    if (place->lon_e7 < -180 * E7 || place->lon_e7 > 180 * E7)
        return refuse(walk, at, "lon_e7", -1, "out of range");
    return SAH_OK;
}

/* The span may speak of an earlier message's text, so the array's bound is what it must keep.
 */
static int check_cue(struct walk *walk, const struct where *at, const void *plain)
{
    const struct sah_cue *cue = plain;

    if (cue->len > SAH_TEXT_MAX - cue->start)
        return refuse(walk, at, "len", -1, "ends past the longest text");
    return SAH_OK;
}

#define W Sahaya__V1__Citizen
#define P struct sah_citizen
static const struct row citizen_rows[] = {
    TEXT(channel, RULE_SLUG),
    TEXT(account, RULE_LINE),
    TEXT(channel_message, RULE_LINE),
    TEXT(sender, RULE_LINE),
    TEXT(callback, RULE_PHONE),
    TEXT(name, RULE_TEXT),
    TEXT(reply_token, RULE_LINE),
    TEXT(language, RULE_LANGUAGE),
    ENUM(role, LAST(SAH_ROLES)),
    ENUM(comm_pref, LAST(SAH_COMM_PREFS)),
    U32(vulnerable, NO_BOUND),
    FLAG(forwarded),
    FLAG(often_forwarded),
};
static const struct shape shape_citizen =
    SHAPE(citizen_rows, sahaya__v1__citizen__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Media
#define P struct sah_media
static const struct row media_rows[] = {
    TEXT(ref, RULE_LINE), TEXT(mime, RULE_LINE),      TEXT(sha256, RULE_SHA256),
    U64(bytes),           U32(duration_ms, NO_BOUND),
};
static const struct shape shape_media = SHAPE(media_rows, sahaya__v1__media__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Place
#define P struct sah_place
static const struct row place_rows[] = {
    ENUM(kind, LAST(SAH_PLACE_KINDS)),
    ENUM(method, LAST(SAH_PLACE_METHODS)),
    FLAG(has_point),
    S32(lat_e7),
    S32(lon_e7),
    U32(radius_m, NO_BOUND),
    TIME(observed_ms),
    TEXT(address, RULE_TEXT),
    TEXT(landmark, RULE_TEXT),
    TEXT(floor, RULE_TEXT),
    TEXT(village, RULE_TEXT),
    TEXT(mandal, RULE_TEXT),
    TEXT(district, RULE_LINE),
    TEXT(pincode, RULE_PINCODE),
    U8(confidence, PERCENT),
    ENUM(in_state, TRI_LAST),
};
static const struct shape shape_place =
    SHAPE(place_rows, sahaya__v1__place__descriptor, check_place);
#undef W
#undef P

#define W Sahaya__V1__Cue
#define P struct sah_cue
static const struct row cue_rows[] = {
    TEXT(name, RULE_CUE),
    U32(start, SAH_TEXT_MAX),
    U32(len, SAH_TEXT_MAX),
    FLAG(negated),
};
static const struct shape shape_cue = SHAPE(cue_rows, sahaya__v1__cue__descriptor, check_cue);
#undef W
#undef P

#define W Sahaya__V1__Triage
#define P struct sah_triage
static const struct row triage_rows[] = {
    TEXT(service, RULE_SERVICE),
    TEXTS(additional, RULE_SERVICE),
    TEXT(incident_type, RULE_LINE),
    PARTS(cues, shape_cue),
    TEXT(rule, RULE_LINE),
    TEXT(lexicon_version, RULE_LINE),
    U8(confidence, PERCENT),
    U8(suspicion, PERCENT),
    U32(patients, NO_BOUND),
    ENUM(trapped, TRI_LAST),
    FLAG(needs_person),
};
static const struct shape shape_triage =
    SHAPE(triage_rows, sahaya__v1__triage__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Ambulance
#define P struct sah_ambulance
static const struct row ambulance_rows[] = {
    ENUM(conscious, TRI_LAST),     ENUM(breathing, TRI_LAST), ENUM(bleeding, TRI_LAST),
    U32(age_years, NO_BOUND),      U32(age_months, NO_BOUND), TEXT(sex, RULE_LINE),
    U32(pregnant_weeks, NO_BOUND), U32(patients, NO_BOUND),   TEXT(complaint, RULE_LINE),
    TEXT(cause, RULE_TEXT),        TEXT(hazards, RULE_TEXT),  TEXT(destination, RULE_TEXT),
    FLAG(voice_attempted),
};
static const struct shape shape_ambulance =
    SHAPE(ambulance_rows, sahaya__v1__ambulance__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Transport
#define P struct sah_transport
static const struct row transport_rows[] = {
    TEXT(trip, RULE_LINE),          TEXT(beneficiary, RULE_LINE), TIME(due_date_ms),
    U32(infant_age_days, NO_BOUND), U32(attendants, NO_BOUND),    TEXT(facility, RULE_TEXT),
    TIME(pickup_from_ms),           TIME(pickup_until_ms),        TEXTS(red_flags, RULE_CUE),
};
static const struct shape shape_transport =
    SHAPE(transport_rows, sahaya__v1__transport__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Fire
#define P struct sah_fire
static const struct row fire_rows[] = {
    {.name = "class",
     .kind = ROW_TEXT,
     .rule = RULE_LINE,
     .wire = offsetof(W, class_),
     .plain = offsetof(P, class),
     .size = SIZE_IN(P, class)}, /* a keyword to the generator */
    TEXT(floor, RULE_TEXT),
    TEXT(floors_total, RULE_TEXT),
    ENUM(people_inside, TRI_LAST),
    ENUM(smoke_only, TRI_LAST),
    ENUM(cylinders, TRI_LAST),
    ENUM(everyone_out, TRI_LAST),
    U32(people_count, NO_BOUND),
    TEXT(fuel, RULE_TEXT),
    TEXT(access_note, RULE_TEXT),
};
static const struct shape shape_fire = SHAPE(fire_rows, sahaya__v1__fire__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Lpg
#define P struct sah_lpg
static const struct row lpg_rows[] = {
    TEXT(op, RULE_LINE),
    TEXT(company, RULE_LINE),
    TEXT(consumer_no, RULE_LINE),
    TEXT(lpg_id, RULE_LINE),
    TEXT(distributor, RULE_LINE),
    U32(cylinder_kg_x10, NO_BOUND),
    TEXT(area_class, RULE_LINE),
    TIME(last_delivery_ms),
    TIME(earliest_allowed_ms),
    TEXT(booking_ref, RULE_LINE),
    ENUM(refusal, LAST(SAH_REASONS)),
};
static const struct shape shape_lpg = SHAPE(lpg_rows, sahaya__v1__lpg__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Helpline
#define P struct sah_helpline
static const struct row helpline_rows[] = {
    TEXT(line, RULE_LINE),
    TEXT(topic, RULE_TEXT),
    ENUM(danger_now, TRI_LAST),
    TEXT(safe_contact_note, RULE_TEXT),
};
static const struct shape shape_helpline =
    SHAPE(helpline_rows, sahaya__v1__helpline__descriptor, NULL);
#undef W
#undef P

static const struct arm payload_arms[] = {
    [SAH_PAYLOAD_NONE] = {0},
    [SAH_PAYLOAD_AMBULANCE] = {"ambulance", &shape_ambulance,
                               SAHAYA__V1__REQUEST__PAYLOAD_AMBULANCE},
    [SAH_PAYLOAD_TRANSPORT] = {"transport", &shape_transport,
                               SAHAYA__V1__REQUEST__PAYLOAD_TRANSPORT},
    [SAH_PAYLOAD_FIRE] = {"fire", &shape_fire, SAHAYA__V1__REQUEST__PAYLOAD_FIRE},
    [SAH_PAYLOAD_LPG] = {"lpg", &shape_lpg, SAHAYA__V1__REQUEST__PAYLOAD_LPG},
    [SAH_PAYLOAD_HELPLINE] = {"helpline", &shape_helpline,
                              SAHAYA__V1__REQUEST__PAYLOAD_HELPLINE},
};

#define W Sahaya__V1__Request
#define P struct sah_request
static const struct row request_rows[] = {
    ENUM(urgency, LAST(SAH_URGENCIES)),
    PART(citizen, shape_citizen),
    LONG_TEXT(text),
    FLAG(text_broken),
    PARTS(media, shape_media),
    PARTS(places, shape_place),
    PART(triage, shape_triage),
    {.name = "payload",
     .kind = ROW_CHOICE,
     .wire = offsetof(W, ambulance),
     .wire_count = offsetof(W, payload_case),
     .plain = offsetof(P, payload.u),
     .plain_count = offsetof(P, payload.kind),
     .max = SAH_LEN(payload_arms),
     .arms = payload_arms},
    TEXT(related_request_id, RULE_REQUEST_ID),
};
const struct shape shape_request = SHAPE(request_rows, sahaya__v1__request__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Amendment
#define P struct sah_amendment
static const struct row amendment_rows[] = {
    ENUM(kind, LAST(SAH_AMENDMENT_KINDS)),
    PART(part, shape_request),
    TEXT(by_agency, RULE_SLUG),
    TEXT(by_says, RULE_LINE),
    ENUM(by_state, LAST(SAH_STATES)),
    U32(report_count, NO_BOUND),
};
const struct shape shape_amendment =
    SHAPE(amendment_rows, sahaya__v1__amendment__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Cancel
#define P struct sah_cancel
static const struct row cancel_rows[] = {
    PART(citizen, shape_citizen),
    LONG_TEXT(text),
};
const struct shape shape_cancel = SHAPE(cancel_rows, sahaya__v1__cancel__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__StatusQuery
#define P struct sah_status_query
static const struct row status_query_rows[] = {
    PART(citizen, shape_citizen),
};
const struct shape shape_status_query =
    SHAPE(status_query_rows, sahaya__v1__status_query__descriptor, NULL);
#undef W
#undef P
