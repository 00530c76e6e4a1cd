/*
 * http_client_priv - what http_client.c (requests, completions) and http_multi.c (libcurl's
 * sockets and timer in our loop) share. No one else includes it.
 */
#ifndef SAHAYA_IO_HTTP_CLIENT_PRIV_H
#define SAHAYA_IO_HTTP_CLIENT_PRIV_H

#include <curl/curl.h>

#include <sahaya/http_client.h>

#define HTTP_CLIENT_MAGIC 0x48435253u
#define HTTP_SEND_MAGIC   0x53454e44u

enum { HTTP_IDLE_EASIES = 32 }; /* easy handles kept for reuse */

struct http_socket; /* http_multi.c */

struct sah_http_client {
    uint32_t magic;
    struct sah_loop *loop;
    CURLM *multi;
    CURLSH *share; /* TLS sessions, so that a new connection to a known agency is resumed */
    struct sah_timer *timer;
    struct http_socket *sockets;
    struct sah_http_send *sends;
    CURL *idle[HTTP_IDLE_EASIES];
    unsigned n_idle;
    unsigned in_flight;
    unsigned completing; /* depth of completions: destroy is refused meanwhile */
    bool closing;
};

struct sah_http_send {
    uint32_t magic;
    struct sah_http_client *client;
    struct sah_http_send *prev, *next;
    CURL *easy;
    struct curl_slist *headers;
    struct sah_buf body;
    size_t header_bytes;
    int64_t retry_after_ms;
    uint64_t began_ms;
    bool maybe_sent; /* a connection stood and the request may have gone out on it */
    bool too_large;
    sah_http_answer_fn *fn;
    void *data;
};

/* http_multi.c */
SAH_MUST_USE int http_multi_init(struct sah_http_client *client);
void http_multi_fini(struct sah_http_client *client);

/* http_client.c: libcurl is done with this one. Frees it. */
void http_send_finish(struct sah_http_send *send, CURLcode result);

/* http_request.c: everything that is set on an easy handle. SAH_EINVAL, SAH_ENOMEM. */
SAH_MUST_USE int http_request_setup(struct sah_http_send *send,
                                    const struct sah_http_request *request);

#endif
