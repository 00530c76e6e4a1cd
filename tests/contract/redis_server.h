/*
 * redis_server - a real redis-server of a test's own: private folder, unix socket, durable.
 *
 * Owns:    the process (ended by its pid) and the folder.
 * Used by: tests of the Redis store.
 * Never:   touches another Redis.
 */
#ifndef SAHAYA_TESTS_REDIS_SERVER_H
#define SAHAYA_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include <hiredis/hiredis.h>

struct redis_server {
    pid_t pid;
    bool cluster;
    int port; /* cluster only: a cluster node must have one */
    char dir[64];
    char socket[96];
    redisContext *direct; /* blocking, for what the test asks by itself */
};

void redis_server_start(struct redis_server *server,
                        bool cluster);                /* asserts that it answers */
void redis_server_kill(struct redis_server *server);  /* SIGKILL, waits */
void redis_server_again(struct redis_server *server); /* on the same folder */
void redis_server_stop(struct redis_server *server);  /* and removes the folder */

/* One command, words separated by NULL at the end; the caller frees the reply. */
redisReply *redis_server_ask(struct redis_server *server, const char *word, ...)
    __attribute__((sentinel));
long long redis_server_number(struct redis_server *server, const char *command,
                              const char *key);

#endif
