/* test_yaml - trees with line numbers, and everything that is refused, with its line. */
#include "check.h"

#include <sahaya/conf.h>

static struct sah_yaml_doc *parse(const char *text)
{
    struct sah_yaml_doc *doc = NULL;
    struct sah_fault fault;

    if (sah_yaml_parse("t.yaml", text, strlen(text), &doc, &fault) != SAH_OK)
        fail_msg("%u: %s: %s", fault.line, fault.key, fault.text);
    return doc;
}

static void a_tree_keeps_order_kinds_and_lines(void **state)
{
    struct sah_yaml_doc *doc = parse("# head\n"
                                     "name: \"సహాయ\"\n"
                                     "\n"
                                     "list:\n"
                                     "  - one\n"
                                     "  - {a: 1, b: 2}\n"
                                     "  - [x, y, z]\n"
                                     "folded: >\n"
                                     "  two\n"
                                     "  lines\n"
                                     "empty:\n");
    const struct sah_yaml *root = sah_yaml_root(doc);
    const struct sah_yaml *list = sah_yaml_get(root, "list"), *item;

    (void)state;
    assert_string_equal(sah_yaml_file(doc), "t.yaml");
    assert_int_equal(root->kind, SAH_YAML_MAP);
    assert_int_equal(root->line, 2);
    assert_int_equal(root->count, 4);
    assert_null(root->key);
    assert_string_equal(root->first->key, "name");
    assert_string_equal(root->first->value.ptr, "సహాయ");
    assert_int_equal(root->first->value.len, strlen("సహాయ"));

    assert_int_equal(list->kind, SAH_YAML_LIST);
    assert_int_equal(list->line, 4); /* the line of its key */
    assert_int_equal(list->count, 3);
    item = list->first;
    assert_string_equal(item->value.ptr, "one");
    assert_int_equal(item->line, 5);
    assert_null(item->key);
    item = item->next;
    assert_int_equal(item->line, 6);
    assert_string_equal(sah_yaml_get(item, "b")->value.ptr, "2");
    item = item->next;
    assert_int_equal(item->count, 3);
    assert_null(item->next);

    assert_string_equal(sah_yaml_get(root, "folded")->value.ptr, "two lines\n");
    assert_int_equal(sah_yaml_get(root, "folded")->line, 8);
    assert_int_equal(sah_yaml_get(root, "empty")->value.len, 0);
    assert_int_equal(sah_yaml_get(root, "empty")->line, 11);
    assert_null(sah_yaml_get(root, "nam"));
    assert_null(sah_yaml_get(list, "one"));
    assert_null(sah_yaml_get(NULL, "one"));
    sah_yaml_destroy(doc);
    sah_yaml_destroy(NULL);
}

static void an_empty_file_is_an_empty_map(void **state)
{
    static const char *const cases[] = {"", "\n\n", "# only a comment\n", "\xEF\xBB\xBF"};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_yaml_doc *doc = parse(cases[i]);

        assert_int_equal(sah_yaml_root(doc)->kind, SAH_YAML_MAP);
        assert_int_equal(sah_yaml_root(doc)->count, 0);
        sah_yaml_destroy(doc);
    }
}

static void a_byte_order_mark_and_dos_lines_are_read(void **state)
{
    struct sah_yaml_doc *doc = parse("\xEF\xBB\xBF"
                                     "a: 1\r\nb: 2\r\n");

    (void)state;
    assert_string_equal(sah_yaml_get(sah_yaml_root(doc), "a")->value.ptr, "1");
    assert_string_equal(sah_yaml_get(sah_yaml_root(doc), "b")->value.ptr, "2");
    assert_int_equal(sah_yaml_get(sah_yaml_root(doc), "b")->line, 2);
    sah_yaml_destroy(doc);
}

