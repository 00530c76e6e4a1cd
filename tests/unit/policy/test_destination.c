/*
 * test_destination - the window and the breaker of an endpoint, on simulated time: how they
 * grow, halve, open and close, and that P0 and P1 never feel them.
 */
#include "policy_test.h"

#include "policy/destination.h"

#define P0 0
#define P2 2
#define P4 4

static const struct sah_answer ack = {.kind = SAH_ANSWER_MACHINE_ACK, .retry_after_ms = -1};
static const struct sah_answer refused = {.kind = SAH_ANSWER_REFUSED, .retry_after_ms = -1};
static const struct sah_answer unreachable = {.kind = SAH_ANSWER_UNREACHABLE,
                                              .retry_after_ms = -1};

static void say(struct sah_destination *d, const struct sah_answer *answer, unsigned n,
                uint64_t now_ms)
{
    while (n-- > 0)
        sah_destination_answered(d, P4, answer, now_ms);
}

/* P4 asks while the breaker is not closed, and is answered at once. */
static void probe(struct sah_destination *d, const struct sah_answer *answer, uint64_t now_ms)
{
    sah_destination_sent(d, now_ms);
    sah_destination_answered(d, P4, answer, now_ms);
}

static void the_window_starts_at_five_or_at_what_there_is(void **state)
{
    static const unsigned cases[][2] = {{1, 1}, {2, 2}, {5, 5}, {6, 5}, {512, 5}};
    struct sah_destination d;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        sah_destination_init(&d, cases[i][0]);
        assert_int_equal(d.window, cases[i][1]);
        assert_int_equal(sah_destination_limit(&d, P4, 0), cases[i][1]);
        assert_int_equal(sah_destination_limit(&d, P0, 0), cases[i][0]);
    }
}

static void the_window_grows_by_one_for_each_full_window_of_acks(void **state)
{
    struct sah_destination d;

    (void)state;
    sah_destination_init(&d, 8);
    for (unsigned window = 5; window < 8; window++) {
        say(&d, &ack, window - 1, 0);
        assert_int_equal(d.window, window);
        say(&d, &ack, 1, 0);
        assert_int_equal(d.window, window + 1);
    }
    say(&d, &ack, 100, 0);
    assert_int_equal(d.window, 8);
}

static void a_refusal_is_of_the_message_and_changes_no_window(void **state)
{
    struct sah_destination d;

    (void)state;
    sah_destination_init(&d, 16);
    say(&d, &refused, 1000, 0);
    assert_int_equal(d.window, 5);
    assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
    /* Somebody read it: the faults around it are not in a row. */
    for (unsigned i = 0; i < 10; i++) {
        say(&d, &unreachable, 2, 0);
        say(&d, &refused, 1, 0);
    }
    assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
    assert_int_equal(d.faults, 0);
}

/* What was in flight when the trouble began tells it once, not once each. */
static void one_cohort_halves_once(void **state)
{
    static const enum sah_answer_kind kinds[] = {SAH_ANSWER_UNREACHABLE, SAH_ANSWER_UNKNOWN,
                                                 SAH_ANSWER_TROUBLE};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(kinds); i++) {
        struct sah_answer fault = {.kind = kinds[i], .retry_after_ms = -1};
        struct sah_destination d;

        sah_destination_init(&d, 64);
        while (d.window < 16 || d.cohort_answers > 0 || d.cohort < 16)
            say(&d, &ack, 1, 0);
        say(&d, &fault, 4, 0);
        assert_int_equal(d.window, 8);
        say(&d, &ack, d.cohort - d.cohort_answers, 0);
        say(&d, &fault, 1, 0);
        assert_in_range(d.window, 4, 5); /* the acks between may have added one */
        assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
    }
}

static void the_window_never_falls_below_one(void **state)
{
    struct sah_destination d;

    (void)state;
    sah_destination_init(&d, 4);
    for (unsigned i = 0; i < 50; i++) {
        say(&d, &unreachable, 2, 0);
        say(&d, &refused, 1, 0);
        assert_true(d.window >= 1);
        assert_true(sah_destination_limit(&d, P4, 0) >= 1);
    }
    assert_int_equal(d.window, 1);
}

