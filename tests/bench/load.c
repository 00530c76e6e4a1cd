/*
 * load - signed webhooks at a set rate over many connections; what was said goes into a
 * history.
 *
 * Owns:    the sayings under way, the history file (JSON lines; tests/lib/history.py reads it).
 * Used by: flood.py, tests/e2e/faults.py, people.
 * Never:   slows down with the server: a saying has its due time whatever happens, waits for a
 *          free connection when all are taken, and latency counts from the due time.
 *
 * What is not answered 200 is sent again under the same id every RESEND_MS, as the platform
 * does, until it is or the time is up (--patience).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sahaya/digest.h>
#include <sahaya/http_client.h>
#include <sahaya/loop.h>

#include "mix.h"
#include "options.h"

#define SAY_MAGIC  0x10adu
#define TICK_MS    1
#define RESEND_MS  500
#define TIMEOUT_MS 10000
#define BODY_BYTES ((size_t)16 * 1024)
#define OWN_FROM   20000 /* as own() of tests/lib/load.py */
#define WORDS_MAX  4097

struct load;
struct say {
    uint32_t magic;
    struct load *load;
    struct say *next;
    const struct mix_row *row;
    uint64_t number;
    int64_t due_us, again_us; /* wall, monotonic */
    unsigned attempts;
};
struct queue {
    struct say *first, **end;
};
struct load {
    const char *url, *secret_file, *history_file, *mix_file, *only, *sender, *name, *words;
    uint64_t rate, seconds, count, connections, seed, patience;

    struct mix mix;
    struct sah_loop *loop;
    struct sah_http_client *client;
    struct sah_timer *tick;
    struct sah_hmac *hmac;
    FILE *history;
    struct sah_buf body;
    struct queue ready, resting; /* both by due time: each saying rests equally long */
    int64_t start_us, start_wall_us, end_us;
    uint64_t run, made, flying, good, failed, again;
};

static int64_t clock_us(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void put(struct queue *queue, struct say *say)
{
    say->next = NULL;
    *queue->end = say;
    queue->end = &say->next;
}

static struct say *take(struct queue *queue)
{
    struct say *say = queue->first;

    queue->first = say->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return say;
}

/* ---- the history */

static void write_head(struct load *load, const struct say *say, const char *type)
{
    fprintf(load->history,
            "{\"t_ns\":%" PRId64 ",\"wall_us\":%" PRId64
            ",\"process\":\"%s\",\"op\":\"say\",\"type\":\"%s\",\"sender\":\"%s%08" PRIu64
            "\",\"wamid\":\"wamid.%s%08" PRIu64 "x%" PRIx64 "\"",
            clock_us(CLOCK_MONOTONIC) * 1000, clock_us(CLOCK_REALTIME), load->name, type,
            load->sender, say->number, load->sender, say->number, load->run);
}

static void write_invoke(struct load *load, const struct say *say)
{
    const struct mix_row *row = say->row;

    write_head(load, say, "invoke");
    fprintf(load->history,
            ",\"due_us\":%" PRId64 ",\"class\":\"%s\",\"emergency\":%s,\"agencies\":[",
            say->due_us, row->class, row->emergency ? "true" : "false");
    for (unsigned i = 0; i < row->n_agencies; i++)
        fprintf(load->history, "%s\"%s\"", i > 0 ? "," : "", row->agencies[i]);
    fputs("]}\n", load->history);
}

static void write_end(struct load *load, const struct say *say, const char *type, int status)
{
    write_head(load, say, type);
    fprintf(load->history, ",\"status\":%d,\"attempts\":%u}\n", status, say->attempts);
}

/* ---- one webhook */

/* The same long text from three senders is a rumour and linked to one incident, so each has words of
 * its own (--words same: not). No number is one that somebody could dial: "(102)" is another service. */
static const char *words_of(const struct load *load, const struct say *say, char *dst, size_t size)
{
    if (strcmp(load->words, "same") == 0 ||
        sah_format(dst, size, "%s (%" PRIu64 ")", say->row->words, OWN_FROM + say->number) != SAH_OK)
        return say->row->words;
    return dst;
}

static void write_body(struct load *load, const struct say *say)
{
    struct sah_buf *b = &load->body;
    char words[WORDS_MAX];

    sah_buf_clear(b);
    sah_buf_addf(
        b,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"100000000000001\","
        "\"changes\":[{\"field\":\"messages\",\"value\":{\"messaging_product\":"
        "\"whatsapp\",\"metadata\":{\"display_phone_number\":\"918096958096\","
        "\"phone_number_id\":\"106540352242922\"},\"contacts\":[{\"profile\":{\"name\":"
        "\"Citizen\"},\"wa_id\":\"%s%08" PRIu64 "\"}],\"messages\":[{\"from\":"
        "\"%s%08" PRIu64 "\",\"id\":\"wamid.%s%08" PRIu64 "x%" PRIx64
        "\",\"timestamp\":\"%" PRId64 "\",\"type\":\"text\",\"text\":{\"body\":",
        load->sender, say->number, load->sender, say->number, load->sender, say->number,
        load->run, say->due_us / 1000000);
    mix_json_text(b, words_of(load, say, words, sizeof words));
    sah_buf_add_text(b, "}}]}}]}]}");
    SAH_ASSERT(!b->failed);
}

static void end_say(struct say *say)
{
    say->magic = 0;
    free(say);
}

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct say *say = data;
    struct load *load = say->load;

    SAH_CHECK(say, SAY_MAGIC);
    load->flying--;
    if (answer->fault == SAH_HTTP_FINE && answer->status == 200) {
        load->good++;
        write_end(load, say, "ok", 200);
        end_say(say);
    } else if (answer->fault == SAH_HTTP_CANCELED) {
        load->failed++;
        write_end(load, say, "info", 0);
        end_say(say);
    } else {
        load->again++;
        say->again_us = clock_us(CLOCK_MONOTONIC) + RESEND_MS * 1000;
        put(&load->resting, say);
    }
}

