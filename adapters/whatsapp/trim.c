/*
 * trim - where a text may be cut. See trim.h.
 */
#include "trim.h"

#include <utf8proc.h>

size_t sah_trim(const char *text, size_t len, size_t max_points)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_int32_t before = -1, state = 0;
    size_t at = 0, points = 0, edge = 0;

    while (at < len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size =
            utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(len - at), &point);

        if (size <= 0)
            break; /* not valid after all: keep what is good */
        if (before >= 0 && utf8proc_grapheme_break_stateful(before, point, &state))
            edge = at;
        if (points == max_points)
            return edge > 0 ? edge : at;
        points++;
        before = point;
        at += (size_t)size;
    }
    return at;
}
