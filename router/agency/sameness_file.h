/*
 * sameness_file - reads deploy/etc/incidents.yaml into the plain values of policy/sameness.h.
 *
 * Owns:    the file format. Used by: app.c at start.
 * Never:   takes a file in part: a fault names file, line, key and what to write instead.
 */
#ifndef SAHAYA_AGENCY_SAMENESS_FILE_H
#define SAHAYA_AGENCY_SAMENESS_FILE_H

#include <sahaya/conf.h>

#include "policy/sameness.h"

/* The caller owns the result: free(). Refused besides form: a type or service in two groups, a
 * distance or window without a meaning for the action, a link between groups that do not exist
 * or are never joined, and a group for the rest that links. */
SAH_MUST_USE int sah_sameness_load(const char *path, struct sah_sameness_rules **ret_rules,
                                   struct sah_fault *fault);

#endif
