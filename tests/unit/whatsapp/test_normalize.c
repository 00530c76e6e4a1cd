/* test_normalize - each sample message becomes the right channel-neutral one, or says why not.
 */
#include "sample.h"

#include <sahaya/digest.h>

#include "normalize.h"

#define SHA_HEX \
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" /* of "test" */

static struct sah_incoming in;
static struct sah_wa_notes notes;
static const char *why;

static int normalize_sample(const char *name)
{
    struct sah_parsed parsed;
    int err;

    sample_parse(name, &parsed);
    assert_int_equal(parsed.n_updates, 1);
    assert_int_equal(parsed.updates[0].kind, SAH_UPDATE_MESSAGE);
    why = NULL;
    err = sah_normalize(&parsed.updates[0], RECEIVED_MS, parsed.repaired, &in, &notes, &why);
    sah_parsed_fini(&parsed);
    return err;
}

static const struct {
    const char *sample;
    enum sah_incoming_kind kind;
    enum sah_wa_type type;
    const char *text, *choice, *media, *mime;
} kinds[] = {
    {"text", SAH_INCOMING_TEXT, SAH_WA_TYPE_text, "my father has chest pain", "", "", ""},
    {"text_te", SAH_INCOMING_TEXT, SAH_WA_TYPE_text, "మా నాన్నకి గుండె నొప్పి", "", "", ""},
    {"text_ur_escaped", SAH_INCOMING_TEXT, SAH_WA_TYPE_text, "آگ لگ گئی 🔥", "", "", ""},
    {"text_reply", SAH_INCOMING_TEXT, SAH_WA_TYPE_text, "yes", "", "", ""},
    {"text_referral", SAH_INCOMING_TEXT, SAH_WA_TYPE_text, "hello", "", "", ""},
    {"text_empty", SAH_INCOMING_OTHER, SAH_WA_TYPE_text, "", "", "", ""},
    {"text_group", SAH_INCOMING_SILENT, SAH_WA_TYPE_text, "help", "", "", ""},
    {"image", SAH_INCOMING_MEDIA, SAH_WA_TYPE_image, "house on fire", "",
     "media:555000000000001", "image/jpeg"},
    {"video", SAH_INCOMING_MEDIA, SAH_WA_TYPE_video, "", "", "media:555000000000001",
     "video/mp4"},
    {"audio", SAH_INCOMING_MEDIA, SAH_WA_TYPE_audio, "", "", "media:555000000000001",
     "audio/ogg; codecs=opus"},
    {"voice", SAH_INCOMING_MEDIA, SAH_WA_TYPE_voice, "", "", "media:555000000000001",
     "audio/ogg"},
    {"document", SAH_INCOMING_MEDIA, SAH_WA_TYPE_document, "report", "",
     "media:555000000000001", "application/pdf"},
    {"sticker", SAH_INCOMING_OTHER, SAH_WA_TYPE_sticker, "", "", "media:555000000000001",
     "image/webp"},
    {"location", SAH_INCOMING_PLACE, SAH_WA_TYPE_location, "", "", "", ""},
    {"contacts_answer", SAH_INCOMING_CONTACT, SAH_WA_TYPE_contacts, "", "", "", ""},
    {"contacts_answer_typed", SAH_INCOMING_CONTACT, SAH_WA_TYPE_contacts, "", "", "", ""},
    {"contacts_shared", SAH_INCOMING_OTHER, SAH_WA_TYPE_contacts, "", "", "", ""},
    {"reaction", SAH_INCOMING_SILENT, SAH_WA_TYPE_reaction, "", "", "", ""},
    {"reaction_removed", SAH_INCOMING_SILENT, SAH_WA_TYPE_reaction, "", "", "", ""},
    {"button_reply", SAH_INCOMING_CHOICE, SAH_WA_TYPE_interactive, "", "svc:AMBULANCE_108", "",
     ""},
    {"list_reply", SAH_INCOMING_CHOICE, SAH_WA_TYPE_interactive, "", "svc:LPG_BOOKING", "", ""},
    {"button_reply_strange", SAH_INCOMING_TEXT, SAH_WA_TYPE_interactive, "Fire at my house", "",
     "", ""},
    {"nfm_reply", SAH_INCOMING_OTHER, SAH_WA_TYPE_interactive, "", "", "", ""},
    {"call_permission", SAH_INCOMING_SILENT, SAH_WA_TYPE_interactive, "", "", "", ""},
    {"interactive_empty", SAH_INCOMING_OTHER, SAH_WA_TYPE_interactive, "", "", "", ""},
    {"interactive_absent", SAH_INCOMING_OTHER, SAH_WA_TYPE_interactive, "", "", "", ""},
    {"button", SAH_INCOMING_CHOICE, SAH_WA_TYPE_button, "", "svc:FIRE_101", "", ""},
    {"button_strange", SAH_INCOMING_TEXT, SAH_WA_TYPE_button, "Yes please!", "", "", ""},
    {"order", SAH_INCOMING_OTHER, SAH_WA_TYPE_order, "", "", "", ""},
    {"system", SAH_INCOMING_SILENT, SAH_WA_TYPE_system, "", "", "", ""},
    {"edit", SAH_INCOMING_TEXT, SAH_WA_TYPE_edit, "house number 5, not 6", "", "", ""},
    {"edit_caption", SAH_INCOMING_SILENT, SAH_WA_TYPE_edit, "", "", "", ""},
    {"revoke", SAH_INCOMING_SILENT, SAH_WA_TYPE_revoke, "", "", "", ""},
    {"unsupported", SAH_INCOMING_OTHER, SAH_WA_TYPE_unsupported, "", "", "", ""},
    {"request_welcome", SAH_INCOMING_OTHER, SAH_WA_TYPE_request_welcome, "", "", "", ""},
    {"unknown", SAH_INCOMING_OTHER, SAH_WA_TYPE_unknown, "", "", "", ""},
    {"invented", SAH_INCOMING_OTHER, SAH_WA_TYPE_other, "", "", "", ""},
};

