/*
 * away_bring - bringing back: what the journal holds goes into the main store, worst class first,
 * oldest first, a few at a time and never faster than it may. (I4, I7)
 *
 * Owns:    the pace (policy/pace). Used by: away.c, once a turn while the store is in DRAIN.
 * Never:   takes two messages of one request at once (I10); closes one nobody took.
 *
 * What the main core says it does not know, for a request that the main store has lost, is asked again
 * for a minute: the adapter submits that request again. After that it is kept in quarantine for a
 * person.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define LOOKED_AT 512 /* messages, a turn */
#define AGAIN_MS 500
#define UNKNOWN_MS 60000
#define FULL_MS 5000
#define EVENTS_WAIT_MS 5000

struct giving { /* a message on its way to a person */
    struct sah_away *away;
    struct sah_id id;
    enum sah_result_code code;
};

static void kept_for_a_person(void *data, int err)
{
    struct giving giving = *(struct giving *)data;
    struct sah_away *away = giving.away;
    struct open_message *m = open_find_message(away, &giving.id);

    free(data);
    if (m == NULL || away->stopping)
        return;
    m->busy = false;
    m->next_try_ms = away->now.mono_ms + AGAIN_MS;
    if (err != SAH_OK) { /* it stays where it is, and all of it is done again */
        away->counters.bring_failed++;
        sah_error(away->s.log, "event=quarantine.failed err=\"%s\"", sah_strerror(err));
        return;
    }
    away->counters.bring_lost++;
    sah_error(away->s.log, "event=away.not_taken request=%s kind=%s answer=%s do=\"look at it in /v1/quarantine\"",
              m->request->request_id, sah_kind_name(m->kind), sah_result_code_name(giving.code));
    open_close(away, m);
}

/* Closed when a person can find it, and not before (I4). */
static void give_up(struct sah_away *away, struct open_message *m, enum sah_result_code code)
{
    struct giving *giving = malloc(sizeof *giving);
    struct sah_buf buf;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (giving != NULL &&
        away->s.journal->read(away->s.journal->data, &m->id, SAH_JOURNAL_RECEIVED, 0, &buf) == SAH_OK) {
        *giving = (struct giving){away, m->id, code};
        m->busy = true;
        away->store.quarantine(away->store.data, "journal", sah_result_code_name(code), buf.data, buf.len,
                               kept_for_a_person, giving);
    } else {
        away->counters.bring_failed++;
        free(giving);
    }
    sah_buf_fini(&buf);
}

static void on_result(void *data, const struct sah_message *result)
{
    struct sah_away *away = data;
    struct open_message *m = open_find_message(away, &result->id);
    enum sah_result_code code = result->u.result.code;

    away->n_brought--;
    if (m == NULL || away->stopping)
        return;
    m->busy = false;
    m->next_try_ms = away->now.mono_ms + AGAIN_MS;
    take_saw(away, &result->u.result);
    if (code == SAH_RESULT_ACCEPTED || code == SAH_RESULT_DUPLICATE) {
        away->counters.brought++;
        known_add(away, &m->id);
        open_close(away, m);
    } else if (code == SAH_RESULT_NOT_FOUND) {
        if (m->unknown_since_ms == 0)
            m->unknown_since_ms = away->now.mono_ms;
        if (away->now.mono_ms - m->unknown_since_ms >= UNKNOWN_MS)
            give_up(away, m, code);
    } else if (code == SAH_RESULT_REFUSED && result->u.result.retry_after_ms > 0) {
        /* A booking past the lane's limit: its citizen was told that we have it, so it waits here. */
        m->next_try_ms = away->now.mono_ms + FULL_MS;
        away->counters.held_back++;
    } else if (code != SAH_RESULT_RETRY && code != SAH_RESULT_UNSPECIFIED) {
        give_up(away, m, code);
    } else {
        away->counters.bring_failed++;
    }
}

/* To the main core, as if it came in now. */
static bool bring(struct sah_away *away, struct open_message *m)
{
    struct sah_message *message = malloc(sizeof *message);
    struct sah_buf buf;
    bool good;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    m->next_try_ms = away->now.mono_ms + AGAIN_MS;
    good = message != NULL &&
           away->s.journal->read(away->s.journal->data, &m->id, SAH_JOURNAL_RECEIVED, 0, &buf) == SAH_OK &&
           sah_message_decode(buf.data, buf.len, message, NULL, 0) == SAH_OK;
    if (good) {
        m->busy = true;
        away->n_brought++;
        sah_core_take_accepted(away->main, message, (struct sah_slice){buf.data, buf.len}, away->now, on_result, away);
    } else {
        away->counters.bring_failed++;
    }
    sah_buf_fini(&buf);
    free(message);
    return good;
}

/* One step for a message; true when something was started. */
static bool start(struct sah_away *away, struct open_message *m)
{
    struct open_request *r = m->request;

    if (m->busy || r->moving || m->next_try_ms > away->now.mono_ms)
        return false;
    if (!r->direct)
        return m == r->first && bring(away, m);
    m->next_try_ms = away->now.mono_ms + AGAIN_MS / 4;
    return import_start(away, r, away->now.mono_ms - away->health.since_ms < EVENTS_WAIT_MS);
}

/* Never more than bring_per_s, and less while the store answers late. */
static void rest(struct sah_away *away, unsigned started)
{
    uint64_t gap_ms = 1000 * (started > 0 ? started : 1) / away->s.bring_per_s;

    away->next_bring_ms = away->now.mono_ms + (gap_ms > away->pace.rest_ms ? gap_ms : away->pace.rest_ms);
}

void bring_turn(struct sah_away *away)
{
    unsigned started = 0, looked = 0;

    if (away->health.state != SAH_HEALTH_DRAIN)
        sah_pace_init(&away->pace, AT_ONCE); /* the next time it begins carefully */
    if (away->health.state != SAH_HEALTH_DRAIN || away->stopping || away->now.mono_ms < away->next_bring_ms)
        return;
    if (store_is_quiet(away, SAH_PACE_LATE_MS))
        return; /* what waits there already is late */
    for (unsigned i = 0; i < SAH_JOURNAL_CLASSES; i++) {
        /* What nobody has ranked comes straight after class 0. */
        unsigned c = i == 0 ? 0 : i == 1 ? SAH_JOURNAL_UNCLASSIFIED : i - 1;
        struct open_message *next;

        for (struct open_message *m = away->by_class[c].first; m != NULL; m = next) {
            next = m->next; /* what is started may end at once, and takes only itself along */
            if (away->n_imports + away->n_brought >= away->pace.window || started == away->pace.window ||
                looked++ == LOOKED_AT) {
                rest(away, started);
                return;
            }
            started += start(away, m);
        }
    }
    if (started > 0)
        rest(away, started);
}
