/*
 * token - is the caller allowed to see raw pieces? See token.h.
 */
#include <stdlib.h>

#include "ops/token.h"

bool ops_admin_allowed(struct sah_http_exchange *x, const char *token_file)
{
    struct sah_slice given = sah_http_bearer(x);
    char *token = NULL;
    size_t len = 0;
    bool allowed = sah_http_over_unix(x);

    if (!allowed && given.len > 0 && sah_read_secret(token_file, &token, &len) == SAH_OK) {
        allowed = sah_equal_secret(given.ptr, given.len, token, len);
        free(token);
    }
    if (!allowed) {
        (void)sah_http_reply_header(x, "WWW-Authenticate", "Bearer");
        sah_http_reply_text(x, 401, "this needs the admin token: Authorization: Bearer <content of admin_token_file>\n");
    }
    return allowed;
}
