/*
 * render - one struct sah_reply -> the JSON body of POST /{number}/messages. Pure.
 *
 * Used by: sender.c, once for each send.
 * Never:   lets a limit of the platform refuse a reply: what is too long is cut and counted,
 * and a reply that cannot have its buttons still goes out as text.
 */
#ifndef SAH_WHATSAPP_RENDER_H
#define SAH_WHATSAPP_RENDER_H

#include "dialog.h"

#define SAH_RENDER_MAX_BYTES (64 * 1024)

struct sah_render_notes {
    unsigned cuts; /* texts that were cut to a limit */
    bool degraded; /* sent as plain text, or as a list, because its own form was not possible */
};

/* SAH_EINVAL when the reply has no words, no usable reply token, or text that is not UTF-8;
 * SAH_ENOMEM. */
SAH_MUST_USE int sah_render(const struct sah_reply *reply, struct sah_buf *buf,
                            struct sah_render_notes *notes);

#endif
