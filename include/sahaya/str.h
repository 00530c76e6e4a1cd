/*
 * str - bounded text and byte buffers, UTF-8, hex, numbers. Length stands beside pointer.
 *
 * Owns: nothing global. Never: writes past a bound, never reads past a length, never trusts NUL.
 */
#ifndef SAHAYA_STR_H
#define SAHAYA_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sahaya/err.h>
#include <sahaya/obj.h>

/* Borrowed bytes: valid as long as what they point into. Not NUL-terminated. */
struct sah_slice {
    const char *ptr;
    size_t len;
};

#define SAH_SLICE(literal) ((struct sah_slice){(literal), sizeof(literal) - 1})
struct sah_slice sah_slice_of(const char *nul_terminated); /* NULL gives an empty slice */
bool sah_slice_equal(struct sah_slice a, struct sah_slice b);
bool sah_slice_is(struct sah_slice a, const char *nul_terminated);

/*
 * A growing buffer with an upper bound. Adding never fails loudly: past the bound or without
 * memory `failed` is set and stays set, further adds do nothing, and the user checks once at the
 * end. `data` is always NUL-terminated after the first add.
 */
struct sah_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* bytes, without the terminator */
    bool failed;
};

void sah_buf_init(struct sah_buf *buf, size_t max_bytes);
void sah_buf_fini(struct sah_buf *buf); /* a zeroed buffer is fine */
void sah_buf_clear(struct sah_buf *buf); /* keeps the memory, forgets content and failure */
void sah_buf_add(struct sah_buf *buf, const void *bytes, size_t len);
void sah_buf_add_text(struct sah_buf *buf, const char *nul_terminated);
void sah_buf_addf(struct sah_buf *buf, const char *fmt, ...) SAH_PRINTF(2, 3);
void sah_buf_vaddf(struct sah_buf *buf, const char *fmt, va_list args) SAH_PRINTF(2, 0);

/* Copies src[0..len) and a NUL into dst[0..size). SAH_ELIMIT (dst untouched) when it does not fit,
 * SAH_EINVAL when the bytes hold a NUL. */
SAH_MUST_USE int sah_copy(char *dst, size_t size, const char *src, size_t len);

/* Copies what fits, cut at a UTF-8 character edge; returns false when something was cut. */
bool sah_copy_cut(char *dst, size_t size, const char *src, size_t len);

/* snprintf that tells truncation: SAH_ELIMIT and an empty string when it does not fit. */
int sah_format(char *dst, size_t size, const char *fmt, ...) SAH_PRINTF(3, 4);

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF), no NUL. */
bool sah_utf8_valid(const char *text, size_t len);
/* Code points in valid UTF-8. */
size_t sah_utf8_count(const char *text, size_t len);
/* The longest prefix of at most max_bytes that ends at a character edge. */
size_t sah_utf8_cut(const char *text, size_t len, size_t max_bytes);

/* Lower-case hex. dst needs 2 * len + 1 bytes. */
void sah_hex(char *dst, const void *bytes, size_t len);
/* Exactly 2 * len hex digits, lower case only when `lower_only`. SAH_EINVAL else. */
SAH_MUST_USE int sah_unhex(void *dst, size_t len, const char *hex, size_t hex_len, bool lower_only);

/* The whole slice as a decimal number within [min, max]; no sign, no blanks. SAH_EINVAL else. */
SAH_MUST_USE int sah_parse_u64(struct sah_slice text, uint64_t min, uint64_t max, uint64_t *ret_value);
SAH_MUST_USE int sah_parse_i64(struct sah_slice text, int64_t min, int64_t max, int64_t *ret_value);

/* Compares secrets in time that depends on their lengths only. */
bool sah_equal_secret(const void *a, size_t a_len, const void *b, size_t b_len);

/* Reads a whole small file into memory the caller owns (free()). SAH_ENOENT, SAH_EDENIED,
 * SAH_ELIMIT past max_bytes, SAH_EIO. */
SAH_MUST_USE int sah_read_file(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len);
/* The same for a secret: trailing line feeds and blanks cut off; SAH_EINVAL when nothing is left. */
SAH_MUST_USE int sah_read_secret(const char *path, char **ret_secret, size_t *ret_len);

#endif
