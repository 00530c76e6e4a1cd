/*
 * dialog - see dialog.h. The one entry for an incoming message: prepares the turn, hands it to
 * the rules, keeps a covert caller covert.
 */
#include <stdlib.h>
#include <string.h>

#include "dialog_internal.h"

int sah_dialog_create(const char *phrases_folder, struct sah_dialog **ret_dialog,
                      struct sah_fault *fault)
{
    struct sah_dialog *dialog = calloc(1, sizeof *dialog);
    char folder[512];
    int err = SAH_ENOMEM;

    if (dialog == NULL)
        return SAH_ENOMEM;
    dialog->magic = DIALOG_MAGIC;
    err = sah_format(folder, sizeof folder, "%s/replies", phrases_folder);
    if (err != SAH_OK) {
        sah_fault_set(fault, phrases_folder, 0, "", "the path of the folder is too long");
        goto fail;
    }
    err = sah_lexicon_load(phrases_folder, &dialog->lexicon, fault);
    if (err == SAH_OK)
        err = texts_load(folder, &dialog->texts, fault);
    if (err == SAH_OK)
        err = services_load(folder, dialog->texts, &dialog->services, fault);
    if (err != SAH_OK)
        goto fail;
    *ret_dialog = dialog;
    return SAH_OK;

fail:
    sah_dialog_destroy(dialog);
    return err;
}

void sah_dialog_destroy(struct sah_dialog *dialog)
{
    if (dialog == NULL)
        return;
    SAH_CHECK(dialog, DIALOG_MAGIC);
    services_destroy(dialog->services);
    texts_destroy(dialog->texts);
    if (dialog->lexicon != NULL)
        sah_lexicon_destroy(dialog->lexicon);
    dialog->magic = 0;
    free(dialog);
}

const struct sah_lexicon *sah_dialog_lexicon(const struct sah_dialog *dialog)
{
    SAH_CHECK(dialog, DIALOG_MAGIC);
    return dialog->lexicon;
}

static bool has_script(const struct turn *t, unsigned char lead_a, unsigned char lead_b)
{
    for (uint32_t i = 0; i + 1 < t->text_len; i++)
        if ((unsigned char)t->text[i] == 0xe0 && ((unsigned char)t->text[i + 1] == lead_a ||
                                                  (unsigned char)t->text[i + 1] == lead_b))
            return true;
    return false;
}

/* "mixed" is not a language to answer in: the script tells, else what was spoken before. */
static const char *spoken(const struct turn *t)
{
    if (strcmp(t->u.language, "mixed") != 0)
        return t->u.language;
    if (has_script(t, 0xb0, 0xb1))
        return "te";
    if (has_script(t, 0xa4, 0xa5))
        return "hi";
    for (uint32_t i = 0; i < t->text_len; i++)
        if ((unsigned char)t->text[i] >= 0xd8 && (unsigned char)t->text[i] <= 0xdb)
            return "ur";
    return t->next->language[0] != '\0' ? t->next->language : "te";
}

/* "cancel", "ok", "status" are everybody's words: one of them is no change of language. */
static bool is_one_latin_word(const struct turn *t)
{
    unsigned words = 0;

    for (uint32_t i = 0; i < t->text_len; i++) {
        if ((unsigned char)t->text[i] >= 0x80)
            return false;
        words += t->text[i] > ' ' && (i == 0 || t->text[i - 1] <= ' ');
    }
    return words == 1;
}

static void settle_language(struct turn *t)
{
    struct sah_conversation *c = t->next;
    const char *code = spoken(t);

    if (!c->language_chosen && code[0] != '\0' &&
        (c->language[0] == '\0' || !is_one_latin_word(t)))
        (void)sah_format(c->language, sizeof c->language, "%s", code);
    memcpy(t->voice.language, c->language, sizeof t->voice.language);
    /* An agency hears how the citizen really wrote, the citizen is answered as they chose. */
    if (t->u.language[0] != '\0')
        memcpy(t->citizen.language, t->u.language, sizeof t->citizen.language);
    else
        memcpy(t->citizen.language, c->language, sizeof t->citizen.language);
}

