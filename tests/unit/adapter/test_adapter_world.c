/*
 * test_adapter_world - Redis, routers and channel of the adapter's tests. See the header.
 */
#include "test_adapter_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include <sahaya/clock.h>
#include <sahaya/digest.h>

#include "lib/patience.h"
#include "lib/redis_process.h"

static char folder[64];
static char socket_path[128];
static pid_t redis_pid;

static int redis_start(void)
{
    redis_pid = redis_process_start(socket_path, folder, NULL);
    return redis_process_answers(socket_path) ? 0 : -1;
}

void world_redis_stop(void)
{
    redis_process_kill(&redis_pid);
}

void world_redis_start(void)
{
    assert_int_equal(redis_start(), 0);
}

int world_begin_all(void **state)
{
    (void)state;
    (void)sah_format(folder, sizeof folder, "/tmp/sah-adapter-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)sah_format(socket_path, sizeof socket_path, "%s/redis.sock", folder);
    return redis_start();
}

int world_end_all(void **state)
{
    (void)state;
    redis_process_kill(&redis_pid);
    redis_process_remove(folder);
    return 0;
}

/* Routers
 * ---------------------------------------------------------------------------------------- */

static void router_send(struct router *router, const struct sah_message *message)
{
    struct sah_buf buf;
    char why[160] = "";

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (sah_message_encode(message, &buf, why, sizeof why) != SAH_OK)
        fail_msg("the router's message: %s", why);
    (void)!sah_bus_server_send(router->server, &router->peer, buf.data, buf.len);
    sah_buf_fini(&buf);
}

static void router_answer(struct router *router, const struct sah_message *message)
{
    struct sah_message *result = calloc(1, sizeof *result);
    struct sah_id named = message->id;

    result->schema_version = 1;
    result->id = message->id;
    result->kind = SAH_KIND_RESULT;
    result->u.result.code = router->code;
    if (router->first_code != SAH_RESULT_UNSPECIFIED)
        result->u.result.code = router->first_code;
    router->first_code = SAH_RESULT_UNSPECIFIED;
    if (router->forgets && message->kind == SAH_KIND_AMENDMENT)
        result->u.result.code = SAH_RESULT_NOT_FOUND;
    else if (router->run != NULL)
        (void)sah_format(result->u.result.store_run_id, sizeof result->u.result.store_run_id,
                         "%s", router->run);
    if (router->forgets && message->kind == SAH_KIND_REQUEST)
        router->forgets = false; /* from here on it knows one */
    if (router->names_late)
        named.bytes[0] ^= 1;
    if (message->kind == SAH_KIND_REQUEST)
        sah_request_id(router->lane, 0, &named, result->request_id);
    else
        memcpy(result->request_id, message->request_id, sizeof result->request_id);
    router_send(router, result);
    free(result);
}

static const char *sender_in(const struct sah_message *m)
{
    return m->kind == SAH_KIND_REQUEST     ? m->u.request.citizen.sender
           : m->kind == SAH_KIND_AMENDMENT ? m->u.amendment.part.citizen.sender
                                           : m->u.status_query.citizen.sender;
}

static void router_heard(void *data, const struct sah_bus_peer *peer, const void *bytes,
                         size_t len)
{
    struct router *router = data;
    struct sah_message *m = &router->world->message;
    char why[160] = "";

    if (sah_message_decode(bytes, len, m, why, sizeof why) != SAH_OK)
        fail_msg("the adapter's message: %s", why);
    router->peer = *peer;
    router->has_peer = true;
    if (m->kind == SAH_KIND_HELLO) {
        m->u.hello.lane = router->lane;
        (void)sah_format(m->u.hello.store_run_id, sizeof m->u.hello.store_run_id, "%s",
                         router->run != NULL ? router->run : "");
        (void)sah_format(m->producer, sizeof m->producer, "router@host/%u", router->life);
        router_send(router, m);
    } else if (m->kind == SAH_KIND_OUTBOX_ACK) {
        router->n_acks++;
        memcpy(router->acked, m->u.outbox_ack.event_id, sizeof router->acked);
    } else {
        struct heard *h = &router->heard[router->n_heard];

        assert_true(router->n_heard < HEARD_MAX);
        router->n_heard++;
        *h = (struct heard){.id = m->id,
                            .causation = m->causation,
                            .kind = m->kind,
                            .at_ms = sah_clock_mono_ms()};
        memcpy(h->request_id, m->request_id, sizeof h->request_id);
        (void)sah_format(h->sender, sizeof h->sender, "%s", sender_in(m));
        if (!router->silent)
            router_answer(router, m);
    }
}

void router_start(struct router *router)
{
    assert_int_equal(sah_bus_server_create(router->world->loop, router->endpoint, router_heard,
                                           router, &router->server),
                     SAH_OK);
}

void router_stop(struct router *router)
{
    sah_bus_server_destroy(router->server);
    router->server = NULL;
    router->has_peer = false;
}

void router_tell(struct router *router, const char *event_id, const char *sender,
                 bool emergency)
{
    struct sah_message *m = calloc(1, sizeof *m);

    m->schema_version = 1;
    m->id = id_of(event_id);
    m->kind = SAH_KIND_OUTBOX_EVENT;
    (void)sah_format(m->u.outbox_event.event_id, sizeof m->u.outbox_event.event_id, "%s",
                     event_id);
    (void)sah_format(m->u.outbox_event.channel, sizeof m->u.outbox_event.channel, "testchat");
    (void)sah_format(m->u.outbox_event.account, sizeof m->u.outbox_event.account, "page");
    (void)sah_format(m->u.outbox_event.sender, sizeof m->u.outbox_event.sender, "%s", sender);
    if (router->name != NULL)
        (void)sah_format(m->u.outbox_event.name, sizeof m->u.outbox_event.name, "%s", router->name);
    m->u.outbox_event.emergency = emergency;
    m->u.outbox_event.status.state = SAH_STATE_DELIVERED;
    router_send(router, m);
    free(m);
}

unsigned heard_of(const struct router *router, enum sah_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < router->n_heard; i++)
        n += router->heard[i].kind == kind;
    return n;
}

