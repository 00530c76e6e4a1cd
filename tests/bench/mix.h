/*
 * mix - the sayings of mix.tsv, picked at random by their weights.
 *
 * Owns:    the rows.
 * Used by: load.c, preload.c.
 * Never:   guesses: a row that is not whole is refused with its line.
 */
#ifndef SAHAYA_BENCH_MIX_H
#define SAHAYA_BENCH_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include <sahaya/str.h>

#define MIX_ROWS_MAX     128
#define MIX_AGENCIES_MAX 8

struct mix_row {
    uint32_t weight;
    char class[3]; /* "P0".."P4" */
    bool emergency;
    unsigned n_agencies;
    char agencies[MIX_AGENCIES_MAX][32];
    char *words; /* as a citizen writes them */
};
struct mix {
    unsigned n;
    uint32_t weights; /* the sum */
    uint32_t chance;  /* state of the generator */
    struct mix_row rows[MIX_ROWS_MAX];
};

/* `only` NULL or a class. Errors are told on standard error. The caller ends it with
 * mix_fini(). */
SAH_MUST_USE int mix_read(struct mix *mix, const char *path, const char *only, uint32_t seed);
void mix_fini(struct mix *mix);
const struct mix_row *mix_pick(struct mix *mix);
/* `text` with quotes and backslashes escaped, in quotes. Control characters become blanks. */
void mix_json_text(struct sah_buf *buf, const char *text);

#endif
