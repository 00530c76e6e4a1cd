/*
 * secrets - a secret file that may be replaced while we run. See secrets.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agency/secrets.h"

#define LOOK_EVERY_MS 1000

static void note(struct secret *secret, const struct stat *st)
{
    secret->changed = st->st_mtim;
    secret->file = st->st_ino;
    secret->size = st->st_size;
}

int secret_init(struct secret *secret, const char *path)
{
    struct stat st;
    int err;

    memset(secret, 0, sizeof *secret);
    secret->path = path;
    /* Noted before reading: what changes between the two is seen at the next look. */
    if (stat(path, &st) == 0)
        note(secret, &st);
    err = sah_read_secret(path, &secret->bytes, &secret->len);
    if (err != SAH_OK)
        secret->bytes = NULL;
    return err;
}

void secret_fini(struct secret *secret)
{
    if (secret->bytes != NULL)
        explicit_bzero(secret->bytes, secret->len);
    free(secret->bytes);
    secret->bytes = NULL;
    secret->len = 0;
}

static bool is_same(const struct secret *secret, const struct stat *st)
{
    return secret->file == st->st_ino && secret->size == st->st_size &&
           secret->changed.tv_sec == st->st_mtim.tv_sec &&
           secret->changed.tv_nsec == st->st_mtim.tv_nsec;
}

bool secret_refresh(struct secret *secret, uint64_t now_ms)
{
    struct secret fresh;
    struct stat st;
    uint64_t last = secret->checked_ms;

    if (last != 0 && now_ms - last < LOOK_EVERY_MS)
        return false;
    secret->checked_ms = now_ms;
    if (stat(secret->path, &st) != 0 || is_same(secret, &st))
        return false;
    if (secret_init(&fresh, secret->path) != SAH_OK)
        return false; /* half written, or without rights: the old one holds, and we look again
                       */
    fresh.checked_ms = now_ms;
    secret_fini(secret);
    *secret = fresh;
    return true;
}
