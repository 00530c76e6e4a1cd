/*
 * bodies - messages[].<type> by type: a table from the type's name to what it means. Pure.
 *
 * Used by: normalize.c only.
 */
#ifndef SAH_WHATSAPP_BODIES_H
#define SAH_WHATSAPP_BODIES_H

#include "normalize.h"

struct sah_body_kind {
    const char *type; /* the wire's name */
    enum sah_wa_type counted;
    /* Fills kind, text, choice, place, media. `body` is message.<type>, NULL when absent.
     * SAH_EINVAL with *ret_why for a needed field that is missing or of the wrong type. */
    int (*read)(const json_t *body, struct sah_incoming *incoming, const char **ret_why);
};

/* Never NULL: an unknown type gets the row that makes an OTHER. */
const struct sah_body_kind *sah_body_kind_of(const char *type);

#endif
