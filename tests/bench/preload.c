/*
 * preload - puts many accepted bookings into the bulk lane's Redis, through the router's own
 * store.
 *
 * Owns:    the commits under way. One whose outcome is unknown (a rewrite of the AOF, a busy disk) is made again
 *          under the same message id, as an adapter does: it is there once in the end.
 * Used by: flood.py, memory.py, tests/e2e/faults.py: a million webhooks would take too long.
 * Never:   writes a key by itself. What lies in Redis afterwards is what the router would have
 *          written for the same envelopes, but for the "we have your message" of each: those
 * count as sent long ago.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sahaya/clock.h>
#include <sahaya/loop.h>
#include <sahaya/message.h>
#include <sahaya/redis.h>

#include "mix.h"
#include "options.h"
#include "store/redis_store.h"

#define DEADLINE_MS 60000 /* an AOF rewrite's fork may hold Redis up */
#define AGAIN_MS    200
#define REPEATED_MOST 100000
#define CHANNEL     "whatsapp"
#define ACCOUNT     "106540352242922"

struct preload;
struct one {
    struct preload *p;
    struct one *next;
    const struct mix_row *row;
    struct sah_id id;
    uint64_t number;
};
struct preload {
    const char *socket, *mix_file, *sender;
    uint64_t count, in_flight, seed, envelope;

    struct mix mix;
    struct sah_loop *loop;
    struct sah_redis *redis;
    struct sah_redis_store *redis_store;
    const struct sah_store *store;
    struct sah_message *message;
    struct sah_change *change;
    struct sah_buf bytes;
    struct one *again; /* those with an unknown outcome */
    struct sah_timer *timer;
    uint64_t sent, done, under_way, encoded, failed, repeated, body_bytes, now_ms, started_ms;
    bool up, filling, closing;
};

static void text(char *dst, size_t size, const char *value)
{
    int err = sah_format(dst, size, "%s", value);

    SAH_ASSERT(err == SAH_OK);
}
#define TEXT(field, value) text((field), sizeof(field), (value))

/* What the adapter sends for such words. */
static void fill_message(struct preload *p, const struct one *one)
{
    const struct mix_row *row = one->row;
    struct sah_message *m = p->message;
    struct sah_request *r = &m->u.request;
    char number[32];

    memset(m, 0, sizeof *m);
    m->id = one->id;
    (void)sah_format(number, sizeof number, "%s%08" PRIu64, p->sender, one->number);
    m->schema_version = SAH_SCHEMA_VERSION;
    m->kind = SAH_KIND_REQUEST;
    m->sequence = 1;
    m->created_ms = (int64_t)p->now_ms;
    m->environment = SAH_ENVIRONMENT_LIVE;
    TEXT(m->producer, "bench-preload");
    r->urgency = SAH_URGENCY_BULK;
    TEXT(r->citizen.channel, CHANNEL);
    TEXT(r->citizen.account, ACCOUNT);
    (void)sah_format(r->citizen.channel_message, sizeof r->citizen.channel_message,
                     "wamid.HBgM%sFQIAEhggQUMyRTdCNjY4%08" PRIX64 "AA==", number, one->number);
    (void)sah_format(r->citizen.sender, sizeof r->citizen.sender, "wa:%s", number);
    (void)sah_format(r->citizen.callback, sizeof r->citizen.callback, "+%s", number);
    (void)sah_format(r->citizen.reply_token, sizeof r->citizen.reply_token, "to:%s", number);
    TEXT(r->citizen.name, "Citizen");
    TEXT(r->citizen.language, "te-Latn");
    TEXT(r->text, row->words);
    r->text_len = (uint32_t)strlen(r->text);
    TEXT(r->triage.service, "LPG_BOOKING");
    TEXT(r->triage.rule, "lpg-book");
    r->triage.confidence = 90;
    r->payload.kind = SAH_PAYLOAD_LPG;
    TEXT(r->payload.u.lpg.op, "BOOK");
    TEXT(r->payload.u.lpg.company, strcmp(row->agencies[0], "hp-gas") == 0      ? "hp"
                                   : strcmp(row->agencies[0], "bharatgas") == 0 ? "bharat"
                                                                                : "indane");
}

