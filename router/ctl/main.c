/*
 * sahayactl - the ops interface from a shell.
 *
 *   sahayactl triage [--explain] [--lexicon FOLDER] [--policy FILE]
 *   sahayactl queues | dead | replay | reclassify | quarantine [options]
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "agency/roster.h"
#include "triage.h"

#define PATH_SIZE 1024

static void usage(FILE *out)
{
    fputs("usage: sahayactl triage [--explain] [--lexicon FOLDER] [--policy FILE]\n"
          "       sahayactl queues | dead | replay | reclassify | quarantine [options]\n"
          "       sahayactl --help | --version; sahayactl COMMAND --help\n\n"
          "queues      what waits at each endpoint, how long, what is dead\n"
          "dead        dead letters: deliveries that were given up and wait for a person\n"
          "replay      dead letters go out again: --endpoint E (--key K | --all) [--dry-run]\n"
          "reclassify  a request gets another class: --request ID --to P0 [--by NAME]\n"
          "quarantine  pieces that could not be understood: [--show N]\n\n"
          "triage  reads one message a line on standard input (a line feed inside a message is the two\n"
          "        characters \\n) and writes one row a line, tab-separated:\n"
          "        service priority additional_services language rule     (empty = -)\n"
          "        --explain adds the cues, their bytes and the rules, in lines that start with #.\n"
          "        Data is looked for beside the program (../../adapters/common/phrases/lexicon and\n"
          "        ../../deploy/etc/policy.yaml) unless named.\n",
          out);
}

/* The program stands in build/bin; the data in the tree above it. */
static int beside(char *dst, size_t size, const char *tail)
{
    char self[PATH_SIZE];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (n < 0)
        return SAH_EIO;
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return SAH_EIO;
    *slash = '\0';
    return sah_format(dst, size, "%s/../../%s", self, tail);
}

static int triage_main(int argc, char **argv)
{
    char lexicon_path[2 * PATH_SIZE] = "", policy_path[2 * PATH_SIZE] = "";
    struct sah_lexicon *lexicon = NULL;
    struct sah_policy *policy = NULL;
    struct sah_fault fault = {0};
    bool explain = false;
    int err;

    if (beside(lexicon_path, sizeof lexicon_path, "adapters/common/phrases/lexicon") != SAH_OK ||
        beside(policy_path, sizeof policy_path, "deploy/etc/policy.yaml") != SAH_OK) {
        fputs("sahayactl: cannot tell where this program stands; give --lexicon and --policy\n", stderr);
        return 2;
    }
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--explain") == 0) {
            explain = true;
        } else if (strcmp(argv[i], "--lexicon") == 0 && i + 1 < argc) {
            (void)sah_format(lexicon_path, sizeof lexicon_path, "%s", argv[++i]);
        } else if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc) {
            (void)sah_format(policy_path, sizeof policy_path, "%s", argv[++i]);
        } else {
            fprintf(stderr, "sahayactl triage: unknown word \"%s\"\n", argv[i]);
            usage(stderr);
            return 2;
        }
    }
    if (sah_lexicon_load(lexicon_path, &lexicon, &fault) != SAH_OK ||
        sah_policy_load(policy_path, &policy, &fault) != SAH_OK) {
        sah_fault_print(&fault, stderr);
        sah_lexicon_destroy(lexicon);
        return 2;
    }
    err = triage_run(stdin, stdout, lexicon, policy, explain);
    free(policy);
    sah_lexicon_destroy(lexicon);
    return err == SAH_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"queues", queues_main},
                    {"dead", dead_main},
                    {"replay", replay_main},
                    {"reclassify", reclassify_main},
                    {"quarantine", quarantine_main}};

    for (size_t i = 0; argc >= 2 && i < SAH_LEN(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "triage") == 0)
        return triage_main(argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("sahayactl %s\n", SAHAYA_VERSION);
        return 0;
    }
    usage(stderr);
    return 2;
}
