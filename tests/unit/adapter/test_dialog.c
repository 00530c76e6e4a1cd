/*
 * test_dialog - what a citizen's message becomes: requests first, questions after; amendments,
 * cancels, bookings; and what a citizen reads meanwhile (I9, I12). The conversations of
 * domain 10.
 */
#include "dialog_fake.h"

#include <stdio.h>

static void an_emergency_leaves_at_once_with_number_and_first_aid(void **state)
{
    static const struct {
        const char *words, *service, *dial, *advice;
        unsigned payload;
    } cases[] = {
        {"my father has chest pain", "AMBULANCE_108", "108", "sit down", SAH_PAYLOAD_AMBULANCE},
        {"gas smell here", "LPG_LEAK", "101", "Touch no switch", SAH_PAYLOAD_FIRE},
        {"fire in the kitchen", "FIRE_101", "101", "stay low", SAH_PAYLOAD_FIRE},
    };

    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct talk *t = talk_begin(state);

        say_words(t, cases[i].words);
        assert_int_equal(t->step.n_submits, 1);
        assert_string_equal(sent_request(t, 0)->triage.service, cases[i].service);
        assert_string_equal(sent_request(t, 0)->text, cases[i].words);
        assert_string_equal(sent_request(t, 0)->citizen.language, "en");
        assert_int_equal(sent_request(t, 0)->payload.kind, cases[i].payload);
        assert_int_equal(t->step.submit_urgency[0], SAH_URGENCY_URGENT);
        assert_true(sah_id_equal(&t->step.submits[0].id, &t->in.id));
        check_replies(t, cases[i].dial);
        heard(t, cases[i].advice);
        assert_int_equal(t->step.n_replies, 2);
        assert_int_equal(t->step.replies[1].kind, SAH_REPLY_ASK_PLACE);
        assert_int_equal(t->c.n_open, 1);
        assert_string_not_equal(t->c.open[0].request_id, "");
    }
}

static void a_pin_after_a_request_is_a_place_of_it(void **state)
{
    struct talk *t = talk_begin(state);
    const struct sah_amendment *a;

    say_words(t, "chest pain");
    send_pin(t);
    a = sent_amendment(t, 0, SAH_AMENDMENT_PLACE);
    assert_string_equal(t->step.submits[0].request_id, t->c.open[0].request_id);
    assert_int_equal(t->step.submits[0].sequence, 2);
    assert_int_equal(a->part.places[0].lat_e7, 173850000);
    assert_int_equal(a->part.urgency, SAH_URGENCY_URGENT);
    check_replies(t, "108");
    heard(t, "awake");
    assert_true(t->c.open[0].has_place);
}

static void one_pin_reaches_both_emergencies_that_lack_a_place(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "fire in the kitchen");
    say_words(t, "chest pain too");
    assert_string_equal(sent_request(t, 0)->related_request_id, t->c.open[0].request_id);
    send_pin(t);
    assert_int_equal(t->step.n_submits, 2);
    assert_string_not_equal(t->step.submits[0].request_id, t->step.submits[1].request_id);
    assert_false(sah_id_equal(&t->step.submits[0].id, &t->step.submits[1].id));
}

static void questions_end_after_five_and_answers_carry_their_danger(void **state)
{
    struct talk *t = talk_begin(state);
    const struct sah_amendment *a;

    say_words(t, "chest pain");
    say_words(t, "near the big temple");
    a = sent_amendment(t, 0, SAH_AMENDMENT_PLACE);
    assert_string_equal(a->part.places[0].address, "near the big temple");
    assert_string_equal(t->c.asking, "amb.awake");
    tap(t, "ans:amb.awake:no");
    a = sent_amendment(t, 0, SAH_AMENDMENT_ANSWER);
    assert_string_equal(a->part.triage.cues[0].name, "unconscious");
    assert_int_equal(a->part.payload.u.ambulance.conscious, SAH_TRI_NO);
    assert_string_equal(t->c.asking, "amb.breathing");
    say_words(t, "no");
    a = sent_amendment(t, 0, SAH_AMENDMENT_ANSWER);
    assert_string_equal(a->part.triage.cues[0].name, "not_breathing");
    say_words(t, "2");
    a = sent_amendment(t, 0, SAH_AMENDMENT_ANSWER);
    assert_int_equal(a->part.payload.u.ambulance.patients, 2);
    assert_string_equal(t->c.asking, "");
    for (unsigned i = 0; i < 8; i++) {
        say_words(t, "he is pale");
        (void)sent_amendment(t, 0, SAH_AMENDMENT_TEXT);
        assert_true(t->c.asked <= 5);
        check_replies(t, "108");
    }
}

