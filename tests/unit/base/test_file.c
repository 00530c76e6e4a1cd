/* test_file - small files as a whole, and secrets out of their files. */
#include "check.h"

#include <sahaya/str.h>

static void a_file_is_read_up_to_its_bound(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};
    struct scratch s;

    (void)state;
    scratch_init(&s);
    for (size_t i = 0; i < SAH_LEN(sizes); i++) {
        char *bytes = malloc(sizes[i] + 1), *data = NULL;
        size_t len = 77;

        assert_non_null(bytes);
        memset(bytes, 'x', sizes[i] + 1);
        scratch_write(&s, "file", bytes, sizes[i]);
        assert_int_equal(sah_read_file(s.path, sizes[i], &data, &len), SAH_OK);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(data, bytes, len);
        assert_int_equal(data[len], '\0');
        free(data);

        data = NULL;
        len = 77;
        scratch_write(&s, "file", bytes, sizes[i] + 1);
        assert_int_equal(sah_read_file(s.path, sizes[i], &data, &len), SAH_ELIMIT);
        assert_null(data);
        assert_int_equal(len, 77);
        free(bytes);
    }
    scratch_fini(&s);
}

static void what_is_no_readable_file_says_why(void **state)
{
    struct scratch s;
    char *data = NULL, below[sizeof s.path + 8];
    size_t len;

    (void)state;
    scratch_init(&s);
    assert_int_equal(sah_read_file(scratch_name(&s, "none"), 10, &data, &len), SAH_ENOENT);
    assert_int_equal(sah_read_file(s.folder, 10, &data, &len), SAH_EIO);
    assert_int_equal(mkfifo(scratch_name(&s, "pipe"), 0600), 0);
    assert_int_equal(sah_read_file(s.path, 10, &data, &len), SAH_EIO); /* and does not wait */
    scratch_write(&s, "file", "x", 1);
    snprintf(below, sizeof below, "%s/none", s.path);
    assert_int_equal(sah_read_file(below, 10, &data, &len), SAH_ENOENT);
    if (geteuid() != 0) { /* root may read everything */
        assert_int_equal(chmod(s.path, 0), 0);
        assert_int_equal(sah_read_file(s.path, 10, &data, &len), SAH_EDENIED);
    }
    assert_null(data);
    scratch_fini(&s);
}

static void a_file_that_hides_its_size_is_read_whole(void **state)
{
    char *data;
    size_t len;

    (void)state;
    assert_int_equal(sah_read_file("/proc/self/status", 1 << 20, &data, &len), SAH_OK);
    assert_true(len > 100); /* stat(2) says 0 */
    assert_memory_equal(data, "Name:", 5);
    free(data);
}

static void a_secret_loses_the_blanks_behind_it(void **state)
{
    static const struct {
        struct sah_slice content;
        int rc;
        struct sah_slice secret;
    } cases[] = {
        {SAH_SLICE("s3cret"), SAH_OK, SAH_SLICE("s3cret")},
        {SAH_SLICE("s3cret\n"), SAH_OK, SAH_SLICE("s3cret")},
        {SAH_SLICE("s3cret \t\r\n\n"), SAH_OK, SAH_SLICE("s3cret")},
        {SAH_SLICE(" in side "), SAH_OK, SAH_SLICE(" in side")},
        {SAH_SLICE("a\0b\0\n"), SAH_OK, SAH_SLICE("a\0b\0")}, /* a binary key keeps its NULs */
        {SAH_SLICE(""), SAH_EINVAL, {NULL, 0}},
        {SAH_SLICE("\n \t\r\n"), SAH_EINVAL, {NULL, 0}},
    };
    struct scratch s;

    (void)state;
    scratch_init(&s);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char *secret = NULL;
        size_t len = 0;

        scratch_write(&s, "secret", cases[i].content.ptr, cases[i].content.len);
        assert_int_equal(sah_read_secret(s.path, &secret, &len), cases[i].rc);
        assert_true(sah_slice_equal((struct sah_slice){secret, len}, cases[i].secret));
        free(secret);
    }
    scratch_fini(&s);
}

static void a_secret_is_small(void **state)
{
    static char much[16 * 1024 + 1];
    struct scratch s;
    char *secret = NULL;
    size_t len;

    (void)state;
    scratch_init(&s);
    memset(much, 'x', sizeof much);
    scratch_write(&s, "secret", much, sizeof much);
    assert_int_equal(sah_read_secret(s.path, &secret, &len), SAH_ELIMIT);
    assert_int_equal(sah_read_secret(scratch_name(&s, "none"), &secret, &len), SAH_ENOENT);
    assert_null(secret);
    scratch_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_up_to_its_bound),
        cmocka_unit_test(what_is_no_readable_file_says_why),
        cmocka_unit_test(a_file_that_hides_its_size_is_read_whole),
        cmocka_unit_test(a_secret_loses_the_blanks_behind_it),
        cmocka_unit_test(a_secret_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
