/*
 * grid - the live incidents by place. See grid.h.
 *
 * Every entry hangs in up to five lists: its cell, its words, its call-back number, its id
 * (each a hash table whose buckets are lists, newest report first) and, once closed, the list
 * of the closed. Nothing is allocated after create.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/grid.h"

#define GRID_MAGIC        0x47524944u
#define NONE              (-1)
#define METRES_PER_DEGREE 111194.9 /* on the sphere of sah_distance_m */
#define STEEPEST_DEGREES  85.0
#define MARGIN            1.001 /* rounding must not push a neighbour one cell too far */

enum list { LIST_CELL, LIST_TEXT, LIST_CALLBACK, LIST_ID, LIST_CLOSED, N_LISTS };
#define N_TABLES LIST_CLOSED /* the ones before it are hash tables */

struct link {
    int32_t prev, next; /* prev of a first one and next of a last one: NONE */
    bool on;
};

struct entry {
    struct sah_incident_facts facts;
    uint64_t keys[N_TABLES];
    struct link links[N_LISTS];
    uint64_t order; /* of its newest report */
    uint64_t seen;  /* serial of the last match that looked at it */
    bool used;
};

struct sah_grid {
    uint32_t magic;
    const struct sah_sameness_rules *rules;
    struct entry *entries;
    int32_t *heads[N_TABLES];
    int32_t *free_slots;
    uint32_t bucket_mask;
    unsigned n_free, cursor;           /* cursor: where expire goes on */
    int32_t closed_first, closed_last; /* last = closed the longest ago */
    uint64_t order, serial;
    double row_degrees, reach_degrees;
    int64_t longest_ms;
    struct sah_grid_stats stats;
};

/* ---- cells */

static uint64_t row_columns(const struct sah_grid *grid, int64_t row)
{
    double low = (double)row * grid->row_degrees - 90.0, high = low + grid->row_degrees;
    /* A candidate one row further out still has to find this row's points in three columns. */
    double steepest = fmax(fabs(low), fabs(high)) + grid->row_degrees;
    double width;

    if (steepest > STEEPEST_DEGREES)
        steepest = STEEPEST_DEGREES;
    width = MARGIN * grid->reach_degrees / cos(steepest * 3.14159265358979323846 / 180.0);
    return width >= 360.0 ? 1 : (uint64_t)(360.0 / width);
}

static int64_t row_of(const struct sah_grid *grid, int32_t lat_e7)
{
    return (int64_t)((lat_e7 / 1e7 + 90.0) / grid->row_degrees);
}

static uint64_t column_of(uint64_t columns, int32_t lon_e7)
{
    return (uint64_t)((lon_e7 / 1e7 + 180.0) / 360.0 * (double)columns) % columns;
}

/* Exact: two cells never share a key. */
static uint64_t cell_key(int64_t row, uint64_t column)
{
    return (uint64_t)row << 32 | column;
}

static bool is_on_earth(const struct sah_incident_facts *facts)
{
    return !facts->has_point || (facts->lat_e7 >= -900000000 && facts->lat_e7 <= 900000000 &&
                                 facts->lon_e7 >= -1800000000 && facts->lon_e7 <= 1800000000);
}

/* ---- lists */

static uint32_t bucket_of(const struct sah_grid *grid, uint64_t key)
{
    key ^= key >> 33;
    key *= UINT64_C(0xff51afd7ed558ccd);
    key ^= key >> 33;
    return (uint32_t)key & grid->bucket_mask;
}

static int32_t *head_of(struct sah_grid *grid, enum list list, int32_t at)
{
    if (list == LIST_CLOSED)
        return &grid->closed_first;
    return &grid->heads[list][bucket_of(grid, grid->entries[at].keys[list])];
}

static void push(struct sah_grid *grid, enum list list, int32_t at)
{
    int32_t *head = head_of(grid, list, at);
    struct link *link = &grid->entries[at].links[list];

    *link = (struct link){.prev = NONE, .next = *head, .on = true};
    if (*head != NONE)
        grid->entries[*head].links[list].prev = at;
    else if (list == LIST_CLOSED)
        grid->closed_last = at;
    *head = at;
}

