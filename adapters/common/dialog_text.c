/*
 * dialog_text - what a citizen's words mean at this point of the conversation.
 *
 * The order of the rules is the safety of it: danger first, whatever menu, booking or question
 * is open; then answers; then words that belong to an open emergency; then everything else.
 */
#include <string.h>

#include "dialog_internal.h"

static bool is_urgent_request(const struct sah_understanding *u)
{
    return u->danger || (u->intent == SAH_INTENT_REQUEST && u->urgency != SAH_URGENCY_BULK &&
                         strcmp(u->triage.service, "LPG_BOOKING") != 0);
}

/* A covert caller is believed: whatever else the words are, the police get them. */
static void cover(struct turn *t)
{
    struct sah_triage *triage = &t->u.triage;

    if (t->u.intent == SAH_INTENT_REQUEST)
        return;
    t->u.intent = SAH_INTENT_REQUEST;
    t->u.urgency = SAH_URGENCY_URGENT;
    (void)sah_format(triage->service, sizeof triage->service, "HELPLINE_112");
}

/* "No, no, please come" after a cancel was asked; or more words, which decide nothing. */
static bool after_cancel(struct turn *t)
{
    struct sah_open_request *open = open_focus(t);

    if (open == NULL && t->u.intent == SAH_INTENT_REQUEST)
        open = open_cancelled(t->next);
    else if (open != NULL && !open->cancel_asked)
        open = NULL;
    if (open == NULL || t->u.no || t->u.intent == SAH_INTENT_CANCEL)
        return false;
    if (t->u.yes || t->u.intent == SAH_INTENT_REQUEST) {
        const char *family = services_find(t->dialog->services, t->u.triage.service)->family;
        bool other =
            t->u.triage.service[0] != '\0' && strcmp(t->u.triage.service, "UNKNOWN") != 0 &&
            strcmp(services_find(t->dialog->services, open->service)->family, family) != 0;

        if (other)
            return false; /* a new matter of another service is a request of its own */
        take_resume(t, open);
        return true;
    }
    return false;
}

/* A booking, a ride, a helpline, said where an answer was awaited. What is less sure may well be one:
 * "near the fever hospital". */
static bool is_another_matter(const struct turn *t, const struct sah_open_request *open)
{
    const struct services *s = t->dialog->services;

    if (t->u.intent != SAH_INTENT_REQUEST || t->u.triage.service[0] == '\0' ||
        strcmp(t->u.triage.service, "UNKNOWN") == 0)
        return false;
    return (strcmp(t->u.triage.service, "LPG_BOOKING") == 0 || t->u.triage.confidence >= 75) &&
           strcmp(services_find(s, t->u.triage.service)->family,
                  services_find(s, open->service)->family) != 0;
}

/* The open question, answered in words. */
static bool answer(struct turn *t)
{
    struct sah_open_request *open = open_emergency(t->next, t->voice.now_ms, FRESH_MS);
    enum sah_tri said = t->u.yes ? SAH_TRI_YES : t->u.no ? SAH_TRI_NO : SAH_TRI_UNKNOWN;
    struct lines lines = {0};

    if (t->next->asking[0] == '\0')
        return false;
    if (strncmp(t->next->asking, "lpg.", 4) == 0)
        return take_lpg_answer(t);
    if (open == NULL || strncmp(t->next->asking, "trip.", 5) == 0)
        open = open_of_service(t, "AMBULANCE_102");
    if (open == NULL || is_another_matter(t, open))
        return false; /* a new matter is no address, and no time of a ride */
    if (!ask_answered(t, open, t->next->asking, said))
        return false;
    line_row(&lines, services_find(t->dialog->services, open->service));
    t->voice.emergency = open_is_emergency(open);
    line_add(&lines, TEXT_ADDED);
    ask_next(t, open, &lines);
    return true;
}

static enum sah_amendment_kind kind_of(const struct turn *t)
{
    if (t->u.has_point)
        return SAH_AMENDMENT_PLACE;
    if (t->in->n_media > 0)
        return SAH_AMENDMENT_MEDIA;
    return SAH_AMENDMENT_TEXT;
}

