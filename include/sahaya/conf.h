/*
 * conf - settings as rows, and YAML trees with line numbers for the larger data files.
 *
 * A program lists its settings once as rows: name with its unit, kind, default, bounds, help.
 * The parser, --help and the sample file come from the same rows. An unknown key, a wrong type,
 * a value out of bounds, a missing required key, an unreadable secret file: refused as a whole,
 * with file, line, key and what to write instead.
 */
#ifndef SAHAYA_CONF_H
#define SAHAYA_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sahaya/str.h>

/* What is wrong and where; text says what to write instead. */
struct sah_fault {
    char file[256];
    unsigned line; /* 1-based; 0 = the file as a whole */
    char key[96];
    char text[320];
};
void sah_fault_set(struct sah_fault *fault, const char *file, unsigned line, const char *key,
                   const char *fmt, ...) SAH_PRINTF(5, 6);
/* "etc/router.yaml:12: redis_deadline_ms: must be 1..60000 (ms); write for example 250" */
void sah_fault_print(const struct sah_fault *fault, FILE *out);

/* ---- a YAML tree. Aliases, tags and duplicate keys are refused; depth <= 16, file <= 4 MiB. */
enum sah_yaml_kind { SAH_YAML_SCALAR, SAH_YAML_LIST, SAH_YAML_MAP };
struct sah_yaml {
    enum sah_yaml_kind kind;
    unsigned line;
    const char *key;        /* within a map, else NULL */
    struct sah_slice value; /* scalar, NUL-terminated behind the length too */
    struct sah_yaml *first; /* list items or map entries, in file order */
    struct sah_yaml *next;
    unsigned count;         /* children */
};
struct sah_yaml_doc; /* owns the whole tree */
SAH_MUST_USE int sah_yaml_load(const char *path, struct sah_yaml_doc **ret_doc, struct sah_fault *fault);
SAH_MUST_USE int sah_yaml_parse(const char *name, const char *text, size_t len,
                                struct sah_yaml_doc **ret_doc, struct sah_fault *fault);
void sah_yaml_destroy(struct sah_yaml_doc *doc);
const struct sah_yaml *sah_yaml_root(const struct sah_yaml_doc *doc);
const char *sah_yaml_file(const struct sah_yaml_doc *doc);
/* NULL when the map has no such key, or when map is no map. */
const struct sah_yaml *sah_yaml_get(const struct sah_yaml *map, const char *key);
/* Refuses keys of `map` that are not in the NULL-terminated list; the fault names the nearest. */
SAH_MUST_USE int sah_yaml_only(const struct sah_yaml_doc *doc, const struct sah_yaml *map,
                               const char *const *allowed, struct sah_fault *fault);
/* Typed reads of map[key]; a missing key is a fault when `required`, else leaves *ret untouched. */
SAH_MUST_USE int sah_yaml_text(const struct sah_yaml_doc *doc, const struct sah_yaml *map, const char *key,
                               bool required, char *dst, size_t size, struct sah_fault *fault);
SAH_MUST_USE int sah_yaml_number(const struct sah_yaml_doc *doc, const struct sah_yaml *map, const char *key,
                                 bool required, int64_t min, int64_t max, int64_t *ret_value,
                                 struct sah_fault *fault);
SAH_MUST_USE int sah_yaml_bool(const struct sah_yaml_doc *doc, const struct sah_yaml *map, const char *key,
                               bool required, bool *ret_value, struct sah_fault *fault);

/* ---- settings as rows */
enum sah_conf_kind {
    SAH_CONF_TEXT,   /* char[size] in the settings struct */
    SAH_CONF_NUMBER, /* int64_t, within [min, max] */
    SAH_CONF_BOOL,   /* bool; true or false */
    SAH_CONF_FILE,   /* char[size]; a path, relative ones from the folder of the settings file */
    SAH_CONF_SECRET, /* as FILE; must be readable and not empty when set; only its path is kept */
};
struct sah_conf_row {
    const char *name;
    enum sah_conf_kind kind;
    size_t offset;
    size_t size;              /* of the char array, for TEXT, FILE, SECRET */
    const char *default_text; /* NULL = required; "" = may be left empty */
    int64_t min, max;
    const char *unit; /* "" when it has none */
    const char *help;
};
/* Fills `settings` with defaults, then with the file. All or nothing. */
SAH_MUST_USE int sah_conf_load(const char *path, const struct sah_conf_row *rows, size_t n_rows,
                               void *settings, struct sah_fault *fault);
/* The rows as a table for --help, and as a sample file. */
void sah_conf_help(const struct sah_conf_row *rows, size_t n_rows, FILE *out);
void sah_conf_sample(const struct sah_conf_row *rows, size_t n_rows, FILE *out);

/*
 * The command line every program of ours takes: --config FILE, --check-config, --help, --version.
 * Loads the settings. Returns SAH_OK to go on; SAH_ECANCELED when it has printed what was asked
 * (exit with *ret_exit: 0 good, 2 wrong usage or settings).
 */
SAH_MUST_USE int sah_conf_main(int argc, char **argv, const char *program, const char *purpose,
                               const struct sah_conf_row *rows, size_t n_rows, void *settings,
                               char *ret_config_path, size_t config_path_size, bool *ret_check_only,
                               int *ret_exit);

#endif
