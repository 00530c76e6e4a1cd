/*
 * options - see options.h.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sahaya/str.h>

static void tell(const char *program, const struct option_row *rows, unsigned n)
{
    printf("usage: %s --name value ...\n", program);
    for (unsigned i = 0; i < n; i++)
        printf("  --%-12s %s\n", rows[i].name, rows[i].help);
}

static bool read_one(const struct option_row *row, const char *value)
{
    if (row->text != NULL) {
        *row->text = value;
        return true;
    }
    return sah_parse_u64(sah_slice_of(value), row->min, row->max, row->number) == SAH_OK;
}

bool options_read(const char *program, const struct option_row *rows, unsigned n, int argc,
                  char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        unsigned at = 0;

        if (strcmp(argv[i], "--help") == 0) {
            tell(program, rows, n);
            exit(0);
        }
        while (at < n &&
               (strncmp(argv[i], "--", 2) != 0 || strcmp(argv[i] + 2, rows[at].name) != 0))
            at++;
        if (at == n || i + 1 == argc || !read_one(&rows[at], argv[i + 1])) {
            fprintf(stderr, "%s: %s is unknown, or its value is missing or wrong; see --help\n",
                    program, argv[i]);
            return false;
        }
    }
    return true;
}
