/*
 * normalize - one message of a webhook -> one struct sah_incoming, channel-neutral. Pure.
 *
 * Used by: webhook.c, once for each MESSAGE update.
 * Never:   drops a message. What it cannot read it names (quarantine); what it does not know by
 *          type becomes OTHER with the type's name, so that the citizen gets an answer.
 */
#ifndef SAH_WHATSAPP_NORMALIZE_H
#define SAH_WHATSAPP_NORMALIZE_H

#include "dialog.h"
#include "parse.h"

#define SAH_WA_CHANNEL "whatsapp"

/* Known types, for counting; anything else counts as the last one, "other". */
#define SAH_WA_TYPES(X)                                                                   \
    X(text)                                                                               \
    X(image)                                                                              \
    X(video) X(audio) X(voice) X(document) X(sticker) X(location) X(contacts) X(reaction) \
        X(interactive) X(button) X(order) X(system) X(edit) X(revoke) X(unsupported)      \
            X(request_welcome) X(unknown) X(other)
enum sah_wa_type {
#define X(name) SAH_WA_TYPE_##name,
    SAH_WA_TYPES(X)
#undef X
        SAH_N_WA_TYPES
};
const char *sah_wa_type_name(enum sah_wa_type type);

struct sah_wa_notes { /* what an operator wants counted about one message */
    enum sah_wa_type type;
    bool time_absurd; /* no timestamp that makes sense: received_ms stands in */
    bool group;       /* from a group: kept, not answered */
    bool no_phone;    /* the sender came with a business-scoped id only */
};

/*
 * SAH_OK; SAH_EINVAL with *ret_why when a needed field is missing or of the wrong type;
 * SAH_ENOMEM or SAH_EIO when the id could not be made. `incoming` is then unspecified.
 * `repaired`: the document had broken characters; a text with U+FFFD in it is flagged so.
 */
SAH_MUST_USE int sah_normalize(const struct sah_update *update, int64_t received_ms,
                               bool repaired, struct sah_incoming *incoming,
                               struct sah_wa_notes *notes, const char **ret_why);

#endif
