/*
 * core_rig_look - what a test sees of the rig: what citizens heard and agencies got. See
 * core_rig.h.
 */
#include <string.h>

#include "lib/core_rig_priv.h"

static bool is_first_copy(const struct rig *rig, size_t i)
{
    const struct sah_outbox_event *event = sah_fake_adapters_event(rig->adapters, i);

    for (size_t j = 0; j < i; j++)
        if (strcmp(sah_outbox_event_name(sah_fake_adapters_event(rig->adapters, j)),
                   sah_outbox_event_name(event)) == 0)
            return false;
    return true;
}

static bool is_heard(const struct rig *rig, size_t i, const char *request_id)
{
    return strcmp(sah_fake_adapters_event(rig->adapters, i)->status.request_id, request_id) ==
               0 &&
           is_first_copy(rig, i);
}

const char *rig_heard(struct rig *rig, const char *request_id)
{
    static char text[4096];
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sah_fake_adapters_n(rig->adapters); i++) {
        const char *name =
            sah_state_name(sah_fake_adapters_event(rig->adapters, i)->status.state);

        if (!is_heard(rig, i, request_id))
            continue;
        SAH_ASSERT(sah_format(text + len, sizeof text - len, "%s%s", len > 0 ? " " : "",
                              name) == SAH_OK);
        len += strlen(text + len);
    }
    return text;
}

unsigned rig_heard_n(struct rig *rig, const char *request_id, enum sah_state state)
{
    unsigned n = 0;

    for (size_t i = 0; i < sah_fake_adapters_n(rig->adapters); i++)
        n += sah_fake_adapters_event(rig->adapters, i)->status.state == state &&
             is_heard(rig, i, request_id);
    return n;
}

const struct sah_outbox_event *rig_last_event(struct rig *rig, const char *request_id)
{
    for (size_t i = sah_fake_adapters_n(rig->adapters); i > 0; i--)
        if (is_heard(rig, i - 1, request_id))
            return sah_fake_adapters_event(rig->adapters, i - 1);
    return NULL;
}

unsigned rig_received(const struct rig *rig, const char *agency, const char *request_id,
                      enum sah_kind kind)
{
    unsigned n = 0;

    for (size_t i = 0; i < sah_fake_agencies_n(rig->agencies); i++) {
        const struct sah_fake_received *r = sah_fake_agencies_received(rig->agencies, i);

        n += r->kind == kind && strcmp(r->agency, agency) == 0 &&
             (request_id == NULL || strcmp(r->request_id, request_id) == 0);
    }
    return n;
}

const struct sah_fake_received *rig_attempt(const struct rig *rig, const char *agency,
                                            const char *request_id, unsigned i)
{
    for (size_t j = 0; j < sah_fake_agencies_n(rig->agencies); j++) {
        const struct sah_fake_received *r = sah_fake_agencies_received(rig->agencies, j);

        if (strcmp(r->agency, agency) == 0 &&
            (request_id == NULL || strcmp(r->request_id, request_id) == 0) && i-- == 0)
            return r;
    }
    return NULL;
}

unsigned rig_read(const struct rig *rig, const char *agency, const char *words)
{
    unsigned n = 0;

    for (size_t i = 0; i < sah_fake_agencies_n(rig->agencies); i++) {
        const struct sah_fake_received *r = sah_fake_agencies_received(rig->agencies, i);

        n += strcmp(r->agency, agency) == 0 && memmem(r->bytes, r->n_bytes, words, strlen(words)) != NULL;
    }
    return n;
}

const struct sah_memory_delivery *rig_delivery(const struct rig *rig, const char *request_id,
                                             const char *agency, enum sah_kind kind)
{
    const struct sah_memory_delivery *d;

    for (size_t i = 0; (d = sah_memory_store_delivery(rig->store, i)) != NULL; i++)
        if (d->kind == kind && strcmp(d->request_id, request_id) == 0 &&
            strcmp(d->agency, agency) == 0)
            return d;
    return NULL;
}

static void on_view(void *data, int err, const struct sah_request_view *view)
{
    static struct sah_request_view copy;
    const struct sah_request_view **ret_view = data;

    if (err != SAH_OK)
        return;
    copy = *view;
    copy.request = NULL;
    *ret_view = &copy;
}

const struct sah_request_view *rig_view(struct rig *rig, const char *request_id)
{
    const struct sah_request_view *view = NULL;

    rig->settings.store->load(rig->settings.store->data, request_id, on_view, &view);
    rig_settle(rig);
    return view;
}

const struct sah_line *rig_line(struct rig *rig, const char *request_id, const char *agency)
{
    const struct sah_request_view *view = rig_view(rig, request_id);

    for (unsigned i = 0; view != NULL && i < view->n_lines; i++)
        if (strcmp(view->lines[i].agency, agency) == 0)
            return &view->lines[i];
    return NULL;
}
