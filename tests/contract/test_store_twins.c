/*
 * test_store_twins - the fake and a real Redis are given the same random steps and must answer
 * the same. What the simulator learns from the fake then holds for the real one.
 *
 * Time plays no part in the walk (nothing expires, the order bound is far away): the contract
 * has that. Two routers take turns; when it is over one of them dies, and its leases come home.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/redis_harness.h"
#include "contract/store_calls.h"
#include "store/memory_store.h"

#define SEEDS      12
#define STEPS      250
#define REQUESTS   8
#define FAR_MS     60000
#define LEASED_MAX 4096

static const char *const agencies[] = {"108", "101", "112"};
static struct sah_memory_store *fake;
static int64_t fake_now_ms;
static struct redis_harness with;
static struct sah_store_harness one, two; /* the fake, the real one */

static uint32_t seed;
static unsigned up_to(unsigned n) /* 0..n-1 */
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void make_fake(struct sah_store_harness *h)
{
    struct sah_memory_store_settings settings = {.lane = SAH_LANE_EMERGENCY,
                                               .now_ms = fake_now_ms = 1,
                                               .order_bound_ms = FAR_MS,
                                               .owner_dead_ms = CONTRACT_DEAD_MS};

    for (int i = 0; i < SAH_N_CLASSES; i++)
        settings.lease_ms[i] = FAR_MS;
    assert_int_equal(sah_memory_store_create(&settings, &fake), SAH_OK);
    h->store = sah_memory_store_port(fake);
}

static void drive_fake(struct sah_store_harness *h, const bool *done)
{
    (void)h;
    while (!*done && sah_memory_store_step(fake))
        ;
}

static void advance_fake(struct sah_store_harness *h, uint32_t ms)
{
    (void)h;
    fake_now_ms += ms;
    sah_memory_store_set_now(fake, fake_now_ms);
}

static void as_fake(struct sah_store_harness *h, unsigned router)
{
    (void)h;
    sah_memory_store_as(fake, router);
}

static void as_both(unsigned router)
{
    one.as(&one, router);
    two.as(&two, router);
}

static struct sah_leased leased[LEASED_MAX]; /* every lease of this seed, live or not */
static unsigned n_dead_seen, n_held_seen, n_came_home, n_leased, n_messages, sequences[REQUESTS], made[REQUESTS];

static void same_leases(const struct sah_leased *a, const struct sah_leased *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_string_equal(a[i].key, b[i].key);
        assert_string_equal(a[i].request_id, b[i].request_id);
        assert_string_equal(a[i].endpoint, b[i].endpoint);
        assert_int_equal(a[i].epoch, b[i].epoch);
        assert_int_equal(a[i].attempts, b[i].attempts);
        assert_int_equal(a[i].priority, b[i].priority);
        assert_int_equal(a[i].sequence, b[i].sequence);
        assert_int_equal(a[i].possible_duplicate, b[i].possible_duplicate);
        assert_int_equal(a[i].fell_back, b[i].fell_back);
        assert_int_equal(a[i].unanswered, b[i].unanswered);
        assert_int_equal(a[i].repeats, b[i].repeats);
        assert_int_equal(a[i].bytes.len, b[i].bytes.len);
    }
    n_leased += n;
}

/* One in four leases in the same step. */
static void commit_both(struct sah_change *change)
{
    struct sah_committed a = {0}, b = {0};
    struct sah_leased of_two[4];
    int err;

    for (unsigned i = 0; i < 2 && n_leased + 4 <= LEASED_MAX; i++)
        if (up_to(4) == 0)
            add_want(change, agencies[up_to(SAH_LEN(agencies))], up_to(5), 1 + up_to(2));
    err = do_commit_and_lease(&one, change, &a, &leased[n_leased]);
    assert_int_equal(do_commit_and_lease(&two, change, &b, of_two), err);
    if (err != SAH_OK)
        return;
    assert_int_equal(a.looked, b.looked);
    assert_int_equal(a.n_leased, b.n_leased);
    same_leases(&leased[n_leased], of_two, a.n_leased);
    assert_int_equal(a.duplicate, b.duplicate);
    assert_int_equal(a.stale, b.stale);
    assert_int_equal(a.held, b.held);
    n_held_seen += a.held;
    assert_int_equal(a.accept_seq, b.accept_seq);
    assert_int_equal(a.revision, b.revision);
    assert_string_equal(a.request_id, b.request_id);
    assert_string_equal(a.incident_id, b.incident_id);
}

