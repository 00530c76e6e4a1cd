/*
 * bus_socket - a ZeroMQ socket in our loop: options, draining, sending a frame.
 *
 * Owns:    a ZeroMQ context and a socket for each server and each client.
 * Used by: bus.c.
 * Never:   calls back from inside a send.
 *
 * ZMQ_FD is edge-triggered and covers both directions: a send may use up the edge that
 * announced a message. So ZMQ_EVENTS is read again after each send and each wake-up, and the
 * socket is drained until EAGAIN; at most DRAIN_A_TURN messages a turn, the rest after the
 * others had theirs.
 *
 * The high-water mark of 256 messages for each peer and direction bounds memory, not loss: what
 * bounds loss is the window of unanswered messages that the links keep.
 */
#include <errno.h>

#include "bus_socket.h"
#include "watch.h"

enum {
    HIGH_WATER = 256,
    DRAIN_A_TURN = 256,
    SOCKET_BUFFER_BYTES = 64 * 1024,
    HEARTBEAT_MS = 1000,
    HEARTBEAT_DEAD_MS = 3000,
    HANDSHAKE_MS = 5000,
    RECONNECT_MS = 50,
    RECONNECT_MAX_MS = 1000,
};

static bool can_read(const struct bus *bus)
{
    int events = 0;
    size_t len = sizeof events;

    return zmq_getsockopt(bus->socket, ZMQ_EVENTS, &events, &len) == 0 && (events & ZMQ_POLLIN);
}

/* One message with all its frames. Returns false when there is none. A message of another shape
 * is read to its end and dropped: whoever sent it harms only himself. */
static bool receive(struct bus *bus)
{
    zmq_msg_t frames[FRAMES_MAX];
    bool more = true;
    int n = 0;

    while (more) {
        zmq_msg_t extra;
        zmq_msg_t *frame = n < bus->n_frames ? &frames[n] : &extra;
        int len;

        zmq_msg_init(frame);
        do
            len = zmq_msg_recv(frame, bus->socket, ZMQ_DONTWAIT);
        while (len < 0 && errno == EINTR);
        if (len < 0) {
            zmq_msg_close(frame);
            break;
        }
        more = zmq_msg_more(frame) != 0;
        if (frame == &extra)
            zmq_msg_close(&extra);
        n++;
    }
    if (n == bus->n_frames && !more)
        bus->on_frames(bus, frames);
    for (int i = 0; i < n && i < bus->n_frames; i++)
        zmq_msg_close(&frames[i]);
    return n > 0;
}

static void drain(struct bus *bus)
{
    int left = DRAIN_A_TURN;

    SAH_CHECK(bus, BUS_MAGIC);
    bus->draining = true;
    while (left > 0 && can_read(bus) && receive(bus))
        left--;
    bus->draining = false;
    if (left == 0)
        sah_timer_start(bus->again, 0);
}

static void on_again(void *data)
{
    drain(data);
}

static void on_ready(void *data, int events)
{
    struct bus *bus = data;

    if (events & IO_BROKEN)
        io_watch_set(bus->watch, IO_READ);
    drain(bus);
}

int bus_err(void)
{
    switch (zmq_errno()) {
    case EAGAIN:
        return SAH_EAGAIN;
    case EHOSTUNREACH:
        return SAH_EDOWN;
    case EADDRINUSE:
        return SAH_EEXIST;
    case ENOMEM:
        return SAH_ENOMEM;
    case EINVAL:
    case ENAMETOOLONG:
        return SAH_EINVAL;
    default:
        return SAH_EIO;
    }
}

int bus_send_frame(struct bus *bus, const void *bytes, size_t len, int flags)
{
    int sent;

    do
        sent = zmq_send(bus->socket, bytes, len, flags | ZMQ_DONTWAIT);
    while (sent < 0 && zmq_errno() == EINTR);
    return sent < 0 ? bus_err() : SAH_OK;
}

void bus_after_send(struct bus *bus)
{
    if (!bus->draining && can_read(bus))
        sah_timer_start(bus->again, 0);
}

void bus_set_int(void *socket, int option, int value)
{
    SAH_ASSERT(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static void set_options(void *socket)
{
    int64_t most = SAH_BUS_MESSAGE_MAX;

    bus_set_int(socket, ZMQ_LINGER, 0);
    bus_set_int(socket, ZMQ_SNDHWM, HIGH_WATER);
    bus_set_int(socket, ZMQ_RCVHWM, HIGH_WATER);
    bus_set_int(socket, ZMQ_SNDBUF, SOCKET_BUFFER_BYTES);
    bus_set_int(socket, ZMQ_RCVBUF, SOCKET_BUFFER_BYTES);
    bus_set_int(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
    bus_set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_DEAD_MS);
    bus_set_int(socket, ZMQ_HEARTBEAT_TTL, HEARTBEAT_DEAD_MS);
    bus_set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    bus_set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    bus_set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    SAH_ASSERT(zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0);
}

void bus_fini(struct bus *bus)
{
    SAH_CHECK(bus, BUS_MAGIC);
    SAH_ASSERT(!bus->draining); /* not from a callback of its own */
    io_watch_close(bus->watch);
    sah_timer_destroy(bus->again);
    if (bus->socket != NULL)
        zmq_close(bus->socket);
    if (bus->context != NULL) {
        while (zmq_ctx_term(bus->context) != 0 && zmq_errno() == EINTR)
            continue;
    }
    bus->magic = 0;
}

/* On failure bus_fini() undoes what was done so far. */
int bus_init(struct bus *bus, struct sah_loop *loop, int type)
{
    int err;

    bus->magic = BUS_MAGIC;
    err = sah_timer_create(loop, on_again, bus, &bus->again);
    if (err != SAH_OK)
        return err;
    bus->context = zmq_ctx_new();
    if (bus->context == NULL)
        return SAH_ENOMEM;
    bus->socket = zmq_socket(bus->context, type);
    if (bus->socket == NULL)
        return SAH_ENOMEM;
    set_options(bus->socket);
    return SAH_OK;
}

int bus_start(struct bus *bus, struct sah_loop *loop)
{
    int fd;
    size_t len = sizeof fd;
    int err;

    if (zmq_getsockopt(bus->socket, ZMQ_FD, &fd, &len) != 0)
        return SAH_EIO;
    err = io_watch_create(loop, fd, on_ready, bus, &bus->watch);
    if (err != SAH_OK)
        return err;
    io_watch_set(bus->watch, IO_READ);
    sah_timer_start(bus->again, 0); /* an edge may have passed already */
    return SAH_OK;
}
