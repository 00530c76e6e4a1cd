/*
 * adapter_flight - a pending submit on its way to its lane's router, until a RESULT settles it.
 *
 * Owns:    the table of submits that this process is handing over; the truth about them is
 * Redis'. Used by: adapter_job.c (a message waits for its submits), adapter_recover.c,
 * router_link.c. Never:   gives a submit up: it is sent again until a router answers for good
 * (I4).
 *
 *   BLOCKED --what goes before is settled--> SENT --RESULT--> SETTLING --stored--> gone
 *   SENT --250 ms (bookings 1 s), later 1 s to 15 s--> SENT          SETTLING --Redis trouble--> SENT
 *
 * (I7) The lanes share nothing but this file: a submit waits only for submits of its own
 * request. (I10) Amendments follow their request in order, but order holds nothing back for
 * over 2 s.
 */
#include <stdlib.h>
#include <string.h>

#include "adapter_priv.h"

#define FLIGHT_MAGIC   0x5adf1164u
#define RETRY_LEAST_MS 100

static size_t id_slot(const struct sah_adapter *adapter, const struct sah_id *id)
{
    return sah_ad_hash(adapter->flights.seed, id->bytes, sizeof id->bytes) %
           SAH_AD_FLIGHT_SLOTS;
}

static size_t sender_slot(const struct sah_adapter *adapter, const char *sender)
{
    return sah_ad_hash(adapter->flights.seed, sender, strlen(sender)) % SAH_AD_FLIGHT_SLOTS;
}

struct sah_ad_flight *sah_ad_flight_find(const struct sah_adapter *adapter,
                                         const struct sah_id *id)
{
    struct sah_ad_flight *flight = adapter->flights.by_id[id_slot(adapter, id)];

    while (flight != NULL && !sah_id_equal(&flight->id, id))
        flight = flight->id_next;
    return flight;
}

/* Lane and partition of a name are the router's; the rest follows from the message id. */
static bool names_request(const struct sah_ad_flight *request, const char *request_id)
{
    return strlen(request_id) == strlen(request->guess) &&
           strcmp(request_id + 3, request->guess + 3) == 0;
}

static bool goes_before(const struct sah_ad_flight *other, const struct sah_ad_flight *flight,
                        bool late)
{
    if (other == flight || other->seq >= flight->seq ||
        strcmp(other->sender, flight->sender) != 0)
        return false;
    if (other->kind == SAH_KIND_REQUEST)
        return sah_id_equal(&other->id, &flight->about) || /* without it there is no name */
               names_request(other, flight->request_id);
    return !late && other->lane == flight->lane &&
           strcmp(other->request_id, flight->request_id) == 0;
}

static bool is_blocked(const struct sah_ad_flight *flight, uint64_t now_ms)
{
    const struct sah_adapter *adapter = flight->adapter;
    const struct sah_ad_flight *other;
    bool late = now_ms - flight->made_ms >= SAH_AD_ORDER_MS;

    if (flight->kind == SAH_KIND_REQUEST)
        return false;
    other = adapter->flights.by_sender[sender_slot(adapter, flight->sender)];
    for (; other != NULL; other = other->sender_next)
        if (goes_before(other, flight, late))
            return true;
    return false;
}

static uint32_t next_wait(struct sah_ad_flight *flight, uint64_t now_ms)
{
    if (now_ms < flight->give_up_ms)
        return flight->lane == SAH_LANE_BULK ? SAH_AD_RESEND_BULK_MS : SAH_AD_RESEND_MS;
    if (flight->sends > 0)
        sah_ad_link_of(flight->adapter, flight->lane)->silent = true;
    if (!flight->told)
        sah_ad_tell_unconfirmed(flight);
    if (flight->backoff_ms == 0)
        flight->backoff_ms = SAH_AD_BACKOFF_MIN_MS;
    else if (flight->backoff_ms < SAH_AD_BACKOFF_MAX_MS / 2)
        flight->backoff_ms *= 2;
    else
        flight->backoff_ms = SAH_AD_BACKOFF_MAX_MS;
    return flight->backoff_ms;
}

static void flight_send(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    struct sah_ad_link *link = sah_ad_link_of(adapter, flight->lane);
    uint64_t now_ms = sah_loop_now_ms(adapter->loop);

    if (is_blocked(flight, now_ms)) {
        flight->state = SAH_AD_FLIGHT_BLOCKED;
        sah_timer_start(flight->timer,
                        SAH_AD_ORDER_MS); /* woken before that by what goes before */
        return;
    }
    flight->state = SAH_AD_FLIGHT_SENT;
    if (sah_bus_client_send(link->client, flight->bytes, flight->len) == SAH_OK) {
        if (flight->sends++ == 0)
            adapter->counts.submits++;
        else
            adapter->counts.resubmits++;
    }
    sah_timer_start(flight->timer, next_wait(flight, now_ms));
}

