/*
 * test_outcome - what an answer means, and when the next attempt is: the settled values of the
 * design, on simulated time.
 */
#include "policy_test.h"

#include "policy/outcome.h"

#define DAY_MS (24u * 3600 * 1000)

static void each_status_has_its_meaning(void **state)
{
    static const struct {
        int status;
        bool sent;
        int64_t retry_after_ms;
        enum sah_answer_kind kind;
    } cases[] = {
        {0, false, -1, SAH_ANSWER_UNREACHABLE},
        {0, true, -1, SAH_ANSWER_UNKNOWN},
        {200, true, -1, SAH_ANSWER_MACHINE_ACK},
        {202, true, -1, SAH_ANSWER_MACHINE_ACK},
        {204, true, -1, SAH_ANSWER_MACHINE_ACK},
        {299, true, -1, SAH_ANSWER_MACHINE_ACK},
        {400, true, -1, SAH_ANSWER_REFUSED},
        {409, true, -1, SAH_ANSWER_REFUSED},
        {410, true, -1, SAH_ANSWER_REFUSED},
        {422, true, -1, SAH_ANSWER_REFUSED},
        {408, true, -1, SAH_ANSWER_TROUBLE},
        {425, true, -1, SAH_ANSWER_TROUBLE},
        {429, true, -1, SAH_ANSWER_BUSY},
        {429, true, 5000, SAH_ANSWER_BUSY},
        {500, true, -1, SAH_ANSWER_TROUBLE},
        {502, true, -1, SAH_ANSWER_TROUBLE},
        {503, true, -1, SAH_ANSWER_TROUBLE},
        {503, true, 0, SAH_ANSWER_BUSY},
        {599, true, -1, SAH_ANSWER_TROUBLE},
        {101, true, -1, SAH_ANSWER_TROUBLE},
        /* The road is wrong, not the message: nobody who could refuse it has read it. */
        {301, true, -1, SAH_ANSWER_TROUBLE},
        {307, true, -1, SAH_ANSWER_TROUBLE},
        {401, true, -1, SAH_ANSWER_TROUBLE},
        {403, true, -1, SAH_ANSWER_TROUBLE},
        {404, true, -1, SAH_ANSWER_TROUBLE},
        {405, true, -1, SAH_ANSWER_TROUBLE},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_answer answer =
            sah_answer_from_http(cases[i].status, cases[i].sent, cases[i].retry_after_ms);

        if (answer.kind != cases[i].kind)
            fail_msg("%d: got %s", cases[i].status, sah_answer_kind_name(answer.kind));
        assert_int_equal(answer.retry_after_ms, cases[i].retry_after_ms);
    }
}

/* Plays one delivery whose attempts all end the same way, and notes when each began and where.
 */
struct play {
    enum sah_priority priority;
    unsigned n_endpoints;
    bool amendment; /* never falls back */
    enum sah_answer_kind kind;
    uint64_t took_ms; /* an attempt; 0 = its whole deadline */
    int64_t retry_after_ms;
    uint32_t chance;
    /* result */
    unsigned n;
    uint64_t at_ms[64];
    unsigned endpoint[64];
    uint64_t fell_back_ms; /* UINT64_MAX = not */
    unsigned fallbacks;
    enum sah_next ended; /* RETRY: it never did */
    uint64_t ended_ms;
};

static void play(struct play *p, uint64_t until_ms)
{
    struct sah_answer answer = {.kind = p->kind, .retry_after_ms = p->retry_after_ms};
    struct sah_attempt attempt = {.priority = p->priority,
                                  .n_endpoints = p->n_endpoints,
                                  .fell_back = p->amendment,
                                  .chance = p->chance};
    uint64_t now = 0, took = p->took_ms ? p->took_ms : sah_attempt_deadline_ms(p->priority);

    p->fell_back_ms = UINT64_MAX;
    p->ended = SAH_NEXT_RETRY;
    while (now <= until_ms && p->n < SAH_LEN(p->at_ms)) {
        struct sah_verdict verdict;

        p->at_ms[p->n] = now;
        p->endpoint[p->n++] = attempt.endpoint;
        now += took;
        attempt.attempts++;
        attempt.age_ms = now;
        verdict = sah_outcome_judge(&attempt, &answer);
        if (verdict.fall_back) {
            p->fell_back_ms = now;
            p->fallbacks++;
            attempt.fell_back = true;
        }
        if (verdict.next != SAH_NEXT_RETRY) {
            p->ended = verdict.next;
            p->ended_ms = now;
            return;
        }
        assert_true(verdict.endpoint < p->n_endpoints);
        attempt.endpoint = verdict.endpoint;
        now += verdict.wait_ms;
    }
}

