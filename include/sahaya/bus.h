/*
 * bus - single-frame messages between adapters and routers, over ZeroMQ.
 *
 * An adapter holds one DEALER for each router, a router one ROUTER for all its adapters. The bus
 * promises nothing: a message handed over may vanish with a peer (zeromq drops silently), so every
 * message that matters is answered and asked again. Only ipc:// is taken (mode 0600); tcp is
 * refused until CURVE is in.
 *
 * Set on every socket: LINGER 0, heartbeats 1000/3000/3000 ms, MAXMSGSIZE 256 KiB, small HWM;
 * ROUTER_MANDATORY on routers, IMMEDIATE on dealers. ZMQ_FD is edge-triggered: the module drains
 * until EAGAIN after every send and every wake-up.
 */
#ifndef SAHAYA_BUS_H
#define SAHAYA_BUS_H

#include <sahaya/loop.h>
#include <sahaya/str.h>

#define SAH_BUS_MESSAGE_MAX (256 * 1024)

struct sah_bus_peer { /* a value; good as long as the peer is connected */
    uint8_t len;
    uint8_t id[31];
};

struct sah_bus_server;
typedef void sah_bus_server_fn(void *data, const struct sah_bus_peer *peer, const void *bytes, size_t len);
/* SAH_EINVAL for an endpoint that is not ipc://, SAH_EEXIST when it is in use. */
SAH_MUST_USE int sah_bus_server_create(struct sah_loop *loop, const char *endpoint, sah_bus_server_fn *fn,
                                       void *data, struct sah_bus_server **ret_server);
void sah_bus_server_destroy(struct sah_bus_server *server);
/* SAH_EDOWN: that peer is not there; SAH_EAGAIN: its pipe is full; SAH_ELIMIT. */
SAH_MUST_USE int sah_bus_server_send(struct sah_bus_server *server, const struct sah_bus_peer *peer,
                                     const void *bytes, size_t len);

struct sah_bus_client;
typedef void sah_bus_client_fn(void *data, const void *bytes, size_t len);
SAH_MUST_USE int sah_bus_client_create(struct sah_loop *loop, const char *endpoint, sah_bus_client_fn *fn,
                                       void *data, struct sah_bus_client **ret_client);
void sah_bus_client_destroy(struct sah_bus_client *client);
/* SAH_EAGAIN: not connected or pipe full; SAH_ELIMIT. */
SAH_MUST_USE int sah_bus_client_send(struct sah_bus_client *client, const void *bytes, size_t len);

#endif
