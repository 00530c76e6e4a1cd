/*
 * test_dispatch - who goes first, over which slots, and what an attempt's answer does.
 * Also how much an endpoint is trusted with. Invariants: I5, I6, I7, I11.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

static const struct sah_fake_manner silent = {.silent = true};

static int make(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int make_narrow(void **state)
{
    *state = rig_new(&(struct rig_options){.concurrency = 1});
    return 0;
}

static int make_wide(void **state)
{
    *state = rig_new(&(struct rig_options){.concurrency = 32, .jobs_max = 1000});
    return 0;
}

static int make_bulk_wide(void **state)
{
    *state = rig_new(
        &(struct rig_options){.lane = SAH_LANE_BULK, .concurrency = 32, .jobs_max = 1000});
    return 0;
}

static int make_bulk(void **state)
{
    *state = rig_new(&(struct rig_options){.lane = SAH_LANE_BULK});
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* A request of a class to one agency: the class comes from a rule of its own. */
static void ask_class(struct rig *rig, unsigned n, enum sah_priority priority,
                      const char *service)
{
    struct sah_request *r = rig_request(rig, n, n, service);

    if (priority == SAH_PRIORITY_P0)
        rig_cue(r, "not_breathing");
    (void)rig_take(rig);
}

/* As many as the store may have to answer at once, and then the next. */
static void ask_bookings(struct rig *rig, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ask_class(rig, 1 + i, SAH_PRIORITY_P4, "LPG_BOOKING");
        if (i % 100 == 99)
            rig_settle(rig);
    }
}

/* One agency that serves one service of each class. */
static void serve_all_at_108(struct rig *rig)
{
    static const char *const services[] = {"HELPLINE_181", "AMBULANCE_102", "LPG_BOOKING"};

    for (unsigned i = 0; i < rig->roster->n_agencies; i++) {
        struct sah_agency *a = &rig->roster->agencies[i];

        for (unsigned j = 0; j < SAH_LEN(services); j++)
            if (strcmp(a->services[0], services[j]) == 0)
                a->services[0][0] = 'X';
    }
    for (unsigned j = 0; j < SAH_LEN(services); j++) {
        struct sah_agency *a = &rig->roster->agencies[0];

        (void)sah_format(a->services[a->n_services++], SAH_SERVICE_SIZE, "%s", services[j]);
    }
}

/* (I7) */
static void the_worst_goes_first(void **state)
{
    static const enum sah_priority order[] = {SAH_PRIORITY_P0, SAH_PRIORITY_P1, SAH_PRIORITY_P2,
                                              SAH_PRIORITY_P4};
    struct rig *rig = *state;

    serve_all_at_108(rig);
    /* Accepted while the first of all is being written and leased, lowest first; leased in one go after. */
    ask_class(rig, 5, SAH_PRIORITY_P4, "LPG_BOOKING");
    ask_class(rig, 1, SAH_PRIORITY_P4, "LPG_BOOKING");
    ask_class(rig, 2, SAH_PRIORITY_P2, "HELPLINE_181");
    ask_class(rig, 3, SAH_PRIORITY_P1, "AMBULANCE_108");
    ask_class(rig, 4, SAH_PRIORITY_P0, "AMBULANCE_108");
    rig_settle(rig);
    rig_pass(rig, 1000);
    for (unsigned i = 0; i < SAH_LEN(order); i++)
        assert_int_equal(rig_attempt(rig, "amb-108", NULL, i + 1)->priority, order[i]);
}

