/*
 * test_shape - the tables themselves, and every bound at the wire: each field of the schema
 * stands in one row of the right kind; and for each row, whatever message it is in, what lies
 * just past its bound is refused by the field's name. New rows are tested by being there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "samples.h"
#include "shape.h"
#include "wire.h"

#define DEPTH 8

struct visit { /* one row, and how to get there in the bytes of a sample */
    const struct row *row;
    const void *plain; /* the struct that the row is in */
    unsigned path[DEPTH];
    size_t n_path;
    unsigned number; /* the row's own field number */
    char name[128];  /* "request.places[0].pincode" */
    struct sah_slice bytes;
};

static struct sah_message sample, got, other;
static char why[160];
static unsigned n_visited;

static const ProtobufCFieldDescriptor *field_of(const struct shape *shape, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(shape->wire, name);
}

static void visit_shape(const struct shape *shape, const struct visit *up, const void *plain,
                        const char *prefix, void (*each)(const struct visit *visit));

static void visit_part(const struct visit *at, const struct shape *shape, unsigned number,
                       size_t offset, const char *prefix, void (*each)(const struct visit *))
{
    struct visit down = *at;

    assert_true(down.n_path < DEPTH);
    down.path[down.n_path++] = number;
    visit_shape(shape, &down, (const char *)at->plain + offset, prefix, each);
}

static void visit_row(const struct shape *shape, const struct row *row, const struct visit *up,
                      const void *plain, const char *prefix, void (*each)(const struct visit *))
{
    struct visit at = *up;
    char name[128];

    at.row = row;
    at.plain = plain;
    if (row->kind == ROW_CHOICE) {
        unsigned kind = AT_CONST(unsigned, plain, row->plain_count);

        if (kind == 0)
            return;
        assert_in_range(snprintf(name, sizeof name, "%s%s.", prefix, row->arms[kind].name), 1,
                        sizeof name - 1);
        visit_part(&at, row->arms[kind].shape, field_of(shape, row->arms[kind].name)->id,
                   row->plain, name, each);
        return;
    }
    at.number = field_of(shape, row->name)->id;
    assert_in_range(snprintf(at.name, sizeof at.name, "%s%s", prefix, row->name), 1,
                    sizeof at.name - 1);
    each(&at);
    n_visited++;
    if (row->kind == ROW_PART || row->kind == ROW_PARTS) {
        assert_in_range(snprintf(name, sizeof name, row->kind == ROW_PART ? "%s." : "%s[0].", at.name),
                        1, sizeof name - 1);
        visit_part(&at, row->part, at.number, row->plain, name, each);
    }
}

static void visit_shape(const struct shape *shape, const struct visit *up, const void *plain,
                        const char *prefix, void (*each)(const struct visit *))
{
    for (unsigned i = 0; i < shape->n_rows; i++)
        visit_row(shape, &shape->rows[i], up, plain, prefix, each);
}

/* Every row of every sample; samples hold every kind and every payload. */
static void visit_all(void (*each)(const struct visit *visit))
{
    n_visited = 0;
    for (unsigned i = 0; i < n_samples; i++) {
        struct visit root = {0};
        struct sah_buf buf;

        sah_buf_init(&buf, SAH_MESSAGE_MAX_BYTES);
        sample_fill(&samples[i], &sample);
        assert_int_equal(sah_message_encode(&sample, &buf, NULL, 0), SAH_OK);
        root.bytes = (struct sah_slice){buf.data, buf.len};
        visit_shape(&shape_envelope, &root, &sample, "", each);
        sah_buf_fini(&buf);
    }
    assert_true(n_visited > 300);
}

/* Decodes the sample with more of one field; `why` and `got` say what came of it. */
static int decode_with(const struct visit *at, const struct sah_buf *extra)
{
    struct sah_buf out;
    int err;

    sah_buf_init(&out, 1 << 20);
    wire_append(at->bytes, at->path, at->n_path, (struct sah_slice){extra->data, extra->len},
                &out);
    why[0] = '\0';
    err = sah_message_decode(out.data, out.len, &got, why, sizeof why);
    sah_buf_fini(&out);
    return err;
}

