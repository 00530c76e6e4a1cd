/*
 * incident_test - citizens who report fires, for the tests of several reporters of one incident.
 *
 * Owns:    the rig with incidents, reporter n and the name of that request.
 * Used by: test_incident.c, test_incident_ends.c. Never: asserts what a test is about.
 */
#ifndef SAHAYA_INCIDENT_TEST_H
#define SAHAYA_INCIDENT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

#define SECOND UINT64_C(1000)
#define FIRE   "fire-101"
static char ids[64][SAH_REQUEST_ID_SIZE];

static inline int make(void **state)
{
    struct rig *rig = rig_new(&(struct rig_options){.incidents = true});

    sah_ladder_defaults(&rig->policy->ladder);
    rig_crash(rig); /* a core that knows of it */
    rig_pass(rig, SECOND);
    *state = rig;
    return 0;
}

static inline int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* Citizen n reports a fire, so many metres from the point; its id. */
static inline const char *reports(struct rig *rig, unsigned n, int metres, const char *cue)
{
    struct sah_request *r = rig_request(rig, n, n, "FIRE_101");
    const struct rig_result *result;
    char words[32];

    rig_type(r, "FSTRU");
    rig_pin(r, metres);
    (void)snprintf(words, sizeof words, "fire seen by %u.", n);
    rig_words(r, words);
    if (cue != NULL)
        rig_cue(r, cue);
    result = rig_ask(rig);
    assert_int_equal(result->code, SAH_RESULT_ACCEPTED);
    memcpy(ids[n], result->request_id, sizeof ids[n]);
    return ids[n];
}

static inline const char *words_of(unsigned n)
{
    static char words[32];

    (void)snprintf(words, sizeof words, "fire seen by %u.", n);
    return words;
}

static inline void committed(void *data, int err, const struct sah_committed *what)
{
    (void)data;
    (void)what;
    assert_int_equal(err, SAH_OK);
}

static inline enum sah_memory_state state_of(struct rig *rig, const char *id, const char *agency)
{
    return rig_delivery(rig, id, agency, SAH_KIND_REQUEST)->state;
}

#endif
