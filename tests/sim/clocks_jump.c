/*
 * clocks_jump - the store's clock and the routers' clocks jump by nine days and back by an
 * hour, under load. No order changes, nothing is sent under another key, no storm comes of it,
 * a message of before is still known, a new emergency goes out at once; what was to come comes
 * when it would have come, neither early nor an hour later; and the jump is counted (F17; I2, I5,
 * I6, I7).
 */
#include "story.h"

static const int64_t jumps[] = {9 * (int64_t)WORLD_DAY_MS, -3600000};

static size_t sent(struct world *w)
{
    return sah_fake_agencies_n(world_rig(w)->agencies);
}

static void the_clocks_jump(void **state)
{
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

/* The same world with and without a jump: the same attempts at the same moments. */
static void as_if_nothing_had_been(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        size_t counts[2][60];

        for (unsigned jump = 0; jump < 2; jump++) {
            struct world *w = story(1);

            world_manner(w, "amb-108", WORLD_TROUBLE);
            world_manner(w, "fire-101-a", WORLD_SILENT);
            world_asks(w, 1, "AMBULANCE_108", NULL);
            world_asks(w, 2, "FIRE_101", "not_breathing");
            world_asks(w, 3, "HELPLINE_181", NULL); /* delivered; its ladder runs */
            world_pass(w, 3000);
            if (jump)
                world_jump_store(w, jumps[i]);
            for (unsigned s = 0; s < SAH_LEN(counts[0]); s++) {
                world_pass(w, 2000);
                counts[jump][s] = sent(w);
            }
            story_ends(w);
        }
        assert_memory_equal(counts[0], counts[1], sizeof counts[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_clocks_jump),
                                       cmocka_unit_test(as_if_nothing_had_been)};

    return cmocka_run_group_tests_name("clocks_jump", tests, NULL, NULL);
}
