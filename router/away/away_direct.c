/*
 * away_direct - the direct core's store, seen through: what an agency or a person said is in the
 * journal before it is in memory, and what the journal knows from an earlier life is known again. (I4, I5)
 *
 * Owns:    changes that wait for the disk.
 * Used by: away.c, away_take.c.
 * Never:   relies on evidence that a crash would forget; overwrites a yes with a no: a machine's
 *          negative answers are not journaled, after a crash it is asked again under the same key.
 *
 * A DIRECT record: "2 <delivery key> <agency> <state> <news> <case number>", under the message that the
 * delivery carries; `part` is the agency's number within the request. And, from AFTER_PART on, under a
 * cancel: "3 <delivery key> <agency> <state> <declined>", the state the line went to since.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define RECORD_MAX 256

struct waiting { /* a change, until its evidence is on disk */
    struct sah_away *away;
    unsigned n_left;
    bool failed; /* some of it is not: a crash would tell it under another name */
    bool by_disk[SAH_EVENTS_MAX];
    struct sah_change change; /* its bytes are the caller's, who waits */
    sah_commit_fn *fn;
    void *data;
};

/* ---- writing */

/* A request that was handed over is numbered on from where the main store was (I10). */
static void commit_now(struct sah_away *away, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    const struct sah_store *port = sah_memory_store_port(away->memory);
    const struct open_request *r = open_find(away, change->request_id);

    if (r != NULL && r->moving) /* what is said now must not be said to what was copied already (I5) */
        sah_memory_store_fail_next(away->memory, SAH_MEMORY_DOWN, 1);
    port->commit(port->data, change, fn, fn_data);
    if (r != NULL && change->expected_revision == 0)
        sah_memory_store_numbered(away->memory, change->request_id, r->last_sequence);
}

static void commit(struct waiting *w)
{
    struct open_request *r = open_find(w->away, w->change.request_id);
    char request_id[SAH_REQUEST_ID_SIZE];
    struct sah_away *away;

    for (unsigned i = 0; w->failed && i < w->change.n_events; i++)
        if (w->by_disk[i])
            w->change.events[i].name[0] = '\0';
    commit_now(w->away, &w->change, w->fn, w->data);
    if (r != NULL && r->n_to_disk > 0)
        r->n_to_disk--;
    away = w->away;
    memcpy(request_id, w->change.request_id, sizeof request_id);
    free(w);
    busy_next(away, request_id);
}

static void on_written(void *data, int err)
{
    struct waiting *w = data;

    if (err != SAH_OK) { /* known in memory all the same; a crash now would ask the agency again */
        w->away->counters.evidence_failed++;
        w->failed = true;
    }
    if (--w->n_left == 0)
        commit(w);
}

static void write_record(struct waiting *w, const struct open_message *m, int part, const char *text)
{
    struct sah_away *away = w->away;
    const struct sah_journal_record record = {.type = SAH_JOURNAL_DIRECT,
                                              .part = (uint8_t)part,
                                              .class_ = (uint8_t)m->class_,
                                              .id = m->id,
                                              .received_ms = away->now.wall_ms,
                                              .payload = sah_slice_of(text)};

    if (away->s.journal->append(away->s.journal->data, &record, true, on_written, w) == SAH_OK) {
        away->counters.evidence++;
        w->n_left++;
    } else {
        away->counters.evidence_failed++;
        w->failed = true;
    }
}

static void write_one(struct waiting *w, const struct sah_id *id, const char *key, const char *agency,
                      enum sah_state state, const char *case_no)
{
    const struct open_message *m = open_find_message(w->away, id);
    int part = m == NULL ? -1 : open_part(m->request, agency);
    char text[RECORD_MAX];
    struct open_part *p;

    if (part < 0)
        return; /* closed meanwhile, or no room: as if the disk had failed */
    p = &m->request->parts[part];
    if (state != SAH_STATE_UNSPECIFIED) {
        p->said = state;
        p->news++;
        p->unsaid = 0;
    }
    (void)sah_format(text, sizeof text, "2 %s %s %s %u %s", key, agency, sah_state_name(state), p->news, case_no);
    write_record(w, m, part, text);
}

