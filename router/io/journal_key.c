/*
 * journal_key - the key file, the key of a segment, and the head of a segment.
 *
 * Owns:    nothing; keys lie with the caller, who wipes them.
 * Used by: journal.c (key file), the writer (new segments), readers of a segment.
 * Never:   logs, keeps or prints a key.
 */
#include <ctype.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "journal_bytes.h"
#include "journal_record.h"

static const char head_magic[8] = "SAHJRNL\n";

enum {
    AT_VERSION = 8,
    AT_NUMBER = 16,
    AT_SALT = 24,
    AT_CHECK = 40,
    AT_CRC = 60,
    CHECK_BYTES = 16,
    LABEL_BYTES = 6,
};

int journal_key_parse(const char *text, size_t len, uint8_t ret_key[JOURNAL_KEY_BYTES])
{
    if (len == JOURNAL_KEY_BYTES) {
        memcpy(ret_key, text, JOURNAL_KEY_BYTES);
        return SAH_OK;
    }
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    return sah_unhex(ret_key, JOURNAL_KEY_BYTES, text, len, false);
}

static int derive(const uint8_t *key, const char *label, uint64_t segment, const uint8_t *salt,
                  uint8_t ret_key[JOURNAL_KEY_BYTES])
{
    uint8_t text[LABEL_BYTES + 8 + JOURNAL_SALT_BYTES] = {0};
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    memcpy(text, label, strlen(label));
    put_le(text + LABEL_BYTES, segment, 8);
    memcpy(text + LABEL_BYTES + 8, salt, JOURNAL_SALT_BYTES);
    if (HMAC(EVP_sha256(), key, JOURNAL_KEY_BYTES, text, sizeof text, mac, &len) == NULL)
        return SAH_ENOMEM;
    SAH_ASSERT(len == JOURNAL_KEY_BYTES);
    memcpy(ret_key, mac, JOURNAL_KEY_BYTES);
    OPENSSL_cleanse(mac, sizeof mac);
    return SAH_OK;
}

int journal_key_derive(const uint8_t key[JOURNAL_KEY_BYTES], uint64_t segment,
                       const uint8_t salt[JOURNAL_SALT_BYTES],
                       uint8_t ret_key[JOURNAL_KEY_BYTES])
{
    return derive(key, "record", segment, salt, ret_key);
}

int journal_head_write(const uint8_t key[JOURNAL_KEY_BYTES], uint64_t segment,
                       uint8_t dst[JOURNAL_DATA_AT], uint8_t ret_key[JOURNAL_KEY_BYTES])
{
    uint8_t salt[JOURNAL_SALT_BYTES];
    uint8_t check[JOURNAL_KEY_BYTES];

    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return SAH_EIO;
    if (derive(key, "check", segment, salt, check) != SAH_OK ||
        journal_key_derive(key, segment, salt, ret_key) != SAH_OK)
        return SAH_ENOMEM;
    memset(dst, 0, JOURNAL_DATA_AT);
    memcpy(dst, head_magic, sizeof head_magic);
    put_le(dst + AT_VERSION, JOURNAL_VERSION, 4);
    put_le(dst + AT_NUMBER, segment, 8);
    memcpy(dst + AT_SALT, salt, sizeof salt);
    memcpy(dst + AT_CHECK, check, CHECK_BYTES);
    put_le(dst + AT_CRC, journal_crc(0, dst, AT_CRC), 4);
    memcpy(dst + JOURNAL_HEAD_COPY_AT, dst, JOURNAL_HEAD_BYTES);
    return SAH_OK;
}

/* One copy. */
static int read_copy(const uint8_t *key, uint64_t segment, const uint8_t *head,
                     uint8_t *ret_key)
{
    uint8_t check[JOURNAL_KEY_BYTES];

    if (memcmp(head, head_magic, sizeof head_magic) != 0 ||
        get_le(head + AT_CRC, 4) != journal_crc(0, head, AT_CRC))
        return SAH_EPROTO;
    if (get_le(head + AT_VERSION, 4) > JOURNAL_VERSION)
        return SAH_EVERSION;
    if (get_le(head + AT_NUMBER, 8) != segment || get_le(head + AT_VERSION, 4) == 0)
        return SAH_EPROTO;
    if (derive(key, "check", segment, head + AT_SALT, check) != SAH_OK)
        return SAH_ENOMEM;
    if (!sah_equal_secret(check, CHECK_BYTES, head + AT_CHECK, CHECK_BYTES))
        return SAH_EDENIED;
    return journal_key_derive(key, segment, head + AT_SALT, ret_key);
}

int journal_head_read(const uint8_t key[JOURNAL_KEY_BYTES], uint64_t segment,
                      const uint8_t *bytes, size_t len, uint8_t ret_key[JOURNAL_KEY_BYTES])
{
    static const size_t copies[] = {0, JOURNAL_HEAD_COPY_AT};
    int err = SAH_EPROTO;

    for (size_t i = 0; i < SAH_LEN(copies) && err == SAH_EPROTO; i++) {
        if (len >= copies[i] + JOURNAL_HEAD_BYTES)
            err = read_copy(key, segment, bytes + copies[i], ret_key);
    }
    return err;
}
