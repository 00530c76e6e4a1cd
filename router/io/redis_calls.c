/*
 * redis_calls - the calls of a link: those that wait for a reply, by deadline, and those that
 * were refused and complete on the next turn.
 *
 * Owns:    each call until its completion.
 * Used by: redis.c, redis_greet.c (calls of its own), redis_wire.c (replies).
 * Never:   completes a call twice, or from inside sah_redis_call().
 */
#include <stdlib.h>

#include <sahaya/clock.h>

#include "redis_priv.h"

static void list_add_after(struct redis_calls *list, struct redis_call *place,
                           struct redis_call *call)
{
    call->prev = place;
    call->next = place != NULL ? place->next : list->head;
    if (call->next != NULL)
        call->next->prev = call;
    else
        list->tail = call;
    if (place != NULL)
        place->next = call;
    else
        list->head = call;
}

static void list_remove(struct redis_calls *list, struct redis_call *call)
{
    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        list->head = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    else
        list->tail = call->prev;
    call->prev = call->next = NULL;
}

/* Wakes at the earliest deadline; left alone when it is armed for an earlier one already. */
static void arm_deadline(struct sah_redis *redis)
{
    uint64_t now = sah_clock_mono_ms();
    const struct redis_call *first = redis->waiting.head;

    if (first == NULL)
        sah_timer_stop(redis->deadline_timer);
    else
        sah_timer_start(redis->deadline_timer,
                        first->deadline_ms > now ? first->deadline_ms - now : 1);
}

static void finish(struct redis_call *call, int err, const redisReply *reply)
{
    sah_redis_reply_fn *fn = call->fn;
    struct sah_redis *redis = call->redis;
    void *data = call->data;

    redis->in_flight--;
    call->magic = 0;
    free(call);
    if (fn != NULL) {
        redis->completing++;
        fn(data, err, reply);
        redis->completing--;
    }
}

void redis_call_done(struct redis_call *call, const redisReply *reply)
{
    struct sah_redis *redis = call->redis;
    int err = SAH_OK;

    SAH_CHECK(call, REDIS_CALL_MAGIC);
    list_remove(&redis->waiting, call);
    if (reply == NULL) {
        err = redis->destroying ? SAH_ECANCELED : SAH_ETIMEOUT;
        /* hiredis may fail the replies before it says that the connection is lost. */
        if (redis->state == SAH_REDIS_UP)
            redis_set_down(redis, redis->wire != NULL ? redis_wire_trouble(redis->wire) : SAH_REDIS_IS_LOST,
                           "connection lost");
    } else if (!call->own && redis->state == SAH_REDIS_UP) {
        enum sah_redis_condition why = sah_redis_reply_condition(reply);

        if (why == SAH_REDIS_IS_OOM && redis->settings.drains)
            redis_set_weak(redis, SAH_REDIS_BIT(OOM_DRAINS), SAH_REDIS_BIT(OOM_DRAINS));
        else if (why != SAH_REDIS_IS_UP) /* those behind it in the pipeline get their own answers */
            redis_suspend_by(redis, why, reply);
    }
    finish(call, err, reply);
}

static struct redis_call *call_create(struct sah_redis *redis, sah_redis_reply_fn *fn,
                                      void *data)
{
    struct redis_call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return NULL;
    call->magic = REDIS_CALL_MAGIC;
    call->redis = redis;
    call->fn = fn;
    call->data = data;
    redis->in_flight++;
    return call;
}

static void call_refuse(struct redis_call *call)
{
    struct sah_redis *redis = call->redis;

    list_add_after(&redis->refused, redis->refused.tail, call);
    sah_timer_start(redis->refused_timer, 0);
}

int redis_refuse(struct sah_redis *redis, sah_redis_reply_fn *fn, void *data)
{
    struct redis_call *call = call_create(redis, fn, data);

    if (call == NULL)
        return SAH_ENOMEM;
    call_refuse(call);
    return SAH_OK;
}

int redis_put(struct sah_redis *redis, uint32_t deadline_ms, const struct sah_slice *argv,
              size_t argc, bool own, sah_redis_reply_fn *fn, void *data)
{
    struct redis_call *call = call_create(redis, fn, data);
    struct redis_call *place = redis->waiting.tail;

    if (call == NULL)
        return SAH_ENOMEM;
    if (redis->wire == NULL || redis_wire_send(redis->wire, call, argv, argc) != SAH_OK) {
        call_refuse(call);
        return SAH_OK;
    }
    call->own = own;
    call->deadline_ms = sah_clock_mono_ms() + deadline_ms;
    /* Most calls have the same patience, so the place is nearly always at the end. */
    while (place != NULL && place->deadline_ms > call->deadline_ms)
        place = place->prev;
    list_add_after(&redis->waiting, place, call);
    if (redis->waiting.head == call || !sah_timer_active(redis->deadline_timer))
        arm_deadline(redis);
    return SAH_OK;
}

/*
 * The loop itself may have been held up, with the reply lying in the socket: the first late
 * call is given one turn of the loop, in which what has arrived is read, before the connection
 * is closed over it.
 */
void redis_on_deadline(void *data)
{
    struct sah_redis *redis = data;
    struct redis_call *first = redis->waiting.head;

    SAH_CHECK(redis, REDIS_MAGIC);
    if (first == NULL)
        return;
    if (first->deadline_ms > sah_clock_mono_ms()) {
        arm_deadline(redis);
        return;
    }
    if (!first->late_once) {
        first->late_once = true;
        sah_timer_start(redis->deadline_timer, 1);
        return;
    }
    redis_fail(redis, SAH_REDIS_IS_TIMEOUT, "no answer in time");
}

void redis_on_refused(void *data)
{
    struct sah_redis *redis = data;
    struct redis_call *last = redis->refused.tail; /* those that come meanwhile: next turn */
    struct redis_call *call = NULL;

    SAH_CHECK(redis, REDIS_MAGIC);
    while (call != last && redis->refused.head != NULL) {
        call = redis->refused.head;
        list_remove(&redis->refused, call);
        finish(call, redis->destroying ? SAH_ECANCELED : SAH_EDOWN, NULL);
    }
    if (redis->refused.head != NULL)
        sah_timer_start(redis->refused_timer, 0);
}
