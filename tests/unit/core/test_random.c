/*
 * test_random - a small world gone wild: messages, answers, failures, crashes and time jumps
 * from a seed, then a drain, then the questions that matter. `test_core_random N` plays seed N
 * alone. Invariants: I2, I4, I6, I8, I9, I11; P0-P2 never expire and never close without a
 * person.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core_rig.h"

#define STEPS        2000
#define SEEDS        50
#define REQUESTS_MAX 400
#define CITIZENS     8

struct known { /* a request that was accepted */
    char id[SAH_REQUEST_ID_SIZE];
    unsigned who;
    bool booking;
    uint32_t told;       /* bit = state, heard at least once */
    unsigned n_received; /* RECEIVED events, each counted once */
    uint32_t person[16]; /* by agency: states a person said */
};

struct world {
    struct rig *rig;
    uint64_t chance;
    unsigned next_message, n_known;
    struct known known[REQUESTS_MAX];
};

static uint32_t roll(struct world *w, uint32_t below)
{
    w->chance ^= w->chance << 13;
    w->chance ^= w->chance >> 7;
    w->chance ^= w->chance << 17;
    return (uint32_t)(w->chance >> 20) % below;
}

static const char *const services[] = {
    "AMBULANCE_108", "AMBULANCE_108", "FIRE_101",    "LPG_LEAK", "HELPLINE_181",
    "HELPLINE_100",  "AMBULANCE_102", "LPG_BOOKING", "UNKNOWN",  "HELPLINE_112"};
static const char *const cues[] = {"not_breathing", "people_hurt", "unheard_of"};

static struct known *known_of(struct world *w, const char *id)
{
    for (unsigned i = 0; i < w->n_known; i++)
        if (strcmp(w->known[i].id, id) == 0)
            return &w->known[i];
    return NULL;
}

static void some_request(struct world *w)
{
    struct rig *rig = w->rig;
    const char *service = services[roll(w, SAH_LEN(services))];
    unsigned who = roll(w, CITIZENS), times = 1 + (roll(w, 5) == 0);
    struct sah_request *r = rig_request(rig, ++w->next_message, who, service);

    if (w->n_known == REQUESTS_MAX)
        return;
    if (roll(w, 3) == 0)
        rig_cue(r, cues[roll(w, SAH_LEN(cues))]);
    if (roll(w, 4) == 0)
        rig_also(r, services[roll(w, SAH_LEN(services))]);
    while (times-- > 0) { /* the adapter asks again when it heard nothing */
        const struct rig_result *result = rig_ask(rig);

        if ((result->code == SAH_RESULT_ACCEPTED || result->code == SAH_RESULT_DUPLICATE) &&
            known_of(w, result->request_id) == NULL) {
            struct known *k = &w->known[w->n_known++];

            memcpy(k->id, result->request_id, sizeof k->id);
            k->who = who;
            k->booking = strcmp(service, "LPG_BOOKING") == 0;
        }
    }
}

static void some_correction(struct world *w)
{
    static const enum sah_amendment_kind kinds[] = {
        SAH_AMENDMENT_TEXT, SAH_AMENDMENT_PLACE, SAH_AMENDMENT_RESUME,
        SAH_AMENDMENT_CITIZEN_SILENT, SAH_AMENDMENT_TRIAGE};
    const struct known *k = w->n_known > 0 ? &w->known[roll(w, w->n_known)] : NULL;
    unsigned who, what = roll(w, 10);
    struct sah_amendment *a;

    if (k == NULL)
        return;
    who = roll(w, 10) == 0 ? roll(w, CITIZENS) : k->who;
    if (what == 0) {
        rig_query(w->rig, ++w->next_message, who, k->id);
    } else if (what <= 2) {
        rig_cancel(w->rig, ++w->next_message, who, k->id);
    } else {
        a = rig_amendment(w->rig, ++w->next_message, who, k->id);
        a->kind = kinds[roll(w, SAH_LEN(kinds))];
        if (a->kind == SAH_AMENDMENT_TRIAGE)
            rig_cue(&a->part, cues[roll(w, SAH_LEN(cues))]);
        if (a->kind == SAH_AMENDMENT_TRIAGE && roll(w, 2) == 0)
            rig_also(&a->part, services[roll(w, SAH_LEN(services))]);
    }
    (void)rig_take(w->rig);
    if (roll(w, 3) > 0)
        rig_settle(w->rig);
}

static void some_status(struct world *w)
{
    struct known *k =
        w->n_known > 0 ? &w->known[w->n_known - 1 - roll(w, w->n_known < 30 ? w->n_known : 30)]
                       : NULL;
    unsigned agency = roll(w, w->rig->roster->n_agencies);
    enum sah_state state = (enum sah_state)(1 + roll(w, SAH_N_STATES - 1));
    bool person = roll(w, 3) > 0;
    const struct sah_status_result *result;
    struct sah_agency_status s;

    if (k == NULL)
        return;
    s = rig_says(k->id, w->rig->roster->agencies[agency].id, state, person ? "desk 4" : NULL);
    if (roll(w, 5) == 0)
        s.reason = SAH_REASON_CANCEL_DECLINED;
    s.eta_s = roll(w, 3) * 60;
    result = rig_status(w->rig, &s);
    /* UNAVAILABLE may have been written all the same. */
    if (person &&
        (result->code == SAH_STATUS_APPLIED || result->code == SAH_STATUS_UNAVAILABLE))
        k->person[agency] |= UINT32_C(1) << state;
}

