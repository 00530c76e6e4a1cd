/*
 * test_pace - bringing back slows down before the store is slow, and speeds up again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy/pace.h"

static void a_late_answer_halves_it_once(void **state)
{
    struct sah_pace p;

    (void)state;
    sah_pace_init(&p, 16);
    assert_int_equal(p.window, 4);
    for (unsigned i = 0; i < 8; i++) /* those were asked together */
        sah_pace_answered(&p, 400, 1000 + i);
    assert_int_equal(p.window, 2);
    sah_pace_answered(&p, 400, 1400);
    assert_int_equal(p.window, 1);
    assert_int_equal(p.rest_ms, 0);
    for (unsigned i = 1; i < 20; i++)
        sah_pace_answered(&p, 400, 1400 + 400 * i);
    assert_int_equal(p.rest_ms, SAH_PACE_REST_MAX_MS); /* and never stops */
}

static void soon_answers_make_it_what_it_was(void **state)
{
    struct sah_pace p;
    unsigned n = 0;

    (void)state;
    sah_pace_init(&p, 8);
    sah_pace_silent(&p, 1000);
    sah_pace_silent(&p, 1001); /* of one connection */
    assert_int_equal(p.window, 1);
    assert_int_equal(p.rest_ms, 50);
    for (; p.window < 8 && n < 1000; n++)
        sah_pace_answered(&p, 5, 3000 + n);
    assert_int_equal(p.rest_ms, 0);
    assert_true(n > 50 && n < 200);
    for (unsigned i = 0; i < 100; i++) { /* neither soon nor late: as it is */
        sah_pace_answered(&p, 100, 5000 + i);
        assert_int_equal(p.window, 8);
    }
}

/* A store that serves one call after another, each for `each_ms`: its answers stay below what is slow. */
static void it_finds_the_pace_of_a_store(void **state)
{
    (void)state;
    for (unsigned each_ms = 1; each_ms <= 120; each_ms += 7) {
        struct sah_pace p;
        uint64_t now_ms = 1000;
        unsigned late = 0;

        sah_pace_init(&p, 8);
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t took_ms = each_ms * p.window;

            now_ms += took_ms;
            sah_pace_answered(&p, took_ms, now_ms);
            late += i > 100 && took_ms > 250;
        }
        assert_int_equal(late, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_answer_halves_it_once),
        cmocka_unit_test(soon_answers_make_it_what_it_was),
        cmocka_unit_test(it_finds_the_pace_of_a_store),
    };

    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
