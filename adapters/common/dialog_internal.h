/*
 * dialog_internal - what the dialog modules share: one turn of a conversation, and its voice.
 *
 * A turn is one incoming message on its way through the rules: dialog_take.c decides,
 * dialog_open.c keeps the requests, dialog_submit.c writes messages for routers, dialog_say.c
 * writes replies. Used by: dialog*.c alone.
 */
#ifndef SAHAYA_DIALOG_INTERNAL_H
#define SAHAYA_DIALOG_INTERNAL_H

#include "dialog.h"
#include "dialog_services.h"
#include "dialog_texts.h"

#define DIALOG_MAGIC    0x474f4c44u
#define CLOSED_KEPT_MS  (30 * 60 * 1000LL)      /* a closed request can be taken up again */
#define FRESH_MS        (12 * 60 * 60 * 1000LL) /* older: new words are a new request */
#define RECENT_MS       (2 * 60 * 60 * 1000LL)  /* any word at all belongs to the emergency */
#define UNNAMED_MS      (10 * 60 * 1000LL)      /* no router has named it: new words ask anew */
#define BOOKING_NEW_MS  (30 * 60 * 1000LL)
#define QUESTIONS_MAX   5
#define LINES_MAX       10
#define BODY_POINTS_MAX 1024 /* with buttons or rows */

struct sah_dialog {
    uint32_t magic;
    struct sah_lexicon *lexicon;
    struct texts *texts;
    struct services *services;
};

/* Who speaks to whom, in which language, in one step. */
struct voice {
    const struct sah_dialog *dialog;
    struct sah_step *step;
    const char *account, *sender, *reply_token, *quote;
    char key[72]; /* of the first reply; the others get ":n" behind it */
    char language[SAH_LANGUAGE_SIZE];
    int64_t now_ms;
    bool emergency, deaf;
    char supersedes[41];
};

struct lines { /* the body of one reply: texts, one below the other */
    unsigned n;
    int text[LINES_MAX];
    struct text_values values;
};

struct turn {
    struct voice voice;
    const struct sah_dialog *dialog;
    const struct sah_incoming *in;
    const struct sah_conversation *was;
    struct sah_conversation *next;
    struct sah_citizen citizen; /* as it goes out: language and preferences set */
    struct sah_understanding u; /* zero when there was no text */
    uint32_t text_len;
    char text[SAH_TEXT_MAX + 1]; /* delivery codes masked */
    bool had_code;
    bool answered_pause; /* a booking was paused in this turn */
};

/* dialog_mask.c: replaces delivery codes by stars, in place; how many were found. */
unsigned mask_codes(const struct services *services, char *text, uint32_t *len);
/* A whole text that is four to six digits and nothing else. */
bool mask_bare_code(char *text, uint32_t len);

/* dialog_open.c */
bool open_is_live(const struct sah_open_request *open);
bool open_is_emergency(const struct sah_open_request *open);
/* Can more be said of it? A request that waits for its router can: the skeleton fills in the
 * name (adapter_submit.c). One that has waited for long cannot: it may never get one. */
bool open_takes_more(const struct sah_open_request *open, int64_t now_ms);
/* The bit of a name in one of the sets of an open request; 0 for no name. */
uint32_t open_bit(const char *name);
/* The newest emergency that an agency has cancelled, and nothing of which is open. */
struct sah_open_request *open_cancelled(struct sah_conversation *c);
void open_prune(struct sah_conversation *c, int64_t now_ms);
/* NULL when every place is taken by an open emergency: the request goes out all the same. */
struct sah_open_request *open_add(struct sah_conversation *c, int64_t now_ms);
struct sah_open_request *open_by_id(struct sah_conversation *c, const char *request_id);
/* The newest live emergency that takes more, not older than max_age_ms; NULL = none. */
struct sah_open_request *open_emergency(struct sah_conversation *c, int64_t now_ms,
                                        int64_t max_age_ms);
struct sah_open_request *open_of_family(const struct turn *t, const char *family);
struct sah_open_request *open_of_service(const struct turn *t, const char *service);
/* What a status question or a cancel is about: the newest emergency, else the newest of all. */
struct sah_open_request *open_focus(const struct turn *t);

/* dialog_say.c */
void voice_of_turn(struct turn *t);
unsigned voice_languages(const char *language, enum text_language ret_languages[2]);
void line_add(struct lines *lines, int text);
void line_row(struct lines *lines, const struct service_row *row);
struct sah_reply *say(struct voice *v, enum sah_reply_kind kind, struct lines *lines);
void say_choice(struct voice *v, struct sah_reply *reply, const char *id, int title, int about);
void say_text(struct voice *v, int text);
void say_main_menu(struct voice *v, int first_line);
void say_helplines(struct voice *v);
void say_languages(struct voice *v);
void say_what_happened(struct voice *v, struct lines *lines);
/* One neutral text in place of everything else. */
void say_neutral_only(struct voice *v);

/* dialog_submit.c */
struct sah_message *submit_new(struct turn *t, enum sah_kind kind, const char *purpose);
bool submit_request(struct turn *t, const struct sah_triage *triage, enum sah_urgency urgency,
                    const struct sah_payload *payload, const struct sah_open_request *related,
                    struct sah_open_request **ret_open);
/* `part` may be NULL. `purpose` "" = under the id of the incoming message. */
struct sah_request *submit_amendment(struct turn *t, struct sah_open_request *open,
                                     enum sah_amendment_kind kind, const char *purpose);
void submit_cancel(struct turn *t, struct sah_open_request *open);
void submit_status_query(struct turn *t, const struct sah_open_request *open);

/* dialog_ask.c: questions while the request is on its way */
/* Asks the next question of the request below the given lines; says the lines alone when none
 * is left. */
void ask_next(struct turn *t, struct sah_open_request *open, struct lines *lines);
const struct sah_question *ask_find(const struct sah_service *module, const char *id);
/* Fills an amendment from the answer to the open question; false when it is no answer. */
bool ask_answered(struct turn *t, struct sah_open_request *open, const char *question,
                  enum sah_tri said);

/* dialog_take.c */
void take_request(struct turn *t, struct sah_triage *triage, enum sah_urgency urgency);
void take_unknown(struct turn *t, const char *rule);
/* What is said of a request names its service and its number. */
void speak_about(struct turn *t, const struct sah_open_request *open, struct lines *lines);
/* dialog_cancel.c. `open` NULL = look for it. An emergency is asked back unless the citizen is sure. */
void take_cancel(struct turn *t, struct sah_open_request *open, bool sure);
bool take_cancel_answer(struct turn *t);
void take_status(struct turn *t, struct sah_open_request *open);
void take_resume(struct turn *t, struct sah_open_request *open);
void take_more(struct turn *t, struct sah_open_request *open, enum sah_amendment_kind kind,
               int line);
void take_where(struct turn *t);
/* dialog_choice.c, dialog_lpg.c, dialog_text.c */
void take_choice(struct turn *t);
void take_lpg(struct turn *t, const struct sah_lpg *said);
bool take_lpg_answer(struct turn *t);
void pause_bookings(struct turn *t, const char *family);
void take_text(struct turn *t);

#endif
