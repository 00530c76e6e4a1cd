/*
 * callback - POST /v1/requests/{id}/status, /link, /unlink: what an agency says, proven by its token, to the
 * core.
 *
 * Owns:    the agencies' tokens (from their files, again when a file changes).
 * Used by: app.c as an HTTP handler.
 * Never:   lets one agency learn of, or speak for, another's request: both are 404.
 */
#ifndef SAHAYA_AGENCY_CALLBACK_H
#define SAHAYA_AGENCY_CALLBACK_H

#include <sahaya/http_server.h>

#include "core/core.h"

struct sah_callback;
SAH_MUST_USE int sah_callback_create(struct sah_front front, const struct sah_roster *roster, struct sah_log *log,
                                     struct sah_callback **ret_callback);
void sah_callback_destroy(struct sah_callback *callback);
/* Answers 503 to the calls that still wait for the store and lets go of them. Before the HTTP
 * servers are destroyed: a late completion must not find an exchange that is gone. */
void sah_callback_stop(struct sah_callback *callback);
/* The path is /v1/requests/{id}/status, /link or /unlink; the route ends with '*' behind "/v1/requests/". */
void sah_callback_handle(struct sah_callback *callback, struct sah_http_exchange *x);
/* Calls refused for their token, for /metrics. */
uint64_t sah_callback_unauthorised(const struct sah_callback *callback);

#endif
