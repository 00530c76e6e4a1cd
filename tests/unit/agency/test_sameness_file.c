/*
 * test_sameness_file - incidents.yaml: what a good one becomes, each fault with its line and
 * key, and that the deployed one names each incident type the lexicon can find.
 */
#include "agency_test.h"

#include "agency/sameness_file.h"

static struct folder folder;

#define TOP                                                                           \
    "version: v1\nradius_cap_m: 300\nvague_from_m: 500\n"                             \
    "rumour: {min_bytes: 40, senders: 3, window_s: 7200}\n"                           \
    "repeat: {counted_s: 60, forward_s: 20, reopen_s: 1800}\nupdate_s: 10\n"          \
    "suspicion: {false_report: 30, false_alarm: 15, no_patient: 10, new_sender: 10, " \
    "new_sender_s: 86400}\n"
#define HEAD TOP "otherwise: n\ngroups:\n  - {id: n, action: NEVER, types: [N]}\n" /* line 10 \
                                                                                    */
#define FIRE \
    HEAD "  - {id: f, action: LINK, window_s: 60, link_m: 300, types: [F]}\n" /* line 11 */
#define ROW(text) HEAD "  - {" text "}\n"

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

static int load(const char *text, struct sah_sameness_rules **ret_rules,
                struct sah_fault *fault)
{
    memset(fault, 0, sizeof *fault);
    return sah_sameness_load(folder_write(&folder, "incidents.yaml", text), ret_rules, fault);
}

static void a_good_file_becomes_plain_values(void **state)
{
    struct sah_sameness_rules *rules = NULL;
    struct sah_fault fault;

    (void)state;
    if (load(FIRE
             "  - {id: r, action: LINK, window_s: 20, link_m: 30, show_m: 100, types: [R, S], "
             "services: [X], same_as: [f], many: true, one_building: true}\n"
             "  - {id: m, action: SUGGEST, window_s: 20, show_m: 50, types: [M], "
             "show_with: [f], one_patient: true}\n",
             &rules, &fault) != SAH_OK)
        fail_msg("line %u, %s: %s", fault.line, fault.key, fault.text);
    assert_string_equal(rules->version, "v1");
    assert_int_equal(rules->radius_cap_m, 300);
    assert_int_equal(rules->vague_from_m, 500);
    assert_int_equal(rules->rumour_bytes, 40);
    assert_int_equal(rules->rumour_senders, 3);
    assert_int_equal(rules->rumour_window_ms, 7200000);
    assert_int_equal(rules->repeat_counted_ms, 60000);
    assert_int_equal(rules->repeat_forward_ms, 20000);
    assert_int_equal(rules->reopen_ms, 1800000);
    assert_int_equal(rules->update_ms, 10000);
    assert_string_equal(rules->another_cue, "");
    assert_int_equal(rules->suspicion.false_report, 30);
    assert_int_equal(rules->suspicion.new_sender_ms, 86400000);
    assert_int_equal(rules->n_groups, 4);
    assert_int_equal(rules->otherwise, 0);
    assert_int_equal(rules->groups[1].action, SAH_SAME_LINK);
    assert_int_equal(rules->groups[1].show_m, 300);
    assert_int_equal(rules->groups[1].same_as, 1 << 2); /* both ways */
    assert_int_equal(rules->groups[1].show_with, 1 << 3);
    assert_int_equal(rules->groups[2].same_as, 1 << 1);
    assert_int_equal(rules->groups[2].link_m, 30);
    assert_int_equal(rules->groups[2].show_m, 100);
    assert_true(rules->groups[2].many && rules->groups[2].one_building);
    assert_int_equal(rules->groups[2].n_types, 2);
    assert_string_equal(rules->groups[2].services[0], "X");
    assert_int_equal(rules->groups[3].action, SAH_SAME_SUGGEST);
    assert_int_equal(rules->groups[3].link_m, 50);
    assert_true(rules->groups[3].one_patient);
    free(rules);
}

