/*
 * test_payload - the JSON body of a delivery: each kind whole against what the interface says,
 * the bound, and that what is private stays here.
 */
#include "agency_test.h"

#include <jansson.h>

#include "agency/payload.h"
#include "samples.h"

#define PUBLIC_URL "http://127.0.0.1:8090"

static struct sah_message message;
static struct sah_leased leased;
static struct sah_buf buf;

static void lease(enum sah_kind kind)
{
    memset(&leased, 0, sizeof leased);
    SET(leased.key, "0123456789abcdef0123456789abcdef");
    SET(leased.request_id, "E630123456789ABCDEFGHJKMNPQRS");
    SET(leased.incident_id, "I637ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    SET(leased.agency, "108");
    SET(leased.endpoint, "108-a");
    SET(leased.service, "AMBULANCE_108");
    SET(leased.incident_type, "CARDIAC");
    SET(leased.rule, "N1.not_breathing");
    leased.kind = kind;
    leased.priority = SAH_PRIORITY_P0;
    leased.sequence = 3;
    leased.attempts = 2;
    leased.possible_duplicate = true;
    leased.accepted_ms = 1767225600008;
}

static void fill(const char *name)
{
    for (unsigned i = 0; i < n_samples; i++)
        if (strcmp(samples[i].name, name) == 0) {
            sample_fill(&samples[i], &message);
            lease(samples[i].kind);
            return;
        }
    fail_msg("no sample %s", name);
}

static int begin(void **state)
{
    (void)state;
    sah_buf_init(&buf, SAH_PAYLOAD_MAX_BYTES);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sah_buf_fini(&buf);
    return 0;
}

static json_t *write_json(void)
{
    json_error_t error;
    json_t *json;

    sah_buf_clear(&buf);
    assert_int_equal(sah_payload_write(&leased, &message, PUBLIC_URL, &buf), SAH_OK);
    json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("%s at %d: %s", error.text, error.position, buf.data);
    return json;
}

#define HEAD(kind)                                                                                             \
    "{\"schema\":\"sahaya.delivery/"                                                                           \
    "1\",\"key\":\"0123456789abcdef0123456789abcdef\",\"kind\":\"" kind "\","                                  \
    "\"message_id\":\"00112233445566778899aabbccddeeff\",\"request_id\":"                                      \
    "\"E630123456789ABCDEFGHJKMNPQRS\","                                                                       \
    "\"ref\":\"E-NPQRS\",\"incident_id\":\"I637ZZZZZZZZZZZZZZZZZZZZZZZZZ\",\"sequence\":3,"                    \
    "\"environment\":\"EXERCISE\",\"agency\":\"108\",\"endpoint\":\"108-a\",\"attempt\":2,"                    \
    "\"possible_duplicate\":true,\"service\":\"AMBULANCE_108\",\"incident_type\":\"CARDIAC\","                 \
    "\"priority\":\"P0\",\"rule\":\"N1.not_breathing\",\"created_ms\":1767225600000,"                          \
    "\"accepted_ms\":1767225600008,"                                                                           \
    "\"status_url\":\"http://127.0.0.1:8090/v1/requests/E630123456789ABCDEFGHJKMNPQRS/"                        \
    "status\","                                                                                                \
    "\"citizen\":{\"callback\":\"+910000000003\",\"name\":\"లక్ష్మి\",\"language\":\"te-Latn\"," \
    "\"comm_pref\":\"CALL_OK\",\"role\":\"WITNESS\",\"vulnerable\":[\"pregnant\",\"voice_"                     \
    "failed\"],"                                                                                               \
    "\"forwarded\":true}"
#define REQUEST                                                                                                              \
    ",\"additional_services\":[\"FIRE_101\"],\"confidence\":90,\"suspicion\":3,\"needs_"                                     \
    "person\":true,"                                                                                                         \
    "\"patients\":2,\"trapped\":true,\"text\":\"ఛాతీ నొప్పి, త్వరగా\",\"text_broken\":true," \
    "\"places\":[{\"kind\":\"DESTINATION\",\"method\":\"DEFAULT\",\"lat\":-17.385044,\"lon\":"                               \
    "78.486671,"                                                                                                             \
    "\"radius_m\":25,\"address\":\"దారి 4,\\nఇల్లు 12\",\"landmark\":\"water "                             \
    "tank\",\"floor\":\"G+2\","                                                                                              \
    "\"village\":\"Ramapuram\",\"mandal\":\"Kodad\",\"district\":\"suryapet\",\"pincode\":"                                  \
    "\"508206\","                                                                                                            \
    "\"confidence\":100,\"in_state\":false,\"observed_ms\":1767225595000}],"                                                 \
    "\"media\":[{\"ref\":\"media:7\",\"mime\":\"audio/ogg; codecs=opus\",\"sha256\":"                                        \
    "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",\"bytes\":"                                        \
    "5000000000,"                                                                                                            \
    "\"duration_ms\":4200}]"
#define DETAILS_AMBULANCE                                                                    \
    ",\"details\":{\"conscious\":false,\"breathing\":true,\"bleeding\":false,\"age_years\":" \
    "61,"                                                                                    \
    "\"age_months\":2,\"sex\":\"F\",\"pregnant_weeks\":30,\"patients\":1,\"complaint\":"     \
    "\"CARDIAC\","                                                                           \
    "\"cause\":\"fell\",\"hazards\":\"wires\",\"destination\":\"area "                       \
    "hospital\",\"voice_attempted\":true}"
#define DETAILS_TRANSPORT                                                             \
    ",\"details\":{\"trip\":\"CHECKUP\",\"beneficiary\":\"B-77\",\"due_date_ms\":"    \
    "1767225600001,"                                                                  \
    "\"infant_age_days\":9,\"attendants\":2,\"facility\":\"PHC\",\"pickup_from_ms\":" \
    "1767225600002,"                                                                  \
    "\"pickup_until_ms\":1767225600003,\"red_flags\":[\"severe_pain\"]}"
#define DETAILS_FIRE                                                                         \
    ",\"details\":{\"class\":\"STRUCTURE\",\"floor\":\"3\",\"floors_total\":\"5\",\"people_" \
    "inside\":true,"                                                                         \
    "\"smoke_only\":false,\"cylinders\":true,\"everyone_out\":false,\"people_count\":4,"     \
    "\"fuel\":\"wood\",\"access_note\":\"narrow lane\"}"
#define DETAILS_LPG                                                                        \
    ",\"details\":{\"op\":\"BOOK\",\"company\":\"indane\",\"consumer_no\":\"600001\","     \
    "\"lpg_id\":\"10000000000000001\",\"distributor\":\"D-5\",\"cylinder_kg_x10\":142,"    \
    "\"area_class\":\"RURAL\",\"last_delivery_ms\":1767225599996,\"earliest_allowed_ms\":" \
    "1767225600004,"                                                                       \
    "\"booking_ref\":\"BK/9\",\"refusal\":\"OTHER\"}"
#define DETAILS_HELPLINE                                                             \
    ",\"details\":{\"line\":\"1930\",\"topic\":\"money lost\",\"danger_now\":false," \
    "\"safe_contact_note\":\"after six\"}"
#define RELATED ",\"related_request_id\":\"B070123456789ABCDEFGHJKMNPQRS\""

static void each_kind_is_written_field_by_field(void **state)
{
    static const struct {
        const char *sample, *want;
    } cases[] = {
        {"request_bare", HEAD("request") REQUEST RELATED "}"},
        {"request_ambulance", HEAD("request") REQUEST DETAILS_AMBULANCE RELATED "}"},
        {"request_transport", HEAD("request") REQUEST DETAILS_TRANSPORT RELATED "}"},
        {"request_fire", HEAD("request") REQUEST DETAILS_FIRE RELATED "}"},
        {"request_lpg", HEAD("request") REQUEST DETAILS_LPG RELATED "}"},
        {"request_helpline", HEAD("request") REQUEST DETAILS_HELPLINE RELATED "}"},
        {"amendment", HEAD("amendment") REQUEST DETAILS_AMBULANCE RELATED
         ",\"amendment\":\"CITIZEN_SILENT\"}"},
        {"cancel", HEAD("cancel") ",\"text\":\"vaddu\",\"text_broken\":false}"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        json_error_t error;
        json_t *want = json_loads(cases[i].want, JSON_REJECT_DUPLICATES, &error), *got;

        if (want == NULL)
            fail_msg("%s: %s", cases[i].sample, error.text);
        fill(cases[i].sample);
        got = write_json();
        if (!json_equal(want, got))
            fail_msg("%s:\ngot  %s\nwant %s", cases[i].sample, buf.data, cases[i].want);
        json_decref(want);
        json_decref(got);
    }
}

static void what_is_unknown_is_left_out(void **state)
{
    static const char *const absent[] = {"previous",
                                         "additional_services",
                                         "incident_type",
                                         "rule",
                                         "cues",
                                         "confidence",
                                         "text",
                                         "text_broken",
                                         "places",
                                         "media",
                                         "details",
                                         "amendment",
                                         "related_request_id",
                                         "created_ms"};
    json_t *got;

    (void)state;
    fill("request_bare");
    memset(&message.u, 0, sizeof message.u);
    message.created_ms = 0;
    message.environment = SAH_ENVIRONMENT_UNSPECIFIED;
    leased.rule[0] = leased.incident_type[0] = '\0';
    got = write_json();
    for (size_t i = 0; i < SAH_LEN(absent); i++)
        if (json_object_get(got, absent[i]) != NULL)
            fail_msg("%s is there", absent[i]);
    assert_string_equal(json_string_value(json_object_get(got, "environment")), "LIVE");
    assert_int_equal(json_object_size(json_object_get(got, "citizen")), 1); /* forwarded */
    json_decref(got);
}

/* "Help", and then "mother fell": 108 reads what it is now. Of other amendments the request's is told. */
static void an_amendment_that_names_the_service_is_read_by_it(void **state)
{
    json_t *got;

    (void)state;
    fill("amendment");
    SET(leased.service, "UNKNOWN");
    SET(leased.incident_type, "TROUBLE");
    SET(message.u.amendment.part.triage.service, "AMBULANCE_108");
    SET(message.u.amendment.part.triage.incident_type, "FALL");
    message.u.amendment.kind = SAH_AMENDMENT_TRIAGE;
    got = write_json();
    assert_string_equal(json_string_value(json_object_get(got, "service")), "AMBULANCE_108");
    assert_string_equal(json_string_value(json_object_get(got, "incident_type")), "FALL");
    json_decref(got);
    message.u.amendment.kind = SAH_AMENDMENT_TEXT;
    got = write_json();
    assert_string_equal(json_string_value(json_object_get(got, "service")), "UNKNOWN");
    json_decref(got);
}

static void cues_that_do_not_hold_are_not_told(void **state)
{
    json_t *got;

    (void)state;
    fill("request_bare");
    message.u.request.triage.n_cues = 2;
    SET(message.u.request.triage.cues[1].name, "chest_pain");
    got = write_json();
    assert_int_equal(json_array_size(json_object_get(got, "cues")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(got, "cues"), 0)),
                        "chest_pain");
    json_decref(got);
}

static void what_went_before_is_told_in_three_words(void **state)
{
    static const struct {
        enum sah_answer_kind kind;
        const char *word;
    } cases[] = {{SAH_ANSWER_REFUSED, "refused"},
                 {SAH_ANSWER_UNREACHABLE, "unreachable"},
                 {SAH_ANSWER_UNKNOWN, "unanswered"},
                 {SAH_ANSWER_TROUBLE, "unanswered"},
                 {SAH_ANSWER_BUSY, "unanswered"}};
    json_t *got, *previous;

    (void)state;
    fill("request_bare");
    leased.n_previous = SAH_LEN(cases);
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        SET(leased.previous[i].agency, "101");
        leased.previous[i].outcome = cases[i].kind;
    }
    got = write_json();
    previous = json_object_get(got, "previous");
    assert_int_equal(json_array_size(previous), SAH_LEN(cases));
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(previous, i), "outcome")),
            cases[i].word);
    json_decref(got);
}

