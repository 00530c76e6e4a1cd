/*
 * redis_store_incident - the operations of incident.lua: join, page, page_done, work_over, message,
 * feed, and the part of a commit that concerns incidents.
 *
 * Owns:    their arguments and what their replies must look like.
 * Used by: redis_store.c, redis_store_op.c, redis_store_commit.c.
 * Never:   believes a reply of unexpected shape (SAH_EPROTO).
 */
#include <stdlib.h>
#include <string.h>

#include "store/pack.h"
#include "store/redis_store_priv.h"

/* ---- of a commit: the order of I_ in incident.lua */

static void pack_hex_id(struct sah_buf *buf, const struct sah_id *id)
{
    char hex[SAH_ID_HEX_SIZE];

    sah_id_hex(id, hex);
    pack_text(buf, hex);
}

void incident_pack(struct sah_buf *buf, const struct sah_change *c)
{
    char sender[17] = "";

    SAH_ASSERT(c->n_told <= SAH_TOLD_MAX && c->n_carried <= SAH_CARRIED_MAX);
    if (c->sender != 0)
        sah_format(sender, sizeof sender, "%016llx", (unsigned long long)c->sender);
    pack_array(buf, 10);
    pack_int(buf, c->set_main);
    pack_int(buf, c->left);
    pack_text(buf, c->main_id);
    pack_array(buf, c->n_told);
    for (unsigned i = 0; i < c->n_told; i++)
        pack_hex_id(buf, &c->told[i]);
    pack_int(buf, c->update_ms);
    pack_array(buf, c->n_carried);
    for (unsigned i = 0; i < c->n_carried; i++) {
        pack_array(buf, 2);
        pack_text(buf, c->carried[i].key);
        pack_text(buf, c->carried[i].by);
    }
    pack_text(buf, c->note);
    pack_text(buf, sender);
    pack_int(buf, c->history);
    pack_text(buf, c->feed);
}

/* ---- calls */

/* The first arguments of a call that concerns one request; NULL: completes with `missing` later. */
static struct op *start(void *data, enum op_kind kind, const char *request_id, struct args *args, int missing)
{
    struct op *op = op_create(data, kind, 1);
    unsigned partition = 0;

    if (op_partition(op->store, request_id, &partition) != SAH_OK) {
        args->n = 0;
        op->err = missing;
        return op;
    }
    args_start(args, kind, partition);
    args_add_text(args, request_id);
    return op;
}

static void go(struct op *op, const struct args *args)
{
    if (args->n == 0)
        op_complete_later(op, op->err);
    else
        op_send_args(op, args);
}

static void port_join(void *data, const char *main_id, const struct sah_item *item, bool at_once,
                      uint32_t update_ms, sah_done_fn *fn, void *fn_data)
{
    char mid[SAH_ID_HEX_SIZE];
    struct args args;
    struct op *op = start(data, OP_JOIN, main_id, &args, SAH_ENOENT);

    op->fn.done = fn;
    op->fn_data = fn_data;
    sah_id_hex(&item->message_id, mid);
    if (args.n > 0) {
        args_add_text(&args, mid);
        args_add_text(&args, item->member);
        args_add_u64(&args, item->priority);
        args_add_u64(&args, item->leaves);
        args_add_u64(&args, at_once);
        args_add_u64(&args, update_ms);
    }
    go(op, &args);
}

static void port_page(void *data, const char *main_id, sah_page_fn *fn, void *fn_data)
{
    struct args args;
    struct op *op = start(data, OP_PAGE, main_id, &args, SAH_ENOENT);

    op->fn.page = fn;
    op->fn_data = fn_data;
    op->page = calloc(1, sizeof *op->page);
    if (op->page == NULL) {
        args.n = 0;
        op->err = SAH_ENOMEM;
    }
    go(op, &args);
}

