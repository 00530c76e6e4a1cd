/*
 * dialog_say - writes replies: the citizen's language, the number to dial, the channel's
 * limits.
 *
 * Owns:    I12, by construction: a reply of an emergency whose texts name no number gets the
 * line that does. The words themselves are data (phrases/replies/). Used by: the other dialog
 * modules.
 */
#include <string.h>

#include "dialog_internal.h"

static const struct {
    const char *code;
    enum text_language language;
} codes[] = {{"te", TEXT_TE}, {"te-Latn", TEXT_TE}, {"hi", TEXT_HI}, {"hi-Latn", TEXT_HI},
             {"ur", TEXT_UR}, {"ur-Latn", TEXT_UR}, {"en", TEXT_EN}, {"mixed", TEXT_TE}};

/* Of a citizen whose language nobody knows yet (a bare pin), Telugu and English speak together.
 */
unsigned voice_languages(const char *language, enum text_language ret_languages[2])
{
    for (size_t i = 0; i < SAH_LEN(codes); i++)
        if (strcmp(codes[i].code, language) == 0) {
            ret_languages[0] = codes[i].language;
            return 1;
        }
    ret_languages[0] = TEXT_TE;
    ret_languages[1] = TEXT_EN;
    return 2;
}

void voice_of_turn(struct turn *t)
{
    struct voice *v = &t->voice;

    v->dialog = t->dialog;
    v->step = NULL;
    v->account = t->in->citizen.account;
    v->sender = t->in->citizen.sender;
    v->reply_token = t->in->citizen.reply_token;
    v->quote = t->in->citizen.channel_message;
    sah_id_hex(&t->in->id, v->key);
    v->now_ms = t->in->received_ms;
}

void line_add(struct lines *lines, int text)
{
    if (text >= 0 && lines->n < LINES_MAX)
        lines->text[lines->n++] = text;
}

void line_row(struct lines *lines, const struct service_row *row)
{
    lines->values.in[TEXT_IN_agency] = row->says;
    lines->values.in[TEXT_IN_dial] = row->dial;
}

static bool names_dial(const struct texts *texts, const struct lines *lines)
{
    for (unsigned i = 0; i < lines->n; i++)
        if (texts_has(texts, lines->text[i], TEXT_IN_dial))
            return true;
    return false;
}

/* The prefix of at most `points` code points. */
static size_t prefix_of_points(const char *text, size_t len, size_t points)
{
    size_t i = 0;

    while (i < len) {
        if (((unsigned char)text[i] & 0xc0) != 0x80 && points-- == 0)
            break;
        i++;
    }
    return i;
}

static void render_body(const struct voice *v, const struct lines *lines,
                        struct sah_reply *reply)
{
    enum text_language languages[2];
    unsigned n = voice_languages(v->language, languages);
    struct sah_buf buf;
    size_t keep;

    sah_buf_init(&buf, 16384);
    for (unsigned l = 0; l < n; l++) {
        if (l > 0)
            sah_buf_add_text(&buf, "\n\n");
        for (unsigned i = 0; i < lines->n; i++) {
            struct text_values values = lines->values;

            /* "your gas company", in the reply's own language */
            if (values.in[TEXT_IN_agency] == NULL || values.in[TEXT_IN_agency][0] == '\0')
                values.in[TEXT_IN_agency] =
                    texts_raw(v->dialog->texts, languages[l], TEXT_GAS_COMPANY);
            if (i > 0)
                sah_buf_add_text(&buf, "\n");
            texts_render(v->dialog->texts, languages[l], lines->text[i], &values, &buf);
        }
    }
    keep = buf.len;
    if (reply->kind != SAH_REPLY_TEXT && buf.data != NULL)
        keep = prefix_of_points(buf.data, buf.len, BODY_POINTS_MAX);
    (void)sah_copy_cut(reply->body, sizeof reply->body, buf.data == NULL ? "" : buf.data, keep);
    sah_buf_fini(&buf);
}

struct sah_reply *say(struct voice *v, enum sah_reply_kind kind, struct lines *lines)
{
    struct sah_step *step = v->step;
    unsigned index = step->n_replies;
    struct sah_reply *reply;

    if (index == SAH_REPLIES_MAX) /* the newest text is the truest: it takes the last place */
        index = SAH_REPLIES_MAX - 1;
    reply = &step->replies[index];
    step->n_replies = index + 1;
    memset(reply, 0, sizeof *reply);
    (void)sah_format(reply->key, sizeof reply->key, "%s:%u", v->key, index);
    reply->kind = kind;
    reply->emergency = v->emergency;
    (void)sah_format(reply->account, sizeof reply->account, "%s", v->account);
    (void)sah_format(reply->sender, sizeof reply->sender, "%s", v->sender);
    (void)sah_format(reply->reply_token, sizeof reply->reply_token, "%s", v->reply_token);
    if (index == 0 && v->quote != NULL)
        (void)sah_format(reply->quote, sizeof reply->quote, "%s", v->quote);
    (void)sah_format(reply->supersedes, sizeof reply->supersedes, "%s", v->supersedes);
    reply->created_ms = v->now_ms;
    if (v->emergency && v->deaf && index == 0)
        line_add(lines, TEXT_DEAF);
    if (v->emergency && !names_dial(v->dialog->texts, lines)) {
        if (lines->n == LINES_MAX)
            lines->n--;
        line_add(lines, TEXT_DIAL); /* (I12) */
    }
    if (lines->values.in[TEXT_IN_dial] == NULL)
        lines->values.in[TEXT_IN_dial] = "112";
    render_body(v, lines, reply);
    return reply;
}

