/*
 * incident - several reporters, one incident: what the core keeps in memory to find them, and how a
 * linked report reaches the agencies.
 *
 * Owns:    incident.c: the grid of live incidents and what is known of each request, rebuilt from the
 *          store's feed; incident_link.c: a report is linked, let go, linked or unlinked by a person;
 *          incident_tell.c: updates of an incident; incident_follow.c: linked ones follow the main one.
 * Used by: intake, status, revise, dispatch, escalate, core.
 * Never:   delays, drops or gates anything (9.1): matching is pure and in memory, before the commit. A
 *          linked report is accepted as its own request; its deliveries to agencies that have the main one
 *          are held, and go out by themselves when nothing below happens (I4).
 *
 * The way of a linked report R of the main request M (domain 9, cited as 9.n):
 *   commit of R   its deliveries held HOLD_MS where M is, else at once; incident of M (I2)
 *   join          R and its message stand on M's page; again until it is so (work JOIN)
 *   tell          an update of M, coalesced (9.2), carries the messages as they came (I3) (work TELL)
 *   follow        the update is heard at an agency: R's delivery there is carried; M's line moves: R's
 *                 line moves (9.6); the update cannot be heard: R is let go (work FOLLOW)
 */
#ifndef SAHAYA_CORE_INCIDENT_H
#define SAHAYA_CORE_INCIDENT_H

#include "core/core.h"
#include "policy/grid.h"

#define INCIDENT_HOLD_MS 15000
#define INCIDENT_FED_MS 10000 /* a feed older than this: what others accepted is not known */

struct incidents; /* NULL in a core without rules, and in the bulk lane */

struct incident_match { /* of a message, before its commit */
    bool on;            /* the request is one to be known: what follows is filled */
    bool link;          /* to `main_id`: deliveries to its agencies are held */
    bool same_incident; /* a new danger of the same sender: that incident, and nothing is held */
    bool at_once;       /* the update must not wait (9.2) */
    char incident_id[SAH_INCIDENT_ID_SIZE], main_id[SAH_REQUEST_ID_SIZE];
    unsigned n_agencies; /* where the main one is */
    uint16_t agencies[SAH_LINES_MAX]; /* of the roster */
    struct sah_incident_facts facts;
    char note[SAH_NOTE_SIZE];
};

/* ---- incident.c */
int incidents_create(struct sah_core *core, struct incidents **ret);
void incidents_destroy(struct incidents *incidents);
void incidents_store_came(struct sah_core *core); /* asks again at once */
void incidents_tick(struct sah_core *core); /* asks for the feed, forgets what is old */
/* `own` is the request's own incident. What is not new is compared with other senders' only. */
void incident_match(struct sah_core *core, const struct sah_request *whole, const char *own,
                    enum sah_priority priority, bool is_new, struct incident_match *ret);
/* What other routers learn of a change, and what we do once it is written. */
/* Is it known what other routers accepted? */
bool incident_is_fresh(const struct sah_core *core);
void incident_feed(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                   const struct incident_match *match);
void incident_known(struct sah_core *core, const char *row);
/* A change is written: what it says of live incidents is known here too, and a link is joined. */
void incident_committed(struct sah_core *core, const struct sah_change *change);
/* Does one of the main request's agencies stand at this place of the roster? */
bool incident_has_agency(const struct incident_match *match, const struct sah_core *core, const char *agency);
/* "I" and what follows the lane's letter: the incident a request has when it is linked to none. */
void incident_own(const char *request_id, char dst[SAH_INCIDENT_ID_SIZE]);

/* Its page takes no more: the next report there begins another one. */
void incident_is_full(struct sah_core *core, const char *main_id);

/* ---- incident_link.c */
/* The linked parts of a change: intake has planned everything as for a request of its own. */
void incident_link(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                   const struct incident_match *match);
/* A message of a request that is linked already: held where the agency knows it through the main one. */
void incident_hold(const struct sah_request_view *view, struct sah_change *change);
bool incident_is_linked(const struct sah_request_view *view);
/* One step each, done now and again by work JOIN until it is written. */
void incident_join(struct sah_core *core, const char *main_id, const char *member, const struct sah_id *message_id,
                   enum sah_priority priority, bool leaves, bool at_once);
void incident_let_go(struct sah_core *core, const char *member);
/* Linked or unlinked by a person of `agency`. */
typedef void incident_done_fn(void *data, int err);

/* ---- incident_tell.c, incident_follow.c, and all of them */
void incident_tell(struct sah_core *core, const char *main_id);
void incident_follow(struct sah_core *core, const char *main_id);
/* One that only wanted to leave, after the last round of a main one that is closed: there comes no other. */
void incident_follow_late(struct sah_core *core, const char *main_id, const char *member);
void incident_rejoin(struct sah_core *core, const char *member);
void incident_work(struct sah_core *core, const struct sah_work *work);
/* The request's own delivery reached the agency after all: its line is its own again. */
void incident_delivered(struct sah_change *change, const struct sah_request_view *view, const char *agency);
/* The number for the dispatcher, from the sender's history. */
void incident_judge(struct sah_core *core, struct sah_leased *leased);
enum sah_history_kind incident_history(const struct sah_agency_status *status, enum sah_state before);

#endif
