/*
 * http_linger - lets a client that is still sending read why it was refused.
 *
 * A 413 goes out before the body is read. Closing a socket with unread bytes makes the kernel
 * reset the connection, and the reset can overtake the answer in the client's hands. So a
 * second descriptor of the socket is kept: its bytes are read and thrown away until the client
 * closes, within bounds of bytes, time and number.
 *
 * Owns:    the second descriptors.
 * Used by: http_intake.c, when an early answer is out.
 * Never:   keeps what it reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server_priv.h"
#include "watch.h"

enum {
    LINGER_MS = 2000,
    LINGER_BYTES = 16 * 1024 * 1024,
    LINGER_MOST = 64,
    READ_BYTES = 16 * 1024,
    READS_A_TURN = 8,
};

struct http_linger {
    struct sah_http_server *server;
    struct http_linger *prev, *next;
    struct io_watch *watch;
    struct sah_timer *timer;
    size_t left; /* bytes */
    int fd;
};

static void linger_end(struct http_linger *linger)
{
    struct sah_http_server *server = linger->server;

    if (linger->prev != NULL)
        linger->prev->next = linger->next;
    else
        server->lingers = linger->next;
    if (linger->next != NULL)
        linger->next->prev = linger->prev;
    server->n_lingers--;
    io_watch_close(linger->watch);
    sah_timer_destroy(linger->timer);
    close(linger->fd);
    free(linger);
}

static void on_late(void *data)
{
    linger_end(data);
}

static void on_ready(void *data, int events)
{
    struct http_linger *linger = data;
    char bytes[READ_BYTES];

    SAH_UNUSED(events);
    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t len = recv(linger->fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (len < 0 && (errno == EAGAIN || errno == EINTR) && !(events & IO_BROKEN))
            return;
        if (len <= 0 || (size_t)len > linger->left) {
            linger_end(linger);
            return;
        }
        linger->left -= (size_t)len;
    }
}

/* Without memory or descriptors it does nothing: the client may miss the reason, no more. */
void http_linger_start(struct sah_http_server *server, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_linger *linger;

    if (info == NULL || server->n_lingers >= LINGER_MOST)
        return;
    linger = calloc(1, sizeof *linger);
    if (linger == NULL)
        return;
    linger->fd = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
    if (linger->fd < 0)
        goto fail_free_linger;
    if (sah_timer_create(server->loop, on_late, linger, &linger->timer) != SAH_OK)
        goto fail_close;
    if (io_watch_create(server->loop, linger->fd, on_ready, linger, &linger->watch) != SAH_OK)
        goto fail_destroy_timer;
    shutdown(linger->fd, SHUT_WR); /* the answer is with the kernel; behind it comes the end */
    linger->server = server;
    linger->left = LINGER_BYTES;
    linger->next = server->lingers;
    if (linger->next != NULL)
        linger->next->prev = linger;
    server->lingers = linger;
    server->n_lingers++;
    io_watch_set(linger->watch, IO_READ);
    sah_timer_start(linger->timer, LINGER_MS);
    return;

fail_destroy_timer:
    sah_timer_destroy(linger->timer);
fail_close:
    close(linger->fd);
fail_free_linger:
    free(linger);
}

void http_linger_end_all(struct sah_http_server *server)
{
    while (server->lingers != NULL)
        linger_end(server->lingers);
}
