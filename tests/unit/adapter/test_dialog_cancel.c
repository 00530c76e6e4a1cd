/*
 * test_dialog_cancel - what takes help back: words that could be read so are asked back and go on as they
 * are (I3); a cancel leaves when the citizen has said yes; silence, and anything unclear, is no yes.
 */
#include "dialog_fake.h"

static unsigned cancels(const struct talk *t)
{
    unsigned n = 0;

    for (unsigned i = 0; i < t->step.n_submits; i++)
        n += t->step.submits[i].kind == SAH_KIND_CANCEL;
    return n;
}

static void case_button(const struct talk *t, const char *what, char id[SAH_CHOICE_SIZE])
{
    (void)sah_format(id, SAH_CHOICE_SIZE, "case:%s:%s", t->c.open[0].request_id, what);
}

/* An emergency is open, and "not needed" has been asked back. */
static struct talk *asked_back(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "chest pain");
    say_words(t, "not needed we go by auto");
    return t;
}

static void free_words_are_asked_back_and_go_on_byte_for_byte(void **state)
{
    struct talk *t = asked_back(state);
    char yes[SAH_CHOICE_SIZE], no[SAH_CHOICE_SIZE];

    assert_int_equal(t->step.n_submits, 1);
    assert_string_equal(sent_amendment(t, 0, SAH_AMENDMENT_TEXT)->part.text,
                        "not needed we go by auto"); /* (I3) */
    assert_false(t->c.open[0].cancel_asked);
    assert_true(t->c.open[0].cancel_wanted);
    assert_int_equal(t->step.n_replies, 1);
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_BUTTONS);
    assert_int_equal(t->step.replies[0].n_choices, 2);
    case_button(t, "cancel-yes", yes);
    case_button(t, "resume", no);
    assert_string_equal(t->step.replies[0].choices[0].id, yes);
    assert_string_equal(t->step.replies[0].choices[1].id, no);
    heard(t, "Nothing is cancelled yet");
    check_replies(t, "108");
}

static void a_yes_cancels(void **state)
{
    static const char *const words[] = {"yes", "Yes.", " YES ", "cancel", "haan", "అవును"};
    struct talk *t = asked_back(state);
    char yes[SAH_CHOICE_SIZE];

    case_button(t, "cancel-yes", yes);
    tap(t, yes);
    assert_int_equal(cancels(t), 1);
    assert_int_equal(t->step.submits[0].sequence, 3);
    assert_true(t->c.open[0].cancel_asked);
    for (size_t i = 0; i < SAH_LEN(words); i++) {
        t = asked_back(state);
        say_words(t, words[i]);
        assert_int_equal(cancels(t), 1);
        check_replies(t, "108");
    }
}

static void a_no_and_a_plea_keep_it_and_the_agency_reads_so(void **state)
{
    static const char *const words[] = {"no", "no no please come", "help"};
    struct talk *t = asked_back(state);
    char no[SAH_CHOICE_SIZE];

    case_button(t, "resume", no);
    tap(t, no);
    (void)sent_amendment(t, 0, SAH_AMENDMENT_RESUME);
    for (size_t i = 0; i < SAH_LEN(words); i++) {
        t = asked_back(state);
        say_words(t, words[i]);
        assert_int_equal(t->step.n_submits, 1);
        (void)sent_amendment(t, 0, SAH_AMENDMENT_RESUME);
        assert_false(t->c.open[0].cancel_wanted);
        check_replies(t, "108");
    }
}

static void an_unclear_answer_is_no_cancel_and_a_yes_after_it_neither(void **state)
{
    static const char *const words[] = {"ok", "what", "one minute", "he is pale", "mother fell",
                                        "but thanks", "not needed", "where is it", "thank you"};

    for (size_t i = 0; i < SAH_LEN(words); i++) {
        struct talk *t = asked_back(state);

        say_words(t, words[i]);
        assert_int_equal(cancels(t), 0);
        if (strcmp(words[i], "not needed") == 0)
            continue; /* asked again: a yes is one to that */
        say_words(t, "yes");
        assert_int_equal(cancels(t), 0);
        assert_false(t->c.open[0].cancel_asked);
    }
}

static void what_comes_after_the_question_and_is_no_answer_cancels_nothing(void **state)
{
    struct talk *t = asked_back(state);

    send_pin(t);
    (void)sent_amendment(t, 0, SAH_AMENDMENT_PLACE);
    say_words(t, "yes");
    assert_int_equal(cancels(t), 0);
    t = asked_back(state);
    send_media(t, "image/jpeg");
    say_words(t, "yes");
    assert_int_equal(cancels(t), 0);
}

static void silence_cancels_nothing(void **state)
{
    struct talk *t = asked_back(state);

    t->now_ms += 3 * 60 * 60 * 1000;
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_SILENT;
    talk_step(t);
    assert_int_equal(t->step.n_submits, 0);
    assert_false(t->c.open[0].cancel_asked);
}

static void danger_or_a_but_is_never_a_cancel_and_not_even_asked_about(void **state)
{
    static const char *const words[] = {"not needed but father is inside", "but cancel later"};

    for (size_t i = 0; i < SAH_LEN(words); i++) {
        struct talk *t = talk_begin(state);

        say_words(t, "chest pain");
        say_words(t, words[i]);
        assert_int_equal(cancels(t), 0);
        assert_string_equal(sent_amendment(t, 0, SAH_AMENDMENT_TEXT)->part.text, words[i]);
        assert_false(t->c.open[0].cancel_wanted);
        check_replies(t, "108");
    }
}

