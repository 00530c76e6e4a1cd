/*
 * thirty_reporters_one_fire - a house burns and thirty people write within a minute; the agency gets one
 * request and a few updates with every word in them (I3), each reporter hears every state, and one router
 * dies in the middle (I4). Three of them withdraw; the fire is not cancelled.
 */
#include "story.h"

#define REPORTERS 30

static void thirty_people_see_one_fire(void **state)
{
    struct world *w = world_new(&(struct world_options){.seed = 1, .routers = 2, .incidents = true});
    struct rig *rig = world_rig(w);
    unsigned messages[REPORTERS];
    const char *first;
    char words[64];

    (void)state;
    world_pass(w, 1000);
    for (unsigned i = 0; i < REPORTERS; i++) {
        messages[i] = world_reports(w, i + 1, "FIRE_101", NULL, "FSTRU", i * 5);
        world_pass(w, 2000);
        if (i == 3) /* while more come in */
            world_says(w, story_request(w, messages[0]), "fire-101", SAH_STATE_ACKNOWLEDGED, "desk 4");
        if (i == REPORTERS / 2)
            world_crash(w, 0);
    }
    world_start(w, 0);
    world_pass(w, 40000);
    first = story_request(w, messages[0]);
    assert_int_equal(story_got(w, "fire-101", first), 1);
    for (unsigned i = 1; i < REPORTERS; i++) {
        const char *request = story_request(w, messages[i]);

        assert_string_equal(rig_view(rig, request)->incident_id, rig_view(rig, first)->incident_id);
        assert_int_equal(story_got(w, "fire-101", request), 0);
        (void)snprintf(words, sizeof words, "seen by %u, message %u.", i + 1, messages[i]);
        assert_int_equal(rig_read(rig, "fire-101", words), 1);
    }
    assert_true(rig_received(rig, "fire-101", first, SAH_KIND_AMENDMENT) <= 10); /* (9.2) a minute, one in ten seconds */

    for (unsigned i = 1; i <= 3; i++)
        world_cancels(w, i + 1, story_request(w, messages[i]));
    world_pass(w, 15000);
    world_says(w, first, "fire-101", SAH_STATE_EN_ROUTE, "desk 4");
    world_pass(w, 5000);
    assert_int_equal(rig_received(rig, "fire-101", NULL, SAH_KIND_CANCEL), 0); /* (9.7) */
    for (unsigned i = 0; i < REPORTERS; i++) {
        const char *request = story_request(w, messages[i]);
        bool left = i >= 1 && i <= 3;

        assert_int_equal(rig_heard_n(rig, request, SAH_STATE_EN_ROUTE), !left);
        assert_int_equal(rig_heard_n(rig, request, SAH_STATE_CANCELLED), left);
    }
    world_says(w, first, "fire-101", SAH_STATE_CLOSED, "desk 4");
    world_pass(w, 5000);
    for (unsigned i = 4; i < REPORTERS; i++) /* (9.6) */
        assert_int_equal(rig_heard_n(rig, story_request(w, messages[i]), SAH_STATE_CLOSED), 1);
    story_ends(w);
}

STORY(thirty_people_see_one_fire)
