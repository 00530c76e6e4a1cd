/*
 * test_callback - POST /v1/requests/{id}/status over real HTTP on loopback: who may speak, what
 * may be said, and the answer for each word of the core. The core's own function is played
 * here, so that the test decides what it answers and when.
 */
#include <sahaya/http_client.h>

#include "agency_test.h"

#include "agency/callback.h"

#define REQUEST   "E000123456789ABCDEFGHJKMNPQRS"
#define TOKEN_108 "token-of-108-aaaaaaaa"
#define TOKEN_101 "token-of-101-bbbbbbbb"

static struct folder folder;
static struct sah_roster roster;
static struct sah_loop *loop;
static struct sah_http_server *server;
static struct sah_http_client *client;
static struct sah_callback *callback;

/* ---- the core, played */
static struct {
    unsigned calls;
    struct sah_agency_status status;
    struct sah_status_result result; /* what to answer */
    bool later;                      /* keep fn until the test calls it */
    sah_status_fn *fn;
    void *fn_data;
} core;

static void core_status(void *c, const struct sah_agency_status *status, struct sah_now now, sah_status_fn *fn,
                        void *data)
{
    (void)c;
    assert_true(now.mono_ms > 0 && now.wall_ms > 0);
    core.calls++;
    core.status = *status;
    core.fn = fn;
    core.fn_data = data;
    if (!core.later)
        fn(data, &core.result);
}

static struct {
    unsigned calls;
    char request_id[SAH_REQUEST_ID_SIZE], main_id[SAH_REQUEST_ID_SIZE], agency[SAH_AGENCY_SIZE];
    int err; /* what to answer */
} links;

static void core_link(void *c, const char *request_id, const char *main_id, const char *agency, struct sah_now now,
                      sah_link_fn *fn, void *data)
{
    (void)c;
    assert_true(now.mono_ms > 0);
    links.calls++;
    SET(links.request_id, request_id);
    SET(links.main_id, main_id);
    SET(links.agency, agency);
    fn(data, links.err);
}

static struct {
    bool done;
    int status;
    char body[4096];
} answer;

static void on_answer(void *data, const struct sah_http_answer *a)
{
    (void)data;
    answer.done = true;
    answer.status = a->fault == SAH_HTTP_FINE ? a->status : -(int)a->fault;
    sah_copy_cut(answer.body, sizeof answer.body, a->body, a->body_len);
}

static void handle(void *data, struct sah_http_exchange *x)
{
    (void)data;
    sah_callback_handle(callback, x);
}

static const struct sah_http_route routes[] = {{"POST", "/v1/requests/*", handle}};

