/*
 * sahaya-standin - plays the Graph API and any number of agencies, for demonstration, tests and
 * benchmarks. Its settings, its life.
 */
#include <string.h>

#include <sahaya/conf.h>

#include "standin.h"

#define PROGRAM "sahaya-standin"

struct conf {
    char listen_address[64];
    int64_t listen_port;
    char webhook_url[512];
    char app_secret_file[1024], access_token_file[1024], agencies_secrets[1024];
    int64_t person_after_ms, step_ms;
    char log_level[8];
};

#define AT(member) offsetof(struct conf, member), sizeof(((struct conf *)0)->member)
static const struct sah_conf_row rows[] = {
    {"listen_address", SAH_CONF_TEXT, AT(listen_address), "127.0.0.1", 0, 0, "",
     "where it listens; it is no program for the open net"},
    {"listen_port", SAH_CONF_NUMBER, AT(listen_port), "8099", 0, 65535, "port",
     "port of the same; 0 takes a free one and logs it"},
    {"webhook_url", SAH_CONF_TEXT, AT(webhook_url), "", 0, 0, "",
     "where sent, delivered, read are posted; empty = nowhere"},
    {"app_secret_file", SAH_CONF_SECRET, AT(app_secret_file), "", 0, 0, "",
     "signs those; needed when webhook_url is set"},
    {"access_token_file", SAH_CONF_SECRET, AT(access_token_file), NULL, 0, 0, "",
     "the bearer token that the Graph API demands"},
    {"agencies_secrets", SAH_CONF_FILE, AT(agencies_secrets), "", 0, 0, "",
     "folder with <agency>.secret (checks deliveries) and <agency>.token (for statuses)"},
    {"person_after_ms", SAH_CONF_NUMBER, AT(person_after_ms), "1500", 0, 3600000, "ms",
     "from the machine's answer to a person's"},
    {"step_ms", SAH_CONF_NUMBER, AT(step_ms), "1500", 0, 3600000, "ms",
     "from one state to the next"},
    {"log_level", SAH_CONF_TEXT, AT(log_level), "info", 0, 0, "", "debug, info, warn or error"},
};

static int check(const struct conf *conf, const char *path, enum sah_log_level *ret_level)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    struct sah_fault fault = {0};

    for (size_t i = 0; i < SAH_LEN(levels); i++) {
        if (strcmp(levels[i], conf->log_level) != 0)
            continue;
        *ret_level = (enum sah_log_level)i;
        if (conf->webhook_url[0] == '\0' || conf->app_secret_file[0] != '\0')
            return SAH_OK;
        sah_fault_set(&fault, path, 0, "app_secret_file",
                      "is needed to sign what goes to webhook_url; write the path of a file");
        sah_fault_print(&fault, stderr);
        return SAH_EINVAL;
    }
    sah_fault_set(&fault, path, 0, "log_level", "must be debug, info, warn or error");
    sah_fault_print(&fault, stderr);
    return SAH_EINVAL;
}

static void on_stop(void *data, int signal)
{
    SAH_UNUSED(signal);
    sah_loop_stop(data);
}

static int run(const struct conf *conf, struct sah_log *log, struct sah_loop *loop)
{
    const struct sah_standin_settings settings = {
        .listen_address = conf->listen_address,
        .listen_port = (uint16_t)conf->listen_port,
        .webhook_url = conf->webhook_url,
        .app_secret_file = conf->app_secret_file,
        .access_token_file = conf->access_token_file,
        .agencies_secrets = conf->agencies_secrets,
        .person_after_ms = (uint32_t)conf->person_after_ms,
        .step_ms = (uint32_t)conf->step_ms,
        .log = log,
    };
    struct sah_standin *standin = NULL;
    int err = sah_loop_on_stop_signal(loop, on_stop, loop);

    if (err == SAH_OK)
        err = sah_standin_create(loop, &settings, &standin);
    if (err != SAH_OK) {
        sah_error(log, "event=standin.start_failed port=%d err=\"%s\"%s",
                  (int)conf->listen_port, sah_strerror(err),
                  err == SAH_EEXIST ? " do=\"choose another listen_port\"" : "");
        return 1;
    }
    sah_info(log, "event=standin.started port=%u", sah_standin_port(standin));
    sah_loop_run(loop);
    sah_info(log, "event=standin.stopped");
    sah_standin_destroy(standin);
    return 0;
}

int main(int argc, char **argv)
{
    static struct conf conf;
    struct sah_log *log = NULL;
    struct sah_loop *loop = NULL;
    char path[1024];
    enum sah_log_level level;
    bool check_only = false;
    int exit_code = 1;

    if (sah_conf_main(argc, argv, PROGRAM,
                      "plays the Graph API and the agencies, for demonstration and tests", rows,
                      SAH_LEN(rows), &conf, path, sizeof path, &check_only,
                      &exit_code) != SAH_OK)
        return exit_code;
    if (check(&conf, path, &level) != SAH_OK)
        return 2;
    if (check_only) {
        printf("%s: good\n", path);
        return 0;
    }
    exit_code = 1;
    if (sah_log_create(PROGRAM, stderr, level, &log) == SAH_OK &&
        sah_loop_create(&loop) == SAH_OK)
        exit_code = run(&conf, log, loop);
    sah_loop_destroy(loop);
    sah_log_destroy(log);
    return exit_code;
}