/* (I7) */
static void an_emergency_leaves_at_once_past_hanging_bookings(void **state)
{
    static const struct {
        enum sah_priority priority;
        const char *service;
    } urgent[] = {{SAH_PRIORITY_P0, "AMBULANCE_108"}, {SAH_PRIORITY_P2, "HELPLINE_181"}};
    struct rig *rig = *state;

    serve_all_at_108(rig);
    rig_manner(rig, "amb-108", silent);
    for (unsigned i = 0; i < 4; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P4, "LPG_BOOKING");
    rig_pass(rig, 1000);
    for (unsigned i = 0; i < SAH_LEN(urgent); i++) {
        unsigned before = rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST);

        rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
        ask_class(rig, 10 + i, urgent[i].priority, urgent[i].service);
        rig_settle(rig);
        assert_int_equal(rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST), before + 1);
        assert_int_equal(rig_attempt(rig, "amb-108", NULL, before)->priority,
                         urgent[i].priority);
        assert_true(rig_attempt(rig, "amb-108", NULL, before)->at_ms == rig->now_ms);
    }
    assert_true(sah_fake_agencies_most(rig->agencies, "amb-108") <= 4);
}

/* (I7) No class waits without bound: a narrow endpoint serves all of them. */
static void an_endpoint_with_one_slot_serves_every_class(void **state)
{
    struct rig *rig = *state;

    serve_all_at_108(rig);
    ask_class(rig, 1, SAH_PRIORITY_P4, "LPG_BOOKING");
    ask_class(rig, 2, SAH_PRIORITY_P3, "AMBULANCE_102");
    ask_class(rig, 3, SAH_PRIORITY_P2, "HELPLINE_181");
    ask_class(rig, 4, SAH_PRIORITY_P1, "AMBULANCE_108");
    rig_pass(rig, 2000);
    assert_int_equal(rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST), 4);
    assert_int_equal(sah_fake_agencies_most(rig->agencies, "amb-108"), 1);
}

/* The bulk lane holds nothing back for what it never takes. */
static void the_bulk_lane_uses_every_slot(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "indane", silent);
    for (unsigned i = 0; i < 6; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P4, "LPG_BOOKING");
    rig_pass(rig, 1000);
    assert_int_equal(sah_fake_agencies_under_way(rig->agencies), 4);
}

/* (I11) */
static void one_silent_agency_delays_no_other(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "amb-108", silent);
    for (unsigned i = 0; i < 20; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P1, "AMBULANCE_108");
    rig_pass(rig, 1000);
    ask_class(rig, 50, SAH_PRIORITY_P1, "HELPLINE_181");
    rig_settle(rig);
    assert_int_equal(rig_received(rig, "women-181", NULL, SAH_KIND_REQUEST), 1);
    assert_true(rig_attempt(rig, "women-181", NULL, 0)->at_ms == rig->now_ms);
    assert_int_equal(sah_fake_agencies_most(rig->agencies, "amb-108"), 4);
}

static void more_than_the_slots_all_arrive(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.after_ms = 100});
    for (unsigned i = 0; i < 60; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P1, "AMBULANCE_108");
    rig_pass(rig, 5000);
    assert_int_equal(rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST), 60);
    assert_int_equal(sah_fake_agencies_most(rig->agencies, "amb-108"), 4);
}

/* (I5, I6) A router dies with an attempt in the air: the lease comes home under the next epoch,
 * the same key goes out, marked as perhaps known. */
static void a_lost_lease_is_sent_again_under_its_key(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", silent);
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    rig_crash(rig);
    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK});
    rig_pass(rig, 4000);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), 2);
    assert_string_equal(rig_attempt(rig, "amb-108", id, 0)->key,
                        rig_attempt(rig, "amb-108", id, 1)->key);
    assert_true(rig_attempt(rig, "amb-108", id, 1)->epoch >
                rig_attempt(rig, "amb-108", id, 0)->epoch);
    assert_true(rig_attempt(rig, "amb-108", id, 1)->possible_duplicate);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
}

static void ignore_tick(void *data, int err, const struct sah_ticked *ticked)
{
    (void)data;
    assert_int_equal(err, SAH_OK);
    assert_true(ticked->moved >= 1);
}

/* (I5) An answer comes after its lease was over: a negative one changes nothing, a positive one
 * counts. */
