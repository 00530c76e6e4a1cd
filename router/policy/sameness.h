/*
 * sameness - are two reports about one incident? The duplicate rules of domain 9, pure.
 *
 * Owns:    what the rows of deploy/etc/incidents.yaml mean (agency/sameness_file.c reads them).
 * Used by: grid.c for each pair; core/intake.c for what one sender sends again.
 * Never:   drops or delays a report. It answers "the same, perhaps, no"; the first report of an
 *          incident never waits for that answer (I2), and a linked one keeps its words (I3).
 *
 * Domain 9's invariants, cited as (9.n) here and in the tests:
 *   9.1 the first report never waits           9.2 a linked report stays its own; updates at
 * most each 10 s, at once when worse          9.3 a conflict breaks the link 9.4 a link can be
 * undone                   9.5 the highest priority of a member counts 9.6 closing reaches
 * every member           9.7 a cancel takes out one reporter only 9.8 no place on one side: no
 * link          9.9 mass-forwarded text is one rumour 9.10 closed incidents are shown only 9.11
 * 3x3 cells, under 5 ms at 10,000 incidents 9.4, 9.6 and 9.7 are kept by core and store;
 * sah_grid_leave() is their counterpart here.
 *
 * When in doubt: fewer links. A wrong link is a patient nobody sees, a missed one is a second
 * card on a dispatcher's table. So of two different groups the stricter value always counts.
 */
#ifndef SAHAYA_POLICY_SAMENESS_H
#define SAHAYA_POLICY_SAMENESS_H

#include <sahaya/request.h>

#define SAH_SAME_GROUPS_MAX    24
#define SAH_SAME_TYPES_MAX     24
#define SAH_SAME_SERVICES_MAX  12
#define SAH_SAME_GROUP_SIZE    24
#define SAH_SAME_FLOOR_SIZE    17
#define SAH_SAME_BUILDING_SIZE 65
#define SAH_SAME_KEY_SIZE      128
#define SAH_SAME_NO_DISTANCE   UINT32_MAX

/* ---- the rules */
#define SAH_SAME_KINDS(X)      X(NONE) X(SUGGEST) X(LINK)
enum sah_same_kind { /* in a group: the most that is done; NONE = never across senders */
#define X(name) SAH_SAME_##name,
                     SAH_SAME_KINDS(X)
#undef X
};

struct sah_same_group { /* incident types that are compared alike: one row of domain 9's table
                         */
    char id[SAH_SAME_GROUP_SIZE];
    enum sah_same_kind action;
    uint32_t window_ms; /* since the last report of the incident, or since it was closed */
    uint32_t link_m;    /* linked up to here (plus both uncertainties); SUGGEST: = show_m */
    uint32_t show_m;    /* suggested up to here */
    bool one_patient;  /* linked after all for the same call-back number, or patient + complaint
                        */
    bool one_building; /* linked only when both name the same building, else suggested */
    bool many;         /* a rising number of hurt people is expected and no conflict */
    bool confidential; /* never joined with the same sender's other requests either */
    unsigned n_types, n_services;
    char types[SAH_SAME_TYPES_MAX][SAH_TYPE_SIZE];
    char services[SAH_SAME_SERVICES_MAX][SAH_SERVICE_SIZE];
    uint32_t same_as;   /* bit i = groups[i]: compatible; both ways */
    uint32_t show_with; /* bit i: compatible, suggested at most; both ways */
};

struct sah_suspicion_rules { /* points; see sah_suspicion() */
    uint32_t false_report, false_alarm, no_patient, new_sender;
    int64_t new_sender_ms;
};

struct sah_sameness_rules {
    char version[33];
    uint32_t radius_cap_m;   /* no stated uncertainty counts for more than this */
    uint32_t vague_from_m;   /* an uncertainty above this: no automatic link */
    uint32_t rumour_bytes;   /* shorter texts ("help", "fire") are no rumour */
    uint32_t rumour_senders; /* from this sender on, an identical text is one */
    uint32_t rumour_window_ms;
    uint32_t repeat_counted_ms;     /* P3, P4: identical text within this is counted only */
    uint32_t repeat_forward_ms;     /* P0-P2: "caller repeats" at most this often */
    uint32_t reopen_ms;             /* the same sender, after closing */
    uint32_t update_ms;             /* updates of an incident at most this often (9.2) */
    char another_cue[SAH_CUE_SIZE]; /* "another accident" (9.3) */
    struct sah_suspicion_rules suspicion;
    unsigned n_groups;
    struct sah_same_group
        groups[SAH_SAME_GROUPS_MAX]; /* the first that names type or service */
    unsigned otherwise;              /* index of the group of all the rest */
};

