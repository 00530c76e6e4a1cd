/*
 * test_admin - /v1/dead, /v1/replay, /v1/reclassify and /v1/quarantine over real HTTP: who may ask, what is
 * malformed, what is answered for each word of the core, pages, how many go out at once.
 *
 * Its own definitions of the core's functions stand in for the core's, so that the test decides what they
 * answer and when (I7: a mass replay waits for itself, not the fresh for it).
 */
#include <sahaya/http_client.h>

#include "unit/agency/agency_test.h"

#include "ops/ops.h"

#define TOKEN   "admin-token-aaaaaaaaaaaaaaaa"
#define REQUEST "B000123456789ABCDEFGHJKMNPQRS"
#define KEY_0   "00000000000000000000000000000000"

static struct folder folder;
static struct sah_loop *loop;
static struct sah_http_server *server, *unix_server;
static struct sah_http_client *client;
static struct sah_ops *ops;

/* ---- the core, played */

static struct {
    unsigned replays, under_way, most;
    enum sah_decided decided; /* what to answer */
    bool later;               /* keep them until the loop turns */
    char by[SAH_WHO_SIZE], keys[2 * SAH_DEAD_MAX][SAH_KEY_SIZE];
    struct {
        sah_decided_fn *fn;
        void *data;
    } kept[SAH_DEAD_MAX];
    unsigned n_kept;
    unsigned reclassifies;
    enum sah_priority priority;
} core;

void sah_core_replay(struct sah_core *c, const struct sah_dead_letter *letter, const char *by, struct sah_now now,
                     sah_decided_fn *fn, void *data)
{
    (void)c;
    assert_true(now.wall_ms > 0);
    SET(core.by, by);
    SET(core.keys[core.replays], letter->key);
    core.replays++;
    if (++core.under_way > core.most)
        core.most = core.under_way;
    if (!core.later) {
        core.under_way--;
        fn(data, core.decided);
        return;
    }
    core.kept[core.n_kept].fn = fn;
    core.kept[core.n_kept++].data = data;
}

void sah_core_reclassify(struct sah_core *c, const char *request_id, enum sah_priority priority, const char *by,
                         struct sah_now now, sah_decided_fn *fn, void *data)
{
    (void)c;
    assert_true(now.wall_ms > 0);
    assert_string_equal(request_id, REQUEST);
    SET(core.by, by);
    core.priority = priority;
    core.reclassifies++;
    fn(data, core.decided);
}

unsigned sah_core_endpoints(const struct sah_core *c)
{
    (void)c;
    return 0;
}

struct sah_endpoint_view sah_core_endpoint(const struct sah_core *c, unsigned i)
{
    (void)c;
    (void)i;
    return (struct sah_endpoint_view){0};
}

unsigned sah_core_forgotten(const struct sah_core *c, const struct sah_queue_stat **ret_stats)
{
    (void)c;
    *ret_stats = NULL;
    return 0;
}

unsigned sah_link_adapters_alive(const struct sah_link *link)
{
    (void)link;
    return 0;
}

/* ---- the store, played: dead letters 0..n-1, completed when the loop turns */

static struct {
    unsigned n_letters, asked;
    int err;
    struct {
        unsigned skip, n;
        sah_dead_fn *fn;
        void *data;
    } dead;
    struct {
        unsigned n;
        sah_pieces_fn *fn;
        void *data;
    } pieces;
} store;

static void store_dead(void *data, const char *endpoint, unsigned skip, unsigned n, sah_dead_fn *fn, void *fn_data)
{
    (void)data;
    assert_string_equal(endpoint, "indane");
    assert_null(store.dead.fn);
    store.asked++;
    store.dead.skip = skip;
    store.dead.n = n;
    store.dead.fn = fn;
    store.dead.data = fn_data;
}

static void store_pieces(void *data, unsigned n, sah_pieces_fn *fn, void *fn_data)
{
    (void)data;
    store.pieces.n = n;
    store.pieces.fn = fn;
    store.pieces.data = fn_data;
}

