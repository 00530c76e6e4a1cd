/*
 * core_rig - makes and turns the rig. See core_rig.h. What looks at it is core_rig_look.c.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/core_rig_priv.h"

#define SET(field, text) SAH_ASSERT(sah_format(field, sizeof field, "%s", text) == SAH_OK)
#define FOREVER          1000000000u

static uint32_t next_chance(void *data)
{
    struct rig *rig = data;

    rig->chance_state = rig->chance_state * 1664525u + 1013904223u;
    return rig->chance_state;
}

struct sah_now rig_now(const struct rig *rig)
{
    return (struct sah_now){.mono_ms = rig->now_ms,
                            .wall_ms = RIG_WALL_MS + (int64_t)rig->now_ms};
}

static void *grow(void *items, size_t n, size_t *cap)
{
    if (n == *cap) {
        *cap = *cap ? *cap * 2 : 64;
        items = realloc(items, *cap * sizeof(void *));
        SAH_ASSERT(items != NULL);
    }
    return items;
}

static void *zeroed(size_t size)
{
    void *p = calloc(1, size);

    SAH_ASSERT(p != NULL);
    return p;
}

static uint64_t mono_ms(void *data)
{
    return ((const struct rig *)data)->now_ms;
}

static void wake(void *data)
{
    ((struct rig *)data)->woken = true;
}

static void make_away(struct rig *rig, struct sah_core_settings *settings)
{
    const struct sah_away_settings away = {.lane = settings->lane,
                                           .partitions = settings->partitions,
                                           .jobs_max = settings->jobs_max,
                                           .policy = settings->policy,
                                           .roster = settings->roster,
                                           .incidents = settings->sameness != NULL,
                                           .store = settings->store,
                                           .journal = fake_journal_port(rig->journal),
                                           .agencies = settings->agencies,
                                           .adapters = settings->adapters,
                                           .chance = settings->chance,
                                           .first_event = SAH_AWAY_FIRST_EVENT + rig->n_lives++ * 1000000,
                                           .mono_ms = mono_ms,
                                           .wake = wake,
                                           .data = rig};

    SAH_ASSERT(sah_away_create(&away, rig_now(rig), &rig->away) == SAH_OK);
    settings->store = sah_away_store(rig->away);
    settings->agencies = sah_away_agencies(rig->away);
}

static void make_core(struct rig *rig)
{
    struct sah_core_settings settings = rig->settings;

    if (rig->journal != NULL)
        make_away(rig, &settings);
    SAH_ASSERT(sah_core_create(&settings, &rig->core) == SAH_OK);
    rig->front = sah_core_front(rig->core);
    if (rig->away != NULL) {
        sah_away_attach(rig->away, rig->core, rig_now(rig));
        rig->front = sah_away_front(rig->away);
    }
    rig->next_tick_ms = rig->now_ms;
}

struct rig *rig_new(const struct rig_options *options)
{
    static const char *const channels[] = {RIG_CHANNEL};
    struct rig_options o = options != NULL ? *options : (struct rig_options){0};
    enum sah_lane lane = o.lane != SAH_LANE_UNSPECIFIED ? o.lane : SAH_LANE_EMERGENCY;
    struct rig *rig = zeroed(sizeof *rig);

    rig->now_ms = 1000000;
    rig->step_ms = 50;
    rig->ack = true;
    rig->turns_max = 20000;
    rig->chance_state = 1;
    rig->message = zeroed(sizeof *rig->message);
    rig->policy = zeroed(sizeof *rig->policy);
    rig->roster = zeroed(sizeof *rig->roster);
    rig_fill_policy(rig->policy);
    rig->sameness = zeroed(sizeof *rig->sameness);
    rig_fill_sameness(rig->sameness);
    rig_fill_roster(rig->roster, o.concurrency ? o.concurrency : 4);
    SAH_ASSERT(
        sah_memory_store_create(
            &(struct sah_memory_store_settings){.now_ms = rig_now(rig).wall_ms, .lane = lane},
            &rig->store) == SAH_OK);
    SAH_ASSERT(sah_fake_agencies_create(&rig->agencies) == SAH_OK);
    SAH_ASSERT(sah_fake_adapters_create(&rig->adapters) == SAH_OK);
    sah_fake_adapters_serve(rig->adapters, channels, 1);
    sah_fake_agencies_run(rig->agencies, rig->now_ms);
    rig->chance = (struct sah_chance){.data = rig, .next = next_chance};
    rig->settings = (struct sah_core_settings){
        .lane = lane,
        .partitions = 4,
        .jobs_max = o.jobs_max ? o.jobs_max : 100,
        .policy = rig->policy,
        .roster = rig->roster,
        .store = sah_memory_store_port(rig->store),
        .agencies = sah_fake_agencies_port(rig->agencies),
        .adapters = sah_fake_adapters_port(rig->adapters),
        .chance = &rig->chance,
        .sameness = o.incidents && lane == SAH_LANE_EMERGENCY ? rig->sameness : NULL,
        .incidents_max = 1000,
    };
    if (o.away)
        rig->journal = fake_journal_new();
    make_core(rig);
    return rig;
}

/* What is under way ends without reaching anything: that frees what only the core holds. */
static void unmake_core(struct rig *rig)
{
    sah_core_stop(rig->core);
    sah_away_stop(rig->away);
    sah_fake_adapters_deaf(rig->adapters, true);
    sah_fake_agencies_cut(rig->agencies, true);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, FOREVER);
    while (sah_memory_store_run(rig->store) + sah_fake_agencies_run(rig->agencies, UINT64_MAX) >
           0)
        ;
    if (rig->journal != NULL) { /* what the dying still say reaches no disk */
        fake_journal_break(rig->journal, SAH_EIO);
        fake_journal_crash(rig->journal);
    }
    sah_core_destroy(rig->core);
    sah_away_destroy(rig->away);
    if (rig->journal != NULL)
        fake_journal_break(rig->journal, SAH_OK);
    rig->core = NULL;
    rig->away = NULL;
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    sah_fake_agencies_cut(rig->agencies, false);
    sah_fake_agencies_run(rig->agencies, rig->now_ms);
    sah_fake_adapters_deaf(rig->adapters, false);
}

