/*
 * fire - 101: fire and rescue, and the gas leak, which is 101's before it is anyone else's.
 *
 * Two modules, one payload: a leak asks whether everyone is out and whether a flame is seen, a
 * fire asks who is inside and what burns. Answers that mean danger carry their cue
 * (domain 6.2).
 */
#include "service.h"

#include <string.h>

static const struct sah_question fire_questions[] = {
    {"where", SAH_QUESTION_PLACE, TEXT_Q_WHERE, NULL, NULL},
    {"fire.inside", SAH_QUESTION_YES_NO, TEXT_Q_INSIDE, "trapped_fire", NULL},
    {"fire.burning", SAH_QUESTION_WORDS, TEXT_Q_BURNING, NULL, NULL},
};
static const struct sah_question leak_questions[] = {
    {"where", SAH_QUESTION_PLACE, TEXT_Q_WHERE, NULL, NULL},
    {"gas.out", SAH_QUESTION_YES_NO, TEXT_Q_OUT, NULL, NULL},
    {"gas.flame", SAH_QUESTION_YES_NO, TEXT_Q_FLAME, "gas_and_flame", NULL},
};

/* Incident type -> the class a fire control room sorts by (domain 7.5). */
static const struct {
    const char *type, *class;
} classes[] = {
    {"FSTRU", "STRUCTURE"},    {"FVEH", "VEHICLE"},          {"FELEC", "ELECTRICAL"},
    {"ELECHZD", "TREE_WIRE"},  {"ELEC", "ELECTRICAL"},       {"FBRUSH", "OUTDOOR"},
    {"FTRASH", "OUTDOOR"},     {"EXPLOS", "EXPLOSION"},      {"GASLEAKI", "GAS_LEAK"},
    {"GASLEAKO", "GAS_LEAK"},  {"NCRELEV", "LIFT"},          {"BLDCLPSE", "COLLAPSE"},
    {"DROWN", "RESCUE_WATER"}, {"WATERRES", "RESCUE_WATER"}, {"FLOOD", "RESCUE_WATER"},
};

static void fill(const char *service, const struct sah_understanding *u,
                 struct sah_payload *payload)
{
    struct sah_fire *f = &payload->u.fire;
    const char *class = strcmp(service, "LPG_LEAK") == 0 ? "GAS_LEAK" : "";

    for (size_t i = 0; i < SAH_LEN(classes); i++)
        if (strcmp(classes[i].type, u->triage.incident_type) == 0)
            class = classes[i].class;
    (void)sah_format(f->class, sizeof f->class, "%s", class);
    f->people_inside = u->triage.trapped;
    f->people_count = u->triage.patients;
    if (strcmp(class, "GAS_LEAK") == 0)
        f->cylinders = SAH_TRI_UNKNOWN; /* may be piped gas: ask later, route first */
}

static void answer(const char *question, enum sah_tri said, struct sah_slice words,
                   struct sah_payload *payload)
{
    struct sah_fire *f = &payload->u.fire;

    if (strcmp(question, "fire.inside") == 0)
        f->people_inside = said;
    else if (strcmp(question, "gas.out") == 0)
        f->everyone_out = said;
    else if (strcmp(question, "fire.burning") == 0)
        (void)sah_copy_cut(f->fuel, sizeof f->fuel, words.ptr, words.len);
}

const struct sah_service sah_service_fire = {
    .name = "fire",
    .payload = SAH_PAYLOAD_FIRE,
    .questions = fire_questions,
    .n_questions = SAH_LEN(fire_questions),
    .fill = fill,
    .answer = answer,
};

const struct sah_service sah_service_leak = {
    .name = "leak",
    .payload = SAH_PAYLOAD_FIRE,
    .questions = leak_questions,
    .n_questions = SAH_LEN(leak_questions),
    .fill = fill,
    .answer = answer,
};