static struct sah_dead_letter letter(unsigned i)
{
    struct sah_dead_letter l = {.kind = SAH_KIND_REQUEST, .sequence = 1, .priority = SAH_PRIORITY_P4,
                                .attempts = 3, .accepted_ms = 1700000000000, .dead_ms = 1700000001000 + i,
                                .why = SAH_ANSWER_REFUSED};

    (void)sah_format(l.key, sizeof l.key, "%032x", i);
    SET(l.request_id, REQUEST);
    SET(l.agency, "indane");
    SET(l.endpoint, "indane");
    return l;
}

static void give_letters(void)
{
    static struct sah_dead_letter letters[SAH_DEAD_MAX];
    sah_dead_fn *fn = store.dead.fn;
    unsigned n = 0;

    for (unsigned i = store.dead.skip; i < store.n_letters && n < store.dead.n; i++)
        letters[n++] = letter(i);
    store.dead.fn = NULL;
    fn(store.dead.data, store.err, letters, store.err == SAH_OK ? n : 0, store.err == SAH_OK ? store.n_letters : 0);
}

static void turn(void)
{
    unsigned n = core.n_kept;

    core.n_kept = 0;
    for (unsigned i = 0; i < n; i++) { /* an answer brings the next, which takes a place in front */
        sah_decided_fn *fn = core.kept[i].fn;
        void *data = core.kept[i].data;

        core.under_way--;
        fn(data, core.decided);
    }
    sah_loop_turn(loop, 2);
    if (store.dead.fn != NULL)
        give_letters();
    if (store.pieces.fn != NULL) {
        sah_pieces_fn *fn = store.pieces.fn;

        store.pieces.fn = NULL;
        fn(store.pieces.data, store.err, "[]", 2);
    }
}

/* ---- the world */

static struct sah_store port = {.dead = store_dead, .quarantine_list = store_pieces};

#define HANDLER(name, fn)                                      \
    static void name(void *data, struct sah_http_exchange *x)  \
    {                                                          \
        (void)data;                                            \
        fn(ops, x);                                            \
    }
HANDLER(on_dead, sah_ops_dead)
HANDLER(on_replay, sah_ops_replay)
HANDLER(on_reclassify, sah_ops_reclassify)
HANDLER(on_quarantine, sah_ops_quarantine)
static const struct sah_http_route routes[] = {{"GET", "/v1/dead", on_dead},
                                               {"POST", "/v1/replay", on_replay},
                                               {"POST", "/v1/reclassify", on_reclassify},
                                               {"GET", "/v1/quarantine", on_quarantine}};

static int begin(void **state)
{
    struct sah_http_server_settings http = {
        .address = "127.0.0.1", .max_body_bytes = 64 * 1024, .routes = routes, .n_routes = SAH_LEN(routes)};
    struct sah_ops_settings settings = {.lane = SAH_LANE_BULK, .store = &port};
    char address[128];

    (void)state;
    memset(&core, 0, sizeof core);
    memset(&store, 0, sizeof store);
    folder_init(&folder);
    settings.admin_token_file = strdup(folder_write(&folder, "token", TOKEN "\n"));
    assert_int_equal(sah_loop_create(&loop), SAH_OK);
    assert_int_equal(sah_ops_create(&settings, &ops), SAH_OK);
    assert_int_equal(sah_http_server_create(loop, &http, &server), SAH_OK);
    assert_int_equal(sah_format(address, sizeof address, "unix:%s", folder_name(&folder, "sock")), SAH_OK);
    http.address = address;
    assert_int_equal(sah_http_server_create(loop, &http, &unix_server), SAH_OK);
    assert_int_equal(sah_http_client_create(loop, &client), SAH_OK);
    *state = (void *)(uintptr_t)settings.admin_token_file;
    return 0;
}

static int end(void **state)
{
    sah_http_client_destroy(client);
    sah_http_server_destroy(server);
    sah_http_server_destroy(unix_server);
    sah_ops_destroy(ops);
    sah_loop_destroy(loop);
    free(*state);
    folder_fini(&folder);
    return 0;
}

static struct {
    bool done;
    int status;
    char body[64 * 1024];
} answer;

static void on_answer(void *data, const struct sah_http_answer *a)
{
    (void)data;
    answer.done = true;
    answer.status = a->fault == SAH_HTTP_FINE ? a->status : -(int)a->fault;
    sah_copy_cut(answer.body, sizeof answer.body, a->body, a->body_len);
}

