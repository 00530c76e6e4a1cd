/*
 * signature - is this POST from Meta, is this GET the handshake we expect? Pure but for
 * libcrypto.
 *
 * Owns:    the one or two app secrets while the process lives.
 * Used by: webhook.c before anything of a body is parsed.
 * Never:   parses, re-serialises or trims the body: the MAC covers the bytes as they came.
 */
#ifndef SAH_WHATSAPP_SIGNATURE_H
#define SAH_WHATSAPP_SIGNATURE_H

#include <sahaya/digest.h>
#include <sahaya/str.h>

#define SAH_SIGNATURE_SECRETS_MAX 2

enum sah_signature_verdict {
    SAH_SIGNATURE_GOOD = 0,
    SAH_SIGNATURE_MISSING,   /* no header */
    SAH_SIGNATURE_MALFORMED, /* not "sha256=" and 64 lower-case hex digits */
    SAH_SIGNATURE_WRONG,     /* well formed, made with another secret or over other bytes */
    SAH_SIGNATURE_TROUBLE,   /* libcrypto failed: nothing is known, ask again later */
    SAH_N_SIGNATURE_VERDICTS,
};
const char *sah_signature_verdict_name(enum sah_signature_verdict verdict);

struct sah_signature; /* opaque */

/* `old_secret` may be empty; during a rotation either secret is good. */
SAH_MUST_USE int sah_signature_create(struct sah_slice secret, struct sah_slice old_secret,
                                      struct sah_signature **ret_signature);
void sah_signature_destroy(struct sah_signature *signature); /* NULL is fine */

/* `header` is the value of X-Hub-Signature-256, NULL when absent. */
enum sah_signature_verdict sah_signature_check(struct sah_signature *signature,
                                               const char *header, struct sah_slice body);

/* The verification GET (whatsapp.md 2.1): each argument NULL when absent. */
bool sah_handshake_good(const char *mode, const char *token, const char *challenge,
                        struct sah_slice verify_token);

#endif
