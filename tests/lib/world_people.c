/*
 * world_people - citizens, agencies' people and the adapter between: what they say, and what
 * they choose to say when the seed decides.
 *
 * Owns:    the ledger of messages and of who has which case.
 * Used by: scenarios (by name), sim_random (by chance).
 * Never:   waits for an answer: it comes when the world turns.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/world_priv.h"

struct asked { /* a message on its way to a router */
    struct world_router *router;
    unsigned generation, message;
};

struct said { /* a status on its way */
    struct world *w;
    struct world_router *router;
    int request, agency; /* -1: nobody knows it */
    bool by_person, known;
    char request_id[SAH_REQUEST_ID_SIZE];
};

static struct sah_now router_now(const struct world_router *r)
{
    return (struct sah_now){.mono_ms = r->w->now_ms,
                            .wall_ms = RIG_WALL_MS + (int64_t)r->w->now_ms + r->wall_offset_ms};
}

int world_agency_index(const struct world *w, const char *id)
{
    for (unsigned i = 0; i < w->rig->roster->n_agencies; i++)
        if (strcmp(w->rig->roster->agencies[i].id, id) == 0)
            return (int)i;
    return -1;
}

int world_request_index(const struct world *w, const char *request_id)
{
    for (unsigned i = w->n_requests; i > 0; i--)
        if (strcmp(w->requests[i - 1].request_id, request_id) == 0)
            return (int)(i - 1);
    return -1;
}

struct world_request *world_page(struct world *w, const char *request_id, unsigned number)
{
    int at = w->away != NULL ? world_request_index(w, request_id) : -1;
    struct world_request *page;

    if (at >= 0)
        return &w->requests[at];
    SAH_ASSERT(w->n_requests < WORLD_REQUESTS_MAX);
    page = &w->requests[w->n_requests++];
    memcpy(page->request_id, request_id, sizeof page->request_id);
    NOTE(w, request_id, "message %u makes it: %s", number, w->messages[number].service);
    page->who = w->messages[number].who;
    page->booking = strcmp(w->messages[number].service, "LPG_BOOKING") == 0;
    return page;
}

/* ---- messages */

static void on_result(void *data, const struct sah_message *given)
{
    static struct sah_message bent; /* large; one at a time */
    const struct sah_message *result = given;
    struct asked *asked = data;
    struct world_router *r = asked->router;
    struct world *w = r->w;
    struct world_message *m = &w->messages[asked->message];

    if (w->plant >= 0) {
        bent = *given;
        plant_result(w, m, &bent.u.result);
        result = &bent;
    }
    if (!r->dying) { /* else the adapter hears nothing */
        m->under_way--;
        m->code = result->u.result.code;
        NOTE(w, result->request_id, "message %u: %s", asked->message,
             sah_result_code_name(m->code));
        check_result(w, asked->message, result);
        m->journaled |= strcmp(result->u.result.store_run_id, SAH_AWAY_RUN_ID) == 0;
        m->accepted += m->code == SAH_RESULT_ACCEPTED;
        if (m->kind == SAH_KIND_REQUEST &&
            (m->code == SAH_RESULT_ACCEPTED || m->code == SAH_RESULT_DUPLICATE))
            memcpy(m->request_id, result->request_id, sizeof m->request_id);
    } else if (r->generation == asked->generation) {
        m->under_way--;
    }
    free(asked);
}

static void build(struct world *w, unsigned n)
{
    const struct world_message *m = &w->messages[n];
    struct sah_request *part = NULL;
    struct sah_amendment *a;

    w->rig->message->kind = SAH_KIND_UNSPECIFIED;
    switch (m->kind) {
    case SAH_KIND_REQUEST:
        part = rig_request(w->rig, n + 1, m->who, m->service);
        break;
    case SAH_KIND_AMENDMENT:
        a = rig_amendment(w->rig, n + 1, m->who, m->request_id);
        a->kind = m->amendment;
        part = &a->part;
        break;
    case SAH_KIND_CANCEL:
        rig_cancel(w->rig, n + 1, m->who, m->request_id);
        break;
    case SAH_KIND_STATUS_QUERY:
        rig_query(w->rig, n + 1, m->who, m->request_id);
        break;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_RESULT:
    case SAH_KIND_OUTBOX_EVENT:
    case SAH_KIND_OUTBOX_ACK:
    case SAH_KIND_HELLO:
        SAH_ASSERT(!"a message of a citizen");
    }
    if (part != NULL && m->type != NULL) {
        char words[64];

        SAH_ASSERT(sah_format(words, sizeof words, "seen by %u, message %u.", m->who, n) == SAH_OK);
        rig_words(part, words);
        rig_type(part, m->type);
        rig_pin(part, (int)m->metres);
    }
    if (part != NULL && m->connection != 0)
        SAH_ASSERT(sah_format(part->payload.u.lpg.consumer_no, sizeof part->payload.u.lpg.consumer_no, "1234%u",
                              m->connection) == SAH_OK);
    if (part != NULL && m->same_words)
        rig_words(part, "a vehicle for tomorrow, please");
    if (part != NULL && m->cue[0] != '\0')
        rig_cue(part, m->cue);
    if (part != NULL && m->also[0] != '\0')
        rig_also(part, m->also);
    w->rig->message->created_ms = RIG_WALL_MS + (int64_t)m->sent_ms; /* the same bytes again */
}

