/*
 * test_bounds - full arrays and full rooms: outside input never overflows and never stops the
 * core. Invariants: I4, I7.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

static const char *const many[] = {
    "AMBULANCE_108", "FIRE_101",       "HELPLINE_100",  "HELPLINE_181",  "HELPLINE_1098",
    "HELPLINE_1930", "HELPLINE_14416", "HELPLINE_1077", "HELPLINE_1912", "HELPLINE_104",
    "HELPLINE_1906", "HELPLINE_112",   "AMBULANCE_102"};

static int make(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int make_small(void **state)
{
    *state = rig_new(&(struct rig_options){.jobs_max = 20});
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* (I7) */
static void bulk_is_refused_at_four_fifths_and_an_emergency_is_not(void **state)
{
    struct rig *rig = *state;
    size_t i;

    for (unsigned n = 0; n < 16; n++) {
        (void)rig_request(rig, 1 + n, n, "LPG_BOOKING");
        (void)rig_take(rig);
    }
    (void)rig_request(rig, 50, 50, "LPG_BOOKING");
    i = rig_take(rig);
    assert_true(rig->results[i]->came); /* at once */
    assert_int_equal(rig->results[i]->code, SAH_RESULT_RETRY);
    assert_true(rig->results[i]->retry_after_ms > 0);
    for (unsigned n = 0; n < 4; n++) {
        (void)rig_request(rig, 60 + n, n, "AMBULANCE_108");
        i = rig_take(rig);
        assert_false(rig->results[i]->came);
    }
    (void)rig_request(rig, 70, 50, "AMBULANCE_108");
    i = rig_take(rig);
    assert_int_equal(rig->results[i]->code, SAH_RESULT_RETRY);
    rig_settle(rig);
    assert_int_equal(sah_core_jobs(rig->core), 0);
    for (i = 0; i < 16; i++)
        assert_int_equal(rig->results[i]->code, SAH_RESULT_ACCEPTED);
}

static void a_status_past_the_room_is_unavailable(void **state)
{
    struct rig *rig = *state;
    struct sah_agency_status s;
    const char *id = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);

    for (unsigned n = 0; n < 20; n++) {
        (void)rig_request(rig, 10 + n, n, "AMBULANCE_108");
        (void)rig_take(rig);
    }
    s = rig_says(id, "amb-108", SAH_STATE_ACKNOWLEDGED, "desk 4");
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_UNAVAILABLE);
    assert_int_equal(rig_status(rig, &s)->code, SAH_STATUS_APPLIED);
}

static void fill_services(struct sah_request *r, unsigned from, unsigned n_more)
{
    (void)sah_format(r->triage.service, sizeof r->triage.service, "%s",
                     many[from % SAH_LEN(many)]);
    for (unsigned i = 0; i < n_more; i++)
        rig_also(r, many[(from + 1 + i) % SAH_LEN(many)]);
}

static unsigned unsettled(const struct rig *rig)
{
    const struct sah_memory_delivery *d;
    unsigned n = 0;

    for (size_t i = 0; (d = sah_memory_store_delivery(rig->store, i)) != NULL; i++)
        n += d->state != SAH_MEMORY_DONE;
    return n;
}

/* (I4) Seven services at once, then amendments that ask for more than eight lines can hold:
 * what is there hears everything, what does not fit is left out, nothing breaks. */
