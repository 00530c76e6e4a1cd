/*
 * talk - see talk.h.
 */
#include "talk.h"

#include <stdio.h>
#include <string.h>

#include "reads.h"

#define QUESTIONS_MAX 5

void talk_begin(struct talk *t)
{
    struct sah_dialog *dialog = t->dialog;
    struct sah_policy *policy = t->policy;
    struct texts *texts = t->texts;
    void (*fault)(struct talk *t, const char *what) = t->fault;

    memset(t, 0, sizeof *t);
    t->dialog = dialog;
    t->policy = policy;
    t->texts = texts;
    t->fault = fault;
    t->now_ms = INT64_C(1795408200000); /* Monday, 2026-11-23, 10:00 in India */
}

enum text_language talk_language(const struct talk *t)
{
    static const struct {
        const char *code;
        enum text_language language;
    } codes[] = {{"te", TEXT_TE}, {"hi", TEXT_HI}, {"ur", TEXT_UR}, {"en", TEXT_EN}, {"mixed", TEXT_TE}};

    for (size_t i = 0; i < SAH_LEN(codes); i++)
        if (strncmp(t->c.language, codes[i].code, strlen(codes[i].code)) == 0)
            return codes[i].language;
    return TEXT_EN; /* nobody knows it: Telugu and English stand together */
}

/* ---- what the router makes of it, in short */

static struct talk_request *request_by(struct talk *t, const struct sah_message *m)
{
    for (unsigned i = t->n_requests; i > 0; i--) {
        struct talk_request *r = &t->requests[i - 1];

        if (m->request_id[0] != '\0' ? strcmp(r->request_id, m->request_id) == 0
                                     : sah_id_equal(&r->message_id, &m->causation))
            return r;
    }
    return NULL;
}

/* As router/core/again.c puts the two together. */
static void rank_amended(struct talk *t, const struct talk_request *r, const struct sah_message *m,
                         struct sah_rank *ret_rank)
{
    static struct sah_request whole;
    const struct sah_request *before = &r->message.u.request;

    whole = m->u.amendment.part;
    whole.citizen.vulnerable |= before->citizen.vulnerable;
    if (whole.triage.service[0] == '\0')
        memcpy(whole.triage.service, before->triage.service, sizeof whole.triage.service);
    if (whole.triage.incident_type[0] == '\0')
        memcpy(whole.triage.incident_type, before->triage.incident_type, sizeof whole.triage.incident_type);
    if (whole.triage.patients < before->triage.patients)
        whole.triage.patients = before->triage.patients;
    sah_rank_amended(t->policy, &whole, false, ret_rank);
}

static void add_request(struct talk *t, const struct sah_message *m, const struct sah_rank *rank)
{
    struct talk_request *r;

    if (t->n_requests == TALK_REQUESTS_MAX) {
        t->fault(t, "more requests than a page has room for");
        return;
    }
    r = &t->requests[t->n_requests++];
    r->message = *m;
    r->message_id = m->id;
    r->priority = rank->priority;
    r->lane = sah_priority_is_emergency(rank->priority) ? SAH_LANE_EMERGENCY : SAH_LANE_BULK;
    memcpy(r->service, m->u.request.triage.service, sizeof r->service);
    if (sah_priority_is_emergency(rank->priority))
        t->asked = 0;
}

static void name_request(struct talk *t, struct talk_request *r)
{
    static struct sah_message result;

    memset(&result, 0, sizeof result);
    result.kind = SAH_KIND_RESULT;
    result.id = r->message_id;
    result.u.result.code = SAH_RESULT_ACCEPTED;
    if (r->request_id[0] == '\0')
        sah_request_id(r->lane, 0, &r->message_id, r->request_id);
    memcpy(result.request_id, r->request_id, sizeof result.request_id);
    sah_dialog_accepted(&r->message, &result, &t->c);
}

void talk_router_back(struct talk *t)
{
    t->router_away = false;
    for (unsigned i = 0; i < t->n_requests; i++)
        if (t->requests[i].request_id[0] == '\0')
            name_request(t, &t->requests[i]);
}

