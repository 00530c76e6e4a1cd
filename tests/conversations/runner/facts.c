/*
 * facts - see facts.h.
 */
#include "facts.h"

#include <stdio.h>
#include <string.h>

#include <sahaya/clock.h>

static void add(struct facts *f, const char *fmt, ...) SAH_PRINTF(2, 3);
static void add(struct facts *f, const char *fmt, ...)
{
    va_list args;

    if (f->n == FACTS_MAX)
        return;
    va_start(args, fmt);
    (void)vsnprintf(f->text[f->n++], FACT_BYTES, fmt, args);
    va_end(args);
}

static void add_text(struct facts *f, const char *name, const char *value)
{
    if (value[0] != '\0')
        add(f, "%s %s", name, value);
}

static void add_tri(struct facts *f, const char *name, enum sah_tri value)
{
    if (value != SAH_TRI_UNKNOWN)
        add(f, "%s %s", name, value == SAH_TRI_YES ? "yes" : "no");
}

static void add_number(struct facts *f, const char *name, uint32_t value)
{
    if (value > 0)
        add(f, "%s %u", name, value);
}

static void add_time(struct facts *f, const char *name, int64_t wall_ms)
{
    struct sah_clock_india at;

    if (wall_ms == 0)
        return;
    at = sah_clock_india(wall_ms);
    add(f, "%s %04d-%02d-%02d", name, at.year, at.month, at.day);
    add(f, "%s %04d-%02d-%02d %02d:%02d", name, at.year, at.month, at.day, at.minute_of_day / 60,
        at.minute_of_day % 60);
}

static void add_citizen(struct facts *f, const struct sah_citizen *c)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        {SAH_VULNERABLE_PREGNANT, "pregnant"}, {SAH_VULNERABLE_UNDER_5, "under 5"},
        {SAH_VULNERABLE_OVER_65, "over 65"},   {SAH_VULNERABLE_DISABLED, "disabled"},
        {SAH_VULNERABLE_ALONE, "alone"},       {SAH_VULNERABLE_MINOR, "minor"},
        {SAH_VULNERABLE_NO_SHELTER, "no shelter"}, {SAH_VULNERABLE_VOICE_FAILED, "voice failed"},
    };

    for (size_t i = 0; i < SAH_LEN(flags); i++)
        if ((c->vulnerable & flags[i].flag) != 0)
            add(f, "%s", flags[i].name);
    if (c->comm_pref == SAH_COMM_PREF_TEXT_ONLY)
        add(f, "text only");
    if (c->comm_pref == SAH_COMM_PREF_SILENT)
        add(f, "silent");
    add_text(f, "language", c->language);
    add_text(f, "call back", c->callback);
}

static void add_places(struct facts *f, const struct sah_request *r)
{
    for (unsigned i = 0; i < r->n_places; i++) {
        const struct sah_place *p = &r->places[i];

        if (p->has_point)
            add(f, "pin %.4f %.4f", p->lat_e7 / 1e7, p->lon_e7 / 1e7);
        add_text(f, "address", p->address);
        add_text(f, "floor", p->floor);
        add_text(f, "district", p->district);
        add_text(f, "PIN code", p->pincode);
        add_tri(f, "in Telangana", p->in_state);
        if (p->method == SAH_METHOD_TEXT_GEOCODED)
            add(f, "approximate");
    }
    if (r->n_places == 0)
        add(f, "no place");
}

static void add_triage(struct facts *f, const struct sah_triage *t)
{
    add_text(f, "type", t->incident_type);
    for (unsigned i = 0; i < t->n_cues; i++)
        add(f, "%s %s", t->cues[i].negated ? "denied" : "cue", t->cues[i].name);
    add_number(f, "patients", t->patients);
    add_tri(f, "trapped", t->trapped);
    if (t->needs_person)
        add(f, "needs a person");
    add_text(f, "rule", t->rule);
}

static void add_ambulance(struct facts *f, const struct sah_ambulance *a)
{
    add_tri(f, "awake", a->conscious);
    add_tri(f, "breathing", a->breathing);
    add_tri(f, "bleeding", a->bleeding);
    add_number(f, "age", a->age_years);
    add_number(f, "patients", a->patients);
}

static void add_ride(struct facts *f, const struct sah_transport *t)
{
    add_text(f, "trip", t->trip);
    add_text(f, "hospital", t->facility);
    add_time(f, "from", t->pickup_from_ms);
    add_time(f, "until", t->pickup_until_ms);
    for (unsigned i = 0; i < t->n_red_flags; i++)
        add(f, "red flag %s", t->red_flags[i]);
}

static void add_fire(struct facts *f, const struct sah_fire *fire)
{
    add_text(f, "class", fire->class);
    add_text(f, "floor", fire->floor);
    add_text(f, "floors", fire->floors_total);
    add_tri(f, "inside", fire->people_inside);
    add_number(f, "people", fire->people_count);
    add_tri(f, "everyone out", fire->everyone_out);
    add_tri(f, "cylinders", fire->cylinders);
    add_text(f, "burns", fire->fuel);
    add_text(f, "note", fire->access_note);
}

