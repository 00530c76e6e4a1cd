/*
 * roster - reads deploy/etc/agencies.yaml and deploy/etc/policy.yaml into the plain values of policy.
 *
 * Owns:    the file formats. Used by: app.c at start, sahayactl.
 * Never:   takes a file in part: a fault names file, line, key and what to write instead.
 */
#ifndef SAHAYA_AGENCY_ROSTER_H
#define SAHAYA_AGENCY_ROSTER_H

#include <sahaya/conf.h>

#include "policy/rank.h"
#include "policy/route.h"

/* The caller owns the result: free(). Refused besides form: no catch-all, a fallback or route to
 * something unknown, a fallback chain that does not end at the catch-all, doubles, a district that
 * is not listed, a service nobody serves, an unreadable secret or token file. */
SAH_MUST_USE int sah_roster_load(const char *path, struct sah_roster **ret_roster, struct sah_fault *fault);
/* Refused besides form: an unreachable rule, an unknown class. */
SAH_MUST_USE int sah_policy_load(const char *path, struct sah_policy **ret_policy, struct sah_fault *fault);

#endif
