/*
 * flame_found_while_booking_is_sent - a cylinder is being booked at a slow company when the
 * citizen smells gas. The request rises to P1 with its place kept, fire and 1906 get it at
 * once, and the company gets the booking before the amendment (I2, I7, I10).
 */
#include "story.h"

static void a_flame_is_found_while_the_booking_is_sent(void **state)
{
    struct world *w = story(1);
    struct rig *rig = world_rig(w);
    const struct sah_fake_received *to_company;
    const char *request;
    unsigned booking;

    (void)state;
    world_manner(w, "indane", WORLD_ACKS_LATE);
    booking = world_asks(w, 1, "LPG_BOOKING", NULL);
    world_pass(w, 500);
    request = story_request(w, booking);
    assert_int_equal(story_got(w, "indane", request), 1);
    world_amends(w, 1, request, SAH_AMENDMENT_TRIAGE, NULL, "LPG_LEAK");
    world_pass(w, 300);
    assert_int_equal(rig_view(rig, request)->priority, SAH_PRIORITY_P1);
    assert_int_equal(story_got(w, "fire-101", request), 1);
    assert_int_equal(story_got(w, "gas-1906", request), 1);
    assert_int_equal(rig_received(rig, "indane", request, SAH_KIND_AMENDMENT),
                     0); /* its turn */
    world_pass(w, 4000);
    assert_int_equal(rig_received(rig, "indane", request, SAH_KIND_AMENDMENT), 1);
    to_company = rig_attempt(rig, "indane", request, 1);
    assert_int_equal(to_company->sequence, 2);
    assert_int_equal(rig_received(rig, "fire-101", request, SAH_KIND_AMENDMENT), 1);
    story_ends(w);
}

STORY(a_flame_is_found_while_the_booking_is_sent)