static void on_timer(void *data)
{
    struct sah_ad_flight *flight = data;

    SAH_CHECK(flight, FLIGHT_MAGIC);
    if (flight->state != SAH_AD_FLIGHT_SETTLING)
        flight_send(flight);
}

static void flight_wake(struct sah_ad_flight *flight)
{
    if (flight->state == SAH_AD_FLIGHT_SETTLING)
        return;
    flight->give_up_ms =
        sah_loop_now_ms(flight->adapter->loop) + flight->adapter->ack_deadline_ms;
    flight->backoff_ms = 0;
    flight_send(flight);
}

static void flight_free(struct sah_ad_flight *flight)
{
    sah_timer_destroy(flight->timer);
    free(flight->bytes);
    free(flight->result);
    flight->magic = 0;
    free(flight);
}

/* A name that follows from `causation` may be our guess (adapter_submit.c); any other is known.
 */
static void set_about(struct sah_ad_flight *flight, const struct sah_message *message)
{
    struct sah_ad_flight request = {0};

    if (message->kind == SAH_KIND_REQUEST)
        sah_request_id(SAH_LANE_EMERGENCY, 0, &message->id, flight->guess);
    if (message->kind == SAH_KIND_REQUEST || sah_id_is_zero(&message->causation))
        return;
    sah_request_id(SAH_LANE_EMERGENCY, 0, &message->causation, request.guess);
    if (names_request(&request, flight->request_id))
        flight->about = message->causation;
}

static int flight_create(struct sah_adapter *adapter, const struct sah_ad_submit *submit,
                         struct sah_ad_flight **ret_flight)
{
    const struct sah_message *message = &adapter->submit;
    struct sah_ad_flight *flight = calloc(1, sizeof *flight);

    if (flight == NULL)
        return SAH_ENOMEM;
    flight->bytes = malloc(submit->len);
    if (flight->bytes == NULL ||
        sah_timer_create(adapter->loop, on_timer, flight, &flight->timer) != SAH_OK) {
        free(flight->bytes);
        free(flight);
        return SAH_ENOMEM;
    }
    memcpy(flight->bytes, submit->bytes, submit->len);
    flight->len = submit->len;
    flight->magic = FLIGHT_MAGIC;
    flight->adapter = adapter;
    flight->id = message->id;
    flight->kind = message->kind;
    flight->lane = submit->lane;
    flight->seq = submit->seq;
    flight->made_ms = sah_loop_now_ms(adapter->loop);
    memcpy(flight->pid, submit->pid, sizeof flight->pid);
    memcpy(flight->sender, submit->sender, sizeof flight->sender);
    memcpy(flight->request_id, message->request_id, sizeof flight->request_id);
    set_about(flight, message);
    *ret_flight = flight;
    return SAH_OK;
}

static int flight_add(struct sah_adapter *adapter, const struct sah_ad_submit *submit,
                      struct sah_ad_flight **ret_flight)
{
    struct sah_ad_flights *flights = &adapter->flights;
    struct sah_ad_flight *flight;
    size_t slot;
    int err;

    if (flights->n[sah_ad_lane_index(submit->lane)] >= SAH_AD_FLIGHTS_MAX)
        return SAH_ELIMIT;
    err = flight_create(adapter, submit, &flight);
    if (err != SAH_OK)
        return err;
    slot = id_slot(adapter, &flight->id);
    flight->id_next = flights->by_id[slot];
    flights->by_id[slot] = flight;
    slot = sender_slot(adapter, flight->sender);
    flight->sender_next = flights->by_sender[slot];
    flights->by_sender[slot] = flight;
    flights->n[sah_ad_lane_index(flight->lane)]++;
    *ret_flight = flight;
    return SAH_OK;
}

/* Into adapter->submit. */
static int read_submit(struct sah_adapter *adapter, const struct sah_ad_submit *submit)
{
    char why[160] = "";

    if (sah_message_decode(submit->bytes, submit->len, &adapter->submit, why, sizeof why) ==
        SAH_OK)
        return SAH_OK;
    adapter->counts.submits_broken++;
    sah_error(adapter->log, "event=submit.unreadable submit=%s why=\"%s\"", submit->pid, why);
    return SAH_EPROTO;
}