/* ---- what is known of a live incident, and of a report that may belong to one */
struct sah_incident_facts {
    char id[SAH_INCIDENT_ID_SIZE];
    char type[SAH_TYPE_SIZE];
    char service[SAH_SERVICE_SIZE];
    uint8_t group; /* 1 + index; 0 = not looked up yet. Ends with the rules it came from. */
    enum sah_priority priority;
    bool has_point;
    enum sah_place_method method;
    int32_t lat_e7, lon_e7;
    uint32_t radius_m;                     /* 0 = not said */
    int64_t opened_ms, last_ms, closed_ms; /* closed_ms 0 = live */
    char floor[SAH_SAME_FLOOR_SIZE];
    char building[SAH_SAME_BUILDING_SIZE];
    /* Hashes; 0 = not known, and equal to nothing. */
    uint64_t callback, patient, complaint, text, sender;
    uint32_t text_bytes;
    uint32_t text_reports; /* incident: reports with this very text. Report: earlier ones by
                              others */
    uint32_t report_count;
    uint32_t patients; /* 0 = not said */
    bool trapped;
    bool another;         /* the report says that it is another one (9.3) */
    bool often_forwarded; /* the channel says so */
};

/* Blanks and the case of Latin letters do not count. 0 only for what has no other letter. These
 * spread, they protect nothing: a link also needs time and place, an equal text also many
 * senders. */
uint64_t sah_sameness_hash(struct sah_slice text);
uint64_t sah_sameness_phone_hash(struct sah_slice number); /* by the last ten digits */
/*
 * The facts of a request. The newest place of the scene counts, its destination never.
 * building: the name of the pin, for groups of one_building. Left empty, because a request has no field
 * for it: patient.
 */
void sah_sameness_facts(const struct sah_sameness_rules *rules,
                        const struct sah_request *request, const char *incident_id,
                        enum sah_priority priority, int64_t accepted_ms,
                        struct sah_incident_facts *ret_facts);
/* 1 + index of the group, never 0. */
unsigned sah_sameness_group(const struct sah_sameness_rules *rules, const char *type,
                            const char *service);

/* ---- layer 2: other senders. The name of a reason stands in the audit record. */
#define SAH_SAME_REASONS(X)                                                                    \
    X(BULK, "bulk")               /* NONE: matched within the emergency lane only */           \
    X(SAME_SENDER, "same_sender") /* NONE: layer 1's */                                        \
    X(NEVER, "never")             /* NONE: confidential, or an exact key instead */            \
    X(OTHER_TYPE, "other_type")   /* NONE */                                                   \
    X(TIME, "time")               /* NONE: outside the window */                               \
    X(FAR, "far")                 /* NONE */                                                   \
    X(NO_PLACE, "no_place")       /* NONE, or SUGGEST when something else is equal (9.8) */    \
    X(CLOSED, "closed")           /* SUGGEST (9.10) */                                         \
    X(OTHER_FLOOR, "other_floor") /* SUGGEST (9.3), and the three below */                     \
    X(OTHER_BUILDING, "other_building")                                                        \
    X(ANOTHER, "another")                                                                      \
    X(MORE_PATIENTS, "more_patients")                                                          \
    X(VAGUE, "vague_place")                 /* SUGGEST */                                      \
    X(WIDER, "wider")                       /* SUGGEST: near enough to show, not to link */    \
    X(SHOWN, "suggest_only")                /* SUGGEST: this type is never linked by itself */ \
    X(BUILDING_UNKNOWN, "building_unknown") /* SUGGEST */                                      \
    X(SAME_TEXT, "same_text")               /* SUGGEST: perhaps a rumour beginning */          \
    X(NEAR, "near")                         /* LINK: type, time and place */                   \
    X(SAME_BUILDING, "same_building")       /* LINK */                                         \
    X(SAME_CALLBACK, "same_callback")       /* LINK */                                         \
    X(SAME_PATIENT, "same_patient")         /* LINK */                                         \
    X(RUMOUR, "rumour")                     /* LINK: grouped and counted, not forwarded (9.9) */
