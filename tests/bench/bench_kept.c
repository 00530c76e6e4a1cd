/*
 * bench_kept - an adapter that starts on a journal full of open messages, its Redis away and then back.
 *
 *   bench_kept PHRASES RECORDS AWAY_S [LONGEST_TURN_MS]
 *
 * Half are emergencies, the rest bookings and pieces nobody could read. Prints how long the start took, the
 * memory, the longest turn of the loop while Redis was away and while the journal drained, and how
 * long that took. Fails when a turn was longer than LONGEST_TURN_MS (0 = only print), or something
 * is left over. A turn is what an emergency that has just come waits for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>
#include <sahaya/adapter.h>
#include <sahaya/clock.h>
#include <sahaya/digest.h>
#include <sahaya/journal.h>

#include "dialog.h"
#include "lib/redis_process.h"

#define OUGHT(x) \
    do { \
        if (!(x)) { \
            fprintf(stderr, "bench_kept: %s:%d: not so: %s\n", __FILE__, __LINE__, #x); \
            exit(1); \
        } \
    } while (0)

static const char *const words[] = {"my father has chest pain", "gas smell in the kitchen", "indane gas book cheyali",
                                    "cylinder book karna hai"};

struct bench {
    char folder[64], journal[96], key[96], redis[96];
    struct sah_loop *loop;
    struct sah_adapter *adapter;
    struct sah_journal_settings settings;
    unsigned long records, written;
    double longest_ms;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double rss_mb(void)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    OUGHT(f != NULL && fscanf(f, "%lu %lu", &size, &resident) == 2);
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void turn(struct bench *b)
{
    double begin = now_ms(), ms;

    sah_loop_turn(b->loop, 0);
    ms = now_ms() - begin;
    if (ms > b->longest_ms)
        b->longest_ms = ms;
    if (ms < 0.05)
        sah_loop_turn(b->loop, 5); /* nothing was there: wait for something */
}

static void on_written(void *data, int err)
{
    struct bench *b = data;

    OUGHT(err == SAH_OK);
    b->written++;
}

static void write_one(struct sah_journal *journal, struct bench *b, unsigned long i)
{
    static struct sah_incoming in;
    struct sah_journal_record record = {.type = SAH_JOURNAL_RECEIVED, .received_ms = sah_clock_wall_ms()};
    const char *text = words[i % SAH_LEN(words)];
    struct sah_buf buf;

    memset(&in, 0, sizeof in);
    OUGHT(sah_digest_id(&(struct sah_slice){(const char *)&i, sizeof i}, 1, &record.id) == SAH_OK);
    in.id = record.id;
    in.received_ms = in.sent_ms = record.received_ms;
    (void)sah_format(in.citizen.channel, sizeof in.citizen.channel, "bench");
    (void)sah_format(in.citizen.account, sizeof in.citizen.account, "page");
    (void)sah_format(in.citizen.channel_message, sizeof in.citizen.channel_message, "m%lu", i);
    (void)sah_format(in.citizen.sender, sizeof in.citizen.sender, "c%lu", i);
    in.text_len = (uint32_t)strlen(text);
    memcpy(in.text, text, in.text_len);
    sah_buf_init(&buf, SAH_JOURNAL_PAYLOAD_MAX);
    if (i % 10 == 9) { /* a piece */
        sah_buf_add(&buf, "qno id", sizeof "qno id");
        sah_buf_add(&buf, &i, sizeof i);
        record.class_ = SAH_JOURNAL_UNCLASSIFIED;
    } else {
        sah_buf_add(&buf, "m", 1);
        OUGHT(sah_incoming_encode(&in, &buf) == SAH_OK);
        record.class_ = i % SAH_LEN(words) < 2 ? 0 : SAH_JOURNAL_CLASS_MAX;
    }
    record.payload = (struct sah_slice){buf.data, buf.len};
    for (;;) {
        int err = sah_journal_append(journal, &record, false, on_written, b);

        if (err == SAH_OK)
            break;
        OUGHT(err == SAH_EAGAIN);
        sah_loop_turn(b->loop, 5);
    }
    sah_buf_fini(&buf);
}

static void fill(struct bench *b)
{
    struct sah_journal_settings full = b->settings;
    struct sah_journal *journal;
    char why[SAH_JOURNAL_WHY_SIZE];

    full.soft_percent = full.hard_percent = 100; /* to the last place, whatever the class */
    if (sah_journal_create(b->loop, &full, why, &journal) != SAH_OK) {
        fprintf(stderr, "bench_kept: %s\n", why);
        exit(1);
    }
    for (unsigned long i = 0; i < b->records; i++)
        write_one(journal, b, i);
    while (b->written < b->records)
        sah_loop_turn(b->loop, 5);
    sah_journal_destroy(journal);
}

/* In a process of its own, whose memory is not counted. */
static void fill_apart(struct bench *b)
{
    pid_t pid = fork();
    int status = 0;

    OUGHT(pid >= 0);
    if (pid == 0) {
        OUGHT(sah_loop_create(&b->loop) == SAH_OK);
        fill(b);
        sah_loop_destroy(b->loop);
        _exit(0);
    }
    OUGHT(waitpid(pid, &status, 0) == pid && status == 0);
}

