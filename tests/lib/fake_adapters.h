/*
 * fake_adapters - the adapters' port: channels that come and go, and what they were told.
 *
 * Owns:    the list of every event that arrived at an adapter, and which of them want an ack.
 * Used by: tests/lib/core_rig, tests/lib/world.
 * Never:   acks by itself: an ack comes back as a message, so whoever turns the world does it.
 */
#ifndef SAHAYA_TESTS_FAKE_ADAPTERS_H
#define SAHAYA_TESTS_FAKE_ADAPTERS_H

#include "core/ports.h"

struct sah_fake_adapters;

SAH_MUST_USE int sah_fake_adapters_create(struct sah_fake_adapters **ret_fake);
void sah_fake_adapters_destroy(struct sah_fake_adapters *fake); /* NULL is fine */
const struct sah_adapters *sah_fake_adapters_port(struct sah_fake_adapters *fake);

/* Which channels are served now; n = 0: no adapter is there. */
void sah_fake_adapters_serve(struct sah_fake_adapters *fake, const char *const *channels,
                             unsigned n);
/* An adapter that says hello and takes nothing: its pipe is full. */
void sah_fake_adapters_deaf(struct sah_fake_adapters *fake, bool deaf);

/* Everything that arrived, doubles included, in order. */
size_t sah_fake_adapters_n(const struct sah_fake_adapters *fake);
const struct sah_outbox_event *sah_fake_adapters_event(const struct sah_fake_adapters *fake,
                                                       size_t i);
/* The next event not handed out by this function yet: to ack it. NULL when there is none. */
const struct sah_outbox_event *sah_fake_adapters_next(struct sah_fake_adapters *fake);

#endif
