/*
 * id - the names of messages, requests, incidents and deliveries.
 *
 * All of them follow from the message id, so that the same message always gets the same names,
 * whoever accepts it, however often (I6):
 *
 *   message id   16 bytes; an adapter derives it from channel, account and the channel's own
 *                message id (sah_digest_id in digest.h), or makes a random one
 *   request id   lane letter, two digits of sender partition, 26 letters: "E00" + base32(message id)
 *   incident id  'I', two digits of partition, 26 letters of the first request's message id
 *   delivery key 32 hex digits: 128-bit FNV-1a over message id and agency id; sent as the
 *                idempotency key of each attempt
 *
 * base32 is Crockford's alphabet (no I, L, O, U): it can be read out over the phone.
 */
#ifndef SAHAYA_ID_H
#define SAHAYA_ID_H

#include <stdbool.h>
#include <stdint.h>

#include <sahaya/str.h>

#define SAH_ID_BYTES 16
#define SAH_ID_HEX_SIZE 33      /* with NUL */
#define SAH_REQUEST_ID_SIZE 30  /* "E00" + 26 + NUL */
#define SAH_INCIDENT_ID_SIZE 30
#define SAH_KEY_SIZE 33         /* delivery key, hex, with NUL */
#define SAH_REF_SIZE 8          /* "E-7K3QX": what a citizen is shown; with NUL */
#define SAH_PARTITIONS_MAX 64

enum sah_lane {
    SAH_LANE_UNSPECIFIED = 0, /* counts as emergency */
    SAH_LANE_EMERGENCY,       /* letter E */
    SAH_LANE_BULK,            /* letter B */
};

struct sah_id {
    uint8_t bytes[SAH_ID_BYTES];
};

bool sah_id_equal(const struct sah_id *a, const struct sah_id *b);
bool sah_id_is_zero(const struct sah_id *id);
void sah_id_hex(const struct sah_id *id, char dst[SAH_ID_HEX_SIZE]);
SAH_MUST_USE int sah_id_from_hex(struct sah_slice hex, struct sah_id *ret_id);
/* UUIDv7 (RFC 9562): time first, rest from getrandom(2). SAH_EIO when the kernel has no chance. */
SAH_MUST_USE int sah_id_random(int64_t wall_ms, struct sah_id *ret_id);

/* partition < SAH_PARTITIONS_MAX is asserted. */
void sah_request_id(enum sah_lane lane, unsigned partition, const struct sah_id *message_id,
                    char dst[SAH_REQUEST_ID_SIZE]);
void sah_incident_id(unsigned partition, const struct sah_id *message_id, char dst[SAH_INCIDENT_ID_SIZE]);
/* SAH_EINVAL for anything that sah_request_id would not have written. Both results may be NULL. */
SAH_MUST_USE int sah_request_id_parse(struct sah_slice text, enum sah_lane *ret_lane, unsigned *ret_partition);
/* The short form for people: lane letter, '-', the last five letters. */
void sah_request_ref(const char *request_id, char dst[SAH_REF_SIZE]);

void sah_delivery_key(const struct sah_id *message_id, const char *agency_id, char dst[SAH_KEY_SIZE]);
/* The sender's partition: FNV-1a over the sender's key, modulo partitions (1..SAH_PARTITIONS_MAX). */
unsigned sah_partition_of(struct sah_slice sender, unsigned partitions);

#endif
