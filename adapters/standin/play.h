/*
 * play - the person at an agency: goes through a case's steps in time and posts each as a
 * status.
 *
 * Owns:    the timers of the cases; the tokens it reads to post.
 * Used by: delivery.c. Never: has two statuses of one case under way, so they keep their order.
 */
#ifndef SAH_STANDIN_PLAY_H
#define SAH_STANDIN_PLAY_H

#include <sahaya/log.h>

#include "book.h"
#include "cases.h"
#include "poster.h"

struct sah_play {
    struct sah_loop *loop;
    struct sah_poster *poster;
    const char *agencies_secrets;
    struct sah_book *statuses; /* what the router has taken */
    struct sah_log *log;
};

/* A person comes after person_after_ms and goes through the steps. */
void sah_play_start(struct sah_play *play, struct sah_case *c,
                    const struct sah_behaviour *behaviour);
/* The citizen cancels: the steps stop at once, a person answers after person_after_ms. */
void sah_play_cancel(struct sah_play *play, struct sah_case *c,
                     const struct sah_behaviour *behaviour);
void sah_play_hold(struct sah_case *c, bool held); /* PAUSE and RESUME */
void sah_play_let_go(struct sah_case *c); /* nothing of the case is under way any more */

#endif
