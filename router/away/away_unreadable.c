/*
 * away_unreadable - records of the journal that are no message: found at the start, shown to a person,
 * and never taken for the message whose id they have. (I1, I4)
 *
 * Owns:    their list. Used by: away_direct.c finds them, away_take.c asks, away_bring.c has the turns.
 * Never:   closes one before a person can find it, unless the message itself comes again.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define AGAIN_MS 5000

static void close_record(struct sah_away *away, const struct unreadable *u)
{
    const struct sah_journal_record record = {
        .type = SAH_JOURNAL_CLOSED, .class_ = (uint8_t)u->class_, .id = u->id, .received_ms = away->now.wall_ms};

    /* Not written: after a restart it is found again, and kept again. */
    (void)away->s.journal->append(away->s.journal->data, &record, false, NULL, NULL);
}

static bool forget(struct sah_away *away, const struct sah_id *id)
{
    struct unreadable **at = &away->unreadable, *u;

    while (*at != NULL && !sah_id_equal(&(*at)->id, id))
        at = &(*at)->next;
    u = *at;
    if (u == NULL)
        return false;
    *at = u->next;
    close_record(away, u);
    free(u);
    return true;
}

void unreadable_add(struct sah_away *away, const struct sah_id *id, unsigned class_)
{
    struct unreadable *u = calloc(1, sizeof *u);

    SAH_ASSERT(u != NULL);
    u->id = *id;
    u->class_ = class_;
    u->next = away->unreadable;
    away->unreadable = u;
}

bool unreadable_replaced(struct sah_away *away, const struct sah_id *id)
{
    return forget(away, id);
}

struct keeping {
    struct sah_away *away;
    struct sah_id id;
};

static void on_kept(void *data, int err)
{
    struct keeping keeping = *(struct keeping *)data;
    struct sah_away *away = keeping.away;

    free(data);
    away->keeps_unreadable = false;
    if (away->stopping)
        return;
    if (err != SAH_OK)
        away->counters.bring_failed++;
    else
        (void)forget(away, &keeping.id); /* its message may have come meanwhile */
}

/* One at a time. What the disk does not give back stays there: nobody could look at a copy. */
void unreadable_turn(struct sah_away *away)
{
    struct unreadable *u = away->unreadable;
    struct keeping *keeping;
    struct sah_buf buf;

    while (u != NULL && u->next_try_ms > away->now.mono_ms)
        u = u->next;
    if (u == NULL || away->keeps_unreadable || away->stopping || !sah_health_asks(&away->health))
        return;
    u->next_try_ms = away->now.mono_ms + AGAIN_MS;
    sah_buf_init(&buf, SAH_JOURNAL_PAYLOAD_MAX);
    keeping = malloc(sizeof *keeping);
    if (keeping != NULL &&
        away->s.journal->read(away->s.journal->data, &u->id, SAH_JOURNAL_RECEIVED, 0, &buf) == SAH_OK) {
        *keeping = (struct keeping){away, u->id};
        away->keeps_unreadable = true;
        away->store.quarantine(away->store.data, "journal", "UNREADABLE", buf.data, buf.len, on_kept, keeping);
    } else {
        free(keeping);
    }
    sah_buf_fini(&buf);
}

void unreadable_fini(struct sah_away *away)
{
    while (away->unreadable != NULL) {
        struct unreadable *u = away->unreadable;

        away->unreadable = u->next;
        free(u);
    }
}
