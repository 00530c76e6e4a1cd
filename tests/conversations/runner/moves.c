/*
 * moves - see moves.h.
 */
#include "moves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reads.h"

static struct sah_incoming in;
static struct sah_outbox_event event;
static struct sah_message result;

/* "\n" in a page is a line feed of the citizen's. */
static void set_text(const char *words)
{
    while (*words != '\0' && in.text_len < SAH_TEXT_MAX) {
        bool feed = words[0] == '\\' && words[1] == 'n';

        in.text[in.text_len++] = (char)(feed ? '\n' : *words);
        words += feed ? 2 : 1;
    }
}

static bool citizen(struct talk *t, const char *rest)
{
    memset(&in, 0, sizeof in);
    in.kind = SAH_INCOMING_TEXT;
    set_text(rest);
    talk_take(t, &in);
    return true;
}

/* By what stands on it, the newest first; "[svc:108]" is an id, for buttons that nobody has sent. */
static bool taps(struct talk *t, const char *rest)
{
    const struct sah_choice *found = NULL;
    size_t len = strlen(rest);

    memset(&in, 0, sizeof in);
    in.kind = SAH_INCOMING_CHOICE;
    if (len > 2 && rest[0] == '[' && rest[len - 1] == ']') {
        (void)sah_copy_cut(in.choice, sizeof in.choice, rest + 1, len - 2);
    } else {
        for (unsigned i = t->n_read; i > 0 && found == NULL; i--)
            found = reads_choice(t->texts, talk_language(t), &t->read[i - 1], rest);
        if (found == NULL) {
            t->fault(t, "no reply so far has such a button");
            return false;
        }
        memcpy(in.choice, found->id, sizeof in.choice);
        set_text(found->title);
    }
    talk_take(t, &in);
    return true;
}

/* "17.385, 78.4867", "none" of a phone without a fix; behind it perhaps a name or address. */
static bool pin(struct talk *t, const char *rest)
{
    char *end;
    double lat = strtod(rest, &end), lon = *end == ',' ? strtod(end + 1, &end) : 0;

    memset(&in, 0, sizeof in);
    in.kind = SAH_INCOMING_PLACE;
    in.place.method = SAH_METHOD_GPS_PIN;
    if (strncmp(rest, "none", 4) == 0) {
        end = (char *)rest + 4;
    } else {
        in.place.has_point = true;
        in.place.lat_e7 = (int32_t)(lat * 1e7 + 0.5);
        in.place.lon_e7 = (int32_t)(lon * 1e7 + 0.5);
    }
    if (*end == ',')
        (void)sah_format(in.place.address, sizeof in.place.address, "%s", end + 1 + (end[1] == ' '));
    talk_take(t, &in);
    return true;
}

/* "photo", "voice note: words under it" */
static bool sends(struct talk *t, const char *rest)
{
    static const struct {
        const char *word, *mime, *type;
        enum sah_incoming_kind kind;
    } kinds[] = {
        {"photo", "image/jpeg", "image", SAH_INCOMING_MEDIA},
        {"video", "video/mp4", "video", SAH_INCOMING_MEDIA},
        {"voice note", "audio/ogg", "audio", SAH_INCOMING_MEDIA},
        {"document", "application/pdf", "document", SAH_INCOMING_MEDIA},
        {"sticker", "", "sticker", SAH_INCOMING_OTHER},
        {"poll", "", "poll", SAH_INCOMING_OTHER},
        {"contact", "", "contacts", SAH_INCOMING_CONTACT},
        {"reaction", "", "reaction", SAH_INCOMING_SILENT},
        {"nothing that can be read", "", "text", SAH_INCOMING_TEXT},
    };
    const char *colon = strchr(rest, ':');
    size_t len = colon == NULL ? strlen(rest) : (size_t)(colon - rest);

    for (size_t i = 0; i < SAH_LEN(kinds); i++) {
        if (strlen(kinds[i].word) != len || strncmp(kinds[i].word, rest, len) != 0)
            continue;
        memset(&in, 0, sizeof in);
        in.kind = kinds[i].kind;
        (void)sah_format(in.type_name, sizeof in.type_name, "%s", kinds[i].type);
        if (kinds[i].mime[0] != '\0') {
            in.n_media = 1;
            (void)sah_format(in.media[0].ref, sizeof in.media[0].ref, "media:1");
            (void)sah_format(in.media[0].mime, sizeof in.media[0].mime, "%s", kinds[i].mime);
        }
        if (in.kind == SAH_INCOMING_CONTACT)
            (void)sah_format(in.citizen.callback, sizeof in.citizen.callback, "919000000009");
        if (colon != NULL)
            set_text(colon + 1 + (colon[1] == ' '));
        talk_take(t, &in);
        return true;
    }
    t->fault(t, "a photo, video, voice note, document, sticker, poll, contact or reaction can be sent");
    return false;
}

