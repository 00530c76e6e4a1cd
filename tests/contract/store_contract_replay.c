/*
 * store_contract_replay - what every store must do with dead letters: list them, make them ready
 * again under their own key, put them away; and say which deliveries were leased again and again
 * without a result. See store_contract.h. (I5, I6, I7)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

/* What is leased next at "108" becomes a dead letter of request `of`. */
static struct sah_leased kill_one(struct sah_store_harness *h, unsigned of)
{
    struct sah_leased leased = lease_one(h, "108");
    struct sah_change *c = change_of(h, of);

    set_settle(c, SAH_SETTLE_DEAD, &leased);
    must_commit(h, c);
    return leased;
}

/* Request `of` replays message n. */
static void replay(struct sah_store_harness *h, unsigned of, unsigned n, enum sah_replay how)
{
    struct sah_change *c = change_of(h, of);
    struct sah_plan *plan = add_plan(c, n, "108");

    plan->replay = how;
    must_commit(h, c);
}

static uint64_t n_dead(struct sah_store_harness *h)
{
    struct sah_queue_stat queue;
    struct sah_store_stats all = do_stats(h, "108-state", &queue);

    assert_int_equal(all.dead, queue.dead);
    return queue.dead;
}

static void dead_letters_are_listed_by_place(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_dead_letter letters[SAH_DEAD_MAX];
    struct sah_leased leased[3];
    char id[SAH_REQUEST_ID_SIZE];
    uint64_t total;

    for (unsigned i = 0; i < 3; i++) {
        accept_request(h, i + 1, i == 1 ? SAH_PRIORITY_P4 : SAH_PRIORITY_P1, "108");
        leased[i] = kill_one(h, i + 1);
    }
    assert_int_equal(do_dead(h, "108-state", 0, SAH_DEAD_MAX, letters, &total), 3);
    assert_int_equal(total, 3);
    for (unsigned i = 0; i < 3; i++) {
        struct sah_id mid = id_of(i + 1);

        request_id_of(i + 1, id);
        assert_string_equal(letters[i].key, leased[i].key);
        assert_string_equal(letters[i].request_id, id);
        assert_string_equal(letters[i].agency, "108");
        assert_string_equal(letters[i].endpoint, "108-state");
        assert_true(sah_id_equal(&letters[i].message_id, &mid));
        assert_int_equal(letters[i].kind, SAH_KIND_REQUEST);
        assert_int_equal(letters[i].sequence, 1);
        assert_int_equal(letters[i].priority, i == 1 ? SAH_PRIORITY_P4 : SAH_PRIORITY_P1);
        assert_int_equal(letters[i].attempts, 1);
        assert_int_equal(letters[i].why, SAH_ANSWER_REFUSED);
        assert_true(letters[i].dead_ms >= letters[i].accepted_ms && letters[i].accepted_ms > 0);
    }
    assert_int_equal(do_dead(h, "108-state", 1, 1, letters, &total), 1);
    assert_string_equal(letters[0].key, leased[1].key);
    assert_int_equal(total, 3);
    assert_int_equal(do_dead(h, "108-state", 3, 10, letters, &total), 0);
    assert_int_equal(do_dead(h, "101-state", 0, 10, letters, &total), 0);
    assert_int_equal(total, 0);
}

/* P0-P2 go first, at their old place; bulk goes behind what is fresh (I7). */
static void a_replayed_one_keeps_its_key_and_an_emergency_its_place(void **state)
{
    static const struct {
        enum sah_priority priority;
        bool first;
    } cases[] = {{SAH_PRIORITY_P0, true}, {SAH_PRIORITY_P2, true}, {SAH_PRIORITY_P3, false}, {SAH_PRIORITY_P4, false}};
    struct sah_store_harness *h = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        unsigned n = 1 + 2 * i;
        struct sah_leased dead, next[2];
        unsigned at = cases[i].first ? 0 : 1;

        accept_request(h, n, cases[i].priority, "108");
        dead = kill_one(h, n);
        accept_request(h, n + 1, cases[i].priority, "108");
        assert_int_equal(n_dead(h), 1);
        replay(h, n, n, SAH_REPLAY_READY);
        assert_int_equal(n_dead(h), 0);
        assert_int_equal(do_lease(h, "108-state", 4, 2, next), 2);
        assert_string_equal(next[at].key, dead.key);
        assert_string_not_equal(next[1 - at].key, dead.key);
        assert_int_equal(next[at].attempts, 1);
        assert_int_equal(next[at].unanswered, 1);
        assert_int_equal(next[at].epoch, dead.epoch + 2);
        assert_true(next[at].possible_duplicate);
        settle_done(h, cases[i].first ? n : n + 1, &next[0]);
        settle_done(h, cases[i].first ? n + 1 : n, &next[1]);
    }
}