static void port_page_done(void *data, const char *main_id, const struct sah_page_done *done, sah_done_fn *fn,
                           void *fn_data)
{
    char mids[SAH_TOLD_MAX][SAH_ID_HEX_SIZE];
    struct args args;
    struct op *op = start(data, OP_PAGE_DONE, main_id, &args, SAH_ENOENT);

    SAH_ASSERT(done->n_over <= SAH_TOLD_MAX && done->n_left <= SAH_TOLD_MAX);
    op->fn.done = fn;
    op->fn_data = fn_data;
    if (args.n > 0) {
        args_add_u64(&args, done->revision);
        args_add_u64(&args, done->all);
        args_add_u64(&args, done->n_over);
        for (unsigned i = 0; i < done->n_over; i++) {
            sah_id_hex(&done->over[i], mids[i]);
            args_add_text(&args, mids[i]);
        }
        for (unsigned i = 0; i < done->n_left; i++)
            args_add_text(&args, done->left[i]);
    }
    go(op, &args);
}

static void port_work_over(void *data, const char *request_id, enum sah_work_kind kind, sah_done_fn *fn,
                           void *fn_data)
{
    struct args args;
    struct op *op = start(data, OP_WORK_OVER, request_id, &args, SAH_OK);

    op->fn.done = fn;
    op->fn_data = fn_data;
    if (args.n > 0)
        args_add_u64(&args, kind);
    go(op, &args);
}

static void port_message(void *data, const char *request_id, const struct sah_id *id, sah_bytes_fn *fn,
                         void *fn_data)
{
    char mid[SAH_ID_HEX_SIZE];
    struct args args;
    struct op *op = start(data, OP_MESSAGE, request_id, &args, SAH_ENOENT);

    op->fn.bytes = fn;
    op->fn_data = fn_data;
    sah_id_hex(id, mid);
    if (args.n > 0)
        args_add_text(&args, mid);
    go(op, &args);
}

static void port_feed(void *data, const struct sah_feed_cursor *cursor, uint32_t window_ms, sah_feed_fn *fn,
                      void *fn_data)
{
    struct sah_redis_store *store = data;
    struct op *op = op_create(store, OP_FEED, store->settings.partitions);

    op->fn.feed = fn;
    op->fn_data = fn_data;
    op->window_ms = window_ms;
    op->fed.cursor = *cursor;
    op->fed.rows = calloc(SAH_FEED_MAX, sizeof *op->fed.rows);
    if (op->fed.rows == NULL)
        op_complete_later(op, SAH_ENOMEM);
    else
        op_send_step(op);
}

void incident_feed_args(const struct op *op, struct args *args)
{
    args_start(args, OP_FEED, op->step);
    args_add_text(args, op->fed.cursor.at[op->step]);
    args_add_u64(args, op->window_ms);
    args_add_u64(args, SAH_FEED_MAX - op->fed.n);
}

void incident_ports(struct sah_store *port)
{
    port->join = port_join;
    port->page = port_page;
    port->page_done = port_page_done;
    port->work_over = port_work_over;
    port->message = port_message;
    port->feed = port_feed;
}

void incident_complete(struct op *op, int err)
{
    switch (op->kind) {
    case OP_PAGE:
        op->fn.page(op->fn_data, err, op->page);
        return;
    case OP_MESSAGE:
        op->fn.bytes(op->fn_data, err, op->pieces);
        return;
    case OP_FEED:
        op->fed.more = op->fed.n == SAH_FEED_MAX;
        op->fn.feed(op->fn_data, err, &op->fed);
        return;
    default:
        op->fn.done(op->fn_data, err);
    }
}

/* ---- replies */

int read_join(struct op *op, const redisReply *reply)
{
    static const int meanings[] = {SAH_ENOENT, SAH_OK, SAH_ECONFLICT, SAH_ELIMIT};

    SAH_UNUSED(op);
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0 ||
        reply->integer >= (long long)SAH_LEN(meanings))
        return SAH_EPROTO;
    return meanings[reply->integer];
}

