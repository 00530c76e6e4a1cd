/*
 * conf_rows - what conf.c and conf_print.c both say about a row.
 */
#ifndef SAHAYA_BASE_CONF_ROWS_H
#define SAHAYA_BASE_CONF_ROWS_H

#include <sahaya/conf.h>

#define SAH_CONF_BOUNDS_SIZE 96

/* "1..60000 (ms)" */
void sah_conf_bounds(const struct sah_conf_row *row, char dst[SAH_CONF_BOUNDS_SIZE]);

#endif
