/*
 * link - the bus on one side, the core on the other.
 *
 * Owns:    the router's bus socket and the list of adapters that said hello lately.
 * Used by: app.c. Implements the adapters port of the core.
 * Never:   decides anything about a message but whether it can be read. What cannot is counted and
 *          kept in quarantine; nobody is answered, for an unreadable message has no id to answer to.
 *          An adapter checks with the same codec before it sends, so this is a fault of versions.
 */
#ifndef SAHAYA_LINK_LINK_H
#define SAHAYA_LINK_LINK_H

#include <sahaya/bus.h>

#include "core/core.h"

struct sah_link_settings {
    const char *endpoint; /* ipc:// */
    enum sah_lane lane;
    const char *producer;
    const struct sah_store *store; /* for the quarantine */
    struct sah_log *log;
    const char *(*state)(void *data); /* "NORMAL", "DOWN": told in each hello */
    const char *(*store_run_id)(void *data); /* told as well; may be NULL */
    void *data;
};
struct sah_link_counters {
    uint64_t received, malformed, unexpected, hellos, send_failed;
};

struct sah_link;
SAH_MUST_USE int sah_link_create(struct sah_loop *loop, const struct sah_link_settings *settings, struct sah_link **ret_link);
void sah_link_destroy(struct sah_link *link);
void sah_link_adapters(struct sah_link *link, struct sah_adapters *ret_port);
void sah_link_attach(struct sah_link *link, struct sah_front front); /* before the loop runs */
const struct sah_link_counters *sah_link_counters(const struct sah_link *link);
unsigned sah_link_adapters_alive(const struct sah_link *link);

#endif
