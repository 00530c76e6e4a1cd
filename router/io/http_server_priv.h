/*
 * http_server_priv - what http_server.c (daemon, descriptor, timer), http_intake.c (requests as
 * libmicrohttpd hands them over) and http_exchange.c (what handlers see) share.
 */
#ifndef SAHAYA_IO_HTTP_SERVER_PRIV_H
#define SAHAYA_IO_HTTP_SERVER_PRIV_H

#include <microhttpd.h>

#include <sahaya/http_server.h>

#define HTTP_SERVER_MAGIC   0x48535256u
#define HTTP_EXCHANGE_MAGIC 0x45584348u

struct io_watch;
struct http_linger;

struct sah_http_server {
    uint32_t magic;
    struct sah_loop *loop;
    struct sah_http_server_settings settings; /* strings in it are not used after create */
    struct MHD_Daemon *daemon;
    struct io_watch *watch;  /* libmicrohttpd's epoll descriptor */
    struct sah_timer *timer; /* when libmicrohttpd next wants to run */
    struct sah_http_exchange *exchanges;
    struct http_linger *lingers; /* http_linger.c */
    unsigned n_lingers;
    char *unix_path; /* NULL over TCP, and once it is removed */
    bool over_unix;
    bool running; /* inside MHD_run(), which is not to be entered twice */
    bool quiesced;
    bool closing; /* being destroyed: each new request gets 503 */
    uint16_t port;
};

/*
 *   READING --handler is called--> ASKED --reply or drop--> ANSWERED --completed--> freed
 *      |                             |
 *      +--client gone--> freed       +--client gone--> GONE --reply or drop--> freed
 *
 * `connection` is NULL exactly in GONE.
 */
enum exchange_state { EX_READING, EX_ASKED, EX_ANSWERED, EX_GONE };

struct sah_http_exchange {
    uint32_t magic;
    enum exchange_state state;
    struct sah_http_server *server;
    struct sah_http_exchange *prev, *next;
    struct MHD_Connection *connection;
    const struct sah_http_route *route;
    char method[16];
    char *path;
    struct sah_buf body;
    size_t swallowed; /* body bytes read past the bound */
    bool suspended;
    bool dropped;
    bool queued; /* the answer was handed to libmicrohttpd */
    bool early;  /* answered before its body was read */
    bool close;  /* after the answer */
    int status;
    struct MHD_Response *response;
    struct sah_buf reply_headers; /* name NUL value NUL ... */
};

/* http_intake.c: libmicrohttpd's two callbacks. */
enum MHD_Result http_on_request(void *data, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_len, void **slot);
void http_on_completed(void *data, struct MHD_Connection *connection, void **slot,
                       enum MHD_RequestTerminationCode why);

/* http_exchange.c */
struct sah_http_exchange *http_exchange_create(struct sah_http_server *server,
                                               struct MHD_Connection *connection,
                                               const char *method, const char *url);
void http_exchange_free(struct sah_http_exchange *x);

/* http_linger.c: the answer is out, the client may still be sending. */
void http_linger_start(struct sah_http_server *server, struct MHD_Connection *connection);
void http_linger_end_all(struct sah_http_server *server);

/* http_server.c: give libmicrohttpd a turn soon, from the loop. */
void http_server_kick(struct sah_http_server *server);

#endif