/* Channel
 * ---------------------------------------------------------------------------------------- */

void channel_answer(struct channel *channel)
{
    while (channel->n_waiting > 0) {
        struct sah_sent say = channel->say;
        unsigned i;

        if (channel->n_first > 0) {
            channel->n_first--;
            say = channel->first_say;
        }
        sah_sent_fn *fn = channel->waiting[0].fn;
        void *fn_data = channel->waiting[0].fn_data;

        for (i = 1; i < channel->n_waiting; i++)
            channel->waiting[i - 1] = channel->waiting[i];
        channel->n_waiting--;
        fn(fn_data, &say);
    }
}

static void on_channel_timer(void *data)
{
    channel_answer(data);
}

static int channel_send(void *data, const struct sah_reply *r, sah_sent_fn *fn, void *fn_data)
{
    struct channel *channel = data;
    struct sending *s = &channel->sent[channel->n_sent];

    assert_true(channel->n_sent < HEARD_MAX);
    channel->n_sent++;
    memcpy(s->key, r->key, sizeof s->key);
    memcpy(s->sender, r->sender, sizeof s->sender);
    s->emergency = r->emergency;
    s->at_ms = sah_clock_mono_ms();
    channel->waiting[channel->n_waiting].fn = fn;
    channel->waiting[channel->n_waiting].fn_data = fn_data;
    channel->n_waiting++;
    if (channel->n_waiting > channel->most_waiting)
        channel->most_waiting = channel->n_waiting;
    if (!channel->holds)
        sah_timer_start(channel->timer, 0);
    return SAH_OK;
}

static void channel_not_ours(void *data, const struct sah_incoming *incoming)
{
    (void)incoming;
    ((struct channel *)data)->n_not_ours++;
}

/* World
 * ------------------------------------------------------------------------------------------ */

int world_begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    static const char *const names[] = {"emergency", "bulk"};

    assert_int_equal(sah_loop_create(&world->loop), SAH_OK);
    if (redis_pid == 0)
        world_redis_start();
    world->redis = redisConnectUnix(socket_path);
    assert_non_null(world->redis);
    freeReplyObject(redis_do(world, "FLUSHALL"));
    world->ack_deadline_ms = 2500;
    world->redis_socket = socket_path;
    world->send_max = 8;
    for (unsigned i = 0; i < 2; i++) {
        struct router *router = &world->routers[i];

        router->world = world;
        router->lane = i == 0 ? SAH_LANE_EMERGENCY : SAH_LANE_BULK;
        router->code = SAH_RESULT_ACCEPTED;
        (void)sah_format(router->endpoint, sizeof router->endpoint, "ipc://%s/%s", folder,
                         names[i]);
        router_start(router);
    }
    world->channel.world = world;
    assert_int_equal(
        sah_timer_create(world->loop, on_channel_timer, &world->channel, &world->channel.timer),
        SAH_OK);
    *state = world;
    return 0;
}

