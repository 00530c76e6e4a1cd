/*
 * http_exchange - one request and its answer, as handlers see them.
 *
 * Owns:    the exchange: path, body, answer.
 * Used by: every handler; http_intake.c makes them and hands the answer to libmicrohttpd.
 * Never:   touches a connection that is gone, answers twice.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_server_priv.h"

enum { REPLY_HEADER_BYTES = 16 * 1024, REPLY_TEXT_BYTES = 1024 * 1024 };

struct sah_http_exchange *http_exchange_create(struct sah_http_server *server,
                                               struct MHD_Connection *connection,
                                               const char *method, const char *url)
{
    struct sah_http_exchange *x = calloc(1, sizeof *x);

    if (x == NULL)
        return NULL;
    x->path = strdup(url);
    if (x->path == NULL) {
        free(x);
        return NULL;
    }
    sah_copy_cut(x->method, sizeof x->method, method, strlen(method));
    sah_buf_init(&x->body, server->settings.max_body_bytes);
    sah_buf_init(&x->reply_headers, REPLY_HEADER_BYTES);
    x->magic = HTTP_EXCHANGE_MAGIC;
    x->state = EX_READING;
    x->server = server;
    x->connection = connection;
    x->next = server->exchanges;
    if (x->next != NULL)
        x->next->prev = x;
    server->exchanges = x;
    return x;
}

void http_exchange_free(struct sah_http_exchange *x)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        x->server->exchanges = x->next;
    if (x->next != NULL)
        x->next->prev = x->prev;
    if (x->response != NULL)
        MHD_destroy_response(x->response);
    sah_buf_fini(&x->reply_headers);
    sah_buf_fini(&x->body);
    free(x->path);
    x->magic = 0;
    free(x);
}

struct sah_slice sah_http_method(const struct sah_http_exchange *x)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    return sah_slice_of(x->method);
}

struct sah_slice sah_http_path(const struct sah_http_exchange *x)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    return sah_slice_of(x->path);
}

struct sah_slice sah_http_path_tail(const struct sah_http_exchange *x)
{
    size_t len;

    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    if (x->route == NULL)
        return (struct sah_slice){"", 0};
    len = strlen(x->route->path);
    if (len == 0 || x->route->path[len - 1] != '*')
        return (struct sah_slice){"", 0};
    return sah_slice_of(x->path + len - 1);
}

const char *sah_http_header(const struct sah_http_exchange *x, const char *name)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    if (x->connection == NULL)
        return NULL;
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *sah_http_query(const struct sah_http_exchange *x, const char *name)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    if (x->connection == NULL)
        return NULL;
    return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct sah_slice sah_http_body(const struct sah_http_exchange *x)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    return (struct sah_slice){x->body.data != NULL ? x->body.data : "", x->body.len};
}

bool sah_http_over_unix(const struct sah_http_exchange *x)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    return x->server->over_unix;
}

struct sah_slice sah_http_bearer(const struct sah_http_exchange *x)
{
    const char *value = sah_http_header(x, "Authorization");
    size_t len;

    if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
        return (struct sah_slice){"", 0};
    value += 7;
    while (*value == ' ')
        value++;
    len = strlen(value);
    while (len > 0 && isspace((unsigned char)value[len - 1]))
        len--;
    return (struct sah_slice){value, len};
}

int sah_http_reply_header(struct sah_http_exchange *x, const char *name, const char *value)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    if (name[0] == '\0' || strpbrk(name, "\r\n: \t") != NULL || strpbrk(value, "\r\n") != NULL)
        return SAH_EINVAL;
    if (x->reply_headers.len + strlen(name) + strlen(value) + 2 > REPLY_HEADER_BYTES)
        return SAH_ELIMIT;
    sah_buf_add(&x->reply_headers, name, strlen(name) + 1);
    sah_buf_add(&x->reply_headers, value, strlen(value) + 1);
    return x->reply_headers.failed ? SAH_ENOMEM : SAH_OK;
}

static struct MHD_Response *make_response(struct sah_http_exchange *x, const char *content_type,
                                          const void *body, size_t len)
{
    union {
        const void *in;
        void *out;
    } bytes = {.in = len > 0 ? body : ""}; /* it copies, but takes a pointer without const */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes.out, MHD_RESPMEM_MUST_COPY);
    size_t at = 0;

    if (response == NULL)
        return NULL;
    if (content_type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    while (at < x->reply_headers.len) {
        const char *name = x->reply_headers.data + at;
        const char *value = name + strlen(name) + 1;

        MHD_add_response_header(response, name, value);
        at += strlen(name) + strlen(value) + 2;
    }
    if (x->close)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return response;
}

/* The answer, or its absence, is settled: let the connection go on, or forget it when it is
 * gone. */
static void settle(struct sah_http_exchange *x)
{
    if (x->state == EX_GONE) {
        http_exchange_free(x);
        return;
    }
    x->state = EX_ANSWERED;
    if (!x->suspended)
        return; /* still inside the handler: http_intake.c goes on from there */
    x->suspended = false;
    MHD_resume_connection(x->connection);
    http_server_kick(x->server);
}

void sah_http_reply(struct sah_http_exchange *x, int status, const char *content_type,
                    const void *body, size_t len)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    SAH_ASSERT(x->state == EX_ASKED || x->state == EX_GONE);
    SAH_ASSERT(status >= 200 && status <= 999);
    if (x->state == EX_ASKED) {
        x->status = status;
        x->response = make_response(x, content_type, body, len);
        x->dropped = x->response == NULL; /* no memory: the client sees a cut connection */
    }
    settle(x);
}

void sah_http_reply_text(struct sah_http_exchange *x, int status, const char *fmt, ...)
{
    struct sah_buf text;
    va_list args;

    sah_buf_init(&text, REPLY_TEXT_BYTES);
    va_start(args, fmt);
    sah_buf_vaddf(&text, fmt, args);
    va_end(args);
    sah_http_reply(x, text.failed ? MHD_HTTP_INTERNAL_SERVER_ERROR : status,
                   "text/plain; charset=utf-8", text.data, text.failed ? 0 : text.len);
    sah_buf_fini(&text);
}

void sah_http_drop(struct sah_http_exchange *x)
{
    SAH_CHECK(x, HTTP_EXCHANGE_MAGIC);
    SAH_ASSERT(x->state == EX_ASKED || x->state == EX_GONE);
    x->dropped = true;
    settle(x);
}
