/*
 * test_leasing - what may go out when: slots that lower classes cannot take, room that statuses and
 * questions cannot take, leases that come with a commit, and a router that stops. Invariants: I4, I5, I7.
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
    *state = rig_new(&(struct rig_options){.concurrency = 1, .jobs_max = 20});
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

static void ask(struct rig *rig, unsigned n, const char *service, const char *cue)
{
    struct sah_request *r = rig_request(rig, n, n, service);

    if (cue != NULL)
        rig_cue(r, cue);
    (void)rig_take(rig);
}

/* One agency for what has a class each. */
static void serve_at_108(struct rig *rig, const char *service)
{
    struct sah_agency *a = &rig->roster->agencies[0];

    for (unsigned i = 1; i < rig->roster->n_agencies; i++)
        if (strcmp(rig->roster->agencies[i].services[0], service) == 0)
            rig->roster->agencies[i].services[0][0] = 'X';
    (void)sah_format(a->services[a->n_services++], SAH_SERVICE_SIZE, "%s", service);
}

static unsigned at_108(struct rig *rig)
{
    return rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST);
}

/* (I7) Whatever the roster says, there is one for P0 and P1 and one more for P2. */
static void a_single_slot_that_hangs_stands_before_no_emergency(void **state)
{
    struct rig *rig = *state;

    serve_at_108(rig, "LPG_BOOKING");
    serve_at_108(rig, "HELPLINE_181");
    rig_manner(rig, "amb-108", silent);
    for (unsigned n = 0; n < 5; n++)
        ask(rig, 1 + n, "LPG_BOOKING", NULL);
    rig_pass(rig, 1000);
    assert_int_equal(at_108(rig), 1);
    for (unsigned n = 0; n < 3; n++)
        ask(rig, 10 + n, "HELPLINE_181", NULL);
    rig_settle(rig);
    assert_int_equal(at_108(rig), 2);
    ask(rig, 20, "AMBULANCE_108", "not_breathing");
    rig_settle(rig);
    assert_int_equal(at_108(rig), 3);
    assert_int_equal(rig_attempt(rig, "amb-108", NULL, 2)->priority, SAH_PRIORITY_P0);
    assert_true(rig_attempt(rig, "amb-108", NULL, 2)->at_ms == rig->now_ms);
    assert_int_equal(sah_fake_agencies_most(rig->agencies, "amb-108"), 3);
}

static void on_status(void *data, const struct sah_status_result *result)
{
    *(enum sah_status_code *)data = result->code;
}

/* (I7) */
static void statuses_and_questions_leave_room_for_emergencies(void **state)
{
    struct rig *rig = *state;
    enum sah_status_code codes[20];
    struct sah_agency_status s = rig_says(rig_accept(rig, 1, 1, "AMBULANCE_108", NULL), "amb-108",
                                          SAH_STATE_ACKNOWLEDGED, "desk 4");
    size_t i;

    for (unsigned n = 0; n < SAH_LEN(codes); n++) {
        codes[n] = SAH_STATUS_APPLIED;
        sah_core_status(rig->core, &s, rig_now(rig), on_status, &codes[n]);
        assert_int_equal(codes[n], n < 16 ? SAH_STATUS_APPLIED : SAH_STATUS_UNAVAILABLE);
    }
    rig_query(rig, 50, 1, s.request_id);
    i = rig_take(rig);
    assert_int_equal(rig->results[i]->code, SAH_RESULT_RETRY);
    for (unsigned n = 0; n < 4; n++) {
        (void)rig_request(rig, 60 + n, n, "AMBULANCE_108");
        i = rig_take(rig);
        assert_false(rig->results[i]->came); /* taken */
    }
    rig_settle(rig);
    assert_int_equal(sah_core_jobs(rig->core), 0);
}

/* (I7) What stands before an accept in the store is what it waits: a store that is slow gets less at once. */
static void a_store_that_answers_late_is_asked_less_by_bookings(void **state)
{
    struct rig *rig = *state;
    size_t i;

    for (unsigned n = 0; n < 80; n++)
        ask(rig, 1 + n, "LPG_BOOKING", NULL);
    rig->now_ms += 400;
    ask(rig, 100, "AMBULANCE_108", "not_breathing");
    rig_settle(rig);
    for (unsigned n = 0; n < 61; n++) {
        (void)rig_request(rig, 200 + n, n, "LPG_BOOKING");
        i = rig_take(rig);
        assert_int_equal(rig->results[i]->came, n == 60);
    }
    assert_int_equal(rig->results[i]->code, SAH_RESULT_RETRY);
    (void)rig_request(rig, 300, 300, "AMBULANCE_108");
    i = rig_take(rig);
    assert_false(rig->results[i]->came); /* taken */
    rig_settle(rig);
}

static void on_ticked(void *data, int err, const struct sah_ticked *ticked)
{
    assert_int_equal(err, SAH_OK);
    *(unsigned *)data = ticked->moved;
}

