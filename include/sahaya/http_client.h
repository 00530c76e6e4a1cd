/*
 * http_client - HTTP requests on the loop, over libcurl's multi interface.
 *
 * One completion for each request, exactly once, never from inside sah_http_send(). libcurl's own
 * pending queue never decides who goes first: the caller adds a request only when a connection is
 * his to use (set the limits high enough that libcurl never parks one).
 *
 * Fixed for all requests: HTTP/1.1, no redirects, no proxy, no netrc, only http and https, empty
 * `Expect:`, signals off, TLS verified. libcurl may itself send a POST again when a reused
 * connection dies before the first byte of the answer: the idempotency key must be in the request.
 */
#ifndef SAHAYA_HTTP_CLIENT_H
#define SAHAYA_HTTP_CLIENT_H

#include <sahaya/loop.h>
#include <sahaya/str.h>

enum sah_http_fault {
    SAH_HTTP_FINE = 0,  /* there is a status */
    SAH_HTTP_CONNECT,   /* not connected (name, TCP, TLS): nothing was sent */
    SAH_HTTP_TIMEOUT,   /* deadline passed after the request may have been sent: outcome unknown */
    SAH_HTTP_BROKEN,    /* cut or garbled answer after the request may have been sent: unknown */
    SAH_HTTP_TOO_LARGE, /* answer past max_answer_bytes; `status` is set */
    SAH_HTTP_LOCAL,     /* ours: bad URL, no memory; nothing was sent */
    SAH_HTTP_CANCELED,  /* sah_http_cancel() or the client was destroyed */
};
const char *sah_http_fault_text(enum sah_http_fault fault);

struct sah_http_header {
    const char *name;
    const char *value; /* CR and LF are refused: SAH_EINVAL */
};

struct sah_http_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    const char *unix_socket; /* path, or NULL */
    const struct sah_http_header *headers;
    size_t n_headers;
    const void *body; /* copied */
    size_t body_len;
    uint32_t connect_timeout_ms; /* 0 = 1500 */
    uint32_t timeout_ms;         /* everything; 0 is asserted against */
    size_t max_answer_bytes;     /* 0 = 64 KiB */
};

struct sah_http_answer {
    enum sah_http_fault fault;
    int status;              /* 0 when there is none */
    const char *body;        /* NUL-terminated, borrowed until the completion returns */
    size_t body_len;
    int64_t retry_after_ms;  /* from Retry-After in seconds (RFC 9110 10.2.3); -1 when absent or a date */
    uint32_t elapsed_ms;
};
typedef void sah_http_answer_fn(void *data, const struct sah_http_answer *answer);

struct sah_http_client;
struct sah_http_send; /* one request under way */
SAH_MUST_USE int sah_http_client_create(struct sah_loop *loop, struct sah_http_client **ret_client);
/* Completes what is under way with SAH_HTTP_CANCELED, then frees. */
void sah_http_client_destroy(struct sah_http_client *client);
/* Everything in the request is copied. ret_send may be NULL; it is valid until the completion. */
SAH_MUST_USE int sah_http_send(struct sah_http_client *client, const struct sah_http_request *request,
                               sah_http_answer_fn *fn, void *data, struct sah_http_send **ret_send);
void sah_http_cancel(struct sah_http_send *send); /* completes with SAH_HTTP_CANCELED before it returns */
unsigned sah_http_client_in_flight(const struct sah_http_client *client);

#endif
