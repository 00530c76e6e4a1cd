/* test_obj - texts of error codes, freeing at the end of a scope, and dying of our own
 * mistakes. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <sahaya/err.h>
#include <sahaya/obj.h>

static void every_code_has_its_own_text(void **state)
{
#define AS_CODE(name, value, text) name,
    static const int codes[] = {SAH_OK, SAH_ERRORS(AS_CODE)};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(codes); i++) {
        assert_string_not_equal(sah_strerror(codes[i]), "unknown error");
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(codes[i], codes[k]);
            assert_string_not_equal(sah_strerror(codes[i]), sah_strerror(codes[k]));
        }
    }
    assert_string_equal(sah_strerror(SAH_OK), "ok");
    assert_string_equal(sah_strerror(SAH_EINVAL), "malformed input");
    assert_string_equal(sah_strerror(1), "unknown error");
    assert_string_equal(sah_strerror(-1000), "unknown error");
}

static void a_scope_frees_what_it_marked(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { /* the leak checker is the judge */
        SAH_AUTOFREE char *text = strdup("kept until the brace");
        SAH_AUTOFREE char *nothing = NULL;

        assert_non_null(text);
        assert_null(nothing);
    }
}

struct thing {
    uint32_t magic;
};
#define THING_MAGIC 0x7417a6e5u

static void check_good(void)
{
    struct thing thing = {THING_MAGIC};

    SAH_CHECK(&thing, THING_MAGIC);
    SAH_ASSERT(thing.magic != 0);
}

static void check_stale(void)
{
    struct thing thing = {0};

    SAH_CHECK(&thing, THING_MAGIC);
}

static void check_missing(void)
{
    struct thing *volatile thing = NULL;

    SAH_CHECK(thing, THING_MAGIC);
}

static void assert_wrong(void)
{
    volatile int one = 1;

    SAH_ASSERT(one == 2);
}

/* Runs it in a child; gives its wait status and what it said on standard error. */
static int status_of_child(void (*run)(void), char *said, size_t size)
{
    int ends[2], status;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    got = read(ends[0], said, size - 1);
    assert_true(got >= 0);
    said[got] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void our_own_mistake_stops_the_process(void **state)
{
    static const struct {
        void (*run)(void);
        const char *says; /* NULL: it goes on */
    } cases[] = {
        {check_good, NULL},
        {check_stale, "wanted THING_MAGIC"},
        {check_missing, "wanted THING_MAGIC"},
        {assert_wrong, "one == 2"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char said[512];
        int status = status_of_child(cases[i].run, said, sizeof said);

        if (cases[i].says == NULL) {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            assert_string_equal(said, "");
            continue;
        }
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        assert_non_null(strstr(said, cases[i].says));
        assert_non_null(strstr(said, "at=test_obj.c:")); /* the file without its folder */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_text),
        cmocka_unit_test(a_scope_frees_what_it_marked),
        cmocka_unit_test(our_own_mistake_stops_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
