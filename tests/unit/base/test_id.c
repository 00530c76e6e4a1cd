/*
 * test_id - names follow from the message id and never change: the values here were computed
 * outside of this program, and stored keys depend on them (I6).
 */
#include "check.h"

#include <sahaya/id.h>

#include "fnv.h"

static struct sah_id id_of(const char *hex)
{
    struct sah_id id = {{0}};

    assert_int_equal(sah_id_from_hex(sah_slice_of(hex), &id), SAH_OK);
    return id;
}

static const char zeros[] = "00000000000000000000000000000000";
static const char ones[] = "ffffffffffffffffffffffffffffffff";
static const char counting[] = "000102030405060708090a0b0c0d0e0f";

static void hex_goes_there_and_back(void **state)
{
    static const char *const cases[] = {zeros, ones, counting};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_id id = id_of(cases[i]), zero = {{0}};
        char text[SAH_ID_HEX_SIZE];

        sah_id_hex(&id, text);
        assert_string_equal(text, cases[i]);
        assert_int_equal(sah_id_is_zero(&id), i == 0);
        assert_int_equal(sah_id_equal(&id, &zero), i == 0);
        assert_true(sah_id_equal(&id, &id));
    }
}

static void only_32_lower_case_digits_are_an_id(void **state)
{
    static const char *const cases[] = {
        "",
        "000102030405060708090a0b0c0d0e0",
        "000102030405060708090a0b0c0d0e0f0",
        "000102030405060708090a0b0c0d0e0f00",
        "000102030405060708090A0B0C0D0E0F",
        "00010203-0405-0607-0809-0a0b0c0d",
        "g00102030405060708090a0b0c0d0e0f",
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_id id = {{0}};

        assert_int_equal(sah_id_from_hex(sah_slice_of(cases[i]), &id), SAH_EINVAL);
        assert_true(sah_id_is_zero(&id));
    }
}

static void request_and_incident_names_are_known(void **state)
{
    static const struct {
        const char *hex;
        enum sah_lane lane;
        unsigned partition;
        const char *request, *incident, *ref;
    } cases[] = {
        {zeros, SAH_LANE_EMERGENCY, 0, "E0000000000000000000000000000",
         "I0000000000000000000000000000", "E-00000"},
        {ones, SAH_LANE_BULK, 63, "B637ZZZZZZZZZZZZZZZZZZZZZZZZZ",
         "I637ZZZZZZZZZZZZZZZZZZZZZZZZZ", "B-ZZZZZ"},
        {counting, SAH_LANE_UNSPECIFIED, 7, "E0700041061050R3GG28A1C60T3GF",
         "I0700041061050R3GG28A1C60T3GF", "E-0T3GF"},
        {"0123456789abcdeffedcba9876543210", SAH_LANE_EMERGENCY, 10,
         "E10014D2PF2DBSQQZXQ5TK1V58CGG", "I10014D2PF2DBSQQZXQ5TK1V58CGG", "E-58CGG"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_id id = id_of(cases[i].hex);
        char request[SAH_REQUEST_ID_SIZE], incident[SAH_INCIDENT_ID_SIZE], ref[SAH_REF_SIZE];
        enum sah_lane lane = SAH_LANE_UNSPECIFIED;
        unsigned partition = 99;

        sah_request_id(cases[i].lane, cases[i].partition, &id, request);
        sah_incident_id(cases[i].partition, &id, incident);
        sah_request_ref(request, ref);
        assert_string_equal(request, cases[i].request);
        assert_string_equal(incident, cases[i].incident);
        assert_string_equal(ref, cases[i].ref);
        assert_int_equal(sah_request_id_parse(sah_slice_of(request), &lane, &partition),
                         SAH_OK);
        assert_int_equal(lane, request[0] == 'B' ? SAH_LANE_BULK : SAH_LANE_EMERGENCY);
        assert_int_equal(partition, cases[i].partition);
        assert_int_equal(sah_request_id_parse(sah_slice_of(request), NULL, NULL), SAH_OK);
    }
}

static void what_was_never_written_is_no_request_id(void **state)
{
    static const char *const cases[] = {
        "",
        "E",
        "E00000000000000000000000000000", /* too long */
        "E000000000000000000000000000",   /* too short */
        "I0000000000000000000000000000",  /* an incident */
        "X0000000000000000000000000000",
        "e0000000000000000000000000000",
        "E6400000000000000000000000000", /* no such partition */
        "E9900000000000000000000000000",
        "E-100000000000000000000000000",
        "E 000000000000000000000000000",
        "E0x00000000000000000000000000",
        "E0080000000000000000000000000", /* the front bits are zero */
        "E00Z0000000000000000000000000",
        "E000000000000000000000000000I",
        "E000000000000000000000000000L",
        "E000000000000000000000000000O",
        "E000000000000000000000000000U",
        "E000000000000000000000000000a",
        "E00000000000000-0000000000000",
    };
    enum sah_lane lane = SAH_LANE_BULK;
    unsigned partition = 99;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        if (sah_request_id_parse(sah_slice_of(cases[i]), &lane, &partition) != SAH_EINVAL)
            fail_msg("'%s' was taken", cases[i]);
        assert_int_equal(lane, SAH_LANE_BULK);
        assert_int_equal(partition, 99);
    }
    assert_int_equal(
        sah_request_id_parse((struct sah_slice){"E000000000000000000000000000\0", 29}, &lane,
                             &partition),
        SAH_EINVAL);
}

static void a_reference_of_no_request_id_is_empty(void **state)
{
    char ref[SAH_REF_SIZE] = "old";

    (void)state;
    sah_request_ref("", ref);
    assert_string_equal(ref, "");
    sah_request_ref("E00", ref);
    assert_string_equal(ref, "");
}

