/*
 * dialog_take - requests, and what is said more about them. Forward first, ask after.
 *
 * I9:  no text of a turn says that help is coming: a turn knows only that a message is on its
 * way. I12: every reply about an emergency names the number to dial; a covert caller gets one
 * neutral text.
 *
 * Used by: dialog.c, dialog_text.c, dialog_choice.c.
 */
#include <string.h>

#include "dialog_internal.h"

void speak_about(struct turn *t, const struct sah_open_request *open,
                        struct lines *lines)
{
    line_row(lines, services_find(t->dialog->services, open->service));
    if (strcmp(open->service, "LPG_BOOKING") == 0)
        lines->values.in[TEXT_IN_agency] = NULL;
    t->voice.emergency = open_is_emergency(open);
}

/* The first words after a request has left: where it goes, what to do meanwhile, the number. */
static void say_first(struct turn *t, const struct sah_triage *triage,
                      struct sah_open_request *open, enum sah_urgency urgency)
{
    const struct service_row *row = services_find(t->dialog->services, triage->service);
    const struct advice_row *advice = services_advice(t->dialog->services, triage);
    struct lines first = {0}, second = {0};

    line_row(&first, row);
    line_row(&second, row);
    t->voice.emergency = urgency != SAH_URGENCY_BULK;
    line_add(&first, t->voice.emergency ? TEXT_PASSING : TEXT_PASSING_BULK);
    if (t->voice.emergency && advice != NULL)
        line_add(&first, advice->text);
    if (t->answered_pause)
        line_add(&first, TEXT_PAUSED);
    t->next->asked = 0;
    t->next->asking[0] = '\0';
    if (strcmp(row->service, "UNKNOWN") == 0) {
        t->next->asked = 1;
        (void)sah_format(t->next->asking, sizeof t->next->asking, "which.service");
        say_what_happened(&t->voice, &first);
        return;
    }
    (void)say(&t->voice, SAH_REPLY_TEXT, &first);
    ask_next(t, open, &second);
}

static void new_request(struct turn *t, struct sah_triage *triage, enum sah_urgency urgency)
{
    const struct service_row *row = services_find(t->dialog->services, triage->service);
    struct sah_open_request *related = open_focus(t);
    struct sah_open_request *open = NULL;
    struct sah_payload payload = {.kind = row->module->payload};
    struct sah_understanding u = t->u;

    if (row->urgency != SAH_URGENCY_BULK && strcmp(row->service, "") != 0)
        urgency = SAH_URGENCY_URGENT; /* a choice has no words to be less sure of */
    u.triage = *triage;
    row->module->fill(triage->service, &u, &payload);
    if (row->module->refine != NULL)
        row->module->refine(&u, triage, &urgency, &payload);
    if (!submit_request(t, triage, urgency, &payload, related, &open))
        return;
    if (urgency != SAH_URGENCY_BULK)
        pause_bookings(t, row->family); /* after the request: the danger goes first */
    say_first(t, triage, open, urgency);
}

/* More about an open request: the words as they are, with a line that says where they go. */
void take_more(struct turn *t, struct sah_open_request *open, enum sah_amendment_kind kind,
               int line)
{
    struct lines lines = {0};

    (void)submit_amendment(t, open, kind, "");
    line_add(&lines, line);
    speak_about(t, open, &lines);
    /* One question for each of their messages at most, and none repeated. */
    if (kind == SAH_AMENDMENT_PLACE && strcmp(t->next->asking, "where") != 0)
        (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
    else
        ask_next(t, open, &lines);
}

void take_resume(struct turn *t, struct sah_open_request *open)
{
    struct sah_request *part = submit_amendment(t, open, SAH_AMENDMENT_RESUME, "");
    struct lines lines = {0};

    if (part != NULL && t->u.triage.service[0] != '\0' &&
        strcmp(t->u.triage.service, "UNKNOWN") != 0)
        part->triage = t->u.triage;
    open->cancel_asked = open->cancel_wanted = open->paused = false;
    open->closed_ms = 0;
    if (open->state == SAH_STATE_CANCELLED || open->state == SAH_STATE_CLOSED)
        open->state = SAH_STATE_RECEIVED;
    t->next->asking[0] = '\0';
    line_add(&lines, open_is_emergency(open) ? TEXT_RESUMED : TEXT_LPG_RESUMED);
    speak_about(t, open, &lines);
    (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
}

static uint32_t cue_bits(const struct sah_triage *triage)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < triage->n_cues; i++)
        if (!triage->cues[i].negated)
            bits |= open_bit(triage->cues[i].name);
    return bits;
}

/* New danger of the family that is open already: the router ranks it anew, upward. */
static void take_triage(struct turn *t, struct sah_open_request *open,
                        struct sah_triage *triage)
{
    /* Gas was smelt, now a flame is seen: two messages, one danger. */
    bool flame = strcmp(open->service, "LPG_LEAK") == 0 &&
                 strcmp(triage->service, "FIRE_101") == 0 &&
                 sah_service_cue_add(triage, "gas_and_flame");
    const struct service_row *row = services_find(t->dialog->services, triage->service);
    bool was_unknown = strcmp(open->service, "UNKNOWN") == 0;
    bool cues = flame || (cue_bits(triage) & ~open->cues) != 0 || was_unknown ||
                strcmp(triage->incident_type, open->incident_type) != 0;
    struct sah_request *part =
        submit_amendment(t, open, cues ? SAH_AMENDMENT_TRIAGE : SAH_AMENDMENT_REPEAT, "");
    const struct advice_row *advice = services_advice(t->dialog->services, triage);
    struct lines lines = {0};