void rig_crash(struct rig *rig)
{
    unmake_core(rig);
    make_core(rig);
}

void rig_free(struct rig *rig)
{
    unmake_core(rig);
    if (rig->journal != NULL)
        fake_journal_free(rig->journal);
    sah_memory_store_destroy(rig->store);
    sah_fake_agencies_destroy(rig->agencies);
    sah_fake_adapters_destroy(rig->adapters);
    for (size_t i = 0; i < rig->n_results; i++)
        free(rig->results[i]);
    for (size_t i = 0; i < rig->n_statuses; i++)
        free(rig->statuses[i]);
    free(rig->results);
    free(rig->statuses);
    free(rig->message);
    free(rig->policy);
    free(rig->sameness);
    free(rig->roster);
    free(rig);
}

/* ---- messages */

static void fill_message(struct rig *rig, unsigned n, enum sah_kind kind,
                         const char *request_id)
{
    struct sah_message *m = rig->message;

    memset(m, 0, sizeof *m);
    m->schema_version = SAH_SCHEMA_VERSION;
    m->kind = kind;
    m->created_ms = rig_now(rig).wall_ms;
    SET(m->producer, "rig");
    SET(m->request_id, request_id);
    for (unsigned i = 0; i < 4; i++)
        m->id.bytes[i] = (uint8_t)(n >> (24 - 8 * i));
    m->id.bytes[15] = 1; /* never zero */
}

static void fill_citizen(struct sah_citizen *c, unsigned who)
{
    SET(c->channel, RIG_CHANNEL);
    SET(c->account, "1000");
    SAH_ASSERT(sah_format(c->sender, sizeof c->sender, "citizen-%u", who) == SAH_OK);
    SAH_ASSERT(sah_format(c->reply_token, sizeof c->reply_token, "token-%u", who) == SAH_OK);
    SET(c->language, "te");
}

