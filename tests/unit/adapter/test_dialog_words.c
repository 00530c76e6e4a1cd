/*
 * test_dialog_words - the conversation with the real lexicon: real words in, the right service,
 * language and number out. What the words mean is tested beside the lexicon; here it is that
 * the two sides fit together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dialog.h"

static struct sah_step step;
static struct sah_incoming in;

static void take(const struct sah_dialog *dialog, struct sah_conversation *c, const char *words)
{
    static struct sah_message result;
    static uint8_t n;

    memset(&in, 0, sizeof in);
    in.id.bytes[0] = ++n;
    in.received_ms = 1790000000000LL + n * 1000;
    in.text_len = (uint32_t)strlen(words);
    memcpy(in.text, words, in.text_len);
    sah_dialog_take(dialog, c, &in, &step);
    *c = step.next;
    for (unsigned i = 0; i < step.n_submits; i++) {
        memset(&result, 0, sizeof result);
        result.kind = SAH_KIND_RESULT;
        result.u.result.code = SAH_RESULT_ACCEPTED;
        sah_request_id(step.submit_urgency[i] == SAH_URGENCY_BULK ? SAH_LANE_BULK
                                                                  : SAH_LANE_EMERGENCY,
                       0, &step.submits[i].id, result.request_id);
        sah_dialog_accepted(&step.submits[i], &result, c);
    }
}

static void first_words_go_to_their_service_and_are_answered_in_their_script(void **state)
{
    static const struct {
        const char *words, *service, *dial, *script; /* a word of the reply */
    } cases[] = {
        {"మా నాన్నకు గుండెలో నొప్పి వస్తోంది, చెమటలు పడుతున్నాయి. త్వరగా అంబులెన్స్ పంపండి", "AMBULANCE_108", "108",
         "ఫోన్"},
        {"intlo gas vasana vasthundi", "LPG_LEAK", "101", "ఫోన్"},
        {"मेरे पिताजी बेहोश हैं, साँस नहीं ले रहे", "AMBULANCE_108", "108", "फ़ोन"},
        {"building me aag lagi hai 3rd floor, log phase hue hain", "FIRE_101", "101", "फ़ोन"},
        {"میری والدہ کو سانس لینے میں تکلیف ہے، جلدی ایمبولینس بھیجیں", "AMBULANCE_108", "108",
         "فون"},
        {"fire in the kitchen", "FIRE_101", "101", "call"},
        {"HELP", "UNKNOWN", "112", "call"},
    };

    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_conversation c = {0};

        take(*state, &c, cases[i].words);
        assert_int_equal(step.n_submits, 1);
        assert_string_equal(step.submits[0].u.request.triage.service, cases[i].service);
        assert_int_equal(step.submit_urgency[0], SAH_URGENCY_URGENT);
        for (unsigned r = 0; r < step.n_replies; r++) {
            assert_non_null(strstr(step.replies[r].body, cases[i].dial));
            assert_non_null(strstr(step.replies[r].body, cases[i].script));
        }
    }
}

static void please_come_after_a_cancel_takes_it_up_again(void **state)
{
    static const char *const pleas[] = {"no no please come", "still need ambulance",
                                        "అంబులెన్స్ పంపండి", "एम्बुलेंस भेजिए"};

    for (size_t i = 0; i < SAH_LEN(pleas); i++) {
        struct sah_conversation c = {0};

        take(*state, &c, "my father has chest pain");
        take(*state, &c, "ambulance not needed now");
        assert_int_equal(step.submits[0].kind, SAH_KIND_AMENDMENT); /* asked back */
        take(*state, &c, "yes");
        assert_int_equal(step.submits[0].kind, SAH_KIND_CANCEL);
        take(*state, &c, pleas[i]);
        assert_int_equal(step.n_submits, 1);
        assert_int_equal(step.submits[0].u.amendment.kind, SAH_AMENDMENT_RESUME);
    }
}

/* What is read as a cancel, or nearly, and is none; in each way of writing. An ambulance is on its way
 * to a decision: these words must not take it back. */
static void words_that_could_be_a_cancel_never_leave_as_one(void **state)
{
    static const char *const words[] = {
        "everyone is ok but father is trapped",
        "everyone is safe but my son is unconscious",
        "we have shifted to roof",
        "we have shifted to the terrace water is rising",
        "she is fine now but still bleeding",
        "no need of police, he is still in pain",
        "take us quickly",
        "hum jaldi le jao",
        "hum sab theek hai lekin papa andar phase hai",
        "ab theek hai magar khoon nahi ruk raha",
        "ham chhat pe chale gaye",
        "ippudu bagane noppi undi",
        "andaru bagane unnaru kani nanna lopala irukkunnadu",
        "memu daba paiki vellam",
        "ఇప్పుడు బాగానే నొప్పి ఉంది",
        "అందరూ బాగానే ఉన్నారు కానీ నాన్న లోపల చిక్కుకున్నారు",
        "బాగానే ఉన్నాడు కానీ స్పృహ లేదు",
        "सब ठीक है लेकिन पिताजी फंसे हुए हैं",
        "हमें जल्दी ले जाओ",
        "अब ठीक है मगर दर्द हो रहा है",
        "سب ٹھیک ہے لیکن ابو پھنسے ہوئے ہیں",
        "ہمیں جلدی لے جاؤ",
        "اب ٹھیک ہے مگر درد ہے",
    };

    for (size_t i = 0; i < SAH_LEN(words); i++) {
        struct sah_conversation c = {0};
        bool told = false;

        take(*state, &c, "my father has chest pain");
        take(*state, &c, words[i]);
        for (unsigned s = 0; s < step.n_submits; s++) {
            if (step.submits[s].kind == SAH_KIND_CANCEL || c.open[0].cancel_wanted)
                fail_msg("taken for a cancel: %s", words[i]);
            told = told ||
                   (step.submits[s].kind == SAH_KIND_AMENDMENT &&
                    strcmp(step.submits[s].u.amendment.part.text, words[i]) == 0) ||
                   (step.submits[s].kind == SAH_KIND_REQUEST &&
                    strcmp(step.submits[s].u.request.text, words[i]) == 0);
        }
        if (!told)
            fail_msg("reaches no agency: %s", words[i]); /* (I3) */
        assert_false(c.open[0].cancel_asked);
    }
}

