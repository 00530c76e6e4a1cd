/*
 * sim_random - worlds from seeds: what happens, and when, is the seed's alone.
 *
 *   sim_random --seeds A..B [--steps M]        every seed must be without a violation
 *   sim_random --seed N [--steps M] [--trace]  one, told step by step
 *   ... --away                                 a journal and a direct core in each, not in every fourth
 *   sim_random --plant NAME --seeds A..B       the planted fault must be found (exit 0)
 *   sim_random --plants --seeds A..B           each of them
 *   sim_random --list                          their names
 *
 * A violation is printed with its invariant, seed and step, what happened to that request, and
 * the command that plays it again. Exit: 0 good, 1 a violation (or a fault not found), 2 wrong
 * usage.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/world.h"

#define STEPS 1000

struct options {
    uint64_t first, last;
    unsigned steps;
    bool trace, all_plants, away;
    const char *plant;
};

/* ---- one step of a world */

static void some_time(struct world *w)
{
    uint32_t what = world_roll(w, 400);

    if (what == 0)
        world_idle(w, 5 * 60 * 1000 + world_roll(w, 900000), 60000);
    else if (what < 4)
        world_idle(w, 20000 + world_roll(w, 100000), 5000);
    else if (what < 40)
        world_idle(w, world_roll(w, 4000), 500);
    else
        world_pass(w, world_roll(w, 150));
}

static void some_trouble(struct world *w, unsigned routers, bool away)
{
    unsigned router = world_roll(w, routers);

    if (away && world_roll(w, 2) == 0) {
        world_links_change(w);
        return;
    }
    switch (world_roll(w, 14)) {
    case 0:
    case 1:
        world_crash(w, router);
        if (world_roll(w, 2) == 0)
            world_start(w, router);
        return;
    case 2:
    case 3:
        world_store(w, (enum world_store)world_roll(w, 4));
        return;
    case 4:
    case 5:
        world_store(w, WORLD_STORE_FINE);
        return;
    case 6:
    case 7:
        world_adapters(w, world_roll(w, 3) > 0, world_roll(w, 3) > 0);
        return;
    case 8:
        if (world_roll(w, 10) == 0)
            world_jump_store(w, world_roll(w, 2) ? 9 * (int64_t)WORLD_DAY_MS : -3600000);
        return;
    case 9:
        world_jump_wall(w, router, world_roll(w, 2) ? 9 * (int64_t)WORLD_DAY_MS : -3600000);
        return;
    case 10:
        if (world_is_up(w, router))
            world_stall(w, router, 500 + world_roll(w, 8000));
        return;
    case 11:
        world_adapter_asks_again(w);
        return;
    default:
        world_store_fault(w, (enum sah_memory_fault)(1 + world_roll(w, 3)));
    }
}

static void step(struct world *w, unsigned routers, bool away)
{
    uint32_t what = world_roll(w, 100);

    if (what < 12)
        world_citizen_acts(w);
    else if (what < 26)
        world_agency_acts(w);
    else if (what < 29)
        world_mood_changes(w);
    else if (what < 31)
        world_operator_acts(w);
    else if (what < 38)
        some_trouble(w, routers, away);
    else if (what < 42)
        world_start(w, world_roll(w, routers));
    else if (what < 66)
        world_some(w, 1 + world_roll(w, 4));
    else
        some_time(w);
}

/* Most seeds pass ten idle days somewhere: what was said before them is still known after. */
static void idle_days(struct world *w, bool away)
{
    unsigned n = world_messages(w);

    if (away)
        world_link(w, 0, WORLD_LINK_FINE, 0);
    world_store(w, WORLD_STORE_FINE);
    world_start(w, 0);
    world_manner_all(w, WORLD_ACKS);
    world_idle(w, 10 * WORLD_DAY_MS - 3600000, 6 * 60 * 60 * 1000);
    for (unsigned i = n; i > 0 && i + 3 > n; i--)
        world_again(w, i - 1);
    world_settle(w);
}

static struct world *play(const struct options *o, uint64_t seed, const char *trace)
{
    uint64_t mix = seed * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    struct world_options options = {.seed = seed,
                                    .routers = 1 + (unsigned)(mix % 2),
                                    .lane = mix % 16 == 9 ? SAH_LANE_BULK : SAH_LANE_EMERGENCY,
                                    .concurrency = 1 + (unsigned)(mix >> 8) % 5,
                                    .jobs_max = (mix >> 16) % 8 == 0 ? 6 : 0,
                                    .admits = mix % 32 == 9 ? 12 : 0,
                                    .incidents = (mix >> 12) % 2 == 0,
                                    .away = o->away || (mix >> 24) % 4 == 3,
                                    .plant = o->plant,
                                    .trace = trace};
    struct world *w = world_new(&options);
    unsigned days_at = (unsigned)(mix >> 20) % (2 * o->steps);

    for (unsigned i = 0; i < o->steps && world_violated(w) == NULL; i++) {
        step(w, options.routers, options.away);
        if (i == days_at)
            idle_days(w, options.away);
        world_set_step(w, i + 1);
    }
    world_finish(w);
    return w;
}

/* ---- what is said about it */

