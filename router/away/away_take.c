/*
 * away_take - a message on its way in: to the main core while its store answers in time, else into
 * the journal, and then perhaps to the direct core. (I1)
 *
 * Owns:    messages on their way, each until it was answered and nobody holds it any more.
 * Used by: away.c. Never: answers ACCEPTED before the main store or the disk has it.
 *
 * Whoever is first answers. When both have a message in the end, the main store's deliveries of that
 * request are left alone (away_store.c) until the two are merged (away_import.c).
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define COMING_MAGIC 0x5a434d47u
#define RETRY_AFTER_MS 200
#define RETAKE_MAX 16 /* by the direct core, a turn */

struct coming {
    uint32_t magic;
    struct sah_away *away;
    struct coming *prev, *next;
    sah_core_result_fn *fn; /* NULL: answered */
    void *data;
    struct sah_message *message; /* ours */
    unsigned class_, own_class; /* as in the journal; by what it says itself */
    char request_id[SAH_REQUEST_ID_SIZE];
    uint64_t race_ms; /* when the journal is asked as well; 0 = never, or it was */
    bool with_main, with_journal;
    bool in_main;    /* the main store has it */
    int64_t opened_ms; /* of its record */
    size_t len;
    char bytes[];
};

static void fill_result(const struct sah_away *away, const struct coming *c, enum sah_result_code code)
{
    struct sah_message *result = away->message;

    memset(result, 0, sizeof *result);
    result->kind = SAH_KIND_RESULT;
    result->schema_version = SAH_SCHEMA_VERSION;
    result->id = c->message->id;
    result->created_ms = away->now.wall_ms;
    result->u.result.code = code;
    if (code == SAH_RESULT_RETRY)
        result->u.result.retry_after_ms = RETRY_AFTER_MS;
    if (code != SAH_RESULT_ACCEPTED && code != SAH_RESULT_DUPLICATE)
        return;
    memcpy(result->request_id, c->request_id, sizeof result->request_id);
    (void)sah_format(result->u.result.store_run_id, sizeof result->u.result.store_run_id, "%s",
                     known_has(away, &c->message->id) ? away->run_id : SAH_AWAY_RUN_ID);
    if (c->message->kind == SAH_KIND_REQUEST)
        sah_incident_id(sah_partition_of(sah_slice_of(c->message->u.request.citizen.sender), away->s.partitions),
                        &c->message->id, result->incident_id);
}

static void free_coming(struct coming *c)
{
    struct sah_away *away = c->away;

    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        away->coming_first = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    else
        away->coming_last = c->prev;
    away->n_coming--;
    c->magic = 0;
    free(c->message);
    free(c);
}

static void answer(struct coming *c, const struct sah_message *result)
{
    sah_core_result_fn *fn = c->fn;

    c->fn = NULL;
    if (fn != NULL)
        fn(c->data, result);
}

static void answer_code(struct coming *c, enum sah_result_code code)
{
    if (c->fn == NULL)
        return;
    fill_result(c->away, c, code);
    answer(c, c->away->message);
}

static void free_if_over(struct coming *c)
{
    if (!c->with_main && !c->with_journal)
        free_coming(c);
}

/* ---- the journal */

/* Does the direct core take it, once the disk has it? */
static bool is_direct(const struct coming *c)
{
    const struct open_request *r = open_find(c->away, c->request_id);

    if (c->away->direct == NULL)
        return false;
    return c->message->kind == SAH_KIND_REQUEST ? c->class_ <= 1 : r != NULL && r->direct;
}

/* Asked twice while the disk was slow, or the store was faster after all: it is open once, or not. */
static bool is_there(const struct coming *c)
{
    struct sah_away *away = c->away;
    const struct sah_journal_record record = {.type = SAH_JOURNAL_CLOSED,
                                              .class_ = (uint8_t)c->class_,
                                              .id = c->message->id,
                                              .received_ms = away->now.wall_ms};

    if (open_find_message(away, &c->message->id) != NULL)
        return true;
    if (!c->in_main && !known_has(away, &c->message->id))
        return false;
    (void)away->s.journal->append(away->s.journal->data, &record, false, NULL, NULL);
    return true;
}

/* What is only in the journal has become a P0 or P1 by what was said now: it must not wait there. */
static bool rises(const struct coming *c)
{
    const struct open_request *r = open_find(c->away, c->request_id);

    if (c->away->direct == NULL || c->own_class > 1 || r == NULL || r->moving || open_request_message(r) == NULL)
        return false;
    for (const struct open_message *m = r->first; m != NULL; m = m->next_of_request)
        if (m->busy)
            return false; /* the main core is at it */
    return true;
}

