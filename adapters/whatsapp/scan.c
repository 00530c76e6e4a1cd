/*
 * scan - bounds and repair of JSON text before it is read. See scan.h.
 */
#include "scan.h"

#include <string.h>

#define REPLACEMENT        "\xef\xbf\xbd"
#define REPLACEMENT_ESCAPE "\\ufffd"

int sah_scan_bounds(const char *text, size_t len)
{
    unsigned depth = 0, containers = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > SAH_SCAN_DEPTH_MAX || ++containers > SAH_SCAN_CONTAINERS_MAX)
                return SAH_ELIMIT;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return SAH_OK;
}

/* The number in "\uXXXX" at text, or -1. */
static int escape_at(const char *text, size_t len)
{
    int value = 0;

    if (len < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Copies one escape; returns how much of the text it took. */
static size_t repair_escape(const char *text, size_t len, struct sah_buf *buf, bool *changed)
{
    int unit = escape_at(text, len);

    if (unit < 0xD800 || unit > 0xDFFF) { /* or none: -1 */
        size_t take = unit >= 0 ? 6 : len >= 2 ? 2 : 1;

        sah_buf_add(buf, text, take);
        return take;
    }
    if (unit < 0xDC00) {
        int low = escape_at(text + 6, len - 6);

        if (low >= 0xDC00 && low <= 0xDFFF) {
            sah_buf_add(buf, text, 12);
            return 12;
        }
    }
    sah_buf_add_text(buf, REPLACEMENT_ESCAPE);
    *changed = true;
    return 6;
}

/* Copies one character outside ASCII; returns how much of the text it took. */
static size_t repair_char(const char *text, size_t len, struct sah_buf *buf, bool *changed)
{
    unsigned char lead = (unsigned char)text[0];
    size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

    if (size <= len && sah_utf8_valid(text, size)) {
        sah_buf_add(buf, text, size);
        return size;
    }
    sah_buf_add_text(buf, REPLACEMENT);
    *changed = true;
    return 1;
}

bool sah_scan_repair(const char *text, size_t len, struct sah_buf *buf)
{
    bool in_string = false, changed = false;
    size_t plain = 0; /* start of the stretch that is fine and not copied yet */
    size_t i = 0;

    while (i < len) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x80 && (c >= 0x20 || !in_string) && !(in_string && c == '\\')) {
            if (c == '"')
                in_string = !in_string;
            i++;
            continue;
        }
        sah_buf_add(buf, text + plain, i - plain);
        if (c >= 0x80) {
            i += repair_char(text + i, len - i, buf, &changed);
        } else if (c == '\\') {
            i += repair_escape(text + i, len - i, buf, &changed);
        } else {
            sah_buf_add_text(buf, REPLACEMENT_ESCAPE);
            changed = true;
            i++;
        }
        plain = i;
    }
    sah_buf_add(buf, text + plain, len - plain);
    return changed;
}