/* The bytes; with --envelope, words are added until they are that many. */
static void encode(struct preload *p)
{
    struct sah_request *r = &p->message->u.request;
    char why[128] = "";
    int err;

    for (unsigned tries = 0; tries < 4; tries++) {
        sah_buf_clear(&p->bytes);
        err = sah_message_encode(p->message, &p->bytes, why, sizeof why);
        if (err != SAH_OK)
            fprintf(stderr, "bench_preload: encoding: %s\n", why);
        SAH_ASSERT(err == SAH_OK);
        for (size_t left = p->envelope; left > p->bytes.len && r->text_len + 1 < sizeof r->text; left--)
            r->text[r->text_len++] = 'a';
        r->text[r->text_len] = '\0';
        if (p->bytes.len >= p->envelope)
            return;
    }
}

/* What the router writes for it: one line, one delivery. */
static void fill_change(struct preload *p, const struct mix_row *row)
{
    struct sah_change *c = p->change;
    struct sah_plan *plan = &c->plans[0];

    memset(c, 0, sizeof *c);
    sah_request_id(SAH_LANE_BULK, 0, &p->message->id, c->request_id);
    sah_incident_id(0, &p->message->id, c->incident_id);
    c->message_id = p->message->id;
    c->bytes = (struct sah_slice){p->bytes.data, p->bytes.len};
    c->kind = SAH_KIND_REQUEST;
    c->sequence = 1;
    TEXT(c->service, "LPG_BOOKING");
    TEXT(c->rule, "P4.lpg");
    c->priority = SAH_PRIORITY_P4;
    c->closed_ms = -1;
    c->n_lines = 1;
    TEXT(c->lines[0].agency, row->agencies[0]);
    c->lines[0].state = SAH_STATE_QUEUED;
    c->lines[0].sequence = 1;
    c->n_plans = 1;
    sah_delivery_key(&p->message->id, row->agencies[0], plan->key);
    TEXT(plan->agency, row->agencies[0]);
    TEXT(plan->endpoint, row->agencies[0]); /* the companies have one endpoint each */
    plan->message_id = p->message->id;
    plan->kind = SAH_KIND_REQUEST;
    plan->sequence = 1;
    TEXT(c->audit, "accept rule=P4.lpg policy=bench priority=P4 agencies=1");
}

static void fill_pipe(struct preload *p);

static void on_committed(void *data, int err, const struct sah_committed *committed)
{
    struct one *one = data;
    struct preload *p = one->p;

    p->under_way--;
    if (err == SAH_OK) {
        (void)committed; /* a duplicate is one of our own, made again */
        p->done++;
        free(one);
        if (p->done % 100000 == 0)
            fprintf(stderr, "bench_preload: %" PRIu64 " of %" PRIu64 "\n", p->done, p->count);
    } else if (p->closing || p->repeated++ < REPEATED_MOST) {
        one->next = p->again;
        p->again = one;
    } else {
        if (p->failed++ == 0)
            fprintf(stderr, "bench_preload: a commit failed: %s\n", sah_strerror(err));
        free(one);
    }
    if (p->done == p->count || p->failed > 0)
        sah_loop_stop(p->loop);
    else if (err == SAH_OK && !p->closing)
        fill_pipe(p);
}

static struct one *next_one(struct preload *p)
{
    struct one *one = p->again;
    int err;

    if (one != NULL) {
        p->again = one->next;
        return one;
    }
    if (p->sent == p->count)
        return NULL;
    one = calloc(1, sizeof *one);
    SAH_ASSERT(one != NULL);
    one->p = p;
    one->row = mix_pick(&p->mix);
    one->number = ++p->sent;
    err = sah_id_random((int64_t)p->now_ms, &one->id);
    SAH_ASSERT(err == SAH_OK);
    return one;
}

static void fill_pipe(struct preload *p)
{
    struct one *one;

    if (p->filling || p->closing || p->failed > 0)
        return;
    p->filling = true;
    p->now_ms = (uint64_t)sah_clock_wall_ms();
    while (p->up && p->under_way < p->in_flight && (one = next_one(p)) != NULL) {
        fill_message(p, one);
        encode(p);
        fill_change(p, one->row);
        p->under_way++;
        p->body_bytes += p->bytes.len;
        p->encoded++;
        p->store->commit(p->store->data, p->change, on_committed, one);
    }
    p->filling = false;
}