static void durable(struct coming *c)
{
    struct sah_away *away = c->away;
    bool direct = is_direct(c) || rises(c);
    struct open_message *m;

    if (is_there(c)) {
        answer_code(c, SAH_RESULT_DUPLICATE);
        return;
    }
    away->counters.journaled++;
    m = open_add(away, &c->message->id, c->message->kind, c->class_, c->request_id);
    m->opened_ms = c->opened_ms;
    answer_code(c, SAH_RESULT_ACCEPTED); /* the disk has it (I1) */
    if (!direct)
        return;
    take_all_direct(away, m->request);
    take_direct(away, m, (struct sah_slice){c->bytes, c->len});
}

static void on_durable(void *data, int err)
{
    struct coming *c = data;

    SAH_CHECK(c, COMING_MAGIC);
    c->with_journal = false;
    if (c->away->stopping && err == SAH_OK) {
        answer_code(c, SAH_RESULT_ACCEPTED); /* the next life takes it up */
    } else if (err == SAH_OK) {
        durable(c);
    } else {
        c->away->counters.journal_refused++;
        if (!c->with_main) /* else the store may still take it */
            answer_code(c, SAH_RESULT_RETRY);
    }
    free_if_over(c);
}

static void to_journal(struct coming *c)
{
    struct sah_away *away = c->away;
    const struct sah_journal_record record = {.type = SAH_JOURNAL_RECEIVED,
                                              .class_ = (uint8_t)c->class_,
                                              .id = c->message->id,
                                              .received_ms = away->now.wall_ms,
                                              .payload = {c->bytes, c->len}};
    int err;

    c->race_ms = 0;
    c->opened_ms = record.received_ms;
    if (known_has(away, &c->message->id)) { /* asked again; the store has it, wherever the store is */
        answer_code(c, SAH_RESULT_DUPLICATE);
        return;
    }
    err = away->s.journal->append(away->s.journal->data, &record, true, on_durable, c);
    if (err == SAH_EEXIST && unreadable_replaced(away, &c->message->id))
        err = away->s.journal->append(away->s.journal->data, &record, true, on_durable, c);
    c->with_journal = err == SAH_OK;
    if (err == SAH_OK)
        return;
    if (err == SAH_EEXIST && open_find_message(away, &c->message->id) != NULL) { /* it is held (I1) */
        answer_code(c, SAH_RESULT_DUPLICATE);
        return;
    }
    away->counters.journal_refused++;
    if (!c->with_main)
        answer_code(c, SAH_RESULT_RETRY);
}

/* ---- the main core */

void take_saw_run(struct sah_away *away, const char *run_id, uint64_t accept_seq)
{
    if (run_id[0] == '\0' || accept_seq == 0)
        return;
    if (strcmp(away->run_id, run_id) != 0) {
        bool was_known = away->run_id[0] != '\0';

        known_clear(away);
        (void)sah_format(away->run_id, sizeof away->run_id, "%s", run_id);
        away->counters.new_runs += was_known;
        away->lost = was_known && accept_seq <= away->accept_seq;
        away->counters.lost_writes += away->lost;
        if (away->lost)
            sah_error(away->s.log,
                      "event=store.lost_writes run_id=%s accept_seq=%llu had=%llu "
                      "do=\"nothing: adapters submit again what they handed over; find out why Redis lost it\"",
                      away->run_id, (unsigned long long)accept_seq, (unsigned long long)away->accept_seq);
        else if (was_known)
            sah_info(away->s.log, "event=store.new_run run_id=%s accept_seq=%llu", away->run_id,
                     (unsigned long long)accept_seq);
        away->accept_seq = accept_seq;
    }
    if (accept_seq > away->accept_seq)
        away->accept_seq = accept_seq;
}

void take_saw(struct sah_away *away, const struct sah_result *result)
{
    if (strcmp(result->store_run_id, SAH_AWAY_RUN_ID) != 0 && result->code == SAH_RESULT_ACCEPTED)
        take_saw_run(away, result->store_run_id, result->accept_seq);
}

