/*
 * conf_main - the command line that all programs share.
 *
 * Owns:    nothing.
 * Used by: main() of each daemon, as its first call.
 * Never:   exits: it answers what main() should do, so that a test can call it.
 */
#include <sahaya/conf.h>

#include <string.h>

#ifndef SAHAYA_VERSION
#error "the build names the version"
#endif

#define EXIT_GOOD  0
#define EXIT_USAGE 2

static const char option_table[] =
    "  --config FILE    read the settings from FILE (YAML)\n"
    "  --check-config   read and check the settings and the files they name, then exit\n"
    "  --help           show this text\n"
    "  --version        show the version\n";

struct command_line {
    const char *config;
    bool check_only, help, version;
};

static void print_usage(const char *program, FILE *out)
{
    fprintf(out, "usage: %s --config FILE [--check-config]\n       %s --help | --version\n",
            program, program);
}

static void wrong_usage(const char *program, const char *what, const char *word)
{
    fprintf(stderr, "%s: %s '%.200s'\n", program, what, word);
    print_usage(program, stderr);
}

/* False when it has said what is wrong. --help and --version end the reading: they are
 * answered. */
static bool read_arguments(int argc, char **argv, const char *program,
                           struct command_line *line)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];

        if (strcmp(word, "--help") == 0) {
            line->help = true;
            return true;
        }
        if (strcmp(word, "--version") == 0) {
            line->version = true;
            return true;
        }
        if (strcmp(word, "--check-config") == 0) {
            line->check_only = true;
            continue;
        }
        if (strcmp(word, "--config") != 0 && strncmp(word, "--config=", 9) != 0) {
            wrong_usage(program, "unknown option", word);
            return false;
        }
        if (line->config != NULL) {
            wrong_usage(program, "given twice:", "--config");
            return false;
        }
        line->config = word[8] == '=' ? word + 9 : i + 1 < argc ? argv[++i] : "";
        if (line->config[0] == '\0') {
            wrong_usage(program, "a file name must follow", "--config");
            return false;
        }
    }
    if (line->config == NULL)
        wrong_usage(program, "missing option", "--config");
    return line->config != NULL;
}

int sah_conf_main(int argc, char **argv, const char *program, const char *purpose,
                  const struct sah_conf_row *rows, size_t n_rows, void *settings,
                  char *ret_config_path, size_t config_path_size, bool *ret_check_only,
                  int *ret_exit)
{
    struct command_line line = {0};
    struct sah_fault fault;

    *ret_exit = EXIT_USAGE;
    if (!read_arguments(argc, argv, program, &line))
        return SAH_ECANCELED;
    if (line.help) {
        printf("%s - %s\n\n", program, purpose);
        print_usage(program, stdout);
        printf("\n%s\nSettings:\n", option_table);
        sah_conf_help(rows, n_rows, stdout);
    }
    if (line.version)
        printf("%s %s\n", program, SAHAYA_VERSION);
    if (line.help || line.version) {
        fflush(stdout);
        *ret_exit = EXIT_GOOD;
        return SAH_ECANCELED;
    }
    if (strlen(line.config) >= config_path_size) {
        wrong_usage(program, "the path is too long:", line.config);
        return SAH_ECANCELED;
    }
    if (sah_conf_load(line.config, rows, n_rows, settings, &fault) != SAH_OK) {
        sah_fault_print(&fault, stderr);
        return SAH_ECANCELED;
    }
    sah_format(ret_config_path, config_path_size, "%s", line.config);
    *ret_check_only = line.check_only;
    *ret_exit = EXIT_GOOD;
    return SAH_OK;
}
