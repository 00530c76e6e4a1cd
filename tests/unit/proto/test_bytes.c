/*
 * test_bytes - bytes that are no message: cut off, too many, none, random, hungry. A decode
 * answers with an error or with a message that is within its bounds, and takes no memory along.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "samples.h"
#include "wire.h"

static struct sah_message sample, got;
static char why[160];

/* From the heap with no byte to spare, so that the sanitizer sees a read past the end. */
static int decode_copy(const void *bytes, size_t len)
{
    void *copy = malloc(len == 0 ? 1 : len);
    int err;

    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    why[0] = '\0';
    err = sah_message_decode(copy, len, &got, why, sizeof why);
    free(copy);
    if (err == SAH_OK)
        assert_int_equal(sah_message_check(&got, why, sizeof why), SAH_OK);
    else
        assert_true(why[0] != '\0');
    return err;
}

static void a_message_cut_anywhere_is_refused_or_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < n_samples; i++) {
        unsigned refused = 0;
        struct sah_buf buf;

        sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
        sample_fill(&samples[i], &sample);
        assert_int_equal(sah_message_encode(&sample, &buf, NULL, 0), SAH_OK);
        for (size_t len = 0; len < buf.len; len++)
            refused += decode_copy(buf.data, len) != SAH_OK;
        /* The body comes last: without all of it there is no message. */
        assert_int_equal(refused, buf.len);
        assert_int_equal(decode_copy(buf.data, buf.len), SAH_OK);
        sah_buf_fini(&buf);
    }
}

static void nothing_is_no_message(void **state)
{
    (void)state;
    assert_int_equal(decode_copy("", 0), SAH_EINVAL);
    assert_string_equal(why, "body: missing or of an unknown kind");
    assert_int_equal(sah_message_decode(NULL, 0, &got, NULL, 0), SAH_EINVAL);
}

static void one_byte_past_the_bound_is_refused_unread(void **state)
{
    char *bytes = calloc(1, SAH_MESSAGE_MAX_BYTES + 1);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(decode_copy(bytes, SAH_MESSAGE_MAX_BYTES + 1), SAH_ELIMIT);
    assert_string_equal(why, "message: larger than 65536 bytes");
    free(bytes);
}

static void a_message_of_just_the_bound_is_read(void **state)
{
    static char padding[SAH_MESSAGE_MAX_BYTES];
    struct sah_buf buf, padded;
    size_t pad;

    (void)state;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&padded, SAH_MESSAGE_MAX_BYTES);
    sample_fill(&samples[1], &sample);
    assert_int_equal(sah_message_encode(&sample, &buf, NULL, 0), SAH_OK);
    pad = SAH_MESSAGE_MAX_BYTES - buf.len - 5; /* tag of field 900: two bytes, length: three */
    sah_buf_add(&padded, buf.data, buf.len);
    wire_bytes(&padded, 900, padding, pad);
    assert_int_equal(padded.len, SAH_MESSAGE_MAX_BYTES);
    assert_int_equal(decode_copy(padded.data, padded.len), SAH_OK);
    assert_memory_equal(&sample, &got, sizeof got);
    sah_buf_fini(&buf);
    sah_buf_fini(&padded);
}

/* Two bytes each on the wire, over a hundred in memory: the arena's bound is what ends this. */
static void many_empty_parts_do_not_eat_the_memory(void **state)
{
    struct sah_buf places, body;

    (void)state;
    sah_buf_init(&places, SAH_MESSAGE_MAX_BYTES);
    sah_buf_init(&body, SAH_MESSAGE_MAX_BYTES);
    for (unsigned i = 0; i < 30000; i++)
        wire_bytes(&places, 6, "", 0);
    wire_bytes(&body, 20, places.data, places.len);
    assert_false(body.failed);
    assert_int_equal(decode_copy(body.data, body.len), SAH_EINVAL);
    assert_string_equal(why, "message: not well-formed, or unpacks to too much");
    sah_buf_fini(&places);
    sah_buf_fini(&body);
}

static void a_field_of_the_wrong_type_is_refused(void **state)
{
    struct sah_buf buf;

    (void)state;
    sah_buf_init(&buf, 64);
    wire_varint(&buf, 2, 5); /* message_id is bytes */
    assert_int_equal(decode_copy(buf.data, buf.len), SAH_EINVAL);
    assert_string_equal(why, "message: not well-formed, or unpacks to too much");
    sah_buf_fini(&buf);
}

static void random_bytes_never_break_it(void **state)
{
    uint64_t seed = 88172645463325252u; /* xorshift: the same bytes in each run */
    uint8_t bytes[200];

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = round % sizeof bytes;

        for (size_t i = 0; i < len; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            bytes[i] = (uint8_t)seed;
        }
        decode_copy(bytes, len);
    }
}

static void a_sample_with_any_one_byte_changed_never_breaks_it(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    struct sah_buf buf;

    (void)state;
    sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
    for (unsigned i = 0; i < n_samples; i++) {
        sah_buf_clear(&buf);
        sample_fill(&samples[i], &sample);
        assert_int_equal(sah_message_encode(&sample, &buf, NULL, 0), SAH_OK);
        for (size_t at = 0; at < buf.len * SAH_LEN(flips); at++) {
            buf.data[at / SAH_LEN(flips)] = (char)(buf.data[at / SAH_LEN(flips)] ^ flips[at % SAH_LEN(flips)]);
            decode_copy(buf.data, buf.len);
            buf.data[at / SAH_LEN(flips)] = (char)(buf.data[at / SAH_LEN(flips)] ^ flips[at % SAH_LEN(flips)]);
        }
        assert_int_equal(decode_copy(buf.data, buf.len), SAH_OK);
    }
    sah_buf_fini(&buf);
}

static void a_refused_message_leaves_the_callers_alone(void **state)
{
    static struct sah_message before;

    (void)state;
    memset(&got, 0x5a, sizeof got);
    memset(&before, 0x5a, sizeof before);
    assert_int_equal(decode_copy("\x08\x01", 2), SAH_EINVAL);
    assert_memory_equal(&got, &before, sizeof got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_cut_anywhere_is_refused_or_sound),
        cmocka_unit_test(nothing_is_no_message),
        cmocka_unit_test(one_byte_past_the_bound_is_refused_unread),
        cmocka_unit_test(a_message_of_just_the_bound_is_read),
        cmocka_unit_test(many_empty_parts_do_not_eat_the_memory),
        cmocka_unit_test(a_field_of_the_wrong_type_is_refused),
        cmocka_unit_test(random_bytes_never_break_it),
        cmocka_unit_test(a_sample_with_any_one_byte_changed_never_breaks_it),
        cmocka_unit_test(a_refused_message_leaves_the_callers_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
