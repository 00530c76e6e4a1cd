/*
 * app - the composition root of sahaya-whatsapp: makes the parts, joins them, ends them in
 * order.
 */
#ifndef SAH_WHATSAPP_APP_H
#define SAH_WHATSAPP_APP_H

#include "conf.h"

/* Reads the secrets, the phrases and the journal's key and nothing more: what --check-config looks at. Returns the
 * exit code: 0 or 2. */
int sah_wa_app_check(const struct sah_wa_conf *conf, const char *config_path);
/* Runs until a stop signal. Returns the exit code: 0, or 1 with a line on standard error. */
int sah_wa_app_run(const struct sah_wa_conf *conf, const char *config_path);

#endif