static void each_fault_is_told_with_its_line_and_key(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *key, *says;
    } cases[] = {
        {"radius_cap_m: 300\n", 1, "version", "is missing"},
        {"version: v1\n", 1, "radius_cap_m", "is missing"},
        {"version: v1\nradius: 3\n", 2, "radius", "unknown key"},
        {"version: v1\nradius_cap_m: 1001\n", 2, "radius_cap_m", "0..1000"},
        {"version: v1\nradius_cap_m: 300\nvague_from_m: 0\n", 3, "vague_from_m", "1..5000"},
        {"version: v1\nradius_cap_m: 300\nvague_from_m: 500\nupdate_s: 10\n", 1, "rumour",
         "is missing"},
        {"version: v1\nradius_cap_m: 300\nvague_from_m: 500\nupdate_s: 10\nrumour: 5\n", 5,
         "rumour", "must be a map"},
        {"version: v1\nradius_cap_m: 300\nvague_from_m: 500\nupdate_s: 10\n"
         "rumour: {min_bytes: 40, senders: 1, window_s: 60}\n",
         5, "senders", "2..1000"},
        {"version: v1\nradius_cap_m: 300\nvague_from_m: 500\nupdate_s: 10\n"
         "rumour: {min_bytes: 40, sender: 3, window_s: 60}\n",
         5, "sender", "did you mean 'senders'"},
        {TOP "otherwise: n\n", 1, "groups", "is missing"},
        {TOP "otherwise: n\ngroups: []\n", 9, "groups", "at least one row"},
        {TOP "groups:\n  - {id: n, action: NEVER, types: [N]}\n", 1, "otherwise", "is missing"},
        {TOP "otherwise: q\ngroups:\n  - {id: n, action: NEVER, types: [N]}\n", 8, "otherwise",
         "no group 'q'"},
        {TOP "otherwise: f\ngroups:\n  - {id: f, action: LINK, window_s: 6, link_m: 3, types: "
             "[N]}\n",
         8, "otherwise", "must not be linked"},
        {ROW("action: NEVER, types: [F]"), 11, "id", "is missing"},
        {ROW("id: f, types: [F]"), 11, "action", "is missing"},
        {ROW("id: f, action: JOIN, types: [F]"), 11, "action", "write LINK, SUGGEST or NEVER"},
        {ROW("id: f, action: NEVER"), 11, "id", "holds nothing"},
        {ROW("id: n, action: NEVER, types: [F]"), 11, "id", "used twice"},
        {ROW("id: f, action: NEVER, types: [F, N]"), 11, "types", "N belongs to n already"},
        {ROW("id: f, action: NEVER, types: [F], window_s: 5"), 11, "window_s", "does nothing"},
        {ROW("id: f, action: NEVER, types: [F], same_as: [n]"), 11, "same_as", "does nothing"},
        {ROW("id: f, action: LINK, types: [F], link_m: 5"), 11, "window_s", "is missing"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5"), 11, "link_m", "is missing"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 5001"), 11, "link_m",
         "1..5000"},
        {ROW("id: f, action: LINK, types: [F], window_s: 86401, link_m: 5"), 11, "window_s",
         "1..86400"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 50, show_m: 49"), 11,
         "show_m", "write 50 or more"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 5, one_patient: true"), 11,
         "one_patient", "does nothing"},
        {ROW("id: f, action: SUGGEST, types: [F], window_s: 5"), 11, "show_m", "is missing"},
        {ROW("id: f, action: SUGGEST, types: [F], window_s: 5, show_m: 5, link_m: 5"), 11,
         "link_m", "does nothing"},
        {ROW("id: f, action: SUGGEST, types: [F], window_s: 5, show_m: 5, many: true"), 11,
         "many", "does nothing"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 5, many: yes"), 11, "many",
         "true or false"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 5, same_as: [g]"), 11,
         "same_as", "no group 'g'"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 5, same_as: [f]"), 11,
         "same_as", "the group itself"},
        {ROW("id: f, action: LINK, types: [F], window_s: 5, link_m: 5, same_as: [n]"), 11,
         "same_as", "n is NEVER joined"},
        {FIRE "  - {id: g, action: LINK, window_s: 5, link_m: 5, types: [G], same_as: [f], "
              "show_with: [f]}\n",
         12, "show_with", "say it once"},
    };
    struct sah_sameness_rules *rules = NULL;
    struct sah_fault fault;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        if (load(cases[i].text, &rules, &fault) == SAH_OK)
            fail_msg("case %zu was taken, wanted '%s'", i, cases[i].says);
        assert_null(rules);
        if (strcmp(fault.key, cases[i].key) != 0 || fault.line != cases[i].line ||
            strstr(fault.text, cases[i].says) == NULL)
            fail_msg("case %zu: got %u %s: %s", i, fault.line, fault.key, fault.text);
        assert_non_null(strstr(fault.file, "incidents.yaml"));
    }
    assert_int_equal(sah_sameness_load("/nonexistent/incidents.yaml", &rules, &fault),
                     SAH_ENOENT);
}

static bool names_type(const struct sah_sameness_rules *rules, const char *type)
{
    for (unsigned i = 0; i < rules->n_groups; i++)
        for (unsigned j = 0; j < rules->groups[i].n_types; j++)
            if (strcmp(rules->groups[i].types[j], type) == 0)
                return true;
    return false;
}

/* A new type of the lexicon must be thought about here, not fall to `otherwise` unseen. */
static void the_deployed_file_names_each_type_of_the_lexicon(void **state)
{
    struct sah_sameness_rules *rules = NULL;
    struct sah_fault fault;
    char *text, *save, *line;
    unsigned types = 0;
    size_t len;

    (void)state;
    if (sah_sameness_load(SAHAYA_SOURCE_DIR "/deploy/etc/incidents.yaml", &rules, &fault) !=
        SAH_OK)
        fail_msg("%s:%u: %s: %s", fault.file, fault.line, fault.key, fault.text);
    assert_int_equal(sah_read_file(SAHAYA_SOURCE_DIR
                                   "/adapters/common/phrases/lexicon/rules.tsv",
                                   1 << 20, &text, &len),
                     SAH_OK);
    for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char type[SAH_TYPE_SIZE];

        if (line[0] == '#' ||
            sscanf(line, "%*[^\t]\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%23[^\t]", type) != 1 ||
            strcmp(type, "-") == 0)
            continue;
        if (!names_type(rules, type))
            fail_msg("incidents.yaml names no group for %s", type);
        types++;
    }
    assert_true(types > 50);
    free(text);
    free(rules);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_good_file_becomes_plain_values),
        TEST(each_fault_is_told_with_its_line_and_key),
        TEST(the_deployed_file_names_each_type_of_the_lexicon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