static void replaying_what_is_not_dead_changes_nothing(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased, again;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    replay(h, 1, 1, SAH_REPLAY_READY); /* ready */
    leased = lease_one(h, "108");
    assert_int_equal(leased.epoch, 1);
    replay(h, 1, 1, SAH_REPLAY_READY); /* leased */
    replay(h, 1, 1, SAH_REPLAY_OVER);
    lease_none(h, "108");
    settle_done(h, 1, &leased);
    replay(h, 1, 1, SAH_REPLAY_READY); /* done */
    lease_none(h, "108");

    accept_request(h, 2, SAH_PRIORITY_P1, "108");
    leased = kill_one(h, 2);
    replay(h, 1, 2, SAH_REPLAY_READY); /* another request's */
    assert_int_equal(n_dead(h), 1);
    replay(h, 2, 2, SAH_REPLAY_READY);
    replay(h, 2, 2, SAH_REPLAY_READY); /* twice */
    again = lease_one(h, "108");
    assert_int_equal(again.epoch, leased.epoch + 2);
    lease_none(h, "108");
}

static void what_nobody_needs_any_more_is_put_away(void **state)
{
    struct sah_store_harness *h = *state;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    kill_one(h, 1);
    replay(h, 1, 1, SAH_REPLAY_OVER);
    assert_int_equal(n_dead(h), 0);
    lease_none(h, "108");
}

/* (I10) The request first, its amendment behind it. */
static void what_is_replayed_waits_its_turn(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased first;
    struct sah_change *c;

    accept_request(h, 1, SAH_PRIORITY_P3, "108");
    kill_one(h, 1);
    c = amendment(h, 1, 2, 2);
    add_plan(c, 2, "108");
    must_commit(h, c);
    kill_one(h, 1);
    assert_int_equal(n_dead(h), 2);
    replay(h, 1, 1, SAH_REPLAY_READY);
    replay(h, 1, 2, SAH_REPLAY_READY);
    first = lease_one(h, "108");
    assert_int_equal(first.kind, SAH_KIND_REQUEST);
    settle_done(h, 1, &first);
    assert_int_equal(lease_one(h, "108").kind, SAH_KIND_AMENDMENT);
}

/* (I3, I10) However much was said since: it comes behind the request that is planned, in order, once. */
static void what_was_said_comes_behind_the_request(void **state)
{
    enum { SAID = 60 };
    struct sah_store_harness *h = *state;
    struct sah_leased leased;
    struct sah_change *c;
    struct sah_plan *plan;
    char key[SAH_KEY_SIZE];

    accept_request(h, 1, SAH_PRIORITY_P2, "108");
    for (unsigned n = 0; n < SAID; n++)
        must_commit(h, amendment(h, 1, 10 + n, 2 + n));
    c = amendment(h, 1, 100, 2 + SAID); /* its own message is not what was said before */
    plan = add_plan(c, 1, "112");
    plan->kind = SAH_KIND_REQUEST;
    plan->sequence = 1;
    plan->said = true;
    must_commit(h, c);
    c = change_of(h, 1); /* and said twice changes nothing */
    plan = add_plan(c, 1, "112");
    plan->kind = SAH_KIND_REQUEST;
    plan->sequence = 1;
    plan->said = true;
    c->plans[0].said = true;
    must_commit(h, c);
    for (unsigned n = 0; n <= SAID + 1; n++) {
        struct sah_id id = id_of(n == 0 ? 1 : n <= SAID ? 9 + n : 100);

        leased = lease_one(h, "112");
        assert_int_equal(leased.sequence, 1 + n);
        assert_int_equal(leased.kind, n == 0 ? SAH_KIND_REQUEST : SAH_KIND_AMENDMENT);
        sah_delivery_key(&id, "112", key);
        assert_string_equal(leased.key, key); /* I6 */
        lease_none(h, "112");
        settle_done(h, 1, &leased);
    }
    lease_none(h, "112");
}

