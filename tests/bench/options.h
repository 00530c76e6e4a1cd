/*
 * options - "--name value" pairs of the bench programs, as rows.
 *
 * Used by: load.c, preload.c.
 */
#ifndef SAHAYA_BENCH_OPTIONS_H
#define SAHAYA_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct option_row {
    const char *name;  /* without the two dashes */
    const char **text; /* one of the two is set */
    uint64_t *number;
    uint64_t min, max; /* of a number */
    const char *help;
};

/* Tells on standard error what is wrong; --help prints the rows and ends the program. */
bool options_read(const char *program, const struct option_row *rows, unsigned n, int argc,
                  char **argv);

#endif