/* By `bearer` over TCP; NULL = over the unix socket. */
static int ask(const char *path, const char *bearer, const char *body)
{
    char url[512], authorization[128], socket[192];
    const struct sah_http_header headers[] = {{"Content-Type", "application/json"}, {"Authorization", authorization}};
    struct sah_http_request request = {.method = body != NULL ? "POST" : "GET",
                                       .url = url,
                                       .headers = headers,
                                       .n_headers = bearer != NULL && bearer[0] != '\0' ? 2 : 1,
                                       .unix_socket = bearer == NULL ? socket : NULL,
                                       .body = body,
                                       .body_len = body != NULL ? strlen(body) : 0,
                                       .max_answer_bytes = sizeof answer.body,
                                       .timeout_ms = 5000};
    uint64_t give_up_at = sah_clock_mono_ms() + 5000;

    (void)sah_format(authorization, sizeof authorization, "Bearer %s", bearer != NULL ? bearer : "");
    SET(socket, folder_name(&folder, "sock"));
    if (bearer == NULL)
        (void)sah_format(url, sizeof url, "http://localhost%s", path);
    else
        (void)sah_format(url, sizeof url, "http://127.0.0.1:%u%s", sah_http_server_port(server), path);
    memset(&answer, 0, sizeof answer);
    assert_int_equal(sah_http_send(client, &request, on_answer, NULL, NULL), SAH_OK);
    while (!answer.done) {
        if (sah_clock_mono_ms() > give_up_at)
            fail_msg("no answer to %s", path);
        turn();
    }
    return answer.status;
}

static int post(const char *path, const char *body)
{
    return ask(path, NULL, body);
}

static bool says(const char *part)
{
    if (strstr(answer.body, part) == NULL)
        fail_msg("no %s in: %s", part, answer.body);
    return true;
}

/* ---- who may ask */

static void nobody_without_the_token_learns_or_does_anything(void **state)
{
    static const struct {
        const char *path, *body;
    } rows[] = {
        {"/v1/dead?endpoint=indane", NULL},
        {"/v1/quarantine", NULL},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true}"},
        {"/v1/reclassify", "{\"request_id\": \"" REQUEST "\", \"priority\": \"P0\"}"},
    };

    (void)state;
    store.n_letters = 3;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        assert_int_equal(ask(rows[i].path, "", rows[i].body), 401);
        assert_true(says("admin_token_file"));
        assert_int_equal(ask(rows[i].path, "admin-token-aaaaaaaaaaaaaaab", rows[i].body), 401);
        assert_int_equal(ask(rows[i].path, "a", rows[i].body), 401);
        assert_int_equal(store.asked + core.replays + core.reclassifies, 0);
    }
    for (size_t i = 0; i < SAH_LEN(rows); i++)
        assert_int_equal(ask(rows[i].path, TOKEN, rows[i].body), 200);
    assert_int_equal(core.replays, 3);
    assert_int_equal(core.reclassifies, 1);
}

/* ---- malformed */

