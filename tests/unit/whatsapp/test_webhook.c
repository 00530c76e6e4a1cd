/*
 * test_webhook - when a POST is answered, and with what (I1). The skeleton is a fake that holds
 * each piece until the test says how it went.
 */
#include "sample.h"

#include "webhook.h"

#define SECRET   "made-up-app-secret"
#define HELD_MAX 2048

struct held { /* what the fake skeleton has and has not completed */
    sah_taken_fn *done;
    void *data;
};
static struct held held[HELD_MAX];
static size_t n_held, n_taken, n_quarantined;
static char senders[8][SAH_SENDER_SIZE];
static char last_why[64], last_piece[4096];

static struct sah_wa_metrics metrics;
static struct sah_signature *signature;
static struct sah_hmac *signer;
static struct sah_webhook *webhook;
static int answered, n_answers;

void sah_adapter_take(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                      sah_taken_fn *done, void *data)
{
    (void)adapter;
    assert_true(n_held < HELD_MAX);
    if (n_taken < SAH_LEN(senders))
        memcpy(senders[n_taken], incoming->citizen.sender, sizeof senders[0]);
    held[n_held++] = (struct held){done, data};
    n_taken++;
}

static size_t n_beside;
static bool urgent;

void sah_adapter_take_beside(struct sah_adapter *adapter, const struct sah_incoming *incoming,
                             sah_taken_fn *done, void *data)
{
    n_beside++;
    sah_adapter_take(adapter, incoming, done, data);
}

bool sah_adapter_is_urgent(struct sah_adapter *adapter, const struct sah_incoming *incoming)
{
    (void)adapter;
    (void)incoming;
    return urgent;
}

void sah_adapter_quarantine(struct sah_adapter *adapter, const char *why, const void *bytes,
                            size_t len, sah_taken_fn *done, void *data)
{
    (void)adapter;
    assert_true(n_held < HELD_MAX);
    (void)sah_copy_cut(last_why, sizeof last_why, why, strlen(why));
    (void)sah_copy_cut(last_piece, sizeof last_piece, bytes, len);
    held[n_held++] = (struct held){done, data};
    n_quarantined++;
}

static void complete(size_t at, int err)
{
    struct held one = held[at];

    assert_true(at < n_held);
    memmove(&held[at], &held[at + 1], (n_held - at - 1) * sizeof held[0]);
    n_held--;
    one.done(one.data, err);
}

static void complete_all(int err)
{
    while (n_held > 0)
        complete(0, err);
}

static void on_answer(void *data, int status)
{
    (void)data;
    answered = status;
    n_answers++;
}

static void setup_with(const char *accounts)
{
    const struct sah_webhook_settings settings = {
        .accounts = accounts, .metrics = &metrics, .signature = signature};

    memset(&metrics, 0, sizeof metrics);
    n_held = n_taken = n_quarantined = n_beside = 0;
    urgent = false;
    answered = n_answers = 0;
    assert_int_equal(sah_webhook_create(&settings, &webhook), SAH_OK);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(sah_signature_create(SAH_SLICE(SECRET), SAH_SLICE(""), &signature),
                     SAH_OK);
    assert_int_equal(sah_hmac_create(SECRET, strlen(SECRET), &signer), SAH_OK);
    setup_with("");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sah_webhook_destroy(webhook);
    sah_signature_destroy(signature);
    sah_hmac_destroy(signer);
    return 0;
}

static void post(const char *body, size_t len)
{
    struct sah_slice slice = {body, len};
    uint8_t mac[SAH_SHA256_BYTES];
    char header[80] = "sha256=";

    assert_int_equal(sah_hmac_sign(signer, &slice, 1, mac), SAH_OK);
    sah_hex(header + 7, mac, sizeof mac);
    answered = 0;
    sah_webhook_post(webhook, header, slice, RECEIVED_MS, on_answer, NULL);
}

static void post_sample(const char *name)
{
    size_t len;
    char *text = sample_text(name, &len);

    post(text, len);
    free(text); /* the body is borrowed for the call only */
}

