/*
 * graph - POST /graph/{version}/{phone_number_id}/messages: the Graph API, strictly.
 *
 * Owns:    how it is told to behave. Used by: standin.c.
 * Never:   accepts what Meta's documents forbid; shows a refused message under /sent.
 */
#ifndef SAH_STANDIN_GRAPH_H
#define SAH_STANDIN_GRAPH_H

#include "book.h"
#include "receipts.h"

struct sah_graph {
    const char *access_token_file;
    struct sah_book *sent, *refused;
    struct sah_receipts *receipts;
    uint64_t n_ids;
    /* PUT /graph */
    bool receipts_off;
    int error_code;   /* 0 = none: every message is answered with this error */
    int error_status; /* HTTP status beside it */
};

void sah_graph_post(struct sah_graph *graph, struct sah_http_exchange *x);
/* PUT /graph {"receipts":true,"error_code":0,"error_status":400}: as told, the rest as at
 * start. */
void sah_graph_put(struct sah_graph *graph, struct sah_http_exchange *x);

#endif
