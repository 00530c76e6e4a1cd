/* test_conf - settings as rows: defaults, each kind of fault, all or nothing, help and sample.
 */
#include "check.h"

#include "conf_sample.h"

static int load(struct scratch *s, const char *text, struct settings *settings,
                struct sah_fault *fault)
{
    scratch_write(s, "t.yaml", text, strlen(text));
    return sah_conf_load(s->path, rows, SAH_LEN(rows), settings, fault);
}

static void defaults_stand_where_the_file_is_silent(void **state)
{
    struct scratch s;
    struct settings settings;
    struct sah_fault fault;
    char wanted[128];

    (void)state;
    scratch_init(&s);
    memset(&settings, 0x5a, sizeof settings);
    assert_int_equal(load(&s, "name: a\n", &settings, &fault), SAH_OK);
    assert_string_equal(settings.name, "a");
    assert_string_equal(settings.listen, "127.0.0.1:80");
    assert_int_equal(settings.wait_ms, 250);
    assert_int_equal(settings.offset, -3);
    assert_false(settings.quiet);
    assert_string_equal(settings.note, "");
    snprintf(wanted, sizeof wanted, "%s/data/a \"b\".yaml", s.folder);
    assert_string_equal(settings.data, wanted);
    assert_string_equal(settings.token, "");
    scratch_fini(&s);
}

static void the_file_says_otherwise(void **state)
{
    struct scratch s;
    struct settings settings;
    struct sah_fault fault;
    char wanted[192];

    (void)state;
    scratch_init(&s);
    scratch_write(&s, "token", "s3cret\n", 7);
    assert_int_equal(chmod(s.path, 0644), 0); /* a lab's file may be world-readable */
    assert_int_equal(load(&s,
                          "token_file: token\nquiet: true\nwait_ms: 60000\noffset: 10\n"
                          "name: fifteen letters\nlisten: x\nnote: \"\"\ndata_file: /a/b\n",
                          &settings, &fault),
                     SAH_OK);
    assert_string_equal(settings.name, "fifteen letters");
    assert_int_equal(settings.wait_ms, 60000);
    assert_int_equal(settings.offset, 10);
    assert_true(settings.quiet);
    assert_string_equal(settings.data, "/a/b");
    snprintf(wanted, sizeof wanted, "%s/token", s.folder);
    assert_string_equal(settings.token, wanted); /* the path, not the secret */
    scratch_fini(&s);
}

static const struct {
    const char *text;
    int rc;
    unsigned line;
    const char *key, *says;
} refused[] = {
    {"name: a\nwait: 5\n", SAH_EINVAL, 2, "wait", "unknown key 'wait'"},
    {"name: a\n\nwiat_ms: 5\n", SAH_EINVAL, 3, "wiat_ms", "did you mean 'wait_ms'?"},
    {"listen: x\n", SAH_EINVAL, 0, "name", "is missing and has no default; add a line 'name: "},
    {"", SAH_EINVAL, 0, "name", "(what it is called)"},
    {"name:\n", SAH_EINVAL, 1, "name", "is empty; write a value (what it is called)"},
    {"name: a\nlisten: ''\n", SAH_EINVAL, 2, "listen", "for example 127.0.0.1:80"},
    {"name: a\nwait_ms: 0\n", SAH_EINVAL, 2, "wait_ms",
     "must be 1..60000 (ms); write for example 250"},
    {"name: a\nwait_ms: 60001\n", SAH_EINVAL, 2, "wait_ms", "must be 1..60000 (ms)"},
    {"name: a\nwait_ms: 5s\n", SAH_EINVAL, 2, "wait_ms", "must be 1..60000 (ms)"},
    {"name: a\nwait_ms:\n", SAH_EINVAL, 2, "wait_ms",
     "is empty; write a value, for example 250"},
    {"name: a\noffset: -11\n", SAH_EINVAL, 2, "offset",
     "must be -10..10; write for example -3"},
    {"name: a\nquiet: yes\n", SAH_EINVAL, 2, "quiet", "must be true or false; write for "},
    {"name: a\nwait_ms: [5]\n", SAH_EINVAL, 2, "wait_ms", "must be one value, not a list"},
    {"name: {a: b}\n", SAH_EINVAL, 1, "name", "must be one value, not a map"},
    {"name: sixteen letters!\n", SAH_ELIMIT, 1, "name", "at most 15 bytes"},
    {"- name\n", SAH_EINVAL, 1, "", "must be a map"},
    {"name: a\nname: b\n", SAH_EINVAL, 2, "name", "written twice"},
    {"name: [a\n", SAH_EINVAL, 2, "", "YAML syntax"},
    {"name: a\ntoken_file: none\n", SAH_ENOENT, 2, "token_file",
     "/none' is missing; write the secret into it, mode 0600"},
    {"name: a\ntoken_file: t.yaml/x\n", SAH_ENOENT, 2, "token_file", "/t.yaml/x' is missing"},
    {"name: a\ntoken_file: empty\n", SAH_EINVAL, 2, "token_file",
     "/empty' is empty; write the secret into it, mode 0600"},
    {"name: a\ntoken_file: .\n", SAH_EIO, 2, "token_file", "make it a plain file"},
};

