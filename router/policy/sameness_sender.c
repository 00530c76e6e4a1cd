/*
 * sameness_sender - the part of sameness.h that looks at one request or one sender: facts,
 * exact keys, what a sender sends again, when an update may go, suspicion.
 */
#include <string.h>

#include "policy/sameness.h"

/* ---- hashes: FNV-1a in 64 bits; kept in memory only, so they may change */
#define HASH_BASIS   UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME   UINT64_C(0x00000100000001b3)
#define PHONE_DIGITS 10

static uint64_t hash_byte(uint64_t hash, unsigned char c)
{
    return (hash ^ c) * HASH_PRIME;
}

uint64_t sah_sameness_hash(struct sah_slice text)
{
    uint64_t hash = HASH_BASIS;
    bool any = false;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c <= ' ')
            continue;
        hash = hash_byte(hash, c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c);
        any = true;
    }
    if (!any)
        return 0;
    return hash != 0 ? hash : 1;
}

/* The last ten digits: with or without +91 or a leading 0 it is one number. */
static size_t phone_digits(struct sah_slice number, char dst[PHONE_DIGITS + 1])
{
    size_t n = 0;

    for (size_t i = number.len; i > 0 && n < PHONE_DIGITS; i--)
        if (number.ptr[i - 1] >= '0' && number.ptr[i - 1] <= '9')
            dst[PHONE_DIGITS - 1 - n++] = number.ptr[i - 1];
    memmove(dst, dst + PHONE_DIGITS - n, n);
    dst[n] = '\0';
    return n;
}

uint64_t sah_sameness_phone_hash(struct sah_slice number)
{
    char digits[PHONE_DIGITS + 1];
    size_t n = phone_digits(number, digits);

    return sah_sameness_hash((struct sah_slice){digits, n});
}

/* ---- facts of a request */

static int place_worth(const struct sah_place *place)
{
    switch (place->kind) {
    case SAH_PLACE_CURRENT_INCIDENT:
        return 3;
    case SAH_PLACE_INITIAL_INCIDENT:
        return 2;
    case SAH_PLACE_UNSPECIFIED:
    case SAH_PLACE_ROUTING:
    case SAH_PLACE_CALLER:
        return 1;
    case SAH_PLACE_DESTINATION:
        return 0; /* where to, not where */
    }
    return 0;
}

/* The scene: the newest place of the best kind. */
static const struct sah_place *scene_of(const struct sah_request *request)
{
    const struct sah_place *best = NULL;

    for (unsigned i = 0; i < request->n_places; i++) {
        const struct sah_place *place = &request->places[i];

        if (!place->has_point || place_worth(place) == 0)
            continue;
        if (best == NULL || place_worth(place) >= place_worth(best))
            best = place;
    }
    return best;
}

static void take_floor(const struct sah_request *request, const struct sah_place *scene,
                       struct sah_incident_facts *facts)
{
    const char *floor = scene != NULL ? scene->floor : "";

    /* A floor may be told before the point it belongs to. */
    for (unsigned i = request->n_places; floor[0] == '\0' && i > 0; i--)
        if (place_worth(&request->places[i - 1]) > 0)
            floor = request->places[i - 1].floor;
    if (floor[0] == '\0' && request->payload.kind == SAH_PAYLOAD_FIRE)
        floor = request->payload.u.fire.floor;
    (void)sah_copy_cut(facts->floor, sizeof facts->floor, floor, strlen(floor));
}

/* The name that a pin was given, as a hash: what routers tell each other holds no words. Only where it
 * decides something: who reports a fire from afar names where they stand, and that is no conflict. */
