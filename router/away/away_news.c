/*
 * away_news - what a citizen is told by the direct core has a name that is the same after a crash and
 * after it was brought back, so that an adapter that had it drops it; and where a line went after a
 * cancel, so that a cancel that is taken again does not undo it. (I5, I8)
 *
 * Owns:    the numbers behind the names; they lie in the journal, in DIRECT records.
 * Used by: away_direct.c, away_import.c. Never: writes to the journal; changes what is told.
 *
 * Each change of a line that the disk has is one number, and what is told of it is named after that. What
 * is told without such a change (nobody answers, a refusal) is named after the number that was reached,
 * its state and its turn: after a crash the same is found out again, and is not told again. The time of the
 * request's record is part of all: one that was brought back and is handed over again begins anew.
 */
#include <string.h>

#include "away/away_priv.h"

bool news_is_said(const struct sah_line *line)
{
    return (line->state >= SAH_STATE_DELIVERED && line->state <= SAH_STATE_HANDED_OVER) ||
           line->state == SAH_STATE_CANCELLED || line->state == SAH_STATE_CLOSED;
}

void news_name(const struct open_message *request, const char *agency, uint32_t news, unsigned back,
               char ret_name[sizeof ((struct sah_outbox_event *)0)->name])
{
    char what[SAH_AGENCY_SIZE + 80];

    (void)sah_format(what, sizeof what, "%s said %lld %u %u", agency, (long long)request->opened_ms, news, back);
    sah_delivery_key(&request->id, what, ret_name);
}

static bool is_said(const struct sah_change *change, const char *agency)
{
    for (unsigned i = 0; i < change->n_lines; i++)
        if (strcmp(change->lines[i].agency, agency) == 0)
            return news_is_said(&change->lines[i]);
    return false;
}

static unsigned later_ones(const struct sah_change *change, unsigned at)
{
    unsigned n = 0;

    for (unsigned i = at + 1; i < change->n_events; i++)
        n += strcmp(change->events[i].status.agency, change->events[at].status.agency) == 0;
    return n;
}

void news_name_all(struct open_request *r, struct sah_change *change, bool evidence, bool ret_by_disk[SAH_EVENTS_MAX])
{
    const struct open_message *first = r == NULL ? NULL : open_request_message(r);

    for (unsigned i = 0; i < change->n_events; i++) {
        struct sah_outbox_event *event = &change->events[i];
        int part = first == NULL || event->name[0] != '\0' ? -1 : open_part(r, event->status.agency);
        char what[SAH_AGENCY_SIZE + 96];

        ret_by_disk[i] = part >= 0 && evidence && is_said(change, event->status.agency);
        if (part < 0)
            continue;
        if (ret_by_disk[i]) {
            news_name(first, event->status.agency, r->parts[part].news, later_ones(change, i), event->name);
            continue;
        }
        (void)sah_format(what, sizeof what, "%s told %lld %s %u %u", event->status.agency, (long long)first->opened_ms,
                         sah_state_name(event->status.state), r->parts[part].news, r->parts[part].unsaid++);
        sah_delivery_key(&first->id, what, event->name);
    }
}

const struct open_message *news_cancel(const struct open_request *r, const struct sah_id *but)
{
    const struct open_message *found = NULL;

    for (const struct open_message *m = r->first; m != NULL; m = m->next_of_request)
        if (m->kind == SAH_KIND_CANCEL && m->taken && !sah_id_equal(&m->id, but))
            found = m;
    return found;
}

/* What the line says itself is as new as what was noted under the cancel, and newer when somebody spoke in
 * this life before the cancel was taken again. */
static enum sah_state newest_said(const struct sah_line *line, const struct evidence *after)
{
    struct sah_line before = *line;

    before.state = line->before_cancel;
    return news_is_said(&before) ? before.state : after->state;
}

void news_after_cancel(const struct open_request *r, struct sah_change *change)
{
    for (unsigned i = 0; i < change->n_lines; i++) {
        struct sah_line *line = &change->lines[i];
        char key[SAH_KEY_SIZE];

        if (line->state != SAH_STATE_CANCEL_ASKED)
            continue;
        sah_delivery_key(&change->message_id, line->agency, key);
        for (const struct evidence *e = r->after; e != NULL; e = e->next)
            if (strcmp(e->key, key) == 0)
                line->state = line->status.state = newest_said(line, e);
    }
}
