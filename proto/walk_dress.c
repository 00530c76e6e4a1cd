/*
 * walk_dress - plain to wire, as protobuf-c packs it. What comes here was checked before; texts
 * are borrowed from the plain side, lists and parts lie in the arena. See shape.h.
 */
#include "shape.h"

#include <string.h>

static int dress_texts(struct walk *walk, const struct row *row, const void *plain, void *wire)
{
    unsigned n = AT_CONST(unsigned, plain, row->plain_count);
    char *texts = (char *)&AT_CONST(char, plain, row->plain); /* packing only reads it */
    char **list;

    if (n == 0)
        return SAH_OK;
    list = arena_alloc(walk->arena, n * sizeof *list);
    if (list == NULL)
        return SAH_ENOMEM;
    for (unsigned i = 0; i < n; i++)
        list[i] = texts + i * row->size;
    AT(char **, wire, row->wire) = list;
    AT(size_t, wire, row->wire_count) = n;
    return SAH_OK;
}

static int dress_parts(struct walk *walk, const struct row *row, const void *plain, void *wire)
{
    unsigned n = AT_CONST(unsigned, plain, row->plain_count);
    const char *parts = &AT_CONST(char, plain, row->plain);
    void **list;

    if (n == 0)
        return SAH_OK;
    list = arena_alloc(walk->arena, n * sizeof *list);
    if (list == NULL)
        return SAH_ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        int err = walk_dress(walk, row->part, parts + i * row->size, &list[i]);

        if (err != SAH_OK)
            return err;
    }
    AT(void **, wire, row->wire) = list;
    AT(size_t, wire, row->wire_count) = n;
    return SAH_OK;
}

static int dress_choice(struct walk *walk, const struct row *row, const void *plain, void *wire)
{
    unsigned kind = AT_CONST(unsigned, plain, row->plain_count);

    if (kind == 0)
        return SAH_OK;
    AT(int, wire, row->wire_count) = row->arms[kind].wire_case;
    return walk_dress(walk, row->arms[kind].shape, &AT_CONST(char, plain, row->plain),
                      &AT(void *, wire, row->wire));
}

static void dress_id(const struct row *row, const void *plain, void *wire)
{
    static const uint8_t none[SAH_ID_BYTES];
    uint8_t *id = (uint8_t *)&AT_CONST(uint8_t, plain, row->plain); /* packing only reads it */

    if (memcmp(id, none, sizeof none) != 0)
        AT(ProtobufCBinaryData, wire, row->wire) = (ProtobufCBinaryData){SAH_ID_BYTES, id};
}

static int dress_row(struct walk *walk, const struct row *row, const void *plain, void *wire)
{
    switch (row->kind) {
    case ROW_TEXT:
    case ROW_LONG_TEXT:
        AT(char *, wire, row->wire) = (char *)&AT_CONST(char, plain, row->plain);
        return SAH_OK;
    case ROW_TEXTS:
        return dress_texts(walk, row, plain, wire);
    case ROW_FLAG:
        AT(protobuf_c_boolean, wire, row->wire) = AT_CONST(bool, plain, row->plain);
        return SAH_OK;
    case ROW_U8:
        AT(uint32_t, wire, row->wire) = AT_CONST(uint8_t, plain, row->plain);
        return SAH_OK;
    case ROW_U32:
    case ROW_S32:
    case ROW_ENUM:
        AT(uint32_t, wire, row->wire) = AT_CONST(uint32_t, plain, row->plain);
        return SAH_OK;
    case ROW_U64:
    case ROW_TIME:
        AT(uint64_t, wire, row->wire) = AT_CONST(uint64_t, plain, row->plain);
        return SAH_OK;
    case ROW_ID:
        dress_id(row, plain, wire);
        return SAH_OK;
    case ROW_PART:
        return walk_dress(walk, row->part, &AT_CONST(char, plain, row->plain),
                          &AT(void *, wire, row->wire));
    case ROW_PARTS:
        return dress_parts(walk, row, plain, wire);
    case ROW_CHOICE:
        return dress_choice(walk, row, plain, wire);
    }
    SAH_ASSERT(!"a row of no kind");
}

int walk_dress(struct walk *walk, const struct shape *shape, const void *plain, void **ret_wire)
{
    ProtobufCMessage *wire = arena_alloc(walk->arena, shape->wire->sizeof_message);

    if (wire == NULL)
        return SAH_ENOMEM;
    shape->wire->message_init(wire);
    for (unsigned i = 0; i < shape->n_rows; i++) {
        int err = dress_row(walk, &shape->rows[i], plain, wire);

        if (err != SAH_OK)
            return err;
    }
    *ret_wire = wire;
    return SAH_OK;
}