/* A cancel is in the journal too and is taken again after a crash: then the line is where it is now. */
static void write_after(struct waiting *w, const struct open_request *r, const struct sah_line *line)
{
    const struct open_message *cancel = news_cancel(r, &w->change.message_id);
    int part = cancel == NULL ? -1 : open_part(cancel->request, line->agency);
    char key[SAH_KEY_SIZE], text[RECORD_MAX];
    bool declined = false;

    if (part < 0)
        return;
    for (unsigned i = 0; i < w->change.n_events; i++)
        declined = declined || (w->change.events[i].status.reason == SAH_REASON_CANCEL_DECLINED &&
                                strcmp(w->change.events[i].status.agency, line->agency) == 0);
    sah_delivery_key(&cancel->id, line->agency, key);
    (void)sah_format(text, sizeof text, "3 %s %s %s %d", key, line->agency, sah_state_name(line->state), declined);
    write_record(w, cancel, AFTER_PART + part, text);
}

static bool has_evidence(const struct sah_change *change)
{
    if (change->settle.kind == SAH_SETTLE_DONE)
        return true;
    for (unsigned i = 0; change->expected_revision > 0 && i < change->n_lines; i++)
        if (news_is_said(&change->lines[i]))
            return true;
    return false;
}

static void write_evidence(struct waiting *w)
{
    const struct sah_change *change = &w->change;
    const struct open_request *r = open_find(w->away, change->request_id);
    const struct open_message *first = r == NULL ? NULL : open_request_message(r);
    const struct sah_memory_delivery *d =
        change->settle.kind == SAH_SETTLE_DONE ? sah_memory_store_find(w->away->memory, change->settle.key) : NULL;

    int part;

    if (first == NULL)
        return;
    if (d != NULL && d->kind != SAH_KIND_REQUEST)
        write_one(w, &d->message_id, d->key, d->agency, SAH_STATE_UNSPECIFIED, "");
    for (unsigned i = 0; i < change->n_lines; i++) {
        const struct sah_line *line = &change->lines[i];
        char key[SAH_KEY_SIZE];

        if (!news_is_said(line))
            continue;
        sah_delivery_key(&first->id, line->agency, key);
        write_one(w, &first->id, key, line->agency, line->state, line->status.case_no);
        write_after(w, r, line);
    }
    /* A 200 that changes no line is a yes all the same; what a person said before says more. */
    part = d != NULL && d->kind == SAH_KIND_REQUEST ? open_part(first->request, d->agency) : -1;
    if (part >= 0 && r->parts[part].said == SAH_STATE_UNSPECIFIED)
        write_one(w, &d->message_id, d->key, d->agency, SAH_STATE_DELIVERED, "");
}

/* ---- knowing again */

static const struct evidence *known(const struct open_request *r, const char *key)
{
    for (const struct evidence *e = r->evidence; e != NULL; e = e->next)
        if (strcmp(e->key, key) == 0)
            return e;
    return NULL;
}

static void know_line(const struct sah_away *away, struct sah_change *change, const struct evidence *e)
{
    const struct sah_agency *agency = sah_roster_agency(away->s.roster, sah_slice_of(e->agency));
    struct sah_line *line = NULL;
    struct sah_plan *plan;

    for (unsigned i = 0; i < change->n_lines; i++)
        if (strcmp(change->lines[i].agency, e->agency) == 0)
            line = &change->lines[i];
    if (line == NULL) { /* a fallback, or a copy, of an earlier life */
        if (agency == NULL || change->n_lines == SAH_LINES_MAX || change->n_plans == SAH_PLANS_MAX)
            return;
        line = &change->lines[change->n_lines++];
        memset(line, 0, sizeof *line);
        memcpy(line->agency, e->agency, sizeof line->agency);
        line->sequence = 1;
        plan = &change->plans[change->n_plans++];
        memset(plan, 0, sizeof *plan);
        memcpy(plan->key, e->key, sizeof plan->key);
        memcpy(plan->agency, e->agency, sizeof plan->agency);
        memcpy(plan->endpoint, agency->endpoints[0].id, sizeof plan->endpoint);
        plan->message_id = change->message_id;
        plan->kind = SAH_KIND_REQUEST;
        plan->sequence = 1;
        plan->known = SAH_KNOWN_DONE;
    }
    line->state = line->status.state = e->state;
    memcpy(line->status.case_no, e->case_no, sizeof line->status.case_no);
}

/* The citizen hears what holds now and not that the message came in, which they heard before. Under
 * the name it had: an adapter that told it does not tell it again. */
