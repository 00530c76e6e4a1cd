/*
 * http_intake - requests as libmicrohttpd hands them over: headers first, then the body in
 * pieces, then once more at the end, and once more after each resume.
 *
 * Owns:    nothing; it moves an exchange from state to state (drawn in http_server_priv.h).
 * Used by: libmicrohttpd, through http_server.c.
 * Never:   uses libmicrohttpd's post processor, calls a handler before the whole body is there.
 */
#include <string.h>

#include "http_server_priv.h"

enum { SWALLOW_BYTES = 1024 * 1024 };

static bool path_matches(const char *pattern, const char *path)
{
    size_t len = strlen(pattern);

    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, path, len - 1) == 0;
    return strcmp(pattern, path) == 0;
}

/* HEAD is a GET whose body libmicrohttpd leaves out. */
static bool method_matches(const char *wanted, const char *method)
{
    return wanted == NULL || strcmp(wanted, method) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void answer_now(struct sah_http_exchange *x, int status, const char *text)
{
    x->state = EX_ASKED;
    sah_http_reply_text(x, status, "%s\n", text);
}

static void count_too_large(struct sah_http_exchange *x)
{
    if (x->server->settings.too_large_count != NULL)
        (*x->server->settings.too_large_count)++;
}

/* Names each method the path knows: RFC 9110 15.5.6 wants it with a 405. */
static void answer_no_route(struct sah_http_exchange *x)
{
    const struct sah_http_server_settings *settings = &x->server->settings;
    struct sah_buf allow;

    sah_buf_init(&allow, 256);
    for (size_t i = 0; i < settings->n_routes; i++) {
        if (path_matches(settings->routes[i].path, x->path))
            sah_buf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "", settings->routes[i].method);
    }
    if (allow.len == 0) {
        answer_now(x, MHD_HTTP_NOT_FOUND, "no such path");
    } else if (allow.failed ||
               sah_http_reply_header(x, MHD_HTTP_HEADER_ALLOW, allow.data) != 0) {
        answer_now(x, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    } else {
        answer_now(x, MHD_HTTP_METHOD_NOT_ALLOWED, "not with this method");
    }
    sah_buf_fini(&allow);
}

static const struct sah_http_route *find_route(const struct sah_http_exchange *x)
{
    const struct sah_http_server_settings *settings = &x->server->settings;

    for (size_t i = 0; i < settings->n_routes; i++) {
        const struct sah_http_route *route = &settings->routes[i];

        if (path_matches(route->path, x->path) && method_matches(route->method, x->method))
            return route;
    }
    return NULL;
}

/* Hands the settled answer to libmicrohttpd. MHD_NO makes it close the connection. */
static enum MHD_Result deliver(struct sah_http_exchange *x)
{
    if (x->dropped)
        return MHD_NO;
    if (x->queued)
        return MHD_YES;
    x->queued = true;
    return MHD_queue_response(x->connection, (unsigned)x->status, x->response);
}

static enum MHD_Result begin(struct sah_http_server *server, struct MHD_Connection *connection,
                             const char *url, const char *method, void **slot)
{
    struct sah_http_exchange *x = http_exchange_create(server, connection, method, url);
    const char *length;
    uint64_t bytes;

    if (x == NULL)
        return MHD_NO;
    *slot = x;
    if (server->closing) {
        x->close = true;
        answer_now(x, MHD_HTTP_SERVICE_UNAVAILABLE, "going down");
        return deliver(x);
    }
    length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (length != NULL && sah_parse_u64(sah_slice_of(length), 0,
                                        server->settings.max_body_bytes, &bytes) != SAH_OK) {
        /* Answered before the body: libmicrohttpd reads none of it and closes. (A length that
         * is no number never comes here: libmicrohttpd answers 400.) */
        count_too_large(x);
        x->early = true;
        x->close = true;
        answer_now(x, MHD_HTTP_CONTENT_TOO_LARGE, "body too large");
        return deliver(x);
    }
    return MHD_YES;
}

/* A piece of the body. One of unknown length is judged as it grows; libmicrohttpd takes no
 * answer in the middle, so what is too much is read and forgotten, up to a bound, and 413 comes
 * after. */
static enum MHD_Result collect(struct sah_http_exchange *x, const char *bytes, size_t len)
{
    if (x->swallowed == 0 && len <= x->body.max - x->body.len) {
        sah_buf_add(&x->body, bytes, len);
        return x->body.failed ? MHD_NO : MHD_YES;
    }
    if (x->swallowed == 0) {
        count_too_large(x);
        sah_buf_fini(&x->body);
    }
    x->swallowed += len;
    return x->swallowed <= SWALLOW_BYTES ? MHD_YES : MHD_NO;
}

static enum MHD_Result call_handler(struct sah_http_exchange *x)
{
    if (x->swallowed > 0) {
        x->close = true;
        answer_now(x, MHD_HTTP_CONTENT_TOO_LARGE, "body too large");
        return deliver(x);
    }
    x->route = find_route(x);
    if (x->route == NULL) {
        answer_no_route(x);
        return deliver(x);
    }
    x->state = EX_ASKED;
    x->route->fn(x->server->settings.data, x); /* x stays: only http_on_completed() frees it */
    if (x->state == EX_ANSWERED)
        return deliver(x);
    x->suspended = true;
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

enum MHD_Result http_on_request(void *data, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_len, void **slot)
{
    struct sah_http_server *server = data;
    struct sah_http_exchange *x = *slot;
    enum MHD_Result result;

    SAH_UNUSED(version);
    SAH_CHECK(server, HTTP_SERVER_MAGIC);
    if (x == NULL)
        return begin(server, connection, url, method, slot);
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    if (*upload_len > 0) {
        result = x->state == EX_READING ? collect(x, upload, *upload_len) : MHD_YES;
        *upload_len = 0;
        return result;
    }
    if (x->state == EX_READING)
        return call_handler(x);
    return x->state == EX_ANSWERED ? deliver(x) : MHD_YES;
}

void http_on_completed(void *data, struct MHD_Connection *connection, void **slot,
                       enum MHD_RequestTerminationCode why)
{
    struct sah_http_exchange *x = *slot;

    SAH_UNUSED(data);
    if (x == NULL)
        return; /* closed before its headers were complete */
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    *slot = NULL;
    if (x->state == EX_ASKED) {
        x->state = EX_GONE; /* the handler still holds it and will reply */
        x->connection = NULL;
        x->suspended = false;
        return;
    }
    if (x->early && why == MHD_REQUEST_TERMINATED_COMPLETED_OK && !x->server->closing)
        http_linger_start(x->server, connection);
    http_exchange_free(x);
}
