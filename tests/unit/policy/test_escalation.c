/*
 * test_escalation - the ladder's table: which timer a state wants, when each step comes and
 * what it does. Expectations from the design ("Priority") and domain 8.3.
 */
#include "policy_test.h"

#include "policy/escalation.h"

static struct sah_ladder ladder;

static int begin(void **state)
{
    (void)state;
    sah_ladder_defaults(&ladder);
    return 0;
}

static void the_settled_times(void **state)
{
    static const struct {
        enum sah_priority priority;
        unsigned steps_s[3], repeat_s, waiting_s, en_route_s;
    } cases[] = {
        {SAH_PRIORITY_P0, {15, 30, 60}, 60, 60, 120},
        {SAH_PRIORITY_P1, {30, 60, 120}, 60, 120, 180},
        {SAH_PRIORITY_P2, {120, 300, 600}, 300, 900, 600},
        {SAH_PRIORITY_UNSPECIFIED, {30, 60, 120}, 60, 120, 180}, /* in doubt P1 */
        {SAH_PRIORITY_P3, {900, 0, 0}, 0, 0, 0},
        {SAH_PRIORITY_P4, {900, 0, 0}, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        enum sah_priority p = cases[i].priority;

        for (unsigned level = 1; level <= 3; level++)
            assert_int_equal(sah_ladder_ms(&ladder, SAH_TIMER_ACK, level, p),
                             cases[i].steps_s[level - 1] * 1000);
        for (unsigned level = SAH_LADDER_REPEAT; level <= SAH_LADDER_REPEAT_LAST; level++)
            assert_int_equal(sah_ladder_ms(&ladder, SAH_TIMER_ACK, level, p),
                             cases[i].repeat_s * 1000);
        assert_int_equal(sah_ladder_ms(&ladder, SAH_TIMER_WAITING, 1, p),
                         cases[i].waiting_s * 1000);
        assert_int_equal(sah_ladder_ms(&ladder, SAH_TIMER_EN_ROUTE, 1, p),
                         cases[i].en_route_s * 1000);
    }
}

static void the_timer_each_state_wants(void **state)
{
    static const struct {
        enum sah_state state;
        enum sah_timer_kind p0, booking_p4, planned_p3;
    } cases[] = {
        {SAH_STATE_UNSPECIFIED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_RECEIVED, SAH_TIMER_ACK, SAH_TIMER_ACK, SAH_TIMER_ACK},
        {SAH_STATE_QUEUED, SAH_TIMER_ACK, SAH_TIMER_ACK, SAH_TIMER_ACK},
        {SAH_STATE_FORWARDED, SAH_TIMER_ACK, SAH_TIMER_ACK, SAH_TIMER_ACK},
        {SAH_STATE_DELIVERED, SAH_TIMER_ACK, SAH_TIMER_ACK, SAH_TIMER_ACK},
        {SAH_STATE_ACKNOWLEDGED, SAH_TIMER_NONE, SAH_TIMER_ACK, SAH_TIMER_NONE},
        {SAH_STATE_WAITING_UNIT, SAH_TIMER_WAITING, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_UNIT_ASSIGNED, SAH_TIMER_EN_ROUTE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_EN_ROUTE, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_ON_SCENE, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_TRANSPORTING, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_BOOKED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_CANCEL_ASKED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_CANCELLED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_REJECTED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_NEEDS_PERSON, SAH_TIMER_ACK, SAH_TIMER_ACK, SAH_TIMER_ACK},
        {SAH_STATE_EXPIRED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_CLOSED, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
        {SAH_STATE_REOPENED, SAH_TIMER_ACK, SAH_TIMER_ACK, SAH_TIMER_ACK},
        {SAH_N_STATES, SAH_TIMER_NONE, SAH_TIMER_NONE, SAH_TIMER_NONE},
    };
    struct sah_ladder off = {0};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        enum sah_state s = cases[i].state;

        assert_int_equal(sah_ladder_kind(&ladder, s, SAH_PRIORITY_P0, false), cases[i].p0);
        assert_int_equal(sah_ladder_kind(&ladder, s, SAH_PRIORITY_P4, true),
                         cases[i].booking_p4);
        assert_int_equal(sah_ladder_kind(&ladder, s, SAH_PRIORITY_P3, false),
                         cases[i].planned_p3);
        assert_int_equal(sah_ladder_kind(&off, s, SAH_PRIORITY_P0, false), SAH_TIMER_NONE);
    }
}

static void what_each_step_does(void **state)
{
    static const struct {
        enum sah_timer_kind kind;
        unsigned level;
        enum sah_priority priority;
        unsigned n_endpoints;
        struct sah_ladder_step step;
    } cases[] = {
        {SAH_TIMER_ACK,
         1,
         SAH_PRIORITY_P0,
         2,
         {.alert = true, .endpoint = 1, .next_level = 2, .wait_ms = 15000}},
        {SAH_TIMER_ACK,
         1,
         SAH_PRIORITY_P0,
         1,
         {.alert = true, .next_level = 2, .wait_ms = 15000}},
        {SAH_TIMER_ACK,
         2,
         SAH_PRIORITY_P0,
         1,
         {.ask_catch_all = true, .alarm = true, .next_level = 3, .wait_ms = 30000}},
        {SAH_TIMER_ACK,
         3,
         SAH_PRIORITY_P0,
         1,
         {.ask_officer = true, .alarm = true, .next_level = 4, .wait_ms = 60000}},
        {SAH_TIMER_ACK,
         4,
         SAH_PRIORITY_P0,
         2,
         {.alert = true, .alarm = true, .next_level = 5, .wait_ms = 60000}},
        {SAH_TIMER_ACK,
         5,
         SAH_PRIORITY_P0,
         2,
         {.alert = true, .endpoint = 1, .alarm = true, .next_level = 6, .wait_ms = 60000}},
        {SAH_TIMER_ACK,
         9,
         SAH_PRIORITY_P2,
         3,
         {.alert = true, .alarm = true, .next_level = 4, .wait_ms = 300000}},
        {SAH_TIMER_ACK,
         2,
         SAH_PRIORITY_P2,
         1,
         {.ask_catch_all = true, .alarm = true, .next_level = 3, .wait_ms = 300000}},
        {SAH_TIMER_WAITING,
         1,
         SAH_PRIORITY_P1,
         1,
         {.alert = true, .ask_next = true, .next_level = 4, .wait_ms = 120000}},
        {SAH_TIMER_WAITING,
         4,
         SAH_PRIORITY_P1,
         1,
         {.alert = true, .next_level = 5, .wait_ms = 120000}},
        {SAH_TIMER_EN_ROUTE,
         1,
         SAH_PRIORITY_P1,
         1,
         {.alert = true, .alarm = true, .next_level = 4, .wait_ms = 180000}},
        {SAH_TIMER_ACK,
         1,
         SAH_PRIORITY_P3,
         1,
         {.alert = true, .alarm = true, .next_level = SAH_LADDER_SPENT}},
        {SAH_TIMER_ACK, 1, SAH_PRIORITY_P4, 1, {.alert = true, .next_level = SAH_LADDER_SPENT}},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        const struct sah_ladder_step *want = &cases[i].step;
        struct sah_ladder_step got = sah_ladder_step(
            &ladder, cases[i].kind, cases[i].level, cases[i].priority, cases[i].n_endpoints, 0);

        if (got.alert != want->alert ||
            got.endpoint != (want->alert ? want->endpoint : got.endpoint) ||
            got.ask_next != want->ask_next || got.ask_catch_all != want->ask_catch_all ||
            got.ask_officer != want->ask_officer || got.alarm != want->alarm ||
            got.next_level != want->next_level || got.wait_ms != want->wait_ms)
            fail_msg("case %zu", i);
    }
}

/* A late step does not make the next one late, and leaves time to answer all the same. */
static void late_steps_catch_up(void **state)
{
    static const struct {
        uint32_t late_ms, wait_ms;
    } cases[] = {{0, 15000}, {200, 14800}, {9999, 5001}, {12000, 5000}, {UINT32_MAX, 5000}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_int_equal(
            sah_ladder_step(&ladder, SAH_TIMER_ACK, 1, SAH_PRIORITY_P0, 1, cases[i].late_ms)
                .wait_ms,
            cases[i].wait_ms);
    assert_int_equal(
        sah_ladder_step(&ladder, SAH_TIMER_ACK, 4, SAH_PRIORITY_P0, 1, UINT32_MAX).wait_ms,
        60000);
}

/* (I9) From any level of an emergency there is a next one, for ever. */
static void an_emergency_never_runs_out_of_steps(void **state)
{
    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_P0; p <= SAH_PRIORITY_P2; p++) {
        unsigned level = 1;

        for (unsigned i = 0; i < 100; i++) {
            struct sah_ladder_step step =
                sah_ladder_step(&ladder, SAH_TIMER_ACK, level, p, 2, 0);

            assert_true(step.wait_ms >= 5000);
            assert_in_range(step.next_level, 2, SAH_LADDER_REPEAT_LAST);
            level = step.next_level;
        }
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup(fn, begin)
    const struct CMUnitTest tests[] = {
        TEST(the_settled_times),
        TEST(the_timer_each_state_wants),
        TEST(what_each_step_does),
        TEST(late_steps_catch_up),
        TEST(an_emergency_never_runs_out_of_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