static void add_lpg(struct facts *f, const struct sah_lpg *l)
{
    add_text(f, "op", l->op);
    add_text(f, "company", l->company);
    add_text(f, "consumer", l->consumer_no);
    add_text(f, "LPG ID", l->lpg_id);
    add_text(f, "area", l->area_class);
    add_time(f, "delivered", l->last_delivery_ms);
    add_time(f, "earliest", l->earliest_allowed_ms);
}

static void add_payload(struct facts *f, const struct sah_payload *p)
{
    switch (p->kind) {
    case SAH_PAYLOAD_AMBULANCE:
        add_ambulance(f, &p->u.ambulance);
        return;
    case SAH_PAYLOAD_TRANSPORT:
        add_ride(f, &p->u.transport);
        return;
    case SAH_PAYLOAD_FIRE:
        add_fire(f, &p->u.fire);
        return;
    case SAH_PAYLOAD_LPG:
        add_lpg(f, &p->u.lpg);
        return;
    case SAH_PAYLOAD_HELPLINE:
        add_text(f, "line", p->u.helpline.line);
        add_tri(f, "danger now", p->u.helpline.danger_now);
        return;
    case SAH_PAYLOAD_NONE:
        return;
    }
}

static void add_request(struct facts *f, const struct sah_request *r)
{
    add_triage(f, &r->triage);
    add_payload(f, &r->payload);
    add_places(f, r);
    add_citizen(f, &r->citizen);
    for (unsigned i = 0; i < r->n_media; i++)
        add(f, "media %s", r->media[i].mime);
    if (r->related_request_id[0] != '\0')
        add(f, "related");
    if (r->text_len == 0)
        add(f, "no words");
    if (r->text_broken)
        add(f, "broken words");
}

static const char *word_of(enum sah_amendment_kind kind)
{
    static const char *const words[] = {
        [SAH_AMENDMENT_TEXT] = "words",   [SAH_AMENDMENT_PLACE] = "place",   [SAH_AMENDMENT_MEDIA] = "media",
        [SAH_AMENDMENT_TRIAGE] = "danger", [SAH_AMENDMENT_ANSWER] = "answer", [SAH_AMENDMENT_REPEAT] = "repeat",
        [SAH_AMENDMENT_PAUSE] = "pause",  [SAH_AMENDMENT_RESUME] = "resume", [SAH_AMENDMENT_CITIZEN_SILENT] = "silence",
    };

    return (size_t)kind < SAH_LEN(words) && words[kind] != NULL ? words[kind] : "something";
}

void facts_of(const struct sah_message *m, const char *about, enum sah_lane lane, enum sah_priority priority,
              const struct sah_rank *rank, struct facts *ret_facts)
{
    struct facts *f = ret_facts;

    f->n = 0;
    switch (m->kind) {
    case SAH_KIND_REQUEST:
        add(f, "new %s", m->u.request.triage.service[0] != '\0' ? m->u.request.triage.service : "UNKNOWN");
        break;
    case SAH_KIND_AMENDMENT:
        add(f, "%s for %s", word_of(m->u.amendment.kind), about);
        if (m->u.amendment.part.triage.service[0] != '\0')
            add(f, "now %s", m->u.amendment.part.triage.service);
        break;
    case SAH_KIND_CANCEL:
        add(f, "cancel of %s", about);
        break;
    case SAH_KIND_STATUS_QUERY:
        add(f, "question about %s", about);
        break;
    default:
        add(f, "something else");
        break;
    }
    add(f, "%s lane", lane == SAH_LANE_BULK ? "bulk" : "emergency");
    add(f, "%s", sah_priority_name(priority));
    for (unsigned p = priority; p <= SAH_PRIORITY_P4; p++)
        add(f, "at least %s", sah_priority_name((enum sah_priority)p));
    for (unsigned i = 1; i < rank->n_services; i++)
        add(f, "also %s", rank->services[i]);
    if (m->kind == SAH_KIND_REQUEST)
        add_request(f, &m->u.request);
    else if (m->kind == SAH_KIND_AMENDMENT)
        add_request(f, &m->u.amendment.part);
}

bool facts_have(const struct facts *facts, const char *text)
{
    for (unsigned i = 0; i < facts->n; i++)
        if (strcmp(facts->text[i], text) == 0)
            return true;
    return false;
}

void facts_print(const struct facts *facts)
{
    printf("      sent:");
    for (unsigned i = 0; i < facts->n; i++)
        if (strncmp(facts->text[i], "at least ", 9) != 0)
            printf("%s %s", i > 0 ? "," : "", facts->text[i]);
    printf("\n");
}
