/*
 * flood_of_bookings_one_heart - 60 bookings and 20 urgent helpline calls lie at agencies that
 * are slow, and one of them is also where a heart attack must go: it is sent at once, before
 * all of them (I7, I11).
 */
#include "story.h"

static void one_heart_among_a_flood_of_bookings(void **state)
{
    struct world *w = story(1);
    struct rig *rig = world_rig(w);
    const struct sah_fake_received *sent;
    const char *request;
    uint64_t at_ms;
    unsigned heart;

    (void)state;
    world_manner(w, "indane", WORLD_SILENT);
    world_manner(w, "erss-112", WORLD_ACKS_LATE);
    world_manner(w, "amb-108", WORLD_GONE); /* everything of 108 falls back to 112 */
    for (unsigned i = 0; i < 60; i++) {
        world_asks(w, 1 + i, "LPG_BOOKING", NULL);
        if (i < 20)
            world_asks(w, 100 + i, "HELPLINE_112", NULL);
        world_settle(w);
    }
    world_pass(w, 1000);
    assert_true(story_got(w, "erss-112", NULL) < 20); /* they queue there */
    at_ms = world_now(w);
    heart = world_asks(w, 999, "HELPLINE_112", "not_breathing");
    world_pass(w, 2500);
    request = story_request(w, heart);
    sent = rig_attempt(rig, "erss-112", request, 0);
    assert_non_null(sent);
    assert_true(sent->at_ms - at_ms < 2000); /* as soon as a slot is free there */
    for (unsigned i = 0; (sent = rig_attempt(rig, "erss-112", NULL, i)) != NULL; i++)
        if (sent->at_ms >= at_ms && sent->priority != SAH_PRIORITY_P0)
            assert_true(sent->at_ms >= rig_attempt(rig, "erss-112", request, 0)->at_ms);
    story_ends(w);
}

STORY(one_heart_among_a_flood_of_bookings)