static void evidence_of_an_old_lease(void **state)
{
    static const struct {
        enum sah_answer_kind kind;
        enum sah_state line;
        bool is_done;
    } cases[] = {
        {SAH_ANSWER_REFUSED, SAH_STATE_QUEUED, false},
        {SAH_ANSWER_TROUBLE, SAH_STATE_QUEUED, false},
        {SAH_ANSWER_MACHINE_ACK, SAH_STATE_DELIVERED, true},
    };
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(cases); i++) {
        const char *id;

        rig_manner(rig, "amb-108",
                   (struct sah_fake_manner){.kind = cases[i].kind, .after_ms = 1900});
        id = rig_accept(rig, 1 + i, 1, "AMBULANCE_108", "not_breathing");
        /* Another router finds the lease over. */
        sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms + 10000);
        rig->settings.store->tick(rig->settings.store->data, 100, ignore_tick, NULL);
        rig_settle(rig);
        sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms);
        /* Now the answer, with no turn of the core in between. */
        rig_manner(rig, "amb-108", silent);
        rig->now_ms += 1900;
        rig_settle(rig);
        assert_int_equal(rig_line(rig, id, "amb-108")->state, cases[i].line);
        assert_null(rig_delivery(rig, id, "erss-112", SAH_KIND_REQUEST));
        assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state ==
                             SAH_MEMORY_DONE,
                         cases[i].is_done);
        assert_int_not_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state,
                             SAH_MEMORY_DEAD);
        assert_int_not_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state,
                             SAH_MEMORY_DELAYED);
        rig_crash(rig); /* the next case begins with free slots */
    }
}

/* (I5) The store is away in the moment of the 2xx: the evidence is kept, written when the store
 * is back, and nothing goes out a second time. */
static void a_positive_answer_survives_a_store_that_is_away(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.after_ms = 500});
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing");
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1000000);
    rig_pass(rig, 1500);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state,
                     SAH_MEMORY_LEASED);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    sah_core_store_came(rig->core, rig_now(rig));
    rig_settle(rig);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_DONE);
    rig_pass(rig, 30000);
    assert_int_equal(rig_received(rig, "amb-108", id, SAH_KIND_REQUEST), 1);
    assert_string_equal(rig_heard(rig, id), "RECEIVED DELIVERED");
}

/* A drain waits for the evidence too. */
static void evidence_not_yet_written_counts_as_in_flight(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.after_ms = 500});
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    assert_int_equal(sah_core_in_flight(rig->core), 1);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1000000);
    rig_pass(rig, 600);
    sah_core_stop(rig->core);
    assert_int_equal(sah_core_in_flight(rig->core), 1);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    rig_pass(rig, 2000);
    assert_int_equal(sah_core_in_flight(rig->core), 0);
    assert_int_equal(rig_delivery(rig, id, "amb-108", SAH_KIND_REQUEST)->state, SAH_MEMORY_DONE);
}

static void the_agency_s_case_number_of_the_200_is_kept_and_told(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.case_no = "C-77"});
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 1000);
    assert_string_equal(rig_line(rig, id, "amb-108")->status.case_no, "C-77");
    assert_string_equal(rig_last_event(rig, id)->status.case_no, "C-77");
    assert_int_equal(rig_last_event(rig, id)->status.state, SAH_STATE_DELIVERED);
}

static const struct sah_fake_manner dead = {.kind = SAH_ANSWER_UNREACHABLE};
static const struct sah_fake_manner well = {.kind = SAH_ANSWER_MACHINE_ACK};

static struct sah_endpoint_view view_of(const struct rig *rig, const char *endpoint)
{
    for (unsigned i = 0; i < sah_core_endpoints(rig->core); i++)
        if (strcmp(sah_core_endpoint(rig->core, i).endpoint->id, endpoint) == 0)
            return sah_core_endpoint(rig->core, i);
    fail_msg("no endpoint %s", endpoint);
    return (struct sah_endpoint_view){0};
}