static void every_type_becomes_its_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAH_LEN(kinds); i++) {
        assert_int_equal(normalize_sample(kinds[i].sample), SAH_OK);
        assert_int_equal(in.kind, kinds[i].kind);
        assert_int_equal(notes.type, kinds[i].type);
        assert_string_equal(in.text, kinds[i].text);
        assert_int_equal(in.text_len, strlen(kinds[i].text));
        assert_string_equal(in.choice, kinds[i].choice);
        assert_string_equal(in.media[0].ref, kinds[i].media);
        assert_string_equal(in.media[0].mime, kinds[i].mime);
        assert_string_equal(in.media[0].sha256, kinds[i].media[0] != '\0' ? SHA_HEX : "");
        assert_int_equal(in.n_media, kinds[i].media[0] != '\0');
        assert_int_equal(in.received_ms, RECEIVED_MS);
        assert_string_equal(in.citizen.channel, "whatsapp");
        assert_string_equal(in.citizen.account, ACCOUNT);
        assert_string_equal(in.citizen.channel_message, "wamid.TEST0001");
        assert_false(in.text_broken);
        assert_false(in.text_cut);
    }
}

static void type_names_are_plain_words(void **state)
{
    (void)state;
    assert_int_equal(normalize_sample("invented"), SAH_OK);
    assert_string_equal(in.type_name, "_ologram_3_");
    assert_int_equal(normalize_sample("request_welcome"), SAH_OK);
    assert_string_equal(in.type_name, "request_welcome");
}

