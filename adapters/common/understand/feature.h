/*
 * feature - what a message consists of: its words by sound, their bones, neighbours, beginnings, and
 * what the lexicon found in it.
 *
 * Owns:    the names of features; their hash stands for the name everywhere.
 * Used by: nothing that answers a citizen yet; it is what votes learned from examples will count.
 * Never:   looks at anything but one struct work.
 */
#ifndef SAHAYA_UNDERSTAND_FEATURE_H
#define SAHAYA_UNDERSTAND_FEATURE_H

#include "work.h"

#define FEATURES_MAX 1024 /* the first; a longer message says enough by them */

struct feature {
    uint32_t hash;        /* FNV-1a of the name; never 0 */
    uint16_t first, last; /* tokens it was read from */
    /* w word, k its bones, x its beginning, b two words, s the bones of two, e emoji; of the lexicon: q a cue
     * that holds, n one that does not, p a concept, h a hidden one */
    char kind;
};

struct features {
    unsigned n;
    struct feature at[FEATURES_MAX];
};

/* Each feature once. */
void features_of(const struct work *work, struct features *ret_features);

#endif
