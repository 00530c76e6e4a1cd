/*
 * again - what is asked a second time: of a request that is over, and in the bulk lane of one that is
 * open (domain 9: one open booking of a connection; the same words within a minute).
 *
 * Owns:    what such a message becomes: a request that names the one before, or an amendment of the open
 *          one. Which request is open is the store's to say, in the step that writes (sah_change.exact).
 * Used by: intake.
 * Never:   drops one: its words are kept with the request it became part of (I3), and its citizen hears
 *          which that is (I8). Never for P0 to P2: there each message goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#define REOPEN_MS  1800000 /* when no rules say it */
#define COUNTED_MS 60000

/* ---- of one that is over */

void again_whole(const struct sah_amendment *amendment, const struct sah_request_view *view,
                 struct sah_request *ret_whole)
{
    const struct sah_request *before = &view->request->u.request;
    struct sah_triage *triage = &ret_whole->triage;

    *ret_whole = amendment->part;
    ret_whole->citizen.vulnerable |= before->citizen.vulnerable;
    if (ret_whole->urgency == SAH_URGENCY_UNSPECIFIED)
        ret_whole->urgency = before->urgency;
    if (ret_whole->payload.kind == SAH_PAYLOAD_NONE)
        ret_whole->payload = before->payload;
    if (ret_whole->n_places == 0) {
        ret_whole->n_places = before->n_places;
        memcpy(ret_whole->places, before->places, sizeof ret_whole->places);
    }
    if (triage->service[0] == '\0')
        memcpy(triage->service, before->triage.service, sizeof triage->service);
    if (triage->incident_type[0] == '\0')
        memcpy(triage->incident_type, before->triage.incident_type, sizeof triage->incident_type);
    if (triage->patients < before->triage.patients)
        triage->patients = before->triage.patients;
}

bool again_is_over(const struct sah_core *core, const struct sah_request_view *view, int64_t now_ms)
{
    int64_t reopen_ms = core->s.sameness != NULL ? core->s.sameness->reopen_ms : REOPEN_MS;

    return !core->s.direct && view->closed_ms > 0 && now_ms - view->closed_ms > reopen_ms;
}

int again_as_request(struct sah_message *m, const struct sah_request_view *view, struct sah_buf *bytes)
{
    struct sah_message *new = calloc(1, sizeof *new);
    int err = SAH_ENOMEM;

    if (new == NULL)
        return err;
    *new = *m;
    new->kind = SAH_KIND_REQUEST;
    new->request_id[0] = new->incident_id[0] = '\0';
    new->sequence = 1;
    memset(&new->u, 0, sizeof new->u);
    again_whole(&m->u.amendment, view, &new->u.request);
    memcpy(new->u.request.related_request_id, view->request_id, sizeof new->u.request.related_request_id);
    err = sah_message_encode(new, bytes, NULL, 0);
    if (err == SAH_OK)
        *m = *new;
    free(new);
    return err;
}

/* ---- of one that is open, in the bulk lane */

/* Two hashes of one text begin differently: what is equal in both is equal. The connection's number is
 * nowhere in the store but in its message. */
static void set_exact(struct sah_change *change, const char *key, size_t len, uint32_t ms)
{
    char text[64 + SAH_SAME_KEY_SIZE];
    uint64_t hash[2];

    for (unsigned i = 0; i < 2; i++) {
        (void)sah_format(text, sizeof text, "%u/%.*s", i, (int)len, key);
        hash[i] = sah_sameness_hash(sah_slice_of(text));
    }
    (void)sah_format(change->exact, sizeof change->exact, "%016llx%016llx", (unsigned long long)hash[0],
                     (unsigned long long)hash[1]);
    change->exact_ms = ms;
}

static uint64_t words_of(const struct sah_request *request)
{
    return sah_sameness_hash((struct sah_slice){request->text, request->text_len});
}

static uint32_t counted_ms(const struct sah_core *core)
{
    return core->s.sameness != NULL ? core->s.sameness->repeat_counted_ms : COUNTED_MS;
}

