/*
 * dialog_lpg - gas bookings: gathered until the company is known, then sent; paused by danger.
 *
 * Never: lets a booking hide a danger cue (dialog_text.c looks for danger before it asks here),
 * and never keeps a delivery code.
 */
#include <string.h>

#include "dialog_internal.h"

static const char service[] = "LPG_BOOKING";

static void merge(char *dst, size_t size, const char *said)
{
    if (said[0] != '\0')
        (void)sah_copy_cut(dst, size, said, strlen(said));
}

static void merge_lpg(struct sah_lpg *draft, const struct sah_lpg *said)
{
    merge(draft->op, sizeof draft->op, said->op);
    merge(draft->company, sizeof draft->company, said->company);
    merge(draft->consumer_no, sizeof draft->consumer_no, said->consumer_no);
    merge(draft->lpg_id, sizeof draft->lpg_id, said->lpg_id);
    merge(draft->distributor, sizeof draft->distributor, said->distributor);
    merge(draft->area_class, sizeof draft->area_class, said->area_class);
    merge(draft->booking_ref, sizeof draft->booking_ref, said->booking_ref);
    if (said->cylinder_kg_x10 != 0)
        draft->cylinder_kg_x10 = said->cylinder_kg_x10;
}

static void ask_company(struct turn *t)
{
    const struct services *s = t->dialog->services;
    struct lines lines = {0};
    struct sah_reply *reply;

    (void)sah_format(t->next->asking, sizeof t->next->asking, "lpg.company");
    t->next->asked++;
    line_add(&lines, TEXT_Q_COMPANY);
    reply = say(&t->voice, SAH_REPLY_BUTTONS, &lines);
    for (unsigned i = 0; i < s->n_companies; i++) {
        struct sah_choice *choice = &reply->choices[reply->n_choices++];

        (void)sah_format(choice->id, sizeof choice->id, "lpg:%s", s->companies[i].id);
        (void)sah_format(choice->title, sizeof choice->title, "%s", s->companies[i].says);
    }
}

static void say_company(const struct turn *t, struct lines *lines, const char *id)
{
    const struct company_row *company = services_company(t->dialog->services, id);

    lines->values.in[TEXT_IN_agency] = company == NULL ? NULL : company->says;
}

/* The first words of the citizen go along, even when the company came in a later message. */
static void add_draft_text(struct turn *t)
{
    char both[SAH_TEXT_MAX + 1];

    if (t->next->draft_text[0] == '\0' || strcmp(t->next->draft_text, t->text) == 0)
        return;
    if (sah_format(both, sizeof both, "%s\n%s", t->next->draft_text, t->text) != SAH_OK)
        return;
    t->text_len = (uint32_t)strlen(both);
    memcpy(t->text, both, t->text_len + 1);
    t->u.triage.n_cues = 0; /* their spans were those of the last message alone */
}

