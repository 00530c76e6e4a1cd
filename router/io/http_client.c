/*
 * http_client - HTTP requests on the loop: starting them, judging how they ended, cancelling.
 *
 * Owns:    each sah_http_send until its completion, and a small pool of easy handles.
 * Used by: agency senders, the adapters' senders to the channel, tests.
 * Never:   retries, decides who goes first, completes from inside sah_http_send().
 *
 * What counts as "nothing was sent" is decided by libcurl's pre-request callback: it is called
 * each time a connection is about to carry the request, also when libcurl itself repeats a
 * request whose reused connection died. The error code alone cannot tell: a repeat that fails
 * to connect says "could not connect" although the first copy may have arrived.
 */
#include <stdlib.h>

#include <sahaya/clock.h>

#include "http_client_priv.h"

const char *sah_http_fault_text(enum sah_http_fault fault)
{
    switch (fault) {
    case SAH_HTTP_FINE:
        return "fine";
    case SAH_HTTP_CONNECT:
        return "connect";
    case SAH_HTTP_TIMEOUT:
        return "timeout";
    case SAH_HTTP_BROKEN:
        return "broken";
    case SAH_HTTP_TOO_LARGE:
        return "too_large";
    case SAH_HTTP_LOCAL:
        return "local";
    case SAH_HTTP_CANCELED:
        return "canceled";
    }
    return "unknown";
}

int sah_http_client_create(struct sah_loop *loop, struct sah_http_client **ret_client)
{
    struct sah_http_client *client = calloc(1, sizeof *client);
    int err;

    if (client == NULL)
        return SAH_ENOMEM;
    client->loop = loop;
    err = http_multi_init(client);
    if (err != SAH_OK) {
        free(client);
        return err;
    }
    client->magic = HTTP_CLIENT_MAGIC;
    *ret_client = client;
    return SAH_OK;
}

static CURL *easy_take(struct sah_http_client *client)
{
    return client->n_idle > 0 ? client->idle[--client->n_idle] : curl_easy_init();
}

static void easy_give_back(struct sah_http_client *client, CURL *easy)
{
    if (client->n_idle == HTTP_IDLE_EASIES) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    client->idle[client->n_idle++] = easy;
}

static void send_free(struct sah_http_send *send)
{
    easy_give_back(send->client, send->easy);
    curl_slist_free_all(send->headers);
    sah_buf_fini(&send->body);
    send->magic = 0;
    free(send);
}

/* Out of libcurl's hands and out of the list: only the completion is left. */
static void send_detach(struct sah_http_send *send)
{
    struct sah_http_client *client = send->client;

    curl_multi_remove_handle(client->multi, send->easy);
    if (send->prev != NULL)
        send->prev->next = send->next;
    else
        client->sends = send->next;
    if (send->next != NULL)
        send->next->prev = send->prev;
    client->in_flight--;
}

static void complete(struct sah_http_send *send, enum sah_http_fault fault)
{
    struct sah_http_client *client = send->client;
    long status = 0;
    struct sah_http_answer answer;

    SAH_CHECK(send, HTTP_SEND_MAGIC);
    curl_easy_getinfo(send->easy, CURLINFO_RESPONSE_CODE, &status);
    answer = (struct sah_http_answer){
        .fault = fault,
        .status = (int)status,
        .body = send->body.data != NULL ? send->body.data : "",
        .body_len = send->body.len,
        .retry_after_ms = send->retry_after_ms,
        .elapsed_ms = (uint32_t)(sah_clock_mono_ms() - send->began_ms),
    };
    send_detach(send);
    client->completing++;
    send->fn(send->data, &answer);
    client->completing--;
    send_free(send);
}

static enum sah_http_fault judge(const struct sah_http_send *send, CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return SAH_HTTP_FINE;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY:
        return send->maybe_sent ? SAH_HTTP_BROKEN : SAH_HTTP_LOCAL;
    case CURLE_OPERATION_TIMEDOUT:
        return send->maybe_sent ? SAH_HTTP_TIMEOUT : SAH_HTTP_CONNECT;
    default: /* libcurl's enum, not ours */
        break;
    }
    if (send->too_large)
        return SAH_HTTP_TOO_LARGE;
    return send->maybe_sent ? SAH_HTTP_BROKEN : SAH_HTTP_CONNECT;
}

void http_send_finish(struct sah_http_send *send, CURLcode result)
{
    SAH_CHECK(send, HTTP_SEND_MAGIC);
    complete(send, judge(send, result));
}

int sah_http_send(struct sah_http_client *client, const struct sah_http_request *request,
                  sah_http_answer_fn *fn, void *data, struct sah_http_send **ret_send)
{
    struct sah_http_send *send;
    int err = SAH_ENOMEM;

    SAH_CHECK(client, HTTP_CLIENT_MAGIC);
    SAH_ASSERT(fn != NULL && request->timeout_ms > 0);
    if (client->closing)
        return SAH_ECANCELED;
    send = calloc(1, sizeof *send);
    if (send == NULL)
        return SAH_ENOMEM;
    send->easy = easy_take(client);
    if (send->easy == NULL)
        goto fail_free_send;
    send->magic = HTTP_SEND_MAGIC;
    send->client = client;
    send->fn = fn;
    send->data = data;
    send->retry_after_ms = -1;
    send->began_ms = sah_clock_mono_ms();
    err = http_request_setup(send, request);
    if (err != SAH_OK)
        goto fail_free_all;
    /* Only asks for a turn of the timer: nothing is sent and nothing completes in here. */
    if (curl_multi_add_handle(client->multi, send->easy) != CURLM_OK) {
        err = SAH_ENOMEM;
        goto fail_free_all;
    }
    send->next = client->sends;
    if (send->next != NULL)
        send->next->prev = send;
    client->sends = send;
    client->in_flight++;
    if (ret_send != NULL)
        *ret_send = send;
    return SAH_OK;

fail_free_all:
    send_free(send);
    return err;
fail_free_send:
    free(send);
    return err;
}

void sah_http_cancel(struct sah_http_send *send)
{
    SAH_CHECK(send, HTTP_SEND_MAGIC);
    complete(send, SAH_HTTP_CANCELED);
}

unsigned sah_http_client_in_flight(const struct sah_http_client *client)
{
    SAH_CHECK(client, HTTP_CLIENT_MAGIC);
    return client->in_flight;
}

void sah_http_client_destroy(struct sah_http_client *client)
{
    if (client == NULL)
        return;
    SAH_CHECK(client, HTTP_CLIENT_MAGIC);
    SAH_ASSERT(client->completing == 0); /* not from a completion */
    client->closing = true;              /* a completion that sends again would keep us here */
    while (client->sends != NULL)
        complete(client->sends, SAH_HTTP_CANCELED);
    while (client->n_idle > 0)
        curl_easy_cleanup(client->idle[--client->n_idle]);
    http_multi_fini(client);
    client->magic = 0;
    free(client);
}
