/*
 * test_store_cluster - the contract on a cluster node that serves every slot: a function that
 * touched a key outside its tag would be refused there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "contract/redis_harness.h"

int main(void)
{
    static struct redis_harness with;
    struct sah_store_harness harness;
    int failed;

    redis_server_start(&with.server, true);
    redis_harness_init(&with, &harness, "store contract, cluster node");
    failed = sah_store_contract_run(&harness);
    redis_server_stop(&with.server);
    return failed;
}