static void add_plans(struct sah_change *change, unsigned n)
{
    for (size_t i = 0; i < SAH_LEN(agencies); i++) {
        if (up_to(2) == 0)
            add_plan(change, n, agencies[i])->hold_ms = up_to(4) == 0 ? FAR_MS : 0;
    }
    if (up_to(3) == 0)
        add_event(change, up_to(2) == 0, "108");
}

/* What only one open request has: three for eight requests. */
static void add_exact(struct sah_change *change)
{
    if (up_to(2) == 0)
        sah_format(change->exact, sizeof change->exact, "%032u", up_to(3));
    change->repeated = up_to(4) == 0;
}

/* A line with its timer: due now or far away; and what was sent is sent once more. */
static void add_timers(struct sah_change *change, unsigned request)
{
    const char *agency = agencies[up_to(SAH_LEN(agencies))];
    struct sah_timer_set *timer = &change->timers[change->n_timers++];

    add_line(change, agency, SAH_STATE_DELIVERED);
    sah_format(timer->agency, sizeof timer->agency, "%s", agency);
    timer->kind = (enum sah_timer_kind)up_to(4);
    timer->level = up_to(16);
    timer->after_now_ms = FAR_MS * up_to(2);
    timer->sooner = up_to(3) == 0;
    timer->still = up_to(4) == 0;
    if (up_to(2) == 0) {
        struct sah_plan *plan = add_plan(change, request, agency);

        plan->again = true;
        plan->kind = SAH_KIND_REQUEST;
        plan->sequence = 1;
    }
}

static void step_request(unsigned r)
{
    struct sah_change *c = new_request(1 + r, (enum sah_priority)up_to(6)); /* new or known */

    char id[SAH_REQUEST_ID_SIZE];

    add_plans(c, 1 + r);
    add_exact(c);
    commit_both(c);
    request_id_of(1 + r, id);
    if (made[r] == 0 && do_load(&one, id, NULL) == SAH_OK) {
        made[r]++;
        sequences[r] = 1;
    }
}

static void step_amendment(unsigned r)
{
    unsigned n = 100 + n_messages++;
    struct sah_change *c = amendment(&one, 1 + r, n, ++sequences[r]);

    if (up_to(4) == 0)
        c->priority = (enum sah_priority)(1 + up_to(5));
    if (up_to(10) == 0)
        c->expected_revision += up_to(3);
    add_plans(c, n);
    add_exact(c);
    if (up_to(5) == 0)
        c->closed_ms = up_to(2) * INT64_C(1700000000000);
    if (up_to(2) == 0)
        add_timers(c, 1 + r);
    commit_both(c);
}

static void step_lease(void)
{
    char endpoint[SAH_AGENCY_SIZE];
    unsigned class = up_to(5), n = 1 + up_to(3), got;
    struct sah_leased b[4];

    sah_format(endpoint, sizeof endpoint, "%s-state", agencies[up_to(SAH_LEN(agencies))]);
    if (n_leased + 4 > LEASED_MAX)
        return;
    got = do_lease(&one, endpoint, class, n, &leased[n_leased]);
    assert_int_equal(do_lease(&two, endpoint, class, n, b), got);
    same_leases(&leased[n_leased], b, got);
}

static unsigned request_of(const struct sah_leased *l)
{
    char id[SAH_REQUEST_ID_SIZE];
    unsigned r = 0;

    for (; r < REQUESTS; r++) {
        request_id_of(1 + r, id);
        if (strcmp(id, l->request_id) == 0)
            break;
    }
    return r;
}