    if (part != NULL && cues) {
        struct sah_understanding u = t->u;

        part->triage = *triage;
        u.triage = *triage;
        part->payload.kind = row->module->payload;
        row->module->fill(triage->service, &u, &part->payload);
    }
    open->cues |= cue_bits(triage);
    if (triage->incident_type[0] != '\0')
        memcpy(open->incident_type, triage->incident_type, sizeof open->incident_type);
    if (was_unknown) {
        memcpy(open->service, triage->service, sizeof open->service);
        t->next->asking[0] = '\0';
    }
    line_add(&lines, was_unknown ? TEXT_PASSING : cues ? TEXT_RAISED : TEXT_REPEATED);
    if (cues && advice != NULL)
        line_add(&lines, advice->text);
    speak_about(t, open, &lines);
    ask_next(t, open, &lines);
}

/* An emergency, or a planned service: to the open request it belongs to, else a request of its
 * own. */
void take_request(struct turn *t, struct sah_triage *triage, enum sah_urgency urgency)
{
    const struct service_row *row = services_find(t->dialog->services, triage->service);
    bool unknown = strcmp(row->service, "UNKNOWN") == 0;
    struct sah_open_request *open = open_of_family(t, row->family);

    if (open == NULL && unknown) /* a bare "help" again */
        open = open_emergency(t->next, t->voice.now_ms, FRESH_MS);
    if (open == NULL && !unknown && urgency != SAH_URGENCY_BULK)
        open = open_of_family(t, services_find(t->dialog->services, "UNKNOWN")->family);
    if (open == NULL || open_is_emergency(open) != (urgency != SAH_URGENCY_BULK)) {
        new_request(t, triage, urgency);
        return;
    }
    if (open->cancel_asked || !open_is_live(open)) {
        take_resume(t, open);
        return;
    }
    if (unknown && strcmp(open->service, "UNKNOWN") == 0) {
        struct lines lines = {0};

        (void)submit_amendment(t, open, SAH_AMENDMENT_REPEAT, "");
        line_add(&lines, TEXT_ADDED);
        speak_about(t, open, &lines);
        if (t->next->asked >= QUESTIONS_MAX) {
            (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
            return;
        }
        t->next->asked++;
        say_what_happened(&t->voice, &lines);
        return;
    }
    if (unknown) {
        take_more(t, open, SAH_AMENDMENT_REPEAT, TEXT_REPEATED);
        return;
    }
    take_triage(t, open, triage);
}

/* Perhaps an emergency: a person must look, and the citizen is asked what it is. */
void take_unknown(struct turn *t, const char *rule)
{
    struct sah_triage triage = {.needs_person = true, .confidence = 30};

    (void)sah_format(triage.service, sizeof triage.service, "UNKNOWN");
    (void)sah_format(triage.rule, sizeof triage.rule, "%s", rule);
    take_request(t, &triage, SAH_URGENCY_URGENT);
}

/* A pin that says nothing: a phone without a fix. The words of a place are one as well. */
static bool is_somewhere(const struct sah_place *place)
{
    return place->has_point || place->address[0] != '\0' || place->landmark[0] != '\0';
}

/* It goes on as it is, and the place is asked for again. */
static void take_nowhere(struct turn *t, struct sah_open_request *open)
{
    struct lines lines = {0};

    (void)submit_amendment(t, open, SAH_AMENDMENT_PLACE, "");
    speak_about(t, open, &lines);
    t->next->asking[0] = '\0'; /* from the first question on, which is where */
    ask_next(t, open, &lines);
}

/* A pin belongs to every fresh emergency that lacks a place, and to the newest in any case. */
void take_where(struct turn *t)
{
    struct sah_conversation *c = t->next;
    struct sah_open_request *open = open_emergency(c, t->voice.now_ms, FRESH_MS);

    if (open == NULL &&
        (strcmp(c->asking, "where") == 0 || strncmp(c->asking, "trip.", 5) == 0))
        open = open_of_service(t, "AMBULANCE_102");
    if (open == NULL && strncmp(c->asking, "lpg.", 4) == 0)
        open = open_of_service(t, "LPG_BOOKING");
    if (open == NULL) {
        take_unknown(t, "bare_pin");
        return;
    }
    if (!is_somewhere(&t->in->place) && !open->has_place) {
        take_nowhere(t, open);
        return;
    }
    if (strcmp(open->service, "UNKNOWN") == 0) {
        struct lines lines = {0};

        (void)submit_amendment(t, open, SAH_AMENDMENT_PLACE, "");
        open->has_place = true;
        line_add(&lines, TEXT_ADDED_PLACE);
        speak_about(t, open, &lines);
        (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
        return;
    }
    open->has_place = true;
    take_more(t, open, SAH_AMENDMENT_PLACE, TEXT_ADDED_PLACE);
    for (unsigned i = 0; i < c->n_open; i++) {
        struct sah_open_request *other = &c->open[i];
        char purpose[24];

        if (other == open || other->has_place || !open_is_live(other) ||
            !open_is_emergency(other) || !open_takes_more(other, t->voice.now_ms) ||
            t->voice.now_ms - other->opened_ms > FRESH_MS)
            continue;
        (void)sah_format(purpose, sizeof purpose, "place-%u", i);
        if (submit_amendment(t, other, SAH_AMENDMENT_PLACE, purpose) != NULL)
            other->has_place = true;
    }
}

void take_status(struct turn *t, struct sah_open_request *open)
{
    if (open == NULL) {
        say_main_menu(&t->voice, TEXT_STATUS_NONE);
        return;
    }
    submit_status_query(t, open);
    /* "Still nothing, and he is getting worse": the words reach the agency too. */
    if (open_is_emergency(open) && t->text_len > 0)
        (void)submit_amendment(t, open, SAH_AMENDMENT_REPEAT, "still-waiting");
}
