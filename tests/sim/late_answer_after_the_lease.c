/*
 * late_answer_after_the_lease - a router hangs while 108 says 200; meanwhile the lease runs out
 * and the other router sends again. The late 200 counts all the same, a late no does not (I5).
 */
#include "story.h"

static void an_answer_comes_after_its_lease(void **state)
{
    static const enum world_manner answers[] = {WORLD_ACKS, WORLD_REFUSES};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct world *w = story(2);
        struct rig *rig = world_rig(w);
        const char *request;
        unsigned heart;

        world_manner(w, "amb-108", answers[i]);
        world_crash(w, 1);
        heart = world_asks(w, 1, "AMBULANCE_108", NULL);
        world_settle(w); /* router 0 has sent it */
        request = story_request(w, heart);
        assert_int_equal(story_got(w, "amb-108", request), 1);
        world_start(w, 1);
        world_stall(w, 0, 6000);
        world_manner(w, "amb-108", WORLD_SILENT);
        world_pass(w, 5000); /* the lease of a P1 is 4 s: router 1 has sent it again */
        assert_true(story_got(w, "amb-108", request) >= 2);
        assert_int_equal(rig_heard_n(rig, request, SAH_STATE_DELIVERED), 0);
        world_pass(w, 1200); /* router 0 goes on, and hears what was said */
        assert_int_equal(rig_heard_n(rig, request, SAH_STATE_DELIVERED), i == 0);
        assert_int_equal(rig_line(rig, request, "amb-108")->state,
                         i == 0 ? SAH_STATE_DELIVERED : SAH_STATE_QUEUED);
        assert_int_equal(rig_heard_n(rig, request, SAH_STATE_REJECTED), 0);
        story_ends(w);
    }
}

STORY(an_answer_comes_after_its_lease)
