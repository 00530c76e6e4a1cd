/*
 * redis_server - see redis_server.h.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <sahaya/str.h>

#include "contract/redis_server.h"

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

static void exec_server(const struct redis_server *server, int bus_port)
{
    char port[8], bus[8];
    int null = open("/dev/null", O_RDWR);

    snprintf(port, sizeof port, "%d", server->port);
    snprintf(bus, sizeof bus, "%d", bus_port);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    if (server->cluster)
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
               "--cluster-enabled", "yes", "--cluster-port", bus, "--unixsocket",
               server->socket, "--dir", server->dir, "--appendonly", "yes", "--appendfsync",
               "always", "--save", "", "--maxmemory-policy", "noeviction", (char *)NULL);
    else
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket,
               "--dir", server->dir, "--appendonly", "yes", "--appendfsync", "always", "--save",
               "", "--maxmemory-policy", "noeviction", (char *)NULL);
    _exit(127);
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
    int bus_port = server->cluster ? free_port() : 0;
    int round = 0;

    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0)
        exec_server(server, bus_port);
    for (; round < WAIT_ROUNDS; round++) {
        server->direct = redisConnectUnix(server->socket);
        if (server->direct != NULL && server->direct->err == 0 &&
            answers(server, "PONG", "PING", NULL))
            break;
        if (server->direct != NULL)
            redisFree(server->direct);
        nap();
    }
    assert_true(round < WAIT_ROUNDS);
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
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

void redis_server_stop(struct redis_server *server)
{
    pid_t pid;

    redis_server_kill(server);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", server->dir, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}
