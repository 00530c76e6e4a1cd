/*
 * test_roster - agencies.yaml: what a good one becomes, and each fault with its line and key.
 */
#include "agency_test.h"

#include "agency/roster.h"

static struct folder folder;

/* Line numbers in the cases below count from this head's first line. */
#define HEAD                                        \
    "version: v1\n"                                 \
    "catch_all: \"112\"\n"                          \
    "endpoint_base: http://127.0.0.1:1/agencies\n"  \
    "secrets_folder: .\n"                           \
    "districts:\n"                                  \
    "  - {id: hyderabad, lat: 17.38, lon: 78.47}\n" \
    "  - {id: warangal, lat: -17.9700001, lon: 79.59}\n"
#define ROUTES "routes:\n  - {service: LPG_LEAK, as: [FIRE_101]}\n"
#define EP(id) "endpoints: [{id: " id ", url: " id ", secret_file: a.secret}], "
#define A112                                                                         \
    "  - {id: \"112\", says: \"112\", dial: \"112\", services: [HELPLINE_112], " EP( \
        "e112") "token_file: 112.token, fallbacks: [duty]}\n"
#define ADUTY                                                    \
    "  - {id: duty, says: the duty officer, dial: \"112\", " EP( \
        "eduty") "token_file: duty.token}\n"
#define A101                                                                     \
    "  - {id: \"101\", says: \"101\", dial: \"101\", services: [FIRE_101], " EP( \
        "e101") "token_file: 101.token, fallbacks: [\"112\"]}\n"
#define GOOD HEAD ROUTES "agencies:\n" A112 ADUTY A101 /* agencies at lines 11, 12, 13 */