static void take_building(const struct sah_place *scene, struct sah_incident_facts *facts)
{
    char plain[sizeof scene->landmark];
    size_t n = 0;

    for (const char *c = scene->landmark; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80 || (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z'))
            plain[n++] = *c;
    if (n > 0)
        (void)sah_format(facts->building, sizeof facts->building, "%016llx",
                         (unsigned long long)sah_sameness_hash((struct sah_slice){plain, n}));
}

static bool says_another(const struct sah_sameness_rules *rules,
                         const struct sah_triage *triage)
{
    for (unsigned i = 0; rules->another_cue[0] != '\0' && i < triage->n_cues; i++)
        if (!triage->cues[i].negated && strcmp(triage->cues[i].name, rules->another_cue) == 0)
            return true;
    return false;
}

void sah_sameness_facts(const struct sah_sameness_rules *rules,
                        const struct sah_request *request, const char *incident_id,
                        enum sah_priority priority, int64_t accepted_ms,
                        struct sah_incident_facts *ret_facts)
{
    const struct sah_triage *triage = &request->triage;
    const struct sah_citizen *citizen = &request->citizen;
    const struct sah_place *scene = scene_of(request);
    struct sah_incident_facts *f = ret_facts;

    memset(f, 0, sizeof *f);
    (void)sah_format(f->id, sizeof f->id, "%s", incident_id);
    memcpy(f->type, triage->incident_type, sizeof f->type);
    (void)sah_format(f->service, sizeof f->service, "%s",
                     triage->service[0] != '\0' ? triage->service : "UNKNOWN");
    f->group = (uint8_t)sah_sameness_group(rules, f->type, f->service);
    f->priority = priority;
    f->opened_ms = f->last_ms = accepted_ms;
    if (scene != NULL) {
        f->has_point = true;
        f->method = scene->method;
        f->lat_e7 = scene->lat_e7;
        f->lon_e7 = scene->lon_e7;
        f->radius_m = scene->radius_m;
    }
    take_floor(request, scene, f);
    if (scene != NULL && rules->groups[f->group - 1].one_building)
        take_building(scene, f);
    f->callback = sah_sameness_phone_hash(sah_slice_of(citizen->callback));
    f->sender = sah_sameness_hash(sah_slice_of(citizen->sender));
    f->text = sah_sameness_hash((struct sah_slice){request->text, request->text_len});
    f->text_bytes = request->text_len;
    if (request->payload.kind == SAH_PAYLOAD_AMBULANCE)
        f->complaint = sah_sameness_hash(sah_slice_of(request->payload.u.ambulance.complaint));
    f->report_count = 1;
    f->patients = triage->patients;
    f->trapped = triage->trapped == SAH_TRI_YES;
    f->another = says_another(rules, triage);
    f->often_forwarded = citizen->often_forwarded;
}

/* ---- exact keys */

/* Capital letters and digits of `src`, so that "12-34 a" is "1234A". False when none is left.
 */
static bool add_plain(struct sah_slice src, char *dst, size_t size)
{
    size_t n = strlen(dst), start = n;

    for (size_t i = 0; i < src.len && n + 1 < size; i++) {
        char c = src.ptr[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 32);
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))
            dst[n++] = c;
    }
    dst[n] = '\0';
    return n > start;
}

/* A form of its own for each kind of number, or two connections could share a key. */
static bool lpg_key(const struct sah_lpg *lpg, const char *callback,
                    char key[SAH_SAME_KEY_SIZE])
{
    char digits[PHONE_DIGITS + 1];

    if (strcmp(lpg->op, "BOOK") != 0)
        return false;
    (void)sah_format(key, SAH_SAME_KEY_SIZE, "lpg/%s/consumer/", lpg->company);
    if (add_plain(sah_slice_of(lpg->consumer_no), key, SAH_SAME_KEY_SIZE))
        return true;
    (void)sah_format(key, SAH_SAME_KEY_SIZE, "lpg/id/"); /* 17 digits name the company too */
    if (add_plain(sah_slice_of(lpg->lpg_id), key, SAH_SAME_KEY_SIZE))
        return true;
    if (phone_digits(sah_slice_of(callback), digits) < PHONE_DIGITS)
        return false;
    (void)sah_format(key, SAH_SAME_KEY_SIZE, "lpg/%s/mobile/%s", lpg->company, digits);
    return true;
}

