/*
 * cancel_crosses_dispatch - the citizen cancels in the moment in which 108 sends a unit. The
 * cancel is asked, after the request and in order; only the agency decides, and here it
 * declines (I9, I10).
 */
#include "story.h"

static void a_cancel_crosses_the_dispatch(void **state)
{
    struct world *w = story(2);
    struct rig *rig = world_rig(w);
    const struct sah_fake_received *cancel;
    const char *request;

    (void)state;
    request = story_request(
        w, (world_asks(w, 1, "AMBULANCE_108", "people_hurt"), world_pass(w, 100), 0));
    world_says(w, request, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
    world_settle(w);
    world_cancels(w, 1, request); /* both are on their way at once */
    world_says(w, request, "amb-108", SAH_STATE_UNIT_ASSIGNED, "desk 4");
    world_pass(w, 200);
    cancel = rig_attempt(rig, "amb-108", request, 1);
    assert_non_null(cancel);
    assert_int_equal(cancel->kind, SAH_KIND_CANCEL);
    assert_int_equal(cancel->sequence, 2);
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_CANCELLED), 0);
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_UNIT_ASSIGNED), 1);

    world_cancels(w, 1, request);
    world_pass(w, 200);
    world_declines_cancel(w, request, "amb-108");
    world_says(w, request, "amb-108", SAH_STATE_EN_ROUTE, "desk 4");
    world_pass(w, 200);
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_CANCEL_ASKED),
                     1); /* "not cancelled" */
    assert_int_equal(rig_heard_n(rig, request, SAH_STATE_EN_ROUTE), 1);
    story_ends(w);
}

STORY(a_cancel_crosses_the_dispatch)
