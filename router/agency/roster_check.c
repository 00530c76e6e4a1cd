/*
 * roster_check - what only the whole roster can show. See roster_parts.h.
 *
 * After this nobody has to ask "and if there is none?": there is a catch-all, every chain of
 * fallbacks ends at it, every route leads to an agency, every secret can be read.
 */
#include <stdlib.h>
#include <string.h>

#include "agency/roster_parts.h"

#define SECRET_MIN 16 /* shorter ones can be guessed */

static const struct sah_agency *find(const struct roster_reader *rr, const char *id)
{
    return sah_roster_agency(rr->roster, sah_slice_of(id));
}

static bool is_catch_all(const struct roster_reader *rr, const struct sah_agency *agency)
{
    return strcmp(agency->id, rr->roster->catch_all) == 0;
}

static int check_catch_all(struct roster_reader *rr, const struct sah_yaml *root)
{
    const struct sah_agency *agency = find(rr, rr->roster->catch_all);
    unsigned line = line_of(root, "catch_all");

    if (agency == NULL)
        return REFUSE(&rr->r, line, "catch_all",
                      "there is no agency '%s'; write the id of one below",
                      rr->roster->catch_all);
    if (agency->open_minute != agency->close_minute || agency->districts != 0 ||
        agency->company[0] != '\0')
        return REFUSE(
            &rr->r, line, "catch_all",
            "'%s' has hours, districts or a company; choose one that takes everything",
            agency->id);
    return SAH_OK;
}

/* The names in one chain, and where it ends. */
static int check_chain(struct roster_reader *rr, const struct sah_agency *agency, unsigned line)
{
    static const char key[] = "fallbacks";
    const char *last = agency->n_fallbacks ? agency->fallbacks[agency->n_fallbacks - 1] : "";

    for (unsigned i = 0; i < agency->n_fallbacks; i++) {
        const struct sah_agency *next = find(rr, agency->fallbacks[i]);

        if (next == NULL)
            return REFUSE(&rr->r, line, key, "%s falls back to '%s', which is no agency here",
                          agency->id, agency->fallbacks[i]);
        if (next == agency)
            return REFUSE(&rr->r, line, key, "%s falls back to itself; name another",
                          agency->id);
        if (is_catch_all(rr, agency) && next->n_services > 0)
            return REFUSE(&rr->r, line, key,
                          "the catch-all is the end of every chain; behind it only an agency "
                          "without services may stand, and '%s' has some",
                          next->id);
    }
    if (is_catch_all(rr, agency))
        return SAH_OK;
    if (agency->n_services == 0 && agency->n_fallbacks > 0)
        return REFUSE(
            &rr->r, line, key,
            "%s serves nothing and stands behind the catch-all; leave its fallbacks out",
            agency->id);
    if (agency->n_services > 0 && strcmp(last, rr->roster->catch_all) != 0)
        return REFUSE(&rr->r, line, key,
                      "the chain of %s must end at the catch-all; write [..., \"%s\"]",
                      agency->id, rr->roster->catch_all);
    return SAH_OK;
}

/* An agency that nothing leads to is a slip of the pen. */
static int check_reached(struct roster_reader *rr, const struct sah_agency *agency,
                         unsigned line)
{
    const struct sah_agency *end = find(rr, rr->roster->catch_all);

    if (agency->n_services > 0 || is_catch_all(rr, agency))
        return SAH_OK;
    for (unsigned i = 0; i < end->n_fallbacks; i++)
        if (strcmp(end->fallbacks[i], agency->id) == 0)
            return SAH_OK;
    return REFUSE(
        &rr->r, line, "services",
        "%s serves nothing and the catch-all does not fall back to it; write services",
        agency->id);
}

static bool served(const struct sah_roster *roster, const char *service)
{
    for (unsigned i = 0; i < roster->n_agencies; i++)
        for (unsigned j = 0; j < roster->agencies[i].n_services; j++)
            if (strcmp(roster->agencies[i].services[j], service) == 0)
                return true;
    return false;
}

static int check_routes(struct roster_reader *rr)
{
    const struct sah_roster *roster = rr->roster;

    for (unsigned i = 0; i < roster->n_routes; i++) {
        const struct sah_service_route *route = &roster->routes[i];

        if (served(roster, route->service))
            return REFUSE(
                &rr->r, rr->route_lines[i], "service",
                "an agency serves %s itself and this route hides it; drop one of the two",
                route->service);
        for (unsigned j = 0; j < route->n_as; j++)
            if (!served(roster, route->as[j]))
                return REFUSE(&rr->r, rr->route_lines[i], "as",
                              "no agency serves %s; write a service that one has",
                              route->as[j]);
    }
    return SAH_OK;
}

static int check_secret(struct roster_reader *rr, const char *path, const char *key,
                        unsigned line, char **ret_secret)
{
    char *secret = NULL;
    size_t len = 0;
    int err = sah_read_secret(path, &secret, &len);

    if (err == SAH_OK && len < SECRET_MIN) {
        free(secret);
        return REFUSE(&rr->r, line, key,
                      "%s holds %zu bytes; write at least %d random letters into it", path, len,
                      SECRET_MIN);
    }
    if (err != SAH_OK)
        return REFUSE(&rr->r, line, key, "%s: %s; make the file, readable for this user alone",
                      path, sah_strerror(err));
    *ret_secret = secret;
    return SAH_OK;
}

static int check_secrets(struct roster_reader *rr, char *tokens[SAH_AGENCIES_MAX])
{
    const struct sah_roster *roster = rr->roster;

    for (unsigned i = 0; i < roster->n_agencies; i++) {
        const struct sah_agency *agency = &roster->agencies[i];
        int err =
            check_secret(rr, agency->token_file, "token_file", rr->agency_lines[i], &tokens[i]);

        for (unsigned j = 0; err == SAH_OK && j < agency->n_endpoints; j++) {
            char *secret = NULL;

            err = check_secret(rr, agency->endpoints[j].secret_file, "secret_file",
                               rr->agency_lines[i], &secret);
            free(secret);
        }
        for (unsigned j = 0; err == SAH_OK && j < i; j++)
            if (strcmp(tokens[i], tokens[j]) == 0)
                return REFUSE(&rr->r, rr->agency_lines[i], "token_file",
                              "%s and %s have the same token; a token belongs to one agency",
                              roster->agencies[j].id, agency->id);
        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

int roster_check(struct roster_reader *rr, const struct sah_yaml *root)
{
    char *tokens[SAH_AGENCIES_MAX] = {0};
    int err = check_catch_all(rr, root);

    for (unsigned i = 0; i < rr->roster->n_agencies && err == SAH_OK; i++)
        err = check_chain(rr, &rr->roster->agencies[i], rr->agency_lines[i]);
    for (unsigned i = 0; i < rr->roster->n_agencies && err == SAH_OK; i++)
        err = check_reached(rr, &rr->roster->agencies[i], rr->agency_lines[i]);
    if (err == SAH_OK)
        err = check_routes(rr);
    if (err == SAH_OK)
        err = check_secrets(rr, tokens);
    for (unsigned i = 0; i < SAH_AGENCIES_MAX; i++)
        free(tokens[i]);
    return err;
}
