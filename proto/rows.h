/*
 * rows - the words in which shape_*.c write their tables. Before a table, W is the protobuf-c
 * struct and P the plain one; fields that bear the same name on both sides need it only once.
 *
 * Used by: shape_*.c alone.
 */
#ifndef SAH_PROTO_ROWS_H
#define SAH_PROTO_ROWS_H

#include "shape.h"

#define SIZE_IN(type, field) sizeof(((type *)0)->field)
#define COUNT_ONE(name)      +1
#define LAST(list)           (0 list(COUNT_ONE) - 1) /* the largest value of a list's enum */
#define TRI_LAST             SAH_TRI_NO
#define PERCENT              100
#define NO_BOUND             UINT32_MAX

#define ROW(kind_, field, ...)                                     \
    {                                                              \
        .name = #field, .kind = kind_, .wire = offsetof(W, field), \
        .plain = offsetof(P, field), __VA_ARGS__                   \
    }
#define TEXT(field, rule_) ROW(ROW_TEXT, field, .rule = rule_, .size = SIZE_IN(P, field))
#define LONG_TEXT(field)                                                    \
    ROW(ROW_LONG_TEXT, field, .rule = RULE_TEXT, .size = SIZE_IN(P, field), \
        .plain_count = offsetof(P, field##_len))
#define COUNTS(field) \
    .wire_count = offsetof(W, n_##field), .plain_count = offsetof(P, n_##field)
#define TEXTS(field, rule_)                                                           \
    ROW(ROW_TEXTS, field, .rule = rule_, COUNTS(field), .size = SIZE_IN(P, field[0]), \
        .max = SIZE_IN(P, field) / SIZE_IN(P, field[0]))
/* The size is there for the tests: it must be the one that the kind reads and writes. */
#define NUMBER(kind_, field, ...) ROW(kind_, field, .size = SIZE_IN(P, field), __VA_ARGS__)
#define FLAG(field)               NUMBER(ROW_FLAG, field, .max = 1)
#define U8(field, max_)           NUMBER(ROW_U8, field, .max = max_)
#define U32(field, max_)          NUMBER(ROW_U32, field, .max = max_)
#define S32(field)                NUMBER(ROW_S32, field, .max = NO_BOUND)
#define U64(field)                NUMBER(ROW_U64, field, .max = NO_BOUND)
#define TIME(field)               NUMBER(ROW_TIME, field, .max = NO_BOUND)
#define ENUM(field, last)         NUMBER(ROW_ENUM, field, .max = last)
#define PART(field, shape_)       ROW(ROW_PART, field, .part = &shape_)
#define PARTS(field, shape_)                                                            \
    ROW(ROW_PARTS, field, COUNTS(field), .part = &shape_, .size = SIZE_IN(P, field[0]), \
        .max = SIZE_IN(P, field) / SIZE_IN(P, field[0]))

#define SHAPE(rows_, descriptor, check_)                                              \
    {                                                                                 \
        .rows = rows_, .n_rows = SAH_LEN(rows_), .wire = &descriptor, .check = check_ \
    }

#endif