enum sah_same_reason {
#define X(name, text) SAH_SAME_REASON_##name,
    SAH_SAME_REASONS(X)
#undef X
};
const char *sah_same_kind_name(enum sah_same_kind kind);
const char *sah_same_reason_name(enum sah_same_reason reason); /* never NULL */

struct sah_same_verdict {
    enum sah_same_kind kind;
    enum sah_same_reason reason;
    uint32_t distance_m; /* SAH_SAME_NO_DISTANCE: not known */
};
/* now_ms is when the candidate was accepted: after a replay that lies before the present. */
struct sah_same_verdict sah_sameness_judge(const struct sah_sameness_rules *rules,
                                           const struct sah_incident_facts *existing,
                                           const struct sah_incident_facts *candidate,
                                           int64_t now_ms);
/* The longest time after which an incident can still match anything. */
int64_t sah_sameness_longest_ms(const struct sah_sameness_rules *rules);
/* The greatest distance at which two points can match, uncertainties included. */
uint32_t sah_sameness_reach_m(const struct sah_sameness_rules *rules);

/* ---- layer 1: the same sender */
struct sah_open_request { /* open, or closed within reopen_ms */
    char service[SAH_SERVICE_SIZE];
    char type[SAH_TYPE_SIZE];
    enum sah_priority priority;
    uint64_t text;        /* hash of its newest words */
    int64_t text_ms;      /* when they came last, counted ones included */
    int64_t forwarded_ms; /* when words of this request went to the agencies last */
    int64_t closed_ms;    /* 0 = open */
};
#define SAH_REPEATS(X) X(NEW) X(APPEND) X(REPEAT_COUNTED) X(REPEAT_FORWARD)
enum sah_repeat_kind {
#define X(name) SAH_SENDER_##name,
    SAH_REPEATS(X)
#undef X
};
struct sah_repeat {
    enum sah_repeat_kind kind;
    int of;             /* index of the open request; NEW: of the related one, or -1 */
    bool same_incident; /* NEW: a new danger in the incident of `of` */
    bool earlier;       /* NEW: `of` is open, but its newest words are too old: shown only */
    bool reopen;        /* APPEND: `of` was closed; ask a dispatcher to open it again */
};
/*
 * `service`, `type`: of the new message, "" when it names none ("third floor", "come fast"). A request
 * takes up its sender's words for window_ms of its type after the newest ones, reopen_ms at least: what
 * was left open for days must not swallow a new call for help.
 */
struct sah_repeat sah_sameness_repeat(const struct sah_sameness_rules *rules,
                                      const struct sah_open_request *open, unsigned n_open,
                                      uint64_t text, const char *service, const char *type,
                                      enum sah_priority priority, int64_t now_ms);

/* When the next update of an incident may go: now_ms, or later. last_update_ms 0 = none yet
 * (9.2). */
int64_t sah_sameness_update_due(const struct sah_sameness_rules *rules, int64_t last_update_ms,
                                int64_t now_ms, bool got_worse, bool people_trapped,
                                bool new_place);

/* ---- exact keys: what is one by its number and not by its place */
enum sah_exact_kind {
    SAH_EXACT_NONE = 0,
    SAH_EXACT_ONE_OPEN, /* LPG: one open booking of a connection; the newer one is its repeat */
    SAH_EXACT_REPLACES, /* 102: same beneficiary, trip and date: the newer one replaces */
};
/* The key holds personal data: hash it (sah_digest_id) before it is stored. "" with NONE. */
enum sah_exact_kind sah_sameness_exact_key(const struct sah_request *request,
                                           char ret_key[SAH_SAME_KEY_SIZE]);

/* ---- suspicion */
struct sah_sender_history {
    uint32_t false_reports;            /* a dispatcher said so */
    uint32_t false_alarms, no_patient; /* how its requests were closed (codes 17 and 38) */
    uint32_t confirmed;                /* closed with help given */
    int64_t first_seen_ms;             /* 0 = never seen */
};
/*
 * 0-100, 0 = nothing against the sender. Points for each mark; a sender not known for long gets
 * a few more, but only when there is a mark: being new is no mark. Then the share of marks
 * among all that was judged: somebody whose real calls are confirmed is believed again. It
 * orders within a class at most, and never touches class or delivery (rank.h).
 */
unsigned sah_suspicion(const struct sah_suspicion_rules *rules,
                       const struct sah_sender_history *history, int64_t now_ms);

#endif
