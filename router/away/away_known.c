/*
 * away_known - messages that the main store is known to have, the newest of them: an adapter that asks
 * about one while the store is away is told so, and nothing is delivered a second time.
 *
 * Owns: the ring. Used by: away_take.c, away_import.c, away_bring.c.
 * Never: survives another run of the store, which may have less.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

void known_add(struct sah_away *away, const struct sah_id *id)
{
    struct sah_id *slot;

    if (away->known == NULL || known_has(away, id))
        return;
    slot = &away->known[away->n_known % KNOWN_MAX];
    if (away->n_known >= KNOWN_MAX)
        index_remove(&away->known_ids, slot, sizeof *slot);
    away->n_known++;
    *slot = *id;
    index_add(&away->known_ids, slot, sizeof *slot, slot);
}

bool known_has(const struct sah_away *away, const struct sah_id *id)
{
    return index_find(&away->known_ids, id, sizeof *id) != NULL;
}

void known_clear(struct sah_away *away)
{
    index_fini(&away->known_ids);
    memset(&away->known_ids, 0, sizeof away->known_ids);
    away->n_known = 0;
}
