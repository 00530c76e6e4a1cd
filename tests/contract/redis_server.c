/*
 * redis_server - see redis_server.h.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <sahaya/str.h>

#include "contract/redis_server.h"
#include "lib/redis_process.h"

#define WORDS_MAX   32
#define WAIT_ROUNDS 1000 /* of 10 ms */

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

/* A port that was free a moment ago, with room for the cluster bus above it. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

redisReply *redis_server_ask(struct redis_server *server, const char *word, ...)
{
    const char *words[WORDS_MAX];
    redisReply *reply;
    va_list rest;
    int n = 0;

    va_start(rest, word);
    while (word != NULL && n < WORDS_MAX) {
        words[n++] = word;
        word = va_arg(rest, const char *);
    }
    va_end(rest);
    reply = redisCommandArgv(server->direct, n, words, NULL);
    assert_non_null(reply);
    return reply;
}

long long redis_server_number(struct redis_server *server, const char *command, const char *key)
{
    redisReply *reply = redis_server_ask(server, command, key, NULL);
    long long n = reply->integer;

    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    return n;
}

static bool answers(struct redis_server *server, const char *wanted, const char *word,
                    const char *second)
{
    redisReply *reply = redis_server_ask(server, word, second, NULL);
    bool good = reply->str != NULL && strstr(reply->str, wanted) != NULL;

    freeReplyObject(reply);
    return good;
}

void redis_server_again(struct redis_server *server)
{
    char port[8], bus[8];
    const char *const cluster[] = {"--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes",
                                   "--cluster-port", bus, NULL};
    int round = 0;

    snprintf(port, sizeof port, "%d", server->port);
    snprintf(bus, sizeof bus, "%d", server->cluster ? free_port() : 0);
    server->pid = redis_process_start(server->socket, server->dir, server->cluster ? cluster : NULL);
    assert_true(redis_process_answers(server->socket));
    server->direct = redisConnectUnix(server->socket);
    assert_true(server->direct != NULL && server->direct->err == 0);
    if (!server->cluster)
        return;
    freeReplyObject(redis_server_ask(server, "CLUSTER", "ADDSLOTSRANGE", "0", "16383", NULL));
    while (!answers(server, "cluster_state:ok", "CLUSTER", "INFO") && round++ < WAIT_ROUNDS)
        nap();
    assert_true(round < WAIT_ROUNDS);
}

void redis_server_start(struct redis_server *server, bool cluster)
{
    memset(server, 0, sizeof *server);
    server->cluster = cluster;
    server->port = cluster ? free_port() : 0;
    sah_format(server->dir, sizeof server->dir, "/tmp/sahaya-store-XXXXXX");
    assert_non_null(mkdtemp(server->dir));
    sah_format(server->socket, sizeof server->socket, "%s/s", server->dir);
    redis_server_again(server);
}

void redis_server_kill(struct redis_server *server)
{
    if (server->direct != NULL)
        redisFree(server->direct);
    server->direct = NULL;
    redis_process_kill(&server->pid);
}

void redis_server_stop(struct redis_server *server)
{
    redis_server_kill(server);
    redis_process_remove(server->dir);
}
