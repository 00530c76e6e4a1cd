/* test_conf - the settings: what may be left out, what is refused by name. */
#include "sample.h"

#include <unistd.h>

#include "conf.h"

static char folder[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    assert_int_equal(sah_format(path, sizeof path, "%s/%s", folder, name), SAH_OK);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(sah_format(folder, sizeof folder, "/tmp/sah-conf-XXXXXX"), SAH_OK);
    assert_non_null(mkdtemp(folder));
    write_file("secret", "made-up\n");
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"secret", "w.yaml"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < SAH_LEN(names); i++) {
        assert_int_equal(sah_format(path, sizeof path, "%s/%s", folder, names[i]), SAH_OK);
        unlink(path);
    }
    return rmdir(folder);
}

#define REQUIRED                                                                      \
    "app_secret_file: secret\nverify_token_file: secret\naccess_token_file: secret\n" \
    "redis_socket: r.sock\nemergency_bus: ipc://e\nbulk_bus: ipc://b\nphrases: phrases\n"

static int load(const char *text, struct sah_wa_conf *conf, struct sah_fault *fault)
{
    size_t n;
    const struct sah_conf_row *rows = sah_wa_conf_rows(&n);
    char path[128];
    int err;

    write_file("w.yaml", text);
    assert_int_equal(sah_format(path, sizeof path, "%s/w.yaml", folder), SAH_OK);
    memset(fault, 0, sizeof *fault);
    err = sah_conf_load(path, rows, n, conf, fault);
    return err == SAH_OK ? sah_wa_conf_check(conf, path, fault) : err;
}

static void defaults_fill_what_is_left_out(void **state)
{
    struct sah_wa_conf conf;
    struct sah_fault fault;

    (void)state;
    assert_int_equal(load(REQUIRED, &conf, &fault), SAH_OK);
    assert_string_equal(conf.listen_address, "127.0.0.1");
    assert_int_equal(conf.listen_port, 8080);
    assert_int_equal(conf.ops_port, 8070);
    assert_string_equal(conf.graph_url, "http://127.0.0.1:8099/graph");
    assert_string_equal(conf.graph_version, "v23.0");
    assert_string_equal(conf.accounts, "");
    assert_int_equal(conf.send_max, 32);
}

static void faults_name_their_key(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {
        {REQUIRED "graph_url: ftp://x\n", "graph_url"},
        {REQUIRED "graph_url: https://x/\n", "graph_url"},
        {REQUIRED "graph_url: \"\"\n", "graph_url"},
        {REQUIRED "graph_version: 23\n", "graph_version"},
        {REQUIRED "accounts: \"1,x\"\n", "accounts"},
        {REQUIRED "log_level: loud\n", "log_level"},
        {REQUIRED "listen_port: 65536\n", "listen_port"},
        {REQUIRED "send_max: 0\n", "send_max"},
        {REQUIRED "colour: red\n", "colour"},
        {REQUIRED "app_secret_old_file: absent\n", "app_secret_old_file"},
        {"app_secret_file: secret\nverify_token_file: secret\naccess_token_file: secret\n"
         "redis_socket: r.sock\nemergency_bus: tcp://e\nbulk_bus: ipc://b\nphrases: p\n",
         "emergency_bus"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_wa_conf conf;
        struct sah_fault fault;

        assert_int_not_equal(load(cases[i].text, &conf, &fault), SAH_OK);
        assert_string_equal(fault.key, cases[i].key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_fill_what_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_name_their_key, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