static void post(struct load *load, struct say *say)
{
    uint8_t mac[SAH_SHA256_BYTES];
    char signature[sizeof "sha256=" + 2 * SAH_SHA256_BYTES] = "sha256=";
    int err;

    write_body(load, say);
    err =
        sah_hmac_sign(load->hmac, &(struct sah_slice){load->body.data, load->body.len}, 1, mac);
    SAH_ASSERT(err == SAH_OK);
    sah_hex(signature + strlen("sha256="), mac, sizeof mac);
    const struct sah_http_header headers[] = {{"Content-Type", "application/json"},
                                              {"X-Hub-Signature-256", signature}};
    const struct sah_http_request request = {.method = "POST",
                                             .url = load->url,
                                             .headers = headers,
                                             .n_headers = SAH_LEN(headers),
                                             .body = load->body.data,
                                             .body_len = load->body.len,
                                             .timeout_ms = TIMEOUT_MS};
    if (say->attempts++ == 0)
        write_invoke(load, say);
    load->flying++;
    err = sah_http_send(load->client, &request, on_answer, say, NULL);
    SAH_ASSERT(err == SAH_OK);
}

/* ---- the clock of the load */

static void make_due(struct load *load, int64_t now_us)
{
    while (load->made < load->count) {
        int64_t due_us = (int64_t)(load->made * 1000000 / load->rate);
        struct say *say;

        if (load->start_us + due_us > now_us)
            return;
        say = calloc(1, sizeof *say);
        SAH_ASSERT(say != NULL);
        *say = (struct say){.magic = SAY_MAGIC,
                            .load = load,
                            .row = mix_pick(&load->mix),
                            .number = ++load->made,
                            .due_us = load->start_wall_us + due_us};
        put(&load->ready, say);
    }
}

static void on_tick(void *data)
{
    struct load *load = data;
    int64_t now_us = clock_us(CLOCK_MONOTONIC);

    make_due(load, now_us);
    while (load->resting.first != NULL && load->resting.first->again_us <= now_us)
        put(&load->ready, take(&load->resting));
    while (load->ready.first != NULL && load->flying < load->connections)
        post(load, take(&load->ready));
    if (load->made == load->count && load->flying == 0 && load->ready.first == NULL &&
        load->resting.first == NULL) {
        sah_loop_stop(load->loop);
        return;
    }
    if (now_us > load->end_us) { /* patience is over: what is left is unknown */
        sah_loop_stop(load->loop);
        return;
    }
    sah_timer_start(load->tick, TICK_MS);
}

static int make(struct load *load)
{
    SAH_AUTOFREE char *secret = NULL;
    size_t len = 0;
    int err = sah_read_secret(load->secret_file, &secret, &len);

    if (err == SAH_OK)
        err = sah_hmac_create(secret, len, &load->hmac);
    if (err == SAH_OK)
        err = sah_loop_create(&load->loop);
    if (err == SAH_OK)
        err = sah_http_client_create(load->loop, &load->client);
    if (err == SAH_OK)
        err = sah_timer_create(load->loop, on_tick, load, &load->tick);
    load->history = fopen(load->history_file, "w");
    if (err == SAH_OK && load->history == NULL)
        err = SAH_EIO;
    return err;
}

