/*
 * app_away - see app_away.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <sahaya/clock.h>
#include <sahaya/journal.h>

#include "app_away.h"

#define TRIM_MS 1000
#define REMEMBER_EVERY 5 /* trims */
#define STATE_FILE "store.state"
#define LIVES_FROM_S 1760000000 /* lives of routers are numbered by the second from here on */
#define EVENTS_A_LIFE 2000000

struct app_away {
    struct app_away_parts p;
    struct sah_journal *journal;
    struct sah_away_journal port;
    struct sah_away *away;
    struct sah_timer *trim;
    unsigned n_trims;
    char remembered[64];
};

static struct sah_now now_of(void)
{
    return (struct sah_now){.mono_ms = sah_clock_mono_ms(), .wall_ms = sah_clock_wall_ms()};
}

/* ---- the journal as a port */

static int port_append(void *data, const struct sah_journal_record *record, bool sync, sah_journal_done_fn *fn,
                       void *fn_data)
{
    struct app_away *a = data;

    return a->journal == NULL ? SAH_EIO : sah_journal_append(a->journal, record, sync, fn, fn_data);
}

static int port_read(void *data, const struct sah_id *id, uint8_t type, uint8_t part, struct sah_buf *buf)
{
    struct app_away *a = data;

    return a->journal == NULL ? SAH_EIO : sah_journal_read(a->journal, id, type, part, buf);
}

static void port_each(void *data, bool (*fn)(void *data, const struct sah_journal_entry *entry), void *fn_data)
{
    struct app_away *a = data;

    sah_journal_each(a->journal, fn, fn_data);
}

/* ---- what is remembered: which run of Redis, and how far it had counted */

static void state_path(const struct app_away *a, const char *suffix, char dst[SAH_PATH_SIZE + 32])
{
    (void)sah_format(dst, SAH_PATH_SIZE + 32, "%s/%s%s", a->p.conf->journal_dir, STATE_FILE, suffix);
}

static void remember(struct app_away *a)
{
    struct sah_away_view view = sah_away_view(a->away);
    char path[SAH_PATH_SIZE + 32], made[SAH_PATH_SIZE + 32], text[sizeof a->remembered];
    FILE *file;
    bool good;

    if (view.run_id[0] == '\0' ||
        sah_format(text, sizeof text, "%s %llu", view.run_id, (unsigned long long)view.accept_seq) != SAH_OK ||
        strcmp(text, a->remembered) == 0)
        return;
    state_path(a, "", path);
    state_path(a, ".new", made);
    file = fopen(made, "we");
    if (file == NULL)
        return;
    good = fprintf(file, "%s\n", text) > 0;
    good = fclose(file) == 0 && good;
    if (good && rename(made, path) == 0)
        memcpy(a->remembered, text, sizeof a->remembered);
}

static void recall(struct app_away *a)
{
    char path[SAH_PATH_SIZE + 32], run_id[41];
    unsigned long long seq = 0;
    FILE *file;

    state_path(a, "", path);
    file = fopen(path, "re");
    if (file == NULL)
        return; /* the first life here */
    if (fscanf(file, "%40s %19llu", run_id, &seq) == 2) /* 19 digits fit. NOLINT(cert-err34-c) */
        sah_away_remember(a->away, run_id, seq);
    fclose(file);
}

static void on_trim(void *data)
{
    struct app_away *a = data;

    sah_journal_trim(a->journal, sah_clock_wall_ms());
    if (++a->n_trims % REMEMBER_EVERY == 0)
        remember(a);
    sah_timer_start(a->trim, TRIM_MS);
}

/* ---- life */

/* Unlike any other life's: by the second it began in, and by chance within it. */
static uint64_t first_event(void)
{
    int64_t life_s = sah_clock_wall_ms() / 1000 - LIVES_FROM_S;
    uint32_t chance = 0;

    if (getrandom(&chance, sizeof chance, 0) < 0)
        chance = (uint32_t)sah_clock_mono_ms();
    return SAH_AWAY_FIRST_EVENT + (uint64_t)(life_s > 0 ? life_s : 0) * EVENTS_A_LIFE + chance % (EVENTS_A_LIFE / 2);
}

static uint64_t mono_ms(void *data)
{
    SAH_UNUSED(data);
    return sah_clock_mono_ms();
}

