/*
 * watch - one descriptor in the loop: for the modules of io only.
 *
 * The owner of the descriptor calls io_watch_close() before closing it. A watch whose poll
 * failed (status of libuv negative) reports IO_BROKEN once and must be set again to go on.
 */
#ifndef SAHAYA_IO_WATCH_H
#define SAHAYA_IO_WATCH_H

#include <sahaya/loop.h>

enum { IO_READ = 1, IO_WRITE = 2, IO_BROKEN = 4 };

struct io_watch;
SAH_MUST_USE int io_watch_create(struct sah_loop *loop, int fd,
                                 void (*fn)(void *data, int events), void *data,
                                 struct io_watch **ret_watch);
void io_watch_set(struct io_watch *watch, int events); /* IO_READ and IO_WRITE; 0 pauses */
int io_watch_wants(const struct io_watch *watch);
bool io_watch_polling(const struct io_watch *watch);
void io_watch_close(struct io_watch *watch); /* from its own callback is fine; NULL is fine */

#endif
