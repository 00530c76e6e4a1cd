/*
 * journal_record - one record into bytes and back, and the walk over a segment. Pure.
 *
 * Owns:    nothing.
 * Used by: the writer (seal), readers (unseal), the scan at start, the fuzzer.
 * Never:   reads past the length it is given, believes a length before its CRC, decrypts what
 * it only walks over.
 */
#include <string.h>

#include <openssl/evp.h>

#include "journal_bytes.h"
#include "journal_record.h"

#define RECORD_MAGIC 0xa54a5352u

enum {
    AT_VERSION = 4,
    AT_TYPE = 5,
    AT_CLASS = 6,
    AT_PART = 7,
    AT_LEN = 8,
    AT_ZERO = 12,
    AT_ID = 16,
    AT_RECEIVED = 32,
    AT_SEQ = 40,
    AT_HEAD_CRC = 48,
    AT_BODY_CRC = 52,
    NONCE_BYTES = 12,
};

uint32_t journal_record_bytes(uint32_t payload_len)
{
    uint32_t bytes = JOURNAL_RECORD_HEAD + payload_len + JOURNAL_TAG_BYTES;

    return (bytes + JOURNAL_ALIGN - 1) / JOURNAL_ALIGN * JOURNAL_ALIGN;
}

static void put_place(uint8_t dst[NONCE_BYTES], struct journal_place place)
{
    put_le(dst, place.segment, 8);
    put_le(dst + 8, place.offset, 4);
}

/* Bound to its place: a copy of these bytes somewhere else, say inside a payload, is no record.
 */
static uint32_t head_crc(struct journal_place place, const uint8_t *bytes)
{
    uint8_t where[NONCE_BYTES];

    put_place(where, place);
    return journal_crc(journal_crc(0, where, sizeof where), bytes, AT_HEAD_CRC);
}

static uint32_t body_crc(const uint8_t *bytes, uint32_t payload_len)
{
    return journal_crc(journal_crc(0, bytes, AT_BODY_CRC), bytes + JOURNAL_RECORD_HEAD,
                       (size_t)payload_len + JOURNAL_TAG_BYTES);
}

int journal_record_seal(const uint8_t segment_key[JOURNAL_KEY_BYTES],
                        struct journal_place place, const struct journal_head *head,
                        const void *payload, uint8_t *dst)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *text = dst + JOURNAL_RECORD_HEAD;
    uint8_t nonce[NONCE_BYTES];
    int n, err = SAH_ENOMEM;

    SAH_ASSERT(head->len <= SAH_JOURNAL_PAYLOAD_MAX);
    memset(dst, 0, journal_record_bytes(head->len));
    put_le(dst, RECORD_MAGIC, 4);
    dst[AT_VERSION] = JOURNAL_VERSION;
    dst[AT_TYPE] = head->type;
    dst[AT_CLASS] = head->class_;
    dst[AT_PART] = head->part;
    put_le(dst + AT_LEN, head->len, 4);
    memcpy(dst + AT_ID, head->id.bytes, SAH_ID_BYTES);
    put_le(dst + AT_RECEIVED, (uint64_t)head->received_ms, 8);
    put_le(dst + AT_SEQ, head->seq, 8);

    put_place(nonce, place);
    if (ctx == NULL ||
        EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, segment_key, nonce) != 1 ||
        EVP_EncryptUpdate(ctx, NULL, &n, dst, AT_HEAD_CRC) != 1 ||
        (head->len > 0 && EVP_EncryptUpdate(ctx, text, &n, payload, (int)head->len) != 1) ||
        EVP_EncryptFinal_ex(ctx, text + head->len, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, JOURNAL_TAG_BYTES, text + head->len) !=
            1)
        goto done;
    put_le(dst + AT_HEAD_CRC, head_crc(place, dst), 4);
    put_le(dst + AT_BODY_CRC, body_crc(dst, head->len), 4);
    err = SAH_OK;
done:
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

/* What stands at a place: SAH_OK, SAH_ENOENT (no head), SAH_EIO (a head, its body is bad),
 * SAH_EVERSION. The head is filled for SAH_OK and SAH_EIO. */
static int look(struct journal_place place, const uint8_t *bytes, size_t len,
                struct journal_head *ret_head)
{
    struct journal_head head;