static void a_tap_on_our_button_is_asked_back_once(void **state)
{
    struct talk *t = talk_begin(state);
    char id[SAH_CHOICE_SIZE];

    say_words(t, "chest pain");
    case_button(t, "cancel", id);
    tap(t, id);
    assert_int_equal(t->step.n_submits, 0);
    heard(t, "Nothing is cancelled yet");
    tap(t, t->step.replies[0].choices[0].id);
    assert_int_equal(cancels(t), 1);
}

static void a_yes_button_of_a_question_that_is_over_asks_again(void **state)
{
    struct talk *t = asked_back(state);
    char yes[SAH_CHOICE_SIZE];

    case_button(t, "cancel-yes", yes);
    say_words(t, "mother fell");
    tap(t, yes);
    assert_int_equal(cancels(t), 0);
    heard(t, "Nothing is cancelled yet");
    tap(t, yes);
    assert_int_equal(cancels(t), 1);
}

static void our_own_word_alone_needs_no_question(void **state)
{
    static const char *const words[] = {"cancel", "cancel.", " cancel \n"};

    for (size_t i = 0; i < SAH_LEN(words); i++) {
        struct talk *t = talk_begin(state);

        say_words(t, "chest pain");
        say_words(t, words[i]);
        assert_int_equal(cancels(t), 1);
    }
}

static void a_booking_is_cancelled_the_simple_way(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "cylinder please Indane");
    say_words(t, "not needed");
    assert_int_equal(cancels(t), 1);
    t = talk_begin(state);
    say_words(t, "check-up tomorrow");
    say_words(t, "not needed");
    assert_int_equal(cancels(t), 1);
}

static void a_request_without_a_name_is_asked_about_by_its_message(void **state)
{
    struct talk *t = talk_begin(state);
    char id[SAH_CHOICE_SIZE];

    t->no_router = true;
    say_words(t, "chest pain");
    say_words(t, "not needed");
    memcpy(id, t->step.replies[0].choices[0].id, sizeof id);
    assert_memory_equal(id, "case:m", 6);
    tap(t, id);
    assert_int_equal(cancels(t), 1);
    assert_true(sah_id_equal(&t->step.submits[0].causation, &t->c.open[0].message_id));
}

static void a_covert_caller_is_not_asked_and_nothing_is_cancelled(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "cant talk, knife");
    say_words(t, "not needed");
    assert_int_equal(cancels(t), 0);
    (void)sent_amendment(t, 0, SAH_AMENDMENT_TEXT);
    assert_int_equal(t->step.n_replies, 0);
}

static void conversation_everyone_is_ok_then_he_is_not(void **state)
{
    struct talk *t = talk_begin(state);
    char yes[SAH_CHOICE_SIZE];

    say_words(t, "fire in the kitchen");
    say_words(t, "not needed we are out");
    heard(t, "Nothing is cancelled yet");
    say_words(t, "flame is back");
    assert_int_equal(cancels(t), 0);
    check_replies(t, "101");
    say_words(t, "fire is out, not needed");
    assert_int_equal(cancels(t), 0);
    say_words(t, "not needed now");
    case_button(t, "cancel-yes", yes);
    assert_string_equal(t->step.replies[0].choices[0].id, yes);
    tap(t, yes);
    assert_int_equal(cancels(t), 1);
    assert_int_equal(t->c.n_open, 1);
    say_words(t, "no no please come");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_RESUME);
    assert_int_equal(t->c.n_open, 1);
}

static void thanks_get_a_short_answer_and_reach_nobody(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "thank you");
    assert_int_equal(t->step.n_submits, 0);
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_TEXT);
    heard(t, "112");
    say_words(t, "chest pain");
    assert_string_equal(t->c.asking, "where");
    say_words(t, "thank you");
    assert_int_equal(t->step.n_submits, 0);
    assert_string_equal(t->c.asking, "where"); /* it is no answer, and the question stays */
    check_replies(t, "108");
    say_words(t, "thank you bleeding now");
    assert_int_equal(t->step.n_submits, 1);
}

static void another_matter_is_no_answer_to_an_open_question(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "check-up tomorrow");
    assert_string_equal(t->c.asking, "trip.when");
    say_words(t, "cylinder please Indane");
    assert_string_equal(sent_request(t, 0)->triage.service, "LPG_BOOKING");
    t = talk_begin(state);
    say_words(t, "chest pain");
    say_words(t, "near temple, mother fell");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_TRIAGE);
    say_words(t, "fire in the kitchen");
    assert_string_equal(sent_request(t, 0)->triage.service, "FIRE_101");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_words_are_asked_back_and_go_on_byte_for_byte),
        cmocka_unit_test(a_yes_cancels),
        cmocka_unit_test(a_no_and_a_plea_keep_it_and_the_agency_reads_so),
        cmocka_unit_test(an_unclear_answer_is_no_cancel_and_a_yes_after_it_neither),
        cmocka_unit_test(what_comes_after_the_question_and_is_no_answer_cancels_nothing),
        cmocka_unit_test(silence_cancels_nothing),
        cmocka_unit_test(danger_or_a_but_is_never_a_cancel_and_not_even_asked_about),
        cmocka_unit_test(a_tap_on_our_button_is_asked_back_once),
        cmocka_unit_test(a_yes_button_of_a_question_that_is_over_asks_again),
        cmocka_unit_test(our_own_word_alone_needs_no_question),
        cmocka_unit_test(a_booking_is_cancelled_the_simple_way),
        cmocka_unit_test(a_request_without_a_name_is_asked_about_by_its_message),
        cmocka_unit_test(a_covert_caller_is_not_asked_and_nothing_is_cancelled),
        cmocka_unit_test(conversation_everyone_is_ok_then_he_is_not),
        cmocka_unit_test(thanks_get_a_short_answer_and_reach_nobody),
        cmocka_unit_test(another_matter_is_no_answer_to_an_open_question),
    };

    return cmocka_run_group_tests(tests, dialog_setup, dialog_teardown);
}
