/*
 * redis_store_read - replies of the functions, read strictly into an operation.
 *
 * Owns:    what each reply must look like.
 * Used by: redis_store.c.
 * Never:   believes a reply of unexpected shape: that is SAH_EPROTO, the outcome is unknown.
 */
#include <stdlib.h>
#include <string.h>

#include "store/redis_store_priv.h"

struct reader reader_of(const redisReply *reply)
{
    return (struct reader){.array = reply, .bad = reply->type != REDIS_REPLY_ARRAY};
}

const redisReply *reader_next(struct reader *r, int type)
{
    const redisReply *e =
        r->bad || r->at >= r->array->elements ? NULL : r->array->element[r->at++];

    if (e == NULL || e->type != type) {
        r->bad = true;
        return NULL;
    }
    return e;
}

int64_t reader_int(struct reader *r, int64_t max)
{
    const redisReply *e = reader_next(r, REDIS_REPLY_INTEGER);

    if (e == NULL || e->integer < 0 || e->integer > max) {
        r->bad = true;
        return 0;
    }
    return e->integer;
}

struct sah_slice reader_bytes(struct reader *r)
{
    const redisReply *e = reader_next(r, REDIS_REPLY_STRING);

    return e == NULL ? (struct sah_slice){"", 0} : (struct sah_slice){e->str, e->len};
}

void reader_text(struct reader *r, char *dst, size_t size)
{
    struct sah_slice text = reader_bytes(r);

    if (!r->bad && sah_copy(dst, size, text.ptr, text.len) != SAH_OK)
        r->bad = true;
}

bool reader_at_end(const struct reader *r)
{
    return !r->bad && r->at == r->array->elements;
}

static int done(const struct reader *r)
{
    return reader_at_end(r) ? SAH_OK : SAH_EPROTO;
}

int read_error(const redisReply *reply)
{
    static const char refused[] = "SAHINVAL ";
    size_t len = sizeof refused - 1;

    if (reply->len >= len && memcmp(reply->str, refused, len) == 0)
        return SAH_EINVAL;
    /* Refused before it ran: LOADING, OOM, BUSY, ... The link closes its gate on it as well. */
    return sah_redis_reply_condition(reply) != SAH_REDIS_IS_UP ? SAH_EDOWN : SAH_EPROTO;
}

/* What was leased in the same step, when some was wanted. */
static int read_also_leased(struct op *op, struct reader *r)
{
    const redisReply *leased;

    if (r->bad || op->n == 0)
        return done(r);
    leased = reader_next(r, REDIS_REPLY_ARRAY);
    if (!reader_at_end(r))
        return SAH_EPROTO;
    op->committed.looked = true;
    return read_lease(op, leased);
}

int read_commit(struct op *op, const redisReply *reply)
{
    struct reader r = reader_of(reply);
    struct sah_committed *c = &op->committed;
    struct sah_slice word = reader_bytes(&r);

    c->accept_seq = (uint64_t)reader_int(&r, INT64_MAX);
    c->revision = (uint64_t)reader_int(&r, INT64_MAX);
    reader_text(&r, c->request_id, sizeof c->request_id);
    reader_text(&r, c->incident_id, sizeof c->incident_id);
    sah_copy_cut(c->store_run_id, sizeof c->store_run_id,
                 sah_redis_run_id(op->store->settings.redis),
                 strlen(sah_redis_run_id(op->store->settings.redis)));
    if (sah_slice_is(word, "OK"))
        return read_also_leased(op, &r);
    if (!reader_at_end(&r))
        return SAH_EPROTO;
    if (sah_slice_is(word, "CONFLICT"))
        return SAH_ECONFLICT;
    c->duplicate = sah_slice_is(word, "DUP");
    c->stale = sah_slice_is(word, "STALE");
    c->held = sah_slice_is(word, "HELD");
    return c->duplicate || c->stale || c->held ? SAH_OK : SAH_EPROTO;
}

