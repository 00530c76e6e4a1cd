/*
 * conf - the settings of sahaya-router as rows.
 */
#ifndef SAHAYA_ROUTER_CONF_H
#define SAHAYA_ROUTER_CONF_H

#include <sahaya/conf.h>
#include <sahaya/id.h>

#define SAH_PATH_SIZE 257

struct router_conf {
    char lane[16];
    char http_address[64];
    int64_t http_port;
    char admin_socket[SAH_PATH_SIZE];
    char public_url[SAH_PATH_SIZE];
    char bus[SAH_PATH_SIZE];
    char redis_socket[SAH_PATH_SIZE];
    int64_t redis_deadline_ms;
    char journal_dir[SAH_PATH_SIZE];
    char journal_key_file[SAH_PATH_SIZE];
    int64_t journal_max_mb;
    int64_t journal_race_ms;
    int64_t journal_bring_per_s;
    char agencies[SAH_PATH_SIZE];
    char policy[SAH_PATH_SIZE];
    char incidents[SAH_PATH_SIZE];
    int64_t incidents_max;
    char admin_token_file[SAH_PATH_SIZE];
    int64_t partitions;
    int64_t jobs_max;
    int64_t admission_queued_max;
    int64_t admission_oldest_max_s;
    int64_t drain_ms;
    char log_level[8];
};

extern const struct sah_conf_row router_conf_rows[];
extern const size_t router_conf_n_rows;

/* What the rows alone cannot say: the lane's name, the bus' scheme. */
SAH_MUST_USE int router_conf_check(const struct router_conf *conf, const char *path, enum sah_lane *ret_lane,
                                   struct sah_fault *fault);

#endif
