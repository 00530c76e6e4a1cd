/*
 * adapter_kept - the index of what this process knows to be open in the journal: by id, by citizen.
 *
 * Owns:    struct sah_ad_kept, one for each entry that this process has put in, drained or looked at.
 * Used by: adapter_journal.c; whoever asks what of a citizen, or of an id, lies there.
 * Never:   reads or writes the journal, nor has two of one id.
 */
#include <stdlib.h>
#include <string.h>

#include "adapter_priv.h"

static struct sah_ad_kept **id_place(struct sah_ad_journal *j, const struct sah_id *id)
{
    uint64_t h;

    memcpy(&h, id->bytes, sizeof h); /* ids are digests */
    return &j->by_id[h % SAH_AD_KEPT_SLOTS];
}

struct sah_ad_kept *sah_ad_journal_find(const struct sah_adapter *adapter,
                                        const struct sah_id *id)
{
    struct sah_ad_kept *kept = *id_place((struct sah_ad_journal *)&adapter->journal, id);

    while (kept != NULL && !sah_id_equal(&kept->id, id))
        kept = kept->id_next;
    return kept;
}

uint64_t sah_ad_kept_sender(const struct sah_adapter *adapter, const char *sender)
{
    return sah_ad_hash(adapter->citizens.seed, sender, strlen(sender));
}

/* Of no citizen: each piece has a row of its own, so that a great many of them share none. */
uint64_t sah_ad_kept_nobody(const struct sah_id *id)
{
    uint64_t h;

    memcpy(&h, id->bytes + sizeof id->bytes - sizeof h, sizeof h);
    return h;
}

struct sah_ad_kept *sah_ad_kept_make(struct sah_adapter *adapter, const struct sah_id *id,
                                     uint64_t sender, uint8_t class_)
{
    struct sah_ad_journal *j = &adapter->journal;
    struct sah_ad_kept *kept = calloc(1, sizeof *kept);
    struct sah_ad_kept **at;

    SAH_ASSERT(sah_ad_journal_find(adapter, id) == NULL);
    if (kept == NULL)
        return NULL;
    kept->id = *id;
    kept->sender = sender;
    kept->class_ = class_;
    at = id_place(j, id);
    kept->id_next = *at;
    *at = kept;
    at = &j->by_sender[sender % SAH_AD_KEPT_SLOTS];
    kept->sender_next = *at;
    *at = kept;
    j->n++;
    return kept;
}

void sah_ad_kept_free(struct sah_adapter *adapter, struct sah_ad_kept *kept)
{
    struct sah_ad_journal *j = &adapter->journal;
    struct sah_ad_kept **at = id_place(j, &kept->id);

    while (*at != kept)
        at = &(*at)->id_next;
    *at = kept->id_next;
    at = &j->by_sender[kept->sender % SAH_AD_KEPT_SLOTS];
    while (*at != kept)
        at = &(*at)->sender_next;
    *at = kept->sender_next;
    j->n--;
    free(kept);
}

bool sah_ad_journal_holds(const struct sah_adapter *adapter, const char *sender)
{
    uint64_t hash;
    const struct sah_ad_kept *kept;

    if (adapter->journal.n == 0)
        return false;
    hash = sah_ad_kept_sender(adapter, sender);
    kept = adapter->journal.by_sender[hash % SAH_AD_KEPT_SLOTS];
    while (kept != NULL && kept->sender != hash)
        kept = kept->sender_next;
    return kept != NULL;
}
