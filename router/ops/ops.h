/*
 * ops - what an ops engineer sees of a router: health, queues, metrics, quarantine, the ops page.
 *
 * Owns:    nothing that changes a request. Used by: app.c as HTTP handlers.
 * Never:   shows a phone number, name, text or place in a metric or a page (I13); quarantine holds
 *          raw pieces and is behind the admin token or the unix socket.
 */
#ifndef SAHAYA_OPS_OPS_H
#define SAHAYA_OPS_OPS_H

#include <sahaya/http_server.h>
#include <sahaya/redis.h>

#include "core/core.h"
#include "link/link.h"

struct sah_ops_away { /* what the router does while its store is away (away/) */
    const char *state; /* "NORMAL", "SLOW", "DOWN", "DRAIN" */
    const char *what_to_do;
    uint64_t left;   /* messages in the journal that the store does not have */
    uint64_t direct; /* requests delivered without it now */
    uint64_t journal_open, journal_used_percent, journal_suspects, journal_quarantined;
    bool lost; /* the store came back with less than it had */
    unsigned n_counters;
    struct {
        const char *name;
        uint64_t value;
    } counters[24];
};

struct sah_ops_settings { /* all borrowed */
    enum sah_lane lane;
    struct sah_core *core;
    const struct sah_link *link;
    const struct sah_store *store;
    struct sah_redis *redis;
    const struct sah_roster *roster;
    const struct sah_policy *policy;
    const char *admin_token_file;
    const uint64_t *too_large;          /* the server's count of 413 */
    uint64_t (*unauthorised)(void *data); /* callback's count */
    void (*away)(void *data, struct sah_ops_away *ret_away); /* NULL: there is no journal */
    void *data;
    struct sah_log *log;
};

struct sah_ops;
SAH_MUST_USE int sah_ops_create(const struct sah_ops_settings *settings, struct sah_ops **ret_ops);
void sah_ops_destroy(struct sah_ops *ops);

void sah_ops_healthz(struct sah_ops *ops, struct sah_http_exchange *x);    /* 200 while the loop turns */
void sah_ops_readyz(struct sah_ops *ops, struct sah_http_exchange *x);     /* 200, or 503 with what is wrong and what to do */
void sah_ops_metrics(struct sah_ops *ops, struct sah_http_exchange *x);    /* Prometheus text; OpenMetrics when Accept asks */
void sah_ops_queues(struct sah_ops *ops, struct sah_http_exchange *x);     /* JSON by agency, endpoint and class */
void sah_ops_quarantine(struct sah_ops *ops, struct sah_http_exchange *x); /* JSON, admin only, ?n= */
void sah_ops_page(struct sah_ops *ops, struct sah_http_exchange *x);       /* /ops/ for people; admin token or unix socket */

void sah_ops_dead(struct sah_ops *ops, struct sah_http_exchange *x);       /* GET, admin only: ?endpoint= &skip= &n= */
void sah_ops_replay(struct sah_ops *ops, struct sah_http_exchange *x);     /* POST, admin only */
void sah_ops_reclassify(struct sah_ops *ops, struct sah_http_exchange *x); /* POST, admin only */

/* "NORMAL", "SLOW", "DOWN", "DRAIN": the link says it in each hello. */
const char *sah_ops_state(const struct sah_ops *ops);

#endif
