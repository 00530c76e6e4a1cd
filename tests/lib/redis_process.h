/*
 * redis_process - a redis-server of a test's own: private folder, unix socket, durable.
 *
 * Owns:    the process, ended by its pid; it ends with the test, however the test ends.
 * Used by: tests/contract, tests/unit/io, tests/unit/adapter.
 * Never:   touches another Redis, nor makes or removes a folder.
 */
#ifndef SAHAYA_TESTS_REDIS_PROCESS_H
#define SAHAYA_TESTS_REDIS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* `more`: further words of the command line, NULL at the end; NULL = none. A setting given twice has the
 * later value. Answers at once, before the server does; asserts that it could be started. */
pid_t redis_process_start(const char *socket, const char *dir, const char *const *more);
/* Until it answers on its socket; false after 10 s. */
bool redis_process_answers(const char *socket);
/* SIGKILL, and waits for the end. 0 is fine; *pid becomes 0. */
void redis_process_kill(pid_t *pid);
/* A folder and what lies in it. */
void redis_process_remove(const char *dir);

#endif
