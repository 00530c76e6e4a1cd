/*
 * test_again - what is asked a second time: of a request that is over, and in the bulk lane of one that
 * is open. Domain 9, layer 1 and the exact keys. Invariants: I2, I3, I4, I8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

#define MINUTE UINT64_C(60000)

static struct sah_message message; /* large: not on a stack */

static int make_lane(void **state, enum sah_lane lane)
{
    struct rig *rig = rig_new(&(struct rig_options){.lane = lane});

    rig->settings.partitions = 1; /* what is one connection's lies in one */
    rig_crash(rig);
    *state = rig;
    return 0;
}

static int make(void **state)
{
    return make_lane(state, SAH_LANE_EMERGENCY);
}

static int make_bulk(void **state)
{
    return make_lane(state, SAH_LANE_BULK);
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

static struct sah_request *booking(struct rig *rig, unsigned n, unsigned who, const char *consumer, const char *words)
{
    struct sah_request *r = rig_request(rig, n, who, "LPG_BOOKING");

    (void)sah_format(r->payload.u.lpg.consumer_no, sizeof r->payload.u.lpg.consumer_no, "%s", consumer);
    rig_words(r, words);
    return r;
}

static struct rig_result ask(struct rig *rig)
{
    struct rig_result result = *rig_ask(rig);

    assert_int_equal(result.code, SAH_RESULT_ACCEPTED);
    return result;
}

/* ---- of a request that is over */

static void half_an_hour_after_closing_it_is_a_new_request(void **state)
{
    struct rig *rig = *state;
    const char *old = rig_accept(rig, 1, 1, "AMBULANCE_108", NULL);
    const struct sah_fake_received *got;
    struct rig_result new;
    struct sah_amendment *a;

    rig_pass(rig, 1000);
    assert_int_equal(rig_person(rig, old, "amb-108", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_pass(rig, 29 * MINUTE);
    rig_amendment(rig, 2, 1, old);
    assert_string_equal(ask(rig).request_id, old);
    assert_int_equal(rig_line(rig, old, "amb-108")->state, SAH_STATE_REOPENED);
    assert_int_equal(rig_person(rig, old, "amb-108", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    rig_pass(rig, 31 * MINUTE);
    a = rig_amendment(rig, 3, 1, old);
    rig_words(&a->part, "he fell again");
    new = ask(rig);
    assert_string_not_equal(new.request_id, old);
    rig_pass(rig, 1000);
    assert_true(rig_view(rig, old)->closed_ms > 0);
    assert_int_equal(rig_line(rig, old, "amb-108")->state, SAH_STATE_CLOSED);
    got = rig_attempt(rig, "amb-108", new.request_id, 0);
    assert_int_equal(sah_message_decode(got->bytes, got->n_bytes, &message, NULL, 0), SAH_OK);
    assert_string_equal(message.u.request.related_request_id, old);
    assert_int_equal(rig_view(rig, new.request_id)->priority, SAH_PRIORITY_P1); /* the service is the old one's */
    assert_int_equal(rig_received(rig, "amb-108", new.request_id, SAH_KIND_REQUEST), 1);
    assert_int_equal(rig_read(rig, "amb-108", "he fell again"), 1); /* (I3) */
    assert_string_equal(rig_heard(rig, new.request_id), "RECEIVED DELIVERED"); /* (I8) */

    rig_amendment(rig, 3, 1, old); /* once more: the same message */
    rig_words(&rig->message->u.amendment.part, "he fell again");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(rig_received(rig, "amb-108", new.request_id, SAH_KIND_REQUEST), 1);
    rig_amendment(rig, 4, 1, old)->kind = SAH_AMENDMENT_CITIZEN_SILENT; /* nobody asks */
    assert_string_equal(ask(rig).request_id, old);
    assert_true(rig_view(rig, old)->closed_ms > 0);
}

/* ---- one open booking of a connection */

static void a_second_booking_of_a_connection_becomes_part_of_the_first(void **state)
{
    struct rig *rig = *state;
    struct rig_result first, again, other;

    booking(rig, 1, 1, "12345", "book a cylinder");
    first = ask(rig);
    rig_pass(rig, 1000);
    booking(rig, 2, 1, "123-45", "send it in the evening");
    again = ask(rig);
    assert_string_equal(again.request_id, first.request_id);
    assert_false(again.of_another);
    booking(rig, 3, 2, "12345", "my wife here, book gas"); /* from another phone */
    other = ask(rig);
    assert_string_equal(other.request_id, first.request_id);
    assert_true(other.of_another);
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "indane", NULL, SAH_KIND_REQUEST), 1); /* the company sees one booking */
    assert_int_equal(rig_read(rig, "indane", "send it in the evening"), 1);   /* and every word (I3) */
    assert_int_equal(rig_read(rig, "indane", "my wife here, book gas"), 1);
    assert_int_equal(rig_view(rig, first.request_id)->repeats, 2);
    assert_int_equal(rig_attempt(rig, "indane", first.request_id, 2)->repeats, 2);
    assert_int_equal(rig_heard_n(rig, first.request_id, SAH_STATE_RECEIVED), 3); /* each hears which is open (I8) */
    assert_true(rig_last_event(rig, first.request_id)->again);
    assert_string_equal(rig_last_event(rig, first.request_id)->sender, "citizen-2");

    booking(rig, 2, 1, "123-45", "send it in the evening");
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_DUPLICATE);
    assert_int_equal(rig_view(rig, first.request_id)->repeats, 2);
    rig_cancel(rig, 9, 2, first.request_id); /* what another citizen booked is not theirs to cancel */
    assert_int_equal(rig_ask(rig)->code, SAH_RESULT_NOT_FOUND);
}

static void another_connection_of_the_same_sender_is_another_booking(void **state)
{
    struct rig *rig = *state;
    struct rig_result first, second;

    booking(rig, 1, 1, "12345", "book gas");
    first = ask(rig);
    booking(rig, 2, 1, "67890", "book gas");
    second = ask(rig);
    assert_string_not_equal(first.request_id, second.request_id);
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "indane", NULL, SAH_KIND_REQUEST), 2);
}