static void pull(struct sah_grid *grid, enum list list, int32_t at)
{
    struct link *link = &grid->entries[at].links[list];

    if (!link->on)
        return;
    if (link->prev != NONE)
        grid->entries[link->prev].links[list].next = link->next;
    else
        *head_of(grid, list, at) = link->next;
    if (link->next != NONE)
        grid->entries[link->next].links[list].prev = link->prev;
    else if (list == LIST_CLOSED)
        grid->closed_last = link->prev;
    link->on = false;
}

/* The first entry at or after `at` of this very key. */
static int32_t same_key(const struct sah_grid *grid, enum list list, int32_t at, uint64_t key)
{
    while (at != NONE && grid->entries[at].keys[list] != key)
        at = grid->entries[at].links[list].next;
    return at;
}

static int32_t first(const struct sah_grid *grid, enum list list, uint64_t key)
{
    return same_key(grid, list, grid->heads[list][bucket_of(grid, key)], key);
}

static int32_t after(const struct sah_grid *grid, enum list list, int32_t at)
{
    const struct entry *entry = &grid->entries[at];

    return same_key(grid, list, entry->links[list].next, entry->keys[list]);
}

static int32_t slot_of(const struct sah_grid *grid, const char *id)
{
    int32_t at = first(grid, LIST_ID, sah_sameness_hash(sah_slice_of(id)));

    while (at != NONE && strcmp(grid->entries[at].facts.id, id) != 0)
        at = after(grid, LIST_ID, at);
    return at;
}

/* Hangs the entry in front of its lists, by what its facts say now. */
static void hang(struct sah_grid *grid, int32_t at)
{
    struct entry *entry = &grid->entries[at];
    const struct sah_incident_facts *facts = &entry->facts;

    for (enum list list = 0; list < N_TABLES; list++)
        pull(grid, list, at);
    entry->order = ++grid->order;
    entry->keys[LIST_ID] = sah_sameness_hash(sah_slice_of(facts->id));
    push(grid, LIST_ID, at);
    if (facts->has_point) {
        int64_t row = row_of(grid, facts->lat_e7);

        entry->keys[LIST_CELL] =
            cell_key(row, column_of(row_columns(grid, row), facts->lon_e7));
        push(grid, LIST_CELL, at);
    }
    if (facts->text != 0) {
        entry->keys[LIST_TEXT] = facts->text;
        push(grid, LIST_TEXT, at);
    }
    if (facts->callback != 0) {
        entry->keys[LIST_CALLBACK] = facts->callback;
        push(grid, LIST_CALLBACK, at);
    }
}

static void drop(struct sah_grid *grid, int32_t at)
{
    for (enum list list = 0; list < N_LISTS; list++)
        pull(grid, list, at);
    grid->stats.closed -= grid->entries[at].facts.closed_ms != 0;
    grid->entries[at].used = false;
    grid->free_slots[grid->n_free++] = at;
    grid->stats.held--;
}

/* ---- create, destroy */

int sah_grid_create(const struct sah_sameness_rules *rules, unsigned capacity,
                    struct sah_grid **ret_grid)
{
    struct sah_grid *grid;
    size_t buckets = 16;

    if (capacity == 0 || capacity > SAH_GRID_CAPACITY_MAX)
        return SAH_EINVAL;
    grid = calloc(1, sizeof *grid);
    if (grid == NULL)
        return SAH_ENOMEM;
    grid->magic = GRID_MAGIC;
    while (buckets < (size_t)capacity * 2)
        buckets *= 2;
    grid->entries = calloc(capacity, sizeof *grid->entries);
    grid->free_slots = calloc(capacity, sizeof *grid->free_slots);
    if (grid->entries == NULL || grid->free_slots == NULL)
        goto fail;
    for (enum list list = 0; list < N_TABLES; list++) {
        grid->heads[list] = malloc(buckets * sizeof *grid->heads[list]);
        if (grid->heads[list] == NULL)
            goto fail;
        for (size_t i = 0; i < buckets; i++)
            grid->heads[list][i] = NONE;
    }
    for (unsigned i = 0; i < capacity; i++) /* the first slot is given out first */
        grid->free_slots[i] = (int32_t)(capacity - 1 - i);
    grid->n_free = grid->stats.capacity = capacity;
    grid->bucket_mask = (uint32_t)buckets - 1;
    grid->closed_first = grid->closed_last = NONE;
    grid->rules = rules;
    grid->reach_degrees = fmax(1.0, sah_sameness_reach_m(rules)) / METRES_PER_DEGREE;
    grid->row_degrees = MARGIN * grid->reach_degrees;
    grid->longest_ms = sah_sameness_longest_ms(rules);
    *ret_grid = grid;
    return SAH_OK;

fail:
    sah_grid_destroy(grid);
    return SAH_ENOMEM;
}

