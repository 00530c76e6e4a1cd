/*
 * link - the bus on one side, the core on the other. See link.h.
 */
#include <stdlib.h>
#include <string.h>

#include <sahaya/clock.h>

#include "link/link.h"

#define LINK_MAGIC 0x5a4c4e4bu
#define PEERS_MAX 16
#define ALIVE_MS 3000 /* three hellos missed */

struct peer {
    struct sah_bus_peer id;
    uint64_t heard_ms; /* monotonic; 0 = free */
    unsigned n_channels;
    char channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE];
};

struct sah_link {
    uint32_t magic;
    struct sah_link_settings s;
    struct sah_loop *loop;
    struct sah_bus_server *bus;
    struct sah_front front;
    struct sah_link_counters counters;
    struct peer peers[PEERS_MAX];
    unsigned turn; /* which adapter of a channel is next */
    struct sah_message scratch;
};

struct asked { /* who wants the result of a message */
    struct sah_link *link;
    struct sah_bus_peer peer;
};

static struct sah_now now_of(const struct sah_link *link)
{
    SAH_UNUSED(link);
    return (struct sah_now){.mono_ms = sah_clock_mono_ms(), .wall_ms = sah_clock_wall_ms()};
}

static int send_message(struct sah_link *link, const struct sah_bus_peer *peer, const struct sah_message *message)
{
    struct sah_buf buf;
    char why[96];
    int err;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    err = sah_message_encode(message, &buf, why, sizeof why);
    if (err != SAH_OK)
        sah_error(link->s.log, "event=link.encode_failed kind=%s why=\"%s\"", sah_kind_name(message->kind), why);
    else
        err = sah_bus_server_send(link->bus, peer, buf.data, buf.len);
    if (err != SAH_OK)
        link->counters.send_failed++; /* whoever asked asks again; an event is given again */
    sah_buf_fini(&buf);
    return err;
}

static void on_result(void *data, const struct sah_message *result)
{
    struct asked *asked = data;
    struct sah_link *link = asked->link;

    SAH_CHECK(link, LINK_MAGIC);
    link->scratch = *result;
    (void)sah_format(link->scratch.producer, sizeof link->scratch.producer, "%s", link->s.producer);
    (void)send_message(link, &asked->peer, &link->scratch);
    free(asked);
}

static struct peer *find_peer(struct sah_link *link, const struct sah_bus_peer *id, bool make)
{
    struct peer *oldest = &link->peers[0];

    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct peer *p = &link->peers[i];

        if (p->heard_ms != 0 && p->id.len == id->len && memcmp(p->id.id, id->id, id->len) == 0)
            return p;
        if (p->heard_ms < oldest->heard_ms)
            oldest = p;
    }
    if (!make)
        return NULL;
    memset(oldest, 0, sizeof *oldest);
    oldest->id = *id;
    return oldest;
}

static void take_hello(struct sah_link *link, const struct sah_bus_peer *id, const struct sah_hello *hello)
{
    struct peer *peer = find_peer(link, id, true);
    bool is_new = peer->heard_ms == 0;
    struct sah_message *answer = &link->scratch;

    link->counters.hellos++;
    peer->heard_ms = sah_clock_mono_ms();
    peer->n_channels = hello->n_channels;
    memcpy(peer->channels, hello->channels, sizeof peer->channels);
    memset(answer, 0, sizeof *answer);
    answer->schema_version = SAH_SCHEMA_VERSION;
    answer->kind = SAH_KIND_HELLO;
    answer->created_ms = sah_clock_wall_ms();
    (void)sah_format(answer->producer, sizeof answer->producer, "%s", link->s.producer);
    answer->u.hello.lane = link->s.lane;
    (void)sah_format(answer->u.hello.state, sizeof answer->u.hello.state, "%s", link->s.state(link->s.data));
    (void)sah_format(answer->u.hello.version, sizeof answer->u.hello.version, "%s", SAHAYA_VERSION);
    if (link->s.store_run_id != NULL)
        (void)sah_format(answer->u.hello.store_run_id, sizeof answer->u.hello.store_run_id, "%s",
                         link->s.store_run_id(link->s.data));
    (void)send_message(link, id, answer);
    if (is_new)
        link->front.adapter_came(link->front.data, now_of(link));
}

static void quarantined(void *data, int err)
{
    struct sah_link *link = data;

    if (err != SAH_OK)
        sah_error(link->s.log, "event=quarantine.failed err=\"%s\"", sah_strerror(err));
}

/* Bytes nobody can read. The sender keeps its own copy until it is acked, and is told nothing: an
 * unreadable message has no id to answer to. A person can look at it. */
static void keep_malformed(struct sah_link *link, const void *bytes, size_t len, const char *why)
{
    link->counters.malformed++;
    sah_warn(link->s.log, "event=link.malformed bytes=%zu why=\"%s\"", len, why);
    link->s.store->quarantine(link->s.store->data, "bus", why, bytes, len, quarantined, link);
}