static void assert_refused(const struct visit *at, const struct sah_buf *extra,
                           const char *index, const char *fault)
{
    char wanted[200];

    snprintf(wanted, sizeof wanted, "%s%s: %s", at->name, index, fault);
    assert_int_equal(decode_with(at, extra), SAH_EINVAL);
    assert_string_equal(why, wanted);
}

static void refuse_bytes(const struct visit *at, const void *bytes, size_t len,
                         const char *index, const char *fault)
{
    struct sah_buf extra;

    sah_buf_init(&extra, SAH_MESSAGE_MAX_BYTES);
    wire_bytes(&extra, at->number, bytes, len);
    assert_refused(at, &extra, index, fault);
    sah_buf_fini(&extra);
}

static int decode_number(const struct visit *at, uint64_t number)
{
    struct sah_buf extra;
    int err;

    sah_buf_init(&extra, 64);
    wire_varint(&extra, at->number, number);
    err = decode_with(at, &extra);
    sah_buf_fini(&extra);
    return err;
}

static void refuse_number(const struct visit *at, uint64_t number)
{
    struct sah_buf extra;

    sah_buf_init(&extra, 64);
    wire_varint(&extra, at->number, number);
    assert_refused(at, &extra, "", "out of range");
    sah_buf_fini(&extra);
}

static bool is_text(const struct row *row)
{
    return row->kind == ROW_TEXT || row->kind == ROW_LONG_TEXT || row->kind == ROW_TEXTS;
}

static void try_bad_texts(const struct visit *at)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *fault;
    } cases[] = {
        {"\xff", 1, "not valid UTF-8"},
        {"a\xc0\xaf", 3, "not valid UTF-8"},        /* an overlong '/' */
        {"\xed\xa0\x80", 3, "not valid UTF-8"},     /* a surrogate */
        {"\xe0\xb0", 2, "not valid UTF-8"},         /* half a letter */
        {"\xf4\x90\x80\x80", 4, "not valid UTF-8"}, /* past U+10FFFF */
        {"\0", 1, "holds a NUL"},
        {"a\0b", 3, "holds a NUL"},
        {"ab\0", 3, "holds a NUL"},
    };
    static char long_text[SAH_TEXT_MAX + 1];
    const char *index = at->row->kind == ROW_TEXTS ? "[1]" : "";

    if (!is_text(at->row))
        return;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        if (cases[i].len < at->row->size)
            refuse_bytes(at, cases[i].bytes, cases[i].len, index, cases[i].fault);
    memset(long_text, '1', sizeof long_text);
    assert_true(at->row->size <= sizeof long_text);
    refuse_bytes(at, long_text, at->row->size, index, "too long");
}

static void every_text_refuses_bad_utf8_nul_and_one_byte_too_many(void **state)
{
    (void)state;
    visit_all(try_bad_texts);
}

static void try_longest_text(const struct visit *at)
{
    static char text[SAH_TEXT_MAX + 1];
    struct sah_buf extra;
    size_t len = at->row->size - 1;

    if (!is_text(at->row) || at->row->rule > RULE_CUE)
        return; /* the others have forms of their own */
    memset(text, '1', sizeof text);
    sah_buf_init(&extra, SAH_MESSAGE_MAX_BYTES);
    wire_bytes(&extra, at->number, text, len);
    assert_int_equal(decode_with(at, &extra), SAH_OK);
    sah_buf_fini(&extra);
}

static void every_text_takes_as_many_bytes_as_it_may_have(void **state)
{
    (void)state;
    visit_all(try_longest_text);
}