/* "kind:level:due", or nothing. */
static bool take_timer(struct sah_slice text, struct sah_line *line)
{
    const char *colon = memchr(text.ptr, ':', text.len);
    const char *second = colon != NULL ? memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.ptr)) : NULL;
    uint64_t kind = 0, level = 0;

    if (text.len == 0)
        return true;
    if (second == NULL ||
        sah_parse_u64((struct sah_slice){text.ptr, (size_t)(colon - text.ptr)}, 1, SAH_TIMER_EN_ROUTE, &kind) ||
        sah_parse_u64((struct sah_slice){colon + 1, (size_t)(second - colon - 1)}, 0, SAH_LADDER_SPENT, &level))
        return false;
    line->timer = (enum sah_timer_kind)kind;
    line->timer_level = (unsigned)level;
    return true;
}

static int read_lines(struct reader *r, struct sah_request_view *view)
{
    while (!r->bad && r->at < r->array->elements) {
        struct sah_line *line = &view->lines[view->n_lines];

        if (view->n_lines == SAH_LINES_MAX)
            return SAH_EPROTO;
        reader_text(r, line->agency, sizeof line->agency);
        if (line_from_json(reader_bytes(r), line) != SAH_OK || !take_timer(reader_bytes(r), line))
            return SAH_EPROTO;
        view->n_lines++;
    }
    return r->bad ? SAH_EPROTO : SAH_OK;
}

/* "mid kind sequence,mid kind sequence": what was said since, oldest first. */
static bool take_messages(struct sah_slice list, struct sah_request_view *view)
{
    const char *at = list.ptr, *end = list.ptr + list.len;

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma == NULL ? end : comma;
        struct sah_view_message *m = &view->messages[view->n_messages];
        uint64_t kind, sequence;

        if (view->n_messages == SAH_VIEW_MESSAGES_MAX || stop - at < 36 || at[32] != ' ' || at[34] != ' ' ||
            sah_id_from_hex((struct sah_slice){at, 32}, &m->id) != SAH_OK ||
            sah_parse_u64((struct sah_slice){at + 33, 1}, SAH_KIND_REQUEST, SAH_KIND_CANCEL, &kind) != SAH_OK ||
            sah_parse_u64((struct sah_slice){at + 35, (size_t)(stop - at) - 35}, 0, UINT32_MAX, &sequence) != SAH_OK)
            return false;
        m->kind = (enum sah_kind)kind;
        m->sequence = (uint32_t)sequence;
        view->n_messages++;
        at = comma == NULL ? end : comma + 1;
    }
    return true;
}

int read_load(struct op *op, const redisReply *reply)
{
    struct reader r = reader_of(reply);
    struct sah_request_view *view = op->store->view;
    struct sah_message *message = op->store->decoded;
    struct sah_slice bytes;

    if (!r.bad && reply->elements == 0)
        return SAH_ENOENT;
    memset(view, 0, sizeof *view);
    memcpy(view->request_id, op->name, sizeof view->request_id);
    view->revision = (uint64_t)reader_int(&r, INT64_MAX);
    reader_text(&r, view->incident_id, sizeof view->incident_id);
    view->priority = (enum sah_priority)reader_int(&r, SAH_PRIORITY_P4);
    view->last_sequence = (uint32_t)reader_int(&r, UINT32_MAX);
    view->accepted_ms = reader_int(&r, INT64_MAX);
    view->closed_ms = reader_int(&r, INT64_MAX);
    bytes = reader_bytes(&r);
    if (r.bad || sah_message_decode(bytes.ptr, bytes.len, message, NULL, 0) != SAH_OK)
        return SAH_EPROTO;
    view->request = message;
    if (!take_messages(reader_bytes(&r), view))
        return SAH_EPROTO;
    reader_text(&r, view->main_id, sizeof view->main_id);
    view->n_members = (unsigned)reader_int(&r, SAH_MEMBERS_MAX);
    view->left = reader_int(&r, 1) == 1;
    reader_text(&r, view->note, sizeof view->note);
    view->repeats = (unsigned)reader_int(&r, UINT32_MAX);
    return read_lines(&r, view);
}

/* "false_reports false_alarms no_patient confirmed first_seen_ms" */
static bool take_history(struct sah_slice text, struct sah_sender_history *ret)
{
    uint64_t n[5];
    const char *at = text.ptr, *end = text.ptr + text.len;

    for (unsigned i = 0; i < 5; i++) {
        const char *blank = i < 4 ? memchr(at, ' ', (size_t)(end - at)) : end;

        if (blank == NULL || sah_parse_u64((struct sah_slice){at, (size_t)(blank - at)}, 0,
                                           i < 4 ? UINT32_MAX : INT64_MAX, &n[i]) != SAH_OK)
            return false;
        at = blank + 1;
    }
    *ret = (struct sah_sender_history){(uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint32_t)n[3],
                                       (int64_t)n[4]};
    return true;
}

