/*
 * policy_test - what the tests of policy share: cmocka, and short ways to write a request.
 */
#ifndef SAHAYA_TESTS_POLICY_TEST_H
#define SAHAYA_TESTS_POLICY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sahaya/str.h>

#define SET(dst, text) \
    assert_int_equal(sah_copy((dst), sizeof(dst), (text), strlen(text)), SAH_OK)

#endif
