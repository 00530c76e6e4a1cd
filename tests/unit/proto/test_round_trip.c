/*
 * test_round_trip - a message comes back as it went, whatever its kind, and bytes written by
 * version 1 keep their meaning (the seeds in tests/fuzz/corpus/message).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "samples.h"
#include "wire.h"

#define FOLDER SAHAYA_SOURCE_DIR "/tests/fuzz/corpus/message/"

static struct sah_message sent, got; /* large: not on the stack */
static char why[160];

static void assert_comes_back(const struct sah_message *message)
{
    struct sah_buf buf;

    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    why[0] = '\0';
    if (sah_message_encode(message, &buf, why, sizeof why) != SAH_OK)
        fail_msg("encode: %s", why);
    memset(&got, 0xa5, sizeof got);
    if (sah_message_decode(buf.data, buf.len, &got, why, sizeof why) != SAH_OK)
        fail_msg("decode: %s", why);
    assert_memory_equal(message, &got, sizeof got);
    sah_buf_fini(&buf);
}

static void a_message_of_every_kind_comes_back_field_by_field(void **state)
{
    (void)state;
    for (unsigned i = 0; i < n_samples; i++) {
        sample_fill(&samples[i], &sent);
        assert_comes_back(&sent);
    }
}

static void a_message_with_every_list_full_comes_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < n_samples; i++) {
        sample_fill(&samples[i], &sent);
        sample_grow(&sent);
        assert_comes_back(&sent);
    }
}

static void the_least_message_of_each_kind_comes_back(void **state)
{
    (void)state;
    for (unsigned kind = SAH_KIND_REQUEST; kind <= SAH_KIND_HELLO; kind++) {
        memset(&sent, 0, sizeof sent);
        sent.kind = kind;
        if (kind <= SAH_KIND_RESULT)
            sent.id.bytes[15] = 1;
        if (kind >= SAH_KIND_AMENDMENT && kind <= SAH_KIND_STATUS_QUERY)
            memcpy(sent.request_id, "E0000000000000000000000000001", 30);
        if (kind == SAH_KIND_REQUEST) {
            sent.u.request.citizen.channel[0] = 'c';
            sent.u.request.citizen.account[0] = 'a';
            sent.u.request.citizen.sender[0] = 's';
        }
        if (kind == SAH_KIND_OUTBOX_EVENT)
            sent.u.outbox_event.event_id[0] = '1';
        if (kind == SAH_KIND_OUTBOX_ACK)
            sent.u.outbox_ack.event_id[0] = '1';
        assert_comes_back(&sent);
    }
}

static void encoding_adds_to_what_the_buffer_holds(void **state)
{
    struct sah_buf buf;

    (void)state;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    sah_buf_add_text(&buf, "head");
    sample_fill(&samples[0], &sent);
    assert_int_equal(sah_message_encode(&sent, &buf, NULL, 0), SAH_OK);
    assert_memory_equal(buf.data, "head", 4);
    assert_int_equal(sah_message_decode(buf.data + 4, buf.len - 4, &got, NULL, 0), SAH_OK);
    assert_memory_equal(&sent, &got, sizeof got);
    sah_buf_fini(&buf);
}

static void a_buffer_too_small_is_told_and_gets_nothing(void **state)
{
    struct sah_buf buf;

    (void)state;
    sah_buf_init(&buf, 64);
    sample_fill(&samples[0], &sent);
    assert_int_equal(sah_message_encode(&sent, &buf, why, sizeof why), SAH_ELIMIT);
    assert_string_equal(why, "message: larger than its bound");
    assert_int_equal(buf.len, 0);
    assert_false(buf.failed);
    sah_buf_fini(&buf);
}

static void bytes_of_version_1_keep_their_meaning(void **state)
{
    (void)state;
    for (unsigned i = 0; i < n_samples; i++) {
        char path[256];
        char *bytes = NULL;
        size_t len = 0;

        assert_int_equal(sah_format(path, sizeof path, "%s%s", FOLDER, samples[i].name),
                         SAH_OK);
        assert_int_equal(sah_read_file(path, SAH_MESSAGE_MAX_BYTES, &bytes, &len), SAH_OK);
        sample_fill(&samples[i], &sent);
        assert_int_equal(sah_message_decode(bytes, len, &got, why, sizeof why), SAH_OK);
        assert_memory_equal(&sent, &got, sizeof got);
        free(bytes);
    }
}

