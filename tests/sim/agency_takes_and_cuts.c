/*
 * agency_takes_and_cuts - 108's front end takes each request and cuts the connection at once,
 * so every outcome is unknown after a moment. It is sent again, under the same key, but not in
 * a circle: a dying front end is not helped by hundreds of copies (I6, and the settled times of
 * P0).
 */
#include "story.h"

static void an_agency_takes_and_cuts(void **state)
{
    struct world *w = story(1);
    struct rig *rig = world_rig(w);
    const char *request;
    unsigned heart;

    (void)state;
    world_manner(w, "amb-108", WORLD_CUT);
    heart = world_asks(w, 1, "AMBULANCE_108", "not_breathing");
    world_pass(w, 3900);
    request = story_request(w, heart);
    assert_in_range(story_got(w, "amb-108", request), 3, 8);
    assert_true(rig_attempt(rig, "amb-108", request, 1)->at_ms -
                    rig_attempt(rig, "amb-108", request, 0)->at_ms <
                200); /* at once */
    world_pass(w, 1500);
    assert_int_equal(story_got(w, "erss-112", request), 1); /* at 4 s, somebody else too */
    world_pass(w, 60000);
    assert_in_range(story_got(w, "amb-108", request), 6, 16); /* and every 15 s */
    story_ends(w);
}

STORY(an_agency_takes_and_cuts)
