/*
 * grid - the live incidents by place, so that a new report is compared with its neighbours
 * only.
 *
 * Owns:    its entries: copies of facts, in memory taken once, when it is created.
 * Used by: core/intake.c: matched when a request was accepted, then inserted or reported.
 * Never:   gates: a full or empty grid only means that nothing is found, and the report goes on
 *          its way as its own incident (9.1, I2). Rebuilt from the store after a restart.
 *
 * Cells are as wide as the furthest two points may match apart, so a match lies in the 3x3
 * cells around the candidate (9.11); exact between 85 degrees south and north. What has no
 * place is found by its call-back number or its words. A match looks at SAH_GRID_LOOK_MAX
 * incidents at most, those with the newest report first; when that cut something off, it says
 * so and counts it.
 */
#ifndef SAHAYA_POLICY_GRID_H
#define SAHAYA_POLICY_GRID_H

#include "policy/sameness.h"

#define SAH_GRID_MATCHES_MAX  8
#define SAH_GRID_LOOK_MAX     4096
#define SAH_GRID_CHAIN_MAX    256 /* with the same number or words, beside the above */
#define SAH_GRID_CAPACITY_MAX 1000000

struct sah_grid; /* opaque */

/* Borrows the rules; they must outlive the grid. SAH_EINVAL: capacity 0 or past its bound;
 * SAH_ENOMEM. */
SAH_MUST_USE int sah_grid_create(const struct sah_sameness_rules *rules, unsigned capacity,
                                 struct sah_grid **ret_grid);
void sah_grid_destroy(struct sah_grid *grid); /* NULL is fine */

/*
 * A full grid puts out its oldest closed incident (counted), else refuses (SAH_ELIMIT,
 * counted): then the incident is not matched by later reports, and nothing else happens.
 * SAH_EEXIST: the id is there, nothing changed. SAH_EINVAL: no id, or a point outside the
 * world.
 */
SAH_MUST_USE int sah_grid_insert(struct sah_grid *grid, const struct sah_incident_facts *facts);
/*
 * A report was linked to `id`: one more, newest now, the higher priority and more patients
 * count (9.5), what was not known (place, floor, building, hashes) is taken over. SAH_ENOENT.
 */
SAH_MUST_USE int sah_grid_report(struct sah_grid *grid, const char *id,
                                 const struct sah_incident_facts *report, int64_t now_ms);
/* One reporter cancelled or was unlinked: the incident stays, one report fewer (9.4, 9.7). */
SAH_MUST_USE int sah_grid_leave(struct sah_grid *grid, const char *id);
/* The place of `id` is now that of `place` (point, method, radius, floor, building).
 * SAH_EINVAL. */
SAH_MUST_USE int sah_grid_move(struct sah_grid *grid, const char *id,
                               const struct sah_incident_facts *place);
/* 0 opens it again. A closed one stays to be shown (9.10). */
SAH_MUST_USE int sah_grid_close(struct sah_grid *grid, const char *id, int64_t closed_ms);
SAH_MUST_USE int sah_grid_remove(struct sah_grid *grid, const char *id);
/* Looks at the next `limit` slots and removes what is too old to match; returns how many. */
unsigned sah_grid_expire(struct sah_grid *grid, int64_t now_ms, unsigned limit);
/* Valid until the next call that changes the grid; NULL = none. */
const struct sah_incident_facts *sah_grid_find(const struct sah_grid *grid, const char *id);

struct sah_grid_match {
    char id[SAH_INCIDENT_ID_SIZE];
    struct sah_same_verdict verdict;
    int64_t last_ms;
    uint32_t report_count;
};
struct sah_grid_matches { /* LINK before SUGGEST, then nearest, then newest */
    unsigned n;
    struct sah_grid_match items[SAH_GRID_MATCHES_MAX];
    unsigned looked; /* incidents compared */
    bool cut;        /* there were more than may be looked at */
};
/* candidate->text_reports is counted here. An incident with the candidate's own id is passed
 * over, so that an amended request can be matched again. */
void sah_grid_match(struct sah_grid *grid, const struct sah_incident_facts *candidate,
                    int64_t now_ms, struct sah_grid_matches *ret_matches);

struct sah_grid_stats {
    unsigned capacity, held, closed;
    uint64_t inserted, refused, evicted, expired, matches, cut;
};
void sah_grid_stats(const struct sah_grid *grid, struct sah_grid_stats *ret_stats);

#endif