static void what_is_over_holds_back_no_booking(void **state)
{
    static const enum sah_state ends[] = {SAH_STATE_HANDED_OVER, SAH_STATE_CLOSED, SAH_STATE_REJECTED,
                                          SAH_STATE_CANCELLED};
    struct rig *rig = *state;

    for (unsigned i = 0; i < SAH_LEN(ends); i++) {
        struct rig_result first, second;

        booking(rig, 10 + 2 * i, 1, "12345", "book gas");
        first = ask(rig);
        rig_pass(rig, 1000);
        assert_int_equal(rig_person(rig, first.request_id, "indane", ends[i]), SAH_STATUS_APPLIED);
        booking(rig, 11 + 2 * i, 1, "12345", "book gas");
        second = ask(rig);
        assert_string_not_equal(first.request_id, second.request_id);
        rig_pass(rig, 1000);
        assert_int_equal(rig_received(rig, "indane", second.request_id, SAH_KIND_REQUEST), 1);
        assert_int_equal(rig_person(rig, second.request_id, "indane", SAH_STATE_CLOSED), SAH_STATUS_APPLIED);
    }
}

/* Two at the same moment, neither of which has answered. */
static void of_two_at_once_one_is_the_booking(void **state)
{
    struct rig *rig = *state;
    size_t a, b;

    booking(rig, 1, 1, "12345", "book gas");
    a = rig_take(rig);
    booking(rig, 2, 2, "12345", "gas please");
    b = rig_take(rig);
    rig_pass(rig, 1000);
    assert_int_equal(rig->results[a]->code, SAH_RESULT_ACCEPTED);
    assert_int_equal(rig->results[b]->code, SAH_RESULT_ACCEPTED);
    assert_string_equal(rig->results[a]->request_id, rig->results[b]->request_id);
    assert_int_equal(rig_received(rig, "indane", NULL, SAH_KIND_REQUEST), 1);
}

