/*
 * incident - the live incidents in memory: matched before a commit, learned from commits and from the
 * store's feed. See incident.h.
 *
 * Owns:    the grid, and one entry for each request that was heard of lately: its sender (layer 1), its
 *          agencies. Both are bounded; what does not fit is not matched, and nothing else happens.
 * Never:   holds words or numbers: hashes, codes and places only.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "policy/grid.h"

#define NONE UINT32_MAX
#define FEED_EVERY_MS 500
#define OPEN_MAX 8
#define FIELDS_MAX 24

struct known { /* a request */
    bool used;
    char id[SAH_INCIDENT_ID_SIZE];   /* its own incident */
    char main[SAH_INCIDENT_ID_SIZE]; /* the one it is linked to; "" = none */
    uint64_t sender;
    struct sah_open_request open;
    unsigned n_agencies;
    uint16_t agencies[SAH_LINES_MAX];
    uint32_t next_id, next_sender;
};
struct incidents {
    const struct sah_sameness_rules *rules;
    struct sah_grid *grid;
    struct known *known;
    uint32_t *by_id, *by_sender;
    uint32_t capacity, mask, next; /* next: which entry goes when a new one comes */
    uint32_t nonce;                /* of this core's own rows */
    struct sah_feed_cursor cursor;
    bool asking, loaded;
    uint64_t next_ask_ms, fed_ms;
};

/* ---- what is known of requests */

static uint64_t hash_of(const char *id)
{
    return sah_sameness_hash(sah_slice_of(id));
}

static struct known *find(const struct incidents *in, const char *id)
{
    for (uint32_t i = in->by_id[hash_of(id) & in->mask]; i != NONE; i = in->known[i].next_id)
        if (strcmp(in->known[i].id, id) == 0)
            return &in->known[i];
    return NULL;
}

static void unchain(uint32_t *head, struct known *known, uint32_t i, size_t next_at)
{
    while (*head != i && *head != NONE)
        head = (uint32_t *)(void *)((char *)&known[*head] + next_at);
    if (*head == i)
        *head = *(uint32_t *)(void *)((char *)&known[i] + next_at);
}

static struct known *add(struct incidents *in, const char *id, uint64_t sender)
{
    uint32_t i = in->next;
    struct known *k = &in->known[i];

    in->next = (in->next + 1) % in->capacity;
    if (k->used) {
        unchain(&in->by_id[hash_of(k->id) & in->mask], in->known, i, offsetof(struct known, next_id));
        unchain(&in->by_sender[k->sender & in->mask], in->known, i, offsetof(struct known, next_sender));
    }
    memset(k, 0, sizeof *k);
    k->used = true;
    (void)sah_format(k->id, sizeof k->id, "%s", id);
    k->sender = sender;
    k->next_id = in->by_id[hash_of(id) & in->mask];
    in->by_id[hash_of(id) & in->mask] = i;
    k->next_sender = in->by_sender[sender & in->mask];
    in->by_sender[sender & in->mask] = i;
    return k;
}

int incidents_create(struct sah_core *core, struct incidents **ret)
{
    struct incidents *in = calloc(1, sizeof *in);
    uint32_t capacity = core->s.incidents_max > 0 ? core->s.incidents_max : 20000, size = 16;

    if (in == NULL)
        return SAH_ENOMEM;
    while (size < capacity)
        size *= 2;
    in->rules = core->s.sameness;
    in->capacity = capacity;
    in->mask = size - 1;
    in->nonce = core->s.chance->next(core->s.chance->data);
    in->known = calloc(capacity, sizeof *in->known);
    in->by_id = malloc(size * sizeof *in->by_id);
    in->by_sender = malloc(size * sizeof *in->by_sender);
    if (in->known == NULL || in->by_id == NULL || in->by_sender == NULL ||
        sah_grid_create(in->rules, capacity, &in->grid) != SAH_OK) {
        incidents_destroy(in);
        return SAH_ENOMEM;
    }
    memset(in->by_id, 0xff, size * sizeof *in->by_id);
    memset(in->by_sender, 0xff, size * sizeof *in->by_sender);
    *ret = in;
    return SAH_OK;
}

void incidents_destroy(struct incidents *in)
{
    if (in == NULL)
        return;
    sah_grid_destroy(in->grid);
    free(in->known);
    free(in->by_id);
    free(in->by_sender);
    free(in);
}

