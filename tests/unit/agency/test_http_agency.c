/*
 * test_http_agency - one leased delivery over real HTTP on loopback: headers, signature,
 * answers, faults, secrets that change.
 */
#include <sahaya/digest.h>
#include <sahaya/http_server.h>

#include "agency_test.h"

#include "agency/http_agency.h"
#include "samples.h"

static struct folder folder;
static struct sah_roster roster;
static struct sah_loop *loop;
static struct sah_http_server *server;
static struct sah_http_client *client, *urgent;
static struct sah_http_agency *agency;
static struct sah_agencies port;
static struct sah_leased leased;
static struct sah_buf bytes;
static FILE *log_file;
static struct sah_log *log_;

/* What the agency saw, and how it is to answer. */
static struct {
    unsigned n;
    char body[SAH_MESSAGE_MAX_BYTES + 1];
    size_t body_len;
    char id[64], key[64], timestamp[32], signature[80], type[64];
} seen;
static struct {
    int status; /* 0 = cut the connection, -1 = stay silent */
    const char *body, *retry_after;
    struct sah_http_exchange *held;
} act;

static struct {
    unsigned n;
    struct sah_agency_answer answer;
} got;

static void keep(char *dst, size_t size, const struct sah_http_exchange *x, const char *name)
{
    const char *value = sah_http_header(x, name);

    assert_non_null(value);
    assert_int_equal(sah_copy(dst, size, value, strlen(value)), SAH_OK);
}

static void handle(void *data, struct sah_http_exchange *x)
{
    struct sah_slice body = sah_http_body(x);

    (void)data;
    seen.n++;
    assert_int_equal(sah_copy(seen.body, sizeof seen.body, body.ptr, body.len), SAH_OK);
    seen.body_len = body.len;
    keep(seen.id, sizeof seen.id, x, "webhook-id");
    keep(seen.key, sizeof seen.key, x, "Idempotency-Key");
    keep(seen.timestamp, sizeof seen.timestamp, x, "webhook-timestamp");
    keep(seen.signature, sizeof seen.signature, x, "webhook-signature");
    keep(seen.type, sizeof seen.type, x, "Content-Type");
    if (act.status == -1) {
        act.held = x;
        return;
    }
    if (act.status == 0) {
        sah_http_drop(x);
        return;
    }
    if (act.retry_after != NULL)
        assert_int_equal(sah_http_reply_header(x, "Retry-After", act.retry_after), SAH_OK);
    sah_http_reply(x, act.status, "application/json", act.body, strlen(act.body));
}

static const struct sah_http_route routes[] = {{"POST", "/agencies/108", handle}};

static int begin(void **state)
{
    struct sah_http_server_settings settings = {.address = "127.0.0.1",
                                                .max_body_bytes = SAH_MESSAGE_MAX_BYTES,
                                                .routes = routes,
                                                .n_routes = 1};
    struct sah_agency *a = &roster.agencies[0];
    static struct sah_message message;
    char why[120];

    (void)state;
    memset(&roster, 0, sizeof roster);
    memset(&leased, 0, sizeof leased);
    memset(&seen, 0, sizeof seen);
    memset(&got, 0, sizeof got);
    memset(&act, 0, sizeof act);
    act.status = 200;
    act.body = "";
    folder_init(&folder);
    assert_int_equal(sah_loop_create(&loop), SAH_OK);
    assert_int_equal(sah_http_server_create(loop, &settings, &server), SAH_OK);
    assert_int_equal(sah_http_client_create(loop, &client), SAH_OK);
    assert_int_equal(sah_http_client_create(loop, &urgent), SAH_OK);
    log_file = tmpfile();
    assert_non_null(log_file);
    assert_int_equal(sah_log_create("test", log_file, SAH_LOG_DEBUG, &log_), SAH_OK);
    roster.n_agencies = 1;
    SET(a->id, "108");
    a->n_endpoints = 2;
    SET(a->endpoints[0].id, "108-a");
    SET(a->endpoints[1].id, "108-gone");
    (void)sah_format(a->endpoints[0].url, sizeof a->endpoints[0].url,
                     "http://127.0.0.1:%u/agencies/108", sah_http_server_port(server));
    SET(a->endpoints[1].url, "http://127.0.0.1:1/agencies/108");
    SET(a->endpoints[0].secret_file,
        folder_write(&folder, "a.secret", "first-secret-0123456\n"));
    SET(a->endpoints[1].secret_file, folder.path);
    assert_int_equal(sah_http_agency_create(urgent, client, &roster, "http://r", log_, &agency),
                     SAH_OK);
    sah_http_agency_port(agency, &port);

    sample_fill(&samples[1], &message);
    sah_buf_init(&bytes, SAH_MESSAGE_MAX_BYTES);
    assert_int_equal(sah_message_encode(&message, &bytes, why, sizeof why), SAH_OK);
    SET(leased.key, "0123456789abcdef0123456789abcdef");
    SET(leased.request_id, "E630123456789ABCDEFGHJKMNPQRS");
    SET(leased.agency, "108");
    SET(leased.endpoint, "108-a");
    leased.kind = SAH_KIND_REQUEST;
    leased.attempts = 1;
    leased.bytes = (struct sah_slice){bytes.data, bytes.len};
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (act.held != NULL)
        sah_http_drop(act.held);
    sah_http_client_destroy(urgent);
    sah_http_client_destroy(client);
    sah_http_agency_destroy(agency);
    sah_http_server_destroy(server);
    sah_loop_destroy(loop);
    sah_log_destroy(log_);
    fclose(log_file);
    sah_buf_fini(&bytes);
    folder_fini(&folder);
    return 0;
}

