/*
 * away_watch - P0 and P1 that the main store took, until every agency of them has answered: when the
 * store falls silent in between, the direct core takes the request over, so that nobody waits for the
 * store to come back. (I4, I5)
 *
 * Owns:    what is watched, with its bytes; bounded, the oldest goes first.
 * Used by: away_store.c says what was written, the main core's attempts pass through here.
 * Never:   takes over what is in flight and may still be answered; takes anything from the main store.
 *
 * What is taken over is in both: the same names and keys, so an agency that had it in the last moment
 * sees one delivery twice at most, and merging makes one of it again. What was said since goes along
 * under the numbers it has, so that no agency reads it after what is said next. (I10)
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define QUIET_MS 250
#define KEEP_MS 120000
#define HANDED_A_TURN 64 /* each is a record for the disk: the loop's turn stays short */

struct watched_call { /* an attempt of the main core */
    struct sah_away *away;
    sah_agency_fn *fn;
    void *data;
    char key[SAH_KEY_SIZE];
};

static void drop(struct sah_away *away, struct watched *w)
{
    for (unsigned i = 0; i < w->n_keys; i++)
        index_remove(&away->watched_keys, w->keys[i].key, strlen(w->keys[i].key));
    index_remove(&away->watched_of, w->request_id, strlen(w->request_id));
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        away->watched.first = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    else
        away->watched.last = w->prev;
    away->n_watched--;
    while (w->later_first != NULL) {
        struct watched_later *later = w->later_first;

        w->later_first = later->next;
        free(later);
    }
    free(w);
}

static void add_key(struct sah_away *away, struct watched *w, const char *key, const char *agency, bool later)
{
    struct watched_key *k;

    if (w->n_keys == WATCHED_KEYS_MAX || index_find(&away->watched_keys, key, strlen(key)) != NULL)
        return;
    k = &w->keys[w->n_keys++];
    memset(k, 0, sizeof *k);
    (void)sah_format(k->key, sizeof k->key, "%s", key);
    (void)sah_format(k->agency, sizeof k->agency, "%s", agency);
    k->later = later;
    index_add(&away->watched_keys, k->key, strlen(k->key), w);
}

static struct watched *make(struct sah_away *away, const char *request_id, unsigned class_, struct sah_slice bytes)
{
    struct watched *w = calloc(1, sizeof *w + bytes.len);

    if (w == NULL)
        return NULL;
    if (away->n_watched == WATCHED_MAX)
        drop(away, away->watched.first);
    (void)sah_format(w->request_id, sizeof w->request_id, "%s", request_id);
    w->class_ = class_;
    w->since_ms = away->now.mono_ms;
    w->last_sequence = 1;
    w->len = bytes.len;
    memcpy(w->bytes, bytes.ptr, bytes.len);
    w->prev = away->watched.last;
    if (w->prev != NULL)
        w->prev->next = w;
    else
        away->watched.first = w;
    away->watched.last = w;
    away->n_watched++;
    index_add(&away->watched_of, w->request_id, strlen(w->request_id), w);
    return w;
}

static struct watched *watched_find(const struct sah_away *away, const char *request_id)
{
    return index_find(&away->watched_of, request_id, strlen(request_id));
}

bool watch_wants(const struct sah_away *away, const struct sah_change *change)
{
    const struct open_request *r = open_find(away, change->request_id);

    if (away->direct == NULL || change->bytes.len == 0)
        return false;
    if (change->kind == SAH_KIND_REQUEST)
        return sah_priority_class(change->priority) <= 1;
    return watched_find(away, change->request_id) != NULL || (r != NULL && r->direct && !r->moving);
}

static void add_later(struct sah_away *away, struct watched *w, const struct sah_change *change)
{
    struct watched_later *later;

    if (change->sequence > w->last_sequence)
        w->last_sequence = change->sequence;
    later = w->n_later == WATCHED_LATER_MAX ? NULL : calloc(1, sizeof *later + change->bytes.len);
    if (later == NULL)
        return; /* it waits for the store, and its number is not given again */
    later->id = change->message_id;
    later->kind = change->kind;
    later->sequence = change->sequence;
    later->len = change->bytes.len;
    memcpy(later->bytes, change->bytes.ptr, later->len);
    if (w->later_last != NULL)
        w->later_last->next = later;
    else
        w->later_first = later;
    w->later_last = later;
    w->n_later++;
    for (unsigned i = 0; i < change->n_plans; i++)
        add_key(away, w, change->plans[i].key, change->plans[i].agency, true);
}

