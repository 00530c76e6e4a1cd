/*
 * test_messages - the corpus of tests/data/messages: no emergency is taken for anything less,
 * no trap is dispatched, and the service is right in at least 95 of 100. Every miss is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sahaya/err.h>

#include "understand/understand.h"

#define FOLDER  SAHAYA_SOURCE_DIR "/tests/data/messages"
#define COLUMNS 7

enum { MESSAGE, SERVICE, ADDITIONAL, FLOOR, LANGUAGE, TRAP, NOTE };

struct tally {
    unsigned rows, traps, right, languages, lowered, dispatched, missing;
};

static struct sah_lexicon *lexicon;

static int load(void **state)
{
    struct sah_fault fault;

    (void)state;
    if (sah_lexicon_load(SAHAYA_SOURCE_DIR "/adapters/common/phrases", &lexicon, &fault) < 0) {
        sah_fault_print(&fault, stderr);
        return -1;
    }
    return 0;
}

static int drop(void **state)
{
    (void)state;
    sah_lexicon_destroy(lexicon);
    return 0;
}

static const char *answer(const struct sah_understanding *u)
{
    switch (u->intent) {
    case SAH_INTENT_REQUEST:
        return u->triage.service;
    case SAH_INTENT_STATUS:
        return "STATUS";
    case SAH_INTENT_CANCEL:
        return "CANCEL";
    case SAH_INTENT_MENU:
        return "MENU";
    case SAH_INTENT_NONE:
        return "NONE";
    }
    return "?";
}

/* What goes out to an agency at once, as against what is answered, planned or booked. */
static bool is_dispatch(const struct sah_understanding *u)
{
    return u->intent == SAH_INTENT_REQUEST && u->urgency == SAH_URGENCY_URGENT;
}

static bool adds(const struct sah_understanding *u, const char *wanted)
{
    char list[160];
    char *rest = NULL;

    (void)sah_copy_cut(list, sizeof list, wanted, strlen(wanted));
    for (char *one = strtok_r(list, ",", &rest); one != NULL;
         one = strtok_r(NULL, ",", &rest)) {
        bool there = strcmp(one, "-") == 0;

        for (unsigned i = 0; i < u->triage.n_additional && !there; i++)
            there = strcmp(u->triage.additional[i], one) == 0;
        if (!there)
            return false;
    }
    return true;
}

static void check_row(char *const column[COLUMNS], struct tally *t)
{
    struct sah_understanding u;
    bool emergency, trap = strcmp(column[TRAP], "trap") == 0;

    sah_understand(lexicon, column[MESSAGE], strlen(column[MESSAGE]), &u);
    emergency = column[FLOOR][0] == 'P' && column[FLOOR][1] <= '2' && !trap &&
                strcmp(column[SERVICE], "CANCEL") != 0;
    t->rows++;
    t->traps += trap;
    t->languages += strcmp(column[LANGUAGE], u.language[0] == '\0' ? "-" : u.language) == 0;
    if (strcmp(answer(&u), column[SERVICE]) == 0)
        t->right++;
    else
        print_message("service: %s, wanted %s (%s): %s\n", answer(&u), column[SERVICE],
                      u.triage.rule, column[MESSAGE]);
    if (emergency && !is_dispatch(&u)) {
        t->lowered++;
        print_message("LOWERED to %s: %s\n", answer(&u), column[MESSAGE]);
    }
    if (trap && is_dispatch(&u)) {
        t->dispatched++;
        print_message("TRAP dispatched to %s: %s\n", answer(&u), column[MESSAGE]);
    }
    if (!adds(&u, column[ADDITIONAL])) {
        t->missing++;
        print_message("additional: %s wanted: %s\n", column[ADDITIONAL], column[MESSAGE]);
    }
}

static void check_file(const char *path, struct tally *t)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;

    assert_non_null(file);
    while (getline(&line, &cap, file) > 0) {
        char *column[COLUMNS], *at = line;
        unsigned n = 0;

        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        while (n < COLUMNS && at != NULL)
            column[n++] = strsep(&at, "\t");
        if (n != COLUMNS || at != NULL)
            fail_msg("%s: wants %d columns: %s", path, COLUMNS, line);
        check_row(column, t);
    }
    free(line);
    assert_int_equal(fclose(file), 0);
}

static int is_tsv(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".tsv") == 0;
}

static void no_emergency_is_lowered_and_no_trap_dispatched(void **state)
{
    struct dirent **list = NULL;
    struct tally t = {0};
    int n = scandir(FOLDER, &list, is_tsv, alphasort);

    (void)state;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/%s", FOLDER, list[i]->d_name);
        check_file(path, &t);
        free(list[i]);
    }
    free(list);
    print_message("messages=%u traps=%u service_right=%.1f%% language_right=%.1f%%\n", t.rows,
                  t.traps, 100.0 * t.right / t.rows, 100.0 * t.languages / t.rows);
    assert_true(t.rows >= 210);
    assert_true(t.traps * 4 >= t.rows);
    assert_int_equal(t.lowered, 0);
    assert_int_equal(t.dispatched, 0);
    assert_int_equal(t.missing, 0);
    assert_true(t.right * 100 >= t.rows * 95);
    assert_true(t.languages * 100 >= t.rows * 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_emergency_is_lowered_and_no_trap_dispatched),
    };

    return cmocka_run_group_tests(tests, load, drop);
}
