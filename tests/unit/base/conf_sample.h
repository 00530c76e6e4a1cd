/*
 * conf_sample - a settings struct with one row of each kind, for test_conf and test_conf_main.
 */
#ifndef SAHAYA_TESTS_BASE_CONF_SAMPLE_H
#define SAHAYA_TESTS_BASE_CONF_SAMPLE_H

#include <sahaya/conf.h>

struct settings {
    char name[16];
    char listen[32];
    int64_t wait_ms;
    int64_t offset;
    bool quiet;
    char note[8];
    char data[128];
    char token[128];
};

#define AT(member)   offsetof(struct settings, member)
#define SIZE(member) sizeof(((struct settings *)0)->member)

static const struct sah_conf_row rows[] = {
    {"name", SAH_CONF_TEXT, AT(name), SIZE(name), NULL, 0, 0, "", "what it is called"},
    {"listen", SAH_CONF_TEXT, AT(listen), SIZE(listen), "127.0.0.1:80", 0, 0, "", "address"},
    {"wait_ms", SAH_CONF_NUMBER, AT(wait_ms), 0, "250", 1, 60000, "ms", "longest wait"},
    {"offset", SAH_CONF_NUMBER, AT(offset), 0, "-3", -10, 10, "", "a shift"},
    {"quiet", SAH_CONF_BOOL, AT(quiet), 0, "false", 0, 0, "", "say less"},
    {"note", SAH_CONF_TEXT, AT(note), SIZE(note), "", 0, 0, "", "a remark"},
    {"data_file", SAH_CONF_FILE, AT(data), SIZE(data), "data/a \"b\".yaml", 0, 0, "",
     "the data"},
    {"token_file", SAH_CONF_SECRET, AT(token), SIZE(token), "", 0, 0, "", "the token"},
};

#endif
