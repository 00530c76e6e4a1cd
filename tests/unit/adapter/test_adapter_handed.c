/*
 * test_adapter_handed - what a router's store has lost goes to it again (I4), under the same id
 * (I6), the request before its amendment (I10), and nobody hears of it twice.
 */
#include "test_adapter_world.h"

static bool two_requests(void *data)
{
    return heard_of(&((struct world *)data)->routers[0], SAH_KIND_REQUEST) >= 2;
}

static bool nothing_pending(void *data)
{
    return redis_number(data, "ZCARD ch:testchat:{p00}:psz:e") == 0;
}

static void another_run_gets_the_request_and_then_its_amendment_again(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];
    unsigned before;

    router->run = "run1";
    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    assert_int_equal(take_and_wait(w, "c1", "m2", "more"), SAH_OK);
    world_turn(w, 1500);
    before = router->n_heard;
    assert_int_equal(before, 2); /* the same run: nothing goes again */
    assert_true(metric(w, "handed") == 2);

    router->run = "run2"; /* a hello says so */
    assert_true(world_until(w, two_requests, w, 5000));
    assert_true(world_until(w, nothing_pending, w, 3000));
    assert_int_equal(router->n_heard, before + 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(router->heard[before + i].kind, router->heard[i].kind);
        assert_true(sah_id_equal(&router->heard[before + i].id, &router->heard[i].id));
    }
    world_turn(w, 1500);
    assert_int_equal(router->n_heard, before + 2); /* it is under the new run now */
    assert_int_equal(w->channel.n_sent, 1);
    assert_true(metric(w, "rehanded_total") == 2);
    assert_true(metric(w, "router_runs_total") == 1);
}

static void a_run_that_changed_while_the_adapter_was_away_is_noticed(void **state)
{
    struct world *w = *state;

    w->routers[0].run = "run1";
    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    world_kill(w);
    w->routers[0].run = "run2";
    world_start(w);
    assert_true(world_until(w, two_requests, w, 5000));
    assert_true(world_until(w, nothing_pending, w, 3000));
}

static void a_citizen_who_was_answered_is_not_told_that_nothing_is_confirmed(void **state)
{
    struct world *w = *state;

    w->ack_deadline_ms = 400;
    w->routers[0].run = "run1";
    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    world_turn(w, 300);
    w->routers[0].silent = true;
    w->routers[0].run = "run2";
    assert_true(world_until(w, two_requests, w, 5000));
    world_turn(w, 1500);
    world_kill(w); /* nor by the next process */
    world_start(w);
    world_turn(w, 1500);
    assert_int_equal(w->channel.n_sent, 1);
    w->routers[0].silent = false;
    assert_true(world_until(w, nothing_pending, w, 5000));
}

/* The store is the old one's copy, and nobody has said so yet. */
static void an_amendment_of_a_request_that_was_lost_waits_for_it(void **state)
{
    struct world *w = *state;
    struct router *router = &w->routers[0];

    router->run = "run1";
    world_start(w);
    assert_int_equal(take_and_wait(w, "c1", "m1", "help"), SAH_OK);
    router->forgets = true;
    router->run = "run2";
    assert_int_equal(take_and_wait(w, "c1", "m2", "more"), SAH_OK);
    assert_true(world_until(w, nothing_pending, w, 5000));
    assert_int_equal(heard_of(router, SAH_KIND_REQUEST), 2);
    assert_int_equal(router->heard[router->n_heard - 1].kind, SAH_KIND_AMENDMENT);
    assert_true(metric(w, "refused_total") == 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(another_run_gets_the_request_and_then_its_amendment_again),
        T(a_run_that_changed_while_the_adapter_was_away_is_noticed),
        T(a_citizen_who_was_answered_is_not_told_that_nothing_is_confirmed),
        T(an_amendment_of_a_request_that_was_lost_waits_for_it),
    };

    return cmocka_run_group_tests(tests, world_begin_all, world_end_all);
}
