/*
 * roman - a word of any of our four scripts in Latin letters, by sound, roughly.
 *
 * Owns:    the tables from Telugu, Devanagari and Arabic letters to Latin ones.
 * Used by: feature.c, so that what was learned from "paddadu" counts for its Telugu spelling too.
 * Never:   decides anything: two words that fall together here may still differ for words.c.
 */
#ifndef SAHAYA_UNDERSTAND_ROMAN_H
#define SAHAYA_UNDERSTAND_ROMAN_H

#include "fold.h"

#define ROMAN_BYTES 64

/* Writes at most ROMAN_BYTES - 1 bytes of [a-z0-9] and their number; a longer word is cut. */
size_t roman_of(uint8_t script, const char *word, size_t len, char ret_roman[ROMAN_BYTES]);

/* The consonants alone ("kltprpdipyindi" of "kaltappirapadipoyindi"), which typing errors and the
 * vowels that Arabic letters leave out do not change. ret_bones has room for len + 1. */
size_t roman_bones(const char *roman, size_t len, char *ret_bones);

#endif