static void an_answer_waits_for_the_durable_message(void **state)
{
    (void)state;
    post_sample("text");
    assert_int_equal(n_taken, 1);
    assert_int_equal(answered, 0);
    assert_int_equal(sah_webhook_in_progress(webhook), 1);
    complete(0, SAH_OK);
    assert_int_equal(answered, 200);
    assert_int_equal(n_answers, 1);
    assert_int_equal(sah_webhook_in_progress(webhook), 0);
    assert_int_equal(metrics.bytes_in_progress, 0);
}

static void a_message_that_was_not_taken_is_sent_again(void **state)
{
    static const int errors[] = {SAH_ETIMEOUT, SAH_EDOWN, SAH_ENOMEM};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(errors); i++) {
        post_sample("text");
        complete(0, errors[i]);
        assert_int_equal(answered, 503);
    }
    assert_int_equal(metrics.take_failures, 3);
}

static void unsigned_bodies_are_never_parsed(void **state)
{
    static const struct {
        const char *header;
        enum sah_signature_verdict verdict;
    } cases[] = {
        {NULL, SAH_SIGNATURE_MISSING},
        {"sha256=00", SAH_SIGNATURE_MALFORMED},
        {"sha256=0000000000000000000000000000000000000000000000000000000000000000",
         SAH_SIGNATURE_WRONG},
    };
    size_t len;
    char *text = sample_text("text", &len);

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        sah_webhook_post(webhook, cases[i].header, (struct sah_slice){text, len}, RECEIVED_MS,
                         on_answer, NULL);
        assert_int_equal(answered, 401);
        assert_int_equal(metrics.signatures[cases[i].verdict], 1);
    }
    assert_int_equal(n_taken + n_quarantined, 0);
    assert_int_equal(metrics.updates[SAH_UPDATE_MESSAGE], 0);
    assert_int_equal(metrics.answers[SAH_WA_ANSWER_401], 3);
    free(text);
}

static void neighbours_of_a_bad_message_are_served(void **state)
{
    (void)state;
    post_sample("mixed");
    assert_int_equal(n_taken, 3);
    assert_int_equal(n_quarantined, 8); /* the bad text and seven broken shapes */
    complete_all(SAH_OK);
    assert_int_equal(answered, 200);
    assert_int_equal(metrics.updates[SAH_UPDATE_MESSAGE], 4);
    assert_int_equal(metrics.updates[SAH_UPDATE_BROKEN], 7);
    assert_int_equal(metrics.messages[SAH_WA_TYPE_text], 2);
    assert_int_equal(metrics.messages[SAH_WA_TYPE_location], 1);
    for (unsigned i = 0; i < SAH_N_WA_STATUSES; i++)
        assert_int_equal(metrics.statuses[i], 1);
    assert_int_equal(metrics.fields[SAH_WA_FIELD_account_update], 1);
    assert_int_equal(metrics.fields[SAH_WA_FIELD_other], 1);
    assert_int_equal(metrics.n_error_codes, 2);
    assert_int_equal(metrics.error_codes[0].code, 131026);
    assert_int_equal(metrics.error_codes[0].n, 2);
}

static void one_failure_in_a_batch_sends_all_of_it_again(void **state)
{
    (void)state;
    post_sample("mixed");
    complete(4, SAH_EIO); /* order of completion does not matter */
    complete_all(SAH_OK);
    assert_int_equal(answered, 503);
    assert_int_equal(n_answers, 1);
}

/* The journal has no room for bookings: an emergency in the same POST is not held up by them. */
static void what_found_no_room_is_taken_again_beside_an_emergency(void **state)
{
    size_t taken, kept;
    uint64_t counted;

    (void)state;
    urgent = true;
    post_sample("mixed");
    taken = n_taken;
    kept = n_quarantined;
    counted = metrics.updates[SAH_UPDATE_MESSAGE];
    complete(0, SAH_ELIMIT);
    complete_all(SAH_OK);
    assert_int_equal(answered, 200);
    assert_int_equal(n_answers, 1);
    assert_int_equal(n_beside, taken); /* what was taken already is known there */
    assert_int_equal(n_quarantined, kept);
    assert_int_equal(metrics.updates[SAH_UPDATE_MESSAGE], counted);
}

