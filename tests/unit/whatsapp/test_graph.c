/* test_graph - what each answer of the Graph API is worth: one row for each code of
 * whatsapp.md 4.3. */
#include "sample.h"

#include "graph.h"

static const struct {
    int code;
    enum sah_graph_class class;
    enum sah_sent_code sent;
} codes[] = {
    {0, SAH_GRAPH_auth, SAH_SENT_STOP},
    {190, SAH_GRAPH_auth, SAH_SENT_STOP},
    {1, SAH_GRAPH_transient, SAH_SENT_RETRY},
    {2, SAH_GRAPH_transient, SAH_SENT_RETRY},
    {131000, SAH_GRAPH_transient, SAH_SENT_RETRY},
    {131016, SAH_GRAPH_transient, SAH_SENT_RETRY},
    {133004, SAH_GRAPH_transient, SAH_SENT_RETRY},
    {133005, SAH_GRAPH_transient, SAH_SENT_RETRY},
    {131057, SAH_GRAPH_upgrade, SAH_SENT_ACCOUNT},
    {4, SAH_GRAPH_throttle_account, SAH_SENT_ACCOUNT},
    {80007, SAH_GRAPH_throttle_account, SAH_SENT_ACCOUNT},
    {130429, SAH_GRAPH_throttle_account, SAH_SENT_ACCOUNT},
    {133016, SAH_GRAPH_throttle_account, SAH_SENT_ACCOUNT},
    {131048, SAH_GRAPH_throttle_quality, SAH_SENT_ACCOUNT},
    {131064, SAH_GRAPH_throttle_quality, SAH_SENT_ACCOUNT},
    {131056, SAH_GRAPH_throttle_citizen, SAH_SENT_CITIZEN},
    {3, SAH_GRAPH_config, SAH_SENT_STOP},
    {10, SAH_GRAPH_config, SAH_SENT_STOP},
    {200, SAH_GRAPH_config, SAH_SENT_STOP},
    {299, SAH_GRAPH_config, SAH_SENT_STOP},
    {131005, SAH_GRAPH_config, SAH_SENT_STOP},
    {131037, SAH_GRAPH_config, SAH_SENT_STOP},
    {131042, SAH_GRAPH_config, SAH_SENT_STOP},
    {131045, SAH_GRAPH_config, SAH_SENT_STOP},
    {133000, SAH_GRAPH_config, SAH_SENT_STOP},
    {133006, SAH_GRAPH_config, SAH_SENT_STOP},
    {133008, SAH_GRAPH_config, SAH_SENT_STOP},
    {133009, SAH_GRAPH_config, SAH_SENT_STOP},
    {133010, SAH_GRAPH_config, SAH_SENT_STOP},
    {133015, SAH_GRAPH_config, SAH_SENT_STOP},
    {134011, SAH_GRAPH_config, SAH_SENT_STOP},
    {368, SAH_GRAPH_integrity, SAH_SENT_STOP},
    {130497, SAH_GRAPH_integrity, SAH_SENT_STOP},
    {131031, SAH_GRAPH_integrity, SAH_SENT_STOP},
    {33, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {100, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {131008, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {131009, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {131021, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {131051, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {135000, SAH_GRAPH_bad_request, SAH_SENT_DEAD},
    {131026, SAH_GRAPH_recipient, SAH_SENT_DEAD},
    {131030, SAH_GRAPH_recipient, SAH_SENT_DEAD},
    {130472, SAH_GRAPH_recipient, SAH_SENT_DEAD},
    {131062, SAH_GRAPH_recipient, SAH_SENT_DEAD},
    {131063, SAH_GRAPH_recipient, SAH_SENT_DEAD},
    {131047, SAH_GRAPH_window, SAH_SENT_DEAD},
    {131049, SAH_GRAPH_marketing, SAH_SENT_DEAD},
    {131050, SAH_GRAPH_marketing, SAH_SENT_DEAD},
    {131052, SAH_GRAPH_media, SAH_SENT_DEAD},
    {131053, SAH_GRAPH_media, SAH_SENT_RETRY},
    {131060, SAH_GRAPH_media, SAH_SENT_DEAD},
    {132000, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132001, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132005, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132007, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132008, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132012, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132015, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132016, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132068, SAH_GRAPH_template, SAH_SENT_DEAD},
    {132069, SAH_GRAPH_template, SAH_SENT_DEAD},
    {137000, SAH_GRAPH_identity, SAH_SENT_DEAD},
};

static struct sah_sent sent;
static enum sah_graph_class class;

static void judge(int status, const char *body, int64_t retry_after_ms)
{
    const struct sah_http_answer answer = {.fault = SAH_HTTP_FINE,
                                           .status = status,
                                           .body = body,
                                           .body_len = strlen(body),
                                           .retry_after_ms = retry_after_ms};

    sah_graph_judge(&answer, &sent, &class);
}

static void each_code_has_its_action_whatever_the_status(void **state)
{
    static const int statuses[] = {400, 401, 403, 429, 500, 200};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(codes); i++) {
        for (size_t k = 0; k < SAH_LEN(statuses); k++) {
            char body[100];

            assert_int_equal(sah_format(body, sizeof body,
                                        "{\"error\":{\"message\":\"x\",\"code\":%d}}",
                                        codes[i].code),
                             SAH_OK);
            judge(statuses[k], body, -1);
            assert_int_equal(class, codes[i].class);
            assert_int_equal(sent.code, codes[i].sent);
            assert_int_equal(sent.error_code, codes[i].code);
            assert_string_equal(sent.channel_message, "");
        }
    }
}

static void no_two_rows_of_the_table_overlap(void **state)
{
    size_t n = 0;
    const struct sah_graph_rule *rules = sah_graph_rules(&n);

    (void)state;
    assert_true(n > 40);
    for (size_t i = 0; i < n; i++) {
        assert_true(rules[i].from <= rules[i].to);
        for (size_t k = 0; k < i; k++)
            assert_true(rules[i].to < rules[k].from || rules[i].from > rules[k].to);
    }
}

static const struct {
    int status;
    const char *body;
    enum sah_graph_class class;
    enum sah_sent_code sent;
} answers[] = {
    {200, "{\"messaging_product\":\"whatsapp\",\"messages\":[{\"id\":\"wamid.OUT1\"}]}",
     SAH_GRAPH_ok, SAH_SENT_DONE},
    {200, "", SAH_GRAPH_garbled, SAH_SENT_RETRY},
    {200, "<html>welcome</html>", SAH_GRAPH_garbled, SAH_SENT_RETRY},
    {200, "{\"messages\":[]}", SAH_GRAPH_garbled, SAH_SENT_RETRY},
    {200, "{\"messages\":[{\"id\":5}]}", SAH_GRAPH_garbled, SAH_SENT_RETRY},
    {200, "{\"messages\":{\"id\":\"x\"}}", SAH_GRAPH_garbled, SAH_SENT_RETRY},
    {302, "", SAH_GRAPH_garbled, SAH_SENT_RETRY},
    {400, "", SAH_GRAPH_refused, SAH_SENT_RETRY},
    {400, "{\"error\":\"text\"}", SAH_GRAPH_refused, SAH_SENT_RETRY},
    {400, "{\"messages\":[{\"id\":\"wamid.X\"}]}", SAH_GRAPH_refused, SAH_SENT_RETRY},
    {401, "", SAH_GRAPH_auth, SAH_SENT_STOP},
    {408, "", SAH_GRAPH_server, SAH_SENT_RETRY},
    {429, "", SAH_GRAPH_server, SAH_SENT_RETRY},
    {500, "", SAH_GRAPH_server, SAH_SENT_RETRY},
    {503, "not json", SAH_GRAPH_server, SAH_SENT_RETRY},
    {400, "{\"error\":{\"code\":999999}}", SAH_GRAPH_unknown_code, SAH_SENT_DEAD},
    {500, "{\"error\":{\"code\":999999}}", SAH_GRAPH_server, SAH_SENT_RETRY},
    {200, "{\"error\":{\"code\":999999}}", SAH_GRAPH_unknown_code, SAH_SENT_DEAD},
    {400, "{\"error\":{\"code\":999999,\"is_transient\":true}}", SAH_GRAPH_transient,
     SAH_SENT_RETRY},
    {400, "{\"error\":{\"code\":100,\"is_transient\":true}}", SAH_GRAPH_transient,
     SAH_SENT_RETRY},
    {400, "{\"error\":{\"code\":190,\"is_transient\":true}}", SAH_GRAPH_auth, SAH_SENT_STOP},
    {400, "{\"error\":{\"code\":\"131056\",\"error_data\":\"a bare string\"}}",
     SAH_GRAPH_throttle_citizen, SAH_SENT_CITIZEN},
};

static void answers_without_a_code_go_by_their_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAH_LEN(answers); i++) {
        judge(answers[i].status, answers[i].body, -1);
        assert_string_equal(sah_graph_class_name(class),
                            sah_graph_class_name(answers[i].class));
        assert_int_equal(sent.code, answers[i].sent);
    }
    judge(200, answers[0].body, -1);
    assert_string_equal(sent.channel_message, "wamid.OUT1");
}

static void faults_are_tried_again(void **state)
{
    static const struct {
        enum sah_http_fault fault;
        enum sah_graph_class class;
    } cases[] = {
        {SAH_HTTP_CONNECT, SAH_GRAPH_connect}, {SAH_HTTP_TIMEOUT, SAH_GRAPH_timeout},
        {SAH_HTTP_BROKEN, SAH_GRAPH_broken},   {SAH_HTTP_TOO_LARGE, SAH_GRAPH_garbled},
        {SAH_HTTP_LOCAL, SAH_GRAPH_local},     {SAH_HTTP_CANCELED, SAH_GRAPH_local},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        const struct sah_http_answer answer = {.fault = cases[i].fault, .retry_after_ms = -1};

        sah_graph_judge(&answer, &sent, &class);
        assert_int_equal(class, cases[i].class);
        assert_int_equal(sent.code, SAH_SENT_RETRY);
    }
}

static void the_longer_wait_counts_up_to_a_quarter_of_an_hour(void **state)
{
    static const struct {
        const char *body;
        int64_t retry_after_ms;
        uint32_t retry_ms;
    } cases[] = {
        {"{\"error\":{\"code\":131056}}", -1, 6000},
        {"{\"error\":{\"code\":131056}}", 1000, 6000},
        {"{\"error\":{\"code\":131056}}", 20000, 20000},
        {"{\"error\":{\"code\":2}}", 3000, 3000},
        {"{\"error\":{\"code\":2}}", INT64_C(99999999999), 900000},
        {"{\"error\":{\"code\":100}}", 3000, 0},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        judge(429, cases[i].body, cases[i].retry_after_ms);
        assert_int_equal(sent.retry_ms, cases[i].retry_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_action_whatever_the_status),
        cmocka_unit_test(no_two_rows_of_the_table_overlap),
        cmocka_unit_test(answers_without_a_code_go_by_their_status),
        cmocka_unit_test(faults_are_tried_again),
        cmocka_unit_test(the_longer_wait_counts_up_to_a_quarter_of_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
