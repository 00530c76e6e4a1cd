/*
 * walk_fill - wire to plain: copies what fits and refuses what does not; never cuts silently.
 * See shape.h.
 */
#include "shape.h"

#include <string.h>

/*
 * protobuf-c keeps a text's bytes but not their number. The arena does: a text is unpacked into
 * a piece of its length and one. An absent text is the library's own empty one.
 */
static struct sah_slice wire_text(const char *text)
{
    if (text == NULL || text == protobuf_c_empty_string)
        return SAH_SLICE("");
    return (struct sah_slice){text, arena_size_of(text) - 1};
}

static int fill_text(struct walk *walk, const struct row *row, const struct where *at,
                     int index, const char *wire, char *plain, uint32_t *ret_len)
{
    struct sah_slice text = wire_text(wire);

    if (text.len >= row->size)
        return refuse(walk, at, row->name, index, "too long");
    if (memchr(text.ptr, '\0', text.len) != NULL)
        return refuse(walk, at, row->name, index, "holds a NUL");
    memcpy(plain, text.ptr, text.len);
    if (ret_len != NULL)
        *ret_len = (uint32_t)text.len;
    return SAH_OK;
}

static int fill_texts(struct walk *walk, const struct row *row, const struct where *at,
                      const void *wire, void *plain)
{
    size_t n = AT_CONST(size_t, wire, row->wire_count);
    char *const *texts = AT_CONST(char **, wire, row->wire);
    char *to = &AT(char, plain, row->plain);

    if (n > row->max)
        return refuse(walk, at, row->name, -1, "too many");
    for (size_t i = 0; i < n; i++) {
        int err = fill_text(walk, row, at, (int)i, texts[i], to + i * row->size, NULL);

        if (err != SAH_OK)
            return err;
    }
    AT(unsigned, plain, row->plain_count) = (unsigned)n;
    return SAH_OK;
}

static int fill_parts(struct walk *walk, const struct row *row, const struct where *at,
                      const void *wire, void *plain)
{
    size_t n = AT_CONST(size_t, wire, row->wire_count);
    void *const *parts = AT_CONST(void **, wire, row->wire);
    char *to = &AT(char, plain, row->plain);

    if (n > row->max)
        return refuse(walk, at, row->name, -1, "too many");
    for (size_t i = 0; i < n; i++) {
        const struct where here = {at, row->name, (int)i};
        int err = walk_fill(walk, row->part, &here, parts[i], to + i * row->size);

        if (err != SAH_OK)
            return err;
    }
    AT(unsigned, plain, row->plain_count) = (unsigned)n;
    return SAH_OK;
}

static int fill_choice(struct walk *walk, const struct row *row, const struct where *at,
                       const void *wire, void *plain)
{
    int wire_case = AT_CONST(int, wire, row->wire_count);

    for (unsigned kind = 1; kind < row->max; kind++) {
        const struct arm *arm = &row->arms[kind];
        const struct where here = {at, arm->name, -1};

        if (arm->wire_case != wire_case)
            continue;
        AT(unsigned, plain, row->plain_count) = kind;
        return walk_fill(walk, arm->shape, &here, AT_CONST(void *, wire, row->wire),
                         &AT(char, plain, row->plain));
    }
    return SAH_OK; /* no arm, or one of a later schema: kind 0 */
}

static int fill_id(struct walk *walk, const struct row *row, const struct where *at,
                   const void *wire, void *plain)
{
    const ProtobufCBinaryData *id = &AT_CONST(ProtobufCBinaryData, wire, row->wire);

    if (id->len == 0)
        return SAH_OK;
    if (id->len != SAH_ID_BYTES)
        return refuse(walk, at, row->name, -1, "not 16 bytes");
    memcpy(&AT(uint8_t, plain, row->plain), id->data, SAH_ID_BYTES);
    return SAH_OK;
}

static int fill_row(struct walk *walk, const struct row *row, const struct where *at,
                    const void *wire, void *plain)
{
    const struct where here = {at, row->name, -1};
    uint32_t number;

    switch (row->kind) {
    case ROW_TEXT:
        return fill_text(walk, row, at, -1, AT_CONST(char *, wire, row->wire),
                         &AT(char, plain, row->plain), NULL);
    case ROW_LONG_TEXT:
        return fill_text(walk, row, at, -1, AT_CONST(char *, wire, row->wire),
                         &AT(char, plain, row->plain), &AT(uint32_t, plain, row->plain_count));
    case ROW_TEXTS:
        return fill_texts(walk, row, at, wire, plain);
    case ROW_FLAG:
        AT(bool, plain, row->plain) = AT_CONST(protobuf_c_boolean, wire, row->wire) != 0;
        return SAH_OK;
    case ROW_U8:
        number = AT_CONST(uint32_t, wire, row->wire);
        if (number > row->max)
            return refuse(walk, at, row->name, -1, "out of range");
        AT(uint8_t, plain, row->plain) = (uint8_t)number;
        return SAH_OK;
    case ROW_U32:
    case ROW_S32:
        AT(uint32_t, plain, row->plain) = AT_CONST(uint32_t, wire, row->wire);
        return SAH_OK;
    case ROW_U64:
    case ROW_TIME:
        AT(uint64_t, plain, row->plain) = AT_CONST(uint64_t, wire, row->wire);
        return SAH_OK;
    case ROW_ENUM:
        number = AT_CONST(uint32_t, wire, row->wire);
        AT(uint32_t, plain, row->plain) = number <= row->max ? number : 0;
        return SAH_OK;
    case ROW_ID:
        return fill_id(walk, row, at, wire, plain);
    case ROW_PART:
        if (AT_CONST(void *, wire, row->wire) == NULL)
            return SAH_OK;
        return walk_fill(walk, row->part, &here, AT_CONST(void *, wire, row->wire),
                         &AT(char, plain, row->plain));
    case ROW_PARTS:
        return fill_parts(walk, row, at, wire, plain);
    case ROW_CHOICE:
        return fill_choice(walk, row, at, wire, plain);
    }
    SAH_ASSERT(!"a row of no kind");
    return SAH_EINVAL;
}

int walk_fill(struct walk *walk, const struct shape *shape, const struct where *at,
              const void *wire, void *plain)
{
    for (unsigned i = 0; i < shape->n_rows; i++) {
        int err = fill_row(walk, &shape->rows[i], at, wire, plain);

        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}
