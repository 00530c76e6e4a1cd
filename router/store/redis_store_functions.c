/*
 * redis_store_functions - the Lua library, put into the binary at build time.
 *
 * Owns: nothing; the .lua files of this folder are the source.
 * Used by: whoever makes the link.
 * Never: changes at run time: what a router runs is what it was built with.
 */
#include "functions.inc"
#include "store/keys.h"
#include "store/redis_store.h"

void sah_redis_store_functions(const char **ret_name, const char **ret_code, size_t *ret_len)
{
    *ret_name = SAH_KEYS_LIBRARY;
    *ret_code = (const char *)functions;
    *ret_len = sizeof functions;
}