static void on_result(void *data, const struct sah_message *result)
{
    struct coming *c = data;
    enum sah_result_code code = result->u.result.code;

    SAH_CHECK(c, COMING_MAGIC);
    c->with_main = false;
    c->in_main = code == SAH_RESULT_ACCEPTED || code == SAH_RESULT_DUPLICATE;
    take_saw(c->away, &result->u.result);
    if (c->in_main)
        known_add(c->away, &c->message->id);
    if (c->with_journal && c->in_main) {
        answer(c, result); /* durable already; the record is closed when it is written */
    } else if (!c->with_journal && c->fn != NULL) {
        if (code == SAH_RESULT_RETRY && !c->away->stopping)
            to_journal(c); /* the store cannot take it */
        else
            answer(c, result);
    }
    free_if_over(c);
}

/* ---- the way in */

static struct coming *coming_new(struct sah_away *away, const struct sah_message *message, struct sah_slice bytes)
{
    struct coming *c = calloc(1, sizeof *c + bytes.len);

    if (c == NULL)
        return NULL;
    c->message = malloc(sizeof *c->message);
    if (c->message == NULL) {
        free(c);
        return NULL;
    }
    *c->message = *message;
    c->magic = COMING_MAGIC;
    c->away = away;
    c->len = bytes.len;
    memcpy(c->bytes, bytes.ptr, bytes.len);
    c->class_ = away_class_of(away, message);
    c->own_class = away_own_class(away, message);
    away_request_of(away, message, c->request_id);
    c->prev = away->coming_last;
    if (c->prev != NULL)
        c->prev->next = c;
    else
        away->coming_first = c;
    away->coming_last = c;
    away->n_coming++;
    return c;
}

/* In the bulk lane a danger is for the other one, and the main core says so without asking. */
static bool is_wrong_lane(struct sah_away *away, const struct sah_message *message)
{
    return away->s.lane == SAH_LANE_BULK && message->kind != SAH_KIND_CANCEL &&
           (away_class_of(away, message) <= 2 || away_own_class(away, message) <= 2);
}

static void refuse(struct sah_away *away, const struct sah_message *message, enum sah_result_code code,
                   sah_core_result_fn *fn, void *fn_data)
{
    struct sah_message *result = away->message;

    memset(result, 0, sizeof *result);
    result->kind = SAH_KIND_RESULT;
    result->schema_version = SAH_SCHEMA_VERSION;
    result->id = message->id;
    result->created_ms = away->now.wall_ms;
    result->u.result.code = code;
    result->u.result.retry_after_ms = code == SAH_RESULT_RETRY ? RETRY_AFTER_MS : 0;
    fn(fn_data, result);
}

/* Bulk may use four fifths of the room. */
static bool is_full(const struct sah_away *away, const struct sah_message *message)
{
    bool bulk = message->kind == SAH_KIND_REQUEST && message->u.request.urgency == SAH_URGENCY_BULK;

    return away->n_coming >= (bulk ? away->s.jobs_max / 5 * 4 : away->s.jobs_max);
}

void take_message(void *data, const struct sah_message *message, struct sah_slice bytes, struct sah_now now,
                  sah_core_result_fn *fn, void *fn_data)
{
    struct sah_away *away = data;
    struct open_request *r;
    struct coming *c;

    SAH_CHECK(away, AWAY_MAGIC);
    away->now = now;
    r = message->kind == SAH_KIND_REQUEST ? NULL : open_find(away, message->request_id);
    if (message->kind == SAH_KIND_STATUS_QUERY) {
        bool here = r != NULL && r->direct && sah_memory_store_has(away->memory, r->request_id);

        sah_core_take(here ? away->direct : away->main, message, bytes, now, fn, fn_data);
        return;
    }
    if (away->stopping || (sah_health_asks(&away->health) && sah_core_is_full(away->main, message)) ||
        is_full(away, message) || (r != NULL && r->moving)) {
        away->counters.held_back += r != NULL && r->moving;
        refuse(away, message, SAH_RESULT_RETRY, fn, fn_data);
        return;
    }
    if (is_wrong_lane(away, message) && !sah_health_asks(&away->health)) {
        refuse(away, message, SAH_RESULT_WRONG_LANE, fn, fn_data);
        return;
    }
    c = coming_new(away, message, bytes);
    if (c == NULL) {
        refuse(away, message, SAH_RESULT_RETRY, fn, fn_data);
        return;
    }
    c->fn = fn;
    c->data = fn_data;
    if (open_find_message(away, &message->id) != NULL) {
        answer_code(c, SAH_RESULT_DUPLICATE);
    } else if (r != NULL || !sah_health_asks(&away->health)) {
        to_journal(c); /* behind what is there already, or nobody is asked first */
    } else {
        c->with_main = true;
        if (away->direct != NULL && c->class_ <= 1)
            c->race_ms = away_mono(away) + away->s.race_ms;
        sah_core_take(away->main, message, bytes, now, on_result, c);
        return; /* c may be gone */
    }
    free_if_over(c);
}

