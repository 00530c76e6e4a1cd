/*
 * shape_status - the rows of status.proto, outbox.proto and link.proto: what agencies say, what
 * citizens are to hear, what routers and adapters say to each other.
 */
#include "rows.h"

#include <sahaya/v1/link.pb-c.h>
#include <sahaya/v1/outbox.pb-c.h>
#include <sahaya/v1/status.pb-c.h>

#define ETA_MAX_S 86400

/* Nobody is told that a person has it when nobody can say which one (I9). */
static int check_status(struct walk *walk, const struct where *at, const void *plain)
{
    const struct sah_agency_status *status = plain;

    if (status->level == SAH_LEVEL_PERSON && status->by[0] == '\0')
        return refuse(walk, at, "by", -1, "empty at level PERSON");
    return SAH_OK;
}

/* An event without a name could never be acked. */
static int check_event(struct walk *walk, const struct where *at, const void *plain)
{
    const struct sah_outbox_event *event = plain;

    return event->event_id[0] == '\0' ? refuse(walk, at, "event_id", -1, "empty") : SAH_OK;
}

static int check_ack(struct walk *walk, const struct where *at, const void *plain)
{
    const struct sah_outbox_ack *ack = plain;

    return ack->event_id[0] == '\0' ? refuse(walk, at, "event_id", -1, "empty") : SAH_OK;
}

#define W Sahaya__V1__AgencyStatus
#define P struct sah_agency_status
static const struct row agency_status_rows[] = {
    TEXT(agency, RULE_SLUG),
    TEXT(endpoint, RULE_SLUG),
    TEXT(request_id, RULE_REQUEST_ID),
    U32(sequence_seen, NO_BOUND),
    ENUM(level, LAST(SAH_LEVELS)),
    ENUM(state, LAST(SAH_STATES)),
    ENUM(reason, LAST(SAH_REASONS)),
    TEXT(reason_text, RULE_TEXT),
    TEXT(by, RULE_LINE),
    TEXT(case_no, RULE_LINE),
    TEXTS(units, RULE_LINE),
    U32(eta_s, ETA_MAX_S),
    TIME(due_ms),
    U32(price_paise, NO_BOUND),
    TEXT(payment_url, RULE_URL),
    TEXT(disposition, RULE_LINE),
    TIME(sent_ms),
};
const struct shape shape_agency_status =
    SHAPE(agency_status_rows, sahaya__v1__agency_status__descriptor, check_status);
#undef W
#undef P

#define W Sahaya__V1__OutboxEvent
#define P struct sah_outbox_event
static const struct row outbox_event_rows[] = {
    TEXT(event_id, RULE_LINE),
    TEXT(channel, RULE_SLUG),
    TEXT(account, RULE_LINE),
    TEXT(sender, RULE_LINE),
    TEXT(reply_token, RULE_LINE),
    TEXT(language, RULE_LANGUAGE),
    ENUM(comm_pref, LAST(SAH_COMM_PREFS)),
    FLAG(emergency),
    TEXT(service, RULE_SERVICE),
    TEXT(incident_type, RULE_LINE),
    TEXT(agency_says, RULE_LINE),
    TEXT(dial, RULE_LINE),
    PART(status, shape_agency_status),
    FLAG(inferred),
    TIME(created_ms),
    FLAG(again),
    TEXT(name, RULE_LINE),
};
const struct shape shape_outbox_event =
    SHAPE(outbox_event_rows, sahaya__v1__outbox_event__descriptor, check_event);
#undef W
#undef P

#define W Sahaya__V1__OutboxAck
#define P struct sah_outbox_ack
static const struct row outbox_ack_rows[] = {
    TEXT(event_id, RULE_LINE),
};
const struct shape shape_outbox_ack =
    SHAPE(outbox_ack_rows, sahaya__v1__outbox_ack__descriptor, check_ack);
#undef W
#undef P

#define W Sahaya__V1__AgencyState
#define P struct sah_agency_state
static const struct row agency_state_rows[] = {
    TEXT(agency, RULE_SLUG),       TEXT(agency_says, RULE_LINE), TEXT(dial, RULE_LINE),
    ENUM(state, LAST(SAH_STATES)), TEXT(case_no, RULE_LINE),     U32(eta_s, ETA_MAX_S),
};
static const struct shape shape_agency_state =
    SHAPE(agency_state_rows, sahaya__v1__agency_state__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Result
#define P struct sah_result
static const struct row result_rows[] = {
    ENUM(code, LAST(SAH_RESULT_CODES)),
    U64(accept_seq),
    TEXT(store_run_id, RULE_LINE),
    U32(retry_after_ms, NO_BOUND),
    TEXT(reason, RULE_LINE),
    PARTS(agencies, shape_agency_state),
    FLAG(of_another),
};
const struct shape shape_result = SHAPE(result_rows, sahaya__v1__result__descriptor, NULL);
#undef W
#undef P

#define W Sahaya__V1__Hello
#define P struct sah_hello
static const struct row hello_rows[] = {
    TEXTS(channels, RULE_SLUG),
    ENUM(lane, SAH_LANE_BULK),
    TEXT(state, RULE_LINE),
    TEXT(version, RULE_LINE),
    TEXT(store_run_id, RULE_LINE),
};
const struct shape shape_hello = SHAPE(hello_rows, sahaya__v1__hello__descriptor, NULL);
#undef W
#undef P