static int begin(void **state)
{
    struct sah_http_server_settings settings = {
        .address = "127.0.0.1", .max_body_bytes = 64 * 1024, .routes = routes, .n_routes = 1};

    (void)state;
    memset(&roster, 0, sizeof roster);
    memset(&core, 0, sizeof core);
    memset(&answer, 0, sizeof answer);
    memset(&links, 0, sizeof links);
    core.result.code = SAH_STATUS_APPLIED;
    core.result.state = SAH_STATE_ACKNOWLEDGED;
    folder_init(&folder);
    roster.n_agencies = 2;
    SET(roster.agencies[0].id, "108");
    SET(roster.agencies[0].token_file, folder_write(&folder, "108.token", TOKEN_108 "\n"));
    SET(roster.agencies[1].id, "101");
    SET(roster.agencies[1].token_file, folder_write(&folder, "101.token", TOKEN_101 "\n"));
    assert_int_equal(sah_loop_create(&loop), SAH_OK);
    assert_int_equal(sah_callback_create((struct sah_front){.status = core_status, .link = core_link}, &roster, NULL, &callback), SAH_OK);
    assert_int_equal(sah_http_server_create(loop, &settings, &server), SAH_OK);
    assert_int_equal(sah_http_client_create(loop, &client), SAH_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sah_callback_stop(callback);
    sah_http_client_destroy(client);
    sah_http_server_destroy(server);
    sah_callback_destroy(callback);
    sah_loop_destroy(loop);
    folder_fini(&folder);
    return 0;
}

static void post_begin(const char *path, const char *authorization, struct sah_slice body)
{
    char url[512];
    const struct sah_http_header headers[] = {{"Content-Type", "application/json"},
                                              {"Authorization", authorization}};
    struct sah_http_request request = {.method = "POST",
                                       .url = url,
                                       .headers = headers,
                                       .n_headers = authorization != NULL ? 2 : 1,
                                       .body = body.ptr,
                                       .body_len = body.len,
                                       .timeout_ms = 5000};

    (void)sah_format(url, sizeof url, "http://127.0.0.1:%u%s", sah_http_server_port(server),
                     path);
    memset(&answer, 0, sizeof answer);
    assert_int_equal(sah_http_send(client, &request, on_answer, NULL, NULL), SAH_OK);
}

static void post(const char *path, const char *authorization, const char *body)
{
    post_begin(path, authorization, sah_slice_of(body));
    TURN_UNTIL(loop, answer.done, 5000);
}

#define PATH "/v1/requests/" REQUEST "/status"
#define AUTH "Bearer " TOKEN_108

static void everything_an_agency_may_say_reaches_the_core(void **state)
{
    (void)state;
    post(PATH, AUTH,
         "{\"state\":\"ACKNOWLEDGED\",\"level\":\"PERSON\",\"by\":\"dispatcher-7\",\"case_no\":"
         "\"C-12\","
         "\"units\":[\"TS09 1234\",\"TS09 4321\"],\"eta_s\":86400,\"reason\":\"NO_RESOURCE\","
         "\"reason_text\":\"ఒక్కటే ఉంది\",\"due_ms\":1767225600000,\"price_paise\":90500,"
         "\"payment_url\":\"https://pay.example/"
         "a?b=%20c\",\"disposition\":\"TAKEN\",\"sequence_seen\":4294967295,"
         "\"sent_ms\":1767225600001,\"something_new\":{\"a\":[1]}}");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"ok\":true,\"request_id\":\"" REQUEST
                                     "\",\"agency\":\"108\",\"state\":\"ACKNOWLEDGED\"}");
    assert_int_equal(core.calls, 1);
    assert_string_equal(core.status.agency, "108");
    assert_string_equal(core.status.request_id, REQUEST);
    assert_int_equal(core.status.state, SAH_STATE_ACKNOWLEDGED);
    assert_int_equal(core.status.level, SAH_LEVEL_PERSON);
    assert_string_equal(core.status.by, "dispatcher-7");
    assert_string_equal(core.status.case_no, "C-12");
    assert_int_equal(core.status.n_units, 2);
    assert_string_equal(core.status.units[1], "TS09 4321");
    assert_int_equal(core.status.eta_s, 86400);
    assert_int_equal(core.status.reason, SAH_REASON_NO_RESOURCE);
    assert_string_equal(core.status.reason_text, "ఒక్కటే ఉంది");
    assert_true(core.status.due_ms == 1767225600000);
    assert_int_equal(core.status.price_paise, 90500);
    assert_string_equal(core.status.payment_url, "https://pay.example/a?b=%20c");
    assert_string_equal(core.status.disposition, "TAKEN");
    assert_int_equal(core.status.sequence_seen, UINT32_MAX);
    assert_true(core.status.sent_ms == 1767225600001);
}

#define OTHER "E000123456789ABCDEFGHJKMNPQRT"

static void a_person_links_and_unlinks(void **state)
{
    static const struct {
        const char *verb, *body;
        int err, status;
        const char *main_id; /* NULL: the core hears nothing */
    } cases[] = {
        {"/link", "{\"to\":\"" OTHER "\",\"by\":\"desk 4\"}", SAH_OK, 200, OTHER},
        {"/unlink", "{\"by\":\"desk 4\"}", SAH_OK, 200, ""},
        {"/link", "{\"to\":\"" OTHER "\"}", SAH_OK, 400, NULL},
        {"/link", "{\"to\":\"elsewhere\",\"by\":\"desk 4\"}", SAH_OK, 400, NULL},
        {"/link", "{\"by\":\"desk 4\"}", SAH_OK, 400, NULL},
        {"/unlink", "", SAH_OK, 400, NULL},
        {"/unlink", "{\"by\":\"desk 4\"}", SAH_ENOENT, 404, ""},
        {"/link", "{\"to\":\"" OTHER "\",\"by\":\"desk 4\"}", SAH_ECONFLICT, 409, OTHER},
        {"/link", "{\"to\":\"" OTHER "\",\"by\":\"desk 4\"}", SAH_EDOWN, 503, OTHER},
        {"/join", "{\"by\":\"desk 4\"}", SAH_OK, 404, NULL},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char path[128];

        (void)sah_format(path, sizeof path, "/v1/requests/" REQUEST "%s", cases[i].verb);
        links.calls = 0;
        links.err = cases[i].err;
        post(path, AUTH, cases[i].body);
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(links.calls, cases[i].main_id != NULL);
        if (cases[i].main_id == NULL)
            continue;
        assert_string_equal(links.request_id, REQUEST);
        assert_string_equal(links.main_id, cases[i].main_id);
        assert_string_equal(links.agency, "108");
    }
    post("/v1/requests/" REQUEST "/unlink", "Bearer no-token", "{\"by\":\"x\"}");
    assert_int_equal(answer.status, 401);
}

