/*
 * cases - a ring of cases and two hash tables over it. See cases.h.
 */
#include "cases.h"

#include <stdlib.h>
#include <string.h>

#define CASE_MAGIC 0x57a4dca5u
#define BUCKETS    (1u << 17)

struct sah_cases {
    unsigned max;
    uint64_t last;          /* number of the newest */
    struct sah_case **ring; /* number n stands at n % max */
    struct sah_case **by_key, **by_request;
    void (*let_go)(struct sah_case *c);
};

/* FNV-1a over agency and name: the names come from us, nobody gains by making them collide. */
static unsigned bucket(const struct sah_agency *agency, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (const char *p = agency->id; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    return (unsigned)(hash ^ (hash >> 32)) % BUCKETS;
}

int sah_cases_create(unsigned max, void (*let_go)(struct sah_case *c),
                     struct sah_cases **ret_cases)
{
    struct sah_cases *cases = calloc(1, sizeof *cases);

    if (cases == NULL)
        return SAH_ENOMEM;
    cases->max = max;
    cases->let_go = let_go;
    cases->ring = calloc(max, sizeof *cases->ring);
    cases->by_key = calloc(BUCKETS, sizeof *cases->by_key);
    cases->by_request = calloc(BUCKETS, sizeof *cases->by_request);
    if (cases->ring == NULL || cases->by_key == NULL || cases->by_request == NULL) {
        sah_cases_destroy(cases);
        return SAH_ENOMEM;
    }
    *ret_cases = cases;
    return SAH_OK;
}

static void free_case(struct sah_case *c)
{
    free(c->key);
    free(c->request_id);
    free(c->status_url);
    c->magic = 0;
    free(c);
}

static void forget(struct sah_cases *cases, struct sah_case *c)
{
    struct sah_case **link = &cases->by_key[bucket(c->agency, c->key)];

    SAH_CHECK(c, CASE_MAGIC);
    while (*link != c)
        link = &(*link)->next_by_key;
    *link = c->next_by_key;
    if (c->is_request) {
        link = &cases->by_request[bucket(c->agency, c->request_id)];
        while (*link != c)
            link = &(*link)->next_by_request;
        *link = c->next_by_request;
    }
    cases->let_go(c);
    free_case(c);
}

void sah_cases_destroy(struct sah_cases *cases)
{
    if (cases == NULL)
        return;
    for (unsigned i = 0; cases->ring != NULL && i < cases->max; i++)
        if (cases->ring[i] != NULL)
            forget(cases, cases->ring[i]);
    free(cases->ring);
    free(cases->by_key);
    free(cases->by_request);
    free(cases);
}

struct sah_case *sah_cases_by_key(struct sah_cases *cases, const struct sah_agency *agency,
                                  const char *key)
{
    struct sah_case *c = cases->by_key[bucket(agency, key)];

    while (c != NULL && (c->agency != agency || strcmp(c->key, key) != 0))
        c = c->next_by_key;
    return c;
}

struct sah_case *sah_cases_by_request(struct sah_cases *cases, const struct sah_agency *agency,
                                      const char *request_id)
{
    struct sah_case *c = cases->by_request[bucket(agency, request_id)];

    while (c != NULL && (c->agency != agency || strcmp(c->request_id, request_id) != 0))
        c = c->next_by_request;
    return c;
}

static void link_in(struct sah_cases *cases, struct sah_case *c)
{
    struct sah_case **head = &cases->by_key[bucket(c->agency, c->key)];

    c->next_by_key = *head;
    *head = c;
    if (c->is_request) {
        head = &cases->by_request[bucket(c->agency, c->request_id)];
        c->next_by_request = *head;
        *head = c;
    }
    cases->ring[c->number % cases->max] = c;
}

struct sah_case *sah_cases_add(struct sah_cases *cases, struct sah_agency *agency,
                               const char *key, const char *request_id, const char *status_url,
                               bool is_request)
{
    struct sah_case *c = calloc(1, sizeof *c), *oldest;

    if (c == NULL)
        return NULL;
    c->magic = CASE_MAGIC;
    c->agency = agency;
    c->is_request = is_request;
    c->state = c->sending = -1;
    c->key = strdup(key);
    c->request_id = strdup(request_id);
    c->status_url = strdup(status_url);
    if (c->key == NULL || c->request_id == NULL || c->status_url == NULL) {
        free_case(c);
        return NULL;
    }
    c->number = ++cases->last;
    oldest = cases->ring[c->number % cases->max];
    if (oldest != NULL) {
        cases->ring[c->number % cases->max] = NULL;
        forget(cases, oldest);
    }
    link_in(cases, c);
    return c;
}