/* Titles are for one language: of an unknown one the English, whose numbers everyone reads. */
static enum text_language title_language(const struct voice *v)
{
    enum text_language languages[2];

    return languages[voice_languages(v->language, languages) - 1];
}

static void title(const struct voice *v, char *dst, size_t size, int text)
{
    const char *raw = texts_raw(v->dialog->texts, title_language(v), text);

    (void)sah_copy_cut(dst, size, raw, strlen(raw));
}

void say_choice(struct voice *v, struct sah_reply *reply, const char *id, int title_text,
                int about)
{
    unsigned max = reply->kind == SAH_REPLY_BUTTONS ? SAH_BUTTONS_MAX : SAH_ROWS_MAX;
    struct sah_choice *choice;

    if (reply->n_choices >= max)
        return;
    choice = &reply->choices[reply->n_choices++];
    (void)sah_format(choice->id, sizeof choice->id, "%s", id);
    title(v, choice->title, sizeof choice->title, title_text);
    if (about >= 0 && reply->kind == SAH_REPLY_LIST)
        title(v, choice->description, sizeof choice->description, about);
}

void say_text(struct voice *v, int text)
{
    struct lines lines = {0};

    line_add(&lines, text);
    (void)say(v, SAH_REPLY_TEXT, &lines);
}

static void add_services(struct voice *v, struct sah_reply *reply, enum service_menu menu)
{
    const struct services *s = v->dialog->services;

    for (unsigned i = 0; i < s->n_rows; i++) {
        char id[SAH_CHOICE_SIZE];

        if (s->rows[i].menu != menu)
            continue;
        (void)sah_format(id, sizeof id, "svc:%s", s->rows[i].choice);
        say_choice(v, reply, id, s->rows[i].title, s->rows[i].about);
    }
}

void say_main_menu(struct voice *v, int first_line)
{
    struct lines lines = {0};
    struct sah_reply *reply;

    line_add(&lines, first_line);
    line_add(&lines, TEXT_MENU);
    reply = say(v, SAH_REPLY_LIST, &lines);
    title(v, reply->button, sizeof reply->button, TEXT_MENU_BUTTON);
    add_services(v, reply, SERVICE_MENU_MAIN);
    say_choice(v, reply, "menu:helplines", TEXT_T_HELPLINES, -1);
    say_choice(v, reply, "ask:status", TEXT_T_STATUS, -1);
    say_choice(v, reply, "menu:language", TEXT_T_LANGUAGE, -1);
}

void say_helplines(struct voice *v)
{
    struct lines lines = {0};
    struct sah_reply *reply;

    line_add(&lines, TEXT_MENU_HELPLINES);
    reply = say(v, SAH_REPLY_LIST, &lines);
    title(v, reply->button, sizeof reply->button, TEXT_MENU_BUTTON);
    add_services(v, reply, SERVICE_MENU_HELPLINES);
}

void say_languages(struct voice *v)
{
    /* Each in its own script: whoever wants it must be able to read it. */
    static const char *const names[TEXT_N_LANGUAGES][2] = {
        [TEXT_TE] = {"lang:te", "తెలుగు"},
        [TEXT_HI] = {"lang:hi", "हिन्दी"},
        [TEXT_UR] = {"lang:ur", "اردو"},
        [TEXT_EN] = {"lang:en", "English"},
    };
    struct lines lines = {0};
    struct sah_reply *reply;

    line_add(&lines, TEXT_LANGUAGE_ASK);
    reply = say(v, SAH_REPLY_LIST, &lines);
    title(v, reply->button, sizeof reply->button, TEXT_MENU_BUTTON);
    for (unsigned i = 0; i < TEXT_N_LANGUAGES; i++) {
        struct sah_choice *choice = &reply->choices[reply->n_choices++];

        (void)sah_format(choice->id, sizeof choice->id, "%s", names[i][0]);
        (void)sah_format(choice->title, sizeof choice->title, "%s", names[i][1]);
    }
}

void say_what_happened(struct voice *v, struct lines *lines)
{
    static const char *const services[] = {"AMBULANCE_108", "FIRE_101", "HELPLINE_112"};
    struct sah_reply *reply;

    line_add(lines, TEXT_WHAT_HAPPENED);
    reply = say(v, SAH_REPLY_BUTTONS, lines);
    for (size_t i = 0; i < SAH_LEN(services); i++) {
        const struct service_row *row = services_find(v->dialog->services, services[i]);
        char id[SAH_CHOICE_SIZE];

        if (row->title < 0 || row->choice[0] == '\0')
            continue;
        (void)sah_format(id, sizeof id, "svc:%s", row->choice);
        say_choice(v, reply, id, row->title, -1);
    }
}

void say_neutral_only(struct voice *v)
{
    struct lines lines = {0};
    bool emergency = v->emergency;

    v->step->n_replies = 0;
    v->emergency = false; /* or the number would stand below it (I12: except a covert caller) */
    line_add(&lines, TEXT_NEUTRAL);
    say(v, SAH_REPLY_TEXT, &lines)->emergency = true; /* it still goes out first */
    v->emergency = emergency;
}
