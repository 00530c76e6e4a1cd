/*
 * token - the access token, read again when its file changes, looked at once a second at most.
 *
 * Rotation: write the new token to a file beside it and rename it over this one. When the file
 * cannot be read the last good token stays in use.
 */
#ifndef SAH_WHATSAPP_TOKEN_H
#define SAH_WHATSAPP_TOKEN_H

#include <stdint.h>

#include <sahaya/str.h>

struct sah_token; /* opaque */

/* The file must be readable now: SAH_ENOENT, SAH_EDENIED, SAH_EINVAL (empty, or not one line of
 * printable ASCII). */
SAH_MUST_USE int sah_token_create(const char *path, uint64_t now_ms,
                                  struct sah_token **ret_token);
void sah_token_destroy(struct sah_token *token); /* wipes it; NULL is fine */
/* Borrowed until the next call. ret_failed is set to true when a changed file could not be
 * read. */
const char *sah_token_text(struct sah_token *token, uint64_t now_ms, bool *ret_failed);

#endif
