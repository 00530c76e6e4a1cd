/*
 * redis - the link: its state, losing the connection and getting it back.
 *
 * Owns:    the state, the timers, the connection while there is one.
 * Used by: store/, nobody else talks to Redis.
 * Never:   sends a call again (the caller knows whether that is safe), completes one from
 * inside sah_redis_call(), reads a reply after a deadline has passed on the same connection.
 *
 *   DOWN, no connection --timer--> DOWN, greeting --redis_greeted()--> UP, a look every 5 s
 *        ^                         |   ^    ^                          |
 *        |                         |   +timer                          |
 *        |                         |        +---redis_suspend()--------+  it says LOADING, OOM, ...
 *        +------ redis_lost(), redis_fail(), a deadline ---------------+
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "redis_priv.h"

enum {
    BACK_OFF_FIRST_MS = 50,
    BACK_OFF_MAX_MS = 1000,
    STEADY_MS = 5000,
    LOOK_EVERY_MS = 5000,
    ARGC_MAX = 1024 * 1024
};

/* The condition is why it is DOWN; else the first weak one; else UP. Tells of a change, once. */
static void publish(struct sah_redis *redis)
{
    struct sah_redis_health *health = &redis->health;
    enum sah_redis_condition was = health->condition, now = SAH_REDIS_IS_UP;

    if (redis->state == SAH_REDIS_DOWN)
        now = redis->blocked;
    else if (redis->weak != 0)
        now = (enum sah_redis_condition)__builtin_ctz(redis->weak);
    health->active = redis->weak | (1u << now);
    if (now == was)
        return;
    health->condition = now;
    health->since_ms = sah_clock_wall_ms();
    health->transitions++;
    if (redis->settings.on_condition != NULL && !redis->destroying) {
        redis->completing++;
        redis->settings.on_condition(redis->settings.data, was);
        redis->completing--;
    }
}

static void set_state(struct sah_redis *redis, enum sah_redis_state state)
{
    bool changed = redis->state != state;

    redis->state = state;
    publish(redis);
    if (changed && redis->settings.on_state != NULL && !redis->destroying) {
        redis->completing++;
        redis->settings.on_state(redis->settings.data, state);
        redis->completing--;
    }
}

/* Waits before the next connect or greeting, and doubles the wait. */
static void back_off(struct sah_redis *redis)
{
    if (redis->destroying)
        return;
    sah_timer_start(redis->next_timer, redis->back_off_ms);
    redis->back_off_ms *= 2;
    if (redis->back_off_ms > BACK_OFF_MAX_MS)
        redis->back_off_ms = BACK_OFF_MAX_MS;
}

static void note_trouble(struct sah_redis *redis, const char *trouble)
{
    const char *text = trouble != NULL && trouble[0] != '\0' ? trouble : "connection lost";

    sah_copy_cut(redis->trouble, sizeof redis->trouble, text, strlen(text));
}

void redis_set_down(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    SAH_ASSERT(sah_redis_condition_row(why)->grade == SAH_REDIS_BAD);
    note_trouble(redis, trouble);
    redis->blocked = why;
    set_state(redis, SAH_REDIS_DOWN);
}

void redis_set_weak(struct sah_redis *redis, uint32_t bits, uint32_t mask)
{
    redis->weak = (redis->weak & ~mask) | bits;
    publish(redis);
}

void redis_lost(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    redis->asking = false;
    redis->weak = 0; /* of a server that may be another when it comes back */
    back_off(redis);
    redis_set_down(redis, why, trouble);
}

void redis_fail(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble)
{
    struct redis_wire *wire = redis->wire;

    SAH_CHECK(redis, REDIS_MAGIC);
    if (wire == NULL)
        return; /* lost meanwhile: redis_lost() has seen to everything */
    redis->wire = NULL;
    redis_lost(redis, why, trouble);
    redis_wire_close(wire);
}

/*
 * It answers, and cannot serve. The connection stays, since those in flight will have answers; the
 * greeting is tried again. Soon after the last time it seemed well: slowly, so that a condition at
 * its edge (memory, just full) does not flap.
 */
void redis_suspend(struct sah_redis *redis, enum sah_redis_condition why, const char *trouble)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    if (redis->wire == NULL || redis->destroying)
        return;
    if (redis->state == SAH_REDIS_UP && sah_clock_mono_ms() - redis->up_since_ms < STEADY_MS)
        redis->back_off_ms = BACK_OFF_MAX_MS;
    if (!redis->asking)
        back_off(redis);
    redis_set_down(redis, why, trouble);
}

