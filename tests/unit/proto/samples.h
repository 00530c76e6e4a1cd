/*
 * samples - messages in which every field says something, one of each kind.
 *
 * Used by: the tests of proto/ and the tool that writes the fuzzer's seeds. The seeds are the
 * memory of what version 1 meant: changing a sample means writing them anew.
 */
#ifndef SAH_TESTS_PROTO_SAMPLES_H
#define SAH_TESTS_PROTO_SAMPLES_H

#include <sahaya/message.h>

struct sample {
    const char *name; /* also the seed's file name */
    enum sah_kind kind;
    enum sah_payload_kind payload;
};

extern const struct sample samples[];
extern const unsigned n_samples;

/* Zeroes and fills *message: no field of its kind is zero, each list has one element. */
void sample_fill(const struct sample *sample, struct sah_message *message);
/* Then: each list full, the citizen's words as long as they may be. */
void sample_grow(struct sah_message *message);

#endif
