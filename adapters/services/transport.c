/*
 * transport - 102: the planned ride of a mother or an infant. Labour, bleeding or fits are 108.
 *
 * Never keeps a red flag on a 102 ride: refine() turns the request into an urgent 108 one,
 * whatever the menu or the citizen called it (domain 3.1).
 */
#include "service.h"

#include <string.h>

static const struct sah_question questions[] = {
    {"trip.when", SAH_QUESTION_WORDS, TEXT_Q_TRIP_WHEN, NULL, NULL},
    {"where", SAH_QUESTION_PLACE, TEXT_Q_WHERE, NULL, NULL},
    {"trip.facility", SAH_QUESTION_WORDS, TEXT_Q_TRIP_FACILITY, NULL, NULL},
};

static void fill(const char *service, const struct sah_understanding *u,
                 struct sah_payload *payload)
{
    struct sah_transport *t = &payload->u.transport;

    SAH_UNUSED(service);
    for (unsigned i = 0; i < u->triage.n_cues && t->n_red_flags < SAH_RED_FLAGS_MAX; i++)
        if (!u->triage.cues[i].negated)
            memcpy(t->red_flags[t->n_red_flags++], u->triage.cues[i].name, SAH_CUE_SIZE);
    if (strcmp(u->triage.incident_type, "DROP_BACK") == 0 ||
        strcmp(u->triage.incident_type, "CHECKUP") == 0)
        (void)sah_copy_cut(t->trip, sizeof t->trip, u->triage.incident_type,
                           strlen(u->triage.incident_type));
}

static void answer(const char *question, enum sah_tri said, struct sah_slice words,
                   struct sah_payload *payload)
{
    SAH_UNUSED(said);
    /* The date stays in the citizen's words: a wrongly read date is worse than none. */
    if (strcmp(question, "trip.facility") == 0)
        (void)sah_copy_cut(payload->u.transport.facility, sizeof payload->u.transport.facility,
                           words.ptr, words.len);
}

static void refine(const struct sah_understanding *u, struct sah_triage *triage,
                   enum sah_urgency *urgency, struct sah_payload *payload)
{
    if (!u->danger)
        return;
    (void)sah_format(triage->service, sizeof triage->service, "AMBULANCE_108");
    if (triage->incident_type[0] == '\0')
        (void)sah_format(triage->incident_type, sizeof triage->incident_type, "PREG");
    *urgency = SAH_URGENCY_URGENT;
    memset(payload, 0, sizeof *payload);
    payload->kind = SAH_PAYLOAD_AMBULANCE;
    sah_service_ambulance.fill(triage->service, u, payload);
}

const struct sah_service sah_service_transport = {
    .name = "transport",
    .payload = SAH_PAYLOAD_TRANSPORT,
    .questions = questions,
    .n_questions = SAH_LEN(questions),
    .fill = fill,
    .answer = answer,
    .refine = refine,
};
