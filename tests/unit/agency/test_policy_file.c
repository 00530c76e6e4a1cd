/*
 * test_policy_file - policy.yaml: what a good one becomes, and each fault with its line and
 * key.
 */
#include "agency_test.h"

#include "agency/roster.h"

static struct folder folder;

#define HEAD "version: v1\nunknown: P1\nbulk: P4\n"
#define RULES                                                                                 \
    HEAD "rules:\n  - {id: a, priority: P0, cues: [x, y], also: [S]}\n" /* the rule at line 5 \
                                                                         */

static int begin(void **state)
{
    (void)state;
    folder_init(&folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_fini(&folder);
    return 0;
}

static int load(const char *text, struct sah_policy **ret_policy, struct sah_fault *fault)
{
    memset(fault, 0, sizeof *fault);
    return sah_policy_load(folder_write(&folder, "policy.yaml", text), ret_policy, fault);
}

static void a_good_file_becomes_plain_values(void **state)
{
    struct sah_policy *policy = NULL;
    struct sah_fault fault;

    (void)state;
    if (load(RULES
             "  - {id: b, priority: P1, cues: [x], also: [T]}\n" /* adds T: not for nothing */
             "  - {id: c, priority: P1, cues: [x, z], types: [FSTRU], services: [FIRE_101]}\n"
             "raises:\n"
             "  - {id: r, vulnerable: [pregnant, voice_failed], patients_from: 3, cue: w, "
             "unless: [x, y], to: P0}\n",
             &policy, &fault) != SAH_OK)
        fail_msg("line %u, %s: %s", fault.line, fault.key, fault.text);
    assert_string_equal(policy->version, "v1");
    assert_int_equal(policy->unknown, SAH_PRIORITY_P1);
    assert_int_equal(policy->bulk, SAH_PRIORITY_P4);
    assert_int_equal(policy->n_rules, 3);
    assert_string_equal(policy->rules[0].id, "a");
    assert_int_equal(policy->rules[0].n_cues, 2);
    assert_string_equal(policy->rules[0].cues[1], "y");
    assert_string_equal(policy->rules[0].also[0], "S");
    assert_int_equal(policy->rules[2].priority, SAH_PRIORITY_P1);
    assert_string_equal(policy->rules[2].types[0], "FSTRU");
    assert_string_equal(policy->rules[2].services[0], "FIRE_101");
    assert_int_equal(policy->n_raises, 1);
    assert_int_equal(policy->raises[0].vulnerable,
                     SAH_VULNERABLE_PREGNANT | SAH_VULNERABLE_VOICE_FAILED);
    assert_int_equal(policy->raises[0].patients_from, 3);
    assert_string_equal(policy->raises[0].cue, "w");
    assert_int_equal(policy->raises[0].n_unless, 2);
    assert_int_equal(policy->raises[0].to, SAH_PRIORITY_P0);
    free(policy);
}

/* No file is without a ladder: what it leaves out has the settled times. */
static void a_ladder_changes_the_classes_it_names(void **state)
{
    struct sah_policy *policy = NULL;
    struct sah_ladder defaults;
    struct sah_fault fault;

    (void)state;
    sah_ladder_defaults(&defaults);
    assert_int_equal(load(RULES, &policy, &fault), SAH_OK);
    assert_memory_equal(&policy->ladder, &defaults, sizeof defaults);
    free(policy);
    if (load(RULES "ladder:\n"
                   "  - {priority: P1, first_s: 5, second_s: 6, third_s: 7, repeat_s: 8, waiting_s: 9, "
                   "en_route_s: 10}\n"
                   "  - {priority: P4, first_s: 11}\n",
             &policy, &fault) != SAH_OK)
        fail_msg("line %u, %s: %s", fault.line, fault.key, fault.text);
    assert_memory_equal(policy->ladder.human_ack_ms[0], defaults.human_ack_ms[0],
                        sizeof defaults.human_ack_ms[0]);
    assert_int_equal(policy->ladder.human_ack_ms[1][0], 5000);
    assert_int_equal(policy->ladder.human_ack_ms[1][2], 7000);
    assert_int_equal(policy->ladder.repeat_ms[1], 8000);
    assert_int_equal(policy->ladder.waiting_ms[1], 9000);
    assert_int_equal(policy->ladder.en_route_ms[1], 10000);
    assert_int_equal(policy->ladder.human_ack_ms[4][0], 11000);
    assert_int_equal(policy->ladder.human_ack_ms[4][1], 0);
    free(policy);
}

static void each_fault_is_told_with_its_line_and_key(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *key, *says;
    } cases[] = {
        {"unknown: P1\n", 1, "version", "is missing"},
        {"version: v1\nunknown: P5\n", 2, "unknown", "no class"},
        {"version: v1\nunknown: UNSPECIFIED\n", 2, "unknown", "no class"},
        {"version: v1\nunknown: p1\n", 2, "unknown", "capital"},
        {"version: v1\nunknown: P3\n", 2, "unknown", "write P0, P1 or P2"},
        {"version: v1\nunknown: P1\n", 1, "bulk", "is missing"},
        {HEAD, 1, "rules", "is missing"},
        {HEAD "rules: []\n", 4, "rules", "at least one row"},
        {HEAD "rulez: []\n", 4, "rulez", "did you mean 'rules'"},
        {HEAD "rules:\n  - {priority: P0, cues: [x]}\n", 5, "id", "is missing"},
        {HEAD "rules:\n  - {id: a, cues: [x]}\n", 5, "priority", "is missing"},
        {HEAD "rules:\n  - {id: a, priority: P9, cues: [x]}\n", 5, "priority", "no class"},
        {HEAD "rules:\n  - {id: a, priority: P0, cue: [x]}\n", 5, "cue", "did you mean 'cues'"},
        {HEAD "rules:\n  - {id: a, priority: P0, cues: [X]}\n", 5, "cues", "lower-case"},
        {HEAD "rules:\n  - {id: a, priority: P0, cues: [x, x]}\n", 5, "cues", "twice"},
        {HEAD "rules:\n  - {id: a, priority: P0, cues: [a,b,c,d,e,f,g,h,i,j,k,l,m]}\n", 5,
         "cues", "at most 12"},
        {HEAD "rules:\n  - {id: a, priority: P0, also: [S]}\n", 5, "id", "asks for nothing"},
        {HEAD "rules:\n  - {id: abcdefghijklmnopqrstuvwxyz, priority: P0, cues: [x]}\n", 5,
         "id", "at most 25"},
        {RULES "  - {id: a, priority: P0, cues: [z]}\n", 6, "id", "used twice"},
        {RULES "  - {id: b, priority: P1, cues: [z]}\n  - {id: c, priority: P0, cues: [w]}\n",
         7, "priority", "move it up"},
        /* never decides, whatever comes */
        {RULES "  - {id: b, priority: P1, cues: [x]}\n", 6, "id",
         "can never decide: a before it"},
        {RULES "  - {id: b, priority: P0, cues: [y, x], services: [Z], also: [S]}\n", 6, "id",
         "can never decide"},
        {RULES "raises:\n  - {id: r, to: P0}\n", 7, "id", "asks for nothing"},
        {RULES "raises:\n  - {id: r, cue: x}\n", 7, "to", "is missing"},
        {RULES "raises:\n  - {id: r, cue: x, to: P2}\n", 7, "to", "write P0 or P1"},
        {RULES "raises:\n  - {id: r, cue: x, to: P3}\n", 7, "to", "write P0 or P1"},
        {RULES "raises:\n  - {id: r, vulnerable: [tired], to: P0}\n", 7, "vulnerable",
         "'tired' is not known"},
        {RULES "raises:\n  - {id: r, patients_from: 1, to: P0}\n", 7, "patients_from",
         "2..1000"},
        {RULES "raises:\n  - {id: r, cue: x, to: P0}\n  - {id: r, cue: y, to: P0}\n", 8, "id",
         "used twice"},
        {RULES "ladder:\n  - {first_s: 9}\n", 7, "priority", "is missing"},
        {RULES "ladder:\n  - {priority: P0, first_s: 9}\n", 7, "second_s", "is missing"},
        {RULES "ladder:\n  - {priority: P3}\n", 7, "first_s", "is missing"},
        {RULES "ladder:\n  - {priority: P3, first_s: 4}\n", 7, "first_s", "5..3600"},
        {RULES "ladder:\n  - {priority: P3, first_s: 9, third_s: 9}\n", 7, "third_s",
         "write first_s alone"},
        {RULES "ladder:\n  - {priority: P3, first_s: 9}\n  - {priority: P3, first_s: 9}\n", 8,
         "priority", "stands here twice"},
        {RULES "ladder:\n  - {priority: P0, firsts: 9}\n", 7, "firsts", "did you mean 'first_s'"},
        {RULES "ladder:\n  - {priority: P0, first_s: 9, second_s: 9, third_s: 20, repeat_s: 9, "
               "waiting_s: 9, en_route_s: 9}\n",
         7, "first_s", "each step comes after"},
    };
    struct sah_policy *policy = NULL;
    struct sah_fault fault;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        if (load(cases[i].text, &policy, &fault) == SAH_OK)
            fail_msg("case %zu was taken, wanted '%s'", i, cases[i].says);
        assert_null(policy);
        if (strcmp(fault.key, cases[i].key) != 0 || fault.line != cases[i].line ||
            strstr(fault.text, cases[i].says) == NULL)
            fail_msg("case %zu: got %u %s: %s", i, fault.line, fault.key, fault.text);
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_good_file_becomes_plain_values),
        TEST(a_ladder_changes_the_classes_it_names),
        TEST(each_fault_is_told_with_its_line_and_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