int sah_ad_flight_get(struct sah_adapter *adapter, const struct sah_ad_submit *submit,
                      bool wake, struct sah_ad_flight **ret_flight)
{
    struct sah_ad_flight *flight;
    int err = read_submit(adapter, submit);

    if (err != SAH_OK)
        return err;
    flight = sah_ad_flight_find(adapter, &adapter->submit.id);
    if (flight == NULL) {
        err = flight_add(adapter, submit, &flight);
        if (err != SAH_OK)
            return err;
        wake = true;
    } else if (flight->direct) { /* it left from memory; by now Redis has it too */
        flight->direct = false;
        flight->seq = submit->seq;
        memcpy(flight->pid, submit->pid, sizeof flight->pid);
    }
    *ret_flight = flight;
    if (wake)
        flight_wake(flight);
    return SAH_OK;
}

int sah_ad_flight_direct(struct sah_adapter *adapter, const struct sah_ad_submit *submit)
{
    struct sah_ad_flight *flight;
    int err = read_submit(adapter, submit);

    if (err != SAH_OK)
        return err;
    if (sah_ad_flight_find(adapter, &adapter->submit.id) != NULL)
        return SAH_OK;
    err = flight_add(adapter, submit, &flight);
    if (err != SAH_OK)
        return err;
    flight->direct = true;
    flight_wake(flight);
    return SAH_OK;
}

void sah_ad_flight_leave(struct sah_ad_wait *wait)
{
    struct sah_ad_wait **at;

    if (wait->flight == NULL)
        return;
    for (at = &wait->flight->waits; *at != wait; at = &(*at)->next)
        SAH_ASSERT(*at != NULL);
    *at = wait->next;
    wait->flight = NULL;
}

void sah_ad_flight_later(struct sah_ad_flight *flight)
{
    flight->state = SAH_AD_FLIGHT_SENT;
    sah_timer_start(flight->timer, next_wait(flight, sah_loop_now_ms(flight->adapter->loop)));
}

static void flight_relane(struct sah_ad_flight *flight, enum sah_lane lane)
{
    struct sah_adapter *adapter = flight->adapter;

    if (flight->lane == lane)
        return;
    adapter->flights.n[sah_ad_lane_index(flight->lane)]--;
    adapter->flights.n[sah_ad_lane_index(lane)]++;
    flight->lane = lane;
    if (flight->direct)
        return;
    /* For a restart; when it is lost, the bulk router says WRONG_LANE once more. */
    if (sah_ad_store_relane(&adapter->store, flight->pid, lane, NULL, NULL) != SAH_OK)
        sah_warn(adapter->log, "event=submit.relane submit=%s err=lost", flight->pid);
}

void sah_ad_flight_rename(struct sah_ad_flight *flight, const char *request_id)
{
    struct sah_message *message = &flight->adapter->submit;
    enum sah_lane lane = SAH_LANE_EMERGENCY;
    struct sah_buf buf;

    flight->renamed = true;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (sah_request_id_parse(sah_slice_of(request_id), &lane, NULL) == SAH_OK &&
        sah_message_decode(flight->bytes, flight->len, message, NULL, 0) == SAH_OK &&
        sah_format(message->request_id, sizeof message->request_id, "%s", request_id) ==
            SAH_OK &&
        sah_message_encode(message, &buf, NULL, 0) == SAH_OK && !buf.failed) {
        free(flight->bytes);
        flight->bytes = buf.data;
        flight->len = buf.len;
        memcpy(flight->request_id, message->request_id, sizeof flight->request_id);
        flight_relane(flight, lane == SAH_LANE_BULK ? SAH_LANE_BULK : SAH_LANE_EMERGENCY);
    } else {
        sah_buf_fini(&buf);
    }
    flight->state = SAH_AD_FLIGHT_SENT;
    flight_wake(flight);
}

static void wrong_lane(struct sah_ad_flight *flight)
{
    char hex[SAH_ID_HEX_SIZE];

    sah_id_hex(&flight->id, hex);
    flight->adapter->counts.wrong_lane++;
    sah_info(flight->adapter->log, "event=submit.wrong_lane message=%s", hex);
    if (flight->lane !=
        SAH_LANE_BULK) { /* the emergency router takes everything; this one is set up wrong */
        sah_ad_flight_later(flight);
        return;
    }
    flight_relane(flight, SAH_LANE_EMERGENCY);
    flight_wake(flight);
}

static void judge(struct sah_ad_flight *flight, enum sah_ad_verdict verdict, const void *bytes,
                  size_t len)
{
    free(flight->result);
    flight->result = malloc(len);
    if (flight->result == NULL) {
        sah_ad_flight_later(flight);
        return;
    }
    memcpy(flight->result, bytes, len);
    flight->result_len = len;
    flight->verdict = verdict;
    sah_ad_flight_settle(flight);
}

