/*
 * test_check - the bounds of the plain struct, as sah_message_check and sah_message_encode keep
 * them: alphabets and forms, coordinates, and what each kind of message must have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "samples.h"

static struct sah_message message;
static char why[160];

static void fill(enum sah_kind kind)
{
    for (unsigned i = 0; i < n_samples; i++)
        if (samples[i].kind == kind) {
            sample_fill(&samples[i], &message);
            return;
        }
    fail_msg("no sample of this kind");
}

/* Encoding checks the same and writes nothing when it refuses. */
static void assert_refused(const char *wanted)
{
    struct sah_buf buf;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    assert_int_equal(sah_message_check(&message, why, sizeof why), SAH_EINVAL);
    assert_string_equal(why, wanted);
    assert_int_equal(sah_message_encode(&message, &buf, why, sizeof why), SAH_EINVAL);
    assert_string_equal(why, wanted);
    assert_int_equal(buf.len, 0);
    sah_buf_fini(&buf);
}

static void assert_fine(void)
{
    why[0] = '\0';
    if (sah_message_check(&message, why, sizeof why) != SAH_OK)
        fail_msg("refused: %s", why);
}

#define FIELD(kind, member) \
    kind, offsetof(struct sah_message, member), sizeof(((struct sah_message *)0)->member)

static const struct {
    enum sah_kind kind;
    size_t offset, size;
    const char *text;
    const char *why; /* NULL: fine */
} texts[] = {
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.channel), "a-9", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.channel), "Chat",
     "request.citizen.channel: holds something else than a-z, 0-9 and -"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.channel), "a_b",
     "request.citizen.channel: holds something else than a-z, 0-9 and -"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.channel), "", "request.citizen.channel: empty"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.account), "", "request.citizen.account: empty"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.sender), "", "request.citizen.sender: empty"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.sender), "a\nb",
     "request.citizen.sender: holds a control character"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.sender), "a\x7f",
     "request.citizen.sender: holds a control character"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.name), "two\nlines", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.callback), "", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.callback), "112", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.callback), "+",
     "request.citizen.callback: not digits with an optional + in front"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.callback), "91+1",
     "request.citizen.callback: not digits with an optional + in front"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.callback), "040 1",
     "request.citizen.callback: not digits with an optional + in front"},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.language), "", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.language), "mixed", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.citizen.language), "en-Latn",
     "request.citizen.language: not a known language"},
    {FIELD(SAH_KIND_REQUEST, u.request.places[0].pincode), "", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.places[0].pincode), "50820",
     "request.places[0].pincode: not six digits"},
    {FIELD(SAH_KIND_REQUEST, u.request.places[0].pincode), "50820a",
     "request.places[0].pincode: not six digits"},
    {FIELD(SAH_KIND_REQUEST, u.request.media[0].sha256), "", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.media[0].sha256), "00ff",
     "request.media[0].sha256: not 64 lower-case hex digits"},
    {FIELD(SAH_KIND_REQUEST, u.request.triage.service), "", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.triage.service), "fire",
     "request.triage.service: holds something else than A-Z, 0-9 and _"},
    {FIELD(SAH_KIND_REQUEST, u.request.triage.additional[0]), "A-B",
     "request.triage.additional[0]: holds something else than A-Z, 0-9 and _"},
    {FIELD(SAH_KIND_REQUEST, u.request.triage.cues[0].name), "not-breathing",
     "request.triage.cues[0].name: holds something else than a-z, 0-9 and _"},
    {FIELD(SAH_KIND_REQUEST, u.request.related_request_id), "", NULL},
    {FIELD(SAH_KIND_REQUEST, u.request.related_request_id), "X070123456789ABCDEFGHJKMNPQRS",
     "request.related_request_id: not a request id"},
    {FIELD(SAH_KIND_REQUEST, request_id), "", NULL},
    {FIELD(SAH_KIND_REQUEST, request_id), "E00", "request_id: not a request id"},
    {FIELD(SAH_KIND_REQUEST, incident_id), "", NULL},
    {FIELD(SAH_KIND_REQUEST, incident_id), "I007ZZZZZZZZZZZZZZZZZZZZZZZZZ", NULL},
    {FIELD(SAH_KIND_REQUEST, incident_id), "E007ZZZZZZZZZZZZZZZZZZZZZZZZZ",
     "incident_id: not an incident id"},
    {FIELD(SAH_KIND_REQUEST, incident_id), "I647ZZZZZZZZZZZZZZZZZZZZZZZZZ",
     "incident_id: not an incident id"},
    {FIELD(SAH_KIND_REQUEST, incident_id), "I007ZZZZZZZZZZZZZZZZZZZZZZZZU",
     "incident_id: not an incident id"},
    {FIELD(SAH_KIND_AMENDMENT, request_id), "", "request_id: missing"},
    {FIELD(SAH_KIND_CANCEL, request_id), "", "request_id: missing"},
    {FIELD(SAH_KIND_STATUS_QUERY, request_id), "", "request_id: missing"},
    {FIELD(SAH_KIND_RESULT, request_id), "", NULL},
    {FIELD(SAH_KIND_RESULT, u.result.agencies[0].agency), "108 amb",
     "result.agencies[0].agency: holds something else than a-z, 0-9 and -"},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.event_id), "", "outbox_event.event_id: empty"},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.status.by), "",
     "outbox_event.status.by: empty at level PERSON"},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.status.payment_url), "", NULL},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.status.payment_url), "http://pay.example/",
     "outbox_event.status.payment_url: not an https:// address"},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.status.payment_url), "https://",
     "outbox_event.status.payment_url: not an https:// address"},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.status.payment_url), "https://a b",
     "outbox_event.status.payment_url: not an https:// address"},
    {FIELD(SAH_KIND_OUTBOX_EVENT, u.outbox_event.status.request_id), "E99",
     "outbox_event.status.request_id: not a request id"},
    {FIELD(SAH_KIND_OUTBOX_ACK, u.outbox_ack.event_id), "", "outbox_ack.event_id: empty"},
    {FIELD(SAH_KIND_HELLO, u.hello.channels[0]), "Chat",
     "hello.channels[0]: holds something else than a-z, 0-9 and -"},
};