static void the_breaker_opens_after_five_faults_or_three_cohorts_of_them(void **state)
{
    static const struct {
        unsigned max, faults;
    } cases[] = {{64, 5}, {5, 5}, {2, 4}, {1, 3}};
    struct sah_destination d;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        sah_destination_init(&d, cases[i].max);
        say(&d, &unreachable, cases[i].faults - 1, 1000);
        assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
        say(&d, &unreachable, 1, 1000);
        assert_int_equal(d.breaker, SAH_BREAKER_OPEN);
        assert_int_equal(sah_destination_limit(&d, P4, 5999), 0);
        assert_int_equal(sah_destination_limit(&d, P4, 6000), 1);
    }
}

static void the_wait_doubles_from_5_s_to_60_s_and_begins_anew_after_an_outage(void **state)
{
    static const uint64_t waits[] = {5000, 10000, 20000, 40000, 60000, 60000, 60000};
    struct sah_destination d;
    uint64_t now_ms = 1000;

    (void)state;
    sah_destination_init(&d, 8);
    say(&d, &unreachable, 5, now_ms);
    for (size_t i = 0; i < SAH_LEN(waits); i++) {
        assert_int_equal(d.breaker, SAH_BREAKER_OPEN);
        assert_int_equal(d.retry_at_ms - now_ms, waits[i]);
        /* What still comes back of before lengthens nothing. */
        say(&d, &unreachable, 3, now_ms + 10);
        assert_int_equal(d.retry_at_ms - now_ms, waits[i]);
        now_ms = d.retry_at_ms;
        probe(&d, &unreachable, now_ms);
    }
    probe(&d, &ack, d.retry_at_ms);
    say(&d, &ack, 1, now_ms);
    say(&d, &unreachable, 5, now_ms);
    assert_int_equal(d.retry_at_ms - now_ms, 5000);
}

/* One ack and dead again is no recovery: such an endpoint is asked ever more seldom. */
static void an_endpoint_that_flaps_is_not_asked_more_often(void **state)
{
    struct sah_destination d;

    (void)state;
    sah_destination_init(&d, 8);
    say(&d, &unreachable, 5, 0);
    probe(&d, &ack, 5000);
    assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
    say(&d, &unreachable, 3, 5000);
    assert_int_equal(d.breaker, SAH_BREAKER_OPEN);
    assert_int_equal(d.retry_at_ms, 15000);
}

static void after_revival_the_window_begins_at_one(void **state)
{
    static const struct sah_answer *const answers[] = {&ack, &refused};
    struct sah_destination d;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(answers); i++) {
        sah_destination_init(&d, 32);
        say(&d, &ack, 500, 0);
        assert_int_equal(d.window, 32);
        say(&d, &unreachable, 5, 0);
        sah_destination_sent(&d, 5000);
        assert_int_equal(d.breaker, SAH_BREAKER_HALF_OPEN);
        assert_int_equal(sah_destination_limit(&d, P4, 5000), 1);
        say(&d, answers[i], 1, 5000);
        assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
        assert_int_equal(sah_destination_limit(&d, P4, 5000), 1);
        say(&d, &ack, 1, 5000);
        assert_int_equal(sah_destination_limit(&d, P4, 5000), 2);
        say(&d, &ack, 2, 5000);
        assert_int_equal(sah_destination_limit(&d, P4, 5000), 3);
    }
}

/* An attempt that P0 made before the wait was over is evidence like any other. */
static void any_ack_closes_the_breaker_at_once(void **state)
{
    struct sah_destination d;

    (void)state;
    sah_destination_init(&d, 8);
    say(&d, &unreachable, 5, 0);
    sah_destination_sent(&d, 100);
    assert_int_equal(d.breaker, SAH_BREAKER_OPEN);
    sah_destination_answered(&d, P0, &ack, 200);
    assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
    assert_int_equal(sah_destination_limit(&d, P4, 200), 1);
}