/* I9 */
static void a_name_makes_a_person_and_nothing_else_does(void **state)
{
    static const struct {
        const char *body;
        enum sah_level level;
    } cases[] = {
        {"{\"state\":\"DELIVERED\"}", SAH_LEVEL_MACHINE},
        {"{\"state\":\"DELIVERED\",\"by\":\"\"}", SAH_LEVEL_MACHINE},
        {"{\"state\":\"DELIVERED\",\"by\":null,\"units\":null,\"eta_s\":null}",
         SAH_LEVEL_MACHINE},
        {"{\"state\":\"DELIVERED\",\"level\":\"MACHINE\"}", SAH_LEVEL_MACHINE},
        {"{\"state\":\"DELIVERED\",\"by\":\"desk 4\"}", SAH_LEVEL_PERSON},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        post(PATH, AUTH, cases[i].body);
        assert_int_equal(answer.status, 200);
        assert_int_equal(core.status.level, cases[i].level);
    }
}

static void each_malformed_field_is_named(void **state)
{
#define S "{\"state\":\"EN_ROUTE\","
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"", NULL},
        {"{", NULL},
        {"[]", NULL},
        {"\"EN_ROUTE\"", NULL},
        {"{\"state\":\"EN_ROUTE\"} x", NULL},
        {"{\"state\":\"EN_ROUTE\",\"state\":\"CLOSED\"}", NULL},
        {"{\"state\":\"EN_ROUTE\",\"by\":\"\xff\"}", NULL},
        {"{\"state\":\"EN_ROUTE\",\"by\":\"a\\u0000b\"}", NULL},
        {"{}", "state"},
        {"{\"state\":7}", "state"},
        {"{\"state\":\"en_route\"}", "state"},
        {"{\"state\":\"UNSPECIFIED\"}", "state"},
        {"{\"state\":\"RECEIVED\"}", "state"},
        {"{\"state\":\"QUEUED\"}", "state"},
        {"{\"state\":\"FORWARDED\"}", "state"},
        {"{\"state\":\"CANCEL_ASKED\"}", "state"},
        {"{\"state\":\"NEEDS_PERSON\"}", "state"},
        {"{\"state\":\"EXPIRED\"}", "state"},
        {S "\"by\":7}", "by"},
        {S "\"by\":\"a\\nb\"}", "by"},
        {S "\"by\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
         "by"},
        {S "\"level\":\"PERSON\"}", "by"},
        {S "\"level\":\"GOD\"}", "level"},
        {S "\"level\":1}", "level"},
        {S "\"case_no\":[]}", "case_no"},
        {S "\"case_no\":\"\\u007f\"}", "case_no"},
        {S "\"units\":\"TS09\"}", "units"},
        {S "\"units\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}", "units"},
        {S "\"units\":[\"\"]}", "units"},
        {S "\"units\":[1]}", "units"},
        {S "\"units\":[\"012345678901234567890123456789012\"]}", "units"},
        {S "\"eta_s\":86401}", "eta_s"},
        {S "\"eta_s\":-1}", "eta_s"},
        {S "\"eta_s\":1.5}", "eta_s"},
        {S "\"eta_s\":\"10\"}", "eta_s"},
        {S "\"eta_s\":99999999999999999999}", NULL},
        {S "\"reason\":\"BECAUSE\"}", "reason"},
        {S "\"reason\":1}", "reason"},
        {S "\"due_ms\":4102444800001}", "due_ms"},
        {S "\"sent_ms\":-1}", "sent_ms"},
        {S "\"price_paise\":100000001}", "price_paise"},
        {S "\"sequence_seen\":4294967296}", "sequence_seen"},
        {S "\"payment_url\":\"http://pay.example/\"}", "payment_url"},
        {S "\"payment_url\":\"https://\"}", "payment_url"},
        {S "\"payment_url\":\"https:///x\"}", "payment_url"},
        {S "\"payment_url\":\"https://a b\"}", "payment_url"},
        {S "\"payment_url\":\"https://pay.example/ఆ\"}", "payment_url"},
        {S "\"payment_url\":\"javascript:alert(1)\"}", "payment_url"},
        {S "\"disposition\":{}}", "disposition"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char want[64];

        post(PATH, AUTH, cases[i].body);
        (void)sah_format(want, sizeof want,
                         cases[i].field != NULL ? "\"field\":\"%s\""
                                                : "\"text\":\"must be one JSON%s",
                         cases[i].field != NULL ? cases[i].field : "");
        if (cases[i].field == NULL && strstr(answer.body, "must be a JSON object") != NULL)
            (void)sah_format(want, sizeof want, "must be a JSON object");
        if (answer.status != 400 || strstr(answer.body, "\"error\":\"malformed\"") == NULL ||
            strstr(answer.body, want) == NULL || strstr(answer.body, "\"text\":\"") == NULL)
            fail_msg("case %zu %s: got %d %s", i, cases[i].body, answer.status, answer.body);
    }
    assert_int_equal(core.calls, 0);
}