void world_again(struct world *w, unsigned message)
{
    struct world_router *r = world_some_router(w);
    struct world_message *m = &w->messages[message];
    char why[128] = "";
    struct asked *asked;
    struct sah_buf buf;

    if (r == NULL)
        return; /* nobody there: the adapter keeps it */
    asked = calloc(1, sizeof *asked);
    SAH_ASSERT(asked != NULL);
    asked->router = r;
    asked->generation = r->generation;
    asked->message = message;
    build(w, message);
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (sah_message_encode(w->rig->message, &buf, why, sizeof why) != SAH_OK)
        sah_die(__FILE__, __LINE__, why);
    m->under_way++;
    m->asked++;
    NOTE(w, m->request_id, "message %u: %s of citizen %u %s%s%s to router %u", message,
         sah_kind_name(m->kind), m->who, m->service, m->cue[0] ? " " : "", m->cue, r->index);
    r->front.take(r->front.data, w->rig->message, (struct sah_slice){buf.data, buf.len},
                  router_now(r), on_result, asked);
    sah_buf_fini(&buf);
}

static unsigned say(struct world *w, const struct world_message *message)
{
    unsigned n = w->n_messages;

    SAH_ASSERT(n < WORLD_MESSAGES_MAX);
    w->messages[n] = *message;
    w->messages[n].sent_ms = w->now_ms;
    w->n_messages++;
    world_again(w, n);
    return n;
}

unsigned world_asks(struct world *w, unsigned who, const char *service, const char *cue)
{
    return say(w, &(struct world_message){.kind = SAH_KIND_REQUEST,
                                          .who = who,
                                          .service = service,
                                          .cue = cue != NULL ? cue : "",
                                          .also = ""});
}

unsigned world_reports(struct world *w, unsigned who, const char *service, const char *cue, const char *type,
                       unsigned metres)
{
    return say(w, &(struct world_message){.kind = SAH_KIND_REQUEST,
                                          .who = who,
                                          .service = service,
                                          .cue = cue != NULL ? cue : "",
                                          .also = "",
                                          .type = type,
                                          .metres = metres});
}

static struct world_message about(enum sah_kind kind, unsigned who, const char *request_id)
{
    struct world_message m = {.kind = kind, .who = who, .service = "", .cue = "", .also = ""};

    (void)sah_format(m.request_id, sizeof m.request_id, "%s", request_id);
    return m;
}

unsigned world_amends(struct world *w, unsigned who, const char *request_id,
                      enum sah_amendment_kind kind, const char *cue, const char *also)
{
    struct world_message m = about(SAH_KIND_AMENDMENT, who, request_id);

    m.amendment = kind;
    m.cue = cue != NULL ? cue : "";
    m.also = also != NULL ? also : "";
    return say(w, &m);
}

unsigned world_cancels(struct world *w, unsigned who, const char *request_id)
{
    struct world_message m = about(SAH_KIND_CANCEL, who, request_id);

    return say(w, &m);
}

unsigned world_queries(struct world *w, unsigned who, const char *request_id)
{
    struct world_message m = about(SAH_KIND_STATUS_QUERY, who, request_id);

    return say(w, &m);
}

unsigned world_messages(const struct world *w)
{
    return w->n_messages;
}

enum sah_result_code world_code(const struct world *w, unsigned message)
{
    return w->messages[message].code;
}

unsigned world_accepted(const struct world *w, unsigned message)
{
    return w->messages[message].accepted;
}

