/*
 * route - which agencies a service goes to, and who is next. See route.h.
 */
#include <math.h>
#include <string.h>

#include "policy/route.h"

#define EARTH_RADIUS_M 6371008.8
#define NEAREST_SEAT_MAX_M 80000.0
#define RADIANS_PER_E7 (3.14159265358979323846 / 180.0 / 1e7)

const struct sah_agency *sah_roster_agency(const struct sah_roster *roster, struct sah_slice id)
{
    for (unsigned i = 0; i < roster->n_agencies; i++)
        if (sah_slice_is(id, roster->agencies[i].id))
            return &roster->agencies[i];
    return NULL;
}

double sah_distance_m(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7, int32_t lon2_e7)
{
    double lat1 = lat1_e7 * RADIANS_PER_E7, lat2 = lat2_e7 * RADIANS_PER_E7;
    double half_lat = (lat2 - lat1) / 2;
    double half_lon = ((double)lon2_e7 - (double)lon1_e7) * RADIANS_PER_E7 / 2;
    double a = sin(half_lat) * sin(half_lat) + cos(lat1) * cos(lat2) * sin(half_lon) * sin(half_lon);

    return 2 * EARTH_RADIUS_M * asin(sqrt(a > 1 ? 1 : a));
}

int sah_route_district(const struct sah_roster *roster, const struct sah_place *place)
{
    double best_m = NEAREST_SEAT_MAX_M;
    int best = -1;

    for (unsigned i = 0; place->district[0] != '\0' && i < roster->n_districts; i++)
        if (strcmp(roster->districts[i].id, place->district) == 0)
            return (int)i;
    for (unsigned i = 0; place->has_point && i < roster->n_districts; i++) {
        double m = sah_distance_m(place->lat_e7, place->lon_e7, roster->districts[i].seat_lat_e7,
                                  roster->districts[i].seat_lon_e7);

        if (m <= best_m) {
            best_m = m;
            best = (int)i;
        }
    }
    return best;
}

static bool serves(const struct sah_agency *agency, const char *service)
{
    for (unsigned i = 0; i < agency->n_services; i++)
        if (strcmp(agency->services[i], service) == 0)
            return true;
    return false;
}

static bool is_open(const struct sah_agency *agency, unsigned minute)
{
    if (agency->open_minute == agency->close_minute)
        return true;
    if (agency->open_minute < agency->close_minute)
        return minute >= agency->open_minute && minute < agency->close_minute;
    return minute >= agency->open_minute || minute < agency->close_minute; /* over midnight */
}

/* 0 = not for this one. Nearer beats wider, the named company beats any, open beats closed. */
static unsigned fitness(const struct sah_agency *agency, const char *service, const char *company, int district,
                        unsigned minute)
{
    unsigned fit = 1;

    if (!serves(agency, service))
        return 0;
    if (agency->company[0] != '\0') {
        if (company == NULL || strcmp(agency->company, company) != 0)
            return 0;
        fit += 8;
    }
    if (agency->districts != 0) {
        if (district < 0 || (agency->districts & (UINT64_C(1) << district)) == 0)
            return 0;
        fit += 2;
    }
    if (is_open(agency, minute))
        fit += 4;
    return fit;
}

static void add_agency(struct sah_route *route, const struct sah_agency *agency)
{
    for (unsigned i = 0; i < route->n; i++)
        if (route->agencies[i] == agency)
            return;
    if (route->n < SAH_ROUTE_MAX)
        route->agencies[route->n++] = agency;
}

static bool route_one(const struct sah_roster *roster, const char *service, const char *company, int district,
                      unsigned minute, struct sah_route *route)
{
    const struct sah_agency *best = NULL;
    unsigned best_fit = 0;

    for (unsigned i = 0; i < roster->n_agencies; i++) {
        unsigned fit = fitness(&roster->agencies[i], service, company, district, minute);

        if (fit > best_fit) { /* the first of equals, in file order */
            best_fit = fit;
            best = &roster->agencies[i];
        }
    }
    if (best != NULL)
        add_agency(route, best);
    return best != NULL;
}

static const struct sah_service_route *split_of(const struct sah_roster *roster, const char *service)
{
    for (unsigned i = 0; i < roster->n_routes; i++)
        if (strcmp(roster->routes[i].service, service) == 0)
            return &roster->routes[i];
    return NULL;
}

void sah_route(const struct sah_roster *roster, const char (*services)[SAH_SERVICE_SIZE], unsigned n_services,
               const char *company, int district, unsigned minute_of_day, struct sah_route *ret_route)
{
    memset(ret_route, 0, sizeof *ret_route);
    for (unsigned i = 0; i < n_services; i++) {
        const struct sah_service_route *split = split_of(roster, services[i]);
        bool found = split == NULL && route_one(roster, services[i], company, district, minute_of_day, ret_route);

        for (unsigned j = 0; split != NULL && j < split->n_as; j++)
            found |= route_one(roster, split->as[j], company, district, minute_of_day, ret_route);
        if (!found) {
            add_agency(ret_route, sah_roster_agency(roster, sah_slice_of(roster->catch_all)));
            ret_route->catch_all_used = true;
        }
    }
    if (ret_route->n == 0) {
        add_agency(ret_route, sah_roster_agency(roster, sah_slice_of(roster->catch_all)));
        ret_route->catch_all_used = true;
    }
}

static bool was_tried(const char *agency, const char (*tried)[SAH_AGENCY_SIZE], unsigned n_tried)
{
    for (unsigned i = 0; i < n_tried; i++)
        if (strcmp(tried[i], agency) == 0)
            return true;
    return false;
}

const struct sah_agency *sah_route_fallback(const struct sah_roster *roster, const struct sah_agency *agency,
                                            const char (*tried)[SAH_AGENCY_SIZE], unsigned n_tried)
{
    for (unsigned i = 0; i < agency->n_fallbacks; i++)
        if (strcmp(agency->fallbacks[i], agency->id) != 0 && !was_tried(agency->fallbacks[i], tried, n_tried))
            return sah_roster_agency(roster, sah_slice_of(agency->fallbacks[i]));
    return NULL;
}
