/*
 * standin - makes the parts, routes HTTP to them. See standin.h.
 */
#include "standin.h"

#include <stdlib.h>
#include <string.h>

#include <sahaya/http_server.h>

#include "delivery.h"
#include "graph.h"
#include "page.h"
#include "tell.h"

#define BODY_MAX        (1024 * 1024)
#define BOOK_BYTES      ((size_t)256 * 1024 * 1024)
#define REFUSED_ROWS    1000
#define CONNECTIONS_MAX 8192

struct sah_standin {
    char *webhook_url, *app_secret_file, *access_token_file, *agencies_secrets;
    struct sah_book *received, *sent, *statuses, *refused;
    struct sah_agencies_table table;
    struct sah_poster *poster;
    struct sah_receipts receipts;
    struct sah_graph graph;
    struct sah_deliveries deliveries;
    struct sah_http_server *http;
};

#define HANDLER(name, call)                                   \
    static void name(void *data, struct sah_http_exchange *x) \
    {                                                         \
        struct sah_standin *s = data;                         \
                                                              \
        call;                                                 \
    }
HANDLER(on_delivery, sah_delivery_post(&s->deliveries, x))
HANDLER(on_behave, sah_agencies_put(&s->table, x))
HANDLER(on_agencies, sah_agencies_tell(&s->table, x))
HANDLER(on_message, sah_graph_post(&s->graph, x))
HANDLER(on_graph_behave, sah_graph_put(&s->graph, x))
HANDLER(on_received, sah_book_tell(s->received, x))
HANDLER(on_sent, sah_book_tell(s->sent, x))
HANDLER(on_statuses, sah_book_tell(s->statuses, x))
HANDLER(on_refused, sah_book_tell(s->refused, x))
HANDLER(on_page, sah_page_tell(s->received, s->sent, s->refused, x))

static void on_health(void *data, struct sah_http_exchange *x)
{
    SAH_UNUSED(data);
    sah_http_reply_text(x, 200, "ok\n");
}

/* First match wins: the messages of citizens and agencies come first. */
static const struct sah_http_route routes[] = {
    {"POST", "/agencies/*", on_delivery},
    {"POST", "/graph/*", on_message},
    {"PUT", "/agencies/*", on_behave},
    {"PUT", "/graph", on_graph_behave},
    {"GET", "/agencies", on_agencies},
    {"GET", "/received", on_received},
    {"GET", "/sent", on_sent},
    {"GET", "/statuses", on_statuses},
    {"GET", "/refused", on_refused},
    {"GET", "/healthz", on_health},
    {"GET", "/readyz", on_health},
    {"GET", "/", on_page},
};

static int copy_settings(struct sah_standin *s, const struct sah_standin_settings *settings)
{
    s->webhook_url = strdup(settings->webhook_url);
    s->app_secret_file = strdup(settings->app_secret_file);
    s->access_token_file = strdup(settings->access_token_file);
    s->agencies_secrets = strdup(settings->agencies_secrets);
    return s->webhook_url == NULL || s->app_secret_file == NULL ||
                   s->access_token_file == NULL || s->agencies_secrets == NULL
               ? SAH_ENOMEM
               : SAH_OK;
}

static int make_books(struct sah_standin *s)
{
    int err = sah_book_create(SAH_STANDIN_KEPT, BOOK_BYTES, &s->received);

    if (err == SAH_OK)
        err = sah_book_create(SAH_STANDIN_KEPT, BOOK_BYTES, &s->sent);
    if (err == SAH_OK)
        err = sah_book_create(SAH_STANDIN_KEPT, BOOK_BYTES, &s->statuses);
    if (err == SAH_OK)
        err = sah_book_create(REFUSED_ROWS, BOOK_BYTES, &s->refused);
    return err;
}

static void join_parts(struct sah_standin *s, struct sah_loop *loop, struct sah_log *log)
{
    s->receipts = (struct sah_receipts){.poster = s->poster,
                                        .webhook_url = s->webhook_url,
                                        .app_secret_file = s->app_secret_file,
                                        .log = log};
    s->graph = (struct sah_graph){.access_token_file = s->access_token_file,
                                  .sent = s->sent,
                                  .refused = s->refused,
                                  .receipts = &s->receipts};
    s->deliveries = (struct sah_deliveries){.loop = loop,
                                            .table = &s->table,
                                            .cases = s->deliveries.cases,
                                            .received = s->received,
                                            .refused = s->refused,
                                            .play = {.loop = loop,
                                                     .poster = s->poster,
                                                     .agencies_secrets = s->agencies_secrets,
                                                     .statuses = s->statuses,
                                                     .log = log}};
}

static int make(struct sah_standin *s, struct sah_loop *loop,
                const struct sah_standin_settings *settings)
{
    const struct sah_http_server_settings http = {.address = settings->listen_address,
                                                  .port = settings->listen_port,
                                                  .max_body_bytes = BODY_MAX,
                                                  .max_connections = CONNECTIONS_MAX,
                                                  .routes = routes,
                                                  .n_routes = SAH_LEN(routes),
                                                  .data = s};
    int err = copy_settings(s, settings);

    if (err == SAH_OK)
        err = make_books(s);
    if (err == SAH_OK)
        err = sah_agencies_init(&s->table, settings->person_after_ms, settings->step_ms);
    if (err == SAH_OK)
        err = sah_poster_create(loop, &s->poster);
    if (err == SAH_OK)
        err = sah_cases_create(SAH_STANDIN_KEPT, sah_play_let_go, &s->deliveries.cases);
    if (err == SAH_OK)
        join_parts(s, loop, settings->log);
    if (err == SAH_OK)
        err = sah_http_server_create(loop, &http, &s->http);
    return err;
}

int sah_standin_create(struct sah_loop *loop, const struct sah_standin_settings *settings,
                       struct sah_standin **ret_standin)
{
    struct sah_standin *s = calloc(1, sizeof *s);
    int err = SAH_ENOMEM;

    if (s != NULL)
        err = make(s, loop, settings);
    if (err != SAH_OK) {
        sah_standin_destroy(s);
        return err;
    }
    *ret_standin = s;
    return SAH_OK;
}

void sah_standin_destroy(struct sah_standin *s)
{
    if (s == NULL)
        return;
    sah_delivery_forget_held(&s->deliveries);
    sah_http_server_destroy(s->http);
    sah_cases_destroy(s->deliveries.cases);
    sah_poster_destroy(s->poster);
    sah_agencies_fini(&s->table);
    sah_book_destroy(s->received);
    sah_book_destroy(s->sent);
    sah_book_destroy(s->statuses);
    sah_book_destroy(s->refused);
    free(s->webhook_url);
    free(s->app_secret_file);
    free(s->access_token_file);
    free(s->agencies_secrets);
    free(s);
}

uint16_t sah_standin_port(const struct sah_standin *s)
{
    return sah_http_server_port(s->http);
}