/* A request that is replayed takes along what is dead behind it and what never came so far. */
static void what_was_said_is_replayed_with_it(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;
    struct sah_plan *plan;

    accept_request(h, 1, SAH_PRIORITY_P4, "108");
    c = amendment(h, 1, 2, 2);
    add_plan(c, 2, "108");
    must_commit(h, c);
    (void)kill_one(h, 1);
    (void)kill_one(h, 1);
    must_commit(h, amendment(h, 1, 3, 3)); /* nobody was there to hear it */
    assert_int_equal(n_dead(h), 2);
    c = change_of(h, 1);
    plan = add_plan(c, 1, "108");
    plan->kind = SAH_KIND_REQUEST;
    plan->sequence = 1;
    plan->replay = SAH_REPLAY_READY;
    plan->said = true;
    must_commit(h, c);
    assert_int_equal(n_dead(h), 0);
    for (unsigned n = 1; n <= 3; n++) {
        struct sah_leased leased = lease_one(h, "108");

        assert_int_equal(leased.sequence, n);
        lease_none(h, "108");
        settle_done(h, 1, &leased);
    }
}

static void leases_without_a_result_are_counted(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_leased leased;

    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    for (unsigned i = 1; i <= 3; i++) {
        leased = lease_one(h, "108");
        assert_int_equal(leased.unanswered, i);
        h->advance_ms(h, CONTRACT_LEASE_MS + 5);
        do_tick(h, 100);
    }
    leased = lease_one(h, "108");
    assert_int_equal(do_delay(h, &leased, 0, "108-state", SAH_ANSWER_POISON), SAH_OK);
    leased = lease_one(h, "108");
    assert_int_equal(leased.unanswered, 5); /* nobody answered by that */
    assert_int_equal(do_delay(h, &leased, 0, "108-state", SAH_ANSWER_TROUBLE), SAH_OK);
    leased = lease_one(h, "108");
    assert_int_equal(leased.unanswered, 1);
    assert_int_equal(leased.attempts, 6);
}

static void endpoints_are_known_when_the_roster_forgets_them(void **state)
{
    struct sah_store_harness *h = *state;
    char names[4][SAH_AGENCY_SIZE];

    assert_int_equal(do_endpoints(h, names, 4), 0);
    accept_request(h, 1, SAH_PRIORITY_P1, "108");
    accept_request(h, 2, SAH_PRIORITY_P1, "108");
    accept_request(h, 3, SAH_PRIORITY_P4, "101");
    assert_int_equal(do_endpoints(h, names, 4), 2);
    assert_true((strcmp(names[0], "108-state") == 0) != (strcmp(names[1], "108-state") == 0));
}

int contract_run_replay_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(dead_letters_are_listed_by_place),
        CONTRACT_CASE(a_replayed_one_keeps_its_key_and_an_emergency_its_place),
        CONTRACT_CASE(replaying_what_is_not_dead_changes_nothing),
        CONTRACT_CASE(what_nobody_needs_any_more_is_put_away),
        CONTRACT_CASE(what_is_replayed_waits_its_turn),
        CONTRACT_CASE(what_was_said_comes_behind_the_request),
        CONTRACT_CASE(what_was_said_is_replayed_with_it),
        CONTRACT_CASE(leases_without_a_result_are_counted),
        CONTRACT_CASE(endpoints_are_known_when_the_roster_forgets_them),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
