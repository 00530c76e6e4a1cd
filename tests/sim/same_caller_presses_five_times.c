/*
 * same_caller_presses_five_times - one message is delivered five times by the channel, to two
 * routers, over nine days: one request, one incident, one delivery (I2, I6). After ten idle
 * days it is still known.
 */
#include "story.h"

static void the_same_message_comes_five_times(void **state)
{
    struct world *w = story(2);
    struct rig *rig = world_rig(w);
    const char *request;
    unsigned press;

    (void)state;
    press = world_asks(w, 1, "FIRE_101", NULL);
    world_again(w, press); /* the second before the first is answered */
    world_settle(w);
    request = story_request(w, press);
    for (unsigned day = 0; day < 9; day += 3) {
        world_again(w, press);
        world_settle(w);
        assert_int_equal(world_code(w, press), SAH_RESULT_DUPLICATE);
        assert_string_equal(world_request_of(w, press), request);
        if (day == 0) {
            world_pass(w, 100);
            world_says(w, request, "fire-101", SAH_STATE_CLOSED, "officer 2");
            world_settle(w);
        }
        world_crash(w, day % 2);
        world_idle(w, 3 * WORLD_DAY_MS, 3600000);
        world_start(w, day % 2);
    }
    world_again(w, press);
    world_settle(w);
    assert_int_equal(world_code(w, press), SAH_RESULT_DUPLICATE);
    assert_int_equal(world_accepted(w, press), 1);
    assert_int_equal(story_got(w, "fire-101", NULL), 1);
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_RECEIVED), 1);
    story_ends(w);
}

STORY(the_same_message_comes_five_times)
