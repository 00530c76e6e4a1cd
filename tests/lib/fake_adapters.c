/*
 * fake_adapters - see fake_adapters.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/fake_adapters.h"

#define FAKE_MAGIC 0xfa4eada7u

struct sah_fake_adapters {
    uint32_t magic;
    struct sah_adapters port;
    unsigned n_channels;
    char channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE];
    bool deaf;
    struct sah_outbox_event **events;
    size_t n, cap, handed_out;
};

static int send_event(void *data, const struct sah_outbox_event *event)
{
    struct sah_fake_adapters *fake = data;
    bool served = false;

    SAH_CHECK(fake, FAKE_MAGIC);
    for (unsigned i = 0; i < fake->n_channels; i++)
        served |= strcmp(fake->channels[i], event->channel) == 0;
    if (!served || fake->deaf)
        return SAH_EDOWN;
    if (fake->n == fake->cap) {
        fake->cap = fake->cap ? fake->cap * 2 : 64;
        fake->events = realloc(fake->events, fake->cap * sizeof *fake->events);
        SAH_ASSERT(fake->events != NULL);
    }
    fake->events[fake->n] = malloc(sizeof *event);
    SAH_ASSERT(fake->events[fake->n] != NULL);
    *fake->events[fake->n++] = *event;
    return SAH_OK;
}

static unsigned channels(void *data, char ret_channels[SAH_CHANNELS_MAX][SAH_CHANNEL_SIZE])
{
    struct sah_fake_adapters *fake = data;

    memcpy(ret_channels, fake->channels, sizeof fake->channels);
    return fake->n_channels;
}

void sah_fake_adapters_serve(struct sah_fake_adapters *fake, const char *const *names,
                             unsigned n)
{
    SAH_ASSERT(n <= SAH_CHANNELS_MAX);
    fake->n_channels = n;
    for (unsigned i = 0; i < n; i++)
        (void)sah_format(fake->channels[i], sizeof fake->channels[i], "%s", names[i]);
}

void sah_fake_adapters_deaf(struct sah_fake_adapters *fake, bool deaf)
{
    fake->deaf = deaf;
}

size_t sah_fake_adapters_n(const struct sah_fake_adapters *fake)
{
    return fake->n;
}

const struct sah_outbox_event *sah_fake_adapters_event(const struct sah_fake_adapters *fake,
                                                       size_t i)
{
    return i < fake->n ? fake->events[i] : NULL;
}

const struct sah_outbox_event *sah_fake_adapters_next(struct sah_fake_adapters *fake)
{
    return fake->handed_out < fake->n ? fake->events[fake->handed_out++] : NULL;
}

int sah_fake_adapters_create(struct sah_fake_adapters **ret_fake)
{
    struct sah_fake_adapters *fake = calloc(1, sizeof *fake);

    if (fake == NULL)
        return SAH_ENOMEM;
    fake->magic = FAKE_MAGIC;
    fake->port =
        (struct sah_adapters){.data = fake, .send_event = send_event, .channels = channels};
    *ret_fake = fake;
    return SAH_OK;
}

void sah_fake_adapters_destroy(struct sah_fake_adapters *fake)
{
    if (fake == NULL)
        return;
    SAH_CHECK(fake, FAKE_MAGIC);
    for (size_t i = 0; i < fake->n; i++)
        free(fake->events[i]);
    free(fake->events);
    fake->magic = 0;
    free(fake);
}

const struct sah_adapters *sah_fake_adapters_port(struct sah_fake_adapters *fake)
{
    return &fake->port;
}
