/*
 * sahaya-router - requests, incidents, deliveries, deadlines: one lane.
 */
#include <stdlib.h>

#include "agency/roster.h"
#include "app.h"

int main(int argc, char **argv)
{
    static struct router_conf conf;
    struct sah_roster *roster = NULL;
    struct sah_policy *policy = NULL;
    struct sah_fault fault = {0};
    char path[SAH_PATH_SIZE];
    enum sah_lane lane;
    bool check_only = false;
    int exit_code = 1;

    if (sah_conf_main(argc, argv, "sahaya-router", "routes calls for help to the dispatch centre that can answer",
                      router_conf_rows, router_conf_n_rows, &conf, path, sizeof path, &check_only, &exit_code) != SAH_OK)
        return exit_code;
    if (router_conf_check(&conf, path, &lane, &fault) != SAH_OK ||
        sah_roster_load(conf.agencies, &roster, &fault) != SAH_OK ||
        sah_policy_load(conf.policy, &policy, &fault) != SAH_OK) {
        sah_fault_print(&fault, stderr);
        exit_code = 2;
    } else if (check_only) {
        printf("%s: good: lane %s, %u agencies (roster %s), %u rules (policy %s)\n", path, conf.lane,
               roster->n_agencies, roster->version, policy->n_rules, policy->version);
        exit_code = 0;
    } else {
        exit_code = router_app_run(&conf, lane, roster, policy);
    }
    free(roster);
    free(policy);
    return exit_code;
}
