/*
 * ops - health, metrics and the quarantine listing. See ops.h.
 */
#include "ops.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define METRICS_MAX_BYTES (1024 * 1024)
#define READY_MAX_BYTES   (16 * 1024)
#define METRICS_TYPE      "text/plain; version=0.0.4; charset=utf-8"
#define LISTED_DEFAULT    50
#define LISTED_MAX        100
#define WHY_SIZE          512

static void on_health(void *data, struct sah_http_exchange *x)
{
    SAH_UNUSED(data);
    sah_http_reply_text(x, 200, "ok\n");
}

static void on_ready(void *data, struct sah_http_exchange *x)
{
    const struct sah_ops *ops = data;
    char why[WHY_SIZE] = "stopping";
    bool ready = !ops->stopping && sah_adapter_ready(ops->adapter, why, sizeof why);
    json_t *text = json_string(why);
    char *quoted = text != NULL ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
    struct sah_buf buf;

    sah_buf_init(&buf, READY_MAX_BYTES);
    sah_buf_addf(&buf, "{\"state\":\"%s\",\"why\":%s,\"redis\":",
                 ops->stopping ? "STOPPING" : ready ? "NORMAL" : "DOWN",
                 quoted != NULL ? quoted : "\"\"");
    free(quoted);
    json_decref(text);
    sah_adapter_redis_json(ops->adapter, &buf);
    sah_buf_add_text(&buf, "}\n");
    if (buf.failed)
        sah_http_reply_text(x, 503, "out of memory\n");
    else
        sah_http_reply(x, ready ? 200 : 503, "application/json", buf.data, buf.len);
    sah_buf_fini(&buf);
}

static void on_metrics(void *data, struct sah_http_exchange *x)
{
    const struct sah_ops *ops = data;
    struct sah_buf buf;

    sah_buf_init(&buf, METRICS_MAX_BYTES);
    sah_wa_metrics_text(ops->metrics, &buf);
    sah_adapter_metrics(ops->adapter, &buf);
    if (buf.failed)
        sah_http_reply_text(x, 503, "metrics do not fit\n");
    else
        sah_http_reply(x, 200, METRICS_TYPE, buf.data, buf.len);
    sah_buf_fini(&buf);
}

static void on_listing(void *data, int err, const char *json, size_t len)
{
    struct sah_http_exchange *x = data;

    if (err != SAH_OK)
        sah_http_reply_text(x, 503, "%s\n", sah_strerror(err));
    else
        sah_http_reply(x, 200, "application/json", json, len);
}

static bool may_list(const struct sah_ops *ops, const struct sah_http_exchange *x)
{
    struct sah_slice given = sah_http_bearer(x);

    if (sah_http_over_unix(x))
        return true;
    return ops->admin_token != NULL && ops->admin_token[0] != '\0' && given.len > 0 &&
           sah_equal_secret(given.ptr, given.len, ops->admin_token, strlen(ops->admin_token));
}

static void on_quarantine(void *data, struct sah_http_exchange *x)
{
    struct sah_ops *ops = data;
    const char *asked = sah_http_query(x, "n");
    uint64_t n = LISTED_DEFAULT;

    if (!may_list(ops, x)) {
        sah_http_reply_text(x, 401, "a bearer token is needed (admin_token_file)\n");
    } else if (asked != NULL &&
               sah_parse_u64(sah_slice_of(asked), 1, LISTED_MAX, &n) != SAH_OK) {
        sah_http_reply_text(x, 400, "n must be 1..%d\n", LISTED_MAX);
    } else {
        sah_adapter_quarantine_list(ops->adapter, (unsigned)n, on_listing, x);
    }
}

const struct sah_http_route *sah_ops_routes(size_t *ret_n)
{
    static const struct sah_http_route routes[] = {
        {"GET", "/healthz", on_health},
        {"GET", "/readyz", on_ready},
        {"GET", "/metrics", on_metrics},
        {"GET", "/v1/quarantine", on_quarantine},
    };

    *ret_n = SAH_LEN(routes);
    return routes;
}
