/*
 * script - the two stories as tables. See script.h.
 */
#include "script.h"

#include <string.h>

#define PRICE_PAISE 90500
#define DUE_MS      (INT64_C(2) * 24 * 3600 * 1000)
#define URL_SIZE    160

static const char *const states[] = {
    "ACKNOWLEDGED", "WAITING_UNIT", "UNIT_ASSIGNED", "EN_ROUTE",    "ON_SCENE",
    "TRANSPORTING", "UNIT_LOST",    "BOOKED",        "HANDED_OVER", "OUT_FOR_DELIVERY",
    "REJECTED",     "CANCELLED",    "CLOSED",        "REOPENED",
};

static const char *const unit_story[] = {"ACKNOWLEDGED", "UNIT_ASSIGNED", "EN_ROUTE",
                                         "ON_SCENE", "CLOSED"};
static const char *const booking_story[] = {"BOOKED", "OUT_FOR_DELIVERY", "HANDED_OVER",
                                            "CLOSED"};

int sah_script_state(const char *name)
{
    for (size_t i = 0; i < SAH_LEN(states); i++)
        if (strcmp(states[i], name) == 0)
            return (int)i;
    return -1;
}

const char *sah_script_name(int state)
{
    return state < 0 || (size_t)state >= SAH_LEN(states) ? "DELIVERED" : states[state];
}

void sah_script_default(bool booking, struct sah_steps *ret_steps)
{
    const char *const *story = booking ? booking_story : unit_story;

    ret_steps->n = booking ? SAH_LEN(booking_story) : SAH_LEN(unit_story);
    for (unsigned i = 0; i < ret_steps->n; i++)
        ret_steps->state[i] = (uint8_t)sah_script_state(story[i]);
}

bool sah_script_is_booking(const char *agency, const char *service)
{
    static const char *const companies[] = {"indane", "hp-gas", "bharatgas"};

    for (size_t i = 0; i < SAH_LEN(companies); i++)
        if (strcmp(companies[i], agency) == 0)
            return true;
    return strcmp(service, "LPG_BOOKING") == 0;
}

void sah_script_case_no(const char *agency, bool booking, uint64_t number, char *dst,
                        size_t size)
{
    if (sah_format(dst, size, booking ? "BK-%.16s-%05llu" : "C-%.16s-%05llu", agency,
                   (unsigned long long)number) != SAH_OK)
        dst[0] = '\0';
}

/* ---- what each state says beside its name */

static int say_unit(json_t *body, const struct sah_script_facts *facts)
{
    char unit[16];

    (void)sah_format(unit, sizeof unit, "TS09 %04u", (unsigned)(facts->number % 9000 + 1000));
    return json_object_set_new(body, "units", json_pack("[s]", unit));
}

static int say_eta(json_t *body, const struct sah_script_facts *facts)
{
    int err = say_unit(body, facts);

    return err != 0 ? err : json_object_set_new(body, "eta_s", json_integer(600));
}

static int say_booking(json_t *body, const struct sah_script_facts *facts)
{
    char url[URL_SIZE];
    json_t *more;
    int err;

    (void)sah_format(url, sizeof url, "https://pay.example.in/%s", facts->case_no);
    more = json_pack("{s:i,s:s,s:I}", "price_paise", PRICE_PAISE, "payment_url", url, "due_ms",
                     (json_int_t)facts->now_ms + DUE_MS);
    err = more == NULL ? -1 : json_object_update(body, more);
    json_decref(more);
    return err;
}

static int say_due(json_t *body, const struct sah_script_facts *facts)
{
    return json_object_set_new(body, "due_ms", json_integer(facts->now_ms));
}

static int say_waiting(json_t *body, const struct sah_script_facts *facts)
{
    SAH_UNUSED(facts);
    return json_object_set_new(body, "reason", json_string("NO_RESOURCE"));
}

static int say_disposition(json_t *body, const struct sah_script_facts *facts)
{
    return json_object_set_new(body, "disposition",
                               json_string(facts->booking ? "DELIVERED" : "SERVED"));
}

static const struct {
    const char *state;
    int (*say)(json_t *body, const struct sah_script_facts *facts);
} sayings[] = {
    {"WAITING_UNIT", say_waiting}, {"UNIT_ASSIGNED", say_unit}, {"EN_ROUTE", say_eta},
    {"ON_SCENE", say_unit},        {"TRANSPORTING", say_unit},  {"BOOKED", say_booking},
    {"OUT_FOR_DELIVERY", say_due}, {"REJECTED", say_waiting},   {"CLOSED", say_disposition},
};

static json_t *common(const char *state, const struct sah_script_facts *facts)
{
    json_t *body = json_pack("{s:s,s:s,s:s,s:I}", "state", state, "level", "PERSON", "by",
                             facts->booking ? "agent-1" : "dispatcher-1", "sent_ms",
                             (json_int_t)facts->now_ms);

    if (body != NULL && facts->case_no[0] != '\0')
        (void)json_object_set_new(body, "case_no", json_string(facts->case_no));
    if (body != NULL && facts->sequence_seen > 0)
        (void)json_object_set_new(body, "sequence_seen", json_integer(facts->sequence_seen));
    return body;
}

json_t *sah_script_status(int state, const struct sah_script_facts *facts)
{
    const char *name = sah_script_name(state);
    json_t *body = common(name, facts);

    for (size_t i = 0; body != NULL && i < SAH_LEN(sayings); i++) {
        if (strcmp(sayings[i].state, name) == 0 && sayings[i].say(body, facts) != 0) {
            json_decref(body);
            return NULL;
        }
    }
    return body;
}

json_t *sah_script_declined(int state, const struct sah_script_facts *facts)
{
    json_t *body = common(sah_script_name(state), facts);

    if (body != NULL)
        (void)json_object_set_new(body, "reason", json_string("CANCEL_DECLINED"));
    return body;
}
