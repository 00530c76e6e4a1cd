/*
 * sender - one POST for each reply. See sender.h.
 */
#include "sender.h"

#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "token.h"

#define SENDER_MAGIC       0x5a11e0d1u
#define CALL_MAGIC         0x5a11e0d2u
#define TIMEOUT_MS         10000
#define CONNECT_TIMEOUT_MS 3000
#define URL_SIZE           640
#define BEARER_SIZE        4200

struct call { /* one reply under way */
    uint32_t magic;
    struct sah_sender *sender;
    struct call *next, **link;
    sah_sent_fn *fn;
    void *fn_data;
    struct sah_timer *timer;    /* when there was nothing to send: completes from the loop */
    struct sah_http_send *http; /* else NULL */
    struct sah_sent sent;
};

struct sah_sender {
    uint32_t magic;
    bool stopped;
    struct sah_loop *loop;
    struct sah_http_client *client;
    struct sah_token *token;
    char messages_url[URL_SIZE]; /* "{graph_url}/{version}/" */
    uint32_t timeout_ms;
    struct sah_wa_metrics *metrics;
    struct sah_log *log;
    struct call *calls;
    unsigned n_calls;
};

int sah_sender_create(struct sah_loop *loop, const struct sah_sender_settings *settings,
                      struct sah_sender **ret_sender)
{
    struct sah_sender *sender = calloc(1, sizeof *sender);
    int err;

    if (sender == NULL)
        return SAH_ENOMEM;
    sender->magic = SENDER_MAGIC;
    sender->loop = loop;
    sender->metrics = settings->metrics;
    sender->log = settings->log;
    sender->timeout_ms = settings->timeout_ms != 0 ? settings->timeout_ms : TIMEOUT_MS;
    err = sah_format(sender->messages_url, sizeof sender->messages_url, "%s/%s/",
                     settings->graph_url, settings->version);
    if (err == SAH_OK)
        err = sah_token_create(settings->token_file, sah_loop_now_ms(loop), &sender->token);
    if (err == SAH_OK)
        err = sah_http_client_create(loop, &sender->client);
    if (err != SAH_OK) {
        sah_sender_destroy(sender);
        return err;
    }
    *ret_sender = sender;
    return SAH_OK;
}

/* Frees the call, then tells the skeleton, which may call send again. */
static void complete(struct call *call, const struct sah_sent *sent)
{
    struct sah_sender *sender = call->sender;
    const struct sah_sent copy = *sent;
    sah_sent_fn *fn = call->fn;
    void *fn_data = call->fn_data;

    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    sender->n_calls--;
    sender->metrics->sends_in_flight = sender->n_calls;
    sah_timer_destroy(call->timer);
    call->magic = 0;
    free(call);
    fn(fn_data, &copy);
}

static void on_timer(void *data)
{
    struct call *call = data;

    SAH_CHECK(call, CALL_MAGIC);
    complete(call, &call->sent); /* frees call */
}

/* Graph answered, or did not. Runs on the loop. */
static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct call *call = data;
    struct sah_wa_metrics *metrics;
    enum sah_graph_class class;
    struct sah_sent sent;
    bool stop;

    SAH_CHECK(call, CALL_MAGIC);
    metrics = call->sender->metrics;
    sah_graph_judge(answer, &sent, &class);
    metrics->graph[class]++;
    stop = sent.code == SAH_SENT_STOP;
    if (class == SAH_GRAPH_ok || stop) {
        if (stop != metrics->sending_stopped)
            sah_log_write(call->sender->log, stop ? SAH_LOG_ERROR : SAH_LOG_INFO,
                          "event=%s class=%s code=%d", stop ? "graph.stopped" : "graph.resumed",
                          sah_graph_class_name(class), sent.error_code);
        metrics->sending_stopped = stop;
    } else {
        sah_warn(call->sender->log, "event=graph.refused class=%s code=%d status=%d fault=%s",
                 sah_graph_class_name(class), sent.error_code, answer->status,
                 sah_http_fault_text(answer->fault));
    }
    complete(call, &sent); /* frees call */
}

/* The account is part of the path: digits only, whatever the outbox holds. */
static int make_url(const struct sah_sender *sender, const char *account, char *url,
                    size_t size)
{
    size_t len = strlen(account);

    if (len == 0 || strspn(account, "0123456789") != len)
        return SAH_EINVAL;
    return sah_format(url, size, "%s%s/messages", sender->messages_url, account);
}