static void nobody_is_asked_more_than_five_times(void **state)
{
    struct talk *t = talk_begin(state);
    unsigned asked = 0;

    say_words(t, "help");
    for (unsigned i = 0; i < 12; i++) {
        for (unsigned r = 0; r < t->step.n_replies; r++)
            asked += strchr(t->step.replies[r].body, '?') != NULL;
        say_words(t, "help");
        assert_true(t->step.n_submits > 0);
    }
    assert_true(asked >= 1 && asked <= 5);
}

static void conversation_a_booking_then_gas_then_flame(void **state)
{
    struct talk *t = talk_begin(state);

    tap(t, "menu:main");
    assert_int_equal(t->step.n_submits, 0);
    say_words(t, "cylinder please Indane");
    assert_string_equal(sent_request(t, 0)->triage.service, "LPG_BOOKING");
    assert_string_equal(sent_request(t, 0)->payload.u.lpg.company, "indane");
    assert_int_equal(t->step.submit_urgency[0], SAH_URGENCY_BULK);
    say_words(t, "wait, gas smell");
    assert_int_equal(t->step.n_submits, 2);
    assert_string_equal(sent_request(t, 0)->triage.service, "LPG_LEAK");
    assert_string_equal(sent_request(t, 0)->related_request_id, t->c.open[0].request_id);
    (void)sent_amendment(t, 1, SAH_AMENDMENT_PAUSE);
    assert_int_equal(t->step.submit_urgency[1], SAH_URGENCY_BULK);
    assert_int_equal(t->step.submits[1].u.amendment.part.text_len, 0);
    assert_true(t->c.open[0].paused);
    heard(t, "paused");
    check_replies(t, "101");
    say_words(t, "flame seen");
    assert_int_equal(t->step.n_submits, 1);
    assert_string_equal(t->step.submits[0].request_id, t->c.open[1].request_id);
    assert_string_equal(sent_amendment(t, 0, SAH_AMENDMENT_TRIAGE)->part.triage.cues[1].name,
                        "gas_and_flame");
    check_replies(t, "101");
    tap(t, "svc:lpg");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_RESUME);
    assert_false(t->c.open[0].paused);
}

static void a_draft_waits_while_gas_is_smelt(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "cylinder is late, guests");
    assert_int_equal(t->step.n_submits, 0);
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_BUTTONS);
    assert_int_equal(t->step.replies[0].n_choices, 3);
    say_words(t, "gas smell");
    assert_int_equal(t->step.n_submits, 1);
    heard(t, "paused");
    assert_true(t->c.drafting);
    tap(t, "lpg:hp");
    assert_string_equal(sent_request(t, 0)->payload.u.lpg.company, "hp");
    assert_non_null(strstr(sent_request(t, 0)->text, "cylinder is late, guests"));
    assert_false(t->c.drafting);
    assert_string_equal(t->c.asking, "lpg.consumer");
}