static bool transport_key(const struct sah_transport *t, char key[SAH_SAME_KEY_SIZE])
{
    int64_t day = (t->pickup_from_ms != 0 ? t->pickup_from_ms : t->due_date_ms);

    if (t->trip[0] == '\0' || day <= 0)
        return false;
    /* The day in India: +5:30, no summer time. */
    day = (day + INT64_C(19800000)) / INT64_C(86400000);
    (void)sah_format(key, SAH_SAME_KEY_SIZE, "102/%s/%lld/", t->trip, (long long)day);
    return add_plain(sah_slice_of(t->beneficiary), key, SAH_SAME_KEY_SIZE);
}

enum sah_exact_kind sah_sameness_exact_key(const struct sah_request *request,
                                           char ret_key[SAH_SAME_KEY_SIZE])
{
    ret_key[0] = '\0';
    if (request->payload.kind == SAH_PAYLOAD_LPG &&
        lpg_key(&request->payload.u.lpg, request->citizen.callback, ret_key))
        return SAH_EXACT_ONE_OPEN;
    if (request->payload.kind == SAH_PAYLOAD_TRANSPORT &&
        transport_key(&request->payload.u.transport, ret_key))
        return SAH_EXACT_REPLACES;
    ret_key[0] = '\0';
    return SAH_EXACT_NONE;
}

/* ---- layer 1 */

static bool is_over(const struct sah_sameness_rules *rules, const struct sah_open_request *open,
                    int64_t now_ms)
{
    return open->closed_ms != 0 && now_ms - open->closed_ms > (int64_t)rules->reopen_ms;
}

/* How long after its newest words a request takes up what its sender says: the window of its type,
 * and never less than a closed one has. After a jump of the clock back it is not old. */
static bool is_old(const struct sah_sameness_rules *rules, const struct sah_open_request *open,
                   int64_t now_ms)
{
    uint32_t window =
        rules->groups[sah_sameness_group(rules, open->type, open->service) - 1].window_ms;

    window = window > rules->reopen_ms ? window : rules->reopen_ms;
    return open->closed_ms == 0 && now_ms - open->text_ms > (int64_t)window;
}

static bool is_named(const char *service, const char *type)
{
    return type[0] != '\0' || (service[0] != '\0' && strcmp(service, "UNKNOWN") != 0);
}

/* Words without a type of their own belong to what is open; so does a type of the same kind. */
static bool compatible(const struct sah_sameness_rules *rules,
                       const struct sah_open_request *open, const char *service,
                       const char *type)
{
    unsigned a, b;

    if (!is_named(service, type) ||
        (strcmp(open->type, type) == 0 && strcmp(open->service, service) == 0))
        return true;
    a = sah_sameness_group(rules, type, service) - 1;
    b = sah_sameness_group(rules, open->type, open->service) - 1;
    if (a == rules->otherwise || b == rules->otherwise)
        return strcmp(open->service, service) == 0;
    return a == b || (rules->groups[a].same_as & (UINT32_C(1) << b)) != 0;
}

static bool is_confidential(const struct sah_sameness_rules *rules, const char *service,
                            const char *type)
{
    return rules->groups[sah_sameness_group(rules, type, service) - 1].confidential;
}

static enum sah_repeat_kind repeat_of(const struct sah_sameness_rules *rules,
                                      const struct sah_open_request *open,
                                      enum sah_priority priority, uint64_t text, int64_t now_ms)
{
    bool emergency = sah_priority_is_emergency(open->priority);

    if (text == 0 || text != open->text || open->closed_ms != 0)
        return SAH_SENDER_APPEND;
    /* Ranked higher than what is open: the agencies must hear it now. */
    if (priority != SAH_PRIORITY_UNSPECIFIED && priority < open->priority)
        return SAH_SENDER_APPEND;
    if (!emergency)
        return now_ms - open->text_ms < (int64_t)rules->repeat_counted_ms
                   ? SAH_SENDER_REPEAT_COUNTED
                   : SAH_SENDER_APPEND;
    /* After a jump of the clock back, rather once too often than never. */
    if (now_ms < open->forwarded_ms ||
        now_ms - open->forwarded_ms >= (int64_t)rules->repeat_forward_ms)
        return SAH_SENDER_REPEAT_FORWARD;
    return SAH_SENDER_REPEAT_COUNTED;
}

