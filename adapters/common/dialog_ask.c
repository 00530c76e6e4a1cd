/*
 * dialog_ask - the questions that follow a request, one a message, five at most, in the order
 * of the service's module. Silence is no answer and lowers nothing.
 *
 * Used by: dialog_take.c, dialog_choice.c, dialog_lpg.c.
 */
#include <string.h>

#include "dialog_internal.h"

const struct sah_question *ask_find(const struct sah_service *module, const char *id)
{
    for (unsigned i = 0; i < module->n_questions; i++)
        if (strcmp(module->questions[i].id, id) == 0)
            return &module->questions[i];
    return NULL;
}

/* The question behind the one that is open; the first when none of this service's is. */
static const struct sah_question *next_question(const struct turn *t,
                                                const struct sah_open_request *open)
{
    const struct sah_service *module =
        services_find(t->dialog->services, open->service)->module;
    unsigned at = 0;

    for (unsigned i = 0; i < module->n_questions; i++)
        if (strcmp(module->questions[i].id, t->next->asking) == 0)
            at = i + 1;
    for (; at < module->n_questions; at++) {
        const struct sah_question *q = &module->questions[at];

        if (q->kind == SAH_QUESTION_PLACE && open->has_place)
            continue;
        if (q->kind == SAH_QUESTION_COMPANY)
            continue; /* asked before the booking left */
        return q;
    }
    return NULL;
}

static void set_asking(struct turn *t, const char *id)
{
    (void)sah_format(t->next->asking, sizeof t->next->asking, "%s", id);
}

void ask_next(struct turn *t, struct sah_open_request *open, struct lines *lines)
{
    const struct sah_question *q = open == NULL ? NULL : next_question(t, open);
    struct sah_reply *reply;
    char id[SAH_CHOICE_SIZE];

    if (q == NULL || t->next->asked >= QUESTIONS_MAX) {
        set_asking(t, "");
        if (lines->n > 0)
            (void)say(&t->voice, SAH_REPLY_TEXT, lines);
        return;
    }
    set_asking(t, q->id);
    t->next->asked++;
    line_add(lines, q->text);
    switch (q->kind) {
    case SAH_QUESTION_PLACE:
        (void)say(&t->voice, SAH_REPLY_ASK_PLACE, lines);
        return;
    case SAH_QUESTION_YES_NO:
        reply = say(&t->voice, SAH_REPLY_BUTTONS, lines);
        (void)sah_format(id, sizeof id, "ans:%s:yes", q->id);
        say_choice(&t->voice, reply, id, TEXT_T_YES, -1);
        (void)sah_format(id, sizeof id, "ans:%s:no", q->id);
        say_choice(&t->voice, reply, id, TEXT_T_NO, -1);
        return;
    case SAH_QUESTION_WORDS:
    case SAH_QUESTION_COMPANY:
        (void)say(&t->voice, SAH_REPLY_TEXT, lines);
        return;
    }
}

/* Words in answer to "where" are an address, unless they are only a yes or a no. */
static void add_address(const struct turn *t, struct sah_open_request *open,
                        struct sah_request *part)
{
    struct sah_place *place;

    if (part->n_places == SAH_PLACES_MAX || t->text_len == 0)
        return;
    place = part->n_places > 0 ? &part->places[0] : &part->places[part->n_places++];
    place->kind = SAH_PLACE_CURRENT_INCIDENT;
    if (!place->has_point)
        place->method = SAH_METHOD_LANDMARK;
    place->observed_ms = t->in->sent_ms;
    (void)sah_copy_cut(place->address, sizeof place->address, t->text, t->text_len);
    open->has_place = true;
}

bool ask_answered(struct turn *t, struct sah_open_request *open, const char *question,
                  enum sah_tri said)
{
    const struct sah_service *module =
        services_find(t->dialog->services, open->service)->module;
    const struct sah_question *q = ask_find(module, question);
    const char *cue = NULL;
    struct sah_request *part;

    if (q == NULL || (q->kind == SAH_QUESTION_YES_NO && said == SAH_TRI_UNKNOWN) ||
        (q->kind == SAH_QUESTION_PLACE && said != SAH_TRI_UNKNOWN))
        return false;
    part = submit_amendment(
        t, open, q->kind == SAH_QUESTION_PLACE ? SAH_AMENDMENT_PLACE : SAH_AMENDMENT_ANSWER,
        "");
    if (part == NULL)
        return false;
    if (q->kind == SAH_QUESTION_PLACE) {
        add_address(t, open, part);
        return true;
    }
    part->payload.kind = module->payload;
    module->answer(question, said, (struct sah_slice){t->text, t->text_len}, &part->payload);
    if (said == SAH_TRI_YES)
        cue = q->cue_yes;
    else if (said == SAH_TRI_NO)
        cue = q->cue_no;
    if (cue != NULL) {
        (void)sah_service_cue_add(&part->triage, cue);
        (void)sah_format(part->triage.rule, sizeof part->triage.rule, "answer");
        part->triage.confidence = 90;
        if (strcmp(cue, "trapped_fire") == 0)
            part->triage.trapped = SAH_TRI_YES;
    }
    return true;
}
