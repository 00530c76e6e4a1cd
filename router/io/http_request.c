/*
 * http_request - one request as options of a libcurl easy handle, and the callbacks that read
 * its answer.
 *
 * Owns:    nothing; what it makes hangs on the sah_http_send.
 * Used by: http_client.c.
 * Never:   lets a line feed into a header, keeps more of an answer than was asked for.
 */
#include <string.h>
#include <strings.h>

#include "http_client_priv.h"

enum {
    CONNECT_TIMEOUT_MS = 1500,
    ANSWER_BYTES = 64 * 1024,
    ANSWER_HEADER_BYTES = 64 * 1024,
    IDLE_CONNECTION_S = 30,    /* below the idle time-out of usual servers */
    OLDEST_CONNECTION_S = 300, /* changes of address are noticed */
    RETRY_AFTER_MAX_S = 30 * 24 * 3600,
};

/* A connection stands, new or reused, and the request goes out next. libcurl comes here again
 * when it repeats a request on a fresh connection, so once true it stays true. */
static int on_before_request(void *data, char *peer, char *local, int peer_port, int local_port)
{
    struct sah_http_send *send = data;

    SAH_UNUSED(peer);
    SAH_UNUSED(local);
    SAH_UNUSED(peer_port);
    SAH_UNUSED(local_port);
    send->maybe_sent = true;
    return CURL_PREREQFUNC_OK;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct sah_http_send *send = data;
    size_t len = size * count;

    if (len > send->body.max - send->body.len) {
        send->too_large = true;
        return 0; /* ends the transfer */
    }
    sah_buf_add(&send->body, bytes, len);
    return send->body.failed ? 0 : len;
}

static void read_retry_after(struct sah_http_send *send, const char *line, size_t len)
{
    static const char name[] = "retry-after:";
    struct sah_slice value;
    uint64_t seconds;

    if (len < sizeof name - 1 || strncasecmp(line, name, sizeof name - 1) != 0)
        return;
    value = (struct sah_slice){line + sizeof name - 1, len - (sizeof name - 1)};
    while (value.len > 0 && strchr(" \t", value.ptr[0]) != NULL) {
        value.ptr++;
        value.len--;
    }
    while (value.len > 0 && strchr(" \t\r\n", value.ptr[value.len - 1]) != NULL)
        value.len--;
    if (sah_parse_u64(value, 0, UINT64_MAX, &seconds) != SAH_OK)
        return; /* a date, or nonsense: as if absent */
    if (seconds > RETRY_AFTER_MAX_S)
        seconds = RETRY_AFTER_MAX_S;
    send->retry_after_ms = (int64_t)seconds * 1000;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
    struct sah_http_send *send = data;
    size_t len = size * count;

    send->header_bytes += len;
    if (send->header_bytes > ANSWER_HEADER_BYTES) {
        send->too_large = true;
        return 0;
    }
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        send->retry_after_ms = -1; /* what an interim answer said does not count */
    else
        read_retry_after(send, bytes, len);
    return len;
}

/* RFC 9110 5.6.2 */
static bool is_token(const char *text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (const char *p = text; *p != '\0'; p++) {
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
            !(*p >= '0' && *p <= '9') && strchr(others, *p) == NULL)
            return false;
    }
    return text[0] != '\0';
}

static int add_line(struct sah_http_send *send, const char *line)
{
    struct curl_slist *list = curl_slist_append(send->headers, line);

    if (list == NULL)
        return SAH_ENOMEM;
    send->headers = list;
    return SAH_OK;
}

static int add_header(struct sah_http_send *send, const struct sah_http_header *header)
{
    struct sah_buf line;
    int err;

    if (!is_token(header->name) || strpbrk(header->value, "\r\n") != NULL)
        return SAH_EINVAL;
    sah_buf_init(&line, strlen(header->name) + strlen(header->value) + 2);
    /* libcurl takes "Name:" as "leave it out" and "Name;" as "send it empty". */
    if (header->value[0] == '\0')
        sah_buf_addf(&line, "%s;", header->name);
    else
        sah_buf_addf(&line, "%s: %s", header->name, header->value);
    err = line.failed ? SAH_ENOMEM : add_line(send, line.data);
    sah_buf_fini(&line);
    return err;
}

static int add_headers(struct sah_http_send *send, const struct sah_http_request *request)
{
    bool typed = false;
    int err = add_line(send, "Expect:"); /* no waiting for "100 Continue" */

    for (size_t i = 0; i < request->n_headers && err == SAH_OK; i++) {
        err = add_header(send, &request->headers[i]);
        typed = typed || strcasecmp(request->headers[i].name, "content-type") == 0;
    }
    if (err == SAH_OK && !typed)
        err = add_line(send, "Content-Type:"); /* libcurl would call it a form */
    return err;
}

static CURLcode set_method(CURL *easy, const struct sah_http_request *request)
{
    CURLcode bad = CURLE_OK;

    if (strcmp(request->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (strcmp(request->method, "GET") == 0 && request->body_len == 0)
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (request->body_len > 0 || strcmp(request->method, "DELETE") != 0) {
        bad =
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        if (bad == CURLE_OK) /* copies; the size must be known before */
            bad = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                                   request->body_len > 0 ? request->body : "");
    }
    if (bad == CURLE_OK && strcmp(request->method, "POST") != 0)
        bad = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    return bad;
}

/* What is the same for all requests; the why stands in http_client.h. */
static CURLcode set_fixed(CURL *easy, struct sah_http_send *send)
{
    CURLcode bad = CURLE_OK;

#define SET(option, value) (bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value))
    SET(CURLOPT_PRIVATE, send);
    SET(CURLOPT_SHARE, send->client->share);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* an empty one also stops the environment's */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_S);
    SET(CURLOPT_MAXLIFETIME_CONN, (long)OLDEST_CONNECTION_S);
    SET(CURLOPT_QUICK_EXIT,
        1L); /* do not join a hanging resolver thread: it would stop the loop */
    SET(CURLOPT_PREREQFUNCTION, on_before_request);
    SET(CURLOPT_PREREQDATA, send);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, send);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, send);
    return bad;
}

int http_request_setup(struct sah_http_send *send, const struct sah_http_request *request)
{
    uint32_t connect_ms =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    size_t most = request->max_answer_bytes > 0 ? request->max_answer_bytes : ANSWER_BYTES;
    CURL *easy = send->easy;
    CURLcode bad;
    int err;

    if (!is_token(request->method))
        return SAH_EINVAL;
    err = add_headers(send, request);
    if (err != SAH_OK)
        return err;
    sah_buf_init(&send->body, most);
    bad = set_fixed(easy, send);
    SET(CURLOPT_URL, request->url);
    if (request->unix_socket != NULL)
        SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    SET(CURLOPT_HTTPHEADER, send->headers);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
#undef SET
    if (bad == CURLE_OK)
        bad = set_method(easy, request);
    return bad == CURLE_OK ? SAH_OK : SAH_ENOMEM;
}
