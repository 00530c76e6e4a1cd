/*
 * signature - checks X-Hub-Signature-256 and the verification GET. See signature.h.
 */
#include "signature.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX          "sha256="
#define PREFIX_LEN      (sizeof PREFIX - 1)
#define CHALLENGE_BYTES 1024

struct sah_signature {
    struct sah_hmac *secrets[SAH_SIGNATURE_SECRETS_MAX];
    unsigned n_secrets;
};

const char *sah_signature_verdict_name(enum sah_signature_verdict verdict)
{
    static const char *const names[SAH_N_SIGNATURE_VERDICTS] = {
        [SAH_SIGNATURE_GOOD] = "good",           [SAH_SIGNATURE_MISSING] = "missing",
        [SAH_SIGNATURE_MALFORMED] = "malformed", [SAH_SIGNATURE_WRONG] = "wrong",
        [SAH_SIGNATURE_TROUBLE] = "trouble",
    };

    return names[verdict];
}

int sah_signature_create(struct sah_slice secret, struct sah_slice old_secret,
                         struct sah_signature **ret_signature)
{
    const struct sah_slice given[SAH_SIGNATURE_SECRETS_MAX] = {secret, old_secret};
    struct sah_signature *signature;

    if (secret.len == 0)
        return SAH_EINVAL; /* an empty key would let anyone sign */
    signature = calloc(1, sizeof *signature);
    if (signature == NULL)
        return SAH_ENOMEM;
    for (size_t i = 0; i < SAH_LEN(given); i++) {
        int err;

        if (given[i].len == 0)
            continue;
        err = sah_hmac_create(given[i].ptr, given[i].len,
                              &signature->secrets[signature->n_secrets]);
        if (err != SAH_OK) {
            sah_signature_destroy(signature);
            return err;
        }
        signature->n_secrets++;
    }
    *ret_signature = signature;
    return SAH_OK;
}

void sah_signature_destroy(struct sah_signature *signature)
{
    if (signature == NULL)
        return;
    for (unsigned i = 0; i < signature->n_secrets; i++)
        sah_hmac_destroy(signature->secrets[i]);
    free(signature);
}

enum sah_signature_verdict sah_signature_check(struct sah_signature *signature,
                                               const char *header, struct sah_slice body)
{
    uint8_t given[SAH_SHA256_BYTES];
    bool good = false;

    if (header == NULL)
        return SAH_SIGNATURE_MISSING;
    if (strncmp(header, PREFIX, PREFIX_LEN) != 0 ||
        sah_unhex(given, sizeof given, header + PREFIX_LEN, strlen(header + PREFIX_LEN),
                  true) != SAH_OK)
        return SAH_SIGNATURE_MALFORMED;

    /* Every secret is tried always: which one fits is nobody's business. */
    for (unsigned i = 0; i < signature->n_secrets; i++) {
        uint8_t mac[SAH_SHA256_BYTES];

        if (sah_hmac_sign(signature->secrets[i], &body, 1, mac) != SAH_OK)
            return SAH_SIGNATURE_TROUBLE;
        good |= sah_equal_secret(mac, sizeof mac, given, sizeof given);
    }
    return good ? SAH_SIGNATURE_GOOD : SAH_SIGNATURE_WRONG;
}

bool sah_handshake_good(const char *mode, const char *token, const char *challenge,
                        struct sah_slice verify_token)
{
    if (mode == NULL || token == NULL || challenge == NULL || verify_token.len == 0)
        return false;
    if (strcmp(mode, "subscribe") != 0)
        return false;
    if (challenge[0] == '\0' || strlen(challenge) > CHALLENGE_BYTES)
        return false;
    return sah_equal_secret(token, strlen(token), verify_token.ptr, verify_token.len);
}