void sah_ad_flight_result(struct sah_adapter *adapter, const struct sah_message *result,
                          const void *bytes, size_t len)
{
    struct sah_ad_flight *flight = sah_ad_flight_find(adapter, &result->id);
    uint32_t wait_ms = result->u.result.retry_after_ms;
    bool query;

    if (flight == NULL || flight->state == SAH_AD_FLIGHT_SETTLING)
        return; /* an answer to one that was sent twice */
    sah_ad_link_run(sah_ad_link_of(adapter, flight->lane), result->u.result.store_run_id);
    query = flight->kind == SAH_KIND_STATUS_QUERY;
    switch (result->u.result.code) {
    case SAH_RESULT_ACCEPTED:
    case SAH_RESULT_DUPLICATE:
        judge(flight, query ? SAH_AD_VERDICT_STATUS : SAH_AD_VERDICT_ACCEPTED, bytes, len);
        return;
    case SAH_RESULT_WRONG_LANE:
        wrong_lane(flight);
        return;
    case SAH_RESULT_NOT_FOUND:
        if (flight->kind != SAH_KIND_REQUEST && !flight->renamed &&
            !sah_id_is_zero(&flight->about))
            judge(flight, SAH_AD_VERDICT_LOST, bytes, len);
        else
            judge(flight, query ? SAH_AD_VERDICT_STATUS : SAH_AD_VERDICT_REFUSED, bytes, len);
        return;
    case SAH_RESULT_REFUSED:
        judge(flight, SAH_AD_VERDICT_REFUSED, bytes, len);
        return;
    case SAH_RESULT_UNSPECIFIED:
    case SAH_RESULT_RETRY:
        if (wait_ms < RETRY_LEAST_MS)
            wait_ms = RETRY_LEAST_MS;
        if (wait_ms > SAH_AD_BACKOFF_MAX_MS)
            wait_ms = SAH_AD_BACKOFF_MAX_MS;
        flight->state = SAH_AD_FLIGHT_SENT;
        sah_timer_start(flight->timer, wait_ms);
        return;
    }
}

static void forget(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    struct sah_ad_flight **at = &adapter->flights.by_id[id_slot(adapter, &flight->id)];

    while (*at != flight)
        at = &(*at)->id_next;
    *at = flight->id_next;
    at = &adapter->flights.by_sender[sender_slot(adapter, flight->sender)];
    while (*at != flight)
        at = &(*at)->sender_next;
    *at = flight->sender_next;
    adapter->flights.n[sah_ad_lane_index(flight->lane)]--;
}

void sah_ad_flight_end(struct sah_ad_flight *flight)
{
    struct sah_adapter *adapter = flight->adapter;
    struct sah_ad_flight *other;

    forget(flight);
    other = adapter->flights.by_sender[sender_slot(adapter, flight->sender)];
    for (; other != NULL; other = other->sender_next) {
        if (other->state != SAH_AD_FLIGHT_BLOCKED || strcmp(other->sender, flight->sender) != 0)
            continue;
        if (flight->named[0] != '\0' && sah_id_equal(&other->about, &flight->id) &&
            strcmp(other->request_id, flight->named) != 0)
            sah_ad_flight_rename(other, flight->named);
        else
            flight_wake(other);
    }
    while (flight->waits != NULL) {
        struct sah_ad_wait *wait = flight->waits;

        flight->waits = wait->next;
        sah_ad_job_flight_settled(wait->job, wait);
    }
    flight_free(flight);
}

void sah_ad_flights_wake(struct sah_adapter *adapter, enum sah_lane lane)
{
    for (size_t i = 0; i < SAH_AD_FLIGHT_SLOTS; i++) {
        struct sah_ad_flight *flight = adapter->flights.by_id[i];

        for (; flight != NULL; flight = flight->id_next)
            if (flight->lane == lane && flight->state == SAH_AD_FLIGHT_SENT)
                flight_wake(flight);
    }
}

void sah_ad_flights_destroy(struct sah_adapter *adapter)
{
    for (size_t i = 0; i < SAH_AD_FLIGHT_SLOTS; i++) {
        while (adapter->flights.by_id[i] != NULL) {
            struct sah_ad_flight *flight = adapter->flights.by_id[i];

            SAH_ASSERT(flight->waits == NULL);
            adapter->flights.by_id[i] = flight->id_next;
            flight_free(flight);
        }
    }
}
