/*
 * away_priv - what the files of this folder share, and nobody else includes.
 */
#ifndef SAHAYA_AWAY_AWAY_PRIV_H
#define SAHAYA_AWAY_AWAY_PRIV_H

#include "away/away.h"
#include "policy/pace.h"
#include "store/memory_index.h"
#include "store/memory_store.h"

#define AWAY_MAGIC 0x5a415741u
#define WATCHED_KEYS_MAX (3 * SAH_LINES_MAX)
#define WATCHED_LATER_MAX 16
#define WATCHED_MAX 4096
#define KNOWN_MAX 32768
#define COMPARE_MAX 4096
#define AT_ONCE 8 /* messages on their way back, at most */
#define AFTER_PART (SAH_JOURNAL_PARTS_MAX / 2) /* from this part on DIRECT records are about cancels */

struct open_request;

struct open_message { /* in the journal, and not known to be in the main store */
    struct sah_id id;
    enum sah_kind kind;
    unsigned class_; /* as in the journal: SAH_JOURNAL_UNCLASSIFIED is one */
    struct open_request *request;
    struct open_message *next_of_request;
    struct open_message *prev, *next; /* of its class, oldest first */
    bool with_direct; /* the direct core is to take it */
    bool taken;       /* ...and did */
    bool busy;        /* with the main core now */
    int64_t opened_ms; /* of its record: told apart from an earlier stay in the journal */
    uint32_t sequence; /* handed over: the number that the main store gave it; 0 = not said */
    uint64_t next_try_ms, unknown_since_ms;
};

struct evidence { /* what came of a delivery without the main store */
    struct evidence *next;
    char key[SAH_KEY_SIZE];
    char agency[SAH_AGENCY_SIZE];
    enum sah_state state; /* UNSPECIFIED: of an amendment, which is in no state */
    char case_no[SAH_CASE_SIZE];
    bool told; /* the main store told the citizen */
    uint32_t news; /* its line's, by number: what names what the citizen heard of it */
    bool declined; /* after a cancel: the agency said no to it */
};

struct open_part { /* of DIRECT records: what they are about */
    char agency[SAH_AGENCY_SIZE];
    enum sah_state said; /* what the newest one about its line says */
    uint32_t news, unsaid; /* changes of its line on the disk; what was told since without one */
};

struct open_request {
    char request_id[SAH_REQUEST_ID_SIZE];
    struct open_message *first, *last;
    bool direct; /* the direct core has it, or will in a moment */
    bool moving; /* on its way into the main store */
    unsigned n_to_disk;   /* changes of it that wait for the disk: one at a time */
    unsigned n_under_way; /* loads and commits of it by the direct core, and changes that wait for the disk */
    bool handed; /* the main store had it first, and told so */
    uint32_t last_sequence; /* ...and had numbered this far (I10) */
    unsigned n_parts;
    struct open_part parts[AFTER_PART]; /* DIRECT records: part i is about this agency */
    struct evidence *evidence;
    struct evidence *after; /* under a cancel: where its line went from CANCEL_ASKED */
};

struct watched_later { /* what was said of it since, as the main store has it */
    struct watched_later *next;
    struct sah_id id;
    enum sah_kind kind;
    uint32_t sequence;
    size_t len;
    char bytes[];
};

struct watched { /* a P0 or P1 that the main store has and not every agency yet */
    struct watched *prev, *next; /* oldest first */
    char request_id[SAH_REQUEST_ID_SIZE];
    struct sah_id id;
    unsigned class_;
    unsigned n_keys;
    struct watched_key {
        char key[SAH_KEY_SIZE];
        char agency[SAH_AGENCY_SIZE];
        bool over, acked, dead;
        bool later; /* of what was said since: nobody waits for it alone */
        unsigned in_flight;
    } keys[WATCHED_KEYS_MAX];
    uint64_t since_ms;
    uint32_t last_sequence;
    unsigned n_later;
    struct watched_later *later_first, *later_last;
    size_t len;
    char bytes[];
};

struct unreadable { /* open in the journal, and no message */
    struct unreadable *next;
    struct sah_id id;
    unsigned class_;
    uint64_t next_try_ms;
};

