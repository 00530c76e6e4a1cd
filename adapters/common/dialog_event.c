/*
 * dialog_event - what a citizen hears of a request: news from agencies, answers to a status
 * question, and the truth when a message could not be handed over.
 *
 * I9:  a state says what it is. Before ACKNOWLEDGED nobody has promised anything, and no text
 * does. I12: each reply of an emergency names the number to dial; a covert caller hears nothing
 * of it.
 */
#include <string.h>

#include <sahaya/clock.h>

#include "dialog_internal.h"

#define RETRY_IN_HOURS_MIN 90 /* minutes, from which on hours are told */
#define QUARTER_MS         (15 * 60 * 1000)

static const int texts_of_state[SAH_N_STATES] = {
    [SAH_STATE_UNSPECIFIED] = TEXT_EV_RECEIVED,
    [SAH_STATE_RECEIVED] = TEXT_EV_RECEIVED,
    [SAH_STATE_QUEUED] = TEXT_EV_RECEIVED,
    [SAH_STATE_FORWARDED] = TEXT_EV_RECEIVED,
    [SAH_STATE_DELIVERED] = TEXT_EV_DELIVERED,
    [SAH_STATE_ACKNOWLEDGED] = TEXT_EV_ACKNOWLEDGED,
    [SAH_STATE_WAITING_UNIT] = TEXT_EV_WAITING,
    [SAH_STATE_UNIT_ASSIGNED] = TEXT_EV_ASSIGNED,
    [SAH_STATE_EN_ROUTE] = TEXT_EV_EN_ROUTE,
    [SAH_STATE_ON_SCENE] = TEXT_EV_ON_SCENE,
    [SAH_STATE_TRANSPORTING] = TEXT_EV_TRANSPORTING,
    [SAH_STATE_UNIT_LOST] = TEXT_EV_UNIT_LOST,
    [SAH_STATE_BOOKED] = TEXT_EV_BOOKED,
    [SAH_STATE_OUT_FOR_DELIVERY] = TEXT_EV_OUT,
    [SAH_STATE_HANDED_OVER] = TEXT_EV_HANDED_OVER,
    [SAH_STATE_CANCEL_ASKED] = TEXT_CANCEL_ASKED,
    [SAH_STATE_CANCELLED] = TEXT_EV_CANCELLED,
    [SAH_STATE_REJECTED] = TEXT_EV_REJECTED,
    [SAH_STATE_NEEDS_PERSON] = TEXT_EV_NEEDS_PERSON,
    [SAH_STATE_EXPIRED] = TEXT_EV_EXPIRED,
    [SAH_STATE_CLOSED] = TEXT_EV_CLOSED,
    [SAH_STATE_REOPENED] = TEXT_EV_REOPENED,
};

struct event_words { /* memory behind the values of one reply */
    char ref[SAH_REF_SIZE];
    char vehicle[SAH_UNITS_MAX * (SAH_UNIT_SIZE + 2)];
    char minutes[16], price[24], date[16];
};

static void price_text(char *dst, size_t size, uint32_t paise)
{
    if (paise % 100 == 0)
        (void)sah_format(dst, size, "%u", paise / 100);
    else
        (void)sah_format(dst, size, "%u.%02u", paise / 100, paise % 100);
}

/* The day in India, which is 5:30 ahead of UTC the whole year. (Civil from days, 400-year
 * eras.) */