/* What came to an unknown end is made again once the link is up, not from within the news that it broke. */
static void on_timer(void *data)
{
    struct preload *p = data;

    fill_pipe(p);
    sah_timer_start(p->timer, AGAIN_MS);
}

static void on_state(void *data, enum sah_redis_state state)
{
    struct preload *p = data;

    p->up = state == SAH_REDIS_UP;
    if (p->up && p->started_ms == 0)
        p->started_ms = sah_clock_mono_ms();
    if (p->up && p->store != NULL)
        fill_pipe(p);
}

static int make(struct preload *p)
{
    struct sah_redis_settings redis = {
        .socket_path = p->socket, .deadline_ms = DEADLINE_MS, .on_state = on_state, .data = p};
    int err = sah_loop_create(&p->loop);

    p->message = calloc(1, sizeof *p->message);
    p->change = calloc(1, sizeof *p->change);
    if (p->message == NULL || p->change == NULL)
        return SAH_ENOMEM;
    sah_buf_init(&p->bytes, SAH_MESSAGE_MAX_BYTES);
    sah_redis_store_functions(&redis.function_name, &redis.function_code,
                              &redis.function_code_len);
    if (err == SAH_OK)
        err = sah_timer_create(p->loop, on_timer, p, &p->timer);
    if (err == SAH_OK) {
        sah_timer_start(p->timer, AGAIN_MS);
        err = sah_redis_create(p->loop, &redis, &p->redis);
    }
    if (err == SAH_OK) {
        const struct sah_redis_store_settings settings = {.loop = p->loop,
                                                          .redis = p->redis,
                                                          .lane = SAH_LANE_BULK,
                                                          .deadline_ms = DEADLINE_MS};

        err = sah_redis_store_create(&settings, &p->redis_store);
    }
    if (err == SAH_OK)
        p->store = sah_redis_store_port(p->redis_store);
    return err;
}

static void unmake(struct preload *p)
{
    p->closing = true; /* nothing is begun any more */
    sah_timer_destroy(p->timer);
    sah_redis_destroy(p->redis);
    sah_redis_store_destroy(p->redis_store);
    sah_loop_destroy(p->loop);
    sah_buf_fini(&p->bytes);
    mix_fini(&p->mix);
    for (struct one *one; (one = p->again) != NULL; free(one))
        p->again = one->next;
    free(p->message);
    free(p->change);
}

int main(int argc, char **argv)
{
    struct preload p = {.sender = "9195", .count = 100000, .in_flight = 256, .seed = 1};
    const struct option_row rows[] = {
        {"socket", &p.socket, NULL, 0, 0, "unix socket of the bulk lane's Redis"},
        {"mix", &p.mix_file, NULL, 0, 0, "mix.tsv; its P4 rows are used"},
        {"sender", &p.sender, NULL, 0, 0, "first digits of each sender (9195); 8 follow"},
        {"count", NULL, &p.count, 1, 99999999, "how many (100000)"},
        {"in-flight", NULL, &p.in_flight, 1, 4096, "commits under way at most (256)"},
        {"envelope", NULL, &p.envelope, 0, 3000, "bytes of each request at least, by more words (0: as it comes)"},
        {"seed", NULL, &p.seed, 1, UINT32_MAX, "of the choice of sayings (1)"},
    };
    uint64_t took_ms;
    int err;

    if (!options_read("bench_preload", rows, SAH_LEN(rows), argc, argv))
        return 2;
    if (p.socket == NULL || p.mix_file == NULL) {
        fprintf(stderr, "bench_preload: --socket and --mix must be given\n");
        return 2;
    }
    err = mix_read(&p.mix, p.mix_file, "P4", (uint32_t)p.seed);
    if (err == SAH_OK)
        err = make(&p);
    if (err == SAH_OK)
        sah_loop_run(p.loop);
    else
        fprintf(stderr, "bench_preload: %s\n", sah_strerror(err));
    took_ms = sah_clock_mono_ms() - p.started_ms;
    unmake(&p);
    printf("{\"queued\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"ms\":%" PRIu64
           ",\"envelope_bytes\":%" PRIu64 ",\"repeated\":%" PRIu64 "}\n",
           p.done, p.failed, took_ms, p.encoded > 0 ? p.body_bytes / p.encoded : 0, p.repeated);
    return err == SAH_OK && p.failed == 0 && p.done == p.count ? 0 : 1;
}
