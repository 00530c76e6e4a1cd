/*
 * test_room - how many may wait for the store: more while it answers soon, fewer while it answers late.
 */
#include "policy_test.h"

#include "policy/room.h"

static void it_begins_with_256_or_with_what_there_is(void **state)
{
    static const struct {
        unsigned max, room;
    } cases[] = {{3276, 256}, {256, 256}, {40, 40}, {8, 8}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_room room;

        sah_room_init(&room, cases[i].max);
        assert_int_equal(room.room, cases[i].room);
    }
}

static void soon_answers_make_room_when_it_is_used(void **state)
{
    struct sah_room room;

    (void)state;
    sah_room_init(&room, 300);
    for (unsigned i = 0; i < 10; i++)
        sah_room_answered(&room, 5, 127, 1000); /* half of it is free: that says nothing */
    assert_int_equal(room.room, 256);
    for (unsigned i = 0; i < 10; i++)
        sah_room_answered(&room, 99, 200, 1000);
    assert_int_equal(room.room, 266);
    for (unsigned i = 0; i < 10; i++)
        sah_room_answered(&room, 150, 266, 1000); /* neither soon nor late */
    assert_int_equal(room.room, 266);
    for (unsigned i = 0; i < 100; i++)
        sah_room_answered(&room, 0, 300, 1000);
    assert_int_equal(room.room, 300);
}

static void late_answers_take_a_quarter_once_for_what_was_asked_before(void **state)
{
    struct sah_room room;

    (void)state;
    sah_room_init(&room, 1000);
    sah_room_answered(&room, 300, 256, 10000);
    assert_int_equal(room.room, 192);
    for (unsigned i = 0; i < 256; i++)
        sah_room_answered(&room, 400, 256, 10000 + i); /* asked before the cut */
    assert_int_equal(room.room, 192);
    sah_room_answered(&room, 250, 192, 10300);
    assert_int_equal(room.room, 144);
    for (unsigned i = 0; i < 50; i++)
        sah_room_answered(&room, 1000, 100, 20000 + 2000 * i);
    assert_int_equal(room.room, SAH_ROOM_MIN);
}

static void a_small_room_is_not_made_larger(void **state)
{
    struct sah_room room;

    (void)state;
    sah_room_init(&room, 8);
    sah_room_answered(&room, 1000, 8, 1000);
    assert_int_equal(room.room, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_256_or_with_what_there_is),
        cmocka_unit_test(soon_answers_make_room_when_it_is_used),
        cmocka_unit_test(late_answers_take_a_quarter_once_for_what_was_asked_before),
        cmocka_unit_test(a_small_room_is_not_made_larger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