static void check_times(const struct play *p, const uint64_t *at_ms, const unsigned *endpoint,
                        unsigned n)
{
    assert_true(p->n >= n);
    for (unsigned i = 0; i < n; i++) {
        if (p->at_ms[i] != at_ms[i] || p->endpoint[i] != endpoint[i])
            fail_msg("attempt %u: at %llu ms on %u, want %llu ms on %u", i,
                     (unsigned long long)p->at_ms[i], p->endpoint[i],
                     (unsigned long long)at_ms[i], endpoint[i]);
    }
}

static void p0_without_an_answer(void **state)
{
    static const uint64_t one[] = {0, 2000, 17000, 32000, 47000};
    static const unsigned one_at[] = {0, 0, 0, 0, 0};
    static const uint64_t two[] = {0, 2000, 4000, 19000, 34000};
    static const unsigned two_at[] = {0, 0, 1, 0, 1};
    struct play single = {
        .priority = SAH_PRIORITY_P0, .n_endpoints = 1, .kind = SAH_ANSWER_UNKNOWN};
    struct play pair = {
        .priority = SAH_PRIORITY_P0, .n_endpoints = 2, .kind = SAH_ANSWER_UNKNOWN};
    struct play amendment = {.priority = SAH_PRIORITY_P0,
                             .n_endpoints = 2,
                             .kind = SAH_ANSWER_UNKNOWN,
                             .amendment = true};

    (void)state;
    play(&single, 100000);
    check_times(&single, one, one_at, SAH_LEN(one));
    assert_int_equal(single.fell_back_ms, 4000);
    play(&pair, 100000);
    check_times(&pair, two, two_at, SAH_LEN(two));
    assert_int_equal(pair.fell_back_ms, 4000);
    assert_int_equal(pair.fallbacks, 1);
    play(&amendment, 100000); /* an amendment goes to the next endpoint just as soon */
    check_times(&amendment, two, two_at, SAH_LEN(two));
    assert_int_equal(amendment.fallbacks, 0);
}

/* Clocks cut off a millisecond here and there: somebody else is asked at 4 s, not at 6. */
static void p0_falls_back_after_two_deadlines_that_were_a_little_short(void **state)
{
    struct play p = {
        .priority = SAH_PRIORITY_P0, .n_endpoints = 1, .kind = SAH_ANSWER_UNKNOWN, .took_ms = 1990};

    (void)state;
    play(&p, 30000);
    assert_int_equal(p.fell_back_ms, 3980);
    assert_int_equal(p.at_ms[1], 1990);
}

static void p1_and_p2_without_an_answer(void **state)
{
    /* P1: 3 s, then 6 s; then from start to start the age, 30 s to 5 min. */
    static const uint64_t p1[] = {0, 3000, 33000, 69000, 141000, 285000, 573000};
    static const uint64_t p2[] = {0, 5000, 10000, 40000};
    static const unsigned at[8] = {0};
    struct play one = {
        .priority = SAH_PRIORITY_P1, .n_endpoints = 1, .kind = SAH_ANSWER_UNKNOWN};
    struct play two = {
        .priority = SAH_PRIORITY_P2, .n_endpoints = 1, .kind = SAH_ANSWER_UNKNOWN};

    (void)state;
    play(&one, 3000000);
    check_times(&one, p1, at, SAH_LEN(p1));
    assert_int_equal(one.fell_back_ms, 6000);
    play(&two, 100000);
    check_times(&two, p2, at, SAH_LEN(p2));
    assert_int_equal(two.fell_back_ms, 15000);
}

static void emergencies_go_on_for_ever(void **state)
{
    static const enum sah_answer_kind kinds[] = {SAH_ANSWER_UNKNOWN, SAH_ANSWER_TROUBLE,
                                                 SAH_ANSWER_BUSY, SAH_ANSWER_UNREACHABLE};

    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_UNSPECIFIED; p <= SAH_PRIORITY_P2; p++)
        for (size_t k = 0; k < SAH_LEN(kinds); k++)
            for (uint64_t age = 1000; age < 40ull * DAY_MS; age *= 3) {
                struct sah_attempt attempt = {
                    .priority = p, .attempts = 9, .age_ms = age, .n_endpoints = 1};
                struct sah_answer answer = {.kind = kinds[k], .retry_after_ms = 3600000};
                struct sah_verdict verdict = sah_outcome_judge(&attempt, &answer);

                assert_int_equal(verdict.next, SAH_NEXT_RETRY);
                assert_true(verdict.wait_ms <= (p == SAH_PRIORITY_P0 ? 15000u : 300000u));
            }
}

