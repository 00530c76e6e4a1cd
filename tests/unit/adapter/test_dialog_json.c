/* test_dialog_json - conversations and replies as JSON: there and back, and what is not JSON of
 * ours. */
#include "dialog_fake.h"

static void a_conversation_comes_back_as_it_was(void **state)
{
    struct talk *t = talk_begin(state);
    struct sah_conversation back;
    struct sah_buf buf;

    say_words(t, "cylinder for \"guests\" Indane");
    say_words(t, "gas smell");
    say_words(t, "cylinder again");
    tap(t, "lang:ur");
    t->c.revision = 42;
    sah_buf_init(&buf, 65536);
    assert_int_equal(sah_conversation_encode(&t->c, &buf), SAH_OK);
    memset(&back, 0xff, sizeof back);
    assert_int_equal(sah_conversation_decode(buf.data, buf.len, &back), SAH_OK);
    assert_int_equal(back.revision, 42);
    assert_string_equal(back.language, "ur");
    assert_true(back.language_chosen);
    assert_int_equal(back.n_open, t->c.n_open);
    for (unsigned i = 0; i < back.n_open; i++) {
        assert_string_equal(back.open[i].request_id, t->c.open[i].request_id);
        assert_true(sah_id_equal(&back.open[i].message_id, &t->c.open[i].message_id));
        assert_int_equal(back.open[i].sequence, t->c.open[i].sequence);
        assert_int_equal(back.open[i].urgency, t->c.open[i].urgency);
        assert_int_equal(back.open[i].paused, t->c.open[i].paused);
        assert_int_equal(back.open[i].opened_ms, t->c.open[i].opened_ms);
    }
    assert_string_equal(back.asking, t->c.asking);
    sah_buf_fini(&buf);
}

static void a_reply_comes_back_with_its_choices(void **state)
{
    static struct sah_reply back;
    struct talk *t = talk_begin(state);
    struct sah_buf buf;

    tap(t, "menu:main");
    sah_buf_init(&buf, 65536);
    assert_int_equal(sah_reply_encode(&t->step.replies[0], &buf), SAH_OK);
    assert_int_equal(sah_reply_decode(buf.data, buf.len, &back), SAH_OK);
    assert_string_equal(back.body, t->step.replies[0].body);
    assert_string_equal(back.key, t->step.replies[0].key);
    assert_int_equal(back.kind, SAH_REPLY_LIST);
    assert_int_equal(back.n_choices, t->step.replies[0].n_choices);
    assert_string_equal(back.choices[3].title, t->step.replies[0].choices[3].title);
    sah_buf_fini(&buf);
}

/* A message that lies in the journal comes back with all it had: words, place, media, sender. */
static void a_message_comes_back_as_it_came_in(void **state)
{
    static struct sah_incoming in, back;
    static const char words[] = "gas \0 smell \xe0\xb0\x97\n\"quoted\"";
    struct sah_buf buf;

    SAH_UNUSED(state);
    memset(&in, 0, sizeof in);
    in.id.bytes[3] = 9;
    in.kind = SAH_INCOMING_PLACE;
    in.sent_ms = NOW;
    in.received_ms = NOW + 5;
    in.text_len = sizeof words - 1;
    memcpy(in.text, words, sizeof words - 1);
    in.text_broken = true;
    (void)sah_format(in.type_name, sizeof in.type_name, "location");
    (void)sah_format(in.choice, sizeof in.choice, "menu:main");
    (void)sah_format(in.citizen.sender, sizeof in.citizen.sender, "s1");
    (void)sah_format(in.citizen.reply_token, sizeof in.citizen.reply_token, "token");
    in.citizen.comm_pref = SAH_COMM_PREF_TEXT_ONLY;
    in.citizen.vulnerable = SAH_VULNERABLE_PREGNANT;
    in.citizen.often_forwarded = true;
    in.place = (struct sah_place){.method = SAH_METHOD_GPS_PIN,
                                  .has_point = true,
                                  .lat_e7 = -173850000,
                                  .lon_e7 = 784867000,
                                  .radius_m = 70000,
                                  .confidence = 80};
    (void)sah_format(in.place.address, sizeof in.place.address, "by the tank");
    in.n_media = SAH_MEDIA_MAX;
    in.media[9].bytes = 5000000000ULL;
    (void)sah_format(in.media[9].ref, sizeof in.media[9].ref, "m9");
    sah_buf_init(&buf, 65536);
    assert_int_equal(sah_incoming_encode(&in, &buf), SAH_OK);
    memset(&back, 0xff, sizeof back);
    assert_int_equal(sah_incoming_decode(buf.data, buf.len, &back), SAH_OK);
    assert_memory_equal(&in, &back, sizeof in);
    sah_buf_clear(&buf);
    in.text[0] = (char)0xff; /* words are never left out */
    assert_int_equal(sah_incoming_encode(&in, &buf), SAH_EINVAL);
    assert_int_equal(sah_incoming_decode("{}", 2, &back), SAH_EINVAL);
    sah_buf_fini(&buf);
}

static void strange_json_is_refused_or_read_as_far_as_known(void **state)
{
    static const struct {
        const char *json;
        int err;
        unsigned n_open;
    } cases[] = {
        {"", SAH_EINVAL, 0},
        {"[]", SAH_EINVAL, 0},
        {"{", SAH_EINVAL, 0},
        {"{}", SAH_OK, 0},
        {"{\"tomorrow\":{\"a\":[1]},\"open\":[{},{},{},{},{},{}]}", SAH_OK, SAH_OPEN_MAX},
        {"{\"open\":[7,{\"state\":9999,\"urgency\":9,\"request_id\":7}]}", SAH_OK, 1},
        {"{\"open\":{},\"asked\":-1,\"language\":\"a-language-too-long\"}", SAH_OK, 0},
    };

    SAH_UNUSED(state);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_conversation c = {0};

        assert_int_equal(sah_conversation_decode(cases[i].json, strlen(cases[i].json), &c),
                         cases[i].err);
        assert_int_equal(c.n_open, cases[i].n_open);
        assert_true(c.open[0].state < SAH_N_STATES);
        assert_true(c.open[0].urgency <= SAH_URGENCY_BULK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_comes_back_as_it_was),
        cmocka_unit_test(a_reply_comes_back_with_its_choices),
        cmocka_unit_test(a_message_comes_back_as_it_came_in),
        cmocka_unit_test(strange_json_is_refused_or_read_as_far_as_known),
    };

    return cmocka_run_group_tests(tests, dialog_setup, dialog_teardown);
}
