/*
 * tokens - whose bearer token is this?
 *
 * Owns:    the agencies' tokens (from their files, again when a file changes).
 * Used by: callback.c.
 * Never:   takes longer or shorter by how nearly a token fits: all are compared, each in full.
 */
#ifndef SAHAYA_AGENCY_TOKENS_H
#define SAHAYA_AGENCY_TOKENS_H

#include "policy/route.h"

struct tokens;
SAH_MUST_USE int tokens_create(const struct sah_roster *roster, struct tokens **ret_tokens);
void tokens_destroy(struct tokens *tokens);
/* NULL: nobody's, or (files changed behind our back) more than one agency's. */
const struct sah_agency *tokens_find(struct tokens *tokens, struct sah_slice token,
                                     uint64_t now_ms);

#endif