struct sah_request *rig_request(struct rig *rig, unsigned n, unsigned who, const char *service)
{
    struct sah_request *r = &rig->message->u.request;

    fill_message(rig, n, SAH_KIND_REQUEST, "");
    fill_citizen(&r->citizen, who);
    SET(r->triage.service, service);
    r->urgency = SAH_URGENCY_URGENT;
    if (strcmp(service, "LPG_BOOKING") == 0) {
        r->urgency = SAH_URGENCY_BULK;
        r->payload.kind = SAH_PAYLOAD_LPG;
        SET(r->payload.u.lpg.op, "BOOK");
        SET(r->payload.u.lpg.company, "indane");
    }
    return r;
}

struct sah_amendment *rig_amendment(struct rig *rig, unsigned n, unsigned who,
                                    const char *request_id)
{
    struct sah_amendment *a = &rig->message->u.amendment;
    char id[SAH_REQUEST_ID_SIZE];

    SET(id, request_id); /* may stand in what is cleared */
    fill_message(rig, n, SAH_KIND_AMENDMENT, id);
    fill_citizen(&a->part.citizen, who);
    a->kind = SAH_AMENDMENT_TEXT;
    a->part.urgency = SAH_URGENCY_URGENT;
    SET(a->part.text, "more words");
    a->part.text_len = (uint32_t)strlen(a->part.text);
    return a;
}

void rig_cancel(struct rig *rig, unsigned n, unsigned who, const char *request_id)
{
    fill_message(rig, n, SAH_KIND_CANCEL, request_id);
    fill_citizen(&rig->message->u.cancel.citizen, who);
}

void rig_query(struct rig *rig, unsigned n, unsigned who, const char *request_id)
{
    fill_message(rig, n, SAH_KIND_STATUS_QUERY, request_id);
    fill_citizen(&rig->message->u.status_query.citizen, who);
}

void rig_cue(struct sah_request *request, const char *cue)
{
    SET(request->triage.cues[request->triage.n_cues++].name, cue);
}

void rig_also(struct sah_request *request, const char *service)
{
    SET(request->triage.additional[request->triage.n_additional++], service);
}

void rig_pin(struct sah_request *request, int metres)
{
    struct sah_place *place = &request->places[request->n_places++];

    place->kind = SAH_PLACE_CURRENT_INCIDENT;
    place->method = SAH_METHOD_GPS_PIN;
    place->has_point = true;
    place->lat_e7 = 173850000 + metres * 90;
    place->lon_e7 = 784867000;
}

void rig_type(struct sah_request *request, const char *type)
{
    SET(request->triage.incident_type, type);
}

void rig_words(struct sah_request *request, const char *words)
{
    SET(request->text, words);
    request->text_len = (uint32_t)strlen(words);
}

static void on_result(void *data, const struct sah_message *result)
{
    struct rig_result *r = data;
    const struct sah_result *said = &result->u.result;

    SAH_ASSERT(!r->came); /* exactly once */
    SAH_ASSERT(sah_id_equal(&r->id, &result->id));
    r->came = true;
    r->code = said->code;
    r->of_another = said->of_another;
    memcpy(r->request_id, result->request_id, sizeof r->request_id);
    memcpy(r->incident_id, result->incident_id, sizeof r->incident_id);
    r->accept_seq = said->accept_seq;
    memcpy(r->run_id, said->store_run_id, sizeof r->run_id);
    r->retry_after_ms = said->retry_after_ms;
    r->n_agencies = said->n_agencies;
    memcpy(r->agencies, said->agencies, sizeof r->agencies);
}

size_t rig_take(struct rig *rig)
{
    struct rig_result *r = zeroed(sizeof *r);
    char why[128] = "";
    struct sah_buf buf;

    rig->results = grow(rig->results, rig->n_results, &rig->cap_results);
    rig->results[rig->n_results++] = r;
    r->id = rig->message->id;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (sah_message_encode(rig->message, &buf, why, sizeof why) != SAH_OK)
        sah_die(__FILE__, __LINE__, why);
    rig->front.take(rig->front.data, rig->message, (struct sah_slice){buf.data, buf.len}, rig_now(rig),
                    on_result, r);
    sah_buf_fini(&buf);
    return rig->n_results - 1;
}