static bool know_event(const struct sah_away *away, const struct open_message *request,
                       const struct sah_outbox_event *received, const struct evidence *e, struct sah_outbox_event *event)
{
    const struct sah_agency *agency = sah_roster_agency(away->s.roster, sah_slice_of(e->agency));

    if (agency == NULL)
        return false;
    *event = *received;
    memcpy(event->agency_says, agency->says, sizeof event->agency_says);
    memcpy(event->dial, agency->dial, sizeof event->dial);
    memcpy(event->status.agency, e->agency, sizeof event->status.agency);
    memcpy(event->status.case_no, e->case_no, sizeof event->status.case_no);
    event->status.state = e->state;
    for (const struct evidence *after = request->request->after; after != NULL; after = after->next)
        if (after->declined && after->state == e->state && strcmp(after->agency, e->agency) == 0) {
            event->status.state = SAH_STATE_CANCEL_ASKED; /* what was told: it is not cancelled */
            event->status.reason = SAH_REASON_CANCEL_DECLINED;
        }
    event->name[0] = '\0';
    if (e->news > 0)
        news_name(request, e->agency, e->news, 0, event->name);
    return true;
}

static void know_events(const struct sah_away *away, const struct open_request *r, struct sah_change *change)
{
    const struct open_message *request = open_request_message(r);
    struct sah_outbox_event received = change->events[0];
    unsigned n = 0;

    if (change->n_events == 0 || request == NULL)
        return;
    for (const struct evidence *e = r->evidence; e != NULL && n < SAH_EVENTS_MAX; e = e->next)
        if (e->state != SAH_STATE_UNSPECIFIED && !e->told)
            n += know_event(away, request, &received, e, &change->events[n]);
    if (n > 0)
        change->n_events = n;
    else if (r->handed)
        change->n_events = 0; /* the citizen heard all of this, or will: the main store has it */
}

/* Done is what an agency has, and a copy that ended with the one a person ended (copies.c): what that person
 * said of it would not come after it, and a second vehicle would go out. */
static void know(const struct sah_away *away, const struct open_request *r, struct sah_change *change)
{
    for (unsigned i = 0; i < change->n_plans; i++)
        if (known(r, change->plans[i].key) != NULL)
            change->plans[i].known = SAH_KNOWN_DONE;
    if (change->expected_revision > 0)
        return;
    for (const struct evidence *e = r->evidence; e != NULL; e = e->next)
        if (e->state != SAH_STATE_UNSPECIFIED)
            know_line(away, change, e);
    know_events(away, r, change);
}

/* What the main store numbered keeps its number, under which an agency may have read it (I10). */
static void number(struct sah_change *change, uint32_t sequence)
{
    for (unsigned i = 0; i < change->n_plans; i++)
        change->plans[i].sequence = sequence;
    for (unsigned i = 0; i < change->n_lines; i++)
        if (change->lines[i].sequence == change->sequence)
            change->lines[i].sequence = sequence;
    change->sequence = sequence;
}

/* ---- the port */

/* Is there anything that this port must do to a change? */
static bool is_plain(const struct sah_away *away, const struct open_request *r, const struct open_message *m,
                     const struct sah_change *change)
{
    bool knows = r != NULL && (r->evidence != NULL || r->handed) && change->n_plans > 0;
    bool cancels = r != NULL && r->after != NULL && change->kind == SAH_KIND_CANCEL && change->bytes.len > 0;

    for (unsigned i = 0; i < change->n_events; i++)
        if (change->events[i].name[0] == '\0')
            return false;
    return !knows && !cancels && !has_evidence(change) && !compare_marks(away, change) && (m == NULL || m->sequence == 0);
}

/* Somebody was faster: it is decided again, and nothing of it goes to the disk. */
static bool is_late(const struct sah_away *away, const struct sah_change *change)
{
    return change->expected_revision != sah_memory_store_revision(away->memory, change->request_id);
}

void direct_commit(struct sah_away *away, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    struct open_request *r = open_find(away, change->request_id);
    const struct open_message *m = change->bytes.len > 0 ? open_find_message(away, &change->message_id) : NULL;
    struct waiting *w;

    if (is_plain(away, r, m, change) || is_late(away, change)) {
        commit_now(away, change, fn, fn_data);
        return;
    }
    w = calloc(1, sizeof *w);
    SAH_ASSERT(w != NULL);
    w->away = away;
    w->change = *change;
    w->fn = fn;
    w->data = fn_data;
    w->n_left = 1;
    if (r != NULL)
        r->n_to_disk++;
    compare_mark(away, &w->change);
    if (r != NULL && (r->evidence != NULL || r->handed) && change->n_plans > 0)
        know(away, r, &w->change);
    if (r != NULL && change->kind == SAH_KIND_CANCEL && change->bytes.len > 0)
        news_after_cancel(r, &w->change);
    if (m != NULL && m->sequence > 0)
        number(&w->change, m->sequence);
    if (has_evidence(change))
        write_evidence(w);
    news_name_all(r, &w->change, has_evidence(change), w->by_disk);
    on_written(w, SAH_OK); /* the one above */
}

