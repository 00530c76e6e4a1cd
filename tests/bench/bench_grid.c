/*
 * bench_grid - how long one match takes among 10,000 live incidents (9.11: under 5 ms).
 *
 * Prints microseconds a match, average and worst: spread over the state, in one city, and all
 * in one cell. A bench asserts nothing about time.   Usage: bench_grid incidents.yaml
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agency/sameness_file.h"
#include "policy/grid.h"

#define LIVE    10000
#define MATCHES 2000
#define NOW_MS  INT64_C(1795000000000)

static uint64_t seed = 20261123;

static uint32_t chance(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static double now_us(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct sah_incident_facts any(unsigned n, uint32_t width_e7, const char *const *types,
                                     unsigned n_types)
{
    struct sah_incident_facts f = {.priority = SAH_PRIORITY_P1,
                                   .has_point = true,
                                   .method = SAH_METHOD_GPS_PIN,
                                   .opened_ms = NOW_MS - (int64_t)chance(600000)};

    (void)sah_format(f.id, sizeof f.id, "I%010u", n);
    (void)sah_format(f.type, sizeof f.type, "%s", types[chance(n_types)]);
    f.lat_e7 = 173850000 + (int32_t)chance(width_e7);
    f.lon_e7 = 784867000 + (int32_t)chance(width_e7);
    f.last_ms = f.opened_ms;
    f.sender = n + 1;
    f.text = n + 1;
    f.callback = n + 1;
    return f;
}

static int measure(const struct sah_sameness_rules *rules, const char *what, uint32_t width_e7,
                   const char *const *types, unsigned n_types)
{
    struct sah_grid_matches found;
    struct sah_grid *grid = NULL;
    static double took[MATCHES];
    double all = 0, worst_cpu = 0;
    unsigned long looked = 0;

    if (sah_grid_create(rules, LIVE, &grid) != SAH_OK)
        return 1;
    for (unsigned i = 0; i < LIVE; i++) {
        struct sah_incident_facts f = any(i, width_e7, types, n_types);

        if (sah_grid_insert(grid, &f) != SAH_OK)
            return 1;
    }
    for (unsigned i = 0; i < MATCHES; i++) {
        struct sah_incident_facts f = any(LIVE + i, width_e7, types, n_types);
        double cpu = now_us(CLOCK_PROCESS_CPUTIME_ID), began = now_us(CLOCK_MONOTONIC);

        sah_grid_match(grid, &f, NOW_MS, &found);
        took[i] = now_us(CLOCK_MONOTONIC) - began;
        cpu = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        worst_cpu = cpu > worst_cpu ? cpu : worst_cpu;
        all += took[i];
        looked += found.looked;
    }
    qsort(took, MATCHES, sizeof took[0], by_size);
    printf(
        "%-24s us a match: %7.1f, p99 %7.1f, worst %8.1f (processor %7.1f); %6.1f looked at\n",
        what, all / MATCHES, took[MATCHES * 99 / 100], took[MATCHES - 1], worst_cpu,
        (double)looked / MATCHES);
    sah_grid_destroy(grid);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const mixed[] = {"FSTRU", "MVAINJY", "CARDIAC", "GASLEAKI", "TROUBLE"};
    struct sah_sameness_rules *rules = NULL;
    struct sah_fault fault = {0};
    int failed;

    if (argc != 2) {
        fprintf(stderr, "usage: bench_grid incidents.yaml\n");
        return 2;
    }
    if (sah_sameness_load(argv[1], &rules, &fault) != SAH_OK) {
        sah_fault_print(&fault, stderr);
        return 2;
    }
    failed = measure(rules, "over the state", 30000000, mixed, SAH_LEN(mixed)) ||
             measure(rules, "in one city", 2000000, mixed, SAH_LEN(mixed)) ||
             measure(rules, "in one cell", 20000, mixed, SAH_LEN(mixed)) ||
             measure(rules, "in one cell, all fires", 20000, mixed, 1);
    free(rules);
    return failed;
}
