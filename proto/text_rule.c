/*
 * text_rule - see text_rule.h. One small predicate for each rule, one table.
 */
#include "text_rule.h"

#include <string.h>

#include <sahaya/id.h>

#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGIT  "0123456789"
#define BASE32 DIGIT "ABCDEFGHJKMNPQRSTVWXYZ" /* Crockford: no I, L, O, U */

static const char *const languages[] = {"te",      "hi",      "ur",      "en",
                                        "te-Latn", "hi-Latn", "ur-Latn", "mixed"};

static bool only(struct sah_slice text, const char *set)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(set, text.ptr[i]) == NULL) /* no NUL in it: UTF-8 was checked before */
            return false;
    return true;
}

static struct sah_slice after(struct sah_slice text, size_t n)
{
    return (struct sah_slice){text.ptr + n, text.len - n};
}

static bool is_text(struct sah_slice text)
{
    SAH_UNUSED(text);
    return true;
}

static bool is_line(struct sah_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool is_service(struct sah_slice text)
{
    return only(text, UPPER DIGIT "_");
}

static bool is_slug(struct sah_slice text)
{
    return only(text, LOWER DIGIT "-");
}

static bool is_cue(struct sah_slice text)
{
    return only(text, LOWER DIGIT "_");
}

static bool is_language(struct sah_slice text)
{
    for (size_t i = 0; i < SAH_LEN(languages); i++)
        if (sah_slice_is(text, languages[i]))
            return true;
    return false;
}

static bool is_pincode(struct sah_slice text)
{
    return text.len == 6 && only(text, DIGIT);
}

static bool is_phone(struct sah_slice text)
{
    if (text.ptr[0] == '+')
        text = after(text, 1);
    return text.len > 0 && only(text, DIGIT);
}

static bool is_url(struct sah_slice text)
{
    static const struct sah_slice scheme = SAH_SLICE("https://");

    return text.len > scheme.len && memcmp(text.ptr, scheme.ptr, scheme.len) == 0 &&
           is_line(text) && memchr(text.ptr, ' ', text.len) == NULL;
}

static bool is_sha256(struct sah_slice text)
{
    return text.len == 64 && only(text, DIGIT "abcdef");
}

static bool is_request_id(struct sah_slice text)
{
    return sah_request_id_parse(text, NULL, NULL) == SAH_OK;
}

static bool is_incident_id(struct sah_slice text)
{
    unsigned partition;

    if (text.len != SAH_INCIDENT_ID_SIZE - 1 || text.ptr[0] != 'I' ||
        !only((struct sah_slice){text.ptr + 1, 2}, DIGIT) || !only(after(text, 3), BASE32))
        return false;
    partition = (unsigned)(text.ptr[1] - '0') * 10 + (unsigned)(text.ptr[2] - '0');
    return partition < SAH_PARTITIONS_MAX;
}

const char *text_rule_fault(enum text_rule rule, struct sah_slice text)
{
    static const struct {
        bool (*follows)(struct sah_slice text);
        const char *fault;
    } rules[] = {
        [RULE_TEXT] = {is_text, ""},
        [RULE_LINE] = {is_line, "holds a control character"},
        [RULE_SERVICE] = {is_service, "holds something else than A-Z, 0-9 and _"},
        [RULE_SLUG] = {is_slug, "holds something else than a-z, 0-9 and -"},
        [RULE_CUE] = {is_cue, "holds something else than a-z, 0-9 and _"},
        [RULE_LANGUAGE] = {is_language, "not a known language"},
        [RULE_PINCODE] = {is_pincode, "not six digits"},
        [RULE_PHONE] = {is_phone, "not digits with an optional + in front"},
        [RULE_URL] = {is_url, "not an https:// address"},
        [RULE_SHA256] = {is_sha256, "not 64 lower-case hex digits"},
        [RULE_REQUEST_ID] = {is_request_id, "not a request id"},
        [RULE_INCIDENT_ID] = {is_incident_id, "not an incident id"},
    };

    if (text.len == 0 || rules[rule].follows(text))
        return NULL;
    return rules[rule].fault;
}