static void more_services_than_lines(void **state)
{
    struct rig *rig = *state;

    for (unsigned first = 0; first <= SAH_ADDITIONAL_MAX; first++) {
        const struct rig_result *result;
        unsigned n_lines;

        fill_services(rig_request(rig, 100 * (1 + first), 1, ""), 0, first);
        result = rig_ask(rig);
        assert_int_equal(result->code, SAH_RESULT_ACCEPTED);
        assert_int_equal(rig_view(rig, result->request_id)->n_lines, 1 + first);
        for (unsigned i = 0; i < 3; i++) {
            struct sah_amendment *a =
                rig_amendment(rig, 100 * (1 + first) + 1 + i, 1, result->request_id);

            a->kind = SAH_AMENDMENT_TRIAGE;
            fill_services(&a->part, first + 1 + 4 * i, SAH_ADDITIONAL_MAX);
            assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
        }
        n_lines = rig_view(rig, result->request_id)->n_lines;
        assert_int_equal(n_lines, SAH_LINES_MAX);
        rig_pass(rig, 2000);
        for (unsigned i = 0; i < n_lines; i++) {
            char agency[SAH_AGENCY_SIZE];

            memcpy(agency, rig_view(rig, result->request_id)->lines[i].agency, sizeof agency);
            assert_int_equal(rig_received(rig, agency, result->request_id, SAH_KIND_REQUEST),
                             1);
            assert_true(rig_received(rig, agency, result->request_id, SAH_KIND_AMENDMENT) >= 1);
        }
    }
    assert_int_equal(unsettled(rig), 0);
}

/* All eight lines closed, reopened by one message, then cancelled by another: eight events at
 * once. */
static void eight_lines_reopen_and_cancel_in_one_step(void **state)
{
    struct rig *rig = *state;
    char id[SAH_REQUEST_ID_SIZE];
    struct sah_amendment *a;

    fill_services(rig_request(rig, 1, 1, ""), 0, SAH_ADDITIONAL_MAX);
    memcpy(id, rig_ask(rig)->request_id, sizeof id);
    a = rig_amendment(rig, 2, 1, id);
    a->kind = SAH_AMENDMENT_TRIAGE;
    fill_services(&a->part, 7, 3);
    (void)rig_ask(rig);
    rig_pass(rig, 2000);
    assert_int_equal(rig_view(rig, id)->n_lines, SAH_LINES_MAX);
    for (unsigned i = 0; i < SAH_LINES_MAX; i++) {
        char agency[SAH_AGENCY_SIZE];

        memcpy(agency, rig_view(rig, id)->lines[i].agency, sizeof agency);
        assert_int_equal(rig_person(rig, id, agency, SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    }
    assert_true(rig_view(rig, id)->closed_ms > 0);
    rig_amendment(rig, 3, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_cancel(rig, 4, 1, id);
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_ACCEPTED);
    rig_pass(rig, 2000);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_REOPENED), SAH_LINES_MAX);
    for (unsigned i = 0; i < SAH_LINES_MAX; i++)
        assert_int_equal(rig_view(rig, id)->lines[i].state, SAH_STATE_CANCEL_ASKED);
    rig_query(rig, 5, 1, id);
    assert_int_equal(rig_ask(rig)->n_agencies, SAH_RESULT_AGENCIES_MAX);
}

/* (I9) Eight lines and one of them refuses: there is no room to fall back, so a person is told.
 */
static void no_room_to_fall_back_is_a_person_told(void **state)
{
    struct rig *rig = *state;
    char id[SAH_REQUEST_ID_SIZE];
    struct sah_amendment *a;

    fill_services(rig_request(rig, 1, 1, ""), 0, SAH_ADDITIONAL_MAX);
    memcpy(id, rig_ask(rig)->request_id, sizeof id);
    a = rig_amendment(rig, 2, 1, id);
    a->kind = SAH_AMENDMENT_TRIAGE;
    fill_services(&a->part, 7, 0);
    (void)rig_ask(rig);
    assert_int_equal(rig_view(rig, id)->n_lines, SAH_LINES_MAX);
    assert_int_equal(rig_person(rig, id, "amb-108", SAH_STATE_REJECTED), SAH_STATUS_APPLIED);
    rig_pass(rig, 1000);
    assert_int_equal(rig_heard_n(rig, id, SAH_STATE_NEEDS_PERSON), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bulk_is_refused_at_four_fifths_and_an_emergency_is_not,
                                        make_small, unmake),
        cmocka_unit_test_setup_teardown(a_status_past_the_room_is_unavailable, make_small,
                                        unmake),
        cmocka_unit_test_setup_teardown(more_services_than_lines, make, unmake),
        cmocka_unit_test_setup_teardown(eight_lines_reopen_and_cancel_in_one_step, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(no_room_to_fall_back_is_a_person_told, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
