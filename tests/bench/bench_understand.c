/*
 * bench_understand - what it costs to understand one message: processor time of an ordinary one
 * (the rows of the files named) and of the worst that 4,096 characters can do, and the memory.
 *
 * Owns:    the hostile texts.
 * Used by: people, by hand; ctest runs it with wide bounds, so that a slip by ten is seen.
 * Never:   judges what was understood; that is score.py's.
 *
 *     bench_understand LEXICON MAX_AVERAGE_US MAX_WORST_US FILE.tsv...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "understand/understand.h"

#define ROWS_MAX  8192
#define ROUNDS    5
#define HOSTILE   4096 /* characters: what understanding looks at */
#define HOSTILE_N 9

static char *row[ROWS_MAX];
static size_t n_rows;

static double now_us(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        abort();
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double once(const struct sah_lexicon *lexicon, const char *text, size_t len)
{
    struct sah_understanding out;
    double from = now_us();

    sah_understand(lexicon, text, len, &out);
    return now_us() - from;
}

static int read_rows(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;

    if (file == NULL) {
        fprintf(stderr, "bench_understand: %s: cannot be read\n", path);
        return -1;
    }
    while (n_rows < ROWS_MAX && getline(&line, &cap, file) > 0) {
        line[strcspn(line, "\t\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        row[n_rows] = strdup(line);
        if (row[n_rows] == NULL)
            abort();
        n_rows++;
    }
    free(line);
    return fclose(file);
}

/* Words that begin many phrases, words that nothing is, near misses of long ones, all of it as
 * often as it fits. */
static double worst(const struct sah_lexicon *lexicon)
{
    static const char *const pieces[HOSTILE_N] = {
        "fire ",
        "gas leak cylinder smell ",
        "a ",
        "qwrtzpsd ",
        "unconsciouz brething accidemt ",
        "aag nahi ",
        "మంటలు లేవు ",
        "آگ نہیں ",
        "not no never without breathing ",
    };
    double most = 0;

    for (unsigned p = 0; p < HOSTILE_N; p++) {
        char text[4 * HOSTILE];
        size_t len = 0, piece = strlen(pieces[p]), chars = 0;
        double best = 1e9;

        while (len + piece <= sizeof text && chars < HOSTILE) {
            memcpy(text + len, pieces[p], piece);
            for (size_t i = 0; i < piece; i++)
                chars += ((unsigned char)pieces[p][i] & 0xC0) != 0x80;
            len += piece;
        }
        for (int i = 0; i < 20; i++) { /* the least of them: what the machine adds is not ours */
            double took = once(lexicon, text, len);

            best = took < best ? took : best;
        }
        printf("  %7.1f us  4096 characters of \"%.24s\"\n", best, pieces[p]);
        most = best > most ? best : most;
    }
    return most;
}

int main(int argc, char **argv)
{
    struct sah_lexicon *lexicon;
    struct sah_fault fault;
    struct rusage before, after;
    double total = 0, most;

    if (argc < 5) {
        fprintf(stderr, "usage: bench_understand LEXICON MAX_AVERAGE_US MAX_WORST_US FILE.tsv...\n");
        return 2;
    }
    (void)getrusage(RUSAGE_SELF, &before);
    if (sah_lexicon_load(argv[1], &lexicon, &fault) < 0) {
        sah_fault_print(&fault, stderr);
        return 2;
    }
    (void)getrusage(RUSAGE_SELF, &after);
    for (int i = 4; i < argc; i++)
        if (read_rows(argv[i]) != 0)
            return 2;
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < n_rows; i++)
            total += once(lexicon, row[i], strlen(row[i]));
    total /= n_rows == 0 ? 1 : (double)n_rows * ROUNDS;
    most = worst(lexicon);
    printf("messages=%zu average_us=%.1f worst_us=%.1f lexicon_kb=%ld rss_kb=%ld\n", n_rows, total,
           most, after.ru_maxrss - before.ru_maxrss, after.ru_maxrss);
    sah_lexicon_destroy(lexicon);
    for (size_t i = 0; i < n_rows; i++)
        free(row[i]);
    return total <= strtod(argv[2], NULL) && most <= strtod(argv[3], NULL) ? 0 : 1;
}
