/*
 * redis_process - see redis_process.h.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "lib/redis_process.h"

#define WORDS_MAX   48
#define WAIT_ROUNDS 1000 /* of 10 ms */

static void exec_server(const char *socket, const char *dir, const char *const *more)
{
    const char *words[WORDS_MAX] = {"redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir, "--save",
                                    "", "--appendonly", "yes", "--appendfsync", "always",
                                    "--no-appendfsync-on-rewrite", "no", "--maxmemory-policy", "noeviction"};
    char *argv[WORDS_MAX + 1] = {0};
    int quiet = open("/dev/null", O_RDWR), n = 0;

    while (words[n] != NULL)
        n++;
    for (; more != NULL && *more != NULL && n < WORDS_MAX; more++)
        words[n++] = *more;
    for (int i = 0; i < n; i++)
        argv[i] = strdup(words[i]);
    for (int fd = 0; fd < 3; fd++)
        dup2(quiet, fd);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nothing running */
    execvp(argv[0], argv);
    _exit(127);
}

pid_t redis_process_start(const char *socket, const char *dir, const char *const *more)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        exec_server(socket, dir, more);
    return pid;
}

bool redis_process_answers(const char *socket)
{
    for (int i = 0; i < WAIT_ROUNDS; i++) {
        redisContext *c = redisConnectUnix(socket);
        bool up = false;

        if (c != NULL && c->err == 0) {
            redisReply *pong = redisCommandArgv(c, 1, (const char *[]){"PING"}, NULL);

            up = pong != NULL && pong->type == REDIS_REPLY_STATUS;
            freeReplyObject(pong);
        }
        redisFree(c);
        if (up)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    return false;
}

void redis_process_kill(pid_t *pid)
{
    if (*pid <= 0)
        return;
    assert_int_equal(kill(*pid, SIGKILL), 0);
    assert_int_equal(waitpid(*pid, NULL, 0), *pid);
    *pid = 0;
}

void redis_process_remove(const char *dir)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}