/* Attempts at an endpoint, not before a moment. */
static unsigned tried(const struct rig *rig, const char *endpoint, enum sah_priority priority,
                      uint64_t from_ms)
{
    unsigned n = 0;

    for (size_t i = 0; i < sah_fake_agencies_n(rig->agencies); i++) {
        const struct sah_fake_received *r = sah_fake_agencies_received(rig->agencies, i);

        n += strcmp(r->endpoint, endpoint) == 0 && r->priority == priority &&
             r->at_ms >= from_ms;
    }
    return n;
}

/* (I11) A backlog of bookings knocks at a dead endpoint a few times a minute, not 200 times; P0
 * passes the open breaker at once and keeps its schedule; nobody else notices. */
static void a_dead_endpoint_is_asked_seldom_and_by_p0_on_its_schedule(void **state)
{
    static const uint64_t p0_at_ms[] = {0, 250, 750, 1750, 3750, 3950, 18950, 33950, 48950};
    struct rig *rig = *state;
    const char *id;
    uint64_t start_ms;

    serve_all_at_108(rig);
    rig_manner(rig, "amb-108", dead);
    for (unsigned i = 0; i < 200; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P4, "LPG_BOOKING");
    rig_pass(rig, 60000);
    assert_in_range(rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST), 5, 15);
    assert_int_equal(view_of(rig, "amb-108").breaker, SAH_BREAKER_OPEN);
    assert_int_equal(view_of(rig, "amb-108").window, 1);

    start_ms = rig->now_ms;
    id = rig_accept(rig, 500, 500, "AMBULANCE_108", "not_breathing");
    rig_settle(rig);
    assert_true(rig_attempt(rig, "amb-108", id, 0)->at_ms == start_ms);
    rig_pass(rig, 60000);
    for (size_t i = 0; i < SAH_LEN(p0_at_ms); i++) {
        const struct sah_fake_received *r = rig_attempt(rig, "amb-108", id, (unsigned)i);

        assert_non_null(r);
        assert_in_range(r->at_ms - start_ms, p0_at_ms[i], p0_at_ms[i] + 250);
    }
    assert_true(tried(rig, "amb-108", SAH_PRIORITY_P4, start_ms) <= 3);
    assert_non_null(rig_delivery(rig, id, "erss-112", SAH_KIND_REQUEST));

    start_ms = rig->now_ms;
    id = rig_accept(rig, 501, 501, "FIRE_101", NULL);
    assert_true(rig_attempt(rig, "fire-101", id, 0)->at_ms == start_ms);
    assert_int_equal(view_of(rig, "fire-101-a").breaker, SAH_BREAKER_CLOSED);
}

/* Also P2 must fall back at 15 s, and for that be tried, each of a crowd. */
static void a_crowd_of_p2_falls_back_from_a_dead_endpoint_in_time(void **state)
{
    struct rig *rig = *state;

    serve_all_at_108(rig);
    rig_manner(rig, "amb-108", dead);
    for (unsigned i = 0; i < 200; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P4, "LPG_BOOKING");
    rig_pass(rig, 120000);
    assert_int_equal(view_of(rig, "amb-108").breaker, SAH_BREAKER_OPEN);
    for (unsigned i = 0; i < 8; i++)
        ask_class(rig, 500 + i, SAH_PRIORITY_P2, "HELPLINE_181");
    rig_pass(rig, 21000);
    assert_int_equal(rig_received(rig, "erss-112", NULL, SAH_KIND_REQUEST), 8);
}

/* After revival: one at a time, then more, never more than the window; all arrive. */
static void an_endpoint_that_comes_back_is_not_flooded(void **state)
{
    struct rig *rig = *state;
    uint64_t revived_ms;
    unsigned received = 0, before = 0;

    rig_manner(rig, "indane", dead);
    ask_bookings(rig, 300);
    rig_pass(rig, 30000);
    before = rig_received(rig, "indane", NULL, SAH_KIND_REQUEST);
    rig_manner(rig, "indane",
               (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 100});
    revived_ms = rig->now_ms;
    while (received == 0 && rig->now_ms < revived_ms + 61000) {
        rig_pass(rig, 50);
        received = rig_received(rig, "indane", NULL, SAH_KIND_REQUEST) - before;
    }
    assert_int_equal(received, 1);
    for (unsigned i = 0; i < 100; i++) {
        struct sah_endpoint_view view = view_of(rig, "indane");

        assert_true(view.in_flight <= view.window);
        rig_pass(rig, 50);
    }
    assert_true(view_of(rig, "indane").window > 4);
    rig_pass(rig, 120000);
    assert_int_equal(rig_received(rig, "indane", NULL, SAH_KIND_REQUEST) - before, 300);
    assert_int_equal(view_of(rig, "indane").breaker, SAH_BREAKER_CLOSED);
}