static void some_manner(struct world *w, bool acks_only)
{
    for (unsigned i = 0; i < w->rig->roster->n_agencies; i++) {
        const struct sah_agency *a = &w->rig->roster->agencies[i];

        for (unsigned j = 0; j < a->n_endpoints; j++) {
            struct sah_fake_manner m = {.kind = SAH_ANSWER_MACHINE_ACK};

            if (!acks_only && roll(w, 6) > 0)
                continue;
            if (!acks_only && roll(w, 2) == 0) {
                m.kind = (enum sah_answer_kind)roll(w, SAH_ANSWER_UNKNOWN + 1);
                m.silent = roll(w, 4) == 0;
                m.retry_after_ms = roll(w, 60000);
                m.after_ms = roll(w, 6000);
            }
            rig_manner(w->rig, a->endpoints[j].id, m);
        }
    }
}

static void some_trouble(struct world *w)
{
    static const char *const channels[] = {RIG_CHANNEL};

    switch (roll(w, 6)) {
    case 0:
        rig_crash(w->rig);
        return;
    case 1:
        sah_fake_adapters_serve(w->rig->adapters, channels, roll(w, 2));
        return;
    case 2:
        sah_fake_adapters_deaf(w->rig->adapters, roll(w, 2) == 0);
        return;
    default:
        sah_memory_store_fail_next(w->rig->store, (enum sah_memory_fault)(1 + roll(w, 3)),
                                 1 + roll(w, 12));
    }
}

static void step(struct world *w)
{
    unsigned what = roll(w, 100);

    if (what < 7)
        some_request(w);
    else if (what < 15)
        some_correction(w);
    else if (what < 40)
        some_status(w);
    else if (what < 48)
        some_manner(w, false);
    else if (what < 56)
        some_trouble(w);
    else if (what < 57)
        rig_pass(w->rig, roll(w, 40) * 1000);
    else
        rig_pass(w->rig, roll(w, 400));
}

static void drain(struct world *w)
{
    static const char *const channels[] = {RIG_CHANNEL};

    sah_memory_store_fail_next(w->rig->store, SAH_MEMORY_FINE, 0);
    sah_fake_adapters_deaf(w->rig->adapters, false);
    sah_fake_adapters_serve(w->rig->adapters, channels, 1);
    some_manner(w, true);
    sah_core_store_came(w->rig->core, rig_now(w->rig));
    w->rig->step_ms = 1000;
    rig_pass(w->rig, 60000);
    w->rig->step_ms = 60000;
    rig_pass(w->rig, 2 * 60 * 60 * 1000);
    w->rig->step_ms = 1000;
    rig_pass(w->rig, 20000);
}

#define HELP                                                                         \
    (UINT32_C(1) << SAH_STATE_ACKNOWLEDGED | UINT32_C(1) << SAH_STATE_WAITING_UNIT | \
     UINT32_C(1) << SAH_STATE_UNIT_ASSIGNED | UINT32_C(1) << SAH_STATE_EN_ROUTE |    \
     UINT32_C(1) << SAH_STATE_ON_SCENE | UINT32_C(1) << SAH_STATE_TRANSPORTING)

static unsigned agency_index(const struct world *w, const char *id)
{
    const struct sah_agency *a = sah_roster_agency(w->rig->roster, sah_slice_of(id));

    assert_non_null(a);
    return (unsigned)(a - w->rig->roster->agencies);
}

/* (I9) What was told; and nobody heard of help before a person of that agency had spoken. */
static void check_told(struct world *w)
{
    size_t n = sah_fake_adapters_n(w->rig->adapters);
    bool *seen = calloc(10 * n + 1000, 1); /* events are numbered from 1 */

    assert_non_null(seen);
    for (size_t i = 0; i < n; i++) {
        const struct sah_outbox_event *e = sah_fake_adapters_event(w->rig->adapters, i);
        struct known *k = known_of(w, e->status.request_id);
        uint64_t number = strtoull(e->event_id + 5, NULL, 10);
        uint32_t bit = UINT32_C(1) << e->status.state;

        assert_true(number < 10 * n + 1000);
        if (k == NULL || seen[number])
            continue; /* accepted by the store, never heard of by the adapter: checked by its
                         deliveries */
        seen[number] = true;
        k->told |= bit;
        assert_false(e->emergency && e->status.state == SAH_STATE_EXPIRED);
        k->n_received += e->status.state == SAH_STATE_RECEIVED;
        if (bit & HELP && !k->booking)
            assert_true(k->person[agency_index(w, e->status.agency)] != 0);
    }
    free(seen);
}