static void on_answer(void *data, const struct sah_agency_answer *answer)
{
    assert_ptr_equal(data, &got);
    got.n++;
    got.answer = *answer;
}

static void attempt(uint32_t deadline_ms)
{
    unsigned before = got.n;

    port.send(port.data, &leased, deadline_ms, on_answer, &got);
    assert_int_equal(got.n, before); /* never from inside */
    TURN_UNTIL(loop, got.n == before + 1, 8000);
}

static void check_signature(const char *secret)
{
    const struct sah_slice parts[] = {sah_slice_of(seen.id),
                                      SAH_SLICE("."),
                                      sah_slice_of(seen.timestamp),
                                      SAH_SLICE("."),
                                      {seen.body, seen.body_len}};
    struct sah_hmac *hmac;
    uint8_t mac[SAH_SHA256_BYTES];
    char want[80] = "v1,";

    assert_int_equal(sah_hmac_create(secret, strlen(secret), &hmac), SAH_OK);
    assert_int_equal(sah_hmac_sign(hmac, parts, SAH_LEN(parts), mac), SAH_OK);
    sah_base64(want + 3, mac, sizeof mac);
    sah_hmac_destroy(hmac);
    assert_string_equal(seen.signature, want);
}

static void a_delivery_is_signed_and_named_by_its_key(void **state)
{
    int64_t now_s = sah_clock_wall_ms() / 1000;
    uint64_t timestamp;

    (void)state;
    act.body = "{\"case_no\":\"C-12\"}";
    attempt(2000);
    assert_int_equal(got.answer.answer.kind, SAH_ANSWER_MACHINE_ACK);
    assert_int_equal(got.answer.status, 200);
    assert_string_equal(got.answer.case_no, "C-12");
    assert_string_equal(seen.id, leased.key);
    assert_string_equal(seen.key, leased.key);
    assert_string_equal(seen.type, "application/json");
    assert_int_equal(sah_parse_u64(sah_slice_of(seen.timestamp), 0, UINT64_MAX, &timestamp),
                     SAH_OK);
    assert_true((int64_t)timestamp >= now_s && (int64_t)timestamp <= now_s + 10);
    check_signature("first-secret-0123456");
    assert_non_null(strstr(seen.body, "\"status_url\":\"http://r/v1/requests/E63"));
}

static void each_answer_has_its_meaning(void **state)
{
    static char large[20 * 1024];
    static const struct {
        int status;
        const char *body, *retry_after;
        enum sah_answer_kind kind;
        int64_t retry_after_ms;
        enum sah_reason reason;
        const char *case_no;
    } cases[] = {
        {204, "", NULL, SAH_ANSWER_MACHINE_ACK, -1, SAH_REASON_UNSPECIFIED, ""},
        {202, "not json", NULL, SAH_ANSWER_MACHINE_ACK, -1, SAH_REASON_UNSPECIFIED, ""},
        {200, "{\"case_no\":7}", NULL, SAH_ANSWER_MACHINE_ACK, -1, SAH_REASON_UNSPECIFIED, ""},
        {200, "{\"case_no\":\"a\\u0007b\"}", NULL, SAH_ANSWER_MACHINE_ACK, -1,
         SAH_REASON_UNSPECIFIED, ""},
        {200, "[]", NULL, SAH_ANSWER_MACHINE_ACK, -1, SAH_REASON_UNSPECIFIED, ""},
        {200, large, NULL, SAH_ANSWER_MACHINE_ACK, -1, SAH_REASON_UNSPECIFIED, ""},
        {500, large, NULL, SAH_ANSWER_TROUBLE, -1, SAH_REASON_UNSPECIFIED, ""},
        {422, "{\"reason\":\"WRONG_AREA\",\"reason_text\":\"x\"}", NULL, SAH_ANSWER_REFUSED, -1,
         SAH_REASON_WRONG_AREA, ""},
        {409, "{\"reason\":\"WHATEVER\"}", NULL, SAH_ANSWER_REFUSED, -1, SAH_REASON_UNSPECIFIED,
         ""},
        {503, "", "7", SAH_ANSWER_BUSY, 7000, SAH_REASON_UNSPECIFIED, ""},
        {503, "", NULL, SAH_ANSWER_TROUBLE, -1, SAH_REASON_UNSPECIFIED, ""},
        {429, "", NULL, SAH_ANSWER_BUSY, -1, SAH_REASON_UNSPECIFIED, ""},
        {408, "", NULL, SAH_ANSWER_TROUBLE, -1, SAH_REASON_UNSPECIFIED, ""},
    };

    (void)state;
    memset(large, ' ', sizeof large - 1);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        act.status = cases[i].status;
        act.body = cases[i].body;
        act.retry_after = cases[i].retry_after;
        attempt(2000);
        if (got.answer.answer.kind != cases[i].kind || got.answer.status != cases[i].status ||
            got.answer.answer.retry_after_ms != cases[i].retry_after_ms ||
            got.answer.reason != cases[i].reason ||
            strcmp(got.answer.case_no, cases[i].case_no) != 0)
            fail_msg("case %zu: got %s, %d, '%s'", i,
                     sah_answer_kind_name(got.answer.answer.kind), got.answer.status,
                     got.answer.case_no);
    }
}

