/*
 * graph - answers as the Graph API does. See graph.h; forms: Meta's documents, cloud API.
 */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "graph_check.h"
#include "tell.h"

#define ACCOUNT_SIZE 32
#define WAMID_SIZE   96

static void fail(struct sah_http_exchange *x, int status, int code, const char *type,
                 const char *message, const char *details)
{
    sah_tell_json(x, status,
                  json_pack("{s:{s:s,s:s,s:i,s:{s:s,s:s},s:s}}", "error", "message", message,
                            "type", type, "code", code, "error_data", "messaging_product",
                            "whatsapp", "details", details, "fbtrace_id", "standin"));
}

static bool is_authorised(const struct sah_graph *graph, const struct sah_http_exchange *x)
{
    SAH_AUTOFREE char *token = NULL;
    struct sah_slice given = sah_http_bearer(x);
    size_t len = 0;
    bool good;

    if (sah_read_secret(graph->access_token_file, &token, &len) != SAH_OK)
        return false;
    good = sah_equal_secret(given.ptr, given.len, token, len);
    explicit_bzero(token, len);
    return good;
}

/* "v23.0/1061/messages" */
static bool read_path(struct sah_slice tail, char account[ACCOUNT_SIZE])
{
    char version[12], rest[16];
    char path[ACCOUNT_SIZE + 40];
    int end = 0;

    if (sah_copy(path, sizeof path, tail.ptr, tail.len) != SAH_OK)
        return false;
    return sscanf(path, "v%11[0-9.]/%31[0-9]/%15[a-z]%n", version, account, rest, &end) == 3 &&
           path[end] == '\0' && strcmp(rest, "messages") == 0;
}

static void refuse(struct sah_graph *graph, struct sah_http_exchange *x, int status, int code,
                   const char *details)
{
    const char *type = code == 190 ? "OAuthException" : "GraphMethodException";

    sah_book_add(graph->refused,
                 json_pack("{s:I,s:s,s:i,s:i,s:s}", "at_ms",
                           (json_int_t)(sah_tell_wall_us() / 1000), "at", "graph", "status",
                           status, "code", code, "why", details));
    fail(x, status, code, type, code == 190 ? "Invalid OAuth access token" : "(#) refused",
         details);
}

/* Opaque to us as to everybody: "wamid." and base64, never twice within a life of the process.
 */
static void make_wamid(struct sah_graph *graph, char wamid[WAMID_SIZE])
{
    char plain[48], coded[80];

    (void)sah_format(plain, sizeof plain, "standin:%lld:%llu", (long long)sah_tell_wall_us(),
                     (unsigned long long)++graph->n_ids);
    sah_base64(coded, plain, strlen(plain));
    (void)sah_format(wamid, WAMID_SIZE, "wamid.%s", coded);
}

static void accept_message(struct sah_graph *graph, struct sah_http_exchange *x,
                           const char *account, json_t *message)
{
    bool has_to = json_object_get(message, "to") != NULL;
    const char *to = sah_tell_text(message, has_to ? "to" : "recipient");
    const char *type = sah_tell_text(message, "type");
    int64_t at_us = sah_tell_wall_us();
    char wamid[WAMID_SIZE];

    make_wamid(graph, wamid);
    sah_book_add(graph->sent, json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:O}", "at_ms",
                                        (json_int_t)(at_us / 1000), "at_us", (json_int_t)at_us,
                                        "to", to, "type", type[0] == '\0' ? "text" : type,
                                        "text", sah_graph_human_text(message), "id", wamid,
                                        "account", account, "body", message));
    sah_tell_json(x, 200,
                  json_pack("{s:s,s:[{s:s,s:s}],s:[{s:s}]}", "messaging_product", "whatsapp",
                            "contacts", "input", to, has_to ? "wa_id" : "user_id",
                            to + (to[0] == '+'), "messages", "id", wamid));
    if (!graph->receipts_off)
        sah_receipts_post(graph->receipts, account, wamid, message);
}

/* "Mark as read", with or without the typing indicator: not a message. */
static bool is_mark_read(const json_t *message)
{
    return strcmp(sah_tell_text(message, "status"), "read") == 0 &&
           sah_tell_text(message, "message_id")[0] != '\0';
}

void sah_graph_post(struct sah_graph *graph, struct sah_http_exchange *x)
{
    struct sah_graph_fault fault = {.code = 0};
    char account[ACCOUNT_SIZE];
    json_t *message;

    if (!is_authorised(graph, x)) {
        refuse(graph, x, 401, 190, "the access token is wrong");
        return;
    }
    if (!read_path(sah_http_path_tail(x), account)) {
        refuse(graph, x, 404, 100, "POST /{version}/{phone_number_id}/messages");
        return;
    }
    if (graph->error_code != 0) {
        refuse(graph, x, graph->error_status, graph->error_code, "as PUT /graph said");
        return;
    }
    message = sah_tell_body(x);
    if (message == NULL)
        refuse(graph, x, 400, 100, "the body is no JSON object");
    else if (is_mark_read(message))
        sah_tell_json(x, 200, json_pack("{s:b}", "success", 1));
    else if (!sah_graph_check(message, &fault))
        refuse(graph, x, 400, fault.code, fault.details);
    else
        accept_message(graph, x, account, message);
    json_decref(message);
}

void sah_graph_put(struct sah_graph *graph, struct sah_http_exchange *x)
{
    json_t *json = sah_tell_body(x);
    int receipts = 1, code = 0, status = 400;

    if (json == NULL ||
        json_unpack(json, "{s?b,s?i,s?i!}", "receipts", &receipts, "error_code", &code,
                    "error_status", &status) != 0 ||
        code < 0 || code > 999999 || status < 400 || status > 599) {
        sah_tell_error(
            x, 400, "malformed",
            "{\"receipts\":true,\"error_code\":0..999999,\"error_status\":400..599}");
    } else {
        graph->receipts_off = receipts == 0;
        graph->error_code = code;
        graph->error_status = status;
        sah_tell_json(x, 200,
                      json_pack("{s:b,s:i,s:i}", "receipts", receipts, "error_code", code,
                                "error_status", status));
    }
    json_decref(json);
}
