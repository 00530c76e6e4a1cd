/*
 * token - keeps the access token fresh. See token.h.
 */
#include "token.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_EVERY_MS 1000
#define TOKEN_BYTES   4096

struct sah_token {
    char *path;
    char *text;
    uint64_t looked_ms;
    struct timespec mtime; /* of the file the text came from */
    ino_t inode;
};

static bool printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false; /* it becomes a header line */
    }
    return len > 0 && len <= TOKEN_BYTES;
}

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

static int load(struct sah_token *token)
{
    char *text = NULL;
    size_t len = 0;
    int err = sah_read_secret(token->path, &text, &len);

    if (err != SAH_OK)
        return err;
    if (strlen(text) != len || !printable(text, len)) {
        wipe(text);
        return SAH_EINVAL;
    }
    wipe(token->text);
    token->text = text;
    return SAH_OK;
}

/* Says whether the file is another than the one last read, and remembers it. */
static bool changed(struct sah_token *token)
{
    struct stat st;

    if (stat(token->path, &st) != 0)
        return true; /* reading it will say why */
    if (st.st_ino == token->inode && st.st_mtim.tv_sec == token->mtime.tv_sec &&
        st.st_mtim.tv_nsec == token->mtime.tv_nsec)
        return false;
    token->inode = st.st_ino;
    token->mtime = st.st_mtim;
    return true;
}

int sah_token_create(const char *path, uint64_t now_ms, struct sah_token **ret_token)
{
    struct sah_token *token = calloc(1, sizeof *token);
    int err = SAH_ENOMEM;

    if (token == NULL)
        return SAH_ENOMEM;
    token->path = strdup(path);
    if (token->path == NULL)
        goto fail;
    (void)changed(token); /* before reading: a change in between is then seen the next time */
    err = load(token);
    if (err != SAH_OK)
        goto fail;
    token->looked_ms = now_ms;
    *ret_token = token;
    return SAH_OK;

fail:
    sah_token_destroy(token);
    return err;
}

void sah_token_destroy(struct sah_token *token)
{
    if (token == NULL)
        return;
    wipe(token->text);
    free(token->path);
    free(token);
}

const char *sah_token_text(struct sah_token *token, uint64_t now_ms, bool *ret_failed)
{
    if (now_ms - token->looked_ms >= LOOK_EVERY_MS) {
        token->looked_ms = now_ms;
        if (changed(token) && load(token) != SAH_OK) {
            token->inode = 0; /* look again until it can be read */
            *ret_failed = true;
        }
    }
    return token->text;
}
