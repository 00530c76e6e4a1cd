/*
 * dialog_open - the requests of one citizen that are not done with.
 *
 * Never: forgets an open emergency to make room. With four of them open a fifth goes out
 * without being remembered, which costs comfort (its later words are new requests), not safety.
 */
#include <string.h>

#include "dialog_internal.h"

bool open_is_live(const struct sah_open_request *open)
{
    return open->closed_ms == 0;
}

bool open_is_emergency(const struct sah_open_request *open)
{
    return open->urgency != SAH_URGENCY_BULK;
}

bool open_takes_more(const struct sah_open_request *open, int64_t now_ms)
{
    return open->request_id[0] != '\0' || now_ms - open->opened_ms <= UNNAMED_MS;
}

uint32_t open_bit(const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a: the same on every machine, as it is stored */

    if (name[0] == '\0')
        return 0;
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return UINT32_C(1) << ((h ^ h >> 16) % 32);
}

static void drop(struct sah_conversation *c, unsigned at)
{
    c->n_open--;
    memmove(&c->open[at], &c->open[at + 1], (c->n_open - at) * sizeof c->open[0]);
    memset(&c->open[c->n_open], 0, sizeof c->open[0]);
}

void open_prune(struct sah_conversation *c, int64_t now_ms)
{
    if (c->n_open > SAH_OPEN_MAX)
        c->n_open = SAH_OPEN_MAX;
    for (unsigned i = c->n_open; i > 0; i--)
        if (!open_is_live(&c->open[i - 1]) &&
            now_ms - c->open[i - 1].closed_ms > CLOSED_KEPT_MS)
            drop(c, i - 1);
    if (c->n_open == 0)
        c->silent = false;
}

/* Closed ones go first, then bookings, then emergencies so old that nobody amends them. */
static bool make_room(struct sah_conversation *c, int64_t now_ms)
{
    for (unsigned i = 0; i < c->n_open; i++)
        if (!open_is_live(&c->open[i])) {
            drop(c, i);
            return true;
        }
    for (unsigned i = 0; i < c->n_open; i++)
        if (!open_is_emergency(&c->open[i])) {
            drop(c, i);
            return true;
        }
    for (unsigned i = 0; i < c->n_open; i++)
        if (now_ms - c->open[i].opened_ms > 2 * FRESH_MS) {
            drop(c, i);
            return true;
        }
    return false;
}

struct sah_open_request *open_add(struct sah_conversation *c, int64_t now_ms)
{
    struct sah_open_request *open;

    if (c->n_open == SAH_OPEN_MAX && !make_room(c, now_ms))
        return NULL;
    open = &c->open[c->n_open++];
    memset(open, 0, sizeof *open);
    open->opened_ms = now_ms;
    open->sequence = 1;
    open->state = SAH_STATE_RECEIVED;
    return open;
}

struct sah_open_request *open_by_id(struct sah_conversation *c, const char *request_id)
{
    for (unsigned i = 0; i < c->n_open; i++)
        if (request_id[0] != '\0' && strcmp(c->open[i].request_id, request_id) == 0)
            return &c->open[i];
    return NULL;
}

struct sah_open_request *open_emergency(struct sah_conversation *c, int64_t now_ms,
                                        int64_t max_age_ms)
{
    for (unsigned i = c->n_open; i > 0; i--) {
        struct sah_open_request *open = &c->open[i - 1];

        if (open_is_live(open) && open_is_emergency(open) && open_takes_more(open, now_ms) &&
            now_ms - open->opened_ms <= max_age_ms)
            return open;
    }
    return NULL;
}

struct sah_open_request *open_of_family(const struct turn *t, const char *family)
{
    struct sah_conversation *c = t->next;

    for (unsigned i = c->n_open; i > 0; i--) {
        struct sah_open_request *open = &c->open[i - 1];
        const struct service_row *row = services_find(t->dialog->services, open->service);

        if (strcmp(row->family, family) == 0 && open_takes_more(open, t->voice.now_ms) &&
            t->voice.now_ms - open->opened_ms <= FRESH_MS &&
            (open_is_live(open) || open->state == SAH_STATE_CANCELLED))
            return open;
    }
    return NULL;
}

struct sah_open_request *open_of_service(const struct turn *t, const char *service)
{
    struct sah_conversation *c = t->next;

    for (unsigned i = c->n_open; i > 0; i--)
        if (open_is_live(&c->open[i - 1]) &&
            open_takes_more(&c->open[i - 1], t->voice.now_ms) &&
            strcmp(c->open[i - 1].service, service) == 0)
            return &c->open[i - 1];
    return NULL;
}

struct sah_open_request *open_focus(const struct turn *t)
{
    struct sah_conversation *c = t->next;
    struct sah_open_request *found = NULL;

    for (unsigned i = 0; i < c->n_open; i++) {
        struct sah_open_request *open = &c->open[i];

        if (!open_is_live(open) || !open_takes_more(open, t->voice.now_ms))
            continue;
        if (found == NULL || open_is_emergency(open) || !open_is_emergency(found))
            found = open;
    }
    return found;
}

struct sah_open_request *open_cancelled(struct sah_conversation *c)
{
    for (unsigned i = c->n_open; i > 0; i--) /* open_prune() has dropped the old ones */
        if (open_is_emergency(&c->open[i - 1]) && !open_is_live(&c->open[i - 1]) &&
            c->open[i - 1].state == SAH_STATE_CANCELLED)
            return &c->open[i - 1];
    return NULL;
}
