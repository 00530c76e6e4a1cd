/*
 * roster_agency - one row of `agencies`: who it is, what it serves, where it is reached. See
 * roster_parts.h.
 */
#include <string.h>

#include "agency/roster_parts.h"

#define CONCURRENCY_MAX 512
#define CONCURRENCY     16

static const char *const agency_keys[] = {"id",         "says",      "dial",  "services",
                                          "company",    "districts", "hours", "endpoints",
                                          "token_file", "fallbacks", NULL};
static const char *const endpoint_keys[] = {"id", "url", "secret_file", "concurrency", NULL};

/* A name within the secrets folder, or an absolute path. */
static int read_file_name(struct roster_reader *rr, const struct sah_yaml *map, const char *key,
                          char *dst, size_t size)
{
    char name[256] = "";
    int err = read_word(&rr->r, map, key, true, WORD_SAYS, name, sizeof name);

    if (err != SAH_OK)
        return err;
    err = name[0] == '/' ? sah_format(dst, size, "%s", name)
                         : sah_format(dst, size, "%s/%s", rr->secrets_folder, name);
    if (err != SAH_OK)
        return REFUSE(&rr->r, line_of(map, key), key,
                      "the path is too long; write a shorter one");
    return SAH_OK;
}

static int read_url(struct roster_reader *rr, const struct sah_yaml *map, char *dst,
                    size_t size)
{
    static const char key[] = "url";
    char url[SAH_URL_SIZE] = "";
    unsigned line = line_of(map, key);
    bool relative;
    const char *host;
    int err = read_word(&rr->r, map, key, true, WORD_SAYS, url, sizeof url);

    if (err != SAH_OK)
        return err;
    relative = strstr(url, "://") == NULL;
    if (relative && rr->endpoint_base[0] == '\0')
        return REFUSE(
            &rr->r, line, key,
            "'%.40s' is relative and there is no endpoint_base; write http://host/path", url);
    err = relative ? sah_format(dst, size, "%s/%s", rr->endpoint_base, url + (url[0] == '/'))
                   : sah_format(dst, size, "%s", url);
    if (err != SAH_OK)
        return REFUSE(&rr->r, line, key, "is too long; write at most %zu bytes", size - 1);
    if (strncmp(dst, "http://", 7) != 0 && strncmp(dst, "https://", 8) != 0)
        return REFUSE(&rr->r, line, key, "must begin with http:// or https://");
    host = strstr(dst, "://") + 3;
    if (*host == '\0' || *host == '/' || strpbrk(dst, " \"<>\\^`{|}") != NULL)
        return REFUSE(&rr->r, line, key,
                      "is no address; write for example http://127.0.0.1/108");
    if (strcspn(host, "@") < strcspn(host, "/"))
        return REFUSE(&rr->r, line, key,
                      "must hold no user name or password; the secret signs");
    return SAH_OK;
}

static int read_endpoint(struct roster_reader *rr, struct sah_agency *agency,
                         const struct sah_yaml *row)
{
    struct sah_endpoint *endpoint = &agency->endpoints[agency->n_endpoints];
    int64_t concurrency = CONCURRENCY;
    int err = sah_yaml_only(rr->r.doc, row, endpoint_keys, rr->r.fault);

    if (err == SAH_OK)
        err = read_word(&rr->r, row, "id", true, WORD_ID, endpoint->id, sizeof endpoint->id);
    if (err == SAH_OK)
        err = read_url(rr, row, endpoint->url, sizeof endpoint->url);
    if (err == SAH_OK)
        err = read_file_name(rr, row, "secret_file", endpoint->secret_file,
                             sizeof endpoint->secret_file);
    if (err == SAH_OK)
        err = sah_yaml_number(rr->r.doc, row, "concurrency", false, 1, CONCURRENCY_MAX,
                              &concurrency, rr->r.fault);
    if (err != SAH_OK)
        return err;
    endpoint->concurrency = (unsigned)concurrency;
    /* Queues are named after endpoints: an id is one agency's alone. */
    for (unsigned i = 0; i <= rr->roster->n_agencies; i++)
        for (unsigned j = 0; j < rr->roster->agencies[i].n_endpoints; j++)
            if (strcmp(rr->roster->agencies[i].endpoints[j].id, endpoint->id) == 0)
                return REFUSE(&rr->r, row->line, "id",
                              "endpoint '%s' is listed twice; give each its own id",
                              endpoint->id);
    agency->n_endpoints++;
    return SAH_OK;
}

static int read_endpoints(struct roster_reader *rr, struct sah_agency *agency,
                          const struct sah_yaml *row)
{
    const struct sah_yaml *item;
    int err = read_maps(&rr->r, row, "endpoints", true, SAH_ENDPOINTS_MAX, &item);

    for (; err == SAH_OK && item != NULL; item = item->next)
        err = read_endpoint(rr, agency, item);
    return err;
}