static void a_later_schema_is_read_as_far_as_it_is_known(void **state)
{
    static const unsigned deep[] = {20, 7, 4}; /* request, triage, cues */
    struct sah_buf known, extra, later;

    (void)state;
    sah_buf_init(&known, SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&extra, SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&later, SAH_MESSAGE_MAX_BYTES);
    sample_fill(&samples[1], &sent);
    sent.schema_version = 7;
    assert_int_equal(sah_message_encode(&sent, &known, NULL, 0), SAH_OK);
    wire_varint(&extra, 900, 1);
    wire_bytes(&extra, 901, "new", 3);
    for (size_t depth = 0; depth <= SAH_LEN(deep); depth++) {
        sah_buf_clear(&later);
        wire_append((struct sah_slice){known.data, known.len}, deep, depth,
                    (struct sah_slice){extra.data, extra.len}, &later);
        assert_true(later.len > known.len);
        assert_int_equal(sah_message_decode(later.data, later.len, &got, why, sizeof why),
                         SAH_OK);
        assert_memory_equal(&sent, &got, sizeof got);
    }
    sah_buf_fini(&known);
    sah_buf_fini(&extra);
    sah_buf_fini(&later);
}

static void a_payload_of_a_later_schema_reads_as_none(void **state)
{
    static const unsigned request[] = {20};
    struct sah_buf known, extra, later;

    (void)state;
    sah_buf_init(&known, SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&extra, SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&later, SAH_MESSAGE_MAX_BYTES);
    sample_fill(&samples[0], &sent);
    assert_int_equal(sah_message_encode(&sent, &known, NULL, 0), SAH_OK);
    wire_bytes(&extra, 25, "", 0); /* the number after the last arm */
    wire_append((struct sah_slice){known.data, known.len}, request, 1,
                (struct sah_slice){extra.data, extra.len}, &later);
    assert_int_equal(sah_message_decode(later.data, later.len, &got, why, sizeof why), SAH_OK);
    assert_int_equal(got.u.request.payload.kind, SAH_PAYLOAD_NONE);
    sah_buf_fini(&known);
    sah_buf_fini(&extra);
    sah_buf_fini(&later);
}

static void kinds_and_codes_have_names(void **state)
{
    (void)state;
    assert_string_equal(sah_kind_name(SAH_KIND_UNSPECIFIED), "unspecified");
    assert_string_equal(sah_kind_name(SAH_KIND_REQUEST), "request");
    assert_string_equal(sah_kind_name(SAH_KIND_STATUS_QUERY), "status_query");
    assert_string_equal(sah_kind_name(SAH_KIND_HELLO), "hello");
    assert_string_equal(sah_kind_name((enum sah_kind)99), "unspecified");
    assert_string_equal(sah_result_code_name(SAH_RESULT_ACCEPTED), "ACCEPTED");
    assert_string_equal(sah_result_code_name(SAH_RESULT_RETRY), "RETRY");
    assert_string_equal(sah_result_code_name((enum sah_result_code)99), "UNSPECIFIED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_every_kind_comes_back_field_by_field),
        cmocka_unit_test(a_message_with_every_list_full_comes_back),
        cmocka_unit_test(the_least_message_of_each_kind_comes_back),
        cmocka_unit_test(encoding_adds_to_what_the_buffer_holds),
        cmocka_unit_test(a_buffer_too_small_is_told_and_gets_nothing),
        cmocka_unit_test(bytes_of_version_1_keep_their_meaning),
        cmocka_unit_test(a_later_schema_is_read_as_far_as_it_is_known),
        cmocka_unit_test(a_payload_of_a_later_schema_reads_as_none),
        cmocka_unit_test(kinds_and_codes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
