/*
 * http_server - HTTP requests in, over libmicrohttpd with its epoll descriptor in our loop.
 *
 * A handler is called once for each complete request and answers exactly once with sah_http_reply(),
 * at once or later from the loop (the connection is suspended meanwhile). A request whose handler
 * has not answered when its client goes away: `gone` below, the reply is swallowed.
 */
#ifndef SAHAYA_HTTP_SERVER_H
#define SAHAYA_HTTP_SERVER_H

#include <sahaya/loop.h>
#include <sahaya/str.h>

struct sah_http_server;
struct sah_http_exchange; /* one request and its answer */

typedef void sah_http_handler_fn(void *data, struct sah_http_exchange *x);

/* First matching route wins. `path` ends with '*' to match a prefix. method NULL = any; a path
 * that matches with another method gets 405, no route 404. */
struct sah_http_route {
    const char *method;
    const char *path;
    sah_http_handler_fn *fn;
};

struct sah_http_server_settings {
    const char *address;           /* "127.0.0.1", "0.0.0.0", "::1", or "unix:/path" (mode 0600) */
    uint16_t port;                 /* 0 = a free one, see sah_http_server_port(); ignored for unix */
    size_t max_body_bytes;         /* one byte more: 413 (Content-Length is judged before the body) */
    uint32_t idle_timeout_s;       /* 0 = 60 */
    unsigned max_connections;      /* 0 = 4096 */
    const struct sah_http_route *routes; /* borrowed for the server's life */
    size_t n_routes;
    void *data;                    /* handed to the handlers */
    uint64_t *too_large_count;     /* counts 413; may be NULL */
};

/* SAH_EEXIST when the port is taken, SAH_EDENIED, SAH_EINVAL for an address that is none. */
SAH_MUST_USE int sah_http_server_create(struct sah_loop *loop, const struct sah_http_server_settings *settings,
                                        struct sah_http_server **ret_server);
/* Exchanges still open are answered 503 by the server itself. */
void sah_http_server_destroy(struct sah_http_server *server);
uint16_t sah_http_server_port(const struct sah_http_server *server);
/* Stop listening; what is under way goes on. */
void sah_http_server_quiesce(struct sah_http_server *server);

struct sah_slice sah_http_method(const struct sah_http_exchange *x);
struct sah_slice sah_http_path(const struct sah_http_exchange *x);
struct sah_slice sah_http_path_tail(const struct sah_http_exchange *x); /* behind the '*' of the route */
/* NUL-terminated within the exchange; NULL when absent. Header names in any case. */
const char *sah_http_header(const struct sah_http_exchange *x, const char *name);
const char *sah_http_query(const struct sah_http_exchange *x, const char *name); /* percent-decoded */
struct sah_slice sah_http_body(const struct sah_http_exchange *x);               /* exact bytes */
bool sah_http_over_unix(const struct sah_http_exchange *x);
/* The bearer token of the Authorization header; empty when there is none. */
struct sah_slice sah_http_bearer(const struct sah_http_exchange *x);

/* Before the reply. Value is copied. A caller for whom the header is a courtesy may ignore a failure. */
int sah_http_reply_header(struct sah_http_exchange *x, const char *name, const char *value);
/* Body is copied. The exchange may be gone when this returns. */
void sah_http_reply(struct sah_http_exchange *x, int status, const char *content_type, const void *body, size_t len);
void sah_http_reply_text(struct sah_http_exchange *x, int status, const char *fmt, ...) SAH_PRINTF(3, 4);
/* Closes the connection without an answer: how the stand-in plays an agency whose reply is cut. */
void sah_http_drop(struct sah_http_exchange *x);

#endif