static void date_text(char *dst, size_t size, int64_t wall_ms)
{
    int64_t days = (wall_ms + 19800000) / 86400000 + 719468;
    int64_t era = days / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned mp = (5 * day + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;

    (void)sah_format(dst, size, "%02u-%02u-%04u", day - (153 * mp + 2) / 5 + 1, month,
                     (unsigned)(year_of_era + (unsigned)era * 400 + (month <= 2 ? 1 : 0)));
}

static void units_text(char *dst, size_t size, const struct sah_agency_status *status)
{
    struct sah_buf buf;

    sah_buf_init(&buf, size - 1);
    for (unsigned i = 0; i < status->n_units && i < SAH_UNITS_MAX; i++)
        sah_buf_addf(&buf, "%s%s", i > 0 ? ", " : "", status->units[i]);
    (void)sah_copy_cut(dst, size, buf.data == NULL ? "" : buf.data, buf.len);
    sah_buf_fini(&buf);
}

static bool has_unit(enum sah_state state)
{
    return state == SAH_STATE_UNIT_ASSIGNED || state == SAH_STATE_EN_ROUTE ||
           state == SAH_STATE_ON_SCENE || state == SAH_STATE_TRANSPORTING;
}

/* The facts an agency gave, a line each. */
static void add_facts(struct lines *lines, struct event_words *words,
                      const struct sah_agency_status *s, bool with_case)
{
    lines->values.in[TEXT_IN_ref] = words->ref;
    lines->values.in[TEXT_IN_vehicle] = words->vehicle;
    lines->values.in[TEXT_IN_minutes] = words->minutes;
    lines->values.in[TEXT_IN_price] = words->price;
    lines->values.in[TEXT_IN_date] = words->date;
    lines->values.in[TEXT_IN_case] = s->case_no;
    lines->values.in[TEXT_IN_reason] = s->reason_text;
    if (s->case_no[0] != '\0' && with_case)
        line_add(lines, s->state == SAH_STATE_BOOKED ? TEXT_BOOKING_NO : TEXT_CASE);
    if (has_unit(s->state) && s->n_units > 0) {
        units_text(words->vehicle, sizeof words->vehicle, s);
        line_add(lines, TEXT_VEHICLE);
    }
    if (s->eta_s > 0 &&
        (s->state == SAH_STATE_UNIT_ASSIGNED || s->state == SAH_STATE_EN_ROUTE)) {
        (void)sah_format(words->minutes, sizeof words->minutes, "%u", (s->eta_s + 59) / 60);
        line_add(lines, TEXT_ETA);
    }
    if (s->price_paise > 0) {
        price_text(words->price, sizeof words->price, s->price_paise);
        line_add(lines, TEXT_PRICE);
    }
    if (s->due_ms > 0) {
        date_text(words->date, sizeof words->date, s->due_ms);
        line_add(lines, TEXT_DUE);
    }
    if (s->reason_text[0] != '\0' &&
        (s->state == SAH_STATE_REJECTED || s->state == SAH_STATE_WAITING_UNIT ||
         s->reason == SAH_REASON_CANCEL_DECLINED))
        line_add(lines, TEXT_REASON);
}

static bool is_silent_state(enum sah_state state)
{
    return state == SAH_STATE_UNSPECIFIED || state == SAH_STATE_QUEUED ||
           state == SAH_STATE_FORWARDED || state == SAH_STATE_CANCEL_ASKED ||
           state >= SAH_N_STATES;
}

static bool is_over(enum sah_state state)
{
    return state == SAH_STATE_CLOSED || state == SAH_STATE_CANCELLED ||
           state == SAH_STATE_EXPIRED;
}

/* An event of before a person took it, which came late. */
static bool is_overtaken(const struct sah_open_request *open,
                         const struct sah_outbox_event *event)
{
    return open != NULL && (open->taken & open_bit(event->status.agency)) != 0 &&
           (event->status.state == SAH_STATE_RECEIVED ||
            event->status.state == SAH_STATE_DELIVERED);
}

/* The conversation learns the state. Of several agencies one may close while another works on.
 */
static void learn(struct sah_conversation *c, const struct sah_outbox_event *event,
                  int64_t now_ms)
{
    struct sah_open_request *open = open_by_id(c, event->status.request_id);
    enum sah_state state = event->status.state;
    uint32_t bit = open_bit(event->status.agency);

    if (open == NULL || state == SAH_STATE_UNSPECIFIED || state >= SAH_N_STATES || event->again)
        return;
    if (is_overtaken(open, event))
        return;
    if (is_over(state) || state == SAH_STATE_REJECTED)
        open->working &= ~bit;
    else if (state != SAH_STATE_NEEDS_PERSON) /* that names whom to call, not who has it */
        open->working |= bit;
    if (state >= SAH_STATE_ACKNOWLEDGED && state <= SAH_STATE_HANDED_OVER)
        open->taken |= bit;
    else if ((open->working & bit) == 0 || state == SAH_STATE_REOPENED)
        open->taken &= ~bit;
    if (is_over(state) && open->working != 0)
        return; /* another agency works on it: more words are still for them */
    open->state = state;
    if (is_over(state)) {
        open->closed_ms = now_ms;
        open->cancel_asked = open->cancel_wanted = false;
    } else if (state >= SAH_STATE_ACKNOWLEDGED) {
        open->closed_ms = 0;
    }
    if (event->status.reason == SAH_REASON_CANCEL_DECLINED)
        open->cancel_asked = false;
}

static void voice_of_event(struct voice *v, const struct sah_dialog *dialog,
                           const struct sah_conversation *c,
                           const struct sah_outbox_event *event, int64_t now_ms,
                           struct sah_step *step)
{
    memset(v, 0, sizeof *v);
    v->dialog = dialog;
    v->step = step;
    v->account = event->account;
    v->sender = event->sender;
    v->reply_token = event->reply_token;
    (void)sah_format(v->key, sizeof v->key, "%s", sah_outbox_event_name(event));
    (void)sah_format(v->language, sizeof v->language, "%s",
                     c->language[0] != '\0' ? c->language : event->language);
    if (!event->again)
        (void)sah_format(v->supersedes, sizeof v->supersedes, "%s:status",
                         event->status.request_id);
    v->now_ms = now_ms;
    v->emergency = event->emergency;
    v->deaf =
        event->comm_pref == SAH_COMM_PREF_TEXT_ONLY || c->comm_pref == SAH_COMM_PREF_TEXT_ONLY;
}

static void add_receipt_buttons(struct voice *v, struct sah_reply *reply,
                                const char *request_id)
{
    char id[SAH_CHOICE_SIZE];

    (void)sah_format(id, sizeof id, "case:%s:status", request_id);
    say_choice(v, reply, id, TEXT_T_STATUS, -1);
    (void)sah_format(id, sizeof id, "case:%s:cancel", request_id);
    say_choice(v, reply, id, TEXT_T_CANCEL, -1);
}

static void add_payment(struct voice *v, struct sah_reply *reply,
                        const struct sah_agency_status *status)
{
    enum text_language languages[2];
    unsigned n = voice_languages(v->language, languages);
    const char *pay = texts_raw(v->dialog->texts, languages[n - 1], TEXT_T_PAY);

    (void)sah_format(reply->url, sizeof reply->url, "%s", status->payment_url);
    (void)sah_copy_cut(reply->button, sizeof reply->button, pay, strlen(pay));
}

static enum sah_reply_kind kind_of(const struct sah_outbox_event *event)
{
    if (event->again) /* perhaps another citizen's: no buttons */
        return SAH_REPLY_TEXT;
    if (event->status.state == SAH_STATE_RECEIVED)
        return SAH_REPLY_BUTTONS;
    if (strncmp(event->status.payment_url, "https://", 8) == 0)
        return SAH_REPLY_LINK;
    return SAH_REPLY_TEXT;
}

void sah_dialog_event(const struct sah_dialog *dialog,
                      const struct sah_conversation *conversation,
                      const struct sah_outbox_event *event, int64_t now_ms,
                      struct sah_step *ret_step)
{
    const struct sah_agency_status *status = &event->status;
    struct event_words words = {0};
    struct lines lines = {0};
    struct sah_reply *reply;
    struct voice v;
    bool overtaken;
    bool silent = conversation->silent || event->comm_pref == SAH_COMM_PREF_SILENT;

    SAH_CHECK(dialog, DIALOG_MAGIC);
    memset(ret_step, 0, sizeof *ret_step);
    ret_step->next = *conversation;
    learn(&ret_step->next, event, now_ms);
    open_prune(&ret_step->next, now_ms);
    overtaken = is_overtaken(open_by_id(&ret_step->next, status->request_id), event);
    if (silent || event->inferred || is_silent_state(status->state) ||
        (overtaken && !event->again && status->state == SAH_STATE_DELIVERED))
        return;

    voice_of_event(&v, dialog, conversation, event, now_ms, ret_step);
    lines.values.in[TEXT_IN_agency] = event->agency_says;
    if (event->agency_says[0] == '\0' && event->emergency)
        lines.values.in[TEXT_IN_agency] = services_find(dialog->services, event->service)->says;
    lines.values.in[TEXT_IN_dial] = event->dial[0] != '\0' ? event->dial : "112";
    sah_request_ref(status->request_id, words.ref);
    if (status->reason == SAH_REASON_CANCEL_DECLINED)
        line_add(&lines, TEXT_EV_CANCEL_DECLINED);
    if (event->again)
        line_add(&lines, TEXT_LPG_OPEN); /* which one: its name follows */
    else if (status->state == SAH_STATE_REOPENED && status->level != SAH_LEVEL_PERSON)
        line_add(&lines, TEXT_EV_RECEIVED); /* its citizen did: nobody there has said so (I9) */
    else if (!overtaken) /* else "no person has accepted it" would be untrue */
        line_add(&lines, texts_of_state[status->state]);
    if (status->state == SAH_STATE_RECEIVED)
        line_add(&lines, TEXT_REF);
    add_facts(&lines, &words, status, true);
    reply = say(&v, kind_of(event), &lines);
    (void)sah_format(reply->key, sizeof reply->key, "%s", sah_outbox_event_name(event));
    if (reply->kind == SAH_REPLY_BUTTONS)
        add_receipt_buttons(&v, reply, status->request_id);
    if (reply->kind == SAH_REPLY_LINK)
        add_payment(&v, reply, status);
}

/* ---- answers to what this citizen sent */

static void voice_of_answer(struct voice *v, const struct sah_dialog *dialog,
                            const struct sah_conversation *c, const struct sah_message *asked,
                            const struct sah_citizen *citizen, const char *suffix,
                            int64_t now_ms, struct sah_step *step)
{
    char hex[SAH_ID_HEX_SIZE];

    memset(v, 0, sizeof *v);
    memset(step, 0, sizeof *step);
    step->next = *c;
    v->dialog = dialog;
    v->step = step;
    v->account = citizen->account;
    v->sender = citizen->sender;
    v->reply_token = citizen->reply_token;
    v->quote = citizen->channel_message;
    sah_id_hex(&asked->id, hex);
    (void)sah_format(v->key, sizeof v->key, "%s:%s", hex, suffix);
    (void)sah_format(v->language, sizeof v->language, "%s",
                     c->language[0] != '\0' ? c->language : citizen->language);
    v->now_ms = now_ms;
    v->deaf = c->comm_pref == SAH_COMM_PREF_TEXT_ONLY;
}

/* One reply an agency: each has its own state, case and number. */
static void say_agency(struct voice *v, const struct sah_message *result,
                       const struct sah_agency_state *agency)
{
    struct sah_agency_status facts = {.state = agency->state, .eta_s = agency->eta_s};
    struct event_words words = {0};
    struct lines lines = {0};

    memcpy(facts.case_no, agency->case_no, sizeof facts.case_no);
    lines.values.in[TEXT_IN_agency] = agency->agency_says;
    lines.values.in[TEXT_IN_dial] = agency->dial[0] != '\0' ? agency->dial : "112";
    sah_request_ref(result->request_id, words.ref);
    line_add(
        &lines,
        texts_of_state[agency->state < SAH_N_STATES ? agency->state : SAH_STATE_UNSPECIFIED]);
    add_facts(&lines, &words, &facts, true);
    (void)say(v, SAH_REPLY_TEXT, &lines);
}

void sah_dialog_status(const struct sah_dialog *dialog,
                       const struct sah_conversation *conversation,
                       const struct sah_message *query, const struct sah_message *result,
                       int64_t now_ms, struct sah_step *ret_step)
{
    const struct sah_result *r = &result->u.result;
    struct sah_conversation *next = &ret_step->next;
    const struct sah_open_request *open;
    const struct service_row *row;
    struct lines lines = {0};
    struct voice v;

    SAH_CHECK(dialog, DIALOG_MAGIC);
    voice_of_answer(&v, dialog, conversation, query, &query->u.status_query.citizen, "status",
                    now_ms, ret_step);
    open = open_by_id(next, query->request_id);
    row = services_find(dialog->services, open == NULL ? "UNKNOWN" : open->service);
    v.emergency = open == NULL || open_is_emergency(open);
    if (conversation->silent) {
        say_neutral_only(&v); /* they asked: one neutral text */
        return;
    }
    if (result->kind == SAH_KIND_RESULT &&
        (r->code == SAH_RESULT_ACCEPTED || r->code == SAH_RESULT_DUPLICATE))
        for (unsigned i = 0; i < r->n_agencies && i < SAH_REPLIES_MAX; i++)
            say_agency(&v, result, &r->agencies[i]);
    if (ret_step->n_replies > 0)
        return;
    line_row(&lines, row);
    line_add(&lines, TEXT_STATUS_UNKNOWN);
    (void)say(&v, SAH_REPLY_TEXT, &lines);
}

static const struct sah_citizen *citizen_of(const struct sah_message *m,
                                            const char **ret_service)
{
    switch (m->kind) {
    case SAH_KIND_REQUEST:
        *ret_service = m->u.request.triage.service;
        return &m->u.request.citizen;
    case SAH_KIND_AMENDMENT:
        return &m->u.amendment.part.citizen;
    case SAH_KIND_CANCEL:
        return &m->u.cancel.citizen;
    case SAH_KIND_STATUS_QUERY:
        return &m->u.status_query.citizen;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_RESULT:
    case SAH_KIND_OUTBOX_EVENT:
    case SAH_KIND_OUTBOX_ACK:
    case SAH_KIND_HELLO:
        break;
    }
    return NULL;
}

static bool is_bulk(const struct sah_message *m, const struct sah_open_request *open)
{
    if (m->kind == SAH_KIND_REQUEST)
        return m->u.request.urgency == SAH_URGENCY_BULK;
    return open != NULL && !open_is_emergency(open);
}

struct retry_words { /* memory behind the values of one reply */
    char minutes[16], hours[16], time[8];
};

/*
 * When a booking may be tried again, as a person would say it: minutes up to an hour and a half, in
 * steps of five; past that hours and the time of day in India, rounded up to a quarter, so that who
 * comes at the time told is not too early.
 */
static enum text_id retry_text(struct lines *lines, struct retry_words *words, uint32_t retry_after_ms,
                               int64_t now_ms)
{
    uint32_t minutes = retry_after_ms == 0 ? 60 : (retry_after_ms - 1) / 60000 + 1;
    int64_t then_ms = now_ms + (int64_t)minutes * 60000;
    struct sah_clock_india now = sah_clock_india(now_ms), then;

    then_ms += QUARTER_MS - 1 - (then_ms - 1) % QUARTER_MS; /* India is ahead by whole quarters too */
    then = sah_clock_india(then_ms);
    (void)sah_format(words->minutes, sizeof words->minutes, "%u", (minutes + 4) / 5 * 5);
    (void)sah_format(words->hours, sizeof words->hours, "%u", (minutes + 30) / 60);
    (void)sah_format(words->time, sizeof words->time, "%02d:%02d", then.minute_of_day / 60 % 24,
                     then.minute_of_day % 60);
    lines->values.in[TEXT_IN_minutes] = words->minutes;
    lines->values.in[TEXT_IN_hours] = words->hours;
    lines->values.in[TEXT_IN_time] = words->time;
    if (minutes < RETRY_IN_HOURS_MIN)
        return TEXT_REFUSED_BULK;
    return then.day == now.day ? TEXT_REFUSED_HOURS : TEXT_REFUSED_TOMORROW;
}

void sah_dialog_not_accepted(const struct sah_dialog *dialog,
                             const struct sah_conversation *conversation,
                             const struct sah_message *submit, const struct sah_message *result,
                             int64_t now_ms, struct sah_step *ret_step)
{
    const char *service = "UNKNOWN";
    const struct sah_citizen *citizen = citizen_of(submit, &service);
    const struct sah_open_request *open;
    struct lines lines = {0};
    struct retry_words retry;
    struct voice v;
    bool refused;

    SAH_CHECK(dialog, DIALOG_MAGIC);
    SAH_ASSERT(citizen != NULL); /* nothing else is ever submitted */
    voice_of_answer(&v, dialog, conversation, submit, citizen, "unconfirmed", now_ms, ret_step);
    if (conversation->silent || citizen->comm_pref == SAH_COMM_PREF_SILENT)
        return;
    open = open_by_id(&ret_step->next, submit->request_id);
    if (open != NULL)
        service = open->service;
    v.emergency = !is_bulk(submit, open);
    refused = result != NULL && result->kind == SAH_KIND_RESULT && !v.emergency &&
              result->u.result.code == SAH_RESULT_REFUSED;
    if (refused) { /* a word of its own: whoever read "not confirmed yet" must hear this as well (I9) */
        char hex[SAH_ID_HEX_SIZE];

        sah_id_hex(&submit->id, hex);
        (void)sah_format(v.key, sizeof v.key, "%s:refused", hex);
    }
    line_row(&lines, services_find(dialog->services, service));
    if (strcmp(service, "LPG_BOOKING") == 0)
        lines.values.in[TEXT_IN_agency] = NULL;
    if (refused)
        line_add(&lines, retry_text(&lines, &retry, result->u.result.retry_after_ms, now_ms));
    else
        line_add(&lines, TEXT_UNCONFIRMED);
    if (result != NULL && submit->kind == SAH_KIND_REQUEST) {
        for (unsigned i = ret_step->next.n_open; i > 0; i--) /* it exists nowhere: forget it */
            if (sah_id_equal(&ret_step->next.open[i - 1].message_id, &submit->id))
                ret_step->next.open[i - 1].closed_ms = now_ms - CLOSED_KEPT_MS - 1;
        open_prune(&ret_step->next, now_ms);
    }
    (void)say(&v, SAH_REPLY_TEXT, &lines);
}