static int begin(void **state)
{
    (void)state;
    folder_init(&folder);
    folder_write(&folder, "a.secret", "0123456789abcdef0123\n");
    folder_write(&folder, "112.token", "token-of-112-aaaaaaa\n");
    folder_write(&folder, "duty.token", "token-of-duty-bbbbbb\n");
    folder_write(&folder, "101.token", "token-of-101-ccccccc\n");
    folder_write(&folder, "same.token", "token-of-112-aaaaaaa\n");
    folder_write(&folder, "short.secret", "tooshort\n");
    folder_write(&folder, "empty.secret", "\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_fini(&folder);
    return 0;
}

static int load(const char *text, struct sah_roster **ret_roster, struct sah_fault *fault)
{
    memset(fault, 0, sizeof *fault);
    return sah_roster_load(folder_write(&folder, "agencies.yaml", text), ret_roster, fault);
}

static void a_good_file_becomes_plain_values(void **state)
{
    struct sah_roster *roster = NULL;
    struct sah_fault fault;
    const struct sah_agency *a;
    char want[128];

    (void)state;
    if (load(GOOD "  - id: 101-hyd\n"
                  "    says: \"101\"\n"
                  "    dial: \"+91101\"\n"
                  "    services: [FIRE_101, RESCUE]\n"
                  "    company: indane\n"
                  "    districts: [warangal]\n"
                  "    hours: \"22:15-06:00\"\n"
                  "    endpoints:\n"
                  "      - {id: one, url: /x/y, secret_file: a.secret, concurrency: 3}\n"
                  "      - {id: two, url: \"https://a.example/b?c=d\", secret_file: a.secret}\n"
                  "    token_file: x.token\n"
                  "    fallbacks: [\"101\", \"112\"]\n",
             &roster, &fault) == SAH_OK)
        fail_msg("took a token file that is not there");
    assert_string_equal(fault.key, "token_file");
    folder_write(&folder, "x.token", "token-of-101-hyd-ddd\n");
    if (sah_roster_load(folder_name(&folder, "agencies.yaml"), &roster, &fault) != SAH_OK)
        fail_msg("line %u, %s: %s", fault.line, fault.key, fault.text);
    assert_string_equal(roster->version, "v1");
    assert_string_equal(roster->catch_all, "112");
    assert_int_equal(roster->n_districts, 2);
    assert_int_equal(roster->districts[0].seat_lat_e7, 173800000);
    assert_int_equal(roster->districts[1].seat_lat_e7, -179700001);
    assert_int_equal(roster->districts[1].seat_lon_e7, 795900000);
    assert_int_equal(roster->n_routes, 1);
    assert_string_equal(roster->routes[0].as[0], "FIRE_101");
    assert_int_equal(roster->n_agencies, 4);
    a = &roster->agencies[1];
    assert_string_equal(a->says, "the duty officer");
    assert_int_equal(a->n_services, 0);
    assert_int_equal(a->endpoints[0].concurrency, 16);
    assert_string_equal(a->endpoints[0].url, "http://127.0.0.1:1/agencies/eduty");
    a = &roster->agencies[3];
    assert_string_equal(a->dial, "+91101");
    assert_int_equal(a->n_services, 2);
    assert_string_equal(a->company, "indane");
    assert_int_equal(a->districts, 2);
    assert_int_equal(a->open_minute, 22 * 60 + 15);
    assert_int_equal(a->close_minute, 6 * 60);
    assert_int_equal(a->n_endpoints, 2);
    assert_string_equal(a->endpoints[0].url, "http://127.0.0.1:1/agencies/x/y");
    assert_int_equal(a->endpoints[0].concurrency, 3);
    assert_string_equal(a->endpoints[1].url, "https://a.example/b?c=d");
    (void)sah_format(want, sizeof want, "%s/./a.secret", folder.dir);
    assert_string_equal(a->endpoints[1].secret_file, want);
    assert_int_equal(a->n_fallbacks, 2);
    free(roster);
}

#define ROW(id, rest) "  - {id: " id ", says: x, dial: \"1\", services: [S_" id "], " rest "}\n"
#define REST          "token_file: 101.token, fallbacks: [\"112\"]"
#define REST2(x)      EP("ex") "token_file: 101.token, fallbacks: [\"112\"], " x

static const struct {
    const char *text;
    unsigned line;
    const char *key, *says; /* a part of the advice */
} cases[] = {
    {"", 0, NULL, ""},
    {"version: v1\ncatchall: x\n", 2, "catchall", "did you mean 'catch_all'"},
    {"catch_all: \"112\"\n", 1, "version", "is missing"},
    {"version: v 1\n", 1, "version", "letters, digits"},
    {HEAD "agencies: []\n", 8, "agencies", "at least one row"},
    {HEAD, 1, "agencies", "is missing"},
    {HEAD "agencies: x\n", 8, "agencies", "list of rows"},
    {HEAD "agencies:\n" A101, 2, "catch_all", "there is no agency '112'"},
    /* the catch-all itself */
    {HEAD "agencies:\n  - {id: \"112\", says: x, dial: \"1\", services: [S], hours: "
          "\"01:00-02:00\", " EP("e") "token_file: 112.token}\n",
     2, "catch_all", "takes everything"},
    {HEAD "agencies:\n" A112 ADUTY "  - {id: \"101\", says: x, dial: \"1\", services: [S], " EP(
         "e101") "token_file: 101.token}\n",
     11, "fallbacks", "must end at the catch-all"},
    {HEAD "agencies:\n" A112 ADUTY "  - {id: \"101\", says: x, dial: \"1\", services: [S], " EP(
         "e101") "token_file: 101.token, fallbacks: [\"112\", duty]}\n",
     11, "fallbacks", "must end at the catch-all"},
    {HEAD "agencies:\n" A112 ADUTY "  - {id: \"101\", says: x, dial: \"1\", services: [S], " EP(
         "e101") "token_file: 101.token, fallbacks: [\"113\", \"112\"]}\n",
     11, "fallbacks", "'113', which is no agency"},
    {HEAD "agencies:\n" A112 ADUTY "  - {id: \"101\", says: x, dial: \"1\", services: [S], " EP(
         "e101") "token_file: 101.token, fallbacks: [\"101\", \"112\"]}\n",
     11, "fallbacks", "itself"},
    {HEAD "agencies:\n" A101 ADUTY "  - {id: \"112\", says: x, dial: \"1\", services: [S], " EP(
         "e") "token_file: 112.token, fallbacks: [\"101\"]}\n",
     11, "fallbacks", "without services"},
    {HEAD "agencies:\n" A112 A101 "  - {id: duty, says: x, dial: \"1\", " EP(
         "e") "token_file: duty.token, fallbacks: [\"112\"]}\n",
     11, "fallbacks", "leave its fallbacks out"},
    {HEAD "agencies:\n" A112 ADUTY A101
          "  - {id: lost, says: x, dial: \"1\", " EP("e") "token_file: duty.token}\n",
     12, "services", "serves nothing"},
    /* routes and services */
    {HEAD "routes:\n  - {service: LPG_LEAK, as: [NOBODYS]}\nagencies:\n" A112 ADUTY A101, 9,
     "as", "no agency serves NOBODYS"},
    {HEAD "routes:\n  - {service: FIRE_101, as: [HELPLINE_112]}\nagencies:\n" A112 ADUTY A101,
     9, "service", "hides it"},
    {HEAD "routes:\n  - {service: X, as: [FIRE_101]}\n  - {service: X, as: "
          "[FIRE_101]}\nagencies:\n" A112 ADUTY A101,
     10, "service", "a route already"},
    {HEAD "routes:\n  - {service: X, as: []}\n", 9, "as", "is empty"},
    {HEAD "routes:\n  - {service: X, as: fire}\n", 9, "as", "must be a list"},
    {HEAD "routes:\n  - {service: X, as: [fire]}\n", 9, "as", "capital letters"},
    /* doubles */
    {GOOD A101, 14, "id", "endpoint 'e101' is listed twice"},
    {GOOD ROW("\"101\"", REST2("company: x")), 14, "services", "capital letters"},
    {GOOD "  - {id: \"101\", says: x, dial: \"1\", services: [S], " EP("ex") REST "}\n", 14,
     "id", "agency '101' is listed twice"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 1, lon: 1}\n  - {id: a, lat: "
     "1, lon: 1}\n",
     5, "id", "listed twice"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S, S], " EP("ex") REST "}\n", 14,
     "services", "names 'S' twice"},
    /* form of an agency */
    {GOOD "  - {id: X, says: x, dial: \"1\"}\n", 14, "id", "lower-case"},
    {GOOD "  - {id: x, says: x, dial: none}\n", 14, "dial", "digits"},
    {GOOD "  - {id: x, says: x, dial: \"1+1\"}\n", 14, "dial", "digits"},
    {GOOD "  - {id: x, dial: \"1\"}\n", 14, "says", "is missing"},
    {GOOD "  - {id: x, says: 0123456789012345678901234567890123, dial: \"1\"}\n", 14, "says",
     "too long"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], districts: [delhi], " EP("ex") REST
     "}\n",
     14, "districts", "'delhi' is not among"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], districts: [], " EP("ex") REST
     "}\n",
     14, "districts", "is empty"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], hours: \"8-19\", " EP("ex") REST
     "}\n",
     14, "hours", "08:00-19:00"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], hours: \"08:00-24:00\", " EP("ex")
         REST "}\n",
     14, "hours", "08:00-19:00"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], hours: \"08:00-08:00\", " EP("ex")
         REST "}\n",
     14, "hours", "08:00-19:00"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], hourz: 1, " EP("ex") REST "}\n", 14,
     "hourz", "did you mean 'hours'"},
    /* endpoints */
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], " REST "}\n", 14, "endpoints",
     "is missing"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [], " REST "}\n", 14,
     "endpoints", "at least one row"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [1], " REST "}\n", 14,
     NULL, "must be a map"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: x, "
          "secret_file: a.secret, concurrency: 0}], " REST "}\n",
     14, "concurrency", "1..512"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: "
          "\"ftp://x/\", secret_file: a.secret}], " REST "}\n",
     14, "url", "http"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: "
          "\"http:///x\", secret_file: a.secret}], " REST "}\n",
     14, "url", "no address"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: "
          "\"http://h/a b\", secret_file: a.secret}], " REST "}\n",
     14, "url", "no address"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: "
          "\"http://u:p@h/\", secret_file: a.secret}], " REST "}\n",
     14, "url", "user name"},
    {"version: v1\ncatch_all: x\ndistricts: [{id: a, lat: 1, lon: 1}]\nagencies:\n"
     "  - {id: x, says: x, dial: \"1\", endpoints: [{id: a, url: x, secret_file: "
     "a.secret}]}\n",
     5, "url", "no endpoint_base"},
    /* secrets */
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: x, "
          "secret_file: none.secret}], token_file: x.token, fallbacks: [\"112\"]}\n",
     14, "token_file", "no such thing"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: x, "
          "secret_file: none.secret}], token_file: a.secret, fallbacks: [\"112\"]}\n",
     14, "secret_file", "no such thing"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: x, "
          "secret_file: short.secret}], token_file: a.secret, fallbacks: [\"112\"]}\n",
     14, "secret_file", "at least 16"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], endpoints: [{id: a, url: x, "
          "secret_file: empty.secret}], token_file: a.secret, fallbacks: [\"112\"]}\n",
     14, "secret_file", "malformed"},
    {GOOD "  - {id: x, says: x, dial: \"1\", services: [S], " EP(
         "ex") "token_file: same.token, fallbacks: [\"112\"]}\n",
     14, "token_file", "112 and x have the same token"},
    /* districts */
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 91, lon: 1}\n", 4, "lat",
     "within 90"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 17.12345678, lon: 1}\n", 4, "lat",
     "7 decimals"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 1, lon: 180.5}\n", 4, "lon",
     "within 180"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 1, lon: 1.2.3}\n", 4, "lon",
     "degrees"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 1, lon: \"-\"}\n", 4, "lon",
     "degrees"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 1, lon: "
     "99999999999999999999}\n",
     4, "lon", "degrees"},
    {"version: v1\ncatch_all: x\ndistricts:\n  - {id: a, lat: 1}\n", 4, "lon", "is missing"},
};