static void without_an_emergency_or_with_other_trouble_all_comes_again(void **state)
{
    (void)state;
    post_sample("mixed");
    complete(0, SAH_ELIMIT);
    complete_all(SAH_OK);
    assert_int_equal(answered, 503);
    urgent = true;
    post_sample("mixed");
    complete(0, SAH_ELIMIT);
    complete(0, SAH_EIO);
    complete_all(SAH_OK);
    assert_int_equal(answered, 503);
    post_sample("text");
    complete(0, SAH_ELIMIT);
    assert_int_equal(answered, 0);
    complete(0, SAH_ELIMIT); /* full to the end: said once, not asked for ever */
    assert_int_equal(answered, 503);
    assert_int_equal(n_beside, 1);
}

static void a_bad_message_is_kept_whole_with_its_reason(void **state)
{
    (void)state;
    post_sample("bad_text_number");
    assert_string_equal(last_why, "bad_text");
    assert_non_null(strstr(last_piece, "\"id\":\"wamid.TEST0001\""));
    assert_non_null(strstr(last_piece, "\"text\":{\"body\":5}"));
    assert_int_equal(answered, 0);
    complete(0, SAH_OK);
    assert_int_equal(answered, 200);
    post_sample("bad_text_number");
    complete(0, SAH_EDOWN);
    assert_int_equal(answered, 503);
    assert_int_equal(metrics.quarantine_failures, 1);
}

static void signed_nonsense_is_kept_and_not_asked_for_again(void **state)
{
    static const char *const bodies[] = {"not json", "[]", "{\"object\":1}", ""};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(bodies); i++) {
        post(bodies[i], strlen(bodies[i]));
        assert_int_equal(answered, 0);
        assert_string_equal(last_piece, bodies[i]);
        complete(0, SAH_OK);
        assert_int_equal(answered, 200);
        post(bodies[i], strlen(bodies[i]));
        complete(0, SAH_EDOWN);
        assert_int_equal(answered, 503);
    }
    assert_int_equal(n_taken, 0);
}

static const char other_field[] = "{\"object\":\"whatsapp_business_account\",\"entry\":[{"
                                  "\"changes\":[{\"field\":\"security\"}]}]}";

static void what_is_not_for_us_is_answered_at_once(void **state)
{
    static const char *const bodies[] = {
        "{\"object\":\"page\",\"entry\":[]}",
        "{\"object\":\"whatsapp_business_account\",\"entry\":[]}",
        other_field,
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(bodies); i++) {
        post(bodies[i], strlen(bodies[i]));
        assert_int_equal(answered, 200);
    }
    assert_int_equal(n_held, 0);
    assert_int_equal(metrics.foreign_objects, 1);
    assert_int_equal(metrics.fields[SAH_WA_FIELD_security], 1);
}

/* n text messages of n citizens over two numbers. */
static char *batch(unsigned n)
{
    struct sah_buf buf;

    sah_buf_init(&buf, 3 * 1024 * 1024);
    sah_buf_add_text(&buf, "{\"object\":\"whatsapp_business_account\",\"entry\":[");
    for (unsigned i = 0; i < n; i++)
        sah_buf_addf(
            &buf,
            "%s{\"changes\":[{\"field\":\"messages\",\"value\":{\"metadata\":{"
            "\"phone_number_id\":\"%u\"},\"messages\":[{\"id\":\"wamid.%u\",\"from\":"
            "\"91%010u\",\"timestamp\":\"1790000000\",\"type\":\"text\",\"text\":{\"body\":"
            "\"x\"}}]}}]}",
            i > 0 ? "," : "", 1 + i % 2, i, i);
    sah_buf_add_text(&buf, "]}");
    assert_false(buf.failed);
    return buf.data;
}

static void a_thousand_messages_are_all_taken_a_window_at_a_time(void **state)
{
    char *body = batch(1000);

    (void)state;
    post(body, strlen(body));
    free(body);
    assert_in_range(n_held, 1, 64);
    assert_string_equal(senders[0], "wa:910000000000");
    assert_string_equal(senders[1], "wa:910000000001"); /* they start in their order */
    while (n_held > 0) {
        assert_int_equal(answered, 0);
        complete(n_held / 2, SAH_OK);
        assert_in_range(n_held, 0, 64);
    }
    assert_int_equal(n_taken, 1000);
    assert_int_equal(metrics.taken, 1000);
    assert_int_equal(answered, 200);
}