void watch_add(struct sah_away *away, const struct sah_change *change)
{
    struct watched *w = watched_find(away, change->request_id);

    if (change->kind != SAH_KIND_REQUEST) {
        if (w != NULL)
            add_later(away, w, change);
        else /* taken over meanwhile: the next number is another one there too */
            sah_memory_store_numbered(away->memory, change->request_id, change->sequence);
        return;
    }
    if (w != NULL || open_find(away, change->request_id) != NULL)
        return; /* the journal has it already */
    w = make(away, change->request_id, sah_priority_class(change->priority), change->bytes);
    if (w == NULL)
        return;
    w->id = change->message_id;
    for (unsigned i = 0; i < change->n_plans; i++)
        if (change->plans[i].known == SAH_KNOWN_NOTHING)
            add_key(away, w, change->plans[i].key, change->plans[i].agency, false);
}

void watch_leased(struct sah_away *away, const struct sah_leased *leased)
{
    struct watched *w = watched_find(away, leased->request_id);

    if (away->direct == NULL || leased->bytes.len == 0)
        return;
    if (w == NULL)
        w = make(away, leased->request_id, sah_priority_class(leased->priority), leased->bytes);
    if (w != NULL)
        add_key(away, w, leased->key, leased->agency, false);
}

static struct watched_key *key_of(struct sah_away *away, const char *key, struct watched **ret_watched)
{
    struct watched *w = index_find(&away->watched_keys, key, strlen(key));

    *ret_watched = w;
    for (unsigned i = 0; w != NULL && i < w->n_keys; i++)
        if (strcmp(w->keys[i].key, key) == 0)
            return &w->keys[i];
    return NULL;
}

void watch_over(struct sah_away *away, const char *key, bool dead)
{
    struct watched *w;
    struct watched_key *k = key_of(away, key, &w);

    if (k == NULL)
        return;
    k->over = true;
    k->dead = dead;
    for (unsigned i = 0; i < w->n_keys; i++)
        if (!w->keys[i].over && !w->keys[i].later)
            return;
    drop(away, w);
}

/* ---- attempts of the main core */

static void on_answer(void *data, const struct sah_agency_answer *answer)
{
    struct watched_call call = *(struct watched_call *)data;
    struct watched *w;
    struct watched_key *k = key_of(call.away, call.key, &w);

    free(data);
    if (k != NULL) {
        k->in_flight -= k->in_flight > 0;
        k->acked |= answer->answer.kind == SAH_ANSWER_MACHINE_ACK;
    }
    call.fn(call.data, answer);
}

static void port_send(void *data, const struct sah_leased *leased, uint32_t deadline_ms, sah_agency_fn *fn,
                      void *fn_data)
{
    struct sah_away *away = data;
    const struct sah_agencies *agencies = away->s.agencies;
    struct watched *w;
    struct watched_key *k = key_of(away, leased->key, &w);
    struct watched_call *call = k == NULL ? NULL : malloc(sizeof *call);

    if (call == NULL) {
        agencies->send(agencies->data, leased, deadline_ms, fn, fn_data);
        return;
    }
    *call = (struct watched_call){.away = away, .fn = fn, .data = fn_data};
    memcpy(call->key, leased->key, sizeof call->key);
    k->in_flight++;
    agencies->send(agencies->data, leased, deadline_ms, on_answer, call);
}

/* ---- taken over */

struct handed {
    struct sah_away *away;
    struct sah_id id;
    enum sah_kind kind;
    unsigned class_;
    uint32_t sequence, last_sequence;
    int64_t opened_ms;
    char request_id[SAH_REQUEST_ID_SIZE];
    unsigned n_acked;
    struct evidence acked[WATCHED_KEYS_MAX];
    size_t len;
    char bytes[];
};

static void on_durable(void *data, int err)
{
    struct handed *h = data;
    struct sah_away *away = h->away;

    if (err == SAH_OK && !away->stopping && open_find_message(away, &h->id) == NULL) {
        struct open_message *m = open_add(away, &h->id, h->kind, h->class_, h->request_id);
        struct open_request *r = m->request;

        m->sequence = h->sequence;
        m->opened_ms = h->opened_ms;
        for (unsigned i = 0; i < h->n_acked; i++) {
            struct evidence *e = open_evidence(r, h->acked[i].key, h->acked[i].agency);

            e->state = h->acked[i].state;
            e->told = h->acked[i].told;
        }
        r->handed = true;
        if (h->last_sequence > r->last_sequence)
            r->last_sequence = h->last_sequence;
        take_all_direct(away, r); /* what was said since goes there too */
        away->counters.handed_over += h->kind == SAH_KIND_REQUEST;
        take_direct(away, m, (struct sah_slice){h->bytes, h->len});
    }
    free(h);
}

