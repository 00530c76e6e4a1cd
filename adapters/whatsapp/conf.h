/*
 * conf - the settings of sahaya-whatsapp as rows.
 */
#ifndef SAH_WHATSAPP_CONF_H
#define SAH_WHATSAPP_CONF_H

#include <sahaya/conf.h>

#define SAH_WA_PATH_SIZE 256

struct sah_wa_conf {
    char listen_address[128];
    int64_t listen_port;
    char ops_address[128];
    int64_t ops_port;
    char app_secret_file[SAH_WA_PATH_SIZE];
    char app_secret_old_file[SAH_WA_PATH_SIZE];
    char verify_token_file[SAH_WA_PATH_SIZE];
    char access_token_file[SAH_WA_PATH_SIZE];
    char admin_token_file[SAH_WA_PATH_SIZE];
    char graph_url[SAH_WA_PATH_SIZE];
    char graph_version[17];
    char accounts[2048];
    char redis_socket[SAH_WA_PATH_SIZE];
    char emergency_bus[SAH_WA_PATH_SIZE];
    char bulk_bus[SAH_WA_PATH_SIZE];
    char phrases[SAH_WA_PATH_SIZE];
    char journal_dir[SAH_WA_PATH_SIZE];
    char journal_key_file[SAH_WA_PATH_SIZE];
    int64_t journal_max_mb;
    int64_t send_max;
    char log_level[8];
};

const struct sah_conf_row *sah_wa_conf_rows(size_t *ret_n);

/* What a row cannot say: forms of texts, and settings that must fit together. SAH_EINVAL. */
SAH_MUST_USE int sah_wa_conf_check(const struct sah_wa_conf *conf, const char *file,
                                   struct sah_fault *fault);

#endif
