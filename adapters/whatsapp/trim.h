/*
 * trim - cuts text to the platform's limits, which count characters, not bytes. Pure.
 *
 * A Telugu letter with its signs is several code points and three bytes each: a cut in the
 * middle shows another letter or a dotted circle. So the limit counts code points and the cut
 * falls between two grapheme clusters.
 */
#ifndef SAH_WHATSAPP_TRIM_H
#define SAH_WHATSAPP_TRIM_H

#include <sahaya/str.h>

/* Bytes of the longest prefix of valid UTF-8 with at most max_points code points, ending at a
 * cluster edge. A first cluster longer than that is cut between code points. */
size_t sah_trim(const char *text, size_t len, size_t max_points);

#endif
