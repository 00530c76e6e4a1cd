/*
 * router_link - the bus client of one lane: says hello, hears the router, hands on what it
 * says.
 *
 * Owns:    the connection to that lane's router, whether it is up, which run its store is.
 * Used by: adapter.c; adapter_flight.c sends over it.
 * Never:   takes a message that was handed to the bus for delivered: only a RESULT says that.
 */
#include <string.h>

#include <sahaya/clock.h>

#include "adapter_priv.h"

#define HELLO_MS        1000
#define HELLO_SEARCH_MS 100 /* while no router answers, or none is connected: one that starts is found soon */
#define UP_MS           3000
#define RUN_SETTLES_MS  10000

static const char *lane_name(enum sah_lane lane)
{
    return lane == SAH_LANE_BULK ? "bulk" : "emergency";
}

struct sah_ad_link *sah_ad_link_of(struct sah_adapter *adapter, enum sah_lane lane)
{
    return &adapter->links[sah_ad_lane_index(lane)];
}

bool sah_ad_link_up(const struct sah_ad_link *link)
{
    return link->heard_ms != 0 && sah_loop_now_ms(link->adapter->loop) - link->heard_ms < UP_MS;
}

/* Hello and event ack: small, and asked for again when they are lost. False: the bus took nothing, for
 * nobody is there. */
static bool say(struct sah_ad_link *link, struct sah_message *message)
{
    struct sah_buf buf;
    int err;

    message->schema_version = SAH_SCHEMA_VERSION;
    message->created_ms = sah_clock_wall_ms();
    (void)sah_format(message->producer, sizeof message->producer, "%s",
                     link->adapter->producer);
    if (sah_id_random(message->created_ms, &message->id) != SAH_OK)
        return true;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    err = sah_message_encode(message, &buf, NULL, 0);
    if (err == SAH_OK)
        err = sah_bus_client_send(link->client, buf.data, buf.len);
    if (err != SAH_OK && err != SAH_EAGAIN)
        sah_warn(link->adapter->log, "event=bus.send lane=%s err=\"%s\"", lane_name(link->lane),
                 sah_strerror(err));
    sah_buf_fini(&buf);
    return err != SAH_EAGAIN;
}

void sah_ad_link_ack(struct sah_ad_link *link, const char *event_id)
{
    struct sah_message *message = &link->adapter->submit;

    memset(message, 0, sizeof *message);
    message->kind = SAH_KIND_OUTBOX_ACK;
    (void)sah_format(message->u.outbox_ack.event_id, sizeof message->u.outbox_ack.event_id,
                     "%s", event_id);
    (void)say(link, message);
}

static void on_timer(void *data)
{
    struct sah_ad_link *link = data;
    struct sah_message *message = &link->adapter->submit;
    bool up = sah_ad_link_up(link), taken;

    if (link->was_up && !up)
        sah_warn(link->adapter->log, "event=router.down lane=%s", lane_name(link->lane));
    link->was_up = up;
    memset(message, 0, sizeof *message);
    message->kind = SAH_KIND_HELLO;
    message->u.hello.n_channels = 1;
    (void)sah_format(message->u.hello.channels[0], sizeof message->u.hello.channels[0], "%s",
                     link->adapter->name);
    (void)sah_format(message->u.hello.version, sizeof message->u.hello.version, "%s",
                     SAHAYA_VERSION);
    taken = say(link, message);
    sah_timer_start(link->timer, up && taken ? HELLO_MS : HELLO_SEARCH_MS);
}

void sah_ad_link_run(struct sah_ad_link *link, const char *run)
{
    uint64_t now_ms = sah_loop_now_ms(link->adapter->loop);

    if (run[0] == '\0' || strcmp(run, "journal") == 0 || strcmp(run, link->run) == 0)
        return;
    /* Of two routers on one store one notices later: it does not turn us back. */
    if (strcmp(run, link->run_before) == 0 && now_ms - link->run_ms < RUN_SETTLES_MS)
        return;
    if (link->run[0] != '\0')
        link->adapter->counts.runs++;
    link->run_ms = now_ms;
    memcpy(link->run_before, link->run, sizeof link->run_before);
    sah_info(link->adapter->log, "event=router.run lane=%s", lane_name(link->lane));
    (void)sah_format(link->run, sizeof link->run, "%s", run);
    sah_ad_rehand(link);
}

