/*
 * away - made, turned and unmade; statuses and acks find the core that knows them. See away.h.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

#define TURN_MS 50
#define TROUBLE_MS 180000 /* so long after trouble a sibling may still have what the store does not */

/* ---- what comes in */

static bool direct_knows(const struct sah_away *away, const char *request_id)
{
    return away->direct != NULL && sah_memory_store_has(away->memory, request_id);
}

struct asking {
    struct sah_away *away;
    struct asking *prev, *next;
    bool direct; /* the direct core was asked */
    char request_id[SAH_REQUEST_ID_SIZE];
    sah_status_fn *fn;
    void *data;
};

static void forget_asking(struct asking *a)
{
    if (a->prev != NULL)
        a->prev->next = a->next;
    else
        a->away->asking = a->next;
    if (a->next != NULL)
        a->next->prev = a->prev;
    free(a);
}

/* An agency that believes "not found" says it never again (I5). What the direct core had when it was asked
 * may just have gone into the main store. */
static void on_status(void *data, const struct sah_status_result *result)
{
    struct asking a = *(struct asking *)data;
    struct sah_status_result copy = *result;

    forget_asking(data);
    if (copy.code == SAH_STATUS_NOT_FOUND && !(a.direct && direct_knows(a.away, a.request_id))) {
        a.away->counters.held_back++;
        copy.code = SAH_STATUS_UNAVAILABLE;
    }
    a.fn(a.data, &copy);
}

/* What this store does not know may be with another router, on its way here. */
static bool may_come(const struct sah_away *away, const char *request_id)
{
    enum sah_lane lane;

    if (away->health.state == SAH_HEALTH_NORMAL &&
        (!away->had_trouble || away->now.mono_ms - away->trouble_ms > TROUBLE_MS))
        return false;
    return sah_request_id_parse(sah_slice_of(request_id), &lane, NULL) == SAH_OK && lane == away->s.lane;
}

static void ask(struct sah_away *away, bool direct, const struct sah_agency_status *status, struct sah_now now,
                sah_status_fn *fn, void *fn_data)
{
    struct asking *a = direct || may_come(away, status->request_id) ? malloc(sizeof *a) : NULL;

    if (a == NULL) {
        sah_core_status(direct ? away->direct : away->main, status, now, fn, fn_data);
        return;
    }
    *a = (struct asking){.away = away, .next = away->asking, .direct = direct, .fn = fn, .data = fn_data};
    memcpy(a->request_id, status->request_id, sizeof a->request_id);
    if (a->next != NULL)
        a->next->prev = a;
    away->asking = a;
    sah_core_status(direct ? away->direct : away->main, status, now, on_status, a);
}

static void front_status(void *data, const struct sah_agency_status *status, struct sah_now now, sah_status_fn *fn,
                         void *fn_data)
{
    struct sah_away *away = data;
    const struct open_request *r = open_find(away, status->request_id);

    SAH_CHECK(away, AWAY_MAGIC);
    away->now = now;
    if (r != NULL && (r->moving || (r->direct && !direct_knows(away, status->request_id)))) {
        struct sah_status_result later = {.code = SAH_STATUS_UNAVAILABLE};

        away->counters.held_back++;
        fn(fn_data, &later);
        return;
    }
    ask(away, direct_knows(away, status->request_id), status, now, fn, fn_data);
}

static void front_outbox_ack(void *data, const char *event_id)
{
    struct sah_away *away = data;
    const char *digits = strlen(event_id) > 5 ? event_id + 5 : event_id;
    uint64_t seq = 0;

    SAH_CHECK(away, AWAY_MAGIC);
    if (away->direct != NULL && sah_parse_u64(sah_slice_of(digits), 0, UINT64_MAX, &seq) == SAH_OK &&
        seq >= SAH_AWAY_FIRST_EVENT)
        sah_core_outbox_ack(away->direct, event_id);
    else
        sah_core_outbox_ack(away->main, event_id);
}

static void front_adapter_came(void *data, struct sah_now now)
{
    struct sah_away *away = data;

    SAH_CHECK(away, AWAY_MAGIC);
    sah_core_adapter_came(away->main, now);
    if (away->direct != NULL)
        sah_core_adapter_came(away->direct, now);
}