static void what_is_malformed_names_its_field_and_does_nothing(void **state)
{
    static const struct {
        const char *path, *body, *field;
    } rows[] = {
        {"/v1/dead", NULL, "\"endpoint\""},
        {"/v1/dead?endpoint=", NULL, "\"endpoint\""},
        {"/v1/dead?endpoint=In%20dane", NULL, "\"endpoint\""},
        {"/v1/dead?endpoint=a%0ab", NULL, "\"endpoint\""},
        {"/v1/dead?endpoint=indane-indane-indane-indane-indane", NULL, "\"endpoint\""},
        {"/v1/dead?endpoint=indane&n=0", NULL, "\"n\""},
        {"/v1/dead?endpoint=indane&n=101", NULL, "\"n\""},
        {"/v1/dead?endpoint=indane&skip=-1", NULL, "\"n\""},
        {"/v1/dead?endpoint=indane&skip=99999999999", NULL, "\"n\""},
        {"/v1/quarantine?n=0", NULL, "n must be"},
        {"/v1/quarantine?n=129", NULL, "n must be"},
        {"/v1/replay", "", "JSON object"},
        {"/v1/replay", "[]", "JSON object"},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"endpoint\": \"x\"}", "JSON object"},
        {"/v1/replay", "{}", "\"endpoint\""},
        {"/v1/replay", "{\"endpoint\": 7, \"all\": true}", "\"endpoint\""},
        {"/v1/replay", "{\"endpoint\": \"indane\"}", "\"key\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": \"yes\"}", "\"key\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"key\": \"" KEY_0 "\"}", "\"key\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"key\": \"0\"}", "\"key\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"key\": \"0000000000000000000000000000000g\"}", "\"key\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"limit\": 0}", "\"limit\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"limit\": 101}", "\"limit\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"skip\": -1}", "\"limit\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"by\": \"\"}", "\"by\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"by\": 7}", "\"by\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"by\": \"a=b\"}", "\"by\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"by\": \"a\\nb\"}", "\"by\""},
        {"/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"by\": \"12345678901234567890123456789012345678901\"}", "\"by\""},
        {"/v1/reclassify", "{\"priority\": \"P0\"}", "\"request_id\""},
        {"/v1/reclassify", "{\"request_id\": \"B1\", \"priority\": \"P0\"}", "\"request_id\""},
        {"/v1/reclassify", "{\"request_id\": \"" REQUEST "\"}", "\"priority\""},
        {"/v1/reclassify", "{\"request_id\": \"" REQUEST "\", \"priority\": \"P5\"}", "\"priority\""},
        {"/v1/reclassify", "{\"request_id\": \"" REQUEST "\", \"priority\": \"P0\", \"by\": \"\"}", "\"by\""},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        if (ask(rows[i].path, NULL, rows[i].body) != 400)
            fail_msg("%s %s: %d", rows[i].path, rows[i].body != NULL ? rows[i].body : "", answer.status);
        assert_true(says(rows[i].field));
    }
    assert_int_equal(store.asked + core.replays + core.reclassifies, 0);
}

/* ---- lists */

static void dead_letters_come_in_pages(void **state)
{
    (void)state;
    assert_int_equal(ask("/v1/dead?endpoint=indane", NULL, NULL), 200);
    assert_true(says("\"total\": 0"));
    assert_true(says("\"dead\": []"));
    store.n_letters = 102;
    assert_int_equal(ask("/v1/dead?endpoint=indane&skip=100", NULL, NULL), 200);
    assert_true(says("\"total\": 102"));
    assert_true(says("\"key\": \"00000000000000000000000000000064\""));
    assert_true(says("\"why\": \"refused\"") && says("\"priority\": \"P4\"") && says("\"attempts\": 3"));
    assert_int_equal(ask("/v1/dead?endpoint=indane&skip=100&n=1", NULL, NULL), 200);
    assert_null(strstr(answer.body, "00000000000000000000000000000065"));
    store.err = SAH_EDOWN;
    assert_int_equal(ask("/v1/dead?endpoint=indane", NULL, NULL), 503);
    assert_true(says("the store cannot be asked now"));
    assert_int_equal(ask("/v1/quarantine", NULL, NULL), 503);
    store.err = SAH_OK;
    assert_int_equal(ask("/v1/quarantine?n=128", NULL, NULL), 200);
    assert_int_equal(store.pieces.n, 128);
    assert_string_equal(answer.body, "[]");
}

/* ---- replay */

static void a_mass_replay_sends_a_few_at_once(void **state)
{
    (void)state;
    store.n_letters = 150;
    core.later = true;
    assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"by\": \"night desk\"}"), 200);
    assert_int_equal(core.replays, SAH_DEAD_MAX);
    assert_in_range(core.most, 2, 8); /* I7 */
    assert_string_equal(core.by, "night desk");
    assert_true(says("\"total\": 150") && says("\"looked_at\": 100") && says("\"replayed\": 100") && says("\"stay\": 0"));
    core.replays = 0;
    assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"skip\": 140, \"limit\": 5}"), 200);
    assert_int_equal(core.replays, 5);
    assert_string_equal(core.keys[0], "0000000000000000000000000000008c");
    assert_string_equal(core.by, "");
}