void incident_own(const char *request_id, char dst[SAH_INCIDENT_ID_SIZE])
{
    (void)sah_format(dst, SAH_INCIDENT_ID_SIZE, "I%s", request_id + 1);
}

bool incident_has_agency(const struct incident_match *match, const struct sah_core *core, const char *agency)
{
    for (unsigned i = 0; i < match->n_agencies; i++)
        if (match->agencies[i] < core->s.roster->n_agencies &&
            strcmp(core->s.roster->agencies[match->agencies[i]].id, agency) == 0)
            return true;
    return false;
}

/* ---- matching */

static void note_add(char *note, const char *format, ...) SAH_PRINTF(2, 3);

static void note_add(char *note, const char *format, ...)
{
    size_t len = strlen(note);
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(note + len, SAH_NOTE_SIZE - len, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= SAH_NOTE_SIZE - len)
        note[len] = '\0'; /* whole or not at all */
}

static void suggest(struct incident_match *m, const char *incident_id, const char *reason, uint32_t distance_m)
{
    if (strncmp(m->note, "p=", 2) == 0 && strlen(m->note) > 3 * 45)
        return;
    if (distance_m == SAH_SAME_NO_DISTANCE)
        note_add(m->note, "%sp=%s,%s,-", m->note[0] ? " " : "", incident_id, reason);
    else
        note_add(m->note, "%sp=%s,%s,%u", m->note[0] ? " " : "", incident_id, reason, distance_m);
}

static void link_to(const struct sah_core *core, struct incident_match *m, const char *incident_id,
                    const char *reason)
{
    const struct known *main = find(core->incidents, incident_id);

    if (main == NULL || main->n_agencies == 0) {
        suggest(m, incident_id, reason, SAH_SAME_NO_DISTANCE);
        return;
    }
    m->link = true;
    (void)sah_format(m->incident_id, sizeof m->incident_id, "%s", incident_id);
    (void)sah_format(m->main_id, sizeof m->main_id, "%c%s", core->s.lane == SAH_LANE_BULK ? 'B' : 'E', incident_id + 1);
    m->n_agencies = main->n_agencies;
    memcpy(m->agencies, main->agencies, sizeof m->agencies);
    note_add(m->note, "%sl=%s,%s", m->note[0] ? " " : "", m->main_id, reason);
}

/* Layer 1: the same sender. True when that decides it. */
static bool match_sender(const struct sah_core *core, const struct sah_request *whole, const char *own,
                         struct incident_match *m)
{
    const struct incidents *in = core->incidents;
    struct sah_open_request open[OPEN_MAX];
    const struct known *of[OPEN_MAX];
    const struct sah_triage *t = &whole->triage;
    struct sah_repeat repeat;
    unsigned n = 0;

    for (uint32_t i = in->by_sender[m->facts.sender & in->mask]; i != NONE && n < OPEN_MAX;
         i = in->known[i].next_sender) {
        const struct known *k = &in->known[i];

        if (k->sender != m->facts.sender || strcmp(k->id, own) == 0)
            continue;
        of[n] = k;
        open[n++] = k->open;
    }
    repeat = sah_sameness_repeat(in->rules, open, n, m->facts.text, t->service, t->incident_type, m->facts.priority,
                                 core->now.wall_ms);
    if (repeat.of < 0)
        return false;
    if (repeat.earlier) { /* left open long ago: its own request, and a dispatcher sees both */
        suggest(m, of[repeat.of]->main[0] ? of[repeat.of]->main : of[repeat.of]->id, "same_sender_before",
                SAH_SAME_NO_DISTANCE);
        return false;
    }
    if (repeat.kind == SAH_SENDER_NEW && !repeat.same_incident)
        return false;
    if (repeat.kind == SAH_SENDER_NEW || repeat.reopen) {
        /* A new danger, or one that was closed lately: a request of its own in that incident, and the
         * dispatcher is shown what was before. */
        m->same_incident = true;
        (void)sah_format(m->incident_id, sizeof m->incident_id, "%s",
                         of[repeat.of]->main[0] ? of[repeat.of]->main : of[repeat.of]->id);
        suggest(m, m->incident_id, repeat.reopen ? "closed" : "same_sender", SAH_SAME_NO_DISTANCE);
        return true;
    }
    m->at_once = m->facts.priority != SAH_PRIORITY_UNSPECIFIED && m->facts.priority < open[repeat.of].priority;
    link_to(core, m, of[repeat.of]->main[0] ? of[repeat.of]->main : of[repeat.of]->id, "same_sender");
    return m->link;
}