static void try_bad_numbers(const struct visit *at)
{
    switch (at->row->kind) {
    case ROW_U8:
        refuse_number(at, (uint64_t)at->row->max + 1);
        refuse_number(at, 256); /* must not become 0 */
        refuse_number(at, UINT32_MAX);
        assert_int_equal(decode_number(at, at->row->max), SAH_OK);
        break;
    case ROW_U32:
        if (at->row->max != UINT32_MAX)
            refuse_number(at, (uint64_t)at->row->max + 1);
        assert_int_equal(decode_number(at, at->row->max), SAH_OK);
        break;
    case ROW_TIME:
        refuse_number(at, UINT64_MAX); /* -1 */
        refuse_number(at, (uint64_t)INT64_MIN);
        refuse_number(at, (uint64_t)TIME_MAX_MS + 1);
        assert_int_equal(decode_number(at, (uint64_t)TIME_MAX_MS), SAH_OK);
        break;
    case ROW_ENUM:
        assert_int_equal(decode_number(at, 0), SAH_OK);
        memcpy(&other, &got, sizeof got);
        assert_int_equal(decode_number(at, at->row->max), SAH_OK);
        assert_memory_not_equal(&other, &got, sizeof got);
        assert_int_equal(decode_number(at, (uint64_t)at->row->max + 1), SAH_OK);
        assert_memory_equal(&other, &got, sizeof got);
        assert_int_equal(decode_number(at, UINT64_MAX), SAH_OK); /* -1 */
        assert_memory_equal(&other, &got, sizeof got);
        break;
    default:
        break;
    }
}

static void every_number_keeps_its_range_and_unknown_enum_values_are_unspecified(void **state)
{
    (void)state;
    visit_all(try_bad_numbers);
}

static void try_bad_ids(const struct visit *at)
{
    static const uint8_t bytes[64] = {1};

    if (at->row->kind != ROW_ID)
        return;
    refuse_bytes(at, bytes, 1, "", "not 16 bytes");
    refuse_bytes(at, bytes, 15, "", "not 16 bytes");
    refuse_bytes(at, bytes, 17, "", "not 16 bytes");
}

static void every_id_is_of_16_bytes(void **state)
{
    (void)state;
    visit_all(try_bad_ids);
}

static void try_long_lists(const struct visit *at)
{
    struct sah_buf extra;

    if (at->row->kind != ROW_TEXTS && at->row->kind != ROW_PARTS)
        return;
    sah_buf_init(&extra, SAH_MESSAGE_MAX_BYTES);
    for (unsigned i = 1; i < at->row->max; i++) /* one is in the sample */
        wire_bytes(&extra, at->number, "", 0);
    assert_int_equal(decode_with(at, &extra), SAH_OK);
    wire_bytes(&extra, at->number, "", 0);
    assert_refused(at, &extra, "", "too many");
    sah_buf_fini(&extra);
}

static void every_list_takes_its_number_of_elements_and_not_one_more(void **state)
{
    (void)state;
    visit_all(try_long_lists);
}

/* How many bytes of a value may be anything but zero in the sample. */
static size_t value_size(const struct row *row)
{
    switch (row->kind) {
    case ROW_TEXT:
    case ROW_LONG_TEXT:
    case ROW_TEXTS:
    case ROW_PARTS:
        return row->size;
    case ROW_FLAG:
    case ROW_U8:
        return 1;
    case ROW_U32:
    case ROW_S32:
    case ROW_ENUM:
        return 4;
    case ROW_U64:
    case ROW_TIME:
        return 8;
    case ROW_ID:
        return SAH_ID_BYTES;
    case ROW_PART:
    case ROW_CHOICE:
        break;
    }
    return 0;
}

static void look_for_zero(const struct visit *at)
{
    const char *value = &AT_CONST(char, at->plain, at->row->plain);
    size_t size = value_size(at->row);
    bool zero = true;

    for (size_t i = 0; i < size; i++)
        zero = zero && value[i] == 0;
    /* A cue's span is zero, so that either end can be tried alone. */
    if (zero && size > 0 && strstr(at->name, "cues[0].") == NULL)
        fail_msg("%s is zero in the sample", at->name);
}

static void the_samples_leave_no_field_empty(void **state)
{
    (void)state;
    visit_all(look_for_zero);
}