static void degrees_have_seven_decimals(void **state)
{
    (void)state;
    fill("request_bare");
    message.u.request.places[0].lat_e7 = -5;
    message.u.request.places[0].lon_e7 = INT32_MIN;
    json_decref(write_json());
    assert_non_null(strstr(buf.data, "\"lat\":-0.0000005,\"lon\":-214.7483648,"));
    message.u.request.places[0].has_point = false;
    json_decref(write_json());
    assert_null(strstr(buf.data, "\"lat\""));
}

static void words_come_back_exactly_whatever_they_hold(void **state)
{
    static const char words[] = "q\" b\\ n\n r\r t\t \x01\x1f\x7f </script> ఆ 😅 { } ,";
    json_t *got;

    (void)state;
    fill("request_bare");
    SET(message.u.request.text, words);
    message.u.request.text_len = sizeof words - 1;
    got = write_json();
    assert_string_equal(json_string_value(json_object_get(got, "text")), words);
    assert_null(strchr(buf.data, '\n'));
    assert_null(strchr(buf.data, '\r'));
    json_decref(got);
}

static void the_largest_request_fits_and_the_most_hostile_one_too(void **state)
{
    struct sah_request *r = &message.u.request;
    json_t *got;

    (void)state;
    for (unsigned i = 0; i < n_samples; i++) {
        if (samples[i].kind != SAH_KIND_REQUEST && samples[i].kind != SAH_KIND_AMENDMENT)
            continue;
        sample_fill(&samples[i], &message);
        sample_grow(&message);
        lease(samples[i].kind);
        json_decref(write_json());
    }
    fill("request_ambulance");
    sample_grow(&message);
    memset(r->text, 1, SAH_TEXT_MAX); /* six bytes of JSON for each */
    r->text[SAH_TEXT_MAX] = '\0';
    r->text_len = SAH_TEXT_MAX;
    for (unsigned i = 0; i < SAH_PLACES_MAX; i++) {
        memset(r->places[i].address, 2, sizeof r->places[i].address - 1);
        r->places[i].address[sizeof r->places[i].address - 1] = '\0';
        memset(r->places[i].landmark, 2, sizeof r->places[i].landmark - 1);
        r->places[i].landmark[sizeof r->places[i].landmark - 1] = '\0';
    }
    r->n_places = SAH_PLACES_MAX;
    got = write_json();
    assert_true(buf.len <= SAH_PAYLOAD_MAX_BYTES);
    assert_true(json_is_true(json_object_get(got, "text_broken"))); /* and says so */
    json_decref(got);
}

