/*
 * sample - reads a made-up webhook of tests/data/webhooks. Used by the tests of this folder.
 */
#ifndef SAH_TEST_WHATSAPP_SAMPLE_H
#define SAH_TEST_WHATSAPP_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parse.h"

#define ACCOUNT     "100000000000001"
#define SENT_MS     INT64_C(1790000000000) /* the timestamp in all samples */
#define RECEIVED_MS (SENT_MS + 1500)

static inline char *sample_text(const char *name, size_t *ret_len)
{
    char path[512];
    char *text = NULL;

    assert_int_equal(sah_format(path, sizeof path, "%s/tests/data/webhooks/%s.json",
                                SAHAYA_SOURCE_DIR, name),
                     SAH_OK);
    assert_int_equal(sah_read_file(path, 1 << 20, &text, ret_len), SAH_OK);
    return text;
}

static inline void sample_parse(const char *name, struct sah_parsed *parsed)
{
    const char *why = NULL;
    size_t len = 0;
    char *text = sample_text(name, &len);

    assert_int_equal(sah_parse_webhook(text, len, parsed, &why), SAH_OK);
    free(text);
}

#endif
