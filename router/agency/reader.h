/*
 * reader - typed lists and words out of a YAML tree, for the two data files.
 *
 * Owns:    nothing; the document and the fault are the caller's.
 * Used by: roster*.c, policy_file.c.
 * Never:   takes a word with a letter that does not belong, or the same word twice.
 */
#ifndef SAHAYA_AGENCY_READER_H
#define SAHAYA_AGENCY_READER_H

#include <sahaya/conf.h>

struct reader {
    const struct sah_yaml_doc *doc;
    struct sah_fault *fault;
};

enum alphabet {
    WORD_ID,      /* [a-z0-9-]: agencies, endpoints, districts */
    WORD_SERVICE, /* [A-Z0-9_]: services, incident types, classes */
    WORD_CUE,     /* [a-z0-9_]: cues, flags */
    WORD_RULE,    /* [A-Za-z0-9._-]: rules, versions */
    WORD_DIAL,    /* digits, may begin with '+' */
    WORD_SAYS,    /* any text without control characters */
};

/* Sets the fault and is SAH_EINVAL, so that it can be returned. */
#define REFUSE(r, line, key, ...) \
    (sah_fault_set((r)->fault, sah_yaml_file((r)->doc), (line), (key), __VA_ARGS__), SAH_EINVAL)

/* map[key] as one word into dst[0..size); untouched when it is missing and may be. */
SAH_MUST_USE int read_word(struct reader *r, const struct sah_yaml *map, const char *key,
                           bool required, enum alphabet alphabet, char *dst, size_t size);
/* map[key] as a list of at most max words into dst, which has max rows of size bytes. */
SAH_MUST_USE int read_words(struct reader *r, const struct sah_yaml *map, const char *key,
                            bool required, enum alphabet alphabet, void *dst, size_t size,
                            unsigned max, unsigned *ret_n);
/* map[key] as a list of maps: its first item through *ret_first (NULL when the list is empty).
 */
SAH_MUST_USE int read_maps(struct reader *r, const struct sah_yaml *map, const char *key,
                           bool required, unsigned max, const struct sah_yaml **ret_first);
/* map[key] as degrees ("17.385", at most 7 decimals) in 1e-7 degree, within +-limit degrees. */
SAH_MUST_USE int read_degrees(struct reader *r, const struct sah_yaml *map, const char *key,
                              int limit, int32_t *ret_e7);
/* The line of map[key], else that of the map. */
unsigned line_of(const struct sah_yaml *map, const char *key);

#endif
