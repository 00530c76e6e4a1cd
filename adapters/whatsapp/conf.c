/*
 * conf - settings rows, and the checks over several of them. See conf.h.
 */
#include "conf.h"

#include <string.h>

#define AT(member) \
    offsetof(struct sah_wa_conf, member), sizeof(((struct sah_wa_conf *)0)->member)
#define TEXT(member, value, help)                                 \
    {                                                             \
#member, SAH_CONF_TEXT, AT(member), value, 0, 0, "", help \
    }
#define PATH(member, value, help)                                 \
    {                                                             \
#member, SAH_CONF_FILE, AT(member), value, 0, 0, "", help \
    }
#define SECRET(member, value, help)                                 \
    {                                                               \
#member, SAH_CONF_SECRET, AT(member), value, 0, 0, "", help \
    }
#define NUMBER(member, value, min, max, help)                           \
    {                                                                   \
#member, SAH_CONF_NUMBER, AT(member), value, min, max, "", help \
    }

static const struct sah_conf_row rows[] = {
    TEXT(listen_address, "127.0.0.1",
         "where the webhook listens; a proxy with TLS stands before it"),
    NUMBER(listen_port, "8080", 0, 65535,
           "port of the webhook; 0 takes a free one and logs it"),
    TEXT(ops_address, "127.0.0.1",
         "where health, metrics and the quarantine are; unix:/path works"),
    NUMBER(ops_port, "8070", 0, 65535,
           "port of the ops listener; 0 takes a free one and logs it"),
    SECRET(app_secret_file, NULL, "the app secret: signs every webhook"),
    SECRET(app_secret_old_file, "",
           "a second app secret that is good as well, during a rotation"),
    SECRET(verify_token_file, NULL, "the token of the verification GET"),
    SECRET(access_token_file, NULL,
           "the token for the Graph API; read again when the file changes"),
    SECRET(admin_token_file, "",
           "bearer token for the quarantine; empty = only over a unix socket"),
    TEXT(graph_url, "http://127.0.0.1:8099/graph",
         "base URL of the Graph API, without a last slash"),
    TEXT(graph_version, "v23.0", "version of the Graph API"),
    TEXT(accounts, "", "phone_number_ids to serve, by commas; empty = every one"),
    PATH(redis_socket, NULL, "unix socket of this adapter's Redis"),
    TEXT(emergency_bus, NULL, "ipc:// address of the emergency lane's router"),
    TEXT(bulk_bus, NULL, "ipc:// address of the bulk lane's router"),
    PATH(phrases, NULL, "folder with the words, texts and services"),
    PATH(journal_dir, "", "folder where messages are kept while Redis is away; empty = nowhere, and "
                          "they are refused then"),
    SECRET(journal_key_file, "", "the journal's key: 32 bytes, or 64 hex digits"),
    NUMBER(journal_max_mb, "256", 1, 65536,
           "room of the journal; above 80 % of it no booking is taken, the rest is for emergencies"),
    NUMBER(send_max, "32", 1, 64, "replies on their way to the Graph API at a time"),
    TEXT(log_level, "info", "debug, info, warn or error"),
};

const struct sah_conf_row *sah_wa_conf_rows(size_t *ret_n)
{
    *ret_n = sizeof rows / sizeof rows[0];
    return rows;
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool graph_url_good(const struct sah_wa_conf *conf)
{
    size_t len = strlen(conf->graph_url);

    return (starts(conf->graph_url, "https://") || starts(conf->graph_url, "http://")) &&
           conf->graph_url[len - 1] != '/' && strpbrk(conf->graph_url, " ?#") == NULL;
}

static bool version_good(const struct sah_wa_conf *conf)
{
    const char *text = conf->graph_version;

    return text[0] == 'v' && text[1] != '\0' &&
           text[1 + strspn(text + 1, "0123456789.")] == '\0';
}

static bool accounts_good(const struct sah_wa_conf *conf)
{
    return conf->accounts[strspn(conf->accounts, "0123456789, ")] == '\0';
}

static bool journal_good(const struct sah_wa_conf *conf)
{
    return (conf->journal_dir[0] == '\0') == (conf->journal_key_file[0] == '\0');
}

static bool level_good(const struct sah_wa_conf *conf)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < SAH_LEN(levels); i++) {
        if (strcmp(conf->log_level, levels[i]) == 0)
            return true;
    }
    return false;
}

static bool emergency_bus_good(const struct sah_wa_conf *conf)
{
    return starts(conf->emergency_bus, "ipc://") && conf->emergency_bus[6] != '\0';
}

static bool bulk_bus_good(const struct sah_wa_conf *conf)
{
    return starts(conf->bulk_bus, "ipc://") && conf->bulk_bus[6] != '\0';
}

int sah_wa_conf_check(const struct sah_wa_conf *conf, const char *file, struct sah_fault *fault)
{
    static const struct {
        const char *key;
        bool (*good)(const struct sah_wa_conf *conf);
        const char *text;
    } checks[] = {
        {"graph_url", graph_url_good,
         "must be an http or https URL without a last slash; write for example "
         "https://graph.facebook.com"},
        {"graph_version", version_good, "must look like v23.0"},
        {"accounts", accounts_good, "must be phone_number_ids (digits) with commas between"},
        {"emergency_bus", emergency_bus_good, "must be ipc:// and a path"},
        {"bulk_bus", bulk_bus_good, "must be ipc:// and a path"},
        {"journal_key_file", journal_good, "journal_dir and journal_key_file are set together"},
        {"log_level", level_good, "must be debug, info, warn or error"},
    };

    for (size_t i = 0; i < SAH_LEN(checks); i++) {
        if (!checks[i].good(conf)) {
            sah_fault_set(fault, file, 0, checks[i].key, "%s", checks[i].text);
            return SAH_EINVAL;
        }
    }
    return SAH_OK;
}