static void match_place(struct sah_core *core, struct incident_match *m)
{
    const struct incidents *in = core->incidents;
    struct sah_grid_matches matches;

    sah_grid_match(in->grid, &m->facts, core->now.wall_ms, &matches);
    for (unsigned i = 0; i < matches.n; i++) {
        const struct sah_grid_match *g = &matches.items[i];

        if (g->verdict.kind == SAH_SAME_LINK && !m->link) {
            const struct sah_incident_facts *main = sah_grid_find(in->grid, g->id);

            link_to(core, m, g->id, sah_same_reason_name(g->verdict.reason));
            if (m->link && main != NULL)
                m->at_once = m->facts.priority < main->priority || (m->facts.trapped && !main->trapped) ||
                             (m->facts.has_point && !main->has_point);
        } else if (g->verdict.kind == SAH_SAME_SUGGEST) {
            suggest(m, g->id, sah_same_reason_name(g->verdict.reason), g->verdict.distance_m);
        }
    }
}

bool incident_is_fresh(const struct sah_core *core)
{
    return core->incidents->loaded && core->now.mono_ms <= core->incidents->fed_ms + INCIDENT_FED_MS;
}

void incident_match(struct sah_core *core, const struct sah_request *whole, const char *own,
                    enum sah_priority priority, bool is_new, struct incident_match *ret)
{
    const struct incidents *in = core->incidents;

    memset(ret, 0, sizeof *ret);
    if (in == NULL)
        return;
    ret->on = true;
    sah_sameness_facts(in->rules, whole, own, priority, core->now.wall_ms, &ret->facts);
    if (!incident_is_fresh(core)) {
        note_add(ret->note, "d"); /* what others have is not known: everything goes on its way */
        core->counters.dedup_unavailable++;
        return;
    }
    if (!is_new || !match_sender(core, whole, own, ret))
        match_place(core, ret);
}

/* ---- rows: what routers tell each other of a change */

static void put_agencies(const struct sah_core *core, const struct sah_change *change,
                         const struct sah_request_view *view, char *dst, size_t size)
{
    const struct sah_line *lines[SAH_LINES_MAX];
    unsigned n = change_lines_after(change, view, lines);
    size_t len = 0;

    (void)core;
    (void)sah_format(dst, size, "-");
    for (unsigned i = 0; i < n; i++) {
        size_t more = strlen(lines[i]->agency);

        if (lines[i]->state == SAH_STATE_REJECTED || lines[i]->state == SAH_STATE_EXPIRED || len + more + 2 > size)
            continue;
        if (len > 0)
            dst[len++] = ',';
        memcpy(dst + len, lines[i]->agency, more + 1);
        len += more;
    }
}

/* "o": a request of its own, or one that moved; "r": one that is linked. */
static void row_of_facts(const struct sah_core *core, struct sah_change *change,
                         const struct sah_request_view *view, const struct incident_match *match)
{
    const struct sah_incident_facts *f = &match->facts;
    const char *main = change->set_main && change->main_id[0] != '\0' ? change->main_id : "-";
    char floor[2 * SAH_SAME_FLOOR_SIZE + 1] = "-", agencies[200];

    if (f->floor[0] != '\0')
        sah_hex(floor, f->floor, strlen(f->floor));
    put_agencies(core, change, view, agencies, sizeof agencies);
    if (sah_format(change->feed, sizeof change->feed,
                   "%c %08x %s %s %s %s %u %u %u %u %u %u %lld %s %llx %llx %llx %llx %u %u %u %s %s",
                   main[0] == '-' ? 'o' : 'r', core->incidents->nonce, change->request_id, main,
                   f->type[0] ? f->type : "-", f->service[0] ? f->service : "-", (unsigned)f->priority,
                   f->has_point, (unsigned)f->method, (unsigned)f->lat_e7, (unsigned)f->lon_e7, f->radius_m,
                   (long long)f->last_ms, floor, (unsigned long long)f->callback,
                   (unsigned long long)f->complaint, (unsigned long long)f->text,
                   (unsigned long long)f->sender, f->text_bytes, f->patients,
                   (unsigned)f->trapped | (unsigned)f->another << 1 | (unsigned)f->often_forwarded << 2,
                   agencies, f->building[0] ? f->building : "-") != SAH_OK)
        change->feed[0] = '\0';
}