static void a_refused_connection_is_tried_often_before_the_fallback(void **state)
{
    static const uint64_t at_ms[] = {0, 251, 752, 1753, 3754};
    static const unsigned at[8] = {0};
    struct play p = {.priority = SAH_PRIORITY_P0,
                     .n_endpoints = 1,
                     .kind = SAH_ANSWER_UNREACHABLE,
                     .took_ms = 1};
    struct play two = {.priority = SAH_PRIORITY_P0,
                       .n_endpoints = 2,
                       .kind = SAH_ANSWER_UNREACHABLE,
                       .took_ms = 1};

    (void)state;
    play(&p, 30000);
    check_times(&p, at_ms, at, SAH_LEN(at_ms));
    assert_true(p.fell_back_ms >= 4000 && p.fell_back_ms <= 4002);
    play(&two, 30000);
    assert_int_equal(two.endpoint[1], 1); /* the other endpoint at once */
    assert_int_equal(two.at_ms[1], 1);
}

static void p0_gets_to_a_fallback_by_4_s_whatever_retry_after_says(void **state)
{
    (void)state;
    for (int64_t retry_after = -1; retry_after < 120000; retry_after += 777)
        for (unsigned endpoints = 1; endpoints <= 3; endpoints++) {
            struct play p = {.priority = SAH_PRIORITY_P0,
                             .n_endpoints = endpoints,
                             .kind = SAH_ANSWER_BUSY,
                             .took_ms = 20,
                             .retry_after_ms = retry_after};

            play(&p, 20000);
            assert_int_equal(p.fallbacks, 1);
            assert_true(p.fell_back_ms >= 4000 && p.fell_back_ms <= 4020);
        }
}

static struct sah_verdict busy(enum sah_priority priority, uint64_t age_ms, unsigned endpoints,
                               bool fell_back, int64_t retry_after_ms)
{
    struct sah_attempt attempt = {.priority = priority,
                                  .attempts = 2,
                                  .age_ms = age_ms,
                                  .n_endpoints = endpoints,
                                  .fell_back = fell_back,
                                  .chance = UINT32_MAX / 2};
    struct sah_answer answer = {.kind = SAH_ANSWER_BUSY, .retry_after_ms = retry_after_ms};

    return sah_outcome_judge(&attempt, &answer);
}

static void retry_after_is_honoured_within_what_the_class_bears(void **state)
{
    (void)state;
    /* Longer than planned, but not past the next step, nor past twice the plan. */
    assert_int_equal(busy(SAH_PRIORITY_P0, 1000, 1, false, 1500).wait_ms, 1500);
    assert_int_equal(busy(SAH_PRIORITY_P0, 1000, 1, false, 60000).wait_ms, 2000);
    assert_int_equal(busy(SAH_PRIORITY_P0, 3000, 1, false, 60000).wait_ms, 1000);
    assert_int_equal(busy(SAH_PRIORITY_P0, 60000, 1, true, 60000).wait_ms, 15000);
    assert_int_equal(busy(SAH_PRIORITY_P1, 40000, 1, true, 60000).wait_ms, 60000);
    assert_int_equal(busy(SAH_PRIORITY_P1, 40000, 1, true, 600000).wait_ms, 80000);
    /* Never sooner than planned. */
    assert_int_equal(busy(SAH_PRIORITY_P1, 40000, 1, true, 1000).wait_ms, 40000);
    /* It binds the endpoint that said it, not the other. */
    assert_int_equal(busy(SAH_PRIORITY_P0, 4000, 2, false, 60000).wait_ms, 0);
    assert_int_equal(busy(SAH_PRIORITY_P0, 4000, 2, false, 60000).endpoint, 1);
    assert_int_equal(busy(SAH_PRIORITY_P4, 60000, 1, false, 120000).wait_ms, 120000);
    assert_int_equal(busy(SAH_PRIORITY_P4, 60000, 1, false, 86400000).wait_ms, 3600000);
    /* Busy is no fault of the destination. */
    assert_false(busy(SAH_PRIORITY_P4, 60000, 1, false, 120000).destination_fault);
}

