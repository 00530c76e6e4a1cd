/*
 * helpline - 112, 181, 1098, 1930 and the others; and the person at 112 who looks at what
 * nobody could name. The list of numbers is data:
 * adapters/common/phrases/replies/services.yaml.
 */
#include "service.h"

#include <string.h>

static const struct sah_question questions[] = {
    {"where", SAH_QUESTION_PLACE, TEXT_Q_WHERE, NULL, NULL},
    {"help.danger", SAH_QUESTION_YES_NO, TEXT_Q_DANGER, NULL, NULL},
};

static void fill(const char *service, const struct sah_understanding *u,
                 struct sah_payload *payload)
{
    static const char prefix[] = "HELPLINE_";
    struct sah_helpline *h = &payload->u.helpline;

    if (strncmp(service, prefix, sizeof prefix - 1) == 0)
        (void)sah_format(h->line, sizeof h->line, "%s", service + sizeof prefix - 1);
    if (u->danger)
        h->danger_now = SAH_TRI_YES;
    (void)sah_copy_cut(h->topic, sizeof h->topic, u->triage.incident_type,
                       strlen(u->triage.incident_type));
}

static void answer(const char *question, enum sah_tri said, struct sah_slice words,
                   struct sah_payload *payload)
{
    SAH_UNUSED(words);
    if (strcmp(question, "help.danger") == 0)
        payload->u.helpline.danger_now = said;
}

const struct sah_service sah_service_helpline = {
    .name = "helpline",
    .payload = SAH_PAYLOAD_HELPLINE,
    .questions = questions,
    .n_questions = SAH_LEN(questions),
    .fill = fill,
    .answer = answer,
};

static void fill_nothing(const char *service, const struct sah_understanding *u,
                         struct sah_payload *payload)
{
    SAH_UNUSED(service);
    SAH_UNUSED(u);
    payload->kind = SAH_PAYLOAD_NONE;
}

static void answer_nothing(const char *question, enum sah_tri said, struct sah_slice words,
                           struct sah_payload *payload)
{
    SAH_UNUSED(question);
    SAH_UNUSED(said);
    SAH_UNUSED(words);
    payload->kind = SAH_PAYLOAD_NONE;
}

const struct sah_service sah_service_person = {
    .name = "person",
    .payload = SAH_PAYLOAD_NONE,
    .questions = questions,
    .n_questions = 1, /* only where: what it is about is asked with buttons */
    .fill = fill_nothing,
    .answer = answer_nothing,
};
