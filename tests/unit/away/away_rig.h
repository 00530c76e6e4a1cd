/*
 * away_rig - what the tests of router/away share: a rig with a journal, and its store that goes and comes.
 */
#ifndef SAHAYA_TESTS_AWAY_RIG_H
#define SAHAYA_TESTS_AWAY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "away/away.h"
#include "lib/core_rig.h"

#define FOREVER 1000000000u
#define TO_DOWN_MS 2000
#define TO_DRAIN_MS 1500
#define TO_NORMAL_MS 8000

static inline struct rig *away_rig(void)
{
    return rig_new(&(struct rig_options){.away = true});
}

static inline void store_fails(struct rig *rig, enum sah_memory_fault fault)
{
    sah_memory_store_fail_next(rig->store, fault, FOREVER);
}

static inline void store_goes(struct rig *rig)
{
    store_fails(rig, SAH_MEMORY_DOWN);
    rig_pass(rig, TO_DOWN_MS);
    assert_int_equal(sah_away_view(rig->away).state, SAH_HEALTH_DOWN);
}

/* And everything is brought back. */
static inline void store_comes(struct rig *rig)
{
    sah_memory_store_fail_next(rig->store, SAH_MEMORY_FINE, 0);
    rig_pass(rig, TO_DRAIN_MS + TO_NORMAL_MS);
    assert_int_equal(sah_away_view(rig->away).state, SAH_HEALTH_NORMAL);
    assert_int_equal(sah_away_view(rig->away).left, 0);
    assert_int_equal(fake_journal_open(rig->journal), 0);
}

static inline const struct rig_result *asks(struct rig *rig, unsigned n, const char *service, const char *cue)
{
    struct sah_request *r = rig_request(rig, n, n, service);

    if (cue != NULL)
        rig_cue(r, cue);
    return rig_ask(rig);
}

static inline unsigned got(const struct rig *rig, const char *agency, const char *request_id)
{
    return rig_received(rig, agency, request_id, SAH_KIND_REQUEST);
}

/* Every attempt of one delivery had one key (I6). */
static inline void one_key(const struct rig *rig, const char *agency, const char *request_id)
{
    const struct sah_fake_received *first = rig_attempt(rig, agency, request_id, 0), *next;

    assert_non_null(first);
    for (unsigned i = 1; (next = rig_attempt(rig, agency, request_id, i)) != NULL; i++)
        assert_string_equal(next->key, first->key);
}

#endif