static void each_bit_of_an_id_changes_its_name(void **state)
{
    struct sah_id base = id_of(counting);
    char name[SAH_INCIDENT_ID_SIZE], other[SAH_INCIDENT_ID_SIZE];

    (void)state;
    sah_incident_id(0, &base, name);
    for (unsigned bit = 0; bit < 128; bit++) {
        struct sah_id id = base;
        int differ = 0;

        id.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        sah_incident_id(0, &id, other);
        for (size_t i = 0; i < sizeof name; i++)
            differ += name[i] != other[i];
        assert_int_equal(differ, 1); /* each bit stands in exactly one letter */
    }
}

static void random_ids_carry_time_version_and_variant(void **state)
{
    struct sah_id ids[200];
    unsigned seen_refs = 0;

    (void)state;
    for (size_t i = 0; i < SAH_LEN(ids); i++) {
        char request[SAH_REQUEST_ID_SIZE], other[SAH_REQUEST_ID_SIZE], ref[8], other_ref[8];

        assert_int_equal(sah_id_random(0x0123456789ab, &ids[i]), SAH_OK);
        assert_memory_equal(ids[i].bytes, "\x01\x23\x45\x67\x89\xab", 6);
        assert_int_equal(ids[i].bytes[6] >> 4, 7);
        assert_int_equal(ids[i].bytes[8] >> 6, 2);
        sah_request_id(SAH_LANE_EMERGENCY, 0, &ids[i], request);
        sah_request_ref(request, ref);
        for (size_t k = 0; k < i; k++) {
            assert_false(sah_id_equal(&ids[i], &ids[k]));
            sah_request_id(SAH_LANE_EMERGENCY, 0, &ids[k], other);
            sah_request_ref(other, other_ref);
            seen_refs += strcmp(ref, other_ref) == 0;
        }
    }
    /* Of one millisecond: 19900 pairs over 2^25 references. Three alike would be no chance. */
    assert_true(seen_refs < 3);
}

static void later_ids_sort_behind(void **state)
{
    struct sah_id early, late;

    (void)state;
    assert_int_equal(sah_id_random(1795465990123, &early), SAH_OK);
    assert_int_equal(sah_id_random(1795465990124, &late), SAH_OK);
    assert_true(memcmp(early.bytes, late.bytes, sizeof early.bytes) < 0);
}

static void the_hash_gives_the_published_values(void **state)
{
    static const struct {
        const char *text;
        uint64_t hash64, high, low;
    } cases[] = {
        {"", 0xcbf29ce484222325, 0x6c62272e07bb0142, 0x62b821756295c58d},
        {"a", 0xaf63dc4c8601ec8c, 0xd228cb696f1a8caf, 0x78912b704e4a8964},
        {"foobar", 0x85944171f73967e8, 0x343e1662793c64bf, 0x6f0d3597ba446f18},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        size_t len = strlen(cases[i].text);
        sah_u128 hash = sah_fnv128(SAH_FNV128_BASIS, cases[i].text, len);

        assert_true(sah_fnv64(SAH_FNV64_BASIS, cases[i].text, len) == cases[i].hash64);
        assert_true((uint64_t)(hash >> 64) == cases[i].high);
        assert_true((uint64_t)hash == cases[i].low);
    }
}

static void delivery_keys_are_known(void **state)
{
    static const struct {
        const char *hex, *agency, *key;
    } cases[] = {
        {counting, "108-hyd", "ad15eeb2b000aae4b8533bcc647717d2"},
        {counting, "", "0a6acd19dddf14244e95479db84cca4f"},
        {ones, "fire-hyd", "fb406bf7814dff577cc3a741b9f1d963"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_id id = id_of(cases[i].hex);
        char key[SAH_KEY_SIZE];

        sah_delivery_key(&id, cases[i].agency, key);
        assert_string_equal(key, cases[i].key);
    }
}

static void partitions_are_stable_and_within_bounds(void **state)
{
    static const unsigned counts[] = {1, 2, 10, 16, 64};
    static const struct {
        const char *sender;
        unsigned partitions[SAH_LEN(counts)];
    } cases[] = {
        {"", {0, 1, 7, 5, 37}},
        {"a", {0, 0, 6, 12, 12}},
        {"foobar", {0, 0, 8, 8, 40}},
        {"chat:1", {0, 0, 4, 6, 54}},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        for (size_t k = 0; k < SAH_LEN(counts); k++)
            assert_int_equal(sah_partition_of(sah_slice_of(cases[i].sender), counts[k]),
                             cases[i].partitions[k]);
    }
}

static void partitions_share_senders_evenly(void **state)
{
    unsigned counts[16] = {0};

    (void)state;
    for (unsigned i = 0; i < 16000; i++) {
        char sender[32];

        snprintf(sender, sizeof sender, "chat:%u", i);
        counts[sah_partition_of(sah_slice_of(sender), 16)]++;
    }
    for (size_t i = 0; i < SAH_LEN(counts); i++)
        assert_in_range(counts[i], 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(only_32_lower_case_digits_are_an_id),
        cmocka_unit_test(request_and_incident_names_are_known),
        cmocka_unit_test(what_was_never_written_is_no_request_id),
        cmocka_unit_test(a_reference_of_no_request_id_is_empty),
        cmocka_unit_test(each_bit_of_an_id_changes_its_name),
        cmocka_unit_test(random_ids_carry_time_version_and_variant),
        cmocka_unit_test(later_ids_sort_behind),
        cmocka_unit_test(the_hash_gives_the_published_values),
        cmocka_unit_test(delivery_keys_are_known),
        cmocka_unit_test(partitions_are_stable_and_within_bounds),
        cmocka_unit_test(partitions_share_senders_evenly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
