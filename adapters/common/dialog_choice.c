/*
 * dialog_choice - buttons and rows of ours: "svc:108", "ask:where", "case:<request>:cancel",
 * "ans:<question>:yes", "lpg:indane", "lang:te", "menu:main".
 *
 * A tap on an emergency service is a request: silence after it must not be the end
 * (domain 6.1). An id nobody knows (an older version's button) gets the menu, which names 112.
 */
#include <string.h>

#include "dialog_internal.h"

static void take_service(struct turn *t, const char *choice)
{
    const struct service_row *row = services_by_choice(t->dialog->services, choice);
    struct sah_triage *triage = &t->u.triage;
    struct sah_lpg book = {.op = "BOOK"};

    if (row == NULL) {
        say_main_menu(&t->voice, -1);
        return;
    }
    if (row->module == &sah_service_lpg) {
        take_lpg(t, &book);
        return;
    }
    memset(triage, 0, sizeof *triage);
    memcpy(triage->service, row->service, sizeof triage->service);
    memcpy(triage->incident_type, row->incident_type, sizeof triage->incident_type);
    memcpy(triage->additional, row->additional, sizeof triage->additional);
    triage->n_additional = row->n_additional;
    triage->needs_person = row->needs_person;
    triage->confidence = 70;
    (void)sah_format(triage->rule, sizeof triage->rule, "menu_choice");
    take_request(t, triage, row->urgency);
}

static void take_ask(struct turn *t, const char *what)
{
    struct sah_open_request *open = open_focus(t);
    struct lines lines = {0};

    if (strcmp(what, "status") == 0) {
        take_status(t, open);
        return;
    }
    if (strcmp(what, "where") != 0 || open == NULL) {
        say_main_menu(&t->voice, -1);
        return;
    }
    t->voice.emergency = open_is_emergency(open);
    line_row(&lines, services_find(t->dialog->services, open->service));
    line_add(&lines, TEXT_Q_WHERE);
    (void)sah_format(t->next->asking, sizeof t->next->asking, "where");
    (void)say(&t->voice, SAH_REPLY_ASK_PLACE, &lines);
}

/* By the request's name, or "m" and its message while no router has named it. */
static struct sah_open_request *case_of(struct turn *t, const char *id)
{
    struct sah_id message;

    if (id[0] != 'm')
        return open_by_id(t->next, id);
    if (sah_id_from_hex(sah_slice_of(id + 1), &message) != SAH_OK)
        return NULL;
    for (unsigned i = 0; i < t->next->n_open; i++)
        if (sah_id_equal(&t->next->open[i].message_id, &message))
            return &t->next->open[i];
    return NULL;
}

static void take_case(struct turn *t, const char *rest)
{
    const char *colon = strrchr(rest, ':');
    char id[SAH_ID_HEX_SIZE + 1];
    struct sah_open_request *open = NULL;

    if (colon != NULL && sah_copy(id, sizeof id, rest, (size_t)(colon - rest)) == SAH_OK)
        open = case_of(t, id);
    if (open == NULL) {
        say_main_menu(&t->voice, TEXT_STATUS_NONE);
        return;
    }
    if (strcmp(colon, ":cancel") == 0 && open_is_live(open))
        take_cancel(t, open, false);
    else if (strcmp(colon, ":cancel-yes") == 0 && open_is_live(open))
        take_cancel(t, open, open->cancel_wanted); /* else it is no answer to a question of now */
    else if (strcmp(colon, ":resume") == 0)
        take_resume(t, open);
    else
        take_status(t, open);
}

/* The newest emergency whose service asks this question. */
static struct sah_open_request *asked_about(struct turn *t, const char *question)
{
    for (unsigned i = t->next->n_open; i > 0; i--) {
        struct sah_open_request *open = &t->next->open[i - 1];

        if (open_is_live(open) && open_takes_more(open, t->voice.now_ms) &&
            ask_find(services_find(t->dialog->services, open->service)->module, question) !=
                NULL)
            return open;
    }
    return NULL;
}

static void take_answer(struct turn *t, const char *rest)
{
    const char *colon = strrchr(rest, ':');
    enum sah_tri said = SAH_TRI_UNKNOWN;
    char question[33];
    struct sah_open_request *open;
    struct lines lines = {0};

    if (colon == NULL ||
        sah_copy(question, sizeof question, rest, (size_t)(colon - rest)) != SAH_OK) {
        say_main_menu(&t->voice, -1);
        return;
    }
    if (strcmp(colon, ":yes") == 0)
        said = SAH_TRI_YES;
    else if (strcmp(colon, ":no") == 0)
        said = SAH_TRI_NO;
    open = asked_about(t, question);
    if (open == NULL || !ask_answered(t, open, question, said)) {
        say_main_menu(&t->voice, open == NULL ? TEXT_STATUS_NONE : -1);
        return;
    }
    t->voice.emergency = open_is_emergency(open);
    line_row(&lines, services_find(t->dialog->services, open->service));
    line_add(&lines, TEXT_ADDED);
    if (strcmp(question, t->next->asking) == 0)
        ask_next(t, open, &lines);
    else /* an old button: its answer counts, the open question stays */
        (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
}

static void take_company(struct turn *t, const char *id)
{
    struct sah_lpg said = {0};

    (void)sah_format(said.company, sizeof said.company, "%s", id);
    take_lpg(t, &said);
}

static void take_language(struct turn *t, const char *code)
{
    static const char *const known[] = {"te", "hi", "ur", "en"};

    for (size_t i = 0; i < SAH_LEN(known); i++)
        if (strcmp(known[i], code) == 0) {
            (void)sah_format(t->next->language, sizeof t->next->language, "%s", code);
            (void)sah_format(t->voice.language, sizeof t->voice.language, "%s", code);
            t->next->language_chosen = true;
            say_main_menu(&t->voice, TEXT_LANGUAGE_SET);
            return;
        }
    say_languages(&t->voice);
}

static void take_menu(struct turn *t, const char *which)
{
    if (strcmp(which, "helplines") == 0)
        say_helplines(&t->voice);
    else if (strcmp(which, "language") == 0)
        say_languages(&t->voice);
    else
        say_main_menu(&t->voice, -1);
}

void take_choice(struct turn *t)
{
    static const struct {
        const char *prefix;
        void (*take)(struct turn *t, const char *rest);
    } kinds[] = {
        {"svc:", take_service}, {"ask:", take_ask},     {"case:", take_case},
        {"ans:", take_answer},  {"lpg:", take_company}, {"lang:", take_language},
        {"menu:", take_menu},
    };

    for (size_t i = 0; i < SAH_LEN(kinds); i++)
        if (strncmp(t->in->choice, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
            kinds[i].take(t, t->in->choice + strlen(kinds[i].prefix));
            return;
        }
    say_main_menu(&t->voice, -1);
}