static void a_body_past_its_bound_is_malformed(void **state)
{
    static char body[40 * 1024];

    (void)state;
    memset(body, ' ', sizeof body - 1);
    memcpy(body, "{\"state\":\"EN_ROUTE\"}", 20);
    post(PATH, AUTH, body);
    assert_int_equal(answer.status, 400);
    memset(body, '[', sizeof body - 1);
    body[30 * 1024] = '\0';
    post(PATH, AUTH, body);
    assert_int_equal(answer.status, 400);
    assert_int_equal(core.calls, 0);
}

/* The token comes first: without one nobody learns which requests there are. */
static void without_a_good_token_nothing_is_said(void **state)
{
    static const char *const tokens[] = {
        NULL,
        "",
        "Bearer",
        "Bearer ",
        "Bearer token-of-108-aaaaaaa",
        "Bearer token-of-108-aaaaaaaab",
        "Bearer TOKEN-of-108-aaaaaaaa",
        "Basic dG9rZW4=",
        TOKEN_108,
        "Bearer " TOKEN_108 TOKEN_101,
    };
    static const char *const paths[] = {PATH, "/v1/requests/x", "/v1/requests/"};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(tokens); i++)
        for (size_t p = 0; p < SAH_LEN(paths); p++) {
            post(paths[p], tokens[i], "not even json");
            if (answer.status != 401 ||
                strcmp(answer.body, "{\"error\":\"unauthorised\"}") != 0)
                fail_msg("token %zu: got %d %s", i, answer.status, answer.body);
        }
    assert_int_equal(core.calls, 0);
    assert_int_equal(sah_callback_unauthorised(callback), SAH_LEN(tokens) * SAH_LEN(paths));
}

static void a_token_speaks_for_its_own_agency(void **state)
{
    (void)state;
    post(PATH, "Bearer " TOKEN_101, "{\"state\":\"DELIVERED\",\"agency\":\"108\"}");
    assert_int_equal(answer.status, 200);
    assert_string_equal(core.status.agency, "101");
    assert_non_null(strstr(answer.body, "\"agency\":\"101\""));
}

static void a_path_that_is_none_is_not_found(void **state)
{
    static const char *const paths[] = {
        "/v1/requests/",
        "/v1/requests/status",
        "/v1/requests/" REQUEST,
        "/v1/requests/" REQUEST "/",
        "/v1/requests/" REQUEST "/state",
        "/v1/requests/" REQUEST "/status/",
        "/v1/requests/" REQUEST "/x/status",
        "/v1/requests/X000123456789ABCDEFGHJKMNPQRS/status",
        "/v1/requests/E990123456789ABCDEFGHJKMNPQRS/status",
        "/v1/requests/E000123456789ABCDEFGHJKMNPQR/status",
        "/v1/requests/../../v1/requests/" REQUEST "/status/..",
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(paths); i++) {
        post(paths[i], AUTH, "{\"state\":\"DELIVERED\"}");
        if (answer.status != 404)
            fail_msg("%s: got %d", paths[i], answer.status);
    }
    assert_int_equal(core.calls, 0);
}

