/*
 * store_calls - see store_calls.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/store_calls.h"

struct wait {
    bool done;
    int err;
    unsigned n;
    void *into;
    struct sah_leased *leased;
    size_t size;
};

static void finish(struct wait *w, int err)
{
    assert_false(w->done); /* exactly once */
    w->done = true;
    w->err = err;
}

static void await(struct sah_store_harness *h, struct wait *w)
{
    assert_false(w->done); /* never from inside the call */
    h->drive(h, &w->done);
    assert_true(w->done);
}

static struct sah_message message; /* large: not on a stack */

static void take_leased(struct sah_leased *into, const struct sah_leased *leased, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(
            sah_message_decode(leased[i].bytes.ptr, leased[i].bytes.len, &message, NULL, 0),
            SAH_OK);
        assert_int_equal(message.kind, leased[i].kind);
        into[i] = leased[i];
        into[i].bytes.ptr = NULL;
    }
}

static void on_commit(void *data, int err, const struct sah_committed *committed)
{
    struct wait *w = data;

    if (w->into != NULL && committed != NULL)
        *(struct sah_committed *)w->into = *committed;
    if (err == SAH_OK && committed->n_leased > 0) {
        assert_non_null(w->leased);
        take_leased(w->leased, committed->leased, committed->n_leased);
    }
    finish(w, err);
}

int do_commit_and_lease(struct sah_store_harness *h, const struct sah_change *change,
                        struct sah_committed *ret, struct sah_leased *ret_leased)
{
    struct wait w = {.into = ret, .leased = ret_leased};

    h->store->commit(h->store->data, change, on_commit, &w);
    await(h, &w);
    return w.err;
}

int do_commit(struct sah_store_harness *h, const struct sah_change *change,
              struct sah_committed *ret)
{
    struct wait w = {.into = ret};

    h->store->commit(h->store->data, change, on_commit, &w);
    await(h, &w);
    return w.err;
}

static void on_load(void *data, int err, const struct sah_request_view *view)
{
    struct wait *w = data;

    if (err == SAH_OK) {
        assert_non_null(view->request);
        assert_int_equal(view->request->kind, SAH_KIND_REQUEST);
        if (w->into != NULL)
            *(struct sah_request_view *)w->into = *view;
    }
    finish(w, err);
}

int do_load(struct sah_store_harness *h, const char *request_id, struct sah_request_view *ret)
{
    struct wait w = {.into = ret};

    h->store->load(h->store->data, request_id, on_load, &w);
    await(h, &w);
    return w.err;
}

static void on_lease(void *data, int err, const struct sah_leased *leased, unsigned n)
{
    struct wait *w = data;

    take_leased(w->into, leased, n);
    w->n = n;
    finish(w, err);
}

unsigned do_lease(struct sah_store_harness *h, const char *endpoint, unsigned max_class,
                  unsigned n, struct sah_leased *ret)
{
    struct wait w = {.into = ret};

    h->store->lease(h->store->data, endpoint, max_class, n, on_lease, &w);
    await(h, &w);
    assert_int_equal(w.err, SAH_OK);
    return w.n;
}

static void on_done(void *data, int err)
{
    finish(data, err);
}

int do_delay(struct sah_store_harness *h, const struct sah_leased *leased, uint32_t delay_ms,
             const char *endpoint, enum sah_answer_kind outcome)
{
    struct sah_settle settle = {.kind = SAH_SETTLE_DELAY,
                                .epoch = leased->epoch,
                                .delay_ms = delay_ms,
                                .outcome = outcome};
    struct wait w = {0};

    memcpy(settle.key, leased->key, sizeof settle.key);
    sah_format(settle.endpoint, sizeof settle.endpoint, "%s", endpoint);
    h->store->settle(h->store->data, &settle, on_done, &w);
    await(h, &w);
    return w.err;
}

static void on_tick(void *data, int err, const struct sah_ticked *ticked)
{
    struct wait *w = data;

    *(struct sah_ticked *)w->into = *ticked;
    finish(w, err);
}

struct sah_ticked do_tick(struct sah_store_harness *h, unsigned limit)
{
    struct sah_ticked ticked = {0};
    struct wait w = {.into = &ticked};