static void send_booking(struct turn *t)
{
    struct sah_payload payload = {.kind = SAH_PAYLOAD_LPG};
    struct sah_triage triage;
    struct sah_open_request *open = NULL;
    struct lines lines = {0};

    add_draft_text(t);
    triage = t->u.triage;
    if (strcmp(triage.service, service) != 0) {
        memset(&triage, 0, sizeof triage);
        (void)sah_format(triage.service, sizeof triage.service, "%s", service);
        (void)sah_format(triage.rule, sizeof triage.rule, "menu_choice");
        triage.confidence = 90;
    }
    payload.u.lpg = t->next->draft;
    if (payload.u.lpg.op[0] == '\0')
        (void)sah_format(payload.u.lpg.op, sizeof payload.u.lpg.op, "BOOK");
    if (!submit_request(t, &triage, SAH_URGENCY_BULK, &payload, NULL, &open))
        return;
    t->next->drafting = false;
    t->next->draft_text[0] = '\0';
    memset(&t->next->draft, 0, sizeof t->next->draft);
    t->next->asking[0] = '\0';
    t->next->asked = 1;
    say_company(t, &lines, payload.u.lpg.company);
    line_add(&lines, TEXT_PASSING_BULK);
    if (payload.u.lpg.consumer_no[0] == '\0' && payload.u.lpg.lpg_id[0] == '\0') {
        ask_next(t, open, &lines);
        return;
    }
    (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
}

/* A matter of a booking that is open already. */
static bool about_open(struct turn *t, const struct sah_lpg *said)
{
    struct sah_open_request *open = open_of_service(t, service);
    struct lines lines = {0};
    struct sah_request *part;

    if (open == NULL || t->next->drafting)
        return false;
    if (strcmp(said->op, "STATUS") == 0) {
        take_status(t, open);
        return true;
    }
    if (strcmp(said->op, "CANCEL") == 0) {
        take_cancel(t, open, true);
        return true;
    }
    if (open->paused || open->cancel_asked) {
        take_resume(t, open);
        return true;
    }
    if (strcmp(said->op, "COMPLAINT") != 0 &&
        ((strcmp(said->op, "BOOK") != 0 && said->op[0] != '\0') ||
         open->state >= SAH_STATE_HANDED_OVER))
        return false;
    part = submit_amendment(t, open, SAH_AMENDMENT_TEXT, "");
    if (part != NULL) {
        part->payload.kind = SAH_PAYLOAD_LPG;
        part->payload.u.lpg = *said;
    }
    line_add(&lines, TEXT_LPG_OPEN);
    (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
    return true;
}

void take_lpg(struct turn *t, const struct sah_lpg *said)
{
    t->voice.emergency = false;
    if (about_open(t, said))
        return;
    if (!t->next->drafting) {
        memset(&t->next->draft, 0, sizeof t->next->draft);
        (void)sah_copy_cut(t->next->draft_text, sizeof t->next->draft_text, t->text,
                           t->text_len);
        t->next->asked = 0;
    }
    t->next->drafting = true;
    merge_lpg(&t->next->draft, said);
    if (services_company(t->dialog->services, t->next->draft.company) != NULL)
        send_booking(t);
    else if (t->next->asked < QUESTIONS_MAX)
        ask_company(t);
    else
        say_main_menu(&t->voice, -1);
}

bool take_lpg_answer(struct turn *t)
{
    struct sah_open_request *open = open_of_service(t, service);
    struct sah_lpg none = {0};
    struct lines lines = {0};

    if (t->next->drafting) {
        if (t->u.lpg.company[0] == '\0' && t->u.lpg.op[0] == '\0' &&
            t->u.intent == SAH_INTENT_REQUEST)
            return false;
        take_lpg(t, t->u.lpg.company[0] != '\0' ? &t->u.lpg : &none);
        return true;
    }
    if (open == NULL || (t->u.intent == SAH_INTENT_REQUEST && t->u.lpg.op[0] != '\0' &&
                         t->u.lpg.consumer_no[0] == '\0' && t->u.lpg.lpg_id[0] == '\0'))
        return false;
    if (!ask_answered(t, open, t->next->asking, SAH_TRI_UNKNOWN))
        return false;
    t->voice.emergency = false;
    line_add(&lines, TEXT_ADDED);
    ask_next(t, open, &lines);
    return true;
}

/*
 * Danger came up. A draft waits where it is; a booking that was sent is paused when it is fire
 * or gas, or when it was just being made.
 */
void pause_bookings(struct turn *t, const char *family)
{
    bool gas = strcmp(family, "fire") == 0;

    if (t->next->drafting)
        t->answered_pause = true;
    for (unsigned i = 0; i < t->next->n_open; i++) {
        struct sah_open_request *open = &t->next->open[i];
        struct sah_request *part;
        char purpose[24];

        if (strcmp(open->service, service) != 0 || !open_is_live(open) || open->paused ||
            !open_takes_more(open, t->voice.now_ms) || open->state >= SAH_STATE_HANDED_OVER ||
            (!gas && t->voice.now_ms - open->opened_ms > BOOKING_NEW_MS))
            continue;
        (void)sah_format(purpose, sizeof purpose, "pause-%u", i);
        part = submit_amendment(t, open, SAH_AMENDMENT_PAUSE, purpose);
        if (part == NULL)
            return;
        /* The danger itself is no business of the gas company's booking desk. */
        part->text_len = 0;
        memset(part->text, 0, sizeof part->text);
        part->n_media = part->n_places = 0;
        memset(part->media, 0, sizeof part->media);
        memset(part->places, 0, sizeof part->places);
        memset(&part->triage, 0, sizeof part->triage);
        open->paused = true;
        t->answered_pause = true;
    }
}
