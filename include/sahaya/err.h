/*
 * err - the one table of error codes.
 *
 * A function that can fail returns int: SAH_OK or one of these negative codes. Results go out
 * through last arguments named `ret_...`, untouched on failure. Errors are for the world's faults
 * (bad input, Redis gone, agency silent); our own mistakes are asserted.
 */
#ifndef SAHAYA_ERR_H
#define SAHAYA_ERR_H

#define SAH_ERRORS(X)                                              \
    X(SAH_ENOMEM, -1, "out of memory")                             \
    X(SAH_EINVAL, -2, "malformed input")                           \
    X(SAH_EAGAIN, -3, "not now, try again later")                  \
    X(SAH_ETIMEOUT, -4, "deadline passed, outcome unknown")        \
    X(SAH_EDOWN, -5, "the other side cannot be reached")           \
    X(SAH_EPROTO, -6, "the other side broke the protocol")         \
    X(SAH_EEXIST, -7, "is there already")                          \
    X(SAH_ENOENT, -8, "no such thing")                             \
    X(SAH_ECONFLICT, -9, "changed meanwhile, read it again")       \
    X(SAH_ELIMIT, -10, "larger than the bound")                    \
    X(SAH_EDENIED, -11, "not allowed")                             \
    X(SAH_EIO, -12, "input or output failed")                      \
    X(SAH_EVERSION, -13, "a version this program does not speak")  \
    X(SAH_ECANCELED, -14, "ended before it was done")

#define SAH_ERR_AS_ENUM(name, value, text) name = value,
enum sah_err { SAH_OK = 0, SAH_ERRORS(SAH_ERR_AS_ENUM) };
#undef SAH_ERR_AS_ENUM

/* The text for a code; "ok" for SAH_OK, "unknown error" for anything else. Never NULL. */
const char *sah_strerror(int err);

#endif