static void take_id(struct reader *r, struct sah_id *ret)
{
    struct sah_slice hex = reader_bytes(r);

    if (!r->bad && sah_id_from_hex(hex, ret) != SAH_OK)
        r->bad = true;
}

static bool take_items(const redisReply *list, struct sah_item *items, unsigned *ret_n)
{
    if (list == NULL || list->elements > SAH_TOLD_MAX)
        return false;
    for (size_t i = 0; i < list->elements; i++) {
        struct reader r = reader_of(list->element[i]);
        struct sah_item *item = &items[i];
        struct sah_slice told;

        take_id(&r, &item->message_id);
        reader_text(&r, item->member, sizeof item->member);
        item->priority = (enum sah_priority)reader_int(&r, SAH_PRIORITY_P4);
        item->leaves = reader_int(&r, 1) == 1;
        told = reader_bytes(&r);
        if (!reader_at_end(&r) || (!sah_slice_is(told, "-") && sah_id_from_hex(told, &item->told_by) != SAH_OK))
            return false;
    }
    *ret_n = (unsigned)list->elements;
    return true;
}

static bool take_updates(const redisReply *list, struct sah_page *page)
{
    if (list == NULL || list->elements > SAH_TOLD_MAX)
        return false;
    for (size_t i = 0; i < list->elements; i++) {
        struct reader r = reader_of(list->element[i]);
        struct sah_update *u = &page->updates[i];

        take_id(&r, &u->id);
        while (!r.bad && r.at < r.array->elements) {
            struct sah_update_at *at = &u->at[u->n++];

            reader_text(&r, at->agency, sizeof at->agency);
            reader_text(&r, at->key, sizeof at->key);
            at->heard = (enum sah_heard)reader_int(&r, SAH_HEARD_DEAD);
            if (u->n == SAH_LINES_MAX && r.at < r.array->elements)
                return false;
        }
        if (r.bad)
            return false;
    }
    page->n_updates = (unsigned)list->elements;
    return true;
}

int read_page(struct op *op, const redisReply *reply)
{
    struct reader r = reader_of(reply), members;
    struct sah_page *page = op->page;
    const redisReply *list;

    if (!r.bad && reply->elements == 0)
        return SAH_ENOENT;
    page->revision = (uint64_t)reader_int(&r, INT64_MAX);
    list = reader_next(&r, REDIS_REPLY_ARRAY);
    if (list == NULL || list->elements > SAH_MEMBERS_MAX)
        return SAH_EPROTO;
    members = reader_of(list);
    while (!members.bad && members.at < list->elements)
        reader_text(&members, page->members[page->n_members++], SAH_REQUEST_ID_SIZE);
    if (members.bad || !take_items(reader_next(&r, REDIS_REPLY_ARRAY), page->untold, &page->n_untold) ||
        !take_items(reader_next(&r, REDIS_REPLY_ARRAY), page->told, &page->n_told) ||
        !take_updates(reader_next(&r, REDIS_REPLY_ARRAY), page))
        return SAH_EPROTO;
    return reader_at_end(&r) ? SAH_OK : SAH_EPROTO;
}

int read_message(struct op *op, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return SAH_EPROTO;
    op->pieces = (struct sah_slice){reply->str, reply->len};
    return reply->len > 0 ? SAH_OK : SAH_ENOENT;
}

int read_feed(struct op *op, const redisReply *reply)
{
    struct reader r = reader_of(reply);

    while (!r.bad && r.at < r.array->elements && op->fed.n < SAH_FEED_MAX) {
        reader_text(&r, op->fed.cursor.at[op->step], sizeof op->fed.cursor.at[0]);
        reader_text(&r, op->fed.rows[op->fed.n], SAH_FEED_SIZE);
        op->fed.n += !r.bad;
    }
    return reader_at_end(&r) ? SAH_OK : SAH_EPROTO;
}