void sah_grid_destroy(struct sah_grid *grid)
{
    if (grid == NULL)
        return;
    SAH_CHECK(grid, GRID_MAGIC);
    for (enum list list = 0; list < N_TABLES; list++)
        free(grid->heads[list]);
    free(grid->free_slots);
    free(grid->entries);
    grid->magic = 0;
    free(grid);
}

/* ---- changes */

int sah_grid_insert(struct sah_grid *grid, const struct sah_incident_facts *facts)
{
    struct entry *entry;
    int32_t at;

    SAH_CHECK(grid, GRID_MAGIC);
    if (facts->id[0] == '\0' || !is_on_earth(facts))
        return SAH_EINVAL;
    if (slot_of(grid, facts->id) != NONE)
        return SAH_EEXIST;
    if (grid->n_free == 0 && grid->closed_last == NONE) {
        grid->stats.refused++;
        return SAH_ELIMIT;
    }
    if (grid->n_free == 0) {
        grid->stats.evicted++;
        drop(grid, grid->closed_last);
    }
    at = grid->free_slots[--grid->n_free];
    entry = &grid->entries[at];
    memset(entry, 0, sizeof *entry);
    entry->used = true;
    entry->facts = *facts;
    entry->facts.group = (uint8_t)sah_sameness_group(grid->rules, facts->type, facts->service);
    entry->facts.report_count += facts->report_count == 0;
    entry->facts.text_reports += facts->text_reports == 0;
    hang(grid, at);
    grid->stats.held++;
    grid->stats.inserted++;
    if (facts->closed_ms != 0) {
        push(grid, LIST_CLOSED, at);
        grid->stats.closed++;
    }
    return SAH_OK;
}

static void take_place(struct sah_incident_facts *to, const struct sah_incident_facts *from)
{
    to->has_point = from->has_point;
    to->method = from->method;
    to->lat_e7 = from->lat_e7;
    to->lon_e7 = from->lon_e7;
    to->radius_m = from->radius_m;
}

static void take_missing(struct sah_incident_facts *to, const struct sah_incident_facts *from)
{
    if (!to->has_point && from->has_point)
        take_place(to, from);
    if (to->floor[0] == '\0')
        memcpy(to->floor, from->floor, sizeof to->floor);
    if (to->building[0] == '\0')
        memcpy(to->building, from->building, sizeof to->building);
    to->callback = to->callback != 0 ? to->callback : from->callback;
    to->patient = to->patient != 0 ? to->patient : from->patient;
    to->complaint = to->complaint != 0 ? to->complaint : from->complaint;
}

int sah_grid_report(struct sah_grid *grid, const char *id,
                    const struct sah_incident_facts *report, int64_t now_ms)
{
    struct sah_incident_facts *facts;
    int32_t at = slot_of(grid, id);

    SAH_CHECK(grid, GRID_MAGIC);
    if (at == NONE)
        return SAH_ENOENT;
    if (!is_on_earth(report))
        return SAH_EINVAL;
    facts = &grid->entries[at].facts;
    facts->report_count++;
    facts->text_reports += facts->text != 0 && facts->text == report->text;
    if (now_ms > facts->last_ms)
        facts->last_ms = now_ms;
    if (sah_priority_class(report->priority) < sah_priority_class(facts->priority))
        facts->priority = report->priority;
    if (report->patients > facts->patients)
        facts->patients = report->patients;
    facts->trapped = facts->trapped || report->trapped;
    take_missing(facts, report);
    hang(grid, at);
    return SAH_OK;
}