static void a_buffer_that_is_too_small_is_told(void **state)
{
    struct sah_buf tiny;

    (void)state;
    fill("request_bare");
    sah_buf_init(&tiny, 200);
    assert_int_equal(sah_payload_write(&leased, &message, PUBLIC_URL, &tiny), SAH_ELIMIT);
    sah_buf_fini(&tiny);
}

static void the_channel_the_sender_and_the_reply_token_stay_here(void **state)
{
    static const char *const secrets[] = {"testchat", "910000000002", "tc1:", "tc.HBgM",
                                          "10000000001\""};

    (void)state;
    for (unsigned i = 0; i < n_samples; i++) {
        if (samples[i].kind != SAH_KIND_REQUEST && samples[i].kind != SAH_KIND_AMENDMENT &&
            samples[i].kind != SAH_KIND_CANCEL)
            continue;
        sample_fill(&samples[i], &message);
        lease(samples[i].kind);
        json_decref(write_json());
        for (size_t s = 0; s < SAH_LEN(secrets); s++)
            if (strstr(buf.data, secrets[s]) != NULL)
                fail_msg("%s holds %s", samples[i].name, secrets[s]);
    }
}

static void what_the_router_knows_beside_the_message_is_told(void **state)
{
    json_t *root, *perhaps;

    (void)state;
    fill("request_fire");
    SET(leased.note, "d p=I00AAAA,near,120 p=I00BBBB,closed,- l=E00CCCC,same_callback");
    leased.judged = true;
    leased.suspicion = 42;
    root = write_json();
    perhaps = json_object_get(root, "perhaps_same_as");
    assert_int_equal(json_array_size(perhaps), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(perhaps, 0), "incident_id")), "I00AAAA");
    assert_string_equal(json_string_value(json_object_get(json_array_get(perhaps, 0), "reason")), "near");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(perhaps, 0), "distance_m")), 120);
    assert_null(json_object_get(json_array_get(perhaps, 1), "distance_m"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "linked_to"), "request_id")), "E00CCCC");
    assert_true(json_is_true(json_object_get(root, "dedup_unavailable")));
    assert_int_equal(json_integer_value(json_object_get(root, "suspicion")), 42);
    json_decref(root);
    sah_buf_clear(&buf);
    fill("request_fire");
    root = write_json();
    assert_null(json_object_get(root, "perhaps_same_as"));
    assert_null(json_object_get(root, "dedup_unavailable"));
    json_decref(root);
}