    h->store->tick(h->store->data, limit, on_tick, &w);
    await(h, &w);
    assert_int_equal(w.err, SAH_OK);
    return ticked;
}

struct stats_into {
    struct wait w;
    struct sah_store_stats stats;
    struct sah_queue_stat queue;
};

static void on_stats(void *data, int err, const struct sah_store_stats *stats)
{
    struct stats_into *into = data;

    into->stats = *stats;
    assert_int_equal(stats->n_queues, 1);
    into->queue = stats->queues[0];
    finish(&into->w, err);
}

struct sah_store_stats do_stats(struct sah_store_harness *h, const char *endpoint,
                                struct sah_queue_stat *ret)
{
    struct stats_into into = {0};

    h->store->stats(h->store->data, &endpoint, 1, on_stats, &into);
    await(h, &into.w);
    assert_int_equal(into.w.err, SAH_OK);
    assert_string_equal(into.queue.endpoint, endpoint);
    if (ret != NULL)
        *ret = into.queue;
    return into.stats;
}

static void on_events(void *data, int err, const struct sah_outbox_event *events, unsigned n)
{
    struct wait *w = data;

    if (n > 0)
        memcpy(w->into, events, n * sizeof *events);
    w->n = n;
    finish(w, err);
}

unsigned do_take(struct sah_store_harness *h, const char *channel, unsigned n,
                 uint32_t lease_ms, struct sah_outbox_event *ret)
{
    struct wait w = {.into = ret};

    h->store->outbox_take(h->store->data, channel, n, lease_ms, on_events, &w);
    await(h, &w);
    assert_int_equal(w.err, SAH_OK);
    return w.n;
}

int do_ack(struct sah_store_harness *h, const char *event_id)
{
    struct wait w = {0};

    h->store->outbox_ack(h->store->data, event_id, on_done, &w);
    await(h, &w);
    return w.err;
}

int do_quarantine(struct sah_store_harness *h, const char *why, const void *bytes, size_t len)
{
    struct wait w = {0};

    h->store->quarantine(h->store->data, "bus", why, bytes, len, on_done, &w);
    await(h, &w);
    return w.err;
}

static void on_pieces(void *data, int err, const char *json, size_t len)
{
    struct wait *w = data;

    if (err == SAH_OK)
        assert_int_equal(sah_copy(w->into, w->size, json, len), SAH_OK);
    finish(w, err);
}

int do_list(struct sah_store_harness *h, unsigned n, char *ret_json, size_t size)
{
    struct wait w = {.into = ret_json, .size = size};

    h->store->quarantine_list(h->store->data, n, on_pieces, &w);
    await(h, &w);
    return w.err;
}

struct dead_into {
    struct wait w;
    uint64_t total;
};

static void on_dead(void *data, int err, const struct sah_dead_letter *letters, unsigned n, uint64_t total)
{
    struct dead_into *into = data;

    if (n > 0)
        memcpy(into->w.into, letters, n * sizeof *letters);
    into->w.n = n;
    into->total = total;
    finish(&into->w, err);
}

unsigned do_dead(struct sah_store_harness *h, const char *endpoint, unsigned skip, unsigned n,
                 struct sah_dead_letter *ret, uint64_t *ret_total)
{
    struct dead_into into = {.w = {.into = ret}};

    h->store->dead(h->store->data, endpoint, skip, n, on_dead, &into);
    await(h, &into.w);
    assert_int_equal(into.w.err, SAH_OK);
    assert_true(into.w.n <= n);
    if (ret_total != NULL)
        *ret_total = into.total;
    return into.w.n;
}

static void on_names(void *data, int err, const char (*names)[SAH_AGENCY_SIZE], unsigned n)
{
    struct wait *w = data;

    w->n = n;
    if (n > 0)
        memcpy(w->into, names, (n * sizeof *names < w->size ? n * sizeof *names : w->size));
    finish(w, err);
}

unsigned do_endpoints(struct sah_store_harness *h, char (*ret)[SAH_AGENCY_SIZE], unsigned max)
{
    struct wait w = {.into = ret, .size = max * sizeof *ret};

    h->store->endpoints(h->store->data, on_names, &w);
    await(h, &w);
    assert_int_equal(w.err, SAH_OK);
    return w.n;
}

