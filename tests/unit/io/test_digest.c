/* test_digest - known vectors: FIPS 180-4, RFC 4231, RFC 4648; and that parts do not run
 * together. */
#include <sahaya/digest.h>

#include "io_test.h"

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    char text[2 * SAH_SHA256_BYTES + 1];

    sah_hex(text, bytes, SAH_SHA256_BYTES);
    assert_string_equal(text, hex);
}

static void sha256_gives_the_known_digests(void **state)
{
    static const struct {
        const char *text;
        const char *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        uint8_t digest[SAH_SHA256_BYTES];

        assert_int_equal(sah_sha256(rows[i].text, strlen(rows[i].text), digest), SAH_OK);
        assert_hex(digest, rows[i].hex);
    }
}

/* RFC 4231, cases 1, 2, 3, 6 and 7. */
static void hmac_gives_the_known_signatures(void **state)
{
    static const struct {
        uint8_t key_byte;
        size_t key_len;
        const char *key;
        uint8_t data_byte;
        size_t data_len;
        const char *data;
        const char *hex;
    } rows[] = {
        {0x0b, 20, NULL, 0, 0, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 0, "Jefe", 0, 0, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 20, NULL, 0xdd, 50, NULL,
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {0xaa, 131, NULL, 0, 0, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {0xaa, 131, NULL, 0, 0,
         "This is a test using a larger than block-size key and a larger than block-size data. "
         "The "
         "key needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char key[131], data[256];
        size_t key_len = rows[i].key != NULL ? strlen(rows[i].key) : rows[i].key_len;
        size_t data_len = rows[i].data != NULL ? strlen(rows[i].data) : rows[i].data_len;
        uint8_t mac[SAH_SHA256_BYTES];
        struct sah_hmac *hmac;

        memset(key, rows[i].key_byte, sizeof key);
        memset(data, rows[i].data_byte, sizeof data);
        if (rows[i].key != NULL)
            memcpy(key, rows[i].key, key_len);
        if (rows[i].data != NULL)
            memcpy(data, rows[i].data, data_len);
        assert_int_equal(sah_hmac_create(key, key_len, &hmac), SAH_OK);
        memset(key, 0, sizeof key); /* kept inside */
        for (size_t cut = 0; cut <= data_len; cut += data_len / 2) {
            struct sah_slice parts[] = {{data, cut}, {data + cut, data_len - cut}};

            assert_int_equal(sah_hmac_sign(hmac, parts, 2, mac), SAH_OK);
            assert_hex(mac, rows[i].hex);
        }
        sah_hmac_destroy(hmac);
    }
    sah_hmac_destroy(NULL);
}

static void an_empty_key_is_refused(void **state)
{
    struct sah_hmac *hmac = NULL;

    (void)state;
    assert_int_equal(sah_hmac_create("", 0, &hmac), SAH_EINVAL);
    assert_null(hmac);
}

static void parts_of_an_id_do_not_run_together(void **state)
{
    const struct sah_slice a[] = {SAH_SLICE("ab"), SAH_SLICE("c")};
    const struct sah_slice b[] = {SAH_SLICE("a"), SAH_SLICE("bc")};
    const struct sah_slice c[] = {SAH_SLICE("abc")};
    struct sah_id ids[4];
    uint8_t digest[SAH_SHA256_BYTES];

    (void)state;
    assert_int_equal(sah_digest_id(a, 2, &ids[0]), SAH_OK);
    assert_int_equal(sah_digest_id(b, 2, &ids[1]), SAH_OK);
    assert_int_equal(sah_digest_id(c, 1, &ids[2]), SAH_OK);
    assert_int_equal(sah_digest_id(a, 2, &ids[3]), SAH_OK);
    assert_false(sah_id_equal(&ids[0], &ids[1]));
    assert_false(sah_id_equal(&ids[0], &ids[2]));
    assert_false(sah_id_equal(&ids[1], &ids[2]));
    assert_true(sah_id_equal(&ids[0], &ids[3]));
    /* The layout is fixed: ids are kept for days. */
    assert_int_equal(sah_sha256("\0\0\0\0\0\0\0\3abc", 11, digest), SAH_OK);
    assert_memory_equal(ids[2].bytes, digest, SAH_ID_BYTES);
}

/* RFC 4648, section 10 */
static void base64_is_padded(void **state)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xff\xfe\xfd", "//79"}};

    (void)state;
    for (size_t i = 0; i < SAH_LEN(rows); i++) {
        char text[16];

        sah_base64(text, rows[i][0], strlen(rows[i][0]));
        assert_string_equal(text, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_known_digests),
        cmocka_unit_test(hmac_gives_the_known_signatures),
        cmocka_unit_test(an_empty_key_is_refused),
        cmocka_unit_test(parts_of_an_id_do_not_run_together),
        cmocka_unit_test(base64_is_padded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