struct asking;
struct direct_call; /* a load or commit of the direct core: away_busy.c */
struct coming; /* a message on its way in: away_take.c */
struct store_call; /* a call on the main store under way: away_store.c */
struct import; /* a request on its way into the main store: away_import.c */

struct sah_away {
    uint32_t magic;
    struct sah_away_settings s;
    struct sah_now now;
    struct sah_away_counters counters;
    struct sah_health health;
    struct sah_core *main, *direct;
    struct sah_store store;         /* the main store, seen through */
    struct sah_store direct_store;  /* the one in memory, seen through */
    struct sah_agencies agencies;   /* of the main core, seen through */
    struct sah_memory_store *memory;
    struct sah_agencies direct_agencies;
    bool stopping, ending, kick;

    struct memory_index requests; /* struct open_request by id */
    struct memory_index messages; /* struct open_message by id */
    struct { struct open_message *first, *last; } by_class[SAH_JOURNAL_CLASSES];
    size_t n_untaken; /* of the direct core's */

    struct memory_index watched_of, watched_keys; /* by request, by key */
    struct { struct watched *first, *last; } watched;
    size_t n_watched;
    bool more_watched; /* the next turn goes on with them */

    struct sah_id *known; /* ring of KNOWN_MAX */
    size_t n_known;
    struct memory_index known_ids;

    struct asking *asking; /* statuses that the main core was asked about in or after trouble: away.c */
    bool had_trouble;
    uint64_t trouble_ms; /* when the store was last not NORMAL */
    struct { /* back, and not compared with other requests yet: a ring */
        size_t first, n;
        char ids[COMPARE_MAX][SAH_REQUEST_ID_SIZE];
    } compare;
    struct direct_call *turns; /* commits that wait for one of the same request */
    struct unreadable *unreadable;
    bool keeps_unreadable; /* one of them is on its way to quarantine */

    struct coming *coming_first, *coming_last;
    unsigned n_coming;
    struct store_call *calls_first, *calls_last; /* oldest first */
    struct import *imports;
    unsigned n_imports, n_brought; /* under way */
    uint64_t next_bring_ms;
    struct sah_pace pace; /* of bringing back */
    struct sah_change *scratch; /* large */
    struct sah_message *message; /* large */

    char run_id[41];
    uint64_t accept_seq;
    bool lost;
};

static inline uint64_t away_mono(const struct sah_away *away)
{
    return away->s.mono_ms(away->s.data);
}

/* ---- away_open.c: messages and requests that are open in the journal */
struct open_request *open_find(const struct sah_away *away, const char *request_id);
struct open_message *open_find_message(const struct sah_away *away, const struct sah_id *id);
struct open_message *open_add(struct sah_away *away, const struct sah_id *id, enum sah_kind kind, unsigned class_,
                              const char *request_id);
void open_close(struct sah_away *away, struct open_message *m); /* writes CLOSED; its request may go too */
void open_fini(struct sah_away *away);
/* The message that made it; NULL when the journal has only later ones. */
struct open_message *open_request_message(const struct open_request *r);
struct evidence *open_evidence(struct open_request *r, const char *key, const char *agency);
struct evidence *open_after(struct open_request *r, const char *key, const char *agency);
/* The part of DIRECT records about an agency; -1: no room. */
int open_part(struct open_request *r, const char *agency);
/* As an earlier life numbered it: what is said next must not lie over another agency's record. */
void open_part_is(struct open_request *r, int part, const char *agency);
/* Class and request of a message. */
unsigned away_class_of(const struct sah_away *away, const struct sah_message *message);
/* By what it says itself, with the service of its request when the journal has that one; CLASS_MAX when
 * it says nothing of it. */
unsigned away_own_class(struct sah_away *away, const struct sah_message *message);
void away_request_of(const struct sah_away *away, const struct sah_message *message,
                     char ret_request_id[SAH_REQUEST_ID_SIZE]);

/* ---- away_take.c: the way in */
void take_message(void *data, const struct sah_message *message, struct sah_slice bytes, struct sah_now now,
                  sah_core_result_fn *fn, void *fn_data);
