/*
 * two_agencies_one_refuses - a leak goes to fire and to 1906. 1906 refuses: 112 gets it
 * instead, told who had it before, and fire is not disturbed (I4, I9, I11).
 */
#include "story.h"

static void one_of_two_agencies_refuses(void **state)
{
    struct world *w = story(1);
    struct rig *rig = world_rig(w);
    const struct sah_fake_received *copy;
    const char *request;
    unsigned leak;

    (void)state;
    world_manner(w, "gas-1906", WORLD_REFUSES);
    leak = world_asks(w, 1, "LPG_LEAK", NULL);
    world_pass(w, 500);
    request = story_request(w, leak);
    assert_int_equal(story_got(w, "fire-101", request), 1);
    assert_int_equal(story_got(w, "gas-1906", request), 1);
    assert_int_equal(story_got(w, "erss-112", request), 1);
    copy = rig_attempt(rig, "erss-112", request, 0);
    assert_int_equal(copy->n_previous, 1);
    assert_string_equal(copy->previous[0].agency, "gas-1906");
    assert_int_equal(copy->previous[0].outcome, SAH_ANSWER_REFUSED);
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_REJECTED), 0);

    world_manner(w, "erss-112", WORLD_REFUSES); /* the next one's chain ends there */
    world_manner(w, "amb-108", WORLD_REFUSES);
    leak = world_asks(w, 2, "AMBULANCE_108", NULL);
    world_pass(w, 500);
    request = story_request(w, leak);
    assert_true(rig_heard_n(rig, request, SAH_STATE_NEEDS_PERSON) >= 1); /* and dials 112 */
    assert_int_equal(rig_view(rig, request)->closed_ms, 0);
    story_ends(w);
}

STORY(one_of_two_agencies_refuses)