static void a_dry_run_does_nothing(void **state)
{
    (void)state;
    store.n_letters = 7;
    assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"all\": true, \"dry_run\": true}"), 200);
    assert_true(says("\"would_look_at\": 7") && says("\"dry_run\": true"));
    assert_int_equal(core.replays, 0);
}

static void one_letter_is_found_on_any_page(void **state)
{
    (void)state;
    store.n_letters = 250;
    assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"key\": \"000000000000000000000000000000f0\"}"), 200);
    assert_int_equal(core.replays, 1);
    assert_string_equal(core.keys[0], "000000000000000000000000000000f0");
    assert_int_equal(store.asked, 3);
    assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"key\": \"f0000000000000000000000000000000\"}"), 404);
    assert_true(says("no dead letter of this endpoint has that key"));
    assert_int_equal(core.replays, 1);
    store.err = SAH_EDOWN;
    assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"all\": true}"), 503);
}

static void each_word_of_the_core_is_counted_by_its_name(void **state)
{
    static const struct {
        enum sah_decided decided;
        const char *counted, *stay;
    } rows[] = {
        {SAH_DECIDED_DONE, "\"replayed\": 4", "\"stay\": 0"},
        {SAH_DECIDED_OVER, "\"over\": 4", "\"stay\": 0"},
        {SAH_DECIDED_WITH_REQUEST, "\"with_request\": 4", "\"stay\": 4"},
        {SAH_DECIDED_NO_AGENCY, "\"no_agency\": 4", "\"stay\": 4"},
        {SAH_DECIDED_NOT_FOUND, "\"failed\": 4", "\"stay\": 4"},
        {SAH_DECIDED_UNAVAILABLE, "\"failed\": 4", "\"stay\": 4"},
    };

    (void)state;
    store.n_letters = 4;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        core.decided = rows[i].decided;
        core.later = i % 2 == 0;
        core.replays = 0;
        assert_int_equal(post("/v1/replay", "{\"endpoint\": \"indane\", \"all\": true}"), 200);
        assert_true(says(rows[i].counted) && says(rows[i].stay));
    }
}

/* ---- another class */

static void a_class_goes_up_by_anybody_and_down_with_a_name(void **state)
{
    static const struct {
        enum sah_decided decided;
        int status;
        const char *says;
    } rows[] = {
        {SAH_DECIDED_DONE, 200, "\"changed\": true"},
        {SAH_DECIDED_NOTHING, 200, "\"changed\": false"},
        {SAH_DECIDED_NOT_FOUND, 404, "no such request in this lane"},
        {SAH_DECIDED_NEEDS_NAME, 409, "down only by a person with a name"},
        {SAH_DECIDED_WRONG_LANE, 409, "a new request in the emergency lane"},
        {SAH_DECIDED_UNAVAILABLE, 503, "ask again"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        core.decided = rows[i].decided;
        assert_int_equal(post("/v1/reclassify", "{\"request_id\": \"" REQUEST "\", \"priority\": \"P3\", \"by\": \"a.rao@108\"}"),
                         rows[i].status);
        assert_true(says(rows[i].says));
        assert_string_equal(core.by, "a.rao@108");
        assert_int_equal(core.priority, SAH_PRIORITY_P3);
    }
    assert_int_equal(core.reclassifies, SAH_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_without_the_token_learns_or_does_anything, begin, end),
        cmocka_unit_test_setup_teardown(what_is_malformed_names_its_field_and_does_nothing, begin, end),
        cmocka_unit_test_setup_teardown(dead_letters_come_in_pages, begin, end),
        cmocka_unit_test_setup_teardown(a_mass_replay_sends_a_few_at_once, begin, end),
        cmocka_unit_test_setup_teardown(a_dry_run_does_nothing, begin, end),
        cmocka_unit_test_setup_teardown(one_letter_is_found_on_any_page, begin, end),
        cmocka_unit_test_setup_teardown(each_word_of_the_core_is_counted_by_its_name, begin, end),
        cmocka_unit_test_setup_teardown(a_class_goes_up_by_anybody_and_down_with_a_name, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
