/*
 * book - a ring of JSON rows. See book.h.
 */
#include "book.h"

#include <stdlib.h>
#include <string.h>

#include "tell.h"

struct row {
    char *text;
    size_t len;
};

struct sah_book {
    struct row *rows; /* row n stands at n % max_rows */
    size_t max_rows, max_bytes, bytes;
    uint64_t first, last; /* the rows that are here; first > last = none */
    uint64_t lost;
};

int sah_book_create(size_t max_rows, size_t max_bytes, struct sah_book **ret_book)
{
    struct sah_book *book = calloc(1, sizeof *book);

    if (book == NULL)
        return SAH_ENOMEM;
    book->rows = calloc(max_rows, sizeof *book->rows);
    if (book->rows == NULL) {
        free(book);
        return SAH_ENOMEM;
    }
    book->max_rows = max_rows;
    book->max_bytes = max_bytes;
    book->first = 1;
    *ret_book = book;
    return SAH_OK;
}

static void forget_first(struct sah_book *book)
{
    struct row *row = &book->rows[book->first % book->max_rows];

    book->bytes -= row->len;
    free(row->text);
    *row = (struct row){0};
    book->first++;
}

void sah_book_destroy(struct sah_book *book)
{
    if (book == NULL)
        return;
    while (book->first <= book->last)
        forget_first(book);
    free(book->rows);
    free(book);
}

void sah_book_add(struct sah_book *book, json_t *row)
{
    json_t *numbered = json_pack("{s:I}", "n", (json_int_t)book->last + 1);
    char *text = NULL;
    size_t len;

    if (row != NULL && json_object_update(numbered, row) == 0)
        text = json_dumps(numbered, JSON_COMPACT);
    json_decref(numbered);
    json_decref(row);
    if (text == NULL) {
        book->lost++;
        return;
    }
    len = strlen(text);
    while (book->first <= book->last && (book->last + 1 - book->first == book->max_rows ||
                                         book->bytes + len > book->max_bytes))
        forget_first(book);
    book->last++;
    book->bytes += len;
    book->rows[book->last % book->max_rows] = (struct row){text, len};
}

uint64_t sah_book_last(const struct sah_book *book)
{
    return book->last;
}

uint64_t sah_book_lost(const struct sah_book *book)
{
    return book->lost;
}

const char *sah_book_row(const struct sah_book *book, uint64_t n)
{
    return n < book->first || n > book->last ? NULL : book->rows[n % book->max_rows].text;
}

/* An absent number is `otherwise`; false when there is one that is none. */
static bool number_asked(const struct sah_http_exchange *x, const char *name, uint64_t min,
                         uint64_t otherwise, uint64_t *ret_number)
{
    const char *text = sah_http_query(x, name);

    *ret_number = otherwise;
    return text == NULL ||
           sah_parse_u64(sah_slice_of(text), min, INT64_MAX, ret_number) == SAH_OK;
}

void sah_book_tell(const struct sah_book *book, struct sah_http_exchange *x)
{
    uint64_t after, limit, n;
    struct sah_buf buf;

    if (!number_asked(x, "after", 0, 0, &after) ||
        !number_asked(x, "limit", 1, UINT64_MAX, &limit)) {
        sah_tell_error(x, 400, "malformed", "after and limit are numbers: ?after=17&limit=100");
        return;
    }
    sah_buf_init(&buf, SAH_BOOK_ANSWER_BYTES);
    sah_buf_add_text(&buf, "[");
    for (n = after + 1 > book->first ? after + 1 : book->first; n <= book->last && limit > 0;
         n++, limit--) {
        const struct row *row = &book->rows[n % book->max_rows];

        if (buf.len + row->len + 4 > SAH_BOOK_ANSWER_BYTES)
            break;
        if (buf.len > 1)
            sah_buf_add_text(&buf, ",\n");
        sah_buf_add(&buf, row->text, row->len);
    }
    sah_buf_add_text(&buf, "]\n");
    if (buf.failed)
        sah_tell_error(x, 500, "no_memory", "the answer does not fit into memory");
    else
        sah_http_reply(x, 200, "application/json", buf.data, buf.len);
    sah_buf_fini(&buf);
}