/* Key and bytes are kept: with several partitions the replies before are gone at the end. */
static int read_one_lease(struct op *op, const redisReply *reply, struct sah_leased *leased)
{
    struct reader r = reader_of(reply);
    struct sah_slice bytes, previous, history;

    reader_text(&r, leased->key, sizeof leased->key);
    leased->epoch = (uint64_t)reader_int(&r, INT64_MAX);
    reader_text(&r, leased->request_id, sizeof leased->request_id);
    reader_text(&r, leased->incident_id, sizeof leased->incident_id);
    reader_text(&r, leased->agency, sizeof leased->agency);
    reader_text(&r, leased->endpoint, sizeof leased->endpoint);
    leased->priority = (enum sah_priority)reader_int(&r, SAH_PRIORITY_P4);
    leased->kind = (enum sah_kind)reader_int(&r, SAH_KIND_CANCEL);
    leased->sequence = (uint32_t)reader_int(&r, UINT32_MAX);
    leased->attempts = (unsigned)reader_int(&r, UINT32_MAX);
    leased->possible_duplicate = reader_int(&r, 1) == 1;
    leased->fell_back = reader_int(&r, 1) == 1;
    leased->unanswered = (unsigned)reader_int(&r, UINT32_MAX);
    leased->accepted_ms = reader_int(&r, INT64_MAX);
    leased->age_ms = (uint64_t)reader_int(&r, INT64_MAX);
    reader_text(&r, leased->service, sizeof leased->service);
    reader_text(&r, leased->incident_type, sizeof leased->incident_type);
    reader_text(&r, leased->rule, sizeof leased->rule);
    previous = reader_bytes(&r);
    reader_text(&r, leased->note, sizeof leased->note);
    history = reader_bytes(&r);
    leased->repeats = (unsigned)reader_int(&r, UINT32_MAX);
    bytes = reader_bytes(&r);
    if (!reader_at_end(&r) || !take_history(history, &leased->history))
        return SAH_EPROTO;
    op->offsets[op->n_got] = op->bytes.len;
    sah_buf_add(&op->bytes, bytes.ptr, bytes.len);
    leased->bytes.len = bytes.len;
    if (op->bytes.failed)
        return SAH_ENOMEM;
    return previous_from_json(previous, leased->previous, &leased->n_previous);
}

int read_lease(struct op *op, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > op->n - op->n_got)
        return SAH_EPROTO;
    for (size_t i = 0; i < reply->elements; i++) {
        int err = read_one_lease(op, reply->element[i], &op->leased[op->n_got]);

        if (err != SAH_OK)
            return err;
        op->n_got++;
    }
    return SAH_OK;
}

int read_settle(struct op *op, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_INTEGER)
        return SAH_EPROTO;
    op->n_got = reply->integer == 1;
    return SAH_OK;
}

static bool take_offset(struct sah_slice text, int64_t *ret_ms)
{
    bool back = text.len > 0 && text.ptr[0] == '-';
    uint64_t ms = 0;

    if (back)
        text = (struct sah_slice){text.ptr + 1, text.len - 1};
    if (sah_parse_u64(text, 0, INT64_MAX, &ms) != SAH_OK)
        return false;
    *ret_ms = back ? -(int64_t)ms : (int64_t)ms;
    return true;
}

