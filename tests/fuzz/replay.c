/*
 * replay - main() of a fuzzer in ordinary builds: runs the corpus as a test.
 *
 * Owns:    nothing.
 * Used by: sah_fuzzer() in tests/CMakeLists.txt, linked to each fuzz_*.c when libFuzzer is not.
 * Never:   passes without having run anything: a folder without a file, or no argument, fails.
 *
 * Each input lies in memory of exactly its size, so that the address sanitizer sees a read past
 * its end. It links nothing of ours: the parser under test stands alone.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_MAX_BYTES (16 * 1024 * 1024)
#define PATH_BYTES      4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data = NULL;
    size_t size;
    bool good = false;

    if (file == NULL || fstat(fileno(file), &status) != 0 || status.st_size > INPUT_MAX_BYTES)
        goto done;
    size = (size_t)status.st_size;
    data = malloc(size);
    if (size > 0 && (data == NULL || fread(data, 1, size, file) != size))
        goto done;
    /* The name first: it is what one wants to know when the next line stops the process. */
    printf("running %s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, size);
    good = true;
done:
    if (!good)
        fprintf(stderr, "replay: cannot read %s\n", path);
    free(data);
    if (file != NULL)
        fclose(file);
    return good;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Runs the files of a folder in the order of their names; false on any failure or none found.
 */
static bool run_folder(const char *folder, unsigned *count)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, is_input, alphasort);
    unsigned before = *count;
    bool good = found >= 0;

    for (int i = 0; i < found; i++) {
        char path[PATH_BYTES];
        struct stat status;
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);

        free(entries[i]);
        if (len < 0 || (size_t)len >= sizeof path || stat(path, &status) != 0) {
            good = false;
            continue;
        }
        if (!S_ISREG(status.st_mode))
            continue;
        if (run_file(path))
            ++*count;
        else
            good = false;
    }
    if (found >= 0)
        free(entries);
    if (*count == before) {
        fprintf(stderr, "replay: no input was run from %s\n", folder);
        return false;
    }
    return good;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    bool good = argc > 1;

    for (int i = 1; i < argc; i++) {
        struct stat status;

        if (stat(argv[i], &status) != 0) {
            fprintf(stderr, "replay: no such file or folder: %s\n", argv[i]);
            good = false;
        } else if (S_ISDIR(status.st_mode)) {
            good = run_folder(argv[i], &count) && good;
        } else if (run_file(argv[i])) {
            count++;
        } else {
            good = false;
        }
    }
    printf("replayed %u inputs\n", count);
    return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