static void texts_keep_their_alphabet_and_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAH_LEN(texts); i++) {
        char *field;

        fill(texts[i].kind);
        field = (char *)&message + texts[i].offset;
        memset(field, 0, texts[i].size);
        assert_int_equal(sah_copy(field, texts[i].size, texts[i].text, strlen(texts[i].text)),
                         SAH_OK);
        if (texts[i].why == NULL)
            assert_fine();
        else
            assert_refused(texts[i].why);
    }
}

static void a_text_that_does_not_end_is_refused(void **state)
{
    (void)state;
    fill(SAH_KIND_REQUEST);
    memset(message.u.request.citizen.name, 'a', SAH_NAME_SIZE);
    assert_refused("request.citizen.name: too long");
}

static void the_citizens_words_end_where_their_length_says(void **state)
{
    (void)state;
    fill(SAH_KIND_CANCEL);
    message.u.cancel.text_len = 6; /* "vaddu" has five */
    assert_refused("cancel.text: does not end where its length says");
    message.u.cancel.text_len = 4;
    assert_refused("cancel.text: does not end where its length says");
    message.u.cancel.text_len = SAH_TEXT_MAX + 1;
    assert_refused("cancel.text: too long");
    message.u.cancel.text_len = 5;
    assert_fine();
}

static void points_lie_on_the_earth(void **state)
{
    static const struct {
        bool has_point;
        int32_t lat_e7, lon_e7;
        const char *why;
    } cases[] = {
        {true, 900000000, 1800000000, NULL},
        {true, -900000000, -1800000000, NULL},
        {true, 0, 0, NULL},
        {true, 900000001, 0, "amendment.part.places[0].lat_e7: out of range"},
        {true, -900000001, 0, "amendment.part.places[0].lat_e7: out of range"},
        {true, INT32_MIN, 0, "amendment.part.places[0].lat_e7: out of range"},
        {true, 0, 1800000001, "amendment.part.places[0].lon_e7: out of range"},
        {true, 0, -1800000001, "amendment.part.places[0].lon_e7: out of range"},
        {false, INT32_MAX, INT32_MAX, NULL}, /* no point: the numbers mean nothing */
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_place *place = &message.u.amendment.part.places[0];

        fill(SAH_KIND_AMENDMENT);
        place->has_point = cases[i].has_point;
        place->lat_e7 = cases[i].lat_e7;
        place->lon_e7 = cases[i].lon_e7;
        if (cases[i].why == NULL)
            assert_fine();
        else
            assert_refused(cases[i].why);
    }
}