/* The consumer number comes after the booking: what was sent is not taken back, and the company reads it. */
static void a_connection_that_is_named_later_is_shown(void **state)
{
    struct rig *rig = *state;
    struct rig_result first, second;
    struct sah_amendment *a;

    booking(rig, 1, 1, "12345", "book gas");
    first = ask(rig);
    booking(rig, 2, 2, "", "gas please");
    second = ask(rig);
    assert_string_not_equal(first.request_id, second.request_id);
    a = rig_amendment(rig, 3, 2, second.request_id);
    a->part.urgency = SAH_URGENCY_BULK;
    a->part.payload.kind = SAH_PAYLOAD_LPG;
    (void)sah_format(a->part.payload.u.lpg.op, sizeof a->part.payload.u.lpg.op, "BOOK");
    (void)sah_format(a->part.payload.u.lpg.company, sizeof a->part.payload.u.lpg.company, "indane");
    (void)sah_format(a->part.payload.u.lpg.consumer_no, sizeof a->part.payload.u.lpg.consumer_no, "12345");
    assert_string_equal(ask(rig).request_id, second.request_id);
    rig_pass(rig, 1000);
    assert_non_null(strstr(rig_attempt(rig, "indane", second.request_id, 1)->note, first.request_id + 1));
    assert_non_null(strstr(rig_attempt(rig, "indane", second.request_id, 1)->note, ",same_connection,"));
}

/* ---- the same words */

static void the_same_words_within_a_minute_are_counted(void **state)
{
    struct rig *rig = *state;
    struct sah_request *r = rig_request(rig, 1, 1, "AMBULANCE_102");
    struct rig_result first;

    r->urgency = SAH_URGENCY_BULK;
    rig_words(r, "102 for the check-up tomorrow");
    first = ask(rig);
    for (unsigned n = 2; n <= 5; n++) {
        rig_pass(rig, 5000);
        r = rig_request(rig, n, 1, "AMBULANCE_102");
        r->urgency = SAH_URGENCY_BULK;
        rig_words(r, "102 for the check-up TOMORROW");
        assert_string_equal(ask(rig).request_id, first.request_id);
    }
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "trip-102", NULL, SAH_KIND_AMENDMENT), 0); /* not forwarded again */
    rig_pass(rig, MINUTE);
    assert_int_equal(rig_received(rig, "trip-102", NULL, SAH_KIND_REQUEST), 1);
    assert_int_equal(rig_received(rig, "trip-102", NULL, SAH_KIND_AMENDMENT), 1); /* but counted, and told once */
    assert_int_equal(rig_attempt(rig, "trip-102", first.request_id, 1)->repeats, 4);
    r = rig_request(rig, 6, 1, "AMBULANCE_102"); /* later it is another one */
    r->urgency = SAH_URGENCY_BULK;
    rig_words(r, "102 for the check-up tomorrow");
    assert_string_not_equal(ask(rig).request_id, first.request_id);
}

static void the_same_words_of_somebody_else_are_theirs(void **state)
{
    struct rig *rig = *state;

    for (unsigned who = 1; who <= 2; who++) {
        struct sah_request *r = rig_request(rig, who, who, "AMBULANCE_102");

        r->urgency = SAH_URGENCY_BULK;
        rig_words(r, "102 for the check-up tomorrow");
        (void)ask(rig);
    }
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "trip-102", NULL, SAH_KIND_REQUEST), 2);
}

static void an_emergency_s_words_always_go_on(void **state)
{
    struct rig *rig = *state;

    for (unsigned n = 1; n <= 3; n++) {
        rig_words(rig_request(rig, n, 1, "AMBULANCE_108"), "he does not move");
        (void)ask(rig);
    }
    rig_pass(rig, 1000);
    assert_int_equal(rig_received(rig, "amb-108", NULL, SAH_KIND_REQUEST), 3);
}

int main(void)
{
#define CASE(f, lane) cmocka_unit_test_setup_teardown(f, lane, unmake)
    const struct CMUnitTest tests[] = {
        CASE(half_an_hour_after_closing_it_is_a_new_request, make),
        CASE(a_second_booking_of_a_connection_becomes_part_of_the_first, make_bulk),
        CASE(another_connection_of_the_same_sender_is_another_booking, make_bulk),
        CASE(what_is_over_holds_back_no_booking, make_bulk),
        CASE(of_two_at_once_one_is_the_booking, make_bulk),
        CASE(a_connection_that_is_named_later_is_shown, make_bulk),
        CASE(the_same_words_within_a_minute_are_counted, make_bulk),
        CASE(the_same_words_of_somebody_else_are_theirs, make_bulk),
        CASE(an_emergency_s_words_always_go_on, make),
    };

    return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