#define MEMORY(away) sah_memory_store_port((away)->memory)

static void port_lease(void *data, const char *endpoint, unsigned max_class, unsigned n, sah_lease_fn *fn,
                       void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->lease(port->data, endpoint, max_class, n, fn, fn_data);
}

static void port_settle(void *data, const struct sah_settle *settle, sah_done_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->settle(port->data, settle, fn, fn_data);
}

static void port_tick(void *data, unsigned limit, sah_tick_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->tick(port->data, limit, fn, fn_data);
}

static void port_stats(void *data, const char *const *endpoints, unsigned n, sah_stats_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->stats(port->data, endpoints, n, fn, fn_data);
}

static void port_take(void *data, const char *channel, unsigned n, uint32_t lease_ms, sah_events_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->outbox_take(port->data, channel, n, lease_ms, fn, fn_data);
}

static void port_ack(void *data, const char *event_id, sah_done_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->outbox_ack(port->data, event_id, fn, fn_data);
}

static void port_join(void *data, const char *main_id, const struct sah_item *item, bool at_once, uint32_t update_ms,
                      sah_done_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->join(port->data, main_id, item, at_once, update_ms, fn, fn_data);
}

static void port_page(void *data, const char *main_id, sah_page_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->page(port->data, main_id, fn, fn_data);
}

static void port_page_done(void *data, const char *main_id, const struct sah_page_done *done, sah_done_fn *fn,
                           void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->page_done(port->data, main_id, done, fn, fn_data);
}

static void port_work_over(void *data, const char *request_id, enum sah_work_kind kind, sah_done_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->work_over(port->data, request_id, kind, fn, fn_data);
}

static void port_message(void *data, const char *request_id, const struct sah_id *id, sah_bytes_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->message(port->data, request_id, id, fn, fn_data);
}

static void port_feed(void *data, const struct sah_feed_cursor *cursor, uint32_t window_ms, sah_feed_fn *fn,
                      void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->feed(port->data, cursor, window_ms, fn, fn_data);
}

static void port_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->dead(port->data, endpoint, skip, n, fn, fn_data);
}

static void port_endpoints(void *data, sah_names_fn *fn, void *fn_data)
{
    const struct sah_store *port = MEMORY((struct sah_away *)data);

    port->endpoints(port->data, fn, fn_data);
}

/* What was leased in the last moment, when agencies can no longer be asked, goes nowhere. */
static void port_send(void *data, const struct sah_leased *leased, uint32_t deadline_ms, sah_agency_fn *fn,
                      void *fn_data)
{
    static const struct sah_agency_answer nowhere = {.answer = {SAH_ANSWER_UNREACHABLE, -1}};
    struct sah_away *away = data;

    if (away->ending)
        fn(fn_data, &nowhere);
    else
        away->s.agencies->send(away->s.agencies->data, leased, deadline_ms, fn, fn_data);
}

void direct_init(struct sah_away *away)
{
    away->direct_agencies = (struct sah_agencies){.data = away, .send = port_send};
    away->direct_store = (struct sah_store){.data = away,
                                            .commit = busy_commit,
                                            .load = busy_load,
                                            .lease = port_lease,
                                            .settle = port_settle,
                                            .tick = port_tick,
                                            .stats = port_stats,
                                            .outbox_take = port_take,
                                            .outbox_ack = port_ack,
                                            .join = port_join,
                                            .page = port_page,
                                            .page_done = port_page_done,
                                            .work_over = port_work_over,
                                            .message = port_message,
                                            .feed = port_feed,
                                            .dead = port_dead,
                                            .endpoints = port_endpoints};
}

/* ---- what an earlier life left */

