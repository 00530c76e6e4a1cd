/*
 * graph - what an answer of the Graph API means for one reply. Pure.
 *
 * Owns:    the table of error codes (errors.c): code -> class -> what the sender does.
 * Used by: sender.c, once for each answer.
 * Never:   judges by HTTP status or text where there is a code: the status beside it is
 *          inconsistent (whatsapp.md 4.3).
 */
#ifndef SAH_WHATSAPP_GRAPH_H
#define SAH_WHATSAPP_GRAPH_H

#include <sahaya/adapter.h>
#include <sahaya/http_client.h>

#define SAH_GRAPH_CLASSES(X)                                                                  \
    X(ok)                                                                                     \
    X(transient)                                                                              \
    X(upgrade) X(throttle_account) X(throttle_quality) X(throttle_citizen) X(auth) X(config)  \
        X(integrity) X(bad_request) X(recipient) X(window) X(marketing) X(media) X(template)  \
            X(identity) X(unknown_code) X(server) X(refused) X(garbled) X(connect) X(timeout) \
                X(broken) X(local)
enum sah_graph_class {
#define X(name) SAH_GRAPH_##name,
    SAH_GRAPH_CLASSES(X)
#undef X
        SAH_N_GRAPH_CLASSES
};
const char *sah_graph_class_name(enum sah_graph_class class);

struct sah_graph_rule { /* codes from..to, both included */
    int from, to;
    enum sah_graph_class class;
    enum sah_sent_code code;
    uint32_t retry_ms; /* 0 = by the schedule of the outbox */
};
/* The row of a code, NULL when there is none. */
const struct sah_graph_rule *sah_graph_rule_of(int code);
/* The whole table, for tests and for metrics. */
const struct sah_graph_rule *sah_graph_rules(size_t *ret_n);

void sah_graph_judge(const struct sah_http_answer *answer, struct sah_sent *ret_sent,
                     enum sah_graph_class *ret_class);

#endif
