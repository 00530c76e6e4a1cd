/*
 * app - the composition root of sahaya-router: makes every part, hands each its ports, runs the loop.
 */
#ifndef SAHAYA_ROUTER_APP_H
#define SAHAYA_ROUTER_APP_H

#include "conf.h"

struct sah_roster;
struct sah_policy;
struct sah_sameness_rules;

/* Runs until SIGTERM or SIGINT. Returns the exit code; what went wrong is on standard error. */
int router_app_run(const struct router_conf *conf, enum sah_lane lane, const struct sah_roster *roster,
                   const struct sah_policy *policy, const struct sah_sameness_rules *sameness);

#endif
