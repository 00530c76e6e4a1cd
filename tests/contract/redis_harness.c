/*
 * redis_harness - see redis_harness.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract/redis_harness.h"
#include "store/keys.h"

#define PATIENCE_MS 20000

void redis_harness_until(struct redis_harness *with, enum sah_redis_state state)
{
    uint64_t end = sah_loop_now_ms(with->loop) + PATIENCE_MS;

    while (sah_redis_state(with->link) != state && sah_loop_now_ms(with->loop) < end)
        sah_loop_turn(with->loop, 50);
    if (sah_redis_state(with->link) != state)
        fail_msg("link: %s", sah_redis_trouble(with->link));
}

static void make(struct sah_store_harness *h)
{
    struct redis_harness *with = h->data;
    struct sah_redis_settings link = {.socket_path = with->server.socket,
                                      .probe_function = SAH_KEYS_PROBE,
                                      .drains = true,
                                      .deadline_ms = PATIENCE_MS};
    struct sah_redis_store_settings store = {.lane = SAH_LANE_EMERGENCY,
                                             .partitions = with->partitions,
                                             .order_bound_ms = CONTRACT_BOUND_MS,
                                             .owner_dead_ms = CONTRACT_DEAD_MS};

    if (with->order_bound_ms > 0)
        store.order_bound_ms = with->order_bound_ms;
    freeReplyObject(redis_server_ask(&with->server, "FLUSHALL", NULL));
    assert_int_equal(sah_loop_create(&with->loop), SAH_OK);
    sah_redis_store_functions(&link.function_name, &link.function_code,
                              &link.function_code_len);
    assert_int_equal(sah_redis_create(with->loop, &link, &with->link), SAH_OK);
    redis_harness_until(with, SAH_REDIS_UP);
    for (int i = 0; i < SAH_N_CLASSES; i++)
        store.lease_ms[i] = h->lease_ms > 0 ? h->lease_ms : CONTRACT_LEASE_MS;
    store.loop = with->loop;
    store.redis = with->link;
    for (size_t i = 0; i < SAH_LEN(with->stores); i++) /* each names itself */
        assert_int_equal(sah_redis_store_create(&store, &with->stores[i]), SAH_OK);
    h->store = sah_redis_store_port(with->stores[0]);
}

static void drive(struct sah_store_harness *h, const bool *done)
{
    struct redis_harness *with = h->data;
    uint64_t end = sah_loop_now_ms(with->loop) + 2 * PATIENCE_MS;

    while (!*done && sah_loop_now_ms(with->loop) < end)
        sah_loop_turn(with->loop, 50);
}

static void advance_ms(struct sah_store_harness *h, uint32_t ms)
{
    struct redis_harness *with = h->data;
    uint64_t end = sah_loop_now_ms(with->loop) + ms + 2; /* Redis rounds its time down */

    while (sah_loop_now_ms(with->loop) < end)
        sah_loop_turn(with->loop, (uint32_t)(end - sah_loop_now_ms(with->loop)));
}

/* As if the server's clock jumped: what is added to it is another from now on (keys.h, :ck). */
static void jump_ms(struct sah_store_harness *h, int64_t ms)
{
    struct redis_harness *with = h->data;
    redisReply *reply = redis_server_ask(&with->server, "GET", "er:{d00}:ck", NULL);
    long long seen = 0, offset = 0, jumps = 0;
    char text[96];

    if (reply->str == NULL || sscanf(reply->str, "%lld %lld %lld", &seen, &offset, &jumps) != 3)
        fail_msg("the clock is not kept before the first tick");
    freeReplyObject(reply);
    sah_format(text, sizeof text, "%lld %lld %lld", seen, offset + (long long)ms, jumps);
    freeReplyObject(redis_server_ask(&with->server, "SET", "er:{d00}:ck", text, NULL));
}

static void as(struct sah_store_harness *h, unsigned router)
{
    const struct redis_harness *with = h->data;

    h->store = sah_redis_store_port(with->stores[router]);
}

static void destroy(struct sah_store_harness *h)
{
    struct redis_harness *with = h->data;

    sah_redis_destroy(with->link);
    for (size_t i = 0; i < SAH_LEN(with->stores); i++)
        sah_redis_store_destroy(with->stores[i]);
    sah_loop_destroy(with->loop);
}

void redis_harness_init(struct redis_harness *with, struct sah_store_harness *ret_harness,
                        const char *name)
{
    *ret_harness = (struct sah_store_harness){.name = name,
                                              .data = with,
                                              .make = make,
                                              .drive = drive,
                                              .advance_ms = advance_ms,
                                              .jump_ms = jump_ms,
                                              .as = as,
                                              .destroy = destroy};
}
