/*
 * test_signature - who may POST and who may subscribe. Digests were made with another program
 * (Python's hmac), over the exact bytes.
 */
#include "sample.h"

#include "signature.h"

#define SECRET "made-up-app-secret"
#define TELUGU                                                                               \
    "{\"text\":"                                                                             \
    "\"\xe0\xb0\x95\xe0\xb0\xbe\xe0\xb0\xaa\xe0\xb0\xbe\xe0\xb0\xa1\xe0\xb0\x82\xe0\xb0\xa1" \
    "\xe0\xb0\xbf\"}"
static const struct {
    const char *body, *digest;
} good[] = {
    {"{}", "b31b985ee21a7882ed8b6683162852f0b3143d3dbe006d0efcfa9f47d5ab7dd0"},
    {"", "5cfe94cdd6c295f5d09364758d706c7cbb75fab41c61f487263eef9e6d36e6dd"},
    {TELUGU, "b56fc5ef3b411b9383c6d4bc283bc549582983310421300006be747022dbe11d"},
    {"{\"a\":\"\\u0c95\\ud83d\\udd25\"}",
     "8c0d01bdaf86911e1a19a7e5fc721c3e7623f0ada4f01f529c46b1d400f26b3f"},
    {"{ \"u\" : \"https:\\/\\/x\" }\r\n",
     "08020d0877a85c23c31aa26598660da69f10db2a27da84130fe98f25c73e9d72"},
    {"\xf0\x9f\x94\xa5 \xd8\xa2\xda\xaf",
     "6fb67580d1db4860cf2d390d7e24fae91a3f4350d1806fd478840d4ee586037f"},
    {"\xff\xfe not utf-8", "73c16cae13f79ed737b2afb771397b96feeff80872b1c534e27f9d5a1141cb2a"},
};

static struct sah_signature *make(const char *secret, const char *old_secret)
{
    struct sah_signature *signature = NULL;

    assert_int_equal(
        sah_signature_create(sah_slice_of(secret), sah_slice_of(old_secret), &signature),
        SAH_OK);
    return signature;
}

static void exact_bytes_are_what_counts(void **state)
{
    struct sah_signature *signature = make(SECRET, "");

    (void)state;
    for (size_t i = 0; i < SAH_LEN(good); i++) {
        char header[80], body[256];
        size_t len = strlen(good[i].body);
        struct sah_slice slice = {body, len};

        memcpy(body, good[i].body, len);
        assert_int_equal(sah_format(header, sizeof header, "sha256=%s", good[i].digest),
                         SAH_OK);
        assert_int_equal(sah_signature_check(signature, header, slice), SAH_SIGNATURE_GOOD);
        if (len == 0)
            continue;
        for (size_t at = 0; at < len; at += len / 3 + 1) {
            body[at] ^= 1;
            assert_int_equal(sah_signature_check(signature, header, slice),
                             SAH_SIGNATURE_WRONG);
            body[at] ^= 1;
        }
        slice.len--;
        assert_int_equal(sah_signature_check(signature, header, slice), SAH_SIGNATURE_WRONG);
    }
    sah_signature_destroy(signature);
}

