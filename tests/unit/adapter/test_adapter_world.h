/*
 * test_adapter_world - what the adapter's tests stand on: a real Redis, real buses, a router
 * and a channel that do as they are told, and a small dialog.
 *
 * The dialog understands a few words: "help" is an urgent request, "book" a bulk one, "both"
 * one of each, "more" an amendment of the newest request, "status" a question about it, "note"
 * a reply that makes older notes stale, "notes" four replies, "nothing" is not ours.
 */
#ifndef SAHAYA_TEST_ADAPTER_WORLD_H
#define SAHAYA_TEST_ADAPTER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hiredis/hiredis.h>

#include <sahaya/adapter.h>
#include <sahaya/bus.h>
#include <sahaya/message.h>

#include "dialog.h"

#define HEARD_MAX 512

struct heard { /* one message a router got */
    struct sah_id id, causation;
    enum sah_kind kind;
    char request_id[SAH_REQUEST_ID_SIZE];
    char sender[SAH_SENDER_SIZE];
    uint64_t at_ms;
};

struct router { /* one lane's router */
    struct world *world;
    enum sah_lane lane;
    char endpoint[160];
    struct sah_bus_server *server;
    struct sah_bus_peer peer;
    bool has_peer;
    unsigned life;   /* which one it says it is */
    bool silent;     /* hears all, answers nothing but hello */
    bool names_late; /* answers under another name than the message id gives */
    enum sah_result_code code, first_code; /* first_code is said once */
    const char *run;                       /* of its store; NULL = says none */
    const char *name;                      /* of what it tells; NULL = none */
    bool forgets;                          /* knows no request: amendments are NOT_FOUND */
    unsigned n_heard;
    struct heard heard[HEARD_MAX];
    unsigned n_acks;
    char acked[41];
};

struct sending { /* one reply at the channel */
    char key[81];
    char sender[SAH_SENDER_SIZE];
    bool emergency;
    uint64_t at_ms;
};
struct channel {
    struct world *world;
    bool holds;                     /* answers only when told */
    struct sah_sent say, first_say; /* first_say is said to the first n_first sends */
    unsigned n_first;
    unsigned n_sent;
    struct sending sent[HEARD_MAX];
    unsigned n_waiting;
    struct {
        sah_sent_fn *fn;
        void *fn_data;
    } waiting[SAH_SUBMITS_MAX + 64];
    unsigned most_waiting;
    unsigned n_not_ours;
    struct sah_timer *timer;
};

struct world {
    struct sah_loop *loop;
    redisContext *redis;
    struct router routers[2]; /* emergency, bulk */
    struct channel channel;
    struct sah_adapter *adapter, *other; /* other: NULL but in one test */
    uint32_t ack_deadline_ms;
    unsigned send_max;
    struct sah_message message; /* scratch */
    struct sah_journal_settings *journal; /* NULL = none */
    const char *redis_socket;
};

int world_begin_all(void **state); /* group setup: Redis */
int world_end_all(void **state);
int world_begin(void **state); /* each test: empty Redis, two routers, no adapter yet */
int world_end(void **state);

/* The adapter's Redis is gone, and comes back with what it had synced. */
void world_redis_stop(void);
void world_redis_start(void);
/* A journal in a folder of this test; what it had is kept from one adapter to the next. */
void world_journal(struct world *world, uint64_t max_bytes, uint32_t segment_bytes);

struct sah_adapter *world_adapter(struct world *world); /* another one on the same Redis */
void world_start(struct world *world); /* makes world->adapter, waits until ready */
void world_kill(struct world *world);  /* ends it without a word to anyone */
void router_start(struct router *router);
void router_stop(struct router *router);
void router_tell(struct router *router, const char *event_id, const char *sender,
                 bool emergency);
void channel_answer(struct channel *channel); /* all that wait */

struct taken {
    bool done;
    int err;
    uint64_t at_ms;
    struct world *world;
};
/* The message's id follows from `name`. */
void take(struct world *world, struct sah_adapter *adapter, const char *sender,
          const char *name, const char *text, struct taken *taken);
int take_and_wait(struct world *world, const char *sender, const char *name, const char *text);

typedef bool world_test_fn(void *data);
bool world_until(struct world *world, world_test_fn *fn, void *data, uint32_t ms);
bool is_taken(void *taken);
void world_turn(struct world *world, uint32_t ms);

redisReply *redis_do(struct world *world, const char *words); /* split at blanks */
long long redis_number(struct world *world, const char *words);
/* That metric's first value; -1 = not there. */
double metric(struct world *world, const char *name);
unsigned heard_of(const struct router *router, enum sah_kind kind);
struct sah_id id_of(const char *name);

#endif