static int send_reply(void *data, const struct sah_reply *reply, sah_sent_fn *fn, void *fn_data)
{
    SAH_UNUSED(data);
    SAH_UNUSED(reply);
    SAH_UNUSED(fn);
    SAH_UNUSED(fn_data);
    return SAH_EAGAIN; /* the channel is away too */
}

/* The sum of its rows: some have one for each class. */
static double metric(const struct bench *b, const char *name)
{
    struct sah_buf buf;
    char wanted[64];
    double value = 0;
    unsigned n = 0;

    sah_buf_init(&buf, 256 * 1024);
    sah_adapter_metrics(b->adapter, &buf);
    (void)sah_format(wanted, sizeof wanted, "\nsahaya_adapter_%s{", name);
    for (const char *at = buf.data; at != NULL && (at = strstr(at, wanted)) != NULL; at++, n++)
        value += strtod(strchr(at, '}') + 1, NULL);
    OUGHT(n > 0);
    sah_buf_fini(&buf);
    return value;
}

static void prepare(struct bench *b)
{
    char name[96];
    FILE *key;

    (void)sah_format(b->folder, sizeof b->folder, "/tmp/sah-kept-XXXXXX");
    OUGHT(mkdtemp(b->folder) != NULL);
    (void)sah_format(b->journal, sizeof b->journal, "%s/journal", b->folder);
    (void)sah_format(b->redis, sizeof b->redis, "%s/redis.sock", b->folder);
    (void)sah_format(b->key, sizeof b->key, "%s/key", b->folder);
    (void)sah_format(name, sizeof name, "%s/redis", b->folder);
    OUGHT(mkdir(b->journal, 0700) == 0 && mkdir(name, 0700) == 0);
    key = fopen(b->key, "w");
    OUGHT(key != NULL && fputs("0123456789abcdef0123456789abcdef", key) >= 0 && fclose(key) == 0);
    OUGHT(chmod(b->key, 0600) == 0);
    b->settings = (struct sah_journal_settings){
        .folder = b->journal, .key_file = b->key, .max_open = (uint32_t)b->records + 1000, .max_bytes = 1u << 30};
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct sah_fault fault = {0};
    struct sah_dialog *dialog = NULL;
    double begin, before_mb, bound_ms, worst_ms = 0;
    pid_t redis;
    char dir[96];

    OUGHT(argc >= 4);
    setvbuf(stdout, NULL, _IOLBF, 0);
    b.records = strtoul(argv[2], NULL, 10);
    bound_ms = argc > 4 ? strtod(argv[4], NULL) : 0;
    prepare(&b);
    begin = now_ms();
    fill_apart(&b);
    printf("%lu records written in %.1f s\n", b.records, (now_ms() - begin) / 1e3);
    OUGHT(sah_loop_create(&b.loop) == SAH_OK);
    OUGHT(sah_dialog_create(argv[1], &dialog, &fault) == SAH_OK);

    struct sah_adapter_settings settings = {
        .producer = "sahaya-bench@host",
        .redis_socket = b.redis,
        .emergency_bus = "ipc:///tmp/sah-kept-nobody-e",
        .bulk_bus = "ipc:///tmp/sah-kept-nobody-b",
        .ack_deadline_ms = 2500,
        .journal = &b.settings,
        .dialog = dialog,
        .channel = {.name = "bench", .send = send_reply, .send_max = 8},
    };
    before_mb = rss_mb();
    begin = now_ms();
    OUGHT(sah_adapter_create(b.loop, &settings, &b.adapter) == SAH_OK);
    printf("started in %.0f ms, %.0f MB more\n", now_ms() - begin, rss_mb() - before_mb);

    for (begin = now_ms(); now_ms() - begin < strtod(argv[3], NULL) * 1e3;)
        turn(&b);
    printf("away: longest turn %.1f ms, %.0f left from memory, %.0f MB more\n", b.longest_ms,
           metric(&b, "direct_total"), rss_mb() - before_mb);
    worst_ms = b.longest_ms;
    b.longest_ms = 0;

    (void)sah_format(dir, sizeof dir, "%s/redis", b.folder);
    redis = redis_process_start(b.redis, dir, NULL);
    OUGHT(redis_process_answers(b.redis));
    for (begin = now_ms(); metric(&b, "journal_open") > 0 && now_ms() - begin < 900e3;)
        for (unsigned i = 0; i < 20; i++)
            turn(&b);
    printf("back: %.0f drained in %.1f s, longest turn %.1f ms, %.0f MB more\n", metric(&b, "drained_total"),
           (now_ms() - begin) / 1e3, b.longest_ms, rss_mb() - before_mb);
    worst_ms = b.longest_ms > worst_ms ? b.longest_ms : worst_ms;
    OUGHT(metric(&b, "journal_open") == 0);

    sah_adapter_destroy(b.adapter);
    sah_dialog_destroy(dialog);
    sah_loop_destroy(b.loop);
    redis_process_kill(&redis);
    redis_process_remove(b.folder);
    if (bound_ms > 0 && worst_ms > bound_ms) {
        printf("a turn of %.1f ms is past the bound of %.0f ms\n", worst_ms, bound_ms);
        return 1;
    }
    return 0;
}
