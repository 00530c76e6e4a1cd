/*
 * key - the sound of a word, roughly: one key for the many ways of typing it.
 *
 * Owns:    the tables that say which letters are the same to a hasty typist of Telugu, Hindi,
 *          Urdu or either in Latin letters.
 * Used by: words.c, on lexicon words at load and on message words later.
 * Never:   merges what decides between help and a mother-in-law: saans and saas stay two keys.
 */
#ifndef SAHAYA_UNDERSTAND_KEY_H
#define SAHAYA_UNDERSTAND_KEY_H

#include "fold.h"

#define KEY_BYTES (FOLD_WORD_BYTES + 1)

/* Writes at most KEY_BYTES - 1 bytes; never more than `len`. Returns the key's length. */
size_t key_of(uint8_t script, const char *word, size_t len, char *ret_key);

/* Whether a and b are within `bound` (1 or 2) edits: insert, delete, replace, swap of
 * neighbours, counted in characters. */
bool key_near(const char *a, size_t a_len, const char *b, size_t b_len, unsigned bound);

/* Whether a and b, of one length, are the same bytes in another order. */
bool key_swapped(const char *a, const char *b, size_t len);

size_t key_chars(const char *key, size_t len);

#endif
