/*
 * redis_store_commit - a change as the arguments of the commit function (commit.lua).
 *
 * Owns:    the order of the packed array, the same as the C_ and P_ names of commit.lua.
 * Used by: redis_store.c.
 * Never:   sends.
 */
#include <string.h>

#include "store/pack.h"
#include "store/redis_store_priv.h"

#define PACKED_FIELDS  23
#define EVENT_ID_LATER "-" /* an envelope without one would be refused */

static char lane_letter(enum sah_lane lane)
{
    switch (lane) {
    case SAH_LANE_EMERGENCY:
        return 'E';
    case SAH_LANE_BULK:
        return 'B';
    case SAH_LANE_UNSPECIFIED:
        break;
    }
    return 'R';
}

static void pack_settle(struct sah_buf *buf, const struct sah_settle *settle)
{
    if (settle->kind == SAH_SETTLE_NONE) {
        pack_false(buf);
        return;
    }
    pack_array(buf, 7);
    pack_int(buf, settle->kind);
    pack_text(buf, settle->key);
    pack_int(buf, (int64_t)settle->epoch);
    pack_int(buf, settle->delay_ms);
    pack_text(buf, settle->endpoint);
    pack_int(buf, settle->fell_back);
    pack_int(buf, settle->outcome);
}

static int pack_lines(struct sah_buf *buf, const struct sah_change *change,
                      struct sah_buf *json)
{
    int err;

    SAH_ASSERT(change->n_lines <= SAH_LINES_MAX);
    pack_array(buf, change->n_lines);
    for (unsigned i = 0; i < change->n_lines; i++) {
        sah_buf_clear(json);
        err = line_to_json(&change->lines[i], json);
        if (err != SAH_OK)
            return err;
        pack_array(buf, 2);
        pack_text(buf, change->lines[i].agency);
        pack_bytes(buf, json->data, json->len);
    }
    return SAH_OK;
}

static int pack_plans(struct sah_buf *buf, const struct sah_change *change,
                      struct sah_buf *json)
{
    char mid[SAH_ID_HEX_SIZE];
    int err;

    SAH_ASSERT(change->n_plans <= SAH_PLANS_MAX);
    pack_array(buf, change->n_plans);
    for (unsigned i = 0; i < change->n_plans; i++) {
        const struct sah_plan *plan = &change->plans[i];

        sah_buf_clear(json);
        err = previous_to_json(plan->previous, plan->n_previous, json);
        if (err != SAH_OK)
            return err;
        sah_id_hex(&plan->message_id, mid);
        pack_array(buf, 14);
        pack_text(buf, plan->key);
        pack_text(buf, plan->agency);
        pack_text(buf, plan->endpoint);
        pack_text(buf, mid);
        pack_int(buf, plan->kind);
        pack_int(buf, plan->sequence);
        pack_bytes(buf, json->len > 0 ? json->data : "", json->len);
        pack_int(buf, plan->replay == SAH_REPLAY_NO ? plan->again : plan->replay + 1);
        pack_int(buf, plan->hold_ms);
        pack_int(buf, plan->known);
        pack_int(buf, plan->attempts);
        pack_int(buf, plan->possible_duplicate);
        pack_int(buf, plan->fell_back);
        pack_int(buf, plan->said);
    }
    return SAH_OK;
}

static void pack_timers(struct sah_buf *buf, const struct sah_change *change)
{
    SAH_ASSERT(change->n_timers <= SAH_LINES_MAX);
    pack_array(buf, change->n_timers);
    for (unsigned i = 0; i < change->n_timers; i++) {
        const struct sah_timer_set *timer = &change->timers[i];

        pack_array(buf, 7);
        pack_text(buf, timer->agency);
        pack_int(buf, timer->kind);
        pack_int(buf, timer->level);
        pack_int(buf, timer->after_accept_ms);
        pack_int(buf, timer->after_now_ms);
        pack_int(buf, timer->sooner);
        pack_int(buf, timer->still);
    }
}

