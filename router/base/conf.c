/*
 * conf - fills a settings struct from its rows and a file.
 *
 * Owns:    nothing that lasts.
 * Used by: sah_conf_main() and tests.
 * Never:   leaves a half-filled struct: values are gathered beside it and copied when all are
 *          good. Never prints or keeps what stands in a secret file; only its path is kept.
 *
 * An empty value is accepted only where the row's default is "": everywhere else it is
 * somebody's unfinished line. A default that breaks its own row is our mistake and asserted.
 */
#include "conf_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct load {
    const char *path;
    const struct sah_conf_row *rows;
    size_t n_rows;
    struct sah_yaml_doc *doc;
    char *values; /* a settings struct of our own */
    struct sah_fault *fault;
};

static size_t row_bytes(const struct sah_conf_row *row)
{
    switch (row->kind) {
    case SAH_CONF_NUMBER:
        return sizeof(int64_t);
    case SAH_CONF_BOOL:
        return sizeof(bool);
    case SAH_CONF_TEXT:
    case SAH_CONF_FILE:
    case SAH_CONF_SECRET:
        break;
    }
    return row->size;
}

void sah_conf_bounds(const struct sah_conf_row *row, char dst[SAH_CONF_BOUNDS_SIZE])
{
    bool has_unit = row->unit != NULL && row->unit[0] != '\0';

    sah_format(dst, SAH_CONF_BOUNDS_SIZE, "%" PRId64 "..%" PRId64 "%s%s%s", row->min, row->max,
               has_unit ? " (" : "", has_unit ? row->unit : "", has_unit ? ")" : "");
}

static int set_number(const struct load *load, const struct sah_conf_row *row,
                      struct sah_slice value, unsigned line)
{
    char bounds[SAH_CONF_BOUNDS_SIZE], example[32];
    int64_t number;

    if (sah_parse_i64(value, row->min, row->max, &number) == SAH_OK) {
        memcpy(load->values + row->offset, &number, sizeof number);
        return SAH_OK;
    }
    sah_conf_bounds(row, bounds);
    if (row->default_text != NULL && row->default_text[0] != '\0')
        sah_format(example, sizeof example, "%s", row->default_text);
    else
        sah_format(example, sizeof example, "%" PRId64, row->min);
    sah_fault_set(load->fault, load->path, line, row->name, "must be %s; write for example %s",
                  bounds, example);
    return SAH_EINVAL;
}

static int set_bool(const struct load *load, const struct sah_conf_row *row,
                    struct sah_slice value, unsigned line)
{
    bool is_true = sah_slice_is(value, "true");

    if (!is_true && !sah_slice_is(value, "false")) {
        sah_fault_set(load->fault, load->path, line, row->name,
                      "must be true or false; write for example %s",
                      row->default_text != NULL && row->default_text[0] != '\0'
                          ? row->default_text
                          : "false");
        return SAH_EINVAL;
    }
    memcpy(load->values + row->offset, &is_true, sizeof is_true);
    return SAH_OK;
}

static int set_text(const struct load *load, const struct sah_conf_row *row,
                    struct sah_slice value, unsigned line)
{
    int rc = sah_copy(load->values + row->offset, row->size, value.ptr, value.len);

    if (rc != SAH_OK)
        sah_fault_set(load->fault, load->path, line, row->name,
                      "is too long; at most %zu bytes are allowed", row->size - 1);
    return rc;
}

/* A relative path is read from the folder of the settings file, wherever the program started.
 */
static int set_path(const struct load *load, const struct sah_conf_row *row,
                    struct sah_slice value, unsigned line)
{
    const char *slash = strrchr(load->path, '/');
    int folder_len = slash != NULL && value.ptr[0] != '/' ? (int)(slash + 1 - load->path) : 0;
    int rc = sah_format(load->values + row->offset, row->size, "%.*s%s", folder_len, load->path,
                        value.ptr);

    if (rc != SAH_OK)
        sah_fault_set(load->fault, load->path, line, row->name,
                      "the whole path is too long; at most %zu bytes are allowed",
                      row->size - 1);
    return rc;
}

static int check_secret(const struct load *load, const struct sah_conf_row *row, unsigned line)
{
    const char *path = load->values + row->offset;
    const char *state;
    char *secret;
    size_t len;
    int rc = sah_read_secret(path, &secret, &len);

    if (rc == SAH_OK) {
        explicit_bzero(secret, len);
        free(secret);
        return SAH_OK;
    }
    if (rc == SAH_ENOENT)
        state = "is missing; write the secret into it, mode 0600";
    else if (rc == SAH_EINVAL)
        state = "is empty; write the secret into it, mode 0600";
    else if (rc == SAH_EDENIED)
        state = "may not be read; give it to this program's user, mode 0600";
    else if (rc == SAH_ELIMIT)
        state = "is larger than 16 KiB; write only the secret into it, mode 0600";
    else
        state = "cannot be read; make it a plain file with the secret in it, mode 0600";
    /* The end of a long path tells more than its start, and the advice must not be cut off. */
    len = strlen(path);
    sah_fault_set(load->fault, load->path, line, row->name, "secret file '%s%s' %s",
                  len > 200 ? "..." : "", path + (len > 200 ? len - 200 : 0), state);
    return rc;
}

