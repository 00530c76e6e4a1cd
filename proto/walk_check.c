/*
 * walk_check - every bound of a plain struct, in both directions the same. See shape.h.
 */
#include "shape.h"

#include <stdio.h>
#include <string.h>

static void put_where(const struct where *at, char *dst, size_t size)
{
    char up[96] = "";

    dst[0] = '\0';
    if (at == NULL || at->name == NULL)
        return;
    put_where(at->up, up, sizeof up);
    if (at->index < 0)
        snprintf(dst, size, "%s%s.", up, at->name);
    else
        snprintf(dst, size, "%s%s[%d].", up, at->name, at->index);
}

int refuse(struct walk *walk, const struct where *at, const char *field, int index,
           const char *fault)
{
    char path[128];

    if (walk->why == NULL || walk->why_size == 0)
        return SAH_EINVAL;
    put_where(at, path, sizeof path);
    if (index < 0)
        snprintf(walk->why, walk->why_size, "%s%s: %s", path, field, fault);
    else
        snprintf(walk->why, walk->why_size, "%s%s[%d]: %s", path, field, index, fault);
    return SAH_EINVAL;
}

static int check_text(struct walk *walk, const struct row *row, const struct where *at,
                      int index, const char *text)
{
    const char *end = memchr(text, '\0', row->size);
    const char *fault;

    if (end == NULL)
        return refuse(walk, at, row->name, index, "too long");
    if (!sah_utf8_valid(text, (size_t)(end - text)))
        return refuse(walk, at, row->name, index, "not valid UTF-8");
    fault = text_rule_fault(row->rule, (struct sah_slice){text, (size_t)(end - text)});
    return fault == NULL ? SAH_OK : refuse(walk, at, row->name, index, fault);
}

static int check_long_text(struct walk *walk, const struct row *row, const struct where *at,
                           const void *plain)
{
    const char *text = &AT_CONST(char, plain, row->plain);
    uint32_t len = AT_CONST(uint32_t, plain, row->plain_count);

    if (len >= row->size)
        return refuse(walk, at, row->name, -1, "too long");
    if (memchr(text, '\0', len) != NULL || text[len] != '\0')
        return refuse(walk, at, row->name, -1, "does not end where its length says");
    return check_text(walk, row, at, -1, text);
}

static int check_texts(struct walk *walk, const struct row *row, const struct where *at,
                       const void *plain)
{
    unsigned n = AT_CONST(unsigned, plain, row->plain_count);
    const char *texts = &AT_CONST(char, plain, row->plain);

    if (n > row->max)
        return refuse(walk, at, row->name, -1, "too many");
    for (unsigned i = 0; i < n; i++) {
        int err = check_text(walk, row, at, (int)i, texts + i * row->size);

        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

static int check_parts(struct walk *walk, const struct row *row, const struct where *at,
                       const void *plain)
{
    unsigned n = AT_CONST(unsigned, plain, row->plain_count);
    const char *parts = &AT_CONST(char, plain, row->plain);

    if (n > row->max)
        return refuse(walk, at, row->name, -1, "too many");
    for (unsigned i = 0; i < n; i++) {
        const struct where here = {at, row->name, (int)i};
        int err = walk_check(walk, row->part, &here, parts + i * row->size);

        if (err != SAH_OK)
            return err;
    }
    return SAH_OK;
}

static int check_choice(struct walk *walk, const struct row *row, const struct where *at,
                        const void *plain)
{
    unsigned kind = AT_CONST(unsigned, plain, row->plain_count);
    struct where here = {at, NULL, -1};

    if (kind >= row->max)
        return refuse(walk, at, row->name, -1, "out of range");
    if (kind == 0)
        return SAH_OK;
    here.name = row->arms[kind].name;
    return walk_check(walk, row->arms[kind].shape, &here, &AT_CONST(char, plain, row->plain));
}

static int check_row(struct walk *walk, const struct row *row, const struct where *at,
                     const void *plain)
{
    const struct where here = {at, row->name, -1};
    bool fits = true;

    switch (row->kind) {
    case ROW_TEXT:
        return check_text(walk, row, at, -1, &AT_CONST(char, plain, row->plain));
    case ROW_LONG_TEXT:
        return check_long_text(walk, row, at, plain);
    case ROW_TEXTS:
        return check_texts(walk, row, at, plain);
    case ROW_U8:
        fits = AT_CONST(uint8_t, plain, row->plain) <= row->max;
        break;
    case ROW_U32:
    case ROW_ENUM:
        fits = AT_CONST(uint32_t, plain, row->plain) <= row->max;
        break;
    case ROW_TIME:
        fits = AT_CONST(uint64_t, plain, row->plain) <= (uint64_t)TIME_MAX_MS; /* <0 is huge */
        break;
    case ROW_FLAG:
    case ROW_S32:
    case ROW_U64:
    case ROW_ID:
        break;
    case ROW_PART:
        return walk_check(walk, row->part, &here, &AT_CONST(char, plain, row->plain));
    case ROW_PARTS:
        return check_parts(walk, row, at, plain);
    case ROW_CHOICE:
        return check_choice(walk, row, at, plain);
    }
    return fits ? SAH_OK : refuse(walk, at, row->name, -1, "out of range");
}

int walk_check(struct walk *walk, const struct shape *shape, const struct where *at,
               const void *plain)
{
    for (unsigned i = 0; i < shape->n_rows; i++) {
        int err = check_row(walk, &shape->rows[i], at, plain);

        if (err != SAH_OK)
            return err;
    }
    return shape->check == NULL ? SAH_OK : shape->check(walk, at, plain);
}
