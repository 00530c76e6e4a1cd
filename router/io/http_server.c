/*
 * http_server - libmicrohttpd's daemon inside our loop.
 *
 * Owns:    the daemon, its epoll descriptor's watch, its timer, the socket file.
 * Used by: the router's and the adapters' listeners, the stand-in, tests.
 * Never:   starts a thread, enters MHD_run() from a handler or from sah_http_reply().
 *
 * Two traps of the external epoll descriptor. libmicrohttpd polls edge-triggered inside and
 * keeps its own list of connections with work left, so MHD_get_timeout() is asked after every
 * run and armed. And a resumed connection is only looked at in the next MHD_run():
 * http_server_kick().
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_server_priv.h"
#include "listen.h"
#include "watch.h"

enum {
    IDLE_TIMEOUT_S = 60,
    MAX_CONNECTIONS = 4096,
    RUNS_A_TURN = 8,      /* then the other parts of the loop come first */
    RUNS_AT_THE_END = 16, /* to push the last answers out */
};

static void run(struct sah_http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool wanted = true;

    SAH_CHECK(server, HTTP_SERVER_MAGIC);
    SAH_ASSERT(!server->running);
    for (int i = 0; i < RUNS_A_TURN && wanted && wait_ms == 0; i++) {
        server->running = true;
        MHD_run(server->daemon);
        server->running = false;
        wanted = MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES;
    }
    if (wanted)
        sah_timer_start(server->timer, wait_ms);
    else
        sah_timer_stop(server->timer);
}

static void on_timer(void *data)
{
    run(data);
}

static void on_ready(void *data, int events)
{
    struct sah_http_server *server = data;

    if (events & IO_BROKEN)
        io_watch_set(server->watch, IO_READ);
    run(server);
}

void http_server_kick(struct sah_http_server *server)
{
    SAH_CHECK(server, HTTP_SERVER_MAGIC);
    sah_timer_start(server->timer, 0);
}

/* What libmicrohttpd would print on standard error can hold parts of requests (I13). */
static void swallow_log(void *data, const char *fmt, va_list args) SAH_PRINTF(2, 0);
static void swallow_log(void *data, const char *fmt, va_list args)
{
    SAH_UNUSED(data);
    SAH_UNUSED(fmt);
    SAH_UNUSED(args);
}

static int open_listener(struct sah_http_server *server, const char *address, int *ret_fd)
{
    static const char prefix[] = "unix:";

    if (strncmp(address, prefix, sizeof prefix - 1) != 0)
        return io_listen_tcp(address, server->settings.port, ret_fd, &server->port);
    server->unix_path = strdup(address + sizeof prefix - 1);
    if (server->unix_path == NULL)
        return SAH_ENOMEM;
    server->over_unix = true;
    return io_listen_unix(server->unix_path, ret_fd);
}

static int start_daemon(struct sah_http_server *server, int fd)
{
    const struct sah_http_server_settings *settings = &server->settings;
    unsigned idle_s = settings->idle_timeout_s > 0 ? settings->idle_timeout_s : IDLE_TIMEOUT_S;
    unsigned most = settings->max_connections > 0 ? settings->max_connections : MAX_CONNECTIONS;
    const union MHD_DaemonInfo *info;
    int err;

    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        http_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, swallow_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
        MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed,
        server, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (server->daemon == NULL)
        return SAH_EIO;
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    SAH_ASSERT(info != NULL);
    err = io_watch_create(server->loop, info->epoll_fd, on_ready, server, &server->watch);
    if (err != SAH_OK) {
        MHD_stop_daemon(server->daemon); /* closes fd */
        return err;
    }
    io_watch_set(server->watch, IO_READ);
    return SAH_OK;
}

int sah_http_server_create(struct sah_loop *loop,
                           const struct sah_http_server_settings *settings,
                           struct sah_http_server **ret_server)
{
    struct sah_http_server *server = calloc(1, sizeof *server);
    int err = SAH_ENOMEM;
    int fd;

    if (server == NULL)
        goto fail;
    server->loop = loop;
    server->settings = *settings;
    err = sah_timer_create(loop, on_timer, server, &server->timer);
    if (err != SAH_OK)
        goto fail_free_server;
    err = open_listener(server, settings->address, &fd);
    if (err != SAH_OK)
        goto fail_destroy_timer;
    server->magic = HTTP_SERVER_MAGIC;
    err = start_daemon(server, fd);
    if (err != SAH_OK)
        goto fail_unlink;
    *ret_server = server;
    return SAH_OK;

fail_unlink:
    if (server->unix_path != NULL)
        unlink(server->unix_path);
fail_destroy_timer:
    sah_timer_destroy(server->timer);
    free(server->unix_path);
fail_free_server:
    free(server);
fail:
    return err;
}

void sah_http_server_quiesce(struct sah_http_server *server)
{
    MHD_socket fd;

    SAH_CHECK(server, HTTP_SERVER_MAGIC);
    if (server->quiesced)
        return;
    server->quiesced = true;
    if (server->unix_path != NULL) /* first the name, then the listener: never another's file */
        unlink(server->unix_path);
    fd = MHD_quiesce_daemon(server->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

void sah_http_server_destroy(struct sah_http_server *server)
{
    struct sah_http_exchange *next;

    if (server == NULL)
        return;
    SAH_CHECK(server, HTTP_SERVER_MAGIC);
    SAH_ASSERT(!server->running); /* not from a handler */
    sah_http_server_quiesce(server);
    server->closing = true;
    /* libmicrohttpd panics when it is stopped with a suspended connection. */
    for (struct sah_http_exchange *x = server->exchanges; x != NULL; x = next) {
        next = x->next;
        if (x->state == EX_ASKED || x->state == EX_GONE)
            sah_http_reply_text(x, MHD_HTTP_SERVICE_UNAVAILABLE, "going down\n");
    }
    for (int i = 0; i < RUNS_AT_THE_END && server->exchanges != NULL; i++)
        MHD_run(server->daemon);
    http_linger_end_all(server);
    io_watch_close(server->watch);
    MHD_stop_daemon(server->daemon); /* completes what is left, so no exchange outlives it */
    SAH_ASSERT(server->exchanges == NULL);
    sah_timer_destroy(server->timer);
    free(server->unix_path);
    server->magic = 0;
    free(server);
}

uint16_t sah_http_server_port(const struct sah_http_server *server)
{
    SAH_CHECK(server, HTTP_SERVER_MAGIC);
    return server->port;
}