static void conversation_b_pin_then_yes_then_mother_fell(void **state)
{
    struct talk *t = talk_begin(state);

    send_pin(t);
    assert_string_equal(sent_request(t, 0)->triage.service, "UNKNOWN");
    assert_true(sent_request(t, 0)->triage.needs_person);
    assert_int_equal(sent_request(t, 0)->n_places, 1);
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_BUTTONS);
    assert_int_equal(t->step.replies[0].n_choices, 3);
    check_replies(t, "112");
    say_words(t, "yes");
    assert_int_equal(t->step.submits[0].kind, SAH_KIND_AMENDMENT);
    say_words(t, "mother fell");
    assert_string_equal(sent_amendment(t, 0, SAH_AMENDMENT_TRIAGE)->part.triage.service,
                        "AMBULANCE_108");
    assert_int_equal(t->c.n_open, 1);
    assert_string_equal(t->c.open[0].service, "AMBULANCE_108");
    check_replies(t, "108");
}

static void conversation_c_no_fire_then_a_photo_is_looked_at(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "only testing");
    assert_int_equal(t->step.n_submits, 0);
    send_media(t, "image/jpeg");
    assert_string_equal(sent_request(t, 0)->triage.service, "UNKNOWN");
    assert_int_equal(sent_request(t, 0)->n_media, 1);
}

static void conversation_d_cancel_then_please_come(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "chest pain");
    say_words(t, "cancel");
    assert_int_equal(t->step.submits[0].kind, SAH_KIND_CANCEL);
    assert_int_equal(t->step.submits[0].sequence, 2);
    assert_true(t->c.open[0].cancel_asked);
    check_replies(t, "108");
    say_words(t, "no no please come");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_RESUME);
    assert_int_equal(t->step.submits[0].sequence, 3);
    assert_false(t->c.open[0].cancel_asked);
    assert_int_equal(t->c.n_open, 1);
    check_replies(t, "108");
}

static void conversation_e_the_same_step_makes_the_same_messages(void **state)
{
    static struct sah_step first;
    struct talk *t = talk_begin(state);
    struct sah_conversation before;

    say_words(t, "cylinder Indane");
    before = t->c;
    say_words(t, "gas smell");
    first = t->step;
    sah_dialog_take(t->dialog, &before, &t->in, &t->step);
    assert_memory_equal(&first, &t->step, sizeof first);
    say_words(t, "help");
    assert_int_equal(t->c.n_open, 1 + 1);
}

static void conversation_f_a_heart_patient_at_a_fire_is_a_second_request(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "fire in factory");
    say_words(t, "a man has chest pain");
    assert_string_equal(sent_request(t, 0)->triage.service, "AMBULANCE_108");
    assert_string_not_equal(sent_request(t, 0)->related_request_id, "");
    assert_int_equal(t->c.n_open, 2);
}

static void edits_reactions_and_revokes_decide_nothing(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "chest pain");
    memset(&t->in, 0, sizeof t->in);
    t->in.kind = SAH_INCOMING_SILENT;
    talk_step(t);
    assert_int_equal(t->step.n_submits + t->step.n_replies, 0);
    assert_int_equal(t->c.n_open, 1);
}

static void a_covert_caller_gets_one_neutral_text_and_no_more(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "cant talk, knife");
    assert_string_equal(sent_request(t, 0)->triage.service, "HELPLINE_112");
    assert_int_equal(sent_request(t, 0)->citizen.comm_pref, SAH_COMM_PREF_SILENT);
    assert_int_equal(t->step.n_replies, 1);
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_TEXT);
    assert_string_equal(t->step.replies[0].body, "Noted.");
    send_pin(t);
    assert_int_equal(t->step.n_submits, 1);
    assert_int_equal(t->step.n_replies, 0);
}

static void the_deaf_get_a_way_to_write(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "chest pain, i am deaf");
    say_words(t, "deaf");
    heard(t, "keep writing here");
    say_words(t, "mother fell");
    heard(t, "keep writing here");
    assert_int_equal(t->step.submits[0].u.amendment.part.citizen.comm_pref,
                     SAH_COMM_PREF_TEXT_ONLY);
}