    if (len < JOURNAL_RECORD_HEAD || get_le(bytes, 4) != RECORD_MAGIC ||
        get_le(bytes + AT_HEAD_CRC, 4) != head_crc(place, bytes))
        return SAH_ENOENT;
    if (bytes[AT_VERSION] > JOURNAL_VERSION)
        return SAH_EVERSION;
    head.type = bytes[AT_TYPE];
    head.class_ = bytes[AT_CLASS];
    head.part = bytes[AT_PART];
    head.len = (uint32_t)get_le(bytes + AT_LEN, 4);
    memcpy(head.id.bytes, bytes + AT_ID, SAH_ID_BYTES);
    head.received_ms = (int64_t)get_le(bytes + AT_RECEIVED, 8);
    head.seq = get_le(bytes + AT_SEQ, 8);
    if (bytes[AT_VERSION] == 0 || head.type == 0 || head.type > SAH_JOURNAL_TYPE_MAX ||
        head.class_ >= SAH_JOURNAL_CLASSES || head.len > SAH_JOURNAL_PAYLOAD_MAX ||
        get_le(bytes + AT_ZERO, 4) != 0)
        return SAH_ENOENT;
    *ret_head = head;
    if (journal_record_bytes(head.len) > len ||
        get_le(bytes + AT_BODY_CRC, 4) != body_crc(bytes, head.len))
        return SAH_EIO;
    return SAH_OK;
}

int journal_record_unseal(const uint8_t segment_key[JOURNAL_KEY_BYTES],
                          struct journal_place place, const uint8_t *bytes, size_t len,
                          struct journal_head *ret_head, void *dst)
{
    EVP_CIPHER_CTX *ctx = NULL;
    uint8_t nonce[NONCE_BYTES], tag[JOURNAL_TAG_BYTES];
    struct journal_head head;
    int n, err = SAH_EIO;

    if (look(place, bytes, len, &head) != SAH_OK || journal_record_bytes(head.len) != len)
        return SAH_EIO;
    put_place(nonce, place);
    memcpy(tag, bytes + JOURNAL_RECORD_HEAD + head.len, sizeof tag);
    ctx = EVP_CIPHER_CTX_new();
    if (ctx != NULL &&
        EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, segment_key, nonce) == 1 &&
        EVP_DecryptUpdate(ctx, NULL, &n, bytes, AT_HEAD_CRC) == 1 &&
        (head.len == 0 ||
         EVP_DecryptUpdate(ctx, dst, &n, bytes + JOURNAL_RECORD_HEAD, (int)head.len) == 1) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, JOURNAL_TAG_BYTES, tag) == 1 &&
        EVP_DecryptFinal_ex(ctx, tag, &n) == 1) {
        *ret_head = head;
        err = SAH_OK;
    }
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

int journal_walk(struct journal_walk *walk, uint64_t segment, const uint8_t *bytes, size_t len)
{
    size_t used = len, at = JOURNAL_DATA_AT, end = JOURNAL_DATA_AT;

    while (used > 0 && bytes[used - 1] == 0)
        used--;
    walk->ret_end = JOURNAL_DATA_AT;
    walk->ret_used = (uint32_t)used;
    walk->ret_torn = false;
    /* A record may end in zeros of its own, so it is read with all the bytes there are. */
    while (at < used) {
        struct journal_place place = {segment, (uint32_t)at};
        struct journal_head head;
        int err = look(place, bytes + at, len - at, &head);

        if (err == SAH_EVERSION)
            return err;
        if (err == SAH_ENOENT) {
            at += JOURNAL_ALIGN;
            continue;
        }
        if (err == SAH_EIO) { /* the head is good: its length is where the next one may be */
            at += journal_record_bytes(head.len);
            continue;
        }
        if (at > end &&
            (err = walk->damage(walk->data, (uint32_t)end, (uint32_t)(at - end))) != SAH_OK)
            return err;
        err = walk->record(walk->data, &head, (uint32_t)at);
        if (err != SAH_OK)
            return err;
        at += journal_record_bytes(head.len);
        end = at;
        walk->ret_end = (uint32_t)end;
    }
    walk->ret_torn = used > end;
    return SAH_OK;
}
