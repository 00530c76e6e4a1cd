/*
 * redis_away_for_a_minute - the emergency lane's Redis stops. A heart attack goes out within a second, a
 * person at 108 answers, and the citizen is told; a booking waits. Redis returns, and everything is
 * brought in: nothing is sent under a second key, and nothing is told twice (I1, I4, I6, I8, I9).
 */
#include "story.h"

static void redis_is_away_for_a_minute(void **state)
{
    struct world *w = world_new(&(struct world_options){.seed = 1, .away = true});
    struct rig *rig = world_rig(w);
    char heart[SAH_REQUEST_ID_SIZE];
    unsigned attack, booking;
    uint64_t said_ms;

    (void)state;
    world_pass(w, 1000);
    world_link(w, 0, WORLD_LINK_REFUSED, 60000);
    said_ms = world_now(w);
    attack = world_asks(w, 1, "AMBULANCE_108", "not_breathing");
    booking = world_asks(w, 2, "LPG_BOOKING", NULL);
    world_pass(w, 3000);
    memcpy(heart, story_request(w, attack), sizeof heart);
    assert_int_equal(story_got(w, "amb-108", heart), 1);
    assert_true(rig_attempt(rig, "amb-108", heart, 0)->at_ms - said_ms < 1000);
    assert_int_equal(world_away(w, 0).state, SAH_HEALTH_DOWN);

    world_says(w, heart, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
    world_pass(w, 1000);
    assert_string_equal(rig_heard(rig, heart), "RECEIVED DELIVERED ACKNOWLEDGED");
    world_pass(w, 40000);
    assert_int_equal(world_accepted(w, booking), 1); /* on disk */
    assert_int_equal(story_got(w, "indane", NULL), 0);
    assert_int_equal(world_away(w, 0).left, 2);

    world_pass(w, 30000); /* it is back after a minute */
    assert_int_equal(world_away(w, 0).state, SAH_HEALTH_NORMAL);
    assert_int_equal(world_away(w, 0).left, 0);
    assert_int_equal(rig_line(rig, heart, "amb-108")->state, SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(story_got(w, "amb-108", heart), 1);
    assert_string_equal(rig_attempt(rig, "amb-108", heart, 0)->key,
                        rig_delivery(rig, heart, "amb-108", SAH_KIND_REQUEST)->key);
    assert_string_equal(rig_heard(rig, heart), "RECEIVED DELIVERED ACKNOWLEDGED");
    assert_int_equal(story_got(w, "indane", world_request_of(w, booking)), 1);
    story_ends(w);
}

STORY(redis_is_away_for_a_minute)
