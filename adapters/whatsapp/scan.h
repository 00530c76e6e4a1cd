/*
 * scan - looks at a body before the JSON reader does. Pure.
 *
 * The reader refuses a whole document for one torn emoji in one citizen's name, and builds a
 * tree many times larger than the text. So: bounds are judged first, and broken characters can
 * be replaced, so that one bad message never takes its neighbours along.
 */
#ifndef SAH_WHATSAPP_SCAN_H
#define SAH_WHATSAPP_SCAN_H

#include <sahaya/str.h>

#define SAH_SCAN_DEPTH_MAX      40     /* the deepest webhook documented has about 12 */
#define SAH_SCAN_CONTAINERS_MAX 120000 /* objects and arrays: 1000 updates have some 20 000 */

/* SAH_ELIMIT when the text nests deeper or holds more objects and arrays than the bounds. */
SAH_MUST_USE int sah_scan_bounds(const char *text, size_t len);

/* A copy with broken UTF-8, torn surrogate escapes and raw control bytes in strings replaced by
 * U+FFFD. Sets buf->failed on lack of memory. Returns true when something was replaced. */
bool sah_scan_repair(const char *text, size_t len, struct sah_buf *buf);

#endif
