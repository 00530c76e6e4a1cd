/*
 * standin - plays everybody outside: the Graph API, any number of agencies, the people there.
 *
 * Owns:    one of each part below, in memory only; the listener.
 * Used by: main.c; tests run one inside themselves.
 * Never:   keeps anything past its end, holds more than the newest SAH_STANDIN_KEPT of a list,
 *          logs a number, a word or a secret.
 */
#ifndef SAH_STANDIN_STANDIN_H
#define SAH_STANDIN_STANDIN_H

#include <sahaya/log.h>
#include <sahaya/loop.h>

#define SAH_STANDIN_KEPT 100000 /* deliveries, replies, cases: the newest of each */

struct sah_standin_settings {
    const char *listen_address;
    uint16_t listen_port;          /* 0 = a free one */
    const char *webhook_url;       /* where sent, delivered, read go; "" = nowhere */
    const char *app_secret_file;   /* signs them; "" with an empty webhook_url */
    const char *access_token_file; /* the bearer token that the Graph API demands */
    const char *agencies_secrets;  /* folder with <id>.secret and <id>.token */
    uint32_t person_after_ms;      /* machine ack -> a person */
    uint32_t step_ms;              /* from one state to the next */
    struct sah_log *log;
};

struct sah_standin; /* opaque */

/* All strings are copied or read. SAH_EEXIST when the port is taken. */
SAH_MUST_USE int sah_standin_create(struct sah_loop *loop,
                                    const struct sah_standin_settings *settings,
                                    struct sah_standin **ret_standin);
void sah_standin_destroy(struct sah_standin *standin); /* NULL is fine */
uint16_t sah_standin_port(const struct sah_standin *standin);

#endif
