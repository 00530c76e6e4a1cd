/*
 * bus_socket - what bus.c's servers and clients have in common. No one else includes it.
 */
#ifndef SAHAYA_IO_BUS_SOCKET_H
#define SAHAYA_IO_BUS_SOCKET_H

#include <zmq.h>

#include <sahaya/bus.h>

#define BUS_MAGIC 0x42555321u

enum { FRAMES_MAX = 2 };

struct io_watch;

struct bus {
    uint32_t magic;
    void *context;
    void *socket;
    struct io_watch *watch;
    struct sah_timer *again; /* more to drain */
    void (*on_frames)(struct bus *bus, zmq_msg_t *frames);
    int n_frames; /* a message has exactly so many */
    bool draining;
};

/* bus_fini() undoes whatever bus_init() and bus_start() did, also half of it. */
SAH_MUST_USE int bus_init(struct bus *bus, struct sah_loop *loop, int type);
SAH_MUST_USE int bus_start(struct bus *bus,
                           struct sah_loop *loop); /* once bound or connected */
void bus_fini(struct bus *bus);
void bus_set_int(void *socket, int option, int value);
/* SAH_EAGAIN, SAH_EDOWN; never waits. bus_after_send() belongs behind the last frame. */
SAH_MUST_USE int bus_send_frame(struct bus *bus, const void *bytes, size_t len, int flags);
void bus_after_send(struct bus *bus);
int bus_err(void); /* of zmq_errno() */

#endif