/* (I4, I6) */
static void check_deliveries(struct world *w)
{
    const uint32_t told = UINT32_C(1) << SAH_STATE_NEEDS_PERSON |
                          UINT32_C(1) << SAH_STATE_REJECTED | UINT32_C(1) << SAH_STATE_EXPIRED;
    const struct sah_memory_delivery *d;
    char key[SAH_KEY_SIZE];

    for (size_t i = 0; (d = sah_memory_store_delivery(w->rig->store, i)) != NULL; i++) {
        const struct known *k = known_of(w, d->request_id);
        bool is_over = d->state == SAH_MEMORY_DONE || d->state == SAH_MEMORY_DEAD;

        sah_delivery_key(&d->message_id, d->agency, key);
        assert_string_equal(key, d->key);
        assert_true(is_over); /* everybody acks by now: nothing is forgotten on the way */
        if (d->state == SAH_MEMORY_DEAD && k != NULL && (k->told & told) == 0) {
            const struct sah_memory_delivery *o;
            bool elsewhere = false; /* refused here, and somebody else took it */

            for (size_t j = 0; (o = sah_memory_store_delivery(w->rig->store, j)) != NULL; j++)
                elsewhere |= o->state == SAH_MEMORY_DONE &&
                             strcmp(o->request_id, d->request_id) == 0 &&
                             strcmp(o->agency, d->agency) != 0;
            if (!elsewhere)
                print_message("dead: %s %s %s sequence %u, told %x\n", d->request_id, d->agency,
                              sah_kind_name(d->kind), d->sequence, k->told);
            assert_true(elsewhere);
        }
    }
    for (size_t i = 0; i < sah_fake_agencies_n(w->rig->agencies); i++) {
        const struct sah_fake_received *r = sah_fake_agencies_received(w->rig->agencies, i);

        for (size_t j = 0; (d = sah_memory_store_delivery(w->rig->store, j)) != NULL; j++)
            if (memcmp(d->key, r->key, SAH_KEY_SIZE) == 0)
                break;
        assert_non_null(d);
        assert_string_equal(d->agency, r->agency);
        assert_string_equal(d->request_id, r->request_id);
        assert_int_equal(d->sequence, r->sequence);
    }
}

static void check_requests(struct world *w)
{
    const uint32_t ends =
        UINT32_C(1) << SAH_STATE_CLOSED | UINT32_C(1) << SAH_STATE_HANDED_OVER |
        UINT32_C(1) << SAH_STATE_CANCELLED | UINT32_C(1) << SAH_STATE_REJECTED;

    for (unsigned i = 0; i < w->n_known; i++) {
        const struct known *k = &w->known[i];
        const struct sah_request_view *view = rig_view(w->rig, k->id);
        uint32_t person = 0;

        assert_non_null(view);
        assert_int_equal(view->incident_id[0], 'I'); /* (I2) */
        assert_true(view->n_lines > 0);
        assert_int_equal(k->n_received, 1); /* (I8) */
        for (unsigned a = 0; a < w->rig->roster->n_agencies; a++)
            person |= k->person[a];
        if (!sah_priority_is_emergency(view->priority))
            continue;
        if (view->closed_ms > 0 && !(person & ends)) {
            print_message("closed: %s told %x person %x priority %u:", k->id, k->told, person,
                          view->priority);
            for (unsigned j = 0; j < view->n_lines; j++)
                print_message(" %s=%s", view->lines[j].agency,
                              sah_state_name(view->lines[j].state));
            print_message("\n");
            fail();
        }
    }
}

static void play(uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->rig = rig_new(NULL);
    w->rig->step_ms = 1000;
    w->chance = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (unsigned i = 0; i < STEPS; i++)
        step(w);
    drain(w);
    check_told(w);
    check_deliveries(w);
    check_requests(w);
    assert_true(w->n_known > 50);
    assert_int_equal(sah_memory_store_outbox(w->rig->store), 0);
    assert_int_equal(sah_core_in_flight(w->rig->core), 0);
    assert_int_equal(sah_core_jobs(w->rig->core), 0);
    for (unsigned i = 0; i < w->rig->roster->n_agencies; i++) /* (I11) */
        assert_true(sah_fake_agencies_most(w->rig->agencies, w->rig->roster->agencies[i].id) <=
                    4);
    for (size_t i = 0; i < w->rig->n_results; i++)
        assert_true(w->rig->results[i]->came);
    rig_free(w->rig);
    free(w);
}

static uint64_t only_seed; /* 0 = all */

static void nothing_is_lost_and_nobody_is_misled(void **state)
{
    uint64_t seed = only_seed != 0 ? only_seed : 1, last = only_seed != 0 ? only_seed : SEEDS;

    (void)state;
    for (; seed <= last; seed++) {
        print_message("seed %u\n", (unsigned)seed);
        play(seed);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_and_nobody_is_misled)};

    if (argc > 1)
        only_seed = strtoull(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
