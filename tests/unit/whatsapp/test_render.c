/* test_render - replies as the Graph API wants them, within its limits. */
#include "sample.h"

#include "render.h"
#include "trim.h"

static struct sah_reply reply;
static struct sah_render_notes notes;

/* Every text given here is shorter than the smallest field. */
static void put(char *dst, const char *text)
{
    assert_int_equal(sah_copy(dst, SAH_CHOICE_SIZE, text, strlen(text)), SAH_OK);
}

static void fresh(enum sah_reply_kind kind)
{
    memset(&reply, 0, sizeof reply);
    reply.kind = kind;
    put(reply.key, "r1");
    put(reply.account, ACCOUNT);
    put(reply.reply_token, "to:910000000001");
    put(reply.body, "Hello");
}

static void choose(unsigned at, const char *id, const char *title, const char *description)
{
    put(reply.choices[at].id, id);
    put(reply.choices[at].title, title);
    put(reply.choices[at].description, description);
    reply.n_choices = at + 1;
}

static json_t *render(void)
{
    struct sah_buf buf;
    json_t *root;

    sah_buf_init(&buf, SAH_RENDER_MAX_BYTES);
    assert_int_equal(sah_render(&reply, &buf, &notes), SAH_OK);
    root = json_loadb(buf.data, buf.len, 0, NULL);
    assert_non_null(root);
    sah_buf_fini(&buf);
    return root;
}

static void renders_as(const char *expected)
{
    json_t *root = render(), *want = json_loads(expected, 0, NULL);
    char *text = json_dumps(root, JSON_COMPACT);

    assert_non_null(want);
    if (!json_equal(root, want))
        assert_string_equal(text, expected);
    free(text);
    json_decref(want);
    json_decref(root);
}

#define HEAD                                                                        \
    "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":" \
    "\"910000000001\","                                                             \
    "\"biz_opaque_callback_data\":\"r1\","

static void text_has_words_recipient_and_key(void **state)
{
    (void)state;
    fresh(SAH_REPLY_TEXT);
    renders_as(HEAD "\"type\":\"text\",\"text\":{\"body\":\"Hello\",\"preview_url\":false}}");
    put(reply.quote, "wamid.X");
    renders_as(HEAD
               "\"context\":{\"message_id\":\"wamid.X\"},\"type\":\"text\",\"text\":{\"body\":"
               "\"Hello\",\"preview_url\":false}}");
    assert_int_equal(notes.cuts, 0);
    assert_false(notes.degraded);
}

static void a_sender_without_number_is_the_recipient(void **state)
{
    json_t *root;

    (void)state;
    fresh(SAH_REPLY_TEXT);
    put(reply.reply_token, "recipient:IN.abc123");
    root = render();
    assert_string_equal(json_string_value(json_object_get(root, "recipient")), "IN.abc123");
    assert_null(json_object_get(root, "to"));
    json_decref(root);
}

static void buttons(void **state)
{
    (void)state;
    fresh(SAH_REPLY_BUTTONS);
    choose(0, "svc:A", "Ambulance", "");
    choose(1, "svc:F", "Fire", "");
    renders_as(
        HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"button\",\"body\":{\"text\":"
             "\"Hello\"},\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{\"id\":"
             "\"svc:A\",\"title\":\"Ambulance\"}},{\"type\":\"reply\",\"reply\":{\"id\":"
             "\"svc:F\",\"title\":\"Fire\"}}]}}}");
}

static void list(void **state)
{
    (void)state;
    fresh(SAH_REPLY_LIST);
    put(reply.button, "Services");
    choose(0, "svc:A", "Ambulance", "108");
    choose(1, "svc:F", "Fire", "");
    renders_as(
        HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"list\",\"body\":{\"text\":"
             "\"Hello\"},\"action\":{\"button\":\"Services\",\"sections\":[{\"rows\":[{\"id\":"
             "\"svc:A\",\"title\":\"Ambulance\",\"description\":\"108\"},{\"id\":\"svc:F\","
             "\"title\":\"Fire\"}]}]}}}");
}

static void asking_for_a_place(void **state)
{
    (void)state;
    fresh(SAH_REPLY_ASK_PLACE);
    renders_as(
        HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"location_request_message\","
             "\"body\":{\"text\":\"Hello\"},\"action\":{\"name\":\"send_location\"}}}");
}

static void a_link(void **state)
{
    (void)state;
    fresh(SAH_REPLY_LINK);
    put(reply.button, "Track");
    put(reply.url, "https://example.org/t/1");
    renders_as(
        HEAD
        "\"type\":\"interactive\",\"interactive\":{\"type\":\"cta_url\",\"body\":{\"text\":"
        "\"Hello\"},\"action\":{\"name\":\"cta_url\",\"parameters\":{\"display_text\":"
        "\"Track\",\"url\":\"https://example.org/t/1\"}}}}");
}

static void what_cannot_have_its_form_goes_out_in_a_simpler_one(void **state)
{
    (void)state;
    fresh(SAH_REPLY_BUTTONS);
    renders_as(HEAD "\"type\":\"text\",\"text\":{\"body\":\"Hello\",\"preview_url\":false}}");
    assert_true(notes.degraded);

    fresh(SAH_REPLY_LINK);
    put(reply.url, "http://example.org/");
    put(reply.button, "Track");
    renders_as(HEAD "\"type\":\"text\",\"text\":{\"body\":\"Hello\\nhttp://example.org/\","
                    "\"preview_url\":false}}");
    assert_true(notes.degraded);

    fresh(SAH_REPLY_BUTTONS);
    for (unsigned i = 0; i < 4; i++)
        choose(i, "x", "Same", "");
    renders_as(
        HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"list\",\"body\":{\"text\":"
             "\"Hello\"},\"action\":{\"button\":\"☰\",\"sections\":[{\"rows\":[{\"id\":\"x\","
             "\"title\":\"Same\"},{\"id\":\"x\",\"title\":\"Same 2\"},{\"id\":\"x\",\"title\":"
             "\"Same 3\"},{\"id\":\"x\",\"title\":\"Same 4\"}]}]}}}");
    assert_true(notes.degraded);
}

