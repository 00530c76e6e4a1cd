/*
 * test_health - what a router thinks of its store, second by second: it goes down late enough, comes
 * back slowly enough, and one that flaps is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy/health.h"

/* What happens in each 100 ms: '.' good, 's' slow, 'x' refused, '?' never answered, 'm' a P0 missed its
 * deadline, ' ' nothing. */
static void lives(struct sah_health *h, uint64_t *now_ms, const char *what, bool left)
{
    for (; *what != '\0'; what++) {
        *now_ms += 100;
        if (*what == '.')
            sah_health_answered(h, *now_ms, 1);
        else if (*what == 's')
            sah_health_answered(h, *now_ms, 300);
        else if (*what == 'x')
            sah_health_refused(h, *now_ms);
        else if (*what == '?')
            sah_health_silent(h, *now_ms);
        else if (*what == 'm')
            sah_health_missed(h, *now_ms);
        (void)sah_health_turn(h, *now_ms, left);
    }
}

#define SECOND ".........."

static void the_state_follows_from_what_happened(void **state)
{
    static const struct {
        const char *what;
        bool left;
        enum sah_health_state is;
    } cases[] = {
        {SECOND, false, SAH_HEALTH_NORMAL},
        {SECOND "x.x.x.x.x.x.x.x.x.x.", false, SAH_HEALTH_NORMAL}, /* never bad for a second */
        {SECOND "xxxxxxxxxx", false, SAH_HEALTH_NORMAL},            /* 0.9 s */
        {SECOND "xxxxxxxxxxx", false, SAH_HEALTH_DOWN},             /* 1 s */
        {SECOND "x         x", false, SAH_HEALTH_DOWN},             /* silence is no answer */
        {SECOND "?", false, SAH_HEALTH_DOWN},
        {SECOND "?.", false, SAH_HEALTH_DOWN},
        {SECOND "?" ".........", false, SAH_HEALTH_DOWN},
        {SECOND "?" SECOND ".", false, SAH_HEALTH_DRAIN},
        {SECOND "?" SECOND "." SECOND SECOND SECOND SECOND, false, SAH_HEALTH_NORMAL},
        {SECOND "?" SECOND "." SECOND SECOND SECOND SECOND SECOND, true, SAH_HEALTH_DRAIN},
        {SECOND "?" SECOND ".xxxxxxxxxxx", true, SAH_HEALTH_DOWN},
        {SECOND "?" SECOND ".?", true, SAH_HEALTH_DRAIN}, /* late, perhaps by what is brought back */
        {SECOND "?" SECOND ".?         .", true, SAH_HEALTH_DRAIN},
        {SECOND "?" SECOND ".?          ", true, SAH_HEALTH_DOWN}, /* nothing answered for a second */
        {SECOND "?" SECOND ".s?s?s?s?s?s?s?s?s?s?s?s?", true, SAH_HEALTH_DRAIN},
        {SECOND "m", false, SAH_HEALTH_SLOW},
        {SECOND "s", false, SAH_HEALTH_NORMAL}, /* one in a hundred may be */
        {SECOND "ss", false, SAH_HEALTH_SLOW},
        {SECOND "m" SECOND SECOND, false, SAH_HEALTH_SLOW},
        {SECOND "m" SECOND SECOND SECOND SECOND SECOND ".", false, SAH_HEALTH_NORMAL},
        {SECOND "m" SECOND ".", true, SAH_HEALTH_DRAIN}, /* what raced is brought back */
        {SECOND "mxxxxxxxxxxx", false, SAH_HEALTH_DOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sah_health h;
        uint64_t now_ms = 1000;

        sah_health_init(&h, &sah_health_rule, true, now_ms);
        lives(&h, &now_ms, cases[i].what, cases[i].left);
        if (h.state != cases[i].is)
            print_error("case %zu: %s, not %s\n", i, sah_health_name(h.state), sah_health_name(cases[i].is));
        assert_int_equal(h.state, cases[i].is);
    }
}

static void a_store_that_flaps_changes_the_state_once(void **state)
{
    struct sah_health h;
    uint64_t now_ms = 1000, since_ms;

    (void)state;
    sah_health_init(&h, &sah_health_rule, true, now_ms);
    lives(&h, &now_ms, SECOND "?", true);
    assert_int_equal(h.state, SAH_HEALTH_DOWN);
    since_ms = h.since_ms;
    for (unsigned i = 0; i < 60; i++)
        lives(&h, &now_ms, "........xx", true); /* a minute of 0.8 s up, 0.2 s away */
    assert_int_equal(h.state, SAH_HEALTH_DOWN);
    assert_int_equal(h.since_ms, since_ms);
    assert_false(sah_health_asks(&h));
}

static void a_router_that_starts_before_its_store_begins_down(void **state)
{
    struct sah_health h;
    uint64_t now_ms = 1000;

    (void)state;
    sah_health_init(&h, &sah_health_rule, false, now_ms);
    assert_int_equal(h.state, SAH_HEALTH_DOWN);
    lives(&h, &now_ms, SECOND ".", true);
    assert_int_equal(h.state, SAH_HEALTH_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_follows_from_what_happened),
        cmocka_unit_test(a_store_that_flaps_changes_the_state_once),
        cmocka_unit_test(a_router_that_starts_before_its_store_begins_down),
    };

    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
