/* test_conf_main - the command line of every program: what it prints, where, and how it exits.
 */
#include "check.h"

#include <fcntl.h>

#include "conf_sample.h"

#define ARGS_MAX 6

struct outcome {
    int rc, exit_code;
    bool check_only;
    struct settings settings;
    char path[160], out[8192], err[2048];
};

/* Turns a standard stream into a file for the time of a call; returns the old descriptor. */
static int redirect(struct scratch *s, const char *name, int fd)
{
    int old = dup(fd), file;

    assert_true(old >= 0);
    file = open(scratch_name(s, name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(dup2(file, fd), fd);
    close(file);
    return old;
}

static void take_back(int fd, int old, char *text, size_t size)
{
    ssize_t got;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    got = read(fd, text, size - 1);
    assert_int_equal(dup2(old, fd), fd);
    close(old);
    assert_true(got >= 0);
    text[got] = '\0';
}

static void run(struct scratch *s, const char *const *args, struct outcome *o)
{
    char *argv[ARGS_MAX + 2] = {(char *)"prog"};
    int argc = 1, old_out, old_err;

    while (args[argc - 1] != NULL) {
        argv[argc] = (char *)args[argc - 1];
        argc++;
    }
    memset(o, 0, sizeof *o);
    fflush(stdout);
    old_out = redirect(s, "out", STDOUT_FILENO);
    old_err = redirect(s, "err", STDERR_FILENO);
    o->exit_code = 77;
    o->rc =
        sah_conf_main(argc, argv, "sahaya-test", "tests the command line", rows, SAH_LEN(rows),
                      &o->settings, o->path, sizeof o->path, &o->check_only, &o->exit_code);
    fflush(stdout);
    take_back(STDERR_FILENO, old_err, o->err, sizeof o->err);
    take_back(STDOUT_FILENO, old_out, o->out, sizeof o->out);
}

static void help_and_version_are_printed_and_good(void **state)
{
    struct scratch s;
    struct outcome o;

    (void)state;
    scratch_init(&s);
    run(&s, (const char *const[]){"--help", NULL}, &o);
    assert_int_equal(o.rc, SAH_ECANCELED);
    assert_int_equal(o.exit_code, 0);
    assert_string_equal(o.err, "");
    assert_non_null(strstr(o.out, "sahaya-test - tests the command line"));
    assert_non_null(strstr(o.out, "usage: sahaya-test --config FILE"));
    assert_non_null(strstr(o.out, "--check-config"));
    assert_non_null(strstr(o.out, "1..60000 (ms)"));

    run(&s, (const char *const[]){"--version", NULL}, &o);
    assert_int_equal(o.rc, SAH_ECANCELED);
    assert_int_equal(o.exit_code, 0);
    assert_string_equal(o.err, "");
    assert_string_equal(o.out, "sahaya-test " SAHAYA_VERSION "\n");
    scratch_fini(&s);
}

static void wrong_usage_goes_to_standard_error_and_exits_2(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        const char *says;
    } cases[] = {
        {{NULL}, "missing option '--config'"},
        {{"--check-config", NULL}, "missing option '--config'"},
        {{"--config", NULL}, "a file name must follow '--config'"},
        {{"--config=", NULL}, "a file name must follow '--config'"},
        {{"--config", "", NULL}, "a file name must follow '--config'"},
        {{"--config", "a", "--config", "b", NULL}, "given twice: '--config'"},
        {{"--confg", "a", NULL}, "unknown option '--confg'"},
        {{"--configure", NULL}, "unknown option '--configure'"},
        {{"settings.yaml", NULL}, "unknown option 'settings.yaml'"},
        {{"-h", NULL}, "unknown option '-h'"},
        {{"--wrong", "--help", NULL}, "unknown option '--wrong'"},
    };
    struct scratch s;

    (void)state;
    scratch_init(&s);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct outcome o;

        run(&s, cases[i].args, &o);
        assert_int_equal(o.rc, SAH_ECANCELED);
        assert_int_equal(o.exit_code, 2);
        assert_string_equal(o.out, "");
        assert_non_null(strstr(o.err, cases[i].says));
        assert_non_null(strstr(o.err, "usage: sahaya-test"));
    }
    scratch_fini(&s);
}

static void good_settings_are_loaded(void **state)
{
    struct scratch s;
    struct outcome o;
    char path[sizeof s.path], option[sizeof s.path + 16];

    (void)state;
    scratch_init(&s);
    scratch_write(&s, "t.yaml", "name: a\n", 8);
    snprintf(path, sizeof path, "%s", s.path);
    snprintf(option, sizeof option, "--config=%s", path);

    run(&s, (const char *const[]){"--config", path, NULL}, &o);
    assert_int_equal(o.rc, SAH_OK);
    assert_false(o.check_only);
    assert_string_equal(o.settings.name, "a");
    assert_string_equal(o.path, path);
    assert_string_equal(o.out, "");
    assert_string_equal(o.err, "");

    run(&s, (const char *const[]){"--check-config", option, NULL}, &o);
    assert_int_equal(o.rc, SAH_OK);
    assert_true(o.check_only);
    assert_string_equal(o.settings.name, "a");
    assert_string_equal(o.path, path);
    scratch_fini(&s);
}

static void bad_settings_are_told_and_exit_2(void **state)
{
    struct scratch s;
    struct outcome o;
    char path[sizeof s.path], wanted[sizeof s.path + 64];

    (void)state;
    scratch_init(&s);
    scratch_write(&s, "t.yaml", "name: a\nlisten_: x\n", 19);
    snprintf(path, sizeof path, "%s", s.path);
    for (int i = 0; i < 2; i++) {
        run(&s, (const char *const[]){"--config", path, i == 0 ? "--check-config" : NULL, NULL},
            &o);
        assert_int_equal(o.rc, SAH_ECANCELED);
        assert_int_equal(o.exit_code, 2);
        assert_string_equal(o.out, "");
        snprintf(wanted, sizeof wanted, "%s:2: listen_: unknown key 'listen_'; did you mean",
                 path);
        assert_non_null(strstr(o.err, wanted));
        assert_string_equal(o.path, "");
        assert_string_equal(o.settings.name, "");
    }
    scratch_fini(&s);
}

static void a_path_longer_than_its_buffer_is_refused(void **state)
{
    struct scratch s;
    struct outcome o;
    char path[sizeof o.path + 1];

    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    scratch_init(&s);
    run(&s, (const char *const[]){"--config", path, NULL}, &o);
    assert_int_equal(o.rc, SAH_ECANCELED);
    assert_int_equal(o.exit_code, 2);
    assert_non_null(strstr(o.err, "the path is too long"));
    scratch_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version_are_printed_and_good),
        cmocka_unit_test(wrong_usage_goes_to_standard_error_and_exits_2),
        cmocka_unit_test(good_settings_are_loaded),
        cmocka_unit_test(bad_settings_are_told_and_exit_2),
        cmocka_unit_test(a_path_longer_than_its_buffer_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