/* n times a Telugu cluster of two code points: "కి" */
static void clusters(char *dst, size_t n)
{
    dst[0] = '\0';
    for (size_t i = 0; i < n; i++)
        memcpy(dst + i * 6, "\xe0\xb0\x95\xe0\xb0\xbf", 7);
}

static void limits_count_characters_and_cut_between_clusters(void **state)
{
    json_t *root, *interactive, *row;
    const char *text;

    (void)state;
    fresh(SAH_REPLY_LIST);
    clusters(reply.body, 600);                  /* 1200 code points of 1024 */
    clusters(reply.button, 11);                 /* 22 of 20 */
    clusters(reply.choices[0].title, 13);       /* 26 of 24 */
    clusters(reply.choices[0].description, 37); /* 74 of 72 */
    put(reply.choices[0].id, "x");
    reply.n_choices = 1;
    root = render();
    interactive = json_object_get(root, "interactive");
    text = json_string_value(json_object_get(json_object_get(interactive, "body"), "text"));
    assert_int_equal(sah_utf8_count(text, strlen(text)), 1024);
    text = json_string_value(json_object_get(json_object_get(interactive, "action"), "button"));
    assert_int_equal(sah_utf8_count(text, strlen(text)), 20);
    row = json_array_get(
        json_object_get(
            json_array_get(json_object_get(json_object_get(interactive, "action"), "sections"),
                           0),
            "rows"),
        0);
    text = json_string_value(json_object_get(row, "title"));
    assert_int_equal(sah_utf8_count(text, strlen(text)), 24);
    text = json_string_value(json_object_get(row, "description"));
    assert_int_equal(sah_utf8_count(text, strlen(text)), 72);
    assert_int_equal(notes.cuts, 4);
    json_decref(root);
}

static void a_cut_never_tears_a_cluster(void **state)
{
    static const struct {
        const char *text;
        size_t points, bytes;
    } cases[] = {
        {"abc", 3, 3},
        {"abc", 2, 2},
        {"abc", 0, 0},
        {"", 5, 0},
        {"\xe0\xb0\x95\xe0\xb0\xbf\xe0\xb0\x95\xe0\xb0\xbf", 3,
         6},                                                      /* two of two: one is left */
        {"\xe0\xb0\x95\xe0\xb0\xbf", 1, 3},                       /* a first cluster too long */
        {"ab\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x92", 4, 2}, /* woman + joiner + engine */
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_int_equal(sah_trim(cases[i].text, strlen(cases[i].text), cases[i].points),
                         cases[i].bytes);
}

static void titles_still_differ_after_the_cut(void **state)
{
    json_t *root, *rows;

    (void)state;
    fresh(SAH_REPLY_BUTTONS);
    choose(0, "a", "The same beginning of one", "");
    choose(1, "b", "The same beginning of two", "");
    root = render();
    rows = json_object_get(json_object_get(json_object_get(root, "interactive"), "action"),
                           "buttons");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_array_get(rows, 0), "reply"), "title")),
                        "The same beginning o");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_array_get(rows, 1), "reply"), "title")),
                        "The same beginnin 2");
    json_decref(root);
}

static void what_cannot_be_sent_is_said(void **state)
{
    static const struct {
        const char *token, *body;
    } cases[] = {
        {"to:910000000001", ""},
        {"", "x"},
        {"to:", "x"},
        {"to:91 00", "x"},
        {"recipient:a/b", "x"},
        {"910000000001", "x"},
        {"to:910000000001", "\xff"},
        {"to:910000000001", "a\xe0\xb0"},
    };
    static const enum sah_reply_kind forms[] = {SAH_REPLY_TEXT, SAH_REPLY_BUTTONS,
                                                SAH_REPLY_LIST, SAH_REPLY_ASK_PLACE};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        for (size_t k = 0; k < SAH_LEN(forms); k++) {
            struct sah_buf buf;

            fresh(forms[k]);
            choose(0, "a", "A", "");
            put(reply.reply_token, cases[i].token);
            put(reply.body, cases[i].body);
            sah_buf_init(&buf, SAH_RENDER_MAX_BYTES);
            assert_int_equal(sah_render(&reply, &buf, &notes), SAH_EINVAL);
            sah_buf_fini(&buf);
        }
    }
    fresh(SAH_REPLY_LIST);
    choose(0, "a", "A\xff", "");
    choose(1, "b", "B", "\xff");
    for (unsigned n = 2; n > 0; n--) {
        struct sah_buf buf;

        reply.n_choices = n;
        sah_buf_init(&buf, SAH_RENDER_MAX_BYTES);
        assert_int_equal(sah_render(&reply, &buf, &notes), SAH_EINVAL);
        sah_buf_fini(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_words_recipient_and_key),
        cmocka_unit_test(a_sender_without_number_is_the_recipient),
        cmocka_unit_test(buttons),
        cmocka_unit_test(list),
        cmocka_unit_test(asking_for_a_place),
        cmocka_unit_test(a_link),
        cmocka_unit_test(what_cannot_have_its_form_goes_out_in_a_simpler_one),
        cmocka_unit_test(limits_count_characters_and_cut_between_clusters),
        cmocka_unit_test(a_cut_never_tears_a_cluster),
        cmocka_unit_test(titles_still_differ_after_the_cut),
        cmocka_unit_test(what_cannot_be_sent_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
