/*
 * adapter_news - what routers say of an emergency is told from memory while our Redis is away: "a person
 * at 108 has it" is worth most in its first seconds.
 *
 * Owns:    which events were told so: the newest in memory, each with a place in the journal.
 * Used by: adapter_job.c, when Redis cannot take an event, and before it commits one; adapter_say.c.
 * Never:   acks such an event: its router gives it again, and the ordinary step brings the stored
 *          conversation up to date. Tells one twice, but in the moment of a crash, and then once more. Tells
 *          what is no emergency: that waits.
 *
 * The reply has the key of the ordinary way, and is marked as sent in Redis before that way would send
 * it (adapter_say.c). What the conversation in memory learns is what this process goes by meanwhile.
 */
#include <string.h>

#include <sahaya/clock.h>
#include <sahaya/digest.h>

#include "adapter_priv.h"

/* Event ids are unique within a lane only. The same news may come under another one. */
static int news_id(enum sah_lane lane, const char *name, struct sah_id *ret_id)
{
    const struct sah_slice parts[] = {SAH_SLICE("news"),
                                      lane == SAH_LANE_BULK ? SAH_SLICE("b") : SAH_SLICE("e"),
                                      sah_slice_of(name)};

    return sah_digest_id(parts, SAH_LEN(parts), ret_id);
}

static bool is_remembered(const struct sah_adapter *adapter, const struct sah_id *id)
{
    for (size_t i = 0; i < SAH_LEN(adapter->news); i++)
        if (sah_id_equal(&adapter->news[i], id))
            return true;
    return false;
}

void sah_ad_news_said(struct sah_adapter *adapter, const struct sah_id *id)
{
    if (is_remembered(adapter, id))
        return;
    adapter->news[adapter->next_news] = *id;
    adapter->next_news = (adapter->next_news + 1) % SAH_LEN(adapter->news);
}

static bool was_said(struct sah_adapter *adapter, const struct sah_id *id)
{
    struct sah_buf key;
    bool said = is_remembered(adapter, id);

    if (said || adapter->journal.journal == NULL ||
        !sah_journal_is_open(adapter->journal.journal, id))
        return said;
    sah_buf_init(&key, 256); /* of a life before this one */
    said = sah_journal_read(adapter->journal.journal, id, SAH_AD_RECORD_TOLD, 0, &key) == SAH_OK;
    sah_buf_fini(&key);
    return said;
}

void sah_ad_news_tell(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event)
{
    static const struct sah_conversation nothing;
    const struct sah_conversation *known = sah_ad_recall(adapter, event->sender);
    struct sah_step *step = &adapter->step;
    struct sah_id id;

    if (!event->emergency || news_id(lane, sah_outbox_event_name(event), &id) != SAH_OK ||
        sah_ad_is_saying(adapter, &id) || was_said(adapter, &id))
        return;
    memset(step, 0, sizeof *step);
    sah_dialog_event(adapter->dialog, known != NULL ? known : &nothing, event,
                     sah_clock_wall_ms(), step);
    if (known != NULL) /* an empty one would be taken for what is known of this citizen */
        sah_ad_remember(adapter, event->sender, &step->next);
    if (step->n_replies == 0)
        return;
    /* Without a place in the journal it is remembered by this process alone. */
    if (sah_ad_journal_put_news(adapter, &id) == SAH_ENOMEM)
        return; /* its router gives it again */
    for (unsigned i = 0; i < step->n_replies; i++)
        if (step->replies[i].emergency)
            sah_ad_say(adapter, &step->replies[i], &id);
    adapter->counts.news++;
}

void sah_ad_news_mark(struct sah_adapter *adapter, enum sah_lane lane,
                      const struct sah_outbox_event *event, const struct sah_step *step)
{
    struct sah_id id;

    if (news_id(lane, sah_outbox_event_name(event), &id) != SAH_OK)
        return;
    sah_ad_unsay(adapter, &id); /* the ordinary way sends it */
    if (!was_said(adapter, &id))
        return;
    for (unsigned i = 0; i < step->n_replies; i++)
        if (sah_ad_store_told(&adapter->store, sah_slice_of(step->replies[i].key)) != SAH_OK)
            sah_debug(adapter->log, "event=news.told err=skipped");
}

void sah_ad_news_committed(struct sah_adapter *adapter, enum sah_lane lane, const char *name)
{
    struct sah_id id;

    if (news_id(lane, name, &id) == SAH_OK)
        sah_ad_news_said(adapter, &id); /* it may come again, when the ack was lost */
}