uint64_t take_next_ms(const struct sah_away *away)
{
    for (const struct coming *c = away->coming_first; c != NULL; c = c->next)
        if (c->race_ms != 0)
            return c->race_ms; /* all wait equally long, so the oldest is the first */
    return 0;
}

/* ---- the direct core */

/* It does not take the request: the main core is asked about all of it. */
static void take_none_direct(struct sah_away *away, struct open_request *r)
{
    r->direct = false;
    for (struct open_message *m = r->first; m != NULL; m = m->next_of_request) {
        away->n_untaken -= m->with_direct && !m->taken;
        m->with_direct = false;
    }
}

static void on_direct(void *data, const struct sah_message *result)
{
    struct sah_away *away = data;
    struct open_message *m = open_find_message(away, &result->id);
    enum sah_result_code code = result->u.result.code;

    if (m == NULL || m->taken || !m->with_direct || code == SAH_RESULT_RETRY)
        return; /* in RETRY's case the next turn asks again */
    away->n_untaken--;
    if (code == SAH_RESULT_ACCEPTED || code == SAH_RESULT_DUPLICATE) {
        away->counters.direct++;
        m->taken = true;
        return;
    }
    /* Of another citizen, or not as it should be: the main core says the same, and keeps it for a person. */
    m->with_direct = false;
    if (m->kind == SAH_KIND_REQUEST)
        take_none_direct(away, m->request);
}

void take_all_direct(struct sah_away *away, struct open_request *r)
{
    r->direct = true;
    for (struct open_message *m = r->first; m != NULL; m = m->next_of_request)
        if (!m->with_direct && !m->busy) {
            m->with_direct = true;
            away->n_untaken++;
        }
}

/* The request first, then in the order in which they came (I10). */
static bool is_next(const struct open_message *m)
{
    const struct open_message *request = open_request_message(m->request);

    if (m == request)
        return true;
    if (request != NULL && request->with_direct && !request->taken)
        return false;
    for (const struct open_message *o = m->request->first; o != m; o = o->next_of_request)
        if (o->with_direct && !o->taken)
            return false;
    return true;
}

void take_direct(struct sah_away *away, struct open_message *m, struct sah_slice bytes)
{
    struct sah_message *message;
    struct sah_buf buf;

    if (!is_next(m))
        return; /* its turn comes */
    message = malloc(sizeof *message);
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (bytes.len == 0 && away->s.journal->read(away->s.journal->data, &m->id, SAH_JOURNAL_RECEIVED, 0, &buf) == SAH_OK)
        bytes = (struct sah_slice){buf.data, buf.len};
    if (message != NULL && bytes.len > 0 && sah_message_decode(bytes.ptr, bytes.len, message, NULL, 0) == SAH_OK)
        sah_core_take(away->direct, message, bytes, away->now, on_direct, away);
    sah_buf_fini(&buf);
    free(message);
}

/* ---- each turn */

static void retake(struct sah_away *away)
{
    unsigned n = 0;

    for (unsigned c = 0; c < SAH_JOURNAL_CLASSES && away->n_untaken > 0; c++)
        for (struct open_message *m = away->by_class[c].first; m != NULL && n < RETAKE_MAX; m = m->next)
            if (m->with_direct && !m->taken && m->next_try_ms <= away->now.mono_ms && is_next(m)) {
                m->next_try_ms = away->now.mono_ms + RETRY_AFTER_MS;
                take_direct(away, m, (struct sah_slice){NULL, 0});
                n++;
            }
}

void take_turn(struct sah_away *away)
{
    struct coming *next;

    for (struct coming *c = away->coming_first; c != NULL; c = next) {
        next = c->next;
        if (c->race_ms == 0)
            continue;
        if (c->race_ms > away_mono(away))
            break;
        away->counters.raced++;
        sah_health_missed(&away->health, away->now.mono_ms);
        to_journal(c);
        free_if_over(c);
    }
    if (away->n_untaken > 0)
        retake(away);
}

void take_fini(struct sah_away *away)
{
    while (away->coming_first != NULL)
        free_coming(away->coming_first);
}
