/*
 * roster_parts - the steps of reading a roster, for roster.c only.
 */
#ifndef SAHAYA_AGENCY_ROSTER_PARTS_H
#define SAHAYA_AGENCY_ROSTER_PARTS_H

#include "agency/reader.h"
#include "policy/route.h"

struct roster_reader {
    struct reader r;
    struct sah_roster *roster;
    char endpoint_base[SAH_URL_SIZE];
    char secrets_folder[256];                /* as found from here, not from the file */
    unsigned agency_lines[SAH_AGENCIES_MAX]; /* where each stands, for faults found later */
    unsigned route_lines[SAH_LEN(((struct sah_roster *)0)->routes)];
};

/* One row of `agencies`, into the next place of the roster. roster_agency.c */
SAH_MUST_USE int roster_read_agency(struct roster_reader *rr, const struct sah_yaml *row);
/* What only the whole can show: names, chains, services, tokens. roster_check.c */
SAH_MUST_USE int roster_check(struct roster_reader *rr, const struct sah_yaml *root);

#endif