static bool same_type(const struct row *row, const ProtobufCFieldDescriptor *field)
{
    static const struct {
        ProtobufCType type;
        bool list;
    } kinds[] = {
        [ROW_TEXT] = {PROTOBUF_C_TYPE_STRING, false},
        [ROW_LONG_TEXT] = {PROTOBUF_C_TYPE_STRING, false},
        [ROW_TEXTS] = {PROTOBUF_C_TYPE_STRING, true},
        [ROW_FLAG] = {PROTOBUF_C_TYPE_BOOL, false},
        [ROW_U8] = {PROTOBUF_C_TYPE_UINT32, false},
        [ROW_U32] = {PROTOBUF_C_TYPE_UINT32, false},
        [ROW_S32] = {PROTOBUF_C_TYPE_SINT32, false},
        [ROW_U64] = {PROTOBUF_C_TYPE_UINT64, false},
        [ROW_TIME] = {PROTOBUF_C_TYPE_INT64, false},
        [ROW_ENUM] = {PROTOBUF_C_TYPE_ENUM, false},
        [ROW_ID] = {PROTOBUF_C_TYPE_BYTES, false},
        [ROW_PART] = {PROTOBUF_C_TYPE_MESSAGE, false},
        [ROW_PARTS] = {PROTOBUF_C_TYPE_MESSAGE, true},
    };
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;

    return field->type == kinds[row->kind].type && list == kinds[row->kind].list &&
           field->offset == row->wire && (!list || field->quantifier_offset == row->wire_count);
}

static unsigned compare(const struct shape *shape);

static unsigned compare_row(const struct shape *shape, const struct row *row)
{
    const ProtobufCFieldDescriptor *field;
    unsigned covered = 0;

    if (row->kind == ROW_CHOICE) {
        for (unsigned kind = 1; kind < row->max; kind++) {
            field = field_of(shape, row->arms[kind].name);
            assert_non_null(field);
            assert_int_equal(field->id, row->arms[kind].wire_case);
            assert_int_equal(field->offset, row->wire);
            assert_int_equal(field->quantifier_offset, row->wire_count);
            assert_ptr_equal(field->descriptor, row->arms[kind].shape->wire);
            compare(row->arms[kind].shape);
            covered++;
        }
        return covered;
    }
    field = field_of(shape, row->name);
    assert_non_null(field);
    if (!same_type(row, field))
        fail_msg("%s.%s: row and schema differ", shape->wire->name, row->name);
    if (row->kind != ROW_PART && row->size != value_size(row))
        fail_msg("%s.%s: row and plain struct differ", shape->wire->name, row->name);
    if (row->kind == ROW_ENUM) {
        const ProtobufCEnumDescriptor *values = field->descriptor;

        assert_int_equal(values->n_values, row->max + 1);
        assert_int_equal(values->values[0].value, 0);
        assert_non_null(strstr(values->values[0].name, "_UNSPECIFIED"));
    }
    if (row->part != NULL) {
        assert_ptr_equal(field->descriptor, row->part->wire);
        compare(row->part);
    }
    return 1;
}

/* Rows whose names and places all differ and that are as many as the fields cover them all. */
static unsigned compare(const struct shape *shape)
{
    unsigned covered = 0;

    for (unsigned i = 0; i < shape->n_rows; i++)
        covered += compare_row(shape, &shape->rows[i]);
    assert_int_equal(covered, shape->wire->n_fields);
    return covered;
}

static void the_rows_are_the_schema(void **state)
{
    (void)state;
    assert_int_equal(compare(&shape_envelope), 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_are_the_schema),
        cmocka_unit_test(the_samples_leave_no_field_empty),
        cmocka_unit_test(every_text_refuses_bad_utf8_nul_and_one_byte_too_many),
        cmocka_unit_test(every_text_takes_as_many_bytes_as_it_may_have),
        cmocka_unit_test(every_number_keeps_its_range_and_unknown_enum_values_are_unspecified),
        cmocka_unit_test(every_id_is_of_16_bytes),
        cmocka_unit_test(every_list_takes_its_number_of_elements_and_not_one_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
