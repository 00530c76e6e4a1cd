/*
 * ambulance - 108: where, awake, breathing, how many. (domain 6.2)
 *
 * "No" to awake or to breathing is a danger cue of its own: no to both is an arrest until a
 * dispatcher knows better (domain 6.1).
 */
#include "service.h"

#include <string.h>

static const struct sah_question questions[] = {
    {"where", SAH_QUESTION_PLACE, TEXT_Q_WHERE, NULL, NULL},
    {"amb.awake", SAH_QUESTION_YES_NO, TEXT_Q_AWAKE, NULL, "unconscious"},
    {"amb.breathing", SAH_QUESTION_YES_NO, TEXT_Q_BREATHING, NULL, "not_breathing"},
    {"amb.patients", SAH_QUESTION_WORDS, TEXT_Q_PATIENTS, NULL, NULL},
};

static enum sah_tri unless(bool bad)
{
    return bad ? SAH_TRI_NO : SAH_TRI_UNKNOWN;
}

static void fill(const char *service, const struct sah_understanding *u,
                 struct sah_payload *payload)
{
    struct sah_ambulance *a = &payload->u.ambulance;

    SAH_UNUSED(service);
    a->conscious = unless(sah_service_cue(&u->triage, "unconscious"));
    a->breathing = unless(sah_service_cue(&u->triage, "not_breathing"));
    if (sah_service_cue(&u->triage, "heavy_bleeding"))
        a->bleeding = SAH_TRI_YES;
    a->patients = u->triage.patients;
    a->voice_attempted = (u->vulnerable & SAH_VULNERABLE_VOICE_FAILED) != 0;
    (void)sah_copy_cut(a->complaint, sizeof a->complaint, u->triage.incident_type,
                       strlen(u->triage.incident_type));
}

static void answer(const char *question, enum sah_tri said, struct sah_slice words,
                   struct sah_payload *payload)
{
    uint64_t n;

    if (strcmp(question, "amb.awake") == 0)
        payload->u.ambulance.conscious = said;
    else if (strcmp(question, "amb.breathing") == 0)
        payload->u.ambulance.breathing = said;
    else if (strcmp(question, "amb.patients") == 0 &&
             sah_parse_u64(words, 1, 500, &n) == SAH_OK)
        payload->u.ambulance.patients = (uint32_t)n;
}

const struct sah_service sah_service_ambulance = {
    .name = "ambulance",
    .payload = SAH_PAYLOAD_AMBULANCE,
    .questions = questions,
    .n_questions = SAH_LEN(questions),
    .fill = fill,
    .answer = answer,
};