int read_tick(struct op *op, const redisReply *reply)
{
    struct reader r = reader_of(reply), timers, works;
    const redisReply *list;

    op->ticked.moved += (unsigned)reader_int(&r, INT32_MAX);
    op->ticked.waiting += (unsigned)reader_int(&r, INT32_MAX);
    op->ticked.more |= (unsigned)reader_int(&r, 1);
    op->ticked.clock_jumps += (uint64_t)reader_int(&r, INT64_MAX);
    if (!take_offset(reader_bytes(&r), &op->ticked.clock_offset_ms))
        return SAH_EPROTO;
    if ((list = reader_next(&r, REDIS_REPLY_ARRAY)) == NULL)
        return SAH_EPROTO;
    timers = reader_of(list);
    while (!timers.bad && timers.at < timers.array->elements) {
        struct sah_due_timer *timer = &op->ticked.timers[op->ticked.n_timers];

        if (op->ticked.n_timers == SAH_DUE_MAX)
            return SAH_EPROTO;
        reader_text(&timers, timer->request_id, sizeof timer->request_id);
        reader_text(&timers, timer->agency, sizeof timer->agency);
        timer->kind = (enum sah_timer_kind)reader_int(&timers, SAH_TIMER_EN_ROUTE);
        timer->level = (unsigned)reader_int(&timers, SAH_LADDER_SPENT);
        timer->late_ms = (uint32_t)reader_int(&timers, UINT32_MAX);
        op->ticked.n_timers++;
    }
    if (timers.bad || (list = reader_next(&r, REDIS_REPLY_ARRAY)) == NULL)
        return SAH_EPROTO;
    works = reader_of(list);
    while (!works.bad && works.at < works.array->elements) {
        struct sah_work *work = &op->ticked.works[op->ticked.n_works];

        if (op->ticked.n_works == SAH_WORK_MAX)
            return SAH_EPROTO;
        reader_text(&works, work->request_id, sizeof work->request_id);
        work->kind = (enum sah_work_kind)reader_int(&works, SAH_WORK_FOLLOW);
        op->ticked.n_works++;
    }
    return works.bad ? SAH_EPROTO : done(&r);
}

/* The endpoints of this step follow the totals; those count once for each partition. */
int read_stats(struct op *op, const redisReply *reply)
{
    unsigned batches = op->n_steps / op->store->settings.partitions;
    unsigned batch = op->step % batches, last = (batch + 1) * SAH_KEYS_STATS_MAX;
    struct sah_store_stats *s = &op->stats;
    uint64_t *const totals[] = {&s->leased,      &s->delayed,  &s->dead,      &s->outbox,
                                &s->quarantined, &s->accepted, &s->duplicates};
    struct reader r = reader_of(reply);

    for (size_t i = 0; i < SAH_LEN(totals); i++) {
        uint64_t n = (uint64_t)reader_int(&r, INT64_MAX);

        *totals[i] += batch == 0 ? n : 0;
    }
    for (unsigned i = batch * SAH_KEYS_STATS_MAX; i < s->n_queues && i < last; i++) {
        struct sah_queue_stat *q = &op->queues[i];

        for (unsigned c = 0; c < SAH_N_CLASSES; c++)
            q->ready[c] += (uint64_t)reader_int(&r, INT64_MAX);
        for (unsigned c = 0; c < SAH_N_CLASSES; c++) {
            uint64_t age = (uint64_t)reader_int(&r, INT64_MAX);

            if (age > q->oldest_age_ms[c])
                q->oldest_age_ms[c] = age;
        }
        q->leased += (uint64_t)reader_int(&r, INT64_MAX);
        q->delayed += (uint64_t)reader_int(&r, INT64_MAX);
        q->dead += (uint64_t)reader_int(&r, INT64_MAX);
    }
    return done(&r);
}

int read_events(struct op *op, const redisReply *reply)
{
    struct sah_message *message = op->store->decoded;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > op->n - op->n_got)
        return SAH_EPROTO;
    for (size_t i = 0; i < reply->elements; i++) {
        struct reader r = reader_of(reply->element[i]);
        struct sah_outbox_event *event = &op->events[op->n_got];
        char id[sizeof event->event_id] = "";
        struct sah_slice bytes;

        reader_text(&r, id, sizeof id);
        bytes = reader_bytes(&r);
        if (!reader_at_end(&r))
            return SAH_EPROTO;
        /* One that a newer router wrote and we cannot read stays in the outbox for it. */
        if (sah_message_decode(bytes.ptr, bytes.len, message, NULL, 0) != SAH_OK ||
            message->kind != SAH_KIND_OUTBOX_EVENT)
            continue;
        *event = message->u.outbox_event;
        memcpy(event->event_id, id, sizeof id);
        op->n_got++;
    }
    return SAH_OK;
}

int read_done(struct op *op, const redisReply *reply)
{
    SAH_UNUSED(op);
    return reply->type == REDIS_REPLY_INTEGER ? SAH_OK : SAH_EPROTO;
}

int read_pieces(struct op *op, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return SAH_EPROTO;
    op->pieces = (struct sah_slice){reply->str, reply->len};
    return SAH_OK;
}