static void delivery_codes_never_leave(void **state)
{
    static const struct {
        const char *words, *masked;
    } cases[] = {
        {"DAC 4821", "DAC ****"},
        {"my dac is 48 21 ok", "my dac is **** ok"},
        {"4821 is the DAC", "**** is the DAC"},
        {"ఓటీపీ ౪౮౨౧", "ఓటీపీ ****"},
        {"call 108 dacoits", "call 108 dacoits"},
        {"dac 108", "dac 108"},
        {"dac 9876543210", "dac 9876543210"},
    };

    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct talk *t = talk_begin(state);
        char words[128];

        (void)snprintf(words, sizeof words, "chest pain %s", cases[i].words);
        say_words(t, words);
        assert_string_equal(sent_request(t, 0)->text + strlen("chest pain "), cases[i].masked);
        assert_int_equal(sent_request(t, 0)->text_len, strlen(sent_request(t, 0)->text));
    }
    say_words(talk_begin(state), "DAC 4821");
    assert_int_equal(talk_now.step.n_submits, 0);
    heard(&talk_now, "only to the delivery person");
}

static void status_asks_the_router_or_says_that_nothing_is_open(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "where is it");
    assert_int_equal(t->step.n_submits, 0);
    heard(t, "112");
    say_words(t, "chest pain");
    say_words(t, "where is it");
    assert_int_equal(t->step.submits[0].kind, SAH_KIND_STATUS_QUERY);
    assert_string_equal(t->step.submits[0].request_id, t->c.open[0].request_id);
    (void)sent_amendment(t, 1, SAH_AMENDMENT_REPEAT);
}

static void cancelling_without_a_request_asks_whether_help_is_needed(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "cancel");
    assert_int_equal(t->step.n_submits, 0);
    heard(t, "112");
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_LIST);
}

static void with_two_open_a_cancel_asks_which_and_forwards_the_words(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "fire in the kitchen");
    say_words(t, "chest pain");
    say_words(t, "cancel");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_TEXT);
    assert_int_equal(t->step.replies[0].n_choices, 2);
    tap(t, t->step.replies[0].choices[1].id);
    assert_int_equal(t->step.submits[0].kind, SAH_KIND_CANCEL);
    assert_string_equal(t->step.submits[0].request_id, t->c.open[0].request_id);
}

static void a_ride_with_a_red_flag_is_an_ambulance(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "check-up tomorrow");
    assert_string_equal(sent_request(t, 0)->triage.service, "AMBULANCE_102");
    assert_int_equal(t->step.submit_urgency[0], SAH_URGENCY_BULK);
    assert_string_equal(t->c.asking, "trip.when");
    say_words(t, "bleeding now");
    assert_string_equal(sent_request(t, 0)->triage.service, "AMBULANCE_108");
    assert_int_equal(t->step.submit_urgency[0], SAH_URGENCY_URGENT);
    check_replies(t, "108");
}

static void other_matters_are_not_ours_but_a_menu_is_there(void **state)
{
    struct talk *t = talk_begin(state);

    say_words(t, "passport");
    assert_true(t->step.not_ours);
    heard(t, "112");
    say_words(t, "hello");
    assert_false(t->step.not_ours);
    assert_int_equal(t->step.replies[0].kind, SAH_REPLY_LIST);
    heard(t, "112");
    say_words(t, "chest pain");
    send_pin(t);
    say_words(t, "hello");
    (void)sent_amendment(t, 0, SAH_AMENDMENT_TEXT);
}

