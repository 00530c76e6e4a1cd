/*
 * listen - listening sockets, TCP and unix.
 *
 * Owns:    nothing; the caller owns what it is handed.
 * Used by: http_server.c and bus.c, when they start.
 * Never:   takes the place of a living listener: a socket file is removed only after a
 * connect() to it was refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"

static int err_of_errno(void)
{
    switch (errno) {
    case EADDRINUSE:
        return SAH_EEXIST;
    case EACCES:
    case EPERM:
        return SAH_EDENIED;
    case EADDRNOTAVAIL:
    case ENOENT:
    case ENOTDIR:
        return SAH_EINVAL;
    case ENOMEM:
        return SAH_ENOMEM;
    default:
        return SAH_EIO;
    }
}

static int parse_address(const char *address, uint16_t port, struct sockaddr_storage *dst,
                         socklen_t *ret_len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)dst;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)dst;

    memset(dst, 0, sizeof *dst);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *ret_len = sizeof *v4;
        return SAH_OK;
    }
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *ret_len = sizeof *v6;
        return SAH_OK;
    }
    return SAH_EINVAL;
}

int io_listen_tcp(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port)
{
    struct sockaddr_storage name;
    socklen_t len;
    int on = 1;
    int fd;
    int err = parse_address(address, port, &name, &len);

    if (err != SAH_OK)
        return err;
    fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return SAH_EIO;
    /* Only lets a restart pass sockets in TIME_WAIT: Linux still refuses a second listener. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (name.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&name, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) != 0) {
        err = err_of_errno();
        close(fd);
        return err;
    }
    *ret_fd = fd;
    *ret_port = ntohs(name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port
                                                : ((struct sockaddr_in6 *)&name)->sin6_port);
    return SAH_OK;
}

/* A socket file that nobody listens behind. */
static bool is_stale(const struct sockaddr_un *name)
{
    struct stat st;
    bool refused;
    int fd;

    if (lstat(name->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    refused =
        connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

int io_listen_unix(const char *path, int *ret_fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int bound;
    int err;
    int fd;

    if (path[0] != '/' ||
        sah_copy(name.sun_path, sizeof name.sun_path, path, strlen(path)) != 0)
        return SAH_EINVAL;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return SAH_EIO;
    /* Linux gives the file the mode of the socket: there is no moment in which it is open to
     * others, and the umask of the process is left alone. */
    if (fchmod(fd, 0600) != 0)
        goto fail;
    bound = bind(fd, (struct sockaddr *)&name, sizeof name);
    if (bound != 0 && errno == EADDRINUSE) {
        if (!is_stale(&name)) {
            errno = EADDRINUSE;
            goto fail;
        }
        if (unlink(path) != 0)
            goto fail;
        bound = bind(fd, (struct sockaddr *)&name, sizeof name);
    }
    if (bound != 0)
        goto fail;
    if (chmod(path, 0600) != 0 || listen(fd, SOMAXCONN) != 0) {
        err = err_of_errno();
        unlink(path);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return SAH_OK;

fail:
    err = err_of_errno();
    close(fd);
    return err;
}