static void a_store_that_is_down_is_not_asked_a_thousand_times(void **state)
{
    char *body = batch(1000);

    (void)state;
    post(body, strlen(body));
    free(body);
    complete_all(SAH_EDOWN);
    assert_int_equal(answered, 503);
    assert_in_range(n_taken, 16, 100);
}

/* (I7) Bookings of a lane without a router, or one citizen's flood: what stands behind them in
 * the same POST is tried all the same. */
static void what_fails_alone_does_not_stop_what_stands_behind_it(void **state)
{
    static const int errors[] = {SAH_ETIMEOUT, SAH_ELIMIT};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(errors); i++) {
        char *body = batch(1000);

        n_taken = 0;
        post(body, strlen(body));
        free(body);
        complete_all(errors[i]);
        assert_int_equal(answered, 503);
        assert_int_equal(n_taken, 1000);
    }
}

static void other_numbers_go_to_quarantine(void **state)
{
    static const struct {
        const char *accounts;
        size_t taken;
    } cases[] = {
        {"", 1},
        {ACCOUNT, 1},
        {"100, " ACCOUNT ",200", 1},
        {"10000000000000", 0},
        {"1000000000000011", 0},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        sah_webhook_destroy(webhook);
        setup_with(cases[i].accounts);
        post_sample("text");
        assert_int_equal(n_taken, cases[i].taken);
        assert_int_equal(n_quarantined, 1 - cases[i].taken);
        complete_all(SAH_OK);
        assert_int_equal(answered, 200);
    }
    assert_string_equal(last_why, "foreign_account");
}

static void after_a_stop_everything_is_sent_again(void **state)
{
    (void)state;
    post_sample("text");
    sah_webhook_stop(webhook);
    post_sample("text");
    assert_int_equal(answered, 503);
    assert_int_equal(n_taken, 1);
    answered = 0;
    complete(0, SAH_OK); /* what was under way still ends well */
    assert_int_equal(answered, 200);
}

static void too_much_under_way_is_refused(void **state)
{
    size_t len = 3 * 1024 * 1024, n = 0;
    char *body = malloc(len);

    (void)state;
    assert_non_null(body);
    memset(body, ' ', len); /* signed, no JSON: waits for its quarantine */
    while (n < 100 && metrics.busy == 0) {
        post(body, len);
        n++;
    }
    assert_int_equal(n, 17); /* 16 of 3 MiB are 48 MiB */
    assert_int_equal(answered, 503);
    complete_all(SAH_OK);
    post_sample("text");
    complete_all(SAH_OK);
    assert_int_equal(answered, 200);
    free(body);
}

static void posts_under_way_are_freed_with_the_webhook(void **state)
{
    (void)state;
    post_sample("mixed");
    assert_int_equal(sah_webhook_in_progress(webhook),
                     1); /* teardown frees it; the leak check sees */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_waits_for_the_durable_message),
        TEST(a_message_that_was_not_taken_is_sent_again),
        TEST(unsigned_bodies_are_never_parsed),
        TEST(neighbours_of_a_bad_message_are_served),
        TEST(one_failure_in_a_batch_sends_all_of_it_again),
        TEST(what_found_no_room_is_taken_again_beside_an_emergency),
        TEST(without_an_emergency_or_with_other_trouble_all_comes_again),
        TEST(a_bad_message_is_kept_whole_with_its_reason),
        TEST(signed_nonsense_is_kept_and_not_asked_for_again),
        TEST(what_is_not_for_us_is_answered_at_once),
        TEST(a_thousand_messages_are_all_taken_a_window_at_a_time),
        TEST(a_store_that_is_down_is_not_asked_a_thousand_times),
        TEST(what_fails_alone_does_not_stop_what_stands_behind_it),
        TEST(other_numbers_go_to_quarantine),
        TEST(after_a_stop_everything_is_sent_again),
        TEST(too_much_under_way_is_refused),
        TEST(posts_under_way_are_freed_with_the_webhook),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