void redis_greeted(struct sah_redis *redis)
{
    if (redis->wire == NULL)
        return;
    redis->back_off_ms = BACK_OFF_FIRST_MS;
    sah_timer_start(redis->next_timer, LOOK_EVERY_MS);
    if (redis->state == SAH_REDIS_UP)
        return;
    redis->up_since_ms = sah_clock_mono_ms();
    redis->trouble[0] = '\0';
    set_state(redis, SAH_REDIS_UP);
}

static void go_on(void *data)
{
    struct sah_redis *redis = data;

    SAH_CHECK(redis, REDIS_MAGIC);
    if (redis->wire != NULL) {
        SAH_ASSERT(!redis->asking);
        if (redis->state == SAH_REDIS_UP)
            redis_look(redis);
        else
            redis_greet(redis);
        return;
    }
    if (redis_wire_open(redis, &redis->wire) != SAH_OK) {
        redis->wire = NULL;
        back_off(redis);
        redis_set_down(redis, SAH_REDIS_IS_REFUSED, "connection refused");
        return;
    }
    redis_greet(redis);
}

int sah_redis_call(struct sah_redis *redis, uint32_t deadline_ms, const struct sah_slice *argv,
                   size_t argc, sah_redis_reply_fn *fn, void *data)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    SAH_ASSERT(argc > 0 && argc <= ARGC_MAX);
    if (redis->destroying)
        return SAH_ECANCELED;
    if (redis->state == SAH_REDIS_UP)
        return redis_put(redis, deadline_ms > 0 ? deadline_ms : redis->settings.deadline_ms,
                         argv, argc, false, fn, data);
    return redis_refuse(redis, fn, data);
}

static void free_parts(struct sah_redis *redis)
{
    sah_timer_destroy(redis->deadline_timer);
    sah_timer_destroy(redis->refused_timer);
    sah_timer_destroy(redis->next_timer);
    free(redis->socket_path);
    free(redis);
}

int sah_redis_create(struct sah_loop *loop, const struct sah_redis_settings *settings,
                     struct sah_redis **ret_redis)
{
    struct sah_redis *redis = calloc(1, sizeof *redis);

    SAH_ASSERT(settings->deadline_ms > 0);
    if (redis == NULL)
        return SAH_ENOMEM;
    redis->loop = loop;
    redis->settings = *settings;
    redis->state = SAH_REDIS_DOWN;
    redis->health = (struct sah_redis_health){.condition = SAH_REDIS_IS_CONNECTING,
                                              .active = SAH_REDIS_BIT(CONNECTING),
                                              .since_ms = sah_clock_wall_ms()};
    redis->blocked = SAH_REDIS_IS_CONNECTING;
    redis->back_off_ms = BACK_OFF_FIRST_MS;
    note_trouble(redis, "not connected yet");
    redis->socket_path = strdup(settings->socket_path);
    if (redis->socket_path == NULL ||
        sah_timer_create(loop, redis_on_deadline, redis, &redis->deadline_timer) != SAH_OK ||
        sah_timer_create(loop, redis_on_refused, redis, &redis->refused_timer) != SAH_OK ||
        sah_timer_create(loop, go_on, redis, &redis->next_timer) != SAH_OK) {
        free_parts(redis);
        return SAH_ENOMEM;
    }
    redis->magic = REDIS_MAGIC;
    sah_timer_start(redis->next_timer, 0);
    *ret_redis = redis;
    return SAH_OK;
}

void sah_redis_destroy(struct sah_redis *redis)
{
    struct redis_wire *wire;

    if (redis == NULL)
        return;
    SAH_CHECK(redis, REDIS_MAGIC);
    SAH_ASSERT(redis->completing == 0); /* not from one of its own completions */
    redis->destroying = true;
    wire = redis->wire;
    redis->wire = NULL;
    if (wire != NULL)
        redis_wire_close(wire);
    redis_on_refused(redis);
    SAH_ASSERT(redis->in_flight == 0);
    redis->magic = 0;
    free_parts(redis);
}

enum sah_redis_state sah_redis_state(const struct sah_redis *redis)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    return redis->state;
}

const char *sah_redis_trouble(const struct sah_redis *redis)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    return redis->trouble;
}

unsigned sah_redis_in_flight(const struct sah_redis *redis)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    return redis->in_flight;
}

const struct sah_redis_health *sah_redis_health(const struct sah_redis *redis)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    return &redis->health;
}

const struct sah_redis_durability *sah_redis_durability(const struct sah_redis *redis)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    return &redis->durability;
}

const char *sah_redis_run_id(const struct sah_redis *redis)
{
    SAH_CHECK(redis, REDIS_MAGIC);
    return redis->run_id;
}
