/*
 * str_file - a small file as a whole, and a secret out of its file.
 *
 * Owns:    the descriptor while it reads; the caller owns the bytes (free()).
 * Used by: settings and data files at the start of a program.
 * Never:   reads past the bound, waits on a pipe, or says anything about the content of a
 * secret.
 */
#include <sahaya/str.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_AT_START    4096
#define SECRET_MAX_BYTES (16 * 1024)

static int open_regular(const char *path, int *ret_fd)
{
    struct stat status;
    /* O_NONBLOCK: a pipe in the place of a file must not hold up the program. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return SAH_ENOENT;
        return errno == EACCES || errno == EPERM ? SAH_EDENIED : SAH_EIO;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return SAH_EIO;
    }
    *ret_fd = fd;
    return SAH_OK;
}

/* Reads to the end rather than to st_size: files of /proc and growing files say too little. */
static int read_all(int fd, size_t max_bytes, char **ret_data, size_t *ret_len)
{
    size_t cap = READ_AT_START, len = 0;
    char *data = malloc(cap + 1), *larger;
    int rc = SAH_ENOMEM;

    while (data != NULL) {
        ssize_t got = read(fd, data + len, cap - len);

        if (got < 0 && errno == EINTR)
            continue;
        rc = got < 0 ? SAH_EIO : SAH_OK;
        if (got <= 0)
            break;
        len += (size_t)got;
        rc = SAH_ELIMIT;
        if (len > max_bytes)
            break;
        if (len < cap)
            continue;
        rc = SAH_ENOMEM;
        larger = realloc(data, cap * 2 + 1);
        if (larger == NULL)
            break;
        data = larger;
        cap *= 2;
    }
    if (rc != SAH_OK) {
        free(data);
        return rc;
    }
    data[len] = '\0'; /* behind the length, for the reader's comfort */
    *ret_data = data;
    *ret_len = len;
    return SAH_OK;
}

int sah_read_file(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len)
{
    int fd, rc;

    SAH_ASSERT(max_bytes < SIZE_MAX / 4);
    rc = open_regular(path, &fd);
    if (rc != SAH_OK)
        return rc;
    rc = read_all(fd, max_bytes, ret_data, ret_len);
    close(fd);
    return rc;
}

int sah_read_secret(const char *path, char **ret_secret, size_t *ret_len)
{
    char *secret;
    size_t len;
    int rc = sah_read_file(path, SECRET_MAX_BYTES, &secret, &len);

    if (rc != SAH_OK)
        return rc;
    while (len > 0 && strchr("\r\n\t ", secret[len - 1]) != NULL && secret[len - 1] != '\0')
        len--;
    secret[len] = '\0';
    if (len == 0) {
        free(secret);
        return SAH_EINVAL;
    }
    *ret_secret = secret;
    *ret_len = len;
    return SAH_OK;
}