static int read_districts(struct roster_reader *rr, struct sah_agency *agency,
                          const struct sah_yaml *row)
{
    char ids[SAH_DISTRICTS_MAX][sizeof rr->roster->districts[0].id];
    unsigned n = 0, d;
    int err;

    if (sah_yaml_get(row, "districts") == NULL)
        return SAH_OK; /* the whole state */
    err = read_words(&rr->r, row, "districts", true, WORD_ID, ids, sizeof ids[0], SAH_LEN(ids),
                     &n);
    for (unsigned i = 0; i < n && err == SAH_OK; i++) {
        for (d = 0; d < rr->roster->n_districts; d++)
            if (strcmp(rr->roster->districts[d].id, ids[i]) == 0)
                break;
        if (d == rr->roster->n_districts)
            return REFUSE(&rr->r, line_of(row, "districts"), "districts",
                          "'%s' is not among the districts above; write one of their ids",
                          ids[i]);
        agency->districts |= UINT64_C(1) << d;
    }
    return err;
}

static bool two_digits(const char *p, unsigned max, unsigned *ret_value)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *ret_value = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    return *ret_value <= max;
}

/* "08:00-19:00"; over midnight is fine, an empty span is not. */
static int read_hours(struct roster_reader *rr, struct sah_agency *agency,
                      const struct sah_yaml *row)
{
    char text[12] = "";
    unsigned h1, m1, h2, m2;
    int err;

    if (sah_yaml_get(row, "hours") == NULL)
        return SAH_OK; /* always open */
    err = sah_yaml_text(rr->r.doc, row, "hours", true, text, sizeof text, rr->r.fault);
    if (err != SAH_OK)
        return err;
    if (strlen(text) != 11 || text[2] != ':' || text[5] != '-' || text[8] != ':' ||
        !two_digits(text, 23, &h1) || !two_digits(text + 3, 59, &m1) ||
        !two_digits(text + 6, 23, &h2) || !two_digits(text + 9, 59, &m2) ||
        h1 * 60 + m1 == h2 * 60 + m2)
        return REFUSE(&rr->r, line_of(row, "hours"), "hours",
                      "must be two times in India; write for example \"08:00-19:00\", or leave "
                      "the key out for always open");
    agency->open_minute = (uint16_t)(h1 * 60 + m1);
    agency->close_minute = (uint16_t)(h2 * 60 + m2);
    return SAH_OK;
}

static int read_names(struct roster_reader *rr, struct sah_agency *agency,
                      const struct sah_yaml *row)
{
    struct reader *r = &rr->r;
    int err = read_word(r, row, "id", true, WORD_ID, agency->id, sizeof agency->id);

    if (err == SAH_OK)
        err = read_word(r, row, "says", true, WORD_SAYS, agency->says, sizeof agency->says);
    if (err == SAH_OK)
        err = read_word(r, row, "dial", true, WORD_DIAL, agency->dial, sizeof agency->dial);
    if (err == SAH_OK)
        err = read_words(r, row, "services", false, WORD_SERVICE, agency->services,
                         sizeof agency->services[0], SAH_LEN(agency->services),
                         &agency->n_services);
    if (err == SAH_OK)
        err = read_word(r, row, "company", false, WORD_ID, agency->company,
                        sizeof agency->company);
    if (err == SAH_OK)
        err = read_words(r, row, "fallbacks", false, WORD_ID, agency->fallbacks,
                         sizeof agency->fallbacks[0], SAH_LEN(agency->fallbacks),
                         &agency->n_fallbacks);
    return err;
}

int roster_read_agency(struct roster_reader *rr, const struct sah_yaml *row)
{
    struct sah_roster *roster = rr->roster;
    struct sah_agency *agency = &roster->agencies[roster->n_agencies];
    int err = sah_yaml_only(rr->r.doc, row, agency_keys, rr->r.fault);

    if (err == SAH_OK)
        err = read_names(rr, agency, row);
    if (err == SAH_OK)
        err = read_districts(rr, agency, row);
    if (err == SAH_OK)
        err = read_hours(rr, agency, row);
    if (err == SAH_OK)
        err = read_endpoints(rr, agency, row);
    if (err == SAH_OK)
        err = read_file_name(rr, row, "token_file", agency->token_file,
                             sizeof agency->token_file);
    if (err != SAH_OK)
        return err;
    for (unsigned i = 0; i < roster->n_agencies; i++)
        if (strcmp(roster->agencies[i].id, agency->id) == 0)
            return REFUSE(&rr->r, row->line, "id", "agency '%s' is listed twice; write it once",
                          agency->id);
    rr->agency_lines[roster->n_agencies++] = row->line;
    return SAH_OK;
}
