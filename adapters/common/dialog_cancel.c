/*
 * dialog_cancel - what takes help back: understood, asked back once, said yes to.
 *
 * Owns:    the question whether an emergency is really to be cancelled.
 * Used by: dialog_text.c, dialog_choice.c, dialog_lpg.c.
 * Never:   lets an agency be asked to cancel an emergency because words could be read so: "everyone is
 *          ok but father is trapped", "take us quickly". Meanwhile the words themselves go on (I3).
 *
 *   free words, a tap on "no longer needed" --> asked back --"yes", the first button--> CANCEL
 *   "cancel" and no other word, a booking ---------------------------------------------> CANCEL
 *
 * A no, a plea, a danger: the request goes on, and its agencies read so. Anything else, and silence:
 * nothing changes. An agency decides in any case; what is asked here is only whether to ask it.
 */
#include <string.h>

#include "dialog_internal.h"

/* Is the whole message one of these, but for case, blanks and a full stop? */
static bool is_own_word(const struct turn *t, const char *list, size_t size, unsigned n)
{
    const char *text = t->text;
    size_t len = t->in->kind == SAH_INCOMING_CHOICE ? 0 : t->text_len; /* a button's title says nothing */

    while (len > 0 && (*text == ' ' || *text == '\n'))
        text++, len--;
    while (len > 0 && strchr(" \n.!", text[len - 1]) != NULL)
        len--;
    for (unsigned i = 0; i < n; i++) {
        const char *word = list + i * size;
        size_t at = 0;

        for (; at < len && word[at] != '\0'; at++) {
            bool upper = text[at] >= 'A' && text[at] <= 'Z';

            if ((upper ? text[at] + ('a' - 'A') : text[at]) != word[at])
                break;
        }
        if (len > 0 && at == len && word[at] == '\0')
            return true;
    }
    return false;
}

static bool is_cancel_word(const struct turn *t)
{
    const struct services *s = t->dialog->services;

    return is_own_word(t, s->cancel_words[0], sizeof s->cancel_words[0], s->n_cancel_words);
}

static bool is_sure_word(const struct turn *t)
{
    const struct services *s = t->dialog->services;

    return is_own_word(t, s->sure_words[0], sizeof s->sure_words[0], s->n_sure_words);
}

/* A request that no router has named yet is named by its message. */
static void case_choice(const struct sah_open_request *open, const char *what,
                        char id[SAH_CHOICE_SIZE])
{
    char hex[SAH_ID_HEX_SIZE];

    sah_id_hex(&open->message_id, hex);
    (void)sah_format(id, SAH_CHOICE_SIZE, "case:%s%s:%s", open->request_id[0] == '\0' ? "m" : "",
                     open->request_id[0] == '\0' ? hex : open->request_id, what);
}

static void ask_back(struct turn *t, struct sah_open_request *open)
{
    struct lines lines = {0};
    struct sah_reply *reply;
    char id[SAH_CHOICE_SIZE];

    if (t->text_len > 0 && t->in->kind != SAH_INCOMING_CHOICE)
        (void)submit_amendment(t, open, SAH_AMENDMENT_TEXT, "");
    open->cancel_wanted = true;
    (void)sah_format(t->next->asking, sizeof t->next->asking, "cancel");
    line_add(&lines, TEXT_CANCEL_SURE);
    speak_about(t, open, &lines);
    reply = say(&t->voice, SAH_REPLY_BUTTONS, &lines);
    case_choice(open, "cancel-yes", id);
    say_choice(&t->voice, reply, id, TEXT_T_CANCEL_YES, -1);
    case_choice(open, "resume", id);
    say_choice(&t->voice, reply, id, TEXT_T_CANCEL_NO, -1);
}

/* Of several: which one? A tap on it is the answer, so it is not asked once more. */
static void ask_which(struct turn *t)
{
    struct lines lines = {0};
    struct sah_reply *reply;

    t->voice.emergency = true;
    line_add(&lines, TEXT_CANCEL_WHICH);
    reply = say(&t->voice, SAH_REPLY_BUTTONS, &lines);
    for (unsigned i = t->next->n_open; i > 0; i--) {
        struct sah_open_request *open = &t->next->open[i - 1];
        const struct service_row *row = services_find(t->dialog->services, open->service);
        char id[SAH_CHOICE_SIZE];

        if (!open_is_live(open) || open->request_id[0] == '\0')
            continue;
        open->cancel_wanted = true;
        case_choice(open, "cancel-yes", id);
        say_choice(&t->voice, reply, id, row->title >= 0 ? row->title : TEXT_T_CANCEL, -1);
    }
}

