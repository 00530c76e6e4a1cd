/*
 * http_multi - libcurl's multi handle in our loop: its sockets as watches, its timer as a
 * timer.
 *
 * Owns:    the multi handle, the watches of its sockets, its timer.
 * Used by: http_client.c.
 * Never:   calls curl_multi_socket_action() from inside one of libcurl's callbacks.
 *
 * libcurl's timer is single-shot: it is told again when the time changes, or after it has run.
 */
#include <pthread.h>
#include <stdlib.h>

#include "http_client_priv.h"
#include "watch.h"

enum { MAX_IDLE_CONNECTIONS = 1024 }; /* kept warm; far above what the routers run at once */

struct http_socket {
    struct sah_http_client *client;
    struct http_socket *prev, *next;
    struct io_watch *watch;
    curl_socket_t fd;
};

/* curl_global_init() and _cleanup() are counted: the last client leaves nothing behind. */
static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned global_users;

static int global_take(void)
{
    CURLcode result = CURLE_OK;

    pthread_mutex_lock(&global_lock);
    if (global_users == 0)
        result = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (result == CURLE_OK)
        global_users++;
    pthread_mutex_unlock(&global_lock);
    return result == CURLE_OK ? SAH_OK : SAH_ENOMEM;
}

static void global_drop(void)
{
    pthread_mutex_lock(&global_lock);
    if (--global_users == 0)
        curl_global_cleanup();
    pthread_mutex_unlock(&global_lock);
}

static void read_done(struct sah_http_client *client)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct sah_http_send *send = NULL;
        CURLcode result = msg->data.result; /* msg is gone once the handle is removed */

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&send);
        http_send_finish(send, result);
    }
}

static void act(struct sah_http_client *client, curl_socket_t fd, int mask)
{
    int running;

    SAH_CHECK(client, HTTP_CLIENT_MAGIC);
    curl_multi_socket_action(client->multi, fd, mask, &running);
}

static void on_socket_ready(void *data, int events)
{
    struct http_socket *sock = data;
    struct sah_http_client *client = sock->client;
    curl_socket_t fd = sock->fd;
    int mask = 0;

    if (events & IO_READ)
        mask |= CURL_CSELECT_IN;
    if (events & IO_WRITE)
        mask |= CURL_CSELECT_OUT;
    if (events & IO_BROKEN) {
        mask |= CURL_CSELECT_ERR;
        io_watch_set(sock->watch, io_watch_wants(sock->watch)); /* libuv had stopped it */
    }
    act(client, fd, mask); /* `sock` may be gone */
    read_done(client);
}

static void on_timer(void *data)
{
    struct sah_http_client *client = data;

    act(client, CURL_SOCKET_TIMEOUT, 0);
    read_done(client);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct sah_http_client *client = data;

    SAH_UNUSED(multi);
    if (timeout_ms < 0)
        sah_timer_stop(client->timer);
    else
        sah_timer_start(client->timer, (uint64_t)timeout_ms);
    return 0;
}

static void socket_forget(struct http_socket *sock)
{
    if (sock->prev != NULL)
        sock->prev->next = sock->next;
    else
        sock->client->sockets = sock->next;
    if (sock->next != NULL)
        sock->next->prev = sock->prev;
    io_watch_close(sock->watch);
    free(sock);
}

static struct http_socket *socket_remember(struct sah_http_client *client, curl_socket_t fd)
{
    struct http_socket *sock = calloc(1, sizeof *sock);

    if (sock == NULL)
        return NULL;
    if (io_watch_create(client->loop, fd, on_socket_ready, sock, &sock->watch) != SAH_OK) {
        free(sock);
        return NULL;
    }
    sock->client = client;
    sock->fd = fd;
    sock->next = client->sockets;
    if (sock->next != NULL)
        sock->next->prev = sock;
    client->sockets = sock;
    curl_multi_assign(client->multi, fd, sock);
    return sock;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *assigned)
{
    struct sah_http_client *client = data;
    struct http_socket *sock = assigned;
    int events = 0;

    SAH_UNUSED(easy);
    if (what == CURL_POLL_REMOVE) {
        if (sock != NULL) {
            curl_multi_assign(client->multi, fd, NULL);
            socket_forget(sock);
        }
        return 0;
    }
    if (sock == NULL && (sock = socket_remember(client, fd)) == NULL)
        return -1; /* no memory: libcurl fails its transfers */
    if (what & CURL_POLL_IN)
        events |= IO_READ;
    if (what & CURL_POLL_OUT)
        events |= IO_WRITE;
    io_watch_set(sock->watch, events);
    return 0;
}

int http_multi_init(struct sah_http_client *client)
{
    int err = global_take();

    if (err != SAH_OK)
        return err;
    client->multi = curl_multi_init();
    client->share = curl_share_init();
    if (client->multi == NULL || client->share == NULL)
        goto fail;
    err = sah_timer_create(client->loop, on_timer, client, &client->timer);
    if (err != SAH_OK)
        goto fail;
    /* One thread uses it: no lock functions are needed. */
    curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    /* No MAX_HOST_CONNECTIONS, no MAX_TOTAL_CONNECTIONS: libcurl would park what is above them
     * in one queue without priority (I7). */
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    return SAH_OK;

fail:
    if (client->share != NULL)
        curl_share_cleanup(client->share);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    global_drop();
    return SAH_ENOMEM;
}

void http_multi_fini(struct sah_http_client *client)
{
    curl_multi_cleanup(client->multi); /* may still take sockets away and set the timer */
    curl_share_cleanup(client->share);
    while (client->sockets != NULL)
        socket_forget(client->sockets);
    sah_timer_destroy(client->timer);
    global_drop();
}