static void on_message(void *data, const struct sah_bus_peer *peer, const void *bytes, size_t len)
{
    struct sah_link *link = data;
    struct sah_message *message = &link->scratch;
    struct asked *asked;
    char why[128] = "";

    SAH_CHECK(link, LINK_MAGIC);
    link->counters.received++;
    if (sah_message_decode(bytes, len, message, why, sizeof why) != SAH_OK) {
        keep_malformed(link, bytes, len, why);
        return;
    }
    switch (message->kind) {
    case SAH_KIND_HELLO: {
        struct sah_hello hello = message->u.hello;

        take_hello(link, peer, &hello);
        return;
    }
    case SAH_KIND_OUTBOX_ACK:
        link->front.outbox_ack(link->front.data, message->u.outbox_ack.event_id);
        return;
    case SAH_KIND_REQUEST:
    case SAH_KIND_AMENDMENT:
    case SAH_KIND_CANCEL:
    case SAH_KIND_STATUS_QUERY:
        asked = malloc(sizeof *asked);
        if (asked == NULL)
            return; /* not acked: it is sent again */
        asked->link = link;
        asked->peer = *peer;
        link->front.take(link->front.data, message, (struct sah_slice){bytes, len}, now_of(link), on_result, asked);
        return;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_RESULT:
    case SAH_KIND_OUTBOX_EVENT:
        break;
    }
    link->counters.unexpected++;
}

static bool serves(const struct peer *peer, const char *channel, uint64_t now_ms)
{
    if (peer->heard_ms == 0 || now_ms - peer->heard_ms > ALIVE_MS)
        return false;
    for (unsigned i = 0; i < peer->n_channels; i++)
        if (strcmp(peer->channels[i], channel) == 0)
            return true;
    return false;
}

static int send_event(void *data, const struct sah_outbox_event *event)
{
    struct sah_link *link = data;
    struct sah_message *message = &link->scratch;
    uint64_t now_ms = sah_clock_mono_ms();

    SAH_CHECK(link, LINK_MAGIC);
    memset(message, 0, sizeof *message);
    message->schema_version = SAH_SCHEMA_VERSION;
    message->kind = SAH_KIND_OUTBOX_EVENT;
    message->created_ms = event->created_ms;
    memcpy(message->request_id, event->status.request_id, sizeof message->request_id);
    (void)sah_format(message->producer, sizeof message->producer, "%s", link->s.producer);
    message->u.outbox_event = *event;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        struct peer *peer = &link->peers[(link->turn + i) % PEERS_MAX];

        if (!serves(peer, event->channel, now_ms))
            continue;
        if (send_message(link, &peer->id, message) == SAH_OK) {
            link->turn = (link->turn + i) % PEERS_MAX;
            return SAH_OK;
        }
    }
    return SAH_EDOWN;
}

static unsigned channels(void *data, char ret_channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE])
{
    struct sah_link *link = data;
    uint64_t now_ms = sah_clock_mono_ms();
    unsigned n = 0;

    for (unsigned i = 0; i < PEERS_MAX; i++) {
        const struct peer *peer = &link->peers[i];

        if (peer->heard_ms == 0 || now_ms - peer->heard_ms > ALIVE_MS)
            continue;
        for (unsigned j = 0; j < peer->n_channels; j++) {
            unsigned k = 0;

            while (k < n && strcmp(ret_channels[k], peer->channels[j]) != 0)
                k++;
            if (k == n && n < SAH_CHANNELS_MAX)
                memcpy(ret_channels[n++], peer->channels[j], SAH_CHANNEL_SIZE);
        }
    }
    return n;
}

void sah_link_adapters(struct sah_link *link, struct sah_adapters *ret_port)
{
    *ret_port = (struct sah_adapters){.data = link, .send_event = send_event, .channels = channels};
}

void sah_link_attach(struct sah_link *link, struct sah_front front)
{
    link->front = front;
}

const struct sah_link_counters *sah_link_counters(const struct sah_link *link)
{
    return &link->counters;
}

unsigned sah_link_adapters_alive(const struct sah_link *link)
{
    uint64_t now_ms = sah_clock_mono_ms();
    unsigned n = 0;

    for (unsigned i = 0; i < PEERS_MAX; i++)
        n += link->peers[i].heard_ms != 0 && now_ms - link->peers[i].heard_ms <= ALIVE_MS;
    return n;
}

int sah_link_create(struct sah_loop *loop, const struct sah_link_settings *settings, struct sah_link **ret_link)
{
    struct sah_link *link = calloc(1, sizeof *link);
    int err = SAH_ENOMEM;

    if (link == NULL)
        return err;
    link->magic = LINK_MAGIC;
    link->s = *settings;
    link->loop = loop;
    err = sah_bus_server_create(loop, settings->endpoint, on_message, link, &link->bus);
    if (err != SAH_OK) {
        free(link);
        return err;
    }
    *ret_link = link;
    return SAH_OK;
}

void sah_link_destroy(struct sah_link *link)
{
    if (link == NULL)
        return;
    SAH_CHECK(link, LINK_MAGIC);
    sah_bus_server_destroy(link->bus);
    link->magic = 0;
    free(link);
}