/* ---- changes */

static struct sah_change change;
static char bytes[SAH_MESSAGE_MAX_BYTES];

struct sah_id id_of(unsigned n)
{
    struct sah_id id = {.bytes = {1, 2, 3, (uint8_t)(n >> 8), (uint8_t)n, 9}};

    return id;
}

void request_id_of(unsigned n, char dst[SAH_REQUEST_ID_SIZE])
{
    struct sah_id id = id_of(n);

    sah_request_id(SAH_LANE_EMERGENCY, 0, &id, dst);
}

static void fill_citizen(struct sah_citizen *citizen)
{
    sah_format(citizen->channel, sizeof citizen->channel, "webchat");
    sah_format(citizen->account, sizeof citizen->account, "counter-1");
    sah_format(citizen->channel_message, sizeof citizen->channel_message, "m-1");
    sah_format(citizen->sender, sizeof citizen->sender, "s-1");
    sah_format(citizen->reply_token, sizeof citizen->reply_token, "token");
}

/* The bytes of message n into the change. */
static void set_message(unsigned n, enum sah_kind kind, uint32_t sequence)
{
    struct sah_request *part =
        kind == SAH_KIND_REQUEST ? &message.u.request : &message.u.amendment.part;
    struct sah_buf buf;
    char why[200] = "";

    memset(&message, 0, sizeof message);
    message.schema_version = SAH_SCHEMA_VERSION;
    message.id = id_of(n);
    message.kind = kind;
    message.sequence = sequence;
    message.created_ms = 1700000000000;
    if (kind != SAH_KIND_REQUEST)
        memcpy(message.request_id, change.request_id, sizeof message.request_id);
    else
        message.u.request.urgency = SAH_URGENCY_URGENT;
    if (kind == SAH_KIND_AMENDMENT)
        message.u.amendment.kind = SAH_AMENDMENT_TEXT;
    fill_citizen(&part->citizen);
    part->text_len = (uint32_t)strlen("help, chest pain");
    memcpy(part->text, "help, chest pain", part->text_len + 1);
    sah_format(part->triage.service, sizeof part->triage.service, "AMBULANCE_108");
    sah_buf_init(&buf, sizeof bytes);
    if (sah_message_encode(&message, &buf, why, sizeof why) != SAH_OK)
        fail_msg("encode: %s", why);
    memcpy(bytes, buf.data, buf.len);
    change.bytes = (struct sah_slice){bytes, buf.len};
    sah_buf_fini(&buf);
    change.message_id = id_of(n);
    change.kind = kind;
    change.sequence = sequence;
}

struct sah_change *new_request(unsigned n, enum sah_priority priority)
{
    struct sah_id id = id_of(n);

    memset(&change, 0, sizeof change);
    request_id_of(n, change.request_id);
    sah_incident_id(0, &id, change.incident_id);
    set_message(n, SAH_KIND_REQUEST, 1);
    change.priority = priority;
    change.closed_ms = -1;
    sah_format(change.service, sizeof change.service, "AMBULANCE_108");
    sah_format(change.incident_type, sizeof change.incident_type, "CARDIAC");
    sah_format(change.rule, sizeof change.rule, "chest_pain");
    sah_format(change.audit, sizeof change.audit, "rule=chest_pain policy=1");
    return &change;
}

struct sah_change *change_of(struct sah_store_harness *h, unsigned of)
{
    static struct sah_request_view view;

    memset(&change, 0, sizeof change);
    request_id_of(of, change.request_id);
    assert_int_equal(do_load(h, change.request_id, &view), SAH_OK);
    change.expected_revision = view.revision;
    change.closed_ms = -1;
    sah_format(change.audit, sizeof change.audit, "test");
    return &change;
}

struct sah_change *amendment(struct sah_store_harness *h, unsigned of, unsigned n,
                             uint32_t sequence)
{
    change_of(h, of);
    set_message(n, SAH_KIND_AMENDMENT, sequence);
    return &change;
}

struct sah_plan *add_plan(struct sah_change *to, unsigned n, const char *agency)
{
    struct sah_plan *plan = &to->plans[to->n_plans++];