static void each_fault_names_file_line_key_and_remedy(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    scratch_write(&s, "empty", "\n", 1);
    for (size_t i = 0; i < SAH_LEN(refused); i++) {
        struct settings settings, untouched;
        struct sah_fault fault = {0};
        int rc;

        memset(&settings, 0x5a, sizeof settings);
        untouched = settings;
        rc = load(&s, refused[i].text, &settings, &fault);
        if (rc != refused[i].rc || fault.line != refused[i].line ||
            strcmp(fault.key, refused[i].key) != 0 ||
            strstr(fault.text, refused[i].says) == NULL)
            fail_msg("case %zu: rc %d, line %u, key '%s': %s", i, rc, fault.line, fault.key,
                     fault.text);
        assert_string_equal(fault.file, s.path);
        assert_memory_equal(&settings, &untouched, sizeof settings); /* all or nothing */
    }
    scratch_fini(&s);
}

static void a_missing_file_and_a_long_path_are_faults(void **state)
{
    struct scratch s;
    struct settings settings;
    struct sah_fault fault = {0};
    char text[256];

    (void)state;
    scratch_init(&s);
    assert_int_equal(
        sah_conf_load(scratch_name(&s, "none"), rows, SAH_LEN(rows), &settings, &fault),
        SAH_ENOENT);
    assert_string_equal(fault.file, s.path);
    snprintf(text, sizeof text, "name: a\ndata_file: %0120d\n", 0);
    assert_int_equal(load(&s, text, &settings, &fault), SAH_ELIMIT);
    assert_int_equal(fault.line, 2);
    assert_non_null(strstr(fault.text, "path is too long; at most 127 bytes"));
    scratch_fini(&s);
}

static void a_settings_file_without_folder_leaves_paths_as_they_are(void **state)
{
    struct scratch s;
    struct settings settings;
    struct sah_fault fault;
    char *home = getcwd(NULL, 0);

    (void)state;
    assert_non_null(home);
    scratch_init(&s);
    scratch_write(&s, "t.yaml", "name: a\n", 8);
    assert_int_equal(chdir(s.folder), 0);
    assert_int_equal(sah_conf_load("t.yaml", rows, SAH_LEN(rows), &settings, &fault), SAH_OK);
    assert_int_equal(chdir(home), 0);
    assert_string_equal(settings.data, "data/a \"b\".yaml");
    free(home);
    scratch_fini(&s);
}

/* What `print` says; the caller frees it.
 */
static void printed(void (*print)(const struct sah_conf_row *, size_t, FILE *),
                    const struct sah_conf_row *which, size_t n, char **ret_text)
{
    size_t len;
    FILE *out = open_memstream(ret_text, &len);

    assert_non_null(out);
    print(which, n, out);
    assert_int_equal(fclose(out), 0);
}

static void help_shows_each_row(void **state)
{
    char *text = NULL;

    (void)state;
    printed(sah_conf_help, rows, SAH_LEN(rows), &text);
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        assert_non_null(strstr(text, rows[i].name));
        assert_non_null(strstr(text, rows[i].help));
    }
    assert_non_null(strstr(text, "(required)"));
    assert_non_null(strstr(text, "1..60000 (ms)"));
    assert_non_null(strstr(text, "path of a secret file"));
    free(text);
}

/* The sample is refused only for its open required lines; with them filled it is the defaults.
 */
static void the_sample_is_the_defaults(void **state)
{
    char *text = NULL;
    struct scratch s;
    struct settings settings, from_defaults;
    struct sah_fault fault;
    struct sah_buf filled;
    const char *open_line;
    size_t open_at;

    (void)state;
    printed(sah_conf_sample, rows, SAH_LEN(rows), &text);
    open_line = strstr(text, "name:\n");
    assert_non_null(open_line);
    open_at = (size_t)(open_line - text);
    memset(&settings, 0, sizeof settings);
    memset(&from_defaults, 0, sizeof from_defaults);
    scratch_init(&s);
    assert_int_equal(load(&s, text, &settings, &fault), SAH_EINVAL);
    assert_string_equal(fault.key, "name");
    sah_buf_init(&filled, 10000);
    sah_buf_add(&filled, text, open_at);
    sah_buf_add_text(&filled, "name: a\n");
    sah_buf_add_text(&filled, text + open_at + strlen("name:\n"));
    assert_int_equal(load(&s, filled.data, &settings, &fault), SAH_OK);
    assert_int_equal(load(&s, "name: a\n", &from_defaults, &fault), SAH_OK);
    assert_memory_equal(&settings, &from_defaults, sizeof settings);
    sah_buf_fini(&filled);
    free(text);
    scratch_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_where_the_file_is_silent),
        cmocka_unit_test(the_file_says_otherwise),
        cmocka_unit_test(each_fault_names_file_line_key_and_remedy),
        cmocka_unit_test(a_missing_file_and_a_long_path_are_faults),
        cmocka_unit_test(a_settings_file_without_folder_leaves_paths_as_they_are),
        cmocka_unit_test(help_shows_each_row),
        cmocka_unit_test(the_sample_is_the_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
