/*
 * dialog_fake - an understanding of a few words, and a citizen to speak them, for the dialog
 * tests.
 *
 * It replaces the real lexicon at link time, so that these tests are about the conversation
 * alone. Included by one test source a program.
 */
#ifndef DIALOG_FAKE_H
#define DIALOG_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dialog.h"

#define PHRASES SAHAYA_SOURCE_DIR "/adapters/common/phrases"
#define NOW     1790000000000LL

static const struct {
    const char *word, *service, *type, *cue;
    enum sah_intent intent;
    enum sah_urgency urgency;
    bool danger;
} fake_words[] = {
    {"chest pain", "AMBULANCE_108", "CARDIAC", "chest_pain", SAH_INTENT_REQUEST,
     SAH_URGENCY_URGENT, true},
    {"mother fell", "AMBULANCE_108", "FALL", "fall", SAH_INTENT_REQUEST, SAH_URGENCY_URGENT,
     true},
    {"bleeding", "AMBULANCE_102", "", "bleeding", SAH_INTENT_REQUEST, SAH_URGENCY_BULK, true},
    {"gas smell", "LPG_LEAK", "GASLEAKI", "gas_smell", SAH_INTENT_REQUEST, SAH_URGENCY_URGENT,
     true},
    {"flame", "FIRE_101", "FSTRU", "structure_fire", SAH_INTENT_REQUEST, SAH_URGENCY_URGENT,
     true},
    {"fire in", "FIRE_101", "FSTRU", "structure_fire", SAH_INTENT_REQUEST, SAH_URGENCY_URGENT,
     true},
    {"knife", "HELPLINE_112", "ASSAULT", "covert", SAH_INTENT_REQUEST, SAH_URGENCY_URGENT,
     true},
    {"please come", "UNKNOWN", "", NULL, SAH_INTENT_REQUEST, SAH_URGENCY_URGENT, false},
    {"help", "UNKNOWN", "", NULL, SAH_INTENT_REQUEST, SAH_URGENCY_URGENT, false},
    {"check-up", "AMBULANCE_102", "CHECKUP", NULL, SAH_INTENT_REQUEST, SAH_URGENCY_BULK, false},
    {"cylinder", "LPG_BOOKING", "", NULL, SAH_INTENT_REQUEST, SAH_URGENCY_BULK, false},
    {"where is", "", "", NULL, SAH_INTENT_STATUS, SAH_URGENCY_URGENT, false},
    {"cancel", "", "", NULL, SAH_INTENT_CANCEL, SAH_URGENCY_URGENT, false},
    {"not needed", "", "", NULL, SAH_INTENT_CANCEL, SAH_URGENCY_URGENT, false},
    {"passport", "NONE", "", NULL, SAH_INTENT_NONE, SAH_URGENCY_BULK, false},
};

int sah_lexicon_load(const char *folder, struct sah_lexicon **ret_lexicon,
                     struct sah_fault *fault)
{
    SAH_UNUSED(folder);
    SAH_UNUSED(fault);
    *ret_lexicon = NULL;
    return SAH_OK;
}
void sah_lexicon_destroy(struct sah_lexicon *lexicon)
{
    SAH_UNUSED(lexicon);
}
const char *sah_lexicon_version(const struct sah_lexicon *lexicon)
{
    SAH_UNUSED(lexicon);
    return "fake";
}
void sah_understand(const struct sah_lexicon *lexicon, const char *text, size_t len,
                    struct sah_understanding *u)
{
    SAH_UNUSED(lexicon);
    SAH_UNUSED(len);
    memset(u, 0, sizeof *u);
    u->intent = SAH_INTENT_MENU;
    (void)sah_format(u->language, sizeof u->language, "%s", "en");
    u->yes = strcmp(text, "yes") == 0;
    u->no = strcmp(text, "no") == 0;
    u->thanks = strcmp(text, "thank you") == 0;
    u->doubtful = strstr(text, "but ") != NULL;
    if (strstr(text, "Indane") != NULL)
        (void)sah_format(u->lpg.company, sizeof u->lpg.company, "%s", "indane");
    if (strstr(text, "deaf") != NULL)
        u->comm_pref = SAH_COMM_PREF_TEXT_ONLY;
    for (size_t i = 0; i < SAH_LEN(fake_words); i++) {
        if (strstr(text, fake_words[i].word) == NULL)
            continue;
        u->intent = fake_words[i].intent;
        u->urgency = fake_words[i].urgency;
        u->danger = fake_words[i].danger;
        (void)sah_format(u->triage.service, sizeof u->triage.service, "%s",
                         fake_words[i].service);
        (void)sah_format(u->triage.incident_type, sizeof u->triage.incident_type, "%s",
                         fake_words[i].type);
        if (strcmp(fake_words[i].service, "LPG_BOOKING") == 0)
            (void)sah_format(u->lpg.op, sizeof u->lpg.op, "%s", "BOOK");
        if (fake_words[i].cue != NULL) {
            u->triage.n_cues = 1;
            (void)sah_format(u->triage.cues[0].name, sizeof u->triage.cues[0].name, "%s",
                             fake_words[i].cue);
            if (strcmp(fake_words[i].cue, "covert") == 0)
                u->comm_pref = SAH_COMM_PREF_SILENT;
        }
        return;
    }
}

