/*
 * conf_print - the rows as a table for --help and as a sample file.
 *
 * Owns:    nothing.
 * Used by: sah_conf_main() and whoever writes deploy/etc.
 * Never:   says something about a setting that is not in its row.
 */
#include "conf_rows.h"

#include <string.h>

static const char *kind_name(enum sah_conf_kind kind)
{
    switch (kind) {
    case SAH_CONF_TEXT:
        return "text";
    case SAH_CONF_NUMBER:
        return "number";
    case SAH_CONF_BOOL:
        return "true or false";
    case SAH_CONF_FILE:
        return "path";
    case SAH_CONF_SECRET:
        return "path of a secret file";
    }
    return "?";
}

/* What a value may be: the bounds of a number, else the kind. */
static void describe(const struct sah_conf_row *row, char dst[SAH_CONF_BOUNDS_SIZE])
{
    if (row->kind == SAH_CONF_NUMBER)
        sah_conf_bounds(row, dst);
    else
        sah_format(dst, SAH_CONF_BOUNDS_SIZE, "%s", kind_name(row->kind));
}

static const char *default_words(const struct sah_conf_row *row)
{
    if (row->default_text == NULL)
        return "(required)";
    return row->default_text[0] != '\0' ? row->default_text : "(empty)";
}

void sah_conf_help(const struct sah_conf_row *rows, size_t n_rows, FILE *out)
{
    int name_width = (int)strlen("setting"), default_width = (int)strlen("default");
    int range_width = (int)strlen("value");
    char range[SAH_CONF_BOUNDS_SIZE];

    for (size_t i = 0; i < n_rows; i++) {
        int name_len = (int)strlen(rows[i].name),
            default_len = (int)strlen(default_words(&rows[i]));

        describe(&rows[i], range);
        name_width = name_len > name_width ? name_len : name_width;
        default_width = default_len > default_width ? default_len : default_width;
        range_width = (int)strlen(range) > range_width ? (int)strlen(range) : range_width;
    }
    fprintf(out, "  %-*s  %-*s  %-*s  meaning\n", name_width, "setting", default_width,
            "default", range_width, "value");
    for (size_t i = 0; i < n_rows; i++) {
        describe(&rows[i], range);
        fprintf(out, "  %-*s  %-*s  %-*s  %s\n", name_width, rows[i].name, default_width,
                default_words(&rows[i]), range_width, range, rows[i].help);
    }
}

/* Text in double quotes, so that no default can be read as anything else. */
static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void sah_conf_sample(const struct sah_conf_row *rows, size_t n_rows, FILE *out)
{
    char range[SAH_CONF_BOUNDS_SIZE];

    for (size_t i = 0; i < n_rows; i++) {
        const struct sah_conf_row *row = &rows[i];
        bool plain = row->kind == SAH_CONF_NUMBER || row->kind == SAH_CONF_BOOL;

        describe(row, range);
        fprintf(out, "%s# %s: %s%s\n", i > 0 ? "\n" : "", row->help, range,
                row->default_text == NULL ? "; required" : "");
        if (row->default_text == NULL || row->default_text[0] == '\0') {
            /* A required line stays open and is refused until somebody fills it. */
            fprintf(out, "%s%s:\n", row->default_text == NULL ? "" : "#", row->name);
            continue;
        }
        fprintf(out, "%s: ", row->name);
        if (plain)
            fputs(row->default_text, out);
        else
            print_quoted(row->default_text, out);
        fputc('\n', out);
    }
}
