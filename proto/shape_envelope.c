/*
 * shape_envelope - the rows of envelope.proto, and what each kind of message cannot do without.
 */
#include "rows.h"

#include <sahaya/v1/envelope.pb-c.h>

/* What only some kinds must have. */
static const struct {
    bool id, request_id, citizen;
} needs[] = {
    [SAH_KIND_REQUEST] = {.id = true, .citizen = true},
    [SAH_KIND_AMENDMENT] = {.id = true, .request_id = true},
    [SAH_KIND_CANCEL] = {.id = true, .request_id = true},
    [SAH_KIND_STATUS_QUERY] = {.id = true, .request_id = true},
    [SAH_KIND_RESULT] = {.id = true},
    [SAH_KIND_OUTBOX_EVENT] = {0},
    [SAH_KIND_OUTBOX_ACK] = {0},
    [SAH_KIND_HELLO] = {0},
};

static int check_envelope(struct walk *walk, const struct where *at, const void *plain)
{
    const struct sah_message *message = plain;
    const struct sah_citizen *citizen = &message->u.request.citizen;
    const struct where request = {at, "request", -1};

    if (message->kind == SAH_KIND_UNSPECIFIED)
        return refuse(walk, at, "body", -1, "missing or of an unknown kind");
    if (needs[message->kind].id && sah_id_is_zero(&message->id))
        return refuse(walk, at, "message_id", -1, "missing");
    if (needs[message->kind].request_id && message->request_id[0] == '\0')
        return refuse(walk, at, "request_id", -1, "missing");
    if (!needs[message->kind].citizen)
        return SAH_OK;
    /* Without these three nobody could be answered, nor a second message be recognised. */
    if (citizen->channel[0] == '\0')
        return refuse(walk, &request, "citizen.channel", -1, "empty");
    if (citizen->account[0] == '\0')
        return refuse(walk, &request, "citizen.account", -1, "empty");
    if (citizen->sender[0] == '\0')
        return refuse(walk, &request, "citizen.sender", -1, "empty");
    return SAH_OK;
}

#define ARM(name, NAME)                                         \
    {                                                           \
#name, &shape_##name, SAHAYA__V1__ENVELOPE__BODY_##NAME \
    }
static const struct arm body_arms[] = {
    [SAH_KIND_UNSPECIFIED] = {0},
    [SAH_KIND_REQUEST] = ARM(request, REQUEST),
    [SAH_KIND_AMENDMENT] = ARM(amendment, AMENDMENT),
    [SAH_KIND_CANCEL] = ARM(cancel, CANCEL),
    [SAH_KIND_STATUS_QUERY] = ARM(status_query, STATUS_QUERY),
    [SAH_KIND_RESULT] = ARM(result, RESULT),
    [SAH_KIND_OUTBOX_EVENT] = ARM(outbox_event, OUTBOX_EVENT),
    [SAH_KIND_OUTBOX_ACK] = ARM(outbox_ack, OUTBOX_ACK),
    [SAH_KIND_HELLO] = ARM(hello, HELLO),
};
_Static_assert(SAH_LEN(body_arms) == SAH_LEN(needs), "each kind stands in both tables");

#define W Sahaya__V1__Envelope
#define P struct sah_message
#define ID(wire_, plain_)                                           \
    {                                                               \
        .name = #wire_, .kind = ROW_ID, .wire = offsetof(W, wire_), \
        .plain = offsetof(P, plain_), .size = SIZE_IN(P, plain_)    \
    }
static const struct row envelope_rows[] = {
    U32(schema_version, NO_BOUND),
    ID(message_id, id),
    TEXT(request_id, RULE_REQUEST_ID),
    TEXT(incident_id, RULE_INCIDENT_ID),
    U32(sequence, NO_BOUND),
    ID(causation_id, causation),
    TEXT(producer, RULE_LINE),
    TIME(created_ms),
    TIME(accepted_ms),
    ENUM(environment, LAST(SAH_ENVIRONMENTS)),
    ID(trace, trace),
    {.name = "body",
     .kind = ROW_CHOICE,
     .wire = offsetof(W, request),
     .wire_count = offsetof(W, body_case),
     .plain = offsetof(P, u),
     .plain_count = offsetof(P, kind),
     .max = SAH_LEN(body_arms),
     .arms = body_arms},
};
const struct shape shape_envelope =
    SHAPE(envelope_rows, sahaya__v1__envelope__descriptor, check_envelope);