/* (I3) Word for word, with media and places; and a reporter who withdraws. */
static void an_update_holds_what_each_reporter_said(void **state)
{
    static struct sah_message said;
    struct sah_buf bytes, report;
    json_t *root, *reports;

    (void)state;
    sah_buf_init(&bytes, SAH_MESSAGE_MAX_BYTES);
    fill("amendment");
    message.u.amendment.kind = SAH_AMENDMENT_REPORTS;
    message.u.amendment.report_count = 7;
    assert_int_equal(sah_message_encode(&message, &bytes, NULL, 0), SAH_OK);
    for (unsigned i = 0; i < n_samples; i++) {
        if (strcmp(samples[i].name, "request_fire") != 0 && strcmp(samples[i].name, "cancel") != 0)
            continue;
        sah_buf_init(&report, SAH_MESSAGE_MAX_BYTES);
        sample_fill(&samples[i], &said);
        assert_int_equal(sah_message_encode(&said, &report, NULL, 0), SAH_OK);
        assert_int_equal(sah_message_add_report(&bytes, "E00REPORTER", (struct sah_slice){report.data, report.len}), SAH_OK);
        sah_buf_fini(&report);
    }
    leased.bytes = (struct sah_slice){bytes.data, bytes.len};
    assert_int_equal(sah_message_decode(bytes.data, bytes.len, &message, NULL, 0), SAH_OK); /* it reads as ever */
    root = write_json();
    assert_string_equal(json_string_value(json_object_get(root, "amendment")), "REPORTS");
    assert_int_equal(json_integer_value(json_object_get(root, "report_count")), 7);
    reports = json_object_get(root, "reports");
    assert_int_equal(json_array_size(reports), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *r = json_array_get(reports, i);
        bool withdraws = strcmp(json_string_value(json_object_get(r, "kind")), "withdrawn") == 0;

        assert_string_equal(json_string_value(json_object_get(r, "request_id")), "E00REPORTER");
        assert_true(json_string_length(json_object_get(r, "text")) > 0);
        assert_int_equal(json_object_get(r, "media") != NULL, !withdraws);
        assert_int_equal(json_object_get(r, "places") != NULL, !withdraws);
    }
    json_decref(root);
    sah_buf_fini(&bytes);
}

