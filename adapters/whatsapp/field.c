/*
 * field - bounded reading of single JSON values. See field.h.
 */
#include "field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT     "\xef\xbf\xbd"
#define REPLACEMENT_LEN 3
#define NUMBER_CHARS    "0123456789+-.eE"
#define NUMBER_SIZE     32
/* Seconds stay below this until the year 5138; milliseconds are above it since 1973. */
#define SECONDS_BELOW   INT64_C(100000000000)
#define TIME_MAX_MS     INT64_C(100000000000000)

static size_t char_size(unsigned char lead)
{
    return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

size_t sah_field_text(char *dst, size_t size, const json_t *value, bool *ret_cut,
                      bool *ret_broken)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), used = 0;

    for (size_t i = 0; i < len;) {
        const char *from = text + i;
        size_t take = char_size((unsigned char)*from); /* valid UTF-8: the reader saw to it */

        i += take;
        if (*from == '\0') {
            from = REPLACEMENT;
            take = REPLACEMENT_LEN;
            if (ret_broken != NULL)
                *ret_broken = true;
        }
        if (used + take >= size) {
            if (ret_cut != NULL)
                *ret_cut = true;
            break;
        }
        memcpy(dst + used, from, take);
        used += take;
    }
    dst[used] = '\0';
    return used;
}

int sah_field_id(char *dst, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len >= size)
        return SAH_EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return SAH_EINVAL;
    }
    return sah_copy(dst, size, text, len);
}

int sah_field_digits(char *dst, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL)
        return SAH_EINVAL;
    if (len > 0 && text[0] == '+') {
        text++;
        len--;
    }
    if (len == 0 || len >= size)
        return SAH_EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return SAH_EINVAL;
    }
    return sah_copy(dst, size, text, len);
}

int sah_field_real(const json_t *value, double *ret_real)
{
    double real;

    if (json_is_number(value)) {
        real = json_number_value(value);
    } else {
        const char *text = json_string_value(value);
        char *end = NULL;

        /* strtod would also take "nan", "infinity", hex and leading blanks */
        if (text == NULL || text[0] == '\0' || strlen(text) != json_string_length(value) ||
            strlen(text) >= NUMBER_SIZE || strspn(text, NUMBER_CHARS) != strlen(text))
            return SAH_EINVAL;
        real = strtod(text, &end);
        if (end == text || *end != '\0')
            return SAH_EINVAL;
    }
    if (!isfinite(real))
        return SAH_EINVAL;
    *ret_real = real;
    return SAH_OK;
}

int sah_field_time_ms(const json_t *value, int64_t *ret_ms)
{
    int64_t time;

    if (json_is_integer(value)) {
        time = json_integer_value(value);
    } else if (json_is_real(value)) {
        double real = json_real_value(value);

        if (!(real >= 0 && real <= (double)TIME_MAX_MS))
            return SAH_EINVAL;
        time = (int64_t)real;
    } else if (json_is_string(value)) {
        struct sah_slice text = {json_string_value(value), json_string_length(value)};

        if (sah_parse_i64(text, 0, TIME_MAX_MS, &time) != SAH_OK)
            return SAH_EINVAL;
    } else {
        return SAH_EINVAL;
    }
    if (time < 0 || time > TIME_MAX_MS)
        return SAH_EINVAL;
    *ret_ms = time < SECONDS_BELOW ? time * 1000 : time;
    return SAH_OK;
}

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'                  ? c - 'A'
           : c >= 'a' && c <= 'z'                ? c - 'a' + 26
           : c >= '0' && c <= '9'                ? c - '0' + 52
           : c == '+' || c == '-' /* url-safe */ ? 62
           : c == '/' || c == '_'                ? 63
                                                 : -1;
}

void sah_field_sha256(char dst[65], const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), n = 0;
    uint8_t bytes[32];
    uint32_t bits = 0;

    dst[0] = '\0';
    if (len == 64 && sah_unhex(bytes, sizeof bytes, text, len, false) == SAH_OK) {
        sah_hex(dst, bytes, sizeof bytes);
        return;
    }
    /* 32 bytes are 43 digits and one '=' that some senders leave out */
    if (len < 43 || len > 44 || (len == 44 && text[43] != '='))
        return;
    for (size_t i = 0; i < 43; i++) {
        int digit = base64_digit(text[i]);

        if (digit < 0)
            return;
        bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
        if (i % 4 == 3) {
            bytes[n++] = (uint8_t)(bits >> 16);
            bytes[n++] = (uint8_t)(bits >> 8);
            bytes[n++] = (uint8_t)bits;
        }
    }
    bytes[n++] =
        (uint8_t)(bits >> 10); /* the last three digits hold 18 bits, two bytes of use */
    bytes[n++] = (uint8_t)(bits >> 2);
    SAH_ASSERT(n == sizeof bytes);
    sah_hex(dst, bytes, sizeof bytes);
}
