/*
 * agencies - the agencies that were ever named, how each behaves, what each counted.
 *
 * Owns:    their rows; what holds for all others ("*").
 * Used by: delivery.c, play.c, standin.c, page.c.
 * Never:   forgets one, or holds more than SAH_AGENCIES_MAX.
 */
#ifndef SAH_STANDIN_AGENCIES_H
#define SAH_STANDIN_AGENCIES_H

#include <sahaya/http_server.h>

#include "behaviour.h"

#define SAH_AGENCIES_MAX   1024
#define SAH_AGENCY_ID_SIZE 33

struct sah_agency {
    char id[SAH_AGENCY_ID_SIZE];
    bool own; /* it was set for this agency; else what "*" says holds */
    struct sah_behaviour behaviour;
    uint64_t deliveries, copies, cases, statuses, statuses_refused, statuses_lost;
};

struct sah_agencies_table {
    struct sah_behaviour start, everyone; /* of the settings; set by "*" */
    unsigned n;
    struct sah_agency *rows; /* SAH_AGENCIES_MAX of them: a pointer to one stays good */
};

SAH_MUST_USE int sah_agencies_init(struct sah_agencies_table *table, uint32_t person_after_ms,
                                   uint32_t step_ms);
void sah_agencies_fini(struct sah_agencies_table *table);

/* Letters, digits, '-' and '_', 1..32 of them. */
bool sah_agency_id_good(struct sah_slice id);
/* Makes it when it is new; NULL when the table is full or the id is none. */
struct sah_agency *sah_agencies_of(struct sah_agencies_table *table, struct sah_slice id);
const struct sah_behaviour *sah_agency_behaviour(const struct sah_agencies_table *table,
                                                 const struct sah_agency *agency);

/* PUT /agencies/{id} and GET /agencies */
void sah_agencies_put(struct sah_agencies_table *table, struct sah_http_exchange *x);
void sah_agencies_tell(const struct sah_agencies_table *table, struct sah_http_exchange *x);

#endif