static void step_settle(void)
{
    static const enum sah_settle_kind kinds[] = {SAH_SETTLE_DONE, SAH_SETTLE_DONE,
                                                 SAH_SETTLE_DELAY, SAH_SETTLE_DEAD};
    const struct sah_leased *l = &leased[up_to(n_leased)];
    struct sah_change *c;

    if (up_to(4) == 0) {
        uint32_t delay_ms = up_to(2) * FAR_MS;
        int err = do_delay(&one, l, delay_ms, "112-state", SAH_ANSWER_UNKNOWN);

        assert_int_equal(do_delay(&two, l, delay_ms, "112-state", SAH_ANSWER_UNKNOWN), err);
        return;
    }
    c = change_of(&one, 1 + request_of(l));
    set_settle(c, kinds[up_to(SAH_LEN(kinds))], l);
    c->settle.delay_ms = up_to(3) == 0 ? FAR_MS : 0;
    c->settle.fell_back = up_to(5) == 0;
    add_plans(c, 1 + request_of(l));
    for (unsigned i = 0; i < c->n_plans; i++)
        c->plans[i].said = up_to(2) == 0;
    commit_both(c);
}

/* Dead letters of a request go out again or are put away; others stay as they are. */
static void step_replay(unsigned r)
{
    struct sah_change *c = change_of(&one, 1 + r);

    for (size_t i = 0; i < SAH_LEN(agencies); i++) {
        struct sah_plan *plan = add_plan(c, 1 + r, agencies[i]);

        plan->replay = (enum sah_replay)(1 + up_to(2));
        plan->said = up_to(2) == 0;
    }
    if (up_to(3) == 0)
        c->priority = (enum sah_priority)(1 + up_to(5)); /* a person may also lower it */
    commit_both(c);
}

static void compare_dead(const char *endpoint)
{
    static struct sah_dead_letter a[SAH_DEAD_MAX], b[SAH_DEAD_MAX];
    uint64_t total_a, total_b;
    unsigned n = do_dead(&one, endpoint, 0, SAH_DEAD_MAX, a, &total_a);

    assert_int_equal(do_dead(&two, endpoint, 0, SAH_DEAD_MAX, b, &total_b), n);
    assert_int_equal(total_a, total_b);
    for (unsigned i = 0; i < n; i++) {
        assert_string_equal(a[i].key, b[i].key);
        assert_string_equal(a[i].request_id, b[i].request_id);
        assert_int_equal(a[i].attempts, b[i].attempts);
        assert_int_equal(a[i].priority, b[i].priority);
        assert_int_equal(a[i].why, b[i].why);
    }
    n_dead_seen += n;
}

static void step_outbox(void)
{
    struct sah_outbox_event a[4], b[4];
    unsigned n = 1 + up_to(4), got = do_take(&one, "webchat", n, FAR_MS, a);

    assert_int_equal(do_take(&two, "webchat", n, FAR_MS, b), got);
    for (unsigned i = 0; i < got; i++) {
        assert_string_equal(a[i].event_id, b[i].event_id);
        assert_int_equal(a[i].emergency, b[i].emergency);
        if (up_to(2) == 0) {
            assert_int_equal(do_ack(&one, a[i].event_id), SAH_OK);
            assert_int_equal(do_ack(&two, a[i].event_id), SAH_OK);
        }
    }
}

