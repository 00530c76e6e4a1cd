/*
 * health - what a router thinks of its store: NORMAL, SLOW, DOWN or DRAIN. Pure.
 *
 *   NORMAL  the store takes everything
 *   SLOW    a class 0 or 1 deadline was missed, or more than one call in a hundred is slow: the
 *           store and the journal race for P0 and P1
 *   DOWN    nothing worked for bad_ms, or (but in DRAIN) a call was never answered: nobody asks it first
 *   DRAIN   it works again: what the journal holds is brought back, until nothing is left
 *
 * Owns:    the hysteresis: bad_ms to go down, good_ms to be tried again, calm_ms to be NORMAL, so
 *          that a store which comes and goes is asked less, not twice as often. In DRAIN one call that
 *          was not answered in time is no reason to go: nothing answered for bad_ms is.
 * Used by: router/away. Never: reads a clock, asks the store.
 */
#ifndef SAHAYA_POLICY_HEALTH_H
#define SAHAYA_POLICY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define SAH_HEALTH_WINDOW 128 /* calls that are looked at */

#define SAH_HEALTHS(X) X(NORMAL) X(SLOW) X(DOWN) X(DRAIN)
enum sah_health_state {
#define X(name) SAH_HEALTH_##name,
    SAH_HEALTHS(X)
#undef X
    SAH_N_HEALTHS
};
const char *sah_health_name(enum sah_health_state state);

struct sah_health_rule {
    uint32_t slow_ms; /* a call that takes longer is slow */
    uint32_t bad_ms;  /* trouble for so long: DOWN */
    uint32_t good_ms; /* good for so long after DOWN: DRAIN */
    uint32_t calm_ms; /* good for so long, and nothing left: NORMAL */
};
extern const struct sah_health_rule sah_health_rule; /* 250, 1000, 1000, 5000 */

struct sah_health {
    enum sah_health_state state;
    struct sah_health_rule rule;
    uint64_t since_ms;
    uint64_t bad_since_ms;  /* 0 = the last call was good */
    uint64_t good_since_ms; /* since when every call was good and fast; 0 = none yet */
    bool gave_up;           /* a call was never answered, and none was good since */
    bool missed;            /* a deadline was, since the last look */
    unsigned n_calls;
    bool slow[SAH_HEALTH_WINDOW];
};
void sah_health_init(struct sah_health *health, const struct sah_health_rule *rule, bool up, uint64_t now_ms);
/* A call came back with an answer; with "not now"; or its deadline passed without one. */
void sah_health_answered(struct sah_health *health, uint64_t now_ms, uint32_t took_ms);
void sah_health_refused(struct sah_health *health, uint64_t now_ms);
void sah_health_silent(struct sah_health *health, uint64_t now_ms);
/* A P0 or P1 did not get its answer in time. */
void sah_health_missed(struct sah_health *health, uint64_t now_ms);
/* One look; true when the state changed. `left`: is there anything to bring back? */
bool sah_health_turn(struct sah_health *health, uint64_t now_ms, bool left);
/* Is the store asked first? */
bool sah_health_asks(const struct sah_health *health);

#endif
