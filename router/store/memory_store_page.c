/*
 * memory_store_page - the operations of incidents at the port in memory. See memory_store.h.
 *
 * Used by: memory_store.c. What they do is memory_store_incident.c.
 * Never:   completes from inside a call.
 */
#include <stdlib.h>
#include <string.h>

#include "store/memory_store_priv.h"

static void port_join(void *data, const char *main_id, const struct sah_item *item, bool at_once,
                      uint32_t update_ms, sah_done_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, memory_finish_done, FN(fn), fn_data);
    int lost;

    if (memory_is_applied(memory, &lost))
        p->err = model_join(memory, main_id, item, at_once, update_ms);
    if (lost != SAH_OK)
        p->err = lost;
}

static void finish_page(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_page_fn *)p->fn)(p->fn_data, p->err, p->items);
}

static void port_page(void *data, const char *main_id, sah_page_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_page, FN(fn), fn_data);

    p->items = calloc(1, sizeof(struct sah_page));
    SAH_ASSERT(p->items != NULL);
    memory_is_applied(memory, &p->err);
    if (p->err == SAH_OK)
        p->err = model_page(memory, main_id, p->items);
}

static void port_page_done(void *data, const char *main_id, const struct sah_page_done *done,
                           sah_done_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, memory_finish_done, FN(fn), fn_data);

    if (memory_is_applied(memory, &p->err))
        model_page_done(memory, main_id, done);
}

static void port_work_over(void *data, const char *request_id, enum sah_work_kind kind,
                           sah_done_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, memory_finish_done, FN(fn), fn_data);

    if (memory_is_applied(memory, &p->err))
        model_work_over(memory, request_id, kind);
}

static void finish_message(struct sah_memory_store *memory, const struct memory_pending *p)
{
    SAH_UNUSED(memory);
    ((sah_bytes_fn *)p->fn)(p->fn_data, p->err, (struct sah_slice){p->items, p->n});
}

static void port_message(void *data, const char *request_id, const struct sah_id *id,
                         sah_bytes_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_message, FN(fn), fn_data);
    const struct memory_message *m = model_message(memory, id);

    SAH_UNUSED(request_id);
    memory_is_applied(memory, &p->err);
    if (p->err == SAH_OK && m == NULL)
        p->err = SAH_ENOENT;
    if (p->err != SAH_OK)
        return;
    p->items = malloc(m->len);
    SAH_ASSERT(p->items != NULL);
    memcpy(p->items, m->bytes, m->len);
    p->n = (unsigned)m->len;
}

static void finish_feed(struct sah_memory_store *memory, const struct memory_pending *p)
{
    struct sah_fed *fed = p->items;

    SAH_UNUSED(memory);
    fed->rows = (char(*)[SAH_FEED_SIZE])(fed + 1);
    ((sah_feed_fn *)p->fn)(p->fn_data, p->err, fed);
}

static void port_feed(void *data, const struct sah_feed_cursor *cursor, uint32_t window_ms,
                      sah_feed_fn *fn, void *fn_data)
{
    struct sah_memory_store *memory = data;
    struct memory_pending *p = memory_defer(memory, finish_feed, FN(fn), fn_data);
    struct sah_fed *fed = calloc(1, sizeof *fed + (size_t)SAH_FEED_MAX * SAH_FEED_SIZE);

    SAH_ASSERT(fed != NULL);
    p->items = fed;
    fed->cursor = *cursor;
    fed->rows = (char(*)[SAH_FEED_SIZE])(fed + 1);
    memory_is_applied(memory, &p->err);
    if (p->err == SAH_OK)
        model_feed(memory, window_ms, fed);
}

void memory_incident_ports(struct sah_store *port)
{
    port->join = port_join;
    port->page = port_page;
    port->page_done = port_page_done;
    port->work_over = port_work_over;
    port->message = port_message;
    port->feed = port_feed;
}