static void amended(struct talk *t, struct talk_request *r, const struct sah_message *m, struct sah_rank *rank)
{
    const struct sah_triage *triage = &m->u.amendment.part.triage;

    if (triage->n_cues == 0 && triage->service[0] == '\0' && triage->n_additional == 0)
        return; /* nothing to rank by */
    rank_amended(t, r, m, rank);
    r->priority = sah_priority_higher(r->priority, rank->priority);
    if (r->lane == SAH_LANE_BULK && sah_priority_is_emergency(r->priority))
        t->fault(t, "a danger went into a booking instead of a request of its own");
    if (triage->service[0] != '\0')
        memcpy(r->service, triage->service, sizeof r->service);
}

static void handed_over(struct talk *t, unsigned i)
{
    const struct sah_message *m = &t->step.submits[i];
    struct talk_request *r;
    struct sah_rank rank = {0};
    char before[SAH_SERVICE_SIZE];

    if (m->kind == SAH_KIND_REQUEST) {
        sah_rank(t->policy, &m->u.request, &rank);
        add_request(t, m, &rank);
        r = &t->requests[t->n_requests - 1];
        facts_of(m, "", r->lane, r->priority, &rank, &t->facts[i]);
        if (!t->router_away)
            name_request(t, r);
        return;
    }
    r = request_by(t, m);
    if (r == NULL) {
        t->fault(t, "a message about a request that nobody has");
        facts_of(m, "nothing", SAH_LANE_EMERGENCY, SAH_PRIORITY_P1, &rank, &t->facts[i]);
        return;
    }
    memcpy(before, r->service, sizeof before);
    if (m->kind == SAH_KIND_AMENDMENT)
        amended(t, r, m, &rank);
    if (m->kind == SAH_KIND_STATUS_QUERY)
        t->query = *m;
    facts_of(m, before, r->lane, r->priority, &rank, &t->facts[i]);
}

/* ---- what holds on every page */

static bool names_a_number(const char *body)
{
    static const char *const numbers[] = {"108", "112", "101", "102", "100", "181", "1098", "1930", "14416",
                                          "1077", "1912", "1906", "104", "14567", "1967", "1073", "139"};

    for (size_t i = 0; i < SAH_LEN(numbers); i++)
        if (strstr(body, numbers[i]) != NULL)
            return true;
    return false;
}

static void check_reply(struct talk *t, const struct sah_reply *r)
{
    static const char *const coming[] = {"is coming", "on the way", "on its way", "has set out", "dispatched"};
    enum text_language language = talk_language(t);

    if (r->emergency && !t->c.silent && !names_a_number(r->body))
        t->fault(t, "a reply about an emergency names no number to dial (I12)");
    for (size_t i = 0; i < SAH_LEN(coming) && !t->person; i++)
        if (strstr(r->body, coming[i]) != NULL)
            t->fault(t, "help is said to be coming before a person said so (I9)");
    if (r->kind == SAH_REPLY_BUTTONS && (r->n_choices == 0 || r->n_choices > SAH_BUTTONS_MAX))
        t->fault(t, "buttons without a button, or too many");
    if (r->kind != SAH_REPLY_TEXT && sah_utf8_count(r->body, strlen(r->body)) > 1024)
        t->fault(t, "a body too long for buttons");
    if (r->body[0] == '\0')
        t->fault(t, "an empty reply");
    if (r->emergency && reads_asks(t->texts, language, r) && ++t->asked > QUESTIONS_MAX)
        t->fault(t, "more than five questions about one request");
}

static void remember_replies(struct talk *t)
{
    enum text_language language = talk_language(t);
    unsigned questions = 0;

    for (unsigned i = 0; i < t->step.n_replies; i++) {
        const struct sah_reply *r = &t->step.replies[i];

        check_reply(t, r);
        questions += reads_asks(t->texts, language, r);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(r->key, t->step.replies[j].key) == 0)
                t->fault(t, "two replies under one key");
        if (t->n_read == TALK_READ_MAX)
            memmove(t->read, t->read + 1, --t->n_read * sizeof t->read[0]);
        t->read[t->n_read++] = *r;
    }
    if (questions > 1)
        t->fault(t, "more than one question at a time");
}

