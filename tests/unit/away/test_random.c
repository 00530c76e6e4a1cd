/*
 * test_random - a store that comes and goes, replies that are lost, disks that stall, routers that die,
 * agencies in every mood; citizens, and persons who answer. What happens, and when, is the seed's.
 *
 * At the end everything heals, and then: what was accepted is in the store (I1, I4), with one key for
 * each delivery on every path (I6), delivered, and told (I8); nothing is left in the journal. Two planted faults show that this can fail.
 */
#include <stdlib.h>

#include "away_rig.h"

#define SEEDS 20 /* or as many as the first argument says */
#define STEPS 220
#define SAID_MAX 160

struct said {
    unsigned n, who; /* number of the message, and whose */
    bool request, booking, accepted;
    unsigned of; /* the request of an amendment: its place here */
    char request_id[SAH_REQUEST_ID_SIZE];
};
struct play {
    struct rig *rig;
    uint64_t dice;
    unsigned n_said;
    struct said said[SAID_MAX];
    size_t seen; /* attempts looked at */
    char wrong[160];
    bool stalled; /* the disk: what waits for it is not answered yet */
    struct sah_store real;
};

static uint64_t n_seeds = SEEDS;

static uint32_t roll(struct play *p, uint32_t below)
{
    p->dice = p->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->dice >> 33) % below;
}

static void wrong(struct play *p, const char *what, const char *request_id)
{
    if (p->wrong[0] == '\0')
        (void)sah_format(p->wrong, sizeof p->wrong, "%s (%s)", what, request_id);
}

static struct sah_id id_of(unsigned n)
{
    struct sah_id id = {.bytes = {0}};

    for (unsigned i = 0; i < 4; i++)
        id.bytes[i] = (uint8_t)(n >> (24 - 8 * i));
    id.bytes[15] = 1;
    return id;
}

static const struct said *said_in(const struct play *p, const struct sah_fake_received *attempt)
{
    for (unsigned i = 0; i < p->n_said; i++) {
        struct sah_id id = id_of(p->said[i].n);
        char key[SAH_KEY_SIZE];

        sah_delivery_key(&id, attempt->agency, key);
        if (strcmp(key, attempt->key) == 0)
            return &p->said[i];
    }
    return NULL;
}

/* Attempts since the last look: the key follows from message and agency. */
static void look(struct play *p)
{
    const struct sah_fake_agencies *agencies = p->rig->agencies;

    for (; p->seen < sah_fake_agencies_n(agencies); p->seen++) {
        const struct sah_fake_received *a = sah_fake_agencies_received(agencies, p->seen);

        /* The router says things itself: whoever holds a copy is told who answered. */
        if (a->kind == SAH_KIND_REQUEST && said_in(p, a) == NULL)
            wrong(p, "I6: a key of no message and agency", a->request_id);
    }
}

/* ---- what happens */

static void hear(struct play *p, struct said *s, const struct rig_result *result)
{
    if (!result->came || (result->code != SAH_RESULT_ACCEPTED && result->code != SAH_RESULT_DUPLICATE))
        return;
    s->accepted = true;
    if (s->request)
        memcpy(s->request_id, result->request_id, sizeof s->request_id);
    SAH_UNUSED(p);
}

static void ask(struct play *p, struct said *s)
{
    if (s->request) {
        struct sah_request *r =
            rig_request(p->rig, s->n, s->who, s->booking ? "LPG_BOOKING" : s->n % 3 ? "AMBULANCE_108" : "FIRE_101");

        if (!s->booking)
            rig_cue(r, "not_breathing");
    } else {
        (void)rig_amendment(p->rig, s->n, s->who, p->said[s->of].request_id);
    }
    hear(p, s, rig_ask(p->rig));
}

static void say(struct play *p, bool request)
{
    struct said *s = &p->said[p->n_said];
    unsigned of = p->n_said > 0 ? roll(p, p->n_said) : 0;

    if (p->n_said == SAID_MAX || (!request && (p->n_said == 0 || !p->said[of].request || !p->said[of].accepted)))
        return;
    *s = (struct said){.n = ++p->n_said, .who = p->n_said, .request = request, .of = of};
    s->booking = request && roll(p, 4) == 0;
    if (!request) {
        s->who = p->said[of].who;
        memcpy(s->request_id, p->said[of].request_id, sizeof s->request_id);
    }
    ask(p, s);
}

