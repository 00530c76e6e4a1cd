/*
 * agency_silent_then_back - 108 takes calls and says nothing. The request goes there again
 * under the same key, and to 112 besides; when 108 is back it is delivered there too (I4, I6,
 * I9).
 */
#include "story.h"

static void an_agency_is_silent_and_comes_back(void **state)
{
    struct world *w = story(1);
    const struct sah_fake_received *first, *again;
    const char *request;
    unsigned heart, got;

    (void)state;
    world_manner(w, "amb-108", WORLD_SILENT);
    heart = world_asks(w, 1, "AMBULANCE_108", "not_breathing");
    world_pass(w, 5000);
    request = story_request(w, heart);
    assert_true(story_got(w, "amb-108", request) >= 2);     /* at 0 s and 2 s */
    assert_int_equal(story_got(w, "erss-112", request), 1); /* at 4 s */
    first = rig_attempt(world_rig(w), "amb-108", request, 0);
    again = rig_attempt(world_rig(w), "amb-108", request, 1);
    assert_string_equal(first->key, again->key);
    assert_true(again->epoch > first->epoch && again->possible_duplicate);
    assert_string_equal(rig_heard(world_rig(w), request), "RECEIVED DELIVERED"); /* by 112 */

    got = story_got(w, "amb-108", request);
    world_manner(w, "amb-108", WORLD_ACKS);
    world_pass(w, 20000);
    assert_true(story_got(w, "amb-108", request) > got);
    assert_int_equal(rig_heard_n(world_rig(w), request, SAH_STATE_DELIVERED), 2);
    story_ends(w);
}

STORY(an_agency_is_silent_and_comes_back)
