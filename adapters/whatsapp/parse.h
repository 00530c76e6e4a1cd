/*
 * parse - the bytes of a signed POST -> a flat list of updates. Pure.
 *
 * Owns:    the JSON tree the updates point into.
 * Used by: webhook.c, once for each POST whose signature is good.
 * Never:   stops at the first entry, change or message, and never drops one silently: what has
 * the wrong shape becomes a BROKEN update of its own, beside its good neighbours.
 */
#ifndef SAH_WHATSAPP_PARSE_H
#define SAH_WHATSAPP_PARSE_H

#include <jansson.h>

#include <sahaya/str.h>

enum sah_update_kind {
    SAH_UPDATE_MESSAGE, /* piece: one element of value.messages */
    SAH_UPDATE_STATUS,  /* one element of value.statuses */
    SAH_UPDATE_ERROR,   /* one element of value.errors */
    SAH_UPDATE_FIELD,   /* a change of another field; piece: the change */
    SAH_UPDATE_BROKEN,  /* piece has the wrong shape; why says which */
    SAH_N_UPDATE_KINDS,
};
const char *sah_update_kind_name(enum sah_update_kind kind);

struct sah_update { /* all borrowed from the document */
    enum sah_update_kind kind;
    const json_t *account;  /* value.metadata.phone_number_id as it came; may be NULL */
    const json_t *contacts; /* value.contacts; may be NULL */
    const json_t *piece;
    const char *why; /* BROKEN only */
};

struct sah_parsed {
    json_t *root;
    bool repaired; /* broken characters were replaced by U+FFFD before reading */
    bool foreign;  /* `object` is not ours: there are no updates */
    size_t n_updates, cap_updates;
    struct sah_update *updates;
};

/* SAH_OK; SAH_EINVAL with *ret_why a short word when the document as a whole cannot be read;
 * SAH_ENOMEM. On success the caller ends `parsed` with sah_parsed_fini(). */
SAH_MUST_USE int sah_parse_webhook(const char *body, size_t len, struct sah_parsed *parsed,
                                   const char **ret_why);
void sah_parsed_fini(struct sah_parsed *parsed); /* a zeroed one is fine */

#endif