static void report(const struct options *o, uint64_t seed, const struct world_violation *v)
{
    char request_id[SAH_REQUEST_ID_SIZE];
    struct world *w;

    printf("VIOLATION of %s: %s\n  seed %" PRIu64 ", step %u, at %" PRIu64 " ms, request %s\n",
           v->invariant, v->what, seed, v->step, v->at_ms,
           v->request_id[0] ? v->request_id : "-");
    memcpy(request_id, v->request_id, sizeof request_id);
    if (!o->trace && request_id[0] != '\0') { /* once more, telling of that request alone */
        w = play(o, seed, request_id);
        world_free(w);
    }
    printf("  again: sim_random --seed %" PRIu64 " --steps %u --trace%s%s%s\n", seed, o->steps,
           o->away ? " --away" : "", o->plant != NULL ? " --plant " : "", o->plant != NULL ? o->plant : "");
    fflush(stdout);
}

static int play_clean(const struct options *o)
{
    struct timespec from, to;
    double seconds;
    uint64_t played = 0, messages = 0, attempts = 0, events = 0;
    unsigned bad = 0;

    clock_gettime(CLOCK_MONOTONIC, &from);
    for (uint64_t seed = o->first; seed <= o->last && bad < 3; seed++) {
        struct world *w = play(o, seed, o->trace ? "" : NULL);

        if (world_violated(w) != NULL) {
            report(o, seed, world_violated(w));
            bad++;
        }
        messages += world_messages(w);
        attempts += sah_fake_agencies_n(world_rig(w)->agencies);
        events += sah_fake_adapters_n(world_rig(w)->adapters);
        world_free(w);
        played++;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%" PRIu64 " messages, %" PRIu64 " attempts, %" PRIu64 " events given\n", messages,
           attempts, events);
    printf("%" PRIu64 " seeds from %" PRIu64 ", %u steps each: %u bad, %.1f s, %.0f steps/s\n",
           played, o->first, o->steps, bad, seconds, (double)played * o->steps / seconds);
    return bad > 0;
}

/* Found when a violation of the invariant shows that the fault stands for. */
static int find_plant(const struct options *o, const struct world_plant *plant)
{
    struct options with = *o;

    with.plant = plant->name;
    with.away |= plant->away;
    for (uint64_t seed = o->first; seed <= o->last; seed++) {
        struct world *w = play(&with, seed, o->trace ? "" : NULL);
        const struct world_violation *v = world_violated(w);

        if (v != NULL && strcmp(v->invariant, plant->finds) == 0) {
            printf("found %-22s %-3s seed %" PRIu64 " step %u: %s\n", plant->name, v->invariant,
                   seed, v->step, v->what);
            world_free(w);
            return 0;
        }
        if (v != NULL)
            printf("  (%s shows as %s, seed %" PRIu64 " step %u: %s)\n", plant->name,
                   v->invariant, seed, v->step, v->what);
        world_free(w);
    }
    printf("NOT FOUND %s in seeds %" PRIu64 "..%" PRIu64 "\n", plant->name, o->first, o->last);
    return 1;
}

static int find_plants(const struct options *o)
{
    int missed = 0;

    for (unsigned i = 0; i < world_n_plants; i++)
        if (o->all_plants || strcmp(world_plants[i].name, o->plant) == 0)
            missed += find_plant(o, &world_plants[i]);
    return missed > 0;
}

/* ---- usage */

static bool number(const char *text, char **end, uint64_t *ret)
{
    errno = 0;
    *ret = strtoull(text, end, 10);
    return errno == 0 && *end != text;
}

static bool option(struct options *o, const char *name, const char *value)
{
    uint64_t n;
    char *end;

    if (value == NULL)
        return false;
    if (strcmp(name, "--plant") == 0) {
        o->plant = value;
        for (unsigned i = 0; i < world_n_plants; i++)
            if (strcmp(world_plants[i].name, value) == 0)
                return true;
        return false;
    }
    if (!number(value, &end, &n))
        return false;
    if (strcmp(name, "--steps") == 0 && *end == '\0' && n > 0 && n <= 1000000) {
        o->steps = (unsigned)n;
        return true;
    }
    o->first = o->last = n;
    if (strcmp(name, "--seed") == 0)
        return *end == '\0';
    if (strcmp(name, "--seeds") != 0 || strncmp(end, "..", 2) != 0)
        return false;
    return number(end + 2, &end, &o->last) && *end == '\0' && o->first <= o->last;
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .last = 20, .steps = STEPS};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0) {
            o.trace = true;
        } else if (strcmp(argv[i], "--away") == 0) {
            o.away = true;
        } else if (strcmp(argv[i], "--plants") == 0) {
            o.all_plants = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            for (unsigned j = 0; j < world_n_plants; j++)
                printf("%-22s %-3s %s\n", world_plants[j].name, world_plants[j].finds,
                       world_plants[j].what);
            return 0;
        } else if (!option(&o, argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            fprintf(stderr, "sim_random: %s: see the head of tests/sim/sim_random.c\n",
                    argv[i]);
            return 2;
        } else {
            i++;
        }
    }
    return o.all_plants || o.plant != NULL ? find_plants(&o) : play_clean(&o);
}
