/*
 * str_number - hex digits, decimal numbers, and the comparison of secrets.
 *
 * Owns:    nothing.
 * Used by: ids, settings, parsers of outside text, checks of tokens and signatures.
 * Never:   accepts a prefix: the whole text is the value or it is refused. On failure the
 * result is untouched.
 */
#include <sahaya/str.h>

static int hex_value(char digit, bool lower_only)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (!lower_only && digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

void sah_hex(char *dst, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;

    for (size_t i = 0; i < len; i++) {
        dst[2 * i] = digits[from[i] >> 4];
        dst[2 * i + 1] = digits[from[i] & 0x0F];
    }
    dst[2 * len] = '\0';
}

int sah_unhex(void *dst, size_t len, const char *hex, size_t hex_len, bool lower_only)
{
    uint8_t *to = dst;

    if (hex_len / 2 != len || hex_len % 2 != 0)
        return SAH_EINVAL;
    for (size_t i = 0; i < hex_len; i++) {
        if (hex_value(hex[i], lower_only) < 0)
            return SAH_EINVAL;
    }
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(hex_value(hex[2 * i], lower_only) * 16 +
                          hex_value(hex[2 * i + 1], lower_only));
    }
    return SAH_OK;
}

int sah_parse_u64(struct sah_slice text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (text.len == 0)
        return SAH_EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit;

        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return SAH_EINVAL;
        digit = (uint64_t)(text.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return SAH_EINVAL;
        value = value * 10 + digit;
    }
    if (value < min || value > max)
        return SAH_EINVAL;
    *ret_value = value;
    return SAH_OK;
}

/* '-' is read only where the bounds reach below zero; '+' never. */
int sah_parse_i64(struct sah_slice text, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = min < 0 && text.len > 1 && text.ptr[0] == '-';
    uint64_t size;
    int64_t value;

    if (negative)
        text = (struct sah_slice){text.ptr + 1, text.len - 1};
    if (sah_parse_u64(text, 0, (uint64_t)INT64_MAX + negative, &size) != SAH_OK)
        return SAH_EINVAL;
    /* The detour over size - 1 keeps INT64_MIN from overflowing. */
    value = negative && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
    if (value < min || value > max)
        return SAH_EINVAL;
    *ret_value = value;
    return SAH_OK;
}

bool sah_equal_secret(const void *a, size_t a_len, const void *b, size_t b_len)
{
    /* volatile: the compiler may not leave the loop at the first difference. */
    const volatile uint8_t *left = a, *right = b;
    volatile uint8_t difference = 0;

    if (a_len != b_len)
        return false;
    for (size_t i = 0; i < a_len; i++)
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    return difference == 0;
}
