/*
 * clocks_jump - the store's clock and the routers' clocks jump by nine days and back by an
 * hour, under load. No order changes, nothing is sent under another key, no storm comes of it,
 * a message of before is still known, and a new emergency goes out at once (F17; I2, I5, I6,
 * I7).
 */
#include "story.h"

static size_t sent(struct world *w)
{
    return sah_fake_agencies_n(world_rig(w)->agencies);
}

static void the_clocks_jump(void **state)
{
    static const int64_t jumps[] = {9 * (int64_t)WORLD_DAY_MS, -3600000};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct world *w = story(2);
        unsigned heart = 0;
        size_t before, after;

        world_manner(w, "fire-101-a", WORLD_SILENT);
        for (unsigned who = 0; who < 12; who++)
            heart = world_asks(w, who, who % 2 ? "AMBULANCE_108" : "FIRE_101", NULL);
        before = sent(w);
        world_pass(w, 2000);
        before = sent(w) - before;
        world_jump_store(w, jumps[i]);
        world_jump_wall(w, 0, jumps[1 - i]);
        world_jump_wall(w, 1, jumps[i]);
        after = sent(w);
        world_pass(w, 2000);
        assert_true(sent(w) - after <= 2 * before);

        world_again(w, heart);
        world_settle(w);
        assert_int_equal(world_code(w, heart), SAH_RESULT_DUPLICATE);
        heart = world_asks(w, 99, "AMBULANCE_108", "not_breathing");
        world_pass(w, 200);
        assert_int_equal(story_got(w, "amb-108", story_request(w, heart)), 1);
        story_ends(w);
    }
}

STORY(the_clocks_jump)
