/*
 * token - is the caller allowed to see raw pieces? The unix socket is; over TCP a bearer token.
 */
#ifndef SAHAYA_OPS_TOKEN_H
#define SAHAYA_OPS_TOKEN_H

#include <sahaya/http_server.h>

/* Reads the token file anew each time (admin calls are rare, and a new token counts at once).
 * Answers 401 itself and returns false when not allowed. */
bool ops_admin_allowed(struct sah_http_exchange *x, const char *token_file);

#endif
