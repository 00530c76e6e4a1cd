/*
 * fake_agencies - see fake_agencies.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/fake_agencies.h"

#define FAKE_MAGIC    0xfa4ea6e1u
#define ENDPOINTS_MAX 64

struct under_way {
    struct under_way *next;
    uint64_t due_ms;
    char endpoint[SAH_AGENCY_SIZE];
    struct sah_agency_answer answer;
    sah_agency_fn *fn;
    void *fn_data;
};
struct endpoint {
    char id[SAH_AGENCY_SIZE];
    struct sah_fake_manner manner;
    unsigned under_way, most;
};
struct sah_fake_agencies {
    uint32_t magic;
    struct sah_agencies port;
    uint64_t now_ms;
    bool cut;
    unsigned n_endpoints;
    struct endpoint endpoints[ENDPOINTS_MAX];
    struct under_way *first; /* by due time, older first among equals */
    struct sah_fake_received *received;
    size_t n_received, cap;
};

static struct endpoint *endpoint_of(struct sah_fake_agencies *fake, const char *id)
{
    struct endpoint *e;

    for (unsigned i = 0; i < fake->n_endpoints; i++)
        if (strcmp(fake->endpoints[i].id, id) == 0)
            return &fake->endpoints[i];
    SAH_ASSERT(fake->n_endpoints < ENDPOINTS_MAX);
    e = &fake->endpoints[fake->n_endpoints++];
    (void)sah_format(e->id, sizeof e->id, "%s", id);
    return e;
}

static void note(struct sah_fake_agencies *fake, const struct sah_leased *leased)
{
    struct sah_fake_received *r;

    if (fake->n_received == fake->cap) {
        fake->cap = fake->cap ? fake->cap * 2 : 64;
        fake->received = realloc(fake->received, fake->cap * sizeof *fake->received);
        SAH_ASSERT(fake->received != NULL);
    }
    r = &fake->received[fake->n_received++];
    memset(r, 0, sizeof *r);
    r->at_ms = fake->now_ms;
    memcpy(r->key, leased->key, sizeof r->key);
    r->epoch = leased->epoch;
    memcpy(r->request_id, leased->request_id, sizeof r->request_id);
    memcpy(r->agency, leased->agency, sizeof r->agency);
    memcpy(r->endpoint, leased->endpoint, sizeof r->endpoint);
    r->priority = leased->priority;
    r->kind = leased->kind;
    r->sequence = leased->sequence;
    r->attempts = leased->attempts;
    r->possible_duplicate = leased->possible_duplicate;
    r->n_previous = leased->n_previous;
    memcpy(r->previous, leased->previous, sizeof r->previous);
    r->n_bytes = leased->bytes.len;
    r->bytes = malloc(r->n_bytes + 1);
    SAH_ASSERT(r->bytes != NULL);
    memcpy(r->bytes, leased->bytes.ptr, r->n_bytes);
    memcpy(r->note, leased->note, sizeof r->note);
    memcpy(r->incident_id, leased->incident_id, sizeof r->incident_id);
    r->suspicion = leased->suspicion;
    r->repeats = leased->repeats;
}

static void port_send(void *data, const struct sah_leased *leased, uint32_t deadline_ms,
                      sah_agency_fn *fn, void *fn_data)
{
    struct sah_fake_agencies *fake = data;
    struct endpoint *e = endpoint_of(fake, leased->endpoint);
    struct under_way *u = calloc(1, sizeof *u), **at = &fake->first;
    bool late = fake->cut || e->manner.silent || e->manner.after_ms >= deadline_ms;

    SAH_CHECK(fake, FAKE_MAGIC);
    SAH_ASSERT(u != NULL);
    if (!fake->cut)
        note(fake, leased);
    if (++e->under_way > e->most)
        e->most = e->under_way;
    (void)sah_format(u->endpoint, sizeof u->endpoint, "%s", leased->endpoint);
    u->fn = fn;
    u->fn_data = fn_data;
    u->answer.elapsed_ms = late ? deadline_ms : e->manner.after_ms;
    u->answer.answer.kind = late ? SAH_ANSWER_UNKNOWN : e->manner.kind;
    u->answer.answer.retry_after_ms =
        !late && e->manner.retry_after_ms > 0 ? e->manner.retry_after_ms : -1;
    if (!late) {
        u->answer.reason = e->manner.reason;
        if (e->manner.case_no != NULL)
            (void)sah_format(u->answer.case_no, sizeof u->answer.case_no, "%s",
                             e->manner.case_no);
    }
    u->due_ms = fake->now_ms + u->answer.elapsed_ms;
    while (*at != NULL && (*at)->due_ms <= u->due_ms)
        at = &(*at)->next;
    u->next = *at;
    *at = u;
}

unsigned sah_fake_agencies_run(struct sah_fake_agencies *fake, uint64_t now_ms)
{
    unsigned n = 0;

    SAH_CHECK(fake, FAKE_MAGIC);
    fake->now_ms = now_ms;
    while (fake->first != NULL && fake->first->due_ms <= now_ms) {
        struct under_way *u = fake->first;

        fake->first = u->next;
        endpoint_of(fake, u->endpoint)->under_way--;
        u->fn(u->fn_data, &u->answer);
        free(u);
        n++;
    }
    return n;
}

static void forget(struct sah_fake_agencies *fake)
{
    while (fake->first != NULL) {
        struct under_way *u = fake->first;

        fake->first = u->next;
        free(u);
    }
}

void sah_fake_agencies_cut(struct sah_fake_agencies *fake, bool cut)
{
    fake->cut = cut;
}

void sah_fake_agencies_set(struct sah_fake_agencies *fake, const char *endpoint,
                           const struct sah_fake_manner *manner)
{
    endpoint_of(fake, endpoint)->manner = *manner;
}

size_t sah_fake_agencies_n(const struct sah_fake_agencies *fake)
{
    return fake->n_received;
}

const struct sah_fake_received *sah_fake_agencies_received(const struct sah_fake_agencies *fake,
                                                           size_t i)
{
    return i < fake->n_received ? &fake->received[i] : NULL;
}

unsigned sah_fake_agencies_under_way(const struct sah_fake_agencies *fake)
{
    unsigned n = 0;

    for (const struct under_way *u = fake->first; u != NULL; u = u->next)
        n++;
    return n;
}

unsigned sah_fake_agencies_most(const struct sah_fake_agencies *fake, const char *endpoint)
{
    for (unsigned i = 0; i < fake->n_endpoints; i++)
        if (strcmp(fake->endpoints[i].id, endpoint) == 0)
            return fake->endpoints[i].most;
    return 0;
}

int sah_fake_agencies_create(struct sah_fake_agencies **ret_fake)
{
    struct sah_fake_agencies *fake = calloc(1, sizeof *fake);

    if (fake == NULL)
        return SAH_ENOMEM;
    fake->magic = FAKE_MAGIC;
    fake->port = (struct sah_agencies){.data = fake, .send = port_send};
    *ret_fake = fake;
    return SAH_OK;
}

void sah_fake_agencies_destroy(struct sah_fake_agencies *fake)
{
    if (fake == NULL)
        return;
    SAH_CHECK(fake, FAKE_MAGIC);
    forget(fake);
    for (size_t i = 0; i < fake->n_received; i++)
        free(fake->received[i].bytes);
    free(fake->received);
    fake->magic = 0;
    free(fake);
}

const struct sah_agencies *sah_fake_agencies_port(struct sah_fake_agencies *fake)
{
    return &fake->port;
}