/* What another router's tick takes home now. */
static unsigned other_router_takes(struct rig *rig)
{
    const struct sah_store *store = sah_memory_store_port(rig->store);
    unsigned moved = 0;

    sah_memory_store_as(rig->store, 1);
    store->tick(store->data, 100, on_ticked, &moved);
    sah_memory_store_as(rig->store, 0);
    rig_settle(rig);
    return moved;
}

static const struct sah_memory_delivery *delivery_at(const struct rig *rig, const char *endpoint)
{
    const struct sah_memory_delivery *d;

    for (size_t i = 0; (d = sah_memory_store_delivery(rig->store, i)) != NULL; i++)
        if (strcmp(d->endpoint, endpoint) == 0)
            return d;
    return NULL;
}

/* (I4, I5) */
static void who_stops_gives_back_what_it_leased_but_not_an_emergency(void **state)
{
    struct rig *rig = *state;

    ask(rig, 1, "LPG_BOOKING", NULL);
    ask(rig, 2, "AMBULANCE_108", "not_breathing");
    sah_core_stop(rig->core); /* both are being written, and leased with it */
    rig_settle(rig);
    assert_int_equal(at_108(rig), 1);
    assert_int_equal(rig_received(rig, "indane", NULL, SAH_KIND_REQUEST), 0);
    assert_int_equal(delivery_at(rig, "indane")->state, SAH_MEMORY_READY);
    assert_false(delivery_at(rig, "indane")->possible_duplicate);
    assert_int_equal(sah_core_in_flight(rig->core), 0);
}

/* (I5) As long as its last attempt is not settled no other router takes it home and sends beside it. */
static void who_stops_is_heard_of_until_the_last_attempt_is_settled(void **state)
{
    struct rig *rig = *state;
    const char *id;

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 2900});
    id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    rig_pass(rig, 100);
    sah_core_stop(rig->core);
    for (unsigned i = 0; i < 5; i++) {
        rig_pass(rig, 500);
        assert_int_equal(other_router_takes(rig), 0);
    }
    rig_pass(rig, 500);
    assert_int_equal(at_108(rig), 1);
    assert_int_equal(rig_line(rig, id, "amb-108")->state, SAH_STATE_DELIVERED);
    assert_int_equal(sah_core_in_flight(rig->core), 0);
}

/* A decision that is made again because somebody was faster counts once. */
static void a_conflict_counts_nothing_twice(void **state)
{
    struct rig *rig = *state;
    const struct sah_core_counters *c = sah_core_counters(rig->core);
    char id[SAH_REQUEST_ID_SIZE];

    rig_manner(rig, "amb-108", (struct sah_fake_manner){.kind = SAH_ANSWER_REFUSED, .after_ms = 1000});
    (void)sah_format(id, sizeof id, "%s", rig_accept(rig, 1, 1, "AMBULANCE_108", "not_breathing"));
    rig_pass(rig, 950);
    rig->now_ms += 50;
    sah_memory_store_set_now(rig->store, rig_now(rig).wall_ms);
    (void)rig_amendment(rig, 2, 1, id);
    (void)rig_take(rig);                                              /* both load ... */
    assert_int_equal(sah_fake_agencies_run(rig->agencies, rig->now_ms), 1);
    rig_settle(rig);                                                  /* ... and one is faster */
    assert_int_equal(c->conflicts, 1);
    assert_int_equal(c->fallbacks, 1);
}

/* A booking that fell back to one that takes no bookings has the states of any request there. */
static void a_booking_is_one_where_bookings_are_taken(void **state)
{
    struct rig *rig = *state;
    const char *id = rig_accept(rig, 1, 1, "LPG_BOOKING", NULL);
    struct sah_agency *indane = NULL;

    rig_pass(rig, 100);
    for (unsigned i = 0; i < rig->roster->n_agencies; i++)
        if (strcmp(rig->roster->agencies[i].id, "indane") == 0)
            indane = &rig->roster->agencies[i];
    assert_non_null(indane);
    assert_int_equal(rig_person(rig, id, "indane", SAH_STATE_UNIT_ASSIGNED), SAH_STATUS_ILLEGAL);
    indane->services[0][0] = 'X';
    assert_int_equal(rig_person(rig, id, "indane", SAH_STATE_BOOKED), SAH_STATUS_ILLEGAL);
    indane->services[0][0] = 'L';
    assert_int_equal(rig_person(rig, id, "indane", SAH_STATE_BOOKED), SAH_STATUS_APPLIED);
}

int main(void)
{
#define TEST(fn, begin) cmocka_unit_test_setup_teardown(fn, begin, unmake)
    const struct CMUnitTest tests[] = {
        TEST(a_single_slot_that_hangs_stands_before_no_emergency, make_narrow),
        TEST(statuses_and_questions_leave_room_for_emergencies, make_narrow),
        TEST(a_store_that_answers_late_is_asked_less_by_bookings, make),
        TEST(who_stops_gives_back_what_it_leased_but_not_an_emergency, make),
        TEST(who_stops_is_heard_of_until_the_last_attempt_is_settled, make),
        TEST(a_conflict_counts_nothing_twice, make),
        TEST(a_booking_is_one_where_bookings_are_taken, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