static int post(struct call *call, const char *url, const struct sah_buf *body)
{
    struct sah_sender *sender = call->sender;
    bool token_failed = false;
    char bearer[BEARER_SIZE];
    const char *token =
        sah_token_text(sender->token, sah_loop_now_ms(sender->loop), &token_failed);
    const struct sah_http_header headers[] = {
        {"Authorization", bearer},
        {"Content-Type", "application/json"},
    };
    const struct sah_http_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .n_headers = SAH_LEN(headers),
        .body = body->data,
        .body_len = body->len,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = sender->timeout_ms,
    };
    int err;

    if (token_failed) {
        sender->metrics->token_failures++;
        sah_error(sender->log, "event=token.unreadable setting=access_token_file");
    }
    err = sah_format(bearer, sizeof bearer, "Bearer %s", token);
    if (err == SAH_OK)
        err = sah_http_send(sender->client, &request, on_answer, call, &call->http);
    explicit_bzero(bearer, sizeof bearer);
    return err;
}

/* Nothing goes out for this reply; the skeleton still hears of it from the loop, never from
 * here. */
static int complete_later(struct call *call, enum sah_sent_code code)
{
    int err = sah_timer_create(call->sender->loop, on_timer, call, &call->timer);

    if (err != SAH_OK)
        return err;
    call->sent.code = code;
    sah_timer_start(call->timer, 0);
    return SAH_OK;
}

static int start(struct call *call, const struct sah_reply *reply)
{
    struct sah_sender *sender = call->sender;
    struct sah_render_notes notes;
    struct sah_buf body;
    char url[URL_SIZE];
    int err;

    sah_buf_init(&body, SAH_RENDER_MAX_BYTES);
    err = make_url(sender, reply->account, url, sizeof url);
    if (err == SAH_OK)
        err = sah_render(reply, &body, &notes);
    if (err == SAH_OK) {
        sender->metrics->cuts += notes.cuts;
        sender->metrics->degraded += notes.degraded;
        err = post(call, url, &body);
        if (err != SAH_OK)
            err = complete_later(call, SAH_SENT_RETRY);
    } else if (err == SAH_EINVAL || err == SAH_ELIMIT) {
        sender->metrics->unrenderable++;
        sah_error(sender->log, "event=reply.unrenderable kind=%d choices=%u", (int)reply->kind,
                  reply->n_choices);
        err = complete_later(call, SAH_SENT_DEAD);
    }
    sah_buf_fini(&body);
    return err;
}

int sah_sender_send(void *data, const struct sah_reply *reply, sah_sent_fn *fn, void *fn_data)
{
    struct sah_sender *sender = data;
    struct call *call;
    int err;

    SAH_CHECK(sender, SENDER_MAGIC);
    if (sender->stopped)
        return SAH_EDOWN;
    call = calloc(1, sizeof *call);
    if (call == NULL)
        return SAH_ENOMEM;
    call->magic = CALL_MAGIC;
    call->sender = sender;
    call->fn = fn;
    call->fn_data = fn_data;
    err = start(call, reply);
    if (err != SAH_OK) {
        free(call);
        return err;
    }
    call->next = sender->calls;
    call->link = &sender->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    sender->calls = call;
    sender->n_calls++;
    sender->metrics->sends_in_flight = sender->n_calls;
    return SAH_OK;
}

void sah_sender_quiesce(struct sah_sender *sender)
{
    SAH_CHECK(sender, SENDER_MAGIC);
    sender->stopped = true;
}

void sah_sender_stop(struct sah_sender *sender)
{
    SAH_CHECK(sender, SENDER_MAGIC);
    sender->stopped = true;
    while (sender->calls != NULL) {
        struct call *call = sender->calls;

        if (call->http != NULL)
            sah_http_cancel(call->http); /* completes with RETRY, frees call */
        else
            complete(call, &call->sent);
    }
}

void sah_sender_destroy(struct sah_sender *sender)
{
    if (sender == NULL)
        return;
    SAH_ASSERT(sender->calls == NULL);
    sah_http_client_destroy(sender->client);
    sah_token_destroy(sender->token);
    free(sender);
}

unsigned sah_sender_in_flight(const struct sah_sender *sender)
{
    return sender->n_calls;
}
