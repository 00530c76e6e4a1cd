/*
 * adapter_submit - makes the messages of a step ready for the bus.
 *
 * Owns:    what every envelope says alike (producer, times), the lane, a provisional request
 * id. Used by: adapter_job.c, between the step and its commit; adapter_direct.c. Never:   lets one bad message
 * take the citizen's other messages or replies with it.
 *
 * An amendment may follow its request before a router has named that one: then `causation`
 * holds the request's message id and request_id is empty. Names follow from the message id, so
 * the name it will most likely get is filled in; the flight waits for the request and corrects
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "adapter_priv.h"

/* (I7) When in doubt a message is an emergency. A named request's lane is in its name. */
static enum sah_lane lane_of(const struct sah_message *message, enum sah_urgency urgency)
{
    enum sah_lane lane = SAH_LANE_UNSPECIFIED;

    if (message->request_id[0] != '\0' &&
        sah_request_id_parse(sah_slice_of(message->request_id), &lane, NULL) == SAH_OK)
        return lane == SAH_LANE_BULK ? SAH_LANE_BULK : SAH_LANE_EMERGENCY;
    return urgency == SAH_URGENCY_BULK ? SAH_LANE_BULK : SAH_LANE_EMERGENCY;
}

static const struct sah_open_request *unnamed_of(const struct sah_conversation *conversation,
                                                 const struct sah_id *message_id)
{
    for (unsigned i = conversation->n_open; i-- > 0;) {
        const struct sah_open_request *open = &conversation->open[i];

        if (sah_id_is_zero(message_id) ? open->request_id[0] == '\0'
                                       : sah_id_equal(&open->message_id, message_id))
            return open;
    }
    return NULL;
}

static void complete(struct sah_adapter *adapter, struct sah_message *message,
                     enum sah_urgency urgency, const struct sah_conversation *conversation)
{
    const struct sah_open_request *open;

    if (message->schema_version == 0)
        message->schema_version = SAH_SCHEMA_VERSION;
    if (message->producer[0] == '\0')
        (void)sah_copy_cut(message->producer, sizeof message->producer, adapter->producer,
                           strlen(adapter->producer));
    if (message->created_ms == 0)
        message->created_ms = sah_clock_wall_ms();
    if (message->kind == SAH_KIND_REQUEST || message->request_id[0] != '\0')
        return;
    open = unnamed_of(conversation, &message->causation);
    if (open == NULL)
        return;
    message->causation = open->message_id;
    if (open->request_id[0] != '\0')
        (void)sah_format(message->request_id, sizeof message->request_id, "%s",
                         open->request_id);
    else
        sah_request_id(urgency == SAH_URGENCY_BULK || open->urgency == SAH_URGENCY_BULK
                           ? SAH_LANE_BULK
                           : SAH_LANE_EMERGENCY,
                       0, &open->message_id, message->request_id);
}

static void broken(struct sah_adapter *adapter, const struct sah_message *message,
                   const char *why)
{
    char hex[SAH_ID_HEX_SIZE];

    sah_id_hex(&message->id, hex);
    adapter->counts.submits_broken++;
    sah_error(adapter->log, "event=submit.broken message=%s kind=%s why=\"%s\"", hex,
              sah_kind_name(message->kind), why);
    /* A fault of ours: the citizen's words are kept for a person to look at. (I9) */
    if (message->kind == SAH_KIND_REQUEST &&
        message->u.request.text_len <= sizeof message->u.request.text &&
        sah_ad_store_quarantine(&adapter->store, why, message->u.request.text,
                                message->u.request.text_len, NULL, NULL) != SAH_OK)
        sah_error(adapter->log, "event=quarantine.failed message=%s", hex);
}

unsigned sah_ad_submits_encode(struct sah_adapter *adapter, const char *sender,
                               struct sah_step *step,
                               struct sah_ad_submit submits[SAH_SUBMITS_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; i < step->n_submits; i++) {
        struct sah_message *message = &step->submits[i];
        struct sah_ad_submit *submit = &submits[n];
        struct sah_buf buf;
        char why[160] = "";

        complete(adapter, message, step->submit_urgency[i], &step->next);
        sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
        if (sah_message_encode(message, &buf, why, sizeof why) != SAH_OK || buf.failed) {
            sah_buf_fini(&buf);
            broken(adapter, message, why);
            continue;
        }
        *submit = (struct sah_ad_submit){.lane = lane_of(message, step->submit_urgency[i]),
                                         .bytes = buf.data,
                                         .len = buf.len};
        (void)sah_format(submit->sender, sizeof submit->sender, "%s", sender);
        n++;
    }
    return n;
}
