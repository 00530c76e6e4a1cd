/*
 * world - Sahaya in one process on simulated time: one or two routers' cores on one fake store,
 * citizens who write, agencies that answer or do not, adapters that come and go; with crashes,
 * losses, delays and jumps of the clocks between any two steps. The invariants are checked as
 * each step happens (world_check.c) and, after healing and draining, once more as a whole
 * (world_end.c). With `away` each router has a journal and a direct core, as the real one has, and
 * a way to the store of its own (world_away.c).
 *
 * Owns:    all of it, down to the chance: the same seed gives the same world.
 * Used by: tests/sim: the scenarios say what happens, sim_random lets the seed say it.
 * Never:   sleeps, reads a clock, repairs what the core did. A violation is kept, the first one
 *          alone, and the world goes no further.
 *
 * Agencies, services and classes are those of core_rig.h, with the ladder's own times.
 */
#ifndef SAHAYA_TESTS_WORLD_H
#define SAHAYA_TESTS_WORLD_H

#include "away/away.h"
#include "lib/core_rig.h"

#define WORLD_ROUTERS_MAX 2
#define WORLD_DAY_MS      (UINT64_C(24) * 60 * 60 * 1000)

struct world;

struct world_options {
    uint64_t seed;
    unsigned routers;     /* 1 or 2; 0 = 1 */
    enum sah_lane lane;   /* UNSPECIFIED = emergency */
    unsigned concurrency; /* of each endpoint; 0 = 4 */
    unsigned jobs_max;    /* of each router; 0 = 100 */
    unsigned admits;      /* deliveries that the bulk lane holds; 0 = no limit */
    bool incidents;       /* reports are matched, and fires have places */
    bool away;            /* each router has a journal, and router/away before its core */
    const char *plant;    /* a fault of world_plant.c; NULL = none */
    const char *trace;    /* prints what happens to this request as it happens; "" = to all */
};

struct world *world_new(const struct world_options *options);
void world_free(struct world *w);
/* The fixture under the world, to look with rig_heard, rig_received, rig_attempt... of
 * core_rig.h. rig_view and rig_line let the store's completions go on. The rig's own core never
 * gets a turn. */
struct rig *world_rig(struct world *w);

struct world_violation {
    const char *invariant; /* "I4" */
    unsigned step;
    uint64_t at_ms;
    char request_id[SAH_REQUEST_ID_SIZE];
    char what[200];
};
/* NULL: nothing is wrong so far. */
const struct world_violation *world_violated(const struct world *w);
void world_set_step(struct world *w, unsigned step);
uint32_t world_roll(struct world *w, uint32_t below);
uint64_t world_now(const struct world *w);

/* ---- time */
/* Lets time pass, and everything happen in it, looking every 50 ms. */
void world_pass(struct world *w, uint64_t ms);
/* The same, looking only every grain_ms: for long idle times. */
void world_idle(struct world *w, uint64_t ms, uint32_t grain_ms);
/* Lets everything that can happen now happen. */
void world_settle(struct world *w);
/* At most n completions of the store. */
void world_some(struct world *w, unsigned n);
void world_jump_store(struct world *w, int64_t ms);
void world_jump_wall(struct world *w, unsigned router, int64_t ms);

/* ---- routers */
void world_crash(struct world *w, unsigned router); /* what was in memory is gone */
void world_start(struct world *w, unsigned router);
bool world_is_up(const struct world *w, unsigned router);
/* Its loop hangs: no turn, and answers of agencies wait until it goes on. */
void world_stall(struct world *w, unsigned router, uint32_t ms);

/* ---- the store */
enum world_store {
    WORLD_STORE_FINE,
    WORLD_STORE_DOWN,  /* nothing is done, and it says so */
    WORLD_STORE_FLAKY, /* some calls fail, some are done and the reply is lost */
    WORLD_STORE_SLOW,  /* does everything and answers nothing until it is fine again */
};
void world_store(struct world *w, enum world_store how);
/* One fault for the next call, whichever it is. */
void world_store_fault(struct world *w, enum sah_memory_fault fault);