static void headers_of_another_form_are_refused(void **state)
{
    static const char hex[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const struct {
        const char *format;
        enum sah_signature_verdict verdict;
    } cases[] = {
        {"sha256=%s", SAH_SIGNATURE_WRONG},         {"sha256=%.63s", SAH_SIGNATURE_MALFORMED},
        {"sha256=%s0", SAH_SIGNATURE_MALFORMED},    {"SHA256=%s", SAH_SIGNATURE_MALFORMED},
        {"sha1=%s", SAH_SIGNATURE_MALFORMED},       {"%s", SAH_SIGNATURE_MALFORMED},
        {" sha256=%s", SAH_SIGNATURE_MALFORMED},    {"sha256=%s ", SAH_SIGNATURE_MALFORMED},
        {"sha256= %.63s", SAH_SIGNATURE_MALFORMED}, {"sha256=%.63sG", SAH_SIGNATURE_MALFORMED},
        {"sha256=%.63sA", SAH_SIGNATURE_MALFORMED}, {"", SAH_SIGNATURE_MALFORMED},
        {"sha256=", SAH_SIGNATURE_MALFORMED},
    };
    struct sah_signature *signature = make(SECRET, "");

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        char header[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(header, sizeof header, cases[i].format, hex);
#pragma GCC diagnostic pop
        assert_int_equal(sah_signature_check(signature, header, SAH_SLICE("{}")),
                         cases[i].verdict);
    }
    assert_int_equal(sah_signature_check(signature, NULL, SAH_SLICE("{}")),
                     SAH_SIGNATURE_MISSING);
    sah_signature_destroy(signature);
}

static void upper_case_digits_are_refused_even_when_they_are_right(void **state)
{
    struct sah_signature *signature = make(SECRET, "");
    char header[80];

    (void)state;
    assert_int_equal(sah_format(header, sizeof header, "sha256=%s", good[0].digest), SAH_OK);
    for (char *c = header + 7; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'f')
            *c -= 'a' - 'A';
    }
    assert_int_equal(sah_signature_check(signature, header, sah_slice_of(good[0].body)),
                     SAH_SIGNATURE_MALFORMED);
    sah_signature_destroy(signature);
}

static void two_secrets_are_good_during_a_rotation(void **state)
{
    static const struct {
        const char *secret, *old_secret;
        enum sah_signature_verdict verdict;
    } cases[] = {
        {SECRET, "", SAH_SIGNATURE_GOOD},
        {"the-new-one", SECRET, SAH_SIGNATURE_GOOD},
        {SECRET, "the-old-one", SAH_SIGNATURE_GOOD},
        {"the-new-one", "", SAH_SIGNATURE_WRONG},
        {"the-new-one", "the-old-one", SAH_SIGNATURE_WRONG},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++) {
        struct sah_signature *signature = make(cases[i].secret, cases[i].old_secret);
        char header[80];

        assert_int_equal(sah_format(header, sizeof header, "sha256=%s", good[0].digest),
                         SAH_OK);
        assert_int_equal(sah_signature_check(signature, header, sah_slice_of(good[0].body)),
                         cases[i].verdict);
        sah_signature_destroy(signature);
    }
}

static void an_empty_secret_is_no_secret(void **state)
{
    struct sah_signature *signature = NULL;

    (void)state;
    assert_int_equal(sah_signature_create(SAH_SLICE(""), SAH_SLICE("old"), &signature),
                     SAH_EINVAL);
    assert_null(signature);
}

static void only_the_right_token_subscribes(void **state)
{
    static const struct {
        const char *mode, *token, *challenge;
        bool good;
    } cases[] = {
        {"subscribe", "verify-me", "1158201444", true},
        {"subscribe", "verify-me", NULL, false},
        {"subscribe", "verify-me", "", false},
        {"subscribe", "verify-mE", "1", false},
        {"subscribe", "verify-me2", "1", false},
        {"subscribe", "verify-m", "1", false},
        {"subscribe", "", "1", false},
        {"subscribe", NULL, "1", false},
        {"unsubscribe", "verify-me", "1", false},
        {NULL, "verify-me", "1", false},
    };

    (void)state;
    for (size_t i = 0; i < SAH_LEN(cases); i++)
        assert_int_equal(sah_handshake_good(cases[i].mode, cases[i].token, cases[i].challenge,
                                            SAH_SLICE("verify-me")),
                         cases[i].good);
    assert_false(sah_handshake_good("subscribe", "", "1", SAH_SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_bytes_are_what_counts),
        cmocka_unit_test(headers_of_another_form_are_refused),
        cmocka_unit_test(upper_case_digits_are_refused_even_when_they_are_right),
        cmocka_unit_test(two_secrets_are_good_during_a_rotation),
        cmocka_unit_test(an_empty_secret_is_no_secret),
        cmocka_unit_test(only_the_right_token_subscribes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
