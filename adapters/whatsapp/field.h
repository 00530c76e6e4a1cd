/*
 * field - one value out of a JSON tree into a bounded field of ours. Pure.
 *
 * Every text of a webhook is untrusted: it may hold a NUL, be too long, or be no text at all.
 */
#ifndef SAH_WHATSAPP_FIELD_H
#define SAH_WHATSAPP_FIELD_H

#include <jansson.h>

#include <sahaya/str.h>

/* Copies what fits, cut at a character edge, a NUL as U+FFFD. Anything but a string gives "".
 * Returns the bytes written. ret_cut and ret_broken may be NULL; they are only ever set to
 * true. */
size_t sah_field_text(char *dst, size_t size, const json_t *value, bool *ret_cut,
                      bool *ret_broken);

/* A string of 1..size-1 printable ASCII characters without blanks; SAH_EINVAL else. */
SAH_MUST_USE int sah_field_id(char *dst, size_t size, const json_t *value);
/* Digits only, an optional plus before them left out. SAH_EINVAL else. */
SAH_MUST_USE int sah_field_digits(char *dst, size_t size, const json_t *value);
/* A number, or a string that holds one and nothing else; finite. SAH_EINVAL else. */
SAH_MUST_USE int sah_field_real(const json_t *value, double *ret_real);
/* "timestamp": seconds, or milliseconds, as a string or a number -> milliseconds. */
SAH_MUST_USE int sah_field_time_ms(const json_t *value, int64_t *ret_ms);
/* 32 bytes as standard base64 or as hex -> 64 lower-case hex digits and NUL; "" when it is
 * neither. */
void sah_field_sha256(char dst[65], const json_t *value);

#endif