/* One citizen, one conversation. The router of this world accepts at once. */
struct talk {
    struct sah_dialog *dialog;
    struct sah_conversation c;
    struct sah_incoming in;
    struct sah_step step;
    unsigned n;
    int64_t now_ms;
    bool no_router;
};

static __attribute__((unused)) struct talk talk_now; /* large: kept off the stack */

static inline struct talk *talk_begin(void **state)
{
    struct talk *t = &talk_now;

    memset(t, 0, sizeof *t);
    t->dialog = *state;
    t->now_ms = NOW;
    return t;
}

static inline void talk_step(struct talk *t)
{
    t->n++;
    t->now_ms += 1000;
    t->in.id.bytes[0] = 7;
    t->in.id.bytes[15] = (uint8_t)t->n;
    t->in.received_ms = t->in.sent_ms = t->now_ms;
    (void)sah_format(t->in.citizen.account, sizeof t->in.citizen.account, "%s", "acc");
    (void)sah_format(t->in.citizen.sender, sizeof t->in.citizen.sender, "%s", "s1");
    (void)sah_format(t->in.citizen.channel, sizeof t->in.citizen.channel, "%s", "test");
    sah_dialog_take(t->dialog, &t->c, &t->in, &t->step);
    t->c = t->step.next;
    for (unsigned i = 0; i < t->step.n_submits && !t->no_router; i++) {
        static struct sah_message result;

        memset(&result, 0, sizeof result);
        result.kind = SAH_KIND_RESULT;
        result.id = t->step.submits[i].id;
        result.u.result.code = SAH_RESULT_ACCEPTED;
        sah_request_id(t->step.submit_urgency[i] == SAH_URGENCY_BULK ? SAH_LANE_BULK
                                                                     : SAH_LANE_EMERGENCY,
                       0, &result.id, result.request_id);
        sah_dialog_accepted(&t->step.submits[i], &result, &t->c);
    }
}

static inline void say_words(struct talk *t, const char *words)
{
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_TEXT;
    t->in.text_len = (uint32_t)strlen(words);
    memcpy(t->in.text, words, t->in.text_len);
    talk_step(t);
}

static inline void tap(struct talk *t, const char *choice)
{
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_CHOICE;
    (void)sah_format(t->in.choice, sizeof t->in.choice, "%s", choice);
    talk_step(t);
}

static inline void send_pin(struct talk *t)
{
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_PLACE;
    t->in.place.method = SAH_METHOD_GPS_PIN;
    t->in.place.has_point = true;
    t->in.place.lat_e7 = 173850000;
    t->in.place.lon_e7 = 784867000;
    talk_step(t);
}

static inline void send_media(struct talk *t, const char *mime)
{
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_MEDIA;
    t->in.n_media = 1;
    (void)sah_format(t->in.media[0].ref, sizeof t->in.media[0].ref, "%s", "m1");
    (void)sah_format(t->in.media[0].mime, sizeof t->in.media[0].mime, "%s", mime);
    talk_step(t);
}

static inline const struct sah_request *sent_request(const struct talk *t, unsigned i)
{
    assert_true(i < t->step.n_submits);
    assert_int_equal(t->step.submits[i].kind, SAH_KIND_REQUEST);
    return &t->step.submits[i].u.request;
}

static inline const struct sah_amendment *sent_amendment(const struct talk *t, unsigned i,
                                                         enum sah_amendment_kind kind)
{
    assert_true(i < t->step.n_submits);
    assert_int_equal(t->step.submits[i].kind, SAH_KIND_AMENDMENT);
    assert_int_equal(t->step.submits[i].u.amendment.kind, kind);
    return &t->step.submits[i].u.amendment;
}

static inline void heard(const struct talk *t, const char *part)
{
    for (unsigned i = 0; i < t->step.n_replies; i++)
        if (strstr(t->step.replies[i].body, part) != NULL)
            return;
    fail_msg("no reply says \"%s\" but \"%s\"", part,
             t->step.n_replies > 0 ? t->step.replies[0].body : "");
}

/* What holds of every answer in an emergency, before a person has accepted. */
static inline void check_replies(const struct talk *t, const char *dial)
{
    static const char *const coming[] = {"coming", "on the way", "on its way", "sent an",
                                         "dispatched"};

    assert_true(t->step.n_replies >= 1 && t->step.n_replies <= 2);
    for (unsigned i = 0; i < t->step.n_replies; i++) {
        const struct sah_reply *r = &t->step.replies[i];

        assert_true(r->emergency);
        assert_non_null(strstr(r->body, dial)); /* (I12) */
        for (size_t w = 0; w < SAH_LEN(coming); w++)
            assert_null(strstr(r->body, coming[w])); /* (I9) */
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(r->key, t->step.replies[j].key);
    }
}

static inline int dialog_setup(void **state)
{
    struct sah_fault fault = {0};
    struct sah_dialog *dialog = NULL;

    if (sah_dialog_create(PHRASES, &dialog, &fault) != SAH_OK) {
        sah_fault_print(&fault, stderr);
        return -1;
    }
    *state = dialog;
    return 0;
}

static inline int dialog_teardown(void **state)
{
    sah_dialog_destroy(*state);
    return 0;
}

#endif
