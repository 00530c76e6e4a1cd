/*
 * away - what the router does while its store is away: takes messages into its journal, has P0 and
 * P1 delivered all the same, and brings everything back. (I1, I4, I5, I6)
 *
 * Stands before the main core: messages, statuses and acks come in here. While the store answers in
 * time they go straight on. What it cannot take in time is appended to the journal, with a sync, and
 * only then answered ACCEPTED (I1); P0 and P1 are given to a second core, the direct one, over a store
 * in memory: the same code, the same names and keys (I6), the same ladder. What an agency or a person
 * said there is journaled before it is relied on, so after a crash the journal alone knows.
 *
 * Owns:    the direct core and its store, messages that wait for the main store, what the router
 *          thinks of the store (policy/health).
 * Used by: app_away.c; tests/lib/world.
 * Never:   answers before a message is durable; leases from the main store what the direct core has;
 *          closes a message in the journal before the main store has it and what came of it; does
 *          I/O, reads a clock.
 *
 * Bringing back, worst class first, oldest first, in small steps: a request of the direct core comes
 * as one change with its deliveries marked by what is known of them, so nobody leases what an agency
 * has; what the main store had after all is merged; a message about a request that only the main store
 * knows is taken by the main core, in order. While a request is on its way its statuses and messages
 * are asked to come again.
 */
#ifndef SAHAYA_AWAY_AWAY_H
#define SAHAYA_AWAY_AWAY_H

#include <sahaya/journal.h>

#include "core/core.h"
#include "policy/health.h"

#define SAH_AWAY_RUN_ID "journal"                        /* what a RESULT says of the store */
#define SAH_AWAY_FIRST_EVENT UINT64_C(9000000000000000) /* events of direct cores lie behind it */

/* ---- the journal as a port; app_away.c gives the one of sahaya/journal.h, tests bring memory */
struct sah_away_journal {
    void *data;
    int (*append)(void *data, const struct sah_journal_record *record, bool sync, sah_journal_done_fn *fn,
                  void *fn_data);
    int (*read)(void *data, const struct sah_id *id, uint8_t type, uint8_t part, struct sah_buf *buf);
    void (*each)(void *data, bool (*fn)(void *data, const struct sah_journal_entry *entry), void *fn_data);
};

struct sah_away_settings { /* everything is borrowed for its life */
    enum sah_lane lane;    /* BULK: no direct core */
    unsigned partitions, jobs_max;
    const struct sah_policy *policy;
    const struct sah_roster *roster;
    const struct sah_store *store; /* the main one */
    const struct sah_away_journal *journal;
    const struct sah_agencies *agencies;
    const struct sah_adapters *adapters;
    const struct sah_chance *chance;
    struct sah_log *log;                 /* may be NULL */
    const struct sah_health_rule *health; /* NULL = sah_health_rule */
    bool incidents;       /* reports are matched in this lane: what the direct core takes says that it was not */
    uint32_t race_ms;     /* how long a P0 or P1 waits for the main store; 0 = 250 */
    unsigned bring_per_s; /* messages brought back; 0 = 200 */
    uint64_t first_event; /* from SAH_AWAY_FIRST_EVENT up; unlike that of any earlier life */
    uint64_t (*mono_ms)(void *data); /* for the times of calls */
    void (*wake)(void *data);        /* wants a turn soon; may be NULL */
    void *data;
};

struct sah_away;
SAH_MUST_USE int sah_away_create(const struct sah_away_settings *settings, struct sah_now now,
                                 struct sah_away **ret_away);
/* Destroy the main store's link, the journal and the main core first. NULL is fine. */
void sah_away_destroy(struct sah_away *away);

/* For the main core: its store and its agencies, seen through. */
const struct sah_store *sah_away_store(struct sah_away *away);
const struct sah_agencies *sah_away_agencies(struct sah_away *away);
/* The main core over those two. Takes up what the journal holds. */
void sah_away_attach(struct sah_away *away, struct sah_core *main, struct sah_now now);
struct sah_front sah_away_front(struct sah_away *away);

uint32_t sah_away_tick(struct sah_away *away, struct sah_now now); /* as sah_core_tick() */
void sah_away_stop(struct sah_away *away);
unsigned sah_away_in_flight(const struct sah_away *away);

#define SAH_AWAY_COUNTERS(X)                                                                        \
    X(journaled) X(journal_refused) X(raced) X(handed_over) X(direct) X(imported) X(merged) X(brought) \
    X(bring_failed) X(bring_lost) X(held_back) X(evidence) X(evidence_failed) X(new_runs) X(lost_writes) \
    X(transitions) X(dedup_unavailable)
struct sah_away_counters {
#define X(name) uint64_t name;
    SAH_AWAY_COUNTERS(X)
#undef X
};
struct sah_away_view {
    enum sah_health_state state;
    uint64_t since_ms;
    size_t left;   /* messages in the journal that the main store does not have */
    size_t direct; /* requests with the direct core */
    const char *run_id; /* of the main store as it last spoke; "" = not yet */
    uint64_t accept_seq; /* the highest it gave */
    bool lost; /* it came back with less than it had, in this life */
    const struct sah_away_counters *counters;
    const struct sah_core *direct_core; /* NULL in the bulk lane */
};
struct sah_away_view sah_away_view(const struct sah_away *away);
/* What was known before a restart of this router. */
void sah_away_remember(struct sah_away *away, const char *run_id, uint64_t accept_seq);

#endif