void incident_feed(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                   const struct incident_match *match)
{
    if (core->incidents == NULL || change->feed[0] != '\0')
        return;
    if (match != NULL && match->on) {
        row_of_facts(core, change, view, match);
        return;
    }
    if (change->closed_ms >= 0) /* closed, or open again */
        (void)sah_format(change->feed, sizeof change->feed, "c %08x %s %lld", core->incidents->nonce,
                         change->request_id, (long long)change->closed_ms);
    else if (change->set_main && change->main_id[0] == '\0' && view != NULL && view->main_id[0] != '\0')
        (void)sah_format(change->feed, sizeof change->feed, "u %08x %s %s", core->incidents->nonce,
                         change->request_id, view->main_id);
}

static unsigned split(const char *row, struct sah_slice fields[FIELDS_MAX])
{
    unsigned n = 0;

    while (n < FIELDS_MAX && *row != '\0') {
        size_t len = strcspn(row, " ");

        fields[n++] = (struct sah_slice){row, len};
        row += len + (row[len] == ' ');
    }
    return n;
}

static uint64_t number(struct sah_slice text, unsigned base)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        value = value * base + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static void text_of(struct sah_slice field, char *dst, size_t size)
{
    if (sah_slice_is(field, "-") || sah_copy(dst, size, field.ptr, field.len) != SAH_OK)
        dst[0] = '\0';
}

static void take_agencies(const struct sah_core *core, struct sah_slice list, struct known *k)
{
    const char *at = list.ptr, *end = list.ptr + list.len;

    k->n_agencies = 0;
    while (at < end && k->n_agencies < SAH_LINES_MAX) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        const struct sah_agency *a = sah_roster_agency(core->s.roster, (struct sah_slice){at, (size_t)(stop - at)});

        if (a != NULL)
            k->agencies[k->n_agencies++] = (uint16_t)(a - core->s.roster->agencies);
        at = stop + 1;
    }
}

/* A grid that does not hold it finds nothing there, and nothing else happens. */
static void try_it(int err)
{
    SAH_UNUSED(err);
}

static void know_facts(struct sah_core *core, const struct sah_slice *v, unsigned n)
{
    struct incidents *in = core->incidents;
    struct sah_incident_facts f = {.report_count = 1};
    char rid[SAH_REQUEST_ID_SIZE], main[SAH_REQUEST_ID_SIZE], main_incident[SAH_INCIDENT_ID_SIZE], hex[33];
    struct known *k;

    text_of(v[2], rid, sizeof rid);
    text_of(v[3], main, sizeof main);
    if (rid[0] == '\0')
        return;
    incident_own(rid, f.id);
    text_of(v[4], f.type, sizeof f.type);
    text_of(v[5], f.service, sizeof f.service);
    f.group = (uint8_t)sah_sameness_group(in->rules, f.type, f.service);
    f.priority = (enum sah_priority)(number(v[6], 10) % (SAH_PRIORITY_P4 + 1));
    f.has_point = number(v[7], 10) == 1;
    f.method = (enum sah_place_method)(number(v[8], 10) % (SAH_METHOD_DEFAULT + 1));
    f.lat_e7 = (int32_t)(uint32_t)number(v[9], 10);
    f.lon_e7 = (int32_t)(uint32_t)number(v[10], 10);
    f.radius_m = (uint32_t)number(v[11], 10);
    f.opened_ms = f.last_ms = (int64_t)number(v[12], 10);
    text_of(v[13], hex, sizeof hex);
    for (size_t i = 0; hex[0] != '\0' && hex[2 * i + 1] != '\0' && i + 1 < sizeof f.floor; i++)
        f.floor[i] = (char)number((struct sah_slice){hex + 2 * i, 2}, 16);
    f.callback = number(v[14], 16);
    f.complaint = number(v[15], 16);
    f.text = number(v[16], 16);
    f.sender = number(v[17], 16);
    f.text_bytes = (uint32_t)number(v[18], 10);
    f.patients = (uint32_t)number(v[19], 10);
    f.trapped = number(v[20], 10) & 1;
    f.another = number(v[20], 10) >> 1 & 1;
    if (n > 22)
        text_of(v[22], f.building, sizeof f.building);
    f.often_forwarded = number(v[20], 10) >> 2 & 1;

    k = find(in, f.id);
    if (k == NULL)
        k = add(in, f.id, f.sender);
    memcpy(k->open.service, f.service, sizeof k->open.service);
    memcpy(k->open.type, f.type, sizeof k->open.type);
    k->open.priority = f.priority;
    k->open.text = f.text;
    k->open.text_ms = k->open.forwarded_ms = f.last_ms;
    take_agencies(core, v[21], k);
    if (main[0] != '\0') {
        incident_own(main, main_incident);
        memcpy(k->main, main_incident, sizeof k->main);
        try_it(sah_grid_remove(in->grid, f.id)); /* linked later than it came */
        try_it(sah_grid_report(in->grid, main_incident, &f, f.last_ms));
    } else if (sah_grid_insert(in->grid, &f) == SAH_EEXIST && f.has_point) {
        try_it(sah_grid_move(in->grid, f.id, &f));
    }
}