const char *world_request_of(const struct world *w, unsigned message)
{
    return w->messages[message].request_id;
}

/* ---- statuses */

#define HELP                                                                        \
    (STATE_BIT(ACKNOWLEDGED) | STATE_BIT(WAITING_UNIT) | STATE_BIT(UNIT_ASSIGNED) | \
     STATE_BIT(EN_ROUTE) | STATE_BIT(ON_SCENE) | STATE_BIT(TRANSPORTING))

/* Does this router, or the store, know of the request at that agency? */
static bool is_known(const struct world_router *r, const struct sah_agency_status *status)
{
    const struct memory_request *kept = model_request(r->w->fake, status->request_id);
    bool known = false;

    if (r->away != NULL && r->away->memory != NULL && model_request(r->away->memory, status->request_id) != NULL)
        kept = model_request(r->away->memory, status->request_id);
    for (unsigned i = 0; kept != NULL && i < kept->view.n_lines; i++)
        known |= strcmp(kept->view.lines[i].agency, status->agency) == 0;
    return known;
}

/* (I5) What an agency says of a request that it has is never answered "not found", for it would not say
 * it again; and what a person said and was taken holds from then on. */
static void check_status(const struct said *said, const struct sah_status_result *result)
{
    struct world_request *page = said->request >= 0 ? &said->w->requests[said->request] : NULL;

    if (result->code == SAH_STATUS_NOT_FOUND && said->known)
        world_violate(said->w, "I5", said->request_id, "what an agency says of what it has is answered 'not found'");
    if (page == NULL || said->agency < 0 || result->code != SAH_STATUS_APPLIED)
        return;
    page->helps[said->agency] = said->by_person && IS_IN(result->state, HELP) ? result->state : SAH_STATE_UNSPECIFIED;
    page->helps_by[said->agency] = said->router->index;
}

static void on_status(void *data, const struct sah_status_result *result)
{
    static const char *const codes[] = {"applied", "repeated",   "history",    "not found",
                                        "illegal", "needs name", "unavailable"};
    struct said *said = data;

    if (!said->router->dying) {
        NOTE(said->w, said->request_id, "status: %s", codes[result->code]);
        check_status(said, result);
    }
    free(said);
}

static void post(struct world *w, const struct sah_agency_status *status)
{
    struct world_router *r = world_some_router(w);
    int agency = world_agency_index(w, status->agency);
    int request = world_request_index(w, status->request_id);
    struct said *said;

    if (r == NULL)
        return;
    if (request >= 0 && agency >= 0) { /* from now on it may be true */
        w->requests[request].spoke |= UINT32_C(1) << agency;
        if (status->level == SAH_LEVEL_PERSON)
            w->requests[request].person[agency] |= UINT32_C(1) << status->state;
    }
    said = calloc(1, sizeof *said);
    SAH_ASSERT(said != NULL);
    said->w = w;
    said->router = r;
    said->request = request;
    said->agency = agency;
    said->by_person = status->level == SAH_LEVEL_PERSON;
    said->known = is_known(r, status);
    memcpy(said->request_id, status->request_id, sizeof said->request_id);
    NOTE(w, status->request_id, "%s says %s%s to router %u", status->agency,
         sah_state_name(status->state), status->level == SAH_LEVEL_PERSON ? " (a person)" : "",
         r->index);
    r->front.status(r->front.data, status, router_now(r), on_status, said);
}

void world_says(struct world *w, const char *request_id, const char *agency,
                enum sah_state state, const char *by)
{
    struct sah_agency_status s = rig_says(request_id, agency, state, by);

    post(w, &s);
}

void world_declines_cancel(struct world *w, const char *request_id, const char *agency)
{
    struct sah_agency_status s = rig_says(request_id, agency, SAH_STATE_ACKNOWLEDGED, "desk 4");

    s.reason = SAH_REASON_CANCEL_DECLINED;
    post(w, &s);
}

/* ---- by chance */

#define CITIZENS 6

static const char *const services[] = {
    "AMBULANCE_108", "AMBULANCE_108", "FIRE_101",    "LPG_LEAK", "HELPLINE_181",
    "HELPLINE_100",  "AMBULANCE_102", "LPG_BOOKING", "UNKNOWN",  "HELPLINE_112"};