    plan->message_id = id_of(n);
    sah_delivery_key(&plan->message_id, agency, plan->key);
    sah_format(plan->agency, sizeof plan->agency, "%s", agency);
    sah_format(plan->endpoint, sizeof plan->endpoint, "%s-state", agency);
    plan->kind = to->bytes.len > 0 ? to->kind : SAH_KIND_REQUEST;
    plan->sequence = to->bytes.len > 0 ? to->sequence : 1;
    return plan;
}

struct sah_line *add_line(struct sah_change *to, const char *agency, enum sah_state state)
{
    struct sah_line *line = &to->lines[to->n_lines++];

    sah_format(line->agency, sizeof line->agency, "%s", agency);
    line->state = state;
    line->sequence = to->sequence;
    return line;
}

struct sah_outbox_event *add_event(struct sah_change *to, bool emergency, const char *says)
{
    struct sah_outbox_event *event = &to->events[to->n_events++];

    sah_format(event->channel, sizeof event->channel, "webchat");
    sah_format(event->account, sizeof event->account, "counter-1");
    sah_format(event->sender, sizeof event->sender, "s-1");
    sah_format(event->reply_token, sizeof event->reply_token, "token");
    sah_format(event->service, sizeof event->service, "AMBULANCE_108");
    sah_format(event->agency_says, sizeof event->agency_says, "%s", says);
    sah_format(event->status.agency, sizeof event->status.agency, "108");
    memcpy(event->status.request_id, to->request_id, sizeof event->status.request_id);
    event->status.state = SAH_STATE_DELIVERED;
    event->status.level = SAH_LEVEL_MACHINE;
    event->status.sent_ms = event->created_ms = 1700000000000;
    event->emergency = emergency;
    return event;
}

void add_want(struct sah_change *to, const char *agency, unsigned max_class, unsigned n)
{
    struct sah_want *want = &to->wants[to->n_wants++];

    sah_format(want->endpoint, sizeof want->endpoint, "%s-state", agency);
    want->max_class = max_class;
    want->n = n;
}

void set_settle(struct sah_change *to, enum sah_settle_kind kind,
                const struct sah_leased *leased)
{
    to->settle = (struct sah_settle){.kind = kind, .epoch = leased->epoch};
    memcpy(to->settle.key, leased->key, sizeof to->settle.key);
    memcpy(to->settle.endpoint, leased->endpoint, sizeof to->settle.endpoint);
    to->settle.outcome = kind == SAH_SETTLE_DONE ? SAH_ANSWER_MACHINE_ACK : SAH_ANSWER_REFUSED;
}

struct sah_committed must_commit(struct sah_store_harness *h, const struct sah_change *to)
{
    struct sah_committed committed = {0};

    assert_int_equal(do_commit(h, to, &committed), SAH_OK);
    assert_false(committed.duplicate);
    assert_false(committed.stale);
    assert_int_equal(committed.revision, to->expected_revision + 1);
    return committed;
}

void accept_request(struct sah_store_harness *h, unsigned n, enum sah_priority priority,
                    const char *agency)
{
    struct sah_change *c = new_request(n, priority);

    add_plan(c, n, agency);
    add_line(c, agency, SAH_STATE_QUEUED);
    must_commit(h, c);
}

struct sah_leased lease_one(struct sah_store_harness *h, const char *agency)
{
    struct sah_leased leased[2];
    char endpoint[SAH_AGENCY_SIZE];

    sah_format(endpoint, sizeof endpoint, "%s-state", agency);
    assert_int_equal(do_lease(h, endpoint, 4, 2, leased), 1);
    return leased[0];
}

void lease_none(struct sah_store_harness *h, const char *agency)
{
    struct sah_leased leased[1];
    char endpoint[SAH_AGENCY_SIZE];

    sah_format(endpoint, sizeof endpoint, "%s-state", agency);
    assert_int_equal(do_lease(h, endpoint, 4, 1, leased), 0);
}

void settle_done(struct sah_store_harness *h, unsigned of, const struct sah_leased *leased)
{
    struct sah_change *c = change_of(h, of);

    set_settle(c, SAH_SETTLE_DONE, leased);
    must_commit(h, c);
}