/* The request the message belongs to: an open one before a closed one, then the newest words.
 */
static bool better(const struct sah_open_request *a, const struct sah_open_request *b)
{
    if ((a->closed_ms == 0) != (b->closed_ms == 0))
        return a->closed_ms == 0;
    return a->text_ms > b->text_ms;
}

struct sah_repeat sah_sameness_repeat(const struct sah_sameness_rules *rules,
                                      const struct sah_open_request *open, unsigned n_open,
                                      uint64_t text, const char *service, const char *type,
                                      enum sah_priority priority, int64_t now_ms)
{
    struct sah_repeat result = {.kind = SAH_SENDER_NEW, .of = -1};
    bool urgent = sah_priority_is_emergency(priority);
    int fits = -1, related = -1, earlier = -1;

    for (unsigned i = 0; i < n_open; i++) {
        bool same_lane = sah_priority_is_emergency(open[i].priority) == urgent ||
                         priority == SAH_PRIORITY_UNSPECIFIED;

        if (is_over(rules, &open[i], now_ms))
            continue;
        if (is_old(rules, &open[i], now_ms)) {
            if (same_lane && urgent && !is_confidential(rules, open[i].service, open[i].type) &&
                (earlier < 0 || better(&open[i], &open[earlier])))
                earlier = (int)i;
            continue;
        }
        if (same_lane && compatible(rules, &open[i], service, type) &&
            (fits < 0 || better(&open[i], &open[fits])))
            fits = (int)i;
        if (open[i].closed_ms == 0 && (related < 0 || better(&open[i], &open[related])))
            related = (int)i;
    }
    if (fits >= 0) {
        result.kind = repeat_of(rules, &open[fits], priority, text, now_ms);
        result.of = fits;
        result.reopen = open[fits].closed_ms != 0;
        return result;
    }
    /* A new danger: a request of its own, in the same incident when both are emergencies. */
    result.earlier = related < 0 && earlier >= 0 &&
                     (!is_named(service, type) || !is_confidential(rules, service, type));
    result.of = result.earlier ? earlier : related;
    result.same_incident = related >= 0 && urgent &&
                           sah_priority_is_emergency(open[related].priority) &&
                           !is_confidential(rules, service, type) &&
                           !is_confidential(rules, open[related].service, open[related].type);
    return result;
}

int64_t sah_sameness_update_due(const struct sah_sameness_rules *rules, int64_t last_update_ms,
                                int64_t now_ms, bool got_worse, bool people_trapped,
                                bool new_place)
{
    int64_t since = now_ms - last_update_ms;

    if (got_worse || people_trapped || new_place || last_update_ms == 0 ||
        since >= (int64_t)rules->update_ms)
        return now_ms;
    /* A last update in the future is a clock that jumped: wait once, not until it is reached.
     */
    return since < 0 ? now_ms + rules->update_ms : last_update_ms + rules->update_ms;
}

/* ---- suspicion */

unsigned sah_suspicion(const struct sah_suspicion_rules *rules,
                       const struct sah_sender_history *history, int64_t now_ms)
{
    uint64_t marks =
        (uint64_t)history->false_reports + history->false_alarms + history->no_patient;
    uint64_t points = (uint64_t)history->false_reports * rules->false_report +
                      (uint64_t)history->false_alarms * rules->false_alarm +
                      (uint64_t)history->no_patient * rules->no_patient;

    if (marks == 0)
        return 0;
    if (history->first_seen_ms != 0 && now_ms - history->first_seen_ms < rules->new_sender_ms)
        points += rules->new_sender;
    /* Bounded before the share is taken: a hundred marks are still undone by real calls. */
    points = points > 100 ? 100 : points;
    return (unsigned)(points * marks / (marks + history->confirmed));
}
