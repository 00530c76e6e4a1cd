/*
 * store_contract_exact - what every store must do with what at most one open request has: a connection,
 * or words said again. See store_contract.h. I4: what is held back by it is written nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

#define KEY    "0123456789abcdef0123456789abcdef"
#define OTHER  "fedcba9876543210fedcba9876543210"
#define FAR_MS 60000

static struct sah_request_view view; /* large: not on a stack */

static struct sah_change *booking(unsigned n, const char *key, uint32_t ms)
{
    struct sah_change *c = new_request(n, SAH_PRIORITY_P4);

    add_plan(c, n, "indane");
    sah_format(c->exact, sizeof c->exact, "%s", key);
    c->exact_ms = ms;
    return c;
}

static struct sah_change *closes(struct sah_store_harness *h, unsigned of, int64_t closed_ms)
{
    struct sah_change *c = change_of(h, of);

    c->closed_ms = closed_ms;
    return c;
}

static void is_held_by(struct sah_store_harness *h, struct sah_change *c, unsigned holder)
{
    struct sah_committed got = {0};
    char id[SAH_REQUEST_ID_SIZE], asked[SAH_REQUEST_ID_SIZE];

    memcpy(asked, c->request_id, sizeof asked);
    assert_int_equal(do_commit(h, c, &got), SAH_OK);
    assert_true(got.held);
    assert_false(got.duplicate || got.stale);
    request_id_of(holder, id);
    assert_string_equal(got.request_id, id);
    assert_string_equal(got.incident_id + 1, id + 1);
    if (c->expected_revision == 0) /* nothing of it is there */
        assert_int_equal(do_load(h, asked, &view), SAH_ENOENT);
}

static void of_two_routers_one_gets_it(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_committed got = {0};

    must_commit(h, booking(1, KEY, 0));
    h->as(h, 1);
    is_held_by(h, booking(2, KEY, 0), 1);
    must_commit(h, booking(3, OTHER, 0)); /* another connection */
    must_commit(h, booking(4, "", 0));    /* one that is not known by anything */
    assert_int_equal(do_commit(h, booking(1, KEY, 0), &got), SAH_OK);
    assert_true(got.duplicate); /* what was accepted stays accepted */
    is_held_by(h, booking(2, KEY, 0), 1);
    assert_int_equal(do_stats(h, "indane-state", NULL).accepted, 3);
}

static void closing_frees_it_and_opening_again_takes_what_is_free(void **state)
{
    struct sah_store_harness *h = *state;

    must_commit(h, booking(1, KEY, 0));
    must_commit(h, closes(h, 1, 1700000000000));
    must_commit(h, booking(2, KEY, 0));
    must_commit(h, closes(h, 1, 0)); /* opened again: somebody else has it now */
    is_held_by(h, booking(3, KEY, 0), 2);
    must_commit(h, closes(h, 1, 1700000000001)); /* and closing frees only its own */
    is_held_by(h, booking(3, KEY, 0), 2);
    must_commit(h, closes(h, 2, 1700000000000));
    must_commit(h, closes(h, 2, 0));
    is_held_by(h, booking(3, KEY, 0), 2);
}

static void an_amendment_may_name_it_later(void **state)
{
    struct sah_store_harness *h = *state;
    struct sah_change *c;

    must_commit(h, booking(1, KEY, 0));
    must_commit(h, booking(2, "", 0));
    c = amendment(h, 2, 20, 2);
    sah_format(c->exact, sizeof c->exact, "%s", KEY);
    is_held_by(h, c, 1);
    c = amendment(h, 2, 20, 2);
    sah_format(c->exact, sizeof c->exact, "%s", OTHER);
    must_commit(h, c);
    is_held_by(h, booking(3, OTHER, 0), 2);
    c = amendment(h, 2, 21, 3); /* its own again is its own */
    sah_format(c->exact, sizeof c->exact, "%s", OTHER);
    must_commit(h, c);
    must_commit(h, closes(h, 2, 1700000000000));
    must_commit(h, booking(3, OTHER, 0));
}

static void words_are_one_request_s_for_a_time_and_while_it_is_open(void **state)
{
    struct sah_store_harness *h = *state;

    must_commit(h, booking(1, KEY, h->exact_time ? 100 : 20));
    h->advance_ms(h, 200);
    must_commit(h, booking(2, KEY, FAR_MS));
    is_held_by(h, booking(3, KEY, FAR_MS), 2);
    must_commit(h, closes(h, 2, 1700000000000));
    must_commit(h, booking(3, KEY, FAR_MS));
}

static void what_was_asked_again_is_counted(void **state)
{
    struct sah_store_harness *h = *state;
    char id[SAH_REQUEST_ID_SIZE];
    struct sah_leased leased;

    must_commit(h, booking(1, KEY, 0));
    for (unsigned n = 20; n < 23; n++) {
        struct sah_change *c = amendment(h, 1, n, n - 18);

        c->repeated = true;
        must_commit(h, c);
    }
    request_id_of(1, id);
    assert_int_equal(do_load(h, id, &view), SAH_OK);
    assert_int_equal(view.repeats, 3);
    leased = lease_one(h, "indane");
    assert_int_equal(leased.repeats, 3);
}

int contract_run_exact_cases(const char *name)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT_CASE(of_two_routers_one_gets_it),
        CONTRACT_CASE(closing_frees_it_and_opening_again_takes_what_is_free),
        CONTRACT_CASE(an_amendment_may_name_it_later),
        CONTRACT_CASE(words_are_one_request_s_for_a_time_and_while_it_is_open),
        CONTRACT_CASE(what_was_asked_again_is_counted),
    };

    return _cmocka_run_group_tests(name, tests, SAH_LEN(tests), NULL, NULL);
}