int sah_grid_leave(struct sah_grid *grid, const char *id)
{
    int32_t at = slot_of(grid, id);

    if (at == NONE)
        return SAH_ENOENT;
    if (grid->entries[at].facts.report_count > 0)
        grid->entries[at].facts.report_count--;
    return SAH_OK;
}

int sah_grid_move(struct sah_grid *grid, const char *id, const struct sah_incident_facts *place)
{
    int32_t at = slot_of(grid, id);

    if (at == NONE)
        return SAH_ENOENT;
    if (!is_on_earth(place))
        return SAH_EINVAL;
    take_place(&grid->entries[at].facts, place);
    memcpy(grid->entries[at].facts.floor, place->floor, sizeof place->floor);
    memcpy(grid->entries[at].facts.building, place->building, sizeof place->building);
    hang(grid, at);
    return SAH_OK;
}

int sah_grid_close(struct sah_grid *grid, const char *id, int64_t closed_ms)
{
    int32_t at = slot_of(grid, id);

    if (at == NONE)
        return SAH_ENOENT;
    pull(grid, LIST_CLOSED, at);
    grid->stats.closed -= grid->entries[at].facts.closed_ms != 0;
    grid->entries[at].facts.closed_ms = closed_ms;
    if (closed_ms != 0) {
        push(grid, LIST_CLOSED, at);
        grid->stats.closed++;
    }
    return SAH_OK;
}

int sah_grid_remove(struct sah_grid *grid, const char *id)
{
    int32_t at = slot_of(grid, id);

    if (at == NONE)
        return SAH_ENOENT;
    drop(grid, at);
    return SAH_OK;
}

unsigned sah_grid_expire(struct sah_grid *grid, int64_t now_ms, unsigned limit)
{
    unsigned n = 0;

    SAH_CHECK(grid, GRID_MAGIC);
    if (limit > grid->stats.capacity)
        limit = grid->stats.capacity;
    for (; limit > 0; limit--) {
        const struct entry *entry = &grid->entries[grid->cursor];
        int64_t end = entry->facts.last_ms;

        end = end < entry->facts.opened_ms ? entry->facts.opened_ms : end;
        end = end < entry->facts.closed_ms ? entry->facts.closed_ms : end;
        if (entry->used && now_ms - end > grid->longest_ms) {
            drop(grid, (int32_t)grid->cursor);
            n++;
        }
        grid->cursor = (grid->cursor + 1) % grid->stats.capacity;
    }
    grid->stats.expired += n;
    return n;
}

const struct sah_incident_facts *sah_grid_find(const struct sah_grid *grid, const char *id)
{
    int32_t at = slot_of(grid, id);

    return at == NONE ? NULL : &grid->entries[at].facts;
}

void sah_grid_stats(const struct sah_grid *grid, struct sah_grid_stats *ret_stats)
{
    *ret_stats = grid->stats;
}

/* ---- matching */

struct search {
    struct sah_grid *grid;
    struct sah_incident_facts candidate; /* with its group and its text_reports */
    int64_t now_ms;
    struct sah_grid_matches *found;
};

static bool better(const struct sah_grid_match *a, const struct sah_grid_match *b)
{
    if (a->verdict.kind != b->verdict.kind)
        return a->verdict.kind > b->verdict.kind;
    if (a->verdict.distance_m != b->verdict.distance_m)
        return a->verdict.distance_m < b->verdict.distance_m;
    if (a->last_ms != b->last_ms)
        return a->last_ms > b->last_ms;
    return strcmp(a->id, b->id) < 0;
}

static void keep(struct sah_grid_matches *found, const struct sah_grid_match *match)
{
    unsigned at = found->n;

    if (at == SAH_GRID_MATCHES_MAX) {
        if (!better(match, &found->items[at - 1]))
            return;
        at--;
    } else {
        found->n++;
    }
    for (; at > 0 && better(match, &found->items[at - 1]); at--)
        found->items[at] = found->items[at - 1];
    found->items[at] = *match;
}