void take_turn(struct sah_away *away);
void take_fini(struct sah_away *away);
uint64_t take_next_ms(const struct sah_away *away); /* when a race ends; 0 = none runs */
/* The direct core takes what the journal has; `bytes` empty: they are read there. */
void take_direct(struct sah_away *away, struct open_message *m, struct sah_slice bytes);
/* All of it that nobody is at goes to the direct core, in its order. */
void take_all_direct(struct sah_away *away, struct open_request *r);
void take_saw(struct sah_away *away, const struct sah_result *result);
/* What the main store said with something new in it, whoever brought that. */
void take_saw_run(struct sah_away *away, const char *run_id, uint64_t accept_seq);

/* ---- away_store.c: the main store seen through */
void store_init(struct sah_away *away);
void store_fini(struct sah_away *away);
/* Is it silent, or saying no, for so long? */
bool store_is_quiet(const struct sah_away *away, uint32_t ms);

/* ---- away_watch.c: P0 and P1 that the main store took, until an agency has them */
void watch_init(struct sah_away *away);
/* Is there anything to learn of a change, once the main store has it? */
bool watch_wants(const struct sah_away *away, const struct sah_change *change);
void watch_add(struct sah_away *away, const struct sah_change *change);
void watch_leased(struct sah_away *away, const struct sah_leased *leased);
/* The store has settled it; `dead`: an agency said no, or nothing. */
void watch_over(struct sah_away *away, const char *key, bool dead);
void watch_turn(struct sah_away *away);
void watch_fini(struct sah_away *away);

/* ---- away_known.c: what the main store has for certain */
void known_add(struct sah_away *away, const struct sah_id *id);
bool known_has(const struct sah_away *away, const struct sah_id *id);
void known_clear(struct sah_away *away);

/* ---- away_unreadable.c: records that are no message */
void unreadable_add(struct sah_away *away, const struct sah_id *id, unsigned class_);
/* Is there one under this id, whose message came again? It is closed. */
bool unreadable_replaced(struct sah_away *away, const struct sah_id *id);
void unreadable_turn(struct sah_away *away);
void unreadable_fini(struct sah_away *away);

/* ---- away_direct.c: the store in memory seen through, and what the journal says of it */
void direct_init(struct sah_away *away);
void direct_commit(struct sah_away *away, const struct sah_change *change, sah_commit_fn *fn, void *fn_data);
void direct_fini(struct sah_away *away);
/* Takes up what an earlier life left in the journal. */
void direct_replay(struct sah_away *away);

/* ---- away_news.c: names of what citizens are told, and what followed a cancel */
/* The news of a line: number `news`, and the `back`th from the end of that change. */
void news_name(const struct open_message *request, const char *agency, uint32_t news, unsigned back,
               char ret_name[sizeof ((struct sah_outbox_event *)0)->name]);
/* Names what the change tells and has no name; ret_by_disk: hold as far as the disk has the change. */
void news_name_all(struct open_request *r, struct sah_change *change, bool evidence, bool ret_by_disk[SAH_EVENTS_MAX]);
/* Does the line say more than that it was sent? */
bool news_is_said(const struct sah_line *line);
/* The newest cancel of the request that the direct core has taken, but for `but`. */
const struct open_message *news_cancel(const struct open_request *r, const struct sah_id *but);
/* A cancel that is taken again: lines that went on since are where they went. */
void news_after_cancel(const struct open_request *r, struct sah_change *change);

/* ---- away_compare.c: what was not compared with others */
bool compare_marks(const struct sah_away *away, const struct sah_change *change);
void compare_mark(struct sah_away *away, struct sah_change *change);
void compare_add(struct sah_away *away, const char *request_id);
void compare_turn(struct sah_away *away);

/* ---- away_busy.c: the direct core's loads and commits, counted in their request */
void busy_load(void *data, const char *request_id, sah_load_fn *fn, void *fn_data);
void busy_commit(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data);
/* One that was to go to the disk is written: the next of its request. */
void busy_next(struct sah_away *away, const char *request_id);

/* ---- away_import.c, away_bring.c: back into the main store */
bool import_start(struct sah_away *away, struct open_request *r, bool with_events);
void import_fini(struct sah_away *away);
void bring_turn(struct sah_away *away);

#endif
