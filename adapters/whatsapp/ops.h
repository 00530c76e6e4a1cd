/*
 * ops - the ops listener: /healthz, /readyz, /metrics, GET /v1/quarantine.
 */
#ifndef SAH_WHATSAPP_OPS_H
#define SAH_WHATSAPP_OPS_H

#include <sahaya/adapter.h>
#include <sahaya/http_server.h>

#include "metrics.h"

struct sah_ops { /* open: app.c fills it before the listener starts */
    struct sah_adapter *adapter;
    const struct sah_wa_metrics *metrics;
    const char *admin_token; /* NULL or "": the quarantine is open over a unix socket only */
    bool stopping;
};

/* Their handlers' data is the struct sah_ops. */
const struct sah_http_route *sah_ops_routes(size_t *ret_n);

#endif