void again_claim(const struct sah_core *core, const struct sah_request *request, enum sah_priority priority,
                 bool words, struct sah_change *change)
{
    char key[SAH_SAME_KEY_SIZE];

    if (core->s.lane != SAH_LANE_BULK || sah_priority_is_emergency(priority))
        return;
    if (sah_sameness_exact_key(request, key) != SAH_EXACT_NONE) {
        set_exact(change, key, strlen(key), 0);
    } else if (words && words_of(request) != 0) {
        (void)sah_format(key, sizeof key, "words/%016llx/%016llx/%s",
                         (unsigned long long)sah_sameness_hash(sah_slice_of(request->citizen.sender)),
                         (unsigned long long)words_of(request), request->triage.service);
        set_exact(change, key, strlen(key), counted_ms(core));
    }
}

bool again_same_citizen(const struct sah_citizen *a, const struct sah_citizen *b)
{
    return strcmp(a->channel, b->channel) == 0 && strcmp(a->sender, b->sender) == 0;
}

static int write_repeat(const struct sah_message *m, const struct sah_request_view *view, uint32_t sequence,
                        struct sah_buf *bytes)
{
    struct sah_message *repeat = calloc(1, sizeof *repeat);
    int err;

    if (repeat == NULL)
        return SAH_ENOMEM;
    *repeat = *m;
    repeat->kind = SAH_KIND_AMENDMENT;
    memcpy(repeat->request_id, view->request_id, sizeof repeat->request_id);
    memcpy(repeat->incident_id, view->incident_id, sizeof repeat->incident_id);
    repeat->sequence = sequence;
    memset(&repeat->u, 0, sizeof repeat->u);
    repeat->u.amendment.kind = SAH_AMENDMENT_REPEAT;
    repeat->u.amendment.part = m->u.request;
    sah_buf_clear(bytes);
    err = sah_message_encode(repeat, bytes, NULL, 0);
    free(repeat);
    return err;
}

/* The same words of the same sender at once after the first: the count is told, once, when that time is
 * over. What says something else goes on now. */
static bool is_counted(const struct sah_core *core, const struct sah_request *request,
                       const struct sah_request_view *view, uint32_t *ret_left_ms)
{
    const struct sah_request *first = &view->request->u.request;
    int64_t since_ms = core->now.wall_ms - view->accepted_ms;
    uint32_t window_ms = counted_ms(core);

    if (!again_same_citizen(&request->citizen, &first->citizen) || words_of(request) == 0 ||
        words_of(request) != words_of(first) || since_ms >= (int64_t)window_ms)
        return false;
    *ret_left_ms = since_ms > 0 ? window_ms - (uint32_t)since_ms : window_ms;
    return true;
}

bool again_merge(struct sah_core *core, const struct sah_message *m, const struct sah_request_view *view,
                 struct sah_change *change, struct sah_buf *bytes)
{
    const struct sah_request *request = &m->u.request;
    uint32_t sequence = view->last_sequence + 1, left_ms = 0;
    bool counted = is_counted(core, request, view, &left_ms);
    struct sah_outbox_event *event;

    if (write_repeat(m, view, sequence, bytes) != SAH_OK)
        return false;
    change->message_id = m->id;
    change->bytes = (struct sah_slice){bytes->data, bytes->len};
    change->kind = SAH_KIND_AMENDMENT;
    change->sequence = sequence;
    change->repeated = true;
    for (unsigned i = 0; i < view->n_lines; i++) {
        const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(view->lines[i].agency));
        struct sah_line *line;

        if (agency == NULL || sah_state_is_over(view->lines[i].state) || (counted && view->repeats > 0))
            continue;
        line = change_line(change, view, agency->id);
        SAH_ASSERT(line != NULL);
        line->sequence = sequence;
        if (change_plan(change, agency, &m->id, SAH_KIND_AMENDMENT, sequence) && counted)
            change->plans[change->n_plans - 1].hold_ms = left_ms;
    }
    event = change_event(core, change, m, view->priority,
                         view->n_lines > 0 ? sah_roster_agency(core->s.roster, sah_slice_of(view->lines[0].agency)) : NULL,
                         SAH_STATE_RECEIVED);
    if (event != NULL)
        event->again = true;
    core->counters.repeated++;
    (void)sah_format(change->audit, sizeof change->audit, "asked again repeats=%u counted=%u own=%u", view->repeats + 1,
                     counted, again_same_citizen(&request->citizen, &view->request->u.request.citizen));
    return true;
}
