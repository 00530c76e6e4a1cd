/*
 * service - the list of the modules, and what they share. Used by: dialog_services.c.
 */
#include "service.h"

#include <string.h>

static const struct sah_service *const modules[] = {
    &sah_service_ambulance, &sah_service_transport, &sah_service_fire,   &sah_service_leak,
    &sah_service_lpg,       &sah_service_helpline,  &sah_service_person,
};

const struct sah_service *sah_service_by_name(const char *name)
{
    for (size_t i = 0; i < SAH_LEN(modules); i++)
        if (strcmp(modules[i]->name, name) == 0)
            return modules[i];
    return NULL;
}

bool sah_service_cue(const struct sah_triage *triage, const char *name)
{
    for (unsigned i = 0; i < triage->n_cues; i++)
        if (!triage->cues[i].negated && strcmp(triage->cues[i].name, name) == 0)
            return true;
    return false;
}

bool sah_service_cue_add(struct sah_triage *triage, const char *name)
{
    if (sah_service_cue(triage, name))
        return true;
    if (triage->n_cues == SAH_CUES_MAX)
        return false;
    memset(&triage->cues[triage->n_cues], 0, sizeof triage->cues[0]);
    (void)sah_format(triage->cues[triage->n_cues].name, SAH_CUE_SIZE, "%s", name);
    triage->n_cues++;
    return true;
}
