/*
 * loop - the one event loop of a process: timers, stop signals, and libuv's loop for the other
 * modules of io.
 *
 * Owns:    the uv_loop_t and every sah_timer's handle.
 * Used by: main programs (run, stop), every module that waits for something.
 * Never:   blocks in a callback, frees a handle before libuv has called its close callback.
 *
 * A timer's delay counts from the moment of the call and not from the cached time of this turn
 * of the loop: after a long callback a 2 s deadline is still 2 s.
 */
#include <signal.h>
#include <stdlib.h>

#include <uv.h>

#include <sahaya/loop.h>

#define LOOP_MAGIC  0x4c4f4f50u
#define TIMER_MAGIC 0x54494d52u

enum { N_STOP_SIGNALS = 2 };
static const int stop_signals[N_STOP_SIGNALS] = {SIGTERM, SIGINT};

struct sah_loop {
    uint32_t magic;
    uv_loop_t uv;
    uv_timer_t guard; /* bounds sah_loop_turn() */
    bool has_signals;
    uv_signal_t signals[N_STOP_SIGNALS];
    void (*on_signal)(void *data, int signal);
    void *signal_data;
};

struct sah_timer {
    uint32_t magic;
    uv_timer_t uv;
    void (*fn)(void *data);
    void *data;
};

int sah_loop_create(struct sah_loop **ret_loop)
{
    struct sah_loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        goto fail;
    if (uv_loop_init(&loop->uv) != 0)
        goto fail_free_loop;

    /* Each library here may write to a socket whose reader has gone. */
    signal(SIGPIPE, SIG_IGN);
    uv_timer_init(&loop->uv, &loop->guard);
    loop->magic = LOOP_MAGIC;
    *ret_loop = loop;
    return SAH_OK;

fail_free_loop:
    free(loop);
fail:
    return SAH_ENOMEM;
}

/* Whoever made a handle must have closed it before: one forgotten is our own mistake. */
static void check_closing(uv_handle_t *handle, void *data)
{
    SAH_UNUSED(data);
    SAH_ASSERT(uv_is_closing(handle));
}

void sah_loop_destroy(struct sah_loop *loop)
{
    if (loop == NULL)
        return;
    SAH_CHECK(loop, LOOP_MAGIC);
    uv_close((uv_handle_t *)&loop->guard, NULL);
    for (size_t i = 0; loop->has_signals && i < N_STOP_SIGNALS; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    uv_walk(&loop->uv, check_closing, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        continue; /* a stop asked for earlier ends one round early */
    SAH_ASSERT(uv_loop_close(&loop->uv) == 0);
    loop->magic = 0;
    free(loop);
}

void sah_loop_run(struct sah_loop *loop)
{
    SAH_CHECK(loop, LOOP_MAGIC);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void sah_loop_stop(struct sah_loop *loop)
{
    SAH_CHECK(loop, LOOP_MAGIC);
    uv_stop(&loop->uv);
}

static void on_guard(uv_timer_t *guard)
{
    SAH_UNUSED(guard); /* waking the loop is all it is for */
}

void sah_loop_turn(struct sah_loop *loop, uint32_t max_ms)
{
    SAH_CHECK(loop, LOOP_MAGIC);
    if (max_ms == 0) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->guard, on_guard, max_ms, 0);
    uv_run(&loop->uv, UV_RUN_ONCE);
    uv_timer_stop(&loop->guard);
}

uint64_t sah_loop_now_ms(struct sah_loop *loop)
{
    SAH_CHECK(loop, LOOP_MAGIC);
    return uv_now(&loop->uv);
}

struct uv_loop_s *sah_loop_uv(struct sah_loop *loop)
{
    SAH_CHECK(loop, LOOP_MAGIC);
    return &loop->uv;
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct sah_loop *loop = handle->data;

    SAH_CHECK(loop, LOOP_MAGIC);
    loop->on_signal(loop->signal_data, signal);
}

int sah_loop_on_stop_signal(struct sah_loop *loop, void (*fn)(void *data, int signal),
                            void *data)
{
    SAH_CHECK(loop, LOOP_MAGIC);
    SAH_ASSERT(fn != NULL && !loop->has_signals);
    for (size_t i = 0; i < N_STOP_SIGNALS; i++) {
        uv_signal_init(&loop->uv, &loop->signals[i]);
        loop->signals[i].data = loop;
    }
    loop->has_signals = true; /* from here sah_loop_destroy() closes them, started or not */
    loop->on_signal = fn;
    loop->signal_data = data;
    for (size_t i = 0; i < N_STOP_SIGNALS; i++) {
        if (uv_signal_start(&loop->signals[i], on_signal, stop_signals[i]) != 0)
            return SAH_EIO;
    }
    return SAH_OK;
}

int sah_timer_create(struct sah_loop *loop, void (*fn)(void *data), void *data,
                     struct sah_timer **ret_timer)
{
    struct sah_timer *timer = calloc(1, sizeof *timer);

    SAH_CHECK(loop, LOOP_MAGIC);
    SAH_ASSERT(fn != NULL);
    if (timer == NULL)
        return SAH_ENOMEM;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->magic = TIMER_MAGIC;
    timer->fn = fn;
    timer->data = data;
    *ret_timer = timer;
    return SAH_OK;
}

static void on_timer(uv_timer_t *handle)
{
    struct sah_timer *timer = SAH_CONTAINER_OF(handle, struct sah_timer, uv);

    SAH_CHECK(timer, TIMER_MAGIC);
    timer->fn(
        timer->data); /* may destroy the timer: its memory lasts until on_timer_closed() */
}

void sah_timer_start(struct sah_timer *timer, uint64_t delay_ms)
{
    uint64_t wait = delay_ms;

    SAH_CHECK(timer, TIMER_MAGIC);
    if (delay_ms > 0) {
        uint64_t now = uv_hrtime() / 1000000;
        uint64_t turn = uv_now(timer->uv.loop);

        wait += now > turn ? now - turn : 0;
    }
    uv_timer_start(&timer->uv, on_timer, wait, 0);
}

void sah_timer_stop(struct sah_timer *timer)
{
    SAH_CHECK(timer, TIMER_MAGIC);
    uv_timer_stop(&timer->uv);
}

bool sah_timer_active(const struct sah_timer *timer)
{
    SAH_CHECK(timer, TIMER_MAGIC);
    return uv_is_active((const uv_handle_t *)&timer->uv) != 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(SAH_CONTAINER_OF((uv_timer_t *)handle, struct sah_timer, uv));
}

void sah_timer_destroy(struct sah_timer *timer)
{
    if (timer == NULL)
        return;
    SAH_CHECK(timer, TIMER_MAGIC);
    timer->magic = 0;
    uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
}
