/*
 * fake_agencies - the agencies' port on simulated time: each endpoint does as it is told.
 *
 * Owns:    attempts under way and the list of everything an agency ever received.
 * Used by: tests/lib/core_rig, tests/lib/world.
 * Never:   completes from inside send(); reads a clock.
 */
#ifndef SAHAYA_TESTS_FAKE_AGENCIES_H
#define SAHAYA_TESTS_FAKE_AGENCIES_H

#include "core/ports.h"

struct sah_fake_agencies;

struct sah_fake_manner { /* how an endpoint answers */
    bool silent;         /* says nothing: UNKNOWN when the attempt's deadline is over */
    enum sah_answer_kind kind;
    uint32_t after_ms;
    int64_t retry_after_ms; /* 0 = not said */
    enum sah_reason reason;
    const char *case_no; /* borrowed; NULL = none */
};

struct sah_fake_received { /* one attempt */
    uint64_t at_ms;
    char key[SAH_KEY_SIZE];
    uint64_t epoch;
    char request_id[SAH_REQUEST_ID_SIZE];
    char agency[SAH_AGENCY_SIZE], endpoint[SAH_AGENCY_SIZE];
    enum sah_priority priority;
    enum sah_kind kind;
    uint32_t sequence;
    unsigned attempts;
    bool possible_duplicate;
    unsigned n_previous;
    struct sah_previous previous[SAH_PREVIOUS_MAX];
    size_t n_bytes;
    char *bytes; /* of the message */
    char note[SAH_NOTE_SIZE];
    char incident_id[SAH_INCIDENT_ID_SIZE];
    unsigned suspicion, repeats;
};

SAH_MUST_USE int sah_fake_agencies_create(struct sah_fake_agencies **ret_fake);
void sah_fake_agencies_destroy(
    struct sah_fake_agencies *fake); /* NULL is fine; completes nothing */
const struct sah_agencies *sah_fake_agencies_port(struct sah_fake_agencies *fake);

/* From now on. An endpoint never told anything acks at once. */
void sah_fake_agencies_set(struct sah_fake_agencies *fake, const char *endpoint,
                           const struct sah_fake_manner *manner);
/* Time passes: completes what is due by then, oldest first; returns how many. */
unsigned sah_fake_agencies_run(struct sah_fake_agencies *fake, uint64_t now_ms);
/* The router is dying: what it still sends arrives nowhere. */
void sah_fake_agencies_cut(struct sah_fake_agencies *fake, bool cut);

size_t sah_fake_agencies_n(const struct sah_fake_agencies *fake);
const struct sah_fake_received *sah_fake_agencies_received(const struct sah_fake_agencies *fake,
                                                           size_t i);
unsigned sah_fake_agencies_under_way(const struct sah_fake_agencies *fake);
/* The most attempts an endpoint ever had under way at once. */
unsigned sah_fake_agencies_most(const struct sah_fake_agencies *fake, const char *endpoint);

#endif