static void compare(void)
{
    static struct sah_request_view a, b;
    struct sah_queue_stat qa, qb;
    char id[SAH_REQUEST_ID_SIZE], endpoint[SAH_AGENCY_SIZE];

    for (size_t i = 0; i < SAH_LEN(agencies); i++) {
        struct sah_store_stats sa, sb;

        sah_format(endpoint, sizeof endpoint, "%s-state", agencies[i]);
        compare_dead(endpoint);
        sa = do_stats(&one, endpoint, &qa);
        sb = do_stats(&two, endpoint, &qb);
        assert_memory_equal(qa.ready, qb.ready, sizeof qa.ready);
        assert_int_equal(qa.leased, qb.leased);
        assert_int_equal(qa.delayed, qb.delayed);
        assert_int_equal(qa.dead, qb.dead);
        assert_int_equal(sa.leased, sb.leased);
        assert_int_equal(sa.delayed, sb.delayed);
        assert_int_equal(sa.dead, sb.dead);
        assert_int_equal(sa.outbox, sb.outbox);
        assert_int_equal(sa.accepted, sb.accepted);
        assert_int_equal(sa.duplicates, sb.duplicates);
    }
    for (unsigned r = 0; r < REQUESTS; r++) {
        request_id_of(1 + r, id);
        if (made[r] == 0)
            continue;
        assert_int_equal(do_load(&one, id, &a), SAH_OK);
        assert_int_equal(do_load(&two, id, &b), SAH_OK);
        assert_int_equal(a.revision, b.revision);
        assert_int_equal(a.priority, b.priority);
        assert_int_equal(a.repeats, b.repeats);
        assert_int_equal(a.closed_ms, b.closed_ms);
        assert_int_equal(a.last_sequence, b.last_sequence);
        assert_int_equal(a.n_lines, b.n_lines);
        assert_int_equal(a.n_messages, b.n_messages);
        assert_memory_equal(a.messages, b.messages, a.n_messages * sizeof a.messages[0]);
        for (unsigned i = 0; i < a.n_lines; i++) {
            assert_string_equal(a.lines[i].agency, b.lines[i].agency);
            assert_int_equal(a.lines[i].timer, b.lines[i].timer);
            assert_int_equal(a.lines[i].timer_level, b.lines[i].timer_level);
        }
    }
}

/* The first router is not heard of again: what it has comes home, what the second has stays. */
static void one_router_dies(void)
{
    unsigned moved_a = 0, moved_b = 0;

    as_both(1);
    for (uint32_t passed = 0; passed < CONTRACT_DEAD_MS * 3 / 2; passed += CONTRACT_DEAD_MS / 4) {
        one.advance_ms(&one, CONTRACT_DEAD_MS / 4);
        two.advance_ms(&two, CONTRACT_DEAD_MS / 4);
        moved_a += do_tick(&one, 100).moved;
        moved_b += do_tick(&two, 100).moved;
    }
    assert_int_equal(moved_a, moved_b);
    n_came_home += moved_a;
    compare();
    for (unsigned i = 0; i < 20; i++)
        step_lease(); /* the same places and epochs */
}

static void both_answer_the_same(void **state)
{
    (void)state;
    for (unsigned s = 1; s <= SEEDS; s++) {
        seed = s;
        n_leased = n_messages = 0;
        memset(made, 0, sizeof made);
        make_fake(&one);
        two.make(&two);
        for (unsigned i = 0; i < STEPS; i++) {
            unsigned r = up_to(REQUESTS), what = up_to(11);

            as_both(up_to(2));
            if (made[r] == 0 || what == 0)
                step_request(r);
            else if (what < 3)
                step_amendment(r);
            else if (what < 6 || n_leased == 0)
                step_lease();
            else if (what < 9)
                step_settle();
            else if (what < 10)
                step_replay(r);
            else
                step_outbox();
        }
        compare();
        one_router_dies();
        assert_true(n_leased > STEPS / 10); /* the walk went somewhere */
        two.destroy(&two);
        sah_memory_store_destroy(fake);
    }
    assert_true(n_came_home > SEEDS);
    assert_true(n_dead_seen > 0);
    assert_true(n_held_seen > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_answer_the_same)};
    int failed;

    redis_server_start(&with.server, false);
    redis_harness_init(&with, &two, "Redis");
    with.order_bound_ms = FAR_MS;
    two.lease_ms = FAR_MS;
    one.drive = drive_fake;
    one.advance_ms = advance_fake;
    one.as = as_fake;
    failed = cmocka_run_group_tests_name("store twins", tests, NULL, NULL);
    redis_server_stop(&with.server);
    return failed;
}