static void person_answers(struct play *p)
{
    const struct said *s = p->n_said > 0 ? &p->said[roll(p, p->n_said)] : NULL;

    if (s != NULL && !p->stalled && s->request && s->accepted && !s->booking)
        (void)rig_person(p->rig, s->request_id, s->n % 3 ? "amb-108" : "fire-101", SAH_STATE_ACKNOWLEDGED);
}

static void crash(struct play *p)
{
    fake_journal_lie(p->rig->journal, false);
    rig_crash(p->rig);
    p->stalled = false;
}

static void store_changes(struct play *p)
{
    static const enum sah_memory_fault faults[] = {SAH_MEMORY_FINE, SAH_MEMORY_FINE, SAH_MEMORY_DOWN, SAH_MEMORY_DOWN,
                                                 SAH_MEMORY_TIMEOUT_BEFORE, SAH_MEMORY_TIMEOUT_AFTER};
    enum sah_memory_fault fault = faults[roll(p, SAH_LEN(faults))];

    sah_memory_store_fail_next(p->rig->store, fault, fault == SAH_MEMORY_FINE ? 0 : roll(p, 3) ? FOREVER : roll(p, 6) + 1);
}

static void agency_changes(struct play *p)
{
    static const struct sah_fake_manner manners[] = {{.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 30},
                                                     {.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 900},
                                                     {.silent = true},
                                                     {.kind = SAH_ANSWER_TROUBLE, .after_ms = 20},
                                                     {.kind = SAH_ANSWER_UNKNOWN, .after_ms = 60}};
    static const char *const endpoints[] = {"amb-108", "fire-101-a", "fire-101-b", "indane", "erss-112"};

    rig_manner(p->rig, endpoints[roll(p, SAH_LEN(endpoints))], manners[roll(p, SAH_LEN(manners))]);
}

static void step(struct play *p, bool lies)
{
    uint32_t what = roll(p, 100);

    if (what < 22)
        say(p, true);
    else if (what < 32)
        say(p, false);
    else if (what < 40)
        person_answers(p);
    else if (what < 44)
        crash(p);
    else if (what < 54)
        store_changes(p);
    else if (what < 58)
        agency_changes(p);
    else if (what < 62)
        fake_journal_stall(p->rig->journal, p->stalled = roll(p, 3) == 0);
    else
        rig_pass(p->rig, roll(p, what < 66 ? 8000 : 400));
    if (lies)
        fake_journal_lie(p->rig->journal, true);
    look(p);
}

/* ---- the end */

static void heal(struct play *p)
{
    static const char *const endpoints[] = {"amb-108", "fire-101-a", "fire-101-b", "indane", "erss-112"};

    for (size_t i = 0; i < SAH_LEN(endpoints); i++)
        rig_manner(p->rig, endpoints[i], (struct sah_fake_manner){.kind = SAH_ANSWER_MACHINE_ACK, .after_ms = 30});
    sah_memory_store_fail_next(p->rig->store, SAH_MEMORY_FINE, 0);
    fake_journal_stall(p->rig->journal, false);
    rig_pass(p->rig, 30000);
    for (unsigned i = 0; i < p->n_said; i++) /* the adapter asks until it has an answer */
        if (!p->said[i].accepted)
            ask(p, &p->said[i]);
    rig_pass(p->rig, 4000000); /* the longest wait of a booking, and its jitter */
    look(p);
}

static void check(struct play *p)
{
    const struct sah_memory_delivery *d;

    if (fake_journal_open(p->rig->journal) > 0 || sah_away_view(p->rig->away).left > 0)
        wrong(p, "I4: left in the journal", "");
    for (unsigned i = 0; i < p->n_said; i++) {
        const struct said *s = &p->said[i];
        const char *agency = s->booking ? "indane" : s->n % 3 ? "amb-108" : "fire-101";
        struct sah_id id = id_of(s->n);
        bool found = false;

        if (!s->accepted) {
            wrong(p, "never accepted", s->request_id);
            continue;
        }
        for (size_t j = 0; (d = sah_memory_store_delivery(p->rig->store, j)) != NULL; j++)
            found = found || sah_id_equal(&d->message_id, &id);
        if (!found)
            wrong(p, "I1: accepted, and not in the store", s->request_id);
        if (s->request && got(p->rig, agency, s->request_id) == 0)
            wrong(p, "I4: never reached its agency", s->request_id);
        if (s->request && rig_heard_n(p->rig, s->request_id, SAH_STATE_DELIVERED) +
                                  rig_heard_n(p->rig, s->request_id, SAH_STATE_ACKNOWLEDGED) == 0)
            wrong(p, "I8: the citizen never heard that it was delivered", s->request_id);
    }
    for (size_t j = 0; (d = sah_memory_store_delivery(p->rig->store, j)) != NULL; j++)
        if (d->state != SAH_MEMORY_DONE)
            wrong(p, "I4: a delivery is not done", d->request_id);
    if (sah_memory_store_outbox(p->rig->store) > 0)
        wrong(p, "I8: events left in the outbox", "");
}