void incident_known(struct sah_core *core, const char *row)
{
    struct incidents *in = core->incidents;
    struct sah_slice v[FIELDS_MAX];
    char rid[SAH_REQUEST_ID_SIZE], id[SAH_INCIDENT_ID_SIZE], main[SAH_REQUEST_ID_SIZE];
    unsigned n = in != NULL ? split(row, v) : 0;
    struct known *k;

    if (n < 4)
        return;
    if ((row[0] == 'o' || row[0] == 'r') && (n == 22 || n == 23)) { /* an older router names no building */
        know_facts(core, v, n);
        return;
    }
    text_of(v[2], rid, sizeof rid);
    if (rid[0] == '\0')
        return;
    incident_own(rid, id);
    k = find(in, id);
    if (row[0] == 'c') {
        try_it(sah_grid_close(in->grid, id, (int64_t)number(v[3], 10)));
        if (k != NULL)
            k->open.closed_ms = (int64_t)number(v[3], 10);
    } else if (row[0] == 'u') {
        text_of(v[3], main, sizeof main);
        if (main[0] != '\0') {
            incident_own(main, id);
            try_it(sah_grid_leave(in->grid, id));
        }
        if (k != NULL)
            k->main[0] = '\0';
    }
}

void incident_is_full(struct sah_core *core, const char *main_id)
{
    char id[SAH_INCIDENT_ID_SIZE];

    if (core->incidents == NULL)
        return;
    incident_own(main_id, id);
    try_it(sah_grid_remove(core->incidents->grid, id));
}

/* ---- the feed */

static void on_fed(void *data, int err, const struct sah_fed *fed)
{
    struct sah_core *core = data;
    struct incidents *in = core->incidents;
    char mine[12];

    if (in == NULL) /* the core is being destroyed */
        return;
    in->asking = false;
    if (err != SAH_OK)
        return;
    (void)sah_format(mine, sizeof mine, "%08x ", in->nonce);
    for (unsigned i = 0; i < fed->n; i++)
        if (strlen(fed->rows[i]) > 2 && strncmp(fed->rows[i] + 2, mine, 9) != 0)
            incident_known(core, fed->rows[i]);
    in->cursor = fed->cursor;
    in->fed_ms = core->now.mono_ms;
    in->loaded = in->loaded || !fed->more;
    if (fed->more)
        in->next_ask_ms = 0;
}

void incidents_tick(struct sah_core *core)
{
    struct incidents *in = core->incidents;
    int64_t window_ms;

    if (in == NULL || in->asking || core->now.mono_ms < in->next_ask_ms)
        return;
    window_ms = sah_sameness_longest_ms(in->rules);
    in->asking = true;
    in->next_ask_ms = core->now.mono_ms + FEED_EVERY_MS;
    (void)sah_grid_expire(in->grid, core->now.wall_ms, 256);
    core->s.store->feed(core->s.store->data, &in->cursor, window_ms < 86400000 ? (uint32_t)window_ms : 86400000,
                        on_fed, core);
}

void incidents_store_came(struct sah_core *core)
{
    if (core->incidents == NULL)
        return;
    core->incidents->next_ask_ms = 0;
    incidents_tick(core);
}
