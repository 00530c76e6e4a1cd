/*
 * two_arrests_one_tower - two hearts stop in one tower within a minute. A wrong link is a patient nobody
 * sees, so both go out as requests of their own; the second shows the dispatcher that there is a first,
 * and closing one closes nothing of the other (I2).
 */
#include "story.h"

static void two_hearts_stop_in_one_tower(void **state)
{
    struct world *w = world_new(&(struct world_options){.seed = 1, .routers = 1, .incidents = true});
    struct rig *rig = world_rig(w);
    const char *first, *second;
    unsigned one, two;

    (void)state;
    world_pass(w, 1000);
    one = world_reports(w, 1, "AMBULANCE_108", "not_breathing", "CARDIAC", 0);
    world_pass(w, 20000);
    two = world_reports(w, 2, "AMBULANCE_108", "not_breathing", "CARDIAC", 4);
    world_pass(w, 1000);
    first = story_request(w, one);
    second = story_request(w, two);
    assert_true(story_got(w, "amb-108", first) >= 1);
    assert_int_equal(story_got(w, "amb-108", second), 1);
    assert_string_equal(rig_view(rig, second)->main_id, "");
    assert_non_null(strstr(rig_attempt(rig, "amb-108", second, 0)->note, rig_view(rig, first)->incident_id));
    assert_non_null(strstr(rig_attempt(rig, "amb-108", second, 0)->note, ",suggest_only,4"));
    world_says(w, first, "amb-108", SAH_STATE_CLOSED, "desk 4");
    world_pass(w, 3000);
    assert_int_equal(rig_heard_n(rig, first, SAH_STATE_CLOSED), 1);
    assert_int_equal(rig_heard_n(rig, second, SAH_STATE_CLOSED), 0);
    story_ends(w);
}

STORY(two_hearts_stop_in_one_tower)
