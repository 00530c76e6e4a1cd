/* test_metrics - counters have bounded labels and a text that a scraper can read. */
#include "sample.h"

#include "metrics.h"

static struct sah_wa_metrics metrics;

static int setup(void **state)
{
    (void)state;
    memset(&metrics, 0, sizeof metrics);
    return 0;
}

static bool says(const char *line)
{
    struct sah_buf buf;
    bool found;

    sah_buf_init(&buf, 1 << 20);
    sah_wa_metrics_text(&metrics, &buf);
    assert_false(buf.failed);
    found = strstr(buf.data, line) != NULL;
    sah_buf_fini(&buf);
    return found;
}

static void answers_are_counted_by_status_and_time(void **state)
{
    (void)state;
    sah_wa_metrics_answer(&metrics, 200, 3);
    sah_wa_metrics_answer(&metrics, 200, 300);
    sah_wa_metrics_answer(&metrics, 503, 60000);
    metrics.too_large = 2;
    assert_true(says("sahaya_whatsapp_webhooks_total{status=\"200\"} 2\n"));
    assert_true(says("sahaya_whatsapp_webhooks_total{status=\"413\"} 2\n"));
    assert_true(says("sahaya_whatsapp_webhooks_total{status=\"503\"} 1\n"));
    assert_true(says("sahaya_whatsapp_webhook_seconds_bucket{le=\"0.250\"} 1\n"));
    assert_true(says("sahaya_whatsapp_webhook_seconds_bucket{le=\"0.500\"} 2\n"));
    assert_true(says("sahaya_whatsapp_webhook_seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_true(says("sahaya_whatsapp_webhook_seconds_sum 60.303\n"));
}

static void outside_names_make_no_labels(void **state)
{
    (void)state;
    assert_int_equal(sah_wa_status_of("read"), SAH_WA_STATUS_read);
    assert_int_equal(sah_wa_status_of("invented"), SAH_WA_STATUS_other);
    assert_int_equal(sah_wa_status_of(NULL), SAH_WA_STATUS_other);
    assert_int_equal(sah_wa_field_of("security"), SAH_WA_FIELD_security);
    assert_int_equal(sah_wa_field_of("group_made_up"), SAH_WA_FIELD_other);
}

static void codes_past_the_table_are_counted_together(void **state)
{
    (void)state;
    for (int code = 0; code < 200; code++)
        sah_wa_metrics_error_code(&metrics, code);
    sah_wa_metrics_error_code(&metrics, 0);
    assert_true(says("sahaya_whatsapp_error_codes_total{code=\"0\"} 2\n"));
    assert_true(says("sahaya_whatsapp_error_codes_total{code=\"46\"} 1\n"));
    assert_false(says("code=\"47\""));
    assert_true(says("sahaya_whatsapp_error_codes_total{code=\"other\"} 153\n"));
}

static void reasons_are_counted_apart(void **state)
{
    (void)state;
    sah_wa_metrics_quarantine(&metrics, "no_id");
    sah_wa_metrics_quarantine(&metrics, "bad_text");
    sah_wa_metrics_quarantine(&metrics, "no_id");
    assert_true(says("sahaya_whatsapp_quarantined_total{why=\"no_id\"} 2\n"));
    assert_true(says("sahaya_whatsapp_quarantined_total{why=\"bad_text\"} 1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_are_counted_by_status_and_time, setup),
        cmocka_unit_test_setup(outside_names_make_no_labels, setup),
        cmocka_unit_test_setup(codes_past_the_table_are_counted_together, setup),
        cmocka_unit_test_setup(reasons_are_counted_apart, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