/* The conversation as it stands in the store, and read again: a restart at every moment. */
static void store_and_load(struct talk *t)
{
    static struct sah_conversation again;
    struct sah_buf buf;

    sah_buf_init(&buf, 64 * 1024);
    if (sah_conversation_encode(&t->c, &buf) != SAH_OK ||
        sah_conversation_decode(buf.data, buf.len, &again) != SAH_OK)
        t->fault(t, "the conversation cannot be stored");
    else
        t->c = again;
    sah_buf_fini(&buf);
}

static void stepped(struct talk *t)
{
    t->c = t->step.next;
    for (unsigned i = 0; i < t->step.n_submits; i++)
        handed_over(t, i);
    remember_replies(t);
    store_and_load(t);
}

static void next_id(struct talk *t, struct sah_id *ret_id)
{
    memset(ret_id, 0, sizeof *ret_id);
    ret_id->bytes[0] = 7;
    ret_id->bytes[14] = (uint8_t)(++t->n >> 8);
    ret_id->bytes[15] = (uint8_t)t->n;
}

void talk_take(struct talk *t, struct sah_incoming *in)
{
    static struct sah_step twice;

    next_id(t, &in->id);
    t->now_ms += 1000;
    in->sent_ms = in->received_ms = t->now_ms;
    (void)sah_format(in->citizen.channel, sizeof in->citizen.channel, "page");
    (void)sah_format(in->citizen.account, sizeof in->citizen.account, "number");
    (void)sah_format(in->citizen.sender, sizeof in->citizen.sender, "citizen");
    sah_dialog_take(t->dialog, &t->c, in, &t->step);
    sah_dialog_take(t->dialog, &t->c, in, &twice);
    if (memcmp(&twice, &t->step, sizeof twice) != 0)
        t->fault(t, "the same step gave another result");
    stepped(t);
}

void talk_event(struct talk *t, struct sah_outbox_event *event)
{
    t->now_ms += 1000;
    (void)sah_format(event->event_id, sizeof event->event_id, "event-%u", ++t->n);
    (void)sah_format(event->account, sizeof event->account, "number");
    (void)sah_format(event->sender, sizeof event->sender, "citizen");
    sah_dialog_event(t->dialog, &t->c, event, t->now_ms, &t->step);
    stepped(t);
}

void talk_status(struct talk *t, const struct sah_message *result)
{
    if (t->query.kind == SAH_KIND_UNSPECIFIED) {
        t->fault(t, "nobody has asked how things stand");
        return;
    }
    t->now_ms += 1000;
    sah_dialog_status(t->dialog, &t->c, &t->query, result, t->now_ms, &t->step);
    stepped(t);
}

void talk_not_accepted(struct talk *t, const struct sah_message *result)
{
    static struct sah_message submit;

    if (t->n_requests == 0) {
        t->fault(t, "nothing was handed over");
        return;
    }
    t->now_ms += 2500;
    submit = t->requests[t->n_requests - 1].message;
    sah_dialog_not_accepted(t->dialog, &t->c, &submit, result, t->now_ms, &t->step);
    stepped(t);
}

struct talk_request *talk_request_of(struct talk *t, const char *agency)
{
    for (unsigned i = t->n_requests; i > 0; i--) {
        const char *at = strrchr(t->requests[i - 1].service, '_');

        if (at != NULL && strcmp(at + 1, agency) == 0)
            return &t->requests[i - 1];
    }
    for (unsigned i = t->n_requests; i > 0; i--)
        if (agency[0] >= 'A' && strcmp(t->requests[i - 1].service, "LPG_BOOKING") == 0)
            return &t->requests[i - 1]; /* a gas company */
    return t->n_requests > 0 ? &t->requests[t->n_requests - 1] : NULL;
}
