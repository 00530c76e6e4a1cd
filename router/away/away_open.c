/*
 * away_open - what is open in the journal: messages that the main store does not have yet, their
 * requests, and what is known of their deliveries.
 *
 * Owns: the tables. Used by: the files of this folder. Never: decides where a message goes.
 */
#include <stdlib.h>
#include <string.h>

#include "away/away_priv.h"

struct open_request *open_find(const struct sah_away *away, const char *request_id)
{
    return index_find(&away->requests, request_id, strlen(request_id));
}

struct open_message *open_find_message(const struct sah_away *away, const struct sah_id *id)
{
    return index_find(&away->messages, id, sizeof *id);
}

static struct open_request *find_or_make(struct sah_away *away, const char *request_id)
{
    struct open_request *r = open_find(away, request_id);

    if (r != NULL)
        return r;
    r = calloc(1, sizeof *r);
    SAH_ASSERT(r != NULL);
    (void)sah_format(r->request_id, sizeof r->request_id, "%s", request_id);
    index_add(&away->requests, r->request_id, strlen(r->request_id), r);
    return r;
}

struct open_message *open_add(struct sah_away *away, const struct sah_id *id, enum sah_kind kind, unsigned class_,
                              const char *request_id)
{
    struct open_message *m = calloc(1, sizeof *m);

    SAH_ASSERT(m != NULL && class_ < SAH_JOURNAL_CLASSES);
    m->id = *id;
    m->kind = kind;
    m->class_ = class_;
    m->request = find_or_make(away, request_id);
    if (m->request->last != NULL)
        m->request->last->next_of_request = m;
    else
        m->request->first = m;
    m->request->last = m;
    m->prev = away->by_class[class_].last;
    if (m->prev != NULL)
        m->prev->next = m;
    else
        away->by_class[class_].first = m;
    away->by_class[class_].last = m;
    index_add(&away->messages, &m->id, sizeof m->id, m);
    return m;
}

static void free_list(struct evidence *list)
{
    while (list != NULL) {
        struct evidence *e = list;

        list = e->next;
        free(e);
    }
}

static void free_evidence(struct open_request *r)
{
    free_list(r->evidence);
    free_list(r->after);
    r->evidence = r->after = NULL;
}

static void unlink_message(struct sah_away *away, struct open_message *m)
{
    struct open_request *r = m->request;
    struct open_message *before = NULL;

    for (struct open_message *o = r->first; o != m; o = o->next_of_request)
        before = o;
    if (before != NULL)
        before->next_of_request = m->next_of_request;
    else
        r->first = m->next_of_request;
    if (r->last == m)
        r->last = before;
    if (m->prev != NULL)
        m->prev->next = m->next;
    else
        away->by_class[m->class_].first = m->next;
    if (m->next != NULL)
        m->next->prev = m->prev;
    else
        away->by_class[m->class_].last = m->prev;
    index_remove(&away->messages, &m->id, sizeof m->id);
}

void open_close(struct sah_away *away, struct open_message *m)
{
    const struct sah_journal_record record = {
        .type = SAH_JOURNAL_CLOSED, .class_ = (uint8_t)m->class_, .id = m->id, .received_ms = away->now.wall_ms};
    struct open_request *r = m->request;

    /* Not written: after a restart it is open again, and bringing it back is done again. */
    (void)away->s.journal->append(away->s.journal->data, &record, false, NULL, NULL);
    unlink_message(away, m);
    if (m->with_direct && !m->taken)
        away->n_untaken--;
    free(m);
    if (r->first != NULL)
        return;
    index_remove(&away->requests, r->request_id, strlen(r->request_id));
    free_evidence(r);
    free(r);
}

void open_fini(struct sah_away *away)
{
    for (unsigned c = 0; c < SAH_JOURNAL_CLASSES; c++)
        while (away->by_class[c].first != NULL) {
            struct open_message *m = away->by_class[c].first;
            struct open_request *r = m->request;

            unlink_message(away, m);
            free(m);
            if (r->first != NULL)
                continue;
            index_remove(&away->requests, r->request_id, strlen(r->request_id));
            free_evidence(r);
            free(r);
        }
    index_fini(&away->requests);
    index_fini(&away->messages);
}

struct open_message *open_request_message(const struct open_request *r)
{
    struct open_message *m = r->first;

    while (m != NULL && m->kind != SAH_KIND_REQUEST)
        m = m->next_of_request;
    return m;
}