/* Words that are no request of their own, while an emergency is open: the agency gets them. */
static bool more_words(struct turn *t)
{
    struct sah_open_request *open = open_emergency(t->next, t->voice.now_ms, RECENT_MS);
    bool lpg =
        strcmp(t->u.triage.service, "LPG_BOOKING") == 0 && t->u.intent == SAH_INTENT_REQUEST;

    if (open == NULL)
        return false;
    if (lpg) { /* "the cylinder is inside" looks like a booking: ask, do not guess */
        struct lines lines = {0};
        struct sah_reply *reply;

        (void)submit_amendment(t, open, kind_of(t), "");
        line_add(&lines, TEXT_ADDED);
        line_add(&lines, TEXT_LPG_OFFER);
        line_row(&lines, services_find(t->dialog->services, open->service));
        t->voice.emergency = true;
        reply = say(&t->voice, SAH_REPLY_BUTTONS, &lines);
        say_choice(&t->voice, reply, "svc:lpg", TEXT_T_BOOK, -1);
        return true;
    }
    if (strcmp(t->u.triage.service, "AMBULANCE_102") == 0 && is_another_matter(t, open) &&
        open_of_service(t, "AMBULANCE_102") == NULL) { /* a ride to be booked, but in this moment */
        (void)submit_amendment(t, open, kind_of(t), "also");
        return false;
    }
    take_more(t, open, kind_of(t), TEXT_ADDED);
    return true;
}

static void quiet_words(struct turn *t)
{
    switch (t->u.intent) {
    case SAH_INTENT_REQUEST:
        if (strcmp(t->u.triage.service, "LPG_BOOKING") == 0)
            take_lpg(t, &t->u.lpg);
        else
            take_request(t, &t->u.triage, SAH_URGENCY_BULK);
        return;
    case SAH_INTENT_STATUS:
        take_status(t, open_focus(t));
        return;
    case SAH_INTENT_CANCEL:
        take_cancel(t, NULL, false);
        return;
    case SAH_INTENT_MENU:
        say_main_menu(&t->voice, -1);
        return;
    case SAH_INTENT_NONE:
        t->voice.step->not_ours = true;
        say_text(&t->voice, TEXT_NOT_OURS);
        return;
    }
}

/* "DAC 4821" and nothing more: nobody but the delivery person is to have it. */
static bool only_a_code(const struct turn *t)
{
    unsigned letters = 0;

    for (uint32_t i = 0; i < t->text_len; i++)
        letters += t->text[i] != '*' && t->text[i] != ' ';
    return t->had_code && letters <= 24;
}

/* A short answer; no agency is told, nothing that is open changes, no question is lost. */
static void take_thanks(struct turn *t)
{
    struct sah_open_request *open = open_emergency(t->next, t->voice.now_ms, FRESH_MS);
    struct lines lines = {0};

    line_add(&lines, TEXT_THANKS);
    if (open != NULL)
        speak_about(t, open, &lines);
    (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
}

void take_text(struct turn *t)
{
    if (t->u.comm_pref == SAH_COMM_PREF_SILENT)
        cover(t);
    if (t->had_code && !is_urgent_request(&t->u)) {
        say_text(&t->voice, TEXT_DAC);
        if (only_a_code(t))
            return;
    }
    if (take_cancel_answer(t))
        return;
    if (t->u.thanks) {
        take_thanks(t);
        return;
    }
    if (!t->u.danger && after_cancel(t))
        return;
    if (is_urgent_request(&t->u)) {
        if (t->u.intent != SAH_INTENT_REQUEST && t->u.triage.service[0] == '\0')
            (void)sah_format(t->u.triage.service, sizeof t->u.triage.service, "UNKNOWN");
        take_request(t, &t->u.triage, SAH_URGENCY_URGENT);
        return;
    }
    if (t->u.intent == SAH_INTENT_STATUS || t->u.intent == SAH_INTENT_CANCEL) {
        quiet_words(t);
        return;
    }
    if (answer(t) || more_words(t))
        return;
    quiet_words(t);
}