static void broken_messages_say_why(void **state)
{
    static const struct {
        const char *sample, *why;
    } cases[] = {
        {"bad_no_id", "no_id"},
        {"bad_id_number", "no_id"},
        {"bad_no_sender", "no_sender"},
        {"bad_sender_words", "no_sender"},
        {"bad_text_number", "bad_text"},
        {"bad_text_absent", "bad_text"},
        {"bad_type_number", "no_type"},
        {"bad_type_absent", "no_type"},
        {"bad_location_words", "bad_location"},
        {"bad_location_nan", "bad_location"},
        {"bad_media_id", "bad_media"},
        {"bad_choice_id", "bad_choice"},
        {"bad_no_account", "no_account"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        assert_int_equal(normalize_sample(cases[i].sample), SAH_EINVAL);
        assert_string_equal(why, cases[i].why);
    }
}

static void senders_are_known_by_number_or_by_id(void **state)
{
    static const struct {
        const char *sample, *sender, *callback, *token, *name;
        bool no_phone;
    } cases[] = {
        {"text", "wa:910000000001", "+910000000001", "to:910000000001", "Made Up", false},
        {"text_no_contacts", "wa:910000000001", "+910000000001", "to:910000000001", "", false},
        {"text_both_ids", "wa:910000000001", "+910000000001", "to:910000000001", "Made Up",
         false},
        {"text_bsuid", "bsuid:IN.abcDEF123", "", "recipient:IN.abcDEF123", "Made Up", true},
        {"text_bsuid_known", "wa:910000000001", "+910000000001", "to:910000000001", "Made Up",
         false},
        {"contacts_answer", "bsuid:IN.abcDEF123", "+910000000002", "recipient:IN.abcDEF123",
         "Made Up", true},
        {"contacts_answer_typed", "wa:910000000001", "+910000000003", "to:910000000001",
         "Made Up", false},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        assert_int_equal(normalize_sample(cases[i].sample), SAH_OK);
        assert_string_equal(in.citizen.sender, cases[i].sender);
        assert_string_equal(in.citizen.callback, cases[i].callback);
        assert_string_equal(in.citizen.reply_token, cases[i].token);
        assert_string_equal(in.citizen.name, cases[i].name);
        assert_int_equal(notes.no_phone, cases[i].no_phone);
    }
}

static void times_are_read_in_every_form(void **state)
{
    static const struct {
        const char *sample;
        int64_t sent_ms;
        bool absurd;
    } cases[] = {
        {"text", SENT_MS, false},
        {"text_number_time", SENT_MS, false},
        {"text_ms_time", SENT_MS + 500, false},
        {"text_absurd_time", RECEIVED_MS, true},
        {"text_no_time", RECEIVED_MS, true},
        {"text_word_time", RECEIVED_MS, true},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        assert_int_equal(normalize_sample(cases[i].sample), SAH_OK);
        assert_int_equal(in.sent_ms, cases[i].sent_ms);
        assert_int_equal(notes.time_absurd, cases[i].absurd);
    }
}

static void pins_are_checked(void **state)
{
    static const struct {
        const char *sample;
        bool has_point;
        int32_t lat_e7, lon_e7;
        const char *landmark, *address;
    } cases[] = {
        {"location", true, 173850440, 784866710, "Charminar", "Hyderabad"},
        {"location_strings", true, 173850440, 784866710, "", ""},
        {"location_zero", false, 0, 0, "", ""},
        {"location_range", false, 0, 0, "Somewhere", ""},
        {"location_south_west", true, -900000000, -1800000000, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        assert_int_equal(normalize_sample(cases[i].sample), SAH_OK);
        assert_int_equal(in.kind, SAH_INCOMING_PLACE);
        assert_int_equal(in.place.has_point, cases[i].has_point);
        assert_int_equal(in.place.lat_e7, cases[i].lat_e7);
        assert_int_equal(in.place.lon_e7, cases[i].lon_e7);
        assert_string_equal(in.place.landmark, cases[i].landmark);
        assert_string_equal(in.place.address, cases[i].address);
        assert_int_equal(in.place.method, SAH_METHOD_GPS_PIN);
        assert_int_equal(in.place.observed_ms, SENT_MS);
    }
}

static void forwarded_messages_are_marked(void **state)
{
    (void)state;
    assert_int_equal(normalize_sample("text_forwarded"), SAH_OK);
    assert_true(in.citizen.forwarded);
    assert_false(in.citizen.often_forwarded);
    assert_int_equal(normalize_sample("text_forwarded_often"), SAH_OK);
    assert_true(in.citizen.forwarded);
    assert_true(in.citizen.often_forwarded);
    assert_int_equal(normalize_sample("text"), SAH_OK);
    assert_false(in.citizen.forwarded);
}

static void the_id_follows_from_channel_account_and_message(void **state)
{
    const struct sah_slice parts[] = {SAH_SLICE("whatsapp"), SAH_SLICE(ACCOUNT),
                                      SAH_SLICE("wamid.TEST0001")};
    struct sah_id want;

    (void)state;
    assert_int_equal(sah_digest_id(parts, SAH_LEN(parts), &want), SAH_OK);
    assert_int_equal(normalize_sample("text"), SAH_OK);
    assert_true(sah_id_equal(&in.id, &want));
    assert_int_equal(normalize_sample("image"), SAH_OK);
    assert_true(sah_id_equal(&in.id, &want)); /* the same wamid is the same message */
}

/* One text message with this body, as JSON source. */
static void normalize_body(const char *body)
{
    static char json[70000];
    struct sah_parsed parsed;

    assert_int_equal(
        sah_format(
            json, sizeof json,
            "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
            "\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"1\"},\"messages\":[{"
            "\"id\":\"w\",\"from\":\"910000000001\",\"type\":\"text\",\"text\":{\"body\":\"%"
            "s\"}"
            "}]}}]}]}",
            body),
        SAH_OK);
    assert_int_equal(sah_parse_webhook(json, strlen(json), &parsed, &why), SAH_OK);
    assert_int_equal(
        sah_normalize(&parsed.updates[0], RECEIVED_MS, parsed.repaired, &in, &notes, &why),
        SAH_OK);
    sah_parsed_fini(&parsed);
}

static void long_and_broken_texts_are_kept_as_far_as_they_go(void **state)
{
    static char text[4 * SAH_TEXT_MAX];
    size_t len = 0;

    (void)state;
    while (len + 3 < sizeof text) {
        memcpy(text + len, "\xe0\xb0\x95", 3);
        len += 3;
    }
    normalize_body(text);
    assert_true(in.text_cut);
    assert_int_equal(in.text_len, SAH_TEXT_MAX / 3 * 3); /* at a character's edge */
    assert_true(sah_utf8_valid(in.text, in.text_len));

    normalize_body("a\\u0000b");
    assert_true(in.text_broken);
    assert_string_equal(in.text, "a\xef\xbf\xbd"
                                 "b");

    normalize_body("help \\ud83d");
    assert_true(in.text_broken);
    assert_string_equal(in.text, "help \xef\xbf\xbd");

    normalize_body("line\\none");
    assert_false(in.text_broken);
    assert_string_equal(in.text, "line\none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_becomes_its_kind),
        cmocka_unit_test(type_names_are_plain_words),
        cmocka_unit_test(broken_messages_say_why),
        cmocka_unit_test(senders_are_known_by_number_or_by_id),
        cmocka_unit_test(times_are_read_in_every_form),
        cmocka_unit_test(pins_are_checked),
        cmocka_unit_test(forwarded_messages_are_marked),
        cmocka_unit_test(the_id_follows_from_channel_account_and_message),
        cmocka_unit_test(long_and_broken_texts_are_kept_as_far_as_they_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
