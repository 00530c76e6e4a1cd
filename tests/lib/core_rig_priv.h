/*
 * core_rig_priv - what the files of the rig share. Nobody else includes it.
 */
#ifndef SAHAYA_TESTS_CORE_RIG_PRIV_H
#define SAHAYA_TESTS_CORE_RIG_PRIV_H

#include "lib/core_rig.h"

void rig_fill_roster(struct sah_roster *roster, unsigned concurrency);
void rig_fill_policy(struct sah_policy *policy);
void rig_fill_sameness(struct sah_sameness_rules *rules);

#endif
