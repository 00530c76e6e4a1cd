/*
 * adapter_away_then_back - no adapter is there while 108 acknowledges, sends and arrives; an
 * adapter comes back whose acks are lost; then one that is well. The citizen hears everything,
 * in order, and nothing is left (I8).
 */
#include "story.h"

static void the_adapter_is_away_and_comes_back(void **state)
{
    struct world *w = story(2);
    struct rig *rig = world_rig(w);
    const char *request;
    size_t n;
    unsigned heart;

    (void)state;
    heart = world_asks(w, 1, "AMBULANCE_108", "not_breathing");
    world_pass(w, 100);
    request = story_request(w, heart);
    world_adapters(w, false, false);
    world_says(w, request, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
    world_pass(w, 1000);
    world_says(w, request, "amb-108", SAH_STATE_EN_ROUTE, "desk 4");
    world_crash(w, 0);
    world_pass(w, 60000);
    world_says(w, request, "amb-108", SAH_STATE_ON_SCENE, "desk 4");
    world_start(w, 0);
    world_pass(w, 1000);
    assert_string_equal(rig_heard(rig, request), "RECEIVED DELIVERED");

    world_adapters(w, true, false);
    world_pass(w, 5000);
    n = sah_fake_adapters_n(rig->adapters);
    assert_true(sah_memory_store_outbox(rig->store) > 0); /* not acked: given again */
    world_adapters(w, true, true);
    world_pass(w, 3000);
    assert_true(sah_fake_adapters_n(rig->adapters) > n);
    assert_int_equal(sah_memory_store_outbox(rig->store), 0);
    assert_string_equal(rig_heard(rig, request),
                        "RECEIVED DELIVERED ACKNOWLEDGED EN_ROUTE ON_SCENE");
    story_ends(w);
}

STORY(the_adapter_is_away_and_comes_back)