static void bulk_waits_double_with_jitter_up_to_an_hour(void **state)
{
    static const uint32_t chances[] = {0, UINT32_MAX / 4, UINT32_MAX / 2, UINT32_MAX};

    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_P3; p <= SAH_PRIORITY_P4; p++)
        for (unsigned attempts = 1; attempts < 40; attempts++) {
            uint32_t planned = attempts > 10 ? 3600000 : 5000u << (attempts - 1),
                     least = UINT32_MAX, most = 0;

            if (planned > 3600000)
                planned = 3600000;
            for (size_t c = 0; c < SAH_LEN(chances); c++) {
                struct sah_attempt attempt = {.priority = p,
                                              .attempts = attempts,
                                              .n_endpoints = 1,
                                              .chance = chances[c]};
                struct sah_answer answer = {.kind = SAH_ANSWER_TROUBLE, .retry_after_ms = -1};
                struct sah_verdict verdict = sah_outcome_judge(&attempt, &answer);

                assert_int_equal(verdict.next, SAH_NEXT_RETRY);
                assert_false(verdict.fall_back);
                assert_true(verdict.wait_ms >= planned - planned / 5);
                assert_true(verdict.wait_ms <= planned + planned / 5);
                least = verdict.wait_ms < least ? verdict.wait_ms : least;
                most = verdict.wait_ms > most ? verdict.wait_ms : most;
            }
            assert_true(most - least >= planned / 3); /* the jitter is worth its name */
        }
}

static void bulk_expires_at_24_h_and_not_before(void **state)
{
    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_P3; p <= SAH_PRIORITY_P4; p++)
        for (uint32_t chance = 0; chance < UINT32_MAX - UINT32_MAX / 7;
             chance += UINT32_MAX / 7) {
            struct play run = {.priority = p,
                               .n_endpoints = 2,
                               .kind = SAH_ANSWER_UNREACHABLE,
                               .took_ms = 5,
                               .chance = chance};

            play(&run, 2ull * DAY_MS);
            assert_int_equal(run.ended, SAH_NEXT_EXPIRED);
            assert_true(run.ended_ms >= DAY_MS && run.ended_ms <= DAY_MS + 10);
            assert_true(run.n > 24);
            assert_int_equal(run.fallbacks, 0);
        }
}

static void a_refusal_ends_the_delivery_and_asks_somebody_else(void **state)
{
    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_P0; p <= SAH_PRIORITY_P4; p++)
        for (unsigned fell_back = 0; fell_back < 2; fell_back++) {
            struct sah_attempt attempt = {
                .priority = p, .attempts = 1, .n_endpoints = 2, .fell_back = fell_back};
            struct sah_answer answer = {.kind = SAH_ANSWER_REFUSED, .retry_after_ms = -1};
            struct sah_verdict verdict = sah_outcome_judge(&attempt, &answer);

            assert_int_equal(verdict.next, SAH_NEXT_REFUSED);
            assert_int_equal(verdict.fall_back, !fell_back && p != SAH_PRIORITY_P4);
            assert_false(verdict.destination_fault);
        }
}

static void a_machine_ack_settles_at_any_age(void **state)
{
    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_UNSPECIFIED; p <= SAH_PRIORITY_P4; p++) {
        struct sah_attempt attempt = {
            .priority = p, .attempts = 70, .age_ms = 9ull * DAY_MS, .n_endpoints = 1};
        struct sah_answer answer = {.kind = SAH_ANSWER_MACHINE_ACK, .retry_after_ms = -1};
        struct sah_verdict verdict = sah_outcome_judge(&attempt, &answer);

        assert_int_equal(verdict.next, SAH_NEXT_SETTLED);
        assert_false(verdict.fall_back);
    }
}

static void deadlines_follow_the_class_and_leases_outlive_them(void **state)
{
    static const uint32_t deadline_ms[] = {3000, 2000,  3000,
                                           5000, 30000, 60000}; /* UNSPECIFIED, P0.. */

    (void)state;
    for (enum sah_priority p = SAH_PRIORITY_UNSPECIFIED; p <= SAH_PRIORITY_P4; p++) {
        assert_int_equal(sah_attempt_deadline_ms(p), deadline_ms[p]);
        assert_int_equal(sah_lease_ms(p), deadline_ms[p] + 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_meaning),
        cmocka_unit_test(p0_without_an_answer),
        cmocka_unit_test(p0_falls_back_after_two_deadlines_that_were_a_little_short),
        cmocka_unit_test(p1_and_p2_without_an_answer),
        cmocka_unit_test(emergencies_go_on_for_ever),
        cmocka_unit_test(a_refused_connection_is_tried_often_before_the_fallback),
        cmocka_unit_test(p0_gets_to_a_fallback_by_4_s_whatever_retry_after_says),
        cmocka_unit_test(retry_after_is_honoured_within_what_the_class_bears),
        cmocka_unit_test(bulk_waits_double_with_jitter_up_to_an_hour),
        cmocka_unit_test(bulk_expires_at_24_h_and_not_before),
        cmocka_unit_test(a_refusal_ends_the_delivery_and_asks_somebody_else),
        cmocka_unit_test(a_machine_ack_settles_at_any_age),
        cmocka_unit_test(deadlines_follow_the_class_and_leases_outlive_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
