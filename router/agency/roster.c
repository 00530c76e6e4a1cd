/*
 * roster - reads deploy/etc/agencies.yaml: the head, the districts and the routes. See
 * roster.h.
 *
 * The agencies are in roster_agency.c, what only the whole can show in roster_check.c.
 */
#include "agency/roster.h"

#include <stdlib.h>
#include <string.h>

#include "agency/roster_parts.h"

static const char *const root_keys[] = {"version",        "catch_all", "endpoint_base",
                                        "secrets_folder", "districts", "routes",
                                        "agencies",       NULL};
static const char *const district_keys[] = {"id", "name", "lat", "lon", NULL};
static const char *const route_keys[] = {"service", "as", NULL};

static int read_district(struct roster_reader *rr, const struct sah_yaml *row)
{
    struct sah_roster *roster = rr->roster;
    struct sah_district *district = &roster->districts[roster->n_districts];
    char name[65]; /* for the reader of the file; nothing routes by it */
    int err = sah_yaml_only(rr->r.doc, row, district_keys, rr->r.fault);

    if (err == SAH_OK)
        err = read_word(&rr->r, row, "id", true, WORD_ID, district->id, sizeof district->id);
    if (err == SAH_OK)
        err = read_word(&rr->r, row, "name", false, WORD_SAYS, name, sizeof name);
    if (err == SAH_OK)
        err = read_degrees(&rr->r, row, "lat", 90, &district->seat_lat_e7);
    if (err == SAH_OK)
        err = read_degrees(&rr->r, row, "lon", 180, &district->seat_lon_e7);
    if (err != SAH_OK)
        return err;
    for (unsigned i = 0; i < roster->n_districts; i++)
        if (strcmp(roster->districts[i].id, district->id) == 0)
            return REFUSE(&rr->r, row->line, "id",
                          "district '%s' is listed twice; write it once", district->id);
    roster->n_districts++;
    return SAH_OK;
}

static int read_route(struct roster_reader *rr, const struct sah_yaml *row)
{
    struct sah_roster *roster = rr->roster;
    struct sah_service_route *route = &roster->routes[roster->n_routes];
    int err = sah_yaml_only(rr->r.doc, row, route_keys, rr->r.fault);

    if (err == SAH_OK)
        err = read_word(&rr->r, row, "service", true, WORD_SERVICE, route->service,
                        sizeof route->service);
    if (err == SAH_OK)
        err = read_words(&rr->r, row, "as", true, WORD_SERVICE, route->as, sizeof route->as[0],
                         SAH_LEN(route->as), &route->n_as);
    if (err != SAH_OK)
        return err;
    for (unsigned i = 0; i < roster->n_routes; i++)
        if (strcmp(roster->routes[i].service, route->service) == 0)
            return REFUSE(&rr->r, row->line, "service",
                          "'%s' has a route already; write one row", route->service);
    rr->route_lines[roster->n_routes++] = row->line;
    return SAH_OK;
}

typedef int read_row(struct roster_reader *rr, const struct sah_yaml *row);

static int each_row(struct roster_reader *rr, const struct sah_yaml *root, const char *key,
                    bool required, unsigned max, read_row *fn)
{
    const struct sah_yaml *row;
    int err = read_maps(&rr->r, root, key, required, max, &row);

    for (; err == SAH_OK && row != NULL; row = row->next)
        err = fn(rr, row);
    return err;
}

/* A folder beside the file, or an absolute one. */
static int find_secrets(struct roster_reader *rr, const struct sah_yaml *root, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[sizeof rr->secrets_folder] = ".";
    int err =
        read_word(&rr->r, root, "secrets_folder", false, WORD_SAYS, folder, sizeof folder);

    if (err != SAH_OK)
        return err;
    if (folder[0] == '/' || slash == NULL)
        err = sah_format(rr->secrets_folder, sizeof rr->secrets_folder, "%s", folder);
    else
        err = sah_format(rr->secrets_folder, sizeof rr->secrets_folder, "%.*s/%s",
                         (int)(slash - path), path, folder);
    if (err != SAH_OK)
        return REFUSE(&rr->r, line_of(root, "secrets_folder"), "secrets_folder",
                      "is too long from here; write an absolute path of at most 200 bytes");
    return SAH_OK;
}

static int read_all(struct roster_reader *rr, const char *path)
{
    const struct sah_yaml *root = sah_yaml_root(rr->r.doc);
    struct sah_roster *roster = rr->roster;
    int err = sah_yaml_only(rr->r.doc, root, root_keys, rr->r.fault);

    if (err == SAH_OK)
        err = read_word(&rr->r, root, "version", true, WORD_RULE, roster->version,
                        sizeof roster->version);
    if (err == SAH_OK)
        err = read_word(&rr->r, root, "catch_all", true, WORD_ID, roster->catch_all,
                        sizeof roster->catch_all);
    if (err == SAH_OK)
        err = read_word(&rr->r, root, "endpoint_base", false, WORD_SAYS, rr->endpoint_base,
                        sizeof rr->endpoint_base);
    if (err == SAH_OK)
        err = find_secrets(rr, root, path);
    if (err == SAH_OK)
        err = each_row(rr, root, "districts", true, SAH_DISTRICTS_MAX, read_district);
    if (err == SAH_OK)
        err = each_row(rr, root, "routes", false, SAH_LEN(roster->routes), read_route);
    if (err == SAH_OK)
        err = each_row(rr, root, "agencies", true, SAH_AGENCIES_MAX, roster_read_agency);
    if (err == SAH_OK)
        err = roster_check(rr, root);
    return err;
}

int sah_roster_load(const char *path, struct sah_roster **ret_roster, struct sah_fault *fault)
{
    struct sah_yaml_doc *doc = NULL;
    struct roster_reader *rr = NULL;
    struct sah_roster *roster = NULL;
    int err = sah_yaml_load(path, &doc, fault);

    if (err != SAH_OK)
        return err;
    rr = calloc(1, sizeof *rr);
    roster = calloc(1, sizeof *roster);
    if (rr == NULL || roster == NULL) {
        sah_fault_set(fault, path, 0, "", "out of memory");
        err = SAH_ENOMEM;
    } else {
        rr->r = (struct reader){.doc = doc, .fault = fault};
        rr->roster = roster;
        err = read_all(rr, path);
    }
    if (err == SAH_OK) {
        *ret_roster = roster;
        roster = NULL;
    }
    free(roster);
    free(rr);
    sah_yaml_destroy(doc);
    return err;
}
