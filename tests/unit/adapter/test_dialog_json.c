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
        cmocka_unit_test(strange_json_is_refused_or_read_as_far_as_known),
    };

    return cmocka_run_group_tests(tests, dialog_setup, dialog_teardown);
}