static void bytes_that_are_cut_off_hold_no_report(void **state)
{
    struct sah_slice id, report;
    struct sah_buf bytes;

    (void)state;
    sah_buf_init(&bytes, SAH_MESSAGE_MAX_BYTES);
    assert_int_equal(sah_message_add_report(&bytes, "E00A", SAH_SLICE("twelve bytes")), SAH_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        size_t at = 0;

        assert_false(sah_message_next_report((struct sah_slice){bytes.data, len}, &at, &id, &report));
    }
    sah_buf_fini(&bytes);
    sah_buf_init(&bytes, 20);
    assert_int_equal(sah_message_add_report(&bytes, "E00A", SAH_SLICE("twelve bytes, and some more")), SAH_ELIMIT);
    assert_int_equal(bytes.len, 0);
    sah_buf_fini(&bytes);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(each_kind_is_written_field_by_field),
        TEST(what_is_unknown_is_left_out),
        TEST(an_amendment_that_names_the_service_is_read_by_it),
        TEST(cues_that_do_not_hold_are_not_told),
        TEST(what_went_before_is_told_in_three_words),
        TEST(degrees_have_seven_decimals),
        TEST(words_come_back_exactly_whatever_they_hold),
        TEST(the_largest_request_fits_and_the_most_hostile_one_too),
        TEST(a_buffer_that_is_too_small_is_told),
        TEST(the_channel_the_sender_and_the_reply_token_stay_here),
        TEST(what_the_router_knows_beside_the_message_is_told),
        TEST(an_update_holds_what_each_reporter_said),
        TEST(bytes_that_are_cut_off_hold_no_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
