/*
 * bus - single-frame messages between adapters and routers: the router's ROUTER, the adapter's
 * DEALER.
 *
 * Owns:    nothing beyond its bus_socket, and the socket file of a server.
 * Used by: the router's and the adapters' links.
 * Never:   promises delivery, queues a message itself, takes another endpoint than ipc.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus_socket.h"
#include "listen.h"

struct sah_bus_server {
    struct bus bus;
    sah_bus_server_fn *fn;
    void *data;
    char *path;
};

struct sah_bus_client {
    struct bus bus;
    sah_bus_client_fn *fn;
    void *data;
};

/* The path of "ipc:///path"; NULL for any other endpoint. Abstract names and wildcards are
 * refused: they have no mode. */
static const char *ipc_path(const char *endpoint)
{
    static const char prefix[] = "ipc:///";

    if (strncmp(endpoint, prefix, sizeof prefix - 1) != 0)
        return NULL;
    return endpoint + sizeof prefix - 2; /* with its first slash */
}

static void on_server_frames(struct bus *bus, zmq_msg_t *frames)
{
    struct sah_bus_server *server = SAH_CONTAINER_OF(bus, struct sah_bus_server, bus);
    struct sah_bus_peer peer = {0};
    size_t len = zmq_msg_size(&frames[0]);

    if (len == 0 || len > sizeof peer.id)
        return;
    peer.len = (uint8_t)len;
    memcpy(peer.id, zmq_msg_data(&frames[0]), len);
    server->fn(server->data, &peer, zmq_msg_data(&frames[1]), zmq_msg_size(&frames[1]));
}

/* The listening socket is ours (mode 0600, never another's place taken): libzmq would remove a
 * living router's socket file without asking. It takes the descriptor over and closes it. */
static int bind_server(struct sah_bus_server *server, const char *endpoint)
{
    const char *path = ipc_path(endpoint);
    int err;
    int fd;

    if (path == NULL)
        return SAH_EINVAL;
    err = io_listen_unix(path, &fd);
    if (err != SAH_OK)
        return err;
    server->path = strdup(path);
    if (server->path == NULL) {
        unlink(path);
        close(fd);
        return SAH_ENOMEM;
    }
    bus_set_int(server->bus.socket, ZMQ_USE_FD, fd);
    return zmq_bind(server->bus.socket, endpoint) == 0 ? SAH_OK : bus_err();
}

int sah_bus_server_create(struct sah_loop *loop, const char *endpoint, sah_bus_server_fn *fn,
                          void *data, struct sah_bus_server **ret_server)
{
    struct sah_bus_server *server = calloc(1, sizeof *server);
    int err;

    if (server == NULL)
        return SAH_ENOMEM;
    server->bus.on_frames = on_server_frames;
    server->bus.n_frames = 2; /* routing id, message */
    server->fn = fn;
    server->data = data;
    err = bus_init(&server->bus, loop, ZMQ_ROUTER);
    if (err != SAH_OK)
        goto fail;
    bus_set_int(server->bus.socket, ZMQ_ROUTER_MANDATORY, 1);
    err = bind_server(server, endpoint);
    if (err != SAH_OK)
        goto fail;
    err = bus_start(&server->bus, loop);
    if (err != SAH_OK)
        goto fail;
    *ret_server = server;
    return SAH_OK;

fail:
    sah_bus_server_destroy(server);
    return err;
}

void sah_bus_server_destroy(struct sah_bus_server *server)
{
    if (server == NULL)
        return;
    if (server->path != NULL)
        unlink(server->path); /* while we still listen: never another's file */
    bus_fini(&server->bus);
    free(server->path);
    free(server);
}

int sah_bus_server_send(struct sah_bus_server *server, const struct sah_bus_peer *peer,
                        const void *bytes, size_t len)
{
    int err;

    SAH_CHECK(&server->bus, BUS_MAGIC);
    if (len > SAH_BUS_MESSAGE_MAX)
        return SAH_ELIMIT;
    if (peer->len == 0 || peer->len > sizeof peer->id)
        return SAH_EDOWN;
    err = bus_send_frame(&server->bus, peer->id, peer->len, ZMQ_SNDMORE);
    if (err == SAH_OK)
        err = bus_send_frame(&server->bus, bytes, len, 0);
    bus_after_send(&server->bus);
    return err;
}

static void on_client_frames(struct bus *bus, zmq_msg_t *frames)
{
    struct sah_bus_client *client = SAH_CONTAINER_OF(bus, struct sah_bus_client, bus);

    client->fn(client->data, zmq_msg_data(&frames[0]), zmq_msg_size(&frames[0]));
}

int sah_bus_client_create(struct sah_loop *loop, const char *endpoint, sah_bus_client_fn *fn,
                          void *data, struct sah_bus_client **ret_client)
{
    struct sah_bus_client *client;
    int err;

    if (ipc_path(endpoint) == NULL)
        return SAH_EINVAL;
    client = calloc(1, sizeof *client);
    if (client == NULL)
        return SAH_ENOMEM;
    client->bus.on_frames = on_client_frames;
    client->bus.n_frames = 1;
    client->fn = fn;
    client->data = data;
    err = bus_init(&client->bus, loop, ZMQ_DEALER);
    if (err != SAH_OK)
        goto fail;
    bus_set_int(client->bus.socket, ZMQ_IMMEDIATE, 1);
    if (zmq_connect(client->bus.socket, endpoint) != 0) {
        err = bus_err();
        goto fail;
    }
    err = bus_start(&client->bus, loop);
    if (err != SAH_OK)
        goto fail;
    *ret_client = client;
    return SAH_OK;

fail:
    sah_bus_client_destroy(client);
    return err;
}

void sah_bus_client_destroy(struct sah_bus_client *client)
{
    if (client == NULL)
        return;
    bus_fini(&client->bus);
    free(client);
}

int sah_bus_client_send(struct sah_bus_client *client, const void *bytes, size_t len)
{
    int err;

    SAH_CHECK(&client->bus, BUS_MAGIC);
    if (len > SAH_BUS_MESSAGE_MAX)
        return SAH_ELIMIT;
    err = bus_send_frame(&client->bus, bytes, len, 0);
    bus_after_send(&client->bus);
    return err;
}