static int set_row(const struct load *load, const struct sah_conf_row *row,
                   struct sah_slice value, unsigned line)
{
    int rc;

    if (value.len == 0) {
        /* The bytes are zero already: "", 0 or false. */
        if (row->default_text != NULL && row->default_text[0] == '\0')
            return SAH_OK;
        sah_fault_set(load->fault, load->path, line, row->name,
                      "is empty; write a value%s%s (%s)",
                      row->default_text != NULL ? ", for example " : "",
                      row->default_text != NULL ? row->default_text : "", row->help);
        return SAH_EINVAL;
    }
    switch (row->kind) {
    case SAH_CONF_TEXT:
        return set_text(load, row, value, line);
    case SAH_CONF_NUMBER:
        return set_number(load, row, value, line);
    case SAH_CONF_BOOL:
        return set_bool(load, row, value, line);
    case SAH_CONF_FILE:
        return set_path(load, row, value, line);
    case SAH_CONF_SECRET:
        rc = set_path(load, row, value, line);
        return rc != SAH_OK ? rc : check_secret(load, row, line);
    }
    return SAH_EINVAL;
}

static int take_row(const struct load *load, const struct sah_conf_row *row)
{
    const struct sah_yaml *entry = sah_yaml_get(sah_yaml_root(load->doc), row->name);
    int rc;

    if (entry != NULL) {
        if (entry->kind == SAH_YAML_SCALAR)
            return set_row(load, row, entry->value, entry->line);
        sah_fault_set(load->fault, load->path, entry->line, row->name,
                      "must be one value, not a %s",
                      entry->kind == SAH_YAML_LIST ? "list" : "map");
        return SAH_EINVAL;
    }
    if (row->default_text == NULL) {
        sah_fault_set(load->fault, load->path, 0, row->name,
                      "is missing and has no default; add a line '%s: ...' (%s)", row->name,
                      row->help);
        return SAH_EINVAL;
    }
    rc = set_row(load, row, sah_slice_of(row->default_text), 0);
    /* A secret's file and the length of a folder are the world's; the rest of a default is
     * ours. */
    SAH_ASSERT(rc == SAH_OK || row->kind == SAH_CONF_SECRET || row->kind == SAH_CONF_FILE);
    return rc;
}

static int refuse_unknown(const struct load *load)
{
    SAH_AUTOFREE const char **names = calloc(load->n_rows + 1, sizeof *names);

    if (names == NULL) {
        sah_fault_set(load->fault, load->path, 0, NULL, "out of memory");
        return SAH_ENOMEM;
    }
    for (size_t i = 0; i < load->n_rows; i++)
        names[i] = load->rows[i].name;
    return sah_yaml_only(load->doc, sah_yaml_root(load->doc), names, load->fault);
}

int sah_conf_load(const char *path, const struct sah_conf_row *rows, size_t n_rows,
                  void *settings, struct sah_fault *fault)
{
    struct load load = {.path = path, .rows = rows, .n_rows = n_rows, .fault = fault};
    size_t bytes = 1;
    int rc;

    for (size_t i = 0; i < n_rows; i++) {
        SAH_ASSERT(row_bytes(&rows[i]) > 0);
        if (rows[i].offset + row_bytes(&rows[i]) > bytes)
            bytes = rows[i].offset + row_bytes(&rows[i]);
    }
    rc = sah_yaml_load(path, &load.doc, fault);
    if (rc != SAH_OK)
        return rc;
    load.values = calloc(1, bytes);
    if (load.values == NULL) {
        sah_fault_set(fault, path, 0, NULL, "out of memory");
        rc = SAH_ENOMEM;
        goto done;
    }
    rc = refuse_unknown(&load);
    for (size_t i = 0; rc == SAH_OK && i < n_rows; i++)
        rc = take_row(&load, &rows[i]);
    for (size_t i = 0; rc == SAH_OK && i < n_rows; i++)
        memcpy((char *)settings + rows[i].offset, load.values + rows[i].offset,
               row_bytes(&rows[i]));
done:
    free(load.values);
    sah_yaml_destroy(load.doc);
    return rc;
}