static void pack_head(struct sah_buf *buf, const struct sah_change *change)
{
    char mid[SAH_ID_HEX_SIZE] = "";

    if (change->bytes.len > 0)
        sah_id_hex(&change->message_id, mid);
    pack_array(buf, PACKED_FIELDS);
    pack_text(buf, change->request_id);
    pack_int(buf, (int64_t)change->expected_revision);
    pack_text(buf, mid);
    pack_int(buf, change->kind);
    pack_int(buf, change->sequence);
    pack_text(buf, change->incident_id);
    pack_text(buf, change->service);
    pack_text(buf, change->incident_type);
    pack_text(buf, change->rule);
    pack_int(buf, change->priority);
    pack_int(buf, change->closed_ms);
    pack_text(buf, change->audit);
    pack_settle(buf, &change->settle);
}

/* Encodes the events one after the other; their ids are given by the store and set when read.
 */
static int add_events(struct sah_redis_store *store, const struct sah_change *change,
                      struct args *args, struct sah_buf *events)
{
    size_t ends[SAH_EVENTS_MAX];
    int err;

    for (unsigned i = 0; i < change->n_events; i++) {
        store->event->u.outbox_event = change->events[i];
        memcpy(store->event->u.outbox_event.event_id, EVENT_ID_LATER, sizeof EVENT_ID_LATER);
        err = sah_message_encode(store->event, events, NULL, 0);
        if (err != SAH_OK)
            return err;
        ends[i] = events->len;
    }
    if (events->failed)
        return SAH_ENOMEM;
    for (unsigned i = 0; i < change->n_events; i++) {
        size_t start = i == 0 ? 0 : ends[i - 1];

        args_add(args, events->data + start, ends[i] - start);
    }
    return SAH_OK;
}

/* With several partitions a lease asks all of them for a class before any for the next; a commit sees
 * one. There nothing is leased with it. */
static void pack_wants(struct sah_buf *buf, const struct sah_redis_store *store, const struct sah_change *change)
{
    unsigned n = store->settings.partitions == 1 ? change->n_wants : 0;

    SAH_ASSERT(n <= SAH_WANTS_MAX);
    pack_array(buf, n);
    for (unsigned i = 0; i < n; i++) {
        pack_array(buf, 3);
        pack_text(buf, change->wants[i].endpoint);
        pack_int(buf, change->wants[i].max_class);
        pack_int(buf, change->wants[i].n);
    }
    if (n == 0) {
        pack_false(buf);
        return;
    }
    pack_array(buf, 2 + SAH_N_CLASSES);
    pack_text(buf, store->owner);
    pack_int(buf, store->settings.owner_dead_ms);
    for (unsigned c = 0; c < SAH_N_CLASSES; c++)
        pack_int(buf, store->settings.lease_ms[c]);
}

int commit_args(struct sah_redis_store *store, const struct sah_change *change,
                struct args *args, struct sah_buf *packed, struct sah_buf *events)
{
    const char lane[2] = {lane_letter(store->settings.lane), '\0'};
    struct sah_buf json;
    int err;

    SAH_ASSERT(change->n_events <= SAH_EVENTS_MAX);
    sah_buf_init(&json, 64 * 1024);
    pack_head(packed, change);
    err = pack_lines(packed, change, &json);
    if (err == SAH_OK)
        err = pack_plans(packed, change, &json);
    sah_buf_fini(&json);
    if (err != SAH_OK)
        return err;
    pack_array(packed, change->n_events);
    for (unsigned i = 0; i < change->n_events; i++) {
        pack_array(packed, 2);
        pack_text(packed, change->events[i].channel);
        pack_text(packed, change->events[i].emergency ? "e" : "b");
    }
    pack_int(packed, store->settings.order_bound_ms);
    pack_text(packed, lane);
    pack_timers(packed, change);
    incident_pack(packed, change);
    pack_wants(packed, store, change);
    pack_array(packed, 3);
    pack_text(packed, change->exact);
    pack_int(packed, change->exact_ms);
    pack_int(packed, change->repeated);
    if (packed->failed)
        return SAH_ELIMIT;
    args_add(args, packed->data, packed->len);
    args_add(args, change->bytes.len > 0 ? change->bytes.ptr : "", change->bytes.len);
    return add_events(store, change, args, events);
}