static const struct {
    struct sah_slice text;
    int rc;
    unsigned line;
    const char *key, *says;
} refused[] = {
    {SAH_SLICE("a: &x 1\n"), SAH_EINVAL, 1, "a", "anchors"},
    {SAH_SLICE("a: &x [1]\n"), SAH_EINVAL, 1, "a", "anchors"},
    {SAH_SLICE("a:\n  b: &x {c: 1}\n"), SAH_EINVAL, 2, "b", "anchors"},
    {SAH_SLICE("a: 1\nb: *x\n"), SAH_EINVAL, 2, "b", "aliases"},
    {SAH_SLICE("*x : 1\n"), SAH_EINVAL, 1, "", "aliases"},
    {SAH_SLICE("a: !!str 1\n"), SAH_EINVAL, 1, "a", "tags"},
    {SAH_SLICE("a: 1\nb: !mine [1]\n"), SAH_EINVAL, 2, "b", "tags"},
    {SAH_SLICE("--- !!map\na: 1\n"), SAH_EINVAL, 1, "", "tags"},
    {SAH_SLICE("a: ! x\n"), SAH_EINVAL, 1, "a", "tags"},
    {SAH_SLICE("%TAG ! tag:x,2000:\n---\na: 1\n"), SAH_EINVAL, 1, "", "tags"},
    {SAH_SLICE("a: 1\nb: 2\na: 3\n"), SAH_EINVAL, 3, "a", "is written twice, first on line 1"},
    {SAH_SLICE("x:\n  a: 1\n  \"a\": 3\n"), SAH_EINVAL, 3, "a", "twice, first on line 2"},
    {SAH_SLICE("b: 1\na: 1\nb: 2\na: 2\n"), SAH_EINVAL, 3, "b", "twice, first on line 1"},
    {SAH_SLICE("- {a: 1, a: 2}\n"), SAH_EINVAL, 1, "a", "twice"},
    {SAH_SLICE("? [a]\n: 1\n"), SAH_EINVAL, 1, "", "a name must be text"},
    {SAH_SLICE("? {a: 1}\n: 1\n"), SAH_EINVAL, 1, "", "a name must be text"},
    {SAH_SLICE("a: 1\n\"\": 2\n"), SAH_EINVAL, 2, "", "a name is missing"},
    {SAH_SLICE("a: \"x\\0y\"\n"), SAH_EINVAL, 1, "a", "NUL"},
    {SAH_SLICE("\"x\\0y\": a\n"), SAH_EINVAL, 1, "", "NUL"},
    {SAH_SLICE("a: 1\n---\nb: 1\n"), SAH_EINVAL, 2, "", "second document"},
    {SAH_SLICE("a: 1\nb: \xFF\n"), SAH_EINVAL, 2, "", "not UTF-8"},
    {SAH_SLICE("a: 1\nb: 2\n\nc: \xE0\xB0\n"), SAH_EINVAL, 4, "", "not UTF-8"},
    {SAH_SLICE("a: 1\0\n"), SAH_EINVAL, 1, "", "not UTF-8"},
    {SAH_SLICE("\xFF\xFE"
               "a\0:\0"),
     SAH_EINVAL, 1, "", "not UTF-8"},
    {SAH_SLICE("a: 1\nb: \x01\n"), SAH_EINVAL, 2, "", "YAML syntax: control characters"},
    {SAH_SLICE("a: 1\n b: 2\n"), SAH_EINVAL, 2, "", "YAML syntax"},
    {SAH_SLICE("a: 1\nb: [1, 2\nc: 3\n"), SAH_EINVAL, 3, "", "YAML syntax"},
    {SAH_SLICE("a: 1\n\tb: 2\n"), SAH_EINVAL, 2, "", "YAML syntax"},
    {SAH_SLICE("a: 1\nb: \"open\n"), SAH_EINVAL, 3, "", "YAML syntax"},
    {SAH_SLICE("a: 'x' y\n"), SAH_EINVAL, 1, "", "YAML syntax"},
    {SAH_SLICE("a: \"\\ud800\"\n"), SAH_EINVAL, 1, "", "YAML syntax"},
    {SAH_SLICE("a: 1\nb: @x\n"), SAH_EINVAL, 2, "", "YAML syntax"},
    {SAH_SLICE("a: 1\njust words\n"), SAH_EINVAL, 3, "", "YAML syntax"},
    {SAH_SLICE("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n"), SAH_ELIMIT, 1, "", "16 deep"},
};

static void what_is_refused_says_line_key_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAH_LEN(refused); i++) {
        struct sah_yaml_doc *doc = NULL;
        struct sah_fault fault = {0};
        int rc =
            sah_yaml_parse("t.yaml", refused[i].text.ptr, refused[i].text.len, &doc, &fault);

        if (rc != refused[i].rc || fault.line != refused[i].line ||
            strcmp(fault.key, refused[i].key) != 0 ||
            strstr(fault.text, refused[i].says) == NULL)
            fail_msg("case %zu: rc %d, line %u, key '%s': %s", i, rc, fault.line, fault.key,
                     fault.text);
        assert_null(doc);
        assert_string_equal(fault.file, "t.yaml");
    }
}

