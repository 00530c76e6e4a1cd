/*
 * redis_wire - one hiredis context in our loop.
 *
 * Owns:    the context and the watch on its descriptor.
 * Used by: redis.c.
 * Never:   outlives the context: hiredis' cleanup hook, called once it gives a connection up
 * for whatever reason, is where the watch ends.
 *
 * The packaged libuv adapter ignores poll errors, so a lost connection is never noticed and its
 * commands hang. Here each poll error counts as readable: the read that follows tells hiredis.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "redis_priv.h"
#include "watch.h"

enum { ARGS_ON_STACK = 32 };

struct redis_wire {
    struct sah_redis *redis;
    redisAsyncContext *ac; /* NULL once hiredis has given it up */
    struct io_watch *watch;
    bool writing;
    unsigned busy; /* inside hiredis: the wire is freed when it comes out */
};

static void wire_leave(struct redis_wire *wire)
{
    if (--wire->busy == 0 && wire->ac == NULL)
        free(wire);
}

/* hiredis stops the process on a reply that nobody asked for, unless it is an error. */
static bool is_unasked(const struct redis_wire *wire)
{
    char first;

    return wire->ac->replies.head == NULL &&
           recv(wire->ac->c.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first != '-';
}

static void on_ready(void *data, int events)
{
    struct redis_wire *wire = data;

    wire->busy++;
    if (events & (IO_READ | IO_BROKEN)) {
        if (is_unasked(wire))
            redis_fail(wire->redis, SAH_REDIS_IS_GARBAGE, "unexpected bytes");
        else
            redisAsyncHandleRead(wire->ac);
    }
    if ((events & IO_WRITE) && wire->ac != NULL)
        redisAsyncHandleWrite(wire->ac);
    if (wire->ac != NULL && !io_watch_polling(wire->watch))
        io_watch_set(wire->watch, io_watch_wants(wire->watch)); /* libuv stops it on an error */
    wire_leave(wire);
}

static void on_add_write(void *data)
{
    struct redis_wire *wire = data;

    if (wire->writing)
        return;
    wire->writing = true;
    io_watch_set(wire->watch, IO_READ | IO_WRITE);
}

static void on_del_write(void *data)
{
    struct redis_wire *wire = data;

    wire->writing = false;
    if (wire->watch != NULL)
        io_watch_set(wire->watch, IO_READ);
}

static void on_read_hook(void *data)
{
    SAH_UNUSED(data); /* always reading: that is how a loss is noticed */
}

enum sah_redis_condition redis_wire_trouble(const struct redis_wire *wire)
{
    return wire->ac != NULL && wire->ac->c.err == REDIS_ERR_PROTOCOL ? SAH_REDIS_IS_GARBAGE
                                                                     : SAH_REDIS_IS_LOST;
}

/* Called by hiredis before or after it fails the pending replies, maybe twice. */
static void on_cleanup(void *data)
{
    struct redis_wire *wire = data;

    if (wire->ac == NULL)
        return;
    io_watch_close(wire->watch); /* before hiredis closes the descriptor */
    wire->watch = NULL;
    wire->ac->ev.data = NULL;
    wire->ac->ev.addRead = wire->ac->ev.delRead = NULL;
    wire->ac->ev.addWrite = wire->ac->ev.delWrite = NULL;
    wire->ac->ev.cleanup = NULL;
    if (wire->redis->wire == wire) {
        wire->redis->wire = NULL;
        redis_lost(wire->redis, redis_wire_trouble(wire), wire->ac->c.errstr);
    }
    wire->ac = NULL;
    if (wire->busy == 0)
        free(wire);
}

int redis_wire_open(struct sah_redis *redis, struct redis_wire **ret_wire)
{
    struct redis_wire *wire = calloc(1, sizeof *wire);
    redisAsyncContext *ac;
    int err = SAH_ENOMEM;

    if (wire == NULL)
        goto fail;
    ac = redisAsyncConnectUnix(redis->socket_path); /* never waits on a unix socket */
    if (ac == NULL)
        goto fail_free_wire;
    if (ac->err != 0) {
        err = SAH_EDOWN;
        goto fail_free_context;
    }
    err = io_watch_create(redis->loop, ac->c.fd, on_ready, wire, &wire->watch);
    if (err != SAH_OK)
        goto fail_free_context;
    wire->redis = redis;
    wire->ac = ac;
    ac->ev.data = wire;
    ac->ev.addRead = on_read_hook;
    ac->ev.delRead = on_read_hook;
    ac->ev.addWrite = on_add_write;
    ac->ev.delWrite = on_del_write;
    ac->ev.cleanup = on_cleanup;
    io_watch_set(wire->watch, IO_READ);
    *ret_wire = wire;
    return SAH_OK;

fail_free_context:
    redisAsyncFree(ac);
fail_free_wire:
    free(wire);
fail:
    return err;
}

static void on_reply(redisAsyncContext *ac, void *reply, void *data)
{
    SAH_UNUSED(ac);
    redis_call_done(data, reply);
}

int redis_wire_send(struct redis_wire *wire, struct redis_call *call,
                    const struct sah_slice *argv, size_t argc)
{
    const char *few_args[ARGS_ON_STACK];
    size_t few_lens[ARGS_ON_STACK];
    const char **args = few_args;
    size_t *lens = few_lens;
    void *many = NULL;
    int result;

    if (argc > ARGS_ON_STACK) {
        many = calloc(argc, sizeof *args + sizeof *lens);
        if (many == NULL)
            return SAH_ENOMEM;
        args = many;
        lens = (size_t *)(args + argc);
    }
    for (size_t i = 0; i < argc; i++) {
        args[i] = argv[i].len > 0 ? argv[i].ptr : "";
        lens[i] = argv[i].len;
    }
    /* Copies into its buffer and asks for writability: nothing is written in here. */
    result = redisAsyncCommandArgv(wire->ac, on_reply, call, (int)argc, args, lens);
    free(many);
    return result == REDIS_OK ? SAH_OK : SAH_EDOWN;
}

void redis_wire_close(struct redis_wire *wire)
{
    redisAsyncFree(wire->ac); /* comes by on_cleanup(), now or when the reply's callback ends */
}
