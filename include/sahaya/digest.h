/*
 * digest - SHA-256 and HMAC-SHA256 by libcrypto: message ids and signatures.
 */
#ifndef SAHAYA_DIGEST_H
#define SAHAYA_DIGEST_H

#include <sahaya/id.h>

#define SAH_SHA256_BYTES 32

/* The first 16 bytes of SHA-256 over the parts, each preceded by its length, so that no two lists
 * of parts share bytes. A message id is this over channel, account and channel message id. */
SAH_MUST_USE int sah_digest_id(const struct sah_slice *parts, size_t n_parts, struct sah_id *ret_id);
SAH_MUST_USE int sah_sha256(const void *bytes, size_t len, uint8_t ret_digest[SAH_SHA256_BYTES]);

/* A kept key: the schedule is made once. */
struct sah_hmac;
SAH_MUST_USE int sah_hmac_create(const void *key, size_t key_len, struct sah_hmac **ret_hmac);
void sah_hmac_destroy(struct sah_hmac *hmac); /* wipes the key */
/* MAC over the concatenated parts. */
SAH_MUST_USE int sah_hmac_sign(struct sah_hmac *hmac, const struct sah_slice *parts, size_t n_parts,
                               uint8_t ret_mac[SAH_SHA256_BYTES]);
/* Standard base64 with padding. dst needs 4 * ((len + 2) / 3) + 1 bytes. */
void sah_base64(char *dst, const void *bytes, size_t len);

#endif