static bool covert(const struct turn *t)
{
    return t->u.comm_pref == SAH_COMM_PREF_SILENT || sah_service_cue(&t->u.triage, "covert") ||
           t->in->citizen.comm_pref == SAH_COMM_PREF_SILENT;
}

static void settle_preferences(struct turn *t)
{
    struct sah_conversation *c = t->next;

    if (covert(t)) {
        c->silent = true;
        t->u.comm_pref = SAH_COMM_PREF_SILENT;
    }
    if (t->u.comm_pref == SAH_COMM_PREF_TEXT_ONLY ||
        t->in->citizen.comm_pref == SAH_COMM_PREF_TEXT_ONLY)
        c->comm_pref = SAH_COMM_PREF_TEXT_ONLY;
    if (t->u.comm_pref != SAH_COMM_PREF_UNSPECIFIED)
        t->citizen.comm_pref = t->u.comm_pref;
    if (c->comm_pref == SAH_COMM_PREF_TEXT_ONLY)
        t->citizen.comm_pref = SAH_COMM_PREF_TEXT_ONLY;
    if (c->silent)
        t->citizen.comm_pref = SAH_COMM_PREF_SILENT;
    t->citizen.vulnerable |= t->u.vulnerable;
    t->voice.deaf = c->comm_pref == SAH_COMM_PREF_TEXT_ONLY;
}

static bool expects_code(const struct turn *t)
{
    for (unsigned i = 0; i < t->next->n_open; i++)
        if (open_is_live(&t->next->open[i]) && !open_is_emergency(&t->next->open[i]) &&
            (t->next->open[i].state == SAH_STATE_BOOKED ||
             t->next->open[i].state == SAH_STATE_OUT_FOR_DELIVERY))
            return true;
    return false;
}

/* Masks before anything reads the text, then understands. */
static void read_text(struct turn *t)
{
    t->text_len = t->in->text_len <= SAH_TEXT_MAX ? t->in->text_len : SAH_TEXT_MAX;
    memcpy(t->text, t->in->text, t->text_len);
    t->text[t->text_len] = '\0';
    t->had_code = mask_codes(t->dialog->services, t->text, &t->text_len) > 0;
    if (!t->had_code && expects_code(t))
        t->had_code = mask_bare_code(t->text, t->text_len);
    if (t->text_len > 0 && t->in->kind != SAH_INCOMING_CHOICE)
        sah_understand(t->dialog->lexicon, t->text, t->text_len, &t->u);
}

static bool is_paper(const struct sah_media *media)
{
    return strncmp(media->mime, "application/", 12) == 0;
}

static void take_media(struct turn *t)
{
    struct sah_open_request *open = open_emergency(t->next, t->voice.now_ms, FRESH_MS);
    bool quiet = t->in->n_media > 0 && (is_paper(&t->in->media[0]) ||
                                        strncmp(t->in->media[0].mime, "image/", 6) == 0);

    if (open != NULL && strcmp(open->service, "UNKNOWN") != 0) {
        take_more(t, open, SAH_AMENDMENT_MEDIA, TEXT_ADDED);
        return;
    }
    if (open == NULL && quiet && strncmp(t->next->asking, "lpg.", 4) == 0) {
        open = open_of_service(t, "LPG_BOOKING"); /* a photo of the gas book */
        if (open != NULL) {
            take_more(t, open, SAH_AMENDMENT_MEDIA, TEXT_ADDED);
            return;
        }
    }
    if (open == NULL && t->in->n_media > 0 && is_paper(&t->in->media[0])) {
        t->voice.step->not_ours = true; /* a form for one of the other services */
        say_text(&t->voice, TEXT_NOT_OURS);
        return;
    }
    take_unknown(t, "bare_media");
}

static void take_other(struct turn *t)
{
    struct sah_open_request *open = open_emergency(t->next, t->voice.now_ms, FRESH_MS);
    struct lines lines = {0};

    if (open != NULL && t->in->kind == SAH_INCOMING_CONTACT) {
        take_more(t, open, SAH_AMENDMENT_ANSWER, TEXT_ADDED);
        return;
    }
    if (open != NULL) {
        line_row(&lines, services_find(t->dialog->services, open->service));
        t->voice.emergency = true;
        line_add(&lines, TEXT_UNREADABLE);
        (void)say(&t->voice, SAH_REPLY_TEXT, &lines);
        return;
    }
    say_main_menu(&t->voice, t->in->kind == SAH_INCOMING_OTHER ? TEXT_UNREADABLE : -1);
}

