/*
 * health - the states of a router's store and what moves it from one to another. See health.h.
 */
#include "policy/health.h"

#include <string.h>

const struct sah_health_rule sah_health_rule = {.slow_ms = 250, .bad_ms = 1000, .good_ms = 1000, .calm_ms = 5000};

const char *sah_health_name(enum sah_health_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        SAH_HEALTHS(X)
#undef X
    };

    return state < SAH_N_HEALTHS ? names[state] : "DOWN";
}

void sah_health_init(struct sah_health *health, const struct sah_health_rule *rule, bool up, uint64_t now_ms)
{
    memset(health, 0, sizeof *health);
    health->rule = *rule;
    health->state = up ? SAH_HEALTH_NORMAL : SAH_HEALTH_DOWN;
    health->since_ms = now_ms;
}

void sah_health_answered(struct sah_health *health, uint64_t now_ms, uint32_t took_ms)
{
    bool slow = took_ms > health->rule.slow_ms;

    health->slow[health->n_calls++ % SAH_HEALTH_WINDOW] = slow;
    health->bad_since_ms = 0;
    health->gave_up = false;
    if (slow)
        health->good_since_ms = 0;
    else if (health->good_since_ms == 0)
        health->good_since_ms = now_ms;
}

void sah_health_refused(struct sah_health *health, uint64_t now_ms)
{
    health->good_since_ms = 0;
    if (health->bad_since_ms == 0)
        health->bad_since_ms = now_ms;
}

void sah_health_silent(struct sah_health *health, uint64_t now_ms)
{
    sah_health_refused(health, now_ms);
    health->gave_up = true;
}

void sah_health_missed(struct sah_health *health, uint64_t now_ms)
{
    (void)now_ms;
    health->good_since_ms = 0;
    health->missed = true;
}

/* The slowest hundredth is slower than it may be. */
static bool is_slow(const struct sah_health *health)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SAH_HEALTH_WINDOW; i++)
        n += health->slow[i];
    return n > SAH_HEALTH_WINDOW / 100;
}

static bool is_bad(const struct sah_health *health, uint64_t now_ms)
{
    /* What is brought back may have made it late: while it answers at all it is not away. */
    return (health->gave_up && health->state != SAH_HEALTH_DRAIN) ||
           (health->bad_since_ms != 0 && now_ms - health->bad_since_ms >= health->rule.bad_ms);
}

static bool is_good_for(const struct sah_health *health, uint64_t now_ms, uint32_t ms)
{
    return health->good_since_ms != 0 && now_ms - health->good_since_ms >= ms;
}

static enum sah_health_state next_of(const struct sah_health *health, uint64_t now_ms, bool left)
{
    if (is_bad(health, now_ms))
        return SAH_HEALTH_DOWN;
    switch (health->state) {
    case SAH_HEALTH_NORMAL:
    case SAH_HEALTH_SLOW:
        if (left && is_good_for(health, now_ms, health->rule.good_ms))
            return SAH_HEALTH_DRAIN;
        if (health->missed || is_slow(health))
            return SAH_HEALTH_SLOW;
        return is_good_for(health, now_ms, health->rule.calm_ms) ? SAH_HEALTH_NORMAL : health->state;
    case SAH_HEALTH_DOWN:
        return is_good_for(health, now_ms, health->rule.good_ms) ? SAH_HEALTH_DRAIN : SAH_HEALTH_DOWN;
    case SAH_HEALTH_DRAIN:
        return !left && is_good_for(health, now_ms, health->rule.calm_ms) ? SAH_HEALTH_NORMAL : SAH_HEALTH_DRAIN;
    case SAH_N_HEALTHS:
        break;
    }
    return health->state;
}

bool sah_health_turn(struct sah_health *health, uint64_t now_ms, bool left)
{
    enum sah_health_state next = next_of(health, now_ms, left);
    bool changed = next != health->state;

    health->missed = false;
    if (!changed)
        return false;
    health->state = next;
    health->since_ms = now_ms;
    memset(health->slow, 0, sizeof health->slow); /* each state is judged by what happens in it */
    if (next == SAH_HEALTH_DOWN)
        health->good_since_ms = 0;
    return true;
}

bool sah_health_asks(const struct sah_health *health)
{
    return health->state != SAH_HEALTH_DOWN;
}