static void sixteen_deep_is_the_bound(void **state)
{
    struct sah_buf text;
    struct sah_yaml_doc *doc = NULL;
    struct sah_fault fault;

    (void)state;
    sah_buf_init(&text, 10000);
    for (int depth = 0; depth < 16; depth++)
        sah_buf_addf(&text, "%*sk:\n", depth, "");
    sah_buf_addf(&text, "%*sleaf\n", 16, "");
    assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault), SAH_OK);
    sah_yaml_destroy(doc);

    sah_buf_clear(&text);
    doc = NULL;
    for (int depth = 0; depth < 17; depth++)
        sah_buf_addf(&text, "%*sk:\n", depth, "");
    sah_buf_addf(&text, "%*sleaf\n", 17, "");
    assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault), SAH_ELIMIT);
    assert_int_equal(fault.line, 17);
    assert_null(doc);
    sah_buf_fini(&text);
}

static void a_long_name_is_refused(void **state)
{
    struct sah_buf text;
    struct sah_fault fault;
    struct sah_yaml_doc *doc = NULL;

    (void)state;
    for (int len = 1024; len <= 1025; len++) {
        sah_buf_init(&text, 10000);
        sah_buf_addf(&text, "? %0*d\n: 1\n", len, 7);
        if (len == 1024) {
            assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault), SAH_OK);
            sah_yaml_destroy(doc);
        } else {
            assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault),
                             SAH_ELIMIT);
            assert_non_null(strstr(fault.text, "1024 bytes"));
        }
        sah_buf_fini(&text);
    }
}

/* A map of very many names is checked for duplicates in bounded time, and the values counted.
 */
static void large_maps_are_read_and_too_large_ones_refused(void **state)
{
    struct sah_buf text;
    struct sah_fault fault;
    struct sah_yaml_doc *doc = NULL;

    (void)state;
    sah_buf_init(&text, 4u << 20);
    for (unsigned i = 0; i < 50000; i++)
        sah_buf_addf(&text, "k%u: 1\n", i);
    assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault), SAH_OK);
    assert_int_equal(sah_yaml_root(doc)->count, 50000);
    sah_yaml_destroy(doc);
    sah_buf_addf(&text, "k777: 2\n");
    assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault), SAH_EINVAL);
    assert_int_equal(fault.line, 50001);
    assert_non_null(strstr(fault.text, "first on line 778"));

    sah_buf_clear(&text);
    sah_buf_add_text(&text, "[");
    for (unsigned i = 0; i < 500000; i++)
        sah_buf_add_text(&text, i % 1000 == 999 ? "a,\n" : "a,");
    sah_buf_add_text(&text, "]");
    assert_false(text.failed);
    assert_int_equal(sah_yaml_parse("t", text.data, text.len, &doc, &fault), SAH_ELIMIT);
    assert_non_null(strstr(fault.text, "500000 values"));
    sah_buf_fini(&text);
}

static void files_are_loaded_or_say_why_not(void **state)
{
    static char much[(4u << 20) + 1];
    struct scratch s;
    struct sah_fault fault;
    struct sah_yaml_doc *doc = NULL;

    (void)state;
    scratch_init(&s);
    scratch_write(&s, "good.yaml", "a: 1\n", 5);
    assert_int_equal(sah_yaml_load(s.path, &doc, &fault), SAH_OK);
    assert_string_equal(sah_yaml_file(doc), s.path);
    sah_yaml_destroy(doc);

    doc = NULL;
    assert_int_equal(sah_yaml_load(scratch_name(&s, "none"), &doc, &fault), SAH_ENOENT);
    assert_string_equal(fault.file, s.path);
    assert_int_equal(fault.line, 0);
    assert_non_null(strstr(fault.text, "no such file"));
    assert_int_equal(sah_yaml_load(s.folder, &doc, &fault), SAH_EIO);
    assert_non_null(strstr(fault.text, "cannot be read as a file"));

    memset(much, '#', sizeof much);
    scratch_write(&s, "much.yaml", much, sizeof much);
    assert_int_equal(sah_yaml_load(s.path, &doc, &fault), SAH_ELIMIT);
    assert_non_null(strstr(fault.text, "4 MiB"));
    assert_int_equal(sah_yaml_parse("t", much, sizeof much, &doc, &fault), SAH_ELIMIT);
    assert_non_null(strstr(fault.text, "4 MiB"));
    assert_null(doc);
    assert_int_equal(sah_yaml_parse("t", much, sizeof much - 1, &doc, &fault), SAH_OK);
    sah_yaml_destroy(doc);
    scratch_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_keeps_order_kinds_and_lines),
        cmocka_unit_test(an_empty_file_is_an_empty_map),
        cmocka_unit_test(a_byte_order_mark_and_dos_lines_are_read),
        cmocka_unit_test(what_is_refused_says_line_key_and_why),
        cmocka_unit_test(sixteen_deep_is_the_bound),
        cmocka_unit_test(a_long_name_is_refused),
        cmocka_unit_test(large_maps_are_read_and_too_large_ones_refused),
        cmocka_unit_test(files_are_loaded_or_say_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
