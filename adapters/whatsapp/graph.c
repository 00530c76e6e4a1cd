/*
 * graph - reads one answer of the Graph API. See graph.h.
 */
#include "graph.h"

#include <jansson.h>
#include <limits.h>

#include "field.h"
#include "scan.h"

#define RETRY_MAX_MS (15 * 60 * 1000)

const char *sah_graph_class_name(enum sah_graph_class class)
{
    static const char *const names[SAH_N_GRAPH_CLASSES] = {
#define X(name) [SAH_GRAPH_##name] = #name,
        SAH_GRAPH_CLASSES(X)
#undef X
    };

    return names[class];
}

struct verdict {
    enum sah_graph_class class;
    enum sah_sent_code code;
    uint32_t retry_ms;
};

/* No answer, or one that cannot be read. After a timeout the reply may have gone out: sending
 * it again may show it twice, which is better than not at all. There is no way to ask. */
static struct verdict judge_fault(enum sah_http_fault fault)
{
    switch (fault) {
    case SAH_HTTP_FINE:
        break;
    case SAH_HTTP_CONNECT:
        return (struct verdict){SAH_GRAPH_connect, SAH_SENT_RETRY, 0};
    case SAH_HTTP_TIMEOUT:
        return (struct verdict){SAH_GRAPH_timeout, SAH_SENT_RETRY, 0};
    case SAH_HTTP_BROKEN:
        return (struct verdict){SAH_GRAPH_broken, SAH_SENT_RETRY, 0};
    case SAH_HTTP_TOO_LARGE:
        return (struct verdict){SAH_GRAPH_garbled, SAH_SENT_RETRY, 0};
    case SAH_HTTP_LOCAL:
    case SAH_HTTP_CANCELED:
        break;
    }
    return (struct verdict){SAH_GRAPH_local, SAH_SENT_RETRY, 0};
}

static bool status_may_pass(int status)
{
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

static struct verdict judge_status(int status, bool has_code)
{
    if (status_may_pass(status))
        return (struct verdict){SAH_GRAPH_server, SAH_SENT_RETRY, 0};
    if (status == 401)
        return (struct verdict){SAH_GRAPH_auth, SAH_SENT_STOP, 60000};
    if (status >= 400 && has_code)
        return (struct verdict){SAH_GRAPH_unknown_code, SAH_SENT_DEAD, 0};
    if (status >= 400) /* not the Graph's own words: a wrong address or a proxy. No reply dies of it. */
        return (struct verdict){SAH_GRAPH_refused, SAH_SENT_RETRY, 0};
    /* 2xx without a message id, a redirect: a proxy answers in Graph's place */
    return (struct verdict){SAH_GRAPH_garbled, SAH_SENT_RETRY, 0};
}

static struct verdict judge_code(int code, bool transient, int status)
{
    const struct sah_graph_rule *rule = sah_graph_rule_of(code);
    struct verdict verdict;

    if (rule != NULL)
        verdict = (struct verdict){rule->class, rule->code, rule->retry_ms};
    else
        verdict = judge_status(status >= 400 ? status : 400, true);
    if (transient && verdict.code == SAH_SENT_DEAD)
        verdict = (struct verdict){SAH_GRAPH_transient, SAH_SENT_RETRY, 0};
    return verdict;
}

/* error.code; a missing one is not 0, which is a code of its own. */
static bool read_code(const json_t *error, int *ret_code)
{
    double real;

    if (sah_field_real(json_object_get(error, "code"), &real) != SAH_OK || real < 0 ||
        real > INT_MAX)
        return false;
    *ret_code = (int)real;
    return true;
}

static struct verdict judge_root(const json_t *root, int status, struct sah_sent *sent)
{
    const json_t *error = json_object_get(root, "error");
    const json_t *first = json_array_get(json_object_get(root, "messages"), 0);

    if (read_code(error, &sent->error_code))
        return judge_code(sent->error_code,
                          json_is_true(json_object_get(error, "is_transient")), status);
    if (status >= 200 && status < 300 && error == NULL &&
        sah_field_id(sent->channel_message, sizeof sent->channel_message,
                     json_object_get(first, "id")) == SAH_OK)
        return (struct verdict){SAH_GRAPH_ok, SAH_SENT_DONE, 0};
    return judge_status(status, false);
}

void sah_graph_judge(const struct sah_http_answer *answer, struct sah_sent *ret_sent,
                     enum sah_graph_class *ret_class)
{
    struct sah_sent sent = {0};
    struct verdict verdict;

    if (answer->fault != SAH_HTTP_FINE) {
        verdict = judge_fault(answer->fault);
    } else {
        json_t *root = NULL;

        if (answer->body != NULL && sah_scan_bounds(answer->body, answer->body_len) == SAH_OK)
            root = json_loadb(answer->body, answer->body_len, JSON_ALLOW_NUL, NULL);
        verdict = judge_root(root, answer->status, &sent);
        json_decref(root);
    }
    sent.code = verdict.code;
    sent.retry_ms = verdict.retry_ms;
    if (verdict.code != SAH_SENT_DONE && verdict.code != SAH_SENT_DEAD &&
        answer->retry_after_ms > (int64_t)sent.retry_ms)
        sent.retry_ms = answer->retry_after_ms > RETRY_MAX_MS
                            ? RETRY_MAX_MS
                            : (uint32_t)answer->retry_after_ms;
    *ret_sent = sent;
    *ret_class = verdict.class;
}
