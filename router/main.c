/*
 * sahaya-router - requests, incidents, deliveries, deadlines: one lane.
 */
#include <stdlib.h>

#include "agency/roster.h"
#include "agency/sameness_file.h"
#include "app.h"

int main(int argc, char **argv)
{
    static struct router_conf conf;
    struct sah_roster *roster = NULL;
    struct sah_policy *policy = NULL;
    struct sah_sameness_rules *sameness = NULL; /* NULL: reports are not compared */
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
        sah_policy_load(conf.policy, &policy, &fault) != SAH_OK ||
        (conf.incidents[0] != '\0' && sah_sameness_load(conf.incidents, &sameness, &fault) != SAH_OK)) {
        sah_fault_print(&fault, stderr);
        exit_code = 2;
    } else if (check_only) {
        printf("%s: good: lane %s, %u agencies (roster %s), %u rules (policy %s), incidents %s\n", path, conf.lane,
               roster->n_agencies, roster->version, policy->n_rules, policy->version,
               sameness != NULL ? sameness->version : "not compared");
        exit_code = 0;
    } else {
        exit_code = router_app_run(&conf, lane, roster, policy, sameness);
    }
    free(roster);
    free(policy);
    free(sameness);
    return exit_code;
}
