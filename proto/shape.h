/*
 * shape - how a plain struct and its protobuf-c twin lie beside each other, as rows.
 *
 * A shape describes one pair; a row one field: where it is on both sides, and its bound. Three
 * walks read the rows: fill (wire to plain), check (plain alone) and dress (plain to wire). So
 * a bound stands in one place and holds in both directions.
 *
 * Used by: shape_*.c write the rows; walk_*.c read them; message.c starts the walks.
 * Never:   seen outside of proto/.
 */
#ifndef SAH_PROTO_SHAPE_H
#define SAH_PROTO_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>
#include <sahaya/message.h>

#include "arena.h"
#include "text_rule.h"

#define TIME_MAX_MS INT64_C(7258118400000) /* the year 2200: later is a broken clock */

enum row_kind {                /* on the wire, in the plain struct */
                ROW_TEXT,      /* string, char[size] */
                ROW_LONG_TEXT, /* string, char[size] with its length beside it */
                ROW_TEXTS,     /* repeated string, char[max][size] and a count */
                ROW_FLAG,      /* bool */
                ROW_U8,        /* uint32, uint8_t */
                ROW_U32,       /* uint32 */
                ROW_S32,       /* sint32 */
                ROW_U64,       /* uint64 */
                ROW_TIME,      /* int64, [0, TIME_MAX_MS] */
                ROW_ENUM,      /* enum; an unknown value is UNSPECIFIED */
                ROW_ID,        /* bytes, 16 or none; uint8_t[16], all zero for none */
                ROW_PART,      /* message, struct */
                ROW_PARTS,     /* repeated message, struct[max] and a count */
                ROW_CHOICE,    /* oneof, a kind and a union; an unknown arm is kind 0 */
};

struct shape;

struct arm { /* its place in row.arms is the plain kind */
    const char *name;
    const struct shape *shape;
    int wire_case;
};

struct row {
    const char *name;
    enum row_kind kind;
    enum text_rule rule;
    uint32_t wire;        /* offset; of a choice: of the union */
    uint32_t wire_count;  /* offset of the count; of a choice: of the case */
    uint32_t plain;       /* offset */
    uint32_t plain_count; /* offset of the count, of the long text's length, of the kind */
    uint32_t size;        /* bytes in the plain struct; of a list: of one element */
    uint32_t max;         /* largest number, most elements; of a choice: number of arms */
    const struct shape *part;
    const struct arm *arms;
};

/* Where a walk stands, for the field's name in a refusal: "places[1].pincode". */
struct where {
    const struct where *up;
    const char *name; /* NULL at the root */
    int index;        /* -1: not in a list */
};

struct walk {
    char *why; /* may be NULL */
    size_t why_size;
    struct arena *arena;
};

struct shape {
    const struct row *rows;
    unsigned n_rows;
    const ProtobufCMessageDescriptor *wire;
    /* What the rows cannot say: rules over several fields. May be NULL. */
    int (*check)(struct walk *walk, const struct where *at, const void *plain);
};

extern const struct shape shape_envelope, shape_request, shape_amendment, shape_cancel,
    shape_status_query, shape_agency_status, shape_result, shape_outbox_event, shape_outbox_ack,
    shape_hello;

/* Writes "field: fault" to walk->why and returns SAH_EINVAL. Never writes content (I13). */
int refuse(struct walk *walk, const struct where *at, const char *field, int index,
           const char *fault);

/* Wire -> plain, which is zeroed. Refuses what the plain side cannot hold; check does the rest.
 */
SAH_MUST_USE int walk_fill(struct walk *walk, const struct shape *shape, const struct where *at,
                           const void *wire, void *plain);
SAH_MUST_USE int walk_check(struct walk *walk, const struct shape *shape,
                            const struct where *at, const void *plain);
/* Checked plain -> wire. The wire side borrows the plain side's texts. SAH_ENOMEM only. */
SAH_MUST_USE int walk_dress(struct walk *walk, const struct shape *shape, const void *plain,
                            void **ret_wire);

/* The field at an offset of a struct. The two sides' types are kept together by offsetof alone.
 */
#define AT(type, base, offset)       (*(type *)((char *)(base) + (offset)))
#define AT_CONST(type, base, offset) (*(type const *)((const char *)(base) + (offset)))

#endif
