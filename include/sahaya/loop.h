/*
 * loop - the one event loop of a process, over libuv: timers, signals, descriptors.
 *
 * Nothing that runs on it blocks. Every object here is created and destroyed on the loop's thread.
 */
#ifndef SAHAYA_LOOP_H
#define SAHAYA_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <sahaya/err.h>
#include <sahaya/obj.h>

struct sah_loop;
SAH_MUST_USE int sah_loop_create(struct sah_loop **ret_loop);
/* Every timer, watch, client and server made on it must be destroyed before. Lets libuv run its
 * close callbacks. NULL is fine. */
void sah_loop_destroy(struct sah_loop *loop);
void sah_loop_run(struct sah_loop *loop);  /* until sah_loop_stop() */
void sah_loop_stop(struct sah_loop *loop); /* from a callback */
/* Runs what is ready and waits at most max_ms for more: for tests. */
void sah_loop_turn(struct sah_loop *loop, uint32_t max_ms);
uint64_t sah_loop_now_ms(struct sah_loop *loop); /* monotonic, as of this turn of the loop */

/* SIGTERM and SIGINT. At most one listener; SIGPIPE is ignored by sah_loop_create(). */
SAH_MUST_USE int sah_loop_on_stop_signal(struct sah_loop *loop, void (*fn)(void *data, int signal), void *data);

struct sah_timer;
SAH_MUST_USE int sah_timer_create(struct sah_loop *loop, void (*fn)(void *data), void *data,
                                  struct sah_timer **ret_timer);
void sah_timer_start(struct sah_timer *timer, uint64_t delay_ms); /* single shot; re-arms when running */
void sah_timer_stop(struct sah_timer *timer);
bool sah_timer_active(const struct sah_timer *timer);
void sah_timer_destroy(struct sah_timer *timer); /* from its own callback is fine; NULL is fine */

struct uv_loop_s;
struct uv_loop_s *sah_loop_uv(struct sah_loop *loop); /* for the other modules of io only */

#endif