static struct handed *handed_new(struct sah_away *away, const struct watched *w, const char *bytes, size_t len)
{
    struct handed *h = calloc(1, sizeof *h + len);

    if (h == NULL)
        return NULL;
    h->away = away;
    h->class_ = w->class_;
    h->opened_ms = away->now.wall_ms;
    h->last_sequence = w->last_sequence;
    memcpy(h->request_id, w->request_id, sizeof h->request_id);
    h->len = len;
    memcpy(h->bytes, bytes, len);
    return h;
}

/* SAH_EEXIST: open already. */
static int journal(struct handed *h)
{
    struct sah_away *away = h->away;
    const struct sah_journal_record record = {.type = SAH_JOURNAL_RECEIVED,
                                              .class_ = (uint8_t)h->class_,
                                              .id = h->id,
                                              .received_ms = h->opened_ms,
                                              .payload = {h->bytes, h->len}};

    int err = away->s.journal->append(away->s.journal->data, &record, true, on_durable, h);

    if (err != SAH_OK)
        free(h);
    return err;
}

/* What an agency has: a no is asked for once more. */
static void add_acked(struct handed *h, const struct watched *w)
{
    for (unsigned i = 0; i < w->n_keys; i++) {
        const struct watched_key *k = &w->keys[i];
        struct evidence *e = &h->acked[h->n_acked];
        bool settled = k->over && !k->dead;

        if (!settled && !k->acked)
            continue;
        memcpy(e->key, k->key, sizeof e->key);
        memcpy(e->agency, k->agency, sizeof e->agency);
        e->state = k->later ? SAH_STATE_UNSPECIFIED : SAH_STATE_DELIVERED;
        e->told = settled;
        h->n_acked++;
    }
}

static void hand_over(struct sah_away *away, struct watched *w)
{
    struct handed *h;
    int err;

    if (sah_id_is_zero(&w->id)) { /* leased, not accepted, by this life */
        if (sah_message_decode(w->bytes, w->len, away->message, NULL, 0) != SAH_OK) {
            drop(away, w);
            return;
        }
        w->id = away->message->id;
    }
    h = handed_new(away, w, w->bytes, w->len);
    if (h == NULL)
        return;
    h->id = w->id;
    h->kind = SAH_KIND_REQUEST;
    h->sequence = 1;
    add_acked(h, w);
    err = journal(h);
    if (err == SAH_EAGAIN)
        return; /* the disk is behind: the next turn tries again */
    /* Refused otherwise: the main store still has it. */
    for (const struct watched_later *later = w->later_first; err == SAH_OK && later != NULL; later = later->next) {
        h = handed_new(away, w, later->bytes, later->len);
        if (h == NULL)
            break;
        h->id = later->id;
        h->kind = later->kind;
        h->sequence = later->sequence;
        (void)journal(h); /* no room: it waits for the store, and its number is not given again */
    }
    drop(away, w);
}

/* Some agency has not answered and is not being asked just now. */
static bool waits(const struct watched *w)
{
    for (unsigned i = 0; i < w->n_keys; i++)
        if (!w->keys[i].later && !w->keys[i].over && !w->keys[i].acked && w->keys[i].in_flight == 0)
            return true;
    return false;
}

void watch_turn(struct sah_away *away)
{
    struct watched *next;
    unsigned n = 0;

    away->more_watched = false;
    while (away->watched.first != NULL && away->now.mono_ms - away->watched.first->since_ms > KEEP_MS)
        drop(away, away->watched.first);
    if (away->direct == NULL || away->stopping || !store_is_quiet(away, QUIET_MS))
        return;
    for (struct watched *w = away->watched.first; w != NULL && !away->more_watched; w = next) {
        next = w->next;
        if (away->now.mono_ms - w->since_ms < QUIET_MS || !waits(w))
            continue;
        away->more_watched = n++ == HANDED_A_TURN;
        if (!away->more_watched)
            hand_over(away, w);
    }
}

void watch_init(struct sah_away *away)
{
    away->agencies = (struct sah_agencies){.data = away, .send = port_send};
}

void watch_fini(struct sah_away *away)
{
    while (away->watched.first != NULL)
        drop(away, away->watched.first);
    index_fini(&away->watched_of);
    index_fini(&away->watched_keys);
}
