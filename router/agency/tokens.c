/*
 * tokens - whose bearer token is this? See tokens.h.
 */
#include <stdlib.h>

#include "agency/secrets.h"
#include "agency/tokens.h"

struct tokens {
    const struct sah_roster *roster;
    struct secret secrets[SAH_AGENCIES_MAX]; /* as the roster's agencies */
};

int tokens_create(const struct sah_roster *roster, struct tokens **ret_tokens)
{
    struct tokens *tokens = calloc(1, sizeof *tokens);

    if (tokens == NULL)
        return SAH_ENOMEM;
    tokens->roster = roster;
    for (unsigned i = 0; i < roster->n_agencies; i++) {
        int err = secret_init(&tokens->secrets[i], roster->agencies[i].token_file);

        if (err != SAH_OK) {
            tokens_destroy(tokens);
            return err;
        }
    }
    *ret_tokens = tokens;
    return SAH_OK;
}

void tokens_destroy(struct tokens *tokens)
{
    for (unsigned i = 0; tokens != NULL && i < SAH_AGENCIES_MAX; i++)
        secret_fini(&tokens->secrets[i]);
    free(tokens);
}

const struct sah_agency *tokens_find(struct tokens *tokens, struct sah_slice token,
                                     uint64_t now_ms)
{
    const struct sah_agency *found = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < tokens->roster->n_agencies; i++) {
        struct secret *secret = &tokens->secrets[i];

        (void)secret_refresh(secret, now_ms);
        if (sah_equal_secret(token.ptr, token.len, secret->bytes, secret->len)) {
            found = &tokens->roster->agencies[i];
            n++;
        }
    }
    return n == 1 && token.len > 0 ? found : NULL;
}
