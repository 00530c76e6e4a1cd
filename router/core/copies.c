/*
 * copies - the first person who answers has the request for all who stand for the same call; the
 * others are told.
 *
 * Owns:    the router's own messages: amendments of kind ANSWERED.
 * Used by: status.c, before the change of a status is committed.
 * Never:   ends a line that a person has; takes part when nobody has a copy.
 *
 * A copy exists because somebody refused, was silent or had no unit (refer.c, escalate.c). Without a
 * word from us the desk that holds it would send a second vehicle, and its line would stay open for
 * ever. The message is a delivery like any other: in order after the request, retried, with its key
 * (I4, I6, I10). Its id follows from the request and its sequence, so it is the same when the change
 * is decided again; and when two persons answer at once the second one's is known already, and what
 * they said is decided again (revise.c).
 */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

static bool with_person(const struct sah_line *line)
{
    return sah_state_is_with_person(line->state == SAH_STATE_CANCEL_ASKED ? line->before_cancel : line->state);
}

static bool ends_for_all(enum sah_state state)
{
    return state == SAH_STATE_CLOSED || state == SAH_STATE_CANCELLED;
}

static bool is_copy(const struct sah_line *owner, const struct sah_line *line)
{
    return line != owner && change_same_call(owner, line) && !sah_state_is_over(line->state) && !with_person(line);
}

/* Encodes the amendment into `bytes`; false when that cannot be (no memory): then they are not told. */
static bool write_message(const struct sah_core *core, const struct sah_request_view *view,
                          const struct sah_line *owner, uint32_t sequence, struct sah_id *ret_id, struct sah_buf *bytes)
{
    const struct sah_agency *agency = sah_roster_agency(core->s.roster, sah_slice_of(owner->agency));
    struct sah_message *m = calloc(1, sizeof *m);
    char name[32], hex[SAH_KEY_SIZE];
    int err;

    if (m == NULL)
        return false;
    (void)sah_format(name, sizeof name, "answered-%u", sequence);
    sah_delivery_key(&view->request->id, name, hex);
    err = sah_id_from_hex(sah_slice_of(hex), ret_id);
    SAH_ASSERT(err == SAH_OK);
    m->schema_version = SAH_SCHEMA_VERSION;
    m->id = *ret_id;
    m->kind = SAH_KIND_AMENDMENT;
    m->sequence = sequence;
    m->causation = view->request->id;
    m->created_ms = core->now.wall_ms;
    m->environment = view->request->environment;
    (void)sah_format(m->producer, sizeof m->producer, "router");
    (void)sah_format(m->request_id, sizeof m->request_id, "%s", view->request_id);
    (void)sah_format(m->incident_id, sizeof m->incident_id, "%s", view->incident_id);
    m->u.amendment.kind = SAH_AMENDMENT_ANSWERED;
    m->u.amendment.part.citizen = view->request->u.request.citizen;
    m->u.amendment.by_state = owner->state;
    (void)sah_format(m->u.amendment.by_agency, sizeof m->u.amendment.by_agency, "%s", owner->agency);
    if (agency != NULL)
        (void)sah_format(m->u.amendment.by_says, sizeof m->u.amendment.by_says, "%s", agency->says);
    sah_buf_clear(bytes);
    err = sah_message_encode(m, bytes, NULL, 0);
    free(m);
    return err == SAH_OK;
}

void copies_tell(struct sah_core *core, struct sah_change *change, const struct sah_request_view *view,
                 const char *agency, struct sah_buf *bytes)
{
    const struct sah_line *lines[SAH_LINES_MAX];
    const struct sah_line *owner = NULL, *before = view_line(view, agency);
    uint32_t sequence = view->last_sequence + 1;
    unsigned n = change_lines_after(change, view, lines), told = 0;

    for (unsigned i = 0; i < n; i++)
        if (strcmp(lines[i]->agency, agency) == 0)
            owner = lines[i];
    if (owner == NULL || before == NULL || change->bytes.len > 0)
        return;
    if (!(ends_for_all(owner->state) || (with_person(owner) && !with_person(before))))
        return;
    for (unsigned i = 0; i < n; i++) {
        const struct sah_agency *to = sah_roster_agency(core->s.roster, sah_slice_of(lines[i]->agency));
        struct sah_line *line;

        if (!is_copy(owner, lines[i]) || to == NULL)
            continue;
        if (told == 0 && !write_message(core, view, owner, sequence, &change->message_id, bytes)) {
            sah_error(core->s.log, "event=copies.not_told request=%s", view->request_id);
            memset(&change->message_id, 0, sizeof change->message_id);
            return;
        }
        line = change_line(change, view, to->id);
        if (line == NULL || !change_plan(change, to, &change->message_id, SAH_KIND_AMENDMENT, sequence))
            break;
        line->sequence = sequence;
        if (ends_for_all(owner->state))
            line->state = owner->state;
        told++;
    }
    if (told == 0) {
        memset(&change->message_id, 0, sizeof change->message_id);
        return;
    }
    change->own = true;
    change->kind = SAH_KIND_AMENDMENT;
    change->sequence = sequence;
    change->bytes = (struct sah_slice){bytes->data, bytes->len};
    core->counters.copies_told += told;
}