static void silence_and_a_cut_reply_leave_the_outcome_unknown(void **state)
{
    (void)state;
    act.status = -1;
    attempt(150);
    assert_int_equal(got.answer.answer.kind, SAH_ANSWER_UNKNOWN);
    assert_int_equal(got.answer.status, 0);
    assert_true(got.answer.elapsed_ms >= 140);
    act.status = 0;
    attempt(2000);
    assert_int_equal(got.answer.answer.kind, SAH_ANSWER_UNKNOWN);
}

static void nobody_there_is_unreachable(void **state)
{
    (void)state;
    SET(leased.endpoint, "108-gone");
    attempt(2000);
    assert_int_equal(got.answer.answer.kind, SAH_ANSWER_UNREACHABLE);
    assert_int_equal(seen.n, 0);
}

/* I4, I13: it stays in the queue, an operator is told, nothing of its content is. */
static void bytes_that_cannot_be_read_are_trouble_and_told(void **state)
{
    char line[1024] = "";

    (void)state;
    leased.bytes = SAH_SLICE("\xff\xff this is +910000000003 in no known form");
    attempt(2000);
    assert_int_equal(got.answer.answer.kind, SAH_ANSWER_TROUBLE);
    assert_int_equal(got.answer.status, 0);
    assert_int_equal(seen.n, 0);
    rewind(log_file);
    assert_non_null(fgets(line, sizeof line, log_file));
    assert_non_null(strstr(line, "event=delivery.unreadable request=E63"));
    assert_null(strstr(line, "910000000003"));
}

static void a_changed_secret_signs_without_a_restart(void **state)
{
    (void)state;
    attempt(2000);
    check_signature("first-secret-0123456");
    folder_write(&folder, "a.secret", "second-secret-98765432\n");
    usleep(1050 * 1000); /* the file is looked at once a second */
    attempt(2000);
    check_signature("second-secret-98765432");
    assert_int_equal(remove(folder_name(&folder, "a.secret")), 0);
    usleep(1050 * 1000);
    attempt(2000); /* gone: the old one holds */
    check_signature("second-secret-98765432");
}

static void a_client_that_goes_away_still_answers_each_attempt(void **state)
{
    (void)state;
    act.status = -1;
    port.send(port.data, &leased, 5000, on_answer, &got);
    sah_loop_turn(loop, 20);
    sah_http_client_destroy(urgent);
    sah_http_client_destroy(client);
    urgent = client = NULL;
    assert_int_equal(got.n, 1);
    assert_int_equal(got.answer.answer.kind, SAH_ANSWER_UNKNOWN);
}

/* I7 */
static void p0_and_p1_have_connections_of_their_own(void **state)
{
    static const struct {
        enum sah_priority priority;
        unsigned urgent, others;
    } cases[] = {{SAH_PRIORITY_P4, 0, 1}, {SAH_PRIORITY_P2, 0, 2}, {SAH_PRIORITY_P0, 1, 2}, {SAH_PRIORITY_P1, 2, 2},
                 {SAH_PRIORITY_UNSPECIFIED, 3, 2}};

    (void)state;
    SET(leased.endpoint, "108-gone"); /* none is over before the loop turns */
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        leased.priority = cases[i].priority;
        port.send(port.data, &leased, 5000, on_answer, &got);
        assert_int_equal(sah_http_client_in_flight(urgent), cases[i].urgent);
        assert_int_equal(sah_http_client_in_flight(client), cases[i].others);
    }
}

static void a_secret_that_cannot_be_read_stops_the_start(void **state)
{
    struct sah_http_agency *none = NULL;

    (void)state;
    SET(roster.agencies[0].endpoints[1].secret_file, "/nonexistent/secret");
    assert_int_equal(sah_http_agency_create(urgent, client, &roster, "http://r", NULL, &none),
                     SAH_ENOENT);
    assert_null(none);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_delivery_is_signed_and_named_by_its_key),
        TEST(each_answer_has_its_meaning),
        TEST(silence_and_a_cut_reply_leave_the_outcome_unknown),
        TEST(nobody_there_is_unreachable),
        TEST(bytes_that_cannot_be_read_are_trouble_and_told),
        TEST(a_changed_secret_signs_without_a_restart),
        TEST(p0_and_p1_have_connections_of_their_own),
        TEST(a_client_that_goes_away_still_answers_each_attempt),
        TEST(a_secret_that_cannot_be_read_stops_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
