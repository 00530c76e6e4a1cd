/*
 * redis_dies_mid_accept - the store goes away while a request is accepted: before it was
 * written, and after it was written with the reply lost. Nobody is told "accepted" too early,
 * and asking again makes no second request (I1, I2).
 */
#include "story.h"

static void the_store_dies_while_it_accepts(void **state)
{
    static const enum sah_memory_fault faults[] = {SAH_MEMORY_DOWN, SAH_MEMORY_TIMEOUT_BEFORE,
                                                 SAH_MEMORY_TIMEOUT_AFTER};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct world *w = story(1);
        unsigned heart;

        world_store_fault(w, faults[i]);
        heart = world_asks(w, 1, "AMBULANCE_108", "not_breathing");
        world_store(w, WORLD_STORE_DOWN);
        world_pass(w, 3000);
        assert_int_equal(world_code(w, heart), SAH_RESULT_RETRY);
        assert_int_equal(world_accepted(w, heart), 0);
        assert_int_equal(story_got(w, "amb-108", NULL), 0);

        world_crash(w, 0); /* and the router with it */
        world_start(w, 0);
        world_store(w, WORLD_STORE_FINE);
        world_again(w, heart);
        world_pass(w, 2000);
        assert_int_equal(world_code(w, heart), faults[i] == SAH_MEMORY_TIMEOUT_AFTER
                                                   ? SAH_RESULT_DUPLICATE
                                                   : SAH_RESULT_ACCEPTED);
        assert_int_equal(story_got(w, "amb-108", NULL), 1);
        assert_int_equal(
            rig_heard_n(world_rig(w), world_request_of(w, heart), SAH_STATE_RECEIVED), 1);
        story_ends(w);
    }
}

STORY(the_store_dies_while_it_accepts)