static const char *const cues[] = {"not_breathing", "people_hurt", "unheard_of"};
static const enum sah_amendment_kind kinds[] = {
    SAH_AMENDMENT_TEXT,   SAH_AMENDMENT_PLACE,  SAH_AMENDMENT_REPEAT,
    SAH_AMENDMENT_MEDIA,  SAH_AMENDMENT_RESUME, SAH_AMENDMENT_CITIZEN_SILENT,
    SAH_AMENDMENT_TRIAGE, SAH_AMENDMENT_PAUSE};

static const char *some(struct world *w, const char *const *texts, size_t n)
{
    return texts[world_roll(w, (uint32_t)n)];
}

static void some_request(struct world *w)
{
    struct world_message m = {.kind = SAH_KIND_REQUEST,
                              .who = world_roll(w, CITIZENS),
                              .service = w->incidents && world_roll(w, 3) == 0 ? "FIRE_101"
                                                                               : some(w, services, SAH_LEN(services)),
                              .cue = "",
                              .also = ""};
    unsigned presses = world_roll(w, 12) == 0 ? 5 : 1;

    if (w->incidents && strcmp(m.service, "FIRE_101") == 0 && world_roll(w, 4) > 0) {
        m.type = "FSTRU";
        m.metres = 200 * world_roll(w, 4);
        m.who = world_roll(w, 4 * CITIZENS);
    }
    if (strcmp(m.service, "LPG_BOOKING") == 0)
        m.connection = world_roll(w, 4);
    m.same_words = m.connection == 0 && world_roll(w, 2) == 0;
    if (world_roll(w, 3) == 0)
        m.cue = some(w, cues, SAH_LEN(cues));
    if (world_roll(w, 4) == 0)
        m.also = some(w, services, SAH_LEN(services));
    if (w->n_requests + 5 < WORLD_REQUESTS_MAX && w->n_messages + 5 < WORLD_MESSAGES_MAX)
        world_again(w, say(w, &m)); /* and the channel delivers it twice */
    for (; presses > 1 && w->n_messages + 5 < WORLD_MESSAGES_MAX; presses--)
        world_again(w, w->n_messages - 1);
}

static void some_correction(struct world *w)
{
    const struct world_request *request;
    unsigned who, what = world_roll(w, 10), newest;

    if (w->n_requests == 0 || w->n_messages == WORLD_MESSAGES_MAX)
        return;
    newest = w->n_requests < 20 ? w->n_requests : 20;
    request = &w->requests[world_roll(w, 3) == 0 ? world_roll(w, w->n_requests)
                                                 : w->n_requests - 1 - world_roll(w, newest)];
    who = world_roll(w, 15) == 0 ? world_roll(w, CITIZENS) : request->who;
    if (what == 0) {
        world_queries(w, who, request->request_id);
    } else if (what <= 2) {
        world_cancels(w, who, request->request_id);
    } else {
        enum sah_amendment_kind kind = kinds[world_roll(w, SAH_LEN(kinds))];
        bool triage = kind == SAH_AMENDMENT_TRIAGE;

        world_amends(w, who, request->request_id, kind,
                     triage ? some(w, cues, SAH_LEN(cues)) : NULL,
                     triage && world_roll(w, 2) == 0 ? some(w, services, SAH_LEN(services))
                                                     : NULL);
    }
}

void world_citizen_acts(struct world *w)
{
    uint32_t what = world_roll(w, 10);

    if (what < 4)
        some_request(w);
    else if (what < 9 || w->n_messages == 0)
        some_correction(w);
    else
        world_again(w, world_roll(w, w->n_messages)); /* an old webhook, once more */
}

static bool is_unanswered(const struct world_message *m)
{
    return m->code == SAH_RESULT_UNSPECIFIED || m->code == SAH_RESULT_RETRY;
}

void world_adapter_asks_again(struct world *w)
{
    for (unsigned i = 0; i < w->n_messages; i++)
        if (w->messages[i].under_way == 0 && is_unanswered(&w->messages[i]))
            world_again(w, i);
}

unsigned world_unanswered(const struct world *w)
{
    unsigned n = 0;

    for (unsigned i = 0; i < w->n_messages; i++)
        n += w->messages[i].under_way > 0 || is_unanswered(&w->messages[i]);
    return n;
}

static const enum sah_state unit_life[] = {
    SAH_STATE_ACKNOWLEDGED, SAH_STATE_WAITING_UNIT, SAH_STATE_UNIT_ASSIGNED, SAH_STATE_EN_ROUTE,
    SAH_STATE_ON_SCENE,     SAH_STATE_TRANSPORTING, SAH_STATE_CLOSED};
