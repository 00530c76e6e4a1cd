/*
 * bench_lease - what the store in memory, on which the direct core runs while Redis is away, needs for a
 * lease, a tick and a request that moves out, with 1,000, 10,000 and 100,000 deliveries ready.
 *
 * Prints microseconds of processor time each, and bytes a request. A bench asserts nothing about time.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/memory_store.h"

#define ENDPOINTS 20
#define LEASES 2000
#define TICKS 50
#define DROPS 500
#define NOW_MS INT64_C(1795000000000)

static struct sah_leased kept[4];
static unsigned n_kept;

static void on_commit(void *data, int err, const struct sah_committed *committed)
{
    SAH_UNUSED(data);
    SAH_ASSERT(err == SAH_OK && !committed->duplicate);
}

static void on_lease(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    SAH_UNUSED(data);
    SAH_ASSERT(err == SAH_OK && n <= SAH_LEN(kept));
    memcpy(kept, leased, n * sizeof *leased);
    n_kept = n;
}

static void on_done(void *data, int err)
{
    SAH_UNUSED(data);
    SAH_ASSERT(err == SAH_OK);
}

static void on_tick(void *data, int err, const struct sah_ticked *ticked)
{
    SAH_UNUSED(data);
    SAH_UNUSED(ticked);
    SAH_ASSERT(err == SAH_OK);
}

static double now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void endpoint_of(unsigned n, char dst[SAH_AGENCY_SIZE])
{
    (void)sah_format(dst, SAH_AGENCY_SIZE, "endpoint-%u", n % ENDPOINTS);
}

static struct sah_id id_of(unsigned n)
{
    struct sah_id id = {.bytes = {0}};

    memcpy(id.bytes, &n, sizeof n);
    id.bytes[15] = 1;
    return id;
}

static void add(struct sah_memory_store *memory, unsigned n)
{
    static struct sah_change change;
    static const char words[] = "a message of about the usual length, as an adapter hands it over: "
                                "what was said, where, and who is to be called back about it";
    const struct sah_store *port = sah_memory_store_port(memory);
    struct sah_plan *plan = &change.plans[0];
    struct sah_id id = id_of(n);

    memset(&change, 0, sizeof change);
    sah_request_id(SAH_LANE_EMERGENCY, 0, &id, change.request_id);
    sah_incident_id(0, &id, change.incident_id);
    change.message_id = plan->message_id = id;
    change.bytes = sah_slice_of(words);
    change.kind = plan->kind = SAH_KIND_REQUEST;
    change.sequence = plan->sequence = 1;
    change.priority = n % 3 == 0 ? SAH_PRIORITY_P0 : SAH_PRIORITY_P1;
    (void)sah_format(change.service, sizeof change.service, "AMBULANCE_108");
    change.closed_ms = -1;
    change.n_plans = change.n_lines = change.n_timers = 1;
    endpoint_of(n, plan->agency);
    endpoint_of(n, plan->endpoint);
    endpoint_of(n, change.lines[0].agency);
    endpoint_of(n, change.timers[0].agency);
    change.lines[0].state = SAH_STATE_QUEUED;
    change.lines[0].sequence = 1;
    change.timers[0].kind = SAH_TIMER_ACK;
    change.timers[0].after_now_ms = 3600000;
    sah_delivery_key(&id, plan->agency, plan->key);
    port->commit(port->data, &change, on_commit, NULL);
    (void)sah_memory_store_run(memory);
}

/* Leases up to four, and all but the first come back a second later. */
static void lease(struct sah_memory_store *memory, unsigned n)
{
    const struct sah_store *port = sah_memory_store_port(memory);
    char endpoint[SAH_AGENCY_SIZE];

    endpoint_of(n, endpoint);
    port->lease(port->data, endpoint, 2, (unsigned)SAH_LEN(kept), on_lease, NULL);
    (void)sah_memory_store_run(memory);
    for (unsigned i = 0; i < n_kept; i++) {
        struct sah_settle settle = {.kind = SAH_SETTLE_DELAY, .epoch = kept[i].epoch, .delay_ms = 1000, .outcome = SAH_ANSWER_TROUBLE};

        memcpy(settle.key, kept[i].key, sizeof settle.key);
        memcpy(settle.endpoint, endpoint, sizeof settle.endpoint);
        port->settle(port->data, &settle, on_done, NULL);
    }
    (void)sah_memory_store_run(memory);
}

static void move_out(struct sah_memory_store *memory, unsigned n)
{
    static struct sah_change change;
    char request_id[SAH_REQUEST_ID_SIZE];
    struct sah_id id = id_of(n);

    sah_request_id(SAH_LANE_EMERGENCY, 0, &id, request_id);
    if (!sah_memory_store_hold(memory, request_id, true))
        return;
    (void)sah_memory_store_export(memory, request_id, 0, &change);
    sah_memory_store_drop(memory, request_id);
}

static void measure(unsigned n)
{
    const struct sah_memory_store_settings settings = {.now_ms = NOW_MS, .lane = SAH_LANE_EMERGENCY};
    const struct sah_store *port;
    struct sah_memory_store *memory = NULL;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    double took[5] = {0};
    size_t bytes;

    SAH_ASSERT(sah_memory_store_create(&settings, &memory) == SAH_OK);
    port = sah_memory_store_port(memory);
    took[0] = now_us();
    for (unsigned i = 0; i < n; i++)
        add(memory, i + 1);
    took[0] = now_us() - took[0];
    bytes = (mallinfo2().uordblks + mallinfo2().hblkhd - before) / n;
    for (unsigned i = 0; i < LEASES; i++) {
        double began = now_us();

        lease(memory, i);
        took[1] += now_us() - began;
        if (i % (LEASES / TICKS) != 0)
            continue;
        sah_memory_store_set_now(memory, NOW_MS + 100 * (int64_t)i);
        began = now_us();
        port->tick(port->data, 128, on_tick, NULL);
        (void)sah_memory_store_run(memory);
        took[2] += now_us() - began;
    }
    took[3] = now_us();
    for (unsigned i = 0; i < DROPS; i++)
        move_out(memory, (i + 1) * (n / DROPS));
    took[3] = now_us() - took[3];
    printf("%7u ready: us an accept %7.1f, a lease of four and its answers %7.1f, a tick %8.1f, a move out %7.1f; "
           "bytes a request %zu\n",
           n, took[0] / n, took[1] / LEASES, took[2] / TICKS, took[3] / DROPS, bytes);
    fflush(stdout);
    sah_memory_store_destroy(memory);
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {1000, 10000, 100000};

    for (size_t i = 0; i < SAH_LEN(sizes); i++)
        if (argc < 2 || strtoul(argv[1], NULL, 10) >= sizes[i])
            measure(sizes[i]);
    return 0;
}