static void heard(struct sah_ad_link *link)
{
    bool was_up = link->was_up;

    link->heard_ms = sah_loop_now_ms(link->adapter->loop);
    link->was_up = true;
    if (was_up)
        return;
    sah_info(link->adapter->log, "event=router.up lane=%s", lane_name(link->lane));
    sah_ad_flights_wake(link->adapter, link->lane);
}

/*
 * A router that died and came back within UP_MS never looked away. What was sent to the dead one is
 * lost, and would wait for its own next try: 2 s, and more with each such death. It goes out now.
 */
static void hello_from(struct sah_ad_link *link, const char *producer)
{
    bool another = link->peer[0] != '\0' && strcmp(link->peer, producer) != 0;

    (void)sah_format(link->peer, sizeof link->peer, "%s", producer);
    if (!another)
        return;
    sah_info(link->adapter->log, "event=router.another lane=%s", lane_name(link->lane));
    sah_ad_flights_wake(link->adapter, link->lane);
}

static void not_for_us(struct sah_ad_link *link, const char *what)
{
    link->adapter->counts.bus_broken++;
    sah_warn(link->adapter->log, "event=bus.broken lane=%s why=\"%s\"", lane_name(link->lane),
             what);
}

static void on_message(void *data, const void *bytes, size_t len)
{
    struct sah_ad_link *link = data;
    struct sah_adapter *adapter = link->adapter;
    struct sah_message *message = &adapter->heard;
    const struct sah_outbox_event *event = &message->u.outbox_event;
    char why[160] = "";

    if (adapter->closing)
        return;
    if (sah_message_decode(bytes, len, message, why, sizeof why) != SAH_OK) {
        not_for_us(link, why);
        return;
    }
    heard(link);
    switch (message->kind) {
    case SAH_KIND_HELLO:
        link->has_store = message->u.hello.store_run_id[0] != '\0' &&
                          strcmp(message->u.hello.state, "NORMAL") == 0;
        sah_ad_link_run(link, message->u.hello.store_run_id);
        hello_from(link, message->producer);
        return;
    case SAH_KIND_RESULT:
        link->silent = false;
        sah_ad_flight_result(adapter, message, bytes, len);
        return;
    case SAH_KIND_OUTBOX_EVENT:
        /* Not acked: the router keeps it for the adapter it is for. */
        if (strcmp(event->channel, adapter->name) != 0 || event->event_id[0] == '\0' ||
            event->sender[0] == '\0')
            not_for_us(link, "an event of another channel, or of nobody");
        else
            sah_ad_job_event(adapter, link->lane, event);
        return;
    case SAH_KIND_UNSPECIFIED:
    case SAH_KIND_REQUEST:
    case SAH_KIND_AMENDMENT:
    case SAH_KIND_CANCEL:
    case SAH_KIND_STATUS_QUERY:
    case SAH_KIND_OUTBOX_ACK:
        not_for_us(link, sah_kind_name(message->kind));
        return;
    }
}

static void on_rehand_timer(void *data)
{
    sah_ad_rehand(data);
}

int sah_ad_link_init(struct sah_ad_link *link, struct sah_adapter *adapter, enum sah_lane lane,
                     const char *endpoint)
{
    int err;

    link->adapter = adapter;
    link->lane = lane;
    err = sah_timer_create(adapter->loop, on_timer, link, &link->timer);
    if (err == SAH_OK)
        err = sah_timer_create(adapter->loop, on_rehand_timer, link, &link->rehand_timer);
    if (err == SAH_OK)
        err = sah_bus_client_create(adapter->loop, endpoint, on_message, link, &link->client);
    if (err == SAH_OK)
        sah_timer_start(link->timer, 0);
    return err;
}

void sah_ad_link_fini(struct sah_ad_link *link)
{
    sah_bus_client_destroy(link->client);
    sah_timer_destroy(link->timer);
    sah_timer_destroy(link->rehand_timer);
    link->client = NULL;
    link->timer = link->rehand_timer = NULL;
}