static void p0_and_p1_are_held_back_by_nothing(void **state)
{
    static const struct sah_answer busy = {.kind = SAH_ANSWER_BUSY, .retry_after_ms = 3600000};
    struct sah_destination d;

    (void)state;
    for (unsigned max = 1; max <= 64; max *= 2) {
        sah_destination_init(&d, max);
        say(&d, &unreachable, 100, 0);
        assert_int_equal(d.window, 1);
        say(&d, &busy, 1, 1);
        for (unsigned class = 0; class < P2; class ++)
            assert_int_equal(sah_destination_limit(&d, class, 2), max);
        assert_int_equal(sah_destination_limit(&d, P2, 2), 0);
    }
}

/* P2 must have been tried at 15 s, to fall back: it is held for 5 s at most, whatever others
 * do. */
static void p2_is_held_for_five_seconds_at_most(void **state)
{
    struct sah_destination d;
    uint64_t now_ms = 0;

    (void)state;
    sah_destination_init(&d, 32);
    for (unsigned i = 0; i < 6; i++) { /* to the longest wait */
        say(&d, &unreachable, 5, now_ms);
        now_ms = d.retry_at_ms;
        probe(&d, &unreachable, now_ms);
    }
    assert_int_equal(d.retry_at_ms - now_ms, 60000);
    assert_int_equal(sah_destination_limit(&d, P2, now_ms), 8); /* its hold is over long ago */
    sah_destination_answered(&d, P2, &unreachable, now_ms);
    assert_int_equal(sah_destination_limit(&d, P2, now_ms + 4999), 0);
    sah_destination_answered(&d, P0, &unreachable,
                             now_ms + 4999); /* P0's retries do not keep it waiting */
    assert_int_equal(sah_destination_limit(&d, P2, now_ms + 5000), 8);
    sah_destination_answered(&d, P0, &unreachable, now_ms + 5000);
    assert_int_equal(sah_destination_limit(&d, P2, now_ms + 5000), 8);
    assert_int_equal(sah_destination_limit(&d, P4, now_ms + 5000), 0);
}

static void retry_after_is_honoured_as_far_as_the_class_can_bear(void **state)
{
    static const struct {
        int64_t said_ms;
        unsigned class;
        uint64_t held_ms;
    } cases[] = {
        {-1, P2, 0},
        {-1, P4, 0},
        {0, P4, 0},
        {20000, P2, 20000},
        {20000, P4, 20000},
        {31000, P2, 30000},
        {31000, P4, 31000},
        {86400000, P2, 30000},
        {86400000, 3, 600000},
        {86400000, P4, 600000},
        {INT64_MAX, P4, 600000},
        {86400000, P0, 0},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_answer busy = {.kind = SAH_ANSWER_BUSY, .retry_after_ms = cases[i].said_ms};
        struct sah_destination d;

        sah_destination_init(&d, 16);
        say(&d, &busy, 1, 1000);
        assert_int_equal(d.breaker, SAH_BREAKER_CLOSED);
        assert_int_equal(d.window, 2); /* too much at once */
        if (cases[i].held_ms > 0)
            assert_int_equal(sah_destination_limit(&d, cases[i].class, 999 + cases[i].held_ms),
                             0);
        assert_true(sah_destination_limit(&d, cases[i].class, 1000 + cases[i].held_ms) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_starts_at_five_or_at_what_there_is),
        cmocka_unit_test(the_window_grows_by_one_for_each_full_window_of_acks),
        cmocka_unit_test(a_refusal_is_of_the_message_and_changes_no_window),
        cmocka_unit_test(one_cohort_halves_once),
        cmocka_unit_test(the_window_never_falls_below_one),
        cmocka_unit_test(the_breaker_opens_after_five_faults_or_three_cohorts_of_them),
        cmocka_unit_test(the_wait_doubles_from_5_s_to_60_s_and_begins_anew_after_an_outage),
        cmocka_unit_test(an_endpoint_that_flaps_is_not_asked_more_often),
        cmocka_unit_test(after_revival_the_window_begins_at_one),
        cmocka_unit_test(any_ack_closes_the_breaker_at_once),
        cmocka_unit_test(p0_and_p1_are_held_back_by_nothing),
        cmocka_unit_test(p2_is_held_for_five_seconds_at_most),
        cmocka_unit_test(retry_after_is_honoured_as_far_as_the_class_can_bear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
