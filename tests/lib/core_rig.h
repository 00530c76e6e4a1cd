/*
 * core_rig - one fixture for tests of the router's core: the real core on the fake store, fake
 * agencies, fake adapters and simulated time, with a small roster and a small policy.
 *
 * Owns:    all of them. Used by: tests/unit/core.
 * Never:   sleeps, reads a clock, or decides anything a test is about.
 *
 * Agencies of the roster (endpoint = agency unless said): amb-108, fire-101 (fire-101-a and
 * -b), gas-1906, erss-112 (the catch-all), police-100, women-181, child-1098, cyber-1930,
 * mind-14416, flood-1077, power-1912, health-104, trip-102, indane, hp-gas. Each emergency
 * agency falls back to erss-112, which has nobody behind it. LPG_LEAK goes to FIRE_101 and
 * HELPLINE_1906. Classes: cue not_breathing P0; AMBULANCE_108, FIRE_101, LPG_LEAK P1;
 * HELPLINE_181 and _100 P2; AMBULANCE_102 P3; LPG_BOOKING P4.
 */
#ifndef SAHAYA_TESTS_CORE_RIG_H
#define SAHAYA_TESTS_CORE_RIG_H

#include "core/core.h"
#include "lib/fake_adapters.h"
#include "lib/fake_agencies.h"
#include "lib/fake_journal.h"
#include "store/memory_store.h"

#define RIG_CHANNEL "testchat"
#define RIG_WALL_MS INT64_C(1767225600000)

struct rig_options {
    enum sah_lane lane;   /* UNSPECIFIED = emergency */
    unsigned jobs_max;    /* 0 = 100 */
    unsigned concurrency; /* of each endpoint; 0 = 4 */
    bool incidents;       /* reports are matched: FSTRU fires within 300 m, CARDIAC shown in 50 m */
    bool away;            /* with a journal, and router/away before the core */
};

struct rig_result {
    struct sah_id id;
    bool came;
    enum sah_result_code code;
    bool of_another;
    char request_id[SAH_REQUEST_ID_SIZE], incident_id[SAH_INCIDENT_ID_SIZE];
    uint64_t accept_seq;
    char run_id[41];
    uint32_t retry_after_ms;
    unsigned n_agencies;
    struct sah_agency_state agencies[SAH_RESULT_AGENCIES_MAX];
};

struct rig {
    struct sah_policy *policy;
    struct sah_roster *roster;
    struct sah_sameness_rules *sameness;
    struct sah_memory_store *store;
    struct sah_fake_agencies *agencies;
    struct sah_fake_adapters *adapters;
    struct sah_chance chance;
    struct sah_core_settings settings;
    struct sah_core *core;
    struct sah_front front;
    struct fake_journal *journal; /* NULL: without */
    struct sah_away *away;
    bool woken;
    bool stalled;       /* the store answers nothing; sah_memory_store_lose() is the end of a wait */
    uint64_t n_lives;
    uint64_t now_ms, next_tick_ms;
    uint32_t step_ms;   /* how finely time passes; 50 */
    bool ack;           /* adapters ack what they get; true */
    unsigned turns_max; /* completions in one moment: more is a core that spins */
    uint32_t chance_state;
    struct sah_message *message; /* what the builders below fill */
    struct rig_result **results;
    size_t n_results, cap_results;
    struct rig_status {
        bool came;
        struct sah_status_result result;
    } * *statuses;
    size_t n_statuses, cap_statuses;
};

struct rig *rig_new(const struct rig_options *options); /* NULL = all defaults */
void rig_free(struct rig *rig);
struct sah_now rig_now(const struct rig *rig);
/* The process dies and another starts on the same store: no completion comes. */
void rig_crash(struct rig *rig);

/* Messages: filled into rig->message, to be changed by the test, then taken. `n` names the
 * message, `who` the citizen. */
struct sah_request *rig_request(struct rig *rig, unsigned n, unsigned who, const char *service);
struct sah_amendment *rig_amendment(struct rig *rig, unsigned n, unsigned who,
                                    const char *request_id);
void rig_cancel(struct rig *rig, unsigned n, unsigned who, const char *request_id);
void rig_query(struct rig *rig, unsigned n, unsigned who, const char *request_id);
void rig_cue(struct sah_request *request, const char *cue);
void rig_also(struct sah_request *request, const char *service);
/* A pin so many metres north of a point in Hyderabad; the type of what is there. */
void rig_pin(struct sah_request *request, int metres);
void rig_type(struct sah_request *request, const char *type);
void rig_words(struct sah_request *request, const char *words);
/* Hands rig->message over and nothing else; the place of its result. */
size_t rig_take(struct rig *rig);
/* Takes, lets the store answer, and returns the result. */
const struct rig_result *rig_ask(struct rig *rig);
/* A request that must be accepted; returns its id. */
const char *rig_accept(struct rig *rig, unsigned n, unsigned who, const char *service,
                       const char *cue);

struct sah_agency_status rig_says(const char *request_id, const char *agency,
                                  enum sah_state state,
                                  const char *by); /* by NULL: a machine */
const struct sah_status_result *rig_status(struct rig *rig,
                                           const struct sah_agency_status *status);
/* A person at the agency says it; returns the code. */
enum sah_status_code rig_person(struct rig *rig, const char *request_id, const char *agency,
                                enum sah_state state);

/* Lets everything that can happen now happen. */
void rig_settle(struct rig *rig);
/* Lets time pass, and everything happen in it. */
void rig_pass(struct rig *rig, uint64_t ms);
void rig_manner(struct rig *rig, const char *endpoint, struct sah_fake_manner manner);

/* What a citizen heard of a request, without what was given twice: "RECEIVED DELIVERED". */
const char *rig_heard(struct rig *rig, const char *request_id);
unsigned rig_heard_n(struct rig *rig, const char *request_id, enum sah_state state);
const struct sah_outbox_event *rig_last_event(struct rig *rig, const char *request_id);
/* Attempts that arrived at an agency of one kind of message; request_id NULL = any. */
unsigned rig_received(const struct rig *rig, const char *agency, const char *request_id,
                      enum sah_kind kind);
/* The i-th of them; NULL past the end. */
const struct sah_fake_received *rig_attempt(const struct rig *rig, const char *agency,
                                            const char *request_id, unsigned i);
/* How many bodies that an agency got hold these words. */
unsigned rig_read(const struct rig *rig, const char *agency, const char *words);
/* The only delivery of a request's message kind to an agency; NULL when there is none. */
const struct sah_memory_delivery *rig_delivery(const struct rig *rig, const char *request_id,
                                             const char *agency, enum sah_kind kind);
/* What the store holds of a request now; good until the next call. */
const struct sah_request_view *rig_view(struct rig *rig, const char *request_id);
const struct sah_line *rig_line(struct rig *rig, const char *request_id, const char *agency);

#endif