static void read_after(struct open_message *m, int at, const char *text)
{
    char key[SAH_KEY_SIZE], agency[SAH_AGENCY_SIZE], state[24], declined[2];
    struct evidence *e;

    if (sscanf(text, "3 %32[0-9a-f] %31[a-z0-9-] %23[A-Z_] %1[01]", key, agency, state, declined) != 4)
        return;
    open_part_is(m->request, at, agency);
    e = open_after(m->request, key, agency);
    e->state = sah_state_from(sah_slice_of(state));
    e->declined = declined[0] == '1';
}

static void read_line(struct open_message *m, int at, const char *text)
{
    char key[SAH_KEY_SIZE], agency[SAH_AGENCY_SIZE], state[24], digits[10], case_no[SAH_CASE_SIZE] = "";
    struct evidence *e;
    uint64_t news = 0;
    int n = 0, part;

    if (sscanf(text, "2 %32[0-9a-f] %31[a-z0-9-] %23[A-Z_] %9[0-9] %n", key, agency, state, digits, &n) != 4 || n == 0 ||
        sah_parse_u64(sah_slice_of(digits), 0, UINT32_MAX, &news) != SAH_OK)
        return;
    (void)sah_copy_cut(case_no, sizeof case_no, text + n, strlen(text + n));
    e = open_evidence(m->request, key, agency);
    e->state = sah_state_from(sah_slice_of(state));
    e->news = (uint32_t)news;
    memcpy(e->case_no, case_no, sizeof e->case_no);
    open_part_is(m->request, at, agency);
    part = open_part(m->request, agency);
    if (part < 0)
        return;
    if (news > m->request->parts[part].news)
        m->request->parts[part].news = (uint32_t)news;
    if (e->state != SAH_STATE_UNSPECIFIED)
        m->request->parts[part].said = e->state;
}

static void read_evidence(struct sah_away *away, struct open_message *m, const struct sah_journal_part *part)
{
    struct sah_buf buf;

    sah_buf_init(&buf, RECORD_MAX + 1);
    if (away->s.journal->read(away->s.journal->data, &m->id, part->type, part->part, &buf) == SAH_OK &&
        (sah_buf_add(&buf, "", 1), !buf.failed)) {
        if (part->part >= AFTER_PART)
            read_after(m, part->part - AFTER_PART, buf.data);
        else
            read_line(m, part->part, buf.data);
    }
    sah_buf_fini(&buf);
}

static bool take_up(void *data, const struct sah_journal_entry *entry)
{
    struct sah_away *away = data;
    char request_id[SAH_REQUEST_ID_SIZE];
    struct open_message *m;
    struct sah_buf buf;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (away->s.journal->read(away->s.journal->data, &entry->id, SAH_JOURNAL_RECEIVED, 0, &buf) != SAH_OK ||
        sah_message_decode(buf.data, buf.len, away->message, NULL, 0) != SAH_OK) {
        sah_error(away->s.log, "event=journal.unreadable class=%u do=\"look at it in /v1/quarantine; keep the folder\"", entry->class_);
        unreadable_add(away, &entry->id, entry->class_);
        sah_buf_fini(&buf);
        return true;
    }
    away_request_of(away, away->message, request_id);
    m = open_add(away, &entry->id, away->message->kind, entry->class_, request_id);
    m->opened_ms = entry->received_ms;
    for (size_t i = 0; i < entry->n_parts; i++)
        if (entry->parts[i].type == SAH_JOURNAL_DIRECT)
            read_evidence(away, m, &entry->parts[i]);
    if (away->direct != NULL && ((m->kind == SAH_KIND_REQUEST && m->class_ <= 1) ||
                                 away_own_class(away, away->message) <= 1))
        m->request->direct = true; /* or it rose to that */
    sah_buf_fini(&buf);
    return true;
}

void direct_replay(struct sah_away *away)
{
    away->s.journal->each(away->s.journal->data, take_up, away);
    for (unsigned c = 0; c < SAH_JOURNAL_CLASSES; c++)
        for (struct open_message *m = away->by_class[c].first; m != NULL; m = m->next) {
            m->request->direct = m->request->direct && open_request_message(m->request) != NULL;
            m->with_direct = m->request->direct;
            away->n_untaken += m->with_direct;
        }
}

void direct_fini(struct sah_away *away)
{
    away->ending = true;
    if (away->memory != NULL) { /* what is under way ends; nothing of it reaches anybody */
        sah_memory_store_fail_next(away->memory, SAH_MEMORY_DOWN, UINT_MAX);
        while (sah_memory_store_run(away->memory) > 0)
            ;
    }
    sah_core_destroy(away->direct);
    sah_memory_store_destroy(away->memory);
}