/* ---- one router's way to the store, and its disk (world_away.c) */
enum world_link {
    WORLD_LINK_FINE,
    WORLD_LINK_REFUSED, /* nothing is done, and it hears so at once */
    WORLD_LINK_SILENT,  /* calls are never answered; a few are done all the same */
    WORLD_LINK_SLOW,    /* all is done, and answered late */
    WORLD_LINK_LOST,    /* all is done, and no answer comes */
    WORLD_LINKS
};
/* For so long, then fine again; 0 = until it is said. */
void world_link(struct world *w, unsigned router, enum world_link how, uint64_t ms);
/* The journal's disk writes nothing until it is said. In a world with `away` alone. */
void world_disk_stalls(struct world *w, unsigned router, bool stalls);
struct sah_away_view world_away(const struct world *w, unsigned router);

/* ---- agencies */
enum world_manner {
    WORLD_ACKS,
    WORLD_ACKS_LATE, /* within the deadline, after most of it */
    WORLD_SILENT,
    WORLD_REFUSES,
    WORLD_TROUBLE,
    WORLD_GONE, /* nothing listens there */
    WORLD_BUSY,
    WORLD_CUT, /* takes it, and the reply is lost */
    WORLD_MANNERS
};
void world_manner(struct world *w, const char *endpoint, enum world_manner manner);
void world_manner_all(struct world *w, enum world_manner manner);
/* What an agency says, to any router that is up; the code is known when time has passed. `by`
 * NULL: its program. */
void world_says(struct world *w, const char *request_id, const char *agency,
                enum sah_state state, const char *by);
void world_declines_cancel(struct world *w, const char *request_id, const char *agency);

/* ---- adapters */
void world_adapters(struct world *w, bool there, bool acks);

/* ---- citizens: each returns the number of the message, for world_again and world_code */
unsigned world_asks(struct world *w, unsigned who, const char *service, const char *cue);
/* The same with the type of incident, a pin so many metres north of a point, and words of its own. */
unsigned world_reports(struct world *w, unsigned who, const char *service, const char *cue, const char *type,
                       unsigned metres);
unsigned world_amends(struct world *w, unsigned who, const char *request_id,
                      enum sah_amendment_kind kind, const char *cue, const char *also);
unsigned world_cancels(struct world *w, unsigned who, const char *request_id);
unsigned world_queries(struct world *w, unsigned who, const char *request_id);
/* The adapter hands the same message over once more. */
void world_again(struct world *w, unsigned message);
unsigned world_messages(const struct world *w);
/* The newest answer to a message: UNSPECIFIED while there is none; how often it was ACCEPTED;
 * and the request that it made or names, "" when unknown. */
enum sah_result_code world_code(const struct world *w, unsigned message);
unsigned world_accepted(const struct world *w, unsigned message);
const char *world_request_of(const struct world *w, unsigned message);

/* ---- what the seed's own citizens and agencies do (world_people.c) */
void world_citizen_acts(struct world *w);
void world_agency_acts(struct world *w);
void world_mood_changes(struct world *w);
void world_operator_acts(struct world *w); /* replays a dead letter, or gives a request another class */
void world_adapter_asks_again(struct world *w); /* what was not answered */
void world_links_change(struct world *w); /* in a world with `away`: links and disks */

/* ---- the end: everything heals, everybody does their work, and nothing may be left over */
void world_finish(struct world *w);

/* ---- planted faults (world_plant.c) */
struct world_plant {
    const char *name;
    const char *finds; /* the invariants whose violation shows it: "I5" */
    const char *what;
    bool away; /* in a world with `away` */
};
extern const struct world_plant world_plants[];
extern const unsigned world_n_plants;

#endif
