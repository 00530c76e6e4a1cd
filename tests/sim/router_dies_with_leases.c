/*
 * router_dies_with_leases - one of two routers dies with attempts in flight. The other one
 * sends them when their leases have run out, at their old place, under the same keys (I4, I5,
 * I6).
 */
#include "story.h"

static void a_router_dies_with_its_leases(void **state)
{
    struct world *w = story(2);
    struct rig *rig = world_rig(w);
    const struct sah_fake_received *first, *again;
    const char *request;
    unsigned heart;

    (void)state;
    world_manner_all(w, WORLD_SILENT);
    world_crash(w, 1); /* so that router 0 leases it */
    heart = world_asks(w, 1, "AMBULANCE_108", "not_breathing");
    world_pass(w, 200);
    request = story_request(w, heart);
    assert_int_equal(story_got(w, "amb-108", request), 1);
    world_start(w, 1);
    world_crash(w, 0); /* 200 ms after it sent */
    world_manner_all(w, WORLD_ACKS);
    world_pass(w, 1000);
    assert_int_equal(story_got(w, "amb-108", request), 1); /* it may still be at it */
    world_pass(w, 2500);                                   /* the lease of a P0 is 3 s */
    assert_int_equal(story_got(w, "amb-108", request), 2);
    first = rig_attempt(rig, "amb-108", request, 0);
    again = rig_attempt(rig, "amb-108", request, 1);
    assert_string_equal(first->key, again->key);
    assert_true(again->epoch > first->epoch && again->possible_duplicate);
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_DELIVERED), 1);
    story_ends(w);
}

STORY(a_router_dies_with_its_leases)