static struct play *planted;

static void forgetful_commit(void *data, const struct sah_change *change, sah_commit_fn *fn, void *fn_data)
{
    struct play *p = planted;
    struct sah_change *bent = malloc(sizeof *bent);

    assert_non_null(bent);
    *bent = *change;
    for (unsigned i = 0; i < bent->n_plans; i++)
        bent->plans[i].known = SAH_KNOWN_NOTHING;
    p->real.commit(data, bent, fn, fn_data);
    free(bent);
}

/* Attempts of requests that came although the agency had said 2xx to one before. */
static unsigned again_after_yes(const struct play *p)
{
    unsigned n = 0;

    for (size_t i = 0; i < sah_fake_agencies_n(p->rig->agencies); i++) {
        const struct sah_fake_received *a = sah_fake_agencies_received(p->rig->agencies, i);

        for (size_t j = 0; j < i && a->kind == SAH_KIND_REQUEST; j++)
            n += strcmp(sah_fake_agencies_received(p->rig->agencies, j)->key, a->key) == 0;
    }
    return n;
}

static void play(struct play *p, uint64_t seed, bool lies)
{
    memset(p, 0, sizeof *p);
    p->dice = seed;
    p->rig = away_rig();
    for (unsigned i = 0; i < STEPS; i++)
        step(p, lies);
    fake_journal_lie(p->rig->journal, false);
    if (lies)
        crash(p);
    heal(p);
    check(p);
}

static void whatever_happens_nothing_is_lost_and_nothing_has_two_keys(void **state)
{
    static struct play p;

    (void)state;
    for (uint64_t seed = 1; seed <= n_seeds; seed++) {
        play(&p, seed, false);
        if (p.wrong[0] != '\0')
            print_error("seed %llu: %s\n", (unsigned long long)seed, p.wrong);
        assert_string_equal(p.wrong, "");
        rig_free(p.rig);
    }
}

static void an_answer_before_the_disk_has_it_is_found(void **state)
{
    static struct play p;
    unsigned found = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 10 && found == 0; seed++) {
        play(&p, seed, true);
        found += strstr(p.wrong, "I1") != NULL || strstr(p.wrong, "I4") != NULL;
        rig_free(p.rig);
    }
    assert_int_equal(found, 1);
}

/* One outage with calm agencies. A planted fault: what is known of a delivery is not said. */
static unsigned calm_outage(struct play *p, bool forgets)
{
    static struct sah_store bent;

    memset(p, 0, sizeof *p);
    p->rig = away_rig();
    p->real = *p->rig->settings.store;
    if (forgets) {
        bent = p->real;
        bent.commit = forgetful_commit;
        planted = p;
        p->rig->settings.store = &bent;
        rig_crash(p->rig); /* a life with that store */
    }
    store_goes(p->rig);
    for (unsigned i = 0; i < 10; i++)
        say(p, true);
    rig_pass(p->rig, 3000);
    sah_memory_store_fail_next(p->rig->store, SAH_MEMORY_FINE, 0);
    rig_pass(p->rig, 30000);
    return again_after_yes(p);
}

static void an_outage_sends_nothing_twice_because_what_is_known_comes_along(void **state)
{
    static struct play p;

    (void)state;
    assert_int_equal(calm_outage(&p, false), 0);
    rig_free(p.rig);
    assert_true(calm_outage(&p, true) > 0);
    rig_free(p.rig);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_nothing_is_lost_and_nothing_has_two_keys),
        cmocka_unit_test(an_answer_before_the_disk_has_it_is_found),
        cmocka_unit_test(an_outage_sends_nothing_twice_because_what_is_known_comes_along),
    };

    if (argc > 1)
        n_seeds = strtoull(argv[1], NULL, 10);
    return cmocka_run_group_tests_name("away: random", tests, NULL, NULL);
}
