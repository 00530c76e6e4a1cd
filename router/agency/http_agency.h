/*
 * http_agency - the agencies port over HTTP: one leased delivery -> one signed POST -> one answer.
 *
 * Owns:    the secrets of the endpoints (read from their files, again when a file changes).
 * Used by: core/dispatch.c through struct sah_agencies.
 * Never:   retries, chooses or remembers: that is the core's.
 */
#ifndef SAHAYA_AGENCY_HTTP_AGENCY_H
#define SAHAYA_AGENCY_HTTP_AGENCY_H

#include <sahaya/http_client.h>
#include <sahaya/log.h>

#include "core/ports.h"
#include "policy/route.h"

struct sah_http_agency;
/* P0 and P1 go over `urgent`, the rest over `client`: connections, transfers and sockets of their own, so
 * that whatever stalls among the rest stalls nothing of theirs (I7). `public_url` is what agencies post statuses to: "http://127.0.0.1:8090". All borrowed. */
SAH_MUST_USE int sah_http_agency_create(struct sah_http_client *urgent, struct sah_http_client *client,
                                        const struct sah_roster *roster, const char *public_url, struct sah_log *log,
                                        struct sah_http_agency **ret_agency);
void sah_http_agency_destroy(struct sah_http_agency *agency);
void sah_http_agency_port(struct sah_http_agency *agency, struct sah_agencies *ret_port);

#endif
