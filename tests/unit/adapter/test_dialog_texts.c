/* test_dialog_texts - a folder of reply texts with a fault is refused, with file, line and key.
 */
#include "dialog_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dialog_services.h"

static const char *const files[] = {"te.yaml", "hi.yaml", "ur.yaml", "en.yaml",
                                    "services.yaml"};

/* Copies the real folder to `folder`, replacing one line that begins with `key` in one file. */
static void copy_folder(const char *folder, const char *file, const char *key, const char *line)
{
    for (size_t i = 0; i < SAH_LEN(files); i++) {
        char path[512], *text;
        size_t len;
        FILE *out;

        (void)snprintf(path, sizeof path, PHRASES "/replies/%s", files[i]);
        assert_int_equal(sah_read_file(path, 1 << 20, &text, &len), SAH_OK);
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        out = fopen(path, "w");
        assert_non_null(out);
        for (char *p = text; *p != '\0';) {
            size_t n = strcspn(p, "\n");
            bool hit = strcmp(files[i], file) == 0 && strncmp(p, key, strlen(key)) == 0;

            if (hit)
                (void)fprintf(out, "%s\n", line);
            else
                (void)fprintf(out, "%.*s\n", (int)n, p);
            p += n + (p[n] == '\n');
        }
        assert_int_equal(fclose(out), 0);
        free(text);
    }
}

static int load(const char *folder, struct sah_fault *fault)
{
    struct services *services = NULL;
    struct texts *texts = NULL;
    int err = texts_load(folder, &texts, fault);

    if (err == SAH_OK)
        err = services_load(folder, texts, &services, fault);
    services_destroy(services);
    texts_destroy(texts);
    return err;
}

static void a_fault_is_refused_with_file_and_key(void **state)
{
    static const struct {
        const char *file, *key, *line, *fault_key;
        bool has_line;
    } cases[] = {
        {"hi.yaml", "line.ref:", "", "line.ref", false},
        {"hi.yaml", "line.ref:", "line.ref: \"no placeholder\"", "line.ref", true},
        {"ur.yaml", "line.ref:", "line.ref: \"{nonsense}\"", "line.ref", true},
        {"en.yaml", "line.ref:", "line.ref: \"{ref\"", "line.ref", true},
        {"te.yaml", "title.yes:", "title.yes: \"123456789012345678901\"", "title.yes", true},
        {"te.yaml", "title.yes:", "title.yes: \"y\"\nmore.unheard: \"x\"", "more.unheard",
         true},
        {"en.yaml", "event.closed:", "", "event.closed", false},
        {"services.yaml", "  - {services: [AMBULANCE_108], text",
         "  - {services: [X], text: no.such, approved_by: none}", "text", true},
        {"services.yaml", "  - {id: hp", "  - {id: hp, says: HP, colour: red}", "colour", true},
    };
    char folder[] = "/tmp/sahaya-texts-XXXXXX";

    SAH_UNUSED(state);
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_fault fault = {0};

        copy_folder(folder, cases[i].file, cases[i].key, cases[i].line);
        assert_int_not_equal(load(folder, &fault), SAH_OK);
        assert_non_null(strstr(fault.file, cases[i].file));
        assert_string_equal(fault.key, cases[i].fault_key);
        assert_int_equal(fault.line > 0, cases[i].has_line);
        assert_string_not_equal(fault.text, "");
    }
    copy_folder(folder, "", "", "");
    assert_int_equal(load(folder, &(struct sah_fault){0}), SAH_OK);
    for (size_t i = 0; i < SAH_LEN(files); i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void numbers_are_ascii_digits_in_every_language(void **state)
{
    struct texts *texts = NULL;
    struct sah_fault fault;

    SAH_UNUSED(state);
    assert_int_equal(texts_load(PHRASES "/replies", &texts, &fault), SAH_OK);
    for (unsigned i = 0; i < texts_count(texts); i++)
        for (unsigned l = 0; l < TEXT_N_LANGUAGES; l++) {
            const unsigned char *p = (const unsigned char *)texts_raw(texts, l, (int)i);

            assert_true(sah_utf8_valid((const char *)p, strlen((const char *)p)));
            for (; p[0] != 0 && p[1] != 0; p++) {
                assert_false(p[0] == 0xe0 && (p[1] == 0xa5 || p[1] == 0xb1) && p[2] >= 0xa6 &&
                             p[2] <= 0xaf);
                assert_false(p[0] == 0xdb && p[1] >= 0xb0 && p[1] <= 0xb9);
            }
        }
    texts_destroy(texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_refused_with_file_and_key),
        cmocka_unit_test(numbers_are_ascii_digits_in_every_language),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
