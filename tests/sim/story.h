/*
 * story - what the one-page scenarios share: a world, and the questions a page ends with.
 *
 * Used by: the scenarios of this folder, each a cmocka program of one test.
 * Never:   hides what a page is about.
 */
#ifndef SAHAYA_TESTS_SIM_STORY_H
#define SAHAYA_TESTS_SIM_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/world.h"

static inline struct world *story(unsigned routers)
{
    return world_new(&(struct world_options){.seed = 1, .routers = routers});
}

/* The id of the request a message made; it must have been accepted. */
static inline const char *story_request(struct world *w, unsigned message)
{
    assert_int_equal(world_accepted(w, message), 1);
    assert_true(world_request_of(w, message)[0] != '\0');
    return world_request_of(w, message);
}

static inline unsigned story_got(struct world *w, const char *agency, const char *request_id)
{
    return rig_received(world_rig(w), agency, request_id, SAH_KIND_REQUEST);
}

/* Nothing is wrong; and nothing is left over when everybody is well again and has done their
 * work. */
static inline void story_ends(struct world *w)
{
    const struct world_violation *v;

    world_finish(w);
    v = world_violated(w);
    if (v != NULL)
        print_error("%s: %s (%s, at %llu ms)\n", v->invariant, v->what, v->request_id,
                    (unsigned long long)v->at_ms);
    assert_null(v);
    world_free(w);
}

#define STORY(name)                                                   \
    int main(void)                                                    \
    {                                                                 \
        const struct CMUnitTest tests[] = {cmocka_unit_test(name)};   \
        return cmocka_run_group_tests_name(#name, tests, NULL, NULL); \
    }

#endif