static const enum sah_state booking_life[] = {SAH_STATE_ACKNOWLEDGED, SAH_STATE_BOOKED,
                                              SAH_STATE_OUT_FOR_DELIVERY,
                                              SAH_STATE_HANDED_OVER};

void world_agency_acts(struct world *w)
{
    unsigned newest = w->n_cases < 40 ? w->n_cases : 40;
    struct sah_agency_status s;
    struct world_case *c;
    bool booking;
    unsigned n;

    if (w->n_cases == 0)
        return;
    c = &w->cases[w->n_cases - 1 - world_roll(w, newest)];
    booking = w->requests[c->request].booking;
    n = booking ? SAH_LEN(booking_life) : SAH_LEN(unit_life);
    s = rig_says(w->requests[c->request].request_id,
                 w->rig->roster->agencies[c->agency].id, SAH_STATE_ACKNOWLEDGED,
                 world_roll(w, 6) > 0 ? "desk 4" : NULL);
    if (c->stage < n && world_roll(w, 4) > 0) /* the next in order, sometimes once more */
        s.state =
            (booking ? booking_life : unit_life)[world_roll(w, 6) > 0 ? c->stage++ : c->stage];
    else if (world_roll(w, 4) == 0)
        s.reason = SAH_REASON_CANCEL_DECLINED;
    else
        s.state = (enum sah_state)(1 + world_roll(w, SAH_N_STATES - 1));
    s.eta_s = world_roll(w, 3) * 60;
    post(w, &s);
}

void world_mood_changes(struct world *w)
{
    static const enum world_manner likely[] = {
        WORLD_ACKS,    WORLD_ACKS, WORLD_ACKS,    WORLD_ACKS_LATE, WORLD_SILENT,
        WORLD_REFUSES, WORLD_GONE, WORLD_TROUBLE, WORLD_BUSY,      WORLD_CUT};

    for (unsigned i = 0; i < WORLD_ENDPOINTS; i++)
        if (world_roll(w, 4) == 0)
            w->manners[i] = likely[world_roll(w, SAH_LEN(likely))];
}

/* ---- the person at the ops desk */

static void on_decided(void *data, enum sah_decided decided)
{
    struct said *said = data;

    if (!said->router->dying)
        NOTE(said->w, said->request_id, "the operator's wish: %d", (int)decided);
    free(said);
}

/* A dead letter: any one, and some that are none any more. */
static bool some_letter(struct world *w, struct sah_dead_letter *letter)
{
    size_t n = w->fake->deliveries.n, first = n > 0 ? world_roll(w, (uint32_t)n) : 0;

    for (size_t i = 0; i < n; i++) {
        const struct sah_memory_delivery *d = w->fake->deliveries.v[(first + i) % n];

        if (d->state != SAH_MEMORY_DEAD && (i > 0 || world_roll(w, 8) > 0))
            continue;
        memset(letter, 0, sizeof *letter);
        memcpy(letter->key, d->key, sizeof letter->key);
        memcpy(letter->request_id, d->request_id, sizeof letter->request_id);
        memcpy(letter->agency, d->agency, sizeof letter->agency);
        memcpy(letter->endpoint, d->endpoint, sizeof letter->endpoint);
        letter->message_id = d->message_id;
        letter->kind = d->kind;
        letter->sequence = d->sequence;
        return true;
    }
    return false;
}

void world_operator_acts(struct world *w)
{
    struct world_router *r = world_some_router(w);
    struct sah_dead_letter letter;
    struct said *said;
    const char *id;

    if (r == NULL || w->n_requests == 0)
        return;
    said = calloc(1, sizeof *said);
    SAH_ASSERT(said != NULL);
    said->w = w;
    said->router = r;
    id = w->requests[world_roll(w, w->n_requests)].request_id;
    if (world_roll(w, 3) > 0 && some_letter(w, &letter)) {
        memcpy(said->request_id, letter.request_id, sizeof said->request_id);
        sah_core_replay(r->core, &letter, "desk 1", router_now(r), on_decided, said);
        return;
    }
    memcpy(said->request_id, id, sizeof said->request_id);
    sah_core_reclassify(r->core, id, (enum sah_priority)(1 + world_roll(w, 5)),
                        world_roll(w, 2) ? "desk 1" : NULL, router_now(r), on_decided, said);
}