static void an_endpoint_that_works_gets_more_and_more_up_to_its_slots(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "indane",
               (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 50});
    ask_bookings(rig, 800);
    assert_int_equal(view_of(rig, "indane").in_flight, 5);
    rig_pass(rig, 4000);
    assert_int_equal(rig_received(rig, "indane", NULL, SAH_KIND_REQUEST), 800);
    assert_int_equal(sah_fake_agencies_most(rig->agencies, "indane"), 32);
}

/* (I7) The window is the bookings' limit, not one that P2 shares with them. */
static void bookings_that_fill_the_window_delay_no_p2(void **state)
{
    struct rig *rig = *state;
    uint64_t start_ms;

    serve_all_at_108(rig);
    rig_manner(rig, "amb-108", silent);
    for (unsigned i = 0; i < 20; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P4, "LPG_BOOKING");
    rig_pass(rig, 1000);
    assert_int_equal(view_of(rig, "amb-108").in_flight, 5);
    start_ms = rig->now_ms;
    ask_class(rig, 100, SAH_PRIORITY_P2, "HELPLINE_181");
    rig_settle(rig);
    assert_int_equal(tried(rig, "amb-108", SAH_PRIORITY_P2, start_ms), 1);
    assert_int_equal(view_of(rig, "amb-108").in_flight, 6);
}

static void come_back_later_binds_the_endpoint_for_who_has_not_asked_yet(void **state)
{
    struct rig *rig = *state;
    uint64_t said_ms;

    serve_all_at_108(rig);
    rig_manner(rig, "amb-108",
               (struct sah_fake_manner){.kind = SAH_ANSWER_BUSY, .retry_after_ms = 120000});
    ask_class(rig, 1, SAH_PRIORITY_P4, "LPG_BOOKING");
    rig_settle(rig);
    said_ms = rig->now_ms;
    assert_int_equal(rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST), 1);
    rig_manner(rig, "amb-108", well);
    ask_class(rig, 2, SAH_PRIORITY_P4, "LPG_BOOKING");
    ask_class(rig, 3, SAH_PRIORITY_P2, "HELPLINE_181");
    ask_class(rig, 4, SAH_PRIORITY_P0, "AMBULANCE_108");
    rig_pass(rig, 1000);
    assert_int_equal(tried(rig, "amb-108", SAH_PRIORITY_P0, said_ms), 1);
    assert_int_equal(tried(rig, "amb-108", SAH_PRIORITY_P2, said_ms), 0);
    rig_pass(rig, 30500);
    assert_int_equal(tried(rig, "amb-108", SAH_PRIORITY_P2, said_ms), 1);
    assert_int_equal(tried(rig, "amb-108", SAH_PRIORITY_P4, said_ms + 1), 0);
    rig_pass(rig, 92000);
    assert_int_equal(tried(rig, "amb-108", SAH_PRIORITY_P4, said_ms + 1), 2);
}

