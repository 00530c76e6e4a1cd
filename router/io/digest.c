/*
 * digest - SHA-256, HMAC-SHA256 and base64, by libcrypto.
 *
 * Owns:    a kept HMAC key, inside libcrypto's context, which wipes it when freed.
 * Used by: adapters and the router for message ids; the senders and checkers of signatures.
 * Never:   keeps a copy of the key of its own, compares secrets (sah_equal_secret does).
 */
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include <sahaya/digest.h>

#define HMAC_MAGIC 0x484d4143u

struct sah_hmac {
    uint32_t magic;
    EVP_MAC_CTX *ctx; /* keyed; taken up again for each signature */
};

int sah_sha256(const void *bytes, size_t len, uint8_t ret_digest[SAH_SHA256_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(len > 0 ? bytes : "", len, digest, NULL, EVP_sha256(), NULL) != 1)
        return SAH_ENOMEM;
    for (size_t i = 0; i < SAH_SHA256_BYTES; i++)
        ret_digest[i] = digest[i];
    return SAH_OK;
}

/* Length first, as eight bytes, most significant first. */
static int add_part(EVP_MD_CTX *ctx, struct sah_slice part)
{
    uint8_t len[8];

    for (unsigned i = 0; i < sizeof len; i++)
        len[i] = (uint8_t)((uint64_t)part.len >> (56 - 8 * i));
    if (EVP_DigestUpdate(ctx, len, sizeof len) != 1)
        return SAH_ENOMEM;
    if (part.len > 0 && EVP_DigestUpdate(ctx, part.ptr, part.len) != 1)
        return SAH_ENOMEM;
    return SAH_OK;
}

int sah_digest_id(const struct sah_slice *parts, size_t n_parts, struct sah_id *ret_id)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int err = SAH_ENOMEM;

    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        goto out;
    for (size_t i = 0; i < n_parts; i++) {
        if (add_part(ctx, parts[i]) != SAH_OK)
            goto out;
    }
    if (EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
        goto out;
    for (size_t i = 0; i < SAH_ID_BYTES; i++)
        ret_id->bytes[i] = digest[i];
    err = SAH_OK;
out:
    EVP_MD_CTX_free(ctx);
    return err;
}

int sah_hmac_create(const void *key, size_t key_len, struct sah_hmac **ret_hmac)
{
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("digest", "SHA256", 6), OSSL_PARAM_END};
    struct sah_hmac *hmac;
    EVP_MAC *mac;

    if (key == NULL || key_len == 0)
        return SAH_EINVAL; /* a signature under an empty secret protects nothing */
    hmac = calloc(1, sizeof *hmac);
    if (hmac == NULL)
        goto fail;
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL)
        goto fail_free_hmac;
    hmac->ctx = EVP_MAC_CTX_new(mac); /* holds its own reference */
    EVP_MAC_free(mac);
    if (hmac->ctx == NULL || EVP_MAC_init(hmac->ctx, key, key_len, params) != 1)
        goto fail_free_hmac;
    hmac->magic = HMAC_MAGIC;
    *ret_hmac = hmac;
    return SAH_OK;

fail_free_hmac:
    EVP_MAC_CTX_free(hmac->ctx);
    free(hmac);
fail:
    return SAH_ENOMEM;
}

void sah_hmac_destroy(struct sah_hmac *hmac)
{
    if (hmac == NULL)
        return;
    SAH_CHECK(hmac, HMAC_MAGIC);
    hmac->magic = 0;
    EVP_MAC_CTX_free(hmac->ctx);
    free(hmac);
}

int sah_hmac_sign(struct sah_hmac *hmac, const struct sah_slice *parts, size_t n_parts,
                  uint8_t ret_mac[SAH_SHA256_BYTES])
{
    uint8_t mac[SAH_SHA256_BYTES];
    size_t len = 0;

    SAH_CHECK(hmac, HMAC_MAGIC);
    if (EVP_MAC_init(hmac->ctx, NULL, 0, NULL) != 1) /* the key stays */
        return SAH_ENOMEM;
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].len > 0 &&
            EVP_MAC_update(hmac->ctx, (const unsigned char *)parts[i].ptr, parts[i].len) != 1)
            return SAH_ENOMEM;
    }
    if (EVP_MAC_final(hmac->ctx, mac, &len, sizeof mac) != 1)
        return SAH_ENOMEM;
    SAH_ASSERT(len == sizeof mac);
    for (size_t i = 0; i < sizeof mac; i++)
        ret_mac[i] = mac[i];
    return SAH_OK;
}

void sah_base64(char *dst, const void *bytes, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *src = bytes;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)src[i] << 16;

        group |= left > 1 ? (uint32_t)src[i + 1] << 8 : 0;
        group |= left > 2 ? src[i + 2] : 0;
        *dst++ = alphabet[group >> 18];
        *dst++ = alphabet[group >> 12 & 63];
        *dst++ = (char)(left > 1 ? alphabet[group >> 6 & 63] : '=');
        *dst++ = (char)(left > 2 ? alphabet[group & 63] : '=');
    }
    *dst = '\0';
}
