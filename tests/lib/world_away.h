/*
 * world_away.h - what the files about routers with a journal share: what is known of deliveries and
 * events wherever they are. Nobody else includes it.
 */
#ifndef SAHAYA_TESTS_WORLD_AWAY_H
#define SAHAYA_TESTS_WORLD_AWAY_H

#include "lib/world_priv.h"

struct world_key { /* a delivery, in the store, in a direct core, or in both */
    struct world_key *next;
    char key[SAH_KEY_SIZE];
    bool acked;                              /* the agency said 2xx to an attempt */
    uint64_t ready_since_ms[WORLD_ROUTERS_MAX]; /* in that router's direct core; 0 = it is not */
};

struct world_direct_event { /* of a direct core */
    uint64_t number;
    unsigned router, generation, request;
    int agency;
    enum sah_state state;
    bool heard; /* an adapter has it safe */
    bool moved; /* it is an event of the store now... */
    char name[sizeof ((struct sah_outbox_event *)0)->name]; /* ...under that name */
    bool lost;  /* its router died with it */
};

struct world_away {
    struct world_key *keys;
    struct memory_index key_of;
    struct world_direct_event *events;
    size_t n_events, cap_events;
    uint64_t looked_ms; /* at what direct cores have */
    uint64_t calm_ms;   /* when some of it was last not in the store */
};

struct world_direct_event *away_event(const struct world *w, const char *event_id); /* NULL: of the store's outbox */

#endif