/* A second endpoint is there for that: what waits at the dead one goes out through it. */
static void what_a_breaker_holds_back_goes_through_the_other_endpoint(void **state)
{
    struct rig *rig = *state;
    struct sah_agency *fire = NULL;
    uint64_t start_ms;
    const char *id;

    for (unsigned i = 0; i < rig->roster->n_agencies; i++) {
        struct sah_agency *a = &rig->roster->agencies[i];

        if (strcmp(a->id, "fire-101") == 0)
            fire = a;
        else if (strcmp(a->services[0], "AMBULANCE_102") == 0 ||
                 strcmp(a->services[0], "HELPLINE_181") == 0)
            a->services[0][0] = 'X';
    }
    assert_non_null(fire);
    (void)sah_format(fire->services[fire->n_services++], SAH_SERVICE_SIZE, "AMBULANCE_102");
    (void)sah_format(fire->services[fire->n_services++], SAH_SERVICE_SIZE, "HELPLINE_181");
    rig_manner(rig, "fire-101-a", dead);
    for (unsigned i = 0; i < 100; i++)
        ask_class(rig, 1 + i, SAH_PRIORITY_P3, "AMBULANCE_102");
    rig_pass(rig, 1000);
    assert_int_equal(view_of(rig, "fire-101-a").breaker, SAH_BREAKER_OPEN);
    rig_pass(rig, 3000);
    assert_true(tried(rig, "fire-101-b", SAH_PRIORITY_P3, 0) >= 90);
    assert_true(tried(rig, "fire-101-a", SAH_PRIORITY_P3, 0) <= 6);
    start_ms = rig->now_ms;
    ask_class(rig, 200, SAH_PRIORITY_P2, "HELPLINE_181");
    rig_pass(rig, 6000);
    assert_int_equal(tried(rig, "fire-101-b", SAH_PRIORITY_P2, start_ms), 1);
    /* P0 and P1 ask the first one first all the same: the breaker may be wrong. */
    start_ms = rig->now_ms;
    id = rig_accept(rig, 201, 201, "FIRE_101", "not_breathing");
    rig_pass(rig, 1000);
    assert_string_equal(rig_attempt(rig, "fire-101", id, 0)->endpoint, "fire-101-a");
    assert_true(rig_attempt(rig, "fire-101", id, 0)->at_ms == start_ms);
    assert_int_equal(rig_line(rig, id, "fire-101")->state, SAH_STATE_DELIVERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_worst_goes_first, make, unmake),
        cmocka_unit_test_setup_teardown(an_emergency_leaves_at_once_past_hanging_bookings, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(an_endpoint_with_one_slot_serves_every_class,
                                        make_narrow, unmake),
        cmocka_unit_test_setup_teardown(the_bulk_lane_uses_every_slot, make_bulk, unmake),
        cmocka_unit_test_setup_teardown(one_silent_agency_delays_no_other, make, unmake),
        cmocka_unit_test_setup_teardown(more_than_the_slots_all_arrive, make, unmake),
        cmocka_unit_test_setup_teardown(a_lost_lease_is_sent_again_under_its_key, make, unmake),
        cmocka_unit_test_setup_teardown(evidence_of_an_old_lease, make, unmake),
        cmocka_unit_test_setup_teardown(a_positive_answer_survives_a_store_that_is_away, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(evidence_not_yet_written_counts_as_in_flight, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(the_agency_s_case_number_of_the_200_is_kept_and_told,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(
            a_dead_endpoint_is_asked_seldom_and_by_p0_on_its_schedule, make_wide, unmake),
        cmocka_unit_test_setup_teardown(a_crowd_of_p2_falls_back_from_a_dead_endpoint_in_time,
                                        make_wide, unmake),
        cmocka_unit_test_setup_teardown(an_endpoint_that_comes_back_is_not_flooded,
                                        make_bulk_wide, unmake),
        cmocka_unit_test_setup_teardown(
            an_endpoint_that_works_gets_more_and_more_up_to_its_slots, make_bulk_wide, unmake),
        cmocka_unit_test_setup_teardown(bookings_that_fill_the_window_delay_no_p2, make_wide,
                                        unmake),
        cmocka_unit_test_setup_teardown(
            come_back_later_binds_the_endpoint_for_who_has_not_asked_yet, make_wide, unmake),
        cmocka_unit_test_setup_teardown(
            what_a_breaker_holds_back_goes_through_the_other_endpoint, make_wide, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