/* Of what the store has; while it is away they are asked to come again. */
static void front_link(void *data, const char *request_id, const char *main_id, const char *agency,
                       struct sah_now now, sah_link_fn *fn, void *fn_data)
{
    struct sah_away *away = data;
    struct sah_front main;

    SAH_CHECK(away, AWAY_MAGIC);
    main = sah_core_front(away->main);
    main.link(main.data, request_id, main_id, agency, now, fn, fn_data);
}

struct sah_front sah_away_front(struct sah_away *away)
{
    return (struct sah_front){.data = away,
                              .take = take_message,
                              .status = front_status,
                              .outbox_ack = front_outbox_ack,
                              .adapter_came = front_adapter_came,
                              .link = front_link};
}

/* ---- turns */

static void on_pending(void *data)
{
    struct sah_away *away = data;

    if (away->s.wake != NULL)
        away->s.wake(away->s.data);
}

static void look_at_health(struct sah_away *away)
{
    static const char *const what_to_do[] = {
        [SAH_HEALTH_NORMAL] = "nothing",
        [SAH_HEALTH_SLOW] = "look at the disk and the load of this lane's Redis",
        [SAH_HEALTH_DOWN] = "look at this lane's Redis, its log and its disk; P0 and P1 go out, the rest waits in the journal",
        [SAH_HEALTH_DRAIN] = "nothing; the journal is being brought back",
    };
    enum sah_health_state was = away->health.state;

    if (was != SAH_HEALTH_NORMAL) {
        away->had_trouble = true;
        away->trouble_ms = away->now.mono_ms;
    }
    if (!sah_health_turn(&away->health, away->now.mono_ms, away->messages.n > 0))
        return;
    away->counters.transitions++;
    if (away->health.state == SAH_HEALTH_NORMAL || away->health.state == SAH_HEALTH_DRAIN)
        sah_info(away->s.log, "event=store.state from=%s to=%s journal=%zu do=\"%s\"", sah_health_name(was),
                 sah_health_name(away->health.state), away->messages.n, what_to_do[away->health.state]);
    else
        sah_error(away->s.log, "event=store.state from=%s to=%s journal=%zu do=\"%s\"", sah_health_name(was),
                  sah_health_name(away->health.state), away->messages.n, what_to_do[away->health.state]);
}

static uint32_t until(uint64_t due_ms, uint64_t now_ms)
{
    return due_ms <= now_ms ? 1 : due_ms - now_ms > TURN_MS ? TURN_MS : (uint32_t)(due_ms - now_ms);
}

uint32_t sah_away_tick(struct sah_away *away, struct sah_now now)
{
    uint32_t wait_ms = TURN_MS, direct_ms;
    uint64_t race_ms;

    SAH_CHECK(away, AWAY_MAGIC);
    away->now = now;
    if (away->memory != NULL) {
        sah_memory_store_set_clocks(away->memory, now.wall_ms, now.mono_ms);
        direct_ms = sah_core_tick(away->direct, now);
        sah_memory_store_run(away->memory);
        wait_ms = direct_ms < wait_ms ? direct_ms : wait_ms;
    }
    look_at_health(away);
    if (away->stopping)
        return wait_ms;
    take_turn(away);
    watch_turn(away);
    bring_turn(away);
    compare_turn(away);
    unreadable_turn(away);
    if (away->kick)
        sah_core_store_came(away->main, now);
    away->kick = false;
    if (away->more_watched)
        wait_ms = 1;
    race_ms = take_next_ms(away);
    if (race_ms != 0 && until(race_ms, now.mono_ms) < wait_ms)
        wait_ms = until(race_ms, now.mono_ms);
    return wait_ms;
}

/* ---- life */

