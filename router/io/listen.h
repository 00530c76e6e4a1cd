/*
 * listen - listening sockets made by ourselves, so that "taken", "not allowed" and "no such
 * address" are told apart: for http_server.c and bus.c only.
 */
#ifndef SAHAYA_IO_LISTEN_H
#define SAHAYA_IO_LISTEN_H

#include <sahaya/str.h>

/* SAH_EEXIST: taken. SAH_EDENIED. SAH_EINVAL: no address of this machine. The caller owns the
 * fd. */
SAH_MUST_USE int io_listen_tcp(const char *address, uint16_t port, int *ret_fd,
                               uint16_t *ret_port);

/* A unix socket of mode 0600. A file left behind by a dead process is removed, one that is
 * answered, or is no socket, is SAH_EEXIST. */
SAH_MUST_USE int io_listen_unix(const char *path, int *ret_fd);

#endif
