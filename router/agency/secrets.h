/*
 * secrets - a secret file that may be replaced while we run.
 *
 * Owns:    its content, wiped when it goes.
 * Used by: http_agency.c (keys that sign), tokens.c (tokens that prove).
 * Never:   logs a content or a path; forgets the old secret because the new file cannot be
 * read.
 */
#ifndef SAHAYA_AGENCY_SECRETS_H
#define SAHAYA_AGENCY_SECRETS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include <sahaya/str.h>

struct secret {
    const char *path; /* borrowed */
    char *bytes;
    size_t len;
    uint64_t checked_ms;
    struct timespec changed;
    ino_t file;
    off_t size;
};

SAH_MUST_USE int secret_init(struct secret *secret, const char *path);
void secret_fini(struct secret *secret); /* a zeroed one is fine */
/* Looks at the file, at most once a second; true when there is a new content. */
bool secret_refresh(struct secret *secret, uint64_t now_ms);

#endif