static void true_cancels_are_asked_back_in_every_language(void **state)
{
    static const char *const words[] = {
        "ambulance not needed now",
        "we reached hospital in our own car, ambulance not needed",
        "అంబులెన్స్ వద్దు, ఇప్పుడు బాగానే ఉన్నారు",
        "108 pampoddu, memu auto lo velthunnam",
        "एम्बुलेंस मत भेजो, अब ठीक हैं",
        "ambulance mat bhejo hum khud ja rahe",
        "ایمبولینس کی ضرورت نہیں ہم خود لے جا رہے ہیں",
        "ambulance nakko hum khud jaare",
    };

    for (size_t i = 0; i < SAH_LEN(words); i++) {
        struct sah_conversation c = {0};

        take(*state, &c, "my father has chest pain");
        take(*state, &c, words[i]);
        if (step.n_submits != 1 || step.submits[0].kind != SAH_KIND_AMENDMENT ||
            !c.open[0].cancel_wanted)
            fail_msg("not asked back: %s", words[i]);
        assert_string_equal(step.submits[0].u.amendment.part.text, words[i]);
        assert_int_equal(step.replies[0].n_choices, 2);
        take(*state, &c, "హా"); /* one of the yeses that are too many things */
        assert_false(c.open[0].cancel_asked);
    }
}

static void thanks_are_no_request_and_thanks_with_danger_are_no_thanks(void **state)
{
    static const char *const thanks[] = {"thank you", "thank you so much sir", "thanks a lot",
                                         "ధన్యవాదాలు", "ధన్యవాదాలు అండి", "dhanyavadalu anna",
                                         "बहुत धन्यवाद", "shukriya bhai", "بہت شکریہ جناب",
                                         "thank you for your help", "aapki madad ke liye shukriya"};
    static const char *const more[] = {"thank you but still bleeding",
                                       "thanks, he is not breathing now",
                                       "ధన్యవాదాలు కానీ ఇంకా రక్తం కారుతోంది",
                                       "shukriya lekin abhi bhi khoon beh raha hai"};

    for (size_t i = 0; i < SAH_LEN(thanks); i++) {
        struct sah_conversation c = {0};

        take(*state, &c, thanks[i]);
        if (step.n_submits != 0 || step.n_replies != 1 || step.replies[0].kind != SAH_REPLY_TEXT)
            fail_msg("no thanks: %s", thanks[i]);
        take(*state, &c, "my father has chest pain");
        take(*state, &c, thanks[i]);
        assert_int_equal(step.n_submits, 0);
        assert_non_null(strstr(step.replies[0].body, "108")); /* (I12) */
    }
    for (size_t i = 0; i < SAH_LEN(more); i++) {
        struct sah_conversation c = {0};

        take(*state, &c, "accident, leg is bleeding");
        take(*state, &c, more[i]);
        if (step.n_submits != 1 || step.submits[0].kind != SAH_KIND_AMENDMENT)
            fail_msg("no amendment: %s", more[i]);
        assert_string_equal(step.submits[0].u.amendment.part.text, more[i]);
    }
}

static void gas_then_flame_during_a_booking(void **state)
{
    struct sah_conversation c = {0};

    take(*state, &c, "indane gas book cheyali");
    assert_string_equal(step.submits[0].u.request.payload.u.lpg.company, "indane");
    assert_int_equal(step.submit_urgency[0], SAH_URGENCY_BULK);
    take(*state, &c, "wait, gas smell");
    assert_string_equal(step.submits[0].u.request.triage.service, "LPG_LEAK");
    assert_int_equal(step.submits[1].u.amendment.kind, SAH_AMENDMENT_PAUSE);
    take(*state, &c, "found flame");
    assert_int_equal(step.submits[0].kind, SAH_KIND_AMENDMENT);
    assert_int_equal(step.submits[0].u.amendment.kind, SAH_AMENDMENT_TRIAGE);
}

static void a_covert_caller_stays_covert(void **state)
{
    struct sah_conversation c = {0};

    take(*state, &c, "cant talk he is outside the door with knife");
    assert_string_equal(step.submits[0].u.request.triage.service, "HELPLINE_112");
    assert_int_equal(step.n_replies, 1);
    assert_null(strstr(step.replies[0].body, "112"));
}

static int setup(void **state)
{
    struct sah_fault fault = {0};
    struct sah_dialog *dialog = NULL;

    if (sah_dialog_create(SAHAYA_SOURCE_DIR "/adapters/common/phrases", &dialog, &fault) !=
        SAH_OK) {
        sah_fault_print(&fault, stderr);
        return -1;
    }
    *state = dialog;
    return 0;
}

static int teardown(void **state)
{
    sah_dialog_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_words_go_to_their_service_and_are_answered_in_their_script),
        cmocka_unit_test(please_come_after_a_cancel_takes_it_up_again),
        cmocka_unit_test(words_that_could_be_a_cancel_never_leave_as_one),
        cmocka_unit_test(true_cancels_are_asked_back_in_every_language),
        cmocka_unit_test(thanks_are_no_request_and_thanks_with_danger_are_no_thanks),
        cmocka_unit_test(gas_then_flame_during_a_booking),
        cmocka_unit_test(a_covert_caller_stays_covert),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
