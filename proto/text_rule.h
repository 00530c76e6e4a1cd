/*
 * text_rule - what a text may consist of, by name, beside its length.
 *
 * Used by: the rows of shape_*.c name a rule; walk_check.c asks it.
 * Never:   looks at anything but the bytes it is given.
 */
#ifndef SAH_PROTO_TEXT_RULE_H
#define SAH_PROTO_TEXT_RULE_H

#include <sahaya/str.h>

enum text_rule {
    RULE_TEXT,     /* any UTF-8 */
    RULE_LINE,     /* UTF-8 without control characters: keys, numbers, codes */
    RULE_SERVICE,  /* [A-Z0-9_] */
    RULE_SLUG,     /* [a-z0-9-] */
    RULE_CUE,      /* [a-z0-9_] */
    RULE_LANGUAGE, /* a listed one */
    RULE_PINCODE,  /* six digits */
    RULE_PHONE,    /* digits, may begin with '+' */
    RULE_URL,      /* https only */
    RULE_SHA256,   /* 64 lower-case hex digits */
    RULE_REQUEST_ID,
    RULE_INCIDENT_ID,
};

/* NULL when the text follows the rule, else what is wrong with it. Empty follows every rule. */
const char *text_rule_fault(enum text_rule rule, struct sah_slice text);

#endif
