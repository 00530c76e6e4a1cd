/*
 * watch - one descriptor in the loop, over uv_poll.
 *
 * Owns:    the uv_poll_t, freed in libuv's close callback.
 * Used by: http_client.c, http_server.c, bus.c, redis_wire.c.
 * Never:   closes the descriptor, calls back after io_watch_close().
 */
#include <stdlib.h>

#include <uv.h>

#include "watch.h"

#define WATCH_MAGIC 0x57415443u

struct io_watch {
    uint32_t magic;
    uv_poll_t uv;
    int wants;
    void (*fn)(void *data, int events);
    void *data;
};

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct io_watch *watch = SAH_CONTAINER_OF(handle, struct io_watch, uv);
    int seen = 0;

    SAH_CHECK(watch, WATCH_MAGIC);
    if (status < 0)
        seen = IO_BROKEN; /* libuv has stopped the handle */
    if (events & UV_READABLE)
        seen |= IO_READ;
    if (events & UV_WRITABLE)
        seen |= IO_WRITE;
    watch->fn(watch->data, seen); /* may close the watch */
}

int io_watch_create(struct sah_loop *loop, int fd, void (*fn)(void *data, int events),
                    void *data, struct io_watch **ret_watch)
{
    struct io_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return SAH_ENOMEM;
    if (uv_poll_init(sah_loop_uv(loop), &watch->uv, fd) != 0) {
        free(watch);
        return SAH_EIO;
    }
    watch->magic = WATCH_MAGIC;
    watch->fn = fn;
    watch->data = data;
    *ret_watch = watch;
    return SAH_OK;
}

void io_watch_set(struct io_watch *watch, int events)
{
    int mask = 0;

    SAH_CHECK(watch, WATCH_MAGIC);
    watch->wants = events;
    if (events & IO_READ)
        mask |= UV_READABLE;
    if (events & IO_WRITE)
        mask |= UV_WRITABLE;
    if (mask == 0)
        uv_poll_stop(&watch->uv);
    else
        SAH_ASSERT(uv_poll_start(&watch->uv, mask, on_poll) == 0);
}

int io_watch_wants(const struct io_watch *watch)
{
    SAH_CHECK(watch, WATCH_MAGIC);
    return watch->wants;
}

bool io_watch_polling(const struct io_watch *watch)
{
    SAH_CHECK(watch, WATCH_MAGIC);
    return uv_is_active((const uv_handle_t *)&watch->uv) != 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(SAH_CONTAINER_OF((uv_poll_t *)handle, struct io_watch, uv));
}

void io_watch_close(struct io_watch *watch)
{
    if (watch == NULL)
        return;
    SAH_CHECK(watch, WATCH_MAGIC);
    watch->magic = 0;
    uv_close((uv_handle_t *)&watch->uv, on_closed);
}