const struct rig_result *rig_ask(struct rig *rig)
{
    size_t i = rig_take(rig);

    rig_settle(rig);
    return rig->results[i];
}

const char *rig_accept(struct rig *rig, unsigned n, unsigned who, const char *service,
                       const char *cue)
{
    struct sah_request *r = rig_request(rig, n, who, service);
    const struct rig_result *result;

    if (cue != NULL)
        rig_cue(r, cue);
    result = rig_ask(rig);
    SAH_ASSERT(result->came && result->code == SAH_RESULT_ACCEPTED);
    return result->request_id;
}

/* ---- statuses */

static void on_status(void *data, const struct sah_status_result *result)
{
    struct rig_status *s = data;

    SAH_ASSERT(!s->came);
    s->came = true;
    s->result = *result;
}

struct sah_agency_status rig_says(const char *request_id, const char *agency,
                                  enum sah_state state, const char *by)
{
    struct sah_agency_status s = {.state = state,
                                  .level = by != NULL ? SAH_LEVEL_PERSON : SAH_LEVEL_MACHINE};

    SET(s.request_id, request_id);
    SET(s.agency, agency);
    if (by != NULL)
        SET(s.by, by);
    return s;
}

const struct sah_status_result *rig_status(struct rig *rig,
                                           const struct sah_agency_status *status)
{
    struct rig_status *s = zeroed(sizeof *s);

    rig->statuses = grow(rig->statuses, rig->n_statuses, &rig->cap_statuses);
    rig->statuses[rig->n_statuses++] = s;
    rig->front.status(rig->front.data, status, rig_now(rig), on_status, s);
    rig_settle(rig);
    SAH_ASSERT(s->came);
    return &s->result;
}

enum sah_status_code rig_person(struct rig *rig, const char *request_id, const char *agency,
                                enum sah_state state)
{
    struct sah_agency_status s = rig_says(request_id, agency, state, "desk 4");

    return rig_status(rig, &s)->code;
}

/* ---- time */

static unsigned ack_all(struct rig *rig)
{
    const struct sah_outbox_event *event;
    unsigned n = 0;

    while (rig->ack && (event = sah_fake_adapters_next(rig->adapters)) != NULL) {
        rig->front.outbox_ack(rig->front.data, event->event_id);
        n++;
    }
    return n;
}

void rig_settle(struct rig *rig)
{
    unsigned n = 0, now;

    do {
        now = rig->stalled ? 0 : sah_memory_store_run(rig->store);
        now += sah_fake_agencies_run(rig->agencies, rig->now_ms);
        now += ack_all(rig);
        now += rig->journal != NULL ? fake_journal_run(rig->journal) : 0;
        if (rig->woken) {
            rig->woken = false;
            (void)sah_away_tick(rig->away, rig_now(rig));
            now++;
        }
        n += now;
        SAH_ASSERT(n < rig->turns_max); /* a core that never comes to rest */
    } while (now > 0);
}

void rig_pass(struct rig *rig, uint64_t ms)
{
    uint64_t end_ms = rig->now_ms + ms;

    for (;;) {
        if (rig->now_ms >= rig->next_tick_ms) {
            uint32_t wait_ms = sah_core_tick(rig->core, rig_now(rig));

            if (rig->away != NULL)
                (void)sah_away_tick(rig->away, rig_now(rig));
            SAH_ASSERT(wait_ms >= 1 && wait_ms <= 1000);
            rig->next_tick_ms = rig->now_ms + wait_ms;
        }
        rig_settle(rig);
        if (rig->now_ms >= end_ms)
            return;
        rig->now_ms = rig->now_ms + rig->step_ms < end_ms ? rig->now_ms + rig->step_ms : end_ms;
        sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms);
    }
}

void rig_manner(struct rig *rig, const char *endpoint, struct sah_fake_manner manner)
{
    sah_fake_agencies_set(rig->agencies, endpoint, &manner);
}