static void every_choice_keeps_the_limits_in_every_language(void **state)
{
    static const char *const languages[] = {"te", "hi", "ur", "en"};
    static const char *const taps[] = {"menu:main",    "menu:helplines", "menu:language",
                                       "svc:lpg",      "svc:108",        "nonsense",
                                       "svc:nonsense", "case:x:y",       "ans:x",
                                       "case:",        "ask:where",      "ask:status"};

    for (size_t l = 0; l < SAH_LEN(languages); l++)
        for (size_t i = 0; i < SAH_LEN(taps); i++) {
            struct talk *t = talk_begin(state);
            char id[16];

            (void)snprintf(id, sizeof id, "lang:%s", languages[l]);
            tap(t, id);
            assert_true(t->c.language_chosen);
            tap(t, taps[i]);
            assert_true(t->step.n_replies >= 1);
            for (unsigned r = 0; r < t->step.n_replies; r++) {
                const struct sah_reply *reply = &t->step.replies[r];
                bool row = reply->kind == SAH_REPLY_LIST;

                assert_true(reply->n_choices <= (row ? SAH_ROWS_MAX : SAH_BUTTONS_MAX));
                assert_true(reply->kind == SAH_REPLY_TEXT ||
                            sah_utf8_count(reply->body, strlen(reply->body)) <= 1024);
                for (unsigned c = 0; c < reply->n_choices; c++) {
                    const struct sah_choice *choice = &reply->choices[c];
                    size_t n = sah_utf8_count(choice->title, strlen(choice->title));

                    assert_true(n >= 1 && n <= 20);
                    assert_true(
                        sah_utf8_count(choice->description, strlen(choice->description)) <= 72);
                    for (unsigned o = 0; o < c; o++) {
                        assert_string_not_equal(choice->title, reply->choices[o].title);
                        assert_string_not_equal(choice->id, reply->choices[o].id);
                    }
                }
            }
        }
}

static void four_open_emergencies_are_never_forgotten(void **state)
{
    struct talk *t = talk_begin(state);
    static const char *const taps[] = {"svc:108", "svc:101", "svc:112", "svc:181", "svc:1098"};

    for (size_t i = 0; i < SAH_LEN(taps); i++) {
        tap(t, taps[i]);
        assert_int_equal(t->step.submits[0].kind, SAH_KIND_REQUEST);
    }
    assert_int_equal(t->c.n_open, SAH_OPEN_MAX);
    assert_string_equal(t->c.open[0].service, "AMBULANCE_108");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_emergency_leaves_at_once_with_number_and_first_aid),
        cmocka_unit_test(a_pin_after_a_request_is_a_place_of_it),
        cmocka_unit_test(one_pin_reaches_both_emergencies_that_lack_a_place),
        cmocka_unit_test(questions_end_after_five_and_answers_carry_their_danger),
        cmocka_unit_test(nobody_is_asked_more_than_five_times),
        cmocka_unit_test(conversation_a_booking_then_gas_then_flame),
        cmocka_unit_test(a_draft_waits_while_gas_is_smelt),
        cmocka_unit_test(conversation_b_pin_then_yes_then_mother_fell),
        cmocka_unit_test(conversation_c_no_fire_then_a_photo_is_looked_at),
        cmocka_unit_test(conversation_d_cancel_then_please_come),
        cmocka_unit_test(conversation_e_the_same_step_makes_the_same_messages),
        cmocka_unit_test(conversation_f_a_heart_patient_at_a_fire_is_a_second_request),
        cmocka_unit_test(edits_reactions_and_revokes_decide_nothing),
        cmocka_unit_test(a_covert_caller_gets_one_neutral_text_and_no_more),
        cmocka_unit_test(the_deaf_get_a_way_to_write),
        cmocka_unit_test(delivery_codes_never_leave),
        cmocka_unit_test(status_asks_the_router_or_says_that_nothing_is_open),
        cmocka_unit_test(cancelling_without_a_request_asks_whether_help_is_needed),
        cmocka_unit_test(with_two_open_a_cancel_asks_which_and_forwards_the_words),
        cmocka_unit_test(a_ride_with_a_red_flag_is_an_ambulance),
        cmocka_unit_test(other_matters_are_not_ours_but_a_menu_is_there),
        cmocka_unit_test(every_choice_keeps_the_limits_in_every_language),
        cmocka_unit_test(four_open_emergencies_are_never_forgotten),
    };

    return cmocka_run_group_tests(tests, dialog_setup, dialog_teardown);
}
