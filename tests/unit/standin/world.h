/*
 * world - a stand-in on a free port, a client, and a listener that plays router and webhook:
 * what the tests of the stand-in share.
 *
 * Owns: all three, a private folder with secrets. Never: waits longer than a test may.
 */
#ifndef SAH_TEST_STANDIN_WORLD_H
#define SAH_TEST_STANDIN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include <sahaya/http_client.h>
#include <sahaya/http_server.h>

#include "standin.h"

#define WORLD_HEARD_MAX 64
#define WORLD_SECRET    "whsec-108"
#define WORLD_TOKEN     "token-108"
#define WORLD_APP       "app-secret"
#define WORLD_BEARER    "graph-token"

struct world_heard { /* one POST that came to us */
    json_t *body;
    char path[128], bearer[64], signature[80];
    uint64_t at_ms;
};

struct world_answer {
    bool done;
    enum sah_http_fault fault;
    int status;
    int64_t retry_after_ms;
    json_t *json; /* NULL when the body is no JSON */
    char body[4096];
};

struct world {
    struct sah_loop *loop;
    struct sah_standin *standin;
    struct sah_http_client *client;
    struct sah_http_server *router;
    char dir[64];
    struct world_heard heard[WORLD_HEARD_MAX];
    unsigned n_heard;
    unsigned n_unwilling; /* so many POSTs are answered 503 first */
    int answer_status;    /* for the others; 0 = 200 */
    struct world_answer answer;
    char status_url[96];
};

/* For cmocka: *state is a struct world *. Persons come after 30 ms, steps take 30 ms. */
int world_setup(void **state);
int world_setup_with_receipts(void **state);
int world_teardown(void **state);

/* The answer, good until the next call. */
const struct world_answer *world_call(struct world *world, const char *method, const char *path,
                                      const struct sah_http_header *headers, size_t n_headers,
                                      const char *body);
const struct world_answer *world_get(struct world *world, const char *path);
const struct world_answer *world_put(struct world *world, const char *path, const char *body);
/* A signed delivery; `more` are further members: "\"amendment\":\"PAUSE\"". */
const struct world_answer *world_deliver(struct world *world, const char *agency,
                                         const char *key, const char *kind, const char *more);
const struct world_answer *world_send(struct world *world, const char *body);

void world_turn(struct world *world, uint32_t for_ms);
/* Turns the loop until so many POSTs were heard; fails the test after 5 s. */
void world_wait_heard(struct world *world, unsigned n);
const char *world_heard_text(const struct world *world, unsigned at, const char *key);
/* Fails the test unless the states heard are these, NULL at the end. */
void world_expect_states(struct world *world, const char *const *states);

#endif