static struct evidence *find_or_add(struct evidence **list, const char *key, const char *agency)
{
    struct evidence *e = *list;

    while (e != NULL && strcmp(e->key, key) != 0)
        e = e->next;
    if (e != NULL)
        return e;
    e = calloc(1, sizeof *e);
    SAH_ASSERT(e != NULL);
    (void)sah_format(e->key, sizeof e->key, "%s", key);
    (void)sah_format(e->agency, sizeof e->agency, "%s", agency);
    e->next = *list;
    *list = e;
    return e;
}

struct evidence *open_evidence(struct open_request *r, const char *key, const char *agency)
{
    return find_or_add(&r->evidence, key, agency);
}

struct evidence *open_after(struct open_request *r, const char *key, const char *agency)
{
    return find_or_add(&r->after, key, agency);
}

int open_part(struct open_request *r, const char *agency)
{
    unsigned i = 0;

    while (i < r->n_parts && strcmp(r->parts[i].agency, agency) != 0)
        i++;
    if (i == SAH_LEN(r->parts))
        return -1;
    if (i == r->n_parts)
        (void)sah_format(r->parts[r->n_parts++].agency, sizeof r->parts[0].agency, "%s", agency);
    return (int)i;
}

void open_part_is(struct open_request *r, int part, const char *agency)
{
    for (unsigned i = 0; i < r->n_parts; i++)
        if (strcmp(r->parts[i].agency, agency) == 0)
            return;
    if (part < 0 || (unsigned)part >= SAH_LEN(r->parts) || r->parts[part].agency[0] != '\0')
        return;
    (void)sah_format(r->parts[part].agency, sizeof r->parts[part].agency, "%s", agency);
    if ((unsigned)part >= r->n_parts)
        r->n_parts = (unsigned)part + 1;
}

/* ---- what a message is */

unsigned away_class_of(const struct sah_away *away, const struct sah_message *message)
{
    const struct open_request *r = open_find(away, message->request_id);
    const struct sah_request *part = &message->u.amendment.part;
    struct sah_rank rank;

    if (message->kind == SAH_KIND_REQUEST) {
        sah_rank(away->s.policy, &message->u.request, &rank);
        return sah_priority_class(rank.priority);
    }
    if (r != NULL)
        return r->first->class_;
    if (message->kind == SAH_KIND_AMENDMENT && (part->triage.n_cues > 0 || part->triage.service[0] != '\0')) {
        sah_rank(away->s.policy, part, &rank);
        return sah_priority_class(rank.priority);
    }
    return away->s.lane == SAH_LANE_BULK ? SAH_JOURNAL_CLASS_MAX : SAH_JOURNAL_UNCLASSIFIED;
}

unsigned away_own_class(struct sah_away *away, const struct sah_message *message)
{
    const struct open_request *r = open_find(away, message->request_id);
    const struct open_message *m = r == NULL ? NULL : open_request_message(r);
    const struct sah_triage *triage = &message->u.amendment.part.triage;
    struct sah_request part;
    struct sah_rank rank;
    struct sah_buf buf;

    if (message->kind == SAH_KIND_REQUEST) {
        sah_rank(away->s.policy, &message->u.request, &rank);
        return sah_priority_class(rank.priority);
    }
    if (message->kind != SAH_KIND_AMENDMENT || (triage->n_cues == 0 && triage->service[0] == '\0'))
        return SAH_JOURNAL_CLASS_MAX;
    part = message->u.amendment.part;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    if (part.triage.service[0] == '\0' && m != NULL && message != away->message &&
        away->s.journal->read(away->s.journal->data, &m->id, SAH_JOURNAL_RECEIVED, 0, &buf) == SAH_OK &&
        sah_message_decode(buf.data, buf.len, away->message, NULL, 0) == SAH_OK)
        memcpy(part.triage.service, away->message->u.request.triage.service, sizeof part.triage.service);
    sah_buf_fini(&buf);
    sah_rank(away->s.policy, &part, &rank);
    return sah_priority_class(rank.priority);
}

void away_request_of(const struct sah_away *away, const struct sah_message *message,
                     char ret_request_id[SAH_REQUEST_ID_SIZE])
{
    if (message->kind == SAH_KIND_REQUEST)
        sah_request_id(away->s.lane, sah_partition_of(sah_slice_of(message->u.request.citizen.sender), away->s.partitions),
                       &message->id, ret_request_id);
    else
        (void)sah_format(ret_request_id, SAH_REQUEST_ID_SIZE, "%s", message->request_id);
}
