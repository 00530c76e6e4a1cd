/*
 * journal_record - the bytes of a segment: its head, its records, and how to walk them. Pure.
 *
 * A segment (all numbers little-endian):
 *
 *        0  head: magic "SAHJRNL\n", version u32, zero u32, number u64, salt 16, check 16,
 *           zero u32, CRC32C of the 60 bytes before
 *      512  the same head again: one damaged sector must not cost a whole segment
 *     1024  records, each at a multiple of 8, zeros after the last one
 *
 * A record:
 *
 *        0  magic u32, version u8, type u8, class u8, part u8, payload length u32, zero u32
 *       16  id 16
 *       32  received_ms i64
 *       40  sequence u64: order of the appends; kept when a record is copied forward
 *       48  CRC32C of segment number u64, offset u32 and the 48 bytes before
 *       52  CRC32C of the 52 bytes before and of what follows
 *       56  payload, AES-256-GCM, with its 16-byte tag; the 48 bytes above are authenticated
 * too
 *
 * A segment's key = HMAC-SHA256(key file, "record", number, salt); the nonce is number (8
 * bytes) and offset (4 bytes). A place is written once, so a nonce is used once; the salt keeps
 * that true even if numbers start again in an emptied folder. `check` is made the same way from
 * "check" and tells a wrong key from damage. Magic, version and the first CRC keep their places
 * for ever.
 */
#ifndef SAHAYA_IO_JOURNAL_RECORD_H
#define SAHAYA_IO_JOURNAL_RECORD_H

#include <sahaya/journal.h>

enum {
    JOURNAL_VERSION = 1,
    JOURNAL_KEY_BYTES = 32,
    JOURNAL_SALT_BYTES = 16,
    JOURNAL_HEAD_BYTES = 64,
    JOURNAL_HEAD_COPY_AT = 512,
    JOURNAL_DATA_AT = 1024,
    JOURNAL_RECORD_HEAD = 56,
    JOURNAL_TAG_BYTES = 16,
    JOURNAL_ALIGN = 8,
};

uint32_t journal_crc(uint32_t crc, const void *bytes, size_t len); /* CRC32C; start with 0 */

struct journal_head {
    uint8_t type;
    uint8_t part;
    uint8_t class_;
    uint32_t len; /* of the payload */
    struct sah_id id;
    int64_t received_ms;
    uint64_t seq;
};

/* Where a record lies. */
struct journal_place {
    uint64_t segment;
    uint32_t offset;
};

/* Bytes a record takes, with its padding. */
uint32_t journal_record_bytes(uint32_t payload_len);

/* 32 bytes from a key file's content. SAH_EINVAL. */
SAH_MUST_USE int journal_key_parse(const char *text, size_t len,
                                   uint8_t ret_key[JOURNAL_KEY_BYTES]);
/* The key of one segment. */
SAH_MUST_USE int journal_key_derive(const uint8_t key[JOURNAL_KEY_BYTES], uint64_t segment,
                                    const uint8_t salt[JOURNAL_SALT_BYTES],
                                    uint8_t ret_key[JOURNAL_KEY_BYTES]);

/* A fresh salt: fills all of dst[JOURNAL_DATA_AT] and answers the segment's key. */
SAH_MUST_USE int journal_head_write(const uint8_t key[JOURNAL_KEY_BYTES], uint64_t segment,
                                    uint8_t dst[JOURNAL_DATA_AT],
                                    uint8_t ret_key[JOURNAL_KEY_BYTES]);
/* Takes whichever copy is whole. SAH_EPROTO (neither), SAH_EVERSION, SAH_EDENIED (another key),
 * SAH_ENOMEM. */
SAH_MUST_USE int journal_head_read(const uint8_t key[JOURNAL_KEY_BYTES], uint64_t segment,
                                   const uint8_t *bytes, size_t len,
                                   uint8_t ret_key[JOURNAL_KEY_BYTES]);

/* Writes journal_record_bytes(head->len) bytes. */
SAH_MUST_USE int journal_record_seal(const uint8_t segment_key[JOURNAL_KEY_BYTES],
                                     struct journal_place place,
                                     const struct journal_head *head, const void *payload,
                                     uint8_t *dst);
/* Checks and decrypts into dst[head.len]; len is what journal_record_bytes() says. SAH_EIO. */
SAH_MUST_USE int journal_record_unseal(const uint8_t segment_key[JOURNAL_KEY_BYTES],
                                       struct journal_place place, const uint8_t *bytes,
                                       size_t len, struct journal_head *ret_head, void *dst);

struct journal_walk {
    /* A whole record. Anything but SAH_OK ends the walk with that. */
    int (*record)(void *data, const struct journal_head *head, uint32_t offset);
    /* A range between whole records that is none. */
    int (*damage)(void *data, uint32_t offset, uint32_t len);
    void *data;
    uint32_t ret_end;  /* after the last whole record */
    uint32_t ret_used; /* after the last byte that is not zero */
    bool ret_torn;     /* something stands after ret_end */
};

/* Walks the records of a segment's bytes. SAH_EVERSION when a whole record head says a newer
 * one. */
SAH_MUST_USE int journal_walk(struct journal_walk *walk, uint64_t segment, const uint8_t *bytes,
                              size_t len);

#endif
