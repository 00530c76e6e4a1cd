/* test_loop - the event loop: timers in order, destroyed while they run, turns that end. */
#include <signal.h>

#include "io_test.h"

struct seen {
    struct sah_loop *loop;
    struct sah_timer *timer;
    char order[8];
    size_t n;
    int signal;
};

struct mark {
    struct seen *seen;
    char letter;
};

static void note(void *data)
{
    struct mark *mark = data;

    mark->seen->order[mark->seen->n++] = mark->letter;
}

static void timers_fire_in_order_of_their_time_and_then_of_their_start(void **state)
{
    static const struct {
        char letter;
        uint64_t delay_ms;
    } rows[] = {{'d', 30}, {'b', 10}, {'a', 0}, {'c', 20}};
    struct seen seen = {0};
    struct mark marks[SAH_LEN(rows)];
    struct sah_timer *timers[SAH_LEN(rows)];

    (void)state;
    assert_int_equal(sah_loop_create(&seen.loop), SAH_OK);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        marks[i] = (struct mark){&seen, rows[i].letter};
        assert_int_equal(sah_timer_create(seen.loop, note, &marks[i], &timers[i]), SAH_OK);
        sah_timer_start(timers[i], rows[i].delay_ms);
        assert_true(sah_timer_active(timers[i]));
    }
    TURN_UNTIL(seen.loop, seen.n == 4, 2000);
    assert_string_equal(seen.order, "abcd");
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        assert_false(sah_timer_active(timers[i]));
        sah_timer_destroy(timers[i]);
    }
    sah_loop_destroy(seen.loop);
}

static void a_stopped_timer_is_silent_and_a_started_one_is_armed_anew(void **state)
{
    struct seen seen = {0};
    struct mark stopped = {&seen, 's'}, moved = {&seen, 'm'};
    struct sah_timer *a, *b;
    uint64_t began;

    (void)state;
    assert_int_equal(sah_loop_create(&seen.loop), SAH_OK);
    assert_int_equal(sah_timer_create(seen.loop, note, &stopped, &a), SAH_OK);
    assert_int_equal(sah_timer_create(seen.loop, note, &moved, &b), SAH_OK);
    began = sah_clock_mono_ms();
    sah_timer_start(a, 5);
    sah_timer_stop(a);
    sah_timer_start(b, 5);
    sah_timer_start(b, 40);
    TURN_UNTIL(seen.loop, seen.n > 0, 2000);
    assert_string_equal(seen.order, "m");
    assert_true(sah_clock_mono_ms() - began >= 39);
    sah_timer_destroy(a);
    sah_timer_destroy(b);
    sah_timer_destroy(NULL);
    sah_loop_destroy(seen.loop);
}

static void destroy_self(void *data)
{
    struct seen *seen = data;

    sah_timer_destroy(seen->timer);
    seen->timer = NULL;
    sah_loop_stop(seen->loop);
}

static void a_timer_may_be_destroyed_in_its_own_callback(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(sah_loop_create(&seen.loop), SAH_OK);
    assert_int_equal(sah_timer_create(seen.loop, destroy_self, &seen, &seen.timer), SAH_OK);
    sah_timer_start(seen.timer, 1);
    sah_loop_run(seen.loop);
    assert_null(seen.timer);
    sah_loop_destroy(seen.loop);
}

static void a_delay_counts_from_the_call_and_not_from_the_turn(void **state)
{
    struct seen seen = {0};
    struct mark mark = {&seen, 'x'};
    struct sah_timer *timer;
    uint64_t began;

    (void)state;
    assert_int_equal(sah_loop_create(&seen.loop), SAH_OK);
    assert_int_equal(sah_timer_create(seen.loop, note, &mark, &timer), SAH_OK);
    usleep(60 * 1000); /* the loop's own time stands still meanwhile */
    began = sah_clock_mono_ms();
    sah_timer_start(timer, 30);
    TURN_UNTIL(seen.loop, seen.n > 0, 2000);
    assert_true(sah_clock_mono_ms() - began >= 29);
    sah_timer_destroy(timer);
    sah_loop_destroy(seen.loop);
}

static void a_turn_waits_no_longer_than_it_was_told(void **state)
{
    struct sah_loop *loop;
    uint64_t began;

    (void)state;
    assert_int_equal(sah_loop_create(&loop), SAH_OK);
    began = sah_clock_mono_ms();
    sah_loop_turn(loop, 0);
    assert_true(sah_clock_mono_ms() - began < 500);
    sah_loop_turn(loop, 30);
    assert_in_range(sah_clock_mono_ms() - began, 29, 2000);
    sah_loop_destroy(loop);
    sah_loop_destroy(NULL);
}

static void on_stop(void *data, int signal)
{
    struct seen *seen = data;

    seen->signal = signal;
    sah_loop_stop(seen->loop);
}

static void stop_signals_are_heard_and_a_broken_pipe_is_not_fatal(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(sah_loop_create(&seen.loop), SAH_OK);
    assert_int_equal(sah_loop_on_stop_signal(seen.loop, on_stop, &seen), SAH_OK);
    kill(getpid(), SIGPIPE);
    kill(getpid(), SIGTERM);
    sah_loop_run(seen.loop);
    assert_int_equal(seen.signal, SIGTERM);
    kill(getpid(), SIGINT);
    sah_loop_run(seen.loop);
    assert_int_equal(seen.signal, SIGINT);
    sah_loop_destroy(seen.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_their_time_and_then_of_their_start),
        cmocka_unit_test(a_stopped_timer_is_silent_and_a_started_one_is_armed_anew),
        cmocka_unit_test(a_timer_may_be_destroyed_in_its_own_callback),
        cmocka_unit_test(a_delay_counts_from_the_call_and_not_from_the_turn),
        cmocka_unit_test(a_turn_waits_no_longer_than_it_was_told),
        cmocka_unit_test(stop_signals_are_heard_and_a_broken_pipe_is_not_fatal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
