/*
 * away_compare - while the store is away nothing is matched to incidents: each request of the direct core
 * says so to its agencies, and is compared once it is back. (I2)
 *
 * Owns:    the requests that wait for that; bounded: what has no room is an incident of its own for good.
 * Used by: away_direct.c, away_import.c; away.c has the turns. Never: holds up anything.
 */
#include <string.h>

#include "away/away_priv.h"

#define A_TURN 4
#define NOT_COMPARED "d" /* as core/incident.c notes it: dedup_unavailable in the delivery */

bool compare_marks(const struct sah_away *away, const struct sah_change *change)
{
    return away->s.incidents && change->expected_revision == 0 && change->kind == SAH_KIND_REQUEST &&
           change->note[0] == '\0';
}

void compare_mark(struct sah_away *away, struct sah_change *change)
{
    if (!compare_marks(away, change))
        return;
    (void)sah_format(change->note, sizeof change->note, NOT_COMPARED);
    away->counters.dedup_unavailable++;
}

void compare_add(struct sah_away *away, const char *request_id)
{
    size_t at = (away->compare.first + away->compare.n) % COMPARE_MAX;

    if (!away->s.incidents || away->compare.n == COMPARE_MAX)
        return;
    (void)sah_format(away->compare.ids[at], SAH_REQUEST_ID_SIZE, "%s", request_id);
    away->compare.n++;
}

void compare_turn(struct sah_away *away)
{
    if (!sah_health_asks(&away->health) || store_is_quiet(away, SAH_PACE_LATE_MS))
        return;
    for (unsigned i = 0; i < A_TURN && away->compare.n > 0; i++) {
        if (!sah_core_compare(away->main, away->compare.ids[away->compare.first], away->now))
            return; /* what others accepted is not known yet */
        away->compare.first = (away->compare.first + 1) % COMPARE_MAX;
        away->compare.n--;
    }
}
