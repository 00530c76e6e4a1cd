/*
 * test_admission - past a limit the bulk lane refuses new bookings and says when to try again: those
 * and nothing else, and nobody for another company's slowness. Invariants: I1, I7, I11.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

#define MINUTE_MS (60 * 1000)

static const struct sah_fake_manner silent = {.silent = true};
static const struct sah_fake_manner acks = {.kind = SAH_ANSWER_MACHINE_ACK};

static void make_with(void **state, enum sah_lane lane, uint64_t queued_max, uint64_t oldest_max_ms)
{
    struct rig *rig = rig_new(&(struct rig_options){.lane = lane});

    rig->settings.admission = (struct sah_admission){queued_max, oldest_max_ms};
    rig_crash(rig);
    *state = rig;
}

static int make_queued(void **state)
{
    make_with(state, SAH_LANE_BULK, 10, 0);
    return 0;
}

static int make_oldest(void **state)
{
    make_with(state, SAH_LANE_BULK, 0, 10 * MINUTE_MS);
    return 0;
}

static int make_emergency(void **state)
{
    make_with(state, SAH_LANE_EMERGENCY, 1, 1);
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

static const struct rig_result *book(struct rig *rig, unsigned n, const char *service, const char *company)
{
    struct sah_request *r = rig_request(rig, n, n, service);

    if (company != NULL) {
        r->payload.kind = SAH_PAYLOAD_LPG;
        (void)sah_format(r->payload.u.lpg.company, sizeof r->payload.u.lpg.company, "%s", company);
    }
    return rig_ask(rig);
}

/* Ten are there, and none goes. */
static void fill(struct rig *rig)
{
    rig_manner(rig, "indane", silent);
    for (unsigned n = 1; n <= 10; n++)
        assert_int_equal(book(rig, n, "LPG_BOOKING", "indane")->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 1100);
}

static void past_the_limit_a_booking_is_told_when_to_come_back(void **state)
{
    struct rig *rig = *state;
    const struct rig_result *r;

    fill(rig);
    r = book(rig, 11, "LPG_BOOKING", "indane");
    assert_int_equal(r->code, SAH_RESULT_REFUSED);
    assert_in_range(r->retry_after_ms, 5 * MINUTE_MS, 8 * 60 * MINUTE_MS);
    assert_string_equal(r->request_id, "");
    assert_int_equal(sah_core_counters(rig->core)->not_admitted, 1);
    r = book(rig, 12, "LPG_BOOKING", "indane");
    assert_int_equal(r->code, SAH_RESULT_REFUSED);
    assert_int_equal(sah_core_counters(rig->core)->not_admitted, 2);
}

/* Between two looks at the figures, too. */
static void the_limit_holds_between_two_looks(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "indane", silent);
    rig_pass(rig, 10);
    for (unsigned n = 1; n <= 10; n++)
        assert_int_equal(book(rig, n, "LPG_BOOKING", "indane")->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(book(rig, 11, "LPG_BOOKING", "indane")->code, SAH_RESULT_REFUSED);
}

/* (I1, I7) Whatever is not a new booking comes in, and what was accepted stays accepted. */
static void everything_else_comes_in(void **state)
{
    struct rig *rig = *state;
    char id[SAH_REQUEST_ID_SIZE];

    fill(rig);
    assert_int_equal(book(rig, 1, "LPG_BOOKING", "indane")->code, SAH_RESULT_DUPLICATE);
    memcpy(id, book(rig, 1, "LPG_BOOKING", "indane")->request_id, sizeof id);
    rig_amendment(rig, 50, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_query(rig, 51, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_cancel(rig, 52, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(book(rig, 53, "AMBULANCE_102", NULL)->code, SAH_RESULT_ACCEPTED); /* P3 */
    assert_int_equal(book(rig, 54, "AMBULANCE_108", NULL)->code, SAH_RESULT_WRONG_LANE);
    assert_int_equal(sah_core_counters(rig->core)->not_admitted, 0);
}

static void it_opens_again_below_four_fifths(void **state)
{
    struct rig *rig = *state;
    char ids[10][SAH_REQUEST_ID_SIZE];

    fill(rig);
    for (unsigned n = 1; n <= 10; n++)
        memcpy(ids[n - 1], book(rig, n, "LPG_BOOKING", "indane")->request_id, sizeof ids[0]);
    for (unsigned n = 0; n < 2; n++) {
        struct sah_agency_status s = rig_says(ids[n], "indane", SAH_STATE_BOOKED, NULL);

        assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED); /* it has it after all */
    }
    rig_pass(rig, 1100);
    assert_int_equal(book(rig, 11, "LPG_BOOKING", "indane")->code, SAH_RESULT_REFUSED); /* eight */
    rig_manner(rig, "indane", acks);
    rig_pass(rig, 3 * MINUTE_MS);
    assert_int_equal(book(rig, 12, "LPG_BOOKING", "indane")->code, SAH_RESULT_ACCEPTED);
}

/* (I11) */
static void a_slow_company_shuts_itself_alone(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "indane", silent);
    for (unsigned n = 1; n <= 20; n++)
        assert_int_equal(book(rig, n, "LPG_BOOKING", "indane")->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 11 * MINUTE_MS);
    assert_int_equal(book(rig, 21, "LPG_BOOKING", "indane")->code, SAH_RESULT_REFUSED);
    assert_int_equal(book(rig, 22, "LPG_BOOKING", "hp")->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(book(rig, 23, "AMBULANCE_102", NULL)->code, SAH_RESULT_ACCEPTED);
}

static void the_emergency_lane_knows_no_limit(void **state)
{
    struct rig *rig = *state;

    rig_manner(rig, "indane", silent);
    rig_manner(rig, "amb-108", silent);
    for (unsigned n = 1; n <= 5; n++) {
        rig_pass(rig, 1100);
        assert_int_equal(book(rig, n, n % 2 ? "LPG_BOOKING" : "AMBULANCE_108", NULL)->code, SAH_RESULT_ACCEPTED);
    }
}

static void without_figures_nobody_is_refused(void **state)
{
    struct rig *rig = *state;

    sah_memory_store_fail_next(rig->store, SAH_MEMORY_DOWN, 1000);
    rig_pass(rig, 1100);
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    assert_int_equal(book(rig, 1, "LPG_BOOKING", "indane")->code, SAH_RESULT_ACCEPTED);
}

#define CASE(f, make) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(past_the_limit_a_booking_is_told_when_to_come_back, make_queued),
        CASE(the_limit_holds_between_two_looks, make_queued),
        CASE(everything_else_comes_in, make_queued),
        CASE(it_opens_again_below_four_fifths, make_queued),
        CASE(a_slow_company_shuts_itself_alone, make_oldest),
        CASE(the_emergency_lane_knows_no_limit, make_emergency),
        CASE(without_figures_nobody_is_refused, make_queued),
    };

    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
