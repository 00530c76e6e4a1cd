/*
 * test_dialog_moments - what comes at an awkward moment: before a router has named the request,
 * after an agency has cancelled it, a second time, in the middle of a question (I9, I10, I12).
 */
#include "dialog_fake.h"

static void what_follows_a_request_without_a_name_names_it_by_its_message(void **state)
{
    struct talk *t = talk_begin(state);
    struct sah_id request;

    t->no_router = true;
    say_words(t, "chest pain");
    request = t->step.submits[0].id;
    send_pin(t);
    (void)sent_amendment(t, 0, SAH_AMENDMENT_PLACE);
    assert_string_equal(t->step.submits[0].request_id, "");
    assert_true(sah_id_equal(&t->step.submits[0].causation, &request));
    assert_int_equal(t->step.submits[0].sequence, 2);
    say_words(t, "he is on the third floor");
    assert_true(sah_id_equal(&t->step.submits[0].causation, &request));
    say_words(t, "where is it");
    assert_int_equal(t->step.submits[0].kind, SAH_KIND_STATUS_QUERY);
    assert_true(sah_id_equal(&t->step.submits[0].causation, &request));
    assert_true(sah_id_equal(&t->step.submits[1].causation, &request));
    assert_false(sah_id_equal(&t->step.submits[0].id, &t->step.submits[1].id));
    say_words(t, "cancel");
    assert_int_equal(t->step.submits[0].kind, SAH_KIND_CANCEL);
    assert_true(sah_id_equal(&t->step.submits[0].causation, &request));
    for (unsigned i = 0; i < t->step.n_replies; i++) /* no button without a name to put in */
        assert_int_equal(t->step.replies[i].n_choices, 0);
    assert_int_equal(t->c.n_open, 1);
}

static void a_request_without_a_name_for_long_loses_no_words(void **state)
{
    struct talk *t = talk_begin(state);

    t->no_router = true;
    say_words(t, "chest pain");
    t->now_ms += 11 * 60 * 1000;
    send_pin(t);
    assert_int_equal(sent_request(t, 0)->n_places, 1);
}

static void a_refused_request_takes_no_later_words_with_it(void **state)
{
    static struct sah_message submit, result;
    static struct sah_step step;
    struct talk *t = talk_begin(state);

    t->no_router = true;
    say_words(t, "chest pain");
    submit = t->step.submits[0];
    memset(&result, 0, sizeof result);
    result.kind = SAH_KIND_RESULT;
    result.u.result.code = SAH_RESULT_REFUSED;
    sah_dialog_not_accepted(t->dialog, &t->c, &submit, &result, t->now_ms, &step);
    assert_int_equal(step.n_replies, 1);
    t->c = step.next;
    say_words(t, "he is pale, help");
    (void)sent_request(t, 0);
}

static void please_come_after_the_agency_has_cancelled_opens_the_same_request(void **state)
{
    struct talk *t = talk_begin(state);
    char request_id[SAH_REQUEST_ID_SIZE];

    say_words(t, "chest pain");
    memcpy(request_id, t->c.open[0].request_id, sizeof request_id);
    say_words(t, "cancel");
    t->c.open[0].state = SAH_STATE_CANCELLED;
    t->c.open[0].closed_ms = t->now_ms;
    t->c.open[0].cancel_asked = false;
    say_words(t, "no no please come");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_RESUME);
    assert_string_equal(t->step.submits[0].request_id, request_id);
    assert_int_equal(t->c.n_open, 1);
    assert_int_equal(t->c.open[0].closed_ms, 0);
    check_replies(t, "108");
}

static void the_same_words_again_are_a_repeat_and_not_called_worse(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "fire in the kitchen");
    say_words(t, "fire in the kitchen");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_REPEAT);
    heard(t, "that you are waiting");
    check_replies(t, "101");
}

static void a_booking_is_no_answer_to_where(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "fire in the kitchen");
    assert_string_equal(t->c.asking, "where");
    say_words(t, "book a cylinder");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_TEXT);
    assert_int_equal(t->step.submits[0].u.amendment.part.n_places, 0);
    assert_false(t->c.open[0].has_place);
    assert_string_equal(t->step.replies[0].choices[0].id, "svc:lpg");
    check_replies(t, "101");
}

static void a_pin_of_a_phone_without_a_fix_is_asked_for_again(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "chest pain");
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_PLACE;
    talk_step(t);
    (void)sent_amendment(t, 0, SAH_AMENDMENT_PLACE);
    assert_false(t->c.open[0].has_place);
    assert_string_equal(t->c.asking, "where");
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_ASK_PLACE);
    assert_null(strstr(t->step.replies[0].body, "has been added"));
    check_replies(t, "108");
    send_pin(t);
    assert_true(t->c.open[0].has_place);
    assert_string_equal(t->c.asking, "amb.awake");
}

static void one_latin_word_does_not_change_the_language(void **state)
{
    static const char *const words[] = {"cancel", "status", " ok ", "help"};

    for (size_t i = 0; i < SAH_LEN(words); i++) {
        struct talk *t = talk_begin(state);

        (void)sah_format(t->c.language, sizeof t->c.language, "te");
        say_words(t, words[i]);
        assert_string_equal(t->c.language, "te");
        say_words(t, "please come now");
        assert_string_equal(t->c.language, "en");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_a_request_without_a_name_names_it_by_its_message),
        cmocka_unit_test(a_request_without_a_name_for_long_loses_no_words),
        cmocka_unit_test(a_refused_request_takes_no_later_words_with_it),
        cmocka_unit_test(please_come_after_the_agency_has_cancelled_opens_the_same_request),
        cmocka_unit_test(the_same_words_again_are_a_repeat_and_not_called_worse),
        cmocka_unit_test(a_booking_is_no_answer_to_where),
        cmocka_unit_test(a_pin_of_a_phone_without_a_fix_is_asked_for_again),
        cmocka_unit_test(one_latin_word_does_not_change_the_language),
    };

    return cmocka_run_group_tests(tests, dialog_setup, dialog_teardown);
}