void world_journal(struct world *world, uint64_t max_bytes, uint32_t segment_bytes)
{
    static struct sah_journal_settings settings;
    static char place[96], key_file[96];
    static unsigned n;
    FILE *key;

    (void)sah_format(place, sizeof place, "%s/journal-%u", folder, n++);
    (void)sah_format(key_file, sizeof key_file, "%s/key", folder);
    assert_int_equal(mkdir(place, 0700), 0);
    key = fopen(key_file, "w");
    assert_non_null(key);
    (void)!fwrite("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 1, 64, key);
    fclose(key);
    settings = (struct sah_journal_settings){.folder = place,
                                             .key_file = key_file,
                                             .max_bytes = max_bytes,
                                             .segment_bytes = segment_bytes};
    world->journal = &settings;
}

int world_end(void **state)
{
    struct world *world = *state;

    world_kill(world);
    for (unsigned i = 0; i < 2; i++)
        router_stop(&world->routers[i]);
    sah_timer_destroy(world->channel.timer);
    redisFree(world->redis);
    sah_loop_destroy(world->loop);
    free(world);
    return 0;
}

struct sah_adapter *world_adapter(struct world *world)
{
    struct sah_adapter_settings settings = {
        .producer = "sahaya-testchat@host",
        .redis_socket = socket_path,
        .emergency_bus = world->routers[0].endpoint,
        .bulk_bus = world->routers[1].endpoint,
        .ack_deadline_ms = world->ack_deadline_ms,
        .journal = world->journal,
        .channel = {.name = "testchat",
                    .data = &world->channel,
                    .send = channel_send,
                    .send_max = world->send_max,
                    .not_ours = channel_not_ours},
    };
    struct sah_adapter *adapter = NULL;

    assert_int_equal(sah_adapter_create(world->loop, &settings, &adapter), SAH_OK);
    return adapter;
}

static bool is_ready(void *data)
{
    struct world *world = data;
    char why[256];

    if (sah_adapter_ready(world->adapter, why, sizeof why))
        return world->routers[1].server == NULL || strcmp(why, "ready") == 0;
    return false;
}

void world_start(struct world *world)
{
    world->adapter = world_adapter(world);
    assert_true(world_until(world, is_ready, world, 5000));
}

void world_kill(struct world *world)
{
    sah_timer_stop(world->channel.timer);
    world->channel.n_waiting = 0;
    sah_adapter_destroy(world->adapter);
    sah_adapter_destroy(world->other);
    world->adapter = world->other = NULL;
}

void world_turn(struct world *world, uint32_t ms)
{
    uint64_t end = sah_clock_mono_ms() + ms;

    while (sah_clock_mono_ms() < end)
        sah_loop_turn(world->loop, 5);
}

bool world_until(struct world *world, world_test_fn *fn, void *data, uint32_t ms)
{
    uint64_t end = sah_clock_mono_ms() + patience_ms(ms);

    while (!fn(data)) {
        if (sah_clock_mono_ms() >= end)
            return false;
        sah_loop_turn(world->loop, 20);
    }
    return true;
}

bool is_taken(void *taken)
{
    return ((struct taken *)taken)->done;
}

static void on_taken(void *data, int err)
{
    struct taken *taken = data;

    assert_false(taken->done); /* exactly once */
    taken->done = true;
    taken->err = err;
    taken->at_ms = sah_clock_mono_ms();
}

struct sah_id id_of(const char *name)
{
    struct sah_slice part = sah_slice_of(name);
    struct sah_id id;

    assert_int_equal(sah_digest_id(&part, 1, &id), SAH_OK);
    id.bytes[15] = 0;
    return id;
}

void take(struct world *world, struct sah_adapter *adapter, const char *sender,
          const char *name, const char *text, struct taken *taken)
{
    struct sah_incoming *in = calloc(1, sizeof *in);

    *taken = (struct taken){.world = world};
    in->id = id_of(name);
    in->kind = SAH_INCOMING_TEXT;
    (void)sah_format(in->citizen.channel, sizeof in->citizen.channel, "testchat");
    (void)sah_format(in->citizen.account, sizeof in->citizen.account, "page");
    (void)sah_format(in->citizen.channel_message, sizeof in->citizen.channel_message, "%s",
                     name);
    (void)sah_format(in->citizen.sender, sizeof in->citizen.sender, "%s", sender);
    in->text_len = (uint32_t)strlen(text);
    (void)sah_format(in->text, sizeof in->text, "%s", text);
    sah_adapter_take(adapter, in, on_taken, taken);
    assert_false(taken->done); /* never from inside */
    free(in);
}

int take_and_wait(struct world *world, const char *sender, const char *name, const char *text)
{
    struct taken taken;

    take(world, world->adapter, sender, name, text, &taken);
    assert_true(world_until(world, is_taken, &taken, 10000));
    return taken.err;
}

redisReply *redis_do(struct world *world, const char *words)
{
    char text[512];
    const char *argv[24];
    int argc = 0;
    char *rest = text;
    redisReply *answer;

    assert_int_equal(sah_format(text, sizeof text, "%s", words), SAH_OK);
    for (char *word; (word = strsep(&rest, " ")) != NULL && argc < 24;)
        argv[argc++] = strcmp(word, "\"\"") == 0 ? "" : word;
    answer = redisCommandArgv(world->redis, argc, argv, NULL);
    assert_non_null(answer);
    return answer;
}

long long redis_number(struct world *world, const char *words)
{
    redisReply *answer = redis_do(world, words);
    long long value = answer->type == REDIS_REPLY_INTEGER ? answer->integer : -1;

    freeReplyObject(answer);
    return value;
}

double metric(struct world *world, const char *name)
{
    struct sah_buf buf;
    double value = -1;
    char *at;
    char line[128];

    sah_buf_init(&buf, 256 * 1024);
    sah_adapter_metrics(world->adapter, &buf);
    assert_false(buf.failed);
    (void)sah_format(line, sizeof line, "\nsahaya_adapter_%s{", name);
    at = strstr(buf.data, line);
    if (at != NULL && (at = strchr(at, '}')) != NULL)
        value = strtod(at + 1, NULL);
    sah_buf_fini(&buf);
    return value;
}