static bool passes(struct talk *t, const char *rest)
{
    static const struct {
        const char *word;
        int64_t ms;
    } units[] = {{"second", 1000}, {"minute", 60000}, {"hour", 3600000}, {"day", 86400000}};
    char *end;
    long n = strtol(rest, &end, 10);

    while (*end == ' ')
        end++;
    for (size_t i = 0; i < SAH_LEN(units) && n > 0; i++)
        if (strncmp(end, units[i].word, strlen(units[i].word)) == 0) {
            t->now_ms += n * units[i].ms;
            memset(&t->step, 0, sizeof t->step);
            return true;
        }
    t->fault(t, "write for example: 6 minutes");
    return false;
}

/* "2026-11-23 21:30", in India. */
static bool time_of(struct talk *t, const char *rest)
{
    int year, month, day, hour, minute;
    int64_t y, era, days;

    memset(&t->step, 0, sizeof t->step);
    if (sscanf(rest, "%d-%d-%d %d:%d", &year, &month, &day, &hour, &minute) != 5) {
        t->fault(t, "write for example: 2026-11-23 21:30");
        return false;
    }
    y = month <= 2 ? year - 1 : year;
    era = y / 400;
    days = era * 146097 + (y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100 +
           (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
    t->now_ms = days * 86400000 + (hour * 60 + minute) * INT64_C(60000) - 19800000;
    return true;
}

/* "108 ACKNOWLEDGED": cut in two. */
static bool agency_and_state(struct talk *t, char *item, const char **ret_agency, enum sah_state *ret_state)
{
    char *blank = item == NULL ? NULL : strrchr(item, ' ');

    if (blank != NULL) {
        *blank = '\0';
        *ret_agency = item;
        *ret_state = sah_state_from(sah_slice_of(blank + 1));
        if (*ret_state != SAH_STATE_UNSPECIFIED)
            return true;
    }
    t->fault(t, "an agency and a state are needed: 108 ACKNOWLEDGED");
    return false;
}

static void set_detail(struct talk *t, struct sah_agency_status *s, const char *item)
{
    unsigned number = (unsigned)strtoul(item + strcspn(item, "0123456789"), NULL, 10);

    if (strncmp(item, "case ", 5) == 0)
        (void)sah_format(s->case_no, sizeof s->case_no, "%s", item + 5);
    else if (strncmp(item, "vehicle ", 8) == 0)
        (void)sah_format(s->units[s->n_units++], SAH_UNIT_SIZE, "%s", item + 8);
    else if (strncmp(item, "in ", 3) == 0)
        s->eta_s = number * 60;
    else if (strncmp(item, "price ", 6) == 0)
        s->price_paise = number * 100;
    else if (strncmp(item, "pay ", 4) == 0)
        (void)sah_format(s->payment_url, sizeof s->payment_url, "%s", item + 4);
    else if (strncmp(item, "comes in ", 9) == 0)
        s->due_ms = t->now_ms + number * INT64_C(86400000);
    else if (strncmp(item, "because ", 8) == 0)
        (void)sah_format(s->reason_text, sizeof s->reason_text, "%s", item + 8);
    else if (strcmp(item, "cancel declined") == 0)
        s->reason = SAH_REASON_CANCEL_DECLINED;
    else if (strcmp(item, "open already") == 0)
        event.again = true;
    else
        t->fault(t, "an agency's line may say: case, vehicle, in N min, price, pay, comes in N days, because, "
                    "cancel declined, open already");
}

static bool agency(struct talk *t, const char *rest)
{
    char copy[600], *list = copy;
    struct sah_agency_status *s = &event.status;
    const struct talk_request *r;
    const char *who;

    (void)sah_format(copy, sizeof copy, "%s", rest);
    memset(&event, 0, sizeof event);
    if (!agency_and_state(t, page_item(&list, ", "), &who, &s->state))
        return false;
    r = talk_request_of(t, who);
    if (r == NULL) {
        t->fault(t, "no agency has a request yet");
        return false;
    }
    for (char *item = page_item(&list, ", "); item != NULL; item = page_item(&list, ", "))
        set_detail(t, s, item);
    (void)sah_format(event.agency_says, sizeof event.agency_says, "%s", who);
    (void)sah_format(event.dial, sizeof event.dial, "%s", who[0] >= 'A' ? "1967" : who);
    (void)sah_format(s->agency, sizeof s->agency, "%s", who);
    memcpy(s->request_id, r->request_id, sizeof s->request_id);
    memcpy(event.service, r->service, sizeof event.service);
    event.emergency = r->lane == SAH_LANE_EMERGENCY;
    s->level = s->state >= SAH_STATE_ACKNOWLEDGED ? SAH_LEVEL_PERSON : SAH_LEVEL_MACHINE;
    t->person = t->person || s->level == SAH_LEVEL_PERSON;
    talk_event(t, &event);
    return true;
}

/* "away", "back", "unconfirmed", "refuses, 30 minutes", "answers 108 ACKNOWLEDGED, case C-1" */
static bool router(struct talk *t, const char *rest)
{
    char copy[600], *list = copy;
    struct sah_result *r = &result.u.result;
    const char *who;

    (void)sah_format(copy, sizeof copy, "%s", rest);
    memset(&t->step, 0, sizeof t->step);
    memset(&result, 0, sizeof result);
    result.kind = SAH_KIND_RESULT;
    if (strcmp(rest, "away") == 0) {
        t->router_away = true;
    } else if (strcmp(rest, "back") == 0) {
        talk_router_back(t);
    } else if (strcmp(rest, "unconfirmed") == 0) {
        talk_not_accepted(t, NULL);
    } else if (strncmp(rest, "refuses, ", 9) == 0) {
        r->code = SAH_RESULT_REFUSED;
        r->retry_after_ms = (uint32_t)strtoul(rest + 9, NULL, 10) * 60000;
        talk_not_accepted(t, &result);
    } else if (strncmp(rest, "answers ", 8) == 0) {
        list = copy + 8;
        r->code = SAH_RESULT_ACCEPTED;
        r->n_agencies = 1;
        if (!agency_and_state(t, page_item(&list, ", case "), &who, &r->agencies[0].state))
            return false;
        (void)sah_format(r->agencies[0].agency_says, sizeof r->agencies[0].agency_says, "%s", who);
        (void)sah_format(r->agencies[0].dial, sizeof r->agencies[0].dial, "%s", who[0] >= 'A' ? "1967" : who);
        if (list != NULL)
            (void)sah_format(r->agencies[0].case_no, sizeof r->agencies[0].case_no, "%s", list);
        memcpy(result.request_id, t->query.request_id, sizeof result.request_id);
        talk_status(t, &result);
    } else {
        t->fault(t, "a router is away, back, unconfirmed, refuses, or answers");
        return false;
    }
    return true;
}

static bool restart(struct talk *t, const char *rest)
{
    SAH_UNUSED(rest); /* each step goes through the store as it is: the word is for who reads the page */
    memset(&t->step, 0, sizeof t->step);
    return true;
}

bool move_play(struct talk *t, const struct page_line *line)
{
    static bool (*const moves[])(struct talk *t, const char *rest) = {
        [PAGE_TIME] = time_of, [PAGE_CITIZEN] = citizen, [PAGE_TAPS] = taps,
        [PAGE_PIN] = pin,      [PAGE_SENDS] = sends,     [PAGE_WAIT] = passes,
        [PAGE_RESTART] = restart, [PAGE_ROUTER] = router, [PAGE_AGENCY] = agency,
    };

    SAH_ASSERT(line->word < SAH_LEN(moves));
    return moves[line->word](t, line->rest);
}
