/*
 * route - which agencies a service goes to, at which endpoint first, and who is next. Pure.
 *
 * Owns:    the meaning of the roster (deploy/etc/agencies.yaml, read by agency/roster.c).
 * Used by: core/intake.c, core/dispatch.c.
 * Never:   answers "nobody": the catch-all (112) is checked when the roster is loaded.
 *
 * No place, or one that cannot be resolved: the state-level agency of the service, at once.
 */
#ifndef SAHAYA_POLICY_ROUTE_H
#define SAHAYA_POLICY_ROUTE_H

#include <sahaya/request.h>

#define SAH_ENDPOINTS_MAX 3
#define SAH_AGENCIES_MAX 256
#define SAH_DISTRICTS_MAX 40
#define SAH_AGENCY_SERVICES_MAX 8
#define SAH_FALLBACKS_MAX 6

struct sah_district {
    char id[33]; /* "hyderabad" */
    int32_t seat_lat_e7, seat_lon_e7;
};

struct sah_endpoint {
    char id[SAH_AGENCY_SIZE];
    char url[SAH_URL_SIZE];
    char secret_file[257]; /* signs deliveries */
    unsigned concurrency;  /* requests in flight at most */
};

struct sah_agency {
    char id[SAH_AGENCY_SIZE];
    char says[33]; /* how a citizen is told: "108", "Indane" */
    char dial[17]; /* the number to dial */
    unsigned n_services;
    char services[SAH_AGENCY_SERVICES_MAX][SAH_SERVICE_SIZE];
    char company[17];        /* LPG: only requests for this company; "" = any */
    uint64_t districts;      /* bit i = roster->districts[i]; 0 = the whole state */
    uint16_t open_minute, close_minute; /* of the day in India; equal = always open */
    unsigned n_endpoints;
    struct sah_endpoint endpoints[SAH_ENDPOINTS_MAX];
    char token_file[257];    /* proves its status calls */
    unsigned n_fallbacks;
    char fallbacks[SAH_FALLBACKS_MAX][SAH_AGENCY_SIZE]; /* in order; ends at the catch-all */
};

struct sah_service_route { /* a service that goes to several agencies: LPG_LEAK -> FIRE_101, HELPLINE_1906 */
    char service[SAH_SERVICE_SIZE];
    unsigned n_as;
    char as[SAH_ADDITIONAL_MAX][SAH_SERVICE_SIZE];
};

struct sah_roster {
    char version[33];
    char catch_all[SAH_AGENCY_SIZE];
    unsigned n_districts, n_agencies, n_routes;
    struct sah_district districts[SAH_DISTRICTS_MAX];
    struct sah_agency agencies[SAH_AGENCIES_MAX];
    struct sah_service_route routes[32];
};

const struct sah_agency *sah_roster_agency(const struct sah_roster *roster, struct sah_slice id); /* NULL = none */

/* The district of a place: its stated one, else the nearest seat by great circle when the point lies
 * within 80 km of one. -1 = unknown or out of the state. */
int sah_route_district(const struct sah_roster *roster, const struct sah_place *place);
/* Metres between two points (haversine, sphere of 6,371,008.8 m). */
double sah_distance_m(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7, int32_t lon2_e7);

#define SAH_ROUTE_MAX 8
struct sah_route {
    unsigned n;
    const struct sah_agency *agencies[SAH_ROUTE_MAX]; /* no doubles */
    bool catch_all_used; /* some service had no agency of its own */
};
/* Agencies for each service: the district's own before the state's, an open one before a closed one. */
void sah_route(const struct sah_roster *roster, const char (*services)[SAH_SERVICE_SIZE], unsigned n_services,
               const char *company, int district, unsigned minute_of_day, struct sah_route *ret_route);
/* The next agency after `agency` that is not among `tried`; NULL: the chain has ended, a person is next. */
const struct sah_agency *sah_route_fallback(const struct sah_roster *roster, const struct sah_agency *agency,
                                            const char (*tried)[SAH_AGENCY_SIZE], unsigned n_tried);

#endif