static void each_fault_is_told_with_its_line_and_key(void **state)
{
    struct sah_roster *roster = NULL;
    struct sah_fault fault;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        if (load(cases[i].text, &roster, &fault) == SAH_OK)
            fail_msg("case %zu was taken, wanted '%s'", i, cases[i].says);
        assert_null(roster);
        if ((cases[i].key != NULL && strcmp(fault.key, cases[i].key) != 0) ||
            (cases[i].line != 0 && fault.line != cases[i].line) ||
            strstr(fault.text, cases[i].says) == NULL ||
            strstr(fault.file, "agencies.yaml") == NULL)
            fail_msg("case %zu: got %u %s: %s", i, fault.line, fault.key, fault.text);
    }
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct sah_roster *roster = NULL;
    struct sah_fault fault = {0};

    (void)state;
    assert_int_not_equal(sah_roster_load(folder_name(&folder, "none.yaml"), &roster, &fault),
                         SAH_OK);
    assert_non_null(strstr(fault.file, "none.yaml"));
}

static void a_fault_never_tells_a_secret(void **state)
{
    struct sah_roster *roster = NULL;
    struct sah_fault fault;

    (void)state;
    assert_int_not_equal(load(GOOD "  - {id: x, says: x, dial: \"1\", services: [S], " EP(
                                  "ex") "token_file: same.token, fallbacks: [\"112\"]}\n",
                              &roster, &fault),
                         SAH_OK);
    assert_null(strstr(fault.text, "token-of-112"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_good_file_becomes_plain_values),
        TEST(each_fault_is_told_with_its_line_and_key),
        TEST(a_file_that_is_not_there_is_told),
        TEST(a_fault_never_tells_a_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
