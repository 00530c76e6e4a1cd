/*
 * mix - reads mix.tsv. See mix.h.
 */
#include "mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS    5
#define FILE_MAX   ((size_t)256 * 1024)
#define WEIGHT_MAX 1000000

static bool read_agencies(struct mix_row *row, struct sah_slice names)
{
    while (names.len > 0) {
        const char *comma = memchr(names.ptr, ',', names.len);
        size_t len = comma == NULL ? names.len : (size_t)(comma - names.ptr);

        if (len == 0 || row->n_agencies == MIX_AGENCIES_MAX ||
            sah_copy(row->agencies[row->n_agencies++], sizeof row->agencies[0], names.ptr,
                     len) != SAH_OK)
            return false;
        names.ptr += len + (comma != NULL);
        names.len -= len + (comma != NULL);
    }
    return row->n_agencies > 0;
}

static bool read_row(struct mix_row *row, const char *line, size_t len)
{
    struct sah_slice columns[COLUMNS];
    uint64_t weight;

    for (unsigned i = 0; i < COLUMNS; i++) {
        const char *tab = i + 1 < COLUMNS ? memchr(line, '\t', len) : line + len;

        if (tab == NULL)
            return false;
        columns[i] = (struct sah_slice){line, (size_t)(tab - line)};
        len -= columns[i].len + (i + 1 < COLUMNS);
        line = tab + 1;
    }
    if (sah_parse_u64(columns[0], 1, WEIGHT_MAX, &weight) != SAH_OK || columns[1].len != 2 ||
        sah_copy(row->class, sizeof row->class, columns[1].ptr, 2) != SAH_OK ||
        columns[4].len == 0 || !sah_utf8_valid(columns[4].ptr, columns[4].len))
        return false;
    row->weight = (uint32_t)weight;
    row->emergency = sah_slice_is(columns[2], "yes");
    if (!row->emergency && !sah_slice_is(columns[2], "no"))
        return false;
    row->words = strndup(columns[4].ptr, columns[4].len);
    return row->words != NULL && read_agencies(row, columns[3]);
}

static int read_lines(struct mix *mix, const char *path, const char *text, const char *only)
{
    unsigned number = 0;

    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *next = line + len + (line[len] == '\n');

        number++;
        if (len > 0 && line[0] != '#') {
            struct mix_row *row = &mix->rows[mix->n];

            if (mix->n == MIX_ROWS_MAX || !read_row(row, line, len)) {
                free(row->words);
                row->words = NULL;
                fprintf(stderr, "%s:%u: wants weight, class, yes or no, agencies, words\n",
                        path, number);
                return SAH_EINVAL;
            }
            if (only != NULL && strcmp(only, row->class) != 0) {
                free(row->words);
                *row = (struct mix_row){0};
            } else {
                mix->weights += row->weight;
                mix->n++;
            }
        }
        line = next;
    }
    return mix->n > 0 ? SAH_OK : SAH_ENOENT;
}

int mix_read(struct mix *mix, const char *path, const char *only, uint32_t seed)
{
    SAH_AUTOFREE char *text = NULL;
    size_t len;
    int err;

    *mix = (struct mix){.chance = seed != 0 ? seed : 0x9e3779b9u};
    err = sah_read_file(path, FILE_MAX, &text, &len);
    if (err == SAH_OK)
        err = read_lines(mix, path, text, only);
    if (err != SAH_OK) {
        fprintf(stderr, "%s: %s\n", path, sah_strerror(err));
        mix_fini(mix);
    }
    return err;
}

void mix_fini(struct mix *mix)
{
    for (unsigned i = 0; i < mix->n; i++)
        free(mix->rows[i].words);
    mix->n = 0;
}

const struct mix_row *mix_pick(struct mix *mix)
{
    uint32_t at, i = 0;

    mix->chance ^= mix->chance << 13;
    mix->chance ^= mix->chance >> 17;
    mix->chance ^= mix->chance << 5;
    for (at = mix->chance % mix->weights; at >= mix->rows[i].weight; i++)
        at -= mix->rows[i].weight;
    return &mix->rows[i];
}

void mix_json_text(struct sah_buf *buf, const char *text)
{
    sah_buf_add(buf, "\"", 1);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            sah_buf_add(buf, "\\", 1);
        sah_buf_add(buf, (unsigned char)*text < 0x20 ? " " : text, 1);
    }
    sah_buf_add(buf, "\"", 1);
}