static void look_at(struct search *search, int32_t at)
{
    struct entry *entry = &search->grid->entries[at];
    struct sah_grid_match match;

    if (entry->seen == search->grid->serial) /* in a cell and in a list of words */
        return;
    entry->seen = search->grid->serial;
    search->found->looked++;
    match.verdict = sah_sameness_judge(search->grid->rules, &entry->facts, &search->candidate,
                                       search->now_ms);
    if (match.verdict.kind == SAH_SAME_NONE ||
        strcmp(entry->facts.id, search->candidate.id) == 0)
        return;
    memcpy(match.id, entry->facts.id, sizeof match.id);
    match.last_ms = entry->facts.last_ms;
    match.report_count = entry->facts.report_count;
    keep(search->found, &match);
}

/* Entries of nine lists, newest report first over all of them. */
static void look_around(struct search *search)
{
    struct sah_grid *grid = search->grid;
    int64_t row = row_of(grid, search->candidate.lat_e7);
    int32_t at[9];
    unsigned n = 0;

    for (int64_t r = row - 1; r <= row + 1; r++) {
        uint64_t columns, column;

        if (r < 0)
            continue;
        columns = row_columns(grid, r);
        column = column_of(columns, search->candidate.lon_e7);
        for (uint64_t step = 0; step < 3; step++) /* over the date line too */
            at[n++] =
                first(grid, LIST_CELL, cell_key(r, (column + columns + step - 1) % columns));
    }
    for (unsigned looked = 0;; looked++) {
        int newest = NONE;

        for (unsigned i = 0; i < n; i++)
            if (at[i] != NONE && (newest == NONE ||
                                  grid->entries[at[i]].order > grid->entries[at[newest]].order))
                newest = (int)i;
        if (newest == NONE)
            return;
        if (looked == SAH_GRID_LOOK_MAX) {
            search->found->cut = true;
            return;
        }
        look_at(search, at[newest]);
        at[newest] = after(grid, LIST_CELL, at[newest]);
    }
}

static void look_along(struct search *search, enum list list, uint64_t key)
{
    int32_t at = key != 0 ? first(search->grid, list, key) : NONE;

    for (unsigned n = 0; at != NONE; n++, at = after(search->grid, list, at)) {
        if (n == SAH_GRID_CHAIN_MAX) {
            search->found->cut = true;
            return;
        }
        look_at(search, at);
    }
}

/* How many others sent these very words before. */
static uint32_t earlier_reports(const struct sah_grid *grid,
                                const struct sah_incident_facts *candidate, int64_t now_ms)
{
    int32_t at = candidate->text != 0 ? first(grid, LIST_TEXT, candidate->text) : NONE;
    uint32_t reports = 0;

    for (unsigned n = 0; at != NONE && n < SAH_GRID_CHAIN_MAX; n++) {
        const struct sah_incident_facts *facts = &grid->entries[at].facts;

        if ((facts->sender == 0 || facts->sender != candidate->sender) &&
            strcmp(facts->id, candidate->id) != 0 &&
            now_ms - facts->last_ms <= (int64_t)grid->rules->rumour_window_ms)
            reports += facts->text_reports;
        at = after(grid, LIST_TEXT, at);
    }
    return reports;
}

void sah_grid_match(struct sah_grid *grid, const struct sah_incident_facts *candidate,
                    int64_t now_ms, struct sah_grid_matches *ret_matches)
{
    struct search search = {
        .grid = grid, .candidate = *candidate, .now_ms = now_ms, .found = ret_matches};

    SAH_CHECK(grid, GRID_MAGIC);
    memset(ret_matches, 0, sizeof *ret_matches);
    grid->serial++;
    grid->stats.matches++;
    search.candidate.group =
        (uint8_t)sah_sameness_group(grid->rules, candidate->type, candidate->service);
    search.candidate.text_reports = earlier_reports(grid, candidate, now_ms);
    if (candidate->has_point && is_on_earth(candidate))
        look_around(&search);
    look_along(&search, LIST_TEXT, candidate->text);
    look_along(&search, LIST_CALLBACK, candidate->callback);
    grid->stats.cut += ret_matches->cut;
}