static void each_word_of_the_core_has_its_answer(void **state)
{
    static const struct {
        struct sah_status_result result;
        int status;
        const char *body;
    } cases[] = {
        {{.code = SAH_STATUS_REPEATED, .state = SAH_STATE_EN_ROUTE},
         200,
         "{\"ok\":true,\"request_id\":\"" REQUEST
         "\",\"agency\":\"108\",\"state\":\"EN_ROUTE\"}"},
        {{.code = SAH_STATUS_HISTORY, .state = SAH_STATE_ON_SCENE},
         200,
         "{\"ok\":true,\"request_id\":\"" REQUEST
         "\",\"agency\":\"108\",\"state\":\"ON_SCENE\",\"applied\":false}"},
        {{.code = SAH_STATUS_NOT_FOUND}, 404, "{\"error\":\"not_found\"}"},
        {{.code = SAH_STATUS_ILLEGAL,
          .from = SAH_STATE_CLOSED,
          .n_allowed = 2,
          .allowed = {SAH_STATE_REOPENED, SAH_STATE_CLOSED}},
         409,
         "{\"error\":\"illegal_move\",\"from\":\"CLOSED\",\"to\":\"EN_ROUTE\",\"allowed\":["
         "\"REOPENED\",\"CLOSED\"]}"},
        {{.code = SAH_STATUS_NEEDS_NAME},
         400,
         "{\"error\":\"malformed\",\"field\":\"by\",\"text\":\"this state is a person's to "
         "set: name the agent "
         "or the position\"}"},
        {{.code = SAH_STATUS_UNAVAILABLE},
         503,
         "{\"error\":\"unavailable\",\"text\":\"the store cannot take it now: send it "
         "again\"}"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        core.result = cases[i].result;
        post(PATH, AUTH, "{\"state\":\"EN_ROUTE\"}");
        assert_int_equal(answer.status, cases[i].status);
        assert_string_equal(answer.body, cases[i].body);
    }
}

static void the_answer_may_come_later(void **state)
{
    (void)state;
    core.later = true;
    post_begin(PATH, AUTH, SAH_SLICE("{\"state\":\"DELIVERED\"}"));
    TURN_UNTIL(loop, core.calls == 1, 5000);
    sah_loop_turn(loop, 5);
    assert_false(answer.done);
    core.fn(core.fn_data, &core.result);
    TURN_UNTIL(loop, answer.done, 5000);
    assert_int_equal(answer.status, 200);
}

/* The store finishes when everything else is gone already. */
static void going_down_answers_503_and_survives_a_late_core(void **state)
{
    (void)state;
    core.later = true;
    post_begin(PATH, AUTH, SAH_SLICE("{\"state\":\"DELIVERED\"}"));
    TURN_UNTIL(loop, core.calls == 1, 5000);
    sah_callback_stop(callback);
    TURN_UNTIL(loop, answer.done, 5000);
    assert_int_equal(answer.status, 503);
    sah_callback_destroy(callback);
    callback = NULL;
    core.fn(core.fn_data, &core.result);
}

static void a_changed_token_counts_without_a_restart(void **state)
{
    (void)state;
    post(PATH, AUTH, "{\"state\":\"DELIVERED\"}");
    assert_int_equal(answer.status, 200);
    folder_write(&folder, "108.token", "another-token-0123456789\n");
    usleep(1050 * 1000); /* the file is looked at once a second */
    post(PATH, AUTH, "{\"state\":\"DELIVERED\"}");
    assert_int_equal(answer.status, 401);
    post(PATH, "Bearer another-token-0123456789", "{\"state\":\"DELIVERED\"}");
    assert_int_equal(answer.status, 200);
    folder_write(&folder, "101.token",
                 "another-token-0123456789\n"); /* two with one token: nobody */
    usleep(1050 * 1000);
    post(PATH, "Bearer another-token-0123456789", "{\"state\":\"DELIVERED\"}");
    assert_int_equal(answer.status, 401);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_person_links_and_unlinks),
        TEST(everything_an_agency_may_say_reaches_the_core),
        TEST(a_name_makes_a_person_and_nothing_else_does),
        TEST(each_malformed_field_is_named),
        TEST(a_body_past_its_bound_is_malformed),
        TEST(without_a_good_token_nothing_is_said),
        TEST(a_token_speaks_for_its_own_agency),
        TEST(a_path_that_is_none_is_not_found),
        TEST(each_word_of_the_core_has_its_answer),
        TEST(the_answer_may_come_later),
        TEST(going_down_answers_503_and_survives_a_late_core),
        TEST(a_changed_token_counts_without_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