/* A pin may carry a caption or a name; only danger in it makes it more than a place. */
static bool is_text_of_danger(const struct turn *t)
{
    return t->text_len > 0 && t->u.danger;
}

static void take_kind(struct turn *t)
{
    switch (t->in->kind) {
    case SAH_INCOMING_TEXT:
        if (t->text_len > 0)
            take_text(t);
        else
            take_other(t);
        return;
    case SAH_INCOMING_CHOICE:
        take_choice(t);
        return;
    case SAH_INCOMING_PLACE:
        if (is_text_of_danger(t))
            take_text(t);
        else
            take_where(t);
        return;
    case SAH_INCOMING_MEDIA:
        if (t->text_len > 0 && (t->u.danger || t->u.intent != SAH_INTENT_NONE))
            take_text(t);
        else
            take_media(t);
        return;
    case SAH_INCOMING_CONTACT:
    case SAH_INCOMING_OTHER:
        if (t->text_len > 0)
            take_text(t);
        else
            take_other(t);
        return;
    case SAH_INCOMING_SILENT:
        return;
    }
}

void sah_dialog_take(const struct sah_dialog *dialog,
                     const struct sah_conversation *conversation,
                     const struct sah_incoming *incoming, struct sah_step *ret_step)
{
    struct turn *t = calloc(1, sizeof *t);

    SAH_CHECK(dialog, DIALOG_MAGIC);
    SAH_ASSERT(t != NULL); /* a restart is a recovery; half a turn would not be */
    memset(ret_step, 0, sizeof *ret_step);
    ret_step->next = *conversation;
    t->dialog = dialog;
    t->in = incoming;
    t->was = conversation;
    t->next = &ret_step->next;
    t->citizen = incoming->citizen;
    voice_of_turn(t);
    t->voice.step = ret_step;
    open_prune(t->next, incoming->received_ms);
    t->next->last_in_ms = incoming->received_ms;
    if (incoming->kind != SAH_INCOMING_SILENT) { /* an edit or a revoke decides nothing */
        bool was_silent = t->next->silent;

        read_text(t);
        settle_language(t);
        settle_preferences(t);
        if (incoming->kind != SAH_INCOMING_TEXT && strcmp(t->next->asking, "cancel") == 0)
            t->next->asking[0] = '\0'; /* the question is over; its buttons still are answers */
        take_kind(t);
        if (t->next->silent && !was_silent)
            say_neutral_only(&t->voice); /* (I12) one neutral text, and no more */
        else if (t->next->silent)
            ret_step->n_replies = 0;
    }
    free(t);
}

void sah_dialog_accepted(const struct sah_message *submit, const struct sah_message *result,
                         struct sah_conversation *conversation)
{
    enum sah_lane lane;

    if (submit->kind != SAH_KIND_REQUEST || result->kind != SAH_KIND_RESULT ||
        (result->u.result.code != SAH_RESULT_ACCEPTED &&
         result->u.result.code != SAH_RESULT_DUPLICATE) ||
        sah_request_id_parse(sah_slice_of(result->request_id), &lane, NULL) != SAH_OK)
        return;
    for (unsigned i = 0; i < conversation->n_open && i < SAH_OPEN_MAX; i++) {
        struct sah_open_request *open = &conversation->open[i];
        const struct sah_open_request *other;

        if (!sah_id_equal(&open->message_id, &submit->id))
            continue;
        /* Part of one that is open already: this citizen's, known here or not, or another's. */
        other = open_by_id(conversation, result->request_id);
        if (result->u.result.of_another || (other != NULL && other != open)) {
            open->closed_ms = open->opened_ms;
            continue;
        }
        memcpy(open->request_id, result->request_id, sizeof open->request_id);
        if (lane == SAH_LANE_EMERGENCY && strcmp(open->service, "LPG_BOOKING") != 0)
            open->urgency = SAH_URGENCY_URGENT; /* the bulk lane had refused it */
    }
}