static void give_up(struct load *load, struct queue *queue)
{
    while (queue->first != NULL) {
        struct say *say = take(queue);

        if (say->attempts > 0) {
            write_end(load, say, "info", 0);
            load->failed++;
        }
        end_say(say);
    }
}

static void unmake(struct load *load)
{
    sah_http_client_destroy(load->client);
    if (load->history != NULL) {
        give_up(load, &load->ready);
        give_up(load, &load->resting);
        if (fclose(load->history) != 0)
            load->failed++;
    }
    sah_timer_destroy(load->tick);
    sah_hmac_destroy(load->hmac);
    sah_loop_destroy(load->loop);
    sah_buf_fini(&load->body);
    mix_fini(&load->mix);
}

static void run(struct load *load)
{
    load->start_us = clock_us(CLOCK_MONOTONIC);
    load->start_wall_us = clock_us(CLOCK_REALTIME);
    load->run = (uint64_t)load->start_wall_us;
    load->end_us =
        load->start_us + (int64_t)((load->count / load->rate + load->patience) * 1000000);
    sah_timer_start(load->tick, 0);
    sah_loop_run(load->loop);
}

int main(int argc, char **argv)
{
    struct load load = {.only = "",
                        .sender = "9190",
                        .name = "load",
                        .words = "own",
                        .rate = 100,
                        .seconds = 10,
                        .connections = 64,
                        .seed = 1,
                        .patience = 30};
    const struct option_row rows[] = {
        {"url", &load.url, NULL, 0, 0, "http://127.0.0.1:8080/webhooks/whatsapp"},
        {"secret-file", &load.secret_file, NULL, 0, 0, "the app secret"},
        {"history", &load.history_file, NULL, 0, 0, "file to write"},
        {"mix", &load.mix_file, NULL, 0, 0, "mix.tsv"},
        {"class", &load.only, NULL, 0, 0, "only rows of this class (all)"},
        {"sender", &load.sender, NULL, 0, 0, "first digits of each sender (9190); 8 follow"},
        {"name", &load.name, NULL, 0, 0, "process in the history (load)"},
        {"words", &load.words, NULL, 0, 0, "own: each says it differently; same: as in the mix (own)"},
        {"rate", NULL, &load.rate, 1, 100000, "webhooks a second (100)"},
        {"seconds", NULL, &load.seconds, 1, 86400, "how long (10)"},
        {"count", NULL, &load.count, 1, 99999999, "how many, instead of --seconds"},
        {"connections", NULL, &load.connections, 1, 4096, "open at once at most (64)"},
        {"seed", NULL, &load.seed, 1, UINT32_MAX, "of the choice of sayings (1)"},
        {"patience", NULL, &load.patience, 0, 3600, "seconds for what is sent again (30)"},
    };
    int err;

    if (!options_read("bench_load", rows, SAH_LEN(rows), argc, argv))
        return 2;
    if (load.url == NULL || load.secret_file == NULL || load.history_file == NULL ||
        load.mix_file == NULL || (strcmp(load.words, "own") != 0 && strcmp(load.words, "same") != 0)) {
        fprintf(stderr,
                "bench_load: --url, --secret-file, --history and --mix must be given; --words is own or same\n");
        return 2;
    }
    if (load.count == 0)
        load.count = load.rate * load.seconds;
    load.ready.end = &load.ready.first;
    load.resting.end = &load.resting.first;
    sah_buf_init(&load.body, BODY_BYTES);
    err = mix_read(&load.mix, load.mix_file, load.only[0] == '\0' ? NULL : load.only,
                   (uint32_t)load.seed);
    if (err == SAH_OK)
        err = make(&load);
    if (err == SAH_OK)
        run(&load);
    else
        fprintf(stderr, "bench_load: %s\n", sah_strerror(err));
    unmake(&load);
    printf("{\"said\":%" PRIu64 ",\"ok\":%" PRIu64 ",\"info\":%" PRIu64 ",\"again\":%" PRIu64
           "}\n",
           load.made, load.good, load.failed, load.again);
    return err != SAH_OK ? 2 : load.good == load.made ? 0 : 1;
}