static void wake(void *data)
{
    struct app_away *a = data;

    a->p.wake(a->p.data);
}

static int open_journal(struct app_away *a)
{
    const struct sah_journal_settings settings = {.folder = a->p.conf->journal_dir,
                                                  .key_file = a->p.conf->journal_key_file,
                                                  .max_bytes = (uint64_t)a->p.conf->journal_max_mb << 20};
    char why[SAH_JOURNAL_WHY_SIZE] = "";
    int err = sah_journal_create(a->p.loop, &settings, why, &a->journal);

    if (err != SAH_OK)
        sah_error(a->p.log, "event=journal.refused why=\"%s\" err=\"%s\"", why, sah_strerror(err));
    a->port = (struct sah_away_journal){.data = a, .append = port_append, .read = port_read, .each = port_each};
    return err;
}

int app_away_create(const struct app_away_parts *parts, struct app_away **ret_away)
{
    struct app_away *a = calloc(1, sizeof *a);
    struct sah_away_settings settings;
    int err = SAH_ENOMEM;

    if (a == NULL)
        return err;
    a->p = *parts;
    settings = (struct sah_away_settings){.lane = parts->lane,
                                          .partitions = (unsigned)parts->conf->partitions,
                                          .jobs_max = (unsigned)parts->conf->jobs_max,
                                          .incidents = parts->incidents,
                                          .policy = parts->policy,
                                          .roster = parts->roster,
                                          .store = parts->store,
                                          .journal = &a->port,
                                          .agencies = parts->agencies,
                                          .adapters = parts->adapters,
                                          .chance = parts->chance,
                                          .log = parts->log,
                                          .race_ms = (uint32_t)parts->conf->journal_race_ms,
                                          .bring_per_s = (unsigned)parts->conf->journal_bring_per_s,
                                          .first_event = first_event(),
                                          .mono_ms = mono_ms,
                                          .wake = wake,
                                          .data = a};
    err = open_journal(a);
    if (err == SAH_OK)
        err = sah_away_create(&settings, now_of(), &a->away);
    if (err == SAH_OK)
        err = sah_timer_create(parts->loop, on_trim, a, &a->trim);
    if (err != SAH_OK) {
        app_away_close_journal(a);
        app_away_destroy(a);
        return err;
    }
    recall(a);
    sah_timer_start(a->trim, TRIM_MS);
    *ret_away = a;
    return SAH_OK;
}

struct sah_away *app_away_of(struct app_away *a)
{
    return a->away;
}

void app_away_view(const struct app_away *a, struct sah_ops_away *ret)
{
    static const char *const what_to_do[] = {
        [SAH_HEALTH_NORMAL] = "nothing",
        [SAH_HEALTH_SLOW] = "look at the disk and the load of this lane's Redis",
        [SAH_HEALTH_DOWN] = "look at this lane's Redis, its log and its disk; P0 and P1 go out, the rest waits here",
        [SAH_HEALTH_DRAIN] = "nothing: what waited is being brought back",
    };
    struct sah_away_view view = sah_away_view(a->away);
    struct sah_journal_stats stats = {0};

    if (a->journal != NULL)
        sah_journal_stats(a->journal, &stats);
    *ret = (struct sah_ops_away){.state = sah_health_name(view.state),
                                 .what_to_do = what_to_do[view.state],
                                 .left = view.left,
                                 .direct = view.direct,
                                 .journal_open = stats.open,
                                 .journal_used_percent = stats.used_percent,
                                 .journal_suspects = stats.suspects,
                                 .journal_quarantined = stats.quarantined,
                                 .lost = view.lost};
#define X(name_)                                                  \
    ret->counters[ret->n_counters].name = #name_;                 \
    ret->counters[ret->n_counters++].value = view.counters->name_;
    SAH_AWAY_COUNTERS(X)
#undef X
}

void app_away_close_journal(struct app_away *a)
{
    if (a == NULL)
        return;
    if (a->away != NULL) {
        sah_away_stop(a->away);
        remember(a);
    }
    sah_timer_destroy(a->trim);
    a->trim = NULL;
    sah_journal_destroy(a->journal);
    a->journal = NULL;
}

void app_away_destroy(struct app_away *a)
{
    if (a == NULL)
        return;
    sah_away_destroy(a->away);
    free(a);
}
