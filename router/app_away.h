/*
 * app_away - the journal, and what stands before the core while Redis is away, on the real loop.
 *
 * Owns:    the journal, its once-a-second trim, what is remembered of the store between two lives.
 * Used by: app.c. Never: decides anything about a message: router/away does.
 */
#ifndef SAHAYA_ROUTER_APP_AWAY_H
#define SAHAYA_ROUTER_APP_AWAY_H

#include <sahaya/loop.h>

#include "away/away.h"
#include "conf.h"
#include "ops/ops.h"

struct app_away;
struct app_away_parts { /* of the router; borrowed */
    struct sah_loop *loop;
    const struct router_conf *conf;
    enum sah_lane lane;
    bool incidents; /* reports are matched in this lane */
    const struct sah_policy *policy;
    const struct sah_roster *roster;
    const struct sah_store *store;
    const struct sah_agencies *agencies;
    const struct sah_adapters *adapters;
    const struct sah_chance *chance;
    struct sah_log *log;
    void (*wake)(void *data); /* a turn is wanted at once */
    void *data;
};
/* Opens the journal. What is wrong with it is in the log, with what to do. */
SAH_MUST_USE int app_away_create(const struct app_away_parts *parts, struct app_away **ret_away);
struct sah_away *app_away_of(struct app_away *away);
void app_away_view(const struct app_away *away, struct sah_ops_away *ret_view);
void app_away_close_journal(struct app_away *away); /* before the cores go */
void app_away_destroy(struct app_away *away);       /* after them; NULL is fine */

#endif
