/*
 * payload - one leased delivery and its decoded message as the JSON body an agency gets.
 *
 * Owns:    the schema "sahaya.delivery/1". Used by: http_agency.c.
 * Never:   sends the citizen's channel, sender key or reply token: the agency answers through
 * us.
 *
 * What is not known is left out; numbers are JSON numbers, degrees have 7 decimals.
 */
#ifndef SAHAYA_AGENCY_PAYLOAD_H
#define SAHAYA_AGENCY_PAYLOAD_H

#include "agency/json_out.h"
#include "core/ports.h"

/* payload_incident.c: what the router knows beside the message: perhaps_same_as, linked_to,
 * dedup_unavailable. */
void payload_write_note(struct json_out *j, const char *note);

#define SAH_PAYLOAD_MAX_BYTES (64 * 1024)

/* Appends the body to an empty `buf`. SAH_ELIMIT past the buffer's bound. */
SAH_MUST_USE int sah_payload_write(const struct sah_leased *leased,
                                   const struct sah_message *message, const char *public_url,
                                   struct sah_buf *buf);

/* `details`: what the service asks for; nothing when there is no payload. payload_details.c */
void payload_write_details(struct json_out *j, const struct sah_payload *payload);

#endif