static void a_cue_lies_within_the_longest_text(void **state)
{
    struct sah_cue *cue = &message.u.request.triage.cues[0];

    (void)state;
    fill(SAH_KIND_REQUEST);
    cue->start = SAH_TEXT_MAX - 10;
    cue->len = 10;
    assert_fine();
    cue->len = 11;
    assert_refused("request.triage.cues[0].len: ends past the longest text");
    cue->start = UINT32_MAX;
    assert_refused("request.triage.cues[0].start: out of range");
}

static void numbers_keep_their_range(void **state)
{
    (void)state;
    fill(SAH_KIND_REQUEST);
    message.u.request.triage.confidence = 101;
    assert_refused("request.triage.confidence: out of range");
    fill(SAH_KIND_REQUEST);
    message.created_ms = -1;
    assert_refused("created_ms: out of range");
    fill(SAH_KIND_RESULT);
    message.u.result.agencies[0].eta_s = 86401;
    assert_refused("result.agencies[0].eta_s: out of range");
    fill(SAH_KIND_RESULT);
    message.u.result.agencies[0].state = SAH_N_STATES;
    assert_refused("result.agencies[0].state: out of range");
}

static void lists_are_no_longer_than_their_arrays(void **state)
{
    (void)state;
    fill(SAH_KIND_REQUEST);
    message.u.request.n_places = SAH_PLACES_MAX + 1;
    assert_refused("request.places: too many");
    fill(SAH_KIND_OUTBOX_EVENT);
    message.u.outbox_event.status.n_units = UINT32_MAX;
    assert_refused("outbox_event.status.units: too many");
}

static void a_body_must_be_of_a_known_kind(void **state)
{
    (void)state;
    fill(SAH_KIND_HELLO);
    message.kind = SAH_KIND_UNSPECIFIED;
    assert_refused("body: missing or of an unknown kind");
    message.kind = (enum sah_kind)(SAH_KIND_HELLO + 1);
    assert_refused("body: out of range");
    fill(SAH_KIND_REQUEST);
    message.u.request.payload.kind = (enum sah_payload_kind)(SAH_PAYLOAD_HELPLINE + 1);
    assert_refused("request.payload: out of range");
}

static void what_is_answered_by_a_result_has_a_message_id(void **state)
{
    (void)state;
    for (unsigned kind = SAH_KIND_REQUEST; kind <= SAH_KIND_HELLO; kind++) {
        fill(kind);
        memset(&message.id, 0, sizeof message.id);
        if (kind <= SAH_KIND_RESULT)
            assert_refused("message_id: missing");
        else
            assert_fine();
    }
}

static void a_short_room_for_the_reason_is_kept(void **state)
{
    char small[8] = "*******";

    (void)state;
    fill(SAH_KIND_HELLO);
    message.kind = SAH_KIND_UNSPECIFIED;
    assert_int_equal(sah_message_check(&message, small, 5), SAH_EINVAL);
    assert_string_equal(small, "body");
    assert_int_equal(small[5], '*');
    assert_int_equal(sah_message_check(&message, small, 0), SAH_EINVAL);
    assert_int_equal(sah_message_check(&message, NULL, 0), SAH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_keep_their_alphabet_and_form),
        cmocka_unit_test(a_text_that_does_not_end_is_refused),
        cmocka_unit_test(the_citizens_words_end_where_their_length_says),
        cmocka_unit_test(points_lie_on_the_earth),
        cmocka_unit_test(a_cue_lies_within_the_longest_text),
        cmocka_unit_test(numbers_keep_their_range),
        cmocka_unit_test(lists_are_no_longer_than_their_arrays),
        cmocka_unit_test(a_body_must_be_of_a_known_kind),
        cmocka_unit_test(what_is_answered_by_a_result_has_a_message_id),
        cmocka_unit_test(a_short_room_for_the_reason_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