/* Which one is meant: named by its service, or the only one. NULL with *ret_several = ask. */
static struct sah_open_request *cancel_target(struct turn *t, bool *ret_several)
{
    struct sah_open_request *found = NULL;
    unsigned n = 0;

    *ret_several = false;
    if (t->u.triage.service[0] != '\0' && strcmp(t->u.triage.service, "UNKNOWN") != 0)
        found = open_of_service(t, t->u.triage.service);
    if (found != NULL)
        return found;
    for (unsigned i = 0; i < t->next->n_open; i++)
        if (open_is_live(&t->next->open[i]) &&
            open_takes_more(&t->next->open[i], t->voice.now_ms)) {
            found = &t->next->open[i];
            n++;
        }
    *ret_several = n > 1;
    return n == 1 ? found : NULL;
}

/* Nothing is open, or only a booking that has not left yet. */
static void cancel_nothing(struct turn *t)
{
    if (!t->next->drafting) {
        say_main_menu(&t->voice, TEXT_CANCEL_NONE);
        return;
    }
    t->next->drafting = false;
    memset(&t->next->draft, 0, sizeof t->next->draft);
    t->next->draft_text[0] = '\0';
    t->next->asking[0] = '\0';
    say_text(&t->voice, TEXT_DRAFT_STOPPED);
}

static void cancel_one(struct turn *t, struct sah_open_request *open)
{
    struct lines lines = {0};
    struct sah_reply *reply;
    char id[SAH_CHOICE_SIZE];

    submit_cancel(t, open);
    t->next->asking[0] = '\0';
    line_add(&lines, TEXT_CANCEL_ASKED);
    speak_about(t, open, &lines);
    if (open->request_id[0] == '\0') { /* words do what the button would */
        (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
        return;
    }
    reply = say(&t->voice, SAH_REPLY_BUTTONS, &lines);
    case_choice(open, "resume", id);
    say_choice(&t->voice, reply, id, TEXT_T_STILL_NEED, -1);
}

void take_cancel(struct turn *t, struct sah_open_request *open, bool sure)
{
    bool several = false;

    if (open == NULL)
        open = cancel_target(t, &several);
    if (open == NULL && several) {
        open = open_focus(t);
        if (t->u.doubtful) {
            take_more(t, open, SAH_AMENDMENT_TEXT, TEXT_ADDED);
            return;
        }
        if (t->text_len > 0) /* while we ask, the words are with the agency */
            (void)submit_amendment(t, open, SAH_AMENDMENT_TEXT, "");
        ask_which(t);
        return;
    }
    if (open == NULL)
        cancel_nothing(t);
    else if (sure || open->cancel_asked || !open_is_emergency(open) || is_cancel_word(t))
        cancel_one(t, open);
    else if (t->u.doubtful)
        take_more(t, open, SAH_AMENDMENT_TEXT, TEXT_ADDED);
    else
        ask_back(t, open);
}

/* The one request that is asked about. */
static struct sah_open_request *open_wanted(const struct turn *t)
{
    struct sah_open_request *found = NULL;

    for (unsigned i = 0; i < t->next->n_open; i++) {
        struct sah_open_request *open = &t->next->open[i];

        if (!open->cancel_wanted || !open_is_live(open))
            continue;
        if (found != NULL)
            return NULL;
        found = open;
    }
    return found;
}

/* "Please come": of this matter, or of none in particular. */
static bool is_plea(const struct turn *t, const struct sah_open_request *open)
{
    const struct services *s = t->dialog->services;

    if (t->u.no)
        return true;
    return t->u.intent == SAH_INTENT_REQUEST && !t->u.danger &&
           (strcmp(t->u.triage.service, "UNKNOWN") == 0 ||
            strcmp(services_find(s, t->u.triage.service)->family,
                   services_find(s, open->service)->family) == 0);
}

bool take_cancel_answer(struct turn *t)
{
    struct sah_open_request *open;

    if (strcmp(t->next->asking, "cancel") != 0)
        return false;
    t->next->asking[0] = '\0'; /* a "yes" to something later is no yes to this */
    open = open_wanted(t);
    if (open == NULL)
        return false;
    if (is_sure_word(t) || is_cancel_word(t)) {
        take_cancel(t, open, true);
        return true;
    }
    if (is_plea(t, open)) {
        take_resume(t, open);
        return true;
    }
    return false;
}