static int make_direct(struct sah_away *away, struct sah_now now)
{
    const struct sah_memory_store_settings memory = {.now_ms = now.wall_ms,
                                                     .lane = away->s.lane,
                                                     .first_event = away->s.first_event,
                                                     .run_id = SAH_AWAY_RUN_ID,
                                                     .on_pending = on_pending,
                                                     .data = away};
    const struct sah_core_settings core = {.lane = away->s.lane,
                                           .partitions = away->s.partitions,
                                           .jobs_max = away->s.jobs_max,
                                           .policy = away->s.policy,
                                           .roster = away->s.roster,
                                           .store = &away->direct_store,
                                           .agencies = &away->direct_agencies,
                                           .adapters = away->s.adapters,
                                           .chance = away->s.chance,
                                           .direct = true,
                                           .log = away->s.log};
    int err = sah_memory_store_create(&memory, &away->memory);

    if (err != SAH_OK)
        return err;
    direct_init(away);
    return sah_core_create(&core, &away->direct);
}

int sah_away_create(const struct sah_away_settings *settings, struct sah_now now, struct sah_away **ret_away)
{
    struct sah_away *away = calloc(1, sizeof *away);
    int err = SAH_ENOMEM;

    if (away == NULL)
        return err;
    away->magic = AWAY_MAGIC;
    away->s = *settings;
    away->s.race_ms = settings->race_ms != 0 ? settings->race_ms : sah_health_rule.slow_ms;
    away->s.bring_per_s = settings->bring_per_s != 0 ? settings->bring_per_s : 200;
    away->now = now;
    sah_health_init(&away->health, settings->health != NULL ? settings->health : &sah_health_rule, true, now.mono_ms);
    sah_pace_init(&away->pace, AT_ONCE);
    store_init(away);
    watch_init(away);
    away->scratch = calloc(1, sizeof *away->scratch);
    away->message = calloc(1, sizeof *away->message);
    away->known = calloc(KNOWN_MAX, sizeof *away->known);
    if (away->scratch != NULL && away->message != NULL)
        err = settings->lane == SAH_LANE_BULK ? SAH_OK : make_direct(away, now);
    if (err != SAH_OK) {
        sah_away_destroy(away);
        return err;
    }
    *ret_away = away;
    return SAH_OK;
}

void sah_away_destroy(struct sah_away *away)
{
    if (away == NULL)
        return;
    SAH_CHECK(away, AWAY_MAGIC);
    away->stopping = true;
    direct_fini(away);
    import_fini(away);
    take_fini(away);
    watch_fini(away);
    unreadable_fini(away);
    while (away->asking != NULL) /* the main core, which knew them, is gone */
        forget_asking(away->asking);
    store_fini(away);
    open_fini(away);
    known_clear(away);
    free(away->known);
    free(away->scratch);
    free(away->message);
    away->magic = 0;
    free(away);
}

const struct sah_store *sah_away_store(struct sah_away *away)
{
    return &away->store;
}

const struct sah_agencies *sah_away_agencies(struct sah_away *away)
{
    return &away->agencies;
}

void sah_away_attach(struct sah_away *away, struct sah_core *main, struct sah_now now)
{
    away->main = main;
    away->now = now;
    direct_replay(away);
    if (away->messages.n > 0)
        sah_warn(away->s.log, "event=journal.taken_up messages=%zu direct=%zu", away->messages.n, away->n_untaken);
}

void sah_away_stop(struct sah_away *away)
{
    if (away == NULL)
        return;
    away->stopping = true;
    if (away->direct != NULL)
        sah_core_stop(away->direct);
}

unsigned sah_away_in_flight(const struct sah_away *away)
{
    return away->n_coming + (away->direct != NULL ? sah_core_in_flight(away->direct) : 0);
}

void sah_away_remember(struct sah_away *away, const char *run_id, uint64_t accept_seq)
{
    (void)sah_format(away->run_id, sizeof away->run_id, "%s", run_id);
    away->accept_seq = accept_seq;
}

struct sah_away_view sah_away_view(const struct sah_away *away)
{
    return (struct sah_away_view){.state = away->health.state,
                                  .since_ms = away->health.since_ms,
                                  .left = away->messages.n,
                                  .direct = away->memory == NULL ? 0 : sah_memory_store_requests(away->memory),
                                  .run_id = away->run_id,
                                  .accept_seq = away->accept_seq,
                                  .lost = away->lost,
                                  .counters = &away->counters,
                                  .direct_core = away->direct};
}
